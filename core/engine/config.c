/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - the configuration as a whole: loading, looking up, writing a first one. */
#include "engine/config.h"
#include "base/file.h"
#include "engine/config_file.h"
#include "engine/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Loading */

static char *absolute_path(const char *path, struct error *e)
{
    char *folder CLEANUP_TEXT = NULL;
    char *result = NULL;

    if (path[0] == '/') {
        result = strdup(path);
    } else {
        folder = getcwd(NULL, 0);
        if (folder == NULL) {
            error_errno(e, errno, "the current folder");
            return NULL;
        }
        if (asprintf(&result, "%s/%s", folder, path) < 0)
            result = NULL;
    }
    if (result == NULL)
        error_no_memory(e, path);
    return result;
}

static int load_beside(struct config *c, struct config_said *said, struct error *e)
{
    struct config_file_list list = {0};
    int result = config_file_beside(c->path, &list, e);

    for (size_t i = 0; i < list.count && result == 0; i++)
        result = config_parse_file(c, said, list.paths[i], e);
    config_file_list_clear(&list);
    return result;
}

static int load_main(struct config *c, struct config_said *said, struct error *e)
{
    if (config_parse_file(c, said, c->path, e) == 0)
        return 0;
    if (e->error_class == LAGAN_NOT_FOUND)
        error_set(e, LAGAN_NOT_FOUND, ERROR_CONFIG,
                  "there is no configuration %s: run `lagan init`, or give --config", c->path);
    return -1;
}

static int load_into(struct config *c, const char *path, struct error *e)
{
    struct config_said said = {0};
    char *given CLEANUP_TEXT = path == NULL ? config_default_path(e) : strdup(path);

    if (given == NULL)
        return path == NULL ? -1 : error_no_memory(e, path);
    c->path = absolute_path(given, e);
    if (c->path == NULL || load_main(c, &said, e) != 0 || load_beside(c, &said, e) != 0)
        return -1;
    if (config_check_destinations(c, e) != 0)
        return -1;
    if (c->state == NULL)
        c->state = config_default_state(e);
    return c->state != NULL ? 0 : -1;
}

struct config *config_load(const char *path, struct error *e)
{
    struct config *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_no_memory(e, "the configuration");
        return NULL;
    }
    if (config_set_defaults(c, e) != 0 || load_into(c, path, e) != 0) {
        config_free(c);
        return NULL;
    }
    return c;
}

/* Looking up */

const struct config_region *config_region_find(const struct config *c, const char *name,
                                               struct error *e)
{
    struct buffer names CLEANUP_BUFFER = BUFFER_INIT;

    for (size_t i = 0; i < c->region_count; i++) {
        if (strcmp(c->regions[i].name, name) == 0)
            return &c->regions[i];
        if (names.size < 300)
            buffer_append_format(&names, "%s%s", i > 0 ? ", " : "", c->regions[i].name);
    }
    buffer_append_u8(&names, 0);
    error_set(e, LAGAN_NOT_FOUND, ERROR_NO_REGION,
              "there is no region '%s' in %s; there are: %s", name, c->path,
              names.failed || c->region_count == 0 ? "none" : (const char *)names.data);
    return NULL;
}

bool config_driver_enabled(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->driver_count; i++)
        if (strcmp(c->drivers[i], name) == 0)
            return true;
    return false;
}

const struct config_driver *config_defaults_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->default_count; i++)
        if (strcmp(c->defaults[i].name, name) == 0)
            return &c->defaults[i];
    return NULL;
}

bool config_isolates(const struct config *c, const char *name,
                     const struct config_driver *section)
{
    const struct config_driver *defaults = c != NULL ? config_defaults_find(c, name) : NULL;

    if (section != NULL && section->isolate != CONFIG_UNSAID)
        return section->isolate == CONFIG_YES;
    return defaults != NULL && defaults->isolate == CONFIG_YES;
}

