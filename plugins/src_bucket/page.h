/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - pages of a listing: kept, and fetched ahead by a thread of the walk's own.
 */
#ifndef SRC_BUCKET_PAGE_H
#define SRC_BUCKET_PAGE_H

#include "src_bucket/src_bucket.h"

/* An object of a listing; texts are offsets in the page's bytes, terminated. */
struct listed {
    size_t key, etag, version, class;
    size_t key_size;
    uint64_t bytes;
    int64_t modified_ns;
    bool current, marker;
};

/* Objects in the order of the listing.  `{0}` is empty. */
struct page {
    char *bytes;
    size_t used, room;
    struct listed *list;
    size_t count, list_room;
    bool more;       /* others follow */
    uint32_t result; /* why there is no more to come; OK */
    struct lagan_error error;
};
void page_free(struct page *page);
void page_clear(struct page *page);
/* LAGAN_OK or LAGAN_INTERNAL (no memory). */
uint32_t page_add(struct page *page, const struct s3_object *object);
/* Copies one of `from` behind the others. */
uint32_t page_copy(struct page *page, const struct page *from, const struct listed *one);
/* As the client would tell it; points into the page. */
void page_object(const struct page *page, const struct listed *one, struct s3_object *object);

/* Pages one after the other, the next of which is on its way. */
struct pages;
/* `after`: a key with the prefix, "" = from the first.  `inclusive`: of versions, begin with
 * those of `after` itself. */
struct pages *pages_new(const struct bucket *b, const char *prefix, size_t prefix_size,
                        const char *after, size_t after_size, bool inclusive, bool versions);
/* The next page, in exchange for what `*page` holds.  Its `result` is what became of it. */
uint32_t pages_next(struct pages *pages, struct lagan_op *op, struct page *page);
/* Waits for the thread; NULL is fine. */
void pages_free(struct pages *pages);

#endif
