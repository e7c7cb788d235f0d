/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - what a policy says: the table of its settings, and their meaning as one struct.
 * Pure but for loading the time zone.
 *
 * Command line, help, manual, completion and tests read POLICY_SETTINGS; there is no other
 * list.
 */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include "policy/retention.h"
#include "policy/schedule.h"

enum { POLICY_FOR_BACKUP = 1, POLICY_FOR_REPLICATION = 2, POLICY_FOR_BOTH = 3 };

/* X(symbol, name, kinds, placeholder, help) */
#define POLICY_SETTINGS(X)                                                                     \
    X(SCHEDULE, "schedule", POLICY_FOR_BOTH, "WHEN", "when it runs; without it by hand only")  \
    X(ZONE, "zone", POLICY_FOR_BOTH, "ZONE", "whose clock; the machine's own")                 \
    X(JITTER, "jitter", POLICY_FOR_BOTH, "TIME", "begin up to so much later, by chance; 0")    \
    X(WINDOW, "window", POLICY_FOR_BOTH, "TIME", "begin within it or not at all; no limit")    \
    X(CATCH_UP, "catch-up", POLICY_FOR_BOTH, "none|one", "what becomes of missed runs; none")  \
    X(AFTER, "after", POLICY_FOR_BOTH, "POLICY", "not before its run of the same time ended")  \
    X(TIMEOUT, "timeout", POLICY_FOR_BOTH, "TIME", "end a job that takes longer; no limit")    \
    X(FULL_EVERY, "full-every", POLICY_FOR_BACKUP, "N",                                        \
      "read everything anew every n runs, -1 to 100, at most once a day; -1 = never")          \
    X(KEEP_COUNT, "keep-count", POLICY_FOR_BOTH, "N", "keep the last n")                       \
    X(KEEP_TIME, "keep-time", POLICY_FOR_BOTH, "TIME", "keep so long, as 30d, 6mo, 1y")        \
    X(KEEP_HOURLY, "keep-hourly", POLICY_FOR_BOTH, "N", "and one of each of the last n hours") \
    X(KEEP_DAILY, "keep-daily", POLICY_FOR_BOTH, "N", "... days")                              \
    X(KEEP_WEEKLY, "keep-weekly", POLICY_FOR_BOTH, "N", "... weeks")                           \
    X(KEEP_MONTHLY, "keep-monthly", POLICY_FOR_BOTH, "N", "... months")                        \
    X(KEEP_YEARLY, "keep-yearly", POLICY_FOR_BOTH, "N", "... years")                           \
    X(KEEP_PICK, "keep-pick", POLICY_FOR_BOTH, "last|first",                                   \
      "which one stands for its hour, day, ...; last")                                         \
    X(KEEP_MIN, "keep-min", POLICY_FOR_BOTH, "TIME", "nothing goes younger than that; 0")      \
    X(KEEP_FAILED, "keep-failed", POLICY_FOR_BACKUP, "N", "failed runs to remember; 10")       \
    X(REPLICATE_TO, "replicate-to", POLICY_FOR_REPLICATION, "REGION",                          \
      "where the replicas go to")                                                              \
    X(REPLICATE_INTO, "replicate-into", POLICY_FOR_REPLICATION, "VAULT",                       \
      "the replication vault there; needed when there are several")                            \
    X(MIRROR_TO, "mirror-to", POLICY_FOR_BACKUP, "REGION",                                     \
      "its vaults get a mirror there (replication to another region)")                         \
    X(CONSISTENCY, "consistency", POLICY_FOR_BACKUP, "none|crash|app",                         \
      "what backups are to be; none")                                                          \
    X(BEFORE, "before", POLICY_FOR_BACKUP, "COMMAND", "run before each backup")                \
    X(AFTER_HOOK, "after-backup", POLICY_FOR_BACKUP, "COMMAND", "run when it has succeeded")   \
    X(FAILED, "failed", POLICY_FOR_BACKUP, "COMMAND", "run when it has failed")                \
    X(FINALLY, "finally", POLICY_FOR_BACKUP, "COMMAND", "run in any case, last")               \
    X(FREEZE, "freeze", POLICY_FOR_BACKUP, "COMMAND", "make the source hold still")            \
    X(THAW, "thaw", POLICY_FOR_BACKUP, "COMMAND", "let it go on; always run after a freeze")   \
    X(HOOK_TIMEOUT, "hook-timeout", POLICY_FOR_BACKUP, "TIME", "for each command; 60s")        \
    X(DRILL, "drill", POLICY_FOR_BACKUP, "TIME", "restore a sample every so often; 0 = never") \
    X(DRILL_SAMPLE, "drill-sample", POLICY_FOR_BACKUP, "PERCENT",                              \
      "of the entries, 1 to 100; 10")                                                          \
    X(NICE, "nice", POLICY_FOR_BOTH, "N", "priority of its jobs, 0 to 19; as configured")      \
    X(NOTIFY, "notify", POLICY_FOR_BOTH, "WAY[,WAY]", "whom to tell; all ways that fit")
