/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_private.h - the parts of a transfer.
 *
 *     transfer.c           open, close, lineage; deletions and key slots
 *     transfer_seals.c     which seals and tombstones the source has, read and checked
 *     transfer_backup.c    the order in which a backup's objects go
 *     transfer_objects.c   packs and rolls, several at a time; what the destination has
 *     transfer_prune.c     beside whoever prunes the destination; moves
 *     transfer_notes.c     notes that the destination lacks
 *     transfer_runs.c      index runs and generations of the configuration
 */
#ifndef CORE_VAULT_TRANSFER_PRIVATE_H
#define CORE_VAULT_TRANSFER_PRIVATE_H

#include "base/process.h"
#include "vault/carry.h"
#include "vault/moves.h"
#include "vault/pack_set.h"
#include "vault/seal_codec.h"
#include "vault/session_object.h"
#include "vault/transfer.h"

#include <pthread.h>

/* A seal or its tombstone as the source lists it. */
struct transfer_seal {
    uint64_t id;
    char name[SEAL_NAME_SIZE]; /* of the seal, without "seals/" */
};

struct transfer {
    uint32_t magic; /* TRANSFER_MAGIC */
    struct vault *from, *to;
    struct carry carry;
    unsigned parallel;

    pthread_mutex_t lock;        /* guards what follows */
    pthread_cond_t arrived;      /* an object came, or was given up */
    struct transfer_seal *seals; /* at the source, ascending by id */
    size_t seal_count;
    bool listed;           /* `packs`, `rolls` */
    bool witnessed;        /* what an earlier seal vouches for is marked */
    struct pack_set packs; /* at the destination */
    struct pack_set rolls;
    struct pack_set busy; /* on their way, of both kinds */
    bool conf_done;       /* the destination has all generations */
    bool locks_done;      /* and all records of the lock */

    bool enlisted; /* registered at the destination, as `session` under `epoch` */
    struct session_object session;
    char process[PROCESS_TEXT_SIZE]; /* what it says of this one */
    uint32_t epoch;
    struct prune_epochs epochs; /* what was condemned there when that was done */
    uint64_t signs;
    int64_t sign_ns;
    bool moves_known;
    struct moves moves; /* of the source */

    pthread_mutex_t run_lock; /* guards what follows: one call at a time looks after runs */
    bool runs_listed;
    struct pack_set runs;         /* at the destination */
    struct pack_set source_packs; /* when last looked at */
};

enum { TRANSFER_MAGIC = 0x7472616e };

/* Moves that one seal may depend on; prune makes one of all. */
enum { TRANSFER_MOVES = 16 };

/* One backup on its way. */
struct transfer_job {
    struct transfer *t;
    char object[NAME_SIZE]; /* the seal's full name */
    const char *name;       /* in there, behind "seals/" */
    struct buffer data;     /* the seal as it stands at the source */
    struct seal *seal;
    struct seal_pack *packs; /* it needs */
    size_t pack_count;
    bool *moves; /* those of the source by which it does */
    size_t move_count;
    char move_names[TRANSFER_MOVES][NAME_SIZE];
    size_t move_name_count;
    bool sealed; /* the destination has the seal */
    struct transfer_result result;
};

/* The name of the seal with this id at the source, also when only its tombstone is there; NULL
 * with NO_BACKUP.  `text`: 16 hex digits.  `name` has SEAL_NAME_SIZE bytes. */
int transfer_seal_find(struct transfer *t, const char *text, char *name, struct error *e);
/* Reads and checks the seal job->object at the source into the job. */
int transfer_seal_read(struct transfer_job *job, struct error *e);

/* Brings the packs and rolls that the job's seal needs; none of them is durable yet. */
int transfer_objects(struct transfer_job *job, struct error *e);
/* Notes that all that the seal needs is durable at the destination. */
void transfer_objects_sure(struct transfer *t, const struct seal *seal,
                           const struct seal_pack *packs, size_t pack_count);
/* Notes that nothing is known to be. */
void transfer_objects_unsure(struct transfer *t);
/* Marks what an earlier seal at the destination needs: it came behind all of that.  Once. */
void transfer_witness(struct transfer_job *job);

/* The object is not there any more. */
void transfer_objects_forget(struct transfer *t, enum name_kind kind, const uint8_t hash[32]);

/* Registers the transfer at the destination, and looks again at what the job needs and what was
 * condemned before.  BUSY while somebody prunes that away. */
int transfer_prune_begin(struct transfer_job *job, struct error *e);
/* After the job's seal was put: BUSY, and the seal removed again, when the transfer was taken
 * for dead and something that the backup needs may be gone. */
int transfer_prune_end(struct transfer_job *job, struct error *e);
/* Ends the registration. */
void transfer_prune_close(struct transfer *t);
/* Fills in what the seal needs by the source's moves, and which ones. */
int transfer_moves_resolve(struct transfer_job *job, struct error *e);
/* The source's moves have changed. */
void transfer_moves_forget(struct transfer *t);
/* Brings the moves that the seal depends on; behind their packs, not flushed. */
int transfer_moves_copy(struct transfer_job *job, struct error *e);

/* Brings generations of the configuration that the destination lacks, once. */
int transfer_conf(struct transfer *t, struct error *e);
/* Brings records of the lock that the destination lacks, once; not flushed. */
int transfer_locks(struct transfer *t, struct error *e);
/* Brings index runs when the destination has all packs of the source.  They only speed things
 * up: failures are logged. */
void transfer_runs(struct transfer_job *job);

#endif
