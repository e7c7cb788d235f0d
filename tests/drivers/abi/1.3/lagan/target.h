/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/target.h - the contract of storage target drivers (`tgt_...`).
 *
 * A target is a flat store of immutable objects.  The host never overwrites and never renames:
 * it creates an object if its name is free, reads ranges, lists by prefix and removes.
 *
 * Keys are zero-terminated strings of [a-z0-9._/-]: no leading or trailing slash, no empty, "."
 * or ".." component, never two that differ only by case, never one that is another one's folder
 * ("a" beside "a/b"), 1 to 200 bytes.  The host sends no others.  A driver may map them to
 * names of its own, but one to one; what it finds in the store and did not write never shows.
 *
 * What every target must hold
 *   Atomic      readers and listings see an object completely or not at all, also after a
 *               crash; what a failed or killed put leaves behind lies in a private place that
 *               listings never show and that `sweep` clears.
 *   Fresh       an object is readable and listed as soon as its put returned.
 *   Durable     once `flush` returned, everything that put, stage_commit and remove reported
 *               before survives a power loss.  An error of the store on the way there (a failed
 *               fsync) is final for that object: it is never reported stored.
 *   Honest      NOT_FOUND and a complete listing are said only when certain.
 *   Several     other handles, processes and machines work on the same store at the same time.
 *               Calls on one key may race; the outcome is that of some order of them.
 *
 * A backup, as the driver sees it
 *
 *   open, capabilities, sweep; list and get of what the vault knows; then stages (or puts) of
 *   packs on up to two threads while gets of older packs go on beside them on others; puts of
 *   small objects; flush before the object that makes the backup valid is put, and flush after
 *   it; close.  A restore gets ranges on several threads.  What a crash cuts off is taken up by
 *   the next backup.
 *
 * Most of the bytes are in packs of about 64 MiB; the rest are a few small objects per backup.
 *
 * Later minors append slots for retention and holds, versions and warming of cold tiers.
 *
 * Log of additions
 *   1.0  2026-11  first version
 *   1.3  2026-11  multipart_..., copy, rename, clock; their capabilities
 */
#ifndef LAGAN_TARGET_H
#define LAGAN_TARGET_H

#include <lagan/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most bytes of a key, without its terminator. */
enum { LAGAN_KEY_LIMIT = 200 };

/* How far the driver itself guarantees something. */
enum lagan_support {
    /* Calls that need it answer UNSUPPORTED. */
    LAGAN_SUPPORT_NONE = 0,
    /* Works, but not atomically or not cheaply. */
    LAGAN_SUPPORT_EMULATED = 1,
    /* The store guarantees it. */
    LAGAN_SUPPORT_NATIVE = 2
};

/* Guarantees; asked once after open.  The host zeroes it and sets `size` first.  Claiming too
 * much loses backups: leave out what is not certain.  Members of one byte are enum
 * lagan_support. */
struct lagan_target_capabilities {
    /* Bytes that the host knows; the driver writes no member behind them. */
    uint32_t size;
    /* Of several writers of one name exactly one wins.  NONE: the host refuses the target. */
    uint8_t put_if_absent;
    /* The stage_ slots: bytes first, the name at commit.  NONE: the host keeps each pack in
     * memory until it has its name, and puts it then. */
    uint8_t staged_put;
    /* LAGAN_PUT_DURABLE is honoured. */
    uint8_t durable_put;
    /* An object is readable once its put returned. */
    uint8_t read_after_write;
    /* A listing shows every object put before it started. */
    uint8_t list_consistent;
    /* Listings are in byte order.  NONE: the host refuses the target. */
    uint8_t list_sorted;
    /* Reading a range does not move the whole object. */
    uint8_t ranged_get;
    /* A given SHA-256 is compared before the object becomes visible.  NONE: it is not looked
     * at. */
    uint8_t checksum;
    /* NONE for append-only credentials: backups work, pruning does not. */
    uint8_t remove;
    /* 0. */
    uint8_t reserved[3];
    /* Useful number of calls at a time; advice, 0 = unknown. */
    uint32_t max_parallel;
    /* Longest object in bytes; 0 = unlimited. */
    uint64_t max_object_bytes;
    /* Best size of a pack in bytes; advice, 0 = no preference. */
    uint64_t preferred_bytes;
    /* Since 1.3: the multipart_ slots; parts of one upload may be put in any order, again, and
     * at the same time where the thread model allows it.  NONE: the host puts every object in
     * one piece. */
    uint8_t multipart;
    /* Since 1.3: the slot `copy`, without moving the bytes through the host. */
    uint8_t copy;
    /* Since 1.3: the slot `rename`, in one step. */
    uint8_t rename;
    /* 0. */
    uint8_t reserved_after_rename;
    /* Since 1.3, with `multipart`: how many parts an upload may have; 0 = unlimited. */
    uint32_t part_limit;
    /* Since 1.3, with `multipart`: bytes that each part but the last must have at least, and
     * any part may have at most; 0 = no such limit. */
    uint64_t part_minimum_bytes;
    uint64_t part_maximum_bytes;
};

