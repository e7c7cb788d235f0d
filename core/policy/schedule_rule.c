/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule_rule.c - the next date and time of day that fits.  Goes by years, months and days,
 * never by minutes, so that a rare date costs a few thousand steps at most.
 */
#include "policy/schedule_private.h"

#include <string.h>

uint64_t schedule_bits(int low, int high)
{
    return (UINT64_MAX >> (63 - high)) & (UINT64_MAX << low);
}

void schedule_rule_init(struct schedule_rule *rule)
{
    *rule = (struct schedule_rule){.months = schedule_bits(1, 12),
                                   .days = schedule_bits(1, 31),
                                   .weekdays = schedule_bits(0, 6)};
    memset(rule->years, 0xff, sizeof(rule->years));
}

static bool has(uint64_t set, int number)
{
    return (set >> number & 1) != 0;
}

/* The least number of a set from `low` on, or -1. */
static int least_from(uint64_t set, int low)
{
    uint64_t rest = low < 64 ? set & (UINT64_MAX << low) : 0;
    return rest != 0 ? __builtin_ctzll(rest) : -1;
}

static int listed_time(const struct schedule_rule *rule, int low)
{
    for (size_t i = 0; i < rule->time_count; i++) {
        if (rule->times[i] >= low)
            return rule->times[i];
    }
    return -1;
}

/* The first time of day at or after `low`, in seconds, or -1. */
static int time_from(const struct schedule_rule *rule, int low)
{
    int hour = low / 3600, minute = low / 60 % 60, second = low % 60;

    if (rule->time_count > 0)
        return listed_time(rule, low);
    if (has(rule->hours, hour)) {
        int found = has(rule->minutes, minute) ? least_from(rule->seconds, second) : -1;
        if (found >= 0)
            return hour * 3600 + minute * 60 + found;
        found = least_from(rule->minutes, minute + 1);
        if (found >= 0)
            return hour * 3600 + found * 60 + least_from(rule->seconds, 0);
    }
    hour = least_from(rule->hours, hour + 1);
    if (hour < 0)
        return -1;
    return hour * 3600 + least_from(rule->minutes, 0) * 60 + least_from(rule->seconds, 0);
}

static bool has_year(const struct schedule_rule *rule, int year)
{
    int bit = year - SCHEDULE_FIRST_YEAR;
    return bit >= 0 && bit < SCHEDULE_YEARS && has(rule->years[bit / 64], bit % 64);
}

static int month_length(int year, int month)
{
    return (int)(timezone_days_of(year + month / 12, month % 12 + 1, 1) -
                 timezone_days_of(year, month, 1));
}

/* Whether a day of a month of `length` days fits; `number`: its days since 1970. */
static bool day_fits(const struct schedule_rule *rule, int64_t anchor_day, int64_t number,
                     int day, int length)
{
    bool date = has(rule->days, rule->from_end ? length - day + 1 : day);
    bool weekday = has(rule->weekdays, timezone_weekday(number));

    if (rule->every > 0 &&
        (number < anchor_day || (number - anchor_day) % (int64_t)rule->every != 0))
        return false;
    return rule->either ? date || weekday : date && weekday;
}

/* The first day at or after `low` that fits, in days since 1970. */
static bool day_from(const struct schedule_rule *rule, int64_t anchor_day, int64_t low,
                     int64_t *found)
{
    int year, month, day;

    timezone_date_of(low > 0 ? low : 0, &year, &month, &day);
    for (; year < SCHEDULE_FIRST_YEAR + SCHEDULE_YEARS; year++, month = 1, day = 1) {
        if (!has_year(rule, year))
            continue;
        for (; month <= 12; month++, day = 1) {
            int length = month_length(year, month);
            int64_t before = timezone_days_of(year, month, 1) - 1;
            for (; has(rule->months, month) && day <= length; day++) {
                if (!day_fits(rule, anchor_day, before + day, day, length))
                    continue;
                *found = before + day;
                return true;
            }
        }
    }
    return false;
}

bool schedule_rule_next(const struct schedule_rule *rule, int64_t anchor_day, int64_t low,
                        int64_t *wall)
{
    int64_t low_day = low >= 0 ? low / SCHEDULE_DAY_SECONDS : 0, day;
    int time = low >= 0 ? (int)(low % SCHEDULE_DAY_SECONDS) : 0;

    if (!day_from(rule, anchor_day, low_day, &day))
        return false;
    int found = day == low_day ? time_from(rule, time) : -1;
    if (found < 0 && day == low_day && !day_from(rule, anchor_day, low_day + 1, &day))
        return false;
    *wall = day * SCHEDULE_DAY_SECONDS + (found >= 0 ? found : time_from(rule, 0));
    return true;
}
