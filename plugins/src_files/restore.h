/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.h - what all calls that write back begin with.
 */
#ifndef SRC_FILES_RESTORE_H
#define SRC_FILES_RESTORE_H

#include "src_files/handle.h"

/* The handle was opened for writing back and all flags are known: LAGAN_OK, or a reported
 * error. */
uint32_t restore_check(const struct handle *h, struct lagan_op *op, uint64_t flags);
/* As beneath_place, for something that is to be made: LAGAN_OK or a reported error. */
uint32_t restore_place(struct handle *h, struct lagan_op *op, const void *key, size_t key_size,
                       struct place *place);

#endif
