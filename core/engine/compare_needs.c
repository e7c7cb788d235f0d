/* SPDX-License-Identifier: Apache-2.0 */
/* compare_needs.c - what live seals need; packs, rolls and runs of both sides, merged. */
#include "engine/compare_private.h"
#include "vault/roll.h"

#include <stdlib.h>
#include <string.h>

enum { FOLD_LEAST = 64 << 10 };

void compare_object_name(const struct name *name, char text[NAME_SIZE])
{
    switch (name->kind) {
    case NAME_RUN:
        name_of_run(name->number, name->id, name->hash, text);
        break;
    case NAME_ROLL:
        name_of_roll(name->hash, text);
        break;
    case NAME_MOVE:
        name_of_move(name->hash, text);
        break;
    default:
        name_of_pack(name->hash, text);
        break;
    }
}

static int rank(enum name_kind kind)
{
    switch (kind) {
    case NAME_MOVE:
        return 0;
    case NAME_PACK:
        return 1;
    case NAME_ROLL:
        return 2;
    default:
        return 3;
    }
}

/* In the byte order of full names. */
static int compare_objects(const void *a, const void *b)
{
    const struct name *x = &((const struct compare_object *)a)->name;
    const struct name *y = &((const struct compare_object *)b)->name;

    if (x->kind != y->kind)
        return rank(x->kind) - rank(y->kind);
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return memcmp(x->hash, y->hash, sizeof(x->hash));
}

static struct compare_object *add(struct compare *c, const struct name *name, struct error *e)
{
    struct compare_object *o;

    if (c->object_count == c->object_room) {
        size_t room = c->object_room == 0 ? 1024 : 2 * c->object_room;

        o = reallocarray(c->objects, room, sizeof(*o));
        if (o == NULL) {
            error_no_memory(e, "the list of objects");
            return NULL;
        }
        c->objects = o;
        c->object_room = room;
    }
    o = &c->objects[c->object_count++];
    *o = (struct compare_object){.name = *name, .bytes = CARRY_ANY_LENGTH};
    return o;
}

struct listing {
    struct compare *compare;
    enum compare_side side;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    const struct listing *l = context;
    struct compare_object *o;
    struct name name;

    if (!name_parse(key, &name) || (name.kind != NAME_PACK && name.kind != NAME_ROLL &&
                                    name.kind != NAME_RUN && name.kind != NAME_MOVE))
        return 0;
    o = add(l->compare, &name, e);
    if (o == NULL)
        return -1;
    o->at[l->side] = (struct compare_place){.bytes = bytes, .state = COMPARE_PRESENT};
    return 0;
}

static int list(struct compare *c, enum compare_side side, struct error *e)
{
    static const char *const prefixes[] = {"moves/", "packs/", "rolls/", "runs/"};
    struct listing l = {c, side};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (target_list(vault_target(c->vault[side]), prefixes[i], collect, &l, e) != 0)
            return error_context(e, "%s", compare_side_name(side));
    return 0;
}

static int need(struct compare *c, enum name_kind kind, const uint8_t hash[32], uint64_t bytes,
                struct error *e)
{
    struct name name = {.kind = kind, .has_hash = true};
    struct compare_object *o;

    memcpy(name.hash, hash, sizeof(name.hash));
    o = add(c, &name, e);
    if (o == NULL)
        return -1;
    o->needed = true;
    o->bytes = bytes;
    return 0;
}

static int need_packs(struct compare *c, const struct seal_pack *packs, size_t count,
                      struct error *e)
{
    for (size_t i = 0; i < count; i++)
        if (need(c, NAME_PACK, packs[i].hash, packs[i].bytes, e) != 0)
            return -1;
    return 0;
}

static int compare_rolls(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* Every roll that live seals name, once. */
static int collect_rolls(struct compare *c, struct error *e)
{
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < c->seal_count; i++)
        if (c->seals[i].live && c->seals[i].seal != NULL)
            count += c->seals[i].seal->roll_count;
    c->rolls = calloc(count + 1, sizeof(*c->rolls));
    if (c->rolls == NULL)
        return error_no_memory(e, "rolls");
    count = 0;
    for (size_t i = 0; i < c->seal_count; i++) {
        const struct seal *s = c->seals[i].live ? c->seals[i].seal : NULL;

        for (size_t j = 0; s != NULL && j < s->roll_count; j++)
            memcpy(c->rolls[count++].hash, s->rolls[j], 32);
    }
    qsort(c->rolls, count, sizeof(*c->rolls), compare_rolls);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || memcmp(c->rolls[kept - 1].hash, c->rolls[i].hash, 32) != 0)
            c->rolls[kept++] = c->rolls[i];
    c->roll_count = kept;
    return 0;
}

