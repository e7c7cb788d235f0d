/* SPDX-License-Identifier: Apache-2.0 */
/* config_region.c - the regions: their zones, projects, and what they send and take. */
#include "catalog/name.h"
#include "engine/config_parse.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REGION_LIMIT = 1000, ZONE_LIMIT = 16 };

static cfg_opt_t zone_options[] = {
    CFG_SEC("target", parse_driver_options, PARSE_SECTIONS | CFGF_KEYSTRVAL),
    CFG_END(),
};
cfg_opt_t parse_region_options[] = {
    CFG_STR_LIST("projects", 0, CFGF_NODEFAULT),
    CFG_SEC("target", parse_driver_options, PARSE_SECTIONS | CFGF_KEYSTRVAL),
    CFG_SEC("zone", zone_options, PARSE_SECTIONS),
    CFG_STR("default-project", 0, CFGF_NODEFAULT),
    CFG_STR("send", 0, CFGF_NODEFAULT),
    CFG_STR("receive", 0, CFGF_NODEFAULT),
    CFG_STR_LIST("destinations", 0, CFGF_NODEFAULT),
    CFG_STR("account", 0, CFGF_NODEFAULT),
    CFG_SEC("domains", parse_free_options, CFGF_KEYSTRVAL),
    CFG_STR("key", 0, CFGF_NODEFAULT),
    CFG_END(),
};

/* A region that is being read. */
struct reading {
    struct parse *p;
    struct config_region *region;
    cfg_t *tree;
    int section;
};

static unsigned line_of(const struct reading *r, const char *key)
{
    return scan_key_line(&r->p->scan, r->section, key);
}

/* Projects */

static int fill_projects(struct reading *r)
{
    struct parse *p = r->p;
    struct config_region *region = r->region;
    unsigned line = line_of(r, "projects");
    unsigned count = cfg_size(r->tree, "projects");
    struct config_place place = parse_place(p, line);

    if (line == 0)
        return parse_add_text(p, &region->projects, &region->project_count, "default");
    if (count == 0)
        return scan_error(p->e, p->file, line,
                          "the region '%s' has no project: name one, or leave `projects` out",
                          region->name);
    for (unsigned i = 0; i < count; i++) {
        const char *name = cfg_getnstr(r->tree, "projects", i);
        if (name_check(NAME_PROJECT, name, p->e) != 0)
            return config_context(p->e, &place);
        if (parse_is_listed(region->projects, 0, region->project_count, name))
            return parse_bad_value(p, line, "projects", name, "it stands there twice");
        if (parse_add_text(p, &region->projects, &region->project_count, name) != 0)
            return -1;
    }
    return 0;
}

static int fill_default_project(struct reading *r)
{
    const char *name = cfg_getstr(r->tree, "default-project");

    if (name == NULL)
        return 0;
    for (size_t i = 0; i < r->region->project_count; i++) {
        if (strcmp(r->region->projects[i], name) == 0) {
            r->region->project_default = i;
            return 0;
        }
    }
    return parse_bad_value(r->p, line_of(r, "default-project"), "default-project", name,
                           "it is none of `projects`");
}

/* Zones */

static int fill_target(struct reading *r, cfg_t *tree, int section, const char *owner,
                       struct config_driver *driver)
{
    struct parse *p = r->p;
    unsigned line = scan_section_line(&p->scan, section);
    unsigned count = cfg_size(tree, "target");

    if (count == 0)
        return scan_error(p->e, p->file, line,
                          "%s has no target: add `target tgt_dir { path = ... }`", owner);
    if (count > 1)
        return scan_error(p->e, p->file, line,
                          "%s has %u targets: it has one; several zones are written as `zone "
                          "NAME { target ... }`",
                          owner, count);
    cfg_t *target = cfg_getnsec(tree, "target", 0);
    return parse_driver(p, driver, target,
                        scan_section_find(&p->scan, section, "target", cfg_title(target)));
}

static const char *value_of(const struct config_driver *driver, const char *name)
{
    const struct config_parameter *found = config_parameter_find(driver, name);
    return found ? found->value : NULL;
}

/* Equal but for slashes at the end. */
static bool same_value(const char *a, const char *b)
{
    size_t first = strlen(a), second = b ? strlen(b) : 0;

    while (first > 1 && a[first - 1] == '/')
        first--;
    while (second > 1 && b[second - 1] == '/')
        second--;
    return b && first == second && memcmp(a, b, first) == 0;
}

/* One driver and nothing different: one place, called two. */
static bool same_place(const struct config_driver *a, const struct config_driver *b)
{
    if (strcmp(a->name, b->name) != 0 || a->parameter_count != b->parameter_count)
        return false;
    for (size_t i = 0; i < a->parameter_count; i++)
        if (!same_value(a->parameters[i].value, value_of(b, a->parameters[i].name)))
            return false;
    return true;
}

