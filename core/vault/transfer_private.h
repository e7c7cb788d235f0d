/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_private.h - the parts of a transfer.
 *
 *     transfer.c           open, close, lineage; deletions and key slots
 *     transfer_seals.c     which seals and tombstones the source has, read and checked
 *     transfer_backup.c    the order in which a backup's objects go
 *     transfer_objects.c   packs and rolls, several at a time; what the destination has
 *     transfer_runs.c      index runs and generations of the configuration
 */
#ifndef CORE_VAULT_TRANSFER_PRIVATE_H
#define CORE_VAULT_TRANSFER_PRIVATE_H

#include "vault/carry.h"
#include "vault/pack_set.h"
#include "vault/seal_codec.h"
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

    pthread_mutex_t run_lock; /* guards what follows: one call at a time looks after runs */
    bool runs_listed;
    struct pack_set runs;         /* at the destination */
    struct pack_set source_packs; /* when last looked at */
};

enum { TRANSFER_MAGIC = 0x7472616e };

/* One backup on its way. */
struct transfer_job {
    struct transfer *t;
    char object[NAME_SIZE]; /* the seal's full name */
    const char *name;       /* in there, behind "seals/" */
    struct buffer data;     /* the seal as it stands at the source */
    struct seal *seal;
    struct seal_pack *packs; /* it needs */
    size_t pack_count;
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

/* Brings generations of the configuration that the destination lacks, once. */
int transfer_conf(struct transfer *t, struct error *e);
/* Brings records of the lock that the destination lacks, durably, once. */
int transfer_locks(struct transfer *t, struct error *e);
/* Brings index runs when the destination has all packs of the source.  They only speed things
 * up: failures are logged. */
void transfer_runs(struct transfer_job *job);

#endif
