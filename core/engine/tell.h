/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell.h - what people are told: notices by command, mail and webhook, a ping when all is well,
 * metrics.  A notice is a row of the catalog until each way that wants it has taken it.
 */
#ifndef CORE_ENGINE_TELL_H
#define CORE_ENGINE_TELL_H

#include "engine/setup.h"

/* X(symbol, name, severity, what has happened) */
#define TELL_EVENTS(X)                                                                         \
    X(BACKUP_DONE, "backup-done", "info", "a run of a policy has succeeded")                   \
    X(BACKUP_PARTIAL, "backup-partial", "warning", "a run has left something out")             \
    X(BACKUP_FAILED, "backup-failed", "error", "a run has failed")                             \
    X(RUN_SKIPPED, "run-skipped", "warning", "a run was skipped: the one before is not over")  \
    X(RUN_MISSED, "run-missed", "warning", "runs were missed: nobody was there")               \
    X(EXPIRY_BRAKED, "expiry-braked", "error", "expiry was stopped: too much would go")        \
    X(CLOCK_DOUBTFUL, "clock-doubtful", "error", "the clock was set: deletions wait")          \
    X(MIRROR_BRAKED, "mirror-braked", "error", "deletions on a mirror wait")                   \
    X(MIRROR_LAGS, "mirror-lags", "warning", "a mirror lags by more than its limit")           \
    X(MIRROR_ERROR, "mirror-error", "error", "a mirror is in error")                           \
    X(GIVEN_UP, "given-up", "error", "work for another region was given up")                   \
    X(VERIFY_DAMAGE, "verify-damage", "error", "something stored is damaged")                  \
    X(DRILL_DIFFERS, "drill-differs", "error", "a restore drill has failed")                   \
    X(KEY_GONE, "key-gone", "error", "a vault cannot be opened any more")                      \
    X(QUOTA_NEAR, "quota-near", "warning", "a vault is nearly full")                           \
    X(TRIAL_ENDS, "trial-ends", "warning", "a trial ends soon")                                \
    X(SUMMARY, "summary", "info", "what was done, once a day")                                 \
    X(HOOK_FAILED, "hook-failed", "warning", "a hook failed; the backup is made all the same")
enum tell_event {
#define X(symbol, name, severity, text) TELL_##symbol,
    TELL_EVENTS(X)
#undef X
        TELL_EVENT_COUNT
};
const char *tell_event_name(enum tell_event event);
/* "info", "warning" or "error". */
const char *tell_event_severity(enum tell_event event);

struct tell_notice {
    enum tell_event event;
    const char *subject; /* one line: what it is about */
    const char *body;    /* lines; may be NULL */
    const char *ways;    /* "a,b": only these; NULL = all that want it */
};
/* Records the notice for each way of the configuration that wants it.  Control characters in
 * its texts are made visible.  May stand in a transaction. */
int tell(struct setup *s, const struct tell_notice *notice, struct error *e);
/*
 * Sends what is due; what fails is tried again with growing gaps for a day, then dropped with a
 * line in the log.  `*sent` and `*failed` may be NULL.  -1 when the catalog could not be used,
 * not when a way failed.  Takes as long as the ways take (their `timeout`), once for each way
 * that is away; ends early when operation_cancel_all is called.  Outside transactions.  Several
 * processes share the work; one that dies while it tells lets another tell it again.
 */
int tell_send(struct setup *s, uint64_t *sent, uint64_t *failed, struct error *e);
/* Tells a notice of a test by that way at once, past the catalog. */
int tell_try(struct setup *s, const struct config_notify *way, struct error *e);
/* Calls the ping URL of the configuration, if there is one: `why` NULL = all is well; else the
 * URL with "/fail" behind its path.  At most 30 s. */
int tell_ping(struct setup *s, const char *why, struct error *e);
/* Appends what was done since `since_ns`, what failed, what is behind, as lines for people. */
int tell_summary(struct setup *s, int64_t since_ns, struct buffer *out, struct error *e);
/* Records the event SUMMARY with the summary since `since_ns`. */
int tell_daily(struct setup *s, int64_t since_ns, struct error *e);
/* Appends the metrics in the text format of Prometheus, version 0.0.4: names lagan_*, whose
 * table is in tell_metrics.c.  Any thread. */
int tell_metrics(struct setup *s, struct buffer *out, struct error *e);
/* Writes them to the file of the configuration, if there is one, atomically. */
int tell_metrics_file(struct setup *s, struct error *e);

#endif
