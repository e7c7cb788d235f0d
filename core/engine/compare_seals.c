/* SPDX-License-Identifier: Apache-2.0 */
/* compare_seals.c - seals and tombstones of both sides, merged and judged. */
#include "engine/compare_private.h"
#include "vault/seal_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int load(struct compare *c, enum compare_side side, struct error *e)
{
    struct seal_scan *scan = &c->scan[side];

    if (seal_scan_list(c->vault[side], scan, e) != 0)
        return error_context(e, "%s", compare_side_name(side));
    for (size_t i = 0; i < scan->count; i++)
        scan->entries[i].wanted = true;
    if (seal_scan_load(c->vault[side], scan, NULL, e) != 0)
        return error_context(e, "%s", compare_side_name(side));
    return 0;
}

static void place(const struct seal_entry *entry, struct compare_place *at)
{
    at->bytes = entry->bytes;
    if (entry->state == SEAL_VALID)
        at->state = COMPARE_SOUND;
    else if (entry->state == SEAL_DAMAGED)
        compare_damage(at, &entry->why);
}

/* Name of the seal that an entry is or hides. */
static void seal_of(const struct seal_entry *entry, char name[SEAL_NAME_SIZE])
{
    snprintf(name, SEAL_NAME_SIZE, "%.*s", (int)strcspn(entry->name, "."), entry->name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct compare_seal *)a)->name,
                  ((const struct compare_seal *)b)->name);
}

/* Every name once. */
static int collect_names(struct compare *c, struct error *e)
{
    size_t count = c->scan[0].count + c->scan[1].count, kept = 0;

    c->seals = calloc(count + 1, sizeof(*c->seals));
    if (c->seals == NULL)
        return error_no_memory(e, "the list of seals");
    count = 0;
    for (int side = 0; side < COMPARE_SIDES; side++)
        for (size_t i = 0; i < c->scan[side].count; i++)
            seal_of(&c->scan[side].entries[i], c->seals[count++].name);
    qsort(c->seals, count, sizeof(*c->seals), compare_names);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(c->seals[kept - 1].name, c->seals[i].name) != 0)
            c->seals[kept++] = c->seals[i];
    c->seal_count = kept;
    return 0;
}

static struct compare_seal *find(struct compare *c, const struct seal_entry *entry)
{
    struct compare_seal key = {.name = ""};

    seal_of(entry, key.name);
    return bsearch(&key, c->seals, c->seal_count, sizeof(key), compare_names);
}

static void merge(struct compare *c, enum compare_side side)
{
    for (size_t i = 0; i < c->scan[side].count; i++) {
        const struct seal_entry *entry = &c->scan[side].entries[i];
        struct compare_seal *s = find(c, entry);

        snprintf(s->id, sizeof(s->id), "%016llx", (unsigned long long)entry->id);
        place(entry, entry->gone ? &s->gone[side] : &s->at[side]);
        if (!entry->gone && entry->state == SEAL_VALID)
            s->seal = s->found[side] = entry->seal;
    }
}

/* A backup may have been deleted, or have arrived, between the two listings. */
static int look_again(struct compare *c, struct compare_seal *s, enum compare_side side,
                      struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error why = ERROR_INIT;
    char object[NAME_SIZE];
    uint64_t bytes;
    int found = tombstone_read(c->vault[side], s->name, &data, &why, e);

    if (found < 0)
        return -1;
    if (found > 0)
        s->gone[side] = (struct compare_place){.bytes = data.size, .state = COMPARE_SOUND};
    snprintf(object, sizeof(object), "seals/%s", s->name);
    if (target_stat(vault_target(c->vault[side]), object, &bytes, &why) == 0)
        s->at[side] = (struct compare_place){.bytes = bytes, .state = COMPARE_PRESENT};
    return 0;
}

/* Two genuine seals of one name: only a writer who has the keys can have made the second. */
static void check_same(struct compare_seal *s)
{
    const struct seal *const *found = s->found;
    struct error why = ERROR_INIT;

    if (found[0] == NULL || found[1] == NULL ||
        memcmp(found[0]->hash, found[1]->hash, sizeof(found[0]->hash)) == 0)
        return;
    error_set(&why, LAGAN_CORRUPT, ERROR_INTEGRITY,
              "seals/%s: both sides have a genuine seal of this name, and they differ",
              s->name);
    compare_damage(&s->at[0], &why);
    compare_damage(&s->at[1], &why);
}

static int judge(struct compare *c, struct compare_seal *s, struct error *e)
{
    for (int side = 0; side < COMPARE_SIDES; side++)
        if (s->at[side].state == COMPARE_ABSENT && s->gone[0].state != COMPARE_SOUND &&
            s->gone[1].state != COMPARE_SOUND && look_again(c, s, side, e) != 0)
            return -1;
    s->live = s->gone[0].state != COMPARE_SOUND && s->gone[1].state != COMPARE_SOUND &&
              (s->at[0].state != COMPARE_ABSENT || s->at[1].state != COMPARE_ABSENT);
    c->result.backups += s->live;
    return 0;
}

int compare_seals(struct compare *c, struct error *e)
{
    if (load(c, COMPARE_SOURCE, e) != 0 || load(c, COMPARE_MIRROR, e) != 0 ||
        collect_names(c, e) != 0)
        return -1;
    merge(c, COMPARE_SOURCE);
    merge(c, COMPARE_MIRROR);
    for (size_t i = 0; i < c->seal_count; i++) {
        check_same(&c->seals[i]);
        if (judge(c, &c->seals[i], e) != 0)
            return -1;
    }
    return 0;
}
