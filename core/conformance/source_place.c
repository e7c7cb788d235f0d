/* SPDX-License-Identifier: Apache-2.0 */
/* source_place.c - cases: prefixes and pieces of walks, versions, copies within a store, and
 * removal. */
#include "conformance/source_kit.h"
#include "driver/source.h"

#include <stdio.h>
#include <string.h>

enum { CONTENT_BYTES = 70001 };

/* A walk shows the root and what begins with `prefix`, as the whole walk does. */
static void expect_prefix(struct source_work *w, const struct source_items *all,
                          const void *prefix, size_t size)
{
    const struct lagan_walk_request how = {
        .size = sizeof how, .prefix = prefix, .prefix_size = size};
    struct source_items items = work_walk_all(w, &how, 7);
    size_t wanted = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct lagan_entry *entry = &all->list[i].entry;
        bool within = entry->key_size == 0 ||
                      (entry->key_size >= size && memcmp(entry->key, prefix, size) == 0);
        wanted += within;
        EXPECT(w->t,
               (source_items_find(&items, entry->key, entry->key_size) != SIZE_MAX) == within,
               "source.h, struct lagan_walk_request", "%s %s with the prefix %s",
               source_key_text(entry->key, entry->key_size), within ? "is missing" : "comes",
               source_key_text(prefix, size));
    }
    EXPECT(w->t, items.count == wanted, "source.h, struct lagan_walk_request",
           "%zu entries have the prefix, and %zu come", wanted, items.count);
}

static void prefixes(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    if (!w->told.prefix)
        trial_skip(t, "the source does not say that walks take prefixes");
    struct source_items all = work_walk_all(w, NULL, 100);
    expect_prefix(w, &all, "", 0);
    expect_prefix(w, &all, "no such key", 11);
    for (size_t i = 1; i < all.count; i += 1 + all.count / 9) {
        const struct lagan_entry *entry = &all.list[i].entry;
        expect_prefix(w, &all, entry->key, entry->key_size);
        expect_prefix(w, &all, entry->key, (entry->key_size + 1) / 2);
    }
}

/* What a source does not say that it can, it refuses. */
static void flags_refused(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct lagan_walk_request how = {.size = sizeof how};
    void *walk;
    how.flags = LAGAN_WALK_PIECES;
    if (!w->told.pieces)
        expect_class(t, work_walk_open(w, &how, &walk), LAGAN_UNSUPPORTED, "driver.h, Flags");
    how.flags = LAGAN_WALK_VERSIONS;
    if (!w->told.versions)
        expect_class(t, work_walk_open(w, &how, &walk), LAGAN_UNSUPPORTED, "driver.h, Flags");
    if (w->told.pieces && w->told.versions)
        trial_skip(t, "the source can do both");
}

/* The collectors look at the pieces themselves. */
static void pieces_sorted(struct trial *t)
{
    const struct lagan_walk_request how = {.size = sizeof how, .flags = LAGAN_WALK_PIECES};
    struct source_work *w = work_on_content(t);
    if (!w->told.pieces)
        trial_skip(t, "the source has no pieces in its walks");
    struct source_items plain = work_walk_all(w, NULL, 100);
    struct source_items items = work_walk_all(w, &how, 9);
    size_t with = 0;
    EXPECT(t, plain.count == items.count, "source.h, LAGAN_WALK_PIECES",
           "%zu entries come with pieces, and %zu without", items.count, plain.count);
    for (size_t i = 0; i < items.count; i++)
        with += items.list[i].entry.piece_count > 0;
    EXPECT(t, with > 0 || items.count < 2, "source.h, LAGAN_WALK_PIECES",
           "none of %zu entries has a piece", items.count);
}

static void place_name(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    char one[SOURCE_PLACE_SIZE], other[SOURCE_PLACE_SIZE], small[2];
    EXPECT_OK(t, work_place_name(w, one, sizeof one), "source.h, place_name");
    EXPECT_OK(t, work_place_name(w, other, sizeof other), "source.h, place_name");
    EXPECT(t, strcmp(one, other) == 0 && strchr(one, '/'), "source.h, place_name",
           "the place is called %s and %s", one, other);
    expect_class(t, work_place_name(w, small, sizeof small), LAGAN_LIMIT,
                 "source.h, place_name");
}

/* A source with one entry that has content and pieces, and where it is. */
struct scene {
    struct source_work *w;
    struct source_thing *original;
    struct lagan_entry from; /* as a walk shows it */
    char place[SOURCE_PLACE_SIZE];
};

static void write_original(struct scene *s)
{
    s->original = source_things_add(&s->w->stock, s->w->content_type, "original", 8);
    s->original->bytes = CONTENT_BYTES;
    EXPECT_OK(s->w->t, source_thing_write(s->w, s->original, LAGAN_CREATE_REPLACE),
              "source.h, entry_commit");
}

