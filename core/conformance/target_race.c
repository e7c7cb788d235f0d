/* SPDX-License-Identifier: Apache-2.0 */
/* target_race.c - cases: threads, handles and processes on one store at a time. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <stdatomic.h>
#include <string.h>

#define LOOK "target.h, Several"

enum { WRITERS = 8, ROUNDS = 25, WRITER_BYTES = 20000 };

/* Writers that race for the same names. */
struct race {
    struct trial *trial;
    struct opened *opened[WRITERS];
    pthread_barrier_t barrier;
    unsigned rounds;
    bool stages;         /* every second writer uses a stage */
    atomic_int *winners; /* of each round: 1 + index, 0 = none yet */
};

static uint64_t seed_of(unsigned round, unsigned writer)
{
    return round * 100 + writer;
}

static uint32_t race_put(struct race *r, unsigned round, unsigned index)
{
    struct key key = key_of(r->trial, "race/%u", round);
    uint64_t bytes = WRITER_BYTES + index;
    if (r->stages && index % 2)
        return case_stage(r->trial, r->opened[index], key.text, seed_of(round, index), bytes,
                          4000);
    return case_put(r->trial, r->opened[index], key.text, seed_of(round, index), bytes);
}

static void note_winner(struct race *r, unsigned round, unsigned index, uint32_t result)
{
    static const uint32_t either[] = {LAGAN_OK, LAGAN_EXISTS, LAGAN_CLASS_COUNT};
    int none = 0;
    expect_one_of(r->trial, result, either, LOOK);
    if (result != LAGAN_OK)
        return;
    EXPECT(r->trial, atomic_compare_exchange_strong(&r->winners[round], &none, (int)index + 1),
           LOOK, "two writers of one name were both told that they had won: %d and %u",
           none - 1, index);
}

static void race_thread(void *context, unsigned index)
{
    struct race *r = context;
    for (unsigned round = 0; round < r->rounds; round++) {
        pthread_barrier_wait(&r->barrier);
        note_winner(r, round, index, race_put(r, round, index));
    }
}

/* Each name has its winner's object. */
static void expect_winners(struct trial *t, struct opened *o, atomic_int *winners,
                           unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        unsigned winner = (unsigned)atomic_load(&winners[round]) - 1;
        EXPECT(t, winner < WRITERS, LOOK, "nobody has won the name race/%u", round);
        expect_object(t, o, key_of(t, "race/%u", round).text, seed_of(round, winner),
                      WRITER_BYTES + winner);
    }
}

static void run_race(struct race *r)
{
    struct trial *t = r->trial;
    r->rounds = ROUNDS;
    r->winners = trial_share(t, ROUNDS * sizeof *r->winners);
    pthread_barrier_init(&r->barrier, NULL, WRITERS);
    trial_threads(t, WRITERS, race_thread, r);
    pthread_barrier_destroy(&r->barrier);
    expect_winners(t, r->opened[0], r->winners, r->rounds);
}

static void one_handle(struct trial *t)
{
    struct race r = {.trial = t};
    struct opened *o = trial_open(t, 0);
    for (unsigned i = 0; i < WRITERS; i++)
        r.opened[i] = o;
    run_race(&r);
    trial_close(t, o);
}

static void own_handles(struct trial *t)
{
    struct race r = {.trial = t};
    r.opened[0] = trial_open(t, 0);
    for (unsigned i = 1; i < WRITERS; i++)
        r.opened[i] = trial_open_beside(t, r.opened[0], 0);
    run_race(&r);
    for (unsigned i = WRITERS; i-- > 0;)
        trial_close(t, r.opened[i]);
}

static void own_instances(struct trial *t)
{
    struct race r = {.trial = t};
    for (unsigned i = 0; i < WRITERS; i++)
        r.opened[i] = trial_open(t, 0);
    run_race(&r);
    for (unsigned i = 0; i < WRITERS; i++)
        trial_close(t, r.opened[i]);
}

static void stage_against_put(struct trial *t)
{
    struct race r = {.trial = t, .stages = true};
    struct opened *o = trial_open(t, 0);
    NEED_CAPABILITY(t, o, staged_put);
    for (unsigned i = 0; i < WRITERS; i++)
        r.opened[i] = o;
    run_race(&r);
    trial_close(t, o);
}

/* The same by processes, which start together. */
struct process_race {
    struct race race;
    unsigned index;
    atomic_uint *ready;
};
enum { PROCESSES = 4 };

