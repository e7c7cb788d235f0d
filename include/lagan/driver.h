/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lagan/driver.h - what every lagan driver shares with the host.
 *
 * A driver is a shared object of one kind (source.h, target.h or key.h) in a module named
 * [a-z][a-z0-9_]*, at most 32 bytes, that starts with `src_`, `tgt_` or `key_`.  It exports one
 * function, made by the LAGAN_DRIVER macro, which hands the host a constant descriptor;
 * everything else goes through the tables in these headers.  A driver has no undefined symbols
 * of the host: what it needs from the host comes in a table of functions, behind the inline
 * wrappers at the end of this file.
 *
 * The headers are the whole contract.  "Must" is checked by the host, by the tests, or both.
 *
 * Life of an instance, in this order; the host never calls out of it:
 *
 *     describe -> load -> instance_new -> configure* -> configured -> start ->
 *     open -> (calls) -> close -> stop -> instance_free
 *
 *   describe      the exported function.  Returns the descriptor and does nothing else: it is
 *                 also called for a mere listing of drivers.
 *   load          once per process; initialises libraries.  No threads, no I/O.
 *   instance_new  a fresh instance.  There may be many at a time; they share nothing.
 *   configure     one value, already parsed and range-checked, in the order of the table.
 *   configured    cross-checks between parameters.  No I/O here nor in configure.
 *   start         the first place where threads may be made (the host has finished forking).
 *   open          the first place where the outside world is touched.
 *   close, stop   reached after every successful open and start, unless the process ends
 *                 before.  Nothing that matters may depend on them: a process can be killed at
 *                 any instruction.
 *
 * A failed call of this chain leads straight to instance_free, with stop before it when start
 * had succeeded.  Modules stay in memory until the process ends.
 *
 * Rules for all calls
 *
 *   Blocking     every call blocks until it is done.  It gets an op (struct lagan_op): look at
 *                lagan_cancelled() between bounded steps, notice within 2 seconds, and return
 *                LAGAN_CANCELLED.  A call whose op is cancelled when it starts has no effect.
 *                The handle stays usable after a cancelled call.
 *   Errors       the return value is a class (enum lagan_class); text, native code, scope and
 *                outcome go into the op through lagan_fail().  Drivers never retry, and switch
 *                off what their libraries would retry by themselves.
 *   Memory       nothing allocated on one side is freed on the other.  Pointers that a call
 *                receives are valid until it returns; collectors copy.  Handles, walks,
 *                readers, writers, stages and uploads belong to the driver and are opaque to the
 *                host.
 *   Results      what a call gives back through a pointer is set before it returns LAGAN_OK,
 *                and is not looked at otherwise.  Such pointers are never NULL, except where
 *                the text says so.
 *   Names        keys and paths are byte strings with a length; text is UTF-8 where stated.
 *   Threads      as the descriptor's thread model says (enum lagan_threads).  Iterators,
 *                readers, writers and stages are used by one thread at a time, though not
 *                always by the same one: keep nothing in thread-local variables.
 *   Callbacks    collectors, sinks and contents are called on the thread of the call they were
 *                given to, before it returns, and never call the driver back.
 *   Process      no signals, signal handlers, fork, chdir, umask, setlocale, changes of the
 *                environment, exit, or writes to stdout and stderr.  Descriptors are made
 *                close-on-exec.  The working directory may be gone.  A program may be started
 *                with posix_spawn, in a process group of its own, by a call that sees to its
 *                end before it returns; or for the life of a handle, whose close sees to it.
 *   Growth       slots and members are only ever appended.  Each struct that crosses the border
 *                starts with its size or is handed over with it; the host copies the smaller of
 *                both sizes into a zeroed table of its own, so that a slot that one side does
 *                not know counts as absent.  A driver neither reads nor writes a member that
 *                lies beyond the size which the host gave.
 *   Flags        64-bit words: an unknown bit in the low half must be refused with
 *                LAGAN_UNSUPPORTED, one in the high half may be ignored.
 *
 * Log of additions
 *   1.0  2026-11  first version
 *   1.1  2026-11  struct lagan_driver: traits; programs may be started
 *   1.2  2026-11  LAGAN_FEATURE_STREAM
 *   1.3  2026-11  target.h: slots behind sweep
 *   1.4  2026-11  LAGAN_TRAIT_FLAT; source.h: versions, pieces, copies, removal
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
#define LAGAN_ABI_MINOR 4

