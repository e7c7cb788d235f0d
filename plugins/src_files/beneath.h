/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beneath.h - reaches directories below a root by their keys, never following a symbolic link
 * and never leaving the root, whatever the key says and whoever renames meanwhile.
 *
 * Directories that were reached lately are kept open, so that the files of one directory cost
 * one lookup of a single name each.  A directory is kept for a fifth of a second at most: who
 * moves it elsewhere cannot make use of it for longer.  At most BENEATH_KEPT descriptors are
 * held besides those in use.  Keys of any length and depth work.  All functions are
 * thread-safe.
 */
#ifndef SRC_FILES_BENEATH_H
#define SRC_FILES_BENEATH_H

#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { BENEATH_KEPT = 64 };

struct beneath;

/* A directory below the root, open.  Read `fd`, leave the rest alone. */
struct folder {
    int fd; /* O_PATH or O_RDONLY */
    /* 1 when files made in it inherit access lists, 0 when not, -1 when not known yet */
    atomic_int inherits;
    atomic_uint users;
    size_t key_size;
    uint64_t key_hash;
    int64_t reached_ns;
    char key[];
};

/* The entry that a key names: its parent directory and its last component ("." for the root).
 */
struct place {
    struct folder *folder;
    char name[NAME_MAX + 1];
};

/* 0 when `key` is made of components that may be used as names (the empty key included), EINVAL
 * for an empty component, "." or ".." and one with '/', ENAMETOOLONG for one above 255 bytes.
 */
int beneath_check_key(const void *key, size_t key_size);

/* `root`: a descriptor of the root directory, taken over also on failure (NULL). */
struct beneath *beneath_new(int root);
/* All folders must have been released.  NULL is fine. */
void beneath_free(struct beneath *b);

/* The directory with this (checked) key into `*folder`; 0 or a system error: ELOOP, ENOTDIR or
 * EXDEV when something else than a directory stands in the way.  Release it. */
int beneath_folder(struct beneath *b, const char *key, size_t key_size, struct folder **folder);
/* The place of the entry with this key, which is checked.  Release place->folder. */
int beneath_place(struct beneath *b, const void *key, size_t key_size, struct place *place);
/* Opens the directory with this (checked) key for listing; `*folder` as beneath_folder, with a
 * descriptor that can be read. */
int beneath_list(struct beneath *b, const char *key, size_t key_size, struct folder **folder);
/* NULL is fine. */
void folder_release(struct folder *folder);

/* Opens `name` in a directory without following it, without touching its access time where that
 * is allowed, and without waiting.  `flags`: O_RDONLY and the like.  A descriptor or -1 and
 * errno.
 */
int beneath_open_quietly(int directory, const char *name, int flags);

#endif
