/* SPDX-License-Identifier: Apache-2.0 */
/* job_guard.c - a thread beside the job, which may hang in a driver. */
#include "base/clock.h"
#include "base/log.h"
#include "driver/operation.h"
#include "runner/job_private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LOOK_MS = 1000, STATUS_INTERRUPTED = 130 };
static const int64_t GRACE_NS = INT64_C(10) * 1000000000;

static void stop(struct job_guard *g, enum job_stop why)
{
    int none = JOB_GOES_ON;

    atomic_compare_exchange_strong(&g->stop, &none, (int)why);
    operation_cancel_all();
}

static bool is_cancelled(struct job_guard *g)
{
    char task[CATALOG_TASK_ID_SIZE];
    struct error ignored = ERROR_INIT;

    pthread_mutex_lock(&g->lock);
    memcpy(task, g->task, sizeof(task));
    pthread_mutex_unlock(&g->lock);
    return task[0] != '\0' && catalog_task_is_cancelled(g->catalog, task, &ignored) > 0;
}

/* True when the job is over. */
static bool wait_for_end(const struct job_guard *g)
{
    struct pollfd over = {.fd = g->wake, .events = POLLIN};

    return poll(&over, 1, LOOK_MS) > 0;
}

static void *watch(void *argument)
{
    struct job_guard *g = argument;
    int64_t cancelled_ns = 0;

    while (!wait_for_end(g)) {
        int64_t now = clock_boot_ns();
        if (!operation_all_cancelled() && g->limit_ns > 0 && now - g->started_ns >= g->limit_ns)
            stop(g, JOB_TIMED_OUT);
        else if (!operation_all_cancelled() && is_cancelled(g))
            stop(g, JOB_CANCELLED);
        if (operation_all_cancelled() && cancelled_ns == 0)
            cancelled_ns = now;
        if (cancelled_ns == 0 || now - cancelled_ns < GRACE_NS)
            continue;
        log_write(LOG_ERROR, "runner", "the job does not end; the process does");
        _exit(STATUS_INTERRUPTED);
    }
    return NULL;
}

int job_guard_start(struct job_guard *g, struct catalog *c, int64_t limit_ns, struct error *e)
{
    *g = (struct job_guard){.wake = eventfd(0, EFD_CLOEXEC),
                            .limit_ns = limit_ns,
                            .started_ns = clock_boot_ns(),
                            .catalog = c};
    if (g->wake < 0)
        return error_errno(e, errno, "cannot watch a job");
    pthread_mutex_init(&g->lock, NULL);
    int number = pthread_create(&g->thread, NULL, watch, g);
    g->started = number == 0;
    return g->started ? 0 : error_errno(e, number, "cannot watch a job");
}

void job_guard_task(struct job_guard *g, const char *task)
{
    pthread_mutex_lock(&g->lock);
    memcpy(g->task, task, sizeof(g->task));
    pthread_mutex_unlock(&g->lock);
}

void job_guard_end(struct job_guard *g)
{
    uint64_t one = 1;

    if (g->wake < 0)
        return;
    if (g->started) {
        (void)!write(g->wake, &one, sizeof(one));
        pthread_join(g->thread, NULL);
    }
    close(g->wake);
    pthread_mutex_destroy(&g->lock);
    g->wake = -1;
}