/* "lagandrv" read as a little-endian number: the first word of every descriptor. */
#define LAGAN_DRIVER_MAGIC UINT64_C(0x7672646e6167616c)

/*
 * Classes of outcomes: X(symbol, value, name, meaning).  Values are part of the ABI; a value
 * that is not in the table counts as IO.
 *
 * What the host does with an error of scope item that concerns one entry of a source, being
 * read or written back: it names the entry, records the error in the backup, and goes on (exit
 * status 3).  CANCELLED and NO_SPACE end the job all the same.  In all other places:
 *
 * - OK: goes on.
 * - END: ends the walk.  From any slot but walk_next it counts as IO.
 * - TRANSIENT: makes the same call again, after a pause that grows, as often as the retry layer
 *   is set to; with BUSY the only class that is ever tried again.  After that the job fails as
 *   temporary (exit status 5).
 * - BUSY: as TRANSIENT, with fewer calls at a time, and not before retry_after_ms.
 * - TIMEOUT, OFFLINE: the job fails as temporary.
 * - NOT_FOUND: an entry that vanished is left out of the backup and named; a missing object
 *   that a backup needs is damage (exit status 4); a missing place fails the open.
 * - EXISTS: compares what is there with what was to be written.  Equal counts as done; else
 *   another name is taken, or the rule for conflicts decides.
 * - PRECONDITION: reads the state again or gives up; never repeats the call as it was.
 * - DENIED, AUTH, LIMIT: the job fails.  AUTH from unwrap means the wrong key (exit status 12).
 * - IMMUTABLE: the job fails.  Removing what a deleted backup leaves may end this way, and the
 *   backup still counts as deleted.
 * - CORRUPT: nothing of what came is used: damage, named with the object (exit status 4).
 * - NO_SPACE: stops writing; what is complete stays (exit status 14).
 * - CHANGED: only entries change; see struct lagan_source_ops.
 * - UNSUPPORTED: goes without where it can, else refuses what was asked for.
 * - INVALID: of configure and configured, a wrong parameter (exit status 2); else a mistake in
 *   the program or in the driver: the job fails.
 * - CANCELLED: unwinds (exit status 130).  When nobody cancelled and the deadline has passed,
 *   it counts as TIMEOUT.
 * - IO: an object counts as damaged; else the job fails.
 * - INTERNAL: the job fails.
 */
#define LAGAN_CLASSES(X)                                                                       \
    X(OK, 0, "ok", "done")                                                                     \
    X(END, 1, "end", "the iterator is exhausted")                                              \
    X(TRANSIENT, 2, "transient", "may work when tried again: reset connection, 5xx")           \
    X(BUSY, 3, "busy", "throttled, or too many users at a time: try again more slowly")        \
    X(TIMEOUT, 4, "timeout", "the op's deadline has passed")                                   \
    X(NOT_FOUND, 5, "not-found", "the named thing does not exist; said only when certain")     \
    X(EXISTS, 6, "exists", "create-if-absent found the name taken")                            \
    X(PRECONDITION, 7, "precondition", "version, token or cursor does not match any more")     \
    X(DENIED, 8, "denied", "known, but not allowed")                                           \
    X(AUTH, 9, "auth", "credentials missing, wrong or expired")                                \
    X(IMMUTABLE, 10, "immutable", "retention, legal hold, read-only medium")                   \
    X(CORRUPT, 11, "corrupt", "checksum, length or structure contradicts itself")              \
    X(NO_SPACE, 12, "no-space", "volume, quota or account is full")                            \
    X(LIMIT, 13, "limit", "name, size or number beyond what the store can hold")               \
    X(OFFLINE, 14, "offline", "cold tier, medium not mounted, host powered off")               \
    X(CHANGED, 15, "changed", "a source's entry changed or vanished while being read")         \
    X(UNSUPPORTED, 16, "unsupported", "operation, flag or combination not implemented")        \
    X(INVALID, 17, "invalid", "the caller's mistake: bad argument, wrong state")               \
    X(CANCELLED, 18, "cancelled", "the op was cancelled")                                      \
    X(IO, 19, "io", "lasting local input/output error, unreadable area")                       \
    X(INTERNAL, 20, "internal", "a driver's own invariant broke, or memory ran out")

