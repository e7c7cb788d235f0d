/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_discard.c - backups that people delete, bring back and keep for longer, in a real
 * vault with a mirror: DEL-10, RET-15; and who has to approve: DEL-12.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "driver_fixture.h"
#include "engine/approval.h"
#include "engine/discard.h"
#include "engine/expire.h"
#include "engine/extend.h"
#include "engine/keep.h"
#include "engine/manage.h"
#include "engine/notes.h"
#include "mirror_fixture.h"
#include "unit.h"
#include "vault/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400, APPROVERS = 3 };
static const int64_t DAY_NS = INT64_C(86400) * 1000000000;

static struct world w;
static struct catalog_vault *vault; /* its row */
static char ids[4][CATALOG_SEAL_ID_SIZE];
static int64_t behind_ns; /* the boot clock's, after jumps of the wall clock */

static int64_t boot_ns(void)
{
    return world_now_ns() - INT64_C(1700000000) * 1000000000 - behind_ns;
}

static void jump(int64_t seconds)
{
    world_wait(seconds);
    behind_ns += seconds * 1000000000;
}

static struct catalog *catalog(void)
{
    return setup_catalog(w.setup);
}

/* Three backups of a source, an hour apart. */
static void begin(void)
{
    struct error e = ERROR_INIT;
    behind_ns = 0;
    clock_override_boot(boot_ns, "0123-boot");
    world_make(&w, "tgt_fault");
    world_vault(&w, "main");
    for (int i = 0; i < 3; i++) {
        world_wait(3600);
        world_backup(&w, "main", ids[i]);
    }
    vault = catalog_vault_find(catalog(), "east", "main", &e);
    assert_success(vault ? 0 : -1, e);
}

static void end(void)
{
    catalog_vault_free(vault);
    vault = NULL;
    world_drop(&w);
    clock_override_boot(NULL, NULL);
}

static struct catalog_backup row_of(const char *id)
{
    struct catalog_backup row;
    struct error e = ERROR_INIT;
    assert_success(catalog_backup_get(catalog(), vault->uuid, id, &row, &e), e);
    return row;
}

static enum catalog_backup_state state_of(const char *id)
{
    return row_of(id).state;
}

static bool is_known(const char *id)
{
    struct catalog_backup row;
    struct error e = ERROR_INIT;
    return catalog_backup_get(catalog(), vault->uuid, id, &row, &e) == 0;
}

/* The vault, with its backups. */
struct at_hand {
    struct open_vault vault;
    struct seal_list seals;
};

static void take(struct at_hand *h)
{
    struct error e = ERROR_INIT;
    *h = (struct at_hand){.seals = {NULL, 0}};
    assert_success(setup_vault_open(w.setup, "east", "main", NULL, false, &h->vault, &e), e);
    assert_success(vault_backups(h->vault.vault, &h->seals, NULL, NULL, &e), e);
}

static void drop(struct at_hand *h)
{
    seal_list_free(&h->seals);
    open_vault_close(&h->vault);
}

static size_t seals(void)
{
    struct at_hand h;
    take(&h);
    size_t count = h.seals.count;
    drop(&h);
    return count;
}

static int discard(const char *id, bool force, int64_t *purge_ns, struct error *e)
{
    struct at_hand h;
    const struct seal *seal = NULL;
    struct error unnoted = ERROR_INIT;
    take(&h);
    assert_success(deletion_prepare(w.setup, &h.vault, &h.seals, e), *e);
    assert_success(seal_list_find(&h.seals, id, NULL, &seal, e), *e);
    const struct deletion_request request = {
        .vault = &h.vault, .seal = seal, .reason = "for this test", .force = force};
    int result = discard_run(w.setup, &request, purge_ns, &unnoted, e);
    assert_int_equal(unnoted.error_class, LAGAN_OK);
    drop(&h);
    return result;
}

