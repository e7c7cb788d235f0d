/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_verify.c - checks of a vault at three depths: nothing is found in a sound one, and
 * whatever is damaged or lost is, by name and with the backups that it hurts.
 */
#include "driver/operation.h"
#include "unit.h"
#include "vault/stored.h"
#include "vault/vault_private.h"
#include "vault/verify_private.h"
#include "verify_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void verify_sound(void **state)
{
    struct target_statistics before, after;
    struct findings found;
    struct three t;

    (void)state;
    make_three(&t, true);
    target_statistics(t.p.target, &before);
    for (enum verify_depth d = VERIFY_STRUCTURE; d <= VERIFY_DATA; d++) {
        check(&t.p, d, &found);
        assert_int_equal(found.count, 0);
        assert_int_equal(found.result.backups, 3);
        assert_int_equal(found.progress.objects_done, found.progress.objects_total);
        assert_int_equal(found.progress.bytes_done, found.progress.bytes_total);
    }
    assert_true(found.result.objects == vault_place_count(&t.p, ""));
    assert_true(found.result.chunks >= 3 * MAP_CHUNKS);
    assert_true(found.result.entries > 2 * FILE_COUNT);
    target_statistics(t.p.target, &after);
    assert_int_equal(after.puts, before.puts);
    assert_int_equal(after.removes, before.removes);
    drop_three(&t);
}

static void verify_locked(void **state)
{
    struct findings found;
    struct three t;
    struct error e = ERROR_INIT;

    (void)state;
    make_three(&t, false);
    vault_place_again(&t.p, false, false);
    check(&t.p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.result.backups, 3);
    assert_int_equal(try_check(&t.p, VERIFY_DATA, NULL, &found, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    drop_three(&t);
}

static void verify_missing_pack(void **state)
{
    const struct finding *f;
    struct findings found;
    struct seal_pack pack;
    char name[128], seal[64];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    vault_place_lose(&t.p, name);
    check(&t.p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    f = finding_on(&found, name);
    assert_true(f->fatal);
    assert_int_equal(f->backup_count, 2);
    assert_true(names_backup(f, t.s[0]) && names_backup(f, t.s[1]));
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 3);
    for (int i = 0; i < 2; i++) {
        snprintf(seal, sizeof(seal), "seals/%s", t.s[i]->name);
        f = finding_on(&found, seal);
        assert_true(f->fatal && names_backup(f, t.s[i]));
        assert_non_null(strstr(f->text, "entries cannot be restored"));
        assert_non_null(strstr(f->text, "\"dir/f0"));
    }
    drop_three(&t);
}

static void verify_cut_pack(void **state)
{
    struct findings found;
    struct seal_pack pack;
    char name[128];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    vault_place_cut(&t.p, name, (long)pack.bytes - 4096);
    for (enum verify_depth d = VERIFY_STRUCTURE; d <= VERIFY_DATA; d++) {
        check(&t.p, d, &found);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
    }
    vault_place_cut(&t.p, name, 0);
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(finding_on(&found, name)->backup_count, 2);
    drop_three(&t);
}

/* One bit anywhere in a pack: found by reading it; who needs it is named; others are not. */
static void verify_altered_pack(void **state)
{
    struct findings found;
    struct seal_pack pack;
    char name[128], other[64];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    snprintf(other, sizeof(other), "seals/%s", t.s[2]->name);
    for (int i = 0; i < 9; i++) {
        const long at = i < 4   ? (const long[]){8, 40, 130, 300}[i]
                        : i < 8 ? -(const long[]){1, 12, 31, 5000}[i - 4]
                                : (long)pack.bytes / 2;

        vault_place_flip(&t.p, name, at);
        check(&t.p, VERIFY_STRUCTURE, &found);
        assert_int_equal(found.count, 0);
        check(&t.p, VERIFY_OBJECTS, &found);
        assert_int_equal(found.count, 1);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
        check(&t.p, VERIFY_DATA, &found);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
        for (size_t n = 0; n < found.count; n++)
            assert_string_not_equal(found.all[n].object, other);
        vault_place_flip(&t.p, name, at);
    }
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 0);
    drop_three(&t);
}

/* Every object of every kind, at its start, middle and end. */
static void verify_altered_objects(void **state)
{
    struct error e = ERROR_INIT;
    struct findings found;
    char name[256];
    struct three t;
    size_t count;

    (void)state;
    make_three(&t, false);
    assert_success(vault_backup_delete(t.p.vault, t.s[2], vault_place_writer, "x", &e), e);
    count = vault_place_count(&t.p, "");
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes;

        snprintf(name, sizeof(name), "%s", vault_place_name(&t.p, "", i));
        assert_success(target_stat(t.p.target, name, &bytes, &e), e);
        for (long part = 0; part < 3; part++) {
            long at = part == 0 ? 3 : part == 1 ? (long)bytes / 2 : -1;

            vault_place_flip(&t.p, name, at);
            check(&t.p, VERIFY_OBJECTS, &found);
            assert_int_equal(finding_on(&found, name)->fatal,
                             strncmp(name, "sessions/", 9) != 0);
            vault_place_flip(&t.p, name, at);
        }
    }
    check(&t.p, VERIFY_DATA, &found);
    assert_int_equal(found.count, 0);
    drop_three(&t);
}

