/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - commands that people have written down: started, heard, and ended in time.
 *
 * A command is a line for /bin/sh.  It runs in a process group of its own and in the folder /,
 * with no input but what the caller has, with no descriptors but its standard ones, and in an
 * environment that holds PATH, HOME and LANG and what the caller states.  What it prints, on
 * either stream, comes back line by line.
 */
#ifndef CORE_BASE_COMMAND_H
#define CORE_BASE_COMMAND_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Bytes of a line of output, with its terminator; the rest of a longer one is dropped. */
enum { COMMAND_LINE_SIZE = 512 };

struct command_request {
    const char *line;
    const char *const *variables; /* NAME=VALUE, ends with NULL; NULL = none */
    const void *input;            /* its standard input; NULL = none */
    size_t input_size;
    int64_t limit_ns; /* then its process group gets TERM, and KILL after grace_ns; 0 = none */
    int64_t grace_ns; /* 0 = 5 s */
    int cancel_fd;    /* once readable, TERM at once and KILL within a second; -1 = never */
    void (*heard)(void *context, const char *line); /* each line of output; NULL = nobody */
    /* It is about to begin, in this process group: it waits until this returns, and does not
     * begin when this process dies before.  NULL = nobody cares; not together with an input. */
    void (*started)(void *context, pid_t group);
    void *context;
};

struct command_result {
    int status; /* as of wait(2) */
    bool timed_out;
    bool cancelled;
    char last_line[COMMAND_LINE_SIZE]; /* that it printed and that was not blank; or "" */
};

/* Runs the command until its shell ends; what it has left running in the background stays,
 * unless it had to be ended.  -1 only when it could not be started: how it ended is in
 * `*result`. Threads: any. */
int command_run(const struct command_request *request, struct command_result *result,
                struct error *e);
/* Whether it ended by itself, with status 0. */
bool command_succeeded(const struct command_result *result);
/* How it ended, as the end of a sentence: "ended with status 3: no such database". */
void command_outcome(const struct command_request *request, const struct command_result *result,
                     char *text, size_t room);

/* The whole environment of a command: `variables`, and the defaults that are not among them.
 * One allocation, which the caller frees; NULL when memory runs out. */
char **command_environment(const char *const *variables, struct error *e);

#endif
