/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild.c - reads the rows of vaults, backups and sources back from storage. */
#include "engine/rebuild.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/about.h"
#include "engine/backup_row.h"
#include "engine/locking.h"
#include "engine/parameters.h"
#include "engine/rules.h"
#include "engine/slot_provider.h"
#include "engine/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A rebuild of one region. */
struct rebuild {
    struct setup *setup;
    const struct config_region *region;
    const struct setup_key *key;
    void (*each)(void *context, const struct rebuilt_vault *vault);
    void *context;
    uint64_t *failed;
};

/* One vault of it. */
struct found_vault {
    const struct rebuild *rebuild;
    struct open_target place;
    struct vault *vault;
    struct catalog_vault *row;
    struct seal_list seals;
    struct rebuilt_vault report;
    size_t slots; /* key slots that it has */
    bool is_new;  /* the catalog did not know it */
};

static int note_encryption(void *context, const struct vault_slot *slot, struct error *e)
{
    struct found_vault *f = context;
    (void)e;
    f->slots++;
    if (slot->kind == VAULT_SLOT_PROVIDER)
        f->row->encryption = slot_provider_method(f->rebuild->setup, slot->driver);
    return 0;
}

/* The provider that the caller named opens this vault, and will again. */
static int keep_provider(struct found_vault *f, const char *text, struct error *e)
{
    struct driver_words words = {0};
    struct catalog_vault *row = f->row;
    const struct driver *driver = NULL;
    int result = -1;
    catalog_pairs_clear(&row->key_parameters);
    if (driver_words_parse(text, &words, e) == 0 &&
        setup_driver(f->rebuild->setup, words.driver, LAGAN_KIND_KEY, &driver, e) == 0 &&
        driver_words_parameters(&words, driver, &row->key_parameters, e) == 0) {
        snprintf(row->key_driver, sizeof(row->key_driver), "%s", words.driver);
        result = 0;
    }
    driver_words_clear(&words);
    return result;
}

/* The key file that `lagan init` and `vault create` make, when it is there. */
static int key_from_default(struct found_vault *f, struct error *e)
{
    char *path CLEANUP_TEXT = setup_key_path(f->rebuild->setup, f->row->name, e);
    if (!path)
        return -1;
    if (access(path, F_OK) != 0)
        return 0;
    snprintf(f->row->key_driver, sizeof(f->row->key_driver), "%s", SETUP_KEY_DRIVER);
    return catalog_pairs_add(&f->row->key_parameters, "path", path, e);
}

/* The id under which the catalog knows this copy: a mirror says its own. */
static int find_id(struct found_vault *f, uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    struct vault_about about = {0};
    int found = vault_about_read(f->vault, &about, e);
    if (found >= 0)
        memcpy(id, found > 0 ? about.id : vault_settings(f->vault)->uuid, CATALOG_ID_SIZE);
    vault_about_free(&about);
    return found < 0 ? -1 : 0;
}

static struct catalog_vault *new_row(const struct vault_settings *settings, struct error *e)
{
    struct catalog_vault *row = catalog_vault_new(e);
    if (!row)
        return NULL;
    snprintf(row->name, sizeof(row->name), "%s", settings->name);
    row->type = CATALOG_TYPE_GENERAL;
    row->role = CATALOG_ROLE_NORMAL;
    row->state = CATALOG_VAULT_AVAILABLE;
    row->encryption = CATALOG_ENCRYPTION_PASSPHRASE;
    return row;
}

/* What the catalog knows of it, or a new row. */
static int find_row(struct found_vault *f, struct error *e)
{
    struct error none = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];
    if (find_id(f, id, e) != 0)
        return -1;
    f->row = catalog_vault_get(setup_catalog(f->rebuild->setup), id, &none);
    if (!f->row && none.code != ERROR_NO_VAULT) {
        *e = none;
        return -1;
    }
    f->is_new = !f->row;
    if (!f->row)
        f->row = new_row(vault_settings(f->vault), e);
    if (!f->row)
        return -1;
    memcpy(f->row->uuid, id, sizeof(f->row->uuid));
    return 0;
}

