/* SPDX-License-Identifier: Apache-2.0 */
/* session_needs.c - the packs that a backup needs: in its seal, and in rolls when they are
 * many. */
#include "vault/roll.h"
#include "vault/session_private.h"

#include <stdlib.h>
#include <string.h>

/* A growing list of packs. */
struct list {
    struct seal_pack *packs;
    size_t count;
    size_t room;
};

static int list_add(struct list *l, const struct seal_pack *pack, struct error *e)
{
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : 2 * l->room;
        struct seal_pack *grown = reallocarray(l->packs, room, sizeof(*grown));
        if (grown == NULL)
            return error_no_memory(e, "the packs of a backup");
        l->packs = grown;
        l->room = room;
    }
    l->packs[l->count++] = *pack;
    return 0;
}

static int list_add_all(struct list *l, const struct seal_pack *packs, size_t count,
                        struct error *e)
{
    for (size_t i = 0; i < count; i++)
        if (list_add(l, &packs[i], e) < 0)
            return -1;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct seal_pack *x = a, *y = b;

    return memcmp(x->hash, y->hash, sizeof(x->hash));
}

static void list_sort(struct list *l)
{
    size_t kept = 0;

    if (l->count > 0)
        qsort(l->packs, l->count, sizeof(*l->packs), compare);
    for (size_t i = 0; i < l->count; i++)
        if (kept == 0 || compare(&l->packs[kept - 1], &l->packs[i]) != 0)
            l->packs[kept++] = l->packs[i];
    l->count = kept;
}

/* Takes out of `l` what is in `out`; both are sorted. */
static void list_subtract(struct list *l, const struct list *out)
{
    size_t kept = 0, j = 0;

    for (size_t i = 0; i < l->count; i++) {
        while (j < out->count && compare(&out->packs[j], &l->packs[i]) < 0)
            j++;
        if (j == out->count || compare(&out->packs[j], &l->packs[i]) != 0)
            l->packs[kept++] = l->packs[i];
    }
    l->count = kept;
}

static int collect(struct session *s, struct list *needs, struct error *e)
{
    if (list_add_all(needs, s->parent_packs, s->parent_pack_count, e) < 0)
        return -1;
    for (uint32_t i = 0; i < s->pack_room; i++) {
        if ((s->packs[i] & PACK_NEEDED) == 0)
            continue;
        struct seal_pack pack = index_pack(s->index, i);
        if (list_add(needs, &pack, e) < 0)
            return -1;
    }
    list_sort(needs);
    return 0;
}

/* What the parent's rolls list. */
static int read_rolls(struct session *s, struct list *rolled, struct error *e)
{
    for (size_t i = 0; i < s->parent_roll_count; i++) {
        struct seal_pack *packs = NULL;
        size_t count = 0;
        if (roll_read(s->vault, s->parent_rolls[i], &packs, &count, e) < 0)
            return -1;
        int result = list_add_all(rolled, packs, count, e);
        free(packs);
        if (result < 0)
            return -1;
    }
    list_sort(rolled);
    return 0;
}

/* The rolls of a new seal. */
struct rolls {
    uint8_t (*hashes)[32];
    size_t count;
};

static int rolls_add(struct rolls *r, const uint8_t hash[32], struct error *e)
{
    uint8_t(*grown)[32] = reallocarray(r->hashes, r->count + 1, sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "the rolls of a backup");
    r->hashes = grown;
    memcpy(r->hashes[r->count++], hash, 32);
    return 0;
}

/* A roll that is condemned may vanish: a list of other packs has another name. */
static int write_roll(struct session *s, const struct seal_pack *packs, size_t *count,
                      uint8_t hash[32], struct error *e)
{
    CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;

    for (;;) {
        buffer_clear(&bytes);
        if (roll_encode(packs, *count, &bytes, e) < 0)
            return -1;
        hash_sha256(bytes.data, bytes.size, hash);
        if (*count == 1 || prune_epochs_find(&s->epochs, hash) == NULL)
            break;
        *count -= 1;
    }
    return roll_write(s->vault, packs, *count, hash, e);
}

/* Writes the list as one roll or more. */
static int write_rolls(struct session *s, const struct list *l, struct rolls *rolls,
                       struct error *e)
{
    for (size_t done = 0; done < l->count;) {
        size_t some = l->count - done < ROLL_PACK_LIMIT ? l->count - done : ROLL_PACK_LIMIT;
        uint8_t hash[32];
        if (write_roll(s, l->packs + done, &some, hash, e) < 0 || rolls_add(rolls, hash, e) < 0)
            return -1;
        done += some;
    }
    return 0;
}

/* Rolls that name packs which are not needed any more are left behind, and so are condemned
 * ones. */
static bool is_outdated(const struct session *s, const struct list *needs,
                        const struct list *rolled)
{
    size_t j = 0;

    for (size_t i = 0; i < s->parent_roll_count; i++)
        if (prune_epochs_find(&s->epochs, s->parent_rolls[i]) != NULL)
            return true;
    for (size_t i = 0; i < rolled->count; i++) {
        while (j < needs->count && compare(&needs->packs[j], &rolled->packs[i]) < 0)
            j++;
        if (j == needs->count || compare(&needs->packs[j], &rolled->packs[i]) != 0)
            return true;
    }
    return false;
}

/* Divides what is needed between rolls and the seal itself, in which `explicit` stays. */
static int divide(struct session *s, struct list *needs, struct list *rolled,
                  struct rolls *rolls, struct error *e)
{
    if (is_outdated(s, needs, rolled))
        s->parent_roll_count = rolled->count = 0;
    bool many = s->parent_roll_count + 1 >= SESSION_ROLL_LIMIT;

    for (size_t i = 0; i < s->parent_roll_count; i++)
        if (rolls_add(rolls, s->parent_rolls[i], e) < 0)
            return -1;
    list_subtract(needs, rolled);
    if (needs->count <= SESSION_PACK_LIMIT)
        return 0;
    if (many) {
        rolls->count = 0;
        if (list_add_all(needs, rolled->packs, rolled->count, e) < 0)
            return -1;
        list_sort(needs);
    }
    if (write_rolls(s, needs, rolls, e) < 0)
        return -1;
    needs->count = 0;
    return 0;
}

int session_needs(struct session *s, struct seal *draft, struct error *e)
{
    struct list needs = {0}, rolled = {0};
    struct rolls rolls = {0};

    int result = collect(s, &needs, e);
    if (result == 0)
        result = read_rolls(s, &rolled, e);
    if (result == 0)
        result = divide(s, &needs, &rolled, &rolls, e);
    free(rolled.packs);
    if (result < 0) {
        free(needs.packs);
        free(rolls.hashes);
        return -1;
    }
    free(draft->packs);
    free(draft->rolls);
    draft->packs = needs.packs;
    draft->pack_count = needs.count;
    draft->rolls = rolls.hashes;
    draft->roll_count = rolls.count;
    return 0;
}
