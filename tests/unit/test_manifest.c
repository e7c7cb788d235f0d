/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest.c - lists of objects: by hand, of inventories, and what is made of bad ones. */
#include "base/csv.h"
#include "base/file.h"
#include "base/text.h"
#include "catalog_fixture.h"
#include "crypto/hash.h"
#include "crypto/md5.h"
#include "engine/manifest.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All rows as a text: "key@version:bytes;". */
static int gather(void *context, const struct manifest_row *row, struct error *e)
{
    struct buffer *all = context;

    (void)e;
    buffer_append(all, row->key, row->key_size);
    if (row->version[0] != '\0')
        buffer_append_format(all, "@%s", row->version);
    if (row->has_bytes)
        buffer_append_format(all, ":%llu", (unsigned long long)row->bytes);
    buffer_append_u8(all, ';');
    return 0;
}

static int read_text(const char *name, const char *fields, struct buffer *all,
                     uint8_t hash[CATALOG_HASH_SIZE], struct error *e)
{
    static const char *const buckets[] = {"b", "other-name", NULL};
    const struct manifest_request request = {.text = scratch_path(name),
                                             .fields = fields,
                                             .buckets = buckets,
                                             .context = all,
                                             .each = gather};

    buffer_clear(all);
    int result = manifest_read(&request, hash, e);
    buffer_append_u8(all, 0);
    return result;
}

/* What is expected: rows, or (code MANIFEST) a part of the message. */
struct row {
    const char *text, *fields, *rows, *part;
};

static void csv_by_hand(void **state)
{
    static const struct row rows[] = {
        {"b,k1\nb,k2\n", NULL, "k1;k2;", NULL},
        {"b,k1", NULL, "k1;", NULL},
        {"b,k1\r\nb,k2\r\n\r\n", NULL, "k1;k2;", NULL},
        {"\xef\xbb\xbf"
         "Bucket,Key\nb,k1\n",
         NULL, "k1;", NULL},
        {"Key,Ignore,Bucket\nk1,x,b\n", NULL, "k1;", NULL},
        {"b,k1,v1\nb,k2,\n", NULL, "k1@v1;k2;", NULL},
        {"x,k1,b\n", "Ignore,Key,Bucket", "k1;", NULL},
        {"b,a%20b%2Fc%25,v\n", NULL, "a b/c%@v;", NULL},
        {"b,a+b\n", NULL, "a+b;", NULL},
        {"\"b\",\"a,\"\"b\"\n", NULL, "a,\"b;", NULL},
        {"b,\"a\nb\"\nb,c\n", NULL, "a\nb;c;", NULL},
        {"", NULL, "", NULL},
        {"other-name,k\n", NULL, "k;", NULL},
        {"b,k1\nc,k2\n", NULL, NULL, "m.csv:2: all objects of a job are in one bucket"},
        {"b,k1\nother-name,k2\n", NULL, NULL, ":2: all objects of a job are in one bucket"},
        {"c,k1\n", NULL, NULL, ":1: this is not the bucket that the job copies from: c"},
        {"b,k1\nb\n", NULL, NULL, ":2: the row has 1 cells and not 2"},
        {"b,k1\nb,k,v\n", NULL, NULL, ":2: the row has 3 cells and not 2"},
        {"b,%zz\n", NULL, NULL, ":1: a key is written as in an address"},
        {"b,%4\n", NULL, NULL, ":1: a key is written as in an address"},
        {"b,a%00b\n", NULL, NULL, ":1: a zero byte in a key"},
        {"b,\n", NULL, NULL, ":1: there is no key"},
        {"b,\"k\nb,l\n", NULL, NULL, "the text ends within quotes"},
        {"b,\"k\"x\n", NULL, NULL, "behind a quoted cell"},
        {"b,k\"x\n", NULL, NULL, "a quote within a cell"},
        {"b,k\rx\n", NULL, NULL, "a carriage return"},
        {"b,k\n", "Size,Ignore", NULL, "fields names neither"},
        {"b,k,\"v\x01\"\n", NULL, NULL, "this is no version's id"},
        {"Bucket,Key,Size\nb,k,-1\n", NULL, NULL, ":2: this is no size: -1"},
    };
    struct buffer all CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t hash[CATALOG_HASH_SIZE], expected[CATALOG_HASH_SIZE];

    (void)state; /* BAT-02, BAT-13 */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error e = ERROR_INIT;
        scratch_write("m.csv", rows[i].text, strlen(rows[i].text), 0600);
        int result = read_text("m.csv", rows[i].fields, &all, hash, &e);
        print_message("%zu\n", i);
        if (rows[i].part != NULL) {
            must_fail(result, ERROR_MANIFEST, rows[i].part, &e);
            continue;
        }
        must(result, &e);
        assert_string_equal((char *)all.data, rows[i].rows);
        hash_sha256(rows[i].text, strlen(rows[i].text), expected);
        assert_memory_equal(hash, expected, sizeof(hash));
        must(manifest_hash(NULL, scratch_path("m.csv"), hash, &e), &e);
        assert_memory_equal(hash, expected, sizeof(hash));
    }
}

