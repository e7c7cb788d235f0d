/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extend.h - the time of a single backup is extended (RET-15): whatever its rules say, nobody
 * deletes it before, neither a policy nor by hand.  The vault remembers it (vault/note.h), so
 * that a rebuilt catalog keeps the promise.
 */
#ifndef CORE_ENGINE_EXTEND_H
#define CORE_ENGINE_EXTEND_H

#include "engine/setup.h"

struct extend_request {
    const struct catalog_backup *backup;
    int64_t until_ns;            /* 0 = takes back what was extended */
    const char *reason;          /* of people; NULL = none */
    const struct setup_key *key; /* how the vault is opened; NULL = as its row says */
};
/*
 * With its audit line.  Less than was said before needs a vault without a lock and a reason:
 * LOCK_SHORTER, USAGE; several may have to approve (APPROVAL_NEEDED).  LOCK_RETENTION for more
 * than the vault's lock allows; PARAMETER for a time that is over; NO_BACKUP, BACKUP_STATE,
 * VAULT_IS_MIRROR.  0 also when nothing changes.
 */
int extend_backup(struct setup *s, const struct extend_request *request, struct error *e);

#endif
