/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto.c - the room against published vectors, and what must be refused. */
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/crc32c.h"
#include "crypto/derive.h"
#include "crypto/hash.h"
#include "crypto/recovery.h"
#include "crypto/secret.h"
#include "crypto/signature.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void expect_hex(const void *data, size_t size, const char *wanted)
{
    char text[257];
    assert_true(size <= 128);
    text_hex(data, size, text);
    assert_string_equal(text, wanted);
}

/* RFC 4231, cases 1, 2 and 6. */
static void hash_mac_vectors(void **state)
{
    struct mac_key key;
    uint8_t secret[131], out[HASH_SIZE];
    const char *long_key = "Test Using Larger Than Block-Size Key - Hash Key First";
    const char *jefe = "what do ya want for nothing?";
    (void)state;

    memset(secret, 0x0b, 20);
    mac_key_set(&key, secret, 20);
    mac_compute(&key, "Hi There", 8, out);
    expect_hex(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    mac_compute(&key, "Hi There", 8, out); /* a prepared key is not used up */
    expect_hex(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    mac_key_set(&key, "Jefe", 4);
    mac_compute(&key, jefe, strlen(jefe), out);
    expect_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(secret, 0xaa, sizeof(secret));
    mac_key_set(&key, secret, sizeof(secret));
    mac_compute(&key, long_key, strlen(long_key), out);
    expect_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* FIPS 180-4: "abc"; whole and in parts. */
static void hash_sha256_vectors(void **state)
{
    struct hash h;
    uint8_t out[HASH_SIZE];
    (void)state;
    hash_sha256("abc", 3, out);
    expect_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_begin(&h);
    hash_update(&h, "a", 1);
    hash_update(&h, "", 0);
    hash_update(&h, "bc", 2);
    hash_finish(&h, out);
    expect_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 5869, case 1. */
static void derive_hkdf_vector(void **state)
{
    uint8_t secret[22], salt[13], info[10], out[42];
    struct error e = ERROR_INIT;
    (void)state;
    memset(secret, 0x0b, sizeof(secret));
    for (size_t i = 0; i < sizeof(salt); i++)
        salt[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(info); i++)
        info[i] = (uint8_t)(0xf0 + i);
    assert_int_equal(derive_key(secret, 22, salt, 13, info, 10, out, sizeof(out), &e), 0);
    expect_hex(
        out, 42,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

/* RFC 7914 section 12, second vector (its first 32 bytes), and bounds. */
static void derive_scrypt_vector(void **state)
{
    static const uint32_t bad[][3] = {{9, 8, 1},  {23, 8, 1},  {17, 0, 1},  {17, 33, 1},
                                      {17, 8, 0}, {17, 8, 17}, {22, 32, 1}, {UINT32_MAX, 8, 1}};
    uint8_t out[32], before[32];
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(derive_scrypt("password", 8, "NaCl", 4, 10, 8, 16, out, &e), 0);
    expect_hex(out, 32, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
    memcpy(before, out, 32);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(
            derive_scrypt("x", 1, "y", 1, bad[i][0], bad[i][1], bad[i][2], out, &e), -1);
        assert_int_equal(e.error_class, LAGAN_INVALID);
    }
    assert_memory_equal(out, before, 32);
}

/* The GCM submission's test case 14, and every kind of alteration. */
static void aead_vector_and_alterations(void **state)
{
    uint8_t key[32] = {0}, nonce[12] = {0}, plain[16] = {0}, sealed[32], back[16];
    struct error e = ERROR_INIT;
    (void)state;
    struct aead *a = aead_new(key, &e);
    assert_non_null(a);
    assert_int_equal(aead_encrypt(a, nonce, NULL, 0, plain, 16, sealed, &e), 0);
    expect_hex(sealed, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    assert_int_equal(aead_decrypt(a, nonce, NULL, 0, sealed, 32, back, &e), 0);
    assert_memory_equal(back, plain, 16);
    for (size_t bit = 0; bit < 32 * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(aead_decrypt(a, nonce, NULL, 0, sealed, 32, back, &e), -1);
        assert_int_equal(e.code, ERROR_INTEGRITY);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(aead_decrypt(a, nonce, "x", 1, sealed, 32, back, &e), -1);
    assert_int_equal(aead_decrypt(a, nonce, NULL, 0, sealed, 31, back, &e), -1);
    assert_int_equal(aead_decrypt(a, nonce, NULL, 0, sealed, 15, back, &e), -1);
    aead_counter_nonce(1, nonce);
    expect_hex(nonce, 12, "010000000000000000000000");
    assert_int_equal(aead_decrypt(a, nonce, NULL, 0, sealed, 32, back, &e), -1);
    aead_counter_nonce(UINT64_MAX, nonce);
    expect_hex(nonce, 12, "ffffffffffffffff00000000");
    aead_free(a);
    aead_free(NULL);
}

static void aead_empty_and_in_place(void **state)
{
    uint8_t key[32] = {7}, nonce[12] = {1}, data[100 + AEAD_TAG_SIZE], copy[100];
    struct error e = ERROR_INIT;
    (void)state;
    struct aead *a = aead_new(key, &e);
    assert_int_equal(aead_encrypt(a, nonce, "aad", 3, NULL, 0, data, &e), 0);
    assert_int_equal(aead_decrypt(a, nonce, "aad", 3, data, AEAD_TAG_SIZE, copy, &e), 0);
    for (size_t i = 0; i < 100; i++)
        data[i] = copy[i] = (uint8_t)i;
    assert_int_equal(aead_encrypt(a, nonce, "aad", 3, data, 100, data, &e), 0);
    assert_int_equal(aead_decrypt(a, nonce, "aad", 3, data, 116, data, &e), 0);
    assert_memory_equal(data, copy, 100);
    aead_free(a);
}

/* RFC 8032 section 7.1, test 1. */
static void signature_vector(void **state)
{
    uint8_t seed[32], public_key[32], signature[64];
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(
        text_unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed,
                   32),
        0);
    assert_int_equal(signature_public(seed, public_key, &e), 0);
    expect_hex(public_key, 32,
               "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_int_equal(signature_make(seed, "", 0, signature, &e), 0);
    expect_hex(
        signature, 64,
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
        "701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    assert_int_equal(signature_check(public_key, "", 0, signature, &e), 0);
    assert_int_equal(signature_check(public_key, "x", 1, signature, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    signature[0] ^= 1;
    assert_int_equal(signature_check(public_key, "", 0, signature, &e), -1);
}

static void crc32c_vector(void **state)
{
    (void)state;
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(crc32c("", 0), 0);
}

static void recovery_both_ways(void **state)
{
    uint8_t key[RECOVERY_KEY_SIZE], back[RECOVERY_KEY_SIZE];
    char text[RECOVERY_TEXT_SIZE], loose[3 * RECOVERY_TEXT_SIZE];
    struct error e = ERROR_INIT;
    (void)state;
    for (int round = 0; round < 200; round++) {
        crypto_random(key, sizeof(key));
        recovery_format(key, text);
        assert_int_equal(strlen(text), 77);
        assert_int_equal(recovery_parse(text, back, &e), 0);
        assert_memory_equal(key, back, sizeof(key));
        char *next = loose;
        for (const char *c = text; *c; c++) {
            *next++ = *c == '0' ? 'o' : *c == '1' ? 'l' : (char)(*c >= 'A' ? *c + 32 : *c);
            *next++ = ' ';
        }
        *next = 0;
        assert_int_equal(recovery_parse(loose, back, &e), 0);
        assert_memory_equal(key, back, sizeof(key));
    }
}

/* Each single wrong character is noticed, in its group. */
static void recovery_typing_errors(void **state)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t key[RECOVERY_KEY_SIZE], back[RECOVERY_KEY_SIZE] = {0};
    char text[RECOVERY_TEXT_SIZE], wanted[32];
    struct error e = ERROR_INIT;
    (void)state;
    crypto_random(key, sizeof(key));
    recovery_format(key, text);
    for (size_t i = 0; text[i]; i++) {
        char right = text[i];
        for (const char *c = alphabet; right != '-' && *c; c++) {
            if (*c == right)
                continue;
            text[i] = *c;
            assert_int_equal(recovery_parse(text, back, &e), -1);
            snprintf(wanted, sizeof(wanted), "group %zu ", i / 6 + 1);
            assert_non_null(strstr(e.text, wanted));
            assert_int_equal(e.code, ERROR_WRONG_KEY);
        }
        text[i] = right;
    }
    text[76] = 0;
    assert_int_equal(recovery_parse(text, back, &e), -1);
    assert_int_equal(recovery_parse("", back, &e), -1);
    assert_int_equal(recovery_parse("U", back, &e), -1);
    for (size_t i = 0; i < sizeof(back); i++)
        assert_int_equal(back[i], 0);
}

static void secret_memory(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    uint8_t *keys = secret_allocate(100, &e);
    assert_non_null(keys);
    assert_int_equal(keys[99], 0);
    crypto_random(keys, 100);
    assert_false(secret_equal(keys, keys + 50, 50));
    assert_true(secret_equal(keys, keys, 50));
    secret_free(keys, 100);
    secret_free(NULL, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hash_mac_vectors),
    cmocka_unit_test(hash_sha256_vectors),
    cmocka_unit_test(derive_hkdf_vector),
    cmocka_unit_test(derive_scrypt_vector),
    cmocka_unit_test(aead_vector_and_alterations),
    cmocka_unit_test(aead_empty_and_in_place),
    cmocka_unit_test(signature_vector),
    cmocka_unit_test(crc32c_vector),
    cmocka_unit_test(recovery_both_ways),
    cmocka_unit_test(recovery_typing_errors),
    cmocka_unit_test(secret_memory),
};
UNIT_MAIN(tests)
