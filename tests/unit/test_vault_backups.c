/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_backups.c - seals written, listed, found and deleted; rolls; the chain between
 * seals. */
#include "base/clock.h"
#include "base/text.h"
#include "unit.h"
#include "vault/seal_codec.h"
#include "vault/stored.h"
#include "vault/vault_private.h"
#include "vault_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_names(struct vault_place *p, const char *const *names, size_t count)
{
    struct seal_list list;
    struct error e = ERROR_INIT;

    assert_success(vault_backups(p->vault, &list, NULL, NULL, &e), e);
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(list.seals[i]->backup_name, names[i]);
    seal_list_free(&list);
}

static void backups_written_and_listed(void **state)
{
    static const char *const names[] = {"one", "two", "three"};
    struct vault_place p;
    struct seal_list list;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", true);
    expect_names(&p, NULL, 0);
    for (int i = 0; i < 3; i++) {
        struct seal *s = vault_place_seal(&p, names[i], NULL, 0);

        assert_int_equal(strlen(s->id), 16);
        assert_int_equal(s->previous_count, i > 0);
        assert_true(s->object_bytes > 0 && s->created_ns > 0);
        seal_free(s);
    }
    expect_names(&p, names, 3);
    vault_place_again(&p, true, false);
    assert_success(vault_backups(p.vault, &list, NULL, NULL, &e), e);
    assert_int_equal(list.count, 3);
    assert_false(list.seals[0]->opened);
    assert_null(list.seals[0]->backup_name);
    assert_memory_equal(list.seals[2]->previous[0], list.seals[1]->hash, 32);
    seal_list_free(&list);
    vault_place_close(&p);
}

static int64_t frozen(void)
{
    return INT64_C(1795247878) * 1000000000;
}

/* Two writers in the same second do not get in each other's way. */
static void backups_of_one_second(void **state)
{
    struct vault_place p;
    struct seal *a, *b;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    clock_override(frozen);
    a = vault_place_seal(&p, "a", NULL, 0);
    b = vault_place_seal(&p, "b", NULL, 0);
    clock_override(NULL);
    assert_memory_equal(a->name, "20261121t075758z-", 17);
    assert_memory_equal(a->name, b->name, 17);
    assert_string_not_equal(a->id, b->id);
    assert_int_equal(vault_place_count(&p, "seals/"), 2);
    seal_free(a);
    seal_free(b);
    vault_place_close(&p);
}

static uint64_t gets_of_listing(struct vault_place *p, size_t expected)
{
    struct target_statistics before, after;
    struct seal_list list;
    struct error e = ERROR_INIT;

    target_statistics(p->target, &before);
    assert_success(vault_backups(p->vault, &list, NULL, NULL, &e), e);
    target_statistics(p->target, &after);
    assert_int_equal(list.count, expected);
    seal_list_free(&list);
    return after.gets - before.gets;
}

/* What was read and checked once is not read again. */
static void backups_cached(void **state)
{
    struct vault_place p;
    char path[4096], name[64];

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    for (int i = 0; i < 20; i++)
        seal_free(vault_place_seal(&p, "x", NULL, 0));
    assert_true(gets_of_listing(&p, 20) >= 20);
    vault_place_again(&p, true, true);
    assert_true(gets_of_listing(&p, 20) >= 20);
    assert_int_equal(gets_of_listing(&p, 20), 0);
    vault_place_again(&p, true, false);
    assert_int_equal(gets_of_listing(&p, 20), 0);
    snprintf(name, sizeof(name), "%s", vault_place_name(&p, "seals/", 7));
    snprintf(path, sizeof(path), "rm -rf %s/cache", p.scratch);
    assert_int_equal(system(path), 0);
    assert_int_equal(gets_of_listing(&p, 20), 0);
    vault_place_again(&p, true, false);
    assert_true(gets_of_listing(&p, 20) >= 20);
    vault_place_close(&p);
}

struct damage {
    int count;
    char object[128];
};

static void note_damage(void *context, const char *object, const struct error *why)
{
    struct damage *d = context;

    d->count++;
    snprintf(d->object, sizeof(d->object), "%s", object);
    assert_int_equal(why->code, ERROR_INTEGRITY);
}

static void backups_damaged(void **state)
{
    struct vault_place p;
    struct seal_list list;
    struct error e = ERROR_INIT;
    uint64_t bytes;
    char name[64];

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    for (int i = 0; i < 3; i++)
        seal_free(vault_place_seal(&p, "x", NULL, 0));
    snprintf(name, sizeof(name), "%s", vault_place_name(&p, "seals/", 1));
    assert_success(target_stat(p.target, name, &bytes, &e), e);
    for (long at = 0; at < (long)bytes; at += 23) {
        struct damage d = {0};

        vault_place_flip(&p, name, at);
        e = ERROR_INIT;
        if (at != 8) { /* the version: NEWER_FORMAT is another story */
            assert_success(vault_backups(p.vault, &list, note_damage, &d, &e), e);
            assert_int_equal(list.count, 2);
            assert_int_equal(d.count, 1);
            assert_string_equal(d.object, name);
            seal_list_free(&list);
        }
        vault_place_flip(&p, name, at);
    }
    vault_place_close(&p);
}

