/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - work that is owed to other regions: adding, claiming under a lease, ending. */
#include "base/clock.h"
#include "catalog/queue_private.h"

#include <string.h>

/* Binds id, token and the time of the boot clock. */
#define ITEM_LEASED " WHERE id = ? AND token = ? AND state = 'running' AND lease_boot_ns > ?"

static int64_t later(int64_t ns, int64_t by_ns)
{
    int64_t sum;

    return __builtin_add_overflow(ns, by_ns, &sum) ? INT64_MAX : sum;
}

/* Adding */

static int insert_row(struct catalog *c, const struct catalog_item *item, struct error *e)
{
    static const char sql[] =
        "INSERT INTO items (lane, operation, subject, class, state, bytes, created_ns, due_ns,"
        " attempts, first_failure_ns, token, lease_boot_ns, pid, boot_id, process_start, task)"
        " VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?6, ?7, 0, 0, 0, 0, 0, '', 0, '')"
        " ON CONFLICT (lane, operation, subject) DO NOTHING";
    int64_t now_ns = clock_wall_ns();
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, item->lane, CATALOG_ID_SIZE);
    query_text(&q, catalog_operation_name(item->operation));
    query_text(&q, item->subject);
    query_number(&q, item->class);
    query_number(&q, (int64_t)item->bytes);
    query_number(&q, now_ns);
    query_number(&q, item->due_ns != 0 ? item->due_ns : now_ns);
    return query_finish(&q, e);
}

static int read_same(struct catalog *c, struct catalog_item *item, struct error *e)
{
    static const char sql[] = "SELECT " ITEM_COLUMNS " FROM items"
                              " WHERE lane = ? AND operation = ? AND subject = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, item->lane, CATALOG_ID_SIZE);
    query_text(&q, catalog_operation_name(item->operation));
    query_text(&q, item->subject);
    return item_read_only(&q, item, e) < 0 ? -1 : 0;
}

int catalog_item_insert(struct catalog *c, struct catalog_item *item, bool *added,
                        struct error *e)
{
    struct catalog_item row = *item;
    bool fresh = false;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = lane_make(c, row.lane, e);
    if (result == 0)
        result = insert_row(c, &row, e);
    if (result == 0) {
        fresh = query_changes(c) > 0;
        result = read_same(c, &row, e);
    }
    if (write_end(c, result, e) != 0)
        return -1;
    *item = row;
    if (added != NULL)
        *added = fresh;
    return 0;
}

/* Leases */

enum { LOST_LIMIT = 64 /* more of them wait for the next call */ };

struct lost {
    struct process_mark self;
    struct {
        int64_t item;
        const char *why;
    } items[LOST_LIMIT];
    size_t count;
};

static int collect_lost(struct query *q, void *context, struct error *e)
{
    struct lost *lost = context;
    struct lease lease;

    if (lease_read(q, &lease, e) != 0)
        return -1;
    const char *why = lease_end(&lease, &lost->self);
    if (why == NULL || lost->count == LOST_LIMIT)
        return 0;
    lost->items[lost->count].item = lease.item;
    lost->items[lost->count++].why = why;
    return 0;
}

/* Keeps the last CATALOG_ITEM_ERRORS of the item. */
static int note_error(struct catalog *c, int64_t item, const struct error *why, struct error *e)
{
    static const char insert[] =
        "INSERT INTO item_errors SELECT id,"
        " coalesce((SELECT max(number) FROM item_errors WHERE item = ?1), 0) + 1,"
        " attempts, ?2, ?3, ?4, ?5 FROM items WHERE id = ?1";
    static const char trim[] =
        "DELETE FROM item_errors WHERE item = ?1"
        " AND number <= (SELECT max(number) FROM item_errors WHERE item = ?1) - ?2";
    struct query q;

    if (query_start(c, insert, &q, e) != 0)
        return -1;
    query_number(&q, item);
    query_number(&q, clock_wall_ns());
    query_why(&q, why);
    if (query_finish(&q, e) != 0 || query_start(c, trim, &q, e) != 0)
        return -1;
    query_number(&q, item);
    query_number(&q, CATALOG_ITEM_ERRORS);
    return query_finish(&q, e);
}

static int let_wait(struct catalog *c, int64_t item, const char *why, struct error *e)
{
    static const char sql[] = "UPDATE items SET state = 'waiting' WHERE id = ?";
    struct error note = ERROR_INIT;
    struct query q;

    error_set(&note, LAGAN_CANCELLED, ERROR_INTERRUPTED, "%s", why);
    if (note_error(c, item, &note, e) != 0 || query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, item);
    return query_finish(&q, e);
}

