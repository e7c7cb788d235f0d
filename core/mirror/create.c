/* SPDX-License-Identifier: Apache-2.0 */
/* create.c - a mirror comes into being. */
#include "mirror/create.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/about.h"
#include "engine/create.h"
#include "engine/parameters.h"
#include "engine/slots.h"
#include "engine/task.h"
#include "vault/about.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mirror on its way. */
struct making {
    struct setup *setup;
    const struct mirror_request *request;
    const struct config_region *from, *to;
    struct mirror_made made;
    const struct driver *target; /* of the destination */
    struct catalog_vault *older; /* the mirror that the source has; NULL = none */
    char by_policy_only[CATALOG_TEXT_SIZE];
    char not_mirrorable[CATALOG_TEXT_SIZE];
    struct slot_source slot;
    struct open_vault source;
    struct open_target place;
};

void mirror_made_free(struct mirror_made *made)
{
    catalog_vault_free(made->source);
    catalog_vault_free(made->row);
    *made = (struct mirror_made){0};
}

/* Notes the first driver of the vault's backups that has a trait against mirrors.  A driver
 * that is not there any more has made its backups all the same. */
static int note_traits(void *context, const struct catalog_backup *backup, struct error *e)
{
    struct making *m = context;
    const struct driver *driver = NULL;
    struct error ignored = ERROR_INIT;
    (void)e;

    if (setup_driver(m->setup, backup->source_driver, LAGAN_KIND_SOURCE, &driver, &ignored) !=
        0)
        return 0;
    uint64_t traits = driver_traits(driver);
    if ((traits & LAGAN_TRAIT_BY_POLICY) != 0 && m->by_policy_only[0] == '\0')
        snprintf(m->by_policy_only, sizeof(m->by_policy_only), "%s", backup->source_driver);
    if ((traits & LAGAN_TRAIT_NOT_MIRRORED) != 0 && m->not_mirrorable[0] == '\0')
        snprintf(m->not_mirrorable, sizeof(m->not_mirrorable), "%s", backup->source_driver);
    return 0;
}

static int find_older(struct making *m, struct error *e)
{
    struct catalog *catalog = setup_catalog(m->setup);
    struct catalog_mirror mirror;
    int found = catalog_mirror_of(catalog, m->made.source->uuid, &mirror, e);

    if (found <= 0)
        return found;
    m->older = catalog_vault_get(catalog, mirror.vault, e);
    return m->older != NULL ? 0 : -1;
}

/* The provider of the mirror's own slot in words; NULL: a key file in its default place. */
static const char *provider_words(const struct making *m)
{
    return m->request->key != NULL ? m->request->key : m->to->key;
}

/* How the mirror would be encrypted, before anything is made. */
static int find_method(struct making *m, enum catalog_encryption *method, struct error *e)
{
    struct driver_words words = {0};
    const struct driver *driver = NULL;
    const char *text = provider_words(m);
    int result = 0;

    *method = CATALOG_ENCRYPTION_MANAGED;
    if (m->made.source->encryption == CATALOG_ENCRYPTION_PASSPHRASE && m->request->key == NULL)
        *method = CATALOG_ENCRYPTION_PASSPHRASE;
    else if (text != NULL) {
        result = driver_words_parse(text, &words, e);
        if (result == 0)
            result = setup_driver(m->setup, words.driver, LAGAN_KIND_KEY, &driver, e);
        if (result == 0 && (driver_traits(driver) & LAGAN_TRAIT_SERVICE) != 0)
            *method = CATALOG_ENCRYPTION_KMS;
        driver_words_clear(&words);
    }
    return result;
}

/* What somebody asked for must be what the provider gives. */
static int check_method(const struct making *m, enum catalog_encryption *method,
                        struct error *e)
{
    const char *asked = m->request->encryption;

