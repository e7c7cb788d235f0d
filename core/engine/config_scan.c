/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_scan.c - the first pass over a configuration file.
 *
 * It cuts the text into the same tokens as libconfuse 3.x does (words, strings, comments,
 * signs) and follows sections and assignments loosely: what is not well-formed otherwise is
 * left for libconfuse to refuse.
 */
#include "engine/config_scan.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTION_LIMIT = 4096, KEY_LIMIT = 8192, DEPTH_LIMIT = 8 };

enum token {
    TOKEN_END,
    TOKEN_WORD, /* a word or a string */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_EQUALS,
    TOKEN_COMMA,
    TOKEN_BAD
};

struct scanner {
    struct scan *scan;
    struct error *e;
    const char *file;
    char *at, *end;
    unsigned line;
    const char *word; /* of the last TOKEN_WORD, without quotes */
    size_t word_size;
    unsigned word_line;
    int section; /* the innermost that is open */
    unsigned depth;
};

int scan_error(struct error *e, const char *file, unsigned line, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG, "%s:%u: %s", file, line, text);
}

/* Characters */

static int check_character(const char *file, unsigned line, uint32_t code, bool before_newline,
                           struct error *e)
{
    if (code == '\n' || code == '\t' || (code == '\r' && before_newline))
        return 0;
    if (code == '\r')
        return scan_error(e, file, line, "a carriage return without a newline behind it");
    if (code == 0xfeff)
        return scan_error(e, file, line,
                          "a byte-order mark (U+FEFF); save the file as plain UTF-8");
    if (text_is_unsafe(code))
        return scan_error(e, file, line, "the control character U+%04X", code);
    return 0;
}

static int check_characters(const char *text, size_t size, const char *file, struct error *e)
{
    unsigned line = 1;
    uint32_t code;

    for (size_t at = 0, length; at < size; at += length) {
        length = text_decode_utf8(text + at, size - at, &code);
        if (length == 0)
            return scan_error(e, file, line, "a byte that is not UTF-8 (0x%02x)",
                              (unsigned char)text[at]);
        bool before_newline = at + 1 < size && text[at + 1] == '\n';
        if (check_character(file, line, code, before_newline, e) != 0)
            return -1;
        line += code == '\n';
    }
    return 0;
}

/* Tokens */

static enum token bad(struct scanner *s, const char *why)
{
    scan_error(s->e, s->file, s->line, "%s", why);
    return TOKEN_BAD;
}

static char peek(const struct scanner *s, size_t ahead)
{
    return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

static void blank_line(struct scanner *s)
{
    while (s->at < s->end && *s->at != '\n')
        *s->at++ = ' ';
}

/* False when the comment does not end. */
static bool blank_block(struct scanner *s)
{
    while (s->at < s->end && !(s->at[0] == '*' && peek(s, 1) == '/')) {
        if (*s->at == '\n')
            s->line++;
        else
            *s->at = ' ';
        s->at++;
    }
    if (s->at >= s->end)
        return false;
    *s->at++ = ' ';
    *s->at++ = ' ';
    return true;
}

/* Skips blanks and comments.  False after an error. */
static bool skip_space(struct scanner *s)
{
    for (;;) {
        unsigned line = s->line;
        char c = peek(s, 0), next = peek(s, 1);

        if (s->at >= s->end)
            return true;
        if (c == '\n')
            s->line++;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            s->at++;
        } else if (c == '#' || (c == '/' && next == '/')) {
            blank_line(s);
        } else if (c == '/' && next == '*') {
            *s->at++ = ' ';
            *s->at++ = ' ';
            if (!blank_block(s)) {
                s->line = line;
                bad(s, "a comment starts here and does not end");
                return false;
            }
        } else {
            return true;
        }
    }
}

/* Behind the opening quote.  libconfuse knows more escapes; those only make bytes that no value
 * may have. */
static enum token take_string(struct scanner *s, char quote)
{
    s->word = s->at;
    s->word_line = s->line;
    for (;; s->at++) {
        char c = peek(s, 0), next = peek(s, 1);
        if (s->at >= s->end || c == '\n')
            return bad(s, "a string starts on this line and does not end on it");
        if (c == quote)
            break;
        if (c == '$' && next == '{' && quote == '"')
            return bad(s, "environment variables are not substituted; write \\${ for the text");
        if (c != '\\')
            continue;
        if (quote == '"' && (next == '\0' || strchr("\"\\$'", next) == NULL))
            return bad(s, "an unknown escape in a string; there are \\\" \\\\ \\' and \\$");
        if (next == quote || next == '\\' || quote == '"')
            s->at++;
    }
    s->word_size = (size_t)(s->at - s->word);
    s->at++;
    return TOKEN_WORD;
}

