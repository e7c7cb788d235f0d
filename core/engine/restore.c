/* SPDX-License-Identifier: Apache-2.0 */
/* restore.c - sets a restore up, runs its parts, counts what they do. */
#include "engine/restore_private.h"

#include "driver/operation.h"
#include "engine/key_text.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS_BESIDE_WORKERS = 2 };

void restore_fail(struct restore_job *job, const struct error *why)
{
    pthread_mutex_lock(&job->lock);
    if (!atomic_exchange(&job->failed, true))
        job->error = *why;
    pthread_mutex_unlock(&job->lock);
}

/* Reports under the lock. */
static void restore_report(struct restore_job *job, const struct tree_entry *entry,
                           uint32_t error_class, const char *text, bool warning)
{
    const struct job_reporter *reporter = &job->request->reporter;
    struct job_problem problem = {entry->key, entry->key_size, error_class, text, warning};
    if (reporter->problem)
        reporter->problem(reporter->context, &problem);
}

void restore_problem(struct restore_job *job, const struct tree_entry *entry,
                     const struct error *why)
{
    pthread_mutex_lock(&job->lock);
    job->result.problems++;
    job->progress.problems++;
    job->progress.entries_done++;
    restore_report(job, entry, why->error_class, why->text, false);
    pthread_mutex_unlock(&job->lock);
}

int restore_judge(struct restore_job *job, const struct tree_entry *entry,
                  const struct error *why, struct error *e)
{
    if (job_error_ends(why)) {
        *e = *why;
        return -1;
    }
    restore_problem(job, entry, why);
    return 0;
}

void restore_warn(struct restore_job *job, const struct tree_entry *entry, const char *text)
{
    pthread_mutex_lock(&job->lock);
    job->result.warnings++;
    restore_report(job, entry, LAGAN_OK, text, true);
    pthread_mutex_unlock(&job->lock);
}

void restore_lose(struct restore_job *job, const struct tree_entry *entry,
                  enum restore_loss loss)
{
    static const char *const texts[] = {
#define X(symbol, text) text,
        RESTORE_LOSSES(X)
#undef X
    };
    if (!atomic_exchange(&job->said[loss], true))
        restore_warn(job, entry, texts[loss]);
}

bool restore_place_is_flat(const struct restore_job *job)
{
    return job->way == RESTORE_TO_OBJECTS || (job->flat && job->way == RESTORE_AS_IS);
}

static void restore_progress(struct restore_job *job)
{
    const struct job_reporter *reporter = &job->request->reporter;
    if (reporter->progress)
        reporter->progress(reporter->context, &job->progress);
}

void restore_count(struct restore_job *job, const struct tree_entry *entry,
                   enum restore_verdict verdict, uint64_t bytes)
{
    pthread_mutex_lock(&job->lock);
    struct restore_result *result = &job->result;
    result->entries++;
    result->entries_written += verdict == VERDICT_CREATE || verdict == VERDICT_REPLACE;
    result->entries_equal += verdict == VERDICT_EQUAL;
    result->entries_kept += verdict == VERDICT_KEEP;
    result->bytes_written += bytes;
    job->progress.entries_done++;
    job->progress.bytes_done += bytes;
    job->progress.key = entry->key;
    job->progress.key_size = entry->key_size;
    restore_progress(job);
    pthread_mutex_unlock(&job->lock);
}

void restore_count_bytes(struct restore_job *job, uint64_t bytes)
{
    pthread_mutex_lock(&job->lock);
    job->result.bytes_written += bytes;
    job->progress.bytes_done += bytes;
    job->progress.key = NULL;
    restore_progress(job);
    pthread_mutex_unlock(&job->lock);
}

void restore_item_reset(struct restore_item *item)
{
    for (size_t i = 0; i < item->step_count; i++) {
        tree_entry_free(item->steps[i].entry);
        restore_group_release(item->steps[i].group);
        item->steps[i] = (struct restore_step){0};
    }
    item->step_count = 0;
    buffer_clear(&item->data);
    item->failure = ERROR_INIT;
}

void restore_item_free(struct restore_item *item)
{
    if (!item)
        return;
    restore_item_reset(item);
    buffer_free(&item->data);
    free(item);
}

/* What kinds the backup and the place are of. */
static int job_kinds(struct restore_job *job, struct error *e)
{
    const struct restore_request *request = job->request;
    bool place = flat_source(request->place);
    int flat = flat_tree(&job->access, &request->seal->root, e);
    if (flat < 0)
        return -1;
    /* A backup of nothing but its root is of any kind. */
    if (request->seal->root.entries <= 1)
        flat = place;
    job->flat = flat == 1;
    if (job->flat != place)
        job->way = place ? RESTORE_TO_OBJECTS : RESTORE_TO_FILES;
    return 0;
}