enum policy_setting {
#define X(symbol, name, kinds, value, help) POLICY_SETTING_##symbol,
    POLICY_SETTINGS(X)
#undef X
        POLICY_SETTING_COUNT
};
const char *policy_setting_name(enum policy_setting setting);
/* -1 when there is none of that name. */
int policy_setting_find(const char *name);

enum policy_consistency {
    POLICY_CONSISTENCY_NONE,
    POLICY_CONSISTENCY_CRASH,
    POLICY_CONSISTENCY_APP
};
const char *policy_consistency_name(enum policy_consistency consistency);

/* Made by policy_parse; owned by whoever made it. */
struct policy {
    unsigned kind;                            /* POLICY_FOR_BACKUP or POLICY_FOR_REPLICATION */
    struct schedule *schedule;                /* NULL = by hand only */
    struct timezone *zone;                    /* never NULL */
    int64_t jitter_ns, window_ns, timeout_ns; /* 0 = none */
    bool catch_up;
    int full_every; /* -1 = never; 0 and 1 = each: see policy_full_due */
    struct retention_rules retention;
    enum policy_consistency consistency;
    int64_t hook_timeout_ns;
    int64_t drill_ns;
    unsigned drill_percent;
    int nice;                                /* -1 = as configured */
    const char *texts[POLICY_SETTING_COUNT]; /* as given; NULL = not */
    char **owned;                            /* what the texts point to */
};

struct policy_pair {
    const char *name, *value;
};
/*
 * What the settings of a policy of that kind say; defaults for what is not given.  `anchor_ns`:
 * as for schedule_parse.  POLICY_SETTING names the setting, its value and what would be right
 * (for names near a known one, that), or that it was given twice, or what it cannot be without
 * (freeze without thaw, a replication policy without replicate-to);
 * SCHEDULE, TIME_ZONE and RETENTION as their parsers say.
 */
int policy_parse(unsigned kind, const struct policy_pair *pairs, size_t count,
                 int64_t anchor_ns, struct policy **policy, struct error *e);
/* NULL is fine. */
void policy_free(struct policy *policy);
/* One setting alone, for messages at the place where it was typed. */
int policy_setting_check(unsigned kind, const char *name, const char *value, struct error *e);

/* CON-08: whether the next run reads everything anew: the first one, and the n-th since the
 * last full one, but not less than a day after that (`last_full_ns` is its slot; 0 = there was
 * none; 23 hours are a day, since the one on which summer time begins has no more).
 * `since_full`: runs that made backups since then, or ever (catalog_run_since_full).  The first
 * backup of a source is full in any case, whatever this says. */
bool policy_full_due(const struct policy *policy, uint64_t since_full, int64_t last_full_ns,
                     int64_t now_ns);

/* "30d", "90m", "1h30m", "0": into `*ns`; "6mo", "1y": into `*months`, apart, since they differ
 * in length (base/text.h knows no months).  POLICY_SETTING. */
int policy_span_parse(const char *text, int64_t *ns, int64_t *months, struct error *e);

#endif