    if (asked == NULL)
        return 0;
    int parsed = catalog_encryption_parse(asked);
    if (parsed < 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--encryption %s: it can be managed or kms", asked);
    if ((enum catalog_encryption)parsed != m->made.source->encryption)
        *method = (enum catalog_encryption)parsed;
    return 0;
}

static int ask_rules(struct making *m, struct error *e)
{
    struct mirror_wish wish = {
        .source = m->made.source,
        .mirror_name = m->older != NULL ? m->older->name : NULL,
        .mirror_region = m->older != NULL ? m->older->region : NULL,
        .region = m->to->name,
        .mirror_limit = setup_config(m->setup)->limits.mirrors,
        .way = m->request->way,
        .by_policy_only = m->by_policy_only[0] != '\0' ? m->by_policy_only : NULL,
        .not_mirrorable = m->not_mirrorable[0] != '\0' ? m->not_mirrorable : NULL,
        .cadence = m->request->cadence != NULL,
    };

    if (find_method(m, &wish.method, e) != 0 || check_method(m, &wish.method, e) != 0 ||
        catalog_mirror_count(setup_catalog(m->setup), m->to->name, &wish.mirrors, e) != 0)
        return -1;
    return mirror_may_be_made(&wish, e);
}

/* Notes what both regions stand on; some of it the configuration may forbid. */
static int ask_places(struct making *m, struct error *e)
{
    const struct config_mirror *config = &setup_config(m->setup)->mirror;
    const struct place_label *shared[PLACE_DOMAIN_LIMIT];
    struct place from, to;
    size_t used = 0;

    config_region_place(m->from, &from);
    config_region_place(m->to, &to);
    if (place_route(&from, &to, e) != 0 ||
        place_distinct(&from, &to, config->distinct, config->distinct_count, e) != 0)
        return -1;
    size_t count = place_shared_domains(&from, &to, shared);
    for (size_t i = 0; i < count && used < sizeof(m->made.shared); i++)
        used +=
            (size_t)snprintf(m->made.shared + used, sizeof(m->made.shared) - used, "%s%s = %s",
                             i > 0 ? ", " : "", shared[i]->name, shared[i]->value);
    m->made.row->redundancy =
        place_zone_redundant(&to) ? CATALOG_REDUNDANCY_ZONE : CATALOG_REDUNDANCY_LOCAL;
    const char *project = NULL;
    if (place_project(&to, m->request->project, &project, e) != 0)
        return -1;
    snprintf(m->made.row->project, sizeof(m->made.row->project), "%s", project);
    return 0;
}

static int draft_names(struct making *m, struct error *e)
{
    const struct mirror_request *request = m->request;
    const struct catalog_vault *source = m->made.source;
    struct catalog_vault *row = m->made.row;

    if ((request->name != NULL && name_check(NAME_VAULT, request->name, e) != 0) ||
        (request->description != NULL && name_check_description(request->description, e) != 0))
        return -1;
    if (request->name != NULL)
        snprintf(row->name, sizeof(row->name), "%s", request->name);
    if (request->description != NULL)
        snprintf(row->description, sizeof(row->description), "%s", request->description);
    else
        mirror_made_description(source->name, source->uuid, row->description,
                                sizeof(row->description));
    return 0;
}

/* On a command line --region is that of the mirror: only an id tells two vaults apart. */
static int find_source(struct making *m, struct error *e)
{
    const struct mirror_request *request = m->request;

    m->made.source =
        catalog_vault_find(setup_catalog(m->setup), request->source_region, request->vault, e);
    if (m->made.source != NULL)
        return 0;
    if (e->code == ERROR_AMBIGUOUS && request->vault != NULL)
        error_set(e, e->error_class, ERROR_AMBIGUOUS,
                  "several vaults are called '%s'; give the id of one, which `lagan vault "
                  "list` shows",
                  request->vault);
    return -1;
}

/* A made name may be that of an earlier mirror, which was stopped or waits to be purged. */
static int choose_place(struct making *m, struct error *e)
{
    enum { ATTEMPTS = 1000 };
    struct catalog_vault *row = m->made.row;

    if (m->request->name != NULL)
        return create_place(m->setup, m->to, m->target, row, e);
    for (unsigned number = 1;; number++) {
        struct error why = ERROR_INIT;
        mirror_made_name(m->made.source->name, number, row->name, sizeof(row->name));
        if (create_place(m->setup, m->to, m->target, row, &why) == 0)
            return 0;
        if (why.code == ERROR_NAME_TAKEN && number < ATTEMPTS)
            continue;
        *e = why;
        return -1;
    }
}

/* The row as far as it is known before anything is touched. */
static int draft(struct making *m, struct error *e)
{
    struct setup *s = m->setup;
    const struct mirror_request *request = m->request;

    if (request->region == NULL)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "say with --region where the mirror is to be");
    m->made.row = catalog_vault_new(e);
    if (find_source(m, e) != 0 || m->made.row == NULL || find_older(m, e) != 0 ||
        setup_region(s, m->made.source->region, &m->from, e) != 0 ||
        setup_region(s, request->region, &m->to, e) != 0 || ask_places(m, e) != 0 ||
        catalog_backup_list(setup_catalog(s), m->made.source->uuid, NULL, note_traits, m, e) !=
            0 ||
        ask_rules(m, e) != 0 || draft_names(m, e) != 0)
        return -1;
    struct catalog_vault *row = m->made.row;
    snprintf(row->region, sizeof(row->region), "%s", m->to->name);
    row->type = m->made.source->type;
    row->encryption = m->made.source->encryption;
    row->role = CATALOG_ROLE_MIRROR;
    row->state = CATALOG_VAULT_AVAILABLE;
    memcpy(row->lineage, m->made.source->lineage, sizeof(row->lineage));
    memcpy(row->root_public, m->made.source->root_public, sizeof(row->root_public));
    if (setup_driver(s, m->to->zones[0].name, LAGAN_KIND_TARGET, &m->target, e) != 0)
        return -1;
    return choose_place(m, e);
}

