/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.h - the tables of functions as data: name, place, and whether a driver must have it.
 * Private to this room.
 */
#ifndef CORE_DRIVER_SLOTS_H
#define CORE_DRIVER_SLOTS_H

#include "driver/driver_private.h"

/* When a driver must have a slot. */
enum slot_need {
    SLOT_OPTIONAL,
    SLOT_MANDATORY,
    SLOT_PARAMETERS, /* mandatory when the driver has parameters */
    SLOT_STAGES,     /* all of this group or none */
    SLOT_MULTIPART   /* all of this group or none */
};

/* One slot. */
struct slot {
    const char *name;
    size_t offset; /* in union driver_ops */
    enum slot_need need;
};

/* The slots that every kind starts with, then those of `kind`; `*count` tells how many. */
const struct slot *slots_common(size_t *count);
const struct slot *slots_of_kind(uint32_t kind, size_t *count);
/* Size of the kind's table as this program knows it; 0 for an unknown kind. */
size_t slots_table_bytes(uint32_t kind);

/* True when `ops` has the slot. */
bool slot_is_present(const union driver_ops *ops, const struct slot *slot);

/* 0, or -1 with the name of the first slot that is missing in `*missing`. */
int slots_check(const union driver_ops *ops, uint32_t kind, bool has_parameters,
                const char **missing);

#endif
