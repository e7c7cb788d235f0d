/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.c - putting objects.  A put is a stage that the driver fills itself.
 *
 * Errors of write, fsync and close are final for the object: the pages may have been marked
 * clean, so that a second fsync would succeed without the bytes being anywhere.
 */
#include "tgt_dir/tgt_dir.h"

#include "common/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HINT_BYTES = 8 << 20 };  /* written between two hints to start writing back */
enum { COPY_BYTES = 64 << 20 }; /* copied between two looks at the op */

uint32_t file_begin(struct store *s, struct lagan_op *op, uint64_t bytes_hint,
                    struct stage *stage)
{
    uint32_t result = check_cancelled(op);
    *stage = (struct stage){.store = s, .temporary = {.fd = -1}};
    if (result != LAGAN_OK)
        return result;
    if (s->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    result = temporary_create(s, op, &stage->temporary);
    if (result == LAGAN_OK && s->direct && bytes_hint >= DIRECT_WORTH_BYTES)
        stage->direct = direct_begin(stage->temporary.fd, DIRECT_LEAST_BYTES);
    return result;
}

void file_discard(struct stage *stage)
{
    direct_drop(stage->direct);
    stage->direct = NULL;
    temporary_discard(stage->store, &stage->temporary);
}

/* Waits for what is being written. */
static uint32_t settle(struct stage *stage, struct lagan_op *op)
{
    int error = direct_end(stage->direct);
    stage->direct = NULL;
    return error != 0 ? fail_errno(op, error, "writing") : (uint32_t)LAGAN_OK;
}

/* Starts writing back what has piled up, so that the fsync at the end is short.  This neither
 * waits for errors nor swallows them: fsync still reports each. */
static uint32_t hint(struct stage *stage, struct lagan_op *op)
{
    int result;
    if (stage->direct || stage->written - stage->hinted < HINT_BYTES)
        return LAGAN_OK;
    result = sync_file_range(stage->temporary.fd, (off_t)stage->hinted,
                             (off_t)(stage->written - stage->hinted), SYNC_FILE_RANGE_WRITE);
    stage->hinted = stage->written;
    if (result < 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT))
        return fail_errno(op, errno, "writing");
    return LAGAN_OK;
}

/* write(2), or its like around the page cache. */
static ssize_t write_some(struct stage *stage, const void *data, size_t size)
{
    if (!stage->direct)
        return write(stage->temporary.fd, data, size);
    errno = direct_write(stage->direct, stage->written, data, size);
    return errno == 0 ? (ssize_t)size : -1;
}

static uint32_t write_all(struct stage *stage, struct lagan_op *op, const void *data,
                          size_t size)
{
    const uint8_t *next = data;
    while (size > 0) {
        size_t step = size < STEP_BYTES ? size : STEP_BYTES;
        ssize_t written = write_some(stage, next, step);
        uint32_t result = LAGAN_OK;
        if (written < 0 && errno != EINTR)
            return fail_errno(op, errno, "writing");
        if (written > 0) {
            next += written;
            size -= (size_t)written;
            stage->written += (uint64_t)written;
            result = hint(stage, op);
        }
        if (result == LAGAN_OK)
            result = check_cancelled(op);
        if (result != LAGAN_OK)
            return result;
    }
    return LAGAN_OK;
}

/* Where the kernel cannot copy between files by itself. */
static uint32_t copy_by_hand(struct stage *stage, struct lagan_op *op, int fd, uint64_t offset,
                             uint64_t bytes)
{
    uint8_t *piece = malloc(STEP_BYTES);
    uint32_t result = LAGAN_OK;
    if (!piece)
        return fail_errno(op, ENOMEM, "a piece of the object");
    while (result == LAGAN_OK && bytes > 0) {
        ssize_t got =
            pread(fd, piece, bytes < STEP_BYTES ? (size_t)bytes : STEP_BYTES, (off_t)offset);
        if (got > 0) {
            result = write_all(stage, op, piece, (size_t)got);
            offset += (uint64_t)got;
            bytes -= (uint64_t)got;
        } else if (got == 0 || errno != EINTR) {
            result = fail_errno(op, got == 0 ? EIO : errno, "reading the object");
        }
    }
    free(piece);
    return result;
}