enum lagan_class {
#define X(symbol, value, name, meaning) LAGAN_##symbol = value,
    LAGAN_CLASSES(X)
#undef X
        LAGAN_CLASS_COUNT = 21
};

/* How far an error reaches. */
enum lagan_scope {
    /* This object or entry.  The host goes on with the next where the job allows that. */
    LAGAN_SCOPE_ITEM = 0,
    /* This handle (or walk): it can only be closed.  The job ends. */
    LAGAN_SCOPE_HANDLE = 1,
    /* The instance: opening again would not help (account locked, medium full).  The job
     * ends. */
    LAGAN_SCOPE_INSTANCE = 2
};

/* What became of a mutation (put, commit, remove, ...) that reported an error.  The host
 * resolves UNKNOWN by reading back and comparing; claiming NOT_DONE for something done is the
 * worst a target can do, because a repeated put then meets its own first attempt as EXISTS. */
enum lagan_outcome {
    /* Nothing has changed, and nothing will. */
    LAGAN_OUTCOME_NOT_DONE = 0,
    /* It took effect in spite of the error. */
    LAGAN_OUTCOME_DONE = 1,
    /* Cannot be told, as after a connection that broke while the answer was awaited. */
    LAGAN_OUTCOME_UNKNOWN = 2
};

/* Levels of log lines. */
enum lagan_level {
    /* The job suffers. */
    LAGAN_LEVEL_ERROR = 0,
    /* Somebody should look at it. */
    LAGAN_LEVEL_WARNING = 1,
    /* Worth knowing, a few lines per job. */
    LAGAN_LEVEL_INFO = 2,
    /* For whoever looks for a fault. */
    LAGAN_LEVEL_DEBUG = 3,
    /* Each step. */
    LAGAN_LEVEL_TRACE = 4
};

/* Bytes of an error's text, with its terminator. */
enum { LAGAN_TEXT_SIZE = 512 };

/* The details of an error.  lagan_fail() fills all of it; set scope, outcome and retry_after_ms
 * in op->error afterwards where they differ.  Looked at only when error_class equals what the
 * call returned. */
struct lagan_error {
    /* enum lagan_class. */
    uint32_t error_class;
    /* enum lagan_scope; lagan_fail() sets ITEM. */
    uint32_t scope;
    /* enum lagan_outcome; lagan_fail() sets NOT_DONE. */
    uint32_t outcome;
    /* Milliseconds to wait, as the store advised; 0 = no advice. */
    uint32_t retry_after_ms;
    /* errno, HTTP status, ...; 0 = none.  For logs. */
    int32_t native;
    /* 0. */
    uint32_t flags;
    /* One line of UTF-8 without a trailing stop, in the driver's words.  It does not repeat
     * what the caller knows (driver, verb, key) and holds no secret.  The host escapes control
     * characters. */
    char text[LAGAN_TEXT_SIZE];
};

/* One call in progress.  The host makes it and keeps it until the call has returned; a driver
 * reads the plain members, fills `error` through lagan_fail(), and leaves the rest alone.  An
 * op may be used by several threads of the driver at a time, except for lagan_fail(). */
struct lagan_op {
    /* Bytes of this struct, as the host knows it. */
    uint32_t size;
    /* 0. */
    uint32_t reserved;
    /* Number of the call within the process, for log lines. */
    uint64_t id;
    /* When the call has to be over, in nanoseconds of CLOCK_MONOTONIC; 0 = no limit. */
    int64_t deadline_ns;
    /* Becomes readable on cancellation: poll it beside your own descriptors, never read from
     * it; -1 = none.  The deadline does not show here. */
    int32_t cancel_fd;
    /* Urgency: 0 = normal, larger = less urgent.  Advice. */
    uint32_t bandwidth_class;
    /* Where lagan_fail() writes. */
    struct lagan_error error;
    /* The host's own. */
    void *host_private;
};

