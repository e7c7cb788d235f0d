/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_prune.c - a transfer beside whoever prunes the destination, and the moves that a
 * seal needs there (doc/format.md section 13).
 *
 * Unlike a writer's, the names of what a transfer brings come again.  So it is registered while
 * it works, whoever removes anything waits for it whatever its epoch is, and it waits for whom
 * it meets at that.
 */
#include "base/clock.h"
#include "base/log.h"
#include "vault/prune.h"
#include "vault/stored.h"
#include "vault/transfer_private.h"

#include <stdlib.h>
#include <string.h>

#define SIGN_EVERY_NS (INT64_C(3600) * 1000000000)

static int enlist(struct transfer *t, struct error *e)
{
    struct session_object *o = &t->session;

    process_text_self(t->process);
    *o = (struct session_object){
        .kind = SESSION_COPY, .created_ns = clock_wall_ns(), .process = t->process};
    memcpy(o->vault, vault_settings(t->to)->uuid, sizeof(o->vault));
    crypto_random(o->session, sizeof(o->session));
    if (session_object_register(t->to, o, &t->epoch, &t->epochs, e) != 0)
        return -1;
    t->enlisted = true;
    t->sign_ns = clock_boot_ns();
    return 0;
}

/* Registered under the lock, so that all threads are. */
static int keep_enlisted(struct transfer *t, struct error *e)
{
    struct error why = ERROR_INIT;
    int result = 0;

    pthread_mutex_lock(&t->lock);
    if (!t->enlisted) {
        result = enlist(t, e);
    } else if (clock_boot_ns() - t->sign_ns >= SIGN_EVERY_NS) {
        t->sign_ns = clock_boot_ns();
        if (session_object_sign(t->to, &t->session, t->epoch, ++t->signs, &why) != 0)
            log_write(LOG_DEBUG, "vault", "%s", why.text);
    }
    pthread_mutex_unlock(&t->lock);
    return result;
}

static int busy(struct error *e)
{
    return error_set(e, LAGAN_BUSY, ERROR_TEMPORARY,
                     "the destination is being pruned of what this backup needs; it is copied "
                     "when that has ended");
}

