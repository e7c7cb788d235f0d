/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_golden_pack.c - a pack and an index run of fixed content are the bytes of
 * tests/format/golden_pack.hex and golden_run.hex, which check_golden_pack.py reads without
 * this code.  New files are written into the folder in LAGAN_GOLDEN_WRITE.
 */
#include "base/file.h"
#include "base/text.h"
#include "crypto/derive.h"
#include "unit.h"
#include "vault/codec.h"
#include "vault/name.h"
#include "vault/run.h"
#include "vault/table.h"
#include "vault_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { ENTRIES = 60, GOLDEN_ZSTD = 10504, LIMIT = 1 << 20 };

static const uint8_t master[32] = "the master secret, 32 bytes long";
static const uint8_t uuid[16] = "sixteen bytes id";
static const uint8_t session[16] = "session's uuid..";
static const uint8_t salt[32] = "a salt that nobody may use twice";

/* A target in memory without a vault. */
struct place {
    struct driver_host *host;
    struct instance *instance;
    struct target *target;
};

static void place_open(struct place *p)
{
    static const char *const words[] = {"name=golden", "stages=yes", NULL};
    struct error e = ERROR_INIT;

    p->host = fixture_host("test-drivers");
    p->instance = fixture_instance(p->host, "tgt_mem", words);
    p->target = target_open(p->instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(p->target != NULL ? 0 : -1, e);
}

static void place_close(struct place *p)
{
    target_close(p->target);
    instance_free(p->instance);
    driver_host_free(p->host);
}

static void derive(const char *label, uint8_t key[32])
{
    struct error e = ERROR_INIT;
    char info[32];
    int size = snprintf(info, sizeof(info), "lagan/1/%s", label);

    assert_int_equal(derive_key(master, 32, uuid, 16, info, (size_t)size, key, 32, &e), 0);
}

static struct envelope make_envelope(enum envelope_kind kind, const char *label)
{
    uint8_t key[32];
    struct envelope_request request = {kind, 0, uuid, session, salt, key};
    struct error e = ERROR_INIT;
    struct envelope env;

    derive(label, key);
    assert_success(envelope_make(&env, &request, &e), e);
    return env;
}

/* Chunk n has 100 (n + 1) bytes: byte i is n + i * i / 50. */
static void chunk_content(uint32_t n, uint8_t *data)
{
    for (uint32_t i = 0; i < 100 * (n + 1); i++)
        data[i] = (uint8_t)(n + i * i / 50);
}

/* Puts chunks from..to-1 into a block of the pack. */
static void add_block(struct envelope_writer *w, struct table *t, uint32_t from, uint32_t to,
                      enum table_codec codec)
{
    uint8_t raw[4096], sealed[8192], key[32];
    struct codec *packer;
    struct error e = ERROR_INIT;
    struct mac_key id_key;
    size_t size = 0;

    derive("id", key);
    mac_key_set(&id_key, key, sizeof(key));
    assert_success(table_add_block(t, 0, &e), e);
    for (uint32_t n = from; n < to; n++) {
        struct chunk_id id;
        chunk_content(n, raw + size);
        mac_compute(&id_key, raw + size, 100 * (n + 1), id.bytes);
        assert_success(table_add_chunk(t, &id, (uint32_t)size, 100 * (n + 1), &e), e);
        size += 100 * (n + 1);
    }
    struct table_block *b = &t->blocks[t->block_count - 1];
    b->raw = (uint32_t)size;
    b->codec = (uint8_t)codec;
    memcpy(sealed, raw, size);
    packer = codec_new(1, &e);
    if (codec == TABLE_CODEC_ZSTD)
        assert_success(codec_pack(packer, raw, size, sealed, sizeof(sealed), &size, &e), e);
    codec_free(packer);
    assert_success(envelope_seal(&w->env, t->block_count - 1, sealed, size, sealed, &e), e);
    b->stored = (uint32_t)size + ENVELOPE_TAG_SIZE;
    assert_success(envelope_writer_append(w, sealed, b->stored, &e), e);
}

static void read_object(struct place *p, const char *name, struct buffer *out)
{
    struct error e = ERROR_INIT;

    assert_success(target_get_all(p->target, name, LIMIT, out, &e), e);
}

/* Returns where the part starts whose bytes depend on the version of zstd. */
static size_t make_pack(struct place *p, struct buffer *out)
{
    struct envelope env = make_envelope(ENVELOPE_DATA, "data");
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct envelope_writer w;
    struct table t = {0};
    uint8_t hash[32];
    char name[NAME_SIZE];

    assert_success(envelope_writer_begin(&w, p->target, &env, 0, &e), e);
    add_block(&w, &t, 0, 3, TABLE_CODEC_NONE);
    add_block(&w, &t, 3, 4, TABLE_CODEC_NONE);
    size_t stable = (size_t)w.bytes;
    add_block(&w, &t, 4, 8, TABLE_CODEC_ZSTD);
    table_encode(&t, &content);
    assert_success(envelope_writer_finish(&w, &content, t.block_count, true, hash, &e), e);
    name_of_pack(hash, name);
    assert_success(envelope_writer_commit(&w, name, &e), e);
    envelope_writer_end(&w);
    table_free(&t);
    read_object(p, name, out);
    return stable;
}

static int compare(const void *a, const void *b)
{
    return entry_compare(a, b);
}

/* Entry i: the id starts with the first 16 bytes of the SHA-256 of the byte i; pack i % 3,
 * chunk i / 3. */
static size_t make_run(struct place *p, struct buffer *out)
{
    static const uint8_t replaced[2][32] = {"the first run that is replaced..",
                                            "the second one that is replaced."};
    struct run_pack packs[3] = {{{"packs are named by their hashes.", 4096}, CHUNK_DATA, 20},
                                {{"this is the second of the packs.", 8192}, CHUNK_META, 20},
                                {{"and here stands the third and it", 99999}, CHUNK_DATA, 20}};
    struct envelope env = make_envelope(ENVELOPE_RUN, "index");
    struct entry entries[ENTRIES];
    struct error e = ERROR_INIT;
    struct run_name made;
    char name[NAME_SIZE];

    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint8_t byte = (uint8_t)i, hash[32];
        hash_sha256(&byte, 1, hash);
        memcpy(entries[i].id, hash, sizeof(entries[i].id));
        entries[i].pack = i % 3;
        entries[i].chunk = i / 3;
    }
    qsort(entries, ENTRIES, sizeof(entries[0]), compare);
    struct run_request request = {.level = 1,
                                  .sequence = 5,
                                  .packs = packs,
                                  .pack_count = 3,
                                  .entries = entry_array_stream(entries, ENTRIES, &e),
                                  .replaced = replaced,
                                  .replaced_count = 2};
    assert_success(run_write(p->target, &env, &request, &made, &e), e);
    entry_stream_free(request.entries);
    name_of_run(made.level, made.sequence, made.hash, name);
    read_object(p, name, out);
    return ENVELOPE_BODY + ENTRIES * ENTRY_SIZE + ENVELOPE_TAG_SIZE;
}

