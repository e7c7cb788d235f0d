/* SPDX-License-Identifier: Apache-2.0 */
/* target_calls.c - listings, stages, uploads and the rest of a target's slots, with judgement.
 */
#include "conformance/target_case.h"

#include "base/object.h"
#include "driver/target.h"

#include <stdlib.h>
#include <string.h>

/* Listings. */

struct listing listing_new(void)
{
    return (struct listing){.fail_at = SIZE_MAX};
}

void listing_free(struct listing *l)
{
    free(l->rows);
    *l = listing_new();
}

/* A page on its way. */
struct page {
    struct trial *trial;
    struct listing *listing;
    const char *prefix;
    const char *after;
    size_t first; /* of the listing */
    uint32_t limit;
};

static void judge_row(const struct page *p, const struct lagan_object *object)
{
    const struct listing *l = p->listing;
    const char *last = l->count > p->first ? l->rows[l->count - 1].key : p->after;
    EXPECT(p->trial, object->size >= offsetof(struct lagan_object, modified_ns),
           "target.h, struct lagan_object", "the object's size is %u", object->size);
    EXPECT(p->trial, object->key, "target.h, list", "an object without a key");
    EXPECT(p->trial, target_key_is_valid(object->key), "target.h, Keys",
           "\"%.220s\" is shown, which is no key", object->key);
    EXPECT(p->trial, strncmp(object->key, p->prefix, strlen(p->prefix)) == 0, "target.h, list",
           "%s does not start with the prefix", object->key);
    EXPECT(p->trial, strcmp(object->key, last) > 0, "target.h, list",
           "%s does not sort behind %s", object->key, last);
    EXPECT(p->trial, l->count - p->first < p->limit, "target.h, list",
           "more than %u objects in one page", p->limit);
}

static void keep_row(struct listing *l, const struct lagan_object *object)
{
    if (l->count == l->room) {
        size_t room = l->room ? l->room * 2 : 64;
        struct listed *grown = realloc(l->rows, room * sizeof *grown);
        ASSERT(grown);
        l->rows = grown;
        l->room = room;
    }
    memcpy(l->rows[l->count].key, object->key, strlen(object->key) + 1);
    l->rows[l->count++].bytes = object->bytes;
}

static uint32_t take_row(void *context, const struct lagan_object *object)
{
    struct page *p = context;
    trial_tick(p->trial);
    judge_row(p, object);
    call_callback();
    if (p->listing->count - p->first == p->listing->fail_at)
        return p->listing->fail_class;
    keep_row(p->listing, object);
    return LAGAN_OK;
}

uint32_t case_list(struct trial *t, struct opened *o, const char *prefix, const char *after,
                   uint32_t limit, struct listing *l, bool *more)
{
    struct page page = {t, l, prefix, after, l->count, limit};
    struct lagan_object_collector collector = {.context = &page, .add = take_row};
    int told = 0;
    struct call c;
    uint32_t result;
    call_begin(t, o, &c, "list \"%s\", behind \"%s\", at most %u", prefix, after, limit);
    result = call_end(t, &c,
                      trial_target(t)->list(o->handle, &c.operation.op, prefix, after, limit,
                                            &collector, &told));
    if (result != LAGAN_OK)
        return result;
    EXPECT(t, !told || l->count > page.first, "target.h, list",
           "others are said to follow behind an empty page");
    *more = told != 0;
    return LAGAN_OK;
}

void list_all(struct trial *t, struct opened *o, const char *prefix, uint32_t limit,
              struct listing *l)
{
    struct key after = {""};
    bool more = true;
    while (more) {
        EXPECT_OK(t, case_list(t, o, prefix, after.text, limit, l, &more), "target.h, list");
        if (l->count > 0)
            memcpy(after.text, l->rows[l->count - 1].key, sizeof after.text);
    }
}

size_t listing_find(const struct listing *l, const char *key)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->rows[i].key, key) == 0)
            return i;
    return SIZE_MAX;
}

void expect_listed(struct trial *t, struct opened *o, const struct key *keys, size_t count)
{
    struct listing l = listing_new();
    list_all(t, o, t->prefix, 1000, &l);
    for (size_t i = 0; i < count && i < l.count; i++)
        EXPECT(t, strcmp(l.rows[i].key, keys[i].text) == 0, "target.h, list",
               "%s is listed where %s was to come", l.rows[i].key, keys[i].text);
    EXPECT(t, l.count >= count, "target.h, list", "%s is not listed", keys[l.count].text);
    EXPECT(t, l.count <= count, "target.h, list", "%s is listed and is none of ours",
           l.rows[count].key);
    listing_free(&l);
}

/* Stages. */

uint32_t case_stage_begin(struct trial *t, struct opened *o, uint64_t hint, void **stage)
{
    struct call c;
    call_begin(t, o, &c, "stage_begin, about %llu bytes", (unsigned long long)hint);
    return call_end(t, &c,
                    trial_target(t)->stage_begin(o->handle, &c.operation.op, hint, stage));
}

