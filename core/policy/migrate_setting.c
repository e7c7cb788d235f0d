/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_setting.c - the settings of migrations: names, forms, and what they come to. */
#include "policy/migrate_rules.h"

#include "base/text.h"
#include "policy/batch_rules.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_LIMIT = 4096, NEAR_LIMIT = 3 };

static const struct {
    const char *name, *placeholder, *help;
} rows[MIGRATE_SETTING_COUNT] = {
#define X(symbol, name, placeholder, help) {name, placeholder, help},
    MIGRATE_SETTINGS(X)
#undef X
};

const char *migrate_setting_name(enum migrate_setting setting)
{
    return rows[setting].name;
}

const char *migrate_setting_placeholder(enum migrate_setting setting)
{
    return rows[setting].placeholder;
}

const char *migrate_setting_help(enum migrate_setting setting)
{
    return rows[setting].help;
}

static bool is_family(int setting)
{
    return setting == MIGRATE_SETTING_META || setting == MIGRATE_SETTING_TAG;
}

int migrate_setting_find(const char *name)
{
    for (int i = 0; i < MIGRATE_SETTING_COUNT; i++) {
        size_t size = strlen(rows[i].name);
        if (is_family(i) ? strncmp(name, rows[i].name, size) == 0 && name[size] != '\0'
                         : strcmp(name, rows[i].name) == 0)
            return i;
    }
    return -1;
}

/* ---- forms of values ---- */

static int take_word(const char *text, const char *const *words, size_t count, unsigned *value)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0) {
            *value = (unsigned)i;
            return 0;
        }
    return -1;
}

/* "skip" is what vendors call it. */
static int take_exists(struct migrate_plan *p, const char *value)
{
    static const char *const words[] = {"overwrite", "newer", "never", "skip"};
    unsigned word;

    if (take_word(value, words, 4, &word) != 0)
        return -1;
    p->exists = word == 3 ? MIGRATE_EXISTS_NEWER : (enum migrate_exists)word;
    return 0;
}

static int take_choice(struct migrate_plan *p, int setting, const char *value)
{
    static const char *const verify[] = {
#define X(symbol, name) name,
        MIGRATE_VERIFY_WORDS(X)
#undef X
    };
    static const char *const keep_replace[] = {"keep", "replace"};
    static const char *const none_keep[] = {"none", "keep"};
    unsigned word = 0;

    if (setting == MIGRATE_SETTING_VERIFY) {
        if (take_word(value, verify, MIGRATE_VERIFY_COUNT, &word) != 0)
            return -1;
        p->verify = (enum migrate_verify)word;
        return 0;
    }
    if (setting == MIGRATE_SETTING_ACL) {
        if (take_word(value, none_keep, 2, &word) != 0)
            return -1;
        p->keep_acl = word != 0;
        return 0;
    }
    if (take_word(value, keep_replace, 2, &word) != 0)
        return -1;
    p->replace_headers = word != 0;
    return 0;
}

/* Where the numbers of settings go, and their ranges. */
static int take_number(struct migrate_plan *p, int setting, const char *value)
{
    static const struct {
        int setting;
        uint64_t low, high;
    } ranges[] = {{MIGRATE_SETTING_BANDWIDTH, 1, 100000},
                  {MIGRATE_SETTING_PASSES, 1, 100},
                  {MIGRATE_SETTING_UNTIL, 0, UINT64_MAX},
                  {MIGRATE_SETTING_PARALLEL, 1, MIGRATE_PARALLEL_LIMIT},
                  {MIGRATE_SETTING_ATTEMPTS, 1, 10},
                  {MIGRATE_SETTING_UNIT_FILES, 1, MIGRATE_UNIT_FILES},
                  {MIGRATE_SETTING_UNIT_BYTES, 1, MIGRATE_UNIT_BYTES}};
    uint64_t number = 0;
    size_t row = 0;

    while (ranges[row].setting != setting)
        row++;
    int parsed = setting == MIGRATE_SETTING_UNIT_BYTES ? text_parse_size(value, &number)
                                                       : text_parse_u64(value, &number);
    if (parsed != 0 || number < ranges[row].low || number > ranges[row].high)
        return -1;
    p->mbps = setting == MIGRATE_SETTING_BANDWIDTH ? number : p->mbps;
    p->passes = setting == MIGRATE_SETTING_PASSES ? (unsigned)number : p->passes;
    p->until = setting == MIGRATE_SETTING_UNTIL ? number : p->until;
    p->parallel = setting == MIGRATE_SETTING_PARALLEL ? (unsigned)number : p->parallel;
    p->attempts = setting == MIGRATE_SETTING_ATTEMPTS ? (unsigned)number : p->attempts;
    p->unit_files = setting == MIGRATE_SETTING_UNIT_FILES ? number : p->unit_files;
    p->unit_bytes = setting == MIGRATE_SETTING_UNIT_BYTES ? number : p->unit_bytes;
    return 0;
}

/* 0 when the value is in its form. */
static int take(struct migrate_plan *p, int setting, const char *value)
{
    switch (setting) {
    case MIGRATE_SETTING_EXISTS:
        return take_exists(p, value);
    case MIGRATE_SETTING_HEADERS:
    case MIGRATE_SETTING_ACL:
    case MIGRATE_SETTING_VERIFY:
        return take_choice(p, setting, value);
    case MIGRATE_SETTING_SINCE:
        return batch_time_parse(value, &p->since_ns);
    case MIGRATE_SETTING_BEFORE:
        return batch_time_parse(value, &p->before_ns);
    case MIGRATE_SETTING_BANDWIDTH:
    case MIGRATE_SETTING_PASSES:
    case MIGRATE_SETTING_UNTIL:
    case MIGRATE_SETTING_PARALLEL:
    case MIGRATE_SETTING_ATTEMPTS:
    case MIGRATE_SETTING_UNIT_FILES:
    case MIGRATE_SETTING_UNIT_BYTES:
        return take_number(p, setting, value);
    case MIGRATE_SETTING_DESCRIPTION:
        return strlen(value) <= MIGRATE_DESCRIPTION_LIMIT ? 0 : -1;
    default:
        return 0;
    }
}

