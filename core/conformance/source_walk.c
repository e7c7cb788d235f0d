/* SPDX-License-Identifier: Apache-2.0 */
/* source_walk.c - cases: the walk, its order, its portions, its end, and going on behind a key.
 */
#include "conformance/source_kit.h"

#include <string.h>

static const char look_keys[] = "source.h, Keys";
static const char look_open[] = "source.h, walk_open";
static const char look_next[] = "source.h, walk_next";

static void root_first(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 3);
    EXPECT(t, items.count > 0, look_open, "the walk shows nothing, not even the root");
    EXPECT(t, items.list[0].entry.key_size == 0, look_open, "the first entry is %s",
           source_key_text(items.list[0].entry.key, items.list[0].entry.key_size));
}

/* work_walk_all and the collectors look at all of it. */
static void in_order(struct trial *t)
{
    work_walk_all(work_on_content(t), NULL, 50);
}

static void hostile_names(struct trial *t)
{
    struct source_work *w = work_filled(t);
    source_things_expect(w, &w->stock);
}

/* Each byte that a name can hold, in one directory. */
static void every_byte(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    for (unsigned byte = 1; byte < 256; byte++) {
        uint8_t key[] = {'n', (uint8_t)byte, 'n'};
        if (byte != '/')
            source_things_add(&things, w->content_type, key, sizeof key);
    }
    source_things_write(w, &things);
    source_things_expect(w, &things);
}

static void expect_same_walks(struct trial *t, const struct source_items *one,
                              const struct source_items *other, const char *look)
{
    EXPECT(t, one->count == other->count, look, "one walk shows %zu entries and another %zu",
           one->count, other->count);
    for (size_t i = 0; i < one->count; i++) {
        const struct lagan_entry *a = &one->list[i].entry, *b = &other->list[i].entry;
        const char *key = source_key_text(a->key, a->key_size);
        EXPECT(t, source_compare_keys(a->key, a->key_size, b->key, b->key_size) == 0, look,
               "%s in one walk is %s in the other", key, source_key_text(b->key, b->key_size));
        EXPECT(t,
               a->type == b->type && a->present == b->present && a->bytes == b->bytes &&
                   a->mode == b->mode && a->user == b->user && a->group == b->group &&
                   a->links == b->links,
               look, "%s is another one in a second walk", key);
        EXPECT(t, a->mtime_s == b->mtime_s || (a->flags & LAGAN_ENTRY_STREAM), look,
               "%s has another time in a second walk", key);
        EXPECT(t, source_compare_keys(a->id, a->id_size, b->id, b->id_size) == 0, look,
               "%s has another id in a second walk", key);
    }
}

static void same_twice(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items one = work_walk_all(w, NULL, 50);
    struct source_items other = work_walk_all(w, NULL, 7);
    expect_same_walks(t, &one, &other, look_open);
}

static void same_in_another_instance(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items one = work_walk_all(w, NULL, 50);
    if (source_is_filled(t))
        trial_skip(t, "the suite has made the content");
    work_end(w);
    w = work_with(t, LAGAN_OPEN_READ_ONLY);
    struct source_items other = work_walk_all(w, NULL, 50);
    expect_same_walks(t, &one, &other, look_open);
}

static void portions(struct trial *t)
{
    static const uint32_t limits[] = {1, 2, 7, 64, 1000, UINT32_MAX};
    struct source_work *w = work_on_content(t);
    struct source_items first = work_walk_all(w, NULL, 10);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct source_items items = work_walk_all(w, NULL, limits[i]);
        EXPECT(t, items.count == first.count, look_next,
               "%zu entries came in portions of %u, and %zu in portions of 10", items.count,
               limits[i], first.count);
    }
}

/* The refusal comes back as it is, at once, and nothing further is handed over. */
static void refusal(struct trial *t)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    static const uint32_t classes[] = {LAGAN_LIMIT, LAGAN_INTERNAL, LAGAN_IO};
    struct source_work *w = work_on_content(t);
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        struct source_items items = {.t = t, .refuse_at = 2, .refuse_with = classes[i]};
        uint32_t result = LAGAN_OK;
        void *walk;
        EXPECT_OK(t, work_walk_open(w, &plain, &walk), look_open);
        while (result == LAGAN_OK)
            result = work_walk_next(w, walk, 100, &items);
        if (result == LAGAN_END)
            trial_skip(t, "the source has one entry alone");
        expect_class(t, result, classes[i], "source.h, struct lagan_entry_collector");
        EXPECT(t, items.count == 1, "source.h, struct lagan_entry_collector",
               "%zu entries came", items.count);
        work_walk_close(w, walk);
    }
    work_walk_all(w, NULL, 100);
}

