/* SPDX-License-Identifier: Apache-2.0 */
/* prune_mark.c - a bit for each chunk that backups need. */
#include "driver/operation.h"
#include "vault/distrust.h"
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

enum { RECENT_LEAST = 1024 }; /* slots */

static void note_damage(void *context, const char *object, const struct error *why)
{
    struct error *first = context;

    (void)object;
    if (first->error_class == LAGAN_OK)
        *first = *why;
}

int prune_seals(struct vault *v, struct seal_list *list, struct error *e)
{
    struct error damage = ERROR_INIT;

    if (vault_backups(v, list, note_damage, &damage, e) != 0)
        return -1;
    if (damage.error_class == LAGAN_OK)
        return 0;
    seal_list_free(list);
    *e = damage;
    return error_context(e, "nothing was pruned, as it is not known what a backup needs");
}

/* ---- links ---- */

static int compare_pairs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void sort(struct prune_links *l)
{
    size_t kept = 0;

    if (l->count == l->sorted)
        return;
    qsort(l->pairs, l->count, sizeof(*l->pairs), compare_pairs);
    for (size_t i = 0; i < l->count; i++)
        if (kept == 0 || l->pairs[kept - 1] != l->pairs[i])
            l->pairs[kept++] = l->pairs[i];
    l->count = l->sorted = kept;
}

static bool has(const struct prune_links *l, uint64_t pair)
{
    return l->sorted > 0 &&
           bsearch(&pair, l->pairs, l->sorted, sizeof(pair), compare_pairs) != NULL;
}

int prune_links_add(struct prune_links *l, uint32_t from, uint32_t to, struct error *e)
{
    uint64_t pair = (uint64_t)from << 32 | to;

    if (has(l, pair) || (l->count > l->sorted && l->pairs[l->count - 1] == pair))
        return 0;
    if (l->count == l->room) {
        sort(l);
        if (l->count >= l->room / 2) {
            size_t room = l->room == 0 ? 1024 : 2 * l->room;
            uint64_t *grown = reallocarray(l->pairs, room, sizeof(*grown));

            if (grown == NULL)
                return error_no_memory(e, "what packs have in common");
            l->pairs = grown;
            l->room = room;
        }
    }
    l->pairs[l->count++] = pair;
    return 0;
}

