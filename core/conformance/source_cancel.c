/* SPDX-License-Identifier: Apache-2.0 */
/* source_cancel.c - cases: cancellation and deadlines, before a call and in the middle of one.
 */
#include "conformance/source_kit.h"

#include <string.h>
#include <time.h>

static const char look[] = "driver.h, Blocking";

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Reading calls that start cancelled, and what works behind them. */
static void before_reading(struct trial *t)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_work *w = work_on_content(t);
    struct source_items all = work_walk_all(w, NULL, 100), items = {.t = t};
    uint8_t data[100];
    void *walk, *reader = NULL;
    size_t got;
    const struct lagan_entry *entry = source_items_content(&all, 1);
    EXPECT_OK(t, work_walk_open(w, &plain, &walk), "source.h, walk_open");
    if (entry)
        EXPECT_OK(t, work_open(w, entry->key, entry->key_size, NULL, 0, NULL, &reader),
                  "source.h, entry_open");
    call_cancel_all();
    expect_class(t, work_walk_next(w, walk, 100, &items), LAGAN_CANCELLED, look);
    EXPECT(t, items.count == 0, look, "a cancelled call handed over %zu entries", items.count);
    if (reader)
        expect_class(t, work_read(w, reader, 0, data, sizeof data, &got), LAGAN_CANCELLED,
                     look);
    call_cancel_reset();
    /* The walk has lost nothing. */
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK)
        result = work_walk_next(w, walk, 100, &items);
    expect_class(t, result, LAGAN_END, "source.h, walk_next");
    EXPECT(t, items.count == all.count, look,
           "behind a cancelled call the walk shows %zu of %zu entries", items.count, all.count);
    work_walk_close(w, walk);
    if (!reader)
        return;
    EXPECT_OK(t, work_read(w, reader, 0, data, 1, &got), "source.h, read_at");
    EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
}

/* Closing frees also when all is cancelled. */
static void closing(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    const struct lagan_entry *entry = source_items_content(&all, 0);
    struct trial_holdings before, after;
    if (!entry)
        trial_skip(t, "the source has no content");
    trial_count_holdings(&before);
    for (unsigned i = 0; i < 30; i++) {
        void *reader;
        EXPECT_OK(t, work_open(w, entry->key, entry->key_size, NULL, 0, NULL, &reader),
                  "source.h, entry_open");
        call_cancel_all();
        work_close(w, reader, NULL);
        call_cancel_reset();
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors + 2, "source.h, entry_close",
           "30 readers that were closed while all was cancelled leave %u descriptors",
           after.descriptors - before.descriptors);
}

static struct source_thing *thing_of(struct source_work *w, uint64_t bytes)
{
    struct source_things *things = source_memory(sizeof *things);
    struct source_thing *thing = source_things_add(things, w->content_type, "output", 6);
    thing->bytes = bytes;
    return thing;
}

static void expect_nothing(struct source_work *w, const char *what)
{
    struct source_items items = work_walk_all(w, NULL, 100);
    EXPECT(w->t, items.count <= 1, look, "a cancelled %s has made %s", what,
           source_key_text(items.list[items.count - 1].entry.key,
                           items.list[items.count - 1].entry.key_size));
}

static void before_writing(struct trial *t)
{
    /* Some places have no such thing. */
    static const uint32_t fine[] = {LAGAN_CANCELLED, LAGAN_UNSUPPORTED, LAGAN_CLASS_COUNT};
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 1000);
    struct lagan_entry file = source_thing_entry(thing), folder = file, link = file;
    void *writer;
    folder.type = LAGAN_ENTRY_DIRECTORY;
    link.type = LAGAN_ENTRY_SYMLINK;
    link.link = "x";
    link.link_size = 1;
    call_cancel_all();
    uint32_t result = work_create(w, &file, 0, &writer);
    if (result == LAGAN_OK)
        work_abort(w, writer);
    expect_class(t, result, LAGAN_CANCELLED, look);
    expect_one_of(t, work_node(w, &folder, 0, NULL, 0, NULL), fine, look);
    expect_one_of(t, work_node(w, &link, 0, NULL, 0, NULL), fine, look);
    call_cancel_reset();
    expect_nothing(w, "node_create");
    EXPECT_OK(t, source_thing_write(w, thing, 0), "source.h, entry_commit");
    source_thing_expect_content(w, thing, 300);
}

