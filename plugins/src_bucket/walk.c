/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - a listing handed over in the order of keys.
 *
 * Stores list the versions of an object from the newest to the oldest; they are gathered and
 * turned round.  What is held is bounded: two pages, and the versions of one object.
 */
#include "src_bucket/page.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    const struct bucket *bucket;
    struct lagan_walk_request request; /* without what it points to */
    struct pages *pages;
    char *after; /* an entry's key, relative; NULL = none */
    size_t after_size;
    bool versions;
    bool root_is_due;
    bool ended;
    bool refused;    /* the collector took no more */
    uint32_t broken; /* why the listing went no further; OK */
    struct lagan_error why;
    struct page page;
    size_t next; /* in it */
    /* Versions of one object, oldest first once it is complete. */
    struct page group;
    size_t group_next;
    bool group_complete;
    bool group_overflows;
    bool group_unwanted;
    int64_t group_moment_ns;
};

static uint32_t check_request(const struct bucket *b, struct lagan_op *op,
                              const struct lagan_walk_request *request)
{
    uint64_t known = LAGAN_WALK_PIECES | LAGAN_WALK_VERSIONS | LAGAN_WALK_CURRENT;
    uint64_t both = LAGAN_WALK_VERSIONS | LAGAN_WALK_CURRENT;
    uint32_t result = bucket_check_call(op, request->flags, known);
    if (result != LAGAN_OK)
        return result;
    if ((request->flags & both) == both)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "all versions and the current ones alone");
    if ((request->flags & LAGAN_WALK_VERSIONS) && b->versions == LAGAN_VERSIONS_NONE)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the bucket keeps no versions");
    return LAGAN_OK;
}

static bool wants_versions(const struct bucket *b, const struct lagan_walk_request *request)
{
    if (request->flags & LAGAN_WALK_VERSIONS)
        return true;
    if (request->flags & LAGAN_WALK_CURRENT)
        return false;
    return b->instance->all_versions;
}

/* The listing from which the walk is made. */
static uint32_t open_pages(struct walk *w, struct lagan_op *op,
                           const struct lagan_walk_request *request)
{
    const struct bucket *b = w->bucket;
    char prefix[S3_KEY_LIMIT + 1], after[S3_KEY_LIMIT + 1];
    const char *zero = w->after_size > 0 ? memchr(w->after, 0, w->after_size) : NULL;
    size_t object_size = zero ? (size_t)(zero - w->after) : w->after_size;
    /* What lies between the place that is asked for and `after` is passed over here. */
    if (object_size > 0)
        object_size = bucket_name_plain(w->after, object_size);
    size_t asked = request->prefix ? request->prefix_size : 0;
    size_t size = b->prefix_size + asked;
    if (size > S3_KEY_LIMIT || b->prefix_size + object_size > S3_KEY_LIMIT)
        return lagan_fail(op, LAGAN_INVALID, 0, "no object has so long a name");
    memcpy(prefix, b->prefix, b->prefix_size);
    if (asked > 0)
        memcpy(prefix + b->prefix_size, request->prefix, asked);
    memcpy(after, b->prefix, b->prefix_size);
    if (object_size > 0)
        memcpy(after + b->prefix_size, w->after, object_size);
    w->pages =
        pages_new(b, prefix, size, after, object_size > 0 ? b->prefix_size + object_size : 0,
                  object_size > 0, w->versions);
    return w->pages ? LAGAN_OK : bucket_memory(op);
}

uint32_t bucket_walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    const struct bucket *b = handle;
    uint32_t result = check_request(b, op, request);
    if (result != LAGAN_OK)
        return result;
    struct walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return bucket_memory(op);
    w->bucket = b;
    w->request = *request;
    w->request.after = w->request.prefix = NULL;
    w->versions = wants_versions(b, request);
    w->root_is_due = request->after == NULL;
    w->group_complete = true;
    if (request->after != NULL) {
        w->after = malloc(request->after_size + 1);
        if (w->after == NULL)
            result = bucket_memory(op);
        else
            memcpy(w->after, request->after, request->after_size);
        w->after_size = request->after_size;
    }
    if (result == LAGAN_OK)
        result = open_pages(w, op, request);
    if (result == LAGAN_OK)
        *walk = w;
    else
        bucket_walk_close(w);
    return result;
}

