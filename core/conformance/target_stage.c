/* SPDX-License-Identifier: Apache-2.0 */
/* target_stage.c - cases: staged puts. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <string.h>

#define LOOK "target.h, stage_commit"

static struct opened *open_stages(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    NEED_CAPABILITY(t, o, staged_put);
    return o;
}

static void round_trip(struct trial *t)
{
    static const struct {
        uint64_t bytes;
        size_t piece;
    } rows[] = {{1, 1},           {10, 3},          {4096, 4096},     {4097, 4096},
                {100000, 777},    {1048576, 65536}, {1048577, 65536}, {3000000, 1000000},
                {5242881, 131072}};
    struct opened *o = open_stages(t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct key key = key_of(t, "staged/%zu", i);
        EXPECT_OK(t, case_stage(t, o, key.text, i, rows[i].bytes, rows[i].piece), LOOK);
        expect_object(t, o, key.text, i, rows[i].bytes);
    }
    EXPECT_OK(t, case_flush(t, o), "target.h, flush");
    trial_close(t, o);
}

/* Pieces that have nothing to do with blocks or alignment. */
static void uneven(struct trial *t)
{
    struct opened *o = open_stages(t);
    struct key key = key_of(t, "uneven");
    void *stage = NULL;
    uint64_t bytes = 0;
    EXPECT_OK(t, case_stage_begin(t, o, 0, &stage), "target.h, stage_begin");
    for (unsigned i = 0; i < 80; i++) {
        uint64_t more = 1 + trial_below(t, i % 9 == 0 ? 200000 : 6000);
        EXPECT_OK(t, case_stage_write(t, o, stage, 3, bytes, bytes + more, more),
                  "target.h, stage_write");
        bytes += more;
    }
    EXPECT_OK(t, case_stage_commit(t, o, stage, key.text, LAGAN_PUT_IF_ABSENT), LOOK);
    expect_object(t, o, key.text, 3, bytes);
    trial_close(t, o);
}

static void empty(struct trial *t)
{
    struct opened *o = open_stages(t);
    struct key key = key_of(t, "empty");
    EXPECT_OK(t, case_stage(t, o, key.text, 1, 0, 10), LOOK);
    expect_object(t, o, key.text, 1, 0);
    trial_close(t, o);
}

static void invisible(struct trial *t)
{
    struct opened *o = open_stages(t);
    struct key key = key_of(t, "later");
    void *stage = NULL;
    EXPECT_OK(t, case_stage_begin(t, o, 100000, &stage), "target.h, stage_begin");
    for (uint64_t at = 0; at < 100000; at += 25000) {
        EXPECT_OK(t, case_stage_write(t, o, stage, 1, at, at + 25000, 25000),
                  "target.h, stage_write");
        expect_absent(t, o, key.text);
        expect_listed(t, o, NULL, 0);
    }
    EXPECT_OK(t, case_stage_commit(t, o, stage, key.text, LAGAN_PUT_IF_ABSENT), LOOK);
    expect_listed(t, o, &key, 1);
    trial_close(t, o);
}

static void aborted(struct trial *t)
{
    struct opened *o = open_stages(t);
    for (uint64_t bytes = 0; bytes <= 200000; bytes += 100000) {
        void *stage = NULL;
        EXPECT_OK(t, case_stage_begin(t, o, bytes, &stage), "target.h, stage_begin");
        EXPECT_OK(t, case_stage_write(t, o, stage, 1, 0, bytes, 5000), "target.h, stage_write");
        case_stage_abort(t, o, stage);
        expect_listed(t, o, NULL, 0);
    }
    trial_close(t, o);
}

static void loses(struct trial *t)
{
    struct opened *o = open_stages(t);
    struct key key = key_of(t, "taken");
    must_put(t, o, key.text, 1, 3000);
    expect_class(t, case_stage(t, o, key.text, 2, 4000, 1000), LAGAN_EXISTS, LOOK);
    expect_object(t, o, key.text, 1, 3000);
    expect_class(t, case_stage(t, o, key.text, 1, 3000, 1000), LAGAN_EXISTS, LOOK);
    expect_listed(t, o, &key, 1);
    trial_close(t, o);
}

static void own_retry(struct trial *t)
{
    struct opened *o = open_stages(t);
    for (unsigned i = 0; i < 40; i++) {
        struct key key = key_of(t, "fresh/%u", i);
        uint32_t result = case_stage(t, o, key.text, i, 1 + i * 501, 1000);
        EXPECT(t, result != LAGAN_EXISTS, "driver.h, enum lagan_outcome",
               "EXISTS for a name that was free: the commit has met itself (round %u)", i);
        EXPECT_OK(t, result, LOOK);
        expect_object(t, o, key.text, i, 1 + i * 501);
    }
    trial_close(t, o);
}

static void unknown_flag(struct trial *t)
{
    struct opened *o = open_stages(t);
    struct key key = key_of(t, "flagged");
    void *stage = NULL;
    EXPECT_OK(t, case_stage_begin(t, o, 10, &stage), "target.h, stage_begin");
    EXPECT_OK(t, case_stage_write(t, o, stage, 1, 0, 10, 10), "target.h, stage_write");
    expect_class(
        t, case_stage_commit(t, o, stage, key.text, LAGAN_PUT_IF_ABSENT | UINT64_C(1) << 30),
        LAGAN_UNSUPPORTED, "driver.h, Flags");
    expect_absent(t, o, key.text);
    expect_listed(t, o, NULL, 0);
    trial_close(t, o);
}

