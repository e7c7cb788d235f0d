/* SPDX-License-Identifier: Apache-2.0 */
/* target_crash.c - cases: processes that are killed, power that fails, and what is left. */
#include "conformance/tables.h"
#include "conformance/target_case.h"
#include "conformance/watch.h"

#include <ftw.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

enum { OBJECTS = 400, BYTES = 60000, FEW_KILLS = 6 };
#define LOOK "target.h, Atomic"

/* What a writer had come to when it was killed. */
struct diary {
    atomic_uint begun;   /* objects */
    atomic_uint done;    /* whose call has returned OK */
    atomic_uint removed; /* objects whose removal was begun */
    atomic_uint gone;    /* ... and has returned */
    atomic_bool ready;
    unsigned round;
};

typedef uint32_t writer_function(struct trial *t, struct opened *o, const char *key,
                                 unsigned number);

struct work {
    struct diary *diary;
    writer_function *write;
    bool removes; /* what was put is removed again, some objects later */
};
enum { BEHIND = 3 };

static struct key crash_key(struct trial *t, unsigned round, unsigned number)
{
    return key_of(t, "r%u/%u/%u", round, number % 5, number);
}

static uint32_t write_put(struct trial *t, struct opened *o, const char *key, unsigned number)
{
    struct content c = content_of(t, number, BYTES);
    c.pause_ns = 50000;
    return case_put_content(t, o, key, &c, LAGAN_PUT_IF_ABSENT, NULL);
}

static uint32_t write_stage(struct trial *t, struct opened *o, const char *key, unsigned number)
{
    return case_stage(t, o, key, number, BYTES, 7001);
}

static uint32_t write_flushed(struct trial *t, struct opened *o, const char *key,
                              unsigned number)
{
    uint32_t result = case_put(t, o, key, number, BYTES);
    return result == LAGAN_OK ? case_flush(t, o) : result;
}

static uint32_t write_parts(struct trial *t, struct opened *o, const char *key, unsigned number)
{
    uint64_t part = o->capabilities.part_minimum_bytes;
    void *upload = NULL;
    uint32_t result;
    if (part < BYTES / 2)
        part = BYTES / 2;
    /* Where parts must be longer than the object, it is one part. */
    if (part > BYTES)
        part = BYTES;
    result = case_multipart_begin(t, o, key, BYTES, &upload);
    if (result == LAGAN_OK && part < BYTES)
        result = case_part_put(t, o, upload, 2, number, part, BYTES);
    if (result == LAGAN_OK)
        result = case_part_put(t, o, upload, 1, number, 0, part);
    return result == LAGAN_OK ? case_multipart_complete(t, o, upload, part < BYTES ? 2 : 1,
                                                        LAGAN_PUT_IF_ABSENT)
                              : result;
}

/* Puts until it is killed. */
static void write_on(struct trial *t, void *context)
{
    struct work *w = context;
    struct diary *d = w->diary;
    struct opened *o = trial_open(t, 0);
    atomic_store(&d->ready, true);
    for (unsigned i = 0; i < OBJECTS; i++) {
        atomic_store(&d->begun, i + 1);
        EXPECT_OK(t, w->write(t, o, crash_key(t, d->round, i).text, i), "target.h, put");
        atomic_store(&d->done, i + 1);
        if (!w->removes || i < BEHIND)
            continue;
        atomic_store(&d->removed, i - BEHIND + 1);
        EXPECT_OK(t, case_remove(t, o, crash_key(t, d->round, i - BEHIND).text),
                  "target.h, remove");
        atomic_store(&d->gone, i - BEHIND + 1);
    }
}

