/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_pack.c - envelopes, tables of contents and packs: round trips, damage, forgeries.
 */
#include "base/log.h"
#include "unit.h"
#include "vault/name.h"
#include "vault/pack.h"
#include "vault_fixture.h"

#include <stdlib.h>
#include <string.h>

static void envelope_offsets(void **state)
{
    /* Padmé of 10,000,000: 24 bits, of which 5 stay: up to a multiple of 2^18. */
    static const struct {
        uint64_t end;
        bool last;
        uint64_t offset;
    } cases[] = {{160, false, 4096},          {4096, false, 4096},
                 {4097, false, 8192},         {4097, true, 8192},
                 {10000000, false, 10002432}, {10000000, true, 10223616},
                 {67108864, true, 67108864},  {67108865, true, 69206016}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(envelope_directory_offset(cases[i].end, cases[i].last),
                         cases[i].offset);
}

static const uint8_t wrapping[32] = {1, 2, 3}, vault_id[16] = {4}, session_id[16] = {5},
                     salt[32] = {6};

static struct envelope make_envelope(enum envelope_kind kind)
{
    struct envelope_request request = {kind, 7, vault_id, session_id, salt, wrapping};
    struct error e = ERROR_INIT;
    struct envelope env;

    assert_success(envelope_make(&env, &request, &e), e);
    return env;
}

static void envelope_heads(void **state)
{
    struct error e = ERROR_INIT;
    struct envelope got;

    (void)state;
    for (int kind = 0; kind < ENVELOPE_KIND_COUNT; kind++) {
        struct envelope env = make_envelope((enum envelope_kind)kind);
        assert_success(envelope_parse(&got, env.head, &e), e);
        assert_int_equal(got.kind, kind);
        assert_int_equal(got.key_epoch, 7);
        assert_memory_equal(got.session, session_id, 16);
        assert_success(envelope_unlock(&got, wrapping, &e), e);
        assert_memory_equal(got.key, env.key, 32);
        uint8_t other[32] = {9};
        assert_int_equal(envelope_unlock(&got, other, &e), -1);
        assert_error(e, LAGAN_CORRUPT, "commitment");
        for (size_t at = 0; at < ENVELOPE_HEADER_SIZE; at++) {
            uint8_t head[ENVELOPE_BODY];
            memcpy(head, env.head, sizeof(head));
            head[at] ^= 1;
            assert_int_equal(envelope_parse(&got, head, &e), -1);
            assert_int_equal(e.error_class, LAGAN_CORRUPT);
        }
    }
}

static void envelope_directories(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 4000, 4056, 4060, 4072, 5000, 100000};
    struct envelope env = make_envelope(ENVELOPE_DATA);
    uint8_t *content = malloc(100000);

    (void)state;
    assert_non_null(content);
    vault_fixture_content(1, true, content, 100000);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer sealed CLEANUP_BUFFER = BUFFER_INIT;
        struct buffer opened CLEANUP_BUFFER = BUFFER_INIT;
        struct error e = ERROR_INIT;
        assert_success(envelope_directory_seal(&env, content, sizes[i], &sealed, &e), e);
        assert_int_equal(sealed.size % ENVELOPE_ALIGNMENT, 0);
        assert_success(envelope_directory_open(&env, sealed.data, sealed.size, &opened, &e), e);
        assert_int_equal(opened.size, sizes[i]);
        assert_memory_equal(opened.data, content, sizes[i]);
        sealed.data[sealed.size / 2] ^= 1;
        assert_int_equal(envelope_directory_open(&env, sealed.data, sealed.size, &opened, &e),
                         -1);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
    }
    free(content);
}

/* Directories that are authentic and yet not as they should be. */
static void envelope_forged_directories(void **state)
{
    struct envelope env = make_envelope(ENVELOPE_DATA);
    struct buffer sealed CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    static uint8_t plain[4096 - ENVELOPE_TAG_SIZE], out[4096];

    (void)state;
    assert_success(envelope_directory_seal(&env, "content", 7, &sealed, &e), e);
    for (int forgery = 0; forgery < 5; forgery++) {
        struct buffer opened CLEANUP_BUFFER = BUFFER_INIT;
        assert_success(envelope_unseal(&env, UINT64_MAX, sealed.data, 4096, plain, &e), e);
        if (forgery == 1)
            plain[sizeof(plain) - 1] = 1; /* padding */
        if (forgery == 2)
            store_u32(plain, 4096); /* frame beyond the end */
        if (forgery == 3)
            store_u32(plain + 4, 8); /* another raw length */
        if (forgery == 4)
            store_u32(plain + 4, UINT32_MAX);
        assert_success(envelope_seal(&env, UINT64_MAX, plain, sizeof(plain), out, &e), e);
        assert_int_equal(envelope_directory_open(&env, out, 4096, &opened, &e),
                         forgery == 0 ? 0 : -1);
    }
}