static void race_process(struct trial *t, void *context)
{
    struct process_race *w = context;
    w->race.trial = t;
    w->race.opened[w->index] = trial_open(t, 0);
    for (unsigned round = 0; round < w->race.rounds; round++) {
        atomic_fetch_add(w->ready, 1);
        while (atomic_load(w->ready) < (round + 1) * PROCESSES)
            sched_yield();
        note_winner(&w->race, round, w->index, race_put(&w->race, round, w->index));
    }
    trial_close(t, w->race.opened[w->index]);
}

static void processes(struct trial *t)
{
    struct process_race w = {.race = {.trial = t, .rounds = ROUNDS},
                             .ready = trial_share(t, sizeof *w.ready)};
    pid_t children[PROCESSES];
    struct opened *o;
    w.race.winners = trial_share(t, ROUNDS * sizeof *w.race.winners);
    for (w.index = 0; w.index < PROCESSES; w.index++)
        children[w.index] = trial_fork(t, race_process, &w);
    for (unsigned i = 0; i < PROCESSES; i++)
        trial_wait(t, children[i]);
    o = trial_open(t, 0);
    expect_winners(t, o, w.race.winners, ROUNDS);
    trial_close(t, o);
}

/* Readers and listers look on while objects come. */
struct show {
    struct trial *trial;
    struct opened *writer;
    struct opened *reader;
    atomic_uint done; /* objects put so far */
    atomic_bool over;
};
enum { SHOWN = 30, SHOWN_BYTES = 300000 };

static void show_put(struct show *s)
{
    for (unsigned i = 0; i < SHOWN; i++) {
        struct content c = content_of(s->trial, i, SHOWN_BYTES);
        struct key key = key_of(s->trial, "shown/%02u", i);
        c.pause_ns = 300000;
        EXPECT_OK(
            s->trial,
            case_put_content(s->trial, s->writer, key.text, &c, LAGAN_PUT_IF_ABSENT, NULL),
            "target.h, put");
        atomic_store(&s->done, i + 1);
    }
    atomic_store(&s->over, true);
}

/* Looks at the next object that is to come, and at one that is there. */
static void show_read(struct show *s, unsigned round)
{
    unsigned done = atomic_load(&s->done);
    unsigned old = done > 0 ? round % done : 0;
    bool there;
    if (done < SHOWN)
        expect_whole_or_absent(s->trial, s->reader, key_of(s->trial, "shown/%02u", done).text,
                               done, SHOWN_BYTES);
    if (done == 0)
        return;
    there = expect_whole_or_absent(s->trial, s->reader,
                                   key_of(s->trial, "shown/%02u", old).text, old, SHOWN_BYTES);
    EXPECT(s->trial, there, "target.h, Fresh", "an object whose put has returned is not there");
}

static void show_list(struct show *s)
{
    unsigned done = atomic_load(&s->done);
    struct listing l = listing_new();
    list_all(s->trial, s->reader, s->trial->prefix, 5, &l);
    for (size_t i = 0; i < l.count; i++)
        EXPECT(s->trial, l.rows[i].bytes == SHOWN_BYTES, "target.h, Atomic",
               "%s is listed with %llu bytes while it is being put", l.rows[i].key,
               (unsigned long long)l.rows[i].bytes);
    for (unsigned i = 0; i < done; i++)
        EXPECT(s->trial, listing_find(&l, key_of(s->trial, "shown/%02u", i).text) != SIZE_MAX,
               "target.h, Fresh", "shown/%02u was put before the listing and is not in it", i);
    listing_free(&l);
}

static void show_thread(void *context, unsigned index)
{
    struct show *s = context;
    if (index == 0) {
        show_put(s);
        return;
    }
    for (unsigned round = 0; !atomic_load(&s->over); round++) {
        if (index % 2)
            show_read(s, round);
        else
            show_list(s);
        sched_yield();
    }
}

static void atomic_puts(struct trial *t)
{
    struct show s = {.trial = t, .writer = trial_open(t, 0)};
    s.reader = trial_open_beside(t, s.writer, 0);
    trial_threads(t, 4, show_thread, &s);
    trial_close(t, s.reader);
    trial_close(t, s.writer);
}

static void atomic_puts_one_handle(struct trial *t)
{
    struct show s = {.trial = t, .writer = trial_open(t, 0)};
    s.reader = s.writer;
    trial_threads(t, 4, show_thread, &s);
    trial_close(t, s.writer);
}

