/* SPDX-License-Identifier: Apache-2.0 */
/* config_setting.c - the settings that are one value each: limits, mirrors, prices, the
 * runner, metrics. */
#include "engine/config_setting.h"

#include "base/text.h"
#include "engine/config_parse.h"
#include "engine/config_text.h"

#include <stdlib.h>
#include <string.h>

enum setting_kind {
    SETTING_COUNT,
    SETTING_AMOUNT,
    SETTING_SIZE,
    SETTING_DURATION,
    SETTING_MONEY,
    SETTING_TEXT
};

struct setting {
    const char *section, *key;
    enum setting_kind kind;
    size_t member; /* where it lies in struct config */
    int64_t initial, least, most;
    const char *right;
};

#define ROW(section, key, kind, member, initial, least, most, right)                           \
    {section, key,   SETTING_##kind, offsetof(struct config, member),                          \
     initial, least, most,           right},
static const struct setting settings[] = {
#define X(...) ROW("limits", __VA_ARGS__)
    CONFIG_LIMITS(X)
#undef X
#define X(...) ROW("mirror", __VA_ARGS__)
        CONFIG_MIRROR(X)
#undef X
#define X(...) ROW("prices", __VA_ARGS__)
            CONFIG_PRICES(X)
#undef X
#define X(...) ROW("runner", __VA_ARGS__)
                CONFIG_RUNNER(X)
#undef X
#define X(...) ROW("metrics", __VA_ARGS__)
                    CONFIG_METRICS(X)
#undef X
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };
_Static_assert((int)SETTINGS <= (int)CONFIG_SETTING_LIMIT, "struct config_said has room");

#define X(key, ...) CFG_STR(key, 0, CFGF_NODEFAULT),
cfg_opt_t parse_limits_options[] = {CONFIG_LIMITS(X) CFG_END()};
cfg_opt_t parse_mirror_options[] = {
    CONFIG_MIRROR(X) CFG_STR_LIST("distinct", 0, CFGF_NODEFAULT), CFG_END()};
cfg_opt_t parse_prices_options[] = {CONFIG_PRICES(X) CFG_END()};
cfg_opt_t parse_runner_options[] = {CONFIG_RUNNER(X) CFG_END()};
cfg_opt_t parse_metrics_options[] = {CONFIG_METRICS(X) CFG_END()};
#undef X

enum { NANOSECONDS = 1000000000, PRICE_DIGITS = 9 };

/* `number` (of TEXT: unused) as the kind keeps it. */
static void store(void *member, enum setting_kind kind, int64_t number, double money)
{
    switch (kind) {
    case SETTING_COUNT:
        *(unsigned *)member = (unsigned)number;
        break;
    case SETTING_AMOUNT:
    case SETTING_SIZE:
        *(uint64_t *)member = (uint64_t)number;
        break;
    case SETTING_DURATION:
        *(int64_t *)member = number;
        break;
    case SETTING_MONEY:
        *(double *)member = money;
        break;
    case SETTING_TEXT:
        break;
    }
}

static void *member_of(struct config *c, const struct setting *setting)
{
    return (char *)c + setting->member;
}

static int set_default_text(char **member, const char *key, struct error *e)
{
    const char *initial = config_text_default(key);

    if (initial == NULL)
        return 0;
    *member = strdup(initial);
    return *member != NULL ? 0 : error_no_memory(e, "the configuration");
}

int config_set_defaults(struct config *c, struct error *e)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        int64_t unit = s->kind == SETTING_DURATION ? NANOSECONDS : 1;
        store(member_of(c, s), s->kind, s->initial * unit, (double)s->initial);
        if (s->kind == SETTING_TEXT && set_default_text(member_of(c, s), s->key, e) != 0)
            return -1;
    }
    return 0;
}

