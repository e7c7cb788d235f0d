/* SPDX-License-Identifier: Apache-2.0 */
/* command_vault_manage.c - vaults that are there: changed, converted, frozen, deleted, brought
 * back, purged. */
#include "cli/record.h"
#include "cli/vault_options.h"

#include "base/clock.h"
#include "base/text.h"
#include "engine/manage.h"
#include "engine/policy_manage.h"
#include "engine/purge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What changed is said once: as a record, or as a line (printf). */
static void show(struct session *s, const struct catalog_vault *row, const char *words)
{
    if (s->output.use_json)
        record_vault(&s->output, row, NULL);
    output_note(&s->output, "vault %s %s", row->name, words);
}

/* The catalog knows; storage is told too, when the vault can be opened now. */
static void tell_storage(struct session *s, const struct catalog_vault *row)
{
    struct error why = ERROR_INIT;
    if (manage_tell_storage(s->setup, row, &why) != 0)
        output_note(&s->output,
                    "storage could not be told (%s); a rebuild of the catalog would not "
                    "know",
                    why.text);
}

/* ---- update ---- */

/* What the options say of a change. */
struct change_words {
    struct manage_change change;
    uint64_t quota_bytes;
    bool auto_expand;
    struct catalog_pairs tags;
    const char **untag;
};

static int read_untag(const struct session *s, struct change_words *words, struct error *e)
{
    const struct arguments *a = &s->arguments;
    words->untag = calloc(a->option_count + 1, sizeof(*words->untag));
    if (!words->untag)
        return error_no_memory(e, "tags");
    for (size_t i = 0; i < a->option_count; i++) {
        if (a->options[i].option == OPTION_UNTAG)
            words->untag[words->change.untag_count++] = a->options[i].value;
    }
    words->change.untag = words->untag;
    return 0;
}

static int read_change(const struct session *s, struct change_words *words, struct error *e)
{
    struct manage_change *change = &words->change;
    bool grow = session_given(s, OPTION_AUTO_EXPAND);
    bool stay = session_given(s, OPTION_NO_AUTO_EXPAND);
    if (grow && stay)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--auto-expand and --no-auto-expand exclude each other");
    words->auto_expand = grow;
    change->description = session_value(s, OPTION_DESCRIPTION);
    change->auto_expand = grow || stay ? &words->auto_expand : NULL;
    change->quota_bytes = session_given(s, OPTION_QUOTA) ? &words->quota_bytes : NULL;
    change->tags = &words->tags;
    if (vault_words_quota(s, &words->quota_bytes, &change->quota_warning, e) != 0 ||
        vault_words_tags(s, &words->tags, e) != 0 || read_untag(s, words, e) != 0)
        return -1;
    if (change->description || change->auto_expand || change->quota_bytes ||
        change->quota_warning > 0 || words->tags.count > 0 || change->untag_count > 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "vault update: nothing says what shall be different");
}

static int update(struct session *s, const struct manage_change *change, struct error *e)
{
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result = manage_update(s->setup, row, change, e);
    if (result == 0) {
        show(s, row, "is changed");
        tell_storage(s, row);
    }
    catalog_vault_free(row);
    return result;
}

int command_vault_update(struct session *s, struct error *e)
{
    struct change_words words = {.quota_bytes = 0};
    int result = read_change(s, &words, e);
    if (result == 0)
        result = update(s, &words.change, e);
    catalog_pairs_clear(&words.tags);
    free(words.untag);
    return result;
}

/* ---- plan and state ---- */

int command_vault_convert(struct session *s, struct error *e)
{
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result = manage_convert(s->setup, row, e);
    if (result == 0) {
        show(s, row, "is a full vault now");
        tell_storage(s, row);
    }
    catalog_vault_free(row);
    return result;
}

int command_vault_freeze(struct session *s, struct error *e)
{
    const char *reason = session_value(s, OPTION_WHY);
    const char *until = session_value(s, OPTION_UNTIL);
    struct catalog_vault *row = NULL;
    int64_t grace_ns = 0;
    if (until && (text_parse_duration(until, &grace_ns) != 0 || grace_ns <= 0))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "--until %s: it is a time from now such as 30d", until);
    if (!reason)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "vault freeze needs --reason, for those who meet the frozen vault");
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result = manage_freeze(s->setup, row, reason, grace_ns, e);
    if (result == 0)
        show(s, row, "is frozen: it can be read, and takes no backups");
    catalog_vault_free(row);
    return result;
}

int command_vault_unfreeze(struct session *s, struct error *e)
{
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result = manage_unfreeze(s->setup, row, e);
    if (result == 0)
        show(s, row, "is available");
    catalog_vault_free(row);
    return result;
}

/* ---- delete, undelete, purge ---- */

/* Says what would be lost. */
static int confirm_loss(struct session *s, const struct catalog_vault *row, const char *verb,
                        const struct vault_dossier *dossier, struct error *e)
{
    char what[256], size[TEXT_SIZE_SIZE];
    text_format_size(dossier->sizes.stored_bytes, size);
    snprintf(what, sizeof(what),
             "%s the vault %.80s in region %s with %llu backups of %llu sources (%s)", verb,
             row->name, row->region, (unsigned long long)dossier->sizes.backups,
             (unsigned long long)dossier->sizes.sources, size);
    return vault_confirm(s, row, what, e);
}

