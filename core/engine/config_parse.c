/* SPDX-License-Identifier: Apache-2.0 */
/* config_parse.c - one file through libconfuse, and from its tree into the configuration. */
#include "engine/config_parse.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRIVER_LIMIT = 1000, DRIVER_NAME_LIMIT_BYTES = 32, PATH_LIMIT = 4000 };

struct config_place parse_place(const struct parse *p, unsigned line)
{
    return (struct config_place){p->file, line};
}

/* What libconfuse is told. */

cfg_opt_t parse_free_options[] = {CFG_END()};
static cfg_opt_t options[] = {
    CFG_STR("state", 0, CFGF_NODEFAULT),
    CFG_STR_LIST("drivers", 0, CFGF_NODEFAULT),
    CFG_SEC("region", parse_region_options, PARSE_SECTIONS),
    CFG_SEC("driver", parse_driver_options, PARSE_SECTIONS | CFGF_KEYSTRVAL),
    CFG_SEC("limits", parse_limits_options, CFGF_NONE),
    CFG_SEC("mirror", parse_mirror_options, CFGF_NONE),
    CFG_SEC("prices", parse_prices_options, CFGF_NONE),
    CFG_SEC("runner", parse_runner_options, CFGF_NONE),
    CFG_SEC("metrics", parse_metrics_options, CFGF_NONE),
    CFG_SEC("notify", parse_notify_options, PARSE_SECTIONS),
    CFG_END(),
};

/* libconfuse hands its error function nothing of ours. */
static struct parse *at_work;

/* ", known here are a, b, c", when a section has a fixed set. */
static void append_known(char *text, size_t room, const cfg_t *section)
{
    size_t used = strlen(text);
    const char *between = "; known here: ";

    for (const cfg_opt_t *o = section->opts; o != NULL && o->name != NULL; o++) {
        int more = snprintf(text + used, room - used, "%s%s", between, o->name);
        if (more < 0 || (size_t)more >= room - used)
            return;
        used += (size_t)more;
        between = ", ";
    }
}

__attribute__((format(printf, 2, 0))) static void take_error(cfg_t *section, const char *format,
                                                             va_list arguments)
{
    char text[400];

    bool unknown = strstr(format, "no such option") != NULL;

    if (at_work == NULL || at_work->e->error_class != LAGAN_OK)
        return;
    /* libconfuse says so of each key in a section of free keys too, and then takes it. */
    if (unknown && (section->flags & CFGF_KEYSTRVAL) != 0)
        return;
    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    if (unknown)
        append_known(text, sizeof(text), section);
    scan_error(at_work->e, at_work->file, (unsigned)section->line, "%s", text);
}

static int parse_text(struct parse *p, cfg_t *tree, char *text, size_t size)
{
    FILE *stream;
    int status = CFG_SUCCESS;

    if (size == 0)
        return 0;
    stream = fmemopen(text, size, "r");
    if (stream == NULL)
        return error_no_memory(p->e, p->file);
    cfg_set_error_function(tree, take_error);
    at_work = p;
    status = cfg_parse_fp(tree, stream);
    at_work = NULL;
    fclose(stream);
    if (status == CFG_SUCCESS)
        return 0;
    if (p->e->error_class == LAGAN_OK)
        scan_error(p->e, p->file, (unsigned)tree->line, "it cannot be understood");
    return -1;
}

/* Values */

int parse_bad_value(const struct parse *p, unsigned line, const char *key, const char *value,
                    const char *why)
{
    return scan_error(p->e, p->file, line, "%s = '%.200s': %s", key, value, why);
}

int parse_set_text(struct parse *p, char **member, const char *value)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return error_no_memory(p->e, p->file);
    free(*member);
    *member = copy;
    return 0;
}

int parse_said_already(const struct parse *p, unsigned line, const char *what,
                       const struct config_place *first)
{
    return scan_error(p->e, p->file, line, "%s is set already, at %s:%u", what, first->file,
                      first->line);
}

