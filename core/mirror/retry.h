/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry.h - what becomes of an item whose attempt failed.  Pure: the same failure at the same
 * time with the same random number gives the same answer.
 */
#ifndef CORE_MIRROR_RETRY_H
#define CORE_MIRROR_RETRY_H

#include "catalog/queue.h"

/* X(symbol, what it means) */
#define RETRY_VERDICTS(X)                                                                      \
    X(AGAIN, "it is tried again later, until its budget is used up")                           \
    X(AWAY, "its place cannot be used at all: the whole lane waits, and nothing is counted")   \
    X(NEVER, "trying again would end alike: it is given up, to be replayed by hand")           \
    X(UNDONE, "it did not take place: it waits as before")
enum retry_verdict {
#define X(symbol, text) RETRY_##symbol,
    RETRY_VERDICTS(X)
#undef X
};

/* How an error is to be taken. */
enum retry_verdict retry_judge(const struct error *why);

/*
 * When the item of this attempt is tried again, by the wall clock, or 0 when it is given up:
 * the first failure of the series is longer ago than `budget_ns`.  Waits double from 5 s to 10
 * minutes, spread over their upper half by `random` (any number), and are never shorter than
 * what the store asked for.
 */
int64_t retry_item_at(const struct catalog_item *item, const struct error *why, int64_t now_ns,
                      int64_t budget_ns, uint32_t random);
/* When a lane whose place could not be reached `tries` times is tried again: from 10 s to 5
 * minutes, for ever. */
int64_t retry_lane_at(uint64_t tries, const struct error *why, int64_t now_ns, uint32_t random);

#endif
