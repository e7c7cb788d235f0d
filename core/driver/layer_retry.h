/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_retry.h - between the files of the retry layer: the repetition itself (layer_retry.c),
 * what collectors have got already (layer_retry_resume.c), and what became of a change whose
 * answer was lost (layer_retry_resolve.c).
 */
#ifndef CORE_DRIVER_LAYER_RETRY_H
#define CORE_DRIVER_LAYER_RETRY_H

#include "base/buffer.h"
#include "driver/layer.h"

/* What a stage or an upload below is known by: the layer puts one in its place. */
struct retry_object {
    void *below;    /* the one of the layers below */
    char *key;      /* of an upload; NULL for a stage */
    uint64_t bytes; /* written so far, or to be uploaded */
};

/* The call of the layer. */
uint32_t retry_call(struct layer *self, struct call *c);

/* What tells an entry from itself at another time. */
struct resume_entry {
    uint64_t bytes;
    int64_t mtime_s;
    uint32_t mtime_ns;
    uint32_t type;
    uint8_t stamp[LAGAN_STAMP_SIZE];
};

/*
 * A call that hands things over, or reads them, while it runs.  Its callbacks are put in place
 * of the caller's, note how far it came, and when the call is made again it asks for the rest
 * only, or what comes again is passed over.
 */
struct resume {
    const struct call *from;   /* as the caller made it */
    bool refused;              /* a callback of the caller has refused: the call is over */
    bool beyond;               /* list: all is there, and only `more` is asked for */
    bool found_more;           /* list: the answer */
    uint64_t taken;            /* bytes or things that the caller has got */
    uint64_t taken_before;     /* by the attempts before this one */
    uint64_t lost, lost_now;   /* names of metadata that were told: in all, in this attempt */
    struct buffer last;        /* key of the last object; kind and name of the last piece */
    struct buffer after;       /* list: where this attempt starts */
    struct resume_entry entry; /* what was said of an entry */
    union {
        struct lagan_content content;
        struct lagan_sink sink;
        struct lagan_object_collector objects;
        struct lagan_entry_collector entries;
        struct lagan_extent_collector extents;
        struct lagan_metadata_collector pieces;
    } put;
};
/* Puts callbacks into `below`, a copy of `from`, which both outlive `r`. */
void resume_begin(struct resume *r, const struct call *from, struct call *below);
/* Prepares `below` for the next attempt; true when nothing is left to ask for. */
bool resume_again(struct resume *r, struct call *below);
/* After the last attempt. */
void resume_end(struct resume *r);

/* What the op of `c` says of the outcome of a change that ended with `result`; when it has no
 * details: unknown. */
uint32_t retry_outcome(const struct call *c, uint32_t result);
/* What has become of a change (put, copy, rename) whose answer `result` was lost: OK when it
 * took effect, EXISTS when something else has the name, `result` when it has no effect so far
 * or cannot be told; the op keeps its error then. */
uint32_t retry_resolve(struct layer *self, struct call *c, uint32_t result);
/* A change that may have taken effect at an earlier attempt ended with EXISTS: OK when what is
 * there is what was to be written. */
uint32_t retry_resolve_taken(struct layer *self, struct call *c);
/* What has become of an object of `bytes` bytes whose commit ended with `result`, outcome
 * unknown: OK when it is there and its key says its SHA-256; else `result`, with the op's
 * error as it was. */
uint32_t retry_resolve_named(struct layer *self, struct lagan_op *op, const char *key,
                             uint64_t bytes, uint32_t result);

#endif
