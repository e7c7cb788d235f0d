/* SPDX-License-Identifier: Apache-2.0 */
/* source_read.c - cases: opening entries and reading their content. */
#include "conformance/source_kit.h"

#include <string.h>

static const char look_open[] = "source.h, entry_open";
static const char look_read[] = "source.h, read_at";

/* An entry with content that can be read more than once. */
static const struct lagan_entry *any_content(struct source_work *w, struct source_items *items,
                                             uint64_t bytes)
{
    *items = work_walk_all(w, NULL, 100);
    const struct lagan_entry *entry = source_items_content(items, bytes);
    if (!entry)
        trial_skip(w->t, "the source has no entry of %llu bytes and more",
                   (unsigned long long)bytes);
    return entry;
}

static void *open_content(struct source_work *w, const struct lagan_entry *entry)
{
    void *reader;
    EXPECT_OK(
        w->t,
        work_open(w, entry->key, entry->key_size, entry->id, entry->id_size, NULL, &reader),
        look_open);
    return reader;
}

/* What is read is what was written, or at least the same with any size of step. */
static void whole(struct trial *t)
{
    static const size_t steps[] = {1021, 4096, 65536, 1 << 20};
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    size_t read = 0;
    for (size_t i = 0; i < items.count && read < 40; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        size_t first_size, size;
        if (!source_has_content(entry) || (entry->flags & LAGAN_ENTRY_STREAM) ||
            entry->bytes > 8 << 20)
            continue;
        uint8_t *first = work_read_all(w, entry, 100000, &first_size);
        for (size_t step = 0; step < sizeof steps / sizeof steps[0]; step++) {
            uint8_t *data = work_read_all(w, entry, steps[step], &size);
            EXPECT(t, size == first_size && memcmp(data, first, size) == 0, look_read,
                   "%s reads otherwise in steps of %zu bytes",
                   source_key_text(entry->key, entry->key_size), steps[step]);
        }
        read++;
    }
    if (read == 0)
        trial_skip(t, "the source has no content that can be read twice");
    for (size_t i = 0; i < w->stock.count; i++)
        if (w->stock.list[i].stored && w->stock.list[i].type == w->content_type)
            source_thing_expect_content(w, &w->stock.list[i], 30000);
}

/* A walk and entry_open tell the same of an entry. */
static void attributes(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < items.count; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        struct source_items opened = {.t = t};
        void *reader;
        if (!source_has_content(entry))
            continue;
        EXPECT_OK(t,
                  work_open(w, entry->key, entry->key_size, entry->id, entry->id_size, &opened,
                            &reader),
                  look_open);
        const struct lagan_entry *told = &opened.list[0].entry;
        EXPECT(t,
               told->type == entry->type && told->present == entry->present &&
                   told->bytes == entry->bytes && told->mode == entry->mode &&
                   told->user == entry->user && told->group == entry->group,
               look_open, "%s is described otherwise than in the walk",
               source_key_text(entry->key, entry->key_size));
        EXPECT(t, (told->flags & LAGAN_ENTRY_STREAM) == (entry->flags & LAGAN_ENTRY_STREAM),
               "source.h, LAGAN_ENTRY_STREAM", "the walk and entry_open differ on %s",
               source_key_text(entry->key, entry->key_size));
        EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
    }
}

static void missing(struct trial *t)
{
    static const char key[] = "there is no such entry";
    struct source_work *w = work_on_content(t);
    void *reader;
    expect_class(t, work_open(w, key, sizeof key - 1, NULL, 0, NULL, &reader), LAGAN_NOT_FOUND,
                 look_open);
}

static void other_id(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < items.count; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        if (!source_has_content(entry) || entry->id_size == 0)
            continue;
        uint8_t *id = source_copy(entry->id, entry->id_size);
        void *reader = open_content(w, entry);
        EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
        id[entry->id_size - 1] ^= 1;
        expect_class(
            t, work_open(w, entry->key, entry->key_size, id, entry->id_size, NULL, &reader),
            LAGAN_CHANGED, look_open);
        return;
    }
    trial_skip(t, "no entry has an id");
}

/* What has no content is neither followed nor waited for. */
static void no_content(struct trial *t)
{
    static const uint32_t fine[] = {LAGAN_CHANGED, LAGAN_INVALID, LAGAN_UNSUPPORTED,
                                    LAGAN_DENIED, LAGAN_CLASS_COUNT};
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    size_t tried = 0;
    for (size_t i = 0; i < items.count && tried < 200; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        void *reader;
        if (source_has_content(entry) || entry->type == LAGAN_ENTRY_ERROR)
            continue;
        expect_one_of(t, work_open(w, entry->key, entry->key_size, NULL, 0, NULL, &reader),
                      fine, look_open);
        tried++;
    }
}

