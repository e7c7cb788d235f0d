/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_private.h - the parts of reading manifests.
 *
 *     manifest.c            rows of CSV, whoever wrote it
 *     manifest_inventory.c  manifest.json and its files
 */
#ifndef CORE_ENGINE_MANIFEST_PRIVATE_H
#define CORE_ENGINE_MANIFEST_PRIVATE_H

#include "base/csv.h"
#include "crypto/hash.h"
#include "crypto/md5.h"
#include "engine/manifest.h"

enum { MANIFEST_VERSION_MOST = 1024, MANIFEST_JSON_MOST = 64 * 1024 * 1024 };

/* The columns that are read: X(symbol, heading). */
#define MANIFEST_COLUMNS(X)                                                                    \
    X(BUCKET, "Bucket")                                                                        \
    X(KEY, "Key")                                                                              \
    X(VERSION, "VersionId")                                                                    \
    X(LATEST, "IsLatest")                                                                      \
    X(MARKER, "IsDeleteMarker")                                                                \
    X(SIZE, "Size")
enum manifest_column {
#define X(symbol, heading) MANIFEST_##symbol,
    MANIFEST_COLUMNS(X)
#undef X
        MANIFEST_COLUMN_COUNT
};
struct manifest_columns {
    int at[MANIFEST_COLUMN_COUNT]; /* -1 = there is none */
    size_t count;                  /* of all; 0 = not known yet */
};
/* "Bucket, Key, ..."; -1 when Bucket or Key is not among them. */
int manifest_columns_parse(const char *text, struct manifest_columns *columns);

struct manifest_work {
    const struct manifest_request *request;
    bool is_inventory;
    struct manifest_columns columns;
    struct csv_reader csv;
    char *bucket; /* of the first row; NULL = there was none */
    struct buffer key;
};
/* What a file was, or has to be. */
struct manifest_file {
    uint64_t bytes;
    uint8_t md5[MD5_SIZE];
    uint8_t sha256[HASH_SIZE];
};
/* Reads the rows of `in`, and tells what it was. */
int manifest_rows(struct manifest_work *w, struct place_input *in, struct manifest_file *file,
                  struct error *e);
int manifest_read_inventory(struct manifest_work *w, uint8_t hash[CATALOG_HASH_SIZE],
                            struct error *e);

#endif