static void envelope_trailers(void **state)
{
    struct envelope_trailer t = {8192, 4096, 3}, got;
    uint8_t bytes[ENVELOPE_TRAILER_SIZE];
    struct error e = ERROR_INIT;

    (void)state;
    envelope_trailer_encode(&t, bytes);
    assert_success(envelope_trailer_parse(&got, bytes, 8192 + 4096 + 32, &e), e);
    assert_int_equal(got.messages, 3);
    assert_int_equal(envelope_trailer_parse(&got, bytes, 8192 + 4096 + 33, &e), -1);
    for (size_t at = 0; at < sizeof(bytes); at++) {
        bytes[at] ^= 1;
        assert_int_equal(envelope_trailer_parse(&got, bytes, 8192 + 4096 + 32, &e), -1);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
        bytes[at] ^= 1;
    }
    static const struct envelope_trailer bad[] = {
        {0, 8192, 0}, {100, 4096, 0}, {UINT64_MAX - 4095, 4096, 0},
        {4096, 0, 0}, {4096, 100, 0}, {4096, 128u << 20, 0}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        envelope_trailer_encode(&bad[i], bytes);
        uint64_t size = bad[i].directory_offset + bad[i].directory_bytes + 32;
        assert_int_equal(envelope_trailer_parse(&got, bytes, size, &e), -1);
    }
}

/* A table with blocks of 1, 0 and 3 chunks. */
static void fill_table(struct table *t)
{
    static const struct {
        uint32_t raw, stored;
        uint8_t codec;
        uint32_t chunks;
    } blocks[] = {
        {1000, 1016, TABLE_CODEC_NONE, 1}, {50, 40, TABLE_CODEC_ZSTD, 0}, {90, 60, 1, 3}};
    struct error e = ERROR_INIT;
    uint8_t mark = 1;

    *t = (struct table){0};
    for (uint32_t i = 0; i < 3; i++) {
        assert_success(table_add_block(t, blocks[i].raw, &e), e);
        t->blocks[i].stored = blocks[i].stored;
        t->blocks[i].codec = blocks[i].codec;
        for (uint32_t j = 0; j < blocks[i].chunks; j++) {
            struct chunk_id id = {{mark, 1, 2}};
            uint32_t bytes = blocks[i].chunks == 1 ? 1000 : 30;
            assert_success(table_add_chunk(t, &id, j * bytes, bytes, &e), e);
            mark++;
        }
    }
}

static void table_round_trip(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct table t, got;

    (void)state;
    fill_table(&t);
    table_encode(&t, &b);
    assert_success(table_decode(&got, b.data, b.size, 160, &e), e);
    assert_int_equal(got.block_count, 3);
    assert_int_equal(got.chunk_count, 4);
    assert_int_equal(got.blocks[2].offset, 160 + 1016 + 40);
    assert_int_equal(table_block_chunks(&got, 0), 1);
    assert_int_equal(table_block_chunks(&got, 1), 0);
    assert_int_equal(table_block_chunks(&got, 2), 3);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(table_find(&got, &t.ids[i]), i);
    struct chunk_id absent = {{1, 1, 3}};
    assert_int_equal(table_find(&got, &absent), TABLE_NONE);
    table_free(&got);
    for (size_t cut = 0; cut < b.size; cut++)
        assert_int_equal(table_decode(&got, b.data, cut, 160, &e), -1);
    table_free(&t);
}

/* One u32 (or the codec) of a content at a time that section 6 does not allow. */
static void table_refuses(void **state)
{
    enum { STORED = 8, RAW = 20, CODEC = 32, BLOCK = 35, OFFSET = 51, BYTES = 67 };
    static const struct {
        size_t at;
        uint32_t value;
    } cases[] = {
        {0, 65536},
        {0, 4},
        {4, 5},
        {STORED, 16},
        {STORED, 1017},
        {STORED, 1015},
        {STORED + 4, 67},
        {RAW, 0},
        {RAW, (16 << 20) + 1},
        {BLOCK, 3},
        {BLOCK, 2},
        {BLOCK + 12, 0},
        {OFFSET, 1},
        {OFFSET + 8, 29},
        {OFFSET + 12, 61},
        {OFFSET + 12, UINT32_MAX},
        {BYTES, 0},
        {BYTES, 1001},
        {BYTES + 4, 31},
        {BYTES + 12, UINT32_MAX},
    };
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct table t, got;

    (void)state;
    fill_table(&t);
    table_encode(&t, &b);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t before = load_u32(b.data + cases[i].at);
        store_u32(b.data + cases[i].at, cases[i].value);
        assert_int_equal(table_decode(&got, b.data, b.size, 160, &e), -1);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
        store_u32(b.data + cases[i].at, before);
    }
    b.data[CODEC] = 2;
    assert_int_equal(table_decode(&got, b.data, b.size, 160, &e), -1);
    assert_int_equal(e.code, ERROR_NEWER_FORMAT);
    table_free(&t);
}

