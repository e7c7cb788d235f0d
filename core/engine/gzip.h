/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.h - gzip files (RFC 1952), written and read as streams, by libarchive. */
#ifndef CORE_ENGINE_GZIP_H
#define CORE_ENGINE_GZIP_H

#include "crypto/hash.h"
#include "crypto/md5.h"
#include "engine/place_file.h"

struct archive;
struct archive_entry;

/* Writes to a file.  `{0}` is closed. */
struct gzip_writer {
    struct archive *archive;
    struct archive_entry *entry;
    int fd;         /* the caller's */
    int failed;     /* errno of a write; 0 = none */
    uint64_t bytes; /* written to the file so far */
    struct md5 md5;
    struct hash hash;
};
int gzip_begin(struct gzip_writer *w, int fd, struct error *e);
int gzip_write(struct gzip_writer *w, const void *data, size_t size, struct error *e);
/* Ends the file: `bytes` is its length. */
int gzip_finish(struct gzip_writer *w, uint8_t md5[MD5_SIZE], uint8_t sha256[HASH_SIZE],
                struct error *e);
/* Frees; what was not finished is worth nothing. */
void gzip_drop(struct gzip_writer *w);

/* Reads what is compressed or not; it looks for itself. */
struct gzip_reader {
    struct archive *archive;
    struct place_input *in; /* the caller's */
    bool empty;             /* there is nothing in it */
    struct error error;     /* of `in` */
    uint64_t bytes;         /* read from it so far */
    struct md5 md5;         /* over them */
    struct hash hash;
    char part[64 * 1024];
};
int gzip_open(struct gzip_reader *r, struct place_input *in, struct error *e);
/* `*got` 0 at the end. */
int gzip_read(struct gzip_reader *r, void *data, size_t size, size_t *got, struct error *e);
/* Reads what is left of the input, and tells what all of it was; frees. */
int gzip_close(struct gzip_reader *r, uint8_t md5[MD5_SIZE], uint8_t sha256[HASH_SIZE],
               struct error *e);
void gzip_abandon(struct gzip_reader *r);

#endif
