/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_run.c - entries, merges, local segments and index runs. */
#include "unit.h"
#include "vault/name.h"
#include "vault/run_set.h"
#include "vault/segment.h"
#include "vault_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PACKS = 5, ENTRIES = 20000 };

static int compare(const void *a, const void *b)
{
    return entry_compare(a, b);
}

/* Entries of PACKS packs in order; some ids stand in two packs. */
static struct entry *make_entries(size_t count, struct run_pack *packs)
{
    struct entry *entries = calloc(count + 1, sizeof(*entries));

    assert_non_null(entries);
    memset(packs, 0, PACKS * sizeof(*packs));
    for (size_t i = 0; i < PACKS; i++) {
        memset(packs[i].id.hash, (int)i + 1, 32);
        packs[i].id.bytes = 1000 + i;
        packs[i].kind = i == 0 ? CHUNK_META : CHUNK_DATA;
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t id[32];
        vault_fixture_content(i % 10 == 9 ? i - 1 : i, true, id, sizeof(id));
        memcpy(entries[i].id, id, sizeof(entries[i].id));
        entries[i].pack = (uint32_t)(i % PACKS);
        entries[i].chunk = packs[i % PACKS].chunks++;
    }
    qsort(entries, count, sizeof(*entries), compare);
    return entries;
}

static void expect_stream(struct entry_stream *s, const struct entry *entries, size_t count)
{
    struct error e = ERROR_INIT;
    struct entry entry;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(s->next(s, &entry, &e), 1);
            assert_memory_equal(&entry, &entries[i], sizeof(entry));
        }
        assert_int_equal(s->next(s, &entry, &e), 0);
        assert_int_equal(s->rewind(s, &e), 0);
    }
}

/* Dealt out to several streams, renumbered, and merged again. */
static void run_merge(void **state)
{
    static const int64_t same[PACKS] = {0, 1, 2, 3, 4};
    struct run_pack packs[PACKS];
    struct entry *entries = make_entries(ENTRIES, packs);
    struct entry *parts[4];
    struct entry_input inputs[4];
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        size_t count = 0;
        parts[k] = calloc(ENTRIES, sizeof(**parts));
        assert_non_null(parts[k]);
        /* Each entry is in one part or in two. */
        for (size_t i = 0; i < ENTRIES; i++)
            if (i * i % 4 == k || i % 4 == k)
                parts[k][count++] = entries[i];
        inputs[k] = (struct entry_input){entry_array_stream(parts[k], count, &e), same, PACKS};
    }
    struct entry_stream *merged = entry_merge(inputs, 4, &e);
    expect_stream(merged, entries, ENTRIES);
    entry_stream_free(merged);
    for (size_t k = 0; k < 4; k++)
        free(parts[k]);
    free(entries);
}

static void run_merge_renames(void **state)
{
    static const int64_t renames[2] = {ENTRY_DROPPED, 7};
    struct entry entries[] = {{{1}, 0, 0}, {{1}, 1, 5}, {{2}, 0, 1}, {{3}, 1, 6}};
    struct entry expected[] = {{{1}, 7, 5}, {{3}, 7, 6}};
    struct error e = ERROR_INIT;

    (void)state;
    struct entry_input input = {entry_array_stream(entries, 4, &e), renames, 2};
    struct entry_stream *merged = entry_merge(&input, 1, &e);
    expect_stream(merged, expected, 2);
    entry_stream_free(merged);
}

