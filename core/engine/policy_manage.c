/* SPDX-License-Identifier: Apache-2.0 */
/* policy_manage.c - see policy_manage.h. */
#include "engine/policy_manage.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "catalog/run.h"
#include "engine/approval.h"
#include "engine/expire.h"
#include "policy/policy_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_LIMIT = 1000 /* of policies that wait for each other */ };

/* ---- facts ---- */

static const char *setting_of(const struct catalog_policy *row, enum policy_setting setting)
{
    return catalog_pairs_find(&row->settings, policy_setting_name(setting));
}

static struct policy_facts facts_of(const struct catalog_policy *row)
{
    return (struct policy_facts){
        .name = row->name,
        .kind = row->kind == CATALOG_POLICY_BACKUP ? POLICY_FOR_BACKUP : POLICY_FOR_REPLICATION,
        .to = setting_of(row, POLICY_SETTING_REPLICATE_TO),
        .mirror_to = setting_of(row, POLICY_SETTING_MIRROR_TO),
        .after = setting_of(row, POLICY_SETTING_AFTER)};
}

struct kind_count {
    enum catalog_policy_kind kind;
    uint64_t count;
};

static int count_policy(void *context, const struct catalog_policy *row, struct error *e)
{
    struct kind_count *search = context;
    (void)e;
    search->count += row->kind == search->kind;
    return 0;
}

static int read_counts(struct setup *s, const struct catalog_policy *row,
                       struct policy_facts *facts, struct error *e)
{
    struct kind_count search = {row->kind, 0};
    if (catalog_policy_list(setup_catalog(s), count_policy, &search, e) != 0)
        return -1;
    facts->policies = search.count;
    facts->limit = setup_config(s)->limits.policies;
    return 0;
}

static int read_vaults(struct setup *s, const struct catalog_policy *row,
                       struct policy_facts *facts, struct error *e)
{
    uint8_t(*vaults)[CATALOG_ID_SIZE] = NULL;
    size_t count = 0;
    if (catalog_policy_vaults(setup_catalog(s), row->id, &vaults, &count, e) != 0)
        return -1;
    free(vaults);
    facts->vaults = count;
    return 0;
}

/* The policy that the one called `name` waits for, into the same room; "" = none. */
static int next_in_chain(struct setup *s, char name[NAME_SIZE], struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_policy *row = catalog_policy_find(setup_catalog(s), name, &why);
    const char *after = row ? setting_of(row, POLICY_SETTING_AFTER) : NULL;
    snprintf(name, NAME_SIZE, "%s", after ? after : "");
    catalog_policy_free(row);
    if (row || why.code == ERROR_NO_POLICY)
        return 0;
    *e = why;
    return -1;
}

/* Whether following `after` from the policy leads back to it. */
static int read_chain(struct setup *s, struct policy_facts *facts, struct error *e)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "%s", facts->after ? facts->after : "");
    for (int i = 0; name[0] && i < CHAIN_LIMIT; i++) {
        if (strcmp(name, facts->name) == 0) {
            facts->after_itself = true;
            return 0;
        }
        if (next_in_chain(s, name, e) != 0)
            return -1;
    }
    return 0;
}

/* A policy that waits for this one. */
struct wait_search {
    const char *name;
    char found[NAME_SIZE];
};

static int find_waiting(void *context, const struct catalog_policy *row, struct error *e)
{
    struct wait_search *search = context;
    const char *after = setting_of(row, POLICY_SETTING_AFTER);
    (void)e;
    if (!after || strcmp(after, search->name) != 0 || strcmp(row->name, search->name) == 0)
        return 0;
    snprintf(search->found, sizeof(search->found), "%s", row->name);
    return 1;
}

/* ---- one transaction ---- */

/* Ends what catalog_begin began. */
static int end(struct setup *s, int result, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static int note(struct setup *s, enum catalog_event event, const struct catalog_policy *row,
                const char *words, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->id, CATALOG_ID_SIZE, id);
    return catalog_audit_add(setup_catalog(s), event, id, e, "%s: %s", row->name, words);
}

/* ---- approvers (DEL-12) ---- */

