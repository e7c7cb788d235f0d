/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_kit.h - what the cases of sources share: calls with judgement, entries that were
 * handed over, and a stock of entries that the suite writes, so that it knows what it must get
 * back.
 *
 * A source that can restore, and has a parameter for its place, is filled by the suite through
 * its own slots.  Any other, and one that is in use, is looked at as it is: the cases then
 * check what holds for any content.
 */
#ifndef CORE_CONFORMANCE_SOURCE_KIT_H
#define CORE_CONFORMANCE_SOURCE_KIT_H

#include "conformance/case.h"

/* A piece of metadata, copied. */
struct source_piece {
    struct source_piece *next;
    uint32_t kind;
    char *name;
    void *value;
    size_t value_size;
};

/* An entry that was handed over, copied: what `entry` points to belongs to the suite. */
struct source_item {
    struct lagan_entry entry;
};

/* What is kept of an entry where nothing may pile up. */
struct source_last {
    uint32_t type;
    uint64_t bytes;
    uint64_t flags;
    size_t key_size;
    uint8_t key[512];    /* as much of it as fits */
    bool content;        /* one with content came ... */
    size_t content_size; /* ... with this key */
    uint8_t content_key[512];
};

/* Entries in the order in which they came. */
struct source_items {
    struct trial *t;
    struct source_item *list;
    size_t count;
    size_t room;
    struct source_last *last; /* not NULL: they are only counted, and the last one is here */
    size_t refuse_at;         /* the collector refuses this one, from 1; 0 = none */
    uint32_t refuse_with;     /* with this class */
};

/* An entry that the suite has written, or is going to. */
struct source_thing {
    const uint8_t *key;
    size_t key_size;
    uint32_t type;
    uint64_t seed;  /* of its content, see source_thing_bytes */
    uint64_t bytes; /* of its content */
    uint64_t hole;  /* where a hole of a third of it starts; 0 = it has none */
    uint32_t mode;
    int64_t mtime_s;
    uint32_t mtime_ns;
    const char *link;                 /* of a SYMLINK */
    const struct source_thing *first; /* it is a further name of this one */
    unsigned pieces;                  /* how many extended attributes it gets */
    unsigned lost;                    /* how many of them the source could not keep */
    bool stored;                      /* it is there */
};

/* Things in the order of their keys. */
struct source_things {
    struct source_thing *list;
    size_t count;
    size_t room;
};

/* A source at work. */
struct source_work {
    struct trial *t;
    const struct lagan_source_ops *ops;
    struct lagan_source_capabilities told;
    struct opened *writer; /* NULL when the suite does not write */
    struct opened *reader;
    uint32_t content_type; /* FILE, OBJECT or VOLUME, whichever it takes */
    struct source_things stock;
};

/* Memory that lasts as long as the process. */
void *source_memory(size_t size);
void *source_copy(const void *data, size_t size);
/* A key for messages; the last few stay valid on each thread. */
const char *source_key_text(const void *key, size_t key_size);
/* As unsigned bytes, a prefix first: below, at or above 0. */
int source_compare_keys(const void *a, size_t a_size, const void *b, size_t b_size);

/* Whether the suite may and can write into the source. */
bool source_is_filled(struct trial *t);
/* The source opened for reading, with the standard stock in it where it can be filled. */
struct source_work *work_on_content(struct trial *t);
/* The source opened for writing and reading, empty; skips the case when it cannot be. */
struct source_work *work_empty(struct trial *t);
/* The same with the standard stock in it. */
struct source_work *work_filled(struct trial *t);
/* The source with `flags` alone, without `reader` unless they are for reading. */
struct source_work *work_with(struct trial *t, uint64_t flags);
void work_end(struct source_work *w);

/* Calls.  Each judges what every call of its slot must hold. */
uint32_t work_walk_open(struct source_work *w, const struct lagan_walk_request *request,
                        void **walk);
uint32_t work_walk_next(struct source_work *w, void *walk, uint32_t limit,
                        struct source_items *items);
void work_walk_close(struct source_work *w, void *walk);
uint32_t work_open(struct source_work *w, const void *key, size_t key_size, const void *id,
                   size_t id_size, struct source_items *attributes, void **reader);
uint32_t work_read(struct source_work *w, void *reader, uint64_t offset, void *data,
                   size_t size, size_t *got);
uint32_t work_close(struct source_work *w, void *reader, uint32_t *verdict);
uint32_t work_pieces(struct source_work *w, const struct lagan_entry *entry,
                     struct source_piece **pieces);
