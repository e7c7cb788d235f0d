/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - the texts from which `lagan driver new` makes a project.  They lie in
 * doc/templates and doc/examples, and are built into the program: it works before it is
 * installed, and whatever folder it is installed to.
 *
 * In a text, @NAME@ is the driver's name, @KIND@ its kind, @PREFIX@ what names of that kind
 * start with, and the name of an example driver (in capitals, too) is the driver's own.  A line
 * that starts with "%KIND:" is for that kind alone.
 */
#ifndef CORE_CLI_TEMPLATE_H
#define CORE_CLI_TEMPLATE_H

#include "base/buffer.h"

struct template_text {
    const char *file; /* its name without folders */
    const char *text;
};

/* Ends with a row whose `file` is NULL. */
extern const struct template_text template_texts[];

/* What stands for the words of a text. */
struct template_words {
    const char *kind;    /* "target" */
    const char *prefix;  /* "tgt_" */
    const char *example; /* "tgt_example" */
    const char *name;    /* "tgt_demo" */
};

/* Appends the text `file`, which there is, with its words replaced. */
void template_write(const char *file, const struct template_words *words, struct buffer *out);

#endif
