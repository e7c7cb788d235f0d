/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - work that is owed to other regions: adding, claiming under a lease, ending. */
#include "catalog/queue.h"
#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <string.h>

#define ITEM_COLUMNS                                                                           \
    "id, lane, operation, subject, class, state, bytes, created_ns, due_ns, attempts,"         \
    " first_failure_ns, token, task"
/* Binds id, token and the time of the boot clock. */
#define ITEM_LEASED " WHERE id = ? AND token = ? AND state = 'running' AND lease_boot_ns > ?"

NAMES(operation, CATALOG_OPERATIONS)
NAMES(class, CATALOG_CLASSES)
NAMES(state, CATALOG_ITEM_STATES)

const char *catalog_operation_name(enum catalog_operation operation)
{
    return operation_name((int)operation);
}

const char *catalog_class_name(enum catalog_class class)
{
    return class_name((int)class);
}

const char *catalog_item_state_name(enum catalog_item_state state)
{
    return state_name((int)state);
}

int catalog_item_state_parse(const char *name)
{
    return name_lookup(name, state_count, state_name);
}

static int read_row(struct query *q, struct catalog_item *item, struct error *e)
{
    item->id = row_number(q);
    row_blob(q, item->lane, CATALOG_ID_SIZE);
    item->operation = (enum catalog_operation)row_enum(q, operation_count, operation_name);
    row_text(q, item->subject, sizeof(item->subject));
    item->class = (enum catalog_class)row_choice(q, class_count);
    item->state = (enum catalog_item_state)row_enum(q, state_count, state_name);
    item->bytes = (uint64_t)row_number(q);
    item->created_ns = row_number(q);
    item->due_ns = row_number(q);
    item->attempts = (uint64_t)row_number(q);
    item->first_failure_ns = row_number(q);
    item->token = row_number(q);
    row_text(q, item->task, sizeof(item->task));
    return query_row_check(q, e);
}

/* The first row of a bound query: 1, 0 none, -1; ends it. */
static int read_only_row(struct query *q, struct catalog_item *item, struct error *e)
{
    struct catalog_item row;
    int found = query_step(q, e);

    if (found > 0 && read_row(q, &row, e) != 0)
        found = -1;
    query_end(q);
    if (found > 0)
        *item = row;
    return found;
}

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
    return read_only_row(&q, item, e) < 0 ? -1 : 0;
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

/* What a lease hangs on. */
struct lease {
    int64_t item;
    int64_t end_boot_ns;
    struct process_mark owner;
};

static int read_lease(struct query *q, struct lease *lease, struct error *e)
{
    lease->item = row_number(q);
    lease->end_boot_ns = row_number(q);
    lease->owner.pid = row_number(q);
    row_text(q, lease->owner.boot_id, sizeof(lease->owner.boot_id));
    lease->owner.start_ticks = row_number(q);
    return query_row_check(q, e);
}

/* Why the lease is over; NULL when it is not. */
static const char *lease_end(const struct lease *lease, const struct process_mark *self)
{
    if (!process_is_same(&lease->owner, self) && !process_is_alive(&lease->owner))
        return "interrupted: its process ended without finishing it";
    if (lease->end_boot_ns <= clock_boot_ns())
        return "its process did not renew the lease in time";
    return NULL;
}

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

    if (read_lease(q, &lease, e) != 0)
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

/* The next item of a lane: 1, 0, -1.  One look into the index for each class. */
static int next_of_lane(struct catalog *c, const uint8_t lane[CATALOG_ID_SIZE], int64_t now_ns,
                        struct catalog_item *item, struct error *e)
{
    static const char sql[] =
        "SELECT " ITEM_COLUMNS " FROM items INDEXED BY items_waiting WHERE lane = ?"
        " AND class = ? AND state = 'waiting' AND due_ns <= ? ORDER BY due_ns, id LIMIT 1";
    int found = 0;

    for (int rank = 0; rank < class_count && found == 0; rank++) {
        struct query q;
        if (query_start(c, sql, &q, e) != 0)
            return -1;
        query_blob(&q, lane, CATALOG_ID_SIZE);
        query_number(&q, rank);
        query_number(&q, now_ns);
        found = read_only_row(&q, item, e);
    }
    return found;
}

