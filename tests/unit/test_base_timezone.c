/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_timezone.c - time zones against those of the C library, in processes of their own
 * with TZ set; and files that are damaged.
 */
#include "base/timezone.h"
#include "unit.h"
#include "zone_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 86400, LOOK_AROUND = 26 * 3600 };
#define YEAR_2040 INT64_C(2208988800)
#define YEAR_2300 INT64_C(10413792000)

static const char *const zones[] = {
    "Europe/Berlin",       "America/New_York",
    "Australia/Lord_Howe", "Asia/Kathmandu",
    "Pacific/Apia",        "Africa/Casablanca",
    "Europe/Dublin",       "America/Santiago",
    "America/Caracas",     "UTC",
};

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 16) % limit;
}

static int64_t wall_of(const struct timezone_local *local)
{
    return timezone_days_of(local->year, local->month, local->day) * DAY + local->hour * 3600 +
           local->minute * 60 + local->second;
}

static struct timezone_local local_from(int64_t wall)
{
    struct timezone_local local = {0};
    int64_t days = wall >= 0 ? wall / DAY : (wall - DAY + 1) / DAY;
    int rest = (int)(wall - days * DAY);

    timezone_date_of(days, &local.year, &local.month, &local.day);
    local.hour = rest / 3600;
    local.minute = rest / 60 % 60;
    local.second = rest % 60;
    return local;
}

/* ---- what the C library says, in a child ---- */

static int64_t libc_offset(int64_t utc)
{
    time_t t = utc;
    struct tm tm;

    localtime_r(&t, &tm);
    return tm.tm_gmtoff;
}

static void mismatch(const char *zone, const char *what, int64_t at)
{
    fprintf(stderr, "%s: %s at %lld\n", zone, what, (long long)at);
    _exit(1);
}

static void compare_instant(const struct timezone *zone, int64_t utc)
{
    struct timezone_local local = timezone_local_of(zone, utc);
    struct timezone_stretch stretch = timezone_stretch_of(zone, utc);
    time_t t = utc;
    struct tm tm;

    localtime_r(&t, &tm);
    if (local.year != tm.tm_year + 1900 || local.month != tm.tm_mon + 1 ||
        local.day != tm.tm_mday || local.hour != tm.tm_hour || local.minute != tm.tm_min ||
        local.second != tm.tm_sec || local.weekday != tm.tm_wday ||
        local.offset_seconds != tm.tm_gmtoff)
        mismatch(timezone_name(zone), "local time", utc);
    if (utc < stretch.from_s || utc >= stretch.to_s || stretch.offset_s != tm.tm_gmtoff)
        mismatch(timezone_name(zone), "stretch", utc);
    if (stretch.from_s > 0 && stretch.offset_before != libc_offset(stretch.from_s - 1))
        mismatch(timezone_name(zone), "offset before", utc);
}

/* All moments at which the C library's clock shows `wall`, by trying every offset around: none
 * holds for less than a day. */
static size_t libc_moments(int64_t wall, int64_t moments[4])
{
    size_t count = 0;

    for (int64_t at = wall - LOOK_AROUND; at <= wall + LOOK_AROUND && count < 4;
         at += 4 * 3600) {
        int64_t utc = wall - libc_offset(at);
        bool known = libc_offset(utc) + utc != wall;
        for (size_t i = 0; i < count; i++)
            known = known || moments[i] == utc;
        if (!known)
            moments[count++] = utc;
    }
    if (count == 2 && moments[0] > moments[1]) {
        int64_t swap = moments[0];
        moments[0] = moments[1];
        moments[1] = swap;
    }
    return count;
}

static void compare_wall(const struct timezone *zone, int64_t wall)
{
    static const enum timezone_fit fits[] = {TIMEZONE_NEVER, TIMEZONE_ONCE, TIMEZONE_TWICE};
    struct timezone_local local = local_from(wall);
    int64_t moments[4], first = 0, second = 0;
    size_t count = libc_moments(wall, moments);
    enum timezone_fit fit = timezone_utc_of(zone, &local, &first, &second);

    if (wall_of(&local) != wall || count > 2 || fit != fits[count])
        mismatch(timezone_name(zone), "number of moments", wall);
    if (count > 0 && (first != moments[0] || second != moments[count - 1]))
        mismatch(timezone_name(zone), "moments", wall);
    if (count == 0 &&
        (first + libc_offset(first) <= wall || first - 1 + libc_offset(first - 1) >= wall))
        mismatch(timezone_name(zone), "end of the gap", wall);
}