static void must_discard(const char *id)
{
    struct error e = ERROR_INIT;
    int64_t purge_ns = 0;
    assert_success(discard(id, false, &purge_ns, &e), e);
    assert_int_equal(state_of(id), CATALOG_BACKUP_DELETED);
}

static int bring_back(const char *id, struct error *e)
{
    struct at_hand h;
    const struct catalog_backup row = row_of(id);
    struct error unnoted = ERROR_INIT;
    take(&h);
    int result = discard_undo(w.setup, &h.vault, &row, &unnoted, e);
    assert_int_equal(unnoted.error_class, LAGAN_OK);
    drop(&h);
    return result;
}

static struct discard_round due(void)
{
    struct discard_round round;
    struct error e = ERROR_INIT;
    assert_success(discard_due(w.setup, vault, NULL, &round, &e), e);
    return round;
}

static struct catalog_audit last_line(void)
{
    struct catalog_audit line;
    struct error e = ERROR_INIT;
    assert_int_equal(catalog_audit_head(catalog(), &line, &e), 1);
    return line;
}

/* The clock of the world goes on by a little with each look. */
static bool is_in_14_days(int64_t ns)
{
    int64_t off_ns = world_now_ns() + 14 * DAY_NS - ns;
    return off_ns >= 0 && off_ns < 1000000000;
}

/* ---- DEL-10 ---- */

