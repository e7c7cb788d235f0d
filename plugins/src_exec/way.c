/* SPDX-License-Identifier: Apache-2.0 */
/* way.c - the table that the host gets: each call goes to whoever made what it is about. */
#include "src_exec/src_exec.h"

/* The table that a handle, walk, reader or writer starts with. */
static const struct lagan_source_ops *way_of(const void *object)
{
    return *(const struct lagan_source_ops *const *)object;
}

static void close_handle(void *handle)
{
    way_of(handle)->common.close(handle);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    return way_of(handle)->capabilities(handle, op, told);
}

static uint32_t check(void *handle, struct lagan_op *op,
                      const struct lagan_finding_collector *findings)
{
    return way_of(handle)->check(handle, op, findings);
}

static uint32_t estimate(void *handle, struct lagan_op *op, uint64_t *bytes, uint64_t *entries)
{
    if (!way_of(handle)->estimate) {
        *bytes = 0;
        *entries = 0;
        return LAGAN_OK;
    }
    return way_of(handle)->estimate(handle, op, bytes, entries);
}

static uint32_t walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    return way_of(handle)->walk_open(handle, op, request, walk);
}

static uint32_t walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    return way_of(walk)->walk_next(walk, op, limit, entries);
}

static void walk_close(void *walk)
{
    way_of(walk)->walk_close(walk);
}

static uint32_t entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    return way_of(handle)->entry_open(handle, op, key, key_size, id, id_size, attributes,
                                      reader);
}

static uint32_t read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    return way_of(reader)->read_at(reader, op, offset, data, size, got);
}

static uint32_t extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                        const struct lagan_extent_collector *ranges)
{
    if (!way_of(reader)->extents)
        return ranges->add(ranges->context, offset, length, LAGAN_EXTENT_DATA);
    return way_of(reader)->extents(reader, op, offset, length, ranges);
}

static uint32_t entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    return way_of(reader)->entry_close(reader, op, verdict);
}

static uint32_t metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces)
{
    if (!way_of(handle)->metadata)
        return LAGAN_OK;
    return way_of(handle)->metadata(handle, op, key, key_size, type, pieces);
}

static uint32_t entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes)
{
    return way_of(handle)->entry_stat(handle, op, key, key_size, attributes);
}

static uint32_t entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer)
{
    return way_of(handle)->entry_create(handle, op, entry, flags, writer);
}

static uint32_t write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size)
{
    return way_of(writer)->write_at(writer, op, offset, data, size);
}

static uint32_t write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    return way_of(writer)->write_zero(writer, op, offset, length);
}

static uint32_t entry_commit(void *writer, struct lagan_op *op,
                             const struct lagan_metadata *pieces, size_t count,
                             const struct lagan_metadata_collector *lost)
{
    return way_of(writer)->entry_commit(writer, op, pieces, count, lost);
}

static void entry_abort(void *writer)
{
    way_of(writer)->entry_abort(writer);
}

static uint32_t node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost)
{
    return way_of(handle)->node_create(handle, op, entry, flags, pieces, count, lost);
}

static uint32_t directory_finish(void *handle, struct lagan_op *op,
                                 const struct lagan_entry *entry, uint64_t flags,
                                 const struct lagan_metadata *pieces, size_t count,
                                 const struct lagan_metadata_collector *lost)
{
    return way_of(handle)->directory_finish(handle, op, entry, flags, pieces, count, lost);
}

static uint32_t link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            const void *existing, size_t existing_size, uint64_t flags)
{
    if (!way_of(handle)->link_create)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "such a source has one file and nothing else");
    return way_of(handle)->link_create(handle, op, key, key_size, existing, existing_size,
                                       flags);
}

static uint32_t entry_metadata(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces)
{
    if (!way_of(reader)->entry_metadata)
        return LAGAN_OK;
    return way_of(reader)->entry_metadata(reader, op, pieces);
}

const struct lagan_source_ops exec_ops = {
    .common = {.instance_new = exec_instance_new,
               .instance_free = exec_instance_free,
               .configure = exec_configure,
               .configured = exec_configured,
               .open = exec_open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .check = check,
    .estimate = estimate,
    .walk_open = walk_open,
    .walk_next = walk_next,
    .walk_close = walk_close,
    .entry_open = entry_open,
    .read_at = read_at,
    .extents = extents,
    .entry_close = entry_close,
    .metadata = metadata,
    .entry_stat = entry_stat,
    .entry_create = entry_create,
    .write_at = write_at,
    .write_zero = write_zero,
    .entry_commit = entry_commit,
    .entry_abort = entry_abort,
    .node_create = node_create,
    .directory_finish = directory_finish,
    .link_create = link_create,
    .entry_metadata = entry_metadata,
};
