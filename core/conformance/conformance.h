/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conformance.h - runs the conformance suite against a driver: what <lagan/driver.h> and the
 * header of its kind promise, one case per promise.
 *
 * This process never loads the module.  Each case runs in a child of its own, with a time
 * limit, and sends its verdict back: a driver that crashes, hangs or writes into the terminal
 * fails the case and harms nobody.
 */
#ifndef CORE_CONFORMANCE_CONFORMANCE_H
#define CORE_CONFORMANCE_CONFORMANCE_H

#include "driver/host.h"

/* Groups of cases, in the order in which they run: X(symbol, name, meaning). */
#define CHECK_GROUPS(X)                                                                        \
    X(CORE, "core", "what every driver of the kind must do")                                   \
    X(CAPABILITY, "capability", "what the driver has beyond that, as it says itself")          \
    X(CONCURRENCY, "concurrency", "several threads, handles and processes at a time")          \
    X(CRASH, "crash", "processes that are killed, and what they leave behind")                 \
    X(SOAK, "soak", "many rounds of everything, with memory and descriptors watched")

enum check_group {
#define X(symbol, name, meaning) CHECK_##symbol,
    CHECK_GROUPS(X)
#undef X
        CHECK_GROUP_COUNT
};

/* What is asked for.  All texts last as long as the run. */
struct check_request {
    struct driver_host *host;
    const char *module;       /* "tgt_dir" */
    const char *const *words; /* "key=value" or a bare word */
    size_t word_count;
    unsigned groups;         /* 1 << enum check_group; 0 = all */
    const char *const *only; /* patterns of names (fnmatch); none = all */
    size_t only_count;
    const char *const *except; /* patterns of names to leave out */
    size_t except_count;
    bool safe;           /* a store that is in use: see conformance_run */
    uint64_t seed;       /* of all that is random; 0 = made up and told */
    unsigned rounds;     /* of crash and soak cases, 0 = few: about a second for each */
    unsigned patience_s; /* how long one call may take; 0 = 20 seconds */
};

/* How a case ended. */
enum check_outcome {
    CHECK_PASSED,
    CHECK_FAILED,
    CHECK_SKIPPED,   /* `came` says why */
    CHECK_DEVIATED,  /* failed, and the file of deviations says so */
    CHECK_UNEXPECTED /* passed, though declared to fail: counts as failed */
};

/* A case and its end.  Texts are valid during the call. */
struct check_result {
    size_t number; /* from 1 */
    const char *name;
    enum check_group group;
    enum check_outcome outcome;
    const char *asked;  /* the call that was made last; "" = none */
    const char *came;   /* what is wrong with what came, or why it was skipped */
    const char *look;   /* where it is written how it should be: "target.h, put" */
    const char *reason; /* of the declared deviation; "" = none */
    const char *output; /* what the driver wrote to standard output and error; "" = nothing */
    const char *notes;  /* lines that the case gave, each ended by a newline; "" = none */
    double seconds;
};

/* Receives what happens; -1 ends the run with the error it has set. */
struct check_listener {
    void *context;
    /* Before the first case: how many there will be. */
    int (*begin)(void *context, size_t count, uint64_t seed, struct error *e);
    int (*result)(void *context, const struct check_result *result, struct error *e);
};

struct check_summary {
    size_t passed, failed, skipped, deviated;
};

/*
 * Runs the suite.  0 when it ran to its end, whatever came out: see `summary`.  -1 when it
 * could not run: no such driver, a module that is refused, parameters that do not fit, a place
 * that is not empty, a file of deviations that names no case.
 *
 * Without `safe` the place that the words name must be empty, and is made when it is absent.
 * With it only the cases that are safe beside other users run, the others are reported as
 * skipped; all that they write has keys below a prefix of its own, and is removed at the end.
 *
 * Forks: call while there is one thread only.
 */
int conformance_run(const struct check_request *request, const struct check_listener *listener,
                    struct check_summary *summary, struct error *e);

/* What a case is, for lists. */
struct check_description {
    const char *name;
    const char *kind; /* "target", ..., or "all" */
    enum check_group group;
    bool safe;
    const char *meaning;
};
size_t conformance_count(void);
struct check_description conformance_describe(size_t index);

/* "core", ...; and back: -1 when there is none of that name. */
const char *check_group_name(enum check_group group);
int check_group_of(const char *name);

#endif
