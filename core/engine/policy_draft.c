/* SPDX-License-Identifier: Apache-2.0 */
/* policy_draft.c - a policy as somebody wants it: its settings put together and checked. */
#include "engine/policy_manage.h"

#include <stdio.h>
#include <string.h>

static unsigned kind_of(const struct catalog_policy *row)
{
    return row->kind == CATALOG_POLICY_BACKUP ? POLICY_FOR_BACKUP : POLICY_FOR_REPLICATION;
}

/* ---- words ---- */

/* A value that is taken away needs only its name to be right. */
static int check_words(const struct catalog_policy *base, const struct catalog_pairs *words,
                       struct error *e)
{
    for (size_t i = 0; i < words->count; i++) {
        const struct catalog_pair *word = &words->items[i];
        bool known = policy_setting_find(word->name) >= 0;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(words->items[k].name, word->name) == 0)
                return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                                 "setting %s is given twice", word->name);
        }
        if ((!known || word->value[0]) &&
            policy_setting_check(kind_of(base), word->name, word->value, e) != 0)
            return -1;
    }
    return 0;
}

static int take_settings(struct catalog_policy *draft, const struct catalog_policy *base,
                         const struct catalog_pairs *words, struct error *e)
{
    for (size_t i = 0; i < base->settings.count; i++) {
        const struct catalog_pair *pair = &base->settings.items[i];
        if (!catalog_pairs_find(words, pair->name) &&
            catalog_pairs_add(&draft->settings, pair->name, pair->value, e) != 0)
            return -1;
    }
    for (size_t i = 0; i < words->count; i++) {
        const struct catalog_pair *pair = &words->items[i];
        if (pair->value[0] &&
            catalog_pairs_add(&draft->settings, pair->name, pair->value, e) != 0)
            return -1;
    }
    return 0;
}

/* ---- what the settings name ---- */

static int name_setting(enum policy_setting setting, const char *value, struct error *e)
{
    return error_context(e, "%s=%.80s", policy_setting_name(setting), value);
}

static int check_region(struct setup *s, const struct policy *policy, const char *name,
                        struct error *e)
{
    const struct config_region *region = NULL;
    struct place place;
    (void)policy;
    if (setup_region(s, name, &region, e) != 0)
        return -1;
    config_region_place(region, &place);
    return place_may_receive(&place, e);
}

static int check_into(struct setup *s, const struct policy *policy, const char *name,
                      struct error *e)
{
    const char *region = policy->texts[POLICY_SETTING_REPLICATE_TO];
    struct catalog_vault *vault = catalog_vault_find(setup_catalog(s), region, name, e);
    if (!vault)
        return -1;
    bool fits = vault->role == CATALOG_ROLE_REPLICATION;
    catalog_vault_free(vault);
    if (fits)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_REPLICA_VAULT,
                     "it is no replication vault; `lagan vault create NAME --region %s --role "
                     "replication` makes one",
                     region);
}

static int check_after(struct setup *s, const struct policy *policy, const char *name,
                       struct error *e)
{
    (void)policy;
    struct catalog_policy *other = catalog_policy_find(setup_catalog(s), name, e);
    bool by_name = other && strcmp(other->name, name) == 0;
    catalog_policy_free(other);
    if (by_name || !other)
        return by_name ? 0 : -1;
    return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                     "give the policy's name, not its id");
}

static int check_notify(struct setup *s, const struct policy *policy, const char *names,
                        struct error *e)
{
    (void)policy;
    while (*names) {
        char name[NAME_SIZE];
        size_t length = strcspn(names, ",");
        snprintf(name, sizeof(name), "%.*s", (int)length, names);
        if (!config_notify_find(setup_config(s), name))
            return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                             "the configuration has no `notify %s { }`; lagan.conf(5) "
                             "describes how to tell people",
                             name);
        names += length + (names[length] == ',');
    }
    return 0;
}

static const struct {
    enum policy_setting setting;
    int (*check)(struct setup *s, const struct policy *policy, const char *value,
                 struct error *e);
} references[] = {
    {POLICY_SETTING_REPLICATE_TO, check_region}, {POLICY_SETTING_MIRROR_TO, check_region},
    {POLICY_SETTING_REPLICATE_INTO, check_into}, {POLICY_SETTING_AFTER, check_after},
    {POLICY_SETTING_NOTIFY, check_notify},
};

static int check_references(struct setup *s, const struct policy *policy, struct error *e)
{
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
        const char *value = policy->texts[references[i].setting];
        if (value && references[i].check(s, policy, value, e) != 0)
            return name_setting(references[i].setting, value, e);
    }
    return 0;
}

static int fill(struct setup *s, const struct catalog_policy *base,
                const struct catalog_pairs *words, struct catalog_policy *draft,
                struct error *e)
{
    struct policy *policy = NULL;
    draft->settings = (struct catalog_pairs){NULL, 0};
    if (name_check(NAME_POLICY, draft->name, e) != 0 || check_words(base, words, e) != 0 ||
        take_settings(draft, base, words, e) != 0 || policy_row_parse(draft, &policy, e) != 0)
        return -1;
    int result = check_references(s, policy, e);
    policy_free(policy);
    return result;
}

int policy_manage_draft(struct setup *s, const struct catalog_policy *base,
                        const struct catalog_pairs *words, struct catalog_policy **draft,
                        struct error *e)
{
    struct catalog_policy *made = catalog_policy_new(e);
    if (!made)
        return -1;
    *made = *base;
    if (fill(s, base, words, made, e) != 0) {
        catalog_policy_free(made);
        return -1;
    }
    *draft = made;
    return 0;
}

/* ---- what is different ---- */

static void say_change(struct policy_edit *edit, const char *name, const char *after,
                       const char *before)
{
    size_t length = strlen(edit->changes);
    snprintf(edit->changes + length, sizeof(edit->changes) - length, "%s%s=%s%s%s%s",
             length > 0 ? ", " : "", name, after ? after : "", before ? " (was " : "",
             before ? before : "", before ? ")" : "");
}

static bool is_same(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static void compare_settings(const struct policy *before, const struct policy *after,
                             struct policy_edit *edit)
{
    for (int i = 0; i < POLICY_SETTING_COUNT; i++) {
        const char *name = policy_setting_name((enum policy_setting)i);
        if (is_same(before->texts[i], after->texts[i]))
            continue;
        say_change(edit, name, after->texts[i], before->texts[i]);
        edit->retention |= strncmp(name, "keep-", 5) == 0;
        edit->schedule |= i == POLICY_SETTING_SCHEDULE || i == POLICY_SETTING_ZONE;
    }
}

int policy_manage_compare(const struct catalog_policy *row, const struct catalog_policy *draft,
                          struct policy_edit *edit, struct error *e)
{
    struct policy *before = NULL, *after = NULL;
    int result = policy_row_parse(draft, &after, e);
    if (result == 0)
        result = policy_row_parse(row, &before, e);
    if (result == 0) {
        *edit = (struct policy_edit){.schedule = false};
        compare_settings(before, after, edit);
        edit->rules_before = before->retention;
        edit->rules_after = after->retention;
        edit->effect = retention_effect(&before->retention, &after->retention);
        retention_describe(&before->retention, edit->before, sizeof(edit->before));
        retention_describe(&after->retention, edit->after, sizeof(edit->after));
    }
    policy_free(before);
    policy_free(after);
    return result;
}
