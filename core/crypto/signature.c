/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - see signature.h. */
#include "crypto/signature.h"

#include <openssl/evp.h>

static int openssl_failed(struct error *e, const char *what)
{
    return error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "OpenSSL cannot %s with Ed25519", what);
}

int signature_public(const uint8_t seed[SIGNATURE_SEED_SIZE],
                     uint8_t public_key[SIGNATURE_PUBLIC_SIZE], struct error *e)
{
    size_t size = SIGNATURE_PUBLIC_SIZE;
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGNATURE_SEED_SIZE);
    int ok = key && EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1;
    EVP_PKEY_free(key);
    return ok ? 0 : openssl_failed(e, "derive a public key");
}

int signature_make(const uint8_t seed[SIGNATURE_SEED_SIZE], const void *message, size_t size,
                   uint8_t signature[SIGNATURE_SIZE], struct error *e)
{
    size_t made = SIGNATURE_SIZE;
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGNATURE_SEED_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestSign(context, signature, &made, message, size) == 1 &&
             made == SIGNATURE_SIZE;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok ? 0 : openssl_failed(e, "sign");
}

int signature_check(const uint8_t public_key[SIGNATURE_PUBLIC_SIZE], const void *message,
                    size_t size, const uint8_t signature[SIGNATURE_SIZE], struct error *e)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGNATURE_PUBLIC_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestVerify(context, signature, SIGNATURE_SIZE, message, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok ? 0
              : error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "its signature does not match");
}
