/* SPDX-License-Identifier: Apache-2.0 */
/* task.c - see task.h. */
#include "engine/task.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static const int64_t WRITE_INTERVAL_NS = INT64_C(1000000000);

/* From now on there is no row. */
static void give_up(struct task *task, const struct error *why)
{
    log_write(LOG_WARNING, "catalog", "the task is not recorded: %s", why->text);
    task->catalog = NULL;
}

void task_begin(struct task *task, struct catalog *catalog, enum catalog_task_type type,
                const uint8_t *vault, const uint8_t *source, const char *subject,
                const struct job_reporter *inner)
{
    struct error e = ERROR_INIT;
    memset(task, 0, sizeof(*task));
    task->catalog = catalog;
    task->written_ns = clock_boot_ns();
    if (inner)
        task->inner = *inner;
    task->row.type = type;
    if (vault)
        memcpy(task->row.vault, vault, sizeof(task->row.vault));
    if (source)
        memcpy(task->row.source, source, sizeof(task->row.source));
    snprintf(task->row.subject, sizeof(task->row.subject), "%s", subject);
    if (!catalog)
        return;
    if (catalog_task_reap(catalog, NULL, &e) != 0 ||
        catalog_task_start(catalog, &task->row, &e) != 0)
        give_up(task, &e);
}

static void on_progress(void *context, const struct job_progress *progress)
{
    struct task *task = context;
    struct error e = ERROR_INIT;
    int64_t now = clock_boot_ns();
    task->row.entries_done = progress->entries_done;
    task->row.entries_total = progress->entries_total;
    task->row.bytes_done = progress->bytes_done;
    task->row.bytes_total = progress->bytes_total;
    if (task->inner.progress)
        task->inner.progress(task->inner.context, progress);
    if (!task->catalog || now - task->written_ns < WRITE_INTERVAL_NS)
        return;
    task->written_ns = now;
    if (catalog_task_progress(task->catalog, &task->row, &e) != 0)
        give_up(task, &e);
}

static void on_problem(void *context, const struct job_problem *problem)
{
    struct task *task = context;
    if (!problem->warning)
        task->row.problems++;
    if (task->inner.problem)
        task->inner.problem(task->inner.context, problem);
}

struct job_reporter task_reporter(struct task *task)
{
    return (struct job_reporter){task, on_progress, on_problem};
}

void task_end(struct task *task, const struct error *why)
{
    struct error e = ERROR_INIT;
    enum catalog_task_state state = CATALOG_TASK_STATE_SUCCESS;
    if (!task->catalog)
        return;
    if (why)
        state = why->error_class == LAGAN_CANCELLED ? CATALOG_TASK_STATE_CANCELLED
                                                    : CATALOG_TASK_STATE_FAILED;
    else if (task->row.problems > 0)
        state = CATALOG_TASK_STATE_PARTIAL;
    if (catalog_task_finish(task->catalog, &task->row, state, why, &e) != 0)
        give_up(task, &e);
    task->catalog = NULL;
}
