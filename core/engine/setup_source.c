/* SPDX-License-Identifier: Apache-2.0 */
/* setup_source.c - opens sources, and places to restore to. */
#include "engine/setup.h"

#include "base/file.h"
#include "base/object.h"
#include "engine/binding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A draft of a source of the path driver for `path`, which is real. */
static struct catalog_source *draft_of_path(struct setup *s, const char *path, struct error *e)
{
    const struct driver *driver = NULL;
    if (setup_driver(s, SETUP_PATH_DRIVER, LAGAN_KIND_SOURCE, &driver, e) != 0)
        return NULL;
    const struct lagan_parameter *place =
        driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE);
    ASSERT(place);
    struct catalog_source *made = catalog_source_new(e);
    if (!made)
        return NULL;
    snprintf(made->driver, sizeof(made->driver), "%s", SETUP_PATH_DRIVER);
    if (catalog_pairs_add(&made->parameters, place->name, path, e) == 0)
        return made;
    catalog_source_free(made);
    return NULL;
}

/* The registered source that `text` means, or NULL: an error, or (`e` is empty, `*path` is real
 * and the caller's) a path that is not registered yet. */
static struct catalog_source *known_row(struct setup *s, const char *text, char **path,
                                        struct error *e)
{
    struct catalog_source *row = NULL;
    *path = NULL;
    if (!strchr(text, '/')) {
        row = catalog_source_find(setup_catalog(s), text, e);
        if (row || e->code != ERROR_NO_SOURCE)
            return row;
    }
    *path = realpath(text, NULL);
    if (!*path && errno == ENOENT) {
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_SOURCE,
                  "%s is neither the name of a source nor a path that exists", text);
        return NULL;
    }
    if (!*path) {
        error_errno(e, errno, "cannot look at %s", text);
        return NULL;
    }
    *e = ERROR_INIT;
    struct catalog_source *draft = draft_of_path(s, *path, e);
    if (!draft)
        return NULL;
    row = catalog_source_same(setup_catalog(s), SETUP_PATH_DRIVER, &draft->parameters, e);
    catalog_source_free(draft);
    return row;
}

int setup_source_known(struct setup *s, const char *text, struct catalog_source **row,
                       struct error *e)
{
    char *path CLEANUP_TEXT = NULL;
    struct error why = ERROR_INIT;
    struct catalog_source *found = known_row(s, text, &path, &why);
    if (!found && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    *row = found;
    return 0;
}

/* Registers the path, named after its last component. */
static struct catalog_source *register_path(struct setup *s, const char *path, struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct catalog_source *made = draft_of_path(s, path, e);
    const char *last = strrchr(path, '/');
    const char *base = last && last[1] ? last + 1 : "root";
    if (made && catalog_source_name(catalog, base, made->name, e) == 0 &&
        binding_add_source(s, made, NULL, e) == 0)
        return made;
    catalog_source_free(made);
    return NULL;
}

/* The source that `text` means. */
static struct catalog_source *source_row(struct setup *s, const char *text, struct error *e)
{
    char *path CLEANUP_TEXT = NULL;
    struct error why = ERROR_INIT;
    struct catalog_source *row = known_row(s, text, &path, &why);
    if (!row && why.error_class == LAGAN_OK)
        return register_path(s, path, e);
    if (!row)
        *e = why;
    return row;
}

static int open_instance(struct setup *s, const char *driver, const struct setup_values *values,
                         uint64_t flags, struct open_source *source, struct error *e)
{
    const struct driver *loaded = NULL;
    if (setup_driver(s, driver, LAGAN_KIND_SOURCE, &loaded, e) != 0)
        return -1;
    source->instance = setup_instance(s, loaded, values, e);
    if (!source->instance)
        return -1;
    source->source = source_open(source->instance, flags, e);
    return source->source ? 0 : -1;
}

int setup_source_open(struct setup *s, const char *text, const struct catalog_pairs *parameters,
                      struct open_source *source, struct error *e)
{
    struct open_source opened = {0};
    *e = ERROR_INIT;
    opened.row = source_row(s, text, e);
    if (!opened.row)
        return -1;
    struct setup_values values = {.first = parameters, .second = &opened.row->parameters};
    if (open_instance(s, opened.row->driver, &values, LAGAN_OPEN_READ_ONLY, &opened, e) != 0) {
        error_context(e, "source %s", opened.row->name);
        open_source_close(&opened);
        return -1;
    }
    *source = opened;
    return 0;
}

int setup_source_open_row(struct setup *s, const struct catalog_source *row, uint64_t flags,
                          struct open_source *source, struct error *e)
{
    struct open_source opened = {0};
    struct setup_values values = {.first = &row->parameters};
    if (open_instance(s, row->driver, &values, flags, &opened, e) != 0) {
        error_context(e, "source %s", row->name);
        open_source_close(&opened);
        return -1;
    }
    *source = opened;
    return 0;
}

static int open_place(struct setup *s, const struct seal *seal, const char *place,
                      uint64_t flags, struct open_source *source, struct error *e)
{
    struct open_source opened = {0};
    struct catalog_pairs pairs = {0};
    struct setup_values values = {.place = place, .first = &pairs, .lenient = true};
    int result = -1;
    for (size_t i = 0; i < seal->parameter_count; i++) {
        if (catalog_pairs_add(&pairs, seal->parameters[i].name, seal->parameters[i].value, e) !=
            0)
            goto out;
    }
    result = open_instance(s, seal->source_driver ? seal->source_driver : "", &values, flags,
                           &opened, e);
    if (result == 0)
        *source = opened;
    else
        open_source_close(&opened);
out:
    catalog_pairs_clear(&pairs);
    return result;
}

int setup_place_open(struct setup *s, const struct seal *seal, const char *place, bool make,
                     struct open_source *source, struct error *e)
{
    return open_place(s, seal, place, LAGAN_OPEN_RESTORE | (make ? LAGAN_OPEN_INITIALISE : 0),
                      source, e);
}

int setup_place_read(struct setup *s, const struct seal *seal, const char *place,
                     struct open_source *source, struct error *e)
{
    return open_place(s, seal, place, LAGAN_OPEN_READ_ONLY, source, e);
}

void open_source_close(struct open_source *source)
{
    source_close(source->source);
    instance_free(source->instance);
    catalog_source_free(source->row);
    *source = (struct open_source){0};
}
