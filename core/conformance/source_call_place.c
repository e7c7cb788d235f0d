/* SPDX-License-Identifier: Apache-2.0 */
/* source_call_place.c - the slots for places that keep versions and copy by themselves, with
 * what must hold whenever they are called. */
#include "conformance/source_kit.h"
#include "driver/source.h"

#include <string.h>

static void judge_piece(struct trial *t, const struct lagan_metadata *piece,
                        const struct lagan_metadata *before)
{
    static const char look[] = "source.h, struct lagan_metadata";
    EXPECT(t, piece->name && strlen(piece->name) == piece->name_size && piece->name_size > 0,
           look, "a piece has a name of %u bytes that is none", piece->name_size);
    EXPECT(t, piece->value || piece->value_size == 0, look, "%s has no value", piece->name);
    if (!before)
        return;
    int order = piece->kind == before->kind ? strcmp(before->name, piece->name)
                                            : (before->kind < piece->kind ? -1 : 1);
    EXPECT(t, order < 0, "source.h, struct lagan_entry", "%s comes behind %s", piece->name,
           before->name);
}

const struct lagan_metadata *source_keep_pieces(struct trial *t,
                                                const struct lagan_entry *entry, size_t *count)
{
    const struct lagan_metadata *pieces = source_entry_pieces(entry, count);
    if (!pieces)
        return NULL;
    struct lagan_metadata *kept = source_memory((*count + 1) * sizeof *kept);
    for (size_t i = 0; i < *count; i++) {
        judge_piece(t, &pieces[i], i > 0 ? &pieces[i - 1] : NULL);
        kept[i] = pieces[i];
        kept[i].name = source_copy(pieces[i].name, pieces[i].name_size + 1);
        kept[i].value = source_copy(pieces[i].value, pieces[i].value_size);
    }
    return kept;
}

uint32_t work_place_name(struct source_work *w, char *name, size_t size)
{
    struct call c;
    struct opened *o = w->reader ? w->reader : w->writer;
    memset(name, 0x5a, size);
    call_begin(w->t, o, &c, "place_name, %zu bytes", size);
    uint32_t result =
        call_end(w->t, &c, w->ops->place_name(o->handle, &c.operation.op, name, size));
    if (result == LAGAN_OK)
        EXPECT(w->t, memchr(name, 0, size), "source.h, place_name",
               "the name has no end within %zu bytes", size);
    return result;
}

static void ignore_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    (void)name;
    (void)reason;
}

uint32_t work_copy(struct source_work *w, const char *place, const struct lagan_entry *from,
                   const struct lagan_entry *entry, uint64_t flags,
                   const struct lagan_metadata *pieces, size_t count)
{
    const struct lagan_metadata_collector lost = {.lost = ignore_lost};
    struct call c;
    call_begin(w->t, w->writer, &c, "entry_copy of %s, flags 0x%llx",
               source_key_text(from->key, from->key_size), (unsigned long long)flags);
    return call_end(w->t, &c,
                    w->ops->entry_copy(w->writer->handle, &c.operation.op, place, from->key,
                                       from->key_size, from->id, from->id_size, entry, flags,
                                       count ? pieces : NULL, count, &lost));
}

uint32_t work_remove(struct source_work *w, const void *key, size_t key_size)
{
    struct call c;
    call_begin(w->t, w->writer, &c, "entry_remove %s", source_key_text(key, key_size));
    return call_end(w->t, &c,
                    w->ops->entry_remove(w->writer->handle, &c.operation.op, key, key_size, 0));
}
