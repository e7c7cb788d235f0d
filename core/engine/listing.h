/* SPDX-License-Identifier: Apache-2.0 */
/* listing.h - looking into a backup: names, and the content of one entry. */
#ifndef CORE_ENGINE_LISTING_H
#define CORE_ENGINE_LISTING_H

#include "vault/store.h"

struct listing_request {
    struct store *store;
    const struct seal *seal;
    const uint8_t *key; /* an entry; size 0 = the root */
    size_t key_size;
    bool recursive;
};

/* The entry is valid until the function returns; a result other than 0 ends the listing. */
typedef int listing_function(void *context, const struct tree_entry *entry, struct error *e);

/* Of flat keys (flat.h) what stands behind a slash is in a folder, shown as a DIRECTORY whose
 * key ends with that slash.
 *
 * Calls `each` for what is in the directory `key` - with `recursive` for all that is below it -
 * or for the entry itself when it is no directory, in key order.  NO_ENTRY. */
int listing_run(const struct listing_request *request, listing_function *each, void *context,
                struct error *e);

/* Hands the content of the entry to `take`, in order and in pieces; a -1 of `take` ends it with
 * the error it has set.  NO_ENTRY; INVALID for an entry that has no content. */
int listing_content(const struct listing_request *request,
                    int (*take)(void *context, const void *data, size_t size, struct error *e),
                    void *context, struct error *e);

#endif
