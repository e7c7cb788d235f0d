/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.c - headers, keys, messages and trailers of packs and index runs. */
#include "vault/envelope.h"
#include "base/object.h"
#include "crypto/aead.h"
#include "crypto/crc32c.h"
#include "crypto/derive.h"

#include <string.h>

enum { VERSION = 1, WRAP_SYMMETRIC = 0, CIPHER_AES_256_GCM = 1 };

/* Where the fields of a header stand. */
enum {
    AT_VERSION = 8,
    AT_TYPE = 9,
    AT_WRAP = 10,
    AT_CIPHER = 11,
    AT_KEY_EPOCH = 12,
    AT_VAULT = 16,
    AT_SESSION = 32,
    AT_SALT = 48,
    AT_ZEROES = 80, /* the ephemeral key under wrap 0, and what is reserved */
    AT_CHECKSUM = 124,
    AT_COMMITMENT = 128
};

static const struct {
    const char *magic;
    const char *text;
    const char *info;
    uint8_t type;
    enum vault_wrapping wrapping;
} kinds[] = {
#define X(symbol, magic, type, wrapping, text)                                                 \
    {magic, text, ENVELOPE_##symbol == ENVELOPE_RUN ? "lagan/1/run" : "lagan/1/pack", type,    \
     wrapping},
    ENVELOPE_KINDS(X)
#undef X
};

const char *envelope_kind_text(enum envelope_kind kind)
{
    return kinds[kind].text;
}

/* Sets the key; the commitment goes to `commitment`. */
static int derive(struct envelope *env, const uint8_t wrapping_key[32], uint8_t commitment[32],
                  struct error *e)
{
    uint8_t info[32], out[64];
    size_t size = strlen(kinds[env->kind].info);

    memcpy(info, kinds[env->kind].info, size);
    info[size++] = kinds[env->kind].type;
    info[size++] = CIPHER_AES_256_GCM;
    if (derive_key(wrapping_key, 32, env->head + AT_SALT, 32, info, size, out, sizeof(out), e))
        return -1;
    memcpy(env->key, out, 32);
    memcpy(commitment, out + 32, 32);
    secret_wipe(out, sizeof(out));
    return 0;
}

int envelope_make(struct envelope *env, const struct envelope_request *request, struct error *e)
{
    struct envelope made = {.kind = request->kind, .key_epoch = request->key_epoch};
    uint8_t *head = made.head;

    memcpy(made.vault, request->vault, sizeof(made.vault));
    memcpy(made.session, request->session, sizeof(made.session));
    memcpy(head, kinds[request->kind].magic, 8);
    head[AT_VERSION] = VERSION;
    head[AT_TYPE] = kinds[request->kind].type;
    head[AT_WRAP] = WRAP_SYMMETRIC;
    head[AT_CIPHER] = CIPHER_AES_256_GCM;
    store_u32(head + AT_KEY_EPOCH, request->key_epoch);
    memcpy(head + AT_VAULT, request->vault, 16);
    memcpy(head + AT_SESSION, request->session, 16);
    memcpy(head + AT_SALT, request->salt, 32);
    store_u32(head + AT_CHECKSUM, crc32c(head, AT_CHECKSUM));
    if (derive(&made, request->wrapping_key, head + AT_COMMITMENT, e) < 0)
        return -1;
    *env = made;
    envelope_wipe(&made);
    return 0;
}

int envelope_make_fresh(struct envelope *env, const struct vault *v, enum envelope_kind kind,
                        const uint8_t session[16], struct error *e)
{
    const struct vault_settings *settings = vault_settings(v);
    uint8_t salt[32];
    struct envelope_request request = {
        .kind = kind,
        .key_epoch = settings->key_epoch,
        .vault = settings->uuid,
        .session = session,
        .salt = salt,
        .wrapping_key = vault_wrapping_key(v, kinds[kind].wrapping, settings->key_epoch, e),
    };

    if (request.wrapping_key == NULL)
        return -1;
    crypto_random(salt, sizeof(salt));
    return envelope_make(env, &request, e);
}

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
}

