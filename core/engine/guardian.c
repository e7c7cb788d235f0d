/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardian.c - see guardian.h.
 *
 * The child comes from a process that may have threads: until it ends it only calls what is
 * safe in a signal handler, and allocates nothing.
 */
#include "engine/guardian.h"

#include "base/clock.h"
#include "base/object.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GUARDIAN_MAGIC = 0x47554152,
    LEVEL_LIMIT = 8,
    OWN_FD = 3, /* the guardian's end */
    LOOK_MS = 20,
    STATUS_FAILED = 1
};
#define MS_NS INT64_C(1000000)
#define SECOND_NS INT64_C(1000000000)

enum word { WORD_BEGIN, WORD_WATCH, WORD_HOLD, WORD_TAKE, WORD_THAWED, WORD_END };

struct message {
    uint32_t word;
    uint32_t level; /* of WATCH: a process group */
    int64_t limit_ns;
};

struct guardian {
    uint32_t magic;
    pid_t id;
    int fd;
};

/* ---- the child ---- */

static const int deaf_to[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};

static void set_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigset_t none;
    for (size_t i = 0; i < sizeof(deaf_to) / sizeof(deaf_to[0]); i++)
        sigaction(deaf_to[i], &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_thaw(const struct guardian_thaw *thaw)
{
    char shell[] = "sh", option[] = "-c";
    char *line = (char *)(uintptr_t)thaw->line; /* execve changes nothing of it */
    char *words[] = {shell, option, line, NULL};
    setpgid(0, 0);
    set_signals(SIG_DFL);
    execve("/bin/sh", words, thaw->environment);
    _exit(STATUS_FAILED);
}

/* Whether it ended well. */
static bool await_thaw(pid_t id, int64_t limit_ns)
{
    int64_t end_ns = limit_ns > 0 ? clock_boot_ns() + limit_ns : INT64_MAX;
    bool asked = false;
    int status = 0;
    pid_t got;
    while ((got = waitpid(id, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (clock_boot_ns() >= end_ns) {
            kill(-id, asked ? SIGKILL : SIGTERM);
            end_ns = asked ? INT64_MAX : clock_boot_ns() + SECOND_NS;
            asked = true;
        }
        poll(NULL, 0, LOOK_MS);
    }
    return got == id && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool thaw_level(const struct guardian_thaw *thaw)
{
    pid_t id = fork();
    if (id == 0)
        become_thaw(thaw);
    return id > 0 && await_thaw(id, thaw->limit_ns);
}

/* What it knows. */
struct watch {
    const struct guardian_thaw *thaws;
    size_t count;
    bool begun[LEVEL_LIMIT];
    pid_t group;    /* that freezes; 0 = none */
    int64_t due_ns; /* when it thaws by itself */
};

/* Nobody may freeze what is thawed next. */
static void end_freeze(pid_t group)
{
    int64_t end_ns = clock_boot_ns() + SECOND_NS;
    if (group <= 1 || kill(-group, SIGTERM) != 0)
        return;
    while (clock_boot_ns() < end_ns && kill(-group, 0) == 0)
        poll(NULL, 0, LOOK_MS);
    kill(-group, SIGKILL);
}

static _Noreturn void thaw_all(const struct watch *w)
{
    int status = 0;
    close(OWN_FD); /* whoever asks from now on learns that it is done here */
    end_freeze(w->group);
    for (size_t i = w->count; i-- > 0;) {
        if (w->begun[i] && w->thaws[i].line && !thaw_level(&w->thaws[i]))
            status = STATUS_FAILED;
    }
    _exit(status);
}

static void obey(struct watch *w, const struct message *m)
{
    size_t level = m->level < w->count ? m->level : 0;
    if (m->word == WORD_WATCH)
        w->group = (pid_t)m->level;
    if (m->limit_ns > 0)
        w->due_ns = clock_boot_ns() + m->limit_ns;
    if (m->word == WORD_END)
        _exit(0);
    if (m->word == WORD_BEGIN || m->word == WORD_THAWED)
        w->begun[level] = m->word == WORD_BEGIN;
    if (m->word == WORD_TAKE && write(OWN_FD, m, sizeof(*m)) < 0)
        thaw_all(w);
}

static _Noreturn void guard(struct watch *w)
{
    for (;;) {
        struct pollfd fd = {.fd = OWN_FD, .events = POLLIN};
        int64_t left_ns = w->due_ns - clock_boot_ns();
        struct message m;
        if (left_ns <= 0)
            thaw_all(w);
        if (left_ns > 60 * SECOND_NS)
            left_ns = 60 * SECOND_NS;
        if (poll(&fd, 1, (int)(left_ns / MS_NS) + 1) <= 0)
            continue;
        ssize_t got = read(OWN_FD, &m, sizeof(m));
        if (got < 0 && errno == EINTR)
            continue;
        if (got != (ssize_t)sizeof(m))
            thaw_all(w); /* the parent is gone */
        obey(w, &m);
    }
}

/* Nothing of the parent is kept but its standard error. */
static void separate(int fd)
{
    int nothing = open("/dev/null", O_RDONLY);
    setsid();
    set_signals(SIG_IGN);
    prctl(PR_SET_NAME, "lagan-guardian");
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    if (fd != OWN_FD)
        dup2(fd, OWN_FD);
    fcntl(OWN_FD, F_SETFD, FD_CLOEXEC);
    close_range(OWN_FD + 1, ~0U, 0);
    if (chdir("/") != 0)
        _exit(STATUS_FAILED);
}

/* ---- the parent ---- */

static bool say(struct guardian *g, enum word word, size_t level, int64_t limit_ns)
{
    const struct message m = {word, (uint32_t)level, limit_ns};
    ssize_t done;
    OBJECT_CHECK(g, GUARDIAN_MAGIC);
    do
        done = send(g->fd, &m, sizeof(m), MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    return done == (ssize_t)sizeof(m);
}

struct guardian *guardian_start(const struct guardian_thaw *thaws, size_t count,
                                struct error *e)
{
    struct watch w = {.thaws = thaws, .count = count, .due_ns = INT64_MAX};
    int ends[2];
    ASSERT(count <= LEVEL_LIMIT);
    struct guardian *g = calloc(1, sizeof(*g));
    if (!g) {
        error_no_memory(e, "a guardian");
        return NULL;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        error_errno(e, errno, "cannot start a guardian");
        free(g);
        return NULL;
    }
    g->id = fork();
    if (g->id == 0) {
        separate(ends[1]);
        guard(&w);
    }
    int number = errno;
    close(ends[1]);
    g->fd = ends[0];
    g->magic = GUARDIAN_MAGIC;
    if (g->id > 0)
        return g;
    error_errno(e, number, "cannot start a guardian");
    close(g->fd);
    free(g);
    return NULL;
}

void guardian_begin(struct guardian *g, size_t level, int64_t limit_ns)
{
    say(g, WORD_BEGIN, level, limit_ns);
}

void guardian_watch(struct guardian *g, pid_t group)
{
    say(g, WORD_WATCH, (size_t)group, 0);
}

void guardian_hold(struct guardian *g, int64_t limit_ns)
{
    say(g, WORD_HOLD, 0, limit_ns);
}

bool guardian_take(struct guardian *g, int64_t limit_ns)
{
    struct message answer;
    ssize_t got;
    if (!say(g, WORD_TAKE, 0, limit_ns))
        return false;
    do
        got = read(g->fd, &answer, sizeof(answer));
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(answer);
}

void guardian_thawed(struct guardian *g, size_t level)
{
    say(g, WORD_THAWED, level, 0);
}

int guardian_end(struct guardian *g)
{
    int status = 0;
    if (!g)
        return 0;
    say(g, WORD_END, 0, 0);
    close(g->fd);
    while (waitpid(g->id, &status, 0) < 0 && errno == EINTR)
        ;
    g->magic = 0;
    free(g);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
