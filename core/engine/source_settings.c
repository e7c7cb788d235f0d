/* SPDX-License-Identifier: Apache-2.0 */
/* source_settings.c - see source_settings.h. */
#include "engine/source_settings.h"

#include "base/text.h"
#include "catalog/audit.h"
#include "catalog/policy.h"

#include <string.h>

static const enum policy_setting settings[] = {
#define X(symbol) POLICY_SETTING_##symbol,
    SOURCE_SETTINGS(X)
#undef X
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

bool source_setting_is(enum policy_setting setting)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i] == setting)
            return true;
    }
    return false;
}

static int unknown(const char *name, struct error *e)
{
    struct buffer names CLEANUP_BUFFER = BUFFER_INIT;
    for (size_t i = 0; i < SETTINGS; i++)
        buffer_append_format(&names, "%s%s", i > 0 ? ", " : "",
                             policy_setting_name(settings[i]));
    buffer_append_u8(&names, 0);
    return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                     "a source has no setting '%.80s'; it has %s", name,
                     names.failed ? "others" : (const char *)names.data);
}

static int check_words(const struct catalog_pairs *words, struct error *e)
{
    for (size_t i = 0; i < words->count; i++) {
        const struct catalog_pair *word = &words->items[i];
        int setting = policy_setting_find(word->name);
        if (setting < 0 || !source_setting_is((enum policy_setting)setting))
            return unknown(word->name, e);
        if (word->value[0] &&
            policy_setting_check(POLICY_FOR_BACKUP, word->name, word->value, e) != 0)
            return -1;
    }
    return 0;
}

/* Those that stay, then the new ones. */
static int merge(const struct catalog_pairs *before, const struct catalog_pairs *words,
                 struct catalog_pairs *after, struct error *e)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct catalog_pair *pair = &before->items[i];
        if (!catalog_pairs_find(words, pair->name) &&
            catalog_pairs_add(after, pair->name, pair->value, e) != 0)
            return -1;
    }
    for (size_t i = 0; i < words->count; i++) {
        const struct catalog_pair *pair = &words->items[i];
        if (catalog_pairs_find(after, pair->name))
            return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                             "setting %s is given twice", pair->name);
        if (pair->value[0] && catalog_pairs_add(after, pair->name, pair->value, e) != 0)
            return -1;
    }
    return 0;
}

static int check_thaw(const struct catalog_pairs *after, struct error *e)
{
    if (!catalog_pairs_find(after, policy_setting_name(POLICY_SETTING_FREEZE)) ||
        catalog_pairs_find(after, policy_setting_name(POLICY_SETTING_THAW)))
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                     "setting freeze needs thaw, else the source would hold still for ever");
}

static int note(struct setup *s, const struct catalog_source *source,
                const struct catalog_pairs *words, struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(source->id, CATALOG_ID_SIZE, id);
    for (size_t i = 0; i < words->count; i++)
        buffer_append_format(&text, "%s%s=%s", i > 0 ? ", " : "", words->items[i].name,
                             words->items[i].value);
    buffer_append_u8(&text, 0);
    if (buffer_check(&text, e) != 0)
        return -1;
    return catalog_audit_add(setup_catalog(s), CATALOG_EVENT_SOURCE_UPDATE, id, e, "%s: %s",
                             source->name, (const char *)text.data);
}

static int change(struct setup *s, const struct catalog_source *source,
                  const struct catalog_pairs *words, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_pairs before = {NULL, 0}, after = {NULL, 0};
    int result = catalog_source_settings_get(c, source->id, &before, e);
    if (result == 0)
        result = merge(&before, words, &after, e);
    if (result == 0)
        result = check_thaw(&after, e);
    if (result == 0)
        result = catalog_source_settings_set(c, source->id, &after, e);
    if (result == 0)
        result = note(s, source, words, e);
    catalog_pairs_clear(&before);
    catalog_pairs_clear(&after);
    return result;
}

int source_settings_change(struct setup *s, const struct catalog_source *source,
                           const struct catalog_pairs *words, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (check_words(words, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    if (change(s, source, words, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}
