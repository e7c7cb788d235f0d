/* SPDX-License-Identifier: Apache-2.0 */
/* locking.c - see locking.h. */
#include "engine/locking.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "catalog/mirror.h"
#include "catalog/queue.h"
#include "engine/approval.h"
#include "engine/vault_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SETTING_SIZE = 64, VALUE_SIZE = 128 };

#define VALUE_FORMAT "%d %" PRIu32 " %" PRIu32 " %" PRId64 " %" PRIu32 " %" PRIu32

/* ---- what the catalog remembers ---- */

static void setting_name(const uint8_t id[CATALOG_ID_SIZE], char name[SETTING_SIZE])
{
    char text[2 * CATALOG_ID_SIZE + 1];
    text_hex(id, CATALOG_ID_SIZE, text);
    snprintf(name, SETTING_SIZE, "vault_lock.%s", text);
}

static void format_value(const struct vault_lock *lock, char value[VALUE_SIZE])
{
    snprintf(value, VALUE_SIZE, VALUE_FORMAT, (int)lock->mode, lock->least_days,
             lock->most_days, lock->effective_ns, lock->generation, lock->lifted);
}

/* What nobody can read any more is as good as nothing: the vault knows better. */
static bool parse_value(const char *value, struct vault_lock *lock)
{
    struct vault_lock read = {.mode = VAULT_LOCK_NONE};
    char again[VALUE_SIZE];
    int mode = 0;
    if (sscanf(value, "%d %" SCNu32 " %" SCNu32 " %" SCNd64 " %" SCNu32 " %" SCNu32, &mode,
               &read.least_days, &read.most_days, &read.effective_ns, &read.generation,
               &read.lifted) != 6)
        return false;
    read.mode = (enum vault_lock_mode)mode;
    format_value(&read, again);
    if (strcmp(again, value) != 0 || mode < VAULT_LOCK_NONE || mode > VAULT_LOCK_COMPLIANCE)
        return false;
    *lock = read;
    return true;
}

int locking_known(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct vault_lock *lock,
                  struct error *e)
{
    char name[SETTING_SIZE];
    struct error why = ERROR_INIT;
    setting_name(id, name);
    char *value CLEANUP_TEXT = catalog_setting_get(c, name, &why);
    if (!value && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    *lock = (struct vault_lock){.mode = VAULT_LOCK_NONE};
    if (value && value[0] && !parse_value(value, lock))
        log_write(LOG_WARNING, "lock", "the catalog's memory of a lock cannot be read: %s",
                  value);
    return lock->mode != VAULT_LOCK_NONE;
}

static int write_known(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                       const struct vault_lock *lock, struct error *e)
{
    char name[SETTING_SIZE], value[VALUE_SIZE];
    setting_name(id, name);
    format_value(lock, value);
    return catalog_setting_set(c, name, value, e);
}

int locking_forget(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    char name[SETTING_SIZE];
    setting_name(id, name);
    return catalog_setting_set(c, name, "", e);
}

/* ---- reading ---- */

/* Storage shows less, and nobody lifted it since. */
static bool has_lost(const struct vault_lock *stored, const struct vault_lock *known)
{
    return known->mode != VAULT_LOCK_NONE && stored->lifted <= known->generation &&
           vault_lock_is_weaker(stored, known);
}

static int lost(const struct catalog_vault *row, const struct vault_lock *known,
                struct error *e)
{
    return error_set(
        e, LAGAN_CORRUPT, ERROR_LOCK_STATE,
        "the vault %s had a lock (%s, %u days) that its storage does not show any "
        "more: records in locks/ were removed or damaged there; nothing is deleted "
        "until `lagan vault lock set %s --mode %s --least %u` has set it anew",
        row->name, vault_lock_mode_name(known->mode), known->least_days, row->name,
        vault_lock_mode_name(known->mode), known->least_days);
}

/* The mirror gets what is new. */
static int send(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], uint32_t generation,
                struct error *e)
{
    struct catalog_item item = {.operation = CATALOG_OPERATION_LOCK,
                                .class = CATALOG_CLASS_NEW};
    struct catalog_mirror mirror;
    int found = catalog_mirror_of(c, id, &mirror, e);
    if (found <= 0)
        return found;
    memcpy(item.lane, mirror.vault, sizeof(item.lane));
    snprintf(item.subject, sizeof(item.subject), "locks/%08x", generation);
    return catalog_item_insert(c, &item, NULL, e);
}

/* How it came about; NULL words: nobody did it here. */
struct change {
    enum catalog_event event;
    const char *words;
};