/* Shares the bytes where the file system can. */
uint32_t file_copy(struct stage *stage, struct lagan_op *op, int fd, uint64_t offset,
                   uint64_t bytes)
{
    off_t from = (off_t)offset;
    while (bytes > 0) {
        size_t step = bytes < COPY_BYTES ? (size_t)bytes : COPY_BYTES;
        ssize_t copied = copy_file_range(fd, &from, stage->temporary.fd, NULL, step, 0);
        uint32_t result = check_cancelled(op);
        if (result != LAGAN_OK)
            return result;
        if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
            return fail_errno(op, errno, "copying the object");
        if (copied <= 0)
            return copy_by_hand(stage, op, fd, (uint64_t)from, bytes);
        bytes -= (uint64_t)copied;
        stage->written += (uint64_t)copied;
    }
    return LAGAN_OK;
}

/* EXISTS when the name is taken by an object; its name is then made durable too by the next
 * flush, since the caller will count on it. */
static uint32_t check_free(struct store *s, struct lagan_op *op, int folder,
                           const struct location *location)
{
    struct stat status;
    if (fstatat(folder, location->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? (uint32_t)LAGAN_OK
                               : fail_errno(op, errno, "the object's name");
    if (!S_ISREG(status.st_mode))
        return lagan_fail(op, LAGAN_LIMIT, 0,
                          "the name is taken by something that is no object");
    folder_set_touch(&s->set, location->folder);
    return lagan_fail(op, LAGAN_EXISTS, 0, "the name is taken");
}

/* Syncs the file and names it.  Uses up the temporary file. */
static uint32_t name_file(struct stage *stage, struct lagan_op *op, int folder,
                          const struct location *location)
{
    struct store *s = stage->store;
    uint32_t result = check_free(s, op, folder, location);
    if (result == LAGAN_OK)
        result = settle(stage, op);
    if (result == LAGAN_OK && fsync(stage->temporary.fd) < 0)
        result = fail_errno(op, errno, "syncing the object");
    if (result != LAGAN_OK) {
        file_discard(stage);
        return result;
    }
    result = temporary_publish(s, op, &stage->temporary, folder, location->name);
    if (result == LAGAN_OK || result == LAGAN_EXISTS)
        folder_set_touch(&s->set, location->folder);
    return result;
}

uint32_t file_commit(struct stage *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    struct store *s = stage->store;
    struct location location = locate(key);
    int folder = -1;
    uint32_t result = check_flags(op, flags, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE);
    if (result == LAGAN_OK)
        result = check_cancelled(op);
    if (result == LAGAN_OK && stage->failed)
        result = lagan_fail(op, stage->failed, 0, "an earlier write of the object failed");
    if (result == LAGAN_OK)
        result = open_folder(s, op, location.folder, &folder);
    if (result != LAGAN_OK) {
        file_discard(stage);
        return result;
    }
    result = name_file(stage, op, folder, &location);
    close(folder);
    if (result == LAGAN_OK && (flags & LAGAN_PUT_DURABLE)) {
        result = folder_set_flush(&s->set, op, s->root);
        if (result != LAGAN_OK)
            op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    }
    return result;
}

/* Copies the content into the stage, through `digest` when that is not NULL. */
static uint32_t copy_content(struct stage *stage, struct lagan_op *op, uint64_t bytes,
                             const struct lagan_content *content, EVP_MD_CTX *digest)
{
    uint32_t result = LAGAN_OK;
    uint8_t *piece = malloc(bytes < STEP_BYTES ? (size_t)bytes + 1 : STEP_BYTES);
    if (!piece)
        return fail_errno(op, ENOMEM, "a piece of the object");
    while (result == LAGAN_OK && stage->written < bytes) {
        uint64_t left = bytes - stage->written;
        size_t size = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
        result = content->read(content->context, stage->written, piece, size);
        if (result == LAGAN_OK && digest && EVP_DigestUpdate(digest, piece, size) != 1)
            result = lagan_fail(op, LAGAN_INTERNAL, 0, "computing a checksum failed");
        if (result == LAGAN_OK)
            result = write_all(stage, op, piece, size);
    }
    free(piece);
    return result;
}

static uint32_t copy_checked(struct stage *stage, struct lagan_op *op, uint64_t bytes,
                             const struct lagan_content *content, const uint8_t *sha256)
{
    uint8_t computed[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    uint32_t result;
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "computing a checksum failed");
    else
        result = copy_content(stage, op, bytes, content, digest);
    if (result == LAGAN_OK && EVP_DigestFinal_ex(digest, computed, NULL) != 1)
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "computing a checksum failed");
    if (result == LAGAN_OK && memcmp(computed, sha256, SHA256_BYTES) != 0)
        result = lagan_fail(op, LAGAN_CORRUPT, 0, "the bytes do not have the given checksum");
    EVP_MD_CTX_free(digest);
    return result;
}

/* Spares the reading of the content when the name is taken already. */
static uint32_t check_free_first(struct store *s, struct lagan_op *op, const char *key)
{
    struct location location = locate(key);
    int folder = -1;
    uint32_t result = open_folder(s, op, location.folder, &folder);
    if (result != LAGAN_OK)
        return result;
    result = check_free(s, op, folder, &location);
    close(folder);
    return result;
}

uint32_t dir_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                 const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    struct store *s = handle;
    struct stage stage;
    uint32_t result = file_begin(s, op, bytes, &stage);
    if (result == LAGAN_OK)
        result = check_free_first(s, op, key);
    if (result == LAGAN_OK)
        result = sha256 ? copy_checked(&stage, op, bytes, content, sha256)
                        : copy_content(&stage, op, bytes, content, NULL);
    if (result == LAGAN_OK)
        return file_commit(&stage, op, key, flags);
    file_discard(&stage);
    return result;
}

