/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_write.c - rows, data files and the manifest of an inventory. */
#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/inventory_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = INT64_C(1000000000);

enum { STAMP_SIZE = 32 };

/* ---- one row ---- */

static void append_word(struct buffer *out, bool first, const char *text)
{
    csv_append(out, first, text, strlen(text));
}

static void append_fact(struct buffer *out, const struct lagan_entry *entry, const char *name)
{
    const struct lagan_metadata *piece =
        source_find_piece(entry->pieces, entry->piece_count, name);

    csv_append(out, false, piece != NULL ? piece->value : "",
               piece != NULL ? piece->value_size : 0);
}

static bool is_yes(const struct lagan_entry *entry, const char *name)
{
    const struct lagan_metadata *piece =
        source_find_piece(entry->pieces, entry->piece_count, name);

    return piece != NULL && piece->value_size == 3 && memcmp(piece->value, "yes", 3) == 0;
}

static void append_time(struct buffer *out, const struct lagan_entry *entry)
{
    char day[CLOCK_TEXT_SIZE] = "";

    if ((entry->present & LAGAN_HAS_MTIME) == 0 || entry->mtime_s < 0 ||
        entry->mtime_s > INT64_MAX / SECOND_NS - 1) {
        append_word(out, false, "");
        return;
    }
    clock_format_utc(entry->mtime_s * SECOND_NS, day);
    day[strcspn(day, "Z")] = '\0';
    buffer_append_format(out, ",%s.%03uZ", day, entry->mtime_ns / 1000000 % 1000);
}

static void append_key(struct buffer *out, const struct inventory_row *row)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;

    csv_url_encode(&text, row->key, row->key_size);
    csv_append(out, false, text.data, text.size);
    if (text.failed)
        out->failed = true;
}

static void append_size(struct buffer *out, const struct lagan_entry *entry)
{
    if (entry->type == LAGAN_ENTRY_MARKER || (entry->present & LAGAN_HAS_BYTES) == 0)
        append_word(out, false, entry->type == LAGAN_ENTRY_MARKER ? "0" : "");
    else
        buffer_append_format(out, ",%llu", (unsigned long long)entry->bytes);
}

static void append_field(const struct inventory_writer *w, enum inventory_field field,
                         const struct inventory_row *row, struct buffer *out)
{
    const struct lagan_entry *entry = row->entry;

    switch (field) {
    case INVENTORY_FIELD_APPID:
        append_word(out, true, w->plan->appid);
        return;
    case INVENTORY_FIELD_BUCKET:
        append_word(out, false, w->bucket);
        return;
    case INVENTORY_FIELD_KEY:
        append_key(out, row);
        return;
    case INVENTORY_FIELD_VERSION:
        csv_append(out, false, row->version, row->version_size);
        return;
    case INVENTORY_FIELD_LATEST:
        append_word(out, false, row->latest ? "true" : "false");
        return;
    case INVENTORY_FIELD_MARKER:
        append_word(out, false, entry->type == LAGAN_ENTRY_MARKER ? "true" : "false");
        return;
    case INVENTORY_FIELD_SIZE:
        append_size(out, entry);
        return;
    case INVENTORY_FIELD_MODIFIED:
        append_time(out, entry);
        return;
    case INVENTORY_FIELD_ETAG:
        append_fact(out, entry, LAGAN_FACT_ETAG);
        return;
    case INVENTORY_FIELD_CLASS:
        append_fact(out, entry, LAGAN_PROPERTY_CLASS);
        return;
    case INVENTORY_FIELD_MULTIPART:
        append_word(out, false, is_yes(entry, LAGAN_FACT_MULTIPART) ? "true" : "false");
        return;
    case INVENTORY_FIELD_REPLICATION:
        if (row->replication[0] != '\0')
            append_word(out, false, row->replication);
        else
            append_fact(out, entry, LAGAN_FACT_REPLICATION);
        return;
    case INVENTORY_FIELD_TAG:
        append_word(out, false, row->tags);
        return;
    case INVENTORY_FIELD_COUNT:
        return;
    }
}

/* ---- data files ---- */

/* "PREFIX/APPID/BUCKET/NAME". */
static void append_base(const struct inventory_writer *w, struct buffer *out)
{
    buffer_append_format(out, "%s/%s/%s/%s", w->plan->to_prefix, w->plan->appid, w->bucket,
                         w->name);
}

static int begin_file(struct inventory_writer *w, struct error *e)
{
    w->fd = place_scratch(w->setup, e);
    if (w->fd < 0)
        return -1;
    w->rows_in_file = 0;
    return gzip_begin(&w->gzip, w->fd, e);
}

static int note_file(struct inventory_writer *w, const struct buffer *key,
                     const uint8_t md5[MD5_SIZE], const uint8_t sha256[HASH_SIZE],
                     struct error *e)
{
    struct inventory_file *grown = reallocarray(w->files, w->file_count + 1, sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "data files");
    w->files = grown;
    grown[w->file_count] =
        (struct inventory_file){.key = strdup((const char *)key->data), .bytes = w->gzip.bytes};
    if (grown[w->file_count].key == NULL)
        return error_no_memory(e, "data files");
    text_hex(md5, MD5_SIZE, grown[w->file_count].md5);
    text_hex(sha256, HASH_SIZE, grown[w->file_count].sha256);
    w->file_count++;
    return 0;
}

