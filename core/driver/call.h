/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.h - one call into a driver, as data.
 *
 * Between target.h and source.h above and the slots of a driver below stands a stack of layers
 * (layer.h): retry, throttle, trace and so on.  Nearly all of them treat every slot alike, so
 * that a call is a verb with its arguments instead of a function per slot and layer.  What a
 * layer must know of a verb stands in the table below.
 */
#ifndef CORE_DRIVER_CALL_H
#define CORE_DRIVER_CALL_H

#include "driver/driver_private.h"

#include <stdbool.h>
#include <stdint.h>

/* What layers must know of a verb (bits). */
enum {
    /* It changes the store or the place: with an error its outcome counts. */
    CALL_CHANGES = 1,
    /* The same call may be made again after TRANSIENT or BUSY with outcome not-done: it then
     * does what the first one would have done.  A verb without the bit consumes something (a
     * stage, a walk's position) even when it fails. */
    CALL_REPEATABLE = 2,
    /* Moves bytes to the store or place. */
    CALL_SENDS = 4,
    /* Moves bytes from it. */
    CALL_RECEIVES = 8,
    /* Hands things to a collector or sink before it returns: a layer that repeats it sees to it
     * that nothing is handed over twice. */
    CALL_COLLECTS = 16,
    /* Has no op and never fails (aborts, closes): layers only let go of what they keep. */
    CALL_RELEASES = 32,
    /* Makes an object of the driver that later calls refer to. */
    CALL_MAKES = 64
};

/* X(symbol, slot, flags): the verbs of targets; `slot` is the name in struct lagan_target_ops
 * and the word that people write and read. */
#define CALL_TARGET_VERBS(X)                                                                   \
    X(TARGET_CAPABILITIES, capabilities, CALL_REPEATABLE)                                      \
    X(PUT, put, CALL_CHANGES | CALL_REPEATABLE | CALL_SENDS)                                   \
    X(STAGE_BEGIN, stage_begin, CALL_REPEATABLE | CALL_MAKES)                                  \
    X(STAGE_WRITE, stage_write, CALL_SENDS)                                                    \
    X(STAGE_COMMIT, stage_commit, CALL_CHANGES)                                                \
    X(STAGE_ABORT, stage_abort, CALL_RELEASES)                                                 \
    X(GET, get, CALL_REPEATABLE | CALL_RECEIVES | CALL_COLLECTS)                               \
    X(STAT, stat, CALL_REPEATABLE)                                                             \
    X(LIST, list, CALL_REPEATABLE | CALL_COLLECTS)                                             \
    X(REMOVE, remove, CALL_CHANGES | CALL_REPEATABLE)                                          \
    X(FLUSH, flush, 0)                                                                         \
    X(CAPACITY, capacity, CALL_REPEATABLE)                                                     \
    X(SWEEP, sweep, CALL_CHANGES | CALL_REPEATABLE)                                            \
    X(MULTIPART_BEGIN, multipart_begin, CALL_REPEATABLE | CALL_MAKES)                          \
    X(PART_PUT, part_put, CALL_REPEATABLE | CALL_SENDS)                                        \
    X(MULTIPART_COMPLETE, multipart_complete, CALL_CHANGES)                                    \
    X(MULTIPART_ABORT, multipart_abort, CALL_RELEASES)                                         \
    X(COPY, copy, CALL_CHANGES | CALL_REPEATABLE)                                              \
    X(RENAME, rename, CALL_CHANGES | CALL_REPEATABLE)                                          \
    X(CLOCK, clock, CALL_REPEATABLE)

