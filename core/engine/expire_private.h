/* SPDX-License-Identifier: Apache-2.0 */
/* expire_private.h - what the files of expiry share. */
#ifndef CORE_ENGINE_EXPIRE_PRIVATE_H
#define CORE_ENGINE_EXPIRE_PRIVATE_H

#include "engine/expire.h"

/* A backup of the vault, as far as it matters here. */
struct expire_backup {
    char id[CATALOG_SEAL_ID_SIZE];
    uint8_t source[CATALOG_ID_SIZE];
    char source_name[CATALOG_TEXT_SIZE];
    char policy[NAME_SIZE]; /* that made it; empty = by hand */
    int64_t created_ns, expire_ns, keep_ns;
    uint64_t entries, bytes, bytes_stored;
    bool failed, replica;
    int64_t locked_until_ns;
    const char *pinned; /* points into the pins */
    const struct policy *ruling;
    const char *ruling_name;
    struct retention_decision decision;
};

struct expire_pin {
    char backup[CATALOG_SEAL_ID_SIZE];
    char *text;
};

/* A policy that was asked for; `policy` NULL = there is none of that name. */
struct expire_ruling {
    char name[NAME_SIZE];
    struct policy *policy;
};

/* The expiry of one vault at work. */
struct expiry {
    struct setup *setup;
    const struct catalog_vault *row;
    const struct expire_request *request;
    struct expire_result *result;
    struct open_vault vault; /* `{0}` until it is needed */
    struct seal_list seals;
    struct expire_backup *backups; /* by source, maker, age */
    size_t count;
    struct expire_pin *pins; /* by backup */
    size_t pin_count;
    struct expire_ruling *rulings;
    size_t ruling_count;
};

/* ---- expire_gather.c ---- */

/* Reads backups, pins and policies from the catalog. */
int expire_gather(struct expiry *x, struct error *e);
void expire_drop(struct expiry *x);
/* The seal of a backup among those of the open vault, or NULL. */
const struct seal *expire_find_seal(const struct expiry *x, const char *id);
/* Asks the vault, which is open, how long its lock holds those that would go. */
int expire_ask_lock(struct expiry *x, struct error *e);
/* Decides on all, group by group. */
int expire_decide(struct expiry *x, struct error *e);
/* The end of the group that begins at `start`: one source, and in a replication vault one
 * policy. */
size_t expire_group_end(const struct expiry *x, size_t start);
/* As the rules want it; its texts point into `x`. */
struct retention_backup expire_facts(const struct expire_backup *backup);

/* ---- expire_brake.c ---- */

/* Whether the brake holds or has to: sets or reads it, and fills in the result. */
int expire_brake(struct expiry *x, struct error *e);

#endif
