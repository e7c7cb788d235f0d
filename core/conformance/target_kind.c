/* SPDX-License-Identifier: Apache-2.0 */
/* target_kind.c - what the frame must know of targets. */
#include "conformance/target_case.h"

static void expect_empty(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct listing l = listing_new();
    bool more = false;
    EXPECT_OK(t, case_list(t, o, "", "", 1, &l, &more), "target.h, list");
    EXPECT(t, l.count == 0, "lagan(1), driver check",
           "the place is not empty: it holds %s; name an empty one, or give --safe",
           l.rows[0].key);
    listing_free(&l);
    trial_close(t, o);
}

static void clean(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct listing l = listing_new();
    list_all(t, o, t->prefix, 1000, &l);
    for (size_t i = 0; i < l.count; i++)
        EXPECT_OK(t, case_remove(t, o, l.rows[i].key), "target.h, remove");
    listing_free(&l);
    trial_close(t, o);
}

/* Everything that a backup does, in small. */
static void exercise(struct trial *t, struct opened *o, unsigned round)
{
    struct key key = key_of(t, "exercise/%u", round);
    struct key staged = key_of(t, "exercise/%u-staged", round);
    struct listing l = listing_new();
    uint64_t bytes = 1 + round * 997 % 20000;
    bool stages =
        o->capabilities.staged_put != LAGAN_SUPPORT_NONE && trial_target(t)->stage_begin;
    must_put(t, o, key.text, round, bytes);
    if (stages)
        EXPECT_OK(t, case_stage(t, o, staged.text, round + 1, bytes, 4096),
                  "target.h, stage_commit");
    EXPECT_OK(t, case_flush(t, o), "target.h, flush");
    expect_object(t, o, key.text, round, bytes);
    list_all(t, o, key.text, 10, &l);
    EXPECT(t, l.count >= 1, "target.h, Fresh", "%s is not listed", key.text);
    listing_free(&l);
    EXPECT_OK(t, case_remove(t, o, key.text), "target.h, remove");
    if (stages)
        EXPECT_OK(t, case_remove(t, o, staged.text), "target.h, remove");
}

const struct check_kind check_kind_target = {
    .kind = LAGAN_KIND_TARGET,
    .expect_empty = expect_empty,
    .clean = clean,
    .exercise = exercise,
};
