/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approval.h - what destroys something in a vault that asks for it needs several approvers
 * (DEL-12): k of the n people whose keys are registered for the vault.
 *
 * Whoever gives such a command makes a request of it, which has an id and waits for three days.
 * Each approver signs it with a key of his own (Ed25519); k signatures of different approvers
 * let the same command through once.  Signatures are checked whenever they count, so that
 * nobody approves by editing the catalog.  Every step has its audit line.
 *
 * What policies let go by rules that were approved needs no approval, nor do purges whose time
 * has come.
 */
#ifndef CORE_ENGINE_APPROVAL_H
#define CORE_ENGINE_APPROVAL_H

#include "catalog/approval.h"
#include "engine/setup.h"
#include "vault/note.h"

/* How long a request waits. */
#define APPROVAL_WAIT_NS (INT64_C(72) * 3600 * 1000000000)

/* X(symbol, name, words) */
#define APPROVAL_OPERATIONS(X)                                                                 \
    X(BACKUP_DELETE, "backup-delete", "deleting the backup")                                   \
    X(BACKUP_SHORTEN, "backup-shorten", "shortening the time of the backup")                   \
    X(VAULT_DELETE, "vault-delete", "deleting the vault")                                      \
    X(VAULT_FREEZE, "vault-freeze", "letting the vault run out")                               \
    X(VAULT_PURGE, "vault-purge", "purging the vault before its time")                         \
    X(MIRROR_END, "mirror-end", "ending the mirror")                                           \
    X(LOCK_LIFT, "lock-lift", "lifting the lock")                                              \
    X(POLICY_CHANGE, "policy-change", "changing what the policy keeps")                        \
    X(APPROVERS, "approvers", "changing the approvers")
enum approval_operation {
#define X(symbol, name, words) APPROVAL_##symbol,
    APPROVAL_OPERATIONS(X)
#undef X
};

/*
 * 0 when nobody has to approve, or enough have; APPROVAL_NEEDED with the id of the request,
 * which is made when there is none, and how many are missing.  `subject` is what it is done to,
 * one line; the same words mean the same thing.  A mirror has the approvers of its vault, too.
 * Not within a transaction.
 */
int approval_ask(struct setup *s, const struct catalog_vault *row,
                 enum approval_operation operation, const char *subject, struct error *e);
/* It is done now: the request is used up, in the caller's transaction or one of its own.
 * APPROVAL_NEEDED when somebody else has used it meanwhile. */
int approval_spend(struct setup *s, const struct catalog_vault *row,
                   enum approval_operation operation, const char *subject, struct error *e);

/* Makes a key of an approver: the file `path` (mode 0600, never replaced) and its public half.
 */
int approval_key_make(const char *path, uint8_t public_key[CATALOG_APPROVAL_KEY],
                      struct error *e);
/* Signs the request `text` (its id) with the key in the file: `*request` is what was signed,
 * `*missing` how many approvals it lacks now.  APPROVAL_REFUSED when the key is nobody's who is
 * asked, has signed already, or the request is over; NO_APPROVAL, AMBIGUOUS. */
int approval_grant(struct setup *s, const char *text, const char *key_path,
                   struct catalog_request *request, uint32_t *missing, struct error *e);
/* Nobody is to approve of it any more. */
int approval_cancel(struct setup *s, const char *text, struct catalog_request *request,
                    struct error *e);
/* How many of those who are asked now have validly approved, and how many have to. */
int approval_count(struct setup *s, const struct catalog_request *request, uint32_t *granted,
                   uint32_t *needed, struct error *e);

/* Who approves from now on: an approval itself, when there are approvers already.  PARAMETER
 * for more needed than there are, for keys that are equal. */
int approval_set(struct setup *s, const struct catalog_vault *row,
                 const struct catalog_approvers *approvers, struct error *e);

/* ---- for engine/notes.h ---- */

/* What a note is to say of the approvers; nothing when there are none. */
int approval_note(struct setup *s, const struct catalog_vault *row, struct vault_note *note,
                  struct error *e);
int approval_tell(struct setup *s, struct vault *v, const struct catalog_vault *row,
                  struct error *e);
/* Takes them back from a note; `*count` grows by their number. */
int approval_take(struct setup *s, const struct vault_note *note,
                  const struct catalog_vault *row, uint64_t *count, struct error *e);

#endif
