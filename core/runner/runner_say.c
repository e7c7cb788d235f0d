/* SPDX-License-Identifier: Apache-2.0 */
/* runner_say.c - what the runner tells people and the service manager. */
#include "base/clock.h"
#include "base/text.h"
#include "runner/notify_systemd.h"
#include "runner/runner_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void runner_say(struct runner *r, const char *format, ...)
{
    char line[SAY_SIZE];
    va_list arguments;

    if (r->request->said == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    r->request->said(r->request->context, line);
}

/* ---- progress ---- */

static unsigned percent_of(uint64_t done, uint64_t total)
{
    return total > 0 && done < total ? (unsigned)((double)done * 100 / (double)total) : 100;
}

static int say_task(void *context, const struct catalog_task *task, struct error *e)
{
    struct runner *r = context;
    char done[TEXT_SIZE_SIZE], total[TEXT_SIZE_SIZE], took[TEXT_SIZE_SIZE];

    (void)e;
    text_format_size(task->bytes_done, done);
    text_format_size(task->bytes_total, total);
    text_format_duration(clock_wall_ns() - task->started_ns, took);
    if (task->bytes_total > 0)
        runner_say(r, "%s %s %.200s: %u %%, %s of %s, %llu entries, for %s", task->id,
                   catalog_task_type_name(task->type), task->subject,
                   percent_of(task->bytes_done, task->bytes_total), done, total,
                   (unsigned long long)task->entries_done, took);
    else
        runner_say(r, "%s %s %.200s: %s, %llu entries, for %s", task->id,
                   catalog_task_type_name(task->type), task->subject, done,
                   (unsigned long long)task->entries_done, took);
    return 0;
}

int runner_say_progress(struct runner *r, struct error *e)
{
    runner_say(r, "%zu jobs of this runner, %llu ended since it began",
               r->children.count[CHILD_JOB], (unsigned long long)r->result.jobs);
    return catalog_task_list(setup_catalog(r->setup), 0, CATALOG_TASK_STATE_RUNNING, 0,
                             say_task, r, e);
}

/* ---- the service manager ---- */

static void describe(const struct runner *r, char text[SAY_SIZE])
{
    char next[CLOCK_TEXT_SIZE] = "none";

    if (r->dispatcher.next_ns != 0)
        clock_format_local(r->dispatcher.next_ns, next);
    snprintf(text, SAY_SIZE, "%zu jobs running%s, next run: %s", r->children.count[CHILD_JOB],
             r->children.count[CHILD_QUEUE] > 0 ? ", copying to other regions" : "", next);
}

void runner_say_alive(struct runner *r)
{
    int64_t every_ns = notify_systemd_watchdog_ns();
    int64_t now = clock_boot_ns();
    char text[SAY_SIZE];

    describe(r, text);
    if (strcmp(text, r->status) != 0) {
        memcpy(r->status, text, sizeof(r->status));
        notify_systemd("STATUS=%s", text);
    }
    if (every_ns == 0 || (r->watchdog_ns != 0 && now - r->watchdog_ns < every_ns))
        return;
    r->watchdog_ns = now;
    notify_systemd("WATCHDOG=1");
}
