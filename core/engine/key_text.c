/* SPDX-License-Identifier: Apache-2.0 */
/* key_text.c - see key_text.h. */
#include "engine/key_text.h"

#include "base/text.h"

#include <string.h>

void key_path(struct buffer *out, const void *key, size_t size)
{
    size_t start = out->size;
    buffer_append(out, key, size);
    for (size_t i = start; i < out->size; i++) {
        if (out->data[i] == 0)
            out->data[i] = '/';
    }
}

void key_text(struct buffer *out, const void *key, size_t size)
{
    struct buffer path CLEANUP_BUFFER = BUFFER_INIT;
    if (size == 0) {
        buffer_append(out, ".", 1);
        return;
    }
    key_path(&path, key, size);
    if (path.failed)
        out->failed = true;
    else
        text_escape(out, path.data, path.size);
}

void key_line(char line[KEY_LINE_SIZE], const void *key, size_t size)
{
    struct buffer path CLEANUP_BUFFER = BUFFER_INIT;
    key_path(&path, size ? key : ".", size ? size : 1);
    text_escape_line(line, KEY_LINE_SIZE, path.failed ? (const void *)"?" : path.data,
                     path.failed ? 1 : path.size);
}

int key_from_path(const char *path, struct buffer *out, struct error *e)
{
    bool first = true;
    while (*path) {
        size_t size = strcspn(path, "/");
        bool counts = size > 0 && !(size == 1 && path[0] == '.');
        if (size == 2 && path[0] == '.' && path[1] == '.')
            return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                             "\"..\" has no meaning in the path of an entry");
        if (counts && !first)
            buffer_append_u8(out, 0);
        if (counts)
            buffer_append(out, path, size);
        first = first && !counts;
        path += size;
        path += *path == '/';
    }
    return buffer_check(out, e);
}
