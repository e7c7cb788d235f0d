/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_copy.h - one object of one place made in another, readable there as it is: what
 * replication rules, batch jobs and migrations have in common.
 *
 * Places are registered sources (buckets, trees of files, lists of URLs) opened through their
 * drivers: the one read, the other opened to be restored to.  Where both are of one store, and
 * the driver can, the store copies by itself; else the bytes pass through here, once.  Nothing
 * of an object that failed is visible at the destination.
 */
#ifndef CORE_ENGINE_OBJECT_COPY_H
#define CORE_ENGINE_OBJECT_COPY_H

#include "base/buffer.h"
#include "driver/source.h"
#include "engine/pace.h"
#include "engine/setup.h"

/* Two places, open.  Calls of object_copy may be made from several threads. */
struct object_ends;

/* Opens the sources `from` and `to` of the catalog (`to` NULL: only the reading end). */
struct object_ends *object_ends_open(struct setup *s, const struct catalog_source *from,
                                     const struct catalog_source *to, struct error *e);
/* NULL is fine. */
void object_ends_close(struct object_ends *ends);
struct source *object_ends_from(const struct object_ends *ends);
/* NULL when there is none.  To be written to: what is read there goes through object_ends_look.
 */
struct source *object_ends_to(const struct object_ends *ends);
/* The destination opened to be read, at the first call; lives as long as the ends. */
struct source *object_ends_look(struct object_ends *ends, struct error *e);
/* Whether copies are made by the store itself. */
bool object_ends_one_store(const struct object_ends *ends);
/* Reads (BAT-03) some byte of the source and writes and removes an empty object at the
 * destination below `prefix`; DENIED names the end. */
int object_ends_probe(struct object_ends *ends, const char *prefix, struct error *e);

/* What to do when the destination has an object of that name: X(symbol, name). */
#define OBJECT_EXISTS_RULES(X)                                                                 \
    X(OVERWRITE, "overwrite")                                                                  \
    X(NEWER, "newer") /* overwrite when the source's is as new or newer */                     \
    X(NEVER, "never")                                                                          \
    X(FAIL, "fail")                                                                            \
    X(RENAME, "rename") /* "NAME (2)", "NAME (3)", ... in front of the last dot */
enum object_exists {
#define X(symbol, name) OBJECT_EXISTS_##symbol,
    OBJECT_EXISTS_RULES(X)
#undef X
        OBJECT_EXISTS_COUNT
};

/* How a copy is compared with its original: X(symbol, name). */
#define OBJECT_VERIFY_RULES(X)                                                                 \
    X(SIZE, "size")                                                                            \
    X(CHECKSUM, "checksum") /* of the stores, where they tell one of the content; else SIZE */ \
    X(CONTENT, "content") /* a hash of all: the store's own of what was sent, or read back */  \
    X(SAMPLE, "sample")   /* as CHECKSUM; where there is none, some ranges are read back */
enum object_verify {
#define X(symbol, name) OBJECT_VERIFY_##symbol,
    OBJECT_VERIFY_RULES(X)
#undef X
        OBJECT_VERIFY_COUNT
};

/* Conditions on the original; what fails is PRECONDITION.  Zero or NULL = none. */
struct object_conditions {
    const char *if_match;      /* an ETag */
    const char *if_none_match; /* an ETag */
    int64_t modified_since_ns;
    int64_t unmodified_since_ns;
};

/* How to copy; `{0}` overwrites, keeps everything and compares sizes. */
struct object_copy_options {
    enum object_exists exists;
    enum object_verify verify;
    struct object_conditions conditions;
    /* Take away from the front of the key (a key that lacks it is INVALID), and put there. */
    const char *strip_prefix;
    const char *add_prefix;
    /* True: none of the original's properties, only `give`; false: all of them, `give` in place
     * of those with the same names.  The class is a property (LAGAN_PROPERTY_CLASS). */
    bool replace_pieces;
    const struct lagan_metadata *give; /* sorted */
    size_t give_count;
    bool without_acl;   /* leave ACLs out (they name people of one store) */
    bool without_class; /* leave the class to the destination */
    struct pace *pace;  /* NULL = as fast as it goes */
    /* True: a listing has told what the destination has under that name, `there` (NULL =
     * nothing), and it is not looked at again; what is the same there is not copied again. */
    bool looked;
    const struct lagan_entry *there;
};

