/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h - Ed25519 (RFC 8032), by OpenSSL. */
#ifndef CORE_CRYPTO_SIGNATURE_H
#define CORE_CRYPTO_SIGNATURE_H

#include "base/error.h"

enum { SIGNATURE_SEED_SIZE = 32, SIGNATURE_PUBLIC_SIZE = 32, SIGNATURE_SIZE = 64 };

/* The public key that belongs to a seed. */
int signature_public(const uint8_t seed[SIGNATURE_SEED_SIZE],
                     uint8_t public_key[SIGNATURE_PUBLIC_SIZE], struct error *e);
int signature_make(const uint8_t seed[SIGNATURE_SEED_SIZE], const void *message, size_t size,
                   uint8_t signature[SIGNATURE_SIZE], struct error *e);
/* CORRUPT (integrity) when the signature is not that key's of that message. */
int signature_check(const uint8_t public_key[SIGNATURE_PUBLIC_SIZE], const void *message,
                    size_t size, const uint8_t signature[SIGNATURE_SIZE], struct error *e);

#endif
