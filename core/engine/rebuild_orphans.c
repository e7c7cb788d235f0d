/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild_orphans.c - what mirrors say whose vaults nobody knows any more: they are all that is
 * left of those, and of what people had said of them. */
#include "engine/rebuild.h"

#include "base/log.h"
#include "catalog/mirror.h"

#include <stdlib.h>
#include <string.h>

/* Vaults of role MIRROR. */
struct found {
    uint8_t (*ids)[CATALOG_ID_SIZE];
    size_t count;
};

static int note(void *context, const struct catalog_vault *row, struct error *e)
{
    struct found *found = context;
    if (row->role != CATALOG_ROLE_MIRROR || row->state == CATALOG_VAULT_DELETED)
        return 0;
    void *grown = reallocarray(found->ids, found->count + 1, sizeof(*found->ids));
    if (!grown)
        return error_no_memory(e, "mirrors");
    found->ids = grown;
    memcpy(found->ids[found->count++], row->uuid, CATALOG_ID_SIZE);
    return 0;
}

/* 1, 0, -1. */
static int is_orphan(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    struct catalog_mirror mirror;
    struct error why = ERROR_INIT;
    if (catalog_mirror_get(c, id, &mirror, &why) == 0)
        return 0;
    if (why.code == ERROR_NO_MIRROR)
        return 1;
    *e = why;
    return -1;
}

/* With the key that was given, which need not be this vault's, then with its own. */
static bool open_vault(struct setup *s, const uint8_t id[CATALOG_ID_SIZE],
                       const struct setup_key *key, struct open_vault *vault)
{
    const struct setup_key *keys[] = {key, NULL};
    struct error why = ERROR_INIT;
    for (int i = 0; i < 2; i++) {
        why = ERROR_INIT;
        struct catalog_vault *row = catalog_vault_get(setup_catalog(s), id, &why);
        if (row && setup_vault_open_row(s, row, keys[i], true, vault, &why) == 0)
            return true;
    }
    log_write(LOG_INFO, "rebuild", "%s", why.text); /* the rebuild of its region has told */
    return false;
}

static int take(struct setup *s, const struct open_vault *vault, struct notes_taken *taken,
                struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (catalog_begin(c, e) != 0)
        return -1;
    if (notes_take(s, vault->vault, vault->row, true, taken, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

int rebuild_orphans(struct setup *s, const struct setup_key *key,
                    void (*each)(void *context, const struct catalog_vault *row,
                                 const struct notes_taken *taken),
                    void *context, struct error *e)
{
    struct found found = {0};
    int result = catalog_vault_list(setup_catalog(s), note, &found, e);
    for (size_t i = 0; i < found.count && result == 0; i++) {
        struct notes_taken taken = {.policies_new = 0};
        struct open_vault vault = {0};
        int orphan = is_orphan(setup_catalog(s), found.ids[i], e);
        result = orphan < 0 ? -1 : 0;
        if (orphan <= 0 || !open_vault(s, found.ids[i], key, &vault))
            continue;
        result = take(s, &vault, &taken, e);
        if (result == 0)
            each(context, vault.row, &taken);
        open_vault_close(&vault);
    }
    free(found.ids);
    return result;
}
