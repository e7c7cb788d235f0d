/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tgt_exec.h - a program as a target: lagan-exec(7), kind `target`.
 *
 * Each handle has processes of its own, one for each call that is made at the same time, up to
 * `processes`.  A stage lives in the process in which it was begun.
 */
#ifndef PLUGINS_TGT_EXEC_H
#define PLUGINS_TGT_EXEC_H

#include "common/program.h"

#include <lagan/target.h>
#include <stdatomic.h>

/* What was configured; everything is owned. */
struct exec_target {
    struct exec_command command;
    char *line;
    char *place; /* NULL = the program knows */
    bool shell;
    unsigned processes;
    int64_t timeout_ns;
};

/* Verbs that a program may lack. */
enum { ABSENT_CAPACITY = 1, ABSENT_SWEEP = 2 };

/* An opened one. */
struct exec_handle {
    struct program_settings settings;
    struct program *program;
    struct lagan_target_capabilities told;
    const char *place;  /* the instance's */
    bool greeted;       /* `told` is set */
    bool read_only;     /* nothing may change */
    bool initialise;    /* the place may be made */
    bool always;        /* all is durable when it is answered */
    atomic_uint absent; /* ABSENT_... that the program was found to lack */
};

/* write.c: slots of <lagan/target.h>. */
uint32_t exec_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                  const struct lagan_content *content, uint64_t flags, const uint8_t *sha256);
uint32_t exec_stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint, void **stage);
uint32_t exec_stage_write(void *stage, struct lagan_op *op, const void *data, size_t size);
uint32_t exec_stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags);
void exec_stage_abort(void *stage);
uint32_t exec_remove(void *handle, struct lagan_op *op, const char *key);
uint32_t exec_flush(void *handle, struct lagan_op *op);
uint32_t exec_sweep(void *handle, struct lagan_op *op, int64_t older_than_ns,
                    uint64_t *removed);

/* read.c: the same. */
uint32_t exec_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                  uint64_t length, const struct lagan_sink *sink);
uint32_t exec_stat(void *handle, struct lagan_op *op, const char *key,
                   struct lagan_object *object);
uint32_t exec_list(void *handle, struct lagan_op *op, const char *prefix,
                   const char *start_after, uint32_t limit,
                   const struct lagan_object_collector *objects, int *more);
uint32_t exec_capacity(void *handle, struct lagan_op *op, uint64_t *total, uint64_t *available);

#endif
