/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_compare.c - two copies of a vault side by side: equality is proved by roots
 * (MIR-31), damage is found and mended in both directions (INT-02), and neither deletion nor
 * corruption is ever carried over.
 */
#include "copy_fixture.h"
#include "crypto/hash.h"
#include "engine/compare.h"
#include "unit.h"
#include "vault/name.h"
#include "vault/note.h"
#include "vault/roll.h"
#include "vault/vault_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a comparison has told. */
struct told {
    size_t count;
    struct {
        char object[128];
        enum compare_kind kind;
        bool fatal, mended;
        size_t backups;
        char text[ERROR_TEXT_SIZE], failure[ERROR_TEXT_SIZE];
    } all[64];
    struct compare_result result;
    struct verify_progress progress;
};

static void keep(void *context, const struct compare_finding *f)
{
    struct told *t = context;

    assert_true(t->count < 64);
    assert_int_not_equal(f->why.error_class, LAGAN_OK);
    snprintf(t->all[t->count].object, 128, "%s", f->object);
    t->all[t->count].kind = f->kind;
    t->all[t->count].fatal = f->fatal;
    t->all[t->count].mended = f->mended;
    t->all[t->count].backups = f->backup_count;
    snprintf(t->all[t->count].text, ERROR_TEXT_SIZE, "%s", f->why.text);
    snprintf(t->all[t->count].failure, ERROR_TEXT_SIZE, "%s", f->failure.text);
    t->count++;
}

static void keep_progress(void *context, const struct verify_progress *progress)
{
    struct told *t = context;

    assert_true(progress->objects_done <= progress->objects_total);
    assert_true(progress->bytes_done <= progress->bytes_total);
    t->progress = *progress;
}

static int try_compare(struct vault *source, struct vault *mirror, enum verify_depth depth,
                       bool repair, struct told *told, struct error *e)
{
    const struct compare_request request = {.source = source,
                                            .mirror = mirror,
                                            .depth = depth,
                                            .parallel = 2,
                                            .repair = repair,
                                            .context = told,
                                            .found = keep,
                                            .progress = keep_progress};

    *told = (struct told){.count = 0};
    return compare_vaults(&request, &told->result, e);
}

static void compare(struct copies *c, enum verify_depth depth, bool repair, struct told *told)
{
    struct error e = ERROR_INIT;
    uint64_t found = 0;

    assert_success(try_compare(c->t.p.vault, c->mirror.vault, depth, repair, told, &e), e);
    for (int i = 0; i < COMPARE_KIND_COUNT; i++)
        found += told->result.found[i];
    assert_int_equal(found, told->count);
}

static void show(const struct told *told)
{
    for (size_t i = 0; i < told->count; i++)
        print_error("%s: %s: %s; mended %d %s\n", compare_kind_name(told->all[i].kind),
                    told->all[i].object, told->all[i].text, told->all[i].mended,
                    told->all[i].failure);
}

static void expect_equal(struct copies *c)
{
    struct told told;

    compare(c, VERIFY_OBJECTS, false, &told);
    show(&told);
    assert_true(told.result.equal);
    assert_int_equal(told.count, 0);
    assert_memory_equal(told.result.root[0], told.result.root[1], 32);
}

/* Fails unless the comparison tells exactly this, of an object whose name starts so. */
static void expect(const struct told *told, enum compare_kind kind, const char *object,
                   bool mended)
{
    if (told->count != 1 || told->all[0].kind != kind || told->all[0].mended != mended ||
        strncmp(told->all[0].object, object, strlen(object)) != 0) {
        print_error("not only %s on %s\n", compare_kind_name(kind), object);
        show(told);
        fail();
    }
}

static void make_equal(struct copies *c)
{
    copies_make(c);
    copies_copy_all(c);
}

