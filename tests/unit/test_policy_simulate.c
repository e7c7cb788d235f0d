/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy_simulate.c - years of policies: that sums agree, that rules hold, and that ten
 * years take seconds. */
#include "policy/simulate.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)
#define START_NS (INT64_C(1767225600) * SECOND_NS) /* 2026-01-01 UTC */
#define GIB (UINT64_C(1) << 30)

enum { POLICIES = 3, KINDS = SIMULATE_KEEP + 1, PAIRS = 8, SHOWN = 64 };

/* What has happened. */
struct seen {
    uint64_t counts[POLICIES][KINDS];
    uint64_t bytes[POLICIES][KINDS];
    uint64_t full[POLICIES], missed[POLICIES];
    uint64_t most; /* backups at the end of a month */
    int64_t last_ns;
    struct simulate_event first[SHOWN]; /* the first events */
    size_t first_count;
    int64_t full_ns[POLICIES]; /* of the last one */
    int64_t full_apart_ns;     /* least */
};

static int note(void *context, const struct simulate_event *event, struct error *e)
{
    struct seen *seen = context;
    (void)e;

    seen->counts[event->policy][event->kind]++;
    seen->bytes[event->policy][event->kind] += event->bytes;
    if (event->kind != SIMULATE_KEEP) {
        assert_true(event->at_ns >= seen->last_ns);
        seen->last_ns = event->at_ns;
    }
    if (event->kind == SIMULATE_MISS)
        seen->missed[event->policy] += event->count;
    if (event->kind == SIMULATE_MONTH && event->count > seen->most)
        seen->most = event->count;
    if (event->kind == SIMULATE_RUN && event->full) {
        int64_t apart = event->at_ns - seen->full_ns[event->policy];
        if (seen->full[event->policy]++ > 0 && apart < seen->full_apart_ns)
            seen->full_apart_ns = apart;
        seen->full_ns[event->policy] = event->at_ns;
    }
    if (seen->first_count < SHOWN)
        seen->first[seen->first_count++] = *event;
    return 0;
}

static struct policy *policy_of(const struct policy_pair pairs[PAIRS])
{
    struct policy *policy = NULL;
    struct error e = ERROR_INIT;
    size_t count = 0;

    while (count < PAIRS && pairs[count].name)
        count++;
    if (policy_parse(POLICY_FOR_BACKUP, pairs, count, START_NS, &policy, &e) != 0)
        fail_msg("%s", e.text);
    return policy;
}

/* From the first moment of 2026 on, whose slots count. */
static void simulate(struct simulate_policy *policies, size_t count, int64_t length_ns,
                     struct seen *seen)
{
    struct simulate_request request = {.policies = policies,
                                       .policy_count = count,
                                       .from_ns = START_NS,
                                       .to_ns = START_NS - 1 + length_ns,
                                       .context = seen,
                                       .event = note};
    struct error e = ERROR_INIT;

    *seen = (struct seen){.full_apart_ns = INT64_MAX};
    for (size_t i = 0; i < count; i++) {
        if (policies[i].cursor_ns == 0)
            policies[i].cursor_ns = START_NS - 1;
    }
    if (simulate_run(&request, &e) != 0)
        fail_msg("%s", e.text);
}

/* The same on both sides: what was there and came, what went and stays. */
static void check_sums(const struct seen *seen, size_t policy, uint64_t before,
                       uint64_t running)
{
    const uint64_t *counts = seen->counts[policy], *bytes = seen->bytes[policy];
    assert_int_equal(before + counts[SIMULATE_RUN],
                     counts[SIMULATE_DROP] + counts[SIMULATE_KEEP] + running);
    assert_int_equal(counts[SIMULATE_END], 1);
    assert_int_equal(bytes[SIMULATE_END], bytes[SIMULATE_KEEP]);
    if (before + running == 0)
        assert_int_equal(bytes[SIMULATE_RUN], bytes[SIMULATE_DROP] + bytes[SIMULATE_KEEP]);
}

