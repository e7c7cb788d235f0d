/* SPDX-License-Identifier: Apache-2.0 */
/* zones_private.h - a target of several zones as the files of this room see it. */
#ifndef CORE_DRIVER_ZONES_PRIVATE_H
#define CORE_DRIVER_ZONES_PRIVATE_H

#include "driver/target_private.h"
#include "driver/zones.h"

#include <pthread.h>
#include <stdatomic.h>

struct zone {
    char *name;
    uint64_t seed;         /* of the order of keys */
    struct target *target; /* NULL when it was missing from the start */
    struct error why;      /* why it is away; set before `away` */
    atomic_bool away;      /* is asked nothing any more */
    atomic_bool full;      /* is given nothing any more */
};

/* A set of zones, by index. */
typedef uint16_t zone_set;

/* A pack that was put and not yet flushed. */
struct zones_pending {
    char key[LAGAN_KEY_LIMIT + 1];
    zone_set zones;
};

enum { ZONES_HINTS = 1024 };

struct zones {
    size_t count;
    struct zone zone[ZONES_LIMIT];
    atomic_uint next;                        /* zone that the next stage starts with */
    atomic_bool read_only;                   /* a zone has said so */
    atomic_bool warned;                      /* the log knows */
    atomic_uint_least32_t hint[ZONES_HINTS]; /* where a key was found last */
    pthread_mutex_t lock;                    /* of what follows, and of each `why` */
    struct zones_pending *pending;
    size_t pending_count, pending_room;
};

/* The order in which zones are asked for a key; all of them. */
void zones_order(const struct zones *z, const char *key, uint8_t order[ZONES_LIMIT]);
bool zone_reads(const struct zone *zone);
bool zone_writes(const struct zone *zone);
/* -1 with ZONE_MISSING unless all zones but one can be read from, or written to. */
int zones_check(struct zones *z, bool writes, const char *verb, const char *key,
                struct error *e);
/* Fills `e` with ZONE_MISSING (NO_SPACE when they are full) and what is known of the zones.
 * Returns -1. */
int zones_missing(struct zones *z, const char *verb, const char *key, struct error *e);
/* A call into a zone has failed: takes the consequences for later ones. */
void zones_failed(struct zones *z, size_t index, const struct error *why, bool writing);
/* Whether an error is about what was asked, and would be the same in every zone. */
bool zones_is_final(const struct error *why);
/* Remembers a pack until it is flushed. */
int zones_note(struct zones *z, const char *key, zone_set where, struct error *e);
/* Copies `key` to zones that lack it until `wanted` have it; `*where`: those that have it. */
int zones_spread(struct zones *z, const char *key, unsigned wanted, zone_set *where,
                 struct error *e);
unsigned zones_size(zone_set set);

/* Behind the functions of driver/target.h. */
void zones_close(struct zones *z);
int zones_put(struct target *t, const char *key, uint64_t bytes,
              const struct lagan_content *content, const uint8_t *sha256, struct error *e);
int zones_stat(struct target *t, const char *key, uint64_t *bytes, struct error *e);
int zones_get(struct target *t, const char *key, uint64_t offset, void *data, size_t size,
              struct error *e);
int zones_get_all(struct target *t, const char *key, size_t limit, struct buffer *out,
                  struct error *e);
int zones_get_to(struct target *t, const char *key, uint64_t offset, uint64_t length,
                 int (*take)(void *context, const void *data, size_t size, struct error *e),
                 void *context, struct error *e);
int zones_list_page(struct target *t, const char *prefix, const char *start_after,
                    uint32_t limit,
                    int (*each)(void *context, const char *key, uint64_t bytes,
                                struct error *e),
                    void *context, bool *more, struct error *e);
int zones_remove(struct target *t, const char *key, struct error *e);
int zones_flush(struct target *t, struct error *e);
int zones_capacity(struct target *t, uint64_t *total, uint64_t *available, struct error *e);
int zones_sweep(struct target *t, int64_t older_than_ns, uint64_t *removed, struct error *e);
void zones_statistics(const struct zones *z, struct target_statistics *statistics);

/* A staged put in two zones. */
struct zones_stage;
struct zones_stage *zones_stage_begin(struct target *t, uint64_t bytes_hint, struct error *e);
int zones_stage_write(struct zones_stage *s, const void *data, size_t size, struct error *e);
/* Frees the stage. */
int zones_stage_commit(struct zones_stage *s, const char *key, struct error *e);
void zones_stage_abort(struct zones_stage *s);

/* An object on its way into the zones. */
struct zones_attempt {
    struct zones *zones;
    const char *key;
    unsigned wanted, needed; /* copies */
    zone_set own;            /* took it now */
    zone_set found;          /* had it */
    bool taken;              /* somebody else was first */
    bool conflict;           /* a zone has other bytes under the name */
    struct error exists;     /* the first EXISTS */
    struct error failure;    /* the last other error */
};
void zones_attempt_begin(struct zones_attempt *a, struct zones *z, const char *key);
/* Spreads what is there and judges: 0, EXISTS, ZONE_MISSING or the failure. */
int zones_attempt_end(struct zones_attempt *a, struct error *e);

#endif