/* Nothing but whole objects that were begun is listed. */
static void judge_listing(struct trial *t, struct opened *o, const struct diary *d)
{
    struct listing l = listing_new();
    unsigned begun = atomic_load(&d->begun);
    list_all(t, o, key_of(t, "r%u/", d->round).text, 100, &l);
    for (size_t i = 0; i < l.count; i++) {
        bool ours = false;
        for (unsigned n = 0; n < begun && !ours; n++)
            ours = strcmp(l.rows[i].key, crash_key(t, d->round, n).text) == 0;
        EXPECT(t, ours, LOOK, "%s is listed after a kill, and was never put", l.rows[i].key);
        EXPECT(t, l.rows[i].bytes == BYTES, LOOK,
               "%s is listed after a kill with %llu bytes of %d", l.rows[i].key,
               (unsigned long long)l.rows[i].bytes, BYTES);
    }
    listing_free(&l);
}

/* A fresh process looks at what is there. */
static void look_after(struct trial *t, void *context)
{
    const struct work *w = context;
    const struct diary *d = w->diary;
    struct opened *o = trial_open(t, 0);
    unsigned begun = atomic_load(&d->begun);
    unsigned done = atomic_load(&d->done);
    for (unsigned i = 0; i < begun; i++) {
        struct key key = crash_key(t, d->round, i);
        bool there = expect_whole_or_absent(t, o, key.text, i, BYTES);
        EXPECT(t, there || i >= done || i < atomic_load(&d->removed), "target.h, Fresh",
               "%s was put, the writer was killed later, and it is gone", key.text);
        EXPECT(t, !there || i >= atomic_load(&d->gone), "target.h, remove",
               "%s was removed, the writer was killed later, and it is there", key.text);
    }
    judge_listing(t, o, d);
    trial_close(t, o);
}

/* Sweeps, and takes up where the writer was cut off. */
static void go_on(struct trial *t, void *context)
{
    const struct work *w = context;
    const struct diary *d = w->diary;
    struct opened *o = trial_open(t, 0);
    struct key key = crash_key(t, d->round, atomic_load(&d->begun) - 1);
    uint64_t removed = 0;
    uint32_t result;
    if (trial_target(t)->sweep) {
        EXPECT_OK(t, case_sweep(t, o, 0, &removed), "target.h, sweep");
        EXPECT_OK(t, case_sweep(t, o, 0, &removed), "target.h, sweep");
        EXPECT(t, removed == 0, "target.h, sweep", "a second sweep still found %llu things",
               (unsigned long long)removed);
    }
    look_after(t, context);
    result = case_put(t, o, key.text, atomic_load(&d->begun) - 1, BYTES);
    if (result != LAGAN_EXISTS)
        EXPECT_OK(t, result, "target.h, put");
    expect_object(t, o, key.text, atomic_load(&d->begun) - 1, BYTES);
    trial_close(t, o);
}

static void kill_once(struct trial *t, struct work *w)
{
    pid_t writer = trial_fork(t, write_on, w);
    while (!atomic_load(&w->diary->ready) && !trial_has_ended(t, writer))
        trial_pause(200000);
    trial_pause((int64_t)trial_below(t, 25000000) + 500000);
    trial_kill(t, writer);
    if (trial_wait(t, writer) != SIGKILL)
        trial_note(t, "the writer was too quick to be killed");
    if (atomic_load(&w->diary->begun) == 0)
        return;
    trial_wait(t, trial_fork(t, look_after, w));
    trial_wait(t, trial_fork(t, go_on, w));
}

static void make_place(struct trial *t, void *context)
{
    (void)context;
    trial_close(t, trial_open(t, 0));
}

static void kill_writers(struct trial *t, writer_function *write, bool removes)
{
    unsigned kills = trial_rounds(t, FEW_KILLS);
    struct work w = {
        .diary = trial_share(t, sizeof *w.diary), .write = write, .removes = removes};
    trial_wait(t, trial_fork(t, make_place, NULL));
    for (unsigned round = 0; round < kills; round++) {
        memset(w.diary, 0, sizeof *w.diary);
        w.diary->round = round;
        kill_once(t, &w);
        trial_tick(t);
    }
}

static void kill_puts(struct trial *t)
{
    kill_writers(t, write_put, false);
}

static void kill_removes(struct trial *t)
{
    kill_writers(t, write_put, true);
}

static void kill_stages(struct trial *t)
{
    kill_writers(t, write_stage, false);
}

