/* SPDX-License-Identifier: Apache-2.0 */
/* object_rules_setting.c - the settings of a rule: names, forms and ranges. */
#include "policy/object_rules.h"

#include "base/text.h"
#include "policy/bandwidth.h"
#include "policy/policy.h"

#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (INT64_C(86400) * SECOND_NS)

enum {
    NEAR_LIMIT = 3,
    CLASS_MAX = 64,
    SECONDS_DEFAULT = 60,
    PARALLEL_DEFAULT = 4,
    ATTEMPTS_DEFAULT = 8
};

static const struct {
    const char *name, *placeholder;
} names[OBJECT_RULE_SETTING_COUNT] = {
#define X(symbol, name, placeholder, help) {name, placeholder},
    OBJECT_RULE_SETTINGS(X)
#undef X
};

const char *object_rule_setting_name(enum object_rule_setting setting)
{
    return (unsigned)setting < OBJECT_RULE_SETTING_COUNT ? names[setting].name : "unknown";
}

int object_rule_setting_find(const char *name)
{
    for (int i = 0; i < OBJECT_RULE_SETTING_COUNT; i++) {
        if (strcmp(names[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int unknown_name(const char *name, struct error *e)
{
    const char *nearest = text_nearest(name, &names[0].name, sizeof(names[0]),
                                       OBJECT_RULE_SETTING_COUNT, NEAR_LIMIT);

    if (nearest != NULL)
        return error_set(e, LAGAN_INVALID, ERROR_RULE_SETTING,
                         "rules have no setting '%.64s'; did you mean %s?", name, nearest);
    return error_set(e, LAGAN_INVALID, ERROR_RULE_SETTING,
                     "rules have no setting '%.64s'; `lagan rule create --help` lists them",
                     name);
}

static int wrong(enum object_rule_setting setting, const char *value, const char *expected,
                 struct error *e)
{
    return error_set(e, LAGAN_INVALID,
                     setting == OBJECT_RULE_SETTING_PRIORITY ? ERROR_RULE_PRIORITY
                                                             : ERROR_RULE_SETTING,
                     "setting %s=%.100s: expected %s", names[setting].name, value, expected);
}

static int read_number(enum object_rule_setting setting, const char *value, unsigned most,
                       const char *expected, unsigned *number, struct error *e)
{
    uint64_t read;

    if (text_parse_u64(value, &read) != 0 || read < 1 || read > most)
        return wrong(setting, value, expected, e);
    *number = (unsigned)read;
    return 0;
}

static int read_span(enum object_rule_setting setting, const char *value, int64_t low_ns,
                     const char *expected, int64_t *ns, struct error *e)
{
    struct error ignored = ERROR_INIT;
    int64_t read, months;

    if (policy_span_parse(value, &read, &months, &ignored) != 0 || months != 0 ||
        read < low_ns || read > 366 * DAY_NS)
        return wrong(setting, value, expected, e);
    *ns = read;
    return 0;
}

static int read_choice(enum object_rule_setting setting, const char *value, int *number,
                       struct error *e)
{
    int choice = text_choice(names[setting].placeholder, value);

    if (choice < 0)
        return wrong(setting, value, names[setting].placeholder, e);
    *number = choice;
    return 0;
}

static int bad_tag(const char *value, const char *why, struct error *e)
{
    return error_set(e, LAGAN_INVALID, ERROR_RULE_TAGS, "setting tag=%.100s: %s", value, why);
}

static int read_tag(const char *value, struct object_rule *rule, struct error *e)
{
    const char *equals = strchr(value, '=');
    struct object_tag tag = {.name = value};

    if (equals == NULL || equals == value)
        return bad_tag(value, "expected KEY=VALUE, as tag=team=blue", e);
    tag.name_size = (size_t)(equals - value);
    tag.value = equals + 1;
    tag.value_size = strlen(tag.value);
    if (tag.name_size > OBJECT_RULE_TAG_NAME || tag.value_size > OBJECT_RULE_TAG_VALUE)
        return bad_tag(value, "a tag has a key of 128 bytes and a value of 256 at most", e);
    if (rule->tag_count == OBJECT_RULE_TAGS)
        return bad_tag(value, "a rule looks for 10 tags at most", e);
    for (size_t i = 0; i < rule->tag_count; i++) {
        if (rule->tags[i].name_size == tag.name_size &&
            memcmp(rule->tags[i].name, tag.name, tag.name_size) == 0)
            return bad_tag(value, "this key was given before, and an object has one of each",
                           e);
    }
    rule->tags[rule->tag_count++] = tag;
    return 0;
}

static int read_prefix(const char *value, struct object_rule *rule, struct error *e)
{
    size_t size = strlen(value);

    if (size > OBJECT_RULE_KEY)
        return wrong(OBJECT_RULE_SETTING_PREFIX, value, "1024 bytes at most", e);
    rule->prefix = value;
    rule->prefix_size = size;
    return 0;
}

static int read_class(const char *value, struct object_rule *rule, struct error *e)
{
    size_t size = strlen(value);

    if (size == 0 || size > CLASS_MAX || !text_is_clean_utf8(value, size))
        return wrong(OBJECT_RULE_SETTING_CLASS, value,
                     "keep, or a storage class of the "
                     "destination",
                     e);
    rule->storage_class = strcmp(value, "keep") == 0 ? NULL : value;
    return 0;
}

static int read_bandwidth(const char *value, struct object_rule *rule, struct error *e)
{
    struct bandwidth read;

    rule->bandwidth = value;
    return bandwidth_parse(value, &read, e);
}

static int read_text(enum object_rule_setting setting, const char *value,
                     struct object_rule *rule, struct error *e)
{
    switch (setting) {
    case OBJECT_RULE_SETTING_PREFIX:
        return read_prefix(value, rule, e);
    case OBJECT_RULE_SETTING_TAG:
        return read_tag(value, rule, e);
    case OBJECT_RULE_SETTING_CLASS:
        return read_class(value, rule, e);
    default:
        return read_bandwidth(value, rule, e);
    }
}

static int read_figure(enum object_rule_setting setting, const char *value,
                       struct object_rule *rule, struct error *e)
{
    switch (setting) {
    case OBJECT_RULE_SETTING_PRIORITY:
        return read_number(setting, value, OBJECT_RULE_PRIORITY_MAX, "a number from 1 to 1000",
                           &rule->priority, e);
    case OBJECT_RULE_SETTING_PARALLEL:
        return read_number(setting, value, 64, "a number from 1 to 64", &rule->parallel, e);
    case OBJECT_RULE_SETTING_ATTEMPTS:
        return read_number(setting, value, 100, "a number from 1 to 100", &rule->attempts, e);
    case OBJECT_RULE_SETTING_EVERY:
        return read_span(setting, value, SECOND_NS, "a time from 1s to 366d, as 5m",
                         &rule->every_ns, e);
    default:
        return read_span(setting, value, 0, "a time up to 366d, as 15m; 0 = none",
                         &rule->rpo_ns, e);
    }
}

static int read_one(enum object_rule_setting setting, const char *value,
                    struct object_rule *rule, struct error *e)
{
    int choice = 0;

    switch (setting) {
    case OBJECT_RULE_SETTING_DELETE_MARKER:
    case OBJECT_RULE_SETTING_ACL:
    case OBJECT_RULE_SETTING_VERIFY:
        if (read_choice(setting, value, &choice, e) != 0)
            return -1;
        if (setting == OBJECT_RULE_SETTING_DELETE_MARKER)
            rule->delete_marker = choice == 0;
        else if (setting == OBJECT_RULE_SETTING_ACL)
            rule->keep_acl = choice == 0;
        else
            rule->verify = choice;
        return 0;
    case OBJECT_RULE_SETTING_PREFIX:
    case OBJECT_RULE_SETTING_TAG:
    case OBJECT_RULE_SETTING_CLASS:
    case OBJECT_RULE_SETTING_BANDWIDTH:
        return read_text(setting, value, rule, e);
    default:
        return read_figure(setting, value, rule, e);
    }
}

static int read_all(const struct object_rule_pair *pairs, size_t count, bool *given,
                    struct object_rule *rule, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        int setting = object_rule_setting_find(pairs[i].name);
        if (setting < 0)
            return unknown_name(pairs[i].name, e);
        if (given[setting] && setting != OBJECT_RULE_SETTING_TAG)
            return error_set(e, LAGAN_INVALID, ERROR_RULE_SETTING,
                             "the setting %s was given twice", names[setting].name);
        given[setting] = true;
        if (read_one((enum object_rule_setting)setting, pairs[i].value, rule, e) != 0)
            return -1;
    }
    return 0;
}

int object_rule_parse(const struct object_rule_pair *pairs, size_t count,
                      struct object_rule *rule, struct error *e)
{
    bool given[OBJECT_RULE_SETTING_COUNT] = {false};
    struct object_rule read = {.name = rule->name,
                               .from = rule->from,
                               .to = rule->to,
                               .enabled = rule->enabled,
                               .prefix = "",
                               .delete_marker = true,
                               .keep_acl = true,
                               .every_ns = SECONDS_DEFAULT * SECOND_NS,
                               .parallel = PARALLEL_DEFAULT,
                               .attempts = ATTEMPTS_DEFAULT};

    if (read_all(pairs, count, given, &read, e) != 0)
        return -1;
    if (read.tag_count > 0 && given[OBJECT_RULE_SETTING_DELETE_MARKER] && read.delete_marker)
        return error_set(e, LAGAN_INVALID, ERROR_RULE_TAGS_MARKER,
                         "delete markers have no tags: a rule that looks for tags is one with "
                         "delete-marker=disabled");
    if (read.tag_count > 0)
        read.delete_marker = false;
    *rule = read;
    return 0;
}
