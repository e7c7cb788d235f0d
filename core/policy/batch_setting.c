/* SPDX-License-Identifier: Apache-2.0 */
/* batch_setting.c - the settings of batch jobs: names, forms, ranges, and what they come to. */
#include "policy/batch_rules.h"

#include "base/text.h"
#include "base/timezone.h"
#include "policy/bandwidth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)

enum { TEXT_LIMIT = 4096, NEAR_LIMIT = 3 };

static const struct {
    const char *name, *placeholder, *help;
} rows[BATCH_SETTING_COUNT] = {
#define X(symbol, name, placeholder, help) {name, placeholder, help},
    BATCH_SETTINGS(X)
#undef X
};

const char *batch_setting_name(enum batch_setting setting)
{
    return rows[setting].name;
}

const char *batch_setting_placeholder(enum batch_setting setting)
{
    return rows[setting].placeholder;
}

const char *batch_setting_help(enum batch_setting setting)
{
    return rows[setting].help;
}

/* A name that is the start of many ends with a colon. */
static bool is_family(int setting)
{
    return setting == BATCH_SETTING_META || setting == BATCH_SETTING_TAG;
}

int batch_setting_find(const char *name)
{
    for (int i = 0; i < BATCH_SETTING_COUNT; i++) {
        size_t size = strlen(rows[i].name);
        if (is_family(i) ? strncmp(name, rows[i].name, size) == 0 && name[size] != '\0'
                         : strcmp(name, rows[i].name) == 0)
            return i;
    }
    return -1;
}

/* ---- forms of values ---- */

static int take_word(const char *text, const char *const *words, int count, int *value)
{
    for (int i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0) {
            *value = i;
            return 0;
        }
    return -1;
}

static int take_number(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    uint64_t number;

    if (text_parse_u64(text, &number) != 0 || number < low || number > high)
        return -1;
    *value = number;
    return 0;
}

static bool is_clock(const char *text, int *hour, int *minute, int *second)
{
    char extra;

    return strlen(text) == 10 &&
           sscanf(text, "T%2d:%2d:%2d%c", hour, minute, second, &extra) == 4 && extra == 'Z' &&
           *hour >= 0 && *hour < 24 && *minute >= 0 && *minute < 60 && *second >= 0 &&
           *second < 60;
}

int batch_time_parse(const char *text, int64_t *ns)
{
    static const char form[] = "0000-00-00";
    int year, month, day, hour = 0, minute = 0, second = 0;

    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return -1;
    sscanf(text, "%4d-%2d-%2d", &year, &month, &day);
    if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 ||
        (text[10] != '\0' && !is_clock(text + 10, &hour, &minute, &second)))
        return -1;
    int64_t days = timezone_days_of(year, month, day);
    int check_year, check_month, check_day;
    timezone_date_of(days, &check_year, &check_month, &check_day);
    if (check_month != month || check_day != day)
        return -1;
    *ns = (days * 86400 + hour * 3600 + minute * 60 + second) * SECOND_NS;
    return 0;
}

/* ---- one setting ---- */

