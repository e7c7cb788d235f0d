/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes.h - what the catalog knows and storage is to know, too, so that `catalog rebuild`
 * brings it back (vault/note.h): backups that were deleted and can be brought back, or are kept
 * for longer; policies with the vault and the sources they hold for; who approves of deletions.
 *
 * The catalog decides; a note that could not be written is written with the next chance.
 */
#ifndef CORE_ENGINE_NOTES_H
#define CORE_ENGINE_NOTES_H

#include "catalog/policy.h"
#include "engine/setup.h"
#include "vault/note.h"

/* Says in the vault, which is unlocked, what the row says of its backup: until when it is kept,
 * and whether it was deleted. */
int notes_tell_backup(struct vault *v, const struct catalog_backup *row, struct error *e);
/* Nothing is to be said of a backup that is gone for good; what fails is logged. */
void notes_forget_backup(struct vault *v, const char *id);

/* Brings what the vault, which is unlocked, says of policies and approvers in line with the
 * catalog. */
int notes_tell_vault(struct setup *s, struct vault *v, const struct catalog_vault *row,
                     struct error *e);
/* As notes_tell_vault for a vault that is still closed, opened as `key` (may be NULL) says;
 * nothing is opened when nothing has changed since it was last told. */
int notes_keep(struct setup *s, const struct catalog_vault *row, const struct setup_key *key,
               struct error *e);
/* The same for a vault that is open and unlocked. */
int notes_keep_open(struct setup *s, const struct open_vault *vault, struct error *e);

/* What a rebuild has brought back. */
struct notes_taken {
    uint64_t backups_deleted;   /* they can be brought back, as before */
    uint64_t backups_extended;  /* kept for longer, as before */
    uint64_t policies_new;      /* that the catalog did not know */
    uint64_t policies_disabled; /* of these */
    uint64_t sources_bound;
    uint64_t approvers;
};
/*
 * Takes into the catalog what the notes of the vault say, which is unlocked and whose backups
 * and sources have their rows.  `new_vault`: the catalog did not know the vault before; else
 * what the catalog says of policies and approvers stands, and only what it lacks is taken.
 * Of a mirror, which follows a vault that nobody knows any more, policies are taken, but hold
 * for nothing, and approvers are not asked: the end of the mirror (as a NORMAL one) takes them.
 * Notes that a newer program wrote, or whose policy cannot be taken, are logged and left.
 * Within the caller's transaction.
 */
int notes_take(struct setup *s, struct vault *v, const struct catalog_vault *row,
               bool new_vault, struct notes_taken *taken, struct error *e);

#endif
