/* SPDX-License-Identifier: Apache-2.0 */
/* tgt_dir.c - the driver of targets that are a directory: its descriptor and its instances. */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* Rows of the parameter table. */
enum { ROW_PATH, ROW_TEMPORARY, ROW_DIRECT };

static const struct lagan_parameter parameters[] = {
    [ROW_PATH] = {.name = "path",
                  .type = LAGAN_PARAMETER_PATH,
                  .flags =
                      LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
                  .help = "the directory that holds the objects"},
    [ROW_TEMPORARY] = {.name = "temporary-files",
                       .type = LAGAN_PARAMETER_CHOICE,
                       .flags = LAGAN_PARAMETER_ADVANCED,
                       .default_value = "auto",
                       .choices = "auto|named",
                       .help = "whether files that are being written may be without a name"},
    [ROW_DIRECT] = {.name = "direct-io",
                    .type = LAGAN_PARAMETER_CHOICE,
                    .flags = LAGAN_PARAMETER_ADVANCED,
                    .default_value = "auto",
                    .choices = "auto|never",
                    .help = "whether long objects are written around the page cache"},
    {.name = NULL},
};

struct instance {
    char *path;
    bool named;  /* temporary files always have a name */
    bool cached; /* everything goes through the page cache */
};

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : fail_errno(op, ENOMEM, "an instance");
}

static void instance_free(void *instance)
{
    struct instance *i = instance;
    free(i->path);
    free(i);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    if (row == ROW_TEMPORARY) {
        i->named = value->number == 1;
        return LAGAN_OK;
    }
    if (row == ROW_DIRECT) {
        i->cached = value->number == 1;
        return LAGAN_OK;
    }
    i->path = strdup(value->text);
    return i->path ? (uint32_t)LAGAN_OK : fail_errno(op, ENOMEM, "the path");
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct instance *i = instance;
    struct store *store = NULL;
    uint32_t result = check_flags(op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE);
    if (result == LAGAN_OK)
        result = check_cancelled(op);
    if (result == LAGAN_OK)
        result = place_open(op, i->path, flags, i->named, &store);
    if (result != LAGAN_OK)
        return result;
    store->direct = !i->cached;
    *handle = store;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    place_close(handle);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    const struct store *s = handle;
    (void)op;
    told->put_if_absent = LAGAN_SUPPORT_NATIVE;
    told->staged_put = LAGAN_SUPPORT_NATIVE;
    told->durable_put = LAGAN_SUPPORT_NATIVE;
    told->read_after_write = LAGAN_SUPPORT_NATIVE;
    told->list_consistent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->ranged_get = LAGAN_SUPPORT_NATIVE;
    told->checksum = LAGAN_SUPPORT_EMULATED;
    told->remove = s->read_only ? LAGAN_SUPPORT_NONE : LAGAN_SUPPORT_NATIVE;
    if (told->size < sizeof *told)
        return LAGAN_OK; /* a host that does not know the rest */
    /* Nothing is won by parts here: a put in one piece is as fast, and is never copied. */
    told->multipart = LAGAN_SUPPORT_EMULATED;
    told->part_limit = DIR_PART_LIMIT;
    told->copy = LAGAN_SUPPORT_NATIVE;
    told->rename = LAGAN_SUPPORT_NATIVE;
    return LAGAN_OK;
}

static uint32_t flush(void *handle, struct lagan_op *op)
{
    struct store *s = handle;
    return folder_set_flush(&s->set, op, s->root);
}

static uint32_t capacity(void *handle, struct lagan_op *op, uint64_t *total,
                         uint64_t *available)
{
    const struct store *s = handle;
    struct statvfs status;
    if (fstatvfs(s->root, &status) < 0)
        return fail_errno(op, errno, "the file system's size");
    *total = (uint64_t)status.f_blocks * status.f_frsize;
    *available = (uint64_t)status.f_bavail * status.f_frsize;
    return LAGAN_OK;
}

static const struct lagan_target_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .put = dir_put,
    .stage_begin = dir_stage_begin,
    .stage_write = dir_stage_write,
    .stage_commit = dir_stage_commit,
    .stage_abort = dir_stage_abort,
    .get = dir_get,
    .stat = dir_stat,
    .list = dir_list,
    .remove = dir_remove,
    .flush = flush,
    .capacity = capacity,
    .sweep = dir_sweep,
    .multipart_begin = dir_multipart_begin,
    .part_put = dir_part_put,
    .multipart_complete = dir_multipart_complete,
    .multipart_abort = dir_multipart_abort,
    .copy = dir_copy,
    .rename = dir_rename,
    .clock = dir_clock,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "tgt_dir",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a directory on a mounted file system",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(tgt_dir, &descriptor)
