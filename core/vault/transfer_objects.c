/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_objects.c - packs and rolls, several at a time.
 *
 * A call claims what the destination lacks and nobody else is bringing, brings it, and waits
 * for what others bring; what they gave up it takes over.
 */
#include "base/log.h"
#include "base/pool.h"
#include "driver/operation.h"
#include "vault/stored.h"
#include "vault/transfer_private.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_AGE_NS (INT64_C(48) * 3600 * 1000000000) /* where only age can tell */

/* One object that is to come. */
struct load {
    struct batch *batch;
    enum name_kind kind; /* PACK or ROLL */
    struct seal_pack id;
};

/* What one call has claimed. */
struct batch {
    struct transfer_job *job;
    struct load *loads;
    size_t count;
    bool waiting; /* others bring something that is needed too */
    bool failed;  /* guarded by the transfer's lock, with `failure` and the job's result */
    struct error failure;
};

/* No backup is ever made at a mirror that would see to what dead transfers have left there. */
static void sweep(struct transfer *t)
{
    struct error ignored = ERROR_INIT;

    if (target_sweep(t->carry.to, SWEEP_AGE_NS, NULL, &ignored) != 0)
        log_write(LOG_DEBUG, "vault", "%s", ignored.text);
}

static int list(struct transfer *t, struct error *e)
{
    int result = 0;

    pthread_mutex_lock(&t->lock);
    if (!t->listed) {
        sweep(t);
        result = pack_set_list(&t->packs, t->carry.to, "packs/", NAME_PACK, e);
        if (result == 0)
            result = pack_set_list(&t->rolls, t->carry.to, "rolls/", NAME_ROLL, e);
        t->listed = result == 0;
    }
    pthread_mutex_unlock(&t->lock);
    return result;
}

static struct pack_set *set_of(struct transfer *t, enum name_kind kind)
{
    return kind == NAME_PACK ? &t->packs : &t->rolls;
}

static void name_of(enum name_kind kind, const uint8_t hash[32], char name[NAME_SIZE])
{
    if (kind == NAME_PACK)
        name_of_pack(hash, name);
    else
        name_of_roll(hash, name);
}

static void make_sure(struct pack_set *set, const uint8_t hash[32])
{
    struct seal_pack *item = pack_set_find(set, hash);

    if (item != NULL)
        item->bytes |= PACK_SET_SURE;
}

static int wrong_length(enum name_kind kind, const struct seal_pack *id, uint64_t bytes,
                        struct error *e)
{
    char name[NAME_SIZE];

    name_of(kind, id->hash, name);
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "%s has %llu bytes at the destination instead of %llu", name,
                     (unsigned long long)bytes, (unsigned long long)id->bytes);
}

static void drop(struct pack_set *set, const uint8_t hash[32])
{
    struct seal_pack *item = pack_set_find(set, hash);

    if (item == NULL)
        return;
    set->count--;
    memmove(item, item + 1, (size_t)(set->items + set->count - item) * sizeof(*item));
}

/* Claims an object when it has to be brought; counts it when it is there.  Under the lock. */
static int claim(struct batch *b, enum name_kind kind, const struct seal_pack *id, bool first,
                 struct error *e)
{
    struct transfer *t = b->job->t;
    const struct seal_pack *there = pack_set_find(set_of(t, kind), id->hash);

    if (there != NULL && id->bytes != CARRY_ANY_LENGTH && pack_set_bytes(there) != id->bytes)
        return wrong_length(kind, id, pack_set_bytes(there), e);
    if (there != NULL) {
        b->job->result.objects_present += first;
        return 0;
    }
    if (pack_set_find(&t->busy, id->hash) != NULL) {
        b->waiting = true;
        return 0;
    }
    if (pack_set_add(&t->busy, id->hash, 0, e) != 0)
        return -1;
    b->loads[b->count++] = (struct load){.batch = b, .kind = kind, .id = *id};
    return 0;
}

