/* SPDX-License-Identifier: Apache-2.0 */
/* roll.h - lists of packs outside of seals, to and from bytes.  Format: doc/format.md
 * section 9. */
#ifndef CORE_VAULT_ROLL_H
#define CORE_VAULT_ROLL_H

#include "vault/seal.h"

/* Appends a roll of `count` packs, ascending by hash, to `out`. */
int roll_encode(const struct seal_pack *packs, size_t count, struct buffer *out,
                struct error *e);
/* The reverse; the caller frees `*packs`.  INTEGRITY or NEWER_FORMAT, naming `what`. */
int roll_decode(const void *data, size_t size, const char *what, struct seal_pack **packs,
                size_t *count, struct error *e);

/* Reads and checks the roll `hash`; the caller frees `*packs`.  NOT_FOUND, or INTEGRITY naming
 * it. */
int roll_read(struct vault *v, const uint8_t hash[32], struct seal_pack **packs, size_t *count,
              struct error *e);

#endif
