/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.c - objects whose bytes come before their name.
 *
 * A store wants the name first.  So the bytes are kept here until they are more than a part
 * (packs are not), and put in one request once the name is known.  What is longer goes in parts
 * to a private name, and the store copies it to its name in the end: more requests, and memory
 * that does not grow.
 */
#include "tgt_s3/tgt_s3.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 20 };

/* A stage is used up by its commit, and its bytes are here: nobody but the driver can send them
 * again. */
enum { ATTEMPTS = 6, FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 60000 };

struct stage {
    struct store *store;
    EVP_MD_CTX *hash;
    uint8_t **blocks; /* each of BLOCK_BYTES */
    size_t block_count;
    uint64_t kept;            /* bytes in the blocks */
    uint64_t bytes;           /* in all */
    struct s3_upload *upload; /* of what was longer than a part; else NULL */
    uint32_t parts;
    char id[ID_SIZE];
};

static void stage_free(struct stage *s)
{
    for (size_t i = 0; i < s->block_count; i++)
        free(s->blocks[i]);
    free(s->blocks);
    EVP_MD_CTX_free(s->hash);
    free(s);
}

uint32_t bucket_stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                            void **stage)
{
    struct store *store = handle;
    uint32_t result = call_check(store, op, 0, 0);
    struct stage *s;
    (void)bytes_hint;
    if (result != LAGAN_OK)
        return result;
    s = calloc(1, sizeof *s);
    if (!s)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    s->store = store;
    s->hash = EVP_MD_CTX_new();
    if (!s->hash || !EVP_DigestInit_ex(s->hash, EVP_sha256(), NULL)) {
        stage_free(s);
        return lagan_fail(op, LAGAN_INTERNAL, 0, "no SHA-256");
    }
    id_make(s->id);
    *stage = s;
    return LAGAN_OK;
}

/* What is kept, as a content. */
static uint32_t read_kept(void *context, uint64_t offset, void *data, size_t size)
{
    const struct stage *s = context;
    uint8_t *out = data;
    if (offset > s->kept || size > s->kept - offset)
        return LAGAN_INVALID;
    while (size > 0) {
        size_t at = (size_t)(offset % BLOCK_BYTES);
        size_t some = size < BLOCK_BYTES - at ? size : BLOCK_BYTES - at;
        memcpy(out, s->blocks[offset / BLOCK_BYTES] + at, some);
        out += some;
        offset += some;
        size -= some;
    }
    return LAGAN_OK;
}

/* After attempt `made` ended with `result`: waits for the next; false when there is to be none.
 */
static bool again(struct lagan_op *op, uint32_t result, unsigned made)
{
    uint64_t pause_ms = (uint64_t)FIRST_PAUSE_MS << made;
    if ((result != LAGAN_TRANSIENT && result != LAGAN_BUSY) || made == ATTEMPTS)
        return false;
    if (op->error.retry_after_ms > pause_ms)
        pause_ms = op->error.retry_after_ms;
    if (pause_ms > LONGEST_PAUSE_MS || lagan_cancelled(op))
        return false;
    lagan_log(op, LAGAN_LEVEL_WARNING, "%s; it is tried again in %llu ms", op->error.text,
              (unsigned long long)pause_ms);
    if (lagan_sleep(op, (int64_t)pause_ms * 1000000) != 0)
        return false;
    op->error = (struct lagan_error){0};
    return true;
}

/* Sends what is kept as a part. */
static uint32_t spill(struct stage *s, struct lagan_op *op)
{
    struct lagan_content content = {.context = s, .read = read_kept};
    struct name name = name_format(s->store, TEMPORARY "%s", s->id);
    struct s3_pair pair;
    struct s3_give give = give_private(s->id, &pair);
    uint32_t result = LAGAN_OK;
    if (!s->upload)
        result = s3_upload_begin(s->store->client, op, name.text, name.size, &give, &s->upload);
    if (result != LAGAN_OK)
        return result;
    for (unsigned made = 1;; made++) {
        result = s3_upload_part(s->upload, op, s->parts + 1, s->kept, &content, NULL);
        if (result == LAGAN_OK || !again(op, result, made))
            break;
    }
    if (result != LAGAN_OK)
        return result;
    s->parts++;
    s->kept = 0;
    return LAGAN_OK;
}

