/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - lists of objects: an inventory (lagan-inventory(5), and those that stores write
 * in the same form), or a CSV that people have made.
 *
 * What ends in ".json" is the manifest of an inventory: its MD5 stands in `manifest.checksum`
 * beside it, and each data file is compared with the length and the hashes that it tells.
 * Anything else is CSV, compressed or not, whose columns its heading or `fields` names: Bucket,
 * Key (as in an address, %XX for bytes), VersionId, Ignore, and those of inventories.
 *
 * Bytes are not trusted.  Code MANIFEST with file and line for all that is wrong in them.
 */
#ifndef CORE_ENGINE_MANIFEST_H
#define CORE_ENGINE_MANIFEST_H

#include "catalog/batch.h"
#include "engine/place_file.h"

struct manifest_row {
    const void *key; /* the object's, with slashes as in buckets */
    size_t key_size;
    const char *version; /* "" = the current one */
    bool has_bytes;
    uint64_t bytes;
    const char *name; /* where it stands, for messages ... */
    uint64_t line;    /* ... from 1 */
};
struct manifest_request {
    struct setup *setup;
    const char *text;   /* place_file.h */
    const char *fields; /* columns of a CSV without a heading; NULL = Bucket,Key[,VersionId] */
    const char *const *buckets; /* the names that the source bucket may have; ends with NULL */
    void *context;
    /* Takes a row; delete markers and versions that are not the latest are passed over. */
    int (*each)(void *context, const struct manifest_row *row, struct error *e);
};
/* Reads all rows.  `hash`: SHA-256 of the manifest itself.  BAT-02: a second bucket, or another
 * one than the source's, is MANIFEST. */
int manifest_read(const struct manifest_request *request, uint8_t hash[CATALOG_HASH_SIZE],
                  struct error *e);
/* The hash alone. */
int manifest_hash(struct setup *s, const char *text, uint8_t hash[CATALOG_HASH_SIZE],
                  struct error *e);

#endif