static void write_golden(const char *folder, const char *file, const struct buffer *object)
{
    char *hex = calloc(2 * object->size + 2, 1);
    struct error e = ERROR_INIT;
    char path[4096];

    assert_non_null(hex);
    text_hex(object->data, object->size, hex);
    hex[2 * object->size] = '\n';
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    assert_success(file_write_atomic(path, hex, 2 * object->size + 1, 0644, &e), e);
    free(hex);
}

static void check_golden(const char *file, size_t (*make)(struct place *, struct buffer *))
{
    const char *source = getenv("abs_top_srcdir"), *target = getenv("LAGAN_GOLDEN_WRITE");
    struct buffer made CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer kept CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct place p;
    char path[4096];

    place_open(&p);
    size_t stable = make(&p, &made);
    place_close(&p);
    if (target != NULL)
        write_golden(target, file, &made);
    snprintf(path, sizeof(path), "%s/tests/format/%s", source ? source : ".", file);
    assert_success(file_read(path, LIMIT, &kept, &e), e);
    buffer_append_u8(&kept, 0);
    size_t size = kept.size / 2 - 1;
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    kept.data[2 * size] = '\0';
    assert_int_equal(text_unhex((char *)kept.data, bytes, size), 0);
    /* Another zstd may pack in another way: then what does not depend on it counts. */
    bool same = ZSTD_versionNumber() == GOLDEN_ZSTD;
    if (same)
        assert_int_equal(made.size, size);
    assert_memory_equal(made.data, bytes, same ? size : stable);
    free(bytes);
}

static void golden_pack(void **state)
{
    (void)state;
    check_golden("golden_pack.hex", make_pack);
}

static void golden_run(void **state)
{
    (void)state;
    check_golden("golden_run.hex", make_run);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(golden_pack),
    cmocka_unit_test(golden_run),
};

UNIT_MAIN(tests)
