/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_head.h - how far an installation's audit log had come, noted in a vault: what was noted
 * in another region cannot be taken back by whoever can change the log.  Format: doc/format.md
 * section 4.2.  Needs no key.
 */
#ifndef CORE_VAULT_AUDIT_HEAD_H
#define CORE_VAULT_AUDIT_HEAD_H

#include "vault/vault.h"

enum { AUDIT_HEAD_BYTES = 8 + 8 + 8 + 32 }; /* of the object */

struct vault_audit_head {
    uint8_t writer[16]; /* the installation */
    uint64_t sequence;  /* of the line */
    int64_t at_ns;      /* when it was noted */
    uint8_t hash[32];   /* over all lines up to it */
};

/* Notes a head, durably; one that stands there already is fine, one that says another hash
 * of this writer's line is AUDIT_BROKEN. */
int vault_audit_head_write(struct vault *v, const struct vault_audit_head *head,
                           struct error *e);
/* Calls `each` for all heads of `writer` (16 bytes; NULL = of all), by writer and sequence.
 * INTEGRITY for one that is damaged. */
int vault_audit_head_list(struct vault *v, const uint8_t *writer,
                          int (*each)(void *context, const struct vault_audit_head *head,
                                      struct error *e),
                          void *context, struct error *e);
/* Decodes the object `name`; INTEGRITY. */
int audit_head_decode(const char *name, const void *data, size_t size,
                      struct vault_audit_head *head, struct error *e);

#endif