/* Around a change of the offset between two moments. */
static void compare_change(const struct timezone *zone, int64_t low, int64_t high)
{
    static const int64_t near[] = {-90000, -7200, -3601, -3600, -1801, -1800, -1,   0,
                                   1,      1799,  1800,  1801,  3599,  3600,  3601, 90000};

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (libc_offset(middle) == libc_offset(low))
            low = middle;
        else
            high = middle;
    }
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        compare_instant(zone, high + near[i]);
        compare_wall(zone, high + libc_offset(low) + near[i]);
        compare_wall(zone, high + libc_offset(high) + near[i]);
    }
}

static void compare_all(const struct timezone *zone, int64_t until)
{
    for (int64_t at = 0; at < until; at += 4 * DAY) {
        bool looked_at = at < YEAR_2040 || random_below(16) == 0;
        if (looked_at && libc_offset(at) != libc_offset(at + 4 * DAY))
            compare_change(zone, at, at + 4 * DAY);
    }
    for (int i = 0; i < 4000; i++) {
        compare_instant(zone, (int64_t)random_below((uint64_t)until));
        if (i % 4 == 0)
            compare_wall(zone, DAY + (int64_t)random_below((uint64_t)until));
    }
}

/* `file` NULL: the zone is loaded by its name. */
static void in_child(const char *name, const struct zone_file *file)
{
    struct error e = ERROR_INIT;
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct timezone *zone = NULL;
        struct buffer data = BUFFER_INIT;
        setenv("TZ", name, 1);
        tzset();
        if (file != NULL)
            zone_file_write(file, &data);
        if ((file != NULL ? timezone_decode(name, data.data, data.size, &zone, &e)
                          : timezone_load(name, &zone, &e)) != 0) {
            fprintf(stderr, "%s\n", e.text);
            _exit(1);
        }
        compare_all(zone, YEAR_2300);
        timezone_free(zone);
        buffer_free(&data);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("%s: status %d", name, status);
}

static void timezone_agrees_with_libc(void **state)
{
    (void)state;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        skip();
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        random_state = i + 1;
        in_child(zones[i], NULL);
    }
}

static const char *const rules[] = {
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
    "AAA3BBB,J60/2,J300/2",
    "AAA-3BBB,59/1:30,300/2",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "EET-2EEST,M3.4.4/50,M10.4.4/50",
    "<+0530>-5:30",
    "XXX-5:45:15",
};

static void timezone_rules_agree_with_libc(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct zone_file file = {.version = '3', .offset_count = 1, .footer = rules[i]};
        random_state = i + 1;
        in_child(rules[i], &file);
    }
}

/* The C library cannot do this one: summer time the whole year (RFC 9636, 3.3.1). */
static void timezone_summer_all_year(void **state)
{
    struct zone_file file = {
        .version = '3', .offset_count = 1, .footer = "EST5EDT,0/0,J365/25"};
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    (void)state;

    zone_file_write(&file, &data);
    assert_int_equal(timezone_decode("x", data.data, data.size, &zone, &e), 0);
    for (int64_t at = 0; at < YEAR_2300; at += 7 * DAY + 3599) {
        struct timezone_local local = timezone_local_of(zone, at);
        int64_t first, second;
        assert_int_equal(local.offset_seconds, -4 * 3600);
        assert_int_equal(timezone_utc_of(zone, &local, &first, &second), TIMEZONE_ONCE);
        assert_int_equal(first, at);
    }
    timezone_free(zone);
}

/* ---- names ---- */

static const struct {
    const char *name;
    int offset; /* in January 2026, in minutes */
} good_names[] = {
    {"UTC", 0},          {"UTC+01:00", 60},          {"UTC-3", -180},
    {"UTC+0545", 345},   {"UTC-00:30", -30},         {"UTC+23:59", 1439},
    {"UTC+1", 60},       {"Europe/Berlin", 60},      {"Etc/GMT+3", -180},
    {"Asia/Tokyo", 540}, {"America/New_York", -300},
};

