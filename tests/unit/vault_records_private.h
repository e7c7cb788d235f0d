/* SPDX-License-Identifier: Apache-2.0 */
/* vault_records_private.h - what the files of vault_records share. */
#ifndef TESTS_UNIT_VAULT_RECORDS_PRIVATE_H
#define TESTS_UNIT_VAULT_RECORDS_PRIVATE_H

#include "vault_records.h"

enum { T0 = 1795247878 }; /* 2026-11-21T07:57:58Z */
#define NS INT64_C(1000000000)

/* X(word): the records of prune. */
#define PRUNE_RECORDS(X) X(condemned) X(deleted) X(moved)
#define X(word)                                                                                \
    void records_encode_##word(struct buffer *out);                                            \
    void records_check_##word(const struct buffer *object);                                    \
    int records_decode_##word(const void *data, size_t size, struct error *e);
PRUNE_RECORDS(X)
#undef X

#endif
