/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - batch jobs: what people have asked for, the state of each, and who works on it.
 *
 * What the settings mean stands in policy/batch_rules.h; here they are texts.  Which rows of
 * its manifest a job has done is not in the catalog but in the job's own folder
 * (engine/batch_rows.h).  Conventions: see catalog.h.
 */
#ifndef CORE_CATALOG_BATCH_H
#define CORE_CATALOG_BATCH_H

#include "base/process.h"
#include "catalog/catalog.h"

/*
 * The states of a batch job (BAT-15): X(symbol, name, final, states that may follow as a set of
 * CATALOG_BATCH_BIT).  SUSPENDED waits for a confirmation and is not entered again after it;
 * PAUSED is entered because somebody asked for it (`held`) or because a job of higher priority
 * runs.
 */
#define CATALOG_BATCH_BIT(symbol) (1u << CATALOG_BATCH_##symbol)
#define CATALOG_BATCH_STATES(X)                                                                \
    X(NEW, "New", 0,                                                                           \
      CATALOG_BATCH_BIT(PREPARING) | CATALOG_BATCH_BIT(CANCELLING) |                           \
          CATALOG_BATCH_BIT(FAILING))                                                          \
    X(PREPARING, "Preparing", 0,                                                               \
      CATALOG_BATCH_BIT(SUSPENDED) | CATALOG_BATCH_BIT(READY) |                                \
          CATALOG_BATCH_BIT(CANCELLING) | CATALOG_BATCH_BIT(FAILING))                          \
    X(SUSPENDED, "Suspended", 0, CATALOG_BATCH_BIT(READY) | CATALOG_BATCH_BIT(CANCELLING))     \
    X(READY, "Ready", 0,                                                                       \
      CATALOG_BATCH_BIT(ACTIVE) | CATALOG_BATCH_BIT(PAUSING) | CATALOG_BATCH_BIT(CANCELLING) | \
          CATALOG_BATCH_BIT(FAILING))                                                          \
    X(ACTIVE, "Active", 0,                                                                     \
      CATALOG_BATCH_BIT(PAUSING) | CATALOG_BATCH_BIT(COMPLETE) |                               \
          CATALOG_BATCH_BIT(CANCELLING) | CATALOG_BATCH_BIT(FAILING))                          \
    X(PAUSING, "Pausing", 0,                                                                   \
      CATALOG_BATCH_BIT(PAUSED) | CATALOG_BATCH_BIT(COMPLETE) |                                \
          CATALOG_BATCH_BIT(CANCELLING) | CATALOG_BATCH_BIT(FAILING))                          \
    X(PAUSED, "Paused", 0, CATALOG_BATCH_BIT(ACTIVE) | CATALOG_BATCH_BIT(CANCELLING))          \
    X(COMPLETE, "Complete", 1, 0u)                                                             \
    X(CANCELLING, "Cancelling", 0, CATALOG_BATCH_BIT(CANCELLED) | CATALOG_BATCH_BIT(FAILING))  \
    X(CANCELLED, "Cancelled", 1, 0u)                                                           \
    X(FAILING, "Failing", 0, CATALOG_BATCH_BIT(FAILED))                                        \
    X(FAILED, "Failed", 1, 0u)
enum catalog_batch_state {
#define X(symbol, name, final, next) CATALOG_BATCH_##symbol,
    CATALOG_BATCH_STATES(X)
#undef X
        CATALOG_BATCH_STATE_COUNT
};
const char *catalog_batch_state_name(enum catalog_batch_state state);
/* In any case of letters; -1 when there is none of that name. */
int catalog_batch_state_parse(const char *name);
bool catalog_batch_state_is_final(enum catalog_batch_state state);
bool catalog_batch_may_follow(enum catalog_batch_state from, enum catalog_batch_state to);

/* What the process at work is asked to do at the next object's boundary. */
#define CATALOG_BATCH_WISHES(X)                                                                \
    X(NONE, "none")                                                                            \
    X(PAUSE, "pause")                                                                          \
    X(YIELD, "yield") /* a job of higher priority waits */                                     \
    X(CANCEL, "cancel")
enum catalog_batch_wish {
#define X(symbol, name) CATALOG_BATCH_WISH_##symbol,
    CATALOG_BATCH_WISHES(X)
#undef X
};

