/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spoken.h - a program as a source: lagan-exec(7), kind `source`.
 *
 * Each handle has processes of its own.  Walks, readers and writers live in the process in
 * which they were begun.
 */
#ifndef PLUGINS_SRC_EXEC_SPOKEN_H
#define PLUGINS_SRC_EXEC_SPOKEN_H

#include "src_exec/spoken_entry.h"
#include "src_exec/src_exec.h"

#include <stdatomic.h>

/* Verbs that a program may lack. */
enum { ABSENT_METADATA = 1, ABSENT_EXTENTS = 2 };

/* An opened one. */
struct spoken_handle {
    const struct lagan_source_ops *way;
    const struct exec_source *source;
    struct program_settings settings;
    struct program *program;
    struct lagan_source_capabilities told;
    uint64_t flags;     /* LAGAN_OPEN_... */
    bool greeted;       /* `told` is set */
    atomic_uint absent; /* ABSENT_... that the program was found to lack */
};

/* spoken.c */
uint32_t spoken_open(struct lagan_op *op, const struct exec_source *source, uint64_t flags,
                     void **handle);
/* A key that leads nowhere else: INVALID for "", ".", ".." and whatever holds a slash. */
uint32_t spoken_check_key(struct lagan_op *op, const void *key, size_t size);
/* Ends what a pin names, with the words `verb` and `word`=id; also when all is cancelled. The
 * answer's line is judged by `take`, which may be NULL. */
uint32_t spoken_finish(struct spoken_handle *h, struct lagan_op *op,
                       const struct program_pin *pin, const char *verb, const char *word,
                       void (*take)(void *context, struct program_line *line), void *context);

/* spoken_read.c: slots of <lagan/source.h>. */
uint32_t spoken_walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk);
uint32_t spoken_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries);
void spoken_walk_close(void *walk);
uint32_t spoken_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader);
uint32_t spoken_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got);
uint32_t spoken_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                        const struct lagan_extent_collector *extents);
uint32_t spoken_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict);
uint32_t spoken_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces);
uint32_t spoken_entry_metadata(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces);
/* What is at `key` now: one entry, asked for with `verb`. */
uint32_t spoken_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes);

/* spoken_write.c: the same. */
uint32_t spoken_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer);
uint32_t spoken_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size);
uint32_t spoken_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);
uint32_t spoken_entry_commit(void *writer, struct lagan_op *op,
                             const struct lagan_metadata *pieces, size_t count,
                             const struct lagan_metadata_collector *lost);
void spoken_entry_abort(void *writer);
uint32_t spoken_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost);
uint32_t spoken_directory_finish(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost);
uint32_t spoken_link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            const void *existing, size_t existing_size, uint64_t flags);

#endif
