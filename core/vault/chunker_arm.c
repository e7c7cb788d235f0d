/* SPDX-License-Identifier: Apache-2.0 */
/* chunker_arm.c - aes32 with the cryptography extension of ARMv8. */
#include "vault/chunker_scan.h"

#if defined(__aarch64__)

#include <arm_neon.h>

enum { AT_ONCE = 8 };
/* So that the states stay in registers. */
#define UNROLLED _Pragma("GCC unroll 16")

/* The upper halves of the values of four states. */
static inline uint32x4_t pack(const uint8x16_t x[4])
{
    uint32x4_t first = vzip1q_u32(vreinterpretq_u32_u8(x[0]), vreinterpretq_u32_u8(x[1]));
    uint32x4_t second = vzip1q_u32(vreinterpretq_u32_u8(x[2]), vreinterpretq_u32_u8(x[3]));
    return vreinterpretq_u32_u64(
        vzip2q_u64(vreinterpretq_u64_u32(first), vreinterpretq_u64_u32(second)));
}

/* Sets `*miss` of each of the positions at..at + 7 to zero for a hit, else to ones; 0 when
 * there is one. */
__attribute__((target("+crypto"))) static inline uint32_t
armv8_batch(const uint8x16_t key[SCAN_ROUND_KEYS], const uint8_t *at, uint32x4_t mask,
            uint32x4_t miss[2])
{
    const uint8x16_t zero = vdupq_n_u8(0);
    uint8x16_t x[AT_ONCE];
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++) {
        /* AESE adds its key first, where AESENC adds it last. */
        uint8x16_t hi = vaesmcq_u8(vaeseq_u8(vld1q_u8(at + i - 16), zero));
        x[i] = veorq_u8(vld1q_u8(at + i - 32), hi);
    }
    UNROLLED
    for (int r = 0; r < SCAN_ROUND_KEYS - 2; r++) {
        UNROLLED
        for (int i = 0; i < AT_ONCE; i++)
            x[i] = vaesmcq_u8(vaeseq_u8(x[i], key[r]));
    }
    UNROLLED
    for (int i = 0; i < AT_ONCE; i++)
        x[i] = veorq_u8(vaeseq_u8(x[i], key[SCAN_ROUND_KEYS - 2]), key[SCAN_ROUND_KEYS - 1]);
    miss[0] = vtstq_u32(pack(x), mask);
    miss[1] = vtstq_u32(pack(x + 4), mask);
    return vminvq_u32(vandq_u32(miss[0], miss[1]));
}

__attribute__((target("+crypto"))) size_t scan_armv8(const struct scan_key *key,
                                                     const uint8_t *data, size_t from,
                                                     size_t to, unsigned bits)
{
    uint8x16_t keys[SCAN_ROUND_KEYS];
    const uint32x4_t mask = vdupq_n_u32(UINT32_MAX << (32 - bits));
    uint32x4_t miss[2];
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = vld1q_u8(key->round[r]);
    for (; to - p >= AT_ONCE; p += AT_ONCE) {
        if (armv8_batch(keys, data + p, mask, miss) == 0) {
            uint32_t each[AT_ONCE];
            vst1q_u32(each, miss[0]);
            vst1q_u32(each + 4, miss[1]);
            for (size_t i = 0;; i++) {
                if (each[i] == 0)
                    return p + i;
            }
        }
    }
    return p < to ? scan_portable(key, data, p, to, bits) : to;
}

#endif
