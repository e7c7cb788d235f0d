/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - the one error type of the core.
 *
 * Every function that can fail takes a `struct error *` as its last parameter and returns 0 for
 * success and -1 for failure (or a pointer and NULL).  On failure the error says what was
 * tried, on what, and why; out-parameters are untouched.  On success the error is untouched.
 *
 * The class (from <lagan/driver.h>, the same vocabulary that drivers use) decides how callers
 * react; the code names the situation for people and scripts and decides the exit status.
 *
 * Errors are plain values: no allocation, no thread-local state; copy them by assignment.
 * Programmers' errors are asserted (base/object.h), never reported through this type.
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#define LAGAN_HOST_SIDE 1 /* the core is the host: no driver-side wrappers */
#include <lagan/driver.h>

/*
 * X(symbol, name shown to people and in --json, exit status).  Append only; names never change.
 * Statuses are those of lagan(1): 1 failed, 2 usage, 4 integrity, 5 temporary, 10 no such
 * vault, 11 locked, 12 wrong key, 13 needs a newer program, 14 no space, 130 interrupted, 7
 * stopped by a safety brake, 8 lag over its limit.
 */
#define ERROR_CODES(X)                                                                         \
    X(FAILED, "failed", 1)                                                                     \
    X(USAGE, "usage", 2)                                                                       \
    X(CONFIG, "config-invalid", 2)                                                             \
    X(NO_MEMORY, "no-memory", 1)                                                               \
    X(INTEGRITY, "integrity", 4)                                                               \
    X(TEMPORARY, "temporary", 5)                                                               \
    X(NO_VAULT, "no-such-vault", 10)                                                           \
    X(NO_SOURCE, "no-such-source", 1)                                                          \
    X(NO_REGION, "no-such-region", 1)                                                          \
    X(NO_BACKUP, "no-such-backup", 1)                                                          \
    X(NO_ENTRY, "no-such-entry", 1)                                                            \
    X(NO_DRIVER, "no-such-driver", 1)                                                          \
    X(DRIVER_REFUSED, "driver-refused", 1)                                                     \
    X(PARAMETER, "parameter-invalid", 2)                                                       \
    X(NAME_INVALID, "name-invalid", 2)                                                         \
    X(NAME_TAKEN, "name-taken", 1)                                                             \
    X(AMBIGUOUS, "ambiguous", 1)                                                               \
    X(LOCKED, "locked", 11)                                                                    \
    X(WRONG_KEY, "wrong-key", 12)                                                              \
    X(NEWER_FORMAT, "newer-format", 13)                                                        \
    X(NO_SPACE, "no-space", 14)                                                                \
    X(CONFLICT, "conflict", 1)                                                                 \
    X(UNSAFE_PATH, "unsafe-path", 4)                                                           \
    X(INTERRUPTED, "interrupted", 130)                                                         \
    X(NO_PROJECT, "no-such-project", 1)                                                        \
    X(NO_MIRROR, "no-such-mirror", 1)                                                          \
    X(NO_REPLICA, "no-such-replica", 1)                                                        \
    X(REGION_CANNOT_SEND, "region-cannot-send", 1)                                             \
    X(REGION_CANNOT_RECEIVE, "region-cannot-receive", 1)                                       \
    X(DESTINATION_FORBIDDEN, "destination-not-allowed", 1)                                     \
    X(SAME_REGION, "same-region", 1)                                                           \
    X(ACCOUNT_DIFFERS, "account-differs", 1)                                                   \
    X(WRONG_REGION, "wrong-region", 1)                                                         \
    X(ZONE_MISSING, "zone-missing", 5)                                                         \
    X(NO_BINDING, "source-has-no-vault", 1)                                                    \
    X(VAULT_STATE, "vault-state", 1)                                                           \
    X(VAULT_FULL, "vault-full", 14)                                                            \
    X(VAULT_LIMIT, "too-many-vaults", 1)                                                       \
    X(VAULT_IS_MIRROR, "vault-is-mirror", 1)                                                   \
    X(VAULT_IS_REPLICATION, "vault-is-replication", 1)                                         \
    X(VAULT_HAS_MIRROR, "vault-has-mirror", 1)                                                 \
    X(VAULT_FRESH, "vault-too-young", 1)                                                       \
    X(ALREADY_FULL, "already-full-plan", 1)                                                    \
    X(TRIAL_ENDED, "trial-ended", 1)                                                           \
    X(NOT_CONFIRMED, "not-confirmed", 2)                                                       \
    X(NOT_DELETED, "not-deleted", 1)                                                           \
    X(KEY_UNAVAILABLE, "key-unavailable", 12)                                                  \
    X(MIRROR_EXISTS, "source-vault-already-has-replication", 1)                                \
    X(MIRROR_OF_TRIAL, "mirror-of-trial-vault", 1)                                             \
    X(MIRROR_OF_MIRROR, "mirror-of-mirror", 1)                                                 \
    X(MIRROR_OF_REPLICATION, "mirror-of-replication-vault", 1)                                 \
    X(MIRROR_OF_ARCHIVE, "mirror-of-archive-vault", 1)                                         \
    X(MIRROR_OF_DATABASE, "mirror-of-database-vault", 1)                                       \
    X(MIRROR_OF_CONTAINER, "mirror-of-container-vault", 1)                                     \
    X(MIRROR_OF_BAD_STATE, "mirror-of-vault-in-bad-state", 1)                                  \
    X(MIRROR_LIMIT, "too-many-mirrors", 1)                                                     \
    X(MIRROR_STATE, "mirror-state", 1)                                                         \
    X(ENCRYPTION_DIFFERS, "encryption-differs", 1)                                             \
    X(CADENCE_FIXED, "cadence-fixed", 2)                                                       \
    X(POLICY_ONLY, "replication-by-policy-only", 1)                                            \
    X(NOT_MIRRORABLE, "source-not-mirrorable", 1)                                              \
    X(NOT_RESTORABLE, "not-restorable-from-mirror", 1)                                         \
    X(TARGET_REGION, "target-in-other-region", 1)                                              \
    X(BACKUP_STATE, "backup-state", 1)                                                         \
    X(BACKUP_KIND, "backup-kind", 1)                                                           \
    X(NO_SYSTEM_DISK, "no-system-disk", 1)                                                     \
    X(BACKUP_FOREIGN, "backup-made-elsewhere", 1)                                              \
    X(REPLICA_OF_REPLICA, "replica-of-replica", 1)                                             \
    X(REPLICA_EXISTS, "replica-exists", 1)                                                     \
    X(REPLICATED_BEFORE, "replicated-before", 1)                                               \
    X(REPLICA_VAULT, "destination-vault-unsuitable", 1)                                        \
    X(REPLICA_UNCERTAIN, "replica-uncertain", 1)                                               \
    X(LEASE_LOST, "lease-lost", 5)                                                             \
    X(BRAKE, "safety-brake", 7)                                                                \
    X(LAG, "lag-over-limit", 8)                                                                \
    X(AUDIT_BROKEN, "audit-broken", 4)                                                         \
    X(SOURCE_LIMIT, "too-many-sources", 1)                                                     \
    X(NO_POLICY, "no-such-policy", 1)                                                          \
    X(POLICY_SETTING, "policy-setting-invalid", 2)                                             \
    X(SCHEDULE, "schedule-invalid", 2)                                                         \
    X(TIME_ZONE, "no-such-time-zone", 2)                                                       \
    X(RETENTION, "retention-invalid", 2)                                                       \
    X(POLICY_KIND, "policy-kind", 1)                                                           \
    X(POLICY_TAKEN, "vault-has-policy", 1)                                                     \
    X(POLICY_ON_MIRROR, "policy-on-mirror", 1)                                                 \
    X(POLICY_LIMIT, "too-many-policies", 1)                                                    \
    X(POLICY_RUNNING, "policy-is-running", 1)                                                  \
    X(POLICY_APPLIED, "policy-is-applied", 1)                                                  \
    X(POLICY_EMPTY, "policy-has-no-vault", 1)                                                  \
    X(BACKUP_PINNED, "backup-pinned", 1)                                                       \
    X(BACKUP_LATEST, "backup-is-latest", 1)                                                    \
    X(BACKUP_LOCKED, "backup-locked", 1)                                                       \
    X(LOCK_SHORTER, "lock-only-extends", 1)                                                    \
    X(LOCK_STATE, "lock-state", 1)                                                             \
    X(LOCK_RETENTION, "retention-outside-lock", 1)                                             \
    X(CLOCK_DOUBTFUL, "clock-doubtful", 7)                                                     \
    X(HOOK_FAILED, "hook-failed", 1)                                                           \
    X(HOOK_TIMEOUT, "hook-timeout", 1)                                                         \
    X(DRILL_DIFFERS, "drill-differs", 4)                                                       \
    X(JOB_TIMEOUT, "job-timeout", 1)                                                           \
    X(PRUNE_STATE, "prune-state", 1)                                                           \
    X(BACKUP_EXTENDED, "backup-extended", 1)                                                   \
    X(APPROVAL_NEEDED, "approval-needed", 7)                                                   \
    X(NO_APPROVAL, "no-such-request", 1)                                                       \
    X(APPROVAL_REFUSED, "approval-refused", 1)                                                 \
    X(NO_INVENTORY, "no-such-inventory", 1)                                                    \
    X(INVENTORY_SETTING, "inventory-setting-invalid", 2)                                       \
    X(INVENTORY_LIMIT, "too-many-inventories", 1)                                              \
    X(NO_BATCH, "no-such-batch-job", 1)                                                        \
    X(BATCH_SETTING, "batch-setting-invalid", 2)                                               \
    X(BATCH_STATE, "batch-state", 1)                                                           \
    X(BATCH_LIMIT, "too-many-batch-jobs", 1)                                                   \
    X(BATCH_TOTAL, "batch-too-large", 1)                                                       \
    X(BATCH_FAILURES, "batch-failure-rate", 1)                                                 \
    X(BATCH_PROFILE, "batch-profile", 2)                                                       \
    X(BATCH_TOKEN, "batch-token-taken", 1)                                                     \
    X(MANIFEST, "manifest-invalid", 1)                                                         \
    X(MANIFEST_CHANGED, "manifest-changed", 4)                                                 \
    X(NO_RULE, "no-such-rule", 1)                                                              \
    X(RULE_SETTING, "rule-setting-invalid", 2)                                                 \
    X(RULE_SAME_PLACE, "rule-into-itself", 1)                                                  \
    X(RULE_SOURCE_VERSIONS, "source-keeps-no-versions", 1)                                     \
    X(RULE_DESTINATION_VERSIONS, "destination-keeps-no-versions", 1)                           \
    X(RULE_LIMIT, "too-many-rules", 1)                                                         \
    X(RULE_PRIORITY, "rule-priority-invalid", 2)                                               \
    X(RULE_PRIORITY_TAKEN, "rule-priority-taken", 1)                                           \
    X(RULE_PRIORITY_MIXED, "rule-priorities-mixed", 1)                                         \
    X(RULE_OVERLAP, "rule-prefixes-overlap", 1)                                                \
    X(RULE_TAGS, "rule-tags-invalid", 2)                                                       \
    X(RULE_TAGS_MARKER, "rule-tags-with-delete-marker", 1)                                     \
    X(RULE_WHOLE, "rule-of-whole-bucket", 1)                                                   \
    X(RULE_INVALID, "rule-invalid", 1)                                                         \
    X(RULE_DISABLED, "rule-disabled", 1)                                                       \
    X(RULE_RUNNING, "rule-is-running", 1)                                                      \
    X(NO_MIGRATION, "no-such-migration", 1)                                                    \
    X(MIGRATE_SETTING, "migrate-setting-invalid", 2)                                           \
    X(MIGRATION_STATE, "migration-state", 1)                                                   \
    X(MIGRATE_PLACES, "migrate-places-unsuitable", 1)

