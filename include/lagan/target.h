/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/target.h - the contract of storage target drivers (`tgt_...`).
 *
 * A target is a flat store of immutable objects.  The host never overwrites and never renames:
 * it creates an object if its name is free, reads ranges, lists by prefix and removes.
 *
 * Keys are zero-terminated strings of [a-z0-9._/-]: no leading or trailing slash, no empty, "." or
 * ".." component, never two that differ only by case, never one that is another one's folder ("a"
 * beside "a/b"), at most 200 bytes.  A driver may map them to names of its own, but one to one.
 *
 * What every target must hold
 *   Atomic      readers and listings see an object completely or not at all, also after a crash;
 *               what a failed or killed put leaves behind lies in a private place that listings
 *               never show and that `sweep` clears.
 *   Fresh       an object is readable and listed as soon as its put returned.
 *   Durable     once `flush` returned, everything that put, stage_commit and remove reported before
 *               survives a power loss.  An error of the store on the way there (a failed fsync) is
 *               final for that object: it is never reported stored.
 *   Honest      NOT_FOUND and a complete listing are said only when certain.
 *
 * Later minors append slots for multipart puts, server-side copies, retention and holds, versions,
 * warming of cold tiers and the store's clock.
 *
 * Log of additions
 *   1.0  2026-11  first version
 */
#ifndef LAGAN_TARGET_H
#define LAGAN_TARGET_H

#include <lagan/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LAGAN_KEY_LIMIT = 200 }; /* bytes of a key, without its terminator */

/* How far the driver itself guarantees something. */
enum lagan_support {
    LAGAN_SUPPORT_NONE = 0,     /* calls that need it answer UNSUPPORTED */
    LAGAN_SUPPORT_EMULATED = 1, /* works, but not atomically or not cheaply */
    LAGAN_SUPPORT_NATIVE = 2    /* the store guarantees it */
};

/* Asked once after open.  The host zeroes it and sets `size` first. */
struct lagan_target_capabilities {
    uint32_t size;
    /* All enum lagan_support: */
    uint8_t put_if_absent;    /* of several writers of one name exactly one wins */
    uint8_t staged_put;       /* the stage_ slots: bytes first, the name at commit */
    uint8_t durable_put;      /* LAGAN_PUT_DURABLE is honoured */
    uint8_t read_after_write; /* an object is readable once its put returned */
    uint8_t list_consistent;  /* a listing shows every object put before it started */
    uint8_t list_sorted;      /* listings are in byte order */
    uint8_t ranged_get;       /* reading a range does not move the whole object */
    uint8_t checksum;         /* a given SHA-256 is compared before the object becomes visible */
    uint8_t remove;           /* NONE for append-only credentials */
    uint8_t reserved[3];
    uint32_t max_parallel;      /* useful number of calls at a time; 0 = unknown */
    uint64_t max_object_bytes;  /* 0 = unlimited */
    uint64_t preferred_bytes;   /* of a pack; 0 = no preference */
};

/* An object as the store knows it. */
struct lagan_object {
    uint32_t size;         /* sizeof(struct lagan_object) */
    uint32_t flags;        /* 0 */
    const char *key;       /* valid during the call */
    uint64_t bytes;        /* length of the object */
    int64_t modified_ns;   /* by the store's clock, nanoseconds since 1970; 0 = unknown */
};

/* Receives objects of a listing; a result other than OK ends the listing with that result. */
struct lagan_object_collector {
    void *context;
    uint32_t (*add)(void *context, const struct lagan_object *object);
};

/* Bytes to be stored.  `read` fills `data` with exactly `size` bytes from `offset`; it may be
 * called for any range within the object, again too. */
struct lagan_content {
    void *context;
    uint32_t (*read)(void *context, uint64_t offset, void *data, size_t size);
};

/*
 * Takes bytes that were read, in order, without a copy in between: `room` gives a place for at least
 * one further byte and sets `*size` to how many fit there; `filled` says how many were put there.
 * A result of `filled` other than OK, or a NULL from `room`, ends the call: return that result, or
 * INVALID for NULL.
 */
struct lagan_sink {
    void *context;
    void *(*room)(void *context, size_t *size);
    uint32_t (*filled)(void *context, size_t size);
};

/* Flags of put and stage_commit. */
#define LAGAN_PUT_IF_ABSENT UINT64_C(1) /* EXISTS when the name is taken; always set by the host */
#define LAGAN_PUT_DURABLE UINT64_C(2)   /* durable on return, as if followed by flush */

/* `length` of a get that reaches to the end of the object. */
#define LAGAN_TO_THE_END UINT64_MAX

/*
 * The table of a target driver.  Mandatory beside the common ones: capabilities, put, get, stat,
 * list, remove, flush.
 */
struct lagan_target_ops {
    struct lagan_common_ops common;

    uint32_t (*capabilities)(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *capabilities);

    /* Stores an object of exactly `bytes` bytes.  `sha256` (32 bytes) or NULL: compared by the
     * store or by the driver, CORRUPT on mismatch and nothing visible.  On EXISTS nothing has
     * changed.  Outcome matters: see enum lagan_outcome. */
    uint32_t (*put)(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256);

    /* A staged put: bytes arrive in order before the name is known.  `bytes_hint`: expected size, 0 =
     * unknown.  One thread at a time per stage; many stages at a time. */
    uint32_t (*stage_begin)(void *handle, struct lagan_op *op, uint64_t bytes_hint, void **stage);
    uint32_t (*stage_write)(void *stage, struct lagan_op *op, const void *data, size_t size);
    /* Gives the object its name.  Frees the stage, also on failure. */
    uint32_t (*stage_commit)(void *stage, struct lagan_op *op, const char *key, uint64_t flags);
    /* Leaves no trace and frees the stage. */
    void (*stage_abort)(void *stage);

    /* Delivers exactly the range, in order, or fails.  A range that reaches beyond the end is INVALID
     * and delivers nothing. */
    uint32_t (*get)(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink);

    /* Fills `object` (size set by the host; `key` stays NULL). */
    uint32_t (*stat)(void *handle, struct lagan_op *op, const char *key,
                     struct lagan_object *object);

    /* At most `limit` objects whose keys start with the bytes of `prefix` and sort behind
     * `start_after` ("" = from the first), in byte order.  `*more` tells whether there are others
     * behind.  Every object that exists throughout a walk of several calls is shown exactly once. */
    uint32_t (*list)(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more);

    /* Removes an object.  Absent is OK too. */
    uint32_t (*remove)(void *handle, struct lagan_op *op, const char *key);

    /* The barrier: see "Durable" above. */
    uint32_t (*flush)(void *handle, struct lagan_op *op);

    /* Bytes in all and free for us; UINT64_MAX = unknown or unlimited. */
    uint32_t (*capacity)(void *handle, struct lagan_op *op, uint64_t *total, uint64_t *available);

    /* Removes what dead writers left behind.  Spares live ones.  `older_than_ns`: for stores that can
     * only tell by age. */
    uint32_t (*sweep)(void *handle, struct lagan_op *op, int64_t older_than_ns, uint64_t *removed);
};

#ifdef __cplusplus
}
#endif

#endif
