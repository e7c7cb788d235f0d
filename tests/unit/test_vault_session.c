/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_session.c - chunks through sessions and stores, over real targets. */
#include "vault_fixture.h"

#include "base/text.h"
#include "unit.h"
#include "vault/session_private.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANY = 3000, STORE_BYTES = 8 << 20 };

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

    if (number % 60 == 0)
        return number + 1; /* the content of so few bytes repeats */
    return number % 60 < 12 ? sizes[number % 60] + number / 60 : 20 + number * 37 % 9000;
}

static enum chunk_kind kind_of(uint64_t number)
{
    return number % 5 == 4 ? CHUNK_META : CHUNK_DATA;
}

static void put_range(struct vault_fixture *f, struct session *s, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        vault_fixture_put(f, s, kind_of(i), i, size_of(i));
}

/* All chunks of the range are there, in a vault opened anew. */
static void expect_range(struct vault_fixture *f, uint64_t from, uint64_t to)
{
    struct error e = ERROR_INIT;
    struct store *st;

    assert_success(store_open(f->vault, STORE_BYTES, &st, &e), e);
    for (uint64_t i = from; i < to; i++)
        vault_fixture_expect(f, st, kind_of(i), i, size_of(i));
    store_close(st);
}

static void small_packs(struct vault_settings *settings)
{
    settings->data_pack_bytes = 4 << 20;
    settings->meta_pack_bytes = 1 << 20;
}

static struct session_counters counters_of(const struct session *s)
{
    struct session_counters counters;

    session_counters(s, &counters);
    return counters;
}

static void round_trip(const char *driver, bool cache)
{
    struct vault_fixture f;

    vault_fixture_make(&f, driver, cache, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, MANY);
    put_range(&f, s, 0, MANY);
    assert_int_equal(counters_of(s).chunks_new, MANY);
    assert_int_equal(counters_of(s).chunks_known, MANY);
    struct seal *seal = vault_fixture_seal(s);
    assert_int_equal(counters_of(s).packs, seal->pack_count);
    assert_true(seal->pack_count > 10);
    session_free(s);
    vault_fixture_reopen(&f);
    expect_range(&f, 0, MANY);
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

/* Counts the objects of a folder of the vault. */
static int count_one(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)key;
    (void)bytes;
    (void)e;
    ++*(size_t *)context;
    return 0;
}

static size_t count_objects(struct vault_fixture *f, const char *prefix)
{
    struct error e = ERROR_INIT;
    size_t count = 0;

    assert_success(target_list(f->target, prefix, count_one, &count, &e), e);
    return count;
}

/* A second backup of the same content stores no data chunk and needs the first one's packs. */
static void session_dedup(void **state)
{
    struct vault_fixture f;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", true, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 500);
    struct seal *first = vault_fixture_seal(s);
    session_free(s);
    for (int round = 0; round < 2; round++) {
        size_t packs = count_objects(&f, "packs/");
        vault_fixture_reopen(&f);
        s = vault_fixture_session(&f, NULL);
        put_range(&f, s, 100, 500);
        assert_int_equal(counters_of(s).chunks_new, 0);
        assert_int_equal(counters_of(s).chunks_known, 400);
        struct seal *second = vault_fixture_seal(s);
        assert_int_equal(count_objects(&f, "packs/"), packs);
        assert_true(second->pack_count >= 2 && second->pack_count <= first->pack_count);
        session_free(s);
        seal_free(second);
    }
    assert_int_equal(count_objects(&f, "sessions/"), 6);
    seal_free(first);
    vault_fixture_drop(&f);
}

/* Chunks that come in any order are found as well, of packs that are not open. */
static void session_dedup_any_order(void **state)
{
    enum { COUNT = 4001 };
    struct vault_fixture f;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", true, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    for (uint64_t i = 0; i < COUNT; i++)
        vault_fixture_put(&f, s, CHUNK_DATA, i, 100);
    seal_free(vault_fixture_seal(s));
    session_free(s);
    s = vault_fixture_session(&f, NULL);
    for (uint64_t i = 0; i < COUNT; i++)
        vault_fixture_put(&f, s, CHUNK_DATA, i * 1777 % COUNT, 100);
    for (uint64_t i = COUNT; i < COUNT + 100; i++)
        vault_fixture_put(&f, s, CHUNK_DATA, i, 100);
    assert_int_equal(counters_of(s).chunks_known, COUNT);
    assert_int_equal(counters_of(s).chunks_new, 100);
    session_free(s);
    vault_fixture_drop(&f);
}

