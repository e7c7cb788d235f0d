/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_jobs.c - backups that are cancelled, that meet a full target, and that run beside
 * each other. */
#include "engine_fixture.h"

#include "driver/operation.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Small packs, so that some are complete when a job ends early. */
static void small_packs(struct vault_settings *settings)
{
    settings->data_pack_bytes = 1 << 20;
    settings->meta_pack_bytes = 1 << 18;
}

/* A vault with a cache, where interrupted sessions are remembered. */
static void make_cached(struct engine *g, const char *driver)
{
    *g = (struct engine){0};
    operation_cancel_reset();
    if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    vault_fixture_make(&g->vault, driver, true, small_packs);
}

static size_t count_backups(struct engine *g)
{
    struct seal_list list;
    struct error e = ERROR_INIT;
    assert_success(vault_backups(g->vault.vault, &list, NULL, NULL, &e), e);
    size_t count = list.count;
    seal_list_free(&list);
    return count;
}

/* What `seal` restores, as lines. */
static char *lines_of(struct engine *g, const struct seal *seal)
{
    struct origin place;
    const char *to = engine_path(g, "to");
    origin_files(g, &place, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, to);
    struct restore_request request = engine_restore_request(g, seal, &place);
    request.create_flags = LAGAN_CREATE_NO_OWNERS | LAGAN_CREATE_UNPRIVILEGED;
    struct restore_result result = engine_restore(g, &request);
    assert_int_equal(result.problems, 0);
    origin_close(&place);
    char *lines = tree_lines(to, true);
    assert_int_equal(system(path_of("rm -rf '%s'", to)), 0);
    return lines;
}

/* Cancelled at some place: INTERRUPTED and no seal.  The next backup takes up what is stored
 * and is the one that it would have been. */
static void cancel_at(uint64_t bytes, uint64_t entries, bool resumes)
{
    struct engine g;
    struct origin o;
    struct seal *seal = NULL;
    struct error e = ERROR_INIT;
    make_cached(&g, "tgt_dir");
    MEM(&g, &o, "count=640", "size=32K");
    struct backup_request request = engine_backup_request(&g, &o, NULL);
    g.reports.cancel_after_bytes = bytes;
    g.reports.cancel_after_entries = entries;
    assert_int_equal(backup_run(&request, &seal, &e), -1);
    assert_int_equal(e.code, ERROR_INTERRUPTED);
    assert_int_equal(e.error_class, LAGAN_CANCELLED);
    assert_null(seal);
    assert_int_equal(reports_problems(&g.reports), 0);
    operation_cancel_reset();
    vault_fixture_reopen(&g.vault);
    assert_int_equal(count_backups(&g), 0);

    struct seal *next = engine_backup(&g, &o, NULL);
    assert_int_equal(next->problem_total, 0);
    uint64_t stored = next->counters.bytes_new;
    struct engine fresh;
    make_cached(&fresh, "tgt_mem");
    struct seal *whole = engine_backup(&fresh, &o, NULL);
    if (resumes)
        assert_true(stored < whole->counters.bytes_new);
    assert_int_equal(next->root.entries, whole->root.entries);
    assert_int_equal(next->root.bytes, whole->root.bytes);
    assert_same_tree(lines_of(&g, next), lines_of(&fresh, whole));
    seal_free(next);
    seal_free(whole);
    origin_close(&o);
    engine_drop(&fresh);
    engine_drop(&g);
}

static void cancelled_and_resumed(void **state)
{
    (void)state;
    cancel_at(1, 0, false);
    cancel_at(8 << 20, 0, true);
    cancel_at(20 << 20, 0, true);
    cancel_at(0, 641, true); /* with the last entry */
}

/* An older backup is not touched by one that fails. */
static void cancelled_beside_an_older(void **state)
{
    struct engine g;
    struct origin before, after;
    struct seal *none = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    make_cached(&g, "tgt_dir");
    MEM(&g, &before, "count=320", "size=16K");
    MEM(&g, &after, "count=640", "size=16K", "mutate=100");
    struct seal *first = engine_backup(&g, &before, NULL);
    char *lines = lines_of(&g, first);
    struct backup_request request = engine_backup_request(&g, &after, first);
    g.reports.cancel_after_bytes = 3 << 20;
    assert_int_equal(backup_run(&request, &none, &e), -1);
    operation_cancel_reset();
    vault_fixture_reopen(&g.vault);
    assert_int_equal(count_backups(&g), 1);
    assert_same_tree(lines, lines_of(&g, first));
    struct seal *second = engine_backup(&g, &after, first);
    struct seal *fresh = engine_backup(&g, &after, NULL);
    assert_same_root(second, fresh);
    seal_free(first);
    seal_free(second);
    seal_free(fresh);
    origin_close(&before);
    origin_close(&after);
    engine_drop(&g);
}

