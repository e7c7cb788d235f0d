/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_unit.c - units of work: what they hold, and how far they are. */
#include "engine/migrate_private.h"

#include "base/clock.h"

#include <stdlib.h>

static const int64_t NOTE_INTERVAL_NS = INT64_C(2000000000);

struct migrate_unit *migrate_unit_new(struct migrate_job *job, struct error *e)
{
    struct migrate_unit *unit = calloc(1, sizeof(*unit));
    if (!unit) {
        error_no_memory(e, "a unit of work");
        return NULL;
    }
    unit->job = job;
    pthread_mutex_init(&unit->lock, NULL);
    return unit;
}

void migrate_unit_free(struct migrate_unit *unit)
{
    if (!unit)
        return;
    for (size_t i = 0; i < unit->count; i++)
        migrate_entry_free(&unit->items[i].entry);
    free(unit->items);
    catalog_migrate_unit_clear(&unit->row);
    pthread_mutex_destroy(&unit->lock);
    free(unit);
}

struct migrate_item *migrate_unit_add(struct migrate_unit *unit, struct error *e)
{
    if (unit->count == unit->room) {
        size_t room = unit->room ? unit->room * 2 : 16;
        struct migrate_item *items = reallocarray(unit->items, room, sizeof(*items));
        if (!items) {
            error_no_memory(e, "a unit of work");
            return NULL;
        }
        unit->items = items;
        unit->room = room;
    }
    struct migrate_item *item = &unit->items[unit->count];
    *item = (struct migrate_item){.unit = unit};
    unit->count++;
    return item;
}

static void count_item(struct catalog_migrate_counts *counts, const struct migrate_item *item)
{
    static const enum catalog_migrate_count column[] = {
        [ITEM_COPIED] = CATALOG_MIGRATE_COPIED,     [ITEM_SAME] = CATALOG_MIGRATE_SAME,
        [ITEM_KEPT] = CATALOG_MIGRATE_KEPT,         [ITEM_FAILED] = CATALOG_MIGRATE_FAILED,
        [ITEM_VANISHED] = CATALOG_MIGRATE_VANISHED,
    };
    counts->of[column[item->state]]++;
    counts->of[CATALOG_MIGRATE_COPIED_BYTES] += item->bytes;
    counts->of[CATALOG_MIGRATE_LOST] += item->lost;
}

/* Counts what is done from the first item on; those behind a gap count later. */
static int advance(struct migrate_unit *unit, struct error *e)
{
    size_t before = unit->done;
    while (unit->done < unit->count && unit->items[unit->done].state != ITEM_OPEN)
        count_item(&unit->row.counts, &unit->items[unit->done++]);
    if (unit->done == before)
        return 0;
    const struct buffer *order = &unit->items[unit->done - 1].entry.order;
    buffer_clear(&unit->row.done);
    buffer_append(&unit->row.done, order->data, order->size);
    return buffer_check(&unit->row.done, e);
}

static int note(struct migrate_unit *unit, struct error *e)
{
    struct migrate_job *job = unit->job;
    int64_t now = clock_boot_ns();
    if (unit->done == unit->count)
        return catalog_migrate_unit_end(job->catalog, job->row->id, job->pass.number,
                                        &unit->row, e);
    if (now - unit->noted_ns < NOTE_INTERVAL_NS)
        return 0;
    unit->noted_ns = now;
    return catalog_migrate_unit_note(job->catalog, job->row->id, &unit->row, e);
}

void migrate_unit_finish(struct migrate_item *item)
{
    struct migrate_unit *unit = item->unit;
    struct error e = ERROR_INIT;
    pthread_mutex_lock(&unit->lock);
    /* When all ends, the unit stays as it is noted. */
    bool dropped = item->state == ITEM_OPEN || unit->loose;
    if (!dropped && (advance(unit, &e) != 0 || note(unit, &e) != 0))
        migrate_fail(unit->job, &e);
    bool last = ++unit->finished == unit->count;
    if (last && !unit->loose && unit->done < unit->count && unit->done > 0)
        catalog_migrate_unit_note(unit->job->catalog, unit->job->row->id, &unit->row, &e);
    pthread_mutex_unlock(&unit->lock);
    if (last)
        migrate_unit_free(unit);
}
