/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_join.c - joins the source's walk with the parent's tree, and makes items of what it
 * finds.
 *
 * The join has a cursor of its own over the parent; the collector has another and follows by
 * the counts in STEP_KEEP and STEP_DROP, so that it can take whole nodes over without any entry
 * passing through the pipe.
 */
#include "engine/backup_private.h"

#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

/* The state of the joining thread. */
struct join {
    struct backup_job *job;
    struct walk *walk;
    struct chunk_access access;
    struct tree_cursor *cursor;     /* over the parent; NULL without one */
    const struct tree_entry *older; /* where it stands; NULL at the end */
    struct entry_copy *batch;       /* WALK_BATCH entries of the walk */
    size_t batch_count;
    struct item *item;      /* being filled; NULL = none */
    size_t item_bytes;      /* place that its content will take, as far as known */
    uint64_t kept;          /* entries in STEP_KEEPs of `item` */
    struct buffer last_key; /* of the walk so far */
    bool started, unsorted;
    struct error failure;
};

/* A walk out of order would be joined with the older tree wrongly. */
static bool follows(struct join *join, const struct lagan_entry *entry)
{
    struct buffer *last = &join->last_key;
    if (join->started && tree_key_compare(last->data ? (const void *)last->data : "",
                                          last->size, entry->key, entry->key_size) >= 0)
        return false;
    join->started = true;
    buffer_clear(last);
    buffer_append(last, entry->key, entry->key_size);
    return !last->failed;
}

static uint32_t batch_add(void *context, const struct lagan_entry *entry)
{
    struct join *join = context;
    if (join->batch_count >= WALK_BATCH)
        return LAGAN_INVALID;
    if (!follows(join, entry)) {
        join->unsorted = true;
        return LAGAN_INTERNAL;
    }
    struct error e = ERROR_INIT;
    if (entry_copy_set(&join->batch[join->batch_count], entry, &e) != 0)
        return LAGAN_INTERNAL;
    join->batch_count++;
    return LAGAN_OK;
}

/* Waits for a free item; NULL once the job has failed. */
static struct item *join_fresh_item(void *context, enum item_kind kind)
{
    struct join *join = context;
    if (atomic_load(&join->job->failed))
        return NULL;
    struct item *item = queue_take(join->job->free_items);
    if (!item)
        return NULL;
    item_reset(item);
    item->kind = kind;
    return item;
}

static void join_send(void *context, struct item *item)
{
    struct join *join = context;
    pipe_put(join->job->pipe, item);
}

/* What the workers read has a place by the time they start: places are given out in the order
 * in which items are collected, so that nobody waits for what comes later. */
static void join_send_open(struct join *join)
{
    if (!join->item)
        return;
    if (join->item_bytes > 0)
        stream_room_give(join->job, &join->job->join_room, join->item, join->item_bytes);
    join_send(join, join->item);
    join->item = NULL;
    join->item_bytes = 0;
    join->kept = 0;
}

/* The next free step of an open item; NULL once the job has failed. */
static struct step *join_step(struct join *join, enum step_kind kind)
{
    if (join->item && join->item->step_count == ITEM_STEPS)
        join_send_open(join);
    if (!join->item)
        join->item = join_fresh_item(join, ITEM_ENTRIES);
    if (!join->item)
        return NULL;
    struct step *step = &join->item->steps[join->item->step_count++];
    step->kind = kind;
    step->count = 0;
    return step;
}

/* Adds one parent's entry to a run of kept or dropped ones. */
static int join_count(struct join *join, enum step_kind kind)
{
    struct item *item = join->item;
    struct step *step = NULL;
    if (item && item->step_count > 0 && item->steps[item->step_count - 1].kind == kind)
        step = &item->steps[item->step_count - 1];
    else
        step = join_step(join, kind);
    if (!step)
        return -1;
    step->count++;
    if (kind == STEP_KEEP && ++join->kept >= ITEM_RUN_LIMIT)
        join_send_open(join);
    return 0;
}

static int join_advance(struct join *join)
{
    if (!join->cursor) {
        join->older = NULL;
        return 0;
    }
    int got = tree_cursor_next(join->cursor, &join->older, &join->failure);
    if (got == 0)
        join->older = NULL;
    return got < 0 ? -1 : 0;
}

/* Equal stamps mean an equal entry; an older entry with an error or a warning is read again. */
static bool join_unchanged(const struct join *join, const struct lagan_entry *entry)
{
    const struct tree_entry *older = join->older;
    struct reader ignored;
    if (join->job->request->full || entry->stamp_size == 0 || entry->error_class != LAGAN_OK ||
        entry->type == LAGAN_ENTRY_ERROR)
        return false;
    if (entry->type != older->type || entry->stamp_size != older->stamp_size ||
        memcmp(entry->stamp, older->stamp, entry->stamp_size) != 0)
        return false;
    if (entry->mtime_s != older->mtime_s || entry->mtime_ns != older->mtime_ns ||
        entry->mode != older->mode || entry->user != older->user ||
        entry->group != older->group)
        return false;
    if (entry_has_content(entry->type) && entry->bytes != older->bytes)
        return false;
    return !tree_further_find(older, TREE_FURTHER_ERROR, &ignored) &&
           !tree_further_find(older, TREE_FURTHER_WARNINGS, &ignored);
}

