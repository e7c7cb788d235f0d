/* SPDX-License-Identifier: Apache-2.0 */
/* prune_condemn.c - the first phase: the record of what is condemned. */
#include "base/clock.h"
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

/* A record on its way. */
struct draft {
    struct prune *prune;
    struct prune_record record;
    uint32_t *item_of; /* per pack of the index: number of its item + 1; 0 = it stays */
    uint8_t *seen;     /* per pack of the index */
    uint32_t *stack;
    struct pack_set heirs;
    struct seal_pack *places; /* of all items, one behind the other */
    size_t place_count, place_room;
};

static void draft_free(struct draft *d)
{
    prune_record_free(&d->record);
    free(d->item_of);
    free(d->seen);
    free(d->stack);
    free(d->places);
    pack_set_free(&d->heirs);
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int fill_seals(struct draft *d, struct error *e)
{
    const struct seal_list *list = &d->prune->seals;
    struct prune_record *r = &d->record;

    r->seals = calloc(list->count + 1, sizeof(*r->seals));
    if (r->seals == NULL)
        return error_no_memory(e, "a record of prune");
    for (size_t i = 0; i < list->count; i++)
        r->seals[i] = prune_seal_number(list->seals[i]);
    if (list->count > 0)
        qsort(r->seals, list->count, sizeof(*r->seals), compare_numbers);
    for (size_t i = 0; i < list->count; i++)
        if (r->seal_count == 0 || r->seals[r->seal_count - 1] != r->seals[i])
            r->seals[r->seal_count++] = r->seals[i];
    return 0;
}

static int add_place(struct draft *d, const struct seal_pack *heir, struct error *e)
{
    if (d->place_count == d->place_room) {
        size_t room = d->place_room == 0 ? 256 : 2 * d->place_room;
        struct seal_pack *grown = reallocarray(d->places, room, sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(e, "a record of prune");
        d->places = grown;
        d->place_room = room;
    }
    d->places[d->place_count++] = *heir;
    return pack_set_add(&d->heirs, heir->hash, heir->bytes, e);
}

/* One pack that has chunks of the item at hand, by its number in the links. */
static int reach(struct draft *d, uint32_t to, size_t *depth, struct error *e)
{
    struct prune *p = d->prune;
    struct index_facts facts;

    if (to >= p->mark.packs)
        return add_place(d, &p->made[to - p->mark.packs], e);
    if (d->seen[to])
        return 0;
    d->seen[to] = 1;
    if (d->item_of[to] != 0) {
        d->stack[(*depth)++] = to;
        return 0;
    }
    index_facts(p->mark.index, to, &facts);
    return add_place(d, &facts.id, e);
}

static int compare_packs(const void *a, const void *b)
{
    return memcmp(((const struct seal_pack *)a)->hash, ((const struct seal_pack *)b)->hash, 32);
}

/* Each heir once. */
static void fold_places(struct draft *d, size_t first)
{
    size_t kept = first;

    if (d->place_count == first)
        return;
    qsort(d->places + first, d->place_count - first, sizeof(*d->places), compare_packs);
    for (size_t i = first; i < d->place_count; i++)
        if (kept == first || compare_packs(&d->places[kept - 1], &d->places[i]) != 0)
            d->places[kept++] = d->places[i];
    d->place_count = kept;
}

/* All packs that stay and that have what is needed of the pack `number`, by way of others that
 * go. */
static int find_heirs(struct draft *d, uint32_t number, struct error *e)
{
    struct prune_links *l = &d->prune->mark.links;
    size_t depth = 0, first = d->place_count;

    memset(d->seen, 0, d->prune->mark.packs);
    d->seen[number] = 1;
    d->stack[depth++] = number;
    while (depth > 0) {
        uint32_t from = d->stack[--depth];

        for (size_t i = prune_links_first(l, from); i < l->count && l->pairs[i] >> 32 == from;
             i++)
            if (reach(d, (uint32_t)l->pairs[i], &depth, e) != 0)
                return -1;
    }
    fold_places(d, first);
    return 0;
}

static int fill_gone(struct draft *d, struct error *e)
{
    struct prune *p = d->prune;
    struct prune_record *r = &d->record;

    r->gone = calloc(p->item_count + 1, sizeof(*r->gone));
    if (r->gone == NULL)
        return error_no_memory(e, "a record of prune");
    for (size_t i = 0; i < p->item_count; i++)
        if (p->items[i].known)
            d->item_of[p->items[i].number] = (uint32_t)i + 1;
    for (size_t i = 0; i < p->item_count; i++) {
        struct prune_gone *gone = &r->gone[r->gone_count++];

        *gone = (struct prune_gone){.id = p->items[i].id, .first = (uint32_t)d->place_count};
        if (p->items[i].known && find_heirs(d, p->items[i].number, e) != 0)
            return -1;
        gone->count = (uint32_t)(d->place_count - gone->first);
    }
    return 0;
}

/* Heirs in their order, and places as numbers of them. */
static int fill_heirs(struct draft *d, struct error *e)
{
    struct prune_record *r = &d->record;

    r->heirs = calloc(d->heirs.count + 1, sizeof(*r->heirs));
    r->places = calloc(d->place_count + 1, sizeof(*r->places));
    if (r->heirs == NULL || r->places == NULL)
        return error_no_memory(e, "a record of prune");
    r->heir_count = d->heirs.count;
    for (size_t i = 0; i < d->heirs.count; i++) {
        r->heirs[i] = d->heirs.items[i];
        r->heirs[i].bytes = pack_set_bytes(&d->heirs.items[i]);
    }
    for (size_t i = 0; i < d->place_count; i++)
        r->places[i] = (uint32_t)(pack_set_find(&d->heirs, d->places[i].hash) - d->heirs.items);
    r->place_count = d->place_count;
    return 0;
}

static int fill(struct draft *d, struct error *e)
{
    struct prune *p = d->prune;

    d->item_of = calloc((size_t)p->mark.packs + 1, sizeof(*d->item_of));
    d->seen = calloc((size_t)p->mark.packs + 1, 1);
    d->stack = calloc((size_t)p->mark.packs + 1, sizeof(*d->stack));
    if (d->item_of == NULL || d->seen == NULL || d->stack == NULL)
        return error_no_memory(e, "a record of prune");
    if (fill_seals(d, e) != 0 || fill_gone(d, e) != 0 || fill_heirs(d, e) != 0)
        return -1;
    d->record.rolls = p->dead_rolls;
    d->record.roll_count = p->dead_roll_count;
    p->dead_rolls = NULL;
    return 0;
}

int prune_condemn(struct prune *p, struct error *e)
{
    struct draft d = {.prune = p,
                      .record = {.kind = NAME_CONDEMN,
                                 .epoch = prune_epochs_highest(&p->epochs) + 1,
                                 .created_ns = clock_wall_ns()}};
    char name[NAME_SIZE];
    int taken;

    if (p->item_count == 0 && p->dead_roll_count == 0)
        return 1;
    if (d.record.epoch == 0)
        return error_set(e, LAGAN_LIMIT, ERROR_INTEGRITY,
                         "prune/ffffffff: there is no epoch behind that");
    int result = fill(&d, e);
    taken = result != 0 ? -1 : prune_record_write(p->vault, &d.record, &p->writer, name, e);
    draft_free(&d);
    if (taken < 0)
        return -1;
    if (taken > 0)
        return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                         "%s was taken meanwhile: somebody else prunes this vault", name);
    return target_flush(vault_target(p->vault), e);
}
