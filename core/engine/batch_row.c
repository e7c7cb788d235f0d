/* SPDX-License-Identifier: Apache-2.0 */
/* batch_row.c - one row of a batch job: looked at, copied, told of. */
#include "driver/operation.h"
#include "engine/batch_private.h"
#include "engine/object_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row at work. */
struct row {
    struct batch_copying *copying;
    const struct batch_todo *todo;
    struct object_seen seen;
    struct object_copied copied;
    struct buffer key, line, target;
    bool counted; /* its bytes are among those that were looked at */
};

static void row_free(struct row *r)
{
    object_seen_free(&r->seen);
    object_copied_free(&r->copied);
    buffer_free(&r->key);
    buffer_free(&r->line);
    buffer_free(&r->target);
}

/* The destination's key as people write it. */
static void show_target(struct row *r)
{
    const struct buffer *key = &r->copied.to_key;
    bool flat = (driver_traits(source_driver(object_ends_to(r->copying->work->ends))) &
                 LAGAN_TRAIT_FLAT) != 0;

    for (size_t i = 0; i < key->size; i++)
        buffer_append_u8(&r->target, !flat && key->data[i] == 0 ? '/' : key->data[i]);
}

static int report(struct row *r, enum batch_mark mark, const struct error *why,
                  const char *message, struct error *e)
{
    bool copied = mark == BATCH_MARK_SUCCEEDED;

    show_target(r);
    const struct batch_result result = {.bucket = r->copying->work->bucket,
                                        .key = r->todo->key.data,
                                        .key_size = r->todo->key.size,
                                        .version = r->copied.from_version[0] != '\0'
                                                       ? r->copied.from_version
                                                       : r->todo->version,
                                        .mark = mark,
                                        .why = why,
                                        .message = message,
                                        .new_key = r->target.data,
                                        .new_key_size = r->target.size,
                                        .new_version = r->copied.to_version,
                                        .bytes = copied ? r->copied.bytes : 0,
                                        .row = r->todo->number};
    batch_report_line(&r->line, &result);
    return batch_rows_end(r->copying->rows, r->todo->number, mark, result.bytes, &r->line, e);
}

static void report_problem(struct row *r, const struct error *why)
{
    const struct job_reporter *reporter = r->copying->work->reporter;
    const struct job_problem problem = {.key = r->todo->key.data,
                                        .key_size = r->todo->key.size,
                                        .error_class = why->error_class,
                                        .text = why->text};

    if (reporter->problem != NULL)
        reporter->problem(reporter->context, &problem);
}

/* BAT-12: whatever the manifest says, the object is looked at now. */
static int look(struct row *r, struct error *e)
{
    struct source *from = object_ends_from(r->copying->work->ends);
    struct lagan_entry_collector collector = object_seen_collector(&r->seen);

    if (batch_source_key(from, r->todo->key.data, r->todo->key.size, r->todo->version, &r->key,
                         e) != 0)
        return -1;
    if (object_look(from, r->key.data, r->key.size, &collector, e) != 0) {
        if (r->seen.error.error_class != LAGAN_OK)
            *e = r->seen.error;
        return -1;
    }
    object_pieces_sort(&r->seen.pieces);
    r->seen.copy.entry.pieces = r->seen.pieces.items;
    r->seen.copy.entry.piece_count = r->seen.pieces.count;
    return 0;
}

/* C8: objects may have grown since the manifest was written.  This ends the job. */
static int check_total(struct row *r, struct error *e)
{
    uint64_t bytes = r->seen.copy.entry.bytes;
    uint64_t sum = atomic_fetch_add(&r->copying->looked_bytes, bytes) + bytes;

    r->counted = true;
    return batch_rule_total(r->copying->work->plan, sum, e);
}

/* What an earlier process has begun may be done: nobody else's object is taken for it, since it
 * has to be the same. */
static bool was_done_before(struct row *r, const struct error *why)
{
    struct object_seen there = {0};
    struct lagan_entry_collector collector = object_seen_collector(&there);
    const struct object_copy_options *options = &r->copying->options;
    struct batch_at_work *w = r->copying->work;
    struct error ignored = ERROR_INIT;
    bool same = false;

    if (!r->todo->begun || why->error_class != LAGAN_EXISTS)
        return false;
    struct source *look_at = object_ends_look(w->ends, &ignored);
    if (look_at != NULL &&
        object_target_key(w->ends, r->key.data, r->key.size, options, &r->copied.to_key,
                          &ignored) == 0 &&
        object_look(look_at, r->copied.to_key.data, r->copied.to_key.size, &collector,
                    &ignored) == 0) {
        object_pieces_sort(&there.pieces);
        there.copy.entry.pieces = there.pieces.items;
        there.copy.entry.piece_count = there.pieces.count;
        same = object_is_same(w->ends, &r->seen.copy.entry, &there.copy.entry);
    }
    object_seen_free(&there);
    return same;
}

static int report_outcome(struct row *r, struct error *e)
{
    char message[200] = "";

    if (r->copied.outcome == OBJECT_OUTCOME_KEPT)
        return report(r, BATCH_MARK_SKIPPED, NULL, "the destination has one already", e);
    if (r->copied.outcome == OBJECT_OUTCOME_SAME)
        return report(r, BATCH_MARK_SUCCEEDED, NULL, "it was there already", e);
    if (r->copied.lost > 0)
        snprintf(message, sizeof(message), "%u properties were not taken: %s", r->copied.lost,
                 r->copied.lost_why);
    return report(r, BATCH_MARK_SUCCEEDED, NULL, message, e);
}

static int report_failure(struct row *r, const struct error *why, struct error *e)
{
    if (was_done_before(r, why)) {
        r->copied.bytes = r->seen.copy.entry.bytes;
        return report(r, BATCH_MARK_SUCCEEDED, NULL, "it was copied before an interruption", e);
    }
    if (job_error_ends(why)) {
        *e = *why;
        return -1;
    }
    if (r->counted)
        atomic_fetch_sub(&r->copying->looked_bytes, r->seen.copy.entry.bytes);
    report_problem(r, why);
    return report(r, BATCH_MARK_FAILED, why, "", e);
}

static int copy_row(struct row *r, struct error *e)
{
    const struct object_copy_options *options = &r->copying->options;
    struct error why = ERROR_INIT;

    if (look(r, &why) != 0)
        return report_failure(r, &why, e);
    if (check_total(r, e) != 0)
        return -1;
    if (r->copying->careful && batch_rows_begin(r->copying->rows, r->todo->number, e) != 0)
        return -1;
    if (object_copy(r->copying->work->ends, &r->seen.copy.entry, options, &r->copied, &why) ==
        0)
        return report_outcome(r, e);
    /* What was said when it failed is no fact. */
    object_copied_free(&r->copied);
    r->copied = (struct object_copied){0};
    return report_failure(r, &why, e);
}

int batch_row_copy(struct batch_copying *c, const struct batch_todo *todo, struct error *e)
{
    struct row *r = calloc(1, sizeof(*r));
    int result;

    if (r == NULL)
        return error_no_memory(e, "a copy");
    r->copying = c;
    r->todo = todo;
    result = copy_row(r, e);
    row_free(r);
    free(r);
    return result;
}