static uint32_t count_entry(void *context, const struct lagan_entry *entry)
{
    bool *empty = context;
    *empty = *empty && entry->key_size == 0;
    return LAGAN_OK;
}

/* Of an empty bucket nobody asks for each object whether it is there. */
static bool place_is_empty(const struct restore_job *job)
{
    bool empty = true, ended = false;
    struct error ignored = ERROR_INIT;
    struct lagan_entry_collector collector = {.context = &empty, .add = count_entry};
    if (!restore_place_is_flat(job))
        return false;
    struct walk *walk = source_walk_open(job->request->place, NULL, NULL, NULL, 0, &ignored);
    if (!walk)
        return false;
    for (int i = 0; i < 2 && empty && !ended; i++)
        if (walk_next(walk, 2, &collector, &ended, &ignored) != 0)
            empty = false;
    walk_close(walk);
    return empty && ended;
}

static int job_open(struct restore_job *job, struct error *e)
{
    const struct restore_request *request = job->request;
    unsigned least = request->threads ? request->threads : pool_processors();
    unsigned threads = flat_threads(request->place, least);
    unsigned items = threads + ITEMS_BESIDE_WORKERS;

    job->access = store_access(request->store);
    if (job_kinds(job, e) != 0)
        return -1;
    job->place_empty = place_is_empty(job);
    job->progress.entries_total = request->seal->root.entries;
    job->progress.bytes_total = request->seal->root.bytes;
    job->links = restore_links_new(e);
    if (!job->links)
        return -1;
    job->free_items = queue_new(items);
    if (!job->free_items)
        return error_no_memory(e, "a restore's items");
    for (unsigned i = 0; i < items; i++) {
        struct restore_item *item = calloc(1, sizeof(*item));
        if (!item)
            return error_no_memory(e, "a restore's items");
        item->job = job;
        queue_put(job->free_items, item);
    }
    job->pool = pool_new(threads, items, e);
    if (!job->pool)
        return -1;
    job->pipe = pipe_new(job->pool, items, restore_item_run, e);
    return job->pipe ? 0 : -1;
}

static void job_close(struct restore_job *job)
{
    struct restore_item *item = NULL;
    pipe_free(job->pipe);
    pool_free(job->pool);
    while (job->free_items && (item = queue_try_take(job->free_items)))
        restore_item_free(item);
    queue_free(job->free_items);
    restore_links_free(job->links);
    restore_keys_free(&job->blocked);
    restore_keys_free(&job->made);
    buffer_free(&job->folder_bits);
    pthread_mutex_destroy(&job->lock);
}

/* Whether there is something at the top of flat keys, or in the folder of that name. */
static int find_flat_top(struct restore_job *job, struct error *e)
{
    struct restore_view view;
    struct restore_found found = {0};
    int got = -1;
    if (restore_view_open(&view, job, e) == 0)
        got = restore_next(&view, &found, e);
    tree_entry_free(found.entry);
    restore_view_close(&view);
    return got;
}

/* The key to start at must be in the backup. */
static int job_check_top(struct restore_job *job, struct error *e)
{
    const struct restore_request *request = job->request;
    struct tree_entry *entry = NULL;
    if (request->top_key_size == 0)
        return 0;
    int found = job->flat ? find_flat_top(job, e)
                          : tree_find(&job->access, &request->seal->root, request->top_key,
                                      request->top_key_size, &entry, e);
    if (found < 0)
        return -1;
    if (found == 0) {
        char name[KEY_LINE_SIZE];
        key_line(name, request->top_key, request->top_key_size);
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_ENTRY,
                         "backup %s has no entry %s; `lagan ls` shows what it has",
                         request->seal->id, name);
    }
    tree_entry_free(entry);
    return 0;
}

static int job_run(struct restore_job *job, struct error *e)
{
    pthread_t walk;
    if (job_check_top(job, e) != 0)
        return -1;
    int number = pthread_create(&walk, NULL, restore_walk, job);
    if (number != 0)
        return error_errno(e, number, "cannot start a thread");
    int result = restore_collect(job);
    pthread_join(walk, NULL);
    if (result != 0 || atomic_load(&job->failed)) {
        *e = job->error;
        return -1;
    }
    return job->request->dry_run ? 0 : restore_directories(job, e);
}

int restore_run(const struct restore_request *request, struct restore_result *result,
                struct error *e)
{
    struct restore_job job = {.request = request};
    int done = -1;
    pthread_mutex_init(&job.lock, NULL);
    atomic_init(&job.failed, false);
    for (size_t i = 0; i < RESTORE_LOSS_COUNT; i++)
        atomic_init(&job.said[i], false);
    if (job_open(&job, e) == 0 && job_run(&job, e) == 0) {
        *result = job.result;
        done = 0;
    }
    job_close(&job);
    return done;
}
