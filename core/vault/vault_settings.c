/* SPDX-License-Identifier: Apache-2.0 */
/* vault_settings.c - the configuration of a vault to and from bytes. */
#include "base/text.h"
#include "vault/conf.h"
#include "vault/field.h"
#include "vault/name.h"

#include <stdio.h>
#include <string.h>

#define CONF_MAGIC "LAGANCNF"
#define CONF_LABEL "lagan/1/conf"

enum { SIGNATURE_BYTES = 64, ID_HMAC_SHA256 = 1, CODEC_NONE = 0, CODEC_ZSTD = 1 };
#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* As in storage. */
struct wire {
    struct vault_settings s;
    uint8_t previous[32];
    uint32_t id_algorithm;
};

static bool take_compression(void *object, struct reader *value)
{
    struct vault_settings *s = &((struct wire *)object)->s;

    s->codec = reader_u8(value);
    s->compression_level = (int32_t)reader_u32(value);
    return reader_done(value);
}

static void give_compression(const void *object, struct buffer *out)
{
    const struct vault_settings *s = &((const struct wire *)object)->s;
    uint8_t value[5] = {(uint8_t)s->codec};

    store_u32(value + 1, (uint32_t)s->compression_level);
    buffer_append_tlv(out, 16, value, sizeof(value));
}

#define AT(member) .offset = offsetof(struct wire, member)

static const struct field conf_fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(s.uuid)},
    {2, FIELD_U32, FIELD_NEEDED, 0, AT(s.generation)},
    {3, FIELD_BYTES, FIELD_NEEDED, 32, AT(previous)},
    {4, FIELD_I64, FIELD_NEEDED, 0, AT(s.created_ns)},
    {5, FIELD_U64, FIELD_NEEDED, 0, AT(s.features_compat)},
    {6, FIELD_U64, FIELD_NEEDED, 0, AT(s.features_read_only)},
    {7, FIELD_U64, FIELD_NEEDED, 0, AT(s.features_incompat)},
    {8, FIELD_BYTES, FIELD_NEEDED, 32, AT(s.root_public)},
    {9, FIELD_U8, FIELD_NEEDED, 0, AT(s.chunker)},
    {10, FIELD_U8, FIELD_NEEDED, 0, AT(s.chunk_average_log2)},
    {11, FIELD_U8, FIELD_NEEDED, 0, AT(id_algorithm)},
    {12, FIELD_U64, FIELD_NEEDED, 0, AT(s.data_pack_bytes)},
    {13, FIELD_U64, FIELD_NEEDED, 0, AT(s.meta_pack_bytes)},
    {14, FIELD_U32, FIELD_NEEDED, 0, AT(s.data_block_bytes)},
    {15, FIELD_U32, FIELD_NEEDED, 0, AT(s.meta_block_bytes)},
    {16, FIELD_CALL, FIELD_NEEDED, .take = take_compression, .give = give_compression},
    {17, FIELD_TEXT, FIELD_NEEDED, VAULT_NAME_LIMIT + 1, AT(s.name)},
    {18, FIELD_U32, FIELD_NEEDED, 0, AT(s.key_epoch)},
};
enum { CONF_FIELDS = sizeof(conf_fields) / sizeof(conf_fields[0]) };

void vault_settings_default(struct vault_settings *settings, const char *name)
{
    *settings = (struct vault_settings){
        .chunker = VAULT_CHUNKER_AES32,
        .chunk_average_log2 = 19,
        .data_pack_bytes = 64 * MIB,
        .meta_pack_bytes = 16 * MIB,
        .data_block_bytes = 256 * KIB,
        .meta_block_bytes = 64 * KIB,
        .codec = CODEC_ZSTD,
        .compression_level = 1,
    };
    snprintf(settings->name, sizeof(settings->name), "%s", name);
}

/* Bounds of what the configuration may say; beyond them it would make the program ask for
 * absurd amounts of memory.  X(member, smallest, largest) */
#define BOUNDS(X)                                                                              \
    X(generation, 1, UINT32_MAX)                                                               \
    X(chunk_average_log2, 16, 22)                                                              \
    X(data_pack_bytes, 64 * KIB, 4 * GIB)                                                      \
    X(meta_pack_bytes, 64 * KIB, 4 * GIB)                                                      \
    X(data_block_bytes, 1 * KIB, 16 * MIB)                                                     \
    X(meta_block_bytes, 1 * KIB, 16 * MIB)

int vault_settings_check(const struct vault_settings *s, const char *what, struct error *e)
{
#define X(member, smallest, largest)                                                           \
    if (s->member < (smallest) || s->member > (largest))                                       \
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: " #member " is %llu", what,   \
                         (unsigned long long)s->member);
    BOUNDS(X)
#undef X
    return 0;
}

static int newer(struct error *e, const char *what, const char *part, uint64_t value)
{
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                     "%s: %s %llu is not known to this program", what, part,
                     (unsigned long long)value);
}

/* What a later version may have added. */
static int check_known(const struct wire *w, const char *what, struct error *e)
{
    if (w->s.features_incompat != 0)
        return newer(e, what, "feature (incompat)", w->s.features_incompat);
    if (w->s.chunker != VAULT_CHUNKER_AES32 && w->s.chunker != VAULT_CHUNKER_FIXED)
        return newer(e, what, "chunker", w->s.chunker);
    if (w->id_algorithm != ID_HMAC_SHA256)
        return newer(e, what, "id algorithm", w->id_algorithm);
    if (w->s.codec != CODEC_NONE && w->s.codec != CODEC_ZSTD)
        return newer(e, what, "codec", w->s.codec);
    return 0;
}

int conf_encode(const struct conf *c, const struct keys *keys, struct buffer *out,
                struct error *e)
{
    struct wire w = {.s = c->settings, .id_algorithm = ID_HMAC_SHA256};
    uint8_t signature[SIGNATURE_BYTES];

    memcpy(w.previous, c->previous, sizeof(w.previous));
    buffer_clear(out);
    field_encode_object(out, CONF_MAGIC, conf_fields, CONF_FIELDS, &w);
    if (buffer_check(out, e) != 0 ||
        keys_root_sign(keys, CONF_LABEL, out->data, out->size, signature, e) != 0)
        return -1;
    buffer_append(out, signature, sizeof(signature));
    return buffer_check(out, e);
}

/* Form and signature; what the fields say is judged once it is known to be genuine. */
static int decode(const void *data, size_t size, struct wire *w, const char *name,
                  struct error *e)
{
    struct reader r = reader_of(data, size), tlvs;
    const uint8_t *signature;

    if (field_head(&r, CONF_MAGIC, &tlvs, name, e) != 0 ||
        field_decode(tlvs, conf_fields, CONF_FIELDS, w, name, e) != 0)
        return -1;
    signature = reader_take(&r, SIGNATURE_BYTES);
    if (!reader_done(&r))
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "%s: cut off or followed by something else", name);
    return trust_check(w->s.root_public, CONF_LABEL, data, size - SIGNATURE_BYTES, signature,
                       name, e);
}

int conf_decode(const void *data, size_t size, const char *name, struct conf *c,
                struct error *e)
{
    struct wire w = {0};
    char right[NAME_SIZE];

    if (decode(data, size, &w, name, e) != 0 || check_known(&w, name, e) != 0 ||
        vault_settings_check(&w.s, name, e) != 0)
        return -1;
    name_of_conf(w.s.generation, right);
    if (strcmp(right, name) != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: stored under a wrong name",
                         name);
    c->settings = w.s;
    memcpy(c->previous, w.previous, sizeof(c->previous));
    hash_sha256(data, size, c->hash);
    return 0;
}
