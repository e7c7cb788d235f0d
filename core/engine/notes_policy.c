/* SPDX-License-Identifier: Apache-2.0 */
/* notes_policy.c - policies in the vaults that they hold for, and back again. */
#include "engine/notes_private.h"

#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "crypto/hash.h"
#include "engine/approval.h"
#include "engine/policy_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pairs: these, settings behind SETTING, sources that are bound to the vault behind SOURCE (the
 * id; the value is the name), and their settings behind HOOK (the id, a colon, the name). */
static const char NAME[] = "name", KIND[] = "kind", ENABLED[] = "enabled", MADE[] = "created",
                  CHANGED[] = "changed", REVISION[] = "revision",
                  SETTING[] = "set:", SOURCE[] = "source:", HOOK[] = "source-set:";
enum {
    ID_TEXT = 2 * CATALOG_ID_SIZE + 1,
    KINDS = 2,
    SOURCE_ROOM = 64 /* pairs that one source may take */
};

static const enum catalog_policy_kind kinds[KINDS] = {CATALOG_POLICY_BACKUP,
                                                      CATALOG_POLICY_REPLICATION};

/* ---- into the vault ---- */

static int add_behind(struct vault_note *note, const char *prefix, const char *name,
                      const char *value, struct error *e)
{
    char text[2 * VAULT_ABOUT_NAME_LIMIT];
    snprintf(text, sizeof(text), "%s%s", prefix, name);
    return vault_about_add(&note->facts, text, value, e);
}

struct source_search {
    struct setup *setup;
    const uint8_t *vault;
    struct vault_note *note;
};

static int add_source(void *context, const struct catalog_source *row, struct error *e)
{
    struct source_search *search = context;
    struct catalog_pairs settings = {NULL, 0};
    char id[ID_TEXT], name[VAULT_ABOUT_NAME_LIMIT + 1];
    if (memcmp(row->vault, search->vault, CATALOG_ID_SIZE) != 0 ||
        search->note->facts.pair_count + SOURCE_ROOM > VAULT_ABOUT_PAIR_LIMIT)
        return 0; /* of very many sources the first are remembered */
    text_hex(row->id, CATALOG_ID_SIZE, id);
    int result = add_behind(search->note, SOURCE, id, row->name, e);
    if (result == 0)
        result =
            catalog_source_settings_get(setup_catalog(search->setup), row->id, &settings, e);
    for (size_t i = 0; result == 0 && i < settings.count; i++) {
        snprintf(name, sizeof(name), "%s:%s", id, settings.items[i].name);
        result = add_behind(search->note, HOOK, name, settings.items[i].value, e);
    }
    catalog_pairs_clear(&settings);
    return result;
}

static int fill_note(struct setup *s, const struct catalog_policy *policy,
                     const struct catalog_vault *row, struct vault_note *note, struct error *e)
{
    struct source_search search = {s, row->uuid, note};
    memcpy(note->topic, policy->id, sizeof(note->topic));
    if (vault_about_add(&note->facts, NAME, policy->name, e) != 0 ||
        vault_about_add(&note->facts, KIND, catalog_policy_kind_name(policy->kind), e) != 0 ||
        vault_about_add(&note->facts, ENABLED, policy->enabled ? "yes" : "no", e) != 0 ||
        notes_add_number(note, MADE, policy->created_ns, e) != 0 ||
        notes_add_number(note, CHANGED, policy->changed_ns, e) != 0 ||
        notes_add_number(note, REVISION, (int64_t)policy->revision, e) != 0)
        return -1;
    for (size_t i = 0; i < policy->settings.count; i++)
        if (add_behind(note, SETTING, policy->settings.items[i].name,
                       policy->settings.items[i].value, e) != 0)
            return -1;
    if (policy->kind != CATALOG_POLICY_BACKUP)
        return 0;
    return catalog_source_list(setup_catalog(s), add_source, &search, e);
}

/* The policies that hold for a vault. */
struct holding {
    struct catalog_policy *policies[KINDS]; /* NULL = none of that kind */
};

static void holding_clear(struct holding *h)
{
    for (int i = 0; i < KINDS; i++)
        catalog_policy_free(h->policies[i]);
}

static int holding_read(struct setup *s, const struct catalog_vault *row, struct holding *h,
                        struct error *e)
{
    *h = (struct holding){{NULL}};
    for (int i = 0; i < KINDS; i++) {
        struct error why = ERROR_INIT;
        h->policies[i] = catalog_policy_of(setup_catalog(s), row->uuid, kinds[i], &why);
        if (!h->policies[i] && why.error_class != LAGAN_OK) {
            holding_clear(h);
            *e = why;
            return -1;
        }
    }
    return 0;
}

struct cleaning {
    struct vault *vault;
    const struct holding *holding;
};

