/* SPDX-License-Identifier: Apache-2.0 */
/* setup.c - configuration, catalog and drivers together, and instances made from them. */
#include "engine/setup.h"

#include "base/file.h"
#include "base/object.h"
#include "driver/layer_fault.h"
#include "driver/layer_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETUP_MAGIC = 0x53455455, HOST_NAME_SIZE = 256 };

struct setup {
    uint32_t magic;
    struct config *config;
    struct catalog *catalog;
    struct driver_host *drivers;
    char *config_folder;
    const char *const *faults;
    size_t fault_count;
    char host[HOST_NAME_SIZE];
};

static int open_config(struct setup *s, const struct setup_request *request, struct error *e)
{
    char *path = request->config_path ? strdup(request->config_path) : config_default_path(e);
    if (!path)
        return request->config_path ? error_no_memory(e, "a path") : -1;
    s->config = config_load(path, e);
    if (!s->config && e->error_class == LAGAN_NOT_FOUND) {
        if (request->config_optional)
            *e = ERROR_INIT;
        else
            error_set(e, LAGAN_NOT_FOUND, ERROR_CONFIG,
                      "there is no configuration at %s; `lagan init` makes one", path);
    }
    free(path);
    if (!s->config)
        return request->config_optional && e->error_class == LAGAN_OK ? 0 : -1;
    s->config_folder = strdup(s->config->path);
    if (!s->config_folder)
        return error_no_memory(e, "a path");
    char *slash = strrchr(s->config_folder, '/');
    if (slash)
        slash[slash == s->config_folder] = '\0';
    return 0;
}

/* The catalog knows the regions of the configuration, and which of its own are gone. */
static int register_regions(struct setup *s, struct error *e)
{
    const struct config *c = s->config;
    const char **names = calloc(c->region_count + 1, sizeof(*names));
    int result = 0;
    if (!names)
        return error_no_memory(e, "the regions");
    for (size_t i = 0; result == 0 && i < c->region_count; i++) {
        names[i] = c->regions[i].name;
        result = catalog_region_upsert(s->catalog, c->regions[i].name,
                                       c->regions[i].zones[0].name, e);
    }
    if (result == 0)
        result = catalog_region_retain(s->catalog, names, c->region_count, e);
    free(names);
    return result;
}

static int take_faults(struct setup *s, const struct setup_request *request, struct error *e)
{
    struct fault_rule rule;
    for (size_t i = 0; i < request->fault_count; i++)
        if (fault_rule_parse(request->faults[i], &rule, e) != 0) {
            e->code = ERROR_USAGE;
            return error_context(e, "--fault %s", request->faults[i]);
        }
    s->faults = request->faults;
    s->fault_count = request->fault_count;
    return 0;
}

int setup_open(const struct setup_request *request, struct setup **setup, struct error *e)
{
    const char *folder =
        request->driver_directory ? request->driver_directory : LAGAN_DRIVER_DIR;
    struct setup *s = calloc(1, sizeof(*s));
    if (!s)
        return error_no_memory(e, "the setup");
    s->magic = SETUP_MAGIC;
    if (gethostname(s->host, sizeof(s->host) - 1) != 0 || !s->host[0])
        snprintf(s->host, sizeof(s->host), "localhost");
    if (take_faults(s, request, e) != 0 || open_config(s, request, e) != 0)
        goto fail;
    s->drivers = driver_host_new(folder, e);
    if (!s->drivers)
        goto fail;
    if (!request->without_catalog && s->config) {
        if (catalog_open(s->config->state, request->rebuild ? CATALOG_OPEN_REBUILD : 0,
                         &s->catalog, e) != 0 ||
            register_regions(s, e) != 0)
            goto fail;
    }
    *setup = s;
    return 0;
fail:
    setup_close(s);
    return -1;
}

void setup_close(struct setup *s)
{
    if (!s)
        return;
    OBJECT_CHECK(s, SETUP_MAGIC);
    catalog_close(s->catalog);
    driver_host_free(s->drivers);
    config_free(s->config);
    free(s->config_folder);
    s->magic = 0;
    free(s);
}

const struct config *setup_config(const struct setup *s)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    return s->config;
}

struct catalog *setup_catalog(struct setup *s)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    return s->catalog;
}

struct driver_host *setup_drivers(struct setup *s)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    return s->drivers;
}

const char *setup_config_folder(const struct setup *s)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    return s->config_folder;
}

const char *setup_host_name(const struct setup *s)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    return s->host;
}

int setup_driver(struct setup *s, const char *name, enum lagan_kind kind,
                 const struct driver **driver, struct error *e)
{
    return setup_driver_in(s, NULL, name, kind, driver, e);
}

int setup_driver_in(struct setup *s, const struct config_driver *section, const char *name,
                    enum lagan_kind kind, const struct driver **driver, struct error *e)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    /* Without a configuration there is nobody to enable it but who named it. */
    if (s->config && !config_driver_enabled(s->config, name))
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_DRIVER,
                         "the driver %s is not enabled; add it to `drivers` in %s", name,
                         s->config->path);
    const struct driver *found = driver_load_isolated(
        s->drivers, name, kind, config_isolates(s->config, name, section), e);
    if (!found)
        return -1;
    *driver = found;
    return 0;
}