static int take_state(struct parse *p, cfg_t *tree)
{
    const char *value = cfg_getstr(tree, "state");
    unsigned line = scan_key_line(&p->scan, SCAN_ROOT, "state");

    if (value == NULL)
        return 0;
    if (p->said->state.file != NULL)
        return parse_said_already(p, line, "state", &p->said->state);
    if (value[0] != '/')
        return parse_bad_value(p, line, "state", value, "it must be an absolute path");
    if (strlen(value) > PATH_LIMIT)
        return parse_bad_value(p, line, "state", value, "it is too long");
    p->said->state = parse_place(p, line);
    if (parse_set_text(p, &p->config->state, value) != 0)
        return -1;
    for (size_t size = strlen(value); size > 1 && value[size - 1] == '/'; size--)
        p->config->state[size - 1] = '\0';
    return 0;
}

static bool is_driver_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return name[0] >= 'a' && name[0] <= 'z' && name[size] == '\0' &&
           size <= DRIVER_NAME_LIMIT_BYTES;
}

int parse_check_driver_name(const struct parse *p, unsigned line, const char *name)
{
    if (is_driver_name(name))
        return 0;
    return scan_error(
        p->e, p->file, line,
        "'%.80s' is no driver: names have up to %d lower-case letters, digits and "
        "'_'",
        name, DRIVER_NAME_LIMIT_BYTES);
}

