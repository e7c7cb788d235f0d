/* SPDX-License-Identifier: Apache-2.0 */
/* discard.c - backups that were deleted and can be brought back, and those that are kept for
 * longer than their rules say. */
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <string.h>

static int not_known(const char *id, struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP, "the backup %s is not in the catalog",
                     id);
}

/* A statement on one row, whose last two values are vault and id. */
static int finish_row(struct catalog *c, struct query *q, const uint8_t *vault, const char *id,
                      struct error *e)
{
    query_blob(q, vault, CATALOG_ID_SIZE);
    query_text(q, id);
    if (query_finish(q, e) != 0)
        return -1;
    return query_changes(c) > 0 ? 0 : not_known(id, e);
}

int catalog_backup_set_keep(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                            const char *id, int64_t keep_ns, struct error *e)
{
    static const char sql[] = "UPDATE backups SET keep_ns = ? WHERE vault = ? AND id = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, keep_ns);
        result = finish_row(c, &q, vault, id, e);
    }
    return write_end(c, result, e);
}

int catalog_backup_discard(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           const char *id, int64_t deleted_ns, int64_t purge_ns,
                           const char *reason, struct error *e)
{
    static const char sql[] =
        "UPDATE backups SET state_before = iif(state = 'deleted', state_before, state),"
        " state = 'deleted', deleted_ns = ?, purge_ns = ?, delete_reason = ?"
        " WHERE vault = ? AND id = ?";
    char line[CATALOG_TEXT_SIZE];
    struct query q;

    text_escape_line(line, sizeof(line), reason, strlen(reason));
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, deleted_ns);
        query_number(&q, purge_ns);
        query_text(&q, line);
        result = finish_row(c, &q, vault, id, e);
    }
    return write_end(c, result, e);
}

/* What it was, as far as is known. */
static int bring_back(struct catalog *c, const uint8_t *vault, const char *id, struct error *e)
{
    static const char sql[] =
        "UPDATE backups SET state = iif(state_before IN ('', 'deleted', 'deleting'),"
        " 'available', state_before), state_before = '', deleted_ns = 0, purge_ns = 0,"
        " delete_reason = '' WHERE vault = ? AND id = ?";
    struct catalog_backup row;
    struct query q;

    if (catalog_backup_get(c, vault, id, &row, e) != 0)
        return -1;
    if (row.state != CATALOG_BACKUP_DELETED)
        return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_STATE,
                         row.state == CATALOG_BACKUP_DELETING
                             ? "backup %s is being deleted for good"
                             : "backup %s is not deleted; there is nothing to bring back",
                         id);
    if (query_start(c, sql, &q, e) != 0 || finish_row(c, &q, vault, id, e) != 0)
        return -1;
    return follow_backup(c, vault, id, e);
}

int catalog_backup_bring_back(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                              const char *id, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, bring_back(c, vault, id, e), e);
}
