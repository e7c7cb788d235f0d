/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_retention.c - retention by the dated examples of the requirements: what stays is
 * written as a text, one character for each backup, oldest first: '#' stays, '.' goes.
 */
#include "base/timezone.h"
#include "policy/retention.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define HOUR_NS (3600 * SECOND_NS)
#define DAY_NS (24 * HOUR_NS)

enum { ROOM = 512 };

struct history {
    struct retention_backup backups[ROOM];
    char ids[ROOM][24];
    struct retention_decision decisions[ROOM];
    size_t count;
    struct timezone *zone;
    struct retention_rules rules;
    int64_t now_ns;
    bool no_policy, doubtful;
};

static struct timezone *load(const char *name)
{
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    if (timezone_load(name, &zone, &e) != 0)
        fail_msg("%s", e.text);
    return zone;
}

/* A moment in the zone, "2026-11-21 02:00". */
static int64_t at(const struct timezone *zone, const char *text)
{
    struct timezone_local local = {0};
    int64_t first, second;
    assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &local.year, &local.month, &local.day,
                            &local.hour, &local.minute),
                     5);
    timezone_utc_of(zone, &local, &first, &second);
    return first * SECOND_NS;
}

static void begin(struct history *h, const char *zone)
{
    memset(h, 0, sizeof(*h));
    h->zone = load(zone);
}

static void end(struct history *h)
{
    timezone_free(h->zone);
}

/* One made by the policy; the clock is then. */
static struct retention_backup *add(struct history *h, int64_t created_ns)
{
    struct retention_backup *b = &h->backups[h->count];
    assert_true(h->count < ROOM);
    snprintf(h->ids[h->count], sizeof(h->ids[0]), "b%06zu", h->count);
    *b = (struct retention_backup){
        .id = h->ids[h->count], .created_ns = created_ns, .by_policy = true};
    b->expire_ns = retention_expiry(&h->rules, h->zone, created_ns);
    h->count++;
    if (created_ns > h->now_ns)
        h->now_ns = created_ns;
    return b;
}

static struct retention_backup *add_at(struct history *h, const char *text)
{
    return add(h, at(h->zone, text));
}

/* One each day at the same time, from then on. */
static void add_days(struct history *h, const char *text, unsigned days)
{
    for (unsigned i = 0; i < days; i++)
        add(h, at(h->zone, text) + i * DAY_NS);
}

static const char *decide(struct history *h)
{
    static char text[ROOM + 1];
    struct retention_question q = {.rules = h->no_policy ? NULL : &h->rules,
                                   .zone = h->zone,
                                   .now_ns = h->now_ns,
                                   .clock_doubtful = h->doubtful,
                                   .backups = h->backups,
                                   .count = h->count};
    struct error e = ERROR_INIT;
    assert_int_equal(retention_decide(&q, h->decisions, &e), 0);
    for (size_t i = 0; i < h->count; i++)
        text[i] = retention_verdict_keeps(h->decisions[i].verdict) ? '#' : '.';
    text[h->count] = '\0';
    return text;
}

/* ---- RET-01 ---- */

