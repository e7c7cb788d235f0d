/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/key.h - the contract of key providers (`key_...`).
 *
 * A provider keeps a key of its own (in a file, a token, a service) and wraps with it a short
 * secret of the vault.  The wrapped form is stored in the vault; whoever has the provider's key
 * can unwrap it again.  A provider never sees data of backups.
 *
 * A vault is opened with one unwrap, and gets a further way in with one wrap; both are rare, so
 * that a slow provider (a token that asks for a touch) is fine.  The provider's key itself
 * never leaves it.
 *
 * Opening with LAGAN_OPEN_INITIALISE creates the provider's key when there is none; it never
 * replaces one.  Without that flag a missing key is NOT_FOUND.
 *
 * Log of additions
 *   1.0  2026-11  first version
 *   1.1  2026-11  NOT_FOUND from wrap and unwrap
 */
#ifndef LAGAN_KEY_H
#define LAGAN_KEY_H

#include <lagan/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most bytes of a wrapped secret. */
enum { LAGAN_WRAPPED_LIMIT = 16384 };

/*
 * The table of a key provider.  Mandatory beside the common ones: wrap, unwrap.
 *
 * `context` is what the wrapped form is bound to (the vault's id and the slot's purpose), any
 * bytes: unwrapping with another context fails with CORRUPT.  Secrets are at most 1024 bytes;
 * the driver wipes every copy of its own before it returns.
 *
 * Any slot may also return NOT_FOUND (the provider's key is gone), CANCELLED, TIMEOUT,
 * TRANSIENT, BUSY, DENIED, OFFLINE, IO and INTERNAL.  A failed call has changed nothing.
 */
struct lagan_key_ops {
    struct lagan_common_ops common;

    /* Wraps `secret` (from 1 byte) into `wrapped`, which has room for `room` bytes;
     * `*wrapped_size` tells how many were used.  The form is authenticated, and another one
     * each time.  Returns OK, LIMIT (it does not fit). */
    uint32_t (*wrap)(void *handle, struct lagan_op *op, const void *context,
                     size_t context_size, const void *secret, size_t secret_size, void *wrapped,
                     size_t room, size_t *wrapped_size);

    /* The reverse, into `secret` with room for `room` bytes; `*secret_size` tells how many were
     * used.  The wrapped form comes from storage: trust nothing in it.  Returns OK, AUTH (the
     * provider's key is not the one that wrapped it), CORRUPT (altered, or of another context),
     * LIMIT (it does not fit); the host wipes `secret` after a failure. */
    uint32_t (*unwrap)(void *handle, struct lagan_op *op, const void *context,
                       size_t context_size, const void *wrapped, size_t wrapped_size,
                       void *secret, size_t room, size_t *secret_size);

    /* A line of UTF-8 for people on which key this is ("file /etc/lagan/east.key, id 3f2a..."),
     * zero-terminated, into `text` with room for `room` bytes, cut when longer; never secret.
     * Returns OK.  Absent: the driver's name stands for it. */
    uint32_t (*identify)(void *handle, struct lagan_op *op, char *text, size_t room);
};

#ifdef __cplusplus
}
#endif

#endif
