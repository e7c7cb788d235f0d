/* SPDX-License-Identifier: Apache-2.0 */
/* session_list.c - who writes now, as listings show it. */
#include "base/process.h"
#include "crypto/crc32c.h"
#include "vault/field.h"
#include "vault/session_object.h"
#include "vault/stored.h"

#include <stdlib.h>
#include <string.h>

enum { SESSION_LIMIT = 64 << 10 };

/* What a session says of itself, as far as others want to know. */
struct wire {
    uint8_t vault[16];
    uint8_t session[16];
    int64_t created_ns;
    uint32_t kind;
    char process[PROCESS_TEXT_SIZE]; /* "" = not said */
};

#define AT(member) .offset = offsetof(struct wire, member)

static const struct field fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(vault)},
    {2, FIELD_BYTES, FIELD_NEEDED, 16, AT(session)},
    {4, FIELD_I64, 0, 0, AT(created_ns)},
    {7, FIELD_U8, 0, 0, AT(kind)},
    {8, FIELD_TEXT, 0, PROCESS_TEXT_SIZE, AT(process)},
};

/* Objects as they are listed, to be read and folded. */
struct listed {
    struct name name;
    char text[NAME_SIZE];
};
struct listing {
    struct listed *items;
    size_t count, room;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct listing *l = context;
    struct name name;

    (void)bytes;
    if (!name_parse(key, &name) ||
        (name.kind != NAME_SESSION && name.kind != NAME_SESSION_DONE &&
         name.kind != NAME_SESSION_SIGN))
        return 0;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 32 : 2 * l->room;
        struct listed *grown = reallocarray(l->items, room, sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(e, "the list of sessions");
        l->items = grown;
        l->room = room;
    }
    l->items[l->count].name = name;
    memcpy(l->items[l->count++].text, key, strlen(key) + 1);
    return 0;
}

/* By session, then epoch. */
static int compare(const void *a, const void *b)
{
    const struct name *x = &((const struct listed *)a)->name,
                      *y = &((const struct listed *)b)->name;
    int order = memcmp(x->uuid, y->uuid, sizeof(x->uuid));

    if (order != 0)
        return order;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* False when it is damaged: it is a sign of somebody all the same. */
static bool decode(const struct buffer *data, struct wire *w)
{
    struct reader r = reader_of(data->data, data->size), tlvs;
    struct error ignored = ERROR_INIT;

    return data->size >= 4 && field_head(&r, "LAGANSES", &tlvs, "a session", &ignored) == 0 &&
           field_decode(tlvs, fields, sizeof(fields) / sizeof(fields[0]), w, "a session",
                        &ignored) == 0 &&
           reader_u32(&r) == crc32c(data->data, data->size - 4) && reader_done(&r);
}

/* 1, 0 when it has gone meanwhile, -1. */
static int read_one(struct vault *v, const struct listed *l, struct wire *w, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    struct error why = ERROR_INIT;

    *w = (struct wire){.vault = {0}};
    if (stored_read(vault_target(v), l->text, SESSION_LIMIT, &data, &why) == 0) {
        if (!decode(&data, w))
            *w = (struct wire){.vault = {0}};
        return 1;
    }
    if (why.error_class == LAGAN_NOT_FOUND)
        return 0;
    if (stored_is_damage(&why))
        return 1;
    *e = why;
    return -1;
}

/* Adds one object to its session, the last of `entries`. */
static int fold(struct vault *v, const struct listed *l, struct session_entry *s,
                struct error *e)
{
    struct wire w;
    int found;

    if (l->name.number > s->epoch) {
        s->epoch = l->name.number;
        s->open = false;
    }
    /* What has ended need not be asked. */
    if (s->done)
        return 0;
    found = read_one(v, l, &w, e);
    if (found <= 0)
        return found;
    s->open |= l->name.kind == NAME_SESSION;
    s->dead |= w.process[0] != '\0' && process_text_is_dead(w.process);
    s->kind = w.kind;
    if (w.created_ns > s->sign_ns)
        s->sign_ns = w.created_ns;
    return 0;
}

/* Whether some object of the session at `index`, here or behind, says its end. */
static bool is_done(const struct listing *l, size_t index)
{
    const uint8_t *uuid = l->items[index].name.uuid;

    for (size_t i = index; i < l->count && memcmp(l->items[i].name.uuid, uuid, 16) == 0; i++)
        if (l->items[i].name.kind == NAME_SESSION_DONE)
            return true;
    return false;
}

static int fold_all(struct vault *v, const struct listing *l, struct session_entry *entries,
                    size_t *count, struct error *e)
{
    *count = 0;
    for (size_t i = 0; i < l->count; i++) {
        const uint8_t *uuid = l->items[i].name.uuid;

        if (*count == 0 || memcmp(entries[*count - 1].session, uuid, 16) != 0) {
            struct session_entry *s = &entries[(*count)++];

            *s = (struct session_entry){.epoch = l->items[i].name.number};
            memcpy(s->session, uuid, sizeof(s->session));
        }
        entries[*count - 1].done |= is_done(l, i);
        if (fold(v, &l->items[i], &entries[*count - 1], e) != 0)
            return -1;
    }
    for (size_t i = 0; i < *count; i++)
        entries[i].open &= !entries[i].done;
    return 0;
}

int session_object_list(struct vault *v, struct session_entry **entries, size_t *count,
                        struct error *e)
{
    struct listing l = {.items = NULL};
    struct session_entry *found;
    size_t found_count;
    int result = target_list(vault_target(v), "sessions/", collect, &l, e);

    if (result != 0) {
        free(l.items);
        return -1;
    }
    if (l.count > 0)
        qsort(l.items, l.count, sizeof(*l.items), compare);
    found = calloc(l.count + 1, sizeof(*found));
    if (found == NULL)
        result = error_no_memory(e, "the list of sessions");
    else
        result = fold_all(v, &l, found, &found_count, e);
    free(l.items);
    if (result != 0) {
        free(found);
        return -1;
    }
    *entries = found;
    *count = found_count;
    return 0;
}
