/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_dispatch.c - which slots run: the rules one by one, then ten years of three
 * policies in four zones with a clock that jumps, and a catalog that remembers.
 *
 * ROUNDS=20 lives through twenty such decades.
 */
#include "policy/dispatch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)
#define YEAR_NS (365 * DAY_NS)
#define START_NS (INT64_C(1767225600) * SECOND_NS) /* 2026-01-01 UTC */

static struct policy *policy_of(const char *schedule, const char *zone,
                                const struct policy_pair *more, size_t count)
{
    struct policy_pair pairs[8] = {{"schedule", schedule}, {"zone", zone}};
    struct policy *policy = NULL;
    struct error e = ERROR_INIT;

    for (size_t i = 0; i < count; i++)
        pairs[2 + i] = more[i];
    if (policy_parse(POLICY_FOR_BACKUP, pairs, 2 + count, START_NS, &policy, &e) != 0)
        fail_msg("%s", e.text);
    return policy;
}

/* ---- one step ---- */

/* Times in minutes from START; the schedule is daily 00:00,01:00,02:00 in UTC. */
static const struct {
    const char *row;
    struct policy_pair setting;
    bool disabled, running, was_up;
    int cursor, now;
    enum dispatch_act act;
    int slot, slots, next_cursor; /* slot is the next one for NOTHING */
} steps[] = {
    {"nothing is due", {0}, 0, 0, 1, 0, 59, DISPATCH_NOTHING, 60, 1, 0},
    {"a slot at its time", {0}, 0, 0, 1, 0, 60, DISPATCH_RUN, 60, 1, 60},
    {"late, but somebody was there", {0}, 0, 0, 1, 0, 110, DISPATCH_RUN, 60, 1, 60},
    {"late within the grace", {0}, 0, 0, 0, 0, 61, DISPATCH_RUN, 60, 1, 60},
    {"TSK-14 nobody was there: missed", {0}, 0, 0, 0, 0, 62, DISPATCH_MISS, 60, 1, 60},
    {"TSK-14 days without anybody",
     {0},
     0,
     0,
     0,
     0,
     4 * 1440 + 600,
     DISPATCH_MISS,
     60,
     14,
     4 * 1440 + 120},
    {"several, the last in time", {0}, 0, 0, 1, 0, 120, DISPATCH_MISS, 60, 1, 60},
    {"the last of several", {0}, 0, 0, 1, 60, 120, DISPATCH_RUN, 120, 1, 120},
    {"TSK-14 catch-up: those before the last",
     {"catch-up", "one"},
     0,
     0,
     0,
     0,
     4 * 1440 + 600,
     DISPATCH_MISS,
     60,
     13,
     4 * 1440 + 60},
    {"TSK-14 catch-up: the last",
     {"catch-up", "one"},
     0,
     0,
     0,
     4 * 1440 + 60,
     4 * 1440 + 600,
     DISPATCH_CATCH_UP,
     4 * 1440 + 120,
     1,
     4 * 1440 + 120},
    {"SCH-11 within the window", {"window", "30m"}, 0, 0, 0, 0, 90, DISPATCH_RUN, 60, 1, 60},
    {"SCH-11 the window is over", {"window", "30m"}, 0, 0, 1, 0, 91, DISPATCH_MISS, 60, 1, 60},
    {"TSK-13 the previous one is running", {0}, 0, 1, 1, 0, 60, DISPATCH_SKIP, 60, 1, 60},
    {"TSK-12 by hand, too, and missed stays missed",
     {0},
     0,
     1,
     0,
     0,
     62,
     DISPATCH_MISS,
     60,
     1,
     60},
    {"catch-up waits for none", {"catch-up", "one"}, 0, 1, 0, 0, 62, DISPATCH_SKIP, 60, 1, 60},
    {"SCH-08 disabled: nothing, the cursor goes on",
     {0},
     1,
     0,
     1,
     0,
     600,
     DISPATCH_NOTHING,
     0,
     1,
     600},
    {"the clock was set back", {0}, 0, 0, 1, 120, 119, DISPATCH_REWIND, 0, 1, 119},
    {"set back while disabled", {0}, 1, 0, 1, 120, 119, DISPATCH_REWIND, 0, 1, 119},
};

static int64_t at(int minutes)
{
    return START_NS + minutes * MINUTE_NS;
}

