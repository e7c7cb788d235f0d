/* SPDX-License-Identifier: Apache-2.0 */
/* drill_compare.c - joins a backup's tree with what was restored of it. */
#include "engine/drill_private.h"

#include "driver/operation.h"
#include "engine/entry_copy.h"
#include "engine/key_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 64, ZEROES_AT_A_TIME = 256 << 10 };

/* The state of the join. */
struct join {
    struct drill_compare *c;
    struct chunk_access access;
    struct hash digest;
    struct walk *walk;
    struct entry_copy *batch;
    size_t batch_count, batch_next;
    bool ended;
    struct tree_cursor *cursor;
    const struct tree_entry *wanted; /* NULL at the end */
    struct buffer data;              /* one piece of content */
    struct buffer wanted_metadata, there_metadata;
};

bool drill_takes(const struct drill_sample *sample, const struct tree_entry *entry)
{
    struct hash h;
    struct reader ignored;
    uint8_t digest[HASH_SIZE];
    if (tree_further_find(entry, TREE_FURTHER_ERROR, &ignored))
        return false;
    if (sample->percent >= 100)
        return true;
    hash_begin(&h);
    hash_update(&h, sample->seed, HASH_SIZE);
    hash_update(&h, entry->key, entry->key_size);
    hash_finish(&h, digest);
    return (digest[0] * 256U + digest[1]) % 100 < sample->percent;
}

/* ---- what differs ---- */

static void differ(struct join *j, const void *key, size_t key_size, const char *what)
{
    struct drill_compare *c = j->c;
    struct job_problem problem = {key, key_size, LAGAN_CORRUPT, what, false};
    char name[KEY_LINE_SIZE];
    if (c->differences++ == 0) {
        key_line(name, key, key_size);
        snprintf(c->detail, sizeof(c->detail), "%.500s %.200s", name, what);
    }
    if (c->reporter && c->reporter->problem)
        c->reporter->problem(c->reporter->context, &problem);
}

/* The first attribute that differs, in words; NULL = none does. */
static const char *attribute(const struct join *j, const struct tree_entry *wanted,
                             const struct lagan_entry *there)
{
    uint64_t both = wanted->present & there->present;
    if (wanted->type != there->type)
        return "is of another type";
    if (entry_has_content(wanted->type) && wanted->bytes != there->bytes)
        return "has another length";
    if ((both & LAGAN_HAS_MODE) && wanted->mode != there->mode)
        return "has other permissions";
    if (j->c->owners && (both & LAGAN_HAS_OWNER) &&
        (wanted->user != there->user || wanted->group != there->group))
        return "has another owner";
    if ((both & LAGAN_HAS_MTIME) &&
        (wanted->mtime_s != there->mtime_s || wanted->mtime_ns != there->mtime_ns))
        return "has another time of change";
    return NULL;
}

static const char *special(const struct tree_entry *wanted, const struct lagan_entry *there)
{
    struct reader value;
    if (wanted->type == LAGAN_ENTRY_SYMLINK &&
        tree_further_find(wanted, TREE_FURTHER_LINK, &value) &&
        (value.left != there->link_size || memcmp(value.next, there->link, value.left) != 0))
        return "leads elsewhere";
    if ((wanted->type == LAGAN_ENTRY_CHARACTER || wanted->type == LAGAN_ENTRY_BLOCK) &&
        tree_further_find(wanted, TREE_FURTHER_DEVICE, &value) &&
        (reader_u32(&value) != there->device_major ||
         reader_u32(&value) != there->device_minor))
        return "is another device";
    return NULL;
}

/* ---- metadata ---- */

/* Only root can give all of it back, and systems set some of it by themselves. */
static bool metadata_counts(uint64_t kind, const char *name, size_t size)
{
    if (kind != LAGAN_METADATA_XATTR)
        return kind != LAGAN_METADATA_FLAGS;
    if (geteuid() == 0)
        return true;
    return !(size > 9 && memcmp(name, "security.", 9) == 0) &&
           !(size > 8 && memcmp(name, "trusted.", 8) == 0);
}

