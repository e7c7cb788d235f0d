/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule_parse.c - from a text to a schedule: the parser's small steps, and the forms daily,
 * every, weekly and interval.
 */
#include "base/object.h"
#include "base/text.h"
#include "policy/schedule_private.h"

#include <stdlib.h>
#include <string.h>

enum { SCHEDULE_MAGIC = 0x53636864, QUOTED_CHARACTERS = 200, EVERY_LIMIT = 30 };

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (SCHEDULE_DAY_SECONDS * SECOND_NS)
#define INTERVAL_LIMIT_NS (3660 * DAY_NS)

const char *const schedule_weekdays[7] = {"sunday",   "monday", "tuesday", "wednesday",
                                          "thursday", "friday", "saturday"};
const char *const schedule_months[12] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};

/* ---- steps ---- */

char schedule_peek(const struct schedule_parser *p)
{
    return p->text[p->at];
}

int schedule_expected_at(struct schedule_parser *p, size_t at, const char *what)
{
    size_t size = strlen(p->whole);
    int shown = (int)(size < QUOTED_CHARACTERS ? size : QUOTED_CHARACTERS);

    return error_set(p->e, LAGAN_INVALID, ERROR_SCHEDULE,
                     "schedule '%.*s%s': at character %zu: expected %s", shown, p->whole,
                     size > QUOTED_CHARACTERS ? "..." : "", at + 1, what);
}

int schedule_expected(struct schedule_parser *p, const char *what)
{
    return schedule_expected_at(p, p->at, what);
}

