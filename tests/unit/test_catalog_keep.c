/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_keep.c - pins, deletions, brakes, what was verified, drills, notices, and what a
 * backup says of its policy.
 */
#include "catalog/keep.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- backups ---- */

static void keep_columns_of_backups(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup backup = make_backup(10, 1, 1), found;
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    must(catalog_backup_insert(c, &backup, &e), &e);
    must(catalog_backup_get(c, backup.vault, backup.id, &found, &e), &e);
    assert_string_equal(found.trigger, "manual");
    assert_string_equal(found.policy, "");
    assert_int_equal(found.slot_ns, 0);
    assert_int_equal(found.expire_ns, 0);
    assert_false(found.full);
    backup = make_backup(10, 1, 2);
    snprintf(backup.trigger, sizeof(backup.trigger), "catch-up");
    snprintf(backup.policy, sizeof(backup.policy), "daily");
    snprintf(backup.consistency, sizeof(backup.consistency), "crash");
    snprintf(backup.consistency_wanted, sizeof(backup.consistency_wanted), "app");
    backup.slot_ns = 11;
    backup.expire_ns = 12;
    backup.full = true;
    must(catalog_backup_insert(c, &backup, &e), &e);
    must(catalog_backup_get(c, backup.vault, backup.id, &found, &e), &e);
    assert_string_equal(found.trigger, "catch-up");
    assert_string_equal(found.policy, "daily");
    assert_string_equal(found.consistency, "crash");
    assert_string_equal(found.consistency_wanted, "app");
    assert_int_equal(found.slot_ns, 11);
    assert_int_equal(found.expire_ns, 12);
    assert_true(found.full);
    char *text = dump_text(c);
    assert_non_null(strstr(text, " trigger=\"catch-up\" policy=\"daily\" slot_ns=11 full=1"
                                 " consistency=\"crash\" consistency_wanted=\"app\""));
    free(text);
    must_be_sound(c);
    catalog_close(c);
}

/* RET-15: what was put off is not undone by reading the vault again. */
static void keep_RET_15_expiry(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup backup = make_backup(10, 1, 1), found;
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    backup.expire_ns = 100;
    must(catalog_backup_insert(c, &backup, &e), &e);
    must(catalog_backup_set_expiry(c, backup.vault, backup.id, 500, &e), &e);
    must(catalog_backup_upsert(c, &backup, &e), &e);
    must(catalog_backup_get(c, backup.vault, backup.id, &found, &e), &e);
    assert_int_equal(found.expire_ns, 500);
    must(catalog_backup_set_expiry(c, backup.vault, backup.id, 0, &e), &e);
    must(catalog_backup_get(c, backup.vault, backup.id, &found, &e), &e);
    assert_int_equal(found.expire_ns, 0);
    must_fail(catalog_backup_set_expiry(c, backup.vault, "0123456789abcdef", 1, &e),
              ERROR_NO_BACKUP, "not in the catalog", &e);
    catalog_close(c);
}

/* ---- pins ---- */

static struct catalog_pin make_pin(enum catalog_pin_kind kind, const char *owner)
{
    struct catalog_backup backup = make_backup(10, 1, 1);
    struct catalog_pin pin = {.kind = kind};

    memcpy(pin.vault, backup.vault, sizeof(pin.vault));
    memcpy(pin.backup, backup.id, sizeof(pin.backup));
    snprintf(pin.owner, sizeof(pin.owner), "%s", owner);
    snprintf(pin.reason, sizeof(pin.reason), "because of %s", owner);
    return pin;
}

static int append_pin(void *context, const struct catalog_pin *pin, struct error *e)
{
    char *text = context;

    (void)e;
    snprintf(text + strlen(text), 800, "%s:%s:%s ", catalog_pin_kind_name(pin->kind),
             pin->owner, pin->reason);
    return 0;
}

static const char *pins(struct catalog *c, const char *backup)
{
    static char text[4000];
    struct error e = ERROR_INIT;
    uint8_t vault[CATALOG_ID_SIZE];

    make_id(10, vault);
    text[0] = '\0';
    must(catalog_pin_list(c, vault, backup, append_pin, text, &e), &e);
    return text;
}

