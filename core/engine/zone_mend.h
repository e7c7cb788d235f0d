/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone_mend.h - the copies of every object in a set of zones, counted, compared and completed.
 * Behind zone_repair, which opens the zones.
 */
#ifndef CORE_ENGINE_ZONE_MEND_H
#define CORE_ENGINE_ZONE_MEND_H

#include "driver/zones.h"

/* What was found and done. */
struct zone_repair_result {
    uint64_t objects;
    uint64_t complete; /* of them: nothing to do */
    uint64_t copied;   /* copies made */
    uint64_t copied_bytes;
    uint64_t replaced;   /* of them: in place of bad ones */
    uint64_t lost;       /* objects of which there is no sound copy */
    uint64_t incomplete; /* objects in fewer zones than they should be, found by zone_survey */
    size_t zones;        /* of the region */
    size_t missing;      /* of them: could not be opened */
    struct error why;    /* of the last one that is missing */
};

struct zone_mending {
    size_t count;                     /* zones of the region */
    char *const *names;               /* of them */
    struct target *zone[ZONES_LIMIT]; /* NULL = missing */
    size_t there;                     /* those that are not */
    bool read_all;                    /* compare also what is where it should be */
    void *context;
    /* What is wrong and was or could not be mended; `zone` is NULL for all of them. */
    void (*found)(void *context, const char *object, const char *zone, const char *text);
    struct zone_repair_result *result;
};

/* Goes through all objects, and makes durable what was copied. */
int zone_mend(struct zone_mending *m, struct error *e);

/* Counts the objects of a target that stands on zones, and those that are in too few of them or
 * not as long everywhere; reads and changes nothing. */
int zone_survey(struct target *t, struct zone_repair_result *result, struct error *e);

#endif
