/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h - memory for keys, strong random bytes, and a process that does not leak them. */
#ifndef CORE_CRYPTO_SECRET_H
#define CORE_CRYPTO_SECRET_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key of 32 bytes; wipe it with secret_wipe, or let CLEANUP_SECRET do so at the end of the
 * scope. */
struct secret {
    uint8_t bytes[32];
};

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *data, size_t size);
void secret_clean(struct secret *secret);
#define CLEANUP_SECRET __attribute__((cleanup(secret_clean)))

/* Compares in constant time. */
bool secret_equal(const void *a, const void *b, size_t size);

/* Zeroed memory for long-lived keys: locked into RAM where the limits allow it, left out of
 * core dumps; NULL and no-memory when there is none. */
void *secret_allocate(size_t size, struct error *e);
/* Wipes and frees; `size` as allocated.  NULL is fine. */
void secret_free(void *data, size_t size);

/* Fills `data` with random bytes of the kernel.  Never fails (ends the process instead). */
void crypto_random(void *data, size_t size);

/* No core dumps, no debugger of other users, for the rest of the process's life. */
void crypto_harden_process(void);

#endif
