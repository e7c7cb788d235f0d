/* SPDX-License-Identifier: Apache-2.0 */
/* test_layer_kinds.c - layers on real targets: each keeps what targets must do, and does what
 * it is for. */
#include "base/log.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "driver/layer_cache.h"
#include "driver/target_private.h"
#include "layer_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct driver_host *host;
static char *scratch;

static int open_host(void **state)
{
    (void)state;
    host = fixture_host("test-drivers");
    scratch = fixture_scratch();
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    driver_host_free(host);
    fixture_scratch_remove(scratch);
    return 0;
}

/* A path below the scratch folder, in one of four static buffers. */
static const char *path_of(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

/* "name=PATH", likewise. */
static const char *word_of(const char *name, const char *path)
{
    static char words[4][600];
    static unsigned next;
    char *word = words[next++ % 4];
    snprintf(word, sizeof words[0], "%s=%s", name, path);
    return word;
}

/* A store in memory that nobody else has. */
static const char *new_store(void)
{
    static char word[32];
    static unsigned number;
    snprintf(word, sizeof word, "name=kinds-%u", ++number);
    return word;
}

static struct layered open_memory(const char *store, const char *first, const char *second)
{
    const char *words[] = {store, "stages=yes", NULL};
    const char *layers[] = {first, first ? second : NULL, NULL};
    return layered_open(host, "tgt_mem", words, layers, LAGAN_OPEN_INITIALISE);
}

/* Every layer that lets calls through keeps all that targets must do. */
static void layers_keep_what_targets_must_do(void **state)
{
    static const char *const settings[][3] = {
        {"prefix=lagan/east", NULL, NULL},   {"parallel=2", NULL, NULL},
        {"latency=1ms", NULL, NULL},         {"send-rate=1G", "receive-rate=1G", NULL},
        {"cache=", "cache-size=2M", NULL},   {"retry=3", "trace=yes", NULL},
        {"timeout=60s", "parallel=1", NULL}, {"fault=tgt_dir:any:io", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        for (size_t j = 0; target_aspects[j]; j++) {
            const char *first = settings[i][0];
            if (strcmp(first, "cache=") == 0)
                first = word_of("cache", path_of("aspects"));
            struct layered l = open_memory(new_store(), first, settings[i][1]);
            target_aspects[j](l.target);
            layered_close(&l);
        }
    }
}

static void read_only_refuses_changes(void **state)
{
    const char *store = new_store();
    struct layered l = open_memory(store, NULL, NULL);
    struct error e = ERROR_INIT;
    uint64_t removed = 7;
    (void)state;
    aspects_put(l.target, "kept", "x");
    layered_close(&l);
    l = open_memory(store, "read-only=yes", NULL);
    assert_int_equal(target_put(l.target, "new", "x", 1, &e), -1);
    assert_error(e, LAGAN_IMMUTABLE, "read-only is switched on");
    assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
    assert_int_equal(target_remove(l.target, "kept", &e), -1);
    assert_error(e, LAGAN_IMMUTABLE, "remove");
    assert_null(target_stage_begin(l.target, 0, &e));
    assert_error(e, LAGAN_IMMUTABLE, "stage_begin");
    assert_int_equal(target_copy_object(l.target, "kept", "other", &e), -1);
    assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
    assert_int_equal(target_rename(l.target, "kept", "other", &e), -1);
    assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
    assert_success(target_sweep(l.target, 0, &removed, &e), e);
    assert_int_equal(target_capabilities(l.target)->remove, LAGAN_SUPPORT_NONE);
    aspects_expect(l.target, "kept", "x", 1);
    assert_int_equal(aspects_count(l.target), 1);
    layered_close(&l);
}

static void prefix_shares_a_store(void **state)
{
    const char *store = new_store();
    struct layered bare = open_memory(store, NULL, NULL);
    struct layered east = open_memory(store, "prefix=lagan/east/", NULL);
    struct layered west = open_memory(store, "prefix=lagan/west", NULL);
    struct error e = ERROR_INIT;
    (void)state;
    aspects_put(bare.target, "foreign", "f");
    aspects_put(bare.target, "lagan/eastern", "f");
    aspects_put(east.target, "a/1", "east");
    aspects_put(west.target, "a/1", "west");
    aspects_expect(bare.target, "lagan/east/a/1", "east", 4);
    aspects_expect(bare.target, "lagan/west/a/1", "west", 4);
    aspects_expect(east.target, "a/1", "east", 4);
    assert_int_equal(aspects_count(east.target), 1);
    assert_int_equal(aspects_count(west.target), 1);
    assert_int_equal(aspects_count(bare.target), 4);
    assert_success(target_rename(east.target, "a/1", "b/2", &e), e);
    aspects_expect(bare.target, "lagan/east/b/2", "east", 4);
    assert_success(target_remove(west.target, "a/1", &e), e);
    aspects_expect_absent(bare.target, "lagan/west/a/1");
    layered_close(&bare);
    layered_close(&east);
    layered_close(&west);
}

/* Together they may not be longer than a key; a prefix that is none is refused at once. */
static void prefix_knows_its_bounds(void **state)
{
    static const char *const bad[] = {"prefix=/lagan", "prefix=Lagan", "prefix=a//b",
                                      "prefix=a/../b", "prefix=/"};
    struct layered l = open_memory(new_store(), "prefix=0123456789", NULL);
    struct error e = ERROR_INIT;
    char key[LAGAN_KEY_LIMIT + 1];
    (void)state;
    memset(key, 'k', sizeof key);
    key[LAGAN_KEY_LIMIT - 11] = '\0';
    aspects_put(l.target, key, "x");
    aspects_expect(l.target, key, "x", 1);
    key[LAGAN_KEY_LIMIT - 11] = 'k';
    key[LAGAN_KEY_LIMIT - 10] = '\0';
    assert_int_equal(target_put(l.target, key, "x", 1, &e), -1);
    assert_error(e, LAGAN_LIMIT, "prefix \"0123456789/\"");
    layered_close(&l);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *words[] = {new_store(), NULL};
        const char *layers[] = {bad[i], NULL};
        struct instance *instance = fixture_instance(host, "tgt_mem", words);
        struct layer_settings settings;
        layered_settings(layers, &settings);
        assert_success(instance_set_layers(instance, &settings, &e), e);
        layer_settings_free(&settings);
        assert_null(target_open(instance, LAGAN_OPEN_INITIALISE, &e));
        assert_error(e, LAGAN_INVALID, "not the name of a folder of objects");
        instance_free(instance);
    }
}

static char last_line[LOG_LINE_SIZE];

static void keep_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
}