static void exact(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_content(w, &items, 2);
    size_t bytes = (size_t)entry->bytes, got;
    uint8_t *data = source_memory(bytes + 1000);
    void *reader = open_content(w, entry);
    memset(data, 0xa5, bytes + 1000);
    EXPECT_OK(t, work_read(w, reader, 0, data, bytes - 1, &got), look_read);
    EXPECT(t, got == bytes - 1, look_read, "%zu bytes came of an entry of %zu", got, bytes);
    EXPECT(t, data[bytes - 1] == 0xa5, look_read, "it wrote behind the bytes asked for");
    EXPECT_OK(t, work_read(w, reader, bytes - 1, data, 1000, &got), look_read);
    EXPECT(t, got == 1, look_read, "%zu bytes came where the last one is", got);
    EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
}

static void at_the_end(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_content(w, &items, 1);
    const uint64_t beyond[] = {entry->bytes, entry->bytes + 1, UINT64_C(1) << 40};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        uint8_t data[100];
        size_t got = 99;
        void *reader = open_content(w, entry);
        uint32_t result = work_read(w, reader, beyond[i], data, sizeof data, &got);
        if (!w->told.random_read && result == LAGAN_UNSUPPORTED)
            trial_skip(t, "the source reads in turn alone");
        EXPECT_OK(t, result, look_read);
        EXPECT(t, got == 0, look_read, "%zu bytes came at %llu of %llu", got,
               (unsigned long long)beyond[i], (unsigned long long)entry->bytes);
        EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
    }
}

static void random_order(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_content(w, &items, 2);
    size_t size, got;
    uint8_t *all = work_read_all(w, entry, 65536, &size);
    uint8_t *data = source_memory(size + 1);
    void *reader;
    if (!w->told.random_read)
        trial_skip(t, "the source does not claim `random_read`");
    reader = open_content(w, entry);
    for (unsigned i = 0; i < 200; i++) {
        size_t offset = (size_t)trial_below(t, size);
        size_t wanted = 1 + (size_t)trial_below(t, size - offset);
        EXPECT_OK(t, work_read(w, reader, offset, data, wanted, &got), look_read);
        EXPECT(t, got == wanted && memcmp(data, all + offset, got) == 0, look_read,
               "%zu bytes from %zu are not those of a read from the beginning on", wanted,
               offset);
    }
    EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
}

static void out_of_turn(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    const struct lagan_entry *entry = NULL;
    uint8_t data[10];
    size_t got;
    if (w->told.random_read)
        trial_skip(t, "the source claims `random_read`");
    for (size_t i = 0; i < items.count && !entry; i++)
        entry = source_has_content(&items.list[i].entry) ? &items.list[i].entry : NULL;
    if (!entry)
        trial_skip(t, "the source has no content");
    void *reader = open_content(w, entry);
    uint32_t result = work_read(w, reader, 5, data, sizeof data, &got);
    /* It need not refuse what it can do. */
    if (result != LAGAN_OK)
        expect_class(t, result, LAGAN_UNSUPPORTED, look_read);
    work_close(w, reader, NULL);
}

/* Many readers of several entries, each a step at a time. */
static void many_readers(struct trial *t)
{
    enum { READERS = 24, STEP = 700 };
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_content(w, &items, 3 * STEP);
    size_t size, got, done = 0;
    uint8_t *all = work_read_all(w, entry, 65536, &size);
    uint8_t data[STEP];
    void *readers[READERS];
    for (size_t i = 0; i < READERS; i++)
        readers[i] = open_content(w, entry);
    for (; done + STEP <= size && done < 20 * STEP; done += STEP)
        for (size_t i = 0; i < READERS; i++) {
            EXPECT_OK(t, work_read(w, readers[i], done, data, STEP, &got), look_read);
            EXPECT(t, got == STEP && memcmp(data, all + done, STEP) == 0, look_open,
                   "one of %d open readers got %zu other bytes at %zu", READERS, got, done);
        }
    for (size_t i = 0; i < READERS; i++)
        EXPECT_OK(t, work_close(w, readers[i], NULL), "source.h, entry_close");
}

