/* SPDX-License-Identifier: Apache-2.0 */
/* operation.c - ops, cancellation, and the services that drivers get from the host. */
#include "driver/operation.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/object.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static atomic_bool all_cancelled;
static atomic_int cancel_fd = -1;
static atomic_llong limit;
static atomic_ullong next_id;
static atomic_ullong progress_bytes;
static atomic_ullong progress_items;
static pthread_once_t cancel_fd_once = PTHREAD_ONCE_INIT;

static void cancel_signal(void)
{
    int fd = atomic_load(&cancel_fd);
    uint64_t one = 1;
    if (fd >= 0) {
        ssize_t written = write(fd, &one, sizeof one);
        (void)written; /* a full counter is readable already */
    }
}

static void cancel_fd_make(void)
{
    atomic_store(&cancel_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    /* A cancellation may have come before there was a descriptor to tell it. */
    if (atomic_load(&all_cancelled))
        cancel_signal();
}

void operation_cancel_all(void)
{
    int saved = errno;
    atomic_store(&all_cancelled, true);
    cancel_signal();
    errno = saved;
}

bool operation_all_cancelled(void)
{
    return atomic_load(&all_cancelled);
}

int operation_cancel_fd(void)
{
    pthread_once(&cancel_fd_once, cancel_fd_make);
    return atomic_load(&cancel_fd);
}

void operation_cancel_reset(void)
{
    uint64_t count;
    atomic_store(&all_cancelled, false);
    if (atomic_load(&cancel_fd) >= 0) {
        ssize_t got = read(atomic_load(&cancel_fd), &count, sizeof count);
        (void)got;
    }
}

int operation_check(struct error *e)
{
    if (!operation_all_cancelled())
        return 0;
    return error_set(e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "interrupted");
}

void operation_set_limit(int64_t limit_ns)
{
    atomic_store(&limit, limit_ns);
}

void operation_progress(uint64_t *bytes, uint64_t *items)
{
    *bytes = atomic_load(&progress_bytes);
    *items = atomic_load(&progress_items);
}

int64_t operation_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool deadline_passed(const struct lagan_op *op)
{
    return op && op->deadline_ns != 0 && operation_now_ns() >= op->deadline_ns;
}

static int host_cancelled(struct lagan_op *op)
{
    return operation_all_cancelled() || deadline_passed(op);
}

static uint32_t host_fail(struct lagan_op *op, uint32_t error_class, int32_t native,
                          const char *format, va_list arguments)
{
    struct lagan_error *error = &op->error;
    *error = (struct lagan_error){.error_class = error_class, .native = native};
    vsnprintf(error->text, sizeof error->text, format, arguments);
    return error_class;
}

static void host_log(struct lagan_op *op, uint32_t level, const char *format, va_list arguments)
{
    static const enum log_level levels[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG,
                                            LOG_TRACE};
    const struct operation *o = op ? op->host_private : NULL;
    char line[1024];
    if (level >= sizeof levels / sizeof levels[0])
        level = LAGAN_LEVEL_TRACE;
    if (levels[level] > log_level())
        return;
    vsnprintf(line, sizeof line, format, arguments);
    log_write(levels[level], o ? o->driver : "driver", "%s", line);
}

static void host_progress(struct lagan_op *op, uint64_t bytes, uint64_t items)
{
    (void)op;
    atomic_fetch_add(&progress_bytes, bytes);
    atomic_fetch_add(&progress_items, items);
}

static int host_sleep(struct lagan_op *op, int64_t ns)
{
    int64_t end;
    if (__builtin_add_overflow(operation_now_ns(), ns, &end))
        end = INT64_MAX;
    if (op && op->deadline_ns != 0 && op->deadline_ns < end)
        end = op->deadline_ns;
    while (!host_cancelled(op)) {
        int64_t left = end - operation_now_ns();
        struct timespec wait = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        struct pollfd poll_fd = {.fd = operation_cancel_fd(), .events = POLLIN};
        if (left <= 0)
            break;
        ppoll(&poll_fd, 1, &wait, NULL);
    }
    return host_cancelled(op);
}

static void host_random(void *data, size_t size)
{
    uint8_t *next = data;
    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);
        ASSERT(got > 0 || errno == EINTR);
        if (got > 0) {
            next += got;
            size -= (size_t)got;
        }
    }
}

const struct lagan_host *operation_host_table(void)
{
    static const struct lagan_host table = {
        .size = sizeof table,
        .abi_minor = LAGAN_ABI_MINOR,
        .features = LAGAN_FEATURE_LOG | LAGAN_FEATURE_PROGRESS | LAGAN_FEATURE_STREAM,
        .cancelled = host_cancelled,
        .fail = host_fail,
        .log = host_log,
        .progress = host_progress,
        .sleep = host_sleep,
        .random = host_random,
        .wall_ns = clock_wall_ns,
    };
    return &table;
}

uint32_t operation_enter(struct operation *o, const char *driver, pthread_mutex_t *lock)
{
    int64_t limit_ns = atomic_load(&limit);
    o->driver = driver;
    o->lock = lock;
    o->op = (struct lagan_op){
        .size = sizeof o->op,
        .id = atomic_fetch_add(&next_id, 1) + 1,
        .deadline_ns = limit_ns > 0 ? operation_now_ns() + limit_ns : 0,
        .cancel_fd = operation_cancel_fd(),
        .host_private = o,
    };
    if (operation_all_cancelled()) {
        o->lock = NULL;
        return LAGAN_CANCELLED;
    }
    if (lock)
        pthread_mutex_lock(lock);
    return LAGAN_OK;
}

uint32_t operation_leave(struct operation *o, uint32_t result)
{
    if (o->lock)
        pthread_mutex_unlock(o->lock);
    return result;
}

static const char *class_meaning(uint32_t error_class)
{
    static const char *const meanings[] = {
#define X(symbol, value, name, meaning) [value] = (meaning),
        LAGAN_CLASSES(X)
#undef X
    };
    return error_class < LAGAN_CLASS_COUNT ? meanings[error_class] : "of an unknown class";
}

/* The class that callers see: the driver's, unless that is outside the table, or a deadline's
 * end that the driver could not tell from a cancellation. */
static uint32_t class_seen(const struct operation *o, uint32_t result)
{
    if (result >= LAGAN_CLASS_COUNT || result == LAGAN_END)
        return LAGAN_IO;
    if (result == LAGAN_CANCELLED && !operation_all_cancelled() && deadline_passed(&o->op))
        return LAGAN_TIMEOUT;
    return result;
}

int operation_end(const struct operation *o, uint32_t result, struct error *e, const char *what,
                  ...)
{
    const struct lagan_error *told = &o->op.error;
    bool detailed = told->error_class == result;
    uint32_t error_class = class_seen(o, result);
    char context[512];
    va_list arguments;
    if (result == LAGAN_OK)
        return 0;
    va_start(arguments, what);
    vsnprintf(context, sizeof context, what, arguments);
    va_end(arguments);
    error_set(e, error_class, error_code_of_class(error_class), "%s",
              detailed && told->text[0] ? told->text : class_meaning(result));
    if (detailed) {
        e->scope = told->scope;
        e->outcome = told->outcome;
        e->retry_after_ms = told->retry_after_ms;
        e->native = told->native;
    }
    return error_context(e, "%s: %s", o->driver, context);
}