#define WORDS(name, LIST)                                                                      \
    static const char *const name[] = {LIST(WORDS_ENTRY)};                                     \
    enum { name##_count = sizeof(name) / sizeof(name[0]) };
#define WORDS_ENTRY(symbol, word) word,
WORDS(exists_words, BATCH_EXISTS_WORDS)
WORDS(verify_words, BATCH_VERIFY_WORDS)

static int take_hash(const char *value)
{
    uint8_t hash[32];

    return text_unhex(value, hash, sizeof(hash));
}

static int take_bandwidth(const char *value)
{
    struct error ignored = ERROR_INIT;
    struct bandwidth parsed;

    return bandwidth_parse(value, &parsed, &ignored);
}

static int take_total(struct batch_plan *p, const char *value)
{
    if (strcmp(value, "unlimited") == 0) {
        p->total_limit = UINT64_MAX;
        return 0;
    }
    return text_parse_size(value, &p->total_limit);
}

static int take_acl(struct batch_plan *p, const char *value)
{
    p->keep_acl = strcmp(value, "copy") == 0;
    p->without_acl = strcmp(value, "none") == 0;
    return 0;
}

/* Settings that are a choice of words. */
static int take_choice(struct batch_plan *p, int setting, const char *value)
{
    static const char *const metadata[] = {"copy", "replace"};
    static const char *const profiles[] = {"native", "compat"};
    static const char *const no_yes[] = {"no", "yes"};
    static const char *const scopes[] = {"all", "failed"};
    int word = 0;

    switch (setting) {
    case BATCH_SETTING_EXISTS:
        if (take_word(value, exists_words, exists_words_count, &word) != 0)
            return -1;
        p->exists = (enum batch_exists)word;
        return 0;
    case BATCH_SETTING_VERIFY:
        if (take_word(value, verify_words, verify_words_count, &word) != 0)
            return -1;
        p->verify = (enum batch_verify)word;
        p->verify_given = true;
        return 0;
    case BATCH_SETTING_METADATA:
        return take_word(value, metadata, 2, &word) != 0 ? -1 : (p->replace_metadata = word, 0);
    case BATCH_SETTING_PROFILE:
        return take_word(value, profiles, 2, &word) != 0 ? -1 : (p->compat = word, 0);
    case BATCH_SETTING_CONFIRM:
        return take_word(value, no_yes, 2, &word) != 0 ? -1 : (p->confirm = word, 0);
    default:
        return take_word(value, scopes, 2, &word) != 0 ? -1 : (p->failed_only = word, 0);
    }
}

/* Settings that are a number. */
static int take_figure(struct batch_plan *p, int setting, const char *value)
{
    uint64_t number = 0;

    switch (setting) {
    case BATCH_SETTING_FAILURES:
        if (take_number(value, 1, 100, &number) != 0)
            return -1;
        p->failure_percent = (unsigned)number;
        return 0;
    case BATCH_SETTING_FAILURES_AFTER:
        return take_number(value, 0, UINT32_MAX, &p->failure_after);
    case BATCH_SETTING_PRIORITY:
        if (take_number(value, 0, INT32_MAX, &number) != 0)
            return -1;
        p->priority = (int32_t)number;
        return 0;
    default:
        if (take_number(value, 1, BATCH_PARALLEL_LIMIT, &number) != 0)
            return -1;
        p->parallel = (unsigned)number;
        return 0;
    }
}

/* 0 when the value is in its form. */
static int take(struct batch_plan *p, int setting, const char *value)
{
    switch (setting) {
    case BATCH_SETTING_HASH:
        return take_hash(value);
    case BATCH_SETTING_EXISTS:
    case BATCH_SETTING_VERIFY:
    case BATCH_SETTING_METADATA:
    case BATCH_SETTING_PROFILE:
    case BATCH_SETTING_CONFIRM:
    case BATCH_SETTING_SCOPE:
        return take_choice(p, setting, value);
    case BATCH_SETTING_FAILURES:
    case BATCH_SETTING_FAILURES_AFTER:
    case BATCH_SETTING_PRIORITY:
    case BATCH_SETTING_PARALLEL:
        return take_figure(p, setting, value);
    case BATCH_SETTING_ACL:
        return take_acl(p, value);
    case BATCH_SETTING_SINCE:
        return batch_time_parse(value, &p->since_ns);
    case BATCH_SETTING_UNSINCE:
        return batch_time_parse(value, &p->unsince_ns);
    case BATCH_SETTING_TOTAL:
        return take_total(p, value);
    case BATCH_SETTING_TOKEN:
        return strlen(value) <= BATCH_TOKEN_LIMIT ? 0 : -1;
    case BATCH_SETTING_DESCRIPTION:
        return strlen(value) <= BATCH_DESCRIPTION_LIMIT ? 0 : -1;
    case BATCH_SETTING_BANDWIDTH:
        return take_bandwidth(value);
    default:
        return 0;
    }
}

/* ---- properties of the copies ---- */

/* The property that a setting gives, or NULL. */
static const char *property_of(int setting, const char *name)
{
    static const char *const properties[BATCH_SETTING_COUNT] = {
        [BATCH_SETTING_CLASS] = LAGAN_PROPERTY_CLASS,
        [BATCH_SETTING_TYPE] = LAGAN_PROPERTY_TYPE,
        [BATCH_SETTING_ENCODING] = LAGAN_PROPERTY_ENCODING,
        [BATCH_SETTING_LANGUAGE] = LAGAN_PROPERTY_LANGUAGE,
        [BATCH_SETTING_DISPOSITION] = LAGAN_PROPERTY_DISPOSITION,
        [BATCH_SETTING_CACHE] = LAGAN_PROPERTY_CACHE,
        [BATCH_SETTING_ACL] = LAGAN_PROPERTY_ACL,
    };

    return is_family(setting) ? name : properties[setting];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct lagan_metadata *)a)->name,
                  ((const struct lagan_metadata *)b)->name);
}

static void give(struct batch_plan *p, const char *name, const char *value)
{
    p->give[p->give_count++] = (struct lagan_metadata){.kind = LAGAN_METADATA_PROPERTY,
                                                       .name_size = (uint32_t)strlen(name),
                                                       .name = name,
                                                       .value = value,
                                                       .value_size = strlen(value)};
}