/* Listings while others come and go. */
struct churn {
    struct trial *trial;
    struct opened *opened;
    atomic_bool over;
};
enum { STABLE = 40, LISTINGS = 15 };

static void churn_others(struct churn *w, unsigned index)
{
    for (unsigned i = 0; !atomic_load(&w->over); i++) {
        struct key key = key_of(w->trial, "%02u/churn-%u-%u", i % STABLE, index, i % 7);
        EXPECT_OK(w->trial, case_put(w->trial, w->opened, key.text, i, i % 50),
                  "target.h, put");
        EXPECT_OK(w->trial, case_remove(w->trial, w->opened, key.text), "target.h, remove");
        sched_yield();
    }
}

static void churn_thread(void *context, unsigned index)
{
    struct churn *w = context;
    if (index > 0) {
        churn_others(w, index);
        return;
    }
    for (unsigned i = 0; i < LISTINGS; i++) {
        struct listing l = listing_new();
        size_t found = 0;
        list_all(w->trial, w->opened, w->trial->prefix, 1 + i, &l);
        for (size_t n = 0; n < l.count; n++)
            found += strstr(l.rows[n].key, "/stable") != NULL;
        EXPECT(w->trial, found == STABLE, "target.h, list",
               "%zu of %d objects that nobody touches were listed, in pages of %u", found,
               STABLE, 1 + i);
        listing_free(&l);
    }
    atomic_store(&w->over, true);
}

static void list_in_churn(struct trial *t)
{
    struct churn w = {.trial = t, .opened = trial_open(t, 0)};
    for (unsigned i = 0; i < STABLE; i++)
        must_put(t, w.opened, key_of(t, "%02u/stable", i).text, i, i);
    trial_threads(t, 3, churn_thread, &w);
    trial_close(t, w.opened);
}

/* One name is put and removed by everybody. */
static void contend_thread(void *context, unsigned index)
{
    static const uint32_t either[] = {LAGAN_OK, LAGAN_EXISTS, LAGAN_CLASS_COUNT};
    struct churn *w = context;
    struct key key = key_of(w->trial, "contended");
    for (unsigned i = 0; i < 60; i++) {
        if (index % 2)
            EXPECT_OK(w->trial, case_remove(w->trial, w->opened, key.text), "target.h, remove");
        else
            expect_one_of(w->trial, case_put(w->trial, w->opened, key.text, 77, 30000), either,
                          "target.h, put");
    }
}

static void contend(struct trial *t)
{
    struct churn w = {.trial = t, .opened = trial_open(t, 0)};
    struct key key = key_of(t, "contended");
    trial_threads(t, 4, contend_thread, &w);
    if (expect_whole_or_absent(t, w.opened, key.text, 77, 30000))
        expect_class(t, case_put(t, w.opened, key.text, 1, 1), LAGAN_EXISTS, LOOK);
    else
        must_put(t, w.opened, key.text, 77, 30000);
    EXPECT_OK(t, case_remove(t, w.opened, key.text), "target.h, remove");
    expect_absent(t, w.opened, key.text);
    expect_listed(t, w.opened, NULL, 0);
    trial_close(t, w.opened);
}

/* A slow reader, under whose hands the object is removed. */
struct pulled {
    struct trial *trial;
    struct opened *reader, *remover;
    struct key key;
    uint32_t got;
    struct taken taken;
    atomic_bool begun;
};
enum { PULLED_BYTES = 3000000 };

static void pull_thread(void *context, unsigned index)
{
    struct pulled *p = context;
    if (index == 0) {
        p->taken.pause_ns = 1000000;
        atomic_store(&p->begun, true);
        p->got = case_get(p->trial, p->reader, p->key.text, 0, LAGAN_TO_THE_END, &p->taken);
        return;
    }
    while (!atomic_load(&p->begun))
        sched_yield();
    trial_pause(5000000);
    EXPECT_OK(p->trial, case_remove(p->trial, p->remover, p->key.text), "target.h, remove");
}

