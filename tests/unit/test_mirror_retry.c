/* SPDX-License-Identifier: Apache-2.0 */
/* test_mirror_retry.c - what becomes of failed attempts. */
#include "mirror/retry.h"
#include "unit.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)

static void retry_every_class_has_a_verdict(void **state)
{
    static const struct {
        uint32_t class;
        enum retry_verdict verdict;
    } rows[] = {
        {LAGAN_TRANSIENT, RETRY_AGAIN},   {LAGAN_BUSY, RETRY_AGAIN},
        {LAGAN_TIMEOUT, RETRY_AGAIN},     {LAGAN_NOT_FOUND, RETRY_AGAIN},
        {LAGAN_EXISTS, RETRY_NEVER},      {LAGAN_PRECONDITION, RETRY_NEVER},
        {LAGAN_DENIED, RETRY_AWAY},       {LAGAN_AUTH, RETRY_AWAY},
        {LAGAN_IMMUTABLE, RETRY_NEVER},   {LAGAN_CORRUPT, RETRY_NEVER},
        {LAGAN_NO_SPACE, RETRY_AWAY},     {LAGAN_LIMIT, RETRY_AGAIN},
        {LAGAN_OFFLINE, RETRY_AWAY},      {LAGAN_CHANGED, RETRY_AGAIN},
        {LAGAN_UNSUPPORTED, RETRY_NEVER}, {LAGAN_INVALID, RETRY_NEVER},
        {LAGAN_CANCELLED, RETRY_UNDONE},  {LAGAN_IO, RETRY_AGAIN},
        {LAGAN_INTERNAL, RETRY_AGAIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error why = {.error_class = rows[i].class};
        assert_int_equal(retry_judge(&why), rows[i].verdict);
        why.scope = LAGAN_SCOPE_INSTANCE;
        if (rows[i].verdict == RETRY_AGAIN)
            assert_int_equal(retry_judge(&why), RETRY_AWAY);
    }
}

/* TSK-18: two hours, then it is given up. */
static void retry_item_waits_double_within_the_budget(void **state)
{
    struct error why = {.error_class = LAGAN_TRANSIENT};
    struct catalog_item item = {.attempts = 1};
    const int64_t now = 1000 * HOUR;
    (void)state;
    assert_int_equal(retry_item_at(&item, &why, now, 2 * HOUR, UINT32_MAX), now + 5 * SECOND);
    assert_int_equal(retry_item_at(&item, &why, now, 2 * HOUR, 0), now + 5 * SECOND / 2);
    item.attempts = 2;
    assert_int_equal(retry_item_at(&item, &why, now, 2 * HOUR, UINT32_MAX), now + 10 * SECOND);
    item.attempts = 100;
    assert_int_equal(retry_item_at(&item, &why, now, 2 * HOUR, UINT32_MAX), now + 600 * SECOND);
    why.retry_after_ms = 3600 * 1000;
    assert_int_equal(retry_item_at(&item, &why, now, 2 * HOUR, 0), now + HOUR);
    item.first_failure_ns = now - 2 * HOUR;
    assert_true(retry_item_at(&item, &why, now, 2 * HOUR, 0) > now);
    item.first_failure_ns = now - 2 * HOUR - 1;
    assert_int_equal(retry_item_at(&item, &why, now, 2 * HOUR, 0), 0);
}

static void retry_lane_is_tried_for_ever(void **state)
{
    const struct error why = {.error_class = LAGAN_OFFLINE};
    (void)state;
    assert_int_equal(retry_lane_at(0, &why, HOUR, UINT32_MAX), HOUR + 10 * SECOND);
    assert_int_equal(retry_lane_at(3, &why, HOUR, UINT32_MAX), HOUR + 80 * SECOND);
    assert_int_equal(retry_lane_at(1000000, &why, HOUR, UINT32_MAX), HOUR + 300 * SECOND);
    assert_int_equal(retry_lane_at(1000000, &why, HOUR, 0), HOUR + 150 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_every_class_has_a_verdict),
        cmocka_unit_test(retry_item_waits_double_within_the_budget),
        cmocka_unit_test(retry_lane_is_tried_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
