/* SPDX-License-Identifier: Apache-2.0 */
/* inventory.c - see inventory.h. */
#include "catalog/inventory.h"

#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define INVENTORY_COLUMNS                                                                      \
    "id, name, source, created_ns, cursor_ns, state, started_ns, ended_ns, entries, bytes,"    \
    " problems, manifest, task, error_class, error_code, error_text"

NAMES(state, CATALOG_INVENTORY_STATES)

const char *catalog_inventory_state_name(enum catalog_inventory_state state)
{
    return state_name((int)state);
}

struct catalog_inventory *catalog_inventory_new(struct error *e)
{
    struct catalog_inventory *inventory = calloc(1, sizeof(*inventory));

    if (inventory == NULL)
        error_no_memory(e, "an inventory");
    return inventory;
}

void catalog_inventory_free(struct catalog_inventory *inventory)
{
    if (inventory == NULL)
        return;
    catalog_pairs_clear(&inventory->settings);
    free(inventory);
}

/* Writing */

static int check_limit(struct catalog *c, const struct catalog_inventory *inventory,
                       uint64_t most, struct error *e)
{
    static const char sql[] = "SELECT count(*) >= ? FROM inventories WHERE source = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, (int64_t)most);
    query_blob(&q, inventory->source, CATALOG_ID_SIZE);
    int full = query_exists(&q, e);
    if (full <= 0)
        return full;
    return error_set(e, LAGAN_LIMIT, ERROR_INVENTORY_LIMIT,
                     "the source has %llu inventories already, which is the most",
                     (unsigned long long)most);
}

static int insert_row(struct catalog *c, const struct catalog_inventory *inventory,
                      struct error *e)
{
    static const char sql[] =
        "INSERT INTO inventories (" INVENTORY_COLUMNS ", pid, boot_id, process_start) VALUES"
        " (?, ?, ?, ?, ?, 'never', 0, 0, 0, 0, 0, '', '', 0, 'failed', '', 0, '', 0)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, inventory->id, CATALOG_ID_SIZE);
    query_text(&q, inventory->name);
    query_blob(&q, inventory->source, CATALOG_ID_SIZE);
    query_number(&q, inventory->created_ns);
    query_number(&q, inventory->cursor_ns);
    if (query_finish(&q, e) == 0)
        return 0;
    if (query_is_taken(query_status(c)))
        return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN,
                         "there is an inventory '%s' already", inventory->name);
    return -1;
}

int catalog_inventory_insert(struct catalog *c, struct catalog_inventory *inventory,
                             uint64_t most, struct error *e)
{
    static const char settings[] = "INSERT INTO inventory_settings VALUES (?, ?, ?, ?)";
    struct catalog_inventory row = *inventory;

    if (getrandom(row.id, CATALOG_ID_SIZE, 0) != CATALOG_ID_SIZE)
        return error_errno(e, errno, "random bytes");
    row.created_ns = row.cursor_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = check_limit(c, &row, most, e);
    if (result == 0)
        result = insert_row(c, &row, e);
    if (result == 0)
        result = pairs_insert(c, settings, row.id, &row.settings, e);
    if (write_end(c, result, e) != 0)
        return -1;
    *inventory = row;
    return 0;
}

int catalog_inventory_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                             struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_run_for(c, "DELETE FROM inventories WHERE id = ?", id, e);
    if (result == 0 && query_changes(c) == 0)
        result = error_set(e, LAGAN_NOT_FOUND, ERROR_NO_INVENTORY,
                           "the inventory is not in the catalog any more");
    return write_end(c, result, e);
}

/* 1 when a process that lives makes it, 0, -1. */
static int is_busy(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] = "SELECT pid, boot_id, process_start FROM inventories"
                              " WHERE id = ? AND state = 'running'";
    struct process_mark owner = {0};
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, id, CATALOG_ID_SIZE);
    int found = query_step(&q, e);
    if (found > 0) {
        owner.pid = row_number(&q);
        row_text(&q, owner.boot_id, sizeof(owner.boot_id));
        owner.start_ticks = row_number(&q);
        found = query_row_check(&q, e) == 0 ? process_is_alive(&owner) : -1;
    }
    query_end(&q);
    return found;
}

static int mark_running(struct catalog *c, const struct catalog_inventory *inventory,
                        struct error *e)
{
    static const char sql[] =
        "UPDATE inventories SET state = 'running', started_ns = ?, ended_ns = 0,"
        " cursor_ns = max(cursor_ns, ?), pid = ?, boot_id = ?, process_start = ?"
        " WHERE id = ?";
    struct process_mark self;
    struct query q;

