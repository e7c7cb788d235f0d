/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_damage.c - catalogs that were damaged or tampered with: never a crash, never
 * taken for a new one, never deleted.
 */
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A state folder "s" with a sound catalog, and its bytes. */
static char *make_sound(size_t *size)
{
    struct catalog *c = open_catalog("s");

    fill_catalog(c);
    catalog_close(c);
    return scratch_read("s/catalog.db", size);
}

static void forget_files(void)
{
    static const char *const files[] = {"s/catalog.db", "s/catalog.db-wal", "s/catalog.db-shm"};

    for (size_t i = 0; i < 3; i++)
        unlink(scratch_path(files[i]));
}

static void remove_damaged(void)
{
    char command[600];

    snprintf(command, sizeof(command), "rm -f '%s'/catalog.damaged-*", scratch_path("s"));
    assert_int_equal(system(command), 0);
}

/* Opens what stands there and reads all of it.  True when it opened. */
static bool use_catalog(struct error *e)
{
    static unsigned count;
    struct catalog *c = NULL;
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct catalog_task task;
    uint64_t problems;

    *e = ERROR_INIT;
    if (catalog_open(scratch_path("s"), 0, &c, e) != 0)
        return false;
    struct error ignored;
    (void)catalog_check(c, NULL, NULL, &problems, &ignored);
    (void)catalog_dump(c, &out, &ignored);
    (void)catalog_task_find(c, "t-0000", &task, &ignored);
    if (count++ % 8 == 0)
        (void)catalog_setting_set(c, "x", "y", &ignored);
    catalog_close(c);
    return true;
}

/* After damage: either it opens, or it was set aside with the right words. */
static bool judge(void)
{
    struct error e;

    if (use_catalog(&e))
        return true;
    if (e.code != ERROR_INTEGRITY && e.code != ERROR_NEWER_FORMAT)
        fail_msg("%s: %s", error_code_name(e.code), e.text);
    if (e.code == ERROR_INTEGRITY) {
        assert_non_null(strstr(e.text, "lagan catalog rebuild"));
        assert_int_equal(error_exit_status(&e), 4);
        assert_int_equal(scratch_count(scratch_path("s"), "catalog.db"), 0);
        assert_true(scratch_count(scratch_path("s"), "catalog.damaged-") >= 1);
    }
    return false;
}

static void damage_flips(void **state)
{
    size_t size, refused = 0, tried = 0;
    char *sound = make_sound(&size);
    uint64_t seed = 5;

    (void)state;
    /* Dense over the header and the schema, sparse over the rest. */
    for (size_t at = 0; at < size; at += at < 110 ? 1 : 1 + scratch_random(&seed) % 1500) {
        unsigned char kept = (unsigned char)sound[at];
        sound[at] = (char)(kept ^ (1U << scratch_random(&seed) % 8));
        forget_files();
        scratch_write("s/catalog.db", sound, size, 0600);
        refused += !judge();
        tried++;
        remove_damaged();
        sound[at] = (char)kept;
    }
    print_message("%zu flips, %zu refused\n", tried, refused);
    assert_true(refused >= 40);
    forget_files();
    scratch_write("s/catalog.db", sound, size, 0600);
    assert_true(judge());
    free(sound);
}

