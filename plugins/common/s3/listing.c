/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c - one page of a listing; see listing.h. */
#include "common/s3/listing.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_LIMIT = 8 << 10 }; /* bytes of a continuation token */

static uint32_t refuse(struct s3_listing *l, const char *why)
{
    return lagan_fail(l->op, LAGAN_CORRUPT, 0, "the store's listing %s", why);
}

uint32_t s3_listing_begin(struct s3_listing *l, struct lagan_op *op, const struct s3_page *page,
                          bool of_versions)
{
    *l = (struct s3_listing){.op = op, .page = page, .of_versions = of_versions};
    if (page->limit == 0 || page->limit > S3_LIST_LIMIT || page->prefix_size > S3_KEY_LIMIT ||
        page->after_size > S3_KEY_LIMIT || (page->after_version && page->after_size == 0))
        return lagan_fail(op, LAGAN_INVALID, 0, "no such page of a listing");
    l->listed = malloc(page->limit * sizeof *l->listed);
    return l->listed ? (uint32_t)LAGAN_OK : s3_fail_memory(op);
}

void s3_listing_clear(struct s3_listing *l)
{
    struct s3_marker *markers[] = {&l->token, &l->next, &l->next_version};
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
        markers[i]->text.size = 0;
        markers[i]->told = false;
    }
    l->keys.size = 0;
    l->count = 0;
    l->open = l->encoded = l->has_truncated = l->truncated = l->has_key_count = false;
}

void s3_listing_end(struct s3_listing *l)
{
    free(l->listed);
    s3_text_free(&l->keys);
    s3_text_free(&l->token.text);
    s3_text_free(&l->next.text);
    s3_text_free(&l->next_version.text);
    *l = (struct s3_listing){0};
}

/* What an object's elements say. */

typedef bool take_function(struct s3_listing *l, struct s3_listed *o, const char *text,
                           size_t size);

static bool take_key(struct s3_listing *l, struct s3_listed *o, const char *text, size_t size)
{
    o->key_at = l->keys.size;
    o->object.key_size = size;
    s3_text_add(&l->keys, text, size);
    return !o->has_key && (o->has_key = true);
}

static bool take_size(struct s3_listing *l, struct s3_listed *o, const char *text, size_t size)
{
    (void)l;
    (void)size;
    o->has_bytes = s3_number(text, &o->object.bytes);
    return o->has_bytes;
}

static bool take_time(struct s3_listing *l, struct s3_listed *o, const char *text, size_t size)
{
    (void)l;
    (void)size;
    o->has_time = s3_iso_date(text, &o->object.modified_ns);
    return o->has_time;
}

/* The quotes may be there. */
static bool take_etag(struct s3_listing *l, struct s3_listed *o, const char *text, size_t size)
{
    (void)l;
    s3_etag_copy(o->object.etag, text, size);
    return size < S3_ETAG_SIZE;
}

static bool take_class(struct s3_listing *l, struct s3_listed *o, const char *text, size_t size)
{
    (void)l;
    if (size >= sizeof o->object.storage_class)
        return false;
    memcpy(o->object.storage_class, text, size + 1);
    return true;
}

static bool take_version(struct s3_listing *l, struct s3_listed *o, const char *text,
                         size_t size)
{
    if (size == 0 || size >= sizeof o->object.version)
        return false;
    if (l->of_versions)
        memcpy(o->object.version, text, size + 1);
    return true;
}

static bool take_truth(const char *text, bool *truth)
{
    *truth = strcmp(text, "true") == 0;
    return *truth || strcmp(text, "false") == 0;
}

static bool take_current(struct s3_listing *l, struct s3_listed *o, const char *text,
                         size_t size)
{
    (void)l;
    (void)size;
    return take_truth(text, &o->object.current);
}

static const struct {
    const char *name;
    take_function *take;
} entry_fields[] = {
    {"Key", take_key},
    {"Size", take_size},
    {"LastModified", take_time},
    {"ETag", take_etag},
    {"VersionId", take_version},
    {"IsLatest", take_current},
    {"StorageClass", take_class},
};

