/* SPDX-License-Identifier: Apache-2.0 */
/* tgt_s3.c - the driver of targets in object stores: its descriptor, instances and handles. */
#include "tgt_s3/tgt_s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_NS (INT64_C(24) * 3600 * 1000000000)
#define PACK_BYTES (UINT64_C(64) << 20)

static const struct lagan_parameter parameters[] = {
    {.name = "prefix",
     .type = LAGAN_PARAMETER_TEXT,
     .flags = LAGAN_PARAMETER_PLACE,
     .default_value = "",
     .maximum = PREFIX_LIMIT,
     .help = "where in the bucket the objects lie; each vault gets a folder of its own below"},
    {.name = "storage-class",
     .type = LAGAN_PARAMETER_TEXT,
     .maximum = S3_CLASS_SIZE - 1,
     .help = "storage class of packs, which hold the data; default: the bucket's"},
    {.name = "small-storage-class",
     .type = LAGAN_PARAMETER_TEXT,
     .maximum = S3_CLASS_SIZE - 1,
     .help = "storage class of everything but packs; default: the bucket's"},
    {.name = "lock",
     .type = LAGAN_PARAMETER_CHOICE,
     .default_value = "none",
     .choices = "none|governance|compliance",
     .help = "lock of the store on each object that is put"},
    {.name = "lock-for",
     .type = LAGAN_PARAMETER_DURATION,
     .default_value = "30d",
     .minimum = DAYS_NS / 24,
     .maximum = 36500 * DAYS_NS,
     .help = "how long that lock holds"},
    {.name = "part-size",
     .type = LAGAN_PARAMETER_SIZE,
     .flags = LAGAN_PARAMETER_ADVANCED,
     .default_value = "128MiB",
     .minimum = S3_PART_MINIMUM_BYTES,
     .maximum = (int64_t)SINGLE_PUT_BYTES,
     .help = "objects longer than this go in parts; so much is kept in memory for each"},
    {.name = "warm-days",
     .type = LAGAN_PARAMETER_INTEGER,
     .default_value = "0",
     .minimum = 0,
     .maximum = 365,
     .help = "ask for archived objects to be readable for so many days; 0 = never"},
    S3_PARAMETERS,
    {.name = NULL},
};

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    struct instance *i = calloc(1, sizeof *i);
    if (i)
        i->settings = s3_settings_new();
    if (!i || !i->settings) {
        free(i);
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    }
    *instance = i;
    return LAGAN_OK;
}

static void instance_free(void *instance)
{
    struct instance *i = instance;
    s3_settings_free(i->settings);
    free(i);
}

/* Without slashes at its ends, and with one behind it when there is anything. */
static void set_prefix(struct instance *i, const char *text)
{
    size_t size;
    text += strspn(text, "/");
    size = strlen(text);
    while (size > 0 && text[size - 1] == '/')
        size--;
    memcpy(i->prefix, text, size);
    memcpy(i->prefix + size, size > 0 ? "/" : "", size > 0 ? 2 : 1);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    static const char *const modes[] = {NULL, "GOVERNANCE", "COMPLIANCE"};
    struct instance *i = instance;
    const char *name = parameters[row].name;
    bool taken = false;
    uint32_t result = s3_configure(i->settings, op, name, value, &taken);
    if (result != LAGAN_OK || taken)
        return result;
    if (strcmp(name, "prefix") == 0)
        set_prefix(i, value->text);
    else if (strcmp(name, "storage-class") == 0)
        snprintf(i->pack_class, sizeof i->pack_class, "%s", value->text);
    else if (strcmp(name, "small-storage-class") == 0)
        snprintf(i->small_class, sizeof i->small_class, "%s", value->text);
    else if (strcmp(name, "lock") == 0)
        i->lock_mode = modes[value->number];
    else if (strcmp(name, "lock-for") == 0)
        i->lock_for_ns = value->number;
    else if (strcmp(name, "part-size") == 0)
        i->part_bytes = (uint64_t)value->number;
    else if (strcmp(name, "warm-days") == 0)
        i->warm_days = (uint32_t)value->number;
    return LAGAN_OK;
}

static uint32_t configured(void *instance, struct lagan_op *op)
{
    struct instance *i = instance;
    return s3_configured(i->settings, op);
}

/* ---- opening ---- */

/* What is put below a prefix that nobody wrote is told by it: so are a bucket that is there and
 * credentials that may write. */
static uint32_t probe(struct store *s, struct lagan_op *op)
{
    struct name place = name_format(s, TEMPORARY);
    return s3_probe(s->client, op, place.text);
}

static uint32_t open_for_writing(struct store *s, struct lagan_op *op, bool make)
{
    const struct s3_features *features;
    const struct instance *i = s->instance;
    bool locks = false;
    uint32_t result = probe(s, op);
    if (result == LAGAN_NOT_FOUND && make) {
        result = s3_bucket_create(s->client, op, i->lock_mode != NULL);
        if (result == LAGAN_OK || result == LAGAN_EXISTS)
            result = probe(s, op);
    }
    if (result != LAGAN_OK)
        return result;
    features = s3_features(s->client);
    s->conditional = features->conditional_put;
    s->conditional_complete = features->conditional_put && features->conditional_complete;
    if (!i->lock_mode)
        return LAGAN_OK;
    result = s3_bucket_lock(s->client, op, &locks);
    if (result != LAGAN_OK || locks)
        return result;
    return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                      "%s has no object lock, which must be switched on when a bucket is made: "
                      "take another bucket, or lock=none",
                      s3_place(s->client));
}

