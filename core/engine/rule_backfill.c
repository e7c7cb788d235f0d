/* SPDX-License-Identifier: Apache-2.0 */
/* rule_backfill.c - fills what was missed: by time here, by difference in rule_compare.c. */
#include "engine/rule_private.h"

#include "base/text.h"
#include "catalog/audit.h"
#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, ENTRIES = 1000 };

struct filling {
    struct rule_pass *pass;
    int64_t since_ns;
    struct catalog_object_copy *rows; /* ROWS of them */
    size_t count;
    struct error error; /* why the collector refused */
};

static int insert_rows(struct filling *f, struct error *e)
{
    struct rule_pass *p = f->pass;
    int result = catalog_object_copy_insert(p->catalog, p->row->id, f->rows, f->count,
                                            CATALOG_COPY_AGAIN, &p->result->queued, e);

    f->count = 0;
    return result;
}

static bool is_wanted(const struct filling *f, const struct catalog_object_copy *row,
                      const struct lagan_entry *entry)
{
    const struct object_window window = {.since_ns = f->since_ns};
    const struct object_rule *rule = rule_of(f->pass);
    bool whole = (entry->present & LAGAN_HAS_MTIME) != 0 && entry->mtime_ns == 0;

    return object_rule_has_key(rule, row->object, row->object_size) &&
           (entry->type != LAGAN_ENTRY_MARKER || rule->delete_marker) &&
           object_rule_is_new(&window, row->moment_ns, whole) == OBJECT_SKIP_NONE;
}

static uint32_t take(void *context, const struct lagan_entry *entry)
{
    struct filling *f = context;
    struct catalog_object_copy *row = &f->rows[f->count];

    memset(row, 0, sizeof(*row));
    if ((entry->type != LAGAN_ENTRY_OBJECT && entry->type != LAGAN_ENTRY_MARKER) ||
        !rule_name_version(entry, row) || !is_wanted(f, row, entry))
        return LAGAN_OK;
    int copy = catalog_object_is_copy(f->pass->catalog, f->pass->row->from, row->object,
                                      row->object_size, row->version, &f->error);
    if (copy != 0)
        return copy < 0 ? LAGAN_INTERNAL : LAGAN_OK;
    row->marker = entry->type == LAGAN_ENTRY_MARKER;
    row->bytes = entry->present & LAGAN_HAS_BYTES ? entry->bytes : 0;
    row->turn_ns = object_rule_turn_ns(row->moment_ns, row->bytes);
    row->attempts = 1; /* whoever fills gaps may have lost the catalog, too */
    f->count++;
    return f->count < ROWS || insert_rows(f, &f->error) == 0 ? LAGAN_OK : LAGAN_INTERNAL;
}

static int queue_since(struct filling *f, struct error *e)
{
    struct source *from = object_ends_from(f->pass->ends);
    const struct lagan_entry_collector entries = {f, take};
    struct lagan_walk_request request = rule_walk_request(f->pass, from, LAGAN_WALK_VERSIONS);
    struct walk *walk = source_walk_begin(from, &request, e);
    bool ended = false;
    int result = walk != NULL ? 0 : -1;

    while (result == 0 && !ended) {
        result = walk_next(walk, ENTRIES, &entries, &ended, e);
        if (result != 0 && f->error.error_class != LAGAN_OK)
            *e = f->error;
        if (result == 0)
            result = operation_check(e);
    }
    walk_close(walk);
    return result == 0 ? insert_rows(f, e) : -1;
}

static int note(struct rule_pass *p, int64_t since_ns, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];
    int result = catalog_begin(p->catalog, e);

    if (result != 0)
        return -1;
    text_hex(p->row->id, CATALOG_ID_SIZE, id);
    result = catalog_object_gap_clear(p->catalog, p->row->id, since_ns, e);
    if (result == 0)
        result = catalog_audit_add(p->catalog, CATALOG_EVENT_RULE_BACKFILL, id, e,
                                   "%s: %llu versions queued", p->row->name,
                                   (unsigned long long)p->result->queued);
    if (result == 0)
        return catalog_commit(p->catalog, e);
    catalog_rollback(p->catalog);
    return -1;
}

/* What queues: the gaps are closed once all of it is in the catalog. */
static int gather(struct rule_pass *p, void *context, struct error *e)
{
    int64_t since_ns = *(const int64_t *)context;
    struct filling filling = {.pass = p, .since_ns = since_ns};
    int result;

    if (since_ns > 0) {
        filling.rows = calloc(ROWS, sizeof(*filling.rows));
        result =
            filling.rows != NULL ? queue_since(&filling, e) : error_no_memory(e, "a backfill");
        free(filling.rows);
    } else {
        result = rule_compare(p, e);
    }
    return result == 0 ? note(p, since_ns, e) : -1;
}

int rule_backfill(struct setup *s, const uint8_t id[CATALOG_ID_SIZE], int64_t since_ns,
                  const struct job_reporter *reporter, struct rule_result *result,
                  struct error *e)
{
    return rule_pass_run(s, id, reporter, gather, &since_ns, result, e);
}
