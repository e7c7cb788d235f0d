/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - bytes that grow, and numbers as text. */
#include "common/s3/s3_private.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

/* Room for `more` bytes and a zero. */
static bool make_room(struct s3_text *text, size_t more)
{
    size_t needed;
    size_t room = text->room ? text->room : FIRST_ROOM;
    char *data;
    if (text->failed || __builtin_add_overflow(text->size, more, &needed) ||
        __builtin_add_overflow(needed, 1, &needed) || needed > SIZE_MAX / 2) {
        text->failed = true;
        return false;
    }
    if (needed <= text->room)
        return true;
    while (room < needed)
        room *= 2;
    data = realloc(text->data, room);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

void s3_text_add(struct s3_text *text, const void *data, size_t size)
{
    if (!make_room(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void s3_text_string(struct s3_text *text, const char *string)
{
    s3_text_add(text, string, strlen(string));
}

void s3_text_format(struct s3_text *text, const char *format, ...)
{
    va_list arguments;
    int size;
    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !make_room(text, (size_t)size)) {
        text->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)size;
}

static bool stands_for_itself(unsigned char c, bool slashes)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.' || c == '~' || (slashes && c == '/');
}

void s3_text_encode(struct s3_text *text, const char *data, size_t size, bool slashes)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t most;
    char *out;
    if (__builtin_mul_overflow(size, 3, &most) || !make_room(text, most)) {
        text->failed = true;
        return;
    }
    out = text->data + text->size;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];
        if (stands_for_itself(c, slashes)) {
            *out++ = (char)c;
            continue;
        }
        *out++ = '%';
        *out++ = digits[c >> 4];
        *out++ = digits[c & 15];
    }
    *out = '\0';
    text->size = (size_t)(out - text->data);
}

void s3_text_wipe(struct s3_text *text)
{
    if (text->data)
        OPENSSL_cleanse(text->data, text->room);
    s3_text_free(text);
}

void s3_text_free(struct s3_text *text)
{
    free(text->data);
    *text = (struct s3_text){0};
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t s3_decode(char *data, size_t size)
{
    size_t out = 0;
    for (size_t i = 0; i < size; i++, out++) {
        data[out] = data[i];
        if (data[i] != '%')
            continue;
        int high = size - i > 2 ? digit_of(data[i + 1]) : -1;
        int low = size - i > 2 ? digit_of(data[i + 2]) : -1;
        if (high < 0 || low < 0)
            return SIZE_MAX;
        data[out] = (char)(high * 16 + low);
        i += 2;
    }
    return out;
}

void s3_hex(char *text, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * size] = '\0';
}

void s3_base64(char *text, const uint8_t *data, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16;
        if (i + 1 < size)
            three |= (uint32_t)data[i + 1] << 8;
        if (i + 2 < size)
            three |= data[i + 2];
        *text++ = digits[three >> 18];
        *text++ = digits[three >> 12 & 63];
        *text++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
        *text++ = i + 2 < size ? digits[three & 63] : '=';
    }
    *text = '\0';
}

bool s3_number(const char *text, uint64_t *number)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    *number = value;
    return true;
}
