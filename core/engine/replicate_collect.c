/* SPDX-License-Identifier: Apache-2.0 */
/* replicate_collect.c - reads the pieces of items on workers; stores them in order and builds
 * the tree. */
#include "engine/replicate_private.h"

#include <string.h>

/* Steps of a data-less item cost nothing to pass on: they are told by the collector alone. */
static int read_piece(struct copy_item *item, struct copy_piece *piece, struct error *e)
{
    size_t before = item->data.size;

    if (chunk_is_hole(&piece->from))
        return 0;
    if (store_get(item->job->from, CHUNK_DATA, &piece->from, &item->data, e) != 0)
        return -1;
    if (item->data.size - before != piece->bytes)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "a chunk is %zu bytes long, and %llu by the tree",
                         item->data.size - before, (unsigned long long)piece->bytes);
    piece->offset = before;
    return 0;
}

/* All ids of an item at once, which costs half. */
static void identify(struct copy_item *item)
{
    const void *data[COPY_PIECES];
    size_t size[COPY_PIECES];
    struct chunk_id ids[COPY_PIECES];
    size_t count = 0;

    for (size_t i = 0; i < item->piece_count; i++) {
        const struct copy_piece *piece = &item->pieces[i];
        if (chunk_is_hole(&piece->from))
            continue;
        data[count] = item->data.data + piece->offset;
        size[count++] = (size_t)piece->bytes;
    }
    vault_chunk_identify_many(item->job->request->to, CHUNK_DATA, count, data, size, ids);
    for (size_t i = item->piece_count; i-- > 0;) {
        if (!chunk_is_hole(&item->pieces[i].from))
            item->pieces[i].to = ids[--count];
    }
}

void copy_item_read(void *argument)
{
    struct copy_item *item = argument;

    for (size_t i = 0; i < item->piece_count && !atomic_load(&item->job->failed); i++) {
        if (read_piece(item, &item->pieces[i], &item->failure) != 0)
            return;
    }
    if (item->data.size > 0 && !atomic_load(&item->job->failed))
        identify(item);
}

void copy_item_reset(struct copy_item *item)
{
    for (size_t i = 0; i < item->step_count; i++)
        tree_entry_free(item->steps[i].entry);
    item->step_count = item->piece_count = 0;
    item->bytes = 0;
    item->failure = ERROR_INIT;
    buffer_clear(&item->data);
}

static int collect_run(struct copy_job *job, const struct copy_step *step, struct error *e)
{
    struct seal_counters *counters = &job->seal->counters;
    const struct tree_entry *entry = NULL;

    for (uint64_t i = 0; i < step->count; i++) {
        int got = tree_cursor_next(job->cursor, &entry, e);
        if (got <= 0)
            return got < 0 ? -1
                           : error_set(e, LAGAN_INTERNAL, ERROR_FAILED,
                                       "the older replica's tree ended early");
        if (step->kind == COPY_KEEP &&
            tree_builder_add_unchanged(job->tree, job->cursor, e) != 0)
            return -1;
    }
    if (step->kind == COPY_KEEP) {
        counters->entries += step->count;
        counters->entries_unchanged += step->count;
        job->progress.entries_done += step->count;
    }
    return 0;
}

/* Long metadata: the chunk is put under the other keys. */
static int move_metadata(struct copy_job *job, struct reader value, struct error *e)
{
    uint8_t moved[CHUNK_ID_SIZE + 4];
    struct chunk_id id;

    memcpy(moved, value.next, sizeof(moved));
    memcpy(id.bytes, moved, CHUNK_ID_SIZE);
    buffer_clear(&job->metadata);
    if (job->read.get(job->read.context, &id, &job->metadata, e) != 0 ||
        job->write.put(job->write.context, job->metadata.data, job->metadata.size, &id, e) != 0)
        return -1;
    memcpy(moved, id.bytes, CHUNK_ID_SIZE);
    buffer_append_tlv(&job->further, TREE_FURTHER_METADATA_CHUNK, moved, sizeof(moved));
    return 0;
}

/* What is bound to the source vault's keys is bound to the other's; the rest stays. */
static int move_further(struct copy_job *job, uint16_t type, struct reader value,
                        struct error *e)
{
    uint8_t group[16];

