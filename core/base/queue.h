/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h - a bounded queue of pointers between threads, with an end and with cancellation.
 * Any number of producers and consumers.  The items belong to whoever holds them.
 */
#ifndef CORE_BASE_QUEUE_H
#define CORE_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue;

/* A queue of at most `limit` (>= 1) items; NULL when memory runs out. */
struct queue *queue_new(size_t limit);
/* The queue must be empty or cancelled; remaining items are dropped unfreed.  NULL is fine. */
void queue_free(struct queue *q);
/* Waits for room.  False (item not taken) once the queue was closed or cancelled. */
bool queue_put(struct queue *q, void *item);
/* Waits for an item.  NULL once closed and empty, or cancelled. */
void *queue_take(struct queue *q);
/* As queue_take without waiting. */
void *queue_try_take(struct queue *q);
/* No more items will come; takers drain what is left. */
void queue_close(struct queue *q);
/* Wakes everyone; puts and takes fail from now on except queue_try_take, for draining. */
void queue_cancel(struct queue *q);

#endif
