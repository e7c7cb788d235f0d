/* SPDX-License-Identifier: Apache-2.0 */
/* way.c - the ways to wrap a data key: what the token computes, and what is computed here. */
#include "key_pkcs11/key_pkcs11.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

enum { NONCE_BYTES = 12, TAG_BYTES = 16, GCM_BYTES = NONCE_BYTES + 32 + TAG_BYTES };

struct way;
/* Both give a return value of PKCS#11. */
typedef ck_rv_t way_wrap_function(struct pkcs11_token *t, const struct way *way,
                                  const uint8_t data_key[ENVELOPE_KEY_BYTES], uint8_t *wrapped,
                                  size_t room, size_t *size);
/* `out` has room for ENVELOPE_WRAPPED_LIMIT bytes. */
typedef ck_rv_t way_unwrap_function(struct pkcs11_token *t, const struct way *way,
                                    const uint8_t *wrapped, size_t size, uint8_t *out,
                                    unsigned long *out_size);

struct way {
    uint16_t number;
    enum pkcs11_kind kind;
    bool by_wrapping; /* the key must be allowed to wrap keys, else to encrypt data */
    const char *name;
    const char *digest; /* of OAEP */
    ck_mechanism_type_t hash;
    unsigned long mask;
    way_wrap_function *wrap;
    way_unwrap_function *unwrap;
};

static way_wrap_function gcm_wrap, key_wrap, oaep_wrap;
static way_unwrap_function gcm_unwrap, key_unwrap, oaep_unwrap;

/* Best first. */
static const struct way ways[] = {
    {1, PKCS11_AES, false, "AES-GCM", NULL, 0, 0, gcm_wrap, gcm_unwrap},
    {2, PKCS11_AES, true, "AES key wrap", NULL, 0, 0, key_wrap, key_unwrap},
    {3, PKCS11_RSA, false, "RSA-OAEP, SHA-256", "SHA256", CKM_SHA256, CKG_MGF1_SHA256,
     oaep_wrap, oaep_unwrap},
    {4, PKCS11_RSA, false, "RSA-OAEP, SHA-1", "SHA1", CKM_SHA_1, CKG_MGF1_SHA1, oaep_wrap,
     oaep_unwrap},
};

static struct ck_gcm_params gcm_parameters(uint8_t nonce[NONCE_BYTES])
{
    return (struct ck_gcm_params){.iv_ptr = nonce,
                                  .iv_len = NONCE_BYTES,
                                  .iv_bits = NONCE_BYTES * 8,
                                  .tag_bits = TAG_BYTES * 8};
}

static ck_rv_t gcm_wrap(struct pkcs11_token *t, const struct way *way,
                        const uint8_t data_key[ENVELOPE_KEY_BYTES], uint8_t *wrapped,
                        size_t room, size_t *size)
{
    struct ck_function_list *f = t->module->functions;
    struct ck_gcm_params parameters = gcm_parameters(wrapped);
    struct ck_mechanism mechanism = {CKM_AES_GCM, &parameters, sizeof parameters};
    uint8_t copy[ENVELOPE_KEY_BYTES];
    unsigned long length = room - NONCE_BYTES;
    (void)way;
    /* Some tokens write a nonce of their own over it: what stands there in the end counts. */
    lagan_random(wrapped, NONCE_BYTES);
    memcpy(copy, data_key, sizeof copy);
    ck_rv_t rv = f->C_EncryptInit(t->session, &mechanism, t->key.object);
    if (rv == CKR_OK)
        rv = f->C_Encrypt(t->session, copy, sizeof copy, wrapped + NONCE_BYTES, &length);
    OPENSSL_cleanse(copy, sizeof copy);
    *size = NONCE_BYTES + length;
    return rv;
}

/* Decrypts into `out`; what Init says is told apart: it is never the fault of the bytes. */
static ck_rv_t decrypt(struct pkcs11_token *t, struct ck_mechanism *mechanism,
                       const uint8_t *wrapped, size_t size, uint8_t *out,
                       unsigned long *out_size)
{
    struct ck_function_list *f = t->module->functions;
    uint8_t copy[ENVELOPE_WRAPPED_LIMIT];
    ck_rv_t rv = f->C_DecryptInit(t->session, mechanism, t->key.object);
    if (rv != CKR_OK)
        return rv == CKR_ARGUMENTS_BAD ? CKR_MECHANISM_PARAM_INVALID : rv;
    memcpy(copy, wrapped, size);
    *out_size = ENVELOPE_WRAPPED_LIMIT;
    rv = f->C_Decrypt(t->session, copy, size, out, out_size);
    return pkcs11_is_foreign(rv) ? CKR_ENCRYPTED_DATA_INVALID : rv;
}

