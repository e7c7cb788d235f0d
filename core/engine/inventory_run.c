/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_run.c - the listing that an inventory is made of. */
#include "base/csv.h"
#include "base/object.h"
#include "catalog/object_rule.h"
#include "driver/operation.h"
#include "engine/inventory_private.h"
#include "engine/object_private.h"
#include "engine/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN_STEP = 1024, TAGS_STEP = 64 };

struct listing {
    struct inventory_writer writer;
    struct open_source source;
    struct catalog_inventory *row;
    const struct job_reporter *reporter;
    bool flat;
    bool has_rules;                     /* of replication: there are any in the catalog */
    const char *prefix;                 /* "" = all */
    struct buffer path;                 /* of an entry of a tree, with slashes */
    struct object_seen seen[TAGS_STEP]; /* entries that are looked at once more */
    size_t seen_count;
    struct job_progress progress;
    struct error error; /* why the collector refused */
};

/* ---- entries ---- */

static uint32_t refuse(struct listing *l)
{
    return l->error.error_class != LAGAN_OK ? l->error.error_class : LAGAN_INTERNAL;
}

static void report_problem(struct listing *l, const struct lagan_entry *entry, const char *text)
{
    const struct job_problem problem = {.key = entry->key,
                                        .key_size = entry->key_size,
                                        .error_class = entry->error_class,
                                        .text = text};

    l->row->problems++;
    if (l->reporter->problem != NULL)
        l->reporter->problem(l->reporter->context, &problem);
}

static bool is_current(const struct lagan_entry *entry)
{
    const struct lagan_metadata *piece =
        source_find_piece(entry->pieces, entry->piece_count, LAGAN_FACT_CURRENT);

    return piece != NULL && piece->value_size == 3 && memcmp(piece->value, "yes", 3) == 0;
}

/* The name as buckets have it. */
static void name_of(struct listing *l, const struct lagan_entry *entry,
                    struct inventory_row *row)
{
    struct object_name name = object_name_of(entry->key, entry->key_size);

    if (l->flat) {
        row->key = name.key;
        row->key_size = name.key_size;
        row->version = name.version_size > 0 ? name.version : "";
        row->version_size = name.version_size;
        row->latest = name.version_size == 0 || is_current(entry);
        return;
    }
    buffer_clear(&l->path);
    const char *bytes = entry->key;
    for (size_t i = 0; i < entry->key_size; i++)
        buffer_append_u8(&l->path, bytes[i] == '\0' ? '/' : (uint8_t)bytes[i]);
    row->key = l->path.data;
    row->key_size = l->path.size;
    row->version = "";
    row->latest = true;
}

static bool is_wanted(const struct listing *l, const struct inventory_row *row)
{
    size_t size = strlen(l->prefix);

    return row->key_size >= size && (size == 0 || memcmp(row->key, l->prefix, size) == 0);
}

/* What the rules of this installation have made of the version, or it of one elsewhere. */
static int ask_rules(struct listing *l, struct inventory_row *row, struct error *e)
{
    const struct lagan_metadata *piece =
        source_find_piece(row->entry->pieces, row->entry->piece_count, LAGAN_FACT_VERSION);
    char version[1025] = "";
    enum catalog_copy_state state;

    if (row->version_size > 0 && row->version_size < sizeof(version))
        memcpy(version, row->version, row->version_size);
    else if (piece != NULL && piece->value_size < sizeof(version))
        memcpy(version, piece->value, piece->value_size);
    int found = catalog_object_status(setup_catalog(l->writer.setup), l->row->source, row->key,
                                      row->key_size, version, &state, e);
    if (found > 0)
        row->replication = catalog_copy_state_name(state);
    return found < 0 ? -1 : 0;
}

static int take(struct listing *l, const struct lagan_entry *entry, const char *tags,
                struct error *e)
{
    struct inventory_row row = {.entry = entry, .replication = "", .tags = tags};

    name_of(l, entry, &row);
    if (buffer_check(&l->path, e) != 0)
        return -1;
    if (!is_wanted(l, &row))
        return 0;
    if (l->has_rules && ask_rules(l, &row, e) != 0)
        return -1;
    if (inventory_write_row(&l->writer, &row, e) != 0)
        return -1;
    l->progress.entries_done++;
    return 0;
}

/* What a bucket would have: a tree's folders, links and devices are none. */
static bool is_object(const struct lagan_entry *entry)
{
    return entry->type == LAGAN_ENTRY_MARKER || entry_has_content(entry->type);
}

