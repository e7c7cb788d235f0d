/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_urls.h - a list of URLs as a flat source: what its files share.
 *
 *     src_urls.c  descriptor, parameters, open        list.c  the list, parsed and sorted
 *     fetch.c     one request and its answer          walk.c  asks for many at a time
 *     read.c      content, as a stream that can begin anywhere
 */
#ifndef SRC_URLS_H
#define SRC_URLS_H

#include <lagan/source.h>

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>

enum {
    LINE_LIMIT = 16384,
    LIST_LIMIT_BYTES = 1 << 30,
    REDIRECTS = 5,
    TAG_SIZE = 160,
    TYPE_SIZE = 128
};

enum redirects { REDIRECTS_SAME_HOST, REDIRECTS_ANY, REDIRECTS_NEVER };

struct instance {
    char *list;
    char *ca_file;
    enum redirects redirects;
    long connections;
    int64_t stall_ns;
};

/* One line of the list; offsets into its text, both terminated there. */
struct item {
    size_t key, key_size;
    size_t url;
};

struct list {
    char *text;
    struct item *items; /* by key */
    size_t count;
};

struct fetch;

struct handle {
    const struct instance *instance;
    struct list list;
    pthread_mutex_t lock; /* guards what follows */
    struct fetch *idle;   /* with connections that can be used again */
};

uint32_t out_of_memory(struct lagan_op *op);

/* ---- list.c ---- */

/* Takes over `text` (from malloc, `size` bytes and a terminator), also on failure. */
uint32_t list_parse(struct list *list, struct lagan_op *op, char *text, size_t size);
void list_free(struct list *list);
/* The item of that key, or NULL. */
const struct item *list_find(const struct list *list, const void *key, size_t key_size);

/* ---- fetch.c ---- */

/* The headers of an answer. */
struct answer {
    long status;
    bool complete; /* all headers are here */
    bool has_length, has_range, has_time;
    uint64_t length;      /* of this body */
    uint64_t range_first; /* of a part */
    uint64_t range_total; /* UINT64_MAX = not told */
    int64_t time_s;
    char tag[TAG_SIZE];   /* with its quotes; "" = none */
    char type[TYPE_SIZE]; /* "" = none */
    uint32_t retry_after_ms;
};

enum fetch_method { FETCH_HEAD, FETCH_GET };

/* A request at work, with a connection that is kept for the next one. */
struct fetch {
    struct fetch *next; /* idle ones */
    struct handle *handle;
    CURLM *multi;
    CURL *easy;
    char *url; /* where it went in the end */
    unsigned redirects;
    struct answer answer;
    bool running, ended;
    CURLcode code; /* once ended */
    char why[CURL_ERROR_SIZE];
    struct curl_slist *headers;
    /* Where the body goes. */
    uint8_t *room;
    size_t room_size;
    uint64_t skip;  /* bytes that nobody wants */
    uint8_t *spare; /* came already */
    size_t spare_at, spare_size, spare_room;
    bool paused;
    int64_t moved_ns; /* CLOCK_MONOTONIC: something came last */
};

/* From those that are idle, or new. */
struct fetch *fetch_take(struct handle *handle, struct lagan_op *op);
/* Ends what runs and keeps the rest for others.  NULL is fine. */
void fetch_give(struct fetch *fetch);
void fetch_free(struct fetch *fetch);

/* What to ask for. */
struct wish {
    const char *url;
    enum fetch_method method;
    uint64_t from;     /* GET: the range from here on; 0 and `first_byte` false = all */
    bool first_byte;   /* GET: only that */
    const char *match; /* If-Match, or NULL */
};
/* Sends it and waits for the headers; follows redirects as the instance allows.  OK whatever
 * the status is. */
uint32_t fetch_begin(struct fetch *fetch, struct lagan_op *op, const struct wish *wish);
/* Fills `data` unless the body ends: `*got`. */
uint32_t fetch_read(struct fetch *fetch, struct lagan_op *op, void *data, size_t size,
                    size_t *got);
void fetch_stop(struct fetch *fetch);
/* The error that a status other than 2xx is. */
uint32_t fetch_status(const struct fetch *fetch, struct lagan_op *op);
/* How long all is, as far as the answer tells: false when it does not. */
bool fetch_total(const struct answer *answer, uint64_t *bytes);

/* ---- walk.c ---- */

uint32_t urls_walk_open(void *handle, struct lagan_op *op,
                        const struct lagan_walk_request *request, void **walk);
uint32_t urls_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                        const struct lagan_entry_collector *entries);
void urls_walk_close(void *walk);
/* Hands over what an answer says of an item. */
uint32_t hand_over(const struct handle *h, const struct item *item, const struct answer *answer,
                   const struct lagan_entry_collector *entries);

/* ---- read.c ---- */

uint32_t urls_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const void *id, size_t id_size,
                         const struct lagan_entry_collector *attributes, void **reader);
uint32_t urls_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                      size_t size, size_t *got);
uint32_t urls_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict);
uint32_t urls_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                       uint32_t type, const struct lagan_metadata_collector *pieces);

#endif