/* Host features: bits of struct lagan_driver.required_features and lagan_host.features. */

/* lagan_log() writes lines. */
#define LAGAN_FEATURE_LOG UINT64_C(1)
/* lagan_progress() counts. */
#define LAGAN_FEATURE_PROGRESS UINT64_C(2)
/* Sources: the hint LAGAN_ENTRY_STREAM is understood.  Since 1.2; a driver that gives it
 * requires it: another host would take such content for empty. */
#define LAGAN_FEATURE_STREAM UINT64_C(4)

/* Traits: bits of struct lagan_driver.traits, that the host must know before it opens anything. */

/* Sources: backups of this kind are never mirrored to another region. */
#define LAGAN_TRAIT_NOT_MIRRORED UINT64_C(1)
/* Sources: they are replicated to another region only where a policy says so. */
#define LAGAN_TRAIT_BY_POLICY UINT64_C(2)
/* Sources: they are not restored from a mirror; copy them back first. */
#define LAGAN_TRAIT_NOT_FROM_MIRROR UINT64_C(4)
/* Key providers: the key lies with a service of its own, not on this machine (encryption
 * `kms`). */
#define LAGAN_TRAIT_SERVICE UINT64_C(8)
/* Sources, since 1.4: keys are flat, as a bucket's are: any bytes but zero, and no entry stands
 * above another.  There are neither directories nor links, and a restore into a tree of files
 * cuts keys at '/'.  The root is handed over all the same, as a DIRECTORY that nobody creates.
 * When an object was made is the store's own to say: what writes passes over mtime. */
#define LAGAN_TRAIT_FLAT UINT64_C(16)

/* What the host offers.  All functions may be called from any thread at any time after
 * `describe`.  Use the wrappers at the end of this file.  The table lives as long as the
 * process. */
struct lagan_host {
    /* Bytes of this struct, as the host knows it. */
    uint32_t size;
    /* LAGAN_ABI_MINOR of the host. */
    uint32_t abi_minor;
    /* LAGAN_FEATURE_... */
    uint64_t features;
    /* Non-zero once the op was cancelled or its deadline has passed.  Cheap. */
    int (*cancelled)(struct lagan_op *op);
    /* Fills op->error (text as vprintf makes it, cut to LAGAN_TEXT_SIZE) with scope item and
     * outcome not-done, and returns `error_class`. */
    uint32_t (*fail)(struct lagan_op *op, uint32_t error_class, int32_t native,
                     const char *format, va_list arguments);
    /* One line of at most 1023 bytes; the host puts time and driver in front.  `op` may be
     * NULL.  Dropped cheaply when `level` (enum lagan_level) is off. */
    void (*log)(struct lagan_op *op, uint32_t level, const char *format, va_list arguments);
    /* Adds what was done since the last call: bytes moved, items finished. */
    void (*progress)(struct lagan_op *op, uint64_t bytes, uint64_t items);
    /* Sleeps `ns` nanoseconds; ends early on cancellation or at the deadline, and returns
     * non-zero then. */
    int (*sleep)(struct lagan_op *op, int64_t ns);
    /* Fills `size` bytes with cryptographically strong random numbers.  Never fails. */
    void (*random)(void *data, size_t size);
    /* Nanoseconds since 1970 by the host's clock, the one that tests replace. */
    int64_t (*wall_ns)(void);
};

/*
 * Types of parameters.  The host parses and range-checks all of them, so that `configure` sees
 * only what fits its row.
 */
enum lagan_parameter_type {
    /* UTF-8 without control characters, `minimum`..`maximum` bytes (maximum 0 = 4096). */
    LAGAN_PARAMETER_TEXT = 1,
    /* Not empty; made absolute before any change of directory.  Bytes, not UTF-8. */
    LAGAN_PARAMETER_PATH = 2,
    /* yes no true false on off 1 0. */
    LAGAN_PARAMETER_BOOL = 3,
    /* A decimal number, `minimum`..`maximum`. */
    LAGAN_PARAMETER_INTEGER = 4,
    /* Bytes: 4096, 64M, 1GiB.  `minimum`..`maximum`. */
    LAGAN_PARAMETER_SIZE = 5,
    /* Nanoseconds: 90s, 2h, 14d.  `minimum`..`maximum`. */
    LAGAN_PARAMETER_DURATION = 6,
    /* One of `choices`. */
    LAGAN_PARAMETER_CHOICE = 7,
    /* People write where it is, never the secret itself: file:PATH (a private file), fd:N,
     * command:LINE, credential:NAME.  The host reads it (1 byte to 64 KiB, one trailing newline
     * dropped) just before `configure` and wipes its copy just after. */
    LAGAN_PARAMETER_SECRET = 8
};

