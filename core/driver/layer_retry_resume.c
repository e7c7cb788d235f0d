/* SPDX-License-Identifier: Apache-2.0 */
/* layer_retry_resume.c - calls that hand over things: whoever takes them gets each once. */
#include "driver/layer_retry.h"

#include <string.h>

/* Notes that the caller wants no more. */
static uint32_t pass(struct resume *r, uint32_t result)
{
    r->refused = r->refused || result != LAGAN_OK;
    return result;
}

static uint32_t keep(struct resume *r)
{
    return r->last.failed ? pass(r, LAGAN_INTERNAL) : (uint32_t)LAGAN_OK;
}

/* Content that is read: any range may be asked for again. */

static uint32_t read_content(void *context, uint64_t offset, void *data, size_t size)
{
    struct resume *r = context;
    const struct lagan_content *content =
        r->from->verb == CALL_PUT ? r->from->with.put.content : r->from->with.part_put.content;
    return pass(r, content->read(content->context, offset, data, size));
}

/* Bytes of an object */

static void *sink_room(void *context, size_t *size)
{
    struct resume *r = context;
    const struct lagan_sink *sink = r->from->with.get.sink;
    void *room = sink->room(sink->context, size);
    r->refused = r->refused || !room;
    return room;
}

static uint32_t sink_filled(void *context, size_t size)
{
    struct resume *r = context;
    const struct lagan_sink *sink = r->from->with.get.sink;
    uint32_t result = sink->filled(sink->context, size);
    if (result == LAGAN_OK)
        r->taken += size;
    return pass(r, result);
}

/* A page of a listing */

static uint32_t add_object(void *context, const struct lagan_object *object)
{
    struct resume *r = context;
    const struct lagan_object_collector *objects = r->from->with.list.objects;
    if (r->beyond) {
        r->found_more = true;
        return LAGAN_OK;
    }
    buffer_clear(&r->last);
    if (object->key)
        buffer_append(&r->last, object->key, strlen(object->key) + 1);
    r->taken++;
    if (keep(r) != LAGAN_OK)
        return LAGAN_INTERNAL;
    return pass(r, objects->add(objects->context, object));
}

/* Attributes of an entry.  Those of a second attempt are not handed over: for a reader they
 * must tell the same content, or what is read does not belong to what was said. */

static void describe_entry(struct resume_entry *told, const struct lagan_entry *entry)
{
    size_t size =
        entry->stamp_size < sizeof told->stamp ? entry->stamp_size : sizeof told->stamp;
    memset(told, 0, sizeof *told);
    told->type = entry->type;
    if (entry->present & LAGAN_HAS_BYTES)
        told->bytes = entry->bytes;
    if (entry->present & LAGAN_HAS_MTIME) {
        told->mtime_s = entry->mtime_s;
        told->mtime_ns = entry->mtime_ns;
    }
    if (size > 0)
        memcpy(told->stamp, entry->stamp, size);
}

static uint32_t compare_entry(struct resume *r, const struct lagan_entry *entry)
{
    struct resume_entry now;
    describe_entry(&now, entry);
    return pass(r, memcmp(&now, &r->entry, sizeof now) == 0 ? LAGAN_OK : LAGAN_CHANGED);
}

static uint32_t add_entry(void *context, const struct lagan_entry *entry)
{
    struct resume *r = context;
    bool opened = r->from->verb == CALL_ENTRY_OPEN;
    const struct lagan_entry_collector *entries =
        opened ? r->from->with.entry_open.attributes : r->from->with.entry_stat.attributes;
    if (r->taken_before > 0)
        return opened ? compare_entry(r, entry) : (uint32_t)LAGAN_OK;
    describe_entry(&r->entry, entry);
    r->taken++;
    return pass(r, entries->add(entries->context, entry));
}

/* Ranges of an entry */

static uint32_t add_extent(void *context, uint64_t offset, uint64_t length, uint32_t type)
{
    struct resume *r = context;
    const struct lagan_extent_collector *extents = r->from->with.extents.extents;
    uint32_t result = extents->add(extents->context, offset, length, type);
    if (result == LAGAN_OK)
        r->taken += length;
    return pass(r, result);
}

/* Metadata, in ascending order of kind and name */

static const struct lagan_metadata_collector *pieces_of(const struct call *c)
{
    switch (c->verb) {
    case CALL_METADATA:
        return c->with.metadata.pieces;
    case CALL_ENTRY_METADATA:
        return c->with.entry_metadata;
    default:
        return c->with.node.lost;
    }
}

