/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - keys of the host, keys in the bucket, private names. */
#include "tgt_s3/tgt_s3.h"

#include <stdio.h>
#include <string.h>

struct name name_of(const struct store *s, const char *key)
{
    return name_format(s, "%s", key);
}

/* PREFIX_LIMIT leaves room for the longest. */
struct name name_format(const struct store *s, const char *format, ...)
{
    struct name n;
    va_list arguments;
    size_t size = strlen(s->instance->prefix);
    memcpy(n.text, s->instance->prefix, size + 1);
    va_start(arguments, format);
    vsnprintf(n.text + size, sizeof n.text - size, format, arguments);
    va_end(arguments);
    n.size = strlen(n.text);
    return n;
}

static bool is_component(const char *part, size_t size)
{
    return size > 0 && !(size == 1 && part[0] == '.') &&
           !(size == 2 && part[0] == '.' && part[1] == '.');
}

bool name_is_key(const char *key, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
    size_t start = 0;
    if (size == 0 || size > LAGAN_KEY_LIMIT)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (key[i] == '\0' || !strchr(allowed, key[i]))
            return false;
        if (key[i] != '/')
            continue;
        if (!is_component(key + start, i - start))
            return false;
        start = i + 1;
    }
    return is_component(key + start, size - start);
}

static void write_hex(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

bool name_tells_content(const char *key, const uint8_t sha256[SHA256_BYTES])
{
    char text[2 * SHA256_BYTES + 1];
    size_t digits = 0;
    size_t length = strlen(key);
    write_hex(sha256, SHA256_BYTES, text);
    while (digits < length && strchr("0123456789abcdef", key[length - 1 - digits]))
        digits++;
    return (digits == 2 * SHA256_BYTES || digits == SHA256_BYTES) &&
           memcmp(key + length - digits, text, digits) == 0;
}

void id_make(char id[ID_SIZE])
{
    uint8_t bytes[(ID_SIZE - 1) / 2];
    lagan_random(bytes, sizeof bytes);
    write_hex(bytes, sizeof bytes, id);
}