static void kill_flushed(struct trial *t)
{
    kill_writers(t, write_flushed, false);
}

static void ask_parts(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    atomic_store((atomic_bool *)context, o->capabilities.multipart != LAGAN_SUPPORT_NONE);
    trial_close(t, o);
}

/* Whether there are any is asked by another process: this one forks. */
static void kill_parts(struct trial *t)
{
    atomic_bool *told = trial_share(t, sizeof *told);
    trial_wait(t, trial_fork(t, ask_parts, told));
    if (!atomic_load(told))
        trial_skip(t, "the driver does not tell the capability multipart");
    kill_writers(t, write_parts, false);
}

/* What a dead writer has left is taken away. */

static uint64_t bytes_found; /* nftw has no context */

static int add_bytes(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)path;
    (void)at;
    if (type == FTW_F)
        bytes_found += (uint64_t)status->st_size;
    return 0;
}

static uint64_t bytes_below(const char *path)
{
    bytes_found = 0;
    nftw(path, add_bytes, 16, FTW_PHYS);
    return bytes_found;
}

enum { DEBRIS_BYTES = 3000000 };

static void die_in_stage(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    void *stage = NULL;
    (void)context;
    NEED_CAPABILITY(t, o, staged_put);
    EXPECT_OK(t, case_stage_begin(t, o, DEBRIS_BYTES * 2, &stage), "target.h, stage_begin");
    EXPECT_OK(t, case_stage_write(t, o, stage, 1, 0, DEBRIS_BYTES, 100000),
              "target.h, stage_write");
    raise(SIGKILL);
}

static void sweep_all(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    uint64_t removed = 0;
    (void)context;
    if (trial_target(t)->sweep)
        EXPECT_OK(t, case_sweep(t, o, 0, &removed), "target.h, sweep");
    trial_close(t, o);
}

static void debris(struct trial *t)
{
    const char *place = trial_place_path(t);
    uint64_t before;
    uint64_t after;
    if (!place)
        trial_skip(t, "what lies at the place cannot be seen from here");
    trial_wait(t, trial_fork(t, make_place, NULL));
    before = bytes_below(place);
    for (unsigned i = 0; i < 3; i++)
        trial_wait(t, trial_fork(t, die_in_stage, NULL));
    trial_wait(t, trial_fork(t, sweep_all, NULL));
    after = bytes_below(place);
    trial_asked("sweep, after three writers were killed");
    EXPECT(t, after <= before + 65536, "target.h, sweep",
           "%llu bytes more than before are left in %s", (unsigned long long)(after - before),
           place);
}

/* A live one is spared. */
struct living {
    atomic_bool half, go;
};

static void live_on(struct trial *t, void *context)
{
    struct living *l = context;
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "alive");
    void *stage = NULL;
    NEED_CAPABILITY(t, o, staged_put);
    EXPECT_OK(t, case_stage_begin(t, o, 0, &stage), "target.h, stage_begin");
    EXPECT_OK(t, case_stage_write(t, o, stage, 1, 0, 100000, 9999), "target.h, stage_write");
    atomic_store(&l->half, true);
    while (!atomic_load(&l->go))
        trial_pause(500000);
    EXPECT_OK(t, case_stage_write(t, o, stage, 1, 100000, 200000, 9999),
              "target.h, stage_write");
    EXPECT_OK(t, case_stage_commit(t, o, stage, key.text, LAGAN_PUT_IF_ABSENT),
              "target.h, sweep");
    expect_object(t, o, key.text, 1, 200000);
    trial_close(t, o);
}

static void sweep_beside(struct trial *t, void *context)
{
    const int64_t day_ns = INT64_C(86400) * 1000000000;
    struct living *l = context;
    struct opened *o = trial_open(t, 0);
    uint64_t removed = 0;
    EXPECT_OK(t, case_sweep(t, o, day_ns, &removed), "target.h, sweep");
    atomic_store(&l->go, true);
    trial_close(t, o);
}

