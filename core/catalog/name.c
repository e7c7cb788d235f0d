/* SPDX-License-Identifier: Apache-2.0 */
/* name.c - checking the names that people give, and making names for what they did not name. */
#include "catalog/name.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    const char *start;
} kinds[] = {
#define X(symbol, word, start) {word, start},
    NAME_KINDS(X)
#undef X
};

static bool is_allowed(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

/* Such a word would be taken for an option. */
static bool is_word_kind(enum name_kind kind)
{
    return kind != NAME_BACKUP && kind != NAME_POLICY_BACKUP && kind != NAME_REPLICA;
}

static int refuse(enum name_kind kind, const char *name, const char *why, struct error *e)
{
    bool replica = kind == NAME_REPLICA;
    return error_set(
        e, LAGAN_INVALID, ERROR_NAME_INVALID,
        "the name '%.80s' of a %s %s; it takes 1 to %d letters, digits, '_' or '-'%s", name,
        kinds[kind].word, why, replica ? NAME_REPLICA_LIMIT : NAME_LIMIT,
        replica ? ", also Chinese ones" : "");
}

/* Code points of the script Han. */
static const struct {
    uint32_t first;
    uint32_t last;
} han[] = {
    {0x2e80, 0x2e99},   {0x2e9b, 0x2ef3},   {0x2f00, 0x2fd5},   {0x3005, 0x3005},
    {0x3007, 0x3007},   {0x3021, 0x3029},   {0x3038, 0x303b},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xf900, 0xfa6d},   {0xfa70, 0xfad9},   {0x16fe2, 0x16fe3},
    {0x16ff0, 0x16ff1}, {0x20000, 0x2a6df}, {0x2a700, 0x2b739}, {0x2b740, 0x2b81d},
    {0x2b820, 0x2cea1}, {0x2ceb0, 0x2ebe0}, {0x2f800, 0x2fa1d}, {0x30000, 0x3134a},
    {0x31350, 0x323af},
};

static bool is_han(uint32_t code)
{
    for (size_t i = 0; i < sizeof(han) / sizeof(han[0]); i++) {
        if (code >= han[i].first && code <= han[i].last)
            return true;
    }
    return false;
}

/* Whether the character at `text` may stand in a name of the kind; `*length` is that of the
 * character in bytes, 1 when it is none. */
static bool takes_character(enum name_kind kind, const char *text, size_t size, size_t *length)
{
    uint32_t code = 0;
    *length = 1;
    if (is_allowed(*text))
        return true;
    size_t bytes = text_decode_utf8(text, size, &code);
    if (kind != NAME_REPLICA || bytes == 0 || !is_han(code))
        return false;
    *length = bytes;
    return true;
}

/* Checks each character; `*count` is their number. */
static int check_characters(enum name_kind kind, const char *name, size_t *count,
                            struct error *e)
{
    size_t size = strlen(name);
    *count = 0;
    for (size_t at = 0, length; at < size; at += length, ++*count) {
        char why[64];
        if (takes_character(kind, name + at, size - at, &length))
            continue;
        if (name[at] > ' ' && name[at] < 0x7f)
            snprintf(why, sizeof(why), "contains '%c'", name[at]);
        else
            snprintf(why, sizeof(why), "contains the byte 0x%02x", (unsigned char)name[at]);
        return refuse(kind, name, why, e);
    }
    return 0;
}

int name_check(enum name_kind kind, const char *name, struct error *e)
{
    size_t limit = kind == NAME_REPLICA ? NAME_REPLICA_LIMIT : NAME_LIMIT;
    size_t count;

    if (name[0] == '\0')
        return refuse(kind, name, "is empty", e);
    if (check_characters(kind, name, &count, e) != 0)
        return -1;
    if (count > limit)
        return refuse(kind, name, "is too long", e);
    if (is_word_kind(kind) && name[0] == '-')
        return refuse(kind, name, "starts with '-'", e);
    if (!is_word_kind(kind) && strcmp(name, "latest") == 0)
        return refuse(kind, name, "is the word that selects the newest", e);
    return 0;
}