/* Policies that do not hold for the vault any more. */
static int take_back(void *context, const struct vault_note *found, struct error *e)
{
    const struct cleaning *cleaning = context;
    struct vault_note none = {.kind = VAULT_NOTE_POLICY};
    if (found->kind != VAULT_NOTE_POLICY)
        return 0;
    for (int i = 0; i < KINDS; i++) {
        const struct catalog_policy *policy = cleaning->holding->policies[i];
        if (policy && memcmp(policy->id, found->topic, sizeof(found->topic)) == 0)
            return 0;
    }
    memcpy(none.topic, found->topic, sizeof(none.topic));
    return vault_note_write(cleaning->vault, &none, e);
}

int notes_tell_policies(struct setup *s, struct vault *v, const struct catalog_vault *row,
                        struct error *e)
{
    struct holding h;
    if (holding_read(s, row, &h, e) != 0)
        return -1;
    struct cleaning cleaning = {v, &h};
    int result = 0;
    for (int i = 0; result == 0 && i < KINDS; i++) {
        struct vault_note note = {.kind = VAULT_NOTE_POLICY};
        if (!h.policies[i])
            continue;
        result = fill_note(s, h.policies[i], row, &note, e);
        if (result == 0)
            result = vault_note_write(v, &note, e);
        vault_note_free(&note);
    }
    if (result == 0)
        result = vault_note_list(v, take_back, &cleaning, e);
    holding_clear(&h);
    return result;
}

static void add_note(struct buffer *out, const struct vault_note *note)
{
    buffer_append(out, note->topic, sizeof(note->topic));
    for (size_t i = 0; i < note->facts.pair_count; i++) {
        const struct seal_pair *pair = &note->facts.pairs[i];
        buffer_append_counted(out, pair->name, strlen(pair->name));
        buffer_append_counted(out, pair->value, strlen(pair->value));
    }
}

int notes_mark(struct setup *s, const struct catalog_vault *row, char mark[65], struct error *e)
{
    struct buffer all CLEANUP_BUFFER = BUFFER_INIT;
    struct vault_note rules = {.kind = VAULT_NOTE_APPROVAL};
    uint8_t hash[HASH_SIZE];
    struct holding h;
    if (holding_read(s, row, &h, e) != 0)
        return -1;
    int result = approval_note(s, row, &rules, e);
    add_note(&all, &rules);
    for (int i = 0; result == 0 && i < KINDS; i++) {
        struct vault_note note = {.kind = VAULT_NOTE_POLICY};
        if (h.policies[i])
            result = fill_note(s, h.policies[i], row, &note, e);
        add_note(&all, &note);
        vault_note_free(&note);
    }
    vault_note_free(&rules);
    holding_clear(&h);
    if (result != 0 || buffer_check(&all, e) != 0)
        return -1;
    hash_sha256(all.data, all.size, hash);
    text_hex(hash, sizeof(hash), mark);
    return 0;
}

/* ---- back again ---- */

/* What stands behind the prefix in a pair's name, or NULL. */
static const char *behind(const struct seal_pair *pair, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(pair->name, prefix, length) == 0 ? pair->name + length : NULL;
}

static int fill_policy(const struct vault_note *note, struct catalog_policy *policy,
                       struct error *e)
{
    const char *enabled = vault_about_find(&note->facts, ENABLED);
    memcpy(policy->id, note->topic, sizeof(policy->id));
    policy->enabled = !enabled || strcmp(enabled, "no") != 0;
    policy->created_ns = notes_number(note, MADE);
    policy->changed_ns = notes_number(note, CHANGED);
    policy->revision = (uint64_t)notes_number(note, REVISION);
    if (policy->revision == 0)
        policy->revision = 1;
    for (size_t i = 0; i < note->facts.pair_count; i++) {
        const char *name = behind(&note->facts.pairs[i], SETTING);
        if (name &&
            catalog_pairs_add(&policy->settings, name, note->facts.pairs[i].value, e) != 0)
            return -1;
    }
    return 0;
}

/* What this program does not understand is there again, but does nothing by itself. */
static void check_settings(struct catalog_policy *policy)
{
    struct policy *parsed = NULL;
    struct error why = ERROR_INIT;
    if (policy_row_parse(policy, &parsed, &why) != 0) {
        log_write(LOG_WARNING, "catalog", "%s; it is disabled", why.text);
        policy->enabled = false;
    }
    policy_free(parsed);
}

/* Another one may be called so by now. */
static int choose_name(struct setup *s, const char *name, struct catalog_policy *policy,
                       struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_policy *other = catalog_policy_find(setup_catalog(s), name, &why);
    bool taken = other && strcmp(other->name, name) == 0;
    catalog_policy_free(other);
    if (!taken && name_check(NAME_POLICY, name, &why) == 0) {
        snprintf(policy->name, sizeof(policy->name), "%s", name);
        return 0;
    }
    if (catalog_policy_name(setup_catalog(s), policy->name, e) != 0)
        return -1;
    log_write(LOG_WARNING, "catalog",
              "there is a policy '%.80s' already: the one of storage "
              "is called %s",
              name, policy->name);
    return 0;
}