static void metadata_append(struct buffer *out, uint64_t kind, const void *name,
                            size_t name_size, const void *value, size_t value_size)
{
    if (!metadata_counts(kind, name, name_size))
        return;
    buffer_append_varint(out, kind);
    buffer_append_counted(out, name, name_size);
    buffer_append_counted(out, value, value_size);
}

static uint32_t metadata_add(void *context, const struct lagan_metadata *piece)
{
    struct join *j = context;
    metadata_append(&j->there_metadata, piece->kind, piece->name, piece->name_size,
                    piece->value, piece->value_size);
    return LAGAN_OK;
}

static void metadata_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    (void)name;
    (void)reason; /* what is not there differs */
}

static int metadata_wanted(struct join *j, const struct tree_entry *wanted, struct error *e)
{
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;
    if (entry_metadata_fetch(&j->access, wanted, &bytes, e) != 0)
        return -1;
    struct reader r = reader_of(bytes.data, bytes.size);
    while (r.left > 0 && !r.failed) {
        size_t name_size = 0, value_size = 0;
        uint64_t kind = reader_varint(&r);
        const uint8_t *name = reader_counted(&r, &name_size);
        const uint8_t *value = reader_counted(&r, &value_size);
        if (!r.failed)
            metadata_append(&j->wanted_metadata, kind, name, name_size, value, value_size);
    }
    return r.failed
               ? error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "its attributes are malformed")
               : buffer_check(&j->wanted_metadata, e);
}

/* `*equal`: the metadata is, or the backup does not have all of it. */
static int compare_metadata(struct join *j, const struct tree_entry *wanted, bool *equal,
                            struct error *e)
{
    struct lagan_metadata_collector pieces = {j, metadata_add, metadata_lost};
    struct reader value;
    uint32_t warnings = 0;
    buffer_clear(&j->wanted_metadata);
    buffer_clear(&j->there_metadata);
    if (tree_further_find(wanted, TREE_FURTHER_WARNINGS, &value))
        warnings = reader_u32(&value);
    if (metadata_wanted(j, wanted, e) != 0 ||
        source_metadata(j->c->place, wanted->key, wanted->key_size, wanted->type, &pieces, e) !=
            0 ||
        buffer_check(&j->there_metadata, e) != 0)
        return -1;
    *equal = (warnings & TREE_WARNING_METADATA_LOST) ||
             (j->wanted_metadata.size == j->there_metadata.size &&
              (j->wanted_metadata.size == 0 ||
               memcmp(j->wanted_metadata.data, j->there_metadata.data,
                      j->wanted_metadata.size) == 0));
    return 0;
}

/* ---- content ---- */

/* Reads `size` bytes at `offset` into the join's data; `*got` may be less at the end. */
static int read_piece(struct join *j, struct entry_reader *reader, uint64_t offset, size_t size,
                      size_t *got, struct error *e)
{
    buffer_clear(&j->data);
    uint8_t *room = buffer_reserve(&j->data, size);
    if (!room)
        return error_no_memory(e, "content of a file");
    if (entry_reader_read(reader, offset, room, size, got, e) != 0)
        return -1;
    j->data.size = *got;
    j->c->bytes += *got;
    return operation_check(e);
}

