/* SPDX-License-Identifier: Apache-2.0 */
/* claim.c - an item gets its lease and its task; one task for each lane has them as parts. */
#include "base/clock.h"
#include "base/log.h"
#include "mirror/worker_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANE_ITEMS = 2 /* at work in one lane: history never takes the last place */ };

/* The task of the lane, or NULL when it has none yet; under the lock. */
static const struct catalog_task *find_lane_task(const struct worker *w,
                                                 const uint8_t vault[CATALOG_ID_SIZE])
{
    for (size_t i = 0; i < w->lane_task_count; i++)
        if (memcmp(w->lane_tasks[i].vault, vault, CATALOG_ID_SIZE) == 0)
            return &w->lane_tasks[i];
    return NULL;
}

static int start_lane_task(struct worker *w, const uint8_t vault[CATALOG_ID_SIZE],
                           struct catalog_task *task, struct error *e)
{
    struct catalog_vault *row = catalog_vault_get(w->catalog, vault, e);

    if (row == NULL)
        return -1;
    *task = (struct catalog_task){.type = CATALOG_TASK_SYNC};
    memcpy(task->vault, vault, sizeof(task->vault));
    snprintf(task->subject, sizeof(task->subject), "what %.200s is owed", row->name);
    catalog_vault_free(row);
    return catalog_task_start(w->catalog, task, e);
}

static int keep_lane_task(struct worker *w, const struct catalog_task *task, struct error *e)
{
    struct catalog_task *grown;
    int result = 0;

    pthread_mutex_lock(&w->lock);
    grown = reallocarray(w->lane_tasks, w->lane_task_count + 1, sizeof(*grown));
    if (grown != NULL) {
        w->lane_tasks = grown;
        w->lane_tasks[w->lane_task_count++] = *task;
    } else {
        result = error_no_memory(e, "tasks");
    }
    pthread_mutex_unlock(&w->lock);
    return result;
}

/* The catalog is ours in between: no other thread starts the same task. */
static int parent_of(struct worker *w, const uint8_t vault[CATALOG_ID_SIZE],
                     struct catalog_task *parent, bool *made, struct error *e)
{
    pthread_mutex_lock(&w->lock);
    const struct catalog_task *known = find_lane_task(w, vault);
    if (known != NULL)
        *parent = *known;
    pthread_mutex_unlock(&w->lock);
    *made = known == NULL;
    return *made ? start_lane_task(w, vault, parent, e) : 0;
}

static int start_task(struct worker *w, struct catalog_item *item, struct catalog_task *task,
                      struct error *e)
{
    struct catalog_task parent;
    bool made;

    if (parent_of(w, item->lane, &parent, &made, e) != 0)
        return -1;
    *task = (struct catalog_task){.type = CATALOG_TASK_REPLICATION};
    memcpy(task->vault, item->lane, sizeof(task->vault));
    memcpy(task->parent, parent.id, sizeof(task->parent));
    task->bytes_total = item->bytes;
    snprintf(task->subject, sizeof(task->subject), "%s %s",
             catalog_operation_name(item->operation), item->subject);
    if (catalog_task_start(w->catalog, task, e) != 0)
        return -1;
    memcpy(item->task, task->id, sizeof(item->task));
    if (catalog_item_renew(w->catalog, item, w->lease_ns, e) != 0)
        return -1;
    return made ? keep_lane_task(w, &parent, e) : 0;
}

int worker_claim(struct worker *w, struct catalog_item *item, struct catalog_task *task,
                 struct error *e)
{
    struct catalog *c = w->catalog;

    if (catalog_begin(c, e) != 0)
        return -1;
    int got = catalog_item_claim(c, clock_wall_ns(), w->lease_ns, LANE_ITEMS, item, e);
    if (got > 0 && start_task(w, item, task, e) != 0)
        got = -1;
    if (got > 0)
        return catalog_commit(c, e) == 0 ? 1 : -1;
    catalog_rollback(c);
    return got;
}

void worker_end_tasks(struct worker *w)
{
    for (size_t i = 0; i < w->lane_task_count; i++) {
        struct catalog_task *task = &w->lane_tasks[i];
        enum catalog_task_state state = CATALOG_TASK_STATE_SUCCESS;
        struct catalog_task_parts parts;
        struct error e = ERROR_INIT;
        if (catalog_task_parts(w->catalog, task->id, &parts, &e) == 0 &&
            parts.count[CATALOG_TASK_STATE_FAILED] > 0)
            state = CATALOG_TASK_STATE_PARTIAL;
        if (catalog_task_finish(w->catalog, task, state, NULL, &e) != 0)
            log_write(LOG_WARNING, "mirror", "the task is not recorded: %s", e.text);
    }
    free(w->lane_tasks);
    w->lane_tasks = NULL;
    w->lane_task_count = 0;
}
