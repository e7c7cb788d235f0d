/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tgt_dir.h - the parts of the directory target, and what they share.
 *
 * An object is a file whose path below the root is the object's key.  It is written without a
 * name or under one in the private folder "@tmp", made durable (fsync), and then given its
 * final name in one step that never replaces anything.  Names become durable at flush, which
 * syncs every folder in which a name came or went.  "@" is not allowed in keys, so private
 * names and keys never meet.
 */
#ifndef PLUGINS_TGT_DIR_H
#define PLUGINS_TGT_DIR_H

#include <lagan/target.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#define TEMPORARY_FOLDER "@tmp"
#define MARKER_NAME "@lagan"

enum { FOLDER_MODE = 0700, OBJECT_MODE = 0400 };
enum { STEP_BYTES = 1 << 20 }; /* moved between two looks at the op */

/* A folder whose names have been or will be changed through this handle. */
struct folder {
    char *path; /* below the root; "" is the root itself */
    bool dirty; /* a name came or went since the last flush, or may have */
    bool there; /* a name came or went through this handle, so that it is no mere intention */
};

/* The folders to be synced by flush, sorted by path. */
struct folder_set {
    pthread_mutex_t lock;
    struct folder *folders;
    size_t count;
    size_t room;
    pthread_mutex_t flushing; /* one flush at a time: each waits for what others have begun */
    bool failed;              /* a sync failed: what was reported since cannot be vouched for */
};

/* Where temporary files with names are made: "@tmp/NAME", held by a lock on its file "lock". */
struct workplace {
    pthread_mutex_t mutex;
    int folder;    /* -1 = none yet */
    int lock_file; /* -1 = none yet */
    char name[40];
    unsigned long long next;
};

/* An open directory. */
struct store {
    int root;
    bool read_only;
    bool direct;         /* long objects are written around the page cache */
    atomic_bool unnamed; /* files are made without a name (O_TMPFILE) */
    struct folder_set set;
    struct workplace workplace;
};

/* A file that has no final name yet. */
struct temporary {
    int fd;
    char name[24]; /* in the workplace; "" = none */
};

/* Where a key's file lies: the path of its folder ("" = the root), and its name in there. */
struct location {
    char folder[LAGAN_KEY_LIMIT + 1];
    const char *name; /* within the key */
};

/* failure.c: errno values and the classes they stand for. */

/* Fills the op with the class of errno value `number` and "WHAT: text of errno"; returns the
 * class. */
uint32_t fail_errno(struct lagan_op *op, int number, const char *what);
/* LAGAN_UNSUPPORTED for an unknown bit in the low half of `flags`, else LAGAN_OK. */
uint32_t check_flags(struct lagan_op *op, uint64_t flags, uint64_t known);
/* LAGAN_CANCELLED, with the op filled, once the op is cancelled; else LAGAN_OK. */
uint32_t check_cancelled(struct lagan_op *op);

/* path.c: ways below the root that no symbolic link can lead astray. */

/* Opens `path` ("" = the root) below `root` without following any link.  As open(2). */
int open_beneath(int root, const char *path, int flags);
struct location locate(const char *key);
/* Opens the folder `path` (O_PATH) into `*fd`, made with all above it when absent. */
uint32_t open_folder(struct store *s, struct lagan_op *op, const char *path, int *fd);

/* durable.c: the set of folders. */

void folder_set_init(struct folder_set *set);
void folder_set_destroy(struct folder_set *set);
/* Makes sure that folder_set_touch(path) will find the folder; adds those above it, dirty, when
 * it is new: somebody else may just have made them.  LAGAN_OK or LAGAN_INTERNAL. */
uint32_t folder_set_know(struct folder_set *set, struct lagan_op *op, const char *path);
/* Marks a known folder dirty. */
void folder_set_touch(struct folder_set *set, const char *path);
/* Syncs all dirty folders below `root`. */
uint32_t folder_set_flush(struct folder_set *set, struct lagan_op *op, int root);

