/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - writing JSON.  What a terminal could take for a command is escaped, too. */
#include "base/json.h"
#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json json_to(struct buffer *out)
{
    return (struct json){.out = out};
}

static void append_words(struct json *j, const char *words)
{
    buffer_append(j->out, words, strlen(words));
}

/* Appends \uNNNN; only for codes below 0x10000, where all unsafe ones are. */
static void append_escaped(struct json *j, uint32_t code)
{
    if (code == '"' || code == '\\')
        buffer_append_format(j->out, "\\%c", (char)code);
    else if (code == '\n')
        append_words(j, "\\n");
    else if (code == '\t')
        append_words(j, "\\t");
    else
        buffer_append_format(j->out, "\\u%04x", (unsigned)code);
}

static void append_quoted(struct json *j, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    append_words(j, "\"");
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t length = text_decode_utf8(bytes + at, size - at, &code);

        if (length == 0)
            append_words(j, "\xef\xbf\xbd");
        else if (code == '"' || code == '\\' || text_is_unsafe(code))
            append_escaped(j, code);
        else
            buffer_append(j->out, bytes + at, length);
        at += length > 0 ? length : 1;
    }
    append_words(j, "\"");
}

/* What stands in front of each value. */
static void begin_value(struct json *j, const char *name)
{
    if (j->comma)
        append_words(j, ",");
    j->comma = true;
    if (name != NULL) {
        append_quoted(j, name, strlen(name));
        append_words(j, ":");
    }
}

static void begin_nested(struct json *j, const char *name, const char *bracket)
{
    begin_value(j, name);
    append_words(j, bracket);
    j->comma = false;
}

static void end_nested(struct json *j, const char *bracket)
{
    append_words(j, bracket);
    j->comma = true;
}

void json_object(struct json *j, const char *name)
{
    begin_nested(j, name, "{");
}

void json_object_end(struct json *j)
{
    end_nested(j, "}");
}

void json_array(struct json *j, const char *name)
{
    begin_nested(j, name, "[");
}

void json_array_end(struct json *j)
{
    end_nested(j, "]");
}

void json_text(struct json *j, const char *name, const char *value)
{
    if (value == NULL) {
        json_null(j, name);
        return;
    }
    begin_value(j, name);
    append_quoted(j, value, strlen(value));
}

static void append_hex(struct json *j, const uint8_t *bytes, size_t size)
{
    char digits[3];

    append_words(j, "\"");
    for (size_t i = 0; i < size; i++) {
        text_hex(bytes + i, 1, digits);
        append_words(j, digits);
    }
    append_words(j, "\"");
}

void json_bytes(struct json *j, const char *name, const void *data, size_t size)
{
    begin_value(j, name);
    append_quoted(j, data, size);
    if (name == NULL || text_is_clean_utf8(data, size))
        return;
    append_words(j, ",\"");
    append_words(j, name);
    append_words(j, "_hex\":");
    append_hex(j, data, size);
}

void json_unsigned(struct json *j, const char *name, uint64_t value)
{
    begin_value(j, name);
    buffer_append_format(j->out, "%llu", (unsigned long long)value);
}

void json_signed(struct json *j, const char *name, int64_t value)
{
    begin_value(j, name);
    buffer_append_format(j->out, "%lld", (long long)value);
}

void json_real(struct json *j, const char *name, double value)
{
    char digits[40];

    if (!isfinite(value)) {
        json_null(j, name);
        return;
    }
    snprintf(digits, sizeof(digits), "%.15g", value);
    if (strtod(digits, NULL) != value)
        snprintf(digits, sizeof(digits), "%.17g", value);
    /* The decimal point is the locale's. */
    char *comma = strchr(digits, ',');
    if (comma != NULL)
        *comma = '.';
    begin_value(j, name);
    append_words(j, digits);
}

void json_bool(struct json *j, const char *name, bool value)
{
    begin_value(j, name);
    append_words(j, value ? "true" : "false");
}

void json_time(struct json *j, const char *name, int64_t wall_ns)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format_utc(wall_ns, text);
    json_text(j, name, text);
}

void json_null(struct json *j, const char *name)
{
    begin_value(j, name);
    append_words(j, "null");
}

void json_end_line(struct json *j)
{
    append_words(j, "\n");
    j->comma = false;
}
