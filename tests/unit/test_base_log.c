/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_log.c - levels, the sink, escapes, lines of many threads. */
#include "base/log.h"
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct seen {
    unsigned lines;
    enum log_level level;
    char line[8192];
};

static void remember(void *context, enum log_level level, const char *line)
{
    struct seen *s = context;

    errno = 1; /* a sink may leave anything there */
    s->lines++;
    s->level = level;
    snprintf(s->line, sizeof(s->line), "%s", line);
}

static void log_levels(void **state)
{
    struct seen s = {0};

    (void)state;
    log_set_sink(remember, &s);
    assert_int_equal(log_level(), LOG_WARNING);
    log_write(LOG_INFO, "vault", "hidden");
    assert_int_equal(s.lines, 0);
    log_write(LOG_WARNING, "vault", "pack %d", 3);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.level, LOG_WARNING);
    assert_string_equal(s.line, "lagan: warning: vault: pack 3");
    log_set_level(LOG_TRACE);
    log_write(LOG_TRACE, "src_files", "seen");
    assert_string_equal(s.line, "lagan: trace: src_files: seen");
    log_set_level(LOG_ERROR);
    log_write(LOG_WARNING, "vault", "hidden");
    assert_int_equal(s.lines, 2);
    log_set_level(LOG_WARNING);
    log_set_sink(NULL, NULL);
}

static void log_escapes_and_cuts(void **state)
{
    struct seen s = {0};
    char longer[6000];

    (void)state;
    log_set_sink(remember, &s);
    errno = 17;
    log_write(LOG_ERROR, "cli", "a\nb\x1b[0m%s", "\r");
    assert_int_equal(errno, 17);
    assert_string_equal(s.line, "lagan: error: cli: a\\x0ab\\x1b[0m\\x0d");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    log_write(LOG_ERROR, "cli", "%s", longer);
    assert_int_equal(strlen(s.line), 4095);
    log_set_sink(NULL, NULL);
}

static void log_json(void **state)
{
    static const struct log_field fields[] = {
        {"vault", "ma\"in", 0}, {"empty", "", 0}, {"count", NULL, -3}};
    struct seen s = {0};
    char longer[6000];

    (void)state;
    log_set_sink(remember, &s);
    log_set_format(LOG_JSON);
    assert_int_equal(log_format(), LOG_JSON);
    log_write_fields(LOG_ERROR, "cli", fields, 3, "a\nb\x1b[0m%s", "\xff\r");
    assert_int_equal(strncmp(s.line, "{\"time\":\"20", 11), 0);
    assert_non_null(strstr(s.line, "Z\",\"level\":\"error\",\"area\":\"cli\",\"text\":"
                                   "\"a\\nb\\u001b[0m\xef\xbf\xbd\\u000d\","
                                   "\"vault\":\"ma\\\"in\",\"count\":-3}"));
    log_write(LOG_INFO, "cli", "hidden");
    assert_int_equal(s.lines, 1);
    /* What is too long stays an object. */
    memset(longer, '"', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    log_write_fields(LOG_ERROR, "cli", fields, 3, "%s", longer);
    assert_true(strlen(s.line) < LOG_LINE_SIZE);
    assert_int_equal(s.line[strlen(s.line) - 1], '}');
    log_set_format(LOG_TEXT);
    log_write_fields(LOG_ERROR, "cli", fields, 3, "words");
    assert_string_equal(s.line, "lagan: error: cli: words");
    log_set_sink(NULL, NULL);
}

static void *write_many(void *argument)
{
    (void)argument;
    for (int i = 0; i < 1000; i++)
        log_write(LOG_ERROR, "test", "line %d", i);
    return NULL;
}

static void log_threads(void **state)
{
    struct seen s = {0};
    pthread_t threads[4];

    (void)state;
    log_set_sink(remember, &s);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    log_set_sink(NULL, NULL);
    assert_int_equal(s.lines, 4000);
}

static void log_to_stderr(void **state)
{
    int ends[2], saved = dup(STDERR_FILENO);
    char text[64] = "";

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_write(LOG_ERROR, "test", "seen");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_string_equal(text, "lagan: error: test: seen\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(log_levels),    cmocka_unit_test(log_escapes_and_cuts),
    cmocka_unit_test(log_json),      cmocka_unit_test(log_threads),
    cmocka_unit_test(log_to_stderr),
};
UNIT_MAIN(tests)
