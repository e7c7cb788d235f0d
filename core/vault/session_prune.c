/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_prune.c - a session beside whoever prunes (doc/format.md section 13): what it does
 * not build on, and how it finds out that it was taken for dead.
 */
#include "base/clock.h"
#include "base/log.h"
#include "vault/session_private.h"

#include <stdlib.h>
#include <string.h>

#define SIGN_EVERY_NS (INT64_C(3600) * 1000000000)

static int resolve_parent(struct session *s, bool *held, struct error *e)
{
    struct moves moves;

    if (moves_load(s->vault, &moves, e) != 0)
        return -1;
    int result = moves_resolve(&moves, &s->epochs, s->parent_number, &s->parent_packs,
                               &s->parent_pack_count, held, NULL, e);
    moves_free(&moves);
    return result;
}

int session_prune_parent(struct session *s, const struct seal *parent, struct error *e)
{
    bool held = false;

    if (backup_packs_either(s->vault, NULL, parent, &s->parent_packs, &s->parent_pack_count,
                            e) == 0) {
        if (resolve_parent(s, &held, e) != 0)
            return -1;
        /* It was sealed while what it needs was being condemned.  That will be spared, but for
         * a backup that is deleted before. */
        if (held)
            session_drop_parent(s, "some of its packs are condemned");
        return 0;
    }
    if (e->error_class != LAGAN_NOT_FOUND && e->error_class != LAGAN_CORRUPT)
        return -1;
    session_drop_parent(s, e->text);
    *e = ERROR_INIT;
    return 0;
}

static int taken_for_dead(struct error *e)
{
    return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                     "the vault was pruned while this session gave no sign for long, and some "
                     "of what the backup needs was deleted; run it again");
}

/* 1 when the records below `prune/` are others than those of the session, which has them now.
 */
static int renew(struct session *s, struct error *e)
{
    struct prune_epochs now;
    int changed = prune_epochs_changed(s->vault, &s->epochs, e);

    if (changed <= 0)
        return changed;
    if (prune_epochs_load(s->vault, &now, e) != 0)
        return -1;
    prune_epochs_free(&s->epochs);
    s->epochs = now;
    return 1;
}

/* Whether some pack that the session found or wrote itself was deleted. */
static bool lost_some(struct session *s)
{
    for (uint32_t i = 0; i < s->pack_room; i++) {
        if ((s->packs[i] & PACK_NEEDED) == 0)
            continue;
        struct seal_pack pack = index_pack(s->index, i);
        if (prune_epochs_find_deleted(&s->epochs, s->epoch, pack.hash) != NULL)
            return true;
    }
    for (size_t i = 0; i < s->parent_pack_count; i++)
        if (prune_epochs_find_deleted(&s->epochs, s->epoch, s->parent_packs[i].hash) != NULL)
            return true;
    return false;
}

int session_prune_before(struct session *s, struct error *e)
{
    int changed = renew(s, e);
    int there = changed < 0 ? -1 : session_object_is_there(s->vault, &s->object, s->epoch, e);

    if (there < 0)
        return -1;
    if (there == 0)
        return taken_for_dead(e);
    if (changed == 0)
        return 0;
    if (s->has_parent && resolve_parent(s, NULL, e) != 0)
        return -1;
    return lost_some(s) ? taken_for_dead(e) : 0;
}

/* Whether a deletion above `epoch` names what the seal needs. */
static int is_hurt(struct session *s, const struct prune_epochs *epochs, uint32_t epoch,
                   const struct seal *seal, bool *hurt, struct error *e)
{
    struct seal_pack *packs;
    size_t count;

    *hurt = false;
    if (prune_epochs_highest(epochs) <= epoch)
        return 0;
    for (size_t i = 0; i < seal->roll_count; i++)
        *hurt |= prune_epochs_find_deleted(epochs, epoch, seal->rolls[i]) != NULL;
    if (*hurt)
        return 0;
    if (backup_packs_either(s->vault, NULL, seal, &packs, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && !*hurt; i++)
        *hurt = prune_epochs_find_deleted(epochs, epoch, packs[i].hash) != NULL;
    free(packs);
    return 0;
}

static int withdraw(struct session *s, const struct session_object *object, uint32_t epoch,
                    const struct seal *seal, struct error *e)
{
    struct session_object end = *object;

    log_write(LOG_WARNING, "vault",
              "the backup %s is withdrawn: its session was taken for dead, and what it needs "
              "may have been deleted",
              seal->id);
    end.seal = "";
    if (seal_withdraw(s->vault, seal, s->object.writer,
                      "withdrawn: the session was taken for dead", e) != 0 ||
        session_object_finish(s->vault, &end, epoch, e) != 0)
        return -1;
    taken_for_dead(e);
    return 0;
}

/* First what was deleted, then whether the session is still there: records go after the session
 * objects that they outlast. */
int session_prune_after(struct session *s, const struct session_object *object, uint32_t epoch,
                        const struct seal *seal, struct error *e)
{
    struct prune_epochs now = {0};
    bool hurt = false;
    int result = prune_epochs_load(s->vault, &now, e);
    int there = result != 0 ? -1 : session_object_is_there(s->vault, object, epoch, e);

    if (there < 0)
        result = -1;
    if (result == 0)
        result = is_hurt(s, &now, epoch, seal, &hurt, e);
    prune_epochs_free(&now);
    if (result != 0)
        return -1;
    return hurt || there == 0 ? withdraw(s, object, epoch, seal, e) : 1;
}

void session_prune_sign(struct session *s)
{
    int64_t now = clock_boot_ns();
    struct error why = ERROR_INIT;
    uint64_t number = 0;

    pthread_mutex_lock(&s->lock);
    if (now - s->sign_ns >= SIGN_EVERY_NS) {
        s->sign_ns = now;
        number = ++s->signs;
    }
    pthread_mutex_unlock(&s->lock);
    if (number > 0 && session_object_sign(s->vault, &s->object, s->epoch, number, &why) != 0)
        log_write(LOG_DEBUG, "vault", "%s", why.text);
}
