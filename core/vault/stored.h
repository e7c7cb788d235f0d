/* SPDX-License-Identifier: Apache-2.0 */
/* stored.h - small objects of a vault in and out of a target. */
#ifndef CORE_VAULT_STORED_H
#define CORE_VAULT_STORED_H

#include "driver/target.h"

/* Appends a whole object to `out`.  INTEGRITY when it is longer than `limit` bytes, which no
 * genuine one is. */
int stored_read(struct target *target, const char *name, size_t limit, struct buffer *out,
                struct error *e);
/* As stored_read for an object that is named by its hash: INTEGRITY naming it when the first
 * `hash_size` bytes of the SHA-256 of its bytes are not `hash`. */
int stored_read_hashed(struct target *target, const char *name, size_t limit,
                       const uint8_t *hash, size_t hash_size, struct buffer *out,
                       struct error *e);
/* Whether an error of a read says that the object itself is bad (damaged, unreadable for good,
 * not of a form that this program knows), and not that it could not be reached. */
bool stored_is_damage(const struct error *e);

/*
 * Makes the name of an object that is known to be there, and is named by its hash, durable at
 * the next flush: who made it may not have lived to flush, and a flush need only cover what
 * this process has done.  NOT_FOUND when it is not there any more.
 */
int stored_confirm(struct target *target, const char *name, const uint8_t hash[32],
                   struct error *e);

/* What became of stored_put. */
enum stored_result {
    STORED_FAILED = -1, /* `e` is set */
    STORED_DONE = 0,
    STORED_TAKEN = 1 /* something else stands under this name */
};

/* Puts an object if its name is free.  When the same bytes stand there already, or when a put
 * whose outcome is unknown turns out to have worked, that is DONE. */
enum stored_result stored_put(struct target *target, const char *name, const void *data,
                              size_t size, struct error *e);

#endif
