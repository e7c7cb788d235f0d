/* SPDX-License-Identifier: Apache-2.0 */
/* source_select.c - cases: the host's rules are asked, and what they say holds. */
#include "conformance/source_kit.h"

#include <string.h>

/* What the rules were asked, under a lock: drivers may ask from threads of their own. */
struct rules {
    struct source_work *w;
    pthread_mutex_t lock;
    struct source_items asked; /* key and type alone */
    enum lagan_selection (*decide)(const struct rules *r, const void *key, size_t key_size,
                                   uint32_t type);
    const void *skip; /* for `decide` */
    size_t skip_size;
};

static enum lagan_selection ask(void *context, const void *key, size_t key_size, uint32_t type)
{
    struct rules *r = context;
    struct source_items *asked = &r->asked;
    enum lagan_selection answer;
    pthread_mutex_lock(&r->lock);
    if (asked->count == asked->room) {
        size_t room = asked->room ? asked->room * 2 : 64;
        struct source_item *list = source_memory(room * sizeof *list);
        if (asked->count > 0)
            memcpy(list, asked->list, asked->count * sizeof *list);
        asked->list = list;
        asked->room = room;
    }
    asked->list[asked->count++].entry = (struct lagan_entry){
        .type = type, .key = source_copy(key, key_size), .key_size = key_size};
    answer = r->decide(r, key, key_size, type);
    pthread_mutex_unlock(&r->lock);
    return answer;
}

static enum lagan_selection take_all(const struct rules *r, const void *key, size_t key_size,
                                     uint32_t type)
{
    (void)r;
    (void)key;
    (void)key_size;
    (void)type;
    return LAGAN_SELECT_TAKE;
}

static enum lagan_selection take_none(const struct rules *r, const void *key, size_t key_size,
                                      uint32_t type)
{
    (void)r;
    (void)key;
    (void)key_size;
    (void)type;
    return LAGAN_SELECT_SKIP;
}

static enum lagan_selection skip_one(const struct rules *r, const void *key, size_t key_size,
                                     uint32_t type)
{
    (void)type;
    return source_compare_keys(key, key_size, r->skip, r->skip_size) == 0 ? LAGAN_SELECT_SKIP
                                                                          : LAGAN_SELECT_TAKE;
}

static struct source_items walk_with(struct rules *r)
{
    struct lagan_walk_request request = {
        .size = sizeof request, .select = ask, .select_context = r};
    pthread_mutex_init(&r->lock, NULL);
    return work_walk_all(r->w, &request, 50);
}

static size_t times_asked(const struct rules *r, const struct lagan_entry *entry)
{
    size_t times = 0;
    for (size_t i = 0; i < r->asked.count; i++)
        times +=
            source_compare_keys(r->asked.list[i].entry.key, r->asked.list[i].entry.key_size,
                                entry->key, entry->key_size) == 0;
    return times;
}

static void asked_once(struct trial *t)
{
    static const char look[] = "source.h, struct lagan_walk_request";
    struct rules r = {.w = work_on_content(t), .decide = take_all};
    struct source_items items = walk_with(&r);
    struct source_items all = work_walk_all(r.w, NULL, 50);
    EXPECT(t, items.count == all.count, look,
           "with rules that take all %zu entries come, and %zu without", items.count,
           all.count);
    for (size_t i = 0; i < items.count; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        size_t times = times_asked(&r, entry);
        EXPECT(t, times == (entry->key_size > 0), look, "%s was asked about %zu times",
               source_key_text(entry->key, entry->key_size), times);
    }
    EXPECT(t, r.asked.count + 1 == items.count, look, "%zu questions for %zu entries",
           r.asked.count, items.count);
}

