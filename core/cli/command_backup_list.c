/* SPDX-License-Identifier: Apache-2.0 */
/* command_backup_list.c - backups: listed and shown. */
#include "cli/record.h"

#include "engine/backup_row.h"
#include "engine/key_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A listing with the names of the vaults it meets. */
struct listing {
    struct session *session;
    uint8_t vault[CATALOG_ID_SIZE];
    char vault_name[CATALOG_TEXT_SIZE];
    char region[NAME_SIZE];
};

static int know_vault(struct listing *l, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    if (l->vault_name[0] && memcmp(l->vault, vault, CATALOG_ID_SIZE) == 0)
        return 0;
    struct catalog_vault *row = catalog_vault_get(session_catalog(l->session), vault, e);
    if (!row)
        return -1;
    memcpy(l->vault, vault, CATALOG_ID_SIZE);
    snprintf(l->vault_name, sizeof(l->vault_name), "%s", row->name);
    snprintf(l->region, sizeof(l->region), "%s", row->region);
    catalog_vault_free(row);
    return 0;
}

/* What was deleted is listed where somebody asks for it. */
static bool is_asked(const struct session *s, const struct catalog_backup *row)
{
    const char *state = session_value(s, OPTION_STATE);
    if (state)
        return strcmp(state, catalog_backup_state_name(row->state)) == 0;
    return row->state != CATALOG_BACKUP_DELETED || session_given(s, OPTION_ALL);
}

static int list_backup(void *context, const struct catalog_backup *row, struct error *e)
{
    struct listing *l = context;
    const char *region = session_value(l->session, OPTION_REGION);
    if (!is_asked(l->session, row))
        return 0;
    if (know_vault(l, row->vault, e) != 0)
        return -1;
    if (!region || strcmp(region, l->region) == 0)
        record_backup(&l->session->output, row, l->vault_name);
    return 0;
}

/* Backups of a source that is no more in the catalog are chosen by its name. */
struct source_search {
    const char *name;
    uint8_t *id;
    bool found;
};

static int search_source(void *context, const struct catalog_backup *row, struct error *e)
{
    struct source_search *search = context;
    (void)e;
    if (strcmp(row->source_name, search->name) == 0) {
        memcpy(search->id, row->source, CATALOG_ID_SIZE);
        search->found = true;
    }
    return 0;
}

static int find_source(struct session *s, const char *name, uint8_t id[CATALOG_ID_SIZE],
                       struct error *e)
{
    static const struct seal_list none;
    struct source_search search = {name, id, false};
    struct error why = ERROR_INIT;
    if (locate_source(s->setup, &none, name, id, &why) == 0)
        return 0;
    if (why.code != ERROR_NO_SOURCE ||
        catalog_backup_list(session_catalog(s), NULL, NULL, search_source, &search, e) != 0 ||
        !search.found) {
        *e = why;
        return -1;
    }
    return 0;
}

static int check_state(const struct session *s, struct error *e)
{
    static const char *const names[] = {
#define X(symbol, name) name,
        CATALOG_BACKUP_STATES(X)
#undef X
    };
    const char *state = session_value(s, OPTION_STATE);
    for (size_t i = 0; state && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(state, names[i]) == 0)
            return 0;
    }
    return !state ? 0
                  : error_set(e, LAGAN_INVALID, ERROR_USAGE,
                              "--state %.40s: it can be available, partial, error, deleting or "
                              "deleted",
                              state);
}

int command_backup_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"id", "ID", false},           {"name", "NAME", false},
        {"source", "SOURCE", false},   {"vault", "VAULT", false},
        {"created", "CREATED", false}, {"entries", "ENTRIES", true},
        {"bytes", "SIZE", true},       {"bytes_stored", "STORED", true},
        {"state", "STATE", false}};
    const char *vault = session_value(s, OPTION_VAULT);
    const char *source = session_value(s, OPTION_SOURCE);
    struct listing listing = {.session = s};
    struct catalog_vault *row = NULL;
    uint8_t source_id[CATALOG_ID_SIZE];
    if (check_state(s, e) != 0 || session_setup(s, NEED_CATALOG, e) != 0 ||
        (source && find_source(s, source, source_id, e) != 0))
        return -1;
    if (vault) {
        row = catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), vault, e);
        if (!row)
            return -1;
    }
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_backup_list(session_catalog(s), row ? row->uuid : NULL,
                                     source ? source_id : NULL, list_backup, &listing, e);
    output_table_end(&s->output, "no backups; `lagan catalog rebuild` finds those in storage");
    catalog_vault_free(row);
    return result;
}