/* ---- properties of the copies ---- */

/* The property that a setting gives, or NULL. */
static const char *property_of(int setting, const char *name)
{
    static const char *const properties[MIGRATE_SETTING_COUNT] = {
        [MIGRATE_SETTING_CLASS] = LAGAN_PROPERTY_CLASS,
        [MIGRATE_SETTING_TYPE] = LAGAN_PROPERTY_TYPE,
        [MIGRATE_SETTING_ENCODING] = LAGAN_PROPERTY_ENCODING,
        [MIGRATE_SETTING_LANGUAGE] = LAGAN_PROPERTY_LANGUAGE,
        [MIGRATE_SETTING_DISPOSITION] = LAGAN_PROPERTY_DISPOSITION,
        [MIGRATE_SETTING_CACHE] = LAGAN_PROPERTY_CACHE,
    };

    return is_family(setting) ? name : properties[setting];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct lagan_metadata *)a)->name,
                  ((const struct lagan_metadata *)b)->name);
}

static void give(struct migrate_plan *p, const char *name, const char *value)
{
    p->give[p->give_count++] = (struct lagan_metadata){.kind = LAGAN_METADATA_PROPERTY,
                                                       .name_size = (uint32_t)strlen(name),
                                                       .name = name,
                                                       .value = value,
                                                       .value_size = strlen(value)};
}

/* ---- all of them ---- */

static int wrong(struct error *e, const char *name, const char *why)
{
    return error_set(e, LAGAN_INVALID, ERROR_MIGRATE_SETTING, "%.80s %s", name, why);
}

static int explain_name(const char *name, struct error *e)
{
    const char *near =
        text_nearest(name, &rows[0].name, sizeof(rows[0]), MIGRATE_SETTING_COUNT, NEAR_LIMIT);

    if (near != NULL)
        return error_set(e, LAGAN_INVALID, ERROR_MIGRATE_SETTING,
                         "migrations have no setting '%.80s'; did you mean %s?", name, near);
    return error_set(e, LAGAN_INVALID, ERROR_MIGRATE_SETTING,
                     "migrations have no setting '%.80s'; `lagan migrate create --help` lists "
                     "them",
                     name);
}

static const char *keep(struct migrate_plan *p, const char *text)
{
    char *copy = strdup(text);

    if (copy != NULL)
        p->owned[p->owned_count++] = copy;
    return copy;
}

static int take_pair(struct migrate_plan *p, const struct policy_pair *pair, struct error *e)
{
    int setting = migrate_setting_find(pair->name);
    size_t size = strlen(pair->value);

    if (setting < 0)
        return explain_name(pair->name, e);
    if (p->texts[setting] != NULL && !is_family(setting))
        return wrong(e, pair->name, "was given twice");
    if (size == 0 || size > TEXT_LIMIT || !text_is_clean_utf8(pair->value, size) ||
        take(p, setting, pair->value) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_MIGRATE_SETTING,
                         "setting %.80s=%.80s: expected %s (%s)", pair->name, pair->value,
                         rows[setting].placeholder, rows[setting].help);
    const char *name = keep(p, pair->name), *value = keep(p, pair->value);
    if (name == NULL || value == NULL)
        return error_no_memory(e, "settings");
    p->texts[setting] = value;
    if (property_of(setting, name) != NULL)
        give(p, property_of(setting, name), value);
    return 0;
}

static struct migrate_plan *plan_new(size_t count)
{
    struct migrate_plan *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->give = calloc(count + 1, sizeof(p->give[0]));
    p->owned = calloc(2 * count + 1, sizeof(p->owned[0]));
    p->verify = MIGRATE_VERIFY_CONTENT;
    p->passes = 3;
    p->attempts = 2;
    p->unit_files = MIGRATE_UNIT_FILES;
    p->unit_bytes = MIGRATE_UNIT_BYTES;
    if (p->give != NULL && p->owned != NULL)
        return p;
    migrate_plan_free(p);
    return NULL;
}

/* What cannot be together. */
static int check(struct migrate_plan *p, struct error *e)
{
    qsort(p->give, p->give_count, sizeof(p->give[0]), by_name);
    for (size_t i = 1; i < p->give_count; i++)
        if (strcmp(p->give[i].name, p->give[i - 1].name) == 0)
            return wrong(e, p->give[i].name, "was given twice");
    if (p->since_ns != 0 && p->before_ns != 0 && p->since_ns >= p->before_ns)
        return wrong(e, "modified-before",
                     "is not after modified-since: nothing would be left");
    return 0;
}

int migrate_plan_parse(const struct policy_pair *pairs, size_t count,
                       struct migrate_plan **plan, struct error *e)
{
    struct migrate_plan *p = plan_new(count);
    int result = p != NULL ? 0 : error_no_memory(e, "settings");

    for (size_t i = 0; i < count && result == 0; i++)
        result = take_pair(p, &pairs[i], e);
    if (result == 0)
        result = check(p, e);
    if (result == 0)
        *plan = p;
    else
        migrate_plan_free(p);
    return result;
}

void migrate_plan_free(struct migrate_plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->owned_count; i++)
        free(plan->owned[i]);
    free(plan->owned);
    free(plan->give);
    free(plan);
}
