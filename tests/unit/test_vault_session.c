/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_session.c - chunks through sessions and stores, over real targets. */
#include "vault_fixture.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 3000 };

/* Sizes around each border there is. */
static size_t size_of(uint64_t number)
{
    static const size_t sizes[] = {1,
                                   17,
                                   1000,
                                   4096,
                                   127 << 10,
                                   128 << 10,
                                   200 << 10,
                                   2 << 20,
                                   (128 << 10) - 1,
                                   (128 << 10) + 1,
                                   30000,
                                   64 << 10};

    return number % 50 < 12 ? sizes[number % 50] + (number % 50 == 0 ? number : 0)
                            : 1 + number * 37 % 9000;
}

static void put_range(struct vault_fixture *f, struct session *s, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        vault_fixture_put(f, s, i % 5 == 4 ? CHUNK_META : CHUNK_DATA, i, size_of(i));
}

static void expect_range(struct vault_fixture *f, struct store *st, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        vault_fixture_expect(f, st, i % 5 == 4 ? CHUNK_META : CHUNK_DATA, i, size_of(i));
}

static void small_packs(struct vault_settings *settings)
{
    settings->data_pack_bytes = 4 << 20;
    settings->meta_pack_bytes = 1 << 20;
}

static void round_trip(const char *driver, bool cache)
{
    struct vault_fixture f;
    struct session_counters counters;
    struct error e = ERROR_INIT;
    struct store *st;

    vault_fixture_make(&f, driver, cache, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, MANY);
    put_range(&f, s, 0, MANY);
    session_counters(s, &counters);
    assert_int_equal(counters.chunks_new, MANY);
    assert_int_equal(counters.chunks_known, MANY);
    struct seal *seal = vault_fixture_seal(s);
    session_counters(s, &counters);
    assert_int_equal(counters.packs, seal->pack_count);
    session_free(s);
    vault_fixture_reopen(&f);
    assert_success(store_open(f.vault, 8 << 20, &st, &e), e);
    expect_range(&f, st, 0, MANY);
    store_close(st);
    seal_free(seal);
    vault_fixture_drop(&f);
}

static void session_round_trip_mem(void **state)
{
    (void)state;
    round_trip("tgt_mem", false);
}

static void session_round_trip_dir(void **state)
{
    (void)state;
    round_trip("tgt_dir", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_round_trip_mem),
        cmocka_unit_test(session_round_trip_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
