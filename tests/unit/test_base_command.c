/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_command.c - commands of people: what they get, what is heard of them, and how each
 * of them ends. */
#include "base/clock.h"
#include "base/command.h"
#include "scratch.h"
#include "unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MS_NS INT64_C(1000000)

/* What was heard: all lines, joined; and how many. */
struct heard {
    char text[4096];
    size_t size;
    uint64_t lines;
};

static void hear(void *context, const char *line)
{
    struct heard *heard = context;
    heard->lines++;
    if (heard->size + strlen(line) + 2 > sizeof(heard->text))
        return;
    heard->size += (size_t)sprintf(heard->text + heard->size, "%s\n", line);
}

/* Runs it with the rest of the request as it is. */
static struct command_result run_as(struct command_request request, struct heard *heard)
{
    struct command_result result;
    struct error e = ERROR_INIT;
    *heard = (struct heard){.size = 0};
    request.heard = hear;
    request.context = heard;
    if (command_run(&request, &result, &e) != 0)
        fail_msg("%s", e.text);
    return result;
}

static struct command_result run(const char *line, struct heard *heard)
{
    return run_as((struct command_request){.line = line, .cancel_fd = -1}, heard);
}

static void command_hears_both_streams(void **state)
{
    struct heard heard;
    struct command_result r = run("echo one; echo two >&2; printf three", &heard);
    (void)state;
    assert_true(command_succeeded(&r));
    assert_string_equal(heard.text, "one\ntwo\nthree\n");
    assert_string_equal(r.last_line, "three");
}

/* Secrets of the caller's environment are not the command's. */
static void command_gets_what_is_stated(void **state)
{
    static const char *const variables[] = {"LAGAN_EVENT=before", "HOME=/stated", NULL};
    struct heard heard;
    (void)state;
    assert_int_equal(setenv("LAGAN_TEST_SECRET", "open sesame", 1), 0);
    assert_int_equal(setenv("LANG", "C.UTF-8", 1), 0);
    struct command_result r =
        run_as((struct command_request){.line = "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= |"
                                                " sed 's/^PATH=.*/PATH/' | sort",
                                        .variables = variables,
                                        .cancel_fd = -1},
               &heard);
    assert_true(command_succeeded(&r));
    assert_string_equal(heard.text, "HOME=/stated\nLAGAN_EVENT=before\nLANG=C.UTF-8\nPATH\n");
    run("pwd; cat; for fd in /proc/self/fd/*; do echo ${fd##*/}; done | tr '\\n' ' '", &heard);
    /* The last one is the shell's own, over the folder that it lists. */
    assert_memory_equal(heard.text, "/\n0 1 2 ", 8);
    assert_true(strlen(heard.text) <= strlen("/\n0 1 2 3 \n"));
}

static void command_tells_how_it_ended(void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"exit 3", "ended with status 3"},
        {"echo no such database >&2; exit 2", "ended with status 2: no such database"},
        {"kill -KILL $$", "was killed by signal 9"},
        {"/no/such/command", "was not found by the shell (status 127): "},
    };
    char words[300];
    struct heard heard;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct command_request request = {.line = cases[i].line, .cancel_fd = -1};
        struct command_result r = run_as(request, &heard);
        assert_false(command_succeeded(&r));
        command_outcome(&request, &r, words, sizeof(words));
        if (strncmp(words, cases[i].words, strlen(cases[i].words)) != 0)
            fail_msg("%s: %s", cases[i].line, words);
    }
}

/* Whether a process lives; one that nobody has waited for yet does not. */
static bool lives(pid_t id)
{
    char path[40], text[200] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)id);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = '\0';
    fclose(file);
    const char *state = strrchr(text, ')');
    return state && strncmp(state, ") Z", 3) != 0 && strncmp(state, ") X", 3) != 0;
}

/* A process whose number stands in a file is gone, within a second. */
static void assert_gone(const char *name)
{
    char *text = scratch_read(name, NULL);
    pid_t id = (pid_t)atoi(text);
    free(text);
    assert_true(id > 1);
    for (int i = 0; i < 100 && lives(id); i++)
        usleep(10000);
    assert_false(lives(id));
}