/* The block that the next byte goes into. */
static uint8_t *block_at(struct stage *s, uint64_t offset)
{
    size_t index = (size_t)(offset / BLOCK_BYTES);
    if (index == s->block_count) {
        uint8_t **grown = reallocarray(s->blocks, index + 1, sizeof *grown);
        if (!grown)
            return NULL;
        s->blocks = grown;
        s->blocks[index] = malloc(BLOCK_BYTES);
        if (!s->blocks[index])
            return NULL;
        s->block_count++;
    }
    return s->blocks[index];
}

uint32_t bucket_stage_write(void *stage, struct lagan_op *op, const void *data, size_t size)
{
    struct stage *s = stage;
    const uint8_t *in = data;
    uint32_t result = call_check(s->store, op, 0, 0);
    if (result == LAGAN_OK && !EVP_DigestUpdate(s->hash, data, size))
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "no SHA-256");
    while (result == LAGAN_OK && size > 0) {
        if (s->kept == s->store->instance->part_bytes) {
            result = spill(s, op);
            continue;
        }
        uint64_t room = s->store->instance->part_bytes - s->kept;
        size_t at = (size_t)(s->kept % BLOCK_BYTES);
        size_t some = size < BLOCK_BYTES - at ? size : BLOCK_BYTES - at;
        uint8_t *block = block_at(s, s->kept);
        if (!block)
            return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
        if (some > room)
            some = (size_t)room;
        memcpy(block + at, in, some);
        in += some;
        size -= some;
        s->kept += some;
        s->bytes += some;
    }
    return result;
}

/* The parts become a private object, and that gets its name. */
static uint32_t commit_parts(struct stage *s, struct lagan_op *op, const char *key,
                             const uint8_t sha256[SHA256_BYTES])
{
    struct claimed c = {.key = key, .bytes = s->bytes};
    struct s3_upload *upload = s->upload;
    uint32_t result = s->kept > 0 ? spill(s, op) : (uint32_t)LAGAN_OK;
    if (result == LAGAN_OK) {
        s->upload = NULL;
        result = s3_upload_complete(upload, op, s->parts, false, NULL);
    }
    if (result != LAGAN_OK) {
        fail_outcome(op, LAGAN_OUTCOME_NOT_DONE);
        return result;
    }
    memcpy(c.id, s->id, sizeof c.id);
    return name_tells_content(key, sha256) ? claim_content(s->store, op, &c)
                                           : claim_name(s->store, op, &c);
}

/* Puts what is kept.  An attempt whose end nobody knows is only made again when the name says
 * what is in it: then it is taken by us, or by the same bytes. */
static uint32_t commit_kept(struct stage *s, struct lagan_op *op, const char *key,
                            const uint8_t sha256[SHA256_BYTES], uint64_t flags)
{
    struct lagan_content content = {.context = s, .read = read_kept};
    struct body body = {.bytes = s->bytes, .content = &content, .sha256 = sha256};
    bool harmless = name_tells_content(key, sha256), uncertain = false;
    for (unsigned made = 1;; made++) {
        uint32_t result = put_body(s->store, op, key, &body, flags);
        if (result == LAGAN_EXISTS && uncertain)
            return LAGAN_OK;
        if (result == LAGAN_OK)
            return result;
        uncertain = uncertain || op->error.outcome != LAGAN_OUTCOME_NOT_DONE;
        if ((uncertain && !harmless) || !again(op, result, made))
            return result;
    }
}

uint32_t bucket_stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    struct stage *s = stage;
    uint8_t sha256[SHA256_BYTES];
    uint32_t result = call_check(s->store, op, flags, PUT_FLAGS);
    if (result == LAGAN_OK && !EVP_DigestFinal_ex(s->hash, sha256, NULL))
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "no SHA-256");
    if (result == LAGAN_OK && !s->upload) {
        result = commit_kept(s, op, key, sha256, flags);
    } else if (result == LAGAN_OK && !(flags & LAGAN_PUT_IF_ABSENT)) {
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "long objects do not replace");
    } else if (result == LAGAN_OK) {
        result = commit_parts(s, op, key, sha256);
    }
    s3_upload_abort(s->upload);
    stage_free(s);
    return result;
}

void bucket_stage_abort(void *stage)
{
    struct stage *s = stage;
    s3_upload_abort(s->upload);
    stage_free(s);
}