/* The next item of the lane whose turn is longest ago: 1, 0, -1. */
static int next_item(struct catalog *c, int64_t now_ns, uint64_t lane_limit,
                     struct catalog_item *item, struct error *e)
{
    static const char sql[] =
        "SELECT vault FROM lanes WHERE paused = 0 AND hold_ns <= ?1 AND (?2 = 0 OR"
        " (SELECT count(*) FROM items WHERE lane = lanes.vault AND state = 'running') < ?2)"
        " ORDER BY served, vault";
    uint8_t lane[CATALOG_ID_SIZE];
    int found = 0, more;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, now_ns);
    query_number(&q, lane_limit > INT64_MAX ? 0 : (int64_t)lane_limit);
    while (found == 0 && (more = query_step(&q, e)) != 0) {
        if (more > 0)
            row_blob(&q, lane, sizeof(lane));
        if (more < 0 || query_row_check(&q, e) != 0)
            found = -1;
        else
            found = next_of_lane(c, lane, now_ns, item, e);
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
        query_text(&q, state_name(due_ns != 0 ? CATALOG_ITEM_WAITING : CATALOG_ITEM_DEAD));
        query_number(&q, due_ns);
        query_number(&q, clock_wall_ns());
        result = finish_leased(&q, item, e);
    }
    if (result == 0)
        result = note_error(c, item->id, why, e);
    return write_end(c, result, e);
}

/* By hand */

static int no_such(int64_t id, struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "there is no item %lld in the queue",
                     (long long)id);
}

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

/* Looking */

struct first_due {
    struct process_mark self;
    bool found;
    int64_t due_ns;
};

static void see_due(struct first_due *first, int64_t due_ns)
{
    if (!first->found || due_ns < first->due_ns)
        first->due_ns = due_ns;
    first->found = true;
}

static int see_waiting(struct query *q, void *context, struct error *e)
{
    int64_t due_ns = row_number(q);

    if (query_row_check(q, e) != 0)
        return -1;
    see_due(context, due_ns);
    return 0;
}

static int see_running(struct query *q, void *context, struct error *e)
{
    struct first_due *first = context;
    struct lease lease;

    if (read_lease(q, &lease, e) != 0)
        return -1;
    int64_t due_ns = row_number(q);
    if (query_row_check(q, e) != 0)
        return -1;
    if (lease_end(&lease, &first->self) != NULL)
        see_due(first, due_ns);
    return 0;
}

int catalog_item_next_due(struct catalog *c, int64_t *due_ns, struct error *e)
{
    /* CROSS JOIN: lanes and classes are few and go first. */
    static const char waiting[] =
        "SELECT max(lanes.hold_ns, (SELECT due_ns FROM items INDEXED BY items_waiting"
        " WHERE lane = lanes.vault AND class = value AND state = 'waiting'"
        " ORDER BY due_ns LIMIT 1)) AS due"
        " FROM lanes CROSS JOIN (SELECT 0 AS value UNION ALL SELECT 1 UNION ALL SELECT 2"
        " UNION ALL SELECT 3 UNION ALL SELECT 4) WHERE paused = 0 AND due IS NOT NULL";
    static const char running[] =
        "SELECT i.id, i.lease_boot_ns, i.pid, i.boot_id, i.process_start,"
        " max(l.hold_ns, i.due_ns) FROM items i INDEXED BY items_running"
        " CROSS JOIN lanes l ON l.vault = i.lane WHERE i.state = 'running' AND l.paused = 0";
    struct first_due first = {.found = false};

    _Static_assert(class_count == 5, "the classes in the statement");
    process_mark_self(&first.self);
    if (query_list_all(c, waiting, see_waiting, &first, e) != 0 ||
        query_list_all(c, running, see_running, &first, e) != 0)
        return -1;
    if (first.found)
        *due_ns = first.due_ns;
    return first.found;
}

int catalog_item_get(struct catalog *c, int64_t id, struct catalog_item *item, struct error *e)
{
    static const char sql[] = "SELECT " ITEM_COLUMNS " FROM items WHERE id = ?";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_number(&q, id);
        found = read_only_row(&q, item, e);
        if (found == 0)
            no_such(id, e);
    }
    catalog_unlock(c);
    return found > 0 ? 0 : -1;
}

struct visit {
    int (*each)(void *context, const struct catalog_item *item, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_item row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_item_list(struct catalog *c, const uint8_t *lane, int state,
                      int (*each)(void *context, const struct catalog_item *item,
                                  struct error *e),
                      void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " ITEM_COLUMNS " FROM items"
        " WHERE (?1 IS NULL OR lane = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY id";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_id_or_null(&q, lane);
        query_text(&q, state >= 0 ? state_name(state) : NULL);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

struct error_visit {
    int (*each)(void *context, const struct catalog_item_error *error, struct error *e);
    void *context;
};

static int visit_error(struct query *q, void *context, struct error *e)
{
    const struct error_visit *visit = context;
    struct catalog_item_error row;

    row.attempt = (uint64_t)row_number(q);
    row.at_ns = row_number(q);
    row_why(q, &row.why);
    if (query_row_check(q, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_item_errors(struct catalog *c, int64_t id,
                        int (*each)(void *context, const struct catalog_item_error *error,
                                    struct error *e),
                        void *context, struct error *e)
{
    static const char sql[] = "SELECT attempt, at_ns, error_class, error_code, error_text"
                              " FROM item_errors WHERE item = ? ORDER BY number";
    struct error_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, id);
        result = query_list(&q, visit_error, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
