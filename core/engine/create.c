/* SPDX-License-Identifier: Apache-2.0 */
/* create.c - see create.h. */
#include "engine/create.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "driver/secret.h"
#include "engine/about.h"
#include "engine/manage.h"
#include "engine/parameters.h"
#include "engine/purge.h"
#include "engine/slot_provider.h"
#include "engine/slots.h"
#include "policy/place.h"
#include "vault/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_LIMIT = 3, PASSPHRASE_ROOM = SECRET_LIMIT, QUOTA_WARNING = 80 };

static int provider_open(struct setup *s, const struct driver_words *words,
                         struct slot_source *slot, struct error *e)
{
    const struct driver *driver = NULL;
    if (setup_driver(s, words->driver, LAGAN_KIND_KEY, &driver, e) != 0 ||
        driver_words_parameters(words, driver, &slot->parameters, e) != 0 ||
        setup_provider_open(s, words->driver, &slot->parameters, LAGAN_OPEN_INITIALISE,
                            &slot->provider, e) != 0)
        return -1;
    snprintf(slot->driver, sizeof(slot->driver), "%s", words->driver);
    slot->request.kind = VAULT_SLOT_PROVIDER;
    slot->request.label = "provider";
    slot->request.provider = slot->provider.provider;
    return 0;
}

int slot_source_provider(struct setup *s, const char *words, struct slot_source *slot,
                         struct error *e)
{
    struct driver_words parsed = {0};
    if (driver_words_parse(words, &parsed, e) != 0)
        return -1;
    int result = provider_open(s, &parsed, slot, e);
    driver_words_clear(&parsed);
    return result;
}

int slot_source_passphrase(const char *source, struct slot_source *slot, struct error *e)
{
    struct secret_text text = {0};
    if (secret_text_read(source, &text, e) != 0)
        return -1;
    slot->passphrase = secret_allocate(PASSPHRASE_ROOM, e);
    if (!slot->passphrase) {
        secret_text_free(&text);
        return -1;
    }
    slot->passphrase_room = PASSPHRASE_ROOM;
    memcpy(slot->passphrase, text.data, text.size);
    slot->request.kind = VAULT_SLOT_PASSPHRASE;
    slot->request.label = "passphrase";
    slot->request.passphrase = slot->passphrase;
    slot->request.passphrase_size = text.size;
    secret_text_free(&text);
    return 0;
}

void slot_source_close(struct slot_source *slot)
{
    open_provider_close(&slot->provider);
    catalog_pairs_clear(&slot->parameters);
    secret_free(slot->passphrase, slot->passphrase_room);
    *slot = (struct slot_source){0};
}

/* A vault on its way. */
struct creation {
    struct setup *setup;
    struct create_request *request;
    const struct config_region *region;
    struct catalog_vault *row;
    struct slot_source provider, passphrase;
    struct open_target place;
    bool also_failed; /* what was to come with it could not */
};

/* Whether the region has a vault of this name or prefix. */
struct taken_search {
    const char *region;
    const char *name;
    const char *prefix;
    bool name_taken;
    bool prefix_taken;
    bool others; /* it has any vault */
};

static int search_taken(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct taken_search *search = context;
    (void)e;
    if (strcmp(vault->region, search->region) != 0)
        return 0;
    search->others = true;
    search->name_taken = search->name_taken || strcmp(vault->name, search->name) == 0;
    search->prefix_taken = search->prefix_taken || strcmp(vault->prefix, search->prefix) == 0;
    return 0;
}

