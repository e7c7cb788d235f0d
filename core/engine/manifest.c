/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - see manifest.h: rows of CSV. */
#include "engine/manifest.h"

#include "base/csv.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/gzip.h"
#include "engine/manifest_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- columns ---- */

static const char *const headings[MANIFEST_COLUMN_COUNT] = {
#define X(symbol, heading) heading,
    MANIFEST_COLUMNS(X)
#undef X
};

static void no_columns(struct manifest_columns *columns)
{
    for (int i = 0; i < MANIFEST_COLUMN_COUNT; i++)
        columns->at[i] = -1;
    columns->count = 0;
}

/* Names that are not ours are columns that nobody reads. */
static void name_column(struct manifest_columns *columns, const char *name, size_t size)
{
    for (int i = 0; i < MANIFEST_COLUMN_COUNT; i++)
        if (strlen(headings[i]) == size && strncasecmp(headings[i], name, size) == 0)
            columns->at[i] = (int)columns->count;
    columns->count++;
}

int manifest_columns_parse(const char *text, struct manifest_columns *columns)
{
    no_columns(columns);
    while (*text != '\0') {
        text += strspn(text, " ");
        size_t size = strcspn(text, ",");
        size_t name = size;
        while (name > 0 && text[name - 1] == ' ')
            name--;
        name_column(columns, text, name);
        text += size + (text[size] == ',');
    }
    return columns->at[MANIFEST_BUCKET] >= 0 && columns->at[MANIFEST_KEY] >= 0 &&
                   columns->count <= CSV_CELLS_MOST
               ? 0
               : -1;
}

static void columns_of_heading(struct manifest_columns *columns, const struct csv_cell *cells,
                               size_t count)
{
    no_columns(columns);
    for (size_t i = 0; i < count; i++)
        name_column(columns, cells[i].text, cells[i].size);
}

/* ---- a row ---- */

static int wrong(const struct manifest_work *w, uint64_t line, const char *what,
                 const char *value, struct error *e)
{
    return error_set(e, LAGAN_INVALID, ERROR_MANIFEST, "%s:%llu: %s%.200s", w->csv.name,
                     (unsigned long long)line, what, value);
}

static const char *cell_of(const struct manifest_work *w, const struct csv_cell *cells,
                           enum manifest_column column)
{
    return w->columns.at[column] < 0 ? "" : cells[w->columns.at[column]].text;
}

/* BAT-02. */
static int check_bucket(struct manifest_work *w, const char *bucket, uint64_t line,
                        struct error *e)
{
    if (w->bucket != NULL && strcmp(w->bucket, bucket) == 0)
        return 0;
    if (w->bucket != NULL)
        return wrong(
            w, line,
            "all objects of a job are in one bucket, and this is a second one: ", bucket, e);
    for (size_t i = 0; w->request->buckets[i] != NULL; i++)
        if (strcmp(w->request->buckets[i], bucket) == 0) {
            w->bucket = strdup(bucket);
            return w->bucket != NULL ? 0 : error_no_memory(e, "a bucket's name");
        }
    return wrong(w, line, "this is not the bucket that the job copies from: ", bucket, e);
}

static bool is_word(const char *text, const char *word)
{
    return strcasecmp(text, word) == 0;
}

static int take_key(struct manifest_work *w, const char *text, uint64_t line, struct error *e)
{
    buffer_clear(&w->key);
    if (text[0] == '\0')
        return wrong(w, line, "there is no key", "", e);
    /* Stores write a blank as +; who writes a CSV by hand means what it says. */
    if (csv_url_decode(text, w->is_inventory, &w->key) != 0)
        return wrong(w, line, "a key is written as in an address, a % as %25: ", text, e);
    if (buffer_check(&w->key, e) != 0)
        return -1;
    if (memchr(w->key.data, 0, w->key.size) != NULL)
        return wrong(w, line, "a zero byte in a key: ", text, e);
    return 0;
}

static int take_bytes(const struct manifest_work *w, const char *text, struct manifest_row *row,
                      struct error *e)
{
    row->has_bytes = text[0] != '\0';
    if (!row->has_bytes || text_parse_u64(text, &row->bytes) == 0)
        return 0;
    return wrong(w, row->line, "this is no size: ", text, e);
}

