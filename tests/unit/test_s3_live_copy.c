/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_live_copy.c - copies within a real store: the one that the LAGAN_S3_ variables of
 * tests/servers name.  Skipped without.
 */
#include "common/s3/operation.h"
#include "s3_live.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* Headers of an object that begin so. */
static void add_header(void *context, const char *name, const char *value)
{
    if (strncmp(name, "x-amz-meta-", 11) == 0 || strcmp(name, "content-type") == 0 ||
        strcmp(name, "cache-control") == 0)
        s3_text_format(context, "%s=%s;", name, value);
}

static bool has_header(struct place *p, const char *key, const char *header)
{
    struct lagan_op op = fixture_op();
    struct s3_text text = {0};
    struct s3_object told;
    struct s3_header_collector headers = {&text, add_header};
    assert_class(s3_head(p->client, &op, key, strlen(key), NULL, &told, &headers), op,
                 LAGAN_OK);
    bool has = text.data && strstr(text.data, header);
    s3_text_free(&text);
    return has;
}

static const struct s3_pair original_headers[] = {{"Content-Type", "text/x-odd"},
                                                  {"Cache-Control", "no-store"},
                                                  {"x-amz-meta-a", "b c"},
                                                  {"x-amz-meta-kept", "yes"}};
static const struct s3_pair original_tags[] = {{"color", "red & blue"}};

static struct s3_original put_original(const char *key, size_t size)
{
    struct s3_give give = {.headers = original_headers,
                           .header_count = 4,
                           .tags = original_tags,
                           .tag_count = s3_features(plain.client)->tags ? 1 : 0};
    put_bytes(&plain, key, content_bytes, size, &give, NULL);
    return (struct s3_original){.key = key, .key_size = strlen(key), .bytes = size};
}

static void copy_to(const struct s3_original *from, const char *key, bool keep,
                    const struct s3_give *give, uint64_t piece)
{
    struct lagan_op op = fixture_op();
    struct s3_made made = {0};
    uint32_t result =
        piece > 0 ? s3_copy_in_parts(plain.client, &op, from, key, strlen(key), keep, give,
                                     piece, &made)
                  : s3_copy(plain.client, &op, from, key, strlen(key), keep, give, &made);
    if (result != LAGAN_OK)
        fail_msg("%u %s: %s", result, op.error.text, key);
    assert_true(made.etag[0] != '\0');
    assert_bytes(&plain, key, NULL, content_bytes, from->bytes);
}

static void check_copies(const struct s3_original *from, uint64_t piece)
{
    static const struct s3_pair headers[] = {{"x-amz-meta-a", "new"},
                                             {"Content-Type", "text/new"}};
    static const struct s3_pair tags[] = {{"size", "large"}};
    bool has_tags = s3_features(plain.client)->tags;
    struct s3_give give = {
        .headers = headers, .header_count = 2, .tags = tags, .tag_count = has_tags ? 1 : 0};
    copy_to(from, "copy/kept", true, NULL, piece);
    assert_true(has_header(&plain, "copy/kept", "content-type=text/x-odd;"));
    assert_true(has_header(&plain, "copy/kept", "cache-control=no-store;"));
    assert_true(has_header(&plain, "copy/kept", "x-amz-meta-a=b c;"));
    copy_to(from, "copy/changed", true, &give, piece);
    assert_true(has_header(&plain, "copy/changed", "content-type=text/new;"));
    assert_true(has_header(&plain, "copy/changed", "x-amz-meta-a=new;"));
    assert_true(has_header(&plain, "copy/changed", "x-amz-meta-kept=yes;"));
    copy_to(from, "copy/replaced", false, &give, piece);
    assert_true(has_header(&plain, "copy/replaced", "x-amz-meta-a=new;"));
    assert_false(has_header(&plain, "copy/replaced", "x-amz-meta-kept"));
    copy_to(from, "copy/bare", false, NULL, piece);
    assert_false(has_header(&plain, "copy/bare", "x-amz-meta-"));
    if (!has_tags)
        return;
    assert_tags(&plain, "copy/kept", "color=red & blue;");
    assert_tags(&plain, "copy/changed", "size=large;");
    assert_tags(&plain, "copy/replaced", "size=large;");
    assert_tags(&plain, "copy/bare", "");
}

static void copy_works(void **state)
{
    struct s3_original from = put_original("original", 1000);
    (void)state;
    check_copies(&from, 0);
    struct s3_original empty = put_original("empty", 0);
    copy_to(&empty, "copy/empty", true, NULL, 0);
}

static void copy_works_in_parts(void **state)
{
    struct s3_original from = put_original("original large", 2 * PART_BYTES + 1000);
    (void)state;
    check_copies(&from, PART_BYTES);
}

static void copy_takes_odd_keys(void **state)
{
    char target[S3_KEY_LIMIT + 1];
    struct lagan_op op = fixture_op();
    (void)state;
    for (size_t i = 0; i < ODD_KEYS; i++) {
        struct s3_original from = put_original(odd_keys[i], 10 + i);
        snprintf(target, sizeof target, "co/%s", odd_keys[i]);
        copy_to(&from, odd_keys[i] == longest ? "co/long" : target, true, NULL, 0);
        if (odd_keys[i] != longest)
            copy_to(&from, longest, true, NULL, 0);
        assert_class(
            s3_remove(plain.client, &op, odd_keys[i], strlen(odd_keys[i]), NULL, false, NULL),
            op, LAGAN_OK);
    }
}

