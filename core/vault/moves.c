/* SPDX-License-Identifier: Apache-2.0 */
/* moves.c - all moves of a vault, and what a seal needs by them. */
#include "vault/moves.h"
#include "base/log.h"
#include "vault/id_set.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_ATTEMPTS = 8 };

void moves_free(struct moves *m)
{
    for (size_t i = 0; i < m->count; i++)
        prune_record_free(&m->items[i].record);
    free(m->items);
    pack_set_free(&m->packs);
    *m = (struct moves){0};
}

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct moves *m = context;
    struct move_object *grown;
    struct name name;

    if (!name_parse(key, &name) || name.kind != NAME_MOVE)
        return 0;
    grown = reallocarray(m->items, m->count + 1, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "moves");
    m->items = grown;
    grown += m->count++;
    *grown = (struct move_object){.bytes = bytes};
    snprintf(grown->name, sizeof(grown->name), "%s", key);
    return 0;
}

/* Reads what was listed; what is damaged is left out. */
static int read_all(struct vault *v, struct moves *m, struct error *e)
{
    size_t kept = 0, listed = m->count;

    m->count = 0;
    for (size_t i = 0; i < listed; i++) {
        struct move_object o = m->items[i];
        struct error why = ERROR_INIT;

        if (prune_record_read(v, o.name, NULL, &o.record, &why) == 0) {
            m->items[kept++] = o;
            m->count = kept;
        } else if (stored_is_damage(&why)) {
            log_write(LOG_WARNING, "vault", "%s", why.text);
        } else {
            *e = why;
            return -1;
        }
    }
    return 0;
}

/* The packs come first: whoever removes a pack has made its move before. */
static int load_once(struct vault *v, struct moves *m, struct error *e)
{
    struct target *target = vault_target(v);

    *m = (struct moves){0};
    if (target_list(target, "moves/", collect, m, e) != 0)
        return -1;
    if (m->count == 0)
        return 0;
    m->count = 0;
    if (pack_set_list(&m->packs, target, "packs/", NAME_PACK, e) != 0 ||
        target_list(target, "moves/", collect, m, e) != 0)
        return -1;
    return read_all(v, m, e);
}

/* A move that vanishes was replaced by another one. */
int moves_load(struct vault *v, struct moves *m, struct error *e)
{
    struct error why = ERROR_INIT;

    for (int i = 0; i < LOAD_ATTEMPTS; i++) {
        why = ERROR_INIT;
        if (load_once(v, m, &why) == 0)
            return 0;
        moves_free(m);
        if (why.error_class != LAGAN_NOT_FOUND)
            break;
    }
    *e = why;
    return -1;
}

const struct move_object *moves_find(const struct moves *m, uint64_t seal,
                                     const uint8_t hash[32])
{
    for (size_t i = 0; i < m->count; i++)
        if (prune_record_covers(&m->items[i].record, seal) &&
            prune_record_find(&m->items[i].record, hash) != NULL)
            return &m->items[i];
    return NULL;
}

const struct move_object *moves_find_any(const struct moves *m, const uint8_t hash[32])
{
    for (size_t i = 0; i < m->count; i++)
        if (prune_record_find(&m->items[i].record, hash) != NULL)
            return &m->items[i];
    return NULL;
}

/* A resolution at work. */
struct work {
    const struct moves *moves;
    const struct prune_epochs *epochs;
    uint64_t seal;
    struct seal_pack *packs;
    size_t count, room;
    struct id_set seen;
    bool held;
    bool *used;
};

static int push(struct work *w, const struct seal_pack *pack, struct error *e)
{
    struct chunk_id id;

    memcpy(id.bytes, pack->hash, sizeof(id.bytes));
    if (id_set_has(&w->seen, &id))
        return 0;
    if (w->count == w->room) {
        size_t room = w->room == 0 ? 64 : 2 * w->room;
        struct seal_pack *grown = reallocarray(w->packs, room, sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(e, "a list of packs");
        w->packs = grown;
        w->room = room;
    }
    w->packs[w->count++] = *pack;
    return id_set_add(&w->seen, &id, e);
}

static int push_heirs(struct work *w, const struct prune_record *r,
                      const struct prune_gone *gone, struct error *e)
{
    for (uint32_t i = 0; i < gone->count; i++)
        if (push(w, &r->heirs[r->places[gone->first + i]], e) != 0)
            return -1;
    return 0;
}

/* What stands in the place of a pack, and in which record; NULL when it stays. */
static const struct prune_gone *leaves(struct work *w, const uint8_t hash[32],
                                       const struct prune_record **record)
{
    const struct prune_gone *gone = NULL;
    const struct move_object *move;

    *record = w->epochs != NULL ? prune_epochs_find(w->epochs, hash) : NULL;
    if (*record != NULL)
        gone = prune_record_find(*record, hash);
    if (gone != NULL && prune_record_covers(*record, w->seal))
        return gone;
    w->held |= gone != NULL;
    if (w->moves->count == 0 || pack_set_find(&w->moves->packs, hash) != NULL)
        return NULL;
    move = moves_find(w->moves, w->seal, hash);
    if (move == NULL)
        return NULL;
    if (w->used != NULL)
        w->used[move - w->moves->items] = true;
    *record = &move->record;
    return prune_record_find(&move->record, hash);
}

static int settle(struct work *w, struct error *e)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->count; i++) {
        const struct seal_pack pack = w->packs[i];
        const struct prune_record *record;
        const struct prune_gone *gone = leaves(w, pack.hash, &record);

        if (gone == NULL)
            w->packs[kept++] = pack;
        else if (push_heirs(w, record, gone, e) != 0)
            return -1;
    }
    w->count = kept;
    return 0;
}

static int compare_packs(const void *a, const void *b)
{
    return memcmp(((const struct seal_pack *)a)->hash, ((const struct seal_pack *)b)->hash, 32);
}

int moves_resolve(const struct moves *m, const struct prune_epochs *epochs, uint64_t seal,
                  struct seal_pack **packs, size_t *count, bool *held, bool *used,
                  struct error *e)
{
    struct work w = {.moves = m, .epochs = epochs, .seal = seal, .used = used};
    int result = 0;

    if (held != NULL)
        *held = false;
    if (m->count == 0 && (epochs == NULL || epochs->count == 0))
        return 0;
    for (size_t i = 0; result == 0 && i < *count; i++)
        result = push(&w, &(*packs)[i], e);
    if (result == 0)
        result = settle(&w, e);
    id_set_free(&w.seen);
    if (result != 0) {
        free(w.packs);
        return -1;
    }
    if (w.count > 0)
        qsort(w.packs, w.count, sizeof(*w.packs), compare_packs);
    free(*packs);
    *packs = w.packs != NULL ? w.packs : calloc(1, sizeof(*w.packs));
    *count = w.count;
    if (held != NULL)
        *held = w.held;
    return *packs != NULL ? 0 : error_no_memory(e, "a list of packs");
}
