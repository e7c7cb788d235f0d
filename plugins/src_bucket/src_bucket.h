/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_bucket.h - a bucket of an object store, or what begins with a prefix in it, as a source.
 *
 * Keys of entries are keys of objects without the instance's prefix.  With versions they carry
 * the suffix of <lagan/source.h>.  What the store knows comes through common/s3/s3.h.
 */
#ifndef SRC_BUCKET_SRC_BUCKET_H
#define SRC_BUCKET_SRC_BUCKET_H

#include "common/s3/s3.h"

#include <lagan/source.h>
#include <pthread.h>
#include <stdbool.h>

enum {
    BUCKET_STAMP_SIZE = 32,
    BUCKET_WHOLE_BYTES = 16 << 20, /* longer objects are read in ranges */
    BUCKET_RANGE_BYTES = 8 << 20,
    BUCKET_PART_BYTES = 16 << 20, /* longer ones are written in parts, of at least so much */
    BUCKET_PUT_BYTES =
        64 << 20, /* ... but what was no longer, and came whole, goes back whole */
    BUCKET_PARTS_AT_A_TIME = 4,     /* that are uploaded */
    BUCKET_HELD_BYTES = 128 << 20,  /* of parts that are sent, for each object */
    BUCKET_VERSIONS_LIMIT = 100000, /* of one object */
    BUCKET_AHEAD_LIMIT = 16,
    BUCKET_PLACE_SIZE = 1024,
    /* key, zero byte, digits, version id */
    BUCKET_ENTRY_KEY_SIZE = S3_KEY_LIMIT + 1 + LAGAN_VERSION_TIME_SIZE + S3_VERSION_SIZE
};

struct bucket_instance {
    struct s3_settings *settings;
    struct s3_settings *other; /* the same, for another bucket of the store */
    char *prefix;              /* never NULL after configured */
    char *place;               /* BUCKET[/PREFIX], stronger than both; NULL = not given */
    bool all_versions;
    bool acl;
    bool tags;
    unsigned ahead;    /* ranges read at a time */
    unsigned warm;     /* days; 0 = archived objects are not asked for */
    unsigned parallel; /* connections */
};

/* A handle. */
struct bucket {
    struct bucket_instance *instance;
    struct s3 *client;
    const char *prefix;
    size_t prefix_size;
    uint32_t versions; /* enum lagan_versions */
    bool writable;
    pthread_mutex_t lock;
    bool probed;      /* under the lock */
    struct s3 *other; /* a client of another bucket; under the lock, then constant */
};
/* With the lock held: makes `other`. */
uint32_t bucket_open_other(struct bucket *b, struct lagan_op *op, const char *bucket);

uint32_t bucket_memory(struct lagan_op *op);
/* UNSUPPORTED for a bit of the low half of `flags` that is not in `known`, CANCELLED when the
 * op is; else OK. */
uint32_t bucket_check_call(struct lagan_op *op, uint64_t flags, uint64_t known);

/* names.c: an entry's key taken apart. */
struct bucket_name {
    char key[S3_KEY_LIMIT + 1]; /* with the prefix, terminated */
    size_t key_size;
    char version[S3_VERSION_SIZE]; /* "" = none */
    bool root;
};
/* INVALID for keys that no walk hands over, LIMIT for those that no store can hold. */
uint32_t bucket_name_parse(const struct bucket *b, struct lagan_op *op, const void *key,
                           size_t key_size, struct bucket_name *name);
/* LIMIT for a name that no object can be given. */
uint32_t bucket_name_check(struct lagan_op *op, const struct bucket_name *name);
/* How much of a key's beginning can be sent as the place to go on from: stores repeat it in
 * their answers, where not every byte has a place. */
size_t bucket_name_plain(const char *key, size_t size);
/* The version id to ask for, or NULL. */
const char *bucket_name_version(const struct bucket_name *name);
/* Makes the key of a version into `key` of BUCKET_ENTRY_KEY_SIZE bytes; gives its length. */
size_t bucket_version_key(char *key, const char *object, size_t object_size, int64_t moment_ns,
                          const char *version);

/* pieces.c: metadata that is kept, sorted by name when it is handed over. */
struct bucket_pieces {
    struct lagan_metadata *list; /* names and values are from malloc */
    size_t count, room;
    unsigned tags;    /* how many the answer has announced */
    bool out_of_room; /* a piece could not be kept */
};
void bucket_pieces_clear(struct bucket_pieces *pieces);
void bucket_pieces_add(struct bucket_pieces *pieces, const char *name, const void *value,
                       size_t size);
