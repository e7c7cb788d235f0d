/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.h - gives the space of deleted backups back.  Format and protocol: doc/format.md
 * section 13; its model: tests/model/.
 *
 * Two phases.  *Condemn*: what no backup needs is listed in `prune/<epoch>.condemn`; writers
 * that begin later do not build on it, readers still read it.  *Delete*: once every session
 * that began before has ended, what their backups came to need is rescued, the rest is listed
 * in `prune/<epoch>.delete`, signed, and removed.  A backup never waits, a restore never fails,
 * and neither clocks nor single listings decide; a session that is silent for long only delays.
 * Any step may be broken off and is taken up by the next call, by whoever makes it.
 */
#ifndef CORE_VAULT_PRUNE_H
#define CORE_VAULT_PRUNE_H

#include "vault/seal.h"

/* A session that gave no sign for so long is taken for dead, unless told otherwise. */
#define PRUNE_SILENCE_NS (INT64_C(48) * 3600 * 1000000000)

/* The same of whoever prunes, which gives a sign every ten minutes, and ends when it could not
 * for half of that. */
#define PRUNE_PRUNER_SILENCE_NS (INT64_C(3600) * 1000000000)

struct prune_counters {
    uint64_t packs, bytes;               /* in the vault */
    uint64_t packs_dead, bytes_dead;     /* of no use to any backup */
    uint64_t packs_sparse, bytes_sparse; /* partly of use, worth to be repacked; of that ... */
    uint64_t bytes_live_in_sparse;       /* ... is still needed */
    uint64_t packs_repacked, bytes_repacked;   /* copied into new packs */
    uint64_t packs_condemned, bytes_condemned; /* wait for the second phase */
    uint64_t packs_rescued;
    uint64_t objects_deleted, bytes_deleted;
    uint64_t objects_held, bytes_held; /* that the store keeps under a lock of its own */
    uint64_t sessions_waited;          /* open sessions that the second phase waits for */
};

struct prune_request {
    bool dry_run;
    const uint8_t *writer_id; /* 16 bytes: this installation */
    unsigned waste_percent;   /* packs with more dead bytes are repacked; 0 = 50 */
    uint64_t repack_bytes;    /* so much is copied by one call, or one pack; 0 = no limit */
    int64_t silence_ns;       /* a session without a sign for so long is dead; 0 = 48 h */
    size_t memory_bytes;      /* 0 = 64 MiB beside a bit for each chunk */
    void *context;
    void (*progress)(void *context, uint64_t done, uint64_t total); /* trees; may be NULL */
};

/* What is left to be done. */
enum prune_state {
    PRUNE_CLEAN,     /* nothing */
    PRUNE_WAITING,   /* condemned packs wait for open sessions: call again later */
    PRUNE_UNFINISHED /* the limit of bytes was reached: call again */
};

/*
 * One call does what can be done: takes up what was begun, ends a second phase whose time has
 * come, marks, repacks, condemns.  The vault is unlocked and writable.  Two at a time do no
 * harm: one of them finds its epoch taken and ends (BUSY).  INTEGRITY before anything is
 * condemned when a backup's tree cannot be read: what it needs is not known then.  `*counters`
 * is filled in on failure too.
 */
int vault_prune(struct vault *v, const struct prune_request *request,
                struct prune_counters *counters, enum prune_state *state, struct error *e);

#endif
