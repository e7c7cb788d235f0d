/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - see command.h. */
#include "base/command.h"

#include "base/clock.h"
#include "base/object.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TICK_MS = 100,
    NEAR_END_MS = 5,
    READ_AT_A_TIME = 4096,
    READS_BETWEEN_LOOKS = 16, /* then time and cancellation are looked at */
    STATUS_NO_COMMAND = 127   /* of the shell */
};
#define SECOND_NS INT64_C(1000000000)

/* A command at work. */
struct running {
    const struct command_request *request;
    struct command_result *result;
    pid_t id;
    int out;  /* -1 at its end */
    int gate; /* a socket: what is behind it waits for a word; -1 = none */
    char line[COMMAND_LINE_SIZE];
    size_t line_size;
    bool ending;    /* it got TERM */
    int64_t due_ns; /* boot clock: of the next step against it */
};

/* What every command has unless it is stated otherwise; NULL = left out when we have none. */
static const struct {
    const char *name, *otherwise;
} defaults[] = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                {"HOME", "/"},
                {"LANG", NULL}};
enum { DEFAULT_COUNT = sizeof(defaults) / sizeof(defaults[0]) };

static bool is_stated(const char *const *variables, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; variables && variables[i]; i++) {
        if (strncmp(variables[i], name, size) == 0 && variables[i][size] == '=')
            return true;
    }
    return false;
}

static const char *default_value(size_t index, const char *const *variables)
{
    if (is_stated(variables, defaults[index].name))
        return NULL;
    const char *value = secure_getenv(defaults[index].name);
    return value ? value : defaults[index].otherwise;
}

/* Writes NAME=VALUE, or what is both already (`value` NULL), to `*text` and moves behind it. */
static char *put_variable(char **text, size_t *room, const char *name, const char *value)
{
    char *start = *text;
    int size = snprintf(start, *room, "%s%s%s", name, value ? "=" : "", value ? value : "");
    *text += size + 1;
    *room -= (size_t)size + 1;
    return start;
}

char **command_environment(const char *const *variables, struct error *e)
{
    size_t count = 0, bytes = 0, at = 0;
    for (; variables && variables[count]; count++)
        bytes += strlen(variables[count]) + 1;
    for (size_t i = 0; i < DEFAULT_COUNT; i++) {
        const char *value = default_value(i, variables);
        bytes += value ? strlen(defaults[i].name) + strlen(value) + 2 : 0;
    }
    size_t table = (count + DEFAULT_COUNT + 1) * sizeof(char *);
    char **made = calloc(1, table + bytes);
    if (!made) {
        error_no_memory(e, "an environment");
        return NULL;
    }
    char *text = (char *)made + table;
    for (size_t i = 0; i < count; i++)
        made[at++] = put_variable(&text, &bytes, variables[i], NULL);
    for (size_t i = 0; i < DEFAULT_COUNT; i++) {
        const char *value = default_value(i, variables);
        if (value)
            made[at++] = put_variable(&text, &bytes, defaults[i].name, value);
    }
    return made;
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int in,
                   int out)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int number = in >= 0 ? posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO)
                         : posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null",
                                                            O_RDONLY, 0);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, out, STDERR_FILENO);
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
    return number;
}

/* An errno value. */
static int spawn(struct running *r, int in, int out, char **environment, char *line)
{
    /* With a gate, the line waits behind it: a word is read from it first. */
    static const char gated[] =
        "read -r go || exit 1; exec </dev/null; go=$1; shift; eval \"$go\"";
    char shell[] = "sh", option[] = "-c", script[sizeof(gated)];
    char *plain[] = {shell, option, line, NULL};
    char *waiting[] = {shell, option, script, shell, line, NULL};
    char **words = r->gate >= 0 ? waiting : plain;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    memcpy(script, gated, sizeof(gated));
    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0)
        return number;
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        number = prepare(&actions, &attributes, in, out);
        if (number == 0)
            number = posix_spawn(&r->id, "/bin/sh", &actions, &attributes, words, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

/* The input as a file in memory: nobody has to feed it, and nothing breaks when it is not read.
 * An errno value; `*in` stays -1 when there is no input. */
static int hold_input(const struct command_request *request, int *in)
{
    size_t done = 0;
    if (!request->input)
        return 0;
    int fd = memfd_create("input", MFD_CLOEXEC);
    while (fd >= 0 && done < request->input_size) {
        ssize_t more =
            write(fd, (const char *)request->input + done, request->input_size - done);
        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0) {
            int number = more < 0 ? errno : EIO;
            close(fd);
            return number;
        }
        done += (size_t)more;
    }
    if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return errno;
    *in = fd;
    return 0;
}

/* What somebody must know of before it begins waits behind a gate.  An errno value. */
static int make_gate(struct running *r, int *in)
{
    int ends[2];
    if (!r->request->started)
        return 0;
    ASSERT(!r->request->input);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    *in = ends[0];
    r->gate = ends[1];
    return 0;
}

static void open_gate(struct running *r)
{
    if (r->gate < 0)
        return;
    r->request->started(r->request->context, r->id);
    send(r->gate, "go\n", 3, MSG_NOSIGNAL); /* one that is gone already needs no word */
    close(r->gate);
}

