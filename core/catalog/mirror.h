/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror.h - mirrors as the catalog knows them: which vault is whose, how far it has come. What
 * may be done with them is decided in core/mirror; here stand the facts, and what must be true
 * of them in one transaction.
 *
 * A mirror is a vault of role MIRROR and a row here under the same id.  While there is a row,
 * every backup that comes into the catalog under the source vault gets an item in the mirror's
 * lane (catalog/queue.h), and every deletion too, in the transaction that brings it: whoever
 * inserts, upserts or buries a backup of the source does that, knowingly or not.  The same goes
 * for key slots of the kinds that travel: recovery and passphrase.  A deletion that waits is
 * taken back when what it is about comes again.
 */
#ifndef CORE_CATALOG_MIRROR_H
#define CORE_CATALOG_MIRROR_H

#include "catalog/catalog.h"

/* X(symbol, name) */
#define CATALOG_MIRROR_STATES(X)                                                               \
    X(INITIALIZING, "initializing")                                                            \
    X(WAITING_HISTORY, "waiting-history")                                                      \
    X(SYNCING_HISTORY, "syncing-history")                                                      \
    X(IN_SYNC, "in-sync")                                                                      \
    X(LAGGING, "lagging")                                                                      \
    X(ERROR, "error")                                                                          \
    X(DELETING, "deleting")                                                                    \
    X(STOPPED, "stopped")
enum catalog_mirror_state {
#define X(symbol, name) CATALOG_MIRROR_##symbol,
    CATALOG_MIRROR_STATES(X)
#undef X
        CATALOG_MIRROR_STATE_COUNT
};
const char *catalog_mirror_state_name(enum catalog_mirror_state state);

struct catalog_mirror {
    uint8_t vault[CATALOG_ID_SIZE];  /* the mirror itself */
    uint8_t source[CATALOG_ID_SIZE]; /* the vault that it follows */
    enum catalog_mirror_state state;
    int64_t created_ns;
    int64_t history_ns;     /* when older backups may start to flow */
    uint64_t history_total; /* backups that there were when it was made */
    uint64_t history_bytes; /* stored bytes of these */
    int64_t delete_delay_ns;
    int64_t rpo_ns;      /* how far it may lag; 0 = no limit */
    int64_t latest_ns;   /* creation of the newest backup that has arrived; 0 = none */
    int64_t synced_ns;   /* when nothing was left to do; 0 = never yet */
    int64_t braked_ns;   /* since when the brake holds deletions; 0 = it does not */
    int64_t released_ns; /* deletions of up to here were released by hand */
    struct error why;    /* of state ERROR; else empty */
};

/*
 * Inserts the vault (which gets role MIRROR), the mirror, its lane and one item of class
 * HISTORY for every available or partial backup of the source that the mirror lacks, due at
 * `history_ns`, and for every key slot that travels, due at once; fills in vault, created_ns
 * when it is 0, history_total and history_bytes.  `vault` NULL: the vault is known already as
 * mirror->vault, from a rebuild.  One transaction.  MIRROR_EXISTS when the source has one
 * already, NO_VAULT when there is no source; as catalog_vault_insert.
 */
int catalog_mirror_insert(struct catalog *c, struct catalog_vault *vault,
                          struct catalog_mirror *mirror, struct error *e);
/* The mirror that the vault `source` has: 1 found, 0 none, -1. */
int catalog_mirror_of(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                      struct catalog_mirror *mirror, struct error *e);
/* The mirror with this vault id.  NO_MIRROR. */
int catalog_mirror_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                       struct catalog_mirror *mirror, struct error *e);
/* It has begun to lag by more than it may: one more of such times, which metrics count. */
int catalog_mirror_breach(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          struct error *e);
/* Replaces state, `why`, times and delays; the rest stays.  NO_MIRROR. */
int catalog_mirror_update(struct catalog *c, const struct catalog_mirror *mirror,
                          struct error *e);
/* The mirror is none any more: its lane and items go, and its vault gets role NORMAL. */
int catalog_mirror_release(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           struct error *e);
/* By creation. */
int catalog_mirror_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_mirror *mirror,
                                    struct error *e),
                        void *context, struct error *e);
/* The same as an array, for callers that change the catalog as they go through it: allocated,
 * freed by the caller; `*count` may be 0. */
int catalog_mirror_all(struct catalog *c, struct catalog_mirror **mirrors, size_t *count,
                       struct error *e);
/* Numbers of mirrors in `region` (their vaults are there). */
int catalog_mirror_count(struct catalog *c, const char *region, uint64_t *count,
                         struct error *e);

/* How far a mirror is behind, from its items. */
struct catalog_lag {
    uint64_t backups;       /* not there yet, of any class */
    uint64_t bytes;         /* of these, as they are stored */
    int64_t oldest_ns;      /* creation of the oldest item that is not history; 0 = none */
    uint64_t history_left;  /* backups of before the mirror that have not come */
    uint64_t history_bytes; /* bytes of these */
    uint64_t deletions;     /* that wait for their time */
    uint64_t deletions_due; /* ... whose time has come by `now_ns` */
    uint64_t dead;          /* items that were given up */
};
int catalog_mirror_lag(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], int64_t now_ns,
                       struct catalog_lag *lag, struct error *e);

/* Puts an item of class NEW into the lane of each mirror of `source` for every backup of the
 * catalog that the mirror's own rows lack and that has no item: after a rebuild, and against
 * everything that was forgotten.  `*count` (may be NULL) is their number. */
int catalog_mirror_fill(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                        uint64_t *count, struct error *e);

#endif
