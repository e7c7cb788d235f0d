/* SPDX-License-Identifier: Apache-2.0 */
/* rule_work.c - threads that work off what waits, and somebody who watches whether they may. */
#include "engine/rule_private.h"

#include "base/clock.h"
#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_NS (INT64_C(500) * 1000000)

enum { THREADS_MOST = 64 };

struct work {
    struct rule_pass *pass;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    unsigned running;
    bool stop;
    struct error why; /* of the first that ended the pass */
};

static void fail(struct work *w, const struct error *why)
{
    pthread_mutex_lock(&w->lock);
    if (!w->stop)
        w->why = *why;
    w->stop = true;
    pthread_mutex_unlock(&w->lock);
}

static bool is_stopped(struct work *w)
{
    pthread_mutex_lock(&w->lock);
    bool stop = w->stop;
    pthread_mutex_unlock(&w->lock);
    return stop;
}

static void report_progress(struct rule_pass *p, const struct catalog_object_copy *row)
{
    const struct job_reporter *reporter = p->reporter;

    pthread_mutex_lock(&p->lock);
    const struct rule_result *r = p->result;
    const struct job_progress progress = {.entries_done = r->copied + r->marked + r->skipped,
                                          .entries_total = p->total,
                                          .bytes_done = r->copied_bytes,
                                          .bytes_total = p->total_bytes,
                                          .problems = r->failed,
                                          .key = row->object,
                                          .key_size = row->object_size};
    if (reporter != NULL && reporter->progress != NULL)
        reporter->progress(reporter->context, &progress);
    pthread_mutex_unlock(&p->lock);
}

/* The next one, worked on: 1, 0 when there is none, -1. */
static int step(struct work *w, struct catalog_object_copy *row, struct error *e)
{
    struct rule_pass *p = w->pass;
    struct error why = ERROR_INIT;
    int found = catalog_object_copy_claim(p->catalog, p->row, clock_wall_ns(), row, e);

    if (found <= 0)
        return found;
    int result = rule_object(p, row, &why);
    if (catalog_object_copy_end(p->catalog, p->row, row, e) != 0)
        return -1;
    report_progress(p, row);
    if (result != 0)
        *e = why;
    return result == 0 ? 1 : -1;
}

static void *run(void *context)
{
    struct work *w = context;
    struct error why = ERROR_INIT;
    struct catalog_object_copy *row = calloc(1, sizeof(*row));
    int found = row != NULL ? 1 : error_no_memory(&why, "a version");

    while (found > 0 && !is_stopped(w))
        found = step(w, row, &why);
    if (found < 0)
        fail(w, &why);
    free(row);
    pthread_mutex_lock(&w->lock);
    w->running--;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Whether somebody has switched the rule off or changed it; then all that runs is cancelled. */
static void look(struct work *w)
{
    struct rule_pass *p = w->pass;
    struct error ignored = ERROR_INIT;

    if (p->result->cut || catalog_object_rule_goes_on(p->catalog, p->row, &ignored) != 0)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_mutex_unlock(&w->lock);
    p->result->cut = true;
    operation_cancel_all();
}

static void watch(struct work *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->running > 0) {
        clock_wait(&w->ended, &w->lock, LOOK_EVERY_NS);
        if (w->running == 0)
            break;
        pthread_mutex_unlock(&w->lock);
        look(w);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
}

static unsigned thread_count(const struct rule_pass *p)
{
    uint64_t wanted = rule_of(p)->parallel;

    wanted = wanted < p->total ? wanted : p->total;
    return (unsigned)(wanted < THREADS_MOST ? wanted : THREADS_MOST);
}

static void run_threads(struct work *w)
{
    pthread_t threads[THREADS_MOST];
    unsigned count = thread_count(w->pass), started = 0;

    w->running = count;
    for (; started < count; started++) {
        if (pthread_create(&threads[started], NULL, run, w) != 0)
            break;
    }
    pthread_mutex_lock(&w->lock);
    w->running -= count - started;
    pthread_mutex_unlock(&w->lock);
    watch(w);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (started == 0 && count > 0)
        error_set(&w->why, LAGAN_INTERNAL, ERROR_FAILED, "no thread could be started");
}

int rule_work(struct rule_pass *p, struct error *e)
{
    struct work work = {.pass = p};
    struct catalog_rule_figures figures;

    if (catalog_object_rule_figures(p->catalog, p->row->id, &figures, e) != 0)
        return -1;
    p->total = figures.pending;
    p->total_bytes = figures.pending_bytes;
    if (p->total == 0)
        return 0;
    pthread_mutex_init(&work.lock, NULL);
    pthread_cond_init(&work.ended, NULL);
    run_threads(&work);
    pthread_cond_destroy(&work.ended);
    pthread_mutex_destroy(&work.lock);
    if (p->result->cut) {
        operation_cancel_reset();
        return 0;
    }
    if (work.why.error_class == LAGAN_OK)
        return 0;
    *e = work.why;
    return -1;
}
