/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_private.h - the parts of a prune.
 *
 *     prune.c            the order of the parts
 *     prune_sessions.c   its own registration; whom it waits for
 *     prune_mark.c       a bit for each chunk that backups need       prune_walk.c: their trees
 *     prune_plan.c       packs that are dead, and sparse ones
 *     prune_repack.c     what sparse packs still have to give, into new ones
 *     prune_condemn.c    the first phase: what is condemned, and where its chunks are
 *     prune_delete.c     the second phase: rescue, delete     prune_moves.c: what stays written
 *     prune_tidy.c       index runs, old records, sessions that have ended
 */
#ifndef CORE_VAULT_PRUNE_PRIVATE_H
#define CORE_VAULT_PRUNE_PRIVATE_H

#include "base/process.h"
#include "vault/index.h"
#include "vault/moves.h"
#include "vault/prune.h"
#include "vault/session_object.h"
#include "vault/store_private.h"

/* Which pack has chunks of which: pairs, `from` << 32 | `to`. */
struct prune_links {
    uint64_t *pairs; /* sorted up to `sorted` */
    size_t count, room, sorted;
};

/* A bit for each chunk in the packs of an index. */
struct prune_mark {
    struct index *index;
    struct store *store;
    uint32_t packs;
    uint64_t *first;  /* bit of each pack's first chunk */
    uint8_t *bits;    /* needed */
    uint8_t *walked;  /* needed, and a node whose children are */
    bool *avoid;      /* packs that may vanish or are known to be damaged: the last resort */
    bool *absent;     /* not listed, or not with the right size */
    uint64_t missing; /* data chunks that stand nowhere */
    struct prune_links links; /* chunks that stand twice: where they do not count -> where */
    uint8_t (*recent)[16]; /* ids of chunks that were marked, and walked if they are nodes; each
                              in the slot that it falls into */
    size_t recent_mask;
    struct buffer scratch;
};

/* A pack that is to go. */
struct prune_item {
    struct seal_pack id;
    bool known; /* the index has it, under: */
    uint32_t number;
    bool sparse; /* some of it is needed: */
    uint64_t live_bytes, dead_bytes;
};

struct prune {
    struct vault *vault;
    struct prune_request request; /* defaults filled in */
    struct prune_counters *counters;
    struct vault_writer writer;

    struct session_object object;
    char process[PROCESS_TEXT_SIZE]; /* what it says of this one */
    uint32_t epoch;
    bool enlisted;
    uint64_t signs;
    int64_t sign_ns;

    struct prune_epochs epochs;
    struct session_entry *sessions;
    size_t session_count;
    uint8_t (*passed)[16]; /* sessions that were taken for dead */
    size_t passed_count;

    struct seal_list seals; /* as they were marked */
    struct pack_set packs, rolls;
    struct prune_mark mark;
    struct prune_item *items; /* ascending by hash */
    size_t item_count;
    uint8_t (*dead_rolls)[32];
    size_t dead_roll_count;
    struct seal_pack *made; /* by repacking */
    size_t made_count;
    bool unfinished;
    struct pack_set held; /* packs and rolls that the store does not let go as yet */
};

/* prune_sessions.c */
int prune_enlist(struct prune *p, struct error *e);
/* Gives a sign of life when it is time; fails when the call has taken so long that others may
 * take it for dead. */
int prune_sign(struct prune *p, struct error *e);
int prune_sessions_list(struct prune *p, struct error *e);
/* Open, somebody else's, and not silent for long. */
bool prune_session_lives(const struct prune *p, const struct session_entry *s);
/* How many sessions have to end before epoch `number` may be deleted.  Those passed over are
 * noted. */
int prune_sessions_wait(struct prune *p, uint32_t number, uint64_t *count, struct error *e);
/* Whether somebody copies backups into this copy of the vault, or may have begun to: 1, 0, -1.
 */
int prune_sessions_copying(struct prune *p, struct error *e);
/* Whether a living session has this id. */
bool prune_session_is_open(const struct prune *p, const uint8_t session[16]);
/* Ends the own registration. */
void prune_delist(struct prune *p);

/* prune_mark.c */
/* All seals, listed now: INTEGRITY when one is damaged. */
int prune_seals(struct vault *v, struct seal_list *list, struct error *e);
int prune_mark_begin(struct prune *p, struct error *e);
void prune_mark_end(struct prune *p);
/* Where a chunk counts, without marking it: more than 0, 0 nowhere, -1.  Any thread. */
int prune_mark_place(struct prune_mark *m, enum chunk_kind kind, const struct chunk_id *id,
                     struct index_place *place, struct error *e);
/* Marks a chunk: 1, 0 when it stands nowhere, -1.  `place` (may be NULL): where it counts. */
int prune_mark_chunk(struct prune_mark *m, enum chunk_kind kind, const struct chunk_id *id,
                     struct index_place *place, struct error *e);
bool prune_mark_has(const struct prune_mark *m, uint32_t pack, uint32_t chunk);
/* Whether the chunk was seen by prune_mark_remember not long ago. */
bool prune_mark_recalls(const struct prune_mark *m, const struct chunk_id *id);
void prune_mark_remember(struct prune_mark *m, const struct chunk_id *id);
/* Marks a place as walked: true when it was before. */
bool prune_mark_walk(struct prune_mark *m, const struct index_place *place);
int prune_links_add(struct prune_links *l, uint32_t from, uint32_t to, struct error *e);
/* The first pair from `from`, by position; pairs are sorted by this call. */
size_t prune_links_first(struct prune_links *l, uint32_t from);

/* prune_walk.c: marks all that a backup needs. */
int prune_walk(struct prune_mark *m, const struct seal *seal, struct error *e);

/* prune_plan.c */
int prune_plan(struct prune *p, struct error *e);
void prune_plan_count(struct prune *p);

/* prune_repack.c: copies what is needed of sparse packs, as far as the limit allows; items that
 * were not done leave the plan. */
int prune_repack(struct prune *p, struct error *e);

/* prune_condemn.c: writes the record of the next epoch.  1 when there is nothing to do. */
int prune_condemn(struct prune *p, struct error *e);

/* prune_delete.c: the second phase of an epoch.  1 when it has ended, 0 when it waits, -1. */
int prune_delete(struct prune *p, struct prune_epoch *epoch, struct error *e);

/* prune_moves.c: makes one move of what `deleted` says of packs that are gone or in `leaving`,
 * and of older moves, as far as seals list those packs; removes the older ones.  `present`: the
 * packs that are there. */
int prune_moves(struct prune *p, const struct prune_record *deleted,
                const struct pack_set *present, const struct pack_set *leaving,
                struct error *e);

/* prune_tidy.c: removes what has served.  A record that names what the store still holds has
 * not. */
int prune_tidy(struct prune *p, struct error *e);

/* Removes an object and counts it: 0, 1 when the store holds it under a lock of its own, -1. */
int prune_remove(struct prune *p, const char *name, uint64_t bytes, struct error *e);

#endif
