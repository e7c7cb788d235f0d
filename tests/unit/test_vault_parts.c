/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_parts.c - tables of TLVs, names of objects, the chain of seals, sets of ids,
 * copies in the cache.
 */
#include "base/file.h"
#include "crypto/hash.h"
#include "driver_fixture.h"
#include "unit.h"
#include "vault/cache.h"
#include "vault/chain.h"
#include "vault/field.h"
#include "vault/id_set.h"
#include "vault/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX16 "0123456789abcdef"
#define HEX32 HEX16 HEX16
#define HEX64 HEX32 HEX32

static const struct good_name {
    const char *text;
    enum name_kind kind;
} good_names[] = {
    {"conf/00000001", NAME_CONF},
    {"keys/" HEX32, NAME_KEY},
    {"packs/01/" HEX64, NAME_PACK},
    {"runs/3-" HEX16 "-" HEX64, NAME_RUN},
    {"rolls/" HEX64, NAME_ROLL},
    {"seals/20261121t075758z-" HEX16, NAME_SEAL},
    {"seals/20261121t075758z-" HEX16 ".gone", NAME_TOMBSTONE},
    {"sessions/00000002/" HEX32, NAME_SESSION},
    {"sessions/00000002/" HEX32 ".done", NAME_SESSION_DONE},
    {"sessions/00000002/" HEX32 "." HEX16, NAME_SESSION_SIGN},
    {"prune/00000002.condemn", NAME_CONDEMN},
    {"prune/00000002.delete", NAME_DELETE},
    {"moves/" HEX64, NAME_MOVE},
    {"parity/" HEX64, NAME_PARITY},
};

static const char *const bad_names[] = {
    "",
    "conf",
    "conf/",
    "conf/1",
    "conf/0000000g",
    "conf/000000001",
    "conf/0000000A",
    "keys/" HEX16,
    "packs/" HEX64,
    "packs/02/" HEX64,
    "packs/01/" HEX32,
    "packs/01/" HEX64 ".tmp",
    "runs/a-" HEX16 "-" HEX64,
    "runs/3-" HEX16 "-" HEX32,
    "seals/20261121t075758-" HEX16,
    "seals/20261121T075758Z-" HEX16,
    "seals/20261121t075758z-" HEX16 ".gon",
    "seals/20261121t075758z-" HEX16 ".gone.gone",
    "sessions/2/" HEX32,
    "prune/00000002",
    "trash/00000002",
};

static void name_grammar(void **state)
{
    struct name name;

    (void)state;
    for (size_t i = 0; i < sizeof(good_names) / sizeof(good_names[0]); i++) {
        assert_true(name_parse(good_names[i].text, &name));
        assert_int_equal(name.kind, good_names[i].kind);
    }
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++)
        if (name_parse(bad_names[i], &name))
            fail_msg("%s is taken for a name", bad_names[i]);
}

static void name_parts(void **state)
{
    uint8_t hash[32], uuid[16];
    char text[NAME_SIZE];
    struct name name;

    (void)state;
    for (size_t i = 0; i < 32; i++)
        hash[i] = (uint8_t)(200 + i);
    memcpy(uuid, hash + 8, 16);
    name_of_run(7, UINT64_C(0x1122334455667788), hash, text);
    assert_true(name_parse(text, &name));
    assert_int_equal(name.number, 7);
    assert_true(name.id == UINT64_C(0x1122334455667788));
    assert_memory_equal(name.hash, hash, 32);
    name_of_session(0xdeadbeef, uuid, true, text);
    assert_true(name_parse(text, &name));
    assert_int_equal(name.number, 0xdeadbeef);
    assert_memory_equal(name.uuid, uuid, 16);
    name_of_conf(0x10, text);
    assert_string_equal(text, "conf/00000010");
    name_of_pack(hash, text);
    assert_true(name_parse(text, &name) && name.kind == NAME_PACK);
    name_of_roll(hash, text);
    assert_true(name_parse(text, &name) && name.kind == NAME_ROLL);
    name_of_key(hash, text);
    assert_true(name_parse(text, &name) && name.kind == NAME_KEY);
    assert_memory_equal(name.hash, hash, 16);
}

