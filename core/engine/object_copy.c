/* SPDX-License-Identifier: Apache-2.0 */
/* object_copy.c - one object copied, by the rules for names that are taken and for changes. */
#include "engine/object_private.h"

#include "base/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RENAMES = 1000, LOOK_WORTH_BYTES = 1 << 20, TRIES = 2 };

void object_copied_free(struct object_copied *copied)
{
    if (copied)
        buffer_free(&copied->to_key);
}

int64_t object_time_ns(const struct lagan_entry *entry)
{
    int64_t ns;
    if (!(entry->present & LAGAN_HAS_MTIME) ||
        __builtin_mul_overflow(entry->mtime_s, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, (int64_t)entry->mtime_ns, &ns))
        return INT64_MIN;
    return ns;
}

int object_look(struct source *from, const void *key, size_t key_size,
                const struct lagan_entry_collector *collector, struct error *e)
{
    struct entry_reader *reader = source_entry_open(from, key, key_size, NULL, 0, collector, e);
    if (!reader)
        return -1;
    entry_reader_drop(reader);
    return 0;
}

/* ---- what is the same ---- */

static const struct lagan_metadata *piece_of(const struct lagan_entry *entry, const char *name)
{
    size_t count;
    const struct lagan_metadata *pieces = source_entry_pieces(entry, &count);
    return source_find_piece(pieces, count, name);
}

/* Both tell of a hash of the whole content in one way, and it is another one. */
static bool etags_differ(const struct lagan_entry *a, const struct lagan_entry *b)
{
    enum { MD5_DIGITS = 32 };
    const struct lagan_metadata *one = piece_of(a, LAGAN_FACT_ETAG);
    const struct lagan_metadata *other = piece_of(b, LAGAN_FACT_ETAG);
    if (!one || !other || one->value_size != MD5_DIGITS || other->value_size != MD5_DIGITS)
        return false;
    return strncasecmp(one->value, other->value, MD5_DIGITS) != 0;
}

bool object_may_be_same(const struct lagan_entry *entry, const struct lagan_entry *there)
{
    if (entry->type == LAGAN_ENTRY_SYMLINK)
        return there->type == LAGAN_ENTRY_SYMLINK && entry->link_size == there->link_size &&
               memcmp(entry->link, there->link, entry->link_size) == 0;
    return entry_has_content(entry->type) && entry_has_content(there->type) &&
           !(entry->flags & LAGAN_ENTRY_STREAM) && entry->bytes == there->bytes &&
           !etags_differ(entry, there);
}

bool object_is_same(const struct object_ends *ends, const struct lagan_entry *entry,
                    const struct lagan_entry *there)
{
    int64_t changed = object_time_ns(entry), made = object_time_ns(there);
    if (!object_may_be_same(entry, there))
        return false;
    if (entry->type == LAGAN_ENTRY_SYMLINK)
        return true;
    if (changed == INT64_MIN || made == INT64_MIN)
        return false;
    return ends->to_flat ? made - OBJECT_ROUNDED_NS > changed : made == changed;
}

/* ---- a copy at work ---- */

struct lagan_entry object_work_target(const struct object_work *work)
{
    const struct lagan_entry *from =
        work->source.copy.entry.size ? &work->source.copy.entry : work->entry;
    struct lagan_entry target = *from;
    target.size = sizeof(target);
    target.key = work->copied->to_key.data;
    target.key_size = work->copied->to_key.size;
    target.id_size = target.stamp_size = 0;
    target.flags = 0;
    target.bytes = work->bytes;
    target.present |= LAGAN_HAS_BYTES;
    target.pieces = NULL;
    target.piece_count = 0;
    if (entry_has_content(target.type))
        target.type = work->ends->to_flat ? LAGAN_ENTRY_OBJECT : LAGAN_ENTRY_FILE;
    return target;
}

/* Of files it is what has the name now that counts: programs save by renaming. */
size_t object_work_id_size(const struct object_work *work)
{
    return work->ends->from_flat ? work->entry->id_size : 0;
}

static uint32_t work_add(void *context, const struct lagan_metadata *piece)
{
    struct object_work *work = context;
    return object_pieces_set(&work->facts, piece, &work->source.error) == 0 ? LAGAN_OK
                                                                            : LAGAN_INTERNAL;
}

static void work_lost(void *context, const char *name, const char *reason)
{
    struct object_work *work = context;
    work->copied->lost++;
    snprintf(work->copied->lost_why, sizeof(work->copied->lost_why), "%s: %s", name, reason);
}

struct lagan_metadata_collector object_work_collector(struct object_work *work)
{
    return (struct lagan_metadata_collector){work, work_add, work_lost};
}

static void work_clear(struct object_work *work)
{
    object_seen_free(&work->source);
    object_pieces_free(&work->chosen);
    object_pieces_free(&work->facts);
    work->source = (struct object_seen){0};
}

