/* SPDX-License-Identifier: Apache-2.0 */
/* protect.c - see protect.h. */
#include "engine/protect.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/audit.h"
#include "engine/backup.h"
#include "engine/backup_row.h"
#include "engine/hold.h"
#include "engine/keep.h"
#include "engine/locking.h"
#include "engine/manage.h"
#include "engine/notes.h"
#include "engine/reconcile.h"
#include "engine/rules.h"
#include "engine/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one backup needs while it runs. */
struct protection {
    struct setup *setup;
    const struct protect_request *request;
    struct catalog_source *row; /* of the source, known before it is opened */
    struct hold hold;
    struct open_source source;
    struct seal_list seals; /* of the vault */
    struct select_rules *rules;
    char name[NAME_SIZE];
    char task[CATALOG_TASK_ID_SIZE];
    struct catalog_pin pin; /* of the parent; without a backup: none */
};

/* The parameter of sources of this driver that says where; NULL when it is no path. */
static const struct lagan_parameter *place_parameter(const struct driver *driver)
{
    const struct lagan_parameter *place =
        driver_parameter_marked(driver, LAGAN_PARAMETER_PLACE);
    return place && place->type == LAGAN_PARAMETER_PATH ? place : NULL;
}

/* The path that the source starts at; NULL when it is no path. */
static const char *source_root(const struct protection *p)
{
    const struct driver *driver = NULL;
    struct error later = ERROR_INIT; /* opening it tells what is wrong with the driver */
    if (setup_driver(p->setup, p->row->driver, LAGAN_KIND_SOURCE, &driver, &later) != 0)
        return NULL;
    const struct lagan_parameter *place = place_parameter(driver);
    return place ? catalog_pairs_find(&p->row->parameters, place->name) : NULL;
}

/* A vault within what it protects would grow by itself for ever. */
static int leave_out(struct protection *p, const char *folder, struct error *e)
{
    const char *root = source_root(p);
    char *real CLEANUP_TEXT = folder ? realpath(folder, NULL) : NULL;
    bool added = false;
    if (!root || !real)
        return 0;
    if (rules_add_folder(p->rules, root, real, "own storage", &added, e) != 0)
        return -1;
    if (added)
        log_write(LOG_INFO, "backup", "%s is left out: it is lagan's own storage", real);
    return 0;
}

static int leave_out_storage(void *context, const char *path, struct error *e)
{
    return leave_out(context, path, e);
}

static int leave_out_own(struct protection *p, struct error *e)
{
    char *cache CLEANUP_TEXT = NULL;
    if (asprintf(&cache, "%s/cache", setup_config(p->setup)->state) < 0) {
        cache = NULL;
        return error_no_memory(e, "a path");
    }
    if (leave_out(p, cache, e) != 0)
        return -1;
    return setup_vault_paths(p->setup, p->request->vault->row, leave_out_storage, p, e);
}

static int collect_rules(struct protection *p, struct error *e)
{
    char origin[NAME_SIZE + 16];
    p->rules = select_rules_new(SELECT_DEFAULT_TAKE, e);
    if (!p->rules)
        return -1;
    snprintf(origin, sizeof(origin), "source %s: ", p->source.row->name);
    if (rules_add_pairs(p->rules, &p->source.row->rules, origin, e) != 0)
        return -1;
    if (p->request->rules && rules_add_pairs(p->rules, p->request->rules, "--", e) != 0)
        return -1;
    return leave_out_own(p, e);
}

static int choose_name(struct protection *p, struct error *e)
{
    const char *name = p->request->name;
    if (!name)
        return catalog_backup_name(setup_catalog(p->setup), p->request->vault->row->uuid,
                                   p->request->stamp != NULL, p->name, e);
    if (name_check(NAME_BACKUP, name, e) != 0)
        return -1;
    snprintf(p->name, sizeof(p->name), "%s", name);
    return 0;
}

/* The newest backup of this source that the same driver made, of those before `*at`, which
 * becomes where it stands. */
static const struct seal *find_parent(const struct protection *p, size_t *at)
{
    for (size_t i = *at; i-- > 0;) {
        const struct seal *seal = p->seals.seals[i];
        if (memcmp(seal->source_id, p->source.row->id, CATALOG_ID_SIZE) == 0 &&
            seal->source_driver && strcmp(seal->source_driver, p->source.row->driver) == 0) {
            *at = i;
            return seal;
        }
    }
    return NULL;
}

