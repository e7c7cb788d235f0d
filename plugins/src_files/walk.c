/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - the walk: hands over in order what the threads ahead have found.
 */
#include "src_files/ahead.h"
#include "src_files/failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A directory that the walk is in. */
struct frame {
    struct branch *branch;
    struct portion *portion;
    size_t next; /* in the portion */
};

struct walk {
    struct scan scan;
    struct ahead *ahead;
    struct step *root; /* until the root was handed over */
    char *after;
    size_t after_size;
    struct frame *frames;
    size_t depth;
    size_t frame_room;
    char *key; /* of the directory that the walk is in, then of its entry */
    size_t key_room;
};

static uint32_t fail_whole(struct lagan_op *op, uint32_t result)
{
    op->error.scope = LAGAN_SCOPE_HANDLE;
    return result;
}

static int copy_request(struct walk *w, struct handle *h,
                        const struct lagan_walk_request *request)
{
    w->scan.handle = h;
    w->scan.select = request->select;
    w->scan.select_context = request->select_context;
    if (request->after == NULL)
        return 0;
    w->after = malloc(request->after_size + 1);
    if (w->after == NULL)
        return ENOMEM;
    memcpy(w->after, request->after, request->after_size);
    w->after_size = request->after_size;
    return 0;
}

uint32_t files_walk_open(void *handle, struct lagan_op *op,
                         const struct lagan_walk_request *request, void **walk)
{
    struct handle *h = handle;
    uint32_t result = failure_of_flags(op, request->flags, 0);
    if (result != LAGAN_OK)
        return result;
    struct walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return failure_memory(op);
    struct step *root = NULL;
    if (copy_request(w, h, request) != 0 || (root = scan_step_new(NULL, NULL, 0)) == NULL) {
        files_walk_close(w);
        return failure_memory(op);
    }
    if (w->after_size > 0) {
        root->branch->after = w->after;
        root->branch->after_size = w->after_size;
    }
    unsigned threads = h->instance->threads ? h->instance->threads : ahead_automatic(h->root);
    w->root = root;
    w->ahead = ahead_start(&w->scan, threads, root);
    if (w->ahead == NULL) {
        files_walk_close(w);
        return lagan_fail(op, LAGAN_INTERNAL, EAGAIN, "cannot start threads");
    }
    *walk = w;
    return LAGAN_OK;
}

void files_walk_close(void *walk)
{
    struct walk *w = walk;
    if (w == NULL)
        return;
    ahead_stop(w->ahead);
    while (w->depth > 0) {
        struct frame *frame = &w->frames[--w->depth];
        scan_portion_free(frame->portion);
        scan_branch_free(frame->branch);
    }
    free(w->frames);
    free(w->key);
    free(w->after);
    free(w);
}

/* Goes down into a directory. */
static uint32_t push(struct walk *w, struct lagan_op *op, struct branch *branch,
                     struct portion *portion)
{
    if (w->depth == w->frame_room) {
        size_t room = w->frame_room ? w->frame_room * 2 : 32;
        struct frame *frames = reallocarray(w->frames, room, sizeof *frames);
        if (frames == NULL) {
            scan_portion_free(portion);
            scan_branch_free(branch);
            return failure_memory(op);
        }
        w->frames = frames;
        w->frame_room = room;
    }
    w->frames[w->depth++] = (struct frame){.branch = branch, .portion = portion};
    return LAGAN_OK;
}

static void pop(struct walk *w)
{
    struct frame *frame = &w->frames[--w->depth];
    scan_portion_free(frame->portion);
    scan_branch_free(frame->branch);
}

/* Gets the next portion of the directory on top; `*more` says whether there is one. */
static uint32_t next_portion(struct walk *w, struct lagan_op *op, bool *more)
{
    struct frame *frame = &w->frames[w->depth - 1];
    struct step *further = frame->portion->further;
    *more = further != NULL;
    if (further == NULL)
        return LAGAN_OK;
    struct branch *same;
    struct portion *portion;
    uint32_t result = ahead_take(w->ahead, op, further, &same, &portion);
    if (result != LAGAN_OK)
        return result;
    scan_portion_free(frame->portion);
    frame->portion = portion;
    frame->next = 0;
    return LAGAN_OK;
}

/* The next record of the directory on top into `*record`; NULL when it has no more. */
static uint32_t next_record(struct walk *w, struct lagan_op *op, struct record **record)
{
    struct frame *frame = &w->frames[w->depth - 1];
    bool more = true;
    while (more && frame->next == frame->portion->count) {
        uint32_t result = next_portion(w, op, &more);
        if (result != LAGAN_OK)
            return result;
    }
    *record = more ? &frame->portion->records[frame->next++] : NULL;
    return LAGAN_OK;
}