static int delete_row(struct session *s, struct catalog_vault *row, struct error *e)
{
    char until[CLOCK_TEXT_SIZE];
    struct vault_dossier dossier;
    /* Who may not delete it need not confirm that either. */
    if (vault_facts_read(s->setup, row, &dossier, e) != 0 ||
        vault_may_be_deleted(&dossier.facts, e) != 0 ||
        (!session_given(s, OPTION_FORCE) && policy_manage_check_free(s->setup, row, e) != 0) ||
        confirm_loss(s, row, "deleting", &dossier, e) != 0 ||
        manage_delete(s->setup, row, e) != 0)
        return -1;
    tell_storage(s, row);
    show(s, row, "is deleted");
    clock_format_utc(row->purge_ns, until);
    output_note(&s->output, "`lagan vault undelete %s` brings it back until %s", row->name,
                until);
    return 0;
}

int command_vault_delete(struct session *s, struct error *e)
{
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result = delete_row(s, row, e);
    catalog_vault_free(row);
    return result;
}

int command_vault_undelete(struct session *s, struct error *e)
{
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    int result = manage_undelete(s->setup, row, e);
    if (result == 0)
        tell_storage(s, row);
    if (result == 0)
        show(s, row, "is back");
    catalog_vault_free(row);
    return result;
}

static void record_purge(struct session *s, const struct catalog_vault *row,
                         const struct purge_result *result)
{
    struct output *o = &s->output;
    char size[TEXT_SIZE_SIZE];
    if (o->use_json) {
        record_begin(o, "purged");
        record_text(o, "vault", row->name);
        record_id(o, "id", row->uuid);
        record_text(o, "region", row->region);
        record_text(o, "task", result->task);
        record_number(o, "objects", result->objects);
        record_size(o, "bytes", result->bytes);
        record_number(o, "foreign", result->foreign);
        record_end(o);
    }
    text_format_size(result->bytes, size);
    output_note(o, "vault %s is gone: %llu objects, %s removed; nothing of it is left",
                row->name, (unsigned long long)result->objects, size);
    if (result->foreign > 0)
        report_line("lagan: warning: %llu objects in its place never were of a vault and stay, "
                    "the first is %s",
                    (unsigned long long)result->foreign, result->first_foreign);
}

static int purge_row(struct session *s, const struct catalog_vault *row, struct error *e)
{
    struct job_view view;
    struct purge_result result;
    job_view_begin(&view, s, "purge", "cannot remove");
    struct job_reporter reporter = job_view_reporter(&view);
    const struct purge_request request = {.force = session_given(s, OPTION_FORCE),
                                          .reporter = &reporter};
    int done = purge_vault(s->setup, row, &request, &result, e);
    job_view_end(&view);
    if (done == 0)
        record_purge(s, row, &result);
    return done;
}

static int purge_named(struct session *s, struct error *e)
{
    struct vault_dossier dossier;
    struct catalog_vault *row = NULL;
    if (vault_operand(s, &row, e) != 0)
        return -1;
    int result = vault_facts_read(s->setup, row, &dossier, e);
    if (result == 0)
        result = vault_may_be_purged(&dossier.facts, session_given(s, OPTION_FORCE), e);
    if (result == 0)
        result = confirm_loss(s, row, "purging", &dossier, e);
    if (result == 0)
        result = purge_row(s, row, e);
    catalog_vault_free(row);
    return result;
}

/* Ids of the vaults whose time has come - deleted, or frozen for too long -, and of those that
 * a purge has left. */
struct due_search {
    struct session *session;
    int64_t now_ns;
    uint8_t (*ids)[CATALOG_ID_SIZE];
    size_t count;
};

static int note_due(void *context, const struct catalog_vault *row, struct error *e)
{
    struct due_search *search = context;
    const char *region = session_value(search->session, OPTION_REGION);
    bool timed = row->state == CATALOG_VAULT_DELETED ||
                 (row->state == CATALOG_VAULT_FROZEN && row->purge_ns > 0);
    bool due =
        row->state == CATALOG_VAULT_DELETING || (timed && row->purge_ns <= search->now_ns);
    if (!due || (region && strcmp(region, row->region) != 0))
        return 0;
    void *more = realloc(search->ids, (search->count + 1) * sizeof(*search->ids));
    if (!more)
        return error_no_memory(e, "vaults");
    search->ids = more;
    memcpy(search->ids[search->count++], row->uuid, CATALOG_ID_SIZE);
    return 0;
}

static int end_row(struct session *s, struct catalog_vault *row, struct error *e)
{
    if (row->state != CATALOG_VAULT_FROZEN)
        return purge_row(s, row, e);
    if (manage_run_out(s->setup, row, e) != 0)
        return -1;
    show(s, row, "was frozen for too long and is deleted");
    return 0;
}

/* What one of them cannot does not keep the others. */
static int purge_due(struct session *s, struct error *e)
{
    struct due_search search = {.session = s, .now_ns = clock_wall_ns()};
    int result = catalog_vault_list(session_catalog(s), note_due, &search, e);
    for (size_t i = 0; result == 0 && i < search.count; i++) {
        struct error why = ERROR_INIT;
        struct catalog_vault *row = catalog_vault_get(session_catalog(s), search.ids[i], &why);
        if (!row || end_row(s, row, &why) != 0) {
            report_error(s, &why);
            if (s->status == STATUS_DONE)
                s->status = error_exit_status(&why);
            result = why.code == ERROR_INTERRUPTED ? -1 : 0;
            *e = why;
        }
        catalog_vault_free(row);
    }
    if (result == 0 && search.count == 0)
        output_note(&s->output, "no vault is due");
    free(search.ids);
    return result;
}

int command_vault_purge(struct session *s, struct error *e)
{
    bool due = session_given(s, OPTION_DUE);
    if (due == (s->arguments.operand_count > 0))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "vault purge takes either the name of a vault or --due");
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    return due ? purge_due(s, e) : purge_named(s, e);
}