/* The elements that hold objects: which of them, by the kind of listing. */
static const char *const object_paths[] = {"Contents", NULL};
static const char *const version_paths[] = {"Version", "DeleteMarker", NULL};

/* What stands behind the path of an element with an object: "" when it is that itself, NULL
 * when it is another one. */
static const char *below_entry(const struct s3_listing *l, const char *path)
{
    const char *const *next = l->of_versions ? version_paths : object_paths;
    for (; *next; next++) {
        size_t size = strlen(*next);
        if (strncmp(path, *next, size) != 0)
            continue;
        if (path[size] == '\0')
            return "";
        if (path[size] == '/')
            return path + size + 1;
    }
    return NULL;
}

static uint32_t on_begin(void *context, const char *path)
{
    struct s3_listing *l = context;
    const char *below = below_entry(l, path);
    if (!below || *below != '\0')
        return LAGAN_OK;
    if (l->count == l->page->limit)
        return refuse(l, "holds more than was asked for");
    l->listed[l->count] = (struct s3_listed){.object.marker = path[0] == 'D'};
    l->open = true;
    return LAGAN_OK;
}

static uint32_t close_entry(struct s3_listing *l)
{
    struct s3_listed *o = &l->listed[l->count];
    if (!o->has_key)
        return refuse(l, "has an object without a key");
    if (!o->object.marker && !(o->has_bytes && o->has_time))
        return refuse(l, "has an object without its size or time");
    if (l->of_versions && o->object.version[0] == '\0')
        return refuse(l, "has a version without an id");
    if (!l->of_versions)
        o->object.current = true;
    l->open = false;
    l->count++;
    return LAGAN_OK;
}

static uint32_t take_entry_field(struct s3_listing *l, const char *name, const char *text,
                                 size_t size)
{
    for (size_t i = 0; i < sizeof entry_fields / sizeof entry_fields[0]; i++)
        if (strcmp(name, entry_fields[i].name) == 0)
            return entry_fields[i].take(l, &l->listed[l->count], text, size)
                       ? (uint32_t)LAGAN_OK
                       : lagan_fail(l->op, LAGAN_CORRUPT, 0,
                                    "the store's listing has no valid %s", name);
    return LAGAN_OK;
}

static uint32_t take_marker(struct s3_listing *l, struct s3_marker *marker, const char *text,
                            size_t size)
{
    if (size > TOKEN_LIMIT || marker->told)
        return refuse(l, "has markers that make no sense");
    s3_text_add(&marker->text, text, size);
    marker->told = size > 0;
    return marker->text.failed ? s3_fail_memory(l->op) : (uint32_t)LAGAN_OK;
}

static uint32_t take_page_field(struct s3_listing *l, const char *name, const char *text,
                                size_t size)
{
    if (strcmp(name, "NextContinuationToken") == 0)
        return take_marker(l, &l->token, text, size);
    if (strcmp(name, l->of_versions ? "NextKeyMarker" : "NextMarker") == 0)
        return take_marker(l, &l->next, text, size);
    if (strcmp(name, "NextVersionIdMarker") == 0)
        return take_marker(l, &l->next_version, text, size);
    if (strcmp(name, "KeyCount") == 0) {
        l->has_key_count = true;
        l->key_count = strtoull(text, NULL, 10);
    }
    if (strcmp(name, "EncodingType") == 0)
        l->encoded = strcmp(text, "url") == 0;
    if (strcmp(name, "IsTruncated") != 0)
        return LAGAN_OK;
    l->has_truncated = true;
    return take_truth(text, &l->truncated)
               ? (uint32_t)LAGAN_OK
               : refuse(l, "does not say in clear whether more follows");
}

