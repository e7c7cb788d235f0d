/* SPDX-License-Identifier: Apache-2.0 */
/* source_call_write.c - the slots that write back, with what must hold whenever they are
 * called.
 */
#include "conformance/source_kit.h"

#include <string.h>

/* What entry_stat hands over goes into a list of entries, through one of one entry. */
struct status {
    struct source_items *items;
    struct trial *t;
    unsigned count;
};

static uint32_t take_status(void *context, const struct lagan_entry *entry)
{
    struct status *s = context;
    struct source_items *items = s->items;
    call_callback();
    s->count++;
    if (!items)
        return LAGAN_OK;
    if (!items->list) {
        items->list = source_memory(sizeof *items->list);
        items->room = 1;
    }
    EXPECT(s->t, s->count == 1, "source.h, entry_stat", "it handed over more than one entry");
    struct lagan_entry *kept = &items->list[0].entry;
    memset(kept, 0, sizeof *kept);
    memcpy(kept, entry, entry->size < sizeof *kept ? entry->size : sizeof *kept);
    kept->key = source_copy(entry->key, entry->key_size);
    kept->link = source_copy(entry->link, entry->link_size);
    kept->id = source_copy(entry->id, entry->id_size);
    kept->stamp = source_copy(entry->stamp, entry->stamp_size);
    kept->user_name = kept->group_name = kept->error_text = NULL;
    kept->pieces = source_keep_pieces(s->t, entry, &kept->piece_count);
    items->count = 1;
    return LAGAN_OK;
}

uint32_t work_stat(struct source_work *w, const void *key, size_t key_size,
                   struct source_items *attributes)
{
    struct status s = {.items = attributes, .t = w->t};
    struct lagan_entry_collector collector = {.context = &s, .add = take_status};
    struct call c;
    uint32_t result;
    if (attributes)
        attributes->count = 0;
    call_begin(w->t, w->writer, &c, "entry_stat %s", source_key_text(key, key_size));
    result = call_end(
        w->t, &c,
        w->ops->entry_stat(w->writer->handle, &c.operation.op, key, key_size, &collector));
    if (result == LAGAN_OK)
        EXPECT(w->t, s.count == 1, "source.h, entry_stat", "it handed over %u entries",
               s.count);
    return result;
}

uint32_t work_create(struct source_work *w, const struct lagan_entry *entry, uint64_t flags,
                     void **writer)
{
    struct call c;
    call_begin(w->t, w->writer, &c, "entry_create %s, flags 0x%llx",
               source_key_text(entry->key, entry->key_size), (unsigned long long)flags);
    return call_end(
        w->t, &c,
        w->ops->entry_create(w->writer->handle, &c.operation.op, entry, flags, writer));
}

uint32_t work_write(struct source_work *w, void *writer, uint64_t offset, const void *data,
                    size_t size)
{
    struct call c;
    call_begin(w->t, w->writer, &c, "write_at %llu, %zu bytes", (unsigned long long)offset,
               size);
    return call_end(w->t, &c, w->ops->write_at(writer, &c.operation.op, offset, data, size));
}

uint32_t work_zero(struct source_work *w, void *writer, uint64_t offset, uint64_t length)
{
    struct call c;
    call_begin(w->t, w->writer, &c, "write_zero %llu, %llu bytes", (unsigned long long)offset,
               (unsigned long long)length);
    return call_end(w->t, &c, w->ops->write_zero(writer, &c.operation.op, offset, length));
}

static void count_lost(void *context, const char *name, const char *reason)
{
    unsigned *lost = context;
    (void)name;
    (void)reason;
    if (lost)
        ++*lost;
}

uint32_t work_commit(struct source_work *w, void *writer, const struct lagan_metadata *pieces,
                     size_t count, unsigned *lost)
{
    struct lagan_metadata_collector collector = {.context = lost, .lost = count_lost};
    struct call c;
    call_begin(w->t, w->writer, &c, "entry_commit");
    return call_end(w->t, &c,
                    w->ops->entry_commit(writer, &c.operation.op, count ? pieces : NULL, count,
                                         lost ? &collector : NULL));
}

void work_abort(struct source_work *w, void *writer)
{
    trial_asked("entry_abort");
    driver_lock_take(w->writer->lock);
    w->ops->entry_abort(writer);
    driver_lock_release(w->writer->lock);
    trial_tick(w->t);
}

uint32_t work_node(struct source_work *w, const struct lagan_entry *entry, uint64_t flags,
                   const struct lagan_metadata *pieces, size_t count, unsigned *lost)
{
    struct lagan_metadata_collector collector = {.context = lost, .lost = count_lost};
    struct call c;
    call_begin(w->t, w->writer, &c, "node_create %s of type %u, flags 0x%llx",
               source_key_text(entry->key, entry->key_size), entry->type,
               (unsigned long long)flags);
    return call_end(w->t, &c,
                    w->ops->node_create(w->writer->handle, &c.operation.op, entry, flags,
                                        count ? pieces : NULL, count,
                                        lost ? &collector : NULL));
}

uint32_t work_finish(struct source_work *w, const struct lagan_entry *entry, uint64_t flags,
                     const struct lagan_metadata *pieces, size_t count, unsigned *lost)
{
    struct lagan_metadata_collector collector = {.context = lost, .lost = count_lost};
    struct call c;
    call_begin(w->t, w->writer, &c, "directory_finish %s",
               source_key_text(entry->key, entry->key_size));
    return call_end(w->t, &c,
                    w->ops->directory_finish(w->writer->handle, &c.operation.op, entry, flags,
                                             count ? pieces : NULL, count,
                                             lost ? &collector : NULL));
}

uint32_t work_link(struct source_work *w, const void *key, size_t key_size,
                   const void *existing, size_t existing_size, uint64_t flags)
{
    struct call c;
    call_begin(w->t, w->writer, &c, "link_create %s, a name of %s",
               source_key_text(key, key_size), source_key_text(existing, existing_size));
    return call_end(w->t, &c,
                    w->ops->link_create(w->writer->handle, &c.operation.op, key, key_size,
                                        existing, existing_size, flags));
}
