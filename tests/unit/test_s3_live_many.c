/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_live_many.c - listings, versions, uploads in parts, tags and locks in a real store:
 * the one that the LAGAN_S3_ variables of tests/servers name.  Skipped without.
 */
#include "common/s3/upload.h"
#include "s3_live.h"
#include "unit.h"

#include <lagan/source.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void many_lists_odd_keys(void **state)
{
    struct s3_removal removals[ODD_KEYS + 2];
    struct lagan_op op = fixture_op();
    (void)state;
    put_odd_keys(&plain);
    for (uint32_t limit = 1; limit <= 1000; limit = limit * 7 + 1) {
        struct seen *seen = list_all(&plain, "odd/", limit, false);
        for (size_t i = 0; i < seen->count && i < ODD_KEYS; i++) {
            assert_string_equal(seen->list[i].key, odd_keys[i]);
            assert_int_equal(seen->list[i].object.bytes, i % 2 ? strlen(odd_keys[i]) : 0);
        }
        assert_int_equal(seen->count, ODD_KEYS);
    }
    assert_int_equal(list_all(&plain, "odd/\n", 5, false)->count, 1);
    assert_int_equal(list_all(&plain, "odd/+plus + ", 5, false)->count, 1);
    assert_int_equal(list_all(&plain, "odd/%2F", 5, false)->count, 1);
    assert_int_equal(list_all(&plain, "none", 5, false)->count, 0);
    for (size_t i = 0; i < ODD_KEYS; i++) {
        assert_bytes(&plain, odd_keys[i], NULL, odd_keys[i], i % 2 ? strlen(odd_keys[i]) : 0);
        removals[i] = (struct s3_removal){.key = odd_keys[i], .key_size = strlen(odd_keys[i])};
    }
    removals[ODD_KEYS] = (struct s3_removal){.key = "absent", .key_size = 6};
    removals[ODD_KEYS + 1] = (struct s3_removal){.key = "odd/.", .key_size = 5};
    assert_class(s3_remove_many(plain.client, &op, removals, ODD_KEYS + 2), op, LAGAN_OK);
    for (size_t i = 0; i < ODD_KEYS + 2; i++)
        if (removals[i].result != LAGAN_OK)
            fail_msg("%s: %u", removals[i].key, removals[i].result);
    assert_int_equal(list_all(&plain, "odd/", 1000, false)->count, 0);
}

