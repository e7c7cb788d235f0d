/* SPDX-License-Identifier: Apache-2.0 */
/* envelope_directory.c - the directory of an envelope: packed, padded and sealed as one
 * message. */
#include "base/object.h"
#include "vault/envelope.h"

#include <string.h>
#include <zstd.h>

enum {
    PREFIX_SIZE = 8, /* both lengths */
    DIRECTORY_LEVEL = 1
};

static const uint64_t directory_number = UINT64_MAX;

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
}

/* Length of the plain directory around a frame of `frame` bytes. */
static size_t plain_size(size_t frame)
{
    size_t sealed = PREFIX_SIZE + frame + ENVELOPE_TAG_SIZE;
    size_t rest = sealed % ENVELOPE_ALIGNMENT;

    return sealed + (rest == 0 ? 0 : ENVELOPE_ALIGNMENT - rest) - ENVELOPE_TAG_SIZE;
}

int envelope_directory_seal(const struct envelope *env, const void *content, size_t size,
                            struct buffer *out, struct error *e)
{
    size_t room = PREFIX_SIZE + ZSTD_compressBound(size);
    uint8_t *at = NULL;

    if (size <= ENVELOPE_DIRECTORY_LIMIT / 2)
        at = buffer_reserve(out, plain_size(room) + ENVELOPE_TAG_SIZE);
    if (at == NULL)
        return error_no_memory(e, "making a directory");
    size_t frame =
        ZSTD_compress(at + PREFIX_SIZE, room - PREFIX_SIZE, content, size, DIRECTORY_LEVEL);
    if (ZSTD_isError(frame))
        return error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "cannot compress a directory: %s",
                         ZSTD_getErrorName(frame));
    size_t plain = plain_size(frame);
    store_u32(at, (uint32_t)frame);
    store_u32(at + 4, (uint32_t)size);
    memset(at + PREFIX_SIZE + frame, 0, plain - PREFIX_SIZE - frame);
    if (envelope_seal(env, directory_number, at, plain, at, e) < 0)
        return -1;
    out->size += plain + ENVELOPE_TAG_SIZE;
    return 0;
}

/* Unpacks a decrypted directory. */
static int unpack(const uint8_t *plain, size_t size, struct buffer *out, struct error *e)
{
    uint32_t frame = load_u32(plain);
    uint32_t raw = load_u32(plain + 4);

    if (frame > size - PREFIX_SIZE || plain_size(frame) != size ||
        raw > ENVELOPE_DIRECTORY_LIMIT)
        return corrupt(e, "the lengths in its directory do not fit");
    for (size_t i = PREFIX_SIZE + frame; i < size; i++)
        if (plain[i] != 0)
            return corrupt(e, "the padding of its directory is not zero");
    uint8_t *at = buffer_reserve(out, raw);
    if (at == NULL)
        return error_no_memory(e, "reading a directory");
    size_t got = ZSTD_decompress(at, raw, plain + PREFIX_SIZE, frame);
    if (ZSTD_isError(got) || got != raw)
        return corrupt(e, "its directory does not unpack to its length");
    out->size += raw;
    return 0;
}

int envelope_directory_open(const struct envelope *env, const void *sealed, size_t size,
                            struct buffer *out, struct error *e)
{
    struct buffer plain CLEANUP_BUFFER = BUFFER_INIT;

    if (size < ENVELOPE_ALIGNMENT || size > ENVELOPE_DIRECTORY_LIMIT)
        return corrupt(e, "the length of its directory does not fit");
    uint8_t *at = buffer_reserve(&plain, size);
    if (at == NULL)
        return error_no_memory(e, "reading a directory");
    if (envelope_unseal(env, directory_number, sealed, size, at, e) < 0)
        return error_context(e, "directory");
    return unpack(at, size - ENVELOPE_TAG_SIZE, out, e);
}

/* The end of an object: what was read of it so far. */
struct tail {
    struct buffer bytes;
    uint64_t offset; /* of its first byte in the object */
};

/* Makes the tail start at `offset` or before. */
static int extend_tail(struct target *target, const char *name, struct tail *t, uint64_t offset,
                       struct error *e)
{
    struct buffer more = BUFFER_INIT;

    if (offset >= t->offset)
        return 0;
    size_t size = (size_t)(t->offset - offset);
    uint8_t *at = buffer_reserve(&more, size + t->bytes.size);
    if (at == NULL)
        return error_no_memory(e, "reading a directory");
    if (target_get(target, name, offset, at, size, e) < 0) {
        buffer_free(&more);
        return -1;
    }
    more.size = size;
    buffer_append(&more, t->bytes.data, t->bytes.size);
    buffer_free(&t->bytes);
    *t = (struct tail){more, offset};
    return 0;
}

static int read_head(const struct vault *v, const char *name, const struct tail *t,
                     struct envelope *env, struct error *e)
{
    uint8_t head[ENVELOPE_BODY];

    if (t->offset == 0)
        return envelope_open(env, v, t->bytes.data, e);
    if (target_get(vault_target(v), name, 0, head, sizeof(head), e) < 0)
        return -1;
    return envelope_open(env, v, head, e);
}

static int read_tail(const struct vault *v, const char *name, uint64_t bytes, struct tail *t,
                     struct envelope *env, struct envelope_trailer *trailer,
                     struct buffer *content, struct error *e)
{
    uint64_t first = bytes > ENVELOPE_TAIL_SIZE ? bytes - ENVELOPE_TAIL_SIZE : 0;

    if (bytes < ENVELOPE_BODY + ENVELOPE_ALIGNMENT + ENVELOPE_TRAILER_SIZE)
        return corrupt(e, "it is too short");
    if (extend_tail(vault_target(v), name, t, first, e) < 0 ||
        envelope_trailer_parse(trailer, t->bytes.data + t->bytes.size - ENVELOPE_TRAILER_SIZE,
                               bytes, e) < 0 ||
        read_head(v, name, t, env, e) < 0 ||
        extend_tail(vault_target(v), name, t, trailer->directory_offset, e) < 0)
        return -1;
    const uint8_t *directory = t->bytes.data + (trailer->directory_offset - t->offset);
    return envelope_directory_open(env, directory, trailer->directory_bytes, content, e);
}

int envelope_read(const struct vault *v, const char *name, uint64_t bytes, struct envelope *env,
                  struct envelope_trailer *trailer, struct buffer *content, struct error *e)
{
    struct tail t = {.offset = bytes};

    int result = read_tail(v, name, bytes, &t, env, trailer, content, e);
    buffer_free(&t.bytes);
    /* The size may be wrong as well as the object: a range behind its end is damage here. */
    if (result < 0 && e->error_class == LAGAN_INVALID)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: it is shorter than %llu bytes",
                         name, (unsigned long long)bytes);
    if (result < 0 && e->error_class == LAGAN_CORRUPT)
        return error_context(e, "%s", name);
    return result;
}
