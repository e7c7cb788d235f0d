/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_private.h - the parts of a comparison.
 *
 *     compare.c         the order of the parts, findings, roots
 *     compare_seals.c   seals and tombstones of both sides, merged and judged
 *     compare_needs.c   what live seals need; packs, rolls and runs of both sides, merged
 *     compare_read.c    objects read on both sides, several at a time
 *     compare_notes.c   notes of both sides, from end to end
 *     compare_mend.c    sound objects over missing and damaged ones
 */
#ifndef CORE_ENGINE_COMPARE_PRIVATE_H
#define CORE_ENGINE_COMPARE_PRIVATE_H

#include "engine/compare.h"
#include "vault/carry.h"
#include "vault/moves.h"
#include "vault/seal_scan.h"

#include <pthread.h>

enum compare_state {
    COMPARE_ABSENT,
    COMPARE_PRUNED,  /* absent, and no loss: what is needed of it was moved there */
    COMPARE_PRESENT, /* listed with the right length, not read */
    COMPARE_SOUND,   /* read in full */
    COMPARE_DAMAGED
};

/* One object at one side. */
struct compare_place {
    uint64_t bytes;
    enum compare_state state;
    struct error *why; /* DAMAGED; owned, may be NULL without memory */
};

/* A pack, roll or run. */
struct compare_object {
    struct name name;
    uint64_t bytes; /* as a seal says; CARRY_ANY_LENGTH = nobody says */
    bool needed;
    struct compare_place at[COMPARE_SIDES];
    bool mended;
    struct error *failure; /* of mending; owned */
};

/* A seal and its tombstone. */
struct compare_seal {
    char name[SEAL_NAME_SIZE];
    char id[SEAL_ID_TEXT];
    struct compare_place at[COMPARE_SIDES];
    struct compare_place gone[COMPARE_SIDES]; /* the tombstone */
    const struct seal *found[COMPARE_SIDES];  /* the genuine ones; or NULL */
    const struct seal *seal;                  /* one of them; or NULL */
    bool live;
    bool hurt;
};

/* A roll that live seals name. */
struct compare_roll {
    uint8_t hash[32];
    struct seal_pack *packs; /* NULL when neither side has it whole */
    size_t count;
};

struct compare {
    const struct compare_request *request;
    struct vault *vault[COMPARE_SIDES];
    unsigned parallel;
    struct compare_result result;
    struct seal_scan scan[COMPARE_SIDES];
    struct compare_seal *seals; /* by name */
    size_t seal_count;
    struct compare_roll *rolls; /* by hash */
    size_t roll_count;
    struct moves moves[COMPARE_SIDES];
    struct compare_object *objects; /* by name */
    size_t object_count, object_room;

    pthread_mutex_t lock; /* guards what follows while threads run */
    struct verify_progress progress;
    bool failed;
    struct error failure;
};

/* Each part: 0, or -1 with `e` when the comparison cannot go on. */
int compare_seals(struct compare *c, struct error *e);
int compare_needs(struct compare *c, struct error *e);
int compare_read(struct compare *c, struct error *e);
/* Mends objects and makes them durable, before anything is reported. */
int compare_mend_objects(struct compare *c, struct error *e);
/* Copies the seal (`gone`: its tombstone) of the side `from` to the other: 0, or -1. */
int compare_mend_seal(struct compare *c, const struct compare_seal *s, bool gone,
                      enum compare_side from, struct error *e);

/* Notes: told, and mended with `repair`. */
int compare_notes(struct compare *c, struct error *e);

/* Says what is wrong where the states alone do. */
void compare_explain(struct compare_finding *f, const struct compare_place at[COMPARE_SIDES]);
/* Counts a finding and hands it over. */
void compare_report(struct compare *c, struct compare_finding *f);

/* What is wrong with an object at both sides together. */
struct compare_verdict {
    bool bad;
    enum compare_kind kind;
    int from; /* the side to mend from, or -1 when neither will do */
};
struct compare_verdict compare_judge(const struct compare_place at[COMPARE_SIDES]);

/* A copy of an error, most of which are empty; NULL without memory. */
struct error *compare_keep_error(const struct error *why);
/* Marks a place as damaged. */
void compare_damage(struct compare_place *place, const struct error *why);
/* True when an error of a read says that the object is bad, and not that it cannot be reached.
 */
bool compare_is_damage(const struct error *why);
/* The full name of an object. */
void compare_object_name(const struct name *name, char text[NAME_SIZE]);
/* Whether a live seal needs the pack or roll. */
bool compare_seal_needs(const struct compare *c, const struct compare_seal *s,
                        const struct name *name);
/* Adds to the progress, under the lock. */
void compare_progress(struct compare *c, uint64_t objects, uint64_t bytes);
/* Ends the comparison with this error, unless another has ended it. */
void compare_fail(struct compare *c, const struct error *why);
bool compare_failed(struct compare *c);
/* "source" or "mirror". */
const char *compare_side_name(enum compare_side side);

#endif
