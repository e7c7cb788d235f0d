/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.c - what is known of an object beside its content. */
#include "src_bucket/src_bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Headers that are properties: X(header, property). */
#define HEADERS(X)                                                                             \
    X("content-type", LAGAN_PROPERTY_TYPE)                                                     \
    X("content-encoding", LAGAN_PROPERTY_ENCODING)                                             \
    X("content-language", LAGAN_PROPERTY_LANGUAGE)                                             \
    X("content-disposition", LAGAN_PROPERTY_DISPOSITION)                                       \
    X("cache-control", LAGAN_PROPERTY_CACHE)                                                   \
    X("expires", LAGAN_PROPERTY_EXPIRES)                                                       \
    X("x-amz-website-redirect-location", LAGAN_PROPERTY_REDIRECT)

#define META_HEADER "x-amz-meta-"
enum { META_HEADER_SIZE = sizeof META_HEADER - 1 };

static void release(const void *text)
{
    free((void *)(uintptr_t)text);
}

void bucket_pieces_clear(struct bucket_pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++) {
        release(pieces->list[i].name);
        release(pieces->list[i].value);
    }
    free(pieces->list);
    *pieces = (struct bucket_pieces){0};
}

static struct lagan_metadata *piece_room(struct bucket_pieces *pieces)
{
    if (pieces->count == pieces->room) {
        size_t room = pieces->room ? pieces->room * 2 : 16;
        struct lagan_metadata *list = reallocarray(pieces->list, room, sizeof *list);
        if (list == NULL)
            return NULL;
        pieces->list = list;
        pieces->room = room;
    }
    return &pieces->list[pieces->count];
}

void bucket_pieces_add(struct bucket_pieces *pieces, const char *name, const void *value,
                       size_t size)
{
    struct lagan_metadata *piece = piece_room(pieces);
    char *own_name = piece ? strdup(name) : NULL;
    char *own_value = own_name ? malloc(size + 1) : NULL;
    if (own_value == NULL) {
        free(own_name);
        pieces->out_of_room = true;
        return;
    }
    memcpy(own_value, value, size);
    own_value[size] = 0;
    *piece = (struct lagan_metadata){.kind = LAGAN_METADATA_PROPERTY,
                                     .name_size = (uint32_t)strlen(name),
                                     .name = own_name,
                                     .value = own_value,
                                     .value_size = size};
    pieces->count++;
}

static void add_text(struct bucket_pieces *pieces, const char *group, const char *name,
                     const char *value)
{
    char *whole;
    if (asprintf(&whole, "%s%s", group, name) < 0) {
        pieces->out_of_room = true;
        return;
    }
    bucket_pieces_add(pieces, whole, value, strlen(value));
    free(whole);
}

static int compare_pieces(const void *a, const void *b)
{
    return strcmp(((const struct lagan_metadata *)a)->name,
                  ((const struct lagan_metadata *)b)->name);
}

void bucket_pieces_sort(struct bucket_pieces *pieces)
{
    size_t kept = 0;
    if (pieces->count > 0)
        qsort(pieces->list, pieces->count, sizeof *pieces->list, compare_pieces);
    /* A name that an answer repeats is told once. */
    for (size_t i = 0; i < pieces->count; i++) {
        if (kept > 0 && strcmp(pieces->list[kept - 1].name, pieces->list[i].name) == 0) {
            release(pieces->list[i].name);
            release(pieces->list[i].value);
            continue;
        }
        pieces->list[kept++] = pieces->list[i];
    }
    pieces->count = kept;
}

/* `aws-chunked` names the way it was sent, not what it is. */
static void add_encoding(struct bucket_pieces *pieces, const char *value)
{
    static const char sent[] = "aws-chunked";
    if (strncmp(value, sent, sizeof sent - 1) == 0)
        value += sizeof sent - 1;
    value += strspn(value, ", ");
    if (*value)
        bucket_pieces_add(pieces, LAGAN_PROPERTY_ENCODING, value, strlen(value));
}

