/* SPDX-License-Identifier: Apache-2.0 */
/* test_batch_rows.c - the rows of a batch job and what becomes of them, killed anywhere. */
#include "catalog_fixture.h"
#include "engine/batch_report.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 40 };

static void add(struct batch_rows_writer *w, const char *key, int expected)
{
    struct error e = ERROR_INIT;
    int result = batch_rows_add(w, key, strlen(key), "", 10, "m.csv", 7, &e);

    if (expected == 0)
        must(result, &e);
    else
        must_fail(result, ERROR_MANIFEST, "was named before", &e);
}

static void make(const char *folder, unsigned count)
{
    struct error e = ERROR_INIT;
    uint64_t rows = 0, bytes = 0;
    struct batch_rows_writer *w = batch_rows_create(scratch_path(folder), &e);

    assert_non_null(w);
    for (unsigned i = 0; i < count; i++) {
        char key[32];
        snprintf(key, sizeof(key), "key-%04u", i);
        add(w, key, 0);
    }
    must(batch_rows_commit(w, &rows, &bytes, &e), &e);
    assert_int_equal(rows, count);
    assert_int_equal(bytes, 10 * count);
}

static void finish(struct batch_rows *r, const struct batch_row *row, enum batch_mark mark)
{
    struct error e = ERROR_INIT;
    struct buffer line CLEANUP_BUFFER = BUFFER_INIT;
    struct error why = ERROR_INIT;

    error_set(&why, LAGAN_NOT_FOUND, ERROR_NO_ENTRY, "gone, \"really\"");
    const struct batch_result result = {.bucket = "b",
                                        .key = row->key,
                                        .key_size = row->key_size,
                                        .version = "v,\"1\n2",
                                        .mark = mark,
                                        .why = mark == BATCH_MARK_FAILED ? &why : NULL,
                                        .message = "",
                                        .new_key = row->key,
                                        .new_key_size = row->key_size,
                                        .new_version = "",
                                        .bytes = mark == BATCH_MARK_SUCCEEDED ? 10 : 0,
                                        .row = row->number};
    batch_report_line(&line, &result);
    must(batch_rows_end(r, row->number, mark, result.bytes, &line, &e), &e);
}

/* ---- the rows themselves ---- */

static void rows_once(void **state)
{
    struct error e = ERROR_INIT;
    uint64_t rows, bytes;
    struct batch_rows_writer *w = batch_rows_create(scratch_path("j"), &e);

    (void)state; /* BAT-14 */
    assert_non_null(w);
    add(w, "a", 0);
    add(w, "c", 0);
    add(w, "c", -1);
    add(w, "b", 0); /* out of order: all are remembered from here on */
    add(w, "a", -1);
    add(w, "b", -1);
    add(w, "aa", 0);
    for (int i = 0; i < 3000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", (i * 7919) % 3000);
        add(w, key, 0);
    }
    add(w, "k1234", -1);
    must(batch_rows_commit(w, &rows, &bytes, &e), &e);
    assert_int_equal(rows, 3004);
}

static void rows_in_turn(void **state)
{
    struct error e = ERROR_INIT;
    struct batch_row row;

    (void)state;
    make("j", 10000);
    struct batch_rows *r = batch_rows_open(scratch_path("j"), &e);
    assert_non_null(r);
    for (unsigned i = 0; i < 10000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "key-%04u", i);
        assert_int_equal(batch_rows_next(r, &row, &e), 1);
        assert_int_equal(row.number, i);
        assert_int_equal(row.key_size, strlen(key));
        assert_memory_equal(row.key, key, row.key_size);
        assert_int_equal(row.bytes, 10);
        assert_false(row.begun);
        if (i % 3 == 0)
            finish(r, &row, BATCH_MARK_SUCCEEDED);
    }
    assert_int_equal(batch_rows_next(r, &row, &e), 0);
    must(batch_rows_sync(r, &e), &e);
    batch_rows_close(r);
    r = batch_rows_open(scratch_path("j"), &e);
    assert_non_null(r);
    assert_int_equal(batch_rows_counts(r).succeeded, 3334);
    assert_int_equal(batch_rows_next(r, &row, &e), 1);
    assert_int_equal(row.number, 1);
    assert_null(batch_rows_open(scratch_path("j"), &e)); /* one process at a time */
    must_fail(-1, ERROR_LOCKED, "another process", &e);
    batch_rows_close(r);
}

