/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_text.c - hexadecimal, escapes, sizes, durations, UTF-8. */
#include "base/text.h"
#include "unit.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void text_hex_both_ways(void **state)
{
    uint8_t bytes[4] = {0, 0x1f, 0xab, 0xff}, back[4] = {0};
    char digits[9];

    (void)state;
    text_hex(bytes, 4, digits);
    assert_string_equal(digits, "001fabff");
    assert_int_equal(text_unhex("001FabFF", back, 4), 0);
    assert_memory_equal(back, bytes, 4);
    text_hex(bytes, 0, digits);
    assert_string_equal(digits, "");
    assert_int_equal(text_unhex("", back, 0), 0);
}

static void text_unhex_refuses(void **state)
{
    static const char *const bad[] = {"",         "00",       "0011223",  "001122334",
                                      "0011223g", "00 12233", "-0112233", "0x112233"};
    uint8_t back[4] = {1, 2, 3, 4};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(text_unhex(bad[i], back, 4), -1);
    assert_memory_equal(back, "\1\2\3\4", 4);
}

static void expect_escape(const char *bytes, size_t size, const char *wanted)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;

    text_escape(&out, bytes, size);
    buffer_append_u8(&out, 0);
    assert_string_equal((char *)out.data, wanted);
}

static void text_escape_names(void **state)
{
    (void)state;
    expect_escape("", 0, "");
    expect_escape("plain name.txt", 14, "plain name.txt");
    expect_escape("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
                  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_escape("a\0b", 3, "a\\x00b");
    expect_escape("\x1b]0;x\x07\n", 7, "\\x1b]0;x\\x07\\x0a");
    expect_escape("back\\slash", 10, "back\\\\slash");
    expect_escape("\xc2\x9b", 2, "\\xc2\\x9b");          /* C1: CSI */
    expect_escape("\xe2\x80\xae", 3, "\\xe2\\x80\\xae"); /* right-to-left override */
    expect_escape("\xe2\x81\xa6", 3, "\\xe2\\x81\\xa6"); /* left-to-right isolate */
    expect_escape("\xff\xc3", 2, "\\xff\\xc3");
    expect_escape("\xc3(", 2, "\\xc3(");
    expect_escape("\xc0\xaf", 2, "\\xc0\\xaf");          /* overlong */
    expect_escape("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* surrogate */
    expect_escape("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
}

static void text_escape_line_fits(void **state)
{
    char small[6], twice[64], once[64];

    (void)state;
    assert_int_equal(text_escape_line(small, sizeof(small), "abcdefgh", 8), 5);
    assert_string_equal(small, "abcde");
    assert_int_equal(text_escape_line(small, sizeof(small), "ab\n", 3), 2);
    assert_string_equal(small, "ab");
    assert_int_equal(text_escape_line(small, sizeof(small), "a\n", 2), 5);
    assert_string_equal(small, "a\\x0a");
    assert_int_equal(text_escape_line(small, 1, "abc", 3), 0);
    assert_string_equal(small, "");
    text_escape_line(once, sizeof(once), "c:\\x\t\xff", 6);
    text_escape_line(twice, sizeof(twice), once, strlen(once));
    assert_string_equal(once, "c:\\x\\x09\\xff");
    assert_string_equal(twice, once);
}

static void text_sizes(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0 B"},
        {17, "17 B"},
        {1023, "1023 B"},
        {1024, "1.00 KiB"},
        {1320702444, "1.23 GiB"},
        {10480518, "10.0 MiB"},
        {104752742, "99.9 MiB"},
        {104857600, "100 MiB"},
        {1048575, "1.00 MiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    char text[TEXT_SIZE_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        text_format_size(rows[i].bytes, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void text_durations(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0.0s"},          {400, "0.4s"},      {9940, "9.9s"},      {9960, "10s"},
        {12000, "12s"},       {59499, "59s"},     {59600, "1m00s"},    {184000, "3m04s"},
        {3599600, "1h00m"},   {3720000, "1h02m"}, {86400000, "1d00h"}, {-1500, "-1.5s"},
        {200000000, "2d07h"},
    };
    char text[TEXT_SIZE_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        text_format_duration(rows[i].ms * 1000000, text);
        assert_string_equal(text, rows[i].text);
    }
    text_format_duration(INT64_MIN, text);
    assert_string_equal(text, "-106751d23h");
}

static void text_parses_numbers(void **state)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "-1",
                                      "+1",
                                      "0x1",
                                      "1.5",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    uint64_t value = 5;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(text_parse_u64(bad[i], &value), -1);
    assert_int_equal(value, 5);
    assert_int_equal(text_parse_u64("18446744073709551615", &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(text_parse_u64("007", &value), 0);
    assert_int_equal(value, 7);
}

static void text_parses_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows[] = {
        {"0", 0},
        {"17", 17},
        {"17B", 17},
        {"4K", 4096},
        {"4KB", 4096},
        {"4KiB", 4096},
        {"64M", 64 << 20},
        {"1GiB", 1 << 30},
        {"2T", UINT64_C(2) << 40},
        {"1P", UINT64_C(1) << 50},
    };
    static const char *const bad[] = {"",    "K",    "1k",     "1Ki",
                                      "1KK", "1iB",  "1 K",    "1.5G",
                                      "-1K", "1E",   "16384P", "18446744073709551615K",
                                      "1BB", "1KiBB"};
    uint64_t value = 5;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(text_parse_size(bad[i], &value), -1);
    assert_int_equal(value, 5);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(text_parse_size(rows[i].text, &value), 0);
        assert_true(value == rows[i].bytes);
    }
}

static void text_parses_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {{"0", 0},     {"90", 90},       {"90s", 90},   {"2m", 120},
                {"2h", 7200}, {"14d", 1209600}, {"1w", 604800}};
    static const char *const bad[] = {"",
                                      "s",
                                      "1y",
                                      "1 h",
                                      "1H",
                                      "1h30m",
                                      "-1s",
                                      "1.5h",
                                      "106752d",
                                      "9223372037s",
                                      "18446744073709551615ms"};
    int64_t ns = 5;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(text_parse_duration(bad[i], &ns), -1);
    assert_int_equal(ns, 5);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(text_parse_duration(rows[i].text, &ns), 0);
        assert_true(ns == rows[i].seconds * INT64_C(1000000000));
    }
    assert_int_equal(text_parse_duration("250ms", &ns), 0);
    assert_int_equal(ns, 250000000);
}

