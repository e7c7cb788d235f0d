/* SPDX-License-Identifier: Apache-2.0 */
/* test_mirror_worker.c - the worker of mirrors over injected time: retries until the budget is
 * used up, deletions and their brake, how far a mirror lags, and turns. */
#include "driver_fixture.h"
#include "mirror/state.h"
#include "mirror_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static void worker_syncs(void **state)
{
    struct world w;

    (void)state;
    world_make(&w, "tgt_fault");
    world_vault(&w, "main");
    world_backup(&w, "main", NULL);
    world_backup(&w, "main", NULL);
    struct catalog_mirror m = world_mirror(&w, "main", "west");
    struct work_result r = world_work(&w);
    assert_int_equal(r.done, 3);
    world_expect_sync(&w, "main");
    assert_int_equal(world_usage(&w), world_stored(&w, &m, false, NULL, NULL));
    assert_int_equal(r.bytes, world_usage(&w));
    world_drop(&w);
}

/* A vault of `count` backups with its mirror in sync. */
static struct catalog_mirror make_synced(struct world *w, unsigned count, const char *mirror)
{
    world_make(w, "tgt_fault");
    world_set(&w->mirror, "%s", mirror);
    world_open(w);
    world_vault(w, "main");
    world_backup(w, "main", NULL);
    if (count > 1)
        world_backups(w, "main", count - 1);
    struct catalog_mirror m = world_mirror(w, "main", "west");
    world_work(w);
    world_expect_sync(w, "main");
    return m;
}

static void fault(struct world *w, const struct world_fault *west)
{
    w->faults[WEST] = west != NULL ? *west : (struct world_fault){.at = 0};
    world_open(w);
}

/* Retries */

/* Passes at the times that the worker asks for, until nothing waits. */
static unsigned work_as_asked(struct world *w, int64_t *last_ns)
{
    struct work_result r = world_work(w);
    unsigned passes = 1;

    for (; r.next_ns != 0 && passes < 500; passes++) {
        if (r.next_ns > world_now_ns())
            world_wait((r.next_ns - world_now_ns()) / 1000000000 + 1);
        r = world_work(w);
    }
    *last_ns = world_now_ns();
    return passes;
}

struct chain {
    unsigned count;
    int64_t last_ns;
};

static int note_error(void *context, const struct catalog_item_error *error, struct error *e)
{
    struct chain *chain = context;

    (void)e;
    assert_int_equal(error->why.error_class, LAGAN_TRANSIENT);
    assert_non_null(strstr(error->why.text, "as it was told to"));
    assert_true(error->at_ns > chain->last_ns);
    chain->last_ns = error->at_ns;
    chain->count++;
    return 0;
}

static int check_dead(void *context, const struct catalog_item *item, struct error *e)
{
    struct world *w = context;
    struct chain chain = {0};

    (void)e;
    assert_true(item->attempts > 10);
    assert_int_equal(
        catalog_item_errors(setup_catalog(w->setup), item->id, note_error, &chain, e), 0);
    assert_int_equal(chain.count, CATALOG_ITEM_ERRORS);
    int64_t tried_ns = chain.last_ns - item->first_failure_ns;
    assert_in_range(tried_ns / 1000000000, 2 * HOUR, 2 * HOUR + 11 * MINUTE);
    return 0;
}

