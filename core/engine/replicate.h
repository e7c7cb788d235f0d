/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replicate.h - one backup of one vault copied into another vault, under that vault's keys.
 *
 * The backup's tree is read from the source vault and built anew in the destination; every
 * chunk is read, checked, identified under the destination's keys, and stored where the
 * destination lacks it.  What an earlier replica of the same source vault shares with it (the
 * same entry with the same content there) is taken over unread.  Memory does not grow with the
 * number or the size of entries.  Nothing is visible before the seal, which is written last; a
 * second attempt uses what the first has stored, and finds its seal when it came that far.
 *
 * The replica's seal says where it comes from, in tags; times and everything else that the
 * source's seal says of the backup stay.
 */
#ifndef CORE_ENGINE_REPLICATE_H
#define CORE_ENGINE_REPLICATE_H

#include "engine/job.h"
#include "engine/stamp.h"
#include "vault/store.h"

/* Names of the tags: id of the source backup; id of its vault in hexadecimal; the region that
 * it was made in; when it was copied, "2026-11-21T07:56:58Z". */
#define REPLICA_TAG_ORIGIN "lagan.origin"
#define REPLICA_TAG_VAULT "lagan.origin-vault"
#define REPLICA_TAG_REGION "lagan.origin-region"
#define REPLICA_TAG_TIME "lagan.replicated"

struct replication_request {
    struct vault *from;          /* open and unlocked */
    struct vault *to;            /* open, unlocked, writable */
    const char *backup;          /* its whole id in `from` */
    const uint8_t *origin_vault; /* 16 bytes: id of `from` */
    const char *origin_region;   /* it was made in */
    const uint8_t *writer_id;    /* 16 bytes: this installation */
    const char *host;            /* name of this host */
    const char *name;            /* NULL = the source's; the same for the description */
    const char *description;
    const struct stamp *stamp;    /* of the policy that asked for it; NULL = by hand */
    unsigned threads;             /* 0 = number of processors */
    struct job_reporter reporter; /* progress; bytes are those of content read */
    void *context;
    /* Now and then, on the calling thread, with the bytes that went to the destination since;
     * -1 ends the job with `e`.  May be NULL. */
    int (*pass)(void *context, uint64_t bytes, struct error *e);
};

struct replication_result {
    struct seal *seal;         /* of the replica; the caller frees it with seal_free */
    uint64_t bytes;            /* of the backup */
    uint64_t bytes_new;        /* of content and metadata that the destination lacked */
    uint64_t bytes_sent;       /* the same as stored */
    uint64_t bytes_read;       /* of content in the source vault */
    bool found;                /* it was there already: nothing was done */
    char parent[SEAL_ID_TEXT]; /* id of the older replica that it builds upon; empty = none */
};

/*
 * Runs the copy.  LOCK_RETENTION when the lock of `to` refuses it; NO_BACKUP when `from` has no
 * such backup (any more); INTEGRITY when it, or an object that it needs, is damaged.
 */
int replication_run(const struct replication_request *request,
                    struct replication_result *result, struct error *e);

/* The value of a tag of a seal, or NULL. */
const char *replication_tag(const struct seal *seal, const char *name);
/* The replica of `backup` of the vault `origin_vault` among `list`, or NULL.  Of several, which
 * only processes that did not know of each other make, always the same one. */
const struct seal *replication_find(const struct seal_list *list,
                                    const uint8_t origin_vault[16], const char *backup);

#endif