/* Whether there are any, before something is known of the vault but its id. */
static int approve_vault(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                         const char *words, bool spend, struct error *e)
{
    struct catalog_vault *row = catalog_vault_get(setup_catalog(s), vault, e);
    int result = -1;
    if (row)
        result = spend ? approval_spend(s, row, APPROVAL_POLICY_CHANGE, words, e)
                       : approval_ask(s, row, APPROVAL_POLICY_CHANGE, words, e);
    catalog_vault_free(row);
    return result;
}

/* Other rules let backups go: asks, or says that it is done, for every vault of the policy. */
static int approve_rules(struct setup *s, const struct catalog_policy *row, const char *words,
                         bool spend, struct error *e)
{
    uint8_t(*vaults)[CATALOG_ID_SIZE] = NULL;
    size_t count = 0;
    if (catalog_policy_vaults(setup_catalog(s), row->id, &vaults, &count, e) != 0)
        return -1;
    int result = 0;
    for (size_t i = 0; result == 0 && i < count; i++)
        result = approve_vault(s, vaults[i], words, spend, e);
    free(vaults);
    return result;
}

static void rules_words(const struct catalog_policy *draft, const struct policy_edit *edit,
                        char words[CATALOG_TEXT_SIZE])
{
    snprintf(words, CATALOG_TEXT_SIZE, "%.64s: %.160s", draft->name, edit->after);
}

/* ---- new ones ---- */

/* Replicas need a way from region to region. */
static int check_way(struct setup *s, const struct catalog_policy *policy,
                     const struct catalog_vault *vault, struct error *e)
{
    const char *to = setting_of(policy, POLICY_SETTING_REPLICATE_TO);
    const struct config_region *from = NULL, *region = NULL;
    struct place from_place, to_place;
    if (!to)
        return 0;
    if (setup_region(s, vault->region, &from, e) != 0 || setup_region(s, to, &region, e) != 0)
        return -1;
    config_region_place(from, &from_place);
    config_region_place(region, &to_place);
    return place_route(&from_place, &to_place, e);
}

int policy_manage_fits(struct setup *s, const struct catalog_policy *policy,
                       const struct catalog_vault *vault, struct error *e)
{
    struct policy_facts facts = facts_of(policy);
    struct error why = ERROR_INIT;
    struct catalog_policy *other =
        catalog_policy_of(setup_catalog(s), vault->uuid, policy->kind, &why);
    if (why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    facts.vault = vault->name;
    facts.role = (enum vault_role)vault->role;
    facts.state = (enum vault_state)vault->state;
    if (other && memcmp(other->id, policy->id, CATALOG_ID_SIZE) != 0)
        facts.other = other->name;
    int result = policy_may_be_applied(&facts, e);
    catalog_policy_free(other);
    return result == 0 ? check_way(s, policy, vault, e) : -1;
}

static int check_name_free(struct setup *s, const struct catalog_policy *draft, struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_policy *known = catalog_policy_find(setup_catalog(s), draft->name, &why);
    bool taken = known && strcmp(known->name, draft->name) == 0;
    catalog_policy_free(known);
    if (!taken)
        return 0;
    return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN, "there is a policy '%s' already",
                     draft->name);
}

int policy_manage_check_new(struct setup *s, const struct catalog_policy *draft,
                            struct error *e)
{
    struct policy_facts facts = facts_of(draft);
    if (check_name_free(s, draft, e) != 0 || read_counts(s, draft, &facts, e) != 0 ||
        read_chain(s, &facts, e) != 0)
        return -1;
    return policy_may_be_created(&facts, e);
}

static void say_settings(const struct catalog_policy *row, struct buffer *out)
{
    buffer_append_format(out, "%s policy", catalog_policy_kind_name(row->kind));
    for (size_t i = 0; i < row->settings.count; i++)
        buffer_append_format(out, "%s%s=%s", i > 0 ? ", " : " with ",
                             row->settings.items[i].name, row->settings.items[i].value);
}

