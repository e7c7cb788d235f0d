/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.c - the slots of a schedule in the time of a zone. */
#include "base/object.h"
#include "policy/schedule_private.h"

#define SECOND_NS INT64_C(1000000000)

enum { OFFSET_LIMIT_S = 26 * 3600 }; /* no zone is further from UTC */

/* Whole seconds, rounded down. */
static int64_t seconds_of(int64_t ns)
{
    return ns / SECOND_NS - (ns % SECOND_NS < 0);
}

static bool interval_next(const struct schedule *s, int64_t after_ns, int64_t *slot_ns)
{
    int64_t passed, steps, slot;

    if (after_ns < s->anchor_ns) {
        *slot_ns = s->anchor_ns;
        return true;
    }
    if (__builtin_sub_overflow(after_ns, s->anchor_ns, &passed))
        return false;
    steps = passed / s->interval_ns + 1;
    if (__builtin_mul_overflow(steps, s->interval_ns, &slot) ||
        __builtin_add_overflow(slot, s->anchor_ns, &slot))
        return false;
    *slot_ns = slot;
    return true;
}

/*
 * Where on the clock on the wall the search begins, at the moment `at` of a stretch.  At the
 * end of a gap that is the beginning of the gap: what it has swallowed is due now.  Behind a
 * clock that was set back it is, but for rules that follow the time that passes, where the
 * clock was before: what lies between was due the first time.
 */
static int64_t wall_from(const struct schedule_rule *rule, const struct timezone_stretch *here,
                         int64_t at)
{
    int64_t wall = at + here->offset_s, before;

    if (here->offset_before == here->offset_s)
        return wall;
    before = here->from_s + here->offset_before;
    if (before < wall)
        return at == here->from_s ? before : wall;
    return rule->repeats ? wall : before;
}

/* Whether the clock is set back at the end of the stretch to before `wall`. */
static bool is_set_back(const struct timezone *zone, const struct timezone_stretch *here,
                        int64_t wall)
{
    return here->to_s < INT64_MAX &&
           here->to_s + timezone_stretch_of(zone, here->to_s).offset_s < wall;
}

/* The first slot at or after the moment `at`, in seconds since 1970. */
static bool rule_slot(const struct schedule_rule *rule, const struct timezone *zone,
                      int64_t anchor_day, int64_t at, int64_t *slot)
{
    for (;;) {
        struct timezone_stretch here = timezone_stretch_of(zone, at);
        int64_t low = wall_from(rule, &here, at), wall;
        bool found = schedule_rule_next(rule, anchor_day, low, &wall);
        int64_t moment = found && wall - here.offset_s > at ? wall - here.offset_s : at;
        if (found && moment < here.to_s) {
            *slot = moment;
            return true;
        }
        /* No clock anywhere shows `wall` so early: the stretches until then are of no use,
         * unless what is before `low` comes once more. */
        bool again = rule->repeats && is_set_back(zone, &here, low);
        if (!found && !again)
            return false;
        at = here.to_s;
        if (!again && wall - OFFSET_LIMIT_S > at)
            at = wall - OFFSET_LIMIT_S;
    }
}

/* Only every n-th day is counted from one. */
static int64_t anchor_day(const struct schedule *s, const struct timezone *zone)
{
    if (s->rule.every == 0)
        return 0;
    struct timezone_local local = timezone_local_of(zone, seconds_of(s->anchor_ns));
    return timezone_days_of(local.year, local.month, local.day);
}

bool schedule_next(const struct schedule *schedule, const struct timezone *zone,
                   int64_t after_ns, int64_t *slot_ns)
{
    ASSERT(schedule != NULL && zone != NULL);
    int64_t at, slot;

    if (schedule->interval_ns > 0)
        return interval_next(schedule, after_ns, slot_ns);
    if (after_ns < schedule->begin_ns)
        after_ns = schedule->begin_ns - 1;
    if (after_ns < 0)
        after_ns = -1;
    at = seconds_of(after_ns) + 1;
    if (!rule_slot(&schedule->rule, zone, anchor_day(schedule, zone), at, &slot))
        return false;
    *slot_ns = slot * SECOND_NS;
    return true;
}

/* Halves the time in which the last slot lies: a later start never has an earlier next slot. */
bool schedule_last(const struct schedule *schedule, const struct timezone *zone,
                   int64_t after_ns, int64_t until_ns, int64_t *slot_ns)
{
    int64_t slot, next, beyond = until_ns;

    if (!schedule_next(schedule, zone, after_ns, &slot) || slot > until_ns)
        return false;
    while (slot < beyond) {
        int64_t middle = slot + (beyond - slot) / 2;
        if (schedule_next(schedule, zone, middle, &next) && next <= until_ns)
            slot = next;
        else
            beyond = middle;
    }
    *slot_ns = slot;
    return true;
}

uint64_t schedule_count(const struct schedule *schedule, const struct timezone *zone,
                        int64_t after_ns, int64_t until_ns, uint64_t limit)
{
    uint64_t count = 0;
    int64_t slot = after_ns;

    while (count < limit && schedule_next(schedule, zone, slot, &slot) && slot <= until_ns)
        count++;
    return count;
}
