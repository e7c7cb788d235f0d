/* SPDX-License-Identifier: Apache-2.0 */
/* trial.c - what cases call: verdicts, random numbers, threads, processes. */
#include "conformance/trial_private.h"

#include "base/object.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREAD_LIMIT = 64 };

static _Thread_local char asked_text[TRIAL_ASKED_SIZE];
/* Of the case that this process works on. */
static struct trial_shared *shared_by_all;

void trial_become_child(struct trial *t, pid_t parent)
{
    static const int defaults[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGCHLD};
    int own = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(TRIAL_STATUS_FAILED);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        signal(defaults[i], SIG_DFL);
    /* The way to cancel must not be one that other processes share. */
    if (own >= 0 && operation_cancel_fd() >= 0) {
        dup3(own, operation_cancel_fd(), O_CLOEXEC);
        close(own);
    }
    operation_cancel_reset();
    shared_by_all = t->shared;
}

const struct lagan_common_ops *trial_common(const struct trial *t)
{
    return &t->driver->ops.common;
}

const struct lagan_target_ops *trial_target(const struct trial *t)
{
    ASSERT(t->driver->descriptor.kind == LAGAN_KIND_TARGET);
    return &t->driver->ops.target;
}

const struct lagan_source_ops *trial_source(const struct trial *t)
{
    ASSERT(t->driver->descriptor.kind == LAGAN_KIND_SOURCE);
    return &t->driver->ops.source;
}

const struct lagan_key_ops *trial_key(const struct trial *t)
{
    ASSERT(t->driver->descriptor.kind == LAGAN_KIND_KEY);
    return &t->driver->ops.key;
}

void trial_load(struct trial *t)
{
    struct error e = ERROR_INIT;
    trial_asked("load %s", t->request->module);
    t->driver = driver_load(t->request->host, t->request->module, &e);
    EXPECT(t, t->driver, "driver.h, struct lagan_driver", "%s", e.text);
    trial_tick(t);
}

/* Verdicts. */

/* Appends a text and its terminator. */
static size_t add_text(char *message, size_t used, const char *text)
{
    size_t size = strlen(text);
    if (size > TRIAL_MESSAGE_SIZE - 1 - used)
        size = TRIAL_MESSAGE_SIZE - 1 - used;
    memcpy(message + used, text, size);
    message[used + size] = '\0';
    return used + size + 1;
}

static void send_texts(const struct trial *t, enum trial_message kind, const char *const *texts,
                       size_t count)
{
    char message[TRIAL_MESSAGE_SIZE];
    size_t used = 1;
    message[0] = (char)kind;
    for (size_t i = 0; i < count && used < sizeof message; i++)
        used = add_text(message, used, texts[i]);
    while (write(t->verdict_fd, message, used) < 0 && errno == EINTR)
        ;
}

void trial_fail(struct trial *t, const char *look, const char *format, ...)
{
    char came[TRIAL_CAME_SIZE];
    const char *texts[] = {asked_text, look, came};
    struct trial_verdict *attempt = &t->shared->attempt;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(came, sizeof came, format, arguments);
    va_end(arguments);
    if (t->verdict_fd >= 0) {
        send_texts(t, TRIAL_FAIL, texts, 3);
    } else {
        snprintf(attempt->asked, sizeof attempt->asked, "%s", asked_text);
        snprintf(attempt->look, sizeof attempt->look, "%s", look);
        snprintf(attempt->came, sizeof attempt->came, "%s", came);
    }
    _exit(TRIAL_STATUS_FAILED);
}

void trial_skip(struct trial *t, const char *format, ...)
{
    char why[TRIAL_CAME_SIZE];
    const char *texts[] = {why};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    if (t->verdict_fd >= 0)
        send_texts(t, TRIAL_SKIP, texts, 1);
    _exit(TRIAL_STATUS_SKIPPED);
}

void trial_note(struct trial *t, const char *format, ...)
{
    char line[512];
    const char *texts[] = {line};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    line[strlen(line) + 1] = '\0';
    line[strlen(line)] = '\n';
    if (t->verdict_fd >= 0)
        send_texts(t, TRIAL_NOTE, texts, 1);
}

/* For the parent, in case that this process ends without a word; of several threads one is
 * enough. */
static void publish_asked(void)
{
    if (!shared_by_all || atomic_flag_test_and_set(&shared_by_all->writing))
        return;
    memcpy(shared_by_all->asked, asked_text, sizeof asked_text);
    atomic_flag_clear(&shared_by_all->writing);
}

