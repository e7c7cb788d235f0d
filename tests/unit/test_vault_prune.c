/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_prune.c - the space of deleted backups comes back, and nothing else goes: beside
 * writers, mirrors and other pruners, broken off at every step, with forged and damaged
 * records.
 */
#include "base/clock.h"
#include "base/process.h"
#include "copy_fixture.h"
#include "unit.h"
#include "vault/moves.h"
#include "vault/prune.h"
#include "vault/prune_record.h"
#include "vault/session_object.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES = 40 };

/* A backup of `count` files; the last has a content map. */
static struct seal *make_files(struct vault_place *p, uint32_t first, uint32_t count,
                               const struct seal *parent)
{
    struct making m;

    begin(&m, p, parent);
    for (uint32_t i = 0; i < count; i++)
        add_file(&m, first + i, i == count - 1 ? MAP_CHUNKS : 1 + (first + i) % 4);
    return end(&m, NULL);
}

static void delete_backup(struct vault_place *p, const struct seal *s)
{
    struct error e = ERROR_INIT;

    assert_success(vault_backup_delete(p->vault, s, vault_place_writer, "test", &e), e);
}

static struct prune_request request_of(bool dry_run)
{
    return (struct prune_request){.dry_run = dry_run, .writer_id = vault_place_writer};
}

static enum prune_state prune(struct vault_place *p, struct prune_counters *c)
{
    const struct prune_request request = request_of(false);
    enum prune_state state;
    struct error e = ERROR_INIT;

    assert_success(vault_prune(p->vault, &request, c, &state, &e), e);
    return state;
}

/* As prune, with sessions that count as dead at once. */
static enum prune_state prune_soon(struct vault_place *p, struct prune_counters *c)
{
    struct prune_request request = request_of(false);
    enum prune_state state;
    struct error e = ERROR_INIT;

    request.silence_ns = 1000;
    assert_success(vault_prune(p->vault, &request, c, &state, &e), e);
    return state;
}

static void expect_whole(struct vault_place *p, uint64_t backups)
{
    struct findings found;

    check(p, VERIFY_DATA, &found);
    for (size_t i = 0; i < found.count; i++)
        print_error("%s: %s\n", found.all[i].object, found.all[i].text);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.result.backups, backups);
}

static int add_bytes(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)key;
    (void)e;
    *(uint64_t *)context += bytes;
    return 0;
}

static uint64_t bytes_in(struct vault_place *p, const char *prefix)
{
    struct error e = ERROR_INIT;
    uint64_t bytes = 0;

    assert_success(target_list(p->target, prefix, add_bytes, &bytes, &e), e);
    return bytes;
}

/* ---- what goes, and what stays ---- */

static void prune_nothing(void **state)
{
    struct prune_counters c;
    struct three t;

    (void)state;
    make_three(&t, true);
    assert_int_equal(prune(&t.p, &c), PRUNE_CLEAN);
    assert_int_equal(c.packs_dead + c.packs_sparse, 0);
    assert_int_equal(c.packs, vault_place_count(&t.p, "packs/"));
    assert_int_equal(c.bytes, bytes_in(&t.p, "packs/"));
    assert_int_equal(vault_place_count(&t.p, "prune/"), 0);
    assert_int_equal(vault_place_count(&t.p, "sessions/"), 0);
    expect_whole(&t.p, 3);
    drop_three(&t);
}

