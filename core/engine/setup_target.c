/* SPDX-License-Identifier: Apache-2.0 */
/* setup_target.c - opens the targets of regions: of one zone, or of several as one. */
#include "engine/setup.h"

#include "base/file.h"
#include "driver/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A zone of a region that is to be opened. */
struct zone_opening {
    struct setup *setup;
    const struct config_region *region;
    const struct config_driver *section;
    const char *name; /* "" for a single one */
    const char *prefix;
    uint64_t flags;
};

static struct zone_opening opening_of(struct setup *s, const struct config_region *region,
                                      size_t zone, const char *prefix, uint64_t flags)
{
    return (struct zone_opening){.setup = s,
                                 .region = region,
                                 .section = &region->zones[zone],
                                 .name = region->zone_names[zone],
                                 .prefix = prefix,
                                 .flags = flags};
}

static int in_zone(const struct zone_opening *o, struct error *e)
{
    if (o->name[0])
        error_context(e, "zone %s", o->name);
    return error_context(e, "region %s", o->region->name);
}

/* What the configuration says of the target, checked before anything is made of it. */
static int check_section(const struct driver *driver, const struct config_driver *section,
                         struct error *e)
{
    for (size_t i = 0; i < section->parameter_count; i++) {
        const struct config_parameter *p = &section->parameters[i];
        if (instance_check_value(driver, p->name, p->value, NULL, e) != 0)
            return config_context(e, &p->place);
    }
    return 0;
}

static int no_place(const struct zone_opening *o, const struct driver *driver,
                    const struct lagan_parameter *row, struct error *e)
{
    if (!row || !(row->flags & LAGAN_PARAMETER_REQUIRED))
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_CONFLICT,
                         "the target %s of region %s has no place that vaults could share",
                         driver_name(driver), o->region->name);
    error_set(e, LAGAN_INVALID, ERROR_PARAMETER, "driver %s: parameter %s is missing (%s)",
              driver_name(driver), row->name, row->help);
    return config_context(e, &o->section->place);
}

/* The place of the prefix below that of the zone's target; NULL when the prefix is empty, or on
 * failure. */
static int place_below(const struct zone_opening *o, const struct driver *driver, char **place,
                       struct error *e)
{
    const struct lagan_parameter *row = driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE);
    const struct config_parameter *top = NULL;
    const char *above;
    const struct config_driver *defaults =
        config_defaults_find(setup_config(o->setup), driver_name(driver));
    *place = NULL;
    if (!o->prefix[0])
        return 0;
    if (row)
        top = config_parameter_find(o->section, row->name);
    if (row && !top && defaults)
        top = config_parameter_find(defaults, row->name);
    above = top ? top->value : row ? row->default_value : NULL;
    if (!above)
        return no_place(o, driver, row, e);
    size_t length = strlen(above);
    while (length > 1 && above[length - 1] == '/')
        length--;
    if (asprintf(place, "%.*s/%s", (int)length, above, o->prefix) < 0) {
        *place = NULL;
        return error_no_memory(e, "a place");
    }
    return 0;
}

/* All that can be wrong without asking the zone. */
static struct instance *zone_instance(const struct zone_opening *o, struct error *e)
{
    const struct driver *driver = NULL;
    char *place CLEANUP_TEXT = NULL;
    if (setup_driver_in(o->setup, o->section, o->section->name, LAGAN_KIND_TARGET, &driver,
                        e) != 0) {
        config_context(e, &o->section->place);
        return NULL;
    }
    if (check_section(driver, o->section, e) != 0 || place_below(o, driver, &place, e) != 0)
        return NULL;
    struct setup_values values = {.place = place, .section = o->section};
    return setup_instance(o->setup, driver, &values, e);
}

int setup_zone_open(struct setup *s, const struct config_region *region, size_t zone,
                    const char *prefix, uint64_t flags, struct open_target *target,
                    struct error *e)
{
    struct zone_opening o = opening_of(s, region, zone, prefix, flags);
    struct instance *instance = zone_instance(&o, e);
    struct target *opened = instance ? target_open(instance, flags, e) : NULL;
    if (!opened) {
        instance_free(instance);
        return in_zone(&o, e);
    }
    *target = (struct open_target){.instance = instance, .target = opened};
    return 0;
}

/* Whether an error at open says that the zone is not there, not that it is set up wrongly. */
static bool is_missing(const struct error *why)
{
    return why->error_class != LAGAN_INVALID && why->error_class != LAGAN_UNSUPPORTED &&
           why->error_class != LAGAN_CANCELLED && why->code != ERROR_NO_MEMORY;
}

