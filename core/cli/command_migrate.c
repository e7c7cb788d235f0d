/* SPDX-License-Identifier: Apache-2.0 */
/* command_migrate.c - migrations: made, shown, run, cancelled, deleted. */
#include "cli/migrate_record.h"

#include "base/text.h"
#include "cli/policy_record.h"

#include <stdio.h>
#include <string.h>

/* What it became is said once: as a record, or as a line. */
static void show(struct session *s, const struct catalog_migration *row, const char *words)
{
    if (s->output.use_json)
        record_migration(&s->output, row);
    output_note(&s->output, "migration %s %s", row->name, words);
}

/* ---- create ---- */

int command_migrate_create(struct session *s, struct error *e)
{
    struct catalog_pairs settings = {NULL, 0};
    struct catalog_migration *row = NULL;
    char words[160];
    int result = session_setup(s, NEED_CATALOG, e);
    if (result == 0)
        result = policy_words(s, 3, &settings, e);
    if (result != 0 && e->code == ERROR_POLICY_SETTING)
        e->code = ERROR_MIGRATE_SETTING;
    if (result == 0)
        result = migrate_create(s->setup, session_operand(s, 0), session_operand(s, 1),
                                session_operand(s, 2), &settings, &row, e);
    catalog_pairs_clear(&settings);
    if (result != 0)
        return -1;
    snprintf(words, sizeof(words), "made; `lagan migrate run %s` starts it", row->name);
    show(s, row, words);
    catalog_migration_free(row);
    return 0;
}

/* ---- list, show, status ---- */

static int show_row(void *context, const struct catalog_migration *row, struct error *e)
{
    (void)e;
    record_migration(context, row);
    return 0;
}

int command_migrate_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false}, {"state", "STATE", false},     {"source", "FROM", false},
        {"target", "TO", false}, {"started", "STARTED", false}, {"ended", "ENDED", false}};
    struct error ignored = ERROR_INIT;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    catalog_task_reap(session_catalog(s), NULL, &ignored);
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_migration_list(session_catalog(s), show_row, &s->output, e);
    output_table_end(&s->output,
                     "there is no migration; `lagan migrate create NAME FROM TO` makes one");
    return result;
}

int command_migrate_show(struct session *s, struct error *e)
{
    struct catalog_migration *row = migrate_operand(s, e);
    if (!row)
        return -1;
    record_migration(&s->output, row);
    catalog_migration_free(row);
    return 0;
}

int command_migrate_status(struct session *s, struct error *e)
{
    struct catalog_migration *row = migrate_operand(s, e);
    int result = row ? record_migrate_status(s, row, e) : -1;
    catalog_migration_free(row);
    return result;
}

/* ---- run, retry ---- */

typedef int work_function(struct setup *s, const struct catalog_migration *row,
                          const struct job_reporter *reporter,
                          enum catalog_migration_state *state, struct error *e);

static void tell_end(struct session *s, const struct catalog_migration *row,
                     enum catalog_migration_state state, const struct migrate_status *status)
{
    const uint64_t *counts = status->pass.counts.of;
    char copied[TEXT_SIZE_SIZE];
    text_format_size(counts[CATALOG_MIGRATE_COPIED_BYTES], copied);
    output_note(
        &s->output,
        "migration %s: %s after pass %u, which listed %llu objects and copied %llu (%s)",
        row->name, catalog_migration_state_name(state), status->pass.number,
        (unsigned long long)counts[CATALOG_MIGRATE_LISTED],
        (unsigned long long)counts[CATALOG_MIGRATE_COPIED], copied);
    if (counts[CATALOG_MIGRATE_LEFT_OUT] > 0)
        output_note(&s->output,
                    "%llu entries have no place at the destination: they are no "
                    "files",
                    (unsigned long long)counts[CATALOG_MIGRATE_LEFT_OUT]);
    if (counts[CATALOG_MIGRATE_LOST] > 0)
        output_note(&s->output, "%llu copies lack some of their properties",
                    (unsigned long long)counts[CATALOG_MIGRATE_LOST]);
    if (status->failures > 0)
        output_note(&s->output,
                    "%llu objects failed: `lagan migrate report %s` lists them, `lagan migrate "
                    "retry %s` tries them again",
                    (unsigned long long)status->failures, row->name, row->name);
}

static int finish(struct session *s, const struct catalog_migration *row,
                  enum catalog_migration_state state, struct error *e)
{
    struct migrate_status status;
    if (state == CATALOG_MIGRATION_PARTIAL)
        s->status = STATUS_PARTIAL;
    if (migrate_status_read(session_catalog(s), row, &status, e) != 0)
        return -1;
    tell_end(s, row, state, &status);
    migrate_status_clear(&status);
    if (!s->output.use_json)
        return 0;
    struct catalog_migration *now = catalog_migration_find(session_catalog(s), row->name, e);
    int result = now ? record_migrate_status(s, now, e) : -1;
    catalog_migration_free(now);
    return result;
}

static int work(struct session *s, work_function *function, struct error *e)
{
    struct catalog_migration *row = migrate_operand(s, e);
    enum catalog_migration_state state = CATALOG_MIGRATION_SUCCESS;
    struct job_view view;
    if (!row)
        return -1;
    job_view_begin(&view, s, "migrate", "cannot copy");
    struct job_reporter reporter = job_view_reporter(&view);
    int result = function(s->setup, row, &reporter, &state, e);
    job_view_end(&view);
    if (result == 0)
        result = finish(s, row, state, e);
    catalog_migration_free(row);
    return result;
}

int command_migrate_run(struct session *s, struct error *e)
{
    return work(s, migrate_run, e);
}

int command_migrate_retry(struct session *s, struct error *e)
{
    return work(s, migrate_retry, e);
}

/* ---- cancel, delete ---- */

int command_migrate_cancel(struct session *s, struct error *e)
{
    struct catalog_migration *row = migrate_operand(s, e);
    int result = row ? migrate_cancel(s->setup, row, e) : -1;
    if (result == 0)
        show(s, row,
             row->state == CATALOG_MIGRATION_RUNNING
                 ? "ends soon; what was copied stays, and it can be run on"
                 : "is cancelled; it can be run on all the same");
    catalog_migration_free(row);
    return result;
}

int command_migrate_delete(struct session *s, struct error *e)
{
    struct catalog_migration *row = migrate_operand(s, e);
    const char *typed = session_value(s, OPTION_CONFIRM);
    int result = row ? 0 : -1;
    if (row && !session_given(s, OPTION_YES) && !(typed && strcmp(typed, row->name) == 0))
        result =
            error_set(e, LAGAN_INVALID, ERROR_NOT_CONFIRMED,
                      "deleting the migration %s is not confirmed: add `--confirm %s` when "
                      "that is meant; nothing was changed",
                      row->name, row->name);
    if (result == 0)
        result = migrate_delete(s->setup, row, e);
    if (result == 0)
        show(s, row, "is deleted; what it copied stays");
    catalog_migration_free(row);
    return result;
}
