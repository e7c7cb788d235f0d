/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_private.h - the parts of copying an object.
 *
 *     object_ends.c    the two places      object_key.c     what a copy is called
 *     object_copy.c    one copy, its rules object_stream.c  its bytes through here
 *     object_pieces.c  its properties      object_verify.c  whether it is what it should be
 */
#ifndef CORE_ENGINE_OBJECT_PRIVATE_H
#define CORE_ENGINE_OBJECT_PRIVATE_H

#include "crypto/hash.h"
#include "crypto/md5.h"
#include "engine/entry_copy.h"
#include "engine/object_copy.h"

#include <pthread.h>

enum { OBJECT_ENDS_MAGIC = 0x6f626a65, OBJECT_FOLDERS = 64 };

struct object_ends {
    uint32_t magic; /* OBJECT_ENDS_MAGIC */
    struct setup *setup;
    struct catalog_source *to_row; /* a copy of what `look` is opened from; NULL = no end */
    struct open_source from, to;
    bool from_flat, to_flat, one_store;
    char place[SOURCE_PLACE_SIZE];         /* of `from`; with one_store */
    pthread_mutex_t lock;                  /* guards what follows */
    struct open_source look;               /* the destination, to be read */
    struct buffer folders[OBJECT_FOLDERS]; /* keys of directories that are there, by hash */
};

/* Makes the directories above `key` (of the destination, a tree) that are not there. */
int object_ends_folders(struct object_ends *ends, const void *key, size_t key_size,
                        struct error *e);

/* ---- object_pieces.c ---- */

/* Properties that are kept.  `{0}` is empty; freed with object_pieces_free. */
struct object_pieces {
    struct lagan_metadata *items; /* sorted once object_pieces_sort was called */
    size_t count, room;
    struct buffer *texts; /* one for each item */
};
void object_pieces_free(struct object_pieces *pieces);
/* Takes one, in place of one of that kind and name. */
int object_pieces_set(struct object_pieces *pieces, const struct lagan_metadata *piece,
                      struct error *e);
void object_pieces_sort(struct object_pieces *pieces);
/* Takes all that come with the entry. */
int object_pieces_of(struct object_pieces *pieces, const struct lagan_entry *entry,
                     struct error *e);
/* The text of the property `name`, cut to `room`; "" when there is none. */
void object_pieces_text(const struct object_pieces *pieces, const char *name, char *text,
                        size_t room);
/* What the copy gets, out of what the original has. */
int object_pieces_choose(const struct object_ends *ends, const struct object_pieces *has,
                         const struct lagan_entry *entry,
                         const struct object_copy_options *options,
                         struct object_pieces *chosen, struct error *e);
/* An entry and its pieces, as a collector takes them. */
struct object_seen {
    struct entry_copy copy;
    struct object_pieces pieces;
    struct error error; /* why the collector refused */
};
struct lagan_entry_collector object_seen_collector(struct object_seen *seen);
void object_seen_free(struct object_seen *seen);

/* ---- one copy at work ---- */

struct object_work {
    struct object_ends *ends;
    const struct object_copy_options *options;
    const struct lagan_entry *entry; /* of the original, as given */
    struct object_copied *copied;
    uint64_t flags;            /* LAGAN_CREATE_... */
    struct object_seen source; /* the original, as opened or looked at */
    struct object_pieces chosen;
    struct object_pieces facts; /* of what was made */
    uint64_t bytes;
    struct hash hash;
    struct md5 md5;
    uint8_t digest[MD5_SIZE]; /* of what passed through here */
};
/* Facts and losses of what is made. */
struct lagan_metadata_collector object_work_collector(struct object_work *work);
/* The entry that is created. */
struct lagan_entry object_work_target(const struct object_work *work);
/* What pins the original: its id where that is one of the content. */
size_t object_work_id_size(const struct object_work *work);

/* object_stream.c: reads, hashes and writes. */
int object_stream(struct object_work *work, struct error *e);
/* object_verify.c: 0, or CORRUPT. */
int object_verify(struct object_work *work, struct error *e);

#endif
