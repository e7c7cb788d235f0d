/* SPDX-License-Identifier: Apache-2.0 */
/* command_source.c - what is registered to be protected. */
#include "cli/session.h"

#include "engine/parameters.h"
#include "engine/rules.h"

#include <stdio.h>
#include <string.h>

static void record_source(struct output *o, const struct catalog_source *row)
{
    record_begin(o, "source");
    record_text(o, "name", row->name);
    record_id(o, "id", row->id);
    record_text(o, "driver", row->driver);
    record_pairs(o, "parameters", &row->parameters);
    record_pairs(o, "rules", &row->rules);
    record_time(o, "created", row->created_ns);
    record_end(o);
}

static int list_source(void *context, const struct catalog_source *row, struct error *e)
{
    struct session *s = context;
    (void)e;
    record_source(&s->output, row);
    return 0;
}

int command_source_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {{"name", "NAME", false},
                                            {"driver", "DRIVER", false},
                                            {"parameters", "PARAMETERS", false},
                                            {"rules", "RULES", false}};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_source_list(session_catalog(s), list_source, s, e);
    output_table_end(&s->output, "no sources; `lagan source add` makes one, `lagan catalog "
                                 "rebuild` finds those of backups");
    return result;
}

int command_source_show(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    struct catalog_source *row =
        catalog_source_find(session_catalog(s), session_operand(s, 0), e);
    if (!row)
        return -1;
    record_source(&s->output, row);
    catalog_source_free(row);
    return 0;
}

/* Rules that could not be used later are refused now. */
static int check_rules(const struct catalog_pairs *pairs, struct error *e)
{
    struct select_rules *rules = select_rules_new(SELECT_DEFAULT_TAKE, e);
    if (!rules)
        return -1;
    int result = rules_add_pairs(rules, pairs, "--", e);
    select_rules_free(rules);
    return result;
}

static int fill_source(struct session *s, struct catalog_source *row, struct error *e)
{
    const char *name = session_operand(s, 0);
    const char *driver = session_operand(s, 1);
    const struct driver *loaded = NULL;
    if (name_check(NAME_SOURCE, name, e) != 0 ||
        setup_driver(s->setup, driver, LAGAN_KIND_SOURCE, &loaded, e) != 0)
        return -1;
    snprintf(row->name, sizeof(row->name), "%s", name);
    snprintf(row->driver, sizeof(row->driver), "%s", driver);
    for (size_t i = 2; i < s->arguments.operand_count; i++) {
        if (parameters_add_word(loaded, session_operand(s, i), &row->parameters, e) != 0)
            return -1;
    }
    if (arguments_rules(&s->arguments, &row->rules, e) != 0 || check_rules(&row->rules, e) != 0)
        return -1;
    /* An instance knows best whether something is missing. */
    struct setup_values values = {.first = &row->parameters};
    struct instance *instance = setup_instance(s->setup, loaded, &values, e);
    instance_free(instance);
    return instance ? 0 : -1;
}

int command_source_add(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    struct catalog_source *row = catalog_source_new(e);
    if (!row)
        return -1;
    int result = fill_source(s, row, e);
    if (result == 0)
        result = catalog_source_insert(session_catalog(s), row, e);
    if (result == 0 && s->output.use_json)
        record_source(&s->output, row);
    if (result == 0)
        output_note(&s->output, "source %s added; next: lagan backup create %s", row->name,
                    row->name);
    catalog_source_free(row);
    return result;
}

int command_source_remove(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    struct catalog_source *row =
        catalog_source_find(session_catalog(s), session_operand(s, 0), e);
    if (!row)
        return -1;
    int result = catalog_source_delete(session_catalog(s), row->id, e);
    if (result == 0)
        output_note(&s->output, "source %s is forgotten; its backups stay", row->name);
    catalog_source_free(row);
    return result;
}

/* Findings of a check. */
struct findings {
    struct session *session;
    uint64_t errors;
};

static void add_finding(void *context, uint32_t severity, const char *text, const char *remedy)
{
    static const char *const words[] = {"ok", "warning", "error"};
    struct findings *findings = context;
    struct output *o = &findings->session->output;
    const char *word = severity < 3 ? words[severity] : "error";
    findings->errors += severity >= LAGAN_FINDING_ERROR;
    if (o->use_json) {
        record_begin(o, "finding");
        record_text(o, "severity", word);
        record_text(o, "text", text);
        record_text(o, "remedy", remedy);
        record_end(o);
        return;
    }
    output_line(o, "%-8s %s%s%s", word, text, remedy && remedy[0] ? "; " : "",
                remedy ? remedy : "");
}

static int check_source(struct session *s, struct open_source *source, struct error *e)
{
    struct findings findings = {.session = s};
    struct lagan_finding_collector collector = {&findings, add_finding};
    uint64_t bytes = 0, entries = 0;
    if (source_check(source->source, &collector, e) != 0 && e->error_class != LAGAN_UNSUPPORTED)
        return -1;
    if (source_estimate(source->source, &bytes, &entries, e) != 0 &&
        e->error_class != LAGAN_UNSUPPORTED)
        return -1;
    record_begin(&s->output, "source_check");
    record_text(&s->output, "source", source->row->name);
    record_text(&s->output, "driver", source->row->driver);
    if (entries > 0)
        record_number(&s->output, "entries", entries);
    if (bytes > 0)
        record_size(&s->output, "bytes", bytes);
    record_number(&s->output, "errors", findings.errors);
    record_end(&s->output);
    s->status = findings.errors > 0 ? STATUS_FAILED : STATUS_DONE;
    return 0;
}

int command_source_check(struct session *s, struct error *e)
{
    struct open_source source = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    struct catalog_source *row =
        catalog_source_find(session_catalog(s), session_operand(s, 0), e);
    if (!row)
        return -1;
    int result = setup_source_open(s->setup, row->name, NULL, &source, e);
    catalog_source_free(row);
    if (result == 0)
        result = check_source(s, &source, e);
    open_source_close(&source);
    return result;
}