/* Makes w->key the key of `name` in the directory on top; 0 when memory runs out. */
static size_t make_key(struct walk *w, const struct listed *name)
{
    const struct branch *branch = w->frames[w->depth - 1].branch;
    size_t start = branch->key_size + (branch->key_size > 0);
    if (scan_reserve(&w->key, &w->key_room, start + name->size + 1) != 0)
        return 0;
    if (branch->key_size > 0)
        w->key[branch->key_size] = 0;
    memcpy(w->key + start, name->text, name->size);
    return start + name->size;
}

static void set_error(struct lagan_entry *entry, int error, const char *what, char *text,
                      size_t size)
{
    char words[96];
    snprintf(text, size, "%s: %s", what, failure_words(error, words, sizeof words));
    entry->error_class = failure_class(error);
    entry->error_text = text;
}

/* Hands one entry over.  `branch`: of a directory that was opened, else NULL. */
static uint32_t hand_over(struct walk *w, const struct record *record, size_t key_size,
                          const struct branch *branch,
                          const struct lagan_entry_collector *entries)
{
    struct lagan_entry entry = {.size = sizeof entry, .type = LAGAN_ENTRY_ERROR};
    struct attributes_room room;
    char text[160];
    if (record->error != 0)
        set_error(&entry, record->error, "cannot examine it", text, sizeof text);
    else
        attributes_describe(&record->attributes, w->scan.handle->owners, &room, &entry);
    if (branch != NULL && branch->error != 0)
        set_error(&entry, branch->error, "cannot list it", text, sizeof text);
    entry.key = key_size > 0 ? w->key : "";
    entry.key_size = key_size;
    entry.link = record->link;
    entry.link_size = record->link_size;
    return entries->add(entries->context, &entry);
}

/* Hands the root over and goes down into it. */
static uint32_t begin(struct walk *w, struct lagan_op *op,
                      const struct lagan_entry_collector *entries, uint32_t *handed)
{
    struct record record = {0};
    struct branch *branch;
    struct portion *portion;
    uint32_t result = ahead_take(w->ahead, op, w->root, &branch, &portion);
    if (result != LAGAN_OK)
        return result;
    w->root = NULL;
    int error = branch->error;
    result = push(w, op, branch, portion);
    if (result != LAGAN_OK)
        return result;
    if (error == 0)
        error = attributes_read(w->scan.handle->root, "", &record.attributes);
    if (error != 0)
        return failure_report(op, error, "cannot list the root");
    if (w->after != NULL)
        return LAGAN_OK;
    ++*handed;
    return hand_over(w, &record, 0, NULL, entries);
}

/* Hands over what `record` stands for, and goes down into it when it is a directory. */
static uint32_t visit(struct walk *w, struct lagan_op *op, struct record *record,
                      const struct lagan_entry_collector *entries, uint32_t *handed)
{
    struct branch *branch = NULL;
    struct portion *portion = NULL;
    uint32_t result = LAGAN_OK;
    size_t key_size = make_key(w, record->name);
    if (key_size == 0)
        return failure_memory(op);
    if (record->child != NULL)
        result = ahead_take(w->ahead, op, record->child, &branch, &portion);
    if (result != LAGAN_OK)
        return result;
    bool vanished = branch != NULL && branch->error == ENOENT && branch->listing.count == 0;
    if (!record->unasked && !vanished) {
        ++*handed;
        result = hand_over(w, record, key_size, branch, entries);
    }
    if (branch != NULL) {
        uint32_t pushed = push(w, op, branch, portion);
        if (result == LAGAN_OK)
            result = pushed;
    }
    return result;
}

/* The next step of the walk: at most one entry. */
static uint32_t advance(struct walk *w, struct lagan_op *op,
                        const struct lagan_entry_collector *entries, uint32_t *handed)
{
    struct record *record;
    if (w->root != NULL)
        return begin(w, op, entries, handed);
    if (w->depth == 0)
        return LAGAN_END;
    uint32_t result = next_record(w, op, &record);
    if (result != LAGAN_OK)
        return result;
    if (record != NULL)
        return visit(w, op, record, entries, handed);
    pop(w);
    return LAGAN_OK;
}

uint32_t files_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                         const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    uint32_t handed = 0;
    uint32_t result = LAGAN_OK;
    if (lagan_cancelled(op))
        return fail_whole(op, lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled"));
    while (handed < limit && result == LAGAN_OK)
        result = advance(w, op, entries, &handed);
    if (result == LAGAN_END)
        return handed > 0 ? LAGAN_OK : LAGAN_END;
    return result == LAGAN_OK ? result : fail_whole(op, result);
}