static void several(struct trial *t)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_work *w = work_on_content(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    struct source_items items[3] = {{.t = t}, {.t = t}, {.t = t}};
    void *walks[3];
    bool ended[3] = {false, false, false};
    for (size_t i = 0; i < 3; i++)
        EXPECT_OK(t, work_walk_open(w, &plain, &walks[i]), look_open);
    for (size_t left = 3, i = 0; left > 0; i = (i + 1) % 3) {
        if (ended[i])
            continue;
        uint32_t result = work_walk_next(w, walks[i], (uint32_t)(3 + 2 * i), &items[i]);
        ended[i] = result != LAGAN_OK;
        left -= ended[i];
        if (result != LAGAN_OK)
            expect_class(t, result, LAGAN_END, look_next);
    }
    for (size_t i = 0; i < 3; i++) {
        work_walk_close(w, walks[i]);
        expect_same_walks(t, &all, &items[i], look_open);
    }
}

static void closed_early(struct trial *t)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_work *w = work_on_content(t);
    struct trial_holdings before, after;
    for (unsigned i = 0; i < 60; i++) {
        struct source_items items = {.t = t};
        void *walk;
        EXPECT_OK(t, work_walk_open(w, &plain, &walk), look_open);
        if (i % 3 > 0)
            work_walk_next(w, walk, i % 3, &items);
        work_walk_close(w, walk);
        if (i == 9)
            trial_count_holdings(&before);
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors && after.threads <= before.threads,
           "source.h, walk_close",
           "50 walks that were closed early leave %u descriptors and %u threads",
           after.descriptors - before.descriptors, after.threads - before.threads);
}

static void unknown_flag(struct trial *t)
{
    struct lagan_walk_request low = {.size = sizeof low, .flags = UINT64_C(1) << 30};
    struct lagan_walk_request high = {.size = sizeof high, .flags = UINT64_C(1) << 60};
    struct source_work *w = work_on_content(t);
    void *walk;
    expect_class(t, work_walk_open(w, &low, &walk), LAGAN_UNSUPPORTED, "driver.h, Flags");
    work_walk_all(w, &high, 100);
}

/* Of trees: what is above an entry has been shown, and is a directory. */
static void parents_first(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    bool tree = false;
    for (size_t i = 1; i < items.count; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        const uint8_t *zero = memrchr(entry->key, 0, entry->key_size);
        tree |= entry->type == LAGAN_ENTRY_DIRECTORY;
        if (!tree || !zero || entry->type == LAGAN_ENTRY_OBJECT)
            continue;
        size_t above =
            source_items_find(&items, entry->key, (size_t)(zero - (const uint8_t *)entry->key));
        EXPECT(t, above < i && items.list[above].entry.type == LAGAN_ENTRY_DIRECTORY, look_keys,
               "%s comes without its directory", source_key_text(entry->key, entry->key_size));
    }
    if (!tree)
        trial_skip(t, "the source has no directories");
}

/* Going on. */

static void expect_rest(struct source_work *w, const struct source_items *all, size_t from,
                        const void *after, size_t after_size)
{
    struct lagan_walk_request request = {
        .size = sizeof request, .after = after, .after_size = after_size};
    struct source_items rest = work_walk_all(w, &request, 100);
    const char *key = source_key_text(after, after_size);
    EXPECT(w->t, rest.count == all->count - from, look_open,
           "behind %s come %zu entries instead of %zu", key, rest.count, all->count - from);
    for (size_t i = 0; i < rest.count; i++) {
        const struct lagan_entry *a = &all->list[from + i].entry, *b = &rest.list[i].entry;
        EXPECT(w->t, source_compare_keys(a->key, a->key_size, b->key, b->key_size) == 0,
               look_open, "behind %s comes %s instead of %s", key,
               source_key_text(b->key, b->key_size), source_key_text(a->key, a->key_size));
    }
}

static struct source_work *work_to_resume(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    if (!w->told.resume)
        trial_skip(t, "the source does not claim `resume`");
    return w;
}