/* Stores four chunks as one pack and returns its name. */
static struct seal_pack store_pack(struct vault_fixture *f, char key[NAME_SIZE])
{
    struct session *s = vault_fixture_session(f, NULL);

    for (uint64_t i = 0; i < 4; i++)
        vault_fixture_put(f, s, CHUNK_META, i, 300 + 100 * i);
    struct seal *seal = vault_fixture_seal(s);
    assert_int_equal(seal->pack_count, 1);
    struct seal_pack id = seal->packs[0];
    session_free(s);
    seal_free(seal);
    name_of_pack(id.hash, key);
    return id;
}

static int count_chunk(void *context, enum chunk_kind kind, const struct chunk_id *id,
                       const void *data, size_t size, struct error *e)
{
    (void)id;
    (void)data;
    (void)e;
    assert_int_equal(kind, CHUNK_META);
    *(size_t *)context += size;
    return 0;
}

static void replace(struct vault_fixture *f, const char *key, const struct buffer *bytes,
                    size_t size)
{
    struct error e = ERROR_INIT;

    assert_success(target_remove(f->target, key, &e), e);
    assert_success(target_put(f->target, key, bytes->data, size, &e), e);
}

/* Not one byte of a pack can be altered, cut off or added without its name being told. */
static void pack_every_byte(void **state)
{
    struct vault_fixture f;
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    char key[NAME_SIZE];
    size_t sum = 0;
    struct pack_check check = {.context = &sum, .chunk = count_chunk};

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    struct seal_pack id = store_pack(&f, key);
    assert_success(pack_check_all(f.vault, &id, &check, &e), e);
    assert_int_equal(sum, 300 + 400 + 500 + 600);
    assert_success(target_get_all(f.target, key, 1 << 20, &bytes, &e), e);
    assert_int_equal(bytes.size, id.bytes);
    for (size_t at = 0; at < bytes.size; at++) {
        bytes.data[at] ^= 0x01;
        replace(&f, key, &bytes, bytes.size);
        assert_int_equal(pack_check_all(f.vault, &id, &check, &e), -1);
        assert_error(e, LAGAN_CORRUPT, key);
        bytes.data[at] ^= 0x01;
    }
    for (size_t cut = 1; cut < bytes.size; cut += cut < 100 ? 1 : 501) {
        replace(&f, key, &bytes, bytes.size - cut);
        assert_int_equal(pack_check_all(f.vault, &id, &check, &e), -1);
        assert_error(e, LAGAN_CORRUPT, key);
    }
    buffer_append_u8(&bytes, 0);
    replace(&f, key, &bytes, bytes.size);
    assert_int_equal(pack_check_all(f.vault, &id, &check, &e), -1);
    assert_error(e, LAGAN_CORRUPT, key);
    assert_success(target_remove(f.target, key, &e), e);
    assert_int_equal(pack_check_all(f.vault, &id, &check, &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, key);
    vault_fixture_drop(&f);
}

/* One id can be had from the local copy without opening the pack. */
static void pack_peeked(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;
    struct chunk_id found;
    struct pack *pack;
    char key[NAME_SIZE];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", true, NULL);
    struct seal_pack id = store_pack(&f, key);
    assert_success(pack_open(f.vault, &id, &pack, &e), e);
    assert_int_equal(pack->table.chunk_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(pack_peek(f.vault, &id, i, &found));
        assert_true(chunk_id_equal(&found, &pack->table.ids[i]));
    }
    assert_false(pack_peek(f.vault, &id, 4, &found));
    pack_close(pack);
    id.hash[0] ^= 1;
    assert_false(pack_peek(f.vault, &id, 0, &found));
    vault_fixture_drop(&f);
}

/* A reader that needs a damaged part says which pack it is. */
static void pack_damaged_for_store(void **state)
{
    struct vault_fixture f;
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    char key[NAME_SIZE];
    struct chunk_id id;
    uint8_t data[400];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    log_set_level(LOG_ERROR); /* each is warned of */
    store_pack(&f, key);
    vault_fixture_content(1, true, data, sizeof(data));
    vault_chunk_identify(f.vault, CHUNK_META, data, sizeof(data), &id);
    assert_success(target_get_all(f.target, key, 1 << 20, &bytes, &e), e);
    for (size_t at = 0; at < bytes.size; at += 40) {
        struct store *st;
        if (at >= 1500 && at < 4096)
            continue; /* padding */
        bytes.data[at] ^= 0x80;
        replace(&f, key, &bytes, bytes.size);
        assert_success(store_open(f.vault, 1 << 20, &st, &e), e);
        assert_int_equal(store_get(st, CHUNK_META, &id, &out, &e), -1);
        assert_error(e, LAGAN_CORRUPT, key);
        assert_int_equal(out.size, 0);
        store_close(st);
        bytes.data[at] ^= 0x80;
    }
    log_set_level(LOG_WARNING);
    vault_fixture_drop(&f);
}

/* What a forger who holds the keys may get wrong on purpose. */
enum forgery {
    FORGERY_NONE,
    FORGERY_CHUNK_ID,
    FORGERY_PADDING,
    FORGERY_RAW_LENGTH,
    FORGERY_MESSAGES,
    FORGERY_KIND,
    FORGERY_VAULT,
    FORGERY_COUNT
};

static struct envelope forge_envelope(struct vault_fixture *f, enum forgery how)
{
    struct error e = ERROR_INIT;
    struct envelope env;

    if (how == FORGERY_VAULT)
        return make_envelope(ENVELOPE_DATA);
    assert_success(envelope_make_fresh(&env, f->vault,
                                       how == FORGERY_KIND ? ENVELOPE_RUN : ENVELOPE_DATA,
                                       session_id, &e),
                   e);
    return env;
}

/* One compressed block with one chunk. */
static void forge_block(struct vault_fixture *f, struct envelope_writer *w, struct table *t,
                        enum forgery how)
{
    struct codec *codec;
    struct error e = ERROR_INIT;
    struct chunk_id id;
    uint8_t data[1000], packed[2000];
    size_t size;

    memset(data, 'x', sizeof(data));
    vault_chunk_identify(f->vault, CHUNK_DATA, data, sizeof(data), &id);
    if (how == FORGERY_CHUNK_ID)
        id.bytes[31] ^= 1;
    codec = codec_new(1, &e);
    assert_success(codec_pack(codec, data, sizeof(data), packed, 1500, &size, &e), e);
    codec_free(codec);
    assert_success(envelope_seal(&w->env, 0, packed, size, packed, &e), e);
    assert_success(envelope_writer_append(w, packed, size + 16, &e), e);
    assert_success(table_add_block(t, how == FORGERY_RAW_LENGTH ? 1001 : 1000, &e), e);
    assert_success(table_add_chunk(t, &id, 0, 1000, &e), e);
    t->blocks[0].stored = (uint32_t)size + 16;
    t->blocks[0].codec = TABLE_CODEC_ZSTD;
}

static struct seal_pack forge(struct vault_fixture *f, enum forgery how)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    struct envelope env = forge_envelope(f, how);
    struct error e = ERROR_INIT;
    struct envelope_writer w;
    struct table t = {0};
    struct seal_pack id;
    char key[NAME_SIZE];

    assert_success(envelope_writer_begin(&w, f->target, &env, 0, &e), e);
    forge_block(f, &w, &t, how);
    if (how == FORGERY_PADDING)
        assert_success(envelope_writer_append(&w, "!", 1, &e), e);
    table_encode(&t, &content);
    table_free(&t);
    assert_success(envelope_writer_finish(&w, &content, how == FORGERY_MESSAGES ? 2 : 1, false,
                                          id.hash, &e),
                   e);
    id.bytes = w.bytes;
    name_of_pack(id.hash, key);
    assert_success(envelope_writer_commit(&w, key, &e), e);
    envelope_writer_end(&w);
    return id;
}

