/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - calls into key providers. */
#include "driver/key.h"

#include "base/object.h"
#include "driver/driver_private.h"
#include "driver/operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key_provider {
    uint32_t magic; /* KEY_PROVIDER_MAGIC */
    const struct driver *driver;
    const struct lagan_key_ops *ops;
    void *handle; /* the driver's */
    pthread_mutex_t serial;
    pthread_mutex_t *lock;
};

enum { KEY_PROVIDER_MAGIC = 0x6b657970 };

/* The provider answered that its key cannot be had; what may pass by itself stays temporary. */
static void mark_unavailable(struct error *e)
{
    static const uint32_t classes[] = {LAGAN_NOT_FOUND, LAGAN_DENIED, LAGAN_AUTH, LAGAN_OFFLINE,
                                       LAGAN_IO};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (e->error_class == classes[i])
            e->code = ERROR_KEY_UNAVAILABLE;
}

struct key_provider *key_provider_open(struct instance *i, uint64_t flags, struct error *e)
{
    const struct driver *d = instance_driver(i);
    struct key_provider *p;
    ASSERT(driver_kind(d) == LAGAN_KIND_KEY);
    p = calloc(1, sizeof *p);
    if (!p) {
        error_no_memory(e, "a key provider");
        return NULL;
    }
    if (instance_open(i, flags, &p->handle, e) < 0) {
        mark_unavailable(e);
        free(p);
        return NULL;
    }
    p->magic = KEY_PROVIDER_MAGIC;
    p->driver = d;
    p->ops = &d->ops.key;
    pthread_mutex_init(&p->serial, NULL);
    p->lock = driver_lock(d, &p->serial);
    return p;
}

void key_provider_close(struct key_provider *p)
{
    if (!p)
        return;
    OBJECT_CHECK(p, KEY_PROVIDER_MAGIC);
    driver_lock_take(p->lock);
    p->ops->common.close(p->handle);
    driver_lock_release(p->lock);
    pthread_mutex_destroy(&p->serial);
    p->magic = 0;
    free(p);
}

const struct driver *key_provider_driver(const struct key_provider *p)
{
    OBJECT_CHECK(p, KEY_PROVIDER_MAGIC);
    return p->driver;
}

int key_provider_wrap(struct key_provider *p, const void *context, size_t context_size,
                      const void *secret, size_t secret_size, struct buffer *wrapped,
                      struct error *e)
{
    struct operation o;
    uint32_t result;
    size_t size = 0;
    uint8_t *room;
    OBJECT_CHECK(p, KEY_PROVIDER_MAGIC);
    room = buffer_reserve(wrapped, LAGAN_WRAPPED_LIMIT);
    if (!room)
        return error_no_memory(e, "a wrapped key");
    result = operation_enter(&o, p->driver->descriptor.name, p->lock);
    if (result == LAGAN_OK)
        result =
            operation_leave(&o, p->ops->wrap(p->handle, &o.op, context, context_size, secret,
                                             secret_size, room, LAGAN_WRAPPED_LIMIT, &size));
    if (operation_end(&o, result, e, "wrap a key") < 0) {
        mark_unavailable(e);
        return -1;
    }
    if (size > LAGAN_WRAPPED_LIMIT)
        return error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "%s: wrap a key: it claims %zu bytes",
                         p->driver->descriptor.name, size);
    wrapped->size += size;
    return 0;
}

int key_provider_unwrap(struct key_provider *p, const void *context, size_t context_size,
                        const void *wrapped, size_t wrapped_size, void *secret, size_t room,
                        size_t *secret_size, struct error *e)
{
    struct operation o;
    uint32_t result;
    size_t size = 0;
    OBJECT_CHECK(p, KEY_PROVIDER_MAGIC);
    result = operation_enter(&o, p->driver->descriptor.name, p->lock);
    if (result == LAGAN_OK)
        result =
            operation_leave(&o, p->ops->unwrap(p->handle, &o.op, context, context_size, wrapped,
                                               wrapped_size, secret, room, &size));
    if (operation_end(&o, result, e, "unwrap a key") < 0) {
        explicit_bzero(secret, room);
        mark_unavailable(e);
        if (e->error_class == LAGAN_AUTH)
            e->code = ERROR_WRONG_KEY;
        return -1;
    }
    if (size > room) {
        explicit_bzero(secret, room);
        return error_set(e, LAGAN_INTERNAL, ERROR_FAILED,
                         "%s: unwrap a key: it claims %zu bytes", p->driver->descriptor.name,
                         size);
    }
    *secret_size = size;
    return 0;
}

int key_provider_identify(struct key_provider *p, char *text, size_t room, struct error *e)
{
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(p, KEY_PROVIDER_MAGIC);
    ASSERT(room > 0);
    if (!p->ops->identify) {
        snprintf(text, room, "%s", p->driver->descriptor.name);
        return 0;
    }
    result = operation_enter(&o, p->driver->descriptor.name, p->lock);
    if (result == LAGAN_OK)
        result = operation_leave(&o, p->ops->identify(p->handle, &o.op, text, room));
    if (operation_end(&o, result, e, "identify the key") < 0)
        return -1;
    text[room - 1] = '\0';
    return 0;
}
