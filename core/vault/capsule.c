/* SPDX-License-Identifier: Apache-2.0 */
/* capsule.c - one secret message under a key of its own, with commitment. */
#include "vault/capsule.h"
#include "crypto/aead.h"
#include "crypto/derive.h"
#include "crypto/secret.h"

#include <string.h>

/* Key and commitment as they come out of the derivation. */
struct pair {
    uint8_t key[32];
    uint8_t commitment[32];
};

static int derive(const uint8_t key[32], const char *info, const uint8_t *salt,
                  struct pair *pair, struct error *e)
{
    return derive_key(key, 32, salt, CAPSULE_SALT, info, strlen(info), (uint8_t *)pair,
                      sizeof(*pair), e);
}

int capsule_append(struct buffer *out, const uint8_t key[32], const char *info,
                   const uint8_t salt[CAPSULE_SALT], const void *plain, size_t size,
                   struct error *e)
{
    size_t start = out->size;
    uint8_t nonce[AEAD_NONCE_SIZE];
    struct aead *a = NULL;
    struct pair pair;
    int result = -1;

    if (derive(key, info, salt, &pair, e) != 0)
        return -1;
    buffer_append(out, salt, CAPSULE_SALT);
    buffer_append(out, pair.commitment, sizeof(pair.commitment));
    buffer_append_u32(out, (uint32_t)(size + AEAD_TAG_SIZE));
    buffer_append_zeroes(out, size + AEAD_TAG_SIZE);
    aead_counter_nonce(0, nonce);
    if (buffer_check(out, e) == 0 && (a = aead_new(pair.key, e)) != NULL)
        result = aead_encrypt(a, nonce, out->data, start, plain, size,
                              out->data + out->size - size - AEAD_TAG_SIZE, e);
    aead_free(a);
    secret_wipe(&pair, sizeof(pair));
    return result;
}

int capsule_take(struct reader *r, const void *object, struct capsule *c, const char *what,
                 struct error *e)
{
    uint32_t size;

    c->associated = object;
    c->associated_size = (size_t)(r->next - c->associated);
    c->salt = reader_take(r, CAPSULE_SALT);
    c->commitment = reader_take(r, 32);
    size = reader_u32(r);
    c->ciphertext = reader_take(r, size);
    c->ciphertext_size = size;
    if (r->failed || size < AEAD_TAG_SIZE)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its secret part is cut off",
                         what);
    return 0;
}

static int decrypt(const struct capsule *c, const struct pair *pair, void *plain,
                   const char *what, struct error *e)
{
    struct aead *a = aead_new(pair->key, e);
    uint8_t nonce[AEAD_NONCE_SIZE];
    struct error why = ERROR_INIT;
    int result = -1;

    if (a == NULL)
        return -1;
    aead_counter_nonce(0, nonce);
    if (aead_decrypt(a, nonce, c->associated, c->associated_size, c->ciphertext,
                     c->ciphertext_size, plain, &why) == 0)
        result = 0;
    else
        error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its secret part was altered", what);
    aead_free(a);
    return result;
}

int capsule_open(const struct capsule *c, const uint8_t key[32], const char *info, void *plain,
                 const char *what, struct error *e)
{
    struct pair pair;
    int result = -1;

    if (derive(key, info, c->salt, &pair, e) != 0)
        return -1;
    if (!secret_equal(pair.commitment, c->commitment, sizeof(pair.commitment)))
        error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY, "%s: the key does not fit", what);
    else
        result = decrypt(c, &pair, plain, what, e);
    if (result != 0)
        secret_wipe(plain, c->ciphertext_size - AEAD_TAG_SIZE);
    secret_wipe(&pair, sizeof(pair));
    return result;
}
