/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - see worker.h: threads that claim items until nothing is due. */
#include "mirror/worker.h"

#include "base/clock.h"
#include "base/object.h"
#include "driver/operation.h"
#include "mirror/state.h"
#include "mirror/worker_private.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS_MOST = 8,  /* that work on items */
    IDLE_LEAST_MS = 1, /* doubled up to ... */
    IDLE_MOST_MS = 100
};

static const int64_t LEASE_NS = INT64_C(60000000000);

static const char *const news_names[] = {
#define X(symbol, name) name,
    WORK_NEWS(X)
#undef X
};

const char *work_news_name(enum work_news_kind kind)
{
    ASSERT((unsigned)kind < sizeof(news_names) / sizeof(news_names[0]));
    return news_names[kind];
}

void worker_tell(struct worker *w, const struct work_news *news)
{
    if (w->request->told == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->request->told(w->request->context, news);
    pthread_mutex_unlock(&w->lock);
}

void worker_fail(struct worker *w, const struct error *why)
{
    pthread_mutex_lock(&w->lock);
    if (!w->failed)
        w->error = *why;
    w->failed = true;
    pthread_mutex_unlock(&w->lock);
}

static bool ended(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    bool over = w->failed;
    pthread_mutex_unlock(&w->lock);
    return over || operation_all_cancelled();
}

/* Nothing is due for this thread.  While others are at work, something may come: a backup that
 * is made now does not wait for the end of theirs.  False: it is over. */
static bool wait_for_others(struct worker *w, int *idle_ms)
{
    struct pollfd cancelled = {.fd = operation_cancel_fd(), .events = POLLIN};

    pthread_mutex_lock(&w->lock);
    bool others = w->busy > 0;
    pthread_mutex_unlock(&w->lock);
    if (others)
        poll(&cancelled, 1, *idle_ms);
    *idle_ms = *idle_ms * 2 < IDLE_MOST_MS ? *idle_ms * 2 : IDLE_MOST_MS;
    return others;
}

static void change_busy(struct worker *w, int by)
{
    pthread_mutex_lock(&w->lock);
    w->busy += (unsigned)by;
    pthread_mutex_unlock(&w->lock);
}

static void *work_thread(void *argument)
{
    struct worker *w = argument;
    struct catalog_item item;
    struct catalog_task task;
    struct error e = ERROR_INIT;
    int idle_ms = IDLE_LEAST_MS;

    while (!ended(w)) {
        change_busy(w, 1);
        int got = worker_claim(w, &item, &task, &e);
        if (got > 0) {
            work_run(w, &item, &task);
            idle_ms = IDLE_LEAST_MS;
        }
        change_busy(w, -1);
        if (got < 0)
            worker_fail(w, &e);
        if (got == 0 && !wait_for_others(w, &idle_ms))
            break;
    }
    return NULL;
}

/* All mirrors, before and after. */

static void tell_state(struct worker *w, const struct catalog_mirror *mirror, bool braked)
{
    struct error ignored = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(w->catalog, mirror->vault, &ignored);
    struct work_news news = {.kind = braked ? WORK_BRAKED : WORK_STATE,
                             .vault = row != NULL ? row->name : "",
                             .text = catalog_mirror_state_name(mirror->state)};

    worker_tell(w, &news);
    catalog_vault_free(row);
}

/* Looks at a mirror; the last look is the one that is counted. */
static int look_at(struct worker *w, struct catalog_mirror *mirror, bool last, struct error *e)
{
    struct mirror_progress progress;
    struct catalog_lag lag;
    bool braked_before = mirror->braked_ns != 0;
    bool moved = false;

    if (catalog_mirror_fill(w->catalog, mirror->source, NULL, e) != 0 ||
        mirror_look(w->setup, mirror, &lag, &moved, e) != 0)
        return -1;
    if (mirror->braked_ns != 0 && !braked_before)
        tell_state(w, mirror, true);
    if (moved)
        tell_state(w, mirror, false);
    if (!last)
        return 0;
    mirror_progress(mirror, &lag, clock_wall_ns(), &progress);
    w->result.braked += mirror->braked_ns != 0;
    w->result.lagging += !progress.rpo_holds;
    w->result.errors += mirror->state == CATALOG_MIRROR_ERROR;
    return 0;
}

static int look_at_all(struct worker *w, bool last, size_t *count, struct error *e)
{
    struct catalog_mirror *mirrors = NULL;
    int result = catalog_mirror_all(w->catalog, &mirrors, count, e);

    for (size_t i = 0; result == 0 && i < *count; i++)
        result = look_at(w, &mirrors[i], last, e);
    free(mirrors);
    return result;
}

static int open_pace(struct worker *w, struct error *e)
{
    w->pace = pace_new(setup_config(w->setup)->limits.bandwidth, e);
    return w->pace != NULL ? 0 : -1;
}

/* One thread more than there are mirrors, so that a new backup finds one that is free. */
static void run_threads(struct worker *w, size_t mirrors)
{
    pthread_t threads[THREADS_MOST];
    unsigned transfers = w->request->transfers;
    size_t started = 0;
    size_t count = mirrors + 1 < THREADS_MOST ? mirrors + 1 : THREADS_MOST;

    if (transfers == 0)
        transfers = setup_config(w->setup)->limits.transfers;
    w->parallel = transfers / (unsigned)(count - 1 > 0 ? count - 1 : 1);
    if (w->parallel == 0)
        w->parallel = 1;
    /* This one works too. */
    while (started + 1 < count && pthread_create(&threads[started], NULL, work_thread, w) == 0)
        started++;
    work_thread(w);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

static int work(struct worker *w, struct error *e)
{
    size_t mirrors = 0;
    int64_t due = 0;

    if (open_pace(w, e) != 0 || look_at_all(w, false, &mirrors, e) != 0)
        return -1;
    run_threads(w, mirrors);
    if (!w->failed)
        lanes_bring_notes(w);
    lanes_drop(w);
    worker_end_tasks(w);
    if (w->failed) {
        *e = w->error;
        return -1;
    }
    if (look_at_all(w, true, &mirrors, e) != 0 ||
        catalog_item_next_due(w->catalog, &due, e) < 0)
        return -1;
    w->result.next_ns = due;
    return 0;
}

int mirror_work(const struct work_request *request, struct work_result *result, struct error *e)
{
    struct worker w = {.request = request,
                       .setup = request->setup,
                       .catalog = setup_catalog(request->setup),
                       .lease_ns = request->lease_ns > 0 ? request->lease_ns : LEASE_NS};

    pthread_mutex_init(&w.open, NULL);
    pthread_mutex_init(&w.lock, NULL);
    int done = work(&w, e);
    pace_free(w.pace);
    pthread_mutex_destroy(&w.lock);
    pthread_mutex_destroy(&w.open);
    if (done == 0)
        *result = w.result;
    return done;
}
