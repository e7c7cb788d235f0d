/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_retention_random.c - retention against a second opinion: random policies and
 * histories, decided by the rows of the requirements as they read, one backup and one period
 * after the other, with the C library's zones.  RETENTION_ROUNDS says how many
 * (20,000; 100,000 take three seconds).
 */
#include "policy/retention.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (86400 * SECOND_NS)

enum { ROOM = 64, ROUNDS = 20000, ZONES = 7, LABELS = 5 };

static const char *const zone_names[ZONES] = {
    "UTC",          "Europe/Berlin",     "America/New_York", "Australia/Lord_Howe",
    "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia"};

struct sample {
    struct retention_rules rules;
    struct retention_question question;
    struct retention_backup backups[ROOM];
    char ids[ROOM][12];
    int64_t labels[ROOM][LABELS]; /* hour, day, week, month, year, by the C library */
};

/* ---- chance ---- */

static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state % below;
}

static bool in_100(unsigned percent)
{
    return chance(100) < percent;
}

/* ---- the second opinion ---- */

static int64_t days_of(const struct tm *tm)
{
    struct tm date = {.tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};
    return timegm(&date) / 86400 - (timegm(&date) % 86400 != 0 && timegm(&date) < 0);
}

static void label(struct sample *s, size_t i)
{
    time_t utc = (time_t)(s->backups[i].created_ns / SECOND_NS);
    struct tm tm;
    localtime_r(&utc, &tm);
    int64_t day = days_of(&tm);
    s->labels[i][0] = (day * 24 + tm.tm_hour) * 100000 + tm.tm_gmtoff;
    s->labels[i][1] = day;
    s->labels[i][2] = day - (tm.tm_wday + 6) % 7; /* its Monday */
    s->labels[i][3] = tm.tm_year * 100 + tm.tm_mon;
    s->labels[i][4] = tm.tm_year;
}

static bool by_hand(const struct retention_backup *b)
{
    return !b->by_policy || b->replica_by_hand;
}

static bool newer(const struct retention_backup *a, const struct retention_backup *b)
{
    return a->created_ns > b->created_ns ||
           (a->created_ns == b->created_ns && strcmp(a->id, b->id) > 0);
}

/* RET-04, RET-06, F15, RET-07: whom the counts see. */
static bool seen(const struct sample *s, size_t i, bool failed)
{
    const struct retention_backup *b = &s->backups[i];
    return !by_hand(b) && b->pinned == NULL && b->created_ns <= s->question.now_ns &&
           b->failed == failed;
}

static unsigned newer_ones(const struct sample *s, size_t i, bool failed)
{
    unsigned count = 0;
    for (size_t j = 0; j < s->question.count; j++)
        count += seen(s, j, failed) && newer(&s->backups[j], &s->backups[i]);
    return count;
}

static bool is_newest(const struct sample *s, size_t i)
{
    for (size_t j = 0; j < s->question.count; j++) {
        if (!s->backups[j].failed && s->backups[j].created_ns <= s->question.now_ns &&
            newer(&s->backups[j], &s->backups[i]))
            return false;
    }
    return !s->backups[i].failed && s->backups[i].created_ns <= s->question.now_ns;
}

/* RET-02, RET-03: goes back period by period, `limit` times, to the one that backup i is in;
 * true when i stands for it. */
static bool stands(const struct sample *s, size_t i, int which, uint32_t limit)
{
    bool used[ROOM] = {false};
    for (uint32_t turn = 0; turn < limit; turn++) {
        size_t latest = ROOM, chosen = ROOM;
        for (size_t j = 0; j < s->question.count; j++) {
            if (seen(s, j, false) && !used[j] &&
                (latest == ROOM || newer(&s->backups[j], &s->backups[latest])))
                latest = j;
        }
        if (latest == ROOM)
            return false;
        for (size_t j = 0; j < s->question.count; j++) {
            if (!seen(s, j, false) || s->labels[j][which] != s->labels[latest][which])
                continue;
            used[j] = true;
            if (chosen == ROOM ||
                newer(&s->backups[j], &s->backups[chosen]) == (s->rules.pick == RETENTION_LAST))
                chosen = j;
        }
        if (chosen == i)
            return true;
    }
    return false;
}

static bool counted(const struct sample *s, size_t i)
{
    const struct retention_rules *r = &s->rules;
    if (!seen(s, i, false))
        return false;
    return newer_ones(s, i, false) < r->count || stands(s, i, 0, r->hourly) ||
           stands(s, i, 1, r->daily) || stands(s, i, 2, r->weekly) ||
           stands(s, i, 3, r->monthly) || stands(s, i, 4, r->yearly);
}

