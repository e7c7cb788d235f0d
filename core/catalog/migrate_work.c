/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_work.c - how far migrations have come: passes, units, failures. */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog/migrate.h"

#include <string.h>

NAMES(count, CATALOG_MIGRATE_COUNTS)

/* Names of columns, joined: of all counters, and of those that units have. */
#define UNIT_COUNTS "copied, copied_bytes, same, kept, failed, vanished, lost"
#define ALL_COUNTS "listed, listed_bytes, differing, differing_bytes, left_out, " UNIT_COUNTS
#define PASS_COLUMNS                                                                           \
    "number, started_ns, ended_ns, listed_to, is_listed, units, units_done, " ALL_COUNTS
#define UNIT_COLUMNS "number, after_key, last_key, done_key, files, bytes, " UNIT_COUNTS

const char *catalog_migrate_count_name(enum catalog_migrate_count count)
{
    return count_name((int)count);
}

void catalog_migrate_pass_clear(struct catalog_migrate_pass *pass)
{
    buffer_free(&pass->listed_to);
    *pass = (struct catalog_migrate_pass){0};
}

void catalog_migrate_unit_clear(struct catalog_migrate_unit *unit)
{
    buffer_free(&unit->after);
    buffer_free(&unit->last);
    buffer_free(&unit->done);
    *unit = (struct catalog_migrate_unit){0};
}

/* A blob of any length, the empty one too, which is not NULL. */
static void bind_key(struct query *q, const void *key, size_t size)
{
    query_blob(q, size > 0 ? key : "", size);
}

static void row_key(struct query *q, struct buffer *key)
{
    int column = q->next_column++;
    const void *found = sqlite3_column_blob(q->handle, column);

    buffer_clear(key);
    buffer_append(key, found != NULL ? found : "",
                  (size_t)sqlite3_column_bytes(q->handle, column));
    q->malformed |= key->failed;
}

static void bind_counts(struct query *q, const struct catalog_migrate_counts *counts, int from)
{
    for (int i = from; i < CATALOG_MIGRATE_COUNT; i++)
        query_number(q, (int64_t)counts->of[i]);
}

static void row_counts(struct query *q, struct catalog_migrate_counts *counts, int from)
{
    for (int i = from; i < CATALOG_MIGRATE_COUNT; i++)
        counts->of[i] = (uint64_t)row_number(q);
}

/* Passes */

int catalog_migrate_pass_begin(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                               uint32_t number, struct error *e)
{
    static const char sql[] =
        "INSERT INTO migration_passes (migration, number, started_ns, ended_ns, listed_to,"
        " is_listed, units, units_done, " ALL_COUNTS
        ") VALUES (?, ?, ?, 0, x'', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        query_number(&q, number);
        query_number(&q, clock_wall_ns());
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

static int read_pass(struct query *q, struct catalog_migrate_pass *pass, struct error *e)
{
    pass->number = (uint32_t)row_number(q);
    pass->started_ns = row_number(q);
    pass->ended_ns = row_number(q);
    row_key(q, &pass->listed_to);
    pass->is_listed = row_number(q) != 0;
    pass->units = (uint32_t)row_number(q);
    pass->units_done = (uint32_t)row_number(q);
    row_counts(q, &pass->counts, 0);
    return query_row_check(q, e);
}

int catalog_migrate_pass_last(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              struct catalog_migrate_pass *pass, struct error *e)
{
    static const char sql[] = "SELECT " PASS_COLUMNS " FROM migration_passes WHERE"
                              " migration = ? ORDER BY number DESC LIMIT 1";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        result = query_step(&q, e);
        if (result > 0 && read_pass(&q, pass, e) != 0)
            result = -1;
        query_end(&q);
    }
    catalog_unlock(c);
    return result;
}

struct pass_visit {
    int (*each)(void *context, const struct catalog_migrate_pass *pass, struct error *e);
    void *context;
};

static int visit_pass(struct query *q, void *context, struct error *e)
{
    const struct pass_visit *visit = context;
    struct catalog_migrate_pass pass = {0};
    int result = read_pass(q, &pass, e);

    if (result == 0)
        result = visit->each(visit->context, &pass, e);
    catalog_migrate_pass_clear(&pass);
    return result;
}