/* ---- killed ---- */

/* Copies the folder as a process that is killed leaves it, with a report cut at `size`. */
static void leave(const char *from, const char *to, size_t report_size)
{
    static const char *const names[] = {"rows", "marks", "report.csv"};

    for (size_t i = 0; i < 3; i++) {
        char path[64];
        size_t size;
        snprintf(path, sizeof(path), "%s/%s", from, names[i]);
        char *data = scratch_read(path, &size);
        snprintf(path, sizeof(path), "%s/%s", to, names[i]);
        scratch_write(path, data, i == 2 && report_size < size ? report_size : size, 0600);
        free(data);
    }
}

/* Lines that are whole in the first `size` bytes, without the heading. */
static unsigned lines_of(const char *report, size_t size)
{
    unsigned lines = 0;

    for (size_t i = 0; i < size; i++)
        lines += report[i] == '\n';
    return lines > 0 ? lines - 1 : 0;
}

static unsigned occurrences(const char *text, const char *of)
{
    unsigned count = 0;

    for (; (text = strstr(text, of)) != NULL; text++)
        count++;
    return count;
}

/* Whole lines alone, one for each row: nothing was appended to half a line. */
static void check_report(const char *folder)
{
    char path[64], *rest = NULL;
    unsigned lines = 0;

    snprintf(path, sizeof(path), "%s/report.csv", folder);
    char *text = scratch_read(path, NULL);
    strtok_r(text, "\n", &rest); /* the heading */
    for (char *line; (line = strtok_r(NULL, "\n", &rest)) != NULL; lines++) {
        assert_memory_equal(line, "b,key-", 6);
        assert_int_equal(occurrences(line, "key-"), 2);
    }
    assert_int_equal(lines, ROWS);
    free(text);
}

static void check_left(const char *folder, unsigned done)
{
    struct error e = ERROR_INIT;
    struct batch_row row;
    unsigned open = 0;
    struct batch_rows *r = batch_rows_open(scratch_path(folder), &e);

    assert_non_null(r);
    struct batch_counts counts = batch_rows_counts(r);
    assert_int_equal(counts.succeeded + counts.failed + counts.skipped, done);
    assert_int_equal(counts.bytes, 10 * counts.succeeded);
    while (batch_rows_next(r, &row, &e) > 0) {
        open++;
        finish(r, &row, BATCH_MARK_SUCCEEDED);
    }
    assert_int_equal(open, ROWS - done);
    batch_rows_close(r);
    check_report(folder);
}

/* No synchronisation but that of opening has happened: all is taken from the report. */
static void rows_killed_anywhere(void **state)
{
    struct error e = ERROR_INIT;
    struct batch_row row;
    size_t size;

    (void)state;
    make("j", ROWS);
    struct batch_rows *r = batch_rows_open(scratch_path("j"), &e);
    assert_non_null(r);
    for (unsigned i = 0; i < ROWS - 3; i++) {
        assert_int_equal(batch_rows_next(r, &row, &e), 1);
        finish(r, &row,
               i % 5 == 0   ? BATCH_MARK_FAILED
               : i % 7 == 0 ? BATCH_MARK_SKIPPED
                            : BATCH_MARK_SUCCEEDED);
    }
    char *report = scratch_read("j/report.csv", &size);
    make("k", 1);
    for (size_t cut = sizeof(BATCH_REPORT_HEADING) - 1; cut <= size; cut += 7) {
        leave("j", "k", cut);
        check_left("k", lines_of(report, cut));
    }
    batch_rows_close(r);
    free(report);
}

static int collect(void *context, const void *data, size_t size, struct error *e)
{
    struct buffer *all = context;

    (void)e;
    buffer_append(all, data, size);
    return 0;
}

