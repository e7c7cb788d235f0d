/* SPDX-License-Identifier: Apache-2.0 */
/* drill_private.h - the parts of a drill. */
#ifndef CORE_ENGINE_DRILL_PRIVATE_H
#define CORE_ENGINE_DRILL_PRIVATE_H

#include "crypto/hash.h"
#include "driver/source.h"
#include "engine/drill.h"
#include "vault/store.h"

/* Which entries of a backup a drill takes. */
struct drill_sample {
    const uint8_t *seed; /* 32 bytes */
    unsigned percent;
};
/* Of entries that the backup lacks: never. */
bool drill_takes(const struct drill_sample *sample, const struct tree_entry *entry);

/* drill_scratch.c: a folder that nobody else removes while this process lives.  `{0}` is none.
 */
struct drill_scratch {
    char *folder;
    int lock;
};
/* Removes what dead processes have left below `parent` (made when absent), and makes one. */
int drill_scratch_make(struct drill_scratch *scratch, const char *parent, struct error *e);
/* Removes it with all that is in it.  What cannot be removed is a warning. */
void drill_scratch_remove(struct drill_scratch *scratch);

/* drill_compare.c */
struct drill_compare {
    struct vault *vault;
    struct store *store;
    const struct seal *seal;
    struct source *place; /* opened for reading */
    struct drill_sample sample;
    bool owners;                         /* are compared */
    const struct job_reporter *reporter; /* may be NULL */
    uint64_t entries, bytes, differences;
    char detail[ERROR_TEXT_SIZE]; /* the first difference */
    uint8_t digest[HASH_SIZE];    /* over what is there */
};
/* Joins the tree with what is there.  Differences are no failure. */
int drill_compare_run(struct drill_compare *c, struct error *e);

#endif
