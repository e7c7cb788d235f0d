/* SPDX-License-Identifier: Apache-2.0 */
/* prune_tidy.c - what has served: index runs over packs that are gone, sessions that have
 * ended, records of older epochs. */
#include "base/log.h"
#include "vault/prune_private.h"
#include "vault/run_set.h"

#include <stdlib.h>
#include <string.h>

/* ---- index runs ---- */

static bool is_replaced(const struct run_set *set, const uint8_t hash[32])
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->runs[i].replaced_count; j++)
            if (memcmp(set->runs[i].replaced[j], hash, 32) == 0)
                return true;
    return false;
}

/* Most of its entries lead nowhere. */
static bool is_mostly_dead(const struct run_summary *s, const struct pack_set *packs)
{
    uint64_t dead = 0, all = 0;

    for (size_t i = 0; i < s->pack_count; i++) {
        all += s->packs[i].chunks;
        if (pack_set_find(packs, s->packs[i].id.hash) == NULL)
            dead += s->packs[i].chunks;
    }
    return 2 * dead > all;
}

/* Runs only speed things up: what one says of packs that stay is written anew. */
static int remove_runs(struct prune *p, const struct run_set *set, const struct pack_set *packs,
                       bool *rewrite, struct error *e)
{
    *rewrite = false;
    for (size_t i = 0; i < set->count; i++) {
        const struct run_summary *s = &set->runs[i];
        bool replaced = is_replaced(set, s->name.hash);
        char name[NAME_SIZE];

        if (!replaced && (s->ignored || !is_mostly_dead(s, packs)))
            continue;
        name_of_run(s->name.level, s->name.sequence, s->name.hash, name);
        if (prune_remove(p, name, s->name.bytes, e) < 0)
            return -1;
        *rewrite |= !replaced;
    }
    return 0;
}

static int rewrite_runs(struct prune *p, struct error *e)
{
    struct index_request request = {.memory_bytes = p->request.memory_bytes / 2};
    struct index *ix;

    if (index_open(p->vault, &request, &ix, e) != 0)
        return -1;
    int result = index_write_runs(ix, p->object.session, e);
    index_close(ix);
    return result;
}

static int tidy_runs(struct prune *p, struct error *e)
{
    struct pack_set packs = {0};
    struct run_set set = {0};
    bool rewrite = false;
    int result = run_set_load(p->vault, &set, e);

    if (result == 0)
        result = pack_set_list(&packs, vault_target(p->vault), "packs/", NAME_PACK, e);
    if (result == 0)
        result = remove_runs(p, &set, &packs, &rewrite, e);
    run_set_free(&set);
    pack_set_free(&packs);
    return result == 0 && rewrite ? rewrite_runs(p, e) : result;
}

/* ---- sessions ---- */

/* Names below `sessions/`. */
struct names {
    char (*items)[NAME_SIZE];
    size_t count;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct names *n = context;
    char(*grown)[NAME_SIZE];
    struct name name;

    (void)bytes;
    if (!name_parse(key, &name))
        return 0;
    grown = reallocarray(n->items, n->count + 1, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "the list of sessions");
    n->items = grown;
    memcpy(grown[n->count++], key, strlen(key) + 1);
    return 0;
}

static bool was_passed(const struct prune *p, const uint8_t session[16])
{
    for (size_t i = 0; i < p->passed_count; i++)
        if (memcmp(p->passed[i], session, 16) == 0)
            return true;
    return false;
}

/* A session that has ended, or that this call has taken for dead.  A silent writer's stays
 * until a deletion has passed it: it may be taken up again.  Nobody does so with other kinds.
 */
static bool has_served(const struct prune *p, const uint8_t session[16])
{
    for (size_t i = 0; i < p->session_count; i++) {
        const struct session_entry *s = &p->sessions[i];

        if (memcmp(s->session, session, 16) == 0)
            return !s->open ||
                   ((was_passed(p, session) || s->kind != SESSION_WRITER) &&
                    !prune_session_lives(p, s) && memcmp(session, p->object.session, 16) != 0);
    }
    return false;
}

/* Its end is the last to go: without the rest it says nothing. */
static int remove_sessions(struct prune *p, const struct names *names, bool ends,
                           struct error *e)
{
    for (size_t i = 0; i < names->count; i++) {
        struct name name;

        if (!name_parse(names->items[i], &name) || (name.kind == NAME_SESSION_DONE) != ends ||
            !has_served(p, name.uuid))
            continue;
        if (prune_remove(p, names->items[i], 0, e) < 0)
            return -1;
    }
    return target_flush(vault_target(p->vault), e);
}

static int tidy_sessions(struct prune *p, struct error *e)
{
    struct names names = {.items = NULL};
    int result = target_list(vault_target(p->vault), "sessions/", collect, &names, e);

    if (result == 0)
        result = prune_sessions_list(p, e);
    if (result == 0)
        result = remove_sessions(p, &names, false, e);
    if (result == 0)
        result = remove_sessions(p, &names, true, e);
    free(names.items);
    return result;
}

/* ---- records ---- */

/* Sessions that began before an epoch may have to be told what it deleted. */
static bool is_watched(const struct prune *p, uint32_t number)
{
    for (size_t i = 0; i < p->session_count; i++)
        if (p->sessions[i].open && p->sessions[i].epoch < number &&
            memcmp(p->sessions[i].session, p->object.session, 16) != 0)
            return true;
    return false;
}

/* It deletes something that is still there, since the store holds it. */
static bool is_held(const struct prune *p, const struct prune_epoch *epoch)
{
    const struct prune_record *r = &epoch->deleted;

    for (size_t i = 0; epoch->delete_known && i < r->gone_count; i++)
        if (pack_set_find(&p->held, r->gone[i].id.hash) != NULL)
            return true;
    for (size_t i = 0; epoch->delete_known && i < r->roll_count; i++)
        if (pack_set_find(&p->held, r->rolls[i]) != NULL)
            return true;
    return false;
}

/* The condemnation first: alone, it would be carried out again. */
static int remove_epoch(struct prune *p, const struct prune_epoch *epoch, struct error *e)
{
    char name[NAME_SIZE];
    int held = 0;

    if (epoch->condemn_listed) {
        name_of_condemn(epoch->number, name);
        held = prune_remove(p, name, 0, e);
    }
    if (held != 0)
        return held < 0 ? -1 : 0;
    name_of_delete(epoch->number, name);
    return prune_remove(p, name, 0, e) < 0 ? -1 : 0;
}

/* The highest stays: no number is given twice. */
static int tidy_records(struct prune *p, struct error *e)
{
    if (prune_sessions_list(p, e) != 0)
        return -1;
    for (size_t i = 0; i + 1 < p->epochs.count; i++)
        if (!is_watched(p, p->epochs.items[i].number) && !is_held(p, &p->epochs.items[i]) &&
            remove_epoch(p, &p->epochs.items[i], e) != 0)
            return -1;
    return target_flush(vault_target(p->vault), e);
}

int prune_tidy(struct prune *p, struct error *e)
{
    return tidy_runs(p, e) == 0 && tidy_sessions(p, e) == 0 ? tidy_records(p, e) : -1;
}
