/* SPDX-License-Identifier: Apache-2.0 */
/* timezone.c - dates, zones by name, and times of clocks on walls. */
#include "base/file.h"
#include "base/object.h"
#include "base/timezone_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define LOCAL_ZONE "/etc/localtime"

enum {
    ZONE_MAGIC = 0x545a6f6e,
    NAME_LIMIT = 64,
    FILE_LIMIT_BYTES = 1 << 20,
    CYCLE_YEARS = 400,
    CYCLE_DAYS = 146097,
    CENTURY_DAYS = 36524,
    LEAP_DAYS = 1461, /* of four years */
    YEAR_DAYS = 365,
    WEEK_DAYS = 7
};

/* 0000-03-01, with which a cycle of 400 years begins whose leap days stand at ends of years. */
static const int64_t CYCLE_START = -719468;
/* Days before each month of a year that begins in March. */
static const int month_starts[] = {0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337};

/* Rounded down. */
static int64_t divide(int64_t value, int64_t by)
{
    int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

int64_t timezone_days_of(int year, int month, int day)
{
    int64_t from_march = month > 2 ? year : year - 1;
    int64_t cycle = divide(from_march, CYCLE_YEARS);
    int64_t in_cycle = from_march - cycle * CYCLE_YEARS;

    return CYCLE_START + cycle * CYCLE_DAYS + in_cycle * YEAR_DAYS + in_cycle / 4 -
           in_cycle / 100 + month_starts[(month + 9) % 12] + day - 1;
}

void timezone_date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t cycle = divide(days - CYCLE_START, CYCLE_DAYS);
    int64_t rest = days - CYCLE_START - cycle * CYCLE_DAYS;
    int64_t centuries = rest / CENTURY_DAYS < 3 ? rest / CENTURY_DAYS : 3;
    rest -= centuries * CENTURY_DAYS;
    int64_t fours = rest / LEAP_DAYS;
    rest -= fours * LEAP_DAYS;
    int64_t years = rest / YEAR_DAYS < 3 ? rest / YEAR_DAYS : 3;
    rest -= years * YEAR_DAYS;
    int from_march = 11;
    while (month_starts[from_march] > rest)
        from_march--;
    *day = (int)rest - month_starts[from_march] + 1;
    *month = (from_march + 2) % 12 + 1;
    *year = (int)(cycle * CYCLE_YEARS + centuries * 100 + fours * 4 + years) + (*month <= 2);
}

int timezone_weekday(int64_t days)
{
    enum { THURSDAY = 4 }; /* 1970-01-01 */
    int64_t weeks = divide(days + THURSDAY, WEEK_DAYS);
    return (int)(days + THURSDAY - weeks * WEEK_DAYS);
}

/* ---- loading ---- */

struct timezone *timezone_new(const char *name, struct error *e)
{
    struct timezone *zone = calloc(1, sizeof(*zone));
    char *copy = strdup(name);

    if (zone == NULL || copy == NULL) {
        free(zone);
        free(copy);
        error_no_memory(e, "a time zone");
        return NULL;
    }
    zone->magic = ZONE_MAGIC;
    zone->name = copy;
    return zone;
}

void timezone_free(struct timezone *zone)
{
    if (zone == NULL)
        return;
    OBJECT_CHECK(zone, ZONE_MAGIC);
    zone->magic = 0;
    free(zone->steps);
    free(zone->name);
    free(zone);
}

const char *timezone_name(const struct timezone *zone)
{
    OBJECT_CHECK(zone, ZONE_MAGIC);
    return zone->name;
}

static int no_such_zone(const char *name, struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_TIME_ZONE,
                     "there is no time zone '%.64s'; it is a name such as Europe/Berlin (those "
                     "there are lie in " ZONE_FOLDER "), UTC, UTC+01:00 or local",
                     name);
}

/* Words of letters, digits, "_", "+" and "-", joined by "/": no dot, so no way out. */
static bool is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_+-/";
    size_t size = strlen(name);

    return size > 0 && size <= NAME_LIMIT && strspn(name, allowed) == size && name[0] != '/' &&
           name[size - 1] != '/' && strstr(name, "//") == NULL;
}

/* Two digits, or at least `least`. */
static int take_two(const char **text, size_t least, int high, int *number)
{
    size_t digits = strspn(*text, "0123456789");

    digits = digits < 2 ? digits : 2;
    if (digits < least)
        return -1;
    *number = 0;
    for (size_t i = 0; i < digits; i++)
        *number = *number * 10 + (*(*text)++ - '0');
    return *number > high ? -1 : 0;
}