/* What a dry run tells is what a run does. */
static void prune_deleted(void **state)
{
    struct prune_request dry = request_of(true);
    struct prune_counters would, c;
    enum prune_state found;
    struct error e = ERROR_INIT;
    struct three t;

    (void)state;
    make_three(&t, true);
    delete_backup(&t.p, t.s[2]);
    uint64_t before = bytes_in(&t.p, "packs/");
    assert_success(vault_prune(t.p.vault, &dry, &would, &found, &e), e);
    assert_int_equal(found, PRUNE_UNFINISHED);
    assert_true(would.bytes_dead > 0);
    assert_int_equal(bytes_in(&t.p, "packs/"), before);
    assert_int_equal(vault_place_count(&t.p, "prune/"), 0);
    assert_int_equal(prune(&t.p, &c), PRUNE_CLEAN);
    assert_int_equal(c.bytes_dead, would.bytes_dead);
    assert_int_equal(c.packs_dead, would.packs_dead);
    assert_int_equal(before - bytes_in(&t.p, "packs/"), would.bytes_dead);
    assert_true(c.bytes_deleted >= would.bytes_dead);
    /* Nobody lists them any more: no move is needed. */
    assert_int_equal(vault_place_count(&t.p, "moves/"), 0);
    expect_whole(&t.p, 2);
    assert_int_equal(prune(&t.p, &c), PRUNE_CLEAN);
    assert_int_equal(c.packs_dead + c.objects_deleted, 0);
    drop_three(&t);
}

/* A seal lists packs that it needs no more, or of which a part went into new ones: it is whole
 * by the move, also for whoever has no key, and in the next backup's seal it is not listed. */
static void prune_repacks(void **state)
{
    struct prune_counters c;
    struct vault_place p;
    struct findings found;
    struct error e = ERROR_INIT;
    struct seal_pack *packs;
    size_t count;

    (void)state;
    vault_place_open(&p, "tgt_dir", true);
    struct seal *first = make_files(&p, 0, FILES, NULL);
    struct seal *second = make_files(&p, FILES - 8, 12, first);
    delete_backup(&p, first);
    uint64_t before = bytes_in(&p, "packs/");
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_true(c.packs_repacked > 0);
    assert_true(c.bytes_live_in_sparse < c.bytes_sparse);
    assert_true(bytes_in(&p, "packs/") < before);
    assert_int_equal(vault_place_count(&p, "moves/"), 1);
    expect_whole(&p, 1);
    vault_place_again(&p, true, false);
    check(&p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.count, 0);
    vault_place_again(&p, true, true);
    /* All that is needed is there, and nothing else. */
    assert_success(vault_backup_packs(p.vault, second, &packs, &count, &e), e);
    assert_int_equal(count, vault_place_count(&p, "packs/"));
    struct seal *third = make_files(&p, FILES - 8, 13, second);
    for (size_t i = 0; i < third->pack_count; i++) {
        char name[128];
        pack_name(&third->packs[i], name);
        assert_true(place_has(&p, name));
    }
    expect_whole(&p, 2);
    delete_backup(&p, second);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_true(vault_place_count(&p, "moves/") <= 1);
    expect_whole(&p, 1);
    /* Once nobody lists what is gone, the move has served. */
    delete_backup(&p, third);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_int_equal(vault_place_count(&p, "moves/"), 0);
    assert_int_equal(vault_place_count(&p, "packs/"), 0);
    free(packs);
    seal_free(first);
    seal_free(second);
    seal_free(third);
    vault_place_close(&p);
}

/* A limit of bytes leaves work for the next call; each one brings some space back. */
static void prune_limited(void **state)
{
    struct prune_request request = request_of(false);
    struct prune_counters c;
    enum prune_state found = PRUNE_UNFINISHED;
    struct error e = ERROR_INIT;
    struct vault_place p;
    unsigned calls = 0;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    struct seal *kept[3], *gone[3];
    for (uint32_t i = 0; i < 3; i++) {
        gone[i] = make_files(&p, i * 1000, FILES, NULL);
        kept[i] = make_files(&p, i * 1000 + FILES - 8, 10, gone[i]);
    }
    for (int i = 0; i < 3; i++)
        delete_backup(&p, gone[i]);
    request.repack_bytes = 40000;
    while (found == PRUNE_UNFINISHED && calls++ < 20) {
        assert_success(vault_prune(p.vault, &request, &c, &found, &e), e);
        expect_whole(&p, 3);
    }
    assert_true(calls > 1 && calls < 20);
    /* Many moves became one. */
    assert_true(vault_place_count(&p, "moves/") <= 1);
    for (int i = 0; i < 3; i++) {
        seal_free(kept[i]);
        seal_free(gone[i]);
    }
    vault_place_close(&p);
}

/* ---- beside writers ---- */

