/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_record.c - see migrate_record.h. */
#include "cli/migrate_record.h"

struct catalog_migration *migrate_operand(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return NULL;
    struct error ignored = ERROR_INIT;
    catalog_task_reap(session_catalog(s), NULL, &ignored);
    return catalog_migration_find(session_catalog(s), session_operand(s, 0), e);
}

void record_migration(struct output *o, const struct catalog_migration *row)
{
    record_begin(o, "migration");
    record_text(o, "name", row->name);
    record_id(o, "id", row->id);
    record_text(o, "source", row->source_name);
    record_text(o, "target", row->target_name);
    record_text(o, "state", catalog_migration_state_name(row->state));
    record_time(o, "created", row->created_ns);
    record_time(o, "started", row->started_ns);
    record_time(o, "ended", row->ended_ns);
    record_text(o, "task", row->task);
    record_text(o, "reason", row->why.text);
    record_pairs(o, "settings", &row->settings);
    record_end(o);
}

static void record_counts(struct output *o, const struct catalog_migrate_counts *counts)
{
    for (int i = 0; i < CATALOG_MIGRATE_COUNT; i++) {
        const char *name = catalog_migrate_count_name((enum catalog_migrate_count)i);
        if (i == CATALOG_MIGRATE_LISTED_BYTES || i == CATALOG_MIGRATE_DIFFERING_BYTES ||
            i == CATALOG_MIGRATE_COPIED_BYTES)
            record_size(o, name, counts->of[i]);
        else
            record_number(o, name, counts->of[i]);
    }
}

int record_migrate_status(struct session *s, const struct catalog_migration *row,
                          struct error *e)
{
    struct output *o = &s->output;
    struct migrate_status status;
    if (migrate_status_read(session_catalog(s), row, &status, e) != 0)
        return -1;
    record_begin(o, "migrate_status");
    record_text(o, "name", row->name);
    record_text(o, "state", catalog_migration_state_name(row->state));
    record_number(o, "pass", status.pass.number);
    record_flag(o, "listed_all", status.pass.is_listed);
    record_counts(o, &status.pass.counts);
    record_number(o, "units", status.pass.units);
    record_number(o, "units_done", status.pass.units_done);
    record_number(o, "failures", status.failures);
    record_duration(o, "elapsed", status.elapsed_ns);
    record_size(o, "bytes_per_second", status.bytes_per_second);
    record_number(o, "objects_per_second", status.objects_per_second);
    if (status.left_ns >= 0)
        record_duration(o, "left", status.left_ns);
    record_end(o);
    migrate_status_clear(&status);
    return 0;
}