static void assert_found(const struct seal_list *list, const char *text, const uint8_t *source,
                         size_t index)
{
    const struct seal *found = NULL;
    struct error e = ERROR_INIT;

    assert_success(seal_list_find(list, text, source, &found, &e), e);
    assert_ptr_equal(found, list->seals[index]);
}

static void assert_not_found(const struct seal_list *list, const char *text,
                             enum error_code code)
{
    const struct seal *found = NULL;
    struct error e = ERROR_INIT;

    assert_int_equal(seal_list_find(list, text, NULL, &found, &e), -1);
    assert_int_equal(e.code, code);
    assert_null(found);
}

static void backups_found_by_name(void **state)
{
    static const char *const ids[] = {"0123456789abcdef", "0123aaaaaaaaaaaa",
                                      "fedcba9876543210"};
    struct seal seals[3] = {{.created_ns = 1}, {.created_ns = 2}, {.created_ns = 3}};
    struct seal *pointers[] = {&seals[0], &seals[1], &seals[2]};
    const struct seal_list list = {pointers, 3}, empty = {NULL, 0};
    const uint8_t source[16] = {7};

    (void)state;
    for (int i = 0; i < 3; i++) {
        strcpy(seals[i].id, ids[i]);
        snprintf(seals[i].name, sizeof(seals[i].name), "20261121t07575%dz-%s", i, ids[i]);
    }
    memcpy(seals[1].source_id, source, 16);
    assert_found(&list, "latest", NULL, 2);
    assert_found(&list, "latest~0", NULL, 2);
    assert_found(&list, "latest~2", NULL, 0);
    assert_found(&list, "latest", source, 1);
    assert_found(&list, "fedc", NULL, 2);
    assert_found(&list, "FEDC", NULL, 2);
    assert_found(&list, "0123a", NULL, 1);
    assert_found(&list, "0123456789abcdef", NULL, 0);
    assert_found(&list, "20261121t075751z-0123aaaaaaaaaaaa", NULL, 1);
    assert_not_found(&list, "latest~3", ERROR_NO_BACKUP);
    assert_not_found(&list, "latest~", ERROR_NO_BACKUP);
    assert_not_found(&list, "latest~-1", ERROR_NO_BACKUP);
    assert_not_found(&list, "latestx", ERROR_NO_BACKUP);
    assert_not_found(&list, "0123", ERROR_AMBIGUOUS);
    assert_not_found(&list, "fed", ERROR_NO_BACKUP);
    assert_not_found(&list, "", ERROR_NO_BACKUP);
    assert_not_found(&list, "fedcba9876543210f", ERROR_NO_BACKUP);
    assert_not_found(&empty, "latest", ERROR_NO_BACKUP);
}

