/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c - what a loaded driver says of itself, and the words for it. */
#include "base/object.h"
#include "driver/driver_private.h"
#include "driver/slots.h"

#include <string.h>

const char *driver_name(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.name;
}

bool driver_is_isolated(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->isolated != NULL;
}

const char *driver_version(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.version;
}

const char *driver_licence(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.licence;
}

const char *driver_summary(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.summary;
}

const char *driver_home(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.home;
}

const char *driver_path(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->path;
}

enum lagan_kind driver_kind(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return (enum lagan_kind)d->descriptor.kind;
}

enum lagan_threads driver_threads(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return (enum lagan_threads)d->descriptor.threads;
}

uint32_t driver_max_parallel(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.max_parallel;
}

uint16_t driver_abi_major(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.abi_major;
}

uint64_t driver_traits(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.traits;
}

uint16_t driver_abi_minor(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->descriptor.abi_minor;
}

size_t driver_parameter_count(const struct driver *d)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    return d->parameter_count;
}

const struct lagan_parameter *driver_parameter(const struct driver *d, size_t index)
{
    OBJECT_CHECK(d, DRIVER_MAGIC);
    ASSERT(index < d->parameter_count);
    return &d->parameters[index];
}

const struct lagan_parameter *driver_parameter_find(const struct driver *d, const char *name)
{
    for (size_t i = 0; i < driver_parameter_count(d); i++)
        if (strcmp(d->parameters[i].name, name) == 0)
            return &d->parameters[i];
    return NULL;
}

const struct lagan_parameter *driver_parameter_marked(const struct driver *d, uint32_t flags)
{
    for (size_t i = 0; i < driver_parameter_count(d); i++)
        if ((d->parameters[i].flags & flags) == flags)
            return &d->parameters[i];
    return NULL;
}

size_t driver_slot_count(const struct driver *d)
{
    size_t common;
    size_t own;
    OBJECT_CHECK(d, DRIVER_MAGIC);
    slots_common(&common);
    slots_of_kind(d->descriptor.kind, &own);
    return common + own;
}

struct driver_slot driver_slot(const struct driver *d, size_t index)
{
    size_t count;
    const struct slot *slots = slots_common(&count);
    OBJECT_CHECK(d, DRIVER_MAGIC);
    ASSERT(index < driver_slot_count(d));
    if (index >= count) {
        index -= count;
        slots = slots_of_kind(d->descriptor.kind, &count);
    }
    return (struct driver_slot){
        .name = slots[index].name,
        .mandatory = slots[index].need == SLOT_MANDATORY ||
                     (slots[index].need == SLOT_PARAMETERS && d->parameter_count > 0),
        .present = slot_is_present(&d->ops, &slots[index]),
    };
}

/* The word at `index`, or "unknown". */
static const char *word_of(const char *const *words, size_t count, uint32_t index)
{
    return index < count && words[index] ? words[index] : "unknown";
}

const char *driver_kind_name(uint32_t kind)
{
    static const char *const words[] = {[LAGAN_KIND_SOURCE] = "source",
                                        [LAGAN_KIND_TARGET] = "target",
                                        [LAGAN_KIND_KEY] = "key"};
    return word_of(words, sizeof words / sizeof words[0], kind);
}

const char *driver_threads_name(uint32_t threads)
{
    static const char *const words[] = {[LAGAN_THREADS_SERIAL_DRIVER] = "serial-driver",
                                        [LAGAN_THREADS_SERIAL_HANDLE] = "serial-handle",
                                        [LAGAN_THREADS_PARALLEL] = "parallel"};
    return word_of(words, sizeof words / sizeof words[0], threads);
}

const char *driver_parameter_type_name(uint32_t type)
{
    static const char *const words[] = {
        [LAGAN_PARAMETER_TEXT] = "text",     [LAGAN_PARAMETER_PATH] = "path",
        [LAGAN_PARAMETER_BOOL] = "bool",     [LAGAN_PARAMETER_INTEGER] = "integer",
        [LAGAN_PARAMETER_SIZE] = "size",     [LAGAN_PARAMETER_DURATION] = "duration",
        [LAGAN_PARAMETER_CHOICE] = "choice", [LAGAN_PARAMETER_SECRET] = "secret"};
    return word_of(words, sizeof words / sizeof words[0], type);
}
