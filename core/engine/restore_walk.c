/* SPDX-License-Identifier: Apache-2.0 */
/* restore_walk.c - goes through the tree, makes directories, and makes items of everything
 * else. */
#include "engine/restore_private.h"

#include "driver/operation.h"

#include <string.h>

/* The state of the walking thread. */
struct restore_walker {
    struct restore_job *job;
    struct tree_cursor *cursor;
    struct restore_item *item; /* being filled; NULL = none */
    uint64_t item_bytes;
    struct restore_maker maker;
};

static struct restore_item *walker_item(struct restore_walker *w, enum restore_item_kind kind)
{
    if (atomic_load(&w->job->failed))
        return NULL;
    struct restore_item *item = queue_take(w->job->free_items);
    if (item) {
        restore_item_reset(item);
        item->kind = kind;
    }
    return item;
}

static void walker_send_open(struct restore_walker *w)
{
    if (!w->item)
        return;
    pipe_put(w->job->pipe, w->item);
    w->item = NULL;
    w->item_bytes = 0;
}

/* Passes over what lies below a directory that could not be made. */
static int walker_skip_below(struct restore_walker *w, const struct tree_entry *entry,
                             struct error *e)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    const struct restore_request *request = w->job->request;
    if (entry->key_size == 0)
        return tree_cursor_skip_below(w->cursor, request->top_key, request->top_key_size, e);
    buffer_append(&key, request->top_key, request->top_key_size);
    if (request->top_key_size > 0)
        buffer_append_u8(&key, 0);
    buffer_append(&key, entry->key, entry->key_size);
    if (buffer_check(&key, e) != 0)
        return -1;
    return tree_cursor_skip_below(w->cursor, key.data, key.size, e);
}

/* The bytes of the key of the folder in which `entry` lies. */
static size_t folder_size(const struct tree_entry *entry)
{
    const uint8_t *end = memrchr(entry->key, 0, entry->key_size);
    return end ? (size_t)(end - (const uint8_t *)entry->key) : 0;
}

static bool same_folder(const struct tree_entry *a, const struct tree_entry *b)
{
    size_t size = folder_size(a);
    return size == folder_size(b) && memcmp(a->key, b->key, size) == 0;
}

/* Whether `entry` begins the next item.  Workers that make files in one folder at the same time
 * wait for each other in the kernel: a folder of some size is one worker's. */
static bool walker_is_full(const struct restore_walker *w, const struct tree_entry *entry,
                           uint64_t bytes)
{
    size_t count = w->item->step_count;
    return count == RESTORE_STEPS || w->item_bytes + bytes > RESTORE_ITEM_BYTES ||
           (count >= RESTORE_FOLDER_STEPS &&
            !same_folder(w->item->steps[count - 1].entry, entry));
}

static struct restore_step *walker_step(struct restore_walker *w,
                                        const struct tree_entry *entry, uint64_t bytes)
{
    if (w->item && walker_is_full(w, entry, bytes))
        walker_send_open(w);
    if (!w->item)
        w->item = walker_item(w, RESTORE_ITEM_ENTRIES);
    if (!w->item)
        return NULL;
    w->item_bytes += bytes;
    return &w->item->steps[w->item->step_count++];
}

/* Finds out whether `entry` is a further name of something restored before. */
static int walker_links(struct restore_walker *w, struct restore_step *step, struct error *e)
{
    const struct tree_entry *entry = step->entry;
    struct reader value;
    bool first = false;
    bool device = entry->type == LAGAN_ENTRY_CHARACTER || entry->type == LAGAN_ENTRY_BLOCK;
    if (device && (w->job->request->create_flags & LAGAN_CREATE_UNPRIVILEGED))
        return 0; /* none of its names will be there */
    if (entry->links < 2 || !tree_further_find(entry, TREE_FURTHER_LINK_GROUP, &value) ||
        value.left != 16)
        return 0;
    if (restore_links_take(w->job->links, value.next, entry, &step->group, &first, e) != 0)
        return -1;
    step->link = !first;
    return 0;
}

static int walker_send(struct restore_walker *w, struct restore_item *item)
{
    if (!item)
        return -1;
    pipe_put(w->job->pipe, item);
    return 0;
}

/* Sends the chunks of a large file; a list of them that is damaged is a problem of the file,
 * which `why` tells. */
static int walker_chunks(struct restore_walker *w, const struct tree_entry *entry,
                         struct error *why)
{
    struct chunk_record record;
    int result = 0;
    struct content_cursor *cursor = content_cursor_new(&w->job->access, &entry->content, why);
    while (cursor && result == 0 && content_cursor_next(cursor, &record, why) == 1) {
        struct restore_item *item = walker_item(w, RESTORE_ITEM_LARGE_CHUNK);
        if (item)
            item->record = record;
        result = walker_send(w, item);
    }
    content_cursor_free(cursor);
    return result;
}