static void pack_forged(void **state)
{
    static const char *const words[FORGERY_COUNT] = {"",
                                                     "does not fit its id",
                                                     "padding is not zero",
                                                     "does not unpack to its length",
                                                     "trailer does not fit",
                                                     "it is no pack",
                                                     "another vault"};
    struct pack_check check = {0};
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    for (int how = 0; how < FORGERY_COUNT; how++) {
        struct seal_pack id = forge(&f, (enum forgery)how);
        int result = pack_check_all(f.vault, &id, &check, &e);
        assert_int_equal(result, how == FORGERY_NONE ? 0 : -1);
        if (result < 0)
            assert_error(e, LAGAN_CORRUPT, words[how]);
    }
    vault_fixture_drop(&f);
}

/* Chunks are checked many at a time: all of them are handed on, in order, and those before
 * damage too. */
static void pack_many_chunks(void **state)
{
    enum { SMALL = 150, LARGE = 9, LARGE_BYTES = 200 << 10 };
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    struct vault_fixture f;
    struct error e = ERROR_INIT;
    size_t sum = 0, all = 0;
    struct pack_check check = {.context = &sum, .chunk = count_chunk};
    struct pack *pack;
    char key[NAME_SIZE];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    struct session *s = vault_fixture_session(&f, NULL);
    for (uint64_t i = 0; i < SMALL + LARGE; i++) {
        size_t size = i < SMALL ? 300 + i : LARGE_BYTES;
        vault_fixture_put(&f, s, CHUNK_META, i, size);
        all += size;
    }
    struct seal *seal = vault_fixture_seal(s);
    assert_int_equal(seal->pack_count, 1);
    assert_success(pack_check_all(f.vault, &seal->packs[0], &check, &e), e);
    assert_int_equal(sum, all);
    name_of_pack(seal->packs[0].hash, key);
    assert_success(target_get_all(f.target, key, 16 << 20, &bytes, &e), e);
    assert_success(pack_open_tail(f.vault, &seal->packs[0], &pack, &e), e);
    const struct table *t = &pack->table;
    for (uint32_t block = 0; block < t->block_count; block++) {
        size_t before = 0;
        for (uint32_t i = 0; i < t->blocks[block].first_chunk; i++)
            before += t->chunks[i].bytes;
        bytes.data[t->blocks[block].offset + 20] ^= 1;
        replace(&f, key, &bytes, bytes.size);
        bytes.data[t->blocks[block].offset + 20] ^= 1;
        sum = 0;
        assert_int_equal(pack_check_all(f.vault, &seal->packs[0], &check, &e), -1);
        assert_error(e, LAGAN_CORRUPT, key);
        assert_int_equal(sum, before);
    }
    assert_true(t->block_count > LARGE);
    pack_close(pack);
    session_free(s);
    seal_free(seal);
    vault_fixture_drop(&f);
}

