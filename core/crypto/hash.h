/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), by OpenSSL. */
#ifndef CORE_CRYPTO_HASH_H
#define CORE_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { HASH_SIZE = 32 };

/* SHA-256 of `size` bytes. */
void hash_sha256(const void *data, size_t size, uint8_t out[HASH_SIZE]);

/* SHA-256 of bytes that come in parts: begin, update any number of times, finish.  Lives where
 * the caller puts it; can be begun again; needs no freeing. */
struct hash {
    uint64_t state[16]; /* OpenSSL's */
};
void hash_begin(struct hash *h);
void hash_update(struct hash *h, const void *data, size_t size);
void hash_finish(struct hash *h, uint8_t out[HASH_SIZE]);

/* A key prepared for HMAC-SHA-256.  Read-only once prepared: any number of threads may use one.
 */
struct mac_key {
    struct hash inner, outer;
};
void mac_key_set(struct mac_key *key, const void *secret, size_t size);
void mac_compute(const struct mac_key *key, const void *data, size_t size,
                 uint8_t out[HASH_SIZE]);

#endif
