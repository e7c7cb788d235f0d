/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_program.c - drivers that are programs: lines of their protocol, and what becomes of a
 * program that gives bad answers, ends, or gives none.
 */
#include "common/program.h"
#include "driver_fixture.h"

#include "base/clock.h"
#include "driver/operation.h"
#include "target_aspects.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines are all that is used here of the code for drivers. */
const struct lagan_host *lagan_host_table;

#define SECOND_NS INT64_C(1000000000)

/* The line as it is parsed; static storage. */
static bool parse(struct program_line *line, const char *text, size_t size)
{
    static char copy[PROGRAM_LINE_LIMIT + 2];
    assert_true(size < sizeof(copy));
    memcpy(copy, text, size);
    return program_line_parse(line, copy, size);
}

static void program_reads_lines(void **state)
{
    struct program_line line;
    const char *data;
    size_t size;
    uint64_t number;
    (void)state;
    assert_true(parse(&line, "object  key=a/b bytes=17 more x=%00%fF%20 ", 42));
    assert_string_equal(line.verb, "object");
    assert_int_equal(line.count, 4);
    assert_non_null(program_find(&line, "more"));
    assert_null(program_find(&line, "more")->value);
    assert_true(program_take_bytes(&line, "x", 3, &data, &size));
    assert_int_equal(size, 3);
    assert_memory_equal(data, "\0\xff ", 3);
    assert_true(program_take_number(&line, "bytes", 17, &number));
    assert_int_equal(number, 17);
    assert_null(line.wrong);
    assert_false(program_take_bytes(&line, "nothing", 3, &data, &size));
    assert_null(line.wrong);
    assert_false(program_take_number(&line, "bytes", 16, &number));
    assert_string_equal(line.wrong, "bytes");
    assert_true(parse(&line, "data 65536", 10));
    assert_true(program_take_number(&line, "bytes", UINT64_MAX, &number));
    assert_int_equal(number, 65536);
}

static void program_refuses_lines(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {
#define LINE(text) {text, sizeof(text) - 1}
        LINE(""),
        LINE("   "),
        LINE("Ok"),
        LINE("ok=1"),
        LINE("ok x=%"),
        LINE("ok x=%4"),
        LINE("ok x=%4g"),
        LINE("ok x=1 x=2"),
        LINE("ok x\0y"),
        LINE("ok\tx"),
        LINE("ok x=\x7f"),
        LINE("ok =1"),
        LINE("data 5 five"),
        LINE("ok 5"),
        LINE("ok x_y=1"),
#undef LINE
    };
    struct program_line line;
    char many[400] = "ok";
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (parse(&line, cases[i].text, cases[i].size) && strcmp(line.verb, "data") != 0)
            fail_msg("%s is no line", cases[i].text);
    for (int i = 0; i < PROGRAM_WORD_LIMIT; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), " a%d", i);
    assert_true(parse(&line, many, strlen(many)));
    strcat(many, " b");
    assert_false(parse(&line, many, strlen(many)));
    char *text = malloc(PROGRAM_LINE_LIMIT + 1);
    memset(text, 'a', PROGRAM_LINE_LIMIT + 1);
    memcpy(text, "ok x=", 5);
    assert_true(parse(&line, text, PROGRAM_LINE_LIMIT));
    assert_false(parse(&line, text, PROGRAM_LINE_LIMIT + 1));
    free(text);
}

