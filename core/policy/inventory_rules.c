/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_rules.c - see inventory_rules.h. */
#include "policy/inventory_rules.h"

#include "base/text.h"
#include "base/timezone.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROWS_DEFAULT = 1000000, ROWS_MOST = 100000000, PREFIX_LIMIT = 512, APPID_LIMIT = 64 };

static const struct {
    const char *heading, *word;
    enum inventory_presence presence;
} fields[INVENTORY_FIELD_COUNT] = {
#define X(symbol, heading, word, presence) {heading, word, presence},
    INVENTORY_FIELDS(X)
#undef X
};

static const struct {
    const char *name, *placeholder, *help;
} rows[INVENTORY_SETTING_COUNT] = {
#define X(symbol, name, placeholder, help) {name, placeholder, help},
    INVENTORY_SETTINGS(X)
#undef X
};

const char *inventory_field_heading(enum inventory_field field)
{
    return fields[field].heading;
}

int inventory_field_find(const char *heading)
{
    for (int i = 0; i < INVENTORY_FIELD_COUNT; i++)
        if (strcasecmp(heading, fields[i].heading) == 0)
            return i;
    return -1;
}

const char *inventory_setting_name(enum inventory_setting setting)
{
    return rows[setting].name;
}

const char *inventory_setting_placeholder(enum inventory_setting setting)
{
    return rows[setting].placeholder;
}

const char *inventory_setting_help(enum inventory_setting setting)
{
    return rows[setting].help;
}

int inventory_setting_find(const char *name)
{
    for (int i = 0; i < INVENTORY_SETTING_COUNT; i++)
        if (strcmp(name, rows[i].name) == 0)
            return i;
    return -1;
}

static bool is_plain(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.";

    return text[0] != '\0' && text[strspn(text, allowed)] == '\0' && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

int inventory_name_check(const char *name, struct error *e)
{
    if (is_plain(name) && strlen(name) <= INVENTORY_NAME_LIMIT && name[0] != '-')
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                     "inventory '%.80s': names have 1 to %d letters, digits, '-', '_' and '.', "
                     "and do not begin with '-'",
                     name, INVENTORY_NAME_LIMIT);
}

/* ---- one setting ---- */

static int take_fields(struct inventory_plan *p, const char *value)
{
    bool named[INVENTORY_FIELD_COUNT] = {false};

    while (*value != '\0') {
        size_t size = strcspn(value, ",");
        int field = 0;
        while (field < INVENTORY_FIELD_COUNT && (strlen(fields[field].word) != size ||
                                                 strncmp(fields[field].word, value, size) != 0))
            field++;
        if (field == INVENTORY_FIELD_COUNT || fields[field].presence == INVENTORY_OF_VERSIONS)
            return -1;
        named[field] = true;
        value += size + (value[size] == ',');
    }
    for (int i = 0; i < INVENTORY_FIELD_COUNT; i++)
        if (fields[i].presence == INVENTORY_BY_DEFAULT ||
            fields[i].presence == INVENTORY_WHEN_ASKED)
            p->fields[i] = named[i];
    return 0;
}

/* Names are made of it: no part of it may lead anywhere else. */
static int take_prefix(const char *value)
{
    if (strlen(value) > PREFIX_LIMIT)
        return -1;
    for (const char *part = value;; part++) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (size <= 2 && strncmp(part, "..", size) == 0))
            return -1;
        part += size;
        if (*part == '\0')
            return 0;
    }
}

static int take_versions(struct inventory_plan *p, const char *value)
{
    p->all_versions = strcmp(value, "all") == 0;
    return p->all_versions || strcmp(value, "current") == 0 ? 0 : -1;
}

static int take(struct inventory_plan *p, int setting, const char *value)
{
    switch (setting) {
    case INVENTORY_SETTING_TO_PREFIX:
        p->to_prefix = value;
        return take_prefix(value);
    case INVENTORY_SETTING_APPID:
        p->appid = value;
        return is_plain(value) && strlen(value) <= APPID_LIMIT ? 0 : -1;
    case INVENTORY_SETTING_VERSIONS:
        return take_versions(p, value);
    case INVENTORY_SETTING_FIELDS:
        return take_fields(p, value);
    case INVENTORY_SETTING_ROWS:
        return text_parse_u64(value, &p->rows) == 0 && p->rows > 0 && p->rows <= ROWS_MOST ? 0
                                                                                           : -1;
    default:
        return 0;
    }
}

