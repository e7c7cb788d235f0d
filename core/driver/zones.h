/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zones.h - a target that stands on several targets, the zones of a region, so that every
 * object survives the loss of any one of them.  It is used through driver/target.h like any
 * other; doc/decisions/0005-zones.md says why it is built like this.
 *
 * Objects whose keys start with "packs/" lie in two zones, all others in all zones.  At most
 * one zone may be missing or fail at a time: then reads go to the others, new objects to the
 * zones there are, and the log has one warning.  When more are missing, calls fail with class
 * OFFLINE, code ZONE_MISSING, unless what they need is there.
 *
 *   put, commit   the first zone in the order of the key that answers decides who was first;
 *                 what that zone holds is then in two zones (packs), or in all or all but one.
 *                 EXISTS only when it is there that often: what an interrupted writer left in
 *                 too few zones is completed.  Of two writers who stage the same pack in
 *                 regions of four and more zones, both may be told that they were first.
 *   get, stat     any zone that has the object.  NOT_FOUND when all zones but one said so.
 *   list          what any zone has; all zones but one must have answered.  A seal that a
 *                 writer left in too few zones when it was killed is completed before it is
 *                 shown, where the target was opened for writing.
 *   remove        from all zones; ZONE_MISSING (and gone from the others) when one is missing,
 *                 because it would come back with that zone.
 *   flush         all zones; packs that a failing zone had are copied to another one first.
 *   capacity      the smallest.  Statistics and sweep: the sum.
 */
#ifndef CORE_DRIVER_ZONES_H
#define CORE_DRIVER_ZONES_H

#include "driver/target.h"

enum { ZONES_LEAST = 3, ZONES_LIMIT = 16, ZONES_PACK_COPIES = 2 };

/* One zone to be taken over. */
struct zone_place {
    const char *name;      /* unique; keys are spread by it, so it stays when others come */
    struct target *target; /* NULL = missing */
    struct error why;      /* why it is missing */
};

/* Makes one target of `count` (ZONES_LEAST to ZONES_LIMIT) zones and closes them with it, or
 * at once on failure: NOT_FOUND when all but one say that the place does not exist,
 * ZONE_MISSING when more than one is missing for any other reason. */
struct target *target_zones(const struct zone_place *zones, size_t count, struct error *e);

/* Keys of which two copies are enough. */
bool target_zones_is_pack(const char *key);

/* How many zones a target stands on; 0 for one that stands on itself. */
size_t target_zone_count(const struct target *t);
const char *target_zone_name(const struct target *t, size_t zone);
/* The target of a zone, for those who mend; NULL when it is missing, and then `e` says why. */
struct target *target_zone(const struct target *t, size_t zone, struct error *e);

/* Copies an object from one target to another; fine when it is there already.  `sha256` (32
 * bytes; NULL = none) is compared before the copy gets its name: CORRUPT when it differs. */
int target_copy(struct target *from, struct target *to, const char *key, const uint8_t *sha256,
                struct error *e);
/* Calls `each` for every object whose key starts with `prefix` and that any of the `count` (at
 * most ZONES_LIMIT) targets has, in byte order; NULLs among them are passed over.  `bytes[i]`
 * is its length in target i, ZONES_ABSENT where it is not.  All must answer. */
#define ZONES_ABSENT UINT64_MAX
int target_walk(struct target *const *targets, size_t count, const char *prefix,
                int (*each)(void *context, const char *key, const uint64_t *bytes,
                            struct error *e),
                void *context, struct error *e);
/* Whether both hold the same bytes as `key`: 1, 0, -1. */
int target_compare(struct target *a, struct target *b, const char *key, struct error *e);

#endif
