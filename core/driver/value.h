/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - from the text of a parameter to its typed value.  Private to this room. */
#ifndef CORE_DRIVER_VALUE_H
#define CORE_DRIVER_VALUE_H

#include "base/buffer.h"

/* A parsed value, in memory of its own. */
struct value {
    char *text;  /* TEXT, PATH (absolute), CHOICE; the specification of a SECRET; else NULL */
    size_t size; /* of `text`, without its terminator */
    int64_t number; /* BOOL, INTEGER, SIZE, DURATION; the index of a CHOICE */
};

/*
 * Parses `text` for the parameter `row` and checks its range.  Errors: "parameter NAME:
 * \"TEXT\" is
 * ...; allowed is ...", code PARAMETER.  A secret is checked for its form only.
 */
int value_parse(const struct lagan_parameter *row, const char *text, struct value *value,
                struct error *e);
void value_free(struct value *value);

/* "a size from 64 KiB to 1 GiB", "yes or no", "one of a, b, c": what `row` takes, into `text`.
 */
enum { VALUE_FORM_SIZE = 512 };
void value_describe_form(const struct lagan_parameter *row, char text[VALUE_FORM_SIZE]);

#endif
