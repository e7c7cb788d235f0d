/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate.h - migrations, and how far each has come.  What a migration says stands in settings,
 * whose table and meaning are those of policy/migrate_rules.h.  Conventions: see catalog.h.
 *
 * The state of ten million objects stays small: there is a row for each unit of work that is
 * planned and not done (up to 1,000 objects of one stretch of the listing) and one for each
 * object that failed, but none for an object that was copied.
 */
#ifndef CORE_CATALOG_MIGRATE_H
#define CORE_CATALOG_MIGRATE_H

#include "catalog/catalog.h"

/* X(symbol, name) */
#define CATALOG_MIGRATION_STATES(X)                                                            \
    X(WAITING, "waiting") /* can be run, or run on */                                          \
    X(RUNNING, "running")                                                                      \
    X(SUCCESS, "success")                                                                      \
    X(PARTIAL, "partial") /* some objects failed */                                            \
    X(FAILED, "failed")                                                                        \
    X(CANCELLED, "cancelled")
enum catalog_migration_state {
#define X(symbol, name) CATALOG_MIGRATION_##symbol,
    CATALOG_MIGRATION_STATES(X)
#undef X
};
const char *catalog_migration_state_name(enum catalog_migration_state state);

/* What is counted: X(symbol, name of the column).  Those from COPIED on, units have too. */
#define CATALOG_MIGRATE_COUNTS(X)                                                              \
    X(LISTED, "listed")                                                                        \
    X(LISTED_BYTES, "listed_bytes")                                                            \
    X(DIFFERING, "differing") /* had to be copied */                                           \
    X(DIFFERING_BYTES, "differing_bytes")                                                      \
    X(LEFT_OUT, "left_out") /* what the destination has no kind of entry for */                \
    X(COPIED, "copied")                                                                        \
    X(COPIED_BYTES, "copied_bytes")                                                            \
    X(SAME, "same")                                                                            \
    X(KEPT, "kept") /* the rule for names that are taken left them alone */                    \
    X(FAILED, "failed")                                                                        \
    X(VANISHED, "vanished") /* were there when listed, and not any more */                     \
    X(LOST, "lost")         /* copied, but not with all their properties */
enum catalog_migrate_count {
#define X(symbol, name) CATALOG_MIGRATE_##symbol,
    CATALOG_MIGRATE_COUNTS(X)
#undef X
        CATALOG_MIGRATE_COUNT
};
struct catalog_migrate_counts {
    uint64_t of[CATALOG_MIGRATE_COUNT];
};
const char *catalog_migrate_count_name(enum catalog_migrate_count count);

struct catalog_migration {
    uint8_t id[CATALOG_ID_SIZE];
    char name[NAME_SIZE];
    uint8_t source[CATALOG_ID_SIZE];
    char source_name[NAME_SIZE];
    uint8_t target[CATALOG_ID_SIZE];
    char target_name[NAME_SIZE];
    enum catalog_migration_state state;
    struct catalog_pairs settings;
    int64_t created_ns, started_ns, ended_ns;
    char task[CATALOG_TASK_ID_SIZE]; /* of the last run; empty = none */
    struct error why;                /* of states FAILED and CANCELLED */
};
struct catalog_migration *catalog_migration_new(struct error *e);
void catalog_migration_free(struct catalog_migration *migration);
/* Fills in id and time; state WAITING.  NAME_TAKEN.  The name is checked by the caller. */
int catalog_migration_insert(struct catalog *c, struct catalog_migration *migration,
                             struct error *e);
/* By name or id (abbreviated).  One that RUNNING stands at, but whose task is over, is WAITING.
 * NO_MIGRATION, AMBIGUOUS. */
struct catalog_migration *catalog_migration_find(struct catalog *c, const char *text,
                                                 struct error *e);
/* By name. */
int catalog_migration_list(struct catalog *c,
                           int (*each)(void *context, const struct catalog_migration *migration,
                                       struct error *e),
                           void *context, struct error *e);
