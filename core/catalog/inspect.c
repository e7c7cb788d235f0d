/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c - the whole catalog looked at: is it sound, and what does it say. */
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEM_LIMIT = 100 };

struct report {
    catalog_problem_function *problem;
    void *context;
    uint64_t count;
};

static void report(struct report *r, const char *text)
{
    r->count++;
    if (r->problem != NULL && r->count <= PROBLEM_LIMIT)
        r->problem(r->context, text);
}

static int report_integrity(struct query *q, void *context, struct error *e)
{
    char *text = row_text_copy(q);

    if (text == NULL)
        return error_no_memory(e, "the check");
    if (strcmp(text, "ok") != 0)
        report(context, text);
    free(text);
    return 0;
}

static int report_foreign_key(struct query *q, void *context, struct error *e)
{
    char *table = row_text_copy(q);
    char text[200];

    if (table == NULL)
        return error_no_memory(e, "the check");
    snprintf(text, sizeof(text), "a row of %.60s names something that is not there", table);
    free(table);
    report(context, text);
    return 0;
}

/* Reading every row tells values that no constraint excludes. */

static int see_region(void *context, const struct catalog_region *region, struct error *e)
{
    (void)context, (void)region, (void)e;
    return 0;
}

static int see_source(void *context, const struct catalog_source *source, struct error *e)
{
    (void)context, (void)source, (void)e;
    return 0;
}

static int see_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    (void)context, (void)vault, (void)e;
    return 0;
}

static int see_backup(void *context, const struct catalog_backup *backup, struct error *e)
{
    (void)context, (void)backup, (void)e;
    return 0;
}

static int see_slot(void *context, const struct catalog_slot *slot, struct error *e)
{
    (void)context, (void)slot, (void)e;
    return 0;
}

static int see_tombstone(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                         const char *seal_name, struct error *e)
{
    (void)context, (void)vault, (void)seal_name, (void)e;
    return 0;
}

static int see_task(void *context, const struct catalog_task *task, struct error *e)
{
    (void)context, (void)task, (void)e;
    return 0;
}

static void read_all(struct catalog *c, struct report *r)
{
    struct error e[7];
    const int results[] = {
        catalog_region_list(c, see_region, NULL, &e[0]),
        catalog_source_list(c, see_source, NULL, &e[1]),
        catalog_vault_list(c, see_vault, NULL, &e[2]),
        catalog_backup_list(c, NULL, NULL, see_backup, NULL, &e[3]),
        catalog_task_list(c, 0, -1, 0, see_task, NULL, &e[4]),
        catalog_slot_list(c, NULL, see_slot, NULL, &e[5]),
        catalog_tombstone_list(c, NULL, see_tombstone, NULL, &e[6]),
    };

    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        if (results[i] != 0)
            report(r, e[i].text);
}

int catalog_check(struct catalog *c, catalog_problem_function *problem, void *context,
                  uint64_t *problems, struct error *e)
{
    struct report r = {problem, context, 0};

    catalog_lock(c);
    int result = query_list_all(c, "PRAGMA integrity_check", report_integrity, &r, e);
    if (result == 0)
        result = query_list_all(c, "PRAGMA foreign_key_check", report_foreign_key, &r, e);
    if (result == 0)
        read_all(c, &r);
    catalog_unlock(c);
    if (result == 0)
        *problems = r.count;
    return result;
}

/* The dump: one line for each vault, slot, tombstone and backup, `name=value` in a fixed order.
 */

static void add_text(struct buffer *out, const char *name, const char *value)
{
    buffer_append_format(out, " %s=\"", name);
    for (const char *at = value; *at != '\0'; at++) {
        size_t plain = strcspn(at, "\"");
        text_escape(out, at, plain);
        if (at[plain] == '\0')
            break;
        buffer_append_format(out, "\\x22");
        at += plain;
    }
    buffer_append_u8(out, '"');
}

static void add_bytes(struct buffer *out, const char *name, const uint8_t *data, size_t size)
{
    char text[2 * CATALOG_HASH_SIZE + 1];

    text_hex(data, size, text);
    buffer_append_format(out, " %s=%s", name, text);
}

static void add_number(struct buffer *out, const char *name, int64_t value)
{
    buffer_append_format(out, " %s=%lld", name, (long long)value);
}

static int dump_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "vault");
    add_bytes(out, "uuid", vault->uuid, CATALOG_ID_SIZE);
    add_text(out, "name", vault->name);
    add_text(out, "region", vault->region);
    add_text(out, "encryption", catalog_encryption_name(vault->encryption));
    add_text(out, "prefix", vault->prefix);
    add_bytes(out, "root_public", vault->root_public, sizeof(vault->root_public));
    add_number(out, "created_ns", vault->created_ns);
    buffer_append_u8(out, '\n');
    return 0;
}

static int dump_slot(void *context, const struct catalog_slot *slot, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "slot");
    add_bytes(out, "vault", slot->vault, CATALOG_ID_SIZE);
    add_text(out, "id", slot->id);
    add_text(out, "kind", slot->kind);
    add_text(out, "label", slot->label);
    add_number(out, "created_ns", slot->created_ns);
    buffer_append_u8(out, '\n');
    return 0;
}

static int dump_tombstone(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                          const char *seal_name, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "tombstone");
    add_bytes(out, "vault", vault, CATALOG_ID_SIZE);
    add_text(out, "seal_name", seal_name);
    buffer_append_u8(out, '\n');
    return 0;
}

static int dump_backup(void *context, const struct catalog_backup *backup, struct error *e)
{
    struct buffer *out = context;

    (void)e;
    buffer_append_format(out, "backup");
    add_bytes(out, "vault", backup->vault, CATALOG_ID_SIZE);
    add_text(out, "id", backup->id);
    add_text(out, "seal_name", backup->seal_name);
    add_bytes(out, "seal_hash", backup->seal_hash, CATALOG_HASH_SIZE);
    add_bytes(out, "source", backup->source, CATALOG_ID_SIZE);
    add_text(out, "source_name", backup->source_name);
    add_text(out, "source_driver", backup->source_driver);
    add_text(out, "host", backup->host);
    add_text(out, "state", catalog_backup_state_name(backup->state));
    add_number(out, "created_ns", backup->created_ns);
    add_number(out, "start_ns", backup->start_ns);
    add_number(out, "end_ns", backup->end_ns);
    add_number(out, "entries", (int64_t)backup->entries);
    add_number(out, "bytes", (int64_t)backup->bytes);
    add_number(out, "bytes_stored", (int64_t)backup->bytes_stored);
    add_text(out, "name", backup->name);
    add_text(out, "description", backup->description);
    add_text(out, "parent", backup->parent);
    buffer_append_u8(out, '\n');
    return 0;
}

int catalog_dump(struct catalog *c, struct buffer *out, struct error *e)
{
    int result = -1;

    catalog_lock(c); /* all lists are of one moment, as far as this process is concerned */
    if (catalog_vault_list(c, dump_vault, out, e) == 0 &&
        catalog_slot_list(c, NULL, dump_slot, out, e) == 0 &&
        catalog_tombstone_list(c, NULL, dump_tombstone, out, e) == 0 &&
        catalog_backup_list(c, NULL, NULL, dump_backup, out, e) == 0)
        result = buffer_check(out, e);
    catalog_unlock(c);
    return result;
}
