/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_expire.c - backups go by rules, in a real vault: what stays is a text, '#' for a
 * backup that stays and '.' for one that goes, oldest first.
 */
#include "base/clock.h"
#include "catalog/audit.h"
#include "driver_fixture.h"
#include "engine/deletion.h"
#include "engine/drill.h"
#include "engine/expire.h"
#include "engine/keep.h"
#include "engine/reconcile.h"
#include "engine/stamp.h"
#include "mirror_fixture.h"
#include "unit.h"
#include "vault/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64, HOUR = 3600, DAY = 86400 };

static struct world w;
static struct catalog_vault *vault; /* its row */
static struct catalog_backup rows[ROOM];
static size_t row_count;
static char decided[ROOM + 1];
static struct expire_result result;
static int64_t behind_ns; /* the boot clock's, after jumps of the wall clock */

static int64_t boot_ns(void)
{
    return world_now_ns() - INT64_C(1700000000) * 1000000000 - behind_ns;
}

/* The wall clock alone. */
static void jump(int64_t seconds)
{
    world_wait(seconds);
    behind_ns += seconds * 1000000000;
}

static struct catalog *catalog(void)
{
    return setup_catalog(w.setup);
}

/* ---- the world ---- */

static int read_row(void *context, const struct catalog_backup *row, struct error *e)
{
    (void)context, (void)e;
    assert_true(row_count < ROOM);
    rows[row_count++] = *row;
    return 0;
}

static void read_rows(void)
{
    struct error e = ERROR_INIT;
    row_count = 0;
    assert_success(catalog_backup_list(catalog(), vault->uuid, NULL, read_row, NULL, &e), e);
}

static void read_vault(void)
{
    struct error e = ERROR_INIT;
    catalog_vault_free(vault);
    vault = catalog_vault_find(catalog(), "east", "main", &e);
    assert_success(vault ? 0 : -1, e);
}

static void begin(void)
{
    behind_ns = 0;
    clock_override_boot(boot_ns, "0123-boot");
    world_make(&w, "tgt_fault");
    world_vault(&w, "main");
    read_vault();
}

static void end(void)
{
    catalog_vault_free(vault);
    vault = NULL;
    world_drop(&w);
}

/* `count` backups of the source "tree", a day apart, made by the policy `name`. */
static void add_backups(unsigned count, const char *name, int64_t keep_ns)
{
    struct error e = ERROR_INIT;
    for (unsigned i = 0; i < count; i++) {
        world_wait(DAY);
        read_rows();
        if (row_count == 0)
            world_backup(&w, "main", NULL);
        else
            world_backups(&w, "main", 1);
        read_rows();
        struct catalog_backup *row = &rows[row_count - 1];
        snprintf(row->policy, sizeof(row->policy), "%s", name);
        row->expire_ns = keep_ns ? row->created_ns + keep_ns : 0;
        assert_success(catalog_backup_upsert(catalog(), row, &e), e);
    }
    read_rows();
}

static void make_policy(const char *name, enum catalog_policy_kind kind, const char *setting,
                        const char *value)
{
    struct error e = ERROR_INIT;
    struct catalog_policy *policy = catalog_policy_new(&e);
    assert_non_null(policy);
    snprintf(policy->name, sizeof(policy->name), "%s", name);
    policy->kind = kind;
    policy->enabled = true;
    if (kind == CATALOG_POLICY_REPLICATION)
        assert_success(catalog_pairs_add(&policy->settings, "replicate-to", "west", &e), e);
    assert_success(catalog_pairs_add(&policy->settings, setting, value, &e), e);
    assert_success(catalog_pairs_add(&policy->settings, "zone", "UTC", &e), e);
    assert_success(catalog_policy_insert(catalog(), policy, &e), e);
    if (kind == CATALOG_POLICY_BACKUP)
        assert_success(catalog_policy_apply(catalog(), policy, vault->uuid, &e), e);
    catalog_policy_free(policy);
}

