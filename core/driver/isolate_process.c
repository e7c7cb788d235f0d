/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_process.c - helper processes: how they start, how they end, and the ways to them. */
#include "driver/isolate_private.h"

#include "base/file.h"
#include "base/log.h"
#include "base/object.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CHANNEL_LIMIT = 32,
    PINNED_LIMIT = 12,
    TICK_MS = 200, /* how often a waiting call looks at cancellation and time */
    END_MS = 1000, /* that a helper gets to end by itself */
    PROCESS_MAGIC = 0x69736f6c
};

struct isolate_process {
    uint32_t magic;
    pid_t id;
    const char *driver;
    int control; /* -1 once it is closed */
    int log;
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t given; /* a channel was given back, or the process died */
    struct isolate_channel *idle;
    unsigned channels;
    unsigned pinned;
    int64_t extra; /* channels that are not for calls, so far */
    int seal;
    bool cancelled; /* and the helper knows it */
    bool dead;
    bool reaped;
    struct lagan_error death;
};

void isolate_channel_free(struct isolate_channel *channel)
{
    if (!channel)
        return;
    if (channel->socket >= 0)
        close(channel->socket);
    wire_region_unmap(channel->body);
    buffer_free(&channel->out);
    buffer_free(&channel->in);
    free(channel);
}

/* A new channel, and its other end: a socket and the region's descriptor. */
static struct isolate_channel *channel_new(int theirs[2], struct error *e)
{
    const struct timeval tick = {.tv_usec = TICK_MS * 1000};
    struct isolate_channel *channel = calloc(1, sizeof *channel);
    int sockets[2] = {-1, -1};
    theirs[0] = theirs[1] = -1;
    if (!channel) {
        error_no_memory(e, "a channel to a driver");
        return NULL;
    }
    channel->socket = -1;
    theirs[1] = wire_region_make(e);
    if (theirs[1] < 0)
        goto fail;
    channel->body = wire_region_map(theirs[1]);
    if (!channel->body || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        error_errno(e, errno, "a channel to a driver");
        goto fail;
    }
    channel->data = channel->body + WIRE_BODY_BYTES;
    channel->socket = sockets[0];
    theirs[0] = sockets[1];
    setsockopt(channel->socket, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    return channel;
fail:
    isolate_channel_free(channel);
    file_close(&theirs[1]);
    return NULL;
}

/* Tells the helper of a channel; `id`: of one that is not for calls. */
static struct isolate_channel *channel_open(int control, int64_t id, struct error *e)
{
    struct wire_head head = {.kind = WIRE_CHANNEL, .numbers = {id}};
    int theirs[2];
    struct isolate_channel *channel = channel_new(theirs, e);
    if (!channel)
        return NULL;
    bool sent = wire_send(control, &head, theirs, 2);
    file_close(&theirs[0]);
    file_close(&theirs[1]);
    if (sent)
        return channel;
    isolate_channel_free(channel);
    error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "the process of a driver cannot be reached");
    return NULL;
}

/* An errno value.  The helper gets its two sockets as descriptors 3 and 4 and nothing else. */
static int spawn(pid_t *id, int control, int log)
{
    enum { CONTROL = 3, LOG = 4 };
    char program[] = "lagan", command[] = ISOLATE_COMMAND;
    char *words[] = {program, command, NULL}, *none[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t empty, all;
    sigemptyset(&empty);
    sigfillset(&all);
    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0)
        return number;
    posix_spawnattr_init(&attributes);
    for (int fd = 0; number == 0 && fd < CONTROL; fd++)
        number = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(&actions, control, CONTROL);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(&actions, log, LOG);
    if (number == 0)
        number = posix_spawn_file_actions_addclosefrom_np(&actions, LOG + 1);
    if (number == 0)
        number = posix_spawn_file_actions_addchdir_np(&actions, "/");
    /* A group of its own: what a terminal sends is for us to pass on. */
    if (number == 0)
        number = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                                           POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &empty);
    posix_spawnattr_setsigdefault(&attributes, &all);
    if (number == 0)
        number = posix_spawn(id, "/proc/self/exe", &actions, &attributes, words, none);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return number;
}

/* Both pairs lie above the numbers that the helper's ends get, so that no dup2 hits another. */
static int pair_above(int pair[2])
{
    enum { ABOVE = 10 };
    int made[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made) != 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        pair[i] = fcntl(made[i], F_DUPFD_CLOEXEC, ABOVE);
        close(made[i]);
    }
    return pair[0] >= 0 && pair[1] >= 0 ? 0 : -1;
}