/* Opens what the mirror's own slot needs, and tells the row how the mirror is opened later. */
static int open_slot(struct making *m, struct error *e)
{
    const char *words = provider_words(m);
    struct catalog_vault *row = m->made.row;
    int result;

    if (row->encryption == CATALOG_ENCRYPTION_PASSPHRASE)
        return 0;
    result = words != NULL ? slot_source_provider(m->setup, words, &m->slot, e)
                           : slot_source_default(m->setup, row->name, &m->slot, e);
    if (result != 0)
        return -1;
    snprintf(row->key_driver, sizeof(row->key_driver), "%s", m->slot.driver);
    for (size_t i = 0; i < m->slot.parameters.count; i++) {
        const struct catalog_pair *pair = &m->slot.parameters.items[i];
        if (catalog_pairs_add(&row->key_parameters, pair->name, pair->value, e) != 0)
            return -1;
    }
    return 0;
}

static int open_source(struct making *m, struct error *e)
{
    struct catalog_vault *row =
        catalog_vault_get(setup_catalog(m->setup), m->made.source->uuid, e);

    if (row == NULL)
        return -1;
    return setup_vault_open_row(m->setup, row, m->request->source_key, true, &m->source, e);
}

/* Asked before a key is made for nothing.  What cannot be opened now is told when it is made.
 */
static int check_place(struct making *m, struct error *e)
{
    const struct catalog_vault *row = m->made.row;
    const uint8_t *own = vault_settings(m->source.vault)->uuid;
    struct open_target place = {0};
    struct vault *there = NULL;
    struct error ignored = ERROR_INIT;
    bool other = false;

    if (setup_target_open(m->setup, m->to, row->prefix, LAGAN_OPEN_READ_ONLY, &place,
                          &ignored) == 0 &&
        vault_open(place.target, NULL, &there, &ignored) == 0)
        other = memcmp(vault_settings(there)->uuid, own, VAULT_UUID_SIZE) != 0;
    vault_close(there);
    open_target_close(&place);
    if (!other)
        return 0;
    return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT,
                     "another vault lies at %s in region %s; give the mirror another --name",
                     row->prefix, m->to->name);
}

/* The id of an attempt that broke off stays: what it has written says so of itself. */
static int take_id(struct making *m, struct vault *copy, struct error *e)
{
    struct vault_about about = {0};
    int found = vault_about_read(copy, &about, e);

    if (found > 0)
        memcpy(m->made.row->uuid, about.id, sizeof(about.id));
    else if (found == 0)
        crypto_random(m->made.row->uuid, sizeof(m->made.row->uuid));
    vault_about_free(&about);
    return found < 0 ? -1 : 0;
}

/* Opens the copy with its own key, as it will be opened when the source is gone. */
static int open_copy(struct making *m, struct vault **copy, struct error *e)
{
    struct vault *v = NULL;

    if (vault_open(m->place.target, NULL, &v, e) != 0)
        return -1;
    if (setup_vault_unlock(m->setup, v, m->made.row,
                           m->slot.request.kind != 0 ? NULL : m->request->source_key, e) != 0) {
        vault_close(v);
        return error_context(e, "the mirror with its own key");
    }
    *copy = v;
    return 0;
}

