/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention.c - which backups stay and which may go.
 *
 * First each backup is looked at alone; then those that the counts are about are put in order,
 * once for each rule.
 */
#include "policy/retention.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
/* RET-07: so long failed runs are remembered. */
#define FAILED_NS (INT64_C(30) * 86400 * SECOND_NS)

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* ---- the kinds of rules ---- */

static bool has_time(const struct retention_rules *rules)
{
    return rules->time_ns != 0 || rules->calendar_months != 0;
}

static bool has_counts(const struct retention_rules *rules)
{
    uint32_t sum = rules->count;
#define X(member, name, period) sum |= rules->member;
    RETENTION_PERIODS(X)
#undef X
    return sum != 0;
}

enum retention_effect retention_effect(const struct retention_rules *before,
                                       const struct retention_rules *after)
{
    (void)before; /* whatever was: counts look at all there is, stamps at new ones */
    return has_counts(after) ? RETENTION_ALL : RETENTION_NEW_ONLY;
}

/* ---- times ---- */

/* The same day and time of day so many months later; the last day of a shorter month.  Of a
 * time that comes twice the second, of one that does not come the moment behind: never early.
 */
static int64_t add_months(const struct timezone *zone, int64_t from_s, int64_t months)
{
    struct timezone_local local = timezone_local_of(zone, from_s);
    int64_t first = 0, second = 0;
    int64_t month = (int64_t)local.year * 12 + local.month - 1 + months;
    if (month >= INT64_C(10000) * 12 - 1)
        return INT64_MAX;
    int next_year = (int)((month + 1) / 12), next_month = (int)((month + 1) % 12) + 1;
    local.year = (int)(month / 12);
    local.month = (int)(month % 12) + 1;
    int64_t days = timezone_days_of(next_year, next_month, 1) -
                   timezone_days_of(local.year, local.month, 1);
    local.day = local.day > days ? (int)days : local.day;
    return timezone_utc_of(zone, &local, &first, &second) == TIMEZONE_TWICE ? second : first;
}

int64_t retention_expiry(const struct retention_rules *rules, const struct timezone *zone,
                         int64_t created_ns)
{
    int64_t expiry_ns;
    if (!has_time(rules))
        return 0;
    if (rules->calendar_months == 0)
        return __builtin_add_overflow(created_ns, rules->time_ns, &expiry_ns) ? INT64_MAX
                                                                              : expiry_ns;
    int64_t from_s = floor_divide(created_ns, SECOND_NS);
    int64_t until_s = add_months(zone, from_s, rules->calendar_months);
    if (__builtin_mul_overflow(until_s, SECOND_NS, &expiry_ns) ||
        __builtin_add_overflow(expiry_ns, created_ns - from_s * SECOND_NS, &expiry_ns))
        return INT64_MAX;
    return expiry_ns;
}

/* ---- a decision at work ---- */

/* One backup in an order. */
struct place {
    int64_t key; /* of its period */
    const struct retention_backup *backup;
    struct retention_decision *decision;
};

struct work {
    const struct retention_question *question;
    struct retention_decision *decisions;
    struct place *places;
    size_t count;
};

/* What keeps it; the strongest, which stands first in the table, with its rank. */
static void keep(struct retention_decision *decision, enum retention_verdict verdict,
                 size_t rank)
{
    if (decision->all == 0 || verdict < decision->verdict) {
        decision->verdict = verdict;
        decision->rank = (uint32_t)rank;
    }
    decision->all |= 1U << verdict;
}

static bool is_older(const struct retention_question *q, const struct retention_backup *b,
                     int64_t age_ns)
{
    int64_t age;
    if (__builtin_sub_overflow(q->now_ns, b->created_ns, &age))
        return b->created_ns < q->now_ns;
    return age >= age_ns;
}

static bool is_ahead(const struct retention_question *q, const struct retention_backup *b)
{
    return b->created_ns > q->now_ns;
}

static bool is_by_hand(const struct retention_backup *b)
{
    return !b->by_policy || b->replica_by_hand;
}