/* A name as keys of targets may have it: small letters, digits, single dashes between them. */
static void prefix_of_name(const char *name, unsigned attempt, char *prefix, size_t room)
{
    char base[NAME_SIZE] = "";
    size_t size = 0;
    for (size_t i = 0; name[i] && size < NAME_LIMIT; i++) {
        char c = name[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (fine)
            base[size++] = c;
        else if (size > 0 && base[size - 1] != '-')
            base[size++] = '-';
    }
    if (size == 0)
        base[0] = 'v';
    if (attempt > 1)
        snprintf(prefix, room, "%s-%u", base, attempt);
    else
        snprintf(prefix, room, "%s", base);
}

/* Where other vaults lie, the place is there: if it is not, it is not mounted, and a vault made
 * below the mount point would be lost from sight. */
static int check_place(struct setup *s, const struct config_region *region, struct error *e)
{
    struct open_target top = {0};
    struct error why = ERROR_INIT;
    if (setup_target_open(s, region, "", LAGAN_OPEN_READ_ONLY, &top, &why) == 0)
        open_target_close(&top);
    else if (why.error_class == LAGAN_NOT_FOUND) {
        *e = why;
        return -1;
    }
    return 0;
}

int create_place(struct setup *s, const struct config_region *region,
                 const struct driver *driver, struct catalog_vault *row, struct error *e)
{
    bool shared = driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE) != NULL;
    for (unsigned attempt = 1; attempt < 1000; attempt++) {
        struct taken_search search = {
            .region = row->region, .name = row->name, .prefix = row->prefix};
        if (shared)
            prefix_of_name(row->name, attempt, row->prefix, sizeof(row->prefix));
        if (catalog_vault_list(setup_catalog(s), search_taken, &search, e) != 0)
            return -1;
        if (search.name_taken)
            return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN,
                             "region %s has a vault called %s; choose another name, or `lagan "
                             "vault key add --new-recovery` when its recovery key was never "
                             "shown",
                             row->region, row->name);
        if (!search.prefix_taken)
            return search.others ? check_place(s, region, e) : 0;
        if (!shared)
            break;
    }
    return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT,
                     "the target %s of region %s has no place for one more vault",
                     driver_name(driver), row->region);
}

static int count_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    uint64_t *count = context;
    (void)vault;
    (void)e;
    ++*count;
    return 0;
}

static int ask_rules(struct creation *c, struct error *e)
{
    const struct create_request *request = c->request;
    struct vault_wish wish = {
        .region = c->row->region,
        .type = (enum vault_type)request->type,
        .role = (enum vault_role)request->role,
        .plan = (enum vault_plan)request->plan,
        .redundancy_given = request->redundancy_given,
        .vault_limit = setup_config(c->setup)->limits.vaults,
    };
    if (catalog_vault_list(setup_catalog(c->setup), count_vault, &wish.vaults, e) != 0)
        return -1;
    return vault_may_be_created(&wish, e);
}

static int draft_name(struct creation *c, struct error *e)
{
    const char *name = c->request->name;
    char made[NAME_SIZE];
    if (!name && catalog_vault_name(setup_catalog(c->setup), c->region->name, made, e) != 0)
        return -1;
    if (name && name_check(NAME_VAULT, name, e) != 0)
        return -1;
    snprintf(c->row->name, sizeof(c->row->name), "%s", name ? name : made);
    return 0;
}

/* Project and redundancy follow from the region. */
static int draft_place(struct creation *c, struct error *e)
{
    struct place place;
    const char *project = NULL;
    config_region_place(c->region, &place);
    if (place_project(&place, c->request->project, &project, e) != 0)
        return -1;
    snprintf(c->row->project, sizeof(c->row->project), "%s", project);
    snprintf(c->row->region, sizeof(c->row->region), "%s", c->region->name);
    c->row->redundancy =
        place_zone_redundant(&place) ? CATALOG_REDUNDANCY_ZONE : CATALOG_REDUNDANCY_LOCAL;
    return 0;
}

static int draft_properties(struct creation *c, struct error *e)
{
    const struct create_request *request = c->request;
    struct catalog_vault *row = c->row;
    if (request->description) {
        if (name_check_description(request->description, e) != 0)
            return -1;
        snprintf(row->description, sizeof(row->description), "%s", request->description);
    }
    if (request->quota_warning > 100)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "a quota's warning is 1 to 100 percent, not %u",
                         request->quota_warning);
    row->type = request->type;
    row->role = request->role;
    row->plan = request->plan;
    row->state = CATALOG_VAULT_AVAILABLE;
    row->quota_bytes = request->quota_bytes;
    row->quota_warning = request->quota_warning ? request->quota_warning : QUOTA_WARNING;
    row->auto_expand = request->auto_expand;
    return manage_tags(&row->tags, request->tags, setup_config(c->setup)->limits.tags, e);
}

