/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_repack.c - what is needed of sparse packs, into new ones.  Each is read from start to
 * end and compared with its name; one that is damaged stays where it is.
 */
#include "base/log.h"
#include "base/pool.h"
#include "driver/operation.h"
#include "vault/distrust.h"
#include "vault/packer.h"
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

struct repack {
    struct prune *prune;
    struct packer *packer;
    const struct prune_item *item; /* at hand */
    uint32_t chunk;                /* its next one */
};

/* From which packs the chunks of a new pack came; it is the pack `made` from then on. */
static int link_pack(struct prune *p, const struct pack *pack, uint32_t made, struct error *e)
{
    uint32_t last = UINT32_MAX;

    for (uint32_t i = 0; i < pack->table.chunk_count; i++) {
        struct index_place place;
        int found = prune_mark_place(&p->mark, pack->kind, &pack->table.ids[i], &place, e);

        if (found < 0)
            return -1;
        if (found == 0 || place.number == last)
            continue;
        last = place.number;
        if (prune_links_add(&p->mark.links, last, p->mark.packs + made, e) != 0)
            return -1;
    }
    return 0;
}

static int committed(void *context, struct pack *pack, struct error *e)
{
    struct repack *r = context;
    struct prune *p = r->prune;
    struct seal_pack *grown = reallocarray(p->made, p->made_count + 1, sizeof(*grown));
    int result = grown == NULL ? error_no_memory(e, "new packs") : 0;

    if (grown != NULL)
        p->made = grown;
    if (result == 0)
        result = link_pack(p, pack, (uint32_t)p->made_count, e);
    if (result == 0)
        p->made[p->made_count++] = pack->id;
    pack_close(pack);
    return result;
}

/* Chunks come in the order of the pack's table. */
static int take_chunk(void *context, enum chunk_kind kind, const struct chunk_id *id,
                      const void *data, size_t size, struct error *e)
{
    struct repack *r = context;

    if (operation_check(e) != 0)
        return -1;
    if (!prune_mark_has(&r->prune->mark, r->item->number, r->chunk++))
        return 0;
    return packer_put(r->packer, kind, id, data, size, e);
}

/* 1 when all that is needed of it is on its way, 0 when it is damaged, -1. */
static int repack_one(struct repack *r, const struct prune_item *item, struct error *e)
{
    const struct pack_check check = {.context = r, .chunk = take_chunk};
    struct error why = ERROR_INIT;

    r->item = item;
    r->chunk = 0;
    if (pack_check_all(r->prune->vault, &item->id, &check, &why) == 0)
        return 1;
    if (why.error_class != LAGAN_CORRUPT && why.error_class != LAGAN_NOT_FOUND) {
        *e = why;
        return -1;
    }
    distrust_note(r->prune->vault, item->id.hash);
    log_write(LOG_WARNING, "vault", "left as it is: %s", why.text);
    return 0;
}

static int repack_all(struct repack *r, struct error *e)
{
    struct prune *p = r->prune;
    size_t kept = 0;
    uint64_t copied = 0;
    int result = 0;

    for (size_t i = 0; i < p->item_count; i++) {
        const struct prune_item item = p->items[i];
        int done = 1;

        if (item.sparse && p->request.repack_bytes > 0 && copied > 0 &&
            copied + item.live_bytes > p->request.repack_bytes) {
            p->unfinished = true;
            continue;
        }
        if (item.sparse && result == 0) {
            result = prune_sign(p, e);
            done = result != 0 ? -1 : repack_one(r, &item, e);
            result = done < 0 ? -1 : 0;
        }
        if (result != 0)
            return -1;
        if (done == 0)
            continue;
        if (item.sparse) {
            copied += item.live_bytes;
            p->counters->packs_repacked++;
            p->counters->bytes_repacked += item.live_bytes;
        }
        p->items[kept++] = item;
    }
    p->item_count = kept;
    return 0;
}

int prune_repack(struct prune *p, struct error *e)
{
    struct repack r = {.prune = p};
    struct packer_request request = {.vault = p->vault,
                                     .session = p->object.session,
                                     .threads = pool_processors(),
                                     .context = &r,
                                     .committed = committed};
    bool any = false;
    int result;

    for (size_t i = 0; i < p->item_count; i++)
        any |= p->items[i].sparse;
    if (!any)
        return 0;
    r.packer = packer_new(&request, e);
    if (r.packer == NULL)
        return -1;
    result = repack_all(&r, e);
    if (result == 0)
        result = packer_flush(r.packer, e);
    packer_free(r.packer);
    return result != 0 ? -1 : target_flush(vault_target(p->vault), e);
}
