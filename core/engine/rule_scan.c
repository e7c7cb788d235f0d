/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_scan.c - the versions that the source has beside those that the catalog knows, both in
 * one order: what is new gets a row, what is gone loses its own.
 */
#include "engine/rule_private.h"

#include "base/clock.h"
#include "base/text.h"
#include "driver/operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, ENTRIES = 1000 };

/* Rows of the catalog, read ahead. */
struct known {
    struct catalog_object_copy *rows; /* ROWS of them */
    size_t count, next;
    bool ended;
};

struct scan {
    struct rule_pass *pass;
    struct known known;
    struct catalog_object_copy *fresh; /* ROWS of them, to be inserted */
    size_t fresh_count;
    struct catalog_object_copy *gone; /* ROWS of them, to be forgotten */
    size_t gone_count;
    struct catalog_object_copy *at; /* the entry at hand */
    struct catalog_object_gap *gaps;
    struct object_window window;
    uint64_t counts[OBJECT_SKIP_COUNT];
    struct error error; /* why the collector refused */
};

/* ---- names ---- */

static bool read_digits(const char *text, uint64_t *value)
{
    uint64_t read = 0;

    for (int i = 0; i < LAGAN_VERSION_TIME_SIZE; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            read = read << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            read = read << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *value = read;
    return true;
}

bool rule_name_version(const struct lagan_entry *entry, struct catalog_object_copy *row)
{
    struct object_name name = object_name_of(entry->key, entry->key_size);
    uint64_t moment;

    if (name.key_size == 0 || name.key_size == entry->key_size ||
        name.key_size > CATALOG_OBJECT_KEY || name.version_size >= CATALOG_VERSION_SIZE ||
        !read_digits(name.version - LAGAN_VERSION_TIME_SIZE, &moment))
        return false;
    memcpy(row->object, name.key, name.key_size);
    row->object_size = name.key_size;
    row->moment_ns = (int64_t)moment;
    memcpy(row->version, name.version, name.version_size);
    row->version[name.version_size] = '\0';
    return true;
}

struct lagan_walk_request rule_walk_request(const struct rule_pass *p, struct source *s,
                                            uint64_t flags)
{
    const struct object_rule *rule = rule_of(p);
    struct lagan_walk_request request = {.flags = flags};

    if (source_capabilities(s)->prefix && rule->prefix_size > 0) {
        request.prefix = rule->prefix;
        request.prefix_size = rule->prefix_size;
    }
    return request;
}

/* ---- rows that come and go ---- */

static int insert_fresh(struct scan *scan, struct error *e)
{
    struct rule_pass *p = scan->pass;
    int result =
        catalog_object_copy_insert(p->catalog, p->row->id, scan->fresh, scan->fresh_count,
                                   CATALOG_COPY_NEW, &p->result->queued, e);

    scan->fresh_count = 0;
    return result;
}

static int forget_gone(struct scan *scan, struct error *e)
{
    struct catalog *c = scan->pass->catalog;
    int result = scan->gone_count > 0 ? catalog_begin(c, e) : 0;

    if (result != 0 || scan->gone_count == 0)
        return result;
    for (size_t i = 0; result >= 0 && i < scan->gone_count; i++) {
        result = catalog_object_copy_forget(c, scan->pass->row->id, &scan->gone[i], e);
        if (result > 0)
            scan->counts[OBJECT_SKIP_VERSION_DELETED]++;
    }
    scan->gone_count = 0;
    if (result >= 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* The next row that the catalog knows; NULL at the end. */
static struct catalog_object_copy *peek(struct scan *scan, struct error *e, int *result)
{
    struct known *known = &scan->known;
    struct rule_pass *p = scan->pass;
    struct catalog_object_copy last;

    *result = 0;
    if (known->next == known->count && !known->ended) {
        bool first = known->count == 0;
        if (!first)
            last = known->rows[known->count - 1];
        *result = catalog_object_copy_page(p->catalog, p->row->id, first ? NULL : &last,
                                           known->rows, ROWS, &known->count, e);
        if (*result != 0)
            return NULL;
        known->next = 0;
        known->ended = known->count < ROWS;
    }
    return known->next < known->count ? &known->rows[known->next] : NULL;
}

static int add_gone(struct scan *scan, const struct catalog_object_copy *row, struct error *e)
{
    scan->gone[scan->gone_count++] = *row;
    return scan->gone_count == ROWS ? forget_gone(scan, e) : 0;
}

/* Passes over rows in front of `at` (NULL = all): they are gone.  1 when the catalog knows
 * `at`, 0, -1. */
static int pass_over(struct scan *scan, const struct catalog_object_copy *at, struct error *e)
{
    for (;;) {
        int result;
        const struct catalog_object_copy *row = peek(scan, e, &result);
        if (row == NULL)
            return result;
        int order = at != NULL ? catalog_object_copy_compare(row, at) : -1;
        if (order > 0)
            return 0;
        if (order < 0 && add_gone(scan, row, e) != 0)
            return -1;
        scan->known.next++;
        if (order == 0)
            return 1;
    }
}

/* ---- what is new ---- */

static bool says_replica(const struct lagan_entry *entry)
{
    size_t count;
    const struct lagan_metadata *pieces = source_entry_pieces(entry, &count);
    const struct lagan_metadata *piece =
        source_find_piece(pieces, count, LAGAN_FACT_REPLICATION);

    return piece != NULL && piece->value_size == strlen("REPLICA") &&
           memcmp(piece->value, "REPLICA", piece->value_size) == 0;
}

/* What the listing alone tells; the rest is seen when it is its turn. */
static int judge(struct scan *scan, const struct lagan_entry *entry, enum object_skip *skip,
                 struct error *e)
{
    const struct rule_pass *p = scan->pass;
    const struct catalog_object_copy *at = scan->at;

    *skip = OBJECT_SKIP_NONE;
    if (at->marker && !rule_of(p)->delete_marker) {
        *skip = OBJECT_SKIP_DELETE_MARKER;
        return 0;
    }
    int copy = says_replica(entry)
                   ? 1
                   : catalog_object_is_copy(p->catalog, p->row->from, at->object,
                                            at->object_size, at->version, e);
    if (copy > 0)
        *skip = OBJECT_SKIP_IS_COPY;
    return copy < 0 ? -1 : 0;
}

static bool is_whole_second(const struct lagan_entry *entry)
{
    return (entry->present & LAGAN_HAS_MTIME) != 0 && entry->mtime_ns == 0;
}

static int add_fresh(struct scan *scan, const struct lagan_entry *entry, struct error *e)
{
    struct catalog_object_copy *at = scan->at;
    enum object_skip skip =
        object_rule_is_new(&scan->window, at->moment_ns, is_whole_second(entry));

    if (skip != OBJECT_SKIP_NONE) {
        scan->counts[skip]++;
        return 0;
    }
    at->marker = entry->type == LAGAN_ENTRY_MARKER;
    at->bytes = entry->present & LAGAN_HAS_BYTES ? entry->bytes : 0;
    if (judge(scan, entry, &skip, e) != 0)
        return -1;
    at->state = skip == OBJECT_SKIP_NONE ? CATALOG_COPY_PENDING : CATALOG_COPY_SKIPPED;
    snprintf(at->reason, sizeof(at->reason), "%s",
             skip == OBJECT_SKIP_NONE ? "" : object_skip_name(skip));
    at->turn_ns = object_rule_turn_ns(at->moment_ns, at->bytes);
    scan->fresh[scan->fresh_count++] = *at;
    return scan->fresh_count == ROWS ? insert_fresh(scan, e) : 0;
}

static void report_entry(struct scan *scan, const struct lagan_entry *entry)
{
    const struct job_reporter *reporter = scan->pass->reporter;
    const struct job_problem problem = {.key = entry->key,
                                        .key_size = entry->key_size,
                                        .error_class = entry->error_class,
                                        .text = entry->error_text};

    if (reporter != NULL && reporter->problem != NULL)
        reporter->problem(reporter->context, &problem);
}

static uint32_t take_entry(void *context, const struct lagan_entry *entry)
{
    struct scan *scan = context;
    struct catalog_object_copy *at = scan->at;

    if (entry->type == LAGAN_ENTRY_ERROR) {
        report_entry(scan, entry);
        return LAGAN_OK;
    }
    memset(at, 0, sizeof(*at));
    if ((entry->type != LAGAN_ENTRY_OBJECT && entry->type != LAGAN_ENTRY_MARKER) ||
        !rule_name_version(entry, at) ||
        !object_rule_has_key(rule_of(scan->pass), at->object, at->object_size))
        return LAGAN_OK;
    scan->pass->result->listed++;
    int known = pass_over(scan, at, &scan->error);
    if (known < 0 || (known == 0 && add_fresh(scan, entry, &scan->error) != 0))
        return LAGAN_INTERNAL;
    return LAGAN_OK;
}

/* ---- the listing ---- */

static int list(struct scan *scan, struct error *e)
{
    struct source *from = object_ends_from(scan->pass->ends);
    const struct lagan_entry_collector entries = {scan, take_entry};
    struct lagan_walk_request request =
        rule_walk_request(scan->pass, from, LAGAN_WALK_VERSIONS | LAGAN_WALK_PIECES);
    struct walk *walk = source_walk_begin(from, &request, e);
    bool ended = false;
    int result = walk != NULL ? 0 : -1;

    while (result == 0 && !ended) {
        result = walk_next(walk, ENTRIES, &entries, &ended, e);
        if (result != 0 && scan->error.error_class != LAGAN_OK)
            *e = scan->error;
        if (result == 0)
            result = operation_check(e);
    }
    walk_close(walk);
    if (result == 0)
        result = pass_over(scan, NULL, e) < 0 ? -1 : 0;
    if (result == 0)
        result = insert_fresh(scan, e);
    return result == 0 ? forget_gone(scan, e) : -1;
}

static int note_counts(const struct scan *scan, int64_t began_ns, struct error *e)
{
    static const enum object_skip counted[] = {OBJECT_SKIP_PRE_EXISTING,
                                               OBJECT_SKIP_SWITCHED_OFF};
    const struct rule_pass *p = scan->pass;

    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        if (catalog_object_skip_set(p->catalog, p->row->id, object_skip_name(counted[i]),
                                    scan->counts[counted[i]], e) != 0)
            return -1;
    }
    return catalog_object_rule_seen(p->catalog, p->row, began_ns, e);
}

static int prepare(struct scan *scan, struct error *e)
{
    const struct rule_pass *p = scan->pass;
    size_t gaps = 0;

    scan->known.rows = calloc(ROWS, sizeof(*scan->known.rows));
    scan->fresh = calloc(ROWS, sizeof(*scan->fresh));
    scan->gone = calloc(ROWS, sizeof(*scan->gone));
    scan->at = calloc(1, sizeof(*scan->at));
    if (scan->known.rows == NULL || scan->fresh == NULL || scan->gone == NULL ||
        scan->at == NULL)
        return error_no_memory(e, "the listing of a source");
    if (catalog_object_gap_all(p->catalog, p->row->id, &scan->gaps, &gaps, e) != 0)
        return -1;
    struct object_gap *copies = calloc(gaps + 1, sizeof(*copies));
    if (copies == NULL)
        return error_no_memory(e, "the gaps of a rule");
    for (size_t i = 0; i < gaps; i++)
        copies[i] = (struct object_gap){scan->gaps[i].from_ns, scan->gaps[i].to_ns};
    scan->window = (struct object_window){p->row->since_ns, copies, gaps};
    return 0;
}

int rule_scan(struct rule_pass *p, struct error *e)
{
    struct scan scan = {.pass = p};
    int64_t began_ns = clock_wall_ns();
    int result = prepare(&scan, e);

    if (result == 0)
        result = list(&scan, e);
    if (result == 0)
        result = note_counts(&scan, began_ns, e);
    free(scan.known.rows);
    free(scan.fresh);
    free(scan.gone);
    free(scan.at);
    free(scan.gaps);
    free((void *)(uintptr_t)scan.window.gaps);
    return result;
}
