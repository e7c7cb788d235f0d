/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c - secrets from files, descriptors, commands and the service manager's credentials.
 */
#include "driver/secret.h"

#include "base/file.h"
#include "base/text.h"
#include "driver/operation.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND_LIMIT_SECONDS = 60 };

static int refuse(struct error *e, const char *what, const char *reason)
{
    return error_set(e, LAGAN_INVALID, ERROR_PARAMETER, "the secret from %s %s", what, reason);
}

/* Waits until `fd` can be read; -1 when cancelled or after `end_ns`. */
static int wait_readable(int fd, const char *what, int64_t end_ns, struct error *e)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
                            {.fd = operation_cancel_fd(), .events = POLLIN}};
    for (;;) {
        if (operation_check(e) < 0)
            return -1;
        if (operation_now_ns() >= end_ns)
            return error_set(e, LAGAN_TIMEOUT, ERROR_TEMPORARY,
                             "the secret from %s did not come within %d seconds", what,
                             COMMAND_LIMIT_SECONDS);
        if (poll(fds, 2, 1000) > 0 && fds[0].revents != 0)
            return 0;
    }
}

/* Reads to the end into `secret` (room for SECRET_LIMIT + 1 bytes). */
static int read_all(int fd, const char *what, struct secret_text *secret, struct error *e)
{
    int64_t end_ns = operation_now_ns() + (int64_t)COMMAND_LIMIT_SECONDS * 1000000000;
    for (;;) {
        if (wait_readable(fd, what, end_ns, e) < 0)
            return -1;
        ssize_t got = read(fd, secret->data + secret->size, SECRET_LIMIT + 1 - secret->size);
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return error_errno(e, errno, "the secret from %s", what);
        if (got == 0)
            return 0;
        secret->size += got > 0 ? (size_t)got : 0;
        if (secret->size > SECRET_LIMIT)
            return refuse(e, what, "is longer than 64 KiB");
    }
}

static int check_private(int fd, const char *path, struct error *e)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return error_errno(e, errno, "the secret from %s", path);
    if (!S_ISREG(status.st_mode))
        return refuse(e, path, "is refused: it is not a regular file");
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return refuse(e, path, "is refused: the file belongs to somebody else");
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(e, path, "is refused: others can read it; chmod 600 it");
    return 0;
}

static int read_file(const char *path, struct secret_text *secret, struct error *e)
{
    int fd CLEANUP_FD = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, "the secret from %s", path);
    if (check_private(fd, path, e) < 0)
        return -1;
    return read_all(fd, path, secret, e);
}

static int read_descriptor(const char *number, struct secret_text *secret, struct error *e)
{
    char what[48];
    uint64_t fd;
    snprintf(what, sizeof what, "descriptor %.20s", number);
    if (text_parse_u64(number, &fd) < 0 || fd > 65535 || fcntl((int)fd, F_GETFD) < 0)
        return refuse(e, what, "cannot be read: there is no such descriptor");
    return read_all((int)fd, what, secret, e);
}

static int spawn_shell(const char *line, int output, pid_t *child)
{
    char shell[] = "sh";
    char option[] = "-c";
    char *command CLEANUP_TEXT = strdup(line);
    char *arguments[] = {shell, option, command, NULL};
    posix_spawn_file_actions_t actions;
    int number = ENOMEM;
    if (!command || posix_spawn_file_actions_init(&actions) != 0)
        return number;
    number = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (number == 0)
        number = posix_spawn(child, "/bin/sh", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

static int read_command(const char *line, struct secret_text *secret, struct error *e)
{
    static const char what[] = "the command";
    int pipes[2];
    int status = 0;
    int result;
    pid_t child;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return error_errno(e, errno, "the secret from %s", what);
    int number = spawn_shell(line, pipes[1], &child);
    close(pipes[1]);
    if (number != 0) {
        close(pipes[0]);
        return error_errno(e, number, "the secret from %s", what);
    }
    result = read_all(pipes[0], what, secret, e);
    close(pipes[0]);
    if (result < 0)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (result == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        result = refuse(e, what, "cannot be used: the command failed");
    return result;
}

/* The service manager guards the folder; the files' own modes say nothing there. */
static int read_credential(const char *name, struct secret_text *secret, struct error *e)
{
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    char *path CLEANUP_TEXT = NULL;
    if (!folder || folder[0] != '/')
        return refuse(
            e, "the credentials",
            "cannot be read: CREDENTIALS_DIRECTORY is not set; the service manager sets "
            "it");
    if (strchr(name, '/') || name[0] == '.')
        return refuse(e, "the credentials", "cannot be read: the name is not that of a file");
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        path = NULL;
        return error_no_memory(e, "a path");
    }
    int fd CLEANUP_FD = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, "the secret from %s", path);
    return read_all(fd, path, secret, e);
}

static const struct {
    const char *prefix;
    int (*read)(const char *rest, struct secret_text *secret, struct error *e);
} places[] = {
    {"file:", read_file},
    {"fd:", read_descriptor},
    {"command:", read_command},
    {"credential:", read_credential},
};

/* The index in `places`; what follows the prefix goes to `*rest`. */
static int find_place(const char *specification, const char **rest)
{
    for (int i = 0; i < (int)(sizeof places / sizeof places[0]); i++) {
        size_t length = strlen(places[i].prefix);
        *rest = specification + length;
        if (strncmp(specification, places[i].prefix, length) == 0 && (*rest)[0])
            return i;
    }
    return -1;
}

bool secret_check_form(const char *specification)
{
    const char *rest;
    return find_place(specification, &rest) >= 0;
}

int secret_text_read(const char *specification, struct secret_text *secret, struct error *e)
{
    const char *rest;
    int place = find_place(specification, &rest);
    struct secret_text made = {.data = malloc(SECRET_LIMIT + 2)};
    int result;
    if (!made.data)
        return error_no_memory(e, "a secret");
    if (place < 0)
        result = refuse(e, "here", "must be file:PATH, fd:N, command:LINE or credential:NAME");
    else
        result = places[place].read(rest, &made, e);
    if (result == 0 && made.size > 0 && made.data[made.size - 1] == '\n')
        made.size--;
    if (result == 0 && made.size == 0)
        result = refuse(e, specification, "is empty");
    if (result < 0) {
        secret_text_free(&made);
        return -1;
    }
    made.data[made.size] = '\0';
    *secret = made;
    return 0;
}

void secret_text_free(struct secret_text *secret)
{
    if (secret->data)
        explicit_bzero(secret->data, SECRET_LIMIT + 2);
    free(secret->data);
    *secret = (struct secret_text){0};
}
