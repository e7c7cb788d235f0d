/* SPDX-License-Identifier: Apache-2.0 */
/* derive.c - see derive.h. */
#include "crypto/derive.h"

#include "crypto/hash.h"
#include "crypto/secret.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

enum { OUT_LIMIT = 255 * HASH_SIZE };
static const uint64_t memory_limit_bytes = UINT64_C(1) << 30;

/* Runs OpenSSL's derivation function `name` with `parameters`. */
static int derive_run(const char *name, const OSSL_PARAM *parameters, uint8_t *out,
                      size_t out_size, struct error *e)
{
    int result = -1;
    EVP_KDF_CTX *context = NULL;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    if (kdf)
        context = EVP_KDF_CTX_new(kdf);
    if (!context || EVP_KDF_derive(context, out, out_size, parameters) != 1)
        error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "OpenSSL could not derive a key with %s",
                  name);
    else
        result = 0;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return result;
}

int derive_key(const void *secret, size_t secret_size, const void *salt, size_t salt_size,
               const void *info, size_t info_size, uint8_t *out, size_t out_size,
               struct error *e)
{
    if (out_size > OUT_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "a derived key of %zu bytes",
                         out_size);
    char digest[] = "SHA256";
    if (!salt)
        salt = ""; /* OpenSSL takes an empty salt, but not an absent one */
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret,
                                          secret_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
                                          salt_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
                                          info_size),
        OSSL_PARAM_construct_end(),
    };
    return derive_run("HKDF", parameters, out, out_size, e);
}

int derive_scrypt(const void *passphrase, size_t passphrase_size, const void *salt,
                  size_t salt_size, uint32_t log2_n, uint32_t r, uint32_t p, uint8_t out[32],
                  struct error *e)
{
    if (log2_n < DERIVE_LOG2_N_MIN || log2_n > DERIVE_LOG2_N_MAX || r < 1 || r > DERIVE_R_MAX ||
        p < 1 || p > DERIVE_P_MAX || (UINT64_C(128) * r << log2_n) > memory_limit_bytes)
        return error_set(e, LAGAN_INVALID, ERROR_INTEGRITY,
                         "scrypt parameters out of bounds: log2 N %u, r %u, p %u", log2_n, r,
                         p);
    uint64_t n = UINT64_C(1) << log2_n;
    uint64_t r64 = r, p64 = p;
    uint64_t memory = 2 * memory_limit_bytes; /* OpenSSL counts a little more than 128 r N */
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
                                          (void *)(uintptr_t)passphrase, passphrase_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
                                          salt_size),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r64),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p64),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    return derive_run("SCRYPT", parameters, out, 32, e);
}