/* The same of sources, struct lagan_source_ops. */
#define CALL_SOURCE_VERBS(X)                                                                   \
    X(SOURCE_CAPABILITIES, capabilities, CALL_REPEATABLE)                                      \
    X(CHECK, check, CALL_COLLECTS)                                                             \
    X(ESTIMATE, estimate, CALL_REPEATABLE)                                                     \
    X(WALK_OPEN, walk_open, CALL_REPEATABLE | CALL_MAKES)                                      \
    X(WALK_NEXT, walk_next, CALL_COLLECTS)                                                     \
    X(WALK_CLOSE, walk_close, CALL_RELEASES)                                                   \
    X(ENTRY_OPEN, entry_open, CALL_REPEATABLE | CALL_COLLECTS | CALL_MAKES)                    \
    X(READ_AT, read_at, CALL_REPEATABLE | CALL_RECEIVES)                                       \
    X(EXTENTS, extents, CALL_REPEATABLE | CALL_COLLECTS)                                       \
    X(ENTRY_CLOSE, entry_close, 0)                                                             \
    X(METADATA, metadata, CALL_REPEATABLE | CALL_COLLECTS)                                     \
    X(ENTRY_METADATA, entry_metadata, CALL_REPEATABLE | CALL_COLLECTS)                         \
    X(ENTRY_STAT, entry_stat, CALL_REPEATABLE | CALL_COLLECTS)                                 \
    X(ENTRY_CREATE, entry_create, CALL_REPEATABLE | CALL_MAKES)                                \
    X(WRITE_AT, write_at, CALL_CHANGES | CALL_SENDS)                                           \
    X(WRITE_ZERO, write_zero, CALL_CHANGES)                                                    \
    X(ENTRY_COMMIT, entry_commit, CALL_CHANGES)                                                \
    X(ENTRY_ABORT, entry_abort, CALL_RELEASES)                                                 \
    X(NODE_CREATE, node_create, CALL_CHANGES | CALL_REPEATABLE | CALL_COLLECTS)                \
    X(DIRECTORY_FINISH, directory_finish, CALL_CHANGES | CALL_REPEATABLE | CALL_COLLECTS)      \
    X(LINK_CREATE, link_create, CALL_CHANGES | CALL_REPEATABLE)                                \
    X(PLACE_NAME, place_name, CALL_REPEATABLE)                                                 \
    X(ENTRY_COPY, entry_copy, CALL_CHANGES | CALL_REPEATABLE | CALL_COLLECTS)                  \
    X(ENTRY_REMOVE, entry_remove, CALL_CHANGES | CALL_REPEATABLE)

enum call_verb {
#define X(symbol, slot, flags) CALL_##symbol,
    CALL_TARGET_VERBS(X) CALL_SOURCE_VERBS(X)
#undef X
        CALL_VERB_COUNT
};

/* The arguments of each verb, named as in the headers of the drivers.  `made`: where the new
 * object goes. */
union call_arguments {
    struct lagan_target_capabilities *target_capabilities;
    struct {
        const char *key;
        uint64_t bytes;
        const struct lagan_content *content;
        uint64_t flags;
        const uint8_t *sha256;
    } put;
    struct {
        uint64_t bytes_hint;
        void **made;
    } stage_begin;
    struct {
        const void *data;
        size_t size;
    } stage_write;
    struct {
        const char *key;
        uint64_t flags;
    } stage_commit;
    struct {
        const char *key;
        uint64_t offset;
        uint64_t length;
        const struct lagan_sink *sink;
    } get;
    struct {
        const char *key;
        struct lagan_object *object;
    } stat;
    struct {
        const char *prefix;
        const char *start_after;
        uint32_t limit;
        const struct lagan_object_collector *objects;
        int *more;
    } list;
    struct {
        const char *key;
    } remove;
    struct {
        uint64_t *total;
        uint64_t *available;
    } capacity;
    struct {
        int64_t older_than_ns;
        uint64_t *removed;
    } sweep;
    struct {
        const char *key;
        uint64_t bytes;
        void **made;
    } multipart_begin;
    struct {
        uint32_t number;
        uint64_t bytes;
        const struct lagan_content *content;
        const uint8_t *sha256;
    } part_put;
    struct {
        uint32_t parts;
        uint64_t flags;
    } multipart_complete;
    struct {
        const char *from;
        const char *to;
        uint64_t flags;
    } copy; /* and rename */
    int64_t *clock;

