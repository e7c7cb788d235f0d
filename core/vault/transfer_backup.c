/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_backup.c - the order in which the objects of a backup go. */
#include "base/object.h"
#include "vault/stored.h"
#include "vault/transfer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a backup whose packs vanish at the source. */
enum { ATTEMPTS = 3 };

static int open_job(struct transfer_job *job, const char *seal_id, struct error *e)
{
    char name[SEAL_NAME_SIZE];

    if (transfer_seal_find(job->t, seal_id, name, e) != 0)
        return -1;
    snprintf(job->object, sizeof(job->object), "seals/%s", name);
    job->name = job->object + strlen("seals/");
    return 0;
}

static void close_job(struct transfer_job *job)
{
    buffer_free(&job->data);
    seal_free(job->seal);
    free(job->packs);
    free(job->moves);
}

/* NO_BACKUP when the source has deleted it. */
static int check_source(const struct transfer_job *job, const char *seal_id, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error ignored = ERROR_INIT;
    int found = tombstone_read(job->t->from, job->name, &data, &ignored, e);

    if (found > 0)
        return error_set(e, LAGAN_CHANGED, ERROR_NO_BACKUP, "the source has deleted backup %s",
                         seal_id);
    return found;
}

static int check_destination(const struct transfer_job *job, const char *seal_id,
                             struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error ignored = ERROR_INIT;
    int found = tombstone_read(job->t->to, job->name, &data, &ignored, e);

    if (found > 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                         "backup %s was deleted at the destination, and not at the source",
                         seal_id);
    return found;
}

static int find_sealed(struct transfer_job *job, struct error *e)
{
    struct error why = ERROR_INIT;
    uint64_t bytes;

    job->sealed = target_stat(job->t->carry.to, job->object, &bytes, &why) == 0;
    if (job->sealed || why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = why;
    return -1;
}

static int flush(struct transfer *t, struct error *e)
{
    if (target_flush(t->carry.to, e) == 0)
        return 0;
    transfer_objects_unsure(t);
    return -1;
}

/* Repeated also when the seal is there: it may not have become durable yet. */
static int put_seal(struct transfer_job *job, struct error *e)
{
    const struct transfer *t = job->t;

    if (t->carry.pass != NULL && t->carry.pass(t->carry.context, job->data.size, e) != 0)
        return -1;
    switch (stored_put(t->carry.to, job->object, job->data.data, job->data.size, e)) {
    case STORED_DONE:
        job->result.objects += !job->sealed;
        job->result.bytes += job->sealed ? 0 : job->data.size;
        job->result.objects_present += job->sealed;
        return 0;
    case STORED_TAKEN:
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "%s: something else stands there at the destination", job->object);
    default:
        return -1;
    }
}

/* What is read from the source. */
static int gather(struct transfer_job *job, const char *seal_id, struct error *e)
{
    int result = 0;

    job->result.at_source = true;
    if (open_job(job, seal_id, e) != 0 || check_source(job, seal_id, e) != 0 ||
        transfer_seal_read(job, e) != 0 ||
        backup_packs_either(job->t->from, job->t->to, job->seal, &job->packs, &job->pack_count,
                            e) != 0 ||
        transfer_moves_resolve(job, e) != 0)
        result = -1;
    if (result != 0 && job->seal != NULL && e->error_class == LAGAN_NOT_FOUND)
        e->code = ERROR_INTEGRITY; /* a roll is missing */
    if (result == 0)
        job->result.at_source = false;
    return result;
}

static int copy(struct transfer_job *job, const char *seal_id, struct error *e)
{
    struct transfer *t = job->t;

    if (check_destination(job, seal_id, e) != 0 || find_sealed(job, e) != 0 ||
        transfer_conf(t, e) != 0 || transfer_locks(t, e) != 0 ||
        transfer_prune_begin(job, e) != 0 || transfer_objects(job, e) != 0)
        return -1;
    if (transfer_moves_copy(job, e) != 0)
        return -1;
    if ((!job->sealed || job->result.objects > 0) && flush(t, e) != 0)
        return -1;
    if (put_seal(job, e) != 0 || flush(t, e) != 0 || transfer_prune_end(job, e) != 0)
        return -1;
    transfer_objects_sure(t, job->seal, job->packs, job->pack_count);
    transfer_runs(job);
    return 0;
}

/* What is missing at the source may be missing because the backup was deleted meanwhile. */
static void explain(struct transfer_job *job, const char *seal_id, struct error *e)
{
    struct error why = ERROR_INIT;

    if (e->error_class == LAGAN_NOT_FOUND && job->result.at_source && job->name != NULL &&
        check_source(job, seal_id, &why) != 0 && why.code == ERROR_NO_BACKUP)
        *e = why;
}

/* One attempt; what it has done is added to `*r`. */
static int attempt(struct transfer *t, const char *seal_id, struct transfer_result *r,
                   struct error *e)
{
    struct transfer_job job = {.t = t, .result = *r};
    int result;

    result = gather(&job, seal_id, e);
    if (result == 0)
        result = copy(&job, seal_id, e);
    if (result != 0)
        explain(&job, seal_id, e);
    *r = job.result;
    close_job(&job);
    return result;
}

/* What vanishes at the source may have been pruned there: its moves say where it went. */
int transfer_backup(struct transfer *t, const char *seal_id, struct transfer_result *r,
                    struct error *e)
{
    struct transfer_result done = {0};
    struct error why = ERROR_INIT;
    int result = 0;

    OBJECT_CHECK(t, TRANSFER_MAGIC);
    for (int i = 0; i < ATTEMPTS; i++) {
        why = ERROR_INIT;
        result = attempt(t, seal_id, &done, &why);
        if (result == 0 || why.error_class != LAGAN_NOT_FOUND || !done.at_source ||
            why.code == ERROR_NO_BACKUP)
            break;
        transfer_moves_forget(t);
        done.objects_present = 0;
    }
    if (r != NULL)
        *r = done;
    if (result != 0)
        *e = why;
    return result;
}
