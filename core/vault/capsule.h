/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capsule.h - one secret message at the end of an otherwise readable object: salt, commitment,
 * length, ciphertext.  Used by key slots and seals.  Format: doc/format.md sections 3.1 and 9.
 *
 * key ‖ commitment = HKDF(K, salt, info, 64); AES-256-GCM with nonce(0); the associated data
 * are all bytes of the object before the salt.
 */
#ifndef CORE_VAULT_CAPSULE_H
#define CORE_VAULT_CAPSULE_H

#include "base/buffer.h"

enum { CAPSULE_SALT = 32, CAPSULE_OVERHEAD = 32 + 32 + 4 + 16 };

/* Appends a capsule that holds `size` bytes of `plain` to `out`, whose content so far becomes
 * the associated data.  `salt` is random and never used twice. */
int capsule_append(struct buffer *out, const uint8_t key[32], const char *info,
                   const uint8_t salt[CAPSULE_SALT], const void *plain, size_t size,
                   struct error *e);

/* A capsule taken apart; all pointers lie in the object. */
struct capsule {
    const uint8_t *associated;
    size_t associated_size;
    const uint8_t *salt;
    const uint8_t *commitment;
    const uint8_t *ciphertext;
    size_t ciphertext_size; /* with the tag, at least 16 */
};

/* Takes a capsule from `r`, which is a reader over the object that starts at `object`. */
int capsule_take(struct reader *r, const void *object, struct capsule *c, const char *what,
                 struct error *e);
/* Decrypts into `plain` (room for ciphertext_size - 16 bytes).  WRONG_KEY when the commitment
 * is not that of `key`, INTEGRITY when something was altered; `plain` is then zeroed. */
int capsule_open(const struct capsule *c, const uint8_t key[32], const char *info, void *plain,
                 const char *what, struct error *e);

#endif
