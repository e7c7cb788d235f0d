/* SPDX-License-Identifier: Apache-2.0 */
/* backup_collect.c - takes items in order, stores their chunks and builds the tree. */
#include "engine/backup_private.h"

#include <stdlib.h>
#include <string.h>

enum { METADATA_INLINE_LIMIT = 256 };

/* The state of the collecting thread. */
struct collect {
    struct backup_job *job;
    struct chunk_access access; /* writes to the session */
    struct chunk_access older;  /* reads the parent's tree */
    struct tree_cursor *cursor; /* over the parent; NULL without one */
    struct tree_builder *tree;
    struct content_builder *content;
    struct buffer further;
    struct step large; /* the large entry whose chunks arrive */
};

/* The parent's next `count` entries are taken over or passed over. */
static int collect_older(struct collect *c, const struct step *step, struct error *e)
{
    const struct tree_entry *entry = NULL;
    for (uint64_t i = 0; i < step->count; i++) {
        int got = tree_cursor_next(c->cursor, &entry, e);
        if (got <= 0)
            return got < 0 ? -1
                           : error_set(e, LAGAN_INTERNAL, ERROR_FAILED,
                                       "the parent's tree ended early");
        if (step->kind == STEP_KEEP && tree_builder_add_unchanged(c->tree, c->cursor, e) != 0)
            return -1;
    }
    if (step->kind == STEP_KEEP) {
        c->job->seal->counters.entries += step->count;
        c->job->seal->counters.entries_unchanged += step->count;
        backup_progress(c->job, step->count, 0, NULL);
    }
    return 0;
}

static void further_add(struct collect *c, uint16_t type, const void *value, size_t size)
{
    buffer_append_tlv(&c->further, type, value, (uint32_t)size);
}

/* Metadata goes inline or, when long, into a chunk of its own. */
static int further_metadata(struct collect *c, const struct buffer *metadata, struct error *e)
{
    if (metadata->size == 0)
        return 0;
    if (metadata->size <= METADATA_INLINE_LIMIT) {
        further_add(c, TREE_FURTHER_METADATA, metadata->data, metadata->size);
        return 0;
    }
    struct chunk_id id;
    if (c->access.put(c->access.context, metadata->data, metadata->size, &id, e) != 0)
        return -1;
    uint8_t value[CHUNK_ID_SIZE + 4];
    memcpy(value, id.bytes, CHUNK_ID_SIZE);
    store_u32(value + CHUNK_ID_SIZE, (uint32_t)metadata->size);
    further_add(c, TREE_FURTHER_METADATA_CHUNK, value, sizeof(value));
    return 0;
}

static void further_error(struct collect *c, uint32_t error_class, const char *text)
{
    uint8_t value[4 + ERROR_TEXT_SIZE];
    size_t size = strnlen(text, ERROR_TEXT_SIZE); /* a driver's may be longer */
    store_u32(value, error_class);
    memcpy(value + 4, text, size);
    further_add(c, TREE_FURTHER_ERROR, value, 4 + size);
}

/* Why the entry, or the list of what is in it, is missing; false when it is not. */
static bool collect_failure(const struct step *step, struct error *why)
{
    const struct lagan_entry *found = &step->found.entry;
    uint32_t class = found->error_class;
    if (step->failed) {
        *why = step->failure;
        return true;
    }
    if (class == LAGAN_OK && found->type == LAGAN_ENTRY_ERROR)
        class = LAGAN_IO;
    if (class == LAGAN_OK)
        return false;
    error_set(why, class, error_code_of_class(class), "%s",
              found->error_text ? found->error_text : "could not be read");
    return true;
}

