/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_open.c - vaults made, opened and unlocked; their configuration and key slots. */
#include "base/log.h"
#include "crypto/derive.h"
#include "unit.h"
#include "vault/conf.h"
#include "vault/name.h"
#include "vault/slot.h"
#include "vault_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const drivers[] = {"tgt_mem", "tgt_dir"};
enum { DRIVER_COUNT = 2 };

static void open_and_unlock(void **state)
{
    (void)state;
    for (int i = 0; i < DRIVER_COUNT; i++) {
        struct vault_place f;
        struct error e = ERROR_INIT;

        vault_place_open(&f, drivers[i], true);
        assert_true(vault_unlocked(f.vault));
        assert_string_equal(vault_settings(f.vault)->name, "test");
        assert_int_equal(vault_settings(f.vault)->generation, 1);
        assert_int_equal(vault_settings(f.vault)->chunk_average_log2, 19);
        vault_place_again(&f, true, false);
        assert_false(vault_unlocked(f.vault));
        assert_null(vault_wrapping_key(f.vault, VAULT_WRAP_DATA, 0, &e));
        assert_int_equal(e.code, ERROR_LOCKED);
        assert_success(vault_unlock_passphrase(f.vault, vault_place_passphrase,
                                               strlen(vault_place_passphrase), &e),
                       e);
        assert_non_null(vault_wrapping_key(f.vault, VAULT_WRAP_DATA, 0, &e));
        assert_null(vault_wrapping_key(f.vault, VAULT_WRAP_DATA, 1, &e));
        assert_int_equal(e.code, ERROR_INTEGRITY);
        vault_place_close(&f);
    }
}

static void unlock_wrong_keys(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    vault_place_again(&f, false, false);
    assert_int_equal(vault_unlock_passphrase(f.vault, "wrong", 5, &e), -1);
    assert_int_equal(e.code, ERROR_WRONG_KEY);
    f.recovery[0] ^= 1;
    assert_int_equal(vault_unlock_recovery(f.vault, f.recovery, &e), -1);
    assert_int_equal(e.code, ERROR_WRONG_KEY);
    assert_false(vault_unlocked(f.vault));
    vault_place_close(&f);
}

static void open_without_vault(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;
    struct vault *v;

    (void)state;
    vault_place_empty(&f, "tgt_dir");
    assert_int_equal(vault_open(f.target, NULL, &v, &e), -1);
    assert_int_equal(e.code, ERROR_NO_VAULT);
    vault_place_close(&f);
}

/* The keys are those of doc/format.md section 3, computed here by its formulas. */
static void keys_as_documented(void **state)
{
    struct vault_place f;
    struct slot_entry *entries;
    struct masters *m;
    struct error e = ERROR_INIT;
    uint8_t key[32], mac[32];
    struct mac_key mk;
    struct chunk_id id;
    size_t count;

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    m = masters_new(&e);
    assert_success(slot_list(f.target, &entries, &count, &e), e);
    for (size_t i = 0; i < count; i++)
        if (entries[i].slot.kind == VAULT_SLOT_RECOVERY)
            assert_success(slot_open(&entries[i].slot, f.recovery, "slot", m, &e), e);
    slot_list_free(entries, count);
    assert_int_equal(m->count, 1);
    assert_success(derive_key(m->items[0].secret, 32, vault_settings(f.vault)->uuid, 16,
                              "lagan/1/meta-id", 15, key, 32, &e),
                   e);
    mac_key_set(&mk, key, 32);
    mac_compute(&mk, "chunk", 5, mac);
    vault_chunk_identify(f.vault, CHUNK_META, "chunk", 5, &id);
    assert_memory_equal(id.bytes, mac, 32);
    vault_chunk_identify(f.vault, CHUNK_DATA, "chunk", 5, &id);
    assert_memory_not_equal(id.bytes, mac, 32);
    assert_success(derive_key(m->items[0].secret, 32, vault_settings(f.vault)->uuid, 16,
                              "lagan/1/data", 12, key, 32, &e),
                   e);
    assert_memory_equal(vault_wrapping_key(f.vault, VAULT_WRAP_DATA, 0, &e), key, 32);
    masters_free(m);
    vault_place_close(&f);
}

