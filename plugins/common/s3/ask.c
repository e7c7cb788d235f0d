/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - requests whose answers are XML, and what documents and queries are made of. */
#include "common/s3/operation.h"

#include <string.h>
#include <time.h>

enum {
    HEAD_BYTES = 4 << 10, /* of a body, kept for the case that it is an Error */
    CLEAN_UP_SECONDS = 2
};

struct asking {
    struct s3_xml *xml;
    struct s3_text head;
};

uint32_t s3_fail_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "no memory");
}

static uint32_t take_body(void *context, const char *data, size_t size)
{
    struct asking *a = context;
    size_t room = HEAD_BYTES - a->head.size;
    s3_text_add(&a->head, data, size < room ? size : room);
    return s3_xml_feed(a->xml, data, size);
}

static uint32_t judge(struct s3 *client, struct lagan_op *op, const struct s3_request *request,
                      struct s3_answer *answer, struct asking *a, bool may_be_empty)
{
    if (may_be_empty && answer->has_length && answer->length == 0)
        return LAGAN_OK;
    uint32_t result = s3_xml_finish(a->xml);
    if (result != LAGAN_OK || !s3_xml_refusal(a->xml))
        return result;
    s3_text_add(&answer->body, a->head.data, a->head.size);
    return s3_fail_in_body(client, op, request, answer);
}

static bool is_good(const struct s3_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

uint32_t s3_ask(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                struct s3_answer *answer, const struct s3_xml_reader *reader)
{
    struct asking a = {.xml = s3_xml_new(op, reader)};
    uint32_t result;
    if (!a.xml)
        return s3_fail_memory(op);
    answer->take = take_body;
    answer->context = &a;
    answer->body_limit = S3_XML_BYTES_LIMIT;
    result = s3_execute(client, op, request, answer);
    if (result == LAGAN_OK)
        result = judge(client, op, request, answer, &a, reader->may_be_empty);
    /* It was answered as done, but not in words that can be trusted. */
    if (result == LAGAN_CORRUPT && is_good(answer) && request->method != S3_GET)
        op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    answer->take = NULL;
    answer->context = NULL;
    s3_xml_free(a.xml);
    s3_text_free(&a.head);
    return result;
}

uint32_t s3_tell(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                 struct s3_made *made)
{
    struct s3_answer answer = {0};
    uint32_t result = s3_execute(client, op, request, &answer);
    if (result == LAGAN_OK && s3_body_is_error(&answer.body))
        result = s3_fail_in_body(client, op, request, &answer);
    if (result == LAGAN_OK)
        s3_answer_made(&answer, made);
    s3_answer_free(&answer);
    return result;
}

uint32_t s3_ask_fields(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                       struct s3_fields *fields, struct s3_made *made)
{
    struct s3_answer answer = {0};
    struct s3_xml_reader reader = s3_fields_reader(fields);
    uint32_t result = s3_ask(client, op, request, &answer, &reader);
    if (result == LAGAN_OK)
        s3_answer_made(&answer, made);
    s3_answer_free(&answer);
    return result;
}

static uint32_t take_field(void *context, const char *path, const char *text, size_t size)
{
    struct s3_fields *fields = context;
    for (size_t i = 0; i < fields->count; i++) {
        struct s3_field *field = &fields->list[i];
        if (strcmp(path, field->path) != 0)
            continue;
        if (size >= field->room)
            return lagan_fail(fields->op, LAGAN_CORRUPT, 0,
                              "the store's answer has too long a %s", path);
        memcpy(field->value, text, size + 1);
        field->told = true;
    }
    return LAGAN_OK;
}

struct s3_xml_reader s3_fields_reader(struct s3_fields *fields)
{
    return (struct s3_xml_reader){.context = fields, .root = fields->root, .end = take_field};
}

void s3_set_document(struct s3_request *request, const struct s3_text *body)
{
    if (body->failed)
        request->flaw = S3_FLAW_MEMORY;
    request->body = body->data;
    request->bytes = body->size;
    request->with_md5 = true;
    s3_add_header(request, "Content-Type", "application/xml");
}

void s3_text_escape(struct s3_text *text, const char *data, size_t size)
{
    size_t plain = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= ' ' && !strchr("&<>\"'", c))
            continue;
        s3_text_add(text, data + plain, i - plain);
        s3_text_format(text, "&#%u;", c);
        plain = i + 1;
    }
    s3_text_add(text, data + plain, size - plain);
}

/* Bytes of the character at `data`, 0 when it is none that a document may hold.  Shortest forms
 * alone, no surrogates: RFC 3629. */
static size_t character_size(const unsigned char *data, size_t size)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {
        {0x80, 0x00, 0x20}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4; more++) {
        uint32_t value = data[0] & (unsigned char)~forms[more].mask;
        if ((data[0] & forms[more].mask) != forms[more].lead)
            continue;
        if (more >= size)
            return 0;
        for (size_t i = 1; i <= more; i++) {
            if ((data[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (data[i] & 0x3f);
        }
        bool good = value >= forms[more].least && value <= 0x10ffff && value != 0x7f &&
                    (value < 0xd800 || value > 0xdfff) && value != 0xfffe && value != 0xffff;
        return good ? more + 1 : 0;
    }
    return 0;
}

bool s3_xml_can_hold(const char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t one = character_size((const unsigned char *)data + at, size - at);
        if (one == 0)
            return false;
        at += one;
    }
    return true;
}

size_t s3_decode_form(char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] == '+')
            data[i] = ' ';
    return s3_decode(data, size);
}

void s3_add_version(struct s3_request *request, const char *version)
{
    if (version)
        s3_add_query_text(request, "versionId", version);
}

struct lagan_op s3_clean_up_op(void)
{
    struct lagan_op op = {.size = sizeof op, .cancel_fd = -1};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    op.deadline_ns = ((int64_t)now.tv_sec + CLEAN_UP_SECONDS) * 1000000000 + now.tv_nsec;
    return op;
}
