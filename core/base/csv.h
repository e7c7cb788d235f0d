/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.h - reads comma-separated values (RFC 4180) that come in parts, and writes them.  Bytes
 * are not trusted: rows, cells and their number are bounded; memory does not grow with the
 * text.
 */
#ifndef CORE_BASE_CSV_H
#define CORE_BASE_CSV_H

#include "base/buffer.h"

enum { CSV_CELLS_MOST = 64, CSV_ROW_MOST = 64 * 1024 };

/* A cell: terminated, holds no zero byte. */
struct csv_cell {
    const char *text;
    size_t size;
};
/* Takes a row; `line` (from 1) is the one it begins on.  A result other than 0 ends the call
 * that it happens in and is returned. */
typedef int csv_row_function(void *context, const struct csv_cell *cells, size_t count,
                             uint64_t line, struct error *e);

enum csv_state { CSV_CELL_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_SEEN, CSV_RETURN_SEEN };

/* `{0}` but for the name is ready; freed with csv_reader_free. */
struct csv_reader {
    const char *name; /* of the text, for messages: "NAME:LINE: ..." */
    struct buffer row;
    size_t starts[CSV_CELLS_MOST]; /* of cells in `row` */
    size_t count;                  /* cells that have begun */
    enum csv_state state;
    uint64_t lines;    /* ended */
    uint64_t row_line; /* where the row at work began */
    bool begun;        /* the row at work has any byte */
};
/* Takes the next bytes and calls `each` for the rows that end in them.  Empty lines are no
 * rows.  A text may begin with a byte order mark.  Class INVALID, code MANIFEST, with name and
 * line. */
int csv_reader_take(struct csv_reader *r, const void *data, size_t size, csv_row_function *each,
                    void *context, struct error *e);
/* The text ends here: the last row need not end with a line. */
int csv_reader_end(struct csv_reader *r, csv_row_function *each, void *context,
                   struct error *e);
void csv_reader_free(struct csv_reader *r);

/* Appends a cell, in quotes where it needs them, with a comma in front unless it is the first
 * of its row. */
void csv_append(struct buffer *out, bool first, const void *data, size_t size);
/* Ends the row. */
void csv_append_end(struct buffer *out);

/* Appends the bytes as in an address (RFC 3986): all but letters, digits, `-`, `_`, `.`, `~`
 * and `/` as %XX. */
void csv_url_encode(struct buffer *out, const void *data, size_t size);
/* The reverse, appended; -1 when a % is not followed by two digits.  `plus`: a + is a space. */
int csv_url_decode(const char *text, bool plus, struct buffer *out);

#endif
