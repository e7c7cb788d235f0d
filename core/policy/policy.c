/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - all settings of a policy together. */
#include "policy/policy_private.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (86400 * SECOND_NS)
/* The day on which summer time begins has no more. */
#define SHORT_DAY_NS (23 * 3600 * SECOND_NS)

enum { HOOK_TIMEOUT_S = 60, DRILL_PERCENT = 10, FAILED_KEPT = 10, MONTH_DAYS = 30 };

static struct policy *policy_new(unsigned kind, struct error *e)
{
    struct policy *p = calloc(1, sizeof(*p));

    if (p != NULL)
        p->owned = calloc(POLICY_SETTING_COUNT, sizeof(*p->owned));
    if (p == NULL || p->owned == NULL) {
        free(p);
        error_no_memory(e, "a policy");
        return NULL;
    }
    p->kind = kind;
    p->full_every = -1;
    p->hook_timeout_ns = HOOK_TIMEOUT_S * SECOND_NS;
    p->drill_percent = DRILL_PERCENT;
    p->retention.failed = FAILED_KEPT;
    p->nice = -1;
    return p;
}

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    for (size_t i = 0; i < POLICY_SETTING_COUNT; i++)
        free(policy->owned[i]);
    free(policy->owned);
    schedule_free(policy->schedule);
    timezone_free(policy->zone);
    free(policy);
}

/* Months are about 30 days where a length is asked for; the calendar counts them. */
static void set_keep_time(struct retention_rules *rules, const struct policy_value *value)
{
    rules->calendar_months = value->months;
    rules->time_ns = value->months > 0 ? value->months * MONTH_DAYS * DAY_NS : value->number;
}

static void set_retention(struct retention_rules *rules, enum policy_setting setting,
                          const struct policy_value *value)
{
    uint32_t number = value->number > 0 ? (uint32_t)value->number : 0;

    switch (setting) {
    case POLICY_SETTING_KEEP_COUNT:
        rules->count = number;
        break;
    case POLICY_SETTING_KEEP_TIME:
        set_keep_time(rules, value);
        break;
    case POLICY_SETTING_KEEP_HOURLY:
        rules->hourly = number;
        break;
    case POLICY_SETTING_KEEP_DAILY:
        rules->daily = number;
        break;
    case POLICY_SETTING_KEEP_WEEKLY:
        rules->weekly = number;
        break;
    case POLICY_SETTING_KEEP_MONTHLY:
        rules->monthly = number;
        break;
    case POLICY_SETTING_KEEP_YEARLY:
        rules->yearly = number;
        break;
    case POLICY_SETTING_KEEP_PICK:
        rules->pick = value->number == 1 ? RETENTION_FIRST : RETENTION_LAST;
        break;
    case POLICY_SETTING_KEEP_MIN:
        rules->least_ns = value->number;
        break;
    case POLICY_SETTING_KEEP_FAILED:
        rules->failed = number;
        break;
    default:
        break;
    }
}

static void set_value(struct policy *p, enum policy_setting setting,
                      const struct policy_value *value)
{
    switch (setting) {
    case POLICY_SETTING_SCHEDULE:
        p->schedule = value->schedule;
        break;
    case POLICY_SETTING_ZONE:
        p->zone = value->zone;
        break;
    case POLICY_SETTING_JITTER:
        p->jitter_ns = value->number;
        break;
    case POLICY_SETTING_WINDOW:
        p->window_ns = value->number;
        break;
    case POLICY_SETTING_TIMEOUT:
        p->timeout_ns = value->number;
        break;
    case POLICY_SETTING_CATCH_UP:
        p->catch_up = value->number == 1;
        break;
    case POLICY_SETTING_FULL_EVERY:
        p->full_every = (int)value->number;
        break;
    case POLICY_SETTING_CONSISTENCY:
        p->consistency = (enum policy_consistency)value->number;
        break;
    case POLICY_SETTING_HOOK_TIMEOUT:
        p->hook_timeout_ns = value->number;
        break;
    case POLICY_SETTING_DRILL:
        p->drill_ns = value->number;
        break;
    case POLICY_SETTING_DRILL_SAMPLE:
        p->drill_percent = (unsigned)value->number;
        break;
    case POLICY_SETTING_NICE:
        p->nice = (int)value->number;
        break;
    default:
        set_retention(&p->retention, setting, value);
    }
}

static int take_pair(struct policy *p, const struct policy_pair *pair, int64_t anchor_ns,
                     struct error *e)
{
    struct policy_value value = {0};
    int setting = policy_setting_of(p->kind, pair->name, e);

    if (setting < 0)
        return -1;
    if (p->texts[setting] != NULL)
        return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING, "setting %s is given twice",
                         pair->name);
    p->owned[setting] = strdup(pair->value);
    if (p->owned[setting] == NULL)
        return error_no_memory(e, "a policy");
    p->texts[setting] = p->owned[setting];
    if (policy_value_read((enum policy_setting)setting, pair->value, anchor_ns, &value, e) != 0)
        return -1;
    set_value(p, (enum policy_setting)setting, &value);
    return 0;
}

/* One setting that makes no sense without another. */
static int check_needs(const struct policy *p, struct error *e)
{
    static const struct {
        unsigned kind;
        enum policy_setting setting, needs;
        const char *why;
    } needs[] = {
        {POLICY_FOR_BACKUP, POLICY_SETTING_FREEZE, POLICY_SETTING_THAW,
         "else the source would hold still for ever"},
        {POLICY_FOR_REPLICATION, POLICY_SETTING_REPLICATE_INTO, POLICY_SETTING_REPLICATE_TO,
         "which is where that vault is"},
    };

    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if ((needs[i].kind & p->kind) && p->texts[needs[i].setting] != NULL &&
            p->texts[needs[i].needs] == NULL)
            return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING, "setting %s needs %s, %s",
                             policy_setting_name(needs[i].setting),
                             policy_setting_name(needs[i].needs), needs[i].why);
    }
    if (p->kind == POLICY_FOR_REPLICATION && p->texts[POLICY_SETTING_REPLICATE_TO] == NULL)
        return error_set(e, LAGAN_INVALID, ERROR_POLICY_SETTING,
                         "a replication policy needs replicate-to=REGION");
    return 0;
}

static int parse_all(struct policy *p, const struct policy_pair *pairs, size_t count,
                     int64_t anchor_ns, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        if (take_pair(p, &pairs[i], anchor_ns, e) != 0)
            return -1;
    }
    if (check_needs(p, e) != 0 || retention_check(&p->retention, e) != 0)
        return -1;
    return p->zone != NULL ? 0 : timezone_load("local", &p->zone, e);
}

int policy_parse(unsigned kind, const struct policy_pair *pairs, size_t count,
                 int64_t anchor_ns, struct policy **policy, struct error *e)
{
    struct policy *made = policy_new(kind, e);

    if (made == NULL)
        return -1;
    if (parse_all(made, pairs, count, anchor_ns, e) != 0) {
        policy_free(made);
        return -1;
    }
    *policy = made;
    return 0;
}

bool policy_full_due(const struct policy *policy, uint64_t since_full, int64_t last_full_ns,
                     int64_t now_ns)
{
    if (policy->full_every < 0)
        return false;
    if (last_full_ns == 0 && since_full == 0)
        return true;
    if (last_full_ns > now_ns - SHORT_DAY_NS && last_full_ns <= now_ns)
        return false;
    return since_full + 1 >= (uint64_t)policy->full_every;
}
