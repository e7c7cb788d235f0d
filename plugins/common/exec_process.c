/* SPDX-License-Identifier: Apache-2.0 */
/* exec_process.c - starts a program, hears its standard error, and sees to its end. */
#include "common/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOGGED_LINES = 50 };

void exec_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int set_descriptors(posix_spawn_file_actions_t *actions, int input, int out,
                           int error_out)
{
    int number = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, error_out, STDERR_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (number == 0)
        number = posix_spawn_file_actions_addchdir_np(actions, "/");
    return number;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int number = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigemptyset(&none);
    sigfillset(&all);
    if (number == 0)
        number = posix_spawnattr_setpgroup(attributes, 0);
    if (number == 0)
        number = posix_spawnattr_setsigmask(attributes, &none);
    if (number == 0)
        number = posix_spawnattr_setsigdefault(attributes, &all);
    return number;
}

/* An errno value. */
static int spawn_apart(struct exec_process *p, const struct exec_command *c, int input, int out,
                       int error_out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0)
        return number;
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        number = set_descriptors(&actions, input, out, error_out);
        if (number == 0)
            number = set_attributes(&attributes);
        if (number == 0)
            number = posix_spawn(&p->id, c->words[0], &actions, &attributes, c->words,
                                 c->environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

/* One that is 0, 1 or 2 here would be overwritten by the others on their way to these places.
 */
static int spawn(struct exec_process *p, const struct exec_command *c, int input, int out,
                 int error_out)
{
    int apart[3] = {fcntl(input, F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
                    fcntl(out, F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
                    fcntl(error_out, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    int number = apart[0] < 0 || apart[1] < 0 || apart[2] < 0 ? errno : 0;
    if (number == 0)
        number = spawn_apart(p, c, apart[0], apart[1], apart[2]);
    for (size_t i = 0; i < 3; i++)
        exec_close(&apart[i]);
    return number;
}

/* A pipe whose reading end does not block. */
static int make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
        return errno;
    return 0;
}

int exec_start(struct exec_process *p, const struct exec_command *c, int input, bool heard,
               uint32_t level)
{
    int out[2] = {-1, -1};
    int error_out[2] = {-1, -1};
    int number = heard ? make_pipe(out) : 0;
    *p = (struct exec_process){.out = -1, .error_out = -1, .level = level};
    if (number == 0)
        number = make_pipe(error_out);
    if (number == 0)
        number = spawn(p, c, input, heard ? out[1] : error_out[1], error_out[1]);
    exec_close(&out[1]);
    exec_close(&error_out[1]);
    p->out = out[0];
    p->error_out = error_out[0];
    if (number == 0)
        return 0;
    exec_close(&p->out);
    exec_close(&p->error_out);
    p->id = 0;
    return number;
}

int exec_talk_start(struct exec_process *p, const struct exec_command *c, int *talk,
                    uint32_t level)
{
    int ends[2] = {-1, -1};
    int error_out[2] = {-1, -1};
    int number = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ? errno : 0;
    *p = (struct exec_process){.out = -1, .error_out = -1, .level = level};
    if (number == 0)
        number = make_pipe(error_out);
    if (number == 0)
        number = spawn(p, c, ends[1], ends[1], error_out[1]);
    exec_close(&ends[1]);
    exec_close(&error_out[1]);
    p->error_out = error_out[0];
    *talk = ends[0];
    if (number == 0)
        return 0;
    exec_close(talk);
    exec_close(&p->error_out);
    p->id = 0;
    return number;
}

static void end_line(struct exec_process *p, struct lagan_op *op)
{
    if (p->line_size == 0)
        return;
    p->line[p->line_size] = '\0';
    /* What is indented goes on with what stands above it. */
    if ((p->line[0] != ' ' && p->line[0] != '\t') || !p->last_line[0])
        memcpy(p->last_line, p->line, p->line_size + 1);
    if (p->logged++ < LOGGED_LINES)
        lagan_log(op, p->level, "the command says: %s", p->line);
    p->line_size = 0;
}

void exec_hear_errors(struct exec_process *p, struct lagan_op *op)
{
    enum { AT_ONCE = 16 }; /* then whoever calls looks at the time */
    char data[1024];
    for (int i = 0; p->error_out >= 0 && i < AT_ONCE; i++) {
        ssize_t got = read(p->error_out, data, sizeof data);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0)
            exec_close(&p->error_out);
        for (ssize_t k = 0; k < got; k++) {
            if (data[k] == '\n')
                end_line(p, op);
            else if (p->line_size < sizeof p->line - 1)
                p->line[p->line_size++] = data[k];
        }
    }
}

bool exec_has_ended(const struct exec_process *p)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)p->id, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid == p->id;
}

void exec_finish(struct exec_process *p, struct lagan_op *op)
{
    if (p->id <= 0)
        return;
    exec_hear_errors(p, op);
    end_line(p, op);
    kill(-p->id, SIGKILL);
    while (waitpid(p->id, &p->status, 0) < 0 && errno == EINTR)
        ;
    exec_close(&p->out);
    exec_close(&p->error_out);
    p->id = 0;
}