static void mir_31_equal_roots(void **state)
{
    uint8_t root[32];
    struct told told;
    struct copies c;

    (void)state;
    make_equal(&c);
    compare(&c, VERIFY_STRUCTURE, false, &told);
    assert_true(told.result.equal);
    assert_int_equal(told.count, 0);
    assert_int_equal(told.result.backups, 3);
    memcpy(root, told.result.root[0], 32);
    compare(&c, VERIFY_OBJECTS, false, &told);
    assert_memory_equal(told.result.root[0], root, 32);
    assert_memory_equal(told.result.root[1], root, 32);
    assert_int_equal(told.progress.objects_done, told.progress.objects_total);
    assert_int_equal(told.progress.objects_done, 2 * vault_place_count(&c.mirror, "packs/"));
    assert_int_equal(told.result.objects[0], told.result.objects[1]);
    assert_int_equal(told.result.objects[0], vault_place_count(&c.mirror, "packs/") + 3);
    /* What nobody needs is not in it: sessions, slots, packs of no backup. */
    vault_place_pack(&c.t.p, "nobody's", 10000);
    compare(&c, VERIFY_OBJECTS, false, &told);
    assert_true(told.result.equal);
    assert_memory_equal(told.result.root[0], root, 32);
    copies_drop(&c);
}

static void compare_refuses(void **state)
{
    struct vault_place other;
    struct told told;
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    make_equal(&c);
    vault_place_open(&other, "tgt_dir", false);
    assert_int_equal(try_compare(c.t.p.vault, other.vault, VERIFY_STRUCTURE, false, &told, &e),
                     -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    assert_int_equal(try_compare(c.t.p.vault, c.mirror.vault, VERIFY_DATA, false, &told, &e),
                     -1);
    assert_int_equal(e.code, ERROR_USAGE);
    vault_place_close(&other);
    copies_drop(&c);
}

/* A mirror that is behind: told, and brought up by repair. */
static void mir_31_behind(void **state)
{
    struct told told;
    struct copies c;

    (void)state;
    copies_make(&c);
    copies_copy(&c, 0);
    compare(&c, VERIFY_STRUCTURE, false, &told);
    assert_false(told.result.equal);
    assert_memory_not_equal(told.result.root[0], told.result.root[1], 32);
    assert_int_equal(told.result.backups, 3);
    assert_int_equal(told.result.backups_hurt, 2);
    assert_int_equal(told.result.found[COMPARE_ONLY_SOURCE], told.count);
    assert_true(told.count >= 4);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    assert_int_equal(told.result.unmended, 0);
    assert_int_equal(told.result.mended, told.count);
    expect_equal(&c);
    copies_expect_sound(&c.mirror, 3);
    copies_drop(&c);
}

static struct vault_place *place_of(struct copies *c, enum compare_side side)
{
    return side == COMPARE_SOURCE ? &c->t.p : &c->mirror;
}

static void int_02_damaged_pack(void **state)
{
    (void)state;
    for (int side = 0; side < COMPARE_SIDES; side++) {
        enum compare_kind kind =
            side == COMPARE_SOURCE ? COMPARE_DAMAGED_SOURCE : COMPARE_DAMAGED_MIRROR;
        struct seal_pack pack;
        struct told told;
        char name[128];
        struct copies c;

        make_equal(&c);
        shared_pack(&c.t, name, &pack);
        vault_place_flip(place_of(&c, side), name, 20000);
        compare(&c, VERIFY_STRUCTURE, false, &told);
        assert_int_equal(told.count, 0);
        compare(&c, VERIFY_OBJECTS, false, &told);
        expect(&told, kind, name, false);
        assert_int_equal(told.all[0].backups, 2);
        assert_int_equal(told.result.backups_hurt, 2);
        assert_false(told.result.equal);
        assert_int_equal(told.result.unmended, 1);
        compare(&c, VERIFY_OBJECTS, true, &told);
        expect(&told, kind, name, true);
        expect_equal(&c);
        copies_expect_sound(&c.t.p, 3);
        copies_expect_sound(&c.mirror, 3);
        copies_drop(&c);
    }
}

/* By its length alone, without reading. */
static void int_02_cut_pack(void **state)
{
    struct seal_pack pack;
    struct told told;
    char name[128];
    struct copies c;

    (void)state;
    make_equal(&c);
    shared_pack(&c.t, name, &pack);
    vault_place_cut(&c.t.p, name, 20000);
    compare(&c, VERIFY_STRUCTURE, false, &told);
    expect(&told, COMPARE_DAMAGED_SOURCE, name, false);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_DAMAGED_SOURCE, name, true);
    expect_equal(&c);
    copies_drop(&c);
}

