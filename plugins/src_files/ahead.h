/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead.h - threads that look at directories before the walk gets there.
 *
 * The steps that wait stand in the order in which the walk will need them; what comes out of a
 * step takes its place.  Threads take the first that waits, and stop while more than
 * AHEAD_BYTES of results lie ready, unless the walk itself is waiting.
 */
#ifndef SRC_FILES_AHEAD_H
#define SRC_FILES_AHEAD_H

#include "src_files/scan.h"

enum { AHEAD_BYTES = 4 << 20 };

struct ahead;

/* Starts `threads` (at least 1) on a walk of `scan`, which must outlive the result, beginning
 * with `root`, which is taken over.  NULL when memory or threads run out. */
struct ahead *ahead_start(struct scan *scan, unsigned threads, struct step *root);
/* Waits until `step` is done and hands its result over: the portion, and with a branch's first
 * step the branch, which are the caller's from now on; the step is gone.  LAGAN_OK or an error
 * that was reported. */
uint32_t ahead_take(struct ahead *a, struct lagan_op *op, struct step *step,
                    struct branch **branch, struct portion **portion);
/* Ends the threads and frees all that was not taken.  NULL is fine. */
void ahead_stop(struct ahead *a);
/* How many threads pay for the tree on this descriptor. */
unsigned ahead_automatic(int root);

#endif