static void each(void *context, const struct expire_item *item)
{
    size_t length = strlen(decided);
    (void)context;
    assert_true(length < ROOM);
    assert_true(item->sentence[0] != '\0');
    decided[length] = retention_verdict_keeps(item->verdict) ? '#' : '.';
    decided[length + 1] = '\0';
}

static const char *expire(bool dry_run)
{
    const struct expire_request request = {.dry_run = dry_run, .each = each};
    struct error e = ERROR_INIT;
    decided[0] = '\0';
    assert_success(expire_vault(w.setup, vault, &request, &result, &e), e);
    read_rows();
    return decided;
}

/* Backups that the vault itself has. */
static size_t seals(void)
{
    struct open_vault open = {0};
    struct seal_list list = {0};
    struct error e = ERROR_INIT;
    assert_success(setup_vault_open(w.setup, "east", "main", NULL, true, &open, &e), e);
    assert_success(vault_backups(open.vault, &list, NULL, NULL, &e), e);
    size_t count = list.count;
    seal_list_free(&list);
    open_vault_close(&open);
    return count;
}

static int try_delete(size_t index, bool force, struct error *e)
{
    struct open_vault open = {0};
    struct seal_list list = {0};
    const struct seal *seal = NULL;
    struct error unrecorded = ERROR_INIT;
    assert_success(setup_vault_open(w.setup, "east", "main", NULL, false, &open, e), *e);
    assert_success(vault_backups(open.vault, &list, NULL, NULL, e), *e);
    assert_success(seal_list_find(&list, rows[index].id, NULL, &seal, e), *e);
    const struct deletion_request request = {
        .vault = &open, .seal = seal, .reason = "for this test", .force = force};
    int done = deletion_run(w.setup, &request, &unrecorded, e);
    assert_int_equal(unrecorded.error_class, LAGAN_OK);
    seal_list_free(&list);
    open_vault_close(&open);
    return done;
}

static int last_deletion(void *context, const struct catalog_deletion *row, struct error *e)
{
    (void)e;
    *(struct catalog_deletion *)context = *row;
    return 1;
}

/* ---- rules ---- */

static void expire_by_count(void **state)
{
    struct catalog_deletion line = {.number = 0};
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "3");
    add_backups(6, "daily", 0);
    assert_string_equal(expire(true), "...###");
    assert_int_equal(result.going, 3);
    assert_int_equal(result.deleted, 0);
    assert_int_equal(seals(), 6);
    assert_string_equal(expire(false), "...###");
    assert_int_equal(result.deleted, 3);
    assert_int_equal(row_count, 3);
    assert_int_equal(seals(), 3);
    /* RET-18: each has its reason, and the audit log knows. */
    assert_int_equal(
        catalog_deletion_list(catalog(), vault->uuid, NULL, 0, last_deletion, &line, &e), 1);
    assert_string_equal(line.policy, "daily");
    assert_string_equal(line.rule, "not-kept");
    assert_string_equal(line.reason, "no rule keeps it (the last 3)");
    assert_string_equal(line.source_name, "tree");
    struct catalog_audit audit;
    assert_int_equal(catalog_audit_head(catalog(), &audit, &e), 1);
    assert_int_equal(audit.event, CATALOG_EVENT_BACKUP_DELETE);
    assert_non_null(strstr(audit.detail, "by policy daily"));
    /* I11: the same again has nothing to do. */
    assert_string_equal(expire(false), "###");
    assert_int_equal(result.deleted, 0);
    end();
}

static void expire_RET_04_RET_06_RET_14(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog_pin pin = {.kind = CATALOG_PIN_JOB};
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "1");
    add_backups(6, "daily", 0);
    rows[0].policy[0] = '\0'; /* by hand */
    assert_success(catalog_backup_upsert(catalog(), &rows[0], &e), e);
    assert_success(keep_hold(w.setup, &rows[1], "for the audit", &e), e);
    assert_int_equal(keep_begin(catalog(), vault->uuid, rows[2].id, "t-1", "a job", &pin, &e),
                     1);
    assert_string_equal(expire(true), "###..#");
    assert_string_equal(expire(false), "###..#");
    assert_int_equal(row_count, 4);
    keep_end(catalog(), &pin);
    assert_success(keep_release(w.setup, &rows[1], &e), e);
    assert_int_equal(keep_release(w.setup, &rows[1], &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_PINNED);
    assert_string_equal(expire(false), "#..#");
    end();
}