static bool is_zero(const uint8_t *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static int compare_hole(struct join *j, struct entry_reader *reader, uint64_t offset,
                        uint64_t bytes, bool *equal, struct error *e)
{
    while (*equal && bytes > 0) {
        size_t size = bytes < ZEROES_AT_A_TIME ? (size_t)bytes : ZEROES_AT_A_TIME;
        size_t got = 0;
        if (read_piece(j, reader, offset, size, &got, e) != 0)
            return -1;
        *equal = got == size && is_zero(j->data.data, got);
        offset += size;
        bytes -= size;
    }
    return 0;
}

static int compare_record(struct join *j, struct entry_reader *reader, uint64_t offset,
                          const struct chunk_record *record, bool *equal, struct error *e)
{
    struct chunk_id id;
    size_t got = 0;
    hash_update(&j->digest, record->id.bytes, sizeof(record->id.bytes));
    if (chunk_is_hole(&record->id))
        return compare_hole(j, reader, offset, record->bytes, equal, e);
    if (read_piece(j, reader, offset, (size_t)record->bytes, &got, e) != 0)
        return -1;
    *equal = got == record->bytes;
    if (!*equal)
        return 0;
    vault_chunk_identify(j->c->vault, CHUNK_DATA, j->data.data, got, &id);
    *equal = memcmp(id.bytes, record->id.bytes, sizeof(id.bytes)) == 0;
    return 0;
}

static int compare_records(struct join *j, const struct tree_entry *wanted,
                           struct entry_reader *reader, bool *equal, struct error *e)
{
    struct chunk_record record;
    uint64_t offset = 0;
    size_t more = 0;
    int got = 0;
    struct content_cursor *cursor = content_cursor_new(&j->access, &wanted->content, e);
    if (!cursor)
        return -1;
    *equal = true;
    while (*equal && (got = content_cursor_next(cursor, &record, e)) > 0) {
        if (compare_record(j, reader, offset, &record, equal, e) != 0) {
            got = -1;
            break;
        }
        offset += record.bytes;
    }
    content_cursor_free(cursor);
    if (got < 0)
        return -1;
    if (*equal && read_piece(j, reader, offset, 1, &more, e) != 0)
        return -1;
    *equal = *equal && more == 0;
    return 0;
}

static int compare_content(struct join *j, const struct tree_entry *wanted, bool *equal,
                           struct error *e)
{
    struct entry_copy opened = {0};
    struct lagan_entry_collector collector = entry_copy_collector(&opened);
    struct entry_reader *reader =
        source_entry_open(j->c->place, wanted->key, wanted->key_size, NULL, 0, &collector, e);
    int result = reader ? compare_records(j, wanted, reader, equal, e) : -1;
    entry_reader_drop(reader);
    entry_copy_free(&opened);
    return result;
}

/* ---- the join ---- */

static void digest_number(struct join *j, uint64_t number)
{
    uint8_t bytes[8];
    store_u64(bytes, number);
    hash_update(&j->digest, bytes, sizeof(bytes));
}

static void digest_bytes(struct join *j, const void *data, size_t size)
{
    digest_number(j, size);
    if (size > 0)
        hash_update(&j->digest, data, size);
}

/* What is there becomes evidence. */
static void digest_entry(struct join *j, const struct lagan_entry *there)
{
    digest_bytes(j, there->key, there->key_size);
    digest_number(j, there->type);
    digest_number(j, there->present & LAGAN_HAS_MODE ? there->mode : 0);
    digest_number(j, there->present & LAGAN_HAS_MTIME ? (uint64_t)there->mtime_s : 0);
    digest_number(j, there->present & LAGAN_HAS_MTIME ? there->mtime_ns : 0);
    digest_number(j, entry_has_content(there->type) ? there->bytes : 0);
    digest_bytes(j, there->link, there->type == LAGAN_ENTRY_SYMLINK ? there->link_size : 0);
    digest_bytes(j, j->there_metadata.data, j->there_metadata.size);
}

/* Why one entry cannot be compared is a difference of it; more than that ends the drill. */
static int judge(struct join *j, const struct tree_entry *wanted, const struct error *why,
                 struct error *e)
{
    char text[ERROR_TEXT_SIZE];
    if (job_error_ends(why)) {
        *e = *why;
        return -1;
    }
    snprintf(text, sizeof(text), "cannot be read back: %.700s", why->text);
    differ(j, wanted->key, wanted->key_size, text);
    return 0;
}

static int compare_entry(struct join *j, const struct tree_entry *wanted,
                         const struct lagan_entry *there, struct error *e)
{
    struct error why = ERROR_INIT;
    bool equal = true;
    const char *what = attribute(j, wanted, there);
    if (!what)
        what = special(wanted, there);
    j->c->entries++;
    if (compare_metadata(j, wanted, &equal, &why) != 0)
        return judge(j, wanted, &why, e);
    if (!what && !equal)
        what = "has other attributes";
    digest_entry(j, there);
    if (!what && entry_has_content(wanted->type)) {
        if (compare_content(j, wanted, &equal, &why) != 0)
            return judge(j, wanted, &why, e);
        what = equal ? NULL : "has other content";
    }
    if (what)
        differ(j, wanted->key, wanted->key_size, what);
    return 0;
}

static uint32_t batch_add(void *context, const struct lagan_entry *entry)
{
    struct join *j = context;
    struct error ignored;
    if (j->batch_count >= BATCH)
        return LAGAN_INVALID;
    if (entry_copy_set(&j->batch[j->batch_count], entry, &ignored) != 0)
        return LAGAN_INTERNAL;
    j->batch_count++;
    return LAGAN_OK;
}

/* The entry that is there next; NULL at the end. */
static int there_now(struct join *j, const struct lagan_entry **there, struct error *e)
{
    struct lagan_entry_collector collector = {.context = j, .add = batch_add};
    if (j->batch_next == j->batch_count && !j->ended) {
        j->batch_next = j->batch_count = 0;
        if (walk_next(j->walk, BATCH, &collector, &j->ended, e) != 0 || operation_check(e) != 0)
            return -1;
    }
    *there = j->batch_next < j->batch_count ? &j->batch[j->batch_next].entry : NULL;
    return 0;
}

static int wanted_next(struct join *j, struct error *e)
{
    int got = tree_cursor_next(j->cursor, &j->wanted, e);
    if (got == 0)
        j->wanted = NULL;
    return got < 0 ? -1 : 0;
}

static int step_both(struct join *j, const struct lagan_entry *there, struct error *e)
{
    const struct tree_entry *wanted = j->wanted;
    j->batch_next++;
    if (drill_takes(&j->c->sample, wanted) && compare_entry(j, wanted, there, e) != 0)
        return -1;
    return wanted_next(j, e);
}

static int step(struct join *j, const struct lagan_entry *there, struct error *e)
{
    int order = !there       ? -1
                : !j->wanted ? 1
                             : tree_key_compare(j->wanted->key, j->wanted->key_size, there->key,
                                                there->key_size);
    if (order == 0)
        return step_both(j, there, e);
    if (order > 0) {
        differ(j, there->key, there->key_size, "is there, but not in the backup");
        j->batch_next++;
        return 0;
    }
    if (drill_takes(&j->c->sample, j->wanted)) {
        j->c->entries++;
        differ(j, j->wanted->key, j->wanted->key_size, "is missing");
    }
    return wanted_next(j, e);
}

static int join_open(struct join *j, struct error *e)
{
    j->access = store_access(j->c->store);
    j->batch = calloc(BATCH, sizeof(*j->batch));
    if (!j->batch)
        return error_no_memory(e, "a walk");
    j->cursor = tree_cursor_new(&j->access, &j->c->seal->root, e);
    if (!j->cursor || wanted_next(j, e) != 0)
        return -1;
    j->walk = source_walk_open(j->c->place, NULL, NULL, NULL, 0, e);
    return j->walk ? 0 : -1;
}

static void join_close(struct join *j)
{
    walk_close(j->walk);
    tree_cursor_free(j->cursor);
    for (size_t i = 0; j->batch && i < BATCH; i++)
        entry_copy_free(&j->batch[i]);
    free(j->batch);
    buffer_free(&j->data);
    buffer_free(&j->wanted_metadata);
    buffer_free(&j->there_metadata);
}

int drill_compare_run(struct drill_compare *c, struct error *e)
{
    struct join j = {.c = c};
    const struct lagan_entry *there = NULL;
    hash_begin(&j.digest);
    int result = join_open(&j, e);
    while (result == 0 && (result = there_now(&j, &there, e)) == 0 && (there || j.wanted))
        result = step(&j, there, e);
    hash_finish(&j.digest, c->digest);
    join_close(&j);
    return result;
}
