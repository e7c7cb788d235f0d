/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry.h - one object from one target to another: read once, compared with what it must be
 * while its bytes lie ready at the other side, and only then given its name.
 */
#ifndef CORE_VAULT_CARRY_H
#define CORE_VAULT_CARRY_H

#include "vault/name.h"
#include "vault/seal.h"

/* Between which places, and what is asked before each piece.  Any number of threads. */
struct carry {
    struct target *from, *to;
    void *context;
    int (*pass)(void *context, uint64_t bytes, struct error *e); /* may be NULL */
};

#define CARRY_ANY_LENGTH UINT64_MAX

struct carry_object {
    const char *name;
    uint8_t hash[32];
    size_t hash_bytes; /* of `hash` that the object's SHA-256 must start with: 32, or 16 */
    uint64_t bytes;    /* its length, or CARRY_ANY_LENGTH */
    bool replace;      /* what has the name at the destination is removed just before */
};

enum carry_result {
    CARRY_FAILED = -1, /* `e` is set */
    CARRY_SENT = 0,
    CARRY_PRESENT = 1 /* the name was taken meanwhile; nothing was changed */
};

/*
 * Copies an object, not flushed.  INTEGRITY naming it when it is missing at the source, has
 * another length or other bytes than it must have: then nothing changed at the destination.
 * `*at_source` (may be NULL) tells after a failure whether the source was its place; `*bytes`
 * (may be NULL) is the length.
 */
enum carry_result carry_object(const struct carry *c, const struct carry_object *o,
                               uint64_t *bytes, bool *at_source, struct error *e);

/* How many objects at a time the memory of a destination without stages allows. */
unsigned carry_parallel(const struct target *to, unsigned wanted);

#endif
