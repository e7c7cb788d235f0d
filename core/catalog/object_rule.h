/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_rule.h - rules that replicate the objects of one source to another, and what is known
 * of each version of an object that they are for.
 *
 * What a rule says stands in named settings, whose table and meaning are those of
 * policy/object_rules.h; here they are texts.  A row of a version is made before anything is
 * copied and says PENDING until the copy is made: a process that dies leaves it so.  Versions
 * from before the rule have no row.  Conventions: see catalog.h.
 */
#ifndef CORE_CATALOG_OBJECT_RULE_H
#define CORE_CATALOG_OBJECT_RULE_H

#include "catalog/catalog.h"

enum { CATALOG_PLACE_SIZE = 1024, CATALOG_OBJECT_KEY = 1024, CATALOG_VERSION_SIZE = 1025 };

/* ---- rules ---- */

#define CATALOG_RULE_STATES(X)                                                                 \
    X(ENABLED, "enabled")                                                                      \
    X(DISABLED, "disabled")                                                                    \
    X(INVALID, "invalid") /* the destination keeps no versions any more; the reason says so */
enum catalog_rule_state {
#define X(symbol, name) CATALOG_RULE_##symbol,
    CATALOG_RULE_STATES(X)
#undef X
};
const char *catalog_rule_state_name(enum catalog_rule_state state);

struct catalog_object_rule {
    uint8_t id[CATALOG_ID_SIZE];
    char name[NAME_SIZE];
    uint8_t from[CATALOG_ID_SIZE], to[CATALOG_ID_SIZE];                /* sources */
    char from_place[CATALOG_PLACE_SIZE], to_place[CATALOG_PLACE_SIZE]; /* as they said once */
    enum catalog_rule_state state;
    char reason[CATALOG_TEXT_SIZE]; /* of INVALID */
    struct catalog_pairs settings;
    int64_t since_ns; /* what was made from then on is new */
    int64_t off_ns;   /* of DISABLED: what was made from then on may be missing; else 0 */
    int64_t created_ns, changed_ns;
    uint64_t revision;  /* from 1, one more with each change */
    int64_t next_ns;    /* when the runner looks again */
    int64_t started_ns; /* of the last pass ... */
    int64_t ended_ns;   /* ... 0 = never, or it goes on */
    int64_t seen_ns;    /* when the last listing began that came to its end; 0 = never */
    uint64_t copied, copied_bytes, marked; /* since it was made */
    int64_t run; /* number of the last pass; a process holds it while it lives */
    char task[CATALOG_TASK_ID_SIZE];
    bool running;     /* that process lives */
    struct error why; /* of the last pass; class OK = none */
};
struct catalog_object_rule *catalog_object_rule_new(struct error *e);
void catalog_object_rule_free(struct catalog_object_rule *rule);
/* Fills in id, times and revision; new is what is made from now on, unless since_ns is not 0.
 * NAME_INVALID, NAME_TAKEN, NO_SOURCE. */
int catalog_object_rule_insert(struct catalog *c, struct catalog_object_rule *rule,
                               struct error *e);
/* By name, or by id in hexadecimal (abbreviated, at least 4 digits).  NO_RULE, AMBIGUOUS. */
struct catalog_object_rule *catalog_object_rule_find(struct catalog *c, const char *text,
                                                     struct error *e);
struct catalog_object_rule *
catalog_object_rule_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e);
/* Stores name, places, state, reason, settings, since_ns, off_ns and next_ns; counts the
 * revision.  CONFLICT when somebody else has changed it since it was read. */
int catalog_object_rule_update(struct catalog *c, struct catalog_object_rule *rule,
                               struct error *e);
/* With all that is known of its copies, which stay where they are.  NO_RULE. */
int catalog_object_rule_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                               struct error *e);
/* All rules by name, or those from the source `from` (NULL = any); for who changes the catalog
 * while going through them. */
int catalog_object_rule_all(struct catalog *c, const uint8_t *from,
                            struct catalog_object_rule ***rules, size_t *count,
                            struct error *e);