/* What its own time says, or that nothing will ever let it go. */
static void look_at_stamp(const struct retention_question *q, const struct retention_backup *b,
                          struct retention_decision *decision)
{
    if (b->expire_ns != 0) {
        if (q->now_ns < b->expire_ns)
            keep(decision, RETENTION_TIME, 0);
        else if (q->clock_doubtful)
            keep(decision, RETENTION_CLOCK, 0);
        return;
    }
    if (!q->rules || has_time(q->rules))
        keep(decision, RETENTION_NO_RULE, 0);
    else if (!has_counts(q->rules))
        keep(decision, RETENTION_PERMANENT, 0);
}

static void look_alone(const struct retention_question *q, const struct retention_backup *b,
                       struct retention_decision *decision)
{
    if (is_by_hand(b))
        keep(decision, RETENTION_MANUAL, 0);
    if (b->pinned)
        keep(decision, RETENTION_PINNED, 0);
    if (b->locked_until_ns > q->now_ns)
        keep(decision, RETENTION_LOCKED, 0);
    if (b->keep_ns > q->now_ns)
        keep(decision, RETENTION_EXTENDED, 0);
    else if (b->keep_ns != 0 && q->clock_doubtful)
        keep(decision, RETENTION_CLOCK, 0);
    if (is_ahead(q, b))
        keep(decision, RETENTION_CLOCK, 0);
    if (q->rules && q->rules->least_ns > 0 &&
        (q->clock_doubtful || !is_older(q, b, q->rules->least_ns)))
        keep(decision, RETENTION_YOUNG, 0);
    if (!is_by_hand(b) && !b->failed)
        look_at_stamp(q, b, decision);
}

static bool is_newer(const struct retention_backup *a, const struct retention_backup *b)
{
    if (a->created_ns != b->created_ns)
        return a->created_ns > b->created_ns;
    return strcmp(a->id, b->id) > 0;
}

static void keep_newest(const struct work *work)
{
    const struct retention_question *q = work->question;
    size_t newest = q->count;
    for (size_t i = 0; i < q->count; i++) {
        const struct retention_backup *b = &q->backups[i];
        if (!b->failed && !is_ahead(q, b) &&
            (newest == q->count || is_newer(b, &q->backups[newest])))
            newest = i;
    }
    if (newest < q->count)
        keep(&work->decisions[newest], RETENTION_NEWEST, 0);
}

/* ---- orders ---- */

/* By period, then by age: the last ones first. */
static int compare_places(const void *first, const void *second)
{
    const struct place *a = first, *b = second;
    if (a->key != b->key)
        return a->key > b->key ? -1 : 1;
    return is_newer(a->backup, b->backup) ? -1 : 1;
}

static void sort(struct work *work)
{
    if (work->count > 1)
        qsort(work->places, work->count, sizeof(*work->places), compare_places);
}

/* Those that are counted: what time brings from the future, what people made and what is
 * needed elsewhere takes nobody's place. */
static void collect(struct work *work, bool failed)
{
    const struct retention_question *q = work->question;
    work->count = 0;
    for (size_t i = 0; i < q->count; i++) {
        const struct retention_backup *b = &q->backups[i];
        if (b->failed == failed && !is_by_hand(b) && !b->pinned && !is_ahead(q, b))
            work->places[work->count++] =
                (struct place){.backup = b, .decision = &work->decisions[i]};
    }
    sort(work);
}

static void keep_last(const struct work *work, uint32_t limit)
{
    for (size_t i = 0; i < work->count && i < limit; i++)
        keep(work->places[i].decision, RETENTION_COUNT, i + 1);
}

/* ---- periods: what tells one from the others; greater is later ---- */

typedef int64_t period_function(const struct timezone *zone, int64_t utc_s);

/* Where the hour began: an hour that the clocks show twice is two. */
static int64_t hour_of(const struct timezone *zone, int64_t utc_s)
{
    int64_t offset = timezone_local_of(zone, utc_s).offset_seconds;
    return floor_divide(utc_s + offset, 3600) * 3600 - offset;
}