/* Of the entry that is being read. */
uint32_t work_reader_pieces(struct source_work *w, void *reader, struct source_piece **pieces);
uint32_t work_stat(struct source_work *w, const void *key, size_t key_size,
                   struct source_items *attributes);
uint32_t work_create(struct source_work *w, const struct lagan_entry *entry, uint64_t flags,
                     void **writer);
uint32_t work_write(struct source_work *w, void *writer, uint64_t offset, const void *data,
                    size_t size);
uint32_t work_zero(struct source_work *w, void *writer, uint64_t offset, uint64_t length);
/* `lost`: counts what the source could not keep; may be NULL. */
uint32_t work_commit(struct source_work *w, void *writer, const struct lagan_metadata *pieces,
                     size_t count, unsigned *lost);
void work_abort(struct source_work *w, void *writer);
uint32_t work_node(struct source_work *w, const struct lagan_entry *entry, uint64_t flags,
                   const struct lagan_metadata *pieces, size_t count, unsigned *lost);
uint32_t work_finish(struct source_work *w, const struct lagan_entry *entry, uint64_t flags,
                     const struct lagan_metadata *pieces, size_t count, unsigned *lost);
/* `name` gets at most `size` bytes, judged. */
uint32_t work_place_name(struct source_work *w, char *name, size_t size);
/* Makes `entry` out of the one `from` of `place`. */
uint32_t work_copy(struct source_work *w, const char *place, const struct lagan_entry *from,
                   const struct lagan_entry *entry, uint64_t flags,
                   const struct lagan_metadata *pieces, size_t count);
uint32_t work_remove(struct source_work *w, const void *key, size_t key_size);
uint32_t work_link(struct source_work *w, const void *key, size_t key_size,
                   const void *existing, size_t existing_size, uint64_t flags);

/* The pieces of an entry, judged and copied; NULL when it has none. */
const struct lagan_metadata *source_keep_pieces(struct trial *t,
                                                const struct lagan_entry *entry, size_t *count);
/* Walks to the end and gives what came, judged: order, no key twice. */
struct source_items work_walk_all(struct source_work *w, const struct lagan_walk_request *how,
                                  uint32_t limit);
/* The index of the entry with this key, or SIZE_MAX. */
size_t source_items_find(const struct source_items *items, const void *key, size_t key_size);
/* Reads all of an entry, `step` bytes at a time, judged; its length goes to `*size`. */
uint8_t *work_read_all(struct source_work *w, const struct lagan_entry *entry, size_t step,
                       size_t *size);
/* The first entry with content and without the hint STREAM, of at least `bytes`; NULL = none.
 */
const struct lagan_entry *source_items_content(const struct source_items *items,
                                               uint64_t bytes);
/* Whether keys are no paths (LAGAN_TRAIT_FLAT). */
bool source_is_flat(struct trial *t);
bool source_has_content(const struct lagan_entry *entry);

/* Things. */
/* A new one at the end of the list; the key is copied. */
struct source_thing *source_things_add(struct source_things *things, uint32_t type,
                                       const void *key, size_t key_size);
struct source_thing *source_things_find(struct source_things *things, const void *key,
                                        size_t key_size);
/* Sorts by key. */
void source_things_sort(struct source_things *things);
/* A range of a thing's content. */
void source_thing_bytes(const struct source_thing *thing, uint64_t offset, void *data,
                        size_t size);
/* What is handed to the source for it. */
struct lagan_entry source_thing_entry(const struct source_thing *thing);
/* Writes one thing of any type with all it has; the class of the call that failed. */
uint32_t source_thing_write(struct source_work *w, struct source_thing *thing, uint64_t flags);
/* Writes all: what the place cannot have is left out (`stored` stays false). */
void source_things_write(struct source_work *w, struct source_things *things);
/* Fails unless the entry has the type and the attributes of the thing. */
void source_thing_expect(struct source_work *w, const struct source_thing *thing,
                         const struct lagan_entry *entry);
/* Fails unless the content that is read is the thing's. */
void source_thing_expect_content(struct source_work *w, const struct source_thing *thing,
                                 size_t step);
/* Fails unless a walk shows the stored things and nothing else, with attributes and content. */
void source_things_expect(struct source_work *w, const struct source_things *things);
/* The standard stock: hostile names, every type, lengths around the edges of blocks. */
void source_stock_list(struct source_work *w, struct source_things *things);

#endif
