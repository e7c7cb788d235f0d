/* SPDX-License-Identifier: Apache-2.0 */
/* command_batch.c - batch jobs: listed, shown, run, reported. */
#include "cli/batch_record.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "driver/operation.h"
#include "engine/place_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 200 };

static const int64_t DAY_NS = INT64_C(86400) * 1000000000;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct catalog_batch *batch_operand(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return NULL;
    return catalog_batch_find(session_catalog(s), session_operand(s, 0), e);
}

void record_batch(struct output *o, const struct catalog_batch *job)
{
    const char *description =
        catalog_pairs_find(&job->settings, batch_setting_name(BATCH_SETTING_DESCRIPTION));
    char hash[2 * CATALOG_HASH_SIZE + 1];
    static const uint8_t none[CATALOG_ID_SIZE];
    text_hex(job->manifest_hash, CATALOG_HASH_SIZE, hash);
    record_begin(o, "batch");
    record_id(o, "id", job->id);
    record_text(o, "state", catalog_batch_state_name(job->state));
    record_text(o, "from", job->source_name);
    record_text(o, "to", job->target_name);
    record_number(o, "priority", (uint64_t)job->priority);
    record_number(o, "total", job->total);
    record_number(o, "succeeded", job->succeeded);
    record_number(o, "failed", job->failed);
    record_number(o, "skipped", job->skipped);
    record_size(o, "total_bytes", job->total_bytes);
    record_size(o, "bytes", job->bytes);
    record_flag(o, "held", job->held);
    record_text(o, "description", description ? description : "");
    record_text(o, "token", job->token);
    if (memcmp(job->origin, none, sizeof(none)) != 0)
        record_id(o, "resumes", job->origin);
    record_time(o, "created", job->created_ns);
    record_time(o, "confirmed", job->confirmed_ns);
    record_time(o, "started", job->started_ns);
    record_time(o, "ended", job->ended_ns);
    record_text(o, "manifest_hash", hash);
    record_text(o, "report", job->report);
    record_text(o, "task", job->task);
    if (job->why.error_class != LAGAN_OK)
        record_text(o, "code", error_code_name(job->why.code));
    record_text(o, "message", job->why.text);
    record_pairs(o, "settings", &job->settings);
    record_end(o);
}

void tell_batch(struct session *s, const struct catalog_batch *job, const char *words)
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(job->id, CATALOG_ID_SIZE, id);
    if (s->output.use_json)
        record_batch(&s->output, job);
    output_note(&s->output, "batch job %s %s", id, words);
}

/* ---- list, show ---- */

struct list {
    struct session *session;
    int state; /* -1 = any */
};

static int show_row(void *context, const struct catalog_batch *job, struct error *e)
{
    const struct list *list = context;
    (void)e;
    if (list->state < 0 || (int)job->state == list->state)
        record_batch(&list->session->output, job);
    return 0;
}

int command_batch_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"id", "JOB", false},           {"state", "STATE", false},
        {"from", "FROM", false},        {"to", "TO", false},
        {"priority", "PRIORITY", true}, {"total", "TOTAL", true},
        {"succeeded", "DONE", true},    {"failed", "FAILED", true},
        {"created", "CREATED", false},  {"description", "DESCRIPTION", false}};
    const char *state = session_value(s, OPTION_STATE);
    struct list list = {s, state ? catalog_batch_state_parse(state) : -1};
    if (state && list.state < 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--state %s: batch jobs have no such state; lagan(1) lists them",
                         state);
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    output_table(&s->output, columns, COUNT(columns));
    int result = catalog_batch_list(
        session_catalog(s), clock_wall_ns() - BATCH_LIST_DAYS * DAY_NS, show_row, &list, e);
    output_table_end(&s->output, "no batch jobs; `lagan batch create` makes one");
    return result;
}

int command_batch_show(struct session *s, struct error *e)
{
    struct catalog_batch *job = batch_operand(s, e);
    if (!job)
        return -1;
    record_batch(&s->output, job);
    catalog_batch_free(job);
    return 0;
}

/* ---- run ---- */

static int status_of(const struct catalog_batch *job)
{
    switch (job->state) {
    case CATALOG_BATCH_COMPLETE:
        return job->failed > 0 ? STATUS_PARTIAL : STATUS_DONE;
    case CATALOG_BATCH_FAILED:
        return error_exit_status(&job->why);
    case CATALOG_BATCH_CANCELLED:
        return STATUS_FAILED;
    case CATALOG_BATCH_SUSPENDED:
        return STATUS_DONE;
    default:
        return STATUS_TEMPORARY;
    }
}

