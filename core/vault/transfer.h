/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.h - sealed objects from one copy of a vault to another, byte for byte.  Needs no
 * key.
 *
 * Every object is compared with its name (packs, rolls, runs, slots) or its signature (seals,
 * tombstones, configurations) after it was read in full and before it gets its name at the
 * destination: what is damaged is never copied.  What the destination has under a name is
 * never touched.  All calls may be repeated, after any failure and after a crash: what has
 * arrived is not sent again.
 *
 * A seal is the last to arrive: a backup is at the destination once its seal is, and then
 * everything it needs is durable there.
 */
#ifndef CORE_VAULT_TRANSFER_H
#define CORE_VAULT_TRANSFER_H

#include "vault/vault.h"

enum { TRANSFER_PARALLEL = 8 }; /* objects at a time by default */

struct transfer_request {
    struct vault *from, *to; /* open; may be locked; outlive the transfer */
    unsigned parallel;       /* objects at a time; 0 = TRANSFER_PARALLEL */
    void *context;
    /* Before each piece (at most 1 MiB) is written: waits, renews leases, counts; -1 ends the
     * call with the error it has set.  Called on several threads at a time.  May be NULL. */
    int (*pass)(void *context, uint64_t bytes, struct error *e);
};

/* What one call has done. */
struct transfer_result {
    uint64_t objects;         /* sent */
    uint64_t bytes;           /* of them */
    uint64_t objects_present; /* needed, and there already */
    bool at_source;           /* after a failure: the source was the place of it */
};

/*
 * CONFLICT when the two are not copies of one vault (its id and root key), or are the same
 * place.  NEWER_FORMAT when the destination must not be written by this program.
 *
 * What the destination has is listed at the first call that needs it and kept from then on (40
 * bytes a pack): objects that others remove there meanwhile count as present until
 * transfer_close.  Memory beside that: `parallel` pieces of 1 MiB; with a driver without stages
 * two objects at most, in full.
 */
struct transfer;
struct transfer *transfer_open(const struct transfer_request *request, struct error *e);
/* No call may be running.  NULL is fine. */
void transfer_close(struct transfer *t);

/*
 * Copies the backup `seal_id` (16 hex digits) and what it needs: generations of the
 * configuration and records of the lock that the destination lacks, packs and rolls, then the
 * seal, each step durable before the next; index runs follow once the destination has all packs
 * of the source. Any number of threads may copy different backups through one transfer.
 *
 * Errors: NO_BACKUP when the source has deleted it (class CHANGED) or has no such seal (class
 * NOT_FOUND: a seal that is there no more without a tombstone has vanished); CONFLICT when the
 * destination has deleted it; INTEGRITY, naming the object, when one at the source is damaged,
 * cut short, missing, or changes while it is read, and when one at the destination has another
 * length than it must have; any class of the two targets.  Whatever arrived before an error
 * stays.  `*r` (may be NULL) is filled also after a failure.
 */
int transfer_backup(struct transfer *t, const char *seal_id, struct transfer_result *r,
                    struct error *e);
/* Copies the tombstone of a deleted backup, durably, then removes the seal at the destination;
 * packs stay.  BACKUP_LOCKED while the lock of the destination holds it.  NO_BACKUP when the
 * source has no tombstone of it (a seal that is merely absent proves nothing).  Absent seals
 * and present tombstones are fine. */
int transfer_remove(struct transfer *t, const char *seal_id, struct error *e);

/* Copies all records of the source's lock (vault/lock.h), durably.  CONFLICT when the
 * destination has another record of its own in the place of one. */
int transfer_lock(struct transfer *t, struct error *e);

/*
 * Copies the newest note (vault/note.h) on every topic that the destination lacks, durably;
 * `*r` (may be NULL) is filled also after a failure.  Older ones at the destination go when the
 * source has them no more and a newer genuine one on their topic is at both sides; nothing goes
 * because the source says nothing, and nothing is copied over a newer one.  Damaged ones are
 * logged and left.  Each side is listed once when nothing is missing.
 */
int transfer_notes(struct transfer *t, struct transfer_result *r, struct error *e);

/* Copies the key slot `slot_id` (32 hex digits), durably.  Class NOT_FOUND when the source has
 * none; INTEGRITY. */
int transfer_slot(struct transfer *t, const char *slot_id, struct error *e);
/* Removes the slot at the destination; absent is fine.  CONFLICT when it is of kind provider,
 * which the destination made for itself, or when no other slot would be left. */
int transfer_slot_remove(struct transfer *t, const char *slot_id, struct error *e);

#endif
