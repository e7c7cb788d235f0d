/* SPDX-License-Identifier: Apache-2.0 */
/* policy_setting.c - the settings of policies one by one: names, forms and ranges. */
#include "policy/policy_private.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_S INT64_C(60)
#define HOUR_S INT64_C(3600)
#define DAY_S INT64_C(86400)

enum { TEXT_LIMIT = 4096, NEAR_LIMIT = 3, MONTHS_LIMIT = 12 * 999 };

static const struct {
    const char *name;
    unsigned kinds;
    const char *placeholder;
} names[POLICY_SETTING_COUNT] = {
#define X(symbol, name, kinds, placeholder, help) {name, kinds, placeholder},
    POLICY_SETTINGS(X)
#undef X
};

enum form {
    FORM_TEXT,     /* any clean UTF-8 */
    FORM_SCHEDULE, /* policy/schedule.h */
    FORM_ZONE,     /* base/timezone.h */
    FORM_SPAN,     /* from low to high seconds */
    FORM_CALENDAR, /* the same, or whole months */
    FORM_NUMBER,   /* from low to high */
    FORM_CHOICE    /* one of the words of the placeholder */
};

static const struct {
    enum form form;
    int64_t low, high;
    const char *expected;
} rules[POLICY_SETTING_COUNT] = {
    [POLICY_SETTING_SCHEDULE] = {.form = FORM_SCHEDULE},
    [POLICY_SETTING_ZONE] = {.form = FORM_ZONE},
    [POLICY_SETTING_JITTER] = {FORM_SPAN, 0, 7 * DAY_S, "a time from 0 to 7d, as 10m"},
    [POLICY_SETTING_WINDOW] = {FORM_SPAN, 0, 30 * DAY_S,
                               "a time up to 30d, as 6h; 0 = no limit"},
    [POLICY_SETTING_CATCH_UP] = {FORM_CHOICE, 0, 0, "none or one"},
    [POLICY_SETTING_TIMEOUT] = {FORM_SPAN, 0, 30 * DAY_S,
                                "a time up to 30d, as 12h; 0 = no limit"},
    [POLICY_SETTING_FULL_EVERY] = {FORM_NUMBER, -1, 100, "a number from -1 (never) to 100"},
    [POLICY_SETTING_KEEP_COUNT] = {FORM_NUMBER, -1, RETENTION_COUNT_MAX,
                                   "a number from 1 to 99999, or -1 for no limit"},
    [POLICY_SETTING_KEEP_TIME] = {FORM_CALENDAR, 1, 99999 * DAY_S,
                                  "a time up to 99999d, or months or years, as 30d, 6mo, 1y"},
    [POLICY_SETTING_KEEP_HOURLY] = {FORM_NUMBER, 0, RETENTION_PERIOD_MAX,
                                    "a number from 0 to 100"},
    [POLICY_SETTING_KEEP_DAILY] = {FORM_NUMBER, 0, RETENTION_PERIOD_MAX,
                                   "a number from 0 to 100"},
    [POLICY_SETTING_KEEP_WEEKLY] = {FORM_NUMBER, 0, RETENTION_PERIOD_MAX,
                                    "a number from 0 to 100"},
    [POLICY_SETTING_KEEP_MONTHLY] = {FORM_NUMBER, 0, RETENTION_PERIOD_MAX,
                                     "a number from 0 to 100"},
    [POLICY_SETTING_KEEP_YEARLY] = {FORM_NUMBER, 0, RETENTION_PERIOD_MAX,
                                    "a number from 0 to 100"},
    [POLICY_SETTING_KEEP_PICK] = {FORM_CHOICE, 0, 0, "last or first"},
    [POLICY_SETTING_KEEP_MIN] = {FORM_SPAN, 0, 99999 * DAY_S, "a time up to 99999d, as 14d"},
    [POLICY_SETTING_KEEP_FAILED] = {FORM_NUMBER, 0, 100, "a number from 0 to 100"},
    [POLICY_SETTING_CONSISTENCY] = {FORM_CHOICE, 0, 0, "none, crash or app"},
    [POLICY_SETTING_HOOK_TIMEOUT] = {FORM_SPAN, 1, DAY_S, "a time from 1s to 1d, as 60s"},
    [POLICY_SETTING_DRILL] = {FORM_SPAN, 0, 3660 * DAY_S,
                              "a time up to 3660d, as 30d; 0 = never"},
    [POLICY_SETTING_DRILL_SAMPLE] = {FORM_NUMBER, 1, 100, "a number from 1 to 100"},
    [POLICY_SETTING_NICE] = {FORM_NUMBER, 0, 19, "a number from 0 to 19"},
};

