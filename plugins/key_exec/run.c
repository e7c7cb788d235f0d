/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - asks the command once and hears what it says. */
#include "key_exec/key_exec.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* A command at work. */
struct talk {
    struct lagan_op *op;
    struct exec_result *result;
    struct exec_process process;
    int request; /* a file in memory: nobody has to write while the command reads */
    int64_t end_ns;
};

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint32_t fail_errno(struct lagan_op *op, int number, const char *what)
{
    char reason[128];
    uint32_t error_class = number == ENOENT   ? LAGAN_NOT_FOUND
                           : number == EACCES ? LAGAN_DENIED
                           : number == ENOMEM ? LAGAN_INTERNAL
                                              : LAGAN_IO;
    return lagan_fail(op, error_class, number, "%s: %s", what,
                      strerror_r(number, reason, sizeof reason));
}

/* No pipe for the request: a command that does not read it would end this process with
 * SIGPIPE, or block it. */
static int write_request(struct talk *t, const char *request, size_t size)
{
    t->request = memfd_create("lagan key request", MFD_CLOEXEC);
    if (t->request < 0 || write(t->request, request, size) != (ssize_t)size ||
        lseek(t->request, 0, SEEK_SET) != 0)
        return errno ? errno : EIO;
    return 0;
}

/* Reads what is there of the answer; false when it is too long. */
static bool hear(struct talk *t)
{
    char data[1024];
    ssize_t got;
    bool fits = true;
    while (fits && t->process.out >= 0 &&
           (got = read(t->process.out, data, sizeof data)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return true;
        fits = (size_t)got <= EXEC_ANSWER_LIMIT - t->result->answer_size;
        if (fits) {
            memcpy(t->result->answer + t->result->answer_size, data, (size_t)got);
            t->result->answer_size += (size_t)got;
        }
    }
    OPENSSL_cleanse(data, sizeof data);
    if (fits)
        exec_close(&t->process.out);
    return fits;
}

static uint32_t check_time(const struct talk *t, const struct exec_settings *s)
{
    if (lagan_cancelled(t->op))
        return LAGAN_CANCELLED;
    if (monotonic_ns() >= t->end_ns)
        return lagan_fail(t->op, LAGAN_TIMEOUT, 0, "%s did not answer within %lld seconds",
                          s->command.words[0], (long long)(s->timeout_ns / 1000000000));
    return LAGAN_OK;
}

static uint32_t listen_to(struct talk *t, const struct exec_settings *s)
{
    struct exec_process *p = &t->process;
    uint32_t result = LAGAN_OK;
    bool ended = false;
    while (result == LAGAN_OK && !ended) {
        struct pollfd fds[3] = {{.fd = p->out, .events = POLLIN},
                                {.fd = p->error_out, .events = POLLIN},
                                {.fd = t->op->cancel_fd, .events = POLLIN}};
        poll(fds, 3, p->out < 0 && p->error_out < 0 ? EXEC_NEAR_END_MS : EXEC_TICK_MS);
        /* Asked first: what it said before its end is there to be read then. */
        ended = exec_has_ended(p);
        if (!hear(t))
            return lagan_fail(t->op, LAGAN_LIMIT, 0, "%s answers with more than %d bytes",
                              s->command.words[0], EXEC_ANSWER_LIMIT);
        exec_hear_errors(p, t->op);
        if (!ended)
            result = check_time(t, s);
    }
    return result;
}

/* The request is secret: its pages go back as zeroes. */
static void discard_request(struct talk *t, size_t size)
{
    static const char zeroes[1024];
    size_t done = 0;
    while (t->request >= 0 && done < size) {
        size_t part = size - done < sizeof zeroes ? size - done : sizeof zeroes;
        if (pwrite(t->request, zeroes, part, (off_t)done) < 0)
            break;
        done += part;
    }
    exec_close(&t->request);
}

uint32_t exec_run(struct lagan_op *op, const struct exec_settings *s, const char *request,
                  size_t request_size, struct exec_result *result)
{
    struct talk t = {
        .op = op, .result = result, .request = -1, .end_ns = monotonic_ns() + s->timeout_ns};
    uint32_t done;
    int number;
    *result = (struct exec_result){.status = 0};
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    number = write_request(&t, request, request_size);
    if (number == 0)
        number = exec_start(&t.process, &s->command, t.request, true, LAGAN_LEVEL_INFO);
    if (number == 0) {
        done = listen_to(&t, s);
        exec_finish(&t.process, op);
        result->status = t.process.status;
        memcpy(result->last_line, t.process.last_line, sizeof result->last_line);
    } else {
        done = fail_errno(op, number, s->command.words[0]);
    }
    discard_request(&t, request_size);
    return done;
}