static void create_twice(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    assert_int_equal(vault_place_create(&f, &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    vault_place_again(&f, false, false);
    vault_place_close(&f);
}

/* After a crash at any point of a creation there are some slots, or slots and the
 * configuration. */
static void create_after_crash(void **state)
{
    (void)state;
    for (size_t slots = 0; slots <= 2; slots++) {
        struct vault_place f;
        struct error e = ERROR_INIT;

        vault_place_open(&f, "tgt_dir", false);
        vault_place_lose(&f, "conf/00000001");
        while (vault_place_count(&f, "keys/") > slots)
            vault_place_lose(&f, vault_place_name(&f, "keys/", 0));
        assert_success(vault_place_create(&f, &e), e);
        vault_place_again(&f, false, true);
        assert_int_equal(vault_place_count(&f, "keys/"), 2 + slots);
        vault_place_close(&f);
    }
}

/* A place with backups but no configuration is a damaged vault, not an empty place. */
static void create_on_ruins(void **state)
{
    static const char *const names[] = {"packs/00/x", "seals/x", "rolls/x", "runs/x"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct vault_place f;
        struct error e = ERROR_INIT;

        vault_place_empty(&f, "tgt_mem");
        vault_place_plant(&f, names[i], "x", 1);
        assert_int_equal(vault_place_create(&f, &e), -1);
        assert_int_equal(e.code, ERROR_CONFLICT);
        assert_int_equal(vault_place_count(&f, "keys/"), 0);
        vault_place_close(&f);
    }
}

/* A target that says yes to every put. */
static void create_on_careless_target(void **state)
{
    struct vault_place f = {.scratch = fixture_scratch()};
    struct error e = ERROR_INIT;

    (void)state;
    f.instance = fixture_instance(vault_place_host(), "tgt_liar",
                                  (const char *[]){"lie=short-get", NULL});
    f.target = target_open(f.instance, 0, &e);
    assert_non_null(f.target);
    assert_int_equal(vault_place_create(&f, &e), -1);
    assert_error(e, LAGAN_UNSUPPORTED, "a second time");
    vault_place_close(&f);
}

static void create_full_target(void **state)
{
    struct vault_place f = {.scratch = fixture_scratch()};
    struct error e = ERROR_INIT;

    (void)state;
    f.instance = fixture_instance(vault_place_host(), "tgt_mem",
                                  (const char *[]){"name=small", "limit=700", NULL});
    f.target = target_open(f.instance, LAGAN_OPEN_INITIALISE, &e);
    assert_non_null(f.target);
    assert_int_equal(vault_place_create(&f, &e), -1);
    assert_int_equal(e.code, ERROR_NO_SPACE);
    assert_int_equal(vault_place_count(&f, ""), 0);
    vault_place_close(&f);
}

static void open_damaged_conf(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;
    uint64_t bytes;

    (void)state;
    vault_place_empty(&f, "tgt_dir");
    assert_success(vault_place_create(&f, &e), e);
    assert_success(target_stat(f.target, "conf/00000001", &bytes, &e), e);
    for (long at = 0; at < (long)bytes; at++) {
        struct vault *v;

        vault_place_flip(&f, "conf/00000001", at);
        assert_int_equal(vault_open(f.target, NULL, &v, &e), -1);
        assert_int_equal(e.code, at == 8 ? ERROR_NEWER_FORMAT : ERROR_INTEGRITY);
        assert_non_null(strstr(e.text, "conf/00000001"));
        vault_place_flip(&f, "conf/00000001", at);
    }
    vault_place_close(&f);
}

/* Writes a further generation with what `change` makes of the first. */
static void add_generation(struct vault_place *f, const struct keys *keys,
                           void (*change)(struct conf *))
{
    CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
    struct conf_entry *entries;
    struct error e = ERROR_INIT;
    struct conf c;
    char name[NAME_SIZE];
    size_t count;

    assert_success(conf_load(f->target, &entries, &count, &e), e);
    c = entries[count - 1].conf;
    free(entries);
    memcpy(c.previous, c.hash, 32);
    c.settings.generation++;
    snprintf(c.settings.name, sizeof(c.settings.name), "renamed");
    memcpy(c.settings.root_public, keys_root_public(keys), 32);
    if (change != NULL)
        change(&c);
    assert_success(conf_encode(&c, keys, &object, &e), e);
    name_of_conf(c.settings.generation, name);
    vault_place_plant(f, name, object.data, object.size);
}

static void wrong_previous(struct conf *c)
{
    c->previous[5] ^= 1;
}

static void read_only(struct conf *c)
{
    c->settings.features_read_only = 4;
}

static void incompatible(struct conf *c)
{
    c->settings.features_incompat = 8;
}

static void other_uuid(struct conf *c)
{
    c->settings.uuid[0] ^= 1;
}

static void open_newest_generation(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    add_generation(&f, vault_keys(f.vault), NULL);
    add_generation(&f, vault_keys(f.vault), NULL);
    vault_place_again(&f, false, true);
    assert_int_equal(vault_settings(f.vault)->generation, 3);
    assert_string_equal(vault_settings(f.vault)->name, "renamed");
    assert_int_equal(vault_writable(f.vault, &e), 0);
    add_generation(&f, vault_keys(f.vault), read_only);
    vault_place_again(&f, false, true);
    assert_int_equal(vault_writable(f.vault, &e), -1);
    assert_int_equal(e.code, ERROR_NEWER_FORMAT);
    add_generation(&f, vault_keys(f.vault), incompatible);
    vault_close(f.vault);
    f.vault = NULL;
    assert_int_equal(vault_open(f.target, NULL, &f.vault, &e), -1);
    assert_int_equal(e.code, ERROR_NEWER_FORMAT);
    vault_place_close(&f);
}

static char last_warning[1024];

static void keep_warning(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    snprintf(last_warning, sizeof(last_warning), "%s", line);
}

/* An older generation serves when the newest is no good, with a warning. */
static void open_older_generation(void **state)
{
    static void (*const changes[])(struct conf *) = {wrong_previous, other_uuid};

    (void)state;
    log_set_sink(keep_warning, NULL);
    for (int i = 0; i < 4; i++) {
        struct vault_place f;

        last_warning[0] = '\0';
        vault_place_open(&f, "tgt_dir", false);
        if (i == 3) { /* signed by a key of somebody else's */
            struct masters *m = masters_new(&(struct error){0});
            struct keys *k;

            m->count = 1;
            k = keys_new(vault_settings(f.vault)->uuid, m, &(struct error){0});
            add_generation(&f, k, NULL);
            keys_free(k);
            masters_free(m);
        } else {
            add_generation(&f, vault_keys(f.vault), i < 2 ? changes[i] : NULL);
        }
        if (i == 2)
            vault_place_flip(&f, "conf/00000002", -1);
        vault_place_again(&f, false, true);
        assert_int_equal(vault_settings(f.vault)->generation, 1);
        assert_non_null(strstr(last_warning, "conf/00000002"));
        vault_place_close(&f);
    }
    log_set_sink(NULL, NULL);
}

/* A lost first generation does not take the second with it. */
static void open_after_lost_generation(void **state)
{
    struct vault_place f;

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    add_generation(&f, vault_keys(f.vault), NULL);
    vault_place_lose(&f, "conf/00000001");
    vault_place_again(&f, false, true);
    assert_int_equal(vault_settings(f.vault)->generation, 2);
    vault_place_close(&f);
}

/* Someone exchanges configuration and slots, keeping the id: a slot opens, but it is another
 * vault. */
static void unlock_exchanged_conf(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;
    struct masters *m = masters_new(&e);
    struct keys *k;

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    m->count = 1;
    k = keys_new(vault_settings(f.vault)->uuid, m, &e);
    add_generation(&f, k, NULL);
    vault_place_lose(&f, "conf/00000001");
    vault_place_again(&f, false, false);
    assert_int_equal(vault_unlock_recovery(f.vault, f.recovery, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    assert_false(vault_unlocked(f.vault));
    keys_free(k);
    masters_free(m);
    vault_place_close(&f);
}

static int collect_slot(void *context, const struct vault_slot *slot, struct error *e)
{
    struct vault_slot *slots = context;
    size_t i = 0;

    (void)e;
    while (slots[i].id[0] != '\0')
        i++;
    slots[i] = *slot;
    return 0;
}

static void slot_list_add_remove(void **state)
{
    struct vault_slot slots[8] = {{.id = ""}};
    const struct vault_slot_request more = {.kind = VAULT_SLOT_PASSPHRASE,
                                            .label = "second",
                                            .passphrase = "other words",
                                            .passphrase_size = 11,
                                            .scrypt_log2_n = 10};
    struct vault_place f;
    struct error e = ERROR_INIT;
    char id[33];

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    assert_success(vault_slot_add(f.vault, &more, id, &e), e);
    assert_success(vault_slot_list(f.vault, collect_slot, slots, &e), e);
    assert_int_equal(strlen(slots[2].id), 32);
    assert_int_equal(strlen(slots[3].id), 0);
    vault_place_again(&f, false, false);
    assert_int_equal(vault_slot_add(f.vault, &more, id, &e), -1);
    assert_int_equal(e.code, ERROR_LOCKED);
    assert_success(vault_unlock_passphrase(f.vault, "other words", 11, &e), e);
    assert_success(vault_slot_remove(f.vault, id, &e), e);
    vault_place_again(&f, false, false);
    assert_int_equal(vault_unlock_passphrase(f.vault, "other words", 11, &e), -1);
    assert_int_equal(e.code, ERROR_WRONG_KEY);
    assert_int_equal(vault_slot_remove(f.vault, id, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    vault_place_close(&f);
}

static void slot_last_stays(void **state)
{
    struct vault_slot slots[8] = {{.id = ""}};
    struct vault_place f;
    struct error e = ERROR_INIT;

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    assert_success(vault_slot_list(f.vault, collect_slot, slots, &e), e);
    assert_success(vault_slot_remove(f.vault, slots[0].id, &e), e);
    assert_int_equal(vault_slot_remove(f.vault, slots[1].id, &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    assert_int_equal(vault_place_count(&f, "keys/"), 1);
    vault_place_close(&f);
}

static void slot_without_passphrase(void **state)
{
    const struct vault_slot_request empty = {.kind = VAULT_SLOT_PASSPHRASE, .passphrase = ""};
    struct vault_place f;
    struct error e = ERROR_INIT;
    char id[33];

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    assert_int_equal(vault_slot_add(f.vault, &empty, id, &e), -1);
    assert_int_equal(e.code, ERROR_PARAMETER);
    vault_place_close(&f);
}

/* One damaged slot does not keep another from opening; with none left it is named. */
static void slot_damaged(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;
    char first[64], second[64];

    (void)state;
    vault_place_open(&f, "tgt_dir", false);
    snprintf(first, sizeof(first), "%s", vault_place_name(&f, "keys/", 0));
    snprintf(second, sizeof(second), "%s", vault_place_name(&f, "keys/", 1));
    vault_place_flip(&f, first, 100);
    vault_place_again(&f, false, false);
    if (vault_unlock_recovery(f.vault, f.recovery, &e) != 0)
        assert_success(vault_unlock_passphrase(f.vault, vault_place_passphrase,
                                               strlen(vault_place_passphrase), &e),
                       e);
    vault_place_flip(&f, second, -1);
    vault_place_again(&f, false, false);
    assert_int_equal(vault_unlock_recovery(f.vault, f.recovery, &e), -1);
    assert_int_equal(e.code, ERROR_INTEGRITY);
    assert_non_null(strstr(e.text, first));
    vault_place_close(&f);
}

static void slot_of_provider(void **state)
{
    struct vault_place f;
    struct error e = ERROR_INIT;
    struct vault_slot slots[8] = {{.id = ""}};
    struct vault_slot_request request = {.kind = VAULT_SLOT_PROVIDER, .label = "managed"};
    char path[2][4096], id[33];
    struct instance *i[2];
    struct key_provider *p[2];

    (void)state;
    vault_place_open(&f, "tgt_mem", false);
    for (int n = 0; n < 2; n++) {
        snprintf(path[n], sizeof(path[n]), "path=%s/%d.key", f.scratch, n);
        i[n] =
            fixture_instance(vault_place_host(), "key_file", (const char *[]){path[n], NULL});
        p[n] = key_provider_open(i[n], LAGAN_OPEN_INITIALISE, &e);
        assert_success(p[n] != NULL ? 0 : -1, e);
    }
    assert_int_equal(vault_unlock_provider(f.vault, p[0], &e), -1);
    assert_non_null(strstr(e.text, "has no provider slot"));
    request.provider = p[0];
    assert_success(vault_slot_add(f.vault, &request, id, &e), e);
    vault_place_again(&f, false, false);
    assert_int_equal(vault_unlock_provider(f.vault, p[1], &e), -1);
    assert_int_equal(e.code, ERROR_WRONG_KEY);
    assert_success(vault_unlock_provider(f.vault, p[0], &e), e);
    assert_success(vault_slot_list(f.vault, collect_slot, slots, &e), e);
    for (int n = 0; n < 3; n++)
        if (slots[n].kind == VAULT_SLOT_PROVIDER) {
            assert_string_equal(slots[n].driver, "key_file");
            assert_string_equal(slots[n].label, "managed");
            assert_true(slots[n].identity[0] != '\0');
        }
    for (int n = 0; n < 2; n++) {
        key_provider_close(p[n]);
        instance_free(i[n]);
    }
    vault_place_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_and_unlock),
        cmocka_unit_test(unlock_wrong_keys),
        cmocka_unit_test(open_without_vault),
        cmocka_unit_test(keys_as_documented),
        cmocka_unit_test(create_twice),
        cmocka_unit_test(create_after_crash),
        cmocka_unit_test(create_on_ruins),
        cmocka_unit_test(create_on_careless_target),
        cmocka_unit_test(create_full_target),
        cmocka_unit_test(open_damaged_conf),
        cmocka_unit_test(open_newest_generation),
        cmocka_unit_test(open_older_generation),
        cmocka_unit_test(open_after_lost_generation),
        cmocka_unit_test(unlock_exchanged_conf),
        cmocka_unit_test(slot_list_add_remove),
        cmocka_unit_test(slot_last_stays),
        cmocka_unit_test(slot_without_passphrase),
        cmocka_unit_test(slot_damaged),
        cmocka_unit_test(slot_of_provider),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