static int apply_all(struct setup *s, const struct catalog_policy *row,
                     const struct catalog_vault *const *vaults, size_t count,
                     struct buffer *words, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        if (policy_manage_fits(s, row, vaults[i], e) != 0 ||
            approval_spend(s, vaults[i], APPROVAL_POLICY_CHANGE, row->name, e) != 0 ||
            catalog_policy_apply(setup_catalog(s), row, vaults[i]->uuid, e) != 0)
            return -1;
        buffer_append_format(words, "; for vault %s in region %s", vaults[i]->name,
                             vaults[i]->region);
    }
    buffer_append_u8(words, 0);
    return buffer_check(words, e);
}

int policy_manage_insert(struct setup *s, struct catalog_policy *draft,
                         const struct catalog_vault *const *vaults, size_t count,
                         struct error *e)
{
    struct buffer words CLEANUP_BUFFER = BUFFER_INIT;
    struct catalog *c = setup_catalog(s);
    for (size_t i = 0; i < count; i++)
        if (approval_ask(s, vaults[i], APPROVAL_POLICY_CHANGE, draft->name, e) != 0)
            return -1;
    if (catalog_begin(c, e) != 0)
        return -1;
    say_settings(draft, &words);
    int result = policy_manage_check_new(s, draft, e);
    if (result == 0)
        result = catalog_policy_insert(c, draft, e);
    if (result == 0)
        result = apply_all(s, draft, vaults, count, &words, e);
    if (result == 0)
        result = note(s, CATALOG_EVENT_POLICY_CREATE, draft, (const char *)words.data, e);
    return end(s, result, e);
}

/* ---- changes ---- */

static int may_be_changed(struct setup *s, const struct catalog_policy *row,
                          const struct catalog_policy *draft, struct error *e)
{
    struct policy_facts facts = facts_of(draft);
    facts.to_before = setting_of(row, POLICY_SETTING_REPLICATE_TO);
    facts.mirror_to_before = setting_of(row, POLICY_SETTING_MIRROR_TO);
    if (read_vaults(s, row, &facts, e) != 0 || read_chain(s, &facts, e) != 0)
        return -1;
    return policy_may_be_changed(&facts, e);
}

/* Slots up to now are done with: those that a new schedule would have had are none.  A cursor
 * that is ahead of a clock that was set back stays for the runner, who sees to what was decided
 * since. */
static int move_cursor(struct setup *s, const struct catalog_policy *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_policy *now = catalog_policy_get(c, row->id, e);
    int64_t now_ns = clock_wall_ns();
    int moved = now ? 0 : -1;
    if (now && now->cursor_ns < now_ns)
        moved = catalog_policy_cursor(c, now->id, now->cursor_ns, now_ns, e);
    catalog_policy_free(now);
    return moved < 0 ? -1 : 0;
}

static int store(struct setup *s, struct catalog_policy *draft, bool from_now,
                 const char *words, struct error *e)
{
    if (catalog_policy_update(setup_catalog(s), draft, e) != 0 ||
        (from_now && move_cursor(s, draft, e) != 0))
        return -1;
    return note(s, CATALOG_EVENT_POLICY_UPDATE, draft, words, e);
}

