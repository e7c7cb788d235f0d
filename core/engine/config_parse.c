/* SPDX-License-Identifier: Apache-2.0 */
/* config_parse.c - one file through libconfuse, and from its tree into the configuration. */
#include "base/file.h"
#include "base/text.h"
#include "catalog/name.h"
#include "engine/config_file.h"
#include "engine/config_private.h"
#include "engine/config_scan.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    REGION_LIMIT = 1000,
    DRIVER_LIMIT = 1000,
    DRIVER_NAME_LIMIT_BYTES = 32,
    THREADS_LIMIT = 1024,
    PATH_LIMIT = 4000
};
static const uint64_t MEMORY_MINIMUM = UINT64_C(64) << 20;

/* One file at work. */
struct parse {
    struct config *config;
    struct config_said *said;
    const char *file; /* belongs to the configuration */
    struct scan scan;
    struct error *e;
};

static struct config_place place_of(const struct parse *p, unsigned line)
{
    return (struct config_place){p->file, line};
}

/* What libconfuse is told. */

#define SECTIONS (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

static cfg_opt_t free_options[] = {CFG_END()};
static cfg_opt_t region_options[] = {
    CFG_STR_LIST("projects", 0, CFGF_NODEFAULT),
    CFG_SEC("target", free_options, SECTIONS | CFGF_KEYSTRVAL),
    CFG_END(),
};
static cfg_opt_t limits_options[] = {
    CFG_STR("threads", 0, CFGF_NODEFAULT),
    CFG_STR("memory", 0, CFGF_NODEFAULT),
    CFG_END(),
};
static cfg_opt_t runner_options[] = {CFG_END()};
static cfg_opt_t options[] = {
    CFG_STR("state", 0, CFGF_NODEFAULT),
    CFG_STR_LIST("drivers", 0, CFGF_NODEFAULT),
    CFG_SEC("region", region_options, SECTIONS),
    CFG_SEC("driver", free_options, SECTIONS | CFGF_KEYSTRVAL),
    CFG_SEC("limits", limits_options, CFGF_NONE),
    CFG_SEC("runner", runner_options, CFGF_NONE),
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

static int bad_value(const struct parse *p, unsigned line, const char *key, const char *value,
                     const char *why)
{
    return scan_error(p->e, p->file, line, "%s = '%.200s': %s", key, value, why);
}

static int set_text(struct parse *p, char **member, const char *value)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return error_no_memory(p->e, p->file);
    free(*member);
    *member = copy;
    return 0;
}

static int said_already(const struct parse *p, unsigned line, const char *what,
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
        return said_already(p, line, "state", &p->said->state);
    if (value[0] != '/')
        return bad_value(p, line, "state", value, "it must be an absolute path");
    if (strlen(value) > PATH_LIMIT)
        return bad_value(p, line, "state", value, "it is too long");
    p->said->state = place_of(p, line);
    if (set_text(p, &p->config->state, value) != 0)
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

static int check_driver_name(const struct parse *p, unsigned line, const char *name)
{
    if (is_driver_name(name))
        return 0;
    return scan_error(
        p->e, p->file, line,
        "'%.80s' is no driver: names have up to %d lower-case letters, digits and "
        "'_'",
        name, DRIVER_NAME_LIMIT_BYTES);
}

static int add_text(struct parse *p, char ***list, size_t *count, const char *value)
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

/* Whether `value` is among those from `first` up to `end`. */
static bool is_listed(char *const *list, size_t first, size_t end, const char *value)
{
    for (size_t i = first; i < end; i++)
        if (strcmp(list[i], value) == 0)
            return true;
    return false;
}

/* Several files may name the same driver; one list may not. */
static int take_drivers(struct parse *p, cfg_t *tree)
{
    struct config *c = p->config;
    unsigned line = scan_key_line(&p->scan, SCAN_ROOT, "drivers");
    size_t before = c->driver_count;

    for (unsigned i = 0; i < cfg_size(tree, "drivers"); i++) {
        const char *name = cfg_getnstr(tree, "drivers", i);
        if (check_driver_name(p, line, name) != 0)
            return -1;
        if (is_listed(c->drivers, before, c->driver_count, name))
            return bad_value(p, line, "drivers", name, "it stands there twice");
        if (is_listed(c->drivers, 0, before, name))
            continue;
        if (c->driver_count >= DRIVER_LIMIT)
            return bad_value(p, line, "drivers", name, "there are too many");
        if (add_text(p, &c->drivers, &c->driver_count, name) != 0)
            return -1;
    }
    return 0;
}

static int add_parameter(struct parse *p, struct config_driver *d, const cfg_opt_t *option,
                         int section)
{
    struct config_parameter *grown =
        realloc(d->parameters, (d->parameter_count + 1) * sizeof(*grown));
    unsigned line = scan_key_line(&p->scan, section, option->name);
    const char *value = option->nvalues > 0 ? option->values[0]->string : NULL;

    if (grown == NULL)
        return error_no_memory(p->e, p->file);
    d->parameters = grown;
    struct config_parameter *parameter = &grown[d->parameter_count++];
    *parameter = (struct config_parameter){.place = place_of(p, line)};
    if (set_text(p, &parameter->name, option->name) != 0 ||
        set_text(p, &parameter->value, value != NULL ? value : "") != 0)
        return -1;
    return 0;
}

static int fill_driver(struct parse *p, struct config_driver *d, cfg_t *tree, int section)
{
    unsigned line = scan_section_line(&p->scan, section);
    const char *name = cfg_title(tree);

    d->place = place_of(p, line);
    if (check_driver_name(p, line, name) != 0 || set_text(p, &d->name, name) != 0)
        return -1;
    for (const cfg_opt_t *o = tree->opts; o != NULL && o->name != NULL; o++)
        if (add_parameter(p, d, o, section) != 0)
            return -1;
    return 0;
}

static int fill_projects(struct parse *p, struct config_region *r, cfg_t *tree, int section)
{
    unsigned line = scan_key_line(&p->scan, section, "projects");
    unsigned count = cfg_size(tree, "projects");

    for (unsigned i = 0; i < count; i++) {
        const char *name = cfg_getnstr(tree, "projects", i);
        if (name_check(NAME_PROJECT, name, p->e) != 0)
            return config_context(p->e, &(struct config_place){p->file, line});
        if (is_listed(r->projects, 0, r->project_count, name))
            return bad_value(p, line, "projects", name, "it stands there twice");
        if (add_text(p, &r->projects, &r->project_count, name) != 0)
            return -1;
    }
    return count > 0 ? 0 : add_text(p, &r->projects, &r->project_count, "default");
}

static int fill_target(struct parse *p, struct config_region *r, cfg_t *tree, int section)
{
    unsigned line = scan_section_line(&p->scan, section);
    unsigned count = cfg_size(tree, "target");

    if (count == 0)
        return scan_error(p->e, p->file, line,
                          "the region '%s' has no target: add `target tgt_dir { path = ... }`",
                          r->name);
    if (count > 1)
        return scan_error(p->e, p->file, line,
                          "the region '%s' has %u targets: a region has one", r->name, count);
    cfg_t *target = cfg_getnsec(tree, "target", 0);
    return fill_driver(p, &r->target, target,
                       scan_section_find(&p->scan, section, "target", cfg_title(target)));
}

static const struct config_region *same_region(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->region_count; i++)
        if (strcasecmp(c->regions[i].name, name) == 0)
            return &c->regions[i];
    return NULL;
}

