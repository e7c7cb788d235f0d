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
    return kind != NAME_BACKUP;
}

static int refuse(enum name_kind kind, const char *name, const char *why, struct error *e)
{
    return error_set(
        e, LAGAN_INVALID, ERROR_NAME_INVALID,
        "the name '%.80s' of a %s %s; it takes 1 to %d letters, digits, '_' or '-'", name,
        kinds[kind].word, why, NAME_LIMIT);
}

int name_check(enum name_kind kind, const char *name, struct error *e)
{
    size_t length = strlen(name);

    if (length == 0)
        return refuse(kind, name, "is empty", e);
    for (size_t i = 0; i < length; i++) {
        char why[64];
        if (is_allowed(name[i]))
            continue;
        if (name[i] > ' ' && name[i] < 0x7f)
            snprintf(why, sizeof(why), "contains '%c'", name[i]);
        else
            snprintf(why, sizeof(why), "contains the byte 0x%02x", (unsigned char)name[i]);
        return refuse(kind, name, why, e);
    }
    if (length > NAME_LIMIT)
        return refuse(kind, name, "is too long", e);
    if (is_word_kind(kind) && name[0] == '-')
        return refuse(kind, name, "starts with '-'", e);
    if (kind == NAME_BACKUP && strcmp(name, "latest") == 0)
        return refuse(kind, name, "is the word that selects the newest", e);
    return 0;
}

int name_check_description(const char *text, struct error *e)
{
    size_t size = strlen(text), characters = 0;
    uint32_t code;

    for (size_t at = 0, length; at < size; at += length, characters++) {
        length = text_decode_utf8(text + at, size - at, &code);
        if (length == 0)
            return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                             "the description is not UTF-8 at byte %zu", at + 1);
        if (text_is_unsafe(code))
            return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                             "the description contains the control character U+%04X", code);
    }
    if (characters > DESCRIPTION_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_NAME_INVALID,
                         "the description has %zu characters; at most %d are allowed",
                         characters, DESCRIPTION_LIMIT);
    return 0;
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
