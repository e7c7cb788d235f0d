/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_manage.c - migrations made, looked at, cancelled and forgotten. */
#include "engine/migrate.h"

#include "base/clock.h"
#include "catalog/audit.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int migrate_plan_of(const struct catalog_migration *row, struct migrate_plan **plan,
                    struct error *e)
{
    size_t count = row->settings.count;
    struct policy_pair *pairs = calloc(count + 1, sizeof(*pairs));
    if (!pairs)
        return error_no_memory(e, "settings");
    for (size_t i = 0; i < count; i++)
        pairs[i] =
            (struct policy_pair){row->settings.items[i].name, row->settings.items[i].value};
    int result = migrate_plan_parse(pairs, count, plan, e);
    free(pairs);
    return result;
}

/* ---- making one ---- */

static int set_ends(struct setup *s, const char *from, const char *to,
                    struct catalog_migration *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_source *source = catalog_source_find(c, from, e);
    struct catalog_source *target = source ? catalog_source_find(c, to, e) : NULL;
    int result = target ? 0 : -1;
    if (target) {
        memcpy(row->source, source->id, sizeof(row->source));
        memcpy(row->target, target->id, sizeof(row->target));
        memcpy(row->source_name, source->name, sizeof(row->source_name));
        memcpy(row->target_name, target->name, sizeof(row->target_name));
    }
    if (target && memcmp(source->id, target->id, sizeof(source->id)) == 0)
        result = error_set(e, LAGAN_INVALID, ERROR_MIGRATE_PLACES,
                           "%s would be copied into itself: the destination has to be another "
                           "source; register the place to copy to with `lagan source add`",
                           source->name);
    catalog_source_free(source);
    catalog_source_free(target);
    return result;
}

static int copy_settings(const struct catalog_pairs *settings, struct catalog_migration *row,
                         struct error *e)
{
    struct migrate_plan *plan = NULL;
    for (size_t i = 0; i < settings->count; i++)
        if (catalog_pairs_add(&row->settings, settings->items[i].name, settings->items[i].value,
                              e) != 0)
            return -1;
    if (migrate_plan_of(row, &plan, e) != 0)
        return -1;
    migrate_plan_free(plan);
    return 0;
}

/* Within one transaction with its audit line. */
static int audited(struct catalog *c, enum catalog_event event,
                   const struct catalog_migration *row, int result, struct error *e)
{
    if (result == 0)
        result = catalog_audit_add(c, event, row->name, e, "from %s to %s", row->source_name,
                                   row->target_name);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

int migrate_create(struct setup *s, const char *name, const char *from, const char *to,
                   const struct catalog_pairs *settings, struct catalog_migration **made,
                   struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_migration *row;
    if (migrate_rule_name(name, e) != 0)
        return -1;
    row = catalog_migration_new(e);
    if (!row)
        return -1;
    snprintf(row->name, sizeof(row->name), "%s", name);
    if (set_ends(s, from, to, row, e) == 0 && copy_settings(settings, row, e) == 0 &&
        catalog_begin(c, e) == 0 &&
        audited(c, CATALOG_EVENT_MIGRATE_CREATE, row, catalog_migration_insert(c, row, e), e) ==
            0) {
        *made = row;
        return 0;
    }
    catalog_migration_free(row);
    return -1;
}

/* ---- ending one ---- */

int migrate_cancel(struct setup *s, const struct catalog_migration *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    bool running = row->state == CATALOG_MIGRATION_RUNNING;
    if (!running && row->state != CATALOG_MIGRATION_WAITING)
        return error_set(e, LAGAN_PRECONDITION, ERROR_MIGRATION_STATE,
                         "the migration %s is not at work: it is %s", row->name,
                         catalog_migration_state_name(row->state));
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = running
                     ? catalog_task_cancel(c, row->task, e)
                     : catalog_migration_end(c, row->id, CATALOG_MIGRATION_CANCELLED, NULL, e);
    return audited(c, CATALOG_EVENT_MIGRATE_CANCEL, row, result, e);
}

int migrate_delete(struct setup *s, const struct catalog_migration *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (row->state == CATALOG_MIGRATION_RUNNING)
        return error_set(e, LAGAN_PRECONDITION, ERROR_MIGRATION_STATE,
                         "the migration %s is at work; `lagan migrate cancel %s` ends that",
                         row->name, row->name);
    if (catalog_begin(c, e) != 0)
        return -1;
    return audited(c, CATALOG_EVENT_MIGRATE_DELETE, row,
                   catalog_migration_delete(c, row->id, e), e);
}

/* ---- how far one is ---- */

static int add_unit(void *context, const struct catalog_migrate_unit *unit, struct error *e)
{
    struct migrate_status *status = context;
    (void)e;
    status->open_units++;
    for (int i = 0; i < CATALOG_MIGRATE_COUNT; i++)
        status->pass.counts.of[i] += unit->counts.of[i];
    return 0;
}

static void estimate(struct migrate_status *status)
{
    static const double SECOND_NS = 1e9;
    const uint64_t *counts = status->pass.counts.of;
    uint64_t done = counts[CATALOG_MIGRATE_COPIED_BYTES];
    int64_t until = status->pass.ended_ns != 0 ? status->pass.ended_ns : clock_wall_ns();
    int64_t elapsed = until - status->pass.started_ns;
    status->elapsed_ns = elapsed > 0 ? elapsed : 0;
    status->left_ns = -1;
    if (status->elapsed_ns == 0)
        return;
    double seconds = (double)status->elapsed_ns / SECOND_NS;
    status->bytes_per_second = (uint64_t)((double)done / seconds);
    status->objects_per_second = (uint64_t)((double)counts[CATALOG_MIGRATE_COPIED] / seconds);
    if (status->pass.is_listed)
        status->left_ns = migrate_rule_left_ns(done, counts[CATALOG_MIGRATE_DIFFERING_BYTES],
                                               status->elapsed_ns);
    if (status->pass.ended_ns != 0)
        status->left_ns = 0;
}

int migrate_status_read(struct catalog *c, const struct catalog_migration *row,
                        struct migrate_status *status, struct error *e)
{
    *status = (struct migrate_status){.left_ns = -1};
    if (catalog_migrate_failures(c, row->id, &status->failures, e) != 0)
        return -1;
    int found = catalog_migrate_pass_last(c, row->id, &status->pass, e);
    if (found > 0 && status->pass.ended_ns == 0 &&
        catalog_migrate_unit_list(c, row->id, add_unit, status, e) != 0)
        found = -1;
    if (found > 0)
        estimate(status);
    if (found < 0)
        migrate_status_clear(status);
    return found < 0 ? -1 : 0;
}

void migrate_status_clear(struct migrate_status *status)
{
    catalog_migrate_pass_clear(&status->pass);
}
