/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost.h - objects that the catalog knows and the vault does not: what was removed from storage
 * behind the vault's back.  The chain of seals tells that of seals and tombstones too, except
 * for the newest ones, and without their names; no object tells it of key slots.
 */
#ifndef CORE_ENGINE_LOST_H
#define CORE_ENGINE_LOST_H

#include "engine/setup.h"

/* One object. */
struct lost_object {
    const char *name;   /* in storage */
    const char *backup; /* id of the backup that is hurt, or NULL */
    bool missing;       /* false: it is there, and the catalog does not know it */
    struct error why;   /* code INTEGRITY, or FAILED for what is not missing */
};
typedef void lost_function(void *context, const struct lost_object *lost);

/* Calls `each` for every backup of the vault (which the catalog knows) whose seal is not on
 * storage and was not deleted in the regular way. */
int lost_backups(struct setup *s, const struct open_vault *vault, lost_function *each,
                 void *context, struct error *e);

/* The same for key slots, for tombstones and for records of a lock, and for key slots that the
 * catalog does not know.  No key is needed. */
int lost_witnesses(struct setup *s, const struct open_vault *vault, lost_function *each,
                   void *context, struct error *e);

#endif
