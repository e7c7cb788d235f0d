/* SPDX-License-Identifier: Apache-2.0 */
/* source_thing.c - entries that the suite writes itself, and what it must get back. */
#include "conformance/source_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECES_LIMIT = 4, STEP_BYTES = 64 << 10 };

struct source_thing *source_things_add(struct source_things *things, uint32_t type,
                                       const void *key, size_t key_size)
{
    struct source_thing *thing;
    if (things->count == things->room) {
        size_t room = things->room ? things->room * 2 : 64;
        struct source_thing *list = source_memory(room * sizeof *list);
        if (things->count > 0)
            memcpy(list, things->list, things->count * sizeof *list);
        things->list = list;
        things->room = room;
    }
    thing = &things->list[things->count++];
    *thing =
        (struct source_thing){.key = source_copy(key, key_size),
                              .key_size = key_size,
                              .type = type,
                              .seed = things->count * UINT64_C(0x10001),
                              .mode = type == LAGAN_ENTRY_DIRECTORY ? 0750 : 0640,
                              .mtime_s = 1500000000 + (int64_t)things->count,
                              .mtime_ns = (uint32_t)(things->count * 1000003 % 1000000000)};
    return thing;
}

struct source_thing *source_things_find(struct source_things *things, const void *key,
                                        size_t key_size)
{
    for (size_t i = 0; i < things->count; i++)
        if (source_compare_keys(things->list[i].key, things->list[i].key_size, key, key_size) ==
            0)
            return &things->list[i];
    return NULL;
}

static int compare_things(const void *a, const void *b)
{
    const struct source_thing *one = a, *other = b;
    return source_compare_keys(one->key, one->key_size, other->key, other->key_size);
}

void source_things_sort(struct source_things *things)
{
    if (things->count > 0)
        qsort(things->list, things->count, sizeof *things->list, compare_things);
}

/* The content of a further name is that of the first. */
static const struct source_thing *original_of(const struct source_thing *thing)
{
    return thing->first ? thing->first : thing;
}

static uint64_t hole_end(const struct source_thing *thing)
{
    return thing->hole > 0 ? thing->hole + thing->bytes / 3 : 0;
}

void source_thing_bytes(const struct source_thing *thing, uint64_t offset, void *data,
                        size_t size)
{
    const struct source_thing *of = original_of(thing);
    uint8_t *bytes = data;
    trial_bytes(of->seed, offset, data, size);
    for (size_t i = 0; of->hole > 0 && i < size; i++)
        if (offset + i >= of->hole && offset + i < hole_end(of))
            bytes[i] = 0;
}

struct lagan_entry source_thing_entry(const struct source_thing *thing)
{
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = thing->type,
                                .key = thing->key,
                                .key_size = thing->key_size,
                                .present = LAGAN_HAS_MODE | LAGAN_HAS_OWNER | LAGAN_HAS_MTIME,
                                .mode = thing->mode,
                                .user = geteuid(),
                                .group = getegid(),
                                .mtime_s = thing->mtime_s,
                                .mtime_ns = thing->mtime_ns};
    if (source_has_content(&entry)) {
        entry.present |= LAGAN_HAS_BYTES;
        entry.bytes = thing->bytes;
    }
    if (thing->type == LAGAN_ENTRY_SYMLINK) {
        entry.link = thing->link;
        entry.link_size = strlen(thing->link);
    }
    if (thing->type == LAGAN_ENTRY_CHARACTER || thing->type == LAGAN_ENTRY_BLOCK) {
        entry.present |= LAGAN_HAS_DEVICE;
        entry.device_major = 1;
        entry.device_minor = 3;
    }
    return entry;
}

/* Extended attributes of a thing, or properties of an object, which are text; their names sort
 * as their numbers. */
static size_t make_pieces(const struct source_thing *thing, struct lagan_metadata *pieces)
{
    bool object = thing->type == LAGAN_ENTRY_OBJECT;
    for (unsigned i = 0; i < thing->pieces; i++) {
        char name[32];
        uint8_t *value = source_memory(20 + 60 * i);
        int size = snprintf(name, sizeof name,
                            object ? LAGAN_PROPERTY_META "check-%u" : "user.check.%u", i);
        trial_bytes(thing->seed + i, 0, value, 20 + 60 * i);
        for (size_t n = 0; object && n < 20 + 60 * i; n++)
            value[n] = "0123456789abcdef"[value[n] % 16];
        pieces[i] = (struct lagan_metadata){.kind = object ? LAGAN_METADATA_PROPERTY
                                                           : LAGAN_METADATA_XATTR,
                                            .name = source_copy(name, (size_t)size),
                                            .name_size = (uint32_t)size,
                                            .value = value,
                                            .value_size = 20 + 60 * i};
    }
    return thing->pieces;
}

