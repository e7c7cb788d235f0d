/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_tell.c - notices: who wants which, what each way gets, what becomes of those that
 * could not be told. */
#include "catalog_fixture.h"
#include "driver/operation.h"
#include "engine/tell_private.h"
#include "scratch.h"
#include "tell_fixture.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY (24 * 3600)

/* The content of a file that a way has written; "" when there is none. */
static char *told(const char *name)
{
    if (scratch_count(scratch_path(""), name) == 0)
        return strdup("");
    return scratch_read(name, NULL);
}

static void expect_told(const char *name, const char *wanted)
{
    char *text = told(name);

    if (strcmp(text, wanted) != 0)
        fail_msg("%s: '%s' instead of '%s'", name, text, wanted);
    free(text);
}

/* A way that appends the event to a file of its name. */
#define NOTES(name, more)                                                                      \
    "notify " name " { command = 'echo \"$LAGAN_EVENT\" >>%1$s/" name "' " more " }\n"

static void tell_who_wants_what(void **state)
{
    struct setup *s = tell_open(NOTES("normal", "") NOTES("all", "severity = info")
                                    NOTES("worst", "severity = error")
                                        NOTES("some", "events = { backup-done, given-up }"),
                                scratch_path(""));
    struct tell_notice chosen = {
        .event = TELL_MIRROR_LAGS, .subject = "x", .ways = "worst, all,none"};
    struct error e = ERROR_INIT;

    (void)state;
    tell_one_notice(s, TELL_BACKUP_DONE, "info", NULL);
    tell_one_notice(s, TELL_MIRROR_LAGS, "warning", "");
    tell_one_notice(s, TELL_GIVEN_UP, "error", "body");
    must(tell(s, &chosen, &e), &e);
    assert_int_equal(tell_waiting(s), 2 + 3 + 1 + 2 + 1);
    tell_expect(s, 9, 0);
    assert_int_equal(tell_waiting(s), 0);
    expect_told("normal", "mirror-lags\ngiven-up\n");
    expect_told("all", "backup-done\nmirror-lags\ngiven-up\nmirror-lags\n");
    expect_told("worst", "given-up\n");
    expect_told("some", "backup-done\ngiven-up\n");
    tell_expect(s, 0, 0);
    setup_close(s);
}

/* A notice that is rolled back with its cause was never there. */
static void tell_in_a_transaction(void **state)
{
    struct setup *s = tell_open(NOTES("a", ""), scratch_path(""));
    struct error e = ERROR_INIT;

    (void)state;
    must(catalog_begin(setup_catalog(s), &e), &e);
    tell_one_notice(s, TELL_BACKUP_FAILED, "x", NULL);
    catalog_rollback(setup_catalog(s));
    assert_int_equal(tell_waiting(s), 0);
    setup_close(s);
}

