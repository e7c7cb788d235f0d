/* SPDX-License-Identifier: Apache-2.0 */
/* test_key_exec.c - key services behind a command: what is wrapped with openssl, every way in
 * which a command can fail, and what it gets to see. */
#include "driver/operation.h"
#include "key_fixture.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A key service in a folder: one password in a file per key. */
static const char service[] =
    "#!/bin/sh\n"
    "read -r verb key data || exit 1\n"
    "[ -f \"$1/$key\" ] || { echo \"no key $key here\" >&2; exit 66; }\n"
    "case $verb in\n"
    "wrap) printf %s \"$data\" | openssl enc -aes-256-cbc -pbkdf2 -iter 1 -a -A"
    " -pass \"file:$1/$key\" ;;\n"
    "unwrap) printf %s \"$data\" | openssl enc -d -aes-256-cbc -pbkdf2 -iter 1 -a -A"
    " -pass \"file:$1/$key\" || exit 65 ;;\n"
    "*) exit 1 ;;\n"
    "esac\n";

struct fixture {
    struct driver_host *host;
    char *scratch;
    char script[200];
    char command[600];
};

static struct fixture fixture_open(const char *script)
{
    struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    char path[300];
    snprintf(f.script, sizeof f.script, "%s/a command", f.scratch);
    snprintf(f.command, sizeof f.command, "command=\"%s\" '%s'", f.script, f.scratch);
    fixture_write_text(f.script, script, 0755);
    assert_int_equal(chmod(f.script, 0755), 0);
    snprintf(path, sizeof path, "%s/lagan", f.scratch);
    fixture_write_text(path, "open sesame\n", 0600);
    return f;
}

static struct key_opened open_command(const struct fixture *f)
{
    const char *const words[] = {f->command, NULL};
    return key_open(f->host, "key_exec", words, LAGAN_OPEN_INITIALISE);
}

static void fixture_close(struct fixture *f)
{
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

static void key_exec_wraps_with_openssl(void **state)
{
    struct fixture f = fixture_open(service);
    struct key_opened k = open_command(&f);
    struct error e = ERROR_INIT;
    char shown[300];
    (void)state;
    key_keeps_the_contract(&k);
    assert_success(key_provider_identify(k.provider, shown, sizeof shown, &e), e);
    assert_non_null(strstr(shown, f.script));
    assert_non_null(strstr(shown, "key lagan"));
    key_close(&k);
    fixture_close(&f);
}

static void key_exec_is_a_service(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "key_exec", &e);
    (void)state;
    assert_success(d ? 0 : -1, e);
    assert_true(driver_traits(d) & LAGAN_TRAIT_SERVICE);
    d = driver_load(host, "key_file", &e);
    assert_success(d ? 0 : -1, e);
    assert_false(driver_traits(d) & LAGAN_TRAIT_SERVICE);
    driver_host_free(host);
}

static void key_exec_tells_another_key(void **state)
{
    struct fixture f = fixture_open(service);
    struct key_opened k = open_command(&f);
    struct buffer wrapped = key_wrap_secret(&k);
    char path[300];
    (void)state;
    snprintf(path, sizeof path, "%s/lagan", f.scratch);
    fixture_write_text(path, "open barley\n", 0600);
    assert_int_equal(key_unwrap_fails(&k, &wrapped, LAGAN_AUTH, "another key wrapped this"),
                     ERROR_WRONG_KEY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(key_unwrap_fails(&k, &wrapped, LAGAN_NOT_FOUND,
                                      "no such key (key lagan): no key lagan here"),
                     ERROR_KEY_UNAVAILABLE);
    buffer_free(&wrapped);
    key_close(&k);
    fixture_close(&f);
}

/* The command does this; wrap must end so. */
static const struct failure {
    const char *script;
    uint32_t error_class;
    const char *part;
} failures[] = {
    {"echo disabled >&2; exit 77", LAGAN_DENIED, "denies it (key lagan): disabled"},
    {"exit 66", LAGAN_NOT_FOUND, "no such key"},
    {"exit 69", LAGAN_OFFLINE, "cannot be reached"},
    {"exit 75", LAGAN_TRANSIENT, "cannot do it now"},
    {"echo one >&2; echo two >&2; exit 3", LAGAN_IO, "ended with status 3: two"},
    {"printf 'no end' >&2; exit 1", LAGAN_IO, "status 1: no end"},
    {"kill -9 $$", LAGAN_IO, "killed by signal 9"},
    {"exit 0", LAGAN_IO, "one line of base64"},
    {"echo 'not base64!'", LAGAN_IO, "one line of base64"},
    {"echo QUJD; echo QUJD", LAGAN_IO, "one line of base64"},
    {"echo QUJ", LAGAN_IO, "one line of base64"},
    {"echo QUI=QUI=", LAGAN_IO, "one line of base64"},
    {"echo ' QUJD'", LAGAN_IO, "one line of base64"},
    {"printf 'QUJ\\000'", LAGAN_IO, "one line of base64"},
    {"read -r verb key data; echo \"$data\"", LAGAN_IO, "back unwrapped"},
    {"head -c 12000 /dev/zero | tr '\\000' A", LAGAN_IO, "one line of base64"},
    {"head -c 20000 /dev/zero | tr '\\000' A", LAGAN_LIMIT, "more than 16384 bytes"},
    {"yes QUJD", LAGAN_LIMIT, "more than 16384 bytes"},
};

static void key_exec_maps_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        char script[300];
        snprintf(script, sizeof script, "#!/bin/sh\n%s\n", failures[i].script);
        struct fixture f = fixture_open(script);
        struct key_opened k = open_command(&f);
        key_wrap_fails(&k, failures[i].error_class, failures[i].part);
        key_close(&k);
        fixture_close(&f);
    }
}