static int take_region(struct parse *p, cfg_t *tree)
{
    struct config *c = p->config;
    const char *name = cfg_title(tree);
    int section = scan_section_find(&p->scan, SCAN_ROOT, "region", name);
    struct config_place place = place_of(p, scan_section_line(&p->scan, section));
    const struct config_region *same = same_region(c, name);

    if (name_check(NAME_REGION, name, p->e) != 0)
        return config_context(p->e, &place);
    if (same != NULL)
        return scan_error(p->e, p->file, place.line, "there is a region '%s' already, at %s:%u",
                          same->name, same->place.file, same->place.line);
    if (c->region_count >= REGION_LIMIT)
        return scan_error(p->e, p->file, place.line, "there are too many regions");
    struct config_region *grown = realloc(c->regions, (c->region_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(p->e, p->file);
    c->regions = grown;
    struct config_region *r = &grown[c->region_count++];
    *r = (struct config_region){.place = place};
    if (set_text(p, &r->name, name) != 0 || fill_projects(p, r, tree, section) != 0)
        return -1;
    return fill_target(p, r, tree, section);
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
    return fill_driver(p, &grown[c->default_count++], tree, section);
}

static int take_limits(struct parse *p, cfg_t *tree)
{
    int section = scan_section_find(&p->scan, SCAN_ROOT, "limits", "");
    const char *threads = tree != NULL ? cfg_getstr(tree, "threads") : NULL;
    const char *memory = tree != NULL ? cfg_getstr(tree, "memory") : NULL;
    unsigned threads_line = scan_key_line(&p->scan, section, "threads");
    unsigned memory_line = scan_key_line(&p->scan, section, "memory");
    uint64_t value;

    if (threads != NULL) {
        if (p->said->limits_threads.file != NULL)
            return said_already(p, threads_line, "threads", &p->said->limits_threads);
        if (text_parse_u64(threads, &value) != 0 || value < 1 || value > THREADS_LIMIT)
            return bad_value(p, threads_line, "threads", threads, "a number from 1 to 1024");
        p->config->threads = (unsigned)value;
        p->said->limits_threads = place_of(p, threads_line);
    }
    if (memory != NULL) {
        if (p->said->limits_memory.file != NULL)
            return said_already(p, memory_line, "memory", &p->said->limits_memory);
        if (text_parse_size(memory, &value) != 0 || value < MEMORY_MINIMUM)
            return bad_value(p, memory_line, "memory", memory,
                             "a size of at least 64M, such as 512M or 2G");
        p->config->memory_bytes = value;
        p->said->limits_memory = place_of(p, memory_line);
    }
    return 0;
}

static int take_tree(struct parse *p, cfg_t *tree)
{
    if (take_state(p, tree) != 0 || take_drivers(p, tree) != 0)
        return -1;
    for (unsigned i = 0; i < cfg_size(tree, "region"); i++)
        if (take_region(p, cfg_getnsec(tree, "region", i)) != 0)
            return -1;
    for (unsigned i = 0; i < cfg_size(tree, "driver"); i++)
        if (take_defaults(p, cfg_getnsec(tree, "driver", i)) != 0)
            return -1;
    return take_limits(p, cfg_getsec(tree, "limits"));
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
    if (add_text(&p, &c->files, &c->file_count, path) != 0) {
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
