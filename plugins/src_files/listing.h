/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - the names in one directory, sorted by bytes.
 */
#ifndef SRC_FILES_LISTING_H
#define SRC_FILES_LISTING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One name.  `head`: its first eight bytes, most significant first, so that most comparisons
 * need not look at the text. */
struct listed {
    uint64_t head;
    const char *text; /* zero-terminated */
    uint16_t size;
    uint8_t type; /* DT_... as the directory says it; DT_UNKNOWN when it does not */
};

struct listing_block;

/* Zeroed before use. */
struct listing {
    struct listed *names;
    size_t count;
    size_t room;
    size_t bytes; /* memory held */
    struct listing_block *blocks;
};

enum { LISTING_BUFFER_BYTES = 128 * 1024 };

/* Reads all names of the open directory `fd` but "." and "..", sorted.  `buffer`: for the work,
 * of LISTING_BUFFER_BYTES, aligned as by malloc.  Ends early when `*stop` becomes true.  0 or a
 * system error; the names read before an error are there. */
int listing_read(struct listing *l, int fd, char *buffer, const atomic_bool *stop);
/* Adds one name, which keeps the order only when the listing was empty.  0 or ENOMEM. */
int listing_add(struct listing *l, const char *name, size_t size, uint8_t type);
/* The index of the first name that is not before `name`. */
size_t listing_search(const struct listing *l, const char *name, size_t size);
bool listing_has(const struct listing *l, const char *name);
/* Frees what it holds and zeroes it. */
void listing_clear(struct listing *l);

#endif