static int64_t day_of(const struct timezone *zone, int64_t utc_s)
{
    struct timezone_local local = timezone_local_of(zone, utc_s);
    return timezone_days_of(local.year, local.month, local.day);
}

/* Weeks begin on Monday (ISO 8601); day 0 was a Thursday. */
static int64_t week_of(const struct timezone *zone, int64_t utc_s)
{
    return floor_divide(day_of(zone, utc_s) + 3, 7);
}

static int64_t month_of(const struct timezone *zone, int64_t utc_s)
{
    struct timezone_local local = timezone_local_of(zone, utc_s);
    return (int64_t)local.year * 12 + local.month;
}

static int64_t year_of(const struct timezone *zone, int64_t utc_s)
{
    return timezone_local_of(zone, utc_s).year;
}

/* `picked`: the place that stands for its period. */
static void keep_period(const struct work *work, enum retention_verdict verdict, uint32_t limit)
{
    bool first = work->question->rules->pick == RETENTION_FIRST;
    uint32_t rank = 0;
    for (size_t i = 0, end; i < work->count && rank < limit; i = end) {
        for (end = i + 1; end < work->count && work->places[end].key == work->places[i].key;)
            end++;
        keep(work->places[first ? end - 1 : i].decision, verdict, ++rank);
    }
}

static void apply_period(struct work *work, period_function *period,
                         enum retention_verdict verdict, uint32_t limit)
{
    if (limit == 0)
        return;
    for (size_t i = 0; i < work->count; i++)
        work->places[i].key = period(
            work->question->zone, floor_divide(work->places[i].backup->created_ns, SECOND_NS));
    sort(work);
    keep_period(work, verdict, limit);
}

static void apply_counts(struct work *work)
{
    const struct retention_rules *rules = work->question->rules;
    if (!rules || !has_counts(rules))
        return;
    collect(work, false);
    keep_last(work, rules->count);
    apply_period(work, hour_of, RETENTION_HOURLY, rules->hourly);
    apply_period(work, day_of, RETENTION_DAILY, rules->daily);
    apply_period(work, week_of, RETENTION_WEEKLY, rules->weekly);
    apply_period(work, month_of, RETENTION_MONTHLY, rules->monthly);
    apply_period(work, year_of, RETENTION_YEARLY, rules->yearly);
}

/* ---- failed runs ---- */

static void apply_failed(struct work *work)
{
    const struct retention_question *q = work->question;
    uint32_t limit = q->rules ? q->rules->failed : 0;
    collect(work, true);
    for (size_t i = 0; i < work->count; i++) {
        struct place *place = &work->places[i];
        if (limit == 0)
            keep(place->decision, RETENTION_NO_RULE, 0);
        else if (i < limit && !is_older(q, place->backup, FAILED_NS))
            keep(place->decision, RETENTION_COUNT, i + 1);
        else if (i < limit && q->clock_doubtful)
            keep(place->decision, RETENTION_CLOCK, 0);
    }
}

static enum retention_verdict why_it_goes(const struct retention_backup *b)
{
    if (b->failed)
        return RETENTION_FAILED;
    return b->expire_ns != 0 ? RETENTION_EXPIRED : RETENTION_NOT_KEPT;
}

int retention_decide(const struct retention_question *question,
                     struct retention_decision *decisions, struct error *e)
{
    struct work work = {question, decisions, NULL, 0};
    if (question->count == 0)
        return 0;
    work.places = calloc(question->count, sizeof(*work.places));
    if (!work.places)
        return error_no_memory(e, "retention");
    for (size_t i = 0; i < question->count; i++) {
        decisions[i] = (struct retention_decision){.all = 0};
        look_alone(question, &question->backups[i], &decisions[i]);
    }
    keep_newest(&work);
    apply_counts(&work);
    apply_failed(&work);
    for (size_t i = 0; i < question->count; i++) {
        if (decisions[i].all == 0)
            decisions[i].verdict = why_it_goes(&question->backups[i]);
    }
    free(work.places);
    return 0;
}
