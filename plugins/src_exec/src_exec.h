/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_exec.h - what a command prints as a source: a dump of a database; or, with
 * speaks=protocol, whatever a program says (spoken.h).
 *
 * What follows is the former.  The source has one file, which is the command's standard output;
 * it is read as it comes, and is complete only when the command has ended with status 0.
 * Anything else is an error of scope instance, so that no backup is made of half a dump.
 *
 * With a folder (which `restore --to` gives) the file lies there: restores write it, and who
 * opens the folder for reading reads it back, without running anything.
 */
#ifndef PLUGINS_SRC_EXEC_H
#define PLUGINS_SRC_EXEC_H

#include "common/exec.h"

#include <lagan/source.h>

enum { OUTPUT_NAME_LIMIT = 255 };

/* What was configured; everything is owned. */
struct exec_source {
    struct exec_command command;
    struct exec_command restore; /* no words: there is none */
    char *line;
    char *restore_line;
    char *name;
    char *folder; /* NULL = the command is read */
    bool shell;
    int64_t timeout_ns; /* 0 = no limit */
    bool speaks;        /* the command is a program that speaks the protocol */
    unsigned processes; /* of that */
};

/*
 * Handles, walks, readers and writers start with the table of the functions that made them;
 * way.c passes each call on to it.
 */
extern const struct lagan_source_ops exec_ops;        /* way.c: what the host gets */
extern const struct lagan_source_ops exec_way;        /* src_exec.c: a command's output */
extern const struct lagan_source_ops exec_spoken_way; /* spoken.c: a program */

/* An opened one. */
struct exec_handle {
    const struct lagan_source_ops *way;
    const struct exec_source *source;
    int folder;    /* -1 = the command */
    bool writable; /* opened for restoring */
};

/* How long a command may still take. */
struct exec_limit {
    int64_t end_ns; /* CLOCK_MONOTONIC; INT64_MAX = no limit */
};

/* src_exec.c: common to both directions. */

/* Slots that the ways have in common. */
uint32_t exec_instance_new(struct lagan_op *op, void **instance);
void exec_instance_free(void *instance);
uint32_t exec_configure(void *instance, struct lagan_op *op, uint32_t row,
                        const struct lagan_value *value);
uint32_t exec_configured(void *instance, struct lagan_op *op);
uint32_t exec_open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle);

/* lagan_fail() with the scope instance: half a dump is none. */
LAGAN_PRINTF(4, 5)
uint32_t exec_fail(struct lagan_op *op, uint32_t error_class, int32_t native,
                   const char *format, ...);
/* The class of an errno value, with its text behind `what`. */
uint32_t exec_fail_errno(struct lagan_op *op, int number, const char *what);
struct exec_limit exec_limit_begin(const struct exec_source *source);
/* Cancelled, or over its limit. */
uint32_t exec_limit_check(struct lagan_op *op, const struct exec_source *source,
                          const struct exec_limit *limit);
/* OK when it ended with status 0. */
uint32_t exec_judge(struct lagan_op *op, const struct exec_process *process,
                    const struct exec_command *command);
/* Whether this is the key of the one file. */
bool exec_is_output(const struct exec_source *source, const void *key, size_t key_size);
/* Hands over the root; and the file, as it lies in the folder (NOT_FOUND), or as it will be. */
uint32_t exec_hand_root(const struct lagan_entry_collector *entries);
uint32_t exec_hand_output(const struct exec_handle *h, struct lagan_op *op,
                          const struct lagan_entry_collector *entries);

/* read.c: slots of <lagan/source.h>. */
uint32_t exec_walk_open(void *handle, struct lagan_op *op,
                        const struct lagan_walk_request *request, void **walk);
uint32_t exec_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                        const struct lagan_entry_collector *entries);
void exec_walk_close(void *walk);
uint32_t exec_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const void *id, size_t id_size,
                         const struct lagan_entry_collector *attributes, void **reader);
uint32_t exec_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                      size_t size, size_t *got);
uint32_t exec_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict);

/* write.c: the same. */
uint32_t exec_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const struct lagan_entry_collector *attributes);
uint32_t exec_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                           uint64_t flags, void **writer);
uint32_t exec_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                       size_t size);
uint32_t exec_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);
uint32_t exec_entry_commit(void *writer, struct lagan_op *op,
                           const struct lagan_metadata *pieces, size_t count,
                           const struct lagan_metadata_collector *lost);
void exec_entry_abort(void *writer);
uint32_t exec_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                          uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost);
uint32_t exec_directory_finish(void *handle, struct lagan_op *op,
                               const struct lagan_entry *entry, uint64_t flags,
                               const struct lagan_metadata *pieces, size_t count,
                               const struct lagan_metadata_collector *lost);

#endif