static void record_counter(struct output *o, const char *name, uint64_t value)
{
    if (strncmp(name, "bytes", 5) == 0)
        record_size(o, name, value);
    else
        record_number(o, name, value);
}

static struct catalog_pairs pairs_of(const struct seal_pair *pairs, size_t count)
{
    struct catalog_pairs made = {0};
    struct error ignored;
    for (size_t i = 0; i < count; i++)
        catalog_pairs_add(&made, pairs[i].name, pairs[i].value, &ignored);
    return made;
}

/* What the catalog knows of it; of a backup that it does not know what the seal says. */
static struct catalog_backup row_of(struct session *s, const struct chosen *chosen,
                                    const struct seal *seal)
{
    struct catalog_backup row;
    struct error ignored = ERROR_INIT;
    backup_row_fill(&row, chosen->vault.row->uuid, seal, NULL);
    catalog_backup_get(session_catalog(s), row.vault, seal->id, &row, &ignored);
    return row;
}

static void record_keeping(struct output *o, const struct catalog_backup *row)
{
    record_text(o, "trigger", row->trigger[0] ? row->trigger : "manual");
    record_text(o, "policy", row->policy);
    record_time(o, "slot", row->slot_ns);
    record_time(o, "expires", row->expire_ns);
    record_time(o, "kept_until", row->keep_ns);
    if (row->state == CATALOG_BACKUP_DELETED)
        record_deletion(o, row);
    record_text(o, "consistency", row->consistency);
    record_text(o, "consistency_wanted", row->consistency_wanted);
}

static void record_seal(struct session *s, const struct chosen *chosen, const struct seal *seal)
{
    struct output *o = &s->output;
    struct catalog_pairs parameters = pairs_of(seal->parameters, seal->parameter_count);
    struct catalog_pairs rules = pairs_of(seal->rules, seal->rule_count);
    const struct catalog_backup row = row_of(s, chosen, seal);
    record_begin(o, "backup");
    record_text(o, "id", seal->id);
    record_text(o, "name", seal->backup_name);
    record_text(o, "description", seal->description);
    record_text(o, "vault", chosen->vault.row->name);
    record_text(o, "seal", seal->name);
    record_text(o, "source", seal->source_name);
    record_id(o, "source_id", seal->source_id);
    record_text(o, "driver", seal->source_driver);
    record_pairs(o, "parameters", &parameters);
    record_pairs(o, "rules", &rules);
    record_text(o, "host", seal->host);
    record_text(o, "program", seal->program);
    record_text(o, "state", catalog_backup_state_name(row.state));
    record_flag(o, "full", seal->flags & SEAL_FULL);
    record_keeping(o, &row);
    record_time(o, "created", seal->created_ns);
    record_time(o, "started", seal->start_ns);
    record_duration(o, "duration", seal->end_ns - seal->start_ns);
    record_size(o, "bytes", seal->root.bytes);
#define X(member, name) record_counter(o, name, seal->counters.member);
    SEAL_COUNTERS(X)
#undef X
    record_number(o, "packs", seal->pack_count);
    record_number(o, "problems", seal->problem_total);
    record_end(o);
    catalog_pairs_clear(&parameters);
    catalog_pairs_clear(&rules);
}

static void record_problems(struct output *o, const struct seal *seal)
{
    static const struct column columns[] = {{"path", "NOT AS IT SHOULD BE", false},
                                            {"class", "CLASS", false},
                                            {"message", "WHY", false}};
    if (seal->problem_count == 0)
        return;
    output_line(o, "%s", "");
    output_table(o, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < seal->problem_count; i++) {
        const struct seal_problem *problem = &seal->problems[i];
        struct buffer path CLEANUP_BUFFER = BUFFER_INIT;
        key_path(&path, problem->key, problem->key_size);
        record_begin(o, "problem");
        record_bytes(o, "path", path.data ? (const void *)path.data : "", path.size);
        record_text(o, "class", error_class_name(problem->error_class));
        record_text(o, "message", problem->text);
        record_end(o);
    }
    output_table_end(o, NULL);
}

int command_backup_show(struct session *s, struct error *e)
{
    const char *text = session_operand(s, 0);
    const struct seal *seal = NULL;
    struct chosen chosen = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0 || chosen_open(s, text, true, &chosen, e) != 0)
        return -1;
    int result = chosen_backup_any(&chosen, text, &seal, e);
    if (result == 0) {
        record_seal(s, &chosen, seal);
        record_problems(&s->output, seal);
    }
    chosen_close(&chosen);
    return result;
}
