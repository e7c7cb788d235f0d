/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.c - see gzip.h. */
#include "engine/gzip.h"

#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int failed(struct archive *a, const char *what, struct error *e)
{
    const char *text = archive_error_string(a);

    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", what,
                     text != NULL ? text : "libarchive does not say why");
}

/* ---- writing ---- */

static la_ssize_t on_write(struct archive *a, void *context, const void *data, size_t size)
{
    struct gzip_writer *w = context;
    struct error why = ERROR_INIT;

    if (file_write_all(w->fd, data, size, "a scratch file", &why) != 0) {
        w->failed = why.native != 0 ? why.native : EIO;
        archive_set_error(a, w->failed, "%s", why.text);
        return -1;
    }
    w->bytes += size;
    md5_update(&w->md5, data, size);
    hash_update(&w->hash, data, size);
    return (la_ssize_t)size;
}

static int write_failed(const struct gzip_writer *w, struct error *e)
{
    if (w->failed != 0)
        return error_errno(e, w->failed, "cannot write a scratch file");
    return failed(w->archive, "cannot compress", e);
}

int gzip_begin(struct gzip_writer *w, int fd, struct error *e)
{
    *w = (struct gzip_writer){.fd = fd};
    md5_begin(&w->md5);
    hash_begin(&w->hash);
    w->archive = archive_write_new();
    w->entry = archive_entry_new();
    if (w->archive == NULL || w->entry == NULL) {
        gzip_drop(w);
        return error_no_memory(e, "a compressor");
    }
    archive_entry_set_filetype(w->entry, AE_IFREG);
    /* No time of now in it, no zeroes behind it. */
    archive_write_set_bytes_in_last_block(w->archive, 1);
    if (archive_write_add_filter_gzip(w->archive) == ARCHIVE_OK &&
        archive_write_set_filter_option(w->archive, "gzip", "timestamp", NULL) == ARCHIVE_OK &&
        archive_write_set_format_raw(w->archive) == ARCHIVE_OK &&
        archive_write_open(w->archive, w, NULL, on_write, NULL) == ARCHIVE_OK &&
        archive_write_header(w->archive, w->entry) == ARCHIVE_OK)
        return 0;
    write_failed(w, e);
    gzip_drop(w);
    return -1;
}

int gzip_write(struct gzip_writer *w, const void *data, size_t size, struct error *e)
{
    return archive_write_data(w->archive, data, size) == (la_ssize_t)size ? 0
                                                                          : write_failed(w, e);
}

int gzip_finish(struct gzip_writer *w, uint8_t md5[MD5_SIZE], uint8_t sha256[HASH_SIZE],
                struct error *e)
{
    if (archive_write_close(w->archive) != ARCHIVE_OK)
        return write_failed(w, e);
    md5_finish(&w->md5, md5);
    hash_finish(&w->hash, sha256);
    return 0;
}

void gzip_drop(struct gzip_writer *w)
{
    if (w->archive != NULL)
        archive_write_free(w->archive);
    if (w->entry != NULL)
        archive_entry_free(w->entry);
    w->archive = NULL;
    w->entry = NULL;
}

/* ---- reading ---- */

static int read_part(struct gzip_reader *r, size_t *got)
{
    if (place_input_read(r->in, r->part, sizeof(r->part), got, &r->error) != 0)
        return -1;
    r->bytes += *got;
    md5_update(&r->md5, r->part, *got);
    hash_update(&r->hash, r->part, *got);
    return 0;
}

static la_ssize_t on_read(struct archive *a, void *context, const void **data)
{
    struct gzip_reader *r = context;
    size_t got = 0;

    if (read_part(r, &got) != 0) {
        archive_set_error(a, EIO, "%s", r->error.text);
        return -1;
    }
    *data = r->part;
    return (la_ssize_t)got;
}

static int read_failed(struct gzip_reader *r, struct error *e)
{
    if (r->error.error_class != LAGAN_OK) {
        *e = r->error;
        return -1;
    }
    return failed(r->archive, place_input_name(r->in), e);
}

int gzip_open(struct gzip_reader *r, struct place_input *in, struct error *e)
{
    struct archive_entry *entry;

    r->in = in;
    r->bytes = 0;
    r->error = ERROR_INIT;
    md5_begin(&r->md5);
    hash_begin(&r->hash);
    r->archive = archive_read_new();
    if (r->archive == NULL)
        return error_no_memory(e, "a decompressor");
    archive_read_support_filter_gzip(r->archive);
    archive_read_support_format_raw(r->archive);
    archive_read_support_format_empty(r->archive);
    if (archive_read_open(r->archive, r, NULL, on_read, NULL) == ARCHIVE_OK) {
        int status = archive_read_next_header(r->archive, &entry);
        r->empty = status == ARCHIVE_EOF;
        if (status == ARCHIVE_OK || r->empty)
            return 0;
    }
    read_failed(r, e);
    gzip_abandon(r);
    return -1;
}

int gzip_read(struct gzip_reader *r, void *data, size_t size, size_t *got, struct error *e)
{
    la_ssize_t count = r->empty ? 0 : archive_read_data(r->archive, data, size);

    if (count < 0)
        return read_failed(r, e);
    *got = (size_t)count;
    return 0;
}

int gzip_close(struct gzip_reader *r, uint8_t md5[MD5_SIZE], uint8_t sha256[HASH_SIZE],
               struct error *e)
{
    size_t got = 0;

    do {
        if (read_part(r, &got) != 0) {
            read_failed(r, e);
            gzip_abandon(r);
            return -1;
        }
    } while (got > 0);
    md5_finish(&r->md5, md5);
    hash_finish(&r->hash, sha256);
    gzip_abandon(r);
    return 0;
}

void gzip_abandon(struct gzip_reader *r)
{
    if (r->archive != NULL)
        archive_read_free(r->archive);
    r->archive = NULL;
}
