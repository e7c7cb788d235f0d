/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_object.h - sessions as the vault shows them: who writes now, since which prune epoch.
 * Format: doc/format.md section 10.
 */
#ifndef CORE_VAULT_SESSION_OBJECT_H
#define CORE_VAULT_SESSION_OBJECT_H

#include "vault/vault_private.h"

struct session_object {
    uint8_t vault[16];
    uint8_t session[16];
    uint8_t writer[16];
    int64_t created_ns;
    const char *host;
    const char *seal; /* of `.done`: name of the seal, "" = withdrawn; else NULL */
};

void session_object_encode(const struct session_object *object, struct buffer *out);

/* Registers a session under the highest prune epoch there is, which goes to `*epoch`. */
int session_object_register(struct vault *v, const struct session_object *object,
                            uint32_t *epoch, struct error *e);
/* Writes `.done`; one that is there already is fine. */
int session_object_finish(struct vault *v, const struct session_object *object, uint32_t epoch,
                          struct error *e);

#endif