static void int_02_missing_pack(void **state)
{
    (void)state;
    for (int side = 0; side < COMPARE_SIDES; side++) {
        enum compare_kind kind =
            side == COMPARE_SOURCE ? COMPARE_ONLY_MIRROR : COMPARE_ONLY_SOURCE;
        struct seal_pack pack;
        struct told told;
        char name[128];
        struct copies c;

        make_equal(&c);
        shared_pack(&c.t, name, &pack);
        vault_place_lose(place_of(&c, side), name);
        compare(&c, VERIFY_STRUCTURE, false, &told);
        expect(&told, kind, name, false);
        compare(&c, VERIFY_STRUCTURE, true, &told);
        expect(&told, kind, name, true);
        expect_equal(&c);
        copies_drop(&c);
    }
}

/* Damage at both sides is told, and neither is touched: one of them may yet be of use. */
static void int_02_damaged_both(void **state)
{
    CLEANUP_BUFFER struct buffer before = BUFFER_INIT, after = BUFFER_INIT;
    struct seal_pack pack;
    struct told told;
    struct error e = ERROR_INIT;
    char name[128];
    struct copies c;

    (void)state;
    make_equal(&c);
    shared_pack(&c.t, name, &pack);
    vault_place_flip(&c.t.p, name, 20000);
    vault_place_flip(&c.mirror, name, 20001);
    assert_success(target_get_all(c.mirror.target, name, 1 << 26, &before, &e), e);
    compare(&c, VERIFY_OBJECTS, true, &told);
    expect(&told, COMPARE_DAMAGED_BOTH, name, false);
    assert_success(target_get_all(c.mirror.target, name, 1 << 26, &after, &e), e);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    vault_place_lose(&c.t.p, name);
    compare(&c, VERIFY_OBJECTS, true, &told);
    expect(&told, COMPARE_DAMAGED_MIRROR, name, false);
    vault_place_lose(&c.mirror, name);
    compare(&c, VERIFY_OBJECTS, true, &told);
    expect(&told, COMPARE_ABSENT_BOTH, name, false);
    copies_drop(&c);
}

/* In structure depth a copy that only looks sound is found out while it is read. */
static void int_02_corruption_does_not_travel(void **state)
{
    struct seal_pack pack;
    struct told told;
    char name[128];
    struct copies c;

    (void)state;
    make_equal(&c);
    shared_pack(&c.t, name, &pack);
    vault_place_lose(&c.mirror, name);
    vault_place_flip(&c.t.p, name, 20000);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_ONLY_SOURCE, name, false);
    assert_non_null(strstr(told.all[0].failure, name));
    assert_false(place_has(&c.mirror, name));
    copies_drop(&c);
}

static void int_02_damaged_seal(void **state)
{
    (void)state;
    for (int side = 0; side < COMPARE_SIDES; side++) {
        enum compare_kind kind =
            side == COMPARE_SOURCE ? COMPARE_DAMAGED_SOURCE : COMPARE_DAMAGED_MIRROR;
        struct told told;
        struct copies c;

        make_equal(&c);
        vault_place_flip(place_of(&c, side), seal_object(c.t.s[1]), 60);
        compare(&c, VERIFY_STRUCTURE, false, &told);
        expect(&told, kind, seal_object(c.t.s[1]), false);
        assert_int_equal(told.result.backups_hurt, 1);
        compare(&c, VERIFY_STRUCTURE, true, &told);
        expect(&told, kind, seal_object(c.t.s[1]), true);
        expect_equal(&c);
        copies_drop(&c);
    }
}