/* ---- conditions ---- */

static bool has_conditions(const struct object_conditions *c)
{
    return c->if_match || c->if_none_match || c->modified_since_ns || c->unmodified_since_ns;
}

static bool is_etag(const char *etag, const char *wanted)
{
    size_t size = strlen(wanted);
    if (size >= 2 && wanted[0] == '"' && wanted[size - 1] == '"')
        return strlen(etag) == size - 2 && memcmp(etag, wanted + 1, size - 2) == 0;
    return strcmp(etag, wanted) == 0;
}

static const char *unmet(const struct object_conditions *c, const char *etag, int64_t time_ns)
{
    if (c->if_match && !is_etag(etag, c->if_match))
        return "its ETag is another one";
    if (c->if_none_match && is_etag(etag, c->if_none_match))
        return "its ETag is the one that was not wanted";
    if (c->modified_since_ns && time_ns <= c->modified_since_ns)
        return "it was not changed since";
    if (c->unmodified_since_ns && time_ns > c->unmodified_since_ns)
        return "it was changed since";
    return NULL;
}

/* What the walk said may be told without looking; an ETag that it did not say must be got. */
static int check_conditions(struct object_work *work, struct error *e)
{
    const struct object_conditions *c = &work->options->conditions;
    struct lagan_entry_collector seen = object_seen_collector(&work->source);
    char etag[160];
    if (!has_conditions(c))
        return 0;
    if (object_look(work->ends->from.source, work->entry->key, work->entry->key_size, &seen,
                    e) != 0)
        return -1;
    object_pieces_text(&work->source.pieces, LAGAN_FACT_ETAG, etag, sizeof(etag));
    const char *why = unmet(c, etag, object_time_ns(&work->source.copy.entry));
    work_clear(work);
    return why ? error_set(e, LAGAN_PRECONDITION, ERROR_FAILED, "not copied: %s", why) : 0;
}

/* ---- by the store ---- */

/* What leaves something of the original out has to be told all of what stays. */
static bool chooses(const struct object_copy_options *options)
{
    return options->without_acl || options->without_class;
}

static int look_at_original(struct object_work *work, struct error *e)
{
    const struct lagan_entry *entry = work->entry;
    struct lagan_entry_collector seen = object_seen_collector(&work->source);
    if (entry_copy_set(&work->source.copy, entry, e) != 0 ||
        object_pieces_of(&work->source.pieces, entry, e) != 0)
        return -1;
    if (!chooses(work->options) || work->options->replace_pieces)
        return 0;
    return object_look(work->ends->from.source, entry->key, entry->key_size, &seen, e);
}

static int copy_by_store(struct object_work *work, struct error *e)
{
    const struct lagan_entry *entry = work->entry;
    const struct lagan_metadata_collector made = object_work_collector(work);
    const struct source_original from = {work->ends->place, entry->key, entry->key_size,
                                         entry->id, object_work_id_size(work)};
    bool keep = !work->options->replace_pieces && !chooses(work->options);
    struct object_copy_options only_given = *work->options;
    only_given.replace_pieces = keep || work->options->replace_pieces;
    if (look_at_original(work, e) != 0 ||
        object_pieces_choose(work->ends, &work->source.pieces, entry, &only_given,
                             &work->chosen, e) != 0)
        return -1;
    work->bytes = work->source.copy.entry.bytes;
    struct lagan_entry target = object_work_target(work);
    return source_entry_copy(work->ends->to.source, &from, &target,
                             work->flags | (keep ? LAGAN_CREATE_KEEP_PIECES : 0),
                             work->chosen.items, work->chosen.count, &made, e);
}

/* ---- the copy ---- */

static void note_facts(struct object_work *work)
{
    struct object_copied *copied = work->copied;
    object_pieces_text(&work->facts, LAGAN_FACT_ETAG, copied->to_etag, sizeof(copied->to_etag));
    object_pieces_text(&work->facts, LAGAN_FACT_VERSION, copied->to_version,
                       sizeof(copied->to_version));
    object_pieces_text(&work->source.pieces, LAGAN_FACT_VERSION, copied->from_version,
                       sizeof(copied->from_version));
    copied->bytes = work->bytes;
    if (copied->from_version[0] || !work->ends->from_flat)
        return;
    struct object_name name = object_name_of(work->entry->key, work->entry->key_size);
    snprintf(copied->from_version, sizeof(copied->from_version), "%.*s", (int)name.version_size,
             name.version);
}

/* Makes it once, one way or the other. */
static int make(struct object_work *work, struct error *e)
{
    work_clear(work);
    work->copied->by_store = work->ends->one_store;
    int result = work->ends->one_store ? copy_by_store(work, e) : object_stream(work, e);
    if (result != 0 && work->ends->one_store && e->error_class == LAGAN_UNSUPPORTED) {
        work_clear(work);
        work->copied->by_store = false;
        *e = ERROR_INIT;
        result = object_stream(work, e);
    }
    if (result == 0)
        note_facts(work);
    return result;
}

