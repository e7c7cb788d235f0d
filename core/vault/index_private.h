/* SPDX-License-Identifier: Apache-2.0 */
/* index_private.h - the index as its own files see it. */
#ifndef CORE_VAULT_INDEX_PRIVATE_H
#define CORE_VAULT_INDEX_PRIVATE_H

#include "vault/index.h"
#include "vault/segment.h"

#include <pthread.h>

enum {
    INDEX_MAGIC = 0x494e4458,
    INDEX_RECENT_LIMIT = 128 << 10, /* entries in memory before they go to a segment */
    INDEX_TIER = 8,                 /* so many segments of a size become one */
    INDEX_CANDIDATES = 16           /* entries looked at for one id */
};
#define INDEX_NONE UINT32_MAX
#define INDEX_FOLDER "index"

/* A pack that counts. */
struct index_pack {
    struct seal_pack id;
    uint8_t kind;      /* enum chunk_kind; 0 = not known yet */
    bool covered;      /* its entries are in a segment or in memory */
    bool own;          /* added by index_add */
    bool bad;          /* missing or damaged */
    bool gone;         /* does not count: moved and removed, or condemned */
    bool loading;      /* a thread opens it now */
    uint32_t chunks;   /* in its table */
    uint32_t pins;     /* hits not released */
    uint32_t cursor;   /* behind the chunk that was found last */
    struct pack *open; /* NULL = not in memory */
    /* Neighbours in the list of open packs. */
    uint32_t newer, older;
};

/* A local file of entries, and what its packs are called here. */
struct index_segment {
    struct segment *segment;
    int64_t *numbers; /* of its pack n; ENTRY_DROPPED when that does not count */
    char *file;       /* name in the cache directory; NULL = without a name */
    bool own;         /* written by this index, to be kept by index_keep */
};

/* Entries that are in no segment yet, with a hash over them. */
struct index_recent {
    struct entry *entries;
    uint32_t count;
    uint32_t room;
    uint32_t *slots; /* number of an entry + 1 */
    uint32_t slot_mask;
};

struct index {
    uint32_t magic; /* INDEX_MAGIC */
    struct vault *vault;
    struct index_request request;
    pthread_mutex_t lock;
    pthread_cond_t opened; /* a pack was opened, or could not be */

    struct index_pack *packs;
    uint32_t pack_count, pack_room;
    uint32_t *slots; /* hash of the packs' hashes: number + 1 */
    uint32_t slot_mask;
    struct error damage; /* the first pack found bad; empty = none */

    struct index_segment *segments;
    size_t segment_count, segment_room;
    struct index_recent recent;

    uint32_t newest, oldest; /* of the open packs */
    size_t open_bytes;
    size_t open_count;
    uint32_t misses; /* since something was found */
};

/* All functions below are called under the lock, or while nobody else knows the index. */

/* index_packs.c */
/* Adds a pack that counts, or finds it; sets `*number`. */
int index_packs_add(struct index *ix, const struct seal_pack *id, uint32_t *number,
                    struct error *e);
/* Number, or INDEX_NONE. */
uint32_t index_packs_find(const struct index *ix, const uint8_t hash[32]);
/* The pack `number`, open and pinned; the lock is released while it is opened. */
const struct pack *index_pin(struct index *ix, uint32_t number, struct error *e);
void index_unpin(struct index *ix, uint32_t number);
/* Takes over an open pack. */
void index_adopt(struct index *ix, uint32_t number, struct pack *pack);
/* Moves an open pack to the front of the list. */
void index_touch(struct index *ix, uint32_t number);
void index_mark_bad(struct index *ix, uint32_t number, const struct error *why);
void index_packs_free(struct index *ix);

/* index_recent.c */
/* Adds all chunks of pack `number`. */
int index_recent_add(struct index *ix, uint32_t number, const struct table *t, struct error *e);
/* Appends entries of this id to `found`, up to INDEX_CANDIDATES. */
void index_recent_find(const struct index *ix, const uint8_t *id, struct entry *found,
                       size_t *count);
/* Moves what is in memory to a segment. */
int index_recent_flush(struct index *ix, struct error *e);
void index_recent_free(struct index *ix);

/* index_segments.c */
/* Takes over a segment and `file` (may be NULL).  Packs that do not count are left aside. */
int index_segments_add(struct index *ix, struct segment *segment, char *file, struct error *e);
/* Opens the segments in the cache directory. */
void index_segments_load(struct index *ix);
/* Appends entries of this id, `pack` being numbers here, to `found`, up to INDEX_CANDIDATES.  A
 * segment that fails is dropped: then index_cover has to be called. */
int index_segments_find(struct index *ix, const uint8_t *id, struct entry *found, size_t *count,
                        struct error *e);
/* Writes a new segment and opens it: in the cache directory when `keep` and there is one.
 * `numbers`: what the packs of the entries are called here. */
int index_segments_write(struct index *ix, struct entry_stream *entries,
                         const uint32_t *numbers, size_t number_count, bool keep,
                         struct error *e);
/* Merges segments of one size when there are too many; `kept`: those with a name, else those
 * without. */
int index_segments_tidy(struct index *ix, bool kept, struct error *e);
/* Makes one segment in the cache directory of all that this index has written. */
int index_segments_keep(struct index *ix, struct error *e);
void index_segments_free(struct index *ix);

/* The entries of some segments as one stream. */
struct index_merge {
    struct entry_stream *stream;
    int64_t **renames;
    size_t count;
};
/* `pick`: a bool per segment, NULL = all; `names`: what the packs are called in the stream, an
 * item per pack number (ENTRY_DROPPED leaves one out). */
int index_merge_begin(const struct index *ix, const bool *pick, const int64_t *names,
                      struct index_merge *m, struct error *e);
void index_merge_end(struct index_merge *m);

/* index_runs.c: copies what index runs say of packs that are not covered yet.  Runs that cannot
 * be read are left aside. */
int index_runs_load(struct index *ix, struct error *e);

/* index_load.c: finds the packs that count and makes all of them covered. */
int index_load(struct index *ix, struct error *e);
/* Makes all packs covered that are not. */
int index_cover(struct index *ix, struct error *e);
/* Looks again at what backups need: some of it may have been moved since. */
int index_load_again(struct index *ix, struct error *e);

/* index_gone.c: takes packs out that were removed after their chunks were moved, and condemned
 * ones, and adds their heirs. */
int index_gone(struct index *ix, struct error *e);

#endif
