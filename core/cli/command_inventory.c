/* SPDX-License-Identifier: Apache-2.0 */
/* command_inventory.c - inventories: asked for, listed, shown, made, forgotten. */
#include "cli/policy_record.h"

#include "base/clock.h"
#include "engine/inventory.h"
#include "policy/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void record_next(struct output *o, const struct catalog_inventory *row)
{
    struct inventory_plan *plan = NULL;
    struct error ignored = ERROR_INIT;
    int64_t next_ns = 0;
    if (inventory_plan(row, &plan, &ignored) == 0 && plan->schedule)
        schedule_next(plan->schedule, plan->zone, row->cursor_ns, &next_ns);
    inventory_plan_free(plan);
    record_time(o, "next", next_ns);
}

static void record_inventory(struct session *s, const struct catalog_inventory *row)
{
    struct error ignored = ERROR_INIT;
    struct output *o = &s->output;
    struct catalog_source *source =
        catalog_source_get(session_catalog(s), row->source, &ignored);
    record_begin(o, "inventory");
    record_text(o, "name", row->name);
    record_id(o, "id", row->id);
    record_text(o, "source", source ? source->name : "");
    record_text(o, "state", catalog_inventory_state_name(row->state));
    record_number(o, "entries", row->entries);
    record_size(o, "bytes", row->bytes);
    record_number(o, "problems", row->problems);
    record_text(o, "manifest", row->manifest);
    record_time(o, "started", row->started_ns);
    record_time(o, "ended", row->ended_ns);
    record_next(o, row);
    record_text(o, "task", row->task);
    record_text(o, "message", row->why.text);
    record_pairs(o, "settings", &row->settings);
    record_time(o, "created", row->created_ns);
    record_end(o);
    catalog_source_free(source);
}

/* The inventory that the first operand names; the setup is opened.  The caller frees. */
static struct catalog_inventory *inventory_operand(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return NULL;
    return catalog_inventory_find(session_catalog(s), session_operand(s, 0), e);
}

/* ---- create ---- */

static int create(struct session *s, const struct catalog_pairs *words, struct error *e)
{
    struct catalog_inventory *row = NULL;
    struct catalog_source *source =
        catalog_source_find(session_catalog(s), session_operand(s, 1), e);
    int result =
        source ? inventory_create(s->setup, session_operand(s, 0), source, words, &row, e) : -1;
    catalog_source_free(source);
    if (result != 0)
        return -1;
    if (s->output.use_json)
        record_inventory(s, row);
    output_note(&s->output,
                "inventory %s of %s made known; `lagan inventory run %s` makes it now",
                row->name, session_operand(s, 1), row->name);
    catalog_inventory_free(row);
    return 0;
}

int command_inventory_create(struct session *s, struct error *e)
{
    struct catalog_pairs words = {NULL, 0};
    int result = session_setup(s, NEED_CATALOG, e);
    if (result == 0 && policy_words(s, 2, &words, e) != 0) {
        if (e->code == ERROR_POLICY_SETTING)
            e->code = ERROR_INVENTORY_SETTING;
        result = -1;
    }
    if (result == 0)
        result = create(s, &words, e);
    catalog_pairs_clear(&words);
    return result;
}

/* ---- list, show ---- */

/* Names of sources come from another table: rows are gathered first. */
struct names {
    char (*items)[NAME_SIZE];
    size_t count;
};

static int gather(void *context, const struct catalog_inventory *row, struct error *e)
{
    struct names *names = context;
    char(*grown)[NAME_SIZE] = reallocarray(names->items, names->count + 1, sizeof(*grown));
    if (!grown)
        return error_no_memory(e, "inventories");
    names->items = grown;
    memcpy(grown[names->count++], row->name, NAME_SIZE);
    return 0;
}

int command_inventory_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false},      {"source", "SOURCE", false}, {"state", "STATE", false},
        {"entries", "ENTRIES", true}, {"bytes", "SIZE", true},     {"ended", "MADE", false},
        {"next", "NEXT", false}};
    struct names names = {NULL, 0};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    int result = catalog_inventory_list(session_catalog(s), gather, &names, e);
    output_table(&s->output, columns, COUNT(columns));
    for (size_t i = 0; i < names.count && result == 0; i++) {
        struct catalog_inventory *row =
            catalog_inventory_find(session_catalog(s), names.items[i], e);
        if (row)
            record_inventory(s, row);
        result = row ? 0 : -1;
        catalog_inventory_free(row);
    }
    output_table_end(&s->output, "no inventories; `lagan inventory create` makes one known");
    free(names.items);
    return result;
}

int command_inventory_show(struct session *s, struct error *e)
{
    struct catalog_inventory *row = inventory_operand(s, e);
    if (!row)
        return -1;
    record_inventory(s, row);
    catalog_inventory_free(row);
    return 0;
}

/* ---- run, delete ---- */

int command_inventory_run(struct session *s, struct error *e)
{
    struct catalog_inventory *row = inventory_operand(s, e);
    struct job_view view;
    if (!row)
        return -1;
    job_view_begin(&view, s, "inventory", "cannot look at");
    struct job_reporter reporter = job_view_reporter(&view);
    int result = inventory_run(s->setup, row, &reporter, e);
    job_view_end(&view);
    if (result == 0) {
        if (s->output.use_json)
            record_inventory(s, row);
        output_note(&s->output, "%llu entries in %s", (unsigned long long)row->entries,
                    row->manifest);
        s->status = row->problems > 0 ? STATUS_PARTIAL : STATUS_DONE;
    }
    catalog_inventory_free(row);
    return result;
}

int command_inventory_delete(struct session *s, struct error *e)
{
    struct catalog_inventory *row = inventory_operand(s, e);
    int result = row ? inventory_delete(s->setup, row, e) : -1;
    if (result == 0)
        output_note(&s->output, "inventory %s forgotten; what was written stays", row->name);
    catalog_inventory_free(row);
    return result;
}
