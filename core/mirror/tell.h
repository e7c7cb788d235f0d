/* SPDX-License-Identifier: Apache-2.0 */
/* tell.h - what people are told of mirrors, once for each time that it comes to be. */
#ifndef CORE_MIRROR_TELL_H
#define CORE_MIRROR_TELL_H

#include "catalog/mirror.h"
#include "catalog/queue.h"
#include "engine/setup.h"

/* Compares a mirror with what it was: MIRROR_ERROR, MIRROR_BRAKED, and MIRROR_LAGS, which is
 * told again once it has caught up in between.  In the transaction of the change. */
int mirror_tell_change(struct setup *s, const struct catalog_mirror *before,
                       const struct catalog_mirror *now, const struct catalog_lag *lag,
                       int64_t now_ns, struct error *e);
/* The item was given up: GIVEN_UP.  In the transaction that says so. */
int mirror_tell_given_up(struct setup *s, const struct catalog_item *item,
                         const struct error *why, struct error *e);

#endif
