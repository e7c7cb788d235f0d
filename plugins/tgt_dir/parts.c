/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts.c - uploads in parts.
 *
 * The parts go into one file.  When all but the last have the same length, each lies where it
 * belongs, and the file becomes the object; else the parts are copied into another one, in
 * their order.
 */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct part {
    uint64_t offset; /* in the file */
    uint64_t bytes;  /* 0 = never put, or being replaced */
};

struct upload {
    struct stage stage;
    char key[LAGAN_KEY_LIMIT + 1];
    uint64_t bytes;       /* of the object */
    pthread_mutex_t lock; /* of what follows */
    struct part *parts;   /* by number - 1 */
    size_t room;
    uint64_t unit;  /* length of parts that lie where they belong; 0 = none yet */
    uint64_t extra; /* bytes behind the object's that others take */
};

uint32_t dir_multipart_begin(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                             void **upload)
{
    struct upload *u = calloc(1, sizeof *u);
    uint32_t result;
    if (!u)
        return fail_errno(op, ENOMEM, "an upload");
    result = file_begin(handle, op, 0, &u->stage);
    if (result != LAGAN_OK) {
        free(u);
        return result;
    }
    pthread_mutex_init(&u->lock, NULL);
    strncpy(u->key, key, LAGAN_KEY_LIMIT);
    u->bytes = bytes;
    *upload = u;
    return LAGAN_OK;
}

static void upload_free(struct upload *u)
{
    pthread_mutex_destroy(&u->lock);
    free(u->parts);
    free(u);
}

void dir_multipart_abort(void *upload)
{
    struct upload *u = upload;
    file_discard(&u->stage);
    upload_free(u);
}

/* True when the part has a place of its own among equal parts. */
static bool has_place(const struct upload *u, uint64_t before, uint64_t bytes)
{
    uint64_t start;
    if (bytes > u->unit || __builtin_mul_overflow(before, u->unit, &start) || start > u->bytes)
        return false;
    return bytes == u->unit ? bytes <= u->bytes - start : bytes == u->bytes - start;
}

static bool reserve(struct upload *u, size_t index)
{
    size_t room = index + index / 2 + 16;
    struct part *grown;
    if (index < u->room)
        return true;
    grown = realloc(u->parts, room * sizeof *grown);
    if (!grown)
        return false;
    memset(grown + u->room, 0, (room - u->room) * sizeof *grown);
    u->parts = grown;
    u->room = room;
    return true;
}

/* Gives the part its range of the file; false when memory runs out. */
static bool place(struct upload *u, uint32_t number, uint64_t bytes, uint64_t *offset)
{
    size_t index = number - 1;
    bool there;
    pthread_mutex_lock(&u->lock);
    there = reserve(u, index);
    if (there) {
        u->parts[index].bytes = 0;
        if (u->unit == 0)
            u->unit = bytes;
        if (has_place(u, index, bytes)) {
            *offset = index * u->unit;
        } else {
            *offset = u->bytes + u->extra;
            u->extra += bytes;
        }
    }
    pthread_mutex_unlock(&u->lock);
    return there;
}

static uint32_t write_at(int fd, struct lagan_op *op, uint64_t offset, const uint8_t *data,
                         size_t size)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, data, size, (off_t)offset);
        if (written < 0 && errno != EINTR)
            return fail_errno(op, errno, "writing");
        if (written > 0) {
            data += written;
            offset += (uint64_t)written;
            size -= (size_t)written;
        }
    }
    return LAGAN_OK;
}

/* A part on its way: its place, and its checksum so far (NULL = none). */
struct passage {
    int fd;
    uint64_t start;
    uint64_t bytes;
    EVP_MD_CTX *digest;
};

static uint32_t pass(const struct passage *p, struct lagan_op *op,
                     const struct lagan_content *content)
{
    uint8_t *piece = malloc(STEP_BYTES);
    uint32_t result = LAGAN_OK;
    if (!piece)
        return fail_errno(op, ENOMEM, "a piece of the object");
    for (uint64_t at = 0; result == LAGAN_OK && at < p->bytes; at += STEP_BYTES) {
        uint64_t left = p->bytes - at;
        size_t size = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
        result = check_cancelled(op);
        if (result == LAGAN_OK)
            result = content->read(content->context, at, piece, size);
        if (result == LAGAN_OK && p->digest && EVP_DigestUpdate(p->digest, piece, size) != 1)
            result = lagan_fail(op, LAGAN_INTERNAL, 0, "computing a checksum failed");
        if (result == LAGAN_OK)
            result = write_at(p->fd, op, p->start + at, piece, size);
    }
    free(piece);
    return result;
}

