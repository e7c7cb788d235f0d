/* SPDX-License-Identifier: Apache-2.0 */
/* restore_select.c - which entries of the tree a restore takes, and under which keys. */
#include "engine/restore_private.h"

#include <string.h>

bool restore_holds(const struct tree_entry *a, const struct tree_entry *b)
{
    if (a->key_size == 0)
        return true;
    return b->key_size >= a->key_size && memcmp(a->key, b->key, a->key_size) == 0 &&
           (b->key_size == a->key_size || b->key[a->key_size] == 0);
}

/* Where `key` comes to stand when `top` is put at the top of the place; false when it lies
 * elsewhere.  A top that is no directory keeps its own name. */
static bool key_in_place(const struct restore_job *job, const struct tree_entry *entry,
                         const uint8_t **key, size_t *size)
{
    const uint8_t *top = job->request->top_key;
    size_t top_size = job->request->top_key_size;
    *key = entry->key;
    *size = entry->key_size;
    if (job->flat)
        return flat_below(top, top_size, key, size);
    if (top_size == 0)
        return true;
    if (entry->key_size < top_size || memcmp(entry->key, top, top_size) != 0)
        return false;
    if (entry->key_size == top_size) {
        size_t start = top_size;
        while (start > 0 && top[start - 1] != 0)
            start--;
        bool directory = entry->type == LAGAN_ENTRY_DIRECTORY;
        *key += directory ? top_size : start;
        *size -= directory ? top_size : start;
        return true;
    }
    if (entry->key[top_size] != 0)
        return false;
    *key += top_size + 1;
    *size -= top_size + 1;
    return true;
}

/* The rules' answer; the root is looked at in any case. */
static enum select_answer entry_selected(const struct restore_job *job,
                                         const struct tree_entry *entry)
{
    const struct select_rules *rules = job->request->rules;
    bool directory = entry->type == LAGAN_ENTRY_DIRECTORY;
    enum select_answer answer = SELECT_TAKE;
    if (job->flat)
        answer = flat_match(rules, entry->key, entry->key_size);
    else if (rules)
        answer = select_match(rules, entry->key, entry->key_size, directory);
    if (answer == SELECT_TAKE && job->request->take &&
        !job->request->take(job->request->take_context, entry))
        answer = directory ? SELECT_PASS : SELECT_SKIP;
    return answer == SELECT_SKIP && entry->key_size == 0 ? SELECT_PASS : answer;
}

int restore_view_open(struct restore_view *view, struct restore_job *job, struct error *e)
{
    const struct restore_request *request = job->request;
    *view = (struct restore_view){.job = job};
    view->cursor = tree_cursor_new(&job->access, &request->seal->root, e);
    if (!view->cursor)
        return -1;
    if (request->top_key_size == 0)
        return 0;
    return tree_cursor_seek(view->cursor, request->top_key, request->top_key_size, e);
}

void restore_view_close(struct restore_view *view)
{
    tree_cursor_free(view->cursor);
    tree_entry_free(view->newest);
    restore_names_free(&view->names);
    *view = (struct restore_view){0};
}

/* Whether keys behind that of `entry` cannot lie below the top any more. */
static bool is_behind_top(const struct restore_job *job, const struct tree_entry *entry)
{
    size_t size = job->request->top_key_size;
    /* "top-a" stands between "top" and "top/a". */
    return !job->flat || entry->key_size < size ||
           memcmp(entry->key, job->request->top_key, size) != 0;
}

/* The next entry of the backup that is taken, valid until the next call: 1, 0, -1. */
static int next_taken(struct restore_view *view, struct tree_entry *taken, bool *passed,
                      struct error *e)
{
    struct restore_job *job = view->job;
    const struct tree_entry *found = NULL;
    for (;;) {
        int got = tree_cursor_next(view->cursor, &found, e);
        if (got <= 0)
            return got;
        *taken = *found;
        if (!key_in_place(job, found, &taken->key, &taken->key_size)) {
            if (is_behind_top(job, found))
                return 0; /* the cursor started at the top */
            continue;
        }
        enum select_answer answer = entry_selected(job, found);
        *passed = answer == SELECT_PASS && found->type == LAGAN_ENTRY_DIRECTORY;
        if (answer != SELECT_SKIP)
            return 1;
        if (found->type == LAGAN_ENTRY_DIRECTORY &&
            tree_cursor_skip_below(view->cursor, found->key, found->key_size, e) != 0)
            return -1;
    }
}

