/* SPDX-License-Identifier: Apache-2.0 */
/* health.c - what was seen of vaults: objects read in full, restore drills. */
#include "catalog/catalog_private.h"
#include "catalog/keep.h"

/* ---- objects ---- */

int catalog_verified_set(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         const struct catalog_verified *verified, struct error *e)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO verified (vault, object, bytes, at_ns, whole)"
        " VALUES (?, ?, ?, ?, ?)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_blob(&q, verified->object, CATALOG_HASH_SIZE);
        query_number(&q, (int64_t)verified->bytes);
        query_number(&q, verified->at_ns);
        query_number(&q, verified->whole);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_verified_clear(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           const uint8_t *object, struct error *e)
{
    static const char sql[] =
        "DELETE FROM verified WHERE vault = ?1 AND (?2 IS NULL OR object = ?2)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        if (object != NULL)
            query_blob(&q, object, CATALOG_HASH_SIZE);
        else
            query_text(&q, NULL);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

struct verified_visit {
    int (*each)(void *context, const struct catalog_verified *verified, struct error *e);
    void *context;
};

static int visit_verified(struct query *q, void *context, struct error *e)
{
    const struct verified_visit *visit = context;
    struct catalog_verified row;

    row_blob(q, row.object, CATALOG_HASH_SIZE);
    row.bytes = (uint64_t)row_number(q);
    row.at_ns = row_number(q);
    row.whole = row_number(q) != 0;
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_verified_list(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          int (*each)(void *context, const struct catalog_verified *verified,
                                      struct error *e),
                          void *context, struct error *e)
{
    static const char sql[] =
        "SELECT object, bytes, at_ns, whole FROM verified WHERE vault = ? ORDER BY object";
    struct verified_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        result = query_list(&q, visit_verified, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

/* ---- drills ---- */

#define DRILL_COLUMNS                                                                          \
    "number, vault, backup, policy, state, started_ns, ended_ns, entries, bytes, differences," \
    " digest, task, detail"

static int insert_drill(struct catalog *c, struct catalog_drill *row, struct error *e)
{
    static const char sql[] =
        "INSERT INTO drills (" DRILL_COLUMNS ")"
        " VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, row->vault, CATALOG_ID_SIZE);
    query_text(&q, row->backup);
    query_text(&q, row->policy);
    query_text(&q, row->state);
    query_number(&q, row->started_ns);
    query_number(&q, row->ended_ns);
    query_number(&q, (int64_t)row->entries);
    query_number(&q, (int64_t)row->bytes);
    query_number(&q, (int64_t)row->differences);
    query_blob(&q, row->digest, CATALOG_HASH_SIZE);
    query_text(&q, row->task);
    query_text(&q, row->detail);
    int found = query_step(&q, e);
    if (found > 0)
        row->number = row_number(&q);
    query_end(&q);
    return found < 0 ? -1 : 0;
}

int catalog_drill_insert(struct catalog *c, struct catalog_drill *drill, struct error *e)
{
    struct catalog_drill row = *drill;

    if (catalog_begin(c, e) != 0 || write_end(c, insert_drill(c, &row, e), e) != 0)
        return -1;
    *drill = row;
    return 0;
}

struct drill_visit {
    int (*each)(void *context, const struct catalog_drill *drill, struct error *e);
    void *context;
};

static int visit_drill(struct query *q, void *context, struct error *e)
{
    const struct drill_visit *visit = context;
    struct catalog_drill row;

    row.number = row_number(q);
    row_blob(q, row.vault, CATALOG_ID_SIZE);
    row_text(q, row.backup, sizeof(row.backup));
    row_text(q, row.policy, sizeof(row.policy));
    row_text(q, row.state, sizeof(row.state));
    row.started_ns = row_number(q);
    row.ended_ns = row_number(q);
    row.entries = (uint64_t)row_number(q);
    row.bytes = (uint64_t)row_number(q);
    row.differences = (uint64_t)row_number(q);
    row_blob(q, row.digest, CATALOG_HASH_SIZE);
    row_text(q, row.task, sizeof(row.task));
    row_text(q, row.detail, sizeof(row.detail));
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_drill_list(struct catalog *c, const uint8_t *vault, uint64_t limit,
                       int (*each)(void *context, const struct catalog_drill *drill,
                                   struct error *e),
                       void *context, struct error *e)
{
    static const char sql[] = "SELECT " DRILL_COLUMNS " FROM drills"
                              " WHERE ?1 IS NULL OR vault = ?1 ORDER BY number DESC LIMIT ?2";
    struct drill_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_id_or_null(&q, vault);
        query_number(&q, limit > 0 && limit <= INT64_MAX ? (int64_t)limit : -1);
        result = query_list(&q, visit_drill, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
