/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_work.c - what a worker does: one object after the other is copied. */
#include "engine/migrate_private.h"

#include <string.h>

/* Which errors another try may mend. */
static bool may_pass(const struct error *why)
{
    static const uint32_t classes[] = {LAGAN_TRANSIENT, LAGAN_BUSY, LAGAN_TIMEOUT,
                                       LAGAN_CORRUPT, LAGAN_CHANGED};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (why->error_class == classes[i])
            return true;
    return false;
}

/* What the original is now: 1, 0 it is not there any more, -1. */
static int look_again(struct migrate_job *job, struct migrate_item *item, struct error *e)
{
    const struct lagan_entry *known = &item->entry.seen.copy.entry;
    struct object_seen seen = {0};
    struct lagan_entry_collector collector = object_seen_collector(&seen);
    if (object_look(job->ends->from.source, known->key, known->key_size, &collector, e) == 0) {
        object_seen_free(&item->entry.seen);
        item->entry.seen = seen;
        return 1;
    }
    object_seen_free(&seen);
    return e->error_class == LAGAN_NOT_FOUND ? 0 : -1;
}

/* MIG-08: what was not there when it was listed is not overwritten by the rules that keep. */
static enum object_exists rule_of(const struct migrate_job *job,
                                  const struct migrate_item *item)
{
    enum object_exists rule = job->options.exists;
    if (rule == OBJECT_EXISTS_NEWER)
        rule = item->is_there ? OBJECT_EXISTS_OVERWRITE : OBJECT_EXISTS_NEVER;
    return rule;
}

static int copy_once(struct migrate_job *job, struct migrate_item *item, struct error *e)
{
    struct lagan_entry entry = migrate_entry_view(&item->entry);
    struct object_copy_options options = job->options;
    struct object_copied copied = {0};
    options.exists = rule_of(job, item);
    int result = object_copy(job->ends, &entry, &options, &copied, e);
    if (result == 0) {
        item->state = copied.outcome == OBJECT_OUTCOME_KEPT   ? ITEM_KEPT
                      : copied.outcome == OBJECT_OUTCOME_SAME ? ITEM_SAME
                                                              : ITEM_COPIED;
        item->bytes = item->state == ITEM_COPIED ? copied.bytes : 0;
        item->lost = copied.lost > 0;
    }
    object_copied_free(&copied);
    return result;
}

/* Tries it as often as the plan says; on failure `e` tells of the last one. */
static int copy_item(struct migrate_job *job, struct migrate_item *item, struct error *e)
{
    int found = item->unlooked ? look_again(job, item, e) : 1;
    if (found == 0)
        item->state = ITEM_VANISHED;
    if (found <= 0)
        return found;
    for (unsigned attempt = 1;; attempt++) {
        *e = ERROR_INIT;
        if (copy_once(job, item, e) == 0)
            return 0;
        struct error why = *e;
        if (job_error_ends(&why))
            return -1;
        if (why.error_class == LAGAN_NOT_FOUND || why.error_class == LAGAN_CHANGED) {
            found = look_again(job, item, e);
            if (found == 0)
                item->state = ITEM_VANISHED;
            if (found <= 0)
                return found;
        }
        *e = why;
        if (attempt >= job->plan->attempts || !may_pass(&why))
            return -1;
    }
}

static void report_done(struct migrate_job *job, const struct migrate_item *item)
{
    const struct lagan_entry *entry = &item->entry.seen.copy.entry;
    pthread_mutex_lock(&job->lock);
    job->progress.entries_done++;
    job->progress.bytes_done += entry->bytes;
    job->progress.key = entry->key;
    job->progress.key_size = entry->key_size;
    if (job->reporter.progress)
        job->reporter.progress(job->reporter.context, &job->progress);
    job->progress.key = NULL;
    pthread_mutex_unlock(&job->lock);
}

/* It is no failure any more, when it was one. */
static void mend(struct migrate_job *job, const struct migrate_item *item)
{
    const struct lagan_entry *entry = &item->entry.seen.copy.entry;
    struct error e = ERROR_INIT;
    if (job->has_failures &&
        catalog_migrate_mend(job->catalog, job->row->id, entry->key, entry->key_size, &e) != 0)
        migrate_fail(job, &e);
}

static void work_on(struct migrate_job *job, struct migrate_item *item)
{
    struct error e = ERROR_INIT;
    if (atomic_load(&job->failed))
        return;
    if (copy_item(job, item, &e) == 0) {
        mend(job, item);
        report_done(job, item);
        return;
    }
    if (job_error_ends(&e)) {
        migrate_fail(job, &e);
        return;
    }
    item->state = ITEM_FAILED;
    migrate_problem(job, &item->entry.seen.copy.entry, &e);
    report_done(job, item);
}

void *migrate_worker(void *context)
{
    struct migrate_job *job = context;
    struct migrate_item *item;
    while ((item = queue_take(job->items))) {
        work_on(job, item);
        migrate_unit_finish(item);
    }
    migrate_thread_ended(job, &job->working);
    return NULL;
}
