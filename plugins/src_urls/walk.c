/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - the walk: what each URL is, asked for with HEAD on several threads at a time.  A
 * server that knows no HEAD for it, as with URLs that are signed for GET, is asked for the
 * first byte.
 */
#include "src_urls.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, WHOLE_BATCH = 8 };

/* What became of one of a batch. */
struct looked {
    const struct item *item;
    struct answer answer;
    uint32_t result;
    char text[LAGAN_TEXT_SIZE];
    uint32_t retry_after_ms;
};

struct walk {
    struct handle *handle;
    struct lagan_walk_request request;
    char *prefix;
    size_t next; /* item */
    bool root_done;
};

uint32_t hand_over(const struct handle *h, const struct item *item, const struct answer *answer,
                   const struct lagan_entry_collector *entries)
{
    const char *tag = answer->tag;
    size_t tag_size = strlen(tag);
    bool strong = tag[0] == '"' && tag_size > 2 && tag[tag_size - 1] == '"';
    struct lagan_metadata pieces[2];
    size_t count = 0;
    struct lagan_entry entry = {.size = sizeof entry, .type = LAGAN_ENTRY_OBJECT};
    if (answer->type[0])
        pieces[count++] =
            (struct lagan_metadata){LAGAN_METADATA_PROPERTY, sizeof LAGAN_PROPERTY_TYPE - 1,
                                    LAGAN_PROPERTY_TYPE, answer->type, strlen(answer->type)};
    if (strong)
        pieces[count++] =
            (struct lagan_metadata){LAGAN_METADATA_PROPERTY, sizeof LAGAN_FACT_ETAG - 1,
                                    LAGAN_FACT_ETAG, tag + 1, tag_size - 2};
    entry.key = h->list.text + item->key;
    entry.key_size = item->key_size;
    entry.present = LAGAN_HAS_BYTES;
    if (!fetch_total(answer, &entry.bytes)) {
        entry.bytes = 0;
        entry.flags = LAGAN_ENTRY_STREAM;
    }
    if (strong && tag_size - 2 <= LAGAN_ID_SIZE) {
        entry.id = tag + 1;
        entry.id_size = tag_size - 2;
    }
    if (strong && tag_size - 2 <= LAGAN_STAMP_SIZE) {
        entry.stamp = tag + 1;
        entry.stamp_size = tag_size - 2;
    }
    if (answer->has_time) {
        entry.present |= LAGAN_HAS_MTIME;
        entry.mtime_s = answer->time_s;
    }
    entry.pieces = count > 0 ? pieces : NULL;
    entry.piece_count = count;
    return entries->add(entries->context, &entry);
}

uint32_t urls_walk_open(void *handle, struct lagan_op *op,
                        const struct lagan_walk_request *request, void **walk)
{
    struct handle *h = handle;
    if ((request->flags & UINT32_MAX & ~(LAGAN_WALK_PIECES | LAGAN_WALK_CURRENT)) != 0)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "such a walk is not known");
    struct walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return out_of_memory(op);
    w->handle = h;
    memcpy(&w->request, request,
           request->size < sizeof w->request ? request->size : sizeof w->request);
    if (w->request.prefix != NULL) {
        w->prefix = malloc(w->request.prefix_size + 1);
        if (w->prefix == NULL) {
            free(w);
            return out_of_memory(op);
        }
        memcpy(w->prefix, w->request.prefix, w->request.prefix_size);
    }
    if (request->after != NULL) {
        const struct list *list = &h->list;
        w->root_done = true;
        while (w->next < list->count) {
            const struct item *item = &list->items[w->next];
            size_t size =
                item->key_size < request->after_size ? item->key_size : request->after_size;
            int order = memcmp(list->text + item->key, request->after, size);
            if (order > 0 || (order == 0 && item->key_size > request->after_size))
                break;
            w->next++;
        }
    }
    *walk = w;
    return LAGAN_OK;
}

void urls_walk_close(void *walk)
{
    struct walk *w = walk;
    if (w == NULL)
        return;
    free(w->prefix);
    free(w);
}

static bool is_taken(const struct walk *w, const struct item *item)
{
    const char *key = w->handle->list.text + item->key;
    if (w->prefix != NULL && (item->key_size < w->request.prefix_size ||
                              memcmp(key, w->prefix, w->request.prefix_size) != 0))
        return false;
    return w->request.select == NULL ||
           w->request.select(w->request.select_context, key, item->key_size,
                             LAGAN_ENTRY_OBJECT) == LAGAN_SELECT_TAKE;
}

/* ---- one URL ---- */

static bool wants_get(long status)
{
    return status == 400 || status == 403 || status == 405 || status == 501;
}