static void tell_by_command(void **state)
{
    struct setup *s = tell_open("notify a { command = 'cat >%1$s/in; env >%1$s/env; "
                                "ls /proc/self/fd >%1$s/fd' }\n",
                                scratch_path(""));

    (void)state;
    setenv("LAGAN_TEST_SECRET", "hidden", 1);
    tell_one_notice(s, TELL_VERIFY_DAMAGE, "pack $(touch x) `y` 'z' \"q\"\nBcc: a@b",
                    "one\x1b[2J\n\ntwo\r\n");
    tell_expect(s, 1, 0);
    char *text = told("in"), *environment = told("env");
    static const char wanted[] = "pack $(touch x) `y` 'z' \"q\"\\x0aBcc: a@b\n\n"
                                 "one\\x1b[2J\n\ntwo\\x0d\n\n"
                                 "verify-damage (error), on ";
    if (strncmp(text, wanted, strlen(wanted)) != 0)
        fail_msg("%s", text);
    assert_non_null(strstr(text, " at 2027-01-15T08:00:00Z\n"));
    assert_non_null(strstr(environment, "LAGAN_EVENT=verify-damage\n"));
    assert_non_null(strstr(environment, "LAGAN_SEVERITY=error\n"));
    assert_non_null(strstr(environment, "LAGAN_SUBJECT=pack $(touch x) `y` 'z' \"q\"\\x0aBcc"));
    assert_non_null(strstr(environment, "LAGAN_TIME=2027-01-15T08:00:00Z\n"));
    assert_non_null(strstr(environment, "LAGAN_WAY=a\n"));
    assert_non_null(strstr(environment, "LAGAN_NUMBER=1\n"));
    assert_null(strstr(environment, "hidden"));
    expect_told("fd", "0\n1\n2\n3\n"); /* 3 is that of ls itself */
    free(text);
    free(environment);
    setup_close(s);
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* A way that hangs costs its time limit once for each call, not once for each notice, and other
 * ways do not wait for another call. */
static void tell_hanging(void **state)
{
    struct setup *s = tell_open(
        "notify slow { command = 'echo x >>%1$s/tries; sleep 600' timeout = 1s }\n" NOTES(
            "quick", ""),
        scratch_path(""));
    struct timespec start;

    (void)state;
    for (int i = 0; i < 3; i++)
        tell_one_notice(s, TELL_BACKUP_FAILED, "x", NULL);
    clock_gettime(CLOCK_MONOTONIC, &start);
    tell_expect(s, 3, 1);
    assert_true(seconds_since(&start) < 10);
    expect_told("tries", "x\n");
    expect_told("quick", "backup-failed\nbackup-failed\nbackup-failed\n");
    assert_non_null(strstr(tell_last_line(), "slow: the command did not end within 1.0s"));
    assert_int_equal(tell_waiting(s), 3);
    setup_close(s);
}

/* Tried again after growing gaps, and dropped after a day with a line that says so. */
static void tell_again_and_again(void **state)
{
    struct setup *s = tell_open(
        "notify a { command = 'echo x >>%1$s/tries; echo so; exit 3' }\n", scratch_path(""));
    unsigned tries = 0;
    int64_t gap = 0, widest = 0, minutes = 0;

    (void)state;
    tell_one_notice(s, TELL_BACKUP_FAILED, "x", NULL);
    while (tell_waiting(s) > 0 && minutes < 3 * DAY / 60) {
        uint64_t failed = 0;
        struct error e = ERROR_INIT;
        must(tell_send(s, NULL, &failed, &e), &e);
        if (failed > 0) {
            tries++;
            widest = gap > widest ? gap : widest;
            gap = 0;
        }
        tell_wait(60);
        gap++;
        minutes++;
    }
    assert_in_range(minutes, DAY / 60, DAY / 60 + 240);
    assert_in_range(tries, 8, 20);
    assert_in_range(widest, 120, 240);
    assert_non_null(strstr(tell_last_line(), "the notice 'x' is dropped: a: the command ended "
                                             "with status 3: so"));
    setup_close(s);
}

/* One that a way does not want does not keep others from it. */
static void tell_one_is_refused(void **state)
{
    struct setup *s =
        tell_open("notify a { command = 'case $LAGAN_SUBJECT in bad) exit 1;; esac; "
                  "echo $LAGAN_SUBJECT >>%1$s/told' }\n",
                  scratch_path(""));

    (void)state;
    tell_one_notice(s, TELL_BACKUP_FAILED, "bad", NULL);
    tell_one_notice(s, TELL_BACKUP_FAILED, "good", NULL);
    tell_expect(s, 1, 1);
    expect_told("told", "good\n");
    setup_close(s);
}

static void tell_way_is_gone(void **state)
{
    struct setup *s = tell_open(NOTES("a", ""), scratch_path(""));

    (void)state;
    tell_one_notice(s, TELL_BACKUP_FAILED, "x", NULL);
    setup_close(s);
    s = tell_open(NOTES("b", ""), scratch_path(""));
    tell_expect(s, 0, 0);
    assert_int_equal(tell_waiting(s), 0);
    assert_non_null(
        strstr(tell_last_line(), "'x' is dropped: a: the configuration has no such"));
    setup_close(s);
}

static void *send_one(void *setup)
{
    tell_expect(setup, 1, 0);
    return NULL;
}

/* While one tells a notice, no other takes it; what was begun and not ended comes back. */
static void tell_is_taken_once(void **state)
{
    struct setup *s =
        tell_open("notify a { command = 'echo x >>%1$s/tries; sleep 1' }\n", scratch_path(""));
    pthread_t thread;

    (void)state;
    tell_one_notice(s, TELL_BACKUP_FAILED, "x", NULL);
    assert_int_equal(pthread_create(&thread, NULL, send_one, s), 0);
    while (scratch_count(scratch_path(""), "tries") == 0)
        usleep(10000);
    tell_expect(s, 0, 0);
    pthread_join(thread, NULL);
    expect_told("tries", "x\n");
    assert_int_equal(tell_waiting(s), 0);
    setup_close(s);
}

/* Who is told to end leaves the notice to the next run. */
static void tell_interrupted(void **state)
{
    struct setup *s = tell_open(NOTES("a", ""), scratch_path(""));

    (void)state;
    tell_one_notice(s, TELL_BACKUP_FAILED, "x", NULL);
    operation_cancel_all();
    tell_expect(s, 0, 0);
    operation_cancel_reset();
    assert_int_equal(tell_waiting(s), 1);
    tell_expect(s, 1, 0);
    setup_close(s);
}

/* Mail */

static struct tell_letter letter_of(const struct config_notify *way, struct catalog_notice *n)
{
    return (struct tell_letter){way, n, "host_1.example.org"};
}

static void compose(const char *subject, const char *body, struct buffer *out)
{
    static char from[] = "b@example.org", to[] = "root,a@b , c@d";
    struct config_notify way = {.mail = to, .from = from};
    struct catalog_notice notice = {.number = 7,
                                    .event = "backup-failed",
                                    .severity = "error",
                                    .created_ns = INT64_C(1800000000) * 1000000000};
    struct tell_letter letter = letter_of(&way, &notice);

    notice.body = strdup(body);
    snprintf(notice.subject, sizeof(notice.subject), "%s", subject);
    tell_compose_mail(&letter, out);
    buffer_append_u8(out, 0);
    free(notice.body);
}

static void tell_mail_plain(void **state)
{
    struct buffer mail CLEANUP_BUFFER = BUFFER_INIT;

    (void)state;
    compose("etc failed", "one = 1\n.dot\nFrom here\nend ", &mail);
    assert_string_equal(
        (const char *)mail.data,
        "From: b@example.org\n"
        "To: root,\n a@b,\n c@d\n"
        "Subject: lagan on host_1.example.org: error: etc failed\n"
        "Date: Fri, 15 Jan 2027 08:00:00 +0000\n"
        "Message-ID: <lagan.7.1800000000000000000@host-1.example.org>\n"
        "Auto-Submitted: auto-generated\n"
        "X-Lagan-Event: backup-failed\n"
        "X-Lagan-Severity: error\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=UTF-8\n"
        "Content-Transfer-Encoding: quoted-printable\n"
        "\n"
        "etc failed\n\none =3D 1\n=2Edot\n=46rom here\nend=20\n\n"
        "backup-failed (error), on host_1.example.org at 2027-01-15T08:00:00Z\n");
}

static bool starts_with_one_of(const char *line)
{
    static const char *const starts[] = {
        " ",          "From: ",         "To: ",          "Subject: ",          "Date: ",
        "Message-ID", "Auto-Submitted", "X-Lagan-Event", "X-Lagan-Severity: ", "MIME-Version",
        "Content-"};

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncmp(line, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* Whatever a subject is made of, it adds no line to the header, and no line is too long. */
static void tell_mail_injection(void **state)
{
    static const char *const subjects[] = {
        "x\nBcc: evil@example.org\n\nbody",
        "x\r\nBcc: evil@example.org",
        "=?UTF-8?Q?=0ABcc:_evil?=",
        "\xe2\x80\xa8"
        "Bcc: evil@example.org",
        "gr\xc3\xb6\xc3\x9f"
        "er \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x92\xbe und noch sehr viel mehr "
        "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3"
        "\xb6",
        "\xff\xfe\x80",
        "a very long subject that is plain but does not fit into one line of a header at all, "
        "whatever one does with it, because it goes on and on and on and on and on and on and "
        "on",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        struct buffer mail CLEANUP_BUFFER = BUFFER_INIT;
        bool body = false;
        compose(subjects[i],
                "line\n\xc3\xa4 long long long long long long long long long long "
                "long long long long long long long long long long long long",
                &mail);
        for (char *line = (char *)mail.data; line != NULL && *line != '\0';) {
            char *end = strchr(line, '\n');
            assert_non_null(end);
            *end = '\0';
            body = body || *line == '\0';
            if (strlen(line) > 78 || (!body && !starts_with_one_of(line)))
                fail_msg("subject %zu: '%s'", i, line);
            assert_null(strchr(line, '\r'));
            line = end + 1;
        }
        assert_true(body);
    }
}

static void tell_by_mail(void **state)
{
    static const char script[] = "#!/bin/sh\ncd \"${0%/*}\"\nprintf '%s|' \"$@\" >words\n"
                                 "cat >mail\n";
    const char *odd = scratch_path("it's a mail");
    struct setup *s;

    (void)state;
    scratch_write("it's a mail", script, strlen(script), 0755);
    s = tell_open("notify a { mail = \"root\" sendmail = \"%s\" }\n"
                  "notify b { mail = \"root\" sendmail = /nowhere/sendmail }\n",
                  odd);
    tell_one_notice(s, TELL_BACKUP_FAILED, "x", "y");
    tell_expect(s, 1, 1);
    expect_told("words", "-t|-i|");
    char *mail = told("mail");
    assert_int_equal(strncmp(mail, "To: root\nSubject: lagan on ", 27), 0);
    assert_non_null(strstr(tell_last_line(), "there is no program /nowhere/sendmail"));
    free(mail);
    setup_close(s);
}

/* The web, without a server */

static void tell_json_form(void **state)
{
    struct catalog_notice notice = {.number = 7,
                                    .event = "given-up",
                                    .severity = "error",
                                    .subject = "a \"b\" \\ \n c",
                                    .created_ns = INT64_C(1800000000) * 1000000000};
    struct config_notify way = {.name = NULL};
    struct tell_letter letter = letter_of(&way, &notice);
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    (void)state;
    tell_compose_json(&letter, &text);
    buffer_append_u8(&text, 0);
    assert_string_equal(
        (const char *)text.data,
        "{\"program\":\"lagan\",\"host\":\"host_1.example.org\",\"event\":\"given-up\","
        "\"severity\":\"error\",\"subject\":\"a \\\"b\\\" \\\\ \\n c\",\"body\":\"\","
        "\"time\":\"2027-01-15T08:00:00Z\",\"number\":7,\"text\":\"a \\\"b\\\" \\\\ \\n c\\n\\n"
        "given-up (error), on host_1.example.org at 2027-01-15T08:00:00Z\\n\"}");
}

static void tell_nobody_listens(void **state)
{
    struct error e = ERROR_INIT;
    struct config *c = config_load(scratch_path("none"), &e);
    struct setup *s;

    (void)state;
    assert_null(c);
    scratch_write("line", "Authorization: Bearer 1\nX-Evil: 1\n", 34, 0600);
    s = tell_open("notify a { webhook = \"http://127.0.0.1:9/secret\" timeout = 5s }\n"
                  "notify b { webhook = \"http://127.0.0.1:9/\" header = file:%s }\n"
                  "runner { ping = \"http://127.0.0.1:9/secret\" }\n",
                  scratch_path("line"));
    e = ERROR_INIT;
    assert_int_equal(tell_try(s, config_notify_find(setup_config(s), "a"), &e), -1);
    assert_int_equal(e.error_class, LAGAN_OFFLINE);
    assert_non_null(strstr(e.text, "http://127.0.0.1:9: "));
    assert_null(strstr(e.text, "secret"));
    e = ERROR_INIT;
    assert_int_equal(tell_try(s, config_notify_find(setup_config(s), "b"), &e), -1);
    assert_non_null(strstr(e.text, "is no line of a header"));
    e = ERROR_INIT;
    assert_int_equal(tell_ping(s, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_OFFLINE);
    setup_close(s);
    s = tell_open("%s", "");
    must(tell_ping(s, "why", &e), &e);
    must(tell_metrics_file(s, &e), &e);
    setup_close(s);
}

static const struct CMUnitTest tests[] = {
    tell_test(tell_who_wants_what),  tell_test(tell_in_a_transaction),
    tell_test(tell_by_command),      tell_test(tell_hanging),
    tell_test(tell_again_and_again), tell_test(tell_one_is_refused),
    tell_test(tell_way_is_gone),     tell_test(tell_is_taken_once),
    tell_test(tell_mail_plain),      tell_test(tell_mail_injection),
    tell_test(tell_by_mail),         tell_test(tell_json_form),
    tell_test(tell_nobody_listens),  tell_test(tell_interrupted),
};

UNIT_MAIN(tests)
