/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - one page of a listing, of objects or of versions: gathered from the answer,
 * checked, then handed over.  Nothing of a page that is cut or wrong reaches anybody; and no
 * connection stays open while a collector takes its time.
 */
#ifndef PLUGINS_COMMON_S3_LISTING_H
#define PLUGINS_COMMON_S3_LISTING_H

#include "common/s3/operation.h"

/* An object, and where its key begins in the keys. */
struct s3_listed {
    struct s3_object object;
    size_t key_at;
    bool has_key;
    bool has_bytes;
    bool has_time;
};

/* A key or a token on which the next page begins; `{0}` = none told. */
struct s3_marker {
    struct s3_text text;
    bool told;
};

struct s3_listing {
    struct lagan_op *op;
    const struct s3_page *page;
    bool of_versions;
    struct s3_listed *listed; /* page->limit of them */
    size_t count;
    bool open; /* one of them has begun and not ended */
    struct s3_text keys;
    bool encoded; /* keys are, as EncodingType says, wherever it stands in the answer */
    bool has_truncated;
    bool truncated;
    bool has_key_count;
    uint64_t key_count;            /* KeyCount: how many the store says that the page has */
    struct s3_marker token;        /* NextContinuationToken */
    struct s3_marker next;         /* NextMarker, NextKeyMarker */
    struct s3_marker next_version; /* NextVersionIdMarker */
};

/* INVALID for limits and keys that are none, INTERNAL.  `page` must outlive it. */
uint32_t s3_listing_begin(struct s3_listing *l, struct lagan_op *op, const struct s3_page *page,
                          bool of_versions);
void s3_listing_end(struct s3_listing *l);
/* Forgets what was gathered, for another answer. */
void s3_listing_clear(struct s3_listing *l);
/* Reads an answer into the listing, which must not move. */
struct s3_xml_reader s3_listing_reader(struct s3_listing *l);
/* After the whole answer: keys are decoded, and compared with the page and with each other.
 * CORRUPT when prefix, order or number are wrong, or when it cannot be told whether more
 * follows, or the answer contradicts itself in that. */
uint32_t s3_listing_check(struct s3_listing *l);
/* Hands over; what the collector says. */
uint32_t s3_listing_deliver(const struct s3_listing *l,
                            const struct s3_object_collector *objects);

#endif