void bucket_walk_close(void *walk)
{
    struct walk *w = walk;
    pages_free(w->pages);
    page_free(&w->page);
    page_free(&w->group);
    free(w->after);
    free(w);
}

/* The next object of the listing, or NULL at its end. */
static uint32_t next_listed(struct walk *w, struct lagan_op *op, const struct listed **one)
{
    *one = NULL;
    while (!w->ended && w->broken == LAGAN_OK && w->next == w->page.count) {
        uint32_t result = pages_next(w->pages, op, &w->page);
        if (result != LAGAN_OK)
            return result;
        w->next = 0;
        w->ended = !w->page.more;
        w->broken = w->page.result;
        w->why = w->page.error;
        w->why.scope = LAGAN_SCOPE_HANDLE;
    }
    if (w->broken != LAGAN_OK)
        op->error = w->why;
    else if (w->next < w->page.count)
        *one = &w->page.list[w->next];
    return w->broken;
}

static bool is_wanted(const struct walk *w, const char *key, size_t key_size)
{
    return w->request.select == NULL ||
           w->request.select(w->request.select_context, key, key_size, LAGAN_ENTRY_OBJECT) ==
               LAGAN_SELECT_TAKE;
}

static bool is_passed(const struct walk *w, const char *key, size_t key_size)
{
    if (w->after == NULL)
        return false;
    size_t shorter = key_size < w->after_size ? key_size : w->after_size;
    int order = shorter > 0 ? memcmp(key, w->after, shorter) : 0;
    return order < 0 || (order == 0 && key_size <= w->after_size);
}

/* The object that bears the name of the prefix itself would be the root. */
static bool is_nameless(const struct walk *w, const struct listed *one)
{
    if (one->key_size > w->bucket->prefix_size)
        return false;
    lagan_log(NULL, LAGAN_LEVEL_INFO, "the object that is named like the prefix is left out");
    return true;
}

static uint32_t hand_over(struct walk *w, const struct lagan_entry *entry,
                          const struct lagan_entry_collector *entries, uint32_t *handed)
{
    uint32_t result = entries->add(entries->context, entry);
    w->refused = result != LAGAN_OK;
    *handed += result == LAGAN_OK;
    return result;
}

static uint32_t hand_object(struct walk *w, const struct page *page, const struct listed *one,
                            const char *key, size_t key_size,
                            const struct lagan_entry_collector *entries, uint32_t *handed)
{
    struct s3_object object;
    struct bucket_entry made;
    if (is_passed(w, key, key_size))
        return LAGAN_OK;
    page_object(page, one, &object);
    bucket_entry_make(&made, key, key_size, &object, w->versions,
                      (w->request.flags & LAGAN_WALK_PIECES) != 0);
    return hand_over(w, &made.entry, entries, handed);
}

/* Of a walk without versions: one object, if it is wanted. */
static uint32_t step_current(struct walk *w, struct lagan_op *op,
                             const struct lagan_entry_collector *entries, uint32_t *handed)
{
    const struct listed *one;
    uint32_t result = next_listed(w, op, &one);
    if (result != LAGAN_OK)
        return result;
    if (one == NULL)
        return LAGAN_END;
    w->next++;
    const char *key = w->page.bytes + one->key + w->bucket->prefix_size;
    if (is_nameless(w, one) || !is_wanted(w, key, one->key_size - w->bucket->prefix_size))
        return LAGAN_OK;
    return hand_object(w, &w->page, one, key, one->key_size - w->bucket->prefix_size, entries,
                       handed);
}

/* Oldest first; of one moment as the store has them, the other way round. */
static int compare_versions(const void *a, const void *b)
{
    const struct listed *one = a, *other = b;
    if (one->modified_ns != other->modified_ns)
        return one->modified_ns < other->modified_ns ? -1 : 1;
    return (one->key < other->key) - (one->key > other->key);
}

static bool is_of_group(const struct walk *w, const struct listed *one)
{
    const struct listed *first = &w->group.list[0];
    return w->group.count == 0 ||
           (first->key_size == one->key_size &&
            memcmp(w->group.bytes + first->key, w->page.bytes + one->key, one->key_size) == 0);
}