static int restore(struct setup *s, const struct vault_note *note, const char *name, int kind,
                   const struct catalog_vault *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_policy *policy = catalog_policy_new(e);
    char id[ID_TEXT];
    int enabled = -1;
    if (!policy)
        return -1;
    policy->kind = (enum catalog_policy_kind)kind;
    if (fill_policy(note, policy, e) == 0 && choose_name(s, name, policy, e) == 0) {
        check_settings(policy);
        text_hex(policy->id, CATALOG_ID_SIZE, id);
        if (catalog_policy_restore(c, policy, e) == 0 &&
            catalog_audit_add(c, CATALOG_EVENT_POLICY_CREATE, id, e,
                              "%s: brought back, %s, from the vault %s", policy->name,
                              policy->enabled ? "enabled" : "disabled", row->name) == 0)
            enabled = policy->enabled;
    }
    catalog_policy_free(policy);
    return enabled;
}

/* A vault has one policy of each kind: who holds for it now stays. */
static int apply(struct setup *s, const struct vault_note *note,
                 const struct catalog_vault *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct error why = ERROR_INIT;
    struct catalog_policy *policy = catalog_policy_get(c, note->topic, e);
    if (!policy)
        return -1;
    struct catalog_policy *other = catalog_policy_of(c, row->uuid, policy->kind, &why);
    int result = 0;
    if (!other && why.error_class != LAGAN_OK) {
        *e = why;
        result = -1;
    } else if (!other) {
        result = catalog_policy_apply(c, policy, row->uuid, e);
    }
    catalog_policy_free(other);
    catalog_policy_free(policy);
    return result;
}

static int take_hooks(struct setup *s, const struct vault_note *note, const char *id,
                      const uint8_t source[CATALOG_ID_SIZE], struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_pairs known = {NULL, 0}, found = {NULL, 0};
    size_t length = strlen(id);
    int result = catalog_source_settings_get(c, source, &known, e);
    for (size_t i = 0; result == 0 && known.count == 0 && i < note->facts.pair_count; i++) {
        const struct seal_pair *pair = &note->facts.pairs[i];
        const char *name = behind(pair, HOOK);
        if (name && strncmp(name, id, length) == 0 && name[length] == ':')
            result = catalog_pairs_add(&found, name + length + 1, pair->value, e);
    }
    if (result == 0 && found.count > 0)
        result = catalog_source_settings_set(c, source, &found, e);
    catalog_pairs_clear(&known);
    catalog_pairs_clear(&found);
    return result;
}

/* A source that is not bound elsewhere by now. */
static int bind_source(struct setup *s, const struct vault_note *note, const char *id,
                       const struct catalog_vault *row, struct notes_taken *taken,
                       struct error *e)
{
    static const uint8_t none[CATALOG_ID_SIZE];
    uint8_t uuid[CATALOG_ID_SIZE];
    struct error why = ERROR_INIT;
    if (text_unhex(id, uuid, sizeof(uuid)) != 0)
        return 0;
    struct catalog_source *source = catalog_source_get(setup_catalog(s), uuid, &why);
    if (!source && why.code == ERROR_NO_SOURCE)
        return 0; /* it was another machine's */
    int result = source ? take_hooks(s, note, id, uuid, e) : -1;
    if (!source)
        *e = why;
    if (result == 0 && memcmp(source->vault, none, sizeof(none)) == 0) {
        memcpy(source->vault, row->uuid, sizeof(source->vault));
        result = catalog_source_update(setup_catalog(s), source, e);
        taken->sources_bound += result == 0;
    }
    catalog_source_free(source);
    return result;
}

static int bind_sources(struct setup *s, const struct vault_note *note,
                        const struct catalog_vault *row, struct notes_taken *taken,
                        struct error *e)
{
    for (size_t i = 0; i < note->facts.pair_count; i++) {
        const char *id = behind(&note->facts.pairs[i], SOURCE);
        if (id && bind_source(s, note, id, row, taken, e) != 0)
            return -1;
    }
    return 0;
}

int notes_take_policy(struct setup *s, const struct vault_note *note,
                      const struct catalog_vault *row, bool new_vault,
                      struct notes_taken *taken, struct error *e)
{
    const char *name = vault_about_find(&note->facts, NAME);
    const char *word = vault_about_find(&note->facts, KIND);
    int kind = word ? catalog_policy_kind_parse(word) : -1;
    struct error why = ERROR_INIT;
    if (!name || kind < 0) {
        log_write(LOG_WARNING, "catalog",
                  "a note in the vault %s tells of no policy that is known here", row->name);
        return 0;
    }
    struct catalog_policy *known = catalog_policy_get(setup_catalog(s), note->topic, &why);
    bool is_new = !known;
    catalog_policy_free(known);
    if (is_new && why.code != ERROR_NO_POLICY) {
        *e = why;
        return -1;
    }
    if (is_new) {
        int enabled = restore(s, note, name, kind, row, e);
        if (enabled < 0)
            return -1;
        taken->policies_new++;
        taken->policies_disabled += enabled == 0;
    }
    if ((!is_new && !new_vault) || row->role == CATALOG_ROLE_MIRROR)
        return 0; /* what the catalog says stands; nobody else writes to a mirror */
    return apply(s, note, row, e) == 0 ? bind_sources(s, note, row, taken, e) : -1;
}