static void retention_RET_01_ranges(void **state)
{
    static const struct {
        const char *row;
        struct retention_rules rules;
        bool right;
    } rows[] = {
        {"nothing = permanent", {0}, true},
        {"the last 2", {.count = 2}, true},
        {"C10 the last one", {.count = 1}, true},
        {"the last 99999", {.count = 99999}, true},
        {"the last 100000", {.count = 100000}, false},
        {"2 days", {.time_ns = 2 * DAY_NS}, true},
        {"99999 days", {.time_ns = 99999 * DAY_NS}, true},
        {"RET-03 999 years", {.calendar_months = 999 * 12}, true},
        {"1000 years", {.calendar_months = 1000 * 12}, false},
        {"less than nothing", {.time_ns = -1}, false},
        {"months less than nothing", {.calendar_months = -1}, false},
        {"time and quantity", {.count = 2, .time_ns = DAY_NS}, false},
        {"months and quantity", {.count = 2, .calendar_months = 1}, false},
        {"RET-02 time and days", {.daily = 1, .time_ns = DAY_NS}, false},
        {"RET-02 time and years", {.yearly = 1, .calendar_months = 1}, false},
        {"RET-02 all counts", {.count = 9, .daily = 100, .weekly = 100, .monthly = 100}, true},
        {"RET-02 101 days", {.daily = 101}, false},
        {"RET-02 101 hours", {.hourly = 101}, false},
        {"at least 2 days", {.least_ns = 2 * DAY_NS, .time_ns = DAY_NS}, true},
        {"at least -1", {.least_ns = -1}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error e = ERROR_INIT;
        int result = retention_check(&rows[i].rules, &e);
        if ((result == 0) != rows[i].right || (result != 0 && e.code != ERROR_RETENTION))
            fail_msg("%s: %s", rows[i].row, e.text);
    }
}

/* C10: one is enough, with a warning. */
static void retention_C10_only_one(void **state)
{
    const struct retention_rules one = {.count = 1}, day = {.daily = 1}, two = {.count = 2},
                                 both = {.count = 1, .weekly = 1}, none = {0};
    char text[128];
    (void)state;
    assert_true(retention_warns(&one, text, sizeof(text)));
    assert_true(retention_warns(&day, text, sizeof(text)));
    assert_false(retention_warns(&two, text, sizeof(text)));
    assert_false(retention_warns(&both, text, sizeof(text)));
    assert_false(retention_warns(&none, text, sizeof(text)));
}

/* Months and years by the calendar; never earlier by any clock. */
static void retention_RET_01_months(void **state)
{
    static const struct {
        const char *zone, *made;
        int months;
        const char *goes;
    } rows[] = {
        {"UTC", "2026-01-15 02:00", 1, "2026-02-15 02:00"},
        {"UTC", "2026-01-31 02:00", 1, "2026-02-28 02:00"},
        {"UTC", "2028-01-31 02:00", 1, "2028-02-29 02:00"},
        {"UTC", "2026-08-31 23:59", 6, "2027-02-28 23:59"},
        {"UTC", "2026-10-31 02:00", 3, "2027-01-31 02:00"},
        {"UTC", "2028-02-29 02:00", 12, "2029-02-28 02:00"},
        {"Europe/Berlin", "2026-02-28 02:30", 1, "2026-03-28 02:30"},
        /* 02:30 does not come on 29 March: the first moment behind the gap */
        {"Europe/Berlin", "2026-01-29 02:30", 2, "2026-03-29 03:00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct timezone *zone = load(rows[i].zone);
        const struct retention_rules rules = {.calendar_months = rows[i].months};
        int64_t made = at(zone, rows[i].made), goes = retention_expiry(&rules, zone, made + 7);
        if (goes != at(zone, rows[i].goes) + 7)
            fail_msg("%s + %d months", rows[i].made, rows[i].months);
        timezone_free(zone);
    }
    /* 02:30 comes twice on 25 October: the second one. */
    struct timezone *zone = load("Europe/Berlin");
    const struct retention_rules month = {.calendar_months = 1};
    int64_t made = at(zone, "2026-09-25 02:30");
    assert_int_equal(retention_expiry(&month, zone, made),
                     at(zone, "2026-10-25 01:30") + 2 * HOUR_NS);
    /* Beyond what can be counted. */
    const struct retention_rules ever = {.calendar_months = 999 * 12};
    assert_int_equal(retention_expiry(&ever, zone, made), INT64_MAX);
    const struct retention_rules days = {.time_ns = INT64_MAX};
    assert_int_equal(retention_expiry(&days, zone, made), INT64_MAX);
    const struct retention_rules counts = {.count = 3};
    assert_int_equal(retention_expiry(&counts, zone, made), 0);
    timezone_free(zone);
}

static void retention_RET_01_time(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.calendar_months = 1;
    add_days(&h, "2026-01-01 02:00", 40);
    h.now_ns = at(h.zone, "2026-02-03 02:00");
    h.count = 34;
    assert_string_equal(decide(&h), "...###############################");
    /* RET-08: a moment before its time nothing goes. */
    h.now_ns--;
    assert_string_equal(decide(&h), "..################################");
    assert_int_equal(h.decisions[0].verdict, RETENTION_EXPIRED);
    assert_int_equal(h.decisions[2].verdict, RETENTION_TIME);
    end(&h);
}

static void retention_RET_01_quantity(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 3;
    add_days(&h, "2026-01-01 02:00", 6);
    assert_string_equal(decide(&h), "...###");
    assert_int_equal(h.decisions[0].verdict, RETENTION_NOT_KEPT);
    assert_int_equal(h.decisions[3].verdict, RETENTION_COUNT);
    assert_int_equal(h.decisions[3].rank, 3);
    assert_int_equal(h.decisions[5].verdict, RETENTION_NEWEST);
    h.rules.count = 0; /* permanent */
    assert_string_equal(decide(&h), "######");
    assert_int_equal(h.decisions[0].verdict, RETENTION_PERMANENT);
    end(&h);
}

/* ---- RET-02, RET-03 ---- */

/* Daily 5 and weekly 1 keep 5: the week's latest is among them. */
static void retention_RET_02_daily_5_weekly_1(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "Europe/Berlin");
    h.rules.daily = 5;
    h.rules.weekly = 1;
    add_days(&h, "2026-03-02 02:00", 21); /* Monday to Sunday, three times */
    assert_string_equal(decide(&h), "................#####");
    assert_int_equal(h.decisions[20].all & (1U << RETENTION_WEEKLY), 1U << RETENTION_WEEKLY);
    /* Two weeks: that of the week before stays, too. */
    h.rules.weekly = 2;
    assert_string_equal(decide(&h), ".............#..#####");
    /* In the middle of a week the same. */
    h.count = 17; /* until Wednesday */
    h.now_ns = h.backups[16].created_ns;
    assert_string_equal(decide(&h), "............#####");
    /* With the last 6 it is their union. */
    h.rules.count = 6;
    assert_string_equal(decide(&h), "...........######");
    end(&h);
}

static void retention_RET_02_latest_of_each(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "America/New_York");
    h.rules.monthly = 3;
    h.rules.yearly = 2;
    add_at(&h, "2025-06-01 02:00");
    add_at(&h, "2025-12-30 02:00"); /* the latest of 2025 */
    add_at(&h, "2026-01-31 23:59");
    add_at(&h, "2026-02-01 00:00");
    add_at(&h, "2026-02-28 23:59"); /* of February */
    add_at(&h, "2026-03-01 00:00");
    add_at(&h, "2026-03-31 23:59"); /* of March */
    add_at(&h, "2026-05-05 05:05"); /* of May: April has none, and counts for nothing */
    assert_string_equal(decide(&h), ".#..#.##");
    assert_int_equal(h.decisions[1].verdict, RETENTION_YEARLY);
    assert_int_equal(h.decisions[1].rank, 2);
    end(&h);
}

