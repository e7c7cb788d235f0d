/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror_fixture.h - what tests of the worker share: a setup with three regions on stores that
 * fail on demand or on folders, vaults with small backups, mirrors, and a clock of its own.
 */
#ifndef TESTS_UNIT_MIRROR_FIXTURE_H
#define TESTS_UNIT_MIRROR_FIXTURE_H

#include "catalog/usage.h"
#include "engine/compare.h"
#include "mirror/create.h"
#include "mirror/worker.h"

enum { WORLD_NEWS = 600, WORLD_REGIONS = 3 };
enum world_region { EAST, WEST, NORTH };

/* What fails in a region; `at` 0 = nothing.  As tgt_fault has it. */
struct world_fault {
    const char *verb;
    unsigned at;
    uint32_t error_class;
    bool after, always;
};

struct world {
    char *scratch;
    const char *driver; /* of all regions: "tgt_fault", or "tgt_dir" */
    unsigned number;    /* names the stores and the folder of the state */
    struct world_fault faults[WORLD_REGIONS];
    char *mirror; /* what the configuration's section says; allocated */
    char *limits; /* likewise */
    struct setup *setup;
    uint8_t recovery[32]; /* of the last vault made */

    /* Of the last world_work. */
    int (*each_news)(struct world *w, const struct work_news *news); /* NULL = nothing */
    int64_t lease_ns;                                                /* 0 = default */
    struct {
        enum work_news_kind kind;
        enum catalog_class class;
        char vault[CATALOG_TEXT_SIZE];
        char subject[CATALOG_SUBJECT_SIZE];
    } news[WORLD_NEWS]; /* STARTED, DONE and SKIPPED of items */
    size_t news_count;
};

/* A setup without vaults: no delays, ten deletions a day. */
void world_make(struct world *w, const char *driver);
void world_drop(struct world *w);
/* Closes the setup, if it is open; opens it with what faults, mirror and limits say now. */
void world_close(struct world *w);
void world_open(struct world *w);
/* Opens a closed setup as it is: what further processes do. */
void world_join(struct world *w);
void world_set(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes `w` a copy of `from`, which is closed: catalog and stores (of tgt_fault) of its own.
 * `copy` shares the folder. */
void world_copy(struct world *copy, const struct world *from, unsigned number);

/* The clock stands still but for these. */
void world_wait(int64_t seconds);
int64_t world_now_ns(void);

/* In region east. */
void world_vault(struct world *w, const char *name);
void world_backup(struct world *w, const char *vault, char id[CATALOG_SEAL_ID_SIZE]);
/* `count` backups more, each with a seal of its own and the packs of the newest. */
void world_backups(struct world *w, const char *vault, unsigned count);
void world_delete(struct world *w, const char *vault, const char *id);
void world_slot(struct world *w, const char *vault, char id[CATALOG_SLOT_ID_SIZE]);
/* The mirror of `vault` there; returns its row. */
struct catalog_mirror world_mirror(struct world *w, const char *vault, const char *region);
struct catalog_mirror world_mirror_of(struct world *w, const char *vault);

/* One pass of the worker; fails the test when it fails. */
struct work_result world_work(struct world *w);
int world_try(struct world *w, struct work_result *result, struct error *e);
/* Items in that state. */
unsigned world_items(struct world *w, enum catalog_item_state state);
/* Tasks of items that ended in that state, with subjects that start with `start`. */
unsigned world_tasks(struct world *w, enum catalog_task_state state, const char *start);
/* Fails unless each task of an item that succeeded is the only one of its subject. */
void world_expect_once(struct world *w);
/* Bytes replicated, as the usage says. */
uint64_t world_usage(struct world *w);
/* Bytes of packs, rolls and seals of a vault, as they lie there; and its tombstones. */
uint64_t world_stored(struct world *w, const struct catalog_mirror *m, bool source,
                      unsigned *tombstones, unsigned *slots);
/* Fails unless the mirror of `vault` is in sync, nothing waits, and both sides are equal down
 * to the bytes. */
void world_expect_sync(struct world *w, const char *vault);
void world_expect_equal(struct world *w, const char *vault);
enum catalog_mirror_state world_state(struct world *w, const char *vault);

/* Nothing here outlives a loss of power, so that nothing is synced.  Clock and processes: for
 * cmocka's group set-up. */
int world_setup(void **state);

#endif
