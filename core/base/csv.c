/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c - see csv.h. */
#include "base/csv.h"

#include <string.h>

static int wrong(const struct csv_reader *r, const char *what, struct error *e)
{
    return error_set(e, LAGAN_INVALID, ERROR_MANIFEST, "%s:%llu: %s", r->name,
                     (unsigned long long)r->lines + 1, what);
}

/* ---- the row at work ---- */

static int begin_cell(struct csv_reader *r, struct error *e)
{
    if (r->count == CSV_CELLS_MOST)
        return wrong(r, "a row has at most 64 cells", e);
    r->starts[r->count++] = r->row.size;
    r->state = CSV_CELL_START;
    return 0;
}

static int begin_row(struct csv_reader *r, struct error *e)
{
    buffer_clear(&r->row);
    r->count = 0;
    r->begun = true;
    r->row_line = r->lines + 1;
    return begin_cell(r, e);
}

static int end_row(struct csv_reader *r, csv_row_function *each, void *context, struct error *e)
{
    struct csv_cell cells[CSV_CELLS_MOST];

    r->begun = false;
    r->state = CSV_CELL_START;
    buffer_append_u8(&r->row, 0);
    if (buffer_check(&r->row, e) != 0)
        return -1;
    for (size_t i = 0; i < r->count; i++) {
        size_t end = i + 1 < r->count ? r->starts[i + 1] : r->row.size;
        cells[i] =
            (struct csv_cell){(const char *)r->row.data + r->starts[i], end - r->starts[i] - 1};
    }
    return each(context, cells, r->count, r->row_line, e);
}

static int append(struct csv_reader *r, char byte, struct error *e)
{
    if (byte == '\0')
        return wrong(r, "a zero byte: this is no text", e);
    if (r->row.size == CSV_ROW_MOST)
        return wrong(r, "a row has at most 64 KiB", e);
    buffer_append_u8(&r->row, (uint8_t)byte);
    return 0;
}

static int next_cell(struct csv_reader *r, struct error *e)
{
    buffer_append_u8(&r->row, 0);
    return begin_cell(r, e);
}

/* ---- byte by byte ---- */

/* A byte outside of quotes. */
static int take_plain(struct csv_reader *r, char byte, csv_row_function *each, void *context,
                      struct error *e)
{
    if (byte == ',')
        return next_cell(r, e);
    if (byte == '\r') {
        r->state = CSV_RETURN_SEEN;
        return 0;
    }
    if (byte == '\n') {
        int result = end_row(r, each, context, e);
        r->lines++;
        return result;
    }
    if (r->state == CSV_QUOTE_SEEN)
        return wrong(r, "behind a quoted cell comes a comma or the end of the line", e);
    if (byte == '"')
        return wrong(r, "a quote within a cell that does not begin with one", e);
    r->state = CSV_PLAIN;
    return append(r, byte, e);
}

static int take_quoted(struct csv_reader *r, char byte, struct error *e)
{
    if (byte == '"') {
        r->state = CSV_QUOTE_SEEN;
        return 0;
    }
    int result = append(r, byte, e);
    r->lines += byte == '\n';
    return result;
}

static int take(struct csv_reader *r, char byte, csv_row_function *each, void *context,
                struct error *e)
{
    if (!r->begun) {
        if (byte == '\n') {
            r->lines++;
            return 0;
        }
        if (byte == '\r')
            return 0;
        if (begin_row(r, e) != 0)
            return -1;
    }
    if (r->state == CSV_QUOTED)
        return take_quoted(r, byte, e);
    if (r->state == CSV_RETURN_SEEN && byte != '\n')
        return wrong(r, "a carriage return within a line", e);
    if (byte == '"' && r->state == CSV_CELL_START) {
        r->state = CSV_QUOTED;
        return 0;
    }
    if (byte == '"' && r->state == CSV_QUOTE_SEEN) {
        r->state = CSV_QUOTED;
        return append(r, byte, e);
    }
    return take_plain(r, byte, each, context, e);
}

int csv_reader_take(struct csv_reader *r, const void *data, size_t size, csv_row_function *each,
                    void *context, struct error *e)
{
    static const char mark[] = "\xef\xbb\xbf";
    const char *bytes = data;
    size_t first = 0;

    if (!r->begun && r->lines == 0 && r->row.size == 0 && size >= 3 &&
        memcmp(bytes, mark, 3) == 0)
        first = 3;
    for (size_t i = first; i < size; i++) {
        int result = take(r, bytes[i], each, context, e);
        if (result != 0)
            return result;
    }
    return 0;
}

int csv_reader_end(struct csv_reader *r, csv_row_function *each, void *context, struct error *e)
{
    if (!r->begun)
        return 0;
    if (r->state == CSV_QUOTED)
        return wrong(r, "the text ends within quotes", e);
    return end_row(r, each, context, e);
}

void csv_reader_free(struct csv_reader *r)
{
    buffer_free(&r->row);
}

/* ---- writing ---- */

void csv_append(struct buffer *out, bool first, const void *data, size_t size)
{
    const char *bytes = data;
    bool quotes = false;

    for (size_t i = 0; i < size && !quotes; i++)
        quotes = bytes[i] == '"' || bytes[i] == ',' || bytes[i] == '\n' || bytes[i] == '\r';
    if (!first)
        buffer_append_u8(out, ',');
    if (!quotes) {
        buffer_append(out, data, size);
        return;
    }
    buffer_append_u8(out, '"');
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '"')
            buffer_append_u8(out, '"');
        buffer_append_u8(out, (uint8_t)bytes[i]);
    }
    buffer_append_u8(out, '"');
}

void csv_append_end(struct buffer *out)
{
    buffer_append_u8(out, '\n');
}

/* ---- addresses ---- */

static bool is_plain(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != 0 && strchr("-_.~/", byte) != NULL);
}

void csv_url_encode(struct buffer *out, const void *data, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        if (is_plain(bytes[i])) {
            buffer_append_u8(out, bytes[i]);
            continue;
        }
        buffer_append_u8(out, '%');
        buffer_append_u8(out, (uint8_t)digits[bytes[i] >> 4]);
        buffer_append_u8(out, (uint8_t)digits[bytes[i] & 15]);
    }
}

static int digit_of(char text)
{
    if (text >= '0' && text <= '9')
        return text - '0';
    if (text >= 'a' && text <= 'f')
        return text - 'a' + 10;
    return text >= 'A' && text <= 'F' ? text - 'A' + 10 : -1;
}

int csv_url_decode(const char *text, bool plus, struct buffer *out)
{
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            buffer_append_u8(out, plus && *text == '+' ? ' ' : (uint8_t)*text);
            continue;
        }
        int high = digit_of(text[1]), low = high < 0 ? -1 : digit_of(text[2]);
        if (low < 0)
            return -1;
        buffer_append_u8(out, (uint8_t)(high << 4 | low));
        text += 2;
    }
    return 0;
}
