/* SPDX-License-Identifier: Apache-2.0 */
/* driver_private.h - a loaded driver as the files of this room see it. */
#ifndef CORE_DRIVER_DRIVER_PRIVATE_H
#define CORE_DRIVER_DRIVER_PRIVATE_H

#include "driver/host.h"
#include "driver/module.h"

#include <lagan/key.h>
#include <lagan/source.h>
#include <lagan/target.h>

#include <pthread.h>

enum { DRIVER_PARAMETER_LIMIT = 256 };

/* The host's own copy of a table of functions; slots that the driver does not know are NULL. */
union driver_ops {
    struct lagan_common_ops common;
    struct lagan_source_ops source;
    struct lagan_target_ops target;
    struct lagan_key_ops key;
};

struct driver {
    uint32_t magic; /* DRIVER_MAGIC */
    struct driver *next;
    struct module *module;
    char *path;
    struct lagan_driver descriptor; /* copied; its texts lie in the module */
    struct lagan_parameter *parameters;
    size_t parameter_count;
    union driver_ops ops;
    struct isolate_facts *isolated; /* it runs in processes of its own; NULL = in this one */
    pthread_mutex_t *serial; /* one call at a time, for LAGAN_THREADS_SERIAL_DRIVER */
};

enum { DRIVER_MAGIC = 0x6472766f };

/* Reads and checks a descriptor into `d`, whose `path` is set.  On failure one sentence that
 * names the file, and `d` holds nothing new. */
int descriptor_adopt(struct driver *d, const char *name, const struct lagan_driver *descriptor,
                     struct error *e);

/* The lock for calls on a handle whose own lock is `handle_lock`; NULL when calls may overlap.
 */
pthread_mutex_t *driver_lock(const struct driver *d, pthread_mutex_t *handle_lock);
/* For the calls that have no op (close, abort, ...): as pthread_mutex_lock; NULL is fine. */
void driver_lock_take(pthread_mutex_t *lock);
void driver_lock_release(pthread_mutex_t *lock);

#endif
