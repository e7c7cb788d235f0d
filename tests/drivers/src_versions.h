/* SPDX-License-Identifier: Apache-2.0 */
/* src_versions.h - what the files of src_versions share. */
#ifndef SRC_VERSIONS_H
#define SRC_VERSIONS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <lagan/source.h>

#include <stdbool.h>

enum { PIECES = 64, HEAD_SIZE = 16384, KEY_SIZE = 1100, NAME_SIZE = 256, PATH_SIZE = 4096 };

struct instance {
    char *path;
    uint32_t phantoms;
};

struct handle {
    const struct instance *instance;
    const char *path;
    bool writable;
    uint8_t versions; /* enum lagan_versions */
};

/* One file, read. */
struct version {
    char name[NAME_SIZE]; /* TIME@ID */
    bool marker, current;
    uint64_t bytes, content; /* length and where it starts in the file */
    char head[HEAD_SIZE];    /* what the pieces point to */
    char etag[24];
    struct lagan_metadata pieces[PIECES];
    size_t count;
};

/* The file names of the versions of a key, oldest first. */
struct names {
    char (*items)[NAME_SIZE];
    size_t count, room;
};

/* How much of a version is told. */
enum tell { TELL_NOTHING, TELL_LISTED, TELL_HEAD, TELL_ALL };

uint32_t no_memory(struct lagan_op *op);
uint32_t fail_errno(struct lagan_op *op, const char *what);
/* Notes a request in PATH/.requests. */
void count_request(const struct handle *h, char what);

/* The folder of a key; -1 when it is too long. */
int encode(const void *key, size_t size, char name[NAME_SIZE]);
int compare(const void *a, size_t a_size, const void *b, size_t b_size);
/* All names in a folder but hidden ones, sorted; one that is not there is empty. */
uint32_t list_folder(struct lagan_op *op, const char *path, struct names *names);
void names_free(struct names *names);
/* The id in TIME@ID. */
const char *id_of(const char *name);
void make_etag(int fd, uint64_t offset, char etag[24]);
/* Finds what a key, with or without a version, means.  The open file into `*file`, which may be
 * NULL. */
uint32_t find(struct lagan_op *op, const char *path, const void *key, size_t size,
              char folder[NAME_SIZE], struct version *v, int *file);
uint32_t hand_over(const struct version *v, const void *key, size_t size, enum tell tell,
                   const struct lagan_entry_collector *entries);

/* The slots that write, without their contracts. */
uint32_t entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                    const struct lagan_entry_collector *attributes);
uint32_t entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                      uint64_t flags, void **writer);
uint32_t write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                  size_t size);
uint32_t write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length);
uint32_t entry_commit(void *writer, struct lagan_op *op, const struct lagan_metadata *pieces,
                      size_t count, const struct lagan_metadata_collector *lost);
void entry_abort(void *writer);
uint32_t node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                     uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                     const struct lagan_metadata_collector *lost);
uint32_t directory_finish(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                          uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost);
uint32_t place_name(void *handle, struct lagan_op *op, char *name, size_t size);
uint32_t entry_copy(void *handle, struct lagan_op *op, const char *place, const void *from,
                    size_t from_size, const void *id, size_t id_size,
                    const struct lagan_entry *entry, uint64_t flags,
                    const struct lagan_metadata *pieces, size_t count,
                    const struct lagan_metadata_collector *lost);
uint32_t entry_remove(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                      uint64_t flags);

#endif
