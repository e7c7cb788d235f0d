/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_keys.c - the key providers of vaults: which method they give, what is said when a
 * key is gone, and how one takes the place of another.  Vaults on tgt_dir; key_file, and
 * key_exec with openssl behind it. */
#include "catalog/audit.h"
#include "driver_fixture.h"
#include "engine/create.h"
#include "engine/key_check.h"
#include "engine/slot_provider.h"
#include "engine/slots.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char *scratch;
    struct setup *setup;
    char words[8][400]; /* of providers; see words() */
    size_t used;
};

static const char service[] =
    "#!/bin/sh\n"
    "read -r verb key data || exit 1\n"
    "[ ! -f \"$S/status\" ] || exit $(cat \"$S/status\")\n"
    "[ -f \"$S/$key\" ] || exit 66\n"
    "case $verb in wrap) d= ;; *) d=-d ;; esac\n"
    "printf %s \"$data\" | openssl enc $d -aes-256-cbc -pbkdf2 -iter 1 -a -A"
    " -pass \"file:$S/$key\" || exit 65\n";

static char *path_in(const struct fixture *f, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", f->scratch, name) > 0);
    return path;
}

static void put(const struct fixture *f, const char *name, const char *text, unsigned mode)
{
    char *path = path_in(f, name);
    fixture_write_text(path, text, mode);
    assert_int_equal(chmod(path, mode), 0);
    free(path);
}

