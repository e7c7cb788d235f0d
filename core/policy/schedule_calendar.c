/* SPDX-License-Identifier: Apache-2.0 */
/* schedule_calendar.c - calendar expressions as systemd.time(7) describes them. */
#include "policy/schedule_private.h"

#include <string.h>

enum { LAST_YEAR = SCHEDULE_FIRST_YEAR + SCHEDULE_YEARS - 1, DAYS_FROM_END = 28 };

static const struct schedule_field year_field = {
    0, LAST_YEAR, "..", "'*' or years from 1970 to 2261", NULL, 0};
static const struct schedule_field month_field = {1,    12, "..", "'*' or months from 1 to 12",
                                                  NULL, 0};
static const struct schedule_field day_field = {1,    31, "..", "'*' or days from 1 to 31",
                                                NULL, 0};
static const struct schedule_field end_field = {
    1, DAYS_FROM_END, "..", "days from 1 to 28, counted from the end of the month", NULL, 0};
static const struct schedule_field hour_field = {0,    23, "..", "'*' or hours from 0 to 23",
                                                 NULL, 0};
static const struct schedule_field minute_field = {
    0, 59, "..", "'*' or minutes from 0 to 59", NULL, 0};
static const struct schedule_field second_field = {
    0, 59, "..", "'*' or whole seconds from 0 to 59", NULL, 0};

/* Two digits are of 1970 to 2069. */
static int whole_year(int year)
{
    if (year < 70)
        return year + 2000;
    return year < 100 ? year + 1900 : year;
}

static int take_years(struct schedule_parser *p, struct schedule_rule *rule)
{
    memset(rule->years, 0, sizeof(rule->years));
    do {
        struct schedule_item item;
        size_t start = p->at;
        bool all = schedule_peek(p) == '*';
        if (schedule_take_item(p, &year_field, &item) != 0)
            return -1;
        int first = all ? SCHEDULE_FIRST_YEAR : whole_year(item.first);
        int last = whole_year(item.last);
        if (first < SCHEDULE_FIRST_YEAR || last < SCHEDULE_FIRST_YEAR)
            return schedule_expected_at(p, start, year_field.what);
        if (last < first)
            return schedule_expected_at(p, start, "a range that goes up");
        for (int year = first - SCHEDULE_FIRST_YEAR; year <= last - SCHEDULE_FIRST_YEAR;
             year += item.step)
            rule->years[year / 64] |= UINT64_C(1) << year % 64;
    } while (schedule_take(p, ','));
    return 0;
}

/* Ranges and steps go towards the end of the month, thus down; a range may be written either
 * way. */
static int take_days_from_end(struct schedule_parser *p, struct schedule_rule *rule)
{
    rule->from_end = true;
    rule->days = 0;
    do {
        struct schedule_item item;
        size_t start = p->at;
        if (schedule_peek(p) == '*')
            return schedule_expected(p, end_field.what);
        if (schedule_take_item(p, &end_field, &item) != 0)
            return -1;
        bool open = memchr(p->text + start, '.', p->at - start) == NULL;
        int far = item.first, near = open ? end_field.low : item.last;
        if (item.one)
            near = far;
        if (near > far) {
            near = item.first;
            far = item.last;
        }
        for (int day = far; day >= near; day -= item.step)
            rule->days |= UINT64_C(1) << day;
    } while (schedule_take(p, ','));
    return 0;
}

static int take_days(struct schedule_parser *p, struct schedule_rule *rule)
{
    bool wild = false;

    if (schedule_take(p, '~'))
        return take_days_from_end(p, rule);
    if (!schedule_take(p, '-'))
        return schedule_expected(p, "'-' or '~' and days of the month");
    return schedule_take_set(p, &day_field, &rule->days, &wild);
}

/* The separators of a date up to the next space or T; none: it is no date. */
static size_t date_separators(const struct schedule_parser *p)
{
    size_t count = 0;
    for (const char *at = p->text + p->at; *at != '\0' && *at != ' ' && *at != 't'; at++)
        count += *at == '-' || *at == '~';
    return count;
}

