/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - calls into a driver: ops, locks, what every call must hold, and cancellation. */
#include "conformance/trial_private.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static _Thread_local struct lagan_error last_error;
static _Thread_local int64_t next_deadline_ns; /* 0 = none */
static atomic_ullong call_number;
static atomic_long callbacks_left = -1; /* until all is cancelled; negative: never */
static _Atomic int64_t cancelled_ns;    /* when all was cancelled */
static _Thread_local int64_t begun_ns;  /* the call at work on this thread */

/* 2 s are promised; a busy machine may add some. */
enum { NOTICE_MS = 2500 };

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void call_set_deadline(int64_t ns)
{
    next_deadline_ns = monotonic_ns() + ns;
}

void call_cancel_all(void)
{
    atomic_store(&cancelled_ns, monotonic_ns());
    operation_cancel_all();
}

void call_cancel_reset(void)
{
    atomic_store(&callbacks_left, -1);
    operation_cancel_reset();
}

void call_cancel_after(unsigned callbacks)
{
    atomic_store(&callbacks_left, (long)callbacks);
    if (callbacks == 0)
        call_cancel_all();
}

void call_callback(void)
{
    if (atomic_load(&callbacks_left) >= 0 && atomic_fetch_sub(&callbacks_left, 1) == 1)
        call_cancel_all();
    /* Below zero for good: one cancellation is enough. */
}

static pthread_mutex_t *lock_of(const struct trial *t, const struct opened *o)
{
    if (o)
        return o->lock;
    return t->driver ? driver_lock(t->driver, NULL) : NULL;
}

void call_begin(struct trial *t, struct opened *o, struct call *c, const char *format, ...)
{
    char asked[TRIAL_ASKED_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(asked, sizeof asked, format, arguments);
    va_end(arguments);
    trial_asked("%s", asked);
    trial_tick(t);
    *c = (struct call){.operation = {.driver = t->request->module, .lock = lock_of(t, o)}};
    c->operation.op = (struct lagan_op){.size = sizeof c->operation.op,
                                        .id = atomic_fetch_add(&call_number, 1) + 1,
                                        .deadline_ns = next_deadline_ns,
                                        .cancel_fd = operation_cancel_fd(),
                                        .host_private = &c->operation};
    next_deadline_ns = 0;
    driver_lock_take(c->operation.lock);
    begun_ns = monotonic_ns();
}

/* What is cancelled, or past its deadline, comes to its end soon. */
static void judge_time(struct trial *t, const struct call *c)
{
    int64_t due_ns = c->operation.op.deadline_ns;
    if (operation_all_cancelled() && (due_ns == 0 || atomic_load(&cancelled_ns) < due_ns))
        due_ns = atomic_load(&cancelled_ns);
    if (due_ns == 0)
        return;
    if (due_ns < begun_ns)
        due_ns = begun_ns;
    EXPECT(t, (monotonic_ns() - due_ns) / 1000000 < NOTICE_MS, "driver.h, Blocking",
           "the call went on for %.1f s after it was cancelled, or past its deadline",
           (double)(monotonic_ns() - due_ns) / 1e9);
}

/* The members that are the host's. */
static void judge_op(struct trial *t, const struct call *c)
{
    const struct lagan_op *op = &c->operation.op;
    EXPECT(t,
           op->size == sizeof *op && op->reserved == 0 && op->host_private == &c->operation &&
               op->cancel_fd == operation_cancel_fd(),
           "driver.h, struct lagan_op", "the driver has written to members of the op");
}

static void judge_text(struct trial *t, const struct lagan_error *error)
{
    static const char look[] = "driver.h, struct lagan_error";
    size_t size = strnlen(error->text, sizeof error->text);
    EXPECT(t, size < sizeof error->text, look, "the error's text has no terminator");
    EXPECT(t, text_is_clean_utf8(error->text, size), look,
           "the error's text is not one line of UTF-8 without control characters");
    EXPECT(t, size == 0 || error->text[size - 1] != '.', look,
           "the error's text ends with a stop: %s", error->text);
}

static void judge_error(struct trial *t, const struct lagan_error *error)
{
    static const char look[] = "driver.h, struct lagan_error";
    EXPECT(t, error->scope <= LAGAN_SCOPE_INSTANCE, look, "scope %u is not in the table",
           error->scope);
    EXPECT(t, error->outcome <= LAGAN_OUTCOME_UNKNOWN, look, "outcome %u is not in the table",
           error->outcome);
    EXPECT(t, error->flags == 0, look, "flags are 0x%x and must be 0", error->flags);
    judge_text(t, error);
}

uint32_t call_end(struct trial *t, struct call *c, uint32_t result)
{
    const struct lagan_op *op = &c->operation.op;
    driver_lock_release(c->operation.lock);
    trial_tick(t);
    last_error = (struct lagan_error){0};
    judge_op(t, c);
    judge_time(t, c);
    EXPECT(t, result < LAGAN_CLASS_COUNT, "driver.h, LAGAN_CLASSES",
           "%u, which is no class of the table", result);
    EXPECT(t, result != LAGAN_END || t->driver->descriptor.kind == LAGAN_KIND_SOURCE,
           "driver.h, LAGAN_CLASSES", "END, which only walk_next returns");
    EXPECT(t, result != LAGAN_CANCELLED || operation_all_cancelled() || op->deadline_ns != 0,
           "driver.h, LAGAN_CLASSES", "CANCELLED, and nobody had cancelled");
    if (result != LAGAN_OK && op->error.error_class == result) {
        judge_error(t, &op->error);
        last_error = op->error;
    }
    return result;
}

const struct lagan_error *call_error(void)
{
    return &last_error;
}

void call_note_error(const struct error *e)
{
    last_error = (struct lagan_error){.error_class = e->error_class,
                                      .scope = e->scope,
                                      .outcome = e->outcome,
                                      .native = e->native};
    snprintf(last_error.text, sizeof last_error.text, "%.*s", (int)sizeof last_error.text - 1,
             e->text);
}

/* ": TEXT" of the last error when it belongs to `result`. */
static const char *told(uint32_t result, char text[LAGAN_TEXT_SIZE + 4])
{
    text[0] = '\0';
    if (result != LAGAN_OK && last_error.error_class == result && last_error.text[0])
        snprintf(text, LAGAN_TEXT_SIZE + 4, ": %s", last_error.text);
    return text;
}

void expect_class(struct trial *t, uint32_t result, uint32_t wanted, const char *look)
{
    char text[LAGAN_TEXT_SIZE + 4];
    EXPECT(t, result == wanted, look, "%s instead of %s%s", error_class_name(result),
           error_class_name(wanted), told(result, text));
}

void expect_one_of(struct trial *t, uint32_t result, const uint32_t *wanted, const char *look)
{
    char text[LAGAN_TEXT_SIZE + 4];
    char list[256] = "";
    for (size_t i = 0; wanted[i] != LAGAN_CLASS_COUNT; i++) {
        size_t used = strlen(list);
        if (result == wanted[i])
            return;
        snprintf(list + used, sizeof list - used, "%s%s", used ? " or " : "",
                 error_class_name(wanted[i]));
    }
    trial_fail(t, look, "%s instead of %s%s", error_class_name(result), list,
               told(result, text));
}