static void key_exec_unwraps_garbage_as_another_key(void **state)
{
    static const char *const answers[] = {
        "echo QUJD",                                         /* three bytes */
        "echo QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", /* 32 */
        "exit 65"};
    struct fixture f = fixture_open(service);
    struct key_opened k = open_command(&f);
    struct buffer wrapped = key_wrap_secret(&k);
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        char script[200];
        snprintf(script, sizeof script, "#!/bin/sh\n%s\n", answers[i]);
        fixture_write_text(f.script, script, 0755);
        assert_int_equal(key_unwrap_fails(&k, &wrapped, LAGAN_AUTH, "another key"),
                         ERROR_WRONG_KEY);
    }
    buffer_free(&wrapped);
    key_close(&k);
    fixture_close(&f);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waits up to 3 s for the process whose number stands in the file to be gone. */
static void expect_gone(const char *folder, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = fixture_read_text(path);
    pid_t id = (pid_t)atoi(text);
    free(text);
    assert_true(id > 1);
    for (int i = 0; i < 300 && kill(id, 0) == 0; i++)
        usleep(10000);
    assert_int_equal(kill(id, 0), -1);
    assert_int_equal(errno, ESRCH);
}

/* A command that hangs, with a child of its own, which hangs on to the pipes as well. */
static const char hanging[] = "#!/bin/sh\n"
                              "sleep 60 & echo $! >\"$1/child\"\n"
                              "echo $$ >\"$1/parent\"\n"
                              "sleep 60\n";

static void key_exec_kills_what_hangs(void **state)
{
    struct fixture f = fixture_open(hanging);
    const char *const words[] = {f.command, "timeout=1s", NULL};
    struct key_opened k = key_open(f.host, "key_exec", words, 0);
    int64_t begin = now_ns();
    (void)state;
    key_wrap_fails(&k, LAGAN_TIMEOUT, "did not answer within 1 seconds");
    assert_in_range(now_ns() - begin, 900000000, INT64_C(4000000000));
    expect_gone(f.scratch, "child");
    expect_gone(f.scratch, "parent");
    key_close(&k);
    fixture_close(&f);
}

static void *cancel_soon(void *unused)
{
    usleep(300000);
    operation_cancel_all();
    return unused;
}

static void key_exec_can_be_cancelled(void **state)
{
    struct fixture f = fixture_open(hanging);
    struct key_opened k = open_command(&f);
    pthread_t thread;
    int64_t begin = now_ns();
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    key_wrap_fails(&k, LAGAN_CANCELLED, "");
    assert_in_range(now_ns() - begin, 1, INT64_C(2300000000));
    pthread_join(thread, NULL);
    operation_cancel_reset();
    expect_gone(f.scratch, "child");
    expect_gone(f.scratch, "parent");
    key_close(&k);
    fixture_close(&f);
}

/* It answers and ends, and leaves somebody behind who holds its pipes open. */
static void key_exec_does_not_wait_for_stragglers(void **state)
{
    struct fixture f = fixture_open("#!/bin/sh\nsleep 60 & echo $! >\"$1/child\"\necho QUJD\n");
    struct key_opened k = open_command(&f);
    int64_t begin = now_ns();
    (void)state;
    struct buffer wrapped = key_wrap_secret(&k);
    assert_in_range(now_ns() - begin, 1, INT64_C(3000000000));
    expect_gone(f.scratch, "child");
    buffer_free(&wrapped);
    key_close(&k);
    fixture_close(&f);
}

