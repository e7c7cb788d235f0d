/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moves.h - where the chunks of packs went that a seal lists and that are there no more: all
 * genuine moves of one copy of a vault.  Needs no key.  Format: doc/format.md section 13.
 *
 * A listed pack that is there always counts.  One that is absent, and that a move which covers
 * the seal names, is no loss: its heirs count in its place.
 */
#ifndef CORE_VAULT_MOVES_H
#define CORE_VAULT_MOVES_H

#include "vault/pack_set.h"
#include "vault/prune_epochs.h"

struct move_object {
    char name[NAME_SIZE];
    uint64_t bytes;
    struct prune_record record;
};

/* `{0}` is empty; moves_free. */
struct moves {
    struct move_object *items;
    size_t count;
    struct pack_set packs; /* that are there; filled when there are moves */
};

/* Lists packs and reads all moves, when there are any.  Damaged ones are logged and do not
 * count. */
int moves_load(struct vault *v, struct moves *m, struct error *e);
void moves_free(struct moves *m);

/* The move that names the pack and covers the seal, or NULL. */
const struct move_object *moves_find(const struct moves *m, uint64_t seal,
                                     const uint8_t hash[32]);
/* Any move that names the pack. */
const struct move_object *moves_find_any(const struct moves *m, const uint8_t hash[32]);

/*
 * What the seal with the number `seal` needs, given what it and its rolls list: `*packs` (an
 * allocated array) is replaced by another one, ascending, each pack once.  With `epochs` (NULL
 * = none) a condemned pack gives way to its heirs, too, when the record covers the seal;
 * `*held` (may be NULL) tells whether one stays because its record does not.  `used` (may be
 * NULL) receives a bool per move: true where it was called upon.
 */
int moves_resolve(const struct moves *m, const struct prune_epochs *epochs, uint64_t seal,
                  struct seal_pack **packs, size_t *count, bool *held, bool *used,
                  struct error *e);

#endif
