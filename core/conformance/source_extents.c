/* SPDX-License-Identifier: Apache-2.0 */
/* source_extents.c - cases: holes, and verdicts on what changed while it was read. */
#include "conformance/source_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char look[] = "source.h, extents";

/* A range that was asked for, and how far it has come. */
struct ranges {
    struct source_work *w;
    const uint8_t *data; /* of the whole entry */
    uint64_t size;
    uint64_t next; /* where the next range must begin */
    uint64_t end;
    uint64_t holes; /* bytes in holes and zeroes */
    unsigned count;
};

static uint32_t take_range(void *context, uint64_t offset, uint64_t length, uint32_t type)
{
    struct ranges *r = context;
    struct trial *t = r->w->t;
    call_callback();
    r->count++;
    EXPECT(t, offset == r->next && length > 0, look,
           "%llu bytes at %llu come where %llu is due", (unsigned long long)length,
           (unsigned long long)offset, (unsigned long long)r->next);
    EXPECT(t, length <= r->end - offset, look, "%llu bytes at %llu reach beyond %llu",
           (unsigned long long)length, (unsigned long long)offset, (unsigned long long)r->end);
    EXPECT(t,
           type == LAGAN_EXTENT_DATA || type == LAGAN_EXTENT_HOLE || type == LAGAN_EXTENT_ZERO,
           look, "a range has the type %u", type);
    for (uint64_t i = offset; type != LAGAN_EXTENT_DATA && i < offset + length; i++) {
        EXPECT(t, i >= r->size || r->data[i] == 0, look,
               "byte %llu is 0x%02x, and stands in a hole", (unsigned long long)i, r->data[i]);
        r->holes++;
    }
    r->next += length;
    return LAGAN_OK;
}

/* Asks again from where it stopped, until the whole range is told. */
static void ask_range(struct ranges *r, void *reader, uint64_t offset, uint64_t length)
{
    struct lagan_extent_collector collector = {.context = r, .add = take_range};
    r->next = offset;
    r->end = offset + length;
    while (r->next < r->end) {
        struct call c;
        uint64_t from = r->next;
        call_begin(r->w->t, r->w->reader, &c, "extents from %llu, %llu bytes",
                   (unsigned long long)from, (unsigned long long)(r->end - from));
        EXPECT_OK(r->w->t,
                  call_end(r->w->t, &c,
                           r->w->ops->extents(reader, &c.operation.op, from, r->end - from,
                                              &collector)),
                  look);
        EXPECT(r->w->t, r->next > from, look, "no range came");
    }
}

static struct ranges ranges_of(struct source_work *w, const struct lagan_entry *entry)
{
    struct ranges r = {.w = w};
    size_t size;
    r.data = work_read_all(w, entry, 65536, &size);
    r.size = size;
    return r;
}

static void *open_entry(struct source_work *w, const struct lagan_entry *entry)
{
    void *reader;
    EXPECT_OK(w->t, work_open(w, entry->key, entry->key_size, NULL, 0, NULL, &reader),
              "source.h, entry_open");
    return reader;
}

static void need_extents(struct source_work *w)
{
    if (!w->told.extents)
        trial_skip(w->t, "the source does not claim `extents`");
}

static void contiguous(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items = work_walk_all(w, NULL, 100);
    need_extents(w);
    for (size_t i = 0; i < items.count && i < 300; i++) {
        const struct lagan_entry *entry = &items.list[i].entry;
        if (!source_has_content(entry) || (entry->flags & LAGAN_ENTRY_STREAM) ||
            entry->bytes == 0 || entry->bytes > 8 << 20)
            continue;
        struct ranges r = ranges_of(w, entry);
        void *reader = open_entry(w, entry);
        ask_range(&r, reader, 0, entry->bytes);
        EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
    }
}

static const struct lagan_entry *sparse_entry(struct source_work *w, struct source_items *items)
{
    *items = work_walk_all(w, NULL, 100);
    for (size_t i = 0; i < items->count; i++)
        if ((items->list[i].entry.flags & LAGAN_ENTRY_SPARSE) &&
            items->list[i].entry.bytes <= 64 << 20)
            return &items->list[i].entry;
    trial_skip(w->t, "no entry has the hint SPARSE");
}

static void odd_ranges(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct source_items items;
    need_extents(w);
    const struct lagan_entry *entry = sparse_entry(w, &items);
    struct ranges r = ranges_of(w, entry);
    void *reader = open_entry(w, entry);
    for (unsigned i = 0; i < 60; i++) {
        uint64_t offset = trial_below(t, entry->bytes);
        ask_range(&r, reader, offset, 1 + trial_below(t, entry->bytes - offset));
    }
    EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
}

static void holes_found(struct trial *t)
{
    struct source_work *w = work_filled(t);
    struct source_items items;
    need_extents(w);
    if (!w->told.sparse_write)
        trial_skip(t, "the source does not claim `sparse_write`");
    const struct lagan_entry *entry = sparse_entry(w, &items);
    struct ranges r = ranges_of(w, entry);
    void *reader = open_entry(w, entry);
    ask_range(&r, reader, 0, entry->bytes);
    /* A hole of a megabyte was made: blocks at its edges may be data. */
    EXPECT(t, r.holes >= 512 << 10, look, "%llu bytes of holes come of a hole of 1 MiB",
           (unsigned long long)r.holes);
    EXPECT_OK(t, work_close(w, reader, NULL), "source.h, entry_close");
}

/* Changed while being read. */