/* The type of the question is that of the entry, unless it could not be examined. */
static void asked_with_type(struct trial *t)
{
    struct rules r = {.w = work_on_content(t), .decide = take_all};
    struct source_items items = walk_with(&r);
    for (size_t i = 0; i < r.asked.count; i++) {
        const struct lagan_entry *asked = &r.asked.list[i].entry;
        size_t at = source_items_find(&items, asked->key, asked->key_size);
        if (at == SIZE_MAX || items.list[at].entry.type == LAGAN_ENTRY_ERROR)
            continue;
        EXPECT(t, items.list[at].entry.type == asked->type,
               "source.h, struct lagan_walk_request",
               "%s was asked about with the type %u, and is of type %u",
               source_key_text(asked->key, asked->key_size), asked->type,
               items.list[at].entry.type);
    }
}

static void none_taken(struct trial *t)
{
    struct rules r = {.w = work_on_content(t), .decide = take_none};
    struct source_items items = walk_with(&r);
    EXPECT(t, items.count == 1 && items.list[0].entry.key_size == 0,
           "source.h, enum lagan_selection", "with nothing selected %zu entries come",
           items.count);
}

static bool is_below(const struct lagan_entry *entry, const struct lagan_entry *folder)
{
    return entry->key_size > folder->key_size &&
           memcmp(entry->key, folder->key, folder->key_size) == 0 &&
           ((const uint8_t *)entry->key)[folder->key_size] == 0;
}

/* A directory with something in it that is not the last thing. */
static const struct lagan_entry *find_folder(const struct source_items *all)
{
    for (size_t i = 1; i + 2 < all->count; i++)
        if (all->list[i].entry.type == LAGAN_ENTRY_DIRECTORY &&
            is_below(&all->list[i + 1].entry, &all->list[i].entry))
            return &all->list[i].entry;
    return NULL;
}

static void folder_skipped(struct trial *t)
{
    static const char look[] = "source.h, enum lagan_selection";
    struct rules r = {.w = work_on_content(t), .decide = skip_one};
    struct source_items all = work_walk_all(r.w, NULL, 50);
    const struct lagan_entry *folder = find_folder(&all);
    size_t below = 0;
    if (!folder)
        trial_skip(t, "the source has no directory with entries in it");
    r.skip = folder->key;
    r.skip_size = folder->key_size;
    struct source_items items = walk_with(&r);
    for (size_t i = 0; i < all.count; i++)
        below += is_below(&all.list[i].entry, folder);
    EXPECT(t, items.count == all.count - 1 - below, look,
           "without a directory and the %zu entries below it %zu of %zu come", below,
           items.count, all.count);
    for (size_t i = 0; i < r.asked.count; i++)
        EXPECT(t, !is_below(&r.asked.list[i].entry, folder), look,
               "%s was asked about, and its directory was to be left out",
               source_key_text(r.asked.list[i].entry.key, r.asked.list[i].entry.key_size));
}

static void file_skipped(struct trial *t)
{
    struct rules r = {.w = work_on_content(t), .decide = skip_one};
    struct source_items all = work_walk_all(r.w, NULL, 50);
    const struct lagan_entry *file = NULL;
    for (size_t i = 0; i < all.count && !file; i++)
        file = source_has_content(&all.list[i].entry) ? &all.list[i].entry : NULL;
    if (!file)
        trial_skip(t, "the source has no file");
    r.skip = file->key;
    r.skip_size = file->key_size;
    struct source_items items = walk_with(&r);
    EXPECT(t,
           items.count == all.count - 1 &&
               source_items_find(&items, file->key, file->key_size) == SIZE_MAX,
           "source.h, enum lagan_selection", "without %s %zu of %zu entries come",
           source_key_text(file->key, file->key_size), items.count, all.count);
}

const struct check_case check_cases_source_select[] = {
    {"source-select-asked-once", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, asked_once,
     "the rules are asked once for each entry but the root"},
    {"source-select-type", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, asked_with_type,
     "they are told the entry's type"},
    {"source-select-none", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, none_taken,
     "when they take nothing the root comes alone"},
    {"source-select-folder-skipped", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, folder_skipped,
     "a directory that is left out is not read"},
    {"source-select-file-skipped", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, file_skipped,
     "a file that is left out is missing, and nothing else is"},
    {.name = NULL}};