static uint32_t ask(struct handle *h, struct lagan_op *op, struct looked *looked)
{
    struct wish wish = {.url = h->list.text + looked->item->url, .method = FETCH_HEAD};
    struct fetch *f = fetch_take(h, op);
    if (f == NULL)
        return LAGAN_INTERNAL;
    uint32_t result = fetch_begin(f, op, &wish);
    if (result == LAGAN_OK && wants_get(f->answer.status)) {
        wish.method = FETCH_GET;
        wish.first_byte = true;
        result = fetch_begin(f, op, &wish);
    }
    if (result == LAGAN_OK && f->answer.status != 200 && f->answer.status != 206)
        result = fetch_status(f, op);
    looked->answer = f->answer;
    fetch_give(f);
    return result;
}

/* ---- a batch ---- */

struct batch {
    struct handle *handle;
    struct lagan_op *op;
    pthread_mutex_t lock;
    size_t next, count;
    struct looked items[BATCH];
};

/* Each thread has an op of its own to fail with: the call's is not shared for that. */
static void *ask_some(void *context)
{
    struct batch *b = context;
    for (;;) {
        struct lagan_op op = *b->op;
        pthread_mutex_lock(&b->lock);
        struct looked *looked = b->next < b->count ? &b->items[b->next++] : NULL;
        pthread_mutex_unlock(&b->lock);
        if (looked == NULL)
            return NULL;
        looked->result = ask(b->handle, &op, looked);
        if (looked->result != LAGAN_OK) {
            memcpy(looked->text, op.error.text, sizeof looked->text);
            looked->retry_after_ms = op.error.retry_after_ms;
        }
    }
}

static void ask_all(struct batch *b)
{
    pthread_t threads[BATCH];
    size_t wanted = (size_t)b->handle->instance->connections, started = 0;
    if (wanted > b->count)
        wanted = b->count;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, ask_some, b) == 0)
        started++;
    ask_some(b);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

/* What is wrong with one URL is an entry that says so, also when another try may mend it; when
 * a whole batch meets that, it is the server or the way to it, and the walk ends. */
static const struct looked *end_of_walk(const struct batch *b)
{
    size_t passing = 0;
    for (size_t i = 0; i < b->count; i++) {
        uint32_t result = b->items[i].result;
        if (result == LAGAN_CANCELLED || result == LAGAN_INTERNAL)
            return &b->items[i];
        passing += result == LAGAN_TRANSIENT || result == LAGAN_BUSY || result == LAGAN_TIMEOUT;
    }
    return passing == b->count && passing >= WHOLE_BATCH ? &b->items[0] : NULL;
}

static uint32_t hand_failed(const struct walk *w, const struct looked *looked,
                            const struct lagan_entry_collector *entries)
{
    const struct lagan_entry entry = {.size = sizeof entry,
                                      .type = LAGAN_ENTRY_ERROR,
                                      .key = w->handle->list.text + looked->item->key,
                                      .key_size = looked->item->key_size,
                                      .error_class = looked->result,
                                      .error_text = looked->text};
    return entries->add(entries->context, &entry);
}

static uint32_t hand_batch(struct walk *w, struct lagan_op *op, const struct batch *b,
                           const struct lagan_entry_collector *entries)
{
    uint32_t result = LAGAN_OK;
    const struct looked *end = end_of_walk(b);
    if (end != NULL) {
        lagan_fail(op, end->result, 0, "%s", end->text);
        op->error.retry_after_ms = end->retry_after_ms;
        return end->result;
    }
    for (size_t i = 0; i < b->count && result == LAGAN_OK; i++)
        result = b->items[i].result == LAGAN_OK
                     ? hand_over(w->handle, b->items[i].item, &b->items[i].answer, entries)
                     : hand_failed(w, &b->items[i], entries);
    return result;
}

static uint32_t hand_root(struct walk *w, const struct lagan_entry_collector *entries)
{
    const struct lagan_entry root = {
        .size = sizeof root, .type = LAGAN_ENTRY_DIRECTORY, .key = "", .key_size = 0};
    w->root_done = true;
    return entries->add(entries->context, &root);
}

uint32_t urls_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                        const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    const struct list *list = &w->handle->list;
    size_t next = w->next;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (!w->root_done)
        return hand_root(w, entries);
    struct batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return out_of_memory(op);
    b->handle = w->handle;
    b->op = op;
    for (; next < list->count && b->count < limit && b->count < BATCH; next++)
        if (is_taken(w, &list->items[next]))
            b->items[b->count++].item = &list->items[next];
    uint32_t result = LAGAN_END;
    if (b->count > 0) {
        pthread_mutex_init(&b->lock, NULL);
        ask_all(b);
        pthread_mutex_destroy(&b->lock);
        result = hand_batch(w, op, b, entries);
    }
    if (result == LAGAN_OK || result == LAGAN_END)
        w->next = next;
    free(b);
    return result;
}
