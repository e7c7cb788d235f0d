/* SPDX-License-Identifier: Apache-2.0 */
/* output.c - see output.h. */
#include "cli/output.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHEET_INDENT = 18, COLUMN_GAP = 2 };

void output_init(struct output *o, bool use_json, bool quiet)
{
    *o = (struct output){.use_json = use_json, .quiet = quiet};
}

static void forget_cells(struct output *o)
{
    for (size_t i = 0; i < o->cell_count; i++)
        free(o->cells[i]);
    o->cell_count = 0;
}

void output_free(struct output *o)
{
    forget_cells(o);
    free(o->cells);
    buffer_free(&o->line);
    *o = (struct output){0};
}

void output_write(struct output *o, const void *data, size_t size)
{
    if (o->failure == 0 && size > 0 && fwrite(data, 1, size, stdout) != size)
        o->failure = errno ? errno : EIO;
}

/* Whatever the parts were, the line is safe to show. */
static void write_formatted(struct output *o, const char *format, va_list arguments)
{
    char *raw = NULL;
    int length = vasprintf(&raw, format, arguments);
    size_t room = length < 0 ? 0 : 4 * (size_t)length + 1;
    char *line = length < 0 ? NULL : malloc(room + 1);
    if (line) {
        size_t size = text_escape_line(line, room, raw, (size_t)length);
        line[size] = '\n';
        output_write(o, line, size + 1);
    } else {
        o->failure = ENOMEM;
    }
    free(line);
    if (length >= 0)
        free(raw);
}

void output_line(struct output *o, const char *format, ...)
{
    va_list arguments;
    if (o->use_json)
        return;
    va_start(arguments, format);
    write_formatted(o, format, arguments);
    va_end(arguments);
}

void output_note(struct output *o, const char *format, ...)
{
    va_list arguments;
    if (o->use_json || o->quiet)
        return;
    va_start(arguments, format);
    write_formatted(o, format, arguments);
    va_end(arguments);
}

int output_check(struct output *o, struct error *e)
{
    if (o->failure == 0 && fflush(stdout) != 0)
        o->failure = errno ? errno : EIO;
    if (o->failure == 0)
        return 0;
    error_errno(e, o->failure, "cannot write to standard output");
    e->code = ERROR_FAILED; /* no matter of the vault's room */
    return -1;
}

/* ---- tables ---- */

void output_table(struct output *o, const struct column *columns, size_t count)
{
    forget_cells(o);
    o->columns = columns;
    o->column_count = count;
}

/* Characters that a terminal shows for `text`, as far as counting tells. */
static size_t text_width(const char *text)
{
    size_t width = 0, left = strlen(text);
    while (left > 0) {
        uint32_t code = 0;
        size_t used = text_decode_utf8(text, left, &code);
        used = used ? used : 1;
        text += used;
        left -= used;
        width++;
    }
    return width;
}

static const char *cell_text(const struct output *o, size_t row, size_t column)
{
    const char *text = o->cells[row * o->column_count + column];
    return text ? text : "";
}

static void write_cell(struct output *o, const char *text, size_t width, bool right, bool last)
{
    size_t used = text_width(text);
    size_t pad = used < width ? width - used : 0;
    struct buffer *line = &o->line;
    if (right)
        for (size_t i = 0; i < pad; i++)
            buffer_append_u8(line, ' ');
    buffer_append(line, text, strlen(text));
    if (last)
        return;
    for (size_t i = right ? pad : 0; i < pad + COLUMN_GAP; i++)
        buffer_append_u8(line, ' ');
}

static void flush_line(struct output *o)
{
    while (o->line.size > 0 && o->line.data[o->line.size - 1] == ' ')
        o->line.size--;
    buffer_append_u8(&o->line, '\n');
    if (o->line.failed)
        o->failure = ENOMEM;
    else
        output_write(o, o->line.data, o->line.size);
    buffer_clear(&o->line);
}

static void write_rows(struct output *o, size_t rows)
{
    enum { COLUMN_LIMIT = 16 };
    size_t widths[COLUMN_LIMIT] = {0};
    size_t count = o->column_count < COLUMN_LIMIT ? o->column_count : COLUMN_LIMIT;
    for (size_t column = 0; column < count; column++) {
        widths[column] = text_width(o->columns[column].title);
        for (size_t row = 0; row < rows; row++) {
            size_t width = text_width(cell_text(o, row, column));
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    buffer_clear(&o->line);
    for (size_t column = 0; column < count; column++)
        write_cell(o, o->columns[column].title, widths[column], o->columns[column].right,
                   column + 1 == count);
    flush_line(o);
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < count; column++)
            write_cell(o, cell_text(o, row, column), widths[column], o->columns[column].right,
                       column + 1 == count);
        flush_line(o);
    }
}

void output_table_end(struct output *o, const char *empty)
{
    size_t rows = o->column_count ? o->cell_count / o->column_count : 0;
    if (!o->use_json && rows > 0)
        write_rows(o, rows);
    else if (empty)
        output_note(o, "%s", empty);
    forget_cells(o);
    o->columns = NULL;
    o->column_count = 0;
}

/* ---- records ---- */