void catalog_object_rule_all_free(struct catalog_object_rule **rules, size_t count);
/* The first enabled rule that is due at `now_ns` and that no living process works on: 1 and its
 * id, 0, -1. */
int catalog_object_rule_due(struct catalog *c, int64_t now_ns, const uint8_t *after,
                            uint8_t id[CATALOG_ID_SIZE], struct error *e);

/* ---- passes ---- */

/* This process works on the rule from now on: `rule` is read again, its run and task are this
 * pass.  RULE_RUNNING, NO_RULE. */
int catalog_object_rule_begin(struct catalog *c, struct catalog_object_rule *rule,
                              const char *task, struct error *e);
/* Whether the pass may go on: 1, 0 when the rule was switched off, changed or taken by another
 * process meanwhile, -1. */
int catalog_object_rule_goes_on(struct catalog *c, const struct catalog_object_rule *rule,
                                struct error *e);
/* The listing that began at `seen_ns` came to its end. */
int catalog_object_rule_seen(struct catalog *c, const struct catalog_object_rule *rule,
                             int64_t seen_ns, struct error *e);
/* The pass is over; `why` NULL = nothing went wrong; the next is due at `next_ns`. */
int catalog_object_rule_end(struct catalog *c, const struct catalog_object_rule *rule,
                            int64_t next_ns, const struct error *why, struct error *e);
/* The rule is INVALID from now on, for `reason`. */
int catalog_object_rule_invalidate(struct catalog *c, const struct catalog_object_rule *rule,
                                   const char *reason, struct error *e);

/* Times in which versions were made that may be missing at the destination. */
struct catalog_object_gap {
    int64_t from_ns, to_ns;
};
int catalog_object_gap_add(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                           const struct catalog_object_gap *gap, struct error *e);
/* Allocated, oldest first; the caller frees. */
int catalog_object_gap_all(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                           struct catalog_object_gap **gaps, size_t *count, struct error *e);
/* Those that begin at `from_ns` or later are filled. */
int catalog_object_gap_clear(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             int64_t from_ns, struct error *e);

/* ---- versions ---- */

/* X(symbol, name); append only, values are in the catalog. */
#define CATALOG_COPY_STATES(X)                                                                 \
    X(PENDING, "PENDING")                                                                      \
    X(COMPLETED, "COMPLETED")                                                                  \
    X(FAILED, "FAILED")                                                                        \
    X(SKIPPED, "SKIPPED")                                                                      \
    X(REPLICA, "REPLICA") /* of the destination's objects; no row has it */
enum catalog_copy_state {
#define X(symbol, name) CATALOG_COPY_##symbol,
    CATALOG_COPY_STATES(X)
#undef X
        CATALOG_COPY_STATE_COUNT
};
const char *catalog_copy_state_name(enum catalog_copy_state state);
/* In either case; -1 when there is none of that name. */
int catalog_copy_state_parse(const char *name);

/* A version of an object.  Large: allocate. */
struct catalog_object_copy {
    uint8_t object[CATALOG_OBJECT_KEY];
    size_t object_size;
    int64_t moment_ns; /* when it was made: versions of a key in this order, then by id */
    char version[CATALOG_VERSION_SIZE];
    enum catalog_copy_state state;
    bool marker; /* a delete marker */
    uint64_t bytes;
    int64_t turn_ns; /* the smallest is next */
    int64_t due_ns;  /* not before */
    int64_t queued_ns, done_ns;
    uint32_t attempts;
    bool superseded; /* of what was claimed: a later version is there already */
    char reason[32]; /* of SKIPPED: object_skip_name */
    char copy_version[CATALOG_VERSION_SIZE]; /* the copy's; "" = none */
    struct error why;                        /* of the last attempt; class OK = none */
};
/* By key, then age: negative, 0, positive. */
int catalog_object_copy_compare(const struct catalog_object_copy *a,
                                const struct catalog_object_copy *b);

