/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - a fixed set of worker threads for pure work (hash, compress, seal, decode), and an
 * ordered pipe on top of it: work is handed in one order, done on many threads, and its results
 * come out in the order of handing in.
 */
#ifndef CORE_BASE_POOL_H
#define CORE_BASE_POOL_H

#include "base/error.h"

#include <stddef.h>

struct pool;

/* The number of processors this process may use, at least 1. */
unsigned pool_processors(void);

/* Starts `threads` (>= 1) workers; at most `limit` submitted items wait. */
struct pool *pool_new(unsigned threads, size_t limit, struct error *e);
/* Finishes all submitted work, then ends the threads.  NULL is fine. */
void pool_free(struct pool *p);
/* Waits for room, then queues `run(item)`. */
void pool_submit(struct pool *p, void (*run)(void *item), void *item);

/*
 * The ordered pipe.  `run` is called on a worker; its item is then returned by pipe_take in the
 * order of pipe_put.  At most `limit` items are inside; pipe_put waits for room, which only a
 * pipe_take on another thread (or pipe_take_if_any on this one, before) makes.
 */
struct pipe;
struct pipe *pipe_new(struct pool *p, size_t limit, void (*run)(void *item), struct error *e);
/* Must be empty.  NULL is fine. */
void pipe_free(struct pipe *p);
void pipe_put(struct pipe *p, void *item);
/* True when pipe_put would wait. */
int pipe_full(struct pipe *p);
/* The next finished item in order: waits for it; NULL once pipe_close was called and all came
 * out. */
void *pipe_take(struct pipe *p);
/* The next item if one is inside (waits until it is finished), NULL when the pipe is empty. */
void *pipe_take_if_any(struct pipe *p);
void pipe_close(struct pipe *p);

#endif
