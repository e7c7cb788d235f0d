/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_transfer_notes.c - notes on their way from one copy of a vault to another: the
 * newest arrive, older ones go when those are there, and nothing goes for lack of a word.
 */
#include "copy_fixture.h"
#include "unit.h"
#include "vault/name.h"
#include "vault/note.h"

#include <string.h>

enum { TOPIC_SIZE = VAULT_NOTE_TOPIC_SIZE };

static void say(struct vault_place *p, uint8_t topic, const char *value)
{
    struct vault_note note = {.kind = VAULT_NOTE_BACKUP};
    struct error e = ERROR_INIT;

    note.topic[TOPIC_SIZE - 1] = topic;
    if (value != NULL)
        assert_success(vault_about_add(&note.facts, "said", value, &e), e);
    assert_success(vault_note_write(p->vault, &note, &e), e);
    vault_note_free(&note);
}

static void note_name(uint8_t topic, uint32_t generation, char name[NAME_SIZE])
{
    uint8_t whole[TOPIC_SIZE] = {0};

    whole[TOPIC_SIZE - 1] = topic;
    name_of_note(whole, generation, name);
}

static bool has_note(struct vault_place *p, uint8_t topic, uint32_t generation)
{
    char name[NAME_SIZE];

    note_name(topic, generation, name);
    return place_has(p, name);
}

static void pass_notes(struct copies *c, uint64_t sent)
{
    struct transfer_result r = {.objects = 0};
    struct error e = ERROR_INIT;
    struct transfer *t = copies_open(c, 0);

    assert_success(transfer_notes(t, &r, &e), e);
    assert_int_equal(r.objects, sent);
    transfer_close(t);
}

/* What people have said goes along, byte for byte; what has taken its place takes it there,
 * too, and nothing else does. */
static void transfer_notes_follow(void **state)
{
    CLEANUP_BUFFER struct buffer here = BUFFER_INIT, there = BUFFER_INIT;
    struct vault_note note = {.kind = VAULT_NOTE_BACKUP, .topic = {[TOPIC_SIZE - 1] = 1}};
    struct error e = ERROR_INIT;
    struct copies c;
    char name[NAME_SIZE];

    (void)state;
    copies_make(&c);
    pass_notes(&c, 0);
    say(&c.t.p, 1, "first");
    say(&c.t.p, 2, "other");
    pass_notes(&c, 2);
    pass_notes(&c, 0);
    note_name(1, 1, name);
    assert_success(target_get_all(c.t.p.target, name, 1 << 20, &here, &e), e);
    assert_success(target_get_all(c.mirror.target, name, 1 << 20, &there, &e), e);
    assert_int_equal(here.size, there.size);
    assert_memory_equal(here.data, there.data, here.size);
    say(&c.t.p, 1, "second");
    pass_notes(&c, 1);
    assert_true(has_note(&c.mirror, 1, 2) && !has_note(&c.mirror, 1, 1));
    /* What is taken back is known to be. */
    say(&c.t.p, 2, NULL);
    pass_notes(&c, 1);
    assert_true(has_note(&c.mirror, 2, 2) && !has_note(&c.mirror, 2, 1));
    /* The mirror's own key reads it. */
    vault_place_again(&c.mirror, false, true);
    assert_int_equal(vault_note_read(c.mirror.vault, &note, &e), 1);
    assert_string_equal(vault_about_find(&note.facts, "said"), "second");
    vault_note_free(&note);
    copies_drop(&c);
}

/* A source that has lost its notes, or has older ones, takes nothing away. */
static void transfer_notes_stay(void **state)
{
    CLEANUP_BUFFER struct buffer first = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct copies c;
    char old[NAME_SIZE], new[NAME_SIZE];

    (void)state;
    copies_make(&c);
    say(&c.t.p, 1, "first");
    note_name(1, 1, old);
    note_name(1, 2, new);
    assert_success(target_get_all(c.t.p.target, old, 1 << 20, &first, &e), e);
    say(&c.t.p, 1, "second");
    pass_notes(&c, 1);
    assert_success(target_remove(c.t.p.target, new, &e), e);
    pass_notes(&c, 0);
    assert_true(has_note(&c.mirror, 1, 2));
    vault_place_plant(&c.t.p, old, first.data, first.size);
    pass_notes(&c, 0);
    assert_true(has_note(&c.mirror, 1, 2) && !has_note(&c.mirror, 1, 1));
    copies_drop(&c);
}

/* Nothing damaged or planted travels, and nothing goes because of it. */
static void int_01_damaged_note_stays(void **state)
{
    CLEANUP_BUFFER struct buffer first = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct copies c;
    char name[NAME_SIZE];

    (void)state;
    copies_make(&c);
    say(&c.t.p, 1, "first");
    note_name(1, 1, name);
    assert_success(target_get_all(c.t.p.target, name, 1 << 20, &first, &e), e);
    pass_notes(&c, 1);
    say(&c.t.p, 1, "second");
    note_name(1, 2, name);
    vault_place_flip(&c.t.p, name, -80);
    pass_notes(&c, 0);
    assert_true(has_note(&c.mirror, 1, 1) && !has_note(&c.mirror, 1, 2));
    note_name(1, 9, name);
    vault_place_plant(&c.mirror, name, first.data, first.size);
    vault_place_plant(&c.t.p, name, first.data, first.size);
    pass_notes(&c, 0);
    assert_true(has_note(&c.mirror, 1, 1));
    copies_drop(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfer_notes_follow),
        cmocka_unit_test(transfer_notes_stay),
        cmocka_unit_test(int_01_damaged_note_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
