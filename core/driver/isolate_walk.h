/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_walk.h - the slots of walks, for isolated sources.  Private to this room. */
#ifndef CORE_DRIVER_ISOLATE_WALK_H
#define CORE_DRIVER_ISOLATE_WALK_H

#include <lagan/source.h>

uint32_t isolate_walk_open(void *handle, struct lagan_op *op,
                           const struct lagan_walk_request *request, void **walk);
uint32_t isolate_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                           const struct lagan_entry_collector *entries);
void isolate_walk_close(void *walk);

#endif