/* Before the provider is opened, which makes a key. */
static int check_encryption(struct creation *c, struct error *e)
{
    const enum catalog_encryption *wanted = c->request->encryption;
    const char *words = c->request->provider ? c->request->provider : c->region->key;
    if (!wanted)
        return 0;
    if (*wanted != CATALOG_ENCRYPTION_PASSPHRASE)
        return slot_provider_gives(c->setup, words, *wanted, e);
    if (c->request->passphrase_source && !c->request->provider)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_ENCRYPTION_DIFFERS,
                     "encryption passphrase means --passphrase and no --key");
}

static int draft_row(struct creation *c, struct error *e)
{
    const struct driver *driver = NULL;
    if (setup_region(c->setup, c->request->region, &c->region, e) != 0 ||
        setup_driver(c->setup, c->region->zones[0].name, LAGAN_KIND_TARGET, &driver, e) != 0)
        return -1;
    c->row = catalog_vault_new(e);
    if (!c->row || draft_name(c, e) != 0 || draft_place(c, e) != 0 || ask_rules(c, e) != 0 ||
        draft_properties(c, e) != 0 || check_encryption(c, e) != 0)
        return -1;
    return create_place(c->setup, c->region, driver, c->row, e);
}

int slot_source_default(struct setup *s, const char *name, struct slot_source *slot,
                        struct error *e)
{
    char *path CLEANUP_TEXT = setup_key_path(s, name, e);
    char *words[1] = {NULL};
    if (!path)
        return -1;
    char driver[] = SETUP_KEY_DRIVER;
    struct driver_words parsed = {driver, words, 1};
    if (asprintf(&words[0], "path=%s", path) < 0)
        return error_no_memory(e, "a path");
    int result = provider_open(s, &parsed, slot, e);
    free(words[0]);
    return result;
}

/* Whether a provider is to open the vault, not a passphrase alone. */
static bool wants_provider(const struct creation *c)
{
    const struct create_request *request = c->request;
    return request->provider || !request->passphrase_source ||
           (request->encryption && *request->encryption != CATALOG_ENCRYPTION_PASSPHRASE);
}

/* The provider that somebody named, that of the region, or a key file. */
static int choose_provider(struct creation *c, struct error *e)
{
    const char *words = c->request->provider ? c->request->provider : c->region->key;
    if (!wants_provider(c))
        return 0;
    if (words)
        return slot_source_provider(c->setup, words, &c->provider, e);
    return slot_source_default(c->setup, c->row->name, &c->provider, e);
}

/* Opens what the slots need, and tells the row how the vault is opened later. */
static int open_slots(struct creation *c, struct error *e)
{
    const struct create_request *request = c->request;
    struct catalog_vault *row = c->row;
    if (request->passphrase_source &&
        slot_source_passphrase(request->passphrase_source, &c->passphrase, e) != 0)
        return -1;
    if (choose_provider(c, e) != 0)
        return -1;
    row->encryption = CATALOG_ENCRYPTION_PASSPHRASE;
    if (!c->provider.provider.provider)
        return 0;
    return slot_provider_adopt(c->setup, row, c->provider.driver, &c->provider.parameters, e);
}

static void set_pack_size(struct vault_settings *settings, uint64_t bytes)
{
    if (bytes == 0)
        return;
    settings->data_pack_bytes = bytes;
    settings->meta_pack_bytes =
        bytes / 4 > CREATE_PACK_BYTES_MIN ? bytes / 4 : CREATE_PACK_BYTES_MIN;
}

static void fill_row(struct catalog_vault *row, const struct vault_settings *settings)
{
    memcpy(row->uuid, settings->uuid, sizeof(row->uuid));
    memcpy(row->root_public, settings->root_public, sizeof(row->root_public));
    row->created_ns = settings->created_ns;
    row->trial_end_ns = row->plan == CATALOG_PLAN_TRIAL ? row->created_ns + VAULT_TRIAL_NS : 0;
}

