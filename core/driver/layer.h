/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer.h - what stands between the core and a driver: a stack of layers, each in a file of its
 * own (layer_NAME.c), in one fixed order, each present only when its settings ask for it.
 *
 *     statistics    counts calls, bytes, time and errors, as the core sees them
 *     dry-run       lets nothing change anything, and says what would
 *     read-only     refuses what would change something
 *     cache         keeps small objects that were read, in a folder on this machine
 *     prefix        puts a prefix in front of every key of a target
 *     emulate       makes up for what a driver lacks: if-absent, multipart, copy, rename
 *     retry         makes a call again that may work the second time
 *     parallel      limits how many calls run at a time
 *     throttle      limits bytes per second
 *     timeout       limits how long one attempt may take
 *     trace         one log line per attempt
 *     latency       makes calls slow on purpose
 *     fault         makes calls fail on purpose
 *     serial        one call at a time, for drivers whose thread model asks for it
 *
 * The first sees a call first; the driver comes behind the last.  The order is the order of the
 * table LAYERS, and no setting changes it.
 *
 * A layer is one function that gets a call and hands it on, once, several times, altered or not
 * at all.  It may put objects of its own in place of the driver's (what a verb with CALL_MAKES
 * makes), and then meets them again as `object` of later calls.  A layer answers for the
 * guarantees of what it hands up: capabilities may be lowered, and raised only by `emulate`.
 *
 * All of it is thread-safe: calls come from as many threads at a time as the core has.
 */
#ifndef CORE_DRIVER_LAYER_H
#define CORE_DRIVER_LAYER_H

#include "driver/call.h"
#include "driver/layer_settings.h"

#include <pthread.h>

struct instance;
struct layer;
struct layer_stack;

/* X(name): the layers from the core down to the driver, in the order above; each has a `const
 * struct layer_kind layer_NAME` in layer_NAME.c, listed in local.mk. */
#define LAYERS(X)                                                                              \
    X(statistics)                                                                              \
    X(dry_run)                                                                                 \
    X(read_only)                                                                               \
    X(cache)                                                                                   \
    X(prefix)                                                                                  \
    X(emulate)                                                                                 \
    X(retry)                                                                                   \
    X(parallel)                                                                                \
    X(throttle)                                                                                \
    X(timeout)                                                                                 \
    X(trace)                                                                                   \
    X(latency)                                                                                 \
    X(fault)                                                                                   \
    X(serial)

/* In the `flags` of an op's error of class TIMEOUT: the time of this attempt was up, not that
 * of the op.  A call that may be repeated may then be tried again. */
enum { LAYER_TIMED_OUT = 1 };

/* What a stack is made for; lives as long as the stack. */
struct layer_place {
    const char *driver; /* the driver's name, for messages */
    enum lagan_kind kind;
    const union driver_ops *ops; /* the driver's table: what is NULL there is absent */
    pthread_mutex_t *lock;       /* what `serial` takes; NULL = calls may overlap */
    uint64_t open_flags;         /* LAGAN_OPEN_... */
    void *handle;                /* the driver's, for calls of a layer's own */
    /* Tells this store from any other: its driver and parameters, without secrets.  NULL = not
     * known: nothing of it can be kept from one stack to the next. */
    const char *identity;
};

/* A kind of layer. */
struct layer_kind {
    const char *name; /* as in the list above */
    /* Whether a stack for `place` has it. */
    bool (*wanted)(const struct layer_settings *settings, const struct layer_place *place);
    /* Makes what the layer keeps, into `*state`; NULL = it keeps nothing.  `settings` lives as
     * long as the stack. */
    int (*make)(const struct layer_settings *settings, const struct layer_place *place,
                void **state, struct error *e);
    /* Frees it; NULL = nothing to free.  No call is running. */
    void (*free)(void *state);
    /* Handles one call: see layer_next. */
    uint32_t (*call)(struct layer *self, struct call *c);
};

/* One layer of a stack. */
struct layer {
    const struct layer_kind *kind;
    void *state;                     /* of layer_kind.make */
    const struct layer_place *place; /* the stack's */
    struct layer *next;              /* towards the driver; NULL = the driver comes next */
};

#define X(name) extern const struct layer_kind layer_##name;
LAYERS(X)
#undef X

/* Hands a call on to what lies below `self`. */
uint32_t layer_next(struct layer *self, struct call *c);

/*
 * Makes the stack that `settings` asks for; both `settings` and `place`, with its identity, are
 * copied.  Errors: CONFIG or PARAMETER when a setting does not fit the driver, NO_MEMORY.
 */
struct layer_stack *layer_stack_new(const struct layer_settings *settings,
                                    const struct layer_place *place, struct error *e);
/* The same with what instance_set_layers has said of `i`, whose identity the place gets; NULL
 * into `*stack` when nothing was said. */
int layer_stack_open(const struct instance *i, const struct layer_place *place,
                     struct layer_stack **stack, struct error *e);
/* No call is running.  NULL is fine. */
void layer_stack_free(struct layer_stack *stack);
/* Makes a call through all layers. */
uint32_t layer_stack_call(struct layer_stack *stack, struct call *c);
/* "retry, serial": the layers that this stack has, for people; into `text`. */
void layer_stack_describe(const struct layer_stack *stack, char *text, size_t room);

#endif
