/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy_schedule.c - forms of schedules, their mistakes, and slots of known dates. */
#include "policy/schedule.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

static struct timezone *zone_named(const char *name)
{
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    if (timezone_load(name, &zone, &e) != 0)
        fail_msg("%s", e.text);
    return zone;
}

/* "2026-03-29 02:00" or "... 02:00:30" in UTC. */
static int64_t moment(const char *text)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    if (sscanf(text, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second) < 3)
        fail_msg("moment '%s'", text);
    return (timezone_days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) *
           SECOND_NS;
}

static void moment_text(int64_t ns, char text[32])
{
    time_t t = ns / SECOND_NS;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm);
}

static struct schedule *schedule_of(const char *text, int64_t anchor_ns)
{
    struct schedule *schedule = NULL;
    struct error e = ERROR_INIT;
    if (schedule_parse(text, anchor_ns, &schedule, &e) != 0)
        fail_msg("%s", e.text);
    return schedule;
}

/* ---- canonical forms ---- */

static const struct {
    const char *row, *text, *canonical;
} canonical[] = {
    {"SCH-05 daily", "daily 02:00", "daily 02:00"},
    {"SCH-05 two times, in order", " Daily  14:30,2:00 ", "daily 02:00,14:30"},
    {"SCH-05 every n days", "every 3 days 02:00", "every 3 days 02:00"},
    {"SCH-05 every day", "EVERY day 2:00", "every 1 days 02:00"},
    {"SCH-05 the most days", "every 30 days 02:00", "every 30 days 02:00"},
    {"SCH-05 weekly", "weekly Mon,THU 22:00", "weekly mon,thu 22:00"},
    {"SCH-05 a range of weekdays", "weekly mon..fri 22:00", "weekly mon..fri 22:00"},
    {"SCH-05 an hour apart", "daily 23:30,00:30", "daily 00:30,23:30"},
    {"SCH-05 24 times",
     "daily 0:00,1:00,2:00,3:00,4:00,5:00,6:00,7:00,8:00,9:00,10:00,11:00,12:00,13:00,14:00,"
     "15:00,16:00,17:00,18:00,19:00,20:00,21:00,22:00,23:00",
     "daily 00:00,01:00,02:00,03:00,04:00,05:00,06:00,07:00,08:00,09:00,10:00,11:00,12:00,"
     "13:00,14:00,15:00,16:00,17:00,18:00,19:00,20:00,21:00,22:00,23:00"},
    {"SCH-07 interval", "interval 6h", "interval 6h"},
    {"SCH-07 I", "i|1700000000|pt6h", "I|1700000000|PT6H"},
    {"SCH-07 I, several units", "I|1700000000|P1W1DT2H3M4S", "I|1700000000|P1W1DT2H3M4S"},
    {"SCH-07 C", "C|1700000000|30 2 * * *", "C|1700000000|30 2 * * *"},
    {"SCH-07 cron", "cron  30\t2 * JAN-mar,7 Mon-FRI", "cron 30 2 * jan-mar,7 mon-fri"},
    {"SCH-07 @daily", "cron @daily", "cron 0 0 * * *"},
    {"SCH-07 @weekly", "C|5|@Weekly", "C|5|0 0 * * 0"},
    {"SCH-07 hourly", "calendar hourly", "calendar *-*-* *:00:00"},
    {"SCH-07 monthly", "calendar monthly", "calendar *-*-01 00:00:00"},
    {"calendar", "calendar Mon..Fri *-*-1..7 06:00", "calendar mon..fri *-*-1..7 06:00:00"},
    {"calendar without a year", "calendar 10-15", "calendar *-10-15 00:00:00"},
    {"calendar with a time only", "calendar 05:40", "calendar *-*-* 05:40:00"},
    {"calendar with T", "calendar 2027-03-05T05:40", "calendar 2027-03-05 05:40:00"},
    {"calendar with a comma", "calendar Wed, 17:48", "calendar wed, *-*-* 17:48:00"},
    {"calendar from the end", "calendar Mon *-05~07/1", "calendar mon *-05~07/1 00:00:00"},
};

