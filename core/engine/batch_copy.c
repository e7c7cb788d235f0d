/* SPDX-License-Identifier: Apache-2.0 */
/* batch_copy.c - the rows of a batch job become copies, several at a time. */
#include "base/clock.h"
#include "base/log.h"
#include "base/object.h"
#include "base/queue.h"
#include "driver/operation.h"
#include "engine/batch_private.h"
#include "engine/task.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t LOOK_NS = INT64_C(500000000);

/* What ends the copying before the last row. */
enum stop { STOP_NOT, STOP_PAUSE, STOP_CANCEL, STOP_FAILED };

struct crew {
    struct batch_copying copying;
    struct queue *todo;
    pthread_t threads[BATCH_PARALLEL_LIMIT];
    unsigned count;
    pthread_mutex_t lock; /* guards what follows */
    enum stop stop;
    struct error why; /* of STOP_FAILED: the first one */
    int64_t looked_ns;
};

/* ---- threads ---- */

static void todo_free(struct batch_todo *todo)
{
    if (todo == NULL)
        return;
    buffer_free(&todo->key);
    free(todo->version);
    free(todo);
}

static void stop_with(struct crew *crew, enum stop stop, const struct error *why)
{
    pthread_mutex_lock(&crew->lock);
    if (crew->stop == STOP_NOT || (stop == STOP_FAILED && crew->stop != STOP_FAILED)) {
        crew->stop = stop;
        if (why != NULL)
            crew->why = *why;
    }
    pthread_mutex_unlock(&crew->lock);
}

static enum stop stop_of(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    enum stop stop = crew->stop;
    pthread_mutex_unlock(&crew->lock);
    return stop;
}

/* BAT-20: at any moment. */
static void judge_failures(struct crew *crew)
{
    struct batch_counts counts = batch_rows_counts(crew->copying.rows);
    uint64_t operations = counts.succeeded + counts.failed + counts.skipped;
    const struct batch_plan *plan = crew->copying.work->plan;
    struct error why = ERROR_INIT;

    if (!batch_rule_too_many_failures(plan, operations, counts.failed))
        return;
    error_set(&why, LAGAN_PRECONDITION, ERROR_BATCH_FAILURES,
              "%llu of %llu operations failed, more than the %u %% of failure-rate",
              (unsigned long long)counts.failed, (unsigned long long)operations,
              plan->failure_percent);
    stop_with(crew, STOP_FAILED, &why);
}

/* An object that waits when the job stops stays as it was. */
static void *copy_rows(void *context)
{
    struct crew *crew = context;
    struct batch_todo *todo;

    while ((todo = queue_take(crew->todo)) != NULL) {
        struct error why = ERROR_INIT;
        if (stop_of(crew) == STOP_NOT) {
            if (batch_row_copy(&crew->copying, todo, &why) != 0)
                stop_with(crew, STOP_FAILED, &why);
            else
                judge_failures(crew);
        }
        todo_free(todo);
    }
    return NULL;
}

static int start_threads(struct crew *crew, unsigned wanted, struct error *e)
{
    for (; crew->count < wanted; crew->count++) {
        int status = pthread_create(&crew->threads[crew->count], NULL, copy_rows, crew);
        if (status != 0 && crew->count == 0)
            return error_errno(e, status, "cannot start a thread");
        if (status != 0)
            return 0;
    }
    return 0;
}

static void join_threads(struct crew *crew)
{
    queue_close(crew->todo);
    for (unsigned i = 0; i < crew->count; i++)
        pthread_join(crew->threads[i], NULL);
}

/* ---- the one that hands out ---- */

static void count(struct crew *crew)
{
    struct batch_at_work *w = crew->copying.work;
    struct batch_counts counts = batch_rows_counts(crew->copying.rows);

    w->job->succeeded = counts.succeeded;
    w->job->failed = counts.failed;
    w->job->skipped = counts.skipped;
    w->job->bytes = counts.bytes;
}

