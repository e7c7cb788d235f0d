/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_convert.h - entries of a backup as the place takes them, which may be of another kind
 * than the source was: objects of a bucket as files of folders, files as objects.
 *
 * What the other kind cannot hold is named: an entry with the reason, a loss that all entries
 * share once.
 */
#ifndef CORE_ENGINE_RESTORE_CONVERT_H
#define CORE_ENGINE_RESTORE_CONVERT_H

#include "base/buffer.h"
#include "vault/tree.h"

#include <lagan/source.h>

enum restore_way {
    RESTORE_AS_IS,
    RESTORE_TO_FILES,  /* flat keys are cut at their slashes */
    RESTORE_TO_OBJECTS /* components are joined by slashes */
};

/* In front of the names of properties that are kept as extended attributes. */
#define RESTORE_PROPERTY_XATTR "user.lagan."
/* The time of the last change of what was a file: seconds, a point, nanoseconds. */
#define RESTORE_MTIME_PROPERTY LAGAN_PROPERTY_META "mtime"

/* What has been met so far of a sequence of flat keys in their order; `{0}` at first. */
struct restore_names {
    struct buffer last; /* the key before, all of it and of those that it begins with */
    size_t *ends;       /* where keys of objects end that the last one begins with */
    size_t count, room;
};
void restore_names_free(struct restore_names *names);

/*
 * The flat key `key` as one of a tree, into `out` (which is emptied).  A folder's own object,
 * whose name ends with a slash, becomes a directory when `bytes` is 0.  `*refused` is the
 * reason why there can be no such file, else NULL.  Keys come in ascending order.  -1 without
 * memory.
 */
int restore_key_to_files(struct restore_names *names, const uint8_t *key, size_t size,
                         uint64_t bytes, struct buffer *out, bool *directory,
                         const char **refused, struct error *e);

/* Turns pieces into those that the place takes, in `pieces` itself: `*count` of them are left,
 * sorted.  `names` holds the new names, and has to last as long as they do.  `mtime`: room for
 * an entry more behind them.  `*lost`: some had no counterpart. */
int restore_pieces_convert(enum restore_way way, const struct tree_entry *entry,
                           struct lagan_metadata *pieces, size_t *count, struct buffer *names,
                           bool *lost, struct error *e);

#endif
