/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aead.h - AES-256-GCM (NIST SP 800-38D) with explicit nonces, by OpenSSL.
 *
 * A nonce must never be used twice with one key.  lagan derives a fresh key for each object
 * from a random salt and counts nonces within it.
 */
#ifndef CORE_CRYPTO_AEAD_H
#define CORE_CRYPTO_AEAD_H

#include "base/error.h"

enum { AEAD_KEY_SIZE = 32, AEAD_NONCE_SIZE = 12, AEAD_TAG_SIZE = 16 };

/* A key ready for use.  For one thread at a time. */
struct aead;
struct aead *aead_new(const uint8_t key[AEAD_KEY_SIZE], struct error *e);
/* Wipes and frees.  NULL is fine. */
void aead_free(struct aead *a);

/* The 64-bit number `n`, little-endian, and four zero bytes. */
void aead_counter_nonce(uint64_t n, uint8_t nonce[AEAD_NONCE_SIZE]);

/* Encrypts `size` (below 2^31) bytes into `out`, which gets `size` + AEAD_TAG_SIZE bytes; `in`
 * may equal `out`.  `aad` is authenticated with it. */
int aead_encrypt(struct aead *a, const uint8_t nonce[AEAD_NONCE_SIZE], const void *aad,
                 size_t aad_size, const void *in, size_t size, void *out, struct error *e);
/* The reverse: `size` includes the tag, `out` gets `size` - AEAD_TAG_SIZE bytes.  CORRUPT
 * (integrity) when anything was altered; `out` holds zeroes then. */
int aead_decrypt(struct aead *a, const uint8_t nonce[AEAD_NONCE_SIZE], const void *aad,
                 size_t aad_size, const void *in, size_t size, void *out, struct error *e);

#endif