static void run_merge_refuses(void **state)
{
    static const int64_t same[1] = {0};
    struct entry disorder[] = {{{2}, 0, 0}, {{1}, 0, 1}};
    struct entry beyond[] = {{{2}, 1, 0}};
    struct error e = ERROR_INIT;
    struct entry entry;

    (void)state;
    struct entry_input input = {entry_array_stream(disorder, 2, &e), same, 1};
    struct entry_stream *s = entry_merge(&input, 1, &e);
    int result = s->next(s, &entry, &e);
    while (result > 0)
        result = s->next(s, &entry, &e);
    assert_int_equal(result, -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    entry_stream_free(s);
    input = (struct entry_input){entry_array_stream(beyond, 1, &e), same, 1};
    s = entry_merge(&input, 1, &e);
    assert_int_equal(s->next(s, &entry, &e), -1);
    entry_stream_free(s);
}

static struct segment *make_segment(const struct entry *entries, size_t count,
                                    const struct run_pack *packs, int *fd)
{
    struct error e = ERROR_INIT;
    struct segment *s;

    *fd = memfd_create("segment", MFD_CLOEXEC);
    assert_true(*fd >= 0);
    struct entry_stream *stream = entry_array_stream(entries, count, &e);
    assert_success(segment_write(*fd, packs, PACKS, stream, &e), e);
    entry_stream_free(stream);
    assert_success(segment_open(dup(*fd), &s, &e), e);
    return s;
}

/* Every entry is found, by its id, wherever pages and filters begin; and nothing else. */
static void run_segment(void **state)
{
    static const size_t counts[] = {0, 1, 169, 170, 171, 340, 65279, 65280, 65281, 150000};
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
        struct run_pack packs[PACKS];
        struct entry found[SEGMENT_FOUND_LIMIT];
        struct entry *entries = make_entries(counts[k], packs);
        size_t count;
        int fd;
        struct segment *s = make_segment(entries, counts[k], packs, &fd);
        assert_int_equal(segment_entries(s), counts[k]);
        for (size_t i = 0; i < counts[k]; i++) {
            assert_success(segment_find(s, entries[i].id, found, &count, &e), e);
            bool seen = false;
            for (size_t j = 0; j < count; j++)
                seen = seen || memcmp(&found[j], &entries[i], sizeof(found[j])) == 0;
            assert_true(seen);
        }
        uint8_t absent[16] = {1, 2, 3};
        assert_success(segment_find(s, absent, found, &count, &e), e);
        assert_int_equal(count, 0);
        struct entry_stream *stream = segment_stream(s, &e);
        expect_stream(stream, entries, counts[k]);
        entry_stream_free(stream);
        segment_close(s);
        close(fd);
        free(entries);
    }
}

/* Ids that differ only behind the part that pages are found by. */
static void run_segment_equal_fences(void **state)
{
    enum { SAME = 1000 };
    struct run_pack packs[PACKS] = {{.chunks = SAME}};
    struct entry *entries = calloc(SAME, sizeof(*entries));
    struct entry found[SEGMENT_FOUND_LIMIT];
    struct error e = ERROR_INIT;
    size_t count;
    int fd;

    (void)state;
    assert_non_null(entries);
    for (uint32_t i = 0; i < SAME; i++) {
        entries[i] = (struct entry){.id = {5, 5, 5}, .chunk = i};
        entries[i].id[14] = (uint8_t)(i >> 8);
        entries[i].id[15] = (uint8_t)i;
    }
    struct segment *s = make_segment(entries, SAME, packs, &fd);
    for (uint32_t i = 0; i < SAME; i++) {
        assert_success(segment_find(s, entries[i].id, found, &count, &e), e);
        assert_int_equal(count, 1);
        assert_int_equal(found[0].chunk, i);
    }
    segment_close(s);
    close(fd);
    free(entries);
}

/* Opens, finds and streams; -1 as soon as something is wrong. */
static int use_segment(int fd, const struct entry *entries, size_t entry_count)
{
    struct entry found[SEGMENT_FOUND_LIMIT];
    struct error e = ERROR_INIT;
    struct segment *s;
    struct entry entry;
    size_t count;
    int result = 1;

    if (segment_open(dup(fd), &s, &e) < 0)
        return -1;
    struct entry_stream *stream = segment_stream(s, &e);
    while (result > 0)
        result = stream->next(stream, &entry, &e);
    entry_stream_free(stream);
    for (size_t i = 0; result == 0 && i < entry_count; i += 7)
        result = segment_find(s, entries[i].id, found, &count, &e);
    segment_close(s);
    return result;
}

