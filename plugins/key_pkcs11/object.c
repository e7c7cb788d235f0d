/* SPDX-License-Identifier: Apache-2.0 */
/* object.c - finds the key in a token, and makes one. */
#include "key_pkcs11/key_pkcs11.h"

#include <stdio.h>
#include <string.h>

enum { MADE_BITS = 256, MADE_ID_BYTES = 16, RSA_BITS_MINIMUM = 2048, FOUND_LIMIT = 4 };

void pkcs11_write_hex(const uint8_t *data, size_t size, char *text, size_t room)
{
    static const char digits[] = "0123456789abcdef";
    size_t shown = 2 * size < room ? size : (room - 1) / 2;
    for (size_t i = 0; i < shown; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * shown] = '\0';
}

void pkcs11_key_describe(const struct pkcs11_settings *s, char *text, size_t room)
{
    char id[65] = "";
    if (s->id)
        pkcs11_write_hex(s->id, s->id_size, id, sizeof id);
    snprintf(text, room, "key%s%.100s%s%s", s->key ? " " : "", s->key ? s->key : "",
             s->id ? (s->key ? ", id " : " with id ") : "", id);
}

/* Of the keys that were searched for, how many there are, and the first. */
struct found {
    size_t count;
    ck_object_handle_t first;
    enum pkcs11_kind kind;
};

static ck_rv_t search(struct pkcs11_token *t, struct ck_attribute *wanted, unsigned long count,
                      ck_object_handle_t found[FOUND_LIMIT], unsigned long *found_count)
{
    struct ck_function_list *f = t->module->functions;
    ck_rv_t rv = f->C_FindObjectsInit(t->session, wanted, count);
    *found_count = 0;
    if (rv != CKR_OK)
        return rv;
    rv = f->C_FindObjects(t->session, found, FOUND_LIMIT, found_count);
    f->C_FindObjectsFinal(t->session);
    return rv;
}

/* Adds the keys of one kind that the settings mean. */
static uint32_t find_kind(struct pkcs11_token *t, struct lagan_op *op, enum pkcs11_kind kind,
                          struct found *found)
{
    const struct pkcs11_settings *s = t->settings;
    ck_object_class_t class = kind == PKCS11_AES ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;
    ck_key_type_t type = kind == PKCS11_AES ? CKK_AES : CKK_RSA;
    ck_object_handle_t handles[FOUND_LIMIT];
    unsigned char yes = 1;
    unsigned long count = 3;
    unsigned long matches;
    struct ck_attribute wanted[5] = {{CKA_CLASS, &class, sizeof class},
                                     {CKA_KEY_TYPE, &type, sizeof type},
                                     {CKA_TOKEN, &yes, sizeof yes}};
    if (s->key)
        wanted[count++] = (struct ck_attribute){CKA_LABEL, s->key, strlen(s->key)};
    if (s->id)
        wanted[count++] = (struct ck_attribute){CKA_ID, s->id, s->id_size};
    ck_rv_t rv = search(t, wanted, count, handles, &matches);
    if (rv != CKR_OK)
        return pkcs11_fail(t, op, rv, "the token does not list its keys");
    if (matches > 0 && found->count == 0) {
        found->first = handles[0];
        found->kind = kind;
    }
    found->count += matches;
    return LAGAN_OK;
}

/* Reads an attribute of at most `room` bytes; its size, 0 when the token does not tell. */
static size_t read_attribute(struct pkcs11_token *t, ck_attribute_type_t type, void *data,
                             size_t room)
{
    struct ck_attribute attribute = {type, data, room};
    ck_rv_t rv =
        t->module->functions->C_GetAttributeValue(t->session, t->key.object, &attribute, 1);
    return rv == CKR_OK && attribute.value_len <= room ? attribute.value_len : 0;
}

/* What the token does not tell is tried. */
static bool read_permission(struct pkcs11_token *t, ck_attribute_type_t type)
{
    unsigned char yes = 0;
    return read_attribute(t, type, &yes, sizeof yes) == 0 || yes != 0;
}

static void read_aes(struct pkcs11_token *t)
{
    unsigned long bytes = 0;
    read_attribute(t, CKA_VALUE_LEN, &bytes, sizeof bytes);
    t->key.bits = (unsigned)bytes * 8;
    t->key.decrypts = read_permission(t, CKA_DECRYPT) && read_permission(t, CKA_ENCRYPT);
    t->key.unwraps = read_permission(t, CKA_UNWRAP) && read_permission(t, CKA_WRAP);
}

