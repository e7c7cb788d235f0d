/* SPDX-License-Identifier: Apache-2.0 */
/* command_drill.c - restores that are made to see whether they would work. */
#include "cli/session.h"

#include "base/file.h"
#include "base/text.h"
#include "catalog/keep.h"
#include "engine/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 100, EVERYTHING = 100 };

static int parse_sample(const struct session *s, unsigned *percent, struct error *e)
{
    const char *text = session_value(s, OPTION_SAMPLE);
    uint64_t number = EVERYTHING;
    if (text && (text_parse_u64(text, &number) != 0 || number < 1 || number > EVERYTHING))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--sample %s: it can be 1 to 100",
                         text);
    *percent = (unsigned)number;
    return 0;
}

/* A path from the root: the driver makes what it is given absolute, but locks must agree. */
static int parse_place(const struct session *s, char **place, struct error *e)
{
    const char *text = session_value(s, OPTION_TO);
    if (!text)
        return 0;
    if (file_make_directories(text, 0700, e) != 0)
        return -1;
    *place = realpath(text, NULL);
    return *place ? 0 : error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "cannot look at %s", text);
}

static void record_members(struct output *o, const struct catalog_drill *row, const char *vault)
{
    char digest[2 * CATALOG_HASH_SIZE + 1];
    text_hex(row->digest, sizeof(row->digest), digest);
    record_time(o, "at", row->started_ns);
    record_text(o, "vault", vault);
    record_text(o, "backup", row->backup);
    record_text(o, "policy", row->policy);
    record_text(o, "state", row->state);
    record_duration(o, "duration", row->ended_ns - row->started_ns);
    record_number(o, "entries", row->entries);
    record_size(o, "bytes", row->bytes);
    record_number(o, "differences", row->differences);
    record_text(o, "digest", digest);
    record_text(o, "task", row->task);
    record_text(o, "detail", row->detail);
}

static void print_result(struct session *s, const struct catalog_vault *row,
                         const struct drill_result *result)
{
    struct output *o = &s->output;
    char bytes[TEXT_SIZE_SIZE], took[TEXT_SIZE_SIZE], digest[2 * CATALOG_HASH_SIZE + 1];
    if (o->use_json) {
        record_begin(o, "drill");
        record_members(o, &result->row, row->name);
        record_end(o);
        return;
    }
    text_format_size(result->row.bytes, bytes);
    text_format_duration(result->row.ended_ns - result->row.started_ns, took);
    text_hex(result->row.digest, sizeof(result->row.digest), digest);
    output_note(o,
                "drill of backup %s (%s) in %s: %llu entries, %s restored and compared, %llu "
                "differ; in %s; digest %.16s",
                result->row.backup, result->backup_name, row->name,
                (unsigned long long)result->row.entries, bytes,
                (unsigned long long)result->row.differences, took, digest);
}

static int run(struct session *s, const struct catalog_vault *row,
               struct drill_request *request, struct error *e)
{
    struct setup_key key = session_key(s);
    struct drill_result result;
    struct job_view view;
    job_view_begin(&view, s, "drill", "differs");
    struct job_reporter reporter = job_view_reporter(&view);
    request->key = &key;
    request->reporter = &reporter;
    int done = drill_run(s->setup, row, request, &result, e);
    job_view_end(&view);
    if (done == 0 || e->code == ERROR_DRILL_DIFFERS)
        print_result(s, row, &result);
    return done;
}

int command_drill_run(struct session *s, struct error *e)
{
    struct drill_request request = {.backup = session_operand(s, 0)};
    char *place CLEANUP_TEXT = NULL;
    if (parse_sample(s, &request.percent, e) != 0 || parse_place(s, &place, e) != 0 ||
        session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    request.scratch = place;
    struct catalog_vault *row = catalog_vault_find(
        session_catalog(s), session_value(s, OPTION_REGION), session_value(s, OPTION_VAULT), e);
    int result = row ? run(s, row, &request, e) : -1;
    catalog_vault_free(row);
    return result;
}

/* The rows of the list, kept until the catalog may be asked for names. */
struct rows {
    struct catalog_drill *items;
    size_t count;
};

static int keep(void *context, const struct catalog_drill *row, struct error *e)
{
    struct rows *rows = context;
    void *grown = reallocarray(rows->items, rows->count + 1, sizeof(*rows->items));
    if (!grown)
        return error_no_memory(e, "drills");
    rows->items = grown;
    rows->items[rows->count++] = *row;
    return 0;
}

static void show(struct session *s, const struct catalog_drill *row)
{
    struct error gone = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_get(session_catalog(s), row->vault, &gone);
    record_begin(&s->output, "drill");
    record_members(&s->output, row, vault ? vault->name : "");
    record_end(&s->output);
    catalog_vault_free(vault);
}

static int find_vault(struct session *s, struct catalog_vault **vault, struct error *e)
{
    const char *name = session_value(s, OPTION_VAULT);
    *vault = NULL;
    if (!name)
        return 0;
    *vault = catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), name, e);
    return *vault ? 0 : -1;
}

int command_drill_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"at", "AT", false},         {"vault", "VAULT", false},
        {"backup", "BACKUP", false}, {"policy", "POLICY", false},
        {"state", "STATE", false},   {"entries", "ENTRIES", true},
        {"bytes", "BYTES", true},    {"differences", "DIFFER", true},
        {"detail", "DETAIL", false}};
    const char *text = session_value(s, OPTION_LIMIT);
    struct catalog_vault *vault = NULL;
    struct rows rows = {0};
    uint64_t limit = DEFAULT_LIMIT;
    if (text && text_parse_u64(text, &limit) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--limit %s is no number", text);
    if (session_setup(s, NEED_CATALOG, e) != 0 || find_vault(s, &vault, e) != 0)
        return -1;
    int result = catalog_drill_list(session_catalog(s), vault ? vault->uuid : NULL, limit, keep,
                                    &rows, e);
    if (result == 0) {
        output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
        for (size_t i = 0; i < rows.count; i++)
            show(s, &rows.items[i]);
        output_table_end(&s->output, "there was no drill yet; `lagan drill run` makes one");
    }
    free(rows.items);
    catalog_vault_free(vault);
    return result;
}
