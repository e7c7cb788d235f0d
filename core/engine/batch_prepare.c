/* SPDX-License-Identifier: Apache-2.0 */
/* batch_prepare.c - a batch job's manifest becomes rows; what cannot be is told before. */
#include "base/file.h"
#include "driver/operation.h"
#include "engine/batch_private.h"
#include "engine/manifest.h"
#include "engine/object_private.h"

#include <stdio.h>
#include <string.h>

struct preparing {
    struct batch_at_work *work;
    struct batch_rows_writer *rows;
    struct job_progress progress;
    struct buffer key;
};

/* C8: what the manifest does not tell is looked up, as long as it matters. */
static int size_of(struct preparing *p, const struct manifest_row *row, uint64_t *bytes,
                   struct error *e)
{
    struct object_seen seen = {0};
    struct lagan_entry_collector collector = object_seen_collector(&seen);
    struct error why = ERROR_INIT;

    *bytes = row->bytes;
    if (row->has_bytes || p->work->plan->total_limit == UINT64_MAX)
        return 0;
    int result = batch_source_key(object_ends_from(p->work->ends), row->key, row->key_size,
                                  row->version, &p->key, &why);
    if (result == 0)
        result = object_look(object_ends_from(p->work->ends), p->key.data, p->key.size,
                             &collector, &why);
    if (result == 0)
        *bytes = seen.copy.entry.bytes;
    object_seen_free(&seen);
    /* An object that is not there fails as a row of the report. */
    if (result == 0 || !job_error_ends(&why))
        return 0;
    *e = why;
    return -1;
}

static int on_row(void *context, const struct manifest_row *row, struct error *e)
{
    enum { LOOK_EVERY = 256 };
    struct preparing *p = context;
    const struct job_reporter *reporter = p->work->reporter;
    uint64_t bytes;

    if (size_of(p, row, &bytes, e) != 0 ||
        batch_rows_add(p->rows, row->key, row->key_size, row->version, bytes, row->name,
                       row->line, e) != 0 ||
        batch_rule_total(p->work->plan, batch_rows_bytes(p->rows), e) != 0)
        return -1;
    p->progress.entries_total++;
    p->progress.bytes_total = batch_rows_bytes(p->rows);
    if (p->progress.entries_total % LOOK_EVERY != 0)
        return 0;
    if (reporter->progress != NULL)
        reporter->progress(reporter->context, &p->progress);
    return operation_check(e);
}

static int read_rows(struct preparing *p, struct error *e)
{
    struct batch_at_work *w = p->work;
    const char *const buckets[] = {w->bucket, w->from->name, NULL};
    const struct manifest_request request = {.setup = w->setup,
                                             .text = w->plan->texts[BATCH_SETTING_MANIFEST],
                                             .fields = w->plan->texts[BATCH_SETTING_FIELDS],
                                             .buckets = buckets,
                                             .context = p,
                                             .each = on_row};
    uint8_t hash[CATALOG_HASH_SIZE];

    if (manifest_read(&request, hash, e) != 0)
        return -1;
    if (memcmp(hash, w->job->manifest_hash, sizeof(hash)) == 0)
        return 0;
    return error_set(e, LAGAN_CHANGED, ERROR_MANIFEST_CHANGED,
                     "%s is not what it was when the job was made: its hash is another one",
                     request.text);
}

static int make_rows(struct batch_at_work *w, struct error *e)
{
    struct preparing p = {.work = w};

    p.rows = batch_rows_create(w->folder, e);
    if (p.rows == NULL)
        return -1;
    int result = read_rows(&p, e);
    buffer_free(&p.key);
    if (result != 0) {
        batch_rows_abort(p.rows);
        return -1;
    }
    return batch_rows_commit(p.rows, &w->job->total, &w->job->total_bytes, e);
}

/* BAT-27. */
static int take_rows(struct batch_at_work *w, struct error *e)
{
    char *from CLEANUP_TEXT = batch_folder(w->setup, w->job->origin, e);

    return from == NULL
               ? -1
               : batch_rows_inherit(w->folder, from, &w->job->total, &w->job->total_bytes, e);
}

int batch_prepare(struct batch_at_work *w, struct error *e)
{
    static const uint8_t none[CATALOG_ID_SIZE];
    const char *add = w->plan->texts[BATCH_SETTING_ADD];
    bool inherits = memcmp(w->job->origin, none, sizeof(none)) != 0;

    if (batch_open_ends(w, e) != 0 ||
        object_ends_probe(w->ends, add != NULL ? add : "", e) != 0 ||
        (inherits ? take_rows(w, e) : make_rows(w, e)) != 0)
        return -1;
    batch_close_ends(w);
    bool waits = w->job->confirm && w->job->confirmed_ns == 0;
    return catalog_batch_move(w->catalog, w->job,
                              waits ? CATALOG_BATCH_SUSPENDED : CATALOG_BATCH_READY, NULL, e);
}
