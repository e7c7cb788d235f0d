/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item.c - one item of the queue.  The effect comes first and may be repeated at will; then one
 * transaction records it and takes the item away, or says why it was not to be.
 */
#include "mirror/worker_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/usage.h"
#include "crypto/secret.h"
#include "driver/operation.h"
#include "engine/locking.h"
#include "mirror/replicate.h"
#include "mirror/retry.h"
#include "mirror/tell.h"

#include <stdio.h>
#include <string.h>

static const int64_t ASK_EVERY_NS = INT64_C(2000000000);

static void ask_for_cancellation(struct work *work, int64_t now)
{
    struct error ignored = ERROR_INIT;

    if (now < work->ask_ns)
        return;
    work->ask_ns = now + ASK_EVERY_NS;
    if (catalog_task_is_cancelled(work->worker->catalog, work->task.id, &ignored) > 0)
        atomic_store(&work->cancelled, true);
}

int work_renew(struct work *work, struct error *e)
{
    struct error why = ERROR_INIT;
    int64_t now = clock_boot_ns();

    ask_for_cancellation(work, now);
    if (atomic_load(&work->cancelled))
        return error_set(e, LAGAN_CANCELLED, ERROR_FAILED, "the task %s was cancelled",
                         work->task.id);
    if (now < work->renew_ns || atomic_load(&work->lost))
        return 0;
    work->renew_ns = now + work->worker->lease_ns / 3;
    if (catalog_item_renew(work->worker->catalog, &work->item, work->worker->lease_ns, &why) !=
        0) {
        atomic_store(&work->lost, why.code == ERROR_LEASE_LOST);
        log_write(LOG_WARNING, "mirror", "item %lld: %s", (long long)work->item.id, why.text);
    }
    return 0;
}

/* What a work has led to. */
struct outcome {
    struct transfer_result sent;
    struct replicate_result replica;
    bool skipped;
    char text[160]; /* why */
};

static void skip(struct outcome *o, const char *why)
{
    o->skipped = true;
    snprintf(o->text, sizeof(o->text), "%s", why);
}

/* The effects: on storage alone. */

static int effect_copy(struct work *work, struct outcome *o, struct error *e)
{
    if (transfer_backup(work->lane->transfer, work->item.subject, &o->sent, e) == 0)
        return 0;
    /* A seal that is merely gone is no deletion: that is a loss, and somebody must know. */
    if (e->code != ERROR_NO_BACKUP || e->error_class != LAGAN_CHANGED)
        return -1;
    *e = ERROR_INIT;
    skip(o, "the source has deleted it");
    return 0;
}

/* The mirror's own lock is asked too.  What it holds waits, as what cannot be reached does. */
static int effect_remove(struct work *work, struct outcome *o, struct error *e)
{
    enum { ASK_AGAIN_MS = 3600 * 1000 };
    struct lane *lane = work->lane;

    (void)o;
    if (locking_check(work->worker->setup, lane->copy.row, lane->copy.vault, NULL, e) == 0 &&
        transfer_remove(lane->transfer, work->item.subject, e) == 0)
        return 0;
    if (e->code == ERROR_BACKUP_LOCKED) {
        e->error_class = LAGAN_BUSY;
        e->retry_after_ms = ASK_AGAIN_MS;
    }
    return -1;
}

static int effect_lock(struct work *work, struct outcome *o, struct error *e)
{
    struct lane *lane = work->lane;

    (void)o;
    if (transfer_lock(lane->transfer, e) != 0)
        return -1;
    return locking_check(work->worker->setup, lane->copy.row, lane->copy.vault, NULL, e);
}

static int copy_slot_row(void *context, const struct catalog_slot *slot, struct error *e)
{
    struct catalog_slot *found = context;

    (void)e;
    if (strcmp(found->id, slot->id) == 0)
        *found = *slot;
    return 0;
}

