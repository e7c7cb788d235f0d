/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto_derive.c - HKDF and scrypt against published answers, and scrypt's bounds. */
#include "base/clock.h"
#include "base/text.h"
#include "crypto/derive.h"
#include "unit.h"

#include <string.h>

static void assert_hex(const uint8_t *data, size_t size, const char *expected)
{
    char text[2 * 128 + 1];

    assert_true(size <= 128);
    text_hex(data, size, text);
    assert_string_equal(text, expected);
}

static void fill_counting(uint8_t *data, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(first + i);
}

/* RFC 5869, A.1 to A.3. */
static void derive_key_known_answers(void **state)
{
    uint8_t secret[80], salt[80], info[80], out[82];
    struct error e = ERROR_INIT;

    (void)state;
    memset(secret, 0x0b, 22);
    fill_counting(salt, 13, 0x00);
    fill_counting(info, 10, 0xf0);
    assert_int_equal(derive_key(secret, 22, salt, 13, info, 10, out, 42, &e), 0);
    assert_hex(out, 42,
               "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
               "34007208d5b887185865");
    assert_int_equal(derive_key(secret, 22, NULL, 0, NULL, 0, out, 42, &e), 0);
    assert_hex(out, 42,
               "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
               "9d201395faa4b61a96c8");
    fill_counting(secret, 80, 0x00);
    fill_counting(salt, 80, 0x60);
    fill_counting(info, 80, 0xb0);
    assert_int_equal(derive_key(secret, 80, salt, 80, info, 80, out, 82, &e), 0);
    assert_hex(out, 82,
               "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
               "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
               "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

static void derive_key_too_long(void **state)
{
    static uint8_t out[8161];
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(derive_key("k", 1, "s", 1, "i", 1, out, 8160, &e), 0);
    assert_int_equal(derive_key("k", 1, "s", 1, "i", 1, out, 8161, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
}

/* RFC 7914, section 12: the first 32 of its 64 bytes. */
static void derive_scrypt_known_answers(void **state)
{
    uint8_t out[32];
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(derive_scrypt("password", 8, "NaCl", 4, 10, 8, 16, out, &e), 0);
    assert_hex(out, 32, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
    assert_int_equal(
        derive_scrypt("pleaseletmein", 13, "SodiumChloride", 14, 14, 8, 1, out, &e), 0);
    assert_hex(out, 32, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

/* The parameters of the vault's slots: 128 MiB, which OpenSSL's own default limit forbids. */
static void derive_scrypt_runs_with_128_mib(void **state)
{
    uint8_t out[32];
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(derive_scrypt("a", 1, "b", 1, 17, 8, 1, out, &e), 0);
}

static const struct {
    uint32_t log2_n, r, p;
} refused[] = {
    {9, 8, 1},           {23, 1, 1}, {0, 8, 1},   {UINT32_MAX, 8, 1},  {17, 0, 1}, {10, 33, 1},
    {17, UINT32_MAX, 1}, {17, 8, 0}, {17, 8, 17}, {17, 8, UINT32_MAX}, {22, 3, 1}, /* 1.5 GiB */
    {19, 32, 1},                                                                   /* 2 GiB */
};

/* A slot is read before anything of it is authentic: bad parameters cost no memory, no time. */
static void derive_scrypt_refuses_before_work(void **state)
{
    uint8_t out[32], untouched[32];
    int64_t start = clock_boot_ns();

    (void)state;
    memset(out, 0x5a, sizeof(out));
    memset(untouched, 0x5a, sizeof(untouched));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct error e = ERROR_INIT;
        assert_int_equal(derive_scrypt("a", 1, "b", 1, refused[i].log2_n, refused[i].r,
                                       refused[i].p, out, &e),
                         -1);
        assert_int_equal(e.error_class, LAGAN_INVALID);
    }
    assert_memory_equal(out, untouched, sizeof(out));
    assert_true(clock_boot_ns() - start < 100 * 1000 * 1000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(derive_key_known_answers),
    cmocka_unit_test(derive_key_too_long),
    cmocka_unit_test(derive_scrypt_known_answers),
    cmocka_unit_test(derive_scrypt_runs_with_128_mib),
    cmocka_unit_test(derive_scrypt_refuses_before_work),
};
UNIT_MAIN(tests)