enum { CATALOG_BATCH_TOKEN_SIZE = 65 };

struct catalog_batch {
    uint8_t id[CATALOG_ID_SIZE];
    char token[CATALOG_BATCH_TOKEN_SIZE]; /* of whoever made it; "" = none */
    uint8_t origin[CATALOG_ID_SIZE]; /* the job whose rows it goes on with; all zero = none */
    uint8_t source[CATALOG_ID_SIZE];
    char source_name[NAME_SIZE];
    uint8_t target[CATALOG_ID_SIZE];
    char target_name[NAME_SIZE];
    enum catalog_batch_state state;
    enum catalog_batch_wish wish;
    bool held; /* PAUSED until somebody resumes it */
    int32_t priority;
    bool confirm; /* it has to be confirmed */
    int64_t confirmed_ns;
    uint8_t manifest_hash[CATALOG_HASH_SIZE];
    uint64_t total, total_bytes;         /* of all rows; 0 = not known yet */
    uint64_t succeeded, failed, skipped; /* rows so far */
    uint64_t bytes;                      /* copied so far */
    int64_t created_ns, started_ns, ended_ns;
    char report[1024]; /* where it was written to at the end; "" = only in the job's folder */
    char task[CATALOG_TASK_ID_SIZE];
    struct process_mark owner; /* who works on it; pid 0 = nobody */
    struct error why;          /* of FAILING and FAILED */
    struct catalog_pairs settings;
};
struct catalog_batch *catalog_batch_new(struct error *e);
void catalog_batch_free(struct catalog_batch *job);
/* Fills in id and time; state NEW.  BATCH_LIMIT when `most` jobs are not over; BATCH_TOKEN when
 * the token is taken. */
int catalog_batch_insert(struct catalog *c, struct catalog_batch *job, uint64_t most,
                         struct error *e);
/* By token, or by id in hexadecimal (abbreviated, at least 4 digits).  NO_BATCH, AMBIGUOUS. */
struct catalog_batch *catalog_batch_find(struct catalog *c, const char *text, struct error *e);
struct catalog_batch *catalog_batch_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                        struct error *e);
/* NULL with `e` untouched when there is none. */
struct catalog_batch *catalog_batch_of_token(struct catalog *c, const char *token,
                                             struct error *e);
/* Newest first: those made since `since_ns` and those that are not over. */
int catalog_batch_list(struct catalog *c, int64_t since_ns,
                       int (*each)(void *context, const struct catalog_batch *job,
                                   struct error *e),
                       void *context, struct error *e);
/* Whether a process that lives works on it. */
bool catalog_batch_is_owned(const struct catalog_batch *job);

/* Moves the job from the state that `job` has to `to`, and stores its counts, its task and
 * `why` (NULL = none).  BATCH_STATE when that may not follow, or when the state is another one
 * by now. */
int catalog_batch_move(struct catalog *c, struct catalog_batch *job,
                       enum catalog_batch_state to, const struct error *why, struct error *e);
/* Stores counts and report of a job; meant for once a second. */
int catalog_batch_note(struct catalog *c, const struct catalog_batch *job, struct error *e);
/* Stores wish, held, priority, confirmed_ns. */
int catalog_batch_ask(struct catalog *c, const struct catalog_batch *job, struct error *e);
/* What is asked of the job now. */
int catalog_batch_wish(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                       enum catalog_batch_wish *wish, struct error *e);
/* What was asked (PAUSE, YIELD) was done. */
int catalog_batch_heeded(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e);
/*
 * This process works on the job from now on: 1 and `*job` as it is, or 0 (`*job` too) when it
 * is over, waits for people, somebody works on it, or it would copy while another one copies
 * (BAT-17: one at a time).  When that one has a lower priority it is asked to yield.  A job
 * that its process left as PAUSING is PAUSED first.
 */
int catalog_batch_claim(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                        struct catalog_batch **job, struct error *e);
/* Nobody works on it any more. */
int catalog_batch_release(struct catalog *c, struct catalog_batch *job, struct error *e);
/* The job to be worked on next: what ends or is new first, then by priority, then the oldest; 1
 * and its id, 0, -1. */
int catalog_batch_next(struct catalog *c, uint8_t id[CATALOG_ID_SIZE], struct error *e);
/* Forgets a job. */
int catalog_batch_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e);

#endif
