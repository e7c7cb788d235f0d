/* SPDX-License-Identifier: Apache-2.0 */
/* region.c - the regions that the configuration names, or once named. */
#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <string.h>

#define REGION_COLUMNS "name, target_driver, state, created_ns"

static const char *const states[] = {
#define X(symbol, name) name,
    CATALOG_REGION_STATES(X)
#undef X
};
enum { STATES = sizeof(states) / sizeof(states[0]) };

static const char *state_name(int state)
{
    return states[state];
}

const char *catalog_region_state_name(enum catalog_region_state state)
{
    ASSERT((unsigned)state < STATES);
    return states[state];
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int mark_unconfigured(struct catalog *c, const char *name, struct error *e)
{
    static const char sql[] = "UPDATE regions SET state = 'unconfigured' WHERE name = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, name);
    return query_finish(&q, e);
}

/* The first available region that is not among `names`: 1, 0, -1. */
static int find_left_over(struct catalog *c, const char *const *names, size_t count,
                          char name[NAME_SIZE], struct error *e)
{
    static const char sql[] = "SELECT name FROM regions WHERE state = 'available'";
    struct query q;
    int found;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    while ((found = query_step(&q, e)) > 0) {
        row_text(&q, name, NAME_SIZE);
        if (query_row_check(&q, e) != 0)
            found = -1;
        if (found < 0 || !is_among(name, names, count))
            break;
    }
    query_end(&q);
    return found;
}

int catalog_region_retain(struct catalog *c, const char *const *names, size_t count,
                          struct error *e)
{
    char name[NAME_SIZE];
    int result = 0;

    catalog_lock(c);
    int found = find_left_over(c, names, count, name, e);
    catalog_unlock(c);
    if (found <= 0)
        return found;
    if (catalog_begin(c, e) != 0)
        return -1;
    while (result == 0 && (found = find_left_over(c, names, count, name, e)) != 0)
        result = found < 0 ? -1 : mark_unconfigured(c, name, e);
    return write_end(c, result, e);
}

static int read_row(struct query *q, struct catalog_region *region, struct error *e)
{
    row_text(q, region->name, sizeof(region->name));
    row_text(q, region->target_driver, sizeof(region->target_driver));
    region->state = (enum catalog_region_state)row_enum(q, STATES, state_name);
    region->created_ns = row_number(q);
    return query_row_check(q, e);
}

int catalog_region_get(struct catalog *c, const char *name, struct catalog_region *region,
                       struct error *e)
{
    static const char sql[] = "SELECT " REGION_COLUMNS " FROM regions WHERE name = ?";
    struct catalog_region row;
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, name);
        int found = query_step(&q, e);
        result = found > 0 ? read_row(&q, &row, e) : -1;
        if (found == 0)
            error_set(e, LAGAN_NOT_FOUND, ERROR_NO_REGION, "there is no region '%s'", name);
        query_end(&q);
    }
    catalog_unlock(c);
    if (result == 0)
        *region = row;
    return result;
}

struct visit {
    int (*each)(void *context, const struct catalog_region *region, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_region row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_region_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_region *region,
                                    struct error *e),
                        void *context, struct error *e)
{
    static const char sql[] = "SELECT " REGION_COLUMNS " FROM regions ORDER BY name";
    struct visit visit = {each, context};

    return query_list_all(c, sql, visit_row, &visit, e);
}

static int write_region(struct catalog *c, const char *name, const char *target_driver,
                        struct error *e)
{
    static const char sql[] =
        "INSERT INTO regions (" REGION_COLUMNS ") VALUES (?, ?, 'available', ?)"
        " ON CONFLICT (name) DO UPDATE SET target_driver = excluded.target_driver,"
        " state = excluded.state";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, name);
        query_text(&q, target_driver);
        query_number(&q, clock_wall_ns());
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

/* Called at each start: what is known already costs no write. */
int catalog_region_upsert(struct catalog *c, const char *name, const char *target_driver,
                          struct error *e)
{
    struct catalog_region known;
    struct error why = ERROR_INIT;

    if (name_check(NAME_REGION, name, e) != 0)
        return -1;
    if (catalog_region_get(c, name, &known, &why) == 0) {
        if (known.state == CATALOG_REGION_AVAILABLE &&
            strcmp(known.target_driver, target_driver) == 0)
            return 0;
    } else if (why.error_class != LAGAN_NOT_FOUND) {
        *e = why;
        return -1;
    }
    return write_region(c, name, target_driver, e);
}
