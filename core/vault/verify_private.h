/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_private.h - the parts of a check.
 *
 *     survey   lists everything; names                              verify_survey.c
 *     small    configuration, key slots, sessions                   verify_small.c
 *     seals    seals, tombstones, their chain, rolls, needed packs  verify_seals.c,
 * verify_needs.c objects  every other object read and hashed                   verify_objects.c
 *     runs     index runs compared with the packs they cover          verify_runs.c
 *     trees    every tree walked                                    verify_trees.c,
 * verify_walk.c
 *
 * What is wrong with an object is a finding and never ends the check; what keeps an object from
 * being reached (network, rights, cancellation) ends it.
 */
#ifndef CORE_VAULT_VERIFY_PRIVATE_H
#define CORE_VAULT_VERIFY_PRIVATE_H

#include "vault/id_set.h"
#include "vault/moves.h"
#include "vault/seal_scan.h"
#include "vault/store.h"
#include "vault/verify.h"

#include <pthread.h>

/* An object as the listing showed it. */
struct verify_object {
    char *text;
    struct name name;
    uint64_t bytes;
    bool reported;   /* a finding on it was reported */
    uint32_t chunks; /* DATA: of a pack, how many were found in it */
};

/* A roll that was read. */
struct verify_roll {
    uint8_t hash[32];
    struct seal_pack *packs; /* NULL when it is damaged */
    size_t count;
};

/* A chunk that was seen whole in a pack. */
struct verify_chunk {
    uint8_t id[16];
    uint32_t bytes;
    uint32_t place;  /* number of the pack among the objects, twice, plus 1 for metadata */
    uint32_t number; /* in the pack's directory */
};

struct verify {
    struct vault *vault;
    const struct verify_request *request;
    struct verify_result result;
    struct verify_progress progress;
    pthread_mutex_t
        lock; /* guards all of the above, `failure`, and `chunks` while packs are read */
    bool failed;
    struct error failure;

    struct verify_object *objects; /* in byte order, without seals and tombstones */
    size_t object_count;
    struct {
        size_t first, end;
    } range[NAME_KIND_COUNT]; /* where packs and rolls stand, each ascending by hash */
    struct seal_scan scan; /* listed before the objects: what these seals need is among them */
    struct verify_roll *rolls; /* ascending by hash */
    size_t roll_count;
    struct moves moves;        /* read behind the listing of packs */
    const struct seal **seals; /* backups to be checked: valid, not deleted, asked for */
    size_t seal_count;
    uint8_t *needed; /* per object: 1 when a checked backup needs it */

    struct verify_chunk *chunks; /* sorted once all packs are read */
    size_t chunk_count, chunk_room;
};

/* Reports.  `backups` = NULL when none is hurt.  `why` is completed with INTEGRITY when it has
 * no class. Thread-safe. */
void verify_found(struct verify *c, const char *object, bool fatal, const struct error *why,
                  const char *const *backups, size_t backup_count);
/* Reports with a text. */
void verify_found_text(struct verify *c, const char *object, bool fatal, enum error_code code,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Reports an object, fatal, with all checked backups that need it; once only. */
void verify_found_needed(struct verify *c, struct verify_object *object,
                         const struct error *why);
/* Judges an error of reading an object: true when it is a finding (to be reported by the
 * caller), false when it ends the check. */
bool verify_is_finding(struct verify *c, const struct error *why);
/* Ends the check with this error, unless another has ended it. */
void verify_fail(struct verify *c, const struct error *why);
bool verify_failed(struct verify *c);
/* Adds to what is to be read, to what was read, or (one small object) to both. */
void verify_progress_expect(struct verify *c, uint64_t objects, uint64_t bytes);
void verify_progress_add(struct verify *c, uint64_t objects, uint64_t bytes);
void verify_progress_one(struct verify *c, uint64_t bytes);

/* Each part: 0, or -1 with `e` when the check cannot go on. */
int verify_survey(struct verify *c, struct error *e);
int verify_small(struct verify *c, struct error *e);
int verify_seals(struct verify *c, struct error *e);
int verify_needs(struct verify *c, struct error *e);
int verify_objects(struct verify *c, struct error *e);
int verify_runs(struct verify *c, struct error *e);
int verify_trees(struct verify *c, struct error *e);

/* The pack or roll with this hash, or NULL. */
struct verify_object *verify_find(struct verify *c, enum name_kind kind,
                                  const uint8_t hash[32]);
/* Calls `each` for every pack that the seal needs, as it or one of its rolls lists it; doubles
 * come twice. Damaged and missing rolls are passed over. */
void verify_each_pack(const struct verify *c, const struct seal *seal,
                      void (*each)(void *context, const struct seal_pack *pack), void *context);
/* Whether the pack, which is absent, is no loss: each checked backup that lists it is covered
 * by a move. */
bool verify_is_moved(struct verify *c, const uint8_t hash[32], struct error *e);
const struct verify_roll *verify_find_roll(const struct verify *c, const uint8_t hash[32]);
/* Ids of the checked backups that need the object, in an array that the caller frees. */
size_t verify_backups_of(const struct verify *c, const struct verify_object *object,
                         const char ***backups);

/* Chunks of packs: collected by many threads, sorted once, then asked for. */
int verify_chunk_add(struct verify *c, const struct verify_chunk *chunks, size_t count,
                     struct error *e);
void verify_chunk_sort(struct verify *c);
/* Whether chunk `number` of the pack that is object `object` has an id that starts with these
 * 16 bytes. */
bool verify_chunk_is_at(const struct verify *c, const uint8_t id[16], size_t object,
                        uint32_t number);
/* How a chunk stands: found in a pack that `needed` (per object) has, only in others, of
 * another length, or not at all. */
enum verify_presence { VERIFY_PRESENT, VERIFY_ELSEWHERE, VERIFY_OTHER_LENGTH, VERIFY_ABSENT };
enum verify_presence verify_chunk_find(const struct verify *c, enum chunk_kind kind,
                                       const struct chunk_id *id, uint64_t bytes,
                                       const uint8_t *needed);

/* The walk over the tree of one backup. */
struct verify_walk {
    struct verify *check;
    const struct seal *seal;
    struct chunk_access access;
    struct store *store;
    struct id_set *visited; /* nodes found whole and as claimed, with all below them */
    uint8_t *needed;        /* per object: 1 when this backup lists it */
    struct buffer scratch;
    bool entry_hurt;     /* the entry at hand */
    uint64_t hurt;       /* entries that cannot be restored whole */
    struct buffer first; /* key of the first of them */
    struct error why;    /* and what is wrong with it */
    uint64_t elsewhere;  /* chunks that lie in packs the seal does not list */
};

/* Walks; 0, or -1 with `e` when the check cannot go on.  Damage goes into the walk's members.
 */
int verify_walk_tree(struct verify_walk *w, struct error *e);
/* Checks all chunks of an entry's content.  0 also when it is damaged: then w->entry_hurt and
 * w->why. */
int verify_walk_content(struct verify_walk *w, const struct tree_entry *entry, struct error *e);
/* Checks that a chunk of that length is there: in what packs were found to hold, or by reading
 * it. */
int verify_walk_chunk(struct verify_walk *w, enum chunk_kind kind, const struct chunk_id *id,
                      uint64_t bytes, struct error *e);
/* Marks the entry at hand, keeping the first reason of the walk. */
void verify_walk_hurt(struct verify_walk *w, const struct error *why);
/* What to do about an error of reading below: 0 and marked, or -1 when the check cannot go on.
 */
int verify_walk_judge(struct verify_walk *w, const struct error *why, struct error *e);

#endif
