/* SPDX-License-Identifier: Apache-2.0 */
/* store_private.h - a store over an index that somebody else owns, for sessions. */
#ifndef CORE_VAULT_STORE_PRIVATE_H
#define CORE_VAULT_STORE_PRIVATE_H

#include "vault/index.h"
#include "vault/store.h"

/* As store_open over `ix`, which must outlive the store. */
int store_over(struct vault *v, struct index *ix, size_t memory_bytes, struct store **store,
               struct error *e);

#endif
