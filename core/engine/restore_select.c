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
    if (rules)
        answer = select_match(rules, entry->key, entry->key_size, directory);
    if (answer == SELECT_TAKE && job->request->take &&
        !job->request->take(job->request->take_context, entry))
        answer = directory ? SELECT_PASS : SELECT_SKIP;
    return answer == SELECT_SKIP && entry->key_size == 0 ? SELECT_PASS : answer;
}

int restore_next(struct restore_job *job, struct tree_cursor *cursor, struct tree_entry **entry,
                 bool *passed, struct error *e)
{
    const struct tree_entry *found = NULL;
    for (;;) {
        int got = tree_cursor_next(cursor, &found, e);
        if (got <= 0)
            return got;
        const uint8_t *key = NULL;
        size_t key_size = 0;
        if (!key_in_place(job, found, &key, &key_size))
            return 0; /* the cursor started at the top: what follows lies behind it */
        enum select_answer answer = entry_selected(job, found);
        if (answer == SELECT_SKIP) {
            if (found->type == LAGAN_ENTRY_DIRECTORY &&
                tree_cursor_skip_below(cursor, found->key, found->key_size, e) != 0)
                return -1;
            continue;
        }
        struct tree_entry renamed = *found;
        renamed.key = key;
        renamed.key_size = key_size;
        *passed = answer == SELECT_PASS && found->type == LAGAN_ENTRY_DIRECTORY;
        *entry = tree_entry_copy(&renamed, e);
        return *entry ? 1 : -1;
    }
}
