/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_rotation.h - reads every object of a vault within a span of time, a part at a time,
 * and remembers what was read and found whole (catalog/keep.h).  Needs no key.
 *
 * Each turn looks at the structure (vault/verify.h), then reads objects in full: those whose
 * time would run out before the next turn, those that were damaged when last read, and of the
 * others, oldest first and never-read ones before all, as much as brings all of them round in
 * time.  What is damaged is taken from the vault's mirror, or a mirror's from its vault, when
 * there is one that has it whole.
 */
#ifndef CORE_ENGINE_VERIFY_ROTATION_H
#define CORE_ENGINE_VERIFY_ROTATION_H

#include "engine/job.h"
#include "engine/setup.h"

struct rotation_request {
    int64_t within_ns;                   /* everything is read once within it */
    int64_t period_ns;                   /* until the next turn */
    int64_t now_ns;                      /* wall clock */
    const struct job_reporter *reporter; /* NULL = none */
    void *context;
    void (*started)(void *context, const char *task); /* the task has this id; may be NULL */
};

struct rotation_result {
    uint64_t objects, bytes;           /* named by their hash, in the vault */
    uint64_t objects_read, bytes_read; /* in this turn */
    uint64_t damaged;                  /* objects found damaged or missing ... */
    uint64_t healed;                   /* ... and brought back from the other side */
    int64_t oldest_ns;   /* when what was read longest ago was; 0 = something never was */
    struct buffer found; /* a line for each damaged object; the caller frees */
};

/* One turn.  0 when it could be made, whatever it found. */
int verify_rotation(struct setup *s, const struct catalog_vault *row,
                    const struct rotation_request *request, struct rotation_result *result,
                    struct error *e);

/* An object, to choose from. */
struct rotation_object {
    uint8_t hash[CATALOG_HASH_SIZE];
    uint64_t bytes;
    int64_t read_ns; /* when it was last read; 0 = never */
    bool damaged;    /* it was not whole then */
    char *name;      /* owned by whoever made it; not looked at */
    bool due;        /* the answer */
};
/* Marks those that this turn reads; puts them into the order of their age.  The bytes of these.
 * Pure. */
uint64_t rotation_choose(struct rotation_object *objects, size_t count,
                         const struct rotation_request *request);

#endif