/* Opens zone after zone.  A zone that is not there is remembered with its error. */
static int open_each(struct setup *s, const struct config_region *region, const char *prefix,
                     uint64_t flags, struct open_target *target, struct zone_place *places,
                     struct error *e)
{
    for (size_t i = 0; i < region->zone_count; i++) {
        struct zone_opening o = opening_of(s, region, i, prefix, flags);
        struct error why = ERROR_INIT;
        places[i] = (struct zone_place){.name = o.name};
        target->zones[i] = zone_instance(&o, e);
        if (!target->zones[i])
            return in_zone(&o, e);
        target->zone_count = i + 1;
        places[i].target = target_open(target->zones[i], flags, &why);
        if (!places[i].target && !is_missing(&why)) {
            *e = why;
            return in_zone(&o, e);
        }
        places[i].why = why;
    }
    return 0;
}

static int open_zones(struct setup *s, const struct config_region *region, const char *prefix,
                      uint64_t flags, struct open_target *target, struct error *e)
{
    size_t count = region->zone_count;
    struct open_target opened = {.zones = calloc(count, sizeof(*opened.zones))};
    struct zone_place *places = calloc(count, sizeof(*places));
    int result = -1;
    if (!opened.zones || !places) {
        error_no_memory(e, "the zones of a region");
    } else if (open_each(s, region, prefix, flags, &opened, places, e) != 0) {
        for (size_t i = 0; i < count; i++)
            target_close(places[i].target);
    } else {
        opened.target = target_zones(places, count, e);
        result = opened.target ? 0 : error_context(e, "region %s", region->name);
    }
    free(places);
    if (result == 0)
        *target = opened;
    else
        open_target_close(&opened);
    return result;
}

int setup_target_open(struct setup *s, const struct config_region *region, const char *prefix,
                      uint64_t flags, struct open_target *target, struct error *e)
{
    if (region->zone_count >= PLACE_ZONES_REDUNDANT)
        return open_zones(s, region, prefix, flags, target, e);
    return setup_zone_open(s, region, 0, prefix, flags, target, e);
}

/* The folder of a vault in one zone; NULL when that is no path. */
static int zone_path(struct setup *s, const struct config_region *region, size_t zone,
                     const struct catalog_vault *row, char **path, struct error *e)
{
    struct zone_opening o = opening_of(s, region, zone, row->prefix, 0);
    const struct driver *driver = NULL;
    if (setup_driver_in(s, o.section, o.section->name, LAGAN_KIND_TARGET, &driver, e) != 0)
        return -1;
    const struct lagan_parameter *place =
        driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE);
    *path = NULL;
    if (!place || place->type != LAGAN_PARAMETER_PATH)
        return 0;
    return place_below(&o, driver, path, e);
}

int setup_vault_paths(struct setup *s, const struct catalog_vault *row,
                      int (*each)(void *context, const char *path, struct error *e),
                      void *context, struct error *e)
{
    const struct config_region *region = NULL;
    if (setup_region(s, row->region, &region, e) != 0)
        return -1;
    for (size_t i = 0; i < region->zone_count; i++) {
        char *path CLEANUP_TEXT = NULL;
        if (zone_path(s, region, i, row, &path, e) != 0 ||
            (path && each(context, path, e) != 0))
            return -1;
    }
    return 0;
}

bool setup_zone_device(struct setup *s, const struct config_region *region, size_t zone,
                       dev_t *device)
{
    struct zone_opening o = opening_of(s, region, zone, "", 0);
    struct error ignored = ERROR_INIT;
    const struct driver *driver = NULL;
    struct stat found;
    if (setup_driver_in(s, o.section, o.section->name, LAGAN_KIND_TARGET, &driver, &ignored) !=
        0)
        return false;
    const struct lagan_parameter *row = driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE);
    const struct config_parameter *top = row && row->type == LAGAN_PARAMETER_PATH
                                             ? config_parameter_find(o.section, row->name)
                                             : NULL;
    if (!top || stat(top->value, &found) != 0)
        return false;
    *device = found.st_dev;
    return true;
}

void open_target_close(struct open_target *target)
{
    target_close(target->target);
    instance_free(target->instance);
    for (size_t i = 0; i < target->zone_count; i++)
        instance_free(target->zones[i]);
    free(target->zones);
    *target = (struct open_target){0};
}
