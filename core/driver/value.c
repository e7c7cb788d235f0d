/* SPDX-License-Identifier: Apache-2.0 */
/* value.c - the types of parameters: how each is written, parsed, checked and explained. */
#include "driver/value.h"

#include "base/file.h"
#include "base/text.h"
#include "driver/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_LIMIT = 4096 }; /* of a TEXT whose row says 0 */

/* How a type is parsed: fills `value`, or returns -1 (`*reason` says what is wrong, or `e` is
 * set and `*reason` is NULL). */
typedef int parse_function(const struct lagan_parameter *row, const char *text,
                           struct value *value, const char **reason);

static int parse_text(const struct lagan_parameter *row, const char *text, struct value *value,
                      const char **reason)
{
    size_t size = strlen(text);
    size_t maximum = row->maximum > 0 ? (size_t)row->maximum : TEXT_LIMIT;
    *reason = "is not plain UTF-8 text";
    if (!text_is_clean_utf8(text, size))
        return -1;
    *reason = "is too short";
    if (row->minimum > 0 && size < (size_t)row->minimum)
        return -1;
    *reason = "is too long";
    if (size > maximum)
        return -1;
    value->text = strdup(text);
    return 0;
}

/* `text` as an absolute path, in memory of the caller; NULL with errno. */
static char *path_absolute(const char *text)
{
    char *path = NULL;
    if (text[0] == '/')
        return strdup(text);
    char *here CLEANUP_TEXT = getcwd(NULL, 0);
    if (!here)
        return NULL;
    while (text[0] == '.' && text[1] == '/')
        text += 2 + strspn(text + 2, "/");
    if (text[0] == '\0' || strcmp(text, ".") == 0)
        return strdup(here);
    if (asprintf(&path, "%s/%s", strcmp(here, "/") == 0 ? "" : here, text) < 0)
        return NULL;
    return path;
}

static int parse_path(const struct lagan_parameter *row, const char *text, struct value *value,
                      const char **reason)
{
    (void)row;
    *reason = "is no path";
    if (text[0] == '\0')
        return -1;
    errno = 0;
    value->text = path_absolute(text);
    *reason = "cannot be made absolute: the working directory is gone";
    return !value->text && errno != ENOMEM ? -1 : 0;
}

static int parse_bool(const struct lagan_parameter *row, const char *text, struct value *value,
                      const char **reason)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    (void)row;
    *reason = "is neither yes nor no";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            value->number = (int64_t)(i % 2);
            return 0;
        }
    }
    return -1;
}

static int check_range(const struct lagan_parameter *row, int64_t number, const char **reason)
{
    *reason = "is too small";
    if (number < row->minimum)
        return -1;
    *reason = "is too large";
    return row->maximum != 0 && number > row->maximum ? -1 : 0;
}

static int parse_integer(const struct lagan_parameter *row, const char *text,
                         struct value *value, const char **reason)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    char *end;
    *reason = "is not a whole number";
    if (digits[0] < '0' || digits[0] > '9')
        return -1;
    errno = 0;
    value->number = strtoll(text, &end, 10);
    if (*end != '\0')
        return -1;
    if (errno == ERANGE) {
        *reason = "is beyond what a number can hold";
        return -1;
    }
    return check_range(row, value->number, reason);
}

static int parse_size(const struct lagan_parameter *row, const char *text, struct value *value,
                      const char **reason)
{
    uint64_t bytes;
    *reason = "is not a size";
    if (text_parse_size(text, &bytes) < 0)
        return -1;
    *reason = "is too large";
    if (bytes > INT64_MAX)
        return -1;
    value->number = (int64_t)bytes;
    return check_range(row, value->number, reason);
}

static int parse_duration(const struct lagan_parameter *row, const char *text,
                          struct value *value, const char **reason)
{
    *reason = "is not a duration";
    if (text_parse_duration(text, &value->number) < 0)
        return -1;
    return check_range(row, value->number, reason);
}

static int parse_choice(const struct lagan_parameter *row, const char *text,
                        struct value *value, const char **reason)
{
    size_t size = strlen(text);
    const char *choice = row->choices;
    *reason = "is none of the choices";
    for (int64_t index = 0; *choice; index++) {
        size_t length = strcspn(choice, "|");
        if (length == size && memcmp(choice, text, size) == 0) {
            value->number = index;
            value->text = strdup(text);
            return 0;
        }
        choice += length + (choice[length] == '|');
    }
    return -1;
}

