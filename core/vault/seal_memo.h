/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal_memo.h - the seals that an open vault has read, so that one job that lists the backups
 * several times reads and decodes each of them once.  Seals are immutable and shared: see
 * seal_share.  Thread-safe.
 */
#ifndef CORE_VAULT_SEAL_MEMO_H
#define CORE_VAULT_SEAL_MEMO_H

#include "vault/seal.h"

struct seal_memo;

/* NULL without memory: a vault works without. */
struct seal_memo *seal_memo_new(void);
/* NULL is fine. */
void seal_memo_free(struct seal_memo *m);
/* The seal `name` of an object of `bytes` bytes as it was kept, to be freed by the caller; NULL
 * when there is none that was opened (as `opened` asks).  `m` may be NULL. */
struct seal *seal_memo_find(struct seal_memo *m, const char *name, uint64_t bytes, bool opened);
/* Keeps a share of `seal`, in place of an older one of its name; `m` may be NULL. */
void seal_memo_keep(struct seal_memo *m, const char *name, struct seal *seal);

#endif
