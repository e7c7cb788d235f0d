/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attributes.h - what the system says of one entry, kept small, and how it becomes a
 * lagan_entry.
 */
#ifndef SRC_FILES_ATTRIBUTES_H
#define SRC_FILES_ATTRIBUTES_H

#include "src_files/owners.h"

#include <lagan/source.h>
#include <stdbool.h>

struct attributes {
    uint64_t bytes;
    uint64_t inode;
    int64_t mtime_s;
    int64_t ctime_s;
    uint32_t mtime_ns;
    uint32_t ctime_ns;
    uint32_t mode; /* type and permissions as in st_mode */
    uint32_t user;
    uint32_t group;
    uint32_t links;
    uint32_t device_major; /* of a device node */
    uint32_t device_minor;
    uint32_t system_major; /* of the file system it is on */
    uint32_t system_minor;
    bool sparse;  /* fewer blocks than its length needs */
    bool mounted; /* something is mounted here */
};

enum { STAMP_BYTES = 20, IDENTITY_BYTES = 16 };

/* Room for what a lagan_entry points to. */
struct attributes_room {
    unsigned char stamp[STAMP_BYTES];
    unsigned char identity[IDENTITY_BYTES];
};

/* Reads the attributes of `name` in `directory`, not following it; with the name "" those of
 * the descriptor itself.  0 or a system error. */
int attributes_read(int directory, const char *name, struct attributes *a);
/* enum lagan_entry_type; LAGAN_ENTRY_ERROR for a type that is none of them. */
uint32_t attributes_type(const struct attributes *a);
/* True when content, length, mode, owner and times are the same in both. */
bool attributes_equal(const struct attributes *a, const struct attributes *b);
/* True when the file has lost its last name meanwhile, and nothing else tells of a change: its
 * content is what it was. */
bool attributes_removed(const struct attributes *before, const struct attributes *after);
/* What tells one inode from all others now: device and inode number, little-endian. */
void attributes_identity(const struct attributes *a, unsigned char identity[IDENTITY_BYTES]);
/* Fills all of `entry` except key and link.  Its pointers go to `room` and `owners`. */
void attributes_describe(const struct attributes *a, struct owners *owners,
                         struct attributes_room *room, struct lagan_entry *entry);

#endif
