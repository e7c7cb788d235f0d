/* SPDX-License-Identifier: Apache-2.0 */
/* source_private.h - an open source as the files of this room see it. */
#ifndef CORE_DRIVER_SOURCE_PRIVATE_H
#define CORE_DRIVER_SOURCE_PRIVATE_H

#include "driver/driver_private.h"
#include "driver/layer.h"
#include "driver/operation.h"
#include "driver/source.h"

struct source {
    uint32_t magic; /* SOURCE_MAGIC */
    const struct driver *driver;
    const struct lagan_source_ops *ops;
    struct layer_stack *stack; /* between us and the driver; NULL = nothing is */
    void *handle;              /* the driver's */
    struct lagan_source_capabilities capabilities;
    pthread_mutex_t serial; /* one call at a time, for LAGAN_THREADS_SERIAL_HANDLE */
    pthread_mutex_t *lock;  /* around each call; NULL = none */
};

enum { SOURCE_MAGIC = 0x736f7572 };

/* operation_enter with the source's name and lock, which the stack takes where there is one. */
uint32_t source_enter(struct source *s, struct operation *o);
/* Makes a call, whose op is filled in, and whose object when that is the handle (NULL).  Begins
 * and leaves the operation; its result is for operation_end. */
uint32_t source_call(struct source *s, struct operation *o, struct call *c);
/* The same between source_enter and operation_leave. */
uint32_t source_call_entered(struct source *s, struct operation *o, struct call *c);
/* Makes a call that must reach the driver whether all is cancelled or not. */
uint32_t source_release(struct source *s, struct call *c);
/* The driver has no slot for `verb`: -1 with UNSUPPORTED. */
int source_lacks(const struct source *s, const char *verb, struct error *e);

#endif
