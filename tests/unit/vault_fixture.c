/* SPDX-License-Identifier: Apache-2.0 */
/* vault_fixture.c - see vault_fixture.h. */
#include "vault_fixture.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void open_target(struct vault_fixture *f, const char *driver, uint64_t limit)
{
    static unsigned stores;
    struct error e = ERROR_INIT;
    char place[4096], room[64];
    const char *words[] = {place, "stages=yes", room, NULL};

    snprintf(room, sizeof(room), "limit=%llu", (unsigned long long)limit);

    if (strcmp(driver, "tgt_dir") == 0) {
        snprintf(place, sizeof(place), "path=%s/vault", f->scratch);
        words[1] = NULL;
    } else {
        snprintf(place, sizeof(place), "name=store-%u", stores++);
    }
    f->instance = fixture_instance(f->host, driver, words);
    f->target = target_open(f->instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(f->target != NULL ? 0 : -1, e);
}

static void open_vault(struct vault_fixture *f)
{
    struct error e = ERROR_INIT;

    assert_success(vault_open(f->target, f->cache, &f->vault, &e), e);
    assert_success(vault_unlock_recovery(f->vault, f->recovery_key, &e), e);
}

static void make(struct vault_fixture *f, const char *driver, uint64_t limit, bool with_cache,
                 vault_fixture_tune *tune)
{
    struct vault_slot_request slot = {.kind = VAULT_SLOT_RECOVERY, .label = "test"};
    struct vault_settings settings;
    struct error e = ERROR_INIT;

    *f = (struct vault_fixture){.scratch = fixture_scratch()};
    slot.recovery_key = f->recovery_key;
    memset(f->writer, 0x11, sizeof(f->writer));
    memset(f->source, 0x22, sizeof(f->source));
    if (with_cache)
        assert_true(asprintf(&f->cache, "%s/cache", f->scratch) > 0);
    f->host = fixture_host("test-drivers");
    open_target(f, driver, limit);
    vault_settings_default(&settings, "test");
    if (tune != NULL)
        tune(&settings);
    assert_success(vault_create(f->target, &settings, &slot, 1, &e), e);
    open_vault(f);
}

void vault_fixture_make(struct vault_fixture *f, const char *driver, bool with_cache,
                        vault_fixture_tune *tune)
{
    make(f, driver, 0, with_cache, tune);
}

void vault_fixture_make_limited(struct vault_fixture *f, uint64_t bytes,
                                vault_fixture_tune *tune)
{
    make(f, "tgt_mem", bytes, false, tune);
}

void vault_fixture_drop(struct vault_fixture *f)
{
    vault_close(f->vault);
    target_close(f->target);
    instance_free(f->instance);
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
    free(f->cache);
}

void vault_fixture_reopen(struct vault_fixture *f)
{
    vault_close(f->vault);
    open_vault(f);
}

struct session *vault_fixture_session(struct vault_fixture *f, const struct seal *parent)
{
    struct session_request request = {.writer_id = f->writer,
                                      .source_id = f->source,
                                      .host = "test",
                                      .parent = parent,
                                      .threads = 2};
    struct error e = ERROR_INIT;
    struct session *s = NULL;

    assert_success(session_begin(f->vault, &request, &s, &e), e);
    return s;
}

struct seal *vault_fixture_seal(struct session *s)
{
    struct error e = ERROR_INIT;
    struct seal *seal = seal_new(&e);

    assert_non_null(seal);
    assert_success(seal_set_text(&seal->source_driver, "src_mem", &e), e);
    assert_success(seal_set_text(&seal->source_name, "test", &e), e);
    /* No tree is looked at here: any root will do. */
    seal->root = (struct tree_root){.height = 1, .id = {{1}}, .entries = 1};
    assert_success(session_seal(s, seal, &e), e);
    return seal;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void vault_fixture_content(uint64_t number, bool noise, uint8_t *data, size_t size)
{
    uint64_t state = number;

    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = next_random(&state);
        size_t some = size - i < 8 ? size - i : 8;
        if (!noise)
            word &= UINT64_C(0x0f0000070f000f07);
        memcpy(data + i, &word, some);
    }
}

void vault_fixture_put(struct vault_fixture *f, struct session *s, enum chunk_kind kind,
                       uint64_t number, size_t size)
{
    uint8_t *data = malloc(size);
    struct error e = ERROR_INIT;
    struct chunk_id id;

    assert_non_null(data);
    vault_fixture_content(number, number % 2 == 1, data, size);
    vault_chunk_identify(f->vault, kind, data, size, &id);
    assert_success(session_put(s, kind, &id, data, size, &e), e);
    free(data);
}

void vault_fixture_expect(struct vault_fixture *f, struct store *st, enum chunk_kind kind,
                          uint64_t number, size_t size)
{
    struct buffer got CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t *data = malloc(size);
    struct error e = ERROR_INIT;
    struct chunk_id id;

    assert_non_null(data);
    vault_fixture_content(number, number % 2 == 1, data, size);
    vault_chunk_identify(f->vault, kind, data, size, &id);
    assert_success(store_get(st, kind, &id, &got, &e), e);
    assert_int_equal(got.size, size);
    assert_memory_equal(got.data, data, size);
    free(data);
}
