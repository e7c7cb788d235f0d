/* SPDX-License-Identifier: Apache-2.0 */
/* inventory.c - inventories, made known; see inventory.h. */
#include "engine/inventory.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/inventory_private.h"
#include "policy/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int inventory_plan(const struct catalog_inventory *row, struct inventory_plan **plan,
                   struct error *e)
{
    struct policy_pair pairs[INVENTORY_SETTING_COUNT + 1];
    size_t count = 0;

    for (; count < row->settings.count && count <= INVENTORY_SETTING_COUNT; count++)
        pairs[count] = (struct policy_pair){row->settings.items[count].name,
                                            row->settings.items[count].value};
    return inventory_plan_parse(pairs, count, row->created_ns, plan, e);
}

void inventory_bucket(struct source *source, const char *source_name,
                      char bucket[SOURCE_PLACE_SIZE])
{
    struct error ignored = ERROR_INIT;
    char place[SOURCE_PLACE_SIZE];

    if (source_place_name(source, place, &ignored) == 0) {
        const char *slash = strrchr(place, '/');
        const char *name = slash != NULL ? slash + 1 : place;
        if (name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            text_is_clean_utf8(name, strlen(name))) {
            snprintf(bucket, SOURCE_PLACE_SIZE, "%s", name);
            return;
        }
    }
    snprintf(bucket, SOURCE_PLACE_SIZE, "%s", source_name);
}

/* ---- made known ---- */

/* Folders are kept with the way from the root; the rest as it was written. */
static int take_word(struct setup *s, const struct catalog_pair *word,
                     struct catalog_pairs *settings, struct error *e)
{
    char *absolute CLEANUP_TEXT = NULL;
    const char *value = word->value;

    if (strcmp(word->name, inventory_setting_name(INVENTORY_SETTING_TO)) == 0 &&
        strchr(value, '/') != NULL) {
        absolute = place_file_text(s, value, e);
        if (absolute == NULL)
            return -1;
        value = absolute;
    }
    return catalog_pairs_add(settings, word->name, value, e);
}

/* The place is there, or can be made. */
static int check_place(struct setup *s, const struct inventory_plan *plan, struct error *e)
{
    const char *to = plan->texts[INVENTORY_SETTING_TO];

    if (strchr(to, '/') != NULL)
        return 0;
    struct catalog_source *row = catalog_source_find(setup_catalog(s), to, e);
    if (row == NULL)
        return error_context(e, "to=%s", to);
    catalog_source_free(row);
    return 0;
}

static int insert(struct setup *s, struct catalog_inventory *row,
                  const struct catalog_source *source, struct error *e)
{
    struct catalog *c = setup_catalog(s);

    if (catalog_begin(c, e) != 0)
        return -1;
    if (catalog_inventory_insert(c, row, INVENTORY_LIMIT, e) == 0 &&
        catalog_audit_add(c, CATALOG_EVENT_INVENTORY_CREATE, row->name, e, "of source %s",
                          source->name) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

int inventory_create(struct setup *s, const char *name, const struct catalog_source *source,
                     const struct catalog_pairs *words, struct catalog_inventory **made,
                     struct error *e)
{
    struct inventory_plan *plan = NULL;
    struct catalog_inventory *row;
    int result = 0;

    if (inventory_name_check(name, e) != 0)
        return -1;
    row = catalog_inventory_new(e);
    if (row == NULL)
        return -1;
    snprintf(row->name, sizeof(row->name), "%s", name);
    memcpy(row->source, source->id, sizeof(row->source));
    row->created_ns = clock_wall_ns();
    for (size_t i = 0; i < words->count && result == 0; i++)
        result = take_word(s, &words->items[i], &row->settings, e);
    if (result == 0)
        result = inventory_plan(row, &plan, e);
    if (result == 0)
        result = check_place(s, plan, e);
    if (result == 0)
        result = insert(s, row, source, e);
    inventory_plan_free(plan);
    if (result == 0)
        *made = row;
    else
        catalog_inventory_free(row);
    return result;
}

int inventory_delete(struct setup *s, const struct catalog_inventory *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);

    if (catalog_begin(c, e) != 0)
        return -1;
    if (catalog_inventory_delete(c, row->id, e) == 0 &&
        catalog_audit_add(c, CATALOG_EVENT_INVENTORY_DELETE, row->name, e, "%s", "") == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* ---- due ---- */

struct search {
    struct setup *setup;
    char name[NAME_SIZE];
    bool found;
};

static int find_due(void *context, const struct catalog_inventory *row, struct error *e)
{
    struct search *search = context;
    struct inventory_plan *plan = NULL;
    struct error ignored = ERROR_INIT;
    int64_t slot_ns = 0;

    (void)e;
    if (search->found || inventory_plan(row, &plan, &ignored) != 0)
        return 0;
    if (plan->schedule != NULL &&
        schedule_next(plan->schedule, plan->zone, row->cursor_ns, &slot_ns) &&
        slot_ns <= clock_wall_ns()) {
        memcpy(search->name, row->name, sizeof(search->name));
        search->found = true;
    }
    inventory_plan_free(plan);
    return 0;
}

int inventory_due(struct setup *s, struct catalog_inventory **row, struct error *e)
{
    struct search search = {.setup = s};

    if (catalog_inventory_list(setup_catalog(s), find_due, &search, e) != 0)
        return -1;
    if (!search.found)
        return 0;
    *row = catalog_inventory_find(setup_catalog(s), search.name, e);
    return *row != NULL ? 1 : -1;
}
