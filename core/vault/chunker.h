/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunker.h - cuts content into chunks where the content says so.
 *
 * Algorithm aes32 (doc/format.md 7.1): a cut depends on the last 32 bytes alone, through
 * AES-128 under a secret key, so that lengths of chunks tell nothing of the content to who
 * lacks the key.  There is no rolling state: any position can be tested on its own, which wide
 * vector units do for 64 positions at a time.  All implementations cut alike.
 */
#ifndef CORE_VAULT_CHUNKER_H
#define CORE_VAULT_CHUNKER_H

#include "base/error.h"

#include <stdbool.h>

enum {
    CHUNKER_KEY_SIZE = 16,
    CHUNKER_WINDOW = 32,
    CHUNKER_LOG2_MIN = 16,
    CHUNKER_LOG2_MAX = 22
};

/* For one stream and one thread at a time. */
struct chunker;

/* `average_log2`: CHUNKER_LOG2_MIN..MAX.  Chunks are a quarter to four times 2^average_log2
 * long. */
struct chunker *chunker_new(const uint8_t key[CHUNKER_KEY_SIZE], unsigned average_log2,
                            struct error *e);
/* One that cuts after every 2^average_log2 bytes. */
struct chunker *chunker_new_fixed(unsigned average_log2, struct error *e);
/* NULL is fine. */
void chunker_free(struct chunker *c);

/*
 * The length of the first chunk of `data`, which starts where a chunk starts; 0 when it takes
 * more data to tell (never with `last`, which says that the content ends here, unless `size` is
 * 0).  When called again with the same data and more behind it, what was looked at before is
 * not looked at again.
 */
size_t chunker_next(struct chunker *c, const uint8_t *data, size_t size, bool last);
/* Forgets what was looked at: other data follow. */
void chunker_reset(struct chunker *c);

/* The implementations this processor can run, best first, NULL at the end: "vaes512",
 * "vaes256", "aesni", "armv8", "portable". */
const char *const *chunker_implementations(void);
/* Makes chunkers use the one called `name` from now on, for tests and benchmarks; false when it
 * cannot run here.  NULL = the best. */
bool chunker_use(const char *name);

#endif
