/* SPDX-License-Identifier: Apache-2.0 */
/* deletion.c - what was let go and why, and the brake on letting go. */
#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog_private.h"
#include "catalog/keep.h"

#include <string.h>

#define DELETION_COLUMNS                                                                       \
    "number, vault, backup, source_name, backup_name, created_ns, at_ns, policy, rule, reason"

/* ---- deletions ---- */

static int insert_row(struct catalog *c, struct catalog_deletion *row, struct error *e)
{
    static const char sql[] = "INSERT INTO deletions (" DELETION_COLUMNS ")"
                              " VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, row->vault, CATALOG_ID_SIZE);
    query_text(&q, row->backup);
    query_text(&q, row->source_name);
    query_text(&q, row->backup_name);
    query_number(&q, row->created_ns);
    query_number(&q, row->at_ns);
    query_text(&q, row->policy);
    query_text(&q, row->rule);
    query_text(&q, row->reason);
    int found = query_step(&q, e);
    if (found > 0)
        row->number = row_number(&q);
    query_end(&q);
    return found < 0 ? -1 : 0;
}

int catalog_deletion_insert(struct catalog *c, struct catalog_deletion *deletion,
                            struct error *e)
{
    struct catalog_deletion row = *deletion;

    row.at_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0 || write_end(c, insert_row(c, &row, e), e) != 0)
        return -1;
    *deletion = row;
    return 0;
}

struct deletion_visit {
    int (*each)(void *context, const struct catalog_deletion *deletion, struct error *e);
    void *context;
};

static int visit_deletion(struct query *q, void *context, struct error *e)
{
    const struct deletion_visit *visit = context;
    struct catalog_deletion row;

    row.number = row_number(q);
    row_blob(q, row.vault, CATALOG_ID_SIZE);
    row_text(q, row.backup, sizeof(row.backup));
    row_text(q, row.source_name, sizeof(row.source_name));
    row_text(q, row.backup_name, sizeof(row.backup_name));
    row.created_ns = row_number(q);
    row.at_ns = row_number(q);
    row_text(q, row.policy, sizeof(row.policy));
    row_text(q, row.rule, sizeof(row.rule));
    row_text(q, row.reason, sizeof(row.reason));
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

/* The first and the last id that `text` can mean; what is no id means none. */
static void range_of(const char *text, char first[CATALOG_SEAL_ID_SIZE],
                     char last[CATALOG_SEAL_ID_SIZE])
{
    enum { ID_BYTES = (CATALOG_SEAL_ID_SIZE - 1) / 2 };
    uint8_t low[ID_BYTES], high[ID_BYTES];

    first[0] = last[0] = '\0';
    if (!id_range(text, ID_BYTES, low, high))
        return;
    text_hex(low, ID_BYTES, first);
    text_hex(high, ID_BYTES, last);
}

int catalog_deletion_list(struct catalog *c, const uint8_t *vault, const char *backup,
                          uint64_t limit,
                          int (*each)(void *context, const struct catalog_deletion *deletion,
                                      struct error *e),
                          void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " DELETION_COLUMNS " FROM deletions"
        " WHERE (?1 IS NULL OR vault = ?1) AND (?2 IS NULL OR backup BETWEEN ?2 AND ?3)"
        " ORDER BY number DESC LIMIT ?4";
    struct deletion_visit visit = {each, context};
    char first[CATALOG_SEAL_ID_SIZE], last[CATALOG_SEAL_ID_SIZE];
    struct query q;

    if (backup != NULL)
        range_of(backup, first, last);
    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_id_or_null(&q, vault);
        query_text(&q, backup != NULL ? first : NULL);
        query_text(&q, backup != NULL ? last : NULL);
        query_number(&q, limit > 0 && limit <= INT64_MAX ? (int64_t)limit : -1);
        result = query_list(&q, visit_deletion, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

/* ---- the brake ---- */

int catalog_expiry_brake_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             struct catalog_expiry_brake *brake, struct error *e)
{
    static const char sql[] =
        "SELECT braked_ns, released_ns, reason FROM expiry_brakes WHERE vault = ?";
    struct catalog_expiry_brake row = {.braked_ns = 0};
    struct query q;
    int found = -1;

    catalog_lock(c);
    if (query_start(c, sql, &q, e) == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        found = query_step(&q, e);
        if (found > 0) {
            row.braked_ns = row_number(&q);
            row.released_ns = row_number(&q);
            row_text(&q, row.reason, sizeof(row.reason));
            found = query_row_check(&q, e);
        }
        query_end(&q);
    }
    catalog_unlock(c);
    if (found < 0)
        return -1;
    *brake = row;
    return 0;
}

int catalog_expiry_brake_set(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             const struct catalog_expiry_brake *brake, struct error *e)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO expiry_brakes (vault, braked_ns, released_ns, reason)"
        " VALUES (?, ?, ?, ?)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_number(&q, brake->braked_ns);
        query_number(&q, brake->released_ns);
        query_text(&q, brake->reason);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}
