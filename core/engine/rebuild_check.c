/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild_check.c - where the catalog and the vaults differ. */
#include "engine/rebuild.h"

#include "engine/backup_row.h"
#include "engine/lost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    struct setup *setup;
    const struct config_region *region;
    const struct setup_key *key;
    void (*each)(void *context, const struct difference *difference);
    void *context;
    /* The vault being looked at. */
    const char *vault;
    const uint8_t *uuid;
    const struct seal_list *seals;
    bool known; /* search_prefix has found the place */
    const char *prefix;
};

static void tell(struct check *c, const char *backup, const char *text)
{
    struct difference difference = {c->region->name, c->vault, backup, text};
    c->each(c->context, &difference);
}

/* The first member in which two rows of one backup differ, or NULL. */
static const char *differing_member(const struct catalog_backup *a,
                                    const struct catalog_backup *b)
{
    if (memcmp(a->seal_hash, b->seal_hash, sizeof(a->seal_hash)) != 0)
        return "seal";
    if (memcmp(a->source, b->source, sizeof(a->source)) != 0)
        return "source";
    /* What people deleted, and can bring back, no seal says. */
    if (a->state != b->state && a->state != CATALOG_BACKUP_DELETED &&
        b->state != CATALOG_BACKUP_DELETED)
        return "state";
    if (a->entries != b->entries || a->bytes != b->bytes)
        return "size";
    if (a->created_ns != b->created_ns)
        return "time";
    return strcmp(a->name, b->name) != 0 ? "name" : NULL;
}

static int check_row(void *context, const struct catalog_backup *row, struct error *e)
{
    struct check *c = context;
    struct catalog_backup expected;
    char text[64];
    (void)e;
    for (size_t i = 0; i < c->seals->count; i++) {
        if (strcmp(c->seals->seals[i]->id, row->id) != 0)
            continue;
        backup_row_fill(&expected, c->uuid, c->seals->seals[i], c->seals);
        const char *member = differing_member(row, &expected);
        snprintf(text, sizeof(text), "its %s differs", member ? member : "");
        if (member)
            tell(c, row->id, text);
        return 0;
    }
    tell(c, row->id, "is in the catalog but not in the vault");
    return 0;
}

static int check_seals(struct check *c, struct error *e)
{
    struct catalog *catalog = setup_catalog(c->setup);
    for (size_t i = 0; i < c->seals->count; i++) {
        struct catalog_backup row;
        struct error none = ERROR_INIT;
        if (catalog_backup_get(catalog, c->uuid, c->seals->seals[i]->id, &row, &none) == 0)
            continue;
        if (none.code != ERROR_NO_BACKUP) {
            *e = none;
            return -1;
        }
        tell(c, c->seals->seals[i]->id, "is in the vault but not in the catalog");
    }
    return catalog_backup_list(catalog, c->uuid, NULL, check_row, c, e);
}

static void damaged_seal(void *context, const char *object, const struct error *why)
{
    char text[ERROR_TEXT_SIZE + 64];
    snprintf(text, sizeof(text), "%s: %s", object, why->text);
    tell(context, NULL, text);
}

static void lost_witness(void *context, const struct lost_object *lost)
{
    damaged_seal(context, lost->name, &lost->why);
}

/* What needs a key. */
static int check_backups(struct check *c, struct open_vault *vault, struct error *e)
{
    struct seal_list seals = {0};
    int result = vault_backups(vault->vault, &seals, damaged_seal, c, e);
    c->uuid = vault->row->uuid;
    c->seals = &seals;
    if (result == 0)
        result = check_seals(c, e);
    seal_list_free(&seals);
    return result;
}

/* Where the vault cannot be opened, that is a difference too; only what stands in the way of
 * looking is an error. */
static int tell_closed(struct check *c, struct error *e)
{
    if (e->code != ERROR_NO_VAULT && e->code != ERROR_INTEGRITY &&
        e->error_class != LAGAN_NOT_FOUND)
        return -1;
    tell(c, NULL, e->text);
    *e = ERROR_INIT;
    return 0;
}

/* Takes the row over. */
static int check_vault(struct check *c, struct catalog_vault *row, struct error *e)
{
    const struct setup_key without = {.locked = true};
    struct open_vault vault = {0};
    char name[CATALOG_TEXT_SIZE];
    memcpy(name, row->name, sizeof(name));
    c->vault = name;
    if (setup_vault_open_row(c->setup, row, &without, true, &vault, e) != 0)
        return tell_closed(c, e);
    int result = lost_witnesses(c->setup, &vault, lost_witness, c, e);
    if (result == 0 && setup_vault_unlock(c->setup, vault.vault, vault.row, c->key, e) != 0) {
        error_context(e, "vault %s", name);
        result = tell_closed(c, e);
    } else if (result == 0) {
        result = check_backups(c, &vault, e);
    }
    open_vault_close(&vault);
    return result;
}

/* The ids of the region's vaults: the catalog may not be changed while it lists. */
struct vault_ids {
    const char *region;
    uint8_t (*items)[CATALOG_ID_SIZE];
    size_t count;
};

static int collect_id(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct vault_ids *ids = context;
    if (strcmp(vault->region, ids->region) != 0)
        return 0;
    void *more = realloc(ids->items, (ids->count + 1) * sizeof(*ids->items));
    if (!more)
        return error_no_memory(e, "the vaults");
    ids->items = more;
    memcpy(ids->items[ids->count++], vault->uuid, CATALOG_ID_SIZE);
    return 0;
}

static int check_vaults(struct check *c, struct error *e)
{
    struct catalog *catalog = setup_catalog(c->setup);
    struct vault_ids ids = {.region = c->region->name};
    int result = catalog_vault_list(catalog, collect_id, &ids, e);
    for (size_t i = 0; result == 0 && i < ids.count; i++) {
        struct catalog_vault *row = catalog_vault_get(catalog, ids.items[i], e);
        result = row ? check_vault(c, row, e) : -1;
    }
    free(ids.items);
    return result;
}

static int search_prefix(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct check *c = context;
    (void)e;
    c->known = c->known || (strcmp(vault->region, c->region->name) == 0 &&
                            strcmp(vault->prefix, c->prefix) == 0);
    return 0;
}

static int check_place(void *context, const char *prefix, struct error *e)
{
    struct check *c = context;
    c->prefix = prefix;
    c->known = false;
    if (catalog_vault_list(setup_catalog(c->setup), search_prefix, c, e) != 0)
        return -1;
    c->vault = prefix;
    if (!c->known)
        tell(c, NULL, "a vault lies there that is not in the catalog");
    return 0;
}

int rebuild_check(struct setup *s, const struct config_region *region,
                  const struct setup_key *key,
                  void (*each)(void *context, const struct difference *difference),
                  void *context, struct error *e)
{
    struct check c = {
        .setup = s, .region = region, .key = key, .each = each, .context = context};
    if (check_vaults(&c, e) != 0)
        return -1;
    if (rebuild_places(s, region, check_place, &c, e) == 0)
        return 0;
    /* Where nothing was ever stored there is no place, and nothing that differs. */
    return e->error_class == LAGAN_NOT_FOUND ? 0 : -1;
}
