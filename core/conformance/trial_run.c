/* SPDX-License-Identifier: Apache-2.0 */
/* trial_run.c - a case in a process of its own, seen from its parent: time, messages, end. */
#include "conformance/trial_private.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_S = 20,
    /* A case that calls and calls and never ends is ended after so many times the patience. */
    PATIENCE_TIMES = 30,
    GLANCE_MS = 50
};

/* A case at work, seen from outside. */
struct sight {
    struct trial *trial;
    struct trial_end *end;
    pid_t child;
    int child_fd; /* readable when it has ended; -1 = unknown here */
    int pipe_fd;
    int output_fd;
    unsigned long ticks; /* when last seen ... */
    int64_t ticked_ns;   /* ... and when that was */
    int64_t began_ns;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t patience_ns(const struct trial *t)
{
    unsigned seconds = t->request->patience_s ? t->request->patience_s : (unsigned)PATIENCE_S;
    return (int64_t)seconds * 1000000000;
}

static void discard_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    (void)line;
}

/* In the child: the case, to its end. */
static _Noreturn void live(struct trial *t, pid_t parent, int output_fd)
{
    char done = TRIAL_DONE;
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    trial_become_child(t, parent);
    dup2(nothing, STDIN_FILENO);
    dup2(output_fd, STDOUT_FILENO);
    dup2(output_fd, STDERR_FILENO);
    close(nothing);
    close(output_fd);
    log_set_sink(discard_line, NULL);
    if (!(t->row->marks & CASE_UNLOADED))
        trial_load(t);
    t->row->run(t);
    if (write(t->verdict_fd, &done, 1) != 1)
        _exit(TRIAL_STATUS_FAILED);
    fflush(NULL);
    _exit(0);
}

/* Copies the text at `*next`, which ends before `end`, and moves behind it. */
static void take_text(const char **next, const char *end, char *text, size_t room)
{
    size_t size = strnlen(*next, (size_t)(end - *next));
    snprintf(text, room, "%.*s", (int)size, *next);
    *next += size < (size_t)(end - *next) ? size + 1 : size;
}

static void take_message(struct trial_end *end, const char *message, size_t size)
{
    const char *last = message + size;
    const char *next = message + 1;
    size_t used = strlen(end->notes);
    switch (message[0]) {
    case TRIAL_DONE:
        end->done = true;
        break;
    case TRIAL_NOTE:
        take_text(&next, last, end->notes + used, sizeof end->notes - used);
        break;
    case TRIAL_SKIP:
        if (end->failed || end->skipped)
            break;
        end->skipped = true;
        take_text(&next, last, end->verdict.came, sizeof end->verdict.came);
        break;
    case TRIAL_FAIL:
        if (end->failed)
            break;
        end->failed = true;
        take_text(&next, last, end->verdict.asked, sizeof end->verdict.asked);
        take_text(&next, last, end->verdict.look, sizeof end->verdict.look);
        take_text(&next, last, end->verdict.came, sizeof end->verdict.came);
        break;
    default:
        break;
    }
}

/* Takes what is in the pipe.  A packet pipe keeps messages apart. */
static void take_messages(struct sight *s)
{
    char message[TRIAL_MESSAGE_SIZE + 1];
    ssize_t size;
    while ((size = read(s->pipe_fd, message, sizeof message - 1)) > 0) {
        message[size] = '\0';
        take_message(s->end, message, (size_t)size);
    }
}

static void conclude(struct trial_end *end, const char *look, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void conclude(struct trial_end *end, const char *look, const char *format, ...)
{
    va_list arguments;
    if (end->failed)
        return;
    end->failed = true;
    snprintf(end->verdict.look, sizeof end->verdict.look, "%s", look);
    va_start(arguments, format);
    vsnprintf(end->verdict.came, sizeof end->verdict.came, format, arguments);
    va_end(arguments);
}

/* What was asked when the case ended without a word. */
static void recall_asked(struct sight *s)
{
    if (s->end->verdict.asked[0] == '\0')
        snprintf(s->end->verdict.asked, sizeof s->end->verdict.asked, "%s",
                 s->trial->shared->asked);
}

static bool is_blocked(struct sight *s)
{
    unsigned long ticks = atomic_load(&s->trial->shared->ticks);
    int64_t now = now_ns();
    int64_t patience = patience_ns(s->trial);
    if (ticks != s->ticks) {
        s->ticks = ticks;
        s->ticked_ns = now;
    }
    if (now - s->ticked_ns > patience) {
        conclude(s->end, "driver.h, Blocking", "blocked for %lld s",
                 (long long)(patience / 1000000000));
        return true;
    }
    if (now - s->began_ns > patience * PATIENCE_TIMES) {
        conclude(s->end, "driver.h, Blocking", "did not come to an end in %lld s",
                 (long long)(patience * PATIENCE_TIMES / 1000000000));
        return true;
    }
    return false;
}

static void end_child(struct sight *s, int *status)
{
    kill(-s->child, SIGKILL);
    kill(s->child, SIGKILL);
    waitpid(s->child, status, 0);
}

/* Follows the case until it has ended or must be ended; -1 when all is cancelled. */
static int follow(struct sight *s, int *status, struct error *e)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = s->pipe_fd, .events = POLLIN},
                                {.fd = s->child_fd, .events = POLLIN}};
        poll(fds, 2, s->child_fd >= 0 ? GLANCE_MS : 1);
        take_messages(s);
        if (waitpid(s->child, status, WNOHANG) == s->child)
            return 0;
        if (operation_check(e) < 0) {
            end_child(s, status);
            return -1;
        }
        if (is_blocked(s)) {
            end_child(s, status);
            return 0;
        }
    }
}

