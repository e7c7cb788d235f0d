/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - commands of people around a backup, and a source that is made to hold still.
 *
 * Order: before, freeze, (the snapshot or the whole backup), thaw, then after or failed, then
 * finally.  Those of the policy stand around those of the source.  A command gets its facts in
 * the environment (LAGAN_EVENT, LAGAN_SOURCE, LAGAN_VAULT, LAGAN_POLICY, LAGAN_BACKUP,
 * LAGAN_STATUS, LAGAN_ERROR, LAGAN_PATH, LAGAN_SNAPSHOT), no secrets, /bin/sh, no standard
 * input; what it prints goes to the log.  It ends with its time limit: TERM, then KILL to its
 * process group.
 *
 * A before or freeze command that succeeds may print lines of its own meaning:
 *   LAGAN_PATH=/...               this backup reads the source there: a snapshot
 *   LAGAN_CONSISTENCY=crash|app   what a freeze command has reached; app unless it says crash;
 *                                 the last such line counts
 *
 * Thaw always runs once freeze was begun, also when this process is killed: a small guardian
 * process (guardian.h) waits for its end, and for the time limit, which begins anew when all is
 * frozen.  When this process dies while it thaws, the command is run a second time.
 */
#ifndef CORE_ENGINE_HOOKS_H
#define CORE_ENGINE_HOOKS_H

#include "catalog/catalog.h"
#include "policy/policy.h"

/* X(symbol, setting, whether its failure ends the backup) */
#define HOOKS(X)                                                                               \
    X(BEFORE, "before", 1)                                                                     \
    X(FREEZE, "freeze", 0) /* CON-13: a crash-consistent backup is made instead */             \
    X(THAW, "thaw", 0)                                                                         \
    X(AFTER, "after-backup", 0)                                                                \
    X(FAILED, "failed", 0)                                                                     \
    X(FINALLY, "finally", 0)
enum hook {
#define X(symbol, name, ends) HOOK_##symbol,
    HOOKS(X)
#undef X
        HOOK_COUNT
};

/* The hooks of one level; texts belong to the caller. */
struct hook_set {
    const char *commands[HOOK_COUNT]; /* NULL = none */
    int64_t timeout_ns;               /* for each, and for the time frozen; 0 = 60 s */
};
/* What the settings of a source or policy say of hooks; others are passed over.  Texts point
 * into `settings`.  POLICY_SETTING for a timeout that is none. */
int hook_set_read(const struct catalog_pairs *settings, struct hook_set *set, struct error *e);
/* The setting `consistency`; NONE when it is absent.  POLICY_SETTING. */
int hook_consistency_read(const struct catalog_pairs *settings,
                          enum policy_consistency *consistency, struct error *e);

struct hook_facts {
    const char *source, *vault, *policy, *path; /* NULL = empty */
    const char *backup, *status, *error;        /* known later */
};

/* A run of hooks around one backup. */
struct hooks;
/* `sets` from the outermost level in; they and the texts outlive it. */
struct hooks *hooks_new(const struct hook_set *sets, size_t count, struct error *e);
/* Runs before, then freeze of all levels.  HOOK_FAILED, HOOK_TIMEOUT: of a before; nothing was
 * frozen.  `*frozen`: all levels that have a freeze were frozen (and there is one); else `why`
 * says why not.  A level whose freeze failed is thawed at once, and the others go on. */
int hooks_begin(struct hooks *h, const struct hook_facts *facts, bool *frozen,
                struct error *why, struct error *e);
/* Where the source is to be read instead, as a command has said; NULL = where it is. */
const char *hooks_path(const struct hooks *h);
/* What the content that was read while all was held is: after hooks_thaw, for good. */
enum policy_consistency hooks_reached(const struct hooks *h);
/* Thaws now (after a snapshot, or when everything is read); nothing when it was done.
 * HOOK_TIMEOUT when it was frozen for too long and the guardian let it go before: nothing was
 * reached by it. HOOK_FAILED: a thaw failed. */
int hooks_thaw(struct hooks *h, const struct hook_facts *facts, struct error *e);
/* Thaws if that is still to be done, then after or failed (`facts->error` given), then finally;
 * the first failure of these is a warning in `e` with result -1: the backup stands. */
int hooks_end(struct hooks *h, const struct hook_facts *facts, struct error *e);
/* Thaws if that is still to be done.  NULL is fine. */
void hooks_free(struct hooks *h);

#endif
