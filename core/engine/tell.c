/* SPDX-License-Identifier: Apache-2.0 */
/* tell.c - which notice goes which way, and the queue of those that wait. */
#include "engine/tell.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "driver/operation.h"
#include "engine/tell_private.h"
#include "engine/web.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
static const int64_t LEAST_GAP_NS = 60 * SECOND_NS;
static const int64_t MOST_GAP_NS = 4 * 3600 * SECOND_NS;
static const int64_t GIVE_UP_NS = 24 * 3600 * SECOND_NS;
static const int64_t PING_LIMIT_NS = 30 * SECOND_NS;
enum { BODY_LIMIT = 64 << 10 };

static const struct {
    const char *name, *severity;
} events[] = {
#define X(symbol, name, severity, text) {name, severity},
    TELL_EVENTS(X)
#undef X
};

const char *tell_event_name(enum tell_event event)
{
    return events[event].name;
}

const char *tell_event_severity(enum tell_event event)
{
    return events[event].severity;
}

/* Recording */

static int rank(const char *severity)
{
    static const char *const ranks[] = {"info", "warning", "error"};

    for (int i = 0; i < 3; i++)
        if (strcmp(ranks[i], severity) == 0)
            return i;
    return 0;
}

/* Whether `name` stands in the list "a, b". */
static bool is_in_list(const char *list, const char *name)
{
    size_t size = strlen(name);

    while (*list != '\0') {
        list += strspn(list, ", ");
        size_t length = strcspn(list, ", ");
        if (length == size && memcmp(list, name, size) == 0)
            return true;
        list += length;
    }
    return false;
}

static bool wants(const struct config_notify *way, const struct tell_notice *notice)
{
    if (notice->ways != NULL && !is_in_list(notice->ways, way->name))
        return false;
    if (rank(tell_event_severity(notice->event)) < rank(way->severity))
        return false;
    for (size_t i = 0; i < way->event_count; i++)
        if (strcmp(way->events[i], tell_event_name(notice->event)) == 0)
            return true;
    return way->event_count == 0;
}

/* Line by line, so that lines stay lines and nothing else passes as one. */
static void clean_body(const char *body, struct buffer *out)
{
    char line[4096];

    while (body != NULL && *body != '\0' && out->size < BODY_LIMIT) {
        size_t length = strcspn(body, "\n");
        size_t used = text_escape_line(line, sizeof(line), body, length);
        buffer_append(out, line, used);
        body += length;
        if (*body == '\n') {
            buffer_append_u8(out, '\n');
            body++;
        }
    }
    buffer_append_u8(out, 0);
}

static int insert(struct setup *s, const struct tell_notice *notice, struct buffer *body,
                  struct error *e)
{
    const struct config *config = setup_config(s);
    struct catalog_notice row = {.body = (char *)body->data};

    memcpy(row.event, tell_event_name(notice->event), strlen(tell_event_name(notice->event)));
    memcpy(row.severity, tell_event_severity(notice->event),
           strlen(tell_event_severity(notice->event)));
    text_escape_line(row.subject, sizeof(row.subject), notice->subject,
                     strlen(notice->subject));
    for (size_t i = 0; i < config->notify_count; i++) {
        const struct config_notify *way = &config->notify[i];
        if (!wants(way, notice))
            continue;
        memset(row.way, 0, sizeof(row.way));
        memcpy(row.way, way->name, strlen(way->name)); /* at most 64 bytes */
        row.created_ns = row.due_ns = 0;
        if (catalog_notice_insert(setup_catalog(s), &row, e) != 0)
            return -1;
    }
    return 0;
}

