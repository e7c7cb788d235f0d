/* SPDX-License-Identifier: Apache-2.0 */
/* purge.c - see purge.h. */
#include "engine/purge.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "driver/operation.h"
#include "engine/approval.h"
#include "engine/locking.h"
#include "engine/task.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 1000, OPEN_FOLDERS = 16 };

#define CONF "conf/"

/* All that a vault has (doc/format.md section 2), in the order in which it goes. */
static const char *const order[] = {"keys/",  "seals/",    "moves/", "rolls/",  "packs/",
                                    "runs/",  "sessions/", "prune/", "parity/", "audit/",
                                    "about/", "locks/",    "notes/", CONF};
enum { PARTS = sizeof(order) / sizeof(order[0]) };

/* A removal at work. */
struct removal {
    struct target *target;
    const struct job_reporter *reporter;
    struct purge_result *result;
    struct job_progress progress;
    struct error why;          /* of the first object that is left */
    struct catalog_pairs page; /* names of objects; no values */
    uint64_t page_bytes[PAGE];
};

static bool is_of_vault(const char *key)
{
    for (size_t i = 0; i < PARTS; i++) {
        if (strncmp(key, order[i], strlen(order[i])) == 0)
            return true;
    }
    return false;
}

static int count_object(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct removal *r = context;
    (void)e;
    if (!is_of_vault(key))
        return 0;
    r->progress.entries_total++;
    r->progress.bytes_total += bytes;
    return 0;
}

static int take_object(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct removal *r = context;
    r->page_bytes[r->page.count] = bytes;
    return catalog_pairs_add(&r->page, key, "", e);
}

static void note_first(char *first, const char *key)
{
    name_cut(key, CATALOG_TEXT_SIZE, 0, first, CATALOG_TEXT_SIZE);
}

/* What cannot be removed is counted, and the others go on; but a target that is away, or a
 * command that is cancelled, ends it. */
static int remove_object(struct removal *r, const char *key, uint64_t bytes, struct error *e)
{
    struct purge_result *result = r->result;
    struct error why = ERROR_INIT;
    if (target_remove(r->target, key, &why) == 0) {
        result->objects++;
        result->bytes += bytes;
        return 0;
    }
    if (why.error_class != LAGAN_IMMUTABLE && why.error_class != LAGAN_DENIED) {
        *e = why;
        return -1;
    }
    if (result->left++ == 0) {
        note_first(result->first_left, key);
        r->why = why;
    }
    return 0;
}

static void report(struct removal *r)
{
    r->progress.entries_done = r->result->objects;
    r->progress.bytes_done = r->result->bytes;
    r->progress.problems = r->result->left;
    if (r->reporter && r->reporter->progress)
        r->reporter->progress(r->reporter->context, &r->progress);
}

static int remove_page(struct removal *r, struct error *e)
{
    for (size_t i = 0; i < r->page.count; i++) {
        const char *key = r->page.items[i].name;
        if (operation_check(e) != 0 || remove_object(r, key, r->page_bytes[i], e) != 0)
            return -1;
    }
    report(r);
    return 0;
}

/* Behind the last name of a page, so that objects that stay do not come again. */
static int remove_part(struct removal *r, const char *prefix, struct error *e)
{
    char *after CLEANUP_TEXT = strdup("");
    bool more = true;
    int result = after ? 0 : error_no_memory(e, "a name");
    while (result == 0 && more) {
        catalog_pairs_clear(&r->page);
        result = target_list_page(r->target, prefix, after, PAGE, take_object, r, &more, e);
        if (result == 0)
            result = remove_page(r, e);
        if (result != 0 || r->page.count == 0)
            break;
        free(after);
        after = strdup(r->page.items[r->page.count - 1].name);
        if (!after)
            result = error_no_memory(e, "a name");
    }
    catalog_pairs_clear(&r->page);
    return result;
}

static int objects_left(struct removal *r, struct error *e)
{
    *e = r->why;
    e->code = ERROR_CONFLICT;
    return error_context(e, "%llu of %llu objects are removed, %llu are left, the first is %s",
                         (unsigned long long)r->result->objects,
                         (unsigned long long)r->progress.entries_total,
                         (unsigned long long)r->result->left, r->result->first_left);
}

/* The proof: nothing of the vault is there any more.  What was never of it stays, and is named.
 */
static int note_left(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct removal *r = context;
    struct purge_result *result = r->result;
    (void)bytes;
    (void)e;
    if (!is_of_vault(key)) {
        if (result->foreign++ == 0)
            note_first(result->first_foreign, key);
    } else if (result->left++ == 0) {
        note_first(result->first_left, key);
        error_set(&r->why, LAGAN_CHANGED, ERROR_CONFLICT, "somebody else writes there");
    }
    return 0;
}