static void dispatch_steps_TSK_12_TSK_13_TSK_14_SCH_08_SCH_11(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        size_t more = steps[i].setting.name != NULL;
        struct policy *policy =
            policy_of("daily 00:00,01:00,02:00", "UTC", &steps[i].setting, more);
        struct dispatch_facts facts = {.policy = policy,
                                       .enabled = !steps[i].disabled,
                                       .cursor_ns = at(steps[i].cursor),
                                       .now_ns = at(steps[i].now),
                                       .running = steps[i].running,
                                       .was_up = steps[i].was_up};
        struct dispatch_step step;
        dispatch_decide(&facts, &step);
        int64_t slot = step.act == DISPATCH_NOTHING ? step.next_ns : step.slot_ns;
        if (step.act != steps[i].act || step.slots != (uint64_t)steps[i].slots ||
            slot != (steps[i].slot > 0 ? at(steps[i].slot) : 0) ||
            step.cursor_ns != at(steps[i].next_cursor))
            fail_msg("%s: %s, slot %lld, %llu slots, cursor %lld", steps[i].row,
                     dispatch_act_name(step.act), (long long)((slot - START_NS) / MINUTE_NS),
                     (unsigned long long)step.slots,
                     (long long)((step.cursor_ns - START_NS) / MINUTE_NS));
        if ((step.act == DISPATCH_SKIP || step.act == DISPATCH_MISS) && step.reason == NULL)
            fail_msg("%s: no reason", steps[i].row);
        policy_free(policy);
    }
}

static void dispatch_without_schedule(void **state)
{
    struct policy *policy = policy_of("daily 00:00", "UTC", NULL, 0);
    struct dispatch_facts facts = {
        .policy = policy, .enabled = true, .cursor_ns = START_NS, .now_ns = START_NS + YEAR_NS};
    struct dispatch_step step;
    (void)state;
    schedule_free(policy->schedule);
    policy->schedule = NULL;
    dispatch_decide(&facts, &step);
    assert_int_equal(step.act, DISPATCH_NOTHING);
    assert_int_equal(step.next_ns, 0);
    assert_int_equal(step.cursor_ns, START_NS);
    policy_free(policy);
}

/* Starts are spread over the jitter, and never behind the window. */
static void dispatch_jitter_SCH_11(void **state)
{
    static const struct policy_pair settings[] = {{"jitter", "2h"}, {"window", "30m"}};
    (void)state;
    for (size_t with_window = 0; with_window < 2; with_window++) {
        struct policy *policy = policy_of("daily 01:00", "UTC", settings, 1 + with_window);
        int64_t most = with_window ? 30 * MINUTE_NS : 2 * HOUR_NS, latest = 0;
        for (uint64_t i = 0; i < 1000; i++) {
            struct dispatch_facts facts = {.policy = policy,
                                           .enabled = true,
                                           .cursor_ns = START_NS,
                                           .now_ns = at(60),
                                           .jitter = i * UINT64_C(0x9e3779b97f4a7c15)};
            struct dispatch_step step;
            dispatch_decide(&facts, &step);
            assert_int_equal(step.act, DISPATCH_RUN);
            assert_true(step.due_ns >= at(60) && step.due_ns <= at(60) + most);
            assert_int_equal(step.until_ns, with_window ? at(90) : 0);
            latest = step.due_ns > latest ? step.due_ns : latest;
        }
        assert_true(latest > at(60) + most / 10 * 9);
        policy_free(policy);
    }
}

/* The dated example: slots 00:00, 01:00, 02:00 with a run of 90 minutes give two backups. */
static void dispatch_example_TSK_13(void **state)
{
    struct policy *policy = policy_of("daily 00:00,01:00,02:00", "UTC", NULL, 0);
    struct dispatch_facts facts = {
        .policy = policy, .enabled = true, .cursor_ns = START_NS - 1, .was_up = true};
    int64_t run_ends = 0;
    int runs = 0, skips = 0;
    (void)state;
    for (int minute = 0; minute < 600; minute++) {
        struct dispatch_step step;
        facts.now_ns = at(minute);
        do {
            facts.running = facts.now_ns < run_ends;
            dispatch_decide(&facts, &step);
            facts.cursor_ns = step.cursor_ns;
            if (step.act == DISPATCH_RUN) {
                run_ends = facts.now_ns + 90 * MINUTE_NS;
                runs++;
            }
            if (step.act == DISPATCH_SKIP) {
                skips++;
                assert_int_equal(step.slot_ns, at(60));
                assert_string_equal(step.reason, "previous_running");
            }
        } while (step.act != DISPATCH_NOTHING);
    }
    assert_int_equal(runs, 2);
    assert_int_equal(skips, 1);
    policy_free(policy);
}

