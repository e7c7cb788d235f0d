/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - gathers what is asked. */
#include "common/s3/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *s3_method_name(enum s3_method method)
{
    static const char *const names[] = {[S3_GET] = "GET",
                                        [S3_HEAD] = "HEAD",
                                        [S3_PUT] = "PUT",
                                        [S3_POST] = "POST",
                                        [S3_DELETE] = "DELETE"};
    return names[method];
}

struct s3_request s3_request_of(enum s3_method method, const char *key, size_t key_size)
{
    return (struct s3_request){.method = method, .key = key, .key_size = key_size};
}

void s3_request_free(struct s3_request *request)
{
    s3_text_free(&request->text);
}

uint32_t s3_key_check(struct lagan_op *op, const char *key, size_t key_size)
{
    if (key_size < 1 || memchr(key, '\0', key_size))
        return lagan_fail(op, LAGAN_INVALID, 0, "a key is empty or holds a zero byte");
    if (key_size > S3_KEY_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "a key of %zu bytes is longer than %d", key_size,
                          S3_KEY_LIMIT);
    return LAGAN_OK;
}

static void set_flaw(struct s3_request *request, enum s3_flaw flaw)
{
    if (request->flaw == S3_FLAW_NONE)
        request->flaw = flaw;
}

void s3_add_query(struct s3_request *request, const char *name, const char *value, size_t size)
{
    struct s3_item *item = &request->queries[request->query_count];
    if (request->query_count == S3_QUERY_LIMIT) {
        set_flaw(request, S3_FLAW_COUNT);
        return;
    }
    *item = (struct s3_item){.name = name, .at = request->text.size, .bare = !value};
    if (value)
        s3_text_encode(&request->text, value, size, false);
    item->size = request->text.size - item->at;
    request->query_count++;
}

void s3_add_query_text(struct s3_request *request, const char *name, const char *value)
{
    s3_add_query(request, name, value, strlen(value));
}

void s3_add_query_number(struct s3_request *request, const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    s3_add_query_text(request, name, text);
}

static bool is_token(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("-_.!#$%&'*+^`|~", *name))
            return false;
    return true;
}

static bool is_value(const char *value)
{
    for (; *value; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

/* The item of that name, or a new one; NULL when there is no room for it. */
static struct s3_item *header_item(struct s3_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return &request->headers[i];
    if (request->header_count == S3_HEADER_LIMIT)
        return NULL;
    return &request->headers[request->header_count++];
}

void s3_add_header(struct s3_request *request, const char *name, const char *value)
{
    struct s3_item *item;
    size_t size;
    if (!is_token(name) || !is_value(value)) {
        set_flaw(request, S3_FLAW_HEADER);
        return;
    }
    item = header_item(request, name);
    if (!item) {
        set_flaw(request, S3_FLAW_COUNT);
        return;
    }
    value += strspn(value, " \t");
    size = strlen(value);
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        size--;
    *item = (struct s3_item){.name = name, .at = request->text.size, .size = size};
    s3_text_add(&request->text, value, size);
    /* A zero behind each, so that values can be used as strings. */
    s3_text_add(&request->text, "", 1);
}

void s3_add_header_format(struct s3_request *request, const char *name, const char *format, ...)
{
    char value[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof value)
        set_flaw(request, S3_FLAW_HEADER);
    else
        s3_add_header(request, name, value);
}

void s3_add_give_headers(struct s3_request *request, const struct s3_give *give)
{
    for (size_t i = 0; i < give->header_count; i++)
        s3_add_header(request, give->headers[i].name, give->headers[i].value);
}

void s3_add_give_tags(struct s3_request *request, const struct s3_give *give)
{
    struct s3_text tags = {0};
    for (size_t i = 0; i < give->tag_count; i++) {
        if (i > 0)
            s3_text_string(&tags, "&");
        s3_text_encode(&tags, give->tags[i].name, strlen(give->tags[i].name), false);
        s3_text_string(&tags, "=");
        s3_text_encode(&tags, give->tags[i].value, strlen(give->tags[i].value), false);
    }
    if (tags.failed)
        set_flaw(request, S3_FLAW_MEMORY);
    else if (tags.data)
        s3_add_header(request, "x-amz-tagging", tags.data);
    s3_text_free(&tags);
}

static void add_lock(struct s3_request *request, const struct s3_give *give)
{
    char date[21];
    if (give->lock_mode) {
        s3_iso_write(date, give->lock_until_ns);
        s3_add_header(request, "x-amz-object-lock-mode", give->lock_mode);
        s3_add_header(request, "x-amz-object-lock-retain-until-date", date);
    }
    if (give->legal_hold)
        s3_add_header(request, "x-amz-object-lock-legal-hold", "ON");
    /* Stores refuse locked objects whose content is not checked. */
    if ((give->lock_mode || give->legal_hold) && request->method == S3_PUT)
        request->with_md5 = true;
}

void s3_add_give_rest(struct s3 *client, struct s3_request *request, const struct s3_give *give)
{
    const char *quote = s3_dialect(client)->marks & S3_IS_MATCH_BARE ? "" : "\"";
    if (give->storage_class)
        s3_add_header(request, "x-amz-storage-class", give->storage_class);
    add_lock(request, give);
    if (give->if_absent) {
        s3_add_header(request, "if-none-match", "*");
        request->if_absent = true;
    }
    if (give->if_match)
        s3_add_header_format(request, "if-match", "%s%s%s", quote, give->if_match, quote);
}

void s3_add_give(struct s3 *client, struct s3_request *request, const struct s3_give *give)
{
    if (!give)
        return;
    s3_add_give_headers(request, give);
    s3_add_give_tags(request, give);
    s3_add_give_rest(client, request, give);
}

static int by_name(const void *left, const void *right)
{
    const struct s3_item *a = left;
    const struct s3_item *b = right;
    return strcmp(a->name, b->name);
}

void s3_request_query(struct s3_request *request, bool canonical, struct s3_text *out)
{
    qsort(request->queries, request->query_count, sizeof request->queries[0], by_name);
    for (size_t i = 0; i < request->query_count; i++) {
        const struct s3_item *item = &request->queries[i];
        s3_text_format(out, "%s%s%s", i > 0 ? "&" : "", item->name,
                       canonical || !item->bare ? "=" : "");
        if (item->size > 0)
            s3_text_add(out, request->text.data + item->at, item->size);
    }
}

const char *s3_item_value(const struct s3_request *request, const struct s3_item *item)
{
    return request->text.data + item->at;
}

uint32_t s3_request_check(struct lagan_op *op, const struct s3_request *request)
{
    if (request->flaw == S3_FLAW_COUNT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "a request has more than %d headers",
                          S3_HEADER_LIMIT);
    if (request->flaw == S3_FLAW_HEADER)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "a header has a name or value that cannot be sent");
    if (request->flaw != S3_FLAW_NONE || request->text.failed)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    return request->key ? s3_key_check(op, request->key, request->key_size) : LAGAN_OK;
}
