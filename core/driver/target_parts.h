/* SPDX-License-Identifier: Apache-2.0 */
/* target_parts.h - long objects of a target, put in parts at the same time. */
#ifndef CORE_DRIVER_TARGET_PARTS_H
#define CORE_DRIVER_TARGET_PARTS_H

#include "driver/target_private.h"

/* The length of each part but the last when an object of `bytes` is put in parts; 0 = it is put
 * in one piece: it is short, or the driver has no parts of its own that could hold it. */
uint64_t target_part_bytes(const struct lagan_target_capabilities *told, uint64_t bytes);

/* target_put_content in parts of `part_bytes`, as many at a time as the driver says is useful.
 * `content` is read by one thread at a time. */
int target_put_parts(struct target *t, const char *key, uint64_t bytes, uint64_t part_bytes,
                     const struct lagan_content *content, const uint8_t *sha256,
                     struct error *e);

#endif
