/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_witness.c - key slots and tombstones that the catalog remembers. */
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct catalog_slot make_slot(uint8_t vault, char digit)
{
    struct catalog_slot slot = {
        .kind = "recovery", .label = "in the \"safe\"", .created_ns = 7};

    make_id(vault, slot.vault);
    memset(slot.id, digit, sizeof(slot.id) - 1);
    return slot;
}

static void add_slot(struct catalog *c, uint8_t vault, char digit)
{
    struct catalog_slot slot = make_slot(vault, digit);
    struct error e = ERROR_INIT;

    must(catalog_slot_upsert(c, &slot, &e), &e);
}

/* What a list gave: the first digit of each slot, or each name and a space. */
struct seen {
    char text[200];
    struct catalog_slot last;
};

static int see_slot(void *context, const struct catalog_slot *slot, struct error *e)
{
    struct seen *seen = context;
    const char digit[] = {slot->id[0], '\0'};

    (void)e;
    strcat(seen->text, digit);
    seen->last = *slot;
    return 0;
}

static int see_tombstone(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                         const char *seal_name, struct error *e)
{
    struct seen *seen = context;

    (void)e;
    memcpy(seen->last.vault, vault, CATALOG_ID_SIZE);
    strcat(strcat(seen->text, seal_name), " ");
    return 0;
}

static void expect_slots(struct catalog *c, const uint8_t *vault, const char *digits)
{
    struct error e = ERROR_INIT;
    struct seen seen = {.text = ""};

    must(catalog_slot_list(c, vault, see_slot, &seen, &e), &e);
    assert_string_equal(seen.text, digits);
}

static void expect_tombstones(struct catalog *c, const uint8_t *vault, const char *names)
{
    struct error e = ERROR_INIT;
    struct seen seen = {.text = ""};

    must(catalog_tombstone_list(c, vault, see_tombstone, &seen, &e), &e);
    assert_string_equal(seen.text, names);
}

static void witness_slots(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_slot slot = make_slot(10, 'a'), foreign = make_slot(99, 'a');
    struct error e = ERROR_INIT;
    struct seen seen = {.text = ""};

    (void)state;
    fill_catalog(c);
    add_slot(c, 11, 'c');
    add_slot(c, 10, 'b');
    add_slot(c, 10, 'a');
    add_slot(c, 10, 'a');
    expect_slots(c, NULL, "abc");
    expect_slots(c, slot.vault, "ab");
    must(catalog_slot_delete(c, slot.vault, slot.id, &e), &e);
    must(catalog_slot_delete(c, slot.vault, slot.id, &e), &e);
    expect_slots(c, NULL, "bc");
    must(catalog_slot_upsert(c, &slot, &e), &e);
    must(catalog_slot_list(c, slot.vault, see_slot, &seen, &e), &e);
    assert_string_equal(seen.text, "ab");
    assert_string_equal(seen.last.kind, slot.kind);
    assert_string_equal(seen.last.label, slot.label);
    assert_int_equal(seen.last.created_ns, 7);
    assert_memory_equal(seen.last.vault, slot.vault, sizeof(slot.vault));
    must(catalog_slot_delete(c, slot.vault, NULL, &e), &e);
    expect_slots(c, NULL, "c");
    must(catalog_slot_upsert(c, &slot, &e), &e);
    must(catalog_vault_delete(c, slot.vault, &e), &e);
    expect_slots(c, NULL, "c");
    assert_int_equal(catalog_slot_upsert(c, &foreign, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    catalog_close(c);
}

static void witness_tombstones(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup two = make_backup(10, 1, 2);
    struct error e = ERROR_INIT;

    (void)state;
    fill_catalog(c);
    must(catalog_backup_bury(c, two.vault, two.id, &e), &e);
    must_fail(catalog_backup_bury(c, two.vault, two.id, &e), ERROR_NO_BACKUP, two.id, &e);
    must_fail(catalog_backup_get(c, two.vault, two.id, &two, &e), ERROR_NO_BACKUP, two.id, &e);
    must(catalog_begin(c, &e), &e);
    must_fail(catalog_backup_bury(c, two.vault, two.id, &e), ERROR_NO_BACKUP, two.id, &e);
    must(catalog_commit(c, &e), &e); /* there was nothing to do */
    expect_tombstones(c, NULL, "seal-2 ");
    must(catalog_tombstone_insert(c, two.vault, "seal-2", &e), &e);
    must(catalog_tombstone_insert(c, two.vault, "seal-1", &e), &e);
    expect_tombstones(c, two.vault, "seal-1 seal-2 ");
    make_id(11, two.vault);
    expect_tombstones(c, two.vault, "");
    must(catalog_tombstone_clear(c, two.vault, &e), &e);
    expect_tombstones(c, NULL, "seal-1 seal-2 ");
    make_id(10, two.vault);
    must(catalog_tombstone_clear(c, two.vault, &e), &e);
    expect_tombstones(c, NULL, "");
    catalog_close(c);
}

static void witness_dumped(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    uint8_t vault[CATALOG_ID_SIZE];

    (void)state;
    fill_catalog(c);
    add_slot(c, 10, 'a');
    make_id(10, vault);
    must(catalog_tombstone_insert(c, vault, "seal-1", &e), &e);
    char *text = dump_text(c);
    assert_non_null(strstr(text, "\nslot vault=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a id=\"aaaa"));
    assert_non_null(
        strstr(text, "a\" kind=\"recovery\" label=\"in the \\x22safe\\x22\" created_ns=7\n"));
    assert_non_null(strstr(
        text, "\ntombstone vault=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a seal_name=\"seal-1\"\n"));
    free(text);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(witness_slots),
    scratch_test(witness_tombstones),
    scratch_test(witness_dumped),
};

UNIT_MAIN(tests)
