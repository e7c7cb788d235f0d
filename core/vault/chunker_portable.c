/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunker_portable.c - AES for the chunker without help of the processor, after FIPS 197, and
 * the choice of implementations.  Tables are indexed by secret-dependent values: what leaks
 * through caches is at most where chunks end, on the machine that holds the content anyway.
 */
#include "vault/chunker_scan.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif
#include <pthread.h>
#include <string.h>

#define UNROLLED _Pragma("GCC unroll 4")

static uint8_t sbox[256];
/* SubBytes and MixColumns of one byte: table[r] is that of row r. */
static uint32_t table[4][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

/* Multiplies by x in GF(2^8). */
static uint8_t twice(uint8_t value)
{
    return (uint8_t)(value << 1 ^ ((value & 0x80) ? 0x1b : 0));
}

static uint8_t rotate8(uint8_t value, unsigned by)
{
    return (uint8_t)(value << by | value >> (8 - by));
}

static uint32_t rotate32(uint32_t value, unsigned by)
{
    return by ? value << by | value >> (32 - by) : value;
}

/* Walks the powers of the generator 3 and of its inverse side by side: p * q stays 1. */
static void sbox_fill(void)
{
    uint8_t p = 1, q = 1;
    do {
        p = (uint8_t)(p ^ twice(p));
        q ^= (uint8_t)(q << 1);
        q ^= (uint8_t)(q << 2);
        q ^= (uint8_t)(q << 4);
        q ^= (q & 0x80) ? 0x09 : 0;
        sbox[p] =
            (uint8_t)(q ^ rotate8(q, 1) ^ rotate8(q, 2) ^ rotate8(q, 3) ^ rotate8(q, 4) ^ 0x63);
    } while (p != 1);
    sbox[0] = 0x63;
}

static void tables_fill(void)
{
    sbox_fill();
    for (unsigned i = 0; i < 256; i++) {
        uint32_t s = sbox[i], s2 = twice(sbox[i]);
        uint32_t column = s2 | s << 8 | s << 16 | (s ^ s2) << 24;
        for (unsigned row = 0; row < 4; row++)
            table[row][i] = rotate32(column, 8 * row);
    }
}

void scan_key_expand(struct scan_key *key, const uint8_t bytes[16])
{
    uint8_t *w = &key->round[0][0];
    uint8_t constant = 1;
    pthread_once(&tables_once, tables_fill);
    memcpy(w, bytes, 16);
    for (unsigned i = 16; i < SCAN_ROUND_KEYS * 16; i += 4) {
        uint8_t t[4];
        memcpy(t, w + i - 4, 4);
        if (i % 16 == 0) {
            uint8_t first = t[0];
            t[0] = sbox[t[1]] ^ constant;
            t[1] = sbox[t[2]];
            t[2] = sbox[t[3]];
            t[3] = sbox[first];
            constant = twice(constant);
        }
        for (unsigned k = 0; k < 4; k++)
            w[i + k] = w[i + k - 16] ^ t[k];
    }
}

/* SubBytes, ShiftRows, MixColumns of four columns. */
static inline void round_mix(const uint32_t in[4], uint32_t out[4])
{
    UNROLLED
    for (unsigned c = 0; c < 4; c++)
        out[c] = table[0][in[c] & 0xff] ^ table[1][in[(c + 1) % 4] >> 8 & 0xff] ^
                 table[2][in[(c + 2) % 4] >> 16 & 0xff] ^ table[3][in[(c + 3) % 4] >> 24];
}

/* A load that the compiler sees through, unlike load_u32. */
static inline uint32_t load_column(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The upper half of the value of the window in front of `end`: column 1 of the last round. */
static inline uint32_t window_upper(uint32_t key[SCAN_ROUND_KEYS][4], const uint8_t *end)
{
    uint32_t x[4], y[4];
    UNROLLED
    for (unsigned c = 0; c < 4; c++)
        y[c] = load_column(end - 16 + 4 * c);
    round_mix(y, x);
    UNROLLED
    for (unsigned c = 0; c < 4; c++)
        x[c] ^= load_column(end - 32 + 4 * c) ^ key[0][c];
    for (unsigned r = 1; r < SCAN_ROUND_KEYS - 1; r++) {
        round_mix(x, y);
        UNROLLED
        for (unsigned c = 0; c < 4; c++)
            x[c] = y[c] ^ key[r][c];
    }
    return ((uint32_t)sbox[x[1] & 0xff] | (uint32_t)sbox[x[2] >> 8 & 0xff] << 8 |
            (uint32_t)sbox[x[3] >> 16 & 0xff] << 16 | (uint32_t)sbox[x[0] >> 24] << 24) ^
           key[SCAN_ROUND_KEYS - 1][1];
}

size_t scan_portable(const struct scan_key *key, const uint8_t *data, size_t from, size_t to,
                     unsigned bits)
{
    uint32_t words[SCAN_ROUND_KEYS][4];
    for (unsigned r = 0; r < SCAN_ROUND_KEYS; r++) {
        for (unsigned c = 0; c < 4; c++)
            words[r][c] = load_column(&key->round[r][4 * c]);
    }
    for (size_t p = from; p < to; p++) {
        if (window_upper(words, data + p) >> (32 - bits) == 0)
            return p;
    }
    return to;
}

static bool runs_everywhere(void)
{
    return true;
}

#if defined(__x86_64__)
static bool runs_aesni(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1");
}
/* Not every compiler's __builtin_cpu_supports knows the name. */
static bool has_vaes(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & bit_VAES) != 0;
}
/* AVX2 and AVX-512 are only there when the system keeps their registers as well. */
static bool runs_vaes512(void)
{
    return has_vaes() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && runs_aesni();
}
static bool runs_vaes256(void)
{
    return has_vaes() && __builtin_cpu_supports("avx2") && runs_aesni();
}
#elif defined(__aarch64__)
static bool runs_armv8(void)
{
    return (getauxval(AT_HWCAP) & (1UL << 3)) != 0; /* HWCAP_AES */
}
#endif

const struct scan_implementation scan_implementations[] = {
#if defined(__x86_64__)
    {"vaes512", scan_vaes512, runs_vaes512},
    {"vaes256", scan_vaes256, runs_vaes256},
    {"aesni", scan_aesni, runs_aesni},
#elif defined(__aarch64__)
    {"armv8", scan_armv8, runs_armv8},
#endif
    {"portable", scan_portable, runs_everywhere},
    {NULL, NULL, runs_everywhere},
};
