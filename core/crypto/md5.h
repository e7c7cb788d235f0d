/* SPDX-License-Identifier: Apache-2.0 */
/*
 * md5.h - MD5 (RFC 1321), by OpenSSL, to compare content with what object stores call its ETag.
 * It finds accidents alone: nothing that has to be safe from people rests on it.
 */
#ifndef CORE_CRYPTO_MD5_H
#define CORE_CRYPTO_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MD5_SIZE = 16 };

/* As struct hash (crypto/hash.h): begin, update any number of times, finish. */
struct md5 {
    uint64_t state[12]; /* OpenSSL's */
};
void md5_begin(struct md5 *m);
void md5_update(struct md5 *m, const void *data, size_t size);
void md5_finish(struct md5 *m, uint8_t out[MD5_SIZE]);

#endif