static uint32_t write_range(struct source_work *w, void *writer,
                            const struct source_thing *thing, uint64_t offset, uint64_t end)
{
    static _Thread_local uint8_t data[STEP_BYTES];
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && offset < end) {
        size_t size = end - offset < sizeof data ? (size_t)(end - offset) : sizeof data;
        source_thing_bytes(thing, offset, data, size);
        result = work_write(w, writer, offset, data, size);
        offset += size;
    }
    return result;
}

static uint32_t write_content(struct source_work *w, struct source_thing *thing, uint64_t flags)
{
    struct lagan_metadata pieces[PIECES_LIMIT];
    struct lagan_entry entry = source_thing_entry(thing);
    uint64_t before_hole = thing->hole > 0 ? thing->hole : thing->bytes;
    uint32_t result;
    void *writer;
    result = work_create(w, &entry, flags, &writer);
    if (result != LAGAN_OK)
        return result;
    result = write_range(w, writer, thing, 0, before_hole);
    if (result == LAGAN_OK && thing->hole > 0)
        result = work_zero(w, writer, thing->hole, hole_end(thing) - thing->hole);
    if (result == LAGAN_OK && thing->hole > 0)
        result = write_range(w, writer, thing, hole_end(thing), thing->bytes);
    if (result != LAGAN_OK) {
        work_abort(w, writer);
        return result;
    }
    return work_commit(w, writer, pieces, make_pieces(thing, pieces), &thing->lost);
}

uint32_t source_thing_write(struct source_work *w, struct source_thing *thing, uint64_t flags)
{
    struct lagan_entry entry = source_thing_entry(thing);
    uint32_t result;
    thing->lost = 0;
    if (thing->first && !w->ops->link_create)
        return LAGAN_UNSUPPORTED;
    if (thing->first)
        result = work_link(w, thing->key, thing->key_size, thing->first->key,
                           thing->first->key_size, flags);
    else if (source_has_content(&entry))
        result = write_content(w, thing, flags);
    else
        result = work_node(w, &entry, flags, NULL, 0, &thing->lost);
    thing->stored = result == LAGAN_OK;
    return result;
}

/* What a place may lack without a word in its capabilities. */
static bool may_lack(const struct source_thing *thing, uint32_t result)
{
    if (result == LAGAN_UNSUPPORTED || result == LAGAN_LIMIT)
        return true;
    return result == LAGAN_DENIED &&
           (thing->type == LAGAN_ENTRY_CHARACTER || thing->type == LAGAN_ENTRY_BLOCK);
}

/* Whether something that it needs is there: its directory, its first name. */
static bool has_ground(struct source_things *things, const struct source_thing *thing)
{
    const uint8_t *zero = thing->key_size ? memrchr(thing->key, 0, thing->key_size) : NULL;
    const struct source_thing *above =
        zero ? source_things_find(things, thing->key, (size_t)(zero - thing->key)) : NULL;
    return (!zero || !above || above->stored) && (!thing->first || thing->first->stored);
}

static void finish_directory(struct source_work *w, struct source_thing *thing)
{
    struct lagan_metadata pieces[PIECES_LIMIT];
    struct lagan_entry entry = source_thing_entry(thing);
    EXPECT_OK(w->t, work_finish(w, &entry, 0, pieces, make_pieces(thing, pieces), &thing->lost),
              "source.h, directory_finish");
}

/* As a restore does it: links once the first name is in place, directories' attributes last. */
void source_things_write(struct source_work *w, struct source_things *things)
{
    for (unsigned links = 0; links < 2; links++)
        for (size_t i = 0; i < things->count; i++) {
            struct source_thing *thing = &things->list[i];
            if ((thing->first != NULL) != links || !has_ground(things, thing))
                continue;
            uint32_t result = source_thing_write(w, thing, 0);
            if (!may_lack(thing, result))
                EXPECT_OK(w->t, result, "source.h, struct lagan_source_ops");
        }
    for (size_t i = things->count; i > 0; i--)
        if (things->list[i - 1].type == LAGAN_ENTRY_DIRECTORY && things->list[i - 1].stored)
            finish_directory(w, &things->list[i - 1]);
}

static void expect_attributes(struct source_work *w, const struct source_thing *thing,
                              const struct lagan_entry *entry, const char *key)
{
    static const char look[] = "source.h, entry_commit";
    const struct source_thing *of = original_of(thing);
    if ((entry->present & LAGAN_HAS_MODE) && thing->type != LAGAN_ENTRY_SYMLINK)
        EXPECT(w->t, entry->mode == of->mode, look, "%s has the mode 0%o, and was given 0%o",
               key, entry->mode, of->mode);
    if ((entry->present & LAGAN_HAS_MTIME) && !source_is_flat(w->t))
        EXPECT(w->t, entry->mtime_s == of->mtime_s, look,
               "%s has the time %lld, and was given %lld", key, (long long)entry->mtime_s,
               (long long)of->mtime_s);
    if ((entry->present & LAGAN_HAS_BYTES) && source_has_content(entry))
        EXPECT(w->t, entry->bytes == of->bytes, look, "%s has %llu bytes, and was given %llu",
               key, (unsigned long long)entry->bytes, (unsigned long long)of->bytes);
}

