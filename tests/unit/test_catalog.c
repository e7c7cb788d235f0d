/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog.c - settings, regions, sources, vaults, transactions, the dump. */
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void catalog_made_safely(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c;
    struct stat found;
    uint8_t first[CATALOG_ID_SIZE], second[CATALOG_ID_SIZE], none[CATALOG_ID_SIZE] = {0};
    int64_t number;
    mode_t before = umask(0);

    (void)state;
    c = open_catalog("a/b/state");
    umask(before);
    assert_int_equal(stat(scratch_path("a/b/state"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0700);
    add_source(c, 1, "x");
    static const char *const files[] = {"catalog.db", "catalog.db-wal", "catalog.db-shm",
                                        "catalog.lock"};
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof(name), "a/b/state/%s", files[i]);
        assert_int_equal(stat(scratch_path(name), &found), 0);
        assert_int_equal(found.st_mode & 07777, 0600);
    }
    must(query_single_number(c, "PRAGMA synchronous", &number, &e), &e);
    assert_int_equal(number, 2);
    must(query_single_number(c, "PRAGMA foreign_keys", &number, &e), &e);
    assert_int_equal(number, 1);
    must(query_single_number(c, "PRAGMA trusted_schema", &number, &e), &e);
    assert_int_equal(number, 0);
    must(query_single_number(c, "PRAGMA cell_size_check", &number, &e), &e);
    assert_int_equal(number, 1);
    must(query_single_number(c, "PRAGMA user_version", &number, &e), &e);
    assert_int_equal(number, schema_version());
    catalog_writer_id(c, first);
    assert_memory_not_equal(first, none, sizeof(none));
    catalog_close(c);
    catalog_close(NULL);
    assert_int_equal(scratch_count(scratch_path("a/b/state"), "catalog."), 2);
    c = open_catalog("a/b/state");
    catalog_writer_id(c, second);
    assert_memory_equal(first, second, sizeof(first));
    catalog_close(c);
}

static void catalog_refuses_folders(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;

    (void)state;
    assert_int_equal(mkdir(scratch_path("open"), 0700), 0);
    chmod(scratch_path("open"), 0770);
    must_fail(catalog_open(scratch_path("open"), 0, &c, &e), ERROR_FAILED,
              "can be written by others", &e);
    scratch_write("file", "", 0, 0600);
    must_fail(catalog_open(scratch_path("file"), 0, &c, &e), ERROR_CONFLICT, "", &e);
    must_fail(catalog_open(scratch_path("none"), CATALOG_OPEN_EXISTING, &c, &e), ERROR_FAILED,
              "there is no catalog", &e);
    assert_int_equal(mkdir(scratch_path("none/catalog.db"), 0700), 0);
    must_fail(catalog_open(scratch_path("none"), 0, &c, &e), ERROR_FAILED, "not a regular file",
              &e);
    assert_null(c);
}

