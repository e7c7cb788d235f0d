/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_bucket.c - a bucket of an object store as a source: descriptor, parameters, open, close.
 *
 * Where things are: walk.c hands the listing over, page.c and pages.c keep and fetch it; read.c
 * and ranges.c read; write.c and parts.c write back; node.c makes markers, copies and removes;
 * pieces.c and give.c know what an object is beside its content.
 */
#include "src_bucket/src_bucket.h"

#include <stdlib.h>
#include <string.h>

enum { USEFUL_PARALLEL = 16, AHEAD_STANDARD = 4, WARM_MOST_DAYS = 365 };

enum row {
    ROW_PLACE,
    ROW_PREFIX,
    ROW_VERSIONS,
    ROW_ACL,
    ROW_TAGS,
    ROW_AHEAD,
    ROW_WARM,
    ROW_SHARED /* the first of S3_PARAMETERS */
};

static const struct lagan_parameter parameters[] = {
    [ROW_PLACE] = {.name = "place",
                   .type = LAGAN_PARAMETER_TEXT,
                   .flags = LAGAN_PARAMETER_PLACE,
                   .maximum = BUCKET_PLACE_SIZE,
                   .help = "BUCKET or BUCKET/FOLDER, stronger than bucket and prefix"},
    [ROW_PREFIX] = {.name = "prefix",
                    .type = LAGAN_PARAMETER_TEXT,
                    .maximum = S3_KEY_LIMIT,
                    .help = "only objects whose keys begin so; keys are told without it"},
    [ROW_VERSIONS] = {.name = "versions",
                      .type = LAGAN_PARAMETER_CHOICE,
                      .default_value = "current",
                      .choices = "current|all",
                      .help = "current versions alone, or all with their delete markers"},
    [ROW_ACL] = {.name = "acl",
                 .type = LAGAN_PARAMETER_BOOL,
                 .default_value = "no",
                 .help = "save and restore access control lists; a request for each object"},
    [ROW_TAGS] = {.name = "tags",
                  .type = LAGAN_PARAMETER_BOOL,
                  .default_value = "yes",
                  .help = "save and restore tags; a request for each object that has some"},
    [ROW_AHEAD] = {.name = "read-ahead",
                   .type = LAGAN_PARAMETER_INTEGER,
                   .flags = LAGAN_PARAMETER_ADVANCED,
                   .default_value = "4",
                   .minimum = 1,
                   .maximum = BUCKET_AHEAD_LIMIT,
                   .help = "ranges of 8 MiB of a long object that are read at a time"},
    [ROW_WARM] = {.name = "warm",
                  .type = LAGAN_PARAMETER_INTEGER,
                  .flags = LAGAN_PARAMETER_ADVANCED,
                  .default_value = "0",
                  .maximum = WARM_MOST_DAYS,
                  .help = "ask the store for archived objects, for so many days; 0 = do not"},
    S3_PARAMETERS,
    {.name = NULL},
};

uint32_t bucket_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

uint32_t bucket_check_call(struct lagan_op *op, uint64_t flags, uint64_t known)
{
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    return LAGAN_OK;
}

static void bucket_instance_free(void *instance)
{
    struct bucket_instance *i = instance;
    if (i == NULL)
        return;
    s3_settings_free(i->settings);
    s3_settings_free(i->other);
    free(i->prefix);
    free(i->place);
    free(i);
}

static uint32_t bucket_instance_new(struct lagan_op *op, void **instance)
{
    struct bucket_instance *i = calloc(1, sizeof *i);
    if (i != NULL) {
        i->settings = s3_settings_new();
        i->other = s3_settings_new();
        i->ahead = AHEAD_STANDARD;
        i->tags = true;
        i->parallel = USEFUL_PARALLEL;
    }
    if (i == NULL || i->settings == NULL || i->other == NULL) {
        bucket_instance_free(i);
        return bucket_memory(op);
    }
    *instance = i;
    return LAGAN_OK;
}

static uint32_t keep(struct lagan_op *op, char **place, const struct lagan_value *value)
{
    free(*place);
    *place = strndup(value->text, value->size);
    return *place ? LAGAN_OK : bucket_memory(op);
}

static uint32_t configure_shared(struct bucket_instance *i, struct lagan_op *op,
                                 const char *name, const struct lagan_value *value)
{
    bool taken = false;
    if (strcmp(name, "connections") == 0)
        i->parallel = (unsigned)value->number;
    uint32_t result = s3_configure(i->settings, op, name, value, &taken);
    if (result == LAGAN_OK && taken)
        result = s3_configure(i->other, op, name, value, &taken);
    if (result == LAGAN_OK && !taken)
        return lagan_fail(op, LAGAN_INVALID, 0, "no such parameter");
    return result;
}

