/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/driver.h - what every lagan driver shares with the host.
 *
 * A driver is a shared object of one kind (source.h, target.h or key.h) in a module named
 * [a-z][a-z0-9_]*, `src_...`, `tgt_...` or `key_...`.  It exports one function, made by the
 * LAGAN_DRIVER macro, which hands the host a constant descriptor; everything else goes through
 * the tables in these headers.  A driver has no undefined symbols of the host: what it needs from
 * the host comes in a table of functions, behind the inline wrappers below.
 *
 * Life of an instance, in this order; the host never calls out of it:
 *
 *     describe -> load -> instance_new -> configure* -> configured -> start ->
 *     open -> (calls) -> close -> stop -> instance_free
 *
 *   load          once per process; library-global initialisation.  No threads, no I/O.
 *   instance_new  a fresh instance.  There may be many at a time; nothing may be global to them.
 *   configure     one parameter, already parsed and range-checked, in the table's order.
 *   configured    cross-checks between parameters.  No I/O here nor in configure.
 *   start         the first place where threads may be made (the host has finished forking).
 *   open          the first place where the outside world is touched.
 *   close, stop   reached after every successful open and start; correctness may not depend on
 *                 them, since a process can be killed at any instruction.
 *
 * Modules are never unloaded.
 *
 * Rules for all calls
 *
 *   Blocking     every call blocks until it is done.  It gets an op (struct lagan_op): look at
 *                lagan_cancelled() between bounded steps, notice within 2 seconds, and return
 *                LAGAN_CANCELLED.  A call whose op is cancelled when it starts has no effect.
 *   Errors       the return value is a class (enum lagan_class); text, native code, scope and
 *                outcome go into the op through lagan_fail().  Drivers never retry.
 *   Memory       nothing allocated on one side is freed on the other.  Pointers that a call
 *                receives are valid until it returns; collectors copy.
 *   Names        keys and paths are byte strings with a length; text is UTF-8 where stated.
 *   Threads      as the descriptor's thread model says; iterators, readers and writers are used
 *                by one thread at a time, though not always by the same one.
 *   Process      no signals, fork, chdir, umask, setlocale, environment changes, exit, or writes
 *                to stdout and stderr.  Descriptors are close-on-exec.
 *   Growth       slots and members are only ever appended.  Each struct that crosses the border
 *                starts with its size or is handed over with it; the host copies the smaller of
 *                both sizes into a zeroed table of its own.
 *   Flags        64-bit words: an unknown bit in the low half must be refused with
 *                LAGAN_UNSUPPORTED, one in the high half may be ignored.
 *
 * Log of additions
 *   1.0  2026-11  first version
 */
#ifndef LAGAN_DRIVER_H
#define LAGAN_DRIVER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Equal majors work together; a driver of any minor loads into any host of the same major, as
 * long as the host has the features that the driver requires. */
#define LAGAN_ABI_MAJOR 1
#define LAGAN_ABI_MINOR 0

/* "lagandrv" read as a little-endian number: the first word of every descriptor. */
#define LAGAN_DRIVER_MAGIC UINT64_C(0x7672646e6167616c)

/*
 * Classes of outcomes: X(symbol, value, name, meaning).  OK and END are no errors.  Values are part
 * of the ABI.  The host retries TRANSIENT and BUSY, and nothing else by itself.
 */
#define LAGAN_CLASSES(X)                                                                         \
    X(OK, 0, "ok", "done")                                                                       \
    X(END, 1, "end", "the iterator is exhausted")                                                \
    X(TRANSIENT, 2, "transient", "may work when tried again: reset connection, 5xx")             \
    X(BUSY, 3, "busy", "throttled, or too many users at a time: try again more slowly")          \
    X(TIMEOUT, 4, "timeout", "the op's deadline has passed")                                     \
    X(NOT_FOUND, 5, "not-found", "the named thing does not exist; said only when certain")       \
    X(EXISTS, 6, "exists", "create-if-absent found the name taken")                              \
    X(PRECONDITION, 7, "precondition", "version, token or cursor does not match any more")       \
    X(DENIED, 8, "denied", "known, but not allowed")                                             \
    X(AUTH, 9, "auth", "credentials missing, wrong or expired")                                  \
    X(IMMUTABLE, 10, "immutable", "retention, legal hold, read-only medium")                     \
    X(CORRUPT, 11, "corrupt", "checksum, length or structure contradicts itself")                \
    X(NO_SPACE, 12, "no-space", "volume, quota or account is full")                              \
    X(LIMIT, 13, "limit", "name, size or number beyond what the store can hold")                 \
    X(OFFLINE, 14, "offline", "cold tier, medium not mounted, host powered off")                 \
    X(CHANGED, 15, "changed", "a source's entry changed or vanished while being read")           \
    X(UNSUPPORTED, 16, "unsupported", "operation, flag or combination not implemented")          \
    X(INVALID, 17, "invalid", "the caller's mistake: bad argument, wrong state")                 \
    X(CANCELLED, 18, "cancelled", "the op was cancelled")                                        \
    X(IO, 19, "io", "lasting local input/output error, unreadable area")                         \
    X(INTERNAL, 20, "internal", "a driver's own invariant broke, or memory ran out")

