/* SPDX-License-Identifier: Apache-2.0 */
/* tell_deliver.c - the three ways: a command, a mail, a webhook. */
#include "engine/tell_private.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "driver/operation.h"
#include "driver/secret.h"
#include "engine/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SENDMAIL "/usr/sbin/sendmail"
enum { VARIABLES = 8 };

void tell_compose_text(const struct tell_letter *letter, struct buffer *out)
{
    const struct catalog_notice *notice = letter->notice;
    char when[CLOCK_TEXT_SIZE];

    clock_format_utc(notice->created_ns, when);
    buffer_append_format(out, "%s\n\n", notice->subject);
    if (notice->body != NULL && notice->body[0] != '\0')
        buffer_append_format(out, "%s%s\n", notice->body,
                             notice->body[strlen(notice->body) - 1] == '\n' ? "" : "\n");
    buffer_append_format(out, "%s (%s), on %s at %s\n", notice->event, notice->severity,
                         letter->host, when);
}

/* "text" is what the webhooks of chat services show. */
void tell_compose_json(const struct tell_letter *letter, struct buffer *out)
{
    const struct catalog_notice *notice = letter->notice;
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    struct json j = json_to(out);

    tell_compose_text(letter, &text);
    buffer_append_u8(&text, 0);
    json_object(&j, NULL);
    json_text(&j, "program", "lagan");
    json_text(&j, "host", letter->host);
    json_text(&j, "event", notice->event);
    json_text(&j, "severity", notice->severity);
    json_text(&j, "subject", notice->subject);
    json_text(&j, "body", notice->body != NULL ? notice->body : "");
    json_time(&j, "time", notice->created_ns);
    json_signed(&j, "number", notice->number);
    json_text(&j, "text", text.failed ? notice->subject : (const char *)text.data);
    json_object_end(&j);
}

/* The facts of a notice as variables. */
struct variables {
    char *texts[VARIABLES + 1];
    size_t count;
};

static void clear_variables(struct variables *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->texts[i]);
}

static int add_variable(struct variables *v, const char *name, const char *value,
                        struct error *e)
{
    if (asprintf(&v->texts[v->count], "%s=%s", name, value) < 0) {
        v->texts[v->count] = NULL;
        return error_no_memory(e, "a notice");
    }
    v->count++;
    return 0;
}

static int fill_variables(const struct tell_letter *letter, struct variables *v,
                          struct error *e)
{
    const struct catalog_notice *notice = letter->notice;
    char when[CLOCK_TEXT_SIZE], number[32];

    clock_format_utc(notice->created_ns, when);
    snprintf(number, sizeof(number), "%lld", (long long)notice->number);
    const char *const facts[][2] = {{"LAGAN_EVENT", notice->event},
                                    {"LAGAN_SEVERITY", notice->severity},
                                    {"LAGAN_SUBJECT", notice->subject},
                                    {"LAGAN_TIME", when},
                                    {"LAGAN_HOST", letter->host},
                                    {"LAGAN_WAY", letter->way->name},
                                    {"LAGAN_NUMBER", number}};
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        if (add_variable(v, facts[i][0], facts[i][1], e) != 0)
            return -1;
    return 0;
}

/* Runs `line` with `input`. */
static int run(const struct tell_letter *letter, const char *line, const struct buffer *input,
               struct error *e)
{
    struct variables v = {.count = 0};
    struct command_request request = {.line = line,
                                      .variables = (const char *const *)v.texts,
                                      .input = input->data,
                                      .input_size = input->size,
                                      .limit_ns = letter->way->timeout_ns,
                                      .grace_ns = INT64_C(1000000000),
                                      .cancel_fd = operation_cancel_fd()};
    struct command_result result;
    char outcome[ERROR_TEXT_SIZE / 2];
    int ran = buffer_check(input, e);

    if (ran == 0)
        ran = fill_variables(letter, &v, e);
    if (ran == 0)
        ran = command_run(&request, &result, e);
    clear_variables(&v);
    if (ran != 0 || command_succeeded(&result))
        return ran;
    if (result.cancelled)
        return operation_check(e) != 0
                   ? -1
                   : error_set(e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "the command was ended");
    command_outcome(&request, &result, outcome, sizeof(outcome));
    return error_set(e, result.timed_out ? LAGAN_TIMEOUT : LAGAN_INVALID, ERROR_FAILED,
                     "the command %s", outcome);
}

static int by_command(const struct tell_letter *letter, struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    tell_compose_text(letter, &text);
    return run(letter, letter->way->command, &text, e);
}

/* The program's path as one word for the shell. */
static void quote(struct buffer *line, const char *path)
{
    buffer_append_u8(line, '\'');
    for (; *path != '\0'; path++) {
        if (*path == '\'')
            buffer_append_format(line, "'\\''");
        else
            buffer_append_u8(line, (uint8_t)*path);
    }
    buffer_append_u8(line, '\'');
}

static int by_mail(const struct tell_letter *letter, struct error *e)
{
    const char *program = letter->way->sendmail != NULL ? letter->way->sendmail : SENDMAIL;
    struct buffer line CLEANUP_BUFFER = BUFFER_INIT, text CLEANUP_BUFFER = BUFFER_INIT;

    if (access(program, X_OK) != 0)
        return error_set(e, LAGAN_OFFLINE, ERROR_FAILED,
                         "there is no program %s: install a mail server, or set `sendmail`",
                         program);
    buffer_append_format(&line, "exec ");
    quote(&line, program);
    buffer_append_format(&line, " -t -i");
    buffer_append_u8(&line, 0);
    if (buffer_check(&line, e) != 0)
        return -1;
    tell_compose_mail(letter, &text);
    return run(letter, (const char *)line.data, &text, e);
}

/* "Name: value" and nothing behind it. */
static int check_header_line(const struct secret_text *secret, struct error *e)
{
    size_t name = strcspn(secret->data, ":");
    bool good = name > 0 && name < secret->size;

    for (size_t i = 0; i < secret->size; i++)
        if (secret->data[i] < (i < name ? '!' : ' ') || secret->data[i] > '~')
            good = false;
    return good ? 0
                : error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                            "the secret of `header` is no line of a header, such as "
                            "\"Authorization: Bearer ...\"");
}

static int by_webhook(const struct tell_letter *letter, struct error *e)
{
    const struct config_notify *way = letter->way;
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    struct secret_text secret = {0};

    tell_compose_json(letter, &text);
    int result = buffer_check(&text, e);
    if (result == 0 && way->header != NULL)
        result = secret_text_read(way->header, &secret, e);
    if (result == 0 && way->header != NULL)
        result = check_header_line(&secret, e);
    if (result == 0) {
        struct web_request request = {.url = way->webhook,
                                      .header = secret.data,
                                      .type = "application/json",
                                      .ca_file = way->ca_file,
                                      .body = text.data,
                                      .body_size = text.size,
                                      .timeout_ns = way->timeout_ns};
        result = web_send(&request, e);
    }
    secret_text_free(&secret);
    return result;
}

int tell_deliver(const struct tell_letter *letter, struct error *e)
{
    if (letter->way->command != NULL)
        return by_command(letter, e);
    return letter->way->mail != NULL ? by_mail(letter, e) : by_webhook(letter, e);
}