static void verify_lost_seal(void **state)
{
    struct findings found;
    char name[128], next[64];
    struct three t;

    (void)state;
    for (int cached = 0; cached < 2; cached++) {
        make_three(&t, cached);
        snprintf(name, sizeof(name), "seals/%s", t.s[1]->name);
        snprintf(next, sizeof(next), "seals/%s", t.s[2]->name);
        vault_place_lose(&t.p, name);
        check(&t.p, VERIFY_STRUCTURE, &found);
        assert_int_equal(found.count, 1 + cached);
        assert_non_null(strstr(found.all[cached].text, "a seal is missing"));
        assert_non_null(strstr(found.all[cached].text, next));
        assert_true(found.all[cached].fatal);
        if (cached) /* the copy of an earlier listing tells its name */
            assert_true(finding_on(&found, name)->fatal);
        drop_three(&t);
    }
}

/* The newest seal has none behind it: only who saw it before can tell. */
static void verify_rolled_back(void **state)
{
    struct findings found;
    char name[128];
    struct three t;

    (void)state;
    make_three(&t, true);
    snprintf(name, sizeof(name), "seals/%s", t.s[2]->name);
    vault_place_lose(&t.p, name);
    check(&t.p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.all[0].object, name);
    drop_three(&t);
}

/* Deleted is deleted, also when the seal could not be removed, and whatever it needed. */
static void verify_deleted_backup(void **state)
{
    CLEANUP_BUFFER struct buffer seal = BUFFER_INIT;
    struct findings found;
    struct error e = ERROR_INIT;
    struct three t;
    char name[64];

    (void)state;
    make_three(&t, true);
    snprintf(name, sizeof(name), "seals/%s", t.s[1]->name);
    assert_success(stored_read(t.p.target, name, 1 << 20, &seal, &e), e);
    assert_success(vault_backup_delete(t.p.vault, t.s[1], vault_place_writer, "x", &e), e);
    for (int i = 0; i < 2; i++) {
        check(&t.p, VERIFY_DATA, &found);
        assert_int_equal(found.count, 0);
        assert_int_equal(found.result.backups, 2);
        if (i == 0)
            vault_place_plant(&t.p, name, seal.data, seal.size);
    }
    drop_three(&t);
}

static void count_finding(void *context, const struct verify_finding *finding)
{
    (void)finding;
    ++*(unsigned *)context;
}

