/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.c - see envelope.h. */
#include "common/envelope.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

enum {
    COMMITMENT_BYTES = 32,
    TAG_BYTES = 16,
    SUM_BYTES = 8,
    NONCE_BYTES = 12,
    AT_WAY = ENVELOPE_MAGIC_BYTES,
    AT_LENGTH = AT_WAY + 2,
    AT_COMMITMENT = AT_LENGTH + 2,
    AT_KEY = AT_COMMITMENT + COMMITMENT_BYTES,
    OVERHEAD = AT_KEY + TAG_BYTES + SUM_BYTES
};

static uint32_t crypto_failed(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "the cryptographic library failed");
}

static bool commit(const uint8_t data_key[ENVELOPE_KEY_BYTES], uint8_t out[COMMITMENT_BYTES])
{
    static const char purpose[] = "lagan envelope";
    uint8_t input[sizeof purpose - 1 + ENVELOPE_KEY_BYTES];
    memcpy(input, purpose, sizeof purpose - 1);
    memcpy(input + sizeof purpose - 1, data_key, ENVELOPE_KEY_BYTES);
    bool done = EVP_Digest(input, sizeof input, out, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_cleanse(input, sizeof input);
    return done;
}

static bool sum(const void *data, size_t size, uint8_t out[SUM_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    memcpy(out, digest, SUM_BYTES);
    return true;
}

/* The bytes before the secret, and the context behind them. */
struct bound {
    const uint8_t *head;
    size_t head_size;
    const void *context;
    size_t context_size;
};

static bool encrypt(const uint8_t *key, const struct bound *bound, const void *secret,
                    size_t size, uint8_t *out)
{
    static const uint8_t nonce[NONCE_BYTES];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int length;
    bool done =
        c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
        EVP_EncryptUpdate(c, NULL, &length, bound->head, (int)bound->head_size) == 1 &&
        EVP_EncryptUpdate(c, NULL, &length, bound->context, (int)bound->context_size) == 1 &&
        EVP_EncryptUpdate(c, out, &length, secret, (int)size) == 1 &&
        EVP_EncryptFinal_ex(c, out + size, &length) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + size) == 1;
    EVP_CIPHER_CTX_free(c);
    return done;
}

static bool decrypt(const uint8_t *key, const struct bound *bound, const uint8_t *sealed,
                    size_t size, uint8_t *out)
{
    static const uint8_t nonce[NONCE_BYTES];
    uint8_t tag[TAG_BYTES];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int length;
    memcpy(tag, sealed + size, sizeof tag);
    bool done =
        c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
        EVP_DecryptUpdate(c, NULL, &length, bound->head, (int)bound->head_size) == 1 &&
        EVP_DecryptUpdate(c, NULL, &length, bound->context, (int)bound->context_size) == 1 &&
        EVP_DecryptUpdate(c, out, &length, sealed, (int)size) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
        EVP_DecryptFinal_ex(c, out + size, &length) == 1;
    EVP_CIPHER_CTX_free(c);
    return done;
}

static void store_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static uint16_t load_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static size_t head_size(const struct envelope *envelope)
{
    return AT_KEY + envelope->wrapped_key_size;
}

uint32_t envelope_seal(struct lagan_op *op, const struct envelope *envelope,
                       const uint8_t data_key[ENVELOPE_KEY_BYTES], const void *context,
                       size_t context_size, const void *secret, size_t secret_size, void *out,
                       size_t room, size_t *size)
{
    const struct bound bound = {out, head_size(envelope), context, context_size};
    uint8_t *form = out;
    size_t whole;
    if (envelope->wrapped_key_size > ENVELOPE_WRAPPED_LIMIT ||
        __builtin_add_overflow(secret_size, OVERHEAD + envelope->wrapped_key_size, &whole) ||
        whole > room || whole > LAGAN_WRAPPED_LIMIT || context_size > LAGAN_WRAPPED_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the secret is too long");
    memcpy(form, envelope->magic, ENVELOPE_MAGIC_BYTES);
    store_u16(form + AT_WAY, envelope->way);
    store_u16(form + AT_LENGTH, envelope->wrapped_key_size);
    memcpy(form + AT_KEY, envelope->wrapped_key, envelope->wrapped_key_size);
    if (!commit(data_key, form + AT_COMMITMENT) ||
        !encrypt(data_key, &bound, secret, secret_size, form + bound.head_size) ||
        !sum(form, whole - SUM_BYTES, form + whole - SUM_BYTES))
        return crypto_failed(op);
    *size = whole;
    return LAGAN_OK;
}

uint32_t envelope_parse(struct lagan_op *op, const void *form, size_t size,
                        struct envelope *envelope)
{
    const uint8_t *in = form;
    uint8_t computed[SUM_BYTES];
    if (size < OVERHEAD || size > LAGAN_WRAPPED_LIMIT ||
        memcmp(in, envelope->magic, ENVELOPE_MAGIC_BYTES) != 0)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "this was not wrapped by such a provider");
    if (!sum(in, size - SUM_BYTES, computed))
        return crypto_failed(op);
    envelope->way = load_u16(in + AT_WAY);
    envelope->wrapped_key = in + AT_KEY;
    envelope->wrapped_key_size = load_u16(in + AT_LENGTH);
    if (memcmp(computed, in + size - SUM_BYTES, SUM_BYTES) != 0 ||
        envelope->wrapped_key_size > ENVELOPE_WRAPPED_LIMIT ||
        envelope->wrapped_key_size > size - OVERHEAD)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the wrapped key is damaged");
    return LAGAN_OK;
}

uint32_t envelope_open(struct lagan_op *op, const void *form, size_t size,
                       const uint8_t data_key[ENVELOPE_KEY_BYTES], const void *context,
                       size_t context_size, void *secret, size_t room, size_t *secret_size)
{
    const uint8_t *in = form;
    struct bound bound = {in, (size_t)AT_KEY + load_u16(in + AT_LENGTH), context, context_size};
    size_t length = size - OVERHEAD - (bound.head_size - AT_KEY);
    uint8_t commitment[COMMITMENT_BYTES];
    if (length > room || context_size > LAGAN_WRAPPED_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "the secret is too long");
    if (!commit(data_key, commitment))
        return crypto_failed(op);
    if (CRYPTO_memcmp(commitment, in + AT_COMMITMENT, sizeof commitment) != 0)
        return lagan_fail(op, LAGAN_AUTH, 0, "another key wrapped this");
    if (!decrypt(data_key, &bound, in + bound.head_size, length, secret))
        return lagan_fail(op, LAGAN_CORRUPT, 0,
                          "the wrapped key was altered, or belongs to another vault");
    *secret_size = length;
    return LAGAN_OK;
}