static void worker_gives_up_TSK_18_TSK_26(void **state)
{
    const struct world_fault transient = {"commit", 1, LAGAN_TRANSIENT, false, true};
    struct world w;
    struct error e = ERROR_INIT;
    uint64_t replayed = 0;
    int64_t end_ns;

    (void)state;
    make_synced(&w, 1, "history-delay = 0s");
    world_backup(&w, "main", NULL);
    world_backup(&w, "main", NULL);
    fault(&w, &transient);
    int64_t start_ns = world_now_ns();
    unsigned passes = work_as_asked(&w, &end_ns);
    print_message("given up after %lld s and %u passes\n",
                  (long long)(end_ns - start_ns) / 1000000000, passes);
    assert_int_equal(world_items(&w, CATALOG_ITEM_DEAD), 2);
    assert_int_equal(world_items(&w, CATALOG_ITEM_WAITING), 0);
    assert_success(
        catalog_item_list(setup_catalog(w.setup), NULL, CATALOG_ITEM_DEAD, check_dead, &w, &e),
        e);
    assert_int_equal(world_state(&w, "main"), CATALOG_MIRROR_ERROR);
    assert_int_equal(world_work(&w).errors, 1);
    fault(&w, NULL);
    world_work(&w);
    assert_int_equal(world_items(&w, CATALOG_ITEM_DEAD), 2);
    assert_success(catalog_item_replay(setup_catalog(w.setup), 0, NULL, &replayed, &e), e);
    assert_int_equal(replayed, 2);
    assert_int_equal(world_work(&w).done, 2);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

/* A destination that is away or full costs no item anything, however long it takes. */
static void worker_waits_for_places(void **state)
{
    const struct world_fault faults[] = {
        {"begin", 1, LAGAN_OFFLINE, false, true},
        {"commit", 1, LAGAN_NO_SPACE, false, true},
    };
    struct world w;

    (void)state;
    make_synced(&w, 1, "history-delay = 0s");
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        fault(&w, &faults[i]);
        for (int day = 0; day < 5; day++) {
            /* Backups here go on. */
            world_backup(&w, "main", NULL);
            struct work_result r = world_work(&w);
            assert_int_equal(r.done + r.given_up + r.failed, 0);
            assert_true(r.next_ns > world_now_ns());
            assert_true(r.next_ns < world_now_ns() + INT64_C(301000000000));
            assert_int_equal(world_state(&w, "main"), CATALOG_MIRROR_LAGGING);
            world_wait(DAY);
        }
        fault(&w, NULL);
        assert_int_equal(world_work(&w).done, 5);
        world_expect_sync(&w, "main");
    }
    world_drop(&w);
}

/* Deletions */

static void delete_some(struct world *w, unsigned count, int64_t apart_seconds)
{
    struct catalog_mirror m = world_mirror_of(w, "main");
    struct catalog_backup backup;
    struct error e = ERROR_INIT;

    for (unsigned i = 0; i < count; i++) {
        assert_success(
            catalog_backup_find(setup_catalog(w->setup), m.source, NULL, "latest", &backup, &e),
            e);
        world_delete(w, "main", backup.id);
        if (i + 1 < count)
            world_wait(apart_seconds);
    }
}

static unsigned removed(struct world *w)
{
    struct catalog_mirror m = world_mirror_of(w, "main");
    unsigned count;

    world_stored(w, &m, false, &count, NULL);
    return count;
}

