/* SPDX-License-Identifier: Apache-2.0 */
/* source_write.c - cases: entries with content are written back. */
#include "conformance/source_kit.h"

#include <string.h>

static const char look_create[] = "source.h, entry_create";
static const char look_commit[] = "source.h, entry_commit";

/* A thing under the one name that any place takes, not written yet. */
static struct source_thing *thing_of(struct source_work *w, uint64_t bytes)
{
    struct source_things *things = source_memory(sizeof *things);
    struct source_thing *thing = source_things_add(things, w->content_type, "output", 6);
    thing->bytes = bytes;
    return thing;
}

static void *begin(struct source_work *w, const struct source_thing *thing, uint64_t flags)
{
    struct lagan_entry entry = source_thing_entry(thing);
    void *writer;
    EXPECT_OK(w->t, work_create(w, &entry, flags, &writer), look_create);
    return writer;
}

/* Writes a range of the thing's content. */
static void write_part(struct source_work *w, void *writer, const struct source_thing *thing,
                       uint64_t offset, size_t size)
{
    uint8_t *data = source_memory(size);
    source_thing_bytes(thing, offset, data, size);
    EXPECT_OK(w->t, work_write(w, writer, offset, data, size), "source.h, write_at");
}

static void commit(struct source_work *w, void *writer)
{
    EXPECT_OK(w->t, work_commit(w, writer, NULL, 0, NULL), look_commit);
}

static void expect_absent(struct source_work *w, const struct source_thing *thing,
                          const char *look)
{
    struct source_items items = work_walk_all(w, NULL, 100);
    expect_class(w->t, work_stat(w, thing->key, thing->key_size, NULL), LAGAN_NOT_FOUND, look);
    EXPECT(w->t, items.count <= 1, look, "the walk shows %zu entries, among them %s",
           items.count,
           source_key_text(items.list[items.count - 1].entry.key,
                           items.list[items.count - 1].entry.key_size));
}

static void lengths(struct trial *t)
{
    static const uint64_t bytes[] = {0, 1, 4095, 4096, 65537, 1048577, 5000011};
    struct source_work *w = work_empty(t);
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        struct source_thing *thing = thing_of(w, bytes[i]);
        struct source_items found = {.t = t};
        thing->seed = i;
        EXPECT_OK(t, source_thing_write(w, thing, LAGAN_CREATE_REPLACE), look_commit);
        EXPECT_OK(t, work_stat(w, thing->key, thing->key_size, &found), "source.h, entry_stat");
        source_thing_expect(w, thing, &found.list[0].entry);
        source_thing_expect_content(w, thing, 70000);
    }
}

/* Nothing shows before the commit. */
static void invisible(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 300000);
    void *writer = begin(w, thing, 0);
    expect_absent(w, thing, look_create);
    write_part(w, writer, thing, 0, 300000);
    expect_absent(w, thing, look_create);
    commit(w, writer);
    source_thing_expect_content(w, thing, 70000);
}

static void aborted(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 300000);
    for (unsigned i = 0; i < 10; i++) {
        void *writer = begin(w, thing, i % 2 ? LAGAN_CREATE_REPLACE : 0);
        if (i > 0)
            write_part(w, writer, thing, i * 1000, 30000);
        work_abort(w, writer);
        expect_absent(w, thing, "source.h, entry_abort");
    }
}

/* A replacement that is given up leaves the old one. */
static void aborted_replacement(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 30000), other = *thing;
    EXPECT_OK(t, source_thing_write(w, thing, 0), look_commit);
    other.seed = 99;
    void *writer = begin(w, &other, LAGAN_CREATE_REPLACE);
    write_part(w, writer, &other, 0, 20000);
    source_thing_expect_content(w, thing, 70000);
    work_abort(w, writer);
    source_thing_expect_content(w, thing, 70000);
}

/* EXISTS comes at once or at the commit, and the old one stays. */
static void taken(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 1000), other = *thing;
    struct lagan_entry entry;
    void *writer;
    EXPECT_OK(t, source_thing_write(w, thing, 0), look_commit);
    other.seed = 99;
    entry = source_thing_entry(&other);
    uint32_t result = work_create(w, &entry, 0, &writer);
    if (result == LAGAN_OK) {
        write_part(w, writer, &other, 0, 1000);
        result = work_commit(w, writer, NULL, 0, NULL);
    }
    expect_class(t, result, LAGAN_EXISTS, look_create);
    source_thing_expect_content(w, thing, 70000);
}

