/* SPDX-License-Identifier: Apache-2.0 */
/* command_vault.c - vaults: made, listed, shown. */
#include "cli/record.h"
#include "cli/vault_options.h"

#include "base/text.h"
#include "crypto/secret.h"
#include "engine/vault_facts.h"

#include <string.h>

/* ---- list and show ---- */

static void record_quota(struct output *o, const struct catalog_vault *row)
{
    if (row->quota_bytes == 0)
        return;
    record_size(o, "quota", row->quota_bytes);
    record_number(o, "quota_warning", row->quota_warning);
    record_flag(o, "auto_expand", row->auto_expand);
}

static void record_state(struct output *o, const struct catalog_vault *row)
{
    record_text(o, "state", catalog_vault_state_name(row->state));
    if (row->reason[0])
        record_text(o, "reason", row->reason);
    if (row->state == CATALOG_VAULT_FROZEN && row->purge_ns > 0)
        record_time(o, "deadline", row->purge_ns);
    if (row->state == CATALOG_VAULT_DELETED) {
        record_time(o, "deleted", row->deleted_ns);
        record_time(o, "kept_until", row->purge_ns);
    }
}

void record_vault(struct output *o, const struct catalog_vault *row,
                  const struct vault_sizes *sizes)
{
    char root[2 * sizeof(row->root_public) + 1];
    text_hex(row->root_public, sizeof(row->root_public), root);
    record_begin(o, "vault");
    record_text(o, "name", row->name);
    record_id(o, "id", row->uuid);
    record_text(o, "kind", catalog_vault_type_name(row->type));
    record_text(o, "role", catalog_vault_role_name(row->role));
    record_state(o, row);
    record_text(o, "plan", catalog_plan_name(row->plan));
    if (row->plan == CATALOG_PLAN_TRIAL)
        record_time(o, "trial_end", row->trial_end_ns);
    if (sizes) {
        record_size(o, "source_bytes", sizes->source_bytes);
        record_size(o, "bytes_stored", sizes->stored_bytes);
        record_number(o, "backups_deleted", sizes->deleted);
        record_size(o, "bytes_deleted", sizes->deleted_bytes);
    }
    record_text(o, "region", row->region);
    record_text(o, "project", row->project);
    record_text(o, "redundancy", catalog_redundancy_name(row->redundancy));
    record_text(o, "place", row->prefix);
    record_text(o, "encryption", catalog_encryption_name(row->encryption));
    record_text(o, "key_driver", row->key_driver);
    record_pairs(o, "key_parameters", &row->key_parameters);
    record_quota(o, row);
    record_pairs(o, "tags", &row->tags);
    record_text(o, "root_public", root);
    record_text(o, "description", row->description);
    record_time(o, "created", row->created_ns);
    record_end(o);
}

static int list_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct session *s = context;
    const char *region = session_value(s, OPTION_REGION);
    struct vault_sizes sizes;
    if (region && strcmp(region, row->region) != 0)
        return 0;
    if (vault_sizes_read(session_catalog(s), row->uuid, &sizes, e) != 0)
        return -1;
    record_vault(&s->output, row, &sizes);
    return 0;
}

int command_vault_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false},           {"id", "ID", false},
        {"kind", "TYPE", false},           {"role", "ROLE", false},
        {"state", "STATE", false},         {"plan", "PLAN", false},
        {"source_bytes", "SOURCES", true}, {"bytes_stored", "STORED", true},
        {"region", "REGION", false}};
    const struct config_region *region = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (session_given(s, OPTION_REGION) &&
        setup_region(s->setup, session_value(s, OPTION_REGION), &region, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_vault_list(session_catalog(s), list_vault, s, e);
    output_table_end(&s->output, "no vaults; `lagan vault create` makes one, `lagan catalog "
                                 "rebuild` finds those in storage");
    return result;
}

static void record_totals(struct output *o, const struct vault_dossier *dossier)
{
    record_begin(o, "vault_totals");
    record_number(o, "backups", dossier->sizes.backups);
    record_number(o, "backups_deleted", dossier->sizes.deleted);
    record_size(o, "bytes_deleted", dossier->sizes.deleted_bytes);
    record_number(o, "sources", dossier->sizes.sources);
    record_number(o, "sources_bound", dossier->facts.sources);
    record_size(o, "source_bytes", dossier->sizes.source_bytes);
    record_size(o, "bytes_stored", dossier->sizes.stored_bytes);
    record_time(o, "last_backup", dossier->sizes.last_ns);
    if (dossier->facts.mirror) {
        record_text(o, "mirror", dossier->mirror);
        record_text(o, "mirror_region", dossier->mirror_region);
    }
    if (dossier->facts.lock) {
        record_text(o, "lock", dossier->facts.lock);
        record_number(o, "lock_least_days", dossier->lock.least_days);
        record_number(o, "lock_most_days", dossier->lock.most_days);
    }
    record_end(o);
}

int command_vault_show(struct session *s, struct error *e)
{
    struct vault_dossier dossier;
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result = vault_facts_read(s->setup, row, &dossier, e);
    if (result == 0) {
        record_vault(&s->output, row, NULL);
        record_totals(&s->output, &dossier);
        result = vault_key_shown(s, row, e);
    }
    catalog_vault_free(row);
    return result;
}

/* ---- create ---- */

int vault_create_with(struct session *s, struct create_request *request,
                      struct catalog_vault **row, struct error *e)
{
    int fd = -1;
    if (create_check(s->setup, request, e) != 0)
        return -1;
    if (request->recovery && recovery_prepare(s, &fd, e) != 0)
        return -1;
    struct catalog_vault *made = NULL;
    int result = create_vault(s->setup, request, &made, e);
    if (result != 0) {
        recovery_cancel(s, &fd);
        return -1;
    }
    if (s->output.use_json)
        record_vault(&s->output, made, NULL);
    output_note(&s->output, "vault %s made in region %s, redundancy %s", made->name,
                made->region, catalog_redundancy_name(made->redundancy));
    if (request->recovery)
        result = recovery_give(s, &fd, request->recovery_key, made->name, e);
    if (result == 0)
        *row = made;
    else
        catalog_vault_free(made);
    return result;
}

int command_vault_create(struct session *s, struct error *e)
{
    struct vault_words words = {0};
    struct create_request request = {.name = session_operand(s, 0)};
    struct catalog_vault *row = NULL;
    int result = vault_words_read(s, &words, &request, e);
    if (result == 0)
        result = session_setup(s, NEED_CATALOG, e);
    if (result == 0)
        result = vault_create_with(s, &request, &row, e);
    if (result == 0 && row->plan == CATALOG_PLAN_TRIAL)
        output_note(&s->output,
                    "it is a trial for 30 days; `lagan vault convert %s` makes it a full vault",
                    row->name);
    catalog_vault_free(row);
    vault_words_clear(&words);
    secret_wipe(&request, sizeof(request));
    return result;
}
