/* SPDX-License-Identifier: Apache-2.0 */
/* verify_objects.c - every pack and run, read in full on several threads. */
#include "base/pool.h"
#include "driver/operation.h"
#include "vault/distrust.h"
#include "vault/pack.h"
#include "vault/verify_private.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BATCH = 1024 };

/* One object being read. */
struct reading {
    struct verify *check;
    struct verify_object *object;
    struct hash hash;
    uint64_t bytes; /* read so far */
    struct verify_chunk batch[CHUNK_BATCH];
    size_t batched;
    uint32_t chunks; /* of the pack, so far */
};

static int take(void *context, const void *data, size_t size, struct error *e)
{
    struct reading *r = context;

    hash_update(&r->hash, data, size);
    r->bytes += size;
    verify_progress_add(r->check, 0, size);
    return operation_check(e);
}

static int hash_object(struct reading *r, struct error *e)
{
    uint8_t found[HASH_SIZE];

    hash_begin(&r->hash);
    if (target_get_to(vault_target(r->check->vault), r->object->text, 0, LAGAN_TO_THE_END, take,
                      r, e) != 0)
        return -1;
    hash_finish(&r->hash, found);
    if (memcmp(found, r->object->name.hash, sizeof(found)) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its bytes do not fit its name",
                     r->object->text);
}

static int flush_chunks(struct reading *r, struct error *e)
{
    int result = verify_chunk_add(r->check, r->batch, r->batched, e);

    r->batched = 0;
    return result;
}

static int take_chunk(void *context, enum chunk_kind kind, const struct chunk_id *id,
                      const void *data, size_t size, struct error *e)
{
    struct reading *r = context;
    struct verify_chunk *chunk = &r->batch[r->batched++];
    size_t number = (size_t)(r->object - r->check->objects);

    (void)data;
    memcpy(chunk->id, id->bytes, sizeof(chunk->id));
    chunk->bytes = (uint32_t)size;
    chunk->place = (uint32_t)(2 * number + (kind == CHUNK_META));
    chunk->number = r->chunks++;
    return r->batched == CHUNK_BATCH ? flush_chunks(r, e) : 0;
}

static void pack_progress(void *context, uint64_t bytes)
{
    struct reading *r = context;

    r->bytes += bytes;
    verify_progress_add(r->check, 0, bytes);
}

static int check_pack(struct reading *r, struct error *e)
{
    const struct pack_check check = {r, take_chunk, pack_progress};
    struct seal_pack id = {.bytes = r->object->bytes};
    int result;

    memcpy(id.hash, r->object->name.hash, sizeof(id.hash));
    result = pack_check_all(r->check->vault, &id, &check, e);
    r->object->chunks = r->chunks;
    /* What came before the damage is good. */
    return flush_chunks(r, e) == 0 ? result : -1;
}

static int read_object(struct reading *r, struct error *e)
{
    if (r->check->request->depth >= VERIFY_DATA && r->object->name.kind == NAME_PACK)
        return check_pack(r, e);
    return hash_object(r, e);
}

/* An object that nobody needs may be removed while the check runs. */
static void judge(struct reading *r, const struct error *why)
{
    struct verify *c = r->check;

    struct error ignored = ERROR_INIT;

    if (why->error_class == LAGAN_NOT_FOUND &&
        (!c->needed[r->object - c->objects] ||
         verify_is_moved(c, r->object->name.hash, &ignored)))
        return;
    if (!verify_is_finding(c, why))
        return;
    if (r->object->name.kind == NAME_PACK)
        distrust_note(c->vault, r->object->name.hash);
    verify_found_needed(c, r->object, why);
}

static void run(void *item)
{
    struct reading *r = item;
    struct error why = ERROR_INIT;

    if (!verify_failed(r->check)) {
        if (operation_check(&why) != 0)
            verify_fail(r->check, &why);
        else if (read_object(r, &why) != 0)
            judge(r, &why);
        else if (r->object->name.kind == NAME_PACK)
            distrust_forget(r->check->vault, r->object->name.hash);
        verify_progress_add(r->check, 1,
                            r->bytes < r->object->bytes ? r->object->bytes - r->bytes : 0);
    }
    free(r);
}

/* Everything that is named by its hash and was not read yet. */
static bool is_due(const struct verify *c, size_t i)
{
    enum name_kind kind = c->objects[i].name.kind;

    if (kind == NAME_PACK)
        return c->request->backup == NULL || c->needed[i] != 0;
    return (kind == NAME_RUN || kind == NAME_PARITY) && c->request->backup == NULL;
}

static void count_due(struct verify *c)
{
    for (size_t i = 0; i < c->object_count; i++)
        if (is_due(c, i))
            verify_progress_expect(c, 1, c->objects[i].bytes);
}

static int submit(struct verify *c, struct pool *pool, size_t i, struct error *e)
{
    struct reading *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return error_no_memory(e, "reading objects");
    r->check = c;
    r->object = &c->objects[i];
    pool_submit(pool, run, r);
    return 0;
}

int verify_objects(struct verify *c, struct error *e)
{
    unsigned threads = c->request->threads != 0 ? c->request->threads : pool_processors();
    struct pool *pool = pool_new(threads, threads, e);
    int result = 0;

    if (pool == NULL)
        return -1;
    count_due(c);
    for (size_t i = 0; i < c->object_count && result == 0 && !verify_failed(c); i++)
        if (is_due(c, i))
            result = submit(c, pool, i, e);
    pool_free(pool);
    if (result == 0 && c->failed) {
        *e = c->failure;
        return -1;
    }
    return result;
}