/* What a roll says is the same at both sides; that it is whole at both is looked at later. */
static int read_roll(struct compare *c, struct compare_roll *roll, struct error *e)
{
    for (int side = 0; side < COMPARE_SIDES && roll->packs == NULL; side++) {
        struct error why = ERROR_INIT;

        if (roll_read(c->vault[side], roll->hash, &roll->packs, &roll->count, &why) != 0 &&
            !compare_is_damage(&why)) {
            *e = why;
            return error_context(e, "%s", compare_side_name(side));
        }
    }
    if (need(c, NAME_ROLL, roll->hash, CARRY_ANY_LENGTH, e) != 0)
        return -1;
    return need_packs(c, roll->packs, roll->packs != NULL ? roll->count : 0, e);
}

/* The same object of several origins becomes one. */
static void fold(struct compare *c)
{
    size_t kept = 0;

    if (c->object_count == 0)
        return;
    qsort(c->objects, c->object_count, sizeof(*c->objects), compare_objects);
    for (size_t i = 1; i < c->object_count; i++) {
        struct compare_object *o = &c->objects[kept], *next = &c->objects[i];

        if (compare_objects(o, next) != 0) {
            c->objects[++kept] = *next;
            continue;
        }
        o->needed |= next->needed;
        if (o->bytes == CARRY_ANY_LENGTH)
            o->bytes = next->bytes;
        for (int side = 0; side < COMPARE_SIDES; side++)
            if (o->at[side].state == COMPARE_ABSENT)
                o->at[side] = next->at[side];
    }
    c->object_count = kept + 1;
}

/* An object may have arrived since the listing. */
static int look_again(struct compare *c, struct compare_object *o, enum compare_side side,
                      struct error *e)
{
    struct error why = ERROR_INIT;
    char text[NAME_SIZE];
    uint64_t bytes;

    compare_object_name(&o->name, text);
    if (target_stat(vault_target(c->vault[side]), text, &bytes, &why) == 0) {
        o->at[side] = (struct compare_place){.bytes = bytes, .state = COMPARE_PRESENT};
        return 0;
    }
    if (why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = why;
    return error_context(e, "%s", compare_side_name(side));
}

static void check_length(struct compare_object *o, enum compare_side side)
{
    struct error why = ERROR_INIT;
    char text[NAME_SIZE];

    if (o->at[side].state != COMPARE_PRESENT || o->bytes == CARRY_ANY_LENGTH ||
        o->at[side].bytes == o->bytes)
        return;
    compare_object_name(&o->name, text);
    error_set(&why, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s has %llu bytes instead of %llu", text,
              (unsigned long long)o->at[side].bytes, (unsigned long long)o->bytes);
    compare_damage(&o->at[side], &why);
}

static int check(struct compare *c, struct compare_object *o, struct error *e)
{
    for (int side = 0; side < COMPARE_SIDES; side++) {
        if (o->needed && o->at[side].state == COMPARE_ABSENT && look_again(c, o, side, e) != 0)
            return -1;
        check_length(o, side);
    }
    return 0;
}

static struct compare_object *find(struct compare *c, enum name_kind kind,
                                   const uint8_t hash[32])
{
    struct compare_object key = {.name = {.kind = kind}};

    memcpy(key.name.hash, hash, sizeof(key.name.hash));
    return c->object_count == 0 ? NULL
                                : bsearch(&key, c->objects, c->object_count,
                                          sizeof(*c->objects), compare_objects);
}

/* The move at `side` that covers every live backup which lists the pack. */
static const struct move_object *
covering(const struct compare *c, const struct compare_object *o, enum compare_side side)
{
    const struct moves *m = &c->moves[side];
    const struct move_object *found = moves_find_any(m, o->name.hash);

    for (size_t i = 0; found != NULL && i < c->seal_count; i++)
        if (compare_seal_needs(c, &c->seals[i], &o->name))
            found = moves_find(m, strtoull(c->seals[i].id, NULL, 16), o->name.hash);
    return found;
}

/* The packs that took its chunks over are needed at `side`.  When `own`, it was pruned there,
 * and the other side, which may not have been, need not have them. */
static void need_heirs(struct compare *c, const struct prune_record *r, const uint8_t hash[32],
                       enum compare_side side, bool own)
{
    const struct prune_gone *gone = prune_record_find(r, hash);

