/* SPDX-License-Identifier: Apache-2.0 */
/* object_origin.c - see object_origin.h. */
#include "engine/object_origin.h"

#include "base/text.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS = 16, VERSION_MAX = 300, FIELD_SIZE = 3 * VERSION_MAX + 1 };

static const char start[] = "lagan1 ";

static void digest(const void *data, size_t size, char text[DIGITS + 1])
{
    uint8_t hash[HASH_SIZE];

    hash_sha256(data, size, hash);
    text_hex(hash, DIGITS / 2, text);
}

/* Behind the last slash. */
static const char *container(const char *place)
{
    const char *slash = strrchr(place, '/');

    return slash != NULL ? slash + 1 : place;
}

/* What headers can hold, the rest as %XX. */
static void encode(const char *value, size_t size, char text[FIELD_SIZE])
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t used = 0;

    for (size_t i = 0; i < size && i < VERSION_MAX; i++) {
        if (value[i] != '\0' && strchr(plain, value[i]) != NULL)
            text[used++] = value[i];
        else
            used += (size_t)snprintf(text + used, 4, "%%%02X", (unsigned char)value[i]);
    }
    text[used] = '\0';
}

void object_origin_make(const struct object_origin *origin, char text[OBJECT_ORIGIN_SIZE])
{
    char from[DIGITS + 1], to[DIGITS + 1], key[DIGITS + 1];
    char rule[FIELD_SIZE], version[FIELD_SIZE];

    digest(origin->from, strlen(origin->from), from);
    digest(container(origin->to), strlen(container(origin->to)), to);
    digest(origin->key, origin->key_size, key);
    encode(origin->rule, strnlen(origin->rule, 64), rule);
    encode(origin->version, origin->version_size, version);
    snprintf(text, OBJECT_ORIGIN_SIZE, "%srule=%.192s from=%s to=%s key=%s version=%s", start,
             rule, from, to, key, version);
}

/* Whether the text has the field `name` with exactly this value. */
static bool has_field(const char *text, size_t size, const char *name, const char *value)
{
    size_t name_size = strlen(name), value_size = strlen(value);

    for (size_t at = sizeof(start) - 1; at < size;) {
        const char *end = memchr(text + at, ' ', size - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        if (length == name_size + 1 + value_size && memcmp(text + at, name, name_size) == 0 &&
            text[at + name_size] == '=' &&
            memcmp(text + at + name_size + 1, value, value_size) == 0)
            return true;
        at += length + 1;
    }
    return false;
}

static bool is_ours(const char *text, size_t size)
{
    return size >= sizeof(start) - 1 && memcmp(text, start, sizeof(start) - 1) == 0;
}

bool object_origin_is_copy(const char *text, size_t size, const char *place, const void *key,
                           size_t key_size)
{
    char to[DIGITS + 1], digits[DIGITS + 1];

    digest(container(place), strlen(container(place)), to);
    digest(key, key_size, digits);
    return is_ours(text, size) && has_field(text, size, "to", to) &&
           has_field(text, size, "key", digits);
}

bool object_origin_is_of(const char *text, size_t size, const struct object_origin *origin)
{
    char from[DIGITS + 1], version[FIELD_SIZE];

    digest(origin->from, strlen(origin->from), from);
    encode(origin->version, origin->version_size, version);
    return object_origin_is_copy(text, size, origin->to, origin->key, origin->key_size) &&
           has_field(text, size, "from", from) && has_field(text, size, "version", version);
}
