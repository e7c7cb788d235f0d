/* SPDX-License-Identifier: Apache-2.0 */
/* test_config_tell.c - the sections `runner`, `notify` and `metrics`, and `limits { policies
 * }`: what holds, what is taken, what is refused and in which words. */
#include <config.h>

#include "config_fixture.h"
#include "engine/tell.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static void config_tell_defaults(void **state)
{
    struct error e;
    struct config *c = config_text("", 0, &e);

    (void)state;
    assert_non_null(c);
    assert_int_equal(c->limits.policies, 32);
    assert_int_equal(c->runner.jobs, 2);
    assert_int_equal(c->runner.nice, 10);
    assert_string_equal(c->runner.io_class, "best-effort");
    assert_null(c->runner.bandwidth);
    assert_int_equal(c->runner.attempts, 3);
    assert_int_equal(c->runner.retry_ns, 300 * SECOND);
    assert_int_equal(c->runner.expire_ns, 86400 * SECOND);
    assert_null(c->runner.expire_window);
    assert_int_equal(c->runner.prune_ns, 7 * 86400 * SECOND);
    assert_int_equal(c->runner.verify_ns, 30 * 86400 * SECOND);
    assert_null(c->runner.ping);
    assert_string_equal(c->runner.log_format, "text");
    assert_null(c->metrics.file);
    assert_null(c->metrics.listen);
    assert_int_equal(c->notify_count, 0);
    config_free(c);
}

