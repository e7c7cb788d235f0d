/* SPDX-License-Identifier: Apache-2.0 */
/* seal_codec.c - the outer, signed part of a seal. */
#include "vault/seal_codec.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "vault/capsule.h"
#include "vault/field.h"
#include "vault/seal_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_MAGIC "LAGANSEA"
#define SEAL_LABEL "lagan/1/seal"

enum { PACK_BYTES = 32 + 8, HASH_BYTES = 32, SIGNATURE_BYTES = 64 };

struct outer {
    uint8_t uuid[16];
    uint8_t id[8];
    uint8_t session[16];
    uint32_t prune_epoch;
    uint8_t writer[16];
    uint8_t writer_public[32];
    uint8_t certificate[64];
    int64_t created_ns;
    struct reader previous;
    struct reader packs;
    struct reader rolls;
    uint32_t key_epoch;
};

#define AT(member) .offset = offsetof(struct outer, member)

static const struct field outer_fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(uuid)},
    {2, FIELD_BYTES, FIELD_NEEDED, 8, AT(id)},
    {3, FIELD_BYTES, FIELD_NEEDED, 16, AT(session)},
    {4, FIELD_U32, FIELD_NEEDED, 0, AT(prune_epoch)},
    {5, FIELD_BYTES, FIELD_NEEDED, 16, AT(writer)},
    {6, FIELD_BYTES, FIELD_NEEDED, 32, AT(writer_public)},
    {7, FIELD_BYTES, FIELD_NEEDED, 64, AT(certificate)},
    {8, FIELD_I64, FIELD_NEEDED, 0, AT(created_ns)},
    {9, FIELD_SPAN, 0, 0, AT(previous)},
    {10, FIELD_SPAN, 0, 0, AT(packs)},
    {11, FIELD_SPAN, 0, 0, AT(rolls)},
    {12, FIELD_U32, FIELD_NEEDED, 0, AT(key_epoch)},
};
enum { OUTER_FIELDS = sizeof(outer_fields) / sizeof(outer_fields[0]) };

void seal_name(const uint8_t id[8], int64_t created_ns, char name[SEAL_NAME_SIZE])
{
    char time[CLOCK_TEXT_SIZE], digits[SEAL_ID_TEXT];

    clock_format_name(created_ns, time);
    text_hex(id, 8, digits);
    snprintf(name, SEAL_NAME_SIZE, "%.20s-%s", time, digits);
}

static void append_packs(struct buffer *out, const struct seal_pack *packs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append(out, packs[i].hash, HASH_BYTES);
        buffer_append_u64(out, packs[i].bytes);
    }
}

static int append_inner(const struct seal *s, const uint8_t meta_key[32],
                        const uint8_t salt[SEAL_SALT_SIZE], struct buffer *out, struct error *e)
{
    CLEANUP_BUFFER struct buffer inner = BUFFER_INIT;

    seal_inner_encode(s, &inner);
    if (buffer_check(&inner, e) != 0)
        return -1;
    return capsule_append(out, meta_key, SEAL_LABEL, salt, inner.data, inner.size, e);
}

static int append_signature(const struct vault_writer *writer, const char *label,
                            struct buffer *out, struct error *e)
{
    uint8_t signature[SIGNATURE_BYTES];

    if (buffer_check(out, e) != 0 ||
        vault_writer_sign(writer, label, out->data, out->size, signature, e) != 0)
        return -1;
    buffer_append(out, signature, sizeof(signature));
    return buffer_check(out, e);
}

int seal_encode(const struct seal *s, const uint8_t uuid[16], const uint8_t meta_key[32],
                const uint8_t salt[SEAL_SALT_SIZE], const struct vault_writer *writer,
                struct buffer *out, struct error *e)
{
    CLEANUP_BUFFER struct buffer packs = BUFFER_INIT;
    struct outer o = {.prune_epoch = s->prune_epoch,
                      .created_ns = s->created_ns,
                      .key_epoch = s->key_epoch,
                      .previous = reader_of(s->previous, s->previous_count * HASH_BYTES),
                      .rolls = reader_of(s->rolls, s->roll_count * HASH_BYTES)};

    append_packs(&packs, s->packs, s->pack_count);
    if (buffer_check(&packs, e) != 0)
        return -1;
    o.packs = reader_of(packs.data, packs.size);
    memcpy(o.uuid, uuid, sizeof(o.uuid));
    memcpy(o.session, s->session, sizeof(o.session));
    memcpy(o.writer, writer->id, sizeof(o.writer));
    memcpy(o.writer_public, writer->public_key, sizeof(o.writer_public));
    memcpy(o.certificate, writer->certificate, sizeof(o.certificate));
    if (text_unhex(s->id, o.id, sizeof(o.id)) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "a seal without an id");
    buffer_clear(out);
    field_encode_object(out, SEAL_MAGIC, outer_fields, OUTER_FIELDS, &o);
    if (append_inner(s, meta_key, salt, out, e) != 0)
        return -1;
    return append_signature(writer, SEAL_LABEL, out, e);
}

static int corrupt(struct error *e, const char *what, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", what, why);
}