uint32_t case_stage_write(struct trial *t, struct opened *o, void *stage, uint64_t seed,
                          uint64_t from, uint64_t to, size_t piece)
{
    uint8_t *data = malloc(piece);
    uint32_t result = LAGAN_OK;
    ASSERT(data);
    while (from < to && result == LAGAN_OK) {
        size_t size = to - from < piece ? (size_t)(to - from) : piece;
        struct call c;
        trial_bytes(seed, from, data, size);
        call_begin(t, o, &c, "stage_write, %zu bytes", size);
        result =
            call_end(t, &c, trial_target(t)->stage_write(stage, &c.operation.op, data, size));
        from += size;
    }
    free(data);
    return result;
}

uint32_t case_stage_commit(struct trial *t, struct opened *o, void *stage, const char *key,
                           uint64_t flags)
{
    struct call c;
    call_begin(t, o, &c, "stage_commit %s, flags 0x%llx", key, (unsigned long long)flags);
    return call_end(t, &c, trial_target(t)->stage_commit(stage, &c.operation.op, key, flags));
}

void case_stage_abort(struct trial *t, struct opened *o, void *stage)
{
    struct call c;
    call_begin(t, o, &c, "stage_abort");
    trial_target(t)->stage_abort(stage);
    call_end(t, &c, LAGAN_OK);
}

uint32_t case_stage(struct trial *t, struct opened *o, const char *key, uint64_t seed,
                    uint64_t bytes, size_t piece)
{
    void *stage = NULL;
    uint32_t result = case_stage_begin(t, o, bytes, &stage);
    if (result != LAGAN_OK)
        return result;
    result = case_stage_write(t, o, stage, seed, 0, bytes, piece);
    if (result == LAGAN_OK)
        return case_stage_commit(t, o, stage, key, LAGAN_PUT_IF_ABSENT);
    case_stage_abort(t, o, stage);
    return result;
}

/* Uploads in parts. */

uint32_t case_multipart_begin(struct trial *t, struct opened *o, const char *key,
                              uint64_t bytes, void **upload)
{
    struct call c;
    call_begin(t, o, &c, "multipart_begin %s, %llu bytes", key, (unsigned long long)bytes);
    return call_end(
        t, &c,
        trial_target(t)->multipart_begin(o->handle, &c.operation.op, key, bytes, upload));
}

/* A range of an object as the content of a part. */
struct part {
    struct content content;
    uint64_t from;
};

static uint32_t read_part(void *context, uint64_t offset, void *data, size_t size)
{
    struct part *p = context;
    EXPECT(p->content.trial, offset <= p->content.bytes && size <= p->content.bytes - offset,
           "target.h, part_put", "the driver read beyond the part: %zu bytes at %llu of %llu",
           size, (unsigned long long)offset, (unsigned long long)p->content.bytes);
    trial_tick(p->content.trial);
    call_callback();
    trial_bytes(p->content.seed, p->from + offset, data, size);
    return LAGAN_OK;
}

uint32_t case_part_put(struct trial *t, struct opened *o, void *upload, uint32_t number,
                       uint64_t seed, uint64_t from, uint64_t to)
{
    struct part part = {content_of(t, seed, to - from), from};
    struct lagan_content content = {.context = &part, .read = read_part};
    struct call c;
    call_begin(t, o, &c, "part_put %u, %llu bytes", number, (unsigned long long)(to - from));
    return call_end(
        t, &c,
        trial_target(t)->part_put(upload, &c.operation.op, number, to - from, &content, NULL));
}

uint32_t case_multipart_complete(struct trial *t, struct opened *o, void *upload,
                                 uint32_t parts, uint64_t flags)
{
    struct call c;
    call_begin(t, o, &c, "multipart_complete, %u parts, flags 0x%llx", parts,
               (unsigned long long)flags);
    return call_end(t, &c,
                    trial_target(t)->multipart_complete(upload, &c.operation.op, parts, flags));
}

void case_multipart_abort(struct trial *t, struct opened *o, void *upload)
{
    struct call c;
    call_begin(t, o, &c, "multipart_abort");
    trial_target(t)->multipart_abort(upload);
    call_end(t, &c, LAGAN_OK);
}

uint32_t case_copy(struct trial *t, struct opened *o, const char *from, const char *to,
                   uint64_t flags)
{
    struct call c;
    call_begin(t, o, &c, "copy %s to %s, flags 0x%llx", from, to, (unsigned long long)flags);
    return call_end(t, &c, trial_target(t)->copy(o->handle, &c.operation.op, from, to, flags));
}

uint32_t case_rename(struct trial *t, struct opened *o, const char *from, const char *to,
                     uint64_t flags)
{
    struct call c;
    call_begin(t, o, &c, "rename %s to %s, flags 0x%llx", from, to, (unsigned long long)flags);
    return call_end(t, &c,
                    trial_target(t)->rename(o->handle, &c.operation.op, from, to, flags));
}

uint32_t case_sweep(struct trial *t, struct opened *o, int64_t older_than_ns, uint64_t *removed)
{
    struct call c;
    *removed = 0;
    call_begin(t, o, &c, "sweep, older than %lld ns", (long long)older_than_ns);
    return call_end(t, &c,
                    trial_target(t)->sweep(o->handle, &c.operation.op, older_than_ns, removed));
}