int catalog_migrate_pass_list(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              int (*each)(void *context,
                                          const struct catalog_migrate_pass *pass,
                                          struct error *e),
                              void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " PASS_COLUMNS " FROM migration_passes WHERE migration = ? ORDER BY number";
    struct pass_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        result = query_list(&q, visit_pass, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

/* A statement without rows that binds the migration and a number. */
static int run_numbered(struct catalog *c, const char *sql, const uint8_t id[CATALOG_ID_SIZE],
                        int64_t number, struct error *e)
{
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, id, CATALOG_ID_SIZE);
    query_number(&q, number);
    return query_finish(&q, e);
}

static int end_pass(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], uint32_t number,
                    struct error *e)
{
    static const char sql[] =
        "UPDATE migration_passes SET ended_ns = ? WHERE migration = ? AND number = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, clock_wall_ns());
    query_blob(&q, id, CATALOG_ID_SIZE);
    query_number(&q, number);
    return query_finish(&q, e);
}

int catalog_migrate_pass_end(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             uint32_t number, struct error *e)
{
    static const char forget[] =
        "DELETE FROM migration_failures WHERE migration = ? AND pass < ?";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = end_pass(c, id, number, e);
    if (result == 0)
        result = run_numbered(c, forget, id, number, e);
    return write_end(c, result, e);
}

/* Units */

static int note_listing(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                        const struct catalog_migrate_listing *listing, bool unit,
                        struct error *e)
{
    static const char sql[] =
        "UPDATE migration_passes SET listed_to = ?, is_listed = ?, units = units + ?,"
        " listed = listed + ?, listed_bytes = listed_bytes + ?, differing = differing + ?,"
        " differing_bytes = differing_bytes + ?, left_out = left_out + ?, same = same + ?,"
        " kept = kept + ? WHERE migration = ? AND number = ?";
    const uint64_t *counts = listing->counts.of;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_key(&q, listing->listed_to, listing->listed_to_size);
    query_number(&q, listing->is_listed);
    query_number(&q, unit);
    for (int i = 0; i < CATALOG_MIGRATE_COPIED; i++)
        query_number(&q, (int64_t)counts[i]);
    query_number(&q, (int64_t)counts[CATALOG_MIGRATE_SAME]);
    query_number(&q, (int64_t)counts[CATALOG_MIGRATE_KEPT]);
    query_blob(&q, id, CATALOG_ID_SIZE);
    query_number(&q, listing->pass);
    return query_finish(&q, e);
}

static int insert_unit(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                       const struct catalog_migrate_unit *unit, struct error *e)
{
    static const char sql[] = "INSERT INTO migration_units (migration, " UNIT_COLUMNS
                              ") VALUES (?, ?, ?, ?, x'', ?, ?, 0, 0, 0, 0, 0, 0, 0)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, id, CATALOG_ID_SIZE);
    query_number(&q, unit->number);
    bind_key(&q, unit->after.data, unit->after.size);
    bind_key(&q, unit->last.data, unit->last.size);
    query_number(&q, (int64_t)unit->files);
    query_number(&q, (int64_t)unit->bytes);
    return query_finish(&q, e);
}

int catalog_migrate_plan(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                         const struct catalog_migrate_listing *listing,
                         const struct catalog_migrate_unit *unit, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = note_listing(c, id, listing, unit != NULL, e);
    if (result == 0 && unit != NULL)
        result = insert_unit(c, id, unit, e);
    return write_end(c, result, e);
}

static int note_unit(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                     const struct catalog_migrate_unit *unit, struct error *e)
{
    static const char sql[] =
        "UPDATE migration_units SET done_key = ?, copied = ?, copied_bytes = ?, same = ?,"
        " kept = ?, failed = ?, vanished = ?, lost = ? WHERE migration = ? AND number = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_key(&q, unit->done.data, unit->done.size);
    bind_counts(&q, &unit->counts, CATALOG_MIGRATE_COPIED);
    query_blob(&q, id, CATALOG_ID_SIZE);
    query_number(&q, unit->number);
    return query_finish(&q, e);
}

int catalog_migrate_unit_note(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              const struct catalog_migrate_unit *unit, struct error *e)
{
    if (write_begin_light(c, e) != 0)
        return -1;
    return write_end_light(c, note_unit(c, id, unit, e), e);
}

static int add_to_pass(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], uint32_t pass,
                       const struct catalog_migrate_counts *counts, struct error *e)
{
    static const char sql[] =
        "UPDATE migration_passes SET units_done = units_done + 1, copied = copied + ?,"
        " copied_bytes = copied_bytes + ?, same = same + ?, kept = kept + ?,"
        " failed = failed + ?, vanished = vanished + ?, lost = lost + ?"
        " WHERE migration = ? AND number = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_counts(&q, counts, CATALOG_MIGRATE_COPIED);
    query_blob(&q, id, CATALOG_ID_SIZE);
    query_number(&q, pass);
    return query_finish(&q, e);
}

