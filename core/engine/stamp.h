/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp.h - what a backup says of the policy that made it: why it was made, by which policy,
 * for which time of its schedule, and when it may go by time.  Kept as tags of the seal, so
 * that a rebuilt catalog knows it again.
 */
#ifndef CORE_ENGINE_STAMP_H
#define CORE_ENGINE_STAMP_H

#include "catalog/catalog.h"
#include "policy/retention.h"
#include "vault/seal.h"

/* Times are decimal nanoseconds since 1970. */
#define STAMP_TAG_TRIGGER "lagan.trigger"
#define STAMP_TAG_POLICY "lagan.policy"
#define STAMP_TAG_SLOT "lagan.slot"
#define STAMP_TAG_EXPIRES "lagan.expires"

struct stamp {
    const char *trigger;                     /* as in catalog/run.h */
    const char *policy;                      /* its name */
    int64_t slot_ns;                         /* 0 = none */
    const struct retention_rules *retention; /* NULL, or without a time: no time to go */
    const struct timezone *zone;             /* whose months */
};

/* Adds the tags; the time to go is counted from `made_ns`.  `stamp` NULL = made by hand: none.
 */
int stamp_tag(const struct stamp *stamp, int64_t made_ns, struct seal *seal, struct error *e);
/* Fills in what the tags say; what is wrong in them counts as not said. */
void stamp_read(const struct seal *seal, struct catalog_backup *row);
/* Whether a tag is one of these: a replica has its own. */
bool stamp_is_tag(const char *name);

#endif