/* "+01:00", "-3", "+0530" behind "UTC". */
static int parse_offset(const char *text, int32_t *offset_s)
{
    int sign = *text == '-' ? -1 : 1;
    int hours, minutes = 0;

    if (*text != '-' && *text != '+')
        return -1;
    text++;
    if (take_two(&text, 1, 23, &hours) != 0)
        return -1;
    text += *text == ':';
    if (*text != '\0' && take_two(&text, 2, 59, &minutes) != 0)
        return -1;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return *text == '\0' && text[-1] != ':' ? 0 : -1;
}

static int load_fixed(const char *name, struct timezone **zone, struct error *e)
{
    int32_t offset = 0;

    if (name[3] != '\0' && parse_offset(name + 3, &offset) != 0)
        return no_such_zone(name, e);
    struct timezone *made = timezone_new(name, e);
    if (made == NULL)
        return -1;
    made->first_offset_s = offset;
    *zone = made;
    return 0;
}

static int load_file(const char *name, const char *path, struct timezone **zone,
                     struct error *e)
{
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;

    if (file_read(path, FILE_LIMIT_BYTES, &data, e) != 0)
        return -1;
    return timezone_decode(name, data.data, data.size, zone, e);
}

static int load_local(const char *name, struct timezone **zone, struct error *e)
{
    struct error failure = ERROR_INIT;

    if (load_file(name, LOCAL_ZONE, zone, &failure) == 0)
        return 0;
    if (failure.error_class == LAGAN_NOT_FOUND) {
        *zone = timezone_new(name, e);
        return *zone != NULL ? 0 : -1;
    }
    *e = failure;
    return -1;
}

int timezone_load(const char *name, struct timezone **zone, struct error *e)
{
    char path[sizeof(ZONE_FOLDER) + NAME_LIMIT + 1];
    struct error failure = ERROR_INIT;

    if (strcmp(name, "local") == 0)
        return load_local(name, zone, e);
    if (strncmp(name, "UTC", 3) == 0)
        return load_fixed(name, zone, e);
    if (!is_name(name))
        return no_such_zone(name, e);
    snprintf(path, sizeof(path), ZONE_FOLDER "/%s", name);
    if (load_file(name, path, zone, &failure) == 0)
        return 0;
    /* A folder, such as "Europe", is none either. */
    if (failure.error_class == LAGAN_NOT_FOUND || failure.error_class == LAGAN_INVALID)
        return no_such_zone(name, e);
    *e = failure;
    return -1;
}

/* ---- looking up ---- */

/* Seconds since 1970 of a rule's moment on the clock on the wall. */
static int64_t date_moment(const struct timezone_date *date, int year)
{
    int64_t first = timezone_days_of(year, 1, 1);
    int64_t day = first + date->day;

    if (date->form == 'J') {
        enum { FIRST_OF_MARCH = 60 };
        bool leap = timezone_days_of(year + 1, 1, 1) - first > YEAR_DAYS;
        day = first + date->day - 1 + (leap && date->day >= FIRST_OF_MARCH);
    } else if (date->form == 'M') {
        int64_t month = timezone_days_of(year, date->month, 1);
        int64_t next = timezone_days_of(year + date->month / 12, date->month % 12 + 1, 1);
        int ahead = (date->day - timezone_weekday(month) + WEEK_DAYS) % WEEK_DAYS;
        day = month + ahead + (date->week - 1) * WEEK_DAYS;
        if (day >= next)
            day -= WEEK_DAYS;
    }
    return day * TIMEZONE_DAY_SECONDS + date->time_s;
}

static struct timezone_stretch rule_stretch(const struct timezone_rule *rule, int64_t utc_s)
{
    struct timezone_stretch found = {INT64_MIN, INT64_MAX, rule->standard_s, 0};
    int this_year, month, day;

    if (!rule->has_summer)
        return found;
    timezone_date_of(divide(utc_s, TIMEZONE_DAY_SECONDS), &this_year, &month, &day);
    /* Times of up to a week before or behind their day: two years on either side are enough. */
    for (int year = this_year - 2; year <= this_year + 2; year++) {
        int64_t from = date_moment(&rule->begin, year) - rule->standard_s;
        int64_t to = date_moment(&rule->end, year) - rule->summer_s;
        if (to <= from)
            to = date_moment(&rule->end, year + 1) - rule->summer_s;
        if (from <= utc_s && utc_s < to)
            return (struct timezone_stretch){from, to, rule->summer_s, 0};
        if (to <= utc_s && to > found.from_s)
            found.from_s = to;
        if (from > utc_s && from < found.to_s)
            found.to_s = from;
    }
    return found;
}

