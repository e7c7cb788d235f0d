/* SPDX-License-Identifier: Apache-2.0 */
/* source_crash.c - cases: processes that are killed while they write, and many rounds of
 * everything. */
#include "conformance/source_kit.h"
#include "conformance/watch.h"

#include <stdatomic.h>
#include <string.h>

enum { BYTES = 200000, GENERATIONS = 1000 };

/* What the killed process has done, seen by the one that looks. */
struct deeds {
    atomic_uint begun;
    atomic_uint done;
};

static struct source_thing generation(const struct source_work *w, unsigned number)
{
    return (struct source_thing){.key = (const uint8_t *)"output",
                                 .key_size = 6,
                                 .type = w->content_type,
                                 .seed = number * UINT64_C(7777),
                                 .bytes = BYTES,
                                 .mode = 0600};
}

static void replace_for_ever(struct trial *t, void *context)
{
    struct deeds *deeds = context;
    struct source_work *w = work_empty(t);
    unsigned first = atomic_load(&deeds->begun) + 1;
    for (unsigned number = first; number < first + GENERATIONS; number++) {
        struct source_thing thing = generation(w, number);
        atomic_store(&deeds->begun, number);
        EXPECT_OK(t, source_thing_write(w, &thing, LAGAN_CREATE_REPLACE | LAGAN_CREATE_SYNC),
                  "source.h, entry_commit");
        atomic_store(&deeds->done, number);
    }
}

/* What is there is a whole generation: the last one that was done, or the one behind it. */
static void expect_generation(struct source_work *w, const struct deeds *deeds)
{
    struct source_items items = work_walk_all(w, NULL, 100);
    size_t at = source_items_find(&items, "output", 6);
    unsigned done = atomic_load(&deeds->done), begun = atomic_load(&deeds->begun);
    EXPECT(w->t, at != SIZE_MAX || done == 0, "source.h, LAGAN_CREATE_SYNC",
           "generation %u was committed, and nothing is there", done);
    EXPECT(w->t, items.count <= 2, "source.h, entry_create",
           "a process that was killed has left %s",
           source_key_text(items.list[1].entry.key, items.list[1].entry.key_size));
    if (at == SIZE_MAX)
        return;
    uint8_t *wanted = source_memory(BYTES);
    size_t size;
    uint8_t *data = work_read_all(w, &items.list[at].entry, 70000, &size);
    for (unsigned number = done; number <= begun; number++) {
        struct source_thing thing = generation(w, number);
        source_thing_bytes(&thing, 0, wanted, BYTES);
        if (size == BYTES && memcmp(data, wanted, size) == 0)
            return;
    }
    trial_fail(w->t, "source.h, entry_commit",
               "the %zu bytes there are neither generation %u nor %u", size, done, begun);
}

static void expect_after_kill(struct trial *t, void *context)
{
    struct source_work *w = work_with(t, LAGAN_OPEN_RESTORE);
    w->reader = trial_open_beside(t, w->writer, LAGAN_OPEN_READ_ONLY);
    expect_generation(w, context);
}

static void need_place(struct trial *t)
{
    if (!source_is_filled(t))
        trial_skip(t, "no parameter says where to write");
}

static void killed(struct trial *t)
{
    struct deeds *deeds = trial_share(t, sizeof *deeds);
    need_place(t);
    for (unsigned round = 0; round < trial_rounds(t, 8); round++) {
        pid_t child = trial_fork(t, replace_for_ever, deeds);
        trial_pause(5000000 + (int64_t)trial_below(t, 60000000));
        trial_kill(t, child);
        trial_wait(t, child);
        trial_wait(t, trial_fork(t, expect_after_kill, deeds));
    }
}

