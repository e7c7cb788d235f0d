/* SPDX-License-Identifier: Apache-2.0 */
/* source_race.c - cases: several threads at a time, and what changes beside a walk. */
#include "conformance/source_kit.h"

#include <stdatomic.h>
#include <string.h>

enum { THREADS = 6 };

/* Everything that a thread needs to read what all others read, too. */
struct crowd {
    struct source_work *w;
    struct source_items all;
    const uint8_t **contents; /* by index; NULL = none, or not to be read */
    size_t *sizes;
    atomic_bool stop;
};

static struct crowd crowd_of(struct trial *t)
{
    struct crowd c = {.w = work_on_content(t)};
    c.all = work_walk_all(c.w, NULL, 100);
    c.contents = source_memory(c.all.count * sizeof *c.contents);
    c.sizes = source_memory(c.all.count * sizeof *c.sizes);
    for (size_t i = 0; i < c.all.count; i++) {
        const struct lagan_entry *entry = &c.all.list[i].entry;
        if (source_has_content(entry) && !(entry->flags & LAGAN_ENTRY_STREAM) &&
            entry->bytes <= 2 << 20)
            c.contents[i] = work_read_all(c.w, entry, 65536, &c.sizes[i]);
    }
    return c;
}

static void read_some(void *context, unsigned index)
{
    struct crowd *c = context;
    size_t step = c->all.count > 0 ? c->all.count / 60 + 1 : 1, size;
    for (size_t i = index; i < c->all.count; i += step) {
        if (!c->contents[i])
            continue;
        uint8_t *data = work_read_all(c->w, &c->all.list[i].entry, 4096 + index * 1000, &size);
        EXPECT(c->w->t, size == c->sizes[i] && memcmp(data, c->contents[i], size) == 0,
               "driver.h, enum lagan_threads", "%s reads otherwise beside other readers",
               source_key_text(c->all.list[i].entry.key, c->all.list[i].entry.key_size));
    }
}

static void readers(struct trial *t)
{
    struct crowd c = crowd_of(t);
    trial_threads(t, THREADS, read_some, &c);
}

static void walk_or_read(void *context, unsigned index)
{
    struct crowd *c = context;
    if (index % 2 == 0) {
        read_some(context, index);
        return;
    }
    for (unsigned i = 0; i < 5; i++) {
        struct source_items items = work_walk_all(c->w, NULL, 1 + index);
        EXPECT(c->w->t, items.count == c->all.count, "driver.h, enum lagan_threads",
               "a walk beside others shows %zu of %zu entries", items.count, c->all.count);
    }
}

static void walkers(struct trial *t)
{
    struct crowd c = crowd_of(t);
    trial_threads(t, THREADS, walk_or_read, &c);
}

static void ask_metadata(void *context, unsigned index)
{
    struct crowd *c = context;
    for (size_t i = index; i < c->all.count && i < 600; i += 2) {
        struct source_piece *pieces;
        if (c->all.list[i].entry.type != LAGAN_ENTRY_ERROR)
            EXPECT_OK(c->w->t, work_pieces(c->w, &c->all.list[i].entry, &pieces),
                      "source.h, metadata");
    }
}

static void metadata(struct trial *t)
{
    struct crowd c = crowd_of(t);
    trial_threads(t, THREADS, ask_metadata, &c);
}

/* One walk and one reader, each call from another thread: never two at a time. */
struct relay {
    struct source_work *w;
    void *walk, *reader;
    struct source_items items;
    uint64_t offset;
    bool ended;
};

static void one_step(void *context, unsigned index)
{
    struct relay *r = context;
    uint8_t data[1000];
    size_t got;
    (void)index;
    if (!r->ended)
        r->ended = work_walk_next(r->w, r->walk, 3, &r->items) != LAGAN_OK;
    if (r->reader && work_read(r->w, r->reader, r->offset, data, sizeof data, &got) == LAGAN_OK)
        r->offset += got;
}

