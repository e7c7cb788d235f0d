/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention.h - which backups stay and which may go, each with the rule that says so.  Pure.
 *
 * Rules: `count` the last n; `time` until their own expiry (stamped when they were made);
 * permanent when neither is given.  Long-term counts (hourly to yearly) keep one backup of each
 * of the last n periods that have one, the latest or the first of it by `pick`; what any rule
 * keeps stays (their union).  Time and the counts exclude each other (RET-01, RET-02).  Pins,
 * the newest backup, the minimum age and locks are above all rules.
 *
 * Backups that are dated in the future stay, and count as newest of nothing: they take nobody's
 * place, so that forged dates push no good backup out.  Nor do those made by hand, failed ones
 * and pinned ones.  Of two of the same time the one with the greater id is the newer.
 */
#ifndef CORE_POLICY_RETENTION_H
#define CORE_POLICY_RETENTION_H

#include "base/timezone.h"

#include <stdbool.h>

enum retention_pick { RETENTION_LAST, RETENTION_FIRST };

/* X(member, name of the setting, the period) */
#define RETENTION_PERIODS(X)                                                                   \
    X(hourly, "keep-hourly", "hour")                                                           \
    X(daily, "keep-daily", "day")                                                              \
    X(weekly, "keep-weekly", "week")                                                           \
    X(monthly, "keep-monthly", "month")                                                        \
    X(yearly, "keep-yearly", "year")

enum { RETENTION_COUNT_MAX = 99999, RETENTION_PERIOD_MAX = 100, RETENTION_DAYS_MAX = 364635 };

/* `{0}` keeps everything for good. */
struct retention_rules {
    uint32_t count;          /* `keep-count`: the last n of each source; 0 = no such rule */
    int64_t time_ns;         /* `keep-time`; 0 = no such rule */
    int64_t calendar_months; /* of keep-time given in months or years: those are added by the
                                calendar, not as days; 0 = time_ns counts */
#define X(member, name, period) uint32_t member;
    RETENTION_PERIODS(X) /* 0 = no such rule */
#undef X
    enum retention_pick pick;
    int64_t least_ns; /* `keep-min`: never deleted younger than that */
    uint32_t
        failed; /* `keep-failed`: the last n failed runs, for 30 days at most; 0 = no rule */
};
/* 0, or RETENTION with the rule that is broken (ranges, and what excludes what). */
int retention_check(const struct retention_rules *rules, struct error *e);
/* Rules that may be, and still are worth a warning: true with the sentence. */
bool retention_warns(const struct retention_rules *rules, char *text, size_t size);
/* One line for people: "the last 7, the latest of each of 4 weeks". */
void retention_describe(const struct retention_rules *rules, char *text, size_t size);
/* When a backup made at `created_ns` may go by time; 0 = the rules have no time, INT64_MAX =
 * beyond what can be counted.  Months end with the day of the month, or the last one of a
 * shorter month; never earlier than that by any clock. */
int64_t retention_expiry(const struct retention_rules *rules, const struct timezone *zone,
                         int64_t created_ns);

/* What the rules look at.  All of one source in one vault. */
struct retention_backup {
    const char *id;
    int64_t created_ns;
    int64_t expire_ns; /* as stamped; 0 = none: holds whatever rules there are now (RET-10) */
    bool by_policy;    /* made by a policy (this or another one): RET-04 */
    bool failed;       /* in state error */
    bool replica_by_hand;
    const char *pinned;      /* why, or NULL (RET-06, RET-14, holds) */
    int64_t locked_until_ns; /* by the vault's lock; 0 = not */
    int64_t keep_ns;         /* somebody has put it off until then (RET-15); 0 = nobody has */
};

