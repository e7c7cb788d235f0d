/* SPDX-License-Identifier: Apache-2.0 */
/* key_pkcs11.c - the driver of keys in PKCS#11 tokens: its descriptor and its instances. */
#include "key_pkcs11/key_pkcs11.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum parameter { MODULE, TOKEN, SERIAL, SLOT, KEY, ID, PIN };

static const struct lagan_parameter parameters[] = {
    [MODULE] = {.name = "module",
                .type = LAGAN_PARAMETER_PATH,
                .default_value = LAGAN_P11_PROXY,
                .help = "the token's PKCS#11 module, a shared object"},
    [TOKEN] = {.name = "token",
               .type = LAGAN_PARAMETER_TEXT,
               .minimum = 1,
               .maximum = 32,
               .help = "label of the token"},
    [SERIAL] = {.name = "serial",
                .type = LAGAN_PARAMETER_TEXT,
                .minimum = 1,
                .maximum = 16,
                .help = "serial number of the token"},
    [SLOT] = {.name = "slot",
              .type = LAGAN_PARAMETER_INTEGER,
              .flags = LAGAN_PARAMETER_ADVANCED,
              .help = "number of the slot that the token is in"},
    [KEY] = {.name = "key",
             .type = LAGAN_PARAMETER_TEXT,
             .flags = LAGAN_PARAMETER_BARE,
             .minimum = 1,
             .maximum = PKCS11_LABEL_BYTES,
             .help = "label of the key; an AES key is made when there is none"},
    [ID] = {.name = "id",
            .type = LAGAN_PARAMETER_TEXT,
            .minimum = 2,
            .maximum = 2 * PKCS11_LABEL_BYTES,
            .help = "id of the key in hexadecimal"},
    [PIN] = {.name = "pin",
             .type = LAGAN_PARAMETER_SECRET,
             .help = "the user's PIN; without it the token's own keypad asks"},
    {.name = NULL},
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    struct pkcs11_settings *s = calloc(1, sizeof *s);
    if (!s)
        return no_memory(op);
    s->slot = -1;
    *instance = s;
    return LAGAN_OK;
}

static void instance_free(void *instance)
{
    struct pkcs11_settings *s = instance;
    if (s->pin)
        OPENSSL_cleanse(s->pin, s->pin_size);
    free(s->module);
    free(s->token);
    free(s->serial);
    free(s->key);
    free(s->id);
    free(s->pin);
    free(s);
}

static uint32_t keep_text(struct lagan_op *op, char **at, const struct lagan_value *value)
{
    *at = strdup(value->text);
    return *at ? (uint32_t)LAGAN_OK : no_memory(op);
}

static uint32_t keep_pin(struct pkcs11_settings *s, struct lagan_op *op,
                         const struct lagan_value *value)
{
    s->pin = malloc(value->size + 1u);
    if (!s->pin)
        return no_memory(op);
    memcpy(s->pin, value->text, value->size);
    s->pin[value->size] = '\0';
    s->pin_size = value->size;
    return LAGAN_OK;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static uint32_t keep_id(struct pkcs11_settings *s, struct lagan_op *op,
                        const struct lagan_value *value)
{
    size_t size = value->size / 2;
    s->id = malloc(size + 1);
    if (!s->id)
        return no_memory(op);
    for (size_t i = 0; i < size; i++) {
        int high = digit_value(value->text[2 * i]);
        int low = digit_value(value->text[2 * i + 1]);
        if (high < 0 || low < 0)
            size = 0;
        else
            s->id[i] = (uint8_t)(high << 4 | low);
    }
    if (size == 0 || value->size % 2 != 0)
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "an id is pairs of hexadecimal digits, as in 3f2a");
    s->id_size = size;
    return LAGAN_OK;
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct pkcs11_settings *s = instance;
    switch ((enum parameter)row) {
    case MODULE:
        return keep_text(op, &s->module, value);
    case TOKEN:
        return keep_text(op, &s->token, value);
    case SERIAL:
        return keep_text(op, &s->serial, value);
    case SLOT:
        s->slot = value->number;
        return LAGAN_OK;
    case KEY:
        return keep_text(op, &s->key, value);
    case ID:
        return keep_id(s, op, value);
    case PIN:
        return keep_pin(s, op, value);
    }
    return LAGAN_OK;
}

