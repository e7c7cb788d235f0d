/* SPDX-License-Identifier: Apache-2.0 */
/* replica_end.c - replicas are found and deleted. */
#include "mirror/replica.h"

#include "base/clock.h"
#include "catalog/audit.h"
#include "engine/approval.h"
#include "engine/deletion.h"
#include "engine/locking.h"
#include "engine/task.h"
#include "engine/vault_facts.h"

#include <stdio.h>
#include <string.h>

/* ---- finding ---- */

/* Replicas of this name or id, vault by vault. */
struct search {
    struct setup *setup;
    const char *region, *vault, *text;
    struct replica_found *found;
    size_t count;
    char elsewhere[NAME_SIZE]; /* a region that was not asked for, and has it */
};

static bool is_asked(const struct search *search, const struct catalog_vault *row)
{
    char id[2 * CATALOG_ID_SIZE + 1];

    if (search->region != NULL && strcmp(search->region, row->region) != 0)
        return false;
    if (search->vault == NULL || strcmp(search->vault, row->name) == 0)
        return true;
    for (size_t i = 0; i < CATALOG_ID_SIZE; i++)
        snprintf(id + 2 * i, 3, "%02x", row->uuid[i]);
    return strlen(search->vault) >= 4 && strncmp(id, search->vault, strlen(search->vault)) == 0;
}

static int visit_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct search *search = context;
    struct error why = ERROR_INIT;
    struct catalog_backup backup;

    if (row->role != CATALOG_ROLE_REPLICATION)
        return 0;
    if (catalog_backup_find(setup_catalog(search->setup), row->uuid, NULL, search->text,
                            &backup, &why) != 0) {
        if (why.code == ERROR_NO_BACKUP)
            return 0;
        *e = why;
        return -1;
    }
    if (!is_asked(search, row)) {
        snprintf(search->elsewhere, sizeof(search->elsewhere), "%s", row->region);
        return 0;
    }
    search->count++;
    search->found->backup = backup;
    search->found->has_backup = true;
    snprintf(search->found->vault, sizeof(search->found->vault), "%s", row->name);
    return 0;
}

/* The line that a backup in a replication vault came from. */
struct line_search {
    struct replica_found *found;
};

static int visit_line(void *context, const struct catalog_ledger *line, struct error *e)
{
    struct replica_found *found = ((struct line_search *)context)->found;

    (void)e;
    if (memcmp(line->vault, found->backup.vault, CATALOG_ID_SIZE) != 0 ||
        strcmp(line->replica, found->backup.id) != 0)
        return 0;
    found->line = *line;
    found->has_line = true;
    return 1;
}

static int find_backup(struct search *search, struct error *e)
{
    struct catalog *catalog = setup_catalog(search->setup);
    struct line_search lines = {search->found};

    if (catalog_vault_list(catalog, visit_vault, search, e) != 0)
        return -1;
    if (search->count > 1)
        return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                         "'%s' means several replicas: give more of the id, or --vault",
                         search->text);
    if (search->count == 1)
        return catalog_ledger_list(catalog, NULL, NULL, search->region, visit_line, &lines, e) <
                       0
                   ? -1
                   : 0;
    if (search->elsewhere[0] != '\0')
        return error_set(e, LAGAN_NOT_FOUND, ERROR_WRONG_REGION,
                         "the replica '%s' is in region %s%s%s", search->text,
                         search->elsewhere, search->region ? ", not in " : "",
                         search->region ? search->region : "");
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_REPLICA,
                     "there is no replica '%s'%s%s; `lagan replica list` shows those there are",
                     search->text, search->region ? " in region " : "",
                     search->region ? search->region : "");
}

/* What became of a line: its vault and its backup may be gone. */
static int find_rest(struct search *search, struct error *e)
{
    struct catalog *catalog = setup_catalog(search->setup);
    struct replica_found *found = search->found;
    struct error gone = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(catalog, found->line.vault, &gone);

    if (row != NULL)
        snprintf(found->vault, sizeof(found->vault), "%s", row->name);
    catalog_vault_free(row);
    if (row == NULL && gone.code != ERROR_NO_VAULT) {
        *e = gone;
        return -1;
    }
    if (found->line.replica[0] == '\0' || found->line.gone_ns != 0)
        return 0;
    found->has_backup = catalog_backup_get(catalog, found->line.vault, found->line.replica,
                                           &found->backup, &gone) == 0;
    return 0;
}

static int find_line(struct search *search, struct error *e)
{
    struct catalog_ledger *line = &search->found->line;

    if (catalog_ledger_find(setup_catalog(search->setup), search->text, line, e) != 0)
        return -1;
    search->found->has_line = true;
    if (search->region != NULL && strcmp(search->region, line->region) != 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_WRONG_REGION,
                         "the replica '%s' is in region %s, not in %s", search->text,
                         line->region, search->region);
    return find_rest(search, e);
}

int replica_find(struct setup *s, const char *region, const char *vault, const char *text,
                 struct replica_found *found, struct error *e)
{
    struct replica_found made = {.has_line = false};
    struct search search = {
        .setup = s, .region = region, .vault = vault, .text = text, .found = &made};
    int result = strncmp(text, "r-", 2) == 0 ? find_line(&search, e) : find_backup(&search, e);

    if (result == 0)
        *found = made;
    return result;
}

/* ---- deleting ---- */

static int delete_seal(struct setup *s, const struct open_vault *vault, const char *id,
                       const char *reason, struct error *e)
{
    struct seal_list list = {NULL, 0};
    uint8_t writer[CATALOG_ID_SIZE];
    int result = vault_backups(vault->vault, &list, NULL, NULL, e);

    catalog_writer_id(setup_catalog(s), writer);
    for (size_t i = 0; result == 0 && i < list.count; i++) {
        if (strcmp(list.seals[i]->id, id) == 0) {
            result = vault_backup_delete(vault->vault, list.seals[i], writer,
                                         reason ? reason : "", e);
            break;
        }
    }
    seal_list_free(&list);
    return result;
}

