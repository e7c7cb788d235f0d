/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - looks at directories, a portion of entries at a time.
 *
 * A branch is a directory on its way through a walk.  It is looked at in steps: the first one
 * reads and sorts its names, and each takes the attributes of up to SCAN_PORTION of them. Steps
 * can be done by any thread and in any order, those of one branch one after the other.
 */
#ifndef SRC_FILES_SCAN_H
#define SRC_FILES_SCAN_H

#include "src_files/attributes.h"
#include "src_files/handle.h"
#include "src_files/listing.h"

enum { SCAN_PORTION = 1024 };

struct branch {
    const struct branch *parent; /* NULL for the root; outlives this one */
    const char *name;            /* in the parent's listing */
    size_t name_size;
    size_t key_size;
    /* The rest of the key behind which the walk starts; NULL = from the beginning. */
    const char *after;
    size_t after_size;
    struct listing listing;
    int error; /* why its content could not be listed, or not to the end */
};

/* One entry. */
struct record {
    const struct listed *name;
    char *link; /* target of a symbolic link, allocated */
    size_t link_size;
    struct step *child; /* the first step of a directory whose content is wanted */
    int error;          /* why it could not be examined */
    bool unasked;       /* before the key the walk starts behind: only on the way to it */
    struct attributes attributes;
};

struct portion {
    size_t count;
    struct step *further; /* the next step of the branch */
    struct record records[];
};

enum step_state { STEP_QUEUED, STEP_RUNNING, STEP_DONE };

struct step {
    enum step_state state;
    struct branch *branch; /* owned by the first step until that is taken */
    size_t first;          /* index of its first name; the first step is 0 */
    bool opens;            /* it is the branch's first */
    struct portion *portion;
    size_t bytes;                 /* memory that the result holds */
    struct step *before, *behind; /* in the order of the walk, while not done */
    struct step *older, *newer;   /* all that were not taken yet */
};

/* What all steps of a walk share. */
struct scan {
    struct handle *handle;
    enum lagan_selection (*select)(void *context, const void *key, size_t key_size,
                                   uint32_t type);
    void *select_context;
    atomic_bool stop;
};

/* What one thread needs for its work.  Zeroed before use. */
struct scan_scratch {
    char *names; /* LISTING_BUFFER_BYTES */
    char *key;
    size_t key_room;
};

/* The first step of a new branch; NULL when memory runs out. */
struct step *scan_step_new(const struct branch *parent, const char *name, size_t name_size);
/* Does a step: fills its portion (with new steps for what comes from it), its branch's listing
 * and error.  0, or ENOMEM when there is no result. */
int scan_step_do(struct scan *scan, struct scan_scratch *scratch, struct step *step);
/* Frees a step with its result, but no step that came from it. */
void scan_step_free(struct step *step);
void scan_portion_free(struct portion *portion);
void scan_branch_free(struct branch *branch);
void scan_scratch_clear(struct scan_scratch *scratch);

/* Makes room for `size` bytes in a buffer that grows.  0 or ENOMEM. */
int scan_reserve(char **buffer, size_t *room, size_t size);

#endif