/* An object as the store knows it. */
struct lagan_object {
    /* sizeof(struct lagan_object) of whoever made it. */
    uint32_t size;
    /* 0. */
    uint32_t flags;
    /* Its key; valid during the call.  NULL from stat. */
    const char *key;
    /* Its length. */
    uint64_t bytes;
    /* When it was put, by the store's clock, in nanoseconds since 1970; 0 = unknown. */
    int64_t modified_ns;
};

/* Receives objects of a listing. */
struct lagan_object_collector {
    /* For `add`. */
    void *context;
    /* Takes one object; copies what it keeps.  A result other than OK ends the listing with
     * that result. */
    uint32_t (*add)(void *context, const struct lagan_object *object);
};

/* Bytes to be stored. */
struct lagan_content {
    /* For `read`. */
    void *context;
    /* Fills `data` with exactly `size` bytes from `offset`.  Any range within the object, any
     * order, again too.  A result other than OK is returned by `put` unchanged, and nothing is
     * stored. */
    uint32_t (*read)(void *context, uint64_t offset, void *data, size_t size);
};

/* Takes bytes that were read, in order, without a copy in between. */
struct lagan_sink {
    /* For both. */
    void *context;
    /* A place for at least one further byte, `*size` bytes long, valid until `filled`.  NULL
     * ends the call: return INVALID. */
    void *(*room)(void *context, size_t *size);
    /* Says how many bytes, 1 to what `room` gave, were put there.  A result other than OK ends
     * the call: return that result. */
    uint32_t (*filled)(void *context, size_t size);
};

/* Flags of put, stage_commit, multipart_complete, copy and rename. */

/* EXISTS when the name is taken.  The host sets it wherever the capability `put_if_absent` is
 * told; without it a taken name is replaced, or UNSUPPORTED. */
#define LAGAN_PUT_IF_ABSENT UINT64_C(1)
/* Durable on return, as if followed by flush.  Given only where the capability is told. */
#define LAGAN_PUT_DURABLE UINT64_C(2)

/* `length` of a get that reaches to the end of the object. */
#define LAGAN_TO_THE_END UINT64_MAX

/*
 * The table of a target driver.  Mandatory beside the common ones: capabilities, put, get,
 * stat, list, remove, flush.  The stage_ slots come all together or not at all, and so do the
 * multipart_ slots.
 *
 * Any slot with an op may also return CANCELLED, TIMEOUT, TRANSIENT, BUSY, AUTH, OFFLINE and
 * INTERNAL.  `key` is valid until the call returns.  put, stage_commit, multipart_complete,
 * copy, rename and remove change something: with an error they tell the outcome (enum
 * lagan_outcome).
 */
struct lagan_target_ops {
    struct lagan_common_ops common;

    /* Fills `capabilities`, whose `size` is set and whose rest is zero.  An error fails the
     * open. */
    uint32_t (*capabilities)(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *capabilities);

    /* Stores an object of exactly `bytes` (from 0) bytes, read from `content`.  `sha256`: 32
     * bytes or NULL, compared by the store or by the driver.  `flags`: LAGAN_PUT_...  Returns
     * OK, EXISTS (nothing has changed), CORRUPT (the SHA-256 differs, nothing is visible),
     * NO_SPACE, LIMIT, DENIED, IMMUTABLE, UNSUPPORTED (a flag), IO. */
    uint32_t (*put)(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256);

    /* Begins a staged put into `*stage`: bytes arrive in order before the name is known.
     * `bytes_hint`: expected size, 0 = unknown.  Many stages may be open.  Returns as put. */
    uint32_t (*stage_begin)(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                            void **stage);

    /* Appends `size` (from 1) bytes.  After an error only stage_abort follows.  Returns as
     * put. */
    uint32_t (*stage_write)(void *stage, struct lagan_op *op, const void *data, size_t size);

    /* Gives the object its name, in one step.  Frees the stage, also on failure.  `flags` and
     * results as put. */
    uint32_t (*stage_commit)(void *stage, struct lagan_op *op, const char *key, uint64_t flags);

    /* Leaves no trace and frees the stage. */
    void (*stage_abort)(void *stage);

    /* Delivers exactly `length` bytes from `offset`, in order, or fails; what was delivered
     * before a failure is thrown away.  A range that reaches beyond the end is INVALID and
     * delivers nothing; `length` LAGAN_TO_THE_END reaches to the end, wherever that is, and
     * `offset` may be the end itself.  Returns OK, NOT_FOUND, INVALID, CORRUPT, DENIED, IO, or
     * what the sink says. */
    uint32_t (*get)(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink);

