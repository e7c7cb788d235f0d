/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replicate_walk.c - walks the source's tree, joined with the one of an older backup in the
 * same vault and with that backup's replica in the other, and makes items of what it finds.
 *
 * What was copied before is known by comparing the two trees of the source vault: there, equal
 * chunk ids are equal content, whatever became of files and stamps in between.  The replica is
 * looked at too, so that an entry is only taken over where it stands.
 */
#include "engine/replicate_private.h"

#include "driver/operation.h"

#include <string.h>

/* A cursor with the entry it stands on; NULL at the end. */
struct place {
    struct tree_cursor *cursor; /* NULL: there is no such tree */
    const struct tree_entry *entry;
};

struct walk_state {
    struct copy_job *job;
    struct place fresh;     /* the backup to be copied */
    struct place older;     /* what the parent is a replica of */
    struct place there;     /* the parent */
    struct copy_item *item; /* being filled; NULL = none */
    uint64_t run;           /* entries of KEEPs and DROPs in it */
};

static int step_on(struct place *place, struct error *e)
{
    int got = place->cursor ? tree_cursor_next(place->cursor, &place->entry, e) : 0;

    if (got == 0)
        place->entry = NULL;
    return got < 0 ? -1 : 0;
}

/* A free item: the oldest at work, when all are. */
static struct copy_item *fresh_item(struct copy_job *job, struct error *e)
{
    struct copy_item *item = NULL;

    if (operation_check(e) != 0)
        return NULL;
    if (job->item_count > 0)
        return job->items[--job->item_count];
    item = pipe_take(job->pipe);
    job->items_inside--;
    if (copy_collect(job, item, e) == 0)
        return item;
    job->items[job->item_count++] = item;
    return NULL;
}

static void send_item(struct walk_state *w)
{
    if (w->item == NULL)
        return;
    w->job->items_inside++;
    pipe_put(w->job->pipe, w->item);
    w->item = NULL;
    w->run = 0;
}

static struct copy_step *add_step(struct walk_state *w, enum copy_step_kind kind,
                                  struct error *e)
{
    if (w->item != NULL && w->item->step_count == COPY_STEPS)
        send_item(w);
    if (w->item == NULL)
        w->item = fresh_item(w->job, e);
    if (w->item == NULL)
        return NULL;
    struct copy_step *step = &w->item->steps[w->item->step_count++];
    *step = (struct copy_step){.kind = kind, .piece_first = w->item->piece_count};
    return step;
}

/* One entry of the parent is taken over or passed over. */
static int count_step(struct walk_state *w, enum copy_step_kind kind, struct error *e)
{
    struct copy_step *step = NULL;

    if (w->item != NULL && w->item->step_count > 0)
        step = &w->item->steps[w->item->step_count - 1];
    if (step == NULL || step->kind != kind)
        step = add_step(w, kind, e);
    if (step == NULL)
        return -1;
    step->count++;
    if (++w->run >= COPY_RUN_LIMIT)
        send_item(w);
    return step_on(&w->there, e);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool same_content(const struct content *a, const struct content *b)
{
    if (a->height != b->height || a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->records[i].bytes != b->records[i].bytes ||
            !chunk_id_equal(&a->records[i].id, &b->records[i].id))
            return false;
    }
    return true;
}

/* Entries of one vault that are equal in everything. */
static bool same_entry(const struct tree_entry *a, const struct tree_entry *b)
{
    return a->type == b->type && a->present == b->present && a->mode == b->mode &&
           a->user == b->user && a->group == b->group && a->links == b->links &&
           a->bytes == b->bytes && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
           same_text(a->user_name, b->user_name) && same_text(a->group_name, b->group_name) &&
           same_bytes(a->stamp, a->stamp_size, b->stamp, b->stamp_size) &&
           same_bytes(a->further, a->further_size, b->further, b->further_size) &&
           same_content(&a->content, &b->content);
}

static int compare_keys(const struct place *a, const struct tree_entry *b)
{
    return a->entry == NULL
               ? 1
               : tree_key_compare(a->entry->key, a->entry->key_size, b->key, b->key_size);
}

