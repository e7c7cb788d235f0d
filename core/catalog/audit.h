/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - who changed what: lines that are only appended, each with a hash over itself and
 * all lines before it.
 *
 * The hash of a line is SHA-256 over the hash of the line before (32 zero bytes for the first),
 * then sequence and time as little-endian 64-bit numbers, then actor, event, subject and
 * detail, each with its length as a little-endian 32-bit number in front.
 */
#ifndef CORE_CATALOG_AUDIT_H
#define CORE_CATALOG_AUDIT_H

#include "catalog/catalog.h"

/* X(symbol, name): what is written down.  Append only; names never change. */
#define CATALOG_EVENTS(X)                                                                      \
    X(VAULT_CREATE, "vault-create")                                                            \
    X(VAULT_UPDATE, "vault-update")                                                            \
    X(VAULT_CONVERT, "vault-convert")                                                          \
    X(VAULT_DELETE, "vault-delete")                                                            \
    X(VAULT_UNDELETE, "vault-undelete")                                                        \
    X(VAULT_PURGE, "vault-purge")                                                              \
    X(VAULT_STATE, "vault-state")                                                              \
    X(KEY_ADD, "key-add")                                                                      \
    X(KEY_REMOVE, "key-remove")                                                                \
    X(TAG, "tag")                                                                              \
    X(SOURCE_ADD, "source-add")                                                                \
    X(SOURCE_UPDATE, "source-update")                                                          \
    X(SOURCE_REMOVE, "source-remove")                                                          \
    X(BACKUP_CREATE, "backup-create")                                                          \
    X(BACKUP_DELETE, "backup-delete")                                                          \
    X(RESTORE, "restore")                                                                      \
    X(MIRROR_CREATE, "mirror-create")                                                          \
    X(MIRROR_STOP, "mirror-stop")                                                              \
    X(MIRROR_DELETE, "mirror-delete")                                                          \
    X(MIRROR_REPAIR, "mirror-repair")                                                          \
    X(MIRROR_RELEASE, "mirror-release")                                                        \
    X(REPLICA_CREATE, "replica-create")                                                        \
    X(REPLICA_DELETE, "replica-delete")                                                        \
    X(TASK_CANCEL, "task-cancel")                                                              \
    X(TASK_RETRY, "task-retry")                                                                \
    X(TASK_CLEAR, "task-clear")                                                                \
    X(POLICY_CREATE, "policy-create")                                                          \
    X(POLICY_UPDATE, "policy-update")                                                          \
    X(POLICY_DELETE, "policy-delete")                                                          \
    X(POLICY_RUN, "policy-run")                                                                \
    X(CATALOG_REBUILD, "catalog-rebuild")                                                      \
    X(ZONE_REPAIR, "zone-repair")                                                              \
    X(BACKUP_HOLD, "backup-hold")                                                              \
    X(BACKUP_RELEASE, "backup-release")                                                        \
    X(EXPIRY_RELEASE, "expiry-release")                                                        \
    X(VAULT_LOCK, "vault-lock")                                                                \
    X(VAULT_UNLOCK, "vault-unlock")                                                            \
    X(BACKUP_UNDELETE, "backup-undelete")                                                      \
    X(BACKUP_EXTEND, "backup-extend")                                                          \
    X(PRUNE, "prune")                                                                          \
    X(APPROVERS, "approvers")                                                                  \
    X(APPROVAL_REQUEST, "approval-request")                                                    \
    X(APPROVAL_GRANT, "approval-grant")                                                        \
    X(APPROVAL_USE, "approval-use")                                                            \
    X(APPROVAL_CANCEL, "approval-cancel")                                                      \
    X(INVENTORY_CREATE, "inventory-create")                                                    \
    X(INVENTORY_DELETE, "inventory-delete")                                                    \
    X(INVENTORY_RUN, "inventory-run")                                                          \
    X(BATCH_CREATE, "batch-create")                                                            \
    X(BATCH_CONFIRM, "batch-confirm")                                                          \
    X(BATCH_PAUSE, "batch-pause")                                                              \
    X(BATCH_RESUME, "batch-resume")                                                            \
    X(BATCH_CANCEL, "batch-cancel")                                                            \
    X(BATCH_PRIORITY, "batch-priority")                                                        \
    X(MIGRATE_CREATE, "migrate-create")                                                        \
    X(MIGRATE_RUN, "migrate-run")                                                              \
    X(MIGRATE_RETRY, "migrate-retry")                                                          \
    X(MIGRATE_CANCEL, "migrate-cancel")                                                        \
    X(MIGRATE_ATTEST, "migrate-attest")                                                        \
    X(MIGRATE_DELETE, "migrate-delete")                                                        \
    X(RULE_CREATE, "rule-create")                                                              \
    X(RULE_UPDATE, "rule-update")                                                              \
    X(RULE_DELETE, "rule-delete")                                                              \
    X(RULE_REPLACE, "rule-replace")                                                            \
    X(RULE_RETRY, "rule-retry")                                                                \
    X(RULE_BACKFILL, "rule-backfill")
enum catalog_event {
#define X(symbol, name) CATALOG_EVENT_##symbol,
    CATALOG_EVENTS(X)
#undef X
};
const char *catalog_event_name(enum catalog_event event);

struct catalog_audit {
    int64_t sequence; /* from 1 */
    int64_t at_ns;
    char actor[CATALOG_TEXT_SIZE]; /* "root@host" */
    enum catalog_event event;
    char subject[CATALOG_TEXT_SIZE]; /* the thing's id or name */
    char detail[1024];
    uint8_t hash[CATALOG_HASH_SIZE];
};

/* Appends a line: put it into one transaction with the change.  The actor is the user of this
 * process on this host.  `subject` and the formatted detail are cut to their sizes. */
int catalog_audit_add(struct catalog *c, enum catalog_event event, const char *subject,
                      struct error *e, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The last line: 1, or 0 when there is none. */
int catalog_audit_head(struct catalog *c, struct catalog_audit *line, struct error *e);
/* Computes all hashes again.  `*lines` is their number.  AUDIT_BROKEN with the first line that
 * is not what it was, or missing, the last ones included. */
int catalog_audit_verify(struct catalog *c, uint64_t *lines, struct error *e);
/* The hash of the line `sequence`: 1, or 0 when there is no such line. */
int catalog_audit_hash(struct catalog *c, int64_t sequence, uint8_t hash[CATALOG_HASH_SIZE],
                       struct error *e);
/* Oldest first, from `since_ns`, at most `limit` (0 = all). */
int catalog_audit_list(struct catalog *c, int64_t since_ns, uint64_t limit,
                       int (*each)(void *context, const struct catalog_audit *line,
                                   struct error *e),
                       void *context, struct error *e);

#endif
