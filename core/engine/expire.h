/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expire.h - lets go what the rules of a vault let go (policy/retention.h), and tells why each
 * backup stays or goes.
 *
 * The rules are those of the policy that holds for the vault now; in a replication vault those
 * of the replication policy that made the replica (RET-05, RET-17).  Stamps hold without any
 * policy (RET-10).  Nothing goes from a mirror: it follows its vault.  Nothing goes early: the
 * time is the trusted one (engine/trusted_time.h), and while the clock is in doubt nothing goes
 * by time.  Too much at once, or a source that has lost most of itself, sets a brake, which
 * people release.
 */
#ifndef CORE_ENGINE_EXPIRE_H
#define CORE_ENGINE_EXPIRE_H

#include "catalog/keep.h"
#include "catalog/policy.h"
#include "engine/setup.h"
#include "engine/trusted_time.h"
#include "policy/policy.h"

/* What was decided of one backup. */
struct expire_item {
    const char *id;
    const char *source_name;
    int64_t created_ns;
    uint64_t bytes_stored;
    enum retention_verdict verdict;
    const char *policy;   /* whose rule it is; "" = none */
    const char *sentence; /* why it stays, or goes */
};

/* Other rules than those that hold, for "what would go" before a policy is changed. */
struct expire_instead {
    const char *policy;                   /* its name */
    const struct retention_rules *before; /* NULL = the policy does not hold yet */
    const struct policy *after;
};

struct expire_request {
    bool dry_run;                         /* deletes nothing, and needs no key */
    bool any_time;                        /* also outside the window of the configuration */
    const struct setup_key *key;          /* how the vault is opened; NULL = as its row says */
    const struct expire_instead *instead; /* only with dry_run; NULL = as it is */
    void *context;
    /* All backups of the vault, by source, oldest first, before anything is deleted; may read
     * the catalog.  May be NULL. */
    void (*each)(void *context, const struct expire_item *item);
};

struct expire_result {
    uint64_t backups, going;
    uint64_t deleted, bytes_stored; /* those deleted had added so much to the vault */
    uint64_t refused;               /* pinned or locked since they were looked at */
    bool outside;                   /* of the window: nothing was done */
    bool braked, braked_now;        /* nothing was deleted; since this call */
    char reason[CATALOG_TEXT_SIZE]; /* of the brake */
    bool lock_unknown;              /* dry_run: the vault could not be asked for its lock */
    struct trusted_time clock;
};

/*
 * Expiry of one vault.  0 also when a brake, the clock or the window held it up: `*result`
 * tells; a new brake and a clock in doubt are told to people (engine/tell.h).  -1 when the
 * vault cannot be read or written, or its policy's settings are wrong; `*result` tells what was
 * done until then.  May be broken off and called again.
 */
int expire_vault(struct setup *s, const struct catalog_vault *row,
                 const struct expire_request *request, struct expire_result *result,
                 struct error *e);
/* What would go if the rules were others: a dry run.  Nothing goes from a vault that is none of
 * the policy's kind. */
int expire_preview(struct setup *s, const struct catalog_vault *row,
                   const struct expire_instead *instead,
                   void (*each)(void *context, const struct expire_item *item), void *context,
                   struct expire_result *result, struct error *e);
/* The vaults whose backups go by the rules of a policy: those that a backup policy holds for;
 * all replication vaults, where a replication policy's replicas may be.  `each` may change the
 * catalog; a result other than 0 ends it and is returned. */
int expire_vaults(struct setup *s, const struct catalog_policy *policy,
                  int (*each)(void *context, const struct catalog_vault *vault,
                              struct error *e),
                  void *context, struct error *e);
/* A policy's rules have changed (RET-09): takes the stamps of its backups away where that is
 * what the change means.  In the transaction of the change. */
int expire_rules_changed(struct setup *s, const char *policy,
                         const struct retention_rules *before,
                         const struct retention_rules *after, struct error *e);
/* Somebody says that the deletions were meant: the brake of the vault goes, and bursts are not
 * asked about for a day.  With its audit line.  LOCK_STATE is no matter here: locks stay.
 * CONFLICT when no brake holds it. */
int expire_release(struct setup *s, const struct catalog_vault *row, struct error *e);

/* Somebody has seen what other rules of the policy let go, and meant it: bursts in its vaults
 * are not asked about for a day.  Sudden losses of size are. */
int expire_meant(struct setup *s, const struct catalog_policy *policy, struct error *e);

/* The hours of the day in which expiry works, by the clock on the wall of this machine:
 * "08:00-20:00", "22:00-06:00"; NULL = all.  True inside; `*opens_ns` (may be NULL) is when it
 * opens next, or `wall_ns`.  CONFIG for what is none: see expire_window_check. */
bool expire_window_open(const char *window, int64_t wall_ns, int64_t *opens_ns);
int expire_window_check(const char *window, struct error *e);

#endif
