/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_listing.c - see migrate_listing.h: walks, their order, and both of them joined. */
#include "engine/migrate_listing.h"

#include <stdlib.h>
#include <string.h>

enum { AT_A_TIME = 256, SORT_BYTES = 32 << 20 };

void migrate_entry_free(struct migrate_entry *entry)
{
    buffer_free(&entry->order);
    object_seen_free(&entry->seen);
}

struct lagan_entry migrate_entry_view(const struct migrate_entry *entry)
{
    struct lagan_entry view = entry->seen.copy.entry;
    view.size = sizeof(view);
    view.pieces = entry->seen.pieces.items;
    view.piece_count = entry->seen.pieces.count;
    return view;
}

int migrate_entry_copy(struct migrate_entry *to, const struct migrate_entry *from,
                       struct error *e)
{
    struct lagan_entry_collector collector = object_seen_collector(&to->seen);
    struct lagan_entry view = migrate_entry_view(from);
    buffer_clear(&to->order);
    buffer_append(&to->order, from->order.data, from->order.size);
    if (collector.add(collector.context, &view) == LAGAN_OK)
        return buffer_check(&to->order, e);
    *e = to->seen.error;
    return -1;
}

/* ---- one end ---- */

struct end {
    struct migrate_join *join;
    struct source *source;
    bool is_from, flat;
    struct walk *walk;
    bool ended;
    struct migrate_entry *batch; /* AT_A_TIME */
    size_t count, given;
    struct migrate_sort *sort;    /* NULL = the walk is in order */
    struct migrate_entry at_hand; /* of the sort */
    struct error error;           /* of the collector */
};

struct migrate_join {
    struct object_ends *ends;
    const struct migrate_plan *plan;
    struct migrate_notes notes;
    bool mixed;
    struct buffer prefix; /* of the scope, in keys of the source */
    struct buffer added;  /* in front of names at the destination, in their order */
    struct buffer after;  /* in order; empty = from the start */
    struct end from, to;
    const struct migrate_entry *there; /* of the destination, not passed yet */
    bool to_ended;
};

/* A key as a text with slashes, or the reverse. */
static void swap_bytes(struct buffer *key, size_t start, uint8_t old, uint8_t new)
{
    for (size_t i = start; i < key->size; i++)
        if (key->data[i] == old)
            key->data[i] = new;
}

static void set_order(const struct end *end, const struct lagan_entry *found,
                      struct buffer *order)
{
    const struct migrate_join *join = end->join;
    buffer_clear(order);
    if (end->is_from)
        buffer_append(order, join->added.data, join->added.size);
    size_t start = order->size;
    buffer_append(order, found->key, found->key_size);
    if (join->mixed && !end->flat && !order->failed)
        swap_bytes(order, start, 0, '/');
}

static bool begins(const struct lagan_entry *entry, const struct buffer *prefix)
{
    return entry->key_size >= prefix->size &&
           (prefix->size == 0 || memcmp(entry->key, prefix->data, prefix->size) == 0);
}

/* Whether it is an object of this listing; tells of what else it meets. */
static bool is_wanted(const struct end *end, const struct lagan_entry *entry)
{
    const struct migrate_join *join = end->join;
    const struct migrate_notes *notes = &join->notes;
    if ((end->is_from || !join->mixed) &&
        !begins(entry, end->is_from ? &join->prefix : &join->added))
        return false;
    if (entry->type == LAGAN_ENTRY_ERROR || entry->error_class != LAGAN_OK) {
        if (end->is_from && notes->problem)
            notes->problem(notes->context, entry);
        return false;
    }
    if (entry->key_size == 0 || entry->type == LAGAN_ENTRY_DIRECTORY)
        return false;
    if (!end->is_from)
        return true;
    if (!entry_has_content(entry->type) && (join->mixed || join->ends->to_flat)) {
        if (notes->left_out)
            notes->left_out(notes->context, entry);
        return false;
    }
    return migrate_rule_takes(join->plan, object_time_ns(entry));
}

static uint32_t take_entry(void *context, const struct lagan_entry *entry)
{
    struct end *end = context;
    if (!is_wanted(end, entry))
        return LAGAN_OK;
    struct migrate_entry *room = &end->batch[end->count];
    struct lagan_entry_collector collector = object_seen_collector(&room->seen);
    set_order(end, entry, &room->order);
    uint32_t result = collector.add(collector.context, entry);
    if (result != LAGAN_OK || buffer_check(&room->order, &end->error) != 0)
        return LAGAN_INTERNAL;
    end->count++;
    return LAGAN_OK;
}