/* What became of one object: X(symbol, name). */
#define OBJECT_OUTCOMES(X)                                                                     \
    X(COPIED, "copied")                                                                        \
    X(SAME, "same")     /* the destination had just that */                                    \
    X(KEPT, "kept")     /* the rule for names that are taken left it alone */                  \
    X(MARKED, "marked") /* a delete marker was made */
enum object_outcome {
#define X(symbol, name) OBJECT_OUTCOME_##symbol,
    OBJECT_OUTCOMES(X)
#undef X
        OBJECT_OUTCOME_COUNT
};

struct object_copied {
    enum object_outcome outcome;
    bool by_store;           /* the bytes did not pass through here */
    uint64_t bytes;          /* of the object */
    uint8_t sha256[32];      /* of the content, when it passed through here; else zero */
    char from_version[1025]; /* "" = none */
    char to_version[1025];
    char to_etag[160];
    uint32_t lost;        /* properties that the destination did not take ... */
    char lost_why[128];   /* ... and of one of them which and why */
    struct buffer to_key; /* freed with object_copied_free */
};
void object_copied_free(struct object_copied *copied);

/* Copies the entry `entry` (as a walk or source_entry_open handed it over; in a flat place its
 * id pins what is copied) with content and properties.  `copied` is `{0}` at first.  Keys are
 * translated between flat places and trees ('/' and zero bytes), directories above a file made;
 * the empty object "NAME/" becomes a directory.  Errors: those of sources; INVALID (a key that
 * the destination cannot have), UNSUPPORTED (a kind of entry that it cannot have), EXISTS (rule
 * FAIL), PRECONDITION, CHANGED (it was replaced or written to since), CORRUPT (the copy differs
 * from the original, and is removed again where the destination can). */
int object_copy(struct object_ends *ends, const struct lagan_entry *entry,
                const struct object_copy_options *options, struct object_copied *copied,
                struct error *e);

/* The key that an entry called `key` gets at the destination with the options' prefixes; into
 * `out`, which is cleared first.  INVALID. */
int object_target_key(const struct object_ends *ends, const void *key, size_t key_size,
                      const struct object_copy_options *options, struct buffer *out,
                      struct error *e);
/* Whether nothing tells that `there` is another content than that of `entry`: both have some,
 * of equal and known length, and no ETags that differ; links have equal targets. */
bool object_may_be_same(const struct lagan_entry *entry, const struct lagan_entry *there);
/* Whether what `there` says of the destination's object tells that it is `entry`, copied after
 * the last change of that one: equal length, no checksums that differ, and the later time, or
 * in a tree of files the same one.  Pieces, where there are any, count. */
bool object_is_same(const struct object_ends *ends, const struct lagan_entry *entry,
                    const struct lagan_entry *there);

/* What the rule says before anything is copied, where the destination has `there` (NULL =
 * nothing): COPIED (it is to be copied), SAME or KEPT.  Rule NEWER keeps what is younger than
 * the original. */
enum object_outcome object_would(const struct object_ends *ends, enum object_exists rule,
                                 const struct lagan_entry *entry,
                                 const struct lagan_entry *there);

/* The object's key within `key`, without a version's suffix, and that suffix's id ("" = none).
 */
struct object_name {
    const void *key;
    size_t key_size;
    const char *version; /* terminated by the end of the key: use version_size */
    size_t version_size;
};
struct object_name object_name_of(const void *key, size_t key_size);
/* Looks at the object `key` (and `version`, "" = the current one) now: its attributes and
 * pieces to `collector`.  NOT_FOUND. */
int object_look(struct source *from, const void *key, size_t key_size,
                const struct lagan_entry_collector *collector, struct error *e);
/* Listings round times, some of them up: what is closer may be the other way round. */
#define OBJECT_ROUNDED_NS INT64_C(2000000000)
/* The nanoseconds since 1970 of an entry's last change; INT64_MIN when it is not told. */
int64_t object_time_ns(const struct lagan_entry *entry);

#endif