/* Reads a large entry on this thread, chunk by chunk. */
static int join_large(struct join *join, struct entry_copy *found, bool known,
                      struct link_slot *slot)
{
    join_send_open(join);
    struct item *item = join_fresh_item(join, ITEM_LARGE_BEGIN);
    if (!item) {
        link_slot_release(slot);
        return -1;
    }
    struct item_sink sink = {join, join_fresh_item, join_send};
    struct step *step = &item->steps[0];
    item->step_count = 1;
    step->kind = STEP_ENTRY;
    step->known = known;
    step->slot = slot;
    int result = entry_copy_set(&step->found, &found->entry, &join->failure);
    if (result != 0)
        backup_fail(join->job, &join->failure);
    join_send(join, item);
    return result == 0 ? backup_stream(join->job, &join->job->join_room, found, &sink) : -1;
}

/* An entry that is new or changed becomes a step, or a series of items when it is large. */
static int join_read(struct join *join, struct entry_copy *found, bool known)
{
    const struct lagan_entry *entry = &found->entry;
    bool content = entry_has_content(entry->type);
    bool first = true;
    struct link_slot *slot = NULL;
    if (content)
        slot = link_slots_take(join->job->links, entry, &first);
    bool reads = content && first;
    if (reads && backup_is_large(join->job, entry))
        return join_large(join, found, known, slot);

    if (join->item && reads && join->item_bytes + entry->bytes >= ITEM_BYTES)
        join_send_open(join);
    struct step *step = join_step(join, slot && !first ? STEP_LINK : STEP_ENTRY);
    if (!step) {
        link_slot_release(slot);
        return -1;
    }
    step->known = known;
    step->slot = slot;
    join->item_bytes += reads ? (size_t)entry->bytes + 1 : 0;
    struct entry_copy unused = step->found;
    step->found = *found; /* the copies change places: no byte is moved */
    *found = unused;
    return 0;
}

static int join_entry(struct join *join, struct entry_copy *found)
{
    const struct lagan_entry *entry = &found->entry;
    int order = -1;
    while (join->older) {
        order = tree_key_compare(join->older->key, join->older->key_size, entry->key,
                                 entry->key_size);
        if (order >= 0)
            break;
        if (join_count(join, STEP_DROP) != 0 || join_advance(join) != 0)
            return -1;
    }
    bool known = join->older && order == 0;
    if (known && join_unchanged(join, entry)) {
        if (join_count(join, STEP_KEEP) != 0)
            return -1;
        return join_advance(join);
    }
    if (known && (join_count(join, STEP_DROP) != 0 || join_advance(join) != 0))
        return -1;
    return join_read(join, found, known);
}

static enum lagan_selection join_select(void *context, const void *key, size_t key_size,
                                        uint32_t type)
{
    const struct backup_job *job = context;
    if (job->flat)
        return flat_match(job->request->rules, key, key_size) == SELECT_TAKE
                   ? LAGAN_SELECT_TAKE
                   : LAGAN_SELECT_SKIP;
    bool taken =
        select_match(job->request->rules, key, key_size, type == LAGAN_ENTRY_DIRECTORY);
    return taken ? LAGAN_SELECT_TAKE : LAGAN_SELECT_SKIP;
}

static int join_open(struct join *join)
{
    const struct backup_request *request = join->job->request;
    join->batch = calloc(WALK_BATCH, sizeof(*join->batch));
    if (!join->batch)
        return error_no_memory(&join->failure, "a walk");
    if (join->job->store) {
        join->access = store_access(join->job->store);
        join->cursor = tree_cursor_new(&join->access, &request->parent->root, &join->failure);
        if (!join->cursor || join_advance(join) != 0)
            return -1;
    }
    join->walk = source_walk_open(request->source, request->rules ? join_select : NULL,
                                  join->job, NULL, 0, &join->failure);
    return join->walk ? 0 : -1;
}

static int join_run(struct join *join)
{
    struct lagan_entry_collector collector = {.context = join, .add = batch_add};
    bool ended = false;
    while (!ended) {
        join->batch_count = 0;
        int result = walk_next(join->walk, WALK_BATCH, &collector, &ended, &join->failure);
        if (join->unsorted)
            return error_set(&join->failure, LAGAN_INTERNAL, ERROR_FAILED,
                             "%s: walk: the entries do not come in the order of their keys",
                             driver_name(source_driver(join->job->request->source)));
        if (result != 0 || operation_check(&join->failure) != 0)
            return -1;
        for (size_t i = 0; i < join->batch_count; i++) {
            if (join_entry(join, &join->batch[i]) != 0)
                return -1;
        }
    }
    join_send_open(join);
    return 0;
}

static void join_close(struct join *join)
{
    walk_close(join->walk);
    tree_cursor_free(join->cursor);
    for (size_t i = 0; join->batch && i < WALK_BATCH; i++)
        entry_copy_free(&join->batch[i]);
    free(join->batch);
    buffer_free(&join->last_key);
    item_free(join->item);
}

void *backup_join(void *argument)
{
    struct backup_job *job = argument;
    struct join join = {.job = job};
    if (join_open(&join) != 0 || join_run(&join) != 0) {
        /* Without a failure of its own the join was stopped by somebody else's. */
        if (join.failure.error_class != LAGAN_OK)
            backup_fail(job, &join.failure);
    }
    join_close(&join);
    pipe_close(job->pipe);
    return NULL;
}