/* A backup that is being made rests on what an expired one has: it is waited for, then that is
 * rescued. */
static void prune_waits_for_writers(void **state)
{
    struct prune_counters c;
    struct vault_place p;
    struct making m;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    struct seal *old = make_files(&p, 0, FILES, NULL);
    begin(&m, &p, NULL);
    for (uint32_t i = 0; i < FILES / 2; i++)
        add_file(&m, i, 1 + i % 4);
    delete_backup(&p, old);
    assert_int_equal(prune(&p, &c), PRUNE_WAITING);
    assert_int_equal(c.sessions_waited, 1);
    assert_true(c.packs_condemned > 0);
    assert_int_equal(c.objects_deleted, 0);
    assert_int_equal(prune(&p, &c), PRUNE_WAITING);
    struct seal *made = end(&m, NULL);
    expect_whole(&p, 1);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_true(c.packs_rescued > 0);
    expect_whole(&p, 1);
    seal_free(old);
    seal_free(made);
    vault_place_close(&p);
}

/* Who begins after the condemnation does not build on it: its backup outlives the deletion. */
static void prune_writers_heed(void **state)
{
    struct prune_counters c;
    struct vault_place p;
    struct making blocker;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    struct seal *old = make_files(&p, 0, FILES, NULL);
    struct seal *other = make_files(&p, 3000, FILES, NULL);
    begin(&blocker, &p, NULL);
    delete_backup(&p, old);
    assert_int_equal(prune(&p, &c), PRUNE_WAITING);
    struct seal *again = make_files(&p, 0, FILES, NULL);
    /* What the old backup had is stored anew. */
    struct seal_pack *packs;
    size_t count;
    assert_success(vault_backup_packs(p.vault, again, &packs, &count, &e), e);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < old->pack_count; j++)
            assert_memory_not_equal(packs[i].hash, old->packs[j].hash, 32);
    free(packs);
    content_builder_free(blocker.content);
    tree_builder_free(blocker.tree);
    session_free(blocker.session);
    assert_int_equal(prune_soon(&p, &c), PRUNE_CLEAN);
    assert_true(c.bytes_deleted > 0);
    assert_int_equal(vault_place_count(&p, "sessions/"), 0);
    expect_whole(&p, 2);
    seal_free(old);
    seal_free(other);
    seal_free(again);
    vault_place_close(&p);
}

/* A writer that was taken for dead finds out, and its backup is none. */
static void prune_taken_for_dead(void **state)
{
    struct prune_counters c;
    struct vault_place p;
    struct making m;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    struct seal *old = make_files(&p, 0, FILES, NULL);
    begin(&m, &p, old);
    for (uint32_t i = 0; i < FILES; i++)
        add_file(&m, i, i == FILES - 1 ? MAP_CHUNKS : 1 + i % 4);
    delete_backup(&p, old);
    assert_int_equal(prune_soon(&p, &c), PRUNE_CLEAN);
    assert_true(c.bytes_deleted > 0);
    struct seal *s = seal_new(&e);
    assert_success(tree_builder_finish(m.tree, &s->root, &e), e);
    assert_int_equal(session_seal(m.session, s, &e), -1);
    assert_int_equal(e.error_class, LAGAN_BUSY);
    assert_int_equal(e.code, ERROR_TEMPORARY);
    content_builder_free(m.content);
    tree_builder_free(m.tree);
    session_free(m.session);
    expect_whole(&p, 0);
    struct seal *again = make_files(&p, 0, FILES, NULL);
    expect_whole(&p, 1);
    seal_free(s);
    seal_free(old);
    seal_free(again);
    vault_place_close(&p);
}

/* What a copier that was killed has left goes once it has been silent, also where nothing is
 * ever condemned; what a writer has left may be taken up again. */