/* Slots 00:00, 01:00, 02:00 and runs of 90 minutes: two backups. */
static void simulate_example_TSK_13(void **state)
{
    static const struct policy_pair pairs[PAIRS] = {{"schedule", "daily 00:00,01:00,02:00"},
                                                    {"zone", "UTC"}};
    struct simulate_policy policy = {
        .policy = policy_of(pairs), .enabled = true, .duration_ns = 90 * MINUTE_NS};
    struct seen seen;
    (void)state;
    simulate(&policy, 1, DAY_NS, &seen);
    assert_int_equal(seen.counts[0][SIMULATE_RUN], 2);
    assert_int_equal(seen.counts[0][SIMULATE_SKIP], 1);
    assert_int_equal(seen.counts[0][SIMULATE_KEEP], 2);
    assert_int_equal(seen.first[1].kind, SIMULATE_SKIP);
    assert_int_equal(seen.first[1].slot_ns, START_NS + HOUR_NS);
    assert_string_equal(seen.first[1].text, "previous_running");
    assert_int_equal(seen.first[2].slot_ns, START_NS + 2 * HOUR_NS);
    policy_free((struct policy *)policy.policy);
}

static void simulate_ten_years_SCH_14(void **state)
{
    static const struct policy_pair pairs[POLICIES][PAIRS] = {
        {{"schedule", "cron 0 * * * *"},
         {"zone", "Europe/Berlin"},
         {"keep-count", "48"},
         {"keep-daily", "31"},
         {"keep-monthly", "12"},
         {"full-every", "30"}},
        {{"schedule", "daily 02:30"},
         {"zone", "America/New_York"},
         {"keep-time", "1y"},
         {"jitter", "30m"}},
        {{"schedule", "weekly sun 12:00"}, {"zone", "Australia/Lord_Howe"}},
    };
    struct simulate_policy policies[POLICIES];
    struct timespec begin, end;
    struct seen seen;
    (void)state;

    for (size_t i = 0; i < POLICIES; i++)
        policies[i] = (struct simulate_policy){.policy = policy_of(pairs[i]),
                                               .enabled = true,
                                               .duration_ns = 10 * MINUTE_NS,
                                               .full_ns = 50 * MINUTE_NS,
                                               .bytes_each = GIB,
                                               .bytes_full = 10 * GIB};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    simulate(policies, POLICIES, 3652 * DAY_NS, &seen);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("ten years: %.2f s\n",
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    for (size_t i = 0; i < POLICIES; i++) {
        uint64_t slots = schedule_count(policies[i].policy->schedule, policies[i].policy->zone,
                                        START_NS - 1, START_NS - 1 + 3652 * DAY_NS, UINT64_MAX);
        assert_int_equal(seen.counts[i][SIMULATE_RUN], slots);
        assert_int_equal(seen.counts[i][SIMULATE_MISS] + seen.counts[i][SIMULATE_SKIP], 0);
        assert_in_range(seen.counts[i][SIMULATE_MONTH], 119, 120);
        check_sums(&seen, i, 0,
                   seen.counts[i][SIMULATE_RUN] - seen.counts[i][SIMULATE_DROP] -
                       seen.counts[i][SIMULATE_KEEP]);
        policy_free((struct policy *)policies[i].policy);
    }
    /* 48 of hours, 28 more days, 10 or 11 months, and a day's worth until expiry comes. */
    assert_in_range(seen.counts[0][SIMULATE_KEEP], 48 + 28 + 10, 48 + 28 + 11 + 24);
    assert_in_range(seen.counts[1][SIMULATE_KEEP], 365, 367);
    assert_int_equal(seen.counts[2][SIMULATE_DROP], 0);
    /* Every 30th hour, but no more than once a day. */
    assert_in_range(seen.full[0], 3652 * 24 / 30 - 2, 3652 * 24 / 30 + 2);
    assert_int_equal(seen.full[1], 1);
    assert_true(seen.full_apart_ns >= DAY_NS - HOUR_NS);
}

static void simulate_full_every_CON_08(void **state)
{
    static const struct policy_pair pairs[PAIRS] = {
        {"schedule", "interval 6h"}, {"zone", "UTC"}, {"full-every", "2"}};
    struct simulate_policy policy = {
        .policy = policy_of(pairs), .enabled = true, .bytes_each = 1, .bytes_full = 100};
    struct seen seen;
    (void)state;
    simulate(&policy, 1, 100 * DAY_NS, &seen);
    assert_int_equal(seen.counts[0][SIMULATE_RUN], 400);
    assert_int_equal(seen.full[0], 100);
    assert_int_equal(seen.full_apart_ns, DAY_NS);
    assert_int_equal(seen.bytes[0][SIMULATE_END], 100 * 100 + 300);
    policy_free((struct policy *)policy.policy);
}

/* SCH-09: the second policy begins when the first one's run of that time has ended. */
static void simulate_after_SCH_09(void **state)
{
    static const struct policy_pair first[PAIRS] = {{"schedule", "daily 02:00"},
                                                    {"zone", "UTC"}};
    static const struct policy_pair second[PAIRS] = {
        {"schedule", "daily 02:00"}, {"zone", "UTC"}, {"after", "first"}};
    struct simulate_policy policies[2] = {
        {.policy = policy_of(second), .enabled = true, .after = 2, .duration_ns = MINUTE_NS},
        {.policy = policy_of(first), .enabled = true, .duration_ns = 90 * MINUTE_NS},
    };
    struct seen seen;
    (void)state;
    simulate(policies, 2, 10 * DAY_NS, &seen);
    assert_int_equal(seen.counts[0][SIMULATE_RUN], 10);
    assert_int_equal(seen.counts[1][SIMULATE_RUN], 10);
    assert_int_equal(seen.first[0].policy, 1);
    assert_int_equal(seen.first[1].policy, 0);
    assert_int_equal(seen.first[1].at_ns, START_NS + 210 * MINUTE_NS);
    policy_free((struct policy *)policies[0].policy);
    policy_free((struct policy *)policies[1].policy);
}

/* Without a schedule it follows; what ends while it runs leads to one run together. */
static void simulate_follows_SCH_09(void **state)
{
    static const struct policy_pair first[PAIRS] = {{"schedule", "daily 02:00,05:00,06:00"},
                                                    {"zone", "UTC"}};
    static const struct policy_pair second[PAIRS] = {{"zone", "UTC"}, {"after", "first"}};
    struct simulate_policy policies[2] = {
        {.policy = policy_of(first), .enabled = true, .duration_ns = 30 * MINUTE_NS},
        {.policy = policy_of(second),
         .enabled = true,
         .after = 1,
         .duration_ns = 100 * MINUTE_NS},
    };
    struct seen seen;
    (void)state;
    simulate(policies, 2, 10 * DAY_NS, &seen);
    assert_int_equal(seen.counts[0][SIMULATE_RUN], 30);
    assert_int_equal(seen.counts[1][SIMULATE_RUN], 30);
    assert_int_equal(seen.first[1].at_ns, START_NS + 150 * MINUTE_NS);
    assert_int_equal(seen.first[1].slot_ns, START_NS + 120 * MINUTE_NS);
    assert_int_equal(seen.first[5].at_ns, START_NS + 430 * MINUTE_NS);
    assert_int_equal(seen.first[5].slot_ns, START_NS + 360 * MINUTE_NS);
    policies[1].duration_ns = 12 * HOUR_NS;
    simulate(policies, 2, 10 * DAY_NS, &seen);
    assert_int_equal(seen.counts[1][SIMULATE_RUN], 20);
    policies[1].enabled = false;
    simulate(policies, 2, 10 * DAY_NS, &seen);
    assert_int_equal(seen.counts[1][SIMULATE_RUN], 0);
    policy_free((struct policy *)policies[0].policy);
    policy_free((struct policy *)policies[1].policy);
}

/* What waits until its window is over is skipped. */
static void simulate_window_SCH_11(void **state)
{
    static const struct policy_pair first[PAIRS] = {{"schedule", "daily 02:00"},
                                                    {"zone", "UTC"}};
    static const struct policy_pair second[PAIRS] = {
        {"schedule", "daily 02:00"}, {"zone", "UTC"}, {"after", "first"}, {"window", "1h"}};
    struct simulate_policy policies[2] = {
        {.policy = policy_of(second), .enabled = true, .after = 2, .duration_ns = MINUTE_NS},
        {.policy = policy_of(first), .enabled = true, .duration_ns = 90 * MINUTE_NS},
    };
    struct seen seen;
    (void)state;
    simulate(policies, 2, 10 * DAY_NS, &seen);
    assert_int_equal(seen.counts[0][SIMULATE_RUN], 0);
    assert_int_equal(seen.counts[0][SIMULATE_SKIP], 10);
    policy_free((struct policy *)policies[0].policy);
    policy_free((struct policy *)policies[1].policy);
}

/* Backups that are there, a cursor of long ago, a disabled policy, a runner that looks rarely.
 */
static void simulate_beginnings(void **state)
{
    static const struct policy_pair pairs[PAIRS] = {
        {"schedule", "daily 02:00"}, {"zone", "UTC"}, {"keep-count", "3"}};
    static const struct simulate_backup there[] = {
        {START_NS - 5 * DAY_NS, 0, 7, true},  {START_NS - 4 * DAY_NS, 0, 7, true},
        {START_NS - 3 * DAY_NS, 0, 7, false}, /* by hand: RET-04 */
        {START_NS - 2 * DAY_NS, 0, 7, true},  {START_NS - 1 * DAY_NS, 0, 7, true},
    };
    struct simulate_policy policy = {.policy = policy_of(pairs),
                                     .enabled = true,
                                     .cursor_ns = START_NS - 3 * DAY_NS,
                                     .bytes_each = 1,
                                     .backups = there,
                                     .backup_count = 5};
    struct seen seen;
    (void)state;
    simulate(&policy, 1, 30 * DAY_NS, &seen);
    assert_int_equal(seen.counts[0][SIMULATE_RUN], 31);
    assert_int_equal(seen.missed[0], 2);
    assert_int_equal(seen.full[0], 0);
    assert_in_range(seen.counts[0][SIMULATE_KEEP], 4, 5);
    check_sums(&seen, 0, 5, 0);
    policy.enabled = false;
    simulate(&policy, 1, 30 * DAY_NS, &seen);
    assert_int_equal(seen.counts[0][SIMULATE_RUN] + seen.missed[0], 0);
    assert_int_equal(seen.counts[0][SIMULATE_KEEP], 4);
    policy_free((struct policy *)policy.policy);
}

static void simulate_looks_rarely(void **state)
{
    static const struct policy_pair pairs[PAIRS] = {{"schedule", "daily 02:30"},
                                                    {"zone", "UTC"}};
    struct simulate_policy policy = {.policy = policy_of(pairs), .enabled = true};
    struct seen seen = {0};
    struct simulate_request request = {.policies = &policy,
                                       .policy_count = 1,
                                       .from_ns = START_NS,
                                       .to_ns = START_NS + 10 * DAY_NS,
                                       .look_ns = HOUR_NS,
                                       .context = &seen,
                                       .event = note};
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(simulate_run(&request, &e), 0);
    assert_int_equal(seen.counts[0][SIMULATE_RUN], 10);
    assert_int_equal(seen.first[0].slot_ns, START_NS + 150 * MINUTE_NS);
    assert_int_equal(seen.first[0].at_ns, START_NS + 180 * MINUTE_NS);
    policy_free((struct policy *)policy.policy);
}

/* What the first backup has stored stays when it goes: the others need it. */
static void simulate_keeps_what_is_shared(void **state)
{
    static const struct policy_pair pairs[PAIRS] = {
        {"schedule", "daily 02:00"}, {"zone", "UTC"}, {"keep-count", "7"}};
    struct simulate_policy policy = {
        .policy = policy_of(pairs), .enabled = true, .bytes_each = 3, .bytes_full = 1000};
    struct seen seen;
    (void)state;
    simulate(&policy, 1, 100 * DAY_NS, &seen);
    uint64_t kept = seen.counts[0][SIMULATE_KEEP];
    assert_in_range(kept, 7, 8);
    assert_int_equal(seen.bytes[0][SIMULATE_END], 1000 + (kept - 1) * 3);
    assert_int_equal(seen.bytes[0][SIMULATE_DROP], (100 - kept) * 3);
    check_sums(&seen, 0, 0, 0);
    policy_free((struct policy *)policy.policy);
}

static int refuse(void *context, const struct simulate_event *event, struct error *e)
{
    (void)context;
    return error_set(e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "enough at %s",
                     simulate_event_name(event->kind));
}

static void simulate_can_be_ended(void **state)
{
    static const struct policy_pair pairs[PAIRS] = {{"schedule", "daily 02:30"},
                                                    {"zone", "UTC"}};
    struct simulate_policy policy = {.policy = policy_of(pairs), .enabled = true};
    struct simulate_request request = {.policies = &policy,
                                       .policy_count = 1,
                                       .from_ns = START_NS,
                                       .to_ns = START_NS + DAY_NS,
                                       .event = refuse};
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(simulate_run(&request, &e), -1);
    assert_string_equal(e.text, "enough at run");
    policy_free((struct policy *)policy.policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulate_example_TSK_13),
        cmocka_unit_test(simulate_ten_years_SCH_14),
        cmocka_unit_test(simulate_full_every_CON_08),
        cmocka_unit_test(simulate_after_SCH_09),
        cmocka_unit_test(simulate_follows_SCH_09),
        cmocka_unit_test(simulate_window_SCH_11),
        cmocka_unit_test(simulate_beginnings),
        cmocka_unit_test(simulate_looks_rarely),
        cmocka_unit_test(simulate_keeps_what_is_shared),
        cmocka_unit_test(simulate_can_be_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
