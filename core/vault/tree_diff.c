/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_diff.c - a merge of two cursors.  Where both stand at the start of equal nodes, the
 * highest such node is passed over unread; equal ranges of two maps have equal nodes, so the
 * cost is that of what differs.
 */
#include "vault/tree_cursor.h"

#include <string.h>

struct diff {
    struct tree_cursor *before, *after;
    tree_diff_function *each;
    void *context;
};

/* Passes over the highest node that both cursors are about to enter: 1, 0 when there is none,
 * -1. */
static int skip_equal(struct diff *d, struct error *e)
{
    int before = tree_cursor_start_level(d->before);
    int after = tree_cursor_start_level(d->after);

    for (int level = before < after ? before : after; level >= 0; level--) {
        const struct chunk_id *old = tree_cursor_start_id(d->before, (uint32_t)level, e);
        const struct chunk_id *new =
            old != NULL ? tree_cursor_start_id(d->after, (uint32_t)level, e) : NULL;
        if (new == NULL)
            return -1;
        if (!chunk_id_equal(old, new))
            continue;
        tree_cursor_skip_node(d->before, (uint32_t)level);
        tree_cursor_skip_node(d->after, (uint32_t)level);
        return 1;
    }
    return 0;
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

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* All but key, content and stamp. */
static bool same_attributes(const struct tree_entry *a, const struct tree_entry *b)
{
#define X(column, member, type, limit)                                                         \
    if (a->member != b->member)                                                                \
        return false;
    TREE_NUMBER_COLUMNS(X)
#undef X
    return a->type == b->type && a->mtime_s == b->mtime_s &&
           same_text(a->user_name, b->user_name) && same_text(a->group_name, b->group_name) &&
           a->further_size == b->further_size &&
           (a->further_size == 0 || memcmp(a->further, b->further, a->further_size) == 0);
}

/* Tells of two entries with one key, unless they are the same. */
static int tell_both(const struct diff *d, const struct tree_entry *before,
                     const struct tree_entry *after, struct error *e)
{
    if (!same_content(&before->content, &after->content))
        return d->each(d->context, TREE_CONTENT, before, after, e);
    if (!same_attributes(before, after))
        return d->each(d->context, TREE_ATTRIBUTES, before, after, e);
    return 0;
}

/* Tells of the smaller one of two entries, or of both, and steps over it. NULL stands for the
 * end. */
static int tell_next(struct diff *d, const struct tree_entry *before,
                     const struct tree_entry *after, struct error *e)
{
    int order, result;

    if (before == NULL || after == NULL)
        order = before == NULL ? 1 : -1;
    else
        order = tree_key_compare(before->key, before->key_size, after->key, after->key_size);
    if (order < 0)
        result = d->each(d->context, TREE_REMOVED, before, NULL, e);
    else if (order > 0)
        result = d->each(d->context, TREE_ADDED, NULL, after, e);
    else
        result = tell_both(d, before, after, e);
    if (result != 0)
        return result;
    if (order <= 0 && tree_cursor_next(d->before, &before, e) < 0)
        return -1;
    if (order >= 0 && tree_cursor_next(d->after, &after, e) < 0)
        return -1;
    return 0;
}

static int walk(struct diff *d, struct error *e)
{
    for (;;) {
        const struct tree_entry *before = NULL, *after = NULL;
        int skipped = skip_equal(d, e);
        if (skipped == 1)
            continue;
        if (skipped < 0 || tree_cursor_peek(d->before, &before, e) < 0 ||
            tree_cursor_peek(d->after, &after, e) < 0)
            return -1;
        if (before == NULL && after == NULL)
            return 0;
        int result = tell_next(d, before, after, e);
        if (result != 0)
            return result;
    }
}

int tree_diff(const struct chunk_access *access, const struct tree_root *before,
              const struct tree_root *after, tree_diff_function *each, void *context,
              struct error *e)
{
    struct diff d = {.each = each, .context = context};
    int result = -1;

    d.before = tree_cursor_new(access, before, e);
    d.after = d.before != NULL ? tree_cursor_new(access, after, e) : NULL;
    if (d.after != NULL)
        result = walk(&d, e);
    tree_cursor_free(d.before);
    tree_cursor_free(d.after);
    return result;
}
