/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - what work a batch job needs next, by its state; see batch.h. */
#include "engine/batch.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "driver/operation.h"
#include "engine/batch_private.h"
#include "engine/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int batch_plan(const struct catalog_batch *job, struct batch_plan **plan, struct error *e)
{
    struct policy_pair *pairs = calloc(job->settings.count + 1, sizeof(*pairs));

    if (pairs == NULL)
        return error_no_memory(e, "settings");
    for (size_t i = 0; i < job->settings.count; i++)
        pairs[i] =
            (struct policy_pair){job->settings.items[i].name, job->settings.items[i].value};
    int result = batch_plan_parse(pairs, job->settings.count, plan, e);
    free(pairs);
    return result;
}

char *batch_folder(struct setup *s, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    char text[2 * CATALOG_ID_SIZE + 1], *folder = NULL;

    text_hex(id, CATALOG_ID_SIZE, text);
    if (asprintf(&folder, "%s/batch/%s", setup_config(s)->state, text) < 0) {
        error_no_memory(e, "a path");
        return NULL;
    }
    return folder;
}

int batch_source_key(const struct source *from, const void *name, size_t size,
                     const char *version, struct buffer *key, struct error *e)
{
    bool flat = (driver_traits(source_driver(from)) & LAGAN_TRAIT_FLAT) != 0;
    bool versions = source_capabilities(from)->versions != LAGAN_VERSIONS_NONE;
    const uint8_t *bytes = name;

    buffer_clear(key);
    for (size_t i = 0; i < size; i++)
        buffer_append_u8(key, !flat && bytes[i] == '/' ? 0 : bytes[i]);
    if (version[0] != '\0' && versions) {
        /* Places find a version by its id; when it was made they know themselves. */
        buffer_append_u8(key, 0);
        for (int i = 0; i < LAGAN_VERSION_TIME_SIZE; i++)
            buffer_append_u8(key, '0');
        buffer_append(key, version, strlen(version));
    } else if (version[0] != '\0' && strcmp(version, "null") != 0) {
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_ENTRY,
                         "there is no version %.100s: the source keeps none", version);
    }
    return buffer_check(key, e);
}

/* ---- the ends ---- */

int batch_open_ends(struct batch_at_work *w, struct error *e)
{
    w->from = catalog_source_get(w->catalog, w->job->source, e);
    w->to = w->from != NULL ? catalog_source_get(w->catalog, w->job->target, e) : NULL;
    if (w->to == NULL)
        return error_context(e, "source %s or %s", w->job->source_name, w->job->target_name);
    w->ends = object_ends_open(w->setup, w->from, w->to, e);
    if (w->ends == NULL)
        return -1;
    inventory_bucket(object_ends_from(w->ends), w->from->name, w->bucket);
    return 0;
}

void batch_close_ends(struct batch_at_work *w)
{
    object_ends_close(w->ends);
    w->ends = NULL;
    catalog_source_free(w->from);
    catalog_source_free(w->to);
    w->from = w->to = NULL;
}

/* ---- by state ---- */

static int become(struct batch_at_work *w, enum catalog_batch_state to, struct error *e)
{
    return catalog_batch_move(w->catalog, w->job, to, NULL, e);
}

static int begin(struct batch_at_work *w, struct error *e)
{
    return become(w, CATALOG_BATCH_PREPARING, e);
}

static int activate(struct batch_at_work *w, struct error *e)
{
    return become(w, CATALOG_BATCH_ACTIVE, e);
}

static int end_cancelled(struct batch_at_work *w, struct error *e)
{
    return batch_finish(w, e) == 0 ? become(w, CATALOG_BATCH_CANCELLED, e) : -1;
}

/* A report that cannot be written where it is wanted does not keep a job from being over: it is
 * in the job's folder. */
static int end_failed(struct batch_at_work *w, struct error *e)
{
    struct error why = ERROR_INIT;

    if (batch_finish(w, &why) != 0)
        log_write(LOG_WARNING, "batch", "%s", why.text);
    return become(w, CATALOG_BATCH_FAILED, e);
}