/* Nothing opens it, ever again: a purge may have been broken off. */
static void mark_keyless(struct found_vault *f)
{
    if (f->slots > 0 || f->row->state != CATALOG_VAULT_AVAILABLE)
        return;
    f->row->state = CATALOG_VAULT_ERROR;
    snprintf(f->row->reason, sizeof(f->row->reason),
             "it has no key slot: its keys are lost, or a purge was broken off");
}

/* Whoever can write to the storage can bring back what a vault has said once: a deletion that a
 * rebuild learns of can be taken back for as long as a new one. */
static void keep_awhile(const struct found_vault *f, struct catalog_vault *row)
{
    int64_t least = clock_wall_ns() + setup_config(f->rebuild->setup)->limits.undelete_ns;
    if (row->state == CATALOG_VAULT_DELETED && row->purge_ns < least)
        row->purge_ns = least;
}

static int fill_row(struct found_vault *f, const char *prefix, struct error *e)
{
    const struct vault_settings *settings = vault_settings(f->vault);
    struct catalog_vault *row = f->row;
    struct place place;
    config_region_place(f->rebuild->region, &place);
    memcpy(row->lineage, settings->uuid, sizeof(row->lineage));
    memcpy(row->root_public, settings->root_public, sizeof(row->root_public));
    snprintf(row->region, sizeof(row->region), "%s", f->rebuild->region->name);
    snprintf(row->prefix, sizeof(row->prefix), "%s", prefix);
    row->redundancy =
        place_zone_redundant(&place) ? CATALOG_REDUNDANCY_ZONE : CATALOG_REDUNDANCY_LOCAL;
    row->created_ns = settings->created_ns;
    if (vault_slot_list(f->vault, note_encryption, f, e) != 0 ||
        about_read(f->vault, row, NULL, e) < 0)
        return -1;
    keep_awhile(f, row);
    mark_keyless(f);
    return row->key_driver[0] ? 0 : key_from_default(f, e);
}

/* Kinds of rules that a newer program may know are left out: a rule that says nothing here. */
static int add_rules(struct catalog_source *row, const struct seal *seal, struct error *e)
{
    for (size_t i = 0; i < seal->rule_count; i++) {
        const struct seal_pair *rule = &seal->rules[i];
        bool known =
            strcmp(rule->name, RULES_EXCLUDE) == 0 || strcmp(rule->name, RULES_INCLUDE) == 0;
        if (known && catalog_pairs_add(&row->rules, rule->name, rule->value, e) != 0)
            return -1;
    }
    return 0;
}

/* Registers the source of a backup of this host when it is gone. */
static int restore_source(struct found_vault *f, const struct seal *seal, struct error *e)
{
    struct setup *s = f->rebuild->setup;
    struct catalog *catalog = setup_catalog(s);
    struct error none = ERROR_INIT;
    if (!seal->host || strcmp(seal->host, setup_host_name(s)) != 0 || !seal->source_driver)
        return 0;
    struct catalog_source *row = catalog_source_get(catalog, seal->source_id, &none);
    if (row) {
        catalog_source_free(row);
        return 0;
    }
    row = catalog_source_new(e);
    if (!row)
        return -1;
    int result =
        catalog_source_name(catalog, seal->source_name ? seal->source_name : "", row->name, e);
    memcpy(row->id, seal->source_id, sizeof(row->id));
    snprintf(row->driver, sizeof(row->driver), "%s", seal->source_driver);
    for (size_t i = 0; result == 0 && i < seal->parameter_count; i++)
        result = catalog_pairs_add(&row->parameters, seal->parameters[i].name,
                                   seal->parameters[i].value, e);
    if (result == 0)
        result = add_rules(row, seal, e);
    if (result == 0)
        result = catalog_source_insert(catalog, row, e);
    f->report.sources_new += result == 0;
    catalog_source_free(row);
    return result;
}

/* Rows of backups whose seal is gone. */
struct stale_search {
    const struct seal_list *seals;
    struct catalog_pairs ids;
    uint64_t known;
};