/* A process of its own that pins and dies. */
static void pin_and_die(void)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        struct error e = ERROR_INIT;
        struct catalog *c = NULL;
        struct catalog_pin pin = make_pin(CATALOG_PIN_JOB, "dead");
        _exit(catalog_open(scratch_path("s"), 0, &c, &e) == 0 &&
                      catalog_pin_set(c, &pin, &e) == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void keep_pins(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_pin hold = make_pin(CATALOG_PIN_HOLD, ""),
                       job = make_pin(CATALOG_PIN_JOB, "t-1");
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    add_backup(c, 10, 1, 1);
    assert_string_equal(pins(c, NULL), "");
    must(catalog_pin_set(c, &hold, &e), &e);
    assert_true(hold.created_ns > 0);
    int64_t created_ns = hold.created_ns;
    snprintf(hold.reason, sizeof(hold.reason), "another");
    hold.created_ns = 0;
    must(catalog_pin_set(c, &hold, &e), &e);
    assert_int_equal(hold.created_ns, created_ns); /* since it is there */
    must(catalog_pin_set(c, &job, &e), &e);
    assert_string_equal(pins(c, hold.backup), "hold::another job:t-1:because of t-1 ");
    assert_string_equal(pins(c, "0123456789abcdef"), "");
    assert_int_equal(catalog_pin_clear(c, &hold, &e), 1);
    assert_int_equal(catalog_pin_clear(c, &hold, &e), 0);
    assert_string_equal(pins(c, NULL), "job:t-1:because of t-1 ");
    /* With the backup they go, too. */
    must(catalog_backup_bury(c, hold.vault, hold.backup, &e), &e);
    assert_string_equal(pins(c, NULL), "");
    must_be_sound(c);
    catalog_close(c);
}

/* RET-14: a job's pin ends with its process, however that ends. */
static void keep_pins_of_the_dead(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_pin job = make_pin(CATALOG_PIN_JOB, "t-1");
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    catalog_close(c);
    pin_and_die();
    c = open_catalog("s");
    assert_string_equal(pins(c, NULL), "");
    job.kind = CATALOG_PIN_HOLD; /* other kinds are bound to nobody */
    must(catalog_pin_set(c, &job, &e), &e);
    assert_string_equal(pins(c, NULL), "hold:t-1:because of t-1 ");
    catalog_close(c);
}

/* ---- deletions and brakes ---- */

static int append_deletion(void *context, const struct catalog_deletion *row, struct error *e)
{
    char *text = context;

    (void)e;
    snprintf(text + strlen(text), 1000, "%s:%s:%s:%s:%s ", row->backup, row->source_name,
             row->policy, row->rule, row->reason);
    return 0;
}

static void keep_deletions(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_deletion row = {.created_ns = 5, .backup = "00112233aabbccdd"};
    struct error e = ERROR_INIT;
    char text[4000] = "";

    (void)state;
    make_id(10, row.vault); /* rows outlive vaults, and need none */
    snprintf(row.source_name, sizeof(row.source_name), "etc");
    snprintf(row.rule, sizeof(row.rule), "keep-count");
    snprintf(row.reason, sizeof(row.reason), "why");
    must(catalog_deletion_insert(c, &row, &e), &e);
    assert_true(row.number > 0 && row.at_ns > 0);
    snprintf(row.backup, sizeof(row.backup), "99112233aabbccdd");
    snprintf(row.policy, sizeof(row.policy), "daily");
    must(catalog_deletion_insert(c, &row, &e), &e);
    must(catalog_deletion_list(c, NULL, NULL, 0, append_deletion, text, &e), &e);
    assert_string_equal(text, "99112233aabbccdd:etc:daily:keep-count:why "
                              "00112233aabbccdd:etc::keep-count:why ");
    text[0] = '\0';
    must(catalog_deletion_list(c, row.vault, "0011", 0, append_deletion, text, &e), &e);
    assert_string_equal(text, "00112233aabbccdd:etc::keep-count:why ");
    text[0] = '\0';
    must(catalog_deletion_list(c, row.vault, NULL, 1, append_deletion, text, &e), &e);
    assert_string_equal(text, "99112233aabbccdd:etc:daily:keep-count:why ");
    text[0] = '\0';
    must(catalog_deletion_list(c, NULL, "no id", 0, append_deletion, text, &e), &e);
    assert_string_equal(text, "");
    must_be_sound(c);
    catalog_close(c);
}

static void keep_brakes(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_expiry_brake brake = {.braked_ns = 7, .released_ns = 8, .reason = "why"};
    struct error e = ERROR_INIT;
    uint8_t vault[CATALOG_ID_SIZE];

    (void)state;
    add_vault(c, 10, "main");
    make_id(10, vault);
    must(catalog_expiry_brake_set(c, vault, &brake, &e), &e);
    memset(&brake, 0, sizeof(brake));
    must(catalog_expiry_brake_get(c, vault, &brake, &e), &e);
    assert_int_equal(brake.braked_ns, 7);
    assert_int_equal(brake.released_ns, 8);
    assert_string_equal(brake.reason, "why");
    make_id(11, vault);
    must(catalog_expiry_brake_get(c, vault, &brake, &e), &e);
    assert_int_equal(brake.braked_ns, 0);
    assert_string_equal(brake.reason, "");
    catalog_close(c);
}

/* ---- health ---- */

static int append_verified(void *context, const struct catalog_verified *row, struct error *e)
{
    char *text = context;

    (void)e;
    snprintf(text + strlen(text), 100, "%02x:%llu:%lld:%d ", row->object[0],
             (unsigned long long)row->bytes, (long long)row->at_ns, row->whole);
    return 0;
}

static void keep_verified(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_verified one = {.bytes = 5, .at_ns = 6, .whole = true},
                            two = {.bytes = 7, .at_ns = 8};
    struct error e = ERROR_INIT;
    char text[300] = "";
    uint8_t vault[CATALOG_ID_SIZE];

    (void)state;
    add_vault(c, 10, "main");
    make_id(10, vault);
    memset(one.object, 1, sizeof(one.object));
    memset(two.object, 2, sizeof(two.object));
    must(catalog_verified_set(c, vault, &two, &e), &e);
    must(catalog_verified_set(c, vault, &one, &e), &e);
    two.at_ns = 9;
    must(catalog_verified_set(c, vault, &two, &e), &e);
    must(catalog_verified_list(c, vault, append_verified, text, &e), &e);
    assert_string_equal(text, "01:5:6:1 02:7:9:0 ");
    must(catalog_verified_clear(c, vault, one.object, &e), &e);
    text[0] = '\0';
    must(catalog_verified_list(c, vault, append_verified, text, &e), &e);
    assert_string_equal(text, "02:7:9:0 ");
    must(catalog_verified_clear(c, vault, NULL, &e), &e);
    text[0] = '\0';
    must(catalog_verified_list(c, vault, append_verified, text, &e), &e);
    assert_string_equal(text, "");
    catalog_close(c);
}

static int append_drill(void *context, const struct catalog_drill *row, struct error *e)
{
    char *text = context;

    (void)e;
    snprintf(text + strlen(text), 1500, "%lld:%s:%s:%s:%lld:%lld:%llu:%llu:%llu:%02x:%s:%s ",
             (long long)row->number, row->backup, row->policy, row->state,
             (long long)row->started_ns, (long long)row->ended_ns,
             (unsigned long long)row->entries, (unsigned long long)row->bytes,
             (unsigned long long)row->differences, row->digest[31], row->task, row->detail);
    return 0;
}

static void keep_drills(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_drill row = {.backup = "00112233aabbccdd",
                                .policy = "daily",
                                .state = "differs",
                                .started_ns = 1,
                                .ended_ns = 2,
                                .entries = 3,
                                .bytes = 4,
                                .differences = 5,
                                .task = "t-001122334455",
                                .detail = "etc/hosts"};
    struct error e = ERROR_INIT;
    char text[4000] = "";
    uint8_t other[CATALOG_ID_SIZE];

    (void)state;
    make_id(10, row.vault);
    make_id(11, other);
    row.digest[31] = 0xab;
    must(catalog_drill_insert(c, &row, &e), &e);
    assert_int_equal(row.number, 1);
    must(catalog_drill_insert(c, &row, &e), &e);
    must(catalog_drill_list(c, row.vault, 1, append_drill, text, &e), &e);
    assert_string_equal(text, "2:00112233aabbccdd:daily:differs:1:2:3:4:5:ab:"
                              "t-001122334455:etc/hosts ");
    text[0] = '\0';
    must(catalog_drill_list(c, other, 0, append_drill, text, &e), &e);
    assert_string_equal(text, "");
    catalog_close(c);
}

/* ---- notices ---- */

static void keep_notices(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_notice notice = {.event = "backup-failed",
                                    .severity = "error",
                                    .subject = "s",
                                    .body = strdup("one\ntwo"),
                                    .way = "mail",
                                    .due_ns = 50};
    struct catalog_notice found;
    struct error e = ERROR_INIT;
    uint64_t count = 0;

    (void)state;
    must(catalog_notice_insert(c, &notice, &e), &e);
    assert_true(notice.number > 0 && notice.created_ns > 0);
    int64_t first = notice.number;
    notice.due_ns = 40;
    must(catalog_notice_insert(c, &notice, &e), &e);
    must(catalog_notice_count(c, &count, &e), &e);
    assert_int_equal(count, 2);
    assert_int_equal(catalog_notice_next(c, 39, &found, &e), 0);
    assert_int_equal(catalog_notice_next(c, 60, &found, &e), 1);
    assert_int_equal(found.number, notice.number); /* the one that is due longest */
    assert_string_equal(found.body, "one\ntwo");
    assert_string_equal(found.way, "mail");
    catalog_notice_free(&found);
    must(catalog_notice_again(c, notice.number, 70, "no route", &e), &e);
    assert_int_equal(catalog_notice_next(c, 60, &found, &e), 1);
    assert_int_equal(found.number, first);
    catalog_notice_free(&found);
    must(catalog_notice_done(c, first, &e), &e);
    assert_int_equal(catalog_notice_next(c, 80, &found, &e), 1);
    assert_int_equal(found.attempts, 1);
    assert_string_equal(found.error_text, "no route");
    catalog_notice_free(&found);
    catalog_notice_free(&notice);
    catalog_notice_free(NULL);
    must(catalog_notice_count(c, &count, &e), &e);
    assert_int_equal(count, 1);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(keep_columns_of_backups),
    scratch_test(keep_RET_15_expiry),
    scratch_test(keep_pins),
    scratch_test(keep_pins_of_the_dead),
    scratch_test(keep_deletions),
    scratch_test(keep_brakes),
    scratch_test(keep_verified),
    scratch_test(keep_drills),
    scratch_test(keep_notices),
};
UNIT_MAIN(tests)