/* Neither it nor what it started lives on, whether they mind TERM or not. */
static void command_ends_in_time(void **state)
{
    static const char *const lines[] = {
        "echo $$ >%s; sleep 60",
        "trap '' TERM; echo $$ >%s; while :; do sleep 60; done",
        "sleep 60 & echo $! >%s; wait",
        "(trap '' TERM; sleep 60) & echo $! >%s; wait",
    };
    char line[400], words[300];
    struct heard heard;
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int64_t start = clock_boot_ns();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(line, sizeof(line), lines[i], scratch_path("id"));
#pragma GCC diagnostic pop
        struct command_request request = {
            .line = line, .limit_ns = 300 * MS_NS, .grace_ns = 200 * MS_NS, .cancel_fd = -1};
        struct command_result r = run_as(request, &heard);
        assert_true(r.timed_out);
        assert_false(command_succeeded(&r));
        assert_true(clock_boot_ns() - start < 5000 * MS_NS);
        command_outcome(&request, &r, words, sizeof(words));
        assert_non_null(strstr(words, "did not end within 0.3s and was stopped"));
        assert_gone("id");
    }
}

static void command_can_be_cancelled(void **state)
{
    struct heard heard;
    int fd = eventfd(1, EFD_CLOEXEC);
    int64_t start = clock_boot_ns();
    (void)state;
    struct command_result r = run_as(
        (struct command_request){.line = "trap '' TERM; sleep 60; sleep 60", .cancel_fd = fd},
        &heard);
    assert_true(r.cancelled);
    assert_false(command_succeeded(&r));
    assert_true(clock_boot_ns() - start < 2000 * MS_NS);
    close(fd);
}

/* Megabytes of it, as lines and as one line without an end. */
static void command_bounds_output(void **state)
{
    struct heard heard;
    (void)state;
    struct command_result r = run("yes lagan | head -c 6000000", &heard);
    assert_true(command_succeeded(&r));
    assert_int_equal(heard.lines, 1000000);
    r = run("head -c 3000000 /dev/zero | tr '\\0' x", &heard);
    assert_true(command_succeeded(&r));
    assert_int_equal(heard.lines, 1);
    assert_int_equal(strlen(r.last_line), COMMAND_LINE_SIZE - 1);
    /* One that never stops printing ends in time as well. */
    r = run_as(
        (struct command_request){
            .line = "yes", .limit_ns = 200 * MS_NS, .grace_ns = 200 * MS_NS, .cancel_fd = -1},
        &heard);
    assert_true(r.timed_out);
}

static bool begun_early;

static void look_before(void *context, pid_t group)
{
    (void)context;
    usleep(300000);
    assert_int_equal(getpgid(group), group);
    begun_early = access(scratch_path("begun"), F_OK) == 0;
}

/* Who has to know of it first does: it waits, and goes on as any other then. */
static void command_waits_for_who_cares(void **state)
{
    char line[300], words[300];
    struct command_result result;
    struct error e = ERROR_INIT;
    (void)state;
    begun_early = true;
    snprintf(line, sizeof(line), "touch %s; cat; echo \"'it is' $1.\"; exit 4",
             scratch_path("begun"));
    struct command_request request = {.line = line, .cancel_fd = -1, .started = look_before};
    assert_int_equal(command_run(&request, &result, &e), 0);
    assert_false(begun_early);
    assert_int_equal(access(scratch_path("begun"), F_OK), 0);
    command_outcome(&request, &result, words, sizeof(words));
    assert_string_equal(words, "ended with status 4: 'it is' .");
}

/* A daemon that a hook starts is nobody's business. */
static void command_leaves_the_background(void **state)
{
    char line[300];
    struct heard heard;
    int64_t start = clock_boot_ns();
    (void)state;
    snprintf(line, sizeof(line), "sleep 30 & echo $! >%s; echo done", scratch_path("id"));
    struct command_result r = run(line, &heard);
    assert_true(command_succeeded(&r));
    assert_string_equal(heard.text, "done\n");
    assert_true(clock_boot_ns() - start < 5000 * MS_NS);
    char *text = scratch_read("id", NULL);
    assert_int_equal(kill((pid_t)atoi(text), SIGKILL), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_hears_both_streams),
        cmocka_unit_test(command_gets_what_is_stated),
        cmocka_unit_test(command_tells_how_it_ended),
        scratch_test(command_ends_in_time),
        cmocka_unit_test(command_can_be_cancelled),
        cmocka_unit_test(command_bounds_output),
        scratch_test(command_waits_for_who_cares),
        scratch_test(command_leaves_the_background),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