static int search_stale(void *context, const struct catalog_backup *backup, struct error *e)
{
    struct stale_search *search = context;
    for (size_t i = 0; i < search->seals->count; i++) {
        if (strcmp(search->seals->seals[i]->id, backup->id) == 0) {
            search->known++;
            return 0;
        }
    }
    return catalog_pairs_add(&search->ids, backup->id, "", e);
}

static int drop_stale(struct found_vault *f, struct error *e)
{
    struct catalog *catalog = setup_catalog(f->rebuild->setup);
    struct stale_search search = {.seals = &f->seals};
    int result = catalog_backup_list(catalog, f->row->uuid, NULL, search_stale, &search, e);
    for (size_t i = 0; result == 0 && i < search.ids.count; i++)
        result = catalog_backup_delete(catalog, f->row->uuid, search.ids.items[i].name, e);
    f->report.backups_gone = search.ids.count;
    f->report.backups_new = f->seals.count - search.known;
    catalog_pairs_clear(&search.ids);
    return result;
}

static int write_backups(struct found_vault *f, struct error *e)
{
    struct catalog *catalog = setup_catalog(f->rebuild->setup);
    struct catalog_backup row;
    if (drop_stale(f, e) != 0)
        return -1;
    /* Newest first: the last parameters of a source are the ones to keep. */
    for (size_t i = f->seals.count; i-- > 0;) {
        backup_row_fill(&row, f->row->uuid, f->seals.seals[i], &f->seals);
        if (catalog_backup_upsert(catalog, &row, e) != 0 ||
            restore_source(f, f->seals.seals[i], e) != 0)
            return -1;
    }
    f->report.backups = f->seals.count;
    return 0;
}

static int write_tombstone(void *context, const char *key, uint64_t bytes, struct error *e)
{
    static const char ending[] = ".gone";
    const struct found_vault *f = context;
    const char *name = key + strlen("seals/");
    size_t length = strlen(name);
    char seal[SEAL_NAME_SIZE];
    (void)bytes;
    if (length < sizeof(ending) || length - strlen(ending) >= sizeof(seal) ||
        strcmp(name + length - strlen(ending), ending) != 0)
        return 0;
    snprintf(seal, sizeof(seal), "%.*s", (int)(length - strlen(ending)), name);
    return catalog_tombstone_insert(setup_catalog(f->rebuild->setup), f->row->uuid, seal, e);
}

/* What no seal tells of: key slots and tombstones; no key is needed for them. */
static int write_witnesses(struct found_vault *f, struct error *e)
{
    struct catalog *catalog = setup_catalog(f->rebuild->setup);
    const struct slots slots = {catalog, f->row->uuid, f->vault};
    if (slots_record(&slots, &f->report.slots_gone, e) != 0 ||
        catalog_tombstone_clear(catalog, f->row->uuid, e) != 0)
        return -1;
    return target_list(f->place.target, "seals/", write_tombstone, f, e);
}

/* What people have said of the vault; a mirror follows its vault: see rebuild_orphans. */
static int take_notes(struct found_vault *f, struct error *e)
{
    if (f->row->role == CATALOG_ROLE_MIRROR)
        return 0;
    return notes_take(f->rebuild->setup, f->vault, f->row, f->is_new, &f->report.notes, e);
}

static int write_rows(struct found_vault *f, bool backups, struct error *e)
{
    struct catalog *catalog = setup_catalog(f->rebuild->setup);
    if (catalog_begin(catalog, e) != 0)
        return -1;
    if (catalog_vault_upsert(catalog, f->row, e) != 0 || write_witnesses(f, e) != 0 ||
        (backups && (write_backups(f, e) != 0 || take_notes(f, e) != 0))) {
        catalog_rollback(catalog);
        return -1;
    }
    if (catalog_commit(catalog, e) != 0)
        return -1;
    return locking_check(f->rebuild->setup, f->row, f->vault, NULL, e);
}

/* Tries the key that was given, which need not be that of every vault, then the vault's own.
 * `why` is the first reason why not. */