/* temporary.c: files on their way to a name. */

void workplace_init(struct workplace *w);
/* Removes the workplace's own folder. */
void workplace_leave(struct store *s);
uint32_t temporary_create(struct store *s, struct lagan_op *op, struct temporary *t);
/* Gives the synced file the name `name` in `folder` unless that is taken (LAGAN_EXISTS). Closes
 * the file and leaves nothing else behind, in any case. */
uint32_t temporary_publish(struct store *s, struct lagan_op *op, struct temporary *t,
                           int folder, const char *name);
void temporary_discard(struct store *s, struct temporary *t);

/* sweep.c */
uint32_t dir_sweep(void *handle, struct lagan_op *op, int64_t older_than_ns, uint64_t *removed);

/* place.c: the directory as a whole. */

/* Opens the directory `path` into a new store; `named`: no file is ever without a name. */
uint32_t place_open(struct lagan_op *op, const char *path, uint64_t flags, bool named,
                    struct store **store);
void place_close(struct store *s);

/* write.c */

/* A file that is being written. */
struct stage {
    struct store *store;
    struct temporary temporary;
    struct direct *direct; /* long objects are written around the page cache; may be NULL */
    uint64_t written;
    uint64_t hinted; /* up to here the kernel was told to start writing back */
    uint32_t failed; /* the class of a failed write */
};
enum { SHA256_BYTES = 32 };

/* Begins one; `bytes_hint`: how long the object may become, 0 for what file_copy fills. */
uint32_t file_begin(struct store *s, struct lagan_op *op, uint64_t bytes_hint,
                    struct stage *stage);
/* Appends a range of the file `fd`. */
uint32_t file_copy(struct stage *stage, struct lagan_op *op, int fd, uint64_t offset,
                   uint64_t bytes);
/* Syncs it and names it, as the slot stage_commit.  Uses it up. */
uint32_t file_commit(struct stage *stage, struct lagan_op *op, const char *key, uint64_t flags);
void file_discard(struct stage *stage);

uint32_t dir_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                 const struct lagan_content *content, uint64_t flags, const uint8_t *sha256);
uint32_t dir_stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint, void **stage);
uint32_t dir_stage_write(void *stage, struct lagan_op *op, const void *data, size_t size);
uint32_t dir_stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags);
void dir_stage_abort(void *stage);
/* The root's marker, which tells an empty directory from one whose file system is not mounted.
 */
uint32_t write_marker(struct store *s, struct lagan_op *op);

/* read.c */
uint32_t dir_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                 uint64_t length, const struct lagan_sink *sink);
uint32_t dir_stat(void *handle, struct lagan_op *op, const char *key,
                  struct lagan_object *object);
uint32_t dir_remove(void *handle, struct lagan_op *op, const char *key);

/* Opens the object's file and examines it; a folder of that name is not the object. */
uint32_t open_object(struct store *s, struct lagan_op *op, const char *key, int flags, int *fd,
                     struct stat *status);

/* parts.c */

enum { DIR_PART_LIMIT = 10000 };

uint32_t dir_multipart_begin(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                             void **upload);
uint32_t dir_part_put(void *upload, struct lagan_op *op, uint32_t number, uint64_t bytes,
                      const struct lagan_content *content, const uint8_t *sha256);
uint32_t dir_multipart_complete(void *upload, struct lagan_op *op, uint32_t parts,
                                uint64_t flags);
void dir_multipart_abort(void *upload);

/* names.c */
uint32_t dir_copy(void *handle, struct lagan_op *op, const char *from, const char *to,
                  uint64_t flags);
uint32_t dir_rename(void *handle, struct lagan_op *op, const char *from, const char *to,
                    uint64_t flags);
uint32_t dir_clock(void *handle, struct lagan_op *op, int64_t *now_ns);

/* list.c */
uint32_t dir_list(void *handle, struct lagan_op *op, const char *prefix,
                  const char *start_after, uint32_t limit,
                  const struct lagan_object_collector *objects, int *more);

#endif