/* Items whose lease is over wait again; it costs as much as there are running ones. */
static int recover(struct catalog *c, struct lost *lost, struct error *e)
{
    static const char sql[] = "SELECT id, lease_boot_ns, pid, boot_id, process_start"
                              " FROM items INDEXED BY items_running WHERE state = 'running'";

    process_mark_self(&lost->self);
    lost->count = 0;
    if (query_list_all(c, sql, collect_lost, lost, e) != 0)
        return -1;
    for (size_t i = 0; i < lost->count; i++)
        if (let_wait(c, lost->items[i].item, lost->items[i].why, e) != 0)
            return -1;
    return 0;
}

/* Claiming */

/* A lane that may have an item for this claim. */
struct turn {
    uint8_t lane[CATALOG_ID_SIZE];
    int classes; /* from the first one on, that may be claimed */
};

/* Which classes: what is old leaves the last place to what is new, and a brake holds removals.
 */
static int read_turn(struct query *q, uint64_t lane_limit, struct turn *turn, struct error *e)
{
    row_blob(q, turn->lane, sizeof(turn->lane));
    uint64_t running = (uint64_t)row_number(q);
    bool braked = row_number(q) != 0;

    turn->classes = braked ? CATALOG_CLASS_REMOVAL : CATALOG_CLASS_COUNT;
    if (lane_limit > 1 && running + 1 >= lane_limit)
        turn->classes = CATALOG_CLASS_HISTORY;
    if (lane_limit > 0 && running >= lane_limit)
        turn->classes = 0;
    return query_row_check(q, e);
}

/* The next item of a lane: 1, 0, -1.  One look into the index for each class. */
static int next_of_lane(struct catalog *c, const struct turn *turn, int64_t now_ns,
                        struct catalog_item *item, struct error *e)
{
    static const char sql[] =
        "SELECT " ITEM_COLUMNS " FROM items INDEXED BY items_waiting WHERE lane = ?"
        " AND class = ? AND state = 'waiting' AND due_ns <= ? ORDER BY due_ns, id LIMIT 1";
    int found = 0;

    for (int rank = 0; rank < turn->classes && found == 0; rank++) {
        struct query q;
        if (query_start(c, sql, &q, e) != 0)
            return -1;
        query_blob(&q, turn->lane, CATALOG_ID_SIZE);
        query_number(&q, rank);
        query_number(&q, now_ns);
        found = item_read_only(&q, item, e);
    }
    return found;
}

/* The next item of the lane whose turn is longest ago: 1, 0, -1. */
static int next_item(struct catalog *c, int64_t now_ns, uint64_t lane_limit,
                     struct catalog_item *item, struct error *e)
{
    static const char sql[] =
        "SELECT vault, (SELECT count(*) FROM items WHERE lane = lanes.vault"
        " AND state = 'running'), (SELECT count(*) FROM mirrors m WHERE m.vault = lanes.vault"
        " AND m.braked_ns <> 0) FROM lanes WHERE paused = 0 AND hold_ns <= ?"
        " ORDER BY served, vault";
    int found = 0, more;
    struct turn turn;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, now_ns);
    while (found == 0 && (more = query_step(&q, e)) != 0) {
        if (more < 0 || read_turn(&q, lane_limit, &turn, e) != 0)
            found = -1;
        else
            found = next_of_lane(c, &turn, now_ns, item, e);
    }
    query_end(&q);
    return found;
}

/* The lane goes to the end of those that wait for a turn: one that had nothing to do for long
 * has no right to a row of turns. */
static int serve_lane(struct catalog *c, const uint8_t lane[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] =
        "UPDATE lanes SET served = (SELECT max(served) FROM lanes) + 1 WHERE vault = ?";

    return query_run_for(c, sql, lane, e);
}

static int lease_item(struct catalog *c, struct catalog_item *item, int64_t lease_ns,
                      const struct process_mark *self, struct error *e)
{
    static const char sql[] =
        "UPDATE items SET state = 'running', token = ?, attempts = ?, lease_boot_ns = ?,"
        " pid = ?, boot_id = ?, process_start = ? WHERE id = ?";
    struct query q;

    item->state = CATALOG_ITEM_RUNNING;
    item->token++;
    item->attempts++;
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, item->token);
    query_number(&q, (int64_t)item->attempts);
    query_number(&q, later(clock_boot_ns(), lease_ns));
    query_number(&q, self->pid);
    query_text(&q, self->boot_id);
    query_number(&q, self->start_ticks);
    query_number(&q, item->id);
    return query_finish(&q, e);
}

/* 1, 0, -1, inside the transaction. */
static int claim(struct catalog *c, int64_t now_ns, int64_t lease_ns, uint64_t lane_limit,
                 struct catalog_item *item, struct error *e)
{
    struct lost lost;

