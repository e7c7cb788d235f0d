/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - the runs of policies, and the jobs that they are made of.
 *
 * A run is one slot of a policy's schedule, or one run by hand; each slot has one row at most,
 * whoever decides on it.  Its jobs - one for each source, or each vault - are made in the same
 * transaction.  Upkeep (pruning, verifying, expiry, ...) is a job without a run that comes
 * again.
 *
 * A process works on a job under a lease that ends with the process (pid, boot, start time).
 * Who has lost it learns so from the next call (LEASE_LOST) and has no further effect.  A job
 * of a dead process waits again while its window lasts and attempts are left; a run ends with
 * its last job.
 */
#ifndef CORE_CATALOG_RUN_H
#define CORE_CATALOG_RUN_H

#include "catalog/policy.h"

/* Why there is a run. */
#define CATALOG_TRIGGERS(X)                                                                    \
    X(MANUAL, "manual")                                                                        \
    X(SCHEDULE, "schedule")                                                                    \
    X(CATCH_UP, "catch-up") /* a missed slot is made up for */                                 \
    X(AFTER, "after")       /* another policy's run has ended */
enum catalog_trigger {
#define X(symbol, name) CATALOG_TRIGGER_##symbol,
    CATALOG_TRIGGERS(X)
#undef X
};
/* X(symbol, name, over) */
#define CATALOG_RUN_STATES(X)                                                                  \
    X(WAITING, "waiting", 0)                                                                   \
    X(RUNNING, "running", 0)                                                                   \
    X(SUCCESS, "success", 1)                                                                   \
    X(PARTIAL, "partial", 1) /* some jobs failed or were skipped, or some entries were */      \
    X(FAILED, "failed", 1)                                                                     \
    X(SKIPPED, "skipped", 1) /* the reason says why */                                         \
    X(MISSED, "missed", 1)   /* nobody was there when it was due */                            \
    X(TIMEOUT, "timeout", 1)                                                                   \
    X(CANCELLED, "cancelled", 1)
enum catalog_run_state {
#define X(symbol, name, over) CATALOG_RUN_##symbol,
    CATALOG_RUN_STATES(X)
#undef X
};
/* X(symbol, name, whether it is upkeep) */
#define CATALOG_JOB_OPERATIONS(X)                                                              \
    X(BACKUP, "backup", 0)       /* of a source into a vault */                                \
    X(REPLICATE, "replicate", 0) /* ask for the replicas of a vault */                         \
    X(EXPIRE, "expire", 1)       /* of a vault: let go what the rules let go */                \
    X(PRUNE, "prune", 1)         /* of a vault */                                              \
    X(VERIFY, "verify", 1)       /* of a vault: its part of the rotation */                    \
    X(DRILL, "drill", 1)         /* of a vault */                                              \
    X(TIDY, "tidy", 1)           /* of the whole: keys, samples, trials, purges, history */
enum catalog_job_operation {
#define X(symbol, name, upkeep) CATALOG_JOB_##symbol,
    CATALOG_JOB_OPERATIONS(X)
#undef X
};
const char *catalog_trigger_name(enum catalog_trigger trigger);
int catalog_trigger_parse(const char *name);
const char *catalog_run_state_name(enum catalog_run_state state);
int catalog_run_state_parse(const char *name);
bool catalog_run_state_is_over(enum catalog_run_state state);
const char *catalog_job_operation_name(enum catalog_job_operation operation);

struct catalog_run {
    int64_t id;
    uint8_t policy[CATALOG_ID_SIZE];
    char policy_name[NAME_SIZE];
    enum catalog_trigger trigger;
    int64_t slot_ns; /* MANUAL: when it was asked for */
    uint64_t slots;  /* MISSED: that came due, from slot_ns on; else 1 */
    enum catalog_run_state state;
    char reason[CATALOG_TEXT_SIZE];
    bool full;
    int64_t created_ns;
    int64_t ended_ns; /* 0 = not yet */
};

struct catalog_job {
    int64_t id;
    int64_t run; /* 0 = upkeep */
    enum catalog_job_operation operation;
    uint8_t vault[CATALOG_ID_SIZE];  /* all zero = none */
    uint8_t source[CATALOG_ID_SIZE]; /* all zero = none */
    enum catalog_run_state state;    /* MISSED is none of a job's */
    int64_t due_ns;                  /* not before; jitter is in it */
    int64_t until_ns;                /* not to be begun after it; 0 = any time */
    uint64_t attempts;
    int64_t token;
    char task[CATALOG_TASK_ID_SIZE];
    char backup[CATALOG_SEAL_ID_SIZE]; /* that was made; empty = none */
    int64_t started_ns, ended_ns;
    int64_t done_ns;  /* upkeep: when it last succeeded; 0 = never */
    struct error why; /* of the last attempt; class OK = none */
};

/*
 * Records a run with its jobs (whose `run` is filled in; none for runs that are over at once):
 * 1, or 0 when its slot has a row already, which is left as it is.  Fills in ids, and
 * created_ns.  Jobs wait, or are over already with a reason in `why` (a source that cannot be
 * backed up now: SKIPPED); a run whose jobs are all over ends at once.  A run without jobs that
 * is not over is FAILED at once, "nothing to do".
 */
int catalog_run_insert(struct catalog *c, struct catalog_run *run, struct catalog_job *jobs,
                       size_t job_count, struct error *e);
