/* SPDX-License-Identifier: Apache-2.0 */
/* target_soak.c - cases: a target at work for a while, with what it holds watched. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <stdatomic.h>
#include <string.h>

enum { WORKERS = 4, OWN_KEYS = 20, STEPS = 120, BLOCKS = 4 };

/* One worker's objects, which nobody else touches. */
struct worker {
    uint64_t random;
    struct {
        bool there;
        uint64_t seed, bytes;
    } objects[OWN_KEYS];
};

struct soak {
    struct trial *trial;
    struct opened *opened;
    struct worker workers[WORKERS];
};

static uint64_t draw(struct worker *w, uint64_t bound)
{
    uint64_t number;
    trial_bytes(w->random++, 0, &number, sizeof number);
    return number % bound;
}

static struct key soak_key(const struct soak *s, unsigned index, unsigned which)
{
    return key_of(s->trial, "w%u/%02u/object", index, which);
}

static void soak_put(struct soak *s, unsigned index, unsigned which, const char *key)
{
    struct worker *w = &s->workers[index];
    bool there = w->objects[which].there;
    uint64_t seed = draw(w, 1000000);
    uint64_t bytes = draw(w, 4) ? draw(w, 3000) : draw(w, 200000);
    uint32_t result;
    bool stage = s->opened->capabilities.staged_put != LAGAN_SUPPORT_NONE && draw(w, 2);
    result = stage ? case_stage(s->trial, s->opened, key, seed, bytes, 5000)
                   : case_put(s->trial, s->opened, key, seed, bytes);
    expect_class(s->trial, result, there ? LAGAN_EXISTS : LAGAN_OK, "target.h, put");
    if (there)
        return;
    w->objects[which].there = true;
    w->objects[which].seed = seed;
    w->objects[which].bytes = bytes;
}

static void soak_look(struct soak *s, unsigned index, unsigned which, const char *key)
{
    const struct worker *w = &s->workers[index];
    if (w->objects[which].there)
        expect_object(s->trial, s->opened, key, w->objects[which].seed,
                      w->objects[which].bytes);
    else
        expect_absent(s->trial, s->opened, key);
}

static void soak_list(struct soak *s, unsigned index)
{
    struct listing l = listing_new();
    size_t count = 0;
    list_all(s->trial, s->opened, key_of(s->trial, "w%u/", index).text, 7, &l);
    for (unsigned i = 0; i < OWN_KEYS; i++)
        count += s->workers[index].objects[i].there;
    EXPECT(s->trial, l.count == count, "target.h, list",
           "%zu objects are listed instead of %zu", l.count, count);
    listing_free(&l);
}

static void soak_step(struct soak *s, unsigned index)
{
    struct worker *w = &s->workers[index];
    unsigned which = (unsigned)draw(w, OWN_KEYS);
    struct key key = soak_key(s, index, which);
    uint64_t kind = draw(w, 16);
    if (kind < 6) {
        soak_put(s, index, which, key.text);
    } else if (kind < 11) {
        soak_look(s, index, which, key.text);
    } else if (kind < 14) {
        EXPECT_OK(s->trial, case_remove(s->trial, s->opened, key.text), "target.h, remove");
        w->objects[which].there = false;
    } else if (kind < 15) {
        soak_list(s, index);
    } else {
        EXPECT_OK(s->trial, case_flush(s->trial, s->opened), "target.h, flush");
    }
}

static void soak_thread(void *context, unsigned index)
{
    struct soak *s = context;
    for (unsigned i = 0; i < STEPS; i++)
        soak_step(s, index);
}

/* Whether it grew in each block but the first, by at least `each`. */
static bool grows(const size_t values[BLOCKS], size_t each)
{
    for (unsigned i = 2; i < BLOCKS; i++)
        if (values[i] < values[i - 1] + each)
            return false;
    return true;
}

