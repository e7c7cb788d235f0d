/* SPDX-License-Identifier: Apache-2.0 */
/* field.c - TLVs to and from structs, driven by tables. */
#include "vault/field.h"

#include <stdlib.h>
#include <string.h>

/* A copy of the value as text: no zero byte may hide what follows it. */
static char *take_text(struct reader *value)
{
    const uint8_t *bytes = reader_take(value, value->left);
    size_t size = (size_t)(value->next - bytes);
    char *text = memchr(bytes, 0, size) == NULL ? malloc(size + 1) : NULL;

    if (text == NULL)
        return NULL;
    memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

static bool take_member_text(struct reader *value, char *member, size_t room)
{
    size_t size = value->left;

    if (size >= room || memchr(value->next, 0, size) != NULL)
        return false;
    memcpy(member, reader_take(value, size), size);
    member[size] = '\0';
    return true;
}

static bool take_value(const struct field *f, void *object, struct reader *value)
{
    void *member = (char *)object + f->offset;

    switch (f->form) {
    case FIELD_BYTES:
        if (value->left != f->size)
            return false;
        memcpy(member, reader_take(value, f->size), f->size);
        break;
    case FIELD_U8:
        *(uint32_t *)member = reader_u8(value);
        break;
    case FIELD_U32:
        *(uint32_t *)member = reader_u32(value);
        break;
    case FIELD_U64:
        *(uint64_t *)member = reader_u64(value);
        break;
    case FIELD_I64:
        *(int64_t *)member = (int64_t)reader_u64(value);
        break;
    case FIELD_TEXT:
        return take_member_text(value, member, f->size);
    case FIELD_OWN:
        *(char **)member = take_text(value);
        return *(char **)member != NULL;
    case FIELD_SPAN:
        *(struct reader *)member = *value;
        return true;
    default:
        return f->take(object, value);
    }
    return reader_done(value);
}

static const struct field *find(const struct field *table, size_t count, uint16_t type)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].type == type)
            return &table[i];
    return NULL;
}

/* Rows ascend by type, so that what is needed is missing when the next type lies beyond it. */
static const struct field *find_missing(const struct field *table, size_t count, uint32_t from,
                                        uint32_t to)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].type > from && table[i].type < to && (table[i].rules & FIELD_NEEDED) != 0)
            return &table[i];
    return NULL;
}

static int corrupt(struct error *e, const char *what, const char *why, uint32_t type)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: field %u %s", what, type, why);
}

int field_decode(struct reader r, const struct field *table, size_t count, void *object,
                 const char *what, struct error *e)
{
    const struct field *missing = NULL;
    struct reader value;
    uint32_t last = 0;
    uint16_t type;

    while (missing == NULL && reader_tlv(&r, &type, &value)) {
        const struct field *f = find(table, count, type);
        bool repeated = f != NULL && type == last && (f->rules & FIELD_REPEATS) != 0;

        if (type <= last && !repeated)
            return corrupt(e, what, "is out of order", type);
        if (f != NULL && !take_value(f, object, &value))
            return corrupt(e, what, "has a wrong form", type);
        missing = find_missing(table, count, last, type);
        last = type;
    }
    if (missing == NULL)
        missing = find_missing(table, count, last, UINT16_MAX + 1);
    if (r.failed)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its fields are cut off", what);
    return missing != NULL ? corrupt(e, what, "is missing", missing->type) : 0;
}

static bool is_absent(const struct field *f, const void *member)
{
    if ((f->rules & FIELD_NEEDED) != 0)
        return false;
    return (f->form == FIELD_TEXT && *(const char *)member == '\0') ||
           (f->form == FIELD_OWN && *(char *const *)member == NULL) ||
           (f->form == FIELD_SPAN && ((const struct reader *)member)->left == 0);
}

static void append_text(struct buffer *out, uint16_t type, const char *text)
{
    const char *value = text != NULL ? text : "";

    buffer_append_tlv(out, type, value, (uint32_t)strlen(value));
}

static void append_integer(struct buffer *out, uint16_t type, uint64_t value, uint32_t size)
{
    uint8_t bytes[8];

    store_u64(bytes, value);
    buffer_append_tlv(out, type, bytes, size);
}

static void give_value(const struct field *f, const void *member, struct buffer *out)
{
    const struct reader *span = member;

    switch (f->form) {
    case FIELD_BYTES:
        buffer_append_tlv(out, f->type, member, f->size);
        break;
    case FIELD_U8:
        append_integer(out, f->type, *(const uint32_t *)member, 1);
        break;
    case FIELD_U32:
        append_integer(out, f->type, *(const uint32_t *)member, 4);
        break;
    case FIELD_U64:
    case FIELD_I64:
        append_integer(out, f->type, *(const uint64_t *)member, 8);
        break;
    case FIELD_TEXT:
        append_text(out, f->type, member);
        break;
    case FIELD_OWN:
        append_text(out, f->type, *(char *const *)member);
        break;
    default:
        buffer_append_tlv(out, f->type, span->next, (uint32_t)span->left);
        break;
    }
}

void field_encode(struct buffer *out, const struct field *table, size_t count,
                  const void *object)
{
    for (size_t i = 0; i < count; i++) {
        const void *member = (const char *)object + table[i].offset;

        if (table[i].form == FIELD_CALL)
            table[i].give(object, out);
        else if (!is_absent(&table[i], member))
            give_value(&table[i], member, out);
    }
}

int field_magic(struct reader *r, const char magic[FIELD_MAGIC_SIZE + 1], const char *what,
                struct error *e)
{
    const uint8_t *found = reader_take(r, FIELD_MAGIC_SIZE);
    uint8_t version = reader_u8(r);

    if (r->failed || memcmp(found, magic, FIELD_MAGIC_SIZE) != 0 || version == 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: this is none", what);
    if (version > FIELD_VERSION)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "%s: format version %u, and this program knows %d", what, version,
                         FIELD_VERSION);
    return 0;
}

int field_head(struct reader *r, const char magic[FIELD_MAGIC_SIZE + 1], struct reader *tlvs,
               const char *what, struct error *e)
{
    const uint8_t *zeroes, *start;
    uint32_t size;

    if (field_magic(r, magic, what, e) != 0)
        return -1;
    zeroes = reader_take(r, 3);
    size = reader_u32(r);
    start = reader_take(r, size);
    if (r->failed || zeroes[0] != 0 || zeroes[1] != 0 || zeroes[2] != 0)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: damaged at its head", what);
    *tlvs = reader_of(start, size);
    return 0;
}

void field_encode_object(struct buffer *out, const char magic[FIELD_MAGIC_SIZE + 1],
                         const struct field *table, size_t count, const void *object)
{
    size_t start = out->size;

    buffer_append(out, magic, FIELD_MAGIC_SIZE);
    buffer_append_u8(out, FIELD_VERSION);
    buffer_append_zeroes(out, 3);
    buffer_append_u32(out, 0);
    field_encode(out, table, count, object);
    if (!out->failed)
        store_u32(out->data + start + FIELD_MAGIC_SIZE + 4,
                  (uint32_t)(out->size - start - FIELD_HEAD_SIZE));
}
