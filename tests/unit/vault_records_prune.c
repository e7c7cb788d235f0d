/* SPDX-License-Identifier: Apache-2.0 */
/* vault_records_prune.c - the fixed records of prune: condemned, deleted, moved. */
#include "unit.h"
#include "vault/prune_record.h"
#include "vault_records_private.h"

#include <stdlib.h>
#include <string.h>

/* Two packs are gone: of the first two heirs have something, of the second nothing is needed.
 */
static void fixed_prune(struct prune_record *r, enum name_kind kind)
{
    *r = (struct prune_record){.kind = kind,
                               .epoch = kind == NAME_MOVE ? 0 : 6,
                               .created_ns = T0 * NS + 13,
                               .seal_count = 2,
                               .gone_count = 2,
                               .heir_count = 2,
                               .place_count = 2,
                               .roll_count = kind == NAME_MOVE ? 0 : 1};
    r->seals = calloc(2, sizeof(*r->seals));
    r->gone = calloc(2, sizeof(*r->gone));
    r->heirs = calloc(2, sizeof(*r->heirs));
    r->places = calloc(2, sizeof(*r->places));
    r->rolls = calloc(1, sizeof(*r->rolls));
    r->seals[0] = UINT64_C(0x0123456789abcdef);
    r->seals[1] = UINT64_C(0xfedcba9876543210);
    memset(r->gone[0].id.hash, 0x44, 32);
    r->gone[0].id.bytes = 64 << 20;
    r->gone[0].count = 2;
    memset(r->gone[1].id.hash, 0x55, 32);
    r->gone[1].id.bytes = 5000;
    r->gone[1].first = 2;
    memset(r->heirs[0].hash, 0x66, 32);
    r->heirs[0].bytes = 7000;
    memset(r->heirs[1].hash, 0x77, 32);
    r->heirs[1].bytes = 8000;
    r->places[1] = 1;
    memset(r->rolls[0], 0x33, 32);
}

static void encode_prune(struct buffer *out, enum name_kind kind)
{
    struct vault_writer w = records_writer();
    struct prune_record r;
    struct error e = ERROR_INIT;

    fixed_prune(&r, kind);
    assert_int_equal(prune_record_encode(&r, records_uuid, &w, out, &e), 0);
    prune_record_free(&r);
    vault_writer_wipe(&w);
}

static int read_prune(const void *data, size_t size, enum name_kind kind,
                      struct prune_record *r, struct error *e)
{
    struct keys *k = records_keys();
    const struct trust trust = {records_uuid, keys_root_public(k)};
    uint8_t hash[HASH_SIZE];
    char name[NAME_SIZE];

    hash_sha256(data, size, hash);
    if (kind == NAME_MOVE)
        name_of_move(hash, name);
    else if (kind == NAME_DELETE)
        name_of_delete(6, name);
    else
        name_of_condemn(6, name);
    int result = prune_record_decode(&trust, data, size, name, r, e);
    keys_free(k);
    return result;
}

static void check_prune(const struct buffer *object, enum name_kind kind)
{
    struct prune_record r, x;
    struct error e = ERROR_INIT;

    fixed_prune(&x, kind);
    assert_int_equal(read_prune(object->data, object->size, kind, &r, &e), 0);
    assert_int_equal(r.kind, kind);
    assert_int_equal(r.epoch, x.epoch);
    assert_int_equal(r.created_ns, x.created_ns);
    assert_int_equal(r.seal_count, 2);
    assert_memory_equal(r.seals, x.seals, 2 * sizeof(*x.seals));
    assert_int_equal(r.gone_count, 2);
    assert_memory_equal(r.gone, x.gone, 2 * sizeof(*x.gone));
    assert_int_equal(r.heir_count, 2);
    assert_memory_equal(r.heirs, x.heirs, 2 * sizeof(*x.heirs));
    assert_int_equal(r.place_count, 2);
    assert_memory_equal(r.places, x.places, 2 * sizeof(*x.places));
    assert_int_equal(r.roll_count, x.roll_count);
    assert_true(prune_record_covers(&r, x.seals[1]) && !prune_record_covers(&r, 1));
    assert_ptr_equal(prune_record_find(&r, x.gone[1].id.hash), &r.gone[1]);
    assert_int_equal(prune_record_has_roll(&r, x.rolls[0]), kind != NAME_MOVE);
    prune_record_free(&r);
    prune_record_free(&x);
}

static int decode_prune(const void *data, size_t size, enum name_kind kind, struct error *e)
{
    struct prune_record r = {.epoch = 0};
    int result = read_prune(data, size, kind, &r, e);

    prune_record_free(&r);
    return result;
}

#define PRUNE_RECORD(word, kind)                                                               \
    void records_encode_##word(struct buffer *out)                                             \
    {                                                                                          \
        encode_prune(out, kind);                                                               \
    }                                                                                          \
    void records_check_##word(const struct buffer *object)                                     \
    {                                                                                          \
        check_prune(object, kind);                                                             \
    }                                                                                          \
    int records_decode_##word(const void *data, size_t size, struct error *e)                  \
    {                                                                                          \
        return decode_prune(data, size, kind, e);                                              \
    }
PRUNE_RECORD(condemned, NAME_CONDEMN)
PRUNE_RECORD(deleted, NAME_DELETE)
PRUNE_RECORD(moved, NAME_MOVE)