static int remove_all(struct removal *r, struct error *e)
{
    if (target_list(r->target, "", count_object, r, e) != 0)
        return -1;
    for (size_t i = 0; i < PARTS; i++) {
        if (r->result->left > 0 && strcmp(order[i], CONF) == 0)
            return objects_left(r, e);
        if (remove_part(r, order[i], e) != 0 || target_flush(r->target, e) != 0)
            return -1;
    }
    if (target_list(r->target, "", note_left, r, e) != 0)
        return -1;
    return r->result->left == 0 ? 0 : objects_left(r, e);
}

/* Whoever calls: a vault that lies there has the say. */
static int ask_vault(struct target *target, struct error *e)
{
    struct vault *vault = NULL;
    struct error ignored = ERROR_INIT;
    if (vault_open(target, NULL, &vault, &ignored) != 0)
        return 0;
    int result = vault_lock_allows_purge(vault, e);
    vault_close(vault);
    return result;
}

int purge_objects(struct target *target, const struct job_reporter *reporter,
                  struct purge_result *result, struct error *e)
{
    struct error ignored = ERROR_INIT;
    if (ask_vault(target, e) != 0)
        return -1;
    struct removal *r = calloc(1, sizeof(*r));
    if (!r)
        return error_no_memory(e, "a purge");
    *r = (struct removal){.target = target, .reporter = reporter, .result = result};
    target_sweep(target, 0, NULL, &ignored);
    int done = remove_all(r, e);
    free(r);
    return done;
}

/* ---- the vault ---- */

