/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - a lock on a vault's backups that no command, no edited catalog and no clock
 * shortens. Format: doc/format.md section 14.
 *
 * The lock lies in the vault, in signed objects `locks/<8 hex>` that are only added to: the
 * strongest of all that are genuine counts.  With it lie marks of time (base/trust.h): time
 * that no running machine has seen does not count, so that a clock set forward lets nothing go.
 * vault_backup_delete and what purges a vault ask here, whoever calls them.
 */
#ifndef CORE_VAULT_LOCK_H
#define CORE_VAULT_LOCK_H

#include "vault/seal.h"

/* X(symbol, value, name) */
#define VAULT_LOCK_MODES(X)                                                                    \
    X(NONE, 0, "none")                                                                         \
    X(GOVERNANCE, 1, "governance") /* can be lifted with the recovery key */                   \
    X(COMPLIANCE, 2, "compliance") /* can be lifted until it is in force, then by nobody */
enum vault_lock_mode {
#define X(symbol, value, name) VAULT_LOCK_##symbol = value,
    VAULT_LOCK_MODES(X)
#undef X
};
const char *vault_lock_mode_name(enum vault_lock_mode mode);
int vault_lock_mode_parse(const char *name);

/* VLT-23: at least so long passes before a compliance lock is in force. */
#define VAULT_LOCK_COOLING_NS (INT64_C(72) * 3600 * 1000000000)

struct vault_lock {
    enum vault_lock_mode mode;
    uint32_t least_days;  /* no backup goes younger than that, by trusted time */
    uint32_t most_days;   /* retention beyond it is refused at admission; 0 = any */
    int64_t effective_ns; /* COMPLIANCE: trusted time from which nobody lifts it */
    uint32_t generation;
};

/* The lock that counts: 1, 0 none, -1.  Needs no key. */
int vault_lock_read(struct vault *v, struct vault_lock *lock, struct error *e);
/* The time that may be trusted, and makes a new mark of it when an hour has passed since the
 * last (unlocked vaults only).  Without a lock: the wall clock. */
int vault_lock_time(struct vault *v, int64_t *trusted_ns, struct error *e);
/* Adds or strengthens a lock.  LOCK_SHORTER for whatever would let a backup go earlier, or
 * widen `most_days`. */
int vault_lock_set(struct vault *v, const struct vault_lock *lock, struct error *e);
/* Lifts it: GOVERNANCE when the vault was opened with the recovery key, COMPLIANCE before it is
 * in force.  LOCK_STATE. */
int vault_lock_lift(struct vault *v, struct error *e);
/* When the backup may be deleted, by trusted time: 0 = at once. */
int vault_lock_until(struct vault *v, const struct seal *seal, int64_t *until_ns,
                     struct error *e);
/* 0 when the backup may go now; BACKUP_LOCKED with the time. */
int vault_lock_allows(struct vault *v, const struct seal *seal, struct error *e);
/* 0 when the vault may be purged: no backup in it is held by the lock. */
int vault_lock_allows_purge(struct vault *v, struct error *e);

#endif