static void prune_forgets_dead_copies(void **state)
{
    struct session_object o = {.kind = SESSION_COPY, .created_ns = clock_wall_ns()};
    struct prune_epochs epochs = {0};
    struct prune_counters c;
    struct vault_place p;
    struct making m;
    struct error e = ERROR_INIT;
    uint32_t epoch;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    struct seal *s = make_files(&p, 0, FILES, NULL);
    memcpy(o.vault, vault_settings(p.vault)->uuid, sizeof(o.vault));
    memset(o.session, 7, sizeof(o.session));
    assert_success(session_object_register(p.vault, &o, &epoch, &epochs, &e), e);
    prune_epochs_free(&epochs);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_int_equal(vault_place_count(&p, "sessions/"), 1);
    begin(&m, &p, s);
    add_file(&m, 0, 1);
    assert_int_equal(prune_soon(&p, &c), PRUNE_CLEAN);
    assert_int_equal(vault_place_count(&p, "sessions/"), 1);
    seal_free(end(&m, NULL));
    seal_free(s);
    vault_place_close(&p);
}

/* What a process of this machine says that is gone by now. */
static void text_of_dead(char text[PROCESS_TEXT_SIZE])
{
    int ends[2], status = 0;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        process_text_self(text);
        _exit(write(ends[1], text, PROCESS_TEXT_SIZE) != PROCESS_TEXT_SIZE);
    }
    assert_true(child > 0);
    assert_int_equal(read(ends[0], text, PROCESS_TEXT_SIZE), PROCESS_TEXT_SIZE);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void prune_knows_dead_processes(void **state)
{
    char alive[PROCESS_TEXT_SIZE], dead[PROCESS_TEXT_SIZE], other[PROCESS_TEXT_SIZE];
    struct session_object o = {.kind = SESSION_COPY, .created_ns = clock_wall_ns()};
    struct prune_epochs epochs = {0};
    struct prune_counters c;
    struct vault_place p;
    struct error e = ERROR_INIT;
    uint32_t epoch;

    (void)state;
    process_text_self(alive);
    text_of_dead(dead);
    assert_false(process_text_is_dead(alive));
    assert_true(process_text_is_dead(dead));
    /* Of another boot, or another namespace, nothing is known. */
    snprintf(other, sizeof(other), "%s", dead);
    other[0] = other[0] == 'a' ? 'b' : 'a';
    assert_false(process_text_is_dead(other));
    vault_place_open(&p, "tgt_mem", false);
    struct seal *s = make_files(&p, 0, FILES, NULL);
    delete_backup(&p, s);
    memcpy(o.vault, vault_settings(p.vault)->uuid, sizeof(o.vault));
    memset(o.session, 7, sizeof(o.session));
    o.process = alive;
    assert_success(session_object_register(p.vault, &o, &epoch, &epochs, &e), e);
    prune_epochs_free(&epochs);
    assert_int_equal(prune(&p, &c), PRUNE_WAITING);
    vault_place_lose(&p, vault_place_name(&p, "sessions/", 0));
    o.process = dead;
    assert_success(session_object_register(p.vault, &o, &epoch, &epochs, &e), e);
    prune_epochs_free(&epochs);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_true(c.bytes_deleted > 0);
    assert_int_equal(vault_place_count(&p, "sessions/"), 0);
    seal_free(s);
    vault_place_close(&p);
}

/* A reader that has found its chunks before finds them again after. */
static void prune_beside_reader(void **state)
{
    struct prune_counters c;
    struct vault_place p;
    struct store *store;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    struct seal *first = make_files(&p, 0, FILES, NULL);
    struct seal *second = make_files(&p, FILES - 8, 12, first);
    assert_success(store_open(p.vault, 1 << 20, &store, &e), e);
    delete_backup(&p, first);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_true(c.packs_repacked > 0);
    struct chunk_access access = store_access(store);
    struct tree_cursor *cursor = tree_cursor_new(&access, &second->root, &e);
    const struct tree_entry *entry;
    unsigned entries = 0;
    assert_non_null(cursor);
    while (tree_cursor_next(cursor, &entry, &e) > 0) {
        struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
        entries++;
        if (entry->content.height == 0)
            assert_success(
                store_get(store, CHUNK_DATA, &entry->content.records[0].id, &out, &e), e);
    }
    assert_int_equal(entries, 12);
    tree_cursor_free(cursor);
    store_close(store);
    seal_free(first);
    seal_free(second);
    vault_place_close(&p);
}

