/* SPDX-License-Identifier: Apache-2.0 */
/* command_policy_keep.c - why backups stay or go, and what people say on it: holds, brakes. */
#include "cli/record.h"

#include "base/clock.h"
#include "engine/discard.h"
#include "engine/expire.h"
#include "engine/keep.h"

#include <stdio.h>
#include <string.h>

/* ---- explain ---- */

struct explanation {
    struct session *session;
    const struct catalog_backup *backup;
    const struct catalog_vault *vault;
    bool told;
};

static void begin_explanation(struct output *o, const char *id, const char *name,
                              const char *vault, const char *source, int64_t created_ns)
{
    record_begin(o, "explanation");
    record_text(o, "id", id);
    record_text(o, "name", name);
    record_text(o, "vault", vault);
    record_text(o, "source", source);
    record_time(o, "created", created_ns);
}

static void explain_item(void *context, const struct expire_item *item)
{
    struct explanation *x = context;
    struct output *o = &x->session->output;
    bool stays = retention_verdict_keeps(item->verdict);
    if (strcmp(item->id, x->backup->id) != 0)
        return;
    x->told = true;
    begin_explanation(o, item->id, x->backup->name, x->vault->name, item->source_name,
                      item->created_ns);
    record_flag(o, "stays", stays);
    record_text(o, "rule", retention_verdict_name(item->verdict));
    record_text(o, "policy", item->policy);
    record_time(o, "expires", x->backup->expire_ns);
    record_time(o, "kept_until", x->backup->keep_ns);
    record_text(o, "reason", item->sentence);
    record_end(o);
}

/* What holds everything up, whatever was decided of one. */
static void warn_of(struct session *s, const struct catalog_vault *vault,
                    const struct expire_result *result)
{
    char text[256];
    if (result->clock.doubtful) {
        trusted_time_explain(&result->clock, text, sizeof(text));
        report_line("lagan: %s", text);
        s->status = STATUS_BRAKED;
    }
    if (result->braked) {
        report_line("lagan: nothing goes from the vault %s: %s; `lagan policy release %s` says "
                    "that this was meant",
                    vault->name, result->reason, vault->name);
        s->status = STATUS_BRAKED;
    }
    if (result->lock_unknown)
        report_line("lagan: the vault %s could not be asked for its lock, which may keep more",
                    vault->name);
}

/* Deletions in a mirror follow those of its source. */
static void explain_mirror(struct explanation *x)
{
    struct output *o = &x->session->output;
    begin_explanation(o, x->backup->id, x->backup->name, x->vault->name, x->backup->source_name,
                      x->backup->created_ns);
    record_flag(o, "stays", true);
    record_text(o, "rule", "mirror");
    record_text(o, "policy", "");
    record_time(o, "expires", 0);
    record_text(o, "reason", "it is in a mirror, which follows its vault; ask there");
    record_end(o);
}

/* It is there, but nobody sees it until it is brought back. */
static void explain_deleted(struct explanation *x)
{
    const struct catalog_backup *backup = x->backup;
    struct output *o = &x->session->output;
    char until[CLOCK_TEXT_SIZE], reason[256];
    clock_format_local(backup->purge_ns, until);
    snprintf(reason, sizeof(reason),
             "deleted, until %s; `lagan backup undelete %s` brings it back",
             backup->purge_ns == DISCARD_NOT_YET ? "the clock is right" : until, x->backup->id);
    begin_explanation(o, backup->id, backup->name, x->vault->name, backup->source_name,
                      backup->created_ns);
    record_flag(o, "stays", false);
    record_text(o, "rule", "deleted");
    record_text(o, "policy", "");
    record_deletion(o, backup);
    record_text(o, "reason", reason);
    record_end(o);
}

static int explain_present(struct session *s, const struct catalog_backup *backup,
                           struct error *e)
{
    struct catalog_vault *vault = catalog_vault_get(session_catalog(s), backup->vault, e);
    struct explanation x = {.session = s, .backup = backup, .vault = vault};
    const struct expire_request request = {
        .dry_run = true, .context = &x, .each = explain_item};
    struct expire_result result;
    if (!vault)
        return -1;
    int done = 0;
    bool alone = vault->role == CATALOG_ROLE_MIRROR || backup->state == CATALOG_BACKUP_DELETED;
    if (vault->role == CATALOG_ROLE_MIRROR)
        explain_mirror(&x);
    else if (alone)
        explain_deleted(&x);
    else
        done = expire_vault(s->setup, vault, &request, &result, e);
    if (done == 0 && !alone)
        warn_of(s, vault, &result);
    if (done == 0 && !x.told && !alone)
        done = error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_STATE,
                         "backup %s is being deleted", backup->id);
    catalog_vault_free(vault);
    return done;
}

struct gone_search {
    struct session *session;
    const char *text;
    bool found;
};

static int explain_gone(void *context, const struct catalog_deletion *row, struct error *e)
{
    struct gone_search *search = context;
    struct output *o = &search->session->output;
    struct error gone = ERROR_INIT;
    size_t length = strlen(search->text);
    if ((length < 4 || strncmp(row->backup, search->text, length) != 0) &&
        strcmp(row->backup_name, search->text) != 0)
        return 0;
    struct catalog_vault *vault =
        catalog_vault_get(session_catalog(search->session), row->vault, &gone);
    (void)e;
    begin_explanation(o, row->backup, row->backup_name, vault ? vault->name : "",
                      row->source_name, row->created_ns);
    record_flag(o, "stays", false);
    record_time(o, "deleted", row->at_ns);
    record_text(o, "rule", row->rule);
    record_text(o, "policy", row->policy);
    record_text(o, "reason", row->reason);
    record_end(o);
    catalog_vault_free(vault);
    search->found = true;
    return 1;
}