/* A seal that vanished without a tombstone: told, and brought back by repair alone. */
static void int_02_vanished_seal(void **state)
{
    struct seal_pack pack;
    struct told told;
    char name[128];
    struct copies c;

    (void)state;
    make_equal(&c);
    shared_pack(&c.t, name, &pack);
    vault_place_lose(&c.t.p, seal_object(c.t.s[0]));
    compare(&c, VERIFY_STRUCTURE, false, &told);
    expect(&told, COMPARE_ONLY_MIRROR, seal_object(c.t.s[0]), false);
    assert_non_null(strstr(told.all[0].text, "vanished"));
    assert_false(place_has(&c.t.p, seal_object(c.t.s[0])));
    /* Not before all that it needs is there. */
    vault_place_lose(&c.t.p, name);
    vault_place_flip(&c.mirror, name, 20000);
    compare(&c, VERIFY_OBJECTS, true, &told);
    assert_false(place_has(&c.t.p, seal_object(c.t.s[0])));
    vault_place_flip(&c.mirror, name, 20000);
    compare(&c, VERIFY_OBJECTS, true, &told);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.result.mended, 2);
    expect_equal(&c);
    copies_expect_sound(&c.t.p, 3);
    copies_drop(&c);
}

/* A deletion on its way is neither carried on nor undone; the roots are equal all the while. */
static void mir_31_deletion_on_its_way(void **state)
{
    struct told told;
    struct transfer *t;
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    make_equal(&c);
    copies_delete(&c, 1);
    compare(&c, VERIFY_OBJECTS, true, &told);
    expect(&told, COMPARE_DELETION_DUE, seal_object(c.t.s[1]), false);
    assert_false(told.all[0].fatal);
    assert_true(told.result.equal);
    assert_int_equal(told.result.backups, 2);
    assert_true(place_has(&c.mirror, seal_object(c.t.s[1])));
    assert_false(place_has(&c.t.p, seal_object(c.t.s[1])));
    t = copies_open(&c, 0);
    assert_success(transfer_remove(t, c.t.s[1]->id, &e), e);
    transfer_close(t);
    expect_equal(&c);
    copies_drop(&c);
}

static void compare_deleted_at_mirror_alone(void **state)
{
    struct told told;
    struct error e = ERROR_INIT;
    struct copies c;

    (void)state;
    make_equal(&c);
    vault_place_again(&c.mirror, false, true);
    assert_success(
        vault_backup_delete(c.mirror.vault, c.t.s[1], vault_place_writer, "test", &e), e);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_DELETED_MIRROR, seal_object(c.t.s[1]), false);
    assert_true(place_has(&c.t.p, seal_object(c.t.s[1])));
    assert_int_equal(told.result.unmended, 0);
    copies_drop(&c);
}

static void int_02_damaged_tombstone(void **state)
{
    struct told told;
    struct transfer *t;
    struct error e = ERROR_INIT;
    char name[80];
    struct copies c;

    (void)state;
    make_equal(&c);
    copies_delete(&c, 1);
    t = copies_open(&c, 0);
    assert_success(transfer_remove(t, c.t.s[1]->id, &e), e);
    transfer_close(t);
    snprintf(name, sizeof(name), "%s.gone", seal_object(c.t.s[1]));
    vault_place_flip(&c.t.p, name, 60);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_DAMAGED_SOURCE, name, true);
    expect_equal(&c);
    copies_drop(&c);
}

/* Index runs are worth a word, not more. */
static void compare_runs(void **state)
{
    uint8_t data[300] = "any bytes", hash[32];
    char name[NAME_SIZE];
    struct told told;
    struct copies c;

    (void)state;
    make_equal(&c);
    hash_sha256(data, sizeof(data), hash);
    name_of_run(0, 1, hash, name);
    vault_place_plant(&c.t.p, name, data, sizeof(data));
    compare(&c, VERIFY_STRUCTURE, false, &told);
    expect(&told, COMPARE_RUN_MISSING, name, false);
    assert_true(told.result.equal && !told.all[0].fatal);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_RUN_MISSING, name, true);
    expect_equal(&c);
    copies_drop(&c);
}

