/* SPDX-License-Identifier: Apache-2.0 */
/* index_packs.c - the packs of an index: numbers, and those that are open in memory. */
#include "base/log.h"
#include "base/object.h"
#include "vault/index_private.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256, LEAST_OPEN = 3 };

static uint32_t slot_of(const uint8_t hash[32])
{
    return load_u32(hash + 4);
}

static void slot_put(struct index *ix, uint32_t number)
{
    uint32_t slot = slot_of(ix->packs[number].id.hash) & ix->slot_mask;

    while (ix->slots[slot] != 0)
        slot = (slot + 1) & ix->slot_mask;
    ix->slots[slot] = number + 1;
}

static int grow(struct index *ix, struct error *e)
{
    uint32_t room = ix->pack_room == 0 ? FIRST_ROOM : 2 * ix->pack_room;
    struct index_pack *packs = reallocarray(ix->packs, room, sizeof(*packs));
    uint32_t *slots = calloc(2 * (size_t)room, sizeof(*slots));

    if (packs != NULL)
        ix->packs = packs;
    if (packs == NULL || slots == NULL) {
        free(slots);
        return error_no_memory(e, "the index");
    }
    free(ix->slots);
    ix->slots = slots;
    ix->slot_mask = 2 * room - 1;
    ix->pack_room = room;
    for (uint32_t i = 0; i < ix->pack_count; i++)
        slot_put(ix, i);
    return 0;
}

uint32_t index_packs_find(const struct index *ix, const uint8_t hash[32])
{
    if (ix->slots == NULL)
        return INDEX_NONE;
    uint32_t slot = slot_of(hash) & ix->slot_mask;
    while (ix->slots[slot] != 0) {
        uint32_t number = ix->slots[slot] - 1;
        if (memcmp(ix->packs[number].id.hash, hash, 32) == 0)
            return number;
        slot = (slot + 1) & ix->slot_mask;
    }
    return INDEX_NONE;
}

int index_packs_add(struct index *ix, const struct seal_pack *id, uint32_t *number,
                    struct error *e)
{
    uint32_t found = index_packs_find(ix, id->hash);

    if (found == INDEX_NONE) {
        if (ix->pack_count == ix->pack_room && grow(ix, e) < 0)
            return -1;
        found = ix->pack_count;
        ix->packs[ix->pack_count++] =
            (struct index_pack){.id = *id, .newer = INDEX_NONE, .older = INDEX_NONE};
        slot_put(ix, found);
    }
    *number = found;
    return 0;
}

static void list_remove(struct index *ix, uint32_t number)
{
    struct index_pack *p = &ix->packs[number];

    if (p->newer != INDEX_NONE)
        ix->packs[p->newer].older = p->older;
    else
        ix->newest = p->older;
    if (p->older != INDEX_NONE)
        ix->packs[p->older].newer = p->newer;
    else
        ix->oldest = p->newer;
    p->newer = p->older = INDEX_NONE;
}

static void list_push(struct index *ix, uint32_t number)
{
    struct index_pack *p = &ix->packs[number];

    p->older = ix->newest;
    p->newer = INDEX_NONE;
    if (ix->newest != INDEX_NONE)
        ix->packs[ix->newest].newer = number;
    else
        ix->oldest = number;
    ix->newest = number;
}

void index_touch(struct index *ix, uint32_t number)
{
    if (ix->newest == number)
        return;
    list_remove(ix, number);
    list_push(ix, number);
}

/* Closes open packs that were not used lately until the rest fits.  A writer goes round between
 * two data packs and one of metadata, and so does whoever reads what it has written: so many
 * stay. */
static void evict(struct index *ix)
{
    uint32_t number = ix->oldest;

    while (ix->open_bytes > ix->request.memory_bytes && ix->open_count > LEAST_OPEN &&
           number != INDEX_NONE) {
        struct index_pack *p = &ix->packs[number];
        uint32_t next = p->newer;
        if (p->pins == 0 && number != ix->newest) {
            list_remove(ix, number);
            ix->open_bytes -= pack_memory(p->open);
            ix->open_count--;
            pack_close(p->open);
            p->open = NULL;
        }
        number = next;
    }
}

void index_adopt(struct index *ix, uint32_t number, struct pack *pack)
{
    struct index_pack *p = &ix->packs[number];

    if (p->open != NULL) {
        pack_close(pack);
        return;
    }
    p->open = pack;
    p->kind = (uint8_t)pack->kind;
    p->chunks = pack->table.chunk_count;
    p->cursor = 0;
    ix->open_bytes += pack_memory(pack);
    ix->open_count++;
    list_push(ix, number);
    evict(ix);
}

void index_mark_bad(struct index *ix, uint32_t number, const struct error *why)
{
    if (ix->packs[number].bad)
        return;
    ix->packs[number].bad = true;
    if (ix->damage.error_class == LAGAN_OK)
        ix->damage = *why;
    log_write(LOG_WARNING, "vault", "%s", why->text);
}

/* Opens pack `number`, which nobody else does. */
static int load(struct index *ix, uint32_t number, struct error *e)
{
    struct seal_pack id = ix->packs[number].id;
    struct pack *pack = NULL;

    ix->packs[number].loading = true;
    pthread_mutex_unlock(&ix->lock);
    int result = pack_open(ix->vault, &id, &pack, e);
    pthread_mutex_lock(&ix->lock);
    ix->packs[number].loading = false;
    pthread_cond_broadcast(&ix->opened);
    if (result < 0) {
        if (e->error_class == LAGAN_NOT_FOUND || e->error_class == LAGAN_CORRUPT)
            index_mark_bad(ix, number, e);
        return -1;
    }
    index_adopt(ix, number, pack);
    return 0;
}

const struct pack *index_pin(struct index *ix, uint32_t number, struct error *e)
{
    while (ix->packs[number].loading)
        pthread_cond_wait(&ix->opened, &ix->lock);
    if (ix->packs[number].open == NULL && load(ix, number, e) < 0)
        return NULL;
    index_touch(ix, number);
    ix->packs[number].pins++;
    return ix->packs[number].open;
}

void index_unpin(struct index *ix, uint32_t number)
{
    ASSERT(ix->packs[number].pins > 0);
    ix->packs[number].pins--;
}

void index_packs_free(struct index *ix)
{
    for (uint32_t i = 0; i < ix->pack_count; i++) {
        ASSERT(ix->packs[i].pins == 0);
        pack_close(ix->packs[i].open);
    }
    free(ix->packs);
    free(ix->slots);
}