/* n × 32 bytes as an array of its own. */
static int take_hashes(struct reader r, uint8_t (**hashes)[32], size_t *count, const char *what,
                       struct error *e)
{
    if (r.left % HASH_BYTES != 0)
        return corrupt(e, what, "a list of hashes is cut off");
    if (r.left == 0)
        return 0;
    *hashes = malloc(r.left);
    if (*hashes == NULL)
        return error_no_memory(e, "a seal");
    memcpy(*hashes, r.next, r.left);
    *count = r.left / HASH_BYTES;
    return 0;
}

static int take_packs(struct reader r, struct seal *s, const char *what, struct error *e)
{
    size_t count = r.left / PACK_BYTES;

    if (r.left % PACK_BYTES != 0)
        return corrupt(e, what, "the list of packs is cut off");
    s->packs = count > 0 ? malloc(count * sizeof(*s->packs)) : NULL;
    if (count > 0 && s->packs == NULL)
        return error_no_memory(e, "a seal");
    for (size_t i = 0; i < count; i++) {
        memcpy(s->packs[i].hash, reader_take(&r, HASH_BYTES), HASH_BYTES);
        s->packs[i].bytes = reader_u64(&r);
        if (i > 0 && memcmp(s->packs[i - 1].hash, s->packs[i].hash, HASH_BYTES) >= 0)
            return corrupt(e, what, "the list of packs is not in order");
    }
    s->pack_count = count;
    return 0;
}

static int adopt_outer(const struct outer *o, struct seal *s, const char *what, struct error *e)
{
    text_hex(o->id, sizeof(o->id), s->id);
    memcpy(s->session, o->session, sizeof(s->session));
    memcpy(s->writer, o->writer, sizeof(s->writer));
    s->prune_epoch = o->prune_epoch;
    s->created_ns = o->created_ns;
    s->key_epoch = o->key_epoch;
    if (take_hashes(o->previous, &s->previous, &s->previous_count, what, e) != 0 ||
        take_packs(o->packs, s, what, e) != 0)
        return -1;
    return take_hashes(o->rolls, &s->rolls, &s->roll_count, what, e);
}

/* The name is the first thing people and programs go by: it must be the one that was signed. */
static int check_name(const struct outer *o, const char *name, const char *what,
                      struct error *e)
{
    char right[SEAL_NAME_SIZE];

    seal_name(o->id, o->created_ns, right);
    return strcmp(right, name) == 0 ? 0 : corrupt(e, what, "stored under a wrong name");
}

static int check_outer(const struct outer *o, const struct trust *trust, const void *data,
                       size_t signed_size, const uint8_t *signature, const char *what,
                       struct error *e)
{
    if (trust_check_writer(trust, o->writer, o->writer_public, o->certificate, e) != 0)
        return error_context(e, "%s", what);
    return trust_check(o->writer_public, SEAL_LABEL, data, signed_size, signature, what, e);
}

static int open_inner(const struct capsule *c, const struct keys *keys, struct seal *s,
                      const char *what, struct error *e)
{
    const uint8_t *key = keys_wrapping(keys, VAULT_WRAP_META, s->key_epoch);
    uint8_t *plain;
    int result;

    if (key == NULL)
        return error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY,
                         "%s: of key epoch %u, which is unknown", what, s->key_epoch);
    plain = malloc(c->ciphertext_size);
    if (plain == NULL)
        return error_no_memory(e, "a seal");
    result = capsule_open(c, key, SEAL_LABEL, plain, what, e);
    if (result == 0)
        result = seal_inner_decode(reader_of(plain, c->ciphertext_size - 16), s, what, e);
    free(plain);
    return result;
}

/* Everything but the inner part; `*c` becomes the capsule that holds that. */
static int decode_outer(const void *data, size_t size, const struct trust *trust,
                        unsigned flags, struct seal *s, struct capsule *c, const char *what,
                        struct error *e)
{
    struct reader r = reader_of(data, size), tlvs;
    struct outer o = {0};
    const uint8_t *signature;

    if (field_head(&r, SEAL_MAGIC, &tlvs, what, e) != 0 ||
        field_decode(tlvs, outer_fields, OUTER_FIELDS, &o, what, e) != 0 ||
        capsule_take(&r, data, c, what, e) != 0)
        return -1;
    signature = reader_take(&r, SIGNATURE_BYTES);
    if (!reader_done(&r))
        return corrupt(e, what, "cut off or followed by something else");
    if (memcmp(o.uuid, trust->uuid, sizeof(o.uuid)) != 0)
        return corrupt(e, what, "of another vault");
    if (check_name(&o, s->name, what, e) != 0)
        return -1;
    if ((flags & SEAL_SIGNATURE_KNOWN) == 0 &&
        check_outer(&o, trust, data, size - SIGNATURE_BYTES, signature, what, e) != 0)
        return -1;
    return adopt_outer(&o, s, what, e);
}

int seal_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                const struct keys *keys, unsigned flags, struct seal **seal, struct error *e)
{
    struct seal *s = seal_new(e);
    struct capsule c;
    char what[64];

    if (s == NULL)
        return -1;
    snprintf(what, sizeof(what), "seals/%.40s", name);
    snprintf(s->name, sizeof(s->name), "%s", name);
    hash_sha256(data, size, s->hash);
    s->object_bytes = size;
    if (decode_outer(data, size, trust, flags, s, &c, what, e) != 0 ||
        (keys != NULL && open_inner(&c, keys, s, what, e) != 0)) {
        seal_free(s);
        return -1;
    }
    *seal = s;
    return 0;
}
