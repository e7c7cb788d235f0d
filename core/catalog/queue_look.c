/* SPDX-License-Identifier: Apache-2.0 */
/* queue_look.c - items as rows, who holds them, and what there is. */
#include "base/clock.h"
#include "catalog/queue_private.h"

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

/* Rows */

int item_read(struct query *q, struct catalog_item *item, struct error *e)
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

int item_read_only(struct query *q, struct catalog_item *item, struct error *e)
{
    struct catalog_item row;
    int found = query_step(q, e);

    if (found > 0 && item_read(q, &row, e) != 0)
        found = -1;
    query_end(q);
    if (found > 0)
        *item = row;
    return found;
}

int lease_read(struct query *q, struct lease *lease, struct error *e)
{
    lease->item = row_number(q);
    lease->end_boot_ns = row_number(q);
    lease->owner.pid = row_number(q);
    row_text(q, lease->owner.boot_id, sizeof(lease->owner.boot_id));
    lease->owner.start_ticks = row_number(q);
    return query_row_check(q, e);
}

const char *lease_end(const struct lease *lease, const struct process_mark *self)
{
    if (!process_is_same(&lease->owner, self) && !process_is_alive(&lease->owner))
        return "interrupted: its process ended without finishing it";
    if (lease->end_boot_ns <= clock_boot_ns())
        return "its process did not renew the lease in time";
    return NULL;
}

/* What there is */

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

    if (lease_read(q, &lease, e) != 0)
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
        " UNION ALL SELECT 3 UNION ALL SELECT 4) WHERE paused = 0 AND due IS NOT NULL"
        " AND (value <> 4 OR NOT EXISTS (SELECT 1 FROM mirrors m"
        " WHERE m.vault = lanes.vault AND m.braked_ns <> 0))";
    static const char running[] =
        "SELECT i.id, i.lease_boot_ns, i.pid, i.boot_id, i.process_start,"
        " max(l.hold_ns, i.due_ns) FROM items i INDEXED BY items_running"
        " CROSS JOIN lanes l ON l.vault = i.lane WHERE i.state = 'running' AND l.paused = 0";
    struct first_due first = {.found = false};

    _Static_assert(class_count == 5 && CATALOG_CLASS_REMOVAL == 4,
                   "the classes in the statement");
    process_mark_self(&first.self);
    if (query_list_all(c, waiting, see_waiting, &first, e) != 0 ||
        query_list_all(c, running, see_running, &first, e) != 0)
        return -1;
    if (first.found)
        *due_ns = first.due_ns;
    return first.found;
}

static int no_such(int64_t id, struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "there is no item %lld in the queue",
                     (long long)id);
}

int catalog_item_get(struct catalog *c, int64_t id, struct catalog_item *item, struct error *e)
{
    static const char sql[] = "SELECT " ITEM_COLUMNS " FROM items WHERE id = ?";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_number(&q, id);
        found = item_read_only(&q, item, e);
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

    if (item_read(q, &row, e) != 0)
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
