/* SPDX-License-Identifier: Apache-2.0 */
/* verify_trees.c - the tree of each backup, walked in turn. */
#include "base/text.h"
#include "vault/verify_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORE_BYTES = 64 << 20, OBJECT_TEXT = 72 };

/* Shared by the walks over all trees. */
struct trees {
    struct verify *check;
    struct store *store;
    struct id_set visited;
    uint8_t *needed;
};

static void mark(void *context, const struct seal_pack *pack)
{
    struct trees *t = context;
    const struct verify_object *o = verify_find(t->check, NAME_PACK, pack->hash);

    if (o != NULL)
        t->needed[o - t->check->objects] = 1;
}

/* As vault_backup_packs, of what was listed at the start. */
static int mark_needed(struct trees *t, const struct seal *seal, struct error *e)
{
    struct seal_pack *packs = NULL;
    size_t count = 0;
    struct error why = ERROR_INIT;

    verify_each_pack(t->check, seal, mark, t);
    if (t->check->moves.count == 0)
        return 0;
    /* A roll that is missing was reported. */
    if (backup_packs_either(t->check->vault, NULL, seal, &packs, &count, &why) != 0)
        return 0;
    int result = moves_resolve(&t->check->moves, NULL, prune_seal_number(seal), &packs, &count,
                               NULL, NULL, e);
    for (size_t i = 0; result == 0 && i < count; i++)
        mark(t, &packs[i]);
    free(packs);
    return result;
}

/* A key as a path: zero bytes stand between its components. */
static void show_key(const struct buffer *key, struct buffer *out)
{
    size_t start = 0;

    for (size_t i = 0; i <= key->size; i++) {
        if (i < key->size && key->data[i] != 0)
            continue;
        if (start > 0)
            buffer_append_u8(out, '/');
        if (i > start)
            text_escape(out, key->data + start, i - start);
        start = i + 1;
    }
    buffer_append_u8(out, 0);
}

static void report_hurt(const struct verify_walk *w, const char *object)
{
    CLEANUP_BUFFER struct buffer key = BUFFER_INIT;
    const char *backup = w->seal->id;
    struct error why = w->why;

    show_key(&w->first, &key);
    error_context(&why, "%llu entries cannot be restored whole, the first is \"%.200s\"",
                  (unsigned long long)w->hurt, key.failed ? "" : (char *)key.data);
    why.error_class = LAGAN_CORRUPT;
    why.code = ERROR_INTEGRITY;
    verify_found(w->check, object, true, &why, &backup, 1);
}

static void report(const struct verify_walk *w)
{
    char object[OBJECT_TEXT];

    snprintf(object, sizeof(object), "seals/%s", w->seal->name);
    if (w->hurt > 0)
        report_hurt(w, object);
    if (w->elsewhere > 0)
        verify_found_text(w->check, object, false, ERROR_INTEGRITY,
                          "%llu chunks lie in packs that the seal does not list",
                          (unsigned long long)w->elsewhere);
}

static int walk(struct trees *t, const struct seal *seal, struct error *e)
{
    struct verify_walk w = {.check = t->check,
                            .seal = seal,
                            .access = store_access(t->store),
                            .store = t->store,
                            .visited = &t->visited,
                            .needed = t->needed};
    int result;

    memset(t->needed, 0, t->check->object_count);
    if (mark_needed(t, seal, e) != 0)
        return -1;
    result = verify_walk_tree(&w, e);
    if (result == 0)
        report(&w);
    buffer_free(&w.scratch);
    buffer_free(&w.first);
    return result;
}

static int walk_all(struct trees *t, struct error *e)
{
    const struct verify *c = t->check;

    t->needed = calloc(c->object_count + 1, 1);
    if (t->needed == NULL)
        return error_no_memory(e, "the list of objects");
    for (size_t i = 0; i < c->seal_count; i++)
        if (walk(t, c->seals[i], e) != 0)
            return -1;
    return 0;
}

int verify_trees(struct verify *c, struct error *e)
{
    struct trees t = {.check = c};
    struct error why = ERROR_INIT;
    int result;

    if (store_open(c->vault, STORE_BYTES, &t.store, &why) != 0) {
        if (verify_is_finding(c, &why)) {
            verify_found(c, "packs/", true, &why, NULL, 0);
            return 0;
        }
        *e = why;
        return -1;
    }
    result = walk_all(&t, e);
    store_close(t.store);
    id_set_free(&t.visited);
    free(t.needed);
    return result;
}
