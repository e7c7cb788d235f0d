/* SPDX-License-Identifier: Apache-2.0 */
/* command_region.c - the regions of the configuration. */
#include "cli/session.h"

#include "engine/rebuild.h"

#include <string.h>

static void record_region(struct output *o, const struct config_region *region,
                          enum catalog_region_state state)
{
    record_begin(o, "region");
    record_text(o, "name", region->name);
    record_text(o, "target", region->zones[0].name);
    record_text(o, "state", catalog_region_state_name(state));
    record_text(o, "project", region->projects[region->project_default]);
    record_text(o, "file", region->place.file);
    record_number(o, "line", region->place.line);
    record_end(o);
}

static int list_region(void *context, const struct catalog_region *row, struct error *e)
{
    struct session *s = context;
    struct output *o = &s->output;
    struct error none;
    const struct config_region *region =
        config_region_find(setup_config(s->setup), row->name, &none);
    (void)e;
    if (region) {
        record_region(o, region, row->state);
        return 0;
    }
    record_begin(o, "region");
    record_text(o, "name", row->name);
    record_text(o, "target", row->target_driver);
    record_text(o, "state", catalog_region_state_name(row->state));
    record_end(o);
    return 0;
}

int command_region_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {{"name", "NAME", false},
                                            {"target", "TARGET", false},
                                            {"project", "PROJECT", false},
                                            {"state", "STATE", false}};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_region_list(session_catalog(s), list_region, s, e);
    output_table_end(&s->output, "no regions");
    return result;
}

/* The parameters of the region's target, secrets by where they come from. */
static void record_target(struct output *o, const struct config_driver *target)
{
    static const struct column columns[] = {{"name", "PARAMETER", false},
                                            {"value", "VALUE", false}};
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < target->parameter_count; i++) {
        record_begin(o, "parameter");
        record_text(o, "name", target->parameters[i].name);
        record_text(o, "value", target->parameters[i].value);
        record_end(o);
    }
    output_table_end(o, NULL);
}

/* The vaults of one region. */
struct vault_search {
    struct session *session;
    const char *region;
};

static int list_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct vault_search *search = context;
    struct output *o = &search->session->output;
    (void)e;
    if (strcmp(row->region, search->region) != 0)
        return 0;
    record_begin(o, "vault");
    record_text(o, "name", row->name);
    record_text(o, "place", row->prefix);
    record_text(o, "state", catalog_vault_state_name(row->state));
    record_end(o);
    return 0;
}

int command_region_show(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "VAULT", false}, {"place", "PLACE", false}, {"state", "STATE", false}};
    const struct config_region *region = NULL;
    struct output *o = &s->output;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        setup_region(s->setup, session_operand(s, 0), &region, e) != 0)
        return -1;
    struct vault_search search = {s, region->name};
    record_region(o, region, CATALOG_REGION_AVAILABLE);
    output_line(o, "%s", "");
    record_target(o, &region->zones[0]);
    output_line(o, "%s", "");
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_vault_list(session_catalog(s), list_vault, &search, e);
    output_table_end(o, "no vaults");
    return result;
}

static const char *support_word(uint8_t support)
{
    static const char *const words[] = {"none", "emulated", "native"};
    return support < 3 ? words[support] : "unknown";
}

static void record_capabilities(struct output *o, const struct lagan_target_capabilities *c)
{
    const struct {
        const char *name;
        uint8_t support;
    } rows[] = {{"put_if_absent", c->put_if_absent},
                {"staged_put", c->staged_put},
                {"durable_put", c->durable_put},
                {"read_after_write", c->read_after_write},
                {"list_consistent", c->list_consistent},
                {"list_sorted", c->list_sorted},
                {"ranged_get", c->ranged_get},
                {"checksum", c->checksum},
                {"remove", c->remove}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        record_text(o, rows[i].name, support_word(rows[i].support));
}

static int count_place(void *context, const char *prefix, struct error *e)
{
    uint64_t *count = context;
    (void)prefix;
    (void)e;
    ++*count;
    return 0;
}

static int check_region(struct session *s, const struct config_region *region,
                        struct target *target, struct error *e)
{
    struct output *o = &s->output;
    uint64_t total = UINT64_MAX, available = UINT64_MAX, vaults = 0;
    struct error unknown;
    if (rebuild_places(s->setup, region, count_place, &vaults, e) != 0)
        return -1;
    record_begin(o, "region_check");
    record_text(o, "region", region->name);
    record_text(o, "target", region->zones[0].name);
    record_number(o, "vaults", vaults);
    record_capabilities(o, target_capabilities(target));
    if (target_capacity(target, &total, &available, &unknown) == 0) {
        if (total != UINT64_MAX)
            record_size(o, "capacity", total);
        if (available != UINT64_MAX)
            record_size(o, "available", available);
    }
    record_end(o);
    return 0;
}

int command_region_check(struct session *s, struct error *e)
{
    const struct config_region *region = NULL;
    struct open_target top = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        setup_region(s->setup, session_operand(s, 0), &region, e) != 0 ||
        (setup_target_open(s->setup, region, "", 0, &top, e) != 0 &&
         setup_target_open(s->setup, region, "", LAGAN_OPEN_READ_ONLY, &top, e) != 0))
        return -1;
    int result = check_region(s, region, top.target, e);
    open_target_close(&top);
    return result;
}