int policy_manage_update(struct setup *s, const struct catalog_policy *row,
                         struct catalog_policy *draft, struct error *e)
{
    struct policy_edit edit;
    char words[CATALOG_TEXT_SIZE];
    if (policy_manage_compare(row, draft, &edit, e) != 0)
        return -1;
    rules_words(draft, &edit, words);
    if ((edit.retention && approve_rules(s, row, words, false, e) != 0) ||
        catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    int result = may_be_changed(s, row, draft, e);
    if (result == 0 && edit.retention)
        result = approve_rules(s, row, words, true, e);
    if (result == 0)
        result = store(s, draft, edit.schedule, edit.changes, e);
    if (result == 0 && edit.retention)
        result = expire_rules_changed(s, row->name, &edit.rules_before, &edit.rules_after, e);
    return end(s, result, e);
}

int policy_manage_enable(struct setup *s, struct catalog_policy *row, bool enabled,
                         struct error *e)
{
    if (row->enabled == enabled)
        return 0;
    if (catalog_begin(setup_catalog(s), e) != 0)
        return -1;
    row->enabled = enabled;
    int result = store(s, row, enabled, enabled ? "enabled" : "disabled", e);
    if (result != 0)
        row->enabled = !enabled;
    return end(s, result, e);
}

static int may_be_deleted(struct setup *s, const struct catalog_policy *row, struct error *e)
{
    struct policy_facts facts = facts_of(row);
    struct wait_search search = {row->name, ""};
    if (catalog_policy_list(setup_catalog(s), find_waiting, &search, e) < 0)
        return -1;
    facts.awaited = search.found[0] ? search.found : NULL;
    return policy_may_be_deleted(&facts, e);
}

static int end_run(struct setup *s, const struct catalog_policy *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_run run;
    int open = catalog_run_open(c, row->id, &run, e);
    if (open > 0)
        return catalog_run_cancel(c, run.id, "its policy was deleted", e);
    return open;
}

int policy_manage_delete(struct setup *s, const struct catalog_policy *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = may_be_deleted(s, row, e);
    if (result == 0)
        result = end_run(s, row, e);
    if (result == 0)
        result = catalog_policy_delete(c, row->id, e);
    if (result == 0)
        result = note(s, CATALOG_EVENT_POLICY_DELETE, row, "its backups stay", e);
    return end(s, result, e);
}

/* ---- vaults ---- */

static int note_vault(struct setup *s, const struct catalog_policy *row, const char *verb,
                      const struct catalog_vault *vault, struct error *e)
{
    char words[CATALOG_TEXT_SIZE + NAME_SIZE + 64];
    snprintf(words, sizeof(words), "%s vault %s in region %s", verb, vault->name,
             vault->region);
    return note(s, CATALOG_EVENT_POLICY_UPDATE, row, words, e);
}

int policy_manage_apply(struct setup *s, const struct catalog_policy *row,
                        const struct catalog_vault *vault, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (policy_manage_fits(s, row, vault, e) != 0 ||
        approval_ask(s, vault, APPROVAL_POLICY_CHANGE, row->name, e) != 0 ||
        catalog_begin(c, e) != 0)
        return -1;
    int result = policy_manage_fits(s, row, vault, e);
    if (result == 0)
        result = approval_spend(s, vault, APPROVAL_POLICY_CHANGE, row->name, e);
    if (result == 0)
        result = catalog_policy_apply(c, row, vault->uuid, e);
    if (result == 0)
        result = note_vault(s, row, "holds for", vault, e);
    return end(s, result, e);
}

int policy_manage_withdraw(struct setup *s, const struct catalog_policy *row,
                           const struct catalog_vault *vault, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_policy_withdraw(c, row, vault->uuid, e);
    if (result == 0)
        result = note_vault(s, row, "withdrawn from", vault, e);
    else
        error_context(e, "vault %s", vault->name);
    return end(s, result, e);
}

int policy_manage_check_free(struct setup *s, const struct catalog_vault *vault,
                             struct error *e)
{
    static const enum catalog_policy_kind kinds[] = {CATALOG_POLICY_BACKUP,
                                                     CATALOG_POLICY_REPLICATION};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct error why = ERROR_INIT;
        struct catalog_policy *row =
            catalog_policy_of(setup_catalog(s), vault->uuid, kinds[i], &why);
        if (row)
            error_set(&why, LAGAN_PRECONDITION, ERROR_POLICY_APPLIED,
                      "the vault %s cannot be deleted: the policy %s holds for it; `lagan "
                      "policy withdraw %s %s` ends that, --force does not wait for it",
                      vault->name, row->name, row->name, vault->name);
        catalog_policy_free(row);
        if (why.error_class != LAGAN_OK) {
            *e = why;
            return -1;
        }
    }
    return 0;
}

struct source_count {
    const uint8_t *vault;
    uint64_t count;
};

static int count_source(void *context, const struct catalog_source *row, struct error *e)
{
    struct source_count *search = context;
    (void)e;
    search->count += memcmp(row->vault, search->vault, CATALOG_ID_SIZE) == 0;
    return 0;
}

int policy_manage_sources(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                          uint64_t *count, struct error *e)
{
    struct source_count search = {vault, 0};
    if (catalog_source_list(setup_catalog(s), count_source, &search, e) != 0)
        return -1;
    *count = search.count;
    return 0;
}
