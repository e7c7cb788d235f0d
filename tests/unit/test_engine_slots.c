/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_slots.c - the key slots that the catalog remembers, beside those in storage. */
#include "base/clock.h"
#include "base/text.h"
#include "catalog_fixture.h"
#include "engine/slots.h"
#include "unit.h"
#include "vault_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A vault with a recovery and a passphrase slot, and a catalog that knows it, not its slots. */
struct pair {
    struct vault_place place;
    struct catalog *catalog;
    struct slots slots;
};

static void pair_make(struct pair *p)
{
    struct error e = ERROR_INIT;
    char state[4096];

    vault_place_open(&p->place, "tgt_dir", false);
    snprintf(state, sizeof(state), "%s/state", p->place.scratch);
    must(catalog_open(state, 0, &p->catalog, &e), &e);
    p->slots = (struct slots){p->catalog, vault_settings(p->place.vault)->uuid, p->place.vault};
    struct catalog_vault *row = catalog_vault_new(&e);
    assert_non_null(row);
    must(catalog_region_upsert(p->catalog, "east", "tgt_dir", &e), &e);
    memcpy(row->uuid, p->slots.id, sizeof(row->uuid));
    strcpy(row->name, "main");
    strcpy(row->region, "east");
    must(catalog_vault_insert(p->catalog, row, &e), &e);
    catalog_vault_free(row);
}

static void pair_drop(struct pair *p)
{
    catalog_close(p->catalog);
    vault_place_close(&p->place);
}

/* What a comparison told, and the last slot of it. */
struct told {
    unsigned missing, unknown;
    struct catalog_slot last;
};

static void on_slot(void *context, const struct catalog_slot *slot, bool missing)
{
    struct told *told = context;

    told->missing += missing;
    told->unknown += !missing;
    told->last = *slot;
}

static struct told expect_told(struct pair *p, unsigned missing, unsigned unknown)
{
    struct error e = ERROR_INIT;
    struct told told = {0};

    must(slots_compare(&p->slots, on_slot, &told, &e), &e);
    assert_int_equal(told.missing, missing);
    assert_int_equal(told.unknown, unknown);
    return told;
}

static struct vault_slot_request passphrase(void)
{
    return (struct vault_slot_request){.kind = VAULT_SLOT_PASSPHRASE,
                                       .label = "new",
                                       .passphrase = "word",
                                       .passphrase_size = 4,
                                       .scrypt_log2_n = 10};
}

static void slots_are_recorded(void **state)
{
    struct error e = ERROR_INIT;
    uint64_t gone = 9;
    struct pair p;

    (void)state;
    pair_make(&p);
    expect_told(&p, 0, 2);
    must(slots_record(&p.slots, &gone, &e), &e);
    assert_int_equal(gone, 0);
    expect_told(&p, 0, 0);
    vault_place_lose(&p.place, vault_place_name(&p.place, "keys/", 1));
    struct told told = expect_told(&p, 1, 0);
    assert_true(strcmp(told.last.kind, "recovery") == 0 ||
                strcmp(told.last.kind, "passphrase") == 0);
    must(slots_record(&p.slots, &gone, &e), &e);
    assert_int_equal(gone, 1);
    expect_told(&p, 0, 0);
    pair_drop(&p);
}

/* Damage is found by who reads the slot: it is there. */
static void slots_damaged_are_not_missing(void **state)
{
    struct error e = ERROR_INIT;
    struct pair p;

    (void)state;
    pair_make(&p);
    must(slots_record(&p.slots, NULL, &e), &e);
    vault_place_flip(&p.place, vault_place_name(&p.place, "keys/", 0), 40);
    expect_told(&p, 0, 0);
    pair_drop(&p);
}

static void slots_come_and_go(void **state)
{
    const struct vault_slot_request request = passphrase();
    struct error e = ERROR_INIT;
    char id[33], name[64], found[33];
    bool missing = true;
    struct pair p;

    (void)state;
    pair_make(&p);
    must(slots_record(&p.slots, NULL, &e), &e);
    must(slots_add(&p.slots, &request, id, &e), &e);
    expect_told(&p, 0, 0);
    must_fail(slots_find(&p.slots, "abc", found, &e), ERROR_USAGE, "at least 4", &e);
    must_fail(slots_find(&p.slots, "zzzz", found, &e), ERROR_FAILED, "zzzz", &e);
    must(slots_find(&p.slots, id, found, &e), &e);
    assert_string_equal(found, id);
    must(slots_remove(&p.slots, id, &missing, &e), &e);
    assert_false(missing);
    expect_told(&p, 0, 0);
    must_fail(slots_remove(&p.slots, id, &missing, &e), ERROR_FAILED, id, &e);
    /* One that storage has lost is found, and forgotten. */
    must(slots_add(&p.slots, &request, id, &e), &e);
    snprintf(name, sizeof(name), "keys/%s", id);
    vault_place_lose(&p.place, name);
    struct told told = expect_told(&p, 1, 0);
    assert_string_equal(told.last.id, id);
    assert_string_equal(told.last.label, "new");
    must(slots_find(&p.slots, id, found, &e), &e);
    must(slots_remove(&p.slots, id, &missing, &e), &e);
    assert_true(missing);
    expect_told(&p, 0, 0);
    pair_drop(&p);
}

/* The last slot stays, and stays known. */
static void slots_last_is_kept(void **state)
{
    struct error e = ERROR_INIT;
    bool missing;
    struct pair p;

    (void)state;
    pair_make(&p);
    vault_place_lose(&p.place, vault_place_name(&p.place, "keys/", 0));
    must(slots_record(&p.slots, NULL, &e), &e);
    const char *last = vault_place_name(&p.place, "keys/", 0) + strlen("keys/");
    must_fail(slots_remove(&p.slots, last, &missing, &e), ERROR_CONFLICT, "last", &e);
    expect_told(&p, 0, 0);
    pair_drop(&p);
}

/* A slot that was stored by a command that was killed then is ours; any other is not. */
static void slots_after_a_kill(void **state)
{
    const struct vault_slot_request request = passphrase();
    struct error e = ERROR_INIT;
    char id[33], setting[64], since[32], uuid[33];
    struct pair p;

    (void)state;
    pair_make(&p);
    must(slots_record(&p.slots, NULL, &e), &e);
    text_hex(p.slots.id, CATALOG_ID_SIZE, uuid);
    snprintf(setting, sizeof(setting), "adding_slot.%s", uuid);
    snprintf(since, sizeof(since), "%lld", (long long)clock_wall_ns());
    must(catalog_setting_set(p.catalog, setting, since, &e), &e);
    must(vault_slot_add(p.place.vault, &request, id, &e), &e);
    expect_told(&p, 0, 0);
    /* Twice in a row, the second time without a kill. */
    must(catalog_setting_set(p.catalog, setting, since, &e), &e);
    must(vault_slot_add(p.place.vault, &request, id, &e), &e);
    must(slots_add(&p.slots, &request, id, &e), &e);
    expect_told(&p, 0, 0);
    must(vault_slot_add(p.place.vault, &request, id, &e), &e);
    struct told told = expect_told(&p, 0, 1);
    assert_string_equal(told.last.id, id);
    pair_drop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_recorded), cmocka_unit_test(slots_damaged_are_not_missing),
        cmocka_unit_test(slots_come_and_go),  cmocka_unit_test(slots_last_is_kept),
        cmocka_unit_test(slots_after_a_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