/* Somebody takes the name while it is written. */
static void taken_meanwhile(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 1000), other = *thing;
    other.seed = 99;
    void *writer = begin(w, &other, 0);
    write_part(w, writer, &other, 0, 1000);
    EXPECT_OK(t, source_thing_write(w, thing, 0), look_commit);
    expect_class(t, work_commit(w, writer, NULL, 0, NULL), LAGAN_EXISTS, look_commit);
    source_thing_expect_content(w, thing, 70000);
}

static void replaces(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 100000);
    for (unsigned i = 0; i < 10; i++) {
        thing->seed = 100 + i;
        thing->bytes = 100000 - 9999 * i;
        EXPECT_OK(t, source_thing_write(w, thing, LAGAN_CREATE_REPLACE), look_commit);
        source_thing_expect_content(w, thing, 70000);
    }
}

static void any_order(struct trial *t)
{
    enum { PART = 9973, PARTS = 60 };
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, PART * PARTS);
    void *writer = begin(w, thing, 0);
    unsigned order[PARTS];
    for (unsigned i = 0; i < PARTS; i++) {
        unsigned other = (unsigned)trial_below(t, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (unsigned i = 0; i < PARTS; i++)
        write_part(w, writer, thing, (uint64_t)order[i] * PART, PART);
    commit(w, writer);
    source_thing_expect_content(w, thing, 70000);
}

static void written_twice(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 200000), wrong = *thing;
    wrong.seed = 99;
    void *writer = begin(w, thing, 0);
    write_part(w, writer, &wrong, 0, 200000);
    write_part(w, writer, &wrong, 50000, 77777);
    write_part(w, writer, thing, 100000, 100000);
    write_part(w, writer, thing, 0, 100000);
    commit(w, writer);
    source_thing_expect_content(w, thing, 70000);
}

/* Zeroes over what was written, over what was not, and written over again. */
static void zeroes(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 300000);
    uint8_t *wanted = source_memory(300000);
    struct lagan_entry entry = source_thing_entry(thing);
    void *writer = begin(w, thing, 0);
    size_t size;
    source_thing_bytes(thing, 0, wanted, 300000);
    write_part(w, writer, thing, 0, 200000);
    EXPECT_OK(t, work_zero(w, writer, 1, 99999), "source.h, write_zero");
    memset(wanted + 1, 0, 99999);
    EXPECT_OK(t, work_zero(w, writer, 190000, 110000), "source.h, write_zero");
    memset(wanted + 190000, 0, 110000);
    write_part(w, writer, thing, 250000, 1000);
    source_thing_bytes(thing, 250000, wanted + 250000, 1000);
    EXPECT_OK(t, work_zero(w, writer, 250500, 1), "source.h, write_zero");
    wanted[250500] = 0;
    commit(w, writer);
    uint8_t *data = work_read_all(w, &entry, 65536, &size);
    EXPECT(t, size == 300000, "source.h, write_zero", "%zu bytes are there, not 300000", size);
    for (size_t i = 0; i < size; i++)
        EXPECT(t, data[i] == wanted[i], "source.h, write_zero",
               "byte %zu is 0x%02x and must be 0x%02x", i, data[i], wanted[i]);
}

/* The commit sets the length: what was never written reads as zeroes, what is beyond goes. */
static void length_set(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 100000);
    struct lagan_entry entry = source_thing_entry(thing);
    size_t size;
    void *writer = begin(w, thing, 0);
    write_part(w, writer, thing, 0, 1000);
    commit(w, writer);
    uint8_t *data = work_read_all(w, &entry, 65536, &size);
    EXPECT(t, size == 100000 && data[999] != 0, look_commit, "%zu bytes are there, not 100000",
           size);
    for (size_t i = 1000; i < size; i++)
        EXPECT(t, data[i] == 0, look_commit, "byte %zu was never written, and is 0x%02x", i,
               data[i]);
    thing->bytes = 1000;
    writer = begin(w, thing, LAGAN_CREATE_REPLACE);
    write_part(w, writer, thing, 0, 5000);
    commit(w, writer);
    source_thing_expect_content(w, thing, 70000);
}

