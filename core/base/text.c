/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - numbers as people write them, and bytes of any kind made safe to show. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char HEX_DIGITS[] = "0123456789abcdef";

void text_hex(const void *data, size_t size, char *text)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        *text++ = HEX_DIGITS[bytes[i] >> 4];
        *text++ = HEX_DIGITS[bytes[i] & 15];
    }
    *text = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

int text_unhex(const char *text, void *data, size_t size)
{
    uint8_t *bytes = data;
    size_t length = strlen(text);

    if (length % 2 != 0 || length / 2 != size)
        return -1;
    for (size_t i = 0; i < length; i++)
        if (hex_value(text[i]) < 0)
            return -1;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    return 0;
}

/* The length that the first byte of a character announces, and the smallest code it may hold.
 */
static size_t announced_length(uint8_t first, uint32_t *bits, uint32_t *smallest)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t smallest;
    } rows[] = {
        {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((first & rows[i].mask) == rows[i].lead) {
            *bits = first & (uint8_t)~rows[i].mask;
            *smallest = rows[i].smallest;
            return i + 1;
        }
    }
    return 0;
}

size_t text_decode_utf8(const void *data, size_t size, uint32_t *code)
{
    const uint8_t *bytes = data;
    uint32_t value, smallest;
    size_t length = announced_length(bytes[0], &value, &smallest);

    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < smallest || value > 0x10ffff || surrogate)
        return 0;
    *code = value;
    return length;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

bool text_is_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x61c, 0x61c},
                  {0x200e, 0x200f},
                  {0x2028, 0x202e}, /* line and paragraph separators too */
                  {0x2066, 0x2069}};

    if (is_control(code))
        return true;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

enum { PIECE_SIZE = 4 * 4 }; /* a character of four bytes, each as \xNN */

/* Escapes the character or the invalid byte that starts at `bytes` into `piece`, whose length
 * goes to `*length`; returns how many bytes it stands for. */
static size_t escape_next(const uint8_t *bytes, size_t left, bool backslash,
                          char piece[PIECE_SIZE], size_t *length)
{
    uint32_t code = 0;
    size_t used = text_decode_utf8(bytes, left, &code);

    if (used > 0 && !text_is_unsafe(code)) {
        memcpy(piece, bytes, used);
        *length = used;
        if (code == '\\' && backslash)
            piece[(*length)++] = '\\';
        return used;
    }
    if (used == 0)
        used = 1;
    for (size_t i = 0; i < used; i++) {
        piece[4 * i] = '\\';
        piece[4 * i + 1] = 'x';
        piece[4 * i + 2] = HEX_DIGITS[bytes[i] >> 4];
        piece[4 * i + 3] = HEX_DIGITS[bytes[i] & 15];
    }
    *length = 4 * used;
    return used;
}

void text_escape(struct buffer *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    char piece[PIECE_SIZE];
    size_t length;

    for (size_t at = 0; at < size;) {
        at += escape_next(bytes + at, size - at, true, piece, &length);
        buffer_append(out, piece, length);
    }
}

size_t text_escape_line(char *text, size_t room, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    char piece[PIECE_SIZE];
    size_t used = 0, length;

    for (size_t at = 0; at < size;) {
        at += escape_next(bytes + at, size - at, false, piece, &length);
        if (length >= room - used)
            break;
        memcpy(text + used, piece, length);
        used += length;
    }
    text[used] = '\0';
    return used;
}

void text_format_size(uint64_t bytes, char text[TEXT_SIZE_SIZE])
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(text, TEXT_SIZE_SIZE, "%u B", (unsigned)bytes);
        return;
    }
    /* The limits are those of the rounded value: 1023.7 KiB reads as 1.00 MiB. */
    for (value /= 1024; value >= 1023.5 && units[unit + 1] != '\0'; value /= 1024)
        unit++;
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(text, TEXT_SIZE_SIZE, "%.*f %ciB", digits, value, units[unit]);
}