/* Whether somebody prunes the destination now. */
static int check_quiet(struct transfer *t, struct error *e)
{
    struct session_entry *entries;
    int64_t now = clock_wall_ns();
    bool somebody = false;
    size_t count;

    if (session_object_list(t->to, &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        somebody |= entries[i].open && !entries[i].dead && entries[i].kind == SESSION_PRUNE &&
                    now - entries[i].sign_ns < PRUNE_PRUNER_SILENCE_NS;
    free(entries);
    return somebody ? busy(e) : 0;
}

/* What was condemned when the transfer began may have gone since the listing. */
static int look_again(struct transfer *t, enum name_kind kind, const uint8_t hash[32],
                      bool *named, struct error *e)
{
    struct error why = ERROR_INIT;
    char name[NAME_SIZE];
    uint64_t bytes;

    if (prune_epochs_find(&t->epochs, hash) == NULL)
        return 0;
    if (!*named && check_quiet(t, e) != 0)
        return -1;
    *named = true;
    if (kind == NAME_PACK)
        name_of_pack(hash, name);
    else
        name_of_roll(hash, name);
    if (target_stat(t->carry.to, name, &bytes, &why) == 0)
        return 0;
    if (why.error_class != LAGAN_NOT_FOUND) {
        *e = why;
        return -1;
    }
    transfer_objects_forget(t, kind, hash);
    return 0;
}

/* What the destination itself has pruned of a backup that it has does not come again. */
static int heed_own_moves(struct transfer_job *job, struct error *e)
{
    struct moves own;

    if (moves_load(job->t->to, &own, e) != 0)
        return -1;
    int result = moves_resolve(&own, NULL, prune_seal_number(job->seal), &job->packs,
                               &job->pack_count, NULL, NULL, e);
    moves_free(&own);
    return result;
}

int transfer_prune_begin(struct transfer_job *job, struct error *e)
{
    bool named = false;
    int result = 0;

    if (job->sealed)
        return heed_own_moves(job, e);
    if (keep_enlisted(job->t, e) != 0)
        return -1;
    for (size_t i = 0; result == 0 && i < job->pack_count; i++)
        result = look_again(job->t, NAME_PACK, job->packs[i].hash, &named, e);
    for (size_t i = 0; result == 0 && i < job->seal->roll_count; i++)
        result = look_again(job->t, NAME_ROLL, job->seal->rolls[i], &named, e);
    return result;
}

static bool is_hurt(const struct transfer_job *job, const struct prune_epochs *now)
{
    uint32_t epoch = job->t->epoch;

    for (size_t i = 0; i < job->pack_count; i++)
        if (prune_epochs_find_deleted(now, epoch, job->packs[i].hash) != NULL)
            return true;
    for (size_t i = 0; i < job->seal->roll_count; i++)
        if (prune_epochs_find_deleted(now, epoch, job->seal->rolls[i]) != NULL)
            return true;
    return false;
}

/* The seal goes without a tombstone, so that it can come again. */
int transfer_prune_end(struct transfer_job *job, struct error *e)
{
    struct transfer *t = job->t;
    struct prune_epochs now;

    if (job->sealed)
        return 0;
    if (prune_epochs_load(t->to, &now, e) != 0)
        return -1;
    bool hurt = is_hurt(job, &now);
    prune_epochs_free(&now);
    int there = session_object_is_there(t->to, &t->session, t->epoch, e);
    if (there < 0)
        return -1;
    if (there > 0 && !hurt)
        return 0;
    if (seal_remove(t->to, job->name, e) != 0)
        return -1;
    pthread_mutex_lock(&t->lock);
    t->enlisted = false;
    prune_epochs_free(&t->epochs);
    pthread_mutex_unlock(&t->lock);
    return busy(e);
}

void transfer_prune_close(struct transfer *t)
{
    struct error why = ERROR_INIT;
    char name[NAME_SIZE];

    if (t->enlisted) {
        name_of_session(t->epoch, t->session.session, false, name);
        if (target_remove(t->carry.to, name, &why) != 0) {
            why = ERROR_INIT;
            t->session.seal = "";
            if (session_object_finish(t->to, &t->session, t->epoch, &why) != 0)
                log_write(LOG_DEBUG, "vault", "%s", why.text);
        }
        for (uint64_t i = 1; i <= t->signs; i++) {
            name_of_session_sign(t->epoch, t->session.session, i, name);
            target_remove(t->carry.to, name, &why);
        }
    }
    prune_epochs_free(&t->epochs);
    moves_free(&t->moves);
}

/* ---- moves ---- */

int transfer_moves_resolve(struct transfer_job *job, struct error *e)
{
    struct transfer *t = job->t;
    int result = 0;

    pthread_mutex_lock(&t->lock);
    if (!t->moves_known) {
        moves_free(&t->moves);
        result = moves_load(t->from, &t->moves, e);
        t->moves_known = result == 0;
    }
    if (result == 0) {
        free(job->moves);
        job->moves = calloc(t->moves.count + 1, sizeof(*job->moves));
        job->move_count = t->moves.count;
        result = job->moves == NULL
                     ? error_no_memory(e, "moves")
                     : moves_resolve(&t->moves, NULL, prune_seal_number(job->seal), &job->packs,
                                     &job->pack_count, NULL, job->moves, e);
    }
    for (size_t i = 0; result == 0 && i < job->move_count; i++)
        if (job->moves[i])
            memcpy(job->move_names[job->move_name_count++ % TRANSFER_MOVES],
                   t->moves.items[i].name, NAME_SIZE);
    pthread_mutex_unlock(&t->lock);
    if (result == 0 && job->move_name_count > TRANSFER_MOVES)
        return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "the backup needs %zu moves",
                         job->move_name_count);
    return result;
}

void transfer_moves_forget(struct transfer *t)
{
    pthread_mutex_lock(&t->lock);
    t->moves_known = false;
    pthread_mutex_unlock(&t->lock);
}

int transfer_moves_copy(struct transfer_job *job, struct error *e)
{
    const struct transfer *t = job->t;

    for (size_t i = 0; i < job->move_name_count; i++) {
        CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
        struct prune_record record = {0};
        const char *name = job->move_names[i];

        job->result.at_source = true;
        if (prune_record_read(t->from, name, &data, &record, e) != 0)
            return -1;
        prune_record_free(&record);
        job->result.at_source = false;
        if (t->carry.pass != NULL && t->carry.pass(t->carry.context, data.size, e) != 0)
            return -1;
        switch (stored_put(t->carry.to, name, data.data, data.size, e)) {
        case STORED_DONE:
            break;
        case STORED_TAKEN:
            return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                             "%s: something else stands there at the destination", name);
        default:
            return -1;
        }
    }
    return 0;
}