static uint32_t pass_checked(struct passage *p, struct lagan_op *op,
                             const struct lagan_content *content, const uint8_t *sha256)
{
    uint8_t computed[EVP_MAX_MD_SIZE];
    uint32_t result;
    p->digest = EVP_MD_CTX_new();
    if (!p->digest || EVP_DigestInit_ex(p->digest, EVP_sha256(), NULL) != 1)
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "computing a checksum failed");
    else
        result = pass(p, op, content);
    if (result == LAGAN_OK && EVP_DigestFinal_ex(p->digest, computed, NULL) != 1)
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "computing a checksum failed");
    if (result == LAGAN_OK && memcmp(computed, sha256, SHA256_BYTES) != 0)
        result = lagan_fail(op, LAGAN_CORRUPT, 0, "the bytes do not have the given checksum");
    EVP_MD_CTX_free(p->digest);
    return result;
}

uint32_t dir_part_put(void *upload, struct lagan_op *op, uint32_t number, uint64_t bytes,
                      const struct lagan_content *content, const uint8_t *sha256)
{
    struct upload *u = upload;
    struct passage p = {.fd = u->stage.temporary.fd, .bytes = bytes};
    uint32_t result;
    if (number == 0 || bytes == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "parts are numbered from 1 and not empty");
    if (number > DIR_PART_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "an upload has at most %d parts", DIR_PART_LIMIT);
    if (!place(u, number, bytes, &p.start))
        return fail_errno(op, ENOMEM, "the list of parts");
    result = sha256 ? pass_checked(&p, op, content, sha256) : pass(&p, op, content);
    if (result != LAGAN_OK)
        return result;
    pthread_mutex_lock(&u->lock);
    u->parts[number - 1] = (struct part){.offset = p.start, .bytes = bytes};
    pthread_mutex_unlock(&u->lock);
    return LAGAN_OK;
}

/* Whether the parts make up the object; `*in_place`: the file is the object. */
static bool is_complete(const struct upload *u, uint32_t parts, bool *in_place)
{
    uint64_t bytes = 0;
    *in_place = true;
    for (uint32_t i = 0; i < parts; i++) {
        if (i >= u->room || u->parts[i].bytes == 0)
            return false;
        *in_place = *in_place && u->parts[i].offset == bytes;
        if (__builtin_add_overflow(bytes, u->parts[i].bytes, &bytes))
            return false;
    }
    return bytes == u->bytes;
}

/* Copies the parts into a file of their order. */
static uint32_t reorder(struct upload *u, struct lagan_op *op, uint32_t parts,
                        struct stage *ordered)
{
    uint32_t result = file_begin(u->stage.store, op, 0, ordered);
    for (uint32_t i = 0; result == LAGAN_OK && i < parts; i++)
        result = file_copy(ordered, op, u->stage.temporary.fd, u->parts[i].offset,
                           u->parts[i].bytes);
    if (result != LAGAN_OK)
        file_discard(ordered);
    return result;
}

uint32_t dir_multipart_complete(void *upload, struct lagan_op *op, uint32_t parts,
                                uint64_t flags)
{
    struct upload *u = upload;
    struct stage ordered;
    bool in_place;
    uint32_t result = LAGAN_OK;
    if (!is_complete(u, parts, &in_place)) {
        result = lagan_fail(op, LAGAN_INVALID, 0, "the parts do not make up the object");
    } else if (in_place) {
        if (ftruncate(u->stage.temporary.fd, (off_t)u->bytes) < 0)
            result = fail_errno(op, errno, "the object's length");
        else
            result = file_commit(&u->stage, op, u->key, flags);
    } else {
        result = reorder(u, op, parts, &ordered);
        if (result == LAGAN_OK)
            result = file_commit(&ordered, op, u->key, flags);
    }
    dir_multipart_abort(u);
    return result;
}
