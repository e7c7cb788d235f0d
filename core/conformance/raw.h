/* SPDX-License-Identifier: Apache-2.0 */
/* raw.h - instances made call by call, for cases about the order of life. */
#ifndef CORE_CONFORMANCE_RAW_H
#define CORE_CONFORMANCE_RAW_H

#include "conformance/case.h"

/* An instance of the driver's own. */
struct raw {
    struct trial *trial;
    void *instance;
    bool started;
};

/* instance_new. */
struct raw raw_new(struct trial *t);
/* configure for every row that has a value, given or by default; at most `most` calls.  The
 * values lie in memory that is overwritten and freed when configure has returned.  Returns how
 * many calls were made.  A row whose value is a secret is read as the host reads it. */
size_t raw_configure(struct raw *r, size_t most);
/* configured and start, where the driver has them: a class. */
uint32_t raw_configured(struct raw *r);
uint32_t raw_start(struct raw *r);
/* open: a class, and `*handle`. */
uint32_t raw_open(struct raw *r, uint64_t flags, void **handle);
void raw_close(struct raw *r, void *handle);
/* stop, if it was started, and instance_free. */
void raw_free(struct raw *r);
#endif
