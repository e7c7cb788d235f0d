/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner_rules.c - children for replication rules of objects that are due: `lagan rule run`,
 * one for each, a few at a time.  A pass claims its rule itself, and says when the next is due.
 */
#include "base/clock.h"
#include "base/text.h"
#include "catalog/object_rule.h"
#include "runner/runner_private.h"

#include <string.h>

enum { ARGUMENTS_MOST = 64, AGAIN_S = 1 };

static const int64_t SECOND_NS = INT64_C(1000000000);

static int start(struct runner *r, const uint8_t id[CATALOG_ID_SIZE], uint64_t needs,
                 struct error *e)
{
    struct child_order order = {
        .kind = CHILD_RULE, .needs = needs, .nice = setup_config(r->setup)->runner.nice};
    const char *arguments[ARGUMENTS_MOST];
    const char *const *given = r->request->arguments;
    char name[2 * CATALOG_ID_SIZE + 1];
    size_t count = 0;

    text_hex(id, CATALOG_ID_SIZE, name);
    for (; given[count] != NULL && count < ARGUMENTS_MOST - 5; count++)
        arguments[count] = given[count];
    arguments[count++] = "rule";
    arguments[count++] = "run";
    arguments[count++] = name;
    arguments[count++] = "--due";
    arguments[count] = NULL;
    order.arguments = arguments;
    order.io_class = setup_config(r->setup)->runner.io_class;
    return children_start(&r->children, &order, e);
}

static bool is_running(const struct runner *r, uint64_t needs)
{
    for (size_t i = 0; i < CHILDREN_MOST; i++) {
        const struct child *child = &r->children.places[i];
        if (child->pid != 0 && child->kind == CHILD_RULE && child->needs == needs)
            return true;
    }
    return false;
}

/* One that was started a moment ago and is due still has failed before it began. */
static bool is_again(struct runner *r, uint64_t needs)
{
    int64_t now_ns = clock_boot_ns();

    for (size_t i = 0; i < RULES_REMEMBERED; i++) {
        if (r->rules_started[i].needs == needs &&
            now_ns - r->rules_started[i].at_ns < AGAIN_S * SECOND_NS)
            return true;
    }
    r->rules_started[r->rules_next++ % RULES_REMEMBERED] =
        (struct runner_rule_started){needs, now_ns};
    return false;
}

int runner_start_rules(struct runner *r, struct error *e)
{
    uint8_t id[CATALOG_ID_SIZE], after[CATALOG_ID_SIZE];
    const uint8_t *from = NULL;
    int found = 1;

    while (r->children.count[CHILD_RULE] < CHILDREN_RULES) {
        uint64_t needs;
        found = catalog_object_rule_due(setup_catalog(r->setup), clock_wall_ns(), from, id, e);
        if (found <= 0)
            return found;
        memcpy(&needs, id, sizeof(needs));
        if (!is_running(r, needs) && !is_again(r, needs) && start(r, id, needs, e) != 0)
            return -1;
        memcpy(after, id, sizeof(after));
        from = after;
    }
    return 0;
}
