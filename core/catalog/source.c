/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - what is registered to be protected. */
#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SOURCE_COLUMNS "id, name, driver, created_ns, vault"

static const char parameters_insert[] = "INSERT INTO source_parameters VALUES (?, ?, ?, ?)";
static const char rules_insert[] = "INSERT INTO source_rules VALUES (?, ?, ?, ?)";

struct catalog_source *catalog_source_new(struct error *e)
{
    struct catalog_source *source = calloc(1, sizeof(*source));

    if (source == NULL)
        error_no_memory(e, "a source");
    return source;
}

void catalog_source_free(struct catalog_source *source)
{
    if (source == NULL)
        return;
    catalog_pairs_clear(&source->parameters);
    catalog_pairs_clear(&source->rules);
    free(source);
}

/* Writing */

static int insert_lists(struct catalog *c, const struct catalog_source *source, struct error *e)
{
    if (pairs_insert(c, parameters_insert, source->id, &source->parameters, e) != 0)
        return -1;
    return pairs_insert(c, rules_insert, source->id, &source->rules, e);
}

static int explain_conflict(struct catalog *c, const struct catalog_source *source,
                            struct error *e)
{
    int status = query_status(c);

    if (query_is_taken(status))
        return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN, "there is a source '%s' already",
                         source->name);
    if (status == SQLITE_CONSTRAINT_FOREIGNKEY)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                         "the vault of the source '%s' is not in the catalog", source->name);
    return -1;
}

static int insert_row(struct catalog *c, const struct catalog_source *source, struct error *e)
{
    static const char sql[] = "INSERT INTO sources (" SOURCE_COLUMNS ") VALUES (?, ?, ?, ?, ?)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, source->id, CATALOG_ID_SIZE);
    query_text(&q, source->name);
    query_text(&q, source->driver);
    query_number(&q, source->created_ns);
    query_id(&q, source->vault);
    if (query_finish(&q, e) == 0)
        return insert_lists(c, source, e);
    return explain_conflict(c, source, e);
}

int catalog_source_insert(struct catalog *c, struct catalog_source *source, struct error *e)
{
    static const uint8_t none[CATALOG_ID_SIZE];

    if (name_check(NAME_SOURCE, source->name, e) != 0)
        return -1;
    if (memcmp(source->id, none, sizeof(none)) == 0 &&
        getrandom(source->id, CATALOG_ID_SIZE, 0) != CATALOG_ID_SIZE)
        return error_errno(e, errno, "random bytes");
    if (source->created_ns == 0)
        source->created_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, insert_row(c, source, e), e);
}

static int no_such(struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_SOURCE,
                     "the source is not registered any more");
}

static int update_row(struct catalog *c, const struct catalog_source *source, struct error *e)
{
    static const char sql[] = "UPDATE sources SET name = ?, driver = ?, vault = ? WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, source->name);
    query_text(&q, source->driver);
    query_id(&q, source->vault);
    query_blob(&q, source->id, CATALOG_ID_SIZE);
    if (query_finish(&q, e) != 0)
        return explain_conflict(c, source, e);
    return query_changes(c) == 0 ? no_such(e) : 0;
}

int catalog_source_update(struct catalog *c, const struct catalog_source *source,
                          struct error *e)
{
    int result = -1;

    if (name_check(NAME_SOURCE, source->name, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    if (update_row(c, source, e) == 0 &&
        query_run_for(c, "DELETE FROM source_parameters WHERE source = ?", source->id, e) ==
            0 &&
        query_run_for(c, "DELETE FROM source_rules WHERE source = ?", source->id, e) == 0)
        result = insert_lists(c, source, e);
    return write_end(c, result, e);
}

int catalog_source_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_run_for(c, "DELETE FROM sources WHERE id = ?", id, e);
    if (result != 0 && query_status(c) == SQLITE_CONSTRAINT_FOREIGNKEY)
        error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                  "the source is one end of a replication rule; `lagan rule delete` first");
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    return write_end(c, result, e);
}