static void tell_progress(struct crew *crew)
{
    const struct batch_at_work *w = crew->copying.work;
    const struct job_progress progress = {.entries_done = w->job->succeeded + w->job->failed +
                                                          w->job->skipped,
                                          .entries_total = w->job->total,
                                          .bytes_done = w->job->bytes,
                                          .bytes_total = w->job->total_bytes,
                                          .problems = w->job->failed};

    if (w->reporter->progress != NULL)
        w->reporter->progress(w->reporter->context, &progress);
}

/* Twice a second: what is wished for, and how far it is. */
static int look(struct crew *crew, bool now, struct error *e)
{
    struct batch_at_work *w = crew->copying.work;
    enum catalog_batch_wish wish = CATALOG_BATCH_WISH_NONE;

    if (!now && clock_boot_ns() - crew->looked_ns < LOOK_NS)
        return operation_check(e);
    crew->looked_ns = clock_boot_ns();
    count(crew);
    tell_progress(crew);
    if (catalog_batch_note(w->catalog, w->job, e) != 0 ||
        catalog_batch_wish(w->catalog, w->job->id, &wish, e) != 0)
        return -1;
    if (wish == CATALOG_BATCH_WISH_CANCEL)
        stop_with(crew, STOP_CANCEL, NULL);
    else if (wish != CATALOG_BATCH_WISH_NONE)
        stop_with(crew, STOP_PAUSE, NULL);
    return operation_check(e);
}

static struct batch_todo *todo_of(const struct batch_row *row, struct error *e)
{
    struct batch_todo *todo = calloc(1, sizeof(*todo));

    if (todo != NULL) {
        todo->number = row->number;
        todo->begun = row->begun;
        buffer_append(&todo->key, row->key, row->key_size);
        todo->version = strdup(row->version);
    }
    if (todo != NULL && todo->version != NULL && !todo->key.failed)
        return todo;
    todo_free(todo);
    error_no_memory(e, "a row");
    return NULL;
}

static int hand_out(struct crew *crew, struct error *e)
{
    struct batch_row row;
    int found = look(crew, true, e) == 0 ? 1 : -1;

    while (found > 0 && stop_of(crew) == STOP_NOT) {
        found = batch_rows_next(crew->copying.rows, &row, e);
        if (found <= 0)
            break;
        struct batch_todo *todo = todo_of(&row, e);
        if (todo == NULL)
            return -1;
        if (!queue_put(crew->todo, todo))
            todo_free(todo);
        if (look(crew, false, e) != 0)
            return -1;
    }
    return found < 0 ? -1 : 0;
}

/* ---- the job ---- */

static void choose_options(const struct batch_at_work *w, struct batch_copying *copying)
{
    static const enum object_exists exists[BATCH_EXISTS_COUNT] = {
        [BATCH_EXISTS_OVERWRITE] = OBJECT_EXISTS_OVERWRITE,
        [BATCH_EXISTS_NEWER] = OBJECT_EXISTS_NEWER,
        [BATCH_EXISTS_SKIP] = OBJECT_EXISTS_NEVER,
        [BATCH_EXISTS_FAIL] = OBJECT_EXISTS_FAIL,
        [BATCH_EXISTS_RENAME] = OBJECT_EXISTS_RENAME};
    static const enum object_verify verify[BATCH_VERIFY_COUNT] = {
        [BATCH_VERIFY_SIZE] = OBJECT_VERIFY_SIZE,
        [BATCH_VERIFY_CHECKSUM] = OBJECT_VERIFY_CHECKSUM,
        [BATCH_VERIFY_CONTENT] = OBJECT_VERIFY_CONTENT,
        [BATCH_VERIFY_SAMPLE] = OBJECT_VERIFY_SAMPLE};
    const struct batch_plan *plan = w->plan;
    bool foreign = !plan->keep_acl && !object_ends_one_store(w->ends);

    copying->options = (struct object_copy_options){
        .exists = exists[plan->exists],
        .verify = verify[plan->verify],
        .conditions = {.if_match = plan->texts[BATCH_SETTING_IF_MATCH],
                       .if_none_match = plan->texts[BATCH_SETTING_IF_NONE_MATCH],
                       .modified_since_ns = plan->since_ns,
                       .unmodified_since_ns = plan->unsince_ns},
        .strip_prefix = plan->texts[BATCH_SETTING_STRIP],
        .add_prefix = plan->texts[BATCH_SETTING_ADD],
        .replace_pieces = plan->replace_metadata,
        .give = plan->give,
        .give_count = plan->give_count,
        .without_acl = plan->without_acl || foreign,
        .pace = copying->pace};
    copying->careful = plan->exists == BATCH_EXISTS_FAIL;
}