/* The first of each day, week or month. */
static void retention_RET_03_first_of_each(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "Asia/Shanghai");
    h.rules.pick = RETENTION_FIRST;
    h.rules.daily = 3;
    h.rules.monthly = 2;
    add_at(&h, "2026-01-30 01:00"); /* the first of January that is there */
    add_at(&h, "2026-02-01 01:00"); /* of February */
    add_at(&h, "2026-02-26 08:00"); /* of the day */
    add_at(&h, "2026-02-26 20:00");
    add_at(&h, "2026-02-27 08:00"); /* of the day */
    add_at(&h, "2026-02-27 20:00");
    add_at(&h, "2026-02-28 08:00"); /* of the day */
    add_at(&h, "2026-02-28 20:00"); /* the newest */
    assert_string_equal(decide(&h), "###.#.##");
    h.rules.pick = RETENTION_LAST;
    assert_string_equal(decide(&h), "#..#.#.#");
    end(&h);
}

/* Weeks are those of ISO 8601: Monday is the first day, also across the year's end. */
static void retention_weeks_of_iso(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.weekly = 2;
    add_at(&h, "2026-12-27 12:00"); /* Sunday */
    add_at(&h, "2026-12-28 12:00"); /* Monday of the week that ends on 3 January */
    add_at(&h, "2027-01-03 12:00"); /* its Sunday */
    add_at(&h, "2027-01-04 12:00");
    assert_string_equal(decide(&h), "..##");
    end(&h);
}