/* The slot as the catalog knows it of the source: 1, 0 when it does not, -1. */
static int find_slot(struct work *work, struct catalog_slot *slot, struct error *e)
{
    *slot = (struct catalog_slot){.kind = ""};
    memcpy(slot->id, work->item.subject, sizeof(slot->id) - 1);
    if (catalog_slot_list(work->worker->catalog, work->lane->mirror.source, copy_slot_row, slot,
                          e) != 0)
        return -1;
    return slot->kind[0] != '\0';
}

/* A slot that is absent was removed only when that was recorded: the event, not the absence,
 * makes it so. */
static int effect_slot(struct work *work, struct outcome *o, struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_slot slot;
    int known;

    if (transfer_slot(work->lane->transfer, work->item.subject, &why) == 0)
        return 0;
    known = why.error_class == LAGAN_NOT_FOUND ? find_slot(work, &slot, e) : 1;
    if (known == 0)
        skip(o, "the source has removed it");
    if (known > 0)
        *e = why;
    return known == 0 ? 0 : -1;
}

static int effect_slot_remove(struct work *work, struct outcome *o, struct error *e)
{
    (void)o;
    return transfer_slot_remove(work->lane->transfer, work->item.subject, e);
}

/* Between pieces of a replica, on any thread. */
static int pass_replica(void *context, uint64_t bytes, struct error *e)
{
    struct work *work = context;

    if (work_renew(work, e) != 0)
        return -1;
    return pace_wait(work->worker->pace, bytes, e);
}

static int effect_replica(struct work *work, struct outcome *o, struct error *e)
{
    struct replicate_request request = {.setup = work->worker->setup,
                                        .item = &work->item,
                                        .context = work,
                                        .pass = pass_replica,
                                        .transfers = work->worker->parallel};

    if (replicate_run(&request, &o->replica, e) != 0)
        return -1;
    o->sent.bytes = o->replica.bytes_sent;
    if (o->replica.skipped)
        skip(o, o->replica.text);
    return 0;
}

/* The records: in the transaction that takes the item away. */

/* What went over the line, whatever has become of it. */
static int record_sent(struct work *work, const struct outcome *o, struct error *e)
{
    const struct lane *lane = work->lane;
    char route[2 * NAME_SIZE];

    if (lane == NULL || o->sent.bytes == 0)
        return 0;
    snprintf(route, sizeof(route), "%s>%s", lane->source.row->region, lane->copy.row->region);
    return catalog_usage_add(work->worker->catalog, CATALOG_USAGE_REPLICATED,
                             lane->mirror.vault, route, o->sent.bytes, clock_wall_ns(), e);
}

/* What the mirror has now, the catalog knows as the mirror's own. */
static int record_copy(struct work *work, const struct outcome *o, struct error *e)
{
    struct catalog *c = work->worker->catalog;
    struct lane *lane = work->lane;
    struct catalog_backup backup;
    struct catalog_mirror mirror;
    struct error gone = ERROR_INIT;

    if (record_sent(work, o, e) != 0)
        return -1;
    if (o->skipped)
        return 0;
    /* Deleted meanwhile: the item that removes it is on its way. */
    if (catalog_backup_get(c, lane->mirror.source, work->item.subject, &backup, &gone) != 0) {
        if (gone.code == ERROR_NO_BACKUP)
            return 0;
        *e = gone;
        return -1;
    }
    if (backup.region[0] == '\0')
        snprintf(backup.region, sizeof(backup.region), "%s", lane->source.row->region);
    memcpy(backup.vault, lane->mirror.vault, sizeof(backup.vault));
    if (catalog_backup_upsert(c, &backup, e) != 0 ||
        catalog_mirror_get(c, lane->mirror.vault, &mirror, e) != 0)
        return -1;
    if (backup.created_ns <= mirror.latest_ns)
        return 0;
    mirror.latest_ns = backup.created_ns;
    return catalog_mirror_update(c, &mirror, e);
}