/* No altered byte goes unnoticed. */
static void run_segment_damaged(void **state)
{
    struct run_pack packs[PACKS];
    struct entry *entries = make_entries(500, packs);
    int fd;
    struct segment *s = make_segment(entries, 500, packs, &fd);
    off_t size = lseek(fd, 0, SEEK_END);

    (void)state;
    segment_close(s);
    assert_int_equal(use_segment(fd, entries, 500), 0);
    for (off_t at = 0; at < size; at += at < size - 64 ? 13 : 1) {
        uint8_t byte, bad;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        bad = byte ^ 0x04;
        assert_int_equal(pwrite(fd, &bad, 1, at), 1);
        assert_int_equal(use_segment(fd, entries, 500), -1);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(ftruncate(fd, size - 1), 0);
    assert_int_equal(use_segment(fd, entries, 500), -1);
    close(fd);
    free(entries);
}

static int write_run(struct vault_fixture *f, const struct entry *entries, size_t count,
                     const struct run_pack *packs, struct run_name *name, struct error *e)
{
    static const uint8_t session[16] = {3}, replaced[2][32] = {{1}, {2}};
    struct run_request request = {.level = 4,
                                  .sequence = 17,
                                  .packs = packs,
                                  .pack_count = PACKS,
                                  .entries = entry_array_stream(entries, count, e),
                                  .replaced = replaced,
                                  .replaced_count = 2};
    struct envelope env;

    assert_success(envelope_make_fresh(&env, f->vault, ENVELOPE_RUN, session, e), *e);
    int result = run_write(f->target, &env, &request, name, e);
    entry_stream_free(request.entries);
    return result;
}

static void run_round_trip(void **state)
{
    static const size_t counts[] = {0, 1, 2729, 2730, 2731, ENTRIES};
    struct vault_fixture f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
        struct run_pack packs[PACKS];
        struct entry *entries = make_entries(counts[k], packs);
        struct run_name name, *list;
        struct run *r;
        size_t count;
        assert_success(write_run(&f, entries, counts[k], packs, &name, &e), e);
        assert_success(run_list(f.vault, &list, &count, &e), e);
        assert_int_equal(count, k + 1);
        free(list);
        assert_success(run_open(f.vault, &name, &r, &e), e);
        assert_int_equal(run_entries(r), counts[k]);
        const struct run_pack *got = run_packs(r, &count);
        assert_int_equal(count, PACKS);
        for (size_t i = 0; i < PACKS; i++) {
            assert_memory_equal(got[i].id.hash, packs[i].id.hash, 32);
            assert_int_equal(got[i].id.bytes, packs[i].id.bytes);
            assert_int_equal(got[i].kind, packs[i].kind);
        }
        assert_int_equal(run_replaced(r, &count)[1][0], 2);
        assert_int_equal(count, 2);
        for (size_t i = 0; i < counts[k]; i++)
            assert_true(filter_may_contain(run_filter(r), entry_key(entries[i].id)));
        struct entry_stream *s = run_stream(r, &e);
        expect_stream(s, entries, counts[k]);
        entry_stream_free(s);
        run_close(r);
        free(entries);
    }
    vault_fixture_drop(&f);
}