const char *policy_setting_name(enum policy_setting setting)
{
    return (unsigned)setting < POLICY_SETTING_COUNT ? names[setting].name : "unknown";
}

int policy_setting_find(const char *name)
{
    for (int i = 0; i < POLICY_SETTING_COUNT; i++) {
        if (strcmp(names[i].name, name) == 0)
            return i;
    }
    return -1;
}

const char *policy_consistency_name(enum policy_consistency consistency)
{
    static const char *const words[] = {"none", "crash", "app"};
    return (unsigned)consistency < 3 ? words[consistency] : "unknown";
}

static const char *kind_name(unsigned kind)
{
    return kind == POLICY_FOR_REPLICATION ? "replication" : "backup";
}

static int unknown_name(unsigned kind, const char *name, struct error *e)
{
    const char *nearest = NULL;
    size_t least = NEAR_LIMIT;

    for (int i = 0; i < POLICY_SETTING_COUNT; i++) {
        if ((names[i].kinds & kind) && text_distance(name, names[i].name) < least) {
            least = text_distance(name, names[i].name);
            nearest = names[i].name;
        }
    }
    if (nearest != NULL)
        return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                         "policies have no setting '%.64s'; did you mean %s?", name, nearest);
    return error_set(
        e, LAGAN_INVALID, ERROR_POLICY_SETTING,
        "policies have no setting '%.64s'; `lagan policy create --help` lists them", name);
}

int policy_setting_of(unsigned kind, const char *name, struct error *e)
{
    int setting = policy_setting_find(name);

    if (setting < 0)
        return unknown_name(kind, name, e);
    if ((names[setting].kinds & kind) == 0)
        return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                         "'%s' is a setting of %s policies, and this is a %s policy", name,
                         kind_name(names[setting].kinds), kind_name(kind));
    return setting;
}

static int wrong_value(enum policy_setting setting, const char *value, const char *expected,
                       struct error *e)
{
    return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING, "setting %s=%.100s: expected %s",
                     names[setting].name, value, expected);
}

/* ---- spans ---- */

static const struct {
    const char *name;
    int64_t ns, months;
} units[] = {{"s", SECOND_NS, 0},
             {"m", 60 * SECOND_NS, 0},
             {"h", HOUR_S *SECOND_NS, 0},
             {"d", DAY_S *SECOND_NS, 0},
             {"w", 7 * DAY_S *SECOND_NS, 0},
             {"mo", 0, 1},
             {"y", 0, 12}};

/* One number and its unit, which are added. */
static int take_part(const char **text, int64_t *ns, int64_t *months)
{
    size_t digits = strspn(*text, "0123456789");
    size_t letters = strspn(*text + digits, "dhmosyw");
    char number[20];
    uint64_t value;
    int64_t product;

    if (digits == 0 || digits >= sizeof(number))
        return -1;
    snprintf(number, sizeof(number), "%.*s", (int)digits, *text);
    if (text_parse_u64(number, &value) != 0)
        return -1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) != letters ||
            strncmp(*text + digits, units[i].name, letters) != 0)
            continue;
        *text += digits + letters;
        return __builtin_mul_overflow(value, units[i].ns, &product) ||
                       __builtin_add_overflow(*ns, product, ns) ||
                       __builtin_mul_overflow(value, units[i].months, &product) ||
                       __builtin_add_overflow(*months, product, months)
                   ? -1
                   : 0;
    }
    return -1;
}

