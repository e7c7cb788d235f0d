/* SPDX-License-Identifier: Apache-2.0 */
/* restore_walk.c - goes through the tree, makes directories, and makes items of everything
 * else. */
#include "engine/restore_private.h"

#include "driver/operation.h"

#include <string.h>

/* The state of the walking thread. */
struct restore_walker {
    struct restore_job *job;
    struct restore_view view;
    struct restore_item *item; /* being filled; NULL = none */
    uint64_t item_bytes;
    struct restore_maker maker;
    struct restore_folders folders;
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
        return tree_cursor_skip_below(w->view.cursor, request->top_key, request->top_key_size,
                                      e);
    buffer_append(&key, request->top_key, request->top_key_size);
    if (request->top_key_size > 0)
        buffer_append_u8(&key, 0);
    buffer_append(&key, entry->key, entry->key_size);
    if (buffer_check(&key, e) != 0)
        return -1;
    return tree_cursor_skip_below(w->view.cursor, key.data, key.size, e);
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

/* Whether `entry` is a version of an object as a flat place keeps them. */
static bool is_version(const struct restore_job *job, const struct tree_entry *entry)
{
    return job->flat && job->way == RESTORE_AS_IS &&
           flat_object_size(entry->key, entry->key_size) < entry->key_size;
}

/* Whether the last step of the open item is another version of the same object. */
static bool follows_version(const struct restore_walker *w, const struct tree_entry *entry)
{
    const struct tree_entry *last = w->item->steps[w->item->step_count - 1].entry;
    size_t size = flat_object_size(entry->key, entry->key_size);
    return is_version(w->job, entry) && is_version(w->job, last) &&
           flat_object_size(last->key, last->key_size) == size &&
           memcmp(last->key, entry->key, size) == 0;
}

/* Whether `entry` begins the next item.  Workers that make files in one folder at the same time
 * wait for each other in the kernel: a folder of some size is one worker's. */
static bool walker_is_full(const struct restore_walker *w, const struct tree_entry *entry,
                           uint64_t bytes)
{
    size_t count = w->item->step_count;
    bool full = count == RESTORE_STEPS || w->item_bytes + bytes > RESTORE_ITEM_BYTES;
    /* A bucket's objects do not wait for each other, but versions of one come in turn. */
    if (restore_place_is_flat(w->job))
        return count == RESTORE_STEPS ||
               ((full || count >= RESTORE_FOLDER_STEPS) && !follows_version(w, entry));
    return full || (count >= RESTORE_FOLDER_STEPS &&
                    !same_folder(w->item->steps[count - 1].entry, entry));
}

/* The next free step.  `*ordered`: it must wait for what the item before it does. */
static struct restore_step *walker_step(struct restore_walker *w,
                                        const struct tree_entry *entry, uint64_t bytes,
                                        bool *ordered)
{
    *ordered = false;
    if (w->item && follows_version(w, entry)) {
        const struct restore_step *last = &w->item->steps[w->item->step_count - 1];
        *ordered = last->ordered || w->item->step_count == RESTORE_STEPS;
    }
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
    if (w->job->way != RESTORE_AS_IS)
        return 0; /* each name is an object of its own */
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
        step->entry->bytes <= RESTORE_BYTES || is_version(w->job, step->entry))
        return false;
    return restore_decide(w->job, step->entry, step->fresh, &verdict, &ignored) == 0 &&
           (verdict == VERDICT_CREATE || verdict == VERDICT_REPLACE);
}

/* Takes `entry` over. */
static int walker_file(struct restore_walker *w, struct tree_entry *entry, bool fresh,
                       struct error *e)
{
    struct restore_step step = {.entry = entry, .fresh = fresh};
    int result = walker_links(w, &step, e);
    if (result == 0 && walker_is_large(w, &step)) {
        result = walker_large(w, &step, e);
    } else if (result == 0) {
        bool written = entry_has_content(entry->type) && !step.link;
        bool ordered = false;
        struct restore_step *place =
            walker_step(w, entry, written ? entry->bytes : 0, &ordered);
        if (place) {
            *place = step;
            place->ordered = ordered;
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

/* Takes `entry` over: a file below folders that its key names. */
static int walker_below_folders(struct restore_walker *w, struct tree_entry *entry,
                                struct error *e)
{
    bool blocked = false, fresh = false;
    int result = restore_folders_enter(&w->folders, entry, &blocked, &fresh, e);
    if (result == 0 && !blocked && entry->type != LAGAN_ENTRY_DIRECTORY)
        return walker_file(w, entry, fresh, e);
    tree_entry_free(entry);
    return result;
}

/* Takes the entry over. */
static int walker_entry(struct restore_walker *w, const struct restore_found *found,
                        struct error *e)
{
    const struct tree_entry *blocked = NULL;
    struct tree_entry *entry = found->entry;
    bool directory = entry->type == LAGAN_ENTRY_DIRECTORY;
    struct error why = ERROR_INIT;
    int result = 0;
    if (found->refused) {
        error_set(&why, LAGAN_INVALID, ERROR_FAILED, "%s", found->refused);
        restore_problem(w->job, entry, &why);
        goto out;
    }
    if (walker_missing(w, entry) || walker_no_root(w, entry))
        goto out;
    if (found->passed)
        return restore_maker_wait(&w->maker, entry, e);
    if (w->job->way == RESTORE_TO_FILES && entry->key_size > 0)
        return walker_below_folders(w, entry, e);
    result = restore_maker_enter(&w->maker, entry, &blocked, e);
    if (result == 0 && blocked)
        result = walker_skip_below(w, blocked, e);
    else if (result == 0 && !directory)
        return walker_file(w, entry,
                           w->job->place_empty || restore_maker_is_fresh(&w->maker, entry), e);
out:
    tree_entry_free(entry);
    return result;
}

static int walker_run(struct restore_walker *w, struct error *e)
{
    struct restore_found found;
    int got = 0;
    if (restore_view_open(&w->view, w->job, e) != 0)
        return -1;
    while ((got = restore_next(&w->view, &found, e)) == 1) {
        if (operation_check(e) != 0) {
            tree_entry_free(found.entry);
            return -1;
        }
        if (walker_entry(w, &found, e) != 0)
            return -1;
    }
    walker_send_open(w);
    return got;
}

void *restore_walk(void *argument)
{
    struct restore_job *job = argument;
    struct restore_walker w = {.job = job, .maker = {.job = job}, .folders = {.job = job}};
    struct error e = ERROR_INIT;
    /* Without a failure of its own the walk was stopped by somebody else's. */
    if (walker_run(&w, &e) != 0 && e.error_class != LAGAN_OK)
        restore_fail(job, &e);
    restore_view_close(&w.view);
    restore_folders_free(&w.folders);
    if (w.item) {
        restore_item_reset(w.item);
        queue_put(job->free_items, w.item);
    }
    restore_maker_free(&w.maker);
    pipe_close(job->pipe);
    return NULL;
}
