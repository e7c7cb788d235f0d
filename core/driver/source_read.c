/* SPDX-License-Identifier: Apache-2.0 */
/* source_read.c - reading the entries of a source. */
#include "base/object.h"
#include "driver/isolate_private.h"
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
    struct entry_reader *r;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    r = calloc(1, sizeof *r);
    if (!r) {
        error_no_memory(e, "an entry to be read");
        return NULL;
    }
    r->magic = READER_MAGIC;
    r->source = s;
    struct call c = {.verb = CALL_ENTRY_OPEN,
                     .with.entry_open = {key, key_size, id, id_size, attributes, &r->reader}};
    uint32_t result = source_call(s, &o, &c);
    if (operation_end(&o, result, e, "open") < 0) {
        free(r);
        return NULL;
    }
    return r;
}

void source_read_ahead(struct source *s, const struct source_wish *wishes, size_t count)
{
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!driver_is_isolated(s->driver) || operation_all_cancelled())
        return;
    driver_lock_take(s->lock);
    isolate_read_ahead(s->handle, wishes, count);
    driver_lock_release(s->lock);
}

int entry_reader_read(struct entry_reader *r, uint64_t offset, void *data, size_t size,
                      size_t *got, struct error *e)
{
    size_t told = 0;
    struct call c = {
        .verb = CALL_READ_AT, .object = r->reader, .with.read_at = {offset, data, size, &told}};
    struct operation o;
    OBJECT_CHECK(r, READER_MAGIC);
    uint32_t result = source_call(r->source, &o, &c);
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
    struct call c = {
        .verb = CALL_EXTENTS, .object = r->reader, .with.extents = {offset, length, extents}};
    struct operation o;
    uint32_t result;
    OBJECT_CHECK(r, READER_MAGIC);
    result = source_enter(r->source, &o);
    if (result == LAGAN_OK && r->source->ops->extents)
        result = operation_leave(&o, source_call_entered(r->source, &o, &c));
    else if (result == LAGAN_OK)
        result = operation_leave(
            &o, extents->add(extents->context, offset, length, LAGAN_EXTENT_DATA));
    return operation_end(&o, result, e, "extents");
}

/* Closing must reach the driver also when all is cancelled: it frees. */
static uint32_t close_reader(struct entry_reader *r, struct operation *o, uint32_t *verdict)
{
    struct source *s = r->source;
    struct call c = {.verb = CALL_ENTRY_CLOSE,
                     .op = &o->op,
                     .object = r->reader,
                     .with.entry_close = verdict};
    operation_enter(o, s->driver->descriptor.name, NULL);
    uint32_t result = source_release(s, &c);
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
    struct call c = {
        .verb = CALL_ENTRY_METADATA, .object = r->reader, .with.entry_metadata = pieces};
    struct operation o;
    OBJECT_CHECK(r, READER_MAGIC);
    if (!r->source->ops->entry_metadata)
        return source_metadata(r->source, key, key_size, type, pieces, e);
    return operation_end(&o, source_call(r->source, &o, &c), e, "metadata");
}

int source_metadata(struct source *s, const void *key, size_t key_size, uint32_t type,
                    const struct lagan_metadata_collector *pieces, struct error *e)
{
    struct call c = {.verb = CALL_METADATA, .with.metadata = {key, key_size, type, pieces}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->metadata)
        return 0;
    return operation_end(&o, source_call(s, &o, &c), e, "metadata");
}
