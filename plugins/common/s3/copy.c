/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.c - copies within a store, without moving the bytes through us: in one request, or in
 * parts where the object is too long for one.
 *
 * A copy in one request takes over headers and tags by itself, but for the class; one in parts
 * takes over nothing.  What is missing is read from the original first.
 */
#include "common/s3/upload.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Pieces are small enough that several threads share a copy well, and that one fits into what a
 * store does before it loses patience. */
#define PIECE_BYTES (UINT64_C(256) << 20)

struct copying {
    struct s3 *client;
    struct lagan_op *op;
    struct s3_original from; /* with if_match, once the original was looked at */
    const char *key;
    size_t key_size;
    bool keep;
    struct s3_give give; /* of the caller, without conditions */
    bool in_parts;

    bool looked;
    struct s3_object told;
    struct s3_text names; /* name, 0, value, 0, ... of headers, then of tags */
    size_t header_count;
    size_t tag_count;
    struct s3_pair *pairs; /* headers, then tags, the original's before ours */
    struct s3_give merged;
};

struct s3_give s3_give_plain(const struct s3_give *give)
{
    struct s3_give plain = {0};
    if (give)
        plain = *give;
    plain.if_absent = false;
    plain.if_match = NULL;
    return plain;
}

uint32_t s3_check_target(struct s3 *client, struct lagan_op *op, const char *key,
                         size_t key_size, const struct s3_give *give)
{
    struct s3_object told = {0};
    if (!give || (!give->if_absent && !give->if_match))
        return LAGAN_OK;
    uint32_t result = s3_head(client, op, key, key_size, NULL, &told, NULL);
    if (result != LAGAN_OK && result != LAGAN_NOT_FOUND)
        return result;
    if (give->if_absent && result == LAGAN_OK)
        return lagan_fail(op, LAGAN_EXISTS, 0, "the key is taken");
    if (give->if_match && (result != LAGAN_OK || strcmp(told.etag, give->if_match) != 0))
        return lagan_fail(op, LAGAN_PRECONDITION, 0, "the object is another one by now");
    return LAGAN_OK;
}

void s3_copy_source(struct s3_text *text, const char *bucket, const struct s3_original *from)
{
    s3_text_string(text, "/");
    s3_text_encode(text, bucket, strlen(bucket), false);
    s3_text_string(text, "/");
    s3_text_encode(text, from->key, from->key_size, true);
    if (!from->version)
        return;
    s3_text_string(text, "?versionId=");
    s3_text_encode(text, from->version, strlen(from->version), false);
}

void s3_add_original(struct s3 *client, struct s3_request *request,
                     const struct s3_original *from)
{
    struct s3_text source = {0};
    s3_copy_source(&source, from->bucket ? from->bucket : s3_bucket(client), from);
    if (source.failed)
        request->flaw = S3_FLAW_MEMORY;
    else
        s3_add_header(request, "x-amz-copy-source", source.data);
    s3_text_free(&source);
    if (from->if_match)
        s3_add_header_format(request, "x-amz-copy-source-if-match", "\"%s\"", from->if_match);
}

/* Headers that an object keeps; the rest belongs to the answer. */
static bool is_kept(const char *name)
{
    static const char *const kept[] = {"content-type",
                                       "content-encoding",
                                       "content-disposition",
                                       "content-language",
                                       "cache-control",
                                       "expires",
                                       "x-amz-website-redirect-location"};
    if (strncasecmp(name, "x-amz-meta-", 11) == 0)
        return true;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (strcasecmp(name, kept[i]) == 0)
            return true;
    return false;
}

static void keep_pair(struct copying *c, const char *name, const char *value)
{
    s3_text_add(&c->names, name, strlen(name) + 1);
    s3_text_add(&c->names, value, strlen(value) + 1);
}

static void take_header(void *context, const char *name, const char *value)
{
    struct copying *c = context;
    if (!is_kept(name))
        return;
    keep_pair(c, name, value);
    c->header_count++;
}

static uint32_t take_tag(void *context, const char *name, const char *value)
{
    struct copying *c = context;
    keep_pair(c, name, value);
    c->tag_count++;
    return LAGAN_OK;
}