/* Marks of parameters. */

/* It must be given; excludes a default. */
#define LAGAN_PARAMETER_REQUIRED UINT32_C(1)
/* It may be given several times; configure is called once per value, in the order given. */
#define LAGAN_PARAMETER_REPEATABLE UINT32_C(2)
/* A word without `key=` means this one; at most one row has the mark. */
#define LAGAN_PARAMETER_BARE UINT32_C(4)
/* Shown only when asked for. */
#define LAGAN_PARAMETER_ADVANCED UINT32_C(8)
/* Where the thing is: replaced by `restore --to`.  At most one row has the mark. */
#define LAGAN_PARAMETER_PLACE UINT32_C(16)

/* One row of a driver's parameter table, which ends with a row whose `name` is NULL and has at
 * most 256 rows before it.  The manual page explains each row; a test compares the two. */
struct lagan_parameter {
    /* [a-z][a-z0-9-]*, at most 64 bytes, once per table. */
    const char *name;
    /* enum lagan_parameter_type. */
    uint32_t type;
    /* LAGAN_PARAMETER_... */
    uint32_t flags;
    /* In the form a user would write, checked at load; NULL = not configured when not given. */
    const char *default_value;
    /* Smallest INTEGER, SIZE or DURATION, in its unit; shortest TEXT, in bytes. */
    int64_t minimum;
    /* Largest or longest; 0 = no limit. */
    int64_t maximum;
    /* "a|b|c" for CHOICE, else NULL. */
    const char *choices;
    /* One line for people, lower case, no trailing stop. */
    const char *help;
};

/* A parsed value.  Everything it points to is valid until configure returns. */
struct lagan_value {
    /* As in the table. */
    uint32_t type;
    /* Bytes of `text`, without its terminator. */
    uint32_t size;
    /* TEXT, PATH, CHOICE, SECRET: the bytes, zero-terminated as well (a SECRET may hold
     * zeroes); otherwise NULL. */
    const char *text;
    /* BOOL: 0 or 1.  INTEGER, SIZE (bytes), DURATION (nanoseconds): the number.  CHOICE: its
     * index in `choices`, from 0. */
    int64_t number;
};

/* Kinds of drivers; each has a header with its table. */
enum lagan_kind { LAGAN_KIND_SOURCE = 1, LAGAN_KIND_TARGET = 2, LAGAN_KIND_KEY = 3 };

/*
 * Thread models, least demanding first.  The host keeps calls apart with a lock where the model
 * asks for it, callbacks included.  Whatever the model, calls on one instance before its open
 * do not overlap, and close, stop and instance_free overlap nothing else on their object.
 */
enum lagan_threads {
    /* One call at a time over all instances, `load` included. */
    LAGAN_THREADS_SERIAL_DRIVER = 0,
    /* Calls on different handles may overlap; what is made from a handle (walks, readers,
     * writers, stages, uploads) counts as that handle. */
    LAGAN_THREADS_SERIAL_HANDLE = 1,
    /* Any calls may overlap, on one handle too; those on one walk, reader, writer or stage do
     * not, and of those on one upload only part_put of different parts. */
    LAGAN_THREADS_PARALLEL = 2
};

/*
 * Slots that all kinds have in common; each kind's table starts with this struct.  `instance`
 * is what instance_new returned, `handle` what open returned; both are the driver's own.
 *
 * Mandatory: instance_new, instance_free, configure (unless the parameter table is empty),
 * open, close.  A module that lacks one is refused at load.
 */
struct lagan_common_ops {
    /* Once per process before any instance.  An error refuses the driver; it is called again
     * when the driver is asked for again.  Absent: nothing to prepare. */
    uint32_t (*load)(struct lagan_op *op);

