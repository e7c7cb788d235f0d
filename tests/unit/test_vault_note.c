/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_note.c - what people have said of a vault: written, read, taken back, forged,
 * damaged. */
#include "unit.h"
#include "vault/note_codec.h"
#include "verify_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char id[] = "0123456789abcdef";
static const char first_name[] = "notes/00000000000000000123456789abcdef-00000001";
static const char second_name[] = "notes/00000000000000000123456789abcdef-00000002";

static struct vault_note note_of(const char *topic, const char *value)
{
    struct vault_note note = {.kind = VAULT_NOTE_BACKUP};
    struct error e = ERROR_INIT;

    assert_true(vault_note_topic(topic, note.topic));
    if (value != NULL)
        assert_success(vault_about_add(&note.facts, "said", value, &e), e);
    return note;
}

static void say(struct vault_place *p, const char *topic, const char *value)
{
    struct vault_note note = note_of(topic, value);
    struct error e = ERROR_INIT;

    assert_success(vault_note_write(p->vault, &note, &e), e);
    vault_note_free(&note);
}

/* What is said; "" when nothing is. */
static const char *said(struct vault_place *p, const char *topic)
{
    static char value[64];
    struct vault_note note = note_of(topic, NULL);
    struct error e = ERROR_INIT;
    int found = vault_note_read(p->vault, &note, &e);

    assert_success(found < 0 ? -1 : 0, e);
    snprintf(value, sizeof(value), "%s",
             found > 0 ? vault_about_find(&note.facts, "said") : "");
    vault_note_free(&note);
    return value;
}

static void keep(struct vault_place *p, const char *name, struct buffer *data)
{
    struct error e = ERROR_INIT;

    assert_success(target_get_all(p->target, name, 1 << 20, data, &e), e);
}

static void note_topics(void **state)
{
    uint8_t topic[VAULT_NOTE_TOPIC_SIZE];
    char text[SEAL_ID_TEXT];

    (void)state;
    assert_true(vault_note_topic(id, topic));
    assert_true(vault_note_backup(topic, text));
    assert_string_equal(text, id);
    assert_false(vault_note_topic("0123", topic));
    memset(topic, 7, sizeof(topic));
    assert_false(vault_note_backup(topic, text));
}

static void note_round_trip(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct vault_note note = note_of(id, "x");
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    assert_string_equal(said(&p, id), "");
    say(&p, id, "plain words");
    assert_string_equal(said(&p, id), "plain words");
    /* Nobody reads it without a key. */
    keep(&p, first_name, &object);
    assert_null(memmem(object.data, object.size, "plain", 5));
    assert_null(memmem(object.data, object.size, "said", 4));
    say(&p, id, "other words");
    assert_int_equal(vault_place_count(&p, "notes/"), 1);
    say(&p, id, "other words"); /* the same again writes nothing */
    keep(&p, second_name, &object);
    vault_place_again(&p, false, true);
    assert_string_equal(said(&p, id), "other words");
    vault_place_again(&p, false, false);
    assert_int_equal(vault_note_read(p.vault, &note, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    assert_int_equal(vault_note_write(p.vault, &note, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    vault_note_free(&note);
    vault_place_close(&p);
}

static int add(void *context, const struct vault_note *note, struct error *e)
{
    char *all = context, text[SEAL_ID_TEXT];

    (void)e;
    assert_true(vault_note_backup(note->topic, text));
    strcat(all, text + 12);
    strcat(all, vault_about_find(&note->facts, "said"));
    return 0;
}

static void note_taken_back(void **state)
{
    char all[256] = "";
    struct vault_place p;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    say(&p, id, NULL);
    assert_int_equal(vault_place_count(&p, "notes/"), 0);
    say(&p, id, "a");
    say(&p, "0123456789abcdee", "b");
    say(&p, "0123456789abcdf0", "c");
    assert_success(vault_note_list(p.vault, add, all, &e), e);
    assert_string_equal(all, "cdeebcdefacdf0c");
    say(&p, id, NULL);
    assert_string_equal(said(&p, id), "");
    assert_int_equal(vault_place_count(&p, "notes/"), 3); /* copies are to learn of it */
    all[0] = '\0';
    assert_success(vault_note_list(p.vault, add, all, &e), e);
    assert_string_equal(all, "cdeebcdf0c");
    vault_place_close(&p);
}

/* A damaged one is a finding and counts for nothing; the last genuine one counts. */
static void note_damaged(void **state)
{
    CLEANUP_BUFFER struct buffer old = BUFFER_INIT;
    struct findings found;
    struct vault_place p;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    say(&p, id, "first");
    keep(&p, first_name, &old);
    say(&p, id, "second");
    vault_place_plant(&p, first_name, old.data, old.size);
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 0);
    assert_string_equal(said(&p, id), "second");
    vault_place_flip(&p, second_name, -80);
    assert_string_equal(said(&p, id), "first");
    check(&p, VERIFY_STRUCTURE, &found);
    assert_int_equal(found.count, 1);
    assert_true(finding_on(&found, second_name)->fatal);
    say(&p, id, "third");
    assert_string_equal(said(&p, id), "third");
    vault_place_close(&p);
}

/* Each byte counts. */
static void note_each_byte(void **state)
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct vault_place p;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    say(&p, id, "words");
    keep(&p, first_name, &object);
    const struct trust trust = vault_trust(p.vault);
    for (size_t i = 0; i < object.size; i++) {
        struct vault_note note = {.generation = 0};
        struct error e = ERROR_INIT;

        object.data[i] ^= 1;
        assert_int_equal(note_decode(object.data, object.size, first_name, &trust,
                                     vault_keys(p.vault), &note, &e),
                         -1);
        object.data[i] ^= 1;
        assert_int_equal(
            note_decode(object.data, i, first_name, &trust, vault_keys(p.vault), &note, &e),
            -1);
    }
    vault_place_close(&p);
}

/* Who can write to the storage and has no key. */
static void note_forged(void **state)
{
    static const char planted[] = "notes/00000000000000000123456789abcdef-00000009";
    static const char elsewhere[] = "notes/00000000000000000123456789abcd00-00000001";
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT, foreign = BUFFER_INIT;
    struct vault_place p, other;

    (void)state;
    vault_place_open(&p, "tgt_dir", false);
    vault_place_open(&other, "tgt_dir", false);
    say(&p, id, "genuine");
    say(&other, id, "foreign");
    keep(&p, first_name, &object);
    keep(&other, first_name, &foreign);
    vault_place_plant(&p, planted, object.data, object.size);
    vault_place_plant(&p, elsewhere, object.data, object.size);
    vault_place_plant(&p, second_name, foreign.data, foreign.size);
    assert_string_equal(said(&p, id), "genuine");
    assert_string_equal(said(&p, "0123456789abcd00"), "");
    say(&p, id, "next");
    assert_string_equal(said(&p, id), "next");
    vault_place_close(&other);
    vault_place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(note_topics),     cmocka_unit_test(note_round_trip),
        cmocka_unit_test(note_taken_back), cmocka_unit_test(note_damaged),
        cmocka_unit_test(note_each_byte),  cmocka_unit_test(note_forged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
