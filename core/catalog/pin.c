/* SPDX-License-Identifier: Apache-2.0 */
/* pin.c - what keeps backups from being deleted: holds, images, jobs at work. */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog/keep.h"

#include <stdlib.h>
#include <string.h>

#define PIN_COLUMNS                                                                            \
    "vault, backup, kind, owner, reason, created_ns, pid, boot_id, process_start"

NAMES(kind, CATALOG_PINS)

const char *catalog_pin_kind_name(enum catalog_pin_kind kind)
{
    return kind_name((int)kind);
}

/* A pin with the process that it ends with; pid 0 = none. */
struct bound_pin {
    struct catalog_pin pin;
    struct process_mark process;
};

static int read_row(struct query *q, struct bound_pin *row, struct error *e)
{
    row_blob(q, row->pin.vault, CATALOG_ID_SIZE);
    row_text(q, row->pin.backup, sizeof(row->pin.backup));
    row->pin.kind = (enum catalog_pin_kind)row_enum(q, kind_count, kind_name);
    row_text(q, row->pin.owner, sizeof(row->pin.owner));
    row_text(q, row->pin.reason, sizeof(row->pin.reason));
    row->pin.created_ns = row_number(q);
    row->process.pid = row_number(q);
    row_text(q, row->process.boot_id, sizeof(row->process.boot_id));
    row->process.start_ticks = row_number(q);
    return query_row_check(q, e);
}

static bool is_over(const struct bound_pin *row)
{
    return row->process.pid != 0 && !process_is_alive(&row->process);
}

static void bind_key(struct query *q, const struct catalog_pin *pin)
{
    query_blob(q, pin->vault, CATALOG_ID_SIZE);
    query_text(q, pin->backup);
    query_text(q, catalog_pin_kind_name(pin->kind));
    query_text(q, pin->owner);
}

/* Removes one row; query_changes tells whether there was one. */
static int remove_row(struct catalog *c, const struct catalog_pin *pin, struct error *e)
{
    static const char sql[] =
        "DELETE FROM pins WHERE vault = ? AND backup = ? AND kind = ? AND owner = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_key(&q, pin);
    return query_finish(&q, e);
}

/* ---- what dead processes have left ---- */

struct over_list {
    struct catalog_pin *pins;
    size_t count;
};

static int collect_over(struct query *q, void *context, struct error *e)
{
    struct over_list *list = context;
    struct bound_pin row;

    if (read_row(q, &row, e) != 0)
        return -1;
    if (!is_over(&row))
        return 0;
    struct catalog_pin *grown = realloc(list->pins, (list->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "pins");
    list->pins = grown;
    grown[list->count++] = row.pin;
    return 0;
}

static int sweep(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] = "SELECT " PIN_COLUMNS " FROM pins WHERE vault = ? AND pid <> 0";
    struct over_list list = {NULL, 0};
    struct query q;
    int result = query_start(c, sql, &q, e);

    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        result = query_list(&q, collect_over, &list, e);
    }
    for (size_t i = 0; result == 0 && i < list.count; i++)
        result = remove_row(c, &list.pins[i], e);
    free(list.pins);
    return result;
}

/* ---- setting and clearing ---- */

static int write_row(struct catalog *c, struct catalog_pin *pin, struct error *e)
{
    static const char sql[] =
        "INSERT INTO pins (" PIN_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        " ON CONFLICT DO UPDATE SET reason = ?5, pid = ?7, boot_id = ?8, process_start = ?9"
        " RETURNING created_ns";
    struct process_mark process = {.pid = 0};
    struct query q;

    if (pin->kind == CATALOG_PIN_JOB)
        process_mark_self(&process);
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_key(&q, pin);
    query_text(&q, pin->reason);
    query_number(&q, clock_wall_ns());
    query_number(&q, process.pid);
    query_text(&q, process.boot_id);
    query_number(&q, process.start_ticks);
    int found = query_step(&q, e);
    if (found > 0)
        pin->created_ns = row_number(&q);
    query_end(&q);
    return found < 0 ? -1 : 0;
}

int catalog_pin_set(struct catalog *c, struct catalog_pin *pin, struct error *e)
{
    struct catalog_pin set = *pin;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = sweep(c, pin->vault, e);
    if (result == 0)
        result = write_row(c, &set, e);
    if (write_end(c, result, e) != 0)
        return -1;
    *pin = set;
    return 0;
}

int catalog_pin_clear(struct catalog *c, const struct catalog_pin *pin, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = remove_row(c, pin, e);
    int cleared = result == 0 && query_changes(c) > 0;
    return write_end(c, result, e) != 0 ? -1 : cleared;
}

int pins_forget(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *backup,
                struct error *e)
{
    static const char sql[] = "DELETE FROM pins WHERE vault = ? AND backup = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_text(&q, backup);
    return query_finish(&q, e);
}

/* ---- reading ---- */

struct visit {
    int (*each)(void *context, const struct catalog_pin *pin, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct bound_pin row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return is_over(&row) ? 0 : visit->each(visit->context, &row.pin, e);
}

int catalog_pin_list(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     const char *backup,
                     int (*each)(void *context, const struct catalog_pin *pin, struct error *e),
                     void *context, struct error *e)
{
    static const char sql[] = "SELECT " PIN_COLUMNS " FROM pins"
                              " WHERE vault = ?1 AND (?2 IS NULL OR backup = ?2)"
                              " ORDER BY backup, kind, owner";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_text(&q, backup);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}