/* Makes it RUNNING for the task `task`, unless another task is at work on it: CONFLICT. */
int catalog_migration_claim(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                            const char *task, struct error *e);
/* Ends that: the state, and why (NULL = no reason). */
int catalog_migration_end(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                          enum catalog_migration_state state, const struct error *why,
                          struct error *e);
/* With all that is known of it. */
int catalog_migration_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             struct error *e);

/* One pass over the listings. */
struct catalog_migrate_pass {
    uint32_t number; /* from 1 */
    int64_t started_ns;
    int64_t ended_ns;        /* 0 = not over */
    struct buffer listed_to; /* key; what is after it has to be listed yet */
    bool is_listed;          /* to the end */
    uint32_t units, units_done;
    struct catalog_migrate_counts counts;
};
void catalog_migrate_pass_clear(struct catalog_migrate_pass *pass);
/* Begins the pass `number`. */
int catalog_migrate_pass_begin(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                               uint32_t number, struct error *e);
/* The last pass into `*pass` (cleared by the caller): 1, 0 there is none, -1. */
int catalog_migrate_pass_last(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              struct catalog_migrate_pass *pass, struct error *e);
/* Oldest first. */
int catalog_migrate_pass_list(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              int (*each)(void *context,
                                          const struct catalog_migrate_pass *pass,
                                          struct error *e),
                              void *context, struct error *e);
/* Ends it, and forgets failures of earlier passes: this one has met all that there is. */
int catalog_migrate_pass_end(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             uint32_t number, struct error *e);

/* A unit of work: what differs among the keys after `after` up to `last`. */
struct catalog_migrate_unit {
    uint32_t number;
    struct buffer after, last;
    struct buffer done; /* all up to it is done; empty = none */
    uint64_t files, bytes;
    struct catalog_migrate_counts counts; /* from COPIED on */
};
void catalog_migrate_unit_clear(struct catalog_migrate_unit *unit);
/* How far the listing of a pass has come, besides counters that its units have. */
struct catalog_migrate_listing {
    uint32_t pass;
    const void *listed_to;
    size_t listed_to_size;
    bool is_listed;
    struct catalog_migrate_counts counts; /* to be added: LISTED to LEFT_OUT, SAME, KEPT */
};
/* Records a unit (NULL = none was made) and how far the listing came with it, at once. */
int catalog_migrate_plan(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                         const struct catalog_migrate_listing *listing,
                         const struct catalog_migrate_unit *unit, struct error *e);
/* Stores how far a unit came: its `done` and counts.  Not synchronised to disk. */
int catalog_migrate_unit_note(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              const struct catalog_migrate_unit *unit, struct error *e);
/* A unit is done: its counts become those of the pass. */
int catalog_migrate_unit_end(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             uint32_t pass, const struct catalog_migrate_unit *unit,
                             struct error *e);
/* Those that are not done, by number; `each` may not change the catalog. */
int catalog_migrate_unit_list(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                              int (*each)(void *context,
                                          const struct catalog_migrate_unit *unit,
                                          struct error *e),
                              void *context, struct error *e);

/* An object that could not be copied. */
struct catalog_migrate_failure {
    const void *key; /* at the source */
    size_t key_size;
    uint32_t pass;
    uint32_t attempts;
    int64_t at_ns;
    uint64_t bytes;
    struct error why; /* class and text */
};
/* Records it; times and attempts are filled in. */
int catalog_migrate_fail(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                         const struct catalog_migrate_failure *failure, struct error *e);
/* It was copied after all, or is gone. */
int catalog_migrate_mend(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], const void *key,
                         size_t key_size, struct error *e);
int catalog_migrate_failures(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             uint64_t *count, struct error *e);
/* By key, from behind `after` on, at most `limit` (0 = all). */
int catalog_migrate_failure_list(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                 const void *after, size_t after_size, uint64_t limit,
                                 int (*each)(void *context,
                                             const struct catalog_migrate_failure *failure,
                                             struct error *e),
                                 void *context, struct error *e);

#endif
