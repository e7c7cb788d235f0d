/* SPDX-License-Identifier: Apache-2.0 */
/* slot_kek.c - the key-encryption key of a slot: from a provider, a passphrase or a recovery
 * key. */
#include "base/clock.h"
#include "crypto/derive.h"
#include "vault/slot.h"

#include <stdio.h>
#include <string.h>

#define PROVIDER_CONTEXT "lagan/1/slot"
enum { CONTEXT_SIZE = sizeof(PROVIDER_CONTEXT) - 1 + VAULT_UUID_SIZE };

/* What a provider binds the wrapped key to. */
static void context_of(const uint8_t uuid[16], uint8_t context[CONTEXT_SIZE])
{
    memcpy(context, PROVIDER_CONTEXT, sizeof(PROVIDER_CONTEXT) - 1);
    memcpy(context + sizeof(PROVIDER_CONTEXT) - 1, uuid, VAULT_UUID_SIZE);
}

static int unwrap(const struct slot *s, struct key_provider *provider, const char *what,
                  struct secret *kek, struct error *e)
{
    uint8_t context[CONTEXT_SIZE];
    size_t size = 0;

    context_of(s->uuid, context);
    if (key_provider_unwrap(provider, context, sizeof(context), s->wrapped.next,
                            s->wrapped.left, kek->bytes, sizeof(kek->bytes), &size, e) != 0)
        return error_context(e, "%s", what);
    if (size != sizeof(kek->bytes))
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: the wrapped key has %zu bytes",
                         what, size);
    return 0;
}

int slot_kek(const struct slot *s, const struct slot_opener *opener, const char *what,
             struct secret *kek, struct error *e)
{
    const struct slot_scrypt *n = &s->scrypt;

    switch (opener->kind) {
    case VAULT_SLOT_PROVIDER:
        return unwrap(s, opener->provider, what, kek, e);
    case VAULT_SLOT_PASSPHRASE:
        if (derive_scrypt(opener->passphrase, opener->passphrase_size, n->salt, sizeof(n->salt),
                          n->log2_n, n->r, n->p, kek->bytes, e) != 0)
            return error_context(e, "%s", what);
        return 0;
    default:
        memcpy(kek->bytes, opener->recovery_key, sizeof(kek->bytes));
        return 0;
    }
}

static int prepare_provider(const struct vault_slot_request *request, struct slot *s,
                            struct buffer *wrapped, struct secret *kek, struct error *e)
{
    uint8_t context[CONTEXT_SIZE];

    crypto_random(kek->bytes, sizeof(kek->bytes));
    context_of(s->uuid, context);
    if (key_provider_wrap(request->provider, context, sizeof(context), kek->bytes,
                          sizeof(kek->bytes), wrapped, e) != 0 ||
        key_provider_identify(request->provider, s->identity, sizeof(s->identity), e) != 0)
        return -1;
    s->wrapped = reader_of(wrapped->data, wrapped->size);
    snprintf(s->driver, sizeof(s->driver), "%s",
             driver_name(key_provider_driver(request->provider)));
    return 0;
}

static int prepare_passphrase(const struct vault_slot_request *request, struct slot *s,
                              struct secret *kek, struct error *e)
{
    const struct slot_opener opener = {.kind = VAULT_SLOT_PASSPHRASE,
                                       .passphrase = request->passphrase,
                                       .passphrase_size = request->passphrase_size};

    if (request->passphrase_size == 0)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER, "the passphrase is empty");
    s->scrypt.log2_n =
        request->scrypt_log2_n != 0 ? request->scrypt_log2_n : SLOT_SCRYPT_LOG2_N;
    s->scrypt.r = 8;
    s->scrypt.p = 1;
    crypto_random(s->scrypt.salt, sizeof(s->scrypt.salt));
    return slot_kek(s, &opener, "new key slot", kek, e);
}

int slot_prepare(const struct vault_slot_request *request, const uint8_t uuid[16],
                 struct slot *s, struct buffer *wrapped, struct secret *kek, struct error *e)
{
    *s = (struct slot){.kind = request->kind, .created_ns = clock_wall_ns()};
    memcpy(s->uuid, uuid, sizeof(s->uuid));
    snprintf(s->label, sizeof(s->label), "%s", request->label != NULL ? request->label : "");
    switch (request->kind) {
    case VAULT_SLOT_PROVIDER:
        return prepare_provider(request, s, wrapped, kek, e);
    case VAULT_SLOT_PASSPHRASE:
        return prepare_passphrase(request, s, kek, e);
    case VAULT_SLOT_RECOVERY:
        crypto_random(kek->bytes, sizeof(kek->bytes));
        memcpy(request->recovery_key, kek->bytes, sizeof(kek->bytes));
        return 0;
    }
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "no such kind of key slot");
}
