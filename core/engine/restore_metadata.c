/* SPDX-License-Identifier: Apache-2.0 */
/* restore_metadata.c - the stored metadata of an entry, decoded for its driver. */
#include "engine/restore_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One pass over the encoded pieces: counts them, or with `pieces` fills them in. */
static int metadata_pass(struct restore_metadata *metadata, struct lagan_metadata *pieces,
                         size_t *count, struct error *e)
{
    struct reader r = reader_of(metadata->bytes.data, metadata->bytes.size);
    size_t name_at = 0;
    *count = 0;
    while (r.left > 0 && !r.failed) {
        uint64_t kind = reader_varint(&r);
        size_t name_size = 0, value_size = 0;
        const uint8_t *name = reader_counted(&r, &name_size);
        const uint8_t *value = reader_counted(&r, &value_size);
        if (r.failed || kind > UINT32_MAX || memchr(name, 0, name_size))
            return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "its attributes are malformed");
        if (pieces)
            pieces[*count] = (struct lagan_metadata){
                .kind = (uint32_t)kind,
                .name_size = (uint32_t)name_size,
                .name = (const char *)metadata->names.data + name_at,
                .value = value,
                .value_size = value_size,
            };
        else {
            buffer_append(&metadata->names, name, name_size);
            buffer_append_u8(&metadata->names, 0);
        }
        name_at += name_size + 1;
        ++*count;
    }
    if (r.failed)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "its attributes are malformed");
    return buffer_check(&metadata->names, e);
}

static int metadata_convert(struct restore_job *job, const struct tree_entry *entry,
                            struct restore_metadata *metadata, struct error *e)
{
    bool lost = false;
    int result = restore_pieces_convert(job->way, entry, metadata->pieces, &metadata->count,
                                        &metadata->converted, &lost, e);
    if (lost)
        restore_lose(job, entry, RESTORE_LOSS_ATTRIBUTES);
    return result;
}

int restore_metadata_load(struct restore_job *job, const struct tree_entry *entry,
                          struct restore_metadata *metadata, struct error *e)
{
    *metadata = (struct restore_metadata){0};
    if (entry_metadata_fetch(&job->access, entry, &metadata->bytes, e) != 0)
        goto failed;
    if (metadata->bytes.size == 0 && job->way != RESTORE_TO_OBJECTS)
        return 0;
    if (metadata_pass(metadata, NULL, &metadata->count, e) != 0)
        goto failed;
    metadata->pieces = calloc(metadata->count + 1, sizeof(*metadata->pieces));
    if (!metadata->pieces) {
        error_no_memory(e, "attributes");
        goto failed;
    }
    if (metadata_pass(metadata, metadata->pieces, &metadata->count, e) != 0 ||
        metadata_convert(job, entry, metadata, e) != 0)
        goto failed;
    return 0;
failed:
    restore_metadata_free(metadata);
    return -1;
}

void restore_metadata_free(struct restore_metadata *metadata)
{
    free(metadata->pieces);
    buffer_free(&metadata->bytes);
    buffer_free(&metadata->names);
    buffer_free(&metadata->converted);
    metadata->pieces = NULL;
    metadata->count = 0;
}

static void lost_report(void *context, const char *name, const char *reason)
{
    const struct restore_lost *lost = context;
    char text[ERROR_TEXT_SIZE];
    if (lost->job->way == RESTORE_TO_FILES) {
        restore_lose(lost->job, lost->entry, RESTORE_LOSS_PROPERTIES);
        return;
    }
    snprintf(text, sizeof(text), "%s could not be set: %s", name, reason);
    restore_warn(lost->job, lost->entry, text);
}

/* What the place calls it. */
static uint32_t fact_tell(void *context, const struct lagan_metadata *piece)
{
    const struct restore_lost *lost = context;
    const struct restore_request *request = lost->job->request;
    pthread_mutex_lock(&lost->job->lock);
    request->made(request->made_context, lost->entry->key, lost->entry->key_size, piece->name,
                  piece->value, piece->value_size);
    pthread_mutex_unlock(&lost->job->lock);
    return LAGAN_OK;
}

struct lagan_metadata_collector restore_lost_collector(struct restore_lost *context)
{
    bool told = context->job->request->made != NULL;
    return (struct lagan_metadata_collector){
        .context = context, .add = told ? fact_tell : NULL, .lost = lost_report};
}
