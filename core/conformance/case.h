/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.h - what the cases of the suite are made of.
 *
 * A case is a row of a table: its file ends with
 *
 *     const struct check_case check_cases_target_put[] = {
 *         {"target-put-zero-bytes", LAGAN_KIND_TARGET, CHECK_CORE, CASE_SAFE, NULL, zero_bytes,
 *          "an object may be empty"},
 *         ...
 *         {.name = NULL}};
 *
 * and its name stands in CHECK_TABLES (tables.h).  The function runs in a process of its own:
 * it passes when it returns, and ends at the first thing that is wrong through EXPECT and its
 * relatives, which never return.  Nothing needs to be cleaned up: the process goes away.
 *
 * Calls go straight to the driver's own table, since the checks of the host would hide faults.
 * call_begin and call_end around each of them keep the thread model, note what was asked, tick,
 * and judge what every call must hold (class in the table, error text one line of UTF-8, ...).
 */
#ifndef CORE_CONFORMANCE_CASE_H
#define CORE_CONFORMANCE_CASE_H

#include "conformance/conformance.h"
#include "driver/driver_private.h"
#include "driver/instance.h"
#include "driver/operation.h"

#include <sys/types.h>

/* Marks of cases. */
enum {
    CASE_SAFE = 1,     /* may run beside other users of a store: touches its own keys alone */
    CASE_UNLOADED = 2, /* begins before the module is loaded: trial.driver is NULL */
    CASE_LONG = 4      /* may take `rounds` times as long as others */
};

struct trial;

struct check_case {
    const char *name;
    uint32_t kind; /* enum lagan_kind; 0 = every kind */
    enum check_group group;
    unsigned marks;
    const char *needs; /* names of slots, separated by spaces: skipped without them; or NULL */
    void (*run)(struct trial *t);
    const char *meaning; /* what is proven, one line, lower case */
};

/* What the frame must know of a kind.  One in each of target_kind.c, source_kind.c, key_kind.c;
 * the functions run in children, as cases do. */
struct opened;
struct check_kind {
    uint32_t kind;
    /* Each case gets a place of its own beside the one that was named (see trial_place),
     * removed with all that is in it when it is a folder.  For kinds that cannot remove what
     * they hold.
     */
    bool own_place;
    /* Fails (EXPECT) unless the place is empty; may be NULL. */
    void (*expect_empty)(struct trial *t);
    /* Removes what a case has left below its prefix; may be NULL. */
    void (*clean)(struct trial *t);
    /* Uses each important slot once, with judgement, and leaves nothing behind: for cases about
     * the life of any driver.  `round` is different each time.  The handle was opened with
     * `open_flags`. */
    void (*exercise)(struct trial *t, struct opened *o, unsigned round);
    uint64_t open_flags;
    /* How this driver is opened, where a case does not say; NULL = without flags. */
    uint64_t (*flags_for)(struct trial *t);
};
extern const struct check_kind check_kind_target, check_kind_source, check_kind_key;

/* Shared by all processes of a case. */
struct trial_shared;

/* A case at work. */
struct trial {
    const struct check_request *request;
    const struct check_case *row;
    const struct check_kind *kind;
    const struct driver *driver; /* loaded; NULL for CASE_UNLOADED */
    char prefix[40];             /* of the case's keys: "check-1f2e3d4c/017/" */
    char suffix[16];             /* of the case's place, where kinds have one for each case */
    struct trial_shared *shared;
    int verdict_fd;
    uint64_t random; /* state of trial_random */
};

/* The driver's table. */
const struct lagan_common_ops *trial_common(const struct trial *t);
const struct lagan_target_ops *trial_target(const struct trial *t);
const struct lagan_source_ops *trial_source(const struct trial *t);
const struct lagan_key_ops *trial_key(const struct trial *t);
/* Loads the driver, for CASE_UNLOADED; fails the case when it is refused. */
void trial_load(struct trial *t);

/*
 * Verdicts.  `look` names the place that says how it should be ("target.h, put"); the rest says
 * (printf) what came.  What was asked is known from call_begin, or set by trial_asked.  From
 * any thread, and from any process of the case.  They end the process.
 */