uint32_t dir_stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint, void **stage)
{
    struct stage *made = malloc(sizeof *made);
    uint32_t result;
    if (!made)
        return fail_errno(op, ENOMEM, "a new object");
    result = file_begin(handle, op, bytes_hint, made);
    if (result != LAGAN_OK) {
        free(made);
        return result;
    }
    *stage = made;
    return LAGAN_OK;
}

uint32_t dir_stage_write(void *stage, struct lagan_op *op, const void *data, size_t size)
{
    struct stage *s = stage;
    if (s->failed)
        return lagan_fail(op, s->failed, 0, "an earlier write of the object failed");
    s->failed = write_all(s, op, data, size);
    return s->failed;
}

uint32_t dir_stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    struct stage *s = stage;
    uint32_t result = file_commit(s, op, key, flags);
    free(s);
    return result;
}

void dir_stage_abort(void *stage)
{
    struct stage *s = stage;
    file_discard(s);
    free(s);
}

uint32_t write_marker(struct store *s, struct lagan_op *op)
{
    static const char text[] = "a directory of lagan storage, version 1\n";
    struct location location = {.name = MARKER_NAME};
    struct stage stage;
    uint32_t result = file_begin(s, op, 0, &stage);
    if (result == LAGAN_OK)
        result = folder_set_know(&s->set, op, "");
    if (result == LAGAN_OK)
        result = write_all(&stage, op, text, sizeof text - 1);
    if (result == LAGAN_OK)
        result = name_file(&stage, op, s->root, &location);
    else
        file_discard(&stage);
    if (result == LAGAN_EXISTS)
        result = LAGAN_OK;
    return result == LAGAN_OK ? folder_set_flush(&s->set, op, s->root) : result;
}
