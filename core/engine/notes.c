/* SPDX-License-Identifier: Apache-2.0 */
/* notes.c - see notes.h. */
#include "engine/notes_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/approval.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char KEEP[] = "keep-until", DELETED[] = "deleted", PURGE[] = "purge",
                  REASON[] = "reason";

int notes_add_number(struct vault_note *note, const char *name, int64_t value, struct error *e)
{
    char text[24];
    if (value == 0)
        return 0;
    snprintf(text, sizeof(text), "%" PRId64, value);
    return vault_about_add(&note->facts, name, text, e);
}

int64_t notes_number(const struct vault_note *note, const char *name)
{
    const char *text = vault_about_find(&note->facts, name);
    uint64_t number = 0;
    if (!text || text_parse_u64(text, &number) != 0 || number > INT64_MAX)
        return 0;
    return (int64_t)number;
}

/* ---- backups ---- */

int notes_tell_backup(struct vault *v, const struct catalog_backup *row, struct error *e)
{
    struct vault_note note = {.kind = VAULT_NOTE_BACKUP};
    int result = -1;
    if (!vault_note_topic(row->id, note.topic))
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "%s is no backup's id", row->id);
    if (notes_add_number(&note, KEEP, row->keep_ns, e) == 0 &&
        notes_add_number(&note, DELETED, row->deleted_ns, e) == 0 &&
        notes_add_number(&note, PURGE, row->purge_ns, e) == 0 &&
        (!row->delete_reason[0] ||
         vault_about_add(&note.facts, REASON, row->delete_reason, e) == 0))
        result = vault_note_write(v, &note, e);
    vault_note_free(&note);
    return result;
}

void notes_forget_backup(struct vault *v, const char *id)
{
    struct vault_note note = {.kind = VAULT_NOTE_BACKUP};
    struct error why = ERROR_INIT;
    if (vault_note_topic(id, note.topic) && vault_note_write(v, &note, &why) != 0)
        log_write(LOG_INFO, "delete", "a note on the backup %s stays: %s", id, why.text);
}

/* Whoever can write to the storage can bring back what a vault has said once: a deletion that a
 * rebuild learns of can be taken back for as long as a new one.  Where the catalog knew the
 * vault, the backup may have been brought back since. */
static int take_deletion(struct setup *s, const struct vault_note *note,
                         const struct catalog_backup *backup, struct notes_taken *taken,
                         struct error *e)
{
    const char *reason = vault_about_find(&note->facts, REASON);
    int64_t deleted_ns = notes_number(note, DELETED), purge_ns = notes_number(note, PURGE);
    int64_t least_ns = clock_wall_ns() + setup_config(s)->limits.undelete_ns;
    bool known = backup->state == CATALOG_BACKUP_DELETED;
    if (deleted_ns == 0 || (known && backup->purge_ns >= least_ns))
        return 0;
    taken->backups_deleted += !known;
    return catalog_backup_discard(setup_catalog(s), backup->vault, backup->id, deleted_ns,
                                  purge_ns > least_ns ? purge_ns : least_ns,
                                  reason ? reason : "", e);
}

static int take_backup(struct setup *s, const struct vault_note *note,
                       const struct catalog_vault *row, bool new_vault,
                       struct notes_taken *taken, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_backup backup;
    struct error gone = ERROR_INIT;
    char id[SEAL_ID_TEXT];
    int64_t keep_ns = notes_number(note, KEEP);
    if (!vault_note_backup(note->topic, id))
        return 0;
    if (catalog_backup_get(c, row->uuid, id, &backup, &gone) != 0) {
        if (gone.code == ERROR_NO_BACKUP)
            return 0; /* it went for good */
        *e = gone;
        return -1;
    }
    if (keep_ns > backup.keep_ns) {
        if (catalog_backup_set_keep(c, row->uuid, id, keep_ns, e) != 0)
            return -1;
        taken->backups_extended++;
    }
    return new_vault ? take_deletion(s, note, &backup, taken, e) : 0;
}

/* ---- all of them ---- */

struct taking {
    struct setup *setup;
    const struct catalog_vault *row;
    bool new_vault;
    struct notes_taken *taken;
};

static int take(void *context, const struct vault_note *note, struct error *e)
{
    struct taking *t = context;
    switch (note->kind) {
    case VAULT_NOTE_BACKUP:
        return take_backup(t->setup, note, t->row, t->new_vault, t->taken, e);
    case VAULT_NOTE_POLICY:
        return notes_take_policy(t->setup, note, t->row, t->new_vault, t->taken, e);
    case VAULT_NOTE_APPROVAL:
        return t->new_vault && t->row->role != CATALOG_ROLE_MIRROR
                   ? approval_take(t->setup, note, t->row, &t->taken->approvers, e)
                   : 0;
    default:
        log_write(LOG_WARNING, "catalog", "a note in the vault %s is of a newer program",
                  t->row->name);
        return 0;
    }
}

int notes_take(struct setup *s, struct vault *v, const struct catalog_vault *row,
               bool new_vault, struct notes_taken *taken, struct error *e)
{
    struct taking t = {s, row, new_vault, taken};
    return vault_note_list(v, take, &t, e);
}

int notes_tell_vault(struct setup *s, struct vault *v, const struct catalog_vault *row,
                     struct error *e)
{
    if (row->role == CATALOG_ROLE_MIRROR)
        return 0; /* it follows its vault */
    if (notes_tell_policies(s, v, row, e) != 0)
        return -1;
    return approval_tell(s, v, row, e);
}

/* ---- with the next chance ---- */

static void setting_name(const struct catalog_vault *row, char name[64])
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    snprintf(name, 64, "noted_%s", id);
}

static int tell_closed(struct setup *s, const struct catalog_vault *row,
                       const struct setup_key *key, struct error *e)
{
    struct open_vault vault = {0};
    struct catalog_vault *own = catalog_vault_get(setup_catalog(s), row->uuid, e);
    if (!own || setup_vault_open_row(s, own, key, false, &vault, e) != 0)
        return -1;
    int result = notes_tell_vault(s, vault.vault, row, e);
    open_vault_close(&vault);
    return result;
}

/* `vault` NULL: it is opened first. */
static int keep(struct setup *s, const struct catalog_vault *row,
                const struct open_vault *vault, const struct setup_key *key, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct error ignored = ERROR_INIT;
    char name[64], mark[65];
    if (row->role == CATALOG_ROLE_MIRROR)
        return 0;
    setting_name(row, name);
    if (notes_mark(s, row, mark, e) != 0)
        return -1;
    char *told = catalog_setting_get(c, name, &ignored);
    bool same = strcmp(told ? told : "", mark) == 0;
    free(told);
    if (same)
        return 0;
    if ((vault ? notes_tell_vault(s, vault->vault, row, e) : tell_closed(s, row, key, e)) != 0)
        return -1;
    return catalog_setting_set(c, name, mark, e);
}

int notes_keep(struct setup *s, const struct catalog_vault *row, const struct setup_key *key,
               struct error *e)
{
    return keep(s, row, NULL, key, e);
}

int notes_keep_open(struct setup *s, const struct open_vault *vault, struct error *e)
{
    return keep(s, vault->row, vault, NULL, e);
}
