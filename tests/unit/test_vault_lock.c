/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_lock.c - the lock on a vault's backups: what counts of all its records, whatever
 * happens to them, to the clocks and to the machine (VLT-20 to VLT-24, RET-15). */
#include "lock_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse_set(struct vault_place *p, enum vault_lock_mode mode, uint32_t least,
                       uint32_t most, int code)
{
    const struct vault_lock lock = wish(mode, least, most);
    struct error e = ERROR_INIT;

    assert_int_equal(vault_lock_set(p->vault, &lock, &e), -1);
    assert_int_equal(e.code, code);
}

static void refuse_delete(struct vault_place *p, const struct seal *s, int code)
{
    struct error e = ERROR_INIT;

    assert_int_equal(vault_backup_delete(p->vault, s, vault_place_writer, "", &e), -1);
    assert_int_equal(e.code, code);
    assert_null(strchr(e.text, '\n'));
    assert_true(place_has(p, seal_object(s)));
    assert_int_equal(vault_lock_allows_purge(p->vault, &e), -1);
    assert_int_equal(e.code, code);
}

static void delete_now(struct vault_place *p, const struct seal *s)
{
    struct error e = ERROR_INIT;

    assert_success(vault_backup_delete(p->vault, s, vault_place_writer, "", &e), e);
    assert_false(place_has(p, seal_object(s)));
}

static void refuse_lift(struct vault_place *p, const char *part)
{
    struct error e = ERROR_INIT;

    assert_int_equal(vault_lock_lift(p->vault, &e), -1);
    assert_int_equal(e.code, ERROR_LOCK_STATE);
    if (strstr(e.text, part) == NULL)
        fail_msg("'%s' has no '%s'", e.text, part);
}

static void lift(struct vault_place *p)
{
    struct error e = ERROR_INIT;

    assert_success(vault_lock_lift(p->vault, &e), e);
}

/* ---- what holds ---- */

/* VLT-20: nothing goes before its time, and then it goes. */
static void lock_holds_until(void **state)
{
    struct seal *old, *young;
    struct vault_place p;
    struct error e = ERROR_INIT;
    int64_t until = -1;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    expect_lock(&p, VAULT_LOCK_NONE, 0, 0);
    old = vault_place_seal(&p, "old", NULL, 0);
    pass(10 * DAY);
    young = vault_place_seal(&p, "young", NULL, 0);
    assert_success(vault_lock_allows_purge(p.vault, &e), e);
    set(&p, VAULT_LOCK_GOVERNANCE, 30, 0);
    expect_lock(&p, VAULT_LOCK_GOVERNANCE, 30, 0);
    refuse_delete(&p, old, ERROR_BACKUP_LOCKED);
    pass(20 * DAY - 1);
    refuse_delete(&p, old, ERROR_BACKUP_LOCKED);
    assert_success(vault_lock_until(p.vault, old, &until, &e), e);
    assert_int_equal(until, T0 + 30 * DAY);
    pass(1);
    assert_success(vault_lock_until(p.vault, old, &until, &e), e);
    assert_int_equal(until, 0);
    delete_now(&p, old);
    refuse_delete(&p, young, ERROR_BACKUP_LOCKED);
    pass(10 * DAY);
    assert_success(vault_lock_allows_purge(p.vault, &e), e);
    delete_now(&p, young);
    seal_free(old);
    seal_free(young);
    vault_place_close(&p);
}

/* A seal that is damaged may be mended some day: it counts by its name. */
static void lock_holds_damaged_seals(void **state)
{
    struct vault_place p;
    struct error e = ERROR_INIT;
    struct seal *s;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    s = vault_place_seal(&p, "one", NULL, 0);
    set(&p, VAULT_LOCK_GOVERNANCE, 1, 0);
    vault_place_flip(&p, seal_object(s), 60);
    assert_int_equal(vault_lock_allows_purge(p.vault, &e), -1);
    assert_int_equal(e.code, ERROR_BACKUP_LOCKED);
    pass(DAY + HOUR);
    assert_success(vault_lock_allows_purge(p.vault, &e), e);
    vault_place_plant(&p, "seals/99991231t235959z-0123456789abcdef", "x", 1);
    assert_int_equal(vault_lock_allows_purge(p.vault, &e), -1);
    seal_free(s);
    vault_place_close(&p);
}