static int check_zone(struct reading *r, size_t index)
{
    const struct config_region *region = r->region;
    const struct config_driver *zone = &region->zones[index];

    for (size_t i = 0; i < index; i++) {
        if (strcasecmp(region->zone_names[i], region->zone_names[index]) == 0)
            return scan_error(r->p->e, r->p->file, zone->place.line,
                              "the zone '%s' of the region '%s' is there already, as '%s'",
                              region->zone_names[index], region->name, region->zone_names[i]);
        if (same_place(&region->zones[i], zone))
            return scan_error(
                r->p->e, r->p->file, zone->place.line,
                "the zones '%s' and '%s' of the region '%s' are at the same place",
                region->zone_names[i], region->zone_names[index], region->name);
    }
    return 0;
}

static int fill_zone(struct reading *r, cfg_t *tree)
{
    struct parse *p = r->p;
    struct config_region *region = r->region;
    const char *name = cfg_title(tree);
    int section = scan_section_find(&p->scan, r->section, "zone", name);
    struct config_place place = parse_place(p, scan_section_line(&p->scan, section));
    char owner[2 * NAME_SIZE + 40];

    if (name_check(NAME_ZONE, name, p->e) != 0)
        return config_context(p->e, &place);
    snprintf(owner, sizeof(owner), "the zone '%s' of the region '%s'", name, region->name);
    region->zone_names[region->zone_count] = strdup(name);
    if (region->zone_names[region->zone_count] == NULL)
        return error_no_memory(p->e, p->file);
    struct config_driver *driver = &region->zones[region->zone_count++];
    if (fill_target(r, tree, section, owner, driver) != 0)
        return -1;
    return check_zone(r, region->zone_count - 1);
}

static int count_zones(struct reading *r, unsigned zones)
{
    unsigned line = scan_section_line(&r->p->scan, r->section);
    const char *name = r->region->name;

    if (zones > 0 && cfg_size(r->tree, "target") > 0)
        return scan_error(r->p->e, r->p->file, line,
                          "the region '%s' has a target and zones: put the target into a zone",
                          name);
    if (zones == 2)
        return scan_error(r->p->e, r->p->file, line,
                          "the region '%s' has two zones: it has one, or three and more", name);
    if (zones > ZONE_LIMIT)
        return scan_error(r->p->e, r->p->file, line, "the region '%s' has more than %d zones",
                          name, ZONE_LIMIT);
    return 0;
}

static int fill_zones(struct reading *r)
{
    struct config_region *region = r->region;
    unsigned zones = cfg_size(r->tree, "zone"), room = zones > 0 ? zones : 1;
    char owner[NAME_SIZE + 20];

    if (count_zones(r, zones) != 0)
        return -1;
    region->zones = calloc(room, sizeof(*region->zones));
    region->zone_names = calloc(room, sizeof(*region->zone_names));
    if (region->zones == NULL || region->zone_names == NULL)
        return error_no_memory(r->p->e, r->p->file);
    for (unsigned i = 0; i < zones; i++)
        if (fill_zone(r, cfg_getnsec(r->tree, "zone", i)) != 0)
            return -1;
    if (zones > 0)
        return 0;
    region->zone_count = 1;
    snprintf(owner, sizeof(owner), "the region '%s'", region->name);
    if (parse_set_text(r->p, &region->zone_names[0], "") != 0)
        return -1;
    return fill_target(r, r->tree, r->section, owner, &region->zones[0]);
}

/* What goes from here and to here */

static int fill_switch(struct reading *r, const char *key, bool *value)
{
    const char *text = cfg_getstr(r->tree, key);

    *value = true;
    if (text == NULL || strcmp(text, "yes") == 0)
        return 0;
    if (strcmp(text, "no") != 0)
        return parse_bad_value(r->p, line_of(r, key), key, text, "yes or no");
    *value = false;
    return 0;
}

static int fill_destinations(struct reading *r)
{
    struct parse *p = r->p;
    struct config_region *region = r->region;
    unsigned line = line_of(r, "destinations");
    unsigned count = cfg_size(r->tree, "destinations");

    region->destinations_place = parse_place(p, line);
    if (line != 0 && count == 0)
        return scan_error(
            p->e, p->file, line,
            "the region '%s' has an empty list of destinations: write `send = no` "
            "for a region that sends nothing",
            region->name);
    for (unsigned i = 0; i < count; i++) {
        const char *name = cfg_getnstr(r->tree, "destinations", i);
        if (name_check(NAME_REGION, name, p->e) != 0)
            return config_context(p->e, &region->destinations_place);
        if (strcmp(name, region->name) == 0)
            return parse_bad_value(p, line, "destinations", name,
                                   "a region is no destination of its own");
        if (parse_is_listed(region->destinations, 0, region->destination_count, name))
            return parse_bad_value(p, line, "destinations", name, "it stands there twice");
        if (parse_add_text(p, &region->destinations, &region->destination_count, name) != 0)
            return -1;
    }
    return 0;
}

static int fill_account(struct reading *r)
{
    const char *account = cfg_getstr(r->tree, "account");

    if (account != NULL && !parse_is_word(account))
        return parse_bad_value(r->p, line_of(r, "account"), "account", account,
                               "a name of 1 to 64 bytes");
    return parse_set_text(r->p, &r->region->account, account != NULL ? account : "");
}