static ck_rv_t gcm_unwrap(struct pkcs11_token *t, const struct way *way, const uint8_t *wrapped,
                          size_t size, uint8_t *out, unsigned long *out_size)
{
    uint8_t nonce[NONCE_BYTES];
    struct ck_gcm_params parameters = gcm_parameters(nonce);
    struct ck_mechanism mechanism = {CKM_AES_GCM, &parameters, sizeof parameters};
    (void)way;
    if (size != GCM_BYTES)
        return CKR_ENCRYPTED_DATA_LEN_RANGE;
    memcpy(nonce, wrapped, NONCE_BYTES);
    return decrypt(t, &mechanism, wrapped + NONCE_BYTES, size - NONCE_BYTES, out, out_size);
}

/* The data key as an object of this session, which the token can wrap. */
static ck_rv_t import_data_key(struct pkcs11_token *t,
                               const uint8_t data_key[ENVELOPE_KEY_BYTES],
                               ck_object_handle_t *object)
{
    ck_object_class_t class = CKO_SECRET_KEY;
    ck_key_type_t type = CKK_GENERIC_SECRET;
    unsigned char yes = 1;
    unsigned char no = 0;
    uint8_t copy[ENVELOPE_KEY_BYTES];
    memcpy(copy, data_key, sizeof copy);
    struct ck_attribute wanted[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &no, sizeof no},       {CKA_EXTRACTABLE, &yes, sizeof yes},
        {CKA_SENSITIVE, &no, sizeof no},   {CKA_VALUE, copy, sizeof copy}};
    ck_rv_t rv = t->module->functions->C_CreateObject(t->session, wanted,
                                                      sizeof wanted / sizeof wanted[0], object);
    OPENSSL_cleanse(copy, sizeof copy);
    return rv;
}

static ck_rv_t key_wrap(struct pkcs11_token *t, const struct way *way,
                        const uint8_t data_key[ENVELOPE_KEY_BYTES], uint8_t *wrapped,
                        size_t room, size_t *size)
{
    struct ck_function_list *f = t->module->functions;
    struct ck_mechanism mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    ck_object_handle_t object;
    unsigned long length = room;
    (void)way;
    ck_rv_t rv = import_data_key(t, data_key, &object);
    if (rv != CKR_OK)
        return rv;
    rv = f->C_WrapKey(t->session, &mechanism, t->key.object, object, wrapped, &length);
    f->C_DestroyObject(t->session, object);
    *size = length;
    return rv;
}

static ck_rv_t key_unwrap(struct pkcs11_token *t, const struct way *way, const uint8_t *wrapped,
                          size_t size, uint8_t *out, unsigned long *out_size)
{
    struct ck_function_list *f = t->module->functions;
    struct ck_mechanism mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    ck_object_class_t class = CKO_SECRET_KEY;
    ck_key_type_t type = CKK_GENERIC_SECRET;
    ck_object_handle_t object;
    unsigned char yes = 1;
    unsigned char no = 0;
    uint8_t copy[ENVELOPE_WRAPPED_LIMIT];
    struct ck_attribute wanted[] = {{CKA_CLASS, &class, sizeof class},
                                    {CKA_KEY_TYPE, &type, sizeof type},
                                    {CKA_TOKEN, &no, sizeof no},
                                    {CKA_SENSITIVE, &no, sizeof no},
                                    {CKA_EXTRACTABLE, &yes, sizeof yes}};
    struct ck_attribute value = {CKA_VALUE, out, ENVELOPE_WRAPPED_LIMIT};
    (void)way;
    memcpy(copy, wrapped, size);
    ck_rv_t rv = f->C_UnwrapKey(t->session, &mechanism, t->key.object, copy, size, wanted,
                                sizeof wanted / sizeof wanted[0], &object);
    if (rv != CKR_OK)
        return pkcs11_is_foreign(rv) ? CKR_WRAPPED_KEY_INVALID : rv;
    rv = f->C_GetAttributeValue(t->session, object, &value, 1);
    f->C_DestroyObject(t->session, object);
    *out_size = value.value_len;
    return rv;
}

