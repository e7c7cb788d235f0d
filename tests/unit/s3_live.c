/* SPDX-License-Identifier: Apache-2.0 */
/* s3_live.c - see s3_live.h. */
#include "s3_live.h"

#include "common/s3/operation.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct place plain, versioned, locked;
uint8_t *content_bytes;

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static void open_place(struct place *p, const char *name)
{
    snprintf(p->bucket, sizeof p->bucket, "lagan-%s-%d-%lld", name, (int)getpid(),
             (long long)time(NULL));
    snprintf(p->credentials, sizeof p->credentials,
             "{\"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\"}",
             variable("LAGAN_S3_ACCESS"), variable("LAGAN_S3_SECRET"));
    const char *const words[] = {"endpoint",
                                 variable("LAGAN_S3_ENDPOINT"),
                                 "bucket",
                                 p->bucket,
                                 "credentials",
                                 p->credentials,
                                 *variable("LAGAN_S3_CA_FILE") ? "ca-file" : NULL,
                                 variable("LAGAN_S3_CA_FILE"),
                                 NULL};
    p->settings = fixture_settings(words);
    p->client = fixture_client(p->settings);
}

static void close_place(struct place *p)
{
    s3_close(p->client);
    s3_settings_free(p->settings);
}

void keep_versions(struct place *p, const char *status)
{
    struct lagan_op op = fixture_op();
    struct s3_request request = s3_request_of(S3_PUT, NULL, 0);
    struct s3_text body = {0};
    s3_text_format(&body,
                   "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                   "<Status>%s</Status></VersioningConfiguration>",
                   status);
    s3_add_query(&request, "versioning", NULL, 0);
    s3_set_document(&request, &body);
    assert_class(s3_tell(p->client, &op, &request, NULL), op, LAGAN_OK);
    s3_request_free(&request);
    s3_text_free(&body);
}

int live_begin(void **state)
{
    struct lagan_op op = fixture_op();
    (void)state;
    content_bytes = malloc((size_t)PARTS * PART_BYTES);
    lagan_random(content_bytes, (size_t)PARTS * PART_BYTES);
    open_place(&plain, "plain");
    open_place(&versioned, "versioned");
    open_place(&locked, "locked");
    assert_class(s3_bucket_create(plain.client, &op, false), op, LAGAN_OK);
    assert_class(s3_bucket_create(versioned.client, &op, false), op, LAGAN_OK);
    return 0;
}

int live_end(void **state)
{
    (void)state;
    close_place(&plain);
    close_place(&versioned);
    close_place(&locked);
    free(content_bytes);
    return 0;
}

uint32_t read_content(void *context, uint64_t offset, void *data, size_t size)
{
    memcpy(data, (const uint8_t *)context + offset, size);
    return LAGAN_OK;
}

void put_bytes(struct place *p, const char *key, const void *data, size_t size,
               const struct s3_give *give, struct s3_made *made)
{
    struct lagan_op op = fixture_op();
    struct lagan_content content = {(void *)(uintptr_t)data, read_content};
    assert_class(s3_put(p->client, &op, key, strlen(key), size, &content, NULL, give, made), op,
                 LAGAN_OK);
}

void put_text(struct place *p, const char *key, const char *text, struct s3_made *made)
{
    put_bytes(p, key, text, strlen(text), NULL, made);
}

struct sink {
    uint8_t *data;
    size_t size;
    size_t room;
};

static void *give_room(void *context, size_t *size)
{
    struct sink *s = context;
    *size = s->room - s->size;
    return *size > 0 ? s->data + s->size : NULL;
}

static uint32_t take_filled(void *context, size_t size)
{
    ((struct sink *)context)->size += size;
    return LAGAN_OK;
}