/* RET-05, RET-17: the rules of replicas are those of the replication policy. */
static void expire_RET_05_replicas(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "1");
    make_policy("away", CATALOG_POLICY_REPLICATION, "keep-count", "2");
    add_backups(6, "away", 0);
    vault->role = CATALOG_ROLE_REPLICATION;
    assert_success(catalog_vault_update(catalog(), vault, &e), e);
    for (size_t i = 0; i < row_count; i++) {
        snprintf(rows[i].origin, sizeof(rows[i].origin), "%016zx", i);
        if (i < 2) /* by hand, and of a policy that is gone */
            snprintf(rows[i].policy, sizeof(rows[i].policy), "%s", i == 0 ? "" : "gone");
        assert_success(catalog_backup_upsert(catalog(), &rows[i], &e), e);
    }
    expire(false);
    assert_int_equal(result.deleted, 2);
    assert_int_equal(row_count, 4);
    assert_string_equal(rows[0].policy, "");
    assert_string_equal(rows[1].policy, "gone");
    assert_string_equal(rows[2].origin, "0000000000000004");
    end();
}

static void expire_RET_10_without_policy(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-time", "3d");
    add_backups(3, "daily", INT64_C(3) * DAY * 1000000000);
    add_backups(2, "daily", 0);
    struct catalog_policy *policy = catalog_policy_find(catalog(), "daily", &e);
    assert_non_null(policy);
    assert_success(catalog_policy_delete(catalog(), policy->id, &e), e);
    catalog_policy_free(policy);
    world_wait(30 * DAY);
    assert_string_equal(expire(false), "...##");
    assert_int_equal(row_count, 2);
    end();
}

/* RET-09: what an edit would do is shown first, and done with it. */
static void expire_RET_09_preview(void **state)
{
    static const struct policy_pair count[] = {{"keep-count", "2"}, {"zone", "UTC"}};
    const struct retention_rules before = {.time_ns = INT64_C(30) * DAY * 1000000000};
    struct expire_instead instead = {.policy = "daily", .before = &before};
    struct policy *after = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-time", "30d");
    add_backups(5, "daily", before.time_ns);
    assert_success(policy_parse(POLICY_FOR_BACKUP, count, 2, 0, &after, &e), e);
    instead.after = after;
    decided[0] = '\0';
    assert_success(expire_preview(w.setup, vault, &instead, each, NULL, &result, &e), e);
    assert_string_equal(decided, "...##");
    assert_string_equal(expire(true), "#####");
    assert_success(expire_rules_changed(w.setup, "daily", &before, &after->retention, &e), e);
    read_rows();
    assert_int_equal(rows[0].expire_ns, 0);
    policy_free(after);
    end();
}

static int count_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    (void)row, (void)e;
    return ++*(unsigned *)context, 0;
}

/* RET-05: an edit of a replication policy is weighed where the replicas are. */
static void expire_RET_05_preview(void **state)
{
    static const struct policy_pair one[] = {
        {"keep-count", "1"}, {"replicate-to", "west"}, {"zone", "UTC"}};
    const struct retention_rules before = {.count = 2};
    struct expire_instead instead = {.policy = "away", .before = &before};
    struct policy *after = NULL;
    struct error e = ERROR_INIT;
    unsigned vaults = 0;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "3");
    make_policy("away", CATALOG_POLICY_REPLICATION, "keep-count", "2");
    add_backups(3, "away", 0);
    assert_success(policy_parse(POLICY_FOR_REPLICATION, one, 3, 0, &after, &e), e);
    instead.after = after;
    decided[0] = '\0';
    assert_success(expire_preview(w.setup, vault, &instead, each, NULL, &result, &e), e);
    assert_string_equal(decided, ""); /* a vault of backups */
    vault->role = CATALOG_ROLE_REPLICATION;
    assert_success(catalog_vault_update(catalog(), vault, &e), e);
    assert_success(expire_preview(w.setup, vault, &instead, each, NULL, &result, &e), e);
    assert_string_equal(decided, "..#");
    struct catalog_policy *policy = catalog_policy_find(catalog(), "away", &e);
    assert_non_null(policy);
    assert_success(expire_vaults(w.setup, policy, count_vault, &vaults, &e), e);
    assert_int_equal(vaults, 1);
    catalog_policy_free(policy);
    policy_free(after);
    end();
}