static void remove_during_get(struct trial *t)
{
    static const uint32_t either[] = {LAGAN_OK, LAGAN_NOT_FOUND, LAGAN_CLASS_COUNT};
    struct pulled p = {.trial = t, .reader = trial_open(t, 0), .key = key_of(t, "pulled")};
    uint8_t wanted[1024];
    p.remover = trial_open_beside(t, p.reader, 0);
    p.taken = taken_for(t, PULLED_BYTES);
    must_put(t, p.reader, p.key.text, 5, PULLED_BYTES);
    trial_threads(t, 2, pull_thread, &p);
    expect_one_of(t, p.got, either, "target.h, Several");
    for (uint64_t at = 0; p.got == LAGAN_OK && at < PULLED_BYTES; at += sizeof wanted) {
        size_t size =
            PULLED_BYTES - at < sizeof wanted ? (size_t)(PULLED_BYTES - at) : sizeof wanted;
        EXPECT(t, p.taken.bytes == PULLED_BYTES, "target.h, get", "OK, and %llu bytes of %d",
               (unsigned long long)p.taken.bytes, PULLED_BYTES);
        trial_bytes(5, at, wanted, size);
        EXPECT(t, memcmp(p.taken.data + at, wanted, size) == 0, "target.h, get",
               "wrong bytes near %llu", (unsigned long long)at);
    }
    expect_absent(t, p.reader, p.key.text);
    taken_free(&p.taken);
    trial_close(t, p.remover);
    trial_close(t, p.reader);
}

static void get_thread(void *context, unsigned index)
{
    struct churn *w = context;
    for (unsigned i = 0; i < 12; i++)
        expect_object(w->trial, w->opened, key_of(w->trial, "read/%u", (i + index) % 4).text,
                      (i + index) % 4, 150000);
}

static void parallel_gets(struct trial *t)
{
    struct churn w = {.trial = t, .opened = trial_open(t, 0)};
    for (unsigned i = 0; i < 4; i++)
        must_put(t, w.opened, key_of(t, "read/%u", i).text, i, 150000);
    trial_threads(t, 8, get_thread, &w);
    trial_close(t, w.opened);
}

static void flush_thread(void *context, unsigned index)
{
    struct churn *w = context;
    for (unsigned i = 0; i < 40; i++) {
        if (index % 2)
            EXPECT_OK(w->trial, case_flush(w->trial, w->opened), "target.h, flush");
        else
            must_put(w->trial, w->opened,
                     key_of(w->trial, "f%u/%u/a/b/c/d/object", index, i).text, i, 3000);
    }
}

static void flush_beside(struct trial *t)
{
    struct churn w = {.trial = t, .opened = trial_open(t, 0)};
    trial_threads(t, 4, flush_thread, &w);
    for (unsigned i = 0; i < 40; i++)
        expect_object(t, w.opened, key_of(t, "f0/%u/a/b/c/d/object", i).text, i, 3000);
    trial_close(t, w.opened);
}

static void open_thread(void *context, unsigned index)
{
    struct churn *w = context;
    for (unsigned i = 0; i < 10; i++)
        w->trial->kind->exercise(w->trial, w->opened, index * 100 + i);
}

static void exercise_together(struct trial *t)
{
    struct churn w = {.trial = t, .opened = trial_open(t, 0)};
    trial_threads(t, 6, open_thread, &w);
    expect_listed(t, w.opened, NULL, 0);
    trial_close(t, w.opened);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_race[] = {
    {"target-race-one-winner", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, one_handle,
     "of eight threads that put one name one wins, and its object is there"},
    {"target-race-own-handles", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, own_handles,
     "the same with a handle for each thread"},
    {"target-race-own-instances", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, own_instances,
     "the same with an instance for each thread"},
    {"target-race-processes", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, processes,
     "the same with four processes"},
    {"target-race-stage-against-put", TARGET, CHECK_CONCURRENCY, CASE_SAFE, "stage_begin",
     stage_against_put, "commits and puts of one name have one winner"},
    {"target-race-atomic-visibility", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, atomic_puts,
     "readers and listers see an object completely or not at all, and at once"},
    {"target-race-atomic-one-handle", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL,
     atomic_puts_one_handle, "the same with one handle for all"},
    {"target-race-list-in-churn", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, list_in_churn,
     "objects that stay are listed exactly once while others come and go"},
    {"target-race-put-and-remove", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, contend,
     "one name, put and removed by four threads, is whole or absent"},
    {"target-race-remove-during-get", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL,
     remove_during_get, "a get of what is removed meanwhile is right or NOT_FOUND"},
    {"target-race-gets", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, parallel_gets,
     "eight threads read four objects"},
    {"target-race-flush-beside-puts", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, flush_beside,
     "flush works beside puts that make folders"},
    {"target-race-everything", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, exercise_together,
     "six threads do all that a backup does on one handle"},
    {.name = NULL}};