struct finding {
    bool any;
};

static uint32_t find_any(void *context, const struct s3_object *found)
{
    struct finding *f = context;
    (void)found;
    f->any = true;
    return LAGAN_OK;
}

/* A place is there when something is in it. */
static uint32_t open_for_reading(struct store *s, struct lagan_op *op)
{
    const char *prefix = s->instance->prefix;
    struct finding finding = {.any = false};
    struct s3_object_collector collector = {.context = &finding, .add = find_any};
    struct s3_page page = {
        .prefix = prefix, .prefix_size = strlen(prefix), .after = "", .limit = 1};
    bool more = false;
    uint32_t result = s3_list(s->client, op, &page, &collector, &more);
    if (result != LAGAN_OK || finding.any || !prefix[0])
        return result;
    return lagan_fail(op, LAGAN_NOT_FOUND, 0, "nothing lies below %s/%s", s3_place(s->client),
                      prefix);
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct instance *i = instance;
    struct store *s = calloc(1, sizeof *s);
    uint32_t result;
    if (!s)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    s->instance = i;
    result = call_check(s, op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE);
    s->read_only = flags & LAGAN_OPEN_READ_ONLY;
    if (result == LAGAN_OK)
        result = s3_open(i->settings, op, &s->client);
    if (result == LAGAN_OK)
        result = s->read_only ? open_for_reading(s, op)
                              : open_for_writing(s, op, flags & LAGAN_OPEN_INITIALISE);
    if (result == LAGAN_OK) {
        *handle = s;
        return LAGAN_OK;
    }
    s3_close(s->client);
    free(s);
    return result;
}

static void close_handle(void *handle)
{
    struct store *s = handle;
    s3_close(s->client);
    free(s);
}

/* Swift's listings may show a name late after its container's server was away. */
static bool lists_late(const struct store *s)
{
    return strcmp(s3_features(s->client)->dialect, "swift") == 0;
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    const struct store *s = handle;
    (void)op;
    told->put_if_absent = s->conditional ? LAGAN_SUPPORT_NATIVE : LAGAN_SUPPORT_EMULATED;
    told->staged_put = LAGAN_SUPPORT_EMULATED;
    told->durable_put = LAGAN_SUPPORT_NATIVE;
    told->read_after_write = LAGAN_SUPPORT_NATIVE;
    told->list_consistent = lists_late(s) ? LAGAN_SUPPORT_EMULATED : LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->ranged_get = LAGAN_SUPPORT_NATIVE;
    told->checksum = LAGAN_SUPPORT_EMULATED;
    told->remove = s->read_only ? LAGAN_SUPPORT_NONE : LAGAN_SUPPORT_NATIVE;
    told->max_object_bytes = OBJECT_LIMIT_BYTES;
    told->preferred_bytes = PACK_BYTES;
    if (told->size < sizeof *told)
        return LAGAN_OK; /* a host that does not know the rest */
    told->multipart = s->conditional_complete ? LAGAN_SUPPORT_NATIVE : LAGAN_SUPPORT_NONE;
    if (s->conditional_complete) {
        told->part_limit = S3_PART_LIMIT;
        told->part_minimum_bytes = s->instance->part_bytes;
        told->part_maximum_bytes = s3_features(s->client)->part_maximum_bytes;
    }
    told->copy = LAGAN_SUPPORT_EMULATED;
    return LAGAN_OK;
}

/* An object store has it safe before it says so. */
static uint32_t flush(void *handle, struct lagan_op *op)
{
    (void)handle;
    (void)op;
    return LAGAN_OK;
}

static uint32_t store_clock(void *handle, struct lagan_op *op, int64_t *now_ns)
{
    const struct store *s = handle;
    return s3_clock(s->client, op, now_ns);
}

static const struct lagan_target_ops ops = {
    .common = {.load = s3_load,
               .instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .configured = configured,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .put = bucket_put,
    .stage_begin = bucket_stage_begin,
    .stage_write = bucket_stage_write,
    .stage_commit = bucket_stage_commit,
    .stage_abort = bucket_stage_abort,
    .get = bucket_get,
    .stat = bucket_stat,
    .list = bucket_list,
    .remove = bucket_remove,
    .flush = flush,
    .sweep = bucket_sweep,
    .multipart_begin = bucket_multipart_begin,
    .part_put = bucket_part_put,
    .multipart_complete = bucket_multipart_complete,
    .multipart_abort = bucket_multipart_abort,
    .copy = bucket_copy,
    .clock = store_clock,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_PARALLEL,
    .max_parallel = 16,
    .name = "tgt_s3",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a bucket of an object store that speaks S3",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(tgt_s3, &descriptor)