/* A run that would not have all chunks of a pack it covers is not written. */
static void run_incomplete(void **state)
{
    struct vault_fixture f;
    struct run_pack packs[PACKS];
    struct entry *entries = make_entries(100, packs);
    struct error e = ERROR_INIT;
    struct run_name name, *list;
    size_t count;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    assert_int_equal(write_run(&f, entries, 99, packs, &name, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "not all those of its packs");
    assert_success(run_list(f.vault, &list, &count, &e), e);
    assert_int_equal(count, 0);
    free(list);
    free(entries);
    vault_fixture_drop(&f);
}

static int read_run(struct vault_fixture *f, const struct run_name *name, struct error *e)
{
    struct entry entry;
    struct run *r;
    int result = 1;

    if (run_open(f->vault, name, &r, e) < 0)
        return -1;
    struct entry_stream *s = run_stream(r, e);
    while (result > 0)
        result = s->next(s, &entry, e);
    entry_stream_free(s);
    run_close(r);
    return result;
}

/* Whatever byte is altered, but for the padding, which nobody reads. */
static void run_damaged(void **state)
{
    struct vault_fixture f;
    struct run_pack packs[PACKS];
    struct entry *entries = make_entries(100, packs);
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct run_name name;
    char key[NAME_SIZE];

    (void)state;
    vault_fixture_make(&f, "tgt_mem", false, NULL);
    assert_success(write_run(&f, entries, 100, packs, &name, &e), e);
    name_of_run(name.level, name.sequence, name.hash, key);
    assert_success(target_get_all(f.target, key, 1 << 20, &bytes, &e), e);
    size_t pages_end = ENVELOPE_BODY + 100 * ENTRY_SIZE + ENVELOPE_TAG_SIZE;
    for (size_t at = 0; at < bytes.size; at += at < 200 || at + 200 > bytes.size ? 1 : 23) {
        if (at >= pages_end && at < ENVELOPE_ALIGNMENT)
            continue;
        bytes.data[at] ^= 0x20;
        assert_success(target_remove(f.target, key, &e), e);
        assert_success(target_put(f.target, key, bytes.data, bytes.size, &e), e);
        assert_int_equal(read_run(&f, &name, &e), -1);
        assert_true(e.error_class == LAGAN_CORRUPT || e.code == ERROR_NEWER_FORMAT ||
                    e.code == ERROR_INTEGRITY);
        bytes.data[at] ^= 0x20;
    }
    free(entries);
    vault_fixture_drop(&f);
}

static void tiny_packs(struct vault_settings *settings)
{
    settings->data_pack_bytes = 64 << 10;
    settings->data_block_bytes = 1 << 10;
}

/* A backup of enough noise for 40 packs. */
static void backup_of_many_packs(struct vault_fixture *f, uint64_t from)
{
    struct session *s = vault_fixture_session(f, NULL);

    for (uint64_t i = 0; i < 1400; i++)
        vault_fixture_put(f, s, CHUNK_DATA, 2 * (from + i) + 1, 2000);
    struct seal *seal = vault_fixture_seal(s);
    assert_true(seal->pack_count >= 40);
    session_free(s);
    seal_free(seal);
}

static size_t count_level(struct vault_fixture *f, uint32_t level, bool ignored)
{
    struct error e = ERROR_INIT;
    struct run_set set;
    size_t count = 0;

    assert_success(run_set_load(f->vault, &set, &e), e);
    for (size_t i = 0; i < set.count; i++)
        count += set.runs[i].name.level == level && set.runs[i].ignored == ignored;
    run_set_free(&set);
    return count;
}

/* Sessions write runs, eight become one, and a stranger finds everything by them alone. */
static void run_of_sessions(void **state)
{
    struct vault_fixture f;
    struct target_statistics before, after;
    struct error e = ERROR_INIT;
    struct store *st;

    (void)state;
    vault_fixture_make(&f, "tgt_mem", true, tiny_packs);
    for (uint64_t i = 0; i < RUN_MERGE_COUNT; i++) {
        assert_int_equal(count_level(&f, 0, false), i);
        backup_of_many_packs(&f, 1400 * i);
    }
    assert_int_equal(count_level(&f, 0, true), RUN_MERGE_COUNT);
    assert_int_equal(count_level(&f, 0, false), 0);
    assert_int_equal(count_level(&f, 1, false), 1);
    free(f.cache);
    f.cache = NULL;
    vault_fixture_reopen(&f);
    target_statistics(f.target, &before);
    assert_success(store_open(f.vault, 4 << 20, &st, &e), e);
    target_statistics(f.target, &after);
    assert_true(after.gets - before.gets < 100); /* of some 350 packs */
    for (uint64_t i = 0; i < 1400 * RUN_MERGE_COUNT; i += 97)
        vault_fixture_expect(&f, st, CHUNK_DATA, 2 * i + 1, 2000);
    store_close(st);
    vault_fixture_drop(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(run_merge),
    cmocka_unit_test(run_merge_renames),
    cmocka_unit_test(run_merge_refuses),
    cmocka_unit_test(run_segment),
    cmocka_unit_test(run_segment_equal_fences),
    cmocka_unit_test(run_segment_damaged),
    cmocka_unit_test(run_round_trip),
    cmocka_unit_test(run_incomplete),
    cmocka_unit_test(run_damaged),
    cmocka_unit_test(run_of_sessions),
};

UNIT_MAIN(tests)