static int unlock(struct creation *c, struct vault *v, struct error *e)
{
    const struct slot_source *p = &c->passphrase;
    if (c->provider.request.kind)
        return vault_unlock_provider(v, c->provider.provider.provider, e);
    return vault_unlock_passphrase(v, p->passphrase, p->request.passphrase_size, e);
}

/* Whether `v` is what an earlier attempt at this very vault has left: same name, opened by the
 * same key, unknown to the catalog, and without a backup. */
static bool is_left_over(struct creation *c, struct vault *v)
{
    const struct vault_settings *settings = vault_settings(v);
    struct error e = ERROR_INIT;
    struct seal_list seals = {0};
    struct catalog_vault *known =
        catalog_vault_get(setup_catalog(c->setup), settings->uuid, &e);
    catalog_vault_free(known);
    if (known || e.code != ERROR_NO_VAULT || strcmp(settings->name, c->row->name) != 0)
        return false;
    if (unlock(c, v, &e) != 0 || vault_backups(v, &seals, NULL, NULL, &e) != 0)
        return false;
    size_t backups = seals.count;
    seal_list_free(&seals);
    return backups == 0;
}

/* Ids of the recovery keys that nobody may have seen. */
struct old_slots {
    char (*ids)[33];
    size_t count;
};

static int note_recovery(void *context, const struct vault_slot *slot, struct error *e)
{
    struct old_slots *old = context;
    if (slot->kind != VAULT_SLOT_RECOVERY)
        return 0;
    void *more = realloc(old->ids, (old->count + 1) * sizeof(*old->ids));
    if (!more)
        return error_no_memory(e, "key slots");
    old->ids = more;
    memcpy(old->ids[old->count++], slot->id, sizeof(slot->id));
    return 0;
}

static int renew_recovery(struct creation *c, struct vault *v, struct error *e)
{
    struct vault_slot_request request = {.kind = VAULT_SLOT_RECOVERY,
                                         .label = "recovery key",
                                         .recovery_key = c->request->recovery_key};
    struct old_slots old = {0};
    char id[33];
    int result = vault_slot_list(v, note_recovery, &old, e);
    if (result == 0 && c->request->recovery)
        result = vault_slot_add(v, &request, id, e);
    for (size_t i = 0; result == 0 && i < old.count; i++)
        result = vault_slot_remove(v, old.ids[i], e);
    free(old.ids);
    return result;
}

/* `e` says that a vault is there; it stays so unless an attempt that broke off has left it. */
static int adopt_vault(struct creation *c, struct error *e)
{
    struct error why = ERROR_INIT;
    struct vault *v = NULL;
    int result = -1;
    if (vault_open(c->place.target, NULL, &v, &why) != 0)
        return -1;
    if (is_left_over(c, v)) {
        *e = ERROR_INIT;
        result = renew_recovery(c, v, e);
        fill_row(c->row, vault_settings(v));
    }
    vault_close(v);
    return result;
}

static int write_vault(struct creation *c, struct error *e)
{
    struct vault_slot_request slots[SLOT_LIMIT];
    struct vault_settings settings;
    size_t count = 0;
    if (c->provider.request.kind)
        slots[count++] = c->provider.request;
    if (c->passphrase.request.kind)
        slots[count++] = c->passphrase.request;
    if (c->request->recovery)
        slots[count++] = (struct vault_slot_request){.kind = VAULT_SLOT_RECOVERY,
                                                     .label = "recovery key",
                                                     .recovery_key = c->request->recovery_key};
    if (setup_target_open(c->setup, c->region, c->row->prefix, LAGAN_OPEN_INITIALISE, &c->place,
                          e) != 0)
        return -1;
    vault_settings_default(&settings, c->row->name);
    set_pack_size(&settings, c->request->pack_bytes);
    if (vault_create(c->place.target, &settings, slots, count, e) != 0)
        return e->code == ERROR_CONFLICT ? adopt_vault(c, e) : -1;
    fill_row(c->row, &settings);
    return 0;
}

