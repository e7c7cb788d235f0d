/* SPDX-License-Identifier: Apache-2.0 */
/* command_backup_delete.c - backups: deleted, brought back, kept for longer. */
#include "cli/record.h"
#include "cli/vault_options.h"

#include "base/clock.h"
#include "base/text.h"
#include "engine/approval.h"
#include "engine/discard.h"
#include "engine/extend.h"
#include "engine/task.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- delete ---- */

/* What the messages of deletions need: the vault, and how. */
struct deletions {
    struct session *session;
    struct chosen chosen;
    const struct seal **seals;
    bool now;
};

static void tell_deleted(const struct deletions *d, const struct seal *seal, int64_t purge_ns)
{
    struct output *o = &d->session->output;
    const char *vault = d->chosen.vault.row->name;
    char until[CLOCK_TEXT_SIZE] = "the clock is right";
    if (purge_ns != 0 && purge_ns != DISCARD_NOT_YET)
        clock_format_local(purge_ns, until);
    if (o->use_json) {
        record_begin(o, "deleted");
        record_text(o, "id", seal->id);
        record_text(o, "vault", vault);
        record_time(o, "until", purge_ns == DISCARD_NOT_YET ? 0 : purge_ns);
        record_end(o);
    }
    if (purge_ns == 0)
        output_note(o, "backup %s deleted from vault %s", seal->id, vault);
    else
        output_note(o,
                    "backup %s deleted from vault %s; until %s `lagan backup undelete %s` "
                    "brings it back",
                    seal->id, vault, until, seal->id);
}

static int run_one(struct deletions *d, const struct deletion_request *request,
                   int64_t *purge_ns, struct error *e)
{
    struct session *s = d->session;
    struct error later = ERROR_INIT;
    int result = d->now ? deletion_run(s->setup, request, &later, e)
                        : discard_run(s->setup, request, purge_ns, &later, e);
    if (result == 0 && later.error_class != LAGAN_OK && *purge_ns == 0)
        report_line(
            "lagan: warning: the backup is deleted, but still stands in the catalog: %s",
            later.text);
    else if (result == 0 && later.error_class != LAGAN_OK)
        report_line(
            "lagan: warning: the vault could not be told (%s): a catalog that is rebuilt "
            "would not know that backup %s is deleted",
            later.text, request->seal->id);
    return result;
}

/* Takes one backup out of the lists, or out of vault and catalog. */
static int delete_one(struct deletions *d, const struct seal *seal, struct error *e)
{
    struct session *s = d->session;
    const struct deletion_request request = {.vault = &d->chosen.vault,
                                             .seal = seal,
                                             .reason = session_value(s, OPTION_REASON),
                                             .force = session_given(s, OPTION_FORCE)};
    struct task task;
    int64_t purge_ns = 0;
    task_begin(&task, session_catalog(s), CATALOG_TASK_DELETE, d->chosen.vault.row->uuid,
               seal->source_id, seal->id, NULL);
    memcpy(task.row.backup, seal->id, sizeof(task.row.backup));
    int result = run_one(d, &request, &purge_ns, e);
    task_end(&task, result == 0 ? NULL : e);
    if (result != 0)
        return strstr(e->text, seal->id) ? -1 : error_context(e, "backup %s", seal->id);
    tell_deleted(d, seal, purge_ns);
    return 0;
}

/* latest~1 means the same for each, and counts no deleted ones. */
static int choose_all(struct deletions *d, size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        if (chosen_backup_any(&d->chosen, session_operand(d->session, i), &d->seals[i], e) != 0)
            return -1;
        for (size_t j = 0; j < i; j++) {
            if (d->seals[j] == d->seals[i])
                return error_set(e, LAGAN_INVALID, ERROR_USAGE, "backup %s is named twice",
                                 d->seals[i]->id);
        }
    }
    return 0;
}

static int confirm_now(struct deletions *d, size_t count, struct error *e)
{
    char what[256];
    if (!d->now)
        return 0;
    snprintf(what, sizeof(what), "deleting %zu backups of the vault %.80s for good", count,
             d->chosen.vault.row->name);
    return vault_confirm(d->session, d->chosen.vault.row, what, e);
}

/* All requests for approvals are made before the first that is refused ends it. */
static int ask_all(struct deletions *d, size_t count, struct error *e)
{
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        struct error why = ERROR_INIT;
        if (approval_ask(d->session->setup, d->chosen.vault.row, APPROVAL_BACKUP_DELETE,
                         d->seals[i]->id, &why) == 0)
            continue;
        if (result != 0)
            report_line("lagan: %s", why.text);
        else
            *e = why;
        result = -1;
    }
    return result;
}

