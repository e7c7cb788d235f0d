/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_seal.c - any bytes as a seal, a tombstone, a roll, or the secret part of a seal.
 * Signatures count as checked, so that what lies behind them is reached.
 */
#include "base/object.h"
#include "fuzz_records.h"
#include "vault/roll.h"
#include "vault/seal_codec.h"
#include "vault/seal_inner.h"

#include <stdlib.h>

const char fuzz_name[] = "seal";
const char *const fuzz_words[] = {"LAGANSEA", "LAGANGON", "LAGANROL", NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    struct buffer inner CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer roll CLEANUP_BUFFER = BUFFER_INIT;
    struct seal_pack packs[] = {{{1}, 10}, {{2}, UINT64_C(1) << 40}};
    struct seal *s = records_seal();
    struct error e = ERROR_INIT;

    fuzz_seed_records("seal", add, context);
    fuzz_seed_records("tombstone", add, context);
    seal_inner_encode(s, &inner);
    add(context, inner.data, inner.size);
    ASSERT(roll_encode(packs, 2, &roll, &e) == 0);
    add(context, roll.data, roll.size);
    seal_free(s);
}

/* Keys are dear to make and are made once. */
static const struct keys *fixed_keys(void)
{
    static struct keys *keys;

    if (keys == NULL)
        keys = records_keys();
    return keys;
}

static int decode_inner(const uint8_t *data, size_t size, struct error *e)
{
    struct seal *s = seal_new(e);

    ASSERT(s != NULL);
    int result = seal_inner_decode(reader_of(data, size), s, "seals/inner", e);
    ASSERT(s->problem_count <= SEAL_PROBLEM_LIMIT);
    seal_free(s);
    return result;
}

static int decode_seal(const uint8_t *data, size_t size, const struct trust *trust,
                       struct error *e)
{
    static struct seal *right;
    struct seal *s = NULL;

    if (right == NULL)
        right = records_seal();
    int result =
        seal_decode(data, size, right->name, trust, fixed_keys(), SEAL_SIGNATURE_KNOWN, &s, e);
    seal_free(s);
    return result;
}

static int decode_tombstone(const uint8_t *data, size_t size, const struct trust *trust,
                            struct error *e)
{
    struct tombstone t = {.reason = NULL};
    int result = tombstone_decode(data, size, "20261121t075758z-0123456789abcdef.gone", trust,
                                  SEAL_SIGNATURE_KNOWN, &t, e);

    if (result == 0)
        tombstone_clear(&t);
    return result;
}

static int decode_roll(const uint8_t *data, size_t size, struct error *e)
{
    struct seal_pack *packs;
    size_t count;
    int result = roll_decode(data, size, "rolls/roll", &packs, &count, e);

    for (size_t i = 1; result == 0 && i < count; i++)
        ASSERT(memcmp(packs[i - 1].hash, packs[i].hash, sizeof(packs[i].hash)) < 0);
    if (result == 0)
        free(packs);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct trust trust = {records_uuid, keys_root_public(fixed_keys())};
    struct error e = ERROR_INIT;
    int result;

    if (size >= 8 && memcmp(data, "LAGANSEA", 8) == 0)
        result = decode_seal(data, size, &trust, &e);
    else if (size >= 8 && memcmp(data, "LAGANGON", 8) == 0)
        result = decode_tombstone(data, size, &trust, &e);
    else if (size >= 5 && memcmp(data, "LAGAN", 5) == 0)
        result = decode_roll(data, size, &e);
    else
        result = decode_inner(data, size, &e);
    fuzz_outcome(result == 0 ? NULL : &e);
    return 0;
}
