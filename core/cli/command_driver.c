/* SPDX-License-Identifier: Apache-2.0 */
/* command_driver.c - what drivers there are, and what they say of themselves. */
#include "cli/session.h"

#include "base/file.h"
#include "driver/describe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "yes", "no", or "" when there is no configuration that could tell. */
static const char *enabled(const struct session *s, const char *name)
{
    const struct config *config = setup_config(s->setup);
    if (!config)
        return "";
    return config_driver_enabled(config, name) ? "yes" : "no";
}

static void list_row(struct session *s, const char *name, const struct driver_description *d,
                     const struct error *refused, const char *state)
{
    struct output *o = &s->output;
    record_begin(o, "driver");
    record_text(o, "name", name);
    record_text(o, "kind", d ? driver_kind_name(d->kind) : "");
    record_text(o, "version", d ? d->version : "");
    record_text(o, "enabled", enabled(s, name));
    record_text(o, "summary", d ? d->summary : refused->text);
    record_text(o, "state", state);
    record_end(o);
}

static int list_driver(void *context, const char *name, const struct driver_description *d,
                       const struct error *refused)
{
    list_row(context, name, d, refused, d ? "usable" : "refused");
    return 0;
}

/* What the configuration enables and the folder lacks. */
static int list_missing(struct session *s, struct error *e)
{
    const struct config *config = setup_config(s->setup);
    const char *folder = driver_host_directory(setup_drivers(s->setup));
    for (size_t i = 0; config && i < config->driver_count; i++) {
        struct error missing = ERROR_INIT;
        char *path CLEANUP_TEXT = NULL;
        if (asprintf(&path, "%s/%s.so", folder, config->drivers[i]) < 0) {
            path = NULL;
            return error_no_memory(e, "a path");
        }
        if (access(path, F_OK) == 0)
            continue;
        error_errno(&missing, errno, "%s", path);
        list_row(s, config->drivers[i], NULL, &missing, "missing");
    }
    return 0;
}

int command_driver_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false},       {"kind", "KIND", false},
        {"version", "VERSION", false}, {"enabled", "ENABLED", false},
        {"state", "STATE", false},     {"summary", "SUMMARY", false}};
    if (session_setup(s, NEED_DRIVERS, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = driver_list_available(setup_drivers(s->setup), list_driver, s, e);
    if (result == 0)
        result = list_missing(s, e);
    output_table_end(&s->output, "no drivers");
    return result;
}

static void show_driver(struct session *s, const struct driver_description *d)
{
    struct output *o = &s->output;
    char abi[32];
    snprintf(abi, sizeof(abi), "%u.%u", d->abi_major, d->abi_minor);
    record_begin(o, "driver");
    record_text(o, "name", d->name);
    record_text(o, "kind", driver_kind_name(d->kind));
    record_text(o, "summary", d->summary);
    record_text(o, "version", d->version);
    record_text(o, "licence", d->licence);
    record_text(o, "home", d->home);
    record_text(o, "abi", abi);
    record_text(o, "file", d->path);
    record_text(o, "enabled", enabled(s, d->name));
    record_text(o, "threads", driver_threads_name(d->threads));
    if (d->max_parallel > 0)
        record_number(o, "max_parallel", d->max_parallel);
    record_end(o);
}

static void show_parameter(struct output *o, const struct lagan_parameter *p)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } marks[] = {{LAGAN_PARAMETER_REQUIRED, "required"},
                 {LAGAN_PARAMETER_REPEATABLE, "repeatable"},
                 {LAGAN_PARAMETER_BARE, "bare"},
                 {LAGAN_PARAMETER_PLACE, "place"},
                 {LAGAN_PARAMETER_ADVANCED, "advanced"}};
    char text[96] = "";
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t used = strlen(text);
        if (p->flags & marks[i].flag)
            snprintf(text + used, sizeof(text) - used, "%s%s", used ? "," : "", marks[i].name);
    }
    record_begin(o, "parameter");
    record_text(o, "name", p->name);
    record_text(o, "form", p->choices ? p->choices : driver_parameter_type_name(p->type));
    record_text(o, "default", p->default_value);
    record_text(o, "marks", text);
    record_text(o, "help", p->help);
    record_end(o);
}

static void show_parameters(struct output *o, const struct driver_description *d)
{
    static const struct column columns[] = {{"name", "PARAMETER", false},
                                            {"form", "FORM", false},
                                            {"default", "DEFAULT", false},
                                            {"marks", "MARKS", false},
                                            {"help", "MEANING", false}};
    output_line(o, "%s", "");
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < d->parameter_count; i++)
        show_parameter(o, &d->parameters[i]);
    output_table_end(o, "no parameters");
}

static void show_slots(struct output *o, const struct driver_description *d)
{
    static const struct column columns[] = {{"name", "CAPABILITY", false},
                                            {"present", "THERE", false},
                                            {"mandatory", "MUST BE", false}};
    output_line(o, "%s", "");
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < d->slot_count; i++) {
        record_begin(o, "capability");
        record_text(o, "name", d->slots[i].name);
        record_flag(o, "present", d->slots[i].present);
        record_flag(o, "mandatory", d->slots[i].mandatory);
        record_end(o);
    }
    output_table_end(o, NULL);
}

int command_driver_show(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_DRIVERS, e) != 0)
        return -1;
    struct driver_description *d =
        driver_describe_in_child(setup_drivers(s->setup), session_operand(s, 0), e);
    if (!d)
        return -1;
    show_driver(s, d);
    show_parameters(&s->output, d);
    show_slots(&s->output, d);
    driver_description_free(d);
    return 0;
}
