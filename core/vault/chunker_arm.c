/* SPDX-License-Identifier: Apache-2.0 */
/* chunker_arm.c - aes32 with the cryptography extension of ARMv8. */
#include "vault/chunker_scan.h"

#if defined(__aarch64__)

#include <arm_neon.h>

enum { AT_ONCE = 8 };
/* So that the states stay in registers. */
#define UNROLLED _Pragma("GCC unroll 16")

__attribute__((target("+crypto"))) size_t scan_armv8(const struct scan_key *key,
                                                     const uint8_t *data, size_t from,
                                                     size_t to, uint64_t threshold)
{
    uint8x16_t keys[SCAN_ROUND_KEYS];
    const uint8x16_t zero = vdupq_n_u8(0);
    size_t p = from;
    for (int r = 0; r < SCAN_ROUND_KEYS; r++)
        keys[r] = vld1q_u8(key->round[r]);
    for (; to - p >= AT_ONCE; p += AT_ONCE) {
        uint8x16_t x[AT_ONCE];
        UNROLLED
        for (int i = 0; i < AT_ONCE; i++) {
            /* AESE adds its key first, where AESENC adds it last. */
            uint8x16_t hi = vaesmcq_u8(vaeseq_u8(vld1q_u8(data + p + i - 16), zero));
            x[i] = veorq_u8(vld1q_u8(data + p + i - 32), hi);
        }
        UNROLLED
        for (int r = 0; r < SCAN_ROUND_KEYS - 2; r++) {
            UNROLLED
            for (int i = 0; i < AT_ONCE; i++)
                x[i] = vaesmcq_u8(vaeseq_u8(x[i], keys[r]));
        }
        UNROLLED
        for (int i = 0; i < AT_ONCE; i++) {
            x[i] =
                veorq_u8(vaeseq_u8(x[i], keys[SCAN_ROUND_KEYS - 2]), keys[SCAN_ROUND_KEYS - 1]);
            if (vgetq_lane_u64(vreinterpretq_u64_u8(x[i]), 0) < threshold)
                return p + (size_t)i;
        }
    }
    return p < to ? scan_portable(key, data, p, to, threshold) : to;
}

#endif
