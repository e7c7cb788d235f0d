/* SPDX-License-Identifier: Apache-2.0 */
/* deletion.c - see deletion.h. */
#include "engine/deletion.h"

#include "base/clock.h"
#include "catalog/audit.h"
#include "catalog/keep.h"
#include "engine/approval.h"
#include "engine/locking.h"
#include "engine/notes.h"
#include "engine/reconcile.h"
#include "engine/trusted_time.h"
#include "engine/vault_facts.h"

#include <stdio.h>
#include <string.h>

static const char by_hand[] = "by-hand";

int deletion_prepare(struct setup *s, const struct open_vault *vault,
                     const struct seal_list *seals, struct error *e)
{
    if (vault_facts_ask(s, vault->row, vault_may_lose_backup, e) != 0 ||
        locking_check(s, vault->row, vault->vault, NULL, e) != 0 ||
        vault_deletions_finish(vault->vault, e) != 0)
        return -1;
    return reconcile_backups(setup_catalog(s), vault->row->uuid, vault->vault, seals, e);
}

/* ---- what stands against it ---- */

/* The first pin is enough. */
static int tell_pin(void *context, const struct catalog_pin *pin, struct error *e)
{
    static const char *const words[] = {
#define X(symbol, name, text) text,
        CATALOG_PINS(X)
#undef X
    };
    static const char *const ways[] = {
        [CATALOG_PIN_HOLD] = "`lagan backup release` lets go of it",
        [CATALOG_PIN_IMAGE] = "delete the image first",
        [CATALOG_PIN_JOB] = "try again when that is over",
    };
    (void)context;
    return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_PINNED,
                     "backup %s cannot be deleted: %s%s%s%s; %s", pin->backup, words[pin->kind],
                     pin->reason[0] ? " (" : "", pin->reason, pin->reason[0] ? ")" : "",
                     ways[pin->kind]);
}

static int check_newest(struct catalog *c, const struct catalog_backup *row, struct error *e)
{
    struct catalog_backup newest;
    int found = catalog_backup_latest(c, row->vault, row->source, &newest, e);
    if (found <= 0 || strcmp(newest.id, row->id) != 0)
        return found < 0 ? -1 : 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_LATEST,
                     "backup %s is the newest of %s; --force deletes it all the same", row->id,
                     row->source_name);
}

/* RET-15: by the time that may be trusted; a clock in doubt ends no promise. */
static int check_extended(struct catalog *c, const struct catalog_backup *row, struct error *e)
{
    struct trusted_time time;
    char until[CLOCK_TEXT_SIZE];
    if (row->keep_ns == 0)
        return 0;
    if (trusted_time_read(c, &time, e) != 0)
        return -1;
    if (!time.doubtful && time.now_ns >= row->keep_ns)
        return 0;
    clock_format_utc(row->keep_ns, until);
    return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_EXTENDED,
                     "backup %s is to be kept until %s: somebody has extended its time; `lagan "
                     "backup extend %s --until 0 --reason TEXT` takes that back where no lock "
                     "forbids it",
                     row->id, until, row->id);
}

int deletion_check(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *id,
                   bool force, struct error *e)
{
    struct catalog_backup row;
    if (catalog_backup_get(c, vault, id, &row, e) != 0)
        return -1;
    if (row.state == CATALOG_BACKUP_DELETING)
        return error_set(e, LAGAN_BUSY, ERROR_BACKUP_STATE,
                         "backup %s is being deleted already", id);
    if (catalog_pin_list(c, vault, id, tell_pin, NULL, e) != 0 ||
        check_extended(c, &row, e) != 0)
        return -1;
    return force ? 0 : check_newest(c, &row, e);
}

/* ---- doing it ---- */

static bool needs_approval(const struct deletion_request *r)
{
    return !r->policy && !r->approved;
}

/* From here on nothing begins to need it: who pins it looks at the state. */
static int mark(struct setup *s, const struct deletion_request *r, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    const uint8_t *vault = r->vault->row->uuid;
    if (catalog_begin(c, e) != 0)
        return -1;
    if (deletion_check(c, vault, r->seal->id, r->force, e) == 0 &&
        (!needs_approval(r) ||
         approval_spend(s, r->vault->row, APPROVAL_BACKUP_DELETE, r->seal->id, e) == 0) &&
        catalog_backup_set_state(c, vault, r->seal->id, CATALOG_BACKUP_DELETING, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* Whether it is gone or not, nobody knows better than the vault; what cannot be asked now is
 * left to the next command that writes. */
static void look_again(struct catalog *c, const struct deletion_request *r)
{
    struct seal_list seals = {0};
    struct error ignored = ERROR_INIT;
    if (vault_backups(r->vault->vault, &seals, NULL, NULL, &ignored) == 0)
        reconcile_backups(c, r->vault->row->uuid, r->vault->vault, &seals, &ignored);
    seal_list_free(&seals);
}

static int note(struct catalog *c, const struct deletion_request *r, struct error *e)
{
    const char *reason = r->reason ? r->reason : "";
    struct catalog_deletion line = {.created_ns = r->seal->created_ns};
    memcpy(line.vault, r->vault->row->uuid, sizeof(line.vault));
    memcpy(line.backup, r->seal->id, sizeof(line.backup));
    snprintf(line.source_name, sizeof(line.source_name), "%s",
             r->seal->source_name ? r->seal->source_name : "");
    snprintf(line.backup_name, sizeof(line.backup_name), "%s",
             r->seal->backup_name ? r->seal->backup_name : "");
    snprintf(line.policy, sizeof(line.policy), "%s", r->policy ? r->policy : "");
    snprintf(line.rule, sizeof(line.rule), "%s", r->rule ? r->rule : by_hand);
    name_cut(reason, sizeof(line.reason), 0, line.reason, sizeof(line.reason));
    if (catalog_deletion_insert(c, &line, e) != 0)
        return -1;
    return catalog_audit_add(c, CATALOG_EVENT_BACKUP_DELETE, r->seal->id, e, "from %s%s%s%s%s",
                             r->vault->row->name, r->policy ? " by policy " : "",
                             r->policy ? r->policy : "", reason[0] ? ": " : "", reason);
}

/* Row, reason and audit line, all or none; a row that is gone already is no hindrance. */
static int record(struct catalog *c, const struct deletion_request *r, struct error *e)
{
    struct error gone = ERROR_INIT;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_backup_bury(c, r->vault->row->uuid, r->seal->id, &gone);
    if (result != 0 && gone.code == ERROR_NO_BACKUP)
        result = 0;
    else if (result != 0)
        *e = gone;
    if (result == 0)
        result = note(c, r, e);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

int deletion_run(struct setup *s, const struct deletion_request *request,
                 struct error *unrecorded, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    uint8_t writer[CATALOG_ID_SIZE];
    catalog_writer_id(c, writer);
    if ((needs_approval(request) && approval_ask(s, request->vault->row, APPROVAL_BACKUP_DELETE,
                                                 request->seal->id, e) != 0) ||
        mark(s, request, e) != 0)
        return -1;
    if (vault_backup_delete(request->vault->vault, request->seal, writer,
                            request->reason ? request->reason : "", e) != 0) {
        look_again(c, request);
        return -1;
    }
    *unrecorded = ERROR_INIT;
    record(c, request, unrecorded);
    notes_forget_backup(request->vault->vault, request->seal->id);
    return 0;
}