/* An hour that comes twice is two; a day of 23 or 25 hours is one. */
static void retention_summer_time(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "Europe/Berlin");
    int64_t midnight = at(h.zone, "2026-10-25 00:00");
    h.rules.hourly = 4;
    for (int i = 0; i < 6; i++) /* 00:30, 01:30, 02:30, 02:30, 03:30, 04:30 */
        add(&h, midnight + i * HOUR_NS + HOUR_NS / 2);
    assert_string_equal(decide(&h), "..####");
    h.rules.hourly = 0;
    h.rules.daily = 1;
    h.count = 0;
    for (int i = 0; i < 25; i++)
        add(&h, midnight + i * HOUR_NS);
    assert_string_equal(decide(&h), "........................#");
    h.rules.daily = 2;
    assert_string_equal(decide(&h), "........................#");
    end(&h);
}

/* ---- who is not counted ---- */

static void retention_RET_04_by_hand(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 2;
    add_days(&h, "2026-01-01 02:00", 6);
    h.backups[0].by_policy = false;
    h.backups[4].by_policy = false;
    assert_string_equal(decide(&h), "#..###"); /* it takes nobody's place */
    assert_int_equal(h.decisions[0].verdict, RETENTION_MANUAL);
    /* Not even a stamp lets it go. */
    h.backups[0].expire_ns = 1;
    assert_string_equal(decide(&h), "#..###");
    /* RET-05: the same for replicas that somebody has asked for. */
    h.backups[1].replica_by_hand = true;
    assert_string_equal(decide(&h), "##.###");
    end(&h);
}

static void retention_RET_06_pinned(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 2;
    add_days(&h, "2026-01-01 02:00", 6);
    h.backups[1].pinned = "an image was made from it";
    h.backups[4].pinned = "somebody keeps it by hand";
    assert_string_equal(decide(&h), ".#.###");
    assert_int_equal(h.decisions[1].verdict, RETENTION_PINNED);
    assert_int_equal(h.decisions[3].verdict, RETENTION_COUNT);
    end(&h);
}

/* At most 10 failed ones are kept, for a month. */
static void retention_RET_07_failed(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 1;
    h.rules.failed = 10;
    add_days(&h, "2026-01-01 02:00", 14);
    for (size_t i = 1; i < 14; i++)
        h.backups[i].failed = true;
    /* A failed one is nobody's newest (RET-12), and takes nobody's place. */
    assert_string_equal(decide(&h), "#...##########");
    assert_int_equal(h.decisions[1].verdict, RETENTION_FAILED);
    assert_int_equal(h.decisions[0].verdict, RETENTION_NEWEST);
    h.now_ns = at(h.zone, "2026-02-09 02:00");
    assert_string_equal(decide(&h), "#.........####");
    h.doubtful = true; /* then age lets nothing go, but number does */
    assert_string_equal(decide(&h), "#...##########");
    end(&h);
}

/* ---- RET-09 ---- */

enum kind { QUANTITY_2, QUANTITY_4, WEEK, TWO_WEEKS, PERMANENT };

static struct retention_rules rules_of(enum kind kind)
{
    switch (kind) {
    case QUANTITY_2:
        return (struct retention_rules){.count = 2};
    case QUANTITY_4:
        return (struct retention_rules){.count = 4};
    case WEEK:
        return (struct retention_rules){.time_ns = 7 * DAY_NS};
    case TWO_WEEKS:
        return (struct retention_rules){.time_ns = 14 * DAY_NS};
    default:
        return (struct retention_rules){0};
    }
}

/* Six backups under the first rules, then the change, then two under the second; what stays
 * then, and four weeks later. */
