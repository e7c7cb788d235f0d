/* SPDX-License-Identifier: Apache-2.0 */
/* command_run.c - the runner: does what is due; and the parts of it that its children do. */
#include "cli/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/tell.h"
#include "runner/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MOST = 48, FAULTS_MOST = 16 };

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

static void on_said(void *context, const char *line)
{
    (void)context;
    report_line("lagan: %s", line);
}

/* ---- a job ---- */

static void record_job(struct output *o, const struct job_outcome *outcome)
{
    record_begin(o, "job");
    record_number(o, "job", (uint64_t)outcome->job.id);
    record_number(o, "run", (uint64_t)outcome->job.run);
    record_text(o, "operation", catalog_job_operation_name(outcome->job.operation));
    record_text(o, "what", outcome->what);
    record_text(o, "state", catalog_run_state_name(outcome->state));
    record_text(o, "task", outcome->job.task);
    record_text(o, "backup", outcome->job.backup);
    record_text(o, "did", outcome->words);
    record_number(o, "took_ms", (uint64_t)(outcome->took_ns / 1000000));
    record_time(o, "again", outcome->again_ns);
    if (outcome->why.error_class != LAGAN_OK) {
        record_text(o, "code", error_code_name(outcome->why.code));
        record_text(o, "message", outcome->why.text);
    }
    record_end(o);
}

/* What a job is of; "" where it is of none, or of what is gone. */
struct job_names {
    char vault[CATALOG_TEXT_SIZE], source[NAME_SIZE], policy[NAME_SIZE];
};

static void find_names(struct catalog *c, const struct catalog_job *job,
                       struct job_names *names)
{
    struct error ignored = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_get(c, job->vault, &ignored);
    struct catalog_source *source = catalog_source_get(c, job->source, &ignored);
    struct catalog_run run;
    *names = (struct job_names){.vault = ""};
    if (vault)
        snprintf(names->vault, sizeof(names->vault), "%s", vault->name);
    if (source)
        snprintf(names->source, sizeof(names->source), "%s", source->name);
    if (job->run != 0 && catalog_run_get(c, job->run, &run, &ignored) == 0)
        snprintf(names->policy, sizeof(names->policy), "%s", run.policy_name);
    catalog_vault_free(vault);
    catalog_source_free(source);
}

static void log_job(const struct session *s, const struct job_outcome *outcome,
                    const char *words)
{
    bool failed = outcome->why.error_class != LAGAN_OK;
    struct job_names names;
    find_names(session_catalog(s), &outcome->job, &names);
    const struct log_field fields[] = {
        {.name = "job", .number = outcome->job.id},
        {.name = "run", .number = outcome->job.run},
        {.name = "operation", .text = catalog_job_operation_name(outcome->job.operation)},
        {.name = "state", .text = catalog_run_state_name(outcome->state)},
        {.name = "policy", .text = names.policy},
        {.name = "source", .text = names.source},
        {.name = "vault", .text = names.vault},
        {.name = "task", .text = outcome->job.task},
        {.name = "backup", .text = outcome->job.backup},
        {.name = "took_ms", .number = outcome->took_ns / 1000000},
        {.name = "code", .text = failed ? error_code_name(outcome->why.code) : ""},
        {.name = "error", .text = failed ? outcome->why.text : ""},
    };
    log_write_fields(failed ? LOG_WARNING : LOG_INFO, "job", fields,
                     sizeof(fields) / sizeof(fields[0]), "%s", words);
}

/* One line for each attempt: what, what became of it, why, and what comes next. */
static void describe_job(const struct job_outcome *outcome, struct buffer *line)
{
    char took[TEXT_SIZE_SIZE], again[CLOCK_TEXT_SIZE];
    text_format_duration(outcome->took_ns, took);
    buffer_append_format(line, "%s: %s", outcome->what, catalog_run_state_name(outcome->state));
    if (outcome->why.error_class != LAGAN_OK)
        buffer_append_format(line, ": %s", outcome->why.text);
    else if (outcome->words[0])
        buffer_append_format(line, ", %s", outcome->words);
    if (outcome->why.error_class == LAGAN_OK)
        buffer_append_format(line, ", in %s", took);
    else if (outcome->again_ns != 0) {
        clock_format_local(outcome->again_ns, again);
        buffer_append_format(line, "; it is tried again at %s", again);
    }
    buffer_append_u8(line, 0);
}

static void on_ended(void *context, const struct job_outcome *outcome)
{
    struct session *s = context;
    struct buffer line CLEANUP_BUFFER = BUFFER_INIT;
    describe_job(outcome, &line);
    const char *words = line.data && !line.failed ? (const char *)line.data : outcome->what;
    if (s->output.use_json)
        record_job(&s->output, outcome);
    if (log_format() == LOG_JSON)
        log_job(s, outcome, words);
    else if (outcome->why.error_class != LAGAN_OK)
        report_line("lagan: %s", words);
    else
        output_note(&s->output, "%s", words);
}

static int status_of_job(const struct job_outcome *outcome)
{
    if (!outcome->taken)
        return RUNNER_NOT_TAKEN;
    if (outcome->why.error_class != LAGAN_OK && outcome->state != CATALOG_RUN_SKIPPED)
        return error_exit_status(&outcome->why);
    return outcome->state == CATALOG_RUN_PARTIAL ? STATUS_PARTIAL : STATUS_DONE;
}