static void config_tell_everything(void **state)
{
    static const char text[] =
        "limits { policies = 7 }\n"
        "runner { jobs = 64 nice = 0 io-class = idle attempts = 100 retry-delay = 1s "
        "bandwidth = \"8:18:512|18:24:1\"\n"
        "  expire-every = 1m expire-window = \"22:30-06:00\" prune-every = 0\n"
        "  verify-within = 0 log-format = json }\n"
        "metrics { file = /run/lagan.prom }\n"
        "notify log { command = 'logger -t \"lagan\"' severity = info timeout = 5s }\n"
        "notify mail_1 { mail = \"root, a.b+c@example.org\" from = x@y sendmail = /bin/true }\n"
        "notify some { command = true events = { summary, backup-failed } }\n";
    struct error e;
    struct config *c = config_text(text, strlen(text), &e);

    (void)state;
    if (c == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(c->limits.policies, 7);
    assert_int_equal(c->runner.jobs, 64);
    assert_int_equal(c->runner.nice, 0);
    assert_string_equal(c->runner.io_class, "idle");
    assert_string_equal(c->runner.bandwidth, "8:18:512|18:24:1");
    assert_int_equal(c->runner.retry_ns, SECOND);
    assert_int_equal(c->runner.expire_ns, 60 * SECOND);
    assert_string_equal(c->runner.expire_window, "22:30-06:00");
    assert_int_equal(c->runner.prune_ns, 0);
    assert_string_equal(c->runner.log_format, "json");
    assert_string_equal(c->metrics.file, "/run/lagan.prom");
    assert_int_equal(c->notify_count, 3);
    const struct config_notify *log = config_notify_find(c, "log");
    assert_non_null(log);
    assert_string_equal(log->command, "logger -t \"lagan\"");
    assert_string_equal(log->severity, "info");
    assert_int_equal(log->timeout_ns, 5 * SECOND);
    assert_int_equal(log->place.line, 6);
    const struct config_notify *mail = config_notify_find(c, "mail_1");
    assert_string_equal(mail->mail, "root, a.b+c@example.org");
    assert_string_equal(mail->from, "x@y");
    assert_string_equal(mail->severity, "warning");
    assert_int_equal(mail->timeout_ns, 30 * SECOND);
    /* Who names events wants them, harmless ones too. */
    const struct config_notify *some = config_notify_find(c, "some");
    assert_int_equal(some->event_count, 2);
    assert_string_equal(some->severity, "info");
    assert_null(config_notify_find(c, "none"));
    config_free(c);
}

#define RUNNER(text) "runner { " text " }"
#define WAY(text) "notify a { " text " }"
#define URL "a URL that starts with http:// or https://"

static const struct config_row rows[] = {
    /* runner: each at its borders */
    {RUNNER("jobs = 1"), ""},
    {RUNNER("jobs = 0"), ":1: jobs = '0': a number from 1 to 64"},
    {RUNNER("jobs = 65"), "a number from 1 to 64"},
    {"\nrunner {\n nice = 20 }", ":3: nice = '20': a number from 0 to 19"},
    {RUNNER("nice = -1"), "a number from 0 to 19"},
    {RUNNER("io-class = realtime"), "io-class = 'realtime': idle, best-effort or none"},
    {RUNNER("bandwidth = \"0:25:1\""), "bandwidth '0:25:1': "},
    {RUNNER("io-class = none"), ""},
    {RUNNER("io-class = \"\""), "idle, best-effort or none"},
    {RUNNER("io-class = \"idle|none\""), "idle, best-effort or none"},
    {RUNNER("attempts = 0"), "a number from 1 to 100"},
    {RUNNER("attempts = 101"), "a number from 1 to 100"},
    {RUNNER("retry-delay = 0"), "a duration from 1s to 7d"},
    {RUNNER("retry-delay = 8d"), "a duration from 1s to 7d"},
    {RUNNER("expire-every = 59s"), "a duration from 1m to 3650d"},
    {RUNNER("prune-every = 3651d"), "a duration of 0 to 3650d"},
    {RUNNER("verify-within = soon"), "a duration of 0 to 3650d"},
    {RUNNER("expire-window = \"08:00-20:00\""), ""},
    {RUNNER("expire-window = \"22:00-24:00\""), ""},
    {RUNNER("expire-window = \"08:00-08:00\""), "two times of day, such as \"08:00-20:00\""},
    {RUNNER("expire-window = \"24:00-08:00\""), "two times of day"},
    {RUNNER("expire-window = \"8:00-20:00\""), "two times of day"},
    {RUNNER("expire-window = \"08:60-20:00\""), "two times of day"},
    {RUNNER("expire-window = \"08:00-24:01\""), "two times of day"},
    {RUNNER("expire-window = \"08:00 20:00\""), "two times of day"},
    {RUNNER("expire-window = \"08:00-20:00 \""), "two times of day"},
    {RUNNER("expire-window = \"\""), "two times of day"},
    {RUNNER("log-format = xml"), "log-format = 'xml': text or json"},
    {RUNNER("speed = 1"), ":1: no such option 'speed'; known here: jobs, nice"},
    {RUNNER("jobs = 1 jobs = 2"), "'jobs' is set already, on line 1"},
    {RUNNER("ping = \"ftp://a/b\""), URL},
    {RUNNER("ping = \"https://\""), URL},
    {RUNNER("ping = \"https://u:p@h/\""), URL},
    {RUNNER("ping = \"https://a b/\""), URL},
    {RUNNER("ping = \"HTTP://a/\""), URL},
    {RUNNER("ping = \"file:///etc/passwd\""), URL},
    {RUNNER("ping = \"http:///x\""), URL},
    {"limits { policies = 0 }", "a number from 1 to 100000"},
    /* metrics */
    {"metrics { file = here }", "file = 'here': the absolute path of a file"},
    {"metrics { file = /a/ }", "the absolute path of a file"},
    {"metrics { file = / }", "the absolute path of a file"},
    {"metrics { listen = 9120 }", "a numeric address and a port"},
    {"metrics { listen = \"localhost:9120\" }", "a numeric address and a port"},
    {"metrics { listen = \"127.0.0.1:0\" }", "a numeric address and a port"},
    {"metrics { listen = \"127.0.0.1:65536\" }", "a numeric address and a port"},
    {"metrics { listen = \"127.0.0.1: 80\" }", "a numeric address and a port"},
    {"metrics { listen = \"127.0.0.1:80x\" }", "a numeric address and a port"},
    {"metrics { listen = \"::1:80\" }", "a numeric address and a port"},
    {"metrics { listen = \"[127.0.0.1]:80\" }", "a numeric address and a port"},
#ifdef HAVE_MICROHTTPD
    {"metrics { listen = \"127.0.0.1:9120\" }", ""},
    {"metrics { listen = \"[::1]:65535\" }", ""},
#else
    {"metrics { listen = \"127.0.0.1:9120\" }", "built without libmicrohttpd; `file` works"},
#endif
    /* notify: one way, its own settings */
    {WAY(""), ":1: notify 'a' has no way to tell: exactly one of command, mail and webhook"},
    {WAY("command = x mail = root"), "notify 'a' has several ways to tell"},
    {WAY("command = \"\""), "command = '': a command for the shell"},
    {WAY("mail = root"), ""},
    {WAY("mail = \"\""), "addresses with commas between"},
    {WAY("mail = \"a b\""), "addresses with commas between"},
    {WAY("mail = \"a,\""), "addresses with commas between"},
    {WAY("mail = \"a@\""), "addresses with commas between"},
    {WAY("mail = \"@b\""), "addresses with commas between"},
    {WAY("mail = \"a@b@c\""), "addresses with commas between"},
    {WAY("mail = \"-oQ/tmp\""), "addresses with commas between"},
    {WAY("mail = \"a<b>\""), "addresses with commas between"},
    {WAY("mail = root from = \"a, b\""), "an address, such as backup@example.org"},
    {WAY("mail = root sendmail = sendmail"), "the absolute path of a program"},
    {WAY("command = x from = a@b"), ":1: `from` is for mail only"},
    {WAY("command = x sendmail = /x"), "`sendmail` is for mail only"},
    {WAY("mail = root header = file:/x"), "`header` is for a webhook only"},
    {WAY("mail = root ca-file = /x"), "`ca-file` is for a webhook only"},
    {WAY("webhook = \"https://x/\" ca-file = x"), "the absolute path of a file"},
    {WAY("webhook = \"gopher://x\""), URL},
    {WAY("webhook = \"https://me:secret@x/\""), "a password goes into `header`"},
    {WAY("webhook = \"http://x/\" header = secret"), "file:PATH, fd:N, command:LINE"},
#ifdef HAVE_CURL
    {WAY("webhook = \"https://x.example/a?b=c\" header = file:/x"), ""},
    {RUNNER("ping = \"https://hc.example/0-1?x=y\""), ""},
#else
    {WAY("webhook = \"https://x.example/\""), "built without libcurl"},
    {RUNNER("ping = \"https://hc.example/\""), "built without libcurl"},
#endif
    {WAY("command = x severity = fatal"), "severity = 'fatal': info, warning or error"},
    {WAY("command = x timeout = 0"), "a duration from 1s to 10m"},
    {WAY("command = x timeout = 11m"), "a duration from 1s to 10m"},
    {WAY("command = x events = { }"), "an empty list of events"},
    {WAY("command = x events = { backup }"), "events = 'backup': it can be backup-done"},
    {WAY("command = x events = { summary, summary }"), "it stands there twice"},
    {WAY("command = x colour = red"), "no such option 'colour'"},
    {"notify { command = x }", "missing title"},
    {"notify \"a b\" { command = x }", "names have 1 to 64 letters"},
    {"notify \"\" { command = x }", "names have 1 to 64 letters"},
    {"notify -a { command = x }", "names have 1 to 64 letters"},
    {WAY("command = x") "\n" WAY("command = x"), ":2: the section 'notify a' is there already"},
};

static void config_tell_corpus(void **state)
{
    (void)state;
    config_try(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Each event can be named. */
static void config_tell_events(void **state)
{
    char text[200];
    struct error e;

    (void)state;
    for (int i = 0; i < TELL_EVENT_COUNT; i++) {
        int size = snprintf(text, sizeof(text), "notify a { command = x events = { %s } }",
                            tell_event_name((enum tell_event)i));
        struct config *c = config_text(text, (size_t)size, &e);
        if (c == NULL)
            fail_msg("%s", e.text);
        config_free(c);
    }
}

static void config_tell_window(void **state)
{
    static const struct {
        const char *window;
        unsigned minute;
        bool holds;
    } cases[] = {
        {NULL, 0, true},
        {"08:00-20:00", 479, false},
        {"08:00-20:00", 480, true},
        {"08:00-20:00", 1199, true},
        {"08:00-20:00", 1200, false},
        {"22:00-06:00", 1319, false},
        {"22:00-06:00", 1320, true},
        {"22:00-06:00", 0, true},
        {"22:00-06:00", 359, true},
        {"22:00-06:00", 360, false},
        {"00:00-24:00", 0, true},
        {"00:00-24:00", 1439, true},
        {"23:59-24:00", 1439, true},
        {"23:59-24:00", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (config_window_holds(cases[i].window, cases[i].minute) != cases[i].holds)
            fail_msg("%s at minute %u", cases[i].window, cases[i].minute);
}

static const struct CMUnitTest tests[] = {
    scratch_test(config_tell_defaults),   scratch_test(config_tell_everything),
    scratch_test(config_tell_corpus),     scratch_test(config_tell_events),
    cmocka_unit_test(config_tell_window),
};

UNIT_MAIN(tests)