/* The number of steps at or before a moment. */
static size_t steps_until(const struct timezone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->step_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->steps[middle].at_s <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Without offset_before. */
static struct timezone_stretch stretch_at(const struct timezone *zone, int64_t utc_s)
{
    struct timezone_stretch found = {INT64_MIN, INT64_MAX, zone->first_offset_s, 0};

    if (zone->has_rule && utc_s >= zone->rule_from_s) {
        found = rule_stretch(&zone->rule, utc_s);
        if (found.from_s < zone->rule_from_s)
            found.from_s = zone->rule_from_s;
        return found;
    }
    size_t count = steps_until(zone, utc_s);
    if (count > 0) {
        found.from_s = zone->steps[count - 1].at_s;
        found.offset_s = zone->steps[count - 1].offset_s;
    }
    if (count < zone->step_count)
        found.to_s = zone->steps[count].at_s;
    if (zone->has_rule && found.to_s > zone->rule_from_s)
        found.to_s = zone->rule_from_s;
    return found;
}

/* Moments of the years 1 to 9999 on any clock: nothing computed with them overflows. */
static int64_t within_years(int64_t utc_s)
{
    static const int64_t first = INT64_C(-62135596800) + TIMEZONE_OFFSET_LIMIT;
    static const int64_t last = INT64_C(253402300799) - TIMEZONE_OFFSET_LIMIT;

    if (utc_s < first)
        return first;
    return utc_s > last ? last : utc_s;
}

struct timezone_stretch timezone_stretch_of(const struct timezone *zone, int64_t utc_s)
{
    OBJECT_CHECK(zone, ZONE_MAGIC);
    struct timezone_stretch found = stretch_at(zone, within_years(utc_s));

    found.offset_before = found.offset_s;
    if (found.from_s > INT64_MIN)
        found.offset_before = stretch_at(zone, found.from_s - 1).offset_s;
    return found;
}

struct timezone_local timezone_local_of(const struct timezone *zone, int64_t utc_s)
{
    OBJECT_CHECK(zone, ZONE_MAGIC);
    int64_t utc = within_years(utc_s);
    struct timezone_local local = {.offset_seconds = stretch_at(zone, utc).offset_s};
    int64_t wall = utc + local.offset_seconds;
    int64_t days = divide(wall, TIMEZONE_DAY_SECONDS);
    int rest = (int)(wall - days * TIMEZONE_DAY_SECONDS);

    timezone_date_of(days, &local.year, &local.month, &local.day);
    local.weekday = timezone_weekday(days);
    local.hour = rest / 3600;
    local.minute = rest / 60 % 60;
    local.second = rest % 60;
    return local;
}

/* Every stretch near enough to show such a time is looked at. */
enum timezone_fit timezone_utc_of(const struct timezone *zone,
                                  const struct timezone_local *local, int64_t *first,
                                  int64_t *second)
{
    OBJECT_CHECK(zone, ZONE_MAGIC);
    int64_t wall =
        timezone_days_of(local->year, local->month, local->day) * TIMEZONE_DAY_SECONDS +
        local->hour * 3600 + local->minute * 60 + local->second;
    struct timezone_stretch s = stretch_at(zone, wall - TIMEZONE_OFFSET_LIMIT);
    int64_t shown[2], behind_gap = wall;
    size_t count = 0;
    bool gap = false;

    for (;;) {
        int64_t utc = wall - s.offset_s;
        if (utc >= s.from_s && utc < s.to_s && count < 2)
            shown[count++] = utc;
        if (s.to_s > wall + TIMEZONE_OFFSET_LIMIT)
            break;
        struct timezone_stretch next = stretch_at(zone, s.to_s);
        if (!gap && wall >= s.to_s + s.offset_s && wall < s.to_s + next.offset_s) {
            gap = true;
            behind_gap = s.to_s;
        }
        s = next;
    }
    *first = count > 0 ? shown[0] : behind_gap;
    *second = count > 1 ? shown[1] : *first;
    if (count == 0)
        return TIMEZONE_NEVER;
    return count > 1 ? TIMEZONE_TWICE : TIMEZONE_ONCE;
}
