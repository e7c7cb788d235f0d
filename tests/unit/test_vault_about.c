/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_about.c - what a copy of a vault says of itself: written, read, forged, damaged.
 */
#include "base/clock.h"
#include "unit.h"
#include "vault/about_codec.h"
#include "verify_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vault_about sample(const char *name)
{
    struct vault_about about = {.id = "sixteen bytes id"};
    struct error e = ERROR_INIT;

    assert_success(vault_about_add(&about, "name", name, &e), e);
    assert_success(vault_about_add(&about, "role", "mirror", &e), e);
    assert_success(vault_about_add(&about, "tag:owner", "accounts", &e), e);
    return about;
}

static void write_sample(struct vault_place *p, const char *name)
{
    struct vault_about about = sample(name);
    struct error e = ERROR_INIT;

    assert_success(vault_about_write(p->vault, &about, &e), e);
    vault_about_free(&about);
}

/* Reads; the name that it finds, "" when there is nothing. */
static const char *read_name(struct vault_place *p)
{
    static char name[64];
    struct vault_about about = {.generation = 0};
    struct error e = ERROR_INIT;
    int found = vault_about_read(p->vault, &about, &e);

    assert_success(found < 0 ? -1 : 0, e);
    snprintf(name, sizeof(name), "%s", found > 0 ? vault_about_find(&about, "name") : "");
    vault_about_free(&about);
    return name;
}

static void about_pairs(void **state)
{
    struct vault_about about = {.generation = 0};
    struct error e = ERROR_INIT;
    char long_text[5000];

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    assert_int_equal(vault_about_add(&about, "", "x", &e), -1);
    long_text[VAULT_ABOUT_NAME_LIMIT + 1] = '\0';
    assert_int_equal(vault_about_add(&about, long_text, "x", &e), -1);
    long_text[VAULT_ABOUT_NAME_LIMIT] = '\0';
    assert_success(vault_about_add(&about, long_text, "x", &e), e);
    memset(long_text, 'x', sizeof(long_text));
    long_text[VAULT_ABOUT_VALUE_LIMIT + 1] = '\0';
    assert_int_equal(vault_about_add(&about, "b", long_text, &e), -1);
    long_text[VAULT_ABOUT_VALUE_LIMIT] = '\0';
    assert_success(vault_about_add(&about, "b", long_text, &e), e);
    assert_success(vault_about_add(&about, "a", "1", &e), e);
    assert_success(vault_about_add(&about, "b", "2", &e), e);
    assert_int_equal(about.pair_count, 3);
    assert_string_equal(vault_about_find(&about, "b"), "2");
    assert_string_equal(about.pairs[0].name, "a");
    assert_success(vault_about_add(&about, "b", NULL, &e), e);
    assert_null(vault_about_find(&about, "b"));
    vault_about_free(&about);
}

static void about_too_many(void **state)
{
    struct vault_about about = {.generation = 0};
    struct error e = ERROR_INIT;
    char name[16];

    (void)state;
    for (int i = 0; i < VAULT_ABOUT_PAIR_LIMIT; i++) {
        snprintf(name, sizeof(name), "%d", i);
        assert_success(vault_about_add(&about, name, "", &e), e);
    }
    assert_int_equal(vault_about_add(&about, "more", "", &e), -1);
    assert_success(vault_about_add(&about, "7", "again", &e), e);
    vault_about_free(&about);
}

/* Written unlocked, read locked; a new generation replaces the old one. */
static void about_round_trip(void **state)
{
    struct vault_about about = {.generation = 0};
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    assert_string_equal(read_name(&p), "");
    write_sample(&p, "first");
    write_sample(&p, "second");
    assert_int_equal(vault_place_count(&p, "about/"), 1);
    vault_place_again(&p, false, false);
    assert_int_equal(vault_about_read(p.vault, &about, &e), 1);
    assert_int_equal(about.generation, 2);
    assert_int_equal(about.pair_count, 3);
    assert_memory_equal(about.id, "sixteen bytes id", 16);
    assert_string_equal(vault_about_find(&about, "name"), "second");
    assert_string_equal(vault_about_find(&about, "tag:owner"), "accounts");
    assert_null(vault_about_find(&about, "type"));
    assert_int_equal(vault_about_write(p.vault, &about, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    vault_about_free(&about);
    vault_place_close(&p);
}

/* Keeps what stands under a name, and puts it back later. */
static void keep(struct vault_place *p, const char *name, struct buffer *data)
{
    struct error e = ERROR_INIT;

    assert_success(target_get_all(p->target, name, 1 << 20, data, &e), e);
}

/* The newest that is genuine wins; a damaged one is a finding, and hides nothing. */
static void about_damaged(void **state)
{
    CLEANUP_BUFFER struct buffer old = BUFFER_INIT;
    const struct finding *f;
    struct findings found;
    struct vault_place p;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    write_sample(&p, "first");
    keep(&p, "about/00000001", &old);
    write_sample(&p, "second");
    vault_place_plant(&p, "about/00000001", old.data, old.size);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 0);
    vault_place_flip(&p, "about/00000002", 40);
    assert_string_equal(read_name(&p), "first");
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    f = finding_on(&found, "about/00000002");
    assert_true(f->fatal);
    write_sample(&p, "third");
    assert_string_equal(read_name(&p), "third");
    vault_place_close(&p);
}

/* Who can write to the storage and has no key: junk under the highest number, an old object
 * under a new name, an object of another vault. */
static void about_forged(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT, foreign = BUFFER_INIT;
    struct vault_place p, other;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    vault_place_open(&other, "tgt_dir", false);
    write_sample(&p, "genuine");
    write_sample(&other, "foreign");
    keep(&p, "about/00000001", &object);
    keep(&other, "about/00000001", &foreign);
    vault_place_plant(&p, "about/ffffffff", "junk", 4);
    vault_place_plant(&p, "about/00000009", object.data, object.size);
    vault_place_plant(&p, "about/00000002", foreign.data, foreign.size);
    assert_string_equal(read_name(&p), "genuine");
    write_sample(&p, "next");
    assert_string_equal(read_name(&p), "next");
    vault_place_close(&other);
    vault_place_close(&p);
}

/* Two that write at once: both get a generation. */
static void about_two_writers(void **state)
{
    struct vault_about about = sample("late");
    CLEANUP_BUFFER struct buffer taken = BUFFER_INIT;
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    write_sample(&p, "first");
    keep(&p, "about/00000001", &taken);
    vault_place_plant(&p, "about/00000002", taken.data, taken.size);
    assert_success(vault_about_write(p.vault, &about, &e), e);
    assert_int_equal(about.generation, 3);
    assert_string_equal(read_name(&p), "late");
    vault_about_free(&about);
    vault_place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(about_pairs),      cmocka_unit_test(about_too_many),
        cmocka_unit_test(about_round_trip), cmocka_unit_test(about_damaged),
        cmocka_unit_test(about_forged),     cmocka_unit_test(about_two_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
