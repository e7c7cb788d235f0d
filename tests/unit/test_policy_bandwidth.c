/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy_bandwidth.c - rates by time of day (SCH-12). */
#include "policy/bandwidth.h"

#include "unit.h"

#include <string.h>

static const struct {
    const char *row, *text;
    unsigned hour;
    uint64_t kib; /* in that hour; 0 = no limit */
} good[] = {
    {"SCH-12 all day", "0:24:5120", 0, 5120},
    {"SCH-12 all day, its end", "0:24:5120", 23, 5120},
    {"SCH-12 from the start", "8:18:100", 8, 100},
    {"SCH-12 not before", "8:18:100", 7, 0},
    {"SCH-12 up to the end", "8:18:100", 17, 100},
    {"SCH-12 not behind", "8:18:100", 18, 0},
    {"SCH-12 several", "8:18:100|18:22:200", 18, 200},
    {"SCH-12 in any order", "18:22:200|8:18:100", 9, 100},
    {"SCH-12 a gap", "0:1:1|2:3:3", 1, 0},
    {"SCH-12 the least", "0:1:1", 0, 1},
    {"SCH-12 the most", "23:24:4294967295", 23, UINT32_MAX},
};

static void bandwidth_rates_SCH_12(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct bandwidth b = {0};
        struct error e = ERROR_INIT;
        if (bandwidth_parse(good[i].text, &b, &e) != 0)
            fail_msg("%s: %s", good[i].row, e.text);
        for (unsigned second = 0; second < 3600; second += 3599)
            if (bandwidth_rate(&b, good[i].hour * 3600 + second) != good[i].kib * 1024)
                fail_msg("%s", good[i].row);
    }
}

static const struct {
    const char *text, *part;
} bad[] = {
    {"", "not three numbers"},
    {"5120", "not three numbers"},
    {"0:24", "not three numbers"},
    {"0:24:1:2", "not three numbers"},
    {"0:24:", "not three numbers"},
    {":24:1", "not three numbers"},
    {"0:24:x", "not three numbers"},
    {"0:24:-1", "not three numbers"},
    {" 0:24:1", "not three numbers"},
    {"0:24:1|", "not three numbers"},
    {"|0:24:1", "not three numbers"},
    {"0:12:1||12:24:1", "not three numbers"},
    {"0:24:18446744073709551616", "not three numbers"},
    {"0:24:1111111111111111111111111111111111", "not three numbers"},
    {"8:8:1", "the end must be behind"},
    {"18:8:1", "the end must be behind"},
    {"0:25:1", "24 at most"},
    {"24:25:1", "24 at most"},
    {"0:24:0", "the rate must be from 1"},
    {"0:24:4294967296", "the rate must be from 1"},
    {"0:12:1|11:24:1", "'11:24:1': it lies over another"},
    {"0:24:1|5:6:1", "it lies over another"},
    {"5:6:1|5:6:1", "it lies over another"},
};

static void bandwidth_refuses_SCH_12(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bandwidth b = {.bytes_per_second = {7}};
        struct error e = ERROR_INIT;
        if (bandwidth_parse(bad[i].text, &b, &e) == 0 || !strstr(e.text, bad[i].part) ||
            e.code != ERROR_PARAMETER)
            fail_msg("'%s': %s", bad[i].text, e.text);
        assert_int_equal(b.bytes_per_second[0], 7);
    }
}

static void bandwidth_holds(void **state)
{
    struct bandwidth none = {0};
    (void)state;
    assert_int_equal(bandwidth_rate(&none, 0), 0);
    assert_int_equal(bandwidth_rate(&none, 100000), 0);
    assert_int_equal(bandwidth_holds_s(0), 3600);
    assert_int_equal(bandwidth_holds_s(3599), 1);
    assert_int_equal(bandwidth_holds_s(86399), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bandwidth_rates_SCH_12),
        cmocka_unit_test(bandwidth_refuses_SCH_12),
        cmocka_unit_test(bandwidth_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