/* Whether (kind, name) sorts behind the last piece. */
static bool is_behind(const struct resume *r, const struct lagan_metadata *piece)
{
    uint32_t kind;
    size_t size = r->last.size - sizeof kind;
    size_t common = size < piece->name_size ? size : piece->name_size;
    int order;
    memcpy(&kind, r->last.data, sizeof kind);
    if (piece->kind != kind)
        return piece->kind > kind;
    order = memcmp(piece->name, r->last.data + sizeof kind, common);
    return order > 0 || (order == 0 && piece->name_size > size);
}

static uint32_t add_piece(void *context, const struct lagan_metadata *piece)
{
    struct resume *r = context;
    const struct lagan_metadata_collector *pieces = pieces_of(r->from);
    if (r->taken_before > 0 && !is_behind(r, piece))
        return LAGAN_OK;
    buffer_clear(&r->last);
    buffer_append(&r->last, &piece->kind, sizeof piece->kind);
    buffer_append(&r->last, piece->name, piece->name_size);
    r->taken++;
    if (keep(r) != LAGAN_OK)
        return LAGAN_INTERNAL;
    return pass(r, pieces->add(pieces->context, piece));
}

static void lose_piece(void *context, const char *name, const char *reason)
{
    struct resume *r = context;
    const struct lagan_metadata_collector *pieces = pieces_of(r->from);
    if (++r->lost_now <= r->lost)
        return;
    r->lost = r->lost_now;
    pieces->lost(pieces->context, name, reason);
}

/* All of them */

void resume_begin(struct resume *r, const struct call *from, struct call *below)
{
    *r = (struct resume){.from = from};
    switch (from->verb) {
    case CALL_PUT:
        r->put.content = (struct lagan_content){r, read_content};
        below->with.put.content = &r->put.content;
        break;
    case CALL_PART_PUT:
        r->put.content = (struct lagan_content){r, read_content};
        below->with.part_put.content = &r->put.content;
        break;
    case CALL_GET:
        r->put.sink = (struct lagan_sink){r, sink_room, sink_filled};
        below->with.get.sink = &r->put.sink;
        break;
    case CALL_LIST:
        r->put.objects = (struct lagan_object_collector){r, add_object};
        below->with.list.objects = &r->put.objects;
        break;
    case CALL_ENTRY_OPEN:
        r->put.entries = (struct lagan_entry_collector){r, add_entry};
        below->with.entry_open.attributes = &r->put.entries;
        break;
    case CALL_ENTRY_STAT:
        r->put.entries = (struct lagan_entry_collector){r, add_entry};
        below->with.entry_stat.attributes = &r->put.entries;
        break;
    case CALL_EXTENTS:
        r->put.extents = (struct lagan_extent_collector){r, add_extent};
        below->with.extents.extents = &r->put.extents;
        break;
    case CALL_METADATA:
        r->put.pieces = (struct lagan_metadata_collector){r, add_piece, lose_piece};
        below->with.metadata.pieces = &r->put.pieces;
        break;
    case CALL_ENTRY_METADATA:
        r->put.pieces = (struct lagan_metadata_collector){r, add_piece, lose_piece};
        below->with.entry_metadata = &r->put.pieces;
        break;
    case CALL_NODE_CREATE:
    case CALL_DIRECTORY_FINISH:
        r->put.pieces = (struct lagan_metadata_collector){r, add_piece, lose_piece};
        if (from->with.node.lost)
            below->with.node.lost = &r->put.pieces;
        break;
    default:
        break;
    }
}

static void again_get(struct resume *r, struct call *below)
{
    below->with.get.offset = r->from->with.get.offset + r->taken;
    if (r->from->with.get.length != LAGAN_TO_THE_END)
        below->with.get.length = r->from->with.get.length - r->taken;
}

/* A page that was full already is asked for no more than whether others follow. */
static void again_list(struct resume *r, struct call *below)
{
    if (r->taken == 0)
        return;
    buffer_clear(&r->after);
    buffer_append(&r->after, r->last.data, r->last.size);
    r->refused = r->refused || r->after.failed;
    below->with.list.start_after = (const char *)r->after.data;
    r->beyond = r->taken >= r->from->with.list.limit;
    below->with.list.limit = r->beyond ? 1 : r->from->with.list.limit - (uint32_t)r->taken;
}

bool resume_again(struct resume *r, struct call *below)
{
    r->taken_before = r->taken;
    r->lost_now = 0;
    switch (below->verb) {
    case CALL_GET:
        again_get(r, below);
        return false;
    case CALL_LIST:
        again_list(r, below);
        return false;
    case CALL_EXTENTS:
        below->with.extents.offset = r->from->with.extents.offset + r->taken;
        below->with.extents.length = r->from->with.extents.length - r->taken;
        return below->with.extents.length == 0;
    default:
        return false;
    }
}

void resume_end(struct resume *r)
{
    if (r->beyond)
        *r->from->with.list.more = r->found_more;
    buffer_free(&r->last);
    buffer_free(&r->after);
}
