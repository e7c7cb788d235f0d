/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - index runs: sorted entries of many packs in one object.
 * Format: doc/format.md section 11.
 *
 * Runs only speed things up.  Whoever cannot read one reads the tails of its packs.
 */
#ifndef CORE_VAULT_RUN_H
#define CORE_VAULT_RUN_H

#include "vault/entry.h"
#include "vault/envelope.h"
#include "vault/filter.h"

enum {
    RUN_PAGE_ENTRIES = 2730,
    RUN_ENTRY_LIMIT =
        512 << 10, /* a writer makes no larger ones: their filter is made in memory, of which
                      it takes some 25 bytes for each entry */
    RUN_LEVEL_LIMIT = 9,
    RUN_MERGE_COUNT = 8 /* so many runs of a level are merged into one of the next */
};

/* A run as a listing shows it. */
struct run_name {
    uint32_t level;
    uint64_t sequence;
    uint8_t hash[32];
    uint64_t bytes;
};

/* A pack that a run covers. */
struct run_pack {
    struct seal_pack id;
    uint8_t kind; /* enum chunk_kind */
    uint32_t chunks;
};
/* As stored: hash, size u64, kind u8, chunks u32. */
void run_pack_give(const struct run_pack *pack, struct buffer *out);
void run_pack_take(struct run_pack *pack, struct reader *r);
/* CORRUPT unless the packs have `entries` chunks together: a list that covers a pack has all of
 * it. */
int run_packs_check(const struct run_pack *packs, size_t count, uint64_t entries,
                    struct error *e);

/* Lists all runs, also replaced ones, by level and sequence; the caller frees `*runs`. */
int run_list(struct vault *v, struct run_name **runs, size_t *count, struct error *e);

/* An open run: its directory in memory. */
struct run;
int run_open(struct vault *v, const struct run_name *name, struct run **run, struct error *e);
void run_close(struct run *r);
const struct run_pack *run_packs(const struct run *r, size_t *count);
uint64_t run_entries(const struct run *r);
/* Hashes of the runs that this one replaces. */
const uint8_t (*run_replaced(const struct run *r, size_t *count))[32];
const struct filter *run_filter(const struct run *r);
/* All entries in order; `pack` numbers run_packs.  The run must outlive the stream. */
struct entry_stream *run_stream(struct run *r, struct error *e);

/* What to write. */
struct run_request {
    uint32_t level;
    uint64_t sequence;
    const struct run_pack *packs;
    size_t pack_count;
    struct entry_stream *entries; /* sorted; `pack` numbers `packs` */
    const uint8_t (*replaced)[32];
    size_t replaced_count;
};

/* Writes a run under `env` (copied).  Memory: 8 bytes an entry, then 16 more for the filter. */
int run_write(struct target *target, const struct envelope *env,
              const struct run_request *request, struct run_name *name, struct error *e);

#endif