void bucket_pieces_sort(struct bucket_pieces *pieces);
/* Takes headers of an answer; `context` of the collector is `pieces`. */
struct s3_header_collector bucket_pieces_headers(struct bucket_pieces *pieces);
/* Adds what the store tells of the object itself. */
void bucket_pieces_facts(struct bucket_pieces *pieces, const struct s3_object *object);
/* Adds tags and the access control list, where they are asked for.  What cannot be had is told
 * to `lost`. */
uint32_t bucket_pieces_further(const struct bucket *b, struct lagan_op *op,
                               const struct bucket_name *name, struct bucket_pieces *pieces,
                               const struct lagan_metadata_collector *lost);
uint32_t bucket_pieces_hand(struct bucket_pieces *pieces,
                            const struct lagan_metadata_collector *to);

/* entry.c: objects as entries. */
struct bucket_entry {
    struct lagan_entry entry;
    uint8_t stamp[BUCKET_STAMP_SIZE];
    struct lagan_metadata pieces[6];
};
/* `key`: of the entry.  `versioned`: the key is that of a version.  `pieces`: with what the
 * object tells.  All that `made` points to lasts as long as `object` and `key`. */
void bucket_entry_make(struct bucket_entry *made, const void *key, size_t key_size,
                       const struct s3_object *object, bool versioned, bool pieces);
/* Whether the id of the entry `key` is that of `object`. */
bool bucket_entry_is(const void *key, size_t key_size, const struct s3_object *object,
                     bool versioned, const void *id, size_t id_size);
/* The root. */
void bucket_entry_root(struct lagan_entry *entry);

/* give.c: pieces as a store takes them. */
struct bucket_give {
    struct s3_give give;
    struct s3_pair *headers;
    struct s3_pair *tags;
    char *bytes; /* of names and values */
    const struct lagan_metadata *acl;
};
/* What cannot be kept goes to `lost` (may be NULL). */
uint32_t bucket_give_make(const struct bucket *b, struct lagan_op *op,
                          const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost, struct bucket_give *g);
void bucket_give_free(struct bucket_give *g);
/* Sets the access control list that `g` has, and tells what was made. */
uint32_t bucket_give_finish(const struct bucket *b, struct lagan_op *op,
                            const struct bucket_name *name, const struct bucket_give *g,
                            const struct s3_made *made,
                            const struct lagan_metadata_collector *told);
/* How an object comes to be. */
enum bucket_way { BUCKET_PUT, BUCKET_COMPLETE, BUCKET_LOOK };
/* Where `flags` lack REPLACE: `*if_absent` says that the store itself is to refuse a name that
 * is taken; where it does not do that, looks (EXISTS), as always with BUCKET_LOOK. */
uint32_t bucket_look_absent(struct bucket *b, struct lagan_op *op,
                            const struct bucket_name *name, uint64_t flags, enum bucket_way way,
                            bool *if_absent);

/* Slots of <lagan/source.h>. */
uint32_t bucket_walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk);
uint32_t bucket_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries);
void bucket_walk_close(void *walk);
uint32_t bucket_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader);
uint32_t bucket_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got);
uint32_t bucket_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict);
uint32_t bucket_entry_metadata(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces);
uint32_t bucket_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces);
uint32_t bucket_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes);
uint32_t bucket_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer);
uint32_t bucket_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size);
uint32_t bucket_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);
uint32_t bucket_entry_commit(void *writer, struct lagan_op *op,
                             const struct lagan_metadata *pieces, size_t count,
                             const struct lagan_metadata_collector *lost);
void bucket_entry_abort(void *writer);
uint32_t bucket_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost);
uint32_t bucket_directory_finish(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost);
uint32_t bucket_place_name(void *handle, struct lagan_op *op, char *name, size_t size);
uint32_t bucket_entry_copy(void *handle, struct lagan_op *op, const char *place,
                           const void *from, size_t from_size, const void *id, size_t id_size,
                           const struct lagan_entry *entry, uint64_t flags,
                           const struct lagan_metadata *pieces, size_t count,
                           const struct lagan_metadata_collector *lost);
uint32_t bucket_entry_remove(void *handle, struct lagan_op *op, const void *key,
                             size_t key_size, uint64_t flags);
uint32_t bucket_check(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings);

#endif