    /* A new instance with defaults into `*instance`.  Returns OK, INTERNAL. */
    uint32_t (*instance_new)(struct lagan_op *op, void **instance);

    /* Frees an instance in any state.  Never fails; all its handles are closed. */
    void (*instance_free)(void *instance);

    /* Takes one value, given or by default; copy what must last.  `row` is the parameter's
     * index in the table; a row without value and default is not configured.  A driver that
     * keeps a secret wipes it in instance_free at the latest.  Returns OK, INVALID (with a text
     * that says what is allowed), INTERNAL. */
    uint32_t (*configure)(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value);

    /* After the last configure: checks what concerns several parameters.  Returns as configure.
     * Absent: nothing to check. */
    uint32_t (*configured)(void *instance, struct lagan_op *op);

    /* Threads and pools of connections may be made from here on.  Returns OK or why not.
     * Absent: nothing to start. */
    uint32_t (*start)(void *instance, struct lagan_op *op);

    /* Ends what start began and waits for own threads.  Called once, after all handles were
     * closed, if start succeeded or is absent.  Absent: nothing to stop. */
    void (*stop)(void *instance);

    /* Opens the instance into `*handle`; several handles of one instance may be open at a time.
     * `flags`: LAGAN_OPEN_...  Returns OK, NOT_FOUND (the place does not exist and was not to
     * be created), DENIED, AUTH, OFFLINE, TRANSIENT, UNSUPPORTED (a flag), IO, CANCELLED. */
    uint32_t (*open)(void *instance, struct lagan_op *op, uint64_t flags, void **handle);

    /* Closes a handle; walks, readers, writers and stages are gone.  Not the moment to make
     * anything durable: see flush and entry_commit. */
    void (*close)(void *handle);
};

/* Nothing will be changed through this handle; a driver makes sure of it where it can. */
#define LAGAN_OPEN_READ_ONLY UINT64_C(1)
/* Create the place (directory, bucket, key) when it is absent; fine when it is there. */
#define LAGAN_OPEN_INITIALISE UINT64_C(2)
/* A source is opened to be written back to; reading slots need not work. */
#define LAGAN_OPEN_RESTORE UINT64_C(4)

/* The descriptor.  It and all it points to are constant and live as long as the module.  When
 * anything in it does not fit, the module is refused at load with a sentence that names the
 * file and the reason. */
struct lagan_driver {
    /* LAGAN_DRIVER_MAGIC. */
    uint64_t magic;
    /* sizeof(struct lagan_driver) when the driver was built. */
    uint32_t size;
    /* LAGAN_ABI_MAJOR and LAGAN_ABI_MINOR when the driver was built. */
    uint16_t abi_major;
    uint16_t abi_minor;
    /* enum lagan_kind; agrees with the prefix of the name. */
    uint32_t kind;
    /* enum lagan_threads. */
    uint32_t threads;
    /* sizeof(void *). */
    uint16_t pointer_bytes;
    /* sizeof(off_t): build with -D_FILE_OFFSET_BITS=64. */
    uint16_t offset_bytes;
    /* Useful number of calls at a time over all handles; advice, 0 = unknown. */
    uint32_t max_parallel;
    /* Equals the module's file name without ".so". */
    const char *name;
    /* The driver's own version, any form. */
    const char *version;
    /* SPDX expression. */
    const char *licence;
    /* One line, lower case, no trailing stop. */
    const char *summary;
    /* Where to report trouble; NULL = the lagan project. */
    const char *home;
    /* LAGAN_FEATURE_... that the driver cannot do without. */
    uint64_t required_features;
    /* Ends with a NULL name; NULL = no parameters. */
    const struct lagan_parameter *parameters;
    /* sizeof(struct lagan_parameter) when the driver was built. */
    uint32_t parameter_bytes;
    /* sizeof the kind's table when the driver was built. */
    uint32_t ops_bytes;
    /* struct lagan_source_ops, lagan_target_ops or lagan_key_ops; copied at load. */
    const void *ops;
    /* LAGAN_TRAIT_...  Since 1.1: a driver that lacks it has none. */
    uint64_t traits;
};

