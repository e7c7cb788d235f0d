/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tgt_s3.h - the parts of the target in an object store, and what they share.
 *
 * An object's key in the bucket is the prefix of the place and the key the host gave it.
 * Private names have an '@', which no key of the host has: "@tmp/" bodies that have no name
 * yet, "@claims/" who wants which name (claim.c), "@probe" what the client tries.  Everything
 * that is put bears the header x-amz-meta-lagan, so that it is known again among the versions
 * of others.
 */
#ifndef PLUGINS_TGT_S3_H
#define PLUGINS_TGT_S3_H

#include "common/s3/s3.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
    PREFIX_LIMIT = 600, /* bytes of the place; claims add some 300 */
    ID_SIZE = 33,       /* 16 random bytes in hexadecimal, terminated */
    SHA256_BYTES = 32
};
#define MARK_HEADER "x-amz-meta-lagan"
#define PRIVATE "@"
#define TEMPORARY "@tmp/"
#define CLAIMS "@claims/"

/* One body up to here: what every store takes in one request. */
#define SINGLE_PUT_BYTES (UINT64_C(5) << 30)
#define OBJECT_LIMIT_BYTES (UINT64_C(5) << 40)

struct instance {
    struct s3_settings *settings;
    char prefix[PREFIX_LIMIT + 2]; /* "" or with a slash at its end */
    char pack_class[S3_CLASS_SIZE];
    char small_class[S3_CLASS_SIZE];
    const char *lock_mode; /* as the store names it; NULL = none */
    int64_t lock_for_ns;
    uint64_t part_bytes;
    uint32_t warm_days; /* 0 = nothing is warmed */
};

/* Whether removing means removing a version. */
enum versioned { VERSIONED_UNKNOWN, VERSIONED_NO, VERSIONED_YES };

/* An open place. */
struct store {
    struct s3 *client;
    const struct instance *instance;
    bool read_only;
    bool conditional; /* a put where the name must be free is decided by the store */
    bool conditional_complete;
    atomic_int versioned; /* enum versioned */
};

/* A key in the bucket. */
struct name {
    char text[S3_KEY_LIMIT + 1];
    size_t size;
};

/* names.c */

/* The key of the host's `key` below the place. */
struct name name_of(const struct store *s, const char *key);
/* A private name: the place and what vprintf makes of the rest. */
struct name name_format(const struct store *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether the bytes are a key as the host makes them. */
bool name_is_key(const char *key, size_t size);
/* Whether `key` says the SHA-256 of its bytes, or its first half: whoever puts it puts the same
 * bytes. */
bool name_tells_content(const char *key, const uint8_t sha256[SHA256_BYTES]);
void id_make(char id[ID_SIZE]);

/* give.c: what objects are given, and checks that calls begin with. */

/* CANCELLED, UNSUPPORTED for unknown flags, DENIED when the place was opened for reading. */
uint32_t call_check(const struct store *s, struct lagan_op *op, uint64_t flags, uint64_t known);
/* What an object of the host's key `key` is given; `mark` and `pair` last as long as it. */
struct s3_give give_of(const struct store *s, const char *key, const char *mark,
                       struct s3_pair *pair);
/* The same for a private one: neither class nor lock. */
struct s3_give give_private(const char *mark, struct s3_pair *pair);
/* The outcome of the op's error. */
void fail_outcome(struct lagan_op *op, uint32_t outcome);
uint32_t fail_taken(struct lagan_op *op);

/* read.c */
uint32_t bucket_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink);
uint32_t bucket_stat(void *handle, struct lagan_op *op, const char *key,
                     struct lagan_object *object);
/* OK it is there, NOT_FOUND, or why nobody can tell; `told`, `mark` (its header; ID_SIZE bytes,
 * "" = none) may be NULL. */
uint32_t name_look(const struct store *s, struct lagan_op *op, const struct name *name,
                   struct s3_object *told, char *mark);

/* list.c */
uint32_t bucket_list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more);

/* body.c: bytes on their way. */

struct body {
    uint64_t bytes;
    const struct lagan_content *content;
    const uint8_t *sha256; /* NULL = not known */
};
/* The SHA-256 of a content. */
uint32_t body_hash(struct lagan_op *op, const struct body *body, uint8_t sha256[SHA256_BYTES]);
/* Puts it as `name`, in parts when it is long. */
uint32_t body_put(const struct store *s, struct lagan_op *op, const struct name *name,
                  const struct body *body, const struct s3_give *give);

/* put.c */
enum { PUT_FLAGS = LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE };
/* Puts a body whose SHA-256 is known. */
uint32_t put_body(struct store *s, struct lagan_op *op, const char *key,
                  const struct body *body, uint64_t flags);
uint32_t bucket_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256);
uint32_t bucket_copy(void *handle, struct lagan_op *op, const char *from, const char *to,
                     uint64_t flags);

/* claim.c: names where the store does not decide who gets them. */

/*
 * Gives the name `key` to one of all who want it.  The bytes lie in the private object
 * "@tmp/ID" when `make` is NULL; else make(context, ID) puts them there.  OK: the name is ours.
 * EXISTS: it is somebody else's.  The body is removed.
 */
struct claimed {
    const char *key;
    uint64_t bytes;
    char id[ID_SIZE];
    uint32_t (*make)(void *context, struct lagan_op *op, const char *id);
    void *context;
};
uint32_t claim_name(struct store *s, struct lagan_op *op, const struct claimed *c);
/* Copies "@tmp/ID" to `key` for which nobody else has other bytes. */
uint32_t claim_content(struct store *s, struct lagan_op *op, const struct claimed *c);

/* stage.c */
uint32_t bucket_stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                            void **stage);
uint32_t bucket_stage_write(void *stage, struct lagan_op *op, const void *data, size_t size);
uint32_t bucket_stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags);
void bucket_stage_abort(void *stage);

/* parts.c */
uint32_t bucket_multipart_begin(void *handle, struct lagan_op *op, const char *key,
                                uint64_t bytes, void **upload);
uint32_t bucket_part_put(void *upload, struct lagan_op *op, uint32_t number, uint64_t bytes,
                         const struct lagan_content *content, const uint8_t *sha256);
uint32_t bucket_multipart_complete(void *upload, struct lagan_op *op, uint32_t parts,
                                   uint64_t flags);
void bucket_multipart_abort(void *upload);

/* remove.c */
uint32_t bucket_remove(void *handle, struct lagan_op *op, const char *key);
/* Removes what lagan has put under a name, private or not. */
uint32_t name_remove(struct store *s, struct lagan_op *op, const char *name, size_t size);
/* The same of many private ones, as far as it goes; the op's error stays as it is. */
void names_remove(struct store *s, struct lagan_op *op, struct s3_removal *names, size_t count);

/* sweep.c */
uint32_t bucket_sweep(void *handle, struct lagan_op *op, int64_t older_than_ns,
                      uint64_t *removed);

#endif
