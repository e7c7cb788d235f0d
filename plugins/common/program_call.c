/* SPDX-License-Identifier: Apache-2.0 */
/* program_call.c - one call: what is sent, what comes, and how long that may take. */
#include "common/program_private.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { INPUT_BYTES = 64 << 10 };

#define MILLISECOND_NS INT64_C(1000000)

static uint32_t break_off(struct program_call *c, uint32_t result)
{
    c->broken = true;
    return result;
}

void program_refuse(struct program_call *c, uint32_t result)
{
    if (c->refused == LAGAN_OK)
        c->refused = result;
    if (c->end_ns == 0)
        c->end_ns = program_now_ns() + PROGRAM_GRACE_MS * MILLISECOND_NS;
}

uint32_t program_protest(struct program_call *c, const char *what)
{
    break_off(c, LAGAN_INTERNAL);
    lagan_fail(c->op, LAGAN_INTERNAL, 0, "the program does not keep to the protocol: %s", what);
    c->op->error.scope = LAGAN_SCOPE_HANDLE;
    return LAGAN_INTERNAL;
}

uint32_t program_protest_word(struct program_call *c, const struct program_line *line)
{
    char text[200];
    if (line->wrong)
        snprintf(text, sizeof text, "%.40s with a word %.40s of no such value", line->verb,
                 line->wrong);
    else
        snprintf(text, sizeof text, "%.40s without a word that must be there", line->verb);
    return program_protest(c, text);
}

/* Patience and cancellation. */
static uint32_t look_around(struct program_call *c)
{
    int64_t timeout_ns = c->program->settings->timeout_ns;
    int64_t now_ns = program_now_ns();
    if (c->end_ns == 0 && lagan_cancelled(c->op))
        program_refuse(c, lagan_fail(c->op, LAGAN_CANCELLED, 0, "interrupted"));
    if (c->end_ns != 0 && now_ns >= c->end_ns) {
        if (c->refused == LAGAN_OK)
            lagan_fail(c->op, LAGAN_TIMEOUT, 0, "the program does not come to an end");
        return break_off(c, c->refused == LAGAN_OK ? (uint32_t)LAGAN_TIMEOUT : c->refused);
    }
    if (timeout_ns > 0 && now_ns - c->active_ns >= timeout_ns)
        return break_off(c, lagan_fail(c->op, LAGAN_TIMEOUT, 0,
                                       "the program was silent for %" PRId64 " seconds",
                                       timeout_ns / 1000000000));
    return LAGAN_OK;
}

/* The host's side may have taken its time: the program's begins now. */
static uint32_t begin_waiting(struct program_call *c)
{
    c->active_ns = program_now_ns();
    return look_around(c);
}

/* It speaks no more: its end says why. */
static uint32_t fail_ended(struct program_call *c)
{
    struct exec_process *p = &c->process->exec;
    uint32_t error_class = c->opening ? LAGAN_IO : LAGAN_TRANSIENT;
    char said[EXEC_LINE_SIZE];
    bool ended = false;
    break_off(c, error_class);
    for (int i = 0; i < PROGRAM_GRACE_MS / 2 / EXEC_NEAR_END_MS && !ended; i++) {
        exec_hear_errors(p, c->op);
        ended = exec_has_ended(p);
        if (!ended)
            poll(NULL, 0, EXEC_NEAR_END_MS);
    }
    exec_finish(p, c->op);
    snprintf(said, sizeof said, "%s", p->last_line);
    program_clean(said);
    const char *between = said[0] ? ": " : "";
    if (!ended)
        return lagan_fail(c->op, error_class, 0, "the program has closed its output%s%s",
                          between, said);
    if (WIFSIGNALED(p->status))
        return lagan_fail(c->op, error_class, 0, "the program was killed by signal %d%s%s",
                          WTERMSIG(p->status), between, said);
    return lagan_fail(c->op, error_class, WEXITSTATUS(p->status),
                      "the program ended with status %d%s%s", WEXITSTATUS(p->status), between,
                      said);
}