/* ---- ten years ---- */

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 24) % limit;
}

/* What the catalog keeps of a slot. */
enum outcome { NONE, RAN, SKIPPED, MISSED };

/* The slots of some time, ascending, and what became of each. */
struct history {
    int64_t *slots;
    uint8_t *outcomes;
    size_t count;
};

static struct history history_of(const struct policy *policy, int64_t from, int64_t until)
{
    struct history h = {
        .count = schedule_count(policy->schedule, policy->zone, from, until, UINT64_MAX)};
    h.slots = calloc(h.count + 1, sizeof(*h.slots));
    h.outcomes = calloc(h.count + 1, 1);
    assert_non_null(h.slots);
    assert_non_null(h.outcomes);
    for (size_t i = 0; i < h.count; i++, from = h.slots[i - 1])
        schedule_next(policy->schedule, policy->zone, from, &h.slots[i]);
    return h;
}

/* The number of slots before or at a time. */
static size_t slots_until(const struct history *h, int64_t ns)
{
    size_t low = 0, high = h->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (h->slots[middle] <= ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t place_of(const struct history *h, int64_t slot)
{
    size_t place = slots_until(h, slot) - 1;
    if (place >= h->count || h->slots[place] != slot)
        fail_msg("no such slot: %lld", (long long)slot);
    return place;
}

/* As rows do: what has one keeps it; a row of missed slots stands for those that have none. */
static void keep(struct history *h, const struct dispatch_facts *facts,
                 const struct dispatch_step *step)
{
    size_t place;

    switch (step->act) {
    case DISPATCH_RUN:
    case DISPATCH_CATCH_UP:
        assert_true(step->slot_ns <= facts->now_ns);
        place = place_of(h, step->slot_ns);
        if (h->outcomes[place] != RAN && h->outcomes[place] != NONE)
            fail_msg("a slot was decided twice");
        h->outcomes[place] = RAN;
        break;
    case DISPATCH_SKIP:
        place = place_of(h, step->slot_ns);
        if (h->outcomes[place] == NONE)
            h->outcomes[place] = SKIPPED;
        break;
    case DISPATCH_MISS:
        for (place = place_of(h, step->slot_ns);
             place < h->count && h->slots[place] <= step->cursor_ns; place++) {
            if (h->outcomes[place] == NONE)
                h->outcomes[place] = MISSED;
        }
        break;
    case DISPATCH_REWIND:
        for (place = slots_until(h, facts->now_ns); place < h->count; place++) {
            if (h->outcomes[place] != RAN)
                h->outcomes[place] = NONE;
        }
        break;
    case DISPATCH_NOTHING:
        break;
    }
}

/* A jump of the clock, from a second to fifty years. */
static int64_t random_jump(void)
{
    static const int64_t sizes[] = {SECOND_NS,  MINUTE_NS,   HOUR_NS, DAY_NS,
                                    7 * DAY_NS, 60 * DAY_NS, YEAR_NS, 50 * YEAR_NS};
    int64_t size = sizes[random_below(8)];
    size = 1 + (int64_t)random_below((uint64_t)size);
    return random_below(2) ? size : -size;
}

struct life {
    struct policy *policy;
    struct history history;
    int64_t cursor_ns, now_ns, run_ends_ns;
    int64_t first_ns; /* the cursor was never before it */
    bool was_up;
    uint64_t runs; /* that were started */
};

/* The runner looks once. */
static int64_t look(struct life *l)
{
    struct dispatch_step step;
    struct dispatch_facts facts = {
        .policy = l->policy, .enabled = true, .now_ns = l->now_ns, .was_up = l->was_up};

    do {
        facts.cursor_ns = l->cursor_ns;
        facts.running = l->now_ns < l->run_ends_ns;
        dispatch_decide(&facts, &step);
        if (step.act == DISPATCH_RUN || step.act == DISPATCH_CATCH_UP) {
            bool again = l->history.outcomes[place_of(&l->history, step.slot_ns)] == RAN;
            l->runs += !again;
            if (!again)
                l->run_ends_ns = l->now_ns + (int64_t)random_below(90) * MINUTE_NS;
        }
        keep(&l->history, &facts, &step);
        l->cursor_ns = step.cursor_ns;
        if (l->cursor_ns < l->first_ns)
            l->first_ns = l->cursor_ns;
    } while (step.act != DISPATCH_NOTHING);
    return step.next_ns;
}

/* Every slot until the end has one outcome, and as many ran as were started. */
static void check_life(const struct life *l, const char *what)
{
    uint64_t ran = 0;

    for (size_t i = 0; i < l->history.count; i++) {
        bool decided = l->history.outcomes[i] != NONE;
        ran += l->history.outcomes[i] == RAN;
        if (l->history.slots[i] > l->first_ns && l->history.slots[i] <= l->now_ns && !decided)
            fail_msg("%s: slot %lld of %lld was lost", what, (long long)l->history.slots[i],
                     (long long)l->now_ns);
    }
    if (ran != l->runs)
        fail_msg("%s: %llu runs for %llu slots", what, (unsigned long long)l->runs,
                 (unsigned long long)ran);
}

static const char *const schedules[] = {"interval 6h", "daily 02:30",
                                        "cron 30 1-3 * * mon,thu"};
static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                    "UTC"};

static struct life life_of(size_t schedule, size_t zone, int64_t from, int64_t until)
{
    static const struct policy_pair catch_up[] = {{"catch-up", "one"}};
    struct life l = {
        .policy = policy_of(schedules[schedule], zones[zone], catch_up, (schedule + zone) % 2),
        .cursor_ns = START_NS,
        .first_ns = START_NS,
        .now_ns = START_NS,
        .was_up = true};
    l.history = history_of(l.policy, from, until);
    return l;
}

static void life_free(struct life *l)
{
    free(l->history.slots);
    free(l->history.outcomes);
    policy_free(l->policy);
}

/* Ten years of ticking; now and then the clock jumps, or the runner is away. */
static void live(size_t schedule, size_t zone)
{
    int64_t end = START_NS + 10 * YEAR_NS;
    struct life l = life_of(schedule, zone, START_NS - 50 * YEAR_NS, START_NS + 120 * YEAR_NS);
    char what[80];

    snprintf(what, sizeof what, "%s in %s", schedules[schedule], zones[zone]);
    for (int64_t ticked = 0; ticked < 10 * YEAR_NS;) {
        int64_t next = look(&l);
        int64_t wait = next > 0 ? next - l.now_ns : DAY_NS;
        wait += (int64_t)random_below(30) * SECOND_NS;
        l.was_up = true;
        if (random_below(200) == 0) {
            l.now_ns += random_jump();
            if (l.now_ns < START_NS - 45 * YEAR_NS || l.now_ns > START_NS + 100 * YEAR_NS)
                l.now_ns = START_NS + ticked;
            continue;
        }
        if (random_below(100) == 0) {
            l.was_up = false;
            wait += (int64_t)random_below(10 * DAY_NS);
        }
        l.now_ns += wait;
        ticked += wait;
    }
    /* The clock is right at last. */
    l.now_ns = end;
    look(&l);
    check_life(&l, what);
    life_free(&l);
}

static void dispatch_ten_years_with_jumps(void **state)
{
    const char *text = getenv("ROUNDS");
    int rounds = text ? atoi(text) : 1;
    (void)state;
    for (int round = 0; round < rounds; round++) {
        for (size_t schedule = 0; schedule < 3; schedule++) {
            for (size_t zone = 0; zone < 4; zone++)
                live(schedule, zone);
        }
    }
}

/* With a clock that is right and a runner that is there, every slot is run. */
static void dispatch_ten_quiet_years(void **state)
{
    (void)state;
    for (size_t schedule = 0; schedule < 3; schedule++) {
        for (size_t zone = 0; zone < 4; zone++) {
            struct life l = life_of(schedule, zone, START_NS, START_NS + 10 * YEAR_NS);
            while (l.now_ns < START_NS + 10 * YEAR_NS) {
                int64_t next = look(&l);
                l.run_ends_ns = 0;
                l.now_ns = next + (int64_t)random_below(50) * SECOND_NS;
            }
            l.now_ns = START_NS + 10 * YEAR_NS;
            l.run_ends_ns = 0;
            look(&l);
            check_life(&l, schedules[schedule]);
            assert_int_equal(l.runs, l.history.count);
            life_free(&l);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dispatch_steps_TSK_12_TSK_13_TSK_14_SCH_08_SCH_11),
        cmocka_unit_test(dispatch_without_schedule),
        cmocka_unit_test(dispatch_jitter_SCH_11),
        cmocka_unit_test(dispatch_example_TSK_13),
        cmocka_unit_test(dispatch_ten_years_with_jumps),
        cmocka_unit_test(dispatch_ten_quiet_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
