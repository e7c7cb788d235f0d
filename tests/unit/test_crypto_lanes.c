/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_crypto_lanes.c - hashes side by side are those one after another: each implementation in
 * turn, against published answers and against hash_update.
 */
#include "base/text.h"
#include "crypto/hash_lanes.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT_MAX = 40, LENGTH_MAX = 300000, MANY = 150 };

/* Bytes that no lane has in common with another at the same place. */
static uint8_t pool[2 * LENGTH_MAX];
static uint64_t random_state = UINT64_C(88172645463325252);

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int fill_pool(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pool); i++)
        pool[i] = (uint8_t)random_next();
    return 0;
}

/* Runs `test` with each implementation alone, and with the choice among them. */
static void with_each(void (*test)(void))
{
    for (const char *const *name = hash_lanes_implementations(); *name; name++) {
        assert_true(hash_lanes_use(*name));
        test();
    }
    assert_true(hash_lanes_use(NULL));
    test();
}

/* FIPS 180-4 and NIST's examples: of no block, of one, of two, and the million letters. */
static const struct {
    const char *text;
    size_t repeat;
    const char *digest;
} answers[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
     "mnopqrsmnopqrstnopqrstu",
     1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};
enum { ANSWERS = sizeof(answers) / sizeof(answers[0]), LETTERS = 1000000 };

static void expect_answers(void)
{
    struct hash hashes[4 * ANSWERS];
    struct hash_lane lanes[4 * ANSWERS];
    uint8_t digest[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    char *letters = malloc(LETTERS);
    assert_non_null(letters);
    memset(letters, 'a', LETTERS);
    for (size_t i = 0; i < 4 * ANSWERS; i++) {
        const char *text = answers[i % ANSWERS].text;
        bool long_one = answers[i % ANSWERS].repeat > 1;
        hash_begin(&hashes[i]);
        lanes[i] = (struct hash_lane){&hashes[i], long_one ? letters : text,
                                      strlen(text) * answers[i % ANSWERS].repeat};
    }
    hash_update_lanes(lanes, 4 * ANSWERS);
    for (size_t i = 0; i < 4 * ANSWERS; i++) {
        hash_finish(&hashes[i], digest);
        text_hex(digest, HASH_SIZE, hex);
        assert_string_equal(hex, answers[i % ANSWERS].digest);
    }
    free(letters);
}

static void lanes_known_answers(void **state)
{
    (void)state;
    with_each(expect_answers);
}

/* Some bytes of the pool, long ones seldom; at any address. */
static const uint8_t *random_bytes(size_t *size)
{
    static const size_t limits[] = {1, 64, 130, 1000, 5000, 20000, LENGTH_MAX};
    size_t limit = limits[random_next() % (sizeof(limits) / sizeof(limits[0]))];
    *size = random_next() % (limit + 1);
    return pool + random_next() % LENGTH_MAX;
}

/* Streams that go on: several rounds, so that most start within a block. */
static void expect_streams(size_t count)
{
    struct hash together[COUNT_MAX], apart[COUNT_MAX];
    struct hash_lane lanes[COUNT_MAX];
    uint8_t got[HASH_SIZE], wanted[HASH_SIZE];
    for (size_t i = 0; i < count; i++) {
        hash_begin(&together[i]);
        hash_begin(&apart[i]);
    }
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < count; i++) {
            size_t size;
            const uint8_t *data = random_bytes(&size);
            lanes[i] = (struct hash_lane){&together[i], data, size};
            hash_update(&apart[i], data, size);
        }
        hash_update_lanes(lanes, count);
    }
    for (size_t i = 0; i < count; i++) {
        hash_finish(&together[i], got);
        hash_finish(&apart[i], wanted);
        assert_memory_equal(got, wanted, HASH_SIZE);
    }
}

static void expect_all_streams(void)
{
    for (size_t count = 0; count <= COUNT_MAX; count++)
        expect_streams(count);
}

static void lanes_like_one_by_one(void **state)
{
    (void)state;
    with_each(expect_all_streams);
}

/* Past 2^29 bytes OpenSSL's count of bits goes into its second half. */
static void expect_carry(void)
{
    struct hash together[9], apart = {{0}};
    struct hash_lane lanes[9];
    uint8_t got[HASH_SIZE], wanted[HASH_SIZE];
    hash_begin(&apart);
    for (size_t done = 0; done < ((size_t)1 << 29) - (1 << 18); done += 1 << 18)
        hash_update(&apart, pool, 1 << 18);
    for (size_t i = 0; i < 9; i++)
        together[i] = apart;
    hash_update(&apart, pool, LENGTH_MAX);
    hash_finish(&apart, wanted);
    for (size_t i = 0; i < 9; i++)
        lanes[i] = (struct hash_lane){&together[i], pool, LENGTH_MAX};
    hash_update_lanes(lanes, 9);
    for (size_t i = 0; i < 9; i++) {
        hash_finish(&together[i], got);
        assert_memory_equal(got, wanted, HASH_SIZE);
    }
}

static void lanes_count_on(void **state)
{
    (void)state;
    assert_true(hash_lanes_use(NULL));
    expect_carry();
}

static void expect_macs_of(const struct mac_key *key, size_t count, size_t fixed)
{
    static uint8_t got[MANY][HASH_SIZE];
    const void *data[MANY] = {NULL};
    size_t size[MANY] = {0};
    uint8_t wanted[HASH_SIZE];
    for (size_t i = 0; i < count; i++) {
        data[i] = random_bytes(&size[i]);
        if (fixed)
            size[i] = fixed + i;
    }
    mac_compute_many(key, count, data, size, got);
    for (size_t i = 0; i < count; i++) {
        mac_compute(key, data[i], size[i], wanted);
        assert_memory_equal(got[i], wanted, HASH_SIZE);
    }
}

static void expect_macs(void)
{
    struct mac_key key;
    mac_key_set(&key, pool, 32);
    for (size_t count = 0; count <= COUNT_MAX; count++)
        expect_macs_of(&key, count, 0);
    expect_macs_of(&key, MANY, 0);
    /* Every length around the ends of blocks, where padding takes a second one. */
    expect_macs_of(&key, MANY, 1);
}

static void macs_like_one_by_one(void **state)
{
    (void)state;
    with_each(expect_macs);
}

/* RFC 4231, test case 2, in every lane. */
static void expect_rfc_macs(void)
{
    const void *data[17];
    size_t size[17];
    uint8_t got[17][HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    struct mac_key key;
    mac_key_set(&key, "Jefe", 4);
    for (size_t i = 0; i < 17; i++) {
        data[i] = "what do ya want for nothing?";
        size[i] = 28;
    }
    mac_compute_many(&key, 17, data, size, got);
    for (size_t i = 0; i < 17; i++) {
        text_hex(got[i], HASH_SIZE, hex);
        assert_string_equal(hex,
                            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}

static void macs_known_answer(void **state)
{
    (void)state;
    with_each(expect_rfc_macs);
}

static void lanes_by_name(void **state)
{
    (void)state;
    const char *const *names = hash_lanes_implementations();
    size_t count = 0;
    while (names[count])
        count++;
    assert_true(count >= 1);
    assert_string_equal(names[count - 1], "openssl");
    assert_false(hash_lanes_use("abacus"));
    assert_true(hash_lanes_use(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_known_answers), cmocka_unit_test(lanes_like_one_by_one),
        cmocka_unit_test(lanes_count_on),      cmocka_unit_test(macs_like_one_by_one),
        cmocka_unit_test(macs_known_answer),   cmocka_unit_test(lanes_by_name),
    };
    return cmocka_run_group_tests(tests, fill_pool, NULL);
}