static uint32_t on_entry(void *context, const struct lagan_entry *entry)
{
    struct listing *l = context;

    if (entry->error_text != NULL && entry->error_class != LAGAN_OK)
        report_problem(l, entry, entry->error_text);
    if (entry->key_size == 0 || !is_object(entry))
        return LAGAN_OK;
    if (!l->writer.plan->fields[INVENTORY_FIELD_TAG])
        return take(l, entry, "", &l->error) == 0 ? LAGAN_OK : refuse(l);
    ASSERT(l->seen_count < TAGS_STEP);
    struct object_seen *seen = &l->seen[l->seen_count++];
    struct lagan_entry_collector collector = object_seen_collector(seen);
    uint32_t result = collector.add(collector.context, entry);
    if (result != LAGAN_OK)
        l->error = seen->error;
    return result;
}

/* ---- tags ---- */

struct tags {
    struct buffer text;
};

static uint32_t on_piece(void *context, const struct lagan_metadata *piece)
{
    static const size_t start = sizeof(LAGAN_PROPERTY_TAG) - 1;
    struct tags *tags = context;

    if (piece->kind != LAGAN_METADATA_PROPERTY ||
        strncmp(piece->name, LAGAN_PROPERTY_TAG, start) != 0)
        return LAGAN_OK;
    if (tags->text.size > 0)
        buffer_append_u8(&tags->text, '&');
    csv_url_encode(&tags->text, piece->name + start, piece->name_size - start);
    buffer_append_u8(&tags->text, '=');
    csv_url_encode(&tags->text, piece->value, piece->value_size);
    return LAGAN_OK;
}

static void on_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    (void)name;
    (void)reason;
}

static int take_with_tags(struct listing *l, const struct object_seen *seen, struct error *e)
{
    struct tags tags = {BUFFER_INIT};
    struct lagan_entry entry = seen->copy.entry;
    struct error why = ERROR_INIT;
    const struct lagan_metadata_collector pieces = {&tags, on_piece, on_lost};

    entry.pieces = seen->pieces.items;
    entry.piece_count = seen->pieces.count;
    int result = 0;

    /* Markers have none, and keep their turn. */
    if (entry.type != LAGAN_ENTRY_MARKER)
        result = source_metadata(l->source.source, entry.key, entry.key_size, entry.type,
                                 &pieces, &why);
    if (result != 0 && job_error_ends(&why)) {
        *e = why;
    } else {
        if (result != 0)
            report_problem(l, &entry, why.text);
        buffer_append_u8(&tags.text, 0);
        result = buffer_check(&tags.text, e);
        if (result == 0)
            result = take(l, &entry, (const char *)tags.text.data, e);
    }
    buffer_free(&tags.text);
    return result;
}

static int take_seen(struct listing *l, struct error *e)
{
    int result = 0;

    for (size_t i = 0; i < l->seen_count; i++) {
        object_pieces_sort(&l->seen[i].pieces);
        if (result == 0)
            result = take_with_tags(l, &l->seen[i], e);
        object_seen_free(&l->seen[i]);
        l->seen[i] = (struct object_seen){0};
    }
    l->seen_count = 0;
    return result;
}

/* ---- the walk ---- */

static struct walk *begin_walk(struct listing *l, struct error *e)
{
    const struct lagan_source_capabilities *can = source_capabilities(l->source.source);
    struct lagan_walk_request request = {.size = sizeof(request)};

    if (can->pieces)
        request.flags |= LAGAN_WALK_PIECES;
    if (can->versions != LAGAN_VERSIONS_NONE)
        request.flags |=
            l->writer.plan->all_versions ? LAGAN_WALK_VERSIONS : LAGAN_WALK_CURRENT;
    if (can->prefix && l->flat && l->prefix[0] != '\0') {
        request.prefix = l->prefix;
        request.prefix_size = strlen(l->prefix);
    }
    return source_walk_begin(l->source.source, &request, e);
}

static int list_all(struct listing *l, struct error *e)
{
    const struct lagan_entry_collector collector = {l, on_entry};
    bool with_tags = l->writer.plan->fields[INVENTORY_FIELD_TAG], ended = false;
    struct walk *walk = begin_walk(l, e);
    int result = walk != NULL ? 0 : -1;

    while (result == 0 && !ended) {
        result = walk_next(walk, with_tags ? TAGS_STEP : PLAIN_STEP, &collector, &ended, e);
        if (result != 0 && l->error.error_class != LAGAN_OK)
            *e = l->error;
        if (result == 0)
            result = take_seen(l, e);
        if (l->reporter->progress != NULL)
            l->reporter->progress(l->reporter->context, &l->progress);
        if (result == 0)
            result = operation_check(e);
    }
    walk_close(walk);
    return result;
}

