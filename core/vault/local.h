/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h - files of this room in the vault's cache directory: tables of contents, index
 * segments, journals of sessions.  They may be lost or torn at any time: whoever reads one
 * checks it.
 */
#ifndef CORE_VAULT_LOCAL_H
#define CORE_VAULT_LOCAL_H

#include "base/buffer.h"
#include "vault/vault_private.h"

/* Path of `folder`/`name` in the cache directory, made as far as the folder; `name` NULL = the
 * folder itself. The caller frees; NULL when there is no cache directory or it cannot be used.
 */
char *local_path(const struct vault *v, const char *folder, const char *name);

/* Appends a file of at most `limit` bytes to `out`; false when there is none that can be read.
 */
bool local_load(const struct vault *v, const char *folder, const char *name, size_t limit,
                struct buffer *out);
/* Writes or replaces a file, not durably.  Failures are of no interest. */
void local_save(const struct vault *v, const char *folder, const char *name, const void *data,
                size_t size);
void local_remove(const struct vault *v, const char *folder, const char *name);

/* Removes a file that was not changed for `seconds`. */
void local_remove_old(const struct vault *v, const char *folder, const char *name,
                      int64_t seconds);

/* A file without a name, for reading and writing: in the cache directory, else in $TMPDIR or
 * /tmp. The descriptor, or -1. */
int local_temporary(const struct vault *v, struct error *e);

/* Calls `each` with the names of all files in a folder, but for temporary ones, which are
 * removed when they are a day old. */
void local_list(const struct vault *v, const char *folder,
                void (*each)(void *context, const char *name), void *context);

/* Writes a file in parts under a temporary name: the descriptor, or -1. */
struct local_file {
    char *temporary;
    char *path;
    int fd;
};
int local_create(const struct vault *v, const char *folder, const char *name,
                 struct local_file *f, struct error *e);
/* Gives it its name and leaves the descriptor to the caller. */
int local_publish(struct local_file *f, struct error *e);
/* Removes what was not published and closes; after local_publish it frees only. */
void local_discard(struct local_file *f);

#endif
