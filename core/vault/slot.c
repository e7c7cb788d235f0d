/* SPDX-License-Identifier: Apache-2.0 */
/* slot.c - key slots to and from bytes. */
#include "vault/slot.h"
#include "vault/field.h"

#include <string.h>

#define SLOT_MAGIC "LAGANKEY"
#define SLOT_INFO "lagan/1/slot"

enum {
    TYPE_WRAPPED = 4,
    TYPE_SCRYPT = 5,
    MASTER_BYTES = 4 + 32,
    PLAIN_LIMIT = 4 + MASTERS_LIMIT * MASTER_BYTES
};

static bool take_scrypt(void *object, struct reader *value)
{
    struct slot_scrypt *s = &((struct slot *)object)->scrypt;
    const uint8_t *salt;

    s->log2_n = reader_u8(value);
    s->r = reader_u32(value);
    s->p = reader_u32(value);
    salt = reader_take(value, sizeof(s->salt));
    if (salt == NULL || s->log2_n == 0)
        return false;
    memcpy(s->salt, salt, sizeof(s->salt));
    return reader_done(value);
}

static void give_scrypt(const void *object, struct buffer *out)
{
    const struct slot_scrypt *s = &((const struct slot *)object)->scrypt;
    uint8_t value[1 + 4 + 4 + sizeof(s->salt)] = {(uint8_t)s->log2_n};

    if (s->log2_n == 0)
        return;
    store_u32(value + 1, s->r);
    store_u32(value + 5, s->p);
    memcpy(value + 9, s->salt, sizeof(s->salt));
    buffer_append_tlv(out, TYPE_SCRYPT, value, sizeof(value));
}

#define AT(member) .offset = offsetof(struct slot, member)

static const struct field slot_fields[] = {
    {1, FIELD_TEXT, FIELD_NEEDED, sizeof(((struct slot *)0)->label), AT(label)},
    {2, FIELD_I64, FIELD_NEEDED, 0, AT(created_ns)},
    {3, FIELD_TEXT, 0, sizeof(((struct slot *)0)->driver), AT(driver)},
    {TYPE_WRAPPED, FIELD_SPAN, 0, 0, AT(wrapped)},
    {TYPE_SCRYPT, FIELD_CALL, 0, .take = take_scrypt, .give = give_scrypt},
    {6, FIELD_TEXT, 0, sizeof(((struct slot *)0)->identity), AT(identity)},
};
enum { SLOT_FIELDS = sizeof(slot_fields) / sizeof(slot_fields[0]) };

static void append_head(const struct slot *s, struct buffer *out)
{
    size_t length;

    buffer_append(out, SLOT_MAGIC, FIELD_MAGIC_SIZE);
    buffer_append_u8(out, FIELD_VERSION);
    buffer_append_u8(out, (uint8_t)s->kind);
    buffer_append_u8(out, (uint8_t)s->role);
    buffer_append_u8(out, 0);
    buffer_append(out, s->uuid, sizeof(s->uuid));
    length = out->size;
    buffer_append_u32(out, 0);
    field_encode(out, slot_fields, SLOT_FIELDS, s);
    if (!out->failed)
        store_u32(out->data + length, (uint32_t)(out->size - length - 4));
}

static size_t encode_masters(const struct masters *masters, uint8_t *plain)
{
    uint8_t *next = plain + 4;

    store_u32(plain, masters->count);
    for (uint32_t i = 0; i < masters->count; i++, next += MASTER_BYTES) {
        store_u32(next, masters->items[i].epoch);
        memcpy(next + 4, masters->items[i].secret, 32);
    }
    return (size_t)(next - plain);
}

int slot_encode(const struct slot *s, const uint8_t kek[32], const uint8_t salt[SLOT_SALT_SIZE],
                const struct masters *masters, struct buffer *out, struct error *e)
{
    uint8_t *plain = secret_allocate(PLAIN_LIMIT, e);
    int result;

    if (plain == NULL)
        return -1;
    buffer_clear(out);
    append_head(s, out);
    result = buffer_check(out, e);
    if (result == 0)
        result =
            capsule_append(out, kek, SLOT_INFO, salt, plain, encode_masters(masters, plain), e);
    secret_free(plain, PLAIN_LIMIT);
    return result;
}

static int corrupt(struct error *e, const char *what, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", what, why);
}

static int take_head(struct reader *r, struct slot *s, struct reader *tlvs, const char *what,
                     struct error *e)
{
    const uint8_t *uuid, *start;
    uint32_t size;
    uint8_t zero;

    if (field_magic(r, SLOT_MAGIC, what, e) != 0)
        return -1;
    s->kind = reader_u8(r);
    s->role = reader_u8(r);
    zero = reader_u8(r);
    uuid = reader_take(r, sizeof(s->uuid));
    size = reader_u32(r);
    start = reader_take(r, size);
    if (r->failed || zero != 0)
        return corrupt(e, what, "damaged at its head");
    memcpy(s->uuid, uuid, sizeof(s->uuid));
    *tlvs = reader_of(start, size);
    return 0;
}

/* Each kind has fields of its own. */
static int check_kind(const struct slot *s, const char *what, struct error *e)
{
    if (s->kind < VAULT_SLOT_PROVIDER || s->kind > VAULT_SLOT_RECOVERY || s->role != 0)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "%s: kind %u with role %u is not known to this program", what, s->kind,
                         s->role);
    if (s->kind == VAULT_SLOT_PROVIDER && (s->wrapped.left == 0 || s->driver[0] == '\0'))
        return corrupt(e, what, "the wrapped key is missing");
    if (s->kind == VAULT_SLOT_PASSPHRASE && s->scrypt.log2_n == 0)
        return corrupt(e, what, "the parameters of scrypt are missing");
    return 0;
}

int slot_decode(const void *data, size_t size, const char *what, struct slot *s,
                struct error *e)
{
    struct reader r = reader_of(data, size), tlvs;
    struct slot found = {0};

    if (take_head(&r, &found, &tlvs, what, e) != 0 ||
        field_decode(tlvs, slot_fields, SLOT_FIELDS, &found, what, e) != 0 ||
        check_kind(&found, what, e) != 0 ||
        capsule_take(&r, data, &found.capsule, what, e) != 0)
        return -1;
    if (!reader_done(&r))
        return corrupt(e, what, "followed by something else");
    if (found.capsule.ciphertext_size > PLAIN_LIMIT + 16)
        return corrupt(e, what, "longer than such an object is");
    *s = found;
    return 0;
}

static bool decode_masters(struct reader r, struct masters *masters)
{
    masters->count = reader_u32(&r);
    if (masters->count > MASTERS_LIMIT)
        return false;
    for (uint32_t i = 0; i < masters->count; i++) {
        const uint8_t *secret;

        masters->items[i].epoch = reader_u32(&r);
        secret = reader_take(&r, 32);
        if (secret == NULL)
            return false;
        memcpy(masters->items[i].secret, secret, 32);
    }
    return reader_done(&r);
}

int slot_open(const struct slot *s, const uint8_t kek[32], const char *what,
              struct masters *masters, struct error *e)
{
    uint8_t *plain = secret_allocate(PLAIN_LIMIT, e);
    int result;

    if (plain == NULL)
        return -1;
    result = capsule_open(&s->capsule, kek, SLOT_INFO, plain, what, e);
    if (result == 0 &&
        !decode_masters(reader_of(plain, s->capsule.ciphertext_size - 16), masters))
        result = corrupt(e, what, "its master secrets are damaged");
    secret_free(plain, PLAIN_LIMIT);
    return result;
}