/* A lock keeps what every rule lets go, and the vault itself refuses, too. */
static void expire_locked(void **state)
{
    const struct vault_lock lock = {.mode = VAULT_LOCK_COMPLIANCE, .least_days = 30};
    struct open_vault open = {0};
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "2");
    add_backups(5, "daily", 0);
    assert_success(setup_vault_open(w.setup, "east", "main", NULL, false, &open, &e), e);
    assert_success(vault_lock_set(open.vault, &lock, &e), e);
    open_vault_close(&open);
    assert_string_equal(expire(true), "#####");
    assert_int_equal(result.going, 0);
    assert_string_equal(expire(false), "#####");
    assert_int_equal(seals(), 5);
    assert_int_equal(try_delete(0, true, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_LOCKED);
    read_rows();
    assert_int_equal(rows[0].state, CATALOG_BACKUP_AVAILABLE);
    assert_int_equal(seals(), 5);
    end();
}

static void expire_not_a_mirror(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "1");
    add_backups(3, "daily", 0);
    vault->role = CATALOG_ROLE_MIRROR;
    assert_string_equal(expire(false), "");
    /* DEL-07: a vault that is being deleted keeps what it has until it goes as a whole. */
    vault->role = CATALOG_ROLE_NORMAL;
    vault->state = CATALOG_VAULT_DELETED;
    const struct expire_request request = {.each = NULL};
    assert_int_equal(expire_vault(w.setup, vault, &request, &result, &e), -1);
    assert_int_equal(e.code, ERROR_VAULT_STATE);
    assert_int_equal(seals(), 3);
    end();
}

/* ---- time ---- */

/* RET-08: a moment before its time nothing goes. */
static void expire_by_time(void **state)
{
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-time", "5d");
    add_backups(4, "daily", INT64_C(5) * DAY * 1000000000);
    expire(true); /* makes the first mark of the clock */
    world_wait(rows[0].expire_ns / 1000000000 - world_now_ns() / 1000000000 - 1);
    assert_string_equal(expire(false), "####");
    /* Nor by a wall clock that is a little ahead, as clocks may be. */
    jump(600);
    assert_string_equal(expire(false), "####");
    assert_false(result.clock.doubtful);
    jump(-600);
    world_wait(2);
    assert_string_equal(expire(false), ".###");
    assert_int_equal(row_count, 3);
    end();
}

static unsigned notices(void)
{
    uint64_t count = 0;
    struct error e = ERROR_INIT;
    assert_success(catalog_notice_count(catalog(), &count, &e), e);
    return (unsigned)count;
}