static void schedule_canonical_SCH_05_SCH_07(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++) {
        struct schedule *first = schedule_of(canonical[i].text, 0);
        struct schedule *again = schedule_of(canonical[i].canonical, 0);
        if (strcmp(schedule_text(first), canonical[i].canonical) != 0 ||
            strcmp(schedule_text(again), canonical[i].canonical) != 0)
            fail_msg("%s: '%s'", canonical[i].row, schedule_text(first));
        schedule_free(first);
        schedule_free(again);
    }
    schedule_free(NULL);
}

/* ---- mistakes ---- */

static const struct {
    const char *row, *text;
    int at; /* character */
    const char *expected;
} wrong[] = {
    {"nothing", "", 1, "daily, every"},
    {"an unknown form", "dayly 02:00", 1, "daily, every"},
    {"nothing behind it", "daily", 6, "a space"},
    {"no time", "daily ", 7, "a time from 0:00"},
    {"hour 24", "daily 24:00", 7, "a time from 0:00"},
    {"minute 60", "daily 23:60", 10, "minutes from 00 to 59"},
    {"one digit", "daily 2:5", 9, "minutes in two digits"},
    {"three digits", "daily 2:005", 9, "minutes in two digits"},
    {"seconds", "daily 02:00:00", 12, "',' and another time"},
    {"a space in a list", "daily 02:00, 03:00", 13, "a time from 0:00"},
    {"SCH-05 too near", "daily 02:00,02:59", 13, "at least an hour"},
    {"SCH-05 the same", "daily 02:00,02:00", 13, "at least an hour"},
    {"SCH-05 too near over midnight", "daily 23:30,00:00", 13, "at least an hour"},
    {"SCH-05 25 times",
     "daily 0:00,1:00,2:00,3:00,4:00,5:00,6:00,7:00,8:00,9:00,10:00,11:00,12:00,13:00,14:00,"
     "15:00,16:00,17:00,18:00,19:00,20:00,21:00,22:00,23:00,12:30",
     141, "at least an hour"},
    {"SCH-05 0 days", "every 0 days 02:00", 7, "from 1 to 30"},
    {"SCH-05 31 days", "every 31 days 02:00", 7, "from 1 to 30"},
    {"SCH-05 weeks", "every 3 weeks 02:00", 9, "the word 'days'"},
    {"SCH-05 no such weekday", "weekly mon,thi 22:00", 12, "a weekday"},
    {"SCH-05 no weekday", "weekly 22:00", 8, "a weekday"},
    {"SCH-05 weekdays alone", "weekly mon", 11, "a time from 0:00"},
    {"SCH-05 more behind it", "weekly mon 22:00 tue", 18, "the end"},
    {"SCH-07 no unit", "interval six", 10, "a time, as 6h"},
    {"SCH-07 no length", "interval 0s", 10, "from 1 second"},
    {"SCH-07 too short", "interval 999ms", 10, "from 1 second"},
    {"SCH-07 too long", "interval 3661d", 10, "to 3660 days"},
    {"SCH-07 no anchor", "I|x|PT6H", 3, "seconds since 1970"},
    {"SCH-07 a far anchor", "I|99999999999|PT6H", 3, "seconds since 1970"},
    {"SCH-07 no bar", "I|5", 4, "'|'"},
    {"SCH-07 months", "I|5|P1M", 7, "years and months differ"},
    {"SCH-07 years", "I|5|P1Y", 7, "years and months differ"},
    {"SCH-07 an hour without T", "I|5|P1H", 7, "behind T"},
    {"SCH-07 order", "I|5|PT1M1H", 10, "behind T"},
    {"SCH-07 no P", "I|5|6H", 5, "ISO 8601"},
    {"SCH-07 nothing behind T", "I|5|P1DT", 9, "a number"},
    {"SCH-07 nothing", "I|5|PT0S", 5, "from 1 second"},
    {"SCH-07 C without fields", "C|5|", 5, "minutes from 0 to 59"},
    {"cron minute", "cron 60 * * * *", 6, "minutes from 0 to 59"},
    {"cron hour", "cron 0 24 * * *", 8, "hours from 0 to 23"},
    {"cron day", "cron 0 0 0 * *", 10, "days from 1 to 31"},
    {"cron day 32", "cron 0 0 32 * *", 10, "days from 1 to 31"},
    {"cron month", "cron 0 0 1 13 *", 12, "jan to dec"},
    {"cron month name", "cron 0 0 1 foo *", 12, "jan to dec"},
    {"cron weekday", "cron 0 0 * * 8", 14, "sun to sat"},
    {"cron four fields", "cron 0 0 * *", 13, "sun to sat"},
    {"cron six fields", "cron 0 0 * * * *", 16, "the end"},
    {"cron down", "cron 0 5-3 * * *", 8, "a range that goes up"},
    {"cron step 0", "cron */0 * * * *", 8, "a step"},
    {"cron step alone", "cron 5/10 * * * *", 7, "as 5-59/10"},
    {"cron L", "cron 0 0 L * *", 10, "days from 1 to 31"},
    {"cron #", "cron 0 0 * * 1#2", 15, "',', '-', '/' or a space"},
    {"cron @reboot", "cron @reboot", 7, "@yearly"},
    {"cron behind @", "cron @daily x", 13, "the end"},
    {"calendar nothing", "calendar ", 10, "weekdays, a date or a time"},
    {"calendar word", "calendar someday", 10, "a weekday"},
    {"calendar month 13", "calendar *-13-01", 12, "months from 1 to 12"},
    {"calendar day 32", "calendar *-01-32", 15, "days from 1 to 31"},
    {"calendar day 29 from the end", "calendar *-01~29", 15, "days from 1 to 28"},
    {"calendar year 1969", "calendar 1969-01-01", 10, "years from 1970"},
    {"calendar year 2262", "calendar 2262-01-01", 10, "years from 1970"},
    {"calendar hour", "calendar 24:00", 10, "hours from 0 to 23"},
    {"calendar minutes", "calendar 12:60", 13, "minutes from 0 to 59"},
    {"calendar second", "calendar 12:00:60", 16, "whole seconds"},
    {"calendar fraction", "calendar 12:00:00.5", 18, "whole seconds"},
    {"calendar hour alone", "calendar 12", 12, "':' and minutes"},
    {"calendar down", "calendar 12..10:00", 10, "a range that goes up"},
    {"SCH-10 a zone at the end", "calendar Mon 12:00 Europe/Berlin", 20, "set by `zone`"},
    {"SCH-10 a zone behind a word", "calendar daily UTC", 16, "set by `zone`"},
};

