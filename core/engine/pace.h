/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h - holds bytes back so that no more pass in a second than the time of day allows. */
#ifndef CORE_ENGINE_PACE_H
#define CORE_ENGINE_PACE_H

#include "base/error.h"

struct pace;

/* `bandwidth`: a text as policy/bandwidth.h reads it; NULL = no limit. */
struct pace *pace_new(const char *bandwidth, struct error *e);
/* NULL is fine. */
void pace_free(struct pace *p);
/* Returns when `bytes` more may pass; at once where there is no limit.  -1 with class CANCELLED
 * when all is cancelled meanwhile.  Any threads. */
int pace_wait(struct pace *p, uint64_t bytes, struct error *e);

#endif
