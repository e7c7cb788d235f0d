/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.h - programs that drivers start: their words and environment, their start, what they
 * write to standard error, and their end.
 *
 * A program runs in a process group of its own and in the folder /, with an environment that
 * holds what is stated and PATH, HOME and LANG, and with its standard descriptors alone.  What
 * is started is ended with exec_finish before the call that needs it returns; programs that
 * serve many calls (program.h) before the handle that needs them is closed.
 */
#ifndef PLUGINS_COMMON_EXEC_H
#define PLUGINS_COMMON_EXEC_H

#include <lagan/driver.h>
#include <stdbool.h>

enum {
    EXEC_WORD_LIMIT = 64,        /* words of a command */
    EXEC_ENVIRONMENT_LIMIT = 64, /* variables */
    EXEC_LINE_SIZE = 240,        /* of standard error: what is kept of a line */
    EXEC_TICK_MS = 100,          /* how often who waits looks around */
    EXEC_NEAR_END_MS = 2         /* the same once all its output was read */
};

/* exec_words.c: what to run.  Everything is owned; `{0}` is empty. */
struct exec_command {
    char *words[EXEC_WORD_LIMIT + 1]; /* ends with NULL */
    size_t word_count;
    char *environment[EXEC_ENVIRONMENT_LIMIT + 1]; /* NAME=VALUE; ends with NULL */
    size_t variable_count;
};

/* Splits `line` into words at blanks; quotes and backslashes as in a shell, nothing else of
 * one. The first is a full path: INVALID. */
uint32_t exec_split(struct lagan_op *op, struct exec_command *c, const char *line);
/* The line is for /bin/sh. */
uint32_t exec_shell(struct lagan_op *op, struct exec_command *c, const char *line);
/* Adds NAME=VALUE, or NAME with the value that it has here.  INVALID. */
uint32_t exec_add_variable(struct lagan_op *op, struct exec_command *c, const char *text);
/* The variables that every command gets, unless they were given. */
uint32_t exec_add_defaults(struct lagan_op *op, struct exec_command *c);
/* Whether the program is there and nobody else may change it.  NOT_FOUND, DENIED. */
uint32_t exec_check(struct lagan_op *op, const char *path);
/* Frees all; values of variables are wiped. */
void exec_clear(struct exec_command *c);

/* exec_process.c: a program at work. */
struct exec_process {
    pid_t id;
    int out;        /* of its standard output, does not block; -1 = none, or its end */
    int error_out;  /* the same of its standard error */
    int status;     /* as of wait(2), after exec_finish */
    uint32_t level; /* enum lagan_level: of the lines in the log */
    char last_line[EXEC_LINE_SIZE]; /* of standard error, that is not indented */
    char line[EXEC_LINE_SIZE];      /* begun */
    size_t line_size;
    unsigned logged;
};

/* Starts `c` with `input` as standard input; `heard`: its output comes through `out`, else it
 * goes where standard error goes.  Lines of that go to the log with `level`.  0, or an errno
 * value. */
int exec_start(struct exec_process *p, const struct exec_command *c, int input, bool heard,
               uint32_t level);
/* Starts `c` with one end of a socket pair as standard input and output; the other end is
 * `*talk`.  Else as exec_start. */
int exec_talk_start(struct exec_process *p, const struct exec_command *c, int *talk,
                    uint32_t level);
/* Reads what there is of standard error; never waits. */
void exec_hear_errors(struct exec_process *p, struct lagan_op *op);
/* Whether the program itself has ended; it stays a zombie, so that its group keeps its number.
 */
bool exec_has_ended(const struct exec_process *p);
/* Hears the rest, kills what is left of its group, and closes everything.  Again: nothing. */
void exec_finish(struct exec_process *p, struct lagan_op *op);
/* Closes a descriptor, if it is one, and forgets it. */
void exec_close(int *fd);

#endif
