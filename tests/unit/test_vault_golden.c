/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_golden.c - fixed entries and records give the bytes of
 * tests/format/golden_tree.txt, which tests/format/check_golden.py reads without this code. The
 * formulas stand there again. A new file is written to the path in LAGAN_GOLDEN_WRITE.
 */
#include "base/text.h"
#include "crypto/derive.h"
#include "crypto/hash.h"
#include "unit.h"
#include "vault/tree.h"

#include <lagan/source.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_COUNT = 300, RECORD_COUNT = 600 };

static const uint8_t master[32] = "the master secret, 32 bytes long";
static const uint8_t uuid[16] = "sixteen bytes id";

/* The text of the file as it grows, and the key of ids. */
struct golden {
    struct buffer text;
    struct mac_key id_key;
};

static void derive(const char *label, uint8_t key[32])
{
    struct error e = ERROR_INIT;
    char info[32];
    int size = snprintf(info, sizeof(info), "lagan/1/%s", label);

    assert_int_equal(
        derive_key(master, sizeof(master), uuid, sizeof(uuid), info, (size_t)size, key, 32, &e),
        0);
}

static void append_hex(struct buffer *text, const void *data, size_t size)
{
    char *hex = malloc(2 * size + 1);

    assert_non_null(hex);
    text_hex(data, size, hex);
    buffer_append(text, hex, 2 * size);
    free(hex);
}

/* chunk_access.put: a line of the file. */
static int put(void *context, const void *data, size_t size, struct chunk_id *id,
               struct error *e)
{
    struct golden *g = context;

    mac_compute(&g->id_key, data, size, id->bytes);
    buffer_append_format(&g->text, "chunk ");
    append_hex(&g->text, id->bytes, CHUNK_ID_SIZE);
    buffer_append_format(&g->text, " ");
    append_hex(&g->text, data, size);
    buffer_append_format(&g->text, "\n");
    return buffer_check(&g->text, e);
}

/* SHA-256 of a word and two numbers. */
static void hash_of(const char *word, uint32_t i, uint32_t j, uint8_t hash[32])
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;

    buffer_append_format(&b, "%s", word);
    buffer_append_u32(&b, i);
    buffer_append_u32(&b, j);
    hash_sha256(b.data, b.size, hash);
}

static void set_content(struct tree_entry *entry, struct chunk_record *records, uint32_t i)
{
    bool map = i % 50 == 33;

    if (entry->type != LAGAN_ENTRY_FILE)
        return;
    entry->content.height = map ? 2 : 0;
    entry->content.count = map ? 1 : i % 50 == 17 ? 32 : i % 6;
    entry->content.records = records;
    for (uint32_t j = 0; j < entry->content.count; j++) {
        records[j].bytes = 1000 * j + i + 1;
        if (i % 6 == 4 && j == 1)
            memset(records[j].id.bytes, 0, CHUNK_ID_SIZE);
        else
            hash_of("chunk", i, j, records[j].id.bytes);
        entry->bytes += records[j].bytes;
    }
}

static void set_further(struct tree_entry *entry, struct buffer *further, uint32_t i)
{
    uint8_t group[16];
    char text[32], value[8];

    buffer_clear(further);
    memset(group, (int)i & 255, sizeof(group));
    if (entry->type == LAGAN_ENTRY_SYMLINK) {
        int size = snprintf(text, sizeof(text), "../target-%u", i);
        buffer_append_tlv(further, TREE_FURTHER_LINK, text, (uint32_t)size);
    }
    if (i % 11 == 0)
        buffer_append_tlv(further, TREE_FURTHER_LINK_GROUP, group, sizeof(group));
    if (i % 13 == 0) {
        struct buffer metadata CLEANUP_BUFFER = BUFFER_INIT;
        int size = snprintf(value, sizeof(value), "v%u", i);
        buffer_append_varint(&metadata, LAGAN_METADATA_XATTR);
        buffer_append_counted(&metadata, "user.tag", 8);
        buffer_append_counted(&metadata, value, (size_t)size);
        buffer_append_tlv(further, TREE_FURTHER_METADATA, metadata.data,
                          (uint32_t)metadata.size);
    }
    if (i == 42)
        buffer_append_tlv(further, 1000, "later", 5);
    entry->further = further->data;
    entry->further_size = further->size;
}