static void timezone_names_good(void **state)
{
    (void)state;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        skip();
    for (size_t i = 0; i < sizeof good_names / sizeof good_names[0]; i++) {
        struct timezone *zone = NULL;
        struct error e = ERROR_INIT;
        if (timezone_load(good_names[i].name, &zone, &e) != 0)
            fail_msg("%s: %s", good_names[i].name, e.text);
        struct timezone_local local = timezone_local_of(zone, 1767225600);
        if (local.offset_seconds != good_names[i].offset * 60)
            fail_msg("%s: offset %d", good_names[i].name, local.offset_seconds);
        assert_string_equal(timezone_name(zone), good_names[i].name);
        timezone_free(zone);
    }
    timezone_free(NULL);
}

static const char *const bad_names[] = {
    "",
    "nowhere",
    "Europe",
    "Europe/",
    "/Europe/Berlin",
    "..",
    "../zoneinfo/UTC",
    "Europe/../UTC",
    "./UTC",
    "Europe//Berlin",
    "utc",
    "UTC+24",
    "UTC+1:",
    "UTC+01:60",
    "UTC+",
    "UTC 1",
    "UTC+123",
    "UTC1",
    "Europe/Berlin/x",
    "zone.tab",
    "Europe/Berlin\n",
    "Local",
    "/etc/localtime",
    "right/Europe/Berlin",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "a",
};

static void timezone_names_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        struct timezone *zone = NULL;
        struct error e = ERROR_INIT;
        if (timezone_load(bad_names[i], &zone, &e) == 0 || e.code != ERROR_TIME_ZONE || zone)
            fail_msg("'%s': %s", bad_names[i], e.text);
    }
}

static void timezone_local_is_there(void **state)
{
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(timezone_load("local", &zone, &e), 0);
    assert_string_equal(timezone_name(zone), "local");
    timezone_free(zone);
}

/* ---- dates ---- */

static void timezone_dates(void **state)
{
    (void)state;
    for (int64_t day = -719162; day <= 2932896; day += 1 + (int64_t)random_below(11)) {
        time_t t = day * DAY;
        struct tm tm;
        int year, m, d;
        gmtime_r(&t, &tm);
        timezone_date_of(day, &year, &m, &d);
        if (year != tm.tm_year + 1900 || m != tm.tm_mon + 1 || d != tm.tm_mday ||
            timezone_weekday(day) != tm.tm_wday || timezone_days_of(year, m, d) != day)
            fail_msg("day %lld", (long long)day);
    }
}

/* Far away nothing overflows. */
static void timezone_far_away(void **state)
{
    struct zone_file file = {.version = '2', .offset_count = 1, .footer = rules[0]};
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    zone_file_write(&file, &data);
    assert_int_equal(timezone_decode("x", data.data, data.size, &zone, &e), 0);
    assert_int_equal(timezone_local_of(zone, INT64_MIN).year, 1);
    assert_int_equal(timezone_local_of(zone, INT64_MAX).year, 9999);
    assert_true(timezone_stretch_of(zone, INT64_MIN).to_s > INT64_MIN);
    assert_true(timezone_stretch_of(zone, INT64_MAX).from_s < INT64_MAX);
    timezone_free(zone);
}

/* ---- damage ---- */