/* Encodes the further TLVs of a step's entry. */
static int collect_further(struct collect *c, const struct step *step,
                           const struct lagan_entry *entry, struct error *e)
{
    buffer_clear(&c->further);
    if (entry->type == LAGAN_ENTRY_SYMLINK && entry->link)
        further_add(c, TREE_FURTHER_LINK, entry->link, entry->link_size);
    if (entry->type == LAGAN_ENTRY_CHARACTER || entry->type == LAGAN_ENTRY_BLOCK) {
        uint8_t device[8];
        store_u32(device, entry->device_major);
        store_u32(device + 4, entry->device_minor);
        further_add(c, TREE_FURTHER_DEVICE, device, sizeof(device));
    }
    if (entry->links > 1 && entry->id_size > 0 && entry->type != LAGAN_ENTRY_DIRECTORY) {
        uint8_t group[16];
        vault_link_group(c->job->request->vault, entry->id, entry->id_size, group);
        further_add(c, TREE_FURTHER_LINK_GROUP, group, sizeof(group));
    }
    if (further_metadata(c, &step->metadata, e) != 0)
        return -1;
    struct error why = ERROR_INIT;
    if (collect_failure(step, &why))
        further_error(c, why.error_class, why.text);
    uint32_t warnings = (step->changed ? TREE_WARNING_CHANGED : 0) |
                        (step->metadata_lost ? TREE_WARNING_METADATA_LOST : 0);
    if (warnings) {
        uint8_t value[4];
        store_u32(value, warnings);
        further_add(c, TREE_FURTHER_WARNINGS, value, sizeof(value));
    }
    return buffer_check(&c->further, e);
}

/* Tells people what this backup lacks of an entry. */
static void collect_report(struct collect *c, const struct step *step)
{
    const struct lagan_entry *entry = &step->found.entry;
    struct error why = ERROR_INIT;
    if (collect_failure(step, &why)) {
        backup_problem(c->job, entry, &why);
    } else if (step->changed) {
        error_set(&why, LAGAN_CHANGED, ERROR_FAILED,
                  "changed while it was read; stored as it was read");
        backup_problem(c->job, entry, &why);
    } else if (step->metadata_lost) {
        backup_warn(c->job, entry, "some of its attributes could not be read");
    }
}

/* Adds an entry with its finished content to the tree. */
static int collect_add(struct collect *c, const struct step *step,
                       const struct content *content, uint64_t bytes, struct error *e)
{
    struct seal_counters *counters = &c->job->seal->counters;
    const struct lagan_entry *found = &step->found.entry;
    bool opened = entry_has_content(found->type) && !step->failed && step->kind == STEP_ENTRY;
    const struct lagan_entry *entry = opened ? &step->opened.entry : found;
    struct tree_entry tree;

    collect_report(c, step);
    backup_progress(c->job, 1, 0, found);
    if (step->failed && step->failure.error_class == LAGAN_NOT_FOUND)
        return 0; /* it vanished: there is nothing to record but the report */
    entry_to_tree(entry, &tree);
    tree.key = found->key;
    tree.key_size = found->key_size;
    if (step->changed || step->failed || found->error_class != LAGAN_OK)
        tree.stamp_size = 0; /* the next backup must read it again */
    if (collect_further(c, step, entry, e) != 0)
        return -1;
    tree.further = c->further.data;
    tree.further_size = c->further.size;
    if (content) {
        tree.content = *content;
        tree.bytes = bytes;
    }
    counters->entries++;
    if (step->known)
        counters->entries_changed++;
    else
        counters->entries_new++;
    return tree_builder_add(c->tree, &tree, e);
}

/* Stores the pieces of a small entry. */
static int collect_pieces(struct collect *c, const struct item *item, const struct step *step,
                          struct error *e)
{
    content_builder_reset(c->content);
    for (size_t i = 0; i < step->piece_count; i++) {
        const struct piece *piece = &item->pieces[step->piece_first + i];
        if (session_put_shared(c->job->session, CHUNK_DATA, &piece->id,
                               piece->own ? NULL : item->share, item_piece_data(item, piece),
                               (size_t)piece->bytes, e) != 0 ||
            content_builder_add(c->content, &piece->id, piece->bytes, e) != 0)
            return -1;
        backup_progress(c->job, 0, piece->bytes, NULL);
    }
    return 0;
}

