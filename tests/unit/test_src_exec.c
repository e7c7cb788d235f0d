/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_src_exec.c - what a command prints as a source: what is read of it, every way in which
 * it may end, and the file written back into a folder or fed to a command.
 */
#include "engine_fixture.h"

#include "base/clock.h"
#include "driver/operation.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SECOND_NS INT64_C(1000000000)

/* The source of a shell line; `more` is a further word or NULL. */
static void open_line(struct engine *g, struct origin *o, const char *line, const char *more)
{
    char command[1200];
    snprintf(command, sizeof(command), "command=%s", line);
    origin_open(g, o, "src_exec", LAGAN_OPEN_READ_ONLY, WORDS(command, "shell=yes", more));
}

/* Content of the one file. */
static struct buffer content_of(struct engine *g, const struct seal *seal, const char *name)
{
    struct buffer out = BUFFER_INIT;
    struct tree_entry *entry = engine_entry(g, seal, (const uint8_t *)name, strlen(name));
    assert_non_null(entry);
    assert_int_equal(entry->type, LAGAN_ENTRY_FILE);
    engine_content(g, entry, &out);
    assert_true(entry->present & LAGAN_HAS_BYTES);
    assert_int_equal(entry->bytes, out.size);
    tree_entry_free(entry);
    return out;
}

static void assert_content(struct engine *g, const struct seal *seal, const char *name,
                           const char *text)
{
    struct buffer out = content_of(g, seal, name);
    assert_int_equal(out.size, strlen(text));
    if (out.size > 0)
        assert_memory_equal(out.data, text, out.size);
    buffer_free(&out);
}

static void exec_reads_the_output(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    /* Without a shell: words, quotes, and the environment that is stated. */
    origin_open(
        &g, &o, "src_exec", LAGAN_OPEN_READ_ONLY,
        WORDS("/bin/sh -c 'printf \"%s|$STATED|$PWD|$LAGAN_TEST_SECRET\" \"two words\"'",
              "name=a dump", "env=STATED=yes"));
    assert_int_equal(setenv("LAGAN_TEST_SECRET", "open sesame", 1), 0);
    struct seal *seal = engine_backup(&g, &o, NULL);
    assert_int_equal(seal->root.entries, 2);
    assert_int_equal(seal->problem_total, 0);
    assert_content(&g, seal, "a dump", "two words|yes|/|");
    seal_free(seal);
    origin_close(&o);
    engine_drop(&g);
}

static void exec_reads_what_is_empty(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    open_line(&g, &o, "true", NULL);
    struct seal *seal = engine_backup(&g, &o, NULL);
    assert_content(&g, seal, "output", "");
    seal_free(seal);
    origin_close(&o);
    engine_drop(&g);
}

static uint64_t peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

#if defined(__SANITIZE_ADDRESS__)
#define STREAM_BYTES 20000000
#else
#define STREAM_BYTES 100000000
#endif
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* Nobody knows how long it is; it comes in small pieces; it is stored once. */
static void exec_streams(void **state)
{
    static const char line[] = "seq 1 20000000 | head -c " TEXT(STREAM_BYTES);
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    open_line(&g, &o, line, NULL);
    uint64_t before = peak_bytes();
    struct seal *first = engine_backup(&g, &o, NULL);
#if !defined(__SANITIZE_ADDRESS__)
    assert_in_range(peak_bytes() - before, 0, UINT64_C(160) << 20);
#endif
    (void)before;
    assert_int_equal(first->root.bytes, STREAM_BYTES);
    struct seal *second = engine_backup(&g, &o, first);
    assert_int_equal(second->counters.bytes_read, STREAM_BYTES);
    assert_in_range(second->counters.bytes_new, 0, 100000);
    seal_free(first);
    seal_free(second);
    origin_close(&o);
    engine_drop(&g);
}

