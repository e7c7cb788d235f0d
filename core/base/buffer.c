/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.c - encoding into a growing buffer, decoding from a bounded range. */
#include "base/buffer.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM_BYTES = 64 };

void buffer_free(struct buffer *b)
{
    if (b == NULL)
        return;
    free(b->data);
    *b = BUFFER_INIT;
}

void buffer_clear(struct buffer *b)
{
    b->size = 0;
    b->failed = false;
}

/* The room to allocate for `need` bytes: doubled, so that n appends cost O(n). */
static size_t grown_room(size_t room, size_t need)
{
    size_t doubled;

    if (__builtin_mul_overflow(room, (size_t)2, &doubled))
        doubled = need;
    if (doubled < FIRST_ROOM_BYTES)
        doubled = FIRST_ROOM_BYTES;
    return doubled < need ? need : doubled;
}

static bool grow(struct buffer *b, size_t need)
{
    size_t room = grown_room(b->room, need);
    uint8_t *data = realloc(b->data, room);

    if (data == NULL)
        return false;
    b->data = data;
    b->room = room;
    return true;
}

uint8_t *buffer_reserve(struct buffer *b, size_t more)
{
    size_t need;

    if (b->failed)
        return NULL;
    if (__builtin_add_overflow(b->size, more, &need)) {
        b->failed = true;
        return NULL;
    }
    if ((b->data == NULL || need > b->room) && !grow(b, need)) {
        b->failed = true;
        return NULL;
    }
    return b->data + b->size;
}

void buffer_append(struct buffer *b, const void *data, size_t size)
{
    uint8_t *to = buffer_reserve(b, size);

    if (to == NULL || size == 0)
        return;
    memcpy(to, data, size);
    b->size += size;
}

void buffer_append_zeroes(struct buffer *b, size_t size)
{
    uint8_t *to = buffer_reserve(b, size);

    if (to == NULL)
        return;
    memset(to, 0, size);
    b->size += size;
}

void buffer_append_u8(struct buffer *b, uint8_t value)
{
    buffer_append(b, &value, sizeof(value));
}

void buffer_append_u16(struct buffer *b, uint16_t value)
{
    uint8_t bytes[sizeof(value)];

    store_u16(bytes, value);
    buffer_append(b, bytes, sizeof(bytes));
}

void buffer_append_u32(struct buffer *b, uint32_t value)
{
    uint8_t bytes[sizeof(value)];

    store_u32(bytes, value);
    buffer_append(b, bytes, sizeof(bytes));
}

void buffer_append_u64(struct buffer *b, uint64_t value)
{
    uint8_t bytes[sizeof(value)];

    store_u64(bytes, value);
    buffer_append(b, bytes, sizeof(bytes));
}

void buffer_append_varint(struct buffer *b, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;

    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    buffer_append(b, bytes, size);
}

void buffer_append_signed(struct buffer *b, int64_t value)
{
    uint64_t bits = (uint64_t)value << 1;

    buffer_append_varint(b, value < 0 ? ~bits : bits);
}

void buffer_append_format(struct buffer *b, const char *format, ...)
{
    va_list arguments, again;
    int size;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    if (size < 0)
        b->failed = true;
    char *to = size < 0 ? NULL : (char *)buffer_reserve(b, (size_t)size + 1);
    if (to != NULL) {
        vsnprintf(to, (size_t)size + 1, format, again);
        b->size += (size_t)size;
    }
    va_end(again);
    va_end(arguments);
}

void buffer_append_counted(struct buffer *b, const void *data, size_t size)
{
    buffer_append_varint(b, size);
    buffer_append(b, data, size);
}

void buffer_append_tlv(struct buffer *b, uint16_t type, const void *value, uint32_t size)
{
    buffer_append_u16(b, type);
    buffer_append_u32(b, size);
    buffer_append(b, value, size);
}

int buffer_check(const struct buffer *b, struct error *e)
{
    return b->failed ? error_no_memory(e, "growing a buffer") : 0;
}

struct reader reader_of(const void *data, size_t size)
{
    /* Taking nothing from nothing gives a pointer all the same. */
    static const uint8_t nothing;

    return (struct reader){.next = data != NULL ? data : &nothing, .left = data ? size : 0};
}

static const uint8_t *reader_fail(struct reader *r)
{
    r->left = 0;
    r->failed = true;
    return NULL;
}

const uint8_t *reader_take(struct reader *r, size_t size)
{
    const uint8_t *taken = r->next;

    if (r->failed || size > r->left)
        return reader_fail(r);
    r->next += size;
    r->left -= size;
    return taken;
}

uint8_t reader_u8(struct reader *r)
{
    const uint8_t *p = reader_take(r, sizeof(uint8_t));

    return p != NULL ? *p : 0;
}

uint16_t reader_u16(struct reader *r)
{
    const uint8_t *p = reader_take(r, sizeof(uint16_t));

    return p != NULL ? load_u16(p) : 0;
}

uint32_t reader_u32(struct reader *r)
{
    const uint8_t *p = reader_take(r, sizeof(uint32_t));

    return p != NULL ? load_u32(p) : 0;
}

uint64_t reader_u64(struct reader *r)
{
    const uint8_t *p = reader_take(r, sizeof(uint64_t));

    return p != NULL ? load_u64(p) : 0;
}

uint64_t reader_varint(struct reader *r)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = reader_u8(r);
        bool last = byte < 0x80;
        bool overlong = last && byte == 0 && shift > 0;
        bool overflow = shift == 63 && byte > 1;

        if (r->failed || overlong || overflow)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (last)
            return value;
    }
    reader_fail(r);
    return 0;
}

int64_t reader_signed(struct reader *r)
{
    uint64_t bits = reader_varint(r);
    uint64_t magnitude = bits >> 1;

    return (int64_t)(bits & 1 ? ~magnitude : magnitude);
}

const uint8_t *reader_counted(struct reader *r, size_t *size)
{
    uint64_t count = reader_varint(r);

    *size = 0;
    if (count > r->left)
        return reader_fail(r);
    const uint8_t *data = reader_take(r, (size_t)count);
    if (data != NULL)
        *size = (size_t)count;
    return data;
}

bool reader_tlv(struct reader *r, uint16_t *type, struct reader *value)
{
    if (r->failed || r->left == 0)
        return false;
    uint16_t found = reader_u16(r);
    uint32_t size = reader_u32(r);
    const uint8_t *data = reader_take(r, size);
    if (data == NULL)
        return false;
    *type = found;
    *value = reader_of(data, size);
    return true;
}

bool reader_done(const struct reader *r)
{
    return !r->failed && r->left == 0;
}

uint16_t load_u16(const void *p)
{
    uint16_t value;

    memcpy(&value, p, sizeof(value));
    return le16toh(value);
}

uint32_t load_u32(const void *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return le32toh(value);
}

uint64_t load_u64(const void *p)
{
    uint64_t value;

    memcpy(&value, p, sizeof(value));
    return le64toh(value);
}

void store_u16(void *p, uint16_t value)
{
    value = htole16(value);
    memcpy(p, &value, sizeof(value));
}

void store_u32(void *p, uint32_t value)
{
    value = htole32(value);
    memcpy(p, &value, sizeof(value));
}

void store_u64(void *p, uint64_t value)
{
    value = htole64(value);
    memcpy(p, &value, sizeof(value));
}