/* Type, plan, tags and the rest are to be found again when the catalog is gone; a backup makes
 * up for it when that fails now. */
static void tell_vault(struct creation *c, struct vault *v)
{
    struct error why = ERROR_INIT;
    if (unlock(c, v, &why) != 0 || about_write(v, c->row, NULL, &why) != 0)
        log_write(LOG_WARNING, "vault", "%s does not say yet what it is: %s", c->row->name,
                  why.text);
}

static int note(struct creation *c, struct error *e)
{
    const struct catalog_vault *row = c->row;
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    return catalog_audit_add(setup_catalog(c->setup), CATALOG_EVENT_VAULT_CREATE, id, e,
                             "%s in region %s, project %s: %s, %s, %s, %s, %s", row->name,
                             row->region, row->project, catalog_vault_type_name(row->type),
                             catalog_vault_role_name(row->role), catalog_plan_name(row->plan),
                             catalog_encryption_name(row->encryption),
                             catalog_redundancy_name(row->redundancy));
}

static int insert(struct creation *c, const struct slots *slots, struct error *e)
{
    const struct create_request *request = c->request;
    if (catalog_vault_insert(slots->catalog, c->row, e) != 0 ||
        slots_record(slots, NULL, e) != 0 || note(c, e) != 0)
        return -1;
    if (!request->also || request->also(request->also_context, c->row, e) == 0)
        return 0;
    c->also_failed = true;
    return -1;
}

/* The catalog learns of the vault and its slots, of both or of neither. */
static int record(struct creation *c, struct error *e)
{
    struct catalog *catalog = setup_catalog(c->setup);
    struct slots slots = {catalog, c->row->uuid, NULL};
    int result = vault_open(c->place.target, NULL, &slots.vault, e);
    if (result == 0) {
        tell_vault(c, slots.vault);
        result = catalog_begin(catalog, e);
        if (result == 0 && insert(c, &slots, e) == 0)
            result = catalog_commit(catalog, e);
        else if (result == 0) {
            catalog_rollback(catalog);
            result = -1;
        }
    }
    vault_close(slots.vault);
    return result;
}

/* Neither: the vault was made for what could not come into the catalog.  What cannot be removed
 * is taken up by the next attempt. */
static void take_back(struct creation *c)
{
    struct purge_result gone = {0};
    struct error why = ERROR_INIT;
    if (purge_objects(c->place.target, NULL, &gone, &why) != 0)
        log_write(LOG_WARNING, "vault", "the vault %s that was begun is left in storage: %s",
                  c->row->name, why.text);
}

static int not_created(const struct creation *c, struct error *e)
{
    const char *name = c->request->name;
    return name ? error_context(e, "cannot create the vault %s", name)
                : error_context(e, "cannot create a vault");
}

int create_check(struct setup *s, struct create_request *request, struct error *e)
{
    struct creation c = {.setup = s, .request = request};
    int result = draft_row(&c, e);
    catalog_vault_free(c.row);
    return result == 0 ? 0 : not_created(&c, e);
}

static int create(struct creation *c, struct error *e)
{
    if (draft_row(c, e) != 0 || open_slots(c, e) != 0 || write_vault(c, e) != 0)
        return not_created(c, e);
    if (record(c, e) == 0)
        return 0;
    if (c->also_failed) {
        take_back(c);
        return not_created(c, e);
    }
    return error_context(e, "the vault was made, but the catalog does not know it yet; `lagan "
                            "catalog rebuild` tells it");
}

int create_vault(struct setup *s, struct create_request *request, struct catalog_vault **row,
                 struct error *e)
{
    struct creation c = {.setup = s, .request = request};
    int result = create(&c, e);
    open_target_close(&c.place);
    slot_source_close(&c.provider);
    slot_source_close(&c.passphrase);
    if (result == 0)
        *row = c.row;
    else
        catalog_vault_free(c.row);
    return result;
}
