/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_private.h - the parts of making an inventory.
 *
 *     inventory.c        made known, due
 *     inventory_run.c    the listing
 *     inventory_write.c  rows, data files, the manifest
 */
#ifndef CORE_ENGINE_INVENTORY_PRIVATE_H
#define CORE_ENGINE_INVENTORY_PRIVATE_H

#include "base/clock.h"
#include "engine/gzip.h"
#include "engine/inventory.h"
#include "engine/place_file.h"

/* A data file that is in its place. */
struct inventory_file {
    char *key;
    uint64_t bytes;
    char md5[2 * MD5_SIZE + 1], sha256[2 * HASH_SIZE + 1];
};

struct inventory_writer {
    struct setup *setup;
    const struct inventory_plan *plan;
    const char *name;   /* of the inventory */
    const char *bucket; /* of the source */
    const char *to_name;
    int64_t started_ns; /* wall clock: when the listing began (BAT-12) */
    struct place_output place;
    struct gzip_writer gzip;
    int fd; /* the scratch file; -1 = none */
    uint64_t rows_in_file;
    struct inventory_file *files;
    size_t file_count;
    uint64_t rows, bytes;
    struct buffer line;
};
/* A row as it is going to be written. */
struct inventory_row {
    const struct lagan_entry *entry;
    const void *key; /* of the object, with slashes */
    size_t key_size;
    const char *version; /* "" = none */
    size_t version_size;
    bool latest;
    const char *replication; /* of rules of ours; "" = the store's own, if it tells one */
    const char *tags;        /* as in an address: "a=b&c=d"; "" = none */
};

int inventory_write_row(struct inventory_writer *w, const struct inventory_row *row,
                        struct error *e);
/* The last data file, the manifest and its checksum; `manifest` gets where that is. */
int inventory_write_end(struct inventory_writer *w, char *manifest, size_t room,
                        struct error *e);
void inventory_writer_free(struct inventory_writer *w);

#endif