static int take_row(struct manifest_work *w, const struct csv_cell *cells, size_t count,
                    uint64_t line, struct error *e)
{
    struct manifest_row row = {.line = line, .name = w->csv.name};

    if (count != w->columns.count)
        return error_set(e, LAGAN_INVALID, ERROR_MANIFEST,
                         "%s:%llu: the row has %zu cells and not %zu", w->csv.name,
                         (unsigned long long)line, count, w->columns.count);
    if (check_bucket(w, cell_of(w, cells, MANIFEST_BUCKET), line, e) != 0)
        return -1;
    if (is_word(cell_of(w, cells, MANIFEST_MARKER), "true") ||
        is_word(cell_of(w, cells, MANIFEST_LATEST), "false"))
        return 0;
    if (take_key(w, cell_of(w, cells, MANIFEST_KEY), line, e) != 0 ||
        take_bytes(w, cell_of(w, cells, MANIFEST_SIZE), &row, e) != 0)
        return -1;
    row.key = w->key.data;
    row.key_size = w->key.size;
    row.version = cell_of(w, cells, MANIFEST_VERSION);
    size_t size = strlen(row.version);
    if (size > MANIFEST_VERSION_MOST || !text_is_clean_utf8(row.version, size))
        return wrong(w, line, "this is no version's id: ", row.version, e);
    return w->request->each(w->request->context, &row, e);
}

/* The first row of a CSV may be its heading. */
static int take_first(struct manifest_work *w, const struct csv_cell *cells, size_t count,
                      uint64_t line, bool *is_heading, struct error *e)
{
    const char *fields = w->request->fields;

    columns_of_heading(&w->columns, cells, count);
    *is_heading = w->columns.at[MANIFEST_BUCKET] >= 0 && w->columns.at[MANIFEST_KEY] >= 0;
    if (*is_heading)
        return 0;
    if (fields == NULL)
        fields = count == 3 ? "Bucket,Key,VersionId" : "Bucket,Key";
    if (manifest_columns_parse(fields, &w->columns) != 0)
        return wrong(w, line, "fields names neither Bucket nor Key, which it has to: ", fields,
                     e);
    return 0;
}

static int on_row(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                  struct error *e)
{
    struct manifest_work *w = context;
    bool is_heading = false;

    if (w->columns.count == 0 && take_first(w, cells, count, line, &is_heading, e) != 0)
        return -1;
    return is_heading ? 0 : take_row(w, cells, count, line, e);
}

/* ---- a file ---- */

static int parse(struct manifest_work *w, struct gzip_reader *r, struct error *e)
{
    char part[16 * 1024];
    size_t got;

    do {
        if (gzip_read(r, part, sizeof(part), &got, e) != 0 ||
            csv_reader_take(&w->csv, part, got, on_row, w, e) != 0)
            return -1;
    } while (got > 0);
    return csv_reader_end(&w->csv, on_row, w, e);
}

int manifest_rows(struct manifest_work *w, struct place_input *in, struct manifest_file *file,
                  struct error *e)
{
    struct gzip_reader *r = malloc(sizeof(*r));

    if (r == NULL)
        return error_no_memory(e, "a decompressor");
    w->csv = (struct csv_reader){.name = place_input_name(in)};
    int result = gzip_open(r, in, e);
    if (result == 0) {
        result = parse(w, r, e);
        if (result != 0)
            gzip_abandon(r);
        else
            result = gzip_close(r, file->md5, file->sha256, e);
        file->bytes = r->bytes;
    }
    csv_reader_free(&w->csv);
    free(r);
    return result;
}

/* ---- all of it ---- */

static int read_csv(struct manifest_work *w, uint8_t hash[CATALOG_HASH_SIZE], struct error *e)
{
    struct manifest_file file = {.bytes = 0};
    struct place_input *in = place_input_open(w->request->setup, w->request->text, e);

    if (in == NULL)
        return -1;
    int result = manifest_rows(w, in, &file, e);
    place_input_close(in);
    if (result == 0)
        memcpy(hash, file.sha256, CATALOG_HASH_SIZE);
    return result;
}

static bool is_json(const char *text)
{
    size_t size = strlen(text);

    return size > 5 && strcmp(text + size - 5, ".json") == 0;
}

int manifest_read(const struct manifest_request *request, uint8_t hash[CATALOG_HASH_SIZE],
                  struct error *e)
{
    struct manifest_work w = {.request = request, .is_inventory = is_json(request->text)};
    int result = w.is_inventory ? manifest_read_inventory(&w, hash, e) : read_csv(&w, hash, e);

    buffer_free(&w.key);
    free(w.bucket);
    return result;
}

int manifest_hash(struct setup *s, const char *text, uint8_t hash[CATALOG_HASH_SIZE],
                  struct error *e)
{
    struct place_input *in = place_input_open(s, text, e);
    char part[16 * 1024];
    struct hash sum;
    size_t got;
    int result = in != NULL ? 0 : -1;

    hash_begin(&sum);
    while (result == 0) {
        result = place_input_read(in, part, sizeof(part), &got, e);
        if (result == 0)
            hash_update(&sum, part, got);
        if (result == 0 && got < sizeof(part))
            break;
    }
    place_input_close(in);
    if (result == 0)
        hash_finish(&sum, hash);
    return result;
}
