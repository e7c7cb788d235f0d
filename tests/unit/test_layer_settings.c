/* SPDX-License-Identifier: Apache-2.0 */
/* test_layer_settings.c - how the settings of layers are written, and what is refused. */
#include "driver/layer_settings.h"
#include "unit.h"

#include <string.h>

static void layer_settings_defaults(void **state)
{
    struct layer_settings s;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(layer_settings_init(&s, &e), 0);
    assert_int_equal(s.retry, 5);
    assert_int_equal(s.retry_pause_ns, 1000000000);
    assert_int_equal(s.retry_limit_ns, INT64_C(120) * 1000000000);
    assert_int_equal(s.timeout_ns, 0);
    assert_int_equal(s.cache_bytes, 256 << 20);
    assert_false(s.trace);
    assert_string_equal(s.prefix, "");
    assert_int_equal(s.fault.count, 0);
    layer_settings_free(&s);
    layer_settings_free(&s);
}

static void layer_settings_take_values(void **state)
{
    struct layer_settings s, copy;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(layer_settings_init(&s, &e), 0);
    assert_int_equal(layer_settings_set(&s, "retry", "0", &e), 0);
    assert_int_equal(layer_settings_set(&s, "retry-pause", "250ms", &e), 0);
    assert_int_equal(layer_settings_set(&s, "send-rate", "10M", &e), 0);
    assert_int_equal(layer_settings_set(&s, "cache-size", "1GiB", &e), 0);
    assert_int_equal(layer_settings_set(&s, "read-only", "yes", &e), 0);
    assert_int_equal(layer_settings_set(&s, "prefix", "first", &e), 0);
    assert_int_equal(layer_settings_set(&s, "prefix", "team/", &e), 0);
    assert_int_equal(layer_settings_set(&s, "fault", "put:busy", &e), 0);
    assert_int_equal(layer_settings_set(&s, "fault", "get:transient:at:2", &e), 0);
    assert_int_equal(layer_settings_copy(&s, &copy, &e), 0);
    layer_settings_free(&s);
    assert_int_equal(copy.retry, 0);
    assert_int_equal(copy.retry_pause_ns, 250000000);
    assert_int_equal(copy.send_rate, 10 << 20);
    assert_int_equal(copy.cache_bytes, 1 << 30);
    assert_true(copy.read_only);
    assert_string_equal(copy.prefix, "team/");
    assert_int_equal(copy.fault.count, 2);
    assert_string_equal(copy.fault.items[1], "get:transient:at:2");
    layer_settings_free(&copy);
}

static void layer_settings_refuse(void **state)
{
    static const struct {
        const char *name, *value, *words;
    } wrong[] = {
        {"retry", "101", "too large; allowed is a whole number to 100"},
        {"retry", "-1", "too small"},
        {"retry", "often", "not a whole number"},
        {"retry-pause", "0", "too small; allowed is a duration"},
        {"timeout", "soon", "not a duration"},
        {"send-rate", "fast", "not a size"},
        {"cache-size", "1K", "too small"},
        {"trace", "perhaps", "neither yes nor no"},
        {"prefix", "a\nb", "not plain UTF-8"},
        {"retries", "1", "no setting \"retries\"; there are: dry-run, read-only, cache,"},
    };
    struct layer_settings s;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(layer_settings_init(&s, &e), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(layer_settings_set(&s, wrong[i].name, wrong[i].value, &e), -1);
        assert_int_equal(e.code, ERROR_CONFIG);
        if (!strstr(e.text, wrong[i].words))
            fail_msg("%s = %s: %s", wrong[i].name, wrong[i].value, e.text);
    }
    assert_int_equal(s.retry, 5);
    layer_settings_free(&s);
}

static void layer_settings_table(void **state)
{
    size_t rows = 0;
    (void)state;
    for (const struct layer_setting *row; (row = layer_setting_row(rows)); rows++) {
        assert_true(strlen(row->help) > 10);
        for (size_t i = 0; i < rows; i++)
            assert_string_not_equal(layer_setting_row(i)->name, row->name);
    }
    assert_true(rows >= 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_settings_defaults),
        cmocka_unit_test(layer_settings_take_values),
        cmocka_unit_test(layer_settings_refuse),
        cmocka_unit_test(layer_settings_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
