/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_records.c - configurations, key slots, seals and tombstones as bytes: there and
 * back, every altered bit found, every wrong owner refused; and the golden vectors in
 * tests/format/.  With a folder in LAGAN_GOLDEN_WRITE, new vectors are written there.
 */
#include "base/file.h"
#include "base/text.h"
#include "unit.h"
#include "vault/conf.h"
#include "vault/roll.h"
#include "vault/seal_codec.h"
#include "vault/slot.h"
#include "vault_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void records_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_count; i++) {
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT;

        records[i].encode(&object);
        records[i].check(&object);
    }
}

static void assert_refused(const struct record_kind *kind, const void *data, size_t size,
                           const char *how, size_t at)
{
    struct error e = ERROR_INIT;

    if (kind->decode(data, size, &e) == 0) {
        print_error("%s: %s at %zu was not found\n", kind->what, how, at);
        fail();
    }
    assert_int_not_equal(e.error_class, LAGAN_OK);
}

/* The slots' secret parts cost a derivation each, so that one bit of each byte has to do. */
static void records_every_byte_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_count; i++) {
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT;

        records[i].encode(&object);
        for (size_t at = 0; at < object.size; at++) {
            uint8_t mask = (uint8_t)(1U << (at * 5 % 8));

            object.data[at] ^= mask;
            assert_refused(&records[i], object.data, object.size, "an altered byte", at);
            object.data[at] ^= mask;
        }
        records[i].check(&object);
    }
}

static void records_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_count; i++) {
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT;

        records[i].encode(&object);
        for (size_t size = 0; size < object.size; size++) {
            /* A copy of exactly that size: reading beyond it is seen by the sanitizer. */
            uint8_t *copy = malloc(size + (size == 0));

            assert_non_null(copy);
            memcpy(copy, object.data, size);
            assert_refused(&records[i], copy, size, "an end", size);
            free(copy);
        }
    }
}

static void records_followed_by_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_count; i++) {
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT, twice = BUFFER_INIT;

        records[i].encode(&object);
        buffer_append_u8(&object, 0);
        assert_refused(&records[i], object.data, object.size, "a further byte", object.size);
        buffer_append(&twice, object.data, object.size - 1);
        buffer_append(&twice, object.data, object.size - 1);
        assert_refused(&records[i], twice.data, twice.size, "a second copy", twice.size);
    }
}

static void records_newer_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_count; i++) {
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
        struct error e = ERROR_INIT;

        records[i].encode(&object);
        object.data[8] = 2;
        assert_int_equal(records[i].decode(object.data, object.size, &e), -1);
        assert_int_equal(e.code, ERROR_NEWER_FORMAT);
    }
}