static int process_spawn(struct isolate_process *p, struct error *e)
{
    int control[2] = {-1, -1}, log[2] = {-1, -1};
    int number = pair_above(control) != 0 || pair_above(log) != 0 ? errno : 0;
    if (number == 0)
        number = spawn(&p->id, control[1], log[1]);
    p->control = control[0];
    p->log = log[0];
    file_close(&control[1]);
    file_close(&log[1]);
    if (number == 0)
        return 0;
    p->id = 0;
    return error_errno(e, number, "a process for driver %s", p->driver);
}

struct isolate_process *isolate_process_start(const char *driver, struct error *e)
{
    struct isolate_process *p = calloc(1, sizeof *p);
    if (!p) {
        error_no_memory(e, "a process for a driver");
        return NULL;
    }
    p->magic = PROCESS_MAGIC;
    p->driver = driver;
    p->control = p->log = -1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->given, NULL);
    if (process_spawn(p, e) == 0)
        p->idle = channel_open(p->control, 0, e);
    if (p->idle) {
        p->channels = 1;
        return p;
    }
    isolate_process_end(p);
    return NULL;
}

pid_t isolate_process_pid(struct isolate_process *p)
{
    OBJECT_CHECK(p, PROCESS_MAGIC);
    return p->id;
}

const char *isolate_process_driver(const struct isolate_process *p)
{
    return p->driver;
}

/* Writes the driver's lines to our log. */
void isolate_process_drain_log(struct isolate_process *p)
{
    static const enum log_level levels[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG,
                                            LOG_TRACE};
    struct {
        struct wire_head head;
        char line[1024];
    } got;
    for (;;) {
        ssize_t size = recv(p->log, &got, sizeof got, MSG_DONTWAIT);
        if (size <= (ssize_t)offsetof(__typeof__(got), line))
            return;
        size_t length = (size_t)size - offsetof(__typeof__(got), line);
        if (length == sizeof got.line)
            length--;
        got.line[length] = '\0';
        uint32_t level = got.head.verb;
        log_write(levels[level < LAGAN_LEVEL_TRACE ? level : LAGAN_LEVEL_TRACE], p->driver,
                  "%s", got.line);
    }
}

static void sleep_ms(unsigned ms)
{
    const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&wait, NULL);
}

/* Waits until the process has ended; kills it when it takes longer than `wait_ms`. */
static int process_reap(struct isolate_process *p, unsigned wait_ms)
{
    enum { STEP_MS = 2 };
    int status = 0;
    for (unsigned waited = 0;; waited += STEP_MS) {
        pid_t got = waitpid(p->id, &status, waited < wait_ms ? WNOHANG : 0);
        if (got == p->id || (got < 0 && errno != EINTR))
            break;
        if (waited + STEP_MS >= wait_ms)
            kill(p->id, SIGKILL);
        sleep_ms(STEP_MS);
    }
    p->reaped = true;
    return status;
}

/* How it ended, into the text of its death. */
static void describe_death(struct isolate_process *p, int status)
{
    struct lagan_error *death = &p->death;
    if (WIFSIGNALED(status)) {
        death->native = WTERMSIG(status);
        snprintf(death->text, sizeof death->text, "the driver ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        snprintf(death->text, sizeof death->text,
                 "the driver ended its process (exit status %d)", WEXITSTATUS(status));
    }
}

void isolate_process_fail(struct isolate_process *p, uint32_t error_class, const char *broken)
{
    OBJECT_CHECK(p, PROCESS_MAGIC);
    pthread_mutex_lock(&p->lock);
    if (!p->dead) {
        p->dead = true;
        p->death =
            (struct lagan_error){.error_class = error_class, .scope = LAGAN_SCOPE_INSTANCE};
        if (broken)
            kill(p->id, SIGKILL);
        int status = process_reap(p, END_MS);
        if (broken)
            snprintf(p->death.text, sizeof p->death.text, "%s", broken);
        else
            describe_death(p, status);
        isolate_process_drain_log(p);
        pthread_cond_broadcast(&p->given);
    }
    pthread_mutex_unlock(&p->lock);
}

uint32_t isolate_dead(struct isolate_process *p, struct lagan_op *op, bool during)
{
    pthread_mutex_lock(&p->lock);
    ASSERT(p->dead);
    if (op) {
        op->error = p->death;
        op->error.outcome = during ? LAGAN_OUTCOME_UNKNOWN : LAGAN_OUTCOME_NOT_DONE;
    }
    pthread_mutex_unlock(&p->lock);
    return p->death.error_class;
}