/* Below which folders and files something of the scope can be. */
static enum lagan_selection select_prefix(void *context, const void *key, size_t key_size,
                                          uint32_t type)
{
    const struct buffer *prefix = context;
    size_t common = key_size < prefix->size ? key_size : prefix->size;
    if (common > 0 && memcmp(key, prefix->data, common) != 0)
        return LAGAN_SELECT_SKIP;
    if (key_size >= prefix->size || type != LAGAN_ENTRY_DIRECTORY)
        return key_size >= prefix->size ? LAGAN_SELECT_TAKE : LAGAN_SELECT_SKIP;
    return prefix->data[key_size] == 0 ? LAGAN_SELECT_TAKE : LAGAN_SELECT_SKIP;
}

/* Where the walk of an end begins: behind the key that stands at `after`. */
static void start_behind(const struct end *end, struct lagan_walk_request *request)
{
    const struct migrate_join *join = end->join;
    size_t added = end->is_from ? join->added.size : 0;
    if (end->sort || !source_capabilities(end->source)->resume || join->after.size <= added ||
        (added > 0 && memcmp(join->after.data, join->added.data, added) != 0))
        return;
    request->after = join->after.data + added;
    request->after_size = join->after.size - added;
}

static int open_walk(struct end *end, struct error *e)
{
    struct migrate_join *join = end->join;
    const struct lagan_source_capabilities *can = source_capabilities(end->source);
    struct buffer *prefix = end->is_from ? &join->prefix : &join->added;
    struct lagan_walk_request request = {.flags = (can->pieces ? LAGAN_WALK_PIECES : 0) |
                                                  (can->versions ? LAGAN_WALK_CURRENT : 0)};
    bool comparable = end->is_from || !join->mixed || end->flat;
    if (can->prefix && prefix->size > 0 && comparable && end->flat) {
        request.prefix = prefix->data;
        request.prefix_size = prefix->size;
    } else if (prefix->size > 0 && comparable && !end->flat) {
        request.select = select_prefix;
        request.select_context = prefix;
    }
    start_behind(end, &request);
    end->walk = source_walk_begin(end->source, &request, e);
    return end->walk ? 0 : -1;
}

/* The next batch of the walk; none at its end. */
static int next_batch(struct end *end, struct error *e)
{
    const struct lagan_entry_collector collector = {end, take_entry};
    end->count = end->given = 0;
    while (end->count == 0 && !end->ended) {
        end->error = ERROR_INIT;
        if (walk_next(end->walk, AT_A_TIME, &collector, &end->ended, e) == 0)
            continue;
        if (end->error.error_class != LAGAN_OK)
            *e = end->error;
        return -1;
    }
    return 0;
}

static int fill_sort(struct end *end, struct error *e)
{
    do {
        if (next_batch(end, e) != 0)
            return -1;
        for (size_t i = 0; i < end->count; i++)
            if (migrate_sort_add(end->sort, &end->batch[i], e) != 0)
                return -1;
    } while (end->count > 0);
    return 0;
}

static int open_end(struct migrate_join *join, struct end *end, struct source *source,
                    bool is_from, struct error *e)
{
    end->join = join;
    end->source = source;
    end->is_from = is_from;
    end->flat = is_from ? join->ends->from_flat : join->ends->to_flat;
    end->batch = calloc(AT_A_TIME, sizeof(end->batch[0]));
    if (!end->batch)
        return error_no_memory(e, "a listing");
    if (join->mixed && !end->flat) {
        end->sort = migrate_sort_new(SORT_BYTES, e);
        if (!end->sort)
            return -1;
    }
    if (open_walk(end, e) != 0)
        return -1;
    return end->sort ? fill_sort(end, e) : 0;
}

static void close_end(struct end *end)
{
    walk_close(end->walk);
    migrate_sort_free(end->sort);
    for (size_t i = 0; end->batch && i < AT_A_TIME; i++)
        migrate_entry_free(&end->batch[i]);
    free(end->batch);
    migrate_entry_free(&end->at_hand);
}

static int compare(const struct buffer *a, const struct buffer *b)
{
    size_t common = a->size < b->size ? a->size : b->size;
    int result = common > 0 ? memcmp(a->data, b->data, common) : 0;
    return result ? result : (a->size > b->size) - (a->size < b->size);
}

static int next_unchecked(struct end *end, const struct migrate_entry **entry, struct error *e)
{
    if (end->sort) {
        *entry = &end->at_hand;
        return migrate_sort_next(end->sort, &end->at_hand, e);
    }
    if (end->given == end->count && next_batch(end, e) != 0)
        return -1;
    if (end->given == end->count)
        return 0;
    *entry = &end->batch[end->given++];
    return 1;
}

