/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h - a source in memory for tests: entries that come from a formula, or those that a
 * restore has written.
 *
 * A view is a sorted list of entries that are reached by their index; 0 is the root.  There are
 * two: the formula's (generate.c), which needs no memory for its entries, and the store's
 * (store.c).
 */
#ifndef SRC_MEM_MEM_H
#define SRC_MEM_MEM_H

#include <lagan/source.h>
#include <pthread.h>
#include <stdbool.h>

enum { MEM_FAN = 64, MEM_STAMP_BYTES = 16, MEM_ID_BYTES = 8 };

/* An entry with room for what it points to. */
struct mem_item {
    struct lagan_entry entry;
    char key[32];
    char link[32];
    unsigned char stamp[MEM_STAMP_BYTES];
    unsigned char id[MEM_ID_BYTES];
};

/* Kinds of trouble that can be ordered for an entry. */
enum mem_trouble { MEM_DENIED, MEM_UNREADABLE, MEM_VANISHING, MEM_CHANGING, MEM_TROUBLES };

/* Keys in the form of a path, one list per kind. */
struct mem_names {
    char **names;
    size_t count;
};

/* What the formula needs. */
struct mem_formula {
    uint64_t count; /* entries beside the root */
    uint64_t size;  /* about the length of a file */
    uint64_t seed;
    uint64_t mutate;
    uint64_t *mutated; /* indexes, ascending */
    size_t mutated_count;
};

/* One entry that was written back. */
struct mem_stored {
    struct lagan_entry entry; /* all it points to is allocated */
    unsigned char *content;
    size_t written;
    struct lagan_metadata *pieces; /* allocated, with names and values */
    size_t piece_count;
    bool counted; /* the store counts its names, and made its id */
};

/* Entries that were written back, sorted by key. */
struct mem_store {
    pthread_mutex_t lock;
    struct mem_stored **entries;
    size_t count;
    uint64_t identities; /* ids that were given */
};

struct mem_instance {
    struct mem_formula formula;
    struct mem_names troubles[MEM_TROUBLES];
    uint64_t cut;          /* entries after which a walk breaks off; 0 = never */
    uint64_t changes;      /* how often a changing entry changes; 0 = always */
    uint64_t changes_seen; /* under the store's lock */
    bool restored;         /* the store is what is read */
    struct mem_store store;
};

/* generate.c: the formula.  `index` <= formula->count. */
void mem_generate(const struct mem_formula *f, uint64_t index, struct mem_item *item);
void mem_generate_content(const struct mem_formula *f, uint64_t index, uint64_t offset,
                          unsigned char *data, size_t size);
/* The hole in the middle of a sparse file: its range, or false. */
bool mem_generate_hole(const struct mem_formula *f, uint64_t index, uint64_t *start,
                       uint64_t *end);
uint32_t mem_generate_pieces(const struct mem_formula *f, uint64_t index,
                             const struct lagan_metadata_collector *pieces);
/* Chooses which entries are mutated.  0 or ENOMEM. */
int mem_generate_prepare(struct mem_formula *f);

/* store.c: the entries that were written.  Slots of <lagan/source.h>, and: */
void mem_store_clear(struct mem_store *store);
uint32_t mem_make_root(struct mem_instance *i, struct lagan_op *op);
uint32_t mem_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        const struct lagan_entry_collector *attributes);
uint32_t mem_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                          uint64_t flags, void **writer);
uint32_t mem_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                      size_t size);
uint32_t mem_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);
uint32_t mem_entry_commit(void *writer, struct lagan_op *op,
                          const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost);
void mem_entry_abort(void *writer);
uint32_t mem_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                         uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                         const struct lagan_metadata_collector *lost);
uint32_t mem_directory_finish(void *handle, struct lagan_op *op,
                              const struct lagan_entry *entry, uint64_t flags,
                              const struct lagan_metadata *pieces, size_t count,
                              const struct lagan_metadata_collector *lost);
uint32_t mem_link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const void *existing, size_t existing_size, uint64_t flags);

/* read.c: slots that read either view. */
uint32_t mem_walk_open(void *handle, struct lagan_op *op,
                       const struct lagan_walk_request *request, void **walk);
uint32_t mem_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                       const struct lagan_entry_collector *entries);
void mem_walk_close(void *walk);
uint32_t mem_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        const void *id, size_t id_size,
                        const struct lagan_entry_collector *attributes, void **reader);
uint32_t mem_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                     size_t size, size_t *got);
uint32_t mem_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                     const struct lagan_extent_collector *extents);
uint32_t mem_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict);
uint32_t mem_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                      uint32_t type, const struct lagan_metadata_collector *pieces);

/* Keys as unsigned bytes, a prefix first: below, at or above 0. */
int mem_compare_keys(const void *a, size_t a_size, const void *b, size_t b_size);

#endif