    /* Fills `object`, whose `size` is set and whose rest is zero; `key` stays NULL.  Returns
     * OK, NOT_FOUND, DENIED, IO. */
    uint32_t (*stat)(void *handle, struct lagan_op *op, const char *key,
                     struct lagan_object *object);

    /* Hands over at most `limit` (from 1) objects whose keys start with the bytes of `prefix`
     * ("" = all; a prefix need not end with a component) and sort behind `start_after` ("" =
     * from the first; it need not exist), in byte order.  `*more`: non-zero when others follow,
     * and only after a page that is not empty.  Every object that exists throughout a walk of
     * several calls is shown exactly once; one that comes or goes meanwhile may be.  The host
     * checks order, prefix and number, and refuses a page that breaks the rule.  Returns OK (no
     * objects too), DENIED, IO, or what the collector says. */
    uint32_t (*list)(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more);

    /* Removes an object.  Returns OK (it was absent, too), DENIED, IMMUTABLE, UNSUPPORTED (the
     * credentials only append), IO. */
    uint32_t (*remove)(void *handle, struct lagan_op *op, const char *key);

    /* The barrier: see "Durable" above.  Covers all threads of this handle.  Returns OK, IO,
     * NO_SPACE; after an error what came before is not known to be durable, and the host does
     * not ask again. */
    uint32_t (*flush)(void *handle, struct lagan_op *op);

    /* Bytes in all and free for us; UINT64_MAX = unknown or unlimited.  For people alone.
     * Absent: unknown. */
    uint32_t (*capacity)(void *handle, struct lagan_op *op, uint64_t *total,
                         uint64_t *available);

    /* Removes what dead writers left behind, and counts it in `*removed`.  Spares what may
     * belong to live ones: by proof where there is one, else what is younger than
     * `older_than_ns` nanoseconds.  Called at the start of a backup; an error is logged and
     * forgotten.  Absent: writers leave nothing behind. */
    uint32_t (*sweep)(void *handle, struct lagan_op *op, int64_t older_than_ns,
                      uint64_t *removed);

    /* Since 1.3.  Begins an upload in parts of the object `key` into `*upload`.  Nothing is
     * visible before multipart_complete; what a killed process leaves behind is the business of
     * `sweep`.  `bytes`: the object's length.  Many uploads may be open, of one key too.
     * Returns as put. */
    uint32_t (*multipart_begin)(void *handle, struct lagan_op *op, const char *key,
                                uint64_t bytes, void **upload);

    /* Since 1.3.  Puts part `number` (from 1): `bytes` (from 1) bytes read from `content`,
     * whose offsets are those within the part.  A number that was put before is replaced. Calls
     * for different parts of one upload may overlap with LAGAN_THREADS_PARALLEL, each with an
     * op of its own.  A part that failed harms no other and may be put again.  `sha256` as in
     * put, of the part.  Returns as put, but never EXISTS. */
    uint32_t (*part_put)(void *upload, struct lagan_op *op, uint32_t number, uint64_t bytes,
                         const struct lagan_content *content, const uint8_t *sha256);

    /* Since 1.3.  Makes the object of parts 1 to `parts`, in that order, visible in one step;
     * INVALID when one of them was never put, or when their lengths do not add up to what
     * multipart_begin was told.  Frees the upload, also on failure, when nothing is visible.
     * `flags` and results as put. */
    uint32_t (*multipart_complete)(void *upload, struct lagan_op *op, uint32_t parts,
                                   uint64_t flags);

    /* Since 1.3.  Leaves no trace and frees the upload.  No part_put is running. */
    void (*multipart_abort)(void *upload);

    /* Since 1.3.  Makes an object `to` with the bytes of `from`, which stays.  `flags` as put.
     * Returns as put, and NOT_FOUND (`from`).  Absent: the host reads and puts. */
    uint32_t (*copy)(void *handle, struct lagan_op *op, const char *from, const char *to,
                     uint64_t flags);

    /* Since 1.3.  Gives the object `from` the name `to`: at every moment readers find it under
     * at least one of the two names, and under one alone in the end.  `flags` and results as
     * copy.  Absent: the host copies and removes. */
    uint32_t (*rename)(void *handle, struct lagan_op *op, const char *from, const char *to,
                       uint64_t flags);

    /* Since 1.3.  The store's own clock, nanoseconds since 1970, as of some moment during the
     * call.  Returns OK, UNSUPPORTED.  Absent: the store has none that differs from ours. */
    uint32_t (*clock)(void *handle, struct lagan_op *op, int64_t *now_ns);
};

#ifdef __cplusplus
}
#endif

#endif
