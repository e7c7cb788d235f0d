/* SPDX-License-Identifier: Apache-2.0 */
/* target_private.h - an open target as the files of this room see it. */
#ifndef CORE_DRIVER_TARGET_PRIVATE_H
#define CORE_DRIVER_TARGET_PRIVATE_H

#include "driver/driver_private.h"
#include "driver/layer.h"
#include "driver/operation.h"
#include "driver/target.h"

#include <stdatomic.h>

/* The counters behind struct target_statistics. */
struct target_counters {
    atomic_ullong puts;
    atomic_ullong put_bytes;
    atomic_ullong gets;
    atomic_ullong get_bytes;
    atomic_ullong stats;
    atomic_ullong lists;
    atomic_ullong removes;
    atomic_ullong flushes;
};

struct zones;

struct target {
    uint32_t magic; /* TARGET_MAGIC */
    const struct driver *driver;
    const struct lagan_target_ops *ops;
    struct layer_stack *stack; /* between us and the driver; NULL = nothing is */
    void *handle;              /* the driver's */
    struct lagan_target_capabilities capabilities;
    pthread_mutex_t serial; /* one call at a time, for LAGAN_THREADS_SERIAL_HANDLE */
    pthread_mutex_t *lock;  /* around each call; NULL = none */
    struct target_counters counters;
    struct zones *zones; /* what it stands on in place of ops and handle; NULL = none */
};

enum { TARGET_MAGIC = 0x74617267 };

/* operation_enter with the target's name and lock, which the stack takes where there is one. */
uint32_t target_enter(struct target *t, struct operation *o);
/* Makes a call, whose op is filled in, and whose object when that is the handle (NULL).  Begins
 * and leaves the operation; its result is for operation_end. */
uint32_t target_call(struct target *t, struct operation *o, struct call *c);
/* The same between target_enter and operation_leave. */
uint32_t target_call_entered(struct target *t, struct operation *o, struct call *c);
/* Makes a call of a verb that only lets go of `object`. */
void target_release(struct target *t, enum call_verb verb, void *object);
/* 0, or -1 with INVALID and a text that starts with "DRIVER: VERB KEY: ". */
int target_check_key(const struct target *t, const char *verb, const char *key,
                     struct error *e);

#endif