static void other_threads(struct trial *t)
{
    static const struct lagan_walk_request plain = {.size = sizeof plain};
    struct source_work *w = work_on_content(t);
    struct source_items all = work_walk_all(w, NULL, 100);
    struct relay r = {.w = w, .items = {.t = t}};
    const struct lagan_entry *entry = source_items_content(&all, 1);
    EXPECT_OK(t, work_walk_open(w, &plain, &r.walk), "source.h, walk_open");
    if (entry)
        EXPECT_OK(t, work_open(w, entry->key, entry->key_size, NULL, 0, NULL, &r.reader),
                  "source.h, entry_open");
    for (unsigned i = 0; i < 400 && !r.ended; i++)
        trial_threads(t, 1, one_step, &r);
    EXPECT(t, r.items.count <= all.count, "driver.h, Threads",
           "a walk from several threads shows %zu of %zu entries", r.items.count, all.count);
    work_walk_close(w, r.walk);
    if (entry)
        EXPECT_OK(t, work_close(w, r.reader, NULL), "source.h, entry_close");
}

/* Writing. */

struct writers {
    struct source_work *w;
    struct source_things things[THREADS];
    atomic_bool lacking; /* the place takes none of these */
};

static void write_some(void *context, unsigned index)
{
    struct writers *all = context;
    for (unsigned round = 0; round < 3; round++)
        for (size_t i = 0; i < all->things[index].count; i++) {
            struct source_thing *thing = &all->things[index].list[i];
            thing->seed += round;
            uint32_t result = source_thing_write(all->w, thing, LAGAN_CREATE_REPLACE);
            if (result == LAGAN_UNSUPPORTED) {
                atomic_store(&all->lacking, true);
                return;
            }
            EXPECT_OK(all->w->t, result, "source.h, entry_commit");
        }
}

static void writing(struct trial *t)
{
    struct writers all = {.w = work_empty(t)};
    struct source_things together = {0};
    for (unsigned n = 0; n < THREADS; n++)
        for (unsigned i = 0; i < 15; i++) {
            uint8_t key[] = {'w', (uint8_t)('a' + i), (uint8_t)('0' + n)};
            source_things_add(&all.things[n], all.w->content_type, key, 3)->bytes = 3000 * i;
        }
    trial_threads(t, THREADS, write_some, &all);
    if (atomic_load(&all.lacking))
        trial_skip(t, "the place takes one entry alone");
    for (unsigned n = 0; n < THREADS; n++)
        for (size_t i = 0; i < all.things[n].count; i++) {
            const struct source_thing *thing = &all.things[n].list[i];
            *source_things_add(&together, thing->type, thing->key, thing->key_size) = *thing;
        }
    source_things_sort(&together);
    source_things_expect(all.w, &together);
}

/* All write one name: one of them is there in the end, whole; without REPLACE one wins. */
struct rivals {
    struct source_work *w;
    bool replace;
    atomic_uint won;
    atomic_ullong winner; /* its seed */
};

static struct source_thing rival(const struct rivals *r, uint64_t seed)
{
    return (struct source_thing){.key = (const uint8_t *)"output",
                                 .key_size = 6,
                                 .type = r->w->content_type,
                                 .seed = seed,
                                 .bytes = 40000,
                                 .mode = 0600};
}

static void contend(void *context, unsigned index)
{
    static const uint32_t fine[] = {LAGAN_OK, LAGAN_EXISTS, LAGAN_CLASS_COUNT};
    struct rivals *r = context;
    struct source_thing thing = rival(r, index + 1);
    uint32_t result = source_thing_write(r->w, &thing, r->replace ? LAGAN_CREATE_REPLACE : 0);
    if (r->replace)
        EXPECT_OK(r->w->t, result, "source.h, entry_commit");
    else
        expect_one_of(r->w->t, result, fine, "source.h, entry_commit");
    if (result == LAGAN_OK) {
        atomic_fetch_add(&r->won, 1);
        atomic_store(&r->winner, index + 1);
    }
}

