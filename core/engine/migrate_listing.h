/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate_listing.h - the objects of both ends of a migration side by side, in one order and in
 * memory that does not grow with their number.
 *
 * The order is that of keys at the destination.  Between a flat place and a tree of files it is
 * that of keys with '/': the tree, whose walk comes in another one ("a-b" stands behind what is
 * in "a" there), is sorted, in memory while it is small and in a private file beyond that.
 */
#ifndef CORE_ENGINE_MIGRATE_LISTING_H
#define CORE_ENGINE_MIGRATE_LISTING_H

#include "engine/object_private.h"
#include "policy/migrate_rules.h"

/* An object of a listing.  `{0}` is empty; can be filled again and again. */
struct migrate_entry {
    struct buffer order; /* where it stands in the listings */
    struct object_seen seen;
};
void migrate_entry_free(struct migrate_entry *entry);
/* The entry, with its pieces; valid until `entry` changes. */
struct lagan_entry migrate_entry_view(const struct migrate_entry *entry);
int migrate_entry_copy(struct migrate_entry *to, const struct migrate_entry *from,
                       struct error *e);

/* ---- migrate_sort.c ---- */

/* Sorts entries by `order`; keeps their key, type, length, time, mode and flags. */
struct migrate_sort;
/* `memory_bytes`: what is kept before it goes to a file. */
struct migrate_sort *migrate_sort_new(size_t memory_bytes, struct error *e);
/* NULL is fine. */
void migrate_sort_free(struct migrate_sort *s);
int migrate_sort_add(struct migrate_sort *s, const struct migrate_entry *entry,
                     struct error *e);
/* The next one into `entry`, from the first call on in order: 1, 0 at the end, -1. */
int migrate_sort_next(struct migrate_sort *s, struct migrate_entry *entry, struct error *e);

/* ---- migrate_listing.c ---- */

/* What a listing meets besides objects; all may be NULL.  They are called during
 * migrate_join_next. */
struct migrate_notes {
    void *context;
    /* It exists and could not be looked at, or its content could not be listed. */
    void (*problem)(void *context, const struct lagan_entry *entry);
    /* Of a kind that the destination has no place for. */
    void (*left_out)(void *context, const struct lagan_entry *entry);
    /* The destination has it, and nothing in the scope is called so. */
    void (*extra)(void *context, const struct lagan_entry *entry);
};

struct migrate_join;
/* Both listings, from behind the place `after` in their order (size 0 = from the start). `plan`
 * and `ends` outlive the result. */
struct migrate_join *migrate_join_open(struct object_ends *ends,
                                       const struct migrate_plan *plan, const void *after,
                                       size_t after_size, const struct migrate_notes *notes,
                                       struct error *e);
/* NULL is fine. */
void migrate_join_close(struct migrate_join *join);
/* The next object of the source within the scope, and what the destination has of that name
 * (NULL = nothing), both valid until the next call: 1, 0 at the end, -1. */
int migrate_join_next(struct migrate_join *join, const struct migrate_entry **entry,
                      const struct migrate_entry **there, struct error *e);

#endif