static uint32_t copy_class(const struct s3_original *from, const struct s3_give *give,
                           uint64_t piece)
{
    struct lagan_op op = fixture_op();
    return s3_copy_in_parts(plain.client, &op, from, "copy/if", 7, true, give, piece, NULL);
}

static void copy_keeps_to_conditions(void **state)
{
    struct s3_original from = put_original("if", PART_BYTES + 10);
    struct s3_give absent = {.if_absent = true};
    struct s3_give match = {.if_match = "0123456789abcdef0123456789abcdef"};
    struct lagan_op op = fixture_op();
    struct s3_object told;
    (void)state;
    assert_class(s3_head(plain.client, &op, "if", 2, NULL, &told, NULL), op, LAGAN_OK);
    for (uint64_t piece = 0; piece <= PART_BYTES; piece += PART_BYTES) {
        assert_class(s3_remove(plain.client, &op, "copy/if", 7, NULL, false, NULL), op,
                     LAGAN_OK);
        from.if_match = match.if_match;
        assert_int_equal(copy_class(&from, NULL, piece), LAGAN_PRECONDITION);
        assert_class(s3_head(plain.client, &op, "copy/if", 7, NULL, &told, NULL), op,
                     LAGAN_NOT_FOUND);
        assert_class(s3_head(plain.client, &op, "if", 2, NULL, &told, NULL), op, LAGAN_OK);
        from.if_match = told.etag;
        assert_int_equal(copy_class(&from, &absent, piece), LAGAN_OK);
        assert_int_equal(copy_class(&from, &absent, piece), LAGAN_EXISTS);
        assert_int_equal(copy_class(&from, &match, piece), LAGAN_PRECONDITION);
        struct s3_original absent_one = {.key = "absent", .key_size = 6, .bytes = 10};
        assert_int_equal(copy_class(&absent_one, NULL, piece), LAGAN_NOT_FOUND);
        from.bytes++;
        assert_int_equal(copy_class(&from, NULL, PART_BYTES), LAGAN_PRECONDITION);
        from.bytes--;
    }
}

static void copy_takes_versions_of_another_bucket(void **state)
{
    struct s3_made first, second;
    struct lagan_op op = fixture_op();
    (void)state;
    keep_versions(&versioned, "Enabled");
    put_bytes(&versioned, "cv/a +b", content_bytes, 100, NULL, &first);
    put_bytes(&versioned, "cv/a +b", content_bytes, 200, NULL, &second);
    struct s3_original from = {.bucket = versioned.bucket,
                               .key = "cv/a +b",
                               .key_size = 7,
                               .version = first.version,
                               .bytes = 100};
    copy_to(&from, "copy/version", true, NULL, 0);
    from.version = NULL;
    from.bytes = 200;
    copy_to(&from, "copy/version", true, NULL, 0);
    from.version = "0123456789abcdef0123456789abcde";
    uint32_t result = s3_copy(plain.client, &op, &from, "copy/version", 12, true, NULL, NULL);
    /* Swift answers 500. */
    if (result != LAGAN_NOT_FOUND && result != LAGAN_INVALID && result != LAGAN_TRANSIENT)
        fail_msg("%u %s", result, op.error.text);
}

/* A class of its own is kept, given, or changed by a copy onto itself. */
static void copy_keeps_classes(void **state)
{
    struct s3_give give = {.storage_class = "STANDARD_IA"};
    struct lagan_op op = fixture_op();
    struct s3_object told;
    (void)state;
    if (!s3_features(plain.client)->storage_classes)
        skip();
    put_bytes(&plain, "class", content_bytes, 10, &give, NULL);
    struct s3_original from = {.key = "class", .key_size = 5, .bytes = 10};
    copy_to(&from, "class/copy", true, NULL, 0);
    assert_class(s3_head(plain.client, &op, "class/copy", 10, NULL, &told, NULL), op, LAGAN_OK);
    assert_string_equal(told.storage_class, "STANDARD_IA");
    assert_string_equal(list_all(&plain, "class/", 5, false)->list[0].object.storage_class,
                        "STANDARD_IA");
    give.storage_class = "STANDARD";
    copy_to(&from, "class", true, &give, 0);
    assert_class(s3_head(plain.client, &op, "class", 5, NULL, &told, NULL), op, LAGAN_OK);
    assert_true(told.storage_class[0] == '\0' || strcmp(told.storage_class, "STANDARD") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_works),
        cmocka_unit_test(copy_works_in_parts),
        cmocka_unit_test(copy_takes_odd_keys),
        cmocka_unit_test(copy_keeps_to_conditions),
        cmocka_unit_test(copy_takes_versions_of_another_bucket),
        cmocka_unit_test(copy_keeps_classes),
    };
    live_begin_or_skip();
    return cmocka_run_group_tests(tests, live_begin, live_end);
}
