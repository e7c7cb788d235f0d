/* SPDX-License-Identifier: Apache-2.0 */
/* backup_read.c - what workers do with an item: read small entries whole, identify chunks. */
#include "engine/backup_private.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

enum { SPARSE_MIN = 4096 }; /* bytes below which holes do not matter */

void item_reset(struct item *item)
{
    for (size_t i = 0; i < item->step_count; i++) {
        struct step *step = &item->steps[i];
        buffer_clear(&step->metadata);
        step->metadata_lost = step->changed = step->failed = step->known = false;
        step->other = step->outgrown = false;
        link_slot_release(step->slot);
        step->slot = NULL;
        step->count = step->piece_first = step->piece_count = 0;
    }
    item->step_count = 0;
    item->piece_count = 0;
    buffer_clear(&item->data);
    item_drop_share(item);
}

void item_drop_share(struct item *item)
{
    share_release(item->share);
    item->share = NULL;
}

void item_free(struct item *item)
{
    if (!item)
        return;
    item_reset(item);
    for (size_t i = 0; i < ITEM_STEPS; i++) {
        entry_copy_free(&item->steps[i].found);
        entry_copy_free(&item->steps[i].opened);
        buffer_free(&item->steps[i].metadata);
    }
    buffer_free(&item->data);
    free(item->pieces);
    free(item);
}

int item_add_piece(struct item *item, const struct piece *piece, struct error *e)
{
    if (item->piece_count == item->piece_room) {
        size_t room = item->piece_room ? item->piece_room * 2 : ITEM_STEPS;
        struct piece *pieces = reallocarray(item->pieces, room, sizeof(*pieces));
        if (!pieces)
            return error_no_memory(e, "pieces of a backup");
        item->pieces = pieces;
        item->piece_room = room;
    }
    item->pieces[item->piece_count++] = *piece;
    return 0;
}

static uint32_t metadata_add(void *context, const struct lagan_metadata *piece)
{
    enum { HEAD_LIMIT = 30 }; /* three varints */
    struct step *step = context;
    size_t room = METADATA_LIMIT - step->metadata.size;
    if (piece->name_size >= room || piece->value_size >= room ||
        piece->name_size + piece->value_size + HEAD_LIMIT > room) {
        step->metadata_lost = true;
        return LAGAN_OK;
    }
    buffer_append_varint(&step->metadata, piece->kind);
    buffer_append_counted(&step->metadata, piece->name, piece->name_size);
    buffer_append_counted(&step->metadata, piece->value, piece->value_size);
    return step->metadata.failed ? LAGAN_INTERNAL : LAGAN_OK;
}

static void metadata_lost(void *context, const char *name, const char *reason)
{
    (void)name;
    (void)reason;
    struct step *step = context;
    step->metadata_lost = true;
}

void backup_read_metadata(struct backup_job *job, struct step *step,
                          struct entry_reader *reader)
{
    const struct lagan_entry *entry = &step->found.entry;
    struct lagan_metadata_collector pieces = {
        .context = step, .add = metadata_add, .lost = metadata_lost};
    struct error e = ERROR_INIT;
    buffer_clear(&step->metadata);
    step->metadata_lost = false;
    int result = reader ? entry_reader_metadata(reader, entry->key, entry->key_size,
                                                entry->type, &pieces, &e)
                        : source_metadata(job->request->source, entry->key, entry->key_size,
                                          entry->type, &pieces, &e);
    if (result == 0)
        return;
    buffer_clear(&step->metadata);
    step->metadata_lost = true;
}

void backup_read_failed(struct backup_job *job, struct step *step, const struct error *why)
{
    step->failed = true;
    step->failure = *why;
    if (job_error_ends(why))
        backup_fail(job, why);
}

bool backup_is_large(const struct backup_job *job, const struct lagan_entry *entry)
{
    bool sparse = (entry->flags & LAGAN_ENTRY_SPARSE) != 0;
    if (entry->flags & LAGAN_ENTRY_STREAM)
        return true;
    return entry->bytes > job->chunk_smallest || (sparse && entry->bytes > SPARSE_MIN);
}