static int start(struct running *r, struct error *e)
{
    int ends[2], in = -1;
    char **environment = command_environment(r->request->variables, e);
    char *line = environment ? strdup(r->request->line) : NULL;
    int number = line ? hold_input(r->request, &in) : ENOMEM;
    if (number == 0)
        number = make_gate(r, &in);
    if (number == 0 && pipe2(ends, O_CLOEXEC) < 0)
        number = errno;
    else if (number == 0) {
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        number = spawn(r, in, ends[1], environment, line);
        close(ends[1]);
        r->out = ends[0];
    }
    if (in >= 0)
        close(in);
    free(environment);
    free(line);
    return number == 0 ? 0 : error_errno(e, number, "cannot run /bin/sh");
}

static void end_line(struct running *r)
{
    if (r->line_size == 0)
        return;
    r->line[r->line_size] = '\0';
    memcpy(r->result->last_line, r->line, r->line_size + 1);
    if (r->request->heard)
        r->request->heard(r->request->context, r->line);
    r->line_size = 0;
}

static void hear(struct running *r)
{
    char data[READ_AT_A_TIME];
    for (int i = 0; r->out >= 0 && i < READS_BETWEEN_LOOKS; i++) {
        ssize_t got = read(r->out, data, sizeof(data));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            close(r->out);
            r->out = -1;
            return;
        }
        for (ssize_t k = 0; k < got; k++) {
            if (data[k] == '\n')
                end_line(r);
            else if (r->line_size < sizeof(r->line) - 1)
                r->line[r->line_size++] = data[k];
        }
    }
}

/* Its shell has ended; it stays a zombie, so that its group keeps its number. */
static bool has_ended(const struct running *r)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)r->id, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid == r->id;
}

static void ask_to_end(struct running *r, int64_t grace_ns)
{
    kill(-r->id, SIGTERM);
    r->ending = true;
    r->due_ns = clock_boot_ns() + grace_ns;
}

/* Time and cancellation. */
static void press(struct running *r, bool cancelled)
{
    int64_t grace_ns = r->request->grace_ns > 0 ? r->request->grace_ns : 5 * SECOND_NS;
    if (cancelled && !r->ending) {
        r->result->cancelled = true;
        ask_to_end(r, SECOND_NS < grace_ns ? SECOND_NS : grace_ns);
    }
    if (clock_boot_ns() < r->due_ns)
        return;
    if (r->ending) {
        kill(-r->id, SIGKILL);
        r->due_ns = INT64_MAX;
    } else {
        r->result->timed_out = true;
        ask_to_end(r, grace_ns);
    }
}

static void attend(struct running *r)
{
    bool ended = false;
    while (!ended) {
        struct pollfd fds[2] = {
            {.fd = r->out, .events = POLLIN},
            {.fd = r->ending ? -1 : r->request->cancel_fd, .events = POLLIN}};
        poll(fds, 2, r->out < 0 ? NEAR_END_MS : TICK_MS);
        /* Asked first: what it printed before its end is there to be read then. */
        ended = has_ended(r);
        hear(r);
        if (!ended)
            press(r, fds[1].revents != 0);
    }
    end_line(r);
}

int command_run(const struct command_request *request, struct command_result *result,
                struct error *e)
{
    *result = (struct command_result){0};
    struct running r = {
        .request = request, .result = result, .out = -1, .gate = -1, .due_ns = INT64_MAX};
    if (request->limit_ns > 0)
        r.due_ns = clock_boot_ns() + request->limit_ns;
    if (start(&r, e) != 0) {
        if (r.out >= 0)
            close(r.out);
        if (r.gate >= 0)
            close(r.gate);
        return -1;
    }
    open_gate(&r);
    attend(&r);
    /* What does not mind TERM would outlive its shell. */
    if (r.ending)
        kill(-r.id, SIGKILL);
    while (waitpid(r.id, &result->status, 0) < 0 && errno == EINTR)
        ;
    if (r.out >= 0)
        close(r.out);
    return 0;
}

bool command_succeeded(const struct command_result *result)
{
    return !result->timed_out && !result->cancelled && WIFEXITED(result->status) &&
           WEXITSTATUS(result->status) == 0;
}

void command_outcome(const struct command_request *request, const struct command_result *result,
                     char *text, size_t room)
{
    char limit[TEXT_SIZE_SIZE], how[96];
    int status = WIFEXITED(result->status) ? WEXITSTATUS(result->status) : -1;
    text_format_duration(request->limit_ns, limit);
    if (result->timed_out)
        snprintf(how, sizeof(how), "did not end within %s and was stopped", limit);
    else if (result->cancelled)
        snprintf(how, sizeof(how), "was interrupted");
    else if (WIFSIGNALED(result->status))
        snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(result->status));
    else if (status == STATUS_NO_COMMAND)
        snprintf(how, sizeof(how), "was not found by the shell (status %d)", status);
    else
        snprintf(how, sizeof(how), "ended with status %d", status);
    snprintf(text, room, "%s%s%s", how, result->last_line[0] ? ": " : "", result->last_line);
}
