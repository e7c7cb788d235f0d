/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.h - pieces of memory that several hold at once, lent out again and again.
 *
 * A pool has a fixed number of equal pieces: the bound on memory of who fills them.  A piece
 * goes back to its pool when its last holder lets go of it, on whatever thread.
 */
#ifndef CORE_BASE_SHARE_H
#define CORE_BASE_SHARE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct share_pool;
struct share;

/* A pool of `count` pieces (from 1) of `bytes` each, allocated when they are first taken. */
struct share_pool *share_pool_new(size_t count, size_t bytes, struct error *e);
/* Frees the pool, to which all pieces have come back.  NULL is fine. */
void share_pool_free(struct share_pool *p);

/* Waits until a piece is free and holds it, with whatever was in it; NULL without memory. */
struct share *share_take(struct share_pool *p, struct error *e);
/* The piece's bytes, as many as the pool was told. */
uint8_t *share_data(struct share *s);
/* One holder more; returns `s`. */
struct share *share_hold(struct share *s);
/* One holder less.  NULL is fine. */
void share_release(struct share *s);

#endif