static void schedule_mistakes_SCH_05_SCH_07(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct schedule *schedule = NULL;
        struct error e = ERROR_INIT;
        char at[40];
        snprintf(at, sizeof at, "at character %d: expected ", wrong[i].at);
        if (schedule_parse(wrong[i].text, 0, &schedule, &e) == 0 || schedule ||
            e.code != ERROR_SCHEDULE || !strstr(e.text, at) ||
            !strstr(strstr(e.text, at), wrong[i].expected))
            fail_msg("%s: %s", wrong[i].row, schedule ? schedule_text(schedule) : e.text);
    }
}

static void schedule_long_texts(void **state)
{
    static char text[10242];
    struct schedule *schedule = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    memset(text, ' ', sizeof text - 1);
    memcpy(text, "daily 02:00", 11);
    assert_int_equal(schedule_parse(text, 0, &schedule, &e), -1);
    assert_non_null(strstr(e.text, "more than 10240 characters"));
    text[10240] = '\0';
    assert_int_equal(schedule_parse(text, 0, &schedule, &e), 0);
    assert_string_equal(schedule_text(schedule), "daily 02:00");
    schedule_free(schedule);
    memset(text, '1', 10239);
    assert_int_equal(schedule_parse(text, 0, &schedule, &e), -1);
    assert_non_null(strstr(e.text, "...': at character 1:"));
}

/* ---- slots of known dates ---- */

