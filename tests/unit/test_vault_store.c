/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_store.c - reading from many threads within little memory, and in sequence. */
#include "unit.h"
#include "vault_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKS = 4000, CHUNK_BYTES = 3000, THREADS = 4, READS = 2000 };

static void make_backup(struct vault_fixture *f, const char *driver)
{
    vault_fixture_make(f, driver, true, NULL);
    struct session *s = vault_fixture_session(f, NULL);
    for (uint64_t i = 0; i < CHUNKS; i++)
        vault_fixture_put(f, s, CHUNK_DATA, i, CHUNK_BYTES);
    seal_free(vault_fixture_seal(s));
    session_free(s);
}

struct reading {
    struct vault_fixture *fixture;
    struct store *store;
    uint64_t seed;
    size_t wrong;
};

/* cmocka's assertions are for the main thread only. */
static void *read_many(void *argument)
{
    struct reading *r = argument;
    struct buffer got = BUFFER_INIT;
    uint8_t data[CHUNK_BYTES];
    struct chunk_id id;
    struct error e;

    for (size_t i = 0; i < READS; i++) {
        r->seed = r->seed * UINT64_C(6364136223846793005) + 1;
        /* All threads go through the same blocks at the same time. */
        uint64_t number = (i * 2 + (r->seed >> 60)) % CHUNKS;
        vault_fixture_content(number, number % 2 == 1, data, sizeof(data));
        vault_chunk_identify(r->fixture->vault, CHUNK_DATA, data, sizeof(data), &id);
        buffer_clear(&got);
        if (store_get(r->store, CHUNK_DATA, &id, &got, &e) < 0 || got.size != sizeof(data) ||
            memcmp(got.data, data, sizeof(data)) != 0)
            r->wrong++;
    }
    buffer_free(&got);
    return NULL;
}

static void store_threads(void **state)
{
    struct reading readings[THREADS];
    struct target_statistics before, after;
    pthread_t threads[THREADS];
    struct error e = ERROR_INIT;
    struct vault_fixture f;
    struct store *st;

    (void)state;
    make_backup(&f, "tgt_mem");
    assert_success(store_open(f.vault, 4 << 20, &st, &e), e);
    target_statistics(f.target, &before);
    for (size_t i = 0; i < THREADS; i++) {
        readings[i] = (struct reading){.fixture = &f, .store = st, .seed = i};
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &readings[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readings[i].wrong, 0);
    }
    target_statistics(f.target, &after);
    /* Some 47 blocks, each of which all threads want some hundred times. */
    assert_true(after.gets - before.gets < 300);
    store_close(st);
    vault_fixture_drop(&f);
}

/* Going through a backup in its order takes few requests. */
static void store_sequence(void **state)
{
    struct target_statistics before, after;
    struct error e = ERROR_INIT;
    struct vault_fixture f;
    struct store *st;

    (void)state;
    make_backup(&f, "tgt_dir");
    assert_success(store_open(f.vault, 8 << 20, &st, &e), e);
    target_statistics(f.target, &before);
    for (uint64_t i = 0; i < CHUNKS; i++)
        vault_fixture_expect(&f, st, CHUNK_DATA, i, CHUNK_BYTES);
    target_statistics(f.target, &after);
    assert_true(after.gets - before.gets < 20);
    assert_true(after.get_bytes - before.get_bytes < (uint64_t)CHUNKS * CHUNK_BYTES);
    store_close(st);
    vault_fixture_drop(&f);
}

/* With hardly any memory it still works, if slowly. */
static void store_little_memory(void **state)
{
    struct error e = ERROR_INIT;
    struct vault_fixture f;
    struct store *st;

    (void)state;
    make_backup(&f, "tgt_mem");
    assert_success(store_open(f.vault, 0, &st, &e), e);
    for (uint64_t i = 0; i < CHUNKS; i += 101)
        vault_fixture_expect(&f, st, CHUNK_DATA, (i * 7919) % CHUNKS, CHUNK_BYTES);
    store_close(st);
    vault_fixture_drop(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(store_threads),
    cmocka_unit_test(store_sequence),
    cmocka_unit_test(store_little_memory),
};

UNIT_MAIN(tests)