/* The entry need only last for the call. */
static void entry_copied(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 1000);
    struct lagan_entry entry = source_thing_entry(thing);
    uint8_t *key = source_copy("output", 6);
    void *writer;
    entry.key = key;
    EXPECT_OK(t, work_create(w, &entry, 0, &writer), look_create);
    memset(key, 'X', 6);
    memset(&entry, 0xff, sizeof entry);
    write_part(w, writer, thing, 0, 1000);
    commit(w, writer);
    source_thing_expect_content(w, thing, 70000);
}

static void many_writers(struct trial *t)
{
    enum { WRITERS = 30 };
    struct source_work *w = work_empty(t);
    struct source_things things = {0};
    void *writers[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        uint8_t key[] = {'w', (uint8_t)('a' + i)};
        source_things_add(&things, w->content_type, key, 2)->bytes = 50000;
    }
    source_things_sort(&things);
    for (unsigned i = 0; i < WRITERS; i++) {
        struct lagan_entry entry = source_thing_entry(&things.list[i]);
        uint32_t result = work_create(w, &entry, 0, &writers[i]);
        if (result == LAGAN_UNSUPPORTED)
            trial_skip(t, "the place takes one entry alone");
        EXPECT_OK(t, result, look_create);
    }
    for (unsigned part = 0; part < 5; part++)
        for (unsigned i = 0; i < WRITERS; i++)
            write_part(w, writers[i], &things.list[i], part * 10000, 10000);
    for (unsigned i = WRITERS; i > 0; i--) {
        commit(w, writers[i - 1]);
        things.list[i - 1].stored = true;
    }
    source_things_expect(w, &things);
}

static void unknown_flag(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 10);
    struct lagan_entry entry = source_thing_entry(thing);
    void *writer;
    expect_class(t, work_create(w, &entry, UINT64_C(1) << 31, &writer), LAGAN_UNSUPPORTED,
                 "driver.h, Flags");
    EXPECT_OK(t, work_create(w, &entry, UINT64_C(1) << 62, &writer), "driver.h, Flags");
    work_abort(w, writer);
}

static void read_only_refused(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct source_thing *thing = thing_of(w, 10);
    struct lagan_entry entry = source_thing_entry(thing);
    struct opened *writer_of_case = w->writer;
    void *writer;
    w->writer = w->reader;
    uint32_t result = work_create(w, &entry, 0, &writer);
    if (result == LAGAN_OK)
        result = work_commit(w, writer, NULL, 0, NULL);
    EXPECT(t, result != LAGAN_OK, "driver.h, LAGAN_OPEN_READ_ONLY",
           "it wrote through a handle that was opened for reading");
    w->writer = writer_of_case;
    expect_absent(w, thing, "driver.h, LAGAN_OPEN_READ_ONLY");
}

const struct check_case check_cases_source_write[] = {
    {"source-write-lengths", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", lengths,
     "content of any length comes back"},
    {"source-write-invisible", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", invisible,
     "nothing shows before the commit"},
    {"source-write-aborted", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", aborted,
     "an abort leaves nothing"},
    {"source-write-aborted-replacement", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     aborted_replacement, "a replacement that is given up leaves the old one"},
    {"source-write-taken", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", taken,
     "without REPLACE a name that is taken stays as it is"},
    {"source-write-taken-meanwhile", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     taken_meanwhile, "also when it was taken during the writing"},
    {"source-write-replaces", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", replaces,
     "with REPLACE the new one stands there whole"},
    {"source-write-any-order", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", any_order,
     "ranges are written in any order"},
    {"source-write-twice", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", written_twice,
     "of a range that is written twice the last one counts"},
    {"source-write-zeroes", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", zeroes,
     "write_zero makes zeroes, over anything"},
    {"source-write-length-set", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create", length_set,
     "the commit sets the length"},
    {"source-write-entry-copied", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     entry_copied, "entry_create copies what it needs"},
    {"source-write-many-writers", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     many_writers, "many entries are written beside each other"},
    {"source-write-unknown-flag", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     unknown_flag, "unknown flags are refused in the low half and ignored in the high one"},
    {"source-write-read-only", LAGAN_KIND_SOURCE, CHECK_CORE, 0, "entry_create",
     read_only_refused, "nothing is written through a handle for reading"},
    {.name = NULL}};