int parse_add_text(struct parse *p, char ***list, size_t *count, const char *value)
{
    char **grown = realloc(*list, (*count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(p->e, p->file);
    *list = grown;
    grown[*count] = strdup(value);
    if (grown[*count] == NULL)
        return error_no_memory(p->e, p->file);
    ++*count;
    return 0;
}

bool parse_is_listed(char *const *list, size_t first, size_t end, const char *value)
{
    for (size_t i = first; i < end; i++)
        if (strcmp(list[i], value) == 0)
            return true;
    return false;
}

bool parse_is_word(const char *value)
{
    size_t size = strlen(value);
    return size > 0 && size <= CONFIG_WORD_LIMIT && text_is_clean_utf8(value, size);
}

/* Several files may name the same driver; one list may not. */
static int take_drivers(struct parse *p, cfg_t *tree)
{
    struct config *c = p->config;
    unsigned line = scan_key_line(&p->scan, SCAN_ROOT, "drivers");
    size_t before = c->driver_count;

    for (unsigned i = 0; i < cfg_size(tree, "drivers"); i++) {
        const char *name = cfg_getnstr(tree, "drivers", i);
        if (parse_check_driver_name(p, line, name) != 0)
            return -1;
        if (parse_is_listed(c->drivers, before, c->driver_count, name))
            return parse_bad_value(p, line, "drivers", name, "it stands there twice");
        if (parse_is_listed(c->drivers, 0, before, name))
            continue;
        if (c->driver_count >= DRIVER_LIMIT)
            return parse_bad_value(p, line, "drivers", name, "there are too many");
        if (parse_add_text(p, &c->drivers, &c->driver_count, name) != 0)
            return -1;
    }
    return 0;
}

int parse_add_parameter(struct parse *p, struct config_parameter **list, size_t *count,
                        const char *name, const char *value, unsigned line)
{
    struct config_parameter *grown = realloc(*list, (*count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(p->e, p->file);
    *list = grown;
    struct config_parameter *parameter = &grown[(*count)++];
    *parameter = (struct config_parameter){.place = parse_place(p, line)};
    if (parse_set_text(p, &parameter->name, name) != 0)
        return -1;
    return parse_set_text(p, &parameter->value, value);
}

static int add_parameter(struct parse *p, struct config_driver *d, const cfg_opt_t *option,
                         int section)
{
    const char *value = option->nvalues > 0 ? option->values[0]->string : NULL;

    return parse_add_parameter(p, &d->parameters, &d->parameter_count, option->name,
                               value != NULL ? value : "",
                               scan_key_line(&p->scan, section, option->name));
}

/* The one key of these sections that is no parameter of the driver. */
static bool is_isolate(const cfg_opt_t *option)
{
    return option->type != CFGT_SEC && strcmp(option->name, "isolate") == 0;
}

static int take_isolate(struct parse *p, struct config_driver *d, const cfg_opt_t *option,
                        int section)
{
    const char *value = option->nvalues > 0 ? option->values[0]->string : NULL;

    if (value != NULL && strcmp(value, "yes") == 0)
        d->isolate = CONFIG_YES;
    else if (value != NULL && strcmp(value, "no") == 0)
        d->isolate = CONFIG_NO;
    else
        return parse_bad_value(p, scan_key_line(&p->scan, section, option->name), "isolate",
                               value != NULL ? value : "", "yes or no");
    return 0;
}

int parse_driver(struct parse *p, struct config_driver *d, cfg_t *tree, int section)
{
    unsigned line = scan_section_line(&p->scan, section);
    const char *name = cfg_title(tree);

    d->place = parse_place(p, line);
    if (parse_check_driver_name(p, line, name) != 0 || parse_set_text(p, &d->name, name) != 0)
        return -1;
    for (const cfg_opt_t *o = tree->opts; o != NULL && o->name != NULL; o++)
        if (o->type != CFGT_SEC && (is_isolate(o) ? take_isolate(p, d, o, section)
                                                  : add_parameter(p, d, o, section)) != 0)
            return -1;
    return parse_layers(p, d, tree, section);
}

static int take_defaults(struct parse *p, cfg_t *tree)
{
    struct config *c = p->config;
    const char *name = cfg_title(tree);
    int section = scan_section_find(&p->scan, SCAN_ROOT, "driver", name);
    const struct config_driver *same = config_defaults_find(c, name);

    if (same != NULL)
        return scan_error(p->e, p->file, scan_section_line(&p->scan, section),
                          "there is a section 'driver %s' already, at %s:%u", name,
                          same->place.file, same->place.line);
    struct config_driver *grown = realloc(c->defaults, (c->default_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(p->e, p->file);
    c->defaults = grown;
    grown[c->default_count] = (struct config_driver){0};
    return parse_driver(p, &grown[c->default_count++], tree, section);
}

static int take_tree(struct parse *p, cfg_t *tree)
{
    if (take_state(p, tree) != 0 || take_drivers(p, tree) != 0)
        return -1;
    for (unsigned i = 0; i < cfg_size(tree, "region"); i++)
        if (parse_region(p, cfg_getnsec(tree, "region", i)) != 0)
            return -1;
    for (unsigned i = 0; i < cfg_size(tree, "driver"); i++)
        if (take_defaults(p, cfg_getnsec(tree, "driver", i)) != 0)
            return -1;
    for (unsigned i = 0; i < cfg_size(tree, "notify"); i++)
        if (parse_notify(p, cfg_getnsec(tree, "notify", i)) != 0)
            return -1;
    return parse_settings(p, tree);
}

/* The one and only pass over the file's bytes ends when both readers agree on it. */
static int read_text(struct parse *p, struct buffer *text)
{
    cfg_t *tree;
    int result = -1;

    if (scan_text(&p->scan, (char *)text->data, text->size, p->file, p->e) != 0)
        return -1;
    tree = cfg_init(options, CFGF_NONE);
    if (tree == NULL)
        return error_no_memory(p->e, p->file);
    if (parse_text(p, tree, (char *)text->data, text->size) == 0)
        result = take_tree(p, tree);
    cfg_free(tree);
    return result;
}

int config_parse_file(struct config *c, struct config_said *said, const char *path,
                      struct error *e)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_INIT;
    struct error why = ERROR_INIT;
    struct parse p = {.config = c, .said = said, .e = &why};

    if (config_file_read(path, &text, e) != 0)
        return -1;
    if (parse_add_text(&p, &c->files, &c->file_count, path) != 0) {
        *e = why;
        return -1;
    }
    p.file = c->files[c->file_count - 1];
    int result = read_text(&p, &text);
    scan_clear(&p.scan);
    if (result != 0)
        *e = why;
    return result;
}
