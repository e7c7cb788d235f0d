/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_crash.c - several processes on one catalog, processes killed while they make or
 * change it, and a disk that is full.
 */
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int count_source(void *context, const struct catalog_source *source, struct error *e)
{
    (void)source, (void)e;
    ++*(unsigned *)context;
    return 0;
}

static unsigned count_sources(struct catalog *c)
{
    struct error e = ERROR_INIT;
    unsigned count = 0;

    must(catalog_source_list(c, count_source, &count, &e), &e);
    return count;
}

/* In a child: everything that fails ends it with 1. */
static void insert_or_exit(struct catalog *c, const char *name)
{
    struct error e = ERROR_INIT;
    struct catalog_source *source = catalog_source_new(&e);

    if (source == NULL)
        _exit(1);
    snprintf(source->name, sizeof(source->name), "%s", name);
    if (catalog_source_insert(c, source, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        _exit(1);
    }
    catalog_source_free(source);
}

static void write_many(char letter)
{
    char name[NAME_SIZE];
    struct catalog *c = NULL;
    struct error e = ERROR_INIT;

    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        _exit(1);
    }
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "%c%d", letter, i);
        insert_or_exit(c, name);
    }
    catalog_close(c);
    _exit(0);
}

/* They also race for making the file. */
static void crash_two_writers(void **state)
{
    enum { WRITERS = 3 };
    pid_t children[WRITERS];
    int status;

    (void)state;
    for (int i = 0; i < WRITERS; i++)
        if ((children[i] = fork()) == 0)
            write_many((char)('a' + i));
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct catalog *c = open_catalog("s");
    assert_int_equal(count_sources(c), WRITERS * 60);
    catalog_close(c);
    assert_int_equal(scratch_count(scratch_path("s"), "catalog."), 2);
}

/* Inserts pairs, each in one transaction, and tells the number of each that was committed. */
static void write_pairs(int pipe_end, int round)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;
    char name[NAME_SIZE];

    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0)
        _exit(1);
    for (int i = 0;; i++) {
        if (catalog_begin(c, &e) != 0)
            _exit(1);
        snprintf(name, sizeof(name), "r%d-%d-left", round, i);
        insert_or_exit(c, name);
        snprintf(name, sizeof(name), "r%d-%d-right", round, i);
        insert_or_exit(c, name);
        if (catalog_commit(c, &e) != 0 || write(pipe_end, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

static bool has_source(struct catalog *c, int round, int number, const char *side)
{
    char name[NAME_SIZE];
    struct error e = ERROR_INIT;

    snprintf(name, sizeof(name), "r%d-%d-%s", round, number, side);
    struct catalog_source *source = catalog_source_find(c, name, &e);
    catalog_source_free(source);
    return source != NULL;
}

static void sleep_us(uint64_t us)
{
    struct timespec time = {.tv_sec = (time_t)(us / 1000000),
                            .tv_nsec = (long)(us % 1000000) * 1000};

    nanosleep(&time, NULL);
}

/* Starts `run` in a child and kills it after `us`; 0 = lets it end. */
static void run_and_kill(void (*run)(int pipe_end, int round), int round, uint64_t us,
                         int *last)
{
    int ends[2], number, status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        run(ends[1], round);
        _exit(0);
    }
    close(ends[1]);
    sleep_us(us);
    if (us > 0)
        kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    *last = -1;
    while (read(ends[0], &number, sizeof(number)) == sizeof(number))
        *last = number;
    close(ends[0]);
}

static void crash_between_statements(void **state)
{
    enum { ROUNDS = 12 };
    uint64_t seed = 4;
    int last, acknowledged = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        run_and_kill(write_pairs, round, 3000 + scratch_random(&seed) % 40000, &last);
        struct catalog *c = open_catalog("s");
        for (int i = 0; i <= last; i++) {
            assert_true(has_source(c, round, i, "left"));
            assert_true(has_source(c, round, i, "right"));
            acknowledged++;
        }
        /* The one at work: both or neither. */
        assert_int_equal(has_source(c, round, last + 1, "left"),
                         has_source(c, round, last + 1, "right"));
        assert_false(has_source(c, round, last + 2, "left"));
        catalog_close(c);
    }
    print_message("%d rounds, %d pairs acknowledged\n", ROUNDS, acknowledged);
    assert_true(acknowledged > 0);
}

static void only_open(int pipe_end, int round)
{
    struct catalog *c = NULL;
    struct error e = ERROR_INIT;

    (void)pipe_end, (void)round;
    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0)
        _exit(1);
    catalog_close(c);
}

