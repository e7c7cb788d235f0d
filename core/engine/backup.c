/* SPDX-License-Identifier: Apache-2.0 */
/* backup.c - sets a backup up, runs its two ends, and seals what they made. */
#include "engine/backup_private.h"

#include <config.h>

#include "base/clock.h"
#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

enum { STORE_MEMORY = 8 << 20, ITEMS_BESIDE_WORKERS = 4 };

void backup_fail(struct backup_job *job, const struct error *why)
{
    pthread_mutex_lock(&job->lock);
    if (!atomic_exchange(&job->failed, true))
        job->error = *why;
    pthread_mutex_unlock(&job->lock);
}

void backup_problem(struct backup_job *job, const struct lagan_entry *entry,
                    const struct error *why)
{
    const struct job_reporter *reporter = &job->request->reporter;
    struct job_problem problem = {entry->key, entry->key_size, why->error_class, why->text,
                                  false};
    struct error e = ERROR_INIT;
    pthread_mutex_lock(&job->lock);
    job->progress.problems++;
    if (seal_add_problem(job->seal, entry->key, entry->key_size, why->error_class, why->text,
                         &e) != 0 &&
        !atomic_exchange(&job->failed, true))
        job->error = e;
    if (reporter->problem)
        reporter->problem(reporter->context, &problem);
    pthread_mutex_unlock(&job->lock);
}

void backup_warn(struct backup_job *job, const struct lagan_entry *entry, const char *text)
{
    const struct job_reporter *reporter = &job->request->reporter;
    struct job_problem problem = {entry->key, entry->key_size, LAGAN_OK, text, true};
    pthread_mutex_lock(&job->lock);
    if (reporter->problem)
        reporter->problem(reporter->context, &problem);
    pthread_mutex_unlock(&job->lock);
}

void backup_progress(struct backup_job *job, uint64_t entries, uint64_t bytes,
                     const struct lagan_entry *entry)
{
    const struct job_reporter *reporter = &job->request->reporter;
    if (!reporter->progress)
        return;
    pthread_mutex_lock(&job->lock);
    job->progress.entries_done += entries;
    job->progress.bytes_done += bytes;
    job->progress.key = entry ? entry->key : NULL;
    job->progress.key_size = entry ? entry->key_size : 0;
    reporter->progress(reporter->context, &job->progress);
    pthread_mutex_unlock(&job->lock);
}

/* What the seal says beside the tree. */
static int job_draft(struct backup_job *job, struct error *e)
{
    const struct backup_request *request = job->request;
    job->seal = seal_new(e);
    if (!job->seal)
        return -1;
    struct seal *seal = job->seal;
    memcpy(seal->source_id, request->source_id, sizeof(seal->source_id));
    memcpy(seal->writer, request->writer_id, sizeof(seal->writer));
    seal->start_ns = clock_wall_ns();
    seal->flags = request->full ? SEAL_FULL : 0;
    if (request->parent) {
        seal->has_parent = true;
        memcpy(seal->parent, request->parent->hash, sizeof(seal->parent));
    }
    const char *driver = driver_name(source_driver(request->source));
    if (seal_set_text(&seal->source_driver, driver, e) != 0 ||
        seal_set_text(&seal->source_name, request->source_name, e) != 0 ||
        seal_set_text(&seal->host, request->host, e) != 0 ||
        seal_set_text(&seal->backup_name, request->name, e) != 0 ||
        seal_set_text(&seal->description, request->description, e) != 0 ||
        seal_set_text(&seal->program, PACKAGE_STRING, e) != 0)
        return -1;
    for (size_t i = 0; i < request->parameter_count; i++) {
        if (seal_add_parameter(seal, request->parameters[i].name, request->parameters[i].value,
                               e) != 0)
            return -1;
    }
    for (size_t i = 0; i < request->source_rule_count; i++) {
        const struct seal_pair *rule = &request->source_rules[i];
        if (seal_add_rule(seal, rule->name, rule->value, e) != 0)
            return -1;
    }
    return 0;
}

static void job_totals(struct backup_job *job)
{
    const struct backup_request *request = job->request;
    struct error ignored;
    if (request->parent) {
        job->progress.entries_total = request->parent->root.entries;
        job->progress.bytes_total = request->full ? request->parent->root.bytes : 0;
    } else {
        source_estimate(request->source, &job->progress.bytes_total,
                        &job->progress.entries_total, &ignored);
    }
}

static int job_items(struct backup_job *job, unsigned count, struct error *e)
{
    job->free_items = queue_new(count);
    if (!job->free_items)
        return error_no_memory(e, "a backup's items");
    for (unsigned i = 0; i < count; i++) {
        struct item *item = calloc(1, sizeof(*item));
        if (!item)
            return error_no_memory(e, "a backup's items");
        item->job = job;
        queue_put(job->free_items, item);
    }
    return 0;
}

