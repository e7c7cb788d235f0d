/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_content.c - lists of records, in place and as content maps. */
#include "chunk_map.h"
#include "unit.h"
#include "vault/content_node.h"

#include <stdlib.h>
#include <string.h>

/* Record `i` of a content that follows from `seed`; every `holes`-th is a hole (0 = none). */
static struct chunk_record make_record(uint64_t seed, uint32_t i, uint32_t holes)
{
    struct chunk_record record = {.bytes = 1 + (i * 7919 + seed) % 100000};
    uint64_t random = seed * 1000003 + i;

    if (holes == 0 || i % holes != holes - 1) {
        for (size_t b = 0; b < CHUNK_ID_SIZE; b += 8)
            store_u64(record.id.bytes + b, next_random(&random));
    }
    return record;
}

static uint64_t add_records(struct content_builder *b, uint64_t seed, uint32_t from,
                            uint32_t to, uint32_t holes)
{
    struct error e = ERROR_INIT;
    uint64_t total = 0;

    for (uint32_t i = from; i < to; i++) {
        struct chunk_record record = make_record(seed, i, holes);
        assert_int_equal(content_builder_add(b, &record.id, record.bytes, &e), 0);
        total += record.bytes;
    }
    return total;
}

/* Reads a content back and compares it with what went in. */
static void assert_holds(struct chunk_map *map, const struct content *content, uint64_t seed,
                         uint32_t count, uint32_t holes)
{
    struct chunk_access access = chunk_map_access(map);
    struct error e = ERROR_INIT;
    struct chunk_record record;

    struct content_cursor *c = content_cursor_new(&access, content, &e);
    assert_non_null(c);
    for (uint32_t i = 0; i < count; i++) {
        struct chunk_record expected = make_record(seed, i, holes);
        assert_int_equal(content_cursor_next(c, &record, &e), 1);
        assert_true(record.bytes == expected.bytes);
        assert_true(chunk_id_equal(&record.id, &expected.id));
    }
    assert_int_equal(content_cursor_next(c, &record, &e), 0);
    assert_int_equal(content_cursor_next(c, &record, &e), 0);
    content_cursor_free(c);
}

static void content_sizes(void **state)
{
    static const uint32_t sizes[] = {0, 1, 31, 32, 33, 511, 512, 513, 100000};
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;

    (void)state;
    struct content_builder *b = content_builder_new(&access, &e);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct content content;
        uint64_t bytes;
        uint64_t total = add_records(b, i, 0, sizes[i], i % 2 * 5);
        assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
        assert_true(bytes == total);
        assert_int_equal(content.height > 0, sizes[i] > 32);
        assert_int_equal(content.count, sizes[i] > 32 ? 1 : sizes[i]);
        assert_true(content.height == 0 || content.records[0].bytes == total);
        assert_true(sizes[i] < 100000 || content.height == 3);
        assert_holds(&map, &content, i, sizes[i], i % 2 * 5);
        content_builder_reset(b);
    }
    content_builder_free(b);
}

/* The same records give the same map, whatever the builder did before. */
static void content_is_canonical(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct content content;
    struct chunk_record roots[2];
    uint64_t bytes;

    (void)state;
    struct content_builder *b = content_builder_new(&access, &e);
    for (size_t i = 0; i < 2; i++) {
        add_records(b, 3, 0, 5000, 0);
        assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
        roots[i] = content.records[0];
        content_builder_reset(b);
        add_records(b, 4, 0, 777, 0); /* left unfinished */
        content_builder_reset(b);
    }
    assert_true(chunk_id_equal(&roots[0].id, &roots[1].id));
    content_builder_free(b);
}

/* A change in the middle of a long content writes few nodes again. */
static void content_shares_nodes(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct content content;
    uint64_t bytes;

    (void)state;
    struct content_builder *b = content_builder_new(&access, &e);
    add_records(b, 5, 0, 50000, 0);
    assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
    size_t before = map.count;
    content_builder_reset(b);
    add_records(b, 5, 0, 20000, 0);
    add_records(b, 6, 0, 1, 0); /* one more */
    add_records(b, 5, 20000, 50000, 0);
    assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
    assert_true(map.count - before <= 8);
    assert_true(before > 300);
    content_builder_free(b);
}