/* SYNC: what is said to be durable was handed to the device. */
static void write_and_mark(struct trial *t, void *context)
{
    struct source_work *w = work_empty(t);
    struct source_thing file = generation(w, 1);
    (void)context;
    EXPECT_OK(t, source_thing_write(w, &file, LAGAN_CREATE_SYNC), "source.h, entry_commit");
    watch_mark(t);
    file.seed++;
    EXPECT_OK(t, source_thing_write(w, &file, LAGAN_CREATE_SYNC | LAGAN_CREATE_REPLACE),
              "source.h, entry_commit");
    watch_mark(t);
}

static void synced(struct trial *t)
{
    const char *place = trial_place_path(t);
    need_place(t);
    if (!place)
        trial_skip(t, "the suite cannot look at the place");
    watch_run(t, place, write_and_mark, NULL);
}

/* Soak. */

static void round_of_reading(struct source_work *w)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_last last = {0};
    struct source_items items = {.t = w->t, .last = &last};
    uint8_t data[1000];
    void *walk, *reader;
    size_t got;
    EXPECT_OK(w->t, work_walk_open(w, &plain, &walk), "source.h, walk_open");
    for (unsigned i = 0; i < 3; i++)
        if (work_walk_next(w, walk, 20, &items) != LAGAN_OK)
            break;
    work_walk_close(w, walk);
    if (!last.content)
        return;
    EXPECT_OK(w->t, work_open(w, last.content_key, last.content_size, NULL, 0, NULL, &reader),
              "source.h, entry_open");
    EXPECT_OK(w->t, work_read(w, reader, 0, data, sizeof data, &got), "source.h, read_at");
    EXPECT_OK(w->t, work_close(w, reader, NULL), "source.h, entry_close");
}

static void soak_reading(struct trial *t)
{
    struct source_work *w = work_on_content(t);
    struct trial_holdings before = {0}, after;
    unsigned rounds = 300 * trial_rounds(t, 1);
    for (unsigned i = 0; i < rounds; i++) {
        round_of_reading(w);
        if (i == 20)
            trial_count_holdings(&before);
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors && after.threads <= before.threads,
           "driver.h", "%u rounds leave %u descriptors and %u threads", rounds,
           after.descriptors - before.descriptors, after.threads - before.threads);
    EXPECT(t, after.heap_bytes <= before.heap_bytes + (64 << 10), "driver.h, Memory",
           "%u rounds leave %zu bytes of memory", rounds, after.heap_bytes - before.heap_bytes);
}

static void soak_writing(struct trial *t)
{
    struct source_work *w = work_empty(t);
    struct trial_holdings before = {0}, after;
    unsigned rounds = 200 * trial_rounds(t, 1);
    for (unsigned i = 0; i < rounds; i++) {
        struct source_thing thing = generation(w, i);
        thing.bytes = 3000;
        EXPECT_OK(t, source_thing_write(w, &thing, LAGAN_CREATE_REPLACE),
                  "source.h, entry_commit");
        if (i == 20)
            trial_count_holdings(&before);
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors && after.threads <= before.threads,
           "driver.h", "%u rounds leave %u descriptors and %u threads", rounds,
           after.descriptors - before.descriptors, after.threads - before.threads);
}

const struct check_case check_cases_source_crash[] = {
    {"source-crash-killed", LAGAN_KIND_SOURCE, CHECK_CRASH, CASE_LONG, "entry_create", killed,
     "a process that is killed leaves the old or the new one, whole, and nothing else"},
    {"source-crash-synced", LAGAN_KIND_SOURCE, CHECK_CRASH, 0, "entry_create", synced,
     "SYNC hands bytes and names to the device"},
    {"source-soak-reading", LAGAN_KIND_SOURCE, CHECK_SOAK, CASE_LONG, NULL, soak_reading,
     "many rounds of reading leave nothing open"},
    {"source-soak-writing", LAGAN_KIND_SOURCE, CHECK_SOAK, CASE_LONG, "entry_create",
     soak_writing, "many rounds of writing leave nothing open"},
    {.name = NULL}};