bool schedule_take(struct schedule_parser *p, char c)
{
    if (p->text[p->at] != c || c == '\0')
        return false;
    p->at++;
    return true;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t word_size(const struct schedule_parser *p)
{
    size_t size = 0;
    while (is_letter(p->text[p->at + size]))
        size++;
    return size;
}

bool schedule_take_word(struct schedule_parser *p, const char *word)
{
    size_t size = word_size(p);
    if (size == 0 || size != strlen(word) || strncmp(p->text + p->at, word, size) != 0)
        return false;
    p->at += size;
    return true;
}

void schedule_skip_spaces(struct schedule_parser *p)
{
    while (p->text[p->at] == ' ')
        p->at++;
}

int schedule_take_number(struct schedule_parser *p, int low, int high, const char *what,
                         int *number)
{
    size_t start = p->at;
    int value = 0;

    if (!is_digit(schedule_peek(p)))
        return schedule_expected(p, what);
    for (; is_digit(schedule_peek(p)); p->at++) {
        value = value * 10 + (schedule_peek(p) - '0');
        if (value > high)
            return schedule_expected_at(p, start, what);
    }
    if (value < low)
        return schedule_expected_at(p, start, what);
    *number = value;
    return 0;
}

int schedule_take_end(struct schedule_parser *p)
{
    schedule_skip_spaces(p);
    return schedule_peek(p) == '\0' ? 0 : schedule_expected(p, "the end");
}

int schedule_take_name(struct schedule_parser *p, const char *const *long_names, size_t count)
{
    enum { SHORT_SIZE = 3 };
    size_t size = word_size(p);

    for (size_t i = 0; i < count; i++) {
        if ((size == SHORT_SIZE || size == strlen(long_names[i])) &&
            strncmp(p->text + p->at, long_names[i], size) == 0) {
            p->at += size;
            return (int)i;
        }
    }
    return -1;
}

static void append_slice(struct schedule_parser *p, size_t from)
{
    buffer_append(&p->canonical, p->text + from, p->at - from);
}

/* ---- times of day ---- */

/* Keeps the list in order.  With an hour between any two of them, 24 have room. */
static int add_time(struct schedule_parser *p, struct schedule_rule *rule, size_t at, int time)
{
    size_t place = rule->time_count;

    for (size_t i = 0; i < rule->time_count; i++) {
        int apart = abs(rule->times[i] - time);
        if (apart < 3600 || apart > SCHEDULE_DAY_SECONDS - 3600)
            return schedule_expected_at(
                p, at, "a time at least an hour from the others, also across midnight");
    }
    ASSERT(rule->time_count < SCHEDULE_TIMES_LIMIT);
    for (; place > 0 && rule->times[place - 1] > time; place--)
        rule->times[place] = rule->times[place - 1];
    rule->times[place] = time;
    rule->time_count++;
    return 0;
}

static int take_time(struct schedule_parser *p, struct schedule_rule *rule)
{
    size_t start = p->at;
    int hour, minute;

    if (schedule_take_number(p, 0, 23, "a time from 0:00 to 23:59", &hour) != 0)
        return -1;
    if (!schedule_take(p, ':'))
        return schedule_expected(p, "':' and minutes");
    size_t digits = p->at;
    if (schedule_take_number(p, 0, 59, "minutes from 00 to 59", &minute) != 0)
        return -1;
    if (p->at - digits != 2)
        return schedule_expected_at(p, digits, "minutes in two digits");
    return add_time(p, rule, start, hour * 3600 + minute * 60);
}

/* " 02:00,14:30" and the end. */
static int take_times(struct schedule_parser *p, struct schedule_rule *rule)
{
    schedule_skip_spaces(p);
    do {
        if (take_time(p, rule) != 0)
            return -1;
    } while (schedule_take(p, ','));
    if (schedule_peek(p) != '\0' && schedule_peek(p) != ' ')
        return schedule_expected(p, "',' and another time, or the end");
    for (size_t i = 0; i < rule->time_count; i++)
        buffer_append_format(&p->canonical, "%s%02d:%02d", i > 0 ? "," : " ",
                             rule->times[i] / 3600, rule->times[i] / 60 % 60);
    return schedule_take_end(p);
}

static int parse_daily(struct schedule_parser *p, struct schedule *s)
{
    buffer_append_format(&p->canonical, "daily");
    return take_times(p, &s->rule);
}

/* "3 days", "1 day", "day". */
static int parse_every(struct schedule_parser *p, struct schedule *s)
{
    int days = 1;

    schedule_skip_spaces(p);
    if (!is_letter(schedule_peek(p)) &&
        schedule_take_number(p, 1, EVERY_LIMIT, "a number of days from 1 to 30", &days) != 0)
        return -1;
    schedule_skip_spaces(p);
    if (!schedule_take_word(p, "days") && !schedule_take_word(p, "day"))
        return schedule_expected(p, "the word 'days'");
    s->rule.every = (unsigned)days;
    buffer_append_format(&p->canonical, "every %d days", days);
    return take_times(p, &s->rule);
}

/* "mon,wed..fri" */
static int take_weekdays(struct schedule_parser *p, uint64_t *days)
{
    static const char what[] = "a weekday, as mon or monday";

    do {
        int first = schedule_take_name(p, schedule_weekdays, 7), last = first;
        if (first < 0)
            return schedule_expected(p, what);
        if (schedule_take(p, '-') || (schedule_take(p, '.') && schedule_take(p, '.')))
            last = schedule_take_name(p, schedule_weekdays, 7);
        if (last < 0)
            return schedule_expected(p, what);
        for (int day = first; day != last; day = (day + 1) % 7)
            *days |= UINT64_C(1) << day;
        *days |= UINT64_C(1) << last;
    } while (schedule_take(p, ',') && schedule_peek(p) != ' ');
    return 0;
}

int schedule_take_weekdays(struct schedule_parser *p, uint64_t *days)
{
    size_t start = p->at;
    uint64_t found = 0;

    if (take_weekdays(p, &found) != 0)
        return -1;
    if (schedule_peek(p) != '\0' && schedule_peek(p) != ' ')
        return schedule_expected(p, "',' or '..' and another weekday, or a space");
    *days = found;
    buffer_append_format(&p->canonical, " ");
    append_slice(p, start);
    return 0;
}

static int parse_weekly(struct schedule_parser *p, struct schedule *s)
{
    buffer_append_format(&p->canonical, "weekly");
    schedule_skip_spaces(p);
    if (schedule_take_weekdays(p, &s->rule.weekdays) != 0)
        return -1;
    return take_times(p, &s->rule);
}

/* ---- intervals ---- */

static int check_interval(struct schedule_parser *p, size_t at, int64_t ns, struct schedule *s)
{
    if (ns < SECOND_NS || ns > INTERVAL_LIMIT_NS)
        return schedule_expected_at(p, at, "a time from 1 second to 3660 days");
    s->interval_ns = ns;
    return 0;
}

static int parse_interval(struct schedule_parser *p, struct schedule *s)
{
    char span[24] = "";
    size_t size = 0;
    int64_t ns = 0;

    schedule_skip_spaces(p);
    size_t start = p->at;
    while (is_digit(schedule_peek(p)) || is_letter(schedule_peek(p))) {
        if (size < sizeof(span) - 1)
            span[size++] = schedule_peek(p);
        p->at++;
    }
    span[size] = '\0';
    if (text_parse_duration(span, &ns) != 0)
        return schedule_expected_at(p, start, "a time, as 6h, 90m or 2d");
    buffer_append_format(&p->canonical, "interval ");
    append_slice(p, start);
    return check_interval(p, start, ns, s) != 0 ? -1 : schedule_take_end(p);
}

/* The seconds since 1970 behind "I|" and "C|". */
static int take_anchor(struct schedule_parser *p, int64_t *anchor_ns)
{
    static const int64_t limit_s = INT64_MAX / SECOND_NS;
    size_t start = p->at;
    int64_t seconds = 0;

    for (; is_digit(schedule_peek(p)); p->at++) {
        seconds = seconds * 10 + (schedule_peek(p) - '0');
        if (seconds > limit_s)
            return schedule_expected_at(p, start, "seconds since 1970");
    }
    if (p->at == start)
        return schedule_expected(p, "seconds since 1970");
    *anchor_ns = seconds * SECOND_NS;
    return schedule_take(p, '|') ? 0 : schedule_expected(p, "'|'");
}

/* One number with its unit of an ISO 8601 duration; `units` are those that may still come. */
static int take_iso_part(struct schedule_parser *p, const char **units, int64_t *ns)
{
    static const struct {
        char unit;
        int64_t ns;
    } sizes[] = {{'w', 7 * DAY_NS},
                 {'d', DAY_NS},
                 {'h', 3600 * SECOND_NS},
                 {'m', 60 * SECOND_NS},
                 {'s', SECOND_NS}};
    int number;

    if (schedule_take_number(p, 0, 1000000, "a number and its unit, as P1D or PT6H", &number) !=
        0)
        return -1;
    const char *unit = schedule_peek(p) != '\0' ? strchr(*units, schedule_peek(p)) : NULL;
    if (unit == NULL)
        return schedule_expected(
            p, "W or D, or behind T: H, M or S (years and months differ in length)");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (sizes[i].unit == *unit && __builtin_add_overflow(*ns, number * sizes[i].ns, ns))
            return schedule_expected(p, "a shorter time");
    }
    *units = unit + 1;
    p->at++;
    return 0;
}

