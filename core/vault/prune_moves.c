/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_moves.c - one move in the place of many: what is deleted now, and what older moves say
 * that is still of use.  It is durable before a pack goes or an older move does.
 */
#include "base/clock.h"
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

/* An older move, as seals make use of it. */
struct old {
    bool used;     /* some seal that it covers lists a pack that it names */
    bool apart;    /* so does one that the new move does not cover, or that this one does not */
    bool covers;   /* all that the new move covers */
    bool replaced; /* its entries are in the new one */
};

struct merge {
    struct prune *prune;
    const struct prune_record *deleted;
    const struct pack_set *present, *leaving;
    struct moves moves;
    struct old *old;
    struct pack_set listed; /* by seals that the new move covers */
    struct prune_record record;
    struct pack_set heirs;
    struct seal_pack *places;
    size_t place_count, place_room;
    bool fresh; /* something is in it that no older move says */
};

static void merge_free(struct merge *m)
{
    moves_free(&m->moves);
    free(m->old);
    pack_set_free(&m->listed);
    prune_record_free(&m->record);
    pack_set_free(&m->heirs);
    free(m->places);
}

static bool names_any(const struct prune_record *r, const struct seal_pack *packs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (prune_record_find(r, packs[i].hash) != NULL)
            return true;
    return false;
}

/* What older moves name as heirs may go in its turn: as good as listed. */
static int note_heirs(struct merge *m, uint64_t number, struct error *e)
{
    for (size_t i = 0; i < m->moves.count; i++) {
        const struct prune_record *r = &m->moves.items[i].record;

        if (!prune_record_covers(r, number))
            continue;
        for (size_t j = 0; j < r->heir_count; j++)
            if (pack_set_add(&m->listed, r->heirs[j].hash, r->heirs[j].bytes, e) != 0)
                return -1;
    }
    return 0;
}

