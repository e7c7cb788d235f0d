/* SPDX-License-Identifier: Apache-2.0 */
/* deviations.c - reads the file of declared deviations. */
#include "conformance/deviations.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 65536, DEVIATION_LIMIT = 512 };

struct deviation {
    char *name;
    char *reason;
};

struct deviations {
    struct deviation *rows;
    size_t count;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int refuse(struct error *e, const char *path, size_t line, const char *what,
                  const char *name, size_t size)
{
    return error_set(e, LAGAN_INVALID, ERROR_CONFIG, "%s: line %zu: %s: %.*s", path, line, what,
                     (int)size, name);
}

static int add(struct deviations *d, const char *name, size_t name_size, const char *reason,
               size_t reason_size, struct error *e)
{
    struct deviation *row = &d->rows[d->count];
    row->name = strndup(name, name_size);
    row->reason = strndup(reason, reason_size);
    d->count++;
    return row->name && row->reason ? 0 : error_no_memory(e, "a deviation");
}

/* One line, without its newline. */
static int parse_line(struct deviations *d, const char *path, size_t number, const char *line,
                      size_t size, bool (*known)(const char *name), struct error *e)
{
    size_t name_size = 0;
    size_t reason;
    while (size > 0 && is_blank(line[0])) {
        line++;
        size--;
    }
    while (size > 0 && is_blank(line[size - 1]))
        size--;
    if (size == 0 || line[0] == '#')
        return 0;
    while (name_size < size && !is_blank(line[name_size]))
        name_size++;
    for (reason = name_size; reason < size && is_blank(line[reason]);)
        reason++;
    if (reason == size)
        return refuse(e, path, number, "a reason must follow the name of the case", line, size);
    if (d->count == DEVIATION_LIMIT)
        return refuse(e, path, number, "too many deviations", line, name_size);
    if (add(d, line, name_size, line + reason, size - reason, e) < 0)
        return -1;
    struct deviation *row = &d->rows[d->count - 1];
    if (!known(row->name))
        return refuse(e, path, number, "there is no case of that name", line, name_size);
    for (struct deviation *before = d->rows; before < row; before++)
        if (strcmp(before->name, row->name) == 0)
            return refuse(e, path, number, "declared twice", line, name_size);
    return 0;
}

struct deviations *deviations_parse(const char *path, const char *text, size_t size,
                                    bool (*known)(const char *name), struct error *e)
{
    struct deviations *d = calloc(1, sizeof *d);
    size_t at = 0;
    if (d)
        d->rows = calloc(DEVIATION_LIMIT, sizeof *d->rows);
    if (!d || !d->rows) {
        deviations_free(d);
        error_no_memory(e, "deviations");
        return NULL;
    }
    for (size_t number = 1; at < size; number++) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t line = newline ? (size_t)(newline - (text + at)) : size - at;
        if (parse_line(d, path, number, text + at, line, known, e) < 0) {
            deviations_free(d);
            return NULL;
        }
        at += line + 1;
    }
    return d;
}

struct deviations *deviations_read(const char *path, bool (*known)(const char *name),
                                   struct error *e)
{
    struct buffer text = {0};
    struct deviations *d = NULL;
    struct error failure = ERROR_INIT;
    if (file_read(path, FILE_LIMIT, &text, &failure) < 0) {
        if (failure.error_class == LAGAN_NOT_FOUND)
            d = deviations_parse(path, "", 0, known, e);
        else
            *e = failure;
    } else {
        d = deviations_parse(path, (const char *)text.data, text.size, known, e);
    }
    buffer_free(&text);
    return d;
}

void deviations_free(struct deviations *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->count; i++) {
        free(d->rows[i].name);
        free(d->rows[i].reason);
    }
    free(d->rows);
    free(d);
}

const char *deviations_find(const struct deviations *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->rows[i].name, name) == 0)
            return d->rows[i].reason;
    return NULL;
}

size_t deviations_count(const struct deviations *d)
{
    return d->count;
}
