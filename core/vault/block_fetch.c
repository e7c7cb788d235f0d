/* SPDX-License-Identifier: Apache-2.0 */
/* block_fetch.c - reading ahead in packs. */
#include "vault/block_fetch.h"
#include "base/object.h"
#include "vault/name.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FETCH_MAGIC = 0x46455443, WINDOWS = 4, WINDOW_BYTES = 1 << 20 };

/* Stored bytes that were read together, or only the place where somebody read. */
struct window {
    bool used;
    uint32_t number;
    uint64_t start, end;
    uint8_t *data;      /* NULL = place only */
    uint64_t last_used; /* by the clock of the struct */
};

struct block_fetch {
    uint32_t magic; /* FETCH_MAGIC */
    struct target *target;
    struct spare_pool *spares; /* for the windows */
    pthread_mutex_t lock;
    uint64_t clock;
    struct window windows[WINDOWS];
};

struct block_fetch *block_fetch_new(struct target *target, struct spare_pool *spares,
                                    struct error *e)
{
    struct block_fetch *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        error_no_memory(e, "reading packs");
        return NULL;
    }
    f->magic = FETCH_MAGIC;
    f->target = target;
    f->spares = spares;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void block_fetch_free(struct block_fetch *f)
{
    if (f == NULL)
        return;
    OBJECT_CHECK(f, FETCH_MAGIC);
    for (size_t i = 0; i < WINDOWS; i++)
        spare_free(f->windows[i].data);
    pthread_mutex_destroy(&f->lock);
    f->magic = 0;
    free(f);
}

/* Copies the block out of a window; sets `*follows` when a window ends where it starts. */
static bool copy_out(struct block_fetch *f, uint32_t number, const struct table_block *b,
                     uint8_t *sealed, bool *follows)
{
    bool found = false;

    *follows = false;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < WINDOWS && !found; i++) {
        struct window *w = &f->windows[i];
        if (!w->used || w->number != number)
            continue;
        *follows = *follows || w->end == b->offset;
        found = w->data != NULL && w->start <= b->offset && b->offset + b->stored <= w->end;
        if (found) {
            memcpy(sealed, w->data + (b->offset - w->start), b->stored);
            w->last_used = ++f->clock;
        }
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

/* Remembers what was read in the place of the window that was used least. */
static void remember(struct block_fetch *f, const struct window *made)
{
    struct window *oldest = &f->windows[0];

    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < WINDOWS; i++) {
        struct window *w = &f->windows[i];
        bool continued = w->used && w->number == made->number && w->end == made->start;
        if (!w->used || continued) {
            oldest = w;
            break;
        }
        if (w->last_used < oldest->last_used)
            oldest = w;
    }
    spare_give(f->spares, oldest->data);
    *oldest = *made;
    oldest->last_used = ++f->clock;
    pthread_mutex_unlock(&f->lock);
}

/* Where the last whole block within WINDOW_BYTES of `block` ends. */
static uint64_t window_end(const struct table *t, uint32_t block)
{
    uint64_t start = t->blocks[block].offset;
    uint64_t end = start + t->blocks[block].stored;

    while (++block < t->block_count &&
           t->blocks[block].offset + t->blocks[block].stored - start <= WINDOW_BYTES)
        end = t->blocks[block].offset + t->blocks[block].stored;
    return end;
}

static int get(struct block_fetch *f, const struct pack *pack, uint64_t offset, uint8_t *data,
               size_t size, struct error *e)
{
    char name[NAME_SIZE];

    name_of_pack(pack->id.hash, name);
    if (target_get(f->target, name, offset, data, size, e) == 0)
        return 0;
    /* The table says that there is a block: what is shorter is damaged. */
    if (e->error_class == LAGAN_INVALID)
        error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: it is shorter than %llu bytes", name,
                  (unsigned long long)pack->id.bytes);
    return pack_error(&pack->id, e);
}

int block_fetch_read(struct block_fetch *f, const struct pack *pack, uint32_t number,
                     uint32_t block, uint8_t *sealed, struct error *e)
{
    const struct table_block *b = &pack->table.blocks[block];
    bool follows;

    OBJECT_CHECK(f, FETCH_MAGIC);
    if (copy_out(f, number, b, sealed, &follows))
        return 0;
    struct window made = {
        .used = true, .number = number, .start = b->offset, .end = b->offset + b->stored};
    uint64_t end = follows ? window_end(&pack->table, block) : made.end;
    uint8_t *data = end > made.end ? spare_take(f->spares, (size_t)(end - made.start)) : NULL;
    if (data != NULL) {
        made.end = end;
        made.data = data;
    }
    if (get(f, pack, made.start, data != NULL ? data : sealed, (size_t)(made.end - made.start),
            e) < 0) {
        spare_give(f->spares, data);
        return -1;
    }
    if (data != NULL)
        memcpy(sealed, data, b->stored);
    remember(f, &made);
    return 0;
}