/* A commit that starts cancelled frees the writer and makes nothing visible. */
static void before_commit(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 100000);
    struct lagan_entry entry = source_thing_entry(thing);
    struct trial_holdings before = {0}, after;
    for (unsigned i = 0; i < 20; i++) {
        void *writer;
        EXPECT_OK(t, work_create(w, &entry, 0, &writer), "source.h, entry_create");
        EXPECT_OK(t, work_write(w, writer, 0, "some bytes", 10), "source.h, write_at");
        call_cancel_all();
        expect_class(t, work_commit(w, writer, NULL, 0, NULL), LAGAN_CANCELLED, look);
        call_cancel_reset();
        if (i == 4)
            trial_count_holdings(&before);
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors, "source.h, entry_commit",
           "15 cancelled commits leave %u descriptors", after.descriptors - before.descriptors);
    expect_nothing(w, "entry_commit");
}

static void before_write(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 100000);
    struct lagan_entry entry = source_thing_entry(thing);
    void *writer;
    EXPECT_OK(t, work_create(w, &entry, 0, &writer), "source.h, entry_create");
    call_cancel_all();
    expect_class(t, work_write(w, writer, 0, "some bytes", 10), LAGAN_CANCELLED, look);
    call_cancel_reset();
    work_abort(w, writer);
    expect_nothing(w, "write_at");
}

static void before_links(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 1000);
    EXPECT_OK(t, source_thing_write(w, thing, 0), "source.h, entry_commit");
    call_cancel_all();
    uint32_t result = work_link(w, "further", 7, "output", 6, 0);
    call_cancel_reset();
    if (result == LAGAN_UNSUPPORTED)
        trial_skip(t, "the place has no hard links");
    expect_class(t, result, LAGAN_CANCELLED, look);
    expect_class(t, work_stat(w, "further", 7, NULL), LAGAN_NOT_FOUND, look);
}

/* Cancelled from a callback of the walk: it ends soon, and walks again. */
static void during_walk(struct trial *t)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    static const uint32_t fine[] = {LAGAN_OK, LAGAN_CANCELLED, LAGAN_CLASS_COUNT};
    static const unsigned points[] = {1, 2, 5, 30};
    struct source_work *w = work_on_content(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct source_items items = {.t = t};
        void *walk;
        if (points[i] >= all.count)
            break;
        EXPECT_OK(t, work_walk_open(w, &plain, &walk), "source.h, walk_open");
        call_cancel_after(points[i]);
        int64_t began = now_ns();
        uint32_t result = LAGAN_OK;
        /* The portion may come to its end first. */
        while (result == LAGAN_OK && items.count < points[i])
            result = work_walk_next(w, walk, 1000, &items);
        expect_one_of(t, result, fine, look);
        EXPECT(t, now_ns() - began < 2000000000, look, "cancelled, it went on for %.1f s",
               (double)(now_ns() - began) / 1e9);
        expect_class(t, work_walk_next(w, walk, 1000, &items), LAGAN_CANCELLED, look);
        call_cancel_reset();
        work_walk_close(w, walk);
    }
    struct source_items again = work_walk_all(w, NULL, 100);
    EXPECT(t, again.count == all.count, look, "a later walk shows %zu of %zu entries",
           again.count, all.count);
}

/* Cancelled from another thread while a long read is under way. */
struct reading {
    struct source_work *w;
    const struct lagan_entry *entry;
    uint32_t result;
    int64_t cancelled_ns;
    int64_t ended_ns;
};

