/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_delete.c - the second phase: what backups came to need since is rescued, the rest is
 * written down and goes.  Every step may be repeated, by anybody.
 */
#include "base/clock.h"
#include "base/log.h"
#include "vault/prune_private.h"

#include <stdlib.h>
#include <string.h>

/* What is to stay of what an epoch condemns. */
struct rescue {
    struct pack_set packs; /* there now */
    struct pack_set needed, rolls;
};

static void rescue_free(struct rescue *r)
{
    pack_set_free(&r->packs);
    pack_set_free(&r->needed);
    pack_set_free(&r->rolls);
}

static int need_seal(struct prune *p, const struct moves *moves, const struct seal *s,
                     struct rescue *r, struct error *e)
{
    struct seal_pack *packs;
    size_t count;

    if (backup_packs_either(p->vault, NULL, s, &packs, &count, e) != 0)
        return error_context(e, "nothing was deleted, as it is not known what backup %s needs",
                             s->id);
    int result =
        moves_resolve(moves, NULL, prune_seal_number(s), &packs, &count, NULL, NULL, e);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = pack_set_add(&r->needed, packs[i].hash, packs[i].bytes, e);
    free(packs);
    return result;
}

/* Of backups that the record does not speak of, all that they list is needed; of the others
 * only what the record says, once its heirs are there. */
static int list_needs(struct prune *p, const struct prune_record *record, struct rescue *r,
                      struct error *e)
{
    struct seal_list seals = {0};
    struct moves moves = {0};
    int result = 0;

    if (prune_seals(p->vault, &seals, e) != 0)
        return -1;
    result = moves_load(p->vault, &moves, e);
    if (result == 0)
        result = pack_set_list(&r->packs, vault_target(p->vault), "packs/", NAME_PACK, e);
    for (size_t i = 0; result == 0 && i < seals.count; i++) {
        const struct seal *s = seals.seals[i];

        for (size_t j = 0; result == 0 && j < s->roll_count; j++)
            result = pack_set_add(&r->rolls, s->rolls[j], 0, e);
        if (result == 0 && !prune_record_covers(record, prune_seal_number(s)))
            result = need_seal(p, &moves, s, r, e);
    }
    moves_free(&moves);
    seal_list_free(&seals);
    return result;
}

static bool is_spared(const struct rescue *r, const struct prune_record *record,
                      const struct prune_gone *gone)
{
    if (pack_set_find(&r->needed, gone->id.hash) != NULL)
        return true;
    for (uint32_t i = 0; i < gone->count; i++) {
        const struct seal_pack *heir = &record->heirs[record->places[gone->first + i]];
        const struct seal_pack *there = pack_set_find(&r->packs, heir->hash);

        if (there == NULL || pack_set_bytes(there) != heir->bytes)
            return true;
    }
    return false;
}

/* The record of what is deleted of the condemned: all but what is spared. */
static int make_record(struct prune *p, const struct prune_record *condemned,
                       const struct rescue *r, struct prune_record *deleted, struct error *e)
{
    *deleted = *condemned;
    deleted->kind = NAME_DELETE;
    deleted->created_ns = clock_wall_ns();
    deleted->gone = calloc(condemned->gone_count + 1, sizeof(*deleted->gone));
    deleted->rolls = calloc(condemned->roll_count + 1, sizeof(*deleted->rolls));
    deleted->gone_count = deleted->roll_count = 0;
    if (deleted->gone == NULL || deleted->rolls == NULL)
        return error_no_memory(e, "a record of prune");
    for (size_t i = 0; i < condemned->gone_count; i++) {
        if (is_spared(r, condemned, &condemned->gone[i]))
            p->counters->packs_rescued++;
        else
            deleted->gone[deleted->gone_count++] = condemned->gone[i];
    }
    for (size_t i = 0; i < condemned->roll_count; i++)
        if (pack_set_find(&r->rolls, condemned->rolls[i]) == NULL)
            memcpy(deleted->rolls[deleted->roll_count++], condemned->rolls[i], 32);
    return 0;
}

/* Writes the record once; the one that is there counts. */
static int decide(struct prune *p, struct prune_epoch *epoch, struct error *e)
{
    struct prune_record deleted = {0};
    struct rescue r = {.packs = {0}};
    char name[NAME_SIZE];
    int taken = -1;

    if (list_needs(p, &epoch->condemned, &r, e) == 0 &&
        make_record(p, &epoch->condemned, &r, &deleted, e) == 0)
        taken = prune_record_write(p->vault, &deleted, &p->writer, name, e);
    free(deleted.gone);
    free(deleted.rolls);
    rescue_free(&r);
    if (taken < 0 || target_flush(vault_target(p->vault), e) != 0)
        return -1;
    epoch->delete_listed = true;
    prune_record_free(&epoch->deleted);
    if (prune_record_read(p->vault, name, NULL, &epoch->deleted, e) != 0)
        return -1;
    epoch->delete_known = true;
    return 0;
}