/* A large file goes round in chunks, so that several are decoded at a time. */
static int walker_large(struct restore_walker *w, struct restore_step *step, struct error *e)
{
    struct error why = ERROR_INIT;
    walker_send_open(w);
    struct tree_entry *kept = tree_entry_copy(step->entry, e);
    struct restore_item *item = kept ? walker_item(w, RESTORE_ITEM_LARGE_BEGIN) : NULL;
    if (item) {
        item->steps[0] = *step;
        item->step_count = 1;
        *step = (struct restore_step){0};
    }
    int result = walker_send(w, item);
    if (result == 0)
        result = walker_chunks(w, kept, &why);
    if (result == 0) {
        item = walker_item(w, RESTORE_ITEM_LARGE_END);
        if (item)
            item->failure = why;
        result = walker_send(w, item);
    }
    tree_entry_free(kept);
    return result;
}

/* Whether a file goes round in chunks: not when all of it stays as it is. */
static bool walker_is_large(struct restore_walker *w, const struct restore_step *step)
{
    enum restore_verdict verdict = VERDICT_CREATE;
    struct error ignored = ERROR_INIT;
    if (!entry_has_content(step->entry->type) || step->link || w->job->request->dry_run ||
        step->entry->bytes <= RESTORE_BYTES)
        return false;
    return restore_decide(w->job, step->entry, step->fresh, &verdict, &ignored) == 0 &&
           (verdict == VERDICT_CREATE || verdict == VERDICT_REPLACE);
}

/* Takes `entry` over. */
static int walker_file(struct restore_walker *w, struct tree_entry *entry, struct error *e)
{
    struct restore_step step = {.entry = entry,
                                .fresh = restore_maker_is_fresh(&w->maker, entry)};
    int result = walker_links(w, &step, e);
    if (result == 0 && walker_is_large(w, &step)) {
        result = walker_large(w, &step, e);
    } else if (result == 0) {
        bool written = entry_has_content(entry->type) && !step.link;
        struct restore_step *place = walker_step(w, entry, written ? entry->bytes : 0);
        if (place) {
            *place = step;
            return 0;
        }
        result = -1;
    }
    tree_entry_free(step.entry);
    restore_group_release(step.group);
    return result;
}

/* Says that the backup itself lacks this entry; true when there is nothing to restore of it. */
static bool walker_missing(struct restore_walker *w, const struct tree_entry *entry)
{
    struct reader value;
    struct error why = ERROR_INIT;
    if (!tree_further_find(entry, TREE_FURTHER_ERROR, &value))
        return false;
    uint32_t class = reader_u32(&value);
    error_set(&why, class, error_code_of_class(class), "not in the backup: %.*s",
              (int)(value.left < 256 ? value.left : 256), (const char *)value.next);
    restore_problem(w->job, entry, &why);
    return entry->type != LAGAN_ENTRY_DIRECTORY;
}

/* Says that what should be the root is none; true then. */
static bool walker_no_root(struct restore_walker *w, const struct tree_entry *entry)
{
    struct error why = ERROR_INIT;
    if (entry->key_size > 0 || entry->type == LAGAN_ENTRY_DIRECTORY)
        return false;
    error_set(&why, LAGAN_INVALID, ERROR_INTEGRITY, "the root is no directory");
    restore_problem(w->job, entry, &why);
    return true;
}

/* Takes `entry` over. */
static int walker_entry(struct restore_walker *w, struct tree_entry *entry, bool passed,
                        struct error *e)
{
    const struct tree_entry *blocked = NULL;
    bool directory = entry->type == LAGAN_ENTRY_DIRECTORY;
    int result = 0;
    if (walker_missing(w, entry) || walker_no_root(w, entry))
        goto out;
    if (passed)
        return restore_maker_wait(&w->maker, entry, e);
    result = restore_maker_enter(&w->maker, entry, &blocked, e);
    if (result == 0 && blocked)
        result = walker_skip_below(w, blocked, e);
    else if (result == 0 && !directory)
        return walker_file(w, entry, e);
out:
    tree_entry_free(entry);
    return result;
}

static int walker_run(struct restore_walker *w, struct error *e)
{
    const struct restore_request *request = w->job->request;
    struct tree_entry *entry = NULL;
    bool passed = false;
    int got = 0;
    w->cursor = tree_cursor_new(&w->job->access, &request->seal->root, e);
    if (!w->cursor)
        return -1;
    if (request->top_key_size > 0 &&
        tree_cursor_seek(w->cursor, request->top_key, request->top_key_size, e) != 0)
        return -1;
    while ((got = restore_next(w->job, w->cursor, &entry, &passed, e)) == 1) {
        if (operation_check(e) != 0) {
            tree_entry_free(entry);
            return -1;
        }
        if (walker_entry(w, entry, passed, e) != 0)
            return -1;
    }
    walker_send_open(w);
    return got;
}

void *restore_walk(void *argument)
{
    struct restore_job *job = argument;
    struct restore_walker w = {.job = job, .maker = {.job = job}};
    struct error e = ERROR_INIT;
    /* Without a failure of its own the walk was stopped by somebody else's. */
    if (walker_run(&w, &e) != 0 && e.error_class != LAGAN_OK)
        restore_fail(job, &e);
    tree_cursor_free(w.cursor);
    if (w.item) {
        restore_item_reset(w.item);
        queue_put(job->free_items, w.item);
    }
    restore_maker_free(&w.maker);
    pipe_close(job->pipe);
    return NULL;
}