static uint32_t on_end(void *context, const char *path, const char *text, size_t size)
{
    struct s3_listing *l = context;
    const char *below = below_entry(l, path);
    if (!below)
        return take_page_field(l, path, text, size);
    return *below != '\0' ? take_entry_field(l, below, text, size) : close_entry(l);
}

struct s3_xml_reader s3_listing_reader(struct s3_listing *l)
{
    /* Roots have several names among the stores. */
    return (struct s3_xml_reader){.context = l, .begin = on_begin, .end = on_end};
}

static uint32_t decode_key(struct s3_listing *l, struct s3_listed *o)
{
    char *key = l->keys.data + o->key_at;
    if (l->encoded)
        o->object.key_size = s3_decode_form(key, o->object.key_size);
    if (o->object.key_size == SIZE_MAX || o->object.key_size == 0 ||
        o->object.key_size > S3_KEY_LIMIT || memchr(key, '\0', o->object.key_size))
        return refuse(l, "has a key that is none");
    o->object.key = key;
    return LAGAN_OK;
}

/* One that cannot be decoded, as from a store that encodes keys alone, counts as not told. */
static void decode_marker(struct s3_listing *l)
{
    struct s3_text *text = &l->next.text;
    if (!l->encoded || !l->next.told)
        return;
    size_t size = s3_decode_form(text->data, text->size);
    l->next.told = size != SIZE_MAX;
    if (!l->next.told)
        return;
    text->size = size;
    text->data[size] = '\0';
}

static int compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t least = a_size < b_size ? a_size : b_size;
    int order = least > 0 ? memcmp(a, b, least) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* Behind the page's marker. */
static bool moves_on_first(const struct s3_listing *l, const struct s3_object *o)
{
    const struct s3_page *page = l->page;
    if (page->after_size == 0)
        return true;
    int order = compare(page->after, page->after_size, o->key, o->key_size);
    if (order != 0 || !page->after_version)
        return order < 0;
    /* The newest cannot come behind another one: the store began again with the key. */
    return l->of_versions && !o->current && strcmp(page->after_version, o->version) != 0;
}

static bool moves_on(const struct s3_listing *l, const struct s3_object *before,
                     const struct s3_object *o)
{
    int order = compare(before->key, before->key_size, o->key, o->key_size);
    if (!l->of_versions || order != 0)
        return order < 0;
    return !o->current && strcmp(before->version, o->version) != 0;
}

static uint32_t check_object(struct s3_listing *l, size_t at)
{
    const struct s3_page *page = l->page;
    const struct s3_object *o = &l->listed[at].object;
    if (o->key_size < page->prefix_size ||
        (page->prefix_size > 0 && memcmp(o->key, page->prefix, page->prefix_size) != 0))
        return refuse(l, "has a key without the prefix that was asked for");
    if (at == 0 ? !moves_on_first(l, o) : !moves_on(l, &l->listed[at - 1].object, o))
        return refuse(l, "repeats itself or goes backwards");
    return LAGAN_OK;
}

uint32_t s3_listing_check(struct s3_listing *l)
{
    uint32_t result = LAGAN_OK;
    decode_marker(l);
    if (l->keys.failed)
        return s3_fail_memory(l->op);
    if (!l->has_truncated)
        return refuse(l, "does not say whether more follows");
    if (!l->truncated && l->token.told)
        return refuse(l, "says that nothing follows, and how to go on");
    if (l->has_key_count && l->key_count != l->count)
        return refuse(l, "has another number of keys than it says");
    for (size_t i = 0; i < l->count && result == LAGAN_OK; i++)
        result = decode_key(l, &l->listed[i]);
    for (size_t i = 0; i < l->count && result == LAGAN_OK; i++)
        result = check_object(l, i);
    return result;
}

uint32_t s3_listing_deliver(const struct s3_listing *l,
                            const struct s3_object_collector *objects)
{
    uint32_t result = LAGAN_OK;
    for (size_t i = 0; i < l->count && result == LAGAN_OK; i++)
        result = objects->add(objects->context, &l->listed[i].object);
    return result;
}