/* A backup of half a dump is none: nothing is sealed. */
static void exec_failures_fail_the_backup(void **state)
{
    static const struct {
        const char *line, *more;
        uint32_t error_class;
        const char *words;
    } cases[] = {
        {"seq 100000; exit 3", NULL, LAGAN_IO, "ended with status 3"},
        {"echo half; echo no such table >&2; exit 1", NULL, LAGAN_IO,
         "ended with status 1: no such table"},
        {"echo half; kill -KILL $$", NULL, LAGAN_IO, "was killed by signal 9"},
        {"exit 2", NULL, LAGAN_IO, "ended with status 2"},
        {"echo half; exec sleep 60", "timeout=1s", LAGAN_TIMEOUT,
         "did not end within 1 seconds"},
        {"echo half; exec >&-; exec sleep 60", "timeout=1s", LAGAN_TIMEOUT,
         "did not end within 1 seconds"},
        {"/no/such/command", NULL, LAGAN_IO, "ended with status 127"},
    };
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error e = ERROR_INIT;
        struct seal *seal = NULL;
        struct seal_list list = {0};
        open_line(&g, &o, cases[i].line, cases[i].more);
        struct backup_request request = engine_backup_request(&g, &o, NULL);
        if (backup_run(&request, &seal, &e) == 0)
            fail_msg("%s: a backup was made", cases[i].line);
        assert_error(e, cases[i].error_class, cases[i].words);
        assert_success(vault_backups(g.vault.vault, &list, NULL, NULL, &e), e);
        assert_int_equal(list.count, 0);
        seal_list_free(&list);
        origin_close(&o);
    }
    engine_drop(&g);
}

/* What it says on standard error is a warning, and no more. */
static void exec_warnings_pass(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    open_line(&g, &o, "echo ok; yes watch out | head -n 100000 >&2", NULL);
    struct seal *seal = engine_backup(&g, &o, NULL);
    assert_int_equal(seal->problem_total, 0);
    assert_content(&g, seal, "output", "ok\n");
    seal_free(seal);
    origin_close(&o);
    engine_drop(&g);
}

/* Whether a process lives; one that nobody has waited for yet does not. */
static bool lives(pid_t id)
{
    char path[40];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)id);
    if (access(path, R_OK) != 0)
        return false;
    char *text = fixture_read_text(path);
    const char *state = strrchr(text, ')');
    bool alive = state && strncmp(state, ") Z", 3) != 0 && strncmp(state, ") X", 3) != 0;
    free(text);
    return alive;
}

static void *cancel_soon(void *unused)
{
    usleep(300000);
    operation_cancel_all();
    return unused;
}

/* Within two seconds, and what it started is gone. */
static void exec_cancelled(void **state)
{
    struct engine g;
    struct origin o;
    struct error e = ERROR_INIT;
    struct seal *seal = NULL;
    pthread_t thread;
    char line[600];
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    snprintf(line, sizeof(line), "(trap '' TERM; sleep 60) & echo $! >%s; echo half; wait",
             engine_path(&g, "id"));
    open_line(&g, &o, line, NULL);
    struct backup_request request = engine_backup_request(&g, &o, NULL);
    int64_t start = clock_boot_ns();
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    assert_int_equal(backup_run(&request, &seal, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CANCELLED);
    pthread_join(thread, NULL);
    operation_cancel_reset();
    assert_in_range(clock_boot_ns() - start, 0, 2 * SECOND_NS);
    char *text = fixture_read_text(engine_path(&g, "id"));
    pid_t id = (pid_t)atoi(text);
    free(text);
    for (int i = 0; i < 100 && lives(id); i++)
        usleep(10000);
    assert_false(lives(id));
    origin_close(&o);
    engine_drop(&g);
}

/* Options that contradict the contract are refused with a sentence. */
static void exec_parameters(void **state)
{
    static const struct {
        const char *words[3];
        const char *part;
    } cases[] = {
        {{"echo hello"}, "starts with its full path"},
        {{"/bin/echo 'hello"}, "has no end"},
        {{"/bin/echo hello", "name=a/b"}, "without a path"},
        {{"/bin/echo hello", "name=.."}, "without a path"},
        {{"/bin/echo hello", "env=1=2"}, "a variable is NAME=VALUE"},
        {{"/bin/echo hello", "restore-command=cat"}, "starts with its full path"},
    };
    struct driver_host *host = fixture_host("test-drivers");
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error e = ERROR_INIT;
        const struct driver *driver = driver_load(host, "src_exec", &e);
        assert_non_null(driver);
        struct instance *instance = instance_new(driver, &e);
        assert_non_null(instance);
        int result = 0;
        for (size_t k = 0; result == 0 && k < 3 && cases[i].words[k]; k++)
            result = instance_set_word(instance, cases[i].words[k], &e);
        if (result == 0)
            result = instance_ready(instance, &e);
        assert_int_equal(result, -1);
        assert_error(e, LAGAN_INVALID, cases[i].part);
        instance_free(instance);
    }
    driver_host_free(host);
}