static void watch_growth(struct trial *t, void (*block)(struct trial *t, void *context),
                         void *context, size_t each)
{
    size_t descriptors[BLOCKS];
    size_t threads[BLOCKS];
    size_t heap[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct trial_holdings h;
        block(t, context);
        trial_count_holdings(&h);
        descriptors[i] = h.descriptors;
        threads[i] = h.threads;
        heap[i] = h.heap_bytes;
    }
    trial_asked("%d blocks of the same work", BLOCKS);
    EXPECT(t, !grows(descriptors, 1), "driver.h", "descriptors grow: %zu, %zu, %zu, %zu",
           descriptors[0], descriptors[1], descriptors[2], descriptors[3]);
    EXPECT(t, !grows(threads, 1), "driver.h", "threads grow: %zu, %zu, %zu, %zu", threads[0],
           threads[1], threads[2], threads[3]);
    EXPECT(t, !grows(heap, each), "driver.h, Memory",
           "memory grows: %zu, %zu, %zu, %zu bytes are in use", heap[0], heap[1], heap[2],
           heap[3]);
}

static void soak_block(struct trial *t, void *context)
{
    struct soak *s = context;
    unsigned rounds = trial_rounds(t, 1);
    for (unsigned i = 0; i < rounds; i++)
        trial_threads(t, WORKERS, soak_thread, s);
    for (unsigned i = 0; i < WORKERS; i++)
        for (unsigned which = 0; which < OWN_KEYS; which++) {
            EXPECT_OK(t, case_remove(t, s->opened, soak_key(s, i, which).text),
                      "target.h, remove");
            s->workers[i].objects[which].there = false;
        }
}

static void threads(struct trial *t)
{
    static struct soak s;
    s.trial = t;
    s.opened = trial_open(t, 0);
    for (unsigned i = 0; i < WORKERS; i++)
        s.workers[i].random = t->request->seed * 1000003 + i * UINT64_C(1000000007);
    /* Arenas of threads come and go; what the same work takes is judged below. */
    watch_growth(t, soak_block, &s, 65536);
    expect_listed(t, s.opened, NULL, 0);
    trial_close(t, s.opened);
}

/* One thread, the same again and again: what grows now is a leak. */
static void same_block(struct trial *t, void *context)
{
    unsigned rounds = trial_rounds(t, 1) * 60;
    for (unsigned i = 0; i < rounds; i++)
        t->kind->exercise(t, context, 1);
}

static void same_again(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    watch_growth(t, same_block, o, (size_t)trial_rounds(t, 1) * 60 * 16);
    trial_close(t, o);
}

/* Errors leak as often as successes. */
static void failing_block(struct trial *t, void *context)
{
    struct opened *o = context;
    struct key key = key_of(t, "taken");
    unsigned rounds = trial_rounds(t, 1) * 60;
    for (unsigned i = 0; i < rounds; i++) {
        struct content c = content_of(t, 1, 5000);
        uint64_t bytes = 0;
        c.fail_from = 0;
        c.fail_class = LAGAN_IO;
        expect_class(t, case_put(t, o, key.text, 2, 5000), LAGAN_EXISTS, "target.h, put");
        expect_class(
            t, case_put_content(t, o, key_of(t, "new").text, &c, LAGAN_PUT_IF_ABSENT, NULL),
            LAGAN_IO, "target.h, put");
        expect_class(t, case_stat(t, o, key_of(t, "none").text, &bytes), LAGAN_NOT_FOUND,
                     "target.h, stat");
    }
}

static void failures(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    must_put(t, o, key_of(t, "taken").text, 1, 1);
    watch_growth(t, failing_block, o, (size_t)trial_rounds(t, 1) * 60 * 16);
    trial_close(t, o);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_soak[] = {
    {"target-soak-threads", TARGET, CHECK_SOAK, CASE_SAFE | CASE_LONG, NULL, threads,
     "four threads put, read, list and remove at random, and all is right"},
    {"target-soak-same-again", TARGET, CHECK_SOAK, CASE_SAFE | CASE_LONG, NULL, same_again,
     "the same work again and again takes no more memory and descriptors"},
    {"target-soak-failures", TARGET, CHECK_SOAK, CASE_SAFE | CASE_LONG, NULL, failures,
     "calls that fail take no more memory and descriptors"},
    {.name = NULL}};
