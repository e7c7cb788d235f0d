/* SPDX-License-Identifier: Apache-2.0 */
/* command_vault_lock.c - the lock on a vault's backups: shown, set and extended, lifted. */
#include "cli/record.h"
#include "cli/vault_options.h"

#include "base/clock.h"
#include "base/text.h"
#include "engine/locking.h"

#include <stdio.h>

static void record_lock(struct output *o, const struct catalog_vault *row,
                        const struct vault_lock *lock, int64_t now_ns)
{
    record_begin(o, "vault_lock");
    record_text(o, "vault", row->name);
    record_text(o, "mode", vault_lock_mode_name(lock->mode));
    if (lock->mode != VAULT_LOCK_NONE) {
        record_number(o, "least_days", lock->least_days);
        record_number(o, "most_days", lock->most_days);
    }
    if (lock->mode == VAULT_LOCK_COMPLIANCE) {
        record_time(o, "effective", lock->effective_ns);
        record_flag(o, "in_force", now_ns >= lock->effective_ns);
    }
    record_time(o, "time_that_counts", now_ns);
    if (lock->unsure > 0)
        record_number(o, "unreadable_records", lock->unsure);
    record_end(o);
}

/* The vault of the operand, open as the options say. */
static int open_operand(struct session *s, bool read_only, struct open_vault *vault,
                        struct error *e)
{
    struct setup_key key = session_key(s);
    struct catalog_vault *row = NULL;
    if (session_setup(s, NEED_CATALOG, e) != 0 || vault_operand(s, &row, e) != 0)
        return -1;
    key.locked = read_only;
    return setup_vault_open_row(s->setup, row, &key, read_only, vault, e);
}

/* The lock and the time, both as storage shows them now. */
static int show(struct session *s, const struct open_vault *vault,
                const struct vault_lock *lock, struct error *e)
{
    int64_t now_ns = 0;
    if (vault_lock_time(vault->vault, &now_ns, e) != 0)
        return -1;
    record_lock(&s->output, vault->row, lock, now_ns);
    return 0;
}

int command_vault_lock_show(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    struct vault_lock lock;
    int result = open_operand(s, true, &vault, e);
    if (result == 0)
        result = locking_check(s->setup, vault.row, vault.vault, &lock, e);
    if (result == 0)
        result = show(s, &vault, &lock, e);
    open_vault_close(&vault);
    return result;
}

/* ---- set ---- */

static int read_days(const struct session *s, enum option option, uint32_t *days,
                     struct error *e)
{
    const char *text = session_value(s, option);
    uint64_t number = 0;
    if (!text)
        return 0;
    if (text_parse_u64(text, &number) != 0 || number < 1 || number > VAULT_LOCK_DAYS_LIMIT)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER, "--%s %s: it is 1 to %d days",
                         option_rows[option].name, text, VAULT_LOCK_DAYS_LIMIT);
    *days = (uint32_t)number;
    return 0;
}

static int read_wish(const struct session *s, struct vault_lock *wanted, struct error *e)
{
    const char *text = session_value(s, OPTION_MODE);
    int mode = text ? vault_lock_mode_parse(text) : VAULT_LOCK_NONE;
    if (text && mode <= VAULT_LOCK_NONE)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "--mode %s: it is governance or compliance", text);
    if (!text || !session_given(s, OPTION_LEAST))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "vault lock set needs --mode and --least: what kind of lock, and for "
                         "how many days it keeps each backup at least");
    wanted->mode = (enum vault_lock_mode)mode;
    return read_days(s, OPTION_LEAST, &wanted->least_days, e) == 0
               ? read_days(s, OPTION_MOST, &wanted->most_days, e)
               : -1;
}

/* What people agree to. */
static int confirm_set(struct session *s, const struct catalog_vault *row,
                       const struct vault_lock *wanted, struct error *e)
{
    char what[384];
    snprintf(what, sizeof(what), "locking the backups of the vault %.80s for %u days each%s",
             row->name, wanted->least_days,
             wanted->mode == VAULT_LOCK_COMPLIANCE
                 ? ", which nobody, whatever key he has, can lift or shorten after 72 hours,"
                 : ", which only the recovery key lifts,");
    return vault_confirm(s, row, what, e);
}

static void tell_set(struct session *s, const struct catalog_vault *row,
                     const struct vault_lock *lock)
{
    char since[CLOCK_TEXT_SIZE];
    output_note(&s->output, "no backup of the vault %s can be deleted before it is %u days old",
                row->name, lock->least_days);
    if (lock->mode != VAULT_LOCK_COMPLIANCE)
        return;
    clock_format_utc(lock->effective_ns, since);
    output_note(&s->output,
                "until %s `lagan vault lock lift %s` takes that back, and from then on nobody "
                "does",
                since, row->name);
}

/* What became of it is said once: as a record, or as lines. */
static int show_change(struct session *s, const struct open_vault *vault,
                       const struct vault_lock *lock, struct error *e)
{
    return s->output.use_json ? show(s, vault, lock, e) : 0;
}

static int set(struct session *s, const struct open_vault *vault,
               const struct vault_lock *wanted, struct error *e)
{
    struct vault_lock lock;
    if (confirm_set(s, vault->row, wanted, e) != 0 ||
        locking_set(s->setup, vault, wanted, &lock, e) != 0 ||
        show_change(s, vault, &lock, e) != 0)
        return -1;
    tell_set(s, vault->row, &lock);
    return 0;
}

int command_vault_lock_set(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    struct vault_lock wanted = {.mode = VAULT_LOCK_NONE};
    int result = read_wish(s, &wanted, e);
    if (result == 0)
        result = open_operand(s, false, &vault, e);
    if (result == 0)
        result = set(s, &vault, &wanted, e);
    open_vault_close(&vault);
    return result;
}

/* ---- lift ---- */

static int lift(struct session *s, const struct open_vault *vault, struct error *e)
{
    char what[256];
    struct vault_lock lock;
    snprintf(what, sizeof(what), "lifting the lock on the backups of the vault %.80s",
             vault->row->name);
    if (vault_confirm(s, vault->row, what, e) != 0 ||
        locking_lift(s->setup, vault, &lock, e) != 0 ||
        show_change(s, vault, &lock, e) != 0)
        return -1;
    output_note(&s->output,
                lock.mode == VAULT_LOCK_NONE
                    ? "the vault %s has no lock any more"
                    : "what could be lifted of the lock of the vault %s is lifted",
                vault->row->name);
    return 0;
}

int command_vault_lock_lift(struct session *s, struct error *e)
{
    struct open_vault vault = {0};
    int result = open_operand(s, false, &vault, e);
    if (result == 0)
        result = lift(s, &vault, e);
    open_vault_close(&vault);
    return result;
}