static enum token take_word(struct scanner *s)
{
    s->word = s->at;
    s->word_line = s->line;
    while (s->at < s->end && strchr(" #\"'\t\n\r={}()+,*", *s->at) == NULL) {
        if (*s->at == '$' && peek(s, 1) == '{')
            return bad(s, "environment variables are not substituted; put the text in quotes "
                          "and write \\${");
        s->at++;
    }
    s->word_size = (size_t)(s->at - s->word);
    return TOKEN_WORD;
}

static enum token take_token(struct scanner *s)
{
    if (!skip_space(s))
        return TOKEN_BAD;
    if (s->at >= s->end)
        return TOKEN_END;
    switch (*s->at) {
    case '{':
        s->at++;
        return TOKEN_OPEN;
    case '}':
        s->at++;
        return TOKEN_CLOSE;
    case '=':
        s->at++;
        return TOKEN_EQUALS;
    case ',':
        s->at++;
        return TOKEN_COMMA;
    case '"':
    case '\'':
        return take_string(s, *s->at++);
    case '+':
    case '*':
    case '(':
    case ')':
        return bad(s, "one of + * ( ) outside a string; put the value in quotes");
    default:
        return take_word(s);
    }
}

/* Sections and keys */

/* Room for one more element of `bytes`; doubles it when `count` is a power of two. */
static void *grow(void *items, size_t count, size_t bytes)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return items;
    return realloc(items, (count > 0 ? 2 * count : 1) * bytes);
}

static int too_much(struct scanner *s, const char *what)
{
    return scan_error(s->e, s->file, s->line, "too many %s for one file", what);
}

static int copy_word(struct scanner *s, char *to, size_t room, const char *word, size_t size)
{
    if (size >= room)
        return scan_error(s->e, s->file, s->line, "a name of %zu bytes; %zu are allowed", size,
                          room - 1);
    memcpy(to, word, size);
    to[size] = '\0';
    return 0;
}

/* A word that may turn out to be a key, a section's name or its title. */
struct pending {
    const char *word[2];
    size_t size[2];
    unsigned line;
    unsigned count;
};