/* Until something can be done, or for a moment. */
static void wait_for(struct program_call *c, short events)
{
    struct program_process *p = c->process;
    struct pollfd fds[3] = {{.fd = p->talk, .events = events},
                            {.fd = p->exec.error_out, .events = POLLIN},
                            {.fd = c->end_ns == 0 ? c->op->cancel_fd : -1, .events = POLLIN}};
    poll(fds, 3, EXEC_TICK_MS);
    exec_hear_errors(&p->exec, c->op);
}

/* Bytes into `data`; `*got` is at least 1. */
static uint32_t receive(struct program_call *c, void *data, size_t size, size_t *got)
{
    uint32_t result = begin_waiting(c);
    while (result == LAGAN_OK) {
        ssize_t done = recv(c->process->talk, data, size, MSG_DONTWAIT);
        if (done > 0) {
            *got = (size_t)done;
            c->active_ns = program_now_ns();
            return look_around(c);
        }
        if (done == 0 || (errno != EAGAIN && errno != EINTR))
            return fail_ended(c);
        result = look_around(c);
        if (result == LAGAN_OK)
            wait_for(c, POLLIN);
    }
    return result;
}

/* More of a line into the buffer. */
static uint32_t fill(struct program_call *c)
{
    struct program_process *p = c->process;
    size_t held = p->in_size - p->in_at;
    size_t got = 0;
    uint32_t result;
    if (p->in_at > 0) {
        memmove(p->in, p->in + p->in_at, held);
        p->in_at = 0;
        p->in_size = held;
    }
    if (p->in_room - p->in_size < INPUT_BYTES) {
        size_t room = p->in_room ? 2 * p->in_room : 2 * INPUT_BYTES;
        char *in = realloc(p->in, room + 1);
        if (!in)
            return break_off(c, lagan_fail(c->op, LAGAN_INTERNAL, 0, "out of memory"));
        p->in = in;
        p->in_room = room;
    }
    result = receive(c, p->in + p->in_size, INPUT_BYTES, &got);
    p->in_size += got;
    return result;
}

/* One line, without its newline; it may be written to, a byte behind its end too. */
static uint32_t take_line(struct program_call *c, char **text, size_t *size)
{
    struct program_process *p = c->process;
    for (;;) {
        size_t held = p->in_size - p->in_at;
        char *begin = held > 0 ? p->in + p->in_at : NULL;
        char *end =
            held > p->searched ? memchr(begin + p->searched, '\n', held - p->searched) : NULL;
        if (end) {
            *text = begin;
            *size = (size_t)(end - begin);
            p->in_at += *size + 1;
            p->searched = 0;
            return LAGAN_OK;
        }
        p->searched = held;
        if (held > PROGRAM_LINE_LIMIT)
            return program_protest(c, "a line that is too long");
        uint32_t result = fill(c);
        if (result != LAGAN_OK)
            return result;
    }
}

static uint32_t take_error(struct program_call *c, char *text, size_t size)
{
    struct program_error error;
    if (!program_error_parse(&error, text, size))
        return program_protest(c, "an error of no known class");
    lagan_fail(c->op, error.error_class, error.native, "%.400s",
               *error.text ? error.text : "the program gave no reason");
    program_clean(c->op->error.text);
    c->op->error.scope = error.scope;
    c->op->error.outcome = error.outcome;
    c->op->error.retry_after_ms = error.retry_after_ms;
    c->answered = true;
    return error.error_class;
}

uint32_t program_hear(struct program_call *c, struct program_line *line, bool *last)
{
    static const char error[] = "error ";
    char *text = NULL;
    size_t size = 0;
    uint32_t result = begin_waiting(c);
    if (result == LAGAN_OK)
        result = take_line(c, &text, &size);
    if (result != LAGAN_OK)
        return result;
    if (size >= sizeof error - 1 && memcmp(text, error, sizeof error - 1) == 0)
        return take_error(c, text + sizeof error - 1, size - (sizeof error - 1));
    if (!program_line_parse(line, text, size))
        return program_protest(c, "a line that is none of words");
    *last = strcmp(line->verb, "ok") == 0;
    if (strcmp(line->verb, "end") == 0)
        return LAGAN_END;
    if (strcmp(line->verb, "unsupported") == 0) {
        c->unknown = c->answered = true;
        return lagan_fail(c->op, LAGAN_UNSUPPORTED, 0, "the program cannot do this");
    }
    return LAGAN_OK;
}