/* Counts the characters of a text for people; refuses what a terminal cannot just show. */
static int count_characters(const char *text, const char *what, size_t *count, struct error *e)
{
    size_t size = strlen(text);
    uint32_t code;

    *count = 0;
    for (size_t at = 0, length; at < size; at += length, ++*count) {
        length = text_decode_utf8(text + at, size - at, &code);
        if (length == 0)
            return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                             "the %s is not UTF-8 at byte %zu; write it in UTF-8", what,
                             at + 1);
        if (text_is_unsafe(code))
            return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                             "the %s contains the control character U+%04X; leave it out", what,
                             code);
    }
    return 0;
}

static int check_text(const char *text, const char *what, size_t limit, struct error *e)
{
    size_t count;

    if (count_characters(text, what, &count, e) != 0)
        return -1;
    if (count <= limit)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                     "the %s has %zu characters; at most %zu are allowed", what, count, limit);
}

int name_check_description(const char *text, struct error *e)
{
    return check_text(text, "description", DESCRIPTION_LIMIT, e);
}

int name_check_tag(const char *name, const char *value, struct error *e)
{
    if (name[0] == '\0')
        return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID, "the name of a tag is empty");
    if (strchr(name, '='))
        return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                         "the name '%.80s' of a tag contains '='", name);
    if (check_text(name, "name of a tag", NAME_TAG_LIMIT, e) != 0)
        return -1;
    return check_text(value, "value of a tag", NAME_TAG_LIMIT, e);
}

void name_make(enum name_kind kind, uint32_t number, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, number > 0xffff ? "%s%08x" : "%s%04x", kinds[kind].start, number);
}

void name_number(const char *base, unsigned index, char name[NAME_SIZE])
{
    char suffix[16];
    int length = snprintf(suffix, sizeof(suffix), "-%04u", index);

    snprintf(name, NAME_SIZE, "%.*s%s", NAME_LIMIT - length, base, suffix);
}

void name_of_replica(const char *backup_id, char name[NAME_REPLICA_SIZE])
{
    snprintf(name, NAME_REPLICA_SIZE, "manual_rep_from_%s", backup_id);
}

/* The bytes of the first `count` characters. */
static size_t bytes_of(const char *text, size_t size, size_t count)
{
    size_t at = 0;
    uint32_t code;

    for (; count > 0 && at < size; count--) {
        size_t length = text_decode_utf8(text + at, size - at, &code);
        at += length > 0 ? length : 1;
    }
    return at;
}

static size_t characters_of(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t at = 0; at < size; at += bytes_of(text + at, size - at, 1))
        count++;
    return count;
}

void name_cut(const char *text, size_t limit, size_t tail, char *out, size_t room)
{
    size_t size = strlen(text);
    size_t count = characters_of(text, size);

    /* A character less each time: room is in bytes. */
    for (size_t keep = limit; keep > 0; keep--) {
        size_t end = keep > tail + 1 ? tail : 0;
        size_t head = bytes_of(text, size, count <= keep ? count : keep - 1 - end);
        size_t rest = count <= keep ? size : bytes_of(text, size, count - end);
        if (head + (count > keep) + (size - rest) >= room)
            continue;
        snprintf(out, room, "%.*s%s%s", (int)head, text, count > keep ? "~" : "", text + rest);
        return;
    }
    snprintf(out, room, "~");
}

void name_from_text(enum name_kind kind, const char *text, char name[NAME_SIZE])
{
    size_t length = strnlen(text, NAME_LIMIT);
    struct error ignored;

    while (length > 0 && is_word_kind(kind) && text[0] == '-') {
        text++;
        length = strnlen(text, NAME_LIMIT);
    }
    for (size_t i = 0; i < length; i++)
        name[i] = text[i];
    name[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if (!is_allowed(name[i]))
            name[i] = '_';
    if (name_check(kind, name, &ignored) != 0)
        snprintf(name, NAME_SIZE, "%.*s", (int)strlen(kinds[kind].start) - 1,
                 kinds[kind].start);
}
