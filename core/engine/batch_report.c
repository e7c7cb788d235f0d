/* SPDX-License-Identifier: Apache-2.0 */
/* batch_report.c - see batch_report.h. */
#include "engine/batch_report.h"

#include "base/csv.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int batch_report_http(uint32_t error_class)
{
    static const struct {
        uint32_t error_class;
        int status;
    } table[] = {
        {LAGAN_OK, 200},           {LAGAN_TRANSIENT, 503}, {LAGAN_BUSY, 503},
        {LAGAN_TIMEOUT, 504},      {LAGAN_NOT_FOUND, 404}, {LAGAN_EXISTS, 409},
        {LAGAN_PRECONDITION, 412}, {LAGAN_DENIED, 403},    {LAGAN_AUTH, 403},
        {LAGAN_IMMUTABLE, 403},    {LAGAN_CHANGED, 412},   {LAGAN_UNSUPPORTED, 501},
        {LAGAN_INVALID, 400},      {LAGAN_LIMIT, 400},     {LAGAN_OFFLINE, 403},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].error_class == error_class)
            return table[i].status;
    return 500;
}

/* A line of the report is a line of text, whatever stores have said. */
static void append_text(struct buffer *out, const char *text)
{
    struct buffer line CLEANUP_BUFFER = BUFFER_INIT;

    for (; *text != '\0'; text++)
        buffer_append_u8(&line, (uint8_t)*text < ' ' ? ' ' : (uint8_t)*text);
    csv_append(out, false, line.data, line.size);
    if (line.failed)
        out->failed = true;
}

static void append_key(struct buffer *out, const void *key, size_t size)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    csv_url_encode(&text, key, size);
    csv_append(out, false, text.data, text.size);
    if (text.failed)
        out->failed = true;
}

void batch_report_line(struct buffer *out, const struct batch_result *r)
{
    uint32_t error_class = r->why != NULL ? r->why->error_class : LAGAN_OK;

    csv_append(out, true, r->bucket, strlen(r->bucket));
    append_key(out, r->key, r->key_size);
    append_text(out, r->version);
    append_text(out, batch_mark_word(r->mark));
    append_text(out, r->why != NULL ? error_class_name(error_class) : "");
    buffer_append_format(out, ",%d", batch_report_http(error_class));
    append_text(out, r->why != NULL ? r->why->text : r->message);
    append_key(out, r->new_key, r->new_key_size);
    append_text(out, r->new_version);
    buffer_append_format(out, ",%llu,%llu", (unsigned long long)r->bytes,
                         (unsigned long long)r->row + 1);
    csv_append_end(out);
}

/* ---- reading ---- */

struct passing {
    bool failed_only;
    int (*each)(void *context, const void *data, size_t size, struct error *e);
    void *context;
};

/* Whether the line is handed over: its fourth cell is looked at; keys have no commas, since
 * they are written as in an address, and buckets none either. */
static bool is_wanted(const struct passing *p, const char *line, bool heading)
{
    static const char failed[] = "failed,";

    if (!p->failed_only || heading)
        return true;
    for (int cell = 0; cell < BATCH_REPORT_STATUS; cell++) {
        /* A version's id in quotes may hold what it likes. */
        if (*line == '"') {
            for (line++; *line != '\0' && !(*line == '"' && line[1] != '"');
                 line += *line == '"' ? 2 : 1)
                ;
            line += *line != '\0';
        }
        line = strchr(line, ',');
        if (line == NULL)
            return false;
        line++;
    }
    return strncmp(line, failed, sizeof(failed) - 1) == 0;
}

static int pass(FILE *file, const char *path, const struct passing *p, struct error *e)
{
    char *line CLEANUP_TEXT = NULL;
    size_t room = 0;
    bool heading = true;
    ssize_t size;

    errno = 0;
    while ((size = getline(&line, &room, file)) > 0) {
        if (line[size - 1] != '\n')
            break; /* being written, or the last of a process that was killed */
        if (is_wanted(p, line, heading) && p->each(p->context, line, (size_t)size, e) != 0)
            return -1;
        heading = false;
    }
    return ferror(file) ? error_errno(e, errno, "cannot read %s", path) : 0;
}

int batch_report_read(const char *folder, bool failed_only,
                      int (*each)(void *context, const void *data, size_t size,
                                  struct error *e),
                      void *context, struct error *e)
{
    const struct passing p = {failed_only, each, context};
    char *path CLEANUP_TEXT = NULL;

    if (asprintf(&path, "%s/report.csv", folder) < 0) {
        path = NULL;
        return error_no_memory(e, "a path");
    }
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return each(context, BATCH_REPORT_HEADING, sizeof(BATCH_REPORT_HEADING) - 1, e);
    if (file == NULL)
        return error_errno(e, errno, "cannot open %s", path);
    int result = pass(file, path, &p, e);
    fclose(file);
    return result;
}