static int end_file(struct inventory_writer *w, struct error *e)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t md5[MD5_SIZE], sha256[HASH_SIZE];
    char stamp[CLOCK_TEXT_SIZE];

    if (gzip_finish(&w->gzip, md5, sha256, e) != 0)
        return -1;
    gzip_drop(&w->gzip);
    clock_format_name(w->started_ns, stamp);
    append_base(w, &key);
    buffer_append_format(&key, "/data/%s-%09lld-%06zu.csv.gz", stamp,
                         (long long)(w->started_ns % SECOND_NS), w->file_count + 1);
    buffer_append_u8(&key, 0);
    if (buffer_check(&key, e) != 0 ||
        place_output_put(&w->place, (const char *)key.data, "application/gzip", w->fd,
                         w->gzip.bytes, e) != 0)
        return -1;
    file_close(&w->fd);
    return note_file(w, &key, md5, sha256, e);
}

int inventory_write_row(struct inventory_writer *w, const struct inventory_row *row,
                        struct error *e)
{
    if (w->fd < 0 && begin_file(w, e) != 0)
        return -1;
    buffer_clear(&w->line);
    for (int i = 0; i < INVENTORY_FIELD_COUNT; i++)
        if (w->plan->fields[i])
            append_field(w, (enum inventory_field)i, row, &w->line);
    csv_append_end(&w->line);
    if (buffer_check(&w->line, e) != 0 ||
        gzip_write(&w->gzip, w->line.data, w->line.size, e) != 0)
        return -1;
    w->rows++;
    if (row->entry->type != LAGAN_ENTRY_MARKER)
        w->bytes += row->entry->bytes;
    return ++w->rows_in_file >= w->plan->rows ? end_file(w, e) : 0;
}

/* ---- the manifest ---- */

static void json_number_text(struct json *j, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    json_text(j, name, text);
}

static void append_schema(const struct inventory_writer *w, struct buffer *out)
{
    for (int i = 0; i < INVENTORY_FIELD_COUNT; i++)
        if (w->plan->fields[i])
            buffer_append_format(out, "%s%s", out->size > 0 ? ", " : "",
                                 inventory_field_heading((enum inventory_field)i));
    buffer_append_u8(out, 0);
}

static void make_manifest(const struct inventory_writer *w, const char *schema,
                          struct buffer *out)
{
    struct json j = json_to(out);

    json_object(&j, NULL);
    json_text(&j, "sourceAppid", w->plan->appid);
    json_text(&j, "sourceBucket", w->bucket);
    json_text(&j, "destinationBucket", w->to_name);
    json_text(&j, "version", "2026-11-22");
    json_number_text(&j, "creationTimestamp", (uint64_t)(w->started_ns / (SECOND_NS / 1000)));
    json_text(&j, "fileFormat", "CSV");
    json_text(&j, "fileSchema", schema);
    json_number_text(&j, "listObjectCount", w->rows);
    json_number_text(&j, "listStorageSize", w->bytes);
    json_array(&j, "files");
    for (size_t i = 0; i < w->file_count; i++) {
        json_object(&j, NULL);
        json_text(&j, "key", w->files[i].key);
        json_number_text(&j, "size", w->files[i].bytes);
        json_text(&j, "md5Checksum", w->files[i].md5);
        json_text(&j, "sha256Checksum", w->files[i].sha256);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    json_end_line(&j);
}

/* "BASE/YYYYMMDD/NAME", of the day on which the listing began, in the inventory's zone. */
static void append_key_of_day(const struct inventory_writer *w, const char *name,
                              struct buffer *out)
{
    struct timezone_local day = timezone_local_of(w->plan->zone, w->started_ns / SECOND_NS);

    buffer_clear(out);
    append_base(w, out);
    buffer_append_format(out, "/%04d%02d%02d/%s", day.year, day.month, day.day, name);
    buffer_append_u8(out, 0);
}

/* The manifest goes first: who sees it without its checksum knows that it is being written. */
static int put_manifest(struct inventory_writer *w, const struct buffer *text, char *manifest,
                        size_t room, struct error *e)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    uint8_t digest[MD5_SIZE];
    char sum[2 * MD5_SIZE + 1];
    struct md5 md5;

    md5_begin(&md5);
    md5_update(&md5, text->data, text->size);
    md5_finish(&md5, digest);
    text_hex(digest, MD5_SIZE, sum);
    append_key_of_day(w, "manifest.json", &key);
    if (buffer_check(&key, e) != 0 ||
        place_output_put_bytes(&w->place, (const char *)key.data, "application/json",
                               text->data, text->size, e) != 0)
        return -1;
    snprintf(manifest, room, "%s%s/%s",
             strchr(w->to_name, '/') != NULL ? "" : "source:", w->to_name,
             (const char *)key.data);
    append_key_of_day(w, "manifest.checksum", &key);
    if (buffer_check(&key, e) != 0)
        return -1;
    return place_output_put_bytes(&w->place, (const char *)key.data, "text/plain", sum,
                                  strlen(sum), e);
}

int inventory_write_end(struct inventory_writer *w, char *manifest, size_t room,
                        struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT, schema CLEANUP_BUFFER = BUFFER_INIT;

    if (w->fd >= 0 && end_file(w, e) != 0)
        return -1;
    append_schema(w, &schema);
    if (buffer_check(&schema, e) != 0)
        return -1;
    make_manifest(w, (const char *)schema.data, &text);
    return buffer_check(&text, e) == 0 ? put_manifest(w, &text, manifest, room, e) : -1;
}

void inventory_writer_free(struct inventory_writer *w)
{
    gzip_drop(&w->gzip);
    file_close(&w->fd);
    place_output_close(&w->place);
    for (size_t i = 0; i < w->file_count; i++)
        free(w->files[i].key);
    free(w->files);
    buffer_free(&w->line);
    *w = (struct inventory_writer){.fd = -1};
}
