/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_command.c - asks a program for credentials: bounded in time and in what it says.
 */
#include "common/exec.h"
#include "common/s3/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A person may have to touch a key. */
#define PATIENCE_NS INT64_C(60000000000)

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* What is there of the output; it closes at its end. */
static void hear(struct exec_process *p, struct s3_text *text)
{
    char piece[4096];
    ssize_t got = read(p->out, piece, sizeof piece);
    if (got > 0)
        s3_text_add(text, piece, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        exec_close(&p->out);
    explicit_bzero(piece, sizeof piece);
}

static void wait_a_bit(const struct exec_process *p)
{
    struct pollfd fds[2] = {{.fd = p->out, .events = POLLIN},
                            {.fd = p->error_out, .events = POLLIN}};
    poll(fds, 2, p->out < 0 ? EXEC_NEAR_END_MS : EXEC_TICK_MS);
}

static uint32_t hear_out(struct lagan_op *op, struct exec_process *p, struct s3_text *text)
{
    int64_t end = now_ns() + PATIENCE_NS;
    while (p->out >= 0 || !exec_has_ended(p)) {
        if (lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        if (now_ns() > end)
            return lagan_fail(op, LAGAN_TIMEOUT, 0,
                              "the command that gives credentials takes too long");
        wait_a_bit(p);
        exec_hear_errors(p, op);
        if (p->out >= 0)
            hear(p, text);
        if (text->size > S3_SECRET_LIMIT)
            return lagan_fail(op, LAGAN_AUTH, 0,
                              "the command that gives credentials says too much");
    }
    return text->failed ? lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory") : LAGAN_OK;
}

static uint32_t fail_status(struct lagan_op *op, const struct exec_process *p)
{
    if (WIFSIGNALED(p->status))
        return lagan_fail(op, LAGAN_AUTH, 0,
                          "the command that gives credentials was ended by signal %d",
                          WTERMSIG(p->status));
    return lagan_fail(op, LAGAN_AUTH, 0,
                      "the command that gives credentials ended with status %d%s%s",
                      WEXITSTATUS(p->status), p->last_line[0] ? ": " : "", p->last_line);
}

static uint32_t run(struct lagan_op *op, const struct exec_command *c, struct s3_text *text)
{
    struct exec_process p;
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int number = input < 0 ? errno : exec_start(&p, c, input, true, LAGAN_LEVEL_INFO);
    if (input >= 0)
        close(input);
    if (number != 0)
        return lagan_fail(op, LAGAN_AUTH, number,
                          "the command that gives credentials cannot be started: %s",
                          c->words[0]);
    uint32_t result = hear_out(op, &p, text);
    exec_finish(&p, op);
    if (result == LAGAN_OK && p.status != 0)
        return fail_status(op, &p);
    return result;
}

uint32_t s3_keys_from_command(struct lagan_op *op, const char *line, struct s3_keys **keys)
{
    struct exec_command c = {0};
    struct s3_text text = {0};
    uint32_t result = exec_split(op, &c, line);
    if (result == LAGAN_OK)
        result = exec_add_defaults(op, &c);
    if (result == LAGAN_OK)
        result = exec_check(op, c.words[0]);
    if (result == LAGAN_OK)
        result = run(op, &c, &text);
    if (result == LAGAN_OK)
        result = s3_keys_parse(op, text.data ? text.data : "", text.size,
                               "what the command gives", keys);
    exec_clear(&c);
    s3_text_wipe(&text);
    return result;
}
