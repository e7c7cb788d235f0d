/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - what a mirror's state is now, and whether its deletions are to be stopped. */
#include "base/clock.h"
#include "mirror/state.h"
#include "mirror/tell.h"
#include "mirror/worker.h"

#include <stdlib.h>

static const int64_t DAY_NS = INT64_C(86400) * 1000000000;

/* The last deletions that wait, in the order in which they came. */
struct burst {
    int64_t released_ns; /* those of before were looked at by somebody */
    int64_t *times;      /* a ring of `room` */
    size_t room;         /* one more than may come within a day */
    size_t count;
    bool found;
};

static int note_removal(void *context, const struct catalog_item *item, struct error *e)
{
    struct burst *b = context;
    (void)e;

    if (item->operation != CATALOG_OPERATION_REMOVE || item->created_ns <= b->released_ns)
        return 0;
    b->times[b->count++ % b->room] = item->created_ns;
    int64_t oldest = b->times[b->count % b->room];
    if (b->count >= b->room && item->created_ns - oldest < DAY_NS)
        b->found = true;
    return 0;
}

/* Somebody who can delete backups of the source must not be able to empty the mirror. */
static int find_burst(struct catalog *c, const struct catalog_mirror *mirror, uint64_t limit,
                      bool *found, struct error *e)
{
    struct burst b = {.released_ns = mirror->released_ns, .room = (size_t)limit + 1};
    int result;

    b.times = calloc(b.room, sizeof(*b.times));
    if (b.times == NULL)
        return error_no_memory(e, "deletions");
    result = catalog_item_list(c, mirror->vault, CATALOG_ITEM_WAITING, note_removal, &b, e);
    free(b.times);
    *found = b.found;
    return result;
}

static int brake(struct setup *s, struct catalog_mirror *mirror, const struct catalog_lag *lag,
                 int64_t now_ns, struct error *e)
{
    uint64_t limit = setup_config(s)->mirror.delete_limit;
    bool found = false;

    if (mirror->braked_ns != 0 || lag->deletions <= limit)
        return 0;
    if (find_burst(setup_catalog(s), mirror, limit, &found, e) != 0)
        return -1;
    if (found)
        mirror->braked_ns = now_ns;
    return 0;
}

static int look(struct setup *s, struct catalog_mirror *mirror, struct catalog_lag *lag,
                bool *moved, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_mirror before;
    struct mirror_facts facts = {.now_ns = clock_wall_ns()};

    if (catalog_mirror_get(c, mirror->vault, &before, e) != 0)
        return -1;
    *mirror = before;
    if (catalog_mirror_lag(c, mirror->vault, facts.now_ns, &facts.lag, e) != 0 ||
        brake(s, mirror, &facts.lag, facts.now_ns, e) != 0)
        return -1;
    facts.history_ns = mirror->history_ns;
    facts.failed = facts.lag.dead > 0;
    mirror->state = mirror_state_settle(before.state, &facts);
    if (mirror->state == CATALOG_MIRROR_IN_SYNC && before.state != CATALOG_MIRROR_IN_SYNC)
        mirror->synced_ns = facts.now_ns;
    *lag = facts.lag;
    *moved = mirror->state != before.state;
    if (mirror_tell_change(s, &before, mirror, lag, facts.now_ns, e) != 0)
        return -1;
    if (!*moved && mirror->braked_ns == before.braked_ns)
        return 0;
    return catalog_mirror_update(c, mirror, e);
}

int mirror_look(struct setup *s, struct catalog_mirror *mirror, struct catalog_lag *lag,
                bool *moved, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_lag found = {0};
    bool other = false;

    if (catalog_begin(c, e) != 0)
        return -1;
    if (look(s, mirror, &found, &other, e) != 0) {
        catalog_rollback(c);
        return -1;
    }
    if (catalog_commit(c, e) != 0)
        return -1;
    if (lag != NULL)
        *lag = found;
    if (moved != NULL)
        *moved = other;
    return 0;
}
