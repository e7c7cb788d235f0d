/* SPDX-License-Identifier: Apache-2.0 */
/* target.c - opening a target, and the calls that need no more than one call of the driver. */
#include "driver/target.h"

#include "base/object.h"
#include "driver/target_parts.h"
#include "driver/target_private.h"
#include "driver/zones_private.h"

#include <stdlib.h>
#include <string.h>

/* What no vault can do without. */
static int check_capabilities(const struct target *t, struct error *e)
{
    const struct lagan_target_capabilities *told = &t->capabilities;
    const char *name = driver_name(t->driver);
    if (told->put_if_absent == LAGAN_SUPPORT_NONE)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED,
                         "driver %s cannot create objects only where the name is free", name);
    if (told->list_sorted == LAGAN_SUPPORT_NONE)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED,
                         "driver %s cannot list objects in order", name);
    if (told->staged_put != LAGAN_SUPPORT_NONE && !t->ops->stage_begin)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED,
                         "driver %s claims staged puts and lacks the functions for them", name);
    if (told->multipart == LAGAN_SUPPORT_NATIVE && !t->ops->multipart_begin)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED,
                         "driver %s claims uploads in parts and lacks the functions for them",
                         name);
    return 0;
}

static int ask_capabilities(struct target *t, struct error *e)
{
    struct call c = {.verb = CALL_TARGET_CAPABILITIES,
                     .with.target_capabilities = &t->capabilities};
    struct operation o;
    t->capabilities.size = sizeof t->capabilities;
    uint32_t result = target_call(t, &o, &c);
    if (operation_end(&o, result, e, "capabilities") < 0)
        return -1;
    return check_capabilities(t, e);
}

static int open_stack(struct target *t, const struct instance *i, uint64_t flags,
                      struct error *e)
{
    const struct layer_place place = {.driver = driver_name(t->driver),
                                      .kind = LAGAN_KIND_TARGET,
                                      .ops = &t->driver->ops,
                                      .lock = t->lock,
                                      .open_flags = flags,
                                      .handle = t->handle};
    return layer_stack_open(i, &place, &t->stack, e);
}

struct target *target_open(struct instance *i, uint64_t flags, struct error *e)
{
    const struct driver *d = instance_driver(i);
    struct target *t;
    ASSERT(driver_kind(d) == LAGAN_KIND_TARGET);
    t = calloc(1, sizeof *t);
    if (!t) {
        error_no_memory(e, "a target");
        return NULL;
    }
    if (instance_open(i, flags, &t->handle, e) < 0) {
        free(t);
        return NULL;
    }
    t->magic = TARGET_MAGIC;
    t->driver = d;
    t->ops = &d->ops.target;
    pthread_mutex_init(&t->serial, NULL);
    t->lock = driver_lock(d, &t->serial);
    if (open_stack(t, i, flags, e) < 0 || ask_capabilities(t, e) < 0) {
        target_close(t);
        return NULL;
    }
    return t;
}

void target_close(struct target *t)
{
    if (!t)
        return;
    OBJECT_CHECK(t, TARGET_MAGIC);
    if (t->zones) {
        zones_close(t->zones);
    } else {
        layer_stack_free(t->stack);
        driver_lock_take(t->lock);
        t->ops->common.close(t->handle);
        driver_lock_release(t->lock);
    }
    pthread_mutex_destroy(&t->serial);
    t->magic = 0;
    free(t);
}

const struct lagan_target_capabilities *target_capabilities(const struct target *t)
{
    OBJECT_CHECK(t, TARGET_MAGIC);
    return &t->capabilities;
}

const struct driver *target_driver(const struct target *t)
{
    OBJECT_CHECK(t, TARGET_MAGIC);
    return t->driver;
}

uint32_t target_enter(struct target *t, struct operation *o)
{
    return operation_enter(o, t->driver->descriptor.name, t->stack ? NULL : t->lock);
}

uint32_t target_call_entered(struct target *t, struct operation *o, struct call *c)
{
    c->op = &o->op;
    if (!c->object)
        c->object = t->handle;
    return t->stack ? layer_stack_call(t->stack, c) : call_execute(&t->driver->ops, c);
}

uint32_t target_call(struct target *t, struct operation *o, struct call *c)
{
    uint32_t result = target_enter(t, o);
    return result == LAGAN_OK ? operation_leave(o, target_call_entered(t, o, c)) : result;
}

void target_release(struct target *t, enum call_verb verb, void *object)
{
    struct call c = {.verb = verb, .object = object};
    if (t->stack) {
        layer_stack_call(t->stack, &c);
        return;
    }
    driver_lock_take(t->lock);
    call_execute(&t->driver->ops, &c);
    driver_lock_release(t->lock);
}

bool target_key_is_valid(const char *key)
{
    size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-/");
    const char *component = key;
    if (length == 0 || length > LAGAN_KEY_LIMIT || key[length] != '\0')
        return false;
    for (;;) {
        size_t size = strcspn(component, "/");
        if (size == 0 || (size <= 2 && strncmp(component, "..", size) == 0))
            return false;
        if (component[size] == '\0')
            return true;
        component += size + 1;
    }
}

int target_check_key(const struct target *t, const char *verb, const char *key, struct error *e)
{
    OBJECT_CHECK(t, TARGET_MAGIC);
    if (target_key_is_valid(key))
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                     "%s: %s %s: not the name of an object (a-z, 0-9, \".\", \"_\", \"-\" and "
                     "\"/\", at most %d bytes)",
                     t->driver->descriptor.name, verb, key, LAGAN_KEY_LIMIT);
}

