/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - fills in the texts of projects. */
#include "cli/template.h"

#include "base/object.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { WORD_LIMIT = 64 };

/* A word of a text and what it becomes. */
struct replacement {
    char from[WORD_LIMIT];
    char to[WORD_LIMIT];
};

enum { REPLACEMENTS = 5 };

static const char *text_of(const char *file)
{
    for (size_t i = 0; template_texts[i].file; i++)
        if (strcmp(template_texts[i].file, file) == 0)
            return template_texts[i].text;
    return NULL;
}

static void in_capitals(char *word)
{
    for (; *word; word++)
        *word = (char)toupper((unsigned char)*word);
}

static void fill(struct replacement *r, const struct template_words *words)
{
    snprintf(r[0].from, WORD_LIMIT, "@NAME@");
    snprintf(r[0].to, WORD_LIMIT, "%s", words->name);
    snprintf(r[1].from, WORD_LIMIT, "@KIND@");
    snprintf(r[1].to, WORD_LIMIT, "%s", words->kind);
    snprintf(r[2].from, WORD_LIMIT, "@PREFIX@");
    snprintf(r[2].to, WORD_LIMIT, "%s", words->prefix);
    snprintf(r[3].from, WORD_LIMIT, "%s", words->example);
    snprintf(r[3].to, WORD_LIMIT, "%s", words->name);
    r[4] = r[3];
    in_capitals(r[4].from);
    in_capitals(r[4].to);
}

/* The replacement whose word stands at `at`, or NULL. */
static const struct replacement *match(const struct replacement *r, const char *at)
{
    for (size_t i = 0; i < REPLACEMENTS; i++)
        if (strncmp(at, r[i].from, strlen(r[i].from)) == 0)
            return &r[i];
    return NULL;
}

static void write_line(const struct replacement *r, const char *line, const char *end,
                       struct buffer *out)
{
    while (line < end) {
        const struct replacement *found = match(r, line);
        if (found)
            buffer_append(out, found->to, strlen(found->to));
        else
            buffer_append(out, line, 1);
        line += found ? strlen(found->from) : 1;
    }
}

/* The line behind its mark; NULL when it is for another kind. */
static const char *behind_mark(const char *line, const char *kind)
{
    size_t size = strlen(kind);
    if (line[0] != '%')
        return line;
    if (strncmp(line + 1, kind, size) == 0 && line[1 + size] == ':')
        return line + size + 2;
    return NULL;
}

void template_write(const char *file, const struct template_words *words, struct buffer *out)
{
    struct replacement replacements[REPLACEMENTS];
    const char *line = text_of(file);
    ASSERT(line);
    fill(replacements, words);
    while (*line) {
        const char *end = strchr(line, '\n') + 1;
        const char *start = behind_mark(line, words->kind);
        if (start)
            write_line(replacements, start, end, out);
        line = end;
    }
}