static void tell_end(struct session *s, const struct catalog_batch *job)
{
    char words[256], bytes[TEXT_SIZE_SIZE];
    text_format_size(job->bytes, bytes);
    if (job->state == CATALOG_BATCH_SUSPENDED)
        snprintf(words, sizeof(words), "has %llu objects and waits for `lagan batch confirm`",
                 (unsigned long long)job->total);
    else
        snprintf(words, sizeof(words),
                 "is %s: %llu of %llu copied, %llu failed, %llu skipped; %s",
                 catalog_batch_state_name(job->state), (unsigned long long)job->succeeded,
                 (unsigned long long)job->total, (unsigned long long)job->failed,
                 (unsigned long long)job->skipped, bytes);
    tell_batch(s, job, words);
    if (job->state == CATALOG_BATCH_FAILED)
        report_line("lagan: %s", job->why.text);
    s->status = status_of(job);
}

/* Whether another try makes sense: another job copies, or is about to make place.  A job that
 * has made place for another one goes on another time. */
static bool waits_for_others(const struct batch_outcome *outcome)
{
    const struct catalog_batch *job = outcome->job;
    bool waits = job->state == CATALOG_BATCH_READY ||
                 (!outcome->taken && !job->held &&
                  (job->state == CATALOG_BATCH_PAUSED || job->state == CATALOG_BATCH_ACTIVE));
    return waits && !catalog_batch_is_owned(job);
}

static int work(struct session *s, const uint8_t id[CATALOG_ID_SIZE],
                struct batch_outcome *outcome, struct error *e)
{
    const struct timespec wait = {.tv_nsec = POLL_MS * 1000000L};
    struct job_view view;
    job_view_begin(&view, s, "batch", "cannot copy");
    struct job_reporter reporter = job_view_reporter(&view);
    int result = batch_work(s->setup, id, &reporter, outcome, e);
    while (result == 0 && waits_for_others(outcome)) {
        nanosleep(&wait, NULL);
        result = operation_check(e);
        catalog_batch_free(outcome->job);
        outcome->job = NULL;
        if (result == 0)
            result = batch_work(s->setup, id, &reporter, outcome, e);
    }
    job_view_end(&view);
    return result;
}

int command_batch_run(struct session *s, struct error *e)
{
    struct catalog_batch *job = batch_operand(s, e);
    struct batch_outcome outcome = {false, NULL};
    int result = job ? work(s, job->id, &outcome, e) : -1;
    catalog_batch_free(job);
    if (result == 0)
        tell_end(s, outcome.job);
    if (result == 0 && !outcome.taken && catalog_batch_is_owned(outcome.job))
        report_line("lagan: another process works on it");
    catalog_batch_free(outcome.job);
    return result;
}

/* ---- report ---- */

static int print_part(void *context, const void *data, size_t size, struct error *e)
{
    struct session *s = context;
    (void)e;
    output_write(&s->output, data, size);
    return 0;
}

struct file {
    int fd;
    uint64_t bytes;
};

static int keep_part(void *context, const void *data, size_t size, struct error *e)
{
    struct file *file = context;
    file->bytes += size;
    return file_write_all(file->fd, data, size, "a scratch file", e);
}

static int write_report(struct session *s, const struct catalog_batch *job, bool failed_only,
                        const char *to, struct error *e)
{
    char *text CLEANUP_TEXT = place_file_text(s->setup, to, e);
    struct file file = {.fd = text ? place_scratch(s->setup, e) : -1};
    if (file.fd < 0)
        return -1;
    int result = batch_report(s->setup, job, failed_only, keep_part, &file, e);
    if (result == 0)
        result = place_file_put(s->setup, text, "text/csv", file.fd, file.bytes, e);
    file_close(&file.fd);
    return result;
}

int command_batch_report(struct session *s, struct error *e)
{
    const char *state = session_value(s, OPTION_STATE), *to = session_operand(s, 1);
    bool failed_only = state && strcmp(state, "failed") == 0;
    if (state && !failed_only)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--state %s: only those that failed can be told apart", state);
    struct catalog_batch *job = batch_operand(s, e);
    if (!job)
        return -1;
    int result = to ? write_report(s, job, failed_only, to, e)
                    : batch_report(s->setup, job, failed_only, print_part, s, e);
    catalog_batch_free(job);
    return result;
}