static int age_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

    (void)status;
    (void)walk;
    if (type == FTW_F)
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    return 0;
}

static size_t count_tables(struct vault_fixture *f)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/tables", vault_cache_directory(f->vault));
    return fixture_count_entries(path);
}

/* Old copies of what no backup needs leave the cache directory. */
static void session_cache_swept(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", true, NULL);
    struct session *s = vault_fixture_session(&f, NULL);
    vault_fixture_put(&f, s, CHUNK_DATA, 1, 1000);
    struct seal *first = vault_fixture_seal(s);
    session_free(s);
    s = vault_fixture_session(&f, NULL);
    vault_fixture_put(&f, s, CHUNK_DATA, 3, 1000);
    seal_free(vault_fixture_seal(s));
    session_free(s);
    assert_success(vault_backup_delete(f.vault, first, f.writer, NULL, &e), e);
    assert_int_equal(nftw(f.cache, age_one, 16, FTW_PHYS), 0);
    s = vault_fixture_session(&f, NULL);
    vault_fixture_put(&f, s, CHUNK_DATA, 2, 1000);
    assert_int_equal(count_tables(&f), 2);
    seal_free(vault_fixture_seal(s));
    session_free(s);
    assert_int_equal(count_tables(&f), 2);
    seal_free(first);
    vault_fixture_drop(&f);
}

/* The new backup needs all that its parent needed, also when it met none of it. */
static void session_parent(void **state)
{
    struct vault_fixture f;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", true, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 100);
    struct seal *parent = vault_fixture_seal(s);
    session_free(s);
    s = vault_fixture_session(&f, parent);
    vault_fixture_put(&f, s, CHUNK_DATA, 1000000, 999);
    struct seal *child = vault_fixture_seal(s);
    session_free(s);
    assert_int_equal(child->pack_count, parent->pack_count + 1);
    assert_true(child->has_parent);
    assert_memory_equal(child->parent, parent->hash, sizeof(child->parent));
    for (size_t i = 1; i < child->pack_count; i++)
        assert_true(memcmp(child->packs[i - 1].hash, child->packs[i].hash, 32) < 0);
    seal_free(parent);
    seal_free(child);
    vault_fixture_drop(&f);
}

/* Chunks of a session without a seal are nothing to count on. */
static void session_side_by_side(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_dir", true, small_packs);
    struct session *a = vault_fixture_session(&f, NULL);
    put_range(&f, a, 0, 200);
    assert_success(session_flush(a, &e), e);
    memset(f.source, 0x33, sizeof(f.source));
    struct session *b = vault_fixture_session(&f, NULL);
    put_range(&f, b, 100, 300);
    put_range(&f, a, 300, 400);
    assert_int_equal(counters_of(b).chunks_new, 200);
    assert_int_equal(counters_of(b).bytes_resumed, 0);
    struct seal *seal_a = vault_fixture_seal(a);
    struct seal *seal_b = vault_fixture_seal(b);
    session_free(a);
    session_free(b);
    expect_range(&f, 0, 400);
    seal_free(seal_a);
    seal_free(seal_b);
    vault_fixture_drop(&f);
}

/* A later session of the same source takes up what a dead one has stored. */
static void session_resume(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_dir", true, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 300);
    uint64_t bytes = counters_of(s).bytes_new;
    assert_success(session_flush(s, &e), e);
    put_range(&f, s, 300, 320); /* these are lost */
    session_free(s);
    size_t packs = count_objects(&f, "packs/");
    vault_fixture_reopen(&f);

    s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 300);
    assert_int_equal(counters_of(s).chunks_new, 0);
    assert_int_equal(counters_of(s).bytes_resumed, bytes);
    put_range(&f, s, 300, 320);
    struct seal *seal = vault_fixture_seal(s);
    assert_true(seal->pack_count > packs);
    assert_int_equal(count_objects(&f, "packs/"), seal->pack_count);
    assert_int_equal(count_objects(&f, "sessions/"), 2);
    session_free(s);
    expect_range(&f, 0, 320);

    /* Nothing is left to take up. */
    s = vault_fixture_session(&f, NULL);
    vault_fixture_put(&f, s, CHUNK_DATA, 1, size_of(1));
    assert_int_equal(counters_of(s).bytes_resumed, 0);
    session_free(s);
    seal_free(seal);
    vault_fixture_drop(&f);
}