static int note(struct catalog *c, const struct catalog_vault *row,
                const struct vault_lock *lock, const struct change *change, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    return catalog_audit_add(
        c, change->event, id, e, "%s: %s: %s, at least %u days, at most %u", row->name,
        change->words, vault_lock_mode_name(lock->mode), lock->least_days, lock->most_days);
}

static int remember(struct catalog *c, const struct catalog_vault *row,
                    const struct vault_lock *lock, const struct vault_lock *known,
                    const struct change *change, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    if (write_known(c, row->uuid, lock, e) == 0 &&
        (lock->generation == known->generation ||
         send(c, row->uuid, lock->generation, e) == 0) &&
        (!change || note(c, row, lock, change, e) == 0))
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static bool is_same(const struct vault_lock *a, const struct vault_lock *b)
{
    char first[VALUE_SIZE], second[VALUE_SIZE];
    format_value(a, first);
    format_value(b, second);
    return strcmp(first, second) == 0;
}

/* Compares and remembers; `change` as in remember. */
static int check(struct setup *s, const struct catalog_vault *row, struct vault *vault,
                 const struct change *change, struct vault_lock *lock, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct vault_lock stored, known;
    if (vault_lock_read(vault, &stored, e) < 0 || locking_known(c, row->uuid, &known, e) < 0)
        return -1;
    if (has_lost(&stored, &known))
        return lost(row, &known, e);
    if ((change || !is_same(&stored, &known)) &&
        remember(c, row, &stored, &known, change, e) != 0)
        return -1;
    if (lock)
        *lock = stored;
    return 0;
}

int locking_check(struct setup *s, const struct catalog_vault *row, struct vault *vault,
                  struct vault_lock *lock, struct error *e)
{
    return check(s, row, vault, NULL, lock, e);
}

void locking_keep(struct setup *s, const struct open_vault *vault)
{
    struct error why = ERROR_INIT;
    int64_t ignored;
    if (locking_check(s, vault->row, vault->vault, NULL, &why) != 0 ||
        vault_lock_time(vault->vault, &ignored, &why) != 0)
        log_write(LOG_WARNING, "lock", "%s", why.text);
}

/* ---- changing ---- */

/* Also what storage has lost since is not to be undercut. */
static int check_known(struct setup *s, const struct open_vault *vault,
                       const struct vault_lock *wanted, struct error *e)
{
    struct vault_lock stored, known;
    if (vault_lock_read(vault->vault, &stored, e) < 0 ||
        locking_known(setup_catalog(s), vault->row->uuid, &known, e) < 0)
        return -1;
    if (!has_lost(&stored, &known) || (wanted && !vault_lock_is_weaker(wanted, &known)))
        return 0;
    if (!wanted)
        return lost(vault->row, &known, e);
    return error_set(
        e, LAGAN_PRECONDITION, ERROR_LOCK_SHORTER,
        "the vault %s had a lock (%s, at least %u days, at most %u; 0 = any), and a "
        "lock is only ever extended; set at least the same",
        vault->row->name, vault_lock_mode_name(known.mode), known.least_days, known.most_days);
}

int locking_set(struct setup *s, const struct open_vault *vault,
                const struct vault_lock *wanted, struct vault_lock *lock, struct error *e)
{
    static const struct change change = {CATALOG_EVENT_VAULT_LOCK, "locked"};
    if (vault_facts_ask(s, vault->row, vault_may_be_locked, e) != 0 ||
        check_known(s, vault, wanted, e) != 0 || vault_lock_set(vault->vault, wanted, e) != 0)
        return -1;
    return check(s, vault->row, vault->vault, &change, lock, e);
}

int locking_lift(struct setup *s, const struct open_vault *vault, struct vault_lock *lock,
                 struct error *e)
{
    static const struct change change = {CATALOG_EVENT_VAULT_UNLOCK, "lock lifted"};
    if (vault_facts_ask(s, vault->row, vault_may_be_locked, e) != 0 ||
        check_known(s, vault, NULL, e) != 0 ||
        approval_ask(s, vault->row, APPROVAL_LOCK_LIFT, vault->row->name, e) != 0 ||
        vault_lock_lift(vault->vault, e) != 0 ||
        approval_spend(s, vault->row, APPROVAL_LOCK_LIFT, vault->row->name, e) != 0)
        return -1;
    return check(s, vault->row, vault->vault, &change, lock, e);
}

int locking_admits(struct vault *vault, const struct stamp *stamp, struct error *e)
{
    struct vault_lock lock;
    int64_t now = clock_wall_ns(), end = 0;
    if (vault_lock_read(vault, &lock, e) < 0)
        return -1;
    if (stamp && stamp->retention)
        end = retention_expiry(stamp->retention, stamp->zone, now);
    return vault_lock_admits(&lock, end > now ? end - now : 0, e);
}
