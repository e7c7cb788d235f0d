/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner_objects.c - children for inventories that are due and for batch jobs.
 *
 * They are the commands that people use.  One inventory is made at a time; of batch jobs two
 * may have a process: the one that copies, and one that is new or waits for the first to yield.
 */
#include "base/clock.h"
#include "base/text.h"
#include "engine/batch.h"
#include "engine/inventory.h"
#include "runner/runner_private.h"

#include <stdio.h>
#include <string.h>

enum { ARGUMENTS_MOST = 64, BATCH_CHILDREN_MOST = 2, AGAIN_S = 5 };

static const int64_t SECOND_NS = INT64_C(1000000000);

static int start(struct runner *r, enum child_kind kind, const char *noun, const char *name,
                 struct error *e)
{
    struct child_order order = {.kind = kind, .nice = setup_config(r->setup)->runner.nice};
    const char *arguments[ARGUMENTS_MOST];
    const char *const *given = r->request->arguments;
    size_t count = 0;

    for (; given[count] != NULL && count < ARGUMENTS_MOST - 4; count++)
        arguments[count] = given[count];
    arguments[count++] = noun;
    arguments[count++] = "run";
    arguments[count++] = name;
    arguments[count] = NULL;
    order.arguments = arguments;
    order.io_class = setup_config(r->setup)->runner.io_class;
    return children_start(&r->children, &order, e);
}

/* What was started a moment ago and is due still has failed at once: not without a pause. */
static bool is_again(struct runner_started *last, const char *name)
{
    int64_t now = clock_boot_ns();

    if (strcmp(last->name, name) == 0 && now - last->at_ns < AGAIN_S * SECOND_NS)
        return true;
    snprintf(last->name, sizeof(last->name), "%s", name);
    last->at_ns = now;
    return false;
}

static int start_inventory(struct runner *r, struct error *e)
{
    struct catalog_inventory *row = NULL;
    int found = r->children.count[CHILD_INVENTORY] > 0 ? 0 : inventory_due(r->setup, &row, e);
    int result = 0;

    if (found > 0 && !is_again(&r->inventory_started, row->name))
        result = start(r, CHILD_INVENTORY, "inventory", row->name, e);
    catalog_inventory_free(row);
    return found < 0 ? -1 : result;
}

static int start_batch(struct runner *r, struct error *e)
{
    uint8_t id[CATALOG_ID_SIZE];
    char text[2 * CATALOG_ID_SIZE + 1];
    int found = r->children.count[CHILD_BATCH] >= BATCH_CHILDREN_MOST
                    ? 0
                    : catalog_batch_next(setup_catalog(r->setup), id, e);

    if (found <= 0)
        return found;
    text_hex(id, CATALOG_ID_SIZE, text);
    return is_again(&r->batch_started, text) ? 0 : start(r, CHILD_BATCH, "batch", text, e);
}

int runner_start_objects(struct runner *r, struct error *e)
{
    return start_inventory(r, e) != 0 || start_batch(r, e) != 0 ? -1 : 0;
}