/* What is done in each state that is not over; NULL: it waits. */
static int (*const steps[CATALOG_BATCH_STATE_COUNT])(struct batch_at_work *w,
                                                     struct error *e) = {
    [CATALOG_BATCH_NEW] = begin,          [CATALOG_BATCH_PREPARING] = batch_prepare,
    [CATALOG_BATCH_READY] = activate,     [CATALOG_BATCH_ACTIVE] = batch_copy,
    [CATALOG_BATCH_PAUSED] = activate,    [CATALOG_BATCH_CANCELLING] = end_cancelled,
    [CATALOG_BATCH_FAILING] = end_failed,
};

/* Asked for before anybody worked on it. */
static int heed_cancel(struct batch_at_work *w, struct error *e)
{
    if (w->job->wish != CATALOG_BATCH_WISH_CANCEL ||
        !catalog_batch_may_follow(w->job->state, CATALOG_BATCH_CANCELLING))
        return 0;
    return become(w, CATALOG_BATCH_CANCELLING, e);
}

/* -1 ends the session, and the job stays as it is when all was cancelled or the catalog is the
 * problem; else it fails. */
static int step(struct batch_at_work *w, struct error *e)
{
    enum catalog_batch_state before = w->job->state;
    struct error why = ERROR_INIT;

    if (heed_cancel(w, &why) == 0 && steps[w->job->state](w, &why) == 0)
        return 0;
    if (operation_all_cancelled() ||
        !catalog_batch_may_follow(w->job->state, CATALOG_BATCH_FAILING)) {
        *e = why;
        return -1;
    }
    log_write(LOG_DEBUG, "batch", "%s: %s", catalog_batch_state_name(before), why.text);
    return catalog_batch_move(w->catalog, w->job, CATALOG_BATCH_FAILING, &why, e);
}

static int work(struct batch_at_work *w, struct error *e)
{
    enum catalog_batch_state state;
    int result = 0;

    do {
        state = w->job->state;
        result = step(w, e);
        /* Whether it may copy is decided by the next claim. */
    } while (result == 0 && w->job->state != state && steps[w->job->state] != NULL &&
             w->job->state != CATALOG_BATCH_READY && w->job->state != CATALOG_BATCH_PAUSED);
    return result;
}

/* One claim; `*more`: another one may get further. */
static int session(struct setup *s, struct catalog_batch *job,
                   const struct job_reporter *reporter, bool *more, struct error *e)
{
    static const struct job_reporter silent;
    struct batch_at_work w = {.setup = s,
                              .catalog = setup_catalog(s),
                              .job = job,
                              .reporter = reporter != NULL ? reporter : &silent};
    struct error ignored = ERROR_INIT;
    bool was_new = job->state == CATALOG_BATCH_NEW || job->state == CATALOG_BATCH_PREPARING;

    w.folder = batch_folder(s, job->id, e);
    int result = w.folder == NULL ? -1 : batch_plan(job, &w.plan, e);
    if (result == 0)
        result = work(&w, e);
    batch_close_ends(&w);
    batch_plan_free(w.plan);
    free(w.folder);
    *more = result == 0 && was_new && job->state == CATALOG_BATCH_READY;
    if (catalog_batch_release(w.catalog, job, result == 0 ? e : &ignored) != 0)
        result = -1;
    return result;
}

int batch_work(struct setup *s, const uint8_t id[CATALOG_ID_SIZE],
               const struct job_reporter *reporter, struct batch_outcome *outcome,
               struct error *e)
{
    struct catalog *c = setup_catalog(s);
    bool more = true;
    int result = 0;

    *outcome = (struct batch_outcome){false, NULL};
    while (result == 0 && more) {
        struct catalog_batch *job = NULL;
        int claimed = catalog_batch_claim(c, id, &job, e);
        if (claimed < 0)
            result = -1;
        else
            catalog_batch_free(outcome->job);
        more = false;
        if (claimed >= 0)
            outcome->job = job;
        if (claimed > 0) {
            outcome->taken = true;
            result = session(s, job, reporter, &more, e);
        }
    }
    if (result == 0)
        return 0;
    catalog_batch_free(outcome->job);
    outcome->job = NULL;
    return -1;
}