static void exec_needs_its_command(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    struct instance *instance = fixture_instance(host, "src_exec", WORDS("/no/such/command"));
    struct error e = ERROR_INIT;
    (void)state;
    assert_null(source_open(instance, LAGAN_OPEN_READ_ONLY, &e));
    assert_error(e, LAGAN_NOT_FOUND, "/no/such/command cannot be run");
    instance_free(instance);
    /* Nowhere to restore to. */
    instance = fixture_instance(host, "src_exec", WORDS("/bin/echo hello"));
    assert_null(source_open(instance, LAGAN_OPEN_RESTORE, &e));
    assert_error(e, LAGAN_INVALID, "give --to FOLDER");
    instance_free(instance);
    driver_host_free(host);
}

/* Into a folder: what was there stays or goes as the rules say; and it is read back from there
 * without running anything. */
static void exec_restores_into_a_folder(void **state)
{
    struct engine g;
    struct origin o, place;
    struct stat status;
    char folder[600], file[700];
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    open_line(&g, &o, "seq 1 2000000", NULL);
    struct seal *seal = engine_backup(&g, &o, NULL);
    snprintf(folder, sizeof(folder), "folder=%s", engine_path(&g, "back"));
    snprintf(file, sizeof(file), "%s/output", engine_path(&g, "back"));
    const char *const *words = WORDS("/no/such/command", folder);
    origin_open(&g, &place, "src_exec", LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, words);
    struct restore_request request = engine_restore_request(&g, seal, &place);
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_size, 14888896);
    assert_int_equal(status.st_mode & 07777, 0600);
    /* Again: it is equal.  Nothing but it lies there. */
    result = engine_restore(&g, &request);
    assert_int_equal(result.entries_written, 0);
    assert_int_equal(fixture_count_entries(engine_path(&g, "back")), 1);
    put_text(file, "something else");
    struct error e = ERROR_INIT;
    assert_int_equal(engine_restore_try(&g, &request, &result, &e), -1);
    request.conflict = RESTORE_OVERWRITE;
    result = engine_restore(&g, &request);
    assert_int_equal(result.entries_written, 1);
    origin_close(&place);
    /* Read from there it gives the same backup. */
    origin_open(&g, &place, "src_exec", LAGAN_OPEN_READ_ONLY, words);
    struct seal *second = engine_backup(&g, &place, NULL);
    assert_same_root(seal, second);
    seal_free(second);
    seal_free(seal);
    origin_close(&place);
    origin_close(&o);
    engine_drop(&g);
}