/* Someone who can write to the store, has no key, and signs with keys of his own. */
static void seal_of_forger(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct keys *ours = records_keys(), *theirs;
    struct masters *m = records_masters();
    struct seal *s = records_seal(), *found = NULL;
    const struct trust trust = {records_uuid, keys_root_public(ours)};
    struct vault_writer w;
    struct error e = ERROR_INIT;
    uint8_t salt[32] = {0};

    (void)state;
    m->items[0].secret[0] ^= 1;
    theirs = keys_new(records_uuid, m, &e);
    assert_non_null(theirs);
    assert_int_equal(keys_writer(theirs, s->writer, &w, &e), 0);
    assert_int_equal(seal_encode(s, records_uuid, keys_wrapping(ours, VAULT_WRAP_META, 3), salt,
                                 &w, &object, &e),
                     0);
    assert_int_equal(
        seal_decode(object.data, object.size, s->name, &trust, NULL, 0, &found, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    assert_non_null(strstr(e.text, "certificate"));
    seal_free(s);
    masters_free(m);
    keys_free(ours);
    keys_free(theirs);
}

/* A genuine certificate under a signature of another writer. */
static void seal_with_borrowed_certificate(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct keys *k = records_keys();
    struct seal *s = records_seal(), *found = NULL;
    const struct trust trust = {records_uuid, keys_root_public(k)};
    struct vault_writer w = records_writer(), other;
    struct error e = ERROR_INIT;
    uint8_t salt[32] = {0};

    (void)state;
    assert_int_equal(keys_writer(k, (const uint8_t *)"another writer..", &other, &e), 0);
    memcpy(w.seed, other.seed, 32);
    assert_int_equal(seal_encode(s, records_uuid, keys_wrapping(k, VAULT_WRAP_META, 3), salt,
                                 &w, &object, &e),
                     0);
    assert_int_equal(
        seal_decode(object.data, object.size, s->name, &trust, NULL, 0, &found, &e), -1);
    assert_non_null(strstr(e.text, "its signature"));
    seal_free(s);
    keys_free(k);
}

static void seal_of_other_vault(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct keys *k = records_keys();
    struct seal *s = records_seal(), *found = NULL;
    const struct trust trust = {(const uint8_t *)"another vault's.", keys_root_public(k)};
    struct error e = ERROR_INIT;

    (void)state;
    records[4].encode(&object);
    assert_int_equal(seal_decode(object.data, object.size, s->name, &trust, k, 0, &found, &e),
                     -1);
    assert_non_null(strstr(e.text, "another vault"));
    seal_free(s);
    keys_free(k);
}

/* A seal copied to another name would be a second backup, or an older "latest". */
static void seal_under_other_name(void **state)
{
    static const char *const names[] = {"20261121t075759z-0123456789abcdef",
                                        "20261121t075758z-0123456789abcdee", ""};
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct keys *k = records_keys();
    const struct trust trust = {records_uuid, keys_root_public(k)};
    struct seal *found = NULL;

    (void)state;
    records[4].encode(&object);
    for (size_t i = 0; i < 3; i++) {
        struct error e = ERROR_INIT;

        assert_int_equal(
            seal_decode(object.data, object.size, names[i], &trust, k, 0, &found, &e), -1);
        assert_non_null(strstr(e.text, "wrong name"));
    }
    keys_free(k);
}

static void tombstone_under_other_name(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct keys *k = records_keys();
    const struct trust trust = {records_uuid, keys_root_public(k)};
    struct tombstone t;
    struct error e = ERROR_INIT;

    (void)state;
    records[5].encode(&object);
    assert_int_equal(tombstone_decode(object.data, object.size,
                                      "20261121t075758z-0123456789abcdee.gone", &trust, 0, &t,
                                      &e),
                     -1);
    assert_non_null(strstr(e.text, "wrong name"));
    keys_free(k);
}

/* What was checked once is not checked again, but is still read strictly. */
static void seal_known_signature(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct keys *k = records_keys();
    const struct trust trust = {records_uuid, keys_root_public(k)};
    struct seal *s = records_seal(), *found = NULL;
    struct error e = ERROR_INIT;

    (void)state;
    records[4].encode(&object);
    object.data[object.size - 1] ^= 1;
    assert_int_equal(seal_decode(object.data, object.size, s->name, &trust, k,
                                 SEAL_SIGNATURE_KNOWN, &found, &e),
                     0);
    seal_free(found);
    object.data[object.size - 65] ^= 1; /* the tag of the inner part */
    assert_int_equal(seal_decode(object.data, object.size, s->name, &trust, k,
                                 SEAL_SIGNATURE_KNOWN, &found, &e),
                     -1);
    seal_free(s);
    keys_free(k);
}

static void slot_wrong_key(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct masters *m = records_masters();
    uint8_t kek[32];
    struct error e = ERROR_INIT;
    struct slot s;

    (void)state;
    records[1].encode(&object);
    memcpy(kek, records_kek, 32);
    kek[31] ^= 0x80;
    assert_int_equal(slot_decode(object.data, object.size, "slot", &s, &e), 0);
    assert_int_equal(slot_open(&s, kek, "slot", m, &e), -1);
    assert_int_equal(e.code, ERROR_WRONG_KEY);
    masters_free(m);
}

/* Parameters that would take hours or gigabytes are refused before anything is computed. */
static void slot_scrypt_bounds(void **state)
{
    static const struct slot_scrypt bad[] = {{.log2_n = 23, .r = 8, .p = 1},
                                             {.log2_n = 22, .r = 32, .p = 1},
                                             {.log2_n = 9, .r = 8, .p = 1},
                                             {.log2_n = 14, .r = 33, .p = 1},
                                             {.log2_n = 14, .r = 8, .p = 17}};
    const struct slot_opener opener = {
        .kind = VAULT_SLOT_PASSPHRASE, .passphrase = "x", .passphrase_size = 1};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slot s = {.kind = VAULT_SLOT_PASSPHRASE, .scrypt = bad[i]};
        struct error e = ERROR_INIT;
        struct secret kek;

        assert_int_equal(slot_kek(&s, &opener, "slot", &kek, &e), -1);
    }
}

static void conf_beyond_bounds(void **state)
{
    struct keys *k = records_keys();

    (void)state;
    for (int i = 0; i < 5; i++) {
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
        struct error e = ERROR_INIT;
        struct conf c, found;

        memset(&c, 0, sizeof(c));
        vault_settings_default(&c.settings, "x");
        memcpy(c.settings.root_public, keys_root_public(k), 32);
        c.settings.generation = 1;
        if (i == 1)
            c.settings.features_incompat = UINT64_C(1) << 63;
        if (i == 2)
            c.settings.chunker = 3;
        if (i == 3)
            c.settings.chunk_average_log2 = 40;
        if (i == 4)
            c.settings.data_pack_bytes = UINT64_MAX;
        assert_int_equal(conf_encode(&c, k, &object, &e), 0);
        assert_int_equal(conf_decode(object.data, object.size, "conf/00000001", &found, &e),
                         i == 0 ? 0 : -1);
        if (i > 0)
            assert_int_equal(e.code, i < 3 ? ERROR_NEWER_FORMAT : ERROR_INTEGRITY);
    }
    keys_free(k);
}

static void conf_under_other_name(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct conf c;

    (void)state;
    records[0].encode(&object);
    assert_int_equal(conf_decode(object.data, object.size, "conf/00000003", &c, &e), -1);
    assert_non_null(strstr(e.text, "wrong name"));
}

static void roll_codec(void **state)
{
    struct seal_pack packs[3] = {{.bytes = 1}, {.bytes = 2}, {.bytes = UINT64_MAX}}, *found;
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct error e = ERROR_INIT;
    size_t count;

    (void)state;
    packs[1].hash[31] = 1;
    packs[2].hash[0] = 1;
    assert_int_equal(roll_encode(packs, 3, &object, &e), 0);
    assert_int_equal(roll_decode(object.data, object.size, "roll", &found, &count, &e), 0);
    assert_int_equal(count, 3);
    assert_memory_equal(found, packs, sizeof(packs));
    free(found);
    for (size_t size = 0; size < object.size; size++)
        assert_int_equal(roll_decode(object.data, size, "roll", &found, &count, &e), -1);
    buffer_append_u8(&object, 0);
    assert_int_equal(roll_decode(object.data, object.size, "roll", &found, &count, &e), -1);
    buffer_clear(&object);
    packs[2].hash[0] = 0; /* out of order */
    assert_int_equal(roll_encode(packs, 3, &object, &e), 0);
    assert_int_equal(roll_decode(object.data, object.size, "roll", &found, &count, &e), -1);
    assert_int_equal(roll_encode(packs, 0, &object, &e), -1);
}

/* Golden vectors: file, and the kinds whose objects stand in it, one a line. */
static const struct golden {
    const char *file;
    size_t first, count;
} goldens[] = {{"golden_conf.hex", 0, 1},  {"golden_slot.hex", 1, 3},
               {"golden_seal.hex", 4, 2},  {"golden_seal_rules.hex", 6, 1},
               {"golden_about.hex", 7, 1}, {"golden_lock.hex", 8, 3},
               {"golden_prune.hex", 11, 3}};

static void make_golden(const struct golden *g, struct buffer *text)
{
    for (size_t i = 0; i < g->count; i++) {
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
        char *hex;

        records[g->first + i].encode(&object);
        hex = malloc(2 * object.size + 1);
        assert_non_null(hex);
        text_hex(object.data, object.size, hex);
        buffer_append_format(text, "%s\n", hex);
        free(hex);
    }
    assert_false(text->failed);
}

static void records_golden(void **state)
{
    const char *source = getenv("abs_top_srcdir"), *target = getenv("LAGAN_GOLDEN_WRITE");
    struct error e = ERROR_INIT;
    char path[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        CLEANUP_BUFFER struct buffer made = BUFFER_INIT, kept = BUFFER_INIT;

        make_golden(&goldens[i], &made);
        if (target != NULL) {
            snprintf(path, sizeof(path), "%s/%s", target, goldens[i].file);
            assert_int_equal(file_write_atomic(path, made.data, made.size, 0644, &e), 0);
        }
        snprintf(path, sizeof(path), "%s/tests/format/%s", source ? source : ".",
                 goldens[i].file);
        assert_int_equal(file_read(path, 1 << 20, &kept, &e), 0);
        assert_int_equal(kept.size, made.size);
        assert_memory_equal(kept.data, made.data, made.size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_round_trip),
        cmocka_unit_test(records_every_byte_counts),
        cmocka_unit_test(records_truncated),
        cmocka_unit_test(records_followed_by_more),
        cmocka_unit_test(records_newer_version),
        cmocka_unit_test(seal_of_forger),
        cmocka_unit_test(seal_with_borrowed_certificate),
        cmocka_unit_test(seal_of_other_vault),
        cmocka_unit_test(seal_under_other_name),
        cmocka_unit_test(seal_known_signature),
        cmocka_unit_test(tombstone_under_other_name),
        cmocka_unit_test(slot_wrong_key),
        cmocka_unit_test(slot_scrypt_bounds),
        cmocka_unit_test(conf_beyond_bounds),
        cmocka_unit_test(conf_under_other_name),
        cmocka_unit_test(roll_codec),
        cmocka_unit_test(records_golden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