int target_put_content(struct target *t, const char *key, uint64_t bytes,
                       const struct lagan_content *content, const uint8_t *sha256,
                       struct error *e)
{
    struct call c = {.verb = CALL_PUT,
                     .with.put = {key, bytes, content, LAGAN_PUT_IF_ABSENT, sha256}};
    struct operation o;
    if (target_check_key(t, "put", key, e) < 0)
        return -1;
    if (t->zones)
        return zones_put(t, key, bytes, content, sha256, e);
    uint64_t part_bytes = target_part_bytes(&t->capabilities, bytes);
    if (part_bytes > 0)
        return target_put_parts(t, key, bytes, part_bytes, content, sha256, e);
    uint32_t result = target_call(t, &o, &c);
    if (operation_end(&o, result, e, "put %s", key) < 0)
        return -1;
    atomic_fetch_add(&t->counters.puts, 1);
    atomic_fetch_add(&t->counters.put_bytes, bytes);
    return 0;
}

/* Bytes in memory as a lagan_content. */
struct memory_content {
    const uint8_t *data;
    size_t size;
};

static uint32_t read_memory(void *context, uint64_t offset, void *data, size_t size)
{
    const struct memory_content *memory = context;
    if (offset > memory->size || size > memory->size - offset)
        return LAGAN_INVALID;
    if (size > 0)
        memcpy(data, memory->data + offset, size);
    return LAGAN_OK;
}

int target_put(struct target *t, const char *key, const void *data, size_t size,
               struct error *e)
{
    struct memory_content memory = {.data = data, .size = size};
    struct lagan_content content = {.context = &memory, .read = read_memory};
    return target_put_content(t, key, size, &content, NULL, e);
}

int target_stat(struct target *t, const char *key, uint64_t *bytes, struct error *e)
{
    struct lagan_object object = {.size = sizeof object};
    struct call c = {.verb = CALL_STAT, .with.stat = {key, &object}};
    struct operation o;
    if (target_check_key(t, "stat", key, e) < 0)
        return -1;
    if (t->zones)
        return zones_stat(t, key, bytes, e);
    uint32_t result = target_call(t, &o, &c);
    atomic_fetch_add(&t->counters.stats, 1);
    if (operation_end(&o, result, e, "stat %s", key) < 0)
        return -1;
    *bytes = object.bytes;
    return 0;
}

int target_remove(struct target *t, const char *key, struct error *e)
{
    struct call c = {.verb = CALL_REMOVE, .with.remove = {key}};
    struct operation o;
    if (target_check_key(t, "remove", key, e) < 0)
        return -1;
    if (t->zones)
        return zones_remove(t, key, e);
    uint32_t result = target_call(t, &o, &c);
    atomic_fetch_add(&t->counters.removes, 1);
    return operation_end(&o, result, e, "remove %s", key);
}

int target_flush(struct target *t, struct error *e)
{
    struct call c = {.verb = CALL_FLUSH};
    struct operation o;
    OBJECT_CHECK(t, TARGET_MAGIC);
    if (t->zones)
        return zones_flush(t, e);
    uint32_t result = target_call(t, &o, &c);
    atomic_fetch_add(&t->counters.flushes, 1);
    return operation_end(&o, result, e, "flush");
}

int target_capacity(struct target *t, uint64_t *total, uint64_t *available, struct error *e)
{
    uint64_t told_total = UINT64_MAX;
    uint64_t told_available = UINT64_MAX;
    struct call c = {.verb = CALL_CAPACITY, .with.capacity = {&told_total, &told_available}};
    struct operation o;
    OBJECT_CHECK(t, TARGET_MAGIC);
    if (t->zones)
        return zones_capacity(t, total, available, e);
    if (t->ops->capacity) {
        uint32_t result = target_call(t, &o, &c);
        if (operation_end(&o, result, e, "capacity") < 0)
            return -1;
    }
    *total = told_total;
    *available = told_available;
    return 0;
}

int target_sweep(struct target *t, int64_t older_than_ns, uint64_t *removed, struct error *e)
{
    uint64_t count = 0;
    struct call c = {.verb = CALL_SWEEP, .with.sweep = {older_than_ns, &count}};
    struct operation o;
    OBJECT_CHECK(t, TARGET_MAGIC);
    if (t->zones)
        return zones_sweep(t, older_than_ns, removed, e);
    if (t->ops->sweep) {
        uint32_t result = target_call(t, &o, &c);
        if (operation_end(&o, result, e, "sweep") < 0)
            return -1;
    }
    if (removed)
        *removed = count;
    return 0;
}

void target_statistics(const struct target *t, struct target_statistics *statistics)
{
    OBJECT_CHECK(t, TARGET_MAGIC);
    if (t->zones) {
        zones_statistics(t->zones, statistics);
        return;
    }
    *statistics = (struct target_statistics){
        .puts = atomic_load(&t->counters.puts),
        .put_bytes = atomic_load(&t->counters.put_bytes),
        .gets = atomic_load(&t->counters.gets),
        .get_bytes = atomic_load(&t->counters.get_bytes),
        .stats = atomic_load(&t->counters.stats),
        .lists = atomic_load(&t->counters.lists),
        .removes = atomic_load(&t->counters.removes),
        .flushes = atomic_load(&t->counters.flushes),
    };
}
