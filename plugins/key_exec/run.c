/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - starts the command, hears what it says, and sees to its end. */
#include "key_exec/key_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOGGED_LINES = 50, TICK_MS = 100, NEAR_END_MS = 2 };

/* A command at work. */
struct process {
    struct lagan_op *op;
    struct exec_result *result;
    pid_t id;
    int request; /* a file in memory: nobody has to write while the command reads */
    int out;     /* -1 at its end, as error_out */
    int error_out;
    char line[160]; /* of standard error, begun */
    size_t line_size;
    unsigned logged;
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

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* No pipe for the request: a command that does not read it would end this process with
 * SIGPIPE, or block it. */
static int write_request(struct process *p, const char *request, size_t size)
{
    p->request = memfd_create("lagan key request", MFD_CLOEXEC);
    if (p->request < 0 || write(p->request, request, size) != (ssize_t)size ||
        lseek(p->request, 0, SEEK_SET) != 0)
        return errno ? errno : EIO;
    return 0;
}

static int spawn_with(struct process *p, const struct exec_settings *s, int out, int error_out,
                      posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int number = posix_spawn_file_actions_adddup2(actions, p->request, STDIN_FILENO);
    sigemptyset(&none);
    sigfillset(&all);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, error_out, STDERR_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (number == 0)
        number = posix_spawn_file_actions_addchdir_np(actions, "/");
    if (number == 0)
        number = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (number == 0)
        number = posix_spawnattr_setpgroup(attributes, 0);
    if (number == 0)
        number = posix_spawnattr_setsigmask(attributes, &none);
    if (number == 0)
        number = posix_spawnattr_setsigdefault(attributes, &all);
    if (number == 0)
        number =
            posix_spawn(&p->id, s->words[0], actions, attributes, s->words, s->environment);
    return number;
}

/* An errno value. */
static int spawn(struct process *p, const struct exec_settings *s, int out, int error_out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0)
        return number;
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        number = spawn_with(p, s, out, error_out, &actions, &attributes);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

static int start(struct process *p, const struct exec_settings *s)
{
    int out[2] = {-1, -1};
    int error_out[2] = {-1, -1};
    int number = 0;
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(error_out, O_CLOEXEC) < 0 ||
        fcntl(out[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(error_out[0], F_SETFL, O_NONBLOCK) < 0)
        number = errno;
    if (number == 0)
        number = spawn(p, s, out[1], error_out[1]);
    close_descriptor(&out[1]);
    close_descriptor(&error_out[1]);
    p->out = out[0];
    p->error_out = error_out[0];
    return number;
}

static void end_line(struct process *p)
{
    if (p->line_size == 0)
        return;
    p->line[p->line_size] = '\0';
    memcpy(p->result->last_line, p->line, p->line_size + 1);
    if (p->logged++ < LOGGED_LINES)
        lagan_log(p->op, LAGAN_LEVEL_INFO, "the command says: %s", p->line);
    p->line_size = 0;
}

static void hear_line(struct process *p, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n')
            end_line(p);
        else if (p->line_size < sizeof p->line - 1)
            p->line[p->line_size++] = data[i];
    }
}

/* Reads what is there; closes `*fd` at the end.  False when the answer is too long. */
static bool hear(struct process *p, int *fd)
{
    char data[1024];
    ssize_t got;
    while (*fd >= 0 && (got = read(*fd, data, sizeof data)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return true;
        if (fd == &p->error_out) {
            hear_line(p, data, (size_t)got);
        } else if ((size_t)got > EXEC_ANSWER_LIMIT - p->result->answer_size) {
            OPENSSL_cleanse(data, sizeof data);
            return false;
        } else {
            memcpy(p->result->answer + p->result->answer_size, data, (size_t)got);
            p->result->answer_size += (size_t)got;
        }
    }
    OPENSSL_cleanse(data, sizeof data);
    close_descriptor(fd);
    return true;
}

/* Whether the command itself has ended; it stays a zombie, so that its group keeps its number.
 */
static bool has_ended(const struct process *p)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)p->id, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid == p->id;
}

static uint32_t check_time(const struct process *p, const struct exec_settings *s)
{
    if (lagan_cancelled(p->op))
        return LAGAN_CANCELLED;
    if (monotonic_ns() >= p->end_ns)
        return lagan_fail(p->op, LAGAN_TIMEOUT, 0, "%s did not answer within %lld seconds",
                          s->words[0], (long long)(s->timeout_ns / 1000000000));
    return LAGAN_OK;
}

static uint32_t listen_to(struct process *p, const struct exec_settings *s)
{
    uint32_t result = LAGAN_OK;
    bool ended = false;
    while (result == LAGAN_OK && !ended) {
        struct pollfd fds[3] = {{.fd = p->out, .events = POLLIN},
                                {.fd = p->error_out, .events = POLLIN},
                                {.fd = p->op->cancel_fd, .events = POLLIN}};
        poll(fds, 3, p->out < 0 && p->error_out < 0 ? NEAR_END_MS : TICK_MS);
        /* Asked first: what it said before its end is there to be read then. */
        ended = has_ended(p);
        if (!hear(p, &p->out))
            return lagan_fail(p->op, LAGAN_LIMIT, 0, "%s answers with more than %d bytes",
                              s->words[0], EXEC_ANSWER_LIMIT);
        hear(p, &p->error_out);
        if (!ended)
            result = check_time(p, s);
    }
    end_line(p);
    return result;
}

/* Nothing that the command has started outlives it. */
static void finish(struct process *p)
{
    kill(-p->id, SIGKILL);
    while (waitpid(p->id, &p->result->status, 0) < 0 && errno == EINTR)
        ;
}

/* The request is secret: its pages go back as zeroes. */
static void discard_request(struct process *p, size_t size)
{
    static const char zeroes[1024];
    size_t done = 0;
    while (p->request >= 0 && done < size) {
        size_t part = size - done < sizeof zeroes ? size - done : sizeof zeroes;
        if (pwrite(p->request, zeroes, part, (off_t)done) < 0)
            break;
        done += part;
    }
    close_descriptor(&p->request);
}

uint32_t exec_run(struct lagan_op *op, const struct exec_settings *s, const char *request,
                  size_t request_size, struct exec_result *result)
{
    struct process p = {.op = op,
                        .result = result,
                        .request = -1,
                        .out = -1,
                        .error_out = -1,
                        .end_ns = monotonic_ns() + s->timeout_ns};
    uint32_t done;
    int number;
    *result = (struct exec_result){.status = 0};
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    number = write_request(&p, request, request_size);
    if (number == 0)
        number = start(&p, s);
    if (number == 0) {
        done = listen_to(&p, s);
        finish(&p);
    } else {
        done = fail_errno(op, number, s->words[0]);
    }
    close_descriptor(&p.out);
    close_descriptor(&p.error_out);
    discard_request(&p, request_size);
    return done;
}
