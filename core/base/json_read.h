/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read.h - reads a JSON object (RFC 8259) that people or programs have written, as a row
 * of values with the way to each: "settings.keep-count".  Bytes are not trusted: depth, length
 * and form are checked, and nothing recurses.
 */
#ifndef CORE_BASE_JSON_READ_H
#define CORE_BASE_JSON_READ_H

#include "base/buffer.h"

enum { JSON_DEPTH_LIMIT = 16, JSON_WAY_LIMIT = 1024 };

/* What a value is. */
enum json_kind { JSON_TEXT, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

/*
 * Calls `each` for every value of the object that fills `data`, in order: `way` is the names
 * that lead to it with dots between, in arrays the index; `value` its text (numbers and words
 * as they stand).  Both live until the call returns; texts hold no zero byte.  0; -1 with what
 * `each` says, or class INVALID and code PARAMETER with the place where the form is wrong.
 */
int json_read(const void *data, size_t size,
              int (*each)(void *context, const char *way, enum json_kind kind,
                          const char *value, struct error *e),
              void *context, struct error *e);

#endif