void trial_asked(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(asked_text, sizeof asked_text, format, arguments);
    va_end(arguments);
    publish_asked();
}

const char *trial_last_asked(void)
{
    return asked_text;
}

void trial_tick(struct trial *t)
{
    atomic_fetch_add(&t->shared->ticks, 1);
}

/* Random numbers: splitmix64 (G. Steele, D. Lea, C. Flood, 2014). */

static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t trial_random(struct trial *t)
{
    return mix(&t->random);
}

uint64_t trial_below(struct trial *t, uint64_t bound)
{
    return trial_random(t) % bound;
}

void trial_bytes(uint64_t seed, uint64_t offset, void *data, size_t size)
{
    uint8_t *next = data;
    while (size > 0) {
        uint64_t state = seed + offset / 8;
        uint64_t word = mix(&state);
        size_t at = offset % 8;
        size_t step = 8 - at < size ? 8 - at : size;
        memcpy(next, (uint8_t *)&word + at, step);
        next += step;
        offset += step;
        size -= step;
    }
}

unsigned trial_rounds(const struct trial *t, unsigned few)
{
    return t->request->rounds ? t->request->rounds : few;
}

void trial_pause(int64_t ns)
{
    struct timespec wait = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    nanosleep(&wait, NULL);
}

/* Threads. */

struct thread_work {
    void (*function)(void *context, unsigned index);
    void *context;
    unsigned index;
};

static void *thread_main(void *context)
{
    struct thread_work *work = context;
    work->function(work->context, work->index);
    return NULL;
}

void trial_threads(struct trial *t, unsigned count,
                   void (*function)(void *context, unsigned index), void *context)
{
    pthread_t threads[THREAD_LIMIT];
    struct thread_work work[THREAD_LIMIT];
    ASSERT(count <= THREAD_LIMIT);
    for (unsigned i = 0; i < count; i++) {
        work[i] = (struct thread_work){function, context, i};
        if (pthread_create(&threads[i], NULL, thread_main, &work[i]) != 0)
            trial_skip(t, "this machine gives no %u threads", count);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* Processes. */

static _Noreturn void live_beside(struct trial *t, pid_t parent,
                                  void (*function)(struct trial *t, void *context),
                                  void *context)
{
    trial_become_child(t, parent);
    function(t, context);
    fflush(NULL);
    _exit(0);
}

pid_t trial_fork(struct trial *t, void (*function)(struct trial *t, void *context),
                 void *context)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        live_beside(t, parent, function, context);
    if (child < 0)
        trial_skip(t, "this machine gives no further process: %s", strerror(errno));
    return child;
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

int trial_wait(struct trial *t, pid_t child)
{
    int status = wait_for(child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return SIGKILL;
    if (WIFSIGNALED(status))
        trial_fail(t, "driver.h", "a process of the case was killed by signal %d (%s)",
                   WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == TRIAL_STATUS_FAILED ||
        WEXITSTATUS(status) == TRIAL_STATUS_SKIPPED)
        _exit(WEXITSTATUS(status));
    EXPECT(t, WEXITSTATUS(status) == 0, "driver.h, Process",
           "a process of the case ended with status %d", WEXITSTATUS(status));
    return 0;
}

bool trial_has_ended(struct trial *t, pid_t child)
{
    siginfo_t info = {0};
    (void)t;
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
}

void trial_kill(struct trial *t, pid_t child)
{
    (void)t;
    kill(child, SIGKILL);
}

int trial_attempt(struct trial *t, void (*function)(struct trial *t, void *context),
                  void *context)
{
    pid_t parent = getpid();
    pid_t child;
    t->shared->attempt = (struct trial_verdict){0};
    child = fork();
    if (child == 0) {
        t->verdict_fd = -1;
        live_beside(t, parent, function, context);
    }
    if (child < 0)
        trial_skip(t, "this machine gives no further process: %s", strerror(errno));
    return wait_for(child);
}

void *trial_share(struct trial *t, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        trial_skip(t, "this machine gives no shared memory");
    return memory;
}

/* Holdings. */

static unsigned count_entries(const char *path)
{
    DIR *folder = opendir(path);
    unsigned count = 0;
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

void trial_count_holdings(struct trial_holdings *h)
{
    struct mallinfo2 heap = mallinfo2();
    h->descriptors = count_entries("/proc/self/fd");
    h->threads = count_entries("/proc/self/task");
    h->heap_bytes = heap.uordblks + heap.hblkhd;
}
