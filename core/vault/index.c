/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - looking chunks up. */
#include "base/object.h"
#include "vault/distrust.h"
#include "vault/index_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Backups meet chunks in the order in which they were stored: the packs found last are
     * asked first, unless the last so many lookups found nothing. */
    NEIGHBOURS = 4,
    MISSES = 64,
    NEAR_CHUNKS = 256 /* behind the last one found in a pack: it is gone through in order */
};

int index_open(struct vault *v, const struct index_request *request, struct index **index,
               struct error *e)
{
    struct index *ix = calloc(1, sizeof(*ix));

    if (ix == NULL)
        return error_no_memory(e, "the index");
    ix->magic = INDEX_MAGIC;
    ix->vault = v;
    ix->request = *request;
    ix->newest = ix->oldest = INDEX_NONE;
    pthread_mutex_init(&ix->lock, NULL);
    pthread_cond_init(&ix->opened, NULL);
    if (index_load(ix, e) < 0) {
        index_close(ix);
        return -1;
    }
    *index = ix;
    return 0;
}

void index_close(struct index *ix)
{
    if (ix == NULL)
        return;
    OBJECT_CHECK(ix, INDEX_MAGIC);
    index_packs_free(ix);
    index_segments_free(ix);
    index_recent_free(ix);
    pthread_cond_destroy(&ix->opened);
    pthread_mutex_destroy(&ix->lock);
    ix->magic = 0;
    free(ix);
}

/* What is looked for, and what was found. */
struct lookup {
    enum chunk_kind kind;
    const struct chunk_id *id;
    bool open;       /* the pack is wanted, not only its number */
    uint32_t except; /* not in this pack; INDEX_NONE = any */
    struct index_hit hit;
};

static void found(struct index *ix, struct lookup *l, uint32_t number, uint32_t chunk)
{
    struct index_pack *p = &ix->packs[number];

    if (p->open != NULL)
        index_touch(ix, number);
    if (l->open)
        p->pins++;
    p->cursor = chunk + 1;
    ix->misses = 0;
    l->hit = (struct index_hit){number, p->open, chunk};
}

/* Asks the packs that were used last. */
static bool find_near(struct index *ix, struct lookup *l)
{
    uint32_t number = ix->newest;

    for (int i = 0; i < NEIGHBOURS && number != INDEX_NONE; number = ix->packs[number].older) {
        const struct index_pack *p = &ix->packs[number];
        const struct table *t = &p->open->table;
        if (p->kind != l->kind || p->bad || p->gone || number == l->except)
            continue;
        i++;
        int64_t chunk = p->cursor < t->chunk_count && chunk_id_equal(&t->ids[p->cursor], l->id)
                            ? (int64_t)p->cursor
                            : table_find(t, l->id);
        if (chunk == TABLE_NONE)
            continue;
        found(ix, l, number, (uint32_t)chunk);
        return true;
    }
    return false;
}

/* A pack that is met here and there is not worth opening: its copy tells one id. */
static bool confirm_by_peek(struct index *ix, struct lookup *l, const struct entry *candidate)
{
    struct index_pack *p = &ix->packs[candidate->pack];
    struct chunk_id id;
    bool near = candidate->chunk - p->cursor < NEAR_CHUNKS;

    if (l->open || p->open != NULL || p->loading || near ||
        !pack_peek(ix->vault, &p->id, candidate->chunk, &id) || !chunk_id_equal(&id, l->id))
        return false;
    found(ix, l, candidate->pack, candidate->chunk);
    return true;
}

/* Compares one candidate with the pack's table: 1, 0, -1. */
static int confirm(struct index *ix, struct lookup *l, const struct entry *candidate,
                   struct error *e)
{
    uint32_t number = candidate->pack;

    if (ix->packs[number].kind != l->kind || number == l->except || ix->packs[number].gone)
        return 0;
    if (ix->packs[number].bad && ix->request.tolerant)
        return 0;
    if (confirm_by_peek(ix, l, candidate))
        return 1;
    const struct pack *pack = index_pin(ix, number, e);
    if (pack == NULL)
        return -1;
    bool equal = candidate->chunk < pack->table.chunk_count &&
                 chunk_id_equal(&pack->table.ids[candidate->chunk], l->id);
    if (equal)
        found(ix, l, number, candidate->chunk);
    index_unpin(ix, number);
    return equal;
}