void assert_bytes(struct place *p, const char *key, const char *version, const void *data,
                  size_t size)
{
    struct lagan_op op = fixture_op();
    struct sink s = {.data = malloc(size + 1), .room = size + 1};
    struct lagan_sink sink = {&s, give_room, take_filled};
    assert_class(s3_get(p->client, &op, key, strlen(key), version, NULL, 0, LAGAN_TO_THE_END,
                        &sink, NULL, NULL),
                 op, LAGAN_OK);
    assert_int_equal(s.size, size);
    assert_memory_equal(s.data, data, size);
    free(s.data);
}

static uint32_t see(void *context, const struct s3_object *o)
{
    struct seen *seen = context;
    assert_true(seen->count < EVENTS_LIMIT);
    memcpy(seen->list[seen->count].key, o->key, o->key_size);
    seen->list[seen->count].key[o->key_size] = '\0';
    seen->list[seen->count++].object = *o;
    return LAGAN_OK;
}

struct seen *list_all(struct place *p, const char *prefix, uint32_t limit, bool of_versions)
{
    static struct seen seen;
    struct lagan_op op = fixture_op();
    struct s3_object_collector objects = {&seen, see};
    struct s3_page page = {.prefix = prefix, .prefix_size = strlen(prefix), .limit = limit};
    bool more = true;
    seen.count = 0;
    page.after = "";
    while (more) {
        uint32_t result = of_versions ? s3_list_versions(p->client, &op, &page, &objects, &more)
                                      : s3_list(p->client, &op, &page, &objects, &more);
        assert_class(result, op, LAGAN_OK);
        if (seen.count == 0)
            break;
        page.after = seen.list[seen.count - 1].key;
        page.after_size = strlen(page.after);
        page.after_version = of_versions ? seen.list[seen.count - 1].object.version : NULL;
    }
    return &seen;
}

char longest[S3_KEY_LIMIT + 1];

/* In the order of their bytes; below "odd/", for stores refuse some of them as whole keys. */
const char *odd_keys[ODD_KEYS] = {"odd/\x01\x1f\x7f",
                                  "odd/\ttab",
                                  "odd/\nnew\nline",
                                  "odd/\rreturn\r\n",
                                  "odd/ lead and trail ",
                                  "odd/!$'()*,;:@[]{}|\\^`~",
                                  "odd/\"<&>\"&amp;",
                                  "odd/%",
                                  "odd/%2F%20%zz",
                                  "odd/+plus + plus",
                                  "odd/.",
                                  "odd/..",
                                  "odd/../a",
                                  "odd/./a",
                                  "odd//",
                                  "odd//a//b//",
                                  "odd/?versionId=x&uploads#f",
                                  "odd/a/../../b",
                                  "odd/trailing",
                                  "odd/trailing/",
                                  longest,
                                  "odd/\xc3\xa9\xe2\x82\xac",
                                  "odd/\xf0\x9f\x98\x80"};

static void make_longest(void)
{
    memset(longest, 'z', S3_KEY_LIMIT);
    memcpy(longest, "odd/", 4);
    for (size_t i = 203; i < S3_KEY_LIMIT; i += 200)
        longest[i] = '/';
}

void put_odd_keys(struct place *p)
{
    for (size_t i = 0; i < ODD_KEYS; i++)
        put_text(p, odd_keys[i], i % 2 ? odd_keys[i] : "", NULL);
}

uint32_t add_tag(void *context, const char *name, const char *value)
{
    s3_text_format(context, "%s=%s;", name, value);
    return LAGAN_OK;
}

void assert_tags(struct place *p, const char *key, const char *wanted)
{
    struct lagan_op op = fixture_op();
    struct s3_text text = {0};
    struct s3_pair_collector tags = {&text, add_tag};
    assert_class(s3_tags_get(p->client, &op, key, strlen(key), NULL, &tags), op, LAGAN_OK);
    assert_string_equal(text.data ? text.data : "", wanted);
    s3_text_free(&text);
}

void live_begin_or_skip(void)
{
    if (!*variable("LAGAN_S3_ENDPOINT")) {
        puts("SKIPPED: no store is named by LAGAN_S3_ENDPOINT; make check-servers starts some");
        exit(77);
    }
    make_longest();
    fixture_host_begin();
}
