/* SPDX-License-Identifier: Apache-2.0 */
/* spool.h - a private file without a name, for bytes that wait between two calls of a driver.
 */
#ifndef CORE_DRIVER_SPOOL_H
#define CORE_DRIVER_SPOOL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Opens an empty file in $TMPDIR (else /var/tmp), which only this process can reach and which
 * is gone when it ends: a descriptor, or -1. */
int spool_open(struct error *e);
/* Exactly `size` bytes at `offset`.  Different ranges may be written at a time. */
int spool_write(int fd, uint64_t offset, const void *data, size_t size, struct error *e);
int spool_read(int fd, uint64_t offset, void *data, size_t size, struct error *e);

#endif