/* Entries that may be it. */
static int list_candidates(struct index *ix, const struct chunk_id *id,
                           struct entry *candidates, size_t *count, struct error *e)
{
    struct error why;

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

/* A pack that cannot be opened matters only when no other has the chunk, and not to writers. */
static int find_far(struct index *ix, struct lookup *l, struct error *e)
{
    struct entry candidates[INDEX_CANDIDATES];
    struct error why = ERROR_INIT;
    size_t count;

    if (list_candidates(ix, l->id, candidates, &count, e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (confirm(ix, l, &candidates[i], &why) > 0)
            return 1;
    if (why.error_class == LAGAN_OK || ix->request.tolerant)
        return 0;
    *e = why;
    return -1;
}

static int look_up(struct index *ix, struct lookup *l, struct error *e)
{
    OBJECT_CHECK(ix, INDEX_MAGIC);
    pthread_mutex_lock(&ix->lock);
    int result = ix->misses < MISSES && find_near(ix, l);
    if (result == 0)
        result = find_far(ix, l, e);
    if (result == 0)
        ix->misses++;
    pthread_mutex_unlock(&ix->lock);
    return result;
}

int index_find(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
               struct index_hit *hit, struct error *e)
{
    return index_find_other(ix, kind, id, INDEX_NONE, hit, e);
}

int index_find_other(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
                     uint32_t except, struct index_hit *hit, struct error *e)
{
    struct lookup l = {.kind = kind, .id = id, .open = true, .except = except};
    int result = look_up(ix, &l, e);

    if (result > 0)
        *hit = l.hit;
    return result;
}

int index_has(struct index *ix, enum chunk_kind kind, const struct chunk_id *id,
              uint32_t *number, struct error *e)
{
    struct lookup l = {.kind = kind, .id = id, .except = INDEX_NONE};
    int result = look_up(ix, &l, e);

    if (result > 0)
        *number = l.hit.number;
    return result;
}

void index_release(struct index *ix, const struct index_hit *hit)
{
    pthread_mutex_lock(&ix->lock);
    index_unpin(ix, hit->number);
    pthread_mutex_unlock(&ix->lock);
}

int index_add(struct index *ix, struct pack *pack, uint32_t *number, struct error *e)
{
    uint32_t added = 0;

    OBJECT_CHECK(ix, INDEX_MAGIC);
    pthread_mutex_lock(&ix->lock);
    int result = index_packs_add(ix, &pack->id, &added, e);
    if (result == 0) {
        struct index_pack *p = &ix->packs[added];
        p->own = true;
        p->bad = p->gone = false;
        p->kind = (uint8_t)pack->kind;
        p->chunks = pack->table.chunk_count;
        if (!p->covered)
            result = index_recent_add(ix, added, &pack->table, e);
    }
    if (result == 0)
        index_adopt(ix, added, pack);
    else
        pack_close(pack);
    pthread_mutex_unlock(&ix->lock);
    if (result == 0)
        *number = added;
    return result;
}

struct seal_pack index_pack(struct index *ix, uint32_t number)
{
    pthread_mutex_lock(&ix->lock);
    struct seal_pack id = ix->packs[number].id;
    pthread_mutex_unlock(&ix->lock);
    return id;
}

void index_distrust(struct index *ix, uint32_t number, const struct error *why)
{
    struct seal_pack id = index_pack(ix, number);

    if (why->error_class == LAGAN_CORRUPT)
        distrust_note(ix->vault, id.hash);
    if (!ix->request.tolerant)
        return;
    pthread_mutex_lock(&ix->lock);
    index_mark_bad(ix, number, why);
    pthread_mutex_unlock(&ix->lock);
}

bool index_has_pack(struct index *ix, const uint8_t hash[32])
{
    pthread_mutex_lock(&ix->lock);
    uint32_t number = index_packs_find(ix, hash);
    bool whole = number != INDEX_NONE && !ix->packs[number].bad && !ix->packs[number].gone;
    pthread_mutex_unlock(&ix->lock);
    return whole;
}

int index_renew(struct index *ix, struct error *e)
{
    OBJECT_CHECK(ix, INDEX_MAGIC);
    pthread_mutex_lock(&ix->lock);
    int result = index_load_again(ix, e);
    pthread_mutex_unlock(&ix->lock);
    return result;
}

bool index_damage(struct index *ix, struct error *why)
{
    pthread_mutex_lock(&ix->lock);
    bool some = ix->damage.error_class != LAGAN_OK;
    if (some)
        *why = ix->damage;
    pthread_mutex_unlock(&ix->lock);
    return some;
}

static bool counts(void *context, const uint8_t hash[32])
{
    return index_packs_find(context, hash) != INDEX_NONE;
}

int index_keep(struct index *ix, struct error *e)
{
    OBJECT_CHECK(ix, INDEX_MAGIC);
    if (vault_cache_directory(ix->vault) == NULL)
        return 0;
    pthread_mutex_lock(&ix->lock);
    int result = index_recent_flush(ix, e);
    if (result == 0)
        result = index_segments_keep(ix, e);
    if (result == 0)
        result = index_segments_tidy(ix, true, e);
    if (result == 0)
        pack_sweep_copies(ix->vault, counts, ix);
    pthread_mutex_unlock(&ix->lock);
    return result;
}
