/* SPDX-License-Identifier: Apache-2.0 */
/* derive.h - keys from keys (HKDF-SHA-256, RFC 5869) and from passphrases (scrypt, RFC 7914).
 */
#ifndef CORE_CRYPTO_DERIVE_H
#define CORE_CRYPTO_DERIVE_H

#include "base/error.h"

/* HKDF-SHA-256: `out_size` (at most 8160) bytes into `out`.  `salt` and `info` may be NULL when
 * their size is 0. */
int derive_key(const void *secret, size_t secret_size, const void *salt, size_t salt_size,
               const void *info, size_t info_size, uint8_t *out, size_t out_size,
               struct error *e);

/* Bounds of scrypt's parameters; beyond them, or over 1 GiB of memory: INVALID, before anything
 * is computed. */
enum { DERIVE_LOG2_N_MIN = 10, DERIVE_LOG2_N_MAX = 22, DERIVE_R_MAX = 32, DERIVE_P_MAX = 16 };
/* scrypt with N = 2^log2_n; takes 128 * r * N bytes of memory and, with log2_n 17, r 8, p 1,
 * some 0.3 s. */
int derive_scrypt(const void *passphrase, size_t passphrase_size, const void *salt,
                  size_t salt_size, uint32_t log2_n, uint32_t r, uint32_t p, uint8_t out[32],
                  struct error *e);

#endif