/* Adds a record to the entry at work; its part of the item ends when the item is full. */
static int add_piece(struct walk_state *w, struct copy_step **step,
                     const struct chunk_record *record, struct error *e)
{
    struct copy_item *item = w->item;

    if (item == NULL || item->piece_count == COPY_PIECES || item->bytes >= COPY_BYTES) {
        send_item(w);
        *step = add_step(w, COPY_ENTRY, e);
        if (*step == NULL)
            return -1;
        item = w->item;
    }
    struct copy_piece *piece = &item->pieces[item->piece_count++];
    *piece = (struct copy_piece){.from = record->id, .bytes = record->bytes};
    item->bytes += chunk_is_hole(&record->id) ? 0 : record->bytes;
    (*step)->piece_count++;
    return 0;
}

/* An entry that must be copied becomes a step, or several when it is large. */
static int add_entry(struct walk_state *w, const struct tree_entry *entry, bool known,
                     struct error *e)
{
    struct chunk_record record;
    int got = 0;

    if (w->item != NULL &&
        (w->item->piece_count == COPY_PIECES || w->item->bytes >= COPY_BYTES))
        send_item(w);
    struct copy_step *step = add_step(w, COPY_ENTRY, e);
    if (step == NULL)
        return -1;
    step->known = known;
    step->entry = tree_entry_copy(entry, e);
    if (step->entry == NULL)
        return -1;
    /* The cursor over the tree may let go of the entry's records: the copy's stay until the
     * entry is collected, which is after its last part was sent. */
    struct content_cursor *cursor = content_cursor_new(&w->job->read, &step->entry->content, e);
    if (cursor == NULL)
        return -1;
    while ((got = content_cursor_next(cursor, &record, e)) == 1) {
        if (add_piece(w, &step, &record, e) != 0) {
            got = -1;
            break;
        }
    }
    content_cursor_free(cursor);
    step->last = true;
    return got < 0 ? -1 : 0;
}

/* What the parent has before this key has no part in the new tree. */
static int catch_up(struct walk_state *w, const struct tree_entry *entry, struct error *e)
{
    while (w->older.entry != NULL && compare_keys(&w->older, entry) < 0)
        if (step_on(&w->older, e) != 0)
            return -1;
    while (w->there.entry != NULL && compare_keys(&w->there, entry) < 0)
        if (count_step(w, COPY_DROP, e) != 0)
            return -1;
    return 0;
}

static int walk_entry(struct walk_state *w, struct error *e)
{
    const struct tree_entry *entry = w->fresh.entry;

    if (catch_up(w, entry, e) != 0)
        return -1;
    bool known = compare_keys(&w->there, entry) == 0;
    if (known && compare_keys(&w->older, entry) == 0 && same_entry(w->older.entry, entry))
        return count_step(w, COPY_KEEP, e);
    if (known && count_step(w, COPY_DROP, e) != 0)
        return -1;
    return add_entry(w, entry, known, e);
}

static int open_place(struct place *place, const struct chunk_access *access,
                      const struct seal *seal, struct error *e)
{
    if (seal == NULL)
        return 0;
    place->cursor = tree_cursor_new(access, &seal->root, e);
    return place->cursor != NULL ? step_on(place, e) : -1;
}

static int walk_all(struct walk_state *w, struct error *e)
{
    struct copy_job *job = w->job;

    if (open_place(&w->fresh, &job->read, job->source, e) != 0 ||
        open_place(&w->older, &job->read, job->parent.origin, e) != 0 ||
        open_place(&w->there, &job->older, job->parent.there, e) != 0)
        return -1;
    while (w->fresh.entry != NULL) {
        if (walk_entry(w, e) != 0 || step_on(&w->fresh, e) != 0)
            return -1;
    }
    send_item(w);
    return 0;
}

/* All that is still at work. */
static int drain(struct copy_job *job, struct error *e)
{
    int result = 0;

    while (job->items_inside > 0) {
        struct copy_item *item = pipe_take(job->pipe);
        job->items_inside--;
        if (result == 0 && !atomic_load(&job->failed))
            result = copy_collect(job, item, e);
        if (result != 0)
            atomic_store(&job->failed, true);
        copy_item_reset(item);
        job->items[job->item_count++] = item;
    }
    return result;
}

int copy_walk(struct copy_job *job, struct error *e)
{
    struct walk_state w = {.job = job};
    struct error ignored = ERROR_INIT;
    int result = walk_all(&w, e);

    if (result != 0)
        atomic_store(&job->failed, true);
    if (w.item != NULL) {
        copy_item_reset(w.item);
        job->items[job->item_count++] = w.item;
    }
    int drained = drain(job, result == 0 ? e : &ignored);
    tree_cursor_free(w.fresh.cursor);
    tree_cursor_free(w.older.cursor);
    tree_cursor_free(w.there.cursor);
    return result == 0 ? drained : result;
}
