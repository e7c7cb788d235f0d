/* SPDX-License-Identifier: Apache-2.0 */
/* content_node.h - one node of a content map, for the builder and the cursor. */
#ifndef CORE_VAULT_CONTENT_NODE_H
#define CORE_VAULT_CONTENT_NODE_H

#include "vault/content.h"

enum { CONTENT_NODE_LIMIT = 512, CONTENT_HEIGHT_LIMIT = 16 };

/* Appends the bytes of a node of `count` (1..CONTENT_NODE_LIMIT) records at `level`. */
void content_node_encode(struct buffer *out, uint32_t level, const struct chunk_record *records,
                         uint32_t count);

#endif