/* What the vault has; what earlier commands began and could not end is ended. */
static int look_around(struct protection *p, struct error *e)
{
    struct open_vault *vault = p->request->vault;
    struct error why = ERROR_INIT;
    if (vault_deletions_finish(vault->vault, e) != 0 ||
        vault_backups(vault->vault, &p->seals, NULL, NULL, e) != 0)
        return -1;
    /* The backup matters more than what the catalog lacks. */
    if (reconcile_backups(setup_catalog(p->setup), vault->row->uuid, vault->vault, &p->seals,
                          &why) != 0)
        log_write(LOG_WARNING, "backup", "the catalog may lack backups: %s", why.text);
    return 0;
}

/* What the catalog knows of the vault and storage does not yet is told now, when the vault is
 * open anyway. */
static void tell_vault(struct protection *p)
{
    struct open_vault *vault = p->request->vault;
    struct error why = ERROR_INIT;
    if (manage_tell_vault(p->setup, vault->vault, vault->row, &why) != 0)
        log_write(LOG_WARNING, "backup", "the vault does not say yet what it is: %s", why.text);
    if (notes_keep_open(p->setup, vault, &why) != 0)
        log_write(LOG_WARNING, "backup", "the vault does not know its policies yet: %s",
                  why.text);
    locking_keep(p->setup, vault);
}

/* The row of the source; a path that is new is registered. */
static int know_source(struct protection *p, struct error *e)
{
    const struct protect_request *request = p->request;
    struct open_source first = {0};
    if (setup_source_known(p->setup, request->source, &p->row, e) != 0)
        return -1;
    if (p->row)
        return 0;
    if (setup_source_open(p->setup, request->source, request->parameters, &first, e) != 0)
        return -1;
    p->row = first.row;
    first.row = NULL;
    open_source_close(&first);
    return 0;
}

static int prepare(struct protection *p, struct error *e)
{
    const struct protect_request *request = p->request;
    if (vault_facts_ask(p->setup, request->vault->row, vault_may_take_backup, e) != 0 ||
        locking_admits(request->vault->vault, request->stamp, e) != 0)
        return -1;
    if (request->description && name_check_description(request->description, e) != 0)
        return -1;
    if (choose_name(p, e) != 0)
        return -1;
    return know_source(p, e);
}

static int begin_hold(struct protection *p, struct error *e)
{
    const struct protect_request *request = p->request;
    const struct hold_request hold = {.catalog = setup_catalog(p->setup),
                                      .source = p->row->id,
                                      .policy = request->policy_hooks,
                                      .wanted = request->consistency,
                                      .facts = {.source = p->row->name,
                                                .vault = request->vault->row->name,
                                                .policy = request->policy_name,
                                                .path = source_root(p)}};
    return hold_begin(&p->hold, &hold, e);
}

/* The parameters for this time, and the path that a hook has named before them. */
static int collect_parameters(struct protection *p, struct catalog_pairs *pairs,
                              struct error *e)
{
    const struct catalog_pairs *given = p->request->parameters;
    const char *path = hold_path(&p->hold);
    const struct driver *driver = NULL;
    if (path) {
        if (setup_driver(p->setup, p->row->driver, LAGAN_KIND_SOURCE, &driver, e) != 0)
            return -1;
        const struct lagan_parameter *place = place_parameter(driver);
        if (!place)
            return error_set(e, LAGAN_UNSUPPORTED, ERROR_HOOK_FAILED,
                             "a hook said LAGAN_PATH=%s, but what %s reads has no path", path,
                             p->row->driver);
        if (catalog_pairs_add(pairs, place->name, path, e) != 0)
            return -1;
        log_write(LOG_INFO, "backup", "%s is read from %s", p->row->name, path);
    }
    for (size_t i = 0; given && i < given->count; i++) {
        if (catalog_pairs_add(pairs, given->items[i].name, given->items[i].value, e) != 0)
            return -1;
    }
    return 0;
}

static int open_source(struct protection *p, struct error *e)
{
    struct catalog_pairs pairs = {0};
    int result = collect_parameters(p, &pairs, e);
    if (result == 0)
        result = setup_source_open(p->setup, p->row->name, &pairs, &p->source, e);
    catalog_pairs_clear(&pairs);
    return result;
}