static void retention_RET_09_changed_rules(void **state)
{
    static const struct {
        const char *row;
        enum kind before, after;
        enum retention_effect effect;
        const char *now, *later;
    } rows[] = {
        {"quantity to quantity: all old ones, at the next completion", QUANTITY_4, QUANTITY_2,
         RETENTION_ALL, "......##", "......##"},
        {"quantity to more: what is there", QUANTITY_2, QUANTITY_4, RETENTION_ALL, "....####",
         "....####"},
        {"quantity to time: new ones only", QUANTITY_4, WEEK, RETENTION_NEW_ONLY, "########",
         "######.#"},
        {"quantity to permanent: new ones only", QUANTITY_4, PERMANENT, RETENTION_NEW_ONLY,
         "########", "########"},
        {"time to time: new ones only", WEEK, TWO_WEEKS, RETENTION_NEW_ONLY, ".#######",
         ".......#"},
        {"time to less time: new ones only", TWO_WEEKS, WEEK, RETENTION_NEW_ONLY, "########",
         ".......#"},
        {"time to quantity: old ones as well", TWO_WEEKS, QUANTITY_2, RETENTION_ALL, "......##",
         "......##"},
        {"permanent to quantity: old ones as well", PERMANENT, QUANTITY_2, RETENTION_ALL,
         "......##", "......##"},
        {"time to permanent: old ones go by their time", WEEK, PERMANENT, RETENTION_NEW_ONLY,
         ".#######", "......##"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct history h;
        struct retention_rules before = rules_of(rows[i].before),
                               after = rules_of(rows[i].after);
        begin(&h, "UTC");
        h.rules = before;
        add_days(&h, "2026-01-01 02:00", 6);
        assert_int_equal(retention_effect(&before, &after), rows[i].effect);
        for (size_t j = 0; rows[i].effect == RETENTION_ALL && j < h.count; j++)
            h.backups[j].expire_ns = 0;
        h.rules = after;
        add_days(&h, "2026-01-07 02:00", 2);
        if (strcmp(decide(&h), rows[i].now) != 0)
            fail_msg("%s: %s", rows[i].row, decide(&h));
        h.now_ns += 28 * DAY_NS;
        if (strcmp(decide(&h), rows[i].later) != 0)
            fail_msg("%s, later: %s", rows[i].row, decide(&h));
        end(&h);
    }
}

/* Without a policy those with a time go, the others stay. */
static void retention_RET_10_policy_is_gone(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 2;
    add_days(&h, "2026-01-01 02:00", 3);
    h.rules.count = 0;
    h.rules.time_ns = 7 * DAY_NS;
    add_days(&h, "2026-01-04 02:00", 3);
    h.no_policy = true;
    h.now_ns = at(h.zone, "2026-03-01 02:00");
    assert_string_equal(decide(&h), "###..#");
    assert_int_equal(h.decisions[0].verdict, RETENTION_NO_RULE);
    assert_int_equal(h.decisions[5].verdict, RETENTION_NEWEST);
    end(&h);
}

/* ---- RET-12 and what is above all rules ---- */

static void retention_RET_12_newest(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.time_ns = 2 * DAY_NS;
    add_days(&h, "2026-01-01 02:00", 3);
    h.now_ns = at(h.zone, "2027-01-01 02:00");
    assert_string_equal(decide(&h), "..#");
    add_at(&h, "2027-01-01 02:00")->failed = true; /* has not completed */
    h.rules.failed = 1;
    assert_string_equal(decide(&h), "..##");
    add_at(&h, "2027-01-02 02:00");
    assert_string_equal(decide(&h), "...##");
    h.backups[4].by_policy = false; /* made by hand: a newer one all the same */
    assert_string_equal(decide(&h), "...##");
    end(&h);
}

static void retention_least_age(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 1;
    h.rules.least_ns = 3 * DAY_NS;
    add_days(&h, "2026-01-01 02:00", 6);
    assert_string_equal(decide(&h), "...###");
    assert_int_equal(h.decisions[4].verdict, RETENTION_YOUNG);
    end(&h);
}

static void retention_locked(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 1;
    add_days(&h, "2026-01-01 02:00", 4);
    h.backups[0].locked_until_ns = h.now_ns + 1;
    h.backups[1].locked_until_ns = h.now_ns;
    assert_string_equal(decide(&h), "#..#");
    assert_int_equal(h.decisions[0].verdict, RETENTION_LOCKED);
    end(&h);
}

/* RET-15: what somebody has extended stays until then, whatever the rules and the clock say,
 * and takes nobody's place. */
static void retention_RET_15_extended(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 1;
    add_days(&h, "2026-01-01 02:00", 4);
    h.backups[0].keep_ns = h.now_ns + 1;
    h.backups[1].keep_ns = h.now_ns;
    assert_string_equal(decide(&h), "#..#");
    assert_int_equal(h.decisions[0].verdict, RETENTION_EXTENDED);
    h.doubtful = true;
    assert_string_equal(decide(&h), "##.#");
    assert_int_equal(h.decisions[1].verdict, RETENTION_CLOCK);
    h.rules = (struct retention_rules){.time_ns = DAY_NS};
    h.doubtful = false;
    h.backups[0].expire_ns = h.backups[0].created_ns + DAY_NS;
    h.backups[1].expire_ns = h.backups[1].created_ns + DAY_NS;
    assert_string_equal(decide(&h), "#.##");
    end(&h);
}

/* F15: backups that come from the future stay, and push nothing out. */
static void retention_F15_future(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 2;
    h.rules.daily = 2;
    add_days(&h, "2026-01-01 02:00", 4);
    int64_t now = h.now_ns;
    for (int i = 0; i < 5; i++)
        add_at(&h, i % 2 ? "2026-02-01 02:00" : "2060-02-01 02:00");
    h.now_ns = now;
    assert_string_equal(decide(&h), "..#######");
    assert_int_equal(h.decisions[3].verdict, RETENTION_NEWEST);
    assert_int_equal(h.decisions[4].verdict, RETENTION_CLOCK);
    end(&h);
}

static void retention_clock_in_doubt(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.time_ns = DAY_NS;
    add_days(&h, "2026-01-01 02:00", 4);
    h.doubtful = true;
    assert_string_equal(decide(&h), "####");
    assert_int_equal(h.decisions[0].verdict, RETENTION_CLOCK);
    h.doubtful = false;
    assert_string_equal(decide(&h), "...#");
    end(&h);
}

/* The order in which they are asked for is no matter; of two of one time the greater id is the
 * newer. */
static void retention_order_is_no_matter(void **state)
{
    static struct history h;
    (void)state;
    begin(&h, "UTC");
    h.rules.count = 2;
    for (int i = 0; i < 4; i++)
        add_at(&h, "2026-01-01 02:00");
    assert_string_equal(decide(&h), "..##");
    struct retention_backup first = h.backups[0];
    h.backups[0] = h.backups[3];
    h.backups[3] = first;
    assert_string_equal(decide(&h), "#.#.");
    h.count = 0;
    assert_string_equal(decide(&h), "");
    end(&h);
}

/* ---- words ---- */

static void retention_words(void **state)
{
    static struct history h;
    char text[256];
    (void)state;
    begin(&h, "UTC");
    retention_describe(&h.rules, text, sizeof(text));
    assert_string_equal(text, "everything");
    h.rules = (struct retention_rules){.count = 7, .weekly = 1, .monthly = 4};
    retention_describe(&h.rules, text, sizeof(text));
    assert_string_equal(
        text, "the last 7, the latest of each of 1 week, the latest of each of 4 months");
    h.rules = (struct retention_rules){.time_ns = 30 * DAY_NS, .least_ns = HOUR_NS};
    retention_describe(&h.rules, text, sizeof(text));
    assert_string_equal(text, "for 30 days, nothing younger than 1 hour");
    h.rules = (struct retention_rules){.calendar_months = 24};
    retention_describe(&h.rules, text, sizeof(text));
    assert_string_equal(text, "for 2 years");
    h.rules = (struct retention_rules){.count = 2, .daily = 3};
    add_days(&h, "2026-01-01 02:00", 5);
    decide(&h);
    retention_explain(&h.rules, &h.decisions[3], &h.backups[3], text, sizeof(text));
    assert_string_equal(text, "it is one of the last (number 2 of 2); also keep-daily");
    retention_explain(&h.rules, &h.decisions[2], &h.backups[2], text, sizeof(text));
    assert_string_equal(text, "it stands for its day (number 3 of 3)");
    retention_explain(&h.rules, &h.decisions[0], &h.backups[0], text, sizeof(text));
    assert_string_equal(text, "no rule keeps it (the last 2, the latest of each of 3 days)");
    retention_explain(&h.rules, &h.decisions[0], &h.backups[0], text, 10);
    assert_string_equal(text, "no rule k");
    h.backups[0].pinned = "somebody keeps it by hand";
    decide(&h);
    retention_explain(&h.rules, &h.decisions[0], &h.backups[0], text, sizeof(text));
    assert_string_equal(text, "something needs it: somebody keeps it by hand");
    end(&h);
}

/* ---- the brake ---- */

static void retention_brake(void **state)
{
    static const struct {
        const char *row;
        struct retention_brake facts;
        bool brakes;
    } rows[] = {
        {"nothing goes", {.backups = 100, .went_lately = 90}, false},
        {"a few of few", {.backups = 9, .going = 8}, false},
        {"each day one comes and one goes",
         {.backups = 8, .going = 1, .came_lately = 1},
         false},
        {"each hour one",
         {.backups = 25, .going = 1, .went_lately = 23, .came_lately = 24},
         false},
        {"every five minutes one",
         {.backups = 13, .going = 1, .went_lately = 287, .came_lately = 288},
         false},
        {"20 sources, a day each", {.backups = 160, .going = 20, .came_lately = 20}, false},
        {"from 30 to 7", {.backups = 31, .going = 24, .came_lately = 1}, true},
        {"from 30 to 20", {.backups = 30, .going = 10}, false},
        {"bit by bit", {.backups = 20, .going = 5, .went_lately = 12}, true},
        {"a source that is nearly empty",
         {.backups = 8, .going = 1, .newest_bytes = 1 << 20, .typical_bytes = 100 << 20},
         true},
        {"a source with few entries left",
         {.backups = 8, .going = 1, .newest_entries = 40, .typical_entries = 100},
         true},
        {"a source that has lost a third",
         {.backups = 8, .going = 1, .newest_bytes = 66 << 20, .typical_bytes = 100 << 20},
         false},
        {"a small source",
         {.backups = 8, .going = 1, .newest_bytes = 1, .typical_bytes = 1000},
         false},
        {"an empty source, but nothing goes", {.backups = 8, .typical_bytes = 1 << 30}, false},
    };
    char reason[200];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reason[0] = '\0';
        if (retention_brakes(&rows[i].facts, reason, sizeof(reason)) != rows[i].brakes)
            fail_msg("%s: %s", rows[i].row, reason);
        assert_int_equal(reason[0] != '\0', rows[i].brakes);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(retention_RET_01_ranges),
    cmocka_unit_test(retention_C10_only_one),
    cmocka_unit_test(retention_RET_01_months),
    cmocka_unit_test(retention_RET_01_time),
    cmocka_unit_test(retention_RET_01_quantity),
    cmocka_unit_test(retention_RET_02_daily_5_weekly_1),
    cmocka_unit_test(retention_RET_02_latest_of_each),
    cmocka_unit_test(retention_RET_03_first_of_each),
    cmocka_unit_test(retention_weeks_of_iso),
    cmocka_unit_test(retention_summer_time),
    cmocka_unit_test(retention_RET_04_by_hand),
    cmocka_unit_test(retention_RET_06_pinned),
    cmocka_unit_test(retention_RET_07_failed),
    cmocka_unit_test(retention_RET_09_changed_rules),
    cmocka_unit_test(retention_RET_10_policy_is_gone),
    cmocka_unit_test(retention_RET_12_newest),
    cmocka_unit_test(retention_least_age),
    cmocka_unit_test(retention_locked),
    cmocka_unit_test(retention_RET_15_extended),
    cmocka_unit_test(retention_F15_future),
    cmocka_unit_test(retention_clock_in_doubt),
    cmocka_unit_test(retention_order_is_no_matter),
    cmocka_unit_test(retention_words),
    cmocka_unit_test(retention_brake),
};
UNIT_MAIN(tests)