static void resume_each(struct trial *t)
{
    struct source_work *w = work_to_resume(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    size_t step = all.count / 150 + 1;
    for (size_t i = 0; i < all.count; i += step) {
        const struct lagan_entry *entry = &all.list[i].entry;
        /* The empty key is the root's; NULL would mean the beginning. */
        expect_rest(w, &all, i + 1, entry->key, entry->key_size);
    }
}

/* Behind keys that do not exist: a little behind and a little before each that does. */
static void resume_between(struct trial *t)
{
    struct source_work *w = work_to_resume(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    size_t step = all.count / 50 + 1;
    for (size_t i = 1; i < all.count; i += step) {
        const struct lagan_entry *entry = &all.list[i].entry;
        uint8_t *key = source_copy(entry->key, entry->key_size);
        size_t from = 0;
        if (entry->key_size == 0 || entry->key_size > 200 || key[entry->key_size - 1] == 0xff)
            continue;
        key[entry->key_size - 1]++;
        /* A zero byte ends a component, and a slash is in none. */
        if (key[entry->key_size - 1] == '/')
            continue;
        while (from < all.count &&
               source_compare_keys(all.list[from].entry.key, all.list[from].entry.key_size, key,
                                   entry->key_size) <= 0)
            from++;
        expect_rest(w, &all, from, key, entry->key_size);
    }
    expect_rest(w, &all, all.count, "\xff\xff\xff\xff", 4);
}

static void resume_refused(struct trial *t)
{
    struct lagan_walk_request request = {.size = sizeof request, .after = "a", .after_size = 1};
    struct source_work *w = work_on_content(t);
    void *walk;
    if (w->told.resume)
        trial_skip(t, "the source claims `resume`");
    expect_class(t, work_walk_open(w, &request, &walk), LAGAN_UNSUPPORTED, look_open);
}

/* The request is copied by walk_open. */
static void request_copied(struct trial *t)
{
    struct source_work *w = work_to_resume(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    struct source_items rest = {.t = t};
    const struct lagan_entry *middle = &all.list[all.count / 2].entry;
    uint8_t *after = source_copy(middle->key, middle->key_size);
    struct lagan_walk_request request = {
        .size = sizeof request, .after = after, .after_size = middle->key_size};
    uint32_t result = LAGAN_OK;
    void *walk;
    EXPECT_OK(t, work_walk_open(w, &request, &walk), look_open);
    memset(after, 0xff, middle->key_size);
    memset(&request, 0xff, sizeof request);
    while (result == LAGAN_OK)
        result = work_walk_next(w, walk, 100, &rest);
    expect_class(t, result, LAGAN_END, look_next);
    work_walk_close(w, walk);
    EXPECT(t, rest.count == all.count - all.count / 2 - 1, look_open,
           "%zu entries came instead of %zu once the caller's request was overwritten",
           rest.count, all.count - all.count / 2 - 1);
}

const struct check_case check_cases_source_walk[] = {
    {"source-walk-root-first", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, root_first,
     "a walk begins with the root"},
    {"source-walk-in-order", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, in_order,
     "keys ascend as unsigned bytes, each comes once, and every entry makes sense"},
    {"source-walk-hostile-names", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     hostile_names, "names that sorts, locales and parsers get wrong come back as they were"},
    {"source-walk-every-byte", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", every_byte,
     "names hold any byte"},
    {"source-walk-same-twice", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, same_twice,
     "two walks of unchanged content are alike"},
    {"source-walk-same-in-another-instance", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL,
     same_in_another_instance, "so are walks of two instances"},
    {"source-walk-portions", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, portions,
     "the limit of walk_next changes the portions and nothing else"},
    {"source-walk-refusal", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, refusal,
     "what the collector says is returned unchanged and at once"},
    {"source-walk-several", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, several,
     "several walks may be open"},
    {"source-walk-closed-early", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, closed_early,
     "a walk may be closed at any point, and leaves nothing open"},
    {"source-walk-unknown-flag", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, unknown_flag,
     "unknown flags are refused in the low half and ignored in the high one"},
    {"source-walk-parents-first", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, parents_first,
     "what is above an entry comes before it"},
    {"source-walk-resume-each", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, NULL, resume_each,
     "a walk goes on behind any entry"},
    {"source-walk-resume-between", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, NULL, resume_between,
     "it goes on behind keys that do not exist"},
    {"source-walk-resume-copied", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, NULL, request_copied,
     "the request is copied"},
    {"source-walk-resume-refused", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, CASE_SAFE, NULL,
     resume_refused, "without the capability going on is refused"},
    {.name = NULL}};
