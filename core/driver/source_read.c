/* SPDX-License-Identifier: Apache-2.0 */
/* source_read.c - reading the entries of a source. */
#include "base/object.h"
#include "driver/source_private.h"

#include <stdlib.h>

struct entry_reader {
    uint32_t magic; /* READER_MAGIC */
    struct source *source;
    void *reader; /* the driver's */
};

enum { READER_MAGIC = 0x72656164 };

struct entry_reader *source_entry_open(struct source *s, const void *key, size_t key_size,
                                       const void *id, size_t id_size,
                                       const struct lagan_entry_collector *attributes,
                                       struct error *e)
{
    struct operation o;
    uint32_t result;
    struct entry_reader *r;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    r = calloc(1, sizeof *r);
    if (!r) {
        error_no_memory(e, "an entry to be read");
        return NULL;
    }
    r->magic = READER_MAGIC;
    r->source = s;
    result = source_enter(s, &o);
    if (result == LAGAN_OK)
        result = operation_leave(&o, s->ops->entry_open(s->handle, &o.op, key, key_size, id,
                                                        id_size, attributes, &r->reader));
    if (operation_end(&o, result, e, "open") < 0) {
        free(r);
        return NULL;
    }
    return r;
}

int entry_reader_read(struct entry_reader *r, uint64_t offset, void *data, size_t size,
                      size_t *got, struct error *e)
{
    size_t told = 0;
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(r, READER_MAGIC);
    result = source_enter(r->source, &o);
    if (result == LAGAN_OK)
        result = operation_leave(
            &o, r->source->ops->read_at(r->reader, &o.op, offset, data, size, &told));
    if (operation_end(&o, result, e, "read") < 0)
        return -1;
    if (told > size)
        return error_set(e, LAGAN_INTERNAL, ERROR_FAILED,
                         "%s: read: more came than was asked for",
                         r->source->driver->descriptor.name);
    *got = told;
    return 0;
}

int entry_reader_extents(struct entry_reader *r, uint64_t offset, uint64_t length,
                         const struct lagan_extent_collector *extents, struct error *e)
{
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(r, READER_MAGIC);
    result = source_enter(r->source, &o);
    if (result == LAGAN_OK && r->source->ops->extents)
        result = operation_leave(
            &o, r->source->ops->extents(r->reader, &o.op, offset, length, extents));
    else if (result == LAGAN_OK)
        result = operation_leave(
            &o, extents->add(extents->context, offset, length, LAGAN_EXTENT_DATA));
    return operation_end(&o, result, e, "extents");
}

/* Closing must reach the driver also when all is cancelled: it frees. */
static uint32_t close_reader(struct entry_reader *r, struct operation *o, uint32_t *verdict)
{
    struct source *s = r->source;
    uint32_t result = source_enter(s, o);
    if (result != LAGAN_OK)
        driver_lock_take(s->lock);
    result = s->ops->entry_close(r->reader, &o->op, verdict);
    driver_lock_release(s->lock);
    r->magic = 0;
    free(r);
    return result;
}

int entry_reader_close(struct entry_reader *r, bool *changed, struct error *e)
{
    uint32_t verdict = LAGAN_READ_CONSISTENT;
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(r, READER_MAGIC);
    result = close_reader(r, &o, &verdict);
    if (operation_end(&o, result, e, "close") < 0)
        return -1;
    *changed = verdict != LAGAN_READ_CONSISTENT;
    return 0;
}

void entry_reader_drop(struct entry_reader *r)
{
    struct operation o;
    if (!r)
        return;
    OBJECT_CHECK(r, READER_MAGIC);
    close_reader(r, &o, NULL);
}

int entry_reader_metadata(struct entry_reader *r, const void *key, size_t key_size,
                          uint32_t type, const struct lagan_metadata_collector *pieces,
                          struct error *e)
{
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(r, READER_MAGIC);
    if (!r->source->ops->entry_metadata)
        return source_metadata(r->source, key, key_size, type, pieces, e);
    result = source_enter(r->source, &o);
    if (result == LAGAN_OK)
        result = operation_leave(&o, r->source->ops->entry_metadata(r->reader, &o.op, pieces));
    return operation_end(&o, result, e, "metadata");
}

int source_metadata(struct source *s, const void *key, size_t key_size, uint32_t type,
                    const struct lagan_metadata_collector *pieces, struct error *e)
{
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->metadata)
        return 0;
    result = source_enter(s, &o);
    if (result == LAGAN_OK)
        result = operation_leave(
            &o, s->ops->metadata(s->handle, &o.op, key, key_size, type, pieces));
    return operation_end(&o, result, e, "metadata");
}
