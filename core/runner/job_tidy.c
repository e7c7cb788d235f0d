/* SPDX-License-Identifier: Apache-2.0 */
/* job_tidy.c - what is done once a day for the whole; several runners do it as well as one. */
#include "base/clock.h"
#include "base/log.h"
#include "catalog/usage.h"
#include "engine/batch.h"
#include "engine/key_check.h"
#include "engine/manage.h"
#include "engine/policy_row.h"
#include "engine/purge.h"
#include "engine/tell.h"
#include "runner/job_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t DAY_NS = INT64_C(86400) * 1000000000;
enum { TRIAL_WARNING_DAYS = 7 };

/* ---- rows of vaults, for who changes the catalog while going through them ---- */

struct rows {
    uint8_t (*ids)[CATALOG_ID_SIZE];
    size_t count;
};

static int add_row(void *context, const struct catalog_vault *row, struct error *e)
{
    struct rows *rows = context;
    void *grown = reallocarray(rows->ids, rows->count + 1, sizeof(*rows->ids));

    if (grown == NULL)
        return error_no_memory(e, "the vaults");
    rows->ids = grown;
    memcpy(rows->ids[rows->count++], row->uuid, CATALOG_ID_SIZE);
    return 0;
}

/* Calls `each` for every vault.  What cannot be done with one of them is logged, keeps no other
 * from its turn, and is the result. */
static int for_each_vault(struct job_at_work *w,
                          int (*each)(struct job_at_work *w, struct catalog_vault *row,
                                      struct error *e),
                          struct error *e)
{
    struct rows rows = {0};
    int result = catalog_vault_list(w->catalog, add_row, &rows, e);

    for (size_t i = 0; i < rows.count; i++) {
        struct error why = ERROR_INIT;
        struct catalog_vault *row = catalog_vault_get(w->catalog, rows.ids[i], &why);
        if (row == NULL && why.code == ERROR_NO_VAULT)
            continue; /* it went meanwhile */
        if (row == NULL || each(w, row, &why) != 0) {
            log_write(LOG_WARNING, "runner", "%s", why.text);
            if (result == 0)
                *e = why;
            result = -1;
        }
        catalog_vault_free(row);
    }
    free(rows.ids);
    return result;
}

/* ---- samples (MET-01) ---- */

static int add_stored(void *context, const struct catalog_backup *backup, struct error *e)
{
    (void)e;
    *(uint64_t *)context += backup->bytes_stored;
    return 0;
}

static int sample(struct job_at_work *w, struct catalog_vault *row, struct error *e)
{
    uint64_t bytes = 0;

    if (row->state == CATALOG_VAULT_CREATING)
        return 0;
    if (catalog_backup_list(w->catalog, row->uuid, NULL, add_stored, &bytes, e) != 0)
        return -1;
    return catalog_usage_sample(w->catalog, row->uuid, bytes, clock_wall_ns(), e);
}

/* ---- trials that end ---- */

/* Each trial is told of once; the setting remembers which end it was. */
static int tell_trial(struct job_at_work *w, const struct catalog_vault *row, const char *name,
                      struct error *e)
{
    char subject[CATALOG_TEXT_SIZE], until[CLOCK_TEXT_SIZE], end[32];
    const struct tell_notice notice = {.event = TELL_TRIAL_ENDS, .subject = subject};

    clock_format_local(row->trial_end_ns, until);
    snprintf(subject, sizeof(subject),
             "the trial of vault %.80s ends on %s; `lagan vault convert` keeps it", row->name,
             until);
    snprintf(end, sizeof(end), "%lld", (long long)row->trial_end_ns);
    if (catalog_begin(w->catalog, e) != 0)
        return -1;
    if (catalog_setting_set(w->catalog, name, end, e) != 0 || tell(w->setup, &notice, e) != 0) {
        catalog_rollback(w->catalog);
        return -1;
    }
    return catalog_commit(w->catalog, e);
}