static bool same_object(const struct tree_entry *a, const struct tree_entry *b)
{
    size_t size = flat_object_size(a->key, a->key_size);
    return size == flat_object_size(b->key, b->key_size) && memcmp(a->key, b->key, size) == 0;
}

/* The current version of each object: the last one that follows its name, when it is no
 * marker. */
static int next_current(struct restore_view *view, struct tree_entry **current, bool *passed,
                        struct error *e)
{
    struct tree_entry taken;
    *current = NULL;
    while (!*current) {
        int got = view->ended ? 0 : next_taken(view, &taken, passed, e);
        if (got < 0)
            return -1;
        view->ended = got == 0;
        if (got > 0 && view->newest && same_object(view->newest, &taken))
            restore_lose(view->job, &taken, RESTORE_LOSS_VERSIONS);
        else
            *current = view->newest, view->newest = NULL;
        if (*current && (*current)->type == LAGAN_ENTRY_MARKER) {
            tree_entry_free(*current);
            *current = NULL;
        }
        tree_entry_free(view->newest);
        view->newest = got > 0 ? tree_entry_copy(&taken, e) : NULL;
        if (got > 0 && !view->newest) {
            tree_entry_free(*current);
            return -1;
        }
        if (got == 0)
            break;
    }
    return *current ? 1 : 0;
}

/* A copy of `from` as a file, or as a directory. */
static struct tree_entry *as_file(const struct restore_job *job, const struct tree_entry *from,
                                  const struct buffer *key, bool directory, struct error *e)
{
    struct tree_entry file = *from;
    file.key = key->data;
    file.key_size = key->size;
    if (from->type == LAGAN_ENTRY_OBJECT)
        file.type = directory ? LAGAN_ENTRY_DIRECTORY : LAGAN_ENTRY_FILE;
    file.present |= LAGAN_HAS_MODE;
    file.mode = (directory ? 0777 : 0666) & ~job->request->mask;
    return tree_entry_copy(&file, e);
}

static int next_file(struct restore_view *view, struct restore_found *found, struct error *e)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    struct tree_entry *object = NULL;
    bool directory = false;
    int got = next_current(view, &object, &found->passed, e);
    if (got <= 0)
        return got;
    found->passed = false;
    found->entry = object;
    if (object->key_size == 0)
        return 1;
    if (restore_key_to_files(&view->names, object->key,
                             flat_object_size(object->key, object->key_size), object->bytes,
                             &key, &directory, &found->refused, e) != 0) {
        tree_entry_free(object);
        return -1;
    }
    if (found->refused)
        return 1;
    found->entry = as_file(view->job, object, &key, directory, e);
    tree_entry_free(object);
    return found->entry ? 1 : -1;
}

/* Files are objects whose names are their paths; there are no directories. */
static int next_object(struct restore_view *view, struct restore_found *found, struct error *e)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    struct tree_entry taken;
    int got;
    while ((got = next_taken(view, &taken, &found->passed, e)) == 1) {
        if (taken.type != LAGAN_ENTRY_DIRECTORY || taken.key_size == 0)
            break;
        restore_lose(view->job, &taken, RESTORE_LOSS_FOLDERS);
    }
    if (got <= 0)
        return got;
    buffer_append(&key, taken.key, taken.key_size);
    for (size_t i = 0; i < key.size; i++)
        if (key.data[i] == 0)
            key.data[i] = '/';
    if (buffer_check(&key, e) != 0)
        return -1;
    taken.key = key.data ? key.data : taken.key;
    if (taken.type == LAGAN_ENTRY_FILE || taken.type == LAGAN_ENTRY_VOLUME)
        taken.type = LAGAN_ENTRY_OBJECT;
    found->entry = tree_entry_copy(&taken, e);
    return found->entry ? 1 : -1;
}

int restore_next(struct restore_view *view, struct restore_found *found, struct error *e)
{
    struct tree_entry taken;
    *found = (struct restore_found){0};
    if (view->job->way == RESTORE_TO_FILES)
        return next_file(view, found, e);
    if (view->job->way == RESTORE_TO_OBJECTS)
        return next_object(view, found, e);
    int got = next_taken(view, &taken, &found->passed, e);
    if (got <= 0)
        return got;
    found->entry = tree_entry_copy(&taken, e);
    return found->entry ? 1 : -1;
}