/* a <- b <- d, a <- c; d and c are heads. */
static const uint8_t h[4][32] = {{'a'}, {'b'}, {'c'}, {'d'}};
static const uint8_t only_a[1][32] = {{'a'}}, only_b[1][32] = {{'b'}};
static const struct chain_link links[] = {
    {h[0], NULL, 0}, {h[1], only_a, 1}, {h[2], only_a, 1}, {h[3], only_b, 1}};

static void chain_finds_heads(void **state)
{
    uint8_t(*heads)[32];
    struct error e = ERROR_INIT;
    size_t count;

    (void)state;
    assert_int_equal(chain_heads(links, 4, &heads, &count, &e), 0);
    assert_int_equal(count, 2);
    assert_memory_equal(heads[0], h[2], 32);
    assert_memory_equal(heads[1], h[3], 32);
    free(heads);
    assert_int_equal(chain_heads(links, 0, &heads, &count, &e), 0);
    assert_int_equal(count, 0);
    assert_null(heads);
}

static int note_gap(void *context, const uint8_t hash[32], struct error *e)
{
    char *text = context;

    (void)e;
    text[strlen(text)] = (char)hash[0];
    return 0;
}

static void chain_finds_gaps(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t missing = 0; missing < 5; missing++) {
        static const char *const expected[] = {"a", "b", "", "", ""};
        struct chain_link left[4];
        char gaps[8] = "";
        size_t count = 0;

        for (size_t i = 0; i < 4; i++)
            if (i != missing)
                left[count++] = links[i];
        assert_int_equal(chain_gaps(left, count, note_gap, gaps, &e), 0);
        assert_string_equal(gaps, expected[missing]);
    }
}

static void id_set_remembers(void **state)
{
    struct id_set set = {0};
    struct error e = ERROR_INIT;
    struct chunk_id id;

    (void)state;
    memset(&id, 0, sizeof(id));
    for (uint32_t i = 0; i < 10000; i++) {
        hash_sha256(&i, sizeof(i), id.bytes);
        assert_false(id_set_has(&set, &id));
        assert_int_equal(id_set_add(&set, &id, &e), 0);
        assert_int_equal(id_set_add(&set, &id, &e), 0);
    }
    assert_int_equal(set.count, 10000);
    for (uint32_t i = 0; i < 20000; i++) {
        hash_sha256(&i, sizeof(i), id.bytes);
        assert_int_equal(id_set_has(&set, &id), i < 10000);
    }
    id_set_free(&set);
}

static void count_name(void *context, const char *name)
{
    assert_true(strcmp(name, "one") == 0 || strcmp(name, "one.gone") == 0);
    (*(int *)context)++;
}

static void cache_keeps_copies(void **state)
{
    CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
    char *scratch = fixture_scratch();
    uint8_t hash[32], found[32];
    struct cache *c = cache_open(scratch, "seals");
    int names = 0;

    (void)state;
    assert_non_null(c);
    hash_sha256("content", 7, hash);
    cache_put(c, "one", "content", 7, hash);
    hash_sha256("other", 5, found);
    cache_put(c, "one.gone", "other", 5, found);
    cache_close(c);
    c = cache_open(scratch, "seals");
    assert_true(cache_get(c, "one", 7, &out, found));
    assert_memory_equal(found, hash, 32);
    assert_int_equal(out.size, 7);
    assert_memory_equal(out.data, "content", 7);
    assert_false(cache_get(c, "one", 8, &out, found));
    assert_false(cache_get(c, "on", 7, &out, found));
    assert_true(cache_get(c, "one.gone", 5, &out, found));
    cache_list(c, count_name, &names);
    assert_int_equal(names, 2);
    cache_drop(c, "one");
    assert_false(cache_get(c, "one", 7, &out, found));
    cache_close(c);
    fixture_scratch_remove(scratch);
}

