/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - where chunks are.  A view of the vault as its seals were when it was opened, plus
 * the packs that a session adds.
 *
 * The truth stands in the directories of packs.  The index keeps sorted copies of them in local
 * files (in the vault's cache directory, else in unlinked temporary ones), which it fills from
 * index runs and from the tails of packs.  Memory: about 10 bits a chunk, and tables of
 * contents within a limit.  Each hit is confirmed by the full id in a table of contents.
 *
 * Only packs that some backup needs, and the session's own, count.  Thread-safe but for opening
 * and closing.
 */
#ifndef CORE_VAULT_INDEX_H
#define CORE_VAULT_INDEX_H

#include "vault/pack.h"
#include "vault/prune_epochs.h"

struct index;

struct index_request {
    /* For tables of contents in memory. */
    size_t memory_bytes;
    /* A pack that is missing or damaged is logged and counts as absent; else finding a chunk in
     * it fails.  For writers: they store such chunks anew.  Packs are listed for that. */
    bool tolerant;
    /* Packs that these name count as absent, and their heirs in their place; NULL = none.  Must
     * outlive the index. */
    const struct prune_epochs *condemned;
};

/* A chunk that was found. */
struct index_hit {
    uint32_t number;         /* of the pack */
    const struct pack *pack; /* stays until index_release */
    uint32_t chunk;          /* its number in the pack's table */
};

/* Opens the index over the packs that the vault's backups need. */
int index_open(struct vault *v, const struct index_request *request, struct index **ix,
               struct error *e);
/* No hit may be unreleased.  NULL is fine. */
void index_close(struct index *ix);

/* Looks a chunk up: 1 found, 0 not, -1. */
int index_find(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
               struct index_hit *hit, struct error *e);
/* The same in any pack but number `except`, which could not be read. */
int index_find_other(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
                     uint32_t except, struct index_hit *hit, struct error *e);
void index_release(struct index *ix, const struct index_hit *hit);

/* The same without the pack: `*number` receives its number.  Faster when chunks come in any
 * order. */
int index_has(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
              uint32_t *number, struct error *e);

/* Adds a committed pack of the session's own and takes it over, also on failure; `*number`
 * receives its number. */
int index_add(struct index *ix, struct pack *pack, uint32_t *number, struct error *e);

/* Packs are numbered from 0 as they come. */
struct seal_pack index_pack(struct index *ix, uint32_t number);

/* Reading pack `number` has shown that it is damaged or gone: it counts as absent to this index
 * when that is tolerant, and to writers on this host until a check finds it whole. */
void index_distrust(struct index *ix, uint32_t number, const struct error *why);
/* Whether the pack counts, and nothing is known against it. */
bool index_has_pack(struct index *ix, const uint8_t hash[32]);

/* What the index knows of a pack. */
struct index_facts {
    struct seal_pack id;
    enum chunk_kind kind;
    uint32_t chunks;
    bool bad;  /* missing or damaged, so that what it holds is not known */
    bool gone; /* does not count */
};
uint32_t index_pack_count(struct index *ix);
void index_facts(struct index *ix, uint32_t number, struct index_facts *facts);
/* The number of a pack; false when the index does not have it. */
bool index_number(struct index *ix, const uint8_t hash[32], uint32_t *number);
/* Opens pack `number`; it stays until index_release. */
int index_open_pack(struct index *ix, uint32_t number, struct index_hit *hit, struct error *e);

/* All places of a chunk in packs that count, each confirmed by the full id in a table of
 * contents.  Packs that cannot be opened are passed over and marked as bad. */
enum { INDEX_PLACES = 16 };
struct index_place {
    uint32_t number; /* of the pack */
    uint32_t chunk;  /* its number in there */
};
/* How many there are, or -1. */
int index_places(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
                 struct index_place places[INDEX_PLACES], struct error *e);

/* Looks again at what backups need, after a pack was found to be gone: its chunks may have been
 * moved since the index was opened. */
int index_renew(struct index *ix, struct error *e);

/* True, and why, when some pack or roll that counts was found missing or damaged. */
bool index_damage(struct index *ix, struct error *why);

/* Keeps the entries of added packs in the cache directory for whoever opens the vault next. */
int index_keep(struct index *ix, struct error *e);

/* Writes index runs when enough packs are covered by none, and merges runs when there are many
 * of a level.  `session`: 16 bytes. */
int index_write_runs(struct index *ix, const uint8_t session[16], struct error *e);

#endif
