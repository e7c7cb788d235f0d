/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h - a secret under a fresh data key, which a key service wraps: for providers whose
 * service can wrap a short key but does not bind it to anything.
 *
 *     0   8  the driver's magic
 *     8   2  how the data key is wrapped: the driver's own number
 *    10   2  w, the length of the wrapped data key
 *    12  32  commitment: SHA-256("lagan envelope" and the data key)
 *    44   w  the wrapped data key
 *     +   n  AES-256-GCM of the secret under the data key, nonce zero; associated data is all
 *            before, then the context
 *     +  16  tag
 *     +   8  start of the SHA-256 of all before
 *
 * Numbers are little-endian.  A data key serves once.  The sum tells accidental damage, the
 * commitment a data key that came out of another key than it went in.
 */
#ifndef PLUGINS_COMMON_ENVELOPE_H
#define PLUGINS_COMMON_ENVELOPE_H

#include <lagan/key.h>

enum {
    ENVELOPE_MAGIC_BYTES = 8,
    ENVELOPE_KEY_BYTES = 32,
    /* Most bytes of a wrapped data key. */
    ENVELOPE_WRAPPED_LIMIT = 8192
};

/* The parts before the secret.  `wrapped_key` is not owned. */
struct envelope {
    char magic[ENVELOPE_MAGIC_BYTES + 1];
    uint16_t way;
    const uint8_t *wrapped_key;
    size_t wrapped_key_size;
};

/* Writes the whole form into `out`.  The other parameters are those of wrap in
 * <lagan/key.h>.  LIMIT, INTERNAL. */
uint32_t envelope_seal(struct lagan_op *op, const struct envelope *envelope,
                       const uint8_t data_key[ENVELOPE_KEY_BYTES], const void *context,
                       size_t context_size, const void *secret, size_t secret_size, void *out,
                       size_t room, size_t *size);

/* Takes a form from storage apart, without any key; `envelope->magic` says whose it must be.
 * CORRUPT. */
uint32_t envelope_parse(struct lagan_op *op, const void *form, size_t size,
                        struct envelope *envelope);

/* Opens a form that envelope_parse has found whole.  AUTH when `data_key` is not the one that
 * went in, CORRUPT when the form was altered or has another context, LIMIT. */
uint32_t envelope_open(struct lagan_op *op, const void *form, size_t size,
                       const uint8_t data_key[ENVELOPE_KEY_BYTES], const void *context,
                       size_t context_size, void *secret, size_t room, size_t *secret_size);

#endif
