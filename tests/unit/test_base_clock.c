/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_clock.c - times in text, and the replaced clock. */
#include "base/clock.h"
#include "unit.h"

#include <stdlib.h>
#include <time.h>

static const int64_t SECOND = 1000000000;

/* Nobody signals: it ends by itself, and not at once. */
static void clock_waits(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    int64_t start = clock_boot_ns();
    (void)state;
    pthread_mutex_lock(&lock);
    clock_wait(&condition, &lock, SECOND / 50);
    pthread_mutex_unlock(&lock);
    assert_true(clock_boot_ns() - start >= SECOND / 50);
    assert_true(clock_boot_ns() - start < 60 * SECOND);
}

static void clock_formats(void **state)
{
    static const struct {
        int64_t ns;
        const char *utc, *name;
    } rows[] = {
        {INT64_C(1795247818000000000), "2026-11-21T07:56:58Z", "20261121t075658z"},
        {0, "1970-01-01T00:00:00Z", "19700101t000000z"},
        {999999999, "1970-01-01T00:00:00Z", "19700101t000000z"},
        {-1, "1969-12-31T23:59:59Z", "19691231t235959z"},
        {-1000000000, "1969-12-31T23:59:59Z", "19691231t235959z"},
        {INT64_C(951782400000000000), "2000-02-29T00:00:00Z", "20000229t000000z"},
        {INT64_MAX, "2262-04-11T23:47:16Z", "22620411t234716z"},
        {INT64_MIN, "1677-09-21T00:12:43Z", "16770921t001243z"},
    };
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clock_format_utc(rows[i].ns, text);
        assert_string_equal(text, rows[i].utc);
        clock_format_name(rows[i].ns, text);
        assert_string_equal(text, rows[i].name);
    }
}

static void clock_local_zone(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    clock_format_local(INT64_C(1795247818) * SECOND, text);
    assert_string_equal(text, "2026-11-21 08:56:58");
    clock_format_local(INT64_C(1782000000) * SECOND, text);
    assert_string_equal(text, "2026-06-21 02:00:00");
}

static int64_t fixed_ns(void)
{
    return 42 * SECOND;
}

static void clock_replaced(void **state)
{
    int64_t real = clock_wall_ns();

    (void)state;
    assert_true(real / SECOND - time(NULL) <= 1 && time(NULL) - real / SECOND <= 1);
    clock_override(fixed_ns);
    assert_true(clock_wall_ns() == 42 * SECOND);
    clock_override(NULL);
    assert_true(clock_wall_ns() >= real);
}

static void clock_boot_goes_on(void **state)
{
    int64_t first = clock_boot_ns(), last = first;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_boot_ns();
        assert_true(now >= last);
        last = now;
    }
    assert_true(last > first);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(clock_formats),
    cmocka_unit_test(clock_local_zone),
    cmocka_unit_test(clock_replaced),
    cmocka_unit_test(clock_boot_goes_on),
    cmocka_unit_test(clock_waits),
};
UNIT_MAIN(tests)