/* ---- beside mirrors ---- */

/* A mirror gets what a pruned source has, and prunes itself. */
static void prune_mirrors(void **state)
{
    struct prune_counters c;
    struct copies k;
    struct findings found;
    struct error e = ERROR_INIT;

    (void)state;
    copies_make(&k);
    copies_copy(&k, 0);
    struct seal *late = make_files(&k.t.p, FILE_COUNT - 8, 30, k.t.s[1]);
    copies_delete(&k, 0);
    copies_delete(&k, 1);
    assert_int_equal(prune(&k.t.p, &c), PRUNE_CLEAN);
    assert_true(vault_place_count(&k.t.p, "moves/") > 0);
    struct transfer *t = copies_open(&k, 0);
    assert_success(transfer_backup(t, late->id, NULL, &e), e);
    assert_success(transfer_backup(t, k.t.s[2]->id, NULL, &e), e);
    assert_success(transfer_remove(t, k.t.s[0]->id, &e), e);
    transfer_close(t);
    assert_int_equal(vault_place_count(&k.mirror, "moves/"), 1);
    assert_int_equal(vault_place_count(&k.mirror, "sessions/"), 0);
    check(&k.mirror, VERIFY_OBJECTS, &found);
    for (size_t i = 0; i < found.count; i++)
        assert_string_equal(found.all[i].object, "seals/");
    vault_place_again(&k.mirror, false, true);
    uint64_t before = bytes_in(&k.mirror, "packs/");
    assert_int_equal(prune(&k.mirror, &c), PRUNE_CLEAN);
    assert_true(bytes_in(&k.mirror, "packs/") < before);
    check(&k.mirror, VERIFY_DATA, &found);
    for (size_t i = 0; i < found.count; i++)
        assert_string_equal(found.all[i].object, "seals/");
    assert_int_equal(found.result.backups, 2);
    seal_free(late);
    copies_drop(&k);
}

/* While a backup is being copied, nothing is removed from the mirror. */
static int prune_meanwhile(void *context, uint64_t bytes, struct error *e)
{
    struct vault_place *mirror = context;
    struct prune_counters c;

    (void)bytes;
    (void)e;
    if (mirror->vault == NULL)
        return 0;
    assert_int_equal(prune(mirror, &c), PRUNE_WAITING);
    assert_int_equal(c.objects_deleted, 0);
    return 0;
}

static void prune_waits_for_copies(void **state)
{
    struct prune_counters c;
    struct copies k;
    struct error e = ERROR_INIT;

    (void)state;
    copies_make(&k);
    vault_place_again(&k.mirror, false, true);
    struct vault_place pruned = k.mirror;
    const struct transfer_request request = {.from = k.t.p.vault,
                                             .to = k.mirror.vault,
                                             .parallel = 1,
                                             .context = &pruned,
                                             .pass = prune_meanwhile};
    /* Something to be condemned at once. */
    vault_place_plant(&k.mirror,
                      "packs/00/"
                      "0000000000000000000000000000000000000000000000000000000000000000",
                      "left behind", 11);
    struct transfer *t = transfer_open(&request, &e);
    assert_success(transfer_backup(t, k.t.s[0]->id, NULL, &e), e);
    transfer_close(t);
    assert_int_equal(prune(&k.mirror, &c), PRUNE_CLEAN);
    assert_true(c.objects_deleted > 0);
    copies_expect_sound(&k.mirror, 1);
    copies_drop(&k);
}

/* ---- broken off, twice at a time ---- */

static void make_faulty(struct side *s, struct seal *made[2])
{
    static unsigned number;
    struct error e = ERROR_INIT;

    *s = (struct side){.driver = "tgt_fault"};
    snprintf(s->store, sizeof(s->store), "prune-%u", ++number);
    side_open(s, NULL, false);
    assert_success(vault_place_create(&s->p, &e), e);
    assert_success(vault_open(s->p.target, NULL, &s->p.vault, &e), e);
    assert_success(vault_unlock_recovery(s->p.vault, s->p.recovery, &e), e);
    made[0] = make_files(&s->p, 0, 16, NULL);
    made[1] = make_files(&s->p, 11, 6, made[0]);
    delete_backup(&s->p, made[0]);
}