    process_mark_self(&self);
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, inventory->started_ns);
    query_number(&q, inventory->cursor_ns);
    query_number(&q, self.pid);
    query_text(&q, self.boot_id);
    query_number(&q, self.start_ticks);
    query_blob(&q, inventory->id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int catalog_inventory_begin(struct catalog *c, struct catalog_inventory *inventory,
                            int64_t cursor_ns, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int busy = is_busy(c, inventory->id, e);
    int result = busy < 0 ? -1 : 0;
    if (busy == 0) {
        if (cursor_ns > inventory->cursor_ns)
            inventory->cursor_ns = cursor_ns;
        inventory->started_ns = clock_wall_ns();
        inventory->ended_ns = 0;
        inventory->state = CATALOG_INVENTORY_RUNNING;
        result = mark_running(c, inventory, e);
    }
    return write_end(c, result, e) != 0 ? -1 : busy == 0;
}

static int write_end_row(struct catalog *c, const struct catalog_inventory *inventory,
                         const struct error *why, struct error *e)
{
    static const char sql[] =
        "UPDATE inventories SET state = ?, ended_ns = ?, entries = ?, bytes = ?, problems = ?,"
        " manifest = ?, task = ?, error_class = ?, error_code = ?, error_text = ?"
        " WHERE id = ?";
    static const struct error none;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, catalog_inventory_state_name(inventory->state));
    query_number(&q, inventory->ended_ns);
    query_number(&q, (int64_t)inventory->entries);
    query_number(&q, (int64_t)inventory->bytes);
    query_number(&q, (int64_t)inventory->problems);
    query_text(&q, inventory->manifest);
    query_text(&q, inventory->task);
    query_why(&q, why != NULL ? why : &none);
    query_blob(&q, inventory->id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int catalog_inventory_end(struct catalog *c, struct catalog_inventory *inventory,
                          const struct error *why, struct error *e)
{
    inventory->ended_ns = clock_wall_ns();
    if (why != NULL)
        inventory->state = CATALOG_INVENTORY_FAILED;
    else
        inventory->state =
            inventory->problems > 0 ? CATALOG_INVENTORY_PARTIAL : CATALOG_INVENTORY_SUCCESS;
    inventory->why = why != NULL ? *why : ERROR_INIT;
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, write_end_row(c, inventory, why, e), e);
}

/* Reading */

static void *read_row(struct query *q, struct error *e)
{
    static const char settings[] =
        "SELECT name, value FROM inventory_settings WHERE inventory = ? ORDER BY position";
    struct catalog_inventory *row = catalog_inventory_new(e);

    if (row == NULL)
        return NULL;
    row_blob(q, row->id, CATALOG_ID_SIZE);
    row_text(q, row->name, sizeof(row->name));
    row_blob(q, row->source, CATALOG_ID_SIZE);
    row->created_ns = row_number(q);
    row->cursor_ns = row_number(q);
    row->state = (enum catalog_inventory_state)row_enum(q, state_count, state_name);
    row->started_ns = row_number(q);
    row->ended_ns = row_number(q);
    row->entries = (uint64_t)row_number(q);
    row->bytes = (uint64_t)row_number(q);
    row->problems = (uint64_t)row_number(q);
    row_text(q, row->manifest, sizeof(row->manifest));
    row_text(q, row->task, sizeof(row->task));
    row_why(q, &row->why);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, settings, row->id, &row->settings, e) == 0)
        return row;
    catalog_inventory_free(row);
    return NULL;
}

static void release_row(void *row)
{
    catalog_inventory_free(row);
}

static const struct finder finder = {
    .by_name = "SELECT " INVENTORY_COLUMNS " FROM inventories WHERE name = ?",
    .by_range = "SELECT " INVENTORY_COLUMNS
                " FROM inventories WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2",
    .read = read_row,
    .release = release_row,
    .one = "inventory",
    .several = "inventories",
    .absent = ERROR_NO_INVENTORY};

struct catalog_inventory *catalog_inventory_find(struct catalog *c, const char *text,
                                                 struct error *e)
{
    return finder_find(c, &finder, text, e);
}

struct visit {
    int (*each)(void *context, const struct catalog_inventory *inventory, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_inventory *row = read_row(q, e);

    if (row == NULL)
        return -1;
    int result = visit->each(visit->context, row, e);
    catalog_inventory_free(row);
    return result;
}

int catalog_inventory_list(struct catalog *c,
                           int (*each)(void *context, const struct catalog_inventory *inventory,
                                       struct error *e),
                           void *context, struct error *e)
{
    static const char sql[] = "SELECT " INVENTORY_COLUMNS " FROM inventories ORDER BY name";
    struct visit visit = {each, context};

    return query_list_all(c, sql, visit_row, &visit, e);
}