/* A roll is read at every depth: what it lists is needed. */
static void int_02_damaged_roll(void **state)
{
    for (int side = 0; side < COMPARE_SIDES; side++) {
        struct seal_pack pack;
        struct vault_writer w;
        struct error e = ERROR_INIT;
        struct told told;
        struct seal *s;
        char name[NAME_SIZE], packed[128];
        struct transfer *t;
        struct copies c;

        (void)state;
        make_equal(&c);
        pack = vault_place_pack(&c.t.p, "in a roll", FAKE_BYTES);
        pack_name(&pack, packed);
        s = vault_place_draft("rolled", NULL, 0);
        s->rolls = calloc(1, 32);
        s->roll_count = 1;
        assert_success(roll_write(c.t.p.vault, &pack, 1, s->rolls[0], &e), e);
        assert_success(vault_writer(c.t.p.vault, vault_place_writer, &w, &e), e);
        assert_success(seal_write(c.t.p.vault, s, &w, &e), e);
        t = copies_open(&c, 0);
        assert_success(transfer_backup(t, s->id, NULL, &e), e);
        transfer_close(t);
        expect_equal(&c);
        name_of_roll(s->rolls[0], name);
        vault_place_flip(place_of(&c, side), name, 20);
        compare(&c, VERIFY_STRUCTURE, true, &told);
        expect(&told, side == 0 ? COMPARE_DAMAGED_SOURCE : COMPARE_DAMAGED_MIRROR, name, true);
        assert_int_equal(told.all[0].backups, 1);
        vault_place_lose(place_of(&c, side), packed);
        compare(&c, VERIFY_STRUCTURE, true, &told);
        expect(&told, side == 0 ? COMPARE_ONLY_MIRROR : COMPARE_ONLY_SOURCE, packed, true);
        expect_equal(&c);
        seal_free(s);
        copies_drop(&c);
    }
}

/* Everything that repair does fails once, at every call: neither side ever loses the last sound
 * copy, and the next repair ends equal. */
static void harm_both(struct side *source, struct side *mirror)
{
    struct error e = ERROR_INIT;
    char name[128], other[128];
    uint8_t junk[FAKE_BYTES] = {1};

    snprintf(name, sizeof(name), "%s", vault_place_name(&source->p, "packs/", 0));
    snprintf(other, sizeof(other), "%s", vault_place_name(&source->p, "packs/", 1));
    vault_place_lose(&source->p, name);
    vault_place_plant(&source->p, name, junk, sizeof(junk));
    vault_place_lose(&mirror->p, other);
    vault_place_plant(&mirror->p, other, junk, sizeof(junk));
    vault_place_lose(&source->p, vault_place_name(&source->p, "packs/", 2));
    vault_place_lose(&mirror->p, vault_place_name(&mirror->p, "rolls/", 0));
    snprintf(name, sizeof(name), "%s", vault_place_name(&source->p, "seals/", 0));
    assert_success(target_remove(source->p.target, name, &e), e);
    vault_place_plant(&source->p, name, junk, 100);
}

static bool repair_with(struct side *source, struct side *mirror, const struct fault_plan *plan,
                        bool at_source, bool *fired)
{
    struct side a = *source, b = *mirror, *planned = at_source ? &a : &b;
    uint64_t calls, failed;
    struct told told;
    struct error e = ERROR_INIT;
    bool done = false;

    side_open(&a, at_source ? plan : NULL, !at_source);
    side_open(&b, at_source ? NULL : plan, at_source);
    if (vault_open(planned->p.target, NULL, &planned->p.vault, &e) == 0)
        done = try_compare(a.p.vault, b.p.vault, VERIFY_OBJECTS, true, &told, &e) == 0 &&
               told.result.unmended == 0;
    side_count(planned, &calls, &failed);
    *fired = failed > 0;
    side_close(&a);
    side_close(&b);
    return done;
}

