/* SPDX-License-Identifier: Apache-2.0 */
/* seal_inner.h - the secret part of a seal: its TLVs.  Format: doc/format.md section 9. */
#ifndef CORE_VAULT_SEAL_INNER_H
#define CORE_VAULT_SEAL_INNER_H

#include "vault/seal.h"

/* Appends the inner TLVs of `s`. */
void seal_inner_encode(const struct seal *s, struct buffer *out);
/* Decodes inner TLVs into `s`, whose inner part is empty; `what` names the object. */
int seal_inner_decode(struct reader r, struct seal *s, const char *what, struct error *e);

#endif
