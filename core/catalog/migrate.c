/* SPDX-License-Identifier: Apache-2.0 */
/* migrate.c - migrations as rows. */
#include "catalog/migrate.h"
#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What runs no more waits: a process that was killed says nothing. */
#define MIGRATION_COLUMNS                                                                      \
    "id, name, source, source_name, target, target_name,"                                      \
    " CASE WHEN state = 'running' AND NOT EXISTS (SELECT 1 FROM tasks"                         \
    " WHERE tasks.id = migrations.task AND ended_ns = 0) THEN 'waiting' ELSE state END,"       \
    " created_ns, started_ns, ended_ns, task, error_class, error_code, error_text"

NAMES(state, CATALOG_MIGRATION_STATES)

const char *catalog_migration_state_name(enum catalog_migration_state state)
{
    return state_name((int)state);
}

struct catalog_migration *catalog_migration_new(struct error *e)
{
    struct catalog_migration *migration = calloc(1, sizeof(*migration));

    if (migration == NULL)
        error_no_memory(e, "a migration");
    return migration;
}

void catalog_migration_free(struct catalog_migration *migration)
{
    if (migration == NULL)
        return;
    catalog_pairs_clear(&migration->settings);
    free(migration);
}

/* Writing */

static int insert_row(struct catalog *c, const struct catalog_migration *m, struct error *e)
{
    static const char sql[] =
        "INSERT INTO migrations (id, name, source, source_name, target, target_name, state,"
        " created_ns, started_ns, ended_ns, task, error_class, error_code, error_text)"
        " VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, 0, 0, '', 0, 'failed', '')";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, m->id, CATALOG_ID_SIZE);
    query_text(&q, m->name);
    query_blob(&q, m->source, CATALOG_ID_SIZE);
    query_text(&q, m->source_name);
    query_blob(&q, m->target, CATALOG_ID_SIZE);
    query_text(&q, m->target_name);
    query_number(&q, m->created_ns);
    if (query_finish(&q, e) == 0)
        return 0;
    if (query_is_taken(query_status(c)))
        error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN, "there is a migration '%s' already",
                  m->name);
    return -1;
}

int catalog_migration_insert(struct catalog *c, struct catalog_migration *m, struct error *e)
{
    static const char settings[] =
        "INSERT INTO migration_settings (migration, position, name, value) VALUES (?, ?, ?, ?)";

    if (getrandom(m->id, CATALOG_ID_SIZE, 0) != CATALOG_ID_SIZE)
        return error_errno(e, errno, "random bytes");
    m->created_ns = clock_wall_ns();
    m->state = CATALOG_MIGRATION_WAITING;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = insert_row(c, m, e);
    if (result == 0)
        result = pairs_insert(c, settings, m->id, &m->settings, e);
    return write_end(c, result, e);
}

static int claim_row(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], const char *task,
                     struct error *e)
{
    static const char sql[] =
        "UPDATE migrations SET state = 'running', task = ?, ended_ns = 0,"
        " started_ns = CASE started_ns WHEN 0 THEN ? ELSE started_ns END,"
        " error_class = 0, error_text = '' WHERE id = ? AND (state <> 'running' OR NOT EXISTS"
        " (SELECT 1 FROM tasks WHERE tasks.id = migrations.task AND ended_ns = 0))";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, task);
    query_number(&q, clock_wall_ns());
    query_blob(&q, id, CATALOG_ID_SIZE);
    if (query_finish(&q, e) != 0)
        return -1;
    return query_changes(c) == 1
               ? 0
               : error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                           "another process is at work on the migration; `lagan migrate "
                           "status` tells how far it is");
}

int catalog_migration_claim(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                            const char *task, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, claim_row(c, id, task, e), e);
}

static int end_row(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                   enum catalog_migration_state state, const struct error *why, struct error *e)
{
    static const char sql[] =
        "UPDATE migrations SET state = ?, ended_ns = ?, error_class = ?, error_code = ?,"
        " error_text = ? WHERE id = ?";
    static const struct error none;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, catalog_migration_state_name(state));
    query_number(&q, clock_wall_ns());
    query_why(&q, why != NULL ? why : &none);
    query_blob(&q, id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int catalog_migration_end(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                          enum catalog_migration_state state, const struct error *why,
                          struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, end_row(c, id, state, why, e), e);
}

int catalog_migration_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_run_for(c, "DELETE FROM migrations WHERE id = ?", id, e);
    if (result == 0 && query_changes(c) == 0)
        result = error_set(e, LAGAN_NOT_FOUND, ERROR_NO_MIGRATION,
                           "the migration is not in the catalog any more");
    return write_end(c, result, e);
}

/* Reading */

static void *read_row(struct query *q, struct error *e)
{
    static const char settings[] =
        "SELECT name, value FROM migration_settings WHERE migration = ? ORDER BY position";
    struct catalog_migration *m = catalog_migration_new(e);

    if (m == NULL)
        return NULL;
    row_blob(q, m->id, CATALOG_ID_SIZE);
    row_text(q, m->name, sizeof(m->name));
    row_blob(q, m->source, CATALOG_ID_SIZE);
    row_text(q, m->source_name, sizeof(m->source_name));
    row_blob(q, m->target, CATALOG_ID_SIZE);
    row_text(q, m->target_name, sizeof(m->target_name));
    m->state = (enum catalog_migration_state)row_enum(q, state_count, state_name);
    m->created_ns = row_number(q);
    m->started_ns = row_number(q);
    m->ended_ns = row_number(q);
    row_text(q, m->task, sizeof(m->task));
    row_why(q, &m->why);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, settings, m->id, &m->settings, e) == 0)
        return m;
    catalog_migration_free(m);
    return NULL;
}

static void release_row(void *row)
{
    catalog_migration_free(row);
}

static const struct finder finder = {
    .by_name = "SELECT " MIGRATION_COLUMNS " FROM migrations WHERE name = ?",
    .by_range = "SELECT " MIGRATION_COLUMNS
                " FROM migrations WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2",
    .read = read_row,
    .release = release_row,
    .one = "migrate",
    .several = "migrations",
    .absent = ERROR_NO_MIGRATION};

struct catalog_migration *catalog_migration_find(struct catalog *c, const char *text,
                                                 struct error *e)
{
    return finder_find(c, &finder, text, e);
}

struct visit {
    int (*each)(void *context, const struct catalog_migration *migration, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_migration *m = read_row(q, e);

    if (m == NULL)
        return -1;
    int result = visit->each(visit->context, m, e);
    catalog_migration_free(m);
    return result;
}

static const char list_sql[] = "SELECT " MIGRATION_COLUMNS " FROM migrations ORDER BY name";

int catalog_migration_list(struct catalog *c,
                           int (*each)(void *context, const struct catalog_migration *migration,
                                       struct error *e),
                           void *context, struct error *e)
{
    struct visit visit = {each, context};

    return query_list_all(c, list_sql, visit_row, &visit, e);
}
