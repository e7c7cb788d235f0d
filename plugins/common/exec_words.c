/* SPDX-License-Identifier: Apache-2.0 */
/* exec_words.c - the words and the environment of a command. */
#include "common/exec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t';
}

/* Copies the word that starts at `*at` into `out` and moves behind it; false for a quote or a
 * backslash without its end. */
static bool take_word(const char **at, char *out)
{
    const char *p = *at;
    char quote = '\0';
    for (; *p && (quote || !is_blank(*p)); p++) {
        if (quote ? *p == quote : (*p == '\'' || *p == '"'))
            quote = quote ? '\0' : *p;
        else if (*p == '\\' && quote != '\'') {
            if (!*++p)
                return false;
            *out++ = *p;
        } else
            *out++ = *p;
    }
    *out = '\0';
    *at = p;
    return quote == '\0';
}

static uint32_t add_word(struct lagan_op *op, struct exec_command *c, const char **at)
{
    char *word;
    if (c->word_count == EXEC_WORD_LIMIT)
        return lagan_fail(op, LAGAN_INVALID, 0, "the command has more than %d words",
                          EXEC_WORD_LIMIT);
    word = malloc(strlen(*at) + 1);
    if (!word)
        return no_memory(op);
    c->words[c->word_count++] = word;
    if (!take_word(at, word))
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "a quote or a backslash in the command has no end");
    return LAGAN_OK;
}

static uint32_t keep_word(struct lagan_op *op, struct exec_command *c, const char *text)
{
    char *word = strdup(text);
    if (!word)
        return no_memory(op);
    c->words[c->word_count++] = word;
    return LAGAN_OK;
}

uint32_t exec_shell(struct lagan_op *op, struct exec_command *c, const char *line)
{
    uint32_t result = keep_word(op, c, "/bin/sh");
    if (result == LAGAN_OK)
        result = keep_word(op, c, "-c");
    return result == LAGAN_OK ? keep_word(op, c, line) : result;
}

uint32_t exec_split(struct lagan_op *op, struct exec_command *c, const char *line)
{
    const char *at = line;
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK) {
        while (is_blank(*at))
            at++;
        if (!*at)
            break;
        result = add_word(op, c, &at);
    }
    if (result != LAGAN_OK)
        return result;
    if (c->word_count == 0 || c->words[0][0] != '/')
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "a command starts with its full path, as in /usr/local/bin/kms");
    return LAGAN_OK;
}

static bool is_variable_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return size > 0;
}

static uint32_t keep_variable(struct lagan_op *op, struct exec_command *c, char *variable)
{
    if (!variable)
        return no_memory(op);
    if (c->variable_count == EXEC_ENVIRONMENT_LIMIT) {
        free(variable);
        return lagan_fail(op, LAGAN_INVALID, 0, "more than %d variables",
                          EXEC_ENVIRONMENT_LIMIT);
    }
    c->environment[c->variable_count++] = variable;
    return LAGAN_OK;
}

static char *join(const char *name, size_t size, const char *value)
{
    char *text = NULL;
    return asprintf(&text, "%.*s=%s", (int)size, name, value) < 0 ? NULL : text;
}

uint32_t exec_add_variable(struct lagan_op *op, struct exec_command *c, const char *text)
{
    const char *sign = strchr(text, '=');
    size_t size = sign ? (size_t)(sign - text) : strlen(text);
    if (!is_variable_name(text, size))
        return lagan_fail(op, LAGAN_INVALID, 0,
                          "a variable is NAME=VALUE, or NAME for the value it has here");
    if (sign)
        return keep_variable(op, c, join(text, size, sign + 1));
    const char *value = secure_getenv(text);
    return value ? keep_variable(op, c, join(text, size, value)) : (uint32_t)LAGAN_OK;
}

static bool has_variable(const struct exec_command *c, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < c->variable_count; i++)
        if (strncmp(c->environment[i], name, size) == 0 && c->environment[i][size] == '=')
            return true;
    return false;
}

uint32_t exec_add_defaults(struct lagan_op *op, struct exec_command *c)
{
    static const struct {
        const char *name;
        const char *otherwise; /* NULL = leave it out */
    } defaults[] = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                    {"HOME", "/"},
                    {"LANG", NULL}};
    uint32_t result = LAGAN_OK;
    for (size_t i = 0; result == LAGAN_OK && i < sizeof defaults / sizeof defaults[0]; i++) {
        const char *value = secure_getenv(defaults[i].name);
        if (!value)
            value = defaults[i].otherwise;
        if (value && !has_variable(c, defaults[i].name))
            result =
                keep_variable(op, c, join(defaults[i].name, strlen(defaults[i].name), value));
    }
    return result;
}

uint32_t exec_check(struct lagan_op *op, const char *path)
{
    struct stat status;
    char reason[128];
    if (stat(path, &status) < 0 || access(path, X_OK) < 0)
        return lagan_fail(
            op, errno == ENOENT || errno == ENOTDIR ? LAGAN_NOT_FOUND : LAGAN_DENIED, errno,
            "the command %s cannot be run: %s", path, strerror_r(errno, reason, sizeof reason));
    if (!S_ISREG(status.st_mode))
        return lagan_fail(op, LAGAN_DENIED, 0, "the command %s is no regular file", path);
    if ((status.st_uid != 0 && status.st_uid != geteuid()) ||
        (status.st_mode & (S_IWGRP | S_IWOTH)))
        return lagan_fail(op, LAGAN_DENIED, 0,
                          "the command %s is refused: somebody else may write to it", path);
    return LAGAN_OK;
}

static void free_wiped(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void exec_clear(struct exec_command *c)
{
    for (size_t i = 0; i < c->word_count; i++)
        free(c->words[i]);
    for (size_t i = 0; i < c->variable_count; i++)
        free_wiped(c->environment[i]);
    *c = (struct exec_command){0};
}