static void read_rsa(struct pkcs11_token *t)
{
    struct pkcs11_key *k = &t->key;
    k->modulus_size = read_attribute(t, CKA_MODULUS, k->modulus, sizeof k->modulus);
    k->exponent_size = read_attribute(t, CKA_PUBLIC_EXPONENT, k->exponent, sizeof k->exponent);
    k->bits = (unsigned)k->modulus_size * 8;
    k->decrypts = read_permission(t, CKA_DECRYPT);
    k->unwraps = false;
}

static uint32_t judge_key(struct pkcs11_token *t, struct lagan_op *op)
{
    const struct pkcs11_key *k = &t->key;
    char name[160];
    pkcs11_key_describe(t->settings, name, sizeof name);
    if (!k->decrypts && !k->unwraps)
        return lagan_fail(op, LAGAN_DENIED, 0,
                          "%s in token %s may not decrypt: it was disabled, or made for "
                          "something else",
                          name, t->label);
    if (k->kind == PKCS11_RSA && (k->bits < RSA_BITS_MINIMUM || k->exponent_size == 0))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "%s in token %s is an RSA key of %u bits; from 2048 on they are safe",
                          name, t->label, k->bits);
    return LAGAN_OK;
}

static uint32_t read_key(struct pkcs11_token *t, struct lagan_op *op, const struct found *found)
{
    struct pkcs11_key *k = &t->key;
    *k = (struct pkcs11_key){.object = found->first, .kind = found->kind};
    read_attribute(t, CKA_LABEL, k->label, sizeof k->label - 1);
    k->id_size = read_attribute(t, CKA_ID, k->id, sizeof k->id);
    if (k->kind == PKCS11_AES)
        read_aes(t);
    else
        read_rsa(t);
    return judge_key(t, op);
}

uint32_t pkcs11_key_find(struct pkcs11_token *t, struct lagan_op *op)
{
    struct found found = {0};
    char name[160];
    uint32_t result = find_kind(t, op, PKCS11_AES, &found);
    if (result == LAGAN_OK)
        result = find_kind(t, op, PKCS11_RSA, &found);
    if (result != LAGAN_OK)
        return result;
    pkcs11_key_describe(t->settings, name, sizeof name);
    if (found.count == 0)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "%s is not in token %s", name, t->label);
    if (found.count > 1)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "token %s has several of %s; say which one by key and id", t->label,
                          name);
    return read_key(t, op, &found);
}

static ck_rv_t generate(struct pkcs11_token *t, ck_object_handle_t *made)
{
    const struct pkcs11_settings *s = t->settings;
    struct ck_mechanism mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    ck_object_class_t class = CKO_SECRET_KEY;
    ck_key_type_t type = CKK_AES;
    unsigned long bytes = MADE_BITS / 8;
    unsigned char yes = 1;
    unsigned char no = 0;
    uint8_t id[MADE_ID_BYTES];
    lagan_random(id, sizeof id);
    struct ck_attribute wanted[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_VALUE_LEN, &bytes, sizeof bytes},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_ENCRYPT, &yes, sizeof yes},
        {CKA_DECRYPT, &yes, sizeof yes},
        {CKA_WRAP, &yes, sizeof yes},
        {CKA_UNWRAP, &yes, sizeof yes},
        {CKA_LABEL, s->key, strlen(s->key)},
        {CKA_ID, s->id ? s->id : id, s->id ? s->id_size : sizeof id},
    };
    return t->module->functions->C_GenerateKey(t->session, &mechanism, wanted,
                                               sizeof wanted / sizeof wanted[0], made);
}

uint32_t pkcs11_key_make(struct pkcs11_token *t, struct lagan_op *op)
{
    ck_object_handle_t made;
    uint32_t result;
    if (!t->settings->key)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0,
                          "token %s has no such key; to make one, give its name in key",
                          t->label);
    ck_rv_t rv = generate(t, &made);
    if (rv != CKR_OK)
        return pkcs11_fail(t, op, rv, "no key can be made in the token");
    result = pkcs11_key_find(t, op);
    /* Two of one name serve nobody: whoever sees both takes the own one away again. */
    if (result == LAGAN_UNSUPPORTED) {
        t->module->functions->C_DestroyObject(t->session, made);
        return lagan_fail(op, LAGAN_TRANSIENT, 0,
                          "somebody else made a key of this name at the same moment");
    }
    if (result == LAGAN_OK)
        lagan_log(op, LAGAN_LEVEL_INFO, "made the key %s in token %s", t->settings->key,
                  t->label);
    return result;
}