/* ---- all of them ---- */

static int take_pair(struct inventory_plan *p, const struct policy_pair *pair, struct error *e)
{
    int setting = inventory_setting_find(pair->name);

    if (setting < 0)
        return error_set(e, LAGAN_INVALID, ERROR_INVENTORY_SETTING,
                         "inventories have no setting '%.80s'; `lagan help inventory create` "
                         "lists them",
                         pair->name);
    if (p->owned[setting] != NULL)
        return error_set(e, LAGAN_INVALID, ERROR_INVENTORY_SETTING, "%s was given twice",
                         pair->name);
    p->owned[setting] = strdup(pair->value);
    if (p->owned[setting] == NULL)
        return error_no_memory(e, "settings");
    p->texts[setting] = p->owned[setting];
    size_t size = strlen(pair->value);
    if (size > 0 && text_is_clean_utf8(pair->value, size) &&
        take(p, setting, p->owned[setting]) == 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_INVENTORY_SETTING, "%s=%.80s: it is %s: %s",
                     pair->name, pair->value, rows[setting].placeholder, rows[setting].help);
}

/* BAT-09: daily or weekly, at midnight and on Sundays unless it says more. */
static int take_schedule(struct inventory_plan *p, int64_t anchor_ns, struct error *e)
{
    const char *zone = p->texts[INVENTORY_SETTING_ZONE];
    const char *text = p->texts[INVENTORY_SETTING_SCHEDULE];

    if (timezone_load(zone != NULL ? zone : "local", &p->zone, e) != 0)
        return -1;
    if (text == NULL)
        return 0;
    if (strcmp(text, "daily") == 0)
        text = "daily 00:00";
    else if (strcmp(text, "weekly") == 0)
        text = "weekly sun 00:00";
    else if (strncmp(text, "daily ", 6) != 0 && strncmp(text, "weekly ", 7) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_INVENTORY_SETTING,
                         "schedule=%.80s: inventories are made daily or weekly, as in 'daily "
                         "02:00' or 'weekly sun 03:00'",
                         text);
    return schedule_parse(text, anchor_ns, &p->schedule, e);
}

static struct inventory_plan *plan_new(void)
{
    struct inventory_plan *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->to_prefix = "inventory";
    p->appid = "lagan";
    p->rows = ROWS_DEFAULT;
    for (int i = 0; i < INVENTORY_FIELD_COUNT; i++)
        p->fields[i] = fields[i].presence == INVENTORY_ALWAYS ||
                       fields[i].presence == INVENTORY_BY_DEFAULT;
    return p;
}

int inventory_plan_parse(const struct policy_pair *pairs, size_t count, int64_t anchor_ns,
                         struct inventory_plan **plan, struct error *e)
{
    struct inventory_plan *p = plan_new();
    int result = 0;

    if (p == NULL)
        return error_no_memory(e, "settings");
    for (size_t i = 0; i < count && result == 0; i++)
        result = take_pair(p, &pairs[i], e);
    if (result == 0 && p->texts[INVENTORY_SETTING_TO] == NULL)
        result = error_set(e, LAGAN_INVALID, ERROR_INVENTORY_SETTING,
                           "to is missing: to=SOURCE or to=DIR says where it is written");
    if (result == 0)
        result = take_schedule(p, anchor_ns, e);
    if (result != 0) {
        inventory_plan_free(p);
        return -1;
    }
    for (int i = 0; i < INVENTORY_FIELD_COUNT; i++)
        if (fields[i].presence == INVENTORY_OF_VERSIONS)
            p->fields[i] = p->all_versions;
    *plan = p;
    return 0;
}

void inventory_plan_free(struct inventory_plan *plan)
{
    if (plan == NULL)
        return;
    schedule_free(plan->schedule);
    timezone_free(plan->zone);
    for (int i = 0; i < INVENTORY_SETTING_COUNT; i++)
        free(plan->owned[i]);
    free(plan);
}