static void backup_deleted(void **state)
{
    static const char *const left[] = {"one", "three"};
    struct vault_place p;
    struct seal *s[3];
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", true);
    s[0] = vault_place_seal(&p, "one", NULL, 0);
    s[1] = vault_place_seal(&p, "two", NULL, 0);
    s[2] = vault_place_seal(&p, "three", NULL, 0);
    assert_success(
        vault_backup_delete(p.vault, s[1], vault_place_writer, "not needed any more", &e), e);
    expect_names(&p, left, 2);
    assert_int_equal(vault_place_count(&p, "seals/"), 3);
    /* A second time is a deletion that was broken off and is taken up again. */
    assert_success(vault_backup_delete(p.vault, s[1], vault_place_writer, "again", &e), e);
    expect_names(&p, left, 2);
    vault_place_again(&p, true, false);
    assert_int_equal(vault_backup_delete(p.vault, s[0], vault_place_writer, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    for (int i = 0; i < 3; i++)
        seal_free(s[i]);
    vault_place_close(&p);
}

/* A crash between tombstone and removal, or a store that does not let anything be removed: the
 * backup is deleted. */
static void backup_with_tombstone_only(void **state)
{
    CLEANUP_BUFFER struct buffer copy = BUFFER_INIT;
    static const char *const left[] = {"two"};
    struct vault_place p;
    struct seal *one, *two;
    struct error e = ERROR_INIT;
    char name[64];

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    one = vault_place_seal(&p, "one", NULL, 0);
    two = vault_place_seal(&p, "two", NULL, 0);
    snprintf(name, sizeof(name), "seals/%s", one->name);
    assert_success(stored_read(p.target, name, 1 << 20, &copy, &e), e);
    assert_success(vault_backup_delete(p.vault, one, vault_place_writer, NULL, &e), e);
    vault_place_plant(&p, name, copy.data, copy.size);
    expect_names(&p, left, 1);
    /* A tombstone that is no good hides nothing. */
    snprintf(name, sizeof(name), "seals/%s.gone", one->name);
    vault_place_flip(&p, name, -1);
    assert_int_equal(gets_of_listing(&p, 2) > 0, 1);
    seal_free(one);
    seal_free(two);
    vault_place_close(&p);
}

static void pack_of(uint32_t i, struct seal_pack *pack)
{
    *pack = (struct seal_pack){.bytes = 10000 + i};
    pack->hash[0] = (uint8_t)(i >> 8);
    pack->hash[1] = (uint8_t)i;
}

static void backup_packs_with_rolls(void **state)
{
    struct vault_place p;
    struct seal_pack packs[30], *all;
    struct seal *s;
    struct error e = ERROR_INIT;
    uint8_t hash[2][32];
    size_t count;

    (void)state;
    for (uint32_t i = 0; i < 30; i++)
        pack_of(i, &packs[i]);
    vault_place_open(&p, "tgt_mem", false);
    assert_success(roll_write(p.vault, packs, 10, hash[0], &e), e);
    assert_success(roll_write(p.vault, packs + 5, 15, hash[1], &e), e);
    assert_success(roll_write(p.vault, packs, 10, hash[0], &e), e);
    assert_int_equal(vault_place_count(&p, "rolls/"), 2);
    s = vault_place_draft("x", packs + 18, 12);
    s->rolls = malloc(sizeof(hash));
    memcpy(s->rolls, hash, sizeof(hash));
    s->roll_count = 2;
    assert_success(vault_backup_packs(p.vault, s, &all, &count, &e), e);
    assert_int_equal(count, 30);
    assert_memory_equal(all, packs, sizeof(packs));
    free(all);
    s->packs[0].bytes++; /* the roll says otherwise */
    assert_int_equal(vault_backup_packs(p.vault, s, &all, &count, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    s->packs[0].bytes--;
    vault_place_lose(&p, vault_place_name(&p, "rolls/", 0));
    assert_int_equal(vault_backup_packs(p.vault, s, &all, &count, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    seal_free(s);
    vault_place_close(&p);
}

/* Seals of writers that did not see each other are both heads; the next one names both. */
static void chain_of_two_writers(void **state)
{
    CLEANUP_BUFFER struct buffer hidden = BUFFER_INIT;
    struct vault_place p;
    struct seal *a, *b, *c;
    struct error e = ERROR_INIT;
    char name[64];

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    a = vault_place_seal(&p, "a", NULL, 0);
    snprintf(name, sizeof(name), "seals/%s", a->name);
    assert_success(stored_read(p.target, name, 1 << 20, &hidden, &e), e);
    vault_place_lose(&p, name);
    b = vault_place_seal(&p, "b", NULL, 0);
    vault_place_plant(&p, name, hidden.data, hidden.size);
    c = vault_place_seal(&p, "c", NULL, 0);
    assert_int_equal(b->previous_count, 0);
    assert_int_equal(c->previous_count, 2);
    seal_free(a);
    seal_free(b);
    seal_free(c);
    vault_place_close(&p);
}

static void seal_needs_tree_and_keys(void **state)
{
    struct seal *s = vault_place_draft("x", NULL, 0);
    struct vault_writer w = {.id = {0}};
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_mem", false);
    s->root.height = 0;
    assert_int_equal(seal_write(p.vault, s, &w, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    vault_place_again(&p, false, false);
    s->root.height = 1;
    assert_int_equal(seal_write(p.vault, s, &w, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    assert_int_equal(vault_place_count(&p, "seals/"), 0);
    seal_free(s);
    vault_place_close(&p);
}

/* Problems beyond the limit, and those that would make a seal large, are counted only. */
static void seal_keeps_first_problems(void **state)
{
    struct error e = ERROR_INIT;
    struct seal *s = seal_new(&e);
    char *large = calloc(1, 70000);

    (void)state;
    for (int i = 0; i < SEAL_PROBLEM_LIMIT + 5; i++)
        assert_success(seal_add_problem(s, "key", 3, LAGAN_IO, "text", &e), e);
    assert_int_equal(s->problem_count, SEAL_PROBLEM_LIMIT);
    assert_int_equal(s->problem_total, SEAL_PROBLEM_LIMIT + 5);
    seal_free(s);
    s = seal_new(&e);
    assert_success(seal_add_problem(s, large, 70000, LAGAN_IO, "text", &e), e);
    assert_int_equal(s->problem_count, 0);
    assert_int_equal(s->problem_total, 1);
    seal_free(s);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backups_written_and_listed),
        cmocka_unit_test(backups_of_one_second),
        cmocka_unit_test(backups_cached),
        cmocka_unit_test(backups_damaged),
        cmocka_unit_test(backups_found_by_name),
        cmocka_unit_test(backup_deleted),
        cmocka_unit_test(backup_with_tombstone_only),
        cmocka_unit_test(backup_packs_with_rolls),
        cmocka_unit_test(chain_of_two_writers),
        cmocka_unit_test(seal_needs_tree_and_keys),
        cmocka_unit_test(seal_keeps_first_problems),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
