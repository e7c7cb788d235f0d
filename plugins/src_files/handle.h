/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handle.h - an instance and an open tree, as all files of the driver see them, and the slots
 * that those files fill.  <lagan/source.h> is the contract of each slot.
 */
#ifndef SRC_FILES_HANDLE_H
#define SRC_FILES_HANDLE_H

#include "src_files/beneath.h"
#include "src_files/owners.h"

#include <lagan/source.h>
#include <stdbool.h>

/* What was configured. */
struct instance {
    char *path;
    bool one_file_system;
    bool exclude_caches;
    bool cached;      /* everything is written through the page cache */
    unsigned threads; /* 0 = automatic */
    char **marks;     /* a directory that holds one of these names is left empty */
    size_t mark_count;
};

/* A tree that was opened. */
struct handle {
    const struct instance *instance;
    struct beneath *beneath;
    struct owners *owners;
    int root;            /* the descriptor that `beneath` owns */
    char *only;          /* the one entry below the root that counts; NULL = all */
    uint32_t root_major; /* file system of the root */
    uint32_t root_minor;
    bool writable;
};

/* walk.c */
uint32_t files_walk_open(void *handle, struct lagan_op *op,
                         const struct lagan_walk_request *request, void **walk);
uint32_t files_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                         const struct lagan_entry_collector *entries);
void files_walk_close(void *walk);

/* read.c */
uint32_t files_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                          const void *id, size_t id_size,
                          const struct lagan_entry_collector *attributes, void **reader);
uint32_t files_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                       size_t size, size_t *got);
uint32_t files_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                       const struct lagan_extent_collector *extents);
uint32_t files_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict);

uint32_t files_entry_metadata(void *reader, struct lagan_op *op,
                              const struct lagan_metadata_collector *pieces);

/* metadata.c */
uint32_t files_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        uint32_t type, const struct lagan_metadata_collector *pieces);

/* write.c */
uint32_t files_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, void **writer);
uint32_t files_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                        size_t size);
uint32_t files_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);
uint32_t files_entry_commit(void *writer, struct lagan_op *op,
                            const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost);
void files_entry_abort(void *writer);

/* node.c */
uint32_t files_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                          const struct lagan_entry_collector *attributes);
uint32_t files_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                           uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                           const struct lagan_metadata_collector *lost);
uint32_t files_directory_finish(void *handle, struct lagan_op *op,
                                const struct lagan_entry *entry, uint64_t flags,
                                const struct lagan_metadata *pieces, size_t count,
                                const struct lagan_metadata_collector *lost);
uint32_t files_link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *existing, size_t existing_size, uint64_t flags);

#endif