/* Class NOT_FOUND. */
int catalog_run_get(struct catalog *c, int64_t id, struct catalog_run *run, struct error *e);
/* The run of a policy's slot: 1, 0 none, -1.  Rows of MISSED stand for all their slots. */
int catalog_run_of_slot(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                        int64_t slot_ns, struct catalog_run *run, struct error *e);
/* The first run of a policy, none by hand, whose slot is `from_ns` or later: 1, 0, -1. */
int catalog_run_from_slot(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                          int64_t from_ns, struct catalog_run *run, struct error *e);
/* The newest run of a policy that is not over: 1, 0, -1. */
int catalog_run_open(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                     struct catalog_run *run, struct error *e);
/* The newest run of a policy that has jobs: 1, 0, -1. */
int catalog_run_latest(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                       struct catalog_run *run, struct error *e);
/* The number of runs of a policy that made backups since the last full one: for full every n.
 * `*full_ns` (may be NULL) is the slot of that one; without any, 0, and the count is that of
 * all.
 */
int catalog_run_since_full(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                           uint64_t *count, int64_t *full_ns, struct error *e);
/* Newest first; `policy` NULL = of all, `state` -1 = any, `limit` 0 = all. */
int catalog_run_list(struct catalog *c, const uint8_t *policy, int state, uint64_t limit,
                     int (*each)(void *context, const struct catalog_run *run, struct error *e),
                     void *context, struct error *e);
/* Ends the waiting jobs of a run; those at work are asked to end (through their tasks). */
int catalog_run_cancel(struct catalog *c, int64_t id, const char *reason, struct error *e);
/* Rows of MISSED, and of SKIPPED, whose slots lie after `ns` go: the clock was set back, and
 * what was not run is decided anew.  `*count` (may be NULL). */
int catalog_run_forget_after(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                             int64_t ns, uint64_t *count, struct error *e);
/* A row of MISSED stands for so many slots only: the clock was set back into them.  Others stay
 * as they are. */
int catalog_run_shorten(struct catalog *c, int64_t id, uint64_t slots, struct error *e);
/* Runs that ended before `before_ns` go, with their jobs; what stays of each policy are the
 * newest, and the last full one with up to 100 behind it, which are still counted.  `*count`
 * (may be NULL) runs. */
int catalog_run_clear(struct catalog *c, int64_t before_ns, uint64_t *count, struct error *e);
/* RET-07: of the runs of a policy that failed the newest `keep` stay, and the newest of all. */
int catalog_run_clear_failed(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                             uint64_t keep, uint64_t *count, struct error *e);

/* Makes upkeep known: a job that waits, due at `due_ns`; one that is there already stays as it
 * is.  `vault` NULL = none. */
int catalog_job_upkeep(struct catalog *c, enum catalog_job_operation operation,
                       const uint8_t *vault, int64_t due_ns, struct error *e);
/* Class NOT_FOUND. */
int catalog_job_get(struct catalog *c, int64_t id, struct catalog_job *job, struct error *e);
/* By id; `run` -1 = of all, 0 = upkeep; `state` -1 = any. */
int catalog_job_list(struct catalog *c, int64_t run, int state,
                     int (*each)(void *context, const struct catalog_job *job, struct error *e),
                     void *context, struct error *e);
/* The next job that waits, is due at `now_ns` within its window, and could be claimed: 1, 0,
 * -1.  It is not claimed. */
int catalog_job_next(struct catalog *c, int64_t now_ns, struct catalog_job *job,
                     struct error *e);
/* When the next waiting job is due whose source is not busy: 1 and `*due_ns`, 0 when there is
 * none. */
int catalog_job_next_due(struct catalog *c, int64_t *due_ns, struct error *e);
/* This process works on the job from now on: 1 and the job (state RUNNING, token, one attempt
 * more), or 0 when it does not wait any more or its window is over.  Two jobs on one source
 * never run at a time, nor two of one operation of upkeep on one vault.  That it is due is not
 * asked: who runs a policy by hand does not wait. */
int catalog_job_claim(struct catalog *c, int64_t id, struct catalog_job *job, struct error *e);
/* Notes the task that does the work, and the backup once it is known.  LEASE_LOST. */
int catalog_job_note(struct catalog *c, const struct catalog_job *job, struct error *e);
/*
 * Ends the job with `state` and `why` (NULL for success), and its run with the last one.
 * Upkeep waits again, due at `again_ns`; its done_ns is now when `state` is SUCCESS.
 * LEASE_LOST. May stand in a transaction with the job's effect (a backup's row), so that a job
 * has exactly one outcome.
 */
int catalog_job_end(struct catalog *c, struct catalog_job *job, enum catalog_run_state state,
                    const struct error *why, int64_t again_ns, struct error *e);
/* The attempt failed and is made again at `due_ns`.  LEASE_LOST. */
int catalog_job_again(struct catalog *c, const struct catalog_job *job, const struct error *why,
                      int64_t due_ns, struct error *e);
/* Jobs whose process is gone wait again, due at once, or end as FAILED ("interrupted") when
 * `attempt_limit` (0 = none) is reached or their window is over; upkeep then waits for an hour.
 * Jobs that wait beyond their window end as SKIPPED ("window over"), or as FAILED with the last
 * error when they were begun.  A job of a dead process whose backup is in the catalog (by task)
 * ends as SUCCESS or PARTIAL as that did.  `*count` (may be NULL) changes. */
int catalog_job_reap(struct catalog *c, int64_t now_ns, uint64_t attempt_limit, uint64_t *count,
                     struct error *e);

#endif