/* Slots one behind the other, from the first after `after`, in UTC. */
static const struct {
    const char *row, *text, *zone, *anchor, *after;
    const char *slots[4];
} dated[] = {
    {"SCH-06 the creation day",
     "every 3 days 14:00",
     "UTC",
     "2026-01-10 10:00",
     "2026-01-10 10:00",
     {"2026-01-10 14:00", "2026-01-13 14:00", "2026-01-16 14:00"}},
    {"SCH-06 the slot has passed: the next cycle",
     "every 3 days 09:00",
     "UTC",
     "2026-01-10 10:00",
     "2026-01-10 10:00",
     {"2026-01-13 09:00", "2026-01-16 09:00"}},
    {"SCH-06 one of two has passed",
     "every 3 days 09:00,14:00",
     "UTC",
     "2026-01-10 10:00",
     "2026-01-10 10:00",
     {"2026-01-10 14:00", "2026-01-13 09:00", "2026-01-13 14:00"}},
    {"SCH-06 the day of the zone counts",
     "every 2 days 00:30",
     "Asia/Tokyo",
     "2026-01-10 16:00",
     "2026-01-10 16:00",
     {"2026-01-12 15:30", "2026-01-14 15:30"}},
    {"SCH-06 nothing before the creation day",
     "every 3 days 14:00",
     "UTC",
     "2026-01-10 10:00",
     "2026-01-01",
     {"2026-01-10 14:00", "2026-01-13 14:00"}},
    {"SCH-06 weekly has no cycle",
     "weekly mon 14:00",
     "UTC",
     "2026-01-10 10:00",
     "2026-01-10 10:00",
     {"2026-01-12 14:00", "2026-01-19 14:00"}},
    {"SCH-07 interval",
     "interval 6h",
     "UTC",
     "2026-01-10 10:20",
     "2026-01-10 10:20",
     {"2026-01-10 16:20", "2026-01-10 22:20", "2026-01-11 04:20"}},
    {"SCH-07 I begins at its anchor",
     "I|1768039200|P1D",
     "UTC",
     "2020-01-01",
     "2026-01-01 00:00",
     {"2026-01-10 10:00", "2026-01-11 10:00"}},
    {"SCH-07 C begins at its time",
     "C|1768039200|0 * * * *",
     "UTC",
     "2020-01-01",
     "2026-01-01 00:00",
     {"2026-01-10 10:00", "2026-01-10 11:00"}},
    {"SCH-07 C later",
     "C|1768039200|0 9 * * *",
     "UTC",
     "2020-01-01",
     "2026-01-01 00:00",
     {"2026-01-11 09:00", "2026-01-12 09:00"}},
    {"SCH-07 interval knows no summer time",
     "interval 1d",
     "Europe/Berlin",
     "2026-03-28 01:30",
     "2026-03-28 01:30",
     {"2026-03-29 01:30", "2026-03-30 01:30"}},
    /* Berlin: 2026-03-29 02:00 -> 03:00 (01:00 UTC), 2026-10-25 03:00 -> 02:00 (01:00 UTC) */
    {"SCH-10 local time",
     "daily 02:30",
     "Europe/Berlin",
     "2026-01-01",
     "2026-06-30 12:00",
     {"2026-07-01 00:30", "2026-07-02 00:30"}},
    {"SCH-10 a gap: the first moment behind it",
     "daily 02:30",
     "Europe/Berlin",
     "2026-01-01",
     "2026-03-28 12:00",
     {"2026-03-29 01:00", "2026-03-30 00:30"}},
    {"SCH-10 a gap: two times, one slot",
     "daily 02:00,03:00",
     "Europe/Berlin",
     "2026-01-01",
     "2026-03-28 12:00",
     {"2026-03-29 01:00", "2026-03-30 00:00", "2026-03-30 01:00"}},
    {"SCH-10 an overlap: once, the first time",
     "daily 02:30",
     "Europe/Berlin",
     "2026-01-01",
     "2026-10-24 12:00",
     {"2026-10-25 00:30", "2026-10-26 01:30"}},
    {"SCH-10 an overlap: a list of hours is fixed",
     "cron 30 2,3 * * *",
     "Europe/Berlin",
     "2026-01-01",
     "2026-10-24 12:00",
     {"2026-10-25 00:30", "2026-10-25 02:30", "2026-10-26 01:30"}},
    {"SCH-10 an overlap: every hour follows the time",
     "cron 30 * * * *",
     "Europe/Berlin",
     "2026-01-01",
     "2026-10-25 00:00",
     {"2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 03:30"}},
    {"SCH-10 an overlap: calendar, too",
     "calendar *:30",
     "Europe/Berlin",
     "2026-01-01",
     "2026-10-25 00:00",
     {"2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"}},
    {"SCH-10 an overlap: the last ones there are",
     "calendar 2026-10-25 02:00/30",
     "Europe/Berlin",
     "2026-01-01",
     "2026-10-25 00:00",
     {"2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30"}},
    {"SCH-10 half an hour",
     "daily 02:15",
     "Australia/Lord_Howe",
     "2026-01-01",
     "2026-10-02 15:45",
     {"2026-10-03 15:30", "2026-10-04 15:15"}},
    {"SCH-10 a day that was left out",
     "daily 10:00",
     "Pacific/Apia",
     "2011-01-01",
     "2011-12-29 12:00",
     {"2011-12-29 20:00", "2011-12-30 10:00", "2011-12-30 20:00"}},
    {"calendar weekday and date",
     "calendar Fri *-*-13 12:00",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-02-13 12:00", "2026-03-13 12:00", "2026-11-13 12:00"}},
    {"calendar the last day",
     "calendar *-02~01 06:00",
     "UTC",
     "2026-01-01",
     "2027-01-01",
     {"2027-02-28 06:00", "2028-02-29 06:00"}},
    {"calendar the last Monday in May",
     "calendar Mon *-05~07/1",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-05-25", "2027-05-31"}},
    {"calendar a range from the end",
     "calendar *-02~02..01",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-02-27", "2026-02-28", "2027-02-27"}},
    {"calendar a range from the end, the other way",
     "calendar *-02~01..02",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-02-27", "2026-02-28", "2027-02-27"}},
    {"calendar minutely",
     "calendar minutely",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-01 00:01", "2026-01-01 00:02"}},
    {"calendar hourly",
     "calendar hourly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-01 01:00", "2026-01-01 02:00"}},
    {"calendar daily",
     "calendar daily",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-02", "2026-01-03"}},
    {"calendar weekly",
     "calendar weekly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-05", "2026-01-12"}},
    {"calendar monthly",
     "calendar monthly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-02-01", "2026-03-01"}},
    {"calendar quarterly",
     "calendar quarterly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-04-01", "2026-07-01", "2026-10-01", "2027-01-01"}},
    {"calendar semiannually",
     "calendar semiannually",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-07-01", "2027-01-01"}},
    {"calendar yearly",
     "calendar yearly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2027-01-01", "2028-01-01"}},
    {"calendar annually",
     "calendar annually",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2027-01-01", "2028-01-01"}},
    {"cron @yearly",
     "cron @yearly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2027-01-01", "2028-01-01"}},
    {"cron @annually",
     "cron @annually",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2027-01-01", "2028-01-01"}},
    {"cron @monthly",
     "cron @monthly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-02-01", "2026-03-01"}},
    {"cron @weekly",
     "cron @weekly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-04", "2026-01-11"}},
    {"cron @midnight",
     "cron @midnight",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-02", "2026-01-03"}},
    {"cron @hourly",
     "cron @hourly",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-01 01:00", "2026-01-01 02:00"}},
    {"calendar two digits of a year",
     "calendar 27-12-31 1:2",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2027-12-31 01:02", NULL}},
    {"calendar Feb 29 on a Monday",
     "calendar Mon *-02-29",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2044-02-29", "2072-02-29", "2112-02-29"}},
    {"calendar every other year",
     "calendar 2027/2-06-01",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2027-06-01", "2029-06-01", "2031-06-01"}},
    {"calendar seconds",
     "calendar *:0/30:15,45",
     "UTC",
     "2026-01-01",
     "2026-01-01 00:00:20",
     {"2026-01-01 00:00:45", "2026-01-01 00:30:15", "2026-01-01 00:30:45"}},
    {"calendar a day that never is",
     "calendar *-02-30",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {NULL}},
    {"calendar a year that is over",
     "calendar 2025-*-*",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {NULL}},
    {"cron day or weekday",
     "cron 0 0 13 * 5",
     "UTC",
     "2026-01-01",
     "2026-01-01 12:00",
     {"2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"}},
    {"cron a star makes it and",
     "cron 0 0 */2 * 5",
     "UTC",
     "2026-01-01",
     "2026-01-01 12:00",
     {"2026-01-09", "2026-01-23", "2026-02-13"}},
    {"cron Sunday twice",
     "cron 0 0 * * 7",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-04", "2026-01-11"}},
    {"cron over the end of the week",
     "cron 0 0 * * fri-sun",
     "UTC",
     "2026-01-01",
     "2026-01-01",
     {"2026-01-02", "2026-01-03", "2026-01-04", "2026-01-09"}},
};

static void check_dated(size_t i)
{
    struct schedule *schedule = schedule_of(dated[i].text, moment(dated[i].anchor));
    struct timezone *zone = zone_named(dated[i].zone);
    int64_t at = moment(dated[i].after);
    char text[32] = "none";

    for (size_t j = 0; j < 4 && (j == 0 || dated[i].slots[j] != NULL); j++) {
        int64_t wanted = dated[i].slots[j] != NULL ? moment(dated[i].slots[j]) : 0, slot = 0;
        bool found = schedule_next(schedule, zone, at, &slot);
        if (found)
            moment_text(slot, text);
        if (found != (dated[i].slots[j] != NULL) || slot != wanted)
            fail_msg("%s: slot %zu is %s", dated[i].row, j, found ? text : "none");
        at = slot;
    }
    timezone_free(zone);
    schedule_free(schedule);
}

static void schedule_dated_SCH_06_SCH_07_SCH_10(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dated / sizeof dated[0]; i++)
        check_dated(i);
}

/* ---- first, last and number ---- */

static void schedule_counts(void **state)
{
    struct schedule *schedule = schedule_of("cron */15 8-18 * * mon-fri", 0);
    struct timezone *zone = zone_named("Europe/Berlin");
    int64_t from = moment("2026-01-01"), until = moment("2026-12-31"), last = 0, found = 0;
    uint64_t count = 0;
    (void)state;

    for (int64_t at = from; schedule_next(schedule, zone, at, &at) && at <= until; count++)
        last = at;
    assert_true(count > 10000);
    assert_int_equal(schedule_count(schedule, zone, from, until, UINT64_MAX), count);
    assert_int_equal(schedule_count(schedule, zone, from, until, 100), 100);
    assert_int_equal(schedule_count(schedule, zone, until, from, 100), 0);
    assert_true(schedule_last(schedule, zone, from, until, &found));
    assert_int_equal(found, last);
    found = 0;
    assert_true(schedule_last(schedule, zone, from, last, &found));
    assert_int_equal(found, last);
    assert_true(schedule_last(schedule, zone, last - 1, last, &found));
    assert_int_equal(found, last);
    assert_false(schedule_last(schedule, zone, last, last + 1, &found));
    assert_false(schedule_last(schedule, zone, until, from, &found));
    timezone_free(zone);
    schedule_free(schedule);
}

/* What is far away costs no more than what is near: 20,000 of them in a moment. */
static void schedule_is_quick(void **state)
{
    static const char *const texts[] = {"calendar Mon *-02-29", "calendar *-02-30",
                                        "calendar *:*:*", "cron 0 0 29 2 *",
                                        "calendar 2261-12-31 23:59:59"};
    struct timezone *zone = zone_named("America/New_York");
    struct timespec begin, end;
    int64_t slot;
    (void)state;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct schedule *schedule = schedule_of(texts[i], 0);
        for (int j = 0; j < 200; j++)
            schedule_next(schedule, zone, moment("2026-01-01") + j * SECOND_NS, &slot);
        schedule_last(schedule, zone, 0, INT64_MAX, &slot);
        schedule_free(schedule);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_true(end.tv_sec - begin.tv_sec < 3);
    timezone_free(zone);
}

/* At both ends of time. */
static void schedule_far_away(void **state)
{
    static const char *const texts[] = {"daily 02:00", "interval 1s", "I|9000000000|P3000D",
                                        "C|9000000000|* * * * *", "calendar *:*:*"};
    struct timezone *zone = zone_named("Asia/Tokyo");
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct schedule *schedule = schedule_of(texts[i], 0);
        int64_t slot = -1;
        assert_true(schedule_next(schedule, zone, INT64_MIN, &slot));
        assert_true(slot >= 0);
        assert_false(schedule_next(schedule, zone, INT64_MAX, &slot));
        schedule_free(schedule);
    }
    timezone_free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedule_canonical_SCH_05_SCH_07),
        cmocka_unit_test(schedule_mistakes_SCH_05_SCH_07),
        cmocka_unit_test(schedule_long_texts),
        cmocka_unit_test(schedule_dated_SCH_06_SCH_07_SCH_10),
        cmocka_unit_test(schedule_counts),
        cmocka_unit_test(schedule_is_quick),
        cmocka_unit_test(schedule_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
