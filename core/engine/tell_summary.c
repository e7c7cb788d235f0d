/* SPDX-License-Identifier: Apache-2.0 */
/* tell_summary.c - what was done, what failed and what is behind, as lines for people. */
#include "engine/tell.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
enum { FAILURES_SHOWN = 20, SOURCES_SHOWN = 200, TYPES = 16 };

/* A summary on its way. */
struct summary {
    struct setup *setup;
    struct buffer *out;
    int64_t since_ns, now_ns;
    uint64_t done[TYPES], partial[TYPES], failed[TYPES]; /* tasks by type */
    uint64_t failures, lines;
};

static const char *const type_names[] = {
#define X(symbol, name) name,
    CATALOG_TASK_TYPES(X)
#undef X
};
_Static_assert(sizeof(type_names) / sizeof(type_names[0]) <= TYPES, "struct summary has room");

/* What was done */

static bool is_failure(enum catalog_task_state state)
{
    return state == CATALOG_TASK_STATE_FAILED || state == CATALOG_TASK_STATE_TIMEOUT;
}

static int count_task(void *context, const struct catalog_task *task, struct error *e)
{
    struct summary *s = context;

    (void)e;
    s->done[task->type] += task->state == CATALOG_TASK_STATE_SUCCESS;
    s->partial[task->type] += task->state == CATALOG_TASK_STATE_PARTIAL;
    s->failed[task->type] += is_failure(task->state);
    s->failures += is_failure(task->state) || task->state == CATALOG_TASK_STATE_PARTIAL;
    return 0;
}

static int add_failure(void *context, const struct catalog_task *task, struct error *e)
{
    struct summary *s = context;
    char when[CLOCK_TEXT_SIZE];

    (void)e;
    if (!is_failure(task->state) && task->state != CATALOG_TASK_STATE_PARTIAL)
        return 0;
    if (s->lines++ >= FAILURES_SHOWN)
        return 0;
    clock_format_local(task->started_ns, when);
    buffer_append_format(s->out, "  %s  %s %s: ", when, type_names[task->type], task->subject);
    if (is_failure(task->state))
        buffer_append_format(s->out, "%s\n", task->error_text);
    else
        buffer_append_format(s->out, "%llu entries were left out; `lagan task show %s`\n",
                             (unsigned long long)task->problems, task->id);
    return 0;
}

static int add_tasks(struct summary *s, struct error *e)
{
    struct catalog *c = setup_catalog(s->setup);

    if (catalog_task_list(c, s->since_ns, -1, 0, count_task, s, e) != 0)
        return -1;
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (s->done[i] + s->partial[i] + s->failed[i] > 0)
            buffer_append_format(s->out, "%s: %llu done, %llu in part, %llu failed\n",
                                 type_names[i], (unsigned long long)s->done[i],
                                 (unsigned long long)s->partial[i],
                                 (unsigned long long)s->failed[i]);
    if (s->failures == 0)
        return 0;
    buffer_append_format(s->out, "\nFailures and warnings:\n");
    if (catalog_task_list(c, s->since_ns, -1, 0, add_failure, s, e) != 0)
        return -1;
    if (s->failures > FAILURES_SHOWN)
        buffer_append_format(s->out, "  and %llu more: `lagan task list`\n",
                             (unsigned long long)(s->failures - FAILURES_SHOWN));
    return 0;
}

/* What is there, and what is behind */

static int64_t value_of(enum catalog_figure_kind kind, const struct catalog_figure *figure,
                        const char *name)
{
    int place = catalog_figure_value(kind, name);
    return place >= 0 ? figure->values[place] : 0;
}

static int add_source(void *context, const struct catalog_figure *figure, struct error *e)
{
    struct summary *s = context;
    int64_t made = value_of(CATALOG_FIGURE_SOURCE, figure, "created");
    char when[CLOCK_TEXT_SIZE] = "never", bytes[TEXT_SIZE_SIZE];

    (void)e;
    /* Copies are told of as mirrors. */
    if (strcmp(figure->labels[2], "mirror") == 0 || s->lines++ >= SOURCES_SHOWN)
        return 0;
    if (made != 0)
        clock_format_local(made, when);
    text_format_size((uint64_t)value_of(CATALOG_FIGURE_SOURCE, figure, "bytes"), bytes);
    buffer_append_format(
        s->out, "  %s in %s: last backup %s, %s%s%s\n", figure->labels[3], figure->labels[0],
        when, bytes, value_of(CATALOG_FIGURE_SOURCE, figure, "partial") != 0 ? ", in part" : "",
        made < s->since_ns ? " (not in this time)" : "");
    return 0;
}

