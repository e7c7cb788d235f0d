/* SPDX-License-Identifier: Apache-2.0 */
/* extend.c - see extend.h. */
#include "engine/extend.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/approval.h"
#include "engine/locking.h"
#include "engine/notes.h"

#include <stdio.h>
#include <string.h>

static bool is_shorter(const struct extend_request *r, const struct catalog_backup *now)
{
    return r->until_ns < now->keep_ns;
}

/* ---- what stands against it ---- */

static int check_words(const struct extend_request *r, struct error *e)
{
    const char *reason = r->reason ? r->reason : "";
    if (strlen(reason) >= CATALOG_TEXT_SIZE || !text_is_clean_utf8(reason, strlen(reason)))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "the reason is one line of at most %d bytes", CATALOG_TEXT_SIZE - 1);
    if (r->until_ns == 0 || r->until_ns > clock_wall_ns())
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                     "the time until which backup %s is to be kept is over already",
                     r->backup->id);
}

static int check_state(const struct catalog_backup *now, const struct catalog_vault *vault,
                       struct error *e)
{
    if (vault->role == CATALOG_ROLE_MIRROR)
        return error_set(e, LAGAN_PRECONDITION, ERROR_VAULT_IS_MIRROR,
                         "the vault %s is a mirror; extend the backup in the vault that it "
                         "follows",
                         vault->name);
    if (now->state == CATALOG_BACKUP_DELETING || now->state == CATALOG_BACKUP_DELETED)
        return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_STATE, "backup %s is deleted%s",
                         now->id,
                         now->state == CATALOG_BACKUP_DELETED
                             ? "; `lagan backup undelete` brings it back first"
                             : "");
    return 0;
}

static int check_shorter(const struct extend_request *r, const struct vault_lock *lock,
                         const struct catalog_backup *now, struct error *e)
{
    char until[CLOCK_TEXT_SIZE];
    clock_format_utc(now->keep_ns, until);
    if (lock->mode != VAULT_LOCK_NONE || lock->unsure > 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_SHORTER,
                         "backup %s is to be kept until %s, and in a vault with a lock that is "
                         "only ever extended",
                         now->id, until);
    if (!r->reason || !r->reason[0])
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "backup %s is to be kept until %s; to let it go earlier --reason has "
                         "to say why",
                         now->id, until);
    return 0;
}

/* VLT-24 holds for what people extend, too. */
static int check_longer(const struct extend_request *r, const struct vault_lock *lock,
                        const struct catalog_backup *now, struct error *e)
{
    struct vault_lock most = {.mode = lock->mode, .most_days = lock->most_days};
    int64_t whole_ns;
    if (lock->mode == VAULT_LOCK_NONE || lock->most_days == 0)
        return 0;
    if (__builtin_sub_overflow(r->until_ns, now->created_ns, &whole_ns))
        whole_ns = INT64_MAX;
    return vault_lock_admits(&most, whole_ns, e);
}

/* ---- doing it ---- */

static int note(struct setup *s, const struct extend_request *r,
                const struct catalog_backup *now, struct error *e)
{
    const char *reason = r->reason ? r->reason : "";
    char until[CLOCK_TEXT_SIZE] = "by its rules alone";
    char before[CLOCK_TEXT_SIZE] = "by its rules alone";
    if (r->until_ns != 0)
        clock_format_utc(r->until_ns, until);
    if (now->keep_ns != 0)
        clock_format_utc(now->keep_ns, before);
    return catalog_audit_add(setup_catalog(s), CATALOG_EVENT_BACKUP_EXTEND, now->id, e,
                             "%s is kept until: %s, before: %s%s%s", now->source_name, until,
                             before, reason[0] ? ": " : "", reason);
}

static int write_row(struct setup *s, const struct open_vault *vault,
                     const struct extend_request *r, const struct catalog_backup *now,
                     struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (catalog_begin(c, e) != 0)
        return -1;
    if ((!is_shorter(r, now) ||
         approval_spend(s, vault->row, APPROVAL_BACKUP_SHORTEN, now->id, e) == 0) &&
        catalog_backup_set_keep(c, now->vault, now->id, r->until_ns, e) == 0 &&
        note(s, r, now, e) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* What is longer is in the vault before it is promised, what is shorter after. */
static int change(struct setup *s, const struct open_vault *vault,
                  const struct extend_request *r, const struct catalog_backup *now,
                  struct error *e)
{
    struct catalog_backup changed = *now;
    bool shorter = is_shorter(r, now);
    changed.keep_ns = r->until_ns;
    if (shorter && (approval_ask(s, vault->row, APPROVAL_BACKUP_SHORTEN, now->id, e) != 0 ||
                    write_row(s, vault, r, now, e) != 0))
        return -1;
    if (notes_tell_backup(vault->vault, &changed, e) != 0)
        return -1;
    return shorter ? 0 : write_row(s, vault, r, now, e);
}

static int extend_in(struct setup *s, const struct open_vault *vault,
                     const struct extend_request *r, struct error *e)
{
    struct catalog_backup now;
    struct vault_lock lock;
    if (catalog_backup_get(setup_catalog(s), r->backup->vault, r->backup->id, &now, e) != 0 ||
        check_state(&now, vault->row, e) != 0 ||
        locking_check(s, vault->row, vault->vault, &lock, e) != 0)
        return -1;
    if (r->until_ns == now.keep_ns)
        return 0;
    int result = is_shorter(r, &now) ? check_shorter(r, &lock, &now, e)
                                     : check_longer(r, &lock, &now, e);
    return result == 0 ? change(s, vault, r, &now, e) : -1;
}

int extend_backup(struct setup *s, const struct extend_request *request, struct error *e)
{
    struct open_vault vault = {0};
    if (check_words(request, e) != 0)
        return -1;
    struct catalog_vault *row = catalog_vault_get(setup_catalog(s), request->backup->vault, e);
    if (!row || setup_vault_open_row(s, row, request->key, false, &vault, e) != 0)
        return -1;
    int result = extend_in(s, &vault, request, e);
    open_vault_close(&vault);
    return result;
}
