/* SPDX-License-Identifier: Apache-2.0 */
/* command_run.c - the runner: does what is due. */
#include "cli/session.h"

#include "base/text.h"
#include "runner/runner.h"

static void record_news(struct output *o, const struct work_news *news)
{
    record_begin(o, "work");
    record_text(o, "event", work_news_name(news->kind));
    record_text(o, "vault", news->vault);
    if (news->item) {
        record_number(o, "item", (uint64_t)news->item->id);
        record_text(o, "operation", catalog_operation_name(news->item->operation));
        record_text(o, "subject", news->item->subject);
        record_text(o, "task", news->item->task);
    }
    record_number(o, "objects", news->objects);
    record_number(o, "bytes", news->bytes);
    record_text(o, "message", news->text);
    record_end(o);
}

/* One line for people; what went wrong goes to standard error, for cron to send on. */
static void on_news(void *context, const struct work_news *news)
{
    struct session *s = context;
    const struct catalog_item *item = news->item;
    const char *operation = item ? catalog_operation_name(item->operation) : "";
    const char *subject = item ? item->subject : "";
    char bytes[TEXT_SIZE_SIZE];
    if (s->output.use_json) {
        record_news(&s->output, news);
        return;
    }
    switch (news->kind) {
    case WORK_STARTED:
        return;
    case WORK_DONE:
        text_format_size(news->bytes, bytes);
        output_note(&s->output, "%s: %s %s, %s sent", news->vault, operation, subject, bytes);
        return;
    case WORK_SKIPPED:
        output_note(&s->output, "%s: %s %s: %s", news->vault, operation, subject, news->text);
        return;
    case WORK_STATE:
        output_note(&s->output, "mirror %s: %s", news->vault, news->text);
        return;
    case WORK_FAILED:
        report_line("lagan: %s %s: %s; it is tried again", operation, subject, news->text);
        return;
    case WORK_GIVEN_UP:
        report_line("lagan: %s %s was given up: %s; `lagan task retry` starts it again",
                    operation, subject, news->text);
        return;
    case WORK_AWAY:
        report_line("lagan: %s; what is owed there waits", news->text);
        return;
    case WORK_BRAKED:
        report_line("lagan: mirror %s: too many backups were deleted within a day; the "
                    "deletions wait until `lagan mirror release` says that they were meant",
                    news->vault);
        return;
    }
}

static void on_key_gone(void *context, const struct catalog_vault *row, const struct error *why)
{
    struct session *s = context;
    if (s->output.use_json) {
        record_begin(&s->output, "key_check");
        record_text(&s->output, "vault", row->name);
        record_text(&s->output, "region", row->region);
        record_flag(&s->output, "opens", false);
        record_text(&s->output, "why", why->text);
        record_end(&s->output);
    }
    report_error(s, why);
}

static void on_failed(void *context, const struct error *why)
{
    report_error(context, why);
}

static void print_result(struct session *s, const struct work_result *r)
{
    struct output *o = &s->output;
    if (!o->use_json)
        return;
    record_begin(o, "run");
    record_number(o, "done", r->done);
    record_number(o, "skipped", r->skipped);
    record_number(o, "failed", r->failed);
    record_number(o, "given_up", r->given_up);
    record_size(o, "bytes", r->bytes);
    record_number(o, "away", r->away);
    record_number(o, "braked", r->braked);
    record_number(o, "lagging", r->lagging);
    record_number(o, "errors", r->errors);
    record_time(o, "next", r->next_ns);
    record_end(o);
}

/* The worst of what was met, for scripts. */
static int status_of(const struct work_result *r, uint64_t keys_gone)
{
    if (r->braked > 0)
        return STATUS_BRAKED;
    if (r->given_up > 0 || r->errors > 0)
        return STATUS_FAILED;
    if (keys_gone > 0)
        return STATUS_KEY_GONE;
    if (r->lagging > 0)
        return STATUS_LAGGING;
    return r->away > 0 || r->failed > 0 ? STATUS_TEMPORARY : STATUS_DONE;
}

int command_run(struct session *s, struct error *e)
{
    struct work_result result = {0};
    uint64_t keys_gone = 0;
    struct runner_request request = {.once = session_given(s, OPTION_ONCE),
                                     .context = s,
                                     .told = on_news,
                                     .key_gone = on_key_gone,
                                     .keys_gone = &keys_gone,
                                     .failed = on_failed};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    request.setup = s->setup;
    if (runner_run(&request, &result, e) != 0)
        return -1;
    print_result(s, &result);
    s->status = status_of(&result, keys_gone);
    return 0;
}
