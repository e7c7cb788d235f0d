/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_trust.c - the trusted time over everything that clocks may do. */
#include "base/trust.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (INT64_C(3600) * 1000000000)
#define DAY (24 * HOUR)
#define YEARS_50 (50 * 365 * DAY)
#define T0 (20000 * DAY)

/* The last mark: at T0, the boot clock at 5 days, in the boot "a". */
static const struct trust_mark last = {T0, T0, 5 * DAY, "a"};

static const struct {
    const char *what;
    int64_t wall_ns, boot_ns;
    const char *boot_id;
    bool strict;
    enum trust_verdict verdict;
    int64_t trusted_ns;
} rows[] = {
    {"an hour", T0 + HOUR, 5 * DAY + HOUR, "a", false, TRUST_GOOD, T0 + HOUR},
    {"an hour, strict", T0 + HOUR, 5 * DAY + HOUR, "a", true, TRUST_GOOD, T0 + HOUR},
    {"a little ahead", T0 + HOUR + TRUST_SLACK_NS, 5 * DAY + HOUR, "a", false, TRUST_GOOD,
     T0 + HOUR},
    {"too far ahead", T0 + HOUR + TRUST_SLACK_NS + 1, 5 * DAY + HOUR, "a", false, TRUST_AHEAD,
     T0 + HOUR},
    {"50 years ahead", T0 + YEARS_50, 5 * DAY, "a", true, TRUST_AHEAD, T0},
    {"a little behind", T0 + HOUR - TRUST_SLACK_NS, 5 * DAY + HOUR, "a", true, TRUST_GOOD,
     T0 + HOUR},
    {"too far behind", T0 + HOUR - TRUST_SLACK_NS - 1, 5 * DAY + HOUR, "a", true, TRUST_BEHIND,
     T0 + HOUR},
    {"50 years behind", T0 - YEARS_50, 6 * DAY, "a", false, TRUST_BEHIND, T0 + DAY},
    {"another boot, at once", T0, HOUR, "b", true, TRUST_GOOD, T0},
    {"another boot, strict", T0 + DAY, HOUR, "b", true, TRUST_WAS_OFF, T0},
    {"another boot", T0 + DAY, HOUR, "b", false, TRUST_GOOD, T0 + DAY},
    {"off for long", T0 + TRUST_OFF_NS, HOUR, "b", false, TRUST_GOOD, T0 + TRUST_OFF_NS},
    {"off for longer than is believed", T0 + TRUST_OFF_NS + DAY, HOUR, "b", false,
     TRUST_WAS_OFF, T0 + TRUST_OFF_NS},
    {"another boot, behind", T0 - DAY, HOUR, "b", false, TRUST_BEHIND, T0},
    {"a boot clock that went back", T0 + DAY, 4 * DAY, "a", true, TRUST_WAS_OFF, T0},
    {"a boot without a name", T0 + DAY, 6 * DAY, "", true, TRUST_WAS_OFF, T0},
    {"the end of time", INT64_MAX, INT64_MAX, "a", true, TRUST_GOOD, INT64_MAX},
};

static void trust_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trust_mark next = {0};
        enum trust_verdict verdict = trust_advance(&last, rows[i].wall_ns, rows[i].boot_ns,
                                                   rows[i].boot_id, rows[i].strict, &next);
        if (verdict != rows[i].verdict || next.trusted_ns != rows[i].trusted_ns)
            fail_msg("%s: %s, trusted %+lld", rows[i].what, trust_verdict_name(verdict),
                     (long long)(next.trusted_ns - T0));
        assert_int_equal(next.wall_ns, rows[i].wall_ns);
        assert_int_equal(next.boot_ns, rows[i].boot_ns);
        assert_string_equal(next.boot_id, rows[i].boot_id);
    }
}

static void trust_first(void **state)
{
    struct trust_mark none = {.trusted_ns = 0}, next;

    (void)state;
    assert_int_equal(trust_advance(&none, T0, HOUR, "a", true, &next), TRUST_FIRST);
    assert_int_equal(next.trusted_ns, T0);
    /* In place. */
    assert_int_equal(trust_advance(&next, T0 + DAY, HOUR + DAY, "a", true, &next), TRUST_GOOD);
    assert_int_equal(next.trusted_ns, T0 + DAY);
    assert_string_equal(trust_verdict_name(TRUST_WAS_OFF), "was-off");
    assert_string_equal(trust_verdict_name((enum trust_verdict)99), "unknown");
}

/* Whatever clocks and boots do: it never goes back, and never ahead of what has passed. */
static void trust_random(void **state)
{
    struct trust_mark mark = {.trusted_ns = 0};
    int64_t now = T0, boot = 0, boots = 0;
    char id[TRUST_BOOT_ID_SIZE] = "0";

    (void)state;
    srand(1);
    trust_advance(&mark, now, boot, id, true, &mark);
    for (int i = 0; i < 100000; i++) {
        int64_t passed = rand() % 1000 * (HOUR / 100), before = mark.trusted_ns;
        int64_t wall = rand() % 3 == 0 ? now + (rand() % 200 - 100) * 180 * DAY : now;
        now += passed;
        boot += passed;
        if (rand() % 10 == 0) {
            snprintf(id, sizeof(id), "%lld", (long long)++boots);
            boot = rand() % 1000 * (passed / 1000);
        }
        trust_advance(&mark, wall, boot, id, true, &mark);
        assert_true(mark.trusted_ns >= before);
        assert_true(mark.trusted_ns <= now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_table),
        cmocka_unit_test(trust_first),
        cmocka_unit_test(trust_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
