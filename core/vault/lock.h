/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - a lock on a vault's backups that no command, no edited catalog and no clock
 * shortens. Format: doc/format.md section 14.
 *
 * The lock lies in the vault, in signed objects `locks/<8 hex>` that are only added to: the
 * strongest of all that are genuine counts.  With it lie marks of time (base/trust.h): time
 * that no running machine has seen does not count, so that a clock set forward lets nothing go.
 * vault_backup_delete and what purges a vault ask here, whoever calls them.
 *
 * Any thread; nothing is kept between calls, and each reads what the vault has now.
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
/* "governance", ...; static, "unknown" for what is none. */
const char *vault_lock_mode_name(enum vault_lock_mode mode);
/* -1 when no mode is called so. */
int vault_lock_mode_parse(const char *name);

/* VLT-23: at least so long passes before a compliance lock is in force. */
#define VAULT_LOCK_COOLING_NS (INT64_C(72) * 3600 * 1000000000)
enum { VAULT_LOCK_DAYS_LIMIT = 99999 };

struct vault_lock {
    enum vault_lock_mode mode;
    uint32_t least_days; /* 1..VAULT_LOCK_DAYS_LIMIT: no backup goes younger, by trusted time */
    uint32_t most_days;  /* retention beyond it is refused at admission; 0 = any */
    int64_t effective_ns; /* COMPLIANCE: trusted time from which nobody lifts it */
    /* By reading, of the records that are genuine: */
    uint32_t generation; /* of the newest that locks or lifts; 0 = there never was any */
    uint32_t lifted;     /* of the newest that lifts; 0 = none */
    uint32_t unsure;     /* records that cannot be read and may lock: nothing may be deleted */
};

/* Whether `lock` holds less than `other` in any respect. */
bool vault_lock_is_weaker(const struct vault_lock *lock, const struct vault_lock *other);

/* The lock that counts: 1, 0 none (with the last three members of `*lock` set and the others
 * zero), -1.  Needs no key.  Records that are damaged or forged are logged, and left out. */
int vault_lock_read(struct vault *v, struct vault_lock *lock, struct error *e);
/* The time that may be trusted, and makes a new mark of it when an hour has passed since the
 * last (unlocked vaults only; one that cannot be made is logged).  It is never ahead of the
 * wall clock.  Without a lock: the wall clock. */
int vault_lock_time(struct vault *v, int64_t *trusted_ns, struct error *e);
/*
 * Adds or strengthens a lock; does nothing when there is one like it.  `lock`: mode, days and
 * effective_ns, where 0 = as soon as may be.  The vault is unlocked.  The first GOVERNANCE lock
 * needs a vault that was unlocked with the recovery key which is to lift it: LOCK_STATE.
 * LOCK_SHORTER for whatever would let a backup go earlier, or widen `most_days`; LOCK_STATE for
 * an effective_ns before VAULT_LOCK_COOLING_NS have passed; PARAMETER for days out of range.
 */
int vault_lock_set(struct vault *v, const struct vault_lock *lock, struct error *e);
/* Lifts all that may be lifted: GOVERNANCE when the vault was unlocked with the recovery key it
 * was set with, COMPLIANCE before it is in force.  The vault is unlocked.  LOCK_STATE when that
 * is nothing. */
int vault_lock_lift(struct vault *v, struct error *e);
/* When the backup may be deleted, by trusted time: 0 = at once. */
int vault_lock_until(struct vault *v, const struct seal *seal, int64_t *until_ns,
                     struct error *e);
/* 0 when the backup may go now; BACKUP_LOCKED with the time; LOCK_STATE when it is not known
 * whether the vault is locked. */
int vault_lock_allows(struct vault *v, const struct seal *seal, struct error *e);
/* 0 when the vault may be purged: no backup in it is held by the lock.  A seal that is damaged
 * counts as what its name says.  BACKUP_LOCKED, LOCK_STATE. */
int vault_lock_allows_purge(struct vault *v, struct error *e);
/* Whether a backup that is to be kept for `retention_ns` (0 = without an end that is known) may
 * come under the lock (VLT-24): 0, or LOCK_RETENTION.  Pure; a lock of mode NONE admits all. */
int vault_lock_admits(const struct vault_lock *lock, int64_t retention_ns, struct error *e);

#endif
