/* SPDX-License-Identifier: Apache-2.0 */
/* give.c - pieces of an entry as headers, tags and class of an object that is made. */
#include "src_bucket/src_bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Properties that are sent as headers: X(property, header). */
#define HEADERS(X)                                                                             \
    X(LAGAN_PROPERTY_TYPE, "Content-Type")                                                     \
    X(LAGAN_PROPERTY_ENCODING, "Content-Encoding")                                             \
    X(LAGAN_PROPERTY_LANGUAGE, "Content-Language")                                             \
    X(LAGAN_PROPERTY_DISPOSITION, "Content-Disposition")                                       \
    X(LAGAN_PROPERTY_CACHE, "Cache-Control")                                                   \
    X(LAGAN_PROPERTY_EXPIRES, "Expires")                                                       \
    X(LAGAN_PROPERTY_REDIRECT, "x-amz-website-redirect-location")

static const char meta_header[] = "x-amz-meta-";

static void lose(const struct lagan_metadata_collector *lost,
                 const struct lagan_metadata *piece, const char *why)
{
    if (lost != NULL && lost->lost != NULL)
        lost->lost(lost->context, piece->name, why);
}

static bool starts(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* A header ends at its line. */
static bool fits_header(const struct lagan_metadata *piece)
{
    const unsigned char *value = piece->value;
    for (size_t i = 0; i < piece->value_size; i++)
        if (value[i] < ' ' && value[i] != '\t')
            return false;
    return true;
}

/* A name of user metadata is a word of letters, digits and some signs. */
static bool fits_name(const char *name)
{
    for (; *name; name++)
        if (*name <= ' ' || *name == ':' || (unsigned char)*name >= 127)
            return false;
    return true;
}

/* Puts a terminated copy of both parts behind what `*bytes` holds. */
static const char *put(char **bytes, const char *front, const void *text, size_t size)
{
    char *start = *bytes;
    size_t front_size = strlen(front);
    memcpy(start, front, front_size);
    if (size > 0)
        memcpy(start + front_size, text, size);
    start[front_size + size] = 0;
    *bytes += front_size + size + 1;
    return start;
}

static void add_header(struct bucket_give *g, char **bytes, const char *front, const char *name,
                       const struct lagan_metadata *piece)
{
    struct s3_pair *pair = &g->headers[g->give.header_count++];
    pair->name = put(bytes, front, name, strlen(name));
    pair->value = put(bytes, "", piece->value, piece->value_size);
}

static void give_property(struct bucket_give *g, char **bytes,
                          const struct lagan_metadata *piece,
                          const struct lagan_metadata_collector *lost)
{
    static const struct {
        const char *property, *header;
    } known[] = {
#define X(property, header) {property, header},
        HEADERS(X)
#undef X
    };
    size_t meta = strlen(LAGAN_PROPERTY_META);
    bool is_meta = starts(piece->name, LAGAN_PROPERTY_META);
    if (!fits_header(piece) || (is_meta && !fits_name(piece->name + meta))) {
        lose(lost, piece, "no header can hold it");
        return;
    }
    if (is_meta) {
        add_header(g, bytes, meta_header, piece->name + meta, piece);
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(piece->name, known[i].property) == 0) {
            add_header(g, bytes, "", known[i].header, piece);
            return;
        }
    lose(lost, piece, "stores know no such property");
}

static void give_tag(const struct bucket *b, struct bucket_give *g, char **bytes,
                     const struct lagan_metadata *piece,
                     const struct lagan_metadata_collector *lost)
{
    if (!b->instance->tags)
        return;
    if (!s3_features(b->client)->tags) {
        lose(lost, piece, "the store knows no tags");
        return;
    }
    struct s3_pair *tag = &g->tags[g->give.tag_count++];
    const char *name = piece->name + strlen(LAGAN_PROPERTY_TAG);
    tag->name = put(bytes, "", name, strlen(name));
    tag->value = put(bytes, "", piece->value, piece->value_size);
}

static void give_class(const struct bucket *b, struct bucket_give *g, char **bytes,
                       const struct lagan_metadata *piece,
                       const struct lagan_metadata_collector *lost)
{
    const char *class = put(bytes, "", piece->value, piece->value_size);
    if (strcmp(class, "STANDARD") == 0)
        return;
    if (s3_features(b->client)->storage_classes && piece->value_size < S3_CLASS_SIZE)
        g->give.storage_class = class;
    else
        lose(lost, piece, "the store has no such storage class");
}

static void give_acl(const struct bucket *b, struct bucket_give *g,
                     const struct lagan_metadata *piece,
                     const struct lagan_metadata_collector *lost)
{
    /* It names people of one store: only on demand is it set elsewhere. */
    if (!b->instance->acl)
        return;
    if (s3_features(b->client)->acl)
        g->acl = piece;
    else
        lose(lost, piece, "the store knows no access control lists");
}

static void give_piece(const struct bucket *b, struct bucket_give *g, char **bytes,
                       const struct lagan_metadata *piece,
                       const struct lagan_metadata_collector *lost)
{
    if (piece->kind != LAGAN_METADATA_PROPERTY)
        lose(lost, piece, "objects have no such attributes");
    else if (starts(piece->name, LAGAN_FACT))
        return;
    else if (starts(piece->name, LAGAN_PROPERTY_TAG))
        give_tag(b, g, bytes, piece, lost);
    else if (strcmp(piece->name, LAGAN_PROPERTY_CLASS) == 0)
        give_class(b, g, bytes, piece, lost);
    else if (strcmp(piece->name, LAGAN_PROPERTY_ACL) == 0)
        give_acl(b, g, piece, lost);
    else
        give_property(g, bytes, piece, lost);
}

uint32_t bucket_give_make(const struct bucket *b, struct lagan_op *op,
                          const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost, struct bucket_give *g)
{
    size_t room = 1;
    *g = (struct bucket_give){.acl = NULL};
    if (count == 0)
        return LAGAN_OK;
    for (size_t i = 0; i < count; i++)
        room += strlen(pieces[i].name) + pieces[i].value_size + sizeof meta_header + 64;
    g->headers = calloc(count, sizeof *g->headers);
    g->tags = calloc(count, sizeof *g->tags);
    g->bytes = malloc(room);
    if (g->headers == NULL || g->tags == NULL || g->bytes == NULL) {
        bucket_give_free(g);
        return bucket_memory(op);
    }
    char *bytes = g->bytes;
    for (size_t i = 0; i < count; i++)
        give_piece(b, g, &bytes, &pieces[i], lost);
    g->give.headers = g->headers;
    g->give.tags = g->tags;
    return LAGAN_OK;
}

void bucket_give_free(struct bucket_give *g)
{
    free(g->headers);
    free(g->tags);
    free(g->bytes);
    *g = (struct bucket_give){.acl = NULL};
}

static uint32_t tell_fact(const struct lagan_metadata_collector *told, const char *name,
                          const char *value)
{
    struct lagan_metadata piece = {.kind = LAGAN_METADATA_PROPERTY,
                                   .name_size = (uint32_t)strlen(name),
                                   .name = name,
                                   .value = value,
                                   .value_size = strlen(value)};
    return value[0] ? told->add(told->context, &piece) : LAGAN_OK;
}

uint32_t bucket_give_finish(const struct bucket *b, struct lagan_op *op,
                            const struct bucket_name *name, const struct bucket_give *g,
                            const struct s3_made *made,
                            const struct lagan_metadata_collector *told)
{
    uint32_t result = LAGAN_OK;
    if (g != NULL && g->acl != NULL &&
        s3_acl_put(b->client, op, name->key, name->key_size,
                   made->version[0] ? made->version : NULL, g->acl->value,
                   g->acl->value_size) != LAGAN_OK)
        lose(told, g->acl, op->error.text);
    if (told == NULL || told->add == NULL)
        return LAGAN_OK;
    result = tell_fact(told, LAGAN_FACT_ETAG, made->etag);
    if (result == LAGAN_OK)
        result = tell_fact(told, LAGAN_FACT_VERSION, made->version);
    return result;
}

/* Whether the store refuses a second object of one name; asked of it once. */
static uint32_t probe(struct bucket *b, struct lagan_op *op)
{
    uint32_t result = LAGAN_OK;
    pthread_mutex_lock(&b->lock);
    if (!b->probed)
        result = s3_probe(b->client, op, b->prefix);
    b->probed = b->probed || result == LAGAN_OK;
    pthread_mutex_unlock(&b->lock);
    return result;
}

uint32_t bucket_look_absent(struct bucket *b, struct lagan_op *op,
                            const struct bucket_name *name, uint64_t flags, enum bucket_way way,
                            bool *if_absent)
{
    struct s3_object there = {0};
    if (if_absent != NULL)
        *if_absent = false;
    /* A version is always a new one. */
    if ((flags & LAGAN_CREATE_REPLACE) != 0 || name->version[0])
        return LAGAN_OK;
    uint32_t result = way == BUCKET_LOOK ? LAGAN_OK : probe(b, op);
    if (result != LAGAN_OK)
        return result;
    const struct s3_features *features = s3_features(b->client);
    if ((way == BUCKET_PUT && features->conditional_put) ||
        (way == BUCKET_COMPLETE && features->conditional_complete)) {
        *if_absent = true;
        return LAGAN_OK;
    }
    result = s3_head(b->client, op, name->key, name->key_size, NULL, &there, NULL);
    if (result == LAGAN_OK)
        return lagan_fail(op, LAGAN_EXISTS, 0, "an object of this name is there");
    return result == LAGAN_NOT_FOUND ? LAGAN_OK : result;
}
