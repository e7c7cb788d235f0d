/* SPDX-License-Identifier: Apache-2.0 */
/* schedule_field.c - lists of numbers, names, ranges and steps, and cron's five of them. */
#include "policy/schedule_private.h"

#include <string.h>

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static int take_value(struct schedule_parser *p, const struct schedule_field *field, int *value)
{
    if (!is_letter(schedule_peek(p)) || field->names == NULL)
        return schedule_take_number(p, field->low, field->high, field->what, value);
    int name = schedule_take_name(p, field->names, field->name_count);
    if (name < 0)
        return schedule_expected(p, field->what);
    *value = field->low + name;
    return 0;
}

static bool take_range(struct schedule_parser *p, const char *range)
{
    size_t size = strlen(range);
    if (strncmp(p->text + p->at, range, size) != 0)
        return false;
    p->at += size;
    return true;
}

int schedule_take_item(struct schedule_parser *p, const struct schedule_field *field,
                       struct schedule_item *item)
{
    struct schedule_item made = {.first = field->low, .last = field->high, .step = 1};

    made.wild = schedule_take(p, '*');
    if (!made.wild) {
        if (take_value(p, field, &made.first) != 0)
            return -1;
        made.last = made.first;
        made.one = !take_range(p, field->range);
        if (!made.one && take_value(p, field, &made.last) != 0)
            return -1;
        made.wild = !made.one;
    }
    if (schedule_take(p, '/')) {
        if (schedule_take_number(p, 1, field->high, "a step from 1 on", &made.step) != 0)
            return -1;
        if (made.one)
            made.last = field->high;
        made.one = false;
        made.wild = true;
    }
    *item = made;
    return 0;
}

int schedule_take_set(struct schedule_parser *p, const struct schedule_field *field,
                      uint64_t *set, bool *wild)
{
    uint64_t found = 0;

    do {
        struct schedule_item item;
        size_t start = p->at;
        if (schedule_take_item(p, field, &item) != 0)
            return -1;
        if (item.last < item.first)
            return schedule_expected_at(p, start, "a range that goes up");
        for (int n = item.first; n <= item.last; n += item.step)
            found |= UINT64_C(1) << n;
        *wild = *wild || item.wild;
    } while (schedule_take(p, ','));
    *set = found;
    return 0;
}

/* ---- cron ---- */

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, CRON_FIELDS };

static const struct schedule_field cron_fields[CRON_FIELDS] = {
    [MINUTE] = {0, 59, "-", "'*' or minutes from 0 to 59", NULL, 0},
    [HOUR] = {0, 23, "-", "'*' or hours from 0 to 23", NULL, 0},
    [DAY] = {1, 31, "-", "'*' or days from 1 to 31", NULL, 0},
    [MONTH] = {1, 12, "-", "'*' or months from 1 to 12 or jan to dec", schedule_months, 12},
    [WEEKDAY] = {0, 7, "-", "'*' or weekdays from 0 to 7 or sun to sat", schedule_weekdays, 7},
};

/* Sunday is 0 and 7, and the last day of "fri-sun". */
static int take_cron_weekdays(struct schedule_parser *p, uint64_t *set)
{
    uint64_t found = 0;

    do {
        struct schedule_item item;
        size_t start = p->at;
        if (schedule_take_item(p, &cron_fields[WEEKDAY], &item) != 0)
            return -1;
        if (item.last == 0 && item.first > 0)
            item.last = 7;
        if (item.last < item.first)
            return schedule_expected_at(p, start, "a range that goes up");
        for (int n = item.first; n <= item.last; n += item.step)
            found |= UINT64_C(1) << n % 7;
    } while (schedule_take(p, ','));
    *set = found;
    return 0;
}

/* crontab(5) has steps behind `*` and behind ranges only. */
static int check_steps(struct schedule_parser *p, size_t start)
{
    bool ranged = false;

    for (size_t i = start; i < p->at; i++) {
        char c = p->text[i];
        if (c == '/' && !ranged)
            return schedule_expected_at(p, i, "a range in front of '/', as 5-59/10");
        ranged = c != ',' && (ranged || c == '*' || c == '-');
    }
    return 0;
}

static int take_cron_field(struct schedule_parser *p, int field, struct schedule_rule *rule)
{
    bool wild = false;
    uint64_t *const sets[CRON_FIELDS] = {&rule->minutes, &rule->hours, &rule->days,
                                         &rule->months, &rule->weekdays};
    size_t start = p->at;
    int result = field == WEEKDAY
                     ? take_cron_weekdays(p, sets[field])
                     : schedule_take_set(p, &cron_fields[field], sets[field], &wild);

    if (result != 0 || check_steps(p, start) != 0)
        return -1;
    if (schedule_peek(p) != ' ' && schedule_peek(p) != '\0')
        return schedule_expected(p, "',', '-', '/' or a space");
    if (field <= HOUR)
        rule->repeats = rule->repeats || wild;
    buffer_append_format(&p->canonical, "%s%.*s", field > 0 ? " " : "", (int)(p->at - start),
                         p->text + start);
    return 0;
}

static int parse_fields(struct schedule_parser *p, struct schedule_rule *rule)
{
    bool star[CRON_FIELDS];

    for (int field = 0; field < CRON_FIELDS; field++) {
        schedule_skip_spaces(p);
        star[field] = schedule_peek(p) == '*';
        if (take_cron_field(p, field, rule) != 0)
            return -1;
    }
    rule->seconds = 1;
    rule->either = !star[DAY] && !star[WEEKDAY];
    return schedule_take_end(p);
}

int schedule_parse_cron(struct schedule_parser *p, struct schedule_rule *rule)
{
    static const struct {
        const char *word, *fields;
    } shortcuts[] = {
        {"yearly", "0 0 1 1 *"}, {"annually", "0 0 1 1 *"}, {"monthly", "0 0 1 * *"},
        {"weekly", "0 0 * * 0"}, {"daily", "0 0 * * *"},    {"midnight", "0 0 * * *"},
        {"hourly", "0 * * * *"},
    };

    schedule_skip_spaces(p);
    if (!schedule_take(p, '@'))
        return parse_fields(p, rule);
    for (size_t i = 0; i < sizeof(shortcuts) / sizeof(shortcuts[0]); i++) {
        if (!schedule_take_word(p, shortcuts[i].word))
            continue;
        if (schedule_take_end(p) != 0)
            return -1;
        /* The fields of a shortcut are right: nothing points into the text any more. */
        p->text = shortcuts[i].fields;
        p->at = 0;
        return parse_fields(p, rule);
    }
    return schedule_expected(p, "@yearly, @annually, @monthly, @weekly, @daily, @midnight or "
                                "@hourly");
}
