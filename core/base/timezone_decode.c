/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timezone_decode.c - compiled time zones (RFC 9636), and the rule in their footer (POSIX TZ
 * with the extensions of that RFC).
 */
#include "base/buffer.h"
#include "base/timezone_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_RESERVED_BYTES = 15,
    TYPE_BYTES = 6,
    TYPE_LIMIT = 256,
    FOOTER_SIZE = 128,
    FOOTER_HOURS = 24, /* of an offset */
    RULE_HOURS = 167   /* of the time at which an offset changes */
};

/* The six counts of a header, in their order in the file. */
struct header {
    uint8_t version;
    uint32_t universal, standard, leaps, times, types, characters;
};

static int unusable(const char *name, const char *what, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_TIME_ZONE,
                     "time zone '%s': its file cannot be used: %s", name, what);
}

static uint32_t take_u32(struct reader *r)
{
    return __builtin_bswap32(reader_u32(r));
}

static int64_t take_time(struct reader *r, size_t width)
{
    if (width == 8)
        return (int64_t)__builtin_bswap64(reader_u64(r));
    return (int32_t)take_u32(r);
}

static int take_header(struct reader *r, struct header *h)
{
    const uint8_t *magic = reader_take(r, 4);
    if (magic == NULL || memcmp(magic, "TZif", 4) != 0)
        return -1;
    h->version = reader_u8(r);
    reader_take(r, HEADER_RESERVED_BYTES);
    h->universal = take_u32(r);
    h->standard = take_u32(r);
    h->leaps = take_u32(r);
    h->times = take_u32(r);
    h->types = take_u32(r);
    h->characters = take_u32(r);
    return r->failed ? -1 : 0;
}

/* `count` items of at most 16 bytes each, so that no product overflows. */
static struct reader take_part(struct reader *r, uint32_t count, size_t width)
{
    const uint8_t *data = reader_take(r, (size_t)count * width);
    return data != NULL ? reader_of(data, (size_t)count * width) : reader_of("", 0);
}

/* Behind the types: names of offsets, leap seconds, and how the rules were written. */
static void skip_rest(struct reader *r, const struct header *h, size_t width)
{
    take_part(r, h->characters, 1);
    take_part(r, h->leaps, width + 4);
    take_part(r, h->standard, 1);
    take_part(r, h->universal, 1);
}

static int read_types(struct reader *types, uint32_t count, int32_t *offsets, const char *name,
                      struct error *e)
{
    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = (int32_t)take_u32(types);
        reader_take(types, TYPE_BYTES - 4);
        if (offsets[i] <= -TIMEZONE_OFFSET_LIMIT || offsets[i] >= TIMEZONE_OFFSET_LIMIT)
            return unusable(name, "an offset of more than a day", e);
    }
    return 0;
}

/* Steps that change nothing but the name of the time are left out. */
static int read_steps(struct timezone *zone, struct reader *times, struct reader *indexes,
                      const struct header *h, size_t width, const int32_t *offsets,
                      struct error *e)
{
    int32_t offset = offsets[0];
    int64_t last = INT64_MIN;

    zone->first_offset_s = offset;
    zone->steps = calloc(h->times + 1, sizeof(*zone->steps));
    if (zone->steps == NULL)
        return error_no_memory(e, "a time zone");
    for (uint32_t i = 0; i < h->times; i++) {
        int64_t at = take_time(times, width);
        uint8_t index = reader_u8(indexes);
        if (index >= h->types || (i > 0 && at <= last))
            return unusable(zone->name, "its changes are in no order", e);
        last = at;
        if (offsets[index] != offset)
            zone->steps[zone->step_count++] = (struct timezone_step){at, offsets[index]};
        offset = offsets[index];
    }
    zone->rule_from_s = last;
    return 0;
}