/* A torn or altered copy is as good as none. */
static void cache_refuses_altered_copies(void **state)
{
    CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
    char *scratch = fixture_scratch(), path[4096], digits[65];
    struct error e = ERROR_INIT;
    uint8_t hash[32];
    struct cache *c = cache_open(scratch, "seals");

    (void)state;
    hash_sha256("content", 7, hash);
    cache_put(c, "one", "content", 7, hash);
    cache_close(c);
    for (int i = 0; i < 32; i++)
        snprintf(digits + 2 * i, 3, "%02x", hash[i]);
    snprintf(path, sizeof(path), "%s/seals/one.%s", scratch, digits);
    assert_int_equal(file_write_atomic(path, "contenT", 7, 0600, &e), 0);
    c = cache_open(scratch, "seals");
    assert_false(cache_get(c, "one", 7, &out, hash));
    assert_int_equal(out.size, 0);
    cache_close(c);
    fixture_scratch_remove(scratch);
}

static void cache_works_without_folder(void **state)
{
    CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
    uint8_t hash[32] = {0};

    (void)state;
    assert_null(cache_open(NULL, "seals"));
    assert_false(cache_get(NULL, "one", 7, &out, hash));
    cache_put(NULL, "one", "content", 7, hash);
    cache_drop(NULL, "one");
    cache_list(NULL, count_name, NULL);
    cache_close(NULL);
}

/* Two needed members, one that is not, one that may be repeated. */
struct sample {
    uint32_t number;
    char text[8];
    uint32_t sum;
};

static bool take_sum(void *object, struct reader *value)
{
    ((struct sample *)object)->sum += reader_u8(value);
    return reader_done(value);
}

static const struct field sample_fields[] = {
    {1, FIELD_U32, FIELD_NEEDED, .offset = offsetof(struct sample, number)},
    {3, FIELD_TEXT, 0, 8, .offset = offsetof(struct sample, text)},
    {5, FIELD_CALL, FIELD_REPEATS, .take = take_sum},
    {7, FIELD_U32, FIELD_NEEDED, .offset = offsetof(struct sample, number)},
};

#define ONE "\1\0\4\0\0\0abcd"
#define TWO "\2\0\1\0\0\0x" /* a type that nobody knows */
#define THREE "\3\0\2\0\0\0hi"
#define FIVE "\5\0\1\0\0\0\11"
#define SEVEN "\7\0\4\0\0\0abcd"

static const struct {
    const char *bytes;
    size_t size;
    bool good;
} samples[] = {
#define SAMPLE(bytes, good)                                                                    \
    {                                                                                          \
        bytes, sizeof(bytes) - 1, good                                                         \
    }
    SAMPLE(ONE SEVEN, true),
    SAMPLE(ONE TWO THREE FIVE FIVE SEVEN, true),
    SAMPLE("", false),
    SAMPLE(ONE, false),
    SAMPLE(SEVEN, false),
    SAMPLE(THREE SEVEN, false),
    SAMPLE(SEVEN ONE, false),
    SAMPLE(ONE ONE SEVEN, false),
    SAMPLE(ONE TWO TWO SEVEN, false),
    SAMPLE(ONE THREE THREE SEVEN, false),
    SAMPLE(ONE FIVE THREE SEVEN, false),
    SAMPLE(ONE SEVEN "\11\0\1", false),
    SAMPLE(ONE "\3\0\10\0\0\0eightlet" SEVEN, false),
    SAMPLE(ONE "\3\0\2\0\0\0a\0" SEVEN, false),
    SAMPLE(ONE "\5\0\2\0\0\0ab" SEVEN, false),
    SAMPLE("\1\0\5\0\0\0abcde" SEVEN, false),
    SAMPLE("\0\0\0\0\0\0" ONE SEVEN, false),
};

static void field_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct sample s = {0};
        struct error e = ERROR_INIT;
        int result = field_decode(reader_of(samples[i].bytes, samples[i].size), sample_fields,
                                  4, &s, "sample", &e);

        if ((result == 0) != samples[i].good)
            fail_msg("sample %zu: %s", i, e.text);
        if (i == 1) {
            assert_string_equal(s.text, "hi");
            assert_int_equal(s.sum, 18);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(field_rules),
        cmocka_unit_test(name_grammar),
        cmocka_unit_test(name_parts),
        cmocka_unit_test(chain_finds_heads),
        cmocka_unit_test(chain_finds_gaps),
        cmocka_unit_test(id_set_remembers),
        cmocka_unit_test(cache_keeps_copies),
        cmocka_unit_test(cache_refuses_altered_copies),
        cmocka_unit_test(cache_works_without_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
