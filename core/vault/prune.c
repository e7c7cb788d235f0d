/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - the order of a prune's parts. */
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

enum { WASTE_PERCENT = 50, MEMORY_BYTES = 64 << 20 };

/* Takes up what was begun: 1 when nothing of it is left, 0 when it waits, -1. */
static int finish_begun(struct prune *p, struct error *e)
{
    for (size_t i = 0; i < p->epochs.count; i++) {
        int done = prune_delete(p, &p->epochs.items[i], e);

        if (done <= 0)
            return done;
    }
    return 1;
}

static int mark(struct prune *p, struct error *e)
{
    if (prune_mark_begin(p, e) != 0 || prune_plan(p, e) != 0)
        return -1;
    prune_plan_count(p);
    return 0;
}

/* The first phase: 1 when there was nothing to condemn. */
static int condemn(struct prune *p, struct error *e)
{
    int result = mark(p, e);

    if (result == 0)
        result = prune_repack(p, e);
    if (result == 0)
        result = prune_condemn(p, e);
    prune_mark_end(p);
    return result;
}

/* Then the second one, when nobody has to be waited for. */
static int run(struct prune *p, enum prune_state *state, struct error *e)
{
    int done, result;

    if (prune_enlist(p, e) != 0)
        return -1;
    done = finish_begun(p, e);
    if (done < 0)
        return -1;
    if (done > 0) {
        result = condemn(p, e);
        if (result < 0)
            return -1;
        if (result == 0) {
            prune_epochs_free(&p->epochs);
            if (prune_epochs_load(p->vault, &p->epochs, e) != 0)
                return -1;
            done = p->epochs.count == 0
                       ? 1
                       : prune_delete(p, &p->epochs.items[p->epochs.count - 1], e);
            if (done < 0)
                return -1;
        }
    }
    if (done > 0 && prune_tidy(p, e) != 0)
        return -1;
    *state = done == 0 ? PRUNE_WAITING : p->unfinished ? PRUNE_UNFINISHED : PRUNE_CLEAN;
    return 0;
}

/* What a real run would find; nothing is written. */
static int look(struct prune *p, enum prune_state *state, struct error *e)
{
    bool waits = false;

    if (prune_epochs_load(p->vault, &p->epochs, e) != 0)
        return -1;
    for (size_t i = 0; i < p->epochs.count; i++) {
        const struct prune_epoch *epoch = &p->epochs.items[i];

        for (size_t j = 0;
             !epoch->delete_listed && epoch->condemn_known && j < epoch->condemned.gone_count;
             j++) {
            waits = true;
            p->counters->packs_condemned++;
            p->counters->bytes_condemned += epoch->condemned.gone[j].id.bytes;
        }
    }
    int result = mark(p, e);
    if (result == 0)
        *state = waits ? PRUNE_WAITING : p->item_count > 0 ? PRUNE_UNFINISHED : PRUNE_CLEAN;
    prune_mark_end(p);
    return result;
}

static void fill_defaults(struct prune_request *r)
{
    if (r->waste_percent == 0)
        r->waste_percent = WASTE_PERCENT;
    if (r->silence_ns == 0)
        r->silence_ns = PRUNE_SILENCE_NS;
    if (r->memory_bytes == 0)
        r->memory_bytes = MEMORY_BYTES;
}

static void clean(struct prune *p)
{
    prune_delist(p);
    vault_writer_wipe(&p->writer);
    prune_epochs_free(&p->epochs);
    free(p->sessions);
    free(p->passed);
    free(p->items);
    free(p->dead_rolls);
    free(p->made);
    pack_set_free(&p->held);
}

int vault_prune(struct vault *v, const struct prune_request *request,
                struct prune_counters *counters, enum prune_state *state, struct error *e)
{
    struct prune p = {.vault = v, .request = *request, .counters = counters};
    enum prune_state found = PRUNE_CLEAN;
    int result;

    *counters = (struct prune_counters){0};
    if (!vault_unlocked(v))
        return error_set(e, LAGAN_DENIED, ERROR_LOCKED, "the vault is locked");
    if ((!request->dry_run && vault_writable(v, e) != 0) ||
        vault_writer(v, request->writer_id, &p.writer, e) != 0)
        return -1;
    fill_defaults(&p.request);
    result = request->dry_run ? look(&p, &found, e) : run(&p, &found, e);
    clean(&p);
    if (result != 0)
        return -1;
    *state = found;
    return 0;
}
