/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_fixture.c - catalogs with something in them, for tests. */
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must(int result, const struct error *e)
{
    if (result != 0)
        fail_msg("%s", e->text);
}

void must_fail(int result, enum error_code code, const char *part, struct error *e)
{
    assert_int_not_equal(result, 0);
    if (e->code != code || strstr(e->text, part) == NULL)
        fail_msg("%s: %s", error_code_name(e->code), e->text);
    *e = ERROR_INIT;
}

struct catalog *open_catalog(const char *name)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;

    must(catalog_open(scratch_path(name), 0, &c, &e), &e);
    return c;
}

void make_id(uint8_t number, uint8_t id[CATALOG_ID_SIZE])
{
    memset(id, number, CATALOG_ID_SIZE);
}

void add_source(struct catalog *c, uint8_t number, const char *name)
{
    struct error e = ERROR_INIT;
    struct catalog_source *source = catalog_source_new(&e);

    assert_non_null(source);
    make_id(number, source->id);
    snprintf(source->name, sizeof(source->name), "%s", name);
    snprintf(source->driver, sizeof(source->driver), "src_files");
    must(catalog_pairs_add(&source->parameters, "path", name, &e), &e);
    must(catalog_pairs_add(&source->parameters, "path", "/second", &e), &e);
    must(catalog_pairs_add(&source->rules, "exclude", "*.o", &e), &e);
    must(catalog_pairs_add(&source->rules, "include", "!x", &e), &e);
    must(catalog_source_insert(c, source, &e), &e);
    catalog_source_free(source);
}

void add_vault(struct catalog *c, uint8_t number, const char *name)
{
    struct error e = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_new(&e);

    assert_non_null(vault);
    must(catalog_region_upsert(c, "east", "tgt_dir", &e), &e);
    make_id(number, vault->uuid);
    snprintf(vault->name, sizeof(vault->name), "%s", name);
    snprintf(vault->region, sizeof(vault->region), "east");
    snprintf(vault->prefix, sizeof(vault->prefix), "v/%s", name);
    snprintf(vault->key_driver, sizeof(vault->key_driver), "key_file");
    vault->state = CATALOG_VAULT_AVAILABLE;
    vault->created_ns = 1000;
    memset(vault->root_public, number, sizeof(vault->root_public));
    must(catalog_pairs_add(&vault->key_parameters, "path", "/keys/x", &e), &e);
    must(catalog_vault_insert(c, vault, &e), &e);
    catalog_vault_free(vault);
}

struct catalog_backup make_backup(uint8_t vault, uint8_t source, unsigned number)
{
    struct catalog_backup backup = {.created_ns = (int64_t)number * 10,
                                    .start_ns = (int64_t)number * 10 - 2,
                                    .end_ns = (int64_t)number * 10 - 1,
                                    .entries = number,
                                    .bytes = number * 1000,
                                    .bytes_stored = number * 100};

    make_id(vault, backup.vault);
    make_id(source, backup.source);
    snprintf(backup.id, sizeof(backup.id), "%08x%08x", number * 2654435761U, number);
    snprintf(backup.seal_name, sizeof(backup.seal_name), "seal-%u", number);
    memset(backup.seal_hash, (int)number, sizeof(backup.seal_hash));
    snprintf(backup.source_name, sizeof(backup.source_name), "source%u", source);
    snprintf(backup.source_driver, sizeof(backup.source_driver), "src_files");
    snprintf(backup.host, sizeof(backup.host), "host");
    snprintf(backup.name, sizeof(backup.name), "name%u", number);
    return backup;
}

void add_backup(struct catalog *c, uint8_t vault, uint8_t source, unsigned number)
{
    struct catalog_backup backup = make_backup(vault, source, number);
    struct error e = ERROR_INIT;

    must(catalog_backup_insert(c, &backup, &e), &e);
}

void add_mirror(struct catalog *c, uint8_t number, uint8_t source)
{
    struct catalog_mirror mirror = {
        .created_ns = 100, .history_ns = 5000, .delete_delay_ns = 700};
    struct error e = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_new(&e);

    assert_non_null(vault);
    must(catalog_region_upsert(c, "west", "tgt_dir", &e), &e);
    make_id(number, vault->uuid);
    make_id(source, vault->lineage);
    make_id(source, mirror.source);
    snprintf(vault->name, sizeof(vault->name), "[COPY]-%u", number);
    snprintf(vault->region, sizeof(vault->region), "west");
    snprintf(vault->prefix, sizeof(vault->prefix), "m/%u", number);
    vault->state = CATALOG_VAULT_AVAILABLE;
    must(catalog_mirror_insert(c, vault, &mirror, &e), &e);
    catalog_vault_free(vault);
}

struct catalog_item add_item(struct catalog *c, uint8_t lane, const char *subject)
{
    struct catalog_item item = {.operation = CATALOG_OPERATION_COPY, .due_ns = 1};
    struct error e = ERROR_INIT;

    make_id(lane, item.lane);
    snprintf(item.subject, sizeof(item.subject), "%s", subject);
    must(catalog_item_insert(c, &item, NULL, &e), &e);
    return item;
}

struct text {
    char *text;
    size_t room;
};

static int append_item(void *context, const struct catalog_item *item, struct error *e)
{
    static const char *const marks[] = {"", "!", "+"};
    struct text *out = context;

    (void)e;
    int size = snprintf(out->text, out->room, "%s%s:%s@%lld ", marks[item->state],
                        catalog_operation_name(item->operation), item->subject,
                        (long long)item->due_ns);
    assert_true(size > 0 && (size_t)size < out->room);
    out->text += size;
    out->room -= (size_t)size;
    return 0;
}

const char *items_text(struct catalog *c, uint8_t lane, char *text, size_t room)
{
    struct text out = {text, room};
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];

    make_id(lane, id);
    text[0] = '\0';
    must(catalog_item_list(c, id, -1, append_item, &out, &e), &e);
    return text;
}

static void print_problem(void *context, const char *text)
{
    (void)context;
    print_error("%s\n", text);
}

void must_be_sound(struct catalog *c)
{
    struct error e = ERROR_INIT;
    uint64_t problems = 0;

    must(catalog_check(c, print_problem, NULL, &problems, &e), &e);
    assert_int_equal(problems, 0);
}

void fill_catalog(struct catalog *c)
{
    struct catalog_task task = {.type = CATALOG_TASK_BACKUP};
    struct error e = ERROR_INIT;

    add_source(c, 1, "etc");
    add_source(c, 2, "home");
    add_vault(c, 10, "main");
    add_vault(c, 11, "other");
    for (unsigned i = 1; i <= 12; i++)
        add_backup(c, i % 3 == 0 ? 11 : 10, i % 2 == 0 ? 1 : 2, i);
    must(catalog_setting_set(c, "color", "blue", &e), &e);
    must(catalog_task_start(c, &task, &e), &e);
    must(catalog_task_finish(c, &task, CATALOG_TASK_STATE_SUCCESS, NULL, &e), &e);
}

char *dump_text(struct catalog *c)
{
    struct buffer out = BUFFER_INIT;
    struct error e = ERROR_INIT;

    must(catalog_dump(c, &out, &e), &e);
    buffer_append_u8(&out, 0);
    assert_false(out.failed);
    return (char *)out.data;
}