/* What it sees: a clean environment, no files but three, the folder /, its request. */
static void key_exec_shows_the_command_little(void **state)
{
    struct fixture f =
        fixture_open("#!/bin/sh\n"
                     "ls -1 /proc/$$/fd >\"$1/fds\"\n"
                     "/usr/bin/env | sed 's/=.*//' | sort | tr '\\n' ' ' >\"$1/env\"\n"
                     "pwd >\"$1/pwd\"\n"
                     "cat | sed 's/ [^ ]*$//' >\"$1/request\"\n"
                     "echo QUJD\n");
    const char *const words[] = {f.command,          "key=alias/a", "env=ONE=1 2",
                                 "env=LAGAN_PASSED", "env=NOT_SET", NULL};
    static const char *const expected[][2] = {
        {"env", "HOME LAGAN_PASSED LANG ONE PATH PWD "}, /* PWD is the shell's own */
        {"pwd", "/\n"},
        {"request", "wrap alias/a\n"}};
    char path[300];
    /* Inherited by careless programs; the shell takes smaller numbers for itself. */
    int extra = fcntl(STDIN_FILENO, F_DUPFD, 73);
    (void)state;
    setenv("LAGAN_PASSED", "x", 1);
    setenv("LAGAN_HIDDEN", "x", 1);
    setenv("LANG", "C", 1);
    struct key_opened k = key_open(f.host, "key_exec", words, 0);
    struct buffer wrapped = key_wrap_secret(&k);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f.scratch, expected[i][0]);
        char *text = fixture_read_text(path);
        assert_string_equal(text, expected[i][1]);
        free(text);
    }
    snprintf(path, sizeof path, "%s/fds", f.scratch);
    char *fds = fixture_read_text(path);
    char other[16];
    snprintf(other, sizeof other, "\n%d\n", extra);
    assert_null(strstr(fds, other));
    assert_non_null(strstr(fds, "0\n1\n"));
    free(fds);
    close(extra);
    buffer_free(&wrapped);
    key_close(&k);
    fixture_close(&f);
}

static void key_exec_refuses_commands(void **state)
{
    struct fixture f = fixture_open(service);
    const char *const words[] = {f.command, NULL};
    (void)state;
    assert_int_equal(chmod(f.script, 0644), 0);
    assert_int_equal(
        key_open_fails(f.host, "key_exec", words, 0, LAGAN_DENIED, "cannot be run"),
        ERROR_KEY_UNAVAILABLE);
    assert_int_equal(chmod(f.script, 0777), 0);
    key_open_fails(f.host, "key_exec", words, 0, LAGAN_DENIED, "somebody else may write to it");
    assert_int_equal(unlink(f.script), 0);
    assert_int_equal(key_open_fails(f.host, "key_exec", words, 0, LAGAN_NOT_FOUND,
                                    "cannot be run: No such file"),
                     ERROR_KEY_UNAVAILABLE);
    assert_int_equal(mkdir(f.script, 0755), 0);
    key_open_fails(f.host, "key_exec", words, 0, LAGAN_DENIED, "no regular file");
    assert_int_equal(rmdir(f.script), 0);
    /* What only the start finds out. */
    fixture_write_text(f.script, "#!/nosuch/interpreter\n", 0755);
    struct key_opened k = key_open(f.host, "key_exec", words, 0);
    key_wrap_fails(&k, LAGAN_NOT_FOUND, "No such file");
    key_close(&k);
    fixture_close(&f);
}

/* A word that the parameter refuses, and what it says. */
static void refuse_word(struct driver_host *host, const char *word, const char *part)
{
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "key_exec", &e);
    assert_success(d ? 0 : -1, e);
    struct instance *i = instance_new(d, &e);
    assert_success(i ? 0 : -1, e);
    int result = instance_set_word(i, "command=/bin/true", &e);
    if (strncmp(word, "command=", 8) == 0) {
        instance_free(i);
        i = instance_new(d, &e);
        result = 0;
    }
    assert_success(result, e);
    if (instance_set_word(i, word, &e) == 0)
        assert_int_equal(instance_ready(i, &e), -1);
    assert_error(e, LAGAN_INVALID, part);
    instance_free(i);
}

static void key_exec_checks_parameters(void **state)
{
    struct driver_host *host = fixture_host("test-drivers");
    (void)state;
    refuse_word(host, "command=kms --fast", "starts with its full path");
    refuse_word(host, "command= ", "starts with its full path");
    refuse_word(host, "command=/bin/kms 'open", "has no end");
    refuse_word(host, "command=/bin/kms open\\", "has no end");
    refuse_word(host, "key=two words", "has no blanks");
    refuse_word(host, "env=1A=x", "NAME=VALUE");
    refuse_word(host, "env==x", "NAME=VALUE");
    refuse_word(host, "timeout=0s", "timeout");
    refuse_word(host, "timeout=2h", "timeout");
    driver_host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_exec_wraps_with_openssl),
        cmocka_unit_test(key_exec_is_a_service),
        cmocka_unit_test(key_exec_tells_another_key),
        cmocka_unit_test(key_exec_maps_failures),
        cmocka_unit_test(key_exec_unwraps_garbage_as_another_key),
        cmocka_unit_test(key_exec_kills_what_hangs),
        cmocka_unit_test(key_exec_can_be_cancelled),
        cmocka_unit_test(key_exec_does_not_wait_for_stragglers),
        cmocka_unit_test(key_exec_shows_the_command_little),
        cmocka_unit_test(key_exec_refuses_commands),
        cmocka_unit_test(key_exec_checks_parameters),
    };
    if (system("command -v openssl >/dev/null") != 0) {
        print_message("SKIPPED: needs the program openssl\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
