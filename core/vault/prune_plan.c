/* SPDX-License-Identifier: Apache-2.0 */
/* prune_plan.c - which packs are dead, and which are mostly dead. */
#include "base/log.h"
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

/* Fewer dead bytes than a pack's head and directory take are not worth a new pack. */
enum { SPARSE_BYTES_LEAST = 3 * 4096 };

static int add_item(struct prune *p, const struct prune_item *item, struct error *e)
{
    if ((p->item_count & (p->item_count - 1)) == 0) {
        struct prune_item *grown =
            reallocarray(p->items, p->item_count * 2 + 1, sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(e, "the list of packs");
        p->items = grown;
    }
    p->items[p->item_count++] = *item;
    return 0;
}

/* A pack that no backup lists is a living session's, or nobody's.  1 when it may go. */
static int judge_stray(struct prune *p, const struct seal_pack *id, struct error *e)
{
    uint8_t head[ENVELOPE_BODY];
    struct envelope env = {0};
    struct error why = ERROR_INIT;
    char name[NAME_SIZE];

    if (id->bytes < sizeof(head))
        return 1;
    name_of_pack(id->hash, name);
    if (target_get(vault_target(p->vault), name, 0, head, sizeof(head), &why) != 0) {
        if (why.error_class == LAGAN_NOT_FOUND || why.error_class == LAGAN_CORRUPT)
            return why.error_class == LAGAN_CORRUPT;
        *e = why;
        return -1;
    }
    if (envelope_parse(&env, head, &why) != 0)
        return 1;
    return !prune_session_is_open(p, env.session);
}

static bool any_live(const struct prune_mark *m, uint32_t pack)
{
    uint64_t end = m->first[pack + 1];

    for (uint64_t i = m->first[pack]; i < end;) {
        if (i % 8 == 0 && end - i >= 8) {
            if (m->bits[i / 8] != 0)
                return true;
            i += 8;
        } else {
            if ((m->bits[i / 8] >> i % 8 & 1) != 0)
                return true;
            i++;
        }
    }
    return false;
}

/* What of the stored bytes of a pack's blocks is needed, each chunk counted by its share. */
static int measure(struct prune *p, struct prune_item *item, struct error *e)
{
    struct index_hit hit;
    const struct table *t;

    if (index_open_pack(p->mark.index, item->number, &hit, e) != 0)
        return -1;
    t = &hit.pack->table;
    for (uint32_t b = 0; b < t->block_count; b++) {
        uint32_t end = b + 1 < t->block_count ? t->blocks[b + 1].first_chunk : t->chunk_count;
        uint64_t live = 0;

        for (uint32_t c = t->blocks[b].first_chunk; c < end; c++)
            if (prune_mark_has(&p->mark, item->number, c))
                live += t->chunks[c].bytes;
        live = t->blocks[b].raw == 0 ? 0 : t->blocks[b].stored * live / t->blocks[b].raw;
        item->live_bytes += live;
        item->dead_bytes += t->blocks[b].stored - live;
    }
    index_release(p->mark.index, &hit);
    return 0;
}

static bool is_sparse(const struct prune *p, const struct prune_item *item)
{
    uint64_t all = item->live_bytes + item->dead_bytes;

    return item->dead_bytes > SPARSE_BYTES_LEAST &&
           item->dead_bytes / 100 * 100 >= all / 100 * p->request.waste_percent;
}

/* A pack that some backup lists. */
static int judge_known(struct prune *p, struct prune_item *item, struct error *e)
{
    struct error why = ERROR_INIT;

    if (!any_live(&p->mark, item->number))
        return add_item(p, item, e);
    if (measure(p, item, &why) != 0) {
        if (why.error_class != LAGAN_NOT_FOUND && why.error_class != LAGAN_CORRUPT) {
            *e = why;
            return -1;
        }
        log_write(LOG_WARNING, "vault", "left as it is: %s", why.text);
        return 0;
    }
    item->sparse = is_sparse(p, item);
    return item->sparse ? add_item(p, item, e) : 0;
}

/* Condemned already, and counted as such. */
static bool is_pending(const struct prune *p, const uint8_t hash[32])
{
    for (size_t i = 0; p->request.dry_run && i < p->epochs.count; i++)
        if (!p->epochs.items[i].delete_listed &&
            prune_record_find(&p->epochs.items[i].condemned, hash) != NULL)
            return true;
    return false;
}

/* What a lock of the store holds counts as long as it is there; what is to take its place is
 * nobody's until then, and stays. */
static bool is_held(const struct prune *p, const uint8_t hash[32])
{
    if (pack_set_find(&p->held, hash) != NULL)
        return true;
    for (size_t i = 0; p->held.count > 0 && i < p->epochs.count; i++) {
        const struct prune_record *r = &p->epochs.items[i].deleted;

        for (size_t j = 0; p->epochs.items[i].delete_known && j < r->heir_count; j++)
            if (memcmp(r->heirs[j].hash, hash, sizeof(r->heirs[j].hash)) == 0)
                return true;
    }
    return false;
}

static int judge(struct prune *p, const struct seal_pack *listed, struct error *e)
{
    struct prune_item item = {.id = {.bytes = pack_set_bytes(listed)}};
    struct index_facts facts;
    int stray;

    memcpy(item.id.hash, listed->hash, sizeof(item.id.hash));
    if (is_pending(p, listed->hash) || is_held(p, listed->hash))
        return 0;
    item.known =
        index_number(p->mark.index, listed->hash, &item.number) && item.number < p->mark.packs;
    if (item.known)
        index_facts(p->mark.index, item.number, &facts);
    if (item.known && !facts.gone) {
        /* What cannot be opened, or has another length, may hold what is needed. */
        if (facts.bad || facts.id.bytes != item.id.bytes)
            return 0;
        return judge_known(p, &item, e);
    }
    item.known = false;
    stray = judge_stray(p, &item.id, e);
    return stray <= 0 ? stray : add_item(p, &item, e);
}

/* ---- rolls ---- */

static bool is_named(const struct prune *p, const uint8_t hash[32])
{
    for (size_t i = 0; i < p->seals.count; i++)
        for (size_t j = 0; j < p->seals.seals[i]->roll_count; j++)
            if (memcmp(p->seals.seals[i]->rolls[j], hash, 32) == 0)
                return true;
    return false;
}

/* A roll does not tell whose it is: while anybody writes, all stay. */
static int plan_rolls(struct prune *p, struct error *e)
{
    for (size_t i = 0; i < p->session_count; i++)
        if (prune_session_lives(p, &p->sessions[i]) && p->sessions[i].kind != SESSION_PRUNE)
            return 0;
    p->dead_rolls = calloc(p->rolls.count + 1, sizeof(*p->dead_rolls));
    if (p->dead_rolls == NULL)
        return error_no_memory(e, "the list of rolls");
    for (size_t i = 0; i < p->rolls.count; i++)
        if (!is_named(p, p->rolls.items[i].hash) &&
            pack_set_find(&p->held, p->rolls.items[i].hash) == NULL)
            memcpy(p->dead_rolls[p->dead_roll_count++], p->rolls.items[i].hash, 32);
    return 0;
}

int prune_plan(struct prune *p, struct error *e)
{
    for (size_t i = 0; i < p->packs.count; i++) {
        p->counters->packs++;
        p->counters->bytes += pack_set_bytes(&p->packs.items[i]);
        if (judge(p, &p->packs.items[i], e) != 0 || prune_sign(p, e) != 0)
            return -1;
    }
    return plan_rolls(p, e);
}

void prune_plan_count(struct prune *p)
{
    for (size_t i = 0; i < p->item_count; i++) {
        const struct prune_item *item = &p->items[i];

        if (item->sparse) {
            p->counters->packs_sparse++;
            p->counters->bytes_sparse += item->id.bytes;
            p->counters->bytes_live_in_sparse += item->live_bytes;
        } else {
            p->counters->packs_dead++;
            p->counters->bytes_dead += item->id.bytes;
        }
    }
}