static void many_open(struct trial *t)
{
    enum { STAGES = 24 };
    struct opened *o = open_stages(t);
    void *stages[STAGES];
    struct key keys[STAGES];
    for (size_t i = 0; i < STAGES; i++) {
        keys[i] = key_of(t, "many/%02zu", i);
        EXPECT_OK(t, case_stage_begin(t, o, i % 2 ? 0 : 20000, &stages[i]),
                  "target.h, stage_begin");
    }
    for (uint64_t at = 0; at < 20000; at += 5000)
        for (size_t i = 0; i < STAGES; i++)
            EXPECT_OK(t, case_stage_write(t, o, stages[i], i, at, at + 5000, 1000),
                      "target.h, stage_write");
    for (size_t i = STAGES; i-- > 0;)
        EXPECT_OK(t, case_stage_commit(t, o, stages[i], keys[i].text, LAGAN_PUT_IF_ABSENT),
                  LOOK);
    for (size_t i = 0; i < STAGES; i++)
        expect_object(t, o, keys[i].text, i, 20000);
    expect_listed(t, o, keys, STAGES);
    trial_close(t, o);
}

static void wrong_hint(struct trial *t)
{
    static const uint64_t hints[] = {0, 1, 4096, 99999, 100001, UINT64_C(1) << 20};
    struct opened *o = open_stages(t);
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        struct key key = key_of(t, "hint/%zu", i);
        void *stage = NULL;
        EXPECT_OK(t, case_stage_begin(t, o, hints[i], &stage), "target.h, stage_begin");
        EXPECT_OK(t, case_stage_write(t, o, stage, i, 0, 100000, 9999),
                  "target.h, stage_write");
        EXPECT_OK(t, case_stage_commit(t, o, stage, key.text, LAGAN_PUT_IF_ABSENT), LOOK);
        expect_object(t, o, key.text, i, 100000);
    }
    trial_close(t, o);
}

/* One stage, used by one thread after the other. */
struct relay {
    struct trial *trial;
    struct opened *opened;
    void *stage;
    struct key key;
    uint64_t at;
};

static void relay_step(void *context, unsigned index)
{
    struct relay *r = context;
    (void)index;
    EXPECT_OK(r->trial,
              case_stage_write(r->trial, r->opened, r->stage, 5, r->at, r->at + 7000, 7000),
              "driver.h, Threads");
    r->at += 7000;
}

static void relay_commit(void *context, unsigned index)
{
    struct relay *r = context;
    (void)index;
    EXPECT_OK(
        r->trial,
        case_stage_commit(r->trial, r->opened, r->stage, r->key.text, LAGAN_PUT_IF_ABSENT),
        "driver.h, Threads");
}

static void alternating_threads(struct trial *t)
{
    struct relay r = {.trial = t, .opened = open_stages(t), .key = key_of(t, "relay")};
    EXPECT_OK(t, case_stage_begin(t, r.opened, 0, &r.stage), "target.h, stage_begin");
    for (unsigned i = 0; i < 10; i++)
        trial_threads(t, 1, relay_step, &r);
    trial_threads(t, 1, relay_commit, &r);
    expect_object(t, r.opened, r.key.text, 5, 70000);
    trial_close(t, r.opened);
}

/* Put and stage make objects of one kind. */
static void beside_put(struct trial *t)
{
    struct opened *o = open_stages(t);
    struct key key = key_of(t, "either");
    EXPECT_OK(t, case_stage(t, o, key.text, 1, 5000, 1000), LOOK);
    expect_class(t, case_put(t, o, key.text, 2, 10), LAGAN_EXISTS, "target.h, put");
    expect_object(t, o, key.text, 1, 5000);
    EXPECT_OK(t, case_remove(t, o, key.text), "target.h, remove");
    must_put(t, o, key.text, 2, 10);
    expect_object(t, o, key.text, 2, 10);
    trial_close(t, o);
}

#define STAGES "stage_begin"

const struct check_case check_cases_target_stage[] = {
    {"target-stage-sizes", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES, round_trip,
     "objects of one byte to five megabytes, in pieces of all sizes"},
    {"target-stage-uneven-pieces", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES,
     uneven, "pieces that fit no block"},
    {"target-stage-empty", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES, empty,
     "a stage without a byte makes an empty object"},
    {"target-stage-invisible-before-commit", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE,
     STAGES, invisible, "nothing of a stage shows before its commit"},
    {"target-stage-abort-leaves-nothing", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE,
     STAGES, aborted, "an aborted stage leaves no trace"},
    {"target-stage-loses-cleanly", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES,
     loses, "a commit to a taken name is EXISTS, and the object stays as it was"},
    {"target-stage-no-exists-for-itself", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE,
     STAGES, own_retry, "a commit never takes its own first attempt for another's object"},
    {"target-stage-unknown-flag-refused", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE,
     STAGES, unknown_flag, "an unknown flag of the low half is UNSUPPORTED"},
    {"target-stage-many-open", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES,
     many_open, "24 stages are written in turn and committed the other way round"},
    {"target-stage-wrong-hint", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES,
     wrong_hint, "the expected size is advice"},
    {"target-stage-alternating-threads", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES,
     alternating_threads, "one stage is used by one thread after the other"},
    {"target-stage-beside-put", LAGAN_KIND_TARGET, CHECK_CAPABILITY, CASE_SAFE, STAGES,
     beside_put, "stages and puts make objects of one kind"},
    {.name = NULL}};
