/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - the seam for the core's own files (configuration, secrets, cache, catalog folder).
 * Data of backups never passes here: sources and targets are drivers.
 */
#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include "base/buffer.h"

#include <sys/types.h>

/* Reads a whole regular file of at most `limit` bytes into `out` (appended). */
int file_read(const char *path, size_t limit, struct buffer *out, struct error *e);
/* Writes `size` bytes under a temporary name in the same directory, fsyncs, renames over
 * `path`, fsyncs the directory.  `mode` is the final mode (subject to no umask). */
int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode,
                      struct error *e);
/* As file_write_atomic, but never replaces: class EXISTS.  `check` (NULL = none) may look at
 * what was written, under the name `readable`, before it gets its own; when it fails there is
 * no file. Where the file system has files without a name, a crash leaves nothing behind. */
int file_write_new(const char *path, const void *data, size_t size, mode_t mode,
                   int (*check)(const char *readable, struct error *e), struct error *e);
/* As mkdir -p with `mode` for each directory that is new.  Existing directories are kept. */
int file_make_directories(const char *path, mode_t mode, struct error *e);
/* Loops until all is written / `size` bytes or the end is read; handles EINTR.  `path` is for
 * the message only.  file_read_at returns the count through `*got`. */
int file_write_all(int fd, const void *data, size_t size, const char *path, struct error *e);
int file_read_at(int fd, uint64_t offset, void *data, size_t size, size_t *got,
                 const char *path, struct error *e);
/* Makes the directory that contains `path` durable. */
int file_sync_parent(const char *path, struct error *e);
/* close() if fd >= 0, and sets *fd to -1; for scope cleanup of descriptors. */
void file_close(int *fd);
#define CLEANUP_FD __attribute__((cleanup(file_close)))
/* free() of a char pointer variable; for scope cleanup. */
void file_free_text(char **text);
#define CLEANUP_TEXT __attribute__((cleanup(file_free_text)))

#endif
