/* SPDX-License-Identifier: Apache-2.0 */
/* verify_needs.c - whether all packs and rolls that backups need are there. */
#include "vault/roll.h"
#include "vault/stored.h"
#include "vault/verify_private.h"

#include <stdlib.h>
#include <string.h>

/* Head, one block of padding, one of directory, trailer. */
enum { ENVELOPE_BYTES_MIN = 2 * 4096 + 32, ROLL_LIMIT = 16 + ROLL_PACK_LIMIT * 40 };

/* Of moves that lead to moves: prune makes one of them. */
enum { HEIRS_DEPTH = 4 };

static bool names_roll(const struct seal *s, const uint8_t hash[32])
{
    for (size_t i = 0; i < s->roll_count; i++)
        if (memcmp(s->rolls[i], hash, 32) == 0)
            return true;
    return false;
}

static bool lists(const struct seal_pack *packs, size_t count, const uint8_t hash[32])
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(packs[middle].hash, hash, 32);

        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

const struct verify_roll *verify_find_roll(const struct verify *c, const uint8_t hash[32])
{
    size_t low = 0, high = c->roll_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(c->rolls[middle].hash, hash, 32);

        if (order == 0)
            return &c->rolls[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool needs_pack(const struct verify *c, const struct seal *s, const uint8_t hash[32])
{
    if (lists(s->packs, s->pack_count, hash))
        return true;
    for (size_t i = 0; i < s->roll_count; i++) {
        const struct verify_roll *roll = verify_find_roll(c, s->rolls[i]);

        if (roll != NULL && lists(roll->packs, roll->count, hash))
            return true;
    }
    return false;
}

size_t verify_backups_of(const struct verify *c, const struct verify_object *object,
                         const char ***backups)
{
    const uint8_t *hash = object->name.hash;
    size_t count = 0;

    *backups = calloc(c->seal_count + 1, sizeof(**backups));
    for (size_t i = 0; *backups != NULL && i < c->seal_count; i++) {
        const struct seal *s = c->seals[i];
        bool needs = object->name.kind == NAME_PACK   ? needs_pack(c, s, hash)
                     : object->name.kind == NAME_ROLL ? names_roll(s, hash)
                                                      : false;

        if (needs)
            (*backups)[count++] = s->id;
    }
    return count;
}

/* Each backup that lists the pack is covered by a move that names it. */
static bool is_covered(const struct verify *c, const struct moves *m, const uint8_t hash[32])
{
    for (size_t i = 0; i < c->seal_count; i++)
        if (needs_pack(c, c->seals[i], hash) &&
            moves_find(m, prune_seal_number(c->seals[i]), hash) == NULL)
            return false;
    return moves_find_any(m, hash) != NULL;
}

bool verify_is_moved(struct verify *c, const uint8_t hash[32], struct error *e)
{
    struct error why = ERROR_INIT;
    struct moves now;

    if (is_covered(c, &c->moves, hash))
        return true;
    /* It may have been pruned since. */
    if (moves_load(c->vault, &now, &why) != 0) {
        if (e->error_class == LAGAN_OK)
            *e = why;
        return false;
    }
    bool moved = is_covered(c, &now, hash);
    moves_free(&now);
    return moved;
}

void verify_each_pack(const struct verify *c, const struct seal *seal,
                      void (*each)(void *context, const struct seal_pack *pack), void *context)
{
    for (size_t i = 0; i < seal->pack_count; i++)
        each(context, &seal->packs[i]);
    for (size_t i = 0; i < seal->roll_count; i++) {
        const struct verify_roll *roll = verify_find_roll(c, seal->rolls[i]);

        for (size_t j = 0; roll != NULL && j < roll->count; j++)
            each(context, &roll->packs[j]);
    }
}

/* Packs and rolls that were found missing, ascending: each is reported once. */
struct missing {
    uint8_t (*hashes)[32];
    size_t count;
};

/* The first hash that does not sort before `hash`. */
static size_t lower_bound(const struct missing *m, const uint8_t hash[32])
{
    size_t low = 0, high = m->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(m->hashes[middle], hash, 32) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the hash is among them; if not, it is from now on. */
static bool is_known(struct missing *m, const uint8_t hash[32], struct error *e)
{
    size_t at = lower_bound(m, hash);
    uint8_t(*grown)[32];

    if (at < m->count && memcmp(m->hashes[at], hash, 32) == 0)
        return true;
    grown = realloc(m->hashes, (m->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        error_no_memory(e, "missing packs");
        return true;
    }
    m->hashes = grown;
    memmove(grown + at + 1, grown + at, (m->count - at) * sizeof(*grown));
    memcpy(grown[at], hash, 32);
    m->count++;
    return false;
}

static void report_missing(struct verify *c, enum name_kind kind, const uint8_t hash[32])
{
    char text[NAME_SIZE];
    struct verify_object object = {.text = text, .name = {.kind = kind}};
    struct error why = ERROR_INIT;

    memcpy(object.name.hash, hash, 32);
    if (kind == NAME_PACK)
        name_of_pack(hash, text);
    else
        name_of_roll(hash, text);
    error_set(&why, LAGAN_NOT_FOUND, ERROR_INTEGRITY, "the %s is missing",
              name_kind_text(kind));
    verify_found_needed(c, &object, &why);
}

static bool is_roll_of_any(const struct verify *c, const uint8_t hash[32])
{
    for (size_t i = 0; i < c->seal_count; i++)
        if (names_roll(c->seals[i], hash))
            return true;
    return false;
}

static int read_roll(struct verify *c, struct verify_object *o, struct verify_roll *roll)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error why = ERROR_INIT;

    memcpy(roll->hash, o->name.hash, 32);
    if (stored_read_hashed(vault_target(c->vault), o->text, ROLL_LIMIT, o->name.hash, 32, &data,
                           &why) == 0 &&
        roll_decode(data.data, data.size, o->text, &roll->packs, &roll->count, &why) == 0)
        return 0;
    /* One that nobody needs may be pruned while the check runs. */
    if (why.error_class == LAGAN_NOT_FOUND && !is_roll_of_any(c, o->name.hash))
        return 0;
    if (!verify_is_finding(c, &why))
        return -1;
    verify_found_needed(c, o, &why);
    return 0;
}

static bool is_roll_needed(const struct verify *c, const struct verify_object *o)
{
    return c->request->backup == NULL || is_roll_of_any(c, o->name.hash);
}

static int read_rolls(struct verify *c, struct error *e)
{
    size_t first = c->range[NAME_ROLL].first, end = c->range[NAME_ROLL].end;

    c->rolls = calloc(end - first + 1, sizeof(*c->rolls));
    if (c->rolls == NULL)
        return error_no_memory(e, "rolls");
    for (size_t i = first; i < end; i++) {
        struct verify_object *o = &c->objects[i];

        if (!is_roll_needed(c, o))
            continue;
        if (read_roll(c, o, &c->rolls[c->roll_count++]) != 0) {
            *e = c->failure;
            return -1;
        }
        verify_progress_one(c, o->bytes);
    }
    return 0;
}

struct needs {
    struct verify *check;
    uint64_t seal; /* the one at hand */
    unsigned depth;
    struct missing missing;
    struct error failure;
};

static void check_pack(void *context, const struct seal_pack *pack);

/* What took the chunks of an absent pack over counts in its place. */
static void need_heirs(struct needs *n, const struct seal_pack *pack)
{
    const struct move_object *move = moves_find(&n->check->moves, n->seal, pack->hash);
    const struct prune_gone *gone = prune_record_find(&move->record, pack->hash);

    if (n->depth == HEIRS_DEPTH)
        return;
    n->depth++;
    for (uint32_t i = 0; i < gone->count; i++)
        check_pack(n, &move->record.heirs[move->record.places[gone->first + i]]);
    n->depth--;
}

static void check_pack(void *context, const struct seal_pack *pack)
{
    struct needs *n = context;
    struct verify *c = n->check;
    struct verify_object *o = verify_find(c, NAME_PACK, pack->hash);
    struct error why = ERROR_INIT;

    if (o == NULL) {
        if (moves_find(&c->moves, n->seal, pack->hash) != NULL) {
            need_heirs(n, pack);
            return;
        }
        if (verify_is_moved(c, pack->hash, &n->failure))
            return;
        if (!is_known(&n->missing, pack->hash, &n->failure))
            report_missing(c, NAME_PACK, pack->hash);
        return;
    }
    c->needed[o - c->objects] = 1;
    if (o->bytes == pack->bytes || o->reported)
        return;
    error_set(&why, LAGAN_CORRUPT, ERROR_INTEGRITY, "it has %llu bytes instead of %llu",
              (unsigned long long)o->bytes, (unsigned long long)pack->bytes);
    verify_found_needed(c, o, &why);
}

static void check_rolls(struct needs *n, const struct seal *s)
{
    for (size_t i = 0; i < s->roll_count; i++)
        if (verify_find(n->check, NAME_ROLL, s->rolls[i]) == NULL &&
            !is_known(&n->missing, s->rolls[i], &n->failure))
            report_missing(n->check, NAME_ROLL, s->rolls[i]);
}

/* Packs and runs that are too short to be any. */
static void check_sizes(struct verify *c)
{
    for (size_t i = 0; i < c->object_count; i++) {
        struct verify_object *o = &c->objects[i];
        struct error why = ERROR_INIT;

        if ((o->name.kind != NAME_PACK && o->name.kind != NAME_RUN) ||
            o->bytes >= ENVELOPE_BYTES_MIN || (c->request->backup != NULL && !c->needed[i]))
            continue;
        error_set(&why, LAGAN_CORRUPT, ERROR_INTEGRITY, "only %llu bytes long",
                  (unsigned long long)o->bytes);
        verify_found_needed(c, o, &why);
    }
}

int verify_needs(struct verify *c, struct error *e)
{
    struct needs n = {.check = c};

    if (moves_load(c->vault, &c->moves, e) != 0 || read_rolls(c, e) != 0)
        return -1;
    for (size_t i = 0; i < c->seal_count; i++) {
        n.seal = prune_seal_number(c->seals[i]);
        check_rolls(&n, c->seals[i]);
        verify_each_pack(c, c->seals[i], check_pack, &n);
    }
    free(n.missing.hashes);
    check_sizes(c);
    if (n.failure.error_class != LAGAN_OK) {
        *e = n.failure;
        return -1;
    }
    return 0;
}
