/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone_repair.h - brings every object of a vault in a zone-redundant region to its full number
 * of zones again, after a zone was lost, was away for a while, or was replaced by an empty one.
 *
 * A copy that is named by its hash is read and compared with it before it is trusted; of other
 * objects the copy that most zones have is.  What is there already is not written again, so an
 * interrupted repair goes on where it stopped.  It needs no key.
 */
#ifndef CORE_ENGINE_ZONE_REPAIR_H
#define CORE_ENGINE_ZONE_REPAIR_H

#include "engine/setup.h"
#include "engine/zone_mend.h"

struct zone_repair_request {
    const struct config_region *region; /* with three zones and more */
    const char *prefix;                 /* of the vault */
    bool read_all;                      /* compare also what is where it should be */
    void *context;
    /* What is wrong and was or could not be mended; `zone` is NULL for all of them. */
    void (*found)(void *context, const char *object, const char *zone, const char *text);
};

/* Makes places of zones that have none.  ZONE_MISSING when no two zones can be opened. */
int zone_repair(struct setup *s, const struct zone_repair_request *request,
                struct zone_repair_result *result, struct error *e);

#endif
