/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto_aead.c - AES-256-GCM against published answers, and every altered bit found. */
#include "base/text.h"
#include "crypto/aead.h"
#include "unit.h"

#include <string.h>

static const char key_text[] =
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
static const char nonce_text[] = "cafebabefacedbaddecaf888";
static const char aad_text[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
static const char plain_text[] =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
static const char sealed_text[] =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    "76fc6ece0f4e1768cddf8853bb2d551b";

enum { PLAIN_SIZE = 60, AAD_SIZE = 20, SEALED_SIZE = PLAIN_SIZE + AEAD_TAG_SIZE };

/* Case 16 of the GCM specification. */
struct vector {
    uint8_t nonce[AEAD_NONCE_SIZE], aad[AAD_SIZE], plain[PLAIN_SIZE], sealed[SEALED_SIZE];
    struct aead *a;
};

static int vector_make(void **state)
{
    static struct vector v;
    uint8_t key[AEAD_KEY_SIZE];
    struct error e = ERROR_INIT;

    assert_int_equal(text_unhex(key_text, key, sizeof(key)), 0);
    assert_int_equal(text_unhex(nonce_text, v.nonce, sizeof(v.nonce)), 0);
    assert_int_equal(text_unhex(aad_text, v.aad, sizeof(v.aad)), 0);
    assert_int_equal(text_unhex(plain_text, v.plain, sizeof(v.plain)), 0);
    assert_int_equal(text_unhex(sealed_text, v.sealed, sizeof(v.sealed)), 0);
    v.a = aead_new(key, &e);
    assert_non_null(v.a);
    *state = &v;
    return 0;
}

static int vector_free(void **state)
{
    struct vector *v = *state;

    aead_free(v->a);
    return 0;
}

static void aead_known_answer(void **state)
{
    struct vector *v = *state;
    uint8_t sealed[SEALED_SIZE], plain[PLAIN_SIZE];
    struct error e = ERROR_INIT;

    assert_int_equal(
        aead_encrypt(v->a, v->nonce, v->aad, AAD_SIZE, v->plain, PLAIN_SIZE, sealed, &e), 0);
    assert_memory_equal(sealed, v->sealed, SEALED_SIZE);
    assert_int_equal(
        aead_decrypt(v->a, v->nonce, v->aad, AAD_SIZE, sealed, SEALED_SIZE, plain, &e), 0);
    assert_memory_equal(plain, v->plain, PLAIN_SIZE);
}

/* Case 13 of the GCM specification: nothing at all has a tag, too. */
static void aead_empty(void **state)
{
    uint8_t key[AEAD_KEY_SIZE] = {0}, nonce[AEAD_NONCE_SIZE] = {0}, sealed[AEAD_TAG_SIZE];
    uint8_t none[1], expected[AEAD_TAG_SIZE];
    struct error e = ERROR_INIT;
    struct aead *a = aead_new(key, &e);

    (void)state;
    assert_non_null(a);
    assert_int_equal(text_unhex("530f8afbc74536b9a963b4f1c4cb738b", expected, AEAD_TAG_SIZE),
                     0);
    assert_int_equal(aead_encrypt(a, nonce, NULL, 0, NULL, 0, sealed, &e), 0);
    assert_memory_equal(sealed, expected, AEAD_TAG_SIZE);
    assert_int_equal(aead_decrypt(a, nonce, NULL, 0, sealed, AEAD_TAG_SIZE, none, &e), 0);
    aead_free(a);
}

static void assert_altered(struct vector *v, const uint8_t *nonce, const uint8_t *aad,
                           size_t aad_size, const uint8_t *sealed, size_t size)
{
    static const uint8_t zeroes[PLAIN_SIZE];
    uint8_t plain[PLAIN_SIZE] = {0};
    struct error e = ERROR_INIT;

    assert_int_equal(aead_decrypt(v->a, nonce, aad, aad_size, sealed, size, plain, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    /* Nothing that is not authentic reaches the caller. */
    assert_memory_equal(plain, zeroes, PLAIN_SIZE);
}

static void aead_finds_each_bit(void **state)
{
    struct vector *v = *state;
    uint8_t sealed[SEALED_SIZE], aad[AAD_SIZE], nonce[AEAD_NONCE_SIZE];

    for (size_t bit = 0; bit < 8 * SEALED_SIZE; bit++) {
        memcpy(sealed, v->sealed, SEALED_SIZE);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_altered(v, v->nonce, v->aad, AAD_SIZE, sealed, SEALED_SIZE);
    }
    for (size_t bit = 0; bit < 8 * AAD_SIZE; bit++) {
        memcpy(aad, v->aad, AAD_SIZE);
        aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_altered(v, v->nonce, aad, AAD_SIZE, v->sealed, SEALED_SIZE);
    }
    for (size_t bit = 0; bit < 8 * AEAD_NONCE_SIZE; bit++) {
        memcpy(nonce, v->nonce, AEAD_NONCE_SIZE);
        nonce[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_altered(v, nonce, v->aad, AAD_SIZE, v->sealed, SEALED_SIZE);
    }
}

static void aead_finds_each_length(void **state)
{
    struct vector *v = *state;

    for (size_t size = 0; size < SEALED_SIZE; size++)
        assert_altered(v, v->nonce, v->aad, AAD_SIZE, v->sealed, size);
    for (size_t size = 0; size < AAD_SIZE; size++)
        assert_altered(v, v->nonce, v->aad, size, v->sealed, SEALED_SIZE);
    /* And a failure leaves a context that works. */
    aead_known_answer(state);
}

static void aead_in_place_many_nonces(void **state)
{
    struct vector *v = *state;
    static uint8_t kept[5000], data[5000 + AEAD_TAG_SIZE], last[AEAD_TAG_SIZE];
    struct error e = ERROR_INIT;

    for (size_t i = 0; i < sizeof(kept); i++)
        kept[i] = (uint8_t)(i * 31);
    for (uint64_t n = 0; n < 100; n++) {
        uint8_t nonce[AEAD_NONCE_SIZE];
        size_t size = sizeof(kept) - n;
        aead_counter_nonce(n, nonce);
        memcpy(data, kept, size);
        assert_int_equal(aead_encrypt(v->a, nonce, NULL, 0, data, size, data, &e), 0);
        assert_memory_not_equal(data, kept, size);
        assert_memory_not_equal(data + size, last, AEAD_TAG_SIZE);
        memcpy(last, data + size, AEAD_TAG_SIZE);
        assert_int_equal(
            aead_decrypt(v->a, nonce, NULL, 0, data, size + AEAD_TAG_SIZE, data, &e), 0);
        assert_memory_equal(data, kept, size);
    }
}

static void aead_counts_little_endian(void **state)
{
    static const uint8_t counted[AEAD_NONCE_SIZE] = {8, 7, 6, 5, 4, 3, 2, 1};
    static const uint8_t contents[AEAD_NONCE_SIZE] = {0xff, 0xff, 0xff, 0xff,
                                                      0xff, 0xff, 0xff, 0xff};
    uint8_t nonce[AEAD_NONCE_SIZE];

    (void)state;
    memset(nonce, 0xaa, sizeof(nonce));
    aead_counter_nonce(UINT64_C(0x0102030405060708), nonce);
    assert_memory_equal(nonce, counted, AEAD_NONCE_SIZE);
    aead_counter_nonce(UINT64_MAX, nonce);
    assert_memory_equal(nonce, contents, AEAD_NONCE_SIZE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(aead_known_answer, vector_make, vector_free),
    cmocka_unit_test(aead_empty),
    cmocka_unit_test_setup_teardown(aead_finds_each_bit, vector_make, vector_free),
    cmocka_unit_test_setup_teardown(aead_finds_each_length, vector_make, vector_free),
    cmocka_unit_test_setup_teardown(aead_in_place_many_nonces, vector_make, vector_free),
    cmocka_unit_test(aead_counts_little_endian),
};
UNIT_MAIN(tests)
