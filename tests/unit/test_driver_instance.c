/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_instance.c - parameters: how they are written, checked, kept secret, handed over.
 */
#include "driver_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct driver_host *host;

static int open_host(void **state)
{
    (void)state;
    host = fixture_host("test-drivers");
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    driver_host_free(host);
    return 0;
}

static struct instance *probe_new(void)
{
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "tgt_probe", &e);
    struct instance *i = d ? instance_new(d, &e) : NULL;
    assert_success(i ? 0 : -1, e);
    return i;
}

/* Opens the instance, asks the driver what it was configured with, and frees all. */
static void expect_report(struct instance *i, const char *report)
{
    struct error e = ERROR_INIT;
    struct buffer text = BUFFER_INIT;
    assert_success(instance_ready(i, &e), e);
    struct target *t = target_open(i, 0, &e);
    assert_success(t ? 0 : -1, e);
    assert_success(target_get_all(t, "report", 4096, &text, &e), e);
    buffer_append_u8(&text, 0);
    assert_string_equal((char *)text.data, report);
    buffer_free(&text);
    target_close(t);
    instance_free(i);
}

static void driver_instance_hands_over_in_order(void **state)
{
    struct instance *i = probe_new();
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(instance_set_word(i, "needed=it", &e), e);
    assert_success(instance_set_word(i, "also=one", &e), e);
    assert_success(instance_set_word(i, "colour=green", &e), e);
    assert_success(instance_set_word(i, "also=two", &e), e);
    assert_success(instance_set_word(i, "wait=2h", &e), e);
    assert_success(instance_set_word(i, "count=-5", &e), e);
    assert_success(instance_set_word(i, "fast=on", &e), e);
    assert_success(instance_set_word(i, "folder=/a b/c", &e), e);
    assert_success(instance_set_word(i, "bare", &e), e);
    expect_report(i, "label=bare;folder=/a b/c;fast=1;count=-5;size=65536;wait=7200000000000;"
                     "colour=green;also=one;also=two;needed=it;");
}

static void driver_instance_takes_defaults(void **state)
{
    struct instance *i = probe_new();
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(instance_set(i, "needed", "x=y", &e), e);
    expect_report(i, "fast=0;size=65536;needed=x=y;");
}

static void driver_instance_makes_paths_absolute(void **state)
{
    struct instance *i = probe_new();
    struct error e = ERROR_INIT;
    char report[300];
    char *scratch = fixture_scratch();
    char *before = getcwd(NULL, 0);
    (void)state;
    assert_int_equal(chdir(scratch), 0);
    assert_success(instance_set_word(i, "folder=./x/y", &e), e);
    assert_int_equal(chdir(before), 0);
    assert_success(instance_set_word(i, "needed=n", &e), e);
    snprintf(report, sizeof report, "folder=%s/x/y;fast=0;size=65536;needed=n;", scratch);
    expect_report(i, report);
    fixture_scratch_remove(scratch);
    free(before);
}

/* A word, and what the message about it says. */
static const struct {
    const char *word;
    const char *message;
} wrong[] = {
    {"colour=pink",
     "driver tgt_probe: parameter colour: \"pink\" is none of the choices; allowed "
     "is one of red, green, blue"},
    {"fast=maybe", "\"maybe\" is neither yes nor no; allowed is yes or no"},
    {"count=12x", "\"12x\" is not a whole number; allowed is a whole number from -5 to 100"},
    {"count=", "\"\" is not a whole number"},
    {"count= 7", "\" 7\" is not a whole number"},
    {"count=+7", "\"+7\" is not a whole number"},
    {"count=-6", "\"-6\" is too small"},
    {"count=101", "\"101\" is too large"},
    {"count=99999999999999999999", "beyond what a number can hold"},
    {"size=4095", "\"4095\" is too small; allowed is a size such as 64M or 1GiB from"},
    {"size=2G", "\"2G\" is too large"},
    {"size=99999999P", "\"99999999P\" is"},
    {"size=-1", "is not a size"},
    {"wait=soon", "is not a duration; allowed is a duration such as 90s, 2h or 14d"},
    {"label=x", "is too short; allowed is text from 2 up to 8 bytes long"},
    {"label=123456789", "is too long"},
    {"label=a\xff\xff", "is not plain UTF-8 text"},
    {"folder=", "\"\" is no path"},
    {"password=hunter2",
     "the value is given as it is, and a secret is never written out; allowed "
     "is file:PATH, fd:N, command:LINE or credential:NAME"},
    {"password=file:", "a secret is never written out"},
    {"colur=red",
     "driver tgt_probe has no parameter \"colur\"; its parameters are: label, folder, "
     "fast"},
    {"Not=a-key", "is too long"}, /* a bare word, since keys are lower case */
};

static void driver_instance_explains_wrong_values(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        struct instance *i = probe_new();
        struct error e = ERROR_INIT;
        assert_int_equal(instance_set_word(i, wrong[at].word, &e), -1);
        assert_error(e, LAGAN_INVALID, wrong[at].message);
        assert_int_equal(e.code, ERROR_PARAMETER);
        assert_null(strstr(e.text, "hunter2"));
        instance_free(i);
    }
}

static void driver_instance_refuses_second_values(void **state)
{
    struct instance *i = probe_new();
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(instance_set_word(i, "colour=red", &e), e);
    assert_int_equal(instance_set_word(i, "colour=blue", &e), -1);
    assert_error(e, LAGAN_INVALID, "\"blue\" is a second value");
    instance_free(i);
}