static void program_reads_numbers(void **state)
{
    static const struct {
        const char *text;
        bool fits;
        int64_t seconds;
        uint32_t ns;
    } times[] = {{"t=0", true, 0, 0},
                 {"t=1700000000.25", true, 1700000000, 250000000},
                 {"t=-1.5", true, -2, 500000000},
                 {"t=-1", true, -1, 0},
                 {"t=5.000000001", true, 5, 1},
                 {"t=5.", false, 0, 0},
                 {"t=.5", false, 0, 0},
                 {"t=5.0000000001", false, 0, 0},
                 {"t=99999999999999999999", false, 0, 0},
                 {"t=--1", false, 0, 0},
                 {"t=1%00", false, 0, 0},
                 {"t", false, 0, 0}};
    static const char *const numbers[] = {"t=",   "t=-1", "t=+1",   "t=0x1",
                                          "t=1.", "t",    "t=1%00", "t=18446744073709551616"};
    static const char *const supports[] = {"none", "emulated", "native", NULL};
    struct program_line line;
    char text[100];
    uint64_t number;
    uint32_t small;
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int64_t seconds = 0;
        uint32_t ns = 0;
        snprintf(text, sizeof(text), "ok %s", times[i].text);
        assert_true(parse(&line, text, strlen(text)));
        if (program_take_time(&line, "t", &seconds, &ns) != times[i].fits)
            fail_msg("%s", text);
        assert_int_equal(seconds, times[i].seconds);
        assert_int_equal(ns, times[i].ns);
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        snprintf(text, sizeof(text), "ok %s", numbers[i]);
        assert_true(parse(&line, text, strlen(text)));
        if (program_take_number(&line, "t", UINT64_MAX, &number))
            fail_msg("%s", text);
        assert_string_equal(line.wrong, "t");
    }
    assert_true(parse(&line, "ok m=4755 n=8 s=emulated b bad=x", 32));
    assert_true(program_take_octal(&line, "m", 07777, &small));
    assert_int_equal(small, 04755);
    assert_true(program_take_choice(&line, "s", supports, &small));
    assert_int_equal(small, 1);
    assert_true(program_take_choice(&line, "b", supports, &small));
    assert_int_equal(small, 2);
    assert_false(program_take_octal(&line, "n", 07777, &small));
    assert_false(program_take_choice(&line, "bad", supports, &small));
}

/* What is written is read as the same. */
static void program_writes_words(void **state)
{
    struct program_text text = {0};
    struct program_line line;
    char all[256];
    const char *data;
    size_t size;
    int64_t seconds;
    uint32_t ns;
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    program_add_verb(&text, "put");
    program_add_bytes(&text, "key", all, sizeof(all));
    program_add_string(&text, "plain", "packs/0a/b-c_d.e");
    program_add_flag(&text, "no", false);
    program_add_flag(&text, "yes", true);
    program_add_time(&text, "t", -2, 500000000);
    assert_false(text.failed);
    assert_non_null(memmem(text.data, text.size, " plain=packs/0a/b-c_d.e yes t=-1.5", 33));
    assert_true(program_line_parse(&line, text.data, text.size));
    assert_true(program_take_bytes(&line, "key", 256, &data, &size));
    assert_int_equal(size, 256);
    assert_memory_equal(data, all, 256);
    assert_true(program_take_time(&line, "t", &seconds, &ns));
    assert_int_equal(seconds, -2);
    assert_int_equal(ns, 500000000);
    program_text_free(&text);
    char *big = calloc(1, PROGRAM_LINE_LIMIT);
    program_add_verb(&text, "put");
    program_add_bytes(&text, "key", big, PROGRAM_LINE_LIMIT / 2);
    program_add_newline(&text);
    assert_true(text.failed);
    program_text_free(&text);
    free(big);
}

static void program_reads_errors(void **state)
{
    struct program_error error;
    char text[] = "busy native=503 retry-after=1500 scope=handle outcome=unknown too many \x1b"
                  " of you \xc3\xa4 \xff";
    char plain[] = "io native=x of all things";
    char wrong[] = "ok all is well";
    (void)state;
    assert_true(program_error_parse(&error, text, strlen(text)));
    assert_int_equal(error.error_class, LAGAN_BUSY);
    assert_int_equal(error.native, 503);
    assert_int_equal(error.retry_after_ms, 1500);
    assert_int_equal(error.scope, LAGAN_SCOPE_HANDLE);
    assert_int_equal(error.outcome, LAGAN_OUTCOME_UNKNOWN);
    assert_string_equal(error.text, "too many ? of you \xc3\xa4 ?");
    assert_true(program_error_parse(&error, plain, strlen(plain)));
    assert_string_equal(error.text, "native=x of all things");
    assert_int_equal(error.outcome, LAGAN_OUTCOME_NOT_DONE);
    assert_false(program_error_parse(&error, wrong, strlen(wrong)));
}

