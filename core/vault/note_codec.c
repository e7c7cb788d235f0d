/* SPDX-License-Identifier: Apache-2.0 */
/* note_codec.c - what a note says, sealed and signed, to and from bytes. */
#include "vault/note_codec.h"
#include "vault/capsule.h"
#include "vault/field.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_MAGIC "LAGANNOT"
#define NOTE_LABEL "lagan/1/note"

enum { SIGNATURE_BYTES = 64, TAG_BYTES = 16 };

/* What is readable without a key. */
struct outer {
    uint8_t uuid[16];
    uint8_t topic[VAULT_NOTE_TOPIC_SIZE];
    uint32_t kind;
    uint32_t generation;
    int64_t created_ns;
    uint32_t key_epoch;
};

#define AT(member) .offset = offsetof(struct outer, member)

static const struct field outer_fields[] = {
    {1, FIELD_BYTES, FIELD_NEEDED, 16, AT(uuid)},
    {2, FIELD_BYTES, FIELD_NEEDED, VAULT_NOTE_TOPIC_SIZE, AT(topic)},
    {3, FIELD_U32, FIELD_NEEDED, 0, AT(generation)},
    {4, FIELD_I64, FIELD_NEEDED, 0, AT(created_ns)},
    {5, FIELD_U8, FIELD_NEEDED, 0, AT(kind)},
    {6, FIELD_U32, FIELD_NEEDED, 0, AT(key_epoch)},
};
enum { OUTER_FIELDS = sizeof(outer_fields) / sizeof(outer_fields[0]) };

/* ---- what it says ---- */

static void encode_pairs(const struct vault_about *facts, struct buffer *out)
{
    for (size_t i = 0; i < facts->pair_count; i++) {
        buffer_append_counted(out, facts->pairs[i].name, strlen(facts->pairs[i].name));
        buffer_append_counted(out, facts->pairs[i].value, strlen(facts->pairs[i].value));
    }
}

static char *take_text(struct reader *r)
{
    size_t size;
    const uint8_t *bytes = reader_counted(r, &size);

    if (bytes == NULL || memchr(bytes, 0, size) != NULL)
        return NULL;
    return strndup((const char *)bytes, size);
}

/* Names ascend, so that equal facts are equal bytes. */
static bool take_pair(struct reader *r, struct vault_about *facts)
{
    char *name = take_text(r), *value = take_text(r);
    struct error ignored = ERROR_INIT;
    bool good = name != NULL && value != NULL &&
                (facts->pair_count == 0 ||
                 strcmp(facts->pairs[facts->pair_count - 1].name, name) < 0) &&
                vault_about_add(facts, name, value, &ignored) == 0;

    free(name);
    free(value);
    return good;
}

static int decode_pairs(struct reader r, struct vault_about *facts, const char *name,
                        struct error *e)
{
    while (r.left > 0)
        if (!take_pair(&r, facts))
            return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                             "%s: what it says is not of the form of a note", name);
    return 0;
}

/* ---- the object ---- */

int note_encode(const struct vault_note *note, const uint8_t uuid[16], uint32_t key_epoch,
                const uint8_t salt[NOTE_SALT_SIZE], const struct keys *keys, struct buffer *out,
                struct error *e)
{
    CLEANUP_BUFFER struct buffer plain = BUFFER_INIT;
    const uint8_t *key = keys_wrapping(keys, VAULT_WRAP_META, key_epoch);
    struct outer o = {.kind = note->kind,
                      .generation = note->generation,
                      .created_ns = note->created_ns,
                      .key_epoch = key_epoch};
    uint8_t signature[SIGNATURE_BYTES];

    if (key == NULL)
        return error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY, "no slot has the key of epoch %u",
                         key_epoch);
    memcpy(o.uuid, uuid, sizeof(o.uuid));
    memcpy(o.topic, note->topic, sizeof(o.topic));
    encode_pairs(&note->facts, &plain);
    buffer_clear(out);
    field_encode_object(out, NOTE_MAGIC, outer_fields, OUTER_FIELDS, &o);
    if (buffer_check(&plain, e) != 0 ||
        capsule_append(out, key, NOTE_LABEL, salt, plain.data ? (const void *)plain.data : "",
                       plain.size, e) != 0 ||
        buffer_check(out, e) != 0 ||
        keys_root_sign(keys, NOTE_LABEL, out->data, out->size, signature, e) != 0)
        return -1;
    buffer_append(out, signature, sizeof(signature));
    return buffer_check(out, e);
}

static int corrupt(const char *name, const char *why, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", name, why);
}

/* Form first, then the signature, then what it says: nothing of a forged one is believed. */
static int decode_outer(const void *data, size_t size, const char *name,
                        const struct trust *trust, struct outer *o, struct capsule *c,
                        struct error *e)
{
    struct reader r = reader_of(data, size), tlvs;
    const uint8_t *signature;
    char right[NAME_SIZE];

    if (field_head(&r, NOTE_MAGIC, &tlvs, name, e) != 0 ||
        field_decode(tlvs, outer_fields, OUTER_FIELDS, o, name, e) != 0 ||
        capsule_take(&r, data, c, name, e) != 0)
        return -1;
    signature = reader_take(&r, SIGNATURE_BYTES);
    if (!reader_done(&r))
        return corrupt(name, "cut off or followed by something else", e);
    if (trust_check(trust->root_public, NOTE_LABEL, data, size - SIGNATURE_BYTES, signature,
                    name, e) != 0)
        return -1;
    if (memcmp(o->uuid, trust->uuid, sizeof(o->uuid)) != 0)
        return corrupt(name, "of another vault", e);
    name_of_note(o->topic, o->generation, right);
    return strcmp(right, name) == 0 ? 0 : corrupt(name, "stored under a wrong name", e);
}

static int open_facts(const struct capsule *c, const struct keys *keys, uint32_t key_epoch,
                      const char *name, struct vault_about *facts, struct error *e)
{
    const uint8_t *key = keys_wrapping(keys, VAULT_WRAP_META, key_epoch);
    uint8_t *plain;
    int result;

    if (key == NULL)
        return error_set(e, LAGAN_AUTH, ERROR_WRONG_KEY,
                         "%s: of key epoch %u, which is unknown", name, key_epoch);
    plain = malloc(c->ciphertext_size);
    if (plain == NULL)
        return error_no_memory(e, "a note");
    result = capsule_open(c, key, NOTE_LABEL, plain, name, e);
    if (result == 0)
        result = decode_pairs(reader_of(plain, c->ciphertext_size - TAG_BYTES), facts, name, e);
    free(plain);
    return result;
}

int note_decode(const void *data, size_t size, const char *name, const struct trust *trust,
                const struct keys *keys, struct vault_note *note, struct error *e)
{
    struct outer o = {.kind = 0};
    struct vault_about facts = {.generation = 0};
    struct capsule c;

    if (decode_outer(data, size, name, trust, &o, &c, e) != 0)
        return -1;
    if (keys != NULL && open_facts(&c, keys, o.key_epoch, name, &facts, e) != 0) {
        vault_about_free(&facts);
        return -1;
    }
    *note = (struct vault_note){
        .kind = o.kind, .generation = o.generation, .created_ns = o.created_ns, .facts = facts};
    memcpy(note->topic, o.topic, sizeof(note->topic));
    return 0;
}