_Noreturn void trial_fail(struct trial *t, const char *look, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void trial_skip(struct trial *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A line that is shown whatever comes out. */
void trial_note(struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says what is being done, on this thread, until the next call. */
void trial_asked(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define EXPECT(t, condition, look, ...)                                                        \
    ((condition) ? (void)0 : trial_fail(t, look, __VA_ARGS__))
/* The last call on this thread returned `wanted`; what came is told with the driver's text. */
void expect_class(struct trial *t, uint32_t result, uint32_t wanted, const char *look);
/* `result` is one of the classes of the list, which ends with LAGAN_CLASS_COUNT. */
void expect_one_of(struct trial *t, uint32_t result, const uint32_t *wanted, const char *look);
#define EXPECT_OK(t, result, look) expect_class(t, result, LAGAN_OK, look)

/* Progress: a case in which nothing ticks for `patience_s` seconds is blocked and killed. Calls
 * tick by themselves. */
void trial_tick(struct trial *t);

/* Random numbers that follow from the seed and the case's name; not for several threads. */
uint64_t trial_random(struct trial *t);
/* 0..bound-1. */
uint64_t trial_below(struct trial *t, uint64_t bound);
/* `size` bytes that follow from `seed`: the same on each call, from any `offset`. */
void trial_bytes(uint64_t seed, uint64_t offset, void *data, size_t size);
/* The request's rounds, or `few` when nothing was asked for. */
unsigned trial_rounds(const struct trial *t, unsigned few);

/* An instance, configured with the request's words and started, and a handle. */
struct opened {
    struct instance *instance;
    bool owner; /* the instance ends with the handle */
    void *handle;
    pthread_mutex_t own;                           /* for LAGAN_THREADS_SERIAL_HANDLE */
    pthread_mutex_t *lock;                         /* around calls; NULL = they may overlap */
    struct lagan_target_capabilities capabilities; /* of targets */
};
/* The flags that an open with `flags` is made with: the kind's where none of READ_ONLY,
 * INITIALISE and RESTORE is given, and INITIALISE with all that write, unless the run is safe.
 */
uint64_t trial_flags(struct trial *t, uint64_t flags);
/* Opens (flags: LAGAN_OPEN_...), and fails the case when that fails.  A process opens only
 * after it has made its children. */
struct opened *trial_open(struct trial *t, uint64_t flags);
/* The same with a result: a class, and `*o` when it is OK. */
uint32_t trial_try_open(struct trial *t, uint64_t flags, struct opened **o);
/* A second handle on the instance of `o`. */
struct opened *trial_open_beside(struct trial *t, struct opened *o, uint64_t flags);
void trial_close(struct trial *t, struct opened *o);
/* The instance alone, ready; at `place` instead of the one that was asked for unless it is
 * NULL.
 */
struct instance *trial_instance(struct trial *t, const char *place);
/* Value of the place parameter (LAGAN_PARAMETER_PLACE) as this case has it, with the case's own
 * suffix where the kind asks for one; NULL when there is none.  Static storage. */
const char *trial_place(struct trial *t);
/* The same when it is a folder or file that this process can look at; else NULL. */
const char *trial_place_path(struct trial *t);

/*
 * One call:
 *
 *     struct call c;
 *     call_begin(t, o, &c, "read_at %s, %zu bytes from %llu", ...);
 *     result = call_end(t, &c, ops->read_at(reader, &c.operation.op, ...));
 *
 * `o` NULL: no handle yet; calls then are serial by themselves.
 */
struct call {
    struct operation operation;
};
void call_begin(struct trial *t, struct opened *o, struct call *c, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
uint32_t call_end(struct trial *t, struct call *c, uint32_t result);
/* The error of the last call on this thread: class OK when it said nothing. */
const struct lagan_error *call_error(void);
/* The next call on this thread has so much time; negative: the deadline has passed. */
void call_set_deadline(int64_t ns);
/* Cancels all calls of this process, those to come too, until taken back.  operation_cancel_all
 * and operation_cancel_reset do the work; a call made while all is cancelled does reach the
 * driver. */
void call_cancel_all(void);
void call_cancel_reset(void);
/* Cancels when so many more callbacks (contents, sinks, collectors) have come, over all
 * threads; the helpers of the kinds tick it. */
void call_cancel_after(unsigned callbacks);
void call_callback(void);

/* Threads: runs `function` on `count` threads, each with its index, and waits for all. */
void trial_threads(struct trial *t, unsigned count,
                   void (*function)(void *context, unsigned index), void *context);

/* Processes: a child that runs `function` and ends.  Only while this process has neither
 * threads nor anything open. */
pid_t trial_fork(struct trial *t, void (*function)(struct trial *t, void *context),
                 void *context);
/* Waits until it ends; 0 when it ended as it should, SIGKILL when that killed it.  A failed
 * child has given its verdict: this process then ends, too. */
int trial_wait(struct trial *t, pid_t child);
/* Whether it has ended already; trial_wait still has to be called. */
bool trial_has_ended(struct trial *t, pid_t child);
void trial_kill(struct trial *t, pid_t child);
/* As trial_fork and trial_wait, and any end is fine: the wait status; the verdict of the child
 * does not count.  For sequences that are to be shrunk. */
int trial_attempt(struct trial *t, void (*function)(struct trial *t, void *context),
                  void *context);
/* Zeroed memory that children share; lasts as long as the case. */
void *trial_share(struct trial *t, size_t size);

/* Sleeps. */
void trial_pause(int64_t ns);

/* What this process holds, for cases about growth: descriptors, threads, and the bytes of the
 * heap that are in use. */
struct trial_holdings {
    unsigned descriptors;
    unsigned threads;
    size_t heap_bytes;
};
void trial_count_holdings(struct trial_holdings *h);

#endif
