/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c - the vaults of a mirror, opened once for all items that are worked on. */
#include "mirror/worker_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/audit.h"
#include "driver/operation.h"
#include "vault/audit_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_vault(struct worker *w, const uint8_t id[CATALOG_ID_SIZE], bool read_only,
                      struct open_vault *vault, struct error *e)
{
    static const struct setup_key locked = {.locked = true};
    struct catalog_vault *row = catalog_vault_get(w->catalog, id, e);

    if (row == NULL)
        return -1;
    return setup_vault_open_row(w->setup, row, &locked, read_only, vault, e);
}

/* What a place says that is not there may come back: it is no reason to give anything up. */
static int away(struct error *e)
{
    if (e->error_class == LAGAN_NOT_FOUND)
        e->error_class = LAGAN_OFFLINE;
    if (e->scope == LAGAN_SCOPE_ITEM)
        e->scope = LAGAN_SCOPE_HANDLE;
    return -1;
}

/* Between pieces of any object: waits for its turn, and keeps the leases.  A piece does not
 * know its work: when one is cancelled all in the lane stop, and the others start again. */
static int pass(void *context, uint64_t bytes, struct error *e)
{
    struct lane *lane = context;
    int result = 0;

    pthread_mutex_lock(&lane->lock);
    for (struct work *work = lane->works; work != NULL && result == 0; work = work->next)
        result = work_renew(work, e);
    pthread_mutex_unlock(&lane->lock);
    if (result != 0)
        atomic_store(&lane->stopped, true);
    return result == 0 ? pace_wait(lane->worker->pace, bytes, e) : -1;
}

static int open_lane(struct lane *lane, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    struct worker *w = lane->worker;
    struct transfer_request request = {.parallel = w->parallel, .context = lane, .pass = pass};

    if (catalog_mirror_get(w->catalog, vault, &lane->mirror, e) != 0)
        return -1;
    if (open_vault(w, lane->mirror.vault, false, &lane->copy, e) != 0 ||
        open_vault(w, lane->mirror.source, true, &lane->source, e) != 0)
        return away(e);
    request.from = lane->source.vault;
    request.to = lane->copy.vault;
    lane->transfer = transfer_open(&request, e);
    return lane->transfer != NULL ? 0 : away(e);
}

/* Whoever changes the audit log later cannot take back what stands in another region. */
static void note_audit(struct lane *lane)
{
    struct catalog *c = lane->worker->catalog;
    struct vault_audit_head head;
    struct catalog_audit line;
    struct error e = ERROR_INIT;
    int found = lane->worked ? catalog_audit_head(c, &line, &e) : 0;

    if (found > 0) {
        catalog_writer_id(c, head.writer);
        head.sequence = (uint64_t)line.sequence;
        head.at_ns = clock_wall_ns();
        memcpy(head.hash, line.hash, sizeof(head.hash));
        found = vault_audit_head_write(lane->copy.vault, &head, &e);
    }
    if (found < 0)
        log_write(LOG_WARNING, "mirror", "the audit log's head is not noted: %s", e.text);
}

static void close_lane(struct lane *lane)
{
    note_audit(lane);
    transfer_close(lane->transfer);
    open_vault_close(&lane->source);
    open_vault_close(&lane->copy);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

static struct lane *make_lane(struct worker *w, const uint8_t vault[CATALOG_ID_SIZE],
                              struct error *e)
{
    struct lane *lane = calloc(1, sizeof(*lane));

    if (lane == NULL) {
        error_no_memory(e, "a mirror at work");
        return NULL;
    }
    lane->worker = w;
    pthread_mutex_init(&lane->lock, NULL);
    if (open_lane(lane, vault, e) != 0) {
        close_lane(lane);
        return NULL;
    }
    lane->next = w->lanes;
    w->lanes = lane;
    return lane;
}

static struct lane *find(struct worker *w, const uint8_t vault[CATALOG_ID_SIZE])
{
    for (struct lane *lane = w->lanes; lane != NULL; lane = lane->next)
        if (memcmp(lane->mirror.vault, vault, CATALOG_ID_SIZE) == 0)
            return lane;
    return NULL;
}

struct lane *lane_enter(struct worker *w, struct work *work, struct error *e)
{
    pthread_mutex_lock(&w->open);
    struct lane *lane = find(w, work->item.lane);
    if (lane == NULL)
        lane = make_lane(w, work->item.lane, e);
    if (lane != NULL) {
        lane->users++;
        lane->worked = true;
        pthread_mutex_lock(&lane->lock);
        work->next = lane->works;
        lane->works = work;
        pthread_mutex_unlock(&lane->lock);
        work->lane = lane;
    }
    pthread_mutex_unlock(&w->open);
    return lane;
}

void lane_leave(struct work *work)
{
    struct lane *lane = work->lane;

    if (lane == NULL)
        return;
    pthread_mutex_lock(&lane->lock);
    struct work **at = &lane->works;
    while (*at != work)
        at = &(*at)->next;
    *at = work->next;
    pthread_mutex_unlock(&lane->lock);
    pthread_mutex_lock(&lane->worker->open);
    lane->users--;
    pthread_mutex_unlock(&lane->worker->open);
    work->lane = NULL;
}

/* What is held, away or stopped is left alone; without a lane only this pass would open it. */
static int wants_notes(struct worker *w, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    struct catalog_lane lane;

    if (catalog_lane_get(w->catalog, vault, &lane, e) != 0)
        return -1;
    return !lane.paused && lane.hold_ns <= clock_wall_ns();
}

static void bring_notes(struct worker *w, const uint8_t vault[CATALOG_ID_SIZE])
{
    struct error e = ERROR_INIT;
    int wanted = wants_notes(w, vault, &e);
    struct lane *lane = wanted > 0 ? find(w, vault) : NULL;

    if (wanted > 0 && lane == NULL)
        lane = make_lane(w, vault, &e);
    if (lane != NULL)
        transfer_notes(lane->transfer, NULL, &e);
    if (e.error_class != LAGAN_OK)
        log_write(LOG_WARNING, "mirror", "notes are not copied yet: %s", e.text);
}

void lanes_bring_notes(struct worker *w)
{
    struct catalog_mirror *mirrors = NULL;
    struct error e = ERROR_INIT;
    size_t count = 0;

    if (catalog_mirror_all(w->catalog, &mirrors, &count, &e) != 0)
        log_write(LOG_WARNING, "mirror", "notes are not copied yet: %s", e.text);
    pthread_mutex_lock(&w->open);
    for (size_t i = 0; i < count && !operation_all_cancelled(); i++)
        bring_notes(w, mirrors[i].vault);
    pthread_mutex_unlock(&w->open);
    free(mirrors);
}

void lanes_drop(struct worker *w)
{
    pthread_mutex_lock(&w->open);
    for (struct lane **at = &w->lanes; *at != NULL;) {
        struct lane *lane = *at;
        if (lane->users > 0) {
            at = &lane->next;
            continue;
        }
        *at = lane->next;
        close_lane(lane);
    }
    pthread_mutex_unlock(&w->open);
}