/* "P1DT12H" */
static int take_iso(struct schedule_parser *p, int64_t *ns)
{
    const char *units = "wd";
    bool timed = false;

    if (!schedule_take(p, 'p'))
        return schedule_expected(p, "an ISO 8601 duration, as P1D or PT6H");
    do {
        if (!timed && schedule_take(p, 't')) {
            timed = true;
            units = "hms";
        }
        if (take_iso_part(p, &units, ns) != 0)
            return -1;
    } while (schedule_peek(p) != '\0' && schedule_peek(p) != ' ');
    return 0;
}

/* Behind "I|". */
static int parse_anchored_interval(struct schedule_parser *p, struct schedule *s)
{
    int64_t ns = 0;

    if (take_anchor(p, &s->anchor_ns) != 0)
        return -1;
    size_t start = p->at;
    if (take_iso(p, &ns) != 0 || check_interval(p, start, ns, s) != 0)
        return -1;
    buffer_append_format(&p->canonical, "I|%lld|", (long long)(s->anchor_ns / SECOND_NS));
    for (size_t i = start; i < p->at; i++) {
        char c = p->text[i];
        buffer_append_u8(&p->canonical, (uint8_t)(is_letter(c) ? c - 'a' + 'A' : c));
    }
    return schedule_take_end(p);
}