void isolate_process_end(struct isolate_process *p)
{
    if (!p)
        return;
    OBJECT_CHECK(p, PROCESS_MAGIC);
    /* The helper ends when its control socket does, or its only channel. */
    file_close(&p->control);
    while (p->idle) {
        struct isolate_channel *channel = p->idle;
        p->idle = channel->next;
        isolate_channel_free(channel);
    }
    if (p->id > 0 && !p->reaped)
        process_reap(p, END_MS);
    if (p->log >= 0)
        isolate_process_drain_log(p);
    file_close(&p->log);
    pthread_cond_destroy(&p->given);
    pthread_mutex_destroy(&p->lock);
    p->magic = 0;
    free(p);
}

/* The helper passes a cancellation on to all calls that it runs.  Sent once. */
void isolate_process_cancel(struct isolate_process *p)
{
    struct wire_head head = {.kind = WIRE_CANCEL};
    pthread_mutex_lock(&p->lock);
    if (!p->cancelled && p->seal != 0)
        p->cancelled = wire_send(p->control, &head, NULL, 0);
    pthread_mutex_unlock(&p->lock);
}

void isolate_process_resume(struct isolate_process *p)
{
    const struct timeval wait = {.tv_sec = END_MS / 1000};
    struct wire_head head = {.kind = WIRE_RESUME};
    pthread_mutex_lock(&p->lock);
    if (p->cancelled && !operation_all_cancelled() && !p->dead) {
        setsockopt(p->control, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        p->cancelled = !wire_send(p->control, &head, NULL, 0) ||
                       wire_receive(p->control, &head, NULL, 0) != 1;
    }
    pthread_mutex_unlock(&p->lock);
}

void isolate_process_sealed(struct isolate_process *p, bool writable)
{
    pthread_mutex_lock(&p->lock);
    p->seal = writable ? 2 : 1;
    pthread_mutex_unlock(&p->lock);
}

int isolate_process_seal(struct isolate_process *p)
{
    pthread_mutex_lock(&p->lock);
    int seal = p->seal;
    pthread_mutex_unlock(&p->lock);
    return seal;
}

/* With the lock: a further channel, or NULL when there may be none. */
static struct isolate_channel *channel_add(struct isolate_process *p)
{
    struct error ignored;
    struct isolate_channel *channel = NULL;
    if (p->seal != 0 && p->channels < CHANNEL_LIMIT)
        channel = channel_open(p->control, 0, &ignored);
    p->channels += channel != NULL;
    return channel;
}

struct isolate_channel *isolate_channel_extra(struct isolate_process *p, int64_t *id)
{
    struct error ignored;
    pthread_mutex_lock(&p->lock);
    int64_t next = ++p->extra;
    struct isolate_channel *channel = p->dead ? NULL : channel_open(p->control, next, &ignored);
    pthread_mutex_unlock(&p->lock);
    if (channel)
        *id = next;
    return channel;
}

struct isolate_channel *isolate_channel_take(struct isolate_process *p, bool pinned)
{
    struct isolate_channel *channel = NULL;
    bool stuck = false;
    OBJECT_CHECK(p, PROCESS_MAGIC);
    pthread_mutex_lock(&p->lock);
    if (pinned && (p->seal == 0 || p->pinned >= PINNED_LIMIT)) {
        pthread_mutex_unlock(&p->lock);
        return NULL;
    }
    while (!p->dead && !channel && !stuck) {
        channel = p->idle;
        if (channel)
            p->idle = channel->next;
        else
            channel = channel_add(p);
        /* Those who wait for answers find out when it has died. */
        stuck = !channel && p->channels <= p->pinned;
        if (!channel && !stuck)
            pthread_cond_wait(&p->given, &p->lock);
    }
    p->pinned += channel && pinned;
    pthread_mutex_unlock(&p->lock);
    /* It has died, unless we are out of descriptors or memory; then it has to. */
    if (stuck)
        isolate_process_fail(p, LAGAN_INTERNAL, NULL);
    if (channel)
        buffer_clear(&channel->out);
    return channel;
}

void isolate_channel_give(struct isolate_process *p, struct isolate_channel *channel,
                          bool pinned)
{
    if (!channel)
        return;
    pthread_mutex_lock(&p->lock);
    channel->next = p->idle;
    p->idle = channel;
    p->pinned -= pinned;
    pthread_cond_signal(&p->given);
    pthread_mutex_unlock(&p->lock);
}