static struct scene scene_of(struct trial *t, bool copies)
{
    struct scene s = {.w = work_empty(t)};
    if (copies && !s.w->told.copy)
        trial_skip(t, "the source does not say that it copies");
    if (!copies && !s.w->told.remove)
        trial_skip(t, "the source does not say that it removes");
    write_original(&s);
    struct source_items items = work_walk_all(s.w, NULL, 100);
    size_t at = source_items_find(&items, "original", 8);
    EXPECT(t, at != SIZE_MAX, "source.h, walk_next", "the entry that was written is missing");
    s.from = items.list[at].entry;
    if (copies)
        EXPECT_OK(t, work_place_name(s.w, s.place, sizeof s.place), "source.h, place_name");
    return s;
}

/* The thing that a copy of the original must be. */
static struct source_thing copy_of(const struct scene *s, const char *key)
{
    struct source_thing copy = *s->original;
    copy.key = (const uint8_t *)key;
    copy.key_size = strlen(key);
    return copy;
}

static uint32_t copy_to(const struct scene *s, const struct lagan_entry *from, const char *key,
                        uint64_t flags)
{
    struct source_thing copy = copy_of(s, key);
    struct lagan_entry entry = source_thing_entry(&copy);
    return work_copy(s->w, s->place, from, &entry, flags, NULL, 0);
}

static void copied(struct trial *t)
{
    struct scene s = scene_of(t, true);
    struct source_thing copy = copy_of(&s, "copy");
    EXPECT_OK(t, copy_to(&s, &s.from, "copy", LAGAN_CREATE_KEEP_PIECES),
              "source.h, entry_copy");
    source_thing_expect_content(s.w, &copy, 30000);
    source_thing_expect_content(s.w, s.original, 30000);
}

static void copied_once(struct trial *t)
{
    struct scene s = scene_of(t, true);
    EXPECT_OK(t, copy_to(&s, &s.from, "copy", 0), "source.h, entry_copy");
    expect_class(t, copy_to(&s, &s.from, "copy", 0), LAGAN_EXISTS, "source.h, entry_copy");
    EXPECT_OK(t, copy_to(&s, &s.from, "copy", LAGAN_CREATE_REPLACE), "source.h, entry_copy");
}

static void copied_from_nothing(struct trial *t)
{
    struct scene s = scene_of(t, true);
    struct lagan_entry from = {.key = "missing", .key_size = 7};
    expect_class(t, copy_to(&s, &from, "copy", 0), LAGAN_NOT_FOUND, "source.h, entry_copy");
    EXPECT(t, work_stat(s.w, "copy", 4, NULL) == LAGAN_NOT_FOUND, "source.h, entry_copy",
           "a copy of nothing is there");
}

/* An id that is not that of the original any more. */
static void copied_changed(struct trial *t)
{
    struct scene s = scene_of(t, true);
    if (s.from.id_size == 0)
        trial_skip(t, "entries have no ids");
    struct source_thing later = *s.original;
    later.seed += 7;
    EXPECT_OK(t, source_thing_write(s.w, &later, LAGAN_CREATE_REPLACE),
              "source.h, entry_commit");
    if (s.w->told.versions == LAGAN_VERSIONS_KEPT)
        trial_skip(t, "an older version is there still, and may be copied");
    expect_class(t, copy_to(&s, &s.from, "copy", 0), LAGAN_CHANGED, "source.h, entry_copy");
}

static void copied_from_elsewhere(struct trial *t)
{
    struct scene s = scene_of(t, true);
    snprintf(s.place, sizeof s.place, "other://nowhere.invalid/store");
    expect_class(t, copy_to(&s, &s.from, "copy", 0), LAGAN_UNSUPPORTED, "source.h, entry_copy");
}

static void removed(struct trial *t)
{
    struct scene s = scene_of(t, false);
    const struct lagan_walk_request current = {.size = sizeof current,
                                               .flags = LAGAN_WALK_CURRENT};
    EXPECT_OK(t, work_remove(s.w, "original", 8), "source.h, entry_remove");
    struct source_items items = work_walk_all(s.w, s.w->told.versions ? &current : NULL, 100);
    EXPECT(t, source_items_find(&items, "original", 8) == SIZE_MAX, "source.h, entry_remove",
           "what was removed is there still");
    expect_class(t, work_stat(s.w, "original", 8, NULL), LAGAN_NOT_FOUND,
                 "source.h, entry_remove");
    EXPECT_OK(t, work_remove(s.w, "original", 8), "source.h, entry_remove");
    EXPECT_OK(t, work_remove(s.w, "never", 5), "source.h, entry_remove");
}

/* The versions of "original" in a walk, oldest first. */
struct versions {
    const struct lagan_entry *list[4];
    size_t count;
};

