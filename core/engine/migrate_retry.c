/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_retry.c - what failed is tried once more, and nothing else (MIG-09). */
#include "engine/migrate_private.h"

#include <stdlib.h>
#include <string.h>

enum { AT_A_TIME = 500 };

/* Some of the failures, as items of a unit that is in no catalog. */
struct page {
    struct migrate_job *job;
    struct migrate_unit *unit;
};

static int take_failure(void *context, const struct catalog_migrate_failure *failure,
                        struct error *e)
{
    struct page *page = context;
    const struct lagan_entry found = {.size = sizeof(found),
                                      .type = LAGAN_ENTRY_OBJECT,
                                      .key = failure->key,
                                      .key_size = failure->key_size,
                                      .bytes = failure->bytes};
    struct migrate_item *item = migrate_unit_add(page->unit, e);
    if (!item)
        return -1;
    struct lagan_entry_collector collector = object_seen_collector(&item->entry.seen);
    item->is_there = true;
    item->unlooked = true;
    if (collector.add(collector.context, &found) == LAGAN_OK)
        return 0;
    *e = item->entry.seen.error;
    return -1;
}

/* The next page behind `after`, which moves on; NULL when there is none, or with `e`. */
static struct migrate_unit *next_page(struct migrate_job *job, struct buffer *after,
                                      struct error *e)
{
    struct page page = {.job = job, .unit = migrate_unit_new(job, e)};
    if (!page.unit)
        return NULL;
    page.unit->loose = true;
    if (catalog_migrate_failure_list(job->catalog, job->row->id, after->data, after->size,
                                     AT_A_TIME, take_failure, &page, e) == 0 &&
        page.unit->count > 0) {
        const struct lagan_entry *last =
            &page.unit->items[page.unit->count - 1].entry.seen.copy.entry;
        buffer_clear(after);
        buffer_append(after, last->key, last->key_size);
        if (buffer_check(after, e) == 0)
            return page.unit;
    }
    migrate_unit_free(page.unit);
    return NULL;
}

static void produce(struct migrate_job *job)
{
    struct buffer after CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct migrate_unit *unit;
    while (!atomic_load(&job->failed) && (unit = next_page(job, &after, &e))) {
        struct migrate_item *items = unit->items;
        size_t count = unit->count;
        for (size_t i = 0; i < count; i++)
            if (!queue_put(job->items, &items[i]))
                migrate_unit_finish(&items[i]);
    }
    if (e.error_class != LAGAN_OK)
        migrate_fail(job, &e);
}

static int retry_all(struct migrate_job *job, struct error *e)
{
    uint64_t failures = 0;
    if (catalog_migrate_pass_last(job->catalog, job->row->id, &job->pass, e) < 0 ||
        catalog_migrate_failures(job->catalog, job->row->id, &failures, e) != 0)
        return -1;
    job->has_failures = true;
    job->pass.is_listed = true;
    job->pass.counts.of[CATALOG_MIGRATE_DIFFERING] = failures;
    job->pass.counts.of[CATALOG_MIGRATE_DIFFERING_BYTES] = 0;
    return migrate_job_work(job, produce, e);
}

int migrate_retry(struct setup *s, const struct catalog_migration *row,
                  const struct job_reporter *reporter, enum catalog_migration_state *state,
                  struct error *e)
{
    return migrate_job_run(s, row, CATALOG_EVENT_MIGRATE_RETRY, reporter, retry_all, state, e);
}
