/* SPDX-License-Identifier: Apache-2.0 */
/* target_list.c - listings: page by page, each checked before anybody sees it. */
#include "base/object.h"
#include "driver/target_private.h"
#include "driver/zones_private.h"

#include <string.h>

enum { PAGE_LIMIT = 1000 };

/* A page as it is collected: records of a key with its terminator and a u64 length. */
struct page {
    struct buffer records;
    const char *prefix;
    char last[LAGAN_KEY_LIMIT + 1]; /* of what was seen so far, or start-after */
    uint32_t limit;
    uint32_t count;
    const char *fault; /* why the page is refused */
};

static uint32_t page_refuse(struct page *page, const char *fault)
{
    page->fault = fault;
    return LAGAN_CORRUPT;
}

static uint32_t page_add(void *context, const struct lagan_object *object)
{
    struct page *page = context;
    const char *key = object->key;
    if (!key || !target_key_is_valid(key))
        return page_refuse(page, "the listing shows what is not the name of an object");
    if (strncmp(key, page->prefix, strlen(page->prefix)) != 0)
        return page_refuse(page, "the listing shows objects that were not asked for");
    if (strcmp(key, page->last) <= 0)
        return page_refuse(page, "the listing is out of order");
    if (page->count >= page->limit)
        return page_refuse(page, "the listing's page is longer than was asked for");
    memcpy(page->last, key, strlen(key) + 1);
    page->count++;
    buffer_append(&page->records, key, strlen(key) + 1);
    buffer_append_u64(&page->records, object->bytes);
    return page->records.failed ? LAGAN_INTERNAL : LAGAN_OK;
}

static int add_record(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct page *page = context;
    memcpy(page->last, key, strlen(key) + 1);
    page->count++;
    buffer_append(&page->records, key, strlen(key) + 1);
    buffer_append_u64(&page->records, bytes);
    return buffer_check(&page->records, e);
}

static int fetch(struct target *t, struct page *page, bool *more, struct error *e)
{
    char start_after[LAGAN_KEY_LIMIT + 1];
    struct lagan_object_collector collector = {.context = page, .add = page_add};
    int told = 0;
    struct call c = {.verb = CALL_LIST,
                     .with.list = {page->prefix, start_after, page->limit, &collector, &told}};
    struct operation o;
    memcpy(start_after, page->last, sizeof start_after);
    if (t->zones)
        return zones_list_page(t, page->prefix, start_after, page->limit, add_record, page,
                               more, e);
    uint32_t result = target_call(t, &o, &c);
    atomic_fetch_add(&t->counters.lists, 1);
    if (!page->fault && result == LAGAN_OK && told && page->count == 0)
        page->fault = "the listing does not advance";
    if (page->fault)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: list %s: %s",
                         t->driver->descriptor.name, page->prefix, page->fault);
    if (operation_end(&o, result, e, "list %s", page->prefix) < 0)
        return -1;
    *more = told != 0;
    return buffer_check(&page->records, e);
}

/* Hands the records on, with no lock held: `each` may use the target. */
static int deliver(const struct page *page,
                   int (*each)(void *context, const char *key, uint64_t bytes, struct error *e),
                   void *context, struct error *e)
{
    const uint8_t *next = page->records.data;
    for (uint32_t i = 0; i < page->count; i++) {
        const char *key = (const char *)next;
        next += strlen(key) + 1;
        if (each(context, key, load_u64(next), e) < 0)
            return -1;
        next += sizeof(uint64_t);
    }
    return 0;
}

int target_list_page(struct target *t, const char *prefix, const char *start_after,
                     uint32_t limit,
                     int (*each)(void *context, const char *key, uint64_t bytes,
                                 struct error *e),
                     void *context, bool *more, struct error *e)
{
    struct page page = {.prefix = prefix, .limit = limit};
    bool told = false;
    int result;
    OBJECT_CHECK(t, TARGET_MAGIC);
    ASSERT(limit > 0 && strlen(start_after) <= LAGAN_KEY_LIMIT);
    memcpy(page.last, start_after, strlen(start_after) + 1);
    result = fetch(t, &page, &told, e);
    if (result == 0)
        result = deliver(&page, each, context, e);
    if (result == 0)
        *more = told;
    buffer_free(&page.records);
    return result;
}

int target_list(struct target *t, const char *prefix,
                int (*each)(void *context, const char *key, uint64_t bytes, struct error *e),
                void *context, struct error *e)
{
    struct page page = {.prefix = prefix, .limit = PAGE_LIMIT};
    bool more = true;
    int result = 0;
    OBJECT_CHECK(t, TARGET_MAGIC);
    while (more && result == 0) {
        buffer_clear(&page.records);
        page.count = 0;
        result = fetch(t, &page, &more, e);
        if (result == 0)
            result = deliver(&page, each, context, e);
    }
    buffer_free(&page.records);
    return result;
}