static struct versions versions_of(struct source_work *w)
{
    static const char digits[] = "0123456789abcdef";
    const struct lagan_walk_request how = {.size = sizeof how,
                                           .flags = LAGAN_WALK_VERSIONS | LAGAN_WALK_PIECES};
    struct source_items items = work_walk_all(w, &how, 100);
    struct versions found = {0};
    for (size_t i = 0; i < items.count; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        const char *key = entry->key;
        if (entry->key_size == 0)
            continue;
        EXPECT(w->t,
               strnlen(key, entry->key_size) + 1 + LAGAN_VERSION_TIME_SIZE <= entry->key_size,
               "source.h, Versions", "%s is not the key of a version",
               source_key_text(entry->key, entry->key_size));
        if (strcmp(key, "original") != 0)
            continue;
        EXPECT(w->t, strspn(key + 9, digits) >= LAGAN_VERSION_TIME_SIZE, "source.h, Versions",
               "%s does not tell its moment", source_key_text(entry->key, entry->key_size));
        EXPECT(w->t, found.count < 4, "source.h, Versions", "there are too many versions");
        found.list[found.count++] = entry;
    }
    return found;
}

static struct scene scene_of_versions(struct trial *t)
{
    struct scene s = scene_of(t, false);
    if (s.w->told.versions != LAGAN_VERSIONS_KEPT || !s.w->told.pieces)
        trial_skip(t, "the place keeps no versions");
    return s;
}

static bool is_current(const struct lagan_entry *entry)
{
    return source_find_piece(entry->pieces, entry->piece_count, LAGAN_FACT_CURRENT) != NULL;
}

static void versions_kept(struct trial *t)
{
    struct scene s = scene_of_versions(t);
    struct source_thing later = *s.original, older = *s.original;
    later.seed += 7;
    later.bytes = 1000;
    EXPECT_OK(t, source_thing_write(s.w, &later, LAGAN_CREATE_REPLACE),
              "source.h, entry_commit");
    struct versions v = versions_of(s.w);
    EXPECT(t, v.count == 2, "source.h, Versions", "of 2 versions %zu come", v.count);
    EXPECT(t, !is_current(v.list[0]) && is_current(v.list[1]), "source.h, Versions",
           "the current version is not the last");
    older.key = v.list[0]->key;
    older.key_size = v.list[0]->key_size;
    source_thing_expect_content(s.w, &older, 30000);
    later.key = v.list[1]->key;
    later.key_size = v.list[1]->key_size;
    source_thing_expect_content(s.w, &later, 30000);
}

static void versions_marked(struct trial *t)
{
    struct scene s = scene_of_versions(t);
    EXPECT_OK(t, work_remove(s.w, "original", 8), "source.h, entry_remove");
    struct versions v = versions_of(s.w);
    EXPECT(t, v.count == 2 && v.list[1]->type == LAGAN_ENTRY_MARKER, "source.h, entry_remove",
           "%zu versions come, and the last is no marker", v.count);
    EXPECT_OK(t, work_remove(s.w, v.list[1]->key, v.list[1]->key_size),
              "source.h, entry_remove");
    v = versions_of(s.w);
    EXPECT(t, v.count == 1 && is_current(v.list[0]), "source.h, entry_remove",
           "without its marker the object is not back");
    source_thing_expect_content(s.w, s.original, 30000);
    EXPECT_OK(t, work_remove(s.w, v.list[0]->key, v.list[0]->key_size),
              "source.h, entry_remove");
    EXPECT(t, versions_of(s.w).count == 0, "source.h, entry_remove",
           "a version that was removed by its key is there still");
}

const struct check_case check_cases_source_place[] = {
    {"source-walk-prefix", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, CASE_SAFE, NULL, prefixes,
     "a walk with a prefix shows what begins with it, and the root"},
    {"source-walk-flags", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, flags_refused,
     "what the capabilities do not tell is refused"},
    {"source-walk-pieces", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, CASE_SAFE, NULL, pieces_sorted,
     "pieces come in the order of their names"},
    {"source-place-name", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "place_name",
     place_name, "the place has one name, and a room that is too small is refused"},
    {"source-copy-content", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_copy place_name",
     copied, "a copy has the content of the original, which stays"},
    {"source-copy-once", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_copy place_name",
     copied_once, "a name that is taken is replaced on demand alone"},
    {"source-copy-nothing", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_copy place_name",
     copied_from_nothing, "what is not there is not copied"},
    {"source-copy-changed", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_copy place_name",
     copied_changed, "what was replaced since the walk is not copied"},
    {"source-copy-elsewhere", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_copy place_name",
     copied_from_elsewhere, "another store is left to the host"},
    {"source-remove", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_remove", removed,
     "what was removed is gone, and may be removed again"},
    {"source-versions-kept", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_remove",
     versions_kept, "replaced content stays readable under its version's key, oldest first"},
    {"source-versions-marked", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "entry_remove",
     versions_marked, "a removal is a marker, and a version goes by its own key"},
    {.name = NULL}};
