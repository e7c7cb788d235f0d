/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto_signature.c - Ed25519 against published answers, and every altered bit found. */
#include "base/text.h"
#include "crypto/signature.h"
#include "unit.h"

#include <string.h>

/* RFC 8032, section 7.1, tests 1 and 2. */
static const struct {
    const char *seed, *public_key, *message, *signature;
} cases[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
     "701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
     "13d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

static void signature_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t seed[SIGNATURE_SEED_SIZE], public_key[SIGNATURE_PUBLIC_SIZE], message[1];
        uint8_t signature[SIGNATURE_SIZE];
        char text[2 * SIGNATURE_SIZE + 1];
        size_t size = strlen(cases[i].message) / 2;
        struct error e = ERROR_INIT;

        assert_int_equal(text_unhex(cases[i].seed, seed, sizeof(seed)), 0);
        assert_int_equal(text_unhex(cases[i].message, message, size), 0);
        assert_int_equal(signature_public(seed, public_key, &e), 0);
        text_hex(public_key, sizeof(public_key), text);
        assert_string_equal(text, cases[i].public_key);
        assert_int_equal(signature_make(seed, message, size, signature, &e), 0);
        text_hex(signature, sizeof(signature), text);
        assert_string_equal(text, cases[i].signature);
        assert_int_equal(signature_check(public_key, message, size, signature, &e), 0);
    }
}

static void assert_refused(const uint8_t *public_key, const void *message, size_t size,
                           const uint8_t *signature)
{
    struct error e = ERROR_INIT;

    assert_int_equal(signature_check(public_key, message, size, signature, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    assert_int_equal(e.code, ERROR_INTEGRITY);
}

static void signature_finds_each_bit(void **state)
{
    uint8_t seed[SIGNATURE_SEED_SIZE] = {1, 2, 3}, public_key[SIGNATURE_PUBLIC_SIZE];
    uint8_t signature[SIGNATURE_SIZE], message[16] = "a seal of a mast";
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(signature_public(seed, public_key, &e), 0);
    assert_int_equal(signature_make(seed, message, sizeof(message), signature, &e), 0);
    for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refused(public_key, message, sizeof(message), signature);
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refused(public_key, message, sizeof(message), signature);
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_refused(public_key, message, sizeof(message) - 1, signature);
    assert_int_equal(signature_check(public_key, message, sizeof(message), signature, &e), 0);
}

static void signature_refuses_another_key(void **state)
{
    uint8_t seed[SIGNATURE_SEED_SIZE] = {1}, other[SIGNATURE_SEED_SIZE] = {2};
    uint8_t other_key[SIGNATURE_PUBLIC_SIZE], signature[SIGNATURE_SIZE];
    uint8_t no_point[SIGNATURE_PUBLIC_SIZE];
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(signature_public(other, other_key, &e), 0);
    assert_int_equal(signature_make(seed, "m", 1, signature, &e), 0);
    assert_refused(other_key, "m", 1, signature);
    memset(no_point, 0xff, sizeof(no_point));
    assert_refused(no_point, "m", 1, signature);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(signature_known_answers),
    cmocka_unit_test(signature_finds_each_bit),
    cmocka_unit_test(signature_refuses_another_key),
};
UNIT_MAIN(tests)
