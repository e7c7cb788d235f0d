/* SPDX-License-Identifier: Apache-2.0 */
/* lock_private.h - what the files of the lock share: a look at all of it, and writing. */
#ifndef CORE_VAULT_LOCK_PRIVATE_H
#define CORE_VAULT_LOCK_PRIVATE_H

#include "vault/lock_codec.h"

/* The records as they are now, and what follows from them. */
struct lock_look {
    struct lock_entry *entries;
    size_t count;
    struct vault_lock lock;
    int64_t now_ns; /* lock_now */
};
/* Reads all of it; what cannot be read is logged.  Clear after success. */
int lock_look(struct vault *v, struct lock_look *look, struct error *e);
void lock_look_clear(struct lock_look *look);

/* Makes a mark of the time when one is due, notes that a compliance lock has come into force,
 * and removes marks that are of no use any more.  Only for an unlocked vault that may be
 * written to; failures are logged. */
void lock_keep_time(struct vault *v, const struct lock_look *look);

#endif
