/* SPDX-License-Identifier: Apache-2.0 */
/* restore_write.c - the conflict rules, and writing one entry in full. */
#include "driver/operation.h"
#include "engine/key_text.h"
#include "engine/restore_private.h"

#include <stdlib.h>
#include <string.h>

/* Whether what is there is what the backup holds, as far as attributes tell. */
static bool entry_equal(struct restore_job *job, const struct restore_present *present,
                        const struct tree_entry *entry)
{
    const struct lagan_entry *there = &present->copy.entry;
    struct reader value;
    if (there->type != entry->type)
        return false;
    if (entry->type == LAGAN_ENTRY_OBJECT)
        return restore_object_equal(job, present, entry);
    if (entry->type == LAGAN_ENTRY_DIRECTORY)
        return true; /* it gets its attributes in any case */
    bool modes = (there->present & entry->present & LAGAN_HAS_MODE) != 0 &&
                 job->way == RESTORE_AS_IS && entry->type != LAGAN_ENTRY_SYMLINK &&
                 !(job->request->create_flags & LAGAN_CREATE_UNPRIVILEGED);
    if (modes && there->mode != entry->mode)
        return false;
    if (entry_has_content(entry->type))
        return there->bytes == entry->bytes && there->mtime_s == entry->mtime_s &&
               there->mtime_ns == entry->mtime_ns;
    if (entry->type == LAGAN_ENTRY_SYMLINK)
        return tree_further_find(entry, TREE_FURTHER_LINK, &value) &&
               value.left == there->link_size &&
               (value.left == 0 || memcmp(value.next, there->link, value.left) == 0);
    if (tree_further_find(entry, TREE_FURTHER_DEVICE, &value))
        return there->device_major == reader_u32(&value) &&
               there->device_minor == reader_u32(&value);
    return true;
}

static bool entry_newer(const struct tree_entry *entry, const struct lagan_entry *there)
{
    return entry->mtime_s > there->mtime_s ||
           (entry->mtime_s == there->mtime_s && entry->mtime_ns > there->mtime_ns);
}

int restore_decide(struct restore_job *job, const struct tree_entry *entry, bool fresh,
                   enum restore_verdict *verdict, struct error *e)
{
    struct restore_present present = {.job = job};
    struct lagan_entry_collector collector = restore_present_collector(&present);
    *verdict = VERDICT_CREATE;
    if (fresh)
        return 0;
    if (source_entry_stat(job->request->place, entry->key, entry->key_size, &collector, e) !=
        0) {
        entry_copy_free(&present.copy);
        return e->error_class == LAGAN_NOT_FOUND ? 0 : -1;
    }
    bool older_there = entry_newer(entry, &present.copy.entry);
    if (entry_equal(job, &present, entry))
        *verdict = VERDICT_EQUAL;
    else if (job->request->conflict == RESTORE_FAIL)
        *verdict = VERDICT_STOP;
    else if (job->request->conflict == RESTORE_OVERWRITE ||
             (job->request->conflict == RESTORE_NEWER && older_there))
        *verdict = VERDICT_REPLACE;
    else
        *verdict = VERDICT_KEEP;
    entry_copy_free(&present.copy);
    return 0;
}

/* Writes all chunks of a file into `writer`. */
static int write_content(struct restore_job *job, const struct tree_entry *entry,
                         struct entry_writer *writer, struct buffer *data, struct error *e)
{
    struct chunk_record record;
    uint64_t offset = 0;
    int got = 0;
    struct content_cursor *cursor = content_cursor_new(&job->access, &entry->content, e);
    if (!cursor)
        return -1;
    while ((got = content_cursor_next(cursor, &record, e)) == 1) {
        buffer_clear(data);
        if (chunk_is_hole(&record.id))
            got = entry_writer_zero(writer, offset, record.bytes, e);
        else if ((got = store_get(job->request->store, CHUNK_DATA, &record.id, data, e)) == 0 &&
                 data->size != record.bytes)
            got = error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "a chunk has another length");
        else if (got == 0)
            got = entry_writer_write(writer, offset, data->data, data->size, e);
        if (got != 0)
            break;
        offset += record.bytes;
    }
    content_cursor_free(cursor);
    if (got == 0 && offset != entry->bytes)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "its chunks do not add up to its length");
    return got;
}

static int write_file(struct restore_job *job, const struct tree_entry *entry,
                      const struct lagan_entry *target, uint64_t flags,
                      const struct restore_metadata *metadata, struct buffer *data,
                      struct error *e)
{
    struct restore_lost lost = {job, entry};
    struct lagan_metadata_collector collector = restore_lost_collector(&lost);
    struct entry_writer *writer = source_entry_create(job->request->place, target, flags, e);
    if (!writer)
        return -1;
    if (write_content(job, entry, writer, data, e) != 0) {
        entry_writer_abort(writer);
        return -1;
    }
    return entry_writer_commit(writer, metadata->pieces, metadata->count, &collector, e);
}

