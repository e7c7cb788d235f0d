/* SPDX-License-Identifier: Apache-2.0 */
/* restore_keys.h - keys in ascending order, noted by one pass over a tree and met again by the
 * next one. */
#ifndef CORE_ENGINE_RESTORE_KEYS_H
#define CORE_ENGINE_RESTORE_KEYS_H

#include "base/buffer.h"

#include <stdbool.h>

/* `{0}` is empty. */
struct restore_keys {
    struct buffer bytes; /* length and bytes of each key */
    size_t at;           /* where the next one begins that was not passed yet */
};

/* Adds a key, which sorts behind the others. */
int restore_keys_add(struct restore_keys *keys, const void *key, size_t size, struct error *e);
void restore_keys_free(struct restore_keys *keys);
/* Whether `key` is one of them, or lies below one (behind it and a zero byte; below the empty
 * key lies everything).  Asked of ascending keys. */
bool restore_keys_hold(struct restore_keys *keys, const void *key, size_t size);

#endif
