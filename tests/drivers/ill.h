/* SPDX-License-Identifier: Apache-2.0 */
/* ill.h - what a driver may do to the process that it is in; for drivers of tests. */
#ifndef TESTS_DRIVERS_ILL_H
#define TESTS_DRIVERS_ILL_H

#include <lagan/driver.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

enum ill { ILL_NOT, ILL_CRASH, ILL_ABORT, ILL_EXIT, ILL_BLOCK, ILL_FORGE, ILL_CLOSE, ILL_LOOK };
#define ILL_CHOICES "not|crash|abort|exit|block|forge|close|look"

/* A head as the core and its helper exchange them. */
struct ill_head {
    uint32_t kind, verb, result, flags;
    uint64_t body_bytes, data_bytes;
    int64_t numbers[4];
    uint64_t op_id;
    int64_t deadline_ns;
    uint32_t bandwidth_class, sequence;
    int64_t wall_ns;
    uint64_t progress_bytes, progress_items;
};

/* Heads that no helper sends. */
static inline struct ill_head ill_forgery(int64_t which)
{
    enum { ANSWER = 2, ASK = 3, PART = 2, SINK = 1 };
    switch (which) {
    case 1:
        return (struct ill_head){.kind = ANSWER, .body_bytes = UINT64_C(1) << 40};
    case 2:
        return (struct ill_head){.kind = ANSWER, .flags = 1, .body_bytes = 100, .result = 3};
    case 3:
        return (struct ill_head){.kind = ANSWER, .data_bytes = UINT64_MAX};
    case 4:
        return (struct ill_head){.kind = ASK, .verb = 99};
    case 5:
        return (struct ill_head){.kind = ASK, .verb = PART, .body_bytes = 3};
    case 6:
        return (struct ill_head){.kind = ASK, .verb = SINK, .data_bytes = 4096};
    case 7:
        return (struct ill_head){.kind = ANSWER, .sequence = 12345};
    default:
        return (struct ill_head){.kind = 77};
    }
}

static inline int ill_is_channel(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* Sends what it should not to whoever listens. */
static inline void ill_forge(int64_t which)
{
    struct ill_head head = ill_forgery(which % 100);
    if (which >= 100)
        head.sequence = (uint32_t)(which / 100);
    for (int fd = 5; fd < 64; fd++)
        if (ill_is_channel(fd))
            send(fd, &head, which == 0 ? 3 : sizeof head, MSG_NOSIGNAL);
}

static inline void ill_close(void)
{
    for (int fd = 5; fd < 64; fd++)
        if (ill_is_channel(fd))
            shutdown(fd, SHUT_RDWR);
}

/* What a process may do, as the text of an error. */
static inline uint32_t ill_look(struct lagan_op *op, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), file = fd < 0 ? errno : 0;
    int trace = ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
    int space = unshare(CLONE_NEWUSER) < 0 ? errno : 0;
    char made[300];
    snprintf(made, sizeof made, "%s.made", path);
    int out = open(made, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), write = out < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (out >= 0)
        close(out);
    return lagan_fail(op, LAGAN_DENIED, 0,
                      "read %d, write %d, ptrace %d, unshare %d, variables %d", file, write,
                      trace, space, environ && environ[0] ? 1 : 0);
}

/* Dies of a bad address, also where a sanitizer would make an orderly end of that. */
#if defined(__GNUC__)
__attribute__((no_sanitize("address", "undefined")))
#endif
static inline void
ill_crash(int64_t number)
{
    signal(SIGSEGV, SIG_DFL);
    *(volatile int *)(uintptr_t)number = 1; /* number 0 */
}

/* Does it.  Returns only when there is nothing to do, or it has been done. */
static inline uint32_t ill_act(struct lagan_op *op, enum ill how, int64_t number,
                               const char *path)
{
    switch (how) {
    case ILL_CRASH:
        ill_crash(number);
        return LAGAN_OK;
    case ILL_ABORT:
        abort();
    case ILL_EXIT:
        _exit(7);
    case ILL_BLOCK:
        for (;;)
            pause();
    case ILL_FORGE:
        ill_forge(number);
        return LAGAN_OK;
    case ILL_CLOSE:
        ill_close();
        for (;;)
            pause();
    case ILL_LOOK:
        return ill_look(op, path);
    default:
        return LAGAN_OK;
    }
}

#endif