/* "12", "0.023": digits, and up to nine more behind a point, whatever the locale is. */
static int parse_money(const char *text, double *money)
{
    size_t whole = strspn(text, "0123456789"), part = 0;
    uint64_t units, fraction = 0, scale = 1;
    char digits[32];

    if (whole == 0 || whole >= sizeof(digits))
        return -1;
    memcpy(digits, text, whole);
    digits[whole] = '\0';
    if (text_parse_u64(digits, &units) != 0)
        return -1;
    if (text[whole] == '.') {
        const char *rest = text + whole + 1;
        part = strlen(rest);
        if (part > PRICE_DIGITS || text_parse_u64(rest, &fraction) != 0)
            return -1;
    } else if (text[whole] != '\0') {
        return -1;
    }
    while (part-- > 0)
        scale *= 10;
    *money = (double)units + (double)fraction / (double)scale;
    return 0;
}

/* The value as a number within its borders. */
static int parse_number(const struct setting *s, const char *text, int64_t *number,
                        double *money)
{
    uint64_t value = 0;
    int64_t duration = 0, unit = 1;

    switch (s->kind) {
    case SETTING_MONEY:
        return parse_money(text, money) != 0 || *money > (double)s->most ? -1 : 0;
    case SETTING_DURATION:
        if (text_parse_duration(text, &duration) != 0)
            return -1;
        value = (uint64_t)duration;
        unit = NANOSECONDS;
        break;
    case SETTING_SIZE:
        if (text_parse_size(text, &value) != 0)
            return -1;
        break;
    default:
        if (text_parse_u64(text, &value) != 0)
            return -1;
    }
    if (value > INT64_MAX || (int64_t)value < s->least * unit ||
        (int64_t)value > s->most * unit)
        return -1;
    *number = (int64_t)value;
    return 0;
}

static int take_setting(struct parse *p, cfg_t *tree, size_t index)
{
    const struct setting *s = &settings[index];
    int section = scan_section_find(&p->scan, SCAN_ROOT, s->section, "");
    unsigned line = scan_key_line(&p->scan, section, s->key);
    const char *value = cfg_getstr(tree, s->key);
    struct config_place *said = &p->said->settings[index];
    int64_t number = 0;
    double money = 0;

    if (value == NULL)
        return 0;
    if (said->file != NULL)
        return parse_said_already(p, line, s->key, said);
    if (s->kind == SETTING_TEXT) {
        if (parse_check_text(p, line, s->key, value) != 0 ||
            parse_set_text(p, member_of(p->config, s), value) != 0)
            return -1;
    } else if (parse_number(s, value, &number, &money) != 0) {
        return parse_bad_value(p, line, s->key, value, s->right);
    }
    store(member_of(p->config, s), s->kind, number, money);
    *said = parse_place(p, line);
    return 0;
}

static bool is_label_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return size > 0 && name[size] == '\0' && size <= CONFIG_WORD_LIMIT && name[0] >= 'a' &&
           name[0] <= 'z';
}

static int take_distinct(struct parse *p, cfg_t *tree)
{
    struct config_mirror *mirror = &p->config->mirror;
    int section = scan_section_find(&p->scan, SCAN_ROOT, "mirror", "");
    unsigned line = scan_key_line(&p->scan, section, "distinct");

    if (line == 0)
        return 0;
    if (p->said->distinct.file != NULL)
        return parse_said_already(p, line, "distinct", &p->said->distinct);
    p->said->distinct = parse_place(p, line);
    for (unsigned i = 0; i < cfg_size(tree, "distinct"); i++) {
        const char *name = cfg_getnstr(tree, "distinct", i);
        if (!is_label_name(name))
            return parse_bad_value(p, line, "distinct", name,
                                   "the name of a label in `domains`, such as site");
        if (parse_is_listed(mirror->distinct, 0, mirror->distinct_count, name))
            return parse_bad_value(p, line, "distinct", name, "it stands there twice");
        if (mirror->distinct_count >= PLACE_DOMAIN_LIMIT)
            return parse_bad_value(p, line, "distinct", name, "there are more than 16");
        if (parse_add_text(p, &mirror->distinct, &mirror->distinct_count, name) != 0)
            return -1;
    }
    return 0;
}

int parse_settings(struct parse *p, cfg_t *tree)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        cfg_t *section = cfg_getsec(tree, settings[i].section);
        if (section != NULL && take_setting(p, section, i) != 0)
            return -1;
    }
    return take_distinct(p, cfg_getsec(tree, "mirror"));
}
