/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.h - gives an object its owner, mode, attributes, flags and times: by descriptor only,
 * in the order in which nothing undoes what came before and no right exists before its owner is
 * final.
 */
#ifndef SRC_FILES_APPLY_H
#define SRC_FILES_APPLY_H

#include "src_files/handle.h"

/* The attributes to give, copied from an entry. */
struct wish {
    uint32_t type; /* enum lagan_entry_type */
    bool has_mode;
    bool has_owner;
    bool has_mtime;
    bool knows_owner;  /* `user` and `group` are the entry's, to be set or not */
    bool unprivileged; /* leave out what gives rights */
    uint32_t mode;
    uint32_t user;
    uint32_t group;
    int64_t mtime_s;
    uint32_t mtime_ns;
};

/* What gets the attributes. */
struct object {
    int fd;
    bool by_path;  /* `fd` is O_PATH: some calls go through /proc */
    bool inherits; /* it may have got an access list from the directory it was made in */
    char path[32];
};

/* The metadata that belongs to the wish. */
struct pieces {
    const struct lagan_metadata *list;
    size_t count;
    const struct lagan_metadata_collector *lost; /* may be NULL */
};

/* `flags`: LAGAN_CREATE_...  Names of owners are looked up here. */
struct wish wish_of(const struct handle *h, const struct lagan_entry *entry, uint64_t flags);
/* An object for `fd`, which stays the caller's. */
struct object object_of(int fd, bool by_path, bool inherits);
/* Owner, mode, extended attributes, inode flags, times.  What cannot be set goes to `lost`. */
void apply_attributes(const struct object *object, const struct wish *wish,
                      const struct pieces *pieces);
/* The flags that forbid further changes; once the object has its name. */
void apply_locks(const struct object *object, const struct pieces *pieces);
/* Whether what is made in `folder` inherits access lists. */
bool apply_inherits(struct folder *folder);

#endif