static int record_remove(struct work *work, const struct outcome *o, struct error *e)
{
    struct error gone = ERROR_INIT;

    (void)o;
    if (catalog_backup_bury(work->worker->catalog, work->lane->mirror.vault, work->item.subject,
                            &gone) == 0 ||
        gone.code == ERROR_NO_BACKUP)
        return 0;
    *e = gone;
    return -1;
}

static int record_slot(struct work *work, const struct outcome *o, struct error *e)
{
    struct catalog_slot slot;
    int known = o->skipped ? 0 : find_slot(work, &slot, e);

    if (known <= 0)
        return known;
    memcpy(slot.vault, work->lane->mirror.vault, sizeof(slot.vault));
    return catalog_slot_upsert(work->worker->catalog, &slot, e);
}

static int record_slot_remove(struct work *work, const struct outcome *o, struct error *e)
{
    (void)o;
    return catalog_slot_delete(work->worker->catalog, work->lane->mirror.vault,
                               work->item.subject, e);
}

/* The mirror's storage says it all. */
static int record_lock(struct work *work, const struct outcome *o, struct error *e)
{
    (void)work;
    (void)o;
    (void)e;
    return 0;
}

static int record_replica(struct work *work, const struct outcome *o, struct error *e)
{
    return replicate_record(work->worker->catalog, &work->item, &o->replica, e);
}

static const struct {
    bool lane; /* needs the vaults of a mirror */
    int (*effect)(struct work *work, struct outcome *o, struct error *e);
    int (*record)(struct work *work, const struct outcome *o, struct error *e);
} operations[] = {
    [CATALOG_OPERATION_COPY] = {true, effect_copy, record_copy},
    [CATALOG_OPERATION_REMOVE] = {true, effect_remove, record_remove},
    [CATALOG_OPERATION_SLOT] = {true, effect_slot, record_slot},
    [CATALOG_OPERATION_SLOT_REMOVE] = {true, effect_slot_remove, record_slot_remove},
    [CATALOG_OPERATION_REPLICA] = {false, effect_replica, record_replica},
    [CATALOG_OPERATION_LOCK] = {true, effect_lock, record_lock},
};