static int claim_all(struct batch *b, bool first, struct error *e)
{
    const struct transfer_job *job = b->job;
    int result = 0;

    b->count = 0;
    b->waiting = false;
    for (size_t i = 0; result == 0 && i < job->pack_count; i++)
        result = claim(b, NAME_PACK, &job->packs[i], first, e);
    for (size_t i = 0; result == 0 && i < job->seal->roll_count; i++) {
        struct seal_pack id = {.bytes = CARRY_ANY_LENGTH};

        memcpy(id.hash, job->seal->rolls[i], sizeof(id.hash));
        result = claim(b, NAME_ROLL, &id, first, e);
    }
    return result;
}

static void give_up(struct batch *b, size_t from)
{
    for (size_t i = from; i < b->count; i++)
        drop(&b->job->t->busy, b->loads[i].id.hash);
    pthread_cond_broadcast(&b->job->t->arrived);
}

/* Others may have brought it since the listing, or a commit of unknown outcome has worked: that
 * is cheaper to ask than to send again.  1, 0 or -1. */
static int is_there(struct load *l, const char *name, uint64_t *bytes, struct error *e)
{
    struct error why = ERROR_INIT;

    if (target_stat(l->batch->job->t->carry.to, name, bytes, &why) == 0) {
        if (l->id.bytes != CARRY_ANY_LENGTH && *bytes != l->id.bytes)
            return wrong_length(l->kind, &l->id, *bytes, e);
        return 1;
    }
    if (why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = why;
    return -1;
}

static int bring(struct load *l, bool *sent, uint64_t *bytes, bool *at_source, struct error *e)
{
    struct carry_object o = {.hash_bytes = 32, .bytes = l->id.bytes};
    char name[NAME_SIZE];
    int there;

    name_of(l->kind, l->id.hash, name);
    o.name = name;
    memcpy(o.hash, l->id.hash, sizeof(o.hash));
    *sent = false;
    *at_source = false;
    there = is_there(l, name, bytes, e);
    if (there != 0)
        return there > 0 ? 0 : -1;
    switch (carry_object(&l->batch->job->t->carry, &o, bytes, at_source, e)) {
    case CARRY_SENT:
        *sent = true;
        return 0;
    case CARRY_PRESENT:
        there = is_there(l, name, bytes, e);
        if (there == 0)
            error_set(e, LAGAN_CHANGED, ERROR_TEMPORARY, "%s came and went at the destination",
                      name);
        return there > 0 ? 0 : -1;
    default:
        return -1;
    }
}

/* Under the lock. */
static void settle(struct load *l, int result, bool sent, uint64_t bytes, bool at_source,
                   struct error *e)
{
    struct batch *b = l->batch;
    struct transfer_result *r = &b->job->result;

    if (result == 0)
        result = pack_set_add(set_of(b->job->t, l->kind), l->id.hash, bytes, e);
    if (result == 0) {
        /* What this process has stored the next flush covers. */
        if (sent)
            make_sure(set_of(b->job->t, l->kind), l->id.hash);
        r->objects += sent;
        r->bytes += sent ? bytes : 0;
        r->objects_present += !sent;
    } else if (!b->failed) {
        b->failed = true;
        b->failure = *e;
        r->at_source = at_source;
    }
    drop(&b->job->t->busy, l->id.hash);
    pthread_cond_broadcast(&b->job->t->arrived);
}

static void run(void *item)
{
    struct load *l = item;
    struct transfer *t = l->batch->job->t;
    struct error e = ERROR_INIT;
    bool sent = false, at_source = false, failed;
    uint64_t bytes = 0;
    int result;

    pthread_mutex_lock(&t->lock);
    failed = l->batch->failed;
    pthread_mutex_unlock(&t->lock);
    result = failed ? -1 : operation_check(&e);
    if (result == 0)
        result = bring(l, &sent, &bytes, &at_source, &e);
    pthread_mutex_lock(&t->lock);
    settle(l, result, sent, bytes, at_source, &e);
    pthread_mutex_unlock(&t->lock);
}

static int bring_all(struct batch *b, struct error *e)
{
    struct transfer *t = b->job->t;
    unsigned threads = b->count < t->parallel ? (unsigned)b->count : t->parallel;
    struct pool *pool = pool_new(threads, threads, e);

    if (pool == NULL) {
        pthread_mutex_lock(&t->lock);
        give_up(b, 0);
        pthread_mutex_unlock(&t->lock);
        return -1;
    }
    for (size_t i = 0; i < b->count; i++)
        pool_submit(pool, run, &b->loads[i]);
    pool_free(pool);
    if (!b->failed)
        return 0;
    *e = b->failure;
    return -1;
}

/* Claims, or waits until something has changed: 1 when there is something to bring, 0 when all
 * is there, -1. */
static int next_batch(struct batch *b, bool first, struct error *e)
{
    struct transfer *t = b->job->t;
    int result;

    pthread_mutex_lock(&t->lock);
    result = claim_all(b, first, e);
    while (result == 0 && b->count == 0 && b->waiting) {
        pthread_cond_wait(&t->arrived, &t->lock);
        result = claim_all(b, false, e);
    }
    if (result != 0)
        give_up(b, 0);
    pthread_mutex_unlock(&t->lock);
    return result != 0 ? -1 : b->count > 0;
}

static bool is_sure(struct transfer *t, enum name_kind kind, const uint8_t hash[32])
{
    const struct seal_pack *item;
    bool sure;

    pthread_mutex_lock(&t->lock);
    item = pack_set_find(set_of(t, kind), hash);
    sure = item != NULL && pack_set_is_sure(item);
    pthread_mutex_unlock(&t->lock);
    return sure;
}

/* An object that was there before this transfer, and that no seal vouches for. */
static int confirm(struct transfer_job *job, enum name_kind kind, const uint8_t hash[32],
                   struct error *e)
{
    char name[NAME_SIZE];

    if (is_sure(job->t, kind, hash))
        return 0;
    transfer_witness(job);
    if (is_sure(job->t, kind, hash))
        return 0;
    name_of(kind, hash, name);
    return stored_confirm(job->t->carry.to, name, hash, e);
}

static int confirm_all(struct transfer_job *job, struct error *e)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < job->pack_count; i++)
        result = confirm(job, NAME_PACK, job->packs[i].hash, e);
    for (size_t i = 0; result == 0 && i < job->seal->roll_count; i++)
        result = confirm(job, NAME_ROLL, job->seal->rolls[i], e);
    return result;
}

