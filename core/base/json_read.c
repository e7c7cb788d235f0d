/* SPDX-License-Identifier: Apache-2.0 */
/* json_read.c - see json_read.h. */
#include "base/json_read.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* An object or array that is open. */
struct level {
    bool array;
    size_t index; /* of the value at hand, in an array */
    size_t way;   /* how long the way was in front of it */
};

struct reading {
    const char *start, *next, *end;
    int (*each)(void *context, const char *way, enum json_kind kind, const char *value,
                struct error *e);
    void *context;
    struct level levels[JSON_DEPTH_LIMIT];
    size_t depth;
    char way[JSON_WAY_LIMIT];
    size_t way_length;
    struct buffer text;
    struct error *e;
};

static int wrong(struct reading *r, const char *what)
{
    return error_set(r->e, LAGAN_INVALID, ERROR_PARAMETER, "no JSON at character %zu: %s",
                     (size_t)(r->next - r->start) + 1, what);
}

static void skip_space(struct reading *r)
{
    while (r->next < r->end && strchr(" \t\r\n", *r->next) != NULL && *r->next != '\0')
        r->next++;
}

static bool take(struct reading *r, char letter)
{
    skip_space(r);
    if (r->next == r->end || *r->next != letter)
        return false;
    r->next++;
    return true;
}

/* ---- texts ---- */

static int take_hex4(struct reading *r, uint32_t *code)
{
    uint8_t bytes[2];
    char digits[5];

    if (r->end - r->next < 4)
        return wrong(r, "\\u needs four digits");
    memcpy(digits, r->next, 4);
    digits[4] = '\0';
    for (char *at = digits; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'F')
            *at = (char)(*at - 'A' + 'a');
    if (text_unhex(digits, bytes, sizeof(bytes)) != 0)
        return wrong(r, "\\u needs four digits");
    r->next += 4;
    *code = (uint32_t)bytes[0] << 8 | bytes[1];
    return 0;
}

static void add_code(struct buffer *out, uint32_t code)
{
    if (code < 0x80) {
        buffer_append_u8(out, (uint8_t)code);
        return;
    }
    if (code < 0x800) {
        buffer_append_u8(out, (uint8_t)(0xc0 | code >> 6));
    } else if (code < 0x10000) {
        buffer_append_u8(out, (uint8_t)(0xe0 | code >> 12));
        buffer_append_u8(out, (uint8_t)(0x80 | (code >> 6 & 63)));
    } else {
        buffer_append_u8(out, (uint8_t)(0xf0 | code >> 18));
        buffer_append_u8(out, (uint8_t)(0x80 | (code >> 12 & 63)));
        buffer_append_u8(out, (uint8_t)(0x80 | (code >> 6 & 63)));
    }
    buffer_append_u8(out, (uint8_t)(0x80 | (code & 63)));
}

/* Behind "\u": one code, or the two halves of one. */
static int take_code(struct reading *r)
{
    uint32_t code, low;

    if (take_hex4(r, &code) != 0)
        return -1;
    if (code >= 0xd800 && code < 0xdc00) {
        if (r->end - r->next < 2 || r->next[0] != '\\' || r->next[1] != 'u')
            return wrong(r, "half of a character");
        r->next += 2;
        if (take_hex4(r, &low) != 0)
            return -1;
        if (low < 0xdc00 || low > 0xdfff)
            return wrong(r, "half of a character");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return wrong(r, "half of a character");
    }
    if (code == 0)
        return wrong(r, "a zero byte within a text");
    add_code(&r->text, code);
    return 0;
}

static int take_escape(struct reading *r)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = r->next < r->end ? *r->next++ : '\0';
    const char *at = strchr(letters, letter);

    if (letter == 'u')
        return take_code(r);
    if (letter == '\0' || at == NULL)
        return wrong(r, "an escape that JSON does not have");
    buffer_append_u8(&r->text, (uint8_t)meanings[at - letters]);
    return 0;
}

