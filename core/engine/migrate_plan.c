/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate_plan.c - one pass over the listings: what differs is gathered into units, which are
 * in the catalog before any of their objects is touched.
 */
#include "engine/migrate_private.h"

#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

enum { SAVE_EVERY = 10000 }; /* objects without a unit after which the catalog is told */

/* Units of an earlier process that are not done. */
struct left_over {
    struct catalog_migrate_unit *items;
    size_t count, at;
};

struct planner {
    struct migrate_job *job;
    struct left_over left;
    struct buffer listed_to;   /* up to here the catalog knows all */
    struct migrate_unit *unit; /* being gathered; NULL = none */
    struct buffer unit_after;
    struct catalog_migrate_counts counts; /* not told to the catalog yet */
    uint64_t unsaved;
    uint32_t next_number;
    struct error error; /* of a note */
};

static int compare(const struct buffer *a, const struct buffer *b)
{
    size_t common = a->size < b->size ? a->size : b->size;
    int result = common > 0 ? memcmp(a->data, b->data, common) : 0;
    return result ? result : (a->size > b->size) - (a->size < b->size);
}

static int set(struct buffer *to, const struct buffer *from, struct error *e)
{
    buffer_clear(to);
    buffer_append(to, from->data ? (const void *)from->data : "", from->size);
    return buffer_check(to, e);
}

/* ---- units of an earlier process ---- */

static int take_left(void *context, const struct catalog_migrate_unit *unit, struct error *e)
{
    struct left_over *left = context;
    struct catalog_migrate_unit *items =
        reallocarray(left->items, left->count + 1, sizeof(*items));
    if (!items)
        return error_no_memory(e, "units of work");
    left->items = items;
    struct catalog_migrate_unit *copy = &items[left->count];
    *copy = *unit;
    copy->after = copy->last = copy->done = BUFFER_INIT;
    left->count++;
    return set(&copy->after, &unit->after, e) == 0 && set(&copy->last, &unit->last, e) == 0
               ? set(&copy->done, &unit->done, e)
               : -1;
}

static void free_left(struct left_over *left)
{
    for (size_t i = 0; i < left->count; i++)
        catalog_migrate_unit_clear(&left->items[i]);
    free(left->items);
}

/* From where on both ends have to be listed. */
static const struct buffer *start_of(const struct planner *p)
{
    const struct catalog_migrate_unit *first = p->left.count ? &p->left.items[0] : NULL;
    if (!first)
        return &p->listed_to;
    return first->done.size > 0 ? &first->done : &first->after;
}

/* ---- the unit that is gathered ---- */

/* Its items go to the workers; those that cannot any more are dropped. */
static void hand_over(struct planner *p)
{
    struct migrate_unit *unit = p->unit;
    size_t count = unit->count;
    p->unit = NULL;
    if (count == 0) {
        migrate_unit_free(unit);
        return;
    }
    struct migrate_item *items = unit->items;
    for (size_t i = 0; i < count; i++)
        if (!queue_put(p->job->items, &items[i]))
            migrate_unit_finish(&items[i]);
}

static int save(struct planner *p, bool is_listed, const struct catalog_migrate_unit *unit,
                struct error *e)
{
    struct migrate_job *job = p->job;
    const struct catalog_migrate_listing listing = {.pass = job->pass.number,
                                                    .listed_to = p->listed_to.data,
                                                    .listed_to_size = p->listed_to.size,
                                                    .is_listed = is_listed,
                                                    .counts = p->counts};
    if (catalog_migrate_plan(job->catalog, job->row->id, &listing, unit, e) != 0)
        return -1;
    pthread_mutex_lock(&job->lock);
    for (int i = 0; i < CATALOG_MIGRATE_COUNT; i++)
        job->pass.counts.of[i] += p->counts.of[i];
    job->pass.is_listed = is_listed;
    pthread_mutex_unlock(&job->lock);
    p->counts = (struct catalog_migrate_counts){{0}};
    p->unsaved = 0;
    return 0;
}

/* The unit is full, or there is nothing more. */
static int close_unit(struct planner *p, struct error *e)
{
    struct migrate_unit *unit = p->unit;
    if (!unit)
        return 0;
    const struct buffer *last = &unit->items[unit->count - 1].entry.order;
    unit->row.number = p->next_number++;
    unit->row.files = unit->count;
    if (set(&unit->row.after, &p->unit_after, e) != 0 || set(&unit->row.last, last, e) != 0 ||
        save(p, false, &unit->row, e) != 0)
        return -1;
    hand_over(p);
    return 0;
}