static void unchanged(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_content(w, &items, 1);
    uint32_t verdict = 77;
    uint8_t byte;
    size_t got;
    void *reader = open_content(w, entry);
    EXPECT_OK(t, work_read(w, reader, 0, &byte, 1, &got), look_read);
    EXPECT_OK(t, work_close(w, reader, &verdict), "source.h, entry_close");
    EXPECT(t, verdict == LAGAN_READ_CONSISTENT, "source.h, enum lagan_read_verdict",
           "what nobody has touched is said to have changed");
}

/* Opened and closed many times over. */
static void leaves_nothing(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_content(w, &items, 1);
    struct trial_holdings before = {0}, after;
    for (unsigned i = 0; i < 60; i++) {
        uint8_t data[100];
        size_t got;
        void *reader = open_content(w, entry);
        EXPECT_OK(t, work_read(w, reader, 0, data, sizeof data, &got), look_read);
        EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
        if (i == 9)
            trial_count_holdings(&before);
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors, "source.h, entry_close",
           "50 readers leave %u descriptors", after.descriptors - before.descriptors);
    EXPECT(t, after.threads <= before.threads, "source.h, entry_close",
           "50 readers leave %u threads", after.threads - before.threads);
}

/* The id of an entry that is not the one of now. */
static void attributes_refused(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_content(w, &items, 0);
    struct source_items none = {.t = t, .refuse_at = 1, .refuse_with = LAGAN_LIMIT};
    void *reader;
    expect_class(t, work_open(w, entry->key, entry->key_size, NULL, 0, &none, &reader),
                 LAGAN_LIMIT, "source.h, struct lagan_entry_collector");
    reader = open_content(w, entry);
    EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
}

/* Streams. */

static const struct lagan_entry *any_stream(struct source_work *w, struct source_items *items)
{
    *items = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < items->count; i++)
        if (items->list[i].entry.flags & LAGAN_ENTRY_STREAM)
            return &items->list[i].entry;
    trial_skip(w->t, "the source has no stream");
}

static void stream_in_turn(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_stream(w, &items);
    size_t size;
    EXPECT(t, t->driver->descriptor.required_features & LAGAN_FEATURE_STREAM,
           "driver.h, LAGAN_FEATURE_STREAM", "the driver does not require the feature");
    /* A read gives less than was asked for at the end alone. */
    work_read_all(w, entry, 1000, &size);
    EXPECT(t, size > 0, look_read, "the stream is empty: give the check one with content");
}

static void stream_closed_early(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    const struct lagan_entry *entry = any_stream(w, &items);
    struct trial_holdings before, after;
    trial_count_holdings(&before);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t byte;
        size_t got;
        void *reader = open_content(w, entry);
        if (i > 0)
            EXPECT_OK(t, work_read(w, reader, 0, &byte, 1, &got), look_read);
        work_close(w, reader, NULL);
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors, "source.h, entry_close",
           "5 streams that were closed early leave %u descriptors",
           after.descriptors - before.descriptors);
}

const struct check_case check_cases_source_read[] = {
    {"source-open-attributes", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, attributes,
     "entry_open tells what the walk has told"},
    {"source-open-missing", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, missing,
     "what does not exist is not found"},
    {"source-open-other-id", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, other_id,
     "an entry with another id has changed"},
    {"source-open-no-content", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, no_content,
     "links are not followed, and nobody waits on a FIFO or a device"},
    {"source-open-refused", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, attributes_refused,
     "what the collector says is returned, and nothing stays open"},
    {"source-read-whole", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, whole,
     "content is the same with any size of step, and what was written"},
    {"source-read-exact", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, exact,
     "as many bytes come as were asked for, up to the end"},
    {"source-read-at-the-end", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, at_the_end,
     "at the end and behind it nothing comes"},
    {"source-read-random", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, NULL, random_order,
     "any offset can be read"},
    {"source-read-out-of-turn", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, CASE_SAFE, NULL,
     out_of_turn, "without the capability an offset out of turn is refused"},
    {"source-read-many-readers", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, many_readers,
     "many readers may be open"},
    {"source-read-unchanged", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, unchanged,
     "what nobody touched is consistent"},
    {"source-read-leaves-nothing", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL,
     leaves_nothing, "readers leave no descriptors and no threads"},
    {"source-stream-in-turn", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, CASE_SAFE, NULL,
     stream_in_turn, "a stream is read from its beginning to its end"},
    {"source-stream-closed-early", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, CASE_SAFE, NULL,
     stream_closed_early, "a stream may be closed before its end"},
    {.name = NULL}};