int command_policy_explain(struct session *s, struct error *e)
{
    struct gone_search search = {s, session_operand(s, 0), false};
    struct catalog_backup backup;
    struct error why = ERROR_INIT;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (session_backup(s, 0, &backup, &why) == 0)
        return explain_present(s, &backup, e);
    if (why.code == ERROR_NO_BACKUP &&
        catalog_deletion_list(session_catalog(s), NULL, NULL, 0, explain_gone, &search, e) < 0)
        return -1;
    if (search.found)
        return 0;
    *e = why;
    return -1;
}

/* ---- expire ---- */

struct expiry_view {
    struct session *session;
    const struct catalog_vault *vault;
};

static void show_item(void *context, const struct expire_item *item)
{
    const struct expiry_view *view = context;
    struct output *o = &view->session->output;
    bool stays = retention_verdict_keeps(item->verdict);
    if (stays && !session_given(view->session, OPTION_ALL))
        return;
    record_begin(o, "decision");
    record_text(o, "id", item->id);
    record_text(o, "vault", view->vault->name);
    record_text(o, "source", item->source_name);
    record_time(o, "created", item->created_ns);
    record_flag(o, "stays", stays);
    record_text(o, "rule", retention_verdict_name(item->verdict));
    record_text(o, "policy", item->policy);
    record_text(o, "reason", item->sentence);
    record_end(o);
}

static int expire_one(struct session *s, const struct catalog_vault *vault, struct error *e)
{
    struct expiry_view view = {s, vault};
    const struct setup_key key = session_key(s);
    const struct expire_request request = {.dry_run = session_given(s, OPTION_DRY_RUN),
                                           .any_time = true,
                                           .key = &key,
                                           .context = &view,
                                           .each = show_item};
    struct expire_result result;
    int done = expire_vault(s->setup, vault, &request, &result, e);
    if (done != 0)
        return error_context(e, "vault %s", vault->name);
    warn_of(s, vault, &result);
    output_note(&s->output, "vault %s: %llu of %llu backups %s", vault->name,
                (unsigned long long)(request.dry_run ? result.going : result.deleted),
                (unsigned long long)result.backups, request.dry_run ? "would go" : "went");
    return 0;
}

/* The vaults that are asked for; the catalog may not be changed while it lists. */
struct vault_choice {
    struct session *session;
    uint8_t ids[1024][CATALOG_ID_SIZE];
    size_t count;
};

static int choose_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct vault_choice *choice = context;
    const char *region = session_value(choice->session, OPTION_REGION);
    (void)e;
    if (row->role == CATALOG_ROLE_MIRROR || row->state == CATALOG_VAULT_DELETED ||
        row->state == CATALOG_VAULT_DELETING || (region && strcmp(region, row->region) != 0) ||
        choice->count == sizeof(choice->ids) / sizeof(choice->ids[0]))
        return 0;
    memcpy(choice->ids[choice->count++], row->uuid, CATALOG_ID_SIZE);
    return 0;
}

static int choose_vaults(struct session *s, struct vault_choice *choice, struct error *e)
{
    const char *name = session_operand(s, 0);
    if (!name)
        return catalog_vault_list(session_catalog(s), choose_vault, choice, e);
    struct catalog_vault *row =
        catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), name, e);
    if (!row)
        return -1;
    memcpy(choice->ids[choice->count++], row->uuid, CATALOG_ID_SIZE);
    catalog_vault_free(row);
    return 0;
}

int command_policy_expire(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"id", "ID", false},       {"source", "SOURCE", false}, {"created", "CREATED", false},
        {"stays", "STAYS", false}, {"rule", "RULE", false},     {"reason", "WHY", false}};
    struct vault_choice choice = {.session = s};
    if (session_setup(s, NEED_CATALOG, e) != 0 || choose_vaults(s, &choice, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = 0;
    for (size_t i = 0; result == 0 && i < choice.count; i++) {
        struct catalog_vault *row = catalog_vault_get(session_catalog(s), choice.ids[i], e);
        result = row ? expire_one(s, row, e) : -1;
        catalog_vault_free(row);
    }
    output_table_end(&s->output, NULL);
    return result;
}

/* ---- release ---- */

static int release_vault(struct session *s, const char *name, struct error *e)
{
    struct catalog_vault *row =
        catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), name, e);
    if (!row)
        return -1;
    int result = expire_release(s->setup, row, e);
    if (result == 0)
        output_note(&s->output, "backups of the vault %s may go again", row->name);
    catalog_vault_free(row);
    return result;
}

int command_policy_release(struct session *s, struct error *e)
{
    const char *name = session_operand(s, 0);
    bool clock = session_given(s, OPTION_CLOCK);
    if (!name && !clock)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "say which vault's brake is to be released, or --clock");
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    if (clock && trusted_time_accept(session_catalog(s), e) != 0)
        return -1;
    if (clock)
        output_note(&s->output, "the clock is taken as it is");
    return name ? release_vault(s, name, e) : 0;
}

/* ---- hold ---- */

static int change_hold(struct session *s, bool hold, struct error *e)
{
    struct catalog_backup backup;
    if (session_setup(s, NEED_CATALOG, e) != 0 || session_backup(s, 0, &backup, e) != 0)
        return -1;
    int result = hold ? keep_hold(s->setup, &backup, session_value(s, OPTION_WHY), e)
                      : keep_release(s->setup, &backup, e);
    if (result == 0)
        output_note(&s->output, "backup %s of %s is %s", backup.id, backup.source_name,
                    hold ? "held" : "held no more");
    return result;
}

int command_backup_hold(struct session *s, struct error *e)
{
    return change_hold(s, true, e);
}

int command_backup_release(struct session *s, struct error *e)
{
    return change_hold(s, false, e);
}