static int drop_file(const char *path, const struct stat *found, int kind, struct FTW *walk)
{
    (void)found;
    (void)walk;
    if (kind == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

/* Copies of its small objects on this machine. */
static void drop_cache(struct setup *s, const struct catalog_vault *row)
{
    char id[2 * CATALOG_ID_SIZE + 1];
    char *path CLEANUP_TEXT = NULL;
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    if (asprintf(&path, "%s/cache/%s", setup_config(s)->state, id) < 0) {
        path = NULL;
        return;
    }
    nftw(path, drop_file, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* What lies there must be the vault that was deleted. */
static int check_identity(const struct catalog_vault *row, struct target *target, bool force,
                          struct error *e)
{
    struct vault *vault = NULL;
    struct error why = ERROR_INIT;
    if (vault_open(target, NULL, &vault, &why) == 0) {
        const struct vault_settings *settings = vault_settings(vault);
        bool same =
            memcmp(settings->uuid, row->lineage, sizeof(row->lineage)) == 0 &&
            memcmp(settings->root_public, row->root_public, sizeof(row->root_public)) == 0;
        vault_close(vault);
        if (same)
            return 0;
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "another vault lies in its place %s in region %s; nothing was removed",
                         row->prefix, row->region);
    }
    /* An earlier purge came to its very end, or there is damage that somebody knows of. */
    if (force || why.code == ERROR_NO_VAULT)
        return 0;
    *e = why;
    return error_context(e, "what lies in its place cannot be known again; --force removes it");
}

/* Opens its place: 1, or 0 when there is none although that of the region is there. */
static int open_place(struct setup *s, const struct catalog_vault *row,
                      struct open_target *place, struct error *e)
{
    const struct config_region *region = NULL;
    struct open_target top = {0};
    struct error why = ERROR_INIT;
    if (setup_region(s, row->region, &region, e) != 0)
        return -1;
    if (setup_target_open(s, region, row->prefix, 0, place, &why) == 0)
        return 1;
    if (why.error_class != LAGAN_NOT_FOUND || !row->prefix[0] ||
        setup_target_open(s, region, "", LAGAN_OPEN_READ_ONLY, &top, e) != 0) {
        *e = why;
        return -1;
    }
    open_target_close(&top);
    return 0;
}

static int empty_place(struct setup *s, const struct catalog_vault *row,
                       const struct purge_request *request, const struct job_reporter *reporter,
                       struct purge_result *result, struct error *e)
{
    struct open_target place = {0};
    int opened = open_place(s, row, &place, e);
    if (opened <= 0)
        return opened;
    int done = check_identity(row, place.target, request->force, e);
    if (done == 0)
        done = purge_objects(place.target, reporter, result, e);
    open_target_close(&place);
    return done;
}

/* With its own key when that is to be had, so that the passing of time is noted for next time.
 */
static int check_open(struct setup *s, const struct catalog_vault *row, struct vault *vault,
                      struct error *e)
{
    struct error ignored = ERROR_INIT;
    setup_vault_unlock(s, vault, row, NULL, &ignored);
    /* A purge that had begun has removed the records that would be missed. */
    if (row->state != CATALOG_VAULT_DELETING && locking_check(s, row, vault, NULL, e) != 0)
        return -1;
    return vault_lock_allows_purge(vault, e);
}

/* What cannot be opened is as locked as is remembered. */
static int check_unknown(struct setup *s, const struct catalog_vault *row,
                         const struct error *why, struct error *e)
{
    struct vault_lock known;
    if (row->state == CATALOG_VAULT_DELETING)
        return 0;
    int locked = locking_known(setup_catalog(s), row->uuid, &known, e);
    if (locked <= 0)
        return locked;
    return error_set(e, LAGAN_PRECONDITION, ERROR_LOCK_STATE,
                     "the vault has a lock (%s, %u days), and what it holds cannot be read now "
                     "(%.300s); nothing was removed",
                     vault_lock_mode_name(known.mode), known.least_days, why->text);
}

/* Before anything changes: what a lock holds stays. */
static int check_lock(struct setup *s, const struct catalog_vault *row, struct error *e)
{
    struct open_target place = {0};
    struct vault *vault = NULL;
    struct error why = ERROR_INIT;
    int opened = open_place(s, row, &place, e);
    if (opened <= 0)
        return opened;
    int result = vault_open(place.target, NULL, &vault, &why) == 0
                     ? check_open(s, row, vault, e)
                     : check_unknown(s, row, &why, e);
    vault_close(vault);
    open_target_close(&place);
    return result;
}

static int is_extended(void *context, const struct catalog_backup *row, struct error *e)
{
    struct catalog_backup *found = context;
    (void)e;
    if (row->keep_ns <= clock_wall_ns())
        return 0;
    *found = *row;
    return 1;
}

/* RET-15: what was extended in a vault with a lock is as safe as what the lock holds. */
static int check_extended(struct setup *s, const struct catalog_vault *row, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_backup kept;
    struct vault_lock known;
    char until[CLOCK_TEXT_SIZE];
    int locked = locking_known(c, row->uuid, &known, e);
    if (locked <= 0 || row->state == CATALOG_VAULT_DELETING)
        return locked < 0 ? -1 : 0;
    int found = catalog_backup_list(c, row->uuid, NULL, is_extended, &kept, e);
    if (found <= 0)
        return found;
    clock_format_utc(kept.keep_ns, until);
    return error_set(e, LAGAN_PRECONDITION, ERROR_BACKUP_EXTENDED,
                     "its backup %s is to be kept until %s, and the vault has a lock; nothing "
                     "was removed",
                     kept.id, until);
}

/* From here on nothing but the purge is left to do. */
static int begin(struct setup *s, const struct catalog_vault *row, bool early, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct vault_dossier dossier;
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    if (catalog_begin(c, e) != 0)
        return -1;
    struct catalog_vault *now = catalog_vault_get(c, row->uuid, e);
    int result = -1;
    if (now && vault_facts_read(s, now, &dossier, e) == 0 &&
        vault_may_be_purged(&dossier.facts, early, e) == 0 &&
        (!early || approval_spend(s, now, APPROVAL_VAULT_PURGE, row->name, e) == 0) &&
        catalog_vault_set_state(c, row->uuid, CATALOG_VAULT_DELETING, e) == 0)
        result = catalog_audit_add(c, CATALOG_EVENT_VAULT_STATE, id, e, "%s: purge begins%s",
                                   row->name, early ? ", before its time" : "");
    catalog_vault_free(now);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static int forget(struct setup *s, const struct catalog_vault *row,
                  const struct purge_result *result, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(row->uuid, CATALOG_ID_SIZE, id);
    if (catalog_begin(c, e) != 0)
        return -1;
    if (catalog_vault_delete(c, row->uuid, e) == 0 && locking_forget(c, row->uuid, e) == 0 &&
        catalog_audit_add(c, CATALOG_EVENT_VAULT_PURGE, id, e,
                          "%s in %s: %llu objects, %llu bytes; nothing of it is left",
                          row->name, row->region, (unsigned long long)result->objects,
                          (unsigned long long)result->bytes) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

static int run(struct setup *s, const struct catalog_vault *row,
               const struct purge_request *request, struct purge_result *result,
               struct error *e)
{
    struct task task;
    char subject[CATALOG_TEXT_SIZE];
    snprintf(subject, sizeof(subject), "%.*s", NAME_LIMIT, row->name);
    task_begin(&task, setup_catalog(s), CATALOG_TASK_VAULT_DELETE, row->uuid, NULL, subject,
               request->reporter);
    struct job_reporter reporter = task_reporter(&task);
    memcpy(result->task, task.row.id, sizeof(result->task));
    int done = empty_place(s, row, request, &reporter, result, e);
    if (done == 0)
        done = forget(s, row, result, e);
    task.row.problems = result->left;
    task_end(&task, done == 0 ? NULL : e);
    if (done == 0)
        drop_cache(s, row);
    return done;
}

int purge_vault(struct setup *s, const struct catalog_vault *row,
                const struct purge_request *request, struct purge_result *result,
                struct error *e)
{
    *result = (struct purge_result){0};
    if (check_lock(s, row, e) != 0 || check_extended(s, row, e) != 0)
        return error_context(e, "purge of the vault %s", row->name);
    if (request->force && approval_ask(s, row, APPROVAL_VAULT_PURGE, row->name, e) != 0)
        return -1;
    if (begin(s, row, request->force, e) != 0)
        return -1;
    if (run(s, row, request, result, e) != 0)
        return error_context(e, "purge of the vault %s", row->name);
    return 0;
}
