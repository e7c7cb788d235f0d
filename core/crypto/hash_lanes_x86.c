/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_lanes_x86.c - SHA-256 in the lanes of AVX-512 registers, 16 or 8 streams at a time.
 *
 * AVX-512 rotates in one instruction and has any function of three bits in one, which is what
 * SHA-256 is made of; it does so for registers of 32 bytes as well.  Each lane's block is
 * loaded with its words side by side, so blocks are transposed: words within 16 bytes first,
 * then the groups of 16 bytes.
 *
 * The instructions made for SHA-256 must not run while the upper halves of registers are in
 * use, which makes them a hundred times slower: kernels leave them cleared.
 */
#include "crypto/hash_lanes_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET512 __attribute__((target("avx512f,avx512bw")))
#define TARGET256 __attribute__((target("avx512f,avx512bw,avx512vl")))

/* For both widths, W = 512 or 256. */
#define ADD(W, a, b) _mm##W##_add_epi32(a, b)
#define XOR3(W, a, b, c) _mm##W##_ternarylogic_epi32(a, b, c, 0x96)
#define CHOOSE(W, a, b, c) _mm##W##_ternarylogic_epi32(a, b, c, 0xca)
#define MAJORITY(W, a, b, c) _mm##W##_ternarylogic_epi32(a, b, c, 0xe8)
#define ROTATE(W, a, n) _mm##W##_ror_epi32(a, n)
#define SUM0(W, a) XOR3(W, ROTATE(W, a, 2), ROTATE(W, a, 13), ROTATE(W, a, 22))
#define SUM1(W, a) XOR3(W, ROTATE(W, a, 6), ROTATE(W, a, 11), ROTATE(W, a, 25))
#define MIX0(W, a) XOR3(W, ROTATE(W, a, 7), ROTATE(W, a, 18), _mm##W##_srli_epi32(a, 3))
#define MIX1(W, a) XOR3(W, ROTATE(W, a, 17), ROTATE(W, a, 19), _mm##W##_srli_epi32(a, 10))

/* State variable v (0 = a .. 7 = h) of round i: they move on by not being renamed. */
#define S(v, i) s[((v) - (i)) & 7]

/* Round t + i of FIPS 180-4, section 6.2.2, step 3. */
#define ROUND(W, i)                                                                            \
    do {                                                                                       \
        S(7, i) =                                                                              \
            ADD(W, S(7, i), ADD(W, w[i], _mm##W##_set1_epi32((int)lane_constants[t + i])));    \
        S(7, i) = ADD(W, S(7, i), SUM1(W, S(4, i)));                                           \
        S(7, i) = ADD(W, S(7, i), CHOOSE(W, S(4, i), S(5, i), S(6, i)));                       \
        S(3, i) = ADD(W, S(3, i), S(7, i));                                                    \
        S(7, i) = ADD(W, S(7, i), SUM0(W, S(0, i)));                                           \
        S(7, i) = ADD(W, S(7, i), MAJORITY(W, S(0, i), S(1, i), S(2, i)));                     \
    } while (0);

/* The same, and word t + i + 16 of the schedule in place of word t + i. */
#define ROUND_NEXT(W, i)                                                                       \
    ROUND(W, i)                                                                                \
    w[i] = ADD(W, ADD(W, w[i], MIX0(W, w[((i) + 1) & 15])),                                    \
               ADD(W, w[((i) + 9) & 15], MIX1(W, w[((i) + 14) & 15])));

#define EACH8(M, W)                                                                            \
    M(W, 0)                                                                                    \
    M(W, 1)                                                                                    \
    M(W, 2)                                                                                    \
    M(W, 3)                                                                                    \
    M(W, 4)                                                                                    \
    M(W, 5)                                                                                    \
    M(W, 6)                                                                                    \
    M(W, 7)
#define EACH16(M, W)                                                                           \
    EACH8(M, W)                                                                                \
    M(W, 8)                                                                                    \
    M(W, 9)                                                                                    \
    M(W, 10)                                                                                   \
    M(W, 11)                                                                                   \
    M(W, 12)                                                                                   \
    M(W, 13)                                                                                   \
    M(W, 14)                                                                                   \
    M(W, 15)

/* Takes one block's words `w` of all lanes into the states `s`. */
#define COMPRESS(W)                                                                            \
    do {                                                                                       \
        size_t t = 0;                                                                          \
        for (; t < 48; t += 16) {                                                              \
            EACH16(ROUND_NEXT, W)                                                              \
        }                                                                                      \
        EACH16(ROUND, W)                                                                       \
    } while (0)

/* Asks for what lane l comes to some blocks later.  May lie behind the data, where it does
 * nothing. */
static inline void fetch_ahead(const uint8_t *at)
{
    enum { AHEAD_BYTES = 512 };
    _mm_prefetch((const char *)((uintptr_t)at + AHEAD_BYTES), _MM_HINT_T0);
}

/* Words are stored with the most significant byte first. */
TARGET512 static inline __m512i load512(const uint8_t *at)
{
    const __m128i order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    fetch_ahead(at);
    return _mm512_shuffle_epi8(_mm512_loadu_si512(at), _mm512_broadcast_i32x4(order));
}

TARGET256 static inline __m256i load256(const uint8_t *at)
{
    const __m128i order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    return _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i_u *)at),
                               _mm256_broadcastsi128_si256(order));
}