/* Behind the quote; into r->text, terminated. */
static int take_text(struct reading *r)
{
    buffer_clear(&r->text);
    while (r->next < r->end && *r->next != '"') {
        char letter = *r->next++;

        if ((unsigned char)letter < 0x20)
            return wrong(r, "a control character within a text");
        if (letter != '\\')
            buffer_append_u8(&r->text, (uint8_t)letter);
        else if (take_escape(r) != 0)
            return -1;
    }
    if (r->next == r->end)
        return wrong(r, "a text without an end");
    r->next++;
    buffer_append_u8(&r->text, 0);
    return buffer_check(&r->text, r->e);
}

/* ---- ways ---- */

static int set_way(struct reading *r, const char *name)
{
    const struct level *level = &r->levels[r->depth - 1];
    size_t room = sizeof(r->way) - level->way;
    int length = level->array ? snprintf(r->way + level->way, room, "%s%zu",
                                         level->way > 0 ? "." : "", level->index)
                              : snprintf(r->way + level->way, room, "%s%s",
                                         level->way > 0 ? "." : "", name);

    if (length < 0 || (size_t)length >= room)
        return wrong(r, "a name is too long");
    r->way_length = level->way + (size_t)length;
    return 0;
}

static int open_level(struct reading *r, bool array)
{
    if (r->depth == JSON_DEPTH_LIMIT)
        return wrong(r, "it is too deep");
    r->levels[r->depth++] = (struct level){.array = array, .way = r->way_length};
    return 0;
}

/* ---- values ---- */

static int give(struct reading *r, enum json_kind kind)
{
    return r->each(r->context, r->way, kind, (const char *)r->text.data, r->e);
}

/* Numbers and words: as far as their letters go. */
static int take_word(struct reading *r)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL}};
    const char *first = r->next;

    while (r->next < r->end && strchr(",]} \t\r\n", *r->next) == NULL)
        r->next++;
    buffer_clear(&r->text);
    buffer_append(&r->text, first, (size_t)(r->next - first));
    buffer_append_u8(&r->text, 0);
    if (buffer_check(&r->text, r->e) != 0)
        return -1;
    const char *word = (const char *)r->text.data;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i].word) == 0)
            return give(r, words[i].kind);
    if (word[0] != '\0' && strspn(word, "0123456789+-.eE") == strlen(word))
        return give(r, JSON_NUMBER);
    r->next = first;
    return wrong(r, "a value is missing");
}

/* One value; what is open then has no value yet. */
static int take_value(struct reading *r)
{
    skip_space(r);
    if (take(r, '{'))
        return open_level(r, false);
    if (take(r, '['))
        return open_level(r, true);
    if (take(r, '"'))
        return take_text(r) == 0 ? give(r, JSON_TEXT) : -1;
    return take_word(r);
}

static int take_member(struct reading *r)
{
    if (r->levels[r->depth - 1].array)
        return set_way(r, NULL) == 0 ? take_value(r) : -1;
    if (!take(r, '"'))
        return wrong(r, "a name is missing");
    if (take_text(r) != 0 || set_way(r, (const char *)r->text.data) != 0)
        return -1;
    return take(r, ':') ? take_value(r) : wrong(r, "a colon is missing");
}

/* What is open is closed where it ends; a comma leads to the next member. */
static int run(struct reading *r)
{
    bool fresh = true; /* nothing stands in what is open */

    if (!take(r, '{') || open_level(r, false) != 0)
        return wrong(r, "it begins with {");
    while (r->depth > 0) {
        struct level *level = &r->levels[r->depth - 1];
        size_t depth = r->depth;

        if (take(r, level->array ? ']' : '}')) {
            r->depth--;
            fresh = false;
            continue;
        }
        if (!fresh && !take(r, ','))
            return wrong(r, "a comma or an end is missing");
        if (!fresh)
            level->index++;
        if (take_member(r) != 0)
            return -1;
        fresh = r->depth > depth;
    }
    skip_space(r);
    return r->next == r->end ? 0 : wrong(r, "more stands behind it");
}

int json_read(const void *data, size_t size,
              int (*each)(void *context, const char *way, enum json_kind kind,
                          const char *value, struct error *e),
              void *context, struct error *e)
{
    struct reading r = {.start = data,
                        .next = data,
                        .end = (const char *)data + size,
                        .each = each,
                        .context = context,
                        .text = BUFFER_INIT,
                        .e = e};
    int result = run(&r);

    buffer_free(&r.text);
    return result;
}