const struct config_parameter *config_parameter_find(const struct config_driver *d,
                                                     const char *name)
{
    for (size_t i = 0; i < d->parameter_count; i++)
        if (strcmp(d->parameters[i].name, name) == 0)
            return &d->parameters[i];
    return NULL;
}

int config_context(struct error *e, const struct config_place *place)
{
    e->code = ERROR_CONFIG;
    return error_context(e, "%s:%u", place->file, place->line);
}

/* Writing a first one */

static void add_quoted(struct buffer *out, const char *value)
{
    buffer_append_u8(out, '"');
    for (; *value != '\0'; value++) {
        if (strchr("\"\\$", *value) != NULL)
            buffer_append_u8(out, '\\');
        buffer_append_u8(out, (uint8_t)*value);
    }
    buffer_append_u8(out, '"');
}

static void compose(struct buffer *out, const struct config_initial *initial)
{
    buffer_append_format(out,
                         "# Configuration of lagan; see lagan.conf(5).\n"
                         "#\n"
                         "# What is decided once stands here: where things are, and which "
                         "drivers may run.\n"
                         "# Vaults, sources and policies are managed with the lagan command "
                         "and kept in the\n"
                         "# catalog.  Further files can be put into conf.d beside this "
                         "one.\n\n"
                         "# The folder of the catalog, of managed keys and of caches.\n"
                         "state = ");
    add_quoted(out, initial->state);
    buffer_append_format(out, "\n\n# Only drivers named here are loaded.\ndrivers = {");
    for (size_t i = 0; initial->drivers[i] != NULL; i++)
        buffer_append_format(out, "%s%s", i > 0 ? ", " : " ", initial->drivers[i]);
    buffer_append_format(
        out,
        " }\n\n# A region is a place for vaults.  `lagan driver show %s` tells "
        "what can be set.\nregion %s {\n    target %s {\n",
        initial->target_driver, initial->region, initial->target_driver);
    for (size_t i = 0; initial->parameters[i] != NULL; i += 2) {
        buffer_append_format(out, "        %s = ", initial->parameters[i]);
        add_quoted(out, initial->parameters[i + 1]);
        buffer_append_u8(out, '\n');
    }
    buffer_append_format(out, "    }\n}\n\n"
                              "# limits {\n"
                              "#     threads = 2      # default: as many as processors\n"
                              "#     memory  = 512M\n"
                              "# }\n");
}

static int make_folder(const char *path, struct error *e)
{
    char *folder CLEANUP_TEXT = strdup(path);
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

    if (folder == NULL)
        return error_no_memory(e, path);
    if (slash == NULL || slash == folder)
        return 0;
    *slash = '\0';
    return file_make_directories(folder, 0700, e);
}

/* What was written must be what can be read; only then it gets its name. */
static int check_readable(const char *path, struct error *e)
{
    struct config_said said = {0};
    struct config *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return error_no_memory(e, path);
    int result = config_parse_file(c, &said, path, e);
    config_free(c);
    return result;
}

/* Whether the file holds exactly `text`. */
static bool says_the_same(const char *path, const struct buffer *text)
{
    struct buffer found CLEANUP_BUFFER = BUFFER_INIT;
    struct error ignored = ERROR_INIT;

    return config_file_read(path, &found, &ignored) == 0 && found.size == text->size &&
           memcmp(found.data, text->data, text->size) == 0;
}

int config_write_initial(const char *path, const struct config_initial *initial,
                         struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    char *absolute CLEANUP_TEXT = absolute_path(path, e);

    if (absolute == NULL)
        return -1;
    compose(&text, initial);
    if (buffer_check(&text, e) != 0)
        return -1;
    if (access(absolute, F_OK) == 0)
        return says_the_same(absolute, &text)
                   ? 1
                   : error_errno(e, EEXIST, "the configuration %s", absolute);
    if (make_folder(absolute, e) != 0)
        return -1;
    return file_write_new(absolute, text.data, text.size, 0600, check_readable, e);
}
