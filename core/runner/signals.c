/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c - see signals.h. */
#include "runner/signals.h"

#include "driver/operation.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void fill_set(sigset_t *set, bool reloads)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    sigaddset(set, SIGUSR1);
    if (reloads)
        sigaddset(set, SIGHUP);
}

int signals_open(struct signals *s, bool reloads, struct error *e)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;

    fill_set(&set, reloads);
    sigprocmask(SIG_BLOCK, &set, NULL);
    /* What is ignored (nohup) would never arrive. */
    sigaction(SIGCHLD, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    if (reloads)
        sigaction(SIGHUP, &action, NULL);
    *s = (struct signals){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    return s->fd >= 0 ? 0 : error_errno(e, errno, "cannot wait for signals");
}

void signals_close(struct signals *s)
{
    sigset_t set;

    if (s->fd < 0)
        return;
    close(s->fd);
    s->fd = -1;
    fill_set(&set, false);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void note(struct signals *s)
{
    struct signalfd_siginfo got;

    while (read(s->fd, &got, sizeof(got)) == (ssize_t)sizeof(got)) {
        s->reload = s->reload || got.ssi_signo == SIGHUP;
        s->progress = s->progress || got.ssi_signo == SIGUSR1;
    }
}

void signals_wait(struct signals *s, int64_t wait_ns, bool cancelled)
{
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN},
                           {.fd = cancelled ? -1 : operation_cancel_fd(), .events = POLLIN}};
    int64_t wait_ms = wait_ns / 1000000;

    if (wait_ms > 1000)
        wait_ms = 1000;
    poll(fds, 2, wait_ms > 0 ? (int)wait_ms : 0);
    note(s);
}

void signals_release(void)
{
    static const int taken[] = {SIGCHLD, SIGUSR1, SIGHUP, SIGPIPE, SIGXFSZ};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        sigaction(taken[i], &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