int setup_region(struct setup *s, const char *name, const struct config_region **region,
                 struct error *e)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    const struct config *c = s->config;
    ASSERT(c);
    if (!name && c->region_count == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_REGION, "no region is configured in %s",
                         c->path);
    if (!name && c->region_count > 1)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "there are several regions: name one with --region");
    const struct config_region *found = name ? config_region_find(c, name, e) : &c->regions[0];
    if (!found)
        return -1;
    *region = found;
    return 0;
}

/* An instance that is being filled, layer by layer from the strongest. */
struct layering {
    const struct driver *driver;
    struct instance *instance;
    bool lenient;
    struct catalog_pairs taken; /* names that stronger layers have */
    size_t above;               /* how many of them belong to finished layers */
};

static int layer_value(struct layering *l, const char *name, const char *value, struct error *e)
{
    for (size_t i = 0; i < l->above; i++) {
        if (strcmp(l->taken.items[i].name, name) == 0)
            return 0;
    }
    if (l->lenient && !driver_parameter_find(l->driver, name))
        return 0;
    if (instance_set(l->instance, name, value, e) != 0)
        return -1;
    return catalog_pairs_add(&l->taken, name, "", e);
}

static int layer_pairs(struct layering *l, const struct catalog_pairs *pairs, struct error *e)
{
    l->above = l->taken.count;
    for (size_t i = 0; pairs && i < pairs->count; i++) {
        if (layer_value(l, pairs->items[i].name, pairs->items[i].value, e) != 0)
            return -1;
    }
    return 0;
}

static int layer_section(struct layering *l, const struct config_driver *section,
                         struct error *e)
{
    l->above = l->taken.count;
    for (size_t i = 0; section && i < section->parameter_count; i++) {
        const struct config_parameter *p = &section->parameters[i];
        if (layer_value(l, p->name, p->value, e) != 0)
            return config_context(e, &p->place);
    }
    return 0;
}

static int layer_place(struct layering *l, const char *place, struct error *e)
{
    const struct lagan_parameter *row =
        driver_parameter_marked(l->driver, LAGAN_PARAMETER_PLACE);
    if (!place)
        return 0;
    if (!row)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_PARAMETER,
                         "the driver %s has no parameter that says where",
                         driver_name(l->driver));
    return layer_value(l, row->name, place, e);
}

static bool says(const struct config_driver *section, const char *name)
{
    for (size_t i = 0; section && i < section->layer_count; i++)
        if (strcmp(section->layers[i].name, name) == 0)
            return true;
    return false;
}

/* What a section says of layers, but for what a stronger one says, too. */
static int set_layers(struct layer_settings *settings, const struct config_driver *section,
                      const struct config_driver *stronger, struct error *e)
{
    for (size_t i = 0; section && i < section->layer_count; i++) {
        const struct config_parameter *p = &section->layers[i];
        if (!says(stronger, p->name) && layer_settings_set(settings, p->name, p->value, e) != 0)
            return config_context(e, &p->place);
    }
    return 0;
}

static int give_layers(const struct setup *s, struct instance *i,
                       const struct config_driver *section,
                       const struct config_driver *defaults, struct error *e)
{
    struct layer_settings settings = {0};
    int result = layer_settings_init(&settings, e);
    if (result == 0)
        result = set_layers(&settings, defaults, section, e);
    if (result == 0)
        result = set_layers(&settings, section, NULL, e);
    for (size_t fault = 0; result == 0 && fault < s->fault_count; fault++)
        result = layer_settings_set(&settings, "fault", s->faults[fault], e);
    if (result == 0)
        result = instance_set_layers(i, &settings, e);
    layer_settings_free(&settings);
    return result;
}

struct instance *setup_instance(struct setup *s, const struct driver *driver,
                                const struct setup_values *values, struct error *e)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    struct layering l = {.driver = driver, .lenient = values->lenient};
    const struct config_driver *defaults =
        s->config ? config_defaults_find(s->config, driver_name(driver)) : NULL;
    l.instance = instance_new(driver, e);
    if (!l.instance)
        return NULL;
    if (give_layers(s, l.instance, values->section, defaults, e) != 0 ||
        layer_place(&l, values->place, e) != 0 || layer_pairs(&l, values->first, e) != 0 ||
        layer_pairs(&l, values->second, e) != 0 || layer_section(&l, values->section, e) != 0 ||
        layer_section(&l, defaults, e) != 0 || instance_ready(l.instance, e) != 0) {
        instance_free(l.instance);
        l.instance = NULL;
    }
    catalog_pairs_clear(&l.taken);
    return l.instance;
}

char *setup_key_path(const struct setup *s, const char *name, struct error *e)
{
    OBJECT_CHECK(s, SETUP_MAGIC);
    char *folder CLEANUP_TEXT = NULL;
    char *path = NULL;
    if (asprintf(&folder, "%s/keys", s->config_folder) < 0) {
        folder = NULL;
        error_no_memory(e, "a path");
        return NULL;
    }
    if (file_make_directories(folder, 0700, e) != 0)
        return NULL;
    if (asprintf(&path, "%s/%s.key", folder, name) < 0) {
        error_no_memory(e, "a path");
        return NULL;
    }
    return path;
}
