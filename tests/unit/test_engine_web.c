/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_web.c - webhooks and pings against a real web server on this machine. */
#include <config.h>

#include "base/error.h"
#include "scratch.h"
#include "tell_fixture.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t server;
static unsigned port;

/* tests/scenario/web_server.py with its log in the scratch folder. */
static void start_server(void)
{
    const char *top = getenv("abs_top_srcdir");
    char script[512], text[16] = "";
    int ends[2];

    snprintf(script, sizeof(script), "%s/tests/scenario/web_server.py", top ? top : ".");
    assert_int_equal(pipe(ends), 0);
    scratch_write("log", "", 0, 0600);
    server = fork();
    assert_true(server >= 0);
    if (server == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execlp("python3", "python3", script, scratch_path("log"), (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    for (size_t got = 0; got < sizeof(text) - 1 && strchr(text, '\n') == NULL;) {
        ssize_t more = read(ends[0], text + got, sizeof(text) - 1 - got);
        assert_true(more > 0);
        got += (size_t)more;
    }
    close(ends[0]);
    port = (unsigned)strtoul(text, NULL, 10);
    assert_in_range(port, 1, 65535);
}

static void stop_server(void)
{
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    server = 0;
}

static int web_setup(void **state)
{
    int result = tell_setup(state);

    start_server();
    return result;
}

static int web_teardown(void **state)
{
    stop_server();
    return tell_teardown(state);
}

/* How many lines of the server's log have all of `parts` (ends with NULL). */
static size_t count_requests(const char *const *parts)
{
    char *text = scratch_read("log", NULL);
    size_t count = 0;

    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        bool all = true;
        for (size_t i = 0; parts[i] != NULL; i++)
            all = all && strstr(line, parts[i]) != NULL;
        count += all;
    }
    free(text);
    return count;
}
#define REQUESTS(...) count_requests((const char *const[]){__VA_ARGS__, NULL})

static void web_takes_json(void **state)
{
    struct setup *s;

    (void)state;
    scratch_write("secret", "Authorization: Bearer hush\n", 27, 0600);
    s = tell_open("notify a { webhook = \"http://127.0.0.1:%u/hook?x=1\" header = file:%s }\n",
                  port, scratch_path("secret"));
    tell_one_notice(s, TELL_BACKUP_FAILED, "etc \"failed\"\r\nX-Evil: 1", "why\n");
    tell_expect(s, 1, 0);
    assert_int_equal(REQUESTS(""), 1);
    assert_int_equal(REQUESTS("\"POST\"", "\"/hook?x=1\"", "\"authorization\": \"Bearer hush\"",
                              "\"content-type\": \"application/json\"",
                              "\"user-agent\": \"lagan/" PACKAGE_VERSION "\"",
                              "\\\"event\\\":\\\"backup-failed\\\""),
                     1);
    assert_int_equal(REQUESTS("x-evil"), 0);
    setup_close(s);
}

/* What may pass is tried again; what would be the same again does not hold others up. */
static void web_is_tried_again(void **state)
{
    struct setup *s = tell_open("notify a { webhook = \"http://127.0.0.1:%1$u/flaky\" }\n"
                                "notify b { webhook = \"http://127.0.0.1:%1$u/status/404\" }\n"
                                "notify c { webhook = \"http://127.0.0.1:%1$u/redirect\" }\n",
                                port);

    (void)state;
    tell_one_notice(s, TELL_BACKUP_FAILED, "one", NULL);
    tell_one_notice(s, TELL_BACKUP_FAILED, "two", NULL);
    /* a: 503 once, then away for this call; b and c: each notice is refused. */
    tell_expect(s, 0, 5);
    assert_int_equal(REQUESTS("/flaky"), 1);
    assert_int_equal(REQUESTS("/status/404"), 2);
    assert_non_null(strstr(tell_last_line(), "answered with the status 302"));
    tell_wait(61);
    tell_expect(s, 2, 4);
    assert_int_equal(REQUESTS("/flaky"), 3);
    assert_int_equal(REQUESTS("/redirected"), 0);
    assert_int_equal(tell_waiting(s), 4);
    setup_close(s);
}

static void web_bounds(void **state)
{
    struct setup *s =
        tell_open("notify slow { webhook = \"http://127.0.0.1:%1$u/slow\" timeout = 1s }\n"
                  "notify endless { webhook = \"http://127.0.0.1:%1$u/endless\" }\n",
                  port);
    const struct config *c = setup_config(s);
    struct timespec before, after;
    struct error e = ERROR_INIT;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(tell_try(s, config_notify_find(c, "slow"), &e), -1);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(e.error_class, LAGAN_TIMEOUT);
    assert_in_range(after.tv_sec - before.tv_sec, 0, 3);
    e = ERROR_INIT;
    assert_int_equal(tell_try(s, config_notify_find(c, "endless"), &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    setup_close(s);
}

static void web_ping(void **state)
{
    struct setup *s = tell_open("runner { ping = \"http://127.0.0.1:%u/ping/1?x=y\" }\n", port);
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(tell_ping(s, NULL, &e), 0);
    assert_int_equal(REQUESTS("\"GET\"", "\"path\": \"/ping/1?x=y\""), 1);
    assert_int_equal(tell_ping(s, "it failed", &e), 0);
    assert_int_equal(REQUESTS("\"GET\"", "\"path\": \"/ping/1/fail?x=y\""), 1);
    stop_server();
    assert_int_equal(tell_ping(s, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_OFFLINE);
    assert_null(strstr(e.text, "ping"));
    setup_close(s);
}

#define web_test(function) cmocka_unit_test_setup_teardown(function, web_setup, web_teardown)
static const struct CMUnitTest tests[] = {
    web_test(web_takes_json),
    web_test(web_is_tried_again),
    web_test(web_bounds),
    web_test(web_ping),
};

#ifdef HAVE_CURL
UNIT_MAIN(tests)
#else
int main(void)
{
    (void)tests;
    print_message("SKIPPED: built without libcurl\n");
    return 77;
}
#endif