/* Processes that the case has left: those of its group, and programs that its driver started,
 * which have become children of this process. */
static void end_the_rest(pid_t group)
{
    char path[64];
    char line[4096];
    FILE *file;
    kill(-group, SIGKILL);
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", syscall(SYS_gettid));
    file = fopen(path, "re");
    if (file) {
        if (fgets(line, sizeof line, file)) {
            char *next = line;
            char *end;
            for (long pid = strtol(next, &end, 10); end != next; pid = strtol(next, &end, 10)) {
                kill((pid_t)pid, SIGKILL);
                next = end;
            }
        }
        fclose(file);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void judge_end(struct sight *s, int status)
{
    struct trial_end *end = s->end;
    take_messages(s);
    if (end->failed) {
        recall_asked(s);
        return;
    }
    if (WIFSIGNALED(status)) {
        conclude(end, "driver.h", "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
        recall_asked(s);
    } else if (WEXITSTATUS(status) != 0 && !end->skipped) {
        conclude(end, "driver.h, Process", "ended with status %d", WEXITSTATUS(status));
        recall_asked(s);
    } else if (!end->done && !end->skipped) {
        conclude(end, "driver.h, Process", "the driver has ended the process");
        recall_asked(s);
    }
}

static void take_output(struct sight *s)
{
    ssize_t size = pread(s->output_fd, s->end->output, sizeof s->end->output - 1, 0);
    s->end->output[size > 0 ? size : 0] = '\0';
}

static int start(struct sight *s, struct error *e)
{
    struct trial *t = s->trial;
    pid_t parent = getpid();
    int pipe_fds[2];
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe2(pipe_fds, O_CLOEXEC | O_DIRECT) < 0)
        return error_errno(e, errno, "a pipe for a case");
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    t->verdict_fd = pipe_fds[1];
    fflush(NULL);
    s->child = fork();
    if (s->child == 0) {
        close(pipe_fds[0]);
        live(t, parent, s->output_fd);
    }
    close(pipe_fds[1]);
    if (s->child < 0) {
        close(pipe_fds[0]);
        return error_errno(e, errno, "a process for a case");
    }
    setpgid(s->child, s->child);
    s->pipe_fd = pipe_fds[0];
    s->child_fd = (int)syscall(SYS_pidfd_open, s->child, 0);
    return 0;
}

static int run_child(struct sight *s, struct error *e)
{
    int status = 0;
    int result;
    if (start(s, e) < 0)
        return -1;
    result = follow(s, &status, e);
    end_the_rest(s->child);
    if (result == 0) {
        judge_end(s, status);
        take_output(s);
        s->end->seconds = (double)(now_ns() - s->began_ns) / 1e9;
    }
    if (s->child_fd >= 0)
        close(s->child_fd);
    close(s->pipe_fd);
    return result;
}

int trial_run(struct trial *t, struct trial_end *end, struct error *e)
{
    struct sight s = {.trial = t, .end = end, .began_ns = now_ns(), .ticked_ns = now_ns()};
    int result = -1;
    *end = (struct trial_end){0};
    t->shared = mmap(NULL, sizeof *t->shared, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t->shared == MAP_FAILED)
        return error_no_memory(e, "a case");
    s.output_fd = memfd_create("output", MFD_CLOEXEC);
    if (s.output_fd < 0)
        error_errno(e, errno, "a file for the output of a case");
    else
        result = run_child(&s, e);
    if (s.output_fd >= 0)
        close(s.output_fd);
    munmap(t->shared, sizeof *t->shared);
    t->shared = NULL;
    return result;
}