static int look_for_rules(struct listing *l, struct error *e)
{
    struct catalog_object_rule **rules = NULL;
    size_t count = 0;

    if (!l->writer.plan->fields[INVENTORY_FIELD_REPLICATION])
        return 0;
    if (catalog_object_rule_all(setup_catalog(l->writer.setup), NULL, &rules, &count, e) != 0)
        return -1;
    catalog_object_rule_all_free(rules, count);
    l->has_rules = count > 0;
    return 0;
}

static int open_all(struct listing *l, struct setup *s, const struct catalog_source *source,
                    char bucket[SOURCE_PLACE_SIZE], struct error *e)
{
    const struct inventory_plan *plan = l->writer.plan;
    const char *prefix = plan->texts[INVENTORY_SETTING_PREFIX];

    if (setup_source_open_row(s, source, LAGAN_OPEN_READ_ONLY, &l->source, e) != 0)
        return -1;
    l->flat = (driver_traits(source_driver(l->source.source)) & LAGAN_TRAIT_FLAT) != 0;
    l->prefix = prefix != NULL ? prefix : "";
    inventory_bucket(l->source.source, source->name, bucket);
    l->writer.bucket = bucket;
    l->writer.to_name = plan->texts[INVENTORY_SETTING_TO];
    if (look_for_rules(l, e) != 0)
        return -1;
    return place_output_open(s, l->writer.to_name, &l->writer.place, e);
}

static int make(struct setup *s, struct listing *l, const struct catalog_source *source,
                struct error *e)
{
    char bucket[SOURCE_PLACE_SIZE], manifest[sizeof(l->row->manifest)] = "";
    int result = open_all(l, s, source, bucket, e);

    if (result == 0)
        result = list_all(l, e);
    if (result == 0)
        result = inventory_write_end(&l->writer, manifest, sizeof(manifest), e);
    if (result == 0)
        memcpy(l->row->manifest, manifest, sizeof(manifest));
    l->row->entries = l->writer.rows;
    l->row->bytes = l->writer.bytes;
    for (size_t i = 0; i < l->seen_count; i++)
        object_seen_free(&l->seen[i]);
    inventory_writer_free(&l->writer);
    open_source_close(&l->source);
    buffer_free(&l->path);
    return result;
}

static int make_in_task(struct setup *s, struct catalog_inventory *row,
                        const struct inventory_plan *plan, const struct catalog_source *source,
                        const struct job_reporter *reporter, struct error *e)
{
    struct listing *l = calloc(1, sizeof(*l));
    struct task task;
    char subject[CATALOG_TEXT_SIZE];

    if (l == NULL)
        return error_no_memory(e, "a listing");
    snprintf(subject, sizeof(subject), "%s of %s", row->name, source->name);
    task_begin(&task, setup_catalog(s), CATALOG_TASK_INVENTORY, NULL, source->id, subject,
               reporter);
    struct job_reporter to_task = task_reporter(&task);
    l->row = row;
    l->reporter = &to_task;
    l->writer = (struct inventory_writer){
        .setup = s, .plan = plan, .name = row->name, .started_ns = row->started_ns, .fd = -1};
    snprintf(row->task, sizeof(row->task), "%s", task.row.id);
    int result = make(s, l, source, e);
    to_task.progress(to_task.context, &l->progress);
    task_end(&task, result == 0 ? NULL : e);
    free(l);
    return result;
}

int inventory_run(struct setup *s, struct catalog_inventory *row,
                  const struct job_reporter *reporter, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct inventory_plan *plan = NULL;
    struct error why = ERROR_INIT, ignored = ERROR_INIT;
    int taken = catalog_inventory_begin(c, row, clock_wall_ns(), e);

    if (taken < 0)
        return -1;
    if (taken == 0)
        return error_set(e, LAGAN_BUSY, ERROR_LOCKED,
                         "another process is making the inventory %s", row->name);
    row->problems = 0;
    struct catalog_source *source = catalog_source_get(c, row->source, &why);
    int result = source != NULL ? inventory_plan(row, &plan, &why) : -1;
    if (result == 0)
        result = make_in_task(s, row, plan, source, reporter, &why);
    catalog_source_free(source);
    inventory_plan_free(plan);
    if (catalog_inventory_end(c, row, result == 0 ? NULL : &why, result == 0 ? e : &ignored) !=
            0 &&
        result == 0)
        return -1;
    if (result != 0)
        *e = why;
    return result;
}