static bool failed_one_stays(const struct sample *s, size_t i)
{
    const struct retention_question *q = &s->question;
    if (q->rules == NULL || q->rules->failed == 0)
        return true;
    bool month = q->now_ns - s->backups[i].created_ns >= 30 * DAY_NS;
    return newer_ones(s, i, true) < q->rules->failed && (!month || q->clock_doubtful);
}

static bool stays(const struct sample *s, size_t i)
{
    const struct retention_question *q = &s->question;
    const struct retention_backup *b = &s->backups[i];
    const struct retention_rules *r = q->rules;
    if (by_hand(b) || b->pinned != NULL || b->locked_until_ns > q->now_ns ||
        b->keep_ns > q->now_ns || (b->keep_ns != 0 && q->clock_doubtful) ||
        b->created_ns > q->now_ns || is_newest(s, i))
        return true;
    if (r != NULL && r->least_ns > 0 &&
        (q->clock_doubtful || q->now_ns - b->created_ns < r->least_ns))
        return true;
    if (b->failed)
        return failed_one_stays(s, i);
    if (b->expire_ns != 0 && (q->now_ns < b->expire_ns || q->clock_doubtful))
        return true;
    bool counts =
        r != NULL && r->count + r->hourly + r->daily + r->weekly + r->monthly + r->yearly > 0;
    if (!counts)
        return b->expire_ns == 0;
    return counted(s, i);
}

/* ---- samples ---- */

static void choose_rules(struct retention_rules *r)
{
    *r = (struct retention_rules){.pick = (enum retention_pick)chance(2)};
    switch (chance(6)) {
    case 0:
        r->time_ns = (int64_t)(1 + chance(60)) * DAY_NS;
        break;
    case 1:
        r->calendar_months = (int64_t)(1 + chance(14));
        break;
    case 2:
        break; /* everything */
    default:
        r->count = in_100(50) ? (uint32_t)chance(12) : 0;
        r->hourly = in_100(30) ? (uint32_t)chance(9) : 0;
        r->daily = in_100(40) ? (uint32_t)chance(9) : 0;
        r->weekly = in_100(40) ? (uint32_t)chance(6) : 0;
        r->monthly = in_100(40) ? (uint32_t)chance(6) : 0;
        r->yearly = in_100(30) ? (uint32_t)chance(4) : 0;
    }
    r->least_ns = in_100(20) ? (int64_t)chance(40) * DAY_NS : 0;
    r->failed = in_100(80) ? (uint32_t)chance(4) : 0;
}

/* From nothing to months; `close`: to hours. */
static int64_t choose_gap(bool close)
{
    static const int64_t units[] = {1,     60,    900,   1800,   3600,
                                    43200, 86400, 86400, 604800, 2592000};
    int64_t unit = units[chance(close ? 5 : sizeof(units) / sizeof(units[0]))];
    return (int64_t)chance(3) * unit * SECOND_NS +
           (int64_t)(in_100(30) ? chance((uint64_t)SECOND_NS) : 0);
}

static void choose_backup(struct sample *s, size_t i, const struct timezone *zone,
                          int64_t created_ns)
{
    struct retention_backup *b = &s->backups[i];
    snprintf(s->ids[i], sizeof(s->ids[i]), "%03llu%04zu", (unsigned long long)chance(1000), i);
    *b = (struct retention_backup){
        .id = s->ids[i], .created_ns = created_ns, .by_policy = !in_100(12)};
    b->failed = in_100(10);
    b->replica_by_hand = in_100(4);
    b->pinned = in_100(8) ? "pinned" : NULL;
    b->locked_until_ns = in_100(5) ? created_ns + (int64_t)chance(50) * DAY_NS : 0;
    b->keep_ns = in_100(5) ? created_ns + (int64_t)chance(90) * DAY_NS : 0; /* RET-15 */
    if (in_100(15))
        b->expire_ns = created_ns + (int64_t)chance(80) * DAY_NS;
    else
        b->expire_ns = retention_expiry(&s->rules, zone, created_ns);
    label(s, i);
}

