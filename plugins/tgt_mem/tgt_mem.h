/* SPDX-License-Identifier: Apache-2.0 */
/* tgt_mem.h - a store of objects in memory, for tests: simple enough to be believed. */
#ifndef PLUGINS_TGT_MEM_H
#define PLUGINS_TGT_MEM_H

#include <lagan/target.h>

#include <stdbool.h>

struct memory_store;

/* The store called `name`, made when there is none (`*fresh` tells); it lasts as long as the
 * process. NULL when memory runs out. */
struct memory_store *memory_store_named(const char *name, bool make, bool *fresh);

/* Adds an object; `data` (from malloc) then belongs to the store.  LAGAN_EXISTS when the key is
 * taken and not to be replaced, LAGAN_INTERNAL when memory runs out: `data` stays the caller's.
 */
uint32_t memory_store_add(struct memory_store *s, const char *key, uint8_t *data,
                          uint64_t bytes, bool replace);
/* Gives the bytes of `from` the name `to` as well, or alone when they are not to be kept, in
 * one step.  As memory_store_add, and LAGAN_NOT_FOUND. */
uint32_t memory_store_copy(struct memory_store *s, const char *from, const char *to,
                           bool replace, bool keep);
/* Calls `see` with the object while nobody can remove it, and returns what it returns;
 * LAGAN_NOT_FOUND when there is none. */
uint32_t memory_store_see(struct memory_store *s, const char *key,
                          uint32_t (*see)(void *context, const uint8_t *data, uint64_t bytes),
                          void *context);
void memory_store_remove(struct memory_store *s, const char *key);
/* Shows at most `limit` objects that start with `prefix` and sort behind `after`. */
uint32_t memory_store_list(struct memory_store *s, const char *prefix, const char *after,
                           uint32_t limit, const struct lagan_object_collector *objects,
                           int *more);
uint64_t memory_store_bytes(struct memory_store *s);

/* A get in progress, for memory_store_see. */
struct memory_delivery {
    struct lagan_op *op;
    const struct lagan_sink *sink;
    uint64_t offset;
    uint64_t length;
};
/* Hands the range of the object to the sink; INVALID when it reaches beyond the end. */
uint32_t memory_deliver(void *context, const uint8_t *data, uint64_t bytes);

/* What a target in memory is for the driver's files. */
struct memory_handle {
    struct memory_store *store;
    bool stages;
    bool plain; /* only what no target can do without */
    bool read_only;
    uint64_t limit;
};

/* Stores `data`, which is freed when that fails, as the flags of a put say. */
uint32_t memory_add(struct memory_handle *h, struct lagan_op *op, const char *key,
                    uint8_t *data, uint64_t bytes, uint64_t flags);
/* CANCELLED once the op is cancelled, UNSUPPORTED for an unknown flag that must be known. */
uint32_t memory_check(struct lagan_op *op, uint64_t flags, uint64_t known);
/* Fails the op with the store's result. */
uint32_t memory_fail(struct lagan_op *op, uint32_t result);

/* more.c: slots of ABI 1.3. */
uint32_t memory_multipart_begin(void *handle, struct lagan_op *op, const char *key,
                                uint64_t bytes, void **upload);
uint32_t memory_part_put(void *upload, struct lagan_op *op, uint32_t number, uint64_t bytes,
                         const struct lagan_content *content, const uint8_t *sha256);
uint32_t memory_multipart_complete(void *upload, struct lagan_op *op, uint32_t parts,
                                   uint64_t flags);
void memory_multipart_abort(void *upload);
uint32_t memory_copy(void *handle, struct lagan_op *op, const char *from, const char *to,
                     uint64_t flags);
uint32_t memory_rename(void *handle, struct lagan_op *op, const char *from, const char *to,
                       uint64_t flags);
uint32_t memory_clock(void *handle, struct lagan_op *op, int64_t *now_ns);

#endif
