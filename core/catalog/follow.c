/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow.c - what the mirror of a vault is owed when backups and key slots of the vault come
 * and go.  Called by whoever writes these rows, so that no way around it exists.
 *
 * A deletion is an event, never inferred from absence: only what has a tombstone is removed
 * from a mirror, and only a slot that was taken away by its id.
 */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog/mirror.h"
#include "catalog/queue.h"

/* Key slots that a mirror has as its source has them; others are made by each region for
 * itself.
 */
#define TRAVELS "s.kind IN ('recovery', 'passphrase')"
#define ITEM_INSERT                                                                            \
    "INSERT INTO items (lane, operation, subject, class, state, bytes, created_ns, due_ns,"    \
    " attempts, first_failure_ns, token, lease_boot_ns, pid, boot_id, process_start, task)"
#define ITEM_REST "0, 0, 0, 0, 0, '', 0, ''"
#define ITEM_ONCE " ON CONFLICT (lane, operation, subject) DO NOTHING"

/* A backup that was deleted and can be brought back is in the vault, so that the mirror has it,
 * too.  Bind: 1 the vault that is followed, 2 the id of what it is about (not in those for
 * all), 3 now, 4 the class, 5 when it is due. */
#define COPY_FROM                                                                              \
    ITEM_INSERT                                                                                \
    " SELECT m.vault, 'copy', b.id, ?4, 'waiting', b.bytes_stored, ?3, ?5, " ITEM_REST         \
    " FROM mirrors m CROSS JOIN backups b ON b.vault = m.source"                               \
    " WHERE m.source = ?1 AND b.state IN ('available', 'partial', 'deleted')"                  \
    " AND (NOT EXISTS (SELECT 1 FROM backups o WHERE o.vault = m.vault AND o.id = b.id)"       \
    " OR EXISTS (SELECT 1 FROM items r WHERE r.lane = m.vault AND r.operation = 'remove'"      \
    " AND r.subject = b.id))"
#define SLOT_FROM                                                                              \
    ITEM_INSERT                                                                                \
    " SELECT m.vault, 'slot', s.id, ?4, 'waiting', 0, ?3, ?5, " ITEM_REST                      \
    " FROM mirrors m CROSS JOIN vault_slots s ON s.vault = m.source"                           \
    " WHERE m.source = ?1 AND " TRAVELS                                                        \
    " AND (NOT EXISTS (SELECT 1 FROM vault_slots o WHERE o.vault = m.vault AND o.id = s.id)"   \
    " OR EXISTS (SELECT 1 FROM items r WHERE r.lane = m.vault AND r.operation = 'slot-remove'" \
    " AND r.subject = s.id))"
/* What waits for the mirror and is of no use any more; bind 1 and 2. */
#define TAKE_BACK(operation)                                                                   \
    "DELETE FROM items WHERE operation = '" operation "' AND subject = ?2"                     \
    " AND state <> 'running' AND lane IN (SELECT vault FROM mirrors WHERE source = ?1)"

static int run(struct catalog *c, const char *sql, const uint8_t *vault, const char *id,
               struct error *e)
{
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_text(&q, id);
    return query_finish(&q, e);
}

/* As run, with the numbers 3 to 5. */
static int add(struct catalog *c, const char *sql, const uint8_t *vault, const char *id,
               int class, int64_t due_ns, struct error *e)
{
    int64_t now_ns = clock_wall_ns();
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_text(&q, id);
    query_number(&q, now_ns);
    query_number(&q, class);
    query_number(&q, due_ns != 0 ? due_ns : now_ns);
    return query_finish(&q, e);
}

int follow_backup(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                  struct error *e)
{
    static const char take_back[] = TAKE_BACK("remove");
    static const char copy[] = COPY_FROM " AND b.id = ?2" ITEM_ONCE;

    if (run(c, take_back, vault, id, e) != 0)
        return -1;
    return add(c, copy, vault, id, CATALOG_CLASS_NEW, 0, e);
}

int follow_backup_removal(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          const char *id, struct error *e)
{
    static const char take_back[] = TAKE_BACK("copy");
    static const char removal[] =
        ITEM_INSERT " SELECT m.vault, 'remove', b.id, ?4, 'waiting', b.bytes_stored, ?3,"
                    " ?5 + m.delete_delay_ns, " ITEM_REST
                    " FROM mirrors m CROSS JOIN backups b ON b.vault = m.source"
                    " WHERE m.source = ?1 AND b.id = ?2 AND EXISTS (SELECT 1 FROM tombstones t"
                    " WHERE t.vault = b.vault AND t.seal_name = b.seal_name)" ITEM_ONCE;

    if (run(c, take_back, vault, id, e) != 0)
        return -1;
    return add(c, removal, vault, id, CATALOG_CLASS_REMOVAL, 0, e);
}

int follow_slot(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                struct error *e)
{
    static const char take_back[] = TAKE_BACK("slot-remove");
    static const char slot[] = SLOT_FROM " AND s.id = ?2" ITEM_ONCE;

    if (run(c, take_back, vault, id, e) != 0)
        return -1;
    return add(c, slot, vault, id, CATALOG_CLASS_NEW, 0, e);
}

int follow_slot_removal(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                        struct error *e)
{
    static const char take_back[] = TAKE_BACK("slot");
    static const char removal[] =
        ITEM_INSERT " SELECT m.vault, 'slot-remove', s.id, ?4, 'waiting', 0, ?3,"
                    " ?5 + m.delete_delay_ns, " ITEM_REST
                    " FROM mirrors m CROSS JOIN vault_slots s ON s.vault = m.source"
                    " WHERE m.source = ?1 AND s.id = ?2 AND " TRAVELS ITEM_ONCE;

    if (run(c, take_back, vault, id, e) != 0)
        return -1;
    return add(c, removal, vault, id, CATALOG_CLASS_REMOVAL, 0, e);
}

int follow_backups(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE], int class,
                   int64_t due_ns, uint64_t *count, struct error *e)
{
    static const char copies[] =
        COPY_FROM " AND ?2 IS NULL ORDER BY b.created_ns, b.id" ITEM_ONCE;

    if (add(c, copies, source, NULL, class, due_ns, e) != 0)
        return -1;
    if (count != NULL)
        *count = query_changes(c);
    return 0;
}

int follow_slots(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE], int class,
                 struct error *e)
{
    static const char slots[] = SLOT_FROM " AND ?2 IS NULL ORDER BY s.id" ITEM_ONCE;

    return add(c, slots, source, NULL, class, 0, e);
}