/* A sound pack under the name of another one. */
static void pack_under_other_name(void **state)
{
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    struct pack_check check = {0};
    struct vault_fixture f;
    struct error e = ERROR_INIT;
    char key[NAME_SIZE];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    struct seal_pack id = forge(&f, FORGERY_NONE);
    name_of_pack(id.hash, key);
    assert_success(target_get_all(f.target, key, 1 << 20, &bytes, &e), e);
    id.hash[5] ^= 1;
    name_of_pack(id.hash, key);
    assert_success(target_put(f.target, key, bytes.data, bytes.size, &e), e);
    assert_int_equal(pack_check_all(f.vault, &id, &check, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "do not fit its name");
    vault_fixture_drop(&f);
}

/* The result of a callback ends the check. */
static int stop(void *context, enum chunk_kind kind, const struct chunk_id *id,
                const void *data, size_t size, struct error *e)
{
    (void)context;
    (void)kind;
    (void)id;
    (void)data;
    (void)size;
    return error_set(e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "enough");
}

static void pack_check_stops(void **state)
{
    struct pack_check check = {.chunk = stop};
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    struct seal_pack id = forge(&f, FORGERY_NONE);
    assert_int_equal(pack_check_all(f.vault, &id, &check, &e), -1);
    assert_error(e, LAGAN_CANCELLED, "enough");
    vault_fixture_drop(&f);
}

/* Packs show neither sizes below 4 KiB nor, at the end of a session, much of the rest. */
static void pack_sizes(void **state)
{
    struct vault_fixture f;
    char key[NAME_SIZE];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    struct seal_pack id = store_pack(&f, key);
    assert_int_equal(id.bytes % ENVELOPE_ALIGNMENT, ENVELOPE_TRAILER_SIZE);
    vault_fixture_drop(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(envelope_offsets),
    cmocka_unit_test(envelope_heads),
    cmocka_unit_test(envelope_directories),
    cmocka_unit_test(envelope_forged_directories),
    cmocka_unit_test(envelope_trailers),
    cmocka_unit_test(table_round_trip),
    cmocka_unit_test(table_refuses),
    cmocka_unit_test(pack_every_byte),
    cmocka_unit_test(pack_damaged_for_store),
    cmocka_unit_test(pack_forged),
    cmocka_unit_test(pack_peeked),
    cmocka_unit_test(pack_under_other_name),
    cmocka_unit_test(pack_check_stops),
    cmocka_unit_test(pack_many_chunks),
    cmocka_unit_test(pack_sizes),
};

UNIT_MAIN(tests)
