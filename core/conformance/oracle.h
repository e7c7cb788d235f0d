/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.h - a perfect target in memory: what a store of few names must answer.
 *
 * Contents are numbers, as in target_case.h: an object is its seed and its length.
 */
#ifndef CORE_CONFORMANCE_ORACLE_H
#define CORE_CONFORMANCE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORACLE_KEYS = 12 };

struct oracle {
    struct oracle_object {
        bool there;
        uint64_t seed, bytes;
    } objects[ORACLE_KEYS]; /* by number of key; the numbers are in byte order of the keys */
};

/* Each returns what a target must return: enum lagan_class. */
uint32_t oracle_put(struct oracle *o, unsigned key, uint64_t seed, uint64_t bytes);
uint32_t oracle_remove(struct oracle *o, unsigned key);
/* OK with the object in `*object`, or NOT_FOUND. */
uint32_t oracle_look(const struct oracle *o, unsigned key, struct oracle_object *object);
/* OK, INVALID or NOT_FOUND; `*count`: the bytes that come.  `length` UINT64_MAX: to the end. */
uint32_t oracle_get(const struct oracle *o, unsigned key, uint64_t offset, uint64_t length,
                    uint64_t *count);
uint32_t oracle_copy(struct oracle *o, unsigned from, unsigned to);
uint32_t oracle_rename(struct oracle *o, unsigned from, unsigned to);
/* The keys of a page, by number, into `keys`: those from `first` on for which `wanted` says
 * yes, at most `limit`.  Returns how many; `*more`: others follow. */
size_t oracle_list(const struct oracle *o, unsigned first,
                   bool (*wanted)(void *context, unsigned key), void *context, size_t limit,
                   unsigned keys[ORACLE_KEYS], bool *more);

#endif
