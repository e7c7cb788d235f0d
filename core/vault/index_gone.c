/* SPDX-License-Identifier: Apache-2.0 */
/* index_gone.c - packs that seals list and that do not count: those that were removed after
 * their chunks were moved, and condemned ones. */
#include "vault/index_private.h"
#include "vault/moves.h"

static int add_heirs(struct index *ix, const struct prune_record *r,
                     const struct prune_gone *gone, struct error *e)
{
    uint32_t number;

    for (uint32_t i = 0; i < gone->count; i++)
        if (index_packs_add(ix, &r->heirs[r->places[gone->first + i]], &number, e) < 0)
            return -1;
    return 0;
}

/* The record by which a pack does not count, or NULL. */
static const struct prune_record *leaves(const struct index *ix, const struct moves *m,
                                         const uint8_t hash[32])
{
    const struct prune_record *r = NULL;
    const struct move_object *move;

    if (ix->request.condemned != NULL)
        r = prune_epochs_find(ix->request.condemned, hash);
    if (r != NULL && prune_record_find(r, hash) != NULL)
        return r;
    if (m->count == 0 || pack_set_find(&m->packs, hash) != NULL)
        return NULL;
    move = moves_find_any(m, hash);
    return move != NULL ? &move->record : NULL;
}

/* Heirs come behind the others, and are looked at in their turn. */
static int look(struct index *ix, const struct moves *m, struct error *e)
{
    for (uint32_t i = 0; i < ix->pack_count; i++) {
        const struct prune_record *r;

        if (ix->packs[i].own || ix->packs[i].gone)
            continue;
        r = leaves(ix, m, ix->packs[i].id.hash);
        if (r == NULL)
            continue;
        ix->packs[i].gone = true;
        if (add_heirs(ix, r, prune_record_find(r, ix->packs[i].id.hash), e) < 0)
            return -1;
    }
    return 0;
}

int index_gone(struct index *ix, struct error *e)
{
    struct moves moves;

    if (moves_load(ix->vault, &moves, e) != 0)
        return -1;
    int result = look(ix, &moves, e);
    moves_free(&moves);
    return result;
}
