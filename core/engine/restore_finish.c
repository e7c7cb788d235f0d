/* SPDX-License-Identifier: Apache-2.0 */
/* restore_finish.c - what must happen in order: large files, and names of what is in place by
 * now. */
#include "engine/restore_private.h"

#include <stdlib.h>

/* The large file that is being written. */
struct finish {
    struct restore_job *job;
    struct restore_step large;
    enum restore_verdict verdict;
    struct entry_writer *writer; /* NULL: nothing is written (kept, equal, failed) */
    uint64_t offset;
    bool failed;                      /* its problem has been reported */
    struct restore_metadata metadata; /* of the large file */
};

static int finish_problem(struct finish *f, const struct error *why, struct error *e)
{
    entry_writer_abort(f->writer);
    restore_metadata_free(&f->metadata);
    f->writer = NULL;
    f->failed = true;
    return restore_judge(f->job, f->large.entry, why, e);
}

static int finish_begin(struct finish *f, struct restore_item *item, struct error *e)
{
    struct restore_job *job = f->job;
    struct error why = ERROR_INIT;
    struct lagan_entry target;
    f->large = item->steps[0];
    item->steps[0] = (struct restore_step){0};
    f->offset = 0;
    f->failed = false;
    if (restore_decide(job, f->large.entry, f->large.fresh, &f->verdict, &why) != 0)
        return finish_problem(f, &why, e);
    if (f->verdict == VERDICT_STOP)
        return restore_stop(f->large.entry, e);
    if (f->verdict != VERDICT_CREATE && f->verdict != VERDICT_REPLACE)
        return 0;
    if (restore_metadata_load(job, f->large.entry, &f->metadata, &why) != 0)
        return finish_problem(f, &why, e);
    entry_from_tree(f->large.entry, &target, NULL, 0);
    target.pieces = f->metadata.pieces;
    target.piece_count = f->metadata.count;
    uint64_t flags = job->request->create_flags;
    flags |= f->verdict == VERDICT_REPLACE ? LAGAN_CREATE_REPLACE : 0;
    f->writer = source_entry_create(job->request->place, &target, flags, &why);
    return f->writer ? 0 : finish_problem(f, &why, e);
}

static int finish_chunk(struct finish *f, struct restore_item *item, struct error *e)
{
    struct error why = item->failure;
    uint64_t offset = f->offset;
    f->offset += item->record.bytes;
    if (!f->writer)
        return 0;
    int result = why.error_class != LAGAN_OK ? -1 : 0;
    if (result == 0 && chunk_is_hole(&item->record.id))
        result = entry_writer_zero(f->writer, offset, item->record.bytes, &why);
    else if (result == 0)
        result = entry_writer_write(f->writer, offset, item->data.data, item->data.size, &why);
    if (result != 0)
        return finish_problem(f, &why, e);
    restore_count_bytes(f->job, item->record.bytes);
    return 0;
}

static int finish_commit(struct finish *f, struct error *e)
{
    struct restore_lost lost = {f->job, f->large.entry};
    struct lagan_metadata_collector collector = restore_lost_collector(&lost);
    if (f->offset != f->large.entry->bytes)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "its chunks do not add up to its length");
    struct entry_writer *writer = f->writer;
    f->writer = NULL;
    int result =
        entry_writer_commit(writer, f->metadata.pieces, f->metadata.count, &collector, e);
    restore_metadata_free(&f->metadata);
    return result;
}

/* The whole of it again, on this thread: rare, and better than to leave it out. */
static int finish_again(struct finish *f, struct error *why)
{
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
    bool replace = f->verdict == VERDICT_REPLACE || why->outcome == LAGAN_OUTCOME_UNKNOWN;
    if (!restore_is_worth_trying(f->job, why))
        return -1;
    return restore_write_patiently(f->job, f->large.entry, replace, &data, why);
}

static int finish_end(struct finish *f, struct restore_item *item, struct error *e)
{
    struct error why = item->failure;
    int result = 0;
    if (f->writer && (why.error_class != LAGAN_OK || finish_commit(f, &why) != 0) &&
        finish_again(f, &why) != 0)
        result = finish_problem(f, &why, e);
    if (result == 0 && !f->failed) {
        if (f->large.group && f->verdict != VERDICT_KEEP)
            atomic_store(&f->large.group->there, true);
        restore_count(f->job, f->large.entry, f->verdict, 0);
    }
    tree_entry_free(f->large.entry);
    restore_group_release(f->large.group);
    f->large = (struct restore_step){0};
    return result;
}

/* A further name: a link when the first is in place, a file of its own when that one was kept
 * or failed. */
static int finish_link(struct finish *f, const struct restore_step *step, struct buffer *data,
                       struct error *e)
{
    struct restore_job *job = f->job;
    const struct tree_entry *entry = step->entry;
    enum restore_verdict verdict = VERDICT_CREATE;
    struct error why = ERROR_INIT;
    if (!atomic_load(&step->group->there))
        return restore_write_entry(job, step, data, e);
    if (restore_decide(job, entry, step->fresh, &verdict, &why) != 0)
        goto failed;
    if (verdict == VERDICT_STOP)
        return restore_stop(entry, e);
    /* What is equal may be a copy; a link in its place costs nothing and is always right. */
    bool replace = verdict == VERDICT_REPLACE || verdict == VERDICT_EQUAL;
    uint64_t flags = job->request->create_flags | (replace ? LAGAN_CREATE_REPLACE : 0);
    if (verdict != VERDICT_KEEP && !job->request->dry_run &&
        source_link_create(job->request->place, entry->key, entry->key_size, step->group->key,
                           step->group->key_size, flags, &why) != 0)
        goto failed;
    restore_count(job, entry, verdict, 0);
    return 0;
failed:
    return restore_judge(job, entry, &why, e);
}

static int finish_item(struct finish *f, struct restore_item *item, struct error *e)
{
    switch (item->kind) {
    case RESTORE_ITEM_LARGE_BEGIN:
        return finish_begin(f, item, e);
    case RESTORE_ITEM_LARGE_CHUNK:
        return finish_chunk(f, item, e);
    case RESTORE_ITEM_LARGE_END:
        return finish_end(f, item, e);
    case RESTORE_ITEM_ENTRIES:
        for (size_t i = 0; i < item->step_count; i++) {
            struct restore_step *step = &item->steps[i];
            if (step->link && finish_link(f, step, &item->data, e) != 0)
                return -1;
            if (step->ordered && restore_write_entry(f->job, step, &item->data, e) != 0)
                return -1;
        }
    }
    return 0;
}

int restore_collect(struct restore_job *job)
{
    struct finish f = {.job = job};
    struct restore_item *item = NULL;
    struct error e = ERROR_INIT;
    while ((item = pipe_take(job->pipe))) {
        /* After a failure items are only sent round, so that the walk can end. */
        if (!atomic_load(&job->failed) && finish_item(&f, item, &e) != 0)
            restore_fail(job, &e);
        restore_item_reset(item);
        queue_put(job->free_items, item);
    }
    entry_writer_abort(f.writer);
    restore_metadata_free(&f.metadata);
    tree_entry_free(f.large.entry);
    restore_group_release(f.large.group);
    return atomic_load(&job->failed) ? -1 : 0;
}