/* What is not equal must not be taken for a copy. */
static int make_and_verify(struct object_work *work, struct error *e)
{
    struct source *to = work->ends->to.source;
    struct error why = ERROR_INIT;
    int result = -1;
    for (int i = 0; i < TRIES && result != 0; i++) {
        *e = ERROR_INIT;
        result = make(work, e);
        /* A file that is written to is read once more; a pinned object stays another one. */
        if (result != 0 && (e->error_class != LAGAN_CHANGED || work->ends->from_flat))
            return -1;
    }
    if (result != 0)
        return -1;
    if (object_verify(work, e) == 0)
        return 0;
    if (e->error_class != LAGAN_CORRUPT || !source_capabilities(to)->remove)
        return -1;
    if (source_entry_remove(to, work->copied->to_key.data, work->copied->to_key.size, &why) !=
        0)
        error_context(e, "it could not be removed again (%.200s)", why.text);
    return -1;
}

/* ---- names that are taken ---- */

/* What is there now: 1, 0 nothing, -1. */
static int look_there(struct object_work *work, struct object_seen *seen, struct error *e)
{
    struct lagan_entry_collector collector = object_seen_collector(seen);
    const struct buffer *key = &work->copied->to_key;
    if (work->options->looked) {
        const struct lagan_entry *there = work->options->there;
        if (there && collector.add(collector.context, there) != LAGAN_OK) {
            *e = seen->error;
            return -1;
        }
        return there ? 1 : 0;
    }
    if (source_entry_stat(work->ends->to.source, key->data, key->size, &collector, e) == 0)
        return 1;
    return e->error_class == LAGAN_NOT_FOUND ? 0 : -1;
}

static bool must_look(const struct object_work *work)
{
    enum object_exists rule = work->options->exists;
    if (rule == OBJECT_EXISTS_NEWER || (work->options->looked && rule != OBJECT_EXISTS_RENAME))
        return true;
    return (rule == OBJECT_EXISTS_NEVER || rule == OBJECT_EXISTS_FAIL) &&
           work->entry->bytes >= LOOK_WORTH_BYTES;
}

static int taken(const struct object_work *work, struct error *e)
{
    (void)work;
    return error_set(e, LAGAN_EXISTS, ERROR_CONFLICT, "the destination has it already");
}

enum object_outcome object_would(const struct object_ends *ends, enum object_exists rule,
                                 const struct lagan_entry *entry,
                                 const struct lagan_entry *there)
{
    if (!there)
        return OBJECT_OUTCOME_COPIED;
    if (rule == OBJECT_EXISTS_NEVER)
        return OBJECT_OUTCOME_KEPT;
    if (object_is_same(ends, entry, there))
        return OBJECT_OUTCOME_SAME;
    bool younger = object_time_ns(entry) < object_time_ns(there);
    return rule == OBJECT_EXISTS_NEWER && younger ? OBJECT_OUTCOME_KEPT : OBJECT_OUTCOME_COPIED;
}

/* Whether it is to be made: 1, 0 with the outcome, -1. */
static int decide(struct object_work *work, struct error *e)
{
    struct object_seen there = {0};
    int found = must_look(work) ? look_there(work, &there, e) : 0;
    int verdict = 1;
    if (found < 0)
        verdict = -1;
    else if (found > 0 && work->options->exists == OBJECT_EXISTS_FAIL)
        verdict = taken(work, e);
    else if (found > 0) {
        there.copy.entry.pieces = there.pieces.items;
        there.copy.entry.piece_count = there.pieces.count;
        work->copied->outcome =
            object_would(work->ends, work->options->exists, work->entry, &there.copy.entry);
        verdict = work->copied->outcome == OBJECT_OUTCOME_COPIED;
    }
    object_seen_free(&there);
    return verdict;
}

/* "a/b.c" becomes "a/b (2).c". */
static int number_name(const struct buffer *first, unsigned number, bool flat,
                       struct buffer *key, struct error *e)
{
    char text[24];
    size_t dot = first->size, start = first->size;
    while (start > 0 && first->data[start - 1] != (flat ? '/' : 0))
        start--;
    for (size_t at = first->size; at > start + 1; at--)
        if (first->data[at - 1] == '.') {
            dot = at - 1;
            break;
        }
    snprintf(text, sizeof(text), " (%u)", number);
    buffer_clear(key);
    buffer_append(key, first->data, dot);
    buffer_append(key, text, strlen(text));
    buffer_append(key, first->data + dot, first->size - dot);
    return buffer_check(key, e);
}

