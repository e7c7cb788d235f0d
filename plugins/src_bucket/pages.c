/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.c - fetches a listing page by page, one ahead of whoever reads it.
 *
 * The thread has an op of its own, since calls come and go while it works; giving the walk up
 * lets that op's deadline pass.
 */
#include "src_bucket/page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_NS = 100000000 };

/* A walk cannot be made again from its middle by the host, a page can be fetched again here. */
enum { ATTEMPTS = 6, FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 60000 };

struct pages {
    const struct bucket *bucket;
    char prefix[S3_KEY_LIMIT + 1];
    size_t prefix_size;
    bool versions;
    /* Where the thread has come to; its own. */
    char after[S3_KEY_LIMIT + 1];
    size_t after_size;
    char after_version[S3_VERSION_SIZE];
    bool exact; /* of versions: only those of `after`, at first */
    struct lagan_op op;

    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;  /* under the lock, as is what follows */
    bool ready; /* `page` waits to be taken */
    struct page page;
};

static uint32_t take_object(void *context, const struct s3_object *object)
{
    return page_add(context, object);
}

/* Drops what is not the object `after` itself; true when there may be more of it. */
static bool keep_exact(const struct pages *p, struct page *page)
{
    size_t count = 0;
    while (count < page->count && page->list[count].key_size == p->after_size &&
           memcmp(page->bytes + page->list[count].key, p->after, p->after_size) == 0)
        count++;
    bool whole = count == page->count;
    page->count = count;
    return whole;
}

/* Moves on behind the last object of a page. */
static void advance(struct pages *p, const struct page *page)
{
    if (page->count == 0)
        return;
    const struct listed *last = &page->list[page->count - 1];
    const char *version = page->bytes + last->version;
    memcpy(p->after, page->bytes + last->key, last->key_size);
    p->after_size = last->key_size;
    p->after[p->after_size] = 0;
    memcpy(p->after_version, version, strlen(version) + 1);
}

/* After attempt `made` failed: waits for the next; false when there is to be none. */
static bool again(struct pages *p, uint32_t result, unsigned made)
{
    uint64_t pause_ms = (uint64_t)FIRST_PAUSE_MS << made;
    if ((result != LAGAN_TRANSIENT && result != LAGAN_BUSY) || made == ATTEMPTS)
        return false;
    if (p->op.error.retry_after_ms > pause_ms)
        pause_ms = p->op.error.retry_after_ms;
    if (pause_ms > LONGEST_PAUSE_MS)
        return false;
    lagan_log(&p->op, LAGAN_LEVEL_WARNING, "a listing: %s; it is tried again in %llu ms",
              p->op.error.text, (unsigned long long)pause_ms);
    if (lagan_sleep(&p->op, (int64_t)pause_ms * 1000000) != 0)
        return false;
    p->op.error = (struct lagan_error){0};
    return true;
}

static uint32_t list(struct pages *p, const struct s3_page *request, struct page *page,
                     bool *more)
{
    struct s3_object_collector objects = {.context = page, .add = take_object};
    struct s3 *client = p->bucket->client;
    for (unsigned made = 1;; made++) {
        page_clear(page);
        uint32_t result = p->versions
                              ? s3_list_versions(client, &p->op, request, &objects, more)
                              : s3_list(client, &p->op, request, &objects, more);
        if (result == LAGAN_OK || !again(p, result, made))
            return result;
    }
}

/* One page. */
static void fetch(struct pages *p, struct page *page)
{
    struct s3_page request = {.prefix = p->exact ? p->after : p->prefix,
                              .prefix_size = p->exact ? p->after_size : p->prefix_size,
                              .after = p->after,
                              .after_size = p->after_size,
                              .after_version = p->after_version[0] ? p->after_version : NULL,
                              .limit = S3_LIST_LIMIT};
    bool more = false;
    if (p->exact && p->after_version[0] == 0)
        request.after_size = 0; /* from its newest version on */
    page->result = list(p, &request, page, &more);
    page->error = p->op.error;
    if (page->result != LAGAN_OK)
        return;
    bool within = p->exact && keep_exact(p, page) && more;
    advance(p, page);
    page->more = more || p->exact;
    if (p->exact && !within) {
        p->exact = false;
        p->after_version[0] = 0; /* behind all versions of it */
    }
    if (!p->versions)
        p->after_version[0] = 0;
}

static void *run(void *argument)
{
    struct pages *p = argument;
    struct page page = {0};
    bool goes_on = true;
    while (goes_on) {
        fetch(p, &page);
        goes_on = page.result == LAGAN_OK && page.more;
        pthread_mutex_lock(&p->lock);
        while (p->ready && !p->stop)
            pthread_cond_wait(&p->changed, &p->lock);
        goes_on = goes_on && !p->stop;
        struct page taken = p->page;
        p->page = page;
        page = taken;
        p->ready = true;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
    }
    page_free(&page);
    return NULL;
}

struct pages *pages_new(const struct bucket *b, const char *prefix, size_t prefix_size,
                        const char *after, size_t after_size, bool inclusive, bool versions)
{
    struct pages *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->bucket = b;
    p->versions = versions;
    p->exact = versions && inclusive && after_size > 0;
    memcpy(p->prefix, prefix, prefix_size);
    p->prefix_size = prefix_size;
    memcpy(p->after, after, after_size);
    p->after_size = after_size;
    p->op = (struct lagan_op){.size = sizeof p->op, .cancel_fd = -1};
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t how;
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &how);
    pthread_condattr_destroy(&how);
    return p;
}

/* With the lock held. */
static uint32_t wait_ready(struct pages *p, struct lagan_op *op)
{
    while (!p->ready) {
        struct timespec until;
        if (lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&p->changed, &p->lock, &until);
    }
    return LAGAN_OK;
}

uint32_t pages_next(struct pages *p, struct lagan_op *op, struct page *page)
{
    if (!p->started && pthread_create(&p->thread, NULL, run, p) != 0)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "cannot start a thread");
    p->started = true;
    pthread_mutex_lock(&p->lock);
    uint32_t result = wait_ready(p, op);
    if (result == LAGAN_OK) {
        struct page taken = p->page;
        p->page = *page;
        *page = taken;
        p->ready = false;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return result;
}

void pages_free(struct pages *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    __atomic_store_n(&p->op.deadline_ns, 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (p->started)
        pthread_join(p->thread, NULL);
    page_free(&p->page);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