static bool unlock(struct found_vault *f, struct error *why)
{
    struct setup *s = f->rebuild->setup;
    const struct setup_key *key = f->rebuild->key;
    struct error second = ERROR_INIT;
    bool given = key && (key->passphrase_source || key->recovery_source || key->provider);
    if (given && setup_vault_unlock(s, f->vault, NULL, key, why) == 0)
        return !key->provider || keep_provider(f, key->provider, why) == 0;
    if (setup_vault_unlock(s, f->vault, f->row, NULL, &second) == 0) {
        *why = ERROR_INIT;
        return true;
    }
    if (!given)
        *why = second;
    return false;
}

static void report(struct found_vault *f, bool whole, const struct error *why)
{
    *f->rebuild->failed += !whole;
    f->report.row = f->row;
    f->report.why = why;
    f->rebuild->each(f->rebuild->context, &f->report);
}

/* Whether the vault that the catalog knows by this id lies where the catalog says, and not
 * here. What is found here is then a second copy, or a mirror that was never finished. */
static bool lies_elsewhere(struct found_vault *f, const char *prefix)
{
    static const struct setup_key locked = {.locked = true};
    struct open_vault own = {0};
    struct error e = ERROR_INIT;
    if (strcmp(f->row->region, f->rebuild->region->name) == 0 &&
        strcmp(f->row->prefix, prefix) == 0)
        return false;
    struct catalog_vault *row =
        catalog_vault_get(setup_catalog(f->rebuild->setup), f->row->uuid, &e);
    if (!row || setup_vault_open_row(f->rebuild->setup, row, &locked, true, &own, &e) != 0)
        return false; /* it has moved here, or is not known yet */
    open_vault_close(&own);
    return true;
}

static int leave_out(struct found_vault *f, const char *prefix)
{
    struct error why = ERROR_INIT;
    error_set(
        &why, LAGAN_EXISTS, ERROR_CONFLICT,
        "%s in region %s is a second copy of the vault that lies in region %s; it is left "
        "alone; `lagan mirror create %s` takes up a mirror that was not finished",
        prefix[0] ? prefix : "the top", f->rebuild->region->name, f->row->region, f->row->name);
    report(f, false, &why);
    return 0;
}

static int rebuild_found(struct found_vault *f, const char *prefix, struct error *e)
{
    struct setup *s = f->rebuild->setup;
    struct error locked = ERROR_INIT;
    if (setup_target_open(s, f->rebuild->region, prefix, LAGAN_OPEN_READ_ONLY, &f->place, e) !=
            0 ||
        vault_open(f->place.target, NULL, &f->vault, e) != 0 || find_row(f, e) != 0)
        return error_context(e, "the vault at %s", prefix[0] ? prefix : "the top");
    if (lies_elsewhere(f, prefix))
        return leave_out(f, prefix);
    if (fill_row(f, prefix, e) != 0)
        return error_context(e, "the vault at %s", prefix[0] ? prefix : "the top");
    bool unlocked = unlock(f, &locked);
    if (unlocked && vault_backups(f->vault, &f->seals, NULL, NULL, e) != 0)
        return error_context(e, "vault %s", f->row->name);
    if (write_rows(f, unlocked, e) != 0)
        return -1;
    report(f, unlocked, &locked);
    return 0;
}

static int rebuild_place(void *context, const char *prefix, struct error *e)
{
    struct found_vault f = {.rebuild = context};
    int result = rebuild_found(&f, prefix, e);
    seal_list_free(&f.seals);
    vault_close(f.vault);
    open_target_close(&f.place);
    catalog_vault_free(f.row);
    return result;
}

int rebuild_region(struct setup *s, const struct config_region *region,
                   const struct setup_key *key,
                   void (*each)(void *context, const struct rebuilt_vault *vault),
                   void *context, uint64_t *failed, struct error *e)
{
    struct rebuild r = {s, region, key, each, context, failed};
    *failed = 0;
    return rebuild_places(s, region, rebuild_place, &r, e);
}
