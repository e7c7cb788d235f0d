/* SPDX-License-Identifier: Apache-2.0 */
/* upload.h - the inside of an upload in parts. */
#ifndef PLUGINS_COMMON_S3_UPLOAD_H
#define PLUGINS_COMMON_S3_UPLOAD_H

#include "common/s3/operation.h"

#include <pthread.h>

enum { S3_UPLOAD_ID_SIZE = 2048 }; /* bytes of an upload's id with its terminator */

/* A part that the store has. */
struct s3_part {
    bool there;
    uint64_t bytes;
    char etag[S3_ETAG_SIZE];
};

#define S3_UPLOAD_MAGIC UINT64_C(0x64616f6c70753373) /* "s3upload" */

struct s3_upload {
    uint64_t magic;
    struct s3 *client;
    pthread_mutex_t mutex;
    pthread_mutex_t *lock; /* of the parts; it is `mutex`, in reach of who may only look */
    struct s3_part *parts; /* part `number` is at number - 1 */
    uint32_t room;
    struct s3_text tags; /* to be put once it is whole: name, 0, value, 0, ... */
    size_t tag_count;
    size_t key_size;
    char key[S3_KEY_LIMIT];
    char id[S3_UPLOAD_ID_SIZE];
};

/* NULL without memory. */
struct s3_upload *s3_upload_new(struct s3 *client, const char *key, size_t key_size,
                                const char *id);
void s3_upload_free(struct s3_upload *upload);
/* Notes a part; false without memory. */
bool s3_upload_note(struct s3_upload *upload, uint32_t number, const char *etag,
                    uint64_t bytes);
/* Parts of an upload as a page of them is read: `{.op, .upload}` at first. */
struct s3_parts {
    struct lagan_op *op;
    struct s3_upload *upload; /* which notes them */
    uint64_t number;          /* of the part at work; 0 = not told */
    uint64_t last;            /* largest number so far */
    uint64_t bytes;
    char etag[S3_ETAG_SIZE];
    bool has_bytes;
    bool has_truncated;
    bool truncated;
};
struct s3_xml_reader s3_parts_reader(struct s3_parts *parts);
/* A request about an upload of that id. */
struct s3_request s3_upload_request(enum s3_method method, const char *key, size_t key_size,
                                    const char *id);
/* The ETag that stores give to an object of parts 1 to `parts`: the MD5 of the parts' MD5s and
 * their number.  False when the parts' ETags are no MD5s. */
bool s3_upload_etag(const struct s3_upload *upload, uint32_t parts, char etag[S3_ETAG_SIZE]);
/* Aborts the upload of that id; absent is OK.  `op` may be cancelled. */
uint32_t s3_upload_remove(struct s3 *client, struct lagan_op *op, const char *key,
                          size_t key_size, const char *id);

#endif