/* Programs save by renaming: a file with one name is what has the name now. */
static size_t wanted_id_size(const struct lagan_entry *found)
{
    return found->links > 1 ? found->id_size : 0;
}

struct entry_reader *backup_open(struct backup_job *job, const struct lagan_entry *found,
                                 struct entry_copy *opened, bool *other, struct error *e)
{
    struct source *source = job->request->source;
    struct lagan_entry_collector collector = entry_copy_collector(opened);
    size_t id_size = wanted_id_size(found);
    *other = false;
    struct entry_reader *reader = source_entry_open(source, found->key, found->key_size,
                                                    found->id, id_size, &collector, e);
    if (reader || id_size == 0 || e->error_class != LAGAN_CHANGED)
        return reader;
    reader = source_entry_open(source, found->key, found->key_size, NULL, 0, &collector, e);
    *other = reader != NULL;
    return reader;
}

/* A small entry while it is read: into its place, or, when it has grown, into the item's own
 * data. */
struct reading {
    struct item *item;
    struct step *step;
    uint8_t *place; /* with room for one byte more than expected, which tells of growth */
    size_t room;
    size_t got;
    bool grown;
    size_t start; /* in the item's own data, when grown */
};

/* What does not fit into its place goes on in the item's own data. */
static int read_grown(struct reading *r, struct entry_reader *reader, struct error *e)
{
    enum { AT_A_TIME = 64 << 10 };
    struct buffer *data = &r->item->data;
    r->grown = true;
    r->start = data->size;
    buffer_append(data, r->place, r->got);
    for (size_t done = AT_A_TIME; done == AT_A_TIME && r->got <= CHUNK_LIMIT;) {
        uint8_t *room = buffer_reserve(data, AT_A_TIME);
        if (!room)
            return error_no_memory(e, "content of a file");
        if (entry_reader_read(reader, r->got, room, AT_A_TIME, &done, e) != 0)
            return -1;
        data->size += done;
        r->got += done;
    }
    return 0;
}

static int read_whole(struct reading *r, struct entry_reader *reader, struct error *e)
{
    if (entry_reader_read(reader, 0, r->place, r->room, &r->got, e) != 0)
        return -1;
    return r->got < r->room ? 0 : read_grown(r, reader, e);
}

/* One attempt at a small entry: its attributes as opened and its bytes.  *changed: try again.
 */
static int read_once(struct reading *r, bool *changed, struct error *e)
{
    struct step *step = r->step;
    struct backup_job *job = r->item->job;
    struct entry_reader *reader =
        backup_open(job, &step->found.entry, &step->opened, &step->other, e);
    if (!reader)
        return -1;
    uint64_t expected = step->opened.entry.bytes;
    step->outgrown = backup_is_large(job, &step->opened.entry);
    if (!step->outgrown)
        backup_read_metadata(job, step, reader);
    if (step->outgrown || read_whole(r, reader, e) != 0) {
        entry_reader_drop(reader);
        return step->outgrown ? 0 : -1;
    }
    if (entry_reader_close(reader, changed, e) != 0)
        return -1;
    /* Files that the kernel makes up have no length. */
    if (r->got != expected && expected != 0)
        *changed = true;
    atomic_fetch_add(&job->bytes_read, r->got);
    return 0;
}

/* Cuts what was read of a small entry. */
static int cut_small(const struct reading *r, struct error *e)
{
    struct item *item = r->item;
    size_t left = r->got;
    size_t offset = r->grown ? r->start : (size_t)(r->place - share_data(item->share));
    r->step->piece_first = item->piece_count;
    while (left > 0) {
        /* More than one only when it grew since the walk: need not be cut by content. */
        size_t largest = item->job->chunk_largest;
        size_t size = left < largest ? left : largest;
        struct piece piece = {.offset = offset, .bytes = size, .own = r->grown};
        if (item_add_piece(item, &piece, e) != 0)
            return -1;
        offset += size;
        left -= size;
    }
    r->step->piece_count = item->piece_count - r->step->piece_first;
    return 0;
}