static void one_wins(struct trial *t)
{
    struct rivals r = {.w = work_empty(t)};
    trial_threads(t, THREADS, contend, &r);
    EXPECT(t, atomic_load(&r.won) == 1, "source.h, LAGAN_CREATE_REPLACE",
           "%u of %d threads have made one name", atomic_load(&r.won), THREADS);
    struct source_thing thing = rival(&r, atomic_load(&r.winner));
    source_thing_expect_content(r.w, &thing, 7000);
}

static void one_stays(struct trial *t)
{
    struct rivals r = {.w = work_empty(t), .replace = true};
    trial_threads(t, THREADS, contend, &r);
    struct source_thing thing = rival(&r, 0);
    struct lagan_entry entry = source_thing_entry(&thing);
    uint8_t *wanted = source_memory(40000);
    size_t size;
    uint8_t *data = work_read_all(r.w, &entry, 7000, &size);
    for (uint64_t seed = 1; seed <= THREADS; seed++) {
        thing.seed = seed;
        source_thing_bytes(&thing, 0, wanted, 40000);
        if (size == 40000 && memcmp(data, wanted, size) == 0)
            return;
    }
    trial_fail(t, "source.h, LAGAN_CREATE_REPLACE",
               "what %d threads have replaced is none of their contents", THREADS);
}

/* Something comes and is replaced all the time; what stays is shown exactly once. */
static void change_or_walk(void *context, unsigned index)
{
    struct crowd *c = context;
    struct source_thing thing = {.key = (const uint8_t *)"churn",
                                 .key_size = 5,
                                 .type = c->w->content_type,
                                 .bytes = 1000,
                                 .mode = 0600};
    if (index == 0) {
        while (!atomic_load(&c->stop)) {
            thing.seed++;
            EXPECT_OK(c->w->t, source_thing_write(c->w, &thing, LAGAN_CREATE_REPLACE),
                      "source.h, entry_commit");
        }
        return;
    }
    for (unsigned i = 0; i < 20; i++) {
        struct source_items items = work_walk_all(c->w, NULL, 10);
        for (size_t n = 0; n < c->all.count; n++)
            EXPECT(c->w->t,
                   source_items_find(&items, c->all.list[n].entry.key,
                                     c->all.list[n].entry.key_size) != SIZE_MAX,
                   "source.h, walk_next", "%s is missing from a walk beside changes",
                   source_key_text(c->all.list[n].entry.key, c->all.list[n].entry.key_size));
    }
    atomic_store(&c->stop, true);
}

static void walk_beside_changes(struct trial *t)
{
    struct crowd c = {.w = work_filled(t)};
    struct source_thing *churn = source_things_find(&c.w->stock, "a", 1);
    if (!churn || !churn->stored)
        trial_skip(t, "the place takes one entry alone");
    c.all = work_walk_all(c.w, NULL, 100);
    trial_threads(t, 2, change_or_walk, &c);
}

const struct check_case check_cases_source_race[] = {
    {"source-race-readers", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, 0, NULL, readers,
     "several threads read the right bytes"},
    {"source-race-walkers", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, 0, NULL, walkers,
     "walks and reads go on beside each other"},
    {"source-race-metadata", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, CASE_SAFE, "metadata",
     metadata, "metadata is asked for from several threads"},
    {"source-race-other-threads", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, CASE_SAFE, NULL,
     other_threads, "calls on one walk or reader come from any thread"},
    {"source-race-writing", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, 0, "entry_create", writing,
     "several threads write"},
    {"source-race-one-wins", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, 0, "entry_create", one_wins,
     "of several threads that make one name one wins"},
    {"source-race-one-stays", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, 0, "entry_create",
     one_stays, "of several that replace it one is there, whole"},
    {"source-race-changes", LAGAN_KIND_SOURCE, CHECK_CONCURRENCY, 0, "entry_create",
     walk_beside_changes, "what stays while other things change is shown exactly once"},
    {.name = NULL}};
