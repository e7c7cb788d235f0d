/* SPDX-License-Identifier: Apache-2.0 */
/* command_source.c - what is registered to be protected, and which vault it is bound to. */
#include "cli/policy_record.h"
#include "cli/vault_options.h"

#include "crypto/secret.h"
#include "engine/binding.h"
#include "engine/parameters.h"
#include "engine/rules.h"
#include "engine/source_settings.h"

#include <stdio.h>
#include <string.h>

static const uint8_t no_vault[CATALOG_ID_SIZE];

static int record_settings(struct session *s, const struct catalog_source *row, struct error *e)
{
    struct catalog_pairs settings = {NULL, 0};
    if (catalog_source_settings_get(session_catalog(s), row->id, &settings, e) != 0)
        return -1;
    record_pairs(&s->output, "settings", &settings);
    catalog_pairs_clear(&settings);
    return 0;
}

static int record_source(struct session *s, const struct catalog_source *row, struct error *e)
{
    struct output *o = &s->output;
    struct catalog_vault *vault = NULL;
    if (memcmp(row->vault, no_vault, sizeof(no_vault)) != 0) {
        vault = catalog_vault_get(session_catalog(s), row->vault, e);
        if (!vault)
            return -1;
    }
    record_begin(o, "source");
    record_text(o, "name", row->name);
    record_id(o, "id", row->id);
    record_text(o, "driver", row->driver);
    record_text(o, "vault", vault ? vault->name : "");
    record_text(o, "region", vault ? vault->region : "");
    record_pairs(o, "parameters", &row->parameters);
    record_pairs(o, "rules", &row->rules);
    int result = record_settings(s, row, e);
    record_time(o, "created", row->created_ns);
    record_end(o);
    catalog_vault_free(vault);
    return result;
}

static int list_source(void *context, const struct catalog_source *row, struct error *e)
{
    return record_source(context, row, e);
}

int command_source_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {{"name", "NAME", false},
                                            {"driver", "DRIVER", false},
                                            {"vault", "VAULT", false},
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

/* The source of the first operand; the setup is opened. */
static struct catalog_source *source_operand(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return NULL;
    return catalog_source_find(session_catalog(s), session_operand(s, 0), e);
}

int command_source_show(struct session *s, struct error *e)
{
    struct catalog_source *row = source_operand(s, e);
    int result = row ? record_source(s, row, e) : -1;
    catalog_source_free(row);
    return result;
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

static void say_added(struct session *s, const struct catalog_source *row,
                      const struct catalog_vault *vault)
{
    if (vault)
        output_note(&s->output,
                    "source %s added, bound to the vault %s; next: lagan backup "
                    "create %s",
                    row->name, vault->name, row->name);
    else
        output_note(&s->output, "source %s added; next: lagan backup create %s", row->name,
                    row->name);
}

/* What says how a vault is made says nothing without one. */
static int check_plain(const struct session *s, struct error *e)
{
    const struct arguments *a = &s->arguments;
    for (size_t i = 0; i < a->option_count; i++) {
        enum option option = a->options[i].option;
        if ((option_rows[option].marks & OPTION_GLOBAL) || option == OPTION_VAULT ||
            option == OPTION_REGION || option == OPTION_EXCLUDE || option == OPTION_INCLUDE)
            continue;
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--%s says how a vault is made, and no vault is made without "
                         "--new-vault",
                         option_rows[option].name);
    }
    return 0;
}

/* Bound to a vault that is there (--vault), or to none. */
static int add_source(struct session *s, struct catalog_source *row, struct error *e)
{
    const char *name = session_value(s, OPTION_VAULT);
    const char *region = session_value(s, OPTION_REGION);
    struct catalog_vault *vault = NULL;
    if (check_plain(s, e) != 0)
        return -1;
    if (region && !name)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--region says where --vault or --new-vault is, and neither is given");
    if (name) {
        vault = catalog_vault_find(session_catalog(s), region, name, e);
        if (!vault)
            return -1;
    }
    int result = binding_add_source(s->setup, row, vault, e);
    if (result == 0 && s->output.use_json)
        result = record_source(s, row, e);
    if (result == 0)
        say_added(s, row, vault);
    catalog_vault_free(vault);
    return result;
}

/* A source that comes with its vault: both or neither. */
struct pair {
    struct session *session;
    struct catalog_source *source;
};

static int add_with_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct pair *pair = context;
    return binding_add_source(pair->session->setup, pair->source, vault, e);
}

