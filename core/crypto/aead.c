/* SPDX-License-Identifier: Apache-2.0 */
/* aead.c - EVP_EncryptUpdate and its kin only: EVP_Cipher() has ignored IVs in some modes. */
#include "crypto/aead.h"

#include "base/buffer.h"
#include "base/object.h"
#include "crypto/secret.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { AEAD_MAGIC = 0x41454144 };

struct aead {
    uint32_t magic;
    EVP_CIPHER_CTX *encrypting,
        *decrypting; /* the key schedule stays, only the nonce changes */
};

static EVP_CIPHER_CTX *context_new(const uint8_t *key, int encrypt)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context &&
        EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, NULL, encrypt) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

struct aead *aead_new(const uint8_t key[AEAD_KEY_SIZE], struct error *e)
{
    struct aead *a = calloc(1, sizeof(*a));
    if (!a) {
        error_no_memory(e, "a cipher");
        return NULL;
    }
    a->magic = AEAD_MAGIC;
    a->encrypting = context_new(key, 1);
    a->decrypting = context_new(key, 0);
    if (!a->encrypting || !a->decrypting) {
        error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "OpenSSL cannot set up AES-256-GCM");
        aead_free(a);
        return NULL;
    }
    return a;
}

void aead_free(struct aead *a)
{
    if (!a)
        return;
    OBJECT_CHECK(a, AEAD_MAGIC);
    EVP_CIPHER_CTX_free(a->encrypting);
    EVP_CIPHER_CTX_free(a->decrypting);
    a->magic = 0;
    free(a);
}

void aead_counter_nonce(uint64_t n, uint8_t nonce[AEAD_NONCE_SIZE])
{
    store_u64(nonce, n);
    memset(nonce + 8, 0, AEAD_NONCE_SIZE - 8);
}

int aead_encrypt(struct aead *a, const uint8_t nonce[AEAD_NONCE_SIZE], const void *aad,
                 size_t aad_size, const void *in, size_t size, void *out, struct error *e)
{
    OBJECT_CHECK(a, AEAD_MAGIC);
    ASSERT(size < INT_MAX && aad_size < INT_MAX);
    EVP_CIPHER_CTX *context = a->encrypting;
    uint8_t *to = out;
    int done = 0;
    int ok = EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) == 1;
    ok = ok &&
         (aad_size == 0 || EVP_EncryptUpdate(context, NULL, &done, aad, (int)aad_size) == 1);
    ok = ok && (size == 0 || EVP_EncryptUpdate(context, to, &done, in, (int)size) == 1);
    ok = ok && EVP_EncryptFinal_ex(context, to + size, &done) == 1;
    ok =
        ok && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_SIZE, to + size) == 1;
    return ok ? 0 : error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "OpenSSL could not encrypt");
}

int aead_decrypt(struct aead *a, const uint8_t nonce[AEAD_NONCE_SIZE], const void *aad,
                 size_t aad_size, const void *in, size_t size, void *out, struct error *e)
{
    OBJECT_CHECK(a, AEAD_MAGIC);
    ASSERT(size < INT_MAX && aad_size < INT_MAX);
    if (size < AEAD_TAG_SIZE)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "too short to be authentic");
    EVP_CIPHER_CTX *context = a->decrypting;
    const uint8_t *from = in;
    size_t plain = size - AEAD_TAG_SIZE;
    uint8_t tag[AEAD_TAG_SIZE];
    int done = 0;
    memcpy(tag, from + plain, sizeof(tag));
    int ok = EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce) == 1;
    ok = ok &&
         (aad_size == 0 || EVP_DecryptUpdate(context, NULL, &done, aad, (int)aad_size) == 1);
    ok = ok && (plain == 0 || EVP_DecryptUpdate(context, out, &done, from, (int)plain) == 1);
    ok = ok && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_SIZE, tag) == 1;
    ok = ok && EVP_DecryptFinal_ex(context, (uint8_t *)out + plain, &done) == 1;
    if (ok)
        return 0;
    secret_wipe(out, plain); /* OpenSSL has decrypted before it knew */
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "altered: authentication failed");
}