/* What is deleted between the listing and the look at it is no loss; what vanishes then is. */
static void verify_beside_deletion(void **state)
{
    unsigned found = 0;
    const struct verify_request request = {.context = &found, .found = count_finding};
    struct error e = ERROR_INIT;
    struct three t;
    char name[64];

    (void)state;
    for (int lost = 0; lost < 2; lost++) {
        make_three(&t, true);
        struct verify c = {
            .vault = t.p.vault, .request = &request, .lock = PTHREAD_MUTEX_INITIALIZER};
        assert_success(seal_scan_list(t.p.vault, &c.scan, &e), e);
        assert_int_equal(c.scan.count, 3);
        snprintf(name, sizeof(name), "seals/%s", t.s[1]->name);
        if (lost)
            vault_place_lose(&t.p, name);
        else
            assert_success(vault_backup_delete(t.p.vault, t.s[1], vault_place_writer, "x", &e),
                           e);
        assert_success(verify_seals(&c, &e), e);
        assert_int_equal(found > 0, lost);
        assert_int_equal(c.seal_count, 2);
        free(c.seals);
        seal_scan_free(&c.scan);
        drop_three(&t);
    }
}

static void verify_misplaced_session(void **state)
{
    static const char other[] = "sessions/00000000/00000000000000000000000000000000";
    CLEANUP_BUFFER struct buffer session = BUFFER_INIT;
    struct findings found;
    struct error e = ERROR_INIT;
    struct three t;

    (void)state;
    make_three(&t, false);
    assert_success(
        stored_read(t.p.target, vault_place_name(&t.p, "sessions/", 0), 1 << 16, &session, &e),
        e);
    vault_place_plant(&t.p, other, session.data, session.size);
    check(&t.p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    assert_false(finding_on(&found, other)->fatal);
    drop_three(&t);
}

static void verify_foreign_names(void **state)
{
    struct findings found;
    struct three t;

    (void)state;
    make_three(&t, false);
    vault_place_plant(&t.p, "readme.txt", "x", 1);
    vault_place_plant(&t.p, "packs/00/x", "x", 1);
    check(&t.p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.result.damaged, 0);
    assert_int_equal(found.result.warnings, 2);
    assert_false(finding_on(&found, "readme.txt")->fatal);
    assert_false(finding_on(&found, "packs/00/x")->fatal);
    vault_place_lose(&t.p, "readme.txt");
    vault_place_lose(&t.p, "packs/00/x");
    drop_three(&t);
}

/* What a creation leaves that was broken off and tried again. */
static void verify_slots_of_no_vault(void **state)
{
    struct findings found;
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    vault_place_lose(&p, "conf/00000001");
    assert_success(vault_place_create(&p, &e), e);
    vault_place_again(&p, false, true);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.result.damaged, 0);
    assert_int_equal(found.result.warnings, 2);
    assert_non_null(strstr(finding_on(&found, "keys/")->text, "slot of no vault"));
    vault_place_close(&p);
}

/* A whole and authentic pack under the name of another. */
static void verify_exchanged_pack(void **state)
{
    CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
    struct findings found;
    struct error e = ERROR_INIT;
    struct seal_pack pack;
    char name[128], other[128];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    for (size_t i = 0; i < t.s[2]->pack_count; i++)
        if (t.s[2]->packs[i].bytes > (64 << 10))
            pack_name(&t.s[2]->packs[i], other);
    assert_success(stored_read(t.p.target, other, 64 << 20, &bytes, &e), e);
    vault_place_lose(&t.p, name);
    vault_place_plant(&t.p, name, bytes.data, bytes.size);
    for (enum verify_depth d = VERIFY_OBJECTS; d <= VERIFY_DATA; d++) {
        check(&t.p, d, &found);
        assert_int_equal(finding_on(&found, name)->backup_count, 2);
    }
    drop_three(&t);
}