static int add_vault(void *context, const struct catalog_figure *figure, struct error *e)
{
    struct summary *s = context;
    int64_t stored = value_of(CATALOG_FIGURE_VAULT, figure, "stored");
    int64_t read = value_of(CATALOG_FIGURE_VAULT, figure, "verified_since");
    int64_t damaged = value_of(CATALOG_FIGURE_VAULT, figure, "damaged");
    char bytes[TEXT_SIZE_SIZE], within[TEXT_SIZE_SIZE];

    (void)e;
    text_format_size((uint64_t)stored, bytes);
    text_format_duration(setup_config(s->setup)->runner.verify_ns, within);
    buffer_append_format(
        s->out, "  %s in %s: %lld backups, %s, %d%% read within %s", figure->labels[0],
        figure->labels[1], (long long)value_of(CATALOG_FIGURE_VAULT, figure, "backups"), bytes,
        stored <= 0 || read >= stored ? 100 : (int)((double)read * 100 / (double)stored),
        within);
    if (damaged > 0)
        buffer_append_format(s->out, ", %lld DAMAGED OBJECTS: `lagan verify`",
                             (long long)damaged);
    if (value_of(CATALOG_FIGURE_VAULT, figure, "braked") != 0)
        buffer_append_format(s->out, ", expiry is braked");
    buffer_append_u8(s->out, '\n');
    return 0;
}

static int add_mirror(void *context, const struct catalog_figure *figure, struct error *e)
{
    struct summary *s = context;
    int64_t oldest = value_of(CATALOG_FIGURE_MIRROR, figure, "oldest");
    int64_t dead = value_of(CATALOG_FIGURE_MIRROR, figure, "dead");
    char bytes[TEXT_SIZE_SIZE], lag[TEXT_SIZE_SIZE];

    (void)e;
    text_format_size((uint64_t)value_of(CATALOG_FIGURE_MIRROR, figure, "bytes"), bytes);
    text_format_duration(oldest != 0 && s->now_ns > oldest ? s->now_ns - oldest : 0, lag);
    buffer_append_format(s->out, "  %s in %s: %s", figure->labels[0], figure->labels[1],
                         figure->labels[3]);
    if (value_of(CATALOG_FIGURE_MIRROR, figure, "backups") > 0)
        buffer_append_format(s->out, ", %lld backups (%s) left, %s behind",
                             (long long)value_of(CATALOG_FIGURE_MIRROR, figure, "backups"),
                             bytes, lag);
    if (dead > 0)
        buffer_append_format(s->out, ", %lld given up: `lagan task dead`", (long long)dead);
    buffer_append_u8(s->out, '\n');
    return 0;
}

/* A heading and the rows below it; no heading without rows. */
static int add_section(struct summary *s, const char *title, enum catalog_figure_kind kind,
                       int (*row)(void *context, const struct catalog_figure *figure,
                                  struct error *e),
                       struct error *e)
{
    int64_t since = s->now_ns - setup_config(s->setup)->runner.verify_ns;
    size_t before = s->out->size;

    buffer_append_format(s->out, "\n%s:\n", title);
    size_t start = s->out->size;
    s->lines = 0;
    if (catalog_figure_list(setup_catalog(s->setup), kind, since, row, s, e) != 0)
        return -1;
    if (s->out->size == start && !s->out->failed)
        s->out->size = before;
    return 0;
}

int tell_summary(struct setup *s, int64_t since_ns, struct buffer *out, struct error *e)
{
    struct summary sum = {
        .setup = s, .out = out, .since_ns = since_ns, .now_ns = clock_wall_ns()};
    char since[CLOCK_TEXT_SIZE];

    clock_format_local(since_ns, since);
    buffer_append_format(out, "Since %s:\n\n", since);
    size_t start = out->size;
    if (add_tasks(&sum, e) != 0)
        return -1;
    if (out->size == start)
        buffer_append_format(out, "nothing was done\n");
    if (add_section(&sum, "Sources", CATALOG_FIGURE_SOURCE, add_source, e) != 0 ||
        add_section(&sum, "Vaults", CATALOG_FIGURE_VAULT, add_vault, e) != 0 ||
        add_section(&sum, "Mirrors", CATALOG_FIGURE_MIRROR, add_mirror, e) != 0)
        return -1;
    return buffer_check(out, e);
}

/* Failures of the time stand in the subject: some people read no further. */
static int count_outcomes(struct setup *s, int64_t since_ns, struct summary *sum,
                          struct error *e)
{
    *sum = (struct summary){.setup = s};
    return catalog_task_list(setup_catalog(s), since_ns, -1, 0, count_task, sum, e);
}

int tell_daily(struct setup *s, int64_t since_ns, struct error *e)
{
    struct buffer body CLEANUP_BUFFER = BUFFER_INIT;
    struct summary sum;
    char subject[160];

    if (count_outcomes(s, since_ns, &sum, e) != 0 || tell_summary(s, since_ns, &body, e) != 0)
        return -1;
    buffer_append_u8(&body, 0);
    if (buffer_check(&body, e) != 0)
        return -1;
    snprintf(subject, sizeof(subject), "%llu backups done, %llu in part, %llu failed",
             (unsigned long long)sum.done[CATALOG_TASK_BACKUP],
             (unsigned long long)sum.partial[CATALOG_TASK_BACKUP],
             (unsigned long long)sum.failed[CATALOG_TASK_BACKUP]);
    struct tell_notice notice = {
        .event = TELL_SUMMARY, .subject = subject, .body = (const char *)body.data};
    return tell(s, &notice, e);
}
