/* SPDX-License-Identifier: Apache-2.0 */
/* command_region.c - the regions of the configuration: what they are and what they allow. */
#include "cli/session.h"

#include "catalog/catalog.h"
#include "policy/place.h"

#include <string.h>

static struct place place_of(const struct config_region *region)
{
    struct place place;
    config_region_place(region, &place);
    return place;
}

/* What a region can do, by name (LOC-05). */
static void record_abilities(struct output *o, const struct place *place)
{
    bool zones = place_zone_redundant(place);
    record_flag(o, "cross_region", place->can_send || place->can_receive);
    record_flag(o, "zrs", zones);
    record_flag(o, "lrs", !zones);
    record_flag(o, "policies", true);  /* for the vaults of any region */
    record_flag(o, "immutable", true); /* any vault can be locked (vault/lock.h) */
}

static void record_region(struct output *o, const struct config_region *region,
                          enum catalog_region_state state, bool whole)
{
    struct place place = place_of(region);
    record_begin(o, "region");
    record_text(o, "name", region->name);
    record_text(o, "target", region->zones[0].name);
    record_text(o, "redundancy", place_redundancy(&place));
    record_number(o, "zones", region->zone_count);
    record_flag(o, "send", region->can_send);
    record_flag(o, "receive", region->can_receive);
    record_text(o, "state", catalog_region_state_name(state));
    record_text(o, "project", region->projects[region->project_default]);
    if (whole) {
        record_text(o, "account", region->account);
        record_text(o, "key", region->key);
        record_abilities(o, &place);
    }
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
        record_region(o, region, row->state, false);
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
    static const struct column columns[] = {
        {"name", "NAME", false},        {"target", "TARGET", false},
        {"redundancy", "CLASS", false}, {"zones", "ZONES", true},
        {"send", "SENDS", false},       {"receive", "RECEIVES", false},
        {"project", "PROJECT", false},  {"state", "STATE", false}};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_region_list(session_catalog(s), list_region, s, e);
    output_table_end(&s->output, "no regions");
    return result;
}

/* The parameters of the region's zones, secrets by where they come from. */
static void record_zones(struct output *o, const struct config_region *region)
{
    static const struct column columns[] = {
        {"zone", "ZONE", false}, {"name", "PARAMETER", false}, {"value", "VALUE", false}};
    /* A single zone has no name to show. */
    size_t first = region->zone_names[0][0] ? 0 : 1;
    output_table(o, columns + first, sizeof(columns) / sizeof(columns[0]) - first);
    for (size_t i = 0; i < region->zone_count; i++) {
        const struct config_driver *zone = &region->zones[i];
        for (size_t j = 0; j < zone->parameter_count; j++) {
            record_begin(o, "parameter");
            if (first == 0)
                record_text(o, "zone", region->zone_names[i]);
            record_text(o, "name", zone->parameters[j].name);
            record_text(o, "value", zone->parameters[j].value);
            record_end(o);
        }
    }
    output_table_end(o, NULL);
}

static void record_projects(struct output *o, const struct config_region *region)
{
    static const struct column columns[] = {{"name", "PROJECT", false},
                                            {"default", "DEFAULT", false}};
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < region->project_count; i++) {
        record_begin(o, "project");
        record_text(o, "name", region->projects[i]);
        record_flag(o, "default", i == region->project_default);
        record_end(o);
    }
    output_table_end(o, NULL);
}

static void record_domains(struct output *o, const struct config_region *region)
{
    static const struct column columns[] = {{"name", "DOMAIN", false}, {"value", "IS", false}};
    if (region->domain_count == 0)
        return;
    output_line(o, "%s", "");
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < region->domain_count; i++) {
        record_begin(o, "domain");
        record_text(o, "name", region->domains[i].name);
        record_text(o, "value", region->domains[i].value);
        record_end(o);
    }
    output_table_end(o, NULL);
}

/* "power, admin": what both stand on. */
static void record_shared(struct output *o, const struct place *from, const struct place *to)
{
    const struct place_label *shared[PLACE_DOMAIN_LIMIT];
    size_t count = place_shared_domains(from, to, shared);
    struct buffer names CLEANUP_BUFFER = BUFFER_INIT;
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&names, "%s%s", i ? ", " : "", shared[i]->name);
    record_bytes(o, "shares", names.data, names.failed ? 0 : names.size);
}

/* Where vaults of the region may be mirrored and replicated to (LOC-06), and why not. */
static void record_destinations(struct output *o, const struct config *config,
                                const struct config_region *region)
{
    static const struct column columns[] = {{"name", "DESTINATION", false},
                                            {"allowed", "ALLOWED", false},
                                            {"shares", "SHARES", false},
                                            {"why", "WHY NOT", false}};
    struct place from = place_of(region);
    output_line(o, "%s", "");
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < config->region_count; i++) {
        struct place to = place_of(&config->regions[i]);
        struct error why = ERROR_INIT;
        if (&config->regions[i] == region)
            continue;
        record_begin(o, "destination");
        record_text(o, "name", to.name);
        record_flag(o, "allowed", place_route(&from, &to, &why) == 0);
        record_shared(o, &from, &to);
        record_text(o, "code", why.error_class ? error_code_name(why.code) : NULL);
        record_text(o, "why", why.error_class ? why.text : NULL);
        record_end(o);
    }
    output_table_end(o, "no other regions");
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
    record_region(o, region, CATALOG_REGION_AVAILABLE, true);
    output_line(o, "%s", "");
    record_projects(o, region);
    output_line(o, "%s", "");
    record_zones(o, region);
    record_domains(o, region);
    record_destinations(o, setup_config(s->setup), region);
    output_line(o, "%s", "");
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_vault_list(session_catalog(s), list_vault, &search, e);
    output_table_end(o, "no vaults");
    return result;
}
