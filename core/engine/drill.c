/* SPDX-License-Identifier: Apache-2.0 */
/* drill.c - see drill.h. */
#include "engine/drill_private.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/keep.h"
#include "engine/restore.h"
#include "engine/restore_note.h"
#include "engine/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORE_MEMORY = 32 << 20 };

/* A drill at work. */
struct drill {
    struct setup *setup;
    const struct drill_request *request;
    struct open_vault vault;
    struct seal_list seals;
    const struct seal *seal;
    struct catalog_pin pin; /* of the backup, while the drill goes on */
    struct store *store;
    struct drill_scratch scratch;
    char *content; /* within the scratch folder */
    struct drill_sample sample;
    struct catalog_drill row;
    struct error refused; /* the first entry that could not be restored */
};

static int open_vault(struct drill *d, const struct catalog_vault *row, struct error *e)
{
    struct catalog_vault *copy = catalog_vault_get(setup_catalog(d->setup), row->uuid, e);
    return copy ? setup_vault_open_row(d->setup, copy, d->request->key, true, &d->vault, e)
                : -1;
}

static int choose(struct drill *d, struct error *e)
{
    const char *text = d->request->backup ? d->request->backup : "latest";
    struct catalog_backup named;
    struct error ignored = ERROR_INIT;
    if (vault_backups(d->vault.vault, &d->seals, NULL, NULL, e) != 0)
        return -1;
    /* The catalog knows the names that people have given. */
    if (catalog_backup_find(setup_catalog(d->setup), d->vault.row->uuid, NULL, text, &named,
                            &ignored) == 0)
        text = named.id;
    if (seal_list_find(&d->seals, text, NULL, &d->seal, e) != 0)
        return -1;
    d->sample = (struct drill_sample){.seed = d->seal->hash, .percent = d->request->percent};
    memcpy(d->row.backup, d->seal->id, sizeof(d->row.backup));
    return restore_may_be(d->setup, d->vault.row, d->seal, e);
}

/* Nobody deletes it under the drill's feet. */
static int keep(struct drill *d, struct error *e)
{
    int kept = keep_begin(setup_catalog(d->setup), d->vault.row->uuid, d->seal->id, d->row.task,
                          "a restore drill reads it", &d->pin, e);
    if (kept == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_BACKUP,
                         "backup %s is being deleted, or not in the catalog", d->seal->id);
    return kept < 0 ? -1 : 0;
}

static int make_scratch(struct drill *d, struct error *e)
{
    char *parent CLEANUP_TEXT = NULL;
    const char *asked = d->request->scratch;
    if (asprintf(&parent, asked ? "%s" : "%s/drills",
                 asked ? asked : setup_config(d->setup)->state) < 0) {
        parent = NULL;
        return error_no_memory(e, "a path");
    }
    if (drill_scratch_make(&d->scratch, parent, e) != 0)
        return -1;
    if (asprintf(&d->content, "%s/content", d->scratch.folder) < 0) {
        d->content = NULL;
        return error_no_memory(e, "a path");
    }
    return 0;
}

static bool take(void *context, const struct tree_entry *entry)
{
    const struct drill *d = context;
    return drill_takes(&d->sample, entry);
}

static void on_progress(void *context, const struct job_progress *progress)
{
    const struct drill *d = context;
    const struct job_reporter *outer = d->request->reporter;
    if (outer && outer->progress)
        outer->progress(outer->context, progress);
}

/* What could not be restored differs when it is compared; here its reason is kept. */
static void on_problem(void *context, const struct job_problem *problem)
{
    struct drill *d = context;
    if (!problem->warning && d->refused.error_class == LAGAN_OK)
        error_set(&d->refused, problem->error_class ? problem->error_class : LAGAN_IO,
                  ERROR_FAILED, "%s", problem->text);
}

/* A drill restores into a folder of its own. */
static int check_place(struct drill *d, struct error *e)
{
    char *path CLEANUP_TEXT = NULL;
    if (setup_place_path(d->setup, d->seal, d->content, &path, e) != 0)
        return -1;
    if (path)
        return 0;
    return error_set(
        e, LAGAN_UNSUPPORTED, ERROR_FAILED,
        "backups of %s are not restored to a path: there is no folder to try it in",
        d->seal->source_driver ? d->seal->source_driver : "this source");
}