/* "[year-]month-days", "[year-]month~days". */
static int take_date(struct schedule_parser *p, struct schedule_rule *rule)
{
    bool wild = false, year = date_separators(p) > 1;
    size_t start = p->at;

    if (year) {
        if (take_years(p, rule) != 0)
            return -1;
        if (!schedule_take(p, '-'))
            return schedule_expected(p, "'-' and a month");
    }
    if (schedule_take_set(p, &month_field, &rule->months, &wild) != 0 ||
        take_days(p, rule) != 0)
        return -1;
    if (schedule_peek(p) != ' ' && schedule_peek(p) != '\0' && schedule_peek(p) != 't')
        return schedule_expected(p, "a space and a time, or the end");
    buffer_append_format(&p->canonical, " %s%.*s", year ? "" : "*-", (int)(p->at - start),
                         p->text + start);
    if (schedule_peek(p) == 't')
        p->at++;
    return 0;
}

/* "hours:minutes[:seconds]" */
static int take_time(struct schedule_parser *p, struct schedule_rule *rule)
{
    size_t start = p->at;
    bool seconds;

    if (schedule_take_set(p, &hour_field, &rule->hours, &rule->repeats) != 0)
        return -1;
    if (!schedule_take(p, ':'))
        return schedule_expected(p, "':' and minutes");
    if (schedule_take_set(p, &minute_field, &rule->minutes, &rule->repeats) != 0)
        return -1;
    seconds = schedule_take(p, ':');
    rule->seconds = 1;
    if (seconds && schedule_take_set(p, &second_field, &rule->seconds, &rule->repeats) != 0)
        return -1;
    if (schedule_peek(p) == '.')
        return schedule_expected(p, "whole seconds");
    if (schedule_peek(p) != ' ' && schedule_peek(p) != '\0')
        return schedule_expected(p, "',', '..', '/', ':' or the end");
    buffer_append_format(&p->canonical, " %.*s%s", (int)(p->at - start), p->text + start,
                         seconds ? "" : ":00");
    return 0;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static int take_end(struct schedule_parser *p)
{
    schedule_skip_spaces(p);
    if (is_letter(schedule_peek(p)))
        return schedule_expected(p, "the end: the time zone is set by `zone`, not here");
    return schedule_take_end(p);
}

static int parse_expression(struct schedule_parser *p, struct schedule_rule *rule)
{
    size_t start = p->at;

    if (is_letter(schedule_peek(p)) && schedule_take_weekdays(p, &rule->weekdays) != 0)
        return -1;
    schedule_skip_spaces(p);
    if (date_separators(p) > 0) {
        if (take_date(p, rule) != 0)
            return -1;
    } else {
        buffer_append_format(&p->canonical, " *-*-*");
    }
    schedule_skip_spaces(p);
    if (schedule_peek(p) == '\0' && p->at == start)
        return schedule_expected(p, "weekdays, a date or a time");
    if (schedule_peek(p) != '\0' && !is_letter(schedule_peek(p))) {
        if (take_time(p, rule) != 0)
            return -1;
    } else {
        rule->hours = rule->minutes = rule->seconds = 1;
        buffer_append_format(&p->canonical, " 00:00:00");
    }
    return take_end(p);
}

int schedule_parse_calendar(struct schedule_parser *p, struct schedule_rule *rule)
{
    static const struct {
        const char *word, *expression;
    } shortcuts[] = {
        {"minutely", "*-*-* *:*:00"},
        {"hourly", "*-*-* *:00:00"},
        {"daily", "*-*-* 00:00:00"},
        {"weekly", "mon *-*-* 00:00:00"},
        {"monthly", "*-*-01 00:00:00"},
        {"yearly", "*-01-01 00:00:00"},
        {"annually", "*-01-01 00:00:00"},
        {"quarterly", "*-01,04,07,10-01 00:00:00"},
        {"semiannually", "*-01,07-01 00:00:00"},
    };

    schedule_skip_spaces(p);
    for (size_t i = 0; i < sizeof(shortcuts) / sizeof(shortcuts[0]); i++) {
        if (!schedule_take_word(p, shortcuts[i].word))
            continue;
        if (take_end(p) != 0)
            return -1;
        /* The expression of a shortcut is right: nothing points into the text any more. */
        p->text = shortcuts[i].expression;
        p->at = 0;
        return parse_expression(p, rule);
    }
    return parse_expression(p, rule);
}