/* Of four lanes' words, x[j] becomes words j, j + 4, .. of all four. */
#define TRANSPOSE4(W, x)                                                                       \
    do {                                                                                       \
        __m##W##i low = _mm##W##_unpacklo_epi32((x)[0], (x)[1]);                               \
        __m##W##i high = _mm##W##_unpackhi_epi32((x)[0], (x)[1]);                              \
        __m##W##i low2 = _mm##W##_unpacklo_epi32((x)[2], (x)[3]);                              \
        __m##W##i high2 = _mm##W##_unpackhi_epi32((x)[2], (x)[3]);                             \
        (x)[0] = _mm##W##_unpacklo_epi64(low, low2);                                           \
        (x)[1] = _mm##W##_unpackhi_epi64(low, low2);                                           \
        (x)[2] = _mm##W##_unpacklo_epi64(high, high2);                                         \
        (x)[3] = _mm##W##_unpackhi_epi64(high, high2);                                         \
    } while (0)

/* Words j, j + 4, j + 8 and j + 12 of 16 lanes, each in one of w[j], w[j + 4], ... */
TARGET512 static inline void gather512(__m512i *a, __m512i *b, __m512i *c, __m512i *d)
{
    __m512i low = _mm512_shuffle_i32x4(*a, *b, 0x44), high = _mm512_shuffle_i32x4(*a, *b, 0xee);
    __m512i low2 = _mm512_shuffle_i32x4(*c, *d, 0x44);
    __m512i high2 = _mm512_shuffle_i32x4(*c, *d, 0xee);
    *a = _mm512_shuffle_i32x4(low, low2, 0x88);
    *b = _mm512_shuffle_i32x4(low, low2, 0xdd);
    *c = _mm512_shuffle_i32x4(high, high2, 0x88);
    *d = _mm512_shuffle_i32x4(high, high2, 0xdd);
}

TARGET512 void lanes_avx512(struct lane_state *state, const uint8_t *const data[],
                            size_t blocks)
{
    __m512i s[LANE_WORDS], before[LANE_WORDS], w[16];
#define LOAD_STATE(W, i) s[i] = _mm##W##_load_si##W((const void *)state->word[i]);
#define STORE_STATE(W, i) _mm##W##_store_si##W((void *)state->word[i], s[i]);
#define KEEP(W, i) before[i] = s[i];
#define SUM_UP(W, i) s[i] = ADD(W, s[i], before[i]);
#define LOAD(W, i) w[i] = load##W(data[i] + at);
    EACH8(LOAD_STATE, 512)
    for (size_t at = 0; at < blocks * LANE_BLOCK; at += LANE_BLOCK) {
        EACH8(KEEP, 512)
        EACH16(LOAD, 512)
        TRANSPOSE4(512, w);
        TRANSPOSE4(512, w + 4);
        TRANSPOSE4(512, w + 8);
        TRANSPOSE4(512, w + 12);
        gather512(&w[0], &w[4], &w[8], &w[12]);
        gather512(&w[1], &w[5], &w[9], &w[13]);
        gather512(&w[2], &w[6], &w[10], &w[14]);
        gather512(&w[3], &w[7], &w[11], &w[15]);
        COMPRESS(512);
        EACH8(SUM_UP, 512)
    }
    EACH8(STORE_STATE, 512)
    _mm256_zeroupper();
}

/* Half a block: words 0..7 of what is at at[0..7] go to w[0..7]. */
#define LOAD_HALF(W, i) half[i] = load##W(data[i] + at);
#define GATHER_HALF(W, i)                                                                      \
    w[i] = _mm256_permute2x128_si256(half[i], half[(i) + 4], 0x20);                            \
    w[(i) + 4] = _mm256_permute2x128_si256(half[i], half[(i) + 4], 0x31);
TARGET256 static inline void half_block(__m256i w[8], const uint8_t *const data[], size_t at)
{
    __m256i half[8];
    EACH8(LOAD_HALF, 256)
    TRANSPOSE4(256, half);
    TRANSPOSE4(256, half + 4);
    GATHER_HALF(256, 0)
    GATHER_HALF(256, 1)
    GATHER_HALF(256, 2)
    GATHER_HALF(256, 3)
}

#define FETCH(W, i) fetch_ahead(data[i] + at);
TARGET256 void lanes_avx512vl(struct lane_state *state, const uint8_t *const data[],
                              size_t blocks)
{
    __m256i s[LANE_WORDS], before[LANE_WORDS], w[16];
    EACH8(LOAD_STATE, 256)
    for (size_t at = 0; at < blocks * LANE_BLOCK; at += LANE_BLOCK) {
        EACH8(KEEP, 256)
        EACH8(FETCH, 256)
        half_block(w, data, at);
        half_block(w + 8, data, at + LANE_BLOCK / 2);
        COMPRESS(256);
        EACH8(SUM_UP, 256)
    }
    EACH8(STORE_STATE, 256)
    _mm256_zeroupper();
}

#endif
