/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto_hash.c - SHA-256, HMAC-SHA-256 and CRC-32C against published answers. */
#include "base/text.h"
#include "crypto/crc32c.h"
#include "crypto/hash.h"
#include "unit.h"

#include <pthread.h>
#include <string.h>

static void assert_digest(const uint8_t digest[HASH_SIZE], const char *expected)
{
    char text[2 * HASH_SIZE + 1];

    text_hex(digest, HASH_SIZE, text);
    assert_string_equal(text, expected);
}

/* FIPS 180-4, and the million letters of NIST's examples. */
static void hash_known_answers(void **state)
{
    uint8_t digest[HASH_SIZE];
    struct hash h;

    (void)state;
    hash_sha256("", 0, digest);
    assert_digest(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256("abc", 3, digest);
    assert_digest(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_begin(&h);
    for (int i = 0; i < 100000; i++)
        hash_update(&h, "aaaaaaaaaa", 10);
    hash_finish(&h, digest);
    assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hash_parts_equal_whole(void **state)
{
    uint8_t data[300], whole[HASH_SIZE], parts[HASH_SIZE];
    struct hash h;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    hash_sha256(data, sizeof(data), whole);
    for (size_t cut = 0; cut <= sizeof(data); cut++) {
        hash_begin(&h);
        hash_update(&h, data, cut);
        hash_update(&h, data + cut, sizeof(data) - cut);
        hash_finish(&h, parts);
        assert_memory_equal(parts, whole, HASH_SIZE);
    }
}

struct mac_case {
    uint8_t key_byte;
    size_t key_size;
    const char *data;
    const char *expected;
};

/* RFC 4231, cases 1, 6 and 7: keys of 20 bytes, and longer than a block. */
static const struct mac_case mac_cases[] = {
    {0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {0xaa, 131,
     "This is a test using a larger than block-size key and a larger than block-size data. "
     "The key needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static void mac_known_answers(void **state)
{
    uint8_t out[HASH_SIZE], key_bytes[131], data[50];
    struct mac_key key;

    (void)state;
    for (size_t i = 0; i < sizeof(mac_cases) / sizeof(mac_cases[0]); i++) {
        const struct mac_case *c = &mac_cases[i];
        memset(key_bytes, c->key_byte, c->key_size);
        mac_key_set(&key, key_bytes, c->key_size);
        mac_compute(&key, c->data, strlen(c->data), out);
        assert_digest(out, c->expected);
    }
    /* Case 2: a key shorter than the digest. */
    mac_key_set(&key, "Jefe", 4);
    mac_compute(&key, "what do ya want for nothing?", 28, out);
    assert_digest(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    /* Case 3: 50 bytes of 0xdd. */
    memset(key_bytes, 0xaa, 20);
    memset(data, 0xdd, sizeof(data));
    mac_key_set(&key, key_bytes, 20);
    mac_compute(&key, data, sizeof(data), out);
    assert_digest(out, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

enum { THREADS = 4, ROUNDS = 2000 };

struct mac_job {
    const struct mac_key *key;
    uint8_t first;
    int wrong;
};

static void *mac_repeat(void *argument)
{
    struct mac_job *job = argument;
    uint8_t data[200], expected[HASH_SIZE], out[HASH_SIZE];

    memset(data, job->first, sizeof(data));
    mac_compute(job->key, data, sizeof(data), expected);
    for (int i = 0; i < ROUNDS; i++) {
        mac_compute(job->key, data, sizeof(data), out);
        job->wrong += memcmp(out, expected, HASH_SIZE) != 0;
    }
    return NULL;
}

/* One prepared key on many threads: no call may leave a trace in it. */
static void mac_key_is_shared(void **state)
{
    struct mac_key key, before;
    struct mac_job jobs[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    mac_key_set(&key, "a key of many threads", 21);
    before = key;
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct mac_job){.key = &key, .first = (uint8_t)i};
        assert_int_equal(pthread_create(&threads[i], NULL, mac_repeat, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].wrong, 0);
    }
    assert_memory_equal(&key, &before, sizeof(key));
}

/* RFC 3720, appendix B.4, and the check value of the catalogue of CRCs. */
static void crc32c_known_answers(void **state)
{
    uint8_t data[32];

    (void)state;
    assert_int_equal(crc32c("", 0), 0);
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    memset(data, 0, sizeof(data));
    assert_int_equal(crc32c(data, sizeof(data)), 0x8a9136aa);
    memset(data, 0xff, sizeof(data));
    assert_int_equal(crc32c(data, sizeof(data)), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        data[i] = i;
    assert_int_equal(crc32c(data, sizeof(data)), 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++)
        data[i] = (uint8_t)(31 - i);
    assert_int_equal(crc32c(data, sizeof(data)), 0x113fdb5c);
}

/* The definition, bit by bit. */
static uint32_t crc32c_by_definition(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        unsigned out = (crc ^ data[bit / 8] >> bit % 8) & 1;
        crc = crc >> 1 ^ (out ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

/* Eight bytes at a time or one: all lengths from all alignments. */
static void crc32c_at_all_sizes(void **state)
{
    uint8_t data[8 + 80];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 73 + 41);
    for (size_t start = 0; start < 8; start++) {
        for (size_t size = 0; size <= 80; size++)
            assert_int_equal(crc32c(data + start, size),
                             crc32c_by_definition(data + start, size));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hash_known_answers),   cmocka_unit_test(hash_parts_equal_whole),
    cmocka_unit_test(mac_known_answers),    cmocka_unit_test(mac_key_is_shared),
    cmocka_unit_test(crc32c_known_answers), cmocka_unit_test(crc32c_at_all_sizes),
};
UNIT_MAIN(tests)