static int look_at_trial(struct job_at_work *w, struct catalog_vault *row, struct error *e)
{
    struct error why = ERROR_INIT;
    char name[64] = "trial_told_";
    size_t used = strlen(name);

    if (row->plan != CATALOG_PLAN_TRIAL || row->state == CATALOG_VAULT_DELETED ||
        row->trial_end_ns - clock_wall_ns() > TRIAL_WARNING_DAYS * DAY_NS)
        return 0;
    for (size_t i = 0; i < CATALOG_ID_SIZE; i++)
        used += (size_t)snprintf(name + used, sizeof(name) - used, "%02x", row->uuid[i]);
    char *told = catalog_setting_get(w->catalog, name, &why);
    bool known = told != NULL && strtoll(told, NULL, 10) == row->trial_end_ns;
    free(told);
    if (why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    return known ? 0 : tell_trial(w, row, name, e);
}

/* ---- vaults whose time has come, as `lagan vault purge --due` ends them ---- */

static int end_vault(struct job_at_work *w, struct catalog_vault *row, struct error *e)
{
    const struct purge_request request = {.reporter = w->request->reporter};
    struct purge_result result;
    bool timed = row->state == CATALOG_VAULT_DELETED ||
                 (row->state == CATALOG_VAULT_FROZEN && row->purge_ns > 0);

    if (row->state != CATALOG_VAULT_DELETING && (!timed || row->purge_ns > clock_wall_ns()))
        return 0;
    if (row->state == CATALOG_VAULT_FROZEN)
        return manage_run_out(w->setup, row, e);
    if (purge_vault(w->setup, row, &request, &result, e) != 0)
        return -1;
    log_write(LOG_INFO, "runner", "vault %s was purged: its time had come", row->name);
    return 0;
}

/* ---- keys (VLT-33) ---- */

struct key_round {
    const struct job_request *request;
    uint64_t gone;
};

/* A key that is gone is told before somebody needs it.  Copies go on: they need none. */
static void on_key(void *context, const struct catalog_vault *row, const struct error *why)
{
    struct key_round *round = context;
    char subject[CATALOG_TEXT_SIZE];
    struct error e = ERROR_INIT;
    const struct tell_notice notice = {
        .event = TELL_KEY_GONE, .subject = subject, .body = why->text};

    if (why->code != ERROR_KEY_UNAVAILABLE && why->code != ERROR_WRONG_KEY) {
        if (why->error_class != LAGAN_OK)
            log_write(LOG_WARNING, "runner", "the key was not checked: %s", why->text);
        return;
    }
    round->gone++;
    if (round->request->key_gone != NULL)
        round->request->key_gone(round->request->context, row, why);
    snprintf(subject, sizeof(subject), "vault %.100s cannot be opened with its key", row->name);
    if (tell(round->request->setup, &notice, &e) != 0)
        log_write(LOG_WARNING, "runner", "%s", e.text);
}

int job_check_keys(const struct job_request *request, struct error *e)
{
    struct key_round round = {.request = request};
    uint64_t failed = 0;

    if (key_check_all(request->setup, on_key, &round, &failed, e) != 0)
        return -1;
    if (request->keys_gone != NULL)
        *request->keys_gone = round.gone;
    return 0;
}

/* ---- all of it ---- */

/* RET-07: of each policy's failed runs the last few are remembered, and those for a time. */
static int forget_failed(struct job_at_work *w, struct error *e)
{
    struct catalog_policy **rows = NULL;
    size_t count = 0;
    int result = catalog_policy_all(w->catalog, &rows, &count, e);

    for (size_t i = 0; i < count && result == 0; i++) {
        struct error why = ERROR_INIT;
        struct policy *policy = NULL;
        if (policy_row_parse(rows[i], &policy, &why) != 0)
            continue; /* the runner says so */
        result = catalog_run_clear_failed(w->catalog, rows[i]->id, policy->retention.failed,
                                          NULL, e);
        policy_free(policy);
    }
    catalog_policy_all_free(rows, count);
    return result;
}

/* What is over and old enough is forgotten: tasks, runs, batch jobs. */
static int forget(struct job_at_work *w, int64_t now_ns, struct error *e)
{
    int64_t before_ns = now_ns - setup_config(w->setup)->limits.task_history_ns;

    if (catalog_task_reap(w->catalog, NULL, e) != 0 ||
        catalog_task_clear(w->catalog, NULL, before_ns, -1, NULL, e) != 0)
        return -1;
    if (catalog_run_clear(w->catalog, before_ns, NULL, e) != 0 || batch_tidy(w->setup, e) != 0)
        return -1;
    return forget_failed(w, e);
}

int job_tidy(struct job_at_work *w, struct error *e)
{
    int64_t now_ns = clock_wall_ns();
    int64_t since_ns = w->job.done_ns != 0 ? w->job.done_ns : now_ns - DAY_NS;

    if (forget(w, now_ns, e) != 0 || for_each_vault(w, sample, e) != 0 ||
        for_each_vault(w, look_at_trial, e) != 0 || job_check_keys(w->request, e) != 0 ||
        tell_daily(w->setup, since_ns, e) != 0)
        return -1;
    w->again_ns = (now_ns / DAY_NS + 1) * DAY_NS; /* each day has its sample */
    /* Last: it takes long, and may fail as long as a place is away. */
    return for_each_vault(w, end_vault, e);
}
