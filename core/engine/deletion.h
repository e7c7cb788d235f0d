/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deletion.h - the one way in which a backup is deleted for good, by hand or by a policy: its
 * tombstone and seal in the vault, its row in the catalog, and a line that says why it went.
 *
 * What stands against it: the state of the vault (DEL-07) and of the backup (DEL-05), pins
 * (DEL-06, RET-14), a time that was extended (RET-15), being the newest of its source (RET-13),
 * the vault's lock, and, by hand, approvers (DEL-12).  The space comes back when the vault is
 * pruned.  What people delete can be brought back first: engine/discard.h.
 */
#ifndef CORE_ENGINE_DELETION_H
#define CORE_ENGINE_DELETION_H

#include "engine/setup.h"

struct deletion_request {
    struct open_vault *vault; /* unlocked, writable */
    const struct seal *seal;  /* of the vault as it is now */
    const char *reason;       /* of people, kept in the vault too; NULL = none */
    const char *policy;       /* whose rule it was; NULL = by hand */
    const char *rule;         /* its name; NULL = "by-hand" */
    bool force;               /* also the newest of its source */
    bool approved;            /* nobody has to approve of it any more */
};

/* Before the first deletion of a command: asks the vault's state and its lock (LOCK_STATE),
 * ends what earlier deletions have left, and brings the catalog in line with `seals`, listed
 * just now. */
int deletion_prepare(struct setup *s, const struct open_vault *vault,
                     const struct seal_list *seals, struct error *e);
/* Whether the backup `id` may go, as far as the catalog knows: 0, or NO_BACKUP, BACKUP_STATE,
 * BACKUP_PINNED with the reason, BACKUP_EXTENDED, BACKUP_LATEST unless `force`.  One that was
 * deleted and can be brought back may go. */
int deletion_check(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                   bool force, struct error *e);
/*
 * Deletes it, after deletion_prepare.  Codes as deletion_check, BACKUP_LOCKED, APPROVAL_NEEDED,
 * and what storage says; then the catalog says again what the vault has.  When it is gone and
 * the catalog could not learn so, the result is 0 and `unrecorded` has the reason.
 */
int deletion_run(struct setup *s, const struct deletion_request *request,
                 struct error *unrecorded, struct error *e);

#endif