/* Forgets what an attempt has read. */
static void read_again(struct reading *r)
{
    if (r->grown)
        r->item->data.size = r->start;
    r->grown = false;
    r->got = 0;
}

static void read_small(struct item *item, struct step *step, uint8_t *place, size_t room)
{
    struct reading r = {.item = item, .step = step, .place = place, .room = room};
    struct error e = ERROR_INIT;
    bool changed = true;
    for (int attempt = 0; changed && attempt < READ_ATTEMPTS; attempt++) {
        changed = false;
        read_again(&r);
        if (read_once(&r, &changed, &e) != 0) {
            read_again(&r);
            backup_read_failed(item->job, step, &e);
            return;
        }
    }
    step->changed = changed;
    if (!step->outgrown && cut_small(&r, &e) != 0)
        backup_read_failed(item->job, step, &e);
}

const uint8_t *item_piece_data(const struct item *item, const struct piece *piece)
{
    return (piece->own ? item->data.data : share_data(item->share)) + piece->offset;
}

/* Identifies all chunks of an item, many at a time. */
static void identify_pieces(struct item *item)
{
    enum { AT_ONCE = 64 };
    const struct vault *vault = item->job->request->vault;
    const void *data[AT_ONCE];
    size_t size[AT_ONCE];
    struct chunk_id ids[AT_ONCE];
    struct piece *pieces[AT_ONCE];
    for (size_t i = 0; i < item->piece_count;) {
        size_t count = 0;
        for (; i < item->piece_count && count < AT_ONCE; i++) {
            struct piece *piece = &item->pieces[i];
            if (piece->hole)
                continue;
            pieces[count] = piece;
            data[count] = item_piece_data(item, piece);
            size[count++] = (size_t)piece->bytes;
        }
        vault_chunk_identify_many(vault, CHUNK_DATA, count, data, size, ids);
        for (size_t k = 0; k < count; k++)
            pieces[k]->id = ids[k];
    }
}

static bool has_small_content(const struct step *step)
{
    return step->kind == STEP_ENTRY && entry_has_content(step->found.entry.type);
}

/* Tells the source what of it is read next. */
static void announce_entries(const struct item *item)
{
    struct source_wish wishes[ITEM_STEPS];
    size_t count = 0;
    for (size_t i = 0; i < item->step_count; i++) {
        const struct step *step = &item->steps[i];
        const struct lagan_entry *found = &step->found.entry;
        bool content = entry_has_content(found->type);
        if (step->kind == STEP_ENTRY && found->type != LAGAN_ENTRY_ERROR)
            wishes[count++] =
                (struct source_wish){.key = found->key,
                                     .key_size = found->key_size,
                                     .id = content ? found->id : NULL,
                                     .id_size = content ? wanted_id_size(found) : 0,
                                     .type = found->type};
    }
    if (count > 1)
        source_read_ahead(item->job->request->source, wishes, count);
}

static void read_entries(struct item *item)
{
    size_t place = item->place;
    announce_entries(item);
    for (size_t i = 0; i < item->step_count; i++) {
        struct step *step = &item->steps[i];
        bool entry = step->kind == STEP_ENTRY || step->kind == STEP_LINK;
        bool content = has_small_content(step);
        if (content) {
            size_t room = (size_t)step->found.entry.bytes + 1;
            read_small(item, step, share_data(item->share) + place, room);
            place += room;
        }
        if (!entry || step->found.entry.type == LAGAN_ENTRY_ERROR)
            continue;
        if (!step->failed && (!content || step->outgrown))
            backup_read_metadata(item->job, step, NULL);
    }
    identify_pieces(item);
}

void backup_item_run(void *argument)
{
    struct item *item = argument;
    struct backup_job *job = item->job;
    if (atomic_load(&job->failed))
        return;
    if (item->kind == ITEM_LARGE_CHUNKS)
        identify_pieces(item);
    /* Of what is far away the reader knows it, without being asked again. */
    if (item->kind == ITEM_LARGE_BEGIN && !job->flat)
        backup_read_metadata(job, &item->steps[0], NULL);
    if (item->kind == ITEM_ENTRIES)
        read_entries(item);
}
