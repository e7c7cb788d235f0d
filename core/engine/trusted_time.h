/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trusted_time.h - the time by which backups are let go: that of the wall clock, as far as what
 * this machine has counted agrees with it (base/trust.h).  The mark is kept in the catalog.
 */
#ifndef CORE_ENGINE_TRUSTED_TIME_H
#define CORE_ENGINE_TRUSTED_TIME_H

#include "base/trust.h"
#include "catalog/catalog.h"

struct trusted_time {
    int64_t now_ns;  /* never ahead of the wall clock, nor of what has passed */
    int64_t wall_ns; /* what the wall clock says */
    enum trust_verdict verdict;
    bool doubtful; /* nothing may go by time until the clock is right, or is said to be */
};
/* Reads the clocks and compares them with the mark; a new mark is made when the clocks agree
 * and the last one is an hour old, or of another boot. */
int trusted_time_read(struct catalog *c, struct trusted_time *time, struct error *e);
/* Somebody says that the wall clock is right now: a new mark, with its line in the audit log.
 */
int trusted_time_accept(struct catalog *c, struct error *e);
/* One sentence on a clock in doubt, for people. */
void trusted_time_explain(const struct trusted_time *time, char *text, size_t size);

#endif
