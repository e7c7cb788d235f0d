/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - the processes of a program: started when they are needed, shared by calls. */
#include "common/program_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t program_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct lagan_op program_quiet_op(void)
{
    return (struct lagan_op){.size = sizeof(struct lagan_op), .cancel_fd = -1};
}

/* The process is gone, and with it all that it knew. */
static void bury(struct program_process *p, struct lagan_op *op)
{
    exec_finish(&p->exec, op);
    free(p->in);
    p->in = NULL;
    p->in_size = p->in_at = p->in_room = p->searched = 0;
}

/* Takes a process that fits: one that runs, else a place for one.  NULL = all are busy. */
static struct program_process *take_any(struct program *program)
{
    struct program_process *found = NULL;
    for (unsigned i = 0; i < program->settings->processes; i++) {
        struct program_process *p = &program->processes[i];
        if (p->busy)
            continue;
        if (p->talk >= 0)
            return p;
        if (!found)
            found = p;
    }
    return found;
}

/* The process of a pin: false when it has ended since. */
static bool take_pinned(struct program *program, const struct program_pin *pin,
                        struct program_process **process)
{
    struct program_process *p = &program->processes[pin->index];
    if (p->life != pin->life || (!p->busy && p->talk < 0))
        return false;
    *process = p->busy ? NULL : p;
    return true;
}

/* Until somebody gives one back, or a moment. */
static void wait_a_moment(struct program *program)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += EXEC_TICK_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&program->freed, &program->lock, &until);
}

static uint32_t take(struct program_call *c, const struct program_pin *pin)
{
    struct program *program = c->program;
    uint32_t result = LAGAN_OK;
    pthread_mutex_lock(&program->lock);
    while (result == LAGAN_OK && !c->process) {
        if (!(c->marks & PROGRAM_INSISTS) && lagan_cancelled(c->op))
            result = lagan_fail(c->op, LAGAN_CANCELLED, 0, "interrupted");
        else if (!pin)
            c->process = take_any(program);
        else if (!take_pinned(program, pin, &c->process))
            result = lagan_fail(c->op, LAGAN_TRANSIENT, 0,
                                "the program ended, and what it kept for this is lost");
        if (result == LAGAN_OK && !c->process)
            wait_a_moment(program);
    }
    if (c->process)
        c->process->busy = true;
    pthread_mutex_unlock(&program->lock);
    return result;
}

static void give_back(struct program_call *c)
{
    struct program *program = c->program;
    struct program_process *p = c->process;
    int talk = p->talk;
    if (c->broken)
        bury(p, c->op);
    pthread_mutex_lock(&program->lock);
    if (c->broken) {
        p->talk = -1;
        program->lost_marks = program->lost_marks || p->marked;
        p->marked = false;
    }
    p->busy = false;
    pthread_cond_broadcast(&program->freed);
    pthread_mutex_unlock(&program->lock);
    if (c->broken)
        exec_close(&talk);
    c->process = NULL;
}

/* The handshake of one process. */
static uint32_t open_process(struct program_call *c)
{
    const struct program_settings *s = c->program->settings;
    struct program_text request = {0};
    struct program_line line;
    uint64_t protocol;
    uint32_t result;
    program_add_verb(&request, "open");
    program_add_number(&request, "protocol", PROGRAM_PROTOCOL);
    s->greet(s->context, &request, !c->program->started);
    result = program_ask(c, &request);
    if (result == LAGAN_OK)
        result = program_hear_ok(c, &line);
    if (result != LAGAN_OK)
        return result;
    if (!program_take_number(&line, "protocol", UINT32_MAX, &protocol))
        return program_protest(c, "it does not tell its protocol");
    if (protocol != PROGRAM_PROTOCOL)
        return program_protest(c, "it speaks another version of the protocol");
    const char *wrong = s->take_hello(s->context, &line);
    if (!wrong && line.wrong)
        return program_protest_word(c, &line);
    return wrong ? program_protest(c, wrong) : (uint32_t)LAGAN_OK;
}

