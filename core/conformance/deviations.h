/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deviations.h - what a driver's author has declared that it does not hold: the file
 * MODULE.deviations beside the module.
 *
 * Text, one case on a line: its name, blanks, the reason.  Empty lines and lines that start
 * with
 * '#' do not count.  A case may stand there once, and the reason must be given.
 */
#ifndef CORE_CONFORMANCE_DEVIATIONS_H
#define CORE_CONFORMANCE_DEVIATIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct deviations;

/* Parses `size` bytes of text.  `path` is for messages.  `known` tells whether there is a case
 * of that name.  The caller frees.  Errors (code CONFIG) name file, line and reason. */
struct deviations *deviations_parse(const char *path, const char *text, size_t size,
                                    bool (*known)(const char *name), struct error *e);
/* Reads the file; one that is absent declares nothing. */
struct deviations *deviations_read(const char *path, bool (*known)(const char *name),
                                   struct error *e);
/* NULL is fine. */
void deviations_free(struct deviations *d);
/* The reason declared for the case `name`, or NULL.  Valid as long as `d`. */
const char *deviations_find(const struct deviations *d, const char *name);
size_t deviations_count(const struct deviations *d);

#endif
