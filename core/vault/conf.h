/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - generations of a vault's configuration.  Format: doc/format.md section 4. */
#ifndef CORE_VAULT_CONF_H
#define CORE_VAULT_CONF_H

#include "vault/keys.h"

enum { CONF_OBJECT_LIMIT = 64 << 10 };

/* One generation. */
struct conf {
    struct vault_settings settings;
    uint8_t previous[32]; /* hash of the generation before; zeroes in the first */
    uint8_t hash[32];     /* of the object; set by conf_decode */
};

/* Encodes and signs. */
int conf_encode(const struct conf *c, const struct keys *keys, struct buffer *out,
                struct error *e);
/* Decodes the object stored as `name` and checks its signature by its own root key.  INTEGRITY
 * or NEWER_FORMAT, naming the object. */
int conf_decode(const void *data, size_t size, const char *name, struct conf *c,
                struct error *e);

/* INTEGRITY when a value is beyond what any vault may have; `what` names its origin. */
int vault_settings_check(const struct vault_settings *s, const char *what, struct error *e);

/* A generation as it stands in storage. */
struct conf_entry {
    char name[32];
    uint32_t generation;
    uint64_t bytes;
    bool valid;       /* and the chain up to it */
    struct conf conf; /* when valid */
    struct error why; /* when not */
};

/* Reads and judges all generations, ascending; the caller frees `*entries`.  None is no error.
 */
int conf_load(struct target *target, struct conf_entry **entries, size_t *count,
              struct error *e);
/* The generation in force: the highest valid one.  NO_VAULT, INTEGRITY or NEWER_FORMAT. */
int conf_select(const struct conf_entry *entries, size_t count, const struct conf **conf,
                struct error *e);

#endif