    if (recover(c, &lost, e) != 0)
        return -1;
    int found = next_item(c, now_ns, lane_limit, item, e);
    if (found > 0 && (serve_lane(c, item->lane, e) != 0 ||
                      lease_item(c, item, lease_ns, &lost.self, e) != 0))
        found = -1;
    return found;
}

/* A claim need not outlive a loss of power: the process that it is for does not. */
int catalog_item_claim(struct catalog *c, int64_t now_ns, int64_t lease_ns, uint64_t lane_limit,
                       struct catalog_item *item, struct error *e)
{
    struct catalog_item row;

    if (write_begin_light(c, e) != 0)
        return -1;
    int found = claim(c, now_ns, lease_ns, lane_limit, &row, e);
    if (write_end_light(c, found < 0 ? -1 : 0, e) != 0)
        return -1;
    if (found > 0)
        *item = row;
    return found;
}

/* Ending */

/* Runs a statement that ends with ITEM_LEASED and is bound up to there. */
static int finish_leased(struct query *q, const struct catalog_item *item, struct error *e)
{
    query_number(q, item->id);
    query_number(q, item->token);
    query_number(q, clock_boot_ns());
    if (query_finish(q, e) != 0)
        return -1;
    if (query_changes(q->catalog) == 1)
        return 0;
    return error_set(e, LAGAN_CHANGED, ERROR_LEASE_LOST,
                     "the lease on the item %lld of the queue (%s %s) is lost: somebody else "
                     "may work on it",
                     (long long)item->id, catalog_operation_name(item->operation),
                     item->subject);
}

int catalog_item_renew(struct catalog *c, const struct catalog_item *item, int64_t lease_ns,
                       struct error *e)
{
    static const char sql[] = "UPDATE items SET lease_boot_ns = ?, task = ?" ITEM_LEASED;
    struct query q;

    if (write_begin_light(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, later(clock_boot_ns(), lease_ns));
        query_text(&q, item->task);
        result = finish_leased(&q, item, e);
    }
    return write_end_light(c, result, e);
}

/* A statement that binds nothing but the lease. */
static int end_lease(struct catalog *c, const char *sql, const struct catalog_item *item,
                     struct error *e)
{
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0)
        result = finish_leased(&q, item, e);
    return write_end(c, result, e);
}

int catalog_item_done(struct catalog *c, const struct catalog_item *item, struct error *e)
{
    static const char sql[] = "DELETE FROM items" ITEM_LEASED;

    return end_lease(c, sql, item, e);
}

int catalog_item_release(struct catalog *c, const struct catalog_item *item, struct error *e)
{
    static const char sql[] =
        "UPDATE items SET state = 'waiting', attempts = attempts - 1" ITEM_LEASED;

    return end_lease(c, sql, item, e);
}

int catalog_item_fail(struct catalog *c, const struct catalog_item *item,
                      const struct error *why, int64_t due_ns, struct error *e)
{
    static const char sql[] =
        "UPDATE items SET state = ?, due_ns = max(due_ns, ?),"
        " first_failure_ns = iif(first_failure_ns = 0, ?, first_failure_ns)" ITEM_LEASED;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, catalog_item_state_name(due_ns != 0 ? CATALOG_ITEM_WAITING
                                                           : CATALOG_ITEM_DEAD));
        query_number(&q, due_ns);
        query_number(&q, clock_wall_ns());
        result = finish_leased(&q, item, e);
    }
    if (result == 0)
        result = note_error(c, item->id, why, e);
    return write_end(c, result, e);
}

/* By hand */

static int cancel(struct catalog *c, int64_t id, struct error *e)
{
    static const char sql[] = "DELETE FROM items WHERE id = ? AND state <> 'running'";
    struct catalog_item item;
    struct lost lost;
    struct query q;

    if (recover(c, &lost, e) != 0 || catalog_item_get(c, id, &item, e) != 0 ||
        query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, id);
    if (query_finish(&q, e) != 0)
        return -1;
    if (query_changes(c) == 1)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                     "the item %lld of the queue is being worked on: cancel its task instead",
                     (long long)id);
}

int catalog_item_cancel(struct catalog *c, int64_t id, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, cancel(c, id, e), e);
}

int catalog_item_replay(struct catalog *c, int64_t id, const uint8_t *lane, uint64_t *count,
                        struct error *e)
{
    static const char sql[] =
        "UPDATE items SET state = 'waiting', due_ns = ?1, attempts = 0, first_failure_ns = 0"
        " WHERE state = 'dead' AND (?2 = 0 OR id = ?2) AND (?3 IS NULL OR lane = ?3)";
    uint64_t replayed = 0;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, clock_wall_ns());
        query_number(&q, id);
        query_id_or_null(&q, lane);
        result = query_finish(&q, e);
        replayed = query_changes(c);
    }
    if (write_end(c, result, e) != 0)
        return -1;
    if (count != NULL)
        *count = replayed;
    return 0;
}
