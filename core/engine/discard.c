/* SPDX-License-Identifier: Apache-2.0 */
/* discard.c - see discard.h. */
#include "engine/discard.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/audit.h"
#include "driver/operation.h"
#include "engine/approval.h"
#include "engine/notes.h"
#include "engine/task.h"
#include "engine/trusted_time.h"
#include "engine/vault_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends what catalog_begin began. */
static int end(struct catalog *c, int result, struct error *e)
{
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static int64_t later(int64_t ns, int64_t by_ns)
{
    int64_t sum;
    return __builtin_add_overflow(ns, by_ns, &sum) ? DISCARD_NOT_YET : sum;
}

/* What the vault says of the backup is brought in line with its row. */
static void tell(struct setup *s, const struct open_vault *vault, const char *id,
                 struct error *unnoted)
{
    struct catalog_backup row;
    *unnoted = ERROR_INIT;
    if (catalog_backup_get(setup_catalog(s), vault->row->uuid, id, &row, unnoted) == 0)
        notes_tell_backup(vault->vault, &row, unnoted);
}

/* ---- deleting ---- */

static int check(struct setup *s, const struct deletion_request *r, struct error *e)
{
    struct catalog_backup row;
    char until[CLOCK_TEXT_SIZE];
    if (catalog_backup_get(setup_catalog(s), r->vault->row->uuid, r->seal->id, &row, e) != 0)
        return -1;
    if (row.state == CATALOG_BACKUP_DELETED) {
        clock_format_utc(row.purge_ns, until);
        return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_STATE,
                         "backup %s is deleted already, and goes for good %s%s; --now does not "
                         "wait for that",
                         row.id,
                         row.purge_ns == DISCARD_NOT_YET ? "when the clock is right" : "on ",
                         row.purge_ns == DISCARD_NOT_YET ? "" : until);
    }
    return deletion_check(setup_catalog(s), row.vault, row.id, r->force, e);
}

static int write_row(struct setup *s, const struct deletion_request *r, int64_t purge_ns,
                     struct error *e)
{
    struct catalog *c = setup_catalog(s);
    const char *reason = r->reason ? r->reason : "";
    char until[CLOCK_TEXT_SIZE] = "the clock is right";
    if (purge_ns != DISCARD_NOT_YET)
        clock_format_utc(purge_ns, until);
    if (check(s, r, e) != 0 ||
        (!r->approved &&
         approval_spend(s, r->vault->row, APPROVAL_BACKUP_DELETE, r->seal->id, e) != 0) ||
        catalog_backup_discard(c, r->vault->row->uuid, r->seal->id, clock_wall_ns(), purge_ns,
                               reason, e) != 0)
        return -1;
    return catalog_audit_add(c, CATALOG_EVENT_BACKUP_DELETE, r->seal->id, e,
                             "from %s, to be brought back until %s%s%s", r->vault->row->name,
                             until, reason[0] ? ": " : "", reason);
}

int discard_run(struct setup *s, const struct deletion_request *request, int64_t *purge_ns,
                struct error *unnoted, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    int64_t grace_ns = setup_config(s)->limits.undelete_ns;
    struct trusted_time time;
    if (grace_ns == 0) {
        *purge_ns = 0;
        return deletion_run(s, request, unnoted, e);
    }
    if (check(s, request, e) != 0 || trusted_time_read(c, &time, e) != 0 ||
        vault_lock_allows(request->vault->vault, request->seal, e) != 0 ||
        (!request->approved && approval_ask(s, request->vault->row, APPROVAL_BACKUP_DELETE,
                                            request->seal->id, e) != 0))
        return -1;
    int64_t until_ns = time.doubtful ? DISCARD_NOT_YET : later(time.now_ns, grace_ns);
    if (catalog_begin(c, e) != 0 || end(c, write_row(s, request, until_ns, e), e) != 0)
        return -1;
    *purge_ns = until_ns;
    tell(s, request->vault, request->seal->id, unnoted);
    return 0;
}

/* ---- bringing back ---- */

int discard_undo(struct setup *s, const struct open_vault *vault,
                 const struct catalog_backup *backup, struct error *unnoted, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (vault_facts_ask(s, vault->row, vault_may_lose_backup, e) != 0 ||
        catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_backup_bring_back(c, backup->vault, backup->id, e);
    if (result == 0)
        result =
            catalog_audit_add(c, CATALOG_EVENT_BACKUP_UNDELETE, backup->id, e,
                              "%s in %s, back again", backup->source_name, vault->row->name);
    if (end(c, result, e) != 0)
        return -1;
    tell(s, vault, backup->id, unnoted);
    return 0;
}

/* ---- for good ---- */

struct due_list {
    struct catalog_backup *items;
    size_t count;
};

static int collect(void *context, const struct catalog_backup *row, struct error *e)
{
    struct due_list *list = context;
    if (row->state != CATALOG_BACKUP_DELETED)
        return 0;
    if ((list->count & (list->count - 1)) == 0) {
        void *grown = realloc(list->items, (2 * list->count + 1) * sizeof(*list->items));
        if (!grown)
            return error_no_memory(e, "deleted backups");
        list->items = grown;
    }
    list->items[list->count++] = *row;
    return 0;
}

/* One that was deleted while the clock was in doubt has its time from now on. */
static int begin_time(struct setup *s, const struct catalog_backup *row, int64_t now_ns,
                      struct error *e)
{
    int64_t until_ns = later(now_ns, setup_config(s)->limits.undelete_ns);
    return catalog_backup_discard(setup_catalog(s), row->vault, row->id, row->deleted_ns,
                                  until_ns, row->delete_reason, e);
}

/* Keeps those that are due. */
static int choose(struct setup *s, struct due_list *list, int64_t now_ns,
                  struct discard_round *round, struct error *e)
{
    size_t due = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct catalog_backup *row = &list->items[i];
        if (row->purge_ns == DISCARD_NOT_YET && begin_time(s, row, now_ns, e) != 0)
            return -1;
        if (row->purge_ns > now_ns)
            round->waiting++;
        else
            list->items[due++] = *row;
    }
    list->count = due;
    return 0;
}