enum lagan_class {
#define X(symbol, value, name, meaning) LAGAN_##symbol = value,
    LAGAN_CLASSES(X)
#undef X
        LAGAN_CLASS_COUNT = 21
};

/* How far an error reaches. */
enum lagan_scope {
    LAGAN_SCOPE_ITEM = 0,    /* this object or entry; go on with the next */
    LAGAN_SCOPE_HANDLE = 1,  /* close and open again */
    LAGAN_SCOPE_INSTANCE = 2 /* the job cannot go on with this instance */
};

/* What became of a mutation that reported an error.  UNKNOWN is resolved by the host (stat and
 * compare); claiming NOT_DONE for something done is the worst a target can do. */
enum lagan_outcome {
    LAGAN_OUTCOME_NOT_DONE = 0,
    LAGAN_OUTCOME_DONE = 1,
    LAGAN_OUTCOME_UNKNOWN = 2
};

enum lagan_level { /* of log lines */
    LAGAN_LEVEL_ERROR = 0,
    LAGAN_LEVEL_WARNING = 1,
    LAGAN_LEVEL_INFO = 2,
    LAGAN_LEVEL_DEBUG = 3,
    LAGAN_LEVEL_TRACE = 4
};

enum { LAGAN_TEXT_SIZE = 512 };

/* The details of an error, filled by lagan_fail().  `text` is one line without a trailing stop,
 * in the driver's words, and does not repeat what the caller knows (such as the key). */
struct lagan_error {
    uint32_t error_class;    /* enum lagan_class */
    uint32_t scope;          /* enum lagan_scope */
    uint32_t outcome;        /* enum lagan_outcome */
    uint32_t retry_after_ms; /* what the store advised; 0 = nothing */
    int32_t native;          /* errno, HTTP status, ...; 0 = none */
    uint32_t flags;          /* 0 */
    char text[LAGAN_TEXT_SIZE];
};

/* One call in progress.  Made by the host; a driver reads the plain members, fills `error` through
 * lagan_fail(), and leaves the rest alone. */
struct lagan_op {
    uint32_t size;           /* of this struct, as the host knows it */
    uint32_t reserved;       /* 0 */
    uint64_t id;             /* for log lines */
    int64_t deadline_ns;     /* on CLOCK_MONOTONIC; 0 = none */
    int32_t cancel_fd;       /* becomes readable on cancellation; poll it beside your own; -1 = none */
    uint32_t bandwidth_class; /* 0 = normal; larger is less urgent */
    struct lagan_error error;
    void *host_private;
};

/* Host features (bits of struct lagan_driver.required_features and lagan_host.features). */
#define LAGAN_FEATURE_LOG UINT64_C(1)
#define LAGAN_FEATURE_PROGRESS UINT64_C(2)

/*
 * What the host offers.  All functions are thread-safe.  Use the wrappers at the end of this file.
 *   cancelled  non-zero once the op was cancelled or its deadline passed
 *   fail       fills op->error (printf format) with scope item and outcome not-done, and returns
 *              `error_class`
 *   log        one line; dropped cheaply when the level is off
 *   progress   adds to the op's counters: bytes and items done since the last call
 *   sleep      sleeps, ends early on cancellation; returns non-zero then
 *   random     fills a buffer with cryptographically strong random bytes
 *   wall_ns    nanoseconds since 1970 through the host's clock
 */
struct lagan_host {
    uint32_t size;
    uint32_t abi_minor;
    uint64_t features;
    int (*cancelled)(struct lagan_op *op);
    uint32_t (*fail)(struct lagan_op *op, uint32_t error_class, int32_t native,
                     const char *format, va_list arguments);
    void (*log)(struct lagan_op *op, uint32_t level, const char *format, va_list arguments);
    void (*progress)(struct lagan_op *op, uint64_t bytes, uint64_t items);
    int (*sleep)(struct lagan_op *op, int64_t ns);
    void (*random)(void *data, size_t size);
    int64_t (*wall_ns)(void);
};