/* What the job is now, after its last row or the one it stopped behind. */
static int conclude(struct crew *crew, struct error *e)
{
    struct batch_at_work *w = crew->copying.work;
    struct catalog *c = w->catalog;

    count(crew);
    tell_progress(crew);
    switch (crew->stop) {
    case STOP_FAILED:
        *e = crew->why;
        return -1;
    case STOP_CANCEL:
        return catalog_batch_move(c, w->job, CATALOG_BATCH_CANCELLING, NULL, e);
    case STOP_PAUSE:
        if (catalog_batch_move(c, w->job, CATALOG_BATCH_PAUSED, NULL, e) != 0)
            return -1;
        return catalog_batch_heeded(c, w->job->id, e);
    case STOP_NOT:
        break;
    }
    if (batch_finish(w, e) != 0)
        return -1;
    return catalog_batch_move(c, w->job, CATALOG_BATCH_COMPLETE, NULL, e);
}

static int copy_all(struct crew *crew, struct error *e)
{
    struct batch_at_work *w = crew->copying.work;
    int result = start_threads(crew, w->plan->parallel, e);

    if (result == 0)
        result = hand_out(crew, e);
    if (result != 0)
        stop_with(crew, STOP_FAILED, e);
    if (stop_of(crew) == STOP_PAUSE &&
        catalog_batch_move(w->catalog, w->job, CATALOG_BATCH_PAUSING, NULL, e) != 0)
        result = -1;
    join_threads(crew);
    struct error why = ERROR_INIT;
    if (batch_rows_sync(crew->copying.rows, &why) != 0)
        stop_with(crew, STOP_FAILED, &why);
    return result == 0 ? conclude(crew, e) : -1;
}

static int copy_open(struct batch_at_work *w, struct error *e)
{
    const char *bandwidth = w->plan->texts[BATCH_SETTING_BANDWIDTH];
    struct crew crew = {.copying = {.work = w}, .lock = PTHREAD_MUTEX_INITIALIZER};
    int result = -1;

    crew.copying.rows = batch_rows_open(w->folder, e);
    crew.copying.pace = crew.copying.rows != NULL ? pace_new(bandwidth, e) : NULL;
    crew.todo = queue_new(2 * (size_t)w->plan->parallel);
    if (crew.copying.pace != NULL && crew.todo == NULL)
        error_no_memory(e, "a queue");
    if (crew.copying.pace != NULL && crew.todo != NULL) {
        choose_options(w, &crew.copying);
        atomic_store(&crew.copying.looked_bytes, batch_rows_counts(crew.copying.rows).bytes);
        result = copy_all(&crew, e);
    }
    queue_free(crew.todo);
    pace_free(crew.copying.pace);
    batch_rows_close(crew.copying.rows);
    pthread_mutex_destroy(&crew.lock);
    return result;
}

int batch_copy(struct batch_at_work *w, struct error *e)
{
    const struct job_reporter *outer = w->reporter;
    char subject[CATALOG_TEXT_SIZE];
    struct task task;

    if (batch_open_ends(w, e) != 0)
        return -1;
    snprintf(subject, sizeof(subject), "%s -> %s", w->job->source_name, w->job->target_name);
    task_begin(&task, w->catalog, CATALOG_TASK_BATCH, NULL, w->from->id, subject, outer);
    struct job_reporter to_task = task_reporter(&task);
    w->reporter = &to_task;
    snprintf(w->job->task, sizeof(w->job->task), "%s", task.row.id);
    int result = copy_open(w, e);
    w->reporter = outer;
    task_end(&task, result == 0 ? NULL : e);
    batch_close_ends(w);
    return result;
}
