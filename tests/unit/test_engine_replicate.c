/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_replicate.c - backups copied into vaults with other keys: what is restored from
 * the replica is what is restored from the source, only what is lacking travels (REP-25), and
 * whatever fails on the way leaves one replica or none.
 */
#include "engine_fixture.h"

#include "driver/operation.h"
#include "engine/replicate.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const uint8_t first_vault[16] = {0xa1, 1}, second_vault[16] = {0xb2, 2};

static void small_packs(struct vault_settings *settings)
{
    settings->data_pack_bytes = 1 << 20;
    settings->meta_pack_bytes = 1 << 18;
}

static void make(struct engine *g, const char *driver)
{
    *g = (struct engine){0};
    operation_cancel_reset();
    if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    vault_fixture_make(&g->vault, driver, true, small_packs);
}

static struct replication_request ask(struct engine *from, struct engine *to,
                                      const char *backup)
{
    static const uint8_t writer[16] = {7};
    return (struct replication_request){.from = from->vault.vault,
                                        .to = to->vault.vault,
                                        .backup = backup,
                                        .origin_vault = first_vault,
                                        .origin_region = "east",
                                        .writer_id = writer,
                                        .host = "test",
                                        .threads = 2};
}

static struct replication_result replicate_as(const struct replication_request *request)
{
    struct replication_result result = {.seal = NULL};
    struct error e = ERROR_INIT;
    assert_success(replication_run(request, &result, &e), e);
    return result;
}

static struct replication_result replicate(struct engine *from, struct engine *to,
                                           const struct seal *seal)
{
    struct replication_request request = ask(from, to, seal->id);
    return replicate_as(&request);
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

static void backup_of_files(struct engine *g, const char *path, const struct seal *parent,
                            struct seal **seal)
{
    struct origin o;
    origin_files(g, &o, LAGAN_OPEN_READ_ONLY, path);
    *seal = engine_backup(g, &o, parent);
    origin_close(&o);
}

static void remove_tree(const char *path)
{
    assert_int_equal(system(path_of("rm -rf '%s'", path)), 0);
}

/* Both restore to the same, in every attribute. */
static void expect_equal(struct engine *a, const struct seal *of_a, struct engine *b,
                         const struct seal *of_b)
{
    engine_restore_to(a, of_a, engine_path(a, "restored"));
    engine_restore_to(b, of_b, engine_path(b, "restored"));
    assert_same_tree(tree_digest(engine_path(a, "restored"), ""),
                     tree_digest(engine_path(b, "restored"), ""));
    remove_tree(engine_path(a, "restored"));
    remove_tree(engine_path(b, "restored"));
}

/* A file with data at both ends and a hole between, as long as a few items. */
static void put_sparse(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "begin", 5, 0), 5);
    assert_int_equal(pwrite(fd, "end", 3, 30 << 20), 3);
    assert_int_equal(ftruncate(fd, 40 << 20), 0);
    close(fd);
}

/* Everything that a tree may have: many small files, large ones, links, holes, attributes that
 * are longer than an entry takes. */
static void make_tree(const char *top)
{
    char value[2000];
    put_directory(top);
    for (unsigned d = 0; d < 8; d++) {
        put_directory(path_of("%s/d%u", top, d));
        for (unsigned f = 0; f < 100; f++)
            put_bytes(path_of("%s/d%u/f%02u", top, d, f), d * 1000 + f, f * 97);
    }
    put_bytes(path_of("%s/d3/large", top), 99, 13 << 20);
    put_bytes(path_of("%s/d5/large", top), 98, 5 << 20);
    put_sparse(path_of("%s/d6/sparse", top));
    assert_int_equal(link(path_of("%s/d3/large", top), path_of("%s/d4/again", top)), 0);
    assert_int_equal(link(path_of("%s/d0/f01", top), path_of("%s/d2/twin", top)), 0);
    assert_int_equal(link(path_of("%s/d0/f01", top), path_of("%s/d7/twin", top)), 0);
    assert_int_equal(symlink("../d0/f02", path_of("%s/d1/soft", top)), 0);
    memset(value, 'x', sizeof(value));
    assert_int_equal(setxattr(path_of("%s/d1/f05", top), "user.long", value, sizeof(value), 0),
                     0);
    assert_int_equal(setxattr(path_of("%s/d1/f06", top), "user.short", "s", 1, 0), 0);
    let_age();
}