static void content_merges_holes(void **state)
{
    static const struct chunk_id hole, data = {{1}};
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct content content;
    uint64_t bytes;

    (void)state;
    struct content_builder *b = content_builder_new(&access, &e);
    for (uint32_t i = 0; i < 600; i++)
        assert_int_equal(content_builder_add(b, &hole, 10, &e), 0);
    assert_int_equal(content_builder_add(b, &data, 5, &e), 0);
    assert_int_equal(content_builder_add(b, &hole, UINT64_MAX - 6005, &e), 0);
    assert_int_equal(content_builder_add(b, &hole, 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_LIMIT);
    assert_int_equal(content_builder_add(b, &data, 0, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
    assert_true(bytes == UINT64_MAX);
    assert_int_equal(content.count, 3);
    assert_true(content.records[0].bytes == 6000);
    assert_true(content.records[2].bytes == UINT64_MAX - 6005);
    content_builder_free(b);
}

/* Holes between the nodes: the 512th record of a node grows before the node ends. */
static void content_merges_holes_at_ends(void **state)
{
    static const struct chunk_id hole;
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct content content;
    uint64_t bytes, total = 0;

    (void)state;
    struct content_builder *b = content_builder_new(&access, &e);
    for (uint32_t i = 0; i < 2000; i++) {
        struct chunk_record record = make_record(9, i, 0);
        memset(record.id.bytes, 0xff, 4); /* no node ends before 512 */
        if (i % 2 == 1)
            record.id = hole;
        for (uint32_t times = 0; times <= i % 2; times++) {
            assert_int_equal(content_builder_add(b, &record.id, record.bytes, &e), 0);
            total += record.bytes;
        }
    }
    assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
    assert_true(bytes == total);
    assert_int_equal(map.puts[0], 4);
    struct content_cursor *c = content_cursor_new(&access, &content, &e);
    struct chunk_record record;
    uint32_t count = 0;
    while (content_cursor_next(c, &record, &e) == 1)
        count++;
    assert_int_equal(count, 2000);
    content_cursor_free(c);
    content_builder_free(b);
}

/* Reads all of a content; 0 or -1. */
static int walk(struct chunk_map *map, const struct content *content, struct error *e)
{
    struct chunk_access access = chunk_map_access(map);
    struct content_cursor *c = content_cursor_new(&access, content, e);
    struct chunk_record record;
    int got = -1;

    if (c != NULL) {
        do
            got = content_cursor_next(c, &record, e);
        while (got == 1);
    }
    content_cursor_free(c);
    return got;
}

/* What a record says of a node must be so. */
static void content_contradictions_are_found(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct content content;
    uint64_t bytes;

    (void)state;
    struct content_builder *b = content_builder_new(&access, &e);
    add_records(b, 7, 0, 1000, 0);
    assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
    struct chunk_record root = content.records[0];
    uint32_t height = content.height;
    assert_int_equal(walk(&map, &content, &e), 0);
    content_builder_free(b);

    content.records = &root;
    content.height = height + 1;
    assert_int_equal(walk(&map, &content, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    content.height = height;
    root.bytes++;
    assert_int_equal(walk(&map, &content, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    root.bytes--;
    root.id.bytes[0] ^= 1;
    assert_int_equal(walk(&map, &content, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    content.height = 17;
    assert_int_equal(walk(&map, &content, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
}

struct bad_node {
    const char *what;
    size_t size;
    const char *bytes;
};
#define BAD(what, bytes)                                                                       \
    {                                                                                          \
        what, sizeof(bytes) - 1, bytes                                                         \
    }
#define ID "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"
#define ZERO_ID "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define IDS "\21\0\40\0\0\0"
static const struct bad_node bad_nodes[] = {
    BAD("nothing", ""),
    BAD("head only", "C\1\0\0\1\0\0\0"),
    BAD("wrong magic", "D\1\0\0\1\0\0\0\20\0\1\0\0\0\1" IDS ID),
    BAD("reserved byte", "C\1\0\1\1\0\0\0\20\0\1\0\0\0\1" IDS ID),
    BAD("level 16", "C\1\20\0\1\0\0\0\20\0\1\0\0\0\1" IDS ID),
    BAD("no records", "C\1\0\0\0\0\0\0\20\0\0\0\0\0\21\0\0\0\0\0"),
    BAD("513 records", "C\1\0\0\1\2\0\0\20\0\1\0\0\0\1" IDS ID),
    BAD("lengths missing", "C\1\0\0\1\0\0\0" IDS ID),
    BAD("ids missing", "C\1\0\0\1\0\0\0\20\0\1\0\0\0\1"),
    BAD("columns descend", "C\1\0\0\1\0\0\0" IDS ID "\20\0\1\0\0\0\1"),
    BAD("length of zero", "C\1\0\0\1\0\0\0\20\0\1\0\0\0\0" IDS ID),
    BAD("two lengths of one", "C\1\0\0\1\0\0\0\20\0\2\0\0\0\1\1" IDS ID),
    BAD("one length of two", "C\1\0\0\2\0\0\0\20\0\1\0\0\0\1\21\0\100\0\0\0" ID ID),
    BAD("one id of two", "C\1\0\0\2\0\0\0\20\0\2\0\0\0\1\1" IDS ID),
    BAD("sum beyond 2^64", "C\1\0\0\2\0\0\0\20\0\13\0\0\0\1\377\377\377\377\377\377\377\377\377"
                           "\1\21\0\100\0\0\0" ID ID),
    BAD("hole above", "C\1\1\0\1\0\0\0\20\0\1\0\0\0\1" IDS ZERO_ID),
    BAD("bytes behind", "C\1\0\0\1\0\0\0\20\0\1\0\0\0\1" IDS ID "\0"),
};

static void content_node_rules(void **state)
{
    static const char good[] = "C\1\0\0\1\0\0\0\20\0\1\0\0\0\1" IDS ZERO_ID;
    static const char newer[] = "C\2\0\0\1\0\0\0\20\0\1\0\0\0\1" IDS ID;
    struct chunk_record *records;
    uint32_t level, count;

    (void)state;
    for (size_t i = 0; i < sizeof(bad_nodes) / sizeof(bad_nodes[0]); i++) {
        struct error e = ERROR_INIT;
        if (content_node_decode(bad_nodes[i].bytes, bad_nodes[i].size, &level, &records, &count,
                                &e) == 0)
            fail_msg("%s: was not refused", bad_nodes[i].what);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
    }
    struct error e = ERROR_INIT;
    assert_int_equal(content_node_decode(good, sizeof(good) - 1, &level, &records, &count, &e),
                     0);
    assert_true(level == 0 && count == 1 && chunk_is_hole(&records[0].id));
    free(records);
    assert_int_equal(
        content_node_decode(newer, sizeof(newer) - 1, &level, &records, &count, &e), -1);
    assert_int_equal(e.code, ERROR_NEWER_FORMAT);
}

/* Mutated nodes are refused, or are the one encoding of what they hold. */
static void content_mutated_nodes(void **state)
{
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT;
    struct chunk_record made[40];
    uint64_t seed = 2;
    int taken = 0;

    (void)state;
    for (uint32_t i = 0; i < 40; i++)
        made[i] = make_record(1, i, 5);
    content_node_encode(&node, 0, made, 40);
    for (int i = 0; i < 30000; i++) {
        uint64_t random = next_random(&seed);
        size_t size = random % 8 == 0 ? random / 8 % node.size : node.size;
        uint8_t *data = malloc(size + 1);
        memcpy(data, node.data, size);
        data = realloc(data, size > 0 ? size : 1);
        size_t at = random % 3 == 0 ? (random >> 16) % 20 : (random >> 16) % 96;
        if (at < size)
            data[at] ^= (uint8_t)(1 << (random >> 60) % 8);
        struct error e = ERROR_INIT;
        struct chunk_record *records;
        uint32_t level, count;
        if (content_node_decode(data, size, &level, &records, &count, &e) == 0) {
            struct buffer again CLEANUP_BUFFER = BUFFER_INIT;
            content_node_encode(&again, level, records, count);
            assert_int_equal(again.size, size);
            assert_memory_equal(again.data, data, size);
            free(records);
            taken++;
        }
        free(data);
    }
    assert_true(taken > 100);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(content_sizes),
    cmocka_unit_test(content_is_canonical),
    cmocka_unit_test(content_shares_nodes),
    cmocka_unit_test(content_merges_holes),
    cmocka_unit_test(content_merges_holes_at_ends),
    cmocka_unit_test(content_contradictions_are_found),
    cmocka_unit_test(content_node_rules),
    cmocka_unit_test(content_mutated_nodes),
};
UNIT_MAIN(tests)
