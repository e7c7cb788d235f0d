/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - derives the keys of a vault from its master secrets. */
#include "vault/keys.h"
#include "base/object.h"
#include "crypto/derive.h"
#include "crypto/signature.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "lagan/1/"

enum { KEYS_MAGIC = 0x4b455953 };

/* Keys of epoch 0, for ever the same: X(member, label). */
#define LASTING_KEYS(X)                                                                        \
    X(id, "id")                                                                                \
    X(meta_id, "meta-id")                                                                      \
    X(chunk, "chunk")                                                                          \
    X(node, "node")                                                                            \
    X(link, "link")                                                                            \
    X(root, "root")

struct keys {
    uint32_t magic;
    uint8_t uuid[VAULT_UUID_SIZE];
    struct masters masters;
    uint8_t wrapping[MASTERS_LIMIT][VAULT_WRAP_COUNT][32];
#define X(member, label) uint8_t member[32];
    LASTING_KEYS(X)
#undef X
    struct mac_key identity[2]; /* of data, of metadata */
    struct mac_key link_group;
    uint8_t root_public[32];
};

struct masters *masters_new(struct error *e)
{
    return secret_allocate(sizeof(struct masters), e);
}

void masters_free(struct masters *m)
{
    secret_free(m, sizeof(*m));
}

/* K(label, e) of doc/format.md section 3, with anything behind the label. */
static int derive(const struct keys *k, uint32_t index, const char *label, const void *more,
                  size_t more_size, uint8_t out[32], struct error *e)
{
    char info[64];
    int size = snprintf(info, sizeof(info), PREFIX "%s", label);

    ASSERT(size > 0 && (size_t)size + more_size <= sizeof(info));
    if (more_size > 0)
        memcpy(info + size, more, more_size);
    return derive_key(k->masters.items[index].secret, 32, k->uuid, sizeof(k->uuid), info,
                      (size_t)size + more_size, out, 32, e);
}

static int derive_wrapping(struct keys *k, struct error *e)
{
    static const char *const labels[VAULT_WRAP_COUNT] = {
        [VAULT_WRAP_DATA] = "data",
        [VAULT_WRAP_META] = "meta",
        [VAULT_WRAP_INDEX] = "index",
    };

    for (uint32_t i = 0; i < k->masters.count; i++)
        for (int use = 0; use < VAULT_WRAP_COUNT; use++)
            if (derive(k, i, labels[use], NULL, 0, k->wrapping[i][use], e) != 0)
                return -1;
    return 0;
}

static int derive_lasting(struct keys *k, struct error *e)
{
#define X(member, label)                                                                       \
    if (derive(k, 0, label, NULL, 0, k->member, e) != 0)                                       \
        return -1;
    LASTING_KEYS(X)
#undef X
    mac_key_set(&k->identity[0], k->id, 32);
    mac_key_set(&k->identity[1], k->meta_id, 32);
    mac_key_set(&k->link_group, k->link, 32);
    return signature_public(k->root, k->root_public, e);
}

static bool masters_valid(const struct masters *m)
{
    if (m->count == 0 || m->count > MASTERS_LIMIT || m->items[0].epoch != 0)
        return false;
    for (uint32_t i = 1; i < m->count; i++)
        if (m->items[i].epoch <= m->items[i - 1].epoch)
            return false;
    return true;
}

struct keys *keys_new(const uint8_t uuid[16], const struct masters *m, struct error *e)
{
    struct keys *k;

    if (!masters_valid(m)) {
        error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "the master secrets are not in order");
        return NULL;
    }
    k = secret_allocate(sizeof(*k), e);
    if (k == NULL)
        return NULL;
    k->magic = KEYS_MAGIC;
    k->masters = *m;
    memcpy(k->uuid, uuid, sizeof(k->uuid));
    if (derive_wrapping(k, e) != 0 || derive_lasting(k, e) != 0) {
        keys_free(k);
        return NULL;
    }
    return k;
}

void keys_free(struct keys *k)
{
    if (k == NULL)
        return;
    OBJECT_CHECK(k, KEYS_MAGIC);
    secret_free(k, sizeof(*k));
}

const struct masters *keys_masters(const struct keys *k)
{
    return &k->masters;
}

