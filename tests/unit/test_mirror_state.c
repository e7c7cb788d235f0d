/* SPDX-License-Identifier: Apache-2.0 */
/* test_mirror_state.c - every event in every state of a mirror, and where facts lead. */
#include "mirror/state.h"
#include "unit.h"

#include <string.h>

#define NONE CATALOG_MIRROR_STATE_COUNT

/* By state (in the order of the catalog) and event (MADE DUE HISTORY_DONE BEHIND CAUGHT_UP
 * FAILED CURED STOP DELETE): written down a second time, as the requirements tell it. */
#define I CATALOG_MIRROR_INITIALIZING
#define W CATALOG_MIRROR_WAITING_HISTORY
#define H CATALOG_MIRROR_SYNCING_HISTORY
#define S CATALOG_MIRROR_IN_SYNC
#define L CATALOG_MIRROR_LAGGING
#define E CATALOG_MIRROR_ERROR
#define D CATALOG_MIRROR_DELETING
#define Z CATALOG_MIRROR_STOPPED
#define o NONE
static const int expected[CATALOG_MIRROR_STATE_COUNT][MIRROR_EVENT_COUNT] = {
    [I] = {W, o, o, o, o, E, o, o, D}, [W] = {o, H, S, o, o, E, o, Z, D},
    [H] = {o, o, S, o, o, E, o, Z, D}, [S] = {o, H, o, L, o, E, o, Z, D},
    [L] = {o, H, o, o, S, E, o, Z, D}, [E] = {o, o, o, o, o, o, W, Z, D},
    [D] = {o, o, o, o, o, o, o, o, D}, [Z] = {o, o, o, o, o, o, o, o, o},
};

static void state_every_event_in_every_state(void **state)
{
    (void)state;
    for (int from = 0; from < CATALOG_MIRROR_STATE_COUNT; from++) {
        for (int event = 0; event < MIRROR_EVENT_COUNT; event++) {
            enum catalog_mirror_state next = (enum catalog_mirror_state)from;
            struct error e = ERROR_INIT;
            bool moved = mirror_state_next((enum catalog_mirror_state)from,
                                           (enum mirror_event)event, &next);
            assert_int_equal(moved, expected[from][event] != NONE);
            assert_int_equal(next, moved ? expected[from][event] : from);
            int result = mirror_state_step((enum catalog_mirror_state)from,
                                           (enum mirror_event)event, "m", &next, &e);
            assert_int_equal(result, moved ? 0 : -1);
            if (moved)
                continue;
            assert_int_equal(e.code, ERROR_MIRROR_STATE);
            assert_non_null(
                strstr(e.text, catalog_mirror_state_name((enum catalog_mirror_state)from)));
        }
    }
}

/* MIR-08, MIR-09, MIR-10: what follows from the facts, from each state that lives on. */
static const struct {
    const char *what;
    enum catalog_mirror_state from, to;
    struct mirror_facts facts;
} settled[] = {
    {"MIR-09 history is held",
     W,
     W,
     {.now_ns = 99, .history_ns = 100, .lag = {.backups = 3, .history_left = 3}}},
    {"MIR-09 history flows",
     W,
     H,
     {.now_ns = 100, .history_ns = 100, .lag = {.backups = 3, .history_left = 3}}},
    {"MIR-10 nothing to bring", W, S, {.now_ns = 100, .history_ns = 100}},
    {"MIR-10 nothing old, something new",
     W,
     L,
     {.now_ns = 100, .history_ns = 100, .lag = {.backups = 1}}},
    {"MIR-10 history is done", H, S, {.now_ns = 200, .history_ns = 100}},
    {"history is not done",
     H,
     H,
     {.now_ns = 200, .history_ns = 100, .lag = {.backups = 1, .history_left = 1}}},
    {"MIR-08 a new backup", S, L, {.now_ns = 200, .history_ns = 100, .lag = {.backups = 1}}},
    {"a deletion is due",
     S,
     L,
     {.now_ns = 200, .history_ns = 100, .lag = {.deletions = 1, .deletions_due = 1}}},
    {"a deletion that waits is no lag",
     S,
     S,
     {.now_ns = 200, .history_ns = 100, .lag = {.deletions = 1}}},
    {"caught up", L, S, {.now_ns = 200, .history_ns = 100}},
    {"given up", S, E, {.now_ns = 200, .history_ns = 100, .lag = {.dead = 1}, .failed = true}},
    {"stays in error", E, E, {.now_ns = 200, .history_ns = 100, .failed = true}},
    {"cured in one step", E, S, {.now_ns = 200, .history_ns = 100}},
    {"cured while history is held",
     E,
     W,
     {.now_ns = 50, .history_ns = 100, .lag = {.backups = 2, .history_left = 2}}},
    {"stopped for good", Z, Z, {.now_ns = 200, .history_ns = 100, .lag = {.backups = 1}}},
    {"being deleted", D, D, {.now_ns = 200, .history_ns = 100, .failed = true}},
};

static void state_follows_from_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(settled) / sizeof(settled[0]); i++) {
        enum catalog_mirror_state to = mirror_state_settle(settled[i].from, &settled[i].facts);
        if (to != settled[i].to)
            print_error("%s: %s\n", settled[i].what, catalog_mirror_state_name(to));
        assert_int_equal(to, settled[i].to);
    }
}

/* MIR-12, MIR-21: two figures, and whether the promise of the recovery point holds. */
static void state_progress_figures(void **state)
{
    const struct catalog_mirror mirror = {
        .history_total = 4, .history_bytes = 1000, .rpo_ns = 50};
    struct catalog_lag lag = {.backups = 2, .history_left = 2, .history_bytes = 250};
    struct mirror_progress p;
    (void)state;
    mirror_progress(&mirror, &lag, 500, &p);
    assert_int_equal(p.history_percent, 75);
    assert_int_equal(p.lag_ns, 0);
    assert_true(p.rpo_holds);
    lag.history_bytes = 1; /* all but one byte is not all */
    mirror_progress(&mirror, &lag, 500, &p);
    assert_int_equal(p.history_percent, 99);
    lag = (struct catalog_lag){.backups = 1, .oldest_ns = 450};
    mirror_progress(&mirror, &lag, 500, &p);
    assert_int_equal(p.history_percent, 100);
    assert_int_equal(p.lag_ns, 50);
    assert_true(p.rpo_holds);
    mirror_progress(&mirror, &lag, 501, &p);
    assert_false(p.rpo_holds);
    mirror_progress(&mirror, &lag, 400, &p); /* the clock went back */
    assert_int_equal(p.lag_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_every_event_in_every_state),
        cmocka_unit_test(state_follows_from_facts),
        cmocka_unit_test(state_progress_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