/* Puts the vault of `g` on a store that holds `limit` bytes; made the first time. */
static void on_store(struct engine *g, const char *limit, bool create)
{
    struct vault_fixture *f = &g->vault;
    struct vault_slot_request slot = {
        .kind = VAULT_SLOT_RECOVERY, .label = "test", .recovery_key = f->recovery_key};
    const char *words[] = {"name=of-test-engine-jobs", "stages=yes", path_of("limit=%s", limit),
                           NULL};
    struct vault_settings settings;
    struct error e = ERROR_INIT;
    vault_close(f->vault);
    target_close(f->target);
    instance_free(f->instance);
    f->instance = fixture_instance(f->host, "tgt_mem", words);
    f->target = target_open(f->instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(f->target ? 0 : -1, e);
    vault_settings_default(&settings, "test");
    small_packs(&settings);
    if (create)
        assert_success(vault_create(f->target, &settings, &slot, 1, &e), e);
    assert_success(vault_open(f->target, f->cache, &f->vault, &e), e);
    assert_success(vault_unlock_recovery(f->vault, f->recovery_key, &e), e);
}

/* A full target: NO_SPACE, older backups stay whole, and with space it goes on. */
static void target_full(void **state)
{
    static const char *const limits[] = {"2500000", "4M", "6M"};
    struct engine g;
    struct origin small, large;
    struct seal *none = NULL;
    (void)state;
    make_cached(&g, "tgt_mem");
    MEM(&g, &small, "count=128", "size=16K");
    MEM(&g, &large, "count=640", "size=32K", "seed=7");
    on_store(&g, "2500000", true);
    struct seal *first = engine_backup(&g, &small, NULL);
    char *lines = lines_of(&g, first);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct error e = ERROR_INIT;
        on_store(&g, limits[i], false);
        struct backup_request request = engine_backup_request(&g, &large, first);
        assert_int_equal(backup_run(&request, &none, &e), -1);
        assert_int_equal(e.error_class, LAGAN_NO_SPACE);
        assert_int_equal(e.code, ERROR_NO_SPACE);
        assert_int_equal(error_exit_status(&e), 14);
        assert_int_equal(reports_problems(&g.reports), 0);
        assert_int_equal(count_backups(&g), 1);
        char *again = lines_of(&g, first);
        assert_string_equal(lines, again);
        free(again);
    }
    on_store(&g, "0", false);
    struct seal *second = engine_backup(&g, &large, first);
    struct seal *fresh = engine_backup(&g, &large, NULL);
    assert_same_root(second, fresh);
    /* What was stored before the store was full is not stored again. */
    struct engine empty;
    make_cached(&empty, "tgt_mem");
    struct seal *whole = engine_backup(&empty, &large, NULL);
    assert_true(second->counters.bytes_new < whole->counters.bytes_new);
    assert_same_tree(lines, lines_of(&g, first));
    seal_free(whole);
    seal_free(first);
    seal_free(second);
    seal_free(fresh);
    origin_close(&small);
    origin_close(&large);
    engine_drop(&empty);
    engine_drop(&g);
}

/* One of two backups that run at a time. */
struct runner {
    struct backup_request request;
    struct reports reports;
    uint8_t source[16];
    struct seal *seal;
    struct error e;
    int result;
};

static void *run(void *context)
{
    struct runner *r = context;
    r->result = backup_run(&r->request, &r->seal, &r->e);
    return NULL;
}

static void runner_make(struct engine *g, struct runner *r, struct origin *o, uint8_t id)
{
    *r = (struct runner){.request = engine_backup_request(g, o, NULL)};
    memset(r->source, id, sizeof(r->source));
    r->request.source_id = r->source;
    r->request.reporter = (struct job_reporter){0};
}