void text_format_duration(int64_t ns, char text[TEXT_SIZE_SIZE])
{
    const char *sign = ns < 0 ? "-" : "";
    uint64_t amount = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    double exact = (double)amount / 1e9;
    uint64_t seconds = (uint64_t)(exact + 0.5);
    unsigned days = (unsigned)(seconds / 86400), hours = (unsigned)(seconds / 3600 % 24);
    unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

    if (exact < 9.95)
        snprintf(text, TEXT_SIZE_SIZE, "%s%.1fs", sign, exact);
    else if (seconds < 60)
        snprintf(text, TEXT_SIZE_SIZE, "%s%us", sign, rest);
    else if (seconds < 3600)
        snprintf(text, TEXT_SIZE_SIZE, "%s%um%02us", sign, minutes, rest);
    else if (days == 0)
        snprintf(text, TEXT_SIZE_SIZE, "%s%uh%02um", sign, hours, minutes);
    else
        snprintf(text, TEXT_SIZE_SIZE, "%s%ud%02uh", sign, days, hours);
}

/* Takes the digits at `*text`, at least one; moves `*text` behind them. */
static int take_digits(const char **text, uint64_t *value)
{
    const char *at = *text;
    uint64_t sum = 0;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
            return -1;
    if (at == *text)
        return -1;
    *text = at;
    *value = sum;
    return 0;
}

int text_parse_u64(const char *text, uint64_t *value)
{
    uint64_t found;

    if (take_digits(&text, &found) != 0 || *text != '\0')
        return -1;
    *value = found;
    return 0;
}

int text_parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGTP";
    uint64_t value, factor = 1;

    if (take_digits(&text, &value) != 0)
        return -1;
    const char *unit = *text != '\0' ? strchr(units, *text) : NULL;
    if (unit != NULL) {
        factor = UINT64_C(1024) << (10 * (unit - units));
        text++;
        if (strcmp(text, "iB") == 0)
            text += 2;
    }
    if (strcmp(text, "B") == 0)
        text++;
    if (*text != '\0' || __builtin_mul_overflow(value, factor, &value))
        return -1;
    *bytes = value;
    return 0;
}

int text_parse_duration(const char *text, int64_t *ns)
{
    static const struct {
        const char *suffix;
        int64_t ns;
    } units[] = {
        {"", 1000000000},     {"ms", 1000000},       {"s", 1000000000},      {"m", 60000000000},
        {"h", 3600000000000}, {"d", 86400000000000}, {"w", 604800000000000},
    };
    uint64_t value;
    int64_t product;

    if (take_digits(&text, &value) != 0)
        return -1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text, units[i].suffix) != 0)
            continue;
        if (__builtin_mul_overflow(value, units[i].ns, &product))
            return -1;
        *ns = product;
        return 0;
    }
    return -1;
}

size_t text_distance(const char *a, const char *b)
{
    enum { LENGTH_LIMIT = 32 };
    size_t row[LENGTH_LIMIT + 1];
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > LENGTH_LIMIT || b_length > LENGTH_LIMIT)
        return LENGTH_LIMIT;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[b_length];
}

bool text_is_clean_utf8(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t code;

    for (size_t at = 0; at < size;) {
        size_t length = text_decode_utf8(bytes + at, size - at, &code);

        if (length == 0 || is_control(code))
            return false;
        at += length;
    }
    return true;
}

const char *text_nearest(const char *text, const char *const *names, size_t stride,
                         size_t count, size_t limit)
{
    const char *nearest = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)((const char *)names + i * stride);
        size_t distance = text_distance(text, name);
        if (distance < limit) {
            limit = distance;
            nearest = name;
        }
    }
    return nearest;
}

int text_choice(const char *words, const char *text)
{
    size_t size = strlen(text);

    for (int number = 0;; number++) {
        size_t length = strcspn(words, "|");
        if (length == size && strncmp(words, text, size) == 0)
            return number;
        if (words[length] == '\0')
            return -1;
        words += length + 1;
    }
}
