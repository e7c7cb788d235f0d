/* SPDX-License-Identifier: Apache-2.0 */
/* queue_private.h - items of the queue as rows, for the files that work on it. */
#ifndef CORE_CATALOG_QUEUE_PRIVATE_H
#define CORE_CATALOG_QUEUE_PRIVATE_H

#include "catalog/catalog_private.h"
#include "catalog/queue.h"

#define ITEM_COLUMNS                                                                           \
    "id, lane, operation, subject, class, state, bytes, created_ns, due_ns, attempts,"         \
    " first_failure_ns, token, task"

/* A row of ITEM_COLUMNS. */
int item_read(struct query *q, struct catalog_item *item, struct error *e);
/* The first row of a bound query: 1, 0 none, -1; ends it. */
int item_read_only(struct query *q, struct catalog_item *item, struct error *e);

/* What a lease hangs on. */
struct lease {
    int64_t item;
    int64_t end_boot_ns;
    struct process_mark owner;
};

/* A row of id, lease_boot_ns, pid, boot_id and process_start. */
int lease_read(struct query *q, struct lease *lease, struct error *e);
/* Why the lease is over; NULL when it is not. */
const char *lease_end(const struct lease *lease, const struct process_mark *self);

#endif