size_t prune_links_first(struct prune_links *l, uint32_t from)
{
    size_t low = 0, high;

    sort(l);
    high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (l->pairs[middle] >> 32 < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- bits ---- */

static bool test(const uint8_t *bits, uint64_t at)
{
    return (bits[at / 8] >> at % 8 & 1) != 0;
}

/* Sets the bit: true when it was set before. */
static bool set(uint8_t *bits, uint64_t at)
{
    bool before = test(bits, at);

    bits[at / 8] |= (uint8_t)(1 << at % 8);
    return before;
}

bool prune_mark_has(const struct prune_mark *m, uint32_t pack, uint32_t chunk)
{
    return test(m->bits, m->first[pack] + chunk);
}

bool prune_mark_walk(struct prune_mark *m, const struct index_place *place)
{
    return set(m->walked, m->first[place->number] + place->chunk);
}

/* Backups have most of their chunks in common: it pays not to look them up each time. */
bool prune_mark_recalls(const struct prune_mark *m, const struct chunk_id *id)
{
    return memcmp(m->recent[load_u64(id->bytes) & m->recent_mask], id->bytes, 16) == 0;
}

void prune_mark_remember(struct prune_mark *m, const struct chunk_id *id)
{
    memcpy(m->recent[load_u64(id->bytes) & m->recent_mask], id->bytes, 16);
}

/* Whether a chunk had better count at `a` than at `b`: always the same one. */
static bool is_better(const struct prune_mark *m, const struct index_place *a,
                      const struct index_place *b)
{
    if (m->avoid[a->number] != m->avoid[b->number])
        return !m->avoid[a->number];
    if (a->number != b->number)
        return a->number < b->number;
    return a->chunk < b->chunk;
}

static int link_others(struct prune_mark *m, const struct index_place *places, int count,
                       const struct index_place *best, struct error *e)
{
    for (int i = 0; i < count; i++)
        if (places[i].number != best->number &&
            prune_links_add(&m->links, places[i].number, best->number, e) != 0)
            return -1;
    return 0;
}

/* All places of a chunk, and the one that counts: how many, 0 when none does, -1. */
static int find_best(struct prune_mark *m, enum chunk_kind kind, const struct chunk_id *id,
                     struct index_place places[INDEX_PLACES], const struct index_place **best,
                     struct error *e)
{
    int count = index_places(m->index, kind, id, places, e);

    *best = NULL;
    for (int i = 0; i < count; i++)
        if (places[i].number < m->packs && !m->absent[places[i].number] &&
            (*best == NULL || is_better(m, &places[i], *best)))
            *best = &places[i];
    return count > 0 && *best == NULL ? 0 : count;
}

int prune_mark_place(struct prune_mark *m, enum chunk_kind kind, const struct chunk_id *id,
                     struct index_place *place, struct error *e)
{
    struct index_place places[INDEX_PLACES];
    const struct index_place *best;
    int count = find_best(m, kind, id, places, &best, e);

    if (count > 0)
        *place = *best;
    return count;
}

int prune_mark_chunk(struct prune_mark *m, enum chunk_kind kind, const struct chunk_id *id,
                     struct index_place *place, struct error *e)
{
    struct index_place places[INDEX_PLACES];
    const struct index_place *best;
    int count = find_best(m, kind, id, places, &best, e);

    if (count <= 0)
        return count;
    if (place != NULL)
        *place = *best;
    if (set(m->bits, m->first[best->number] + best->chunk))
        return 1;
    return link_others(m, places, count, best, e) != 0 ? -1 : 1;
}

/* ---- the whole ---- */

static bool is_listed(const struct pack_set *set, const struct seal_pack *id)
{
    const struct seal_pack *listed = pack_set_find(set, id->hash);

    return listed != NULL && pack_set_bytes(listed) == id->bytes;
}

/* `now`: packs listed behind the seals. */
static int make_bits(struct prune *p, const struct pack_set *now, struct error *e)
{
    struct prune_mark *m = &p->mark;
    uint64_t bits = 0;

    m->packs = index_pack_count(m->index);
    m->first = calloc((size_t)m->packs + 1, sizeof(*m->first));
    m->avoid = calloc((size_t)m->packs + 1, sizeof(*m->avoid));
    m->absent = calloc((size_t)m->packs + 1, sizeof(*m->absent));
    if (m->first == NULL || m->avoid == NULL || m->absent == NULL)
        return error_no_memory(e, "marking chunks");
    for (uint32_t i = 0; i < m->packs; i++) {
        struct index_facts facts;

        index_facts(m->index, i, &facts);
        m->first[i] = bits;
        m->absent[i] = !is_listed(&p->packs, &facts.id) && !is_listed(now, &facts.id);
        m->avoid[i] = prune_epochs_find(&p->epochs, facts.id.hash) != NULL;
        bits += facts.chunks;
    }
    m->first[m->packs] = bits;
    m->recent_mask = RECENT_LEAST - 1;
    while (m->recent_mask < bits && 64 * (m->recent_mask + 1) < p->request.memory_bytes)
        m->recent_mask = 2 * m->recent_mask + 1;
    m->recent = calloc(m->recent_mask + 1, sizeof(*m->recent));
    if (m->recent == NULL)
        return error_no_memory(e, "marking chunks");
    m->bits = calloc(bits / 8 + 1, 1);
    m->walked = calloc(bits / 8 + 1, 1);
    return m->bits != NULL && m->walked != NULL ? 0 : error_no_memory(e, "marking chunks");
}

static void avoid_distrusted(void *context, const uint8_t hash[32])
{
    struct prune_mark *m = context;
    uint32_t number;

    if (index_number(m->index, hash, &number) && number < m->packs)
        m->avoid[number] = true;
}

static int walk_all(struct prune *p, struct error *e)
{
    for (size_t i = 0; i < p->seals.count; i++) {
        if (operation_check(e) != 0 || prune_sign(p, e) != 0 ||
            prune_walk(&p->mark, p->seals.seals[i], e) != 0)
            return -1;
        if (p->request.progress != NULL)
            p->request.progress(p->request.context, i + 1, p->seals.count);
    }
    return 0;
}

/* What may go is listed before the sessions, and these before the seals: a pack that is neither
 * a living session's nor a seal's is nobody's. */
static int list_all(struct prune *p, struct error *e)
{
    struct target *target = vault_target(p->vault);

    if (pack_set_list(&p->packs, target, "packs/", NAME_PACK, e) != 0 ||
        pack_set_list(&p->rolls, target, "rolls/", NAME_ROLL, e) != 0 ||
        prune_sessions_list(p, e) != 0)
        return -1;
    return prune_seals(p->vault, &p->seals, e);
}

int prune_mark_begin(struct prune *p, struct error *e)
{
    struct prune_mark *m = &p->mark;
    struct index_request request = {.memory_bytes = p->request.memory_bytes / 4};
    struct pack_set now = {0};

    if (list_all(p, e) != 0 || index_open(p->vault, &request, &m->index, e) != 0)
        return -1;
    int result = pack_set_list(&now, vault_target(p->vault), "packs/", NAME_PACK, e);
    if (result == 0)
        result = make_bits(p, &now, e);
    pack_set_free(&now);
    if (result != 0 ||
        store_over(p->vault, m->index, p->request.memory_bytes / 2, &m->store, e) != 0)
        return -1;
    distrust_list(p->vault, avoid_distrusted, m);
    return walk_all(p, e);
}

void prune_mark_end(struct prune *p)
{
    struct prune_mark *m = &p->mark;

    store_close(m->store);
    index_close(m->index);
    free(m->first);
    free(m->bits);
    free(m->walked);
    free(m->avoid);
    free(m->absent);
    free(m->recent);
    free(m->links.pairs);
    buffer_free(&m->scratch);
    *m = (struct prune_mark){0};
    seal_list_free(&p->seals);
    pack_set_free(&p->packs);
    pack_set_free(&p->rolls);
}