    if (type == TREE_FURTHER_METADATA_CHUNK)
        return move_metadata(job, value, e);
    if (type == TREE_FURTHER_LINK_GROUP) {
        vault_link_group(job->request->to, value.next, value.left, group);
        buffer_append_tlv(&job->further, type, group, sizeof(group));
        return 0;
    }
    if (type > TREE_FURTHER_WARNINGS)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "an entry has an attribute that this program does not know (%u)",
                         type);
    buffer_append_tlv(&job->further, type, value.next, (uint32_t)value.left);
    return 0;
}

static int build_further(struct copy_job *job, const struct tree_entry *entry, struct error *e)
{
    struct reader all = reader_of(entry->further, entry->further_size), value;
    uint16_t type;

    buffer_clear(&job->further);
    while (reader_tlv(&all, &type, &value)) {
        if (move_further(job, type, value, e) != 0)
            return -1;
    }
    return buffer_check(&job->further, e);
}

/* The entry at work has all its content. */
static int finish_entry(struct copy_job *job, struct error *e)
{
    struct tree_entry entry = *job->entry;
    struct seal_counters *counters = &job->seal->counters;
    uint64_t bytes = 0;

    if (build_further(job, job->entry, e) != 0)
        return -1;
    entry.further = job->further.data;
    entry.further_size = job->further.size;
    if (entry.content.count > 0 &&
        content_builder_finish(job->content, &entry.content, &bytes, e) != 0)
        return -1;
    if (tree_builder_add(job->tree, &entry, e) != 0)
        return -1;
    counters->entries++;
    if (job->entry_known)
        counters->entries_changed++;
    else
        counters->entries_new++;
    job->progress.entries_done++;
    tree_entry_free(job->entry);
    job->entry = NULL;
    return 0;
}

static int collect_pieces(struct copy_job *job, const struct copy_item *item,
                          const struct copy_step *step, struct error *e)
{
    for (size_t i = 0; i < step->piece_count; i++) {
        const struct copy_piece *piece = &item->pieces[step->piece_first + i];
        bool hole = chunk_is_hole(&piece->from);
        if (!hole && session_put(job->session, CHUNK_DATA, &piece->to,
                                 item->data.data + piece->offset, (size_t)piece->bytes, e) != 0)
            return -1;
        if (content_builder_add(job->content, hole ? &piece->from : &piece->to, piece->bytes,
                                e) != 0)
            return -1;
        job->bytes_read += hole ? 0 : piece->bytes;
    }
    return 0;
}

static int collect_entry(struct copy_job *job, const struct copy_item *item,
                         struct copy_step *step, struct error *e)
{
    if (step->entry != NULL) {
        job->entry = step->entry;
        job->entry_known = step->known;
        step->entry = NULL;
        content_builder_reset(job->content);
    }
    if (collect_pieces(job, item, step, e) != 0)
        return -1;
    return step->last ? finish_entry(job, e) : 0;
}

/* Says what has gone since, and how far the job is. */
static int tell(struct copy_job *job, struct error *e)
{
    const struct replication_request *request = job->request;
    struct session_counters counters;

    session_counters(job->session, &counters);
    uint64_t since = counters.bytes_new - job->passed;
    job->passed = counters.bytes_new;
    job->progress.bytes_done = job->bytes_read;
    if (request->reporter.progress)
        request->reporter.progress(request->reporter.context, &job->progress);
    return request->pass ? request->pass(request->context, since, e) : 0;
}

static int collect_steps(struct copy_job *job, struct copy_item *item, struct error *e)
{
    if (item->failure.error_class != LAGAN_OK) {
        *e = item->failure;
        return -1;
    }
    for (size_t i = 0; i < item->step_count; i++) {
        struct copy_step *step = &item->steps[i];
        int result = step->kind == COPY_ENTRY ? collect_entry(job, item, step, e)
                                              : collect_run(job, step, e);
        if (result != 0)
            return -1;
    }
    return tell(job, e);
}

int copy_collect(struct copy_job *job, struct copy_item *item, struct error *e)
{
    int result = collect_steps(job, item, e);

    copy_item_reset(item);
    return result;
}