static int open_section(struct scanner *s, const struct pending *p)
{
    struct scan *scan = s->scan;
    struct scan_section section = {.parent = s->section,
                                   .line = p->count > 0 ? p->line : s->line};
    struct scan_section *grown;

    if (scan->section_count >= SECTION_LIMIT)
        return too_much(s, "sections");
    if (++s->depth > DEPTH_LIMIT)
        return scan_error(s->e, s->file, s->line, "sections inside sections, too deep");
    if (p->count > 0 && copy_word(s, section.name, SCAN_KEY_SIZE, p->word[0], p->size[0]) != 0)
        return -1;
    if (p->count > 1 &&
        copy_word(s, section.title, SCAN_TITLE_SIZE, p->word[1], p->size[1]) != 0)
        return -1;
    int twin = scan_section_find(scan, s->section, section.name, section.title);
    if (twin != SCAN_NONE)
        return scan_error(s->e, s->file, section.line,
                          "the section '%s%s%s' is there already, on "
                          "line %u",
                          section.name, *section.title ? " " : "", section.title,
                          scan->sections[twin].line);
    grown = grow(scan->sections, scan->section_count, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(s->e, s->file);
    scan->sections = grown;
    scan->sections[scan->section_count] = section;
    s->section = (int)scan->section_count++;
    return 0;
}

static int close_section(struct scanner *s)
{
    if (s->section == SCAN_ROOT)
        return scan_error(s->e, s->file, s->line, "a '}' without its '{'");
    s->section = s->scan->sections[s->section].parent;
    s->depth--;
    return 0;
}

static int check_key(struct scanner *s, const char *name, size_t size, unsigned line)
{
    bool right = size > 0 && name[0] >= 'a' && name[0] <= 'z';

    for (size_t i = 0; i < size; i++)
        right = right && ((name[i] >= 'a' && name[i] <= 'z') ||
                          (name[i] >= '0' && name[i] <= '9') || name[i] == '-');
    if (right)
        return 0;
    return scan_error(s->e, s->file, line,
                      "'%.*s' is no key: keys have lower-case letters, digits and '-'",
                      (int)(size < 60 ? size : 60), name);
}

static int add_key(struct scanner *s, const struct pending *p)
{
    struct scan *scan = s->scan;
    struct scan_key key = {.section = s->section, .line = p->line};
    struct scan_key *grown;

    if (p->count == 0)
        return scan_error(s->e, s->file, s->line, "an '=' without a key in front");
    const char *word = p->word[p->count - 1];
    size_t size = p->size[p->count - 1];
    if (check_key(s, word, size, p->line) != 0 ||
        copy_word(s, key.name, SCAN_KEY_SIZE, word, size) != 0)
        return -1;
    unsigned first = scan_key_line(scan, s->section, key.name);
    if (first != 0)
        return scan_error(s->e, s->file, p->line, "'%s' is set already, on line %u", key.name,
                          first);
    if (scan->key_count >= KEY_LIMIT)
        return too_much(s, "settings");
    grown = grow(scan->keys, scan->key_count, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(s->e, s->file);
    scan->keys = grown;
    scan->keys[scan->key_count++] = key;
    return 0;
}

/* Behind '=': one word, or a list in braces. */
static int take_value(struct scanner *s)
{
    enum token token = take_token(s);
    unsigned line = s->line;

    if (token == TOKEN_WORD)
        return 0;
    if (token != TOKEN_OPEN)
        return token == TOKEN_BAD
                   ? -1
                   : scan_error(s->e, s->file, line, "there is no value behind the '='");
    for (;;) {
        token = take_token(s);
        if (token == TOKEN_CLOSE)
            return 0;
        if (token == TOKEN_BAD)
            return -1;
        if (token != TOKEN_WORD && token != TOKEN_COMMA)
            return scan_error(s->e, s->file, s->line,
                              "the list that starts on line %u has no '}'", line);
    }
}

static void remember(const struct scanner *s, struct pending *p)
{
    if (p->count == 2) {
        p->word[0] = p->word[1];
        p->size[0] = p->size[1];
        p->count = 1;
    }
    p->word[p->count] = s->word;
    p->size[p->count] = s->word_size;
    p->line = s->word_line;
    p->count++;
}

static int follow(struct scanner *s)
{
    struct pending p = {.count = 0};

    for (;;) {
        enum token token = take_token(s);
        int result = 0;

        if (token == TOKEN_END)
            break;
        if (token == TOKEN_BAD)
            return -1;
        if (token == TOKEN_WORD) {
            remember(s, &p);
            continue;
        }
        if (token == TOKEN_OPEN)
            result = open_section(s, &p);
        else if (token == TOKEN_CLOSE)
            result = close_section(s);
        else if (token == TOKEN_EQUALS)
            result = add_key(s, &p) != 0 ? -1 : take_value(s);
        if (result != 0)
            return -1;
        p.count = 0;
    }
    if (s->section == SCAN_ROOT)
        return 0;
    const struct scan_section *open = &s->scan->sections[s->section];
    return scan_error(s->e, s->file, open->line, "the section '%s' has no '}'", open->name);
}

int scan_text(struct scan *scan, char *text, size_t size, const char *file, struct error *e)
{
    struct scanner s = {
        .scan = scan, .e = e, .file = file, .at = text, .end = text + size, .line = 1};

    if (check_characters(text, size, file, e) != 0)
        return -1;
    scan->sections = grow(NULL, 0, sizeof(*scan->sections));
    if (scan->sections == NULL)
        return error_no_memory(e, file);
    scan->sections[0] = (struct scan_section){.parent = SCAN_NONE};
    scan->section_count = 1;
    s.section = SCAN_ROOT;
    return follow(&s);
}

void scan_clear(struct scan *scan)
{
    free(scan->sections);
    free(scan->keys);
    *scan = (struct scan){0};
}

int scan_section_find(const struct scan *scan, int parent, const char *name, const char *title)
{
    for (size_t i = 1; i < scan->section_count; i++) {
        const struct scan_section *section = &scan->sections[i];
        if (section->parent == parent && strcmp(section->name, name) == 0 &&
            strcmp(section->title, title) == 0)
            return (int)i;
    }
    return SCAN_NONE;
}

unsigned scan_section_line(const struct scan *scan, int section)
{
    return section >= 0 && (size_t)section < scan->section_count ? scan->sections[section].line
                                                                 : 0;
}

unsigned scan_key_line(const struct scan *scan, int section, const char *name)
{
    for (size_t i = 0; i < scan->key_count; i++)
        if (scan->keys[i].section == section && strcmp(scan->keys[i].name, name) == 0)
            return scan->keys[i].line;
    return 0;
}