static uint32_t configured(void *instance, struct lagan_op *op)
{
    const struct pkcs11_settings *s = instance;
    if (!s->key && !s->id)
        return lagan_fail(op, LAGAN_INVALID, 0, "say which key: key=LABEL, id=HEX or both");
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    struct pkcs11_token *t = handle;
    pkcs11_disconnect(t);
    free(t);
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    uint64_t known = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE;
    struct pkcs11_token *t;
    uint32_t result;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    t = calloc(1, sizeof *t);
    if (!t)
        return no_memory(op);
    t->settings = instance;
    result = pkcs11_connect(t, op, (flags & LAGAN_OPEN_INITIALISE) != 0);
    if (result != LAGAN_OK) {
        close_handle(t);
        return result;
    }
    *handle = t;
    return LAGAN_OK;
}

/* A data key on its way into the token or out of it. */
struct passage {
    uint8_t data_key[ENVELOPE_KEY_BYTES];
    uint16_t way;
    uint8_t wrapped[ENVELOPE_WRAPPED_LIMIT];
    size_t size;
};

static uint32_t pass(struct pkcs11_token *t, struct lagan_op *op, struct passage *p, bool in)
{
    return in ? pkcs11_way_wrap(t, op, p->data_key, &p->way, p->wrapped, sizeof p->wrapped,
                                &p->size)
              : pkcs11_way_unwrap(t, op, p->way, p->wrapped, p->size, p->data_key);
}

/* Does it in the session there is; when that turns out to be gone, in a new one. */
static uint32_t pass_connected(struct pkcs11_token *t, struct lagan_op *op, struct passage *p,
                               bool in)
{
    bool was_connected = t->connected;
    uint32_t result = was_connected ? (uint32_t)LAGAN_OK : pkcs11_connect(t, op, false);
    if (result != LAGAN_OK)
        return result;
    t->lost = false;
    result = pass(t, op, p, in);
    if (result == LAGAN_OK || !t->lost)
        return result;
    pkcs11_disconnect(t);
    return was_connected ? pass_connected(t, op, p, in) : result;
}

static uint32_t wrap(void *handle, struct lagan_op *op, const void *context,
                     size_t context_size, const void *secret, size_t secret_size, void *wrapped,
                     size_t room, size_t *wrapped_size)
{
    struct passage p;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    lagan_random(p.data_key, sizeof p.data_key);
    uint32_t result = pass_connected(handle, op, &p, true);
    if (result == LAGAN_OK) {
        const struct envelope envelope = {PKCS11_MAGIC, p.way, p.wrapped, p.size};
        result = envelope_seal(op, &envelope, p.data_key, context, context_size, secret,
                               secret_size, wrapped, room, wrapped_size);
    }
    OPENSSL_cleanse(&p, sizeof p);
    return result;
}

static uint32_t unwrap(void *handle, struct lagan_op *op, const void *context,
                       size_t context_size, const void *wrapped, size_t wrapped_size,
                       void *secret, size_t room, size_t *secret_size)
{
    struct envelope envelope = {.magic = PKCS11_MAGIC};
    struct passage p;
    uint32_t result = envelope_parse(op, wrapped, wrapped_size, &envelope);
    if (result != LAGAN_OK)
        return result;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    p.way = envelope.way;
    p.size = envelope.wrapped_key_size;
    memcpy(p.wrapped, envelope.wrapped_key, p.size);
    result = pass_connected(handle, op, &p, false);
    if (result == LAGAN_OK)
        result = envelope_open(op, wrapped, wrapped_size, p.data_key, context, context_size,
                               secret, room, secret_size);
    OPENSSL_cleanse(&p, sizeof p);
    return result;
}

static uint32_t identify(void *handle, struct lagan_op *op, char *text, size_t room)
{
    const struct pkcs11_token *t = handle;
    char id[41];
    (void)op;
    pkcs11_write_hex(t->key.id, t->key.id_size, id, sizeof id);
    snprintf(text, room, "token %s (%s), %s-%u key %.100s, id %s", t->label, t->serial,
             t->key.kind == PKCS11_AES ? "AES" : "RSA", t->key.bits, t->key.label, id);
    return LAGAN_OK;
}

static const struct lagan_key_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .configured = configured,
               .open = open_handle,
               .close = close_handle},
    .wrap = wrap,
    .unwrap = unwrap,
    .identify = identify,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_KEY,
    .threads = LAGAN_THREADS_SERIAL_DRIVER,
    .name = "key_pkcs11",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a key in a PKCS#11 token: a security module, a smart card, a key service",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
    .traits = LAGAN_TRAIT_SERVICE,
};

LAGAN_DRIVER(key_pkcs11, &descriptor)
