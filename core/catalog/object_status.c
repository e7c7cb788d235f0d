/* SPDX-License-Identifier: Apache-2.0 */
/* object_status.c - what the rules come to: the status of one object, and figures. */
#include "catalog/object_rule.h"

#include "catalog/catalog_private.h"

#include <string.h>

/* ---- one object ---- */

int catalog_object_is_copy(struct catalog *c, const uint8_t to[CATALOG_ID_SIZE],
                           const void *key, size_t key_size, const char *version,
                           struct error *e)
{
    static const char sql[] =
        "SELECT count(*) FROM object_rules r JOIN object_copies i ON i.rule = r.id"
        " WHERE r.destination = ? AND i.object = ? AND i.copy_version = ?"
        " AND i.copy_version <> ''";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, to, CATALOG_ID_SIZE);
        query_blob(&q, key, key_size);
        query_text(&q, version);
        result = query_exists(&q, e);
    }
    catalog_unlock(c);
    return result;
}

/* The worst that the rules from there say: FAILED, then PENDING, then COMPLETED. */
static int find_state(struct catalog *c, const uint8_t *source, const void *key,
                      size_t key_size, const char *version, enum catalog_copy_state *state,
                      struct error *e)
{
    static const char sql[] =
        "SELECT i.state FROM object_rules r JOIN object_copies i ON i.rule = r.id"
        " WHERE r.source = ?1 AND i.object = ?2 AND i.state < 3 AND (i.version = ?3 OR"
        " (?3 = '' AND i.moment_ns = (SELECT max(n.moment_ns) FROM object_copies n"
        " WHERE n.rule = i.rule AND n.object = i.object)))"
        " ORDER BY CASE i.state WHEN 2 THEN 0 WHEN 0 THEN 1 ELSE 2 END LIMIT 1";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, source, CATALOG_ID_SIZE);
    query_blob(&q, key, key_size);
    query_text(&q, version);
    int found = query_step(&q, e);
    if (found > 0)
        *state = (enum catalog_copy_state)row_choice(&q, CATALOG_COPY_REPLICA);
    if (found > 0 && query_row_check(&q, e) != 0)
        found = -1;
    query_end(&q);
    return found;
}

int catalog_object_status(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                          const void *key, size_t key_size, const char *version,
                          enum catalog_copy_state *state, struct error *e)
{
    enum catalog_copy_state found_state = CATALOG_COPY_REPLICA;

    catalog_lock(c);
    int found = find_state(c, source, key, key_size, version, &found_state, e);
    if (found == 0 && version[0] != '\0')
        found = catalog_object_is_copy(c, source, key, key_size, version, e);
    catalog_unlock(c);
    if (found > 0)
        *state = found_state;
    return found;
}

/* ---- figures ---- */

int catalog_object_rule_figures(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                                struct catalog_rule_figures *figures, struct error *e)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM object_copies WHERE rule = ?1 AND state = 0),"
        " (SELECT coalesce(sum(bytes), 0) FROM object_copies WHERE rule = ?1 AND state = 0),"
        " (SELECT coalesce(min(moment_ns), 0) FROM object_copies WHERE rule = ?1"
        " AND state = 0),"
        " (SELECT count(*) FROM object_copies WHERE rule = ?1 AND state = 2),"
        " (SELECT coalesce(sum(bytes), 0) FROM object_copies WHERE rule = ?1 AND state = 2)";
    struct catalog_rule_figures row = {0};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        result = query_step(&q, e) > 0 ? 0 : -1;
        if (result == 0) {
            row.pending = (uint64_t)row_number(&q);
            row.pending_bytes = (uint64_t)row_number(&q);
            row.oldest_ns = row_number(&q);
            row.failed = (uint64_t)row_number(&q);
            row.failed_bytes = (uint64_t)row_number(&q);
            result = query_row_check(&q, e);
        }
        query_end(&q);
    }
    catalog_unlock(c);
    if (result == 0)
        *figures = row;
    return result;
}

int catalog_object_skip_set(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                            const char *reason, uint64_t count, struct error *e)
{
    static const char sql[] =
        "INSERT INTO object_skips VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET count = excluded.count WHERE count <> excluded.count";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        query_text(&q, reason);
        query_number(&q, (int64_t)count);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

struct visit {
    int (*each)(void *context, const char *reason, uint64_t count, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    char reason[32];

    row_text(q, reason, sizeof(reason));
    uint64_t count = (uint64_t)row_number(q);
    return query_row_check(q, e) != 0 ? -1 : visit->each(visit->context, reason, count, e);
}

int catalog_object_skip_list(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             int (*each)(void *context, const char *reason, uint64_t count,
                                         struct error *e),
                             void *context, struct error *e)
{
    static const char sql[] =
        "SELECT reason, sum(count) FROM (SELECT reason, count FROM object_skips WHERE rule = ?1"
        " UNION ALL SELECT reason, count(*) FROM object_copies WHERE rule = ?1 AND state = 3"
        " GROUP BY reason) GROUP BY reason HAVING sum(count) > 0 ORDER BY reason";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