/* What the catalog would refuse is known before a vault is made. */
static int check_name_free(struct session *s, const struct catalog_source *row, struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_source *known = catalog_source_find(session_catalog(s), row->name, &why);
    bool taken = known && strcmp(known->name, row->name) == 0;
    catalog_source_free(known);
    if (!taken)
        return 0;
    return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN, "there is a source called %s already",
                     row->name);
}

static int add_both(struct session *s, struct catalog_source *row, struct error *e)
{
    struct vault_words words = {0};
    struct pair pair = {s, row};
    struct create_request request = {
        .name = session_value(s, OPTION_VAULT), .also = add_with_vault, .also_context = &pair};
    struct catalog_vault *vault = NULL;
    int result = check_name_free(s, row, e);
    if (result == 0)
        result = vault_words_read(s, &words, &request, e);
    if (result == 0)
        result = vault_create_with(s, &request, &vault, e);
    if (result == 0 && s->output.use_json)
        result = record_source(s, row, e);
    if (result == 0)
        say_added(s, row, vault);
    catalog_vault_free(vault);
    vault_words_clear(&words);
    secret_wipe(&request, sizeof(request));
    return result;
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
        result =
            session_given(s, OPTION_NEW_VAULT) ? add_both(s, row, e) : add_source(s, row, e);
    catalog_source_free(row);
    return result;
}

static int bind_source(struct session *s, struct catalog_source *row, struct error *e)
{
    const char *name = session_value(s, OPTION_VAULT);
    if (!name)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "source bind needs --vault: the vault that its backups go to");
    struct catalog_vault *vault =
        catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), name, e);
    if (!vault)
        return -1;
    int result = binding_set(s->setup, row, vault, e);
    if (result == 0 && s->output.use_json)
        result = record_source(s, row, e);
    if (result == 0)
        output_note(&s->output, "source %s is bound to the vault %s", row->name, vault->name);
    catalog_vault_free(vault);
    return result;
}

int command_source_bind(struct session *s, struct error *e)
{
    struct catalog_source *row = source_operand(s, e);
    int result = row ? bind_source(s, row, e) : -1;
    catalog_source_free(row);
    return result;
}

int command_source_unbind(struct session *s, struct error *e)
{
    struct catalog_source *row = source_operand(s, e);
    int result = row ? binding_clear(s->setup, row, e) : -1;
    if (result == 0 && s->output.use_json)
        result = record_source(s, row, e);
    if (result == 0)
        output_note(&s->output, "source %s is bound to no vault; its backups stay", row->name);
    catalog_source_free(row);
    return result;
}

static int set_source(struct session *s, const struct catalog_source *row, struct error *e)
{
    struct catalog_pairs words = {NULL, 0};
    int result = policy_words(s, 1, &words, e);
    if (result == 0)
        result = source_settings_change(s->setup, row, &words, e);
    if (result == 0 && s->output.use_json)
        result = record_source(s, row, e);
    if (result == 0)
        output_note(&s->output, "source %s is changed", row->name);
    catalog_pairs_clear(&words);
    return result;
}

int command_source_set(struct session *s, struct error *e)
{
    struct catalog_source *row = source_operand(s, e);
    int result = row ? set_source(s, row, e) : -1;
    catalog_source_free(row);
    return result;
}

int command_source_remove(struct session *s, struct error *e)
{
    struct catalog_source *row = source_operand(s, e);
    int result = row ? binding_remove_source(s->setup, row, e) : -1;
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
    struct catalog_source *row = source_operand(s, e);
    if (!row)
        return -1;
    int result = setup_source_open(s->setup, row->name, NULL, &source, e);
    catalog_source_free(row);
    if (result == 0)
        result = check_source(s, &source, e);
    open_source_close(&source);
    return result;
}
