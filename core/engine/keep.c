/* SPDX-License-Identifier: Apache-2.0 */
/* keep.c - see keep.h. */
#include "engine/keep.h"

#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"

#include <stdio.h>
#include <string.h>

static struct catalog_pin pin_of(const struct catalog_backup *backup)
{
    struct catalog_pin pin = {.kind = CATALOG_PIN_HOLD};
    memcpy(pin.vault, backup->vault, sizeof(pin.vault));
    memcpy(pin.backup, backup->id, sizeof(pin.backup));
    return pin;
}

/* Deletions at a mirror follow those of its source, whatever is held there. */
static int refuse_mirror(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         struct error *e)
{
    struct catalog_vault *row = catalog_vault_get(c, vault, e);
    if (!row)
        return -1;
    int result = 0;
    if (row->role == CATALOG_ROLE_MIRROR)
        result = error_set(e, LAGAN_PRECONDITION, ERROR_VAULT_IS_MIRROR,
                           "the vault %s is a mirror; hold the backup in the vault that it "
                           "follows",
                           row->name);
    catalog_vault_free(row);
    return result;
}

/* Nothing begins to need what was deleted, whether it can be brought back or not. */
static bool is_going(const struct catalog_backup *row)
{
    return row->state == CATALOG_BACKUP_DELETING || row->state == CATALOG_BACKUP_DELETED;
}

static int hold(struct catalog *c, const struct catalog_backup *backup, const char *reason,
                struct error *e)
{
    struct catalog_pin pin = pin_of(backup);
    struct catalog_backup now;
    snprintf(pin.reason, sizeof(pin.reason), "%s", reason);
    if (refuse_mirror(c, backup->vault, e) != 0 ||
        catalog_backup_get(c, backup->vault, backup->id, &now, e) != 0)
        return -1;
    if (is_going(&now))
        return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_STATE, "backup %s is %s",
                         backup->id,
                         now.state == CATALOG_BACKUP_DELETING
                             ? "being deleted"
                             : "deleted; `lagan backup undelete` brings it back first");
    if (catalog_pin_set(c, &pin, e) != 0)
        return -1;
    return catalog_audit_add(c, CATALOG_EVENT_BACKUP_HOLD, backup->id, e, "%s%s%s",
                             backup->source_name, reason[0] ? ": " : "", reason);
}

int keep_hold(struct setup *s, const struct catalog_backup *backup, const char *reason,
              struct error *e)
{
    struct catalog *c = setup_catalog(s);
    const char *words = reason ? reason : "";
    if (strlen(words) >= CATALOG_TEXT_SIZE || !text_is_clean_utf8(words, strlen(words)))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "the reason is one line of at most %d bytes", CATALOG_TEXT_SIZE - 1);
    if (catalog_begin(c, e) != 0)
        return -1;
    if (hold(c, backup, words, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

int keep_release(struct setup *s, const struct catalog_backup *backup, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    const struct catalog_pin pin = pin_of(backup);
    if (catalog_begin(c, e) != 0)
        return -1;
    int cleared = catalog_pin_clear(c, &pin, e);
    if (cleared == 0)
        error_set(e, LAGAN_NOT_FOUND, ERROR_BACKUP_PINNED,
                  "nobody holds backup %s; there is nothing to release", backup->id);
    if (cleared > 0 && catalog_audit_add(c, CATALOG_EVENT_BACKUP_RELEASE, backup->id, e, "%s",
                                         backup->source_name) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* ---- jobs ---- */

int keep_begin(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *backup,
               const char *owner, const char *reason, struct catalog_pin *pin, struct error *e)
{
    struct catalog_pin made = {.kind = CATALOG_PIN_JOB};
    struct catalog_backup row;
    struct error gone = ERROR_INIT;
    memcpy(made.vault, vault, sizeof(made.vault));
    snprintf(made.backup, sizeof(made.backup), "%s", backup);
    snprintf(made.owner, sizeof(made.owner), "%s", owner);
    snprintf(made.reason, sizeof(made.reason), "%s", reason);
    if (catalog_begin(c, e) != 0)
        return -1;
    int found = catalog_backup_get(c, vault, backup, &row, &gone);
    if (found == 0 && !is_going(&row) && catalog_pin_set(c, &made, e) == 0 &&
        catalog_commit(c, e) == 0) {
        *pin = made;
        return 1;
    }
    catalog_rollback(c);
    if (found == 0 && !is_going(&row))
        return -1;
    if (found == 0 || gone.code == ERROR_NO_BACKUP)
        return 0;
    *e = gone;
    return -1;
}

void keep_end(struct catalog *c, const struct catalog_pin *pin)
{
    struct error why = ERROR_INIT;
    if (pin->backup[0] && catalog_pin_clear(c, pin, &why) < 0)
        log_write(LOG_WARNING, "catalog", "backup %s stays pinned until this process ends: %s",
                  pin->backup, why.text);
}
