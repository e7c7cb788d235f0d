/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - a source, opened: walk it, read its entries, write entries back.
 *
 * The contract of <lagan/source.h> holds.  Collectors are called during the call they are given
 * to and must not call the same source.  When a collector refuses (a result other than
 * LAGAN_OK) the call fails with that class; the collector's own context knows more.
 *
 * Errors carry the driver's class and scope and a text that starts with "DRIVER: VERB: "; keys
 * are added by the caller, who knows how to show them.  A slot that the driver does not have is
 * UNSUPPORTED.  Walks, readers and writers are used by one thread at a time; different ones
 * may overlap, and the host serialises where the driver's thread model asks for it.
 */
#ifndef CORE_DRIVER_SOURCE_H
#define CORE_DRIVER_SOURCE_H

#include "driver/instance.h"

#include <lagan/source.h>

struct source;
struct walk;
struct entry_reader;
struct entry_writer;

enum { SOURCE_PLACE_SIZE = 1024 };

/* Opens `i` (ready; of a source driver; outlives the result).  `flags`: LAGAN_OPEN_READ_ONLY,
 * LAGAN_OPEN_RESTORE with or without LAGAN_OPEN_INITIALISE. */
struct source *source_open(struct instance *i, uint64_t flags, struct error *e);
/* All walks, readers and writers must be closed.  NULL is fine. */
void source_close(struct source *s);

/* As the driver answered once after open.  Valid as long as the source. */
const struct lagan_source_capabilities *source_capabilities(const struct source *s);
const struct driver *source_driver(const struct source *s);

/* Findings without side effects. */
int source_check(struct source *s, const struct lagan_finding_collector *findings,
                 struct error *e);
/* Bytes and entries below the root; either may be 0 = unknown. */
int source_estimate(struct source *s, uint64_t *bytes, uint64_t *entries, struct error *e);

/* The host's rules for a walk; see struct lagan_walk_request.  May be called from any thread.
 */
typedef enum lagan_selection source_select_function(void *context, const void *key,
                                                    size_t key_size, uint32_t type);

/* The pieces that came with an entry, or NULL; `*count` tells how many. */
const struct lagan_metadata *source_entry_pieces(const struct lagan_entry *entry,
                                                 size_t *count);
/* The one named `name` among them, or among any others that are sorted; NULL when absent. */
const struct lagan_metadata *source_find_piece(const struct lagan_metadata *pieces,
                                               size_t count, const char *name);

/* Starts a walk as `request` says, whose `size` is set here; what it points to is copied but
 * its select function, which is used until walk_close.  UNSUPPORTED where the source lacks the
 * capability for a flag or the prefix. */
struct walk *source_walk_begin(struct source *s, const struct lagan_walk_request *request,
                               struct error *e);
/* Starts a walk in key order.  `select` NULL = take all; it is used until walk_close.  `after`
 * NULL = from the beginning, else behind that key. */
struct walk *source_walk_open(struct source *s, source_select_function *select,
                              void *select_context, const void *after, size_t after_size,
                              struct error *e);
/* Hands over 1..`limit` entries, or none and `*ended` = true. */
int walk_next(struct walk *w, uint32_t limit, const struct lagan_entry_collector *entries,
              bool *ended, struct error *e);
/* NULL is fine. */
void walk_close(struct walk *w);

/* Opens an entry for reading and hands over its attributes as opened.  `id`: what the walk
 * said, size 0 = any.  Errors: NOT_FOUND when it vanished, CHANGED when it is another one by
 * now. */
struct entry_reader *source_entry_open(struct source *s, const void *key, size_t key_size,
                                       const void *id, size_t id_size,
                                       const struct lagan_entry_collector *attributes,
                                       struct error *e);
/* An entry that is going to be opened, as source_entry_open takes it, or, when its type has no
 * content, to be asked for its metadata, as source_metadata does. */
struct source_wish {
    const void *key;
    size_t key_size;
    const void *id; /* of one to be opened */
    size_t id_size;
    uint32_t type; /* enum lagan_entry_type */
};
/* Advice: `wishes` are what is asked for next, on this thread and in this order, and are small.
 * A driver in a process of its own (isolate.h) then reads them all in one go; others do
 * nothing. Entries that are not opened after all cost no more than that. */