static void spares_living(struct trial *t)
{
    struct living *l = trial_share(t, sizeof *l);
    pid_t writer;
    trial_wait(t, trial_fork(t, make_place, NULL));
    writer = trial_fork(t, live_on, l);
    while (!atomic_load(&l->half) && !trial_has_ended(t, writer))
        trial_pause(500000);
    if (atomic_load(&l->half))
        trial_wait(t, trial_fork(t, sweep_beside, l));
    trial_wait(t, writer);
}

/* Power that fails: seen from outside, by what was synced. */

static void watched_puts(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    (void)context;
    for (unsigned i = 0; i < 3; i++) {
        must_put(t, o, key_of(t, "watched/%u/%u", i % 2, i).text, i, 70000 + i);
        EXPECT_OK(t, case_flush(t, o), "target.h, flush");
        watch_mark(t);
    }
    trial_close(t, o);
}

static void watched_stages(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    (void)context;
    NEED_CAPABILITY(t, o, staged_put);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_OK(t, case_stage(t, o, key_of(t, "watched/%u/%u", i % 2, i).text, i, 70000, 999),
                  "target.h, stage_commit");
        EXPECT_OK(t, case_flush(t, o), "target.h, flush");
        watch_mark(t);
    }
    trial_close(t, o);
}

static void watched_durable(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    (void)context;
    NEED_CAPABILITY(t, o, durable_put);
    for (unsigned i = 0; i < 2; i++) {
        struct content c = content_of(t, i, 30000);
        EXPECT_OK(t,
                  case_put_content(t, o, key_of(t, "durable/%u", i).text, &c,
                                   LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE, NULL),
                  "target.h, durable_put");
        watch_mark(t);
    }
    trial_close(t, o);
}

static void watch(struct trial *t, void (*function)(struct trial *t, void *context))
{
    const char *place = trial_place_path(t);
    if (!place)
        trial_skip(t, "what lies at the place cannot be seen from here");
    trial_wait(t, trial_fork(t, make_place, NULL));
    watch_run(t, place, function, NULL);
}

static void durable_puts(struct trial *t)
{
    watch(t, watched_puts);
}

static void durable_stages(struct trial *t)
{
    watch(t, watched_stages);
}

static void durable_flag(struct trial *t)
{
    watch(t, watched_durable);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_crash[] = {
    {"target-crash-in-put", TARGET, CHECK_CRASH, CASE_LONG, NULL, kill_puts,
     "a killed put leaves a complete object or none, and no debris that shows"},
    {"target-crash-in-stage", TARGET, CHECK_CRASH, CASE_LONG, "stage_begin", kill_stages,
     "a killed stage leaves a complete object or none"},
    {"target-crash-in-remove", TARGET, CHECK_CRASH, CASE_LONG, NULL, kill_removes,
     "killed among puts and removals, each object is whole or gone"},
    {"target-crash-behind-flush", TARGET, CHECK_CRASH, CASE_LONG, NULL, kill_flushed,
     "what a flush has confirmed is there after a kill"},
    {"target-crash-in-multipart", TARGET, CHECK_CRASH, CASE_LONG, "multipart_begin", kill_parts,
     "a killed upload leaves a complete object or none"},
    {"target-crash-debris-is-swept", TARGET, CHECK_CRASH, 0, "stage_begin", debris,
     "what dead writers have left does not stay"},
    {"target-crash-sweep-spares-living", TARGET, CHECK_CRASH, 0, "sweep stage_begin",
     spares_living, "a sweep beside a writer takes nothing of it"},
    {"target-durable-put", TARGET, CHECK_CRASH, 0, NULL, durable_puts,
     "when flush returns, what was put and its name were handed to the device"},
    {"target-durable-stage", TARGET, CHECK_CRASH, 0, "stage_begin", durable_stages,
     "when flush returns, what was staged and its name were handed to the device"},
    {"target-durable-flag", TARGET, CHECK_CRASH, 0, NULL, durable_flag,
     "LAGAN_PUT_DURABLE does what flush does"},
    {.name = NULL}};