/* Another source does not take it up, nor does a session while the first one lives. */
static void session_resume_not_mine(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_dir", true, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 100);
    assert_success(session_flush(s, &e), e);
    struct session *other = vault_fixture_session(&f, NULL);
    put_range(&f, other, 0, 100);
    assert_int_equal(counters_of(other).chunks_new, 100);
    session_free(other);
    session_free(s);
    vault_fixture_drop(&f);
}

static void session_resume_other_source(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_dir", true, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 100);
    assert_success(session_flush(s, &e), e);
    session_free(s);
    f.source[0] ^= 1;
    s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 100);
    assert_int_equal(counters_of(s).chunks_new, 100);
    session_free(s);
    f.source[0] ^= 1;
    f.writer[0] ^= 1;
    s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 100);
    assert_int_equal(counters_of(s).chunks_new, 100);
    session_free(s);
    vault_fixture_drop(&f);
}

/* A torn line ends what is believed of a journal. */
static void session_journal_torn(void **state)
{
    struct vault_fixture f;
    struct journal_owner owner = {.session = {7}};
    struct journal_content content;
    char path[4096];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", true, NULL);
    struct journal *j = journal_create(f.vault, &owner);
    assert_non_null(j);
    for (uint64_t i = 0; i < 3; i++) {
        struct seal_pack pack = {.hash = {(uint8_t)i}, .bytes = 1000000 + i};
        journal_pack(j, &pack);
    }
    journal_close(j);
    j = journal_take_over(f.vault, owner.writer, owner.source, &content);
    assert_non_null(j);
    assert_int_equal(content.pack_count, 3);
    assert_int_equal(content.packs[2].bytes, 1000002);
    free(content.packs);
    journal_close(j);

    snprintf(path, sizeof(path), "%s/journals/07000000000000000000000000000000",
             vault_cache_directory(f.vault));
    char *text = fixture_read_text(path);
    char *digit = strstr(text, "1000001");
    assert_non_null(digit);
    *digit = '2';
    fixture_write_text(path, text, 0600);
    free(text);
    j = journal_take_over(f.vault, owner.writer, owner.source, &content);
    assert_non_null(j);
    assert_int_equal(content.pack_count, 1);
    free(content.packs);
    journal_finish(j);
    assert_null(journal_take_over(f.vault, owner.writer, owner.source, &content));
    vault_fixture_drop(&f);
}

/* Killed between the seal and the end: the next session only writes the end. */
static void session_resume_sealed(void **state)
{
    struct vault_fixture f;
    struct journal_owner owner = {.session = {7}};
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_dir", true, small_packs);
    memcpy(owner.writer, f.writer, sizeof(owner.writer));
    memcpy(owner.source, f.source, sizeof(owner.source));
    struct journal *j = journal_create(f.vault, &owner);
    assert_non_null(j);
    journal_sealed(j, "20260101t000000z-0000000000000001");
    journal_close(j);
    struct session *s = vault_fixture_session(&f, NULL);
    uint64_t bytes;
    assert_success(target_stat(f.target,
                               "sessions/00000000/07000000000000000000000000000000.done",
                               &bytes, &e),
                   e);
    assert_memory_not_equal(s->object.session, owner.session, sizeof(owner.session));
    session_free(s);
    vault_fixture_drop(&f);
}

static int damage_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)walk;
    if (type != FTW_F || strstr(path, "/cache/") == NULL || status->st_size == 0)
        return 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (off_t at = 100; at < status->st_size; at += 2000) {
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    return 0;
}