/* `told`: what the original is now. */
static uint32_t look(struct copying *c, const struct s3_header_collector *headers,
                     struct s3_object *told)
{
    struct s3_request request = s3_request_of(S3_HEAD, c->from.key, c->from.key_size);
    struct s3_answer answer = {.headers = headers};
    request.bucket = c->from.bucket;
    s3_add_version(&request, c->from.version);
    uint32_t result = s3_execute(c->client, c->op, &request, &answer);
    if (result == LAGAN_OK)
        *told = answer.object;
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

static uint32_t check_original(struct copying *c, const struct s3_object *told)
{
    if (c->from.if_match && strcmp(c->from.if_match, told->etag) != 0)
        return lagan_fail(c->op, LAGAN_PRECONDITION, 0, "the original is another one by now");
    if (told->bytes != c->from.bytes)
        return lagan_fail(c->op, LAGAN_PRECONDITION, 0,
                          "the original has another length by now");
    return LAGAN_OK;
}

/* Whether something must be known of the original that the caller did not say. */
static bool must_look(const struct copying *c)
{
    const struct s3_features *features = s3_features(c->client);
    if (c->in_parts || (c->from.if_match && !features->copy_condition))
        return true;
    return c->keep &&
           (c->give.header_count > 0 || (features->storage_classes && !c->give.storage_class));
}

static bool is_apart(const struct copying *c)
{
    return s3_dialect(c->client)->marks & S3_IS_TAGS_APART;
}

/* Whether the store does not take over the original's tags by itself. */
static bool must_read_tags(const struct copying *c)
{
    return c->keep && c->give.tag_count == 0 && s3_features(c->client)->tags &&
           (c->in_parts || (is_apart(c) && c->give.header_count > 0));
}

static uint32_t look_at_original(struct copying *c)
{
    struct s3_header_collector headers = {.context = c, .add = take_header};
    struct s3_pair_collector tags = {.context = c, .add = take_tag};
    if (!must_look(c))
        return LAGAN_OK;
    uint32_t result = look(c, c->keep ? &headers : NULL, &c->told);
    if (result == LAGAN_OK)
        result = check_original(c, &c->told);
    if (result != LAGAN_OK)
        return result;
    c->looked = true;
    if (c->told.etag[0] != '\0')
        c->from.if_match = c->told.etag;
    if (must_read_tags(c))
        result = s3_tags_of(c->client, c->op, c->from.bucket, c->from.key, c->from.key_size,
                            c->from.version, &tags);
    return result;
}

/* What the copy is given in all: the original's headers first, since later ones of the same
 * name replace them. */
static uint32_t merge(struct copying *c)
{
    size_t headers = c->header_count + c->give.header_count;
    size_t tags = c->tag_count + c->give.tag_count;
    const char *next = c->names.data;
    c->merged = c->give;
    c->pairs = calloc(headers + tags + 1, sizeof *c->pairs);
    if (!c->pairs || c->names.failed)
        return s3_fail_memory(c->op);
    for (size_t i = 0; i < c->header_count + c->tag_count; i++) {
        struct s3_pair *pair = &c->pairs[i < c->header_count ? i : i + c->give.header_count];
        pair->name = next;
        pair->value = next + strlen(next) + 1;
        next = pair->value + strlen(pair->value) + 1;
    }
    for (size_t i = 0; i < c->give.header_count; i++)
        c->pairs[c->header_count + i] = c->give.headers[i];
    for (size_t i = 0; i < c->give.tag_count; i++)
        c->pairs[headers + c->tag_count + i] = c->give.tags[i];
    c->merged.headers = c->pairs;
    c->merged.header_count = headers;
    c->merged.tags = c->pairs + headers;
    c->merged.tag_count = tags;
    if (c->keep && !c->give.storage_class && c->told.storage_class[0] != '\0')
        c->merged.storage_class = c->told.storage_class;
    return LAGAN_OK;
}

/* Without headers of ours the store takes over those of the original. */
static void add_directives(struct copying *c, struct s3_request *request)
{
    struct s3_give give = c->merged;
    bool as_is = c->keep && c->give.header_count == 0;
    bool tags_as_is = c->keep && give.tag_count == 0;
    s3_add_header(request, "x-amz-metadata-directive", as_is ? "COPY" : "REPLACE");
    if (s3_features(c->client)->tags)
        s3_add_header(request, "x-amz-tagging-directive", tags_as_is ? "COPY" : "REPLACE");
    if (as_is)
        give.header_count = 0;
    if (is_apart(c))
        give.tag_count = 0;
    s3_add_give(c->client, request, &give);
}

static uint32_t copy_at_once(struct copying *c, struct s3_made *made)
{
    char etag[S3_ETAG_SIZE + 2] = "";
    struct s3_field field = {.path = "ETag", .value = etag, .room = sizeof etag};
    struct s3_fields fields = {
        .op = c->op, .root = "CopyObjectResult", .list = &field, .count = 1};
    struct s3_request request = s3_request_of(S3_PUT, c->key, c->key_size);
    s3_add_original(c->client, &request, &c->from);
    add_directives(c, &request);
    request.patient = true;
    uint32_t result = s3_ask_fields(c->client, c->op, &request, &fields, made);
    s3_request_free(&request);
    if (result != LAGAN_OK)
        return result;
    s3_etag_copy(made->etag, etag, strlen(etag));
    return is_apart(c) && c->merged.tag_count > 0
               ? s3_put_tags_apart(c->client, c->op, c->key, c->key_size, made, c->merged.tags,
                                   c->merged.tag_count)
               : (uint32_t)LAGAN_OK;
}

static uint32_t copy_pieces(struct copying *c, struct s3_upload *upload, uint64_t piece,
                            uint32_t *parts)
{
    uint32_t result = LAGAN_OK;
    uint32_t number = 0;
    for (uint64_t at = 0; at < c->from.bytes && result == LAGAN_OK; at += piece) {
        uint64_t left = c->from.bytes - at;
        if (lagan_cancelled(c->op))
            return lagan_fail(c->op, LAGAN_CANCELLED, 0, "interrupted");
        result = s3_upload_part_copy(upload, c->op, ++number, &c->from, at,
                                     left < piece ? left : piece);
    }
    *parts = number;
    return result;
}

/* Where the store looks at no condition, the pieces may be of different originals. */
static uint32_t look_again(struct copying *c)
{
    struct s3_object told = {0};
    if (s3_features(c->client)->copy_condition || c->from.version)
        return LAGAN_OK;
    uint32_t result = look(c, NULL, &told);
    return result == LAGAN_OK ? check_original(c, &told) : result;
}

static uint32_t copy_pieced(struct copying *c, uint64_t piece, bool if_absent,
                            struct s3_made *made)
{
    struct s3_upload *upload;
    uint32_t parts = 0;
    uint32_t result =
        s3_upload_begin(c->client, c->op, c->key, c->key_size, &c->merged, &upload);
    if (result != LAGAN_OK)
        return result;
    result = copy_pieces(c, upload, piece, &parts);
    if (result == LAGAN_OK)
        result = look_again(c);
    if (result == LAGAN_OK)
        return s3_upload_complete(upload, c->op, parts, if_absent, made);
    s3_upload_abort(upload);
    return result;
}

static uint32_t check_arguments(struct lagan_op *op, const struct s3_original *from,
                                const char *key, size_t key_size)
{
    uint32_t result = s3_key_check(op, from->key, from->key_size);
    return result == LAGAN_OK ? s3_key_check(op, key, key_size) : result;
}

/* `piece` 0: in one request. */
static uint32_t copy(struct copying *c, const struct s3_give *give, uint64_t piece,
                     struct s3_made *made)
{
    struct s3_made done = {0};
    uint32_t result = check_arguments(c->op, &c->from, c->key, c->key_size);
    c->give = s3_give_plain(give);
    c->in_parts = piece > 0;
    if (result == LAGAN_OK)
        result = look_at_original(c);
    if (result == LAGAN_OK)
        result = s3_check_target(c->client, c->op, c->key, c->key_size, give);
    if (result == LAGAN_OK)
        result = merge(c);
    if (result == LAGAN_OK)
        result = piece > 0 ? copy_pieced(c, piece, give && give->if_absent, &done)
                           : copy_at_once(c, &done);
    if (result == LAGAN_OK && made)
        *made = done;
    free(c->pairs);
    s3_text_free(&c->names);
    return result;
}

uint32_t s3_copy_in_parts(struct s3 *client, struct lagan_op *op,
                          const struct s3_original *from, const char *key, size_t key_size,
                          bool keep, const struct s3_give *give, uint64_t piece_bytes,
                          struct s3_made *made)
{
    struct copying c = {.client = client,
                        .op = op,
                        .from = *from,
                        .key = key,
                        .key_size = key_size,
                        .keep = keep};
    return copy(&c, give, piece_bytes, made);
}

/* Long enough for the limit of parts, in whole MiB. */
static uint64_t piece_of(uint64_t bytes, uint64_t most)
{
    uint64_t piece = (bytes / S3_PART_LIMIT + (1 << 20)) & ~UINT64_C(0xfffff);
    if (piece < PIECE_BYTES)
        piece = PIECE_BYTES;
    return piece < most ? piece : most;
}

uint32_t s3_copy(struct s3 *client, struct lagan_op *op, const struct s3_original *from,
                 const char *key, size_t key_size, bool keep, const struct s3_give *give,
                 struct s3_made *made)
{
    uint64_t most = s3_features(client)->copy_maximum_bytes;
    uint64_t piece = from->bytes > most ? piece_of(from->bytes, most) : 0;
    return s3_copy_in_parts(client, op, from, key, key_size, keep, give, piece, made);
}
