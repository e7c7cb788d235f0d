/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h - a set of 64-bit keys, asked whether it may contain one: never a wrong no, a wrong
 * yes in one of 256 cases, 9 bits a key.  Immutable once built. Format and algorithm:
 * doc/format.md section 11; Graf and Lemire, "Binary Fuse Filters", 2022.
 */
#ifndef CORE_VAULT_FILTER_H
#define CORE_VAULT_FILTER_H

#include "base/buffer.h"

/* `{0}` is a filter that contains nothing.  Owns `fingerprints`. */
struct filter {
    uint64_t seed;
    uint32_t segment_length; /* a power of two */
    uint32_t segments;
    uint8_t *fingerprints; /* (segments + 2) * segment_length of them */
};

/* Builds the filter of `count` keys, of which equal ones are neighbours
 * and count once.  `seed`: where
 * the search for a working seed starts, so that the result is a function of the arguments.
 * Needs 16 bytes a key while it works.  `f` is overwritten. */
int filter_build(struct filter *f, const uint64_t *keys, size_t count, uint64_t seed,
                 struct error *e);
/* NULL is fine. */
void filter_free(struct filter *f);

/* False: the key is not in the set.  True: it may be. */
bool filter_may_contain(const struct filter *f, uint64_t key);

/* The fields of section 11, TLV 4. */
void filter_encode(const struct filter *f, struct buffer *out);
/* Takes all that is left of `r`.  CORRUPT when the fields do not fit together. */
int filter_decode(struct filter *f, struct reader *r, struct error *e);

#endif