static void read_or_cancel(void *context, unsigned index)
{
    struct reading *r = context;
    uint8_t *data;
    uint64_t offset = 0;
    size_t got = 1;
    void *reader;
    if (index == 1) {
        trial_pause(20000000);
        r->cancelled_ns = now_ns();
        call_cancel_all();
        return;
    }
    data = source_memory(1 << 20);
    /* Where opening takes long, that is what is cancelled. */
    r->result = work_open(r->w, r->entry->key, r->entry->key_size, NULL, 0, NULL, &reader);
    if (r->result != LAGAN_OK) {
        r->ended_ns = now_ns();
        return;
    }
    do {
        r->result = work_read(r->w, reader, offset, data, 1 << 20, &got);
        offset += got;
        /* From the beginning again, where that is allowed, until somebody cancels. */
        if (r->result == LAGAN_OK && got < 1 << 20) {
            if (r->entry->flags & LAGAN_ENTRY_STREAM)
                break;
            if (!r->w->told.random_read)
                break;
            offset = 0;
        }
    } while (r->result == LAGAN_OK);
    r->ended_ns = now_ns();
    work_close(r->w, reader, NULL);
}

static void during_read(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    struct reading r = {.w = w};
    if (t->driver->descriptor.threads == LAGAN_THREADS_SERIAL_DRIVER)
        trial_skip(t, "one thread at a time");
    for (size_t i = 0; i < all.count && !r.entry; i++)
        if (source_has_content(&all.list[i].entry) &&
            (all.list[i].entry.bytes > 100000 ||
             (all.list[i].entry.flags & LAGAN_ENTRY_STREAM)))
            r.entry = &all.list[i].entry;
    if (!r.entry)
        trial_skip(t, "the source has no long content");
    trial_threads(t, 2, read_or_cancel, &r);
    if (r.result != LAGAN_OK)
        expect_class(t, r.result, LAGAN_CANCELLED, look);
    EXPECT(t, r.ended_ns - r.cancelled_ns < 2000000000, look,
           "a read went on for %.1f s once it was cancelled",
           (double)(r.ended_ns - r.cancelled_ns) / 1e9);
    call_cancel_reset();
    struct source_items again = work_walk_all(w, NULL, 100);
    EXPECT(t, again.count == all.count, look, "a later walk shows %zu of %zu entries",
           again.count, all.count);
}

static void deadline_passed(struct trial *t)
{
    static const uint32_t fine[] = {LAGAN_CANCELLED, LAGAN_TIMEOUT, LAGAN_CLASS_COUNT};
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_work *w = work_on_content(t);
    struct source_items items = {.t = t};
    void *walk;
    EXPECT_OK(t, work_walk_open(w, &plain, &walk), "source.h, walk_open");
    call_set_deadline(-1000000000);
    expect_one_of(t, work_walk_next(w, walk, 100, &items), fine, look);
    EXPECT_OK(t, work_walk_next(w, walk, 100, &items), "source.h, walk_next");
    work_walk_close(w, walk);
}

const struct check_case check_cases_source_cancel[] = {
    {"source-cancel-before-reading", LAGAN_KIND_SOURCE, CHECK_CORE, 0, NULL, before_reading,
     "reading calls that start cancelled have no effect"},
    {"source-cancel-closing", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, closing,
     "closing frees also when all is cancelled"},
    {"source-cancel-before-writing", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     before_writing, "calls that make something and start cancelled make nothing"},
    {"source-cancel-before-write", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     before_write, "a write that starts cancelled writes nothing"},
    {"source-cancel-before-commit", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     before_commit, "a commit that starts cancelled frees, and makes nothing visible"},
    {"source-cancel-before-links", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create link_create",
     before_links, "a link that starts cancelled is not made"},
    {"source-cancel-during-walk", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, during_walk,
     "a walk that is cancelled ends within 2 seconds, and the source walks again"},
    {"source-cancel-during-read", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, during_read,
     "a read that is cancelled ends within 2 seconds"},
    {"source-cancel-deadline", LAGAN_KIND_SOURCE, CHECK_CORE, CASE_SAFE, NULL, deadline_passed,
     "a call whose deadline has passed ends at once"},
    {.name = NULL}};
