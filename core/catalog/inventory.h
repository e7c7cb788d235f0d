/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory.h - the inventories that people have asked for, and how each was last made.
 *
 * What the settings mean stands in policy/inventory_rules.h; here they are texts.  Conventions:
 * see catalog.h.
 */
#ifndef CORE_CATALOG_INVENTORY_H
#define CORE_CATALOG_INVENTORY_H

#include "catalog/catalog.h"

/* How it was last made. */
#define CATALOG_INVENTORY_STATES(X)                                                            \
    X(NEVER, "never")                                                                          \
    X(RUNNING, "running")                                                                      \
    X(SUCCESS, "success")                                                                      \
    X(PARTIAL, "partial") /* entries could not be looked at */                                 \
    X(FAILED, "failed")
enum catalog_inventory_state {
#define X(symbol, name) CATALOG_INVENTORY_##symbol,
    CATALOG_INVENTORY_STATES(X)
#undef X
};
const char *catalog_inventory_state_name(enum catalog_inventory_state state);

struct catalog_inventory {
    uint8_t id[CATALOG_ID_SIZE];
    char name[NAME_SIZE];
    uint8_t source[CATALOG_ID_SIZE];
    struct catalog_pairs settings;
    int64_t created_ns;
    int64_t cursor_ns; /* all slots up to here were decided */
    /* Of the last run. */
    enum catalog_inventory_state state;
    int64_t started_ns, ended_ns; /* 0 = never, not yet */
    uint64_t entries, bytes, problems;
    char manifest[1024]; /* where the last complete one is; "" = there is none */
    char task[CATALOG_TASK_ID_SIZE];
    struct error why; /* of FAILED */
};
struct catalog_inventory *catalog_inventory_new(struct error *e);
void catalog_inventory_free(struct catalog_inventory *inventory);
/* Fills in id and times; the cursor is now.  NAME_TAKEN; INVENTORY_LIMIT when the source has
 * `most` already. */
int catalog_inventory_insert(struct catalog *c, struct catalog_inventory *inventory,
                             uint64_t most, struct error *e);
/* By name, or by id in hexadecimal (abbreviated, at least 4 digits).  NO_INVENTORY, AMBIGUOUS.
 */
struct catalog_inventory *catalog_inventory_find(struct catalog *c, const char *text,
                                                 struct error *e);
int catalog_inventory_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             struct error *e);
/* By name. */
int catalog_inventory_list(struct catalog *c,
                           int (*each)(void *context, const struct catalog_inventory *inventory,
                                       struct error *e),
                           void *context, struct error *e);
/* This process makes it from now on, and all slots up to `cursor_ns` (0 = as it is) are
 * decided: 1, or 0 when a process that lives makes it already. */
int catalog_inventory_begin(struct catalog *c, struct catalog_inventory *inventory,
                            int64_t cursor_ns, struct error *e);
/* Stores state, counts, manifest and task of the run that this process has begun. */
int catalog_inventory_end(struct catalog *c, struct catalog_inventory *inventory,
                          const struct error *why, struct error *e);

#endif