/* ---- set, extended, lifted ---- */

/* VLT-23, RET-15: only ever extended. */
static void lock_only_extends(void **state)
{
    struct vault_place p;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    refuse_set(&p, VAULT_LOCK_NONE, 1, 0, ERROR_PARAMETER);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 0, 0, ERROR_PARAMETER);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 100000, 0, ERROR_PARAMETER);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 10, 9, ERROR_PARAMETER);
    set(&p, VAULT_LOCK_GOVERNANCE, 10, 0);
    set(&p, VAULT_LOCK_GOVERNANCE, 10, 0); /* the same: no record */
    assert_int_equal(vault_place_count(&p, "locks/0"), 1);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 9, 0, ERROR_LOCK_SHORTER);
    set(&p, VAULT_LOCK_GOVERNANCE, 10, 400);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 10, 401, ERROR_LOCK_SHORTER);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 10, 0, ERROR_LOCK_SHORTER);
    set(&p, VAULT_LOCK_GOVERNANCE, 20, 300);
    set(&p, VAULT_LOCK_COMPLIANCE, 20, 300);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 99, 300, ERROR_LOCK_SHORTER);
    expect_lock(&p, VAULT_LOCK_COMPLIANCE, 20, 300);
    vault_place_again(&p, false, false);
    expect_lock(&p, VAULT_LOCK_COMPLIANCE, 20, 300);
    refuse_set(&p, VAULT_LOCK_COMPLIANCE, 30, 300, ERROR_LOCKED);
    vault_place_close(&p);
}

/* VLT-23: governance is set with a recovery key, and that one lifts it. */
static void lock_governance(void **state)
{
    struct vault_slot_request another = {.kind = VAULT_SLOT_RECOVERY, .label = "another"};
    uint8_t key[32];
    char id[33];
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    another.recovery_key = key;
    vault_place_open(&p, "tgt_mem", false);
    open_by_passphrase(&p);
    refuse_set(&p, VAULT_LOCK_GOVERNANCE, 10, 0, ERROR_LOCK_STATE);
    refuse_lift(&p, "no lock");
    vault_place_again(&p, false, true);
    set(&p, VAULT_LOCK_GOVERNANCE, 10, 0);
    open_by_passphrase(&p);
    set(&p, VAULT_LOCK_GOVERNANCE, 20, 0); /* extended by whoever may write */
    refuse_lift(&p, "give --recovery-key");
    /* A recovery key that came later is another one. */
    assert_success(vault_slot_add(p.vault, &another, id, &e), e);
    vault_place_again(&p, false, false);
    assert_success(vault_unlock_recovery(p.vault, key, &e), e);
    refuse_lift(&p, "another recovery key");
    expect_lock(&p, VAULT_LOCK_GOVERNANCE, 20, 0);
    vault_place_again(&p, false, true);
    lift(&p);
    expect_lock(&p, VAULT_LOCK_NONE, 0, 0);
    refuse_lift(&p, "no lock");
    set(&p, VAULT_LOCK_GOVERNANCE, 5, 0); /* after a lift it begins anew */
    expect_lock(&p, VAULT_LOCK_GOVERNANCE, 5, 0);
    vault_place_close(&p);
}

