/* SPDX-License-Identifier: Apache-2.0 */
/* batch_claim.c - who works on which batch job, and when. */
#include "catalog/batch.h"

#include "catalog/catalog_private.h"

#include <stdlib.h>
#include <string.h>

/* What is asked of one that has the place that another one wants. */
struct rival {
    const struct catalog_batch *job;
    struct catalog_batch other; /* without its settings */
    bool found;
};

static bool is_copying(enum catalog_batch_state state)
{
    return state == CATALOG_BATCH_ACTIVE || state == CATALOG_BATCH_PAUSING;
}

static int find_rival(void *context, const struct catalog_batch *row, struct error *e)
{
    struct rival *rival = context;

    (void)e;
    if (!is_copying(row->state) || !catalog_batch_is_owned(row) ||
        memcmp(row->id, rival->job->id, CATALOG_ID_SIZE) == 0)
        return 0;
    rival->other = *row;
    rival->other.settings = (struct catalog_pairs){0};
    rival->found = true;
    return 0;
}

/* Whether the job copies when somebody works on it. */
static bool wants_to_copy(const struct catalog_batch *job)
{
    return is_copying(job->state) || job->state == CATALOG_BATCH_READY ||
           job->state == CATALOG_BATCH_PAUSED;
}

/* Whether there is anything to be done for it without people. */
static bool is_workable(const struct catalog_batch *job)
{
    if (catalog_batch_state_is_final(job->state) || job->state == CATALOG_BATCH_SUSPENDED)
        return false;
    return !(job->held && wants_to_copy(job) && job->state != CATALOG_BATCH_ACTIVE);
}

static int note_owner(struct catalog *c, const struct catalog_batch *job, struct error *e)
{
    static const char sql[] = "UPDATE batch_jobs SET pid = ?, boot_id = ?, process_start = ?"
                              " WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, job->owner.pid);
    query_text(&q, job->owner.boot_id);
    query_number(&q, job->owner.start_ticks);
    query_blob(&q, job->id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

/* 1 when the job may copy now, 0 when another one does, which is asked to yield if it has to;
 * -1. */
static int take_place(struct catalog *c, const struct catalog_batch *job, struct error *e)
{
    struct rival rival = {.job = job};

    if (catalog_batch_list(c, INT64_MAX, find_rival, &rival, e) != 0)
        return -1;
    if (!rival.found)
        return 1;
    if (rival.other.priority >= job->priority || rival.other.wish != CATALOG_BATCH_WISH_NONE)
        return 0;
    rival.other.wish = CATALOG_BATCH_WISH_YIELD;
    return catalog_batch_ask(c, &rival.other, e) != 0 ? -1 : 0;
}

static int claim(struct catalog *c, struct catalog_batch *job, struct error *e)
{
    if (catalog_batch_is_owned(job))
        return 0;
    if (job->state == CATALOG_BATCH_PAUSING &&
        catalog_batch_move(c, job, CATALOG_BATCH_PAUSED, NULL, e) != 0)
        return -1;
    if (!is_workable(job))
        return 0;
    int free_place = wants_to_copy(job) ? take_place(c, job, e) : 1;
    if (free_place <= 0)
        return free_place;
    process_mark_self(&job->owner);
    if (job->wish == CATALOG_BATCH_WISH_YIELD)
        job->wish = CATALOG_BATCH_WISH_NONE;
    return catalog_batch_ask(c, job, e) != 0 || note_owner(c, job, e) != 0 ? -1 : 1;
}

int catalog_batch_claim(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                        struct catalog_batch **job, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    struct catalog_batch *row = catalog_batch_get(c, id, e);
    int claimed = row != NULL ? claim(c, row, e) : -1;
    if (write_end(c, claimed < 0 ? -1 : 0, e) != 0) {
        catalog_batch_free(row);
        return -1;
    }
    *job = row;
    return claimed;
}

int catalog_batch_release(struct catalog *c, struct catalog_batch *job, struct error *e)
{
    job->owner = (struct process_mark){0};
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, note_owner(c, job, e), e);
}

/* ---- the next one ---- */

struct choice {
    struct catalog_batch best;
    bool found;
    int32_t copying; /* the priority of the job that copies now; -1 = none does */
};

static int find_copying(void *context, const struct catalog_batch *row, struct error *e)
{
    struct choice *choice = context;

    (void)e;
    if (is_copying(row->state) && catalog_batch_is_owned(row) &&
        row->priority > choice->copying)
        choice->copying = row->priority;
    return 0;
}

/* What is preceded by nothing comes first: the new ones, which get no further before they are
 * parsed, and those that end. */
static bool is_before(const struct catalog_batch *a, const struct catalog_batch *b)
{
    bool a_copies = wants_to_copy(a), b_copies = wants_to_copy(b);

    if (a_copies != b_copies)
        return b_copies;
    if (a->priority != b->priority)
        return a->priority > b->priority;
    return a->created_ns < b->created_ns;
}

static int choose(void *context, const struct catalog_batch *row, struct error *e)
{
    struct choice *choice = context;

    (void)e;
    if (catalog_batch_is_owned(row) || !is_workable(row) ||
        (wants_to_copy(row) && row->priority <= choice->copying) ||
        (choice->found && !is_before(row, &choice->best)))
        return 0;
    choice->best = *row;
    choice->best.settings = (struct catalog_pairs){0};
    choice->found = true;
    return 0;
}

int catalog_batch_next(struct catalog *c, uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    struct choice choice = {.copying = -1};

    if (catalog_batch_list(c, INT64_MAX, find_copying, &choice, e) != 0 ||
        catalog_batch_list(c, INT64_MAX, choose, &choice, e) != 0)
        return -1;
    if (choice.found)
        memcpy(id, choice.best.id, CATALOG_ID_SIZE);
    return choice.found;
}