/* Notes what one seal lists. */
static int note_seal(struct merge *m, const struct seal *s, struct error *e)
{
    uint64_t number = prune_seal_number(s);
    bool covered = prune_record_covers(m->deleted, number);
    struct seal_pack *packs;
    size_t count;
    int result = 0;

    if (backup_packs_either(m->prune->vault, NULL, s, &packs, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < m->moves.count; i++) {
        const struct prune_record *r = &m->moves.items[i].record;
        bool covers = prune_record_covers(r, number);

        if ((!covers && !covered) || !names_any(r, packs, count))
            continue;
        m->old[i].used |= covers;
        m->old[i].apart |= covers != covered;
    }
    for (size_t i = 0; covered && result == 0 && i < count; i++)
        result = pack_set_add(&m->listed, packs[i].hash, packs[i].bytes, e);
    free(packs);
    if (covered && result == 0)
        result = note_heirs(m, number, e);
    if (covered && result == 0)
        m->record.seals[m->record.seal_count++] = number;
    return result;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int note_seals(struct merge *m, struct error *e)
{
    struct seal_list seals;
    int result = 0;

    if (prune_seals(m->prune->vault, &seals, e) != 0)
        return -1;
    m->record.seals = calloc(seals.count + 1, sizeof(*m->record.seals));
    if (m->record.seals == NULL)
        result = error_no_memory(e, "moves");
    for (size_t i = 0; result == 0 && i < seals.count; i++)
        result = note_seal(m, seals.seals[i], e);
    seal_list_free(&seals);
    if (result == 0 && m->record.seal_count > 0)
        qsort(m->record.seals, m->record.seal_count, sizeof(*m->record.seals), compare_numbers);
    return result;
}

static bool is_gone(const struct merge *m, const uint8_t hash[32])
{
    return pack_set_find(m->leaving, hash) != NULL || pack_set_find(m->present, hash) == NULL;
}

/* The record that says where the chunks of an absent or leaving pack are, and its entry. */
static const struct prune_gone *entry_of(const struct merge *m, const uint8_t hash[32],
                                         const struct prune_record **record)
{
    const struct prune_gone *gone;

    if (!is_gone(m, hash))
        return NULL;
    *record = m->deleted;
    gone = prune_record_find(m->deleted, hash);
    for (size_t i = 0; gone == NULL && i < m->moves.count; i++) {
        if (!m->old[i].replaced)
            continue;
        *record = &m->moves.items[i].record;
        gone = prune_record_find(*record, hash);
    }
    return gone;
}

/* No older move says it to all backups that the new one speaks of. */
static bool is_new(const struct merge *m, const uint8_t hash[32])
{
    for (size_t i = 0; i < m->moves.count; i++)
        if (m->old[i].covers && prune_record_find(&m->moves.items[i].record, hash) != NULL)
            return pack_set_find(m->leaving, hash) != NULL;
    return true;
}

static int add_place(struct merge *m, const struct seal_pack *heir, struct error *e)
{
    if (m->place_count == m->place_room) {
        size_t room = m->place_room == 0 ? 256 : 2 * m->place_room;
        struct seal_pack *grown = reallocarray(m->places, room, sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(e, "moves");
        m->places = grown;
        m->place_room = room;
    }
    m->places[m->place_count++] = *heir;
    return 0;
}

static bool has_place(const struct merge *m, size_t first, const uint8_t hash[32])
{
    for (size_t i = first; i < m->place_count; i++)
        if (memcmp(m->places[i].hash, hash, 32) == 0)
            return true;
    return false;
}

/* All heirs of an entry; those that are gone themselves give way to theirs. */
static int add_places(struct merge *m, const struct prune_record *r,
                      const struct prune_gone *gone, size_t first, struct error *e)
{
    size_t kept = first;

    for (uint32_t i = 0; i < gone->count; i++)
        if (add_place(m, &r->heirs[r->places[gone->first + i]], e) != 0)
            return -1;
    for (size_t at = first; at < m->place_count; at++) {
        const struct prune_record *next_record = NULL;
        const struct seal_pack heir = m->places[at];
        const struct prune_gone *next = entry_of(m, heir.hash, &next_record);

        for (uint32_t i = 0; next != NULL && i < next->count; i++) {
            const struct seal_pack *more =
                &next_record->heirs[next_record->places[next->first + i]];
            if (!has_place(m, first, more->hash) && add_place(m, more, e) != 0)
                return -1;
        }
    }
    for (size_t at = first; at < m->place_count; at++) {
        const struct prune_record *ignored;

        if (entry_of(m, m->places[at].hash, &ignored) == NULL)
            m->places[kept++] = m->places[at];
    }
    m->place_count = kept;
    return 0;
}

/* Entries for all packs that seals list and that are gone, or go now. */
static int fill_gone(struct merge *m, struct error *e)
{
    struct prune_record *r = &m->record;

    r->gone = calloc(m->listed.count + 1, sizeof(*r->gone));
    if (r->gone == NULL)
        return error_no_memory(e, "moves");
    for (size_t i = 0; i < m->listed.count; i++) {
        const struct seal_pack *listed = &m->listed.items[i];
        const struct prune_record *record = NULL;
        const struct prune_gone *gone = entry_of(m, listed->hash, &record);
        struct prune_gone *made = &r->gone[r->gone_count];

        if (gone == NULL)
            continue;
        *made = (struct prune_gone){.id = gone->id, .first = (uint32_t)m->place_count};
        if (add_places(m, record, gone, m->place_count, e) != 0)
            return -1;
        made->count = (uint32_t)(m->place_count - made->first);
        m->fresh |= record == m->deleted && is_new(m, listed->hash);
        r->gone_count++;
    }
    return 0;
}

static int fill_heirs(struct merge *m, struct error *e)
{
    struct prune_record *r = &m->record;

    for (size_t i = 0; i < m->place_count; i++)
        if (pack_set_add(&m->heirs, m->places[i].hash, m->places[i].bytes, e) != 0)
            return -1;
    r->heirs = calloc(m->heirs.count + 1, sizeof(*r->heirs));
    r->places = calloc(m->place_count + 1, sizeof(*r->places));
    if (r->heirs == NULL || r->places == NULL)
        return error_no_memory(e, "moves");
    r->heir_count = m->heirs.count;
    r->place_count = m->place_count;
    for (size_t i = 0; i < m->heirs.count; i++) {
        r->heirs[i] = m->heirs.items[i];
        r->heirs[i].bytes = pack_set_bytes(&m->heirs.items[i]);
    }
    for (size_t i = 0; i < m->place_count; i++)
        r->places[i] = (uint32_t)(pack_set_find(&m->heirs, m->places[i].hash) - m->heirs.items);
    return 0;
}

/* A move that came just now may be for a backup that is being copied: it stays then. */
static int remove_old(struct merge *m, bool copying, const char *made, struct error *e)
{
    for (size_t i = 0; i < m->moves.count; i++) {
        const struct move_object *o = &m->moves.items[i];

        if ((m->old[i].used && !m->old[i].replaced) || (!m->old[i].used && copying) ||
            strcmp(o->name, made) == 0)
            continue;
        if (prune_remove(m->prune, o->name, o->bytes, e) < 0)
            return -1;
    }
    return 0;
}

/* The new move is of use when it says something new, or one thing in the place of several. */
static bool is_worth_it(const struct merge *m)
{
    size_t replaced = 0;

    for (size_t i = 0; i < m->moves.count; i++)
        replaced += m->old[i].replaced;
    return m->record.gone_count > 0 && (m->fresh || replaced > 1);
}

static int write_move(struct merge *m, char name[NAME_SIZE], struct error *e)
{
    struct prune *p = m->prune;

    name[0] = '\0';
    m->record.kind = NAME_MOVE;
    m->record.created_ns = clock_wall_ns();
    if (!is_worth_it(m)) {
        for (size_t i = 0; i < m->moves.count; i++)
            m->old[i].replaced = false;
        return 0;
    }
    if (fill_heirs(m, e) != 0 ||
        prune_record_write(p->vault, &m->record, &p->writer, name, e) != 0)
        return -1;
    return target_flush(vault_target(p->vault), e);
}

static void judge_old(struct merge *m)
{
    for (size_t i = 0; i < m->moves.count; i++) {
        struct old *old = &m->old[i];

        old->replaced = old->used && !old->apart;
        old->covers = true;
        for (size_t j = 0; j < m->record.seal_count; j++)
            old->covers &= prune_record_covers(&m->moves.items[i].record, m->record.seals[j]);
    }
}

int prune_moves(struct prune *p, const struct prune_record *deleted,
                const struct pack_set *present, const struct pack_set *leaving, struct error *e)
{
    struct merge m = {.prune = p, .deleted = deleted, .present = present, .leaving = leaving};
    char name[NAME_SIZE];
    int copying = -1, result = moves_load(p->vault, &m.moves, e);

    if (result == 0) {
        m.old = calloc(m.moves.count + 1, sizeof(*m.old));
        result = m.old == NULL ? error_no_memory(e, "moves") : 0;
    }
    /* Sessions before seals: whoever has brought a move has brought its seal by then, or is
     * still at it. */
    if (result == 0)
        copying = prune_sessions_copying(p, e);
    if (copying < 0 || (result == 0 && note_seals(&m, e) != 0))
        result = -1;
    if (result == 0)
        judge_old(&m);
    if (result == 0)
        result = fill_gone(&m, e);
    if (result == 0)
        result = write_move(&m, name, e);
    if (result == 0)
        result = remove_old(&m, copying > 0, name, e);
    merge_free(&m);
    return result;
}