/* Types of parameters.  The host parses and range-checks all of them. */
enum lagan_parameter_type {
    LAGAN_PARAMETER_TEXT = 1,     /* UTF-8, `minimum`..`maximum` bytes long (maximum 0 = 4096) */
    LAGAN_PARAMETER_PATH = 2,     /* made absolute by the host before any change of directory */
    LAGAN_PARAMETER_BOOL = 3,     /* yes no true false on off 1 0 */
    LAGAN_PARAMETER_INTEGER = 4,  /* `minimum`..`maximum` */
    LAGAN_PARAMETER_SIZE = 5,     /* bytes; 64M, 1GiB */
    LAGAN_PARAMETER_DURATION = 6, /* nanoseconds; 90s, 2h, 14d */
    LAGAN_PARAMETER_CHOICE = 7,   /* one of `choices`, separated by '|' */
    LAGAN_PARAMETER_SECRET = 8    /* never a literal: file:PATH, fd:N, command:LINE, credential:NAME */
};

/* Marks of parameters. */
#define LAGAN_PARAMETER_REQUIRED UINT32_C(1)   /* there is no default */
#define LAGAN_PARAMETER_REPEATABLE UINT32_C(2) /* configure is called once per value, in order */
#define LAGAN_PARAMETER_BARE UINT32_C(4)       /* a word without `key=` means this one; at most one */
#define LAGAN_PARAMETER_ADVANCED UINT32_C(8)   /* shown only when asked for */
#define LAGAN_PARAMETER_PLACE UINT32_C(16)     /* where the thing is: replaced by `restore --to` */

/* One row of a driver's parameter table.  The table ends with a row whose `name` is NULL. */
struct lagan_parameter {
    const char *name;          /* [a-z][a-z0-9-]* */
    uint32_t type;             /* enum lagan_parameter_type */
    uint32_t flags;            /* LAGAN_PARAMETER_... */
    const char *default_value; /* in the form a user would write; NULL = not configured */
    int64_t minimum;           /* for INTEGER, SIZE, DURATION, and the length of TEXT */
    int64_t maximum;           /* 0 = no limit */
    const char *choices;       /* "a|b|c" for CHOICE, else NULL */
    const char *help;          /* one line, lower case, no trailing stop */
};

/* A parsed value.  `text` is valid until configure returns; a SECRET is wiped after open. */
struct lagan_value {
    uint32_t type;   /* as in the table */
    uint32_t size;   /* length of `text` in bytes */
    const char *text; /* TEXT, PATH, CHOICE, SECRET; zero-terminated as well */
    int64_t number;  /* BOOL (0, 1), INTEGER, SIZE, DURATION; the index of a CHOICE */
};

/* Kinds of drivers. */
enum lagan_kind { LAGAN_KIND_SOURCE = 1, LAGAN_KIND_TARGET = 2, LAGAN_KIND_KEY = 3 };

/* Thread models, least demanding first. */
enum lagan_threads {
    LAGAN_THREADS_SERIAL_DRIVER = 0, /* one call at a time over all instances */
    LAGAN_THREADS_SERIAL_HANDLE = 1, /* calls on different handles may overlap */
    LAGAN_THREADS_PARALLEL = 2       /* any calls may overlap, on one handle too */
};

/*
 * Slots that all kinds have in common; each kind's table starts with this struct.  `instance` is
 * what instance_new returned, `handle` what open returned; both are the driver's own.
 * Mandatory: instance_new, instance_free, configure (unless the parameter table is empty), open,
 * close.
 */
struct lagan_common_ops {
    /* Once per process before any instance.  OK or an error class. */
    uint32_t (*load)(struct lagan_op *op);
    /* A new instance with defaults into `*instance`. */
    uint32_t (*instance_new)(struct lagan_op *op, void **instance);
    /* Frees an instance in any state.  Never fails. */
    void (*instance_free)(void *instance);
    /* Takes one value; copy what must last.  `row` is the parameter's index in the table. */
    uint32_t (*configure)(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value);
    /* After the last configure. */
    uint32_t (*configured)(void *instance, struct lagan_op *op);
    uint32_t (*start)(void *instance, struct lagan_op *op);
    void (*stop)(void *instance);
    /* Opens the instance into `*handle`.  `flags`: LAGAN_OPEN_... */
    uint32_t (*open)(void *instance, struct lagan_op *op, uint64_t flags, void **handle);
    void (*close)(void *handle);
};

