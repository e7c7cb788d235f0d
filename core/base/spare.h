/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spare.h - large buffers that come and go, kept for the next one who needs such a size.
 *
 * What malloc takes from the system and gives back at once costs a page fault for every 4 KiB
 * each time; here a few buffers stay.  All functions are thread-safe.
 */
#ifndef CORE_BASE_SPARE_H
#define CORE_BASE_SPARE_H

#include "base/error.h"

#include <stddef.h>

struct spare_pool;

/* A pool that keeps at most `bytes` in buffers that nobody uses. */
struct spare_pool *spare_pool_new(size_t bytes, struct error *e);
/* Frees what it keeps; buffers that are out may still be given back with spare_free.  NULL is
 * fine. */
void spare_pool_free(struct spare_pool *p);

/* A buffer of at least `size` (from 1) bytes with whatever was in it; NULL without memory. */
void *spare_take(struct spare_pool *p, size_t size);
/* Gives back what spare_take gave; the caller's from then on no more.  NULL is fine. */
void spare_give(struct spare_pool *p, void *buffer);
/* Frees a buffer without keeping it.  NULL is fine. */
void spare_free(void *buffer);

#endif