static int say_what_it_is(struct making *m, struct vault *copy, struct error *e)
{
    const struct catalog_vault *source = m->made.source;
    struct about_source from = {{0}, "", ""};

    memcpy(from.id, source->uuid, sizeof(from.id));
    snprintf(from.vault, sizeof(from.vault), "%s", source->name);
    snprintf(from.region, sizeof(from.region), "%s", source->region);
    m->made.row->created_ns = clock_wall_ns();
    return about_write(copy, m->made.row, &from, e);
}

static int write_rows(struct making *m, struct vault *copy, struct error *e)
{
    const struct config_mirror *config = &setup_config(m->setup)->mirror;
    struct catalog *catalog = setup_catalog(m->setup);
    struct catalog_vault *row = m->made.row;
    struct catalog_mirror *mirror = &m->made.mirror;
    struct slots slots = {catalog, row->uuid, copy};

    memcpy(mirror->vault, row->uuid, sizeof(mirror->vault));
    memcpy(mirror->source, m->made.source->uuid, sizeof(mirror->source));
    mirror->created_ns = row->created_ns;
    mirror->history_ns = row->created_ns + config->history_delay_ns;
    mirror->delete_delay_ns = config->delete_delay_ns;
    mirror->rpo_ns = config->rpo_ns;
    if (mirror_state_step(CATALOG_MIRROR_INITIALIZING, MIRROR_EVENT_MADE, row->name,
                          &mirror->state, e) != 0 ||
        catalog_begin(catalog, e) != 0)
        return -1;
    if (catalog_mirror_insert(catalog, row, mirror, e) == 0 &&
        slots_record(&slots, NULL, e) == 0 &&
        catalog_audit_add(catalog, CATALOG_EVENT_MIRROR_CREATE, row->name, e,
                          "of vault %s in region %s, to region %s", m->made.source->name,
                          m->from->name, m->to->name) == 0)
        return catalog_commit(catalog, e);
    catalog_rollback(catalog);
    return -1;
}

static int write_copy(struct making *m, struct error *e)
{
    struct vault *copy = NULL;

    if (setup_target_open(m->setup, m->to, m->made.row->prefix, LAGAN_OPEN_INITIALISE,
                          &m->place, e) != 0 ||
        vault_copy_begin(m->source.vault, m->place.target,
                         m->slot.request.kind != 0 ? &m->slot.request : NULL, e) != 0 ||
        open_copy(m, &copy, e) != 0)
        return -1;
    int result = take_id(m, copy, e);
    if (result == 0)
        result = say_what_it_is(m, copy, e);
    if (result == 0)
        result = write_rows(m, copy, e);
    vault_close(copy);
    return result;
}

static int run(struct making *m, struct error *e)
{
    struct task task;
    char subject[CATALOG_TEXT_SIZE];
    int result = -1;

    snprintf(subject, sizeof(subject), "%.100s -> %.60s", m->made.source->name, m->to->name);
    task_begin(&task, setup_catalog(m->setup), CATALOG_TASK_VAULT_CREATE, m->made.source->uuid,
               NULL, subject, NULL);
    memcpy(m->made.task, task.row.id, sizeof(m->made.task));
    if (open_source(m, e) == 0 && check_place(m, e) == 0 && open_slot(m, e) == 0)
        result = write_copy(m, e);
    task_end(&task, result == 0 ? NULL : e);
    return result;
}

int mirror_create(struct setup *s, const struct mirror_request *request,
                  struct mirror_made *made, struct error *e)
{
    struct making m = {.setup = s, .request = request};
    int result = draft(&m, e) == 0 ? run(&m, e) : -1;

    open_target_close(&m.place);
    open_vault_close(&m.source);
    slot_source_close(&m.slot);
    catalog_vault_free(m.older);
    if (result == 0)
        *made = m.made;
    else
        mirror_made_free(&m.made);
    return result;
}

int mirror_check(struct setup *s, const struct mirror_request *request, struct error *e)
{
    struct making m = {.setup = s, .request = request};
    int result = draft(&m, e);

    catalog_vault_free(m.older);
    mirror_made_free(&m.made);
    return result;
}