static void reopen(struct side *s, const struct fault_plan *plan)
{
    uint8_t recovery[32];
    struct error e = ERROR_INIT;

    memcpy(recovery, s->p.recovery, sizeof(recovery));
    side_close(s);
    side_open(s, NULL, true);
    assert_success(vault_unlock_recovery(s->p.vault, recovery, &e), e);
    if (plan == NULL)
        return;
    side_close(s);
    side_open(s, plan, false);
    /* The vault may not even open. */
    if (vault_open(s->p.target, NULL, &s->p.vault, &e) != 0 ||
        vault_unlock_recovery(s->p.vault, recovery, &e) == 0)
        return;
    vault_close(s->p.vault);
    s->p.vault = NULL;
}

/* Prune fails at call `at` of a verb; then the backup is whole, and the next call ends it. */
static bool break_off(const char *verb, unsigned at, bool after)
{
    const struct fault_plan plan = {
        .verb = verb, .at = at, .error_class = LAGAN_TRANSIENT, .after = after};
    const struct prune_request request = request_of(false);
    struct prune_counters c;
    enum prune_state found;
    struct error e = ERROR_INIT;
    struct seal *made[2];
    struct side s;
    uint64_t calls, failed;

    make_faulty(&s, made);
    reopen(&s, &plan);
    if (s.p.vault != NULL)
        vault_prune(s.p.vault, &request, &c, &found, &e);
    side_count(&s, &calls, &failed);
    reopen(&s, NULL);
    expect_whole(&s.p, 1);
    assert_int_equal(prune_soon(&s.p, &c), PRUNE_CLEAN);
    expect_whole(&s.p, 1);
    assert_int_equal(prune_soon(&s.p, &c), PRUNE_CLEAN);
    assert_int_equal(c.packs_dead + c.packs_sparse, 0);
    assert_int_equal(vault_place_count(&s.p, "sessions/"), 0);
    seal_free(made[0]);
    seal_free(made[1]);
    side_close(&s);
    return failed > 0;
}

static void prune_broken_off(void **state)
{
    static const char *const verbs[] = {"put", "commit", "remove", "flush", "list", "get"};
    unsigned runs = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        for (int after = 0; after < 2; after++)
            for (unsigned at = 1; break_off(verbs[i], at, after != 0); at += i < 4 ? 1 : 7)
                runs++;
    assert_true(runs > 20);
}

struct racer {
    struct vault *vault;
    struct prune_counters counters;
    struct error e;
    int result;
};

static void *race(void *context)
{
    struct racer *r = context;
    const struct prune_request request = request_of(false);
    enum prune_state found;

    r->result = vault_prune(r->vault, &request, &r->counters, &found, &r->e);
    return NULL;
}

/* Two at a time: one of them may find its epoch taken; together they do the work of one. */
static void prune_two(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    for (int round = 0; round < 5; round++) {
        struct racer racers[2] = {{0}};
        struct prune_counters c;
        pthread_t threads[2];
        struct vault_place p;

        vault_place_open(&p, "tgt_mem", false);
        struct seal *first = make_files(&p, 0, FILES, NULL);
        struct seal *second = make_files(&p, FILES - 8, 12, first);
        delete_backup(&p, first);
        for (int i = 0; i < 2; i++) {
            assert_success(vault_open(p.target, NULL, &racers[i].vault, &e), e);
            assert_success(vault_unlock_recovery(racers[i].vault, p.recovery, &e), e);
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
            if (racers[i].result != 0)
                assert_int_equal(racers[i].e.code, ERROR_TEMPORARY);
            vault_close(racers[i].vault);
        }
        expect_whole(&p, 1);
        assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
        expect_whole(&p, 1);
        seal_free(first);
        seal_free(second);
        vault_place_close(&p);
    }
}

/* ---- what others have written ---- */

