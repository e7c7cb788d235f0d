/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_inventory.c - manifest.json of an inventory, its checksum, and the files it names.
 */
#include "base/file.h"
#include "base/json_read.h"
#include "base/text.h"
#include "engine/manifest_private.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILES_MOST = 1000000, CHECKSUM_MOST = 256 };

#define CHECKSUM_NAME "manifest.checksum"

/* A file as manifest.json tells of it. */
struct told {
    char *key;
    uint64_t bytes;
    bool has_bytes, has_md5, has_sha256;
    uint8_t md5[MD5_SIZE], sha256[HASH_SIZE];
};

struct document {
    const char *name;
    char *schema;
    bool is_csv;
    struct told *files;
    size_t count;
};

static void document_free(struct document *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->files[i].key);
    free(d->files);
    free(d->schema);
}

static int wrong(const struct document *d, const char *what, const char *value, struct error *e)
{
    return error_set(e, LAGAN_INVALID, ERROR_MANIFEST, "%s: %s%.200s", d->name, what, value);
}

/* ---- the members ---- */

/* The file that "files.INDEX." means, in order. */
static struct told *file_of(struct document *d, const char *way, const char **member,
                            struct error *e)
{
    char *end;
    unsigned long index = strtoul(way, &end, 10);

    if (*end != '.' || index > d->count || index >= FILES_MOST) {
        wrong(d, "this is no list of files: ", way, e);
        return NULL;
    }
    *member = end + 1;
    if (index < d->count)
        return &d->files[index];
    struct told *grown = reallocarray(d->files, d->count + 1, sizeof(*grown));
    if (grown == NULL) {
        error_no_memory(e, "a list of files");
        return NULL;
    }
    d->files = grown;
    grown[d->count] = (struct told){.key = NULL};
    return &grown[d->count++];
}

static int take_text(char **to, const char *value, struct error *e)
{
    free(*to);
    *to = strdup(value);
    return *to != NULL ? 0 : error_no_memory(e, "a manifest");
}

static int take_file(struct document *d, const char *way, const char *value, struct error *e)
{
    const char *member;
    struct told *file = file_of(d, way, &member, e);

    if (file == NULL)
        return -1;
    if (strcmp(member, "key") == 0)
        return take_text(&file->key, value, e);
    if (strcmp(member, "size") == 0) {
        file->has_bytes = text_parse_u64(value, &file->bytes) == 0;
        return file->has_bytes ? 0 : wrong(d, "this is no size of a file: ", value, e);
    }
    if (strcasecmp(member, "md5Checksum") == 0) {
        file->has_md5 = text_unhex(value, file->md5, MD5_SIZE) == 0;
        return file->has_md5 ? 0 : wrong(d, "this is no MD5 of a file: ", value, e);
    }
    if (strcasecmp(member, "sha256Checksum") == 0) {
        file->has_sha256 = text_unhex(value, file->sha256, HASH_SIZE) == 0;
        return file->has_sha256 ? 0 : wrong(d, "this is no SHA-256 of a file: ", value, e);
    }
    return 0;
}

static int on_value(void *context, const char *way, enum json_kind kind, const char *value,
                    struct error *e)
{
    struct document *d = context;

    (void)kind;
    if (strncmp(way, "files.", 6) == 0)
        return take_file(d, way + 6, value, e);
    if (strcmp(way, "fileSchema") == 0)
        return take_text(&d->schema, value, e);
    if (strcmp(way, "fileFormat") == 0)
        d->is_csv = strcasecmp(value, "CSV") == 0;
    return 0;
}

static int check_document(const struct document *d, struct error *e)
{
    struct manifest_columns columns;

    if (!d->is_csv)
        return wrong(d, "its fileFormat is not CSV", "", e);
    if (d->schema == NULL || manifest_columns_parse(d->schema, &columns) != 0)
        return wrong(d, "its fileSchema names neither Bucket nor Key", "", e);
    for (size_t i = 0; i < d->count; i++)
        if (d->files[i].key == NULL || !d->files[i].has_bytes ||
            (!d->files[i].has_md5 && !d->files[i].has_sha256))
            return wrong(d, "a file without key, size or checksum", "", e);
    return 0;
}

/* ---- checksums ---- */

static int read_whole(struct manifest_work *w, struct buffer *out, struct error *e)
{
    struct place_input *in = place_input_open(w->request->setup, w->request->text, e);

    if (in == NULL)
        return -1;
    int result = place_input_all(in, MANIFEST_JSON_MOST, out, e);
    place_input_close(in);
    return result;
}

/* The MD5 that stands beside it. */
static int check_sum(struct manifest_work *w, const struct buffer *text, struct error *e)
{
    struct buffer sum CLEANUP_BUFFER = BUFFER_INIT;
    char found[2 * MD5_SIZE + 1];
    uint8_t digest[MD5_SIZE];
    struct md5 md5;
    struct place_input *in =
        place_input_open_near(w->request->setup, w->request->text, CHECKSUM_NAME, e);

    if (in == NULL)
        return -1;
    int result = place_input_all(in, CHECKSUM_MOST, &sum, e);
    place_input_close(in);
    if (result != 0)
        return -1;
    md5_begin(&md5);
    md5_update(&md5, text->data, text->size);
    md5_finish(&md5, digest);
    text_hex(digest, MD5_SIZE, found);
    while (sum.size > 0 && isspace(sum.data[sum.size - 1]))
        sum.size--;
    if (sum.size == sizeof(found) - 1 && strncasecmp((char *)sum.data, found, sum.size) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_MANIFEST,
                     "%s: its MD5 is not what " CHECKSUM_NAME " says: it was changed or is "
                     "being written",
                     w->request->text);
}

static int compare(const char *name, const struct told *told, const struct manifest_file *found,
                   struct error *e)
{
    const char *what = NULL;

    if (told->bytes != found->bytes)
        what = "length";
    else if (told->has_md5 && memcmp(told->md5, found->md5, MD5_SIZE) != 0)
        what = "MD5";
    else if (told->has_sha256 && memcmp(told->sha256, found->sha256, HASH_SIZE) != 0)
        what = "SHA-256";
    if (what == NULL)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_MANIFEST,
                     "%s: the %s of %s is not what the manifest says", name, what, told->key);
}

static int read_file(struct manifest_work *w, const struct told *told, const char *schema,
                     struct error *e)
{
    struct manifest_file found = {.bytes = 0};
    struct place_input *in =
        place_input_open_near(w->request->setup, w->request->text, told->key, e);

    if (in == NULL)
        return -1;
    manifest_columns_parse(schema, &w->columns);
    int result = manifest_rows(w, in, &found, e);
    place_input_close(in);
    return result == 0 ? compare(w->request->text, told, &found, e) : -1;
}

int manifest_read_inventory(struct manifest_work *w, uint8_t hash[CATALOG_HASH_SIZE],
                            struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    struct document d = {.name = w->request->text};
    int result = read_whole(w, &text, e);

    if (result == 0)
        result = check_sum(w, &text, e);
    if (result == 0 && json_read(text.data, text.size, on_value, &d, e) != 0) {
        if (e->code == ERROR_PARAMETER)
            e->code = ERROR_MANIFEST;
        result = e->code == ERROR_MANIFEST ? error_context(e, "%s", d.name) : -1;
    }
    if (result == 0)
        result = check_document(&d, e);
    for (size_t i = 0; i < d.count && result == 0; i++)
        result = read_file(w, &d.files[i], d.schema, e);
    document_free(&d);
    if (result == 0)
        hash_sha256(text.data, text.size, hash);
    return result;
}