static int add_item(struct planner *p, const struct migrate_entry *entry, bool is_there,
                    struct error *e)
{
    struct migrate_item *item = migrate_unit_add(p->unit, e);
    if (!item)
        return -1;
    item->is_there = is_there;
    p->unit->row.bytes += entry->seen.copy.entry.bytes;
    return migrate_entry_copy(&item->entry, entry, e);
}

/* A unit that has room for so many bytes more. */
static int make_room(struct planner *p, uint64_t bytes, struct error *e)
{
    struct migrate_unit *unit = p->unit;
    if (unit && migrate_rule_unit_full(p->job->plan, unit->count, unit->row.bytes, bytes) &&
        close_unit(p, e) != 0)
        return -1;
    if (p->unit)
        return 0;
    p->unit = migrate_unit_new(p->job, e);
    return p->unit ? set(&p->unit_after, &p->listed_to, e) : -1;
}

static int add_differing(struct planner *p, const struct migrate_entry *entry, bool is_there,
                         struct error *e)
{
    uint64_t bytes = entry->seen.copy.entry.bytes;
    if (make_room(p, bytes, e) != 0 || add_item(p, entry, is_there, e) != 0)
        return -1;
    p->counts.of[CATALOG_MIGRATE_DIFFERING]++;
    p->counts.of[CATALOG_MIGRATE_DIFFERING_BYTES] += bytes;
    return 0;
}

/* ---- objects ---- */

/* "photos/" is a directory in a tree, and listed as no object there. */
static bool is_made_folder(const struct planner *p, const struct migrate_entry *entry)
{
    const struct lagan_entry *object = &entry->seen.copy.entry;
    const struct object_ends *ends = p->job->ends;
    const uint8_t *key = object->key;
    return p->job->pass.number > 1 && ends->from_flat && !ends->to_flat && object->bytes == 0 &&
           object->key_size > 0 && key[object->key_size - 1] == '/';
}

/* What tells neither length nor time is copied once: no later pass could find it equal. */
static bool tells_no_change(const struct lagan_entry *entry, const struct lagan_entry *there)
{
    if (entry->flags & LAGAN_ENTRY_STREAM)
        return true;
    return !(entry->present & LAGAN_HAS_MTIME) && entry->bytes == there->bytes;
}

/* Copy and original are of about one moment, which tells nothing; but the last pass, which
 * began after it, has copied what it did not find equal. */
static bool was_copied(const struct planner *p, const struct lagan_entry *entry,
                       const struct lagan_entry *there)
{
    int64_t changed = object_time_ns(entry), made = object_time_ns(there);
    return p->job->before_ns != 0 && p->job->ends->to_flat && changed != INT64_MIN &&
           made != INT64_MIN && object_may_be_same(entry, there) &&
           changed < p->job->before_ns && made + OBJECT_ROUNDED_NS >= changed;
}

static enum object_outcome judge(const struct planner *p, const struct migrate_entry *entry,
                                 const struct migrate_entry *there)
{
    struct lagan_entry view = migrate_entry_view(entry), there_view;
    if (is_made_folder(p, entry))
        return OBJECT_OUTCOME_SAME;
    if (there)
        there_view = migrate_entry_view(there);
    if (there && p->job->pass.number > 1 &&
        (tells_no_change(&view, &there_view) || was_copied(p, &view, &there_view)))
        return OBJECT_OUTCOME_SAME;
    return object_would(p->job->ends, p->job->options.exists, &view,
                        there ? &there_view : NULL);
}

static int plan_new(struct planner *p, const struct migrate_entry *entry,
                    const struct migrate_entry *there, struct error *e)
{
    enum object_outcome would = judge(p, entry, there);
    /* First: it may tell the catalog of all before this one. */
    if (would == OBJECT_OUTCOME_COPIED && add_differing(p, entry, there != NULL, e) != 0)
        return -1;
    p->counts.of[CATALOG_MIGRATE_LISTED]++;
    p->counts.of[CATALOG_MIGRATE_LISTED_BYTES] += entry->seen.copy.entry.bytes;
    p->counts.of[CATALOG_MIGRATE_SAME] += would == OBJECT_OUTCOME_SAME;
    p->counts.of[CATALOG_MIGRATE_KEPT] += would == OBJECT_OUTCOME_KEPT;
    if (set(&p->listed_to, &entry->order, e) != 0)
        return -1;
    return !p->unit && ++p->unsaved >= SAVE_EVERY ? save(p, false, NULL, e) : 0;
}

/* A unit of an earlier process gets those of its objects that still differ. */
static int end_left(struct planner *p, struct error *e)
{
    struct migrate_unit *unit = p->unit;
    struct migrate_job *job = p->job;
    if (!unit)
        return 0;
    if (unit->count > 0) {
        hand_over(p);
        return 0;
    }
    int result =
        catalog_migrate_unit_end(job->catalog, job->row->id, job->pass.number, &unit->row, e);
    hand_over(p);
    return result;
}