static void catalog_tightens_the_mode(void **state)
{
    struct stat found;

    (void)state;
    catalog_close(open_catalog("s"));
    chmod(scratch_path("s/catalog.db"), 0644);
    catalog_close(open_catalog("s"));
    assert_int_equal(stat(scratch_path("s/catalog.db"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
}

static void catalog_settings(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    assert_null(catalog_setting_get(c, "x", &e));
    assert_int_equal(e.error_class, LAGAN_OK);
    must(catalog_setting_set(c, "x", "1", &e), &e);
    must(catalog_setting_set(c, "x", "two", &e), &e);
    catalog_close(c);
    c = open_catalog("s");
    char *value = catalog_setting_get(c, "x", &e);
    assert_string_equal(value, "two");
    free(value);
    catalog_close(c);
}

static int collect_region(void *context, const struct catalog_region *region, struct error *e)
{
    (void)e;
    strcat(strcat(context, region->name),
           region->state == CATALOG_REGION_AVAILABLE ? "+" : "-");
    return 0;
}

static void catalog_regions(void **state)
{
    static const char *const kept[] = {"north", "west"};
    struct catalog *c = open_catalog("s");
    struct catalog_region region;
    struct error e = ERROR_INIT;
    char text[256] = "";

    (void)state;
    must(catalog_region_upsert(c, "west", "tgt_s3", &e), &e);
    must(catalog_region_upsert(c, "east", "tgt_dir", &e), &e);
    must(catalog_region_upsert(c, "north", "tgt_dir", &e), &e);
    must(catalog_region_retain(c, kept, 2, &e), &e);
    must(catalog_region_list(c, collect_region, text, &e), &e);
    assert_string_equal(text, "east-north+west+");
    must(catalog_region_upsert(c, "east", "tgt_sftp", &e), &e);
    must(catalog_region_get(c, "east", &region, &e), &e);
    assert_int_equal(region.state, CATALOG_REGION_AVAILABLE);
    assert_string_equal(region.target_driver, "tgt_sftp");
    must(catalog_region_retain(c, kept, 0, &e), &e);
    text[0] = '\0';
    must(catalog_region_list(c, collect_region, text, &e), &e);
    assert_string_equal(text, "east-north-west-");
    must_fail(catalog_region_get(c, "south", &region, &e), ERROR_NO_REGION, "'south'", &e);
    must_fail(catalog_region_upsert(c, "a b", "t", &e), ERROR_NAME_INVALID, "'a b'", &e);
    /* What is known already costs no write: even in a catalog that another is writing to. */
    struct catalog *other = open_catalog("s");
    must(catalog_region_upsert(c, "east", "tgt_sftp", &e), &e);
    must(catalog_begin(other, &e), &e);
    must(catalog_region_upsert(c, "east", "tgt_sftp", &e), &e);
    catalog_rollback(other);
    catalog_close(other);
    catalog_close(c);
}

static int collect_source(void *context, const struct catalog_source *source, struct error *e)
{
    (void)e;
    strcat(strcat(context, source->name), ",");
    return 0;
}

static void catalog_sources(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_source *source;
    struct error e = ERROR_INIT;
    char text[256] = "";

    (void)state;
    add_source(c, 0xab, "home");
    add_source(c, 0xac, "etc");
    source = catalog_source_find(c, "home", &e);
    assert_non_null(source);
    assert_int_equal(source->id[15], 0xab);
    assert_string_equal(source->driver, "src_files");
    assert_int_equal(source->parameters.count, 2);
    assert_string_equal(source->parameters.items[1].value, "/second");
    assert_string_equal(catalog_pairs_find(&source->parameters, "path"), "home");
    assert_null(catalog_pairs_find(&source->parameters, "x"));
    assert_string_equal(source->rules.items[0].name, "exclude");
    assert_string_equal(source->rules.items[1].value, "!x");
    assert_true(source->created_ns > 0);

    struct catalog_source *same = catalog_source_same(c, "src_files", &source->parameters, &e);
    assert_memory_equal(same->id, source->id, CATALOG_ID_SIZE);
    catalog_source_free(same);
    assert_null(catalog_source_same(c, "src_nas", &source->parameters, &e));
    assert_int_equal(e.error_class, LAGAN_OK);

    snprintf(source->name, sizeof(source->name), "house");
    must(catalog_pairs_add(&source->parameters, "more", "1", &e), &e);
    catalog_pairs_clear(&source->rules);
    must(catalog_source_update(c, source, &e), &e);
    assert_null(catalog_source_find(c, "home", &e));
    must_fail(-1, ERROR_NO_SOURCE, "no source 'home'", &e);
    catalog_source_free(source);
    source = catalog_source_find(c, "ABAB", &e);
    assert_string_equal(source->name, "house");
    assert_int_equal(source->parameters.count, 3);
    assert_int_equal(source->rules.count, 0);
    assert_null(catalog_source_same(c, "src_files", &source->rules, &e));

    snprintf(source->name, sizeof(source->name), "etc");
    must_fail(catalog_source_update(c, source, &e), ERROR_NAME_TAKEN, "'etc'", &e);
    must_fail(catalog_source_insert(c, source, &e), ERROR_NAME_TAKEN, "'etc'", &e);
    snprintf(source->name, sizeof(source->name), "-x");
    must_fail(catalog_source_insert(c, source, &e), ERROR_NAME_INVALID, "'-x'", &e);
    must(catalog_source_list(c, collect_source, text, &e), &e);
    assert_string_equal(text, "etc,house,");
    must(catalog_source_delete(c, source->id, &e), &e);
    must_fail(catalog_source_delete(c, source->id, &e), ERROR_NO_SOURCE, "", &e);
    must_fail(catalog_source_update(c, source, &e), ERROR_NAME_INVALID, "", &e);
    assert_null(catalog_source_get(c, source->id, &e));
    assert_int_equal(e.code, ERROR_NO_SOURCE);
    catalog_source_free(source);
    catalog_source_free(NULL);
    catalog_close(c);
}

static void catalog_source_ids(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    struct catalog_source *source = catalog_source_new(&e);
    uint8_t none[CATALOG_ID_SIZE] = {0};
    char name[NAME_SIZE];

    (void)state;
    snprintf(source->name, sizeof(source->name), "one");
    must(catalog_source_insert(c, source, &e), &e);
    assert_memory_not_equal(source->id, none, sizeof(none));
    memset(source->id, 0x77, CATALOG_ID_SIZE);
    snprintf(source->name, sizeof(source->name), "two");
    must(catalog_source_insert(c, source, &e), &e);
    source->id[CATALOG_ID_SIZE - 1] = 0;
    snprintf(source->name, sizeof(source->name), "7777"); /* names go before ids */
    must(catalog_source_insert(c, source, &e), &e);
    catalog_source_free(source);
    assert_null(catalog_source_find(c, "77777", &e));
    must_fail(-1, ERROR_AMBIGUOUS, "'77777'", &e);
    source = catalog_source_find(c, "7777", &e);
    assert_string_equal(source->name, "7777");
    catalog_source_free(source);
    source = catalog_source_find(c, "77777777-7777-7777-7777-777777777777", &e);
    assert_string_equal(source->name, "two");
    catalog_source_free(source);
    assert_null(catalog_source_find(c, "777", &e)); /* too short for an id */
    assert_null(catalog_source_find(c, "zzzz", &e));
    must(catalog_source_name(c, "one", name, &e), &e);
    assert_string_equal(name, "one-2");
    must(catalog_source_name(c, "/x y", name, &e), &e);
    assert_string_equal(name, "_x_y");
    catalog_close(c);
}

static int collect_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    (void)e;
    strcat(strcat(strcat(context, vault->region), "/"), vault->name);
    return strcmp(vault->name, "stop") == 0 ? 7 : 0;
}

static void catalog_vaults(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_vault *vault;
    struct error e = ERROR_INIT;
    char text[256] = "";

    (void)state;
    assert_null(catalog_vault_find(c, NULL, NULL, &e));
    must_fail(-1, ERROR_NO_VAULT, "lagan vault create", &e);
    add_vault(c, 0x11, "main");
    vault = catalog_vault_find(c, NULL, NULL, &e);
    assert_string_equal(vault->name, "main");
    assert_string_equal(vault->region, "east");
    assert_string_equal(vault->prefix, "v/main");
    assert_int_equal(vault->state, CATALOG_VAULT_AVAILABLE);
    assert_int_equal(vault->type, CATALOG_TYPE_GENERAL);
    assert_int_equal(vault->role, CATALOG_ROLE_NORMAL);
    assert_int_equal(vault->encryption, CATALOG_ENCRYPTION_MANAGED);
    assert_string_equal(vault->key_driver, "key_file");
    assert_string_equal(vault->key_parameters.items[0].value, "/keys/x");
    assert_int_equal(vault->root_public[31], 0x11);
    assert_int_equal(vault->created_ns, 1000);

    must_fail(catalog_vault_insert(c, vault, &e), ERROR_NAME_TAKEN, "'main'", &e);
    vault->uuid[0] = 1;
    must_fail(catalog_vault_insert(c, vault, &e), ERROR_NAME_TAKEN, "'main'", &e);
    snprintf(vault->name, sizeof(vault->name), "[COPY]-main");
    must_fail(catalog_vault_insert(c, vault, &e), ERROR_NAME_TAKEN, "same place", &e);
    snprintf(vault->region, sizeof(vault->region), "mars");
    must_fail(catalog_vault_insert(c, vault, &e), ERROR_NO_REGION, "'mars'", &e);
    must(catalog_region_upsert(c, "mars", "tgt_dir", &e), &e);
    vault->created_ns = 0;
    must(catalog_vault_insert(c, vault, &e), &e);
    assert_true(vault->created_ns > 1000);
    snprintf(vault->name, sizeof(vault->name), "main");
    vault->encryption = CATALOG_ENCRYPTION_KMS;
    must(catalog_vault_update(c, vault, &e), &e);
    catalog_vault_free(vault);

    assert_null(catalog_vault_find(c, NULL, NULL, &e));
    must_fail(-1, ERROR_AMBIGUOUS, "several vaults", &e);
    assert_null(catalog_vault_find(c, NULL, "main", &e));
    must_fail(-1, ERROR_AMBIGUOUS, "--region", &e);
    assert_null(catalog_vault_find(c, "mars", "maim", &e));
    must_fail(-1, ERROR_NO_VAULT, "'maim' in the region mars; there are: main", &e);
    vault = catalog_vault_find(c, "mars", NULL, &e);
    assert_int_equal(vault->encryption, CATALOG_ENCRYPTION_KMS);
    must(catalog_vault_set_state(c, vault->uuid, CATALOG_VAULT_ERROR, &e), &e);
    catalog_vault_free(vault);
    vault = catalog_vault_find(c, NULL, "0111", &e);
    assert_string_equal(vault->region, "mars");
    assert_int_equal(vault->state, CATALOG_VAULT_ERROR);
    must(catalog_vault_list(c, collect_vault, text, &e), &e);
    assert_string_equal(text, "east/mainmars/main");
    must(catalog_vault_delete(c, vault->uuid, &e), &e);
    must_fail(catalog_vault_delete(c, vault->uuid, &e), ERROR_NO_VAULT, "", &e);
    must_fail(catalog_vault_set_state(c, vault->uuid, CATALOG_VAULT_ERROR, &e), ERROR_NO_VAULT,
              "", &e);
    must_fail(catalog_vault_update(c, vault, &e), ERROR_NO_VAULT, "", &e);
    catalog_vault_free(vault);
    add_vault(c, 0x12, "stop");
    add_vault(c, 0x13, "zebra");
    text[0] = '\0';
    assert_int_equal(catalog_vault_list(c, collect_vault, text, &e), 7);
    assert_string_equal(text, "east/maineast/stop");
    catalog_close(c);
}

static void catalog_vault_rebuilt(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_vault *vault, *found;
    struct error e = ERROR_INIT;
    char name[NAME_SIZE];

    (void)state;
    add_vault(c, 0x11, "main");
    add_backup(c, 0x11, 1, 1);
    vault = catalog_vault_find(c, NULL, "main", &e);
    catalog_pairs_clear(&vault->key_parameters);
    vault->key_driver[0] = '\0';
    snprintf(vault->name, sizeof(vault->name), "renamed");
    must(catalog_vault_upsert(c, vault, &e), &e);
    found = catalog_vault_get(c, vault->uuid, &e);
    assert_string_equal(found->name, "renamed");
    assert_string_equal(found->key_driver, "key_file");
    assert_int_equal(found->key_parameters.count, 1);
    catalog_vault_free(found);
    struct catalog_backup backup;
    must(catalog_backup_find(c, vault->uuid, NULL, "latest", &backup, &e), &e); /* kept */
    vault->uuid[0] = 0x55;
    snprintf(vault->prefix, sizeof(vault->prefix), "other");
    must_fail(catalog_vault_upsert(c, vault, &e), ERROR_NAME_TAKEN, "", &e);
    must(catalog_vault_name(c, "east", vault->name, &e), &e);
    must(catalog_vault_upsert(c, vault, &e), &e);
    assert_memory_equal(vault->name, "vault_", 6);
    must(catalog_vault_name(c, "east", name, &e), &e);
    assert_string_not_equal(name, vault->name);
    catalog_vault_free(vault);
    catalog_close(c);
}

static void catalog_transactions(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_source *source;
    struct error e = ERROR_INIT;

    (void)state;
    must(catalog_begin(c, &e), &e);
    add_source(c, 1, "one");
    catalog_rollback(c);
    assert_null(catalog_source_find(c, "one", &e));
    e = ERROR_INIT;
    must(catalog_begin(c, &e), &e);
    add_source(c, 1, "one");
    must(catalog_begin(c, &e), &e);
    add_source(c, 2, "two");
    must(catalog_commit(c, &e), &e);
    must(catalog_commit(c, &e), &e);
    source = catalog_source_find(c, "two", &e);
    assert_non_null(source);
    /* One failure inside spoils the whole. */
    must(catalog_begin(c, &e), &e);
    add_source(c, 3, "three");
    must_fail(catalog_source_insert(c, source, &e), ERROR_NAME_TAKEN, "'two'", &e);
    must_fail(catalog_commit(c, &e), ERROR_FAILED, "a step of the change failed", &e);
    assert_null(catalog_source_find(c, "three", &e));
    e = ERROR_INIT;
    /* So does a rollback inside. */
    must(catalog_begin(c, &e), &e);
    must(catalog_begin(c, &e), &e);
    add_source(c, 3, "three");
    catalog_rollback(c);
    must_fail(catalog_commit(c, &e), ERROR_FAILED, "", &e);
    catalog_source_free(source);
    add_source(c, 3, "three");
    catalog_close(c);
}

struct nested {
    struct catalog *c;
    unsigned count;
};

static int inner_source(void *context, const struct catalog_source *source, struct error *e)
{
    struct nested *nested = context;

    (void)source, (void)e;
    nested->count++;
    return 0;
}

static int outer_source(void *context, const struct catalog_source *source, struct error *e)
{
    struct nested *nested = context;
    struct catalog_source *again = catalog_source_find(nested->c, source->name, e);

    assert_non_null(again);
    catalog_source_free(again);
    return catalog_source_list(nested->c, inner_source, nested, e);
}

static void catalog_lists_nest(void **state)
{
    struct catalog *c = open_catalog("s");
    struct nested nested = {c, 0};
    struct error e = ERROR_INIT;

    (void)state;
    add_source(c, 1, "a");
    add_source(c, 2, "b");
    add_source(c, 3, "c");
    must(catalog_source_list(c, outer_source, &nested, &e), &e);
    assert_int_equal(nested.count, 9);
    catalog_close(c);
}

static void *add_many(void *context)
{
    struct error e = ERROR_INIT;

    for (int i = 0; i < 20; i++) {
        struct catalog_source *source = catalog_source_new(&e);
        snprintf(source->name, sizeof(source->name), "t%lx-%d", (unsigned long)pthread_self(),
                 i);
        if (catalog_source_insert(context, source, &e) != 0) {
            catalog_source_free(source);
            return context; /* anything but NULL: it failed */
        }
        catalog_source_free(source);
    }
    return NULL;
}

static void catalog_threads(void **state)
{
    struct catalog *c = open_catalog("s");
    struct nested nested = {c, 0};
    struct error e = ERROR_INIT;
    pthread_t threads[4];
    void *result;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, c), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    must(catalog_source_list(c, inner_source, &nested, &e), &e);
    assert_int_equal(nested.count, 80);
    catalog_close(c);
}

static void catalog_dumps_are_canonical(void **state)
{
    struct catalog *a = open_catalog("a"), *b = open_catalog("b");
    struct error e = ERROR_INIT;

    (void)state;
    fill_catalog(a);
    for (unsigned i = 12; i >= 1; i--) {
        if (i == 12) {
            add_vault(b, 11, "other");
            add_vault(b, 10, "main");
        }
        add_backup(b, i % 3 == 0 ? 11 : 10, i % 2 == 0 ? 1 : 2, i);
    }
    struct catalog_vault *vault = catalog_vault_find(b, NULL, "main", &e);
    catalog_pairs_clear(&vault->key_parameters);
    snprintf(vault->description, sizeof(vault->description), "only known here");
    must(catalog_vault_update(b, vault, &e), &e);
    catalog_vault_free(vault);
    char *first = dump_text(a), *second = dump_text(b);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first) > 1000, 1);
    assert_non_null(strstr(first, "vault uuid=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a name=\"main\""));
    free(second);
    struct catalog_backup backup = make_backup(10, 2, 1);
    backup.bytes++;
    snprintf(backup.host, sizeof(backup.host), "a\"b\\c\n");
    must(catalog_backup_upsert(b, &backup, &e), &e);
    second = dump_text(b);
    assert_string_not_equal(first, second);
    assert_non_null(strstr(second, "host=\"a\\x22b\\\\c\\x0a\""));
    free(first);
    free(second);
    catalog_close(a);
    catalog_close(b);
}

