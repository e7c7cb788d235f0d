/* SPDX-License-Identifier: Apache-2.0 */
/* children.c - see children.h. */
#include "runner/children.h"

#include "base/clock.h"
#include "runner/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_NOT_STARTED = 126, FIRST_OTHER_FD = 3, KILL_WAITS = 50, KILL_WAIT_MS = 10 };

/* ioprio_set(2): who, and a class in the upper bits with a level in the lower ones. */
enum { IO_WHO_PROCESS = 1, IO_CLASS_SHIFT = 13 };
static const struct {
    const char *name;
    int priority;
} io_classes[] = {
    {"best-effort", 2 << IO_CLASS_SHIFT | 7}, /* the last of its eight levels */
    {"idle", 3 << IO_CLASS_SHIFT},
};

static void yield_to_others(const struct child_order *order)
{
    if (order->nice > 0)
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + order->nice);
    for (size_t i = 0; i < sizeof(io_classes) / sizeof(io_classes[0]); i++)
        if (order->io_class != NULL && strcmp(order->io_class, io_classes[i].name) == 0)
            syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, io_classes[i].priority);
}

/* In the new process. */
static _Noreturn void become(const struct child_order *order, pid_t runner)
{
    signals_release();
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* Had the runner died before that, nobody would tell. */
    if (getppid() != runner)
        _exit(STATUS_NOT_STARTED);
    yield_to_others(order);
    close_range(FIRST_OTHER_FD, ~0U, 0);
    /* A program that was upgraded meanwhile is still the one that this runner is of. */
    execv("/proc/self/exe", (char *const *)(uintptr_t)order->arguments);
    _exit(STATUS_NOT_STARTED);
}

static struct child *free_place(struct children *c)
{
    for (size_t i = 0; i < CHILDREN_MOST; i++)
        if (c->places[i].pid == 0)
            return &c->places[i];
    return NULL;
}

int children_start(struct children *c, const struct child_order *order, struct error *e)
{
    struct child *place = free_place(c);
    pid_t runner = getpid();

    if (place == NULL)
        return error_set(e, LAGAN_LIMIT, ERROR_TEMPORARY, "too many jobs are running");
    pid_t pid = fork();
    if (pid < 0)
        return error_errno(e, errno, "cannot start a process for a job");
    if (pid == 0)
        become(order, runner);
    *place = (struct child){.pid = pid,
                            .kind = order->kind,
                            .job = order->job,
                            .needs = order->needs,
                            .started_ns = clock_boot_ns(),
                            .limit_ns = order->limit_ns};
    c->count[order->kind]++;
    return 0;
}

size_t children_count(const struct children *c)
{
    size_t all = 0;

    for (size_t i = 0; i < CHILD_KIND_COUNT; i++)
        all += c->count[i];
    return all;
}

bool children_have(const struct children *c, int64_t job, uint64_t needs)
{
    for (size_t i = 0; i < CHILDREN_MOST; i++) {
        const struct child *child = &c->places[i];
        if (child->pid != 0 && child->kind == CHILD_JOB &&
            (child->job == job || (needs != 0 && child->needs == needs)))
            return true;
    }
    return false;
}

static bool is_late(const struct child *child, int64_t now)
{
    return child->limit_ns > 0 && now - child->started_ns >= child->limit_ns;
}

bool children_take(struct children *c, struct child_end *end)
{
    for (size_t i = 0; i < CHILDREN_MOST; i++) {
        struct child *child = &c->places[i];
        int status = 0;
        if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
            continue;
        *end = (struct child_end){.child = *child,
                                  .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                  .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                                  .late = is_late(child, clock_boot_ns())};
        c->count[child->kind]--;
        *child = (struct child){0};
        return true;
    }
    return false;
}

static void ask(struct child *child, int64_t now)
{
    if (child->asked_ns != 0)
        return;
    child->asked_ns = now;
    kill(child->pid, SIGTERM);
}

void children_watch(struct children *c, bool all)
{
    int64_t now = clock_boot_ns();

    for (size_t i = 0; i < CHILDREN_MOST; i++) {
        struct child *child = &c->places[i];
        if (child->pid == 0)
            continue;
        if (all || is_late(child, now))
            ask(child, now);
        if (child->asked_ns == 0 || child->killed || now - child->asked_ns < CHILDREN_GRACE_NS)
            continue;
        child->killed = true;
        kill(-child->pid, SIGKILL); /* with what it has started */
        kill(child->pid, SIGKILL);
    }
}

void children_kill(struct children *c)
{
    for (size_t i = 0; i < CHILDREN_MOST; i++) {
        struct child *child = &c->places[i];
        if (child->pid == 0)
            continue;
        kill(-child->pid, SIGKILL);
        kill(child->pid, SIGKILL);
    }
    /* What hangs in the kernel ends later, without anybody to wait for it. */
    for (int tries = 0; children_count(c) > 0 && tries < KILL_WAITS; tries++) {
        struct child_end end;
        while (children_take(c, &end)) {
        }
        poll(NULL, 0, KILL_WAIT_MS);
    }
}