int transfer_objects(struct transfer_job *job, struct error *e)
{
    struct batch b = {.job = job};
    int more, result = 0;

    if (list(job->t, e) != 0)
        return -1;
    b.loads = calloc(job->pack_count + job->seal->roll_count + 1, sizeof(*b.loads));
    if (b.loads == NULL)
        return error_no_memory(e, "the packs of a backup");
    for (bool first = true; result == 0; first = false) {
        more = next_batch(&b, first, e);
        if (more <= 0) {
            result = more;
            break;
        }
        result = bring_all(&b, e);
    }
    free(b.loads);
    if (result == 0 && !job->sealed)
        result = confirm_all(job, e);
    return result;
}

void transfer_objects_sure(struct transfer *t, const struct seal *seal,
                           const struct seal_pack *packs, size_t pack_count)
{
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < pack_count; i++)
        make_sure(&t->packs, packs[i].hash);
    for (size_t i = 0; i < seal->roll_count; i++)
        make_sure(&t->rolls, seal->rolls[i]);
    pthread_mutex_unlock(&t->lock);
}

static void make_unsure(struct pack_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        set->items[i].bytes = pack_set_bytes(&set->items[i]);
}

void transfer_objects_unsure(struct transfer *t)
{
    pthread_mutex_lock(&t->lock);
    make_unsure(&t->packs);
    make_unsure(&t->rolls);
    t->witnessed = false;
    pthread_mutex_unlock(&t->lock);
}

void transfer_objects_forget(struct transfer *t, enum name_kind kind, const uint8_t hash[32])
{
    pthread_mutex_lock(&t->lock);
    drop(set_of(t, kind), hash);
    pthread_mutex_unlock(&t->lock);
}