static void many_lists_versions(void **state)
{
    static const char *const keys[] = {"v/+a b", "v/b//", "v/\xc3\xa9"};
    enum { KEYS = 3, VERSIONS = 5 };
    struct s3_made made[KEYS][VERSIONS];
    struct s3_made marker[KEYS] = {{{0}, {0}}};
    struct s3_removal removals[KEYS * VERSIONS + KEYS];
    size_t count = 0;
    struct lagan_op op = fixture_op();
    uint32_t versions = 99;
    (void)state;
    assert_class(s3_versioning(versioned.client, &op, &versions), op, LAGAN_OK);
    assert_int_equal(versions, LAGAN_VERSIONS_NONE);
    keep_versions(&versioned, "Enabled");
    assert_class(s3_versioning(versioned.client, &op, &versions), op, LAGAN_OK);
    assert_int_equal(versions, LAGAN_VERSIONS_KEPT);
    for (size_t k = 0; k < KEYS; k++) {
        for (size_t v = 0; v < VERSIONS; v++) {
            put_text(&versioned, keys[k], v % 2 ? "one" : "three", &made[k][v]);
            assert_true(made[k][v].version[0] != '\0');
        }
        if (k != 1)
            assert_class(s3_remove(versioned.client, &op, keys[k], strlen(keys[k]), NULL, false,
                                   &marker[k]),
                         op, LAGAN_OK);
    }
    for (uint32_t limit = 1; limit <= 8; limit += 1 + limit / 2) {
        struct seen *seen = list_all(&versioned, "v/", limit, true);
        size_t at = 0;
        for (size_t k = 0; k < KEYS; k++) {
            if (k != 1) {
                assert_string_equal(seen->list[at].key, keys[k]);
                assert_true(seen->list[at].object.marker && seen->list[at].object.current);
                at++;
            }
            for (size_t v = 0; v < VERSIONS; v++, at++) {
                const struct s3_object *o = &seen->list[at].object;
                assert_string_equal(seen->list[at].key, keys[k]);
                assert_string_equal(o->version, made[k][VERSIONS - 1 - v].version);
                assert_true(!o->marker && o->current == (k == 1 && v == 0));
            }
        }
        assert_int_equal(seen->count, at);
    }
    assert_bytes(&versioned, keys[0], made[0][1].version, "one", 3);
    /* All versions of all keys but one in one request. */
    struct seen *seen = list_all(&versioned, "v/", 1000, true);
    for (size_t i = 1; i < seen->count; i++)
        removals[count++] = (struct s3_removal){.key = seen->list[i].key,
                                                .key_size = strlen(seen->list[i].key),
                                                .version = seen->list[i].object.version};
    assert_class(s3_remove_many(versioned.client, &op, removals, count), op, LAGAN_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(removals[i].result, LAGAN_OK);
    assert_int_equal(list_all(&versioned, "v/", 1000, true)->count, 1);
}

/* Versions from before, and after, versions were kept: "null". */
static void many_knows_null_versions(void **state)
{
    struct lagan_op op = fixture_op();
    uint32_t versions = 99;
    struct s3_made kept, later;
    (void)state;
    put_text(&versioned, "n/a", "kept", &kept);
    keep_versions(&versioned, "Suspended");
    assert_class(s3_versioning(versioned.client, &op, &versions), op, LAGAN_OK);
    assert_int_equal(versions, LAGAN_VERSIONS_SUSPENDED);
    put_text(&versioned, "n/a", "null", NULL);
    put_text(&versioned, "n/a", "null too", NULL);
    put_text(&versioned, "n/b", "null", NULL);
    put_text(&versioned, "n/c", "null", NULL);
    keep_versions(&versioned, "Enabled");
    put_text(&versioned, "n/b", "kept", &later);
    for (uint32_t limit = 1; limit <= 6; limit++) {
        struct seen *seen = list_all(&versioned, "n/", limit, true);
        assert_int_equal(seen->count, 5);
        assert_string_equal(seen->list[0].object.version, "null");
        assert_string_equal(seen->list[1].object.version, kept.version);
        assert_string_equal(seen->list[2].object.version, later.version);
        assert_true(seen->list[2].object.current && !seen->list[3].object.current);
        assert_string_equal(seen->list[3].key, "n/b"); /* Swift gives it an id by now */
        assert_string_equal(seen->list[4].object.version, "null");
    }
    assert_bytes(&versioned, "n/a", "null", "null too", 8);
}

/* In a bucket that never kept any. */
static void many_lists_versions_of_none(void **state)
{
    (void)state;
    for (const char *key = "abcde"; *key; key++) {
        char name[] = {'w', '/', *key, '\0'};
        put_text(&plain, name, "x", NULL);
    }
    for (uint32_t limit = 1; limit <= 6; limit++) {
        struct seen *seen = list_all(&plain, "w/", limit, true);
        assert_int_equal(seen->count, 5);
        for (size_t i = 0; i < 5; i++)
            assert_true(strcmp(seen->list[i].object.version, "null") == 0 &&
                        seen->list[i].object.current && seen->list[i].object.bytes == 1);
    }
}

static void many_keeps_tags(void **state)
{
    static const struct s3_pair given[] = {{"a b", "1&<\xc3\xa9>"}, {"c", ""}};
    static const struct s3_pair other[] = {{"d", "x=y+z"}};
    struct s3_give give = {.tags = given, .tag_count = 2};
    struct lagan_op op = fixture_op();
    (void)state;
    if (!s3_features(plain.client)->tags) {
        struct s3_text text = {0};
        struct s3_pair_collector tags = {&text, add_tag};
        assert_class(s3_tags_get(plain.client, &op, "t", 1, NULL, &tags), op,
                     LAGAN_UNSUPPORTED);
        return;
    }
    put_bytes(&plain, "t", "", 0, &give, NULL);
    assert_tags(&plain, "t", "a b=1&<\xc3\xa9>;c=;");
    assert_class(s3_tags_put(plain.client, &op, "t", 1, NULL, other, 1), op, LAGAN_OK);
    assert_tags(&plain, "t", "d=x=y+z;");
    assert_class(s3_tags_put(plain.client, &op, "t", 1, NULL, NULL, 0), op, LAGAN_OK);
    assert_tags(&plain, "t", "");
    assert_class(s3_tags_put(plain.client, &op, "absent", 6, NULL, other, 1), op,
                 LAGAN_NOT_FOUND);
}

static void many_keeps_acl(void **state)
{
    struct lagan_op op = fixture_op();
    char *text = NULL;
    size_t size = 0;
    (void)state;
    put_text(&plain, "acl", "x", NULL);
    assert_class(s3_acl_get(plain.client, &op, "acl", 3, NULL, &text, &size), op, LAGAN_OK);
    assert_int_equal(strlen(text), size);
    assert_non_null(strstr(text, "AccessControlPolicy"));
    uint32_t result = s3_acl_put(plain.client, &op, "acl", 3, NULL, text, size);
    assert_class(result, op, result == LAGAN_UNSUPPORTED ? LAGAN_UNSUPPORTED : LAGAN_OK);
    free(text);
    assert_class(s3_acl_get(plain.client, &op, "absent", 6, NULL, &text, &size), op,
                 LAGAN_NOT_FOUND);
}

struct part_task {
    pthread_t thread;
    struct s3_upload *upload;
    uint32_t number;
    uint32_t result;
    struct lagan_op op;
};

static size_t bytes_of_part(uint32_t number)
{
    return number < PARTS ? PART_BYTES : LAST_BYTES;
}

static uint32_t put_part(struct s3_upload *upload, struct lagan_op *op, uint32_t number)
{
    struct lagan_content content = {content_bytes + (size_t)(number - 1) * PART_BYTES,
                                    read_content};
    *op = fixture_op();
    return s3_upload_part(upload, op, number, bytes_of_part(number), &content, NULL);
}

static void *run_part(void *context)
{
    struct part_task *task = context;
    task->result = put_part(task->upload, &task->op, task->number);
    return NULL;
}

enum { WHOLE_BYTES = (PARTS - 1) * PART_BYTES + LAST_BYTES };

static struct s3_upload *begin_upload(const char *key, const struct s3_give *give)
{
    struct lagan_op op = fixture_op();
    struct s3_upload *upload = NULL;
    assert_class(s3_upload_begin(plain.client, &op, key, strlen(key), give, &upload), op,
                 LAGAN_OK);
    return upload;
}

static void put_parts(struct s3_upload *upload)
{
    struct part_task tasks[PARTS];
    for (uint32_t i = 0; i < PARTS; i++) {
        tasks[i] = (struct part_task){.upload = upload, .number = PARTS - i};
        pthread_create(&tasks[i].thread, NULL, run_part, &tasks[i]);
    }
    for (uint32_t i = 0; i < PARTS; i++) {
        pthread_join(tasks[i].thread, NULL);
        assert_class(tasks[i].result, tasks[i].op, LAGAN_OK);
    }
}

static void many_uploads_in_parts(void **state)
{
    /* Swift begins no upload whose key it cannot write in its answer. */
    bool is_swift = strcmp(s3_features(plain.client)->dialect, "swift") == 0;
    const char *key = is_swift ? "up/+%&\n\xc3\xa9//" : "up/\x01 +%&\n\xc3\xa9//";
    static const struct s3_pair headers[] = {{"Content-Type", "text/x-odd"},
                                             {"x-amz-meta-a", "b c"}};
    struct s3_give give = {.headers = headers, .header_count = 2};
    struct lagan_op op = fixture_op();
    struct s3_made made;
    struct s3_object told;
    (void)state;
    struct s3_upload *upload = begin_upload(key, &give);
    put_parts(upload);
    assert_class(put_part(upload, &op, 2), op, LAGAN_OK); /* again */
    assert_class(s3_upload_complete(upload, &op, PARTS, true, &made), op, LAGAN_OK);
    assert_non_null(strstr(made.etag, "-3"));
    assert_class(s3_head(plain.client, &op, key, strlen(key), NULL, &told, NULL), op, LAGAN_OK);
    assert_string_equal(told.etag, made.etag);
    assert_bytes(&plain, key, NULL, content_bytes, WHOLE_BYTES);
    upload = begin_upload(key, NULL);
    put_parts(upload);
    assert_class(s3_upload_complete(upload, &op, PARTS, true, NULL), op, LAGAN_EXISTS);
    upload = begin_upload(key, NULL);
    assert_class(put_part(upload, &op, 1), op, LAGAN_OK);
    assert_class(s3_upload_complete(upload, &op, 1, false, &made), op, LAGAN_OK);
    assert_bytes(&plain, key, NULL, content_bytes, PART_BYTES);
}

/* The ETag that is expected is the one that the store gives. */
static void many_knows_etags_of_uploads(void **state)
{
    struct lagan_op op = fixture_op();
    struct s3_upload *upload = begin_upload("up/etag", NULL);
    char expected[S3_ETAG_SIZE] = "";
    struct s3_made made;
    (void)state;
    put_parts(upload);
    bool known = s3_upload_etag(upload, PARTS, expected);
    assert_class(s3_upload_complete(upload, &op, PARTS, false, &made), op, LAGAN_OK);
    assert_true(known);
    assert_string_equal(made.etag, expected);
}

static void many_refuses_parts(void **state)
{
    struct lagan_op op = fixture_op();
    struct s3_upload *upload = begin_upload("up/refused", NULL);
    struct s3_object told;
    (void)state;
    assert_class(put_part(upload, &op, S3_PART_LIMIT + 1), op, LAGAN_LIMIT);
    assert_class(put_part(upload, &op, 0), op, LAGAN_INVALID);
    assert_class(put_part(upload, &op, 2), op, LAGAN_OK);
    /* Part 1 was never put. */
    assert_class(s3_upload_complete(upload, &op, 2, false, NULL), op, LAGAN_INVALID);
    assert_class(s3_head(plain.client, &op, "up/refused", 10, NULL, &told, NULL), op,
                 LAGAN_NOT_FOUND);
}

static void many_resumes_uploads(void **state)
{
    struct lagan_op op = fixture_op();
    struct s3_upload *upload = begin_upload("up/resumed", NULL);
    struct s3_made made;
    char id[2048];
    uint64_t bytes = 0;
    (void)state;
    assert_class(put_part(upload, &op, 1), op, LAGAN_OK);
    assert_class(put_part(upload, &op, 3), op, LAGAN_OK);
    snprintf(id, sizeof id, "%s", s3_upload_id(upload));
    s3_upload_leave(upload);
    assert_class(s3_upload_resume(plain.client, &op, "up/resumed", 10, id, &upload), op,
                 LAGAN_OK);
    assert_true(s3_upload_has(upload, 1, &bytes));
    assert_int_equal(bytes, PART_BYTES);
    assert_false(s3_upload_has(upload, 2, &bytes));
    assert_true(s3_upload_has(upload, 3, &bytes));
    assert_int_equal(bytes, LAST_BYTES);
    assert_class(put_part(upload, &op, 2), op, LAGAN_OK);
    assert_class(s3_upload_complete(upload, &op, PARTS, false, &made), op, LAGAN_OK);
    assert_bytes(&plain, "up/resumed", NULL, content_bytes, WHOLE_BYTES);
    /* It is over.  Swift still tells its parts, but does not take them away any more. */
    uint32_t result = s3_upload_resume(plain.client, &op, "up/resumed", 10, id, &upload);
    if (result == LAGAN_OK)
        s3_upload_abort(upload);
    else
        assert_class(result, op, LAGAN_NOT_FOUND);
    assert_bytes(&plain, "up/resumed", NULL, content_bytes, WHOLE_BYTES);
}

static void many_sweeps_uploads(void **state)
{
    struct lagan_op op = fixture_op();
    int64_t hour_ns = INT64_C(3600000000000);
    struct s3_upload *other = begin_upload("keep/a", NULL);
    uint64_t removed = 99;
    (void)state;
    s3_upload_leave(begin_upload("sweep/a b", NULL));
    s3_upload_leave(begin_upload("sweep/a b", NULL));
    s3_upload_leave(begin_upload("sweep/\xc3\xa9", NULL));
    bool is_swift = strcmp(s3_features(plain.client)->dialect, "swift") == 0;
    struct s3_upload *unspeakable = is_swift ? NULL : begin_upload("sweep/\x01", NULL);
    s3_upload_abort(begin_upload("sweep/z", NULL)); /* leaves nothing to be swept */
    int64_t now_ns = lagan_host_table->wall_ns();
    assert_class(s3_uploads_sweep(plain.client, &op, "sweep/", now_ns - hour_ns, &removed), op,
                 LAGAN_OK);
    assert_int_equal(removed, 0);
    assert_class(s3_uploads_sweep(plain.client, &op, "sweep/", now_ns + hour_ns, &removed), op,
                 LAGAN_OK);
    assert_int_equal(removed, 3);
    s3_upload_abort(unspeakable);
    assert_class(put_part(other, &op, 1), op, LAGAN_OK);
    s3_upload_abort(other);
    assert_class(s3_uploads_sweep(plain.client, &op, "", now_ns + hour_ns, &removed), op,
                 LAGAN_OK);
    assert_int_equal(removed, 0);
}

static void many_makes_buckets(void **state)
{
    struct lagan_op op = fixture_op();
    uint32_t versions = 99;
    bool on = true;
    (void)state;
    assert_class(s3_bucket_create(plain.client, &op, false), op, LAGAN_EXISTS);
    assert_class(s3_versioning(plain.client, &op, &versions), op, LAGAN_OK);
    assert_int_equal(versions, LAGAN_VERSIONS_NONE);
    assert_class(s3_bucket_lock(plain.client, &op, &on), op, LAGAN_OK);
    assert_false(on);
}

static void many_locks_objects(void **state)
{
    struct lagan_op op = fixture_op();
    struct s3_made made;
    int64_t until_ns = lagan_host_table->wall_ns() + INT64_C(3600000000000);
    bool on = false;
    (void)state;
    if (!s3_features(plain.client)->object_lock) {
        assert_class(s3_lock_put(plain.client, &op, "a", 1, NULL, "GOVERNANCE", until_ns), op,
                     LAGAN_UNSUPPORTED);
        return;
    }
    assert_class(s3_bucket_create(locked.client, &op, true), op, LAGAN_OK);
    assert_class(s3_bucket_lock(locked.client, &op, &on), op, LAGAN_OK);
    assert_true(on);
    put_text(&locked, "a", "x", &made);
    assert_class(s3_lock_put(locked.client, &op, "a", 1, made.version, "GOVERNANCE", until_ns),
                 op, LAGAN_OK);
    struct s3_object told;
    assert_class(s3_head(locked.client, &op, "a", 1, made.version, &told, NULL), op, LAGAN_OK);
    assert_int_equal(told.lock_until_ns / 1000000000, until_ns / 1000000000);
    assert_class(s3_remove(locked.client, &op, "a", 1, made.version, false, NULL), op,
                 LAGAN_IMMUTABLE);
    struct s3_removal two[] = {{.key = "a", .key_size = 1, .version = made.version},
                               {.key = "b", .key_size = 1}};
    assert_class(s3_remove_many(locked.client, &op, two, 2), op, LAGAN_OK);
    assert_true(two[0].result == LAGAN_IMMUTABLE || two[0].result == LAGAN_DENIED);
    assert_int_equal(two[1].result, LAGAN_OK);
    assert_class(s3_remove(locked.client, &op, "a", 1, made.version, true, NULL), op, LAGAN_OK);
}

static void many_warms(void **state)
{
    struct lagan_op op = fixture_op();
    (void)state;
    put_text(&plain, "warm", "x", NULL);
    /* Neither store has a cold tier. */
    uint32_t result = s3_warm(plain.client, &op, "warm", 4, NULL, 3);
    assert_true(result == LAGAN_UNSUPPORTED || result == LAGAN_DENIED ||
                result == LAGAN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_makes_buckets),
        cmocka_unit_test(many_lists_odd_keys),
        cmocka_unit_test(many_lists_versions),
        cmocka_unit_test(many_knows_null_versions),
        cmocka_unit_test(many_lists_versions_of_none),
        cmocka_unit_test(many_keeps_tags),
        cmocka_unit_test(many_keeps_acl),
        cmocka_unit_test(many_uploads_in_parts),
        cmocka_unit_test(many_knows_etags_of_uploads),
        cmocka_unit_test(many_refuses_parts),
        cmocka_unit_test(many_resumes_uploads),
        cmocka_unit_test(many_sweeps_uploads),
        cmocka_unit_test(many_locks_objects),
        cmocka_unit_test(many_warms),
    };
    live_begin_or_skip();
    return cmocka_run_group_tests(tests, live_begin, live_end);
}