static int run_job(struct session *s, struct error *e)
{
    struct job_request request = {.setup = s->setup, .context = s, .key_gone = on_key_gone};
    struct job_outcome outcome;
    uint64_t id, keys_gone = 0;
    if (text_parse_u64(session_value(s, OPTION_JOB), &id) != 0 || id > INT64_MAX)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--job %s: that is no number of a job",
                         session_value(s, OPTION_JOB));
    request.id = (int64_t)id;
    request.keys_gone = &keys_gone;
    if (job_work(&request, &outcome, e) != 0)
        return -1;
    if (outcome.taken)
        on_ended(s, &outcome);
    else
        log_write(LOG_INFO, "runner", "job %s does not wait for anybody",
                  session_value(s, OPTION_JOB));
    s->status = status_of_job(&outcome);
    if (s->status == STATUS_DONE && keys_gone > 0)
        s->status = STATUS_KEY_GONE;
    return 0;
}

/* ---- the queue, the notices ---- */

static void record_work(struct output *o, const struct work_result *r)
{
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
}

/* The worst of what was met, for scripts. */
static int status_of_work(const struct work_result *r, uint64_t keys_gone)
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

static int run_queue(struct session *s, struct error *e)
{
    const struct work_request request = {.setup = s->setup, .context = s, .told = on_news};
    struct work_result result = {0};
    if (mirror_work(&request, &result, e) != 0)
        return -1;
    s->status = status_of_work(&result, 0);
    return 0;
}

static int run_notices(struct session *s, struct error *e)
{
    uint64_t sent = 0, failed = 0;
    if (tell_send(s->setup, &sent, &failed, e) != 0 || tell_metrics_file(s->setup, e) != 0 ||
        tell_ping(s->setup, session_value(s, OPTION_WHY), e) != 0)
        return -1;
    s->status = failed > 0 ? STATUS_TEMPORARY : STATUS_DONE;
    return 0;
}

/* ---- the runner ---- */

/* The options that hold for children too.  Those of a service tell what they do. */
static void collect_arguments(const struct session *s, char *buffers[2],
                              const char *arguments[ARGUMENTS_MOST])
{
    const char *directory = session_value(s, OPTION_DRIVER_DIR);
    unsigned verbose = arguments_count(&s->arguments, OPTION_VERBOSE);
    size_t count = 0;
    arguments[count++] = "lagan";
    if (buffers[0])
        arguments[count++] = buffers[0];
    if (directory && buffers[1])
        arguments[count++] = buffers[1];
    if (session_given(s, OPTION_JSON))
        arguments[count++] = "--json";
    if (session_given(s, OPTION_QUIET))
        arguments[count++] = "--quiet";
    for (unsigned i = 0; i < verbose && i < 3; i++)
        arguments[count++] = "--verbose";
    for (size_t i = 0; i < s->fault_count && i < FAULTS_MOST; i++) {
        arguments[count++] = "--fault";
        arguments[count++] = s->faults[i];
    }
    arguments[count] = NULL;
}

static void print_result(struct session *s, const struct runner_result *r)
{
    struct output *o = &s->output;
    if (!o->use_json)
        return;
    record_begin(o, "run");
    record_work(o, &r->work);
    record_number(o, "jobs", r->jobs);
    record_number(o, "jobs_failed", r->jobs_failed);
    record_end(o);
}

static int run_runner(struct session *s, const char *const *arguments, struct error *e)
{
    struct runner_result result = {.status = STATUS_DONE};
    uint64_t keys_gone = 0;
    struct runner_request request = {
        .setup = &s->setup,
        .open = {.config_path = session_value(s, OPTION_CONFIG),
                 .driver_directory = session_value(s, OPTION_DRIVER_DIR),
                 .faults = s->faults,
                 .fault_count = s->fault_count},
        .arguments = arguments,
        .once = session_given(s, OPTION_ONCE),
        .context = s,
        .told = on_news,
        .key_gone = on_key_gone,
        .keys_gone = &keys_gone,
        .ended = on_ended,
        .failed = on_failed,
        .said = on_said};
    if (runner_run(&request, &result, e) != 0)
        return -1;
    print_result(s, &result);
    /* A service that was told to end has done what it should. */
    s->status = request.once
                    ? runner_worse(status_of_work(&result.work, keys_gone), result.status)
                    : STATUS_DONE;
    return 0;
}

static int run_all(struct session *s, struct error *e)
{
    const char *arguments[ARGUMENTS_MOST];
    const char *directory = session_value(s, OPTION_DRIVER_DIR);
    char *buffers[2] = {NULL, NULL};
    int result = -1;
    if (asprintf(&buffers[0], "--config=%s", setup_config(s->setup)->path) < 0)
        buffers[0] = NULL;
    if (directory && asprintf(&buffers[1], "--driver-dir=%s", directory) < 0)
        buffers[1] = NULL;
    if (!buffers[0] || (directory && !buffers[1])) {
        error_no_memory(e, "the arguments of jobs");
    } else {
        collect_arguments(s, buffers, arguments);
        result = run_runner(s, arguments, e);
    }
    free(buffers[0]);
    free(buffers[1]);
    return result;
}

/* What a child does; X(option, function). */
#define PARTS(X)                                                                               \
    X(OPTION_JOB, run_job)                                                                     \
    X(OPTION_QUEUE, run_queue)                                                                 \
    X(OPTION_NOTICES, run_notices)

int command_runner(struct session *s, struct error *e)
{
    static const struct {
        enum option option;
        int (*run)(struct session *s, struct error *e);
    } parts[] = {
#define X(option, function) {option, function},
        PARTS(X)
#undef X
    };
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (strcmp(setup_config(s->setup)->runner.log_format, "json") == 0) {
        log_set_format(LOG_JSON);
        if (!session_given(s, OPTION_QUIET) && log_level() < LOG_INFO)
            log_set_level(LOG_INFO); /* where each job has its line */
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!session_given(s, parts[i].option))
            continue;
        s->part = true;
        return parts[i].run(s, e);
    }
    return run_all(s, e);
}
