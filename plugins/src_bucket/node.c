/* SPDX-License-Identifier: Apache-2.0 */
/* node.c - what is made, copied and removed without its bytes passing through here. */
#include "src_bucket/src_bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t create_flags = LAGAN_CREATE_REPLACE | LAGAN_CREATE_UNPRIVILEGED |
                                     LAGAN_CREATE_NUMERIC_OWNERS | LAGAN_CREATE_NO_OWNERS |
                                     LAGAN_CREATE_SYNC;

static uint32_t check_writable(const struct bucket *b, struct lagan_op *op, uint64_t flags,
                               uint64_t known)
{
    uint32_t result = bucket_check_call(op, flags, known);
    if (result == LAGAN_OK && !b->writable)
        return lagan_fail(op, LAGAN_INVALID, 0, "the source is open for reading alone");
    return result;
}

/* A removal without a version says that the object was deleted. */
static uint32_t make_marker(struct bucket *b, struct lagan_op *op,
                            const struct bucket_name *name,
                            const struct lagan_metadata_collector *lost)
{
    struct s3_made made = {.etag = ""};
    uint32_t result = s3_remove(b->client, op, name->key, name->key_size, NULL, false, &made);
    made.etag[0] = 0;
    return result == LAGAN_OK ? bucket_give_finish(b, op, name, NULL, &made, lost) : result;
}

uint32_t bucket_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost)
{
    struct bucket *b = handle;
    struct bucket_name name;
    uint32_t result = check_writable(b, op, flags, create_flags);
    (void)pieces;
    (void)count;
    if (result == LAGAN_OK)
        result = bucket_name_parse(b, op, entry->key, entry->key_size, &name);
    if (result != LAGAN_OK)
        return result;
    if (entry->type == LAGAN_ENTRY_DIRECTORY && name.root)
        return LAGAN_OK;
    if (entry->type != LAGAN_ENTRY_MARKER || name.root)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "a bucket holds objects alone");
    return make_marker(b, op, &name, lost);
}

uint32_t bucket_directory_finish(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost)
{
    struct bucket *b = handle;
    uint32_t result = check_writable(b, op, flags, create_flags);
    (void)pieces;
    (void)count;
    (void)lost;
    if (result != LAGAN_OK || entry->key_size == 0)
        return result;
    return lagan_fail(op, LAGAN_NOT_FOUND, 0, "a bucket has no directories");
}

/* What stands behind the bucket's name when objects below a prefix alone are meant. */
#define PREFIX_MARK "?prefix="

static void append_prefix(const char *prefix, size_t size, char *name)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_.~";
    char *at = name;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)prefix[i];
        if (byte != 0 && strchr(plain, byte) != NULL) {
            *at++ = (char)byte;
            continue;
        }
        *at++ = '%';
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    *at = 0;
}

uint32_t bucket_place_name(void *handle, struct lagan_op *op, char *name, size_t size)
{
    const struct bucket *b = handle;
    const char *place = s3_place(b->client);
    size_t needed = strlen(place) + sizeof PREFIX_MARK + 3 * b->prefix_size;
    if (needed > size)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the place's name takes %zu bytes", needed);
    int written = snprintf(name, size, "%s%s", place, b->prefix_size > 0 ? PREFIX_MARK : "");
    append_prefix(b->prefix, b->prefix_size, name + written);
    return LAGAN_OK;
}