/* The next object behind `after`: 1, 0, -1. */
static int next_of(struct end *end, const struct migrate_entry **entry, struct error *e)
{
    int found;
    do
        found = next_unchecked(end, entry, e);
    while (found > 0 && compare(&(*entry)->order, &end->join->after) <= 0);
    return found;
}

/* ---- both ---- */

static int set_prefixes(struct migrate_join *join, struct error *e)
{
    const char *prefix = join->plan->texts[MIGRATE_SETTING_PREFIX];
    const char *added = join->plan->texts[MIGRATE_SETTING_TO_PREFIX];
    if (prefix)
        buffer_append(&join->prefix, prefix, strlen(prefix));
    if (added)
        buffer_append(&join->added, added, strlen(added));
    if (!join->ends->from_flat && !join->prefix.failed)
        swap_bytes(&join->prefix, 0, '/', 0);
    if (!join->ends->to_flat && !join->mixed && !join->added.failed)
        swap_bytes(&join->added, 0, '/', 0);
    return buffer_check(&join->prefix, e) != 0 ? -1 : buffer_check(&join->added, e);
}

struct migrate_join *migrate_join_open(struct object_ends *ends,
                                       const struct migrate_plan *plan, const void *after,
                                       size_t after_size, const struct migrate_notes *notes,
                                       struct error *e)
{
    struct migrate_join *join = calloc(1, sizeof(*join));
    struct source *look = join ? object_ends_look(ends, e) : NULL;
    if (!join) {
        error_no_memory(e, "listings");
        return NULL;
    }
    join->ends = ends;
    join->plan = plan;
    join->mixed = ends->from_flat != ends->to_flat;
    if (notes)
        join->notes = *notes;
    if (after_size > 0)
        buffer_append(&join->after, after, after_size);
    if (!look || set_prefixes(join, e) != 0 || buffer_check(&join->after, e) != 0)
        goto failed;
    if (open_end(join, &join->from, ends->from.source, true, e) != 0) {
        error_context(e, "listing the source");
        goto failed;
    }
    if (open_end(join, &join->to, look, false, e) != 0) {
        error_context(e, "listing the destination");
        goto failed;
    }
    return join;
failed:
    migrate_join_close(join);
    return NULL;
}

void migrate_join_close(struct migrate_join *join)
{
    if (!join)
        return;
    close_end(&join->from);
    close_end(&join->to);
    buffer_free(&join->prefix);
    buffer_free(&join->added);
    buffer_free(&join->after);
    free(join);
}

/* Has `join->there` be the next object of the destination, when there is one. */
static int advance_there(struct migrate_join *join, struct error *e)
{
    const struct migrate_entry *next = NULL;
    int found = join->to_ended ? 0 : next_of(&join->to, &next, e);
    if (found < 0)
        return error_context(e, "listing the destination");
    join->to_ended = found == 0;
    join->there = found > 0 ? next : NULL;
    return 0;
}

static void tell_extra(struct migrate_join *join)
{
    struct lagan_entry view = migrate_entry_view(join->there);
    const struct buffer *order = &join->there->order, *added = &join->added;
    bool below = order->size >= added->size &&
                 (added->size == 0 || memcmp(order->data, added->data, added->size) == 0);
    if (join->notes.extra && below)
        join->notes.extra(join->notes.context, &view);
}

/* Passes what the destination has before `order` (NULL = to its end). */
static int pass_extras(struct migrate_join *join, const struct buffer *order, struct error *e)
{
    while (!join->to_ended) {
        if (!join->there && advance_there(join, e) != 0)
            return -1;
        if (!join->there || (order && compare(&join->there->order, order) >= 0))
            return 0;
        tell_extra(join);
        join->there = NULL;
    }
    return 0;
}

int migrate_join_next(struct migrate_join *join, const struct migrate_entry **entry,
                      const struct migrate_entry **there, struct error *e)
{
    const struct migrate_entry *next = NULL;
    int found = next_of(&join->from, &next, e);
    if (found < 0)
        return error_context(e, "listing the source");
    if (pass_extras(join, found > 0 ? &next->order : NULL, e) != 0)
        return -1;
    if (found == 0)
        return 0;
    *entry = next;
    *there =
        join->there && compare(&join->there->order, &next->order) == 0 ? join->there : NULL;
    if (*there)
        join->there = NULL; /* passed with the next call */
    return 1;
}