/* A program whose answers follow from a shell script. */
struct talker {
    struct driver_host *host;
    char *scratch;
    struct instance *instance;
    struct target *target;
    struct error e;
};

/* `hello`: to the first request; `answers`: lines of the shell for each other one, in which
 * $verb is known and bytes were read. */
static bool talker_open(struct talker *t, const char *hello, const char *answers,
                        const char *option)
{
    char path[4200], command[4300], script[4000];
    *t = (struct talker){.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    snprintf(path, sizeof(path), "%s/program", t->scratch);
    snprintf(script, sizeof(script),
             "#!/bin/sh\nread -r line\n%s\nscratch='%s'\nwhile read -r verb words; do\n"
             "case $verb in put | stage-write) while read -r word count; do case $word in\n"
             "data) head -c $count >/dev/null ;; *) break ;; esac; done ;; esac\n%s\ndone\n",
             hello, t->scratch, answers);
    fixture_write_text(path, script, 0755);
    snprintf(command, sizeof(command), "command=%s", path);
    t->instance =
        fixture_instance(t->host, "tgt_exec", (const char *[]){command, option, NULL});
    t->e = (struct error)ERROR_INIT;
    t->target = target_open(t->instance, LAGAN_OPEN_INITIALISE, &t->e);
    return t->target != NULL;
}

static void talker_close(struct talker *t)
{
    target_close(t->target);
    instance_free(t->instance);
    driver_host_free(t->host);
    fixture_scratch_remove(t->scratch);
}

#define HELLO "echo ok protocol=1 put-if-absent list-sorted remove durable=always"

static void program_must_greet(void **state)
{
    static const struct {
        const char *hello;
        uint32_t error_class;
        const char *words;
    } cases[] = {
        {"echo ok", LAGAN_INTERNAL, "does not tell its protocol"},
        {"echo ok protocol=2", LAGAN_INTERNAL, "another version"},
        {"echo ok protocol=1", LAGAN_UNSUPPORTED, "only where the name is free"},
        {"echo ok protocol=1 put-if-absent=perhaps", LAGAN_INTERNAL, "put-if-absent"},
        {"echo error not-found there is no such place", LAGAN_NOT_FOUND, "no such place"},
        {"echo hello", LAGAN_INTERNAL, "not asked for"},
        {"echo no licence >&2; exit 4", LAGAN_IO, "ended with status 4: no licence"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct talker t;
        if (talker_open(&t, cases[i].hello, "echo ok", NULL))
            fail_msg("%s: was opened", cases[i].hello);
        assert_error(t.e, cases[i].error_class, cases[i].words);
        talker_close(&t);
    }
}

static int take_object(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)context;
    (void)key;
    (void)bytes;
    (void)e;
    return 0;
}

static int take_data(void *context, const void *data, size_t size, struct error *e)
{
    (void)context;
    (void)data;
    (void)size;
    (void)e;
    return 0;
}

/* One call of each kind; the driver's verb. */
static int call(struct talker *t, const char *verb, struct error *e)
{
    uint64_t bytes;
    bool more;
    if (strcmp(verb, "stat") == 0)
        return target_stat(t->target, "key", &bytes, e);
    if (strcmp(verb, "get") == 0)
        return target_get_to(t->target, "key", 0, 10, take_data, NULL, e);
    if (strcmp(verb, "list") == 0)
        return target_list_page(t->target, "", "", 2, take_object, NULL, &more, e);
    if (strcmp(verb, "remove") == 0)
        return target_remove(t->target, "key", e);
    return target_put(t->target, "key", "hello", 5, e);
}

static void program_answers_badly(void **state)
{
    static const struct {
        const char *verb;
        const char *answers;
        uint32_t error_class;
        const char *words;
        uint32_t outcome;
    } cases[] = {
        {"stat", "echo rubbish", LAGAN_INTERNAL, "not asked for", 0},
        {"stat", "echo 'Bad Line'", LAGAN_INTERNAL, "none of words", 0},
        {"stat", "echo ok", LAGAN_INTERNAL, "without a word that must be there", 0},
        {"stat", "echo ok bytes=-1", LAGAN_INTERNAL, "a word bytes of no such value", 0},
        {"stat", "echo error nonsense is a class", LAGAN_INTERNAL, "no known class", 0},
        {"stat", "head -c 300000 /dev/zero | tr '\\0' a", LAGAN_INTERNAL, "too long", 0},
        {"stat", "printf 'ok bytes=5\\0\\n'", LAGAN_INTERNAL, "none of words", 0},
        {"stat", "echo error denied native=13 keep out", LAGAN_DENIED, "keep out", 0},
        {"stat", "echo unsupported", LAGAN_UNSUPPORTED, "cannot do this", 0},
        {"stat", "sleep 60", LAGAN_TIMEOUT, "silent for 1 seconds", 0},
        {"get", "echo data 11; echo 0123456789; echo ok", LAGAN_INTERNAL, "more data", 0},
        {"get", "echo data 3; printf abc; echo ok", LAGAN_INTERNAL, "fewer data", 0},
        {"get", "echo data 99999999999999999999", LAGAN_INTERNAL, "bytes of no such", 0},
        {"list", "for i in 1 2 3; do echo object key=$i bytes=1; done; echo ok", LAGAN_INTERNAL,
         "more objects than were asked for", 0},
        {"list", "echo ok more", LAGAN_INTERNAL, "empty page", 0},
        {"list", "echo object bytes=5; echo ok", LAGAN_INTERNAL, "must be there", 0},
        {"put", "echo rubbish", LAGAN_INTERNAL, "not asked for", LAGAN_OUTCOME_UNKNOWN},
        {"put", "echo error no-space full; exit 1", LAGAN_NO_SPACE, "full",
         LAGAN_OUTCOME_NOT_DONE},
        {"put", "echo error io outcome=done alas", LAGAN_IO, "alas", LAGAN_OUTCOME_DONE},
        {"remove", "echo error immutable held", LAGAN_IMMUTABLE, "held",
         LAGAN_OUTCOME_NOT_DONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error e = ERROR_INIT;
        struct talker t;
        if (!talker_open(&t, HELLO, cases[i].answers, "timeout=1s"))
            fail_msg("%s", t.e.text);
        if (call(&t, cases[i].verb, &e) == 0)
            fail_msg("%s passes for an answer", cases[i].answers);
        assert_error(e, cases[i].error_class, cases[i].words);
        assert_int_equal(e.outcome, cases[i].outcome);
        talker_close(&t);
    }
}

/* A program that ends in the middle of a call: the next one starts it anew. */
static void program_is_started_anew(void **state)
{
    static const char answers[] = "if [ -e $scratch/again ]; then echo ok bytes=5; else\n"
                                  ": >$scratch/again; echo no memory >&2; kill -KILL $$; fi";
    struct error e = ERROR_INIT;
    struct talker t;
    uint64_t bytes = 0;
    (void)state;
    assert_true(talker_open(&t, HELLO, answers, NULL));
    assert_int_equal(target_stat(t.target, "key", &bytes, &e), -1);
    assert_error(e, LAGAN_TRANSIENT, "was killed by signal 9: no memory");
    assert_success(target_stat(t.target, "key", &bytes, &e), e);
    assert_int_equal(bytes, 5);
    talker_close(&t);
    /* Nobody knows what became of a change. */
    assert_true(talker_open(&t, HELLO, "exit 3", NULL));
    assert_int_equal(target_put(t.target, "key", "x", 1, &e), -1);
    assert_error(e, LAGAN_TRANSIENT, "ended with status 3");
    assert_int_equal(e.outcome, LAGAN_OUTCOME_UNKNOWN);
    talker_close(&t);
}

/* What a dead process kept is lost, and said to be. */
static void program_loses_stages(void **state)
{
    static const char answers[] = "case $verb in stage-begin) echo ok stage=1 ;;\n"
                                  "stat) exit 3 ;; *) echo ok ;; esac";
    struct error e = ERROR_INIT;
    struct talker t;
    uint64_t bytes;
    (void)state;
    assert_true(talker_open(&t, HELLO " staged-put", answers, NULL));
    struct stage *stage = target_stage_begin(t.target, 0, &e);
    assert_non_null(stage);
    assert_success(stage_write(stage, "x", 1, &e), e);
    assert_int_equal(target_stat(t.target, "key", &bytes, &e), -1);
    assert_error(e, LAGAN_TRANSIENT, "ended with status 3");
    assert_int_equal(stage_commit(stage, "key", &e), -1);
    assert_error(e, LAGAN_TRANSIENT, "what it kept for this is lost");
    assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
    talker_close(&t);
}

/* With `durable=flush` it is asked to flush when it has something, and a process that died with
 * something makes the flush fail. */
static void program_flushes(void **state)
{
    static const char hello[] = "echo ok protocol=1 put-if-absent list-sorted remove";
    static const char answers[] = "echo $verb >>$scratch/log\n"
                                  "case $verb in stat) exit 1 ;; *) echo ok ;; esac";
    struct error e = ERROR_INIT;
    struct talker t;
    char path[4200];
    uint64_t bytes;
    (void)state;
    assert_true(talker_open(&t, hello, answers, NULL));
    assert_success(target_flush(t.target, &e), e);
    assert_success(target_put(t.target, "key", "x", 1, &e), e);
    assert_success(target_flush(t.target, &e), e);
    assert_success(target_flush(t.target, &e), e);
    assert_success(target_remove(t.target, "key", &e), e);
    assert_int_equal(target_stat(t.target, "key", &bytes, &e), -1);
    assert_int_equal(target_flush(t.target, &e), -1);
    assert_error(e, LAGAN_IO, "before it had made durable");
    snprintf(path, sizeof(path), "%s/log", t.scratch);
    char *log = fixture_read_text(path);
    assert_string_equal(log, "put\nflush\nremove\nstat\n");
    free(log);
    talker_close(&t);
}

/* Verbs that may be missing are asked for once. */
static void program_may_lack_verbs(void **state)
{
    static const char answers[] = "echo $verb >>$scratch/log; echo unsupported";
    struct error e = ERROR_INIT;
    struct talker t;
    char path[4200];
    uint64_t total = 0, available = 0, removed = 7;
    (void)state;
    assert_true(talker_open(&t, HELLO, answers, NULL));
    for (int i = 0; i < 3; i++) {
        assert_success(target_capacity(t.target, &total, &available, &e), e);
        assert_int_equal(total, UINT64_MAX);
        assert_success(target_sweep(t.target, 0, &removed, &e), e);
        assert_int_equal(removed, 0);
    }
    snprintf(path, sizeof(path), "%s/log", t.scratch);
    char *log = fixture_read_text(path);
    assert_string_equal(log, "capacity\nsweep\n");
    free(log);
    talker_close(&t);
}

static void *cancel_soon(void *unused)
{
    usleep(300000);
    operation_cancel_all();
    return unused;
}

/* Within two seconds; the handle stays usable. */
static void program_is_cancelled(void **state)
{
    static const char answers[] = "[ -e $scratch/slow ] || { : >$scratch/slow; sleep 60; }\n"
                                  "echo ok bytes=5";
    static const char *const verbs[] = {"stat", "put"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct error e = ERROR_INIT;
        struct talker t;
        pthread_t thread;
        assert_true(talker_open(&t, HELLO, answers, NULL));
        int64_t start = clock_boot_ns();
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
        assert_int_equal(call(&t, verbs[i], &e), -1);
        pthread_join(thread, NULL);
        operation_cancel_reset();
        assert_int_equal(e.error_class, LAGAN_CANCELLED);
        assert_int_equal(e.outcome, i == 0 ? LAGAN_OUTCOME_NOT_DONE : LAGAN_OUTCOME_UNKNOWN);
        assert_in_range(clock_boot_ns() - start, 0, 2 * SECOND_NS);
        assert_success(call(&t, verbs[i], &e), e);
        talker_close(&t);
    }
}

static void *stat_once(void *context)
{
    struct error e = ERROR_INIT;
    uint64_t bytes;
    return target_stat(context, "key", &bytes, &e) == 0 ? context : NULL;
}

/* Four calls that take half a second each, at a time. */
static void program_works_in_parallel(void **state)
{
    pthread_t threads[4];
    struct talker t;
    void *result;
    (void)state;
    assert_true(talker_open(&t, HELLO, "sleep 0.5; echo ok bytes=5", "processes=4"));
    int64_t start = clock_boot_ns();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stat_once, t.target), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        assert_non_null(result);
    }
    assert_in_range(clock_boot_ns() - start, 0, 3 * SECOND_NS / 2);
    talker_close(&t);
}