static void choose(struct sample *s, const struct timezone *zone)
{
    /* Berlin in March and October, New York in November, Lord Howe in April */
    static const int64_t changes[] = {1774746000, 1792890000, 1793512800, 1775314800};
    size_t count = chance(ROOM + 1);
    bool close = in_100(50);
    /* 2000 to 2040, or shortly before clocks change */
    int64_t created_ns = (INT64_C(946684800) + (int64_t)chance(1262304000)) * SECOND_NS;
    if (close)
        created_ns = (changes[chance(4)] - (int64_t)chance(40000)) * SECOND_NS;
    choose_rules(&s->rules);
    for (size_t i = 0; i < count; i++) {
        created_ns += choose_gap(close && in_100(90));
        choose_backup(s, i, zone, created_ns);
    }
    s->question = (struct retention_question){.rules = in_100(92) ? &s->rules : NULL,
                                              .zone = zone,
                                              .now_ns = created_ns,
                                              .clock_doubtful = in_100(10),
                                              .backups = s->backups,
                                              .count = count};
    if (count > 0 && in_100(20))
        s->question.now_ns = s->backups[chance(count)].created_ns + (int64_t)chance(3) - 1;
    else
        s->question.now_ns += (int64_t)chance(60) * DAY_NS;
}

/* In any order: ids and labels go with their backups. */
static void shuffle(struct sample *s)
{
    for (size_t i = s->question.count; i > 1; i--) {
        size_t j = chance(i);
        struct retention_backup b = s->backups[i - 1];
        s->backups[i - 1] = s->backups[j];
        s->backups[j] = b;
        for (int k = 0; k < LABELS; k++) {
            int64_t l = s->labels[i - 1][k];
            s->labels[i - 1][k] = s->labels[j][k];
            s->labels[j][k] = l;
        }
    }
}

/* ---- the comparison ---- */

static void show(const struct sample *s, size_t i, const struct retention_decision *d)
{
    char rules[300];
    retention_describe(&s->rules, rules, sizeof(rules));
    fail_msg("%s%s, zone %s, now %lld%s: backup %zu of %zu at %lld, expires %lld: %s, but the "
             "rows say that it %s",
             s->question.rules ? "" : "no policy, ", rules, timezone_name(s->question.zone),
             (long long)s->question.now_ns, s->question.clock_doubtful ? " in doubt" : "", i,
             s->question.count, (long long)s->backups[i].created_ns,
             (long long)s->backups[i].expire_ns, retention_verdict_name(d->verdict),
             stays(s, i) ? "stays" : "goes");
}

/* The verdict is the first of those that keep it. */
static bool is_strongest(const struct retention_decision *d)
{
    return d->all == 0
               ? !retention_verdict_keeps(d->verdict)
               : (d->all & ((1U << d->verdict) - 1)) == 0 && (d->all & (1U << d->verdict)) != 0;
}

static unsigned compare(const struct sample *s)
{
    struct retention_decision decisions[ROOM];
    struct error e = ERROR_INIT;
    unsigned going = 0;
    assert_int_equal(retention_decide(&s->question, decisions, &e), 0);
    for (size_t i = 0; i < s->question.count; i++) {
        bool kept = retention_verdict_keeps(decisions[i].verdict);
        if (kept != stays(s, i) || !is_strongest(&decisions[i]))
            show(s, i, &decisions[i]);
        going += !kept;
    }
    return going;
}

static void run_zone(const char *name, unsigned rounds, uint64_t *backups, uint64_t *going)
{
    static struct sample s;
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    if (timezone_load(name, &zone, &e) != 0)
        fail_msg("%s", e.text);
    setenv("TZ", name, 1);
    tzset();
    for (unsigned i = 0; i < rounds; i++) {
        choose(&s, zone);
        shuffle(&s);
        *backups += s.question.count;
        *going += compare(&s);
    }
    timezone_free(zone);
}

static void retention_as_the_rows_say(void **state)
{
    const char *text = getenv("RETENTION_ROUNDS");
    unsigned rounds = text ? (unsigned)strtoul(text, NULL, 10) : ROUNDS;
    uint64_t backups = 0, going = 0;
    (void)state;
    chance_state = UINT64_C(0x9e3779b97f4a7c15);
    for (int i = 0; i < ZONES; i++)
        run_zone(zone_names[i], rounds / ZONES + 1, &backups, &going);
    print_message("%u policies, %llu backups, %llu of them go\n", rounds,
                  (unsigned long long)backups, (unsigned long long)going);
    assert_true(going > backups / 20); /* or nothing was tried */
    assert_true(going < backups / 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(retention_as_the_rows_say),
};
UNIT_MAIN(tests)
