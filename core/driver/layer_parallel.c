/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_parallel.c - limits how many calls run at a time.
 *
 * A store that says BUSY gets half as many; each call that works raises the limit a little
 * again, up to what was set: it takes about as many good calls as the limit to win one place.
 */
#include "base/clock.h"
#include "driver/layer_reply.h"

#include <stdlib.h>

/* How long a waiting call sleeps between two looks at its op. */
#define LOOK_NS INT64_C(200000000)

struct parallel {
    pthread_mutex_t lock;
    pthread_cond_t left; /* a call has ended, or the limit has grown */
    double maximum;      /* as set */
    double limit;        /* 1 to maximum */
    unsigned running;
};

static uint32_t enter(struct parallel *p, struct lagan_op *op)
{
    uint32_t result = LAGAN_OK;
    pthread_mutex_lock(&p->lock);
    while (result == LAGAN_OK && p->running + 1 > p->limit) {
        clock_wait(&p->left, &p->lock, LOOK_NS);
        if (layer_cancelled(op))
            result = LAGAN_CANCELLED;
    }
    p->running += result == LAGAN_OK;
    pthread_mutex_unlock(&p->lock);
    return result;
}

static void leave(struct parallel *p, uint32_t result)
{
    pthread_mutex_lock(&p->lock);
    p->running--;
    if (result == LAGAN_BUSY)
        p->limit = p->limit > 2 ? p->limit / 2 : 1;
    else if (result == LAGAN_OK)
        p->limit += 1 / p->limit;
    if (p->limit > p->maximum)
        p->limit = p->maximum;
    pthread_cond_broadcast(&p->left);
    pthread_mutex_unlock(&p->lock);
}

static uint32_t parallel_call(struct layer *self, struct call *c)
{
    struct parallel *p = self->state;
    uint32_t result;
    /* What lets go of something never waits. */
    if (!c->op || c->verb == CALL_ENTRY_CLOSE)
        return layer_next(self, c);
    if (enter(p, c->op) != LAGAN_OK)
        return layer_refuse(self, c, LAGAN_CANCELLED, LAGAN_OUTCOME_NOT_DONE,
                            "interrupted while waiting for other calls");
    result = layer_next(self, c);
    leave(p, result);
    return result;
}

static bool parallel_wanted(const struct layer_settings *settings,
                            const struct layer_place *place)
{
    (void)place;
    return settings->parallel > 0;
}

static int parallel_make(const struct layer_settings *settings, const struct layer_place *place,
                         void **state, struct error *e)
{
    struct parallel *p = calloc(1, sizeof *p);
    (void)place;
    if (!p)
        return error_no_memory(e, "a limit of calls");
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->left, NULL);
    p->maximum = (double)settings->parallel;
    p->limit = p->maximum;
    *state = p;
    return 0;
}

static void parallel_free(void *state)
{
    struct parallel *p = state;
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->left);
    free(p);
}

const struct layer_kind layer_parallel = {
    .name = "parallel",
    .wanted = parallel_wanted,
    .make = parallel_make,
    .free = parallel_free,
    .call = parallel_call,
};
