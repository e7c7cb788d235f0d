/* SPDX-License-Identifier: Apache-2.0 */
/* restore_keys.c - see restore_keys.h. */
#include "engine/restore_keys.h"

#include "vault/tree.h"

#include <string.h>

int restore_keys_add(struct restore_keys *keys, const void *key, size_t size, struct error *e)
{
    buffer_append_counted(&keys->bytes, key, size);
    return buffer_check(&keys->bytes, e);
}

void restore_keys_free(struct restore_keys *keys)
{
    buffer_free(&keys->bytes);
    keys->at = 0;
}

static bool lies_at_or_below(const uint8_t *top, size_t top_size, const uint8_t *key,
                             size_t size)
{
    if (top_size == 0)
        return true;
    return size >= top_size && memcmp(key, top, top_size) == 0 &&
           (size == top_size || key[top_size] == 0);
}

bool restore_keys_hold(struct restore_keys *keys, const void *key, size_t size)
{
    while (keys->at < keys->bytes.size) {
        struct reader r = reader_of(keys->bytes.data + keys->at, keys->bytes.size - keys->at);
        size_t top_size = 0;
        const uint8_t *top = reader_counted(&r, &top_size);
        if (lies_at_or_below(top, top_size, key, size))
            return true;
        if (tree_key_compare(top, top_size, key, size) > 0)
            return false;
        keys->at = keys->bytes.size - r.left;
    }
    return false;
}
