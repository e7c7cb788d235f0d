/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_origin.h - what a copy that a replication rule has made says of itself, as user
 * metadata: it is known again at either end, whatever the catalog knows.
 *
 *     lagan1 rule=NAME from=HASH to=HASH key=HASH version=ID
 *
 * `from` is a hash of the place that it is a copy from, `to` one of the name of the container
 * (the bucket) that it was made for: somebody who copies it elsewhere, or under another key,
 * makes an object that is no copy any more.  Addresses of one container differ, its name does
 * not, so that pairs of rules in both directions never loop.  Pure.
 */
#ifndef CORE_ENGINE_OBJECT_ORIGIN_H
#define CORE_ENGINE_OBJECT_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

/* The name of the piece. */
#define OBJECT_ORIGIN_PIECE "meta:lagan-origin"

enum { OBJECT_ORIGIN_SIZE = 1400 };

struct object_origin {
    const char *rule;      /* its name */
    const char *from, *to; /* as source_place_name tells them */
    const void *key;       /* of the object */
    size_t key_size;
    const char *version; /* at the source; not terminated */
    size_t version_size;
};

/* The text, terminated; ids of versions of more than 300 bytes are cut. */
void object_origin_make(const struct object_origin *origin, char text[OBJECT_ORIGIN_SIZE]);

/* Whether `text` (`size` bytes) says that an object `key` of the place `place` is a copy. */
bool object_origin_is_copy(const char *text, size_t size, const char *place, const void *key,
                           size_t key_size);
/* Whether it says that the object is the copy of exactly that version, by any rule. */
bool object_origin_is_of(const char *text, size_t size, const struct object_origin *origin);

#endif