void source_thing_expect(struct source_work *w, const struct source_thing *thing,
                         const struct lagan_entry *entry)
{
    const char *key = source_key_text(thing->key, thing->key_size);
    EXPECT(w->t, entry->type == thing->type, "source.h, struct lagan_entry",
           "%s has the type %u, and was made with %u%s%s", key, entry->type, thing->type,
           entry->error_text ? ": " : "", entry->error_text ? entry->error_text : "");
    if (thing->type == LAGAN_ENTRY_SYMLINK)
        EXPECT(w->t,
               entry->link_size == strlen(thing->link) &&
                   memcmp(entry->link, thing->link, entry->link_size) == 0,
               "source.h, struct lagan_entry", "%s has another target, of %zu bytes", key,
               entry->link_size);
    if (entry->present & LAGAN_HAS_DEVICE)
        EXPECT(w->t, entry->device_major == 1 && entry->device_minor == 3,
               "source.h, struct lagan_entry", "%s is the device %u:%u instead of 1:3", key,
               entry->device_major, entry->device_minor);
    expect_attributes(w, thing, entry, key);
}

void source_thing_expect_content(struct source_work *w, const struct source_thing *thing,
                                 size_t step)
{
    struct lagan_entry entry = {
        .key = thing->key, .key_size = thing->key_size, .bytes = original_of(thing)->bytes};
    uint8_t wanted[4096];
    size_t size;
    uint8_t *data = work_read_all(w, &entry, step, &size);
    const char *key = source_key_text(thing->key, thing->key_size);
    EXPECT(w->t, size == original_of(thing)->bytes, "source.h, read_at",
           "%zu bytes of %s came, and %llu were written", size, key,
           (unsigned long long)original_of(thing)->bytes);
    for (size_t at = 0; at < size; at += sizeof wanted) {
        size_t part = size - at < sizeof wanted ? size - at : sizeof wanted;
        source_thing_bytes(thing, at, wanted, part);
        for (size_t i = 0; i < part; i++)
            EXPECT(w->t, data[at + i] == wanted[i], "source.h, write_at",
                   "byte %zu of %s is 0x%02x, and 0x%02x was written", at + i, key,
                   data[at + i], wanted[i]);
    }
}

/* All pieces that it was given, but for those that were reported lost. */
static void expect_pieces(struct source_work *w, const struct source_thing *thing,
                          const struct lagan_entry *entry)
{
    struct lagan_metadata wanted[PIECES_LIMIT];
    size_t count = make_pieces(original_of(thing), wanted);
    struct source_piece *pieces;
    unsigned found = 0;
    if (!w->ops->metadata)
        return;
    EXPECT_OK(w->t, work_pieces(w, entry, &pieces), "source.h, metadata");
    for (size_t i = 0; i < count; i++)
        for (const struct source_piece *piece = pieces; piece; piece = piece->next)
            found += piece->kind == wanted[i].kind &&
                     strcmp(piece->name, wanted[i].name) == 0 &&
                     piece->value_size == wanted[i].value_size &&
                     memcmp(piece->value, wanted[i].value, piece->value_size) == 0;
    EXPECT(w->t, found + original_of(thing)->lost >= count, "source.h, entry_commit",
           "%zu pieces of metadata were written, %u reported lost, and %u come back", count,
           original_of(thing)->lost, found);
}

void source_things_expect(struct source_work *w, const struct source_things *things)
{
    struct source_items items = work_walk_all(w, NULL, 100);
    size_t shown = items.count > 0 && items.list[0].entry.key_size == 0 ? 1 : 0;
    for (size_t i = 0; i < things->count; i++) {
        const struct source_thing *thing = &things->list[i];
        if (!thing->stored || thing->key_size == 0)
            continue;
        size_t at = source_items_find(&items, thing->key, thing->key_size);
        EXPECT(w->t, at != SIZE_MAX, "source.h, walk_next", "%s is not in the walk",
               source_key_text(thing->key, thing->key_size));
        const struct lagan_entry *entry = &items.list[at].entry;
        shown++;
        source_thing_expect(w, thing, entry);
        expect_pieces(w, thing, entry);
        if (source_has_content(entry))
            source_thing_expect_content(w, thing, 70000);
    }
    EXPECT(w->t, shown == items.count, "source.h, walk_next",
           "the walk shows %zu entries, and there are %zu", items.count, shown);
}
