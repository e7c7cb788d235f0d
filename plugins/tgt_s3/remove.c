/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove.c - removing gives the space back, in buckets that keep versions too: there the
 * version goes that lagan has put.  Versions and markers of others stay; one that lies on top
 * gets a marker, so that the name is free.
 */
#include "tgt_s3/tgt_s3.h"

#include <lagan/source.h>
#include <string.h>

enum { VERSIONS_LIMIT = 64 }; /* of one name; a second call removes more */

/* A version of the name that is to go. */
struct version {
    char id[S3_VERSION_SIZE];
    bool marker;
    bool ours;
};

struct versions {
    const char *name;
    size_t size;
    size_t count;
    struct version items[VERSIONS_LIMIT]; /* newest first */
};

/* Asked when something is to be removed for the first time: backups do not need to know. */
static bool keeps_versions(struct store *s, struct lagan_op *op)
{
    uint32_t kept = LAGAN_VERSIONS_NONE;
    int known = atomic_load(&s->versioned);
    if (known != VERSIONED_UNKNOWN)
        return known == VERSIONED_YES;
    if (s3_versioning(s->client, op, &kept) != LAGAN_OK) {
        lagan_log(op, LAGAN_LEVEL_WARNING,
                  "whether the bucket keeps versions cannot be asked (%.200s); what is removed "
                  "may stay as an old version",
                  op->error.text);
        kept = LAGAN_VERSIONS_NONE;
    }
    atomic_store(&s->versioned, kept == LAGAN_VERSIONS_NONE ? VERSIONED_NO : VERSIONED_YES);
    return kept != LAGAN_VERSIONS_NONE;
}

static uint32_t take_version(void *context, const struct s3_object *found)
{
    struct versions *v = context;
    if (found->key_size != v->size || memcmp(found->key, v->name, v->size) != 0)
        return LAGAN_OK;
    if (v->count == VERSIONS_LIMIT)
        return LAGAN_OK;
    struct version *item = &v->items[v->count++];
    *item = (struct version){.marker = found->marker};
    memcpy(item->id, found->version, sizeof item->id);
    return LAGAN_OK;
}

/* The name itself sorts before all that it begins. */
static uint32_t list_versions(struct store *s, struct lagan_op *op, struct versions *v)
{
    struct s3_object_collector collector = {.context = v, .add = take_version};
    struct s3_page page = {
        .prefix = v->name, .prefix_size = v->size, .after = "", .limit = VERSIONS_LIMIT};
    bool more = false;
    return s3_list_versions(s->client, op, &page, &collector, &more);
}

struct mark_seen {
    bool seen;
};

static void see_mark(void *context, const char *name, const char *value)
{
    struct mark_seen *m = context;
    (void)value;
    m->seen |= strcmp(name, MARK_HEADER) == 0;
}

/* A single version is ours: nobody else puts names like these.  Of several the header tells. */
static uint32_t tell_ours(struct store *s, struct lagan_op *op, struct versions *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct mark_seen mark = {.seen = v->count == 1};
        struct s3_header_collector headers = {.context = &mark, .add = see_mark};
        struct s3_object told = {0};
        if (v->items[i].marker)
            continue;
        if (!mark.seen) {
            uint32_t result =
                s3_head(s->client, op, v->name, v->size, v->items[i].id, &told, &headers);
            if (result != LAGAN_OK && result != LAGAN_NOT_FOUND)
                return result;
        }
        v->items[i].ours = mark.seen;
    }
    return LAGAN_OK;
}

/* What lies below a marker was removed by somebody else, who may want it back. */
static uint32_t remove_versions(struct store *s, struct lagan_op *op, struct versions *v)
{
    bool foreign = false;
    for (size_t i = 0; i < v->count && !v->items[i].marker; i++) {
        if (!v->items[i].ours) {
            foreign = true;
            continue;
        }
        uint32_t result =
            s3_remove(s->client, op, v->name, v->size, v->items[i].id, false, NULL);
        if (result != LAGAN_OK)
            return result;
    }
    return foreign ? s3_remove(s->client, op, v->name, v->size, NULL, false, NULL)
                   : (uint32_t)LAGAN_OK;
}

uint32_t name_remove(struct store *s, struct lagan_op *op, const char *name, size_t size)
{
    struct versions v = {.name = name, .size = size};
    if (!keeps_versions(s, op))
        return s3_remove(s->client, op, name, size, NULL, false, NULL);
    uint32_t result = list_versions(s, op, &v);
    if (result == LAGAN_OK)
        result = tell_ours(s, op, &v);
    return result == LAGAN_OK ? remove_versions(s, op, &v) : result;
}

void names_remove(struct store *s, struct lagan_op *op, struct s3_removal *names, size_t count)
{
    struct lagan_error kept = op->error;
    if (keeps_versions(s, op)) {
        for (size_t i = 0; i < count; i++)
            name_remove(s, op, names[i].key, names[i].key_size);
    } else if (count == 1) {
        s3_remove(s->client, op, names->key, names->key_size, NULL, false, NULL);
    } else {
        s3_remove_many(s->client, op, names, count);
    }
    op->error = kept;
}

uint32_t bucket_remove(void *handle, struct lagan_op *op, const char *key)
{
    struct store *s = handle;
    struct name name = name_of(s, key);
    uint32_t result = call_check(s, op, 0, 0);
    return result == LAGAN_OK ? name_remove(s, op, name.text, name.size) : result;
}
