/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild_mirrors.c - which vault is the mirror of which, read back from what they say. */
#include "engine/rebuild.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/mirror.h"
#include "engine/about.h"

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

/* Whether the catalog has its row already: 1, 0, -1. */
static int is_known(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    struct catalog_mirror mirror;
    struct error why = ERROR_INIT;
    if (catalog_mirror_get(c, id, &mirror, &why) == 0)
        return 1;
    if (why.code == ERROR_NO_MIRROR)
        return 0;
    *e = why;
    return -1;
}

/* What the vault says of its source; false when it cannot be asked, or says nothing. */
static bool ask(struct setup *s, const uint8_t id[CATALOG_ID_SIZE], struct about_source *source)
{
    static const struct setup_key locked = {.locked = true};
    struct open_vault vault = {0};
    struct error e = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(setup_catalog(s), id, &e);
    bool said = row && setup_vault_open_row(s, row, &locked, true, &vault, &e) == 0 &&
                about_read(vault.vault, vault.row, source, &e) > 0 && source->vault[0];
    if (e.error_class != LAGAN_OK)
        log_write(LOG_WARNING, "rebuild", "%s", e.text);
    open_vault_close(&vault);
    return said;
}

/* The vault that is meant, of the same lineage: another one may have taken its id by a lie. */
static bool is_source(struct catalog *c, const struct about_source *source,
                      const uint8_t mirror[CATALOG_ID_SIZE])
{
    struct error e = ERROR_INIT;
    struct catalog_vault *from = catalog_vault_get(c, source->id, &e);
    struct catalog_vault *to = catalog_vault_get(c, mirror, &e);
    bool same = from && to && memcmp(from->lineage, to->lineage, sizeof(to->lineage)) == 0 &&
                memcmp(from->root_public, to->root_public, sizeof(to->root_public)) == 0;
    catalog_vault_free(from);
    catalog_vault_free(to);
    return same;
}

/* Deleted backups of the mirror that were known by its notes alone. */
struct deleted {
    struct catalog_pairs ids;
};

static int note_deleted(void *context, const struct catalog_backup *row, struct error *e)
{
    struct deleted *deleted = context;
    if (row->state != CATALOG_BACKUP_DELETED)
        return 0;
    return catalog_pairs_add(&deleted->ids, row->id, "", e);
}

/* From now on the vault that it follows says again which are deleted. */
static int forget_deletions(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                            struct error *e)
{
    struct deleted deleted = {{NULL, 0}};
    int result = catalog_backup_list(c, id, NULL, note_deleted, &deleted, e);
    for (size_t i = 0; i < deleted.ids.count && result == 0; i++)
        result = catalog_backup_bring_back(c, id, deleted.ids.items[i].name, e);
    catalog_pairs_clear(&deleted.ids);
    return result;
}

static int take_up(struct setup *s, const uint8_t id[CATALOG_ID_SIZE], uint64_t *count,
                   struct error *e)
{
    const struct config_mirror *config = &setup_config(s)->mirror;
    struct catalog *c = setup_catalog(s);
    struct about_source source = {{0}, "", ""};
    int known = is_known(c, id, e);
    if (known != 0)
        return known < 0 ? -1 : 0;
    if (!ask(s, id, &source) || !is_source(c, &source, id))
        return 0;
    int64_t now = clock_wall_ns();
    struct catalog_mirror mirror = {.state = CATALOG_MIRROR_WAITING_HISTORY,
                                    .created_ns = now,
                                    .history_ns = now, /* it was waited for long ago */
                                    .delete_delay_ns = config->delete_delay_ns,
                                    .rpo_ns = config->rpo_ns};
    memcpy(mirror.vault, id, sizeof(mirror.vault));
    memcpy(mirror.source, source.id, sizeof(mirror.source));
    if (forget_deletions(c, id, e) != 0 || catalog_mirror_insert(c, NULL, &mirror, e) != 0)
        return -1;
    ++*count;
    return 0;
}

int rebuild_mirrors(struct setup *s, uint64_t *count, struct error *e)
{
    struct found found = {0};
    uint64_t taken = 0;
    int result = catalog_vault_list(setup_catalog(s), note, &found, e);
    for (size_t i = 0; i < found.count && result == 0; i++)
        result = take_up(s, found.ids[i], &taken, e);
    free(found.ids);
    if (result == 0 && count)
        *count = taken;
    return result;
}