static uint32_t group_take(struct walk *w, struct lagan_op *op, const struct listed *one)
{
    const char *key = w->page.bytes + one->key + w->bucket->prefix_size;
    if (w->group.count == 0)
        w->group_unwanted =
            is_nameless(w, one) || !is_wanted(w, key, one->key_size - w->bucket->prefix_size);
    /* Of what is not handed over, the first tells the name. */
    if (w->group.count > 0 && (w->group_unwanted || w->group_overflows))
        return LAGAN_OK;
    if (w->group.count == BUCKET_VERSIONS_LIMIT) {
        w->group_overflows = true;
        return LAGAN_OK;
    }
    return page_copy(&w->group, &w->page, one) == LAGAN_OK ? LAGAN_OK : bucket_memory(op);
}

/* Gathers the versions of the next object.  END when there is none. */
static uint32_t group_fill(struct walk *w, struct lagan_op *op)
{
    const struct listed *one;
    if (w->group_complete) {
        page_clear(&w->group);
        w->group_next = 0;
        w->group_moment_ns = -1;
        w->group_complete = w->group_overflows = w->group_unwanted = false;
    }
    for (;;) {
        uint32_t result = next_listed(w, op, &one);
        if (result != LAGAN_OK)
            return result;
        if (one == NULL || !is_of_group(w, one))
            break;
        result = group_take(w, op, one);
        if (result != LAGAN_OK)
            return result;
        w->next++;
    }
    w->group_complete = true;
    if (w->group.count == 0)
        return LAGAN_END;
    qsort(w->group.list, w->group.count, sizeof *w->group.list, compare_versions);
    return LAGAN_OK;
}

/* An object with more versions than can be held is named. */
static uint32_t hand_overflow(struct walk *w, const struct lagan_entry_collector *entries,
                              uint32_t *handed)
{
    const struct listed *first = &w->group.list[0];
    struct lagan_entry entry = {
        .size = sizeof entry,
        .type = LAGAN_ENTRY_ERROR,
        .key = w->group.bytes + first->key + w->bucket->prefix_size,
        .key_size = first->key_size - w->bucket->prefix_size,
        .error_class = LAGAN_LIMIT,
        .error_text = "it has more than 100000 versions",
    };
    w->group_next = w->group.count;
    if (is_passed(w, entry.key, entry.key_size))
        return LAGAN_OK;
    return hand_over(w, &entry, entries, handed);
}

static uint32_t hand_version(struct walk *w, const struct lagan_entry_collector *entries,
                             uint32_t *handed)
{
    const struct listed *one = &w->group.list[w->group_next++];
    char key[BUCKET_ENTRY_KEY_SIZE];
    int64_t moment = one->modified_ns > 0 ? one->modified_ns : 0;
    if (moment <= w->group_moment_ns)
        moment = w->group_moment_ns + 1;
    w->group_moment_ns = moment;
    size_t size = bucket_version_key(key, w->group.bytes + one->key + w->bucket->prefix_size,
                                     one->key_size - w->bucket->prefix_size, moment,
                                     w->group.bytes + one->version);
    return hand_object(w, &w->group, one, key, size, entries, handed);
}

static uint32_t step_versions(struct walk *w, struct lagan_op *op,
                              const struct lagan_entry_collector *entries, uint32_t *handed)
{
    if (!w->group_complete || w->group_next == w->group.count) {
        uint32_t result = group_fill(w, op);
        if (result != LAGAN_OK)
            return result;
    }
    if (w->group_unwanted)
        w->group_next = w->group.count;
    else if (w->group_overflows)
        return hand_overflow(w, entries, handed);
    else
        return hand_version(w, entries, handed);
    return LAGAN_OK;
}

static uint32_t hand_root(struct walk *w, const struct lagan_entry_collector *entries,
                          uint32_t *handed)
{
    struct lagan_entry root;
    bucket_entry_root(&root);
    w->root_is_due = false;
    return hand_over(w, &root, entries, handed);
}

uint32_t bucket_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    uint32_t handed = 0;
    uint32_t result = bucket_check_call(op, 0, 0);
    if (result == LAGAN_OK && w->root_is_due)
        result = hand_root(w, entries, &handed);
    while (result == LAGAN_OK && handed < limit)
        result = w->versions ? step_versions(w, op, entries, &handed)
                             : step_current(w, op, entries, &handed);
    /* What was handed over counts; the next call says the rest. */
    return handed > 0 && !w->refused ? LAGAN_OK : result;
}