/* All are found before the first is deleted: a mistake in one deletes none. */
static int delete_all(struct deletions *d, struct error *e)
{
    struct session *s = d->session;
    size_t count = s->arguments.operand_count;
    if (choose_all(d, count, e) != 0 ||
        deletion_prepare(s->setup, &d->chosen.vault, &d->chosen.seals, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (deletion_check(session_catalog(s), d->chosen.vault.row->uuid, d->seals[i]->id,
                           session_given(s, OPTION_FORCE), e) != 0)
            return -1;
    }
    if (confirm_now(d, count, e) != 0 || ask_all(d, count, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (delete_one(d, d->seals[i], e) != 0)
            return -1;
    }
    return 0;
}

int command_backup_delete(struct session *s, struct error *e)
{
    struct deletions d = {.session = s, .now = session_given(s, OPTION_NOW)};
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        chosen_open(s, session_operand(s, 0), false, &d.chosen, e) != 0)
        return -1;
    d.seals = calloc(s->arguments.operand_count, sizeof(*d.seals));
    int result = d.seals ? delete_all(&d, e) : error_no_memory(e, "the backups");
    free(d.seals);
    chosen_close(&d.chosen);
    return result;
}

/* ---- undelete ---- */

static int open_vault_of(struct session *s, const struct catalog_backup *backup,
                         struct open_vault *vault, struct error *e)
{
    const struct setup_key key = session_key(s);
    struct catalog_vault *row = catalog_vault_get(session_catalog(s), backup->vault, e);
    return row ? setup_vault_open_row(s->setup, row, &key, false, vault, e) : -1;
}

static int undelete_one(struct session *s, size_t index, struct error *e)
{
    struct catalog_backup backup;
    struct open_vault vault = {0};
    struct error unnoted = ERROR_INIT;
    if (session_backup(s, index, &backup, e) != 0 || open_vault_of(s, &backup, &vault, e) != 0)
        return -1;
    int result = discard_undo(s->setup, &vault, &backup, &unnoted, e);
    if (result == 0 && unnoted.error_class != LAGAN_OK)
        report_line(
            "lagan: warning: the vault could not be told (%s): a catalog that is rebuilt "
            "would take backup %s for deleted",
            unnoted.text, backup.id);
    if (result == 0 &&
        catalog_backup_get(session_catalog(s), backup.vault, backup.id, &backup, e) == 0) {
        if (s->output.use_json)
            record_backup(&s->output, &backup, vault.row->name);
        output_note(&s->output, "backup %s of %s is back", backup.id, backup.source_name);
    }
    open_vault_close(&vault);
    return result;
}

int command_backup_undelete(struct session *s, struct error *e)
{
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    for (size_t i = 0; i < s->arguments.operand_count; i++) {
        if (undelete_one(s, i, e) != 0)
            return -1;
    }
    return 0;
}

/* ---- extend ---- */

static int read_until(const struct session *s, int64_t *until_ns, struct error *e)
{
    const int64_t month_ns = INT64_C(31) * 86400 * 1000000000; /* never too short */
    const char *text = session_value(s, OPTION_KEEP_UNTIL);
    int64_t ns = 0, months = 0, more_ns = 0;
    struct error why = ERROR_INIT;
    if (!text)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "backup extend needs --until, for how long from now it is to be kept");
    if (strcmp(text, "0") == 0) {
        *until_ns = 0;
        return 0;
    }
    if (policy_span_parse(text, &ns, &months, &why) != 0 ||
        __builtin_mul_overflow(months, month_ns, &more_ns) ||
        __builtin_add_overflow(ns, more_ns, &ns) || ns <= 0 ||
        __builtin_add_overflow(clock_wall_ns(), ns, until_ns))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "--until %.40s: it is a time from now such as 90d or 2y, or 0 for no "
                         "longer than its rules say",
                         text);
    return 0;
}

int command_backup_extend(struct session *s, struct error *e)
{
    struct catalog_backup backup;
    char until[CLOCK_TEXT_SIZE];
    const struct setup_key key = session_key(s);
    struct extend_request request = {
        .backup = &backup, .reason = session_value(s, OPTION_WHY), .key = &key};
    if (read_until(s, &request.until_ns, e) != 0 || session_setup(s, NEED_CATALOG, e) != 0 ||
        session_backup(s, 0, &backup, e) != 0 || extend_backup(s->setup, &request, e) != 0)
        return -1;
    clock_format_local(request.until_ns, until);
    if (s->output.use_json) {
        record_begin(&s->output, "extended");
        record_text(&s->output, "id", backup.id);
        record_time(&s->output, "kept_until", request.until_ns);
        record_end(&s->output);
    }
    if (request.until_ns == 0)
        output_note(&s->output, "backup %s of %s is kept as its rules say", backup.id,
                    backup.source_name);
    else
        output_note(&s->output, "backup %s of %s is kept until %s at least", backup.id,
                    backup.source_name, until);
    return 0;
}