/* I10: no clock lets anything go early. */
static void expire_clock_jumps(void **state)
{
    static const int64_t jumps[] = {DAY, 14 * DAY, INT64_C(50) * 365 * DAY};
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-time", "30d");
    add_backups(4, "daily", INT64_C(30) * DAY * 1000000000);
    expire(false);
    assert_false(result.clock.doubtful);
    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        jump(jumps[i]);
        assert_string_equal(expire(false), "####");
        assert_int_equal(result.clock.verdict, TRUST_AHEAD);
        assert_true(result.clock.doubtful);
        world_wait(HOUR); /* an hour later it is no better */
        assert_string_equal(expire(false), "####");
        assert_true(result.clock.doubtful);
        jump(-jumps[i]);
        assert_string_equal(expire(false), "####");
        assert_false(result.clock.doubtful);
    }
    jump(-DAY);
    assert_string_equal(expire(false), "####");
    assert_int_equal(result.clock.verdict, TRUST_BEHIND);
    jump(DAY);
    /* A second, or ten minutes, are no matter. */
    jump(600);
    expire(false);
    assert_false(result.clock.doubtful);
    /* A machine that was off for a year; then somebody says that this is right. */
    clock_override_boot(boot_ns, "4567-boot");
    jump(INT64_C(365) * DAY);
    assert_string_equal(expire(false), "####");
    assert_int_equal(result.clock.verdict, TRUST_WAS_OFF);
    assert_success(trusted_time_accept(catalog(), &e), e);
    assert_string_equal(expire(false), "...#");
    assert_int_equal(row_count, 1);
    assert_int_equal(notices(), 0); /* there is no way to tell anybody here */
    end();
}

static void expire_window(void **state)
{
    static const struct {
        const char *window;
        int hour, minute;
        bool open;
        int opens_minutes; /* later */
    } times[] = {
        {NULL, 3, 0, true, 0},
        {"08:00-20:00", 8, 0, true, 0},
        {"08:00-20:00", 7, 59, false, 1},
        {"08:00-20:00", 19, 59, true, 0},
        {"08:00-20:00", 20, 0, false, 720},
        {"22:00-06:00", 23, 0, true, 0},
        {"22:00-06:00", 5, 59, true, 0},
        {"22:00-06:00", 6, 0, false, 960},
        {"00:00-24:00", 0, 0, true, 0},
    };
    static const char *const wrong[] = {"",      "8",           "25:00-26:00", "08:00-08:00",
                                        "08:00", "08:00-20:61", "24:00-06:00", "08:00-20:00x"};
    struct timezone *zone = NULL;
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(timezone_load("local", &zone, &e), e);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        const struct timezone_local local = {.year = 2026,
                                             .month = 11,
                                             .day = 20,
                                             .hour = times[i].hour,
                                             .minute = times[i].minute};
        int64_t first, second, opens;
        timezone_utc_of(zone, &local, &first, &second);
        assert_success(expire_window_check(times[i].window, &e), e);
        assert_int_equal(expire_window_open(times[i].window, first * 1000000000, &opens),
                         times[i].open);
        assert_int_equal(opens / 1000000000 - first, times[i].opens_minutes * 60);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(expire_window_check(wrong[i], &e), -1);
    timezone_free(zone);
}

/* ---- the brake ---- */

static void expire_brake_burst(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "4");
    add_backups(16, "daily", 0);
    expire(false);
    assert_true(result.braked && result.braked_now);
    assert_int_equal(row_count, 16);
    expire(false);
    assert_true(result.braked && !result.braked_now);
    assert_int_equal(row_count, 16);
    assert_success(expire_release(w.setup, vault, &e), e);
    assert_int_equal(expire_release(w.setup, vault, &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    expire(false);
    assert_false(result.braked);
    assert_int_equal(row_count, 4);
    assert_int_equal(seals(), 4);
    end();
}

/* Where many come within a day, as many may go. */
static void expire_brake_not_of_turnover(void **state)
{
    (void)state;
    begin();
    make_policy("often", CATALOG_POLICY_BACKUP, "keep-count", "3");
    add_backups(4, "often", 0);
    for (int i = 0; i < 15; i++) {
        world_wait(HOUR - DAY);
        add_backups(1, "often", 0);
        expire(false);
        assert_false(result.braked);
        assert_int_equal(row_count, 3);
    }
    end();
}

/* People are told once of a brake, and once of each time that the clock is in doubt. */
static void expire_tells(void **state)
{
    (void)state;
    begin();
    world_set(&w.limits, "retry-budget = 2h }\nnotify ops { command = /bin/true");
    world_open(&w);
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "4");
    add_backups(16, "daily", 0);
    expire(true);
    assert_int_equal(notices(), 0);
    expire(false);
    assert_int_equal(notices(), 1);
    expire(false);
    assert_int_equal(notices(), 1);
    jump(DAY);
    expire(false);
    expire(false);
    assert_int_equal(notices(), 2);
    jump(-DAY);
    expire(false);
    assert_int_equal(notices(), 2);
    jump(-DAY);
    expire(false);
    assert_int_equal(notices(), 3);
    end();
}