/* BAT-21: a report of a process that was killed is whole lines; scope failed is a part. */
static void report_scopes(void **state)
{
    struct error e = ERROR_INIT;
    struct buffer all CLEANUP_BUFFER = BUFFER_INIT, failed CLEANUP_BUFFER = BUFFER_INIT;
    struct batch_row row;

    (void)state;
    make("j", 3);
    struct batch_rows *r = batch_rows_open(scratch_path("j"), &e);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(batch_rows_next(r, &row, &e), 1);
        finish(r, &row, i == 1 ? BATCH_MARK_FAILED : BATCH_MARK_SUCCEEDED);
    }
    batch_rows_close(r);
    char *text = scratch_read("j/report.csv", NULL);
    scratch_write("j/report.csv", text, strlen(text) - 3, 0600);
    free(text);
    must(batch_report_read(scratch_path("j"), false, collect, &all, &e), &e);
    must(batch_report_read(scratch_path("j"), true, collect, &failed, &e), &e);
    buffer_append_u8(&all, 0);
    buffer_append_u8(&failed, 0);
    assert_string_equal(
        (char *)all.data, BATCH_REPORT_HEADING
        "b,key-0000,\"v,\"\"1 2\",succeeded,,200,,key-0000,,10,1\n"
        "b,key-0001,\"v,\"\"1 2\",failed,not-found,404,\"gone, \"\"really\"\"\","
        "key-0001,,0,2\n");
    assert_string_equal(
        (char *)failed.data, BATCH_REPORT_HEADING
        "b,key-0001,\"v,\"\"1 2\",failed,not-found,404,\"gone, \"\"really\"\"\","
        "key-0001,,0,2\n");
}

/* BAT-27: only what failed or was not tried. */
static void rows_inherited(void **state)
{
    struct error e = ERROR_INIT;
    struct batch_row row;
    uint64_t open = 0, bytes = 0;

    (void)state;
    make("j", ROWS);
    struct batch_rows *r = batch_rows_open(scratch_path("j"), &e);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(batch_rows_next(r, &row, &e), 1);
        finish(r, &row, i < 12 ? BATCH_MARK_FAILED : i < 20 ? BATCH_MARK_SKIPPED : 2);
    }
    batch_rows_close(r);
    must(batch_rows_inherit(scratch_path("n"), scratch_path("j"), &open, &bytes, &e), &e);
    assert_int_equal(open, 12 + 10);
    assert_int_equal(bytes, 220);
    r = batch_rows_open(scratch_path("n"), &e);
    assert_non_null(r);
    assert_int_equal(batch_rows_counts(r).failed, 0);
    for (unsigned i = 0; i < 22; i++) {
        assert_int_equal(batch_rows_next(r, &row, &e), 1);
        assert_int_equal(row.number, i < 12 ? i : i + 18);
    }
    assert_int_equal(batch_rows_next(r, &row, &e), 0);
    batch_rows_close(r);
}

/* A row that was begun is told so by the next process. */
static void rows_begun(void **state)
{
    struct error e = ERROR_INIT;
    struct batch_row row;

    (void)state;
    make("j", 3);
    struct batch_rows *r = batch_rows_open(scratch_path("j"), &e);
    must(batch_rows_begin(r, 1, &e), &e);
    batch_rows_close(r);
    r = batch_rows_open(scratch_path("j"), &e);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(batch_rows_next(r, &row, &e), 1);
        assert_int_equal(row.begun, i == 1);
    }
    batch_rows_close(r);
}

static void rows_damaged(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    make("j", 3);
    scratch_write("j/marks", "lagan", 5, 0600);
    assert_null(batch_rows_open(scratch_path("j"), &e));
    must_fail(-1, ERROR_INTEGRITY, "marks is damaged", &e);
    make("j", 3);
    scratch_write("j/rows", "lagan batch rows 1\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 53, 0600);
    assert_null(batch_rows_open(scratch_path("j"), &e));
    must_fail(-1, ERROR_INTEGRITY, "rows is damaged", &e);
    make("j", 3);
    scratch_write("j/report.csv", BATCH_REPORT_HEADING "a,b,c\n",
                  sizeof(BATCH_REPORT_HEADING) + 5, 0600);
    assert_null(batch_rows_open(scratch_path("j"), &e));
    must_fail(-1, ERROR_INTEGRITY, "report.csv is not as it was written", &e);
}

static const struct CMUnitTest tests[] = {
    scratch_test(rows_once),
    scratch_test(rows_in_turn),
    scratch_test(rows_killed_anywhere),
    scratch_test(report_scopes),
    scratch_test(rows_inherited),
    scratch_test(rows_begun),
    scratch_test(rows_damaged),
};

UNIT_MAIN(tests)
