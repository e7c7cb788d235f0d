/* SPDX-License-Identifier: Apache-2.0 */
/* setup_source.c - opens sources, and places to restore to. */
#include "engine/setup.h"

#include "base/file.h"
#include "base/object.h"
#include "engine/binding.h"
#include "engine/parameters.h"

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

/* A place as people write it, resolved. */
struct place_choice {
    const char *driver;
    struct catalog_pairs given; /* stronger than the backup's own parameters */
    struct catalog_pairs own;
    const char *place; /* value of the parameter marked as the place; NULL = none */
    struct driver_words words;
    struct catalog_source *row;
};

static void place_clear(struct place_choice *p)
{
    catalog_pairs_clear(&p->given);
    catalog_pairs_clear(&p->own);
    driver_words_clear(&p->words);
    catalog_source_free(p->row);
    *p = (struct place_choice){0};
}

/* The backup's parameters, without the place when there is another one. */
static int place_inherit(struct place_choice *p, const struct seal *seal, const char *without,
                         struct error *e)
{
    for (size_t i = 0; i < seal->parameter_count; i++) {
        const struct seal_pair *pair = &seal->parameters[i];
        if (without && strcmp(pair->name, without) == 0)
            continue;
        if (catalog_pairs_add(&p->own, pair->name, pair->value, e) != 0)
            return -1;
    }
    return 0;
}

/* "source:NAME" is a registered source. */
static int place_of_source(struct place_choice *p, struct setup *s, const char *name,
                           struct error *e)
{
    p->row = catalog_source_find(setup_catalog(s), name, e);
    if (!p->row)
        return -1;
    p->driver = p->row->driver;
    for (size_t i = 0; i < p->row->parameters.count; i++) {
        const struct catalog_pair *pair = &p->row->parameters.items[i];
        if (catalog_pairs_add(&p->given, pair->name, pair->value, e) != 0)
            return -1;
    }
    return 0;
}

/* "DRIVER:key=value,..." is a place of that driver. */
static int place_of_driver(struct place_choice *p, struct setup *s, const struct seal *seal,
                           const char *text, struct error *e)
{
    const struct driver *driver = NULL;
    if (driver_words_parse(text, &p->words, e) != 0 ||
        setup_driver(s, p->words.driver, LAGAN_KIND_SOURCE, &driver, e) != 0 ||
        driver_words_parameters(&p->words, driver, &p->given, e) != 0)
        return -1;
    const struct lagan_parameter *row = driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE);
    p->driver = p->words.driver;
    if (!seal->source_driver || strcmp(p->driver, seal->source_driver) != 0)
        return 0;
    return place_inherit(p, seal, row ? row->name : NULL, e);
}

static int place_resolve(struct place_choice *p, struct setup *s, const struct seal *seal,
                         const char *text, struct error *e)
{
    static const char source[] = "source:";
    *p = (struct place_choice){.driver = seal->source_driver ? seal->source_driver : ""};
    if (text && strncmp(text, source, sizeof(source) - 1) == 0)
        return place_of_source(p, s, text + sizeof(source) - 1, e);
    if (text && strncmp(text, "src_", 4) == 0 && strchr(text, ':'))
        return place_of_driver(p, s, seal, text, e);
    p->place = text;
    return place_inherit(p, seal, NULL, e);
}

static int open_place(struct setup *s, const struct seal *seal, const char *text,
                      uint64_t flags, struct open_source *source, struct error *e)
{
    struct open_source opened = {0};
    struct place_choice place;
    int result = place_resolve(&place, s, seal, text, e);
    struct setup_values values = {
        .place = place.place, .first = &place.given, .second = &place.own, .lenient = true};
    if (result == 0)
        result = open_instance(s, place.driver, &values, flags, &opened, e);
    if (result == 0)
        *source = opened;
    else
        open_source_close(&opened);
    place_clear(&place);
    return result;
}

int setup_place_path(struct setup *s, const struct seal *seal, const char *text, char **path,
                     struct error *e)
{
    const struct driver *driver = NULL;
    struct place_choice place;
    *path = NULL;
    int result = place_resolve(&place, s, seal, text, e);
    if (result == 0)
        result = setup_driver(s, place.driver, LAGAN_KIND_SOURCE, &driver, e);
    const struct lagan_parameter *row =
        result == 0 ? driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE) : NULL;
    const char *value = NULL;
    if (row && row->type == LAGAN_PARAMETER_PATH)
        value = place.place ? place.place : catalog_pairs_find(&place.given, row->name);
    if (value) {
        *path = strdup(value);
        result = *path ? 0 : error_no_memory(e, "a path");
    }
    place_clear(&place);
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