/* X(symbol, name, keeps, sentence) */
#define RETENTION_VERDICTS(X)                                                                  \
    X(PERMANENT, "permanent", 1, "its policy keeps everything")                                \
    X(MANUAL, "manual", 1, "it was made by hand")                                              \
    X(NO_RULE, "no-rule", 1, "no policy holds for it, and it has no time to go")               \
    X(PINNED, "pinned", 1, "something needs it")                                               \
    X(LOCKED, "locked", 1, "the vault is locked")                                              \
    X(EXTENDED, "extended", 1, "somebody has extended its time")                               \
    X(NEWEST, "newest", 1, "it is the newest of its source")                                   \
    X(YOUNG, "keep-min", 1, "it is younger than the minimum age")                              \
    X(COUNT, "keep-count", 1, "it is one of the last")                                         \
    X(TIME, "keep-time", 1, "its time has not come")                                           \
    X(HOURLY, "keep-hourly", 1, "it stands for its hour")                                      \
    X(DAILY, "keep-daily", 1, "it stands for its day")                                         \
    X(WEEKLY, "keep-weekly", 1, "it stands for its week")                                      \
    X(MONTHLY, "keep-monthly", 1, "it stands for its month")                                   \
    X(YEARLY, "keep-yearly", 1, "it stands for its year")                                      \
    X(CLOCK, "clock", 1, "the clock is in doubt, or it is dated in the future")                \
    X(EXPIRED, "expired", 0, "its time has come")                                              \
    X(NOT_KEPT, "not-kept", 0, "no rule keeps it")                                             \
    X(FAILED, "failed", 0, "it is one failed run too many")
enum retention_verdict {
#define X(symbol, name, keeps, sentence) RETENTION_##symbol,
    RETENTION_VERDICTS(X)
#undef X
};
const char *retention_verdict_name(enum retention_verdict verdict);
bool retention_verdict_keeps(enum retention_verdict verdict);

/* What was decided of one backup. */
struct retention_decision {
    enum retention_verdict verdict; /* the strongest of those that keep it, else why it goes */
    uint32_t all;                   /* a bit (1 << verdict) for every one that keeps it */
    uint32_t rank;                  /* of COUNT and the periods: which one of n, from 1 */
};

struct retention_question {
    const struct retention_rules *rules;    /* of the policy that holds now; NULL = none does */
    const struct timezone *zone;            /* whose days, weeks (ISO) and months */
    int64_t now_ns;                         /* that may be trusted: see base/trust.h */
    bool clock_doubtful;                    /* then nothing goes that time lets go */
    const struct retention_backup *backups; /* in any order */
    size_t count;
};
/* Decides on all of them; `decisions` has `count` places in the same order.  The same question
 * has the same answer.  n log n.  -1 only without memory. */
int retention_decide(const struct retention_question *question,
                     struct retention_decision *decisions, struct error *e);
/* One sentence on a decision, for `policy explain`. */
void retention_explain(const struct retention_rules *rules,
                       const struct retention_decision *decision,
                       const struct retention_backup *backup, char *text, size_t size);

/* RET-09: what a change of rules does to old backups: quantity to quantity applies to all;
 * quantity to time or permanent, and time to time, to new ones only; time to quantity to all.
 * RETENTION_ALL means that stamps made by the policy are to be taken away from its backups, so
 * that the counts alone decide; RETENTION_NEW_ONLY that stamps stay, and what has none gets
 * none. */
enum retention_effect { RETENTION_NEW_ONLY, RETENTION_ALL };
enum retention_effect retention_effect(const struct retention_rules *before,
                                       const struct retention_rules *after);

/* The brake: whether so many deletions at once, or so sudden a loss of size, are to be asked
 * about first: at least 10 and more than half of what there was a day ago; or a newest backup
 * with less than half of what those before had (1 MiB or 100 entries at least).  Members that
 * are 0 say nothing. */
struct retention_brake {
    uint64_t backups;        /* of the vault, or the source */
    uint64_t going;          /* that would go now */
    uint64_t went_lately;    /* within the last day */
    uint64_t came_lately;    /* made within the last day, still there or not */
    uint64_t newest_bytes;   /* of the newest backup of the source */
    uint64_t typical_bytes;  /* median of those before */
    uint64_t newest_entries; /* the same in entries */
    uint64_t typical_entries;
};
/* True with the reason. */
bool retention_brakes(const struct retention_brake *facts, char *reason, size_t size);

#endif
