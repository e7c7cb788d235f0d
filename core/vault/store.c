/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - reading chunks: the index says where, the block cache gives what. */
#include "base/object.h"
#include "base/text.h"
#include "vault/block_cache.h"
#include "vault/store_private.h"

#include <stdlib.h>

enum {
    STORE_MAGIC = 0x53544f52,
    TABLES_SHARE = 4, /* one part in so many of the memory is for tables of contents */
    LEAST_BYTES = 1 << 20
};

struct store {
    uint32_t magic; /* STORE_MAGIC */
    struct index *index;
    bool owns_index;
    struct block_cache *blocks;
};

int store_over(struct vault *v, struct index *ix, size_t memory_bytes, struct store **store,
               struct error *e)
{
    struct store *st = calloc(1, sizeof(*st));

    if (st == NULL)
        return error_no_memory(e, "reading a vault");
    st->magic = STORE_MAGIC;
    st->index = ix;
    st->blocks = block_cache_new(v, memory_bytes, e);
    if (st->blocks == NULL) {
        free(st);
        return -1;
    }
    *store = st;
    return 0;
}

int store_open(struct vault *v, size_t memory_bytes, struct store **store, struct error *e)
{
    size_t memory = memory_bytes > LEAST_BYTES ? memory_bytes : (size_t)LEAST_BYTES;
    struct index_request request = {.memory_bytes = memory / TABLES_SHARE};
    struct index *ix;

    if (index_open(v, &request, &ix, e) < 0)
        return -1;
    if (store_over(v, ix, memory - memory / TABLES_SHARE, store, e) < 0) {
        index_close(ix);
        return -1;
    }
    (*store)->owns_index = true;
    return 0;
}

void store_close(struct store *st)
{
    if (st == NULL)
        return;
    OBJECT_CHECK(st, STORE_MAGIC);
    block_cache_free(st->blocks);
    if (st->owns_index)
        index_close(st->index);
    st->magic = 0;
    free(st);
}

/* The chunk may well stand in a pack whose table could not be read. */
static int not_found(struct store *st, const struct chunk_id *id, struct error *e)
{
    char digits[2 * CHUNK_ID_SIZE + 1];

    text_hex(id->bytes, sizeof(id->bytes), digits);
    if (index_damage(st->index, e))
        return error_context(e, "chunk %.16s", digits);
    return error_set(e, LAGAN_NOT_FOUND, ERROR_INTEGRITY, "the vault has no chunk %.16s",
                     digits);
}

static bool is_damage(const struct error *e)
{
    return e->error_class == LAGAN_CORRUPT || e->error_class == LAGAN_NOT_FOUND;
}

static int read_hit(struct store *st, struct index_hit *hit, struct buffer *out,
                    struct error *e)
{
    int result = block_cache_chunk(st->blocks, hit->pack, hit->number, hit->chunk, out, e);

    index_release(st->index, hit);
    if (result < 0 && is_damage(e))
        index_distrust(st->index, hit->number, e);
    return result;
}

/* A later backup may have stored the chunk anew; `e` stays when none did. */
static int get_elsewhere(struct store *st, enum chunk_kind kind, const struct chunk_id *id,
                         uint32_t except, struct buffer *out, struct error *e)
{
    struct error ignored = ERROR_INIT;
    struct index_hit hit;

    if (index_find_other(st->index, kind, id, except, &hit, &ignored) <= 0 ||
        read_hit(st, &hit, out, &ignored) < 0)
        return -1;
    *e = ERROR_INIT;
    return 0;
}

static int get_once(struct store *st, enum chunk_kind kind, const struct chunk_id *id,
                    struct buffer *out, struct error *e)
{
    struct index_hit hit;

    int result = index_find(st->index, kind, id, &hit, e);
    if (result < 0)
        return -1;
    if (result == 0)
        return not_found(st, id, e);
    result = read_hit(st, &hit, out, e);
    return result == 0 || !is_damage(e) ? result
                                        : get_elsewhere(st, kind, id, hit.number, out, e);
}

/* A pack that vanished may have been pruned: then a move says where its chunks went. */
static int get(struct store *st, enum chunk_kind kind, const struct chunk_id *id,
               struct buffer *out, struct error *e)
{
    struct error again = ERROR_INIT;

    if (get_once(st, kind, id, out, e) == 0)
        return 0;
    if (e->error_class != LAGAN_NOT_FOUND || index_renew(st->index, &again) != 0 ||
        get_once(st, kind, id, out, &again) != 0)
        return -1;
    *e = ERROR_INIT;
    return 0;
}

int store_get(struct store *st, enum chunk_kind kind, const struct chunk_id *id,
              struct buffer *out, struct error *e)
{
    OBJECT_CHECK(st, STORE_MAGIC);
    if (get(st, kind, id, out, e) == 0)
        return 0;
    /* Whoever asks has the id from a tree: what the vault lacks is lost. */
    if (e->error_class == LAGAN_NOT_FOUND) {
        e->error_class = LAGAN_CORRUPT;
        e->code = ERROR_INTEGRITY;
    }
    return -1;
}

int store_locate(struct store *st, enum chunk_kind kind, const struct chunk_id *id,
                 char pack[65], struct error *e)
{
    struct index_hit hit;

    OBJECT_CHECK(st, STORE_MAGIC);
    int result = index_find(st->index, kind, id, &hit, e);
    if (result <= 0)
        return result;
    text_hex(hit.pack->id.hash, sizeof(hit.pack->id.hash), pack);
    index_release(st->index, &hit);
    return 1;
}

static int get_metadata(void *context, const struct chunk_id *id, struct buffer *out,
                        struct error *e)
{
    return store_get(context, CHUNK_META, id, out, e);
}

struct chunk_access store_access(struct store *st)
{
    return (struct chunk_access){.context = st, .get = get_metadata};
}