/* Whatever happens to the cache directory, only time is lost. */
static void session_cache_damaged(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_dir", true, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 0, 600);
    struct seal *seal = vault_fixture_seal(s);
    session_free(s);
    s = vault_fixture_session(&f, NULL);
    put_range(&f, s, 600, 700);
    assert_success(session_flush(s, &e), e);
    session_free(s);
    assert_int_equal(nftw(f.cache, damage_one, 16, FTW_PHYS), 0);
    vault_fixture_reopen(&f);
    s = vault_fixture_session(&f, seal);
    put_range(&f, s, 0, 700);
    assert_int_equal(counters_of(s).chunks_known, 600);
    struct seal *second = vault_fixture_seal(s);
    session_free(s);
    expect_range(&f, 0, 700);
    assert_int_equal(nftw(f.cache, damage_one, 16, FTW_PHYS), 0);
    vault_fixture_reopen(&f);
    expect_range(&f, 0, 700);
    seal_free(seal);
    seal_free(second);
    vault_fixture_drop(&f);
}

/* A pack that is gone is stored anew; a reader names it. */
static void session_pack_missing(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;
    struct store *st;
    char name[80], digits[65];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    vault_fixture_put(&f, s, CHUNK_DATA, 1, 50000);
    struct seal *seal = vault_fixture_seal(s);
    session_free(s);
    text_hex(seal->packs[0].hash, 32, digits);
    snprintf(name, sizeof(name), "packs/%.2s/%s", digits, digits);
    assert_success(target_remove(f.target, name, &e), e);

    assert_success(store_open(f.vault, STORE_BYTES, &st, &e), e);
    struct chunk_id id = {{9}};
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    assert_int_equal(store_get(st, CHUNK_DATA, &id, &out, &e), -1);
    assert_error(e, LAGAN_CORRUPT, name);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    store_close(st);

    s = vault_fixture_session(&f, NULL);
    vault_fixture_put(&f, s, CHUNK_DATA, 1, 50000);
    assert_int_equal(counters_of(s).chunks_new, 1);
    session_free(s);
    seal_free(seal);
    vault_fixture_drop(&f);
}

static void session_unknown_chunk(void **state)
{
    struct vault_fixture f;
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct chunk_id id = {{9}};
    struct error e = ERROR_INIT;
    struct store *st;
    char pack[65];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, small_packs);
    assert_success(store_open(f.vault, STORE_BYTES, &st, &e), e);
    assert_int_equal(store_locate(st, CHUNK_DATA, &id, pack, &e), 0);
    assert_int_equal(store_get(st, CHUNK_DATA, &id, &out, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "no chunk 0900000000000000");
    store_close(st);
    vault_fixture_drop(&f);
}

/* Data and metadata chunks do not stand for each other. */
static void session_kinds(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;
    struct chunk_id id;
    struct store *st;
    char pack[65];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    vault_chunk_identify(f.vault, CHUNK_DATA, "x", 1, &id);
    assert_success(session_put(s, CHUNK_DATA, &id, "x", 1, &e), e);
    struct seal *seal = vault_fixture_seal(s);
    session_free(s);
    assert_success(store_open(f.vault, STORE_BYTES, &st, &e), e);
    assert_int_equal(store_locate(st, CHUNK_DATA, &id, pack, &e), 1);
    assert_int_equal(store_locate(st, CHUNK_META, &id, pack, &e), 0);
    store_close(st);
    seal_free(seal);
    vault_fixture_drop(&f);
}

/* A full target: its class comes through, stays, and nothing half-made is left. */
static void session_no_space(void **state)
{
    struct vault_fixture f;
    struct error e = ERROR_INIT;
    int result = 0;

    (void)state;
    vault_fixture_make_limited(&f, 3 << 20, small_packs);
    struct session *s = vault_fixture_session(&f, NULL);
    uint8_t *data = malloc(200 << 10);
    assert_non_null(data);
    for (uint64_t i = 0; result == 0 && i < 1000; i++) {
        struct chunk_id id;
        vault_fixture_content(2 * i + 1, true, data, 200 << 10);
        vault_chunk_identify(f.vault, CHUNK_DATA, data, 200 << 10, &id);
        result = session_put(s, CHUNK_DATA, &id, data, 200 << 10, &e);
    }
    free(data);
    assert_int_equal(result, -1);
    assert_int_equal(e.error_class, LAGAN_NO_SPACE);
    assert_int_equal(e.code, ERROR_NO_SPACE);
    struct error again = ERROR_INIT;
    assert_int_equal(session_flush(s, &again), -1);
    assert_int_equal(again.error_class, LAGAN_NO_SPACE);
    session_free(s);
    assert_int_equal(count_objects(&f, "packs/"), 0);
    vault_fixture_drop(&f);
}