/* A file's name is kept absolute, since the secret may be read from elsewhere later. */
static int parse_secret(const struct lagan_parameter *row, const char *text,
                        struct value *value, const char **reason)
{
    static const char file[] = "file:";
    (void)row;
    *reason = "is given as it is, and a secret is never written out";
    if (!secret_check_form(text))
        return -1;
    if (strncmp(text, file, sizeof file - 1) != 0) {
        value->text = strdup(text);
        return 0;
    }
    char *path CLEANUP_TEXT = path_absolute(text + sizeof file - 1);
    *reason = "names a file whose path cannot be made absolute";
    if (!path)
        return -1;
    if (asprintf(&value->text, "%s%s", file, path) < 0)
        value->text = NULL;
    return 0;
}

static const struct {
    parse_function *parse;
    bool has_text;
    const char *form;
} types[] = {
    [LAGAN_PARAMETER_TEXT] = {parse_text, true, "text"},
    [LAGAN_PARAMETER_PATH] = {parse_path, true, "a path"},
    [LAGAN_PARAMETER_BOOL] = {parse_bool, false, "yes or no"},
    [LAGAN_PARAMETER_INTEGER] = {parse_integer, false, "a whole number"},
    [LAGAN_PARAMETER_SIZE] = {parse_size, false, "a size such as 64M or 1GiB"},
    [LAGAN_PARAMETER_DURATION] = {parse_duration, false, "a duration such as 90s, 2h or 14d"},
    [LAGAN_PARAMETER_CHOICE] = {parse_choice, true, "one of "},
    [LAGAN_PARAMETER_SECRET] = {parse_secret, true,
                                "file:PATH, fd:N, command:LINE or credential:NAME"},
};

static void format_limit(uint32_t type, int64_t limit, char text[TEXT_SIZE_SIZE])
{
    if (type == LAGAN_PARAMETER_SIZE)
        text_format_size((uint64_t)limit, text);
    else if (type == LAGAN_PARAMETER_DURATION)
        text_format_duration(limit, text);
    else
        snprintf(text, TEXT_SIZE_SIZE, "%lld", (long long)limit);
}

static void append_limits(const struct lagan_parameter *row, char *text)
{
    char limit[TEXT_SIZE_SIZE];
    size_t used = strlen(text);
    bool counted = row->type == LAGAN_PARAMETER_TEXT;
    if (row->minimum != 0) {
        format_limit(row->type, row->minimum, limit);
        snprintf(text + used, VALUE_FORM_SIZE - used, " from %s", limit);
        used = strlen(text);
    }
    if (row->maximum != 0) {
        format_limit(row->type, row->maximum, limit);
        snprintf(text + used, VALUE_FORM_SIZE - used, " %s %s", counted ? "up to" : "to",
                 limit);
        used = strlen(text);
    }
    if (counted && (row->minimum != 0 || row->maximum != 0))
        snprintf(text + used, VALUE_FORM_SIZE - used, " bytes long");
}

static void append_choices(const char *choices, char *text)
{
    size_t used = strlen(text);
    for (; *choices && used + 3 < VALUE_FORM_SIZE; choices++) {
        if (*choices == '|') {
            text[used++] = ',';
            text[used++] = ' ';
        } else {
            text[used++] = *choices;
        }
    }
    text[used] = '\0';
}

void value_describe_form(const struct lagan_parameter *row, char text[VALUE_FORM_SIZE])
{
    snprintf(text, VALUE_FORM_SIZE, "%s", types[row->type].form);
    switch (row->type) {
    case LAGAN_PARAMETER_TEXT:
    case LAGAN_PARAMETER_INTEGER:
    case LAGAN_PARAMETER_SIZE:
    case LAGAN_PARAMETER_DURATION:
        append_limits(row, text);
        break;
    case LAGAN_PARAMETER_CHOICE:
        append_choices(row->choices, text);
        break;
    default:
        break;
    }
}

static int refuse(const struct lagan_parameter *row, const char *text, const char *reason,
                  struct error *e)
{
    char form[VALUE_FORM_SIZE];
    value_describe_form(row, form);
    if (row->type == LAGAN_PARAMETER_SECRET)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "parameter %s: the value %s; allowed is %s", row->name, reason, form);
    return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                     "parameter %s: \"%s\" %s; allowed is %s", row->name, text, reason, form);
}

int value_parse(const struct lagan_parameter *row, const char *text, struct value *value,
                struct error *e)
{
    struct value parsed = {0};
    const char *reason;
    if (types[row->type].parse(row, text, &parsed, &reason) < 0) {
        value_free(&parsed);
        return refuse(row, text, reason, e);
    }
    if (types[row->type].has_text && !parsed.text)
        return error_no_memory(e, "the value of a parameter");
    parsed.size = parsed.text ? strlen(parsed.text) : 0;
    *value = parsed;
    return 0;
}

void value_free(struct value *value)
{
    free(value->text);
    *value = (struct value){0};
}