void record_begin(struct output *o, const char *type)
{
    buffer_clear(&o->line);
    if (o->use_json) {
        o->json = json_to(&o->line);
        json_object(&o->json, NULL);
        json_text(&o->json, "type", type);
        return;
    }
    if (!o->columns)
        return;
    if (o->cell_count + o->column_count > o->cell_room) {
        size_t room = 2 * o->cell_room + o->column_count;
        char **more = realloc(o->cells, room * sizeof(*more));
        if (!more) {
            o->failure = ENOMEM;
            return;
        }
        o->cells = more;
        o->cell_room = room;
    }
    memset(o->cells + o->cell_count, 0, o->column_count * sizeof(*o->cells));
    o->cell_count += o->column_count;
}

/* A member for people; `text` is safe to show. */
static void show(struct output *o, const char *member, const char *text)
{
    if (!o->columns) {
        char title[64];
        if (!text[0])
            return;
        snprintf(title, sizeof(title), "%s:", member);
        for (char *c = title; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        output_line(o, "%-*s%s", SHEET_INDENT, title, text);
        return;
    }
    for (size_t i = 0; i < o->column_count && o->failure == 0; i++) {
        if (strcmp(o->columns[i].member, member) != 0)
            continue;
        char **cell = &o->cells[o->cell_count - o->column_count + i];
        free(*cell);
        *cell = strdup(text);
        o->failure = *cell ? o->failure : ENOMEM;
    }
}

static void show_escaped(struct output *o, const char *member, const void *data, size_t size)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    text_escape(&text, data, size);
    buffer_append_u8(&text, 0);
    show(o, member, text.failed ? "?" : (const char *)text.data);
}

void record_bytes(struct output *o, const char *member, const void *data, size_t size)
{
    if (o->use_json)
        json_bytes(&o->json, member, data, size);
    else
        show_escaped(o, member, data, size);
}

void record_text(struct output *o, const char *member, const char *value)
{
    if (o->use_json && (!value || !value[0]))
        json_null(&o->json, member);
    else if (value)
        record_bytes(o, member, value, strlen(value));
}

void record_id(struct output *o, const char *member, const uint8_t id[CATALOG_ID_SIZE])
{
    static const uint8_t none[CATALOG_ID_SIZE];
    char text[2 * CATALOG_ID_SIZE + 1] = "";
    if (memcmp(id, none, sizeof(none)) != 0)
        text_hex(id, CATALOG_ID_SIZE, text);
    record_text(o, member, text);
}

void record_number(struct output *o, const char *member, uint64_t value)
{
    char text[24];
    if (o->use_json) {
        json_unsigned(&o->json, member, value);
        return;
    }
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    show(o, member, text);
}

void record_size(struct output *o, const char *member, uint64_t bytes)
{
    char text[TEXT_SIZE_SIZE];
    if (o->use_json) {
        json_unsigned(&o->json, member, bytes);
        return;
    }
    text_format_size(bytes, text);
    show(o, member, text);
}

void record_time(struct output *o, const char *member, int64_t wall_ns)
{
    char text[CLOCK_TEXT_SIZE];
    if (wall_ns == 0) {
        record_text(o, member, "");
    } else if (o->use_json) {
        json_time(&o->json, member, wall_ns);
    } else {
        clock_format_local(wall_ns, text);
        show(o, member, text);
    }
}

void record_duration(struct output *o, const char *member, int64_t ns)
{
    char text[TEXT_SIZE_SIZE];
    if (o->use_json) {
        json_real(&o->json, member, (double)ns / 1e9);
        return;
    }
    text_format_duration(ns, text);
    show(o, member, text);
}

void record_flag(struct output *o, const char *member, bool value)
{
    if (o->use_json)
        json_bool(&o->json, member, value);
    else
        show(o, member, value ? "yes" : "no");
}

/* The first pair of this name is written with all that follow it. */
static bool is_first(const struct catalog_pairs *pairs, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(pairs->items[i].name, pairs->items[index].name) == 0)
            return false;
    }
    return true;
}

static void json_pair(struct json *j, const struct catalog_pairs *pairs, size_t index)
{
    const char *name = pairs->items[index].name;
    size_t count = 0;
    for (size_t i = index; i < pairs->count; i++)
        count += strcmp(pairs->items[i].name, name) == 0;
    if (count == 1) {
        json_bytes(j, name, pairs->items[index].value, strlen(pairs->items[index].value));
        return;
    }
    json_array(j, name);
    for (size_t i = index; i < pairs->count; i++) {
        const char *value = pairs->items[i].value;
        if (strcmp(pairs->items[i].name, name) == 0)
            json_bytes(j, NULL, value, strlen(value));
    }
    json_array_end(j);
}

void record_pairs(struct output *o, const char *member, const struct catalog_pairs *pairs)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    if (o->use_json) {
        json_object(&o->json, member);
        for (size_t i = 0; i < pairs->count; i++) {
            if (is_first(pairs, i))
                json_pair(&o->json, pairs, i);
        }
        json_object_end(&o->json);
        return;
    }
    for (size_t i = 0; i < pairs->count; i++) {
        buffer_append_format(&text, "%s%s=", i ? " " : "", pairs->items[i].name);
        text_escape(&text, pairs->items[i].value, strlen(pairs->items[i].value));
    }
    buffer_append_u8(&text, 0);
    show(o, member, text.failed ? "?" : (const char *)text.data);
}

void record_end(struct output *o)
{
    if (o->use_json) {
        json_object_end(&o->json);
        json_end_line(&o->json);
        if (o->line.failed)
            o->failure = ENOMEM;
        else
            output_write(o, o->line.data, o->line.size);
    }
    buffer_clear(&o->line);
}