/* Two threads, one vault: both are sealed and whole, and share what older backups have. */
static void two_at_once(void **state)
{
    struct engine g;
    struct origin base, a, b;
    struct runner runners[2];
    pthread_t threads[2];
    (void)state;
    make_cached(&g, "tgt_dir");
    MEM(&g, &a, "count=640", "size=16K");
    MEM(&g, &b, "count=640", "size=16K", "mutate=64");
    MEM(&g, &base, "count=600", "size=16K");
    struct seal *older = engine_backup(&g, &base, NULL);
    runner_make(&g, &runners[0], &a, 1);
    runner_make(&g, &runners[1], &b, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_success(runners[i].result, runners[i].e);
        assert_true(runners[i].seal->counters.bytes_new < older->counters.bytes_new / 3);
    }
    assert_int_equal(count_backups(&g), 3);
    struct seal *again = engine_backup(&g, &a, NULL);
    assert_same_root(again, runners[0].seal);
    assert_int_equal(again->counters.bytes_new, 0);
    struct engine fresh;
    make_cached(&fresh, "tgt_mem");
    struct seal *whole = engine_backup(&fresh, &b, NULL);
    assert_same_tree(lines_of(&g, runners[1].seal), lines_of(&fresh, whole));
    seal_free(whole);
    engine_drop(&fresh);
    seal_free(again);
    seal_free(older);
    seal_free(runners[0].seal);
    seal_free(runners[1].seal);
    origin_close(&base);
    origin_close(&a);
    origin_close(&b);
    engine_drop(&g);
}

/* Another process backs the same up as soon as we have begun. */
static void run_in_child(struct engine *g, const char *const *words, int go)
{
    struct origin o;
    char byte;
    struct seal *seal = NULL;
    struct error e = ERROR_INIT;
    if (read(go, &byte, 1) != 1)
        _exit(2);
    /* What was opened before the fork belongs to the parent. */
    struct vault_fixture child = g->vault;
    struct engine mine = {.vault = child};
    memset(mine.vault.writer, 0x33, sizeof(mine.vault.writer));
    memset(mine.vault.source, 0x44, sizeof(mine.vault.source));
    mine.vault.target = target_open(child.instance, 0, &e);
    if (!mine.vault.target || vault_open(mine.vault.target, NULL, &mine.vault.vault, &e) != 0 ||
        vault_unlock_recovery(mine.vault.vault, child.recovery_key, &e) != 0)
        _exit(3);
    origin_mem(&mine, &o, words);
    struct backup_request request = engine_backup_request(&mine, &o, NULL);
    if (backup_run(&request, &seal, &e) != 0) {
        print_error("%s\n", e.text);
        _exit(4);
    }
    _exit(seal->problem_total == 0 ? 0 : 5);
}

static void let_go(void *context, const struct job_progress *progress)
{
    int *go = context;
    if (*go >= 0 && progress->bytes_done > (4 << 20)) {
        assert_int_equal(write(*go, "!", 1), 1);
        close(*go);
        *go = -1;
    }
}

static void two_processes(void **state)
{
    static const char *const words[] = {"count=640", "size=16K", NULL};
    struct engine g;
    struct origin o;
    struct seal_list list;
    struct error e = ERROR_INIT;
    int go[2], status = 0;
    (void)state;
    make_cached(&g, "tgt_dir");
    origin_mem(&g, &o, words);
    assert_int_equal(pipe(go), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_in_child(&g, words, go[0]);
    close(go[0]);
    struct backup_request request = engine_backup_request(&g, &o, NULL);
    g.reports.hook = let_go;
    g.reports.hook_context = &go[1];
    struct seal *ours = engine_backup_as(&g, &request);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_success(vault_backups(g.vault.vault, &list, NULL, NULL, &e), e);
    assert_int_equal(list.count, 2);
    const struct seal *theirs = list.seals[0];
    if (strcmp(theirs->id, ours->id) == 0)
        theirs = list.seals[1];
    assert_same_root(ours, theirs);
    assert_same_tree(lines_of(&g, ours), lines_of(&g, theirs));
    seal_list_free(&list);
    seal_free(ours);
    origin_close(&o);
    engine_drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelled_and_resumed), cmocka_unit_test(cancelled_beside_an_older),
        cmocka_unit_test(target_full),           cmocka_unit_test(two_at_once),
        cmocka_unit_test(two_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
