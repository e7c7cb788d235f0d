/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_chunker_scan.c - aes32 cuts where doc/format.md 7.1 says, at each position of each
 * width of vector.
 *
 * The oracle here has OpenSSL's AES for c and the plain arithmetic of FIPS 197 for AESENC.
 */
#include "base/buffer.h"
#include "crypto/hash.h"
#include "unit.h"
#include "vault/chunker.h"
#include "vault/chunker_scan.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOG2 = CHUNKER_LOG2_MIN,
    AVERAGE = 1 << LOG2,
    SMALLEST = AVERAGE / 4,
    LARGEST = AVERAGE * 4,
    CONTENT_SIZE = 2 << 20
};

static const uint8_t key[CHUNKER_KEY_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
                                              8, 9, 10, 11, 12, 13, 14, 15};

static uint8_t *content;

static int content_make(void **state)
{
    static const char seed[] = "content of chunks";
    struct hash h;
    uint8_t number[8];

    (void)state;
    content = malloc(CONTENT_SIZE);
    if (!content)
        return -1;
    for (uint64_t i = 0; i < CONTENT_SIZE / HASH_SIZE; i++) {
        store_u64(number, i);
        hash_begin(&h);
        hash_update(&h, seed, sizeof(seed) - 1);
        hash_update(&h, number, sizeof(number));
        hash_finish(&h, content + i * HASH_SIZE);
    }
    return 0;
}

static int content_free(void **state)
{
    (void)state;
    free(content);
    return 0;
}

/* The product in GF(2^8) of FIPS 197, 4.2. */
static uint8_t times(uint8_t a, uint8_t b)
{
    uint8_t product = 0;
    for (; b; b >>= 1) {
        if (b & 1)
            product ^= a;
        a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
    }
    return product;
}

/* FIPS 197, 5.1.1: the inverse, each bit then mixed with four others. */
static uint8_t substitute(uint8_t a)
{
    uint8_t inverse = 1, result = 0;
    for (int i = 0; i < 254; i++)
        inverse = times(inverse, a);
    for (unsigned bit = 0; bit < 8; bit++) {
        unsigned sum = inverse >> bit ^ inverse >> (bit + 4) % 8 ^ inverse >> (bit + 5) % 8 ^
                       inverse >> (bit + 6) % 8 ^ inverse >> (bit + 7) % 8 ^ 0x63 >> bit;
        result |= (uint8_t)((sum & 1) << bit);
    }
    return result;
}

/* One full round without a key. */
static void oracle_round(const uint8_t in[16], uint8_t out[16])
{
    static uint8_t box[256];
    if (!box[0]) {
        for (unsigned i = 0; i < 256; i++)
            box[i] = substitute((uint8_t)i);
    }
    for (unsigned column = 0; column < 4; column++) {
        uint8_t s[4];
        for (unsigned row = 0; row < 4; row++)
            s[row] = box[in[4 * ((column + row) % 4) + row]];
        for (unsigned row = 0; row < 4; row++)
            out[4 * column + row] = times(s[row], 2) ^ times(s[(row + 1) % 4], 3) ^
                                    s[(row + 2) % 4] ^ s[(row + 3) % 4];
    }
}

/* v of the position `data`, in front of which there are 32 bytes. */
static uint64_t oracle_value(EVP_CIPHER_CTX *cipher, const uint8_t *data)
{
    uint8_t fold[16], c[16];
    int done = 0;
    oracle_round(data - 16, fold);
    for (unsigned i = 0; i < 16; i++)
        fold[i] ^= data[(int)i - 32];
    assert_int_equal(EVP_EncryptUpdate(cipher, c, &done, fold, sizeof(fold)), 1);
    assert_int_equal(done, 16);
    return load_u64(c);
}

static EVP_CIPHER_CTX *oracle_new(void)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert_non_null(cipher);
    assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), NULL, key, NULL), 1);
    return cipher;
}

/* The rule, position by position. */
static size_t oracle_cut(EVP_CIPHER_CTX *cipher, const uint8_t *data, size_t size)
{
    for (size_t n = SMALLEST; n < LARGEST && n <= size; n++) {
        unsigned bits = n < AVERAGE ? LOG2 + 2 : LOG2 - 2;
        if (oracle_value(cipher, data + n) >> (64 - bits) == 0)
            return n;
    }
    return size < LARGEST ? size : LARGEST;
}

static struct chunker *chunker_of(const char *name, unsigned log2)
{
    struct error e = ERROR_INIT;
    assert_true(chunker_use(name));
    struct chunker *c = chunker_new(key, log2, &e);
    assert_non_null(c);
    assert_true(chunker_use(NULL));
    return c;
}