static void csv_hostile(void **state)
{
    struct buffer all CLEANUP_BUFFER = BUFFER_INIT, text CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t hash[CATALOG_HASH_SIZE];
    struct error e = ERROR_INIT;

    (void)state;
    scratch_write("m.csv", "b,k\0x\n", 6, 0600);
    must_fail(read_text("m.csv", NULL, &all, hash, &e), ERROR_MANIFEST, "a zero byte", &e);
    for (int i = 0; i < 100000; i++)
        buffer_append_u8(&text, 'x');
    scratch_write("m.csv", text.data, text.size, 0600);
    must_fail(read_text("m.csv", NULL, &all, hash, &e), ERROR_MANIFEST, "at most 64 KiB", &e);
    memset(text.data, ',', text.size);
    scratch_write("m.csv", text.data, text.size, 0600);
    must_fail(read_text("m.csv", NULL, &all, hash, &e), ERROR_MANIFEST, "at most 64 cells", &e);
    scratch_write("m.csv.gz", "\x1f\x8b\x08\0\0\0\0\0\0\x03xxxxxxxxxxx", 21, 0600);
    assert_int_equal(read_text("m.csv.gz", NULL, &all, hash, &e), -1);
    assert_int_equal(read_text("missing.csv", NULL, &all, hash, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
}

/* Any split of the bytes gives the same rows. */
static int count_row(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                     struct error *e)
{
    struct buffer *all = context;

    (void)e;
    buffer_append_format(all, "%llu", (unsigned long long)line);
    for (size_t i = 0; i < count; i++)
        buffer_append_format(all, "[%s]", cells[i].text);
    return 0;
}

static void csv_in_parts(void **state)
{
    static const char text[] = "a,\"b\"\"\n,\",c\r\n\n,,\r\n\"x\"";
    static const char expected[] = "1[a][b\"\n,][c]4[][][]5[x]";
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        struct buffer all CLEANUP_BUFFER = BUFFER_INIT;
        struct csv_reader r = {.name = "t"};
        must(csv_reader_take(&r, text, cut, count_row, &all, &e), &e);
        must(csv_reader_take(&r, text + cut, sizeof(text) - 1 - cut, count_row, &all, &e), &e);
        must(csv_reader_end(&r, count_row, &all, &e), &e);
        buffer_append_u8(&all, 0);
        assert_string_equal((char *)all.data, expected);
        csv_reader_free(&r);
    }
}

static void url_round(void **state)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT, back CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t bytes[255];

    (void)state;
    for (int i = 0; i < 255; i++)
        bytes[i] = (uint8_t)(i + 1);
    csv_url_encode(&text, bytes, sizeof(bytes));
    buffer_append_u8(&text, 0);
    assert_null(strchr((char *)text.data, ','));
    assert_null(strchr((char *)text.data, '+'));
    assert_int_equal(csv_url_decode((char *)text.data, true, &back), 0);
    assert_int_equal(back.size, sizeof(bytes));
    assert_memory_equal(back.data, bytes, sizeof(bytes));
}

/* ---- inventories ---- */

static void md5_text(const char *data, size_t size, char text[33])
{
    uint8_t digest[MD5_SIZE];
    struct md5 md5;

    md5_begin(&md5);
    md5_update(&md5, data, size);
    md5_finish(&md5, digest);
    text_hex(digest, sizeof(digest), text);
}

