/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.h - one backup of one source into one vault.
 *
 * The source's walk and the parent's tree are joined entry by entry: what has the same stamp is
 * taken over unread, the rest is read, cut into chunks, stored where the vault lacks it. Memory
 * does not grow with the number of entries.  Nothing is visible before the seal, which is
 * written last.
 */
#ifndef CORE_ENGINE_BACKUP_H
#define CORE_ENGINE_BACKUP_H

#include "driver/source.h"
#include "engine/job.h"
#include "policy/select.h"
#include "vault/store.h"

struct backup_request {
    struct source *source;            /* open, read-only */
    struct vault *vault;              /* open and unlocked */
    const struct seal *parent;        /* the last backup of this source; NULL = none */
    bool full;                        /* read everything anew */
    const struct select_rules *rules; /* what to leave out; NULL = nothing */
    const uint8_t *source_id;         /* 16 bytes */
    const uint8_t *writer_id;         /* 16 bytes */
    const char *source_name;
    const struct seal_pair *parameters; /* of the source, kept in the seal */
    size_t parameter_count;
    const struct seal_pair *source_rules; /* kept in the seal; they do not act here */
    size_t source_rule_count;
    const char *host;
    const char *name;        /* NULL = none */
    const char *description; /* NULL = none */
    unsigned threads;        /* 0 = number of processors */
    struct job_reporter reporter;
    /* Whether the vault has room for `bytes` that this backup has stored so far; asked now and
     * then, and before the seal, on the caller's thread.  NULL = always. */
    int (*room)(void *context, uint64_t bytes, struct error *e);
    void *room_context;
    /* Before `bytes` are written to the vault: as of struct session_request; NULL = at once. */
    int (*pass)(void *context, uint64_t bytes, struct error *e);
    void *pass_context;
    /* Everything was read: what held the source still may let go, and what is known only now
     * may go into the draft of the seal.  Once, on the caller's thread, before the last of it
     * is stored.  NULL = nothing to do. */
    int (*read)(void *context, struct seal *draft, struct error *e);
    void *read_context;
};

/* Runs the backup.  On success `*result` is its seal, which the caller frees with seal_free;
 * its flags tell whether it is partial. */
int backup_run(const struct backup_request *request, struct seal **result, struct error *e);

#endif
