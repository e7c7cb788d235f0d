/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discard.h - backups that people delete can be brought back for a while (DEL-10).
 *
 * A discarded backup leaves all lists, counts for no rule and is nobody's newest backup, but
 * stays whole in the vault and in its mirror: what it needs is pruned no sooner than after it
 * was deleted for good.  That happens when `undelete` of the configuration has passed by the
 * time that may be trusted, and never while the clock is in doubt.  The vault remembers it
 * (vault/note.h): a rebuilt catalog has it deleted still, or, where that was not noted, live.
 *
 * What policies let go goes at once: their rules are the time to think.
 */
#ifndef CORE_ENGINE_DISCARD_H
#define CORE_ENGINE_DISCARD_H

#include "engine/deletion.h"

/* purge_ns of a backup that was deleted while the clock was in doubt: the time begins when the
 * clock is right. */
#define DISCARD_NOT_YET INT64_MAX

/*
 * Discards a backup, after deletion_prepare.  Codes as deletion_run.  `*purge_ns` is when it
 * goes for good; when the vault could not be told the result is 0 and `unnoted` has the reason.
 * With limits.undelete 0 it is deleted for good at once, and `*purge_ns` is 0.
 */
int discard_run(struct setup *s, const struct deletion_request *request, int64_t *purge_ns,
                struct error *unnoted, struct error *e);
/* Brings it back; `vault` is open and unlocked.  BACKUP_STATE when it is not deleted, or its
 * deletion for good has begun; NO_BACKUP; what the vault's state says. */
int discard_undo(struct setup *s, const struct open_vault *vault,
                 const struct catalog_backup *backup, struct error *unnoted, struct error *e);

/* What a round has done. */
struct discard_round {
    uint64_t waiting; /* whose time has not come */
    uint64_t deleted; /* for good */
    uint64_t refused; /* pinned, locked or extended meanwhile: another time */
    bool doubtful;    /* the clock is in doubt: nothing went */
};
/* Deletes for good what is due in the vault, which is opened only when there is something. */
int discard_due(struct setup *s, const struct catalog_vault *row, const struct setup_key *key,
                struct discard_round *round, struct error *e);

#endif
