/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - an object that is being read: whole, or in ranges several at a time. */
#ifndef SRC_BUCKET_READER_H
#define SRC_BUCKET_READER_H

#include "src_bucket/src_bucket.h"

/* Ranges of an object that are read ahead by threads of their own. */
struct ranges;
/* `told`: the object, whose ETag every request names.  NULL without memory. */
struct ranges *ranges_new(const struct bucket *b, const struct bucket_name *name,
                          const struct s3_object *told);
/* As read_at.  `*changed`: the object was replaced meanwhile; then `*got` is 0. */
uint32_t ranges_read(struct ranges *r, struct lagan_op *op, uint64_t offset, void *data,
                     size_t size, size_t *got, bool *changed);
/* Waits for the threads; NULL is fine. */
void ranges_free(struct ranges *r);

#endif
