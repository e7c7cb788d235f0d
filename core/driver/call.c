/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - the verbs as a table, and how each reaches its slot. */
#include "driver/call.h"

#include <string.h>

typedef uint32_t run_function(const union driver_ops *ops, struct call *c);

/* A slot that may be absent; `arguments` in parentheses. */
#define SLOT(symbol, kind, slot, arguments)                                                    \
    static uint32_t run_##symbol(const union driver_ops *ops, struct call *c)                  \
    {                                                                                          \
        return ops->kind.slot ? ops->kind.slot arguments : (uint32_t)LAGAN_UNSUPPORTED;        \
    }
/* A slot that lets go of its object and cannot fail. */
#define RELEASE(symbol, kind, slot)                                                            \
    static uint32_t run_##symbol(const union driver_ops *ops, struct call *c)                  \
    {                                                                                          \
        if (ops->kind.slot)                                                                    \
            ops->kind.slot(c->object);                                                         \
        return LAGAN_OK;                                                                       \
    }
#define WITH c->with

SLOT(TARGET_CAPABILITIES, target, capabilities, (c->object, c->op, WITH.target_capabilities))
SLOT(PUT, target, put,
     (c->object, c->op, WITH.put.key, WITH.put.bytes, WITH.put.content, WITH.put.flags,
      WITH.put.sha256))
SLOT(STAGE_BEGIN, target, stage_begin,
     (c->object, c->op, WITH.stage_begin.bytes_hint, WITH.stage_begin.made))
SLOT(STAGE_WRITE, target, stage_write,
     (c->object, c->op, WITH.stage_write.data, WITH.stage_write.size))
SLOT(STAGE_COMMIT, target, stage_commit,
     (c->object, c->op, WITH.stage_commit.key, WITH.stage_commit.flags))
RELEASE(STAGE_ABORT, target, stage_abort)
SLOT(GET, target, get,
     (c->object, c->op, WITH.get.key, WITH.get.offset, WITH.get.length, WITH.get.sink))
SLOT(STAT, target, stat, (c->object, c->op, WITH.stat.key, WITH.stat.object))
SLOT(LIST, target, list,
     (c->object, c->op, WITH.list.prefix, WITH.list.start_after, WITH.list.limit,
      WITH.list.objects, WITH.list.more))
SLOT(REMOVE, target, remove, (c->object, c->op, WITH.remove.key))
SLOT(FLUSH, target, flush, (c->object, c->op))
SLOT(CAPACITY, target, capacity,
     (c->object, c->op, WITH.capacity.total, WITH.capacity.available))
SLOT(SWEEP, target, sweep, (c->object, c->op, WITH.sweep.older_than_ns, WITH.sweep.removed))
SLOT(MULTIPART_BEGIN, target, multipart_begin,
     (c->object, c->op, WITH.multipart_begin.key, WITH.multipart_begin.bytes,
      WITH.multipart_begin.made))
SLOT(PART_PUT, target, part_put,
     (c->object, c->op, WITH.part_put.number, WITH.part_put.bytes, WITH.part_put.content,
      WITH.part_put.sha256))
SLOT(MULTIPART_COMPLETE, target, multipart_complete,
     (c->object, c->op, WITH.multipart_complete.parts, WITH.multipart_complete.flags))
RELEASE(MULTIPART_ABORT, target, multipart_abort)
SLOT(COPY, target, copy, (c->object, c->op, WITH.copy.from, WITH.copy.to, WITH.copy.flags))
SLOT(RENAME, target, rename, (c->object, c->op, WITH.copy.from, WITH.copy.to, WITH.copy.flags))
SLOT(CLOCK, target, clock, (c->object, c->op, WITH.clock))

SLOT(SOURCE_CAPABILITIES, source, capabilities, (c->object, c->op, WITH.source_capabilities))
SLOT(CHECK, source, check, (c->object, c->op, WITH.check))
SLOT(ESTIMATE, source, estimate, (c->object, c->op, WITH.estimate.bytes, WITH.estimate.entries))
SLOT(WALK_OPEN, source, walk_open,
     (c->object, c->op, WITH.walk_open.request, WITH.walk_open.made))
SLOT(WALK_NEXT, source, walk_next,
     (c->object, c->op, WITH.walk_next.limit, WITH.walk_next.entries))
RELEASE(WALK_CLOSE, source, walk_close)
SLOT(ENTRY_OPEN, source, entry_open,
     (c->object, c->op, WITH.entry_open.key, WITH.entry_open.key_size, WITH.entry_open.id,
      WITH.entry_open.id_size, WITH.entry_open.attributes, WITH.entry_open.made))
SLOT(READ_AT, source, read_at,
     (c->object, c->op, WITH.read_at.offset, WITH.read_at.data, WITH.read_at.size,
      WITH.read_at.got))
SLOT(EXTENTS, source, extents,
     (c->object, c->op, WITH.extents.offset, WITH.extents.length, WITH.extents.extents))
SLOT(ENTRY_CLOSE, source, entry_close, (c->object, c->op, WITH.entry_close))
SLOT(METADATA, source, metadata,
     (c->object, c->op, WITH.metadata.key, WITH.metadata.key_size, WITH.metadata.type,
      WITH.metadata.pieces))
SLOT(ENTRY_METADATA, source, entry_metadata, (c->object, c->op, WITH.entry_metadata))
SLOT(ENTRY_STAT, source, entry_stat,
     (c->object, c->op, WITH.entry_stat.key, WITH.entry_stat.key_size,
      WITH.entry_stat.attributes))