/* Domains and keys */

static int add_domain(struct reading *r, const cfg_opt_t *option, int section)
{
    struct parse *p = r->p;
    struct config_region *region = r->region;
    unsigned line = scan_key_line(&p->scan, section, option->name);
    const char *value = option->nvalues > 0 ? option->values[0]->string : NULL;

    if (value == NULL || !parse_is_word(value))
        return parse_bad_value(p, line, option->name, value != NULL ? value : "",
                               "a name of 1 to 64 bytes");
    if (region->domain_count >= PLACE_DOMAIN_LIMIT)
        return scan_error(p->e, p->file, line, "more than %d labels in `domains`",
                          PLACE_DOMAIN_LIMIT);
    struct place_label *grown =
        realloc(region->domains, (region->domain_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(p->e, p->file);
    region->domains = grown;
    struct place_label *label = &grown[region->domain_count++];
    *label = (struct place_label){0};
    if (parse_set_text(p, &label->name, option->name) != 0)
        return -1;
    return parse_set_text(p, &label->value, value);
}

static int fill_domains(struct reading *r)
{
    int section = scan_section_find(&r->p->scan, r->section, "domains", "");
    cfg_t *tree = section != SCAN_NONE ? cfg_getsec(r->tree, "domains") : NULL;

    for (const cfg_opt_t *o = tree ? tree->opts : NULL; o != NULL && o->name != NULL; o++)
        if (add_domain(r, o, section) != 0)
            return -1;
    return 0;
}

static int fill_key(struct reading *r)
{
    const char *value = cfg_getstr(r->tree, "key");
    unsigned line = line_of(r, "key");

    if (value == NULL)
        return 0;
    char *name CLEANUP_TEXT = strndup(value, strcspn(value, ":"));
    if (name == NULL)
        return error_no_memory(r->p->e, r->p->file);
    if (parse_check_driver_name(r->p, line, name) != 0)
        return -1;
    return parse_set_text(r->p, &r->region->key, value);
}

/* All of it */

static const struct config_region *same_region(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->region_count; i++)
        if (strcasecmp(c->regions[i].name, name) == 0)
            return &c->regions[i];
    return NULL;
}

static struct config_region *add_region(struct parse *p, const char *name,
                                        const struct config_place *place)
{
    struct config *c = p->config;
    struct config_region *grown = realloc(c->regions, (c->region_count + 1) * sizeof(*grown));

    if (grown == NULL) {
        error_no_memory(p->e, p->file);
        return NULL;
    }
    c->regions = grown;
    struct config_region *region = &grown[c->region_count++];
    *region = (struct config_region){.place = *place};
    return parse_set_text(p, &region->name, name) == 0 ? region : NULL;
}

int parse_region(struct parse *p, cfg_t *tree)
{
    const char *name = cfg_title(tree);
    int section = scan_section_find(&p->scan, SCAN_ROOT, "region", name);
    struct config_place place = parse_place(p, scan_section_line(&p->scan, section));
    const struct config_region *same = same_region(p->config, name);

    if (name_check(NAME_REGION, name, p->e) != 0)
        return config_context(p->e, &place);
    if (same != NULL)
        return scan_error(p->e, p->file, place.line, "there is a region '%s' already, at %s:%u",
                          same->name, same->place.file, same->place.line);
    if (p->config->region_count >= REGION_LIMIT)
        return scan_error(p->e, p->file, place.line, "there are too many regions");
    struct reading r = {p, add_region(p, name, &place), tree, section};
    if (r.region == NULL || fill_projects(&r) != 0 || fill_default_project(&r) != 0 ||
        fill_zones(&r) != 0 || fill_switch(&r, "send", &r.region->can_send) != 0 ||
        fill_switch(&r, "receive", &r.region->can_receive) != 0 || fill_destinations(&r) != 0 ||
        fill_account(&r) != 0 || fill_domains(&r) != 0)
        return -1;
    return fill_key(&r);
}

/* Destinations may be said in a file before the one that has them. */
int config_check_destinations(const struct config *c, struct error *e)
{
    for (size_t i = 0; i < c->region_count; i++) {
        const struct config_region *region = &c->regions[i];
        for (size_t j = 0; j < region->destination_count; j++)
            if (config_region_find(c, region->destinations[j], e) == NULL) {
                e->error_class = LAGAN_INVALID;
                return config_context(e, &region->destinations_place);
            }
    }
    return 0;
}

void config_region_place(const struct config_region *region, struct place *place)
{
    *place = (struct place){
        .name = region->name,
        .can_send = region->can_send,
        .can_receive = region->can_receive,
        .destinations = region->destinations,
        .destination_count = region->destination_count,
        .account = region->account,
        .projects = region->projects,
        .project_count = region->project_count,
        .project_default = region->project_default,
        .domains = region->domains,
        .domain_count = region->domain_count,
        .zone_count = region->zone_count,
    };
}