/* All that has to be open and known before something is read. */
static int open_all(struct protection *p, struct error *e)
{
    if (begin_hold(p, e) != 0 || open_source(p, e) != 0 || collect_rules(p, e) != 0 ||
        look_around(p, e) != 0)
        return -1;
    tell_vault(p);
    return 0;
}

/* The same pairs in the words of a seal, which point into them; the caller frees. */
static struct seal_pair *seal_pairs(const struct catalog_pairs *pairs, struct error *e)
{
    struct seal_pair *made = calloc(pairs->count + 1, sizeof(*made));
    if (!made) {
        error_no_memory(e, "what a seal says of its source");
        return NULL;
    }
    for (size_t i = 0; i < pairs->count; i++)
        made[i] = (struct seal_pair){pairs->items[i].name, pairs->items[i].value};
    return made;
}

/* The parent, which nobody deletes meanwhile.  What was deleted is none. */
static const struct seal *keep_parent(struct protection *p)
{
    size_t at = p->seals.count;
    const struct seal *parent = NULL;
    char reason[CATALOG_TEXT_SIZE];
    struct error why = ERROR_INIT;
    int kept = 0;
    snprintf(reason, sizeof(reason), "the next backup of %s builds upon it", p->row->name);
    while (kept == 0 && (parent = find_parent(p, &at)) != NULL)
        kept = keep_begin(setup_catalog(p->setup), p->request->vault->row->uuid, parent->id,
                          p->task, reason, &p->pin, &why);
    if (kept < 0) /* without it the backup would fail at worst, and nothing is lost */
        log_write(LOG_WARNING, "backup", "the last backup is not pinned: %s", why.text);
    return parent;
}

/* Once, or twice where the parent turns out to be damaged. */
static int run_backup(struct backup_request *backup, struct seal **seal, struct error *e)
{
    int result = backup_run(backup, seal, e);
    if (result == 0 || !backup->parent || e->error_class != LAGAN_CORRUPT)
        return result;
    /* What was found damaged is remembered, and stored anew. */
    log_write(LOG_WARNING, "backup", "the last backup cannot be read: %s; once more without it",
              e->text);
    *e = ERROR_INIT;
    backup->parent = NULL;
    return backup_run(backup, seal, e);
}

/* Everything is read: the source may go on, and it is known what the backup is. */
static int note_consistency(void *context, struct seal *seal, struct error *e)
{
    struct protection *p = context;
    hold_release(&p->hold);
    if (hold_tag(&p->hold, seal, e) != 0)
        return -1;
    return stamp_tag(p->request->stamp, clock_wall_ns(), seal, e);
}

static int pass(void *context, uint64_t bytes, struct error *e)
{
    return pace_wait(context, bytes, e);
}

static int ask_room(void *context, uint64_t bytes, struct error *e)
{
    const struct protection *p = context;
    return manage_room(p->setup, p->request->vault->row->uuid, bytes, e);
}

static int run(struct protection *p, const struct job_reporter *reporter, struct seal **seal,
               struct error *e)
{
    const struct catalog_source *row = p->source.row;
    uint8_t writer[CATALOG_ID_SIZE];
    catalog_writer_id(setup_catalog(p->setup), writer);
    struct backup_request backup = {
        .source = p->source.source,
        .vault = p->request->vault->vault,
        .parent = keep_parent(p),
        .full = p->request->full,
        .rules = p->rules,
        .source_id = row->id,
        .writer_id = writer,
        .source_name = row->name,
        .parameter_count = row->parameters.count,
        .source_rule_count = row->rules.count,
        .host = setup_host_name(p->setup),
        .name = p->name,
        .description = p->request->description,
        .threads = setup_config(p->setup)->limits.threads,
        .reporter = *reporter,
        .room = p->request->vault->row->quota_bytes > 0 ? ask_room : NULL,
        .room_context = p,
        .pass = p->request->pace != NULL ? pass : NULL,
        .pass_context = p->request->pace,
        .read = note_consistency,
        .read_context = p,
    };
    struct seal_pair *parameters = seal_pairs(&row->parameters, e);
    struct seal_pair *rules = parameters ? seal_pairs(&row->rules, e) : NULL;
    backup.parameters = parameters;
    backup.source_rules = rules;
    int result = rules ? run_backup(&backup, seal, e) : -1;
    free(parameters);
    free(rules);
    return result;
}