/* The examples keep what every target must hold. */
static void examples_behave(const char *line, const char *processes)
{
    const char *top = getenv("abs_top_srcdir");
    for (size_t i = 0; target_aspects[i]; i++) {
        struct driver_host *host = fixture_host("test-drivers");
        char *scratch = fixture_scratch();
        char command[9000];
        struct error e = ERROR_INIT;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(command, sizeof(command), line, top ? top : ".", scratch);
#pragma GCC diagnostic pop
        struct instance *instance = fixture_instance(
            host, "tgt_exec", (const char *[]){command, "shell=yes", processes, NULL});
        assert_null(target_open(instance, 0, &e));
        assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
        struct target *t = target_open(instance, LAGAN_OPEN_INITIALISE, &e);
        assert_success(t ? 0 : -1, e);
        target_aspects[i](t);
        target_close(t);
        instance_free(instance);
        driver_host_free(host);
        fixture_scratch_remove(scratch);
    }
}

static void example_in_python_behaves(void **state)
{
    (void)state;
    examples_behave(
        "command=exec python3 -B '%s/doc/examples/exec/tgt_directory.py' '%s/objects/here'",
        "processes=3");
}

/* Each of its calls starts several programs: half a minute, for ROUNDS alone. */
static void example_in_shell_behaves(void **state)
{
    (void)state;
    if (!getenv("ROUNDS"))
        skip();
    examples_behave("command=exec sh '%s/doc/examples/exec/tgt_directory.sh' '%s/objects/here'",
                    "processes=3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_reads_lines),
        cmocka_unit_test(program_refuses_lines),
        cmocka_unit_test(program_reads_numbers),
        cmocka_unit_test(program_writes_words),
        cmocka_unit_test(program_reads_errors),
        cmocka_unit_test(program_must_greet),
        cmocka_unit_test(program_answers_badly),
        cmocka_unit_test(program_is_started_anew),
        cmocka_unit_test(program_loses_stages),
        cmocka_unit_test(program_flushes),
        cmocka_unit_test(program_may_lack_verbs),
        cmocka_unit_test(program_is_cancelled),
        cmocka_unit_test(program_works_in_parallel),
        cmocka_unit_test(example_in_python_behaves),
        cmocka_unit_test(example_in_shell_behaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