int tell(struct setup *s, const struct tell_notice *notice, struct error *e)
{
    struct buffer body CLEANUP_BUFFER = BUFFER_INIT;
    struct catalog *c = setup_catalog(s);

    clean_body(notice->body, &body);
    if (buffer_check(&body, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    if (insert(s, notice, &body, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* Sending */

struct sending {
    struct setup *setup;
    uint64_t sent, failed;
    bool *away; /* by the number of the way: it did not answer a moment ago */
};

/* How long until the next try: as long as it has waited already, within limits. */
static int64_t gap_of(const struct catalog_notice *notice, int64_t now_ns)
{
    int64_t age = now_ns - notice->created_ns;

    if (age < LEAST_GAP_NS)
        return LEAST_GAP_NS;
    return age > MOST_GAP_NS ? MOST_GAP_NS : age;
}

/* The next one, which nobody else takes while we tell it: 1, 0, -1. */
static int take(struct setup *s, struct catalog_notice *notice, struct error *e)
{
    const struct config *config = setup_config(s);
    struct catalog *c = setup_catalog(s);
    int64_t now = clock_wall_ns();

    if (catalog_begin(c, e) != 0)
        return -1;
    int found = catalog_notice_next(c, now, notice, e);
    if (found > 0) {
        const struct config_notify *way = config_notify_find(config, notice->way);
        int64_t limit = way != NULL ? way->timeout_ns : 0;
        if (catalog_notice_again(c, notice->number, now + LEAST_GAP_NS + 2 * limit,
                                 notice->error_text, e) != 0) {
            catalog_notice_free(notice);
            found = -1;
        }
    }
    if (found < 0)
        catalog_rollback(c);
    else if (catalog_commit(c, e) != 0) {
        if (found > 0)
            catalog_notice_free(notice);
        return -1;
    }
    return found;
}

static int postpone(struct setup *s, const struct catalog_notice *notice, const char *why,
                    struct error *e)
{
    int64_t now = clock_wall_ns();

    return catalog_notice_again(setup_catalog(s), notice->number, now + gap_of(notice, now),
                                why, e);
}

static int drop(struct setup *s, const struct catalog_notice *notice, const char *why,
                struct error *e)
{
    log_write(LOG_ERROR, "notify", "the notice '%s' is dropped: %s: %s", notice->subject,
              notice->way, why);
    return catalog_notice_done(setup_catalog(s), notice->number, e);
}

static int fail(struct sending *sending, const struct catalog_notice *notice, size_t way,
                const struct error *why, struct error *e)
{
    sending->failed++;
    sending->away[way] = why->error_class == LAGAN_OFFLINE ||
                         why->error_class == LAGAN_TIMEOUT ||
                         why->error_class == LAGAN_TRANSIENT;
    if (clock_wall_ns() - notice->created_ns >= GIVE_UP_NS)
        return drop(sending->setup, notice, why->text, e);
    log_write(LOG_WARNING, "notify", "the notice '%s' waits: %s: %s", notice->subject,
              notice->way, why->text);
    return postpone(sending->setup, notice, why->text, e);
}

static int tell_one(struct sending *sending, const struct catalog_notice *notice,
                    struct error *e)
{
    const struct config *config = setup_config(sending->setup);
    const struct config_notify *way = config_notify_find(config, notice->way);
    struct tell_letter letter = {way, notice, setup_host_name(sending->setup)};
    struct error why = ERROR_INIT;

    if (way == NULL)
        return drop(sending->setup, notice, "the configuration has no such way any more", e);
    size_t number = (size_t)(way - config->notify);
    if (sending->away[number])
        return postpone(sending->setup, notice, "the way did not answer", e);
    if (tell_deliver(&letter, &why) != 0)
        return fail(sending, notice, number, &why, e);
    sending->sent++;
    return catalog_notice_done(setup_catalog(sending->setup), notice->number, e);
}

/* As many as there were at the start: what comes back during this is for the next call. */
static int send_all(struct sending *sending, struct error *e)
{
    uint64_t left = 0;

    if (catalog_notice_count(setup_catalog(sending->setup), &left, e) != 0)
        return -1;
    for (; left > 0 && !operation_all_cancelled(); left--) {
        struct catalog_notice notice = {0};
        int found = take(sending->setup, &notice, e);
        if (found <= 0)
            return found;
        int result = tell_one(sending, &notice, e);
        catalog_notice_free(&notice);
        if (result != 0)
            return -1;
    }
    return 0;
}

int tell_send(struct setup *s, uint64_t *sent, uint64_t *failed, struct error *e)
{
    struct sending sending = {.setup = s};
    size_t ways = setup_config(s)->notify_count;

    sending.away = calloc(ways + 1, sizeof(*sending.away));
    if (sending.away == NULL)
        return error_no_memory(e, "notices");
    int result = send_all(&sending, e);
    free(sending.away);
    if (sent != NULL)
        *sent = sending.sent;
    if (failed != NULL)
        *failed = sending.failed;
    return result;
}

int tell_try(struct setup *s, const struct config_notify *way, struct error *e)
{
    static char body[] = "This is a test: whoever reads it will be told.";
    struct catalog_notice notice = {.event = "test",
                                    .severity = "info",
                                    .subject = "a test of how people are told",
                                    .body = body,
                                    .created_ns = clock_wall_ns()};
    struct tell_letter letter = {way, &notice, setup_host_name(s)};

    return tell_deliver(&letter, e);
}

/* The sign of life */

int tell_ping(struct setup *s, const char *why, struct error *e)
{
    const char *url = setup_config(s)->runner.ping;
    struct web_request request = {.timeout_ns = PING_LIMIT_NS};
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    if (url == NULL)
        return 0;
    size_t path = strcspn(url, "?");
    buffer_append(&text, url, path);
    if (why != NULL)
        buffer_append_format(&text, "%s", url[path - 1] == '/' ? "fail" : "/fail");
    buffer_append(&text, url + path, strlen(url + path) + 1);
    if (buffer_check(&text, e) != 0)
        return -1;
    request.url = (const char *)text.data;
    return web_send(&request, e);
}

/* Metrics as a file */

int tell_metrics_file(struct setup *s, struct error *e)
{
    const char *path = setup_config(s)->metrics.file;
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    if (path == NULL)
        return 0;
    if (tell_metrics(s, &text, e) != 0)
        return -1;
    if (file_write_atomic(path, text.data, text.size, 0644, e) != 0)
        return error_context(e, "the metrics");
    return 0;
}
