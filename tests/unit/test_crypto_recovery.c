/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto_recovery.c - recovery keys survive printing and typing; errors name the group. */
#include "crypto/recovery.h"
#include "crypto/secret.h"
#include "unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void key_fill(uint8_t key[RECOVERY_KEY_SIZE], uint8_t step)
{
    for (size_t i = 0; i < RECOVERY_KEY_SIZE; i++)
        key[i] = (uint8_t)(i * step + step);
}

/* Worked out by hand from the rule in the header: 00 44 32 14 c7 42 54 b6 35 cf 84 65 3a 56
 * d7 c6 75 be 77 df are the values 0..31, the rest is zero. */
static void recovery_known_answer(void **state)
{
    static const uint8_t key[RECOVERY_KEY_SIZE] = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54,
                                                   0xb6, 0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56,
                                                   0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf};
    char text[RECOVERY_TEXT_SIZE];

    (void)state;
    recovery_format(key, text);
    /* Group 0: 3*0 + 5*1 + 7*2 + 9*3 + 0 = 46 = 14 modulo 32 = E; the next ones add 96 + 1. */
    assert_string_equal(text, "0123E-4567F-89ABG-CDEFH-GHJKJ-MNPQK-RSTVM-WXYZN-"
                              "00008-00009-0000A-0000B-0000C");
}

static void recovery_round_trip(void **state)
{
    uint8_t key[RECOVERY_KEY_SIZE], parsed[RECOVERY_KEY_SIZE];
    char text[RECOVERY_TEXT_SIZE];
    struct error e = ERROR_INIT;

    (void)state;
    for (int i = 0; i < 200; i++) {
        crypto_random(key, sizeof(key));
        recovery_format(key, text);
        assert_int_equal(strlen(text), RECOVERY_TEXT_SIZE - 1);
        assert_int_equal(recovery_parse(text, parsed, &e), 0);
        assert_memory_equal(parsed, key, sizeof(key));
    }
}

/* Lower case, other separators, and the letters that look like digits. */
static void recovery_tolerates(void **state)
{
    uint8_t key[RECOVERY_KEY_SIZE], parsed[RECOVERY_KEY_SIZE];
    char text[RECOVERY_TEXT_SIZE], typed[3 * RECOVERY_TEXT_SIZE];
    struct error e = ERROR_INIT;

    (void)state;
    for (int turn = 0; turn < 50; turn++) {
        size_t size = 0;
        crypto_random(key, sizeof(key));
        recovery_format(key, text);
        typed[size++] = ' ';
        for (size_t i = 0; text[i]; i++) {
            char c = (char)tolower((unsigned char)text[i]);
            c = c == '0' ? 'o' : c == '1' ? (i % 2 ? 'l' : 'I') : c;
            typed[size++] = c == '-' ? ' ' : c;
            if (i % 7 == 0)
                typed[size++] = '-';
        }
        typed[size++] = '\n';
        typed[size] = 0;
        assert_int_equal(recovery_parse(typed, parsed, &e), 0);
        assert_memory_equal(parsed, key, sizeof(key));
    }
}

static void assert_names_group(const char *text, unsigned group)
{
    uint8_t parsed[RECOVERY_KEY_SIZE], untouched[RECOVERY_KEY_SIZE];
    struct error e = ERROR_INIT;
    char expected[32];

    memset(parsed, 0x5a, sizeof(parsed));
    memset(untouched, 0x5a, sizeof(untouched));
    snprintf(expected, sizeof(expected), "group %u ", group);
    assert_int_equal(recovery_parse(text, parsed, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    assert_int_equal(e.code, ERROR_WRONG_KEY);
    assert_non_null(strstr(e.text, expected));
    assert_memory_equal(parsed, untouched, sizeof(parsed));
}

/* Each character replaced by each other one, and by one that no key has. */
static void recovery_names_the_group(void **state)
{
    uint8_t key[RECOVERY_KEY_SIZE];
    char text[RECOVERY_TEXT_SIZE];

    (void)state;
    key_fill(key, 37);
    recovery_format(key, text);
    for (size_t i = 0; text[i]; i++) {
        char right = text[i];
        if (right == '-')
            continue;
        for (const char *wrong = alphabet; *wrong; wrong++) {
            text[i] = *wrong;
            if (*wrong != right)
                assert_names_group(text, (unsigned)i / 6 + 1);
        }
        text[i] = 'U';
        assert_names_group(text, (unsigned)i / 6 + 1);
        text[i] = right;
    }
}

static void recovery_names_swapped_groups(void **state)
{
    uint8_t key[RECOVERY_KEY_SIZE];
    char text[RECOVERY_TEXT_SIZE], swapped[RECOVERY_TEXT_SIZE];

    (void)state;
    key_fill(key, 59);
    recovery_format(key, text);
    for (unsigned group = 0; group + 1 < 13; group++) {
        memcpy(swapped, text, sizeof(text));
        memcpy(swapped + group * 6, text + (group + 1) * 6, 5);
        memcpy(swapped + (group + 1) * 6, text + group * 6, 5);
        assert_names_group(swapped, group + 1);
    }
}

static void recovery_refuses_other_lengths(void **state)
{
    static const char *const wrong[] = {"", "-", "0", "0123E-4567F"};
    uint8_t key[RECOVERY_KEY_SIZE], parsed[RECOVERY_KEY_SIZE];
    char text[RECOVERY_TEXT_SIZE], longer[2 * RECOVERY_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error e = ERROR_INIT;
        assert_int_equal(recovery_parse(wrong[i], parsed, &e), -1);
        assert_int_equal(e.code, ERROR_WRONG_KEY);
    }
    key_fill(key, 11);
    recovery_format(key, text);
    struct error e = ERROR_INIT;
    snprintf(longer, sizeof(longer), "%s-%s", text, text);
    assert_int_equal(recovery_parse(longer, parsed, &e), -1);
    text[RECOVERY_TEXT_SIZE - 2] = 0;
    assert_int_equal(recovery_parse(text, parsed, &e), -1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(recovery_known_answer),
    cmocka_unit_test(recovery_round_trip),
    cmocka_unit_test(recovery_tolerates),
    cmocka_unit_test(recovery_names_the_group),
    cmocka_unit_test(recovery_names_swapped_groups),
    cmocka_unit_test(recovery_refuses_other_lengths),
};
UNIT_MAIN(tests)
