/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_exec.h - any command as a key service.
 *
 * The command is started anew for every request, without a shell, in a process group and an
 * environment of its own.  On its standard input it finds one line, and it answers with one:
 *
 *     wrap KEY BASE64      BASE64 is a fresh data key of 32 bytes; the answer is it, wrapped
 *     unwrap KEY BASE64    the reverse
 *
 * KEY is the parameter `key`.  The statuses it may end with are in talk.c and key_exec(7).
 * Secrets of vaults never pass through it: what it wraps are the data keys of
 * common/envelope.h, magic "laganexe", way 1.
 */
#ifndef PLUGINS_KEY_EXEC_H
#define PLUGINS_KEY_EXEC_H

#include "common/envelope.h"
#include "common/exec.h"

#define EXEC_MAGIC "laganexe"

enum {
    EXEC_ANSWER_LIMIT = 16384, /* bytes that it may say */
    EXEC_WAY = 1
};

/* What was configured; everything is owned. */
struct exec_settings {
    struct exec_command command;
    char *key;
    int64_t timeout_ns;
};

/* run.c: the process. */

/* What a command said and how it ended. */
struct exec_result {
    char answer[EXEC_ANSWER_LIMIT + 1]; /* zero-terminated */
    size_t answer_size;
    char last_line[EXEC_LINE_SIZE]; /* of standard error */
    int status;                     /* as of wait(2) */
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