    for (uint32_t i = 0; i < gone->count; i++) {
        const struct seal_pack *pack = &r->heirs[r->places[gone->first + i]];
        struct compare_object *heir = find(c, NAME_PACK, pack->hash);

        if (heir == NULL)
            continue; /* its own heirs count */
        heir->needed = true;
        heir->bytes = pack->bytes;
        if (own && heir->at[1 - side].state == COMPARE_ABSENT)
            heir->at[1 - side].state = COMPARE_PRUNED;
    }
}

static void need_move(struct compare *c, const struct move_object *move)
{
    struct compare_object *object = NULL;
    struct name name;

    if (name_parse(move->name, &name))
        object = find(c, NAME_MOVE, name.hash);
    if (object != NULL)
        object->needed = true;
}

/* What is absent at a side because it was pruned there is no loss; nor is what the other side
 * has pruned, once its move is here. */
static void excuse(struct compare *c, struct compare_object *o, enum compare_side side)
{
    const struct move_object *own, *other;

    if (!o->needed || o->name.kind != NAME_PACK || o->at[side].state != COMPARE_ABSENT)
        return;
    own = covering(c, o, side);
    other = own == NULL && o->at[1 - side].state != COMPARE_PRESENT ? covering(c, o, 1 - side)
                                                                    : NULL;
    if (own == NULL && other == NULL)
        return;
    o->at[side].state = COMPARE_PRUNED;
    need_heirs(c, own != NULL ? &own->record : &other->record, o->name.hash, side, own != NULL);
    if (other != NULL)
        need_move(c, other);
}

static int excuse_all(struct compare *c, struct error *e)
{
    for (int side = 0; side < COMPARE_SIDES; side++)
        if (moves_load(c->vault[side], &c->moves[side], e) != 0)
            return error_context(e, "%s", compare_side_name(side));
    if (c->moves[COMPARE_SOURCE].count + c->moves[COMPARE_MIRROR].count == 0)
        return 0;
    for (int side = 0; side < COMPARE_SIDES; side++)
        for (size_t i = 0; i < c->object_count; i++)
            excuse(c, &c->objects[i], side);
    return 0;
}

int compare_needs(struct compare *c, struct error *e)
{
    size_t folded = 0;

    if (collect_rolls(c, e) != 0)
        return -1;
    for (size_t i = 0; i < c->roll_count; i++)
        if (read_roll(c, &c->rolls[i], e) != 0)
            return -1;
    for (size_t i = 0; i < c->seal_count; i++) {
        const struct seal *s = c->seals[i].live ? c->seals[i].seal : NULL;

        if (s != NULL && need_packs(c, s->packs, s->pack_count, e) != 0)
            return -1;
        /* Neighbouring backups need much the same: memory stays near what is needed once. */
        if (c->object_count > 2 * folded + FOLD_LEAST) {
            fold(c);
            folded = c->object_count;
        }
    }
    if (list(c, COMPARE_SOURCE, e) != 0 || list(c, COMPARE_MIRROR, e) != 0)
        return -1;
    fold(c);
    for (size_t i = 0; i < c->object_count; i++)
        if (check(c, &c->objects[i], e) != 0)
            return -1;
    return excuse_all(c, e);
}

static bool lists(const struct seal_pack *packs, size_t count, const uint8_t hash[32])
{
    return count > 0 && bsearch(hash, packs, count, sizeof(*packs), compare_rolls) != NULL;
}

bool compare_seal_needs(const struct compare *c, const struct compare_seal *s,
                        const struct name *name)
{
    if (!s->live || s->seal == NULL || (name->kind != NAME_PACK && name->kind != NAME_ROLL))
        return false;
    if (name->kind == NAME_PACK && lists(s->seal->packs, s->seal->pack_count, name->hash))
        return true;
    for (size_t i = 0; i < s->seal->roll_count; i++) {
        const struct compare_roll *roll;

        if (name->kind == NAME_ROLL) {
            if (memcmp(s->seal->rolls[i], name->hash, 32) == 0)
                return true;
            continue;
        }
        roll = bsearch(s->seal->rolls[i], c->rolls, c->roll_count, sizeof(*c->rolls),
                       compare_rolls);
        if (roll != NULL && roll->packs != NULL && lists(roll->packs, roll->count, name->hash))
            return true;
    }
    return false;
}
