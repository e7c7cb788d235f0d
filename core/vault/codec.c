/* SPDX-License-Identifier: Apache-2.0 */
/* codec.c - zstd contexts, lent out under a lock. */
#include "vault/codec.h"
#include "base/object.h"

#include <pthread.h>
#include <stdlib.h>
#include <zstd.h>

/* As many threads as use one at a time; further ones make contexts that are not kept. */
enum { CODEC_MAGIC = 0x636f6465, KEPT = 16 };

/* Contexts of one direction that nobody uses now. */
struct shelf {
    void *contexts[KEPT];
    size_t count;
};

struct codec {
    uint32_t magic; /* CODEC_MAGIC */
    int level;
    pthread_mutex_t lock;
    struct shelf packers;   /* ZSTD_CCtx */
    struct shelf unpackers; /* ZSTD_DCtx */
};

struct codec *codec_new(int level, struct error *e)
{
    struct codec *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_no_memory(e, "compression");
        return NULL;
    }
    c->magic = CODEC_MAGIC;
    c->level = level;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void codec_free(struct codec *c)
{
    if (c == NULL)
        return;
    OBJECT_CHECK(c, CODEC_MAGIC);
    while (c->packers.count > 0)
        ZSTD_freeCCtx(c->packers.contexts[--c->packers.count]);
    while (c->unpackers.count > 0)
        ZSTD_freeDCtx(c->unpackers.contexts[--c->unpackers.count]);
    c->magic = 0;
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* A context from the shelf, or NULL. */
static void *take(struct codec *c, struct shelf *s)
{
    pthread_mutex_lock(&c->lock);
    void *context = s->count > 0 ? s->contexts[--s->count] : NULL;
    pthread_mutex_unlock(&c->lock);
    return context;
}

/* False when the shelf is full. */
static bool put_back(struct codec *c, struct shelf *s, void *context)
{
    pthread_mutex_lock(&c->lock);
    bool kept = s->count < KEPT;
    if (kept)
        s->contexts[s->count++] = context;
    pthread_mutex_unlock(&c->lock);
    return kept;
}

size_t codec_bound(size_t size)
{
    return ZSTD_compressBound(size);
}

static ZSTD_CCtx *make_packer(int level)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();

    if (context != NULL)
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    return context;
}

int codec_pack(struct codec *c, const void *data, size_t size, void *out, size_t room,
               size_t *packed, struct error *e)
{
    OBJECT_CHECK(c, CODEC_MAGIC);
    ZSTD_CCtx *context = take(c, &c->packers);
    if (context == NULL)
        context = make_packer(c->level);
    if (context == NULL)
        return error_no_memory(e, "compression");
    size_t got = ZSTD_compress2(context, out, room, data, size);
    if (!put_back(c, &c->packers, context))
        ZSTD_freeCCtx(context);
    if (ZSTD_isError(got))
        return error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "cannot compress: %s",
                         ZSTD_getErrorName(got));
    *packed = got;
    return 0;
}

int codec_unpack(struct codec *c, const void *frame, size_t frame_size, void *out, size_t size,
                 struct error *e)
{
    OBJECT_CHECK(c, CODEC_MAGIC);
    ZSTD_DCtx *context = take(c, &c->unpackers);
    if (context == NULL)
        context = ZSTD_createDCtx();
    if (context == NULL)
        return error_no_memory(e, "decompression");
    size_t got = ZSTD_decompressDCtx(context, out, size, frame, frame_size);
    if (!put_back(c, &c->unpackers, context))
        ZSTD_freeDCtx(context);
    if (ZSTD_isError(got) || got != size)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "a compressed block does not unpack to its length");
    return 0;
}