static struct source_thing *changing_thing(struct source_work *w, struct source_things *things)
{
    struct source_thing *thing = source_things_add(things, w->content_type, "output", 6);
    thing->bytes = 200000;
    source_things_write(w, things);
    if (!thing->stored)
        trial_skip(w->t, "the place takes none of the entries that the suite has");
    return thing;
}

/* Reads the rest, from `done` on; the verdict. */
static uint32_t read_rest(struct source_work *w, void *reader, uint8_t *data, size_t done,
                          size_t *size)
{
    uint32_t verdict = LAGAN_READ_CONSISTENT;
    uint32_t result;
    size_t got;
    do {
        result = work_read(w, reader, done, data + done, 10000, &got);
        done += result == LAGAN_OK ? got : 0;
    } while (result == LAGAN_OK && got == 10000 && done < 400000);
    *size = done;
    if (result != LAGAN_OK && result != LAGAN_CHANGED)
        expect_class(w->t, result, LAGAN_IO, "source.h, read_at");
    uint32_t closed = work_close(w, reader, &verdict);
    return result != LAGAN_OK || closed != LAGAN_OK ? (uint32_t)LAGAN_READ_CHANGED : verdict;
}

static bool is_content(const struct source_thing *thing, const uint8_t *data, size_t size)
{
    uint8_t *wanted = source_memory(thing->bytes + 1);
    source_thing_bytes(thing, 0, wanted, (size_t)thing->bytes);
    return size == thing->bytes && memcmp(data, wanted, size) == 0;
}

/* Another entry takes its place: what was read is one of both, or it is said to have changed.
 */
static void replaced(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    struct source_thing *old = changing_thing(w, &things);
    struct source_thing new = *old;
    struct lagan_entry entry = source_thing_entry(old);
    uint8_t *data = source_memory(500000);
    size_t got, size;
    void *reader = open_entry(w, &entry);
    EXPECT_OK(t, work_read(w, reader, 0, data, 50000, &got), "source.h, read_at");
    new.seed = 4711;
    new.bytes = 150000;
    EXPECT_OK(t, source_thing_write(w, &new, LAGAN_CREATE_REPLACE), "source.h, entry_commit");
    if (read_rest(w, reader, data, got, &size) == LAGAN_READ_CONSISTENT)
        EXPECT(
            t, is_content(old, data, size) || is_content(&new, data, size),
            "source.h, enum lagan_read_verdict",
            "what was read while it was replaced is a mixture, and is said to be consistent");
    source_thing_expect_content(w, &new, 60000);
}

/* The file behind an entry of the suite, when the place is a folder and has one. */
static int open_behind(struct trial *t, const struct source_thing *thing)
{
    const char *place = trial_place_path(t);
    char path[4200];
    struct stat status;
    int fd;
    if (!place)
        trial_skip(t, "the suite cannot write beside the driver");
    snprintf(path, sizeof path, "%s/%.*s", place, (int)thing->key_size,
             (const char *)thing->key);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0 || (uint64_t)status.st_size != thing->bytes)
        trial_skip(t, "the suite cannot write beside the driver");
    return fd;
}

static void written(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    struct source_thing *thing = changing_thing(w, &things);
    struct lagan_entry entry = source_thing_entry(thing);
    uint8_t *data = source_memory(500000);
    size_t got, size;
    int fd = open_behind(t, thing);
    void *reader = open_entry(w, &entry);
    EXPECT_OK(t, work_read(w, reader, 0, data, 50000, &got), "source.h, read_at");
    /* Beyond any clock's tick. */
    trial_pause(30000000);
    EXPECT(t, pwrite(fd, "changed", 7, 1000) == 7 && pwrite(fd, "changed", 7, 150000) == 7,
           "case.h", "the suite cannot write: %s", strerror(errno));
    EXPECT(t, read_rest(w, reader, data, got, &size) == LAGAN_READ_CHANGED,
           "source.h, enum lagan_read_verdict",
           "it was written to while it was read, and is said to be consistent");
    close(fd);
}

static void truncated(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    struct source_thing *thing = changing_thing(w, &things);
    struct lagan_entry entry = source_thing_entry(thing);
    uint8_t *data = source_memory(500000);
    size_t got, size;
    int fd = open_behind(t, thing);
    void *reader = open_entry(w, &entry);
    EXPECT_OK(t, work_read(w, reader, 0, data, 50000, &got), "source.h, read_at");
    trial_pause(30000000);
    EXPECT(t, ftruncate(fd, 60000) == 0, "case.h", "the suite cannot write: %s",
           strerror(errno));
    EXPECT(t, read_rest(w, reader, data, got, &size) == LAGAN_READ_CHANGED,
           "source.h, enum lagan_read_verdict",
           "it was cut while it was read, and is said to be consistent");
    close(fd);
}

const struct check_case check_cases_source_extents[] = {
    {"source-extents-contiguous", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "extents", contiguous,
     "ranges ascend without gaps inside of what was asked for, and holes read as zeroes"},
    {"source-extents-odd-ranges", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "extents", odd_ranges,
     "the same of ranges from anywhere to anywhere"},
    {"source-extents-holes", LAGAN_KIND_SOURCE, CHECK_CAPABILITY, 0, "extents write_zero",
     holes_found, "a hole that was made is found"},
    {"source-change-replaced", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", replaced,
     "what is replaced while it is read is the old or the new one, or has changed"},
    {"source-change-written", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", written,
     "what is written to while it is read has changed"},
    {"source-change-truncated", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", truncated,
     "what is cut while it is read has changed, and nothing waits for the rest"},
    {.name = NULL}};
