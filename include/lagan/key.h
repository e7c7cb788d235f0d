/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/key.h - the contract of key providers (`key_...`).
 *
 * A provider keeps a key of its own (in a file, a token, a service) and wraps with it a short
 * secret of the vault.  The wrapped form is stored in the vault; whoever has the provider's key can
 * unwrap it again.  A provider never sees data of backups.
 *
 * Opening with LAGAN_OPEN_INITIALISE creates the provider's key when there is none; it never
 * replaces one.  Without that flag a missing key is NOT_FOUND.
 *
 * Log of additions
 *   1.0  2026-11  first version
 */
#ifndef LAGAN_KEY_H
#define LAGAN_KEY_H

#include <lagan/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LAGAN_WRAPPED_LIMIT = 16384 }; /* bytes of a wrapped secret */

/*
 * The table of a key provider.  Mandatory beside the common ones: wrap, unwrap.
 *
 * `context` is what the wrapped form is bound to (the vault's id and the slot's purpose): unwrapping
 * with another context fails with CORRUPT.
 */
struct lagan_key_ops {
    struct lagan_common_ops common;

    /* Wraps `secret` into `wrapped` (room for `room` bytes); `*wrapped_size` tells how many were
     * used.  LIMIT when they do not fit. */
    uint32_t (*wrap)(void *handle, struct lagan_op *op, const void *context, size_t context_size,
                     const void *secret, size_t secret_size, void *wrapped, size_t room,
                     size_t *wrapped_size);
    /* The reverse.  AUTH when the provider's key is not the one that wrapped it, CORRUPT when the
     * wrapped form was altered or belongs to another context. */
    uint32_t (*unwrap)(void *handle, struct lagan_op *op, const void *context, size_t context_size,
                       const void *wrapped, size_t wrapped_size, void *secret, size_t room,
                       size_t *secret_size);
    /* A line for people on which key this is ("file /etc/lagan/east.key, id 3f2a..."); never secret. */
    uint32_t (*identify)(void *handle, struct lagan_op *op, char *text, size_t room);
};

#ifdef __cplusplus
}
#endif

#endif