static int fill_pack(struct seal_pack *packs, size_t count, uint8_t mark)
{
    for (size_t i = 0; i < count; i++) {
        memset(&packs[i], 0, sizeof(packs[i]));
        packs[i].hash[0] = (uint8_t)(i >> 8);
        packs[i].hash[1] = (uint8_t)i;
        packs[i].hash[2] = mark;
        packs[i].bytes = 1000 + i;
    }
    return 0;
}

/* Lists of packs move to rolls, and rolls are merged when there are many. */
static void session_rolls(void **state)
{
    enum { PACKS = 700 };
    struct vault_fixture f;
    struct seal_pack packs[12 * PACKS];
    uint8_t rolls[SESSION_ROLL_LIMIT][32];
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    struct session s = {.vault = f.vault, .parent_packs = packs, .parent_rolls = rolls};
    struct seal *draft = seal_new(&e);
    for (uint8_t step = 1; step <= 10; step++) {
        fill_pack(packs + s.parent_pack_count, PACKS, step);
        s.parent_pack_count += PACKS;
        assert_success(session_needs(&s, draft, &e), e);
        assert_int_equal(draft->pack_count, 0);
        assert_int_equal(draft->roll_count,
                         step < SESSION_ROLL_LIMIT ? step : step - SESSION_ROLL_LIMIT + 1);
        s.parent_roll_count = draft->roll_count;
        memcpy(rolls, draft->rolls, draft->roll_count * 32);
        struct seal_pack *all;
        size_t count;
        assert_success(vault_backup_packs(f.vault, draft, &all, &count, &e), e);
        assert_int_equal(count, s.parent_pack_count);
        free(all);
    }
    fill_pack(packs + s.parent_pack_count, 10, 99);
    s.parent_pack_count += 10;
    size_t before = draft->roll_count;
    assert_success(session_needs(&s, draft, &e), e);
    assert_int_equal(draft->pack_count, 10);
    assert_int_equal(draft->roll_count, before);
    seal_free(draft);
    vault_fixture_drop(&f);
}

/* Trees reach chunks through the session: what it put before, and older ones. */
static void session_access_round(void **state)
{
    struct vault_fixture f;
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct chunk_id id;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    struct session *s = vault_fixture_session(&f, NULL);
    struct chunk_access access = session_access(s);
    assert_success(access.put(access.context, "a node", 6, &id, &e), e);
    struct seal *seal = vault_fixture_seal(s);
    session_free(s);
    s = vault_fixture_session(&f, seal);
    access = session_access(s);
    assert_success(access.get(access.context, &id, &out, &e), e);
    assert_int_equal(out.size, 6);
    assert_memory_equal(out.data, "a node", 6);
    session_free(s);
    seal_free(seal);
    vault_fixture_drop(&f);
}

static void session_locked(void **state)
{
    struct vault_fixture f;
    struct session_request request = {0};
    struct error e = ERROR_INIT;
    struct session *s;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    vault_close(f.vault);
    assert_success(vault_open(f.target, NULL, &f.vault, &e), e);
    request.writer_id = f.writer;
    request.source_id = f.source;
    assert_int_equal(session_begin(f.vault, &request, &s, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    vault_fixture_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_round_trip_mem),
        cmocka_unit_test(session_round_trip_dir),
        cmocka_unit_test(session_dedup),
        cmocka_unit_test(session_dedup_any_order),
        cmocka_unit_test(session_cache_swept),
        cmocka_unit_test(session_parent),
        cmocka_unit_test(session_side_by_side),
        cmocka_unit_test(session_resume),
        cmocka_unit_test(session_resume_not_mine),
        cmocka_unit_test(session_resume_sealed),
        cmocka_unit_test(session_resume_other_source),
        cmocka_unit_test(session_journal_torn),
        cmocka_unit_test(session_cache_damaged),
        cmocka_unit_test(session_pack_missing),
        cmocka_unit_test(session_unknown_chunk),
        cmocka_unit_test(session_kinds),
        cmocka_unit_test(session_no_space),
        cmocka_unit_test(session_rolls),
        cmocka_unit_test(session_access_round),
        cmocka_unit_test(session_locked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