static int restore(struct drill *d, struct error *e)
{
    struct open_source place = {0};
    struct restore_result ignored;
    bool root = geteuid() == 0;
    if (check_place(d, e) != 0 ||
        setup_place_open(d->setup, d->seal, d->content, true, &place, e) != 0)
        return -1;
    struct restore_request request = {
        .vault = d->vault.vault,
        .store = d->store,
        .seal = d->seal,
        .place = place.source,
        .take = take,
        .take_context = d,
        .create_flags = root ? LAGAN_CREATE_NUMERIC_OWNERS : LAGAN_CREATE_NO_OWNERS,
        .threads = setup_config(d->setup)->limits.threads,
        .reporter = {d, on_progress, on_problem},
    };
    int result = restore_run(&request, &ignored, e);
    open_source_close(&place);
    return result;
}

static int compare(struct drill *d, const struct job_reporter *reporter, struct error *e)
{
    struct open_source place = {0};
    struct drill_compare c = {.vault = d->vault.vault,
                              .store = d->store,
                              .seal = d->seal,
                              .sample = d->sample,
                              .owners = geteuid() == 0,
                              .reporter = reporter};
    if (setup_place_read(d->setup, d->seal, d->content, &place, e) != 0)
        return -1;
    c.place = place.source;
    int result = drill_compare_run(&c, e);
    open_source_close(&place);
    d->row.entries = c.entries;
    d->row.bytes = c.bytes;
    d->row.differences = c.differences;
    memcpy(d->row.digest, c.digest, sizeof(d->row.digest));
    if (c.differences == 0 || result != 0)
        return result;
    bool refused = d->refused.error_class != LAGAN_OK;
    return error_set(e, LAGAN_CORRUPT, ERROR_DRILL_DIFFERS,
                     "%llu of %llu entries are not as in the backup, the first one: %s%s%s",
                     (unsigned long long)c.differences, (unsigned long long)c.entries, c.detail,
                     refused ? "; it could not be restored: " : "",
                     refused ? d->refused.text : "");
}

static int run(struct drill *d, const struct catalog_vault *row,
               const struct job_reporter *reporter, struct error *e)
{
    if (open_vault(d, row, e) != 0 || choose(d, e) != 0 || keep(d, e) != 0 ||
        store_open(d->vault.vault, STORE_MEMORY, &d->store, e) != 0 ||
        make_scratch(d, e) != 0 || restore(d, e) != 0)
        return -1;
    if (d->request->restored)
        d->request->restored(d->request->context, d->content);
    return compare(d, reporter, e);
}

static void close_all(struct drill *d)
{
    keep_end(setup_catalog(d->setup), &d->pin);
    drill_scratch_remove(&d->scratch);
    free(d->content);
    store_close(d->store);
    seal_list_free(&d->seals);
    open_vault_close(&d->vault);
}

/* What came of it stays known. */
static void record(struct drill *d, const struct error *why)
{
    struct error e = ERROR_INIT;
    const char *state = !why                               ? "success"
                        : why->code == ERROR_DRILL_DIFFERS ? "differs"
                                                           : "failed";
    snprintf(d->row.state, sizeof(d->row.state), "%s", state);
    snprintf(d->row.detail, sizeof(d->row.detail), "%s", why ? why->text : "");
    d->row.ended_ns = clock_wall_ns();
    if (catalog_drill_insert(setup_catalog(d->setup), &d->row, &e) != 0)
        log_write(LOG_WARNING, "drill", "the drill is not recorded: %s", e.text);
}

int drill_run(struct setup *s, const struct catalog_vault *row,
              const struct drill_request *request, struct drill_result *result, struct error *e)
{
    struct drill d = {.setup = s, .request = request};
    char subject[CATALOG_TEXT_SIZE];
    struct task task;
    d.row.started_ns = clock_wall_ns();
    memcpy(d.row.vault, row->uuid, sizeof(d.row.vault));
    snprintf(d.row.policy, sizeof(d.row.policy), "%s", request->policy ? request->policy : "");
    snprintf(subject, sizeof(subject), "%.*s, %u %%", NAME_LIMIT, row->name, request->percent);
    task_begin(&task, setup_catalog(s), CATALOG_TASK_DRILL, row->uuid, NULL, subject,
               request->reporter);
    struct job_reporter reporter = task_reporter(&task);
    memcpy(d.row.task, task.row.id, sizeof(d.row.task));
    int done = run(&d, row, &reporter, e);
    if (done != 0)
        error_context(e, "restore drill in %s", row->name);
    memcpy(task.row.backup, d.row.backup, sizeof(task.row.backup));
    task_end(&task, done != 0 ? e : NULL);
    record(&d, done != 0 ? e : NULL);
    result->row = d.row;
    snprintf(result->backup_name, sizeof(result->backup_name), "%s",
             d.seal && d.seal->backup_name ? d.seal->backup_name : "");
    close_all(&d);
    return done;
}