static void worker_delays_deletions_MIR_33(void **state)
{
    struct world w;

    (void)state;
    make_synced(&w, 3, "history-delay = 0s delete-delay = 7d");
    delete_some(&w, 1, 0);
    int64_t deleted_ns = world_now_ns();
    struct work_result r = world_work(&w);
    assert_int_equal(r.done, 0);
    assert_int_equal(world_state(&w, "main"), CATALOG_MIRROR_IN_SYNC);
    assert_in_range((r.next_ns - deleted_ns) / 1000000000, 7 * DAY - 2, 7 * DAY);
    world_wait(7 * DAY - MINUTE);
    assert_int_equal(world_work(&w).done, 0);
    assert_int_equal(removed(&w), 0);
    world_wait(MINUTE);
    assert_int_equal(world_work(&w).done, 1);
    assert_int_equal(removed(&w), 1);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

/* What comes back into the catalog before its time has come stays in the mirror. */
static void worker_takes_deletions_back_MIR_33(void **state)
{
    struct world w;
    struct catalog_backup backup;
    struct error e = ERROR_INIT;

    (void)state;
    struct catalog_mirror m = make_synced(&w, 3, "history-delay = 0s delete-delay = 7d");
    struct catalog *c = setup_catalog(w.setup);
    assert_success(catalog_backup_find(c, m.source, NULL, "latest", &backup, &e), e);
    assert_success(catalog_backup_bury(c, m.source, backup.id, &e), e);
    world_work(&w);
    assert_int_equal(world_items(&w, CATALOG_ITEM_WAITING), 1);
    world_wait(DAY);
    assert_success(catalog_backup_upsert(c, &backup, &e), e);
    assert_int_equal(world_items(&w, CATALOG_ITEM_WAITING), 0);
    world_wait(8 * DAY);
    assert_int_equal(world_work(&w).done, 0);
    assert_int_equal(removed(&w), 0);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

static void release_brake(struct world *w)
{
    struct catalog_mirror m = world_mirror_of(w, "main");
    struct error e = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(setup_catalog(w->setup), m.vault, &e);

    assert_success(row != NULL ? 0 : -1, e);
    assert_success(mirror_release(w->setup, row, &m, &e), e);
    catalog_vault_free(row);
}

static const struct brake_case {
    const char *name;
    unsigned deletions;    /* the limit is 4 */
    int64_t apart_seconds; /* from each other */
    int64_t seen_after;    /* the first look */
    const char *delay;
    bool brakes;
} brake_cases[] = {
    {"at the limit", 4, 1, 0, "7d", false},
    {"one more", 5, 1, 0, "7d", true},
    {"one more, without a delay", 5, 1, 0, "0s", true},
    {"one more, looked at late", 5, HOUR, 9 * DAY, "7d", true},
    {"one more, just within a day", 5, 6 * HOUR - MINUTE, 2 * DAY, "7d", true},
    {"one more, over a day", 5, 6 * HOUR + MINUTE, 2 * DAY, "7d", false},
    {"many, far apart", 9, DAY, 0, "14d", false},
};

static void try_brake(const struct brake_case *row)
{
    struct world w;
    char mirror[100];

    snprintf(mirror, sizeof(mirror), "history-delay = 0s delete-limit = 4 delete-delay = %s",
             row->delay);
    make_synced(&w, 12, mirror);
    delete_some(&w, row->deletions, row->apart_seconds);
    world_wait(row->seen_after);
    struct work_result r = world_work(&w);
    bool braked = r.braked > 0;
    world_wait(15 * DAY);
    world_backup(&w, "main", NULL); /* what is new goes on */
    r = world_work(&w);
    if (braked != row->brakes || removed(&w) != (row->brakes ? 0 : row->deletions))
        fail_msg("%s: braked %d, %u removed", row->name, braked, removed(&w));
    assert_int_equal(r.braked, row->brakes);
    assert_int_equal(r.done, row->brakes ? 1 : 1 + row->deletions);
    assert_int_equal(r.next_ns, 0);
    if (row->brakes) {
        release_brake(&w);
        r = world_work(&w);
        assert_int_equal(r.done, row->deletions);
        assert_int_equal(r.braked, 0);
    }
    world_expect_sync(&w, "main");
    world_drop(&w);
}

static void worker_brakes_RST_25(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(brake_cases) / sizeof(brake_cases[0]); i++)
        try_brake(&brake_cases[i]);
}

/* Who has let one burst go has not let the next one go. */
static void worker_brakes_again_RST_25(void **state)
{
    struct world w;

    (void)state;
    make_synced(&w, 12, "history-delay = 0s delete-limit = 2 delete-delay = 7d");
    delete_some(&w, 3, 1);
    assert_int_equal(world_work(&w).braked, 1);
    release_brake(&w);
    assert_int_equal(world_work(&w).braked, 0);
    delete_some(&w, 2, 1);
    assert_int_equal(world_work(&w).braked, 0);
    delete_some(&w, 1, 1);
    assert_int_equal(world_work(&w).braked, 1);
    world_wait(8 * DAY);
    assert_int_equal(world_work(&w).done, 0);
    assert_int_equal(removed(&w), 0);
    release_brake(&w);
    assert_int_equal(world_work(&w).done, 6);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

/* Lag */

static struct mirror_progress progress_of(struct world *w, struct catalog_lag *lag)
{
    struct catalog_mirror m = world_mirror_of(w, "main");
    struct mirror_progress progress;
    struct error e = ERROR_INIT;

    assert_success(mirror_look(w->setup, &m, lag, NULL, &e), e);
    mirror_progress(&m, lag, world_now_ns(), &progress);
    return progress;
}

static void worker_lags_MET_13(void **state)
{
    const struct world_fault offline = {"begin", 1, LAGAN_OFFLINE, false, true};
    struct world w;
    struct catalog_lag lag;
    struct catalog_backup backup;
    struct error e = ERROR_INIT;
    uint64_t bytes = 0;

    (void)state;
    struct catalog_mirror m = make_synced(&w, 2, "history-delay = 0s rpo = 4h");
    int64_t synced_ns = world_mirror_of(&w, "main").synced_ns;
    assert_true(synced_ns > 0);
    fault(&w, &offline);
    for (int i = 0; i < 3; i++) {
        char id[CATALOG_SEAL_ID_SIZE];
        world_backup(&w, "main", id);
        assert_success(catalog_backup_get(setup_catalog(w.setup), m.source, id, &backup, &e),
                       e);
        bytes += backup.bytes_stored;
        world_wait(HOUR);
    }
    struct work_result r = world_work(&w);
    assert_int_equal(r.lagging, 0);
    struct mirror_progress progress = progress_of(&w, &lag);
    assert_int_equal(lag.backups, 3);
    assert_int_equal(lag.bytes, bytes);
    assert_int_equal(lag.history_left, 0);
    assert_in_range(progress.lag_ns / 1000000000, 3 * HOUR, 3 * HOUR + 1);
    assert_true(progress.rpo_holds);
    assert_int_equal(progress.history_percent, 100);
    assert_int_equal(world_state(&w, "main"), CATALOG_MIRROR_LAGGING);
    world_wait(HOUR);
    r = world_work(&w);
    assert_int_equal(r.lagging, 1);
    assert_false(progress_of(&w, &lag).rpo_holds);
    fault(&w, NULL);
    world_wait(10 * MINUTE);
    r = world_work(&w);
    assert_int_equal(r.lagging, 0);
    progress = progress_of(&w, &lag);
    assert_int_equal(lag.backups + lag.bytes + (uint64_t)progress.lag_ns, 0);
    m = world_mirror_of(&w, "main");
    assert_true(m.synced_ns > synced_ns);
    assert_int_equal(m.latest_ns, backup.created_ns);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

/* Turns */

static int count_history(void *context, const struct catalog_item *item, struct error *e)
{
    unsigned *count = context;

    (void)e;
    *count += item->class == CATALOG_CLASS_HISTORY && item->operation == CATALOG_OPERATION_COPY;
    return 0;
}

/* A backup is made while history is under way. */
static int back_up_once(struct world *w, const struct work_news *news)
{
    struct catalog_mirror m = world_mirror_of(w, "main");
    struct error e = ERROR_INIT;
    unsigned running = 0;

    if (news->kind != WORK_STARTED || news->item->class != CATALOG_CLASS_HISTORY ||
        memcmp(news->item->lane, m.vault, CATALOG_ID_SIZE) != 0)
        return 0;
    w->each_news = NULL;
    /* Whoever wants the other place has had the time to take it. */
    usleep(200000);
    assert_success(catalog_item_list(setup_catalog(w->setup), m.vault, CATALOG_ITEM_RUNNING,
                                     count_history, &running, &e),
                   e);
    assert_int_equal(running, 1);
    world_backups(w, "main", 1);
    w->news[w->news_count - 1].subject[0] = '\0'; /* the mark */
    return 0;
}

static void worker_prefers_what_is_new_MIR_08(void **state)
{
    struct world w;
    size_t i = 0;

    (void)state;
    world_make(&w, "tgt_fault");
    world_vault(&w, "main");
    world_backup(&w, "main", NULL);
    world_backups(&w, "main", 9);
    world_mirror(&w, "main", "west");
    w.each_news = back_up_once;
    world_work(&w);
    assert_null(w.each_news);
    while (w.news[i].subject[0] != '\0')
        i++;
    do
        i++;
    while (w.news[i].kind != WORK_STARTED);
    assert_int_equal(w.news[i].class, CATALOG_CLASS_NEW);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

static void worker_takes_turns(void **state)
{
    struct world w;
    int lead = 0, most = 0;

    (void)state;
    world_make(&w, "tgt_fault");
    for (int i = 0; i < 2; i++) {
        const char *vault = i == 0 ? "main" : "second";
        world_vault(&w, vault);
        world_backup(&w, vault, NULL);
        world_backups(&w, vault, 59);
        world_mirror(&w, vault, i == 0 ? "west" : "north");
    }
    world_work(&w);
    for (size_t i = 0; i < w.news_count; i++) {
        if (w.news[i].kind == WORK_DONE)
            lead += strstr(w.news[i].vault, "main") != NULL ? 1 : -1;
        most = abs(lead) > most ? abs(lead) : most;
    }
    print_message("one was at most %d of 60 items ahead of the other\n", most);
    assert_int_equal(lead, 0);
    assert_true(most < 50);
    world_expect_sync(&w, "main");
    world_expect_sync(&w, "second");
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_syncs),
        cmocka_unit_test(worker_gives_up_TSK_18_TSK_26),
        cmocka_unit_test(worker_waits_for_places),
        cmocka_unit_test(worker_delays_deletions_MIR_33),
        cmocka_unit_test(worker_takes_deletions_back_MIR_33),
        cmocka_unit_test(worker_brakes_RST_25),
        cmocka_unit_test(worker_brakes_again_RST_25),
        cmocka_unit_test(worker_lags_MET_13),
        cmocka_unit_test(worker_prefers_what_is_new_MIR_08),
        cmocka_unit_test(worker_takes_turns),
    };
    return cmocka_run_group_tests(tests, world_setup, NULL);
}
