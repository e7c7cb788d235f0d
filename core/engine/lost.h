/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost.h - backups that the catalog knows and the vault does not: a seal that was removed from
 * storage behind the vault's back.  The chain of seals tells that too, except for the newest
 * ones, and without their names.
 */
#ifndef CORE_ENGINE_LOST_H
#define CORE_ENGINE_LOST_H

#include "engine/setup.h"

/* Calls `each` for every backup of the vault (which the catalog knows) whose seal is not on
 * storage and was not deleted in the regular way. */
int lost_backups(struct setup *s, const struct open_vault *vault,
                 void (*each)(void *context, const struct catalog_backup *row), void *context,
                 struct error *e);

#endif