/* SQLite reads zeroes behind the end of the last page: cutting these off takes nothing away. */
static bool is_zero(const char *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static void damage_truncations(void **state)
{
    size_t size;
    char *sound = make_sound(&size);

    (void)state;
    for (size_t cut = 0; cut < size; cut += cut < 1024 ? 100 : 4096 - cut % 512) {
        forget_files();
        scratch_write("s/catalog.db", sound, cut, 0600);
        if (judge() && !is_zero(sound + cut, size - cut))
            fail_msg("cut to %zu bytes it was accepted", cut);
        remove_damaged();
    }
    for (size_t page = 0; page < size; page += 4096) {
        char kept[4096];
        memcpy(kept, sound + page, 4096);
        memset(sound + page, 0, 4096);
        forget_files();
        scratch_write("s/catalog.db", sound, size, 0600);
        judge();
        remove_damaged();
        memcpy(sound + page, kept, 4096);
    }
    free(sound);
}

static void damage_is_remembered(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;
    const char *folder = scratch_path("s");
    size_t size;
    char *sound = make_sound(&size);

    (void)state;
    free(sound);
    scratch_write("s/catalog.db", "this is no catalog, but text that somebody put there", 52,
                  0600);
    must_fail(catalog_open(folder, 0, &c, &e), ERROR_INTEGRITY, "set aside as catalog.damaged-",
              &e);
    assert_int_equal(scratch_count(folder, "catalog.damaged-"), 1);
    /* It stays that way until somebody rebuilds. */
    must_fail(catalog_open(folder, 0, &c, &e), ERROR_INTEGRITY, "run `lagan catalog rebuild`",
              &e);
    must_fail(catalog_open(folder, CATALOG_OPEN_EXISTING, &c, &e), ERROR_INTEGRITY, "rebuild",
              &e);
    assert_int_equal(scratch_count(folder, "catalog.db"), 0);
    must(catalog_open(folder, CATALOG_OPEN_REBUILD, &c, &e), &e);
    catalog_close(c);
    must(catalog_open(folder, 0, &c, &e), &e);
    catalog_close(c);
    assert_int_equal(scratch_count(folder, "catalog.damaged-"), 1);
}

/* Who rebuilds at once needs one call only. */
static void damage_and_rebuild(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;
    size_t size;

    (void)state;
    free(make_sound(&size));
    scratch_write("s/catalog.db", "no catalog", 10, 0600);
    must(catalog_open(scratch_path("s"), CATALOG_OPEN_REBUILD, &c, &e), &e);
    catalog_close(c);
    assert_int_equal(scratch_count(scratch_path("s"), "catalog.damaged-"), 1);
    must(catalog_open(scratch_path("s"), 0, &c, &e), &e);
    catalog_close(c);
}

/* What somebody else works with is not moved away under them. */
static void damage_while_used(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *first = open_catalog("s"), *second = NULL;
    int fd;

    (void)state;
    fill_catalog(first);
    fd = open(scratch_path("s/catalog.db"), O_WRONLY);
    assert_int_equal(pwrite(fd, "XXXX", 4, 0), 4);
    close(fd);
    unlink(scratch_path("s/catalog.db-wal"));
    unlink(scratch_path("s/catalog.db-shm"));
    must_fail(catalog_open(scratch_path("s"), 0, &second, &e), ERROR_INTEGRITY, "damaged", &e);
    assert_int_equal(scratch_count(scratch_path("s"), "catalog.damaged-"), 0);
    catalog_close(first);
    must_fail(catalog_open(scratch_path("s"), 0, &second, &e), ERROR_INTEGRITY, "set aside",
              &e);
}

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(scratch_path("s/catalog.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A schema that is not ours, however sound the file is. */
static void damage_of_the_schema(void **state)
{
    static const char *const sql[] = {
        "CREATE TRIGGER t AFTER INSERT ON tasks BEGIN DELETE FROM backups; END",
        "CREATE VIEW v AS SELECT * FROM backups",
        "CREATE TABLE more (x)",
        "DROP INDEX tasks_by_time",
        "DROP TABLE backups; CREATE VIEW backups AS SELECT * FROM vaults",
        "ALTER TABLE backups ADD COLUMN x TEXT",
        "DROP TABLE settings",
        "DELETE FROM settings",
        "DELETE FROM settings WHERE name = 'writer_id'",
        "UPDATE settings SET value = 'x' WHERE name = 'writer_id'",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 77",
        "PRAGMA user_version = -1",
    };
    size_t size;
    char *sound = make_sound(&size);

    (void)state;
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        forget_files();
        scratch_write("s/catalog.db", sound, size, 0600);
        run_sql(sql[i]);
        if (judge())
            fail_msg("accepted after: %s", sql[i]);
        assert_int_equal(scratch_count(scratch_path("s"), "catalog.damaged-"), 1);
        remove_damaged();
    }
    free(sound);
}

static void damage_or_newer(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;
    size_t size;
    char *sound = make_sound(&size);

    (void)state;
    run_sql("PRAGMA user_version = 77;"
            "UPDATE settings SET value = '77' WHERE name = 'schema_version'");
    must_fail(catalog_open(scratch_path("s"), 0, &c, &e), ERROR_NEWER_FORMAT, "version 77", &e);
    error_set(&e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT, "x");
    assert_int_equal(error_exit_status(&e), 13);
    assert_int_equal(scratch_count(scratch_path("s"), "catalog.damaged-"), 0);
    assert_int_equal(scratch_count(scratch_path("s"), "catalog.db"), 1);
    free(sound);
}

/* A write-ahead log that was left behind, and then damaged: what it held may be lost, what the
 * file held may not. */
static void damage_of_the_log(void **state)
{
    size_t size, log_size, opened = 0, tried = 0;
    char *sound = make_sound(&size), *log;
    uint64_t seed = 9;
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct catalog *c = open_catalog("s");
        add_source(c, 50, "in-the-log");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    log = scratch_read("s/catalog.db-wal", &log_size);
    assert_true(log_size > 4096);
    for (size_t at = 0; at < log_size; at += at < 60 ? 1 : 1 + scratch_random(&seed) % 1000) {
        log[at] ^= 0x10;
        forget_files();
        scratch_write("s/catalog.db", sound, size, 0600);
        scratch_write("s/catalog.db-wal", log, log_size, 0600);
        if (at % 3 == 0)
            scratch_write("s/catalog.db-shm", sound, 32768, 0600); /* rubbish */
        opened += judge();
        tried++;
        remove_damaged();
        log[at] ^= 0x10;
    }
    print_message("%zu flips, %zu opened\n", tried, opened);
    assert_int_equal(opened, tried); /* checksums tell where the log ends */
    forget_files();
    scratch_write("s/catalog.db", sound, size, 0600);
    scratch_write("s/catalog.db-wal", log, log_size, 0600);
    struct error e = ERROR_INIT;
    struct catalog *c = open_catalog("s");
    struct catalog_source *source = catalog_source_find(c, "in-the-log", &e);
    assert_non_null(source);
    catalog_source_free(source);
    catalog_close(c);
    free(sound);
    free(log);
}

static const struct CMUnitTest tests[] = {
    scratch_test(damage_flips),         scratch_test(damage_truncations),
    scratch_test(damage_is_remembered), scratch_test(damage_and_rebuild),
    scratch_test(damage_while_used),    scratch_test(damage_of_the_schema),
    scratch_test(damage_or_newer),      scratch_test(damage_of_the_log),
};

UNIT_MAIN(tests)
