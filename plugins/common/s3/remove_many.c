/* SPDX-License-Identifier: Apache-2.0 */
/* remove_many.c - many objects in one request, and what became of each. */
#include "common/s3/operation.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *left, const void *right)
{
    const struct s3_removal *a = *(struct s3_removal *const *)left;
    const struct s3_removal *b = *(struct s3_removal *const *)right;
    size_t least = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, least);
    return order != 0 ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

/* The first of those with the key of `wanted`; the count when there is none. */
static size_t find(const struct s3_removing *r, const struct s3_removal *wanted)
{
    size_t low = 0;
    size_t high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_key(&r->sorted[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_named(const struct s3_removing *r, const struct s3_removal *removal)
{
    if (!removal->version)
        return r->version.size == 0;
    return r->version.size > 0 && strcmp(removal->version, r->version.data) == 0;
}

/* Swift leaves the versions out: what is gone is one of those that are not settled yet, what
 * failed may be any of them. */
static void settle_some(struct s3_removal **list, size_t count, uint32_t result)
{
    for (size_t i = 0; i < count; i++) {
        bool open = list[i]->result == LAGAN_TRANSIENT;
        if (result == LAGAN_OK && !open)
            continue;
        list[i]->result = result;
        if (result == LAGAN_OK)
            return;
    }
}

static void settle(struct s3_removing *r, uint32_t result)
{
    struct s3_removal wanted = {.key = r->key.data, .key_size = r->key.size};
    const struct s3_removal *key = &wanted;
    size_t first = find(r, key);
    size_t end = first;
    bool any = false;
    for (; end < r->count && by_key(&r->sorted[end], &key) == 0; end++)
        if (is_named(r, r->sorted[end])) {
            r->sorted[end]->result = result;
            any = true;
        }
    if (!any && r->version.size == 0)
        settle_some(r->sorted + first, end - first, result);
}

static uint32_t on_begin(void *context, const char *path)
{
    struct s3_removing *r = context;
    if (strcmp(path, "Deleted") == 0 || strcmp(path, "Error") == 0)
        r->key.size = r->version.size = r->code.size = 0;
    return LAGAN_OK;
}

static void close_error(struct s3_removing *r)
{
    uint32_t result = s3_class_of(0, r->code.size > 0 ? r->code.data : "", false);
    settle(r, result == LAGAN_NOT_FOUND ? (uint32_t)LAGAN_OK : result);
}

static uint32_t on_end(void *context, const char *path, const char *text, size_t size)
{
    struct s3_removing *r = context;
    const char *name = strchr(path, '/');
    if (r->key.failed || r->version.failed || r->code.failed)
        return s3_fail_memory(r->op);
    if (strcmp(path, "Deleted") == 0 && r->key.size > 0)
        settle(r, LAGAN_OK);
    else if (strcmp(path, "Error") == 0 && r->key.size > 0)
        close_error(r);
    if (!name)
        return LAGAN_OK;
    if (strcmp(name, "/Key") == 0)
        s3_text_add(&r->key, text, size);
    else if (strcmp(name, "/VersionId") == 0)
        s3_text_add(&r->version, text, size);
    else if (strcmp(name, "/Code") == 0)
        s3_text_add(&r->code, text, size);
    return LAGAN_OK;
}

struct s3_xml_reader s3_removing_reader(struct s3_removing *removing)
{
    qsort(removing->sorted, removing->count, sizeof *removing->sorted, by_key);
    return (struct s3_xml_reader){
        .context = removing, .root = "DeleteResult", .begin = on_begin, .end = on_end};
}

static void add_removals(struct s3_text *body, const struct s3_removing *r)
{
    s3_text_string(body, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < r->count; i++) {
        const struct s3_removal *removal = r->sorted[i];
        s3_text_string(body, "<Object><Key>");
        s3_text_escape(body, removal->key, removal->key_size);
        s3_text_string(body, "</Key>");
        if (removal->version) {
            s3_text_string(body, "<VersionId>");
            s3_text_escape(body, removal->version, strlen(removal->version));
            s3_text_string(body, "</VersionId>");
        }
        s3_text_string(body, "</Object>");
    }
    s3_text_string(body, "</Delete>");
}

static void set_all(struct s3_removing *r, uint32_t result)
{
    for (size_t i = 0; i < r->count; i++)
        r->sorted[i]->result = result;
}

static uint32_t remove_together(struct s3 *client, struct s3_removing *r)
{
    struct s3_request request = s3_request_of(S3_POST, NULL, 0);
    struct s3_answer answer = {0};
    struct s3_text body = {0};
    struct s3_xml_reader reader = s3_removing_reader(r);
    add_removals(&body, r);
    s3_add_query(&request, "delete", NULL, 0);
    s3_set_document(&request, &body);
    request.patient = true;
    /* What the answer does not name is not known to be gone. */
    set_all(r, LAGAN_TRANSIENT);
    uint32_t result = s3_ask(client, r->op, &request, &answer, &reader);
    if (result != LAGAN_OK)
        set_all(r, result);
    s3_answer_free(&answer);
    s3_request_free(&request);
    s3_text_free(&body);
    return result;
}

static bool fits_document(const struct s3_removal *removal)
{
    return s3_xml_can_hold(removal->key, removal->key_size) &&
           (!removal->version || s3_xml_can_hold(removal->version, strlen(removal->version)));
}

/* Those that no document can name, or all. */
static uint32_t remove_singly(struct s3 *client, struct lagan_op *op,
                              struct s3_removal *removals, size_t count, bool all)
{
    for (size_t i = 0; i < count; i++) {
        struct s3_removal *r = &removals[i];
        if (!all && fits_document(r))
            continue;
        if (lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
        r->result = s3_remove(client, op, r->key, r->key_size, r->version, false, NULL);
        if (r->result == LAGAN_CANCELLED)
            return LAGAN_CANCELLED;
    }
    return LAGAN_OK;
}

static uint32_t check_removals(struct lagan_op *op, const struct s3_removal *removals,
                               size_t count)
{
    uint32_t result = LAGAN_OK;
    if (count > S3_LIST_LIMIT)
        return lagan_fail(op, LAGAN_INVALID, 0, "more than %d keys at once", S3_LIST_LIMIT);
    for (size_t i = 0; i < count && result == LAGAN_OK; i++)
        result = s3_key_check(op, removals[i].key, removals[i].key_size);
    return result;
}

uint32_t s3_remove_many(struct s3 *client, struct lagan_op *op, struct s3_removal *removals,
                        size_t count)
{
    struct s3_removing r = {.op = op};
    uint32_t result = check_removals(op, removals, count);
    if (result != LAGAN_OK || count == 0)
        return result;
    if (count == 1 || !s3_features(client)->remove_many)
        return remove_singly(client, op, removals, count, true);
    r.sorted = malloc(count * sizeof(struct s3_removal *));
    if (!r.sorted)
        return s3_fail_memory(op);
    for (size_t i = 0; i < count; i++)
        if (fits_document(&removals[i]))
            r.sorted[r.count++] = &removals[i];
    if (r.count > 0)
        result = remove_together(client, &r);
    if (result == LAGAN_OK)
        result = remove_singly(client, op, removals, count, false);
    free(r.sorted);
    s3_text_free(&r.key);
    s3_text_free(&r.version);
    s3_text_free(&r.code);
    return result;
}