/* Adds an entry whose content was collected, and keeps that for further names of it. */
static int collect_finish(struct collect *c, const struct step *step, struct error *e)
{
    struct link_slot *slot = step->slot;
    struct content content = {0};
    uint64_t bytes = 0;
    bool read = entry_has_content(step->found.entry.type) && !step->failed;
    if (read && content_builder_finish(c->content, &content, &bytes, e) != 0)
        return -1;
    if (slot) {
        slot->failed = step->failed || step->other;
        slot->changed = step->changed;
    }
    if (slot && !slot->failed && link_slot_fill(slot, &content, bytes, e) != 0)
        return -1;
    return collect_add(c, step, read ? &content : NULL, bytes, e);
}

static int collect_large_chunks(struct collect *c, const struct item *item, struct error *e)
{
    for (size_t i = 0; i < item->piece_count; i++) {
        const struct piece *piece = &item->pieces[i];
        if (!piece->hole &&
            session_put_shared(c->job->session, CHUNK_DATA, &piece->id, item->share,
                               item_piece_data(item, piece), (size_t)piece->bytes, e) != 0)
            return -1;
        if (content_builder_add(c->content, &piece->id, piece->bytes, e) != 0)
            return -1;
    }
    return 0;
}

/* Verdict and attributes of an entry whose chunks have come. */
static void step_take_verdict(const struct backup_job *job, struct step *step,
                              struct step *verdict)
{
    struct entry_copy opened = step->opened;
    if (job->flat) {
        struct buffer metadata = step->metadata;
        step->metadata = verdict->metadata;
        verdict->metadata = metadata;
        step->metadata_lost = verdict->metadata_lost;
    }
    step->opened = verdict->opened;
    verdict->opened = opened; /* the copies change places: no byte is moved */
    step->changed = verdict->changed;
    step->other = verdict->other;
    step->failed = verdict->failed;
    step->failure = verdict->failure;
}

/* An entry that is read on this thread. */
struct again {
    struct collect *c;
    struct step *step;
    struct item *item;
    struct error *e;
    bool failed;
};

static struct item *again_fresh(void *context, enum item_kind kind)
{
    struct again *again = context;
    if (again->failed || atomic_load(&again->c->job->failed))
        return NULL;
    item_reset(again->item);
    again->item->kind = kind;
    return again->item;
}

static void again_send(void *context, struct item *item)
{
    struct again *again = context;
    struct collect *c = again->c;
    backup_item_run(item);
    if (item->kind == ITEM_LARGE_AGAIN)
        content_builder_reset(c->content);
    else if (item->kind == ITEM_LARGE_END)
        step_take_verdict(c->job, again->step, &item->steps[0]);
    else if (collect_large_chunks(c, item, again->e) != 0)
        again->failed = true;
    item_drop_share(item);
}

/* Reads what no worker could: a file that became large, or a further name of content whose
 * first name was gone by the time it was to be read. */
static int collect_again(struct collect *c, struct step *step, struct error *e)
{
    struct again again = {.c = c, .step = step, .e = e};
    struct item_sink sink = {&again, again_fresh, again_send};
    again.item = calloc(1, sizeof(*again.item));
    if (!again.item)
        return error_no_memory(e, "a backup's items");
    again.item->job = c->job;
    content_builder_reset(c->content);
    int result = backup_stream(c->job, &c->job->collect_room, &step->found, &sink);
    item_free(again.item);
    if (again.failed || result != 0)
        return -1;
    step->kind = STEP_ENTRY;
    return collect_finish(c, step, e);
}

static int collect_entry(struct collect *c, const struct item *item, struct step *step,
                         struct error *e)
{
    if (step->outgrown && !step->failed)
        return collect_again(c, step, e);
    if (collect_pieces(c, item, step, e) != 0)
        return -1;
    return collect_finish(c, step, e);
}