static void int_02_repair_fails_anywhere(void **state)
{
    char ids[FAKE_BACKUPS][SEAL_ID_TEXT];
    unsigned runs = 0;

    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        struct fault_plan plan = {
            .verb = "any", .error_class = LAGAN_TRANSIENT, .after = (variant & 1) != 0};
        bool fired = true, at_source = (variant & 2) != 0;

        for (plan.at = 1; fired; plan.at++, runs++) {
            struct side source, mirror;
            struct error e = ERROR_INIT;
            struct transfer_request request = {.parallel = 1};
            struct transfer *t;
            bool ignored;

            side_make_source(&source, ids);
            side_make_mirror(&mirror, &source);
            side_open(&mirror, NULL, true);
            request.from = source.p.vault;
            request.to = mirror.p.vault;
            t = transfer_open(&request, &e);
            for (int i = 0; i < FAKE_BACKUPS; i++)
                assert_success(transfer_backup(t, ids[i], NULL, &e), e);
            transfer_close(t);
            harm_both(&source, &mirror);
            repair_with(&source, &mirror, &plan, at_source, &fired);
            assert_true(repair_with(&source, &mirror, NULL, false, &ignored));
            copies_expect_sound(&source.p, FAKE_BACKUPS);
            copies_expect_sound(&mirror.p, FAKE_BACKUPS);
            side_close(&mirror);
            side_close(&source);
        }
        assert_true(plan.at > 20);
    }
    assert_true(runs > 100);
}

/* What a note says, on the one topic of the test. */
static void say(struct vault_place *p, const char *value)
{
    struct vault_note note = {.kind = VAULT_NOTE_BACKUP};
    struct error e = ERROR_INIT;

    assert_success(vault_about_add(&note.facts, "said", value, &e), e);
    assert_success(vault_note_write(p->vault, &note, &e), e);
    vault_note_free(&note);
}

/* Notes: one that is absent is told and mended at either side, and is no fault; a damaged one
 * is, and is mended from the other. */
static void int_02_notes(void **state)
{
    static const char first[] = "notes/00000000000000000000000000000000-00000001";
    static const char second[] = "notes/00000000000000000000000000000000-00000002";
    CLEANUP_BUFFER struct buffer old = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct told told;
    struct copies c;

    (void)state;
    make_equal(&c);
    say(&c.t.p, "first");
    compare(&c, VERIFY_STRUCTURE, false, &told);
    expect(&told, COMPARE_ONLY_SOURCE, first, false);
    assert_true(told.result.equal && told.result.unmended == 0);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_ONLY_SOURCE, first, true);
    expect_equal(&c);
    assert_success(target_remove(c.t.p.target, first, &e), e);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_ONLY_MIRROR, first, true);
    expect_equal(&c);
    vault_place_flip(&c.t.p, first, -80);
    compare(&c, VERIFY_STRUCTURE, false, &told);
    expect(&told, COMPARE_DAMAGED_SOURCE, first, false);
    assert_false(told.result.equal);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_DAMAGED_SOURCE, first, true);
    expect_equal(&c);
    /* One that has a newer one is not asked for. */
    assert_success(target_get_all(c.t.p.target, first, 1 << 20, &old, &e), e);
    say(&c.t.p, "second");
    compare(&c, VERIFY_STRUCTURE, true, &told);
    expect(&told, COMPARE_ONLY_SOURCE, second, true);
    assert_true(place_has(&c.mirror, first));
    expect_equal(&c);
    vault_place_flip(&c.t.p, second, -80);
    vault_place_flip(&c.mirror, second, -81);
    compare(&c, VERIFY_STRUCTURE, true, &told);
    assert_int_equal(told.result.found[COMPARE_DAMAGED_BOTH], 1);
    assert_true(place_has(&c.t.p, second) && place_has(&c.mirror, second));
    copies_drop(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mir_31_equal_roots),
        cmocka_unit_test(compare_refuses),
        cmocka_unit_test(mir_31_behind),
        cmocka_unit_test(int_02_damaged_pack),
        cmocka_unit_test(int_02_cut_pack),
        cmocka_unit_test(int_02_missing_pack),
        cmocka_unit_test(int_02_damaged_both),
        cmocka_unit_test(int_02_corruption_does_not_travel),
        cmocka_unit_test(int_02_damaged_seal),
        cmocka_unit_test(int_02_vanished_seal),
        cmocka_unit_test(mir_31_deletion_on_its_way),
        cmocka_unit_test(compare_deleted_at_mirror_alone),
        cmocka_unit_test(int_02_damaged_tombstone),
        cmocka_unit_test(compare_runs),
        cmocka_unit_test(int_02_damaged_roll),
        cmocka_unit_test(int_02_notes),
        cmocka_unit_test(int_02_repair_fails_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
