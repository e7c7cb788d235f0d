/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - a storage target, opened: the few primitives the vault stands on.
 *
 * The contract of <lagan/target.h> holds.  Errors carry the driver's class and outcome and a
 * text that starts with "DRIVER: VERB KEY: "; in particular class EXISTS from put and commit
 * (the name is taken, nothing changed) and NOT_FOUND from get and stat (certain).  A key that
 * is not of the form the contract asks for is INVALID and never reaches the driver.
 *
 * All functions are thread-safe as far as the driver's thread model asks for it: the host
 * serialises calls where the driver cannot.  Callbacks of put_content and get_to must not call
 * the same target; that of target_list may.
 */
#ifndef CORE_DRIVER_TARGET_H
#define CORE_DRIVER_TARGET_H

#include "base/buffer.h"
#include "driver/instance.h"

#include <lagan/target.h>

struct target;
struct stage;

/* Opens `i` (ready; of a target driver; outlives the result).  `flags`: LAGAN_OPEN_READ_ONLY,
 * LAGAN_OPEN_INITIALISE.  Errors: NOT_FOUND when the place does not exist and was not to be
 * made. */
struct target *target_open(struct instance *i, uint64_t flags, struct error *e);
/* No call may be running and no stage open.  NULL is fine. */
void target_close(struct target *t);

/* As the driver answered once after open.  Valid as long as the target. */
const struct lagan_target_capabilities *target_capabilities(const struct target *t);
const struct driver *target_driver(const struct target *t);

/* Stores `size` bytes as `key` if the name is free. */
int target_put(struct target *t, const char *key, const void *data, size_t size,
               struct error *e);
/* As target_put, with the bytes read from `content`; `sha256` (32 bytes) is compared before the
 * object becomes visible where the driver can do so; NULL = none.  A long object goes in parts,
 * several at a time, where the driver itself has them; `content` is then read on threads of the
 * call's own, by one at a time. */
int target_put_content(struct target *t, const char *key, uint64_t bytes,
                       const struct lagan_content *content, const uint8_t *sha256,
                       struct error *e);

/*
 * A staged put: bytes first, the name at commit.  With a driver that has no stages the bytes
 * are kept in memory until then.  One thread at a time per stage; stages do not hinder one
 * another. `bytes_hint`: the size to expect, 0 = unknown.
 */
struct stage *target_stage_begin(struct target *t, uint64_t bytes_hint, struct error *e);
/* After a failure only stage_abort is left to do. */
int stage_write(struct stage *s, const void *data, size_t size, struct error *e);
/* Gives the object its name if that is free.  Frees the stage, also on failure. */
int stage_commit(struct stage *s, const char *key, struct error *e);
/* Leaves no trace and frees the stage.  NULL is fine. */
void stage_abort(struct stage *s);

/* Reads exactly `size` bytes from `offset` into `data`; a range beyond the end is INVALID. */
int target_get(struct target *t, const char *key, uint64_t offset, void *data, size_t size,
               struct error *e);
/* Appends the whole object to `out`; LIMIT when it is longer than `limit` bytes.  On failure
 * `out` is as before. */
int target_get_all(struct target *t, const char *key, size_t limit, struct buffer *out,
                   struct error *e);
/* Hands `length` bytes from `offset` (LAGAN_TO_THE_END = all that follow) to `take`, in order,
 * in pieces of at most 1 MiB; a -1 from `take` ends the call with the error it has set. */
int target_get_to(struct target *t, const char *key, uint64_t offset, uint64_t length,
                  int (*take)(void *context, const void *data, size_t size, struct error *e),
                  void *context, struct error *e);

/* The length of an object. */
int target_stat(struct target *t, const char *key, uint64_t *bytes, struct error *e);

/* Calls `each` for all objects whose keys start with the bytes of `prefix` ("" = all), in byte
 * order, page by page.  A -1 from `each` ends the listing with the error it has set.  CORRUPT
 * when the driver's pages are out of order, repeat, do not advance or show foreign keys. */
int target_list(struct target *t, const char *prefix,
                int (*each)(void *context, const char *key, uint64_t bytes, struct error *e),
                void *context, struct error *e);
/* One page as the driver gives it: at most `limit` objects behind `start_after` ("" = the
 * first). */
int target_list_page(struct target *t, const char *prefix, const char *start_after,
                     uint32_t limit,
                     int (*each)(void *context, const char *key, uint64_t bytes,
                                 struct error *e),
                     void *context, bool *more, struct error *e);

/* Removes an object; absent is fine. */
int target_remove(struct target *t, const char *key, struct error *e);
/* Makes an object `to` with the bytes of `from`, if that name is free; the driver does it, or the
 * bytes pass through here.  Errors: NOT_FOUND (`from`), EXISTS. */
int target_copy_object(struct target *t, const char *from, const char *to, struct error *e);
/* Gives the object `from` the name `to`, if that is free: it is found under at least one of the
 * two at every moment.  Errors as target_copy_object; with outcome UNKNOWN it may be left under
 * both. */
int target_rename(struct target *t, const char *from, const char *to, struct error *e);
/* The store's own clock, in nanoseconds since 1970; UNSUPPORTED when it has none that differs
 * from ours. */
int target_clock(struct target *t, int64_t *now_ns, struct error *e);

/* Makes all that was put, committed and removed so far durable.  A failure means that it is not
 * known to be durable, and never will be. */
int target_flush(struct target *t, struct error *e);
/* Bytes in all and free for us; UINT64_MAX = unknown or unlimited. */
int target_capacity(struct target *t, uint64_t *total, uint64_t *available, struct error *e);
/* Removes what dead writers left behind; `*removed` (may be NULL) counts.  0 things where the
 * driver leaves nothing behind.  `older_than_ns`: age for stores that can only tell by age. */
int target_sweep(struct target *t, int64_t older_than_ns, uint64_t *removed, struct error *e);

/* True when `key` is of the form that <lagan/target.h> asks for. */
bool target_key_is_valid(const char *key);

/* What passed through a target since it was opened. */
struct target_statistics {
    uint64_t puts;      /* objects stored */
    uint64_t put_bytes; /* bytes of them */
    uint64_t gets;      /* ranges read */
    uint64_t get_bytes; /* bytes of them */
    uint64_t stats;
    uint64_t lists; /* pages */
    uint64_t removes;
    uint64_t flushes;
};
void target_statistics(const struct target *t, struct target_statistics *statistics);

#endif