/* A further name of content that was read before, or should have been. */
static int collect_link(struct collect *c, struct step *step, struct error *e)
{
    if (step->slot->failed)
        return collect_again(c, step, e);
    step->changed = step->slot->changed;
    return collect_add(c, step, &step->slot->content, step->slot->bytes, e);
}

static int collect_steps(struct collect *c, struct item *item, struct error *e)
{
    for (size_t i = 0; i < item->step_count; i++) {
        struct step *step = &item->steps[i];
        int result = 0;
        if (step->kind == STEP_KEEP || step->kind == STEP_DROP)
            result = collect_older(c, step, e);
        else if (step->kind == STEP_LINK)
            result = collect_link(c, step, e);
        else
            result = collect_entry(c, item, step, e);
        link_slot_release(step->slot);
        step->slot = NULL;
        if (result != 0)
            return -1;
    }
    return 0;
}

/* The step with the attributes of the large entry changes places with ours. */
static void collect_large_begin(struct collect *c, struct item *item)
{
    struct step mine = c->large;
    c->large = item->steps[0];
    item->steps[0] = mine;
    item->steps[0].slot = NULL;
    content_builder_reset(c->content);
}

static int collect_large_end(struct collect *c, struct item *item, struct error *e)
{
    step_take_verdict(c->job, &c->large, &item->steps[0]);
    int result = collect_finish(c, &c->large, e);
    link_slot_release(c->large.slot);
    c->large.slot = NULL;
    return result;
}

static int collect_item(struct collect *c, struct item *item, struct error *e)
{
    switch (item->kind) {
    case ITEM_ENTRIES:
        return collect_steps(c, item, e);
    case ITEM_LARGE_BEGIN:
        collect_large_begin(c, item);
        return 0;
    case ITEM_LARGE_CHUNKS:
        return collect_large_chunks(c, item, e);
    case ITEM_LARGE_AGAIN:
        content_builder_reset(c->content);
        return 0;
    case ITEM_LARGE_END:
        return collect_large_end(c, item, e);
    }
    return error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "an item of no kind");
}

static int collect_open(struct collect *c, struct error *e)
{
    struct backup_job *job = c->job;
    c->access = session_access(job->session);
    if (job->store) {
        c->older = store_access(job->store);
        c->cursor = tree_cursor_new(&c->older, &job->request->parent->root, e);
        if (!c->cursor)
            return -1;
    }
    c->content = content_builder_new(&c->access, e);
    if (!c->content)
        return -1;
    c->tree = tree_builder_new(&c->access, vault_node_key(job->request->vault), e);
    return c->tree ? 0 : -1;
}

static void collect_close(struct collect *c)
{
    tree_builder_free(c->tree);
    content_builder_free(c->content);
    tree_cursor_free(c->cursor);
    buffer_free(&c->further);
    entry_copy_free(&c->large.found);
    entry_copy_free(&c->large.opened);
    buffer_free(&c->large.metadata);
    link_slot_release(c->large.slot);
}

int backup_collect(struct backup_job *job, struct tree_root *root)
{
    struct collect c = {.job = job};
    struct error e = ERROR_INIT;
    struct item *item = NULL;

    if (collect_open(&c, &e) != 0)
        backup_fail(job, &e);
    while ((item = pipe_take(job->pipe))) {
        /* After a failure items are only sent round, so that the join can end. */
        if (!atomic_load(&job->failed) &&
            (collect_item(&c, item, &e) != 0 || backup_ask_room(job, &e) != 0))
            backup_fail(job, &e);
        /* Now, not when the item is used again: the join may be waiting for it. */
        item_drop_share(item);
        queue_put(job->free_items, item);
    }
    bool failed = atomic_load(&job->failed);
    if (!failed && tree_builder_finish(c.tree, root, &e) != 0) {
        backup_fail(job, &e);
        failed = true;
    }
    collect_close(&c);
    return failed ? -1 : 0;
}