enum error_code {
#define X(symbol, name, status) ERROR_##symbol,
    ERROR_CODES(X)
#undef X
        ERROR_CODE_COUNT
};

enum { ERROR_TEXT_SIZE = 768 };

/* An error.  `{0}` (or ERROR_INIT) is the empty one. */
struct error {
    uint32_t error_class;       /* enum lagan_class; LAGAN_OK only in an empty error */
    uint32_t code;              /* enum error_code */
    uint32_t scope;             /* enum lagan_scope */
    uint32_t outcome;           /* enum lagan_outcome, for mutations */
    uint32_t retry_after_ms;    /* 0 = no advice */
    int32_t native;             /* errno, HTTP status, ...; 0 = none */
    char text[ERROR_TEXT_SIZE]; /* one line, no trailing stop, always terminated */
};

#define ERROR_INIT ((struct error){0})

/*
 * Fills `e` (never NULL) with a class, a code and a printf-formatted line; control characters
 * in the result are escaped.  Always returns -1, so that `return error_set(...)` reads
 * naturally.
 */
int error_set(struct error *e, uint32_t error_class, enum error_code code, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/*
 * As error_set, from an errno value `number`: the class and code follow from it (ENOSPC and
 * EDQUOT
 * -> no-space, EACCES and EPERM -> denied, ENOENT -> not-found, EEXIST -> exists, ...), and
 * ": " plus the errno's text is appended.  Returns -1.
 */
int error_errno(struct error *e, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Out of memory while allocating for `what`.  Returns -1. */
int error_no_memory(struct error *e, const char *what);

/* Puts a formatted text and ": " in front of the text of `e`, keeping the rest.  Returns -1. */
int error_context(struct error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The default code of a class (no-space -> NO_SPACE, corrupt -> INTEGRITY, busy -> TEMPORARY,
 * ...). */
enum error_code error_code_of_class(uint32_t error_class);

/* "no-space", "wrong-key", ...; "unknown" outside the table.  Static storage. */
const char *error_code_name(uint32_t code);

/* "not-found", "transient", ...; "unknown" outside the table.  Static storage. */
const char *error_class_name(uint32_t error_class);

/* The process exit status that belongs to `e`. */
int error_exit_status(const struct error *e);

#endif
