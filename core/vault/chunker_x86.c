/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunker_x86.c - aes32 with the AES instructions of x86, 16, 32 or 64 bytes wide.
 *
 * An unaligned load of 64 bytes at the start of one position's window half holds those of the
 * positions 16, 32 and 48 further on as well: 16 such loads cover 64 positions.
 */
#include "vault/chunker_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

enum { AT_ONCE = 8 }; /* independent states that hide the latency of one round */
/* So that the states stay in registers. */
#define UNROLLED _Pragma("GCC unroll 16")

/* Encrypts AT_ONCE folded windows and tells which low halves lie below the threshold. */
__attribute__((target("aes,sse4.1"))) static inline unsigned
aesni_batch(const __m128i key[SCAN_ROUND_KEYS], const uint8_t *at, uint64_t threshold)
{
    __m128i x[AT_ONCE];
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++) {
        __m128i lo = _mm_loadu_si128((const __m128i_u *)(at + i - 32));
        __m128i hi = _mm_loadu_si128((const __m128i_u *)(at + i - 16));
        x[i] = _mm_xor_si128(lo, _mm_aesenc_si128(hi, key[0]));
    }
    UNROLLED
    for (int r = 1; r < SCAN_ROUND_KEYS - 1; r++) {
        UNROLLED
        for (int i = 0; i < AT_ONCE; i++)
            x[i] = _mm_aesenc_si128(x[i], key[r]);
    }
    unsigned hits = 0;
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++) {
        x[i] = _mm_aesenclast_si128(x[i], key[SCAN_ROUND_KEYS - 1]);
        hits |= (unsigned)((uint64_t)_mm_cvtsi128_si64(x[i]) < threshold) << i;
    }
    return hits;
}

__attribute__((target("aes,sse4.1"))) size_t scan_aesni(const struct scan_key *key,
                                                        const uint8_t *data, size_t from,
                                                        size_t to, uint64_t threshold)
{
    __m128i keys[SCAN_ROUND_KEYS];
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = _mm_load_si128((const __m128i *)key->round[r]);
    for (; to - p >= AT_ONCE; p += AT_ONCE) {
        unsigned hits = aesni_batch(keys, data + p, threshold);
        if (hits)
            return p + (size_t)__builtin_ctz(hits);
    }
    return p < to ? scan_portable(key, data, p, to, threshold) : to;
}

/* AT_ONCE states of two windows each: 16 positions, of which `step` apart share a state. */
__attribute__((target("vaes,avx2"))) static inline uint64_t
vaes256_batch(const __m256i key[SCAN_ROUND_KEYS], const uint8_t *at, uint64_t threshold)
{
    __m256i x[AT_ONCE];
    uint64_t hits = 0;
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++) {
        __m256i lo = _mm256_loadu_si256((const __m256i_u *)(at + i - 32));
        __m256i hi = _mm256_loadu_si256((const __m256i_u *)(at + i - 16));
        x[i] = _mm256_xor_si256(lo, _mm256_aesenc_epi128(hi, key[0]));
    }
    UNROLLED
    for (int r = 1; r < SCAN_ROUND_KEYS - 1; r++) {
        UNROLLED
        for (int i = 0; i < AT_ONCE; i++)
            x[i] = _mm256_aesenc_epi128(x[i], key[r]);
    }
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++) {
        x[i] = _mm256_aesenclast_epi128(x[i], key[SCAN_ROUND_KEYS - 1]);
        hits |= (uint64_t)((uint64_t)_mm256_extract_epi64(x[i], 0) < threshold) << i;
        hits |= (uint64_t)((uint64_t)_mm256_extract_epi64(x[i], 2) < threshold) << (i + 16);
    }
    return hits;
}

__attribute__((target("vaes,avx2"))) size_t scan_vaes256(const struct scan_key *key,
                                                         const uint8_t *data, size_t from,
                                                         size_t to, uint64_t threshold)
{
    enum { SPAN = 32 };
    __m256i keys[SCAN_ROUND_KEYS];
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)key->round[r]));
    for (; to - p >= SPAN; p += SPAN) {
        uint64_t hits = vaes256_batch(keys, data + p, threshold) |
                        vaes256_batch(keys, data + p + AT_ONCE, threshold) << AT_ONCE;
        if (hits)
            return p + (size_t)__builtin_ctzll(hits);
    }
    return p < to ? scan_aesni(key, data, p, to, threshold) : to;
}

/* AT_ONCE states of four windows each; bit i + 16 k of the result is that of position i + 16 k.
 */
__attribute__((target("vaes,avx512f,avx512bw"))) static inline uint64_t
vaes512_batch(const __m512i key[SCAN_ROUND_KEYS], const uint8_t *at, __m512i threshold)
{
    __m512i x[AT_ONCE];
    uint64_t hits = 0;
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++) {
        __m512i lo = _mm512_loadu_si512(at + i - 32);
        __m512i hi = _mm512_loadu_si512(at + i - 16);
        x[i] = _mm512_xor_si512(lo, _mm512_aesenc_epi128(hi, key[0]));
    }
    UNROLLED
    for (int r = 1; r < SCAN_ROUND_KEYS - 1; r++) {
        UNROLLED
        for (int i = 0; i < AT_ONCE; i++)
            x[i] = _mm512_aesenc_epi128(x[i], key[r]);
    }
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++) {
        x[i] = _mm512_aesenclast_epi128(x[i], key[SCAN_ROUND_KEYS - 1]);
        uint64_t low = _mm512_cmplt_epu64_mask(x[i], threshold) & 0x55;
        if (__builtin_expect(low != 0, 0))
            hits |= ((low & 1) | (low & 4) << 14 | (low & 16) << 28 | (low & 64) << 42) << i;
    }
    return hits;
}

__attribute__((target("vaes,avx512f,avx512bw"))) size_t scan_vaes512(const struct scan_key *key,
                                                                     const uint8_t *data,
                                                                     size_t from, size_t to,
                                                                     uint64_t threshold)
{
    enum { SPAN = 64 };
    __m512i keys[SCAN_ROUND_KEYS];
    __m512i below = _mm512_set1_epi64((long long)threshold);
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)key->round[r]));
    for (; to - p >= SPAN; p += SPAN) {
        uint64_t hits = vaes512_batch(keys, data + p, below) |
                        vaes512_batch(keys, data + p + AT_ONCE, below) << AT_ONCE;
        if (hits)
            return p + (size_t)__builtin_ctzll(hits);
    }
    return p < to ? scan_aesni(key, data, p, to, threshold) : to;
}

#endif
