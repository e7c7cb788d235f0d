/* SPDX-License-Identifier: Apache-2.0 */
/* hash_lanes_kernel.h - the inner loops of hash_lanes.c, once per width of vectors. */
#ifndef CORE_CRYPTO_HASH_LANES_KERNEL_H
#define CORE_CRYPTO_HASH_LANES_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES_MAX = 16, LANE_BLOCK = 64, LANE_WORDS = 8 };

/* Word i of the state of lane l is word[i][l]. */
struct lane_state {
    _Alignas(64) uint32_t word[LANE_WORDS][LANES_MAX];
};

/* Takes `blocks` blocks of 64 bytes from each of the data[lane] into the states of all the
 * lanes the kernel has. */
typedef void lane_function(struct lane_state *state, const uint8_t *const data[],
                           size_t blocks);

/* The constants of FIPS 180-4, section 4.2.2. */
extern const uint32_t lane_constants[64];

#if defined(__x86_64__)
lane_function lanes_avx512, lanes_avx512vl;
#endif

#endif