/* What is this object?  -1 when it is none of the kinds. */
static int find_kind(const uint8_t *head)
{
    for (int kind = 0; kind < ENVELOPE_KIND_COUNT; kind++)
        if (memcmp(head, kinds[kind].magic, 8) == 0 && head[AT_TYPE] == kinds[kind].type)
            return kind;
    return -1;
}

static bool all_zeroes(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return false;
    return true;
}

static int check_versions(const uint8_t *head, struct error *e)
{
    if (head[AT_VERSION] > VERSION || head[AT_WRAP] > WRAP_SYMMETRIC ||
        head[AT_CIPHER] > CIPHER_AES_256_GCM)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "version %u, wrap %u, cipher %u: made by a newer program",
                         head[AT_VERSION], head[AT_WRAP], head[AT_CIPHER]);
    if (head[AT_VERSION] != VERSION || head[AT_CIPHER] != CIPHER_AES_256_GCM)
        return corrupt(e, "version or cipher is zero");
    return 0;
}

int envelope_parse(struct envelope *env, const uint8_t *head, struct error *e)
{
    if (memcmp(head, kinds[ENVELOPE_DATA].magic, 8) != 0 &&
        memcmp(head, kinds[ENVELOPE_RUN].magic, 8) != 0)
        return corrupt(e, "does not start as a pack or an index run does");
    /* Before the versions: an accident must not look like a newer program's work. */
    if (load_u32(head + AT_CHECKSUM) != crc32c(head, AT_CHECKSUM))
        return corrupt(e, "the checksum of its header is wrong");
    if (check_versions(head, e) < 0)
        return -1;
    int kind = find_kind(head);
    if (kind < 0)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "type %u: made by a newer program", head[AT_TYPE]);
    if (!all_zeroes(head + AT_ZEROES, AT_CHECKSUM - AT_ZEROES))
        return corrupt(e, "reserved bytes of its header are not zero");
    *env = (struct envelope){.kind = (enum envelope_kind)kind,
                             .key_epoch = load_u32(head + AT_KEY_EPOCH)};
    memcpy(env->vault, head + AT_VAULT, sizeof(env->vault));
    memcpy(env->session, head + AT_SESSION, sizeof(env->session));
    memcpy(env->head, head, sizeof(env->head));
    return 0;
}

int envelope_unlock(struct envelope *env, const uint8_t wrapping_key[32], struct error *e)
{
    uint8_t commitment[32];

    if (derive(env, wrapping_key, commitment, e) < 0)
        return -1;
    if (secret_equal(commitment, env->head + AT_COMMITMENT, sizeof(commitment)))
        return 0;
    envelope_wipe(env);
    return corrupt(e, "its key does not fit its commitment");
}

int envelope_open(struct envelope *env, const struct vault *v, const uint8_t *head,
                  struct error *e)
{
    struct envelope parsed;

    if (envelope_parse(&parsed, head, e) < 0)
        return -1;
    if (memcmp(parsed.vault, vault_settings(v)->uuid, sizeof(parsed.vault)) != 0)
        return corrupt(e, "it belongs to another vault");
    const uint8_t *key =
        vault_wrapping_key(v, kinds[parsed.kind].wrapping, parsed.key_epoch, e);
    if (key == NULL || envelope_unlock(&parsed, key, e) < 0)
        return -1;
    *env = parsed;
    envelope_wipe(&parsed);
    return 0;
}

void envelope_wipe(struct envelope *env)
{
    secret_wipe(env->key, sizeof(env->key));
}

int envelope_seal(const struct envelope *env, uint64_t number, const void *plain, size_t size,
                  void *out, struct error *e)
{
    uint8_t nonce[AEAD_NONCE_SIZE];
    struct aead *a = aead_new(env->key, e);

    if (a == NULL)
        return -1;
    aead_counter_nonce(number, nonce);
    int result = aead_encrypt(a, nonce, env->head, ENVELOPE_HEADER_SIZE, plain, size, out, e);
    aead_free(a);
    return result;
}