static const char *tag(const struct seal *seal, const char *name)
{
    const char *value = replication_tag(seal, name);
    return value ? value : "";
}

/* RST-08: what is restored from a replica is what is restored from its source. */
static void rep_22_identical(void **state)
{
    struct engine east, west;
    struct seal *seal = NULL;
    (void)state;
    make(&east, "tgt_dir");
    make(&west, "tgt_dir");
    make_tree(engine_path(&east, "tree"));
    backup_of_files(&east, engine_path(&east, "tree"), NULL, &seal);
    struct replication_result made = replicate(&east, &west, seal);
    assert_false(made.found);
    assert_int_equal(made.bytes, seal->root.bytes);
    assert_true(made.bytes_new >= seal->counters.bytes_new / 10 * 9);
    assert_true(made.bytes_sent > 0);
    assert_string_not_equal(made.seal->id, seal->id);
    assert_memory_not_equal(made.seal->root.id.bytes, seal->root.id.bytes, CHUNK_ID_SIZE);
    /* REP-22: it says when the source was protected; REP-03: and where. */
    assert_int_equal(made.seal->start_ns, seal->start_ns);
    assert_int_equal(made.seal->end_ns, seal->end_ns);
    assert_memory_equal(made.seal->source_id, seal->source_id, 16);
    assert_string_equal(made.seal->source_driver, seal->source_driver);
    assert_string_equal(made.seal->host, seal->host);
    assert_int_equal(made.seal->parameter_count, seal->parameter_count);
    assert_string_equal(tag(made.seal, REPLICA_TAG_ORIGIN), seal->id);
    assert_string_equal(tag(made.seal, REPLICA_TAG_VAULT), "a1010000000000000000000000000000");
    assert_string_equal(tag(made.seal, REPLICA_TAG_REGION), "east");
    assert_int_equal(strlen(tag(made.seal, REPLICA_TAG_TIME)), 20);
    assert_int_equal(made.seal->root.entries, seal->root.entries);
    assert_int_equal(made.seal->counters.entries_new, seal->root.entries);
    expect_equal(&east, seal, &west, made.seal);
    seal_free(seal);
    seal_free(made.seal);
    engine_drop(&east);
    engine_drop(&west);
}

/* REP-25: the second of a source brings what has changed. */
static void rep_25_difference(void **state)
{
    struct engine east, west;
    struct seal *seals[3];
    struct replication_result made[3];
    const char *tree;
    (void)state;
    make(&east, "tgt_dir");
    make(&west, "tgt_dir");
    tree = engine_path(&east, "tree");
    make_tree(tree);
    backup_of_files(&east, tree, NULL, &seals[0]);
    put_bytes(path_of("%s/d4/new", tree), 4711, 100000);
    assert_int_equal(unlink(path_of("%s/d7/f10", tree)), 0);
    let_age();
    backup_of_files(&east, tree, seals[0], &seals[1]);
    assert_int_equal(chmod(path_of("%s/d0/f50", tree), 0640), 0);
    let_age();
    backup_of_files(&east, tree, seals[1], &seals[2]);

    made[0] = replicate(&east, &west, seals[0]);
    made[1] = replicate(&east, &west, seals[1]);
    assert_string_equal(made[1].parent, made[0].seal->id);
    assert_true(made[1].bytes_read <= 110000);
    assert_true(made[1].bytes_new >= 100000 && made[1].bytes_new < 400000);
    assert_int_equal(made[1].seal->counters.entries_new, 1);
    assert_true(made[1].seal->counters.entries_changed <= 4);
    expect_equal(&east, seals[1], &west, made[1].seal);

    /* Without an original to compare with everything is read, and nothing of it travels. */
    struct error e = ERROR_INIT;
    assert_success(vault_backup_delete(east.vault.vault, seals[0], east.vault.writer, "", &e),
                   e);
    assert_success(vault_backup_delete(east.vault.vault, seals[1], east.vault.writer, "", &e),
                   e);
    made[2] = replicate(&east, &west, seals[2]);
    assert_string_equal(made[2].parent, "");
    assert_true(made[2].bytes_read > 10000000);
    assert_true(made[2].bytes_new < 400000);
    expect_equal(&east, seals[2], &west, made[2].seal);
    for (int i = 0; i < 3; i++) {
        seal_free(seals[i]);
        seal_free(made[i].seal);
    }
    engine_drop(&east);
    engine_drop(&west);
}

