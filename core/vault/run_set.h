/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_set.h - the index runs that are in force, and which packs they cover.  What a run covers
 * is kept in the cache directory, so that its directory is read once.
 */
#ifndef CORE_VAULT_RUN_SET_H
#define CORE_VAULT_RUN_SET_H

#include "vault/run.h"

struct run_summary {
    struct run_name name;
    struct run_pack *packs;
    size_t pack_count;
    uint8_t (*replaced)[32];
    size_t replaced_count;
    bool ignored; /* replaced by another, or not to be read */
    uint64_t entries;
};

struct run_set {
    struct run_summary *runs;
    size_t count;
};

/* All runs of the vault.  Those that cannot be read are ignored. */
int run_set_load(struct vault *v, struct run_set *set, struct error *e);
/* Adds a run just written (`packs` copied) and ignores those that it replaces. */
int run_set_add(struct run_set *set, const struct run_name *name,
                const struct run_request *request, struct error *e);
void run_set_free(struct run_set *set);
/* A sequence that no run has. */
uint64_t run_set_next(const struct run_set *set);

#endif