SLOT(ENTRY_CREATE, source, entry_create,
     (c->object, c->op, WITH.entry_create.entry, WITH.entry_create.flags,
      WITH.entry_create.made))
SLOT(WRITE_AT, source, write_at,
     (c->object, c->op, WITH.write_at.offset, WITH.write_at.data, WITH.write_at.size))
SLOT(WRITE_ZERO, source, write_zero,
     (c->object, c->op, WITH.write_zero.offset, WITH.write_zero.length))
SLOT(ENTRY_COMMIT, source, entry_commit,
     (c->object, c->op, WITH.entry_commit.pieces, WITH.entry_commit.count,
      WITH.entry_commit.lost))
RELEASE(ENTRY_ABORT, source, entry_abort)
SLOT(NODE_CREATE, source, node_create,
     (c->object, c->op, WITH.node.entry, WITH.node.flags, WITH.node.pieces, WITH.node.count,
      WITH.node.lost))
SLOT(DIRECTORY_FINISH, source, directory_finish,
     (c->object, c->op, WITH.node.entry, WITH.node.flags, WITH.node.pieces, WITH.node.count,
      WITH.node.lost))
SLOT(LINK_CREATE, source, link_create,
     (c->object, c->op, WITH.link_create.key, WITH.link_create.key_size,
      WITH.link_create.existing, WITH.link_create.existing_size, WITH.link_create.flags))
SLOT(PLACE_NAME, source, place_name,
     (c->object, c->op, WITH.place_name.name, WITH.place_name.size))
SLOT(ENTRY_COPY, source, entry_copy,
     (c->object, c->op, WITH.entry_copy.place, WITH.entry_copy.from, WITH.entry_copy.from_size,
      WITH.entry_copy.id, WITH.entry_copy.id_size, WITH.entry_copy.entry, WITH.entry_copy.flags,
      WITH.entry_copy.pieces, WITH.entry_copy.count, WITH.entry_copy.lost))
SLOT(ENTRY_REMOVE, source, entry_remove,
     (c->object, c->op, WITH.entry_remove.key, WITH.entry_remove.key_size,
      WITH.entry_remove.flags))

/* What is known of a verb. */
struct verb {
    const char *name;
    unsigned flags;
    enum lagan_kind kind;
    run_function *run;
};

static const struct verb verbs[CALL_VERB_COUNT] = {
#define X(symbol, slot, flags)                                                                 \
    [CALL_##symbol] = {#slot, flags, LAGAN_KIND_TARGET, run_##symbol},
    CALL_TARGET_VERBS(X)
#undef X
#define X(symbol, slot, flags)                                                                 \
    [CALL_##symbol] = {#slot, flags, LAGAN_KIND_SOURCE, run_##symbol},
        CALL_SOURCE_VERBS(X)
#undef X
};

uint32_t call_execute(const union driver_ops *ops, struct call *c)
{
    return verbs[c->verb].run(ops, c);
}

const char *call_verb_name(enum call_verb verb)
{
    return verbs[verb].name;
}

unsigned call_verb_flags(enum call_verb verb)
{
    return verbs[verb].flags;
}

enum lagan_kind call_verb_kind(enum call_verb verb)
{
    return verbs[verb].kind;
}

enum call_verb call_verb_find(enum lagan_kind kind, const char *name)
{
    for (int verb = 0; verb < (int)CALL_VERB_COUNT; verb++)
        if (verbs[verb].kind == kind && strcmp(verbs[verb].name, name) == 0)
            return (enum call_verb)verb;
    return CALL_VERB_COUNT;
}

const char *call_key(const struct call *c)
{
    switch (c->verb) {
    case CALL_PUT:
        return WITH.put.key;
    case CALL_STAGE_COMMIT:
        return WITH.stage_commit.key;
    case CALL_GET:
        return WITH.get.key;
    case CALL_STAT:
        return WITH.stat.key;
    case CALL_REMOVE:
        return WITH.remove.key;
    case CALL_MULTIPART_BEGIN:
        return WITH.multipart_begin.key;
    case CALL_COPY:
    case CALL_RENAME:
        return WITH.copy.to;
    default:
        return NULL;
    }
}

uint64_t call_bytes(const struct call *c)
{
    switch (c->verb) {
    case CALL_PUT:
        return WITH.put.bytes;
    case CALL_STAGE_WRITE:
        return WITH.stage_write.size;
    case CALL_PART_PUT:
        return WITH.part_put.bytes;
    case CALL_GET:
        return WITH.get.length == LAGAN_TO_THE_END ? 0 : WITH.get.length;
    case CALL_READ_AT:
        return WITH.read_at.size;
    case CALL_WRITE_AT:
        return WITH.write_at.size;
    default:
        return 0;
    }
}

void **call_made(const struct call *c)
{
    switch (c->verb) {
    case CALL_STAGE_BEGIN:
        return WITH.stage_begin.made;
    case CALL_MULTIPART_BEGIN:
        return WITH.multipart_begin.made;
    case CALL_WALK_OPEN:
        return WITH.walk_open.made;
    case CALL_ENTRY_OPEN:
        return WITH.entry_open.made;
    case CALL_ENTRY_CREATE:
        return WITH.entry_create.made;
    default:
        return NULL;
    }
}