/* The first members of a descriptor, filled alike by every driver.  C++ has such initialisers
 * since C++20 only: lagan_driver_head below is for those before. */
#define LAGAN_DRIVER_HEAD                                                                      \
    .magic = LAGAN_DRIVER_MAGIC, .size = sizeof(struct lagan_driver),                          \
    .abi_major = LAGAN_ABI_MAJOR, .abi_minor = LAGAN_ABI_MINOR,                                \
    .pointer_bytes = sizeof(void *), .offset_bytes = sizeof(off_t),                            \
    .parameter_bytes = sizeof(struct lagan_parameter)

#if defined(__GNUC__)
#define LAGAN_EXPORT __attribute__((visibility("default")))
#define LAGAN_PRINTF(format_at, first) __attribute__((format(printf, format_at, first)))
#else
#define LAGAN_EXPORT
#define LAGAN_PRINTF(format_at, first)
#endif

/* The exported function has its name as C has it, in drivers that are written in C++ too. */
#ifdef __cplusplus
#define LAGAN_EXTERN_C extern "C"
#else
#define LAGAN_EXTERN_C
#endif

#if defined(__cplusplus) && __cplusplus >= 201402L
/* A descriptor whose head is filled as LAGAN_DRIVER_HEAD does it and whose rest is zero, for a
 * constexpr function of the driver that sets the other members. */
constexpr struct lagan_driver lagan_driver_head()
{
    struct lagan_driver d = {};
    d.magic = LAGAN_DRIVER_MAGIC;
    d.size = sizeof(struct lagan_driver);
    d.abi_major = LAGAN_ABI_MAJOR;
    d.abi_minor = LAGAN_ABI_MINOR;
    d.pointer_bytes = sizeof(void *);
    d.offset_bytes = sizeof(off_t);
    d.parameter_bytes = sizeof(struct lagan_parameter);
    return d;
}
#endif

/* The type of the exported function.  `host` lives as long as the process. */
typedef const struct lagan_driver *lagan_describe_function(const struct lagan_host *host);

/*
 * Put once into the file that holds the descriptor, with the module's name:
 *
 *     LAGAN_DRIVER(src_example, &descriptor)
 *
 * It defines the exported function and, for the other files of the driver, `lagan_host_table`,
 * which they reach through the wrappers below.
 */
#define LAGAN_DRIVER(module, descriptor)                                                       \
    const struct lagan_host *lagan_host_table;                                                 \
    LAGAN_EXTERN_C LAGAN_EXPORT lagan_describe_function module##_LTX_lagan_driver;             \
    const struct lagan_driver *module##_LTX_lagan_driver(const struct lagan_host *host)        \
    {                                                                                          \
        lagan_host_table = host;                                                               \
        return descriptor;                                                                     \
    }

/* The host defines this, and has no use for what follows. */
#ifndef LAGAN_HOST_SIDE
/* Defined by LAGAN_DRIVER in one file of each driver; hidden in the module. */
extern const struct lagan_host *lagan_host_table
#if defined(__GNUC__)
    __attribute__((visibility("hidden")))
#endif
    ;

/* True when the call should end: return LAGAN_CANCELLED then, also past the deadline. */
static inline int lagan_cancelled(struct lagan_op *op)
{
    return lagan_host_table->cancelled(op);
}

/* Describes an error and returns its class:
 *
 *     return lagan_fail(op, LAGAN_IO, errno, "cannot read the index: %s", reason);
 */
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

/* Writes a line to the host's log. */
LAGAN_PRINTF(3, 4)
static inline void lagan_log(struct lagan_op *op, uint32_t level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    lagan_host_table->log(op, level, format, arguments);
    va_end(arguments);
}

/* Counts bytes and items done since the last call. */
static inline void lagan_progress(struct lagan_op *op, uint64_t bytes, uint64_t items)
{
    lagan_host_table->progress(op, bytes, items);
}

/* Sleeps; non-zero when the call should end. */
static inline int lagan_sleep(struct lagan_op *op, int64_t ns)
{
    return lagan_host_table->sleep(op, ns);
}

/* Strong random bytes. */
static inline void lagan_random(void *data, size_t size)
{
    lagan_host_table->random(data, size);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