/* Its row, the end of the task and the audit line, all or none. */
static int store_row(struct protection *p, struct task *task, const struct catalog_backup *row,
                     struct error *e)
{
    struct catalog *catalog = setup_catalog(p->setup);
    const struct catalog_vault *vault = p->request->vault->row;
    if (catalog_begin(catalog, e) != 0)
        return -1;
    int result = task->catalog ? catalog_backup_commit(catalog, row, &task->row, e)
                               : catalog_backup_insert(catalog, row, e);
    if (result == 0)
        result =
            catalog_audit_add(catalog, CATALOG_EVENT_BACKUP_CREATE, row->id, e,
                              "%s of %s into %s", row->name, row->source_name, vault->name);
    if (result == 0 && p->request->recorded)
        result = p->request->recorded(p->request->context, task->row.id, row, e);
    if (result == 0)
        return catalog_commit(catalog, e);
    catalog_rollback(catalog);
    return -1;
}

/* The backup is there; now the catalog learns of it. */
static void record(struct protection *p, struct task *task, struct protect_result *result)
{
    const uint8_t *vault = p->request->vault->row->uuid;
    backup_row_fill(&result->row, vault, result->seal, &p->seals);
    memcpy(task->row.backup, result->row.id, sizeof(task->row.backup));
    task->row.problems = result->seal->problem_total;
    store_row(p, task, &result->row, &result->unrecorded);
}

/* Once for each crossing. */
static void warn_of_quota(struct protection *p)
{
    const struct catalog_vault *vault = p->request->vault->row;
    char used[TEXT_SIZE_SIZE], quota[TEXT_SIZE_SIZE];
    uint64_t used_bytes = 0, quota_bytes = 0;
    if (vault->quota_bytes == 0 ||
        !manage_quota_warning(p->setup, vault->uuid, &used_bytes, &quota_bytes))
        return;
    text_format_size(used_bytes, used);
    text_format_size(quota_bytes, quota);
    log_write(LOG_WARNING, "quota", "the vault %s holds %s of the %s that it may", vault->name,
              used, quota);
}

static void fill_result(const struct protection *p, struct protect_result *result)
{
    result->wanted = p->hold.wanted;
    result->reached = p->hold.reached;
    result->less = p->hold.why;
    result->warning = p->hold.warning;
    if (result->less.error_class != LAGAN_OK)
        log_write(LOG_WARNING, "backup", "%s: consistency %s instead of %s: %s", p->row->name,
                  policy_consistency_name(result->reached),
                  policy_consistency_name(result->wanted), result->less.text);
}

static int run_task(struct protection *p, struct protect_result *result, struct error *e)
{
    const struct catalog_vault *vault = p->request->vault->row;
    char subject[CATALOG_TEXT_SIZE];
    struct task task;
    snprintf(subject, sizeof(subject), "%s -> %.*s", p->row->name, NAME_LIMIT, vault->name);
    task_begin(&task, setup_catalog(p->setup), CATALOG_TASK_BACKUP, vault->uuid, p->row->id,
               subject, p->request->reporter);
    struct job_reporter reporter = task_reporter(&task);
    memcpy(result->task, task.row.id, sizeof(result->task));
    memcpy(p->task, task.row.id, sizeof(p->task));
    if (p->request->started)
        p->request->started(p->request->context, task.row.id);
    if (open_all(p, e) != 0 || run(p, &reporter, &result->seal, e) != 0) {
        error_context(e, "backup of %s", p->row->name);
        hold_end(&p->hold, NULL, "failed", e);
        task_end(&task, e);
        return -1;
    }
    record(p, &task, result);
    warn_of_quota(p);
    hold_end(&p->hold, result->row.id,
             result->row.state == CATALOG_BACKUP_PARTIAL ? "partial" : "success", NULL);
    fill_result(p, result);
    return 0;
}

int protect_run(struct setup *s, const struct protect_request *request,
                struct protect_result *result, struct error *e)
{
    struct protection p = {.setup = s, .request = request};
    struct protect_result made = {.unrecorded = ERROR_INIT};
    int done = prepare(&p, e) == 0 && run_task(&p, &made, e) == 0 ? 0 : -1;
    if (done == 0)
        *result = made;
    keep_end(setup_catalog(s), &p.pin);
    hold_free(&p.hold);
    select_rules_free(p.rules);
    seal_list_free(&p.seals);
    open_source_close(&p.source);
    catalog_source_free(p.row);
    return done;
}
