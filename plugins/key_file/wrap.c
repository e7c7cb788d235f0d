/* SPDX-License-Identifier: Apache-2.0 */
/* wrap.c - seals a secret under the file's key, and opens it again. */
#include "key_file/key_file.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>

#define MAGIC "lagankf1"

/* Where the parts of the wrapped form start; see key_file.h. */
enum {
    SALT_BYTES = 32,
    COMMITMENT_BYTES = 32,
    TAG_BYTES = 16,
    SUM_BYTES = 8,
    NONCE_BYTES = 12,
    AT_ID = 8,
    AT_SALT = AT_ID + KEY_ID_BYTES,
    AT_COMMITMENT = AT_SALT + SALT_BYTES,
    AT_SECRET = AT_COMMITMENT + COMMITMENT_BYTES,
    OVERHEAD = AT_SECRET + TAG_BYTES + SUM_BYTES
};

/* What HKDF gives for one wrapped form. */
struct wrap_keys {
    uint8_t aes[32];
    uint8_t commitment[COMMITMENT_BYTES];
};

static uint32_t crypto_failed(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "the cryptographic library failed");
}

/* HKDF-SHA-256, RFC 5869. */
static bool hkdf(const uint8_t key[KEY_BYTES], const uint8_t *salt, size_t salt_size,
                 const char *info, void *out, size_t size)
{
    char digest[] = "SHA256";
    uint8_t key_copy[KEY_BYTES];
    uint8_t salt_copy[SALT_BYTES];
    char info_copy[32];
    size_t info_size = strlen(info);
    OSSL_PARAM parameters[5];
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    bool done;
    /* OSSL_PARAM takes pointers to data that is not const. */
    memcpy(key_copy, key, KEY_BYTES);
    if (salt_size > 0)
        memcpy(salt_copy, salt, salt_size);
    memcpy(info_copy, info, info_size);
    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy, KEY_BYTES);
    parameters[2] =
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy, salt_size);
    parameters[3] =
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_copy, info_size);
    parameters[4] = OSSL_PARAM_construct_end();
    done = context && EVP_KDF_derive(context, out, size, parameters) == 1;
    OPENSSL_cleanse(key_copy, sizeof key_copy);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

static bool derive(const uint8_t key[KEY_BYTES], const uint8_t *salt, struct wrap_keys *keys)
{
    return hkdf(key, salt, SALT_BYTES, "lagan key_file wrap", keys, sizeof *keys);
}

static bool sum(const void *data, size_t size, uint8_t out[SUM_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    memcpy(out, digest, SUM_BYTES);
    return true;
}

uint32_t key_identify(struct lagan_op *op, const uint8_t key[KEY_BYTES],
                      uint8_t id[KEY_ID_BYTES])
{
    return hkdf(key, NULL, 0, "lagan key_file id", id, KEY_ID_BYTES) ? (uint32_t)LAGAN_OK
                                                                     : crypto_failed(op);
}

/* AES-256-GCM under a key that is used once, hence the zero nonce; the tag lies behind the
 * bytes. */
static bool seal(const uint8_t *aes, const void *context, size_t context_size,
                 const void *secret, size_t size, uint8_t *out)
{
    static const uint8_t nonce[NONCE_BYTES];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int length;
    bool done = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, aes, nonce) == 1 &&
                EVP_EncryptUpdate(c, NULL, &length, context, (int)context_size) == 1 &&
                EVP_EncryptUpdate(c, out, &length, secret, (int)size) == 1 &&
                EVP_EncryptFinal_ex(c, out + size, &length) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + size) == 1;
    EVP_CIPHER_CTX_free(c);
    return done;
}

static bool unseal(const uint8_t *aes, const void *context, size_t context_size,
                   const uint8_t *sealed, size_t size, uint8_t *out)
{
    static const uint8_t nonce[NONCE_BYTES];
    uint8_t tag[TAG_BYTES];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int length;
    memcpy(tag, sealed + size, sizeof tag);
    bool done = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, aes, nonce) == 1 &&
                EVP_DecryptUpdate(c, NULL, &length, context, (int)context_size) == 1 &&
                EVP_DecryptUpdate(c, out, &length, sealed, (int)size) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
                EVP_DecryptFinal_ex(c, out + size, &length) == 1;
    EVP_CIPHER_CTX_free(c);
    return done;
}

