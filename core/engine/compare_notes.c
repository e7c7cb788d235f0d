/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_notes.c - notes (vault/note.h) of both sides.  On each topic the newest genuine one
 * of either side is what both should have; no backup needs any, so that one that is not there
 * yet is told and not counted as a fault.
 */
#include "engine/compare_private.h"
#include "vault/note_codec.h"
#include "vault/stored.h"

#include <stdlib.h>
#include <string.h>

/* One name at both sides. */
struct pair {
    const struct note_entry *entry;
    struct compare_place at[COMPARE_SIDES];
    struct buffer data[COMPARE_SIDES]; /* of what is sound */
};

/* Both listings as one, by topic and generation. */
struct merged {
    struct note_entry *entries[COMPARE_SIDES];
    size_t count[COMPARE_SIDES];
    struct pair *pairs;
    size_t pair_count;
};

static void clean(struct merged *m)
{
    for (size_t i = 0; i < m->pair_count; i++)
        for (int side = 0; side < COMPARE_SIDES; side++) {
            free(m->pairs[i].at[side].why);
            buffer_free(&m->pairs[i].data[side]);
        }
    free(m->pairs);
    free(m->entries[0]);
    free(m->entries[1]);
}

static int load(struct compare *c, struct merged *m, struct error *e)
{
    for (int side = 0; side < COMPARE_SIDES; side++)
        if (note_entries(c->vault[side], &m->entries[side], &m->count[side], e) != 0)
            return error_context(e, "%s", compare_side_name((enum compare_side)side));
    m->pairs = calloc(m->count[0] + m->count[1] + 1, sizeof(*m->pairs));
    return m->pairs != NULL ? 0 : error_no_memory(e, "the notes of two vaults");
}

static void merge(struct merged *m)
{
    size_t at[COMPARE_SIDES] = {0, 0};

    while (at[0] < m->count[0] || at[1] < m->count[1]) {
        const struct note_entry *a = at[0] < m->count[0] ? &m->entries[0][at[0]] : NULL;
        const struct note_entry *b = at[1] < m->count[1] ? &m->entries[1][at[1]] : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->name, b->name);
        struct pair *pair = &m->pairs[m->pair_count++];

        pair->entry = order <= 0 ? a : b;
        if (order <= 0)
            pair->at[0] = (struct compare_place){.bytes = a->bytes, .state = COMPARE_PRESENT};
        if (order >= 0)
            pair->at[1] = (struct compare_place){.bytes = b->bytes, .state = COMPARE_PRESENT};
        at[0] += order <= 0;
        at[1] += order >= 0;
    }
}

static int read_side(struct compare *c, struct pair *pair, enum compare_side side,
                     struct error *e)
{
    const struct trust trust = vault_trust(c->vault[side]);
    struct buffer *data = &pair->data[side];
    struct vault_note note;
    struct error why = ERROR_INIT;

    if (pair->at[side].state != COMPARE_PRESENT)
        return 0;
    if (stored_read(vault_target(c->vault[side]), pair->entry->name, NOTE_OBJECT_LIMIT, data,
                    &why) == 0 &&
        note_decode(data->data, data->size, pair->entry->name, &trust, NULL, &note, &why) ==
            0) {
        vault_note_free(&note);
        pair->at[side].state = COMPARE_SOUND;
    } else if (why.error_class == LAGAN_NOT_FOUND) {
        pair->at[side].state = COMPARE_ABSENT; /* a newer one took its place */
    } else if (compare_is_damage(&why)) {
        compare_damage(&pair->at[side], &why);
    } else {
        *e = why;
        return error_context(e, "%s", compare_side_name(side));
    }
    return 0;
}

/* Two genuine ones of one name: one side was once set back. */
static void check_same(struct pair *pair)
{
    const struct buffer *a = &pair->data[0], *b = &pair->data[1];
    struct error why = ERROR_INIT;

    if (pair->at[0].state != COMPARE_SOUND || pair->at[1].state != COMPARE_SOUND ||
        (a->size == b->size && memcmp(a->data, b->data, a->size) == 0))
        return;
    error_set(&why, LAGAN_CORRUPT, ERROR_INTEGRITY,
              "%s: both sides have a genuine note of this name, and they differ",
              pair->entry->name);
    compare_damage(&pair->at[0], &why);
    compare_damage(&pair->at[1], &why);
}

/* Whether a newer one on the same topic, `next`, makes this one needless. */
static bool is_old(const struct merged *m, size_t i)
{
    for (size_t j = i + 1; j < m->pair_count; j++) {
        const struct pair *newer = &m->pairs[j];

        if (memcmp(newer->entry->parsed.uuid, m->pairs[i].entry->parsed.uuid,
                   VAULT_NOTE_TOPIC_SIZE) != 0)
            break;
        if (newer->at[0].state == COMPARE_SOUND || newer->at[1].state == COMPARE_SOUND)
            return true;
    }
    return false;
}

/* The sound one was read and proved above. */
static int mend(struct compare *c, const struct pair *pair, int from, struct error *e)
{
    const struct buffer *data = &pair->data[from];
    struct target *to = vault_target(c->vault[1 - from]);

    if (c->request->pass != NULL && c->request->pass(c->request->context, data->size, e) != 0)
        return -1;
    if (pair->at[1 - from].state == COMPARE_DAMAGED &&
        target_remove(to, pair->entry->name, e) != 0)
        return -1;
    switch (stored_put(to, pair->entry->name, data->data, data->size, e)) {
    case STORED_DONE:
        return target_flush(to, e);
    case STORED_TAKEN:
        return error_set(e, LAGAN_CHANGED, ERROR_TEMPORARY,
                         "%s: something else came there meanwhile", pair->entry->name);
    default:
        return -1;
    }
}

static void judge(struct compare *c, const struct merged *m, size_t i)
{
    const struct pair *pair = &m->pairs[i];
    const struct compare_verdict v = compare_judge(pair->at);
    bool damaged = pair->at[0].state == COMPARE_DAMAGED || pair->at[1].state == COMPARE_DAMAGED;
    struct compare_finding f = {.object = pair->entry->name, .kind = v.kind, .fatal = damaged};

    if (!v.bad || v.kind == COMPARE_ABSENT_BOTH || (!damaged && is_old(m, i)))
        return;
    if (c->request->repair && v.from >= 0)
        f.mended = mend(c, pair, v.from, &f.failure) == 0;
    compare_explain(&f, pair->at);
    compare_report(c, &f);
}

int compare_notes(struct compare *c, struct error *e)
{
    struct merged m = {.pair_count = 0};
    int result = load(c, &m, e);

    if (result == 0)
        merge(&m);
    for (size_t i = 0; i < m.pair_count && result == 0; i++) {
        for (int side = 0; side < COMPARE_SIDES && result == 0; side++)
            result = read_side(c, &m.pairs[i], (enum compare_side)side, e);
        check_same(&m.pairs[i]);
    }
    for (size_t i = 0; i < m.pair_count && result == 0; i++)
        judge(c, &m, i);
    clean(&m);
    return result;
}