/* Reading */

static void *read_row(struct query *q, struct error *e)
{
    static const char parameters[] = "SELECT name, value FROM source_parameters"
                                     " WHERE source = ? ORDER BY position";
    static const char rules[] = "SELECT name, value FROM source_rules"
                                " WHERE source = ? ORDER BY position";
    struct catalog_source *source = catalog_source_new(e);

    if (source == NULL)
        return NULL;
    row_blob(q, source->id, CATALOG_ID_SIZE);
    row_text(q, source->name, sizeof(source->name));
    row_text(q, source->driver, sizeof(source->driver));
    source->created_ns = row_number(q);
    row_blob(q, source->vault, CATALOG_ID_SIZE);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, parameters, source->id, &source->parameters, e) == 0 &&
        pairs_read(q->catalog, rules, source->id, &source->rules, e) == 0)
        return source;
    catalog_source_free(source);
    return NULL;
}

static void release_row(void *row)
{
    catalog_source_free(row);
}

static const struct finder finder = {
    .by_name = "SELECT " SOURCE_COLUMNS " FROM sources WHERE name = ?",
    .by_range =
        "SELECT " SOURCE_COLUMNS " FROM sources WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2",
    .read = read_row,
    .release = release_row,
    .one = "source",
    .several = "sources",
    .absent = ERROR_NO_SOURCE};

struct catalog_source *catalog_source_find(struct catalog *c, const char *text, struct error *e)
{
    return finder_find(c, &finder, text, e);
}

struct catalog_source *catalog_source_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                          struct error *e)
{
    return finder_get(c, &finder, id, e);
}

struct visit {
    int (*each)(void *context, const struct catalog_source *source, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_source *source = read_row(q, e);

    if (source == NULL)
        return -1;
    int result = visit->each(visit->context, source, e);
    catalog_source_free(source);
    return result;
}

int catalog_source_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_source *source,
                                    struct error *e),
                        void *context, struct error *e)
{
    static const char sql[] = "SELECT " SOURCE_COLUMNS " FROM sources ORDER BY name";
    struct visit visit = {each, context};

    return query_list_all(c, sql, visit_row, &visit, e);
}

struct catalog_source *catalog_source_same(struct catalog *c, const char *driver,
                                           const struct catalog_pairs *parameters,
                                           struct error *e)
{
    static const char sql[] = "SELECT " SOURCE_COLUMNS " FROM sources WHERE driver = ?"
                              " ORDER BY created_ns, id";
    struct catalog_source *source = NULL;
    struct query q;

    catalog_lock(c);
    if (query_start(c, sql, &q, e) == 0) {
        query_text(&q, driver);
        while (query_step(&q, e) > 0) {
            source = read_row(&q, e);
            if (source == NULL || pairs_equal(&source->parameters, parameters))
                break;
            catalog_source_free(source);
            source = NULL;
        }
        query_end(&q);
    }
    catalog_unlock(c);
    return source;
}

int catalog_source_name(struct catalog *c, const char *text, char name[NAME_SIZE],
                        struct error *e)
{
    struct error why = ERROR_INIT;
    char base[NAME_SIZE], candidate[NAME_SIZE];

    name_from_text(NAME_SOURCE, text, base);
    memcpy(candidate, base, NAME_SIZE);
    for (unsigned number = 2;; number++) {
        struct catalog_source *taken = finder_named(c, &finder, candidate, &why);
        if (taken == NULL)
            break;
        catalog_source_free(taken);
        char suffix[16];
        int length = snprintf(suffix, sizeof(suffix), "-%u", number);
        snprintf(candidate, NAME_SIZE, "%.*s%s", NAME_LIMIT - length, base, suffix);
    }
    if (why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    memcpy(name, candidate, NAME_SIZE);
    return 0;
}