static void text_decodes_every_character(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        uint32_t found = UINT32_MAX;
        uint8_t bytes[4];
        size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

        for (size_t i = size; i-- > 1;)
            bytes[i] = (uint8_t)(0x80 | (code >> (6 * (size - 1 - i)) & 0x3f));
        bytes[0] = (uint8_t)(leads[size] | code >> (6 * (size - 1)));
        bool surrogate = code >= 0xd800 && code < 0xe000;
        if (text_decode_utf8(bytes, size, &found) != (surrogate ? 0 : size) ||
            (!surrogate && found != code) ||
            (size > 1 && text_decode_utf8(bytes, size - 1, &found) != 0))
            fail_msg("U+%04X", (unsigned)code);
    }
}

static void text_clean_utf8(void **state)
{
    (void)state;
    assert_true(text_is_clean_utf8("", 0));
    assert_true(text_is_clean_utf8("na\xc3\xafve", 6));
    assert_false(text_is_clean_utf8("a\nb", 3));
    assert_false(text_is_clean_utf8("a\0b", 3));
    assert_false(text_is_clean_utf8("\xc2\x85", 2));
    assert_false(text_is_clean_utf8("\xc3", 1));
    assert_false(text_is_clean_utf8("\x80", 1));
    assert_false(text_is_clean_utf8("\xe0\x80\x80", 3));
    assert_false(text_is_clean_utf8("\xf8\x88\x80\x80\x80", 5));
}

static void text_distances(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},
        {"keep", "keep", 0},
        {"keep", "kep", 1},
        {"kep", "keep", 1},
        {"keep", "keap", 1},
        {"", "abc", 3},
        {"abc", "", 3},
        {"abc", "cba", 2},
        {"zone", "Zone", 1},
        {"abcd", "bcda", 2},
        {"schedule", "x", 8},
        {"a23456789012345678901234567890123", "a23456789012345678901234567890123", 32},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_distance(rows[i].a, rows[i].b) != rows[i].distance)
            fail_msg("'%s' and '%s': %zu", rows[i].a, rows[i].b,
                     text_distance(rows[i].a, rows[i].b));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(text_hex_both_ways),
    cmocka_unit_test(text_unhex_refuses),
    cmocka_unit_test(text_escape_names),
    cmocka_unit_test(text_escape_line_fits),
    cmocka_unit_test(text_sizes),
    cmocka_unit_test(text_durations),
    cmocka_unit_test(text_parses_numbers),
    cmocka_unit_test(text_parses_sizes),
    cmocka_unit_test(text_parses_durations),
    cmocka_unit_test(text_decodes_every_character),
    cmocka_unit_test(text_clean_utf8),
    cmocka_unit_test(text_distances),
};
UNIT_MAIN(tests)