/* BAT-24: how much may be given. */
static int check_given(const struct batch_plan *p, struct error *e)
{
    size_t meta = 0, tags = 0;

    for (size_t i = 0; i < p->give_count; i++) {
        const struct lagan_metadata *piece = &p->give[i];
        if (strncmp(piece->name, LAGAN_PROPERTY_META, strlen(LAGAN_PROPERTY_META)) == 0)
            meta += piece->name_size - strlen(LAGAN_PROPERTY_META) + piece->value_size;
        tags += strncmp(piece->name, LAGAN_PROPERTY_TAG, strlen(LAGAN_PROPERTY_TAG)) == 0;
        if (i > 0 && strcmp(piece->name, p->give[i - 1].name) == 0)
            return error_set(e, LAGAN_INVALID, ERROR_BATCH_SETTING, "%s was given twice",
                             piece->name);
    }
    if (meta > BATCH_META_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_BATCH_SETTING,
                         "meta: has %zu bytes of names and values; objects have up to %d", meta,
                         BATCH_META_LIMIT);
    if (tags > BATCH_TAG_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_BATCH_SETTING,
                         "tag: was given %zu times; objects have up to %d tags", tags,
                         BATCH_TAG_LIMIT);
    return 0;
}

/* ---- all of them ---- */

static int explain_name(const char *name, struct error *e)
{
    const char *near =
        text_nearest(name, &rows[0].name, sizeof(rows[0]), BATCH_SETTING_COUNT, NEAR_LIMIT + 1);

    return error_set(e, LAGAN_INVALID, ERROR_BATCH_SETTING,
                     "batch jobs have no setting '%.80s'%s%s; `lagan help batch create` lists "
                     "them",
                     name, near != NULL ? ": did you mean " : "", near != NULL ? near : "");
}

static int explain_value(int setting, const char *name, const char *value, struct error *e)
{
    return error_set(e, LAGAN_INVALID, ERROR_BATCH_SETTING, "%.80s=%.80s: it is %s: %s", name,
                     value, rows[setting].placeholder, rows[setting].help);
}

static const char *keep(struct batch_plan *p, const char *text)
{
    char *copy = strdup(text);

    if (copy != NULL)
        p->owned[p->owned_count++] = copy;
    return copy;
}

static int take_pair(struct batch_plan *p, const struct policy_pair *pair, struct error *e)
{
    int setting = batch_setting_find(pair->name);

    if (setting < 0)
        return explain_name(pair->name, e);
    if (p->texts[setting] != NULL && !is_family(setting))
        return error_set(e, LAGAN_INVALID, ERROR_BATCH_SETTING, "%s was given twice",
                         pair->name);
    size_t size = strlen(pair->value);
    if (size == 0 || size > TEXT_LIMIT || !text_is_clean_utf8(pair->value, size) ||
        take(p, setting, pair->value) != 0)
        return explain_value(setting, pair->name, pair->value, e);
    const char *name = keep(p, pair->name), *value = keep(p, pair->value);
    if (name == NULL || value == NULL)
        return error_no_memory(e, "settings");
    p->texts[setting] = value;
    const char *property = property_of(setting, name);
    if (property != NULL && !(setting == BATCH_SETTING_ACL && (p->keep_acl || p->without_acl)))
        give(p, property, value);
    return 0;
}

static struct batch_plan *plan_new(size_t count)
{
    struct batch_plan *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->give = calloc(count + 1, sizeof(p->give[0]));
    p->owned = calloc(2 * count + 1, sizeof(p->owned[0]));
    p->total_limit = BATCH_TOTAL_DEFAULT;
    p->failure_percent = 50;
    p->failure_after = 1000;
    p->parallel = 8;
    p->verify = BATCH_VERIFY_CHECKSUM;
    if (p->give != NULL && p->owned != NULL)
        return p;
    batch_plan_free(p);
    return NULL;
}

int batch_plan_parse(const struct policy_pair *pairs, size_t count, struct batch_plan **plan,
                     struct error *e)
{
    struct batch_plan *p = plan_new(count);
    int result = 0;

    if (p == NULL)
        return error_no_memory(e, "settings");
    for (size_t i = 0; i < count && result == 0; i++)
        result = take_pair(p, &pairs[i], e);
    if (result == 0 && p->texts[BATCH_SETTING_MANIFEST] == NULL)
        result = error_set(e, LAGAN_INVALID, ERROR_BATCH_SETTING,
                           "manifest is missing: manifest=FILE or manifest=source:NAME/KEY");
    if (result == 0) {
        qsort(p->give, p->give_count, sizeof(p->give[0]), by_name);
        result = check_given(p, e);
    }
    if (result == 0) {
        /* Stores do not compare what they have copied. */
        if (p->compat && !p->verify_given)
            p->verify = BATCH_VERIFY_SIZE;
        *plan = p;
        return 0;
    }
    batch_plan_free(p);
    return -1;
}

void batch_plan_free(struct batch_plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->owned_count; i++)
        free(plan->owned[i]);
    free(plan->owned);
    free(plan->give);
    free(plan);
}
