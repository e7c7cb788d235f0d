/* SPDX-License-Identifier: Apache-2.0 */
/* zones_list.c - the sorted union of what the zones list. */
#include "driver/zones_private.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

enum { WALK_LIMIT = 1000 };

/* A zone's page: records of a key with its terminator and a u64 length. */
struct zone_page {
    struct buffer records;
    size_t at;  /* offset of the record that comes next */
    bool more;  /* the zone has others behind it */
    bool asked; /* it has answered */
    char last[LAGAN_KEY_LIMIT + 1];
};

static int keep(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct zone_page *page = context;
    size_t size = strlen(key) + 1;

    buffer_append(&page->records, key, size);
    buffer_append_u64(&page->records, bytes);
    memcpy(page->last, key, size);
    return buffer_check(&page->records, e);
}

/* NULL when the page is through. */
static const char *next_key(const struct zone_page *page)
{
    return page->at < page->records.size ? (const char *)page->records.data + page->at : NULL;
}

static uint64_t step(struct zone_page *page)
{
    const char *key = next_key(page);
    uint64_t bytes;

    page->at += strlen(key) + 1;
    bytes = load_u64(page->records.data + page->at);
    page->at += sizeof(uint64_t);
    return bytes;
}

/* Asks all zones.  What is absent from all but one of them is absent, so that many must
 * answer. */
static int ask(struct zones *z, struct zone_page *pages, const char *prefix,
               const char *start_after, uint32_t limit, struct error *e)
{
    struct error failure = ERROR_INIT;
    size_t answers = 0;

    for (size_t i = 0; i < z->count; i++) {
        struct error why = ERROR_INIT;
        if (!zone_reads(&z->zone[i]))
            continue;
        if (target_list_page(z->zone[i].target, prefix, start_after, limit, keep, &pages[i],
                             &pages[i].more, &why) == 0) {
            pages[i].asked = true;
            answers++;
            continue;
        }
        if (zones_is_final(&why) && why.error_class != LAGAN_CORRUPT) {
            *e = why;
            return -1;
        }
        failure = why;
        buffer_clear(&pages[i].records);
        zones_failed(z, i, &why, false);
    }
    if (answers + 1 >= z->count)
        return 0;
    if (failure.error_class == LAGAN_OK)
        return zones_missing(z, "list", prefix, e);
    *e = failure;
    return -1;
}

/* The page whose next key is the least; NULL at the end. */
static struct zone_page *least(struct zone_page *pages, size_t count)
{
    struct zone_page *found = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *key = next_key(&pages[i]);
        if (key && (!found || strcmp(key, next_key(found)) < 0))
            found = &pages[i];
    }
    return found;
}

/* Behind the last key of a page that has others behind it, that zone has not been heard. */
static const char *horizon(const struct zone_page *pages, size_t count)
{
    const char *found = NULL;

    for (size_t i = 0; i < count; i++)
        if (pages[i].asked && pages[i].more && (!found || strcmp(pages[i].last, found) < 0))
            found = pages[i].last;
    return found;
}

/* Steps over `key` wherever it comes next, and tells where. */
static zone_set skip(struct zone_page *pages, size_t count, const char *key, uint64_t *bytes)
{
    zone_set where = 0;

    for (size_t i = 0; i < count; i++) {
        const char *next = next_key(&pages[i]);
        if (!next || strcmp(next, key) != 0)
            continue;
        uint64_t found = step(&pages[i]);
        if (where == 0)
            *bytes = found;
        where = (zone_set)(where | 1u << i);
    }
    return where;
}

/* A seal makes a backup: one that a writer left in too few zones when it was killed must not be
 * seen now and be gone with a zone.  Whoever can write completes it before it is shown.  Other
 * objects are not: a seal is never removed, and they might be in the midst of that. */
static void complete_seal(struct zones *z, const char *key, zone_set where)
{
    struct error ignored = ERROR_INIT;

    if (strncmp(key, "seals/", 6) != 0 || zones_size(where) + 1 >= z->count ||
        atomic_load(&z->read_only))
        return;
    if (zones_spread(z, key, (unsigned)z->count - 1, &where, &ignored) != 0 &&
        ignored.error_class == LAGAN_IMMUTABLE)
        atomic_store(&z->read_only, true);
}

static int merge(struct zones *z, struct zone_page *pages, uint32_t limit,
                 int (*each)(void *context, const char *key, uint64_t bytes, struct error *e),
                 void *context, bool *more, struct error *e)
{
    const char *end = horizon(pages, z->count);
    struct zone_page *page = least(pages, z->count);

    for (uint32_t given = 0; page && given < limit; given++) {
        const char *key = next_key(page);
        if (end && strcmp(key, end) > 0)
            break;
        uint64_t bytes = 0;
        complete_seal(z, key, skip(pages, z->count, key, &bytes));
        if (each(context, key, bytes, e) != 0)
            return -1;
        page = least(pages, z->count);
    }
    *more = page != NULL || end != NULL;
    return 0;
}

static void free_pages(struct zone_page *pages, size_t count)
{
    for (size_t i = 0; pages && i < count; i++)
        buffer_free(&pages[i].records);
    free(pages);
}

int zones_list_page(struct target *t, const char *prefix, const char *start_after,
                    uint32_t limit,
                    int (*each)(void *context, const char *key, uint64_t bytes,
                                struct error *e),
                    void *context, bool *more, struct error *e)
{
    struct zones *z = t->zones;
    struct zone_page *pages = calloc(z->count, sizeof(*pages));
    int result;

    if (!pages)
        return error_no_memory(e, "a listing");
    result = ask(z, pages, prefix, start_after, limit, e);
    if (result == 0)
        result = merge(z, pages, limit, each, context, more, e);
    free_pages(pages, z->count);
    return result;
}

/* The next page of a target that has given out all of the last one. */
static int refill(struct target *t, struct zone_page *page, const char *prefix, struct error *e)
{
    char after[LAGAN_KEY_LIMIT + 1];

    if (!t || next_key(page) || (page->asked && !page->more))
        return 0;
    memcpy(after, page->last, sizeof after);
    buffer_clear(&page->records);
    page->at = 0;
    page->asked = true;
    return target_list_page(t, prefix, after, WALK_LIMIT, keep, page, &page->more, e);
}

/* Goes to the next key; false at the end. */
static bool next_of_all(struct zone_page *pages, size_t count, char *key,
                        uint64_t bytes[ZONES_LIMIT])
{
    const struct zone_page *page = least(pages, count);

    if (!page)
        return false;
    memcpy(key, next_key(page), strlen(next_key(page)) + 1);
    for (size_t i = 0; i < count; i++) {
        const char *next = next_key(&pages[i]);
        bytes[i] = next && strcmp(next, key) == 0 ? step(&pages[i]) : ZONES_ABSENT;
    }
    return true;
}

int target_walk(struct target *const *targets, size_t count, const char *prefix,
                int (*each)(void *context, const char *key, const uint64_t *bytes,
                            struct error *e),
                void *context, struct error *e)
{
    struct zone_page *pages = calloc(count, sizeof(*pages));
    uint64_t bytes[ZONES_LIMIT];
    char key[LAGAN_KEY_LIMIT + 1];
    int result = pages ? 0 : error_no_memory(e, "a listing");

    while (result == 0) {
        for (size_t i = 0; i < count && result == 0; i++)
            result = refill(targets[i], &pages[i], prefix, e);
        if (result != 0 || !next_of_all(pages, count, key, bytes))
            break;
        result = each(context, key, bytes, e);
    }
    free_pages(pages, count);
    return result;
}
