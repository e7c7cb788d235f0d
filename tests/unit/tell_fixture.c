/* SPDX-License-Identifier: Apache-2.0 */
/* tell_fixture.c - see tell_fixture.h. */
#include "tell_fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t now_ns;
static char last_line[8192];

int64_t tell_now_ns(void)
{
    return now_ns;
}

void tell_wait(int64_t seconds)
{
    now_ns += seconds * 1000000000;
}

static void remember(void *context, enum log_level level, const char *line)
{
    (void)context, (void)level;
    snprintf(last_line, sizeof(last_line), "%s", line);
}

const char *tell_last_line(void)
{
    return last_line;
}

int tell_setup(void **state)
{
    now_ns = INT64_C(1800000000) * 1000000000;
    last_line[0] = '\0';
    clock_override(tell_now_ns);
    log_set_sink(remember, NULL);
    return scratch_setup(state);
}

int tell_teardown(void **state)
{
    log_set_sink(NULL, NULL);
    log_set_format(LOG_TEXT);
    log_set_level(LOG_WARNING);
    clock_override(NULL);
    return scratch_teardown(state);
}

struct setup *tell_open(const char *format, ...)
{
    struct setup_request request = {.config_path = scratch_path("lagan.conf"),
                                    .driver_directory = scratch_path("")};
    struct error e = ERROR_INIT;
    struct setup *s = NULL;
    char *text = NULL, *all = NULL;
    va_list arguments;

    va_start(arguments, format);
    assert_true(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    assert_true(asprintf(&all, "state = %s\n%s", scratch_path("state"), text) >= 0);
    scratch_write("lagan.conf", all, strlen(all), 0600);
    free(text);
    free(all);
    must(setup_open(&request, &s, &e), &e);
    return s;
}

void tell_one_notice(struct setup *s, enum tell_event event, const char *subject,
                     const char *body)
{
    struct tell_notice notice = {.event = event, .subject = subject, .body = body};
    struct error e = ERROR_INIT;

    must(tell(s, &notice, &e), &e);
}

void tell_expect(struct setup *s, uint64_t sent, uint64_t failed)
{
    uint64_t was_sent = 99, has_failed = 99;
    struct error e = ERROR_INIT;

    must(tell_send(s, &was_sent, &has_failed, &e), &e);
    if (was_sent != sent || has_failed != failed)
        fail_msg("%llu sent, %llu failed: %s", (unsigned long long)was_sent,
                 (unsigned long long)has_failed, last_line);
}

uint64_t tell_waiting(struct setup *s)
{
    struct error e = ERROR_INIT;
    uint64_t count = 99;

    must(catalog_notice_count(setup_catalog(s), &count, &e), &e);
    return count;
}