static uint32_t bucket_configure(void *instance, struct lagan_op *op, uint32_t row,
                                 const struct lagan_value *value)
{
    struct bucket_instance *i = instance;
    switch (row) {
    case ROW_PLACE:
        return keep(op, &i->place, value);
    case ROW_PREFIX:
        return keep(op, &i->prefix, value);
    case ROW_VERSIONS:
        i->all_versions = value->number == 1;
        return LAGAN_OK;
    case ROW_ACL:
        i->acl = value->number != 0;
        return LAGAN_OK;
    case ROW_TAGS:
        i->tags = value->number != 0;
        return LAGAN_OK;
    case ROW_AHEAD:
        i->ahead = (unsigned)value->number;
        return LAGAN_OK;
    case ROW_WARM:
        i->warm = (unsigned)value->number;
        return LAGAN_OK;
    default:
        return configure_shared(i, op, parameters[row].name, value);
    }
}

static uint32_t set_bucket(struct s3_settings *settings, struct lagan_op *op, const char *name,
                           size_t size)
{
    struct lagan_value value = {
        .type = LAGAN_PARAMETER_TEXT, .size = (uint32_t)size, .text = name};
    bool taken;
    return s3_configure(settings, op, "bucket", &value, &taken);
}

/* BUCKET/FOLDER: a folder ends with a slash, whether it was written or not. */
static uint32_t take_place(struct bucket_instance *i, struct lagan_op *op)
{
    const char *slash = strchr(i->place, '/');
    size_t size = slash ? (size_t)(slash - i->place) : strlen(i->place);
    const char *folder = slash ? slash + 1 : "";
    size_t length = strlen(folder);
    if (size == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "place is BUCKET or BUCKET/FOLDER");
    char *bucket = strndup(i->place, size);
    free(i->prefix);
    i->prefix = malloc(length + 2);
    if (bucket == NULL || i->prefix == NULL) {
        free(bucket);
        return bucket_memory(op);
    }
    memcpy(i->prefix, folder, length + 1);
    if (length > 0 && folder[length - 1] != '/')
        memcpy(i->prefix + length, "/", 2);
    uint32_t result = set_bucket(i->settings, op, bucket, size);
    free(bucket);
    return result;
}

static uint32_t bucket_configured(void *instance, struct lagan_op *op)
{
    struct bucket_instance *i = instance;
    uint32_t result = LAGAN_OK;
    if (i->prefix == NULL)
        i->prefix = strdup("");
    if (i->prefix == NULL)
        return bucket_memory(op);
    if (i->place != NULL && i->place[0])
        result = take_place(i, op);
    if (result == LAGAN_OK && strlen(i->prefix) >= S3_KEY_LIMIT)
        return lagan_fail(op, LAGAN_INVALID, 0, "the prefix leaves no room for keys");
    return result == LAGAN_OK ? s3_configured(i->settings, op) : result;
}

uint32_t bucket_open_other(struct bucket *b, struct lagan_op *op, const char *bucket)
{
    struct bucket_instance *i = b->instance;
    uint32_t result = set_bucket(i->other, op, bucket, strlen(bucket));
    if (result == LAGAN_OK)
        result = s3_configured(i->other, op);
    return result == LAGAN_OK ? s3_open(i->other, op, &b->other) : result;
}