/* Fed to a command: its end decides. */
static void exec_feeds_a_command(void **state)
{
    static const struct {
        const char *restore;
        const char *words; /* NULL = it works */
    } cases[] = {
        {"cat >%s", NULL},
        {"head -c 10 >%s; exit 5", "ended with status 5"},
        {"head -c 10 >%s", "ended before it had read all"},
        {"cat >%s; echo no space there >&2; exit 1", "ended with status 1: no space there"},
        {"kill -KILL $$ # %s", "was killed by signal 9"},
    };
    struct engine g;
    struct origin o, place;
    char line[700], command[800];
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    open_line(&g, &o, "seq 1 300000", NULL);
    struct seal *seal = engine_backup(&g, &o, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(line, sizeof(line), cases[i].restore, engine_path(&g, "fed"));
#pragma GCC diagnostic pop
        snprintf(command, sizeof(command), "restore-command=%s", line);
        origin_open(&g, &place, "src_exec", LAGAN_OPEN_RESTORE,
                    WORDS("false", "shell=yes", command));
        struct restore_request request = engine_restore_request(&g, seal, &place);
        struct restore_result result;
        struct error e = ERROR_INIT;
        int done = engine_restore_try(&g, &request, &result, &e);
        if (cases[i].words) {
            assert_int_equal(done, -1);
            assert_error(e, LAGAN_IO, cases[i].words);
        } else {
            assert_success(done, e);
            struct stat status;
            assert_int_equal(stat(engine_path(&g, "fed"), &status), 0);
            assert_int_equal(status.st_size, 1988895);
        }
        origin_close(&place);
    }
    seal_free(seal);
    origin_close(&o);
    engine_drop(&g);
}

/* Keys that lead elsewhere, and entries that such a source cannot have. */
static void exec_refuses_other_entries(void **state)
{
    static const struct {
        const char *key;
        size_t size;
        uint32_t error_class;
    } cases[] = {
        {"..", 2, LAGAN_INVALID}, {"a/b", 3, LAGAN_INVALID},    {"../x", 4, LAGAN_INVALID},
        {".", 1, LAGAN_INVALID},  {"a\0b", 3, LAGAN_NOT_FOUND}, {"other", 5, LAGAN_UNSUPPORTED},
    };
    struct engine g;
    struct origin place;
    struct error e = ERROR_INIT;
    char folder[600];
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    snprintf(folder, sizeof(folder), "folder=%s", engine_path(&g, "back"));
    origin_open(&g, &place, "src_exec", LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE,
                WORDS("/bin/true", folder));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lagan_entry entry = {.size = sizeof(entry),
                                    .type = LAGAN_ENTRY_FILE,
                                    .key = cases[i].key,
                                    .key_size = cases[i].size};
        assert_null(source_entry_create(place.source, &entry, 0, &e));
        assert_int_equal(e.error_class, cases[i].error_class);
    }
    assert_int_equal(fixture_count_entries(engine_path(&g, "back")), 0);
    origin_close(&place);
    engine_drop(&g);
}

/* A file that is begun and not finished leaves no trace. */
static void exec_abort_leaves_nothing(void **state)
{
    struct engine g;
    struct origin place;
    struct error e = ERROR_INIT;
    char folder[600];
    struct lagan_entry entry = {
        .size = sizeof(entry), .type = LAGAN_ENTRY_FILE, .key = "output", .key_size = 6};
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    snprintf(folder, sizeof(folder), "folder=%s", engine_path(&g, "back"));
    origin_open(&g, &place, "src_exec", LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE,
                WORDS("/bin/true", folder));
    struct entry_writer *w = source_entry_create(place.source, &entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_success(entry_writer_write(w, 0, "half", 4, &e), e);
    entry_writer_abort(w);
    assert_int_equal(fixture_count_entries(engine_path(&g, "back")), 0);
    origin_close(&place);
    engine_drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exec_reads_the_output),
        cmocka_unit_test(exec_reads_what_is_empty),
        cmocka_unit_test(exec_streams),
        cmocka_unit_test(exec_failures_fail_the_backup),
        cmocka_unit_test(exec_warnings_pass),
        cmocka_unit_test(exec_cancelled),
        cmocka_unit_test(exec_parameters),
        cmocka_unit_test(exec_needs_its_command),
        cmocka_unit_test(exec_restores_into_a_folder),
        cmocka_unit_test(exec_feeds_a_command),
        cmocka_unit_test(exec_refuses_other_entries),
        cmocka_unit_test(exec_abort_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
