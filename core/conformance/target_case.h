/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_case.h - what cases about targets share: calls with judgement, contents and sinks.
 *
 * Contents are made of a number: the object of seed S and B bytes holds trial_bytes(S, 0..B).
 */
#ifndef CORE_CONFORMANCE_TARGET_CASE_H
#define CORE_CONFORMANCE_TARGET_CASE_H

#include "conformance/case.h"

/* A key below the case's prefix. */
struct key {
    char text[LAGAN_KEY_LIMIT + 1];
};
struct key key_of(const struct trial *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The key without the case's prefix, for messages. */
const char *key_short(const struct trial *t, const char *key);

/* Contents that the driver reads. */
struct content {
    struct trial *trial;
    uint64_t seed;
    uint64_t bytes;
    uint64_t fail_from;  /* reading at or behind this offset fails; UINT64_MAX = never */
    uint32_t fail_class; /* with this */
    int64_t pause_ns;    /* before each piece */
    uint64_t count;      /* of calls */
    uint64_t seen;       /* bytes handed over */
};
struct content content_of(struct trial *t, uint64_t seed, uint64_t bytes);
struct lagan_content content_for(struct content *c);

/* put, with LAGAN_PUT_IF_ABSENT. */
uint32_t case_put(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                  uint64_t bytes);
/* put, all of it: `sha256` may be NULL. */
uint32_t case_put_content(struct trial *t, struct opened *o, const char *key, struct content *c,
                          uint64_t flags, const uint8_t *sha256);
/* case_put that must work. */
void must_put(struct trial *t, struct opened *o, const char *key, uint64_t seed,
              uint64_t bytes);

/* A sink that keeps what it gets. */
struct taken {
    struct trial *trial;
    uint8_t *data; /* freed by taken_free */
    uint64_t bytes, room;
    uint64_t limit;      /* bytes that may come; more fails the case */
    size_t piece;        /* bytes of room for each piece */
    uint64_t fail_after; /* bytes after which `filled` fails; UINT64_MAX = never */
    uint32_t fail_class;
    bool no_room;     /* `room` gives NULL */
    int64_t pause_ns; /* before each piece */
};
struct taken taken_for(struct trial *t, uint64_t limit);
void taken_free(struct taken *taken);
uint32_t case_get(struct trial *t, struct opened *o, const char *key, uint64_t offset,
                  uint64_t length, struct taken *taken);
uint32_t case_stat(struct trial *t, struct opened *o, const char *key, uint64_t *bytes);
uint32_t case_remove(struct trial *t, struct opened *o, const char *key);
uint32_t case_flush(struct trial *t, struct opened *o);

/* The object is there and holds this, by stat and get. */
void expect_object(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                   uint64_t bytes);
/* It is certainly not there, by stat and get. */
void expect_absent(struct trial *t, struct opened *o, const char *key);
/* One of both, whole: true when it is there. */
bool expect_whole_or_absent(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                            uint64_t bytes);

/* Objects as a listing shows them. */
struct listing {
    struct listed {
        char key[LAGAN_KEY_LIMIT + 1];
        uint64_t bytes;
    } * rows;
    size_t count, room;
    uint32_t fail_class; /* the collector returns this ... */
    size_t fail_at;      /* ... for the object of this number, from 0; SIZE_MAX = never */
};
struct listing listing_new(void);
void listing_free(struct listing *l);
/* One page, appended, judged: form of keys, order, prefix, start, number. */
uint32_t case_list(struct trial *t, struct opened *o, const char *prefix, const char *after,
                   uint32_t limit, struct listing *l, bool *more);
/* All pages of `limit` objects. */
void list_all(struct trial *t, struct opened *o, const char *prefix, uint32_t limit,
              struct listing *l);
/* The index of `key`, or SIZE_MAX. */
size_t listing_find(const struct listing *l, const char *key);
/* Below the case's prefix exactly these keys, in order, are listed. */
void expect_listed(struct trial *t, struct opened *o, const struct key *keys, size_t count);

/* Stages. */
uint32_t case_stage_begin(struct trial *t, struct opened *o, uint64_t hint, void **stage);
/* Writes bytes `from` to `to` of the object of `seed`, in pieces of `piece`. */
uint32_t case_stage_write(struct trial *t, struct opened *o, void *stage, uint64_t seed,
                          uint64_t from, uint64_t to, size_t piece);
uint32_t case_stage_commit(struct trial *t, struct opened *o, void *stage, const char *key,
                           uint64_t flags);
void case_stage_abort(struct trial *t, struct opened *o, void *stage);
/* The whole of it; a class. */
uint32_t case_stage(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                    uint64_t bytes, size_t piece);

/* Uploads in parts. */
uint32_t case_multipart_begin(struct trial *t, struct opened *o, const char *key,
                              uint64_t bytes, void **upload);
/* Part `number` holds bytes `from` to `to` of the object of `seed`. */
uint32_t case_part_put(struct trial *t, struct opened *o, void *upload, uint32_t number,
                       uint64_t seed, uint64_t from, uint64_t to);
uint32_t case_multipart_complete(struct trial *t, struct opened *o, void *upload,
                                 uint32_t parts, uint64_t flags);
void case_multipart_abort(struct trial *t, struct opened *o, void *upload);
uint32_t case_copy(struct trial *t, struct opened *o, const char *from, const char *to,
                   uint64_t flags);
uint32_t case_rename(struct trial *t, struct opened *o, const char *from, const char *to,
                     uint64_t flags);
uint32_t case_sweep(struct trial *t, struct opened *o, int64_t older_than_ns,
                    uint64_t *removed);

/* Skips the case unless the capability is told. */
#define NEED_CAPABILITY(t, o, member)                                                          \
    ((o)->capabilities.member != LAGAN_SUPPORT_NONE                                            \
         ? (void)0                                                                             \
         : trial_skip(t, "the driver does not tell the capability " #member))

#endif