#define LAGAN_OPEN_READ_ONLY UINT64_C(1)  /* nothing will be changed through this handle */
#define LAGAN_OPEN_INITIALISE UINT64_C(2) /* create the place (directory, bucket) when absent */
#define LAGAN_OPEN_RESTORE UINT64_C(4)    /* a source is opened to be written back to */

/* Refused at load with a sentence when anything in it does not fit. */
struct lagan_driver {
    uint64_t magic; /* LAGAN_DRIVER_MAGIC */
    uint32_t size;  /* sizeof(struct lagan_driver) at build time */
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t kind;             /* enum lagan_kind */
    uint32_t threads;          /* enum lagan_threads */
    uint16_t pointer_bytes;    /* sizeof(void *) */
    uint16_t offset_bytes;     /* sizeof(off_t) */
    uint32_t max_parallel;     /* advice; 0 = unknown */
    const char *name;          /* equals the module's name */
    const char *version;       /* the driver's own */
    const char *licence;       /* SPDX expression */
    const char *summary;       /* one line, lower case, no trailing stop */
    const char *home;          /* where to report trouble; NULL = the lagan project */
    uint64_t required_features; /* LAGAN_FEATURE_... the driver cannot do without */
    const struct lagan_parameter *parameters; /* ends with a NULL name; NULL = none */
    uint32_t parameter_bytes;  /* sizeof(struct lagan_parameter) */
    uint32_t ops_bytes;        /* sizeof the kind's table */
    const void *ops;           /* struct lagan_source_ops, lagan_target_ops or lagan_key_ops */
};

/* The first members of a descriptor, filled alike by every driver. */
#define LAGAN_DRIVER_HEAD                                                                        \
    .magic = LAGAN_DRIVER_MAGIC, .size = sizeof(struct lagan_driver),                            \
    .abi_major = LAGAN_ABI_MAJOR, .abi_minor = LAGAN_ABI_MINOR,                                  \
    .pointer_bytes = sizeof(void *), .offset_bytes = sizeof(off_t),                              \
    .parameter_bytes = sizeof(struct lagan_parameter)

#if defined(__GNUC__)
#define LAGAN_EXPORT __attribute__((visibility("default")))
#define LAGAN_PRINTF(format_at, first) __attribute__((format(printf, format_at, first)))
#else
#define LAGAN_EXPORT
#define LAGAN_PRINTF(format_at, first)
#endif

/* The type of the exported function. */
typedef const struct lagan_driver *lagan_describe_function(const struct lagan_host *host);

/*
 * Put once into the file that holds the descriptor, with the module's name:
 *
 *     LAGAN_DRIVER(src_example, &descriptor)
 *
 * It defines the exported function and, for the other files of the driver, `lagan_host_table`,
 * which they reach through the wrappers below.
 */
#define LAGAN_DRIVER(module, descriptor)                                                         \
    const struct lagan_host *lagan_host_table;                                                   \
    LAGAN_EXPORT lagan_describe_function module##_LTX_lagan_driver;                              \
    const struct lagan_driver *module##_LTX_lagan_driver(const struct lagan_host *host)          \
    {                                                                                            \
        lagan_host_table = host;                                                                 \
        return descriptor;                                                                       \
    }

#ifndef LAGAN_HOST_SIDE
/* Defined by LAGAN_DRIVER in one file of each driver; hidden in the module. */
extern const struct lagan_host *lagan_host_table
#if defined(__GNUC__)
    __attribute__((visibility("hidden")))
#endif
    ;

static inline int lagan_cancelled(struct lagan_op *op)
{
    return lagan_host_table->cancelled(op);
}

LAGAN_PRINTF(4, 5)
static inline uint32_t lagan_fail(struct lagan_op *op, uint32_t error_class, int32_t native,
                                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    uint32_t result = lagan_host_table->fail(op, error_class, native, format, arguments);
    va_end(arguments);
    return result;
}

LAGAN_PRINTF(3, 4)
static inline void lagan_log(struct lagan_op *op, uint32_t level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    lagan_host_table->log(op, level, format, arguments);
    va_end(arguments);
}

static inline void lagan_progress(struct lagan_op *op, uint64_t bytes, uint64_t items)
{
    lagan_host_table->progress(op, bytes, items);
}

static inline int lagan_sleep(struct lagan_op *op, int64_t ns)
{
    return lagan_host_table->sleep(op, ns);
}

static inline void lagan_random(void *data, size_t size)
{
    lagan_host_table->random(data, size);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