/* What is there is found again; an older one of the same source may follow a newer. */
static void replicate_again(void **state)
{
    struct engine east, west;
    struct origin before, after;
    struct error e = ERROR_INIT;
    (void)state;
    make(&east, "tgt_mem");
    make(&west, "tgt_mem");
    MEM(&east, &before, "count=300", "size=8K");
    MEM(&east, &after, "count=300", "size=8K", "mutate=20");
    struct seal *first = engine_backup(&east, &before, NULL);
    struct seal *second = engine_backup(&east, &after, first);
    struct replication_result newer = replicate(&east, &west, second);
    struct replication_result again = replicate(&east, &west, second);
    assert_true(again.found);
    assert_string_equal(again.seal->id, newer.seal->id);
    assert_int_equal(again.bytes_sent, newer.bytes_sent);
    assert_int_equal(count_backups(&west), 1);
    struct replication_result older = replicate(&east, &west, first);
    assert_string_equal(older.parent, newer.seal->id);
    expect_equal(&east, first, &west, older.seal);
    /* DEL-04: one that was deleted can be made anew. */
    assert_success(vault_backup_delete(west.vault.vault, newer.seal, west.vault.writer, "", &e),
                   e);
    struct replication_result anew = replicate(&east, &west, second);
    assert_false(anew.found);
    assert_string_not_equal(anew.seal->id, newer.seal->id);
    expect_equal(&east, second, &west, anew.seal);
    seal_free(first);
    seal_free(second);
    seal_free(newer.seal);
    seal_free(again.seal);
    seal_free(older.seal);
    seal_free(anew.seal);
    origin_close(&before);
    origin_close(&after);
    engine_drop(&east);
    engine_drop(&west);
}

/* Two vaults into one: what they have in common is there once, and neither is taken for the
 * other. */
static void two_vaults_into_one(void **state)
{
    struct engine east, north, west;
    struct origin a, b;
    (void)state;
    make(&east, "tgt_mem");
    make(&north, "tgt_mem");
    make(&west, "tgt_mem");
    MEM(&east, &a, "count=300", "size=8K");
    MEM(&north, &b, "count=300", "size=8K", "mutate=3");
    struct seal *of_east = engine_backup(&east, &a, NULL);
    struct seal *of_north = engine_backup(&north, &b, NULL);
    struct replication_result one = replicate(&east, &west, of_east);
    struct replication_request request = ask(&north, &west, of_north->id);
    request.origin_vault = second_vault;
    request.name = "from-north";
    request.description = "a replica";
    struct replication_result two = replicate_as(&request);
    assert_string_equal(two.parent, "");
    assert_true(two.bytes_new < one.bytes_new / 4);
    assert_string_equal(two.seal->backup_name, "from-north");
    assert_string_equal(two.seal->description, "a replica");
    expect_equal(&east, of_east, &west, one.seal);
    expect_equal(&north, of_north, &west, two.seal);
    seal_free(of_east);
    seal_free(of_north);
    seal_free(one.seal);
    seal_free(two.seal);
    origin_close(&a);
    origin_close(&b);
    engine_drop(&east);
    engine_drop(&north);
    engine_drop(&west);
}

/* ---- failures ---- */

