/* SPDX-License-Identifier: Apache-2.0 */
/* restore_compare.c - objects that are there already, compared with those of the backup. */
#include "engine/restore_private.h"

#include <string.h>

/* The piece that tells an object from another. */
static const char *telling_piece(const struct restore_job *job)
{
    return job->way == RESTORE_TO_OBJECTS ? RESTORE_MTIME_PROPERTY : LAGAN_FACT_ETAG;
}

static uint32_t present_add(void *context, const struct lagan_entry *entry)
{
    struct restore_present *present = context;
    struct error ignored;
    size_t count = 0;
    const struct lagan_metadata *pieces = source_entry_pieces(entry, &count);
    const struct lagan_metadata *piece =
        source_find_piece(pieces, count, telling_piece(present->job));
    if (piece && piece->value_size < sizeof(present->piece))
        memcpy(present->piece, piece->value, piece->value_size);
    return entry_copy_set(&present->copy, entry, &ignored) == 0 ? LAGAN_OK : LAGAN_INTERNAL;
}

struct lagan_entry_collector restore_present_collector(struct restore_present *present)
{
    return (struct lagan_entry_collector){.context = present, .add = present_add};
}

/* Whether the next bytes of the object are those of a chunk. */
static int chunk_same(struct restore_job *job, struct entry_reader *reader,
                      const struct chunk_record *record, uint64_t offset, struct buffer *data,
                      bool *same, struct error *e)
{
    struct chunk_id id;
    size_t size = (size_t)record->bytes, got = 0;
    buffer_clear(data);
    uint8_t *room = buffer_reserve(data, size + 1);
    if (!room)
        return error_no_memory(e, "a chunk");
    if (entry_reader_read(reader, offset, room, size, &got, e) != 0)
        return -1;
    const void *bytes = room;
    vault_chunk_identify_many(job->request->vault, CHUNK_DATA, 1, &bytes, &got, &id);
    *same = got == size && memcmp(id.bytes, record->id.bytes, CHUNK_ID_SIZE) == 0;
    return 0;
}

/* Holes are of files; what has one is not compared. */
static int chunks_same(struct restore_job *job, struct entry_reader *reader,
                       const struct tree_entry *entry, bool *same, struct error *e)
{
    struct buffer data CLEANUP_BUFFER = BUFFER_INIT;
    struct chunk_record record;
    uint64_t offset = 0;
    int got = 0;
    struct content_cursor *cursor = content_cursor_new(&job->access, &entry->content, e);
    *same = cursor != NULL;
    while (cursor && *same && (got = content_cursor_next(cursor, &record, e)) == 1) {
        *same = !chunk_is_hole(&record.id) && record.bytes <= CHUNK_LIMIT;
        if (*same && (got = chunk_same(job, reader, &record, offset, &data, same, e)) != 0)
            break;
        offset += record.bytes;
    }
    content_cursor_free(cursor);
    return cursor && got == 0 ? 0 : -1;
}

/* Reads the object and compares it with the ids of the backup's chunks, none of which is
 * fetched. */
static bool content_same(struct restore_job *job, const struct tree_entry *entry)
{
    struct entry_copy opened = {0};
    struct lagan_entry_collector collector = entry_copy_collector(&opened);
    struct error ignored = ERROR_INIT;
    bool same = false, changed = true;
    struct entry_reader *reader = source_entry_open(
        job->request->place, entry->key, entry->key_size, NULL, 0, &collector, &ignored);
    int result = reader ? chunks_same(job, reader, entry, &same, &ignored) : -1;
    if (reader && entry_reader_close(reader, &changed, &ignored) != 0)
        result = -1;
    entry_copy_free(&opened);
    return result == 0 && same && !changed;
}

bool restore_object_equal(struct restore_job *job, const struct restore_present *there,
                          const struct tree_entry *entry)
{
    struct restore_metadata metadata;
    struct error ignored = ERROR_INIT;
    if (there->copy.entry.bytes != entry->bytes || !there->piece[0] ||
        restore_metadata_load(job, entry, &metadata, &ignored) != 0)
        return false;
    const struct lagan_metadata *own =
        source_find_piece(metadata.pieces, metadata.count, telling_piece(job));
    bool equal = own && own->value_size == strlen(there->piece) &&
                 memcmp(own->value, there->piece, own->value_size) == 0;
    /* ETags of uploads in parts say how they were cut, too. */
    bool parts = own && job->way == RESTORE_AS_IS &&
                 (strchr(there->piece, '-') || memchr(own->value, '-', own->value_size));
    restore_metadata_free(&metadata);
    return equal || (parts && content_same(job, entry));
}
