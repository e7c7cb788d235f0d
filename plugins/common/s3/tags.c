/* SPDX-License-Identifier: Apache-2.0 */
/* tags.c - tags of objects. */
#include "common/s3/operation.h"

#include <string.h>

enum { TAG_LIMIT = 100 }; /* of an object; stores keep ten */

struct tags {
    struct lagan_op *op;
    struct s3_text text; /* name, 0, value, 0, ... */
    struct s3_text name;
    struct s3_text value;
    size_t count;
};

static uint32_t on_begin(void *context, const char *path)
{
    struct tags *t = context;
    if (strcmp(path, "TagSet/Tag") == 0)
        t->name.size = t->value.size = 0;
    return LAGAN_OK;
}

static uint32_t close_tag(struct tags *t)
{
    if (t->name.size == 0 || t->count == TAG_LIMIT)
        return lagan_fail(t->op, LAGAN_CORRUPT, 0, "the store's list of tags makes no sense");
    s3_text_add(&t->text, t->name.data, t->name.size);
    s3_text_add(&t->text, "", 1);
    s3_text_add(&t->text, t->value.data, t->value.size);
    s3_text_add(&t->text, "", 1);
    t->count++;
    return t->text.failed || t->name.failed || t->value.failed ? s3_fail_memory(t->op)
                                                               : (uint32_t)LAGAN_OK;
}

static uint32_t on_end(void *context, const char *path, const char *text, size_t size)
{
    struct tags *t = context;
    if (strcmp(path, "TagSet/Tag/Key") == 0)
        s3_text_add(&t->name, text, size);
    else if (strcmp(path, "TagSet/Tag/Value") == 0)
        s3_text_add(&t->value, text, size);
    return strcmp(path, "TagSet/Tag") == 0 ? close_tag(t) : (uint32_t)LAGAN_OK;
}

static uint32_t deliver(const struct tags *t, const struct s3_pair_collector *tags)
{
    const char *next = t->text.data;
    uint32_t result = LAGAN_OK;
    for (size_t i = 0; i < t->count && result == LAGAN_OK; i++) {
        const char *value = next + strlen(next) + 1;
        result = tags->add(tags->context, next, value);
        next = value + strlen(value) + 1;
    }
    return result;
}

static uint32_t check_feature(struct s3 *client, struct lagan_op *op)
{
    return s3_features(client)->tags
               ? (uint32_t)LAGAN_OK
               : lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the store has no tags of objects");
}

uint32_t s3_tags_of(struct s3 *client, struct lagan_op *op, const char *bucket, const char *key,
                    size_t key_size, const char *version, const struct s3_pair_collector *tags)
{
    struct tags t = {.op = op};
    /* RGW sends nothing at all for objects that never had tags. */
    struct s3_xml_reader reader = {.context = &t,
                                   .root = "Tagging",
                                   .may_be_empty = true,
                                   .begin = on_begin,
                                   .end = on_end};
    struct s3_request request = s3_request_of(S3_GET, key, key_size);
    struct s3_answer answer = {0};
    uint32_t result = check_feature(client, op);
    request.bucket = bucket;
    s3_add_query(&request, "tagging", NULL, 0);
    s3_add_version(&request, version);
    if (result == LAGAN_OK)
        result = s3_ask(client, op, &request, &answer, &reader);
    if (result == LAGAN_OK)
        result = deliver(&t, tags);
    s3_answer_free(&answer);
    s3_request_free(&request);
    s3_text_free(&t.text);
    s3_text_free(&t.name);
    s3_text_free(&t.value);
    return result;
}

uint32_t s3_tags_get(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                     const char *version, const struct s3_pair_collector *tags)
{
    return s3_tags_of(client, op, NULL, key, key_size, version, tags);
}

/* False when a tag cannot be written. */
static bool add_tags(struct s3_text *body, const struct s3_pair *tags, size_t count)
{
    s3_text_string(body, "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
    for (size_t i = 0; i < count; i++) {
        const struct s3_pair *tag = &tags[i];
        if (!s3_xml_can_hold(tag->name, strlen(tag->name)) ||
            !s3_xml_can_hold(tag->value, strlen(tag->value)))
            return false;
        s3_text_string(body, "<Tag><Key>");
        s3_text_escape(body, tag->name, strlen(tag->name));
        s3_text_string(body, "</Key><Value>");
        s3_text_escape(body, tag->value, strlen(tag->value));
        s3_text_string(body, "</Value></Tag>");
    }
    s3_text_string(body, "</TagSet></Tagging>");
    return true;
}

uint32_t s3_tags_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                     const char *version, const struct s3_pair *tags, size_t count)
{
    struct s3_request request = s3_request_of(count > 0 ? S3_PUT : S3_DELETE, key, key_size);
    struct s3_text body = {0};
    uint32_t result = check_feature(client, op);
    s3_add_query(&request, "tagging", NULL, 0);
    s3_add_version(&request, version);
    if (result == LAGAN_OK && !add_tags(&body, tags, count))
        result = lagan_fail(op, LAGAN_INVALID, 0, "a tag holds what no document can");
    if (count > 0)
        s3_set_document(&request, &body);
    if (result == LAGAN_OK)
        result = s3_tell(client, op, &request, NULL);
    s3_request_free(&request);
    s3_text_free(&body);
    return result;
}

uint32_t s3_put_tags_apart(struct s3 *client, struct lagan_op *op, const char *key,
                           size_t key_size, const struct s3_made *made,
                           const struct s3_pair *tags, size_t count)
{
    const char *version = made->version[0] != '\0' ? made->version : NULL;
    uint32_t result = s3_tags_put(client, op, key, key_size, version, tags, count);
    if (result != LAGAN_OK)
        op->error.outcome = LAGAN_OUTCOME_DONE;
    return result;
}