/* Behind "C|". */
static int parse_anchored_cron(struct schedule_parser *p, struct schedule *s)
{
    if (take_anchor(p, &s->begin_ns) != 0)
        return -1;
    buffer_append_format(&p->canonical, "C|%lld|", (long long)(s->begin_ns / SECOND_NS));
    return schedule_parse_cron(p, &s->rule);
}

/* ---- all forms ---- */

static int parse_calendar(struct schedule_parser *p, struct schedule *s)
{
    buffer_append_format(&p->canonical, "calendar");
    return schedule_parse_calendar(p, &s->rule);
}

static int parse_cron(struct schedule_parser *p, struct schedule *s)
{
    buffer_append_format(&p->canonical, "cron ");
    return schedule_parse_cron(p, &s->rule);
}

static int parse_form(struct schedule_parser *p, struct schedule *s)
{
    static const struct {
        const char *word;
        char behind;
        int (*parse)(struct schedule_parser *p, struct schedule *s);
    } forms[] = {
        {"daily", ' ', parse_daily},         {"every", ' ', parse_every},
        {"weekly", ' ', parse_weekly},       {"calendar", ' ', parse_calendar},
        {"cron", ' ', parse_cron},           {"interval", ' ', parse_interval},
        {"i", '|', parse_anchored_interval}, {"c", '|', parse_anchored_cron},
    };

    schedule_skip_spaces(p);
    size_t start = p->at;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (!schedule_take_word(p, forms[i].word))
            continue;
        if (schedule_take(p, forms[i].behind))
            return forms[i].parse(p, s);
        return schedule_expected(p, forms[i].behind == ' ' ? "a space, and when" : "'|'");
    }
    return schedule_expected_at(
        p, start, "daily, every, weekly, calendar, cron, interval, I|... or C|...");
}

/* A copy in lower case, with spaces for all white space. */
static char *plain_copy(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
        else if (*at == '\t' || *at == '\n' || *at == '\r')
            *at = ' ';
    }
    return copy;
}

static int parse_all(struct schedule_parser *p, struct schedule *s)
{
    if (parse_form(p, s) != 0)
        return -1;
    buffer_append_u8(&p->canonical, 0);
    if (buffer_check(&p->canonical, p->e) != 0)
        return -1;
    s->text = strdup((const char *)p->canonical.data);
    return s->text != NULL ? 0 : error_no_memory(p->e, "a schedule");
}

int schedule_parse(const char *text, int64_t anchor_ns, struct schedule **schedule,
                   struct error *e)
{
    if (strlen(text) > SCHEDULE_TEXT_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_SCHEDULE,
                         "schedule '%.40s...': it has more than %d characters", text,
                         SCHEDULE_TEXT_LIMIT);
    char *plain = plain_copy(text);
    struct schedule *s = calloc(1, sizeof(*s));
    struct schedule_parser p = {.whole = text, .text = plain, .e = e};
    int result = -1;
    if (plain == NULL || s == NULL) {
        error_no_memory(e, "a schedule");
    } else {
        s->magic = SCHEDULE_MAGIC;
        s->anchor_ns = anchor_ns;
        s->begin_ns = INT64_MIN;
        schedule_rule_init(&s->rule);
        result = parse_all(&p, s);
    }
    if (result == 0)
        *schedule = s;
    else
        free(s);
    buffer_free(&p.canonical);
    free(plain);
    return result;
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    OBJECT_CHECK(schedule, SCHEDULE_MAGIC);
    schedule->magic = 0;
    free(schedule->text);
    free(schedule);
}

const char *schedule_text(const struct schedule *schedule)
{
    OBJECT_CHECK(schedule, SCHEDULE_MAGIC);
    return schedule->text;
}