/* Writes an inventory; `change` is put in the place of the first `what` in its manifest. */
static void write_inventory(const char *rows, const char *what, const char *change)
{
    char json[1024], sum[33], *at;

    md5_text(rows, strlen(rows), sum);
    scratch_write("p/x/data/1.csv", rows, strlen(rows), 0600);
    snprintf(json, sizeof(json),
             "{\"sourceBucket\":\"b\",\"fileFormat\":\"CSV\",\"fileSchema\":\"Bucket, Key, "
             "VersionId, IsLatest, IsDeleteMarker, Size\",\"files\":[{\"key\":"
             "\"x/data/1.csv\",\"size\":\"%zu\",\"MD5checksum\":\"%s\"}]}",
             strlen(rows), sum);
    at = what != NULL ? strstr(json, what) : NULL;
    if (at != NULL) {
        char tail[1024];
        snprintf(tail, sizeof(tail), "%s", at + strlen(what));
        snprintf(at, sizeof(json) - (size_t)(at - json), "%s%s", change, tail);
    }
    md5_text(json, strlen(json), sum);
    scratch_write("p/x/20261122/manifest.json", json, strlen(json), 0600);
    scratch_write("p/x/20261122/manifest.checksum", sum, 32, 0600);
}

static void make_folders(void)
{
    static const char *const folders[] = {"p", "p/x", "p/x/data", "p/x/20261122"};
    struct error e = ERROR_INIT;

    for (size_t i = 0; i < 4; i++)
        must(file_make_directories(scratch_path(folders[i]), 0700, &e), &e);
}

static void inventory_reads(void **state)
{
    static const char rows[] = "b,a,v3,true,false,5\nb,a,v2,false,false,4\n"
                               "b,gone,v9,true,true,0\nb,b+c%2B,v1,true,false,7\n";
    struct buffer all CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t hash[CATALOG_HASH_SIZE];
    struct error e = ERROR_INIT;

    (void)state; /* BAT-08, BAT-14 */
    make_folders();
    write_inventory(rows, NULL, NULL);
    must(read_text("p/x/20261122/manifest.json", NULL, &all, hash, &e), &e);
    assert_string_equal((char *)all.data, "a@v3:5;b c+@v1:7;");
}

static void inventory_refused(void **state)
{
    static const struct {
        const char *what, *change, *part;
    } rows[] = {
        {"x/data/1.csv", "x/data/../../y", "has no name of ours"},
        {"x/data/1.csv", "/etc/passwd", "has no name of ours"},
        {"x/data/1.csv", "x/data/2.csv", "is neither in its folder nor in one above"},
        {"\"size\":\"20\"", "\"size\":\"21\"", "the length of x/data/1.csv is not what"},
        {"MD5checksum\":\"", "MD5checksum\":\"00000000000000000000000000000000\",\"x\":\"",
         "the MD5 of x/data/1.csv is not what"},
        {"MD5checksum", "nothing", "a file without key, size or checksum"},
        {"\"CSV\"", "\"ORC\"", "its fileFormat is not CSV"},
        {"Bucket, Key", "Pail, Key", "its fileSchema names neither"},
        {"\"20\"", "\"-20\"", "this is no size of a file"},
        {"}]}", "}]", "manifest.json"},
    };
    struct buffer all CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t hash[CATALOG_HASH_SIZE];

    (void)state; /* BAT-13 */
    make_folders();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error e = ERROR_INIT;
        write_inventory("b,a,v3,true,false,5\n", rows[i].what, rows[i].change);
        print_message("%s\n", rows[i].change);
        must_fail(read_text("p/x/20261122/manifest.json", NULL, &all, hash, &e), ERROR_MANIFEST,
                  rows[i].part, &e);
    }
    struct error e = ERROR_INIT;
    write_inventory("b,a,v3,true,false,5\n", NULL, NULL);
    scratch_write("p/x/20261122/manifest.checksum", "0", 1, 0600);
    must_fail(read_text("p/x/20261122/manifest.json", NULL, &all, hash, &e), ERROR_MANIFEST,
              "its MD5 is not what manifest.checksum says", &e);
}

static const struct CMUnitTest tests[] = {
    scratch_test(csv_by_hand),   scratch_test(csv_hostile),     cmocka_unit_test(csv_in_parts),
    cmocka_unit_test(url_round), scratch_test(inventory_reads), scratch_test(inventory_refused),
};

UNIT_MAIN(tests)