const uint8_t *keys_wrapping(const struct keys *k, enum vault_wrapping use, uint32_t epoch)
{
    ASSERT((unsigned)use < VAULT_WRAP_COUNT);
    for (uint32_t i = 0; i < k->masters.count; i++)
        if (k->masters.items[i].epoch == epoch)
            return k->wrapping[i][use];
    return NULL;
}

const struct mac_key *keys_identity(const struct keys *k, enum chunk_kind kind)
{
    return &k->identity[kind == CHUNK_META];
}

const struct mac_key *keys_link(const struct keys *k)
{
    return &k->link_group;
}

const uint8_t *keys_chunker(const struct keys *k)
{
    return k->chunk;
}

const uint8_t *keys_node(const struct keys *k)
{
    return k->node;
}

const uint8_t *keys_root_public(const struct keys *k)
{
    return k->root_public;
}

/* Signs or checks `label` ‖ `data`, which have to lie in one piece. */
static int join(const char *label, const void *data, size_t size, struct buffer *message,
                struct error *e)
{
    buffer_append(message, label, strlen(label));
    buffer_append(message, data, size);
    return buffer_check(message, e);
}

static int sign(const uint8_t seed[32], const char *label, const void *data, size_t size,
                uint8_t signature[64], struct error *e)
{
    CLEANUP_BUFFER struct buffer message = BUFFER_INIT;

    if (join(label, data, size, &message, e) != 0)
        return -1;
    return signature_make(seed, message.data, message.size, signature, e);
}

int keys_root_sign(const struct keys *k, const char *label, const void *data, size_t size,
                   uint8_t signature[64], struct error *e)
{
    return sign(k->root, label, data, size, signature, e);
}

int vault_writer_sign(const struct vault_writer *writer, const char *label, const void *data,
                      size_t size, uint8_t signature[64], struct error *e)
{
    return sign(writer->seed, label, data, size, signature, e);
}

int trust_check(const uint8_t public_key[32], const char *label, const void *data, size_t size,
                const uint8_t signature[64], const char *what, struct error *e)
{
    CLEANUP_BUFFER struct buffer message = BUFFER_INIT;
    struct error why = ERROR_INIT;

    if (join(label, data, size, &message, e) != 0)
        return -1;
    if (signature_check(public_key, message.data, message.size, signature, &why) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its signature is not genuine",
                     what);
}

/* What a writer's certificate signs, behind its label. */
enum { CERTIFIED_SIZE = VAULT_UUID_SIZE + 16 + 32 };

static void certified(const uint8_t uuid[16], const uint8_t writer_id[16],
                      const uint8_t public_key[32], uint8_t text[CERTIFIED_SIZE])
{
    memcpy(text, uuid, VAULT_UUID_SIZE);
    memcpy(text + VAULT_UUID_SIZE, writer_id, 16);
    memcpy(text + VAULT_UUID_SIZE + 16, public_key, 32);
}

int trust_check_writer(const struct trust *trust, const uint8_t writer_id[16],
                       const uint8_t public_key[32], const uint8_t certificate[64],
                       struct error *e)
{
    uint8_t text[CERTIFIED_SIZE];

    certified(trust->uuid, writer_id, public_key, text);
    return trust_check(trust->root_public, PREFIX "writer", text, sizeof(text), certificate,
                       "the writer's certificate", e);
}

int keys_writer(const struct keys *k, const uint8_t writer_id[16], struct vault_writer *writer,
                struct error *e)
{
    struct vault_writer w = {0};
    uint8_t text[CERTIFIED_SIZE];

    memcpy(w.id, writer_id, sizeof(w.id));
    if (derive(k, 0, "writer", writer_id, 16, w.seed, e) != 0 ||
        signature_public(w.seed, w.public_key, e) != 0)
        goto failed;
    certified(k->uuid, w.id, w.public_key, text);
    if (keys_root_sign(k, PREFIX "writer", text, sizeof(text), w.certificate, e) != 0)
        goto failed;
    *writer = w;
    vault_writer_wipe(&w);
    return 0;
failed:
    vault_writer_wipe(&w);
    return -1;
}

void vault_writer_wipe(struct vault_writer *writer)
{
    secret_wipe(writer, sizeof(*writer));
}