/* A condemnation that nobody can read any more condemns nothing. */
static int give_up(struct prune *p, struct prune_epoch *epoch, struct error *e)
{
    const struct prune_record nothing = {
        .kind = NAME_DELETE, .epoch = epoch->number, .created_ns = clock_wall_ns()};
    char name[NAME_SIZE];

    if (epoch->delete_listed)
        return 0;
    if (prune_record_write(p->vault, &nothing, &p->writer, name, e) < 0)
        return -1;
    return target_flush(vault_target(p->vault), e);
}

int prune_remove(struct prune *p, const char *name, uint64_t bytes, struct error *e)
{
    struct error why = ERROR_INIT;

    if (target_remove(vault_target(p->vault), name, &why) != 0) {
        if (why.error_class == LAGAN_IMMUTABLE) {
            p->counters->objects_held++;
            p->counters->bytes_held += bytes;
            log_write(LOG_DEBUG, "vault", "left until a later call: %s", why.text);
            return 1;
        }
        *e = why;
        return -1;
    }
    p->counters->objects_deleted++;
    p->counters->bytes_deleted += bytes;
    return 0;
}

/* What a lock of the store holds is neither condemned anew nor is its record forgotten. */
static int remove_or_hold(struct prune *p, const char *name, const uint8_t hash[32],
                          uint64_t bytes, struct error *e)
{
    int held = prune_remove(p, name, bytes, e);

    return held <= 0 ? held : pack_set_add(&p->held, hash, bytes, e);
}

static int remove_packs(struct prune *p, const struct pack_set *leaving, struct error *e)
{
    char name[NAME_SIZE];

    for (size_t i = 0; i < leaving->count; i++) {
        const struct seal_pack *pack = &leaving->items[i];

        name_of_pack(pack->hash, name);
        if (prune_sign(p, e) != 0 ||
            remove_or_hold(p, name, pack->hash, pack_set_bytes(pack), e) != 0)
            return -1;
    }
    return 0;
}

static int remove_rolls(struct prune *p, const struct prune_record *deleted,
                        const struct rescue *r, struct error *e)
{
    struct target *target = vault_target(p->vault);

    for (size_t i = 0; i < deleted->roll_count; i++) {
        struct error why = ERROR_INIT;
        char name[NAME_SIZE];
        uint64_t bytes;

        if (pack_set_find(&r->rolls, deleted->rolls[i]) != NULL)
            continue;
        name_of_roll(deleted->rolls[i], name);
        if (target_stat(target, name, &bytes, &why) == 0) {
            if (remove_or_hold(p, name, deleted->rolls[i], bytes, e) != 0)
                return -1;
        } else if (why.error_class != LAGAN_NOT_FOUND) {
            *e = why;
            return -1;
        }
    }
    return 0;
}

/* Looks once more at what is needed, now that writers can see the record, and removes the
 * rest. */
static int carry_out(struct prune *p, const struct prune_record *deleted, struct error *e)
{
    struct rescue r = {.packs = {0}};
    struct pack_set leaving = {0};
    int result = list_needs(p, deleted, &r, e);

    for (size_t i = 0; result == 0 && i < deleted->gone_count; i++) {
        const struct seal_pack *there = pack_set_find(&r.packs, deleted->gone[i].id.hash);

        if (there == NULL)
            continue;
        if (is_spared(&r, deleted, &deleted->gone[i]))
            p->counters->packs_rescued++;
        else
            result = pack_set_add(&leaving, there->hash, pack_set_bytes(there), e);
    }
    if (result == 0)
        result = prune_moves(p, deleted, &r.packs, &leaving, e);
    if (result == 0)
        result = remove_packs(p, &leaving, e);
    if (result == 0)
        result = remove_rolls(p, deleted, &r, e);
    if (result == 0)
        result = target_flush(vault_target(p->vault), e);
    pack_set_free(&leaving);
    rescue_free(&r);
    return result;
}

static void count_waiting(struct prune *p, const struct prune_epoch *epoch)
{
    const struct prune_record *r = prune_epoch_record(epoch);

    for (size_t i = 0; r != NULL && i < r->gone_count; i++) {
        p->counters->packs_condemned++;
        p->counters->bytes_condemned += r->gone[i].id.bytes;
    }
}

int prune_delete(struct prune *p, struct prune_epoch *epoch, struct error *e)
{
    uint64_t waiting;

    if (prune_epoch_record(epoch) == NULL)
        return give_up(p, epoch, e) == 0 ? 1 : -1;
    if (prune_sessions_wait(p, epoch->number, &waiting, e) != 0)
        return -1;
    if (waiting > 0) {
        p->counters->sessions_waited += waiting;
        count_waiting(p, epoch);
        return 0;
    }
    if (!epoch->delete_listed && decide(p, epoch, e) != 0)
        return -1;
    if (!epoch->delete_known)
        return 1; /* what it deletes is not known, and found anew */
    return carry_out(p, &epoch->deleted, e) == 0 ? 1 : -1;
}
