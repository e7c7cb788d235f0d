/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - listings of objects and of versions, page by page. */
#include "common/s3/listing.h"

#include <string.h>

/* Pages without an object that are followed before the listing counts as stuck. */
enum { EMPTY_PAGE_LIMIT = 1000 };

/* Where the next request begins: the page's own marker, until a page without an object told
 * another one. */
struct position {
    struct s3_page page;
    struct s3_text after;
    struct s3_text version;
    struct s3_text token;
};

static void add_page(struct s3_request *request, const struct s3_page *page)
{
    s3_add_query_text(request, "encoding-type", "url");
    s3_add_query_number(request, "max-keys", page->limit);
    if (page->prefix_size > 0)
        s3_add_query(request, "prefix", page->prefix, page->prefix_size);
}

static void add_marker(struct s3_request *request, const char *name, const struct s3_page *page)
{
    if (page->after_size > 0)
        s3_add_query(request, name, page->after, page->after_size);
}

/* Swift keeps objects without a version apart from all versions, and tells them as the newest;
 * behind the marker "null" it knows no version at all.  What follows are the key's versions,
 * from the newest on. */
static const char *version_marker(struct s3 *client, const struct s3_page *page)
{
    bool is_apart = s3_dialect(client)->marks & S3_IS_MARKER_WRONG;
    return is_apart && strcmp(page->after_version, "null") == 0 ? "9999999999.99999"
                                                                : page->after_version;
}

static void add_position(struct s3 *client, struct s3_request *request,
                         const struct position *p, bool of_versions)
{
    add_page(request, &p->page);
    if (of_versions) {
        s3_add_query(request, "versions", NULL, 0);
        add_marker(request, "key-marker", &p->page);
        if (p->page.after_version)
            s3_add_query_text(request, "version-id-marker", version_marker(client, &p->page));
    } else if (s3_dialect(client)->marks & S3_IS_LIST_V1) {
        add_marker(request, "marker", &p->page);
    } else {
        s3_add_query_text(request, "list-type", "2");
        if (p->token.size > 0)
            s3_add_query(request, "continuation-token", p->token.data, p->token.size);
        else
            add_marker(request, "start-after", &p->page);
    }
}

static uint32_t ask_page(struct s3 *client, struct s3_listing *l, const struct position *p)
{
    struct s3_request request = s3_request_of(S3_GET, NULL, 0);
    struct s3_answer answer = {0};
    struct s3_xml_reader reader = s3_listing_reader(l);
    s3_listing_clear(l);
    add_position(client, &request, p, l->of_versions);
    uint32_t result = s3_ask(client, l->op, &request, &answer, &reader);
    if (result == LAGAN_OK)
        result = s3_listing_check(l);
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

static bool is_same(const struct s3_text *a, const struct s3_text *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static void replace(struct s3_text *text, const struct s3_text *by)
{
    text->size = 0;
    s3_text_add(text, by->data, by->size);
}

static bool is_behind(const struct s3_text *next, const struct s3_page *page)
{
    size_t least = next->size < page->after_size ? next->size : page->after_size;
    int order = least > 0 ? memcmp(next->data, page->after, least) : 0;
    return order > 0 || (order == 0 && next->size > page->after_size);
}

/* Versions of one key behind another one: the marker of versions must have changed, where it
 * can be trusted at all. */
static bool has_other_version(struct s3 *client, const struct s3_listing *l,
                              const struct position *p)
{
    const char *before = p->page.after_version ? p->page.after_version : "";
    return l->of_versions && l->next_version.told && l->next.told &&
           !(s3_dialect(client)->marks & S3_IS_MARKER_WRONG) &&
           l->next.text.size == p->page.after_size &&
           memcmp(l->next.text.data, p->page.after, p->page.after_size) == 0 &&
           strcmp(l->next_version.text.data, before) != 0;
}

/* A page without an object said that more follows: where.  False when it does not move on. */
static bool move_on(struct s3 *client, const struct s3_listing *l, struct position *p)
{
    if (!l->of_versions && l->token.told && !is_same(&l->token.text, &p->token)) {
        replace(&p->token, &l->token.text);
        return !p->token.failed;
    }
    if (!l->next.told || l->next.text.size > S3_KEY_LIMIT ||
        !(is_behind(&l->next.text, &p->page) || has_other_version(client, l, p)))
        return false;
    bool with_version =
        l->next_version.told && !(s3_dialect(client)->marks & S3_IS_MARKER_WRONG);
    replace(&p->after, &l->next.text);
    p->page.after = p->after.data;
    p->page.after_size = p->after.size;
    if (with_version)
        replace(&p->version, &l->next_version.text);
    p->page.after_version = with_version ? p->version.data : NULL;
    p->token.size = 0;
    return !p->after.failed && !p->version.failed;
}

/* Pages until one has an object, or is the last. */
static uint32_t find_page(struct s3 *client, struct s3_listing *l, struct position *p)
{
    uint32_t result = ask_page(client, l, p);
    for (int i = 0; result == LAGAN_OK && l->count == 0 && l->truncated; i++) {
        if (lagan_cancelled(l->op))
            return lagan_fail(l->op, LAGAN_CANCELLED, 0, "interrupted");
        if (i == EMPTY_PAGE_LIMIT || !move_on(client, l, p))
            return lagan_fail(
                l->op, LAGAN_CORRUPT, 0,
                "the store's listing says that more follows, but does not move on");
        result = ask_page(client, l, p);
    }
    return result;
}

static uint32_t list(struct s3 *client, struct lagan_op *op, const struct s3_page *page,
                     const struct s3_object_collector *objects, bool of_versions, bool *more)
{
    struct position p = {.page = *page};
    struct s3_listing l;
    uint32_t result = s3_listing_begin(&l, op, &p.page, of_versions);
    if (result == LAGAN_OK)
        result = find_page(client, &l, &p);
    if (result == LAGAN_OK)
        result = s3_listing_deliver(&l, objects);
    if (result == LAGAN_OK)
        *more = l.truncated;
    s3_listing_end(&l);
    s3_text_free(&p.after);
    s3_text_free(&p.version);
    s3_text_free(&p.token);
    return result;
}

uint32_t s3_list(struct s3 *client, struct lagan_op *op, const struct s3_page *page,
                 const struct s3_object_collector *objects, bool *more)
{
    return list(client, op, page, objects, false, more);
}

uint32_t s3_list_versions(struct s3 *client, struct lagan_op *op, const struct s3_page *page,
                          const struct s3_object_collector *objects, bool *more)
{
    return list(client, op, page, objects, true, more);
}
