/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_compare.c - the present objects of the source beside those of the destination, both in
 * the order of keys: what the second lacks, or has otherwise, is queued.
 */
#include "engine/rule_private.h"

#include "driver/operation.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, ETAG_SIZE = 64, MD5_DIGITS = 32 };

/* A present object, or the marker that stands for none. */
struct present {
    struct catalog_object_copy row;
    char etag[ETAG_SIZE]; /* "" = none, or longer */
};

/* One end's listing, read ahead. */
struct side {
    struct source *source;
    struct walk *walk;
    const struct object_rule *rule;
    bool versions;         /* keys carry versions, of which the current one counts */
    struct present *items; /* ROWS of them */
    size_t count, next;
    bool ended;
};

static const char *text_of(const struct lagan_entry *entry, const char *name, size_t *size)
{
    size_t count;
    const struct lagan_metadata *pieces = source_entry_pieces(entry, &count);
    const struct lagan_metadata *piece = source_find_piece(pieces, count, name);

    *size = piece != NULL ? piece->value_size : 0;
    return piece != NULL ? piece->value : NULL;
}

static bool name_entry(const struct side *side, const struct lagan_entry *entry,
                       struct catalog_object_copy *row)
{
    size_t size;

    if (side->versions)
        return rule_name_version(entry, row) && text_of(entry, LAGAN_FACT_CURRENT, &size);
    if (entry->key_size == 0 || entry->key_size > CATALOG_OBJECT_KEY)
        return false;
    memcpy(row->object, entry->key, entry->key_size);
    row->object_size = entry->key_size;
    return true;
}

static uint32_t take(void *context, const struct lagan_entry *entry)
{
    struct side *side = context;
    struct present *item = &side->items[side->count];
    size_t size;

    if (entry->type != LAGAN_ENTRY_OBJECT && entry->type != LAGAN_ENTRY_MARKER)
        return LAGAN_OK;
    memset(item, 0, sizeof(*item));
    if (!name_entry(side, entry, &item->row) ||
        !object_rule_has_key(side->rule, item->row.object, item->row.object_size))
        return LAGAN_OK;
    item->row.marker = entry->type == LAGAN_ENTRY_MARKER;
    item->row.bytes = entry->present & LAGAN_HAS_BYTES ? entry->bytes : 0;
    item->row.turn_ns = object_rule_turn_ns(item->row.moment_ns, item->row.bytes);
    const char *etag = text_of(entry, LAGAN_FACT_ETAG, &size);
    if (etag != NULL && size < ETAG_SIZE)
        memcpy(item->etag, etag, size);
    side->count++;
    return LAGAN_OK;
}

/* The next object of that end; NULL at its end or with `*result` -1. */
static const struct present *peek(struct side *side, int *result, struct error *e)
{
    const struct lagan_entry_collector entries = {side, take};

    *result = 0;
    if (side->next == side->count)
        side->next = side->count = 0;
    while (side->count == 0 && !side->ended && *result == 0) {
        *result = walk_next(side->walk, ROWS, &entries, &side->ended, e);
        if (*result == 0)
            *result = operation_check(e);
    }
    return *result == 0 && side->next < side->count ? &side->items[side->next] : NULL;
}

static int side_open(struct side *side, struct rule_pass *p, struct source *source,
                     bool versions, struct error *e)
{
    struct lagan_walk_request request;

    if (source == NULL)
        return -1;
    *side = (struct side){.source = source, .rule = rule_of(p), .versions = versions};
    side->items = calloc(ROWS, sizeof(*side->items));
    if (side->items == NULL)
        return error_no_memory(e, "a listing");
    request = rule_walk_request(
        p, source, LAGAN_WALK_PIECES | (versions ? LAGAN_WALK_VERSIONS : LAGAN_WALK_CURRENT));
    side->walk = source_walk_begin(source, &request, e);
    return side->walk != NULL ? 0 : -1;
}

static void side_close(struct side *side)
{
    walk_close(side->walk);
    free(side->items);
}

/* Hashes of the whole content, which both ends tell. */
static bool etags_differ(const struct present *a, const struct present *b)
{
    return strlen(a->etag) == MD5_DIGITS && strlen(b->etag) == MD5_DIGITS &&
           strcmp(a->etag, b->etag) != 0;
}

/* `there` NULL: the destination has no such object. */
static bool is_missing(const struct object_rule *rule, const struct present *here,
                       const struct present *there)
{
    if (here->row.marker)
        return there != NULL && rule->delete_marker;
    return there == NULL || here->row.bytes != there->row.bytes || etags_differ(here, there);
}

static int by_key(const struct present *a, const struct present *b)
{
    size_t shorter =
        a->row.object_size < b->row.object_size ? a->row.object_size : b->row.object_size;
    int order = memcmp(a->row.object, b->row.object, shorter);

    if (order != 0)
        return order;
    return (a->row.object_size > b->row.object_size) -
           (a->row.object_size < b->row.object_size);
}

/* What is missing, until it is written. */
struct missing {
    struct catalog_object_copy *rows; /* ROWS of them */
    size_t count;
};

static int insert_rows(struct rule_pass *p, struct missing *missing, struct error *e)
{
    int result =
        catalog_object_copy_insert(p->catalog, p->row->id, missing->rows, missing->count,
                                   CATALOG_COPY_FORCE, &p->result->queued, e);

    missing->count = 0;
    return result;
}

static int merge(struct rule_pass *p, struct side *from, struct side *to,
                 struct missing *missing, struct error *e)
{
    int result;

    for (;;) {
        const struct present *here = peek(from, &result, e);
        if (here == NULL)
            return result == 0 ? insert_rows(p, missing, e) : -1;
        const struct present *there = peek(to, &result, e);
        if (result != 0)
            return -1;
        int order = there != NULL ? by_key(here, there) : -1;
        if (order > 0) {
            to->next++;
            continue;
        }
        if (is_missing(rule_of(p), here, order == 0 ? there : NULL))
            missing->rows[missing->count++] = here->row;
        if (missing->count == ROWS && insert_rows(p, missing, e) != 0)
            return -1;
        from->next++;
        to->next += order == 0;
    }
}

int rule_compare(struct rule_pass *p, struct error *e)
{
    struct side from = {.source = NULL}, to = {.source = NULL};
    struct missing missing = {.rows = calloc(ROWS, sizeof(*missing.rows))};
    int result = missing.rows != NULL ? 0 : error_no_memory(e, "a comparison");

    if (result == 0)
        result = side_open(&from, p, object_ends_from(p->ends), true, e);
    if (result == 0)
        result = side_open(&to, p, object_ends_look(p->ends, e), false, e);
    if (result == 0)
        result = merge(p, &from, &to, &missing, e);
    side_close(&from);
    side_close(&to);
    free(missing.rows);
    return result;
}