static int delete_stored(struct setup *s, const struct replica_found *found,
                         const struct setup_key *key, const char *reason, struct error *e)
{
    struct open_vault vault = {0};
    struct catalog_vault *row = catalog_vault_get(setup_catalog(s), found->backup.vault, e);

    if (row == NULL)
        return -1;
    if (vault_facts_ask(s, row, vault_may_lose_backup, e) != 0 ||
        deletion_check(setup_catalog(s), row->uuid, found->backup.id, true, e) != 0) {
        catalog_vault_free(row);
        return -1;
    }
    int result = setup_vault_open_row(s, row, key, false, &vault, e);
    if (result == 0)
        result = locking_check(s, vault.row, vault.vault, NULL, e);
    if (result == 0)
        result = approval_ask(s, vault.row, APPROVAL_BACKUP_DELETE, found->backup.id, e);
    if (result == 0)
        result = approval_spend(s, vault.row, APPROVAL_BACKUP_DELETE, found->backup.id, e);
    if (result == 0)
        result = delete_seal(s, &vault, found->backup.id, reason, e);
    open_vault_close(&vault);
    return result;
}

/* The ledger and the audit log, in one transaction with what is done. */
static int note(struct setup *s, const struct replica_found *found, const char *what,
                const char *reason, struct error *e)
{
    const char *subject = found->has_backup ? found->backup.id : found->line.id;

    return catalog_audit_add(setup_catalog(s), CATALOG_EVENT_REPLICA_DELETE, subject, e,
                             "%s: vault %s%s%s%s%s", what, found->vault,
                             found->has_line ? ", " : "", found->has_line ? found->line.id : "",
                             reason && *reason ? ": " : "", reason ? reason : "");
}

static int bury(struct setup *s, const struct replica_found *found, const char *reason,
                struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct error gone = ERROR_INIT;

    if (catalog_backup_bury(catalog, found->backup.vault, found->backup.id, &gone) != 0 &&
        gone.code != ERROR_NO_BACKUP) {
        *e = gone;
        return -1;
    }
    if (catalog_ledger_bury(catalog, found->backup.vault, found->backup.id, clock_wall_ns(),
                            e) < 0)
        return -1;
    return note(s, found, "deleted", reason, e);
}

/* The ledger alone knows it. */
static int bury_line(struct setup *s, const struct replica_found *found, const char *reason,
                     struct error *e)
{
    if (catalog_ledger_bury(setup_catalog(s), found->line.vault, found->line.replica,
                            clock_wall_ns(), e) < 0)
        return -1;
    return note(s, found, "taken as gone", reason, e);
}

struct item_search {
    const char *subject;
    int64_t id;
};

static int visit_item(void *context, const struct catalog_item *item, struct error *e)
{
    struct item_search *search = context;

    (void)e;
    if (item->operation == CATALOG_OPERATION_REPLICA &&
        strcmp(item->subject, search->subject) == 0)
        search->id = item->id;
    return 0;
}

static int cancel(struct setup *s, const struct replica_found *found, const char *reason,
                  struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct catalog_ledger line = found->line;
    struct item_search search = {line.id, 0};

    if (catalog_item_list(catalog, line.vault, -1, visit_item, &search, e) != 0 ||
        (search.id != 0 && catalog_item_cancel(catalog, search.id, e) != 0))
        return -1;
    line.state = CATALOG_LEDGER_SKIP;
    line.ended_ns = clock_wall_ns();
    line.why = ERROR_INIT;
    error_set(&line.why, LAGAN_CANCELLED, ERROR_FAILED, "deleted before it was there");
    if (catalog_ledger_update(catalog, &line, e) != 0)
        return -1;
    return note(s, found, "dropped before it was made", reason, e);
}

typedef int ending(struct setup *s, const struct replica_found *found, const char *reason,
                   struct error *e);

static ending *choose(const struct replica_found *found, struct error *e)
{
    const struct catalog_ledger *line = &found->line;

    if (found->has_backup)
        return bury;
    if (line->state == CATALOG_LEDGER_WAITING || line->state == CATALOG_LEDGER_RUNNING)
        return cancel;
    if (line->state == CATALOG_LEDGER_SUCCESS && line->gone_ns == 0)
        return bury_line;
    error_set(e, LAGAN_NOT_FOUND, ERROR_NO_REPLICA, "there is nothing to delete: %s %s",
              line->id,
              line->gone_ns != 0                   ? "was deleted before"
              : line->state == CATALOG_LEDGER_FAIL ? "has failed and made no replica"
                                                   : "was skipped and made no replica");
    return NULL;
}

int replica_delete(struct setup *s, const struct replica_found *found,
                   const struct setup_key *key, const char *reason, struct error *e)
{
    struct catalog *catalog = setup_catalog(s);
    struct task task;
    ending *end = choose(found, e);

    if (end == NULL)
        return -1;
    task_begin(&task, catalog, CATALOG_TASK_DELETE,
               found->has_backup ? found->backup.vault : found->line.vault, NULL,
               found->has_backup ? found->backup.id : found->line.id, NULL);
    int result = end == bury ? delete_stored(s, found, key, reason, e) : 0;
    if (result == 0)
        result = catalog_begin(catalog, e);
    if (result == 0 && end(s, found, reason, e) != 0) {
        catalog_rollback(catalog);
        result = -1;
    } else if (result == 0) {
        result = catalog_commit(catalog, e);
    }
    task_end(&task, result == 0 ? NULL : e);
    return result;
}