static void print_problem(void *context, const char *text)
{
    print_error("%s\n", text);
    ++*(unsigned *)context;
}

static void catalog_check_finds(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    unsigned seen = 0;
    uint64_t problems = 99;

    (void)state;
    fill_catalog(c);
    must(catalog_check(c, print_problem, &seen, &problems, &e), &e);
    assert_int_equal(problems, 0);
    must(query_execute(c, "UPDATE vaults SET state = 'upside-down'", &e), &e);
    must(query_execute(c, "UPDATE tasks SET error_code = 'hungry'", &e), &e);
    must(query_execute(c, "PRAGMA foreign_keys = OFF; DELETE FROM regions", &e), &e);
    must(catalog_check(c, print_problem, &seen, &problems, &e), &e);
    assert_int_equal(problems, 4); /* two vaults without region, two tables with odd words */
    assert_int_equal(seen, 4);
    assert_null(catalog_vault_find(c, NULL, "main", &e));
    must_fail(-1, ERROR_INTEGRITY, "lagan catalog rebuild", &e);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(catalog_made_safely),
    scratch_test(catalog_refuses_folders),
    scratch_test(catalog_tightens_the_mode),
    scratch_test(catalog_settings),
    scratch_test(catalog_regions),
    scratch_test(catalog_sources),
    scratch_test(catalog_source_ids),
    scratch_test(catalog_vaults),
    scratch_test(catalog_vault_rebuilt),
    scratch_test(catalog_transactions),
    scratch_test(catalog_lists_nest),
    scratch_test(catalog_threads),
    scratch_test(catalog_dumps_are_canonical),
    scratch_test(catalog_check_finds),
};

UNIT_MAIN(tests)
