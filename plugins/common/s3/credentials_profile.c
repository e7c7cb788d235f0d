/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials_profile.c - the shared credentials file: sections [NAME] of lines NAME = VALUE.
 *
 * Source: "Configuration and credential file settings" of the AWS CLI.
 */
#include "common/s3/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20, PATH_SIZE = 4096 };

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r';
}

static const char *trim(const char *text, size_t *size)
{
    while (*size > 0 && is_blank(text[*size - 1]))
        --*size;
    for (; *size > 0 && is_blank(*text); text++)
        --*size;
    return text;
}

/* [NAME], and in config files [profile NAME]. */
static bool is_section(const char *line, size_t size, const char *profile)
{
    size_t inner = size - 2;
    const char *name = trim(line + 1, &inner);
    if (inner > 8 && strncmp(name, "profile ", 8) == 0) {
        inner -= 8;
        name = trim(name + 8, &inner);
    }
    return inner == strlen(profile) && strncmp(name, profile, inner) == 0;
}

/* The value when the line sets `name`, else NULL. */
static const char *value_of(const char *line, size_t size, const char *name, size_t *found)
{
    const char *equals = memchr(line, '=', size);
    if (!equals)
        return NULL;
    size_t name_size = (size_t)(equals - line);
    const char *there = trim(line, &name_size);
    if (name_size != strlen(name) || strncasecmp(there, name, name_size) != 0)
        return NULL;
    *found = size - (size_t)(equals + 1 - line);
    return trim(equals + 1, found);
}

const char *s3_profile_find(const char *text, const char *profile, const char *name,
                            size_t *size)
{
    bool inside = false;
    while (*text) {
        size_t line_size = strcspn(text, "\n");
        const char *next = text + line_size + (text[line_size] == '\n');
        /* Lines that go on with an option above are indented: they are no options themselves.
         */
        bool indented = is_blank(*text);
        const char *line = trim(text, &line_size);
        const char *value = NULL;
        if (line_size > 2 && line[0] == '[' && line[line_size - 1] == ']')
            inside = is_section(line, line_size, profile);
        else if (inside && !indented && line_size > 0 && *line != '#' && *line != ';')
            value = value_of(line, line_size, name, size);
        if (value)
            return value;
        text = next;
    }
    return NULL;
}

static uint32_t read_all(struct lagan_op *op, int fd, const char *path, struct s3_text *text)
{
    char piece[4096];
    ssize_t got;
    do {
        got = read(fd, piece, sizeof piece);
        if (got > 0)
            s3_text_add(text, piece, (size_t)got);
    } while ((got > 0 && text->size <= FILE_LIMIT) || (got < 0 && errno == EINTR));
    if (got < 0)
        return lagan_fail(op, LAGAN_IO, errno, "cannot read %s", path);
    if (text->failed)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    if (text->size > FILE_LIMIT || (text->data && strlen(text->data) != text->size))
        return lagan_fail(op, LAGAN_AUTH, 0, "%s is no credentials file", path);
    return LAGAN_OK;
}

static uint32_t read_file(struct lagan_op *op, const char *path, struct s3_text *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return lagan_fail(op, errno == EACCES ? LAGAN_DENIED : LAGAN_AUTH, errno,
                          "cannot read the credentials file %s", path);
    uint32_t result = read_all(op, fd, path, text);
    close(fd);
    return result;
}

static const char *file_of(const struct s3_settings *s, char path[PATH_SIZE])
{
    const char *home = secure_getenv("HOME");
    if (s->profile_file)
        return s->profile_file;
    if (secure_getenv("AWS_SHARED_CREDENTIALS_FILE"))
        return secure_getenv("AWS_SHARED_CREDENTIALS_FILE");
    int size = snprintf(path, PATH_SIZE, "%s/.aws/credentials", home ? home : "");
    return size > 0 && size < PATH_SIZE ? path : "";
}

/* A copy of the value; NULL when there is none (or no memory: then it counts as missing). */
static char *copy_value(const char *text, const char *profile, const char *name)
{
    size_t size;
    const char *value = s3_profile_find(text, profile, name, &size);
    return value && size > 0 ? strndup(value, size) : NULL;
}

static uint32_t take_profile(struct lagan_op *op, const char *text, const char *profile,
                             const char *path, struct s3_keys **keys)
{
    char *command = copy_value(text, profile, "credential_process");
    char *access = copy_value(text, profile, "aws_access_key_id");
    char *secret = copy_value(text, profile, "aws_secret_access_key");
    char *token = copy_value(text, profile, "aws_session_token");
    uint32_t result = LAGAN_OK;
    if (access && secret) {
        *keys = s3_keys_new(access, secret, token, 0);
        if (!*keys)
            result = lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    } else if (command)
        result = s3_keys_from_command(op, command, keys);
    else
        result = lagan_fail(op, LAGAN_AUTH, 0, "%s has no credentials for the profile %s", path,
                            profile);
    free(command);
    free(access);
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
    free(token);
    return result;
}

uint32_t s3_keys_from_profile(struct lagan_op *op, const struct s3_settings *s,
                              struct s3_keys **keys)
{
    char place[PATH_SIZE];
    const char *path = file_of(s, place);
    const char *wanted = secure_getenv("AWS_PROFILE");
    const char *profile = s->profile ? s->profile : wanted && *wanted ? wanted : "default";
    struct s3_text text = {0};
    uint32_t result = read_file(op, path, &text);
    if (result == LAGAN_OK)
        result = take_profile(op, text.data ? text.data : "", profile, path, keys);
    s3_text_wipe(&text);
    return result;
}