/* Creates the file or node. */
static int write_new(struct restore_job *job, const struct tree_entry *entry, bool replace,
                     struct buffer *data, struct error *e)
{
    struct restore_metadata metadata;
    struct restore_lost lost = {job, entry};
    struct lagan_metadata_collector collector = restore_lost_collector(&lost);
    struct lagan_entry target;
    uint64_t flags = job->request->create_flags | (replace ? LAGAN_CREATE_REPLACE : 0);
    int result = -1;

    char *link = malloc(RESTORE_LINK_TARGET);
    if (!link)
        return error_no_memory(e, "a symlink's target");
    entry_from_tree(entry, &target, link, RESTORE_LINK_TARGET);
    if (restore_metadata_load(job, entry, &metadata, e) != 0)
        goto out;
    target.pieces = metadata.pieces;
    target.piece_count = metadata.count;
    if (entry_has_content(entry->type))
        result = write_file(job, entry, &target, flags, &metadata, data, e);
    else
        result = source_node_create(job->request->place, &target, flags, metadata.pieces,
                                    metadata.count, &collector, e);
    restore_metadata_free(&metadata);
out:
    free(link);
    return result;
}

bool restore_is_worth_trying(const struct restore_job *job, const struct error *why)
{
    return restore_place_is_flat(job) && why->scope == LAGAN_SCOPE_ITEM &&
           (why->error_class == LAGAN_TRANSIENT || why->error_class == LAGAN_BUSY);
}

int restore_write_patiently(struct restore_job *job, const struct tree_entry *entry,
                            bool replace, struct buffer *data, struct error *e)
{
    enum { ATTEMPTS = 5, GIVEN_UP_LIMIT = 8 };
    int64_t pause_ns = INT64_C(500000000);
    int result = -1;
    for (int attempt = 1; result != 0; attempt++) {
        *e = ERROR_INIT;
        result = write_new(job, entry, replace, data, e);
        if (result == 0 || attempt == ATTEMPTS || !restore_is_worth_trying(job, e))
            break;
        /* An attempt whose end is unknown may have made it. */
        replace = replace || e->outcome == LAGAN_OUTCOME_UNKNOWN;
        int64_t advised_ns = (int64_t)e->retry_after_ms * 1000000;
        if (atomic_load(&job->failed) ||
            operation_host_table()->sleep(NULL, advised_ns > pause_ns ? advised_ns : pause_ns))
            break;
        pause_ns *= 2;
    }
    if (result == 0)
        atomic_store(&job->given_up, 0);
    else if (restore_is_worth_trying(job, e) &&
             atomic_fetch_add(&job->given_up, 1) + 1 >= GIVEN_UP_LIMIT)
        e->scope = LAGAN_SCOPE_HANDLE;
    return result;
}

int restore_stop(const struct tree_entry *entry, struct error *e)
{
    char name[KEY_LINE_SIZE];
    key_line(name, entry->key, entry->key_size);
    return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT,
                     "%s is there already and differs; choose --on-conflict skip, newer or "
                     "overwrite, or another place",
                     name);
}

int restore_write_entry(struct restore_job *job, const struct restore_step *step,
                        struct buffer *data, struct error *e)
{
    const struct tree_entry *entry = step->entry;
    enum restore_verdict verdict = VERDICT_CREATE;
    struct error why = ERROR_INIT;
    int result = restore_decide(job, entry, step->fresh, &verdict, &why);
    bool writes = verdict == VERDICT_CREATE || verdict == VERDICT_REPLACE;
    if (result == 0 && verdict == VERDICT_STOP)
        return restore_stop(entry, e);
    if (result == 0 && writes && !job->request->dry_run)
        result = restore_write_patiently(job, entry, verdict == VERDICT_REPLACE, data, &why);
    if (result != 0)
        return restore_judge(job, entry, &why, e);
    if (step->group && verdict != VERDICT_KEEP) {
        if (step->link)
            restore_group_move(step->group, entry->key, entry->key_size);
        else
            atomic_store(&step->group->there, true);
    }
    restore_count(job, entry, verdict, writes ? entry->bytes : 0);
    return 0;
}

static void run_chunk(struct restore_item *item)
{
    struct restore_job *job = item->job;
    if (chunk_is_hole(&item->record.id) || job->request->dry_run)
        return;
    if (store_get(job->request->store, CHUNK_DATA, &item->record.id, &item->data,
                  &item->failure) != 0)
        return;
    if (item->data.size != item->record.bytes)
        error_set(&item->failure, LAGAN_CORRUPT, ERROR_INTEGRITY, "a chunk has another length");
}

void restore_item_run(void *argument)
{
    struct restore_item *item = argument;
    struct restore_job *job = item->job;
    struct error e = ERROR_INIT;
    if (atomic_load(&job->failed))
        return;
    if (item->kind == RESTORE_ITEM_LARGE_CHUNK)
        run_chunk(item);
    if (item->kind != RESTORE_ITEM_ENTRIES)
        return;
    for (size_t i = 0; i < item->step_count && !atomic_load(&job->failed); i++) {
        if (!item->steps[i].link && !item->steps[i].ordered &&
            restore_write_entry(job, &item->steps[i], &item->data, &e) != 0)
            restore_fail(job, &e);
    }
}