static void bucket_close(void *handle)
{
    struct bucket *b = handle;
    s3_close(b->other);
    s3_close(b->client);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* Finds out whether the bucket is there, and what it does with versions. */
static uint32_t look(struct bucket *b, struct lagan_op *op, bool make)
{
    uint32_t result = make ? s3_bucket_create(b->client, op, false) : LAGAN_OK;
    /* Whoever may write need not be allowed to make buckets. */
    if (result == LAGAN_EXISTS || result == LAGAN_DENIED)
        result = LAGAN_OK;
    if (result != LAGAN_OK)
        return result;
    result = s3_versioning(b->client, op, &b->versions);
    if (result == LAGAN_DENIED || result == LAGAN_UNSUPPORTED) {
        lagan_log(op, LAGAN_LEVEL_INFO, "whether the bucket keeps versions is not told: %s",
                  op->error.text);
        b->versions = LAGAN_VERSIONS_NONE;
        result = LAGAN_OK;
    }
    return result;
}

static uint32_t bucket_open(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct bucket_instance *i = instance;
    uint32_t result = bucket_check_call(
        op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE);
    struct bucket *b = result == LAGAN_OK ? calloc(1, sizeof *b) : NULL;
    if (result != LAGAN_OK)
        return result;
    if (b == NULL)
        return bucket_memory(op);
    pthread_mutex_init(&b->lock, NULL);
    b->instance = i;
    b->prefix = i->prefix;
    b->prefix_size = strlen(i->prefix);
    b->writable = (flags & LAGAN_OPEN_RESTORE) != 0;
    result = s3_open(i->settings, op, &b->client);
    if (result == LAGAN_OK)
        result = look(b, op, b->writable && (flags & LAGAN_OPEN_INITIALISE) != 0);
    if (result == LAGAN_OK) {
        *handle = b;
        return LAGAN_OK;
    }
    bucket_close(b);
    op->error.scope = LAGAN_SCOPE_INSTANCE;
    return result;
}

static uint32_t bucket_capabilities(void *handle, struct lagan_op *op,
                                    struct lagan_source_capabilities *capabilities)
{
    const struct bucket *b = handle;
    (void)op;
    capabilities->sorted = 1;
    capabilities->resume = 1;
    capabilities->random_read = 1;
    capabilities->restore = 1;
    capabilities->max_parallel = b->instance->parallel;
    if (capabilities->size < sizeof *capabilities)
        return LAGAN_OK;
    capabilities->prefix = 1;
    capabilities->versions = (uint8_t)b->versions;
    capabilities->pieces = 1;
    capabilities->copy = 1;
    capabilities->remove = 1;
    return LAGAN_OK;
}

static uint32_t no_object(void *context, const struct s3_object *object)
{
    (void)context;
    (void)object;
    return LAGAN_OK;
}

static void check_versions(const struct bucket *b, const struct lagan_finding_collector *to)
{
    if (b->versions == LAGAN_VERSIONS_KEPT)
        to->add(to->context, LAGAN_FINDING_OK, "the bucket keeps versions", NULL);
    else if (b->instance->all_versions)
        to->add(to->context, LAGAN_FINDING_WARNING,
                "all versions are wanted, and the bucket makes none",
                "turn versioning on, or set versions=current");
    else
        to->add(to->context, LAGAN_FINDING_OK, "the bucket keeps no versions", NULL);
}

uint32_t bucket_check(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings)
{
    struct bucket *b = handle;
    struct s3_object_collector objects = {.add = no_object};
    struct s3_page page = {
        .prefix = b->prefix, .prefix_size = b->prefix_size, .after = "", .limit = 1};
    bool more;
    uint32_t result = b->instance->all_versions
                          ? s3_list_versions(b->client, op, &page, &objects, &more)
                          : s3_list(b->client, op, &page, &objects, &more);
    if (result == LAGAN_CANCELLED)
        return result;
    if (result == LAGAN_OK)
        findings->add(findings->context, LAGAN_FINDING_OK, "the bucket can be listed", NULL);
    else
        findings->add(findings->context, LAGAN_FINDING_ERROR, op->error.text,
                      b->instance->all_versions
                          ? "allow ListBucketVersions and GetObjectVersion"
                          : "allow ListBucket and GetObject");
    check_versions(b, findings);
    if (strncmp(s3_place(b->client), "http://", 7) == 0)
        findings->add(findings->context, LAGAN_FINDING_WARNING,
                      "objects travel unencrypted: the endpoint is http",
                      "use an endpoint that begins with https://");
    if (b->instance->tags && !s3_features(b->client)->tags)
        findings->add(findings->context, LAGAN_FINDING_OK, "the store knows no tags", NULL);
    return LAGAN_OK;
}

static const struct lagan_source_ops ops = {
    .common =
        {
            .load = s3_load,
            .instance_new = bucket_instance_new,
            .instance_free = bucket_instance_free,
            .configure = bucket_configure,
            .configured = bucket_configured,
            .open = bucket_open,
            .close = bucket_close,
        },
    .capabilities = bucket_capabilities,
    .check = bucket_check,
    .walk_open = bucket_walk_open,
    .walk_next = bucket_walk_next,
    .walk_close = bucket_walk_close,
    .entry_open = bucket_entry_open,
    .read_at = bucket_read_at,
    .entry_close = bucket_entry_close,
    .metadata = bucket_metadata,
    .entry_stat = bucket_entry_stat,
    .entry_create = bucket_entry_create,
    .write_at = bucket_write_at,
    .write_zero = bucket_write_zero,
    .entry_commit = bucket_entry_commit,
    .entry_abort = bucket_entry_abort,
    .node_create = bucket_node_create,
    .directory_finish = bucket_directory_finish,
    .entry_metadata = bucket_entry_metadata,
    .place_name = bucket_place_name,
    .entry_copy = bucket_entry_copy,
    .entry_remove = bucket_entry_remove,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .max_parallel = USEFUL_PARALLEL,
    .name = "src_bucket",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "buckets of object stores that speak S3",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
    .traits = LAGAN_TRAIT_FLAT,
};

LAGAN_DRIVER(src_bucket, &descriptor)