void source_read_ahead(struct source *s, const struct source_wish *wishes, size_t count);
/* Fills `data` completely unless the end comes first; `*got` is 0 at or behind the end. */
int entry_reader_read(struct entry_reader *r, uint64_t offset, void *data, size_t size,
                      size_t *got, struct error *e);
/* Ranges of [offset, offset + length), at least one covering `offset`.  With a driver that does
 * not know holes: one range of DATA. */
int entry_reader_extents(struct entry_reader *r, uint64_t offset, uint64_t length,
                         const struct lagan_extent_collector *extents, struct error *e);
/* Frees the reader in any case.  `*changed`: the entry was changed since it was opened. */
int entry_reader_close(struct entry_reader *r, bool *changed, struct error *e);
/* As entry_reader_close, for clean-up: the verdict does not matter.  NULL is fine. */
void entry_reader_drop(struct entry_reader *r);

/* Further metadata of the entry that is being read; `key` is the one that it was opened with.
 */
int entry_reader_metadata(struct entry_reader *r, const void *key, size_t key_size,
                          uint32_t type, const struct lagan_metadata_collector *pieces,
                          struct error *e);

/* Further metadata of an entry of any type.  Nothing when the driver has none. */
int source_metadata(struct source *s, const void *key, size_t key_size, uint32_t type,
                    const struct lagan_metadata_collector *pieces, struct error *e);

/* What is there now; NOT_FOUND when nothing is. */
int source_entry_stat(struct source *s, const void *key, size_t key_size,
                      const struct lagan_entry_collector *attributes, struct error *e);
/* Starts a file under a temporary name.  `flags`: LAGAN_CREATE_...  `entry` need only last for
 * the call. */
struct entry_writer *source_entry_create(struct source *s, const struct lagan_entry *entry,
                                         uint64_t flags, struct error *e);
int entry_writer_write(struct entry_writer *w, uint64_t offset, const void *data, size_t size,
                       struct error *e);
/* Makes a range read as zeroes. */
int entry_writer_zero(struct entry_writer *w, uint64_t offset, uint64_t length,
                      struct error *e);
/* Applies length and metadata and gives the name.  Frees the writer, also on failure. */
int entry_writer_commit(struct entry_writer *w, const struct lagan_metadata *pieces,
                        size_t count, const struct lagan_metadata_collector *lost,
                        struct error *e);
/* Leaves no trace and frees the writer.  NULL is fine. */
void entry_writer_abort(struct entry_writer *w);
/* Creates what has no content. */
int source_node_create(struct source *s, const struct lagan_entry *entry, uint64_t flags,
                       const struct lagan_metadata *pieces, size_t count,
                       const struct lagan_metadata_collector *lost, struct error *e);
/* Gives a directory its attributes once all below it is done. */
int source_directory_finish(struct source *s, const struct lagan_entry *entry, uint64_t flags,
                            const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost, struct error *e);
/* Makes `key` a further name of `existing`. */
int source_link_create(struct source *s, const void *key, size_t key_size, const void *existing,
                       size_t existing_size, uint64_t flags, struct error *e);

/* Whether two names of places (source_place_name) are of one store, within which
 * source_entry_copy works. */
bool source_same_store(const char *place, const char *other);
/* Where entries are, with a terminator, into `name` of SOURCE_PLACE_SIZE bytes; UNSUPPORTED. */
int source_place_name(struct source *s, char *name, struct error *e);
/* What to copy within a store. */
struct source_original {
    const char *place; /* as source_place_name has it */
    const void *key;
    size_t key_size;
    const void *id; /* as the walk said; size 0 = any */
    size_t id_size;
};
/* Makes `entry` out of what is in the same store already.  `flags`: LAGAN_CREATE_...  `made`:
 * its `lost` as everywhere, its `add` gets facts of the copy; both may be NULL, and so may it.
 * UNSUPPORTED: read and write instead. */
int source_entry_copy(struct source *s, const struct source_original *from,
                      const struct lagan_entry *entry, uint64_t flags,
                      const struct lagan_metadata *pieces, size_t count,
                      const struct lagan_metadata_collector *made, struct error *e);
/* Removes an entry, or marks it as deleted where versions are kept; fine when it is absent. */
int source_entry_remove(struct source *s, const void *key, size_t key_size, struct error *e);

#endif
