/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - whether a mirror holds what its source holds, object by object and without keys,
 * and mending one side from the other.
 *
 * A seal counts as live when neither side has a genuine tombstone of it.  What is needed is
 * every live seal, the rolls it names and the packs that it and its rolls list.  The root of a
 * side is the SHA-256 over every needed object that this side has and that was not found
 * damaged, in byte order of the names: name, a zero byte, length (u64, little-endian).  Equal
 * roots: both sides hold the same backups.  A deletion on its way to the mirror changes
 * neither root.
 *
 * Repair copies a sound object over a missing or damaged one, in either direction; a damaged
 * one is removed only when the sound one was read completely, proved, and lies ready at the
 * other side.  Where both are damaged nothing is done.  Deletions are never replayed: a seal
 * that is absent at the source without a tombstone has vanished, and comes back.
 *
 * Notes (vault/note.h) are in neither root.  The newest genuine one on each topic is to be at
 * both sides: one that is absent is told and no fault, one that is damaged is.
 */
#ifndef CORE_ENGINE_COMPARE_H
#define CORE_ENGINE_COMPARE_H

#include "vault/verify.h"

enum compare_side { COMPARE_SOURCE, COMPARE_MIRROR, COMPARE_SIDES };

/* X(symbol, name in --json, fatal) */
#define COMPARE_KINDS(X)                                                                       \
    X(ONLY_SOURCE, "only-source", true)       /* needed, and the mirror lacks it */            \
    X(ONLY_MIRROR, "only-mirror", true)       /* needed, and the source lacks it */            \
    X(ABSENT_BOTH, "absent-both", true)       /* needed, and both lack it */                   \
    X(DAMAGED_SOURCE, "damaged-source", true) /* the mirror's is sound or absent */            \
    X(DAMAGED_MIRROR, "damaged-mirror", true) /* the source's is sound or absent */            \
    X(DAMAGED_BOTH, "damaged-both", true)                                                      \
    X(DELETED_MIRROR, "deleted-only-mirror", false) /* tombstone at the mirror alone */        \
    X(DELETION_DUE, "deletion-due", false) /* tombstone at the source, seal at the mirror */   \
    X(RUN_MISSING, "run-missing", false)   /* the mirror lacks an index run */
enum compare_kind {
#define X(symbol, name, fatal) COMPARE_##symbol,
    COMPARE_KINDS(X)
#undef X
        COMPARE_KIND_COUNT
};
/* "only-source", ...; static storage. */
const char *compare_kind_name(enum compare_kind kind);
bool compare_kind_is_fatal(enum compare_kind kind);

/* One object on which the sides differ, or that is damaged. */
struct compare_finding {
    const char *object;
    enum compare_kind kind;
    bool fatal;       /* as the kind is, but for objects that no live backup needs */
    struct error why; /* what is wrong */
    bool mended;      /* by repair; else, with repair, `failure` may say why not */
    struct error failure;
    /* Ids of live backups that are hurt (16 hex digits each); may be empty. */
    const char *const *backups;
    size_t backup_count;
};

struct compare_request {
    struct vault *source, *mirror; /* open; may be locked */
    /* STRUCTURE: names and lengths; seals, tombstones and rolls read in full.  OBJECTS: every
     * pack and run read on both sides too.  DATA is not offered. */
    enum verify_depth depth;
    unsigned parallel; /* objects at a time; 0 = 8 */
    bool repair;
    void *context;
    void (*found)(void *context, const struct compare_finding *finding);     /* one at a time */
    void (*progress)(void *context, const struct verify_progress *progress); /* may be NULL */
    /* As in struct transfer_request, for what repair writes.  May be NULL. */
    int (*pass)(void *context, uint64_t bytes, struct error *e);
};

struct compare_result {
    uint8_t root[COMPARE_SIDES][32]; /* as found, before any repair */
    bool equal;                      /* the roots are, and nothing fatal was found */
    uint64_t backups;                /* live */
    uint64_t backups_hurt;           /* needing something that one side lacks or has damaged */
    uint64_t objects[COMPARE_SIDES], bytes[COMPARE_SIDES]; /* needed, and there */
    uint64_t found[COMPARE_KIND_COUNT];
    uint64_t mended;
    uint64_t unmended; /* fatal findings that repair could not mend, or that it was not to */
};

/* 0 when the comparison itself could be done, whatever it found.  CONFLICT when the two are
 * not copies of one vault. */
int compare_vaults(const struct compare_request *request, struct compare_result *result,
                   struct error *e);

#endif