static int hex_value(char digit)
{
    const char *digits = "0123456789ABCDEF";
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* The prefix that a place's name ends with, decoded; false when it is malformed or too long. */
static bool read_prefix(const char *text, char prefix[S3_KEY_LIMIT + 1], size_t *size)
{
    *size = 0;
    for (; *text; text++) {
        int high = text[0] == '%' ? hex_value(text[1]) : -1;
        int low = high >= 0 ? hex_value(text[2]) : -1;
        if (*size == S3_KEY_LIMIT || (text[0] == '%' && low < 0))
            return false;
        prefix[(*size)++] = text[0] == '%' ? (char)(high << 4 | low) : text[0];
        text += text[0] == '%' ? 2 : 0;
    }
    prefix[*size] = 0;
    return true;
}

/* An object of another handle's place. */
struct original {
    char bucket[256];
    char prefix[S3_KEY_LIMIT + 1];
    struct bucket_name name;
    struct s3_object told;
};

static uint32_t find_place(struct bucket *b, struct lagan_op *op, const char *place,
                           struct original *o, size_t *prefix_size)
{
    const char *own = s3_place(b->client);
    const char *own_end = strrchr(own, '/'), *end = strrchr(place, '/');
    *prefix_size = 0;
    if (own_end == NULL || end == NULL || end - place != own_end - own ||
        strncmp(own, place, (size_t)(end - place)) != 0)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the original is in another store");
    const char *mark = strstr(end, PREFIX_MARK);
    size_t size = mark ? (size_t)(mark - end - 1) : strlen(end + 1);
    if (size == 0 || size >= sizeof o->bucket ||
        (mark != NULL && !read_prefix(mark + strlen(PREFIX_MARK), o->prefix, prefix_size)))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the place's name is not understood");
    memcpy(o->bucket, end + 1, size);
    o->bucket[size] = 0;
    return LAGAN_OK;
}

static uint32_t find_original(struct bucket *b, struct lagan_op *op, const char *place,
                              const void *from, size_t from_size, struct original *o)
{
    size_t prefix_size;
    uint32_t result = find_place(b, op, place, o, &prefix_size);
    struct bucket there = {.prefix = o->prefix, .prefix_size = prefix_size};
    if (result == LAGAN_OK)
        result = bucket_name_parse(&there, op, from, from_size, &o->name);
    if (result == LAGAN_OK && o->name.root)
        result = lagan_fail(op, LAGAN_INVALID, 0, "the root is no object");
    return result;
}

static uint32_t copy(struct bucket *b, struct lagan_op *op, const struct original *o,
                     const struct bucket_name *name, uint64_t flags,
                     const struct bucket_give *give, struct s3_made *made)
{
    struct s3_original from = {.bucket = o->bucket,
                               .key = o->name.key,
                               .key_size = o->name.key_size,
                               .version = bucket_name_version(&o->name),
                               .if_match = o->told.etag[0] ? o->told.etag : NULL,
                               .bytes = o->told.bytes};
    /* Stores refuse names that are taken when something is put, not when it is copied. */
    uint32_t result = bucket_look_absent(b, op, name, flags, BUCKET_LOOK, NULL);
    if (result != LAGAN_OK)
        return result;
    result = s3_copy(b->client, op, &from, name->key, name->key_size,
                     (flags & LAGAN_CREATE_KEEP_PIECES) != 0, &give->give, made);
    return result == LAGAN_PRECONDITION
               ? lagan_fail(op, LAGAN_CHANGED, 0, "the original was replaced")
               : result;
}

/* A client of the original's bucket, kept for the next copy. */
static uint32_t client_of(struct bucket *b, struct lagan_op *op, const char *bucket,
                          struct s3 **client)
{
    uint32_t result = LAGAN_OK;
    *client = b->client;
    if (strcmp(bucket, s3_bucket(b->client)) == 0)
        return LAGAN_OK;
    pthread_mutex_lock(&b->lock);
    if (b->other == NULL)
        result = bucket_open_other(b, op, bucket);
    *client = b->other;
    pthread_mutex_unlock(&b->lock);
    if (result == LAGAN_OK && strcmp(bucket, s3_bucket(*client)) != 0)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "a handle copies from one other bucket");
    return result;
}

/* Makes sure that the original is the one that is meant, and learns its length. */
static uint32_t look_original(struct bucket *b, struct lagan_op *op, struct original *o,
                              const void *from, size_t from_size, const void *id,
                              size_t id_size)
{
    struct s3 *client;
    uint32_t result = client_of(b, op, o->bucket, &client);
    if (result == LAGAN_OK)
        result = s3_head(client, op, o->name.key, o->name.key_size,
                         bucket_name_version(&o->name), &o->told, NULL);
    if (result == LAGAN_OK &&
        !bucket_entry_is(from, from_size, &o->told, o->name.version[0] != 0, id, id_size))
        return lagan_fail(op, LAGAN_CHANGED, 0, "the original was replaced");
    return result;
}

uint32_t bucket_entry_copy(void *handle, struct lagan_op *op, const char *place,
                           const void *from, size_t from_size, const void *id, size_t id_size,
                           const struct lagan_entry *entry, uint64_t flags,
                           const struct lagan_metadata *pieces, size_t count,
                           const struct lagan_metadata_collector *lost)
{
    struct bucket *b = handle;
    struct bucket_give give = {.acl = NULL};
    struct s3_made made = {.etag = ""};
    struct bucket_name name;
    uint32_t result = check_writable(b, op, flags, create_flags | LAGAN_CREATE_KEEP_PIECES);
    struct original *o = result == LAGAN_OK ? calloc(1, sizeof *o) : NULL;
    if (result != LAGAN_OK)
        return result;
    if (o == NULL)
        return bucket_memory(op);
    result = bucket_name_parse(b, op, entry->key, entry->key_size, &name);
    if (result == LAGAN_OK && (name.root || entry->type != LAGAN_ENTRY_OBJECT))
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "objects alone are copied");
    if (result == LAGAN_OK)
        result = bucket_name_check(op, &name);
    if (result == LAGAN_OK)
        result = find_original(b, op, place, from, from_size, o);
    if (result == LAGAN_OK)
        result = look_original(b, op, o, from, from_size, id, id_size);
    if (result == LAGAN_OK)
        result = bucket_give_make(b, op, pieces, count, lost, &give);
    if (result == LAGAN_OK)
        result = copy(b, op, o, &name, flags, &give, &made);
    if (result == LAGAN_OK)
        result = bucket_give_finish(b, op, &name, &give, &made, lost);
    bucket_give_free(&give);
    free(o);
    return result;
}

uint32_t bucket_entry_remove(void *handle, struct lagan_op *op, const void *key,
                             size_t key_size, uint64_t flags)
{
    struct bucket *b = handle;
    struct bucket_name name;
    uint32_t result = check_writable(b, op, flags, 0);
    if (result == LAGAN_OK)
        result = bucket_name_parse(b, op, key, key_size, &name);
    if (result != LAGAN_OK)
        return result;
    if (name.root)
        return lagan_fail(op, LAGAN_EXISTS, 0, "the bucket itself stays");
    return s3_remove(b->client, op, name.key, name.key_size, bucket_name_version(&name), false,
                     NULL);
}
