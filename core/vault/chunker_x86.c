/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunker_x86.c - aes32 with the AES instructions of x86, 16, 32 or 64 bytes wide.
 *
 * An unaligned load of 64 bytes at the start of one position's window half holds those of the
 * positions 16, 32 and 48 further on as well: 16 such loads cover 64 positions.
 *
 * The AES unit is the limit, and it shares its port with what moves masks and numbers out of
 * vectors.  So the upper halves of the values of a whole batch are packed before they are
 * looked at: of four states, element 1 of each lane goes to the elements 0..3 of one vector.
 */
#include "vault/chunker_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

enum { AT_ONCE = 8 }; /* independent states that hide the latency of one round */
/* So that the states stay in registers. */
#define UNROLLED _Pragma("GCC unroll 16")

/* Asks for what the loop comes to some batches later: from main memory a quarter faster.  May
 * lie behind the data, where it does nothing. */
static inline void fetch_ahead(const uint8_t *at)
{
    enum { AHEAD_BYTES = 1024 };
    _mm_prefetch((const char *)((uintptr_t)at + AHEAD_BYTES), _MM_HINT_T0);
}

/* The bits that are zero at a cut. */
static inline int mask_of(unsigned bits)
{
    return (int)(UINT32_MAX << (32 - bits));
}

/*
 * The first of a batch's positions with a hit.  In `hits`, bit 4 l + i of the lower half stands
 * for state i in lane l, which is position 16 l + i; the upper half for the states 4..7.
 */
static uint64_t positions_of(unsigned hits)
{
    uint64_t positions = 0;
    for (unsigned lane = 0; lane < 4; lane++) {
        uint64_t low = hits >> 4 * lane & 15, high = hits >> (16 + 4 * lane) & 15;
        positions |= (low | high << 4) << 16 * lane;
    }
    return positions;
}

__attribute__((target("aes,sse4.1"))) static inline __m128i pack128(const __m128i x[4])
{
    return _mm_unpackhi_epi64(_mm_unpacklo_epi32(x[0], x[1]), _mm_unpacklo_epi32(x[2], x[3]));
}

__attribute__((target("aes,sse4.1"))) static inline unsigned zero128(__m128i x, __m128i mask)
{
    __m128i zero = _mm_cmpeq_epi32(_mm_and_si128(x, mask), _mm_setzero_si128());
    return (unsigned)_mm_movemask_ps(_mm_castsi128_ps(zero));
}

/* The positions at..at + 7. */
__attribute__((target("aes,sse4.1"))) static inline unsigned
aesni_batch(const __m128i key[SCAN_ROUND_KEYS], const uint8_t *at, __m128i mask)
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
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++)
        x[i] = _mm_aesenclast_si128(x[i], key[SCAN_ROUND_KEYS - 1]);
    return zero128(pack128(x), mask) | zero128(pack128(x + 4), mask) << 16;
}

__attribute__((target("aes,sse4.1"))) size_t scan_aesni(const struct scan_key *key,
                                                        const uint8_t *data, size_t from,
                                                        size_t to, unsigned bits)
{
    __m128i keys[SCAN_ROUND_KEYS], mask = _mm_set1_epi32(mask_of(bits));
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = _mm_load_si128((const __m128i *)key->round[r]);
    for (; to - p >= AT_ONCE; p += AT_ONCE) {
        unsigned hits = aesni_batch(keys, data + p, mask);
        if (hits)
            return p + (size_t)__builtin_ctzll(positions_of(hits));
    }
    return p < to ? scan_portable(key, data, p, to, bits) : to;
}

__attribute__((target("vaes,avx2"))) static inline __m256i pack256(const __m256i x[4])
{
    return _mm256_unpackhi_epi64(_mm256_unpacklo_epi32(x[0], x[1]),
                                 _mm256_unpacklo_epi32(x[2], x[3]));
}

__attribute__((target("vaes,avx2"))) static inline unsigned zero256(__m256i x, __m256i mask)
{
    __m256i zero = _mm256_cmpeq_epi32(_mm256_and_si256(x, mask), _mm256_setzero_si256());
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(zero));
}

/* The positions at..at + 7 and those 16 further on. */
__attribute__((target("vaes,avx2"))) static inline unsigned
vaes256_batch(const __m256i key[SCAN_ROUND_KEYS], const uint8_t *at, __m256i mask)
{
    __m256i x[AT_ONCE];
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
    for (int i = 0; i < AT_ONCE; i++)
        x[i] = _mm256_aesenclast_epi128(x[i], key[SCAN_ROUND_KEYS - 1]);
    return zero256(pack256(x), mask) | zero256(pack256(x + 4), mask) << 16;
}

__attribute__((target("vaes,avx2"))) size_t scan_vaes256(const struct scan_key *key,
                                                         const uint8_t *data, size_t from,
                                                         size_t to, unsigned bits)
{
    enum { SPAN = 32 };
    __m256i keys[SCAN_ROUND_KEYS], mask = _mm256_set1_epi32(mask_of(bits));
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)key->round[r]));
    for (; to - p >= SPAN; p += SPAN) {
        fetch_ahead(data + p);
        unsigned first = vaes256_batch(keys, data + p, mask);
        unsigned second = vaes256_batch(keys, data + p + AT_ONCE, mask);
        if (first | second)
            return p + (size_t)__builtin_ctzll(positions_of(first) | positions_of(second)
                                                                         << AT_ONCE);
    }
    return p < to ? scan_aesni(key, data, p, to, bits) : to;
}

__attribute__((target("vaes,avx512f,avx512bw"))) static inline __m512i
pack512(const __m512i x[4])
{
    return _mm512_unpackhi_epi64(_mm512_unpacklo_epi32(x[0], x[1]),
                                 _mm512_unpacklo_epi32(x[2], x[3]));
}

/* The positions at..at + 7 and those 16, 32 and 48 further on. */
__attribute__((target("vaes,avx512f,avx512bw"))) static inline unsigned
vaes512_batch(const __m512i key[SCAN_ROUND_KEYS], const uint8_t *at, __m512i mask)
{
    __m512i x[AT_ONCE];
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
    for (int i = 0; i < AT_ONCE; i++)
        x[i] = _mm512_aesenclast_epi128(x[i], key[SCAN_ROUND_KEYS - 1]);
    return _mm512_kunpackw(_mm512_testn_epi32_mask(pack512(x + 4), mask),
                           _mm512_testn_epi32_mask(pack512(x), mask));
}

__attribute__((target("vaes,avx512f,avx512bw"))) size_t scan_vaes512(const struct scan_key *key,
                                                                     const uint8_t *data,
                                                                     size_t from, size_t to,
                                                                     unsigned bits)
{
    enum { SPAN = 64 };
    __m512i keys[SCAN_ROUND_KEYS], mask = _mm512_set1_epi32(mask_of(bits));
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)key->round[r]));
    for (; to - p >= SPAN; p += SPAN) {
        fetch_ahead(data + p);
        unsigned first = vaes512_batch(keys, data + p, mask);
        unsigned second = vaes512_batch(keys, data + p + AT_ONCE, mask);
        if (first | second)
            return p + (size_t)__builtin_ctzll(positions_of(first) | positions_of(second)
                                                                         << AT_ONCE);
    }
    return p < to ? scan_aesni(key, data, p, to, bits) : to;
}

#endif