/* What is started here is opened, or gone. */
static uint32_t start(struct program_call *c)
{
    const struct exec_command *command = c->program->settings->command;
    struct program_process *p = c->process;
    unsigned marks = c->marks;
    char reason[128];
    int talk = -1;
    uint32_t result;
    int number = exec_talk_start(&p->exec, command, &talk, LAGAN_LEVEL_WARNING);
    if (number != 0)
        return lagan_fail(c->op, number == ENOMEM ? LAGAN_INTERNAL : LAGAN_IO, number,
                          "%.200s cannot be started: %s", command->words[0],
                          strerror_r(number, reason, sizeof reason));
    pthread_mutex_lock(&c->program->lock);
    p->talk = talk;
    p->life++;
    pthread_mutex_unlock(&c->program->lock);
    c->opening = true;
    c->marks = 0;
    result = open_process(c);
    c->opening = false;
    c->marks = marks;
    c->asked = false;
    /* One that refuses to work is not kept. */
    c->broken = c->broken || result != LAGAN_OK;
    if (result == LAGAN_OK && !c->program->started)
        c->program->started = true;
    return result;
}

uint32_t program_begin(struct program_call *c, struct program *program, struct lagan_op *op,
                       const struct program_pin *pin, unsigned marks)
{
    uint32_t result;
    *c = (struct program_call){.program = program, .op = op, .marks = marks};
    result = take(c, pin);
    if (result != LAGAN_OK)
        return result;
    if (marks & PROGRAM_INSISTS)
        c->end_ns = program_now_ns() + PROGRAM_GRACE_MS * INT64_C(1000000);
    c->active_ns = program_now_ns();
    c->process->exec.logged = 0;
    return c->process->talk >= 0 ? (uint32_t)LAGAN_OK : start(c);
}

uint32_t program_end(struct program_call *c, uint32_t result)
{
    if (!c->process)
        return result;
    /* What was done in spite of a cancellation was done. */
    if (c->refused != LAGAN_OK && (c->broken || !(c->marks & PROGRAM_MUTATES)))
        result = c->refused;
    if (result == LAGAN_CANCELLED && c->op->error.error_class != LAGAN_CANCELLED)
        lagan_fail(c->op, LAGAN_CANCELLED, 0, "interrupted");
    if (c->broken && c->asked && !c->answered && (c->marks & PROGRAM_MUTATES))
        c->op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    give_back(c);
    return result;
}

void program_mark(struct program_call *c)
{
    pthread_mutex_lock(&c->program->lock);
    c->process->marked = true;
    pthread_mutex_unlock(&c->program->lock);
}

void program_unmark(struct program_call *c)
{
    pthread_mutex_lock(&c->program->lock);
    c->process->marked = false;
    pthread_mutex_unlock(&c->program->lock);
}

bool program_find_marked(struct program *program, unsigned from, struct program_pin *pin)
{
    bool found = false;
    pthread_mutex_lock(&program->lock);
    for (unsigned i = from; !found && i < program->settings->processes; i++) {
        found = program->processes[i].marked;
        if (found)
            *pin = (struct program_pin){.index = i, .life = program->processes[i].life};
    }
    pthread_mutex_unlock(&program->lock);
    return found;
}

bool program_lost_marks(struct program *program)
{
    pthread_mutex_lock(&program->lock);
    bool lost = program->lost_marks;
    pthread_mutex_unlock(&program->lock);
    return lost;
}

uint32_t program_open(struct lagan_op *op, const struct program_settings *settings,
                      struct program **program)
{
    struct program_call c;
    pthread_condattr_t attributes;
    uint32_t result;
    struct program *made = calloc(1, sizeof *made);
    if (!made)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    made->settings = settings;
    for (unsigned i = 0; i < PROGRAM_PROCESS_LIMIT; i++)
        made->processes[i].talk = -1;
    pthread_mutex_init(&made->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    result = program_begin(&c, made, op, NULL, 0);
    result = program_end(&c, result);
    if (result != LAGAN_OK) {
        program_close(made);
        return result;
    }
    *program = made;
    return LAGAN_OK;
}

/* Until all have ended, or patience has. */
static void wait_for_ends(const struct program *program)
{
    int64_t end_ns = program_now_ns() + PROGRAM_GRACE_MS * INT64_C(1000000);
    for (unsigned i = 0; i < program->settings->processes; i++) {
        const struct program_process *p = &program->processes[i];
        while (p->exec.id > 0 && !exec_has_ended(&p->exec) && program_now_ns() < end_ns)
            poll(NULL, 0, EXEC_NEAR_END_MS);
    }
}

void program_close(struct program *program)
{
    if (!program)
        return;
    for (unsigned i = 0; i < PROGRAM_PROCESS_LIMIT; i++)
        if (program->processes[i].talk >= 0)
            exec_close(&program->processes[i].talk);
    wait_for_ends(program);
    for (unsigned i = 0; i < PROGRAM_PROCESS_LIMIT; i++)
        bury(&program->processes[i], NULL);
    pthread_cond_destroy(&program->freed);
    pthread_mutex_destroy(&program->lock);
    free(program);
}