static bool is_refusal(const struct error *why)
{
    return why->code == ERROR_BACKUP_PINNED || why->code == ERROR_BACKUP_LOCKED ||
           why->code == ERROR_BACKUP_STATE || why->code == ERROR_BACKUP_EXTENDED ||
           why->code == ERROR_NO_BACKUP;
}

static const struct seal *find_seal(const struct seal_list *seals, const char *id)
{
    for (size_t i = 0; i < seals->count; i++) {
        if (strcmp(seals->seals[i]->id, id) == 0)
            return seals->seals[i];
    }
    return NULL;
}

static int delete_one(struct setup *s, struct open_vault *vault, const struct seal_list *seals,
                      const struct catalog_backup *row, struct discard_round *round,
                      struct error *e)
{
    char reason[2 * CATALOG_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
    struct error unrecorded = ERROR_INIT, why = ERROR_INIT;
    clock_format_utc(row->deleted_ns, when);
    snprintf(reason, sizeof(reason), "deleted on %s%s%s; its time to be brought back is over",
             when, row->delete_reason[0] ? ": " : "", row->delete_reason);
    const struct deletion_request request = {.vault = vault,
                                             .seal = find_seal(seals, row->id),
                                             .reason = reason,
                                             .force = true,
                                             .approved = true};
    if (!request.seal)
        return round->refused++, 0;
    if (deletion_run(s, &request, &unrecorded, &why) != 0) {
        if (!is_refusal(&why)) {
            *e = why;
            return error_context(e, "backup %s", row->id);
        }
        log_write(LOG_INFO, "delete", "%s stays: %s", row->id, why.text);
        return round->refused++, 0;
    }
    round->deleted++;
    if (unrecorded.error_class != LAGAN_OK)
        log_write(LOG_WARNING, "delete", "the catalog could not note it: %s", unrecorded.text);
    return 0;
}

static int delete_all(struct setup *s, struct open_vault *vault, const struct due_list *list,
                      struct discard_round *round, struct error *e)
{
    struct seal_list seals = {0};
    struct task task;
    if (vault_backups(vault->vault, &seals, NULL, NULL, e) != 0)
        return -1;
    int result = deletion_prepare(s, vault, &seals, e);
    if (result == 0) {
        task_begin(&task, setup_catalog(s), CATALOG_TASK_DELETE, vault->row->uuid, NULL,
                   vault->row->name, NULL);
        for (size_t i = 0; result == 0 && i < list->count; i++) {
            result = operation_check(e);
            if (result == 0)
                result = delete_one(s, vault, &seals, &list->items[i], round, e);
        }
        task.row.entries_done = round->deleted;
        task.row.entries_total = list->count;
        task_end(&task, result == 0 ? NULL : e);
    }
    seal_list_free(&seals);
    return result;
}

static int open_and_delete(struct setup *s, const struct catalog_vault *row,
                           const struct setup_key *key, const struct due_list *list,
                           struct discard_round *round, struct error *e)
{
    struct open_vault vault = {0};
    struct catalog_vault *own = catalog_vault_get(setup_catalog(s), row->uuid, e);
    if (!own || setup_vault_open_row(s, own, key, false, &vault, e) != 0)
        return -1;
    int result = delete_all(s, &vault, list, round, e);
    open_vault_close(&vault);
    return result;
}

int discard_due(struct setup *s, const struct catalog_vault *row, const struct setup_key *key,
                struct discard_round *round, struct error *e)
{
    struct due_list list = {NULL, 0};
    struct trusted_time time;
    *round = (struct discard_round){.waiting = 0};
    if (row->role == CATALOG_ROLE_MIRROR)
        return 0; /* it follows its vault */
    int result = catalog_backup_list(setup_catalog(s), row->uuid, NULL, collect, &list, e);
    if (result == 0 && list.count > 0)
        result = trusted_time_read(setup_catalog(s), &time, e);
    if (result == 0 && list.count > 0 && time.doubtful) {
        round->doubtful = true;
        round->waiting = list.count;
        list.count = 0;
    } else if (result == 0 && list.count > 0) {
        result = choose(s, &list, time.now_ns, round, e);
    }
    if (result == 0 && list.count > 0)
        result = open_and_delete(s, row, key, &list, round, e);
    free(list.items);
    return result;
}
