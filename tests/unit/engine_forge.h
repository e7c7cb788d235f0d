/* SPDX-License-Identifier: Apache-2.0 */
/* engine_forge.h - backups made below the engine, entry by entry, that no source would make. */
#ifndef TESTS_UNIT_ENGINE_FORGE_H
#define TESTS_UNIT_ENGINE_FORGE_H

#include "engine_fixture.h"

/* What is wrong with the content of a file. */
enum forged_content {
    CONTENT_GOOD,          /* `text`, or with `bytes` that many of them */
    CONTENT_HOLE,          /* one hole of `bytes` */
    CONTENT_HOLE_AND_TEXT, /* a hole of `bytes`, then `text` */
    CONTENT_MISSING,       /* a chunk that the vault does not have */
    CONTENT_OF_METADATA,   /* the chunk is one of metadata */
    CONTENT_SHORTER,       /* the chunk is shorter than its record says */
    CONTENT_LONGER,
    CONTENT_MAP_LONGER, /* a content map whose records are longer than it says */
    CONTENT_MAP_SHORTER,
    CONTENT_MAP_MISSING, /* a map that the vault does not have */
    CONTENT_MAP_OF_DATA, /* a map that is a chunk of data */
    CONTENT_MAP_GARBAGE, /* a map that is none */
    CONTENT_MAP_TOO_HIGH /* the map says another height */
};

/* What is wrong with the further metadata of an entry. */
enum forged_metadata {
    METADATA_NONE,
    METADATA_GIVEN, /* `metadata`, as it is */
    METADATA_CHUNK_MISSING,
    METADATA_CHUNK_SIZE, /* says another size than the chunk has */
    METADATA_CHUNK_HUGE, /* says 4 GiB */
    METADATA_CHUNK_GIVEN /* `metadata`, in a chunk of its own */
};

struct forged {
    uint32_t type;
    const void *key;
    size_t key_size;
    const char *text; /* content of a file */
    uint64_t bytes;
    enum forged_content content;
    const void *link; /* target of a symlink */
    size_t link_size;
    uint32_t mode; /* 0 = 0644 or 0755 */
    uint32_t user, group;
    uint8_t links_to; /* group of hard links; 0 = none */
    uint32_t links;   /* number of names; 0 = 1 */
    uint32_t device_major, device_minor;
    int64_t mtime_s; /* 0 = some time */
    const char *user_name;
    enum forged_metadata metadata_kind;
    const struct buffer *metadata;
};

/* A backup of these entries (in any order), with a root unless they have one; seal_free it. */
struct seal *forge(struct engine *g, const struct forged *entries, size_t count);
/* A backup whose tree is one leaf with two entries of these keys, as they stand. */
struct seal *forge_leaf(struct engine *g, const char *first, const char *second);

/* Appends an encoded piece of metadata. */
void forge_piece(struct buffer *out, uint32_t kind, const char *name, size_t name_size,
                 const void *value, size_t value_size);

#endif
