/* SPDX-License-Identifier: Apache-2.0 */
/* witness.c - objects of vaults that no other object names: remembered here, so that their loss
 * is seen. */
#include "catalog/catalog_private.h"

#define SLOT_COLUMNS "vault, id, kind, label, created_ns"

/* A statement whose first parameter is the vault and whose second is a text, or nothing. */
static int change(struct catalog *c, const char *sql, const uint8_t vault[CATALOG_ID_SIZE],
                  const char *text, struct error *e)
{
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        if (text != NULL)
            query_text(&q, text);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

/* Rows of one vault, or of all (NULL). */
static int list(struct catalog *c, const char *sql, const uint8_t *vault,
                int (*row)(struct query *q, void *context, struct error *e), void *context,
                struct error *e)
{
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_id_or_null(&q, vault);
        result = query_list(&q, row, context, e);
    }
    catalog_unlock(c);
    return result;
}

/* Key slots */

int catalog_slot_upsert(struct catalog *c, const struct catalog_slot *slot, struct error *e)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO vault_slots (" SLOT_COLUMNS ") VALUES (?, ?, ?, ?, ?)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, slot->vault, CATALOG_ID_SIZE);
        query_text(&q, slot->id);
        query_text(&q, slot->kind);
        query_text(&q, slot->label);
        query_number(&q, slot->created_ns);
        result = query_finish(&q, e);
    }
    if (result == 0)
        result = follow_slot(c, slot->vault, slot->id, e);
    return write_end(c, result, e);
}

int catalog_slot_delete(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                        struct error *e)
{
    static const char one[] = "DELETE FROM vault_slots WHERE vault = ? AND id = ?";
    static const char all[] = "DELETE FROM vault_slots WHERE vault = ?";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = id != NULL ? follow_slot_removal(c, vault, id, e) : 0;
    if (result == 0)
        result = change(c, id != NULL ? one : all, vault, id, e);
    return write_end(c, result, e);
}

struct slot_visit {
    int (*each)(void *context, const struct catalog_slot *slot, struct error *e);
    void *context;
};

static int visit_slot(struct query *q, void *context, struct error *e)
{
    const struct slot_visit *visit = context;
    struct catalog_slot slot;

    row_blob(q, slot.vault, CATALOG_ID_SIZE);
    row_text(q, slot.id, sizeof(slot.id));
    row_text(q, slot.kind, sizeof(slot.kind));
    row_text(q, slot.label, sizeof(slot.label));
    slot.created_ns = row_number(q);
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, &slot, e);
}

int catalog_slot_list(struct catalog *c, const uint8_t *vault,
                      int (*each)(void *context, const struct catalog_slot *slot,
                                  struct error *e),
                      void *context, struct error *e)
{
    static const char sql[] = "SELECT " SLOT_COLUMNS " FROM vault_slots"
                              " WHERE ?1 IS NULL OR vault = ?1 ORDER BY vault, id";
    struct slot_visit visit = {each, context};

    return list(c, sql, vault, visit_slot, &visit, e);
}

/* Tombstones */

int catalog_tombstone_insert(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             const char *seal_name, struct error *e)
{
    static const char sql[] = "INSERT OR REPLACE INTO tombstones VALUES (?, ?)";

    return change(c, sql, vault, seal_name, e);
}

int catalog_tombstone_clear(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                            struct error *e)
{
    return change(c, "DELETE FROM tombstones WHERE vault = ?", vault, NULL, e);
}

int catalog_backup_bury(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                        struct error *e)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO tombstones"
        " SELECT vault, seal_name FROM backups WHERE vault = ? AND id = ?";
    struct catalog_backup known;

    /* Looked for first: who finds it gone may go on with a transaction. */
    if (catalog_backup_get(c, vault, id, &known, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    int result = change(c, sql, vault, id, e);
    if (result == 0)
        result = catalog_backup_delete(c, vault, id, e);
    if (result == 0)
        result = pins_forget(c, vault, id, e);
    return write_end(c, result, e);
}

struct tombstone_visit {
    int (*each)(void *context, const uint8_t vault[CATALOG_ID_SIZE], const char *seal_name,
                struct error *e);
    void *context;
};

static int visit_tombstone(struct query *q, void *context, struct error *e)
{
    const struct tombstone_visit *visit = context;
    uint8_t vault[CATALOG_ID_SIZE];
    char seal_name[CATALOG_TEXT_SIZE];

    row_blob(q, vault, sizeof(vault));
    row_text(q, seal_name, sizeof(seal_name));
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, vault, seal_name, e);
}

int catalog_tombstone_list(struct catalog *c, const uint8_t *vault,
                           int (*each)(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                                       const char *seal_name, struct error *e),
                           void *context, struct error *e)
{
    static const char sql[] = "SELECT vault, seal_name FROM tombstones"
                              " WHERE ?1 IS NULL OR vault = ?1 ORDER BY vault, seal_name";
    struct tombstone_visit visit = {each, context};

    return list(c, sql, vault, visit_tombstone, &visit, e);
}
