/* SPDX-License-Identifier: Apache-2.0 */
/* index_load.c - what an index starts with: the packs that backups need, and where their chunks
 * are. */
#include "base/log.h"
#include "vault/distrust.h"
#include "vault/index_private.h"
#include "vault/name.h"
#include "vault/roll.h"

#include <stdlib.h>
#include <string.h>

/* With fewer packs to look at, their tails are nearer than index runs. */
enum { RUNS_LEAST = 4 };

/* Hashes of rolls, which many seals share. */
struct rolls {
    uint8_t (*hashes)[32];
    size_t count;
    size_t room;
};

static int rolls_add(struct rolls *r, const uint8_t hash[32], struct error *e)
{
    for (size_t i = r->count; i-- > 0;)
        if (memcmp(r->hashes[i], hash, 32) == 0)
            return 0;
    if (r->count == r->room) {
        size_t room = r->room == 0 ? 16 : 2 * r->room;
        uint8_t(*grown)[32] = reallocarray(r->hashes, room, sizeof(*grown));
        if (grown == NULL)
            return error_no_memory(e, "the index");
        r->hashes = grown;
        r->room = room;
    }
    memcpy(r->hashes[r->count++], hash, 32);
    return 0;
}

static int add_packs(struct index *ix, const struct seal_pack *packs, size_t count,
                     struct error *e)
{
    uint32_t number;

    for (size_t i = 0; i < count; i++)
        if (index_packs_add(ix, &packs[i], &number, e) < 0)
            return -1;
    return 0;
}

static int add_seals(struct index *ix, const struct seal_list *list, struct rolls *rolls,
                     struct error *e)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct seal *s = list->seals[i];
        if (add_packs(ix, s->packs, s->pack_count, e) < 0)
            return -1;
        for (size_t j = 0; j < s->roll_count; j++)
            if (rolls_add(rolls, s->rolls[j], e) < 0)
                return -1;
    }
    return 0;
}

/* A roll that is missing or damaged costs dedup only: its packs do not count. */
static int add_roll(struct index *ix, const uint8_t hash[32], struct error *e)
{
    struct seal_pack *packs = NULL;
    size_t count = 0;

    if (roll_read(ix->vault, hash, &packs, &count, e) < 0) {
        if (e->error_class != LAGAN_NOT_FOUND && e->error_class != LAGAN_CORRUPT)
            return -1;
        if (ix->damage.error_class == LAGAN_OK)
            ix->damage = *e;
        log_write(LOG_WARNING, "vault", "%s", e->text);
        return 0;
    }
    int result = add_packs(ix, packs, count, e);
    free(packs);
    return result;
}

/* The packs that the target lists, by their numbers here. */
struct presence {
    struct index *ix;
    bool *listed;
};

static int note_listed(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct presence *p = context;
    struct name name;

    (void)e;
    if (!name_parse(key, &name) || name.kind != NAME_PACK)
        return 0;
    uint32_t number = index_packs_find(p->ix, name.hash);
    if (number != INDEX_NONE && p->ix->packs[number].id.bytes == bytes)
        p->listed[number] = true;
    return 0;
}

static void mark_absent(struct index *ix, const bool *listed)
{
    struct error why = ERROR_INIT;
    uint32_t count = 0;
    char name[NAME_SIZE];

    for (uint32_t i = 0; i < ix->pack_count; i++) {
        if (listed[i] || ix->packs[i].gone)
            continue;
        name_of_pack(ix->packs[i].id.hash, name);
        if (count++ == 0)
            error_set(&why, LAGAN_NOT_FOUND, ERROR_INTEGRITY, "%s: the pack is missing", name);
        ix->packs[i].bad = true;
    }
    if (count == 0)
        return;
    if (ix->damage.error_class == LAGAN_OK)
        ix->damage = why;
    log_write(LOG_WARNING, "vault", "%s (%u in all); what they held is stored anew", why.text,
              count);
}

/* What a listing does not show is stored anew, which costs room at worst; what a writer took
 * for present without looking would be lost in every backup to come. */
static int find_absent(struct index *ix, struct error *e)
{
    struct presence p = {ix, calloc((size_t)ix->pack_count + 1, sizeof(bool))};

    if (p.listed == NULL)
        return error_no_memory(e, "the index");
    int result = target_list(vault_target(ix->vault), "packs/", note_listed, &p, e);
    if (result == 0)
        mark_absent(ix, p.listed);
    free(p.listed);
    return result;
}

static void mark_distrusted(void *context, const uint8_t hash[32])
{
    struct index *ix = context;
    uint32_t number = index_packs_find(ix, hash);
    struct error why = ERROR_INIT;
    char name[NAME_SIZE];

    if (number == INDEX_NONE)
        return;
    name_of_pack(hash, name);
    error_set(&why, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s was found damaged before", name);
    index_mark_bad(ix, number, &why);
}

static int find_needed(struct index *ix, struct error *e)
{
    struct seal_list list = {0};
    struct rolls rolls = {0};

    if (vault_backups(ix->vault, &list, NULL, NULL, e) < 0)
        return -1;
    int result = add_seals(ix, &list, &rolls, e);
    seal_list_free(&list);
    for (size_t i = 0; result == 0 && i < rolls.count; i++)
        result = add_roll(ix, rolls.hashes[i], e);
    free(rolls.hashes);
    return result;
}

/* Reads the table of contents of one pack. */
static int cover(struct index *ix, uint32_t number, struct error *e)
{
    struct seal_pack id = ix->packs[number].id;
    struct pack *pack;

    if (pack_open(ix->vault, &id, &pack, e) < 0) {
        if (e->error_class != LAGAN_NOT_FOUND && e->error_class != LAGAN_CORRUPT)
            return -1;
        index_mark_bad(ix, number, e);
        return 0;
    }
    index_adopt(ix, number, pack);
    /* Own packs may be open already. */
    return index_recent_add(ix, number, &ix->packs[number].open->table, e);
}

static bool is_wanted(const struct index_pack *p)
{
    return !p->covered && !p->bad && !p->gone;
}

static uint32_t count_uncovered(const struct index *ix)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ix->pack_count; i++)
        count += is_wanted(&ix->packs[i]);
    return count;
}

static int cover_by_tails(struct index *ix, struct error *e)
{
    for (uint32_t i = 0; i < ix->pack_count; i++)
        if (is_wanted(&ix->packs[i]) && cover(ix, i, e) < 0)
            return -1;
    return index_recent_flush(ix, e);
}

int index_cover(struct index *ix, struct error *e)
{
    uint32_t uncovered = count_uncovered(ix);

    if (uncovered == 0)
        return 0;
    if (uncovered >= RUNS_LEAST && index_runs_load(ix, e) < 0)
        return -1;
    return cover_by_tails(ix, e);
}

int index_load(struct index *ix, struct error *e)
{
    if (find_needed(ix, e) < 0 || index_gone(ix, e) < 0 ||
        (ix->request.tolerant && find_absent(ix, e) < 0))
        return -1;
    if (ix->request.tolerant)
        distrust_list(ix->vault, mark_distrusted, ix);
    index_segments_load(ix);
    return index_cover(ix, e) < 0 ? -1 : index_segments_keep(ix, e);
}

int index_load_again(struct index *ix, struct error *e)
{
    if (find_needed(ix, e) < 0 || index_gone(ix, e) < 0)
        return -1;
    return index_cover(ix, e);
}