/* A parent that cannot be built upon is none. */
static int job_session(struct backup_job *job, struct backup_request *request, unsigned threads,
                       struct error *e)
{
    struct session_request session = {.writer_id = request->writer_id,
                                      .source_id = request->source_id,
                                      .host = request->host,
                                      .parent = request->parent,
                                      .threads = threads,
                                      .pass = request->pass,
                                      .pass_context = request->pass_context};
    if (session_begin(request->vault, &session, &job->session, e) != 0)
        return -1;
    if (!session_has_parent(job->session))
        request->parent = NULL;
    return 0;
}

static int job_open(struct backup_job *job, struct backup_request *request, struct error *e)
{
    const struct vault_settings *settings = vault_settings(request->vault);
    unsigned threads = request->threads ? request->threads : pool_processors();
    unsigned readers = flat_threads(request->source, threads);

    job->flat = flat_source(request->source);
    job->chunk_average = (size_t)1 << settings->chunk_average_log2;
    job->chunk_smallest = job->chunk_average / 4;
    job->chunk_largest = job->chunk_average * 4;
    job->links = link_slots_new(e);
    if (!job->links || job_session(job, request, threads, e) != 0 || job_draft(job, e) != 0 ||
        job_items(job, readers + ITEMS_BESIDE_WORKERS, e) != 0)
        return -1;
    if (request->parent && store_open(request->vault, STORE_MEMORY, &job->store, e) != 0)
        return -1;
    job->pool = pool_new(readers, readers + ITEMS_BESIDE_WORKERS, e);
    if (!job->pool)
        return -1;
    job->pipe = pipe_new(job->pool, readers + ITEMS_BESIDE_WORKERS, backup_item_run, e);
    return job->pipe ? 0 : -1;
}

static void job_close(struct backup_job *job)
{
    pipe_free(job->pipe);
    pool_free(job->pool);
    session_free(job->session);
    store_close(job->store);
    link_slots_free(job->links);
    struct item *item = NULL;
    while (job->free_items && (item = queue_try_take(job->free_items)))
        item_free(item);
    queue_free(job->free_items);
    stream_room_free(&job->join_room);
    stream_room_free(&job->collect_room);
    seal_free(job->seal);
    pthread_mutex_destroy(&job->lock);
}

static int job_run(struct backup_job *job, struct error *e)
{
    pthread_t join;
    int number = pthread_create(&join, NULL, backup_join, job);
    if (number != 0)
        return error_errno(e, number, "cannot start a thread");
    int result = backup_collect(job, &job->seal->root);
    pthread_join(join, NULL);
    if (result != 0 || atomic_load(&job->failed)) {
        *e = job->error;
        return -1;
    }
    return operation_check(e);
}

int backup_ask_room(struct backup_job *job, struct error *e)
{
    const struct backup_request *request = job->request;
    struct session_counters counters;
    if (!request->room)
        return 0;
    session_counters(job->session, &counters);
    if (counters.bytes_stored <= job->bytes_asked)
        return 0;
    job->bytes_asked = counters.bytes_stored;
    return request->room(request->room_context, counters.bytes_stored, e);
}

static int job_read(struct backup_job *job, struct error *e)
{
    const struct backup_request *request = job->request;
    return request->read ? request->read(request->read_context, job->seal, e) : 0;
}

static int job_seal(struct backup_job *job, struct error *e)
{
    struct seal *seal = job->seal;
    struct session_counters counters;
    if (session_flush(job->session, e) != 0 || backup_ask_room(job, e) != 0)
        return -1;
    session_counters(job->session, &counters);
    seal->counters.bytes_read = atomic_load(&job->bytes_read);
    seal->counters.chunks_new = counters.chunks_new;
    seal->counters.bytes_new = counters.bytes_new;
    seal->counters.bytes_stored = counters.bytes_stored;
    seal->flags |= seal->problem_total > 0 ? SEAL_PARTIAL : 0;
    seal->end_ns = clock_wall_ns();
    return session_seal(job->session, seal, e);
}

int backup_run(const struct backup_request *request, struct seal **result, struct error *e)
{
    struct backup_request own = *request;
    struct backup_job job = {.request = &own};
    int done = -1;

    pthread_mutex_init(&job.lock, NULL);
    atomic_init(&job.failed, false);
    atomic_init(&job.bytes_read, 0);
    if (job_open(&job, &own, e) != 0)
        goto out;
    job_totals(&job);
    if (job_run(&job, e) != 0 || job_read(&job, e) != 0 || job_seal(&job, e) != 0)
        goto out;
    *result = job.seal;
    job.seal = NULL;
    done = 0;
out:
    job_close(&job);
    return done;
}