static void chunker_cuts_by_the_rule(void **state)
{
    EVP_CIPHER_CTX *cipher = oracle_new();
    struct chunker *c = chunker_of("portable", LOG2);
    const size_t size = CONTENT_SIZE / 8;

    (void)state;
    for (size_t at = 0; at < size;) {
        size_t cut = chunker_next(c, content + at, size - at, true);
        assert_int_equal(cut, oracle_cut(cipher, content + at, size - at));
        at += cut;
    }
    chunker_free(c);
    EVP_CIPHER_CTX_free(cipher);
}

/* Each start, length and alignment around the widths of the vector units, with a hit in one of
 * sixteen, one of 256, and hardly any. */
static void chunker_scans_agree(void **state)
{
    static const unsigned bits[] = {4, 8, 20};
    struct scan_key expanded;

    (void)state;
    scan_key_expand(&expanded, key);
    for (const struct scan_implementation *row = scan_implementations; row->name; row++) {
        if (!row->runs_here())
            continue;
        for (size_t from = 32; from < 100; from++) {
            for (size_t to = from; to < from + 140; to++) {
                const uint8_t *data = content + (from * 140 + to) * 3;
                size_t expected = scan_portable(&expanded, data, from, to, bits[to % 3]);
                assert_int_equal(row->scan(&expanded, data, from, to, bits[to % 3]), expected);
            }
        }
    }
}

/* All implementations find the position `where` of `span`, by its number of zero bits alone. */
static void assert_only_hit(const struct scan_key *expanded, const uint8_t *data, size_t span,
                            size_t where, unsigned bits)
{
    for (const struct scan_implementation *row = scan_implementations; row->name; row++) {
        if (!row->runs_here())
            continue;
        assert_int_equal(row->scan(expanded, data, 32, 32 + span, bits), 32 + where);
        assert_int_equal(row->scan(expanded, data, 32, 32 + span, bits + 1), 32 + span);
    }
}

/* Each position of a span longer than all batches as its only hit. */
static void chunker_finds_each_position(void **state)
{
    enum { SPAN = 130 };
    EVP_CIPHER_CTX *cipher = oracle_new();
    struct scan_key expanded;
    bool tried[SPAN] = {false};
    size_t missing = SPAN;

    (void)state;
    scan_key_expand(&expanded, key);
    for (const uint8_t *data = content; missing > 0; data += 7) {
        uint64_t lowest = UINT64_MAX, second = UINT64_MAX;
        size_t where = 0;
        assert_true(data + 32 + SPAN < content + CONTENT_SIZE);
        for (size_t i = 0; i < SPAN; i++) {
            uint64_t value = oracle_value(cipher, data + 32 + i);
            second = value < second ? value : second;
            if (value < lowest) {
                second = lowest;
                lowest = value;
                where = i;
            }
        }
        unsigned bits = (unsigned)__builtin_clzll(lowest);
        if (bits <= (unsigned)__builtin_clzll(second))
            continue;
        assert_only_hit(&expanded, data, SPAN, where, bits);
        missing -= !tried[where];
        tried[where] = true;
    }
    EVP_CIPHER_CTX_free(cipher);
}

/* The cuts of `data` by implementation `name`, as one number each in `cuts`. */
static size_t cuts_of(const char *name, const uint8_t *data, size_t size, size_t *cuts)
{
    struct chunker *c = chunker_of(name, LOG2);
    size_t count = 0;
    for (size_t at = 0; at < size;) {
        size_t cut = chunker_next(c, data + at, size - at, true);
        assert_true(cut > 0 && cut <= LARGEST && cut <= size - at);
        assert_true(cut >= SMALLEST || cut == size - at);
        cuts[count++] = cut;
        at += cut;
    }
    chunker_free(c);
    return count;
}

static void assert_agree(const uint8_t *data, size_t size)
{
    static size_t expected[CONTENT_SIZE / SMALLEST + 1], cuts[CONTENT_SIZE / SMALLEST + 1];
    size_t count = cuts_of("portable", data, size, expected);

    for (const char *const *name = chunker_implementations(); *name; name++) {
        if (strcmp(*name, "portable") == 0)
            continue;
        assert_int_equal(cuts_of(*name, data, size, cuts), count);
        assert_memory_equal(cuts, expected, count * sizeof(cuts[0]));
    }
}