uint32_t key_wrap(struct lagan_op *op, const uint8_t key[KEY_BYTES], const void *context,
                  size_t context_size, const void *secret, size_t secret_size, void *wrapped,
                  size_t room, size_t *wrapped_size)
{
    struct wrap_keys keys;
    uint8_t *out = wrapped;
    size_t size;
    bool done;
    if (__builtin_add_overflow(secret_size, (size_t)OVERHEAD, &size) || size > room ||
        size > LAGAN_WRAPPED_LIMIT || context_size > LAGAN_WRAPPED_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the secret is too long");
    memcpy(out, MAGIC, AT_ID);
    lagan_random(out + AT_SALT, SALT_BYTES);
    done = key_identify(op, key, out + AT_ID) == LAGAN_OK && derive(key, out + AT_SALT, &keys);
    if (done) {
        memcpy(out + AT_COMMITMENT, keys.commitment, COMMITMENT_BYTES);
        done = seal(keys.aes, context, context_size, secret, secret_size, out + AT_SECRET) &&
               sum(out, size - SUM_BYTES, out + size - SUM_BYTES);
    }
    OPENSSL_cleanse(&keys, sizeof keys);
    if (!done)
        return crypto_failed(op);
    *wrapped_size = size;
    return LAGAN_OK;
}

/* The form before any key: damaged or of another make. */
static uint32_t check_form(struct lagan_op *op, const uint8_t *in, size_t size)
{
    uint8_t computed[SUM_BYTES];
    if (size < OVERHEAD || size > LAGAN_WRAPPED_LIMIT || memcmp(in, MAGIC, AT_ID) != 0)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "this was not wrapped by a key file");
    if (!sum(in, size - SUM_BYTES, computed))
        return crypto_failed(op);
    if (memcmp(computed, in + size - SUM_BYTES, SUM_BYTES) != 0)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the wrapped key is damaged");
    return LAGAN_OK;
}

static uint32_t check_key(struct lagan_op *op, const uint8_t key[KEY_BYTES], const uint8_t *in,
                          struct wrap_keys *keys)
{
    uint8_t id[KEY_ID_BYTES];
    if (key_identify(op, key, id) != LAGAN_OK || !derive(key, in + AT_SALT, keys))
        return crypto_failed(op);
    if (memcmp(id, in + AT_ID, sizeof id) != 0)
        return lagan_fail(op, LAGAN_AUTH, 0, "another key file wrapped this");
    if (CRYPTO_memcmp(keys->commitment, in + AT_COMMITMENT, COMMITMENT_BYTES) != 0)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the wrapped key was altered");
    return LAGAN_OK;
}

uint32_t key_unwrap(struct lagan_op *op, const uint8_t key[KEY_BYTES], const void *context,
                    size_t context_size, const void *wrapped, size_t wrapped_size, void *secret,
                    size_t room, size_t *secret_size)
{
    const uint8_t *in = wrapped;
    struct wrap_keys keys = {{0}, {0}};
    uint32_t result = check_form(op, in, wrapped_size);
    size_t size = result == LAGAN_OK ? wrapped_size - OVERHEAD : 0;
    if (result == LAGAN_OK && (size > room || context_size > LAGAN_WRAPPED_LIMIT))
        result = lagan_fail(op, LAGAN_LIMIT, 0, "the secret is too long");
    if (result == LAGAN_OK)
        result = check_key(op, key, in, &keys);
    if (result == LAGAN_OK &&
        !unseal(keys.aes, context, context_size, in + AT_SECRET, size, secret))
        result = lagan_fail(op, LAGAN_CORRUPT, 0,
                            "the wrapped key was altered, or belongs to another vault");
    OPENSSL_cleanse(&keys, sizeof keys);
    if (result == LAGAN_OK)
        *secret_size = size;
    return result;
}