static void dry_run_changes_nothing(void **state)
{
    const char *store = new_store();
    struct layered l = open_memory(store, NULL, NULL);
    struct error e = ERROR_INIT;
    uint64_t bytes = 0;
    char data[1];
    (void)state;
    aspects_put(l.target, "kept", "x");
    layered_close(&l);
    l = open_memory(store, "dry-run=yes", NULL);
    assert_success(target_put(l.target, "new", "12345", 5, &e), e);
    assert_int_equal(target_put(l.target, "kept", "y", 1, &e), -1);
    assert_error(e, LAGAN_EXISTS, "taken");
    struct stage *s = target_stage_begin(l.target, 0, &e);
    assert_non_null(s);
    assert_success(stage_write(s, "abc", 3, &e), e);
    assert_success(stage_commit(s, "packs/1", &e), e);
    s = target_stage_begin(l.target, 0, &e);
    stage_abort(s);
    assert_success(target_remove(l.target, "kept", &e), e);
    assert_success(target_copy_object(l.target, "kept", "copy", &e), e);
    assert_int_equal(target_copy_object(l.target, "nothing", "copy", &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, "nothing");
    /* Nobody is told that something was stored. */
    assert_int_equal(target_flush(l.target, &e), -1);
    assert_error(e, LAGAN_PRECONDITION, "so far 3 objects (9 B) would have been written");
    /* It is honest about what it has not kept. */
    assert_int_equal(target_get(l.target, "new", 0, data, 1, &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, "the dry run has stored nothing");
    assert_int_equal(target_get(l.target, "packs/1", 0, data, 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(aspects_count(l.target), 1);
    aspects_expect(l.target, "kept", "x", 1);
    /* Whoever only asks finds what would be there, and cannot put it twice. */
    assert_success(target_stat(l.target, "packs/1", &bytes, &e), e);
    assert_int_equal(bytes, 3);
    assert_int_equal(target_put(l.target, "new", "6", 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_EXISTS);
    log_set_sink(keep_line, NULL);
    layered_close(&l);
    log_set_sink(NULL, NULL);
    assert_non_null(strstr(last_line, "3 would have been written (9 B) and 1 removed"));
    l = open_memory(store, NULL, NULL);
    assert_int_equal(aspects_count(l.target), 1);
    layered_close(&l);
}

/* The key that an index run of this text would have. */
static const char *run_key(const char *text, size_t size, char key[96])
{
    uint8_t hash[HASH_SIZE];
    hash_sha256(text, size, hash);
    memcpy(key, "runs/0-", 7);
    text_hex(hash, sizeof hash, key + 7);
    return key;
}

static uint64_t store_reads(struct target *t)
{
    uint64_t calls = 0;
    uint64_t failed = 0;
    struct error e = ERROR_INIT;
    assert_success(target_capacity(t, &calls, &failed, &e), e);
    return calls;
}

/* A store that counts reads, with a cache in front. */
static struct layered open_cached(const char *store, const char *folder, const char *size)
{
    const char *words[] = {store, "verb=get", NULL};
    const char *layers[] = {word_of("cache", folder), size, NULL};
    return layered_open(host, "tgt_fault", words, layers, LAGAN_OPEN_INITIALISE);
}

static void expect_reads(struct target *t, const char *key, const char *text, uint64_t reads)
{
    uint64_t before = store_reads(t);
    aspects_expect(t, key, text, strlen(text));
    assert_int_equal(store_reads(t) - before, reads);
}

static void cache_serves_what_was_read(void **state)
{
    const char *folder = path_of("cache-serves");
    const char *store = new_store();
    struct layered l = open_cached(store, folder, NULL);
    struct error e = ERROR_INIT;
    struct stat status;
    char key[96], middle[4];
    uint64_t before;
    (void)state;
    aspects_put(l.target, run_key("hello world", 11, key), "hello world");
    expect_reads(l.target, key, "hello world", 1);
    expect_reads(l.target, key, "hello world", 0);
    before = store_reads(l.target);
    assert_success(target_get(l.target, key, 6, middle, 4, &e), e);
    assert_memory_equal(middle, "worl", 4);
    assert_int_equal(target_get(l.target, key, 8, middle, 4, &e), -1);
    assert_error(e, LAGAN_INVALID, "beyond the end");
    assert_int_equal(store_reads(l.target), before);
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    layered_close(&l);
    /* It outlasts the process, and does not mix up stores. */
    l = open_cached(store, folder, NULL);
    expect_reads(l.target, key, "hello world", 0);
    layered_close(&l);
    l = open_cached(new_store(), folder, NULL);
    aspects_expect_absent(l.target, key);
    layered_close(&l);
}

static void cache_keeps_only_what_it_can_compare(void **state)
{
    struct layered l = open_cached(new_store(), path_of("cache-compares"), NULL);
    char key[96];
    (void)state;
    aspects_put(l.target, "conf/00000001", "changes one day");
    expect_reads(l.target, "conf/00000001", "changes one day", 1);
    expect_reads(l.target, "conf/00000001", "changes one day", 1);
    /* As if it had been damaged on the way. */
    aspects_put(l.target, run_key("hello", 5, key), "jello");
    expect_reads(l.target, key, "jello", 1);
    expect_reads(l.target, key, "jello", 1);
    layered_close(&l);
}

static void cache_forgets_what_is_removed(void **state)
{
    struct layered l = open_cached(new_store(), path_of("cache-forgets"), NULL);
    struct error e = ERROR_INIT;
    char key[96];
    (void)state;
    aspects_put(l.target, run_key("hello", 5, key), "hello");
    expect_reads(l.target, key, "hello", 1);
    assert_success(target_remove(l.target, key, &e), e);
    aspects_expect_absent(l.target, key);
    assert_int_equal(fixture_count_entries(path_of("cache-forgets")), 0);
    /* That it is missing was not kept either. */
    aspects_put(l.target, key, "hello");
    expect_reads(l.target, key, "hello", 1);
    layered_close(&l);
}

/* Changes the byte at `offset` of the only file in the folder, or cuts the file there. */
static void damage(const char *folder, off_t offset, bool cut)
{
    DIR *stream = opendir(folder);
    struct dirent *entry;
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        char byte;
        int fd;
        if (entry->d_name[0] == '.')
            continue;
        fd = openat(dirfd(stream), entry->d_name, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        if (cut) {
            assert_int_equal(ftruncate(fd, offset), 0);
        } else {
            assert_int_equal(pread(fd, &byte, 1, offset), 1);
            byte ^= 1;
            assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
        }
        close(fd);
    }
    closedir(stream);
}

static void cache_reads_damaged_copies_anew(void **state)
{
    static const struct {
        off_t offset;
        bool cut;
    } rows[] = {{0, false}, {8, false}, {20, false}, {48, false}, {52, false},
                {0, true},  {47, true}, {48, true},  {50, true}};
    const char *folder = path_of("cache-damage");
    struct layered l = open_cached(new_store(), folder, NULL);
    char key[96];
    (void)state;
    aspects_put(l.target, run_key("hello", 5, key), "hello");
    expect_reads(l.target, key, "hello", 1);
    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        damage(folder, rows[i].offset, rows[i].cut);
        expect_reads(l.target, key, "hello", 1);
        expect_reads(l.target, key, "hello", 0);
    }
    log_set_level(LOG_WARNING);
    layered_close(&l);
}

static uint64_t folder_bytes(const char *folder)
{
    DIR *stream = opendir(folder);
    struct dirent *entry;
    struct stat status;
    uint64_t bytes = 0;
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL)
        if (fstatat(dirfd(stream), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
            bytes += (uint64_t)status.st_size;
    closedir(stream);
    return bytes;
}

/* The oldest go; what was used lately stays. */
static void cache_keeps_its_bound(void **state)
{
    const char *folder = path_of("cache-bound");
    struct layered l = open_cached(new_store(), folder, "cache-size=1M");
    char keys[12][96];
    char *text = malloc(200 << 10);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', 200 << 10);
    text[(200 << 10) - 1] = '\0';
    for (size_t i = 0; i < 12; i++) {
        text[0] = (char)('a' + i);
        aspects_put(l.target, run_key(text, strlen(text), keys[i]), text);
        aspects_expect(l.target, keys[i], text, strlen(text));
        text[0] = 'a';
        /* The first one is used again and again. */
        expect_reads(l.target, keys[0], text, 0);
        usleep(10000);
        assert_true(folder_bytes(folder) <= 1 << 20);
    }
    assert_in_range(fixture_count_entries(folder), 3, 5);
    free(text);
    layered_close(&l);
}

static void cache_refuses_open_folders(void **state)
{
    const char *words[] = {new_store(), NULL};
    struct instance *i = fixture_instance(host, "tgt_mem", words);
    const char *folder = path_of("cache-open");
    const char *const layers[] = {word_of("cache", folder), NULL};
    static const char *const relative[] = {"cache=some/where", NULL};
    struct layer_settings settings;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(mkdir(folder, 0755), 0);
    layered_settings(layers, &settings);
    assert_success(instance_set_layers(i, &settings, &e), e);
    layer_settings_free(&settings);
    assert_null(target_open(i, LAGAN_OPEN_INITIALISE, &e));
    assert_error(e, LAGAN_DENIED, "closed to others");
    layered_settings(relative, &settings);
    assert_success(instance_set_layers(i, &settings, &e), e);
    layer_settings_free(&settings);
    assert_null(target_open(i, LAGAN_OPEN_INITIALISE, &e));
    assert_error(e, LAGAN_INVALID, "absolute path");
    instance_free(i);
}

static void cache_is_avoided_by_those_who_look_for_damage(void **state)
{
    struct layered l = open_cached(new_store(), path_of("cache-avoided"), NULL);
    char key[96];
    (void)state;
    aspects_put(l.target, run_key("hello", 5, key), "hello");
    expect_reads(l.target, key, "hello", 1);
    expect_reads(l.target, key, "hello", 0);
    layer_cache_avoid();
    expect_reads(l.target, key, "hello", 1);
    layer_cache_allow();
    expect_reads(l.target, key, "hello", 0);
    layered_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_keep_what_targets_must_do),
        cmocka_unit_test(read_only_refuses_changes),
        cmocka_unit_test(prefix_shares_a_store),
        cmocka_unit_test(prefix_knows_its_bounds),
        cmocka_unit_test(dry_run_changes_nothing),
        cmocka_unit_test(cache_serves_what_was_read),
        cmocka_unit_test(cache_keeps_only_what_it_can_compare),
        cmocka_unit_test(cache_forgets_what_is_removed),
        cmocka_unit_test(cache_reads_damaged_copies_anew),
        cmocka_unit_test(cache_keeps_its_bound),
        cmocka_unit_test(cache_refuses_open_folders),
        cmocka_unit_test(cache_is_avoided_by_those_who_look_for_damage),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