/* Rows behind `after` (NULL = from the beginning) in that order, at most `room`, with what
 * names them and their state alone; `*count` of them. */
int catalog_object_copy_page(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             const struct catalog_object_copy *after,
                             struct catalog_object_copy *rows, size_t room, size_t *count,
                             struct error *e);
/* What becomes of rows that are there already. */
enum catalog_copy_again {
    CATALOG_COPY_NEW,   /* they stay as they are */
    CATALOG_COPY_AGAIN, /* those that are FAILED or SKIPPED are PENDING again */
    CATALOG_COPY_FORCE  /* COMPLETED ones, too */
};
/* Rows that were seen: PENDING or SKIPPED, with 1 attempt where a copy may be there that nobody
 * has recorded, else 0.  Fills in queued_ns.  `*added` (may be NULL) grows
 * by those that are new or changed. */
int catalog_object_copy_insert(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                               const struct catalog_object_copy *rows, size_t count,
                               enum catalog_copy_again again, uint64_t *added, struct error *e);
/* The version is gone at the source: its row goes.  1 when it was PENDING, 0, -1. */
int catalog_object_copy_forget(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                               const struct catalog_object_copy *row, struct error *e);
/* The next version of the pass `rule->run`, due at `now_ns`: of the oldest that waits of its
 * key.  1 and `*row` with one attempt more, 0 when there is none or the pass may not go on, -1.
 */
int catalog_object_copy_claim(struct catalog *c, const struct catalog_object_rule *rule,
                              int64_t now_ns, struct catalog_object_copy *row, struct error *e);
/* What became of it: state, due_ns, reason, copy_version and why are stored; a row that is gone
 * (the rule was switched off) is passed over. */
int catalog_object_copy_end(struct catalog *c, const struct catalog_object_rule *rule,
                            const struct catalog_object_copy *row, struct error *e);
/* What waits is not copied any more: the rows go.  `*count` (may be NULL), and the moment of
 * the oldest into `*oldest_ns` (may be NULL; 0 = none). */
int catalog_object_copy_cancel(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                               uint64_t *count, int64_t *oldest_ns, struct error *e);
/* What has failed waits again, as after its first attempt: all, or those of `key` (NULL = all).
 */
int catalog_object_copy_retry(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                              const void *key, size_t key_size, uint64_t *count,
                              struct error *e);
/* By key; `key` NULL = of all, `state` -1 = any, `limit` 0 = all. */
int catalog_object_copy_list(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             const void *key, size_t key_size, int state, uint64_t limit,
                             int (*each)(void *context, const struct catalog_object_copy *row,
                                         struct error *e),
                             void *context, struct error *e);

/* Whether a rule has made that version at the source `to`: 1, 0, -1. */
int catalog_object_is_copy(struct catalog *c, const uint8_t to[CATALOG_ID_SIZE],
                           const void *key, size_t key_size, const char *version,
                           struct error *e);
/*
 * The status of a version of an object of the source `source`, as inventories tell it: FAILED,
 * PENDING or COMPLETED by the rules from there, the first of these where several say something;
 * REPLICA where a rule has made it.  1 and `*state`, 0 when no rule is for it, -1.  `version`
 * "" = the newest that is known.
 */
int catalog_object_status(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                          const void *key, size_t key_size, const char *version,
                          enum catalog_copy_state *state, struct error *e);

/* ---- figures ---- */

struct catalog_rule_figures {
    uint64_t pending, pending_bytes;
    int64_t oldest_ns; /* when the oldest that waits was made; 0 = none waits */
    uint64_t failed, failed_bytes;
};
int catalog_object_rule_figures(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                                struct catalog_rule_figures *figures, struct error *e);
/* How many versions of the last whole listing were left out for a reason that leaves no row. */
int catalog_object_skip_set(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                            const char *reason, uint64_t count, struct error *e);
/* All reasons with what they count, rows and listing together, by name. */
int catalog_object_skip_list(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             int (*each)(void *context, const char *reason, uint64_t count,
                                         struct error *e),
                             void *context, struct error *e);

#endif