static void discard_DEL_10_comes_back(void **state)
{
    struct catalog_backup latest;
    struct error e = ERROR_INIT;
    int64_t purge_ns = 0;
    (void)state;
    begin();
    assert_int_equal(discard(ids[2], false, &purge_ns, &e), -1); /* RET-13 */
    assert_int_equal(e.code, ERROR_BACKUP_LATEST);
    assert_success(discard(ids[2], true, &purge_ns, &e), e);
    assert_true(is_in_14_days(purge_ns));
    assert_int_equal(last_line().event, CATALOG_EVENT_BACKUP_DELETE);
    assert_non_null(strstr(last_line().detail, "to be brought back until"));
    assert_int_equal(state_of(ids[2]), CATALOG_BACKUP_DELETED);
    assert_string_equal(row_of(ids[2]).delete_reason, "for this test");
    assert_int_equal(seals(), 3);
    /* It is nobody's newest backup any more, and not deleted twice. */
    assert_int_equal(
        catalog_backup_latest(catalog(), vault->uuid, row_of(ids[0]).source, &latest, &e), 1);
    assert_string_equal(latest.id, ids[1]);
    assert_int_equal(discard(ids[2], true, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_STATE);
    world_wait(13 * DAY);
    assert_int_equal(due().waiting, 1);
    assert_success(bring_back(ids[2], &e), e);
    assert_int_equal(state_of(ids[2]), CATALOG_BACKUP_AVAILABLE);
    assert_int_equal(row_of(ids[2]).deleted_ns, 0);
    assert_int_equal(last_line().event, CATALOG_EVENT_BACKUP_UNDELETE);
    assert_int_equal(bring_back(ids[2], &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_STATE);
    world_wait(30 * DAY);
    assert_int_equal(due().deleted, 0);
    assert_int_equal(seals(), 3);
    end();
}

static int first_deletion(void *context, const struct catalog_deletion *row, struct error *e)
{
    (void)e;
    *(struct catalog_deletion *)context = *row;
    return 1;
}

static void discard_DEL_10_goes_for_good(void **state)
{
    struct catalog_deletion line;
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    must_discard(ids[0]);
    world_wait(14 * DAY - 1);
    assert_int_equal(due().deleted, 0);
    assert_int_equal(seals(), 3);
    world_wait(1);
    assert_int_equal(due().deleted, 1);
    assert_int_equal(seals(), 2);
    assert_false(is_known(ids[0]));
    assert_int_equal(
        catalog_deletion_list(catalog(), vault->uuid, ids[0], 0, first_deletion, &line, &e), 1);
    assert_string_equal(line.rule, "by-hand");
    assert_non_null(strstr(line.reason, "for this test"));
    assert_int_equal(due().deleted, 0);
    end();
}

/* A clock that is in doubt deletes nothing, and begins no time. */
static void discard_DEL_10_clock(void **state)
{
    struct discard_round round;
    struct error e = ERROR_INIT;
    int64_t purge_ns = 0;
    (void)state;
    begin();
    must_discard(ids[0]);
    jump(INT64_C(50) * 365 * DAY);
    round = due();
    assert_true(round.doubtful);
    assert_int_equal(round.deleted, 0);
    assert_success(discard(ids[1], false, &purge_ns, &e), e);
    assert_true(purge_ns == DISCARD_NOT_YET);
    jump(-INT64_C(50) * 365 * DAY);
    assert_int_equal(due().waiting, 2); /* the time of the second begins */
    assert_true(is_in_14_days(row_of(ids[1]).purge_ns));
    assert_int_equal(seals(), 3);
    end();
}

static void discard_DEL_10_guards(void **state)
{
    const struct vault_lock lock = {.mode = VAULT_LOCK_COMPLIANCE, .least_days = 90};
    struct catalog_pin pin = {.kind = CATALOG_PIN_JOB};
    struct error e = ERROR_INIT;
    int64_t purge_ns = 0;
    struct at_hand h;
    (void)state;
    begin();
    struct catalog_backup row = row_of(ids[0]);
    assert_success(keep_hold(w.setup, &row, "for the audit", &e), e);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_PINNED);
    assert_success(keep_release(w.setup, &row, &e), e);
    must_discard(ids[0]);
    /* Nothing begins to need it. */
    assert_int_equal(keep_hold(w.setup, &row, "too late", &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_STATE);
    assert_int_equal(keep_begin(catalog(), vault->uuid, ids[0], "t-1", "a job", &pin, &e), 0);
    /* A lock that came since keeps it. */
    take(&h);
    assert_success(vault_lock_set(h.vault.vault, &lock, &e), e);
    drop(&h);
    assert_int_equal(discard(ids[1], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_LOCKED);
    world_wait(15 * DAY);
    assert_int_equal(due().refused, 1);
    assert_int_equal(seals(), 3);
    assert_success(bring_back(ids[0], &e), e);
    end();
}

/* The next backup builds upon one that is there. */
static void discard_DEL_10_no_parent(void **state)
{
    char id[CATALOG_SEAL_ID_SIZE];
    struct error e = ERROR_INIT;
    int64_t purge_ns = 0;
    (void)state;
    begin();
    assert_success(discard(ids[2], true, &purge_ns, &e), e);
    world_wait(3600);
    world_backup(&w, "main", id);
    assert_string_equal(row_of(id).parent, ids[1]);
    end();
}

/* What deletion broke off stays deleted, and is not live again. */
static void discard_DEL_10_broken_off(void **state)
{
    struct error e = ERROR_INIT;
    struct at_hand h;
    (void)state;
    begin();
    must_discard(ids[0]);
    assert_success(
        catalog_backup_set_state(catalog(), vault->uuid, ids[0], CATALOG_BACKUP_DELETING, &e),
        e);
    take(&h);
    assert_success(deletion_prepare(w.setup, &h.vault, &h.seals, &e), e);
    drop(&h);
    assert_int_equal(state_of(ids[0]), CATALOG_BACKUP_DELETED);
    assert_success(bring_back(ids[0], &e), e);
    assert_int_equal(state_of(ids[0]), CATALOG_BACKUP_AVAILABLE);
    end();
}

/* It never vanished in the mirror; what went for good does so there, after the delay. */
static void discard_DEL_10_mirror(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    must_discard(ids[0]); /* before there is a mirror: that has all of the vault */
    world_mirror(&w, "main", "west");
    world_work(&w);
    world_expect_sync(&w, "main");
    must_discard(ids[1]);
    world_work(&w);
    world_expect_equal(&w, "main");
    assert_success(bring_back(ids[1], &e), e);
    world_work(&w);
    world_expect_equal(&w, "main");
    world_wait(14 * DAY);
    assert_int_equal(due().deleted, 1);
    world_work(&w);
    assert_int_equal(world_items(&w, CATALOG_ITEM_WAITING), 0);
    world_expect_equal(&w, "main");
    end();
}

/* ---- RET-15 ---- */

static int extend(const char *id, int64_t until_ns, const char *reason, struct error *e)
{
    const struct catalog_backup row = row_of(id);
    const struct extend_request request = {
        .backup = &row, .until_ns = until_ns, .reason = reason};
    return extend_backup(w.setup, &request, e);
}

static void extend_RET_15(void **state)
{
    struct error e = ERROR_INIT;
    int64_t purge_ns = 0, until_ns;
    (void)state;
    begin();
    until_ns = world_now_ns() + 30 * DAY_NS;
    assert_int_equal(extend(ids[0], world_now_ns() - 1, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_PARAMETER);
    assert_success(extend(ids[0], until_ns, "for the audit", &e), e);
    assert_int_equal(last_line().event, CATALOG_EVENT_BACKUP_EXTEND);
    assert_true(row_of(ids[0]).keep_ns == until_ns);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_EXTENDED);
    /* Longer is free, shorter needs a reason. */
    assert_success(extend(ids[0], until_ns + DAY_NS, NULL, &e), e);
    assert_int_equal(extend(ids[0], until_ns, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_USAGE);
    assert_success(extend(ids[0], until_ns, "a mistake", &e), e);
    /* A clock in doubt ends no promise; a day later it is over. */
    jump(60 * DAY);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_EXTENDED);
    jump(-60 * DAY);
    world_wait(31 * DAY);
    must_discard(ids[0]);
    end();
}

static void extend_RET_15_locked(void **state)
{
    const struct vault_lock lock = {
        .mode = VAULT_LOCK_COMPLIANCE, .least_days = 2, .most_days = 90};
    struct error e = ERROR_INIT;
    struct at_hand h;
    (void)state;
    begin();
    assert_success(extend(ids[0], world_now_ns() + 30 * DAY_NS, NULL, &e), e);
    take(&h);
    assert_success(vault_lock_set(h.vault.vault, &lock, &e), e);
    drop(&h);
    assert_int_equal(extend(ids[0], 0, "I want to", &e), -1);
    assert_int_equal(e.code, ERROR_LOCK_SHORTER);
    assert_int_equal(extend(ids[0], world_now_ns() + DAY_NS, "I want to", &e), -1);
    assert_int_equal(e.code, ERROR_LOCK_SHORTER);
    assert_int_equal(extend(ids[0], world_now_ns() + 91 * DAY_NS, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_LOCK_RETENTION);
    assert_success(extend(ids[0], world_now_ns() + 60 * DAY_NS, NULL, &e), e);
    end();
}

/* A row that is read back from storage keeps what people have said; a catalog that knows
 * nothing of the vault learns it from the vault. */
static void extend_RET_15_in_the_vault(void **state)
{
    struct notes_taken taken = {.policies_new = 0};
    struct error e = ERROR_INIT;
    struct at_hand h;
    int64_t until_ns;
    (void)state;
    begin();
    until_ns = world_now_ns() + 30 * DAY_NS;
    assert_success(extend(ids[0], until_ns, NULL, &e), e);
    must_discard(ids[1]);
    struct catalog_backup row = row_of(ids[0]);
    row.keep_ns = 0;
    assert_success(catalog_backup_upsert(catalog(), &row, &e), e);
    assert_true(row_of(ids[0]).keep_ns == until_ns);
    assert_success(catalog_backup_set_keep(catalog(), vault->uuid, ids[0], 0, &e), e);
    assert_success(catalog_backup_bring_back(catalog(), vault->uuid, ids[1], &e), e);
    take(&h);
    assert_success(notes_take(w.setup, h.vault.vault, vault, false, &taken, &e), e);
    assert_int_equal(taken.backups_extended, 1);
    assert_int_equal(taken.backups_deleted, 0); /* the catalog knew better */
    assert_success(notes_take(w.setup, h.vault.vault, vault, true, &taken, &e), e);
    assert_int_equal(taken.backups_deleted, 1);
    drop(&h);
    assert_true(row_of(ids[0]).keep_ns == until_ns);
    assert_int_equal(state_of(ids[1]), CATALOG_BACKUP_DELETED);
    end();
}

/* ---- DEL-12 ---- */

static char key_paths[APPROVERS + 1][600];

static void make_approvers(struct catalog_approvers *all, uint32_t needed)
{
    struct error e = ERROR_INIT;
    uint8_t stranger[CATALOG_APPROVAL_KEY];
    *all = (struct catalog_approvers){.needed = needed, .count = APPROVERS};
    for (int i = 0; i <= APPROVERS; i++) {
        snprintf(key_paths[i], sizeof(key_paths[i]), "%s/approver-%d", w.scratch, i);
        unlink(key_paths[i]);
        assert_success(approval_key_make(key_paths[i],
                                         i < APPROVERS ? all->items[i].public_key : stranger,
                                         &e),
                       e);
        if (i < APPROVERS)
            snprintf(all->items[i].name, sizeof(all->items[i].name), "person-%d", i);
    }
}

static int last_request(void *context, const struct catalog_request *request, struct error *e)
{
    (void)e;
    *(struct catalog_request *)context = *request;
    return 1;
}

static struct catalog_request newest_request(void)
{
    struct catalog_request request;
    struct error e = ERROR_INIT;
    assert_int_equal(catalog_request_list(catalog(), vault->uuid, last_request, &request, &e),
                     1);
    return request;
}

static int grant(int who, uint32_t *missing, struct error *e)
{
    struct catalog_request request = newest_request();
    return approval_grant(w.setup, request.id, key_paths[who], &request, missing, e);
}

static void approval_DEL_12_two_of_three(void **state)
{
    struct catalog_approvers all;
    struct error e = ERROR_INIT;
    uint32_t missing = 0;
    int64_t purge_ns = 0;
    (void)state;
    begin();
    make_approvers(&all, 2);
    assert_success(approval_set(w.setup, vault, &all, &e), e);
    assert_int_equal(last_line().event, CATALOG_EVENT_APPROVERS);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    assert_int_equal(error_exit_status(&e), 7);
    assert_non_null(strstr(e.text, newest_request().id));
    assert_int_equal(last_line().event, CATALOG_EVENT_APPROVAL_REQUEST);
    assert_int_equal(state_of(ids[0]), CATALOG_BACKUP_AVAILABLE);
    /* Each counts once; who is not asked does not count. */
    assert_success(grant(0, &missing, &e), e);
    assert_int_equal(missing, 1);
    assert_int_equal(last_line().event, CATALOG_EVENT_APPROVAL_GRANT);
    assert_int_equal(grant(0, &missing, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_REFUSED);
    assert_int_equal(grant(APPROVERS, &missing, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_REFUSED);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    assert_success(grant(2, &missing, &e), e);
    assert_int_equal(missing, 0);
    /* For this backup alone, and once. */
    assert_int_equal(discard(ids[1], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    must_discard(ids[0]);
    assert_success(bring_back(ids[0], &e), e);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    end();
}

/* A signature of another key, as somebody may write it into the catalog, is none. */
static void approval_DEL_12_forged(void **state)
{
    struct catalog_approval forged = {.approver = "person-1"};
    struct catalog_approvers all;
    struct error e = ERROR_INIT;
    uint32_t missing = 0, granted = 0, needed = 0;
    int64_t purge_ns = 0;
    (void)state;
    begin();
    make_approvers(&all, 2);
    assert_success(approval_set(w.setup, vault, &all, &e), e);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_success(grant(0, &missing, &e), e);
    struct catalog_request request = newest_request();
    memset(forged.signature, 5, sizeof(forged.signature));
    assert_int_equal(catalog_approval_insert(catalog(), request.id, &forged, &e), 1);
    snprintf(forged.approver, sizeof(forged.approver), "nobody");
    assert_int_equal(catalog_approval_insert(catalog(), request.id, &forged, &e), 1);
    assert_success(approval_count(w.setup, &request, &granted, &needed, &e), e);
    assert_int_equal(granted, 1);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    end();
}

/* A request that waits for too long, or is dropped, is over. */
static void approval_DEL_12_expires(void **state)
{
    struct catalog_approvers all;
    struct catalog_request request;
    struct error e = ERROR_INIT;
    uint32_t missing = 0;
    int64_t purge_ns = 0;
    (void)state;
    begin();
    make_approvers(&all, 1);
    assert_success(approval_set(w.setup, vault, &all, &e), e);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_success(grant(0, &missing, &e), e);
    world_wait(3 * DAY + 1);
    assert_int_equal(discard(ids[0], false, &purge_ns, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    request = newest_request();
    assert_success(approval_cancel(w.setup, request.id, &request, &e), e);
    assert_int_equal(grant(0, &missing, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_REFUSED);
    end();
}

/* Every other way in: the vault, its purge, its mirror, its approvers, a shorter time. */
static void approval_DEL_12_all_ways(void **state)
{
    struct catalog_approvers all, none = {.needed = 0};
    struct error e = ERROR_INIT;
    uint32_t missing = 0;
    (void)state;
    begin();
    assert_success(extend(ids[0], world_now_ns() + 30 * DAY_NS, NULL, &e), e);
    make_approvers(&all, 1);
    assert_success(approval_set(w.setup, vault, &all, &e), e);
    assert_int_equal(approval_set(w.setup, vault, &none, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    assert_int_equal(extend(ids[0], 0, "why not", &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    assert_int_equal(manage_freeze(w.setup, vault, "slowly", 1, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    world_wait(1);
    assert_int_equal(manage_delete(w.setup, vault, &e), -1);
    assert_int_equal(e.code, ERROR_APPROVAL_NEEDED);
    assert_success(grant(1, &missing, &e), e);
    assert_success(manage_delete(w.setup, vault, &e), e);
    end();
}

/* k of n that cannot be. */
static void approval_DEL_12_wrong(void **state)
{
    struct catalog_approvers all;
    struct error e = ERROR_INIT;
    (void)state;
    begin();
    make_approvers(&all, APPROVERS + 1);
    assert_int_equal(approval_set(w.setup, vault, &all, &e), -1);
    assert_int_equal(e.code, ERROR_PARAMETER);
    all.needed = 2;
    memcpy(all.items[1].public_key, all.items[0].public_key, CATALOG_APPROVAL_KEY);
    assert_int_equal(approval_set(w.setup, vault, &all, &e), -1);
    assert_int_equal(e.code, ERROR_PARAMETER);
    end();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(discard_DEL_10_comes_back),
    cmocka_unit_test(discard_DEL_10_goes_for_good),
    cmocka_unit_test(discard_DEL_10_clock),
    cmocka_unit_test(discard_DEL_10_guards),
    cmocka_unit_test(discard_DEL_10_no_parent),
    cmocka_unit_test(discard_DEL_10_broken_off),
    cmocka_unit_test(discard_DEL_10_mirror),
    cmocka_unit_test(extend_RET_15),
    cmocka_unit_test(extend_RET_15_locked),
    cmocka_unit_test(extend_RET_15_in_the_vault),
    cmocka_unit_test(approval_DEL_12_two_of_three),
    cmocka_unit_test(approval_DEL_12_forged),
    cmocka_unit_test(approval_DEL_12_expires),
    cmocka_unit_test(approval_DEL_12_all_ways),
    cmocka_unit_test(approval_DEL_12_wrong),
};

int main(void)
{
    return cmocka_run_group_tests(tests, world_setup, NULL);
}
