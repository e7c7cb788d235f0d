/* SPDX-License-Identifier: Apache-2.0 */
/* place_file_private.h - what reading and writing of place_file.h share. */
#ifndef CORE_ENGINE_PLACE_FILE_PRIVATE_H
#define CORE_ENGINE_PLACE_FILE_PRIVATE_H

#include "engine/place_file.h"

#define PLACE_SOURCE "source:"

bool place_text_is_object(const char *text);
/* Of such a text: the source's name (the caller frees) and where the key begins. */
int place_text_split(const char *text, char **source, const char **key, struct error *e);
bool place_is_flat(const struct source *s);
/* The key of an entry whose name people write with slashes. */
void place_key(bool flat, const char *text, struct buffer *key);

#endif