static int begin_left(struct planner *p, struct error *e)
{
    struct catalog_migrate_unit *row = &p->left.items[p->left.at];
    p->unit = migrate_unit_new(p->job, e);
    if (!p->unit)
        return -1;
    p->unit->row = *row;
    *row = (struct catalog_migrate_unit){.last = BUFFER_INIT};
    return 0;
}

/* Steps over units that end before `order` (NULL = over all). */
static int pass_left(struct planner *p, const struct buffer *order, struct error *e)
{
    while (p->left.at < p->left.count) {
        if (!p->unit && begin_left(p, e) != 0)
            return -1;
        if (order && compare(&p->unit->row.last, order) >= 0)
            return 0;
        if (end_left(p, e) != 0)
            return -1;
        p->left.at++;
    }
    return 0;
}

/* An object that was listed before: it counts when a unit that is not done has it. */
static int plan_again(struct planner *p, const struct migrate_entry *entry,
                      const struct migrate_entry *there, struct error *e)
{
    if (pass_left(p, &entry->order, e) != 0)
        return -1;
    if (p->left.at == p->left.count)
        return 0;
    const struct catalog_migrate_unit *row = &p->unit->row;
    const struct buffer *from = row->done.size > 0 ? &row->done : &row->after;
    if (compare(&entry->order, from) <= 0)
        return 0;
    enum object_outcome would = judge(p, entry, there);
    if (would == OBJECT_OUTCOME_COPIED)
        return add_item(p, entry, there != NULL, e);
    p->unit->row.counts
        .of[would == OBJECT_OUTCOME_SAME ? CATALOG_MIGRATE_SAME : CATALOG_MIGRATE_KEPT]++;
    return 0;
}

/* ---- what else the listing meets ---- */

static void note_problem(void *context, const struct lagan_entry *entry)
{
    struct planner *p = context;
    struct error why = {.error_class = entry->error_class};
    error_set(&why, entry->error_class, error_code_of_class(entry->error_class), "%s",
              entry->error_text ? entry->error_text : "it could not be looked at");
    p->counts.of[CATALOG_MIGRATE_LISTED]++;
    migrate_problem(p->job, entry, &why);
}

static void note_left_out(void *context, const struct lagan_entry *entry)
{
    struct planner *p = context;
    (void)entry;
    p->counts.of[CATALOG_MIGRATE_LEFT_OUT]++;
}

/* ---- the pass ---- */

static int plan_entry(struct planner *p, const struct migrate_entry *entry,
                      const struct migrate_entry *there, const struct buffer *known,
                      struct error *e)
{
    if (atomic_load(&p->job->failed) || operation_check(e) != 0)
        return -1;
    if (known->size > 0 && compare(&entry->order, known) <= 0)
        return plan_again(p, entry, there, e);
    return pass_left(p, NULL, e) == 0 ? plan_new(p, entry, there, e) : -1;
}

static int plan_all(struct planner *p, struct migrate_join *join, struct error *e)
{
    struct buffer known CLEANUP_BUFFER = BUFFER_INIT;
    const struct migrate_entry *entry, *there;
    int found = set(&known, &p->listed_to, e) == 0 ? 1 : -1;
    while (found > 0) {
        found = migrate_join_next(join, &entry, &there, e);
        if (found > 0 && plan_entry(p, entry, there, &known, e) != 0)
            found = -1;
    }
    if (found < 0 || pass_left(p, NULL, e) != 0 || close_unit(p, e) != 0)
        return -1;
    return save(p, true, NULL, e);
}

static int plan_pass(struct planner *p, struct error *e)
{
    struct migrate_job *job = p->job;
    const struct migrate_notes notes = {p, note_problem, note_left_out, NULL};
    if (set(&p->listed_to, &job->pass.listed_to, e) != 0 ||
        catalog_migrate_unit_list(job->catalog, job->row->id, take_left, &p->left, e) != 0)
        return -1;
    if (job->pass.is_listed && p->left.count == 0)
        return 0;
    const struct buffer *start = start_of(p);
    struct migrate_join *join =
        migrate_join_open(job->ends, job->plan, start->data, start->size, &notes, e);
    if (!join)
        return -1;
    int result = plan_all(p, join, e);
    migrate_join_close(join);
    return result;
}

void migrate_plan_pass(struct migrate_job *job)
{
    struct planner p = {.job = job, .next_number = job->pass.units + 1};
    struct error e = ERROR_INIT;
    if (plan_pass(&p, &e) != 0 && e.error_class != LAGAN_OK)
        migrate_fail(job, &e);
    migrate_unit_free(p.unit);
    free_left(&p.left);
    buffer_free(&p.listed_to);
    buffer_free(&p.unit_after);
}