static void take_header(void *context, const char *name, const char *value)
{
    static const struct {
        const char *header, *property;
    } known[] = {
#define X(header, property) {header, property},
        HEADERS(X)
#undef X
    };
    struct bucket_pieces *pieces = context;
    if (strncmp(name, META_HEADER, META_HEADER_SIZE) == 0 && name[META_HEADER_SIZE])
        add_text(pieces, LAGAN_PROPERTY_META, name + META_HEADER_SIZE, value);
    else if (strcmp(name, "x-amz-tagging-count") == 0)
        pieces->tags = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "content-encoding") == 0)
        add_encoding(pieces, value);
    else
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strcmp(name, known[i].header) == 0)
                bucket_pieces_add(pieces, known[i].property, value, strlen(value));
}

struct s3_header_collector bucket_pieces_headers(struct bucket_pieces *pieces)
{
    return (struct s3_header_collector){.context = pieces, .add = take_header};
}

void bucket_pieces_facts(struct bucket_pieces *pieces, const struct s3_object *object)
{
    if (object->etag[0])
        add_text(pieces, LAGAN_FACT_ETAG, "", object->etag);
    if (strchr(object->etag, '-') != NULL)
        add_text(pieces, LAGAN_FACT_MULTIPART, "", "yes");
    if (object->replication[0])
        add_text(pieces, LAGAN_FACT_REPLICATION, "", object->replication);
    if (object->version[0])
        add_text(pieces, LAGAN_FACT_VERSION, "", object->version);
    if (object->storage_class[0])
        add_text(pieces, LAGAN_PROPERTY_CLASS, "", object->storage_class);
}

static uint32_t take_tag(void *context, const char *name, const char *value)
{
    add_text(context, LAGAN_PROPERTY_TAG, name, value);
    return LAGAN_OK;
}

/* What is wrong with one piece is no failure of the entry, as long as the store can be asked
 * for others. */
static uint32_t judge(struct lagan_op *op, uint32_t result, const char *what,
                      const struct lagan_metadata_collector *lost)
{
    bool minor = result == LAGAN_DENIED || result == LAGAN_UNSUPPORTED ||
                 result == LAGAN_CORRUPT || result == LAGAN_NOT_FOUND;
    if (!minor)
        return result;
    if (lost != NULL && lost->lost != NULL)
        lost->lost(lost->context, what, op->error.text);
    return LAGAN_OK;
}

static uint32_t add_acl(const struct bucket *b, struct lagan_op *op,
                        const struct bucket_name *name, struct bucket_pieces *pieces)
{
    char *text = NULL;
    size_t size = 0;
    uint32_t result = s3_acl_get(b->client, op, name->key, name->key_size,
                                 bucket_name_version(name), &text, &size);
    if (result != LAGAN_OK)
        return result;
    bucket_pieces_add(pieces, LAGAN_PROPERTY_ACL, text, size);
    free(text);
    return LAGAN_OK;
}

uint32_t bucket_pieces_further(const struct bucket *b, struct lagan_op *op,
                               const struct bucket_name *name, struct bucket_pieces *pieces,
                               const struct lagan_metadata_collector *lost)
{
    const struct s3_features *features = s3_features(b->client);
    struct s3_pair_collector tags = {.context = pieces, .add = take_tag};
    uint32_t result = LAGAN_OK;
    if (b->instance->tags && features->tags && pieces->tags > 0) {
        result = s3_tags_get(b->client, op, name->key, name->key_size,
                             bucket_name_version(name), &tags);
        result = judge(op, result, "tags", lost);
    }
    if (result == LAGAN_OK && b->instance->acl && features->acl)
        result = judge(op, add_acl(b, op, name, pieces), LAGAN_PROPERTY_ACL, lost);
    return result;
}

uint32_t bucket_pieces_hand(struct bucket_pieces *pieces,
                            const struct lagan_metadata_collector *to)
{
    uint32_t result = LAGAN_OK;
    bucket_pieces_sort(pieces);
    for (size_t i = 0; result == LAGAN_OK && i < pieces->count; i++)
        result = to->add(to->context, &pieces->list[i]);
    if (result == LAGAN_OK && pieces->out_of_room && to->lost != NULL)
        to->lost(to->context, "properties", "out of memory");
    return result;
}