uint32_t program_hear_ok(struct program_call *c, struct program_line *line)
{
    bool last = false;
    uint32_t result = program_hear(c, line, &last);
    if (result == LAGAN_END || (result == LAGAN_OK && !last))
        return program_protest(c, "an answer that was not asked for");
    return result;
}

/* What it said before it stopped listening is worth more than that it did. */
static uint32_t fail_deaf(struct program_call *c)
{
    struct program_line line;
    bool last;
    uint32_t result = program_hear(c, &line, &last);
    if (result == LAGAN_OK || result == LAGAN_END)
        return fail_ended(c);
    return break_off(c, result);
}

uint32_t program_send_bytes(struct program_call *c, const void *data, size_t size)
{
    const char *at = data;
    uint32_t result = begin_waiting(c);
    c->asked = true;
    while (result == LAGAN_OK && size > 0) {
        ssize_t done = send(c->process->talk, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done > 0) {
            at += done;
            size -= (size_t)done;
            c->active_ns = program_now_ns();
            continue;
        }
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return fail_deaf(c);
        result = look_around(c);
        if (result == LAGAN_OK)
            wait_for(c, POLLOUT);
    }
    return result;
}

uint32_t program_ask(struct program_call *c, struct program_text *request)
{
    uint32_t result;
    program_add_newline(request);
    if (request->failed)
        result = lagan_fail(c->op, LAGAN_LIMIT, 0, "too long for a request to a program");
    else
        result = program_send_bytes(c, request->data, request->size);
    program_text_free(request);
    return result;
}

uint32_t program_send(struct program_call *c, const void *data, size_t size)
{
    const char *at = data;
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && size > 0) {
        size_t part = size < PROGRAM_PIECE_BYTES ? size : (size_t)PROGRAM_PIECE_BYTES;
        char head[32];
        int head_size = snprintf(head, sizeof head, "data %zu\n", part);
        result = program_send_bytes(c, head, (size_t)head_size);
        if (result == LAGAN_OK)
            result = program_send_bytes(c, at, part);
        at += part;
        size -= part;
    }
    return result;
}

uint32_t program_send_end(struct program_call *c, bool counts)
{
    return program_send_bytes(c, counts ? "end\n" : "abort\n", counts ? 4 : 6);
}

uint32_t program_exchange(struct program_call *c, struct program *program, struct lagan_op *op,
                          const struct program_pin *pin, unsigned marks,
                          struct program_text *request, struct program_line *line)
{
    uint32_t result = program_begin(c, program, op, pin, marks);
    if (result == LAGAN_OK)
        result = program_ask(c, request);
    program_text_free(request);
    return result == LAGAN_OK ? program_hear_ok(c, line) : result;
}

uint32_t program_receive_some(struct program_call *c, void *data, size_t size, size_t *got)
{
    struct program_process *p = c->process;
    size_t held = p->in_size - p->in_at;
    if (held == 0)
        return receive(c, data, size, got);
    *got = held < size ? held : size;
    memcpy(data, p->in + p->in_at, *got);
    p->in_at += *got;
    return look_around(c);
}

uint32_t program_receive(struct program_call *c, void *data, size_t size)
{
    char *at = data;
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && size > 0) {
        char waste[16384];
        size_t got = 0;
        size_t part = at || size < sizeof waste ? size : sizeof waste;
        result = program_receive_some(c, at ? at : waste, part, &got);
        at = at ? at + got : NULL;
        size -= got;
    }
    return result;
}

uint32_t program_pin_take(struct program_call *c, struct program_line *line, const char *name,
                          struct program_pin *pin)
{
    const char *id;
    if (!program_take_text(line, name, PROGRAM_ID_LIMIT, &id) || !*id)
        return program_protest_word(c, line);
    pin->index = (unsigned)(c->process - c->program->processes);
    pin->life = c->process->life;
    memcpy(pin->id, id, strlen(id) + 1);
    return LAGAN_OK;
}