static int make_renamed(struct object_work *work, struct error *e)
{
    struct buffer first CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer *key = &work->copied->to_key;
    buffer_append(&first, key->data, key->size);
    int result = buffer_check(&first, e) == 0 ? make_and_verify(work, e) : -1;
    for (unsigned number = 2; number <= RENAMES && result != 0; number++) {
        if (e->error_class != LAGAN_EXISTS ||
            number_name(&first, number, work->ends->to_flat, key, e) != 0)
            return -1;
        *e = ERROR_INIT;
        result = make_and_verify(work, e);
    }
    return result;
}

static int copy_content(struct object_work *work, struct error *e)
{
    enum object_exists rule = work->options->exists;
    int wanted = check_conditions(work, e) == 0 ? decide(work, e) : -1;
    if (wanted <= 0)
        return wanted;
    *e = ERROR_INIT;
    work->copied->outcome = OBJECT_OUTCOME_COPIED;
    if (rule == OBJECT_EXISTS_RENAME)
        return make_renamed(work, e);
    if (rule == OBJECT_EXISTS_OVERWRITE || rule == OBJECT_EXISTS_NEWER)
        work->flags |= LAGAN_CREATE_REPLACE;
    if (make_and_verify(work, e) == 0)
        return 0;
    if (e->error_class != LAGAN_EXISTS || rule != OBJECT_EXISTS_NEVER)
        return -1;
    *e = ERROR_INIT;
    work->copied->outcome = OBJECT_OUTCOME_KEPT;
    return 0;
}

/* ---- what has no content ---- */

static int copy_node(struct object_work *work, struct error *e)
{
    const struct lagan_metadata_collector made = object_work_collector(work);
    if (work->ends->to_flat)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED,
                         "the destination has no place for what has no content");
    if (work->options->exists == OBJECT_EXISTS_OVERWRITE)
        work->flags |= LAGAN_CREATE_REPLACE;
    struct lagan_entry target = object_work_target(work);
    target.present &= ~LAGAN_HAS_BYTES;
    work->copied->outcome = OBJECT_OUTCOME_COPIED;
    return source_node_create(work->ends->to.source, &target, work->flags, NULL, 0, &made, e);
}

static int mark(struct object_work *work, struct error *e)
{
    const struct buffer *key = &work->copied->to_key;
    work->copied->outcome = OBJECT_OUTCOME_MARKED;
    return source_entry_remove(work->ends->to.source, key->data, key->size, e);
}

/* The empty object "photos/", by which consoles show a folder, is one in a tree. */
static bool is_folder_mark(const struct object_ends *ends, const struct lagan_entry *entry)
{
    const uint8_t *key = entry->key;
    struct object_name name = object_name_of(entry->key, entry->key_size);
    return ends->from_flat && !ends->to_flat && entry->bytes == 0 && name.key_size > 1 &&
           key[name.key_size - 1] == '/' && (entry->present & LAGAN_HAS_BYTES);
}

static int make_folder_mark(struct object_work *work, struct error *e)
{
    struct object_name name = object_name_of(work->entry->key, work->entry->key_size);
    struct object_copied *copied = work->copied;
    if (object_target_key(work->ends, name.key, name.key_size - 1, work->options,
                          &copied->to_key, e) != 0)
        return -1;
    copied->outcome = OBJECT_OUTCOME_COPIED;
    /* As if something lay in it. */
    buffer_append(&copied->to_key, "\0.", 2);
    int result = buffer_check(&copied->to_key, e);
    if (result == 0)
        result = object_ends_folders(work->ends, copied->to_key.data, copied->to_key.size, e);
    copied->to_key.size -= copied->to_key.size > 2 ? 2 : 0;
    return result;
}

static int copy_any(struct object_work *work, struct error *e)
{
    const struct lagan_entry *entry = work->entry;
    struct buffer *key = &work->copied->to_key;
    if (is_folder_mark(work->ends, entry))
        return make_folder_mark(work, e);
    if (object_target_key(work->ends, entry->key, entry->key_size, work->options, key, e) != 0)
        return -1;
    if (entry->type == LAGAN_ENTRY_MARKER)
        return mark(work, e);
    if (!work->ends->to_flat && object_ends_folders(work->ends, key->data, key->size, e) != 0)
        return -1;
    return entry_has_content(entry->type) ? copy_content(work, e) : copy_node(work, e);
}

int object_copy(struct object_ends *ends, const struct lagan_entry *entry,
                const struct object_copy_options *options, struct object_copied *copied,
                struct error *e)
{
    struct object_work work = {
        .ends = ends, .options = options, .entry = entry, .copied = copied};
    OBJECT_CHECK(ends, OBJECT_ENDS_MAGIC);
    ASSERT(ends->to.source);
    int result = copy_any(&work, e);
    work_clear(&work);
    return result;
}