static void take_away(const struct fixture *f, const char *name)
{
    char *path = path_in(f, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static struct fixture fixture_open(void)
{
    struct fixture f = {.scratch = fixture_scratch()};
    struct error e = ERROR_INIT;
    char text[1200];
    snprintf(text, sizeof text,
             "state = %s/state\n"
             "drivers = { src_files, tgt_dir, key_file, key_exec }\n"
             "region east { target tgt_dir { path = %s/vaults } }\n"
             "driver key_exec { env = \"S=%s\" timeout = 10s }\n",
             f.scratch, f.scratch, f.scratch);
    put(&f, "lagan.conf", text, 0600);
    put(&f, "kms", service, 0755);
    put(&f, "one", "the first\n", 0600);
    put(&f, "two", "the second\n", 0600);
    char *config = path_in(&f, "lagan.conf");
    const struct setup_request request = {.config_path = config,
                                          .driver_directory = fixture_folder("test-drivers")};
    assert_success(setup_open(&request, &f.setup, &e), e);
    free(config);
    return f;
}

static void fixture_close(struct fixture *f)
{
    setup_close(f->setup);
    fixture_scratch_remove(f->scratch);
}

/* "file:NAME" is a key file, "exec:NAME" a key of the service; NULL stays NULL. */
static const char *words(struct fixture *f, const char *text)
{
    char *out = f->words[f->used++ % 8];
    if (!text)
        return NULL;
    if (strncmp(text, "file:", 5) == 0)
        snprintf(out, sizeof f->words[0], "key_file:path=%s/%s", f->scratch, text + 5);
    else
        snprintf(out, sizeof f->words[0], "key_exec:command=%s/kms,key=%s", f->scratch,
                 text + 5);
    return out;
}

/* The row, or NULL and the error.  The recovery key goes to `recovery`. */
static struct catalog_vault *make_vault(struct fixture *f, const char *name,
                                        const char *provider,
                                        const enum catalog_encryption *wanted,
                                        uint8_t recovery[32], struct error *e)
{
    struct create_request request = {
        .name = name, .provider = words(f, provider), .encryption = wanted, .recovery = true};
    struct catalog_vault *row = NULL;
    if (create_vault(f->setup, &request, &row, e) != 0)
        return NULL;
    memcpy(recovery, request.recovery_key, 32);
    return row;
}

/* ANY: nobody said which. */
enum wanted { ANY = -1 };
#define MANAGED CATALOG_ENCRYPTION_MANAGED
#define KMS CATALOG_ENCRYPTION_KMS
#define PASSPHRASE CATALOG_ENCRYPTION_PASSPHRASE

static const struct method_case {
    const char *row;
    const char *region_key; /* of the configuration */
    const char *provider;
    int wanted;
    int method;       /* that comes out; -1: it is refused ... */
    const char *part; /* ... with this in the words */
} method_cases[] = {
    {"VLT-07 by default", NULL, NULL, ANY, MANAGED, NULL},
    {"VLT-07 managed", NULL, NULL, MANAGED, MANAGED, NULL},
    {"VLT-07 managed, key file", NULL, "file:a", MANAGED, MANAGED, NULL},
    {"VLT-07 key file", NULL, "file:a", ANY, MANAGED, NULL},
    {"VLT-07 service", NULL, "exec:one", ANY, KMS, NULL},
    {"VLT-07 kms, service", NULL, "exec:one", KMS, KMS, NULL},
    {"VLT-07 kms, no service", NULL, NULL, KMS, -1, "give --key key_pkcs11:"},
    {"VLT-07 kms, key file", NULL, "file:a", KMS, -1, "keeps its key on this machine"},
    {"VLT-07 managed, service", NULL, "exec:one", MANAGED, -1, "say --encryption kms"},
    {"VLT-07 passphrase, service", NULL, "exec:one", PASSPHRASE, -1, "no --key"},
    {"MIR-04 region of a service", "exec:one", NULL, ANY, KMS, NULL},
    {"MIR-04 region of a service, kms", "exec:one", NULL, KMS, KMS, NULL},
    {"MIR-04 region of a service, managed", "exec:one", NULL, MANAGED, -1, "key service"},
    {"MIR-04 region of key files, kms", "file:r", NULL, KMS, -1, "this machine"},
};

static void check_method(const struct method_case *c)
{
    struct fixture f = fixture_open();
    /* As `key` in the region's section would have it. */
    if (c->region_key)
        setup_config(f.setup)->regions[0].key = strdup(words(&f, c->region_key));
    enum catalog_encryption wanted = c->wanted == ANY ? MANAGED : c->wanted;
    struct error e = ERROR_INIT;
    uint8_t recovery[32];
    struct catalog_vault *row =
        make_vault(&f, "v", c->provider, c->wanted == ANY ? NULL : &wanted, recovery, &e);
    if (c->method >= 0 ? !row || (int)row->encryption != c->method
                       : row || e.code != ERROR_ENCRYPTION_DIFFERS || !strstr(e.text, c->part))
        fail_msg("%s: %s", c->row, row ? catalog_encryption_name(row->encryption) : e.text);
    /* Who refuses makes no key. */
    char *made = path_in(&f, "a");
    assert_int_equal(access(made, F_OK) == 0, row && c->provider && c->provider[0] == 'f');
    free(made);
    catalog_vault_free(row);
    fixture_close(&f);
}

static void keys_VLT_07_method_follows_provider(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof method_cases / sizeof method_cases[0]; i++)
        check_method(&method_cases[i]);
}

static void keys_VLT_33_method_is_kept(void **state)
{
    static const struct {
        enum catalog_encryption method;
        const char *driver;
        bool fits;
    } cases[] = {{MANAGED, "key_file", true},     {MANAGED, "key_exec", false},
                 {KMS, "key_exec", true},         {KMS, "key_file", false},
                 {PASSPHRASE, "key_file", true},  {PASSPHRASE, "key_exec", true},
                 {KMS, "key_nobody_knows", true}, {MANAGED, "key_nobody_knows", false}};
    struct fixture f = fixture_open();
    struct catalog_vault row = {.name = "v"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error e = ERROR_INIT;
        row.encryption = cases[i].method;
        int result = slot_provider_fits(f.setup, &row, cases[i].driver, &e);
        assert_int_equal(result, cases[i].fits ? 0 : -1);
        if (!cases[i].fits)
            assert_int_equal(e.code, ERROR_ENCRYPTION_DIFFERS);
    }
    fixture_close(&f);
}

/* What the service answers, and how an opening ends. */
static const struct gone_case {
    const char *row;
    const char *status; /* of the service; NULL: the key is gone */
    uint32_t code;
    int exit_status;
} gone_cases[] = {
    {"VLT-33 deleted", NULL, ERROR_KEY_UNAVAILABLE, 12},
    {"VLT-33 disabled", "77", ERROR_KEY_UNAVAILABLE, 12},
    {"VLT-33 unknown", "66", ERROR_KEY_UNAVAILABLE, 12},
    {"VLT-33 out of reach", "69", ERROR_KEY_UNAVAILABLE, 12},
    {"VLT-33 broken", "1", ERROR_KEY_UNAVAILABLE, 12},
    {"VLT-33 exchanged", "65", ERROR_WRONG_KEY, 12},
    {"busy", "75", ERROR_TEMPORARY, 5},
};

static void open_fails(struct fixture *f, const struct gone_case *c)
{
    struct open_vault vault = {0};
    struct error e = ERROR_INIT;
    struct error unreachable = ERROR_INIT;
    struct error checked = ERROR_INIT;
    struct key_verdict verdict;
    struct catalog_vault *row = catalog_vault_find(setup_catalog(f->setup), NULL, "v", &e);
    assert_int_equal(setup_vault_open(f->setup, NULL, "v", NULL, true, &vault, &e), -1);
    if (e.code != c->code || error_exit_status(&e) != c->exit_status)
        fail_msg("%s: %s", c->row, e.text);
    assert_int_equal(key_check_row(f->setup, row, NULL, NULL, &unreachable, &checked), -1);
    assert_int_equal(unreachable.error_class, LAGAN_OK);
    assert_int_equal(checked.code, c->code);
    assert_success(key_verdict_read(setup_catalog(f->setup), row->uuid, &verdict, &e), e);
    if (c->exit_status == 12) {
        assert_non_null(strstr(e.text, "key_exec (command "));
        assert_non_null(strstr(e.text, ", key one)"));
        assert_non_null(strstr(e.text, "--recovery-key opens the vault"));
        assert_false(verdict.fine);
        assert_true(verdict.checked_ns != 0);
        assert_non_null(strstr(verdict.text, "its key cannot be had"));
    }
    catalog_vault_free(row);
}

static void expect_opens(struct fixture *f)
{
    struct open_vault vault = {0};
    struct error e = ERROR_INIT;
    struct key_verdict verdict;
    assert_success(setup_vault_open(f->setup, NULL, "v", NULL, true, &vault, &e), e);
    assert_success(key_verdict_read(setup_catalog(f->setup), vault.row->uuid, &verdict, &e), e);
    assert_true(verdict.fine || verdict.checked_ns == 0);
    open_vault_close(&vault);
}

static void keys_VLT_33_gone_is_told_at_once(void **state)
{
    struct fixture f = fixture_open();
    struct error e = ERROR_INIT;
    uint8_t recovery[32];
    (void)state;
    catalog_vault_free(make_vault(&f, "v", "exec:one", NULL, recovery, &e));
    expect_opens(&f);
    for (size_t i = 0; i < sizeof gone_cases / sizeof gone_cases[0]; i++) {
        const struct gone_case *c = &gone_cases[i];
        const struct setup_key locked = {.locked = true};
        struct open_vault vault = {0};
        if (c->status)
            put(&f, "status", c->status, 0600);
        else
            take_away(&f, "one");
        open_fails(&f, c);
        /* The recovery key does not care. */
        assert_success(setup_vault_open(f.setup, NULL, "v", &locked, true, &vault, &e), e);
        assert_success(vault_unlock_recovery(vault.vault, recovery, &e), e);
        open_vault_close(&vault);
        if (c->status)
            take_away(&f, "status");
        else
            put(&f, "one", "the first\n", 0600);
        expect_opens(&f);
    }
    fixture_close(&f);
}

/* ---- one key after another ---- */

struct audit_count {
    unsigned added, removed, updated;
};

static int count_line(void *context, const struct catalog_audit *line, struct error *e)
{
    struct audit_count *count = context;
    (void)e;
    count->added += line->event == CATALOG_EVENT_KEY_ADD;
    count->removed += line->event == CATALOG_EVENT_KEY_REMOVE;
    count->updated += line->event == CATALOG_EVENT_VAULT_UPDATE;
    return 0;
}

static void expect_audit(struct fixture *f, unsigned added, unsigned removed, unsigned updated)
{
    struct audit_count count = {0};
    struct error e = ERROR_INIT;
    assert_success(catalog_audit_list(setup_catalog(f->setup), 0, 0, count_line, &count, &e),
                   e);
    assert_int_equal(count.added, added);
    assert_int_equal(count.removed, removed);
    assert_int_equal(count.updated, updated);
}

/* Adds a slot for the provider, remembered; its id. */
static void add_provider(struct fixture *f, struct open_vault *vault, const char *provider,
                         char id[33])
{
    const struct slots slots = {setup_catalog(f->setup), vault->row->uuid, vault->vault};
    struct slot_source slot = {0};
    struct error e = ERROR_INIT;
    assert_success(slot_source_provider(f->setup, words(f, provider), &slot, &e), e);
    assert_success(slots_add(&slots, &slot.request, id, &e), e);
    assert_success(
        slot_provider_remember(slots.catalog, slots.id, id, slot.driver, &slot.parameters, &e),
        e);
    slot_source_close(&slot);
}

static bool remove_provider(struct fixture *f, struct open_vault *vault, const char *id)
{
    const struct slots slots = {setup_catalog(f->setup), vault->row->uuid, vault->vault};
    struct error e = ERROR_INIT;
    bool missing = false;
    bool changed = false;
    assert_success(slots_remove(&slots, id, &missing, &e), e);
    assert_success(slot_provider_removed(f->setup, vault, id, &changed, &e), e);
    return changed;
}

static int note_first(void *context, const struct vault_slot *slot, struct error *e)
{
    (void)e;
    if (slot->kind == VAULT_SLOT_PROVIDER)
        memcpy(context, slot->id, sizeof slot->id);
    return 0;
}

static int count_state(void *context, const struct vault_slot *slot, enum key_slot_state state,
                       const struct error *why, struct error *e)
{
    unsigned *counts = context;
    (void)slot;
    (void)why;
    (void)e;
    counts[state]++;
    return 0;
}

static void keys_VLT_37_rewrap(void **state)
{
    struct fixture f = fixture_open();
    struct open_vault vault = {0};
    struct error e = ERROR_INIT;
    uint8_t recovery[32];
    char first[33] = "";
    char second[33] = "";
    unsigned states[3] = {0};
    (void)state;
    catalog_vault_free(make_vault(&f, "v", "exec:one", NULL, recovery, &e));
    assert_success(setup_vault_open(f.setup, NULL, "v", NULL, false, &vault, &e), e);
    assert_success(vault_slot_list(vault.vault, note_first, first, &e), e);
    add_provider(&f, &vault, "exec:two", second);
    expect_audit(&f, 1, 0, 0);
    /* VLT-33: nothing has changed for those who open it. */
    assert_non_null(strstr(catalog_pairs_find(&vault.row->key_parameters, "key"), "one"));
    assert_success(key_check(f.setup, &vault, count_state, states, &e), e);
    assert_int_equal(states[KEY_SLOT_OPENS], 2);
    assert_true(remove_provider(&f, &vault, first));
    expect_audit(&f, 1, 1, 1);
    open_vault_close(&vault);
    take_away(&f, "one");
    expect_opens(&f);
    assert_success(setup_vault_open(f.setup, NULL, "v", NULL, false, &vault, &e), e);
    assert_string_equal(catalog_pairs_find(&vault.row->key_parameters, "key"), "two");
    assert_int_equal(vault.row->encryption, CATALOG_ENCRYPTION_KMS);
    /* The last one: the row has no provider then, and keeps its method. */
    assert_true(remove_provider(&f, &vault, second));
    assert_string_equal(vault.row->key_driver, "");
    assert_int_equal(vault.row->encryption, CATALOG_ENCRYPTION_KMS);
    open_vault_close(&vault);
    fixture_close(&f);
}

static void keys_heirs_do_not_push(void **state)
{
    struct fixture f = fixture_open();
    struct open_vault vault = {0};
    struct error e = ERROR_INIT;
    uint8_t recovery[32];
    char second[33] = "";
    (void)state;
    catalog_vault_free(make_vault(&f, "v", "exec:one", NULL, recovery, &e));
    assert_success(setup_vault_open(f.setup, NULL, "v", NULL, false, &vault, &e), e);
    add_provider(&f, &vault, "exec:two", second);
    /* The remembered one goes again, the service is out of reach meanwhile. */
    put(&f, "status", "69", 0600);
    assert_false(remove_provider(&f, &vault, second));
    take_away(&f, "status");
    assert_string_equal(catalog_pairs_find(&vault.row->key_parameters, "key"), "one");
    open_vault_close(&vault);
    expect_opens(&f);
    fixture_close(&f);
}

static void keys_providers_are_remembered(void **state)
{
    struct fixture f = fixture_open();
    struct catalog *c = setup_catalog(f.setup);
    const uint8_t vault[CATALOG_ID_SIZE] = {7};
    const char slot[] = "00112233445566778899aabbccddeeff";
    struct catalog_pairs pairs = {0};
    struct slot_provider p;
    struct error e = ERROR_INIT;
    (void)state;
    assert_int_equal(slot_provider_get(c, vault, slot, &p, &e), 0);
    assert_success(catalog_pairs_add(&pairs, "command", "/bin/a =b, 'c'", &e), e);
    assert_success(catalog_pairs_add(&pairs, "env", "A=1", &e), e);
    assert_success(catalog_pairs_add(&pairs, "env", "B=", &e), e);
    assert_success(slot_provider_remember(c, vault, slot, "key_exec", &pairs, &e), e);
    assert_int_equal(slot_provider_get(c, vault, slot, &p, &e), 1);
    assert_string_equal(p.driver, "key_exec");
    assert_int_equal(p.parameters.count, 3);
    assert_string_equal(p.parameters.items[0].value, "/bin/a =b, 'c'");
    assert_string_equal(p.parameters.items[2].value, "B=");
    slot_provider_clear(&p);
    assert_success(slot_provider_forget(c, vault, slot, &e), e);
    assert_int_equal(slot_provider_get(c, vault, slot, &p, &e), 0);
    assert_success(catalog_pairs_add(&pairs, "path", "two\nlines", &e), e);
    assert_int_equal(slot_provider_remember(c, vault, slot, "key_file", &pairs, &e), -1);
    assert_int_equal(e.code, ERROR_PARAMETER);
    catalog_pairs_clear(&pairs);
    fixture_close(&f);
}

struct all_count {
    unsigned fine, gone;
};

static void count_vault(void *context, const struct catalog_vault *row, const struct error *why)
{
    struct all_count *count = context;
    (void)row;
    count->fine += why->error_class == LAGAN_OK;
    count->gone += why->code == ERROR_KEY_UNAVAILABLE;
}

static void keys_VLT_33_all_are_checked(void **state)
{
    struct fixture f = fixture_open();
    struct all_count count = {0};
    struct error e = ERROR_INIT;
    uint8_t recovery[32];
    uint64_t failed = 9;
    (void)state;
    catalog_vault_free(make_vault(&f, "v", "exec:one", NULL, recovery, &e));
    catalog_vault_free(make_vault(&f, "w", "exec:two", NULL, recovery, &e));
    catalog_vault_free(make_vault(&f, "x", NULL, NULL, recovery, &e));
    assert_success(key_check_all(f.setup, count_vault, &count, &failed, &e), e);
    assert_int_equal(failed, 0);
    assert_int_equal(count.fine, 3);
    take_away(&f, "two");
    count = (struct all_count){0};
    assert_success(key_check_all(f.setup, count_vault, &count, &failed, &e), e);
    assert_int_equal(failed, 1);
    assert_int_equal(count.fine, 2);
    assert_int_equal(count.gone, 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_VLT_07_method_follows_provider),
        cmocka_unit_test(keys_VLT_33_method_is_kept),
        cmocka_unit_test(keys_VLT_33_gone_is_told_at_once),
        cmocka_unit_test(keys_VLT_33_all_are_checked),
        cmocka_unit_test(keys_VLT_37_rewrap),
        cmocka_unit_test(keys_heirs_do_not_push),
        cmocka_unit_test(keys_providers_are_remembered),
    };
    if (system("command -v openssl >/dev/null") != 0) {
        print_message("SKIPPED: needs the program openssl\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