static int read_block(struct timezone *zone, struct reader *r, const struct header *h,
                      size_t width, struct error *e)
{
    struct reader times = take_part(r, h->times, width);
    struct reader indexes = take_part(r, h->times, 1);
    struct reader types = take_part(r, h->types, TYPE_BYTES);
    int32_t offsets[TYPE_LIMIT];

    skip_rest(r, h, width);
    if (r->failed)
        return unusable(zone->name, "it ends too early", e);
    if (h->leaps > 0)
        return unusable(zone->name, "it counts leap seconds", e);
    if (h->types == 0 || h->types > TYPE_LIMIT || h->times > TIMEZONE_STEP_LIMIT)
        return unusable(zone->name, "no such number of changes can be", e);
    if (read_types(&types, h->types, offsets, zone->name, e) != 0)
        return -1;
    return read_steps(zone, &times, &indexes, h, width, offsets, e);
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; an empty one: nothing is known of later years. */
static int read_footer(struct timezone *zone, struct reader *r, struct error *e)
{
    char text[FOOTER_SIZE];
    size_t size = 0;

    if (reader_u8(r) != '\n')
        return unusable(zone->name, "it has no footer", e);
    for (uint8_t byte = reader_u8(r); byte != '\n'; byte = reader_u8(r)) {
        if (byte == 0 || size == FOOTER_SIZE - 1)
            return unusable(zone->name, "its footer does not end", e);
        text[size++] = (char)byte;
    }
    text[size] = '\0';
    if (size > 0 && timezone_rule_parse(text, &zone->rule) != 0)
        return unusable(zone->name, "its footer is no rule", e);
    zone->has_rule = size > 0;
    return 0;
}

/* From version 2 on everything stands there twice, the second time with 64 bits. */
static int read_all(struct timezone *zone, const void *data, size_t size, struct error *e)
{
    struct reader r = reader_of(data, size);
    struct header h;

    if (take_header(&r, &h) != 0)
        return unusable(zone->name, "it is no compiled time zone", e);
    if (h.version == 0)
        return read_block(zone, &r, &h, 4, e);
    take_part(&r, h.times, 4 + 1);
    take_part(&r, h.types, TYPE_BYTES);
    skip_rest(&r, &h, 4);
    if (take_header(&r, &h) != 0)
        return unusable(zone->name, "its second part is missing", e);
    if (read_block(zone, &r, &h, 8, e) != 0)
        return -1;
    return read_footer(zone, &r, e);
}

int timezone_decode(const char *name, const void *data, size_t size, struct timezone **zone,
                    struct error *e)
{
    struct timezone *made = timezone_new(name, e);

    if (made == NULL)
        return -1;
    if (read_all(made, data, size, e) != 0) {
        timezone_free(made);
        return -1;
    }
    *zone = made;
    return 0;
}

/* ---- the rule ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "CET", "<+01>": names mean nothing to us. */
static int skip_name(const char **text)
{
    const char *at = *text;
    size_t size = 0;
    bool quoted = *at == '<';

    at += quoted;
    while (is_letter(*at) || (quoted && (is_digit(*at) || *at == '+' || *at == '-')))
        at++, size++;
    if (size < 3 || (quoted && *at++ != '>'))
        return -1;
    *text = at;
    return 0;
}

static int take_number(const char **text, int low, int high, int *number)
{
    int value = 0;

    if (!is_digit(**text))
        return -1;
    for (; is_digit(**text); (*text)++) {
        value = value * 10 + (**text - '0');
        if (value > high)
            return -1;
    }
    *number = value;
    return value < low ? -1 : 0;
}

/* "[+-]hh[:mm[:ss]]" */
static int take_span(const char **text, int most_hours, int32_t *seconds)
{
    int sign = **text == '-' ? -1 : 1;
    int hours, minutes = 0, rest = 0;

    if (**text == '-' || **text == '+')
        (*text)++;
    if (take_number(text, 0, most_hours, &hours) != 0)
        return -1;
    if (**text == ':') {
        (*text)++;
        if (take_number(text, 0, 59, &minutes) != 0)
            return -1;
        if (**text == ':' && ((*text)++, take_number(text, 0, 59, &rest) != 0))
            return -1;
    }
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return 0;
}

static int take_month_day(const char **text, struct timezone_date *date)
{
    struct {
        int *number, low, high;
    } parts[] = {{&date->month, 1, 12}, {&date->week, 1, 5}, {&date->day, 0, 6}};

    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && *(*text)++ != '.')
            return -1;
        if (take_number(text, parts[i].low, parts[i].high, parts[i].number) != 0)
            return -1;
    }
    return 0;
}

/* ",M3.5.0/2", ",J60", ",59" */
static int take_date(const char **text, struct timezone_date *date)
{
    int result;

    if (**text != ',')
        return -1;
    (*text)++;
    *date = (struct timezone_date){.form = 'N', .time_s = 2 * 3600};
    if (**text == 'M' || **text == 'J')
        date->form = *(*text)++;
    if (date->form == 'M')
        result = take_month_day(text, date);
    else
        result = take_number(text, date->form == 'J', 365, &date->day);
    if (result != 0 || **text != '/')
        return result;
    (*text)++;
    return take_span(text, RULE_HOURS, &date->time_s);
}

int timezone_rule_parse(const char *text, struct timezone_rule *rule)
{
    struct timezone_rule made = {0};
    int32_t west;

    if (skip_name(&text) != 0 || take_span(&text, FOOTER_HOURS, &west) != 0)
        return -1;
    made.standard_s = -west;
    made.has_summer = *text != '\0';
    if (made.has_summer) {
        if (skip_name(&text) != 0)
            return -1;
        west -= 3600;
        if (*text != ',' && take_span(&text, FOOTER_HOURS, &west) != 0)
            return -1;
        made.summer_s = -west;
        if (take_date(&text, &made.begin) != 0 || take_date(&text, &made.end) != 0)
            return -1;
    }
    if (*text != '\0')
        return -1;
    *rule = made;
    return 0;
}