int catalog_migrate_unit_end(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             uint32_t pass, const struct catalog_migrate_unit *unit,
                             struct error *e)
{
    static const char forget[] =
        "DELETE FROM migration_units WHERE migration = ? AND number = ?";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = run_numbered(c, forget, id, unit->number, e);
    if (result == 0)
        result = add_to_pass(c, id, pass, &unit->counts, e);
    return write_end(c, result, e);
}

struct unit_visit {
    int (*each)(void *context, const struct catalog_migrate_unit *unit, struct error *e);
    void *context;
};

static int visit_unit(struct query *q, void *context, struct error *e)
{
    const struct unit_visit *visit = context;
    struct catalog_migrate_unit unit = {.number = (uint32_t)row_number(q)};

    row_key(q, &unit.after);
    row_key(q, &unit.last);
    row_key(q, &unit.done);
    unit.files = (uint64_t)row_number(q);
    unit.bytes = (uint64_t)row_number(q);
    row_counts(q, &unit.counts, CATALOG_MIGRATE_COPIED);
    int result = query_row_check(q, e);
    if (result == 0)
        result = visit->each(visit->context, &unit, e);
    catalog_migrate_unit_clear(&unit);
    return result;
}

int catalog_migrate_unit_list(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              int (*each)(void *context,
                                          const struct catalog_migrate_unit *unit,
                                          struct error *e),
                              void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " UNIT_COLUMNS " FROM migration_units WHERE migration = ? ORDER BY number";
    struct unit_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        result = query_list(&q, visit_unit, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

/* Failures */

static int insert_failure(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                          const struct catalog_migrate_failure *failure, struct error *e)
{
    static const char sql[] =
        "INSERT INTO migration_failures VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)"
        " ON CONFLICT (migration, key) DO UPDATE SET pass = ?3, attempts = attempts + 1,"
        " at_ns = ?4, bytes = ?5, error_class = ?6, error_text = ?7";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, id, CATALOG_ID_SIZE);
    bind_key(&q, failure->key, failure->key_size);
    query_number(&q, failure->pass);
    query_number(&q, clock_wall_ns());
    query_number(&q, (int64_t)failure->bytes);
    query_number(&q, failure->why.error_class);
    query_text(&q, failure->why.text);
    return query_finish(&q, e);
}

int catalog_migrate_fail(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                         const struct catalog_migrate_failure *failure, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, insert_failure(c, id, failure, e), e);
}

int catalog_migrate_mend(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], const void *key,
                         size_t key_size, struct error *e)
{
    static const char sql[] = "DELETE FROM migration_failures WHERE migration = ? AND key = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        bind_key(&q, key, key_size);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_migrate_failures(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             uint64_t *count, struct error *e)
{
    static const char sql[] = "SELECT count(*) FROM migration_failures WHERE migration = ?";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        result = query_step(&q, e);
        if (result > 0)
            *count = (uint64_t)row_number(&q);
        query_end(&q);
    }
    catalog_unlock(c);
    return result < 0 ? -1 : 0;
}

struct failure_visit {
    int (*each)(void *context, const struct catalog_migrate_failure *failure, struct error *e);
    void *context;
};

static int visit_failure(struct query *q, void *context, struct error *e)
{
    const struct failure_visit *visit = context;
    struct catalog_migrate_failure failure = {0};
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;

    row_key(q, &key);
    failure.key = key.data;
    failure.key_size = key.size;
    failure.pass = (uint32_t)row_number(q);
    failure.attempts = (uint32_t)row_number(q);
    failure.at_ns = row_number(q);
    failure.bytes = (uint64_t)row_number(q);
    failure.why.error_class = (uint32_t)row_number(q);
    row_text(q, failure.why.text, sizeof(failure.why.text));
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, &failure, e);
}

int catalog_migrate_failure_list(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                 const void *after, size_t after_size, uint64_t limit,
                                 int (*each)(void *context,
                                             const struct catalog_migrate_failure *failure,
                                             struct error *e),
                                 void *context, struct error *e)
{
    static const char sql[] =
        "SELECT key, pass, attempts, at_ns, bytes, error_class, error_text FROM"
        " migration_failures WHERE migration = ? AND key > ? ORDER BY key LIMIT ?";
    struct failure_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        bind_key(&q, after, after_size);
        query_number(&q, limit == 0 ? -1 : (int64_t)limit);
        result = query_list(&q, visit_failure, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