/* Entry `i`, in the room that the other parameters give. */
struct room {
    char key[16], user[16];
    uint8_t stamp[16];
    struct chunk_record records[CONTENT_INLINE_LIMIT];
    struct buffer further;
};
static void set_entry(struct tree_entry *entry, struct room *room, uint32_t i)
{
    *entry = (struct tree_entry){
        .key = (const uint8_t *)room->key,
        .type = i == 0        ? LAGAN_ENTRY_DIRECTORY
                : i % 10 == 9 ? LAGAN_ENTRY_SYMLINK
                              : LAGAN_ENTRY_FILE,
        .present = LAGAN_HAS_BYTES | LAGAN_HAS_MODE | LAGAN_HAS_MTIME | LAGAN_HAS_LINKS,
        .mode = 0600 + i % 64,
        .links = i % 7 == 0 ? 2 : 1,
        .mtime_s = i == 5 ? -1 : 1700000000 - (int64_t)i * i * 1000,
        .mtime_ns = i * 3333333 % 1000000000,
        .stamp = room->stamp,
        .stamp_size = i % 5 * 4,
    };
    if (i > 0)
        entry->key_size =
            (size_t)snprintf(room->key, sizeof(room->key), "d%02u%cf%03u", i / 20, 0, i);
    if (i % 4 != 3) {
        entry->present |= LAGAN_HAS_OWNER;
        entry->user = 1000 + i % 3;
        entry->group = 100;
        snprintf(room->user, sizeof(room->user), "user%u", entry->user);
        entry->user_name = i % 3 == 2 ? NULL : room->user;
        entry->group_name = "staff";
    }
    for (uint32_t b = 0; b < sizeof(room->stamp); b++)
        room->stamp[b] = (uint8_t)(i * 7 + b);
    set_content(entry, room->records, i);
    set_further(entry, &room->further, i);
}

static void write_tree(struct golden *g)
{
    struct chunk_access access = {.context = g, .put = put};
    struct error e = ERROR_INIT;
    struct room room = {.further = BUFFER_INIT};
    struct tree_entry entry;
    struct tree_root root;
    uint8_t node_key[32];

    derive("node", node_key);
    struct tree_builder *b = tree_builder_new(&access, node_key, &e);
    for (uint32_t i = 0; i < ENTRY_COUNT; i++) {
        set_entry(&entry, &room, i);
        assert_int_equal(tree_builder_add(b, &entry, &e), 0);
    }
    assert_int_equal(tree_builder_finish(b, &root, &e), 0);
    tree_builder_free(b);
    buffer_free(&room.further);
    buffer_append_format(&g->text, "tree %u ", root.height);
    append_hex(&g->text, root.id.bytes, CHUNK_ID_SIZE);
    buffer_append_format(&g->text, " %llu %llu\n", (unsigned long long)root.entries,
                         (unsigned long long)root.bytes);
}

static void write_content(struct golden *g)
{
    struct chunk_access access = {.context = g, .put = put};
    struct error e = ERROR_INIT;
    struct content content;
    uint64_t bytes;

    struct content_builder *b = content_builder_new(&access, &e);
    for (uint32_t j = 0; j < RECORD_COUNT; j++) {
        struct chunk_id id = {{0}};
        if (j % 100 != 50)
            hash_of("content", 0, j, id.bytes);
        assert_int_equal(content_builder_add(b, &id, j + 1, &e), 0);
    }
    assert_int_equal(content_builder_finish(b, &content, &bytes, &e), 0);
    buffer_append_format(&g->text, "content %u ", content.height);
    append_hex(&g->text, content.records[0].id.bytes, CHUNK_ID_SIZE);
    buffer_append_format(&g->text, " %llu\n", (unsigned long long)bytes);
    content_builder_free(b);
}

static void read_file(const char *path, struct buffer *out)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    for (;;) {
        uint8_t *to = buffer_reserve(out, 65536);
        size_t got = fread(to, 1, 65536, f);
        if (got == 0)
            break;
        out->size += got;
    }
    fclose(f);
}

static void vault_golden_tree(void **state)
{
    struct golden g = {.text = BUFFER_INIT};
    struct buffer expected CLEANUP_BUFFER = BUFFER_INIT;
    const char *top = getenv("abs_top_srcdir"), *new_file = getenv("LAGAN_GOLDEN_WRITE");
    uint8_t id_key[32];
    char path[4096];

    (void)state;
    if (top == NULL)
        skip(); /* run by make check, which says where the file is */
    derive("meta-id", id_key);
    mac_key_set(&g.id_key, id_key, sizeof(id_key));
    buffer_append_format(&g.text, "master ");
    append_hex(&g.text, master, sizeof(master));
    buffer_append_format(&g.text, "\nuuid ");
    append_hex(&g.text, uuid, sizeof(uuid));
    buffer_append_format(&g.text, "\n");
    write_tree(&g);
    write_content(&g);
    if (new_file != NULL) {
        FILE *f = fopen(new_file, "wb");
        assert_non_null(f);
        fwrite(g.text.data, 1, g.text.size, f);
        fclose(f);
    }
    snprintf(path, sizeof(path), "%s/tests/format/golden_tree.txt", top);
    read_file(path, &expected);
    assert_int_equal(g.text.size, expected.size);
    assert_memory_equal(g.text.data, expected.data, expected.size);
    buffer_free(&g.text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(vault_golden_tree),
};
UNIT_MAIN(tests)