static void verify_missing_roll(void **state)
{
    struct findings found;
    struct vault_place p;
    struct error e = ERROR_INIT;
    struct seal_pack packs[2];
    struct seal *s;
    struct vault_writer w;
    char name[128];

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    packs[0] = vault_place_pack(&p, "some text", 20000);
    packs[1] = vault_place_pack(&p, "other text", 20000);
    if (memcmp(packs[0].hash, packs[1].hash, 32) > 0) {
        struct seal_pack first = packs[1];

        packs[1] = packs[0];
        packs[0] = first;
    }
    s = vault_place_draft("x", packs, 1);
    s->rolls = calloc(1, 32);
    s->roll_count = 1;
    assert_success(roll_write(p.vault, packs, 2, s->rolls[0], &e), e);
    assert_success(vault_writer(p.vault, vault_place_writer, &w, &e), e);
    assert_success(seal_write(p.vault, s, &w, &e), e);
    check(&p, VERIFY_OBJECTS, &found);
    assert_int_equal(found.count, 0);
    pack_name(&packs[1], name); /* that only the roll names */
    vault_place_flip(&p, name, 100);
    check(&p, VERIFY_OBJECTS, &found);
    assert_int_equal(finding_on(&found, name)->backup_count, 1);
    vault_place_flip(&p, name, 100);
    snprintf(name, sizeof(name), "%s", vault_place_name(&p, "rolls/", 0));
    vault_place_flip(&p, name, 20);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_true(names_backup(finding_on(&found, name), s));
    vault_place_lose(&p, name);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_true(names_backup(finding_on(&found, name), s));
    seal_free(s);
    vault_place_close(&p);
}

static void verify_one_backup(void **state)
{
    struct findings found;
    struct error e = ERROR_INIT;
    struct seal_pack pack;
    char name[128];
    struct three t;

    (void)state;
    make_three(&t, false);
    shared_pack(&t, name, &pack);
    vault_place_flip(&t.p, name, 300);
    check_one(&t.p, VERIFY_DATA, t.s[2]->id, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.result.backups, 1);
    check_one(&t.p, VERIFY_DATA, t.s[0]->id, &found);
    assert_int_equal(finding_on(&found, name)->backup_count, 1);
    assert_int_equal(try_check(&t.p, VERIFY_DATA, "0000000000000000", &found, &e), -1);
    assert_int_equal(e.code, ERROR_NO_BACKUP);
    assert_int_equal(try_check(&t.p, VERIFY_DATA, "", &found, &e), -1);
    assert_int_equal(e.code, ERROR_AMBIGUOUS);
    drop_three(&t);
}

/* Being stopped is no finding. */
static void verify_interrupted(void **state)
{
    struct findings found;
    struct error e = ERROR_INIT;
    struct three t;

    (void)state;
    make_three(&t, false);
    operation_cancel_all();
    assert_int_equal(try_check(&t.p, VERIFY_OBJECTS, NULL, &found, &e), -1);
    assert_int_equal(e.code, ERROR_INTERRUPTED);
    assert_int_equal(found.count, 0);
    operation_cancel_reset();
    drop_three(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_sound),
        cmocka_unit_test(verify_locked),
        cmocka_unit_test(verify_missing_pack),
        cmocka_unit_test(verify_cut_pack),
        cmocka_unit_test(verify_altered_pack),
        cmocka_unit_test(verify_altered_objects),
        cmocka_unit_test(verify_lost_seal),
        cmocka_unit_test(verify_rolled_back),
        cmocka_unit_test(verify_deleted_backup),
        cmocka_unit_test(verify_beside_deletion),
        cmocka_unit_test(verify_misplaced_session),
        cmocka_unit_test(verify_foreign_names),
        cmocka_unit_test(verify_slots_of_no_vault),
        cmocka_unit_test(verify_exchanged_pack),
        cmocka_unit_test(verify_missing_roll),
        cmocka_unit_test(verify_one_backup),
        cmocka_unit_test(verify_interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