static void driver_instance_misses_required_ones(void **state)
{
    struct instance *i = probe_new();
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(instance_ready(i, &e), -1);
    assert_error(e, LAGAN_INVALID,
                 "driver tgt_probe: parameter needed is missing (there is no default)");
    assert_int_equal(e.code, ERROR_PARAMETER);
    instance_free(i);
}

static void driver_instance_passes_on_the_drivers_refusal(void **state)
{
    struct instance *i = probe_new();
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(instance_set_word(i, "needed=refuse", &e), e);
    assert_int_equal(instance_ready(i, &e), -1);
    assert_error(e, LAGAN_INVALID, "tgt_probe: parameter needed: not this one");
    assert_int_equal(e.code, ERROR_PARAMETER);
    instance_free(i);
}

static void driver_instance_needs_a_bare_parameter(void **state)
{
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "tgt_dir", &e);
    struct buffer kept = BUFFER_INIT;
    (void)state;
    assert_non_null(d);
    assert_success(instance_check_value(d, "path", "/srv/x", &kept, &e), e);
    assert_int_equal(kept.size, 6);
    assert_memory_equal(kept.data, "/srv/x", 6);
    assert_success(instance_check_value(d, "temporary-files", "named", NULL, &e), e);
    assert_int_equal(instance_check_value(d, "temporary-files", "none", NULL, &e), -1);
    assert_error(e, LAGAN_INVALID, "driver tgt_dir: parameter temporary-files");
    buffer_free(&kept);
}

/* Reads a secret through the probe; the error's text instead when it is refused. */
static void expect_secret(const char *word, const char *secret, const char *message)
{
    struct instance *i = probe_new();
    struct error e = ERROR_INIT;
    char report[300];
    assert_success(instance_set_word(i, "needed=n", &e), e);
    assert_success(instance_set_word(i, word, &e), e);
    snprintf(report, sizeof report, "fast=0;size=65536;password=%s;needed=n;",
             secret ? secret : "");
    if (secret) {
        expect_report(i, report);
        return;
    }
    assert_int_equal(instance_ready(i, &e), -1);
    assert_error(e, e.error_class, message);
    assert_error(e, e.error_class, "driver tgt_probe: parameter password");
    instance_free(i);
}

static void driver_instance_reads_secrets_from_files(void **state)
{
    char *scratch = fixture_scratch();
    char path[200];
    char word[300];
    (void)state;
    snprintf(path, sizeof path, "%s/secret", scratch);
    snprintf(word, sizeof word, "password=file:%s", path);
    expect_secret(word, NULL, "No such file");
    fixture_write_text(path, "swordfish\n", 0600);
    expect_secret(word, "swordfish", NULL);
    fixture_write_text(path, "two\nlines\n", 0600);
    expect_secret(word, "two\nlines", NULL);
    fixture_write_text(path, "swordfish\n", 0640);
    expect_secret(word, NULL, "others can read it; chmod 600 it");
    fixture_write_text(path, "\n", 0600);
    expect_secret(word, NULL, "is empty");
    snprintf(word, sizeof word, "password=file:%s", scratch);
    expect_secret(word, NULL, "not a regular file");
    fixture_scratch_remove(scratch);
}

static void driver_instance_limits_secrets(void **state)
{
    char *scratch = fixture_scratch();
    char path[200];
    char word[300];
    char *text = calloc(1, 65538);
    (void)state;
    snprintf(path, sizeof path, "%s/secret", scratch);
    snprintf(word, sizeof word, "password=file:%s", path);
    memset(text, 'x', 65537);
    fixture_write_text(path, text, 0600);
    expect_secret(word, NULL, "longer than 64 KiB");
    free(text);
    fixture_scratch_remove(scratch);
}

static void driver_instance_reads_secrets_from_elsewhere(void **state)
{
    char *scratch = fixture_scratch();
    char path[200];
    char word[64];
    int pipes[2];
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "piped\n", 6), 6);
    close(pipes[1]);
    snprintf(word, sizeof word, "password=fd:%d", pipes[0]);
    expect_secret(word, "piped", NULL);
    close(pipes[0]);
    expect_secret(word, NULL, "there is no such descriptor");
    expect_secret("password=command:echo told by a command", "told by a command", NULL);
    expect_secret("password=command:echo half; exit 3", NULL, "the command failed");
    snprintf(path, sizeof path, "%s/token", scratch);
    fixture_write_text(path, "given", 0440);
    unsetenv("CREDENTIALS_DIRECTORY");
    expect_secret("password=credential:token", NULL, "CREDENTIALS_DIRECTORY is not set");
    setenv("CREDENTIALS_DIRECTORY", scratch, 1);
    expect_secret("password=credential:token", "given", NULL);
    expect_secret("password=credential:../token", NULL, "not that of a file");
    unsetenv("CREDENTIALS_DIRECTORY");
    fixture_scratch_remove(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_instance_hands_over_in_order),
        cmocka_unit_test(driver_instance_takes_defaults),
        cmocka_unit_test(driver_instance_makes_paths_absolute),
        cmocka_unit_test(driver_instance_explains_wrong_values),
        cmocka_unit_test(driver_instance_refuses_second_values),
        cmocka_unit_test(driver_instance_misses_required_ones),
        cmocka_unit_test(driver_instance_passes_on_the_drivers_refusal),
        cmocka_unit_test(driver_instance_needs_a_bare_parameter),
        cmocka_unit_test(driver_instance_reads_secrets_from_files),
        cmocka_unit_test(driver_instance_limits_secrets),
        cmocka_unit_test(driver_instance_reads_secrets_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