int policy_span_parse(const char *text, int64_t *ns, int64_t *months, struct error *e)
{
    int64_t total_ns = 0, total_months = 0;
    const char *at = text;

    if (strcmp(text, "0") != 0) {
        do {
            if (take_part(&at, &total_ns, &total_months) != 0)
                return error_set(
                    e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                    "'%.64s' is no time; it is a number and s, m, h, d, w, mo or y, "
                    "as 90m, 30d, 6mo",
                    text);
        } while (*at != '\0');
    }
    *ns = total_ns;
    *months = total_months;
    return 0;
}

/* ---- values ---- */

static int read_span(enum policy_setting setting, const char *text, struct policy_value *value,
                     struct error *e)
{
    bool calendar = rules[setting].form == FORM_CALENDAR;
    int64_t ns, months;
    struct error no_span = ERROR_INIT;

    if (policy_span_parse(text, &ns, &months, &no_span) != 0)
        return wrong_value(setting, text, rules[setting].expected, e);
    if (months > 0 && !calendar)
        return wrong_value(setting, text, "days or less: months differ in length", e);
    if (months > 0 && ns > 0)
        return wrong_value(setting, text, "either months and years, or days and less", e);
    if (months > MONTHS_LIMIT)
        return wrong_value(setting, text, "at most 999y", e);
    if (months == 0 &&
        (ns < rules[setting].low * SECOND_NS || ns > rules[setting].high * SECOND_NS))
        return wrong_value(setting, text, rules[setting].expected, e);
    value->number = ns;
    value->months = months;
    return 0;
}

static int read_number(enum policy_setting setting, const char *text,
                       struct policy_value *value, struct error *e)
{
    bool negative = text[0] == '-';
    uint64_t size;
    int64_t number;

    if (text_parse_u64(text + negative, &size) != 0 || size > INT32_MAX)
        return wrong_value(setting, text, rules[setting].expected, e);
    number = negative ? -(int64_t)size : (int64_t)size;
    if (number < rules[setting].low || number > rules[setting].high)
        return wrong_value(setting, text, rules[setting].expected, e);
    /* Nobody means to keep none of his backups. */
    if (setting == POLICY_SETTING_KEEP_COUNT && number == 0)
        return wrong_value(setting, text, rules[setting].expected, e);
    value->number = number;
    return 0;
}

static int read_text(enum policy_setting setting, const char *text, struct error *e)
{
    size_t size = strlen(text);

    if (size == 0)
        return wrong_value(setting, text, "a text", e);
    if (size > TEXT_LIMIT)
        return wrong_value(setting, text, "4096 bytes at most", e);
    if (!text_is_clean_utf8(text, size))
        return wrong_value(setting, text, "UTF-8 without control characters", e);
    return 0;
}

int policy_value_read(enum policy_setting setting, const char *text, int64_t anchor_ns,
                      struct policy_value *value, struct error *e)
{
    switch (rules[setting].form) {
    case FORM_TEXT:
        return read_text(setting, text, e);
    case FORM_SCHEDULE:
        return schedule_parse(text, anchor_ns, &value->schedule, e);
    case FORM_ZONE:
        return timezone_load(text, &value->zone, e);
    case FORM_SPAN:
    case FORM_CALENDAR:
        return read_span(setting, text, value, e);
    case FORM_NUMBER:
        return read_number(setting, text, value, e);
    case FORM_CHOICE:
        value->number = text_choice(names[setting].placeholder, text);
        if (value->number < 0)
            return wrong_value(setting, text, rules[setting].expected, e);
        return 0;
    }
    return wrong_value(setting, text, "nothing", e);
}

int policy_setting_check(unsigned kind, const char *name, const char *value, struct error *e)
{
    struct policy_value read = {0};
    int setting = policy_setting_of(kind, name, e);

    if (setting < 0)
        return -1;
    int result = policy_value_read((enum policy_setting)setting, value, 0, &read, e);
    schedule_free(read.schedule);
    timezone_free(read.zone);
    return result;
}