static void crash_while_making(void **state)
{
    char command[600];
    uint64_t seed = 6;
    int last;

    (void)state;
    for (int round = 0; round < 25; round++) {
        snprintf(command, sizeof(command), "rm -rf '%s'", scratch_path("s"));
        assert_int_equal(system(command), 0);
        run_and_kill(only_open, round, 200 + scratch_random(&seed) % 12000, &last);
        struct catalog *c = open_catalog("s");
        add_source(c, 1, "x");
        catalog_close(c);
        assert_int_equal(scratch_count(scratch_path("s"), "catalog."), 2);
    }
}

/* A reader is not in the way of a writer, and sees what was there when it began. */
static void crash_readers_do_not_wait(void **state)
{
    struct catalog *reader = open_catalog("s"), *writer = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    add_source(writer, 1, "one");
    must(catalog_begin(writer, &e), &e);
    add_source(writer, 2, "two");
    assert_int_equal(count_sources(reader), 1);
    must(catalog_commit(writer, &e), &e);
    assert_int_equal(count_sources(reader), 2);
    catalog_close(reader);
    catalog_close(writer);
}

/* A second writer waits, and is told so when it takes too long. */
static void crash_locked(void **state)
{
    struct catalog *first = open_catalog("s"), *second = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    sqlite3_busy_timeout(second->db, 50);
    must(catalog_begin(first, &e), &e);
    must_fail(catalog_setting_set(second, "x", "y", &e), ERROR_LOCKED, "another program", &e);
    catalog_rollback(first);
    must(catalog_setting_set(second, "x", "y", &e), &e);
    catalog_close(first);
    catalog_close(second);
}

/* No room: a file may not grow.  The error says so, what was there stays, and work goes on when
 * there is room again. */
static void fill_the_disk(int pipe_end, int round)
{
    struct rlimit limit = {.rlim_cur = 150000, .rlim_max = 150000};
    struct catalog *c = NULL;
    struct error e = ERROR_INIT;
    char value[4001];
    char name[32];
    int i;

    (void)round;
    signal(SIGXFSZ, SIG_IGN);
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0 || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(1);
    for (i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "k%d", i);
        if (catalog_setting_set(c, name, value, &e) != 0)
            break;
        if (write(pipe_end, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
    if (i == 1000 || e.error_class == LAGAN_OK || e.error_class == LAGAN_CORRUPT)
        _exit(1);
    catalog_close(c);
    _exit(0);
}

static void crash_disk_full(void **state)
{
    struct error e = ERROR_INIT;
    char name[32];
    int last;

    (void)state;
    catalog_close(open_catalog("s"));
    run_and_kill(fill_the_disk, 0, 0, &last);
    assert_true(last > 3);
    struct catalog *c = open_catalog("s");
    for (int i = 0; i <= last + 1; i++) {
        snprintf(name, sizeof(name), "k%d", i);
        char *value = catalog_setting_get(c, name, &e);
        assert_int_equal(value != NULL, i <= last);
        free(value);
    }
    must(catalog_setting_set(c, "more", "room", &e), &e);
    uint64_t problems;
    must(catalog_check(c, NULL, NULL, &problems, &e), &e);
    assert_int_equal(problems, 0);
    catalog_close(c);
}

/* After a sync that failed nothing is acknowledged any more. */
static void crash_after_failed_sync(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    query_error(c, SQLITE_IOERR_FSYNC, &e);
    must_fail(catalog_setting_set(c, "x", "y", &e), ERROR_FAILED, "could not be made durable",
              &e);
    assert_null(catalog_setting_get(c, "x", &e));
    catalog_close(c);
    c = open_catalog("s");
    must(catalog_setting_set(c, "x", "y", &e), &e);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(crash_two_writers),
    scratch_test(crash_between_statements),
    scratch_test(crash_while_making),
    scratch_test(crash_readers_do_not_wait),
    scratch_test(crash_locked),
    scratch_test(crash_disk_full),
    scratch_test(crash_after_failed_sync),
};

UNIT_MAIN(tests)
