/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place_file.h - whole files and objects where people want them: manifests, inventories,
 * reports.  They lie in a folder or in a registered source (a bucket, say), written
 *
 *     PATH              a file
 *     source:NAME/KEY   an object of the source NAME
 */
#ifndef CORE_ENGINE_PLACE_FILE_H
#define CORE_ENGINE_PLACE_FILE_H

#include "engine/setup.h"

/* The text in the form in which to keep it: paths made absolute.  Allocated; the caller frees.
 * USAGE, NO_SOURCE. */
char *place_file_text(struct setup *s, const char *text, struct error *e);

/* ---- reading ---- */

struct place_input;
/* Opens what `text` names. */
struct place_input *place_input_open(struct setup *s, const char *text, struct error *e);
/* Opens the file called `key` in the folder of `text` or in one above it: where an inventory's
 * files are, whatever the place was called when it was made.  INVALID for a key that leads
 * anywhere else; NOT_FOUND. */
struct place_input *place_input_open_near(struct setup *s, const char *text, const char *key,
                                          struct error *e);
/* Reads on: `*got` is less than `size` (from 1) at the end alone. */
int place_input_read(struct place_input *in, void *data, size_t size, size_t *got,
                     struct error *e);
/* Reads it all, at most `limit` bytes, appended. */
int place_input_all(struct place_input *in, size_t limit, struct buffer *out, struct error *e);
/* As it was opened, for messages. */
const char *place_input_name(const struct place_input *in);
/* NULL is fine. */
void place_input_close(struct place_input *in);

/* ---- writing ---- */

/* A folder or a source, open to be written to.  `{0}` is closed. */
struct place_output {
    struct open_source source;
    bool flat;
    char *name; /* as it was opened */
};
/* `text`: a path (with a slash in it; made when absent) or the name of a source. */
int place_output_open(struct setup *s, const char *text, struct place_output *place,
                      struct error *e);
/* Writes the `bytes` from the beginning of the file `fd` as `key` (its parts joined by
 * slashes), in one step, over what is there. */
int place_output_put(struct place_output *place, const char *key, const char *type, int fd,
                     uint64_t bytes, struct error *e);
/* The same for bytes in memory. */
int place_output_put_bytes(struct place_output *place, const char *key, const char *type,
                           const void *data, size_t size, struct error *e);
void place_output_close(struct place_output *place);
/* Writes the file `fd` to what `text` names. */
int place_file_put(struct setup *s, const char *text, const char *type, int fd, uint64_t bytes,
                   struct error *e);

/* A file without a name in the state folder, for what is written elsewhere once its length is
 * known; -1. */
int place_scratch(struct setup *s, struct error *e);

#endif