static EVP_PKEY *public_half(const struct pkcs11_key *k)
{
    BIGNUM *n = BN_bin2bn(k->modulus, (int)k->modulus_size, NULL);
    BIGNUM *e = BN_bin2bn(k->exponent, (int)k->exponent_size, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;
    if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        parameters = OSSL_PARAM_BLD_to_param(builder);
    if (!c || !parameters || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    OSSL_PARAM_free(parameters);
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

static ck_rv_t oaep_wrap(struct pkcs11_token *t, const struct way *way,
                         const uint8_t data_key[ENVELOPE_KEY_BYTES], uint8_t *wrapped,
                         size_t room, size_t *size)
{
    EVP_PKEY *key = public_half(&t->key);
    EVP_PKEY_CTX *c = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    const EVP_MD *digest = EVP_get_digestbyname(way->digest);
    size_t length = room;
    bool done = c && EVP_PKEY_encrypt_init(c) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(c, digest) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(c, digest) == 1 &&
                EVP_PKEY_encrypt(c, wrapped, &length, data_key, ENVELOPE_KEY_BYTES) == 1;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    *size = length;
    return done ? CKR_OK : CKR_HOST_MEMORY;
}

static ck_rv_t oaep_unwrap(struct pkcs11_token *t, const struct way *way,
                           const uint8_t *wrapped, size_t size, uint8_t *out,
                           unsigned long *out_size)
{
    struct ck_rsa_pkcs_oaep_params parameters = {
        .hash_alg = way->hash, .mgf = way->mask, .source = CKZ_DATA_SPECIFIED};
    struct ck_mechanism mechanism = {CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    return decrypt(t, &mechanism, wrapped, size, out, out_size);
}

static bool suits(const struct way *way, const struct pkcs11_key *k)
{
    return way->kind == k->kind && (way->by_wrapping ? k->unwraps : k->decrypts);
}

/* A secret that was wrapped and cannot be unwrapped is lost: so this is tried at once. */
static ck_rv_t wrap_and_try(struct pkcs11_token *t, const struct way *way,
                            const uint8_t data_key[ENVELOPE_KEY_BYTES], uint8_t *wrapped,
                            size_t room, size_t *size)
{
    uint8_t out[ENVELOPE_WRAPPED_LIMIT];
    unsigned long out_size = 0;
    ck_rv_t rv = way->wrap(t, way, data_key, wrapped, room, size);
    if (rv == CKR_OK)
        rv = way->unwrap(t, way, wrapped, *size, out, &out_size);
    if (rv == CKR_OK && (out_size != ENVELOPE_KEY_BYTES ||
                         CRYPTO_memcmp(out, data_key, ENVELOPE_KEY_BYTES) != 0))
        rv = CKR_DEVICE_ERROR;
    if (pkcs11_is_foreign(rv))
        rv = CKR_DEVICE_ERROR; /* nobody else's key was in it */
    OPENSSL_cleanse(out, sizeof out);
    return rv;
}

uint32_t pkcs11_way_wrap(struct pkcs11_token *t, struct lagan_op *op,
                         const uint8_t data_key[ENVELOPE_KEY_BYTES], uint16_t *way,
                         uint8_t *wrapped, size_t room, size_t *size)
{
    uint32_t result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the key can be used in no way");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (!suits(&ways[i], &t->key))
            continue;
        ck_rv_t rv = wrap_and_try(t, &ways[i], data_key, wrapped, room, size);
        if (rv == CKR_OK) {
            *way = ways[i].number;
            return LAGAN_OK;
        }
        result = pkcs11_fail(t, op, rv, ways[i].name);
        if (result != LAGAN_UNSUPPORTED && result != LAGAN_DENIED)
            return result;
        lagan_log(op, LAGAN_LEVEL_DEBUG, "%s does not work with this token (0x%lx)",
                  ways[i].name, rv);
    }
    return result;
}

/* Tokens report a failure of their own and a key that does not fit in the same words: one that
 * can do it at all has met the latter. */
static bool works(struct pkcs11_token *t, const struct way *way)
{
    uint8_t data_key[ENVELOPE_KEY_BYTES];
    uint8_t wrapped[ENVELOPE_WRAPPED_LIMIT];
    size_t size;
    lagan_random(data_key, sizeof data_key);
    return wrap_and_try(t, way, data_key, wrapped, sizeof wrapped, &size) == CKR_OK;
}

static const struct way *find_way(uint16_t number)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (ways[i].number == number)
            return &ways[i];
    return NULL;
}

uint32_t pkcs11_way_unwrap(struct pkcs11_token *t, struct lagan_op *op, uint16_t way,
                           const uint8_t *wrapped, size_t size,
                           uint8_t data_key[ENVELOPE_KEY_BYTES])
{
    const struct way *w = find_way(way);
    uint8_t out[ENVELOPE_WRAPPED_LIMIT];
    unsigned long out_size = 0;
    uint32_t result = LAGAN_OK;
    if (!w)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "it was wrapped in a way (%u) that this "
                          "version does not know",
                          way);
    if (!suits(w, &t->key))
        return lagan_fail(op, LAGAN_AUTH, 0,
                          "another key wrapped this, or this one may not be used for %s any "
                          "more",
                          w->name);
    ck_rv_t rv = w->unwrap(t, w, wrapped, size, out, &out_size);
    if (pkcs11_is_foreign(rv) && !works(t, w))
        rv = CKR_DEVICE_ERROR;
    if (rv != CKR_OK)
        result = pkcs11_fail(t, op, rv, w->name);
    else if (out_size != ENVELOPE_KEY_BYTES)
        result = lagan_fail(op, LAGAN_AUTH, 0, "another key wrapped this");
    else
        memcpy(data_key, out, ENVELOPE_KEY_BYTES);
    OPENSSL_cleanse(out, sizeof out);
    return result;
}