static const struct {
    const char *row;
    struct zone_file file;
    const char *part;
} damaged[] = {
    {"no types", {.version = 0}, "number of changes"},
    {"an unknown type",
     {.version = 0, .steps = {{5, 1}}, .step_count = 1, .offset_count = 1},
     "no order"},
    {"a step back",
     {.version = '2',
      .steps = {{5, 0}, {4, 0}},
      .step_count = 2,
      .offset_count = 1,
      .footer = ""},
     "no order"},
    {"a day and more",
     {.version = 0, .offsets = {26 * 3600}, .offset_count = 1},
     "more than a day"},
    {"less than minus a day",
     {.version = 0, .offsets = {-26 * 3600}, .offset_count = 1},
     "more than a day"},
    {"leap seconds", {.version = '2', .offset_count = 1, .leaps = 1, .footer = ""}, "leap"},
    {"no footer", {.version = '2', .offset_count = 1}, "no footer"},
    {"no rule", {.version = '2', .offset_count = 1, .footer = "CET"}, "no rule"},
    {"a short name", {.version = '2', .offset_count = 1, .footer = "CE-1"}, "no rule"},
    {"an open name", {.version = '2', .offset_count = 1, .footer = "<CET-1"}, "no rule"},
    {"25 hours", {.version = '2', .offset_count = 1, .footer = "CET-25"}, "no rule"},
    {"no dates", {.version = '2', .offset_count = 1, .footer = "CET-1CEST"}, "no rule"},
    {"one date", {.version = '2', .offset_count = 1, .footer = "CET-1CEST,M3.5.0"}, "no rule"},
    {"month 13",
     {.version = '2', .offset_count = 1, .footer = "CET-1CEST,M13.5.0,M10.5.0"},
     "no rule"},
    {"week 0",
     {.version = '2', .offset_count = 1, .footer = "CET-1CEST,M3.0.0,M10.5.0"},
     "no rule"},
    {"day 7",
     {.version = '2', .offset_count = 1, .footer = "CET-1CEST,M3.5.7,M10.5.0"},
     "no rule"},
    {"J0", {.version = '2', .offset_count = 1, .footer = "CET-1CEST,J0,M10.5.0"}, "no rule"},
    {"day 366", {.version = '2', .offset_count = 1, .footer = "CET-1CEST,366,3"}, "no rule"},
    {"168 hours",
     {.version = '2', .offset_count = 1, .footer = "CET-1CEST,M3.5.0/168,M10.5.0"},
     "no rule"},
    {"more behind it",
     {.version = '2', .offset_count = 1, .footer = "CET-1CEST,M3.5.0,M10.5.0x"},
     "no rule"},
};

static void timezone_damaged_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
        struct timezone *zone = NULL;
        struct error e = ERROR_INIT;
        zone_file_write(&damaged[i].file, &data);
        if (timezone_decode("x", data.data, data.size, &zone, &e) == 0 ||
            e.code != ERROR_TIME_ZONE || !strstr(e.text, damaged[i].part) || zone)
            fail_msg("%s: %s", damaged[i].row, e.text);
    }
}

/* Cut anywhere it is refused; changed anywhere it is refused or a zone that answers. */
static void timezone_damaged_bytes(void **state)
{
    struct zone_file file = {.version = '2',
                             .steps = {{0, 1}, {1000000, 0}, {2000000, 1}},
                             .step_count = 3,
                             .offsets = {3600, 7200},
                             .offset_count = 2,
                             .footer = rules[0]};
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
    (void)state;

    zone_file_write(&file, &data);
    for (size_t size = 0; size < data.size; size++) {
        struct timezone *zone = NULL;
        struct error e = ERROR_INIT;
        if (timezone_decode("x", data.data, size, &zone, &e) == 0)
            fail_msg("cut to %zu of %zu", size, data.size);
    }
    for (size_t bit = 0; bit < 8 * data.size; bit++) {
        struct timezone *zone = NULL;
        struct error e = ERROR_INIT;
        data.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (timezone_decode("x", data.data, data.size, &zone, &e) == 0) {
            struct timezone_local local = timezone_local_of(zone, 1500000);
            int64_t first, second;
            assert_int_not_equal(timezone_utc_of(zone, &local, &first, &second),
                                 TIMEZONE_NEVER);
        }
        timezone_free(zone);
        data.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timezone_agrees_with_libc),
        cmocka_unit_test(timezone_rules_agree_with_libc),
        cmocka_unit_test(timezone_summer_all_year),
        cmocka_unit_test(timezone_names_good),
        cmocka_unit_test(timezone_names_bad),
        cmocka_unit_test(timezone_local_is_there),
        cmocka_unit_test(timezone_dates),
        cmocka_unit_test(timezone_far_away),
        cmocka_unit_test(timezone_damaged_files),
        cmocka_unit_test(timezone_damaged_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
