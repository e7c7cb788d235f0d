/* SPDX-License-Identifier: Apache-2.0 */
/* index_places.c - all that the index knows of a chunk or of a pack, for prune. */
#include "base/object.h"
#include "vault/index_private.h"

#include <string.h>

uint32_t index_pack_count(struct index *ix)
{
    pthread_mutex_lock(&ix->lock);
    uint32_t count = ix->pack_count;
    pthread_mutex_unlock(&ix->lock);
    return count;
}

void index_facts(struct index *ix, uint32_t number, struct index_facts *facts)
{
    pthread_mutex_lock(&ix->lock);
    const struct index_pack *p = &ix->packs[number];
    *facts = (struct index_facts){.id = p->id,
                                  .kind = p->kind,
                                  .chunks = p->chunks,
                                  .bad = p->bad || !p->covered,
                                  .gone = p->gone};
    pthread_mutex_unlock(&ix->lock);
}

bool index_number(struct index *ix, const uint8_t hash[32], uint32_t *number)
{
    pthread_mutex_lock(&ix->lock);
    uint32_t found = index_packs_find(ix, hash);
    pthread_mutex_unlock(&ix->lock);
    if (found == INDEX_NONE)
        return false;
    *number = found;
    return true;
}

int index_open_pack(struct index *ix, uint32_t number, struct index_hit *hit, struct error *e)
{
    pthread_mutex_lock(&ix->lock);
    const struct pack *pack = index_pin(ix, number, e);
    pthread_mutex_unlock(&ix->lock);
    if (pack == NULL)
        return -1;
    *hit = (struct index_hit){.number = number, .pack = pack};
    return 0;
}

/* Entries that may be it, each once. */
static int list_candidates(struct index *ix, const struct chunk_id *id,
                           struct entry *candidates, size_t *count, struct error *e)
{
    struct error why = ERROR_INIT;

    for (;;) {
        *count = 0;
        index_recent_find(ix, id->bytes, candidates, count);
        if (index_segments_find(ix, id->bytes, candidates, count, &why) == 0)
            return 0;
        /* Local files are copies: what is lost with one is read again. */
        if (index_cover(ix, e) < 0)
            return -1;
    }
}

static bool is_known(const struct index_place *places, int count, const struct entry *c)
{
    for (int i = 0; i < count; i++)
        if (places[i].number == c->pack && places[i].chunk == c->chunk)
            return true;
    return false;
}

/* 1 when the chunk stands there, 0, -1. */
static int confirm(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
                   const struct entry *c, struct error *e)
{
    struct index_pack *p = &ix->packs[c->pack];
    struct error why = ERROR_INIT;
    struct chunk_id found;

    if (p->kind != kind || p->gone || p->bad || c->chunk >= p->chunks)
        return 0;
    if (p->open == NULL && !p->loading && pack_peek(ix->vault, &p->id, c->chunk, &found) &&
        chunk_id_equal(&found, id))
        return 1;
    const struct pack *pack = index_pin(ix, c->pack, &why);
    if (pack == NULL) {
        if (why.error_class == LAGAN_NOT_FOUND || why.error_class == LAGAN_CORRUPT)
            return 0;
        *e = why;
        return -1;
    }
    bool equal =
        c->chunk < pack->table.chunk_count && chunk_id_equal(&pack->table.ids[c->chunk], id);
    index_unpin(ix, c->pack);
    return equal;
}

int index_places(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
                 struct index_place places[INDEX_PLACES], struct error *e)
{
    struct entry candidates[INDEX_CANDIDATES];
    size_t count = 0;
    int found = 0;

    OBJECT_CHECK(ix, INDEX_MAGIC);
    pthread_mutex_lock(&ix->lock);
    int result = list_candidates(ix, id, candidates, &count, e);
    for (size_t i = 0; result >= 0 && i < count && found < INDEX_PLACES; i++) {
        if (is_known(places, found, &candidates[i]))
            continue;
        result = confirm(ix, kind, id, &candidates[i], e);
        if (result > 0)
            places[found++] = (struct index_place){candidates[i].pack, candidates[i].chunk};
    }
    pthread_mutex_unlock(&ix->lock);
    return result < 0 ? -1 : found;
}
