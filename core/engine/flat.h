/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flat.h - backups of sources whose keys are flat, as a bucket's are (LAGAN_TRAIT_FLAT): any
 * bytes but zero, slashes among them, and no entry above another.  People and rules look at
 * them as at paths all the same.
 */
#ifndef CORE_ENGINE_FLAT_H
#define CORE_ENGINE_FLAT_H

#include "base/buffer.h"
#include "driver/source.h"
#include "policy/select.h"
#include "vault/tree.h"

/* Whether the keys of an open source are flat. */
bool flat_source(const struct source *source);
/* Whether a tree is one of flat keys: 1, 0, -1.  Its first entries tell. */
int flat_tree(const struct chunk_access *access, const struct tree_root *root, struct error *e);

/* The bytes of the object's key within that of a version (<lagan/source.h>). */
size_t flat_object_size(const void *key, size_t size);
/* As select_match, of a flat key: slashes part its folders, versions go the way of their
 * object.  SELECT_TAKE or SELECT_SKIP. */
enum select_answer flat_match(const struct select_rules *rules, const void *key, size_t size);
/* How many useful threads there are for a place or a source that is far away: at least `least`
 */
unsigned flat_threads(const struct source *source, unsigned least);

/* Where `key` comes to stand when what is at `top`, or in the folder `top`, is put at the top
 * of the place: an object keeps the last part of its name.  False when it lies elsewhere. */
bool flat_below(const uint8_t *top, size_t top_size, const uint8_t **key, size_t *size);

#endif