int envelope_unseal(const struct envelope *env, uint64_t number, const void *sealed,
                    size_t size, void *out, struct error *e)
{
    uint8_t nonce[AEAD_NONCE_SIZE];

    if (size < AEAD_TAG_SIZE)
        return corrupt(e, "an encrypted part is too short");
    struct aead *a = aead_new(env->key, e);
    if (a == NULL)
        return -1;
    aead_counter_nonce(number, nonce);
    int result = aead_decrypt(a, nonce, env->head, ENVELOPE_HEADER_SIZE, sealed, size, out, e);
    aead_free(a);
    return result;
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* Padmé: the last bits of a length are rounded away, the more the longer it is. */
static uint64_t padme(uint64_t length)
{
    unsigned e = 63 - (unsigned)__builtin_clzll(length);
    unsigned s = e == 0 ? 0 : 64 - (unsigned)__builtin_clzll(e);

    return e <= s ? length : round_up(length, UINT64_C(1) << (e - s));
}

uint64_t envelope_directory_offset(uint64_t end, bool last)
{
    return round_up(last ? padme(end) : end, ENVELOPE_ALIGNMENT);
}

/* Where the fields of a trailer stand. */
enum {
    AT_DIRECTORY_OFFSET = 0,
    AT_DIRECTORY_BYTES = 8,
    AT_MESSAGES = 12,
    AT_FLAGS = 16,
    AT_TRAILER_CHECKSUM = 20,
    AT_END_MAGIC = 24
};
static const char end_magic[] = "LAGANEND";

void envelope_trailer_encode(const struct envelope_trailer *trailer, uint8_t *bytes)
{
    store_u64(bytes + AT_DIRECTORY_OFFSET, trailer->directory_offset);
    store_u32(bytes + AT_DIRECTORY_BYTES, trailer->directory_bytes);
    store_u32(bytes + AT_MESSAGES, trailer->messages);
    store_u32(bytes + AT_FLAGS, 0);
    store_u32(bytes + AT_TRAILER_CHECKSUM, crc32c(bytes, AT_TRAILER_CHECKSUM));
    memcpy(bytes + AT_END_MAGIC, end_magic, 8);
}

int envelope_trailer_parse(struct envelope_trailer *trailer, const uint8_t *bytes,
                           uint64_t object_bytes, struct error *e)
{
    struct envelope_trailer found = {
        .directory_offset = load_u64(bytes + AT_DIRECTORY_OFFSET),
        .directory_bytes = load_u32(bytes + AT_DIRECTORY_BYTES),
        .messages = load_u32(bytes + AT_MESSAGES),
    };
    uint64_t end;

    if (memcmp(bytes + AT_END_MAGIC, end_magic, 8) != 0)
        return corrupt(e, "does not end as a pack or an index run does");
    if (load_u32(bytes + AT_TRAILER_CHECKSUM) != crc32c(bytes, AT_TRAILER_CHECKSUM))
        return corrupt(e, "the checksum of its trailer is wrong");
    if (load_u32(bytes + AT_FLAGS) != 0)
        return corrupt(e, "flags of its trailer are not zero");
    if (__builtin_add_overflow(found.directory_offset, found.directory_bytes, &end) ||
        __builtin_add_overflow(end, ENVELOPE_TRAILER_SIZE, &end) || end != object_bytes ||
        found.directory_offset < ENVELOPE_BODY ||
        found.directory_offset % ENVELOPE_ALIGNMENT != 0 || found.directory_bytes == 0 ||
        found.directory_bytes % ENVELOPE_ALIGNMENT != 0 ||
        found.directory_bytes > ENVELOPE_DIRECTORY_LIMIT)
        return corrupt(e, "its trailer does not fit its length");
    *trailer = found;
    return 0;
}