/* Puts the vault of `g` on a store of tgt_fault; made when `create`. */
static void on_fault(struct engine *g, bool create, unsigned at, bool after)
{
    struct vault_fixture *f = &g->vault;
    struct vault_slot_request slot = {
        .kind = VAULT_SLOT_RECOVERY, .label = "test", .recovery_key = f->recovery_key};
    static unsigned stores;
    struct vault_settings settings;
    struct error e = ERROR_INIT;

    stores += create;
    const char *words[] = {path_of("name=replica-%u", stores),
                           "verb=any",
                           path_of("at=%u", at),
                           path_of("class=%u", LAGAN_TRANSIENT),
                           after ? "after=yes" : "after=no",
                           NULL};
    vault_close(f->vault);
    target_close(f->target);
    instance_free(f->instance);
    f->vault = NULL;
    f->instance = fixture_instance(f->host, "tgt_fault", words);
    f->target = target_open(f->instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(f->target ? 0 : -1, e);
    if (create) {
        vault_settings_default(&settings, "test");
        small_packs(&settings);
        assert_success(vault_create(f->target, &settings, &slot, 1, &e), e);
    }
}

/* -1 when the fault came in the way. */
static int open_vault(struct engine *g, struct error *e)
{
    struct vault_fixture *f = &g->vault;
    if (vault_open(f->target, f->cache, &f->vault, e) != 0)
        return -1;
    return vault_unlock_recovery(f->vault, f->recovery_key, e);
}

/* Fails at call `at`, then goes on without failures.  False once nothing failed any more. */
static bool fail_at(struct engine *east, struct engine *west, const struct seal *seal,
                    unsigned at, bool after)
{
    struct replication_result made = {.seal = NULL};
    struct error e = ERROR_INIT;
    uint64_t calls, failed = 0;

    remove_tree(west->vault.cache);
    on_fault(west, true, 0, false);
    on_fault(west, false, at, after);
    if (open_vault(west, &e) == 0) {
        struct replication_request request = ask(east, west, seal->id);
        if (replication_run(&request, &made, &e) == 0)
            seal_free(made.seal);
    }
    assert_success(target_capacity(west->vault.target, &calls, &failed, &(struct error){0}), e);
    on_fault(west, false, 0, false);
    e = ERROR_INIT;
    assert_success(open_vault(west, &e), e);
    assert_true(count_backups(west) <= 1);
    made = replicate(east, west, seal);
    assert_int_equal(count_backups(west), 1);
    assert_int_equal(made.seal->root.entries, seal->root.entries);
    if (at % 4 == 1)
        expect_equal(east, seal, west, made.seal);
    seal_free(made.seal);
    return failed > 0;
}

/* Every call to the destination fails once, before and after it took effect. */
static void fault_at_every_call(void **state)
{
    struct engine east, west;
    struct origin o;
    unsigned calls = 0;
    (void)state;
    make(&east, "tgt_mem");
    make(&west, "tgt_mem");
    MEM(&east, &o, "count=60", "size=80K");
    struct seal *seal = engine_backup(&east, &o, NULL);
    while (fail_at(&east, &west, seal, calls + 1, false)) {
        fail_at(&east, &west, seal, calls + 1, true);
        calls++;
    }
    assert_true(calls > 20);
    seal_free(seal);
    origin_close(&o);
    engine_drop(&east);
    engine_drop(&west);
}

/* Ends this process, or the job, at the call of `pass` with this number. */
struct stop {
    unsigned at, calls;
    uint64_t bytes;
    bool dies;
};

static int stop_pass(void *context, uint64_t bytes, struct error *e)
{
    struct stop *stop = context;
    stop->bytes += bytes;
    if (++stop->calls != stop->at)
        return 0;
    if (stop->dies)
        _exit(33);
    return error_set(e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "enough");
}

/* A process dies, or is told to end, at each place; the next one takes up what it stored. */
static void killed_and_resumed(void **state)
{
    struct engine east, west;
    struct origin o;
    struct stop stop = {.at = 0};
    (void)state;
    make(&east, "tgt_dir");
    MEM(&east, &o, "count=640", "size=32K");
    struct seal *seal = engine_backup(&east, &o, NULL);
    make(&west, "tgt_dir");
    struct replication_request request = ask(&east, &west, seal->id);
    request.pass = stop_pass;
    request.context = &stop;
    struct replication_result whole = replicate_as(&request);
    assert_true(stop.calls >= 4);
    assert_true(stop.bytes <= whole.bytes_new && stop.bytes > whole.bytes_new / 2);
    seal_free(whole.seal);
    engine_drop(&west);
    for (unsigned at = 1; at <= stop.calls; at++) {
        make(&west, "tgt_dir");
        pid_t child = fork();
        if (child == 0) {
            struct stop ends = {.at = at, .dies = at % 2 == 1};
            struct replication_request mine = ask(&east, &west, seal->id);
            struct replication_result ignored = {.seal = NULL};
            struct error e = ERROR_INIT;
            mine.pass = stop_pass;
            mine.context = &ends;
            _exit(replication_run(&mine, &ignored, &e) != 0 && e.code == ERROR_INTERRUPTED ? 33
                                                                                           : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(WEXITSTATUS(status), 33);
        assert_int_equal(count_backups(&west), 0);
        struct replication_result made = replicate(&east, &west, seal);
        if (at == stop.calls)
            assert_true(made.bytes_new < whole.bytes_new / 2);
        assert_int_equal(count_backups(&west), 1);
        expect_equal(&east, seal, &west, made.seal);
        seal_free(made.seal);
        engine_drop(&west);
    }
    seal_free(seal);
    origin_close(&o);
    engine_drop(&east);
}

/* A source that is damaged, or gone, makes no replica. */
static void source_damaged(void **state)
{
    struct engine east, west;
    struct origin o;
    struct replication_result none = {.seal = NULL};
    struct error e = ERROR_INIT;
    (void)state;
    make(&east, "tgt_dir");
    make(&west, "tgt_mem");
    MEM(&east, &o, "count=200", "size=16K");
    struct seal *seal = engine_backup(&east, &o, NULL);
    assert_int_equal(
        system(path_of("for p in $(find '%s/vault/packs' -type f); do chmod u+w $p; printf "
                       "damage | dd of=$p bs=1 seek=5000 conv=notrunc status=none; done",
                       east.vault.scratch)),
        0);
    vault_fixture_reopen(&east.vault);
    struct replication_request request = ask(&east, &west, seal->id);
    assert_int_equal(replication_run(&request, &none, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    request.backup = "0123456789abcdef";
    assert_int_equal(replication_run(&request, &none, &e), -1);
    assert_int_equal(e.code, ERROR_NO_BACKUP);
    assert_int_equal(count_backups(&west), 0);
    seal_free(seal);
    origin_close(&o);
    engine_drop(&east);
    engine_drop(&west);
}

/* Two that do not know of each other. */
struct racer {
    struct replication_request request;
    struct replication_result result;
    struct error e;
    int done;
};

static void *race(void *context)
{
    struct racer *racer = context;
    racer->done = replication_run(&racer->request, &racer->result, &racer->e);
    return NULL;
}

static void two_at_once(void **state)
{
    static const uint8_t other[16] = {8};
    struct engine east, west;
    struct origin o;
    pthread_t threads[2];
    struct racer racers[2] = {{.done = 1}, {.done = 1}};
    (void)state;
    make(&east, "tgt_mem");
    make(&west, "tgt_mem");
    MEM(&east, &o, "count=500", "size=8K");
    struct seal *seal = engine_backup(&east, &o, NULL);
    for (int i = 0; i < 2; i++)
        racers[i].request = ask(&east, &west, seal->id);
    racers[1].request.writer_id = other;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_success(racers[i].done, racers[i].e);
    }
    assert_int_equal(count_backups(&west), 1);
    assert_string_equal(racers[0].result.seal->id, racers[1].result.seal->id);
    expect_equal(&east, seal, &west, racers[0].result.seal);
    seal_free(racers[0].result.seal);
    seal_free(racers[1].result.seal);
    seal_free(seal);
    origin_close(&o);
    engine_drop(&east);
    engine_drop(&west);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rep_22_identical),    cmocka_unit_test(rep_25_difference),
        cmocka_unit_test(replicate_again),     cmocka_unit_test(two_vaults_into_one),
        cmocka_unit_test(fault_at_every_call), cmocka_unit_test(killed_and_resumed),
        cmocka_unit_test(source_damaged),      cmocka_unit_test(two_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
