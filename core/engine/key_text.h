/* SPDX-License-Identifier: Apache-2.0 */
/* key_text.h - keys of entries as paths that people read and write. */
#ifndef CORE_ENGINE_KEY_TEXT_H
#define CORE_ENGINE_KEY_TEXT_H

#include "base/buffer.h"

/* Appends the key with slashes between its components, made safe to show (text_escape); the
 * root is
 * ".".  */
void key_text(struct buffer *out, const void *key, size_t size);

enum { KEY_LINE_SIZE = 512 };
/* The same as a line of at most KEY_LINE_SIZE - 1 bytes, for messages; longer ones are cut. */
void key_line(char line[KEY_LINE_SIZE], const void *key, size_t size);

/* Appends the raw path: components joined by slashes, unescaped, no terminator. */
void key_path(struct buffer *out, const void *key, size_t size);

/* Appends the key of a path that a user wrote, relative to the source's root: slashes at both
 * ends, doubled ones and "." components do not count; ".." is refused (USAGE). "" and "." and
 * "/" are the root. */
int key_from_path(const char *path, struct buffer *out, struct error *e);

#endif