static int finish(struct work *work, const struct outcome *o, struct error *e)
{
    struct catalog *c = work->worker->catalog;
    enum catalog_task_state state =
        o->skipped ? CATALOG_TASK_STATE_SKIPPED : CATALOG_TASK_STATE_SUCCESS;

    work->task.bytes_done = o->sent.bytes;
    work->task.entries_done = o->sent.objects;
    if (catalog_begin(c, e) != 0)
        return -1;
    if (operations[work->item.operation].record(work, o, e) == 0 &&
        catalog_item_done(c, &work->item, e) == 0 &&
        catalog_task_finish(c, &work->task, state, NULL, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static const char *vault_name(const struct work *work)
{
    return work->lane != NULL ? work->lane->copy.row->name : work->vault;
}

static void count_done(struct work *work, const struct outcome *o)
{
    struct worker *w = work->worker;
    struct work_news news = {.kind = o->skipped ? WORK_SKIPPED : WORK_DONE,
                             .vault = vault_name(work),
                             .item = &work->item,
                             .objects = o->sent.objects,
                             .bytes = o->sent.bytes,
                             .text = o->text};

    pthread_mutex_lock(&w->lock);
    if (o->skipped)
        w->result.skipped++;
    else
        w->result.done++;
    w->result.bytes += o->sent.bytes;
    pthread_mutex_unlock(&w->lock);
    worker_tell(w, &news);
}

/* The attempt failed, in one of four ways. */

static int note_failure(struct work *work, enum retry_verdict verdict, const struct error *why,
                        bool *given_up, struct error *e)
{
    struct catalog *c = work->worker->catalog;
    int64_t budget = setup_config(work->worker->setup)->limits.retry_budget_ns;
    uint32_t random;
    int64_t due = 0;

    crypto_random(&random, sizeof(random));
    if (verdict == RETRY_UNDONE || verdict == RETRY_AWAY)
        return catalog_item_release(c, &work->item, e);
    if (verdict == RETRY_AGAIN)
        due = retry_item_at(&work->item, why, clock_wall_ns(), budget, random);
    *given_up = due == 0;
    if (work->item.operation == CATALOG_OPERATION_REPLICA &&
        replicate_note(c, &work->item, why, *given_up, e) != 0)
        return -1;
    if (catalog_item_fail(c, &work->item, why, due, e) != 0)
        return -1;
    return *given_up ? mirror_tell_given_up(work->worker->setup, &work->item, why, e) : 0;
}

static int note_lane(struct work *work, const struct error *why, struct error *e)
{
    struct catalog *c = work->worker->catalog;
    struct catalog_lane lane;
    int64_t now = clock_wall_ns();
    uint32_t random;

    crypto_random(&random, sizeof(random));
    if (catalog_lane_get(c, work->item.lane, &lane, e) != 0)
        return -1;
    /* Another thread has met the same, and said so. */
    work->lane_held = lane.hold_ns > now;
    if (work->lane_held)
        return 0;
    return catalog_lane_away(c, work->item.lane, now,
                             retry_lane_at(lane.tries, why, now, random), why->text, e);
}

static int fail(struct work *work, const struct outcome *o, enum retry_verdict verdict,
                const struct error *why, bool *given_up, struct error *e)
{
    struct catalog *c = work->worker->catalog;

    if (catalog_begin(c, e) != 0)
        return -1;
    if (note_failure(work, verdict, why, given_up, e) == 0 && record_sent(work, o, e) == 0 &&
        (verdict != RETRY_AWAY || note_lane(work, why, e) == 0) &&
        catalog_task_finish(c, &work->task, CATALOG_TASK_STATE_FAILED, why, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static void count_failed(struct work *work, enum retry_verdict verdict, bool given_up,
                         const struct error *why)
{
    struct worker *w = work->worker;
    struct work_news news = {.kind = WORK_FAILED, .vault = vault_name(work), .text = why->text};

    if (work->lane_held)
        return;
    pthread_mutex_lock(&w->lock);
    if (verdict == RETRY_AWAY) {
        news.kind = WORK_AWAY;
        w->result.away++;
    } else if (given_up) {
        news.kind = WORK_GIVEN_UP;
        w->result.given_up++;
    } else {
        w->result.failed++;
    }
    pthread_mutex_unlock(&w->lock);
    if (verdict != RETRY_AWAY)
        news.item = &work->item;
    if (verdict != RETRY_UNDONE)
        worker_tell(w, &news);
}

/* Somebody does not want it any more: the item goes, and what has arrived stays. */
static int drop(struct work *work, const struct outcome *o, const struct error *why,
                struct error *e)
{
    struct catalog *c = work->worker->catalog;

    if (catalog_begin(c, e) != 0)
        return -1;
    if ((work->item.operation != CATALOG_OPERATION_REPLICA ||
         replicate_note(c, &work->item, why, true, e) == 0) &&
        catalog_item_release(c, &work->item, e) == 0 &&
        catalog_item_cancel(c, work->item.id, e) == 0 && record_sent(work, o, e) == 0 &&
        catalog_task_finish(c, &work->task, CATALOG_TASK_STATE_CANCELLED, why, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* Whoever has the item now has the say; what is left to do is to tell that this attempt is
 * over.
 */
static void handle_loss(struct work *work, const struct error *why)
{
    struct error e = ERROR_INIT;

    if (catalog_task_finish(work->worker->catalog, &work->task, CATALOG_TASK_STATE_FAILED, why,
                            &e) != 0)
        log_write(LOG_WARNING, "mirror", "the task is not recorded: %s", e.text);
}

static void handle_end(struct work *work, const struct error *why)
{
    if (why->code == ERROR_LEASE_LOST)
        handle_loss(work, why);
    else
        worker_fail(work->worker, why);
}

static void handle_cancellation(struct work *work, const struct outcome *o,
                                const struct error *why)
{
    const struct outcome cancelled = {.skipped = true, .text = "cancelled"};
    struct error e = ERROR_INIT;

    if (drop(work, o, why, &e) == 0)
        count_done(work, &cancelled);
    else
        handle_end(work, &e);
}

static void handle_failure(struct work *work, const struct outcome *o, const struct error *why)
{
    enum retry_verdict verdict = retry_judge(why);
    struct error e = ERROR_INIT;
    bool given_up = false;

    /* A driver that gives up by itself, and does so again and again, must not be asked at once
     * each time. */
    if (verdict == RETRY_UNDONE && !operation_all_cancelled() &&
        (work->lane == NULL || !atomic_load(&work->lane->stopped)))
        verdict = RETRY_AGAIN;
    if (fail(work, o, verdict, why, &given_up, &e) == 0)
        count_failed(work, verdict, given_up, why);
    else
        handle_end(work, &e);
}

/* A process that dies in an item cannot say why; some day that is the reason. */
static int check_attempts(const struct work *work, struct error *e)
{
    enum { ATTEMPTS_MOST = 1000 };

    if (work->item.attempts <= ATTEMPTS_MOST)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_FAILED,
                     "%d attempts ended without a word: the process that works on it dies, or "
                     "is stopped too long",
                     ATTEMPTS_MOST);
}

static int reach(struct work *work, struct error *e)
{
    struct worker *w = work->worker;
    struct catalog_lane lane;

    if (!operations[work->item.operation].lane)
        return 0;
    if (lane_enter(w, work, e) == NULL)
        return -1;
    if (catalog_lane_get(w->catalog, work->item.lane, &lane, e) != 0)
        return -1;
    return lane.away_ns == 0 ? 0 : catalog_lane_back(w->catalog, work->item.lane, e);
}

/* Lanes know the name of theirs. */
static void name_vault(struct work *work)
{
    struct error ignored = ERROR_INIT;
    struct catalog_vault *row = NULL;

    if (!operations[work->item.operation].lane)
        row = catalog_vault_get(work->worker->catalog, work->item.lane, &ignored);
    if (row != NULL)
        snprintf(work->vault, sizeof(work->vault), "%s", row->name);
    catalog_vault_free(row);
}

void work_run(struct worker *w, const struct catalog_item *item,
              const struct catalog_task *task)
{
    struct work work = {.worker = w,
                        .item = *item,
                        .task = *task,
                        .renew_ns = clock_boot_ns() + w->lease_ns / 3};
    struct work_news news = {.kind = WORK_STARTED, .item = &work.item, .text = ""};
    struct outcome outcome = {.skipped = false};
    struct error why = ERROR_INIT;
    struct error e = ERROR_INIT;
    int result;

    name_vault(&work);
    result = check_attempts(&work, &why);
    if (result == 0)
        result = reach(&work, &why);
    if (result == 0) {
        news.vault = vault_name(&work);
        worker_tell(w, &news);
        result = operations[item->operation].effect(&work, &outcome, &why);
    }
    if (result == 0 && finish(&work, &outcome, &e) == 0)
        count_done(&work, &outcome);
    else if (result == 0)
        handle_end(&work, &e);
    else if (result != 0 && atomic_load(&work.cancelled))
        handle_cancellation(&work, &outcome, &why);
    else if (result != 0)
        handle_failure(&work, &outcome, &why);
    lane_leave(&work);
    /* What could not be reached, or may be another place by now, is opened anew. */
    if (result != 0 && retry_judge(&why) == RETRY_AWAY)
        lanes_drop(w);
}
