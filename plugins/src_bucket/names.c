/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - keys of entries taken apart and put together. */
#include "src_bucket/src_bucket.h"

#include <stdio.h>
#include <string.h>

/* What stands behind the zero byte. */
static uint32_t parse_version(struct lagan_op *op, const char *text, size_t size,
                              struct bucket_name *name)
{
    enum { TIME = LAGAN_VERSION_TIME_SIZE };
    if (size <= TIME || size - TIME >= sizeof name->version || memchr(text, 0, size) != NULL)
        return lagan_fail(op, LAGAN_INVALID, 0, "the key names no version of an object");
    for (size_t i = 0; i < TIME; i++)
        if (strchr("0123456789abcdef", text[i]) == NULL)
            return lagan_fail(op, LAGAN_INVALID, 0, "the key names no version of an object");
    memcpy(name->version, text + TIME, size - TIME);
    name->version[size - TIME] = 0;
    return LAGAN_OK;
}

uint32_t bucket_name_parse(const struct bucket *b, struct lagan_op *op, const void *key,
                           size_t key_size, struct bucket_name *name)
{
    const char *bytes = key;
    const char *zero = key_size > 0 ? memchr(bytes, 0, key_size) : NULL;
    size_t size = zero ? (size_t)(zero - bytes) : key_size;
    uint32_t result = LAGAN_OK;
    name->version[0] = 0;
    name->root = key_size == 0;
    if (size > S3_KEY_LIMIT || b->prefix_size + size > S3_KEY_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0,
                          "the name has %zu bytes, and stores take %d at most",
                          b->prefix_size + size, S3_KEY_LIMIT);
    if (size == 0 && key_size > 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "an object has no empty name");
    if (zero != NULL)
        result = parse_version(op, zero + 1, key_size - size - 1, name);
    memcpy(name->key, b->prefix, b->prefix_size);
    if (size > 0)
        memcpy(name->key + b->prefix_size, bytes, size);
    name->key_size = b->prefix_size + size;
    name->key[name->key_size] = 0;
    return result;
}

/* How many bytes the character at `text` has, 0 when it is none of UTF-8. */
static size_t character_size(const unsigned char *text, size_t left)
{
    unsigned lead = text[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than need be, halves of pairs, and what lies behind the last character. */
    if ((lead == 0xe0 && text[1] < 0xa0) || (lead == 0xed && text[1] > 0x9f) ||
        (lead == 0xf0 && text[1] < 0x90) || (lead == 0xf4 && text[1] > 0x8f))
        return 0;
    return size;
}

uint32_t bucket_name_check(struct lagan_op *op, const struct bucket_name *name)
{
    size_t step = 1;
    for (size_t at = 0; at < name->key_size; at += step) {
        step = character_size((const unsigned char *)name->key + at, name->key_size - at);
        if (step == 0)
            return lagan_fail(op, LAGAN_LIMIT, 0, "stores take names in UTF-8 alone");
    }
    return LAGAN_OK;
}

size_t bucket_name_plain(const char *key, size_t size)
{
    size_t at = 0, step = 1;
    while (at < size && (unsigned char)key[at] >= ' ' && step > 0) {
        step = character_size((const unsigned char *)key + at, size - at);
        at += step;
    }
    return at;
}

const char *bucket_name_version(const struct bucket_name *name)
{
    return name->version[0] ? name->version : NULL;
}

size_t bucket_version_key(char *key, const char *object, size_t object_size, int64_t moment_ns,
                          const char *version)
{
    const char *id = version[0] ? version : "null";
    size_t id_size = strlen(id);
    memcpy(key, object, object_size);
    key[object_size] = 0;
    snprintf(key + object_size + 1, LAGAN_VERSION_TIME_SIZE + 1, "%016llx",
             (unsigned long long)(moment_ns > 0 ? moment_ns : 0));
    memcpy(key + object_size + 1 + LAGAN_VERSION_TIME_SIZE, id, id_size);
    return object_size + 1 + LAGAN_VERSION_TIME_SIZE + id_size;
}