/* A source that has lost nearly all of itself pushes out none of those that had it all. */
static void expire_brake_size(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_policy("daily", CATALOG_POLICY_BACKUP, "keep-count", "5");
    add_backups(6, "daily", 0);
    for (size_t i = 0; i < row_count; i++) {
        rows[i].entries = i < 5 ? 1000 : 3;
        assert_success(catalog_backup_upsert(catalog(), &rows[i], &e), e);
    }
    expire(false);
    assert_true(result.braked);
    assert_int_equal(row_count, 6);
    /* Once it is said to be meant, backups as small as that are no surprise. */
    assert_success(expire_release(w.setup, vault, &e), e);
    expire(false);
    assert_false(result.braked);
    assert_int_equal(row_count, 5);
    add_backups(2, "daily", 0);
    expire(false);
    assert_false(result.braked);
    assert_int_equal(row_count, 5);
    end();
}

/* ---- the one way to delete ---- */

static void refuse(size_t index, bool force, enum error_code code)
{
    struct error e = ERROR_INIT;
    assert_int_equal(try_delete(index, force, &e), -1);
    if (e.code != code)
        fail_msg("%s: %s", error_code_name(e.code), e.text);
    assert_int_equal(seals(), row_count);
}

static void deletion_DEL_05_DEL_06_RET_13(void **state)
{
    struct catalog_deletion line = {.number = 0};
    struct catalog_pin image = {.kind = CATALOG_PIN_IMAGE, .reason = "disk-1"};
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    add_backups(4, "", 0);
    refuse(3, false, ERROR_BACKUP_LATEST);
    assert_success(keep_hold(w.setup, &rows[0], NULL, &e), e);
    refuse(0, true, ERROR_BACKUP_PINNED);
    assert_success(keep_release(w.setup, &rows[0], &e), e);
    memcpy(image.vault, vault->uuid, sizeof(image.vault));
    memcpy(image.backup, rows[0].id, sizeof(image.backup));
    assert_success(catalog_pin_set(catalog(), &image, &e), e);
    refuse(0, false, ERROR_BACKUP_PINNED);
    assert_int_equal(catalog_pin_clear(catalog(), &image, &e), 1);
    assert_success(catalog_backup_set_state(catalog(), vault->uuid, rows[1].id,
                                            CATALOG_BACKUP_DELETING, &e),
                   e);
    refuse(1, false, ERROR_BACKUP_STATE);
    assert_int_equal(keep_begin(catalog(), vault->uuid, rows[1].id, "t-1", "a job", &image, &e),
                     0);
    assert_int_equal(keep_hold(w.setup, &rows[1], NULL, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_STATE);
    assert_success(try_delete(0, false, &e), e);
    assert_success(try_delete(3, true, &e), e);
    assert_int_equal(seals(), 2);
    assert_int_equal(
        catalog_deletion_list(catalog(), vault->uuid, rows[3].id, 0, last_deletion, &line, &e),
        1);
    assert_string_equal(line.rule, "by-hand");
    assert_string_equal(line.reason, "for this test");
    assert_string_equal(line.policy, "");
    end();
}

static void try_meanwhile(void *context, const char *folder)
{
    struct error *e = context;
    (void)folder;
    assert_int_equal(deletion_check(catalog(), vault->uuid, rows[1].id, true, e), -1);
}

/* DEL-06: what is being read stays, until it was read. */
static void deletion_DEL_06_while_restored(void **state)
{
    struct drill_result drilled;
    struct error meanwhile = ERROR_INIT, e = ERROR_INIT;
    (void)state;
    begin();
    world_backup(&w, "main", NULL);
    world_backup(&w, "main", NULL);
    read_rows();
    const struct drill_request request = {
        .percent = 100, .restored = try_meanwhile, .context = &meanwhile};
    assert_success(drill_run(w.setup, vault, &request, &drilled, &e), e);
    assert_int_equal(meanwhile.code, ERROR_BACKUP_PINNED);
    assert_non_null(strstr(meanwhile.text, "a restore drill reads it"));
    assert_success(deletion_check(catalog(), vault->uuid, rows[1].id, true, &e), e);
    end();
}

/* Whoever died between vault and catalog leaves a line all the same. */
static void deletion_broken_off(void **state)
{
    struct catalog_deletion line = {.number = 0};
    struct seal_list none = {0};
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    add_backups(2, "daily", 0);
    assert_success(catalog_backup_set_state(catalog(), vault->uuid, rows[0].id,
                                            CATALOG_BACKUP_DELETING, &e),
                   e);
    assert_success(reconcile_backups(catalog(), vault->uuid, NULL, &none, &e), e);
    assert_int_equal(
        catalog_deletion_list(catalog(), vault->uuid, rows[0].id, 0, last_deletion, &line, &e),
        1);
    assert_string_equal(line.rule, "broken-off");
    end();
}

/* ---- stamps ---- */

static void stamp_of_a_backup(void **state)
{
    const struct retention_rules rules = {.time_ns = 1000};
    const struct stamp stamp = {
        .trigger = "schedule", .policy = "daily", .slot_ns = 77, .retention = &rules};
    struct catalog_backup row = {.slot_ns = 0};
    struct error e = ERROR_INIT;
    struct seal *seal = seal_new(&e);
    (void)state;
    assert_non_null(seal);
    assert_success(stamp_tag(NULL, 5, seal, &e), e);
    assert_int_equal(seal->tag_count, 0);
    assert_success(stamp_tag(&stamp, 5, seal, &e), e);
    seal->flags = SEAL_FULL;
    stamp_read(seal, &row);
    assert_string_equal(row.trigger, "schedule");
    assert_string_equal(row.policy, "daily");
    assert_int_equal(row.slot_ns, 77);
    assert_int_equal(row.expire_ns, 1005);
    assert_true(row.full);
    assert_true(stamp_is_tag(STAMP_TAG_EXPIRES));
    assert_false(stamp_is_tag("lagan.origin"));
    /* What is wrong in it says nothing. */
    free(seal->tags[3].value);
    seal->tags[3].value = strdup("-1");
    memset(&row, 0, sizeof(row));
    stamp_read(seal, &row);
    assert_int_equal(row.expire_ns, 0);
    seal_free(seal);
}

static int teardown(void **state)
{
    (void)state;
    clock_override_boot(NULL, NULL);
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(expire_by_count),
    cmocka_unit_test(expire_RET_04_RET_06_RET_14),
    cmocka_unit_test(expire_RET_05_replicas),
    cmocka_unit_test(expire_RET_10_without_policy),
    cmocka_unit_test(expire_RET_09_preview),
    cmocka_unit_test(expire_not_a_mirror),
    cmocka_unit_test(expire_RET_05_preview),
    cmocka_unit_test(expire_locked),
    cmocka_unit_test(expire_by_time),
    cmocka_unit_test(expire_clock_jumps),
    cmocka_unit_test(expire_window),
    cmocka_unit_test(expire_brake_burst),
    cmocka_unit_test(expire_brake_size),
    cmocka_unit_test(expire_brake_not_of_turnover),
    cmocka_unit_test(expire_tells),
    cmocka_unit_test(deletion_DEL_05_DEL_06_RET_13),
    cmocka_unit_test(deletion_DEL_06_while_restored),
    cmocka_unit_test(deletion_broken_off),
    cmocka_unit_test(stamp_of_a_backup),
};

int main(void)
{
    return cmocka_run_group_tests(tests, world_setup, teardown);
}
