/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_exec.h - any command as a key service.
 *
 * The command is started anew for every request, without a shell, in a process group and an
 * environment of its own.  On its standard input it finds one line, and it answers with one:
 *
 *     wrap KEY BASE64          BASE64 is a fresh data key of 32 bytes; so is the answer,
 * wrapped unwrap KEY BASE64        the reverse
 *
 * KEY is the parameter `key`.  The statuses it may end with are in talk.c and key_exec(7).
 * Secrets of vaults never pass through it: what it wraps are the data keys of
 * common/envelope.h, magic "laganexe", way 1.
 */
#ifndef PLUGINS_KEY_EXEC_H
#define PLUGINS_KEY_EXEC_H

#include "common/envelope.h"

#include <stdbool.h>

#define EXEC_MAGIC "laganexe"

enum {
    EXEC_WORD_LIMIT = 64,        /* words of the command */
    EXEC_ENVIRONMENT_LIMIT = 64, /* variables */
    EXEC_ANSWER_LIMIT = 16384,   /* bytes that it may say */
    EXEC_WAY = 1
};

/* What was configured; everything is owned. */
struct exec_settings {
    char *words[EXEC_WORD_LIMIT + 1]; /* ends with NULL */
    size_t word_count;
    char *key;
    char *environment[EXEC_ENVIRONMENT_LIMIT + 1]; /* NAME=VALUE; ends with NULL */
    size_t variable_count;
    int64_t timeout_ns;
};

/* command.c: words and variables. */

/* Splits `line` into words at blanks; quotes and backslashes as in a shell, nothing else of
 * one. INVALID. */
uint32_t exec_split(struct lagan_op *op, struct exec_settings *s, const char *line);
/* Adds NAME=VALUE, or NAME with the value that it has here.  INVALID. */
uint32_t exec_add_variable(struct lagan_op *op, struct exec_settings *s, const char *text);
/* The variables that every command gets, unless they were given. */
uint32_t exec_add_defaults(struct lagan_op *op, struct exec_settings *s);
/* Whether the command is there and nobody else may change it.  NOT_FOUND, DENIED. */
uint32_t exec_check(struct lagan_op *op, const char *path);

/* run.c: the process. */

/* What a command said and how it ended. */
struct exec_result {
    char answer[EXEC_ANSWER_LIMIT + 1]; /* zero-terminated */
    size_t answer_size;
    char last_line[160]; /* of standard error; what stands there goes to the log too */
    int status;          /* as of wait(2) */
};
/* Runs the command once with `request` as its standard input.  TIMEOUT, CANCELLED, IO, and
 * LIMIT for an answer that is too long: the process group is gone then. */
uint32_t exec_run(struct lagan_op *op, const struct exec_settings *s, const char *request,
                  size_t request_size, struct exec_result *result);

/* talk.c: requests and answers. */

/* Sends `verb` with `data`; the answer, decoded, goes to `out` (room for `room` bytes). */
uint32_t exec_ask(struct lagan_op *op, const struct exec_settings *s, const char *verb,
                  const uint8_t *data, size_t size, uint8_t *out, size_t room,
                  size_t *out_size);

#endif
