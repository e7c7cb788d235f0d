/* SPDX-License-Identifier: Apache-2.0 */
/* object_key.c - what an object is called at either end. */
#include "engine/object_private.h"

#include "engine/key_text.h"

#include <string.h>

struct object_name object_name_of(const void *key, size_t key_size)
{
    const uint8_t *bytes = key;
    const uint8_t *end = key_size ? memchr(bytes, 0, key_size) : NULL;
    struct object_name name = {.key = key, .key_size = key_size, .version = ""};
    size_t left = end ? (size_t)(bytes + key_size - end - 1) : 0;
    if (!end || left < LAGAN_VERSION_TIME_SIZE)
        return name;
    name.key_size = (size_t)(end - bytes);
    name.version = (const char *)end + 1 + LAGAN_VERSION_TIME_SIZE;
    name.version_size = left - LAGAN_VERSION_TIME_SIZE;
    return name;
}

static int cannot(const void *key, size_t size, const char *why, struct error *e)
{
    char line[KEY_LINE_SIZE];
    key_line(line, key, size);
    return error_set(e, LAGAN_INVALID, ERROR_FAILED, "%.300s cannot be a file: %s", line, why);
}

/* One part of a key between slashes. */
static const char *bad_part(const uint8_t *part, size_t size, bool last)
{
    if (size == 0)
        return last ? "the key ends with '/'" : "the key has nothing between two '/'";
    if (size == 1 && part[0] == '.')
        return "the key has a part '.'";
    if (size == 2 && part[0] == '.' && part[1] == '.')
        return "the key has a part '..'";
    return NULL;
}

/* Cuts a flat key at its slashes, in place. */
static int into_parts(struct buffer *key, struct error *e)
{
    size_t start = 0;
    if (key->size == 0)
        return cannot("", 0, "the key is empty", e);
    for (size_t at = 0; at <= key->size; at++) {
        bool last = at == key->size;
        if (!last && key->data[at] != '/')
            continue;
        const char *why = bad_part(key->data + start, at - start, last);
        if (why)
            return cannot(key->data, key->size, why, e);
        start = at + 1;
    }
    for (size_t at = 0; at < key->size; at++)
        if (key->data[at] == '/')
            key->data[at] = 0;
    return 0;
}

/* The key as a text with slashes. */
static int flat_text(const struct object_ends *ends, const void *key, size_t size,
                     const char *strip, struct buffer *out, struct error *e)
{
    struct object_name name = {.key = key, .key_size = size};
    size_t taken = strip ? strlen(strip) : 0;
    if (ends->from_flat)
        name = object_name_of(key, size);
    buffer_append(out, name.key, name.key_size);
    if (buffer_check(out, e) != 0)
        return -1;
    for (size_t i = 0; !ends->from_flat && i < out->size; i++)
        if (out->data[i] == 0)
            out->data[i] = '/';
    if (taken > out->size ||
        memcmp(out->data ? out->data : key, strip ? strip : "", taken) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "its key does not begin with %.200s",
                         strip);
    out->size -= taken;
    if (taken && out->size)
        memmove(out->data, out->data + taken, out->size);
    return 0;
}

int object_target_key(const struct object_ends *ends, const void *key, size_t key_size,
                      const struct object_copy_options *options, struct buffer *out,
                      struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    const char *add = options->add_prefix ? options->add_prefix : "";
    buffer_clear(out);
    if (flat_text(ends, key, key_size, options->strip_prefix, &text, e) != 0)
        return -1;
    if (text.size == 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "nothing of its key is left");
    buffer_append(out, add, strlen(add));
    buffer_append(out, text.data, text.size);
    if (buffer_check(out, e) != 0)
        return -1;
    return ends->to_flat ? 0 : into_parts(out, e);
}