/* VLT-23: whoever may write lifts it for 72 hours, and then nobody. */
static void lock_compliance(void **state)
{
    struct vault_lock early = wish(VAULT_LOCK_COMPLIANCE, 30, 0), lock;
    struct vault_place p;
    struct error e = ERROR_INIT;
    int64_t ignored;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    open_by_passphrase(&p);
    early.effective_ns = wall_ns + VAULT_LOCK_COOLING_NS - 1;
    assert_int_equal(vault_lock_set(p.vault, &early, &e), -1);
    assert_int_equal(e.code, ERROR_LOCK_STATE);
    set(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    assert_int_equal(vault_lock_read(p.vault, &lock, &e), 1);
    assert_int_equal(lock.effective_ns, T0 + VAULT_LOCK_COOLING_NS);
    pass(VAULT_LOCK_COOLING_NS - 1);
    lift(&p);
    expect_lock(&p, VAULT_LOCK_NONE, 0, 0);
    set(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    pass(VAULT_LOCK_COOLING_NS);
    vault_place_again(&p, false, true);
    refuse_lift(&p, "nobody lifts it");
    expect_lock(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    /* What is added to it has its own 72 hours, and what was there stays in force. */
    assert_success(vault_lock_time(p.vault, &ignored, &e), e);
    set(&p, VAULT_LOCK_COMPLIANCE, 60, 0);
    lift(&p);
    expect_lock(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    vault_place_close(&p);
}

/* Sets the clocks of a lock that is in force back, by clock and by a forged record. */
static void lock_backdated_lift(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct lock_record r = {.kind = LOCK_LIFT, .generation = 9, .made_ns = T0 + HOUR};
    struct vault_place p;
    struct error e = ERROR_INIT;
    int64_t ignored;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    set(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    pass(VAULT_LOCK_COOLING_NS + HOUR);
    assert_success(vault_lock_time(p.vault, &ignored, &e), e); /* notes that it is in force */
    wall_ns = T0 + HOUR;
    refuse_lift(&p, "nobody lifts it");
    assert_success(
        lock_encode(&r, vault_settings(p.vault)->uuid, vault_keys(p.vault), &object, &e), e);
    vault_place_plant(&p, "locks/00000009", object.data, object.size);
    expect_lock(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    vault_place_close(&p);
}

/* VLT-23: while there is a lock, the keys that read what it holds stay. */
static void lock_keeps_recovery_keys(void **state)
{
    struct vault_place p;
    struct error e = ERROR_INIT;
    char first[33], second[33];

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    snprintf(first, sizeof(first), "%.32s", vault_place_name(&p, "keys/", 0) + strlen("keys/"));
    snprintf(second, sizeof(second), "%.32s",
             vault_place_name(&p, "keys/", 1) + strlen("keys/"));
    set(&p, VAULT_LOCK_GOVERNANCE, 10, 0);
    /* One of both is the passphrase, which may go; the other stays. */
    int gone = (vault_slot_remove(p.vault, first, &e) == 0) +
               (vault_slot_remove(p.vault, second, &e) == 0);
    assert_int_equal(gone, 1);
    assert_int_equal(vault_place_count(&p, "keys/"), 1);
    vault_place_again(&p, false, true);
    vault_place_close(&p);
}

/* ---- damage and forgery ---- */

/* Records that are damaged hold what they may have held, until a newer one is genuine. */
static void lock_damaged(void **state)
{
    struct vault_place p;
    struct seal *s;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    s = vault_place_seal(&p, "one", NULL, 0);
    set(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    set(&p, VAULT_LOCK_COMPLIANCE, 60, 0);
    vault_place_flip(&p, "locks/00000001", 70);
    expect_lock(&p, VAULT_LOCK_COMPLIANCE, 60, 0);
    refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
    vault_place_flip(&p, "locks/00000002", -1);
    expect_lock(&p, VAULT_LOCK_NONE, 0, 0);
    refuse_delete(&p, s, ERROR_LOCK_STATE);
    refuse_lift(&p, "nothing is lifted");
    pass(1000 * DAY);
    refuse_delete(&p, s, ERROR_LOCK_STATE);
    set(&p, VAULT_LOCK_COMPLIANCE, 2000, 0);
    expect_lock(&p, VAULT_LOCK_COMPLIANCE, 2000, 0);
    refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
    /* A mark is of no account but for the time. */
    vault_place_cut(&p, vault_place_name(&p, "locks/8", 0), 10);
    refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
    seal_free(s);
    vault_place_close(&p);
}

static void keep(struct vault_place *p, const char *name, struct buffer *data)
{
    struct error e = ERROR_INIT;

    assert_success(target_get_all(p->target, name, 1 << 20, data, &e), e);
}

/* Who can write to the storage and has no key. */
static void lock_forged(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT, foreign = BUFFER_INIT;
    struct vault_place p, other;
    struct findings found;
    struct seal *s;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    vault_place_open(&other, "tgt_dir", false);
    s = vault_place_seal(&p, "one", NULL, 0);
    set(&p, VAULT_LOCK_GOVERNANCE, 30, 0);
    set(&other, VAULT_LOCK_GOVERNANCE, 30, 0);
    lift(&other);
    keep(&p, "locks/00000001", &object);
    keep(&other, "locks/00000002", &foreign);
    vault_place_plant(&p, "locks/00000002", foreign.data, foreign.size);
    vault_place_plant(&p, "locks/00000003", object.data, object.size);
    vault_place_plant(&p, "locks/7fffffff", "junk", 4);
    expect_lock(&p, VAULT_LOCK_GOVERNANCE, 30, 0);
    refuse_delete(&p, s, ERROR_LOCK_STATE);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 3);
    assert_true(finding_on(&found, "locks/00000002")->fatal);
    set(&p, VAULT_LOCK_GOVERNANCE, 40, 0);
    expect_lock(&p, VAULT_LOCK_GOVERNANCE, 40, 0);
    seal_free(s);
    vault_place_close(&other);
    vault_place_close(&p);
}

/* A record of a newer program may hold more than this one knows. */
static void lock_newer(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct lock_record r = {
        .kind = LOCK_SET, .generation = 1, .made_ns = T0, .mode = 3, .least_days = 30};
    struct vault_place p;
    struct error e = ERROR_INIT;
    struct seal *s;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    s = vault_place_seal(&p, "one", NULL, 0);
    assert_success(
        lock_encode(&r, vault_settings(p.vault)->uuid, vault_keys(p.vault), &object, &e), e);
    vault_place_plant(&p, "locks/00000001", object.data, object.size);
    refuse_delete(&p, s, ERROR_LOCK_STATE);
    set(&p, VAULT_LOCK_GOVERNANCE, 1, 0);
    refuse_delete(&p, s, ERROR_LOCK_STATE);
    seal_free(s);
    vault_place_close(&p);
}

/* ---- clocks ---- */

/* 50 years ahead, back again, 50 years behind: nothing goes early, and it goes in time. */
static void lock_clock_jumps(void **state)
{
    struct vault_place p;
    struct seal *s;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    s = vault_place_seal(&p, "one", NULL, 0);
    set(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    for (int i = 0; i < 29; i++) {
        pass(DAY);
        wall_ns += 50 * 365 * DAY;
        refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
        wall_ns -= 100 * 365 * DAY;
        refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
        wall_ns += 50 * 365 * DAY;
        refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
        assert_int_equal(time_now(&p), wall_ns);
    }
    pass(DAY);
    delete_now(&p, s);
    seal_free(s);
    vault_place_close(&p);
}

/* A lock that was set by a clock that was ahead is no weaker when the clock is right. */
static void lock_set_by_wrong_clock(void **state)
{
    struct vault_place p;
    struct seal *s;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    s = vault_place_seal(&p, "one", NULL, 0);
    wall_ns += 50 * 365 * DAY;
    set(&p, VAULT_LOCK_COMPLIANCE, 30, 0);
    wall_ns -= 50 * 365 * DAY;
    pass(DAY);
    refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
    seal_free(s);
    vault_place_close(&p);
}

/* Time that no boot clock has counted does not count; what was counted in each boot does. */
static void lock_restarts(void **state)
{
    char id[16];
    struct vault_place p;
    struct seal *s;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    s = vault_place_seal(&p, "one", NULL, 0);
    set(&p, VAULT_LOCK_GOVERNANCE, 30, 0);
    restart("boot-2", 1000 * DAY);
    refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
    assert_int_equal(time_now(&p), T0);
    for (int i = 3; i < 33; i++) {
        pass(DAY);
        assert_int_equal(time_now(&p), T0 + (i - 2) * DAY);
        if (i < 32)
            refuse_delete(&p, s, ERROR_BACKUP_LOCKED);
        else
            delete_now(&p, s);
        snprintf(id, sizeof(id), "boot-%d", i);
        restart(id, DAY);
        time_now(&p);
    }
    seal_free(s);
    vault_place_close(&p);
}

/* Two machines with different boot clocks: neither makes the other's time go faster. */
static void lock_two_machines(void **state)
{
    struct vault_place p;
    int64_t first = boot_ns, second = 400 * DAY;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    set(&p, VAULT_LOCK_GOVERNANCE, 30, 0);
    for (int i = 0; i < 100; i++) {
        wall_ns += HOUR;
        first += HOUR;
        second += HOUR;
        boot_ns = i % 2 == 0 ? second : first;
        other_machine(i % 2 == 0 ? "second" : "first");
        int64_t now = time_now(&p);
        assert_true(now <= wall_ns);
        assert_true(i < 1 || now >= wall_ns - 2 * HOUR);
    }
    vault_place_close(&p);
}

/* Marks: at most one an hour, one for each of the last boots; records of the lock stay. */
static void lock_marks(void **state)
{
    char id[16];
    struct vault_place p;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    set(&p, VAULT_LOCK_GOVERNANCE, 30, 0);
    assert_string_equal(vault_place_name(&p, "locks/8", 0), "locks/80000000");
    pass(HOUR - 1);
    time_now(&p);
    assert_string_equal(vault_place_name(&p, "locks/8", 0), "locks/80000000");
    pass(1);
    time_now(&p);
    assert_int_equal(vault_place_count(&p, "locks/8"), 1);
    assert_string_equal(vault_place_name(&p, "locks/8", 0), "locks/80000001");
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "again-%d", i);
        restart(id, HOUR);
        time_now(&p);
        pass(2 * HOUR);
        time_now(&p);
    }
    assert_int_equal(vault_place_count(&p, "locks/8"), 16);
    assert_int_equal(vault_place_count(&p, "locks/0"), 1);
    assert_int_equal(time_now(&p), T0 + HOUR + 40 * 2 * HOUR);
    /* A locked vault knows the time, and writes none. */
    vault_place_again(&p, false, false);
    pass(5 * HOUR);
    assert_int_equal(time_now(&p), T0 + HOUR + 40 * 2 * HOUR + 5 * HOUR);
    assert_int_equal(vault_place_count(&p, "locks/8"), 16);
    vault_place_close(&p);
}

/* ---- VLT-24 ---- */

static void lock_admits(void **state)
{
    static const struct {
        const char *what;
        uint32_t least, most;
        int64_t retention_ns;
        int code; /* 0 = admitted */
    } rows[] = {
        {"VLT-24 within", 10, 20, 15 * DAY, 0},
        {"VLT-24 the least", 10, 20, 10 * DAY, 0},
        {"VLT-24 below the least", 10, 20, 10 * DAY - 1, ERROR_LOCK_RETENTION},
        {"VLT-24 the most", 10, 20, 20 * DAY, 0},
        {"VLT-24 above the most", 10, 20, 20 * DAY + 1, ERROR_LOCK_RETENTION},
        {"VLT-24 without end", 10, 20, 0, ERROR_LOCK_RETENTION},
        {"VLT-24 without end, any", 10, 0, 0, 0},
        {"VLT-24 long, any", 10, 0, INT64_MAX, 0},
        {"VLT-24 the longest", 99999, 99999, 99999 * DAY, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct vault_lock lock = wish(VAULT_LOCK_GOVERNANCE, rows[i].least, rows[i].most);
        const struct vault_lock none = wish(VAULT_LOCK_NONE, 0, 0);
        struct error e = ERROR_INIT;
        int result = vault_lock_admits(&lock, rows[i].retention_ns, &e);

        if (result != (rows[i].code == 0 ? 0 : -1) || (int)e.code != rows[i].code)
            fail_msg("%s: %d %s", rows[i].what, result, e.text);
        assert_int_equal(vault_lock_admits(&none, rows[i].retention_ns, &e), 0);
    }
    assert_string_equal(vault_lock_mode_name(VAULT_LOCK_COMPLIANCE), "compliance");
    assert_string_equal(vault_lock_mode_name((enum vault_lock_mode)9), "unknown");
    assert_int_equal(vault_lock_mode_parse("governance"), VAULT_LOCK_GOVERNANCE);
    assert_int_equal(vault_lock_mode_parse("strict"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lock_holds_until),
        CASE(lock_holds_damaged_seals),
        CASE(lock_only_extends),
        CASE(lock_governance),
        CASE(lock_compliance),
        CASE(lock_backdated_lift),
        CASE(lock_keeps_recovery_keys),
        CASE(lock_damaged),
        CASE(lock_forged),
        CASE(lock_newer),
        CASE(lock_clock_jumps),
        CASE(lock_set_by_wrong_clock),
        CASE(lock_restarts),
        CASE(lock_two_machines),
        CASE(lock_marks),
        CASE(lock_admits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