/* A record that is none, or is damaged, condemns nothing and stops nobody. */
static void prune_forged_record(void **state)
{
    struct prune_counters c;
    struct vault_place p;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    struct seal *first = make_files(&p, 0, FILES, NULL);
    vault_place_plant(&p, "prune/00000005.condemn", "LAGANCDM forged", 15);
    struct seal *second = make_files(&p, FILES - 8, 12, first);
    /* It is not known what it condemns: whoever prunes waits for this session. */
    assert_int_equal(second->prune_epoch, 4);
    delete_backup(&p, first);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    assert_true(place_has(&p, "prune/00000006.delete"));
    expect_whole(&p, 1);
    seal_free(first);
    seal_free(second);
    vault_place_close(&p);
}

/* Without a move that is genuine, what is absent is missing. */
static void prune_damaged_move(void **state)
{
    struct prune_counters c;
    struct vault_place p;
    struct findings found;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    struct seal *first = make_files(&p, 0, FILES, NULL);
    struct seal *second = make_files(&p, FILES - 8, 12, first);
    delete_backup(&p, first);
    assert_int_equal(prune(&p, &c), PRUNE_CLEAN);
    char move[NAME_SIZE];
    snprintf(move, sizeof(move), "%s", vault_place_name(&p, "moves/", 0));
    vault_place_flip(&p, move, 100);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_true(found.result.damaged > 1);
    assert_true(finding_on(&found, "moves/")->fatal);
    assert_true(names_backup(finding_on(&found, "packs/"), second));
    vault_place_flip(&p, move, 100);
    expect_whole(&p, 1);
    seal_free(first);
    seal_free(second);
    vault_place_close(&p);
}

/* What a backup needs is not known while its tree cannot be read: nothing is condemned. */
static void prune_unreadable_tree(void **state)
{
    const struct prune_request request = request_of(false);
    struct prune_counters c;
    enum prune_state found;
    struct error e = ERROR_INIT;
    struct three t;

    (void)state;
    make_three(&t, false);
    delete_backup(&t.p, t.s[2]);
    for (size_t i = 0; i < t.s[0]->pack_count; i++) {
        char name[128];
        pack_name(&t.s[0]->packs[i], name);
        vault_place_flip(&t.p, name, 200);
    }
    vault_place_again(&t.p, false, true);
    assert_int_equal(vault_prune(t.p.vault, &request, &c, &found, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    assert_int_equal(vault_place_count(&t.p, "prune/"), 0);
    assert_int_equal(c.objects_deleted, 0);
    drop_three(&t);
}

/* Names of rolls that no backup names go; those that one names stay. */
static void prune_rolls(void **state)
{
    struct prune_counters c;
    struct three t;
    struct error e = ERROR_INIT;
    uint8_t hash[32];

    (void)state;
    make_three(&t, false);
    assert_success(roll_write(t.p.vault, t.s[0]->packs, t.s[0]->pack_count, hash, &e), e);
    assert_int_equal(vault_place_count(&t.p, "rolls/"), 1);
    assert_int_equal(prune(&t.p, &c), PRUNE_CLEAN);
    assert_int_equal(vault_place_count(&t.p, "rolls/"), 0);
    expect_whole(&t.p, 3);
    drop_three(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prune_nothing),
        cmocka_unit_test(prune_deleted),
        cmocka_unit_test(prune_repacks),
        cmocka_unit_test(prune_limited),
        cmocka_unit_test(prune_waits_for_writers),
        cmocka_unit_test(prune_writers_heed),
        cmocka_unit_test(prune_forgets_dead_copies),
        cmocka_unit_test(prune_knows_dead_processes),
        cmocka_unit_test(prune_taken_for_dead),
        cmocka_unit_test(prune_beside_reader),
        cmocka_unit_test(prune_mirrors),
        cmocka_unit_test(prune_waits_for_copies),
        cmocka_unit_test(prune_broken_off),
        cmocka_unit_test(prune_two),
        cmocka_unit_test(prune_forged_record),
        cmocka_unit_test(prune_damaged_move),
        cmocka_unit_test(prune_unreadable_tree),
        cmocka_unit_test(prune_rolls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
