/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.c - uses OpenSSL's SHA256_ functions, which are deprecated in favour of EVP: a context
 * of EVP is fetched, allocated and reference-counted, which for the many hashes of a few
 * hundred bytes costs more than the hashing.  See doc/decisions/0002-sha256-without-evp.md.
 */
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include "crypto/hash.h"

#include "crypto/secret.h"

#include <openssl/sha.h>
#include <string.h>

/* Long data is often in no cache near by any more, and hashing waits for each line of it unless
 * that was asked for in time. */
enum { BLOCK_SIZE = 64, LINE_BYTES = 64, AHEAD_BYTES = 1024, AHEAD_WORTH_BYTES = 4096 };

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct hash), "struct hash has room for OpenSSL's");

void hash_sha256(const void *data, size_t size, uint8_t out[HASH_SIZE])
{
    /* SHA256() fetches its algorithm anew each time, which costs as much as 200 bytes do. */
    struct hash h;
    hash_begin(&h);
    hash_update(&h, data, size);
    hash_finish(&h, out);
}

void hash_begin(struct hash *h)
{
    SHA256_Init((SHA256_CTX *)h);
}

static void fetch_ahead(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size && at < AHEAD_BYTES; at += LINE_BYTES)
        __builtin_prefetch(data + at);
}

void hash_update(struct hash *h, const void *data, size_t size)
{
    const uint8_t *next = data;

    while (size >= AHEAD_WORTH_BYTES) {
        fetch_ahead(next + AHEAD_BYTES, size - AHEAD_BYTES);
        SHA256_Update((SHA256_CTX *)h, next, AHEAD_BYTES);
        next += AHEAD_BYTES;
        size -= AHEAD_BYTES;
    }
    SHA256_Update((SHA256_CTX *)h, next, size);
}

void hash_finish(struct hash *h, uint8_t out[HASH_SIZE])
{
    SHA256_Final(out, (SHA256_CTX *)h);
}

/* Starts `h` with the key's block, each byte changed by `pad`. */
static void mac_begin(struct hash *h, const uint8_t block[BLOCK_SIZE], uint8_t pad)
{
    uint8_t padded[BLOCK_SIZE];
    for (size_t i = 0; i < BLOCK_SIZE; i++)
        padded[i] = block[i] ^ pad;
    hash_begin(h);
    hash_update(h, padded, sizeof(padded));
    secret_wipe(padded, sizeof(padded));
}

void mac_key_set(struct mac_key *key, const void *secret, size_t size)
{
    uint8_t block[BLOCK_SIZE] = {0};
    if (size > BLOCK_SIZE)
        hash_sha256(secret, size, block);
    else
        memcpy(block, secret, size);
    mac_begin(&key->inner, block, 0x36);
    mac_begin(&key->outer, block, 0x5c);
    secret_wipe(block, sizeof(block));
}

void mac_compute(const struct mac_key *key, const void *data, size_t size,
                 uint8_t out[HASH_SIZE])
{
    uint8_t digest[HASH_SIZE];
    struct hash h = key->inner;
    hash_update(&h, data, size);
    hash_finish(&h, digest);
    h = key->outer;
    hash_update(&h, digest, sizeof(digest));
    hash_finish(&h, out);
    secret_wipe(&h, sizeof(h));
}