    struct lagan_source_capabilities *source_capabilities;
    const struct lagan_finding_collector *check;
    struct {
        uint64_t *bytes;
        uint64_t *entries;
    } estimate;
    struct {
        const struct lagan_walk_request *request;
        void **made;
    } walk_open;
    struct {
        uint32_t limit;
        const struct lagan_entry_collector *entries;
    } walk_next;
    struct {
        const void *key;
        size_t key_size;
        const void *id;
        size_t id_size;
        const struct lagan_entry_collector *attributes;
        void **made;
    } entry_open;
    struct {
        uint64_t offset;
        void *data;
        size_t size;
        size_t *got;
    } read_at;
    struct {
        uint64_t offset;
        uint64_t length;
        const struct lagan_extent_collector *extents;
    } extents;
    uint32_t *entry_close; /* the verdict; may be NULL */
    struct {
        const void *key;
        size_t key_size;
        uint32_t type;
        const struct lagan_metadata_collector *pieces;
    } metadata;
    const struct lagan_metadata_collector *entry_metadata;
    struct {
        const void *key;
        size_t key_size;
        const struct lagan_entry_collector *attributes;
    } entry_stat;
    struct {
        const struct lagan_entry *entry;
        uint64_t flags;
        void **made;
    } entry_create;
    struct {
        uint64_t offset;
        const void *data;
        size_t size;
    } write_at;
    struct {
        uint64_t offset;
        uint64_t length;
    } write_zero;
    struct {
        const struct lagan_metadata *pieces;
        size_t count;
        const struct lagan_metadata_collector *lost;
    } entry_commit;
    struct {
        const struct lagan_entry *entry;
        uint64_t flags;
        const struct lagan_metadata *pieces;
        size_t count;
        const struct lagan_metadata_collector *lost;
    } node; /* node_create and directory_finish */
    struct {
        const void *key;
        size_t key_size;
        const void *existing;
        size_t existing_size;
        uint64_t flags;
    } link_create;
    struct {
        char *name;
        size_t size;
    } place_name;
    struct {
        const char *place;
        const void *from;
        size_t from_size;
        const void *id;
        size_t id_size;
        const struct lagan_entry *entry;
        uint64_t flags;
        const struct lagan_metadata *pieces;
        size_t count;
        const struct lagan_metadata_collector *lost;
    } entry_copy;
    struct {
        const void *key;
        size_t key_size;
        uint64_t flags;
    } entry_remove;
};

/* One call on its way down. */
struct call {
    enum call_verb verb;
    struct lagan_op *op; /* NULL with CALL_RELEASES */
    void *object;        /* the driver's, or that of a layer above it: handle, stage, upload,
                            walk, reader, writer; what the slot takes first */
    union call_arguments with;
};

/* Makes the call of the driver whose table is `ops`; UNSUPPORTED, without details, when it has
 * no such slot (LAGAN_OK with CALL_RELEASES). */
uint32_t call_execute(const union driver_ops *ops, struct call *c);

/* "put", "read_at", ...: the slot's name. */
const char *call_verb_name(enum call_verb verb);
/* CALL_CHANGES and so on. */
unsigned call_verb_flags(enum call_verb verb);
/* The kind of driver that has the verb. */
enum lagan_kind call_verb_kind(enum call_verb verb);
/* The verb of `kind` with this name, or CALL_VERB_COUNT. */
enum call_verb call_verb_find(enum lagan_kind kind, const char *name);

/* The key that a call of a target names (the one to be written, for copy and rename), or NULL
 * when it names none. */
const char *call_key(const struct call *c);
/* How many bytes the call is to move, as far as that is known before it is made; 0 = none or
 * unknown (a get to the end). */
uint64_t call_bytes(const struct call *c);
/* With CALL_MAKES: where the new object goes. */
void **call_made(const struct call *c);

#endif