static void chunker_agrees_on_odd_alignments(void **state)
{
    (void)state;
    for (size_t offset = 1; offset < 64; offset += 9)
        assert_agree(content + offset, CONTENT_SIZE / 4 + offset * 13);
}

/* Periods around the width of the window and of its halves, and that of a page. */
static void chunker_agrees_on_periods(void **state)
{
    static const size_t periods[] = {2, 3, 15, 16, 17, 31, 32, 33, 64, 512, 4096, 65536};
    const size_t size = CONTENT_SIZE / 4 + 99;
    uint8_t *data = malloc(size);

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
        for (size_t at = 0; at < size; at++)
            data[at] = content[at % periods[i]];
        assert_agree(data, size);
    }
    free(data);
}

/* The answer to `size` bytes of content whose first cut is at `cut`. */
static void assert_next(struct chunker *c, const uint8_t *data, size_t size, size_t cut)
{
    size_t more = size >= cut ? cut : 0;
    size_t last = size >= cut ? cut : size;

    assert_int_equal(chunker_next(c, data, size, false), more);
    chunker_reset(c);
    assert_int_equal(chunker_next(c, data, size, true), last);
}

/* All sizes around the three bounds and around the cut itself. */
static void chunker_sizes_around_bounds(void **state)
{
    static const size_t bounds[] = {70, SMALLEST, AVERAGE, LARGEST};
    enum { AROUND = 36 };
    uint8_t *zeroes = calloc(1, LARGEST + AROUND);

    (void)state;
    assert_non_null(zeroes);
    for (const char *const *name = chunker_implementations(); *name; name++) {
        struct chunker *c = chunker_of(*name, LOG2);
        size_t cut = chunker_next(c, content, CONTENT_SIZE, true);
        bool slow = strcmp(*name, "portable") == 0;
        assert_true(cut > AVERAGE && cut < LARGEST);
        for (size_t i = 0; i < 4; i++) {
            for (size_t size = bounds[i] - AROUND; size <= bounds[i] + AROUND;
                 size += slow ? 18 : 1)
                assert_next(c, zeroes, size, LARGEST);
        }
        for (size_t size = cut - AROUND; size <= cut + AROUND; size += slow ? 18 : 1)
            assert_next(c, content, size, cut);
        chunker_free(c);
    }
    free(zeroes);
}

/* What was looked at is not looked at again: a cut put there later is not seen, until reset. */
static void chunker_resumes_and_resets(void **state)
{
    struct chunker *c = chunker_of(NULL, LOG2);
    size_t cut = chunker_next(c, content, CONTENT_SIZE, true);
    uint8_t *data = calloc(1, LARGEST);

    (void)state;
    assert_non_null(data);
    assert_true(cut < LARGEST / 2);
    assert_int_equal(chunker_next(c, data, LARGEST / 2, false), 0);
    memcpy(data + cut - 32, content + cut - 32, 32);
    assert_int_equal(chunker_next(c, data, LARGEST - 1, false), 0);
    chunker_reset(c);
    assert_int_equal(chunker_next(c, data, LARGEST - 1, false), cut);
    /* A cut returned starts the next chunk by itself. */
    assert_int_equal(chunker_next(c, data, LARGEST - 1, false), cut);
    free(data);
    chunker_free(c);
}

/* Another key cuts elsewhere. */
static void chunker_depends_on_the_key(void **state)
{
    struct error e = ERROR_INIT;
    size_t first[CHUNKER_KEY_SIZE + 1];

    (void)state;
    for (unsigned i = 0; i <= CHUNKER_KEY_SIZE; i++) {
        uint8_t other[CHUNKER_KEY_SIZE];
        memcpy(other, key, sizeof(other));
        if (i < CHUNKER_KEY_SIZE)
            other[i] ^= 1;
        struct chunker *c = chunker_new(other, LOG2, &e);
        assert_non_null(c);
        first[i] = chunker_next(c, content, CONTENT_SIZE, true);
        for (unsigned before = 0; before < i; before++)
            assert_int_not_equal(first[i], first[before]);
        chunker_free(c);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(chunker_cuts_by_the_rule),
    cmocka_unit_test(chunker_scans_agree),
    cmocka_unit_test(chunker_finds_each_position),
    cmocka_unit_test(chunker_agrees_on_odd_alignments),
    cmocka_unit_test(chunker_agrees_on_periods),
    cmocka_unit_test(chunker_sizes_around_bounds),
    cmocka_unit_test(chunker_resumes_and_resets),
    cmocka_unit_test(chunker_depends_on_the_key),
};

int main(void)
{
    return cmocka_run_group_tests(tests, content_make, content_free);
}
