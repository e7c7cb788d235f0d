/* SPDX-License-Identifier: Apache-2.0 */
/* job_backup.c - one source into one vault, for a run of a policy; and its replicas. */
#include "base/log.h"
#include "base/text.h"
#include "engine/hold.h"
#include "engine/protect.h"
#include "engine/reconcile.h"
#include "engine/stamp.h"
#include "engine/tell.h"
#include "mirror/replica.h"
#include "runner/job_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which text of the policy is which hook. */
static const enum policy_setting hook_settings[HOOK_COUNT] = {
    [HOOK_BEFORE] = POLICY_SETTING_BEFORE, [HOOK_FREEZE] = POLICY_SETTING_FREEZE,
    [HOOK_THAW] = POLICY_SETTING_THAW,     [HOOK_AFTER] = POLICY_SETTING_AFTER_HOOK,
    [HOOK_FAILED] = POLICY_SETTING_FAILED, [HOOK_FINALLY] = POLICY_SETTING_FINALLY,
};

static void on_started(void *context, const char *task)
{
    struct job_at_work *w = context;
    struct error why = ERROR_INIT;

    if (job_note_task(w, task, &why) != 0)
        log_write(LOG_WARNING, "runner", "%s", why.text);
}

/* What lacks entries, or consistency that was wanted, is not the whole of it. */
static enum catalog_run_state state_of(const struct catalog_backup *row)
{
    return row->state == CATALOG_BACKUP_PARTIAL || hold_is_less(row) ? CATALOG_RUN_PARTIAL
                                                                     : CATALOG_RUN_SUCCESS;
}

/* The job ends with the transaction that makes the backup known. */
static int on_recorded(void *context, const char *task, const struct catalog_backup *row,
                       struct error *e)
{
    struct job_at_work *w = context;
    enum catalog_run_state state = state_of(row);

    snprintf(w->job.task, sizeof(w->job.task), "%s", task);
    memcpy(w->job.backup, row->id, sizeof(w->job.backup));
    return job_end(w, state, NULL, e);
}

static void fill_hooks(const struct policy *policy, struct hook_set *hooks)
{
    *hooks = (struct hook_set){.timeout_ns = policy->hook_timeout_ns};
    for (size_t i = 0; i < HOOK_COUNT; i++)
        hooks->commands[i] = policy->texts[hook_settings[i]];
}

static void describe(struct job_at_work *w, const struct protect_result *result)
{
    char bytes[TEXT_SIZE_SIZE];

    text_format_size(result->row.bytes_stored, bytes);
    bool less = hold_is_less(&result->row);
    snprintf(w->outcome->words, sizeof(w->outcome->words),
             "backup %s, %llu entries, %s stored%s%s", result->row.id,
             (unsigned long long)result->row.entries, bytes, less ? "; of consistency " : "",
             less ? result->row.consistency : "");
}

/* The job was over with the backup, which stands. */
static void tell_hook(struct job_at_work *w, const char *source, const struct error *warning)
{
    char subject[CATALOG_TEXT_SIZE];
    struct error why = ERROR_INIT;
    size_t length = strlen(w->outcome->words);

    if (warning->error_class == LAGAN_OK)
        return;
    snprintf(w->outcome->words + length, sizeof(w->outcome->words) - length,
             "; a hook failed: %.200s", warning->text);
    snprintf(subject, sizeof(subject), "a hook failed with the backup %s of %.100s",
             w->job.backup, source);
    if (job_tell(w, TELL_HOOK_FAILED, subject, warning->text, &why) != 0)
        log_write(LOG_WARNING, "runner", "%s", why.text);
}

/* ---- what an attempt before this one has made ---- */

struct made {
    const struct catalog_run *run;
    const char *trigger;
    struct catalog_backup row;
    bool found;
};

static int compare_run(void *context, const struct catalog_backup *row, struct error *e)
{
    struct made *made = context;

    (void)e;
    if (row->slot_ns != made->run->slot_ns || strcmp(row->trigger, made->trigger) != 0 ||
        strcmp(row->policy, made->run->policy_name) != 0)
        return 0;
    made->row = *row;
    made->found = true;
    return 0;
}

/* A process may have ended between the seal and the catalog's knowing of it: the slot has its
 * backup then.  1 found, 0, -1. */
static int find_made(struct job_at_work *w, struct open_vault *vault, struct made *made,
                     struct error *e)
{
    struct seal_list seals = {0};

    if (w->job.attempts < 2)
        return 0;
    if (vault_backups(vault->vault, &seals, NULL, NULL, e) != 0)
        return -1;
    int result = reconcile_backups(w->catalog, w->job.vault, vault->vault, &seals, e);
    seal_list_free(&seals);
    if (result == 0)
        result =
            catalog_backup_list(w->catalog, w->job.vault, w->job.source, compare_run, made, e);
    return result == 0 ? made->found : -1;
}

static int take_over(struct job_at_work *w, const struct made *made, struct error *e)
{
    snprintf(w->outcome->words, sizeof(w->outcome->words),
             "backup %s was made before the interruption", made->row.id);
    w->outcome->state = state_of(&made->row);
    memcpy(w->job.backup, made->row.id, sizeof(w->job.backup));
    w->recorded = true;
    return job_end(w, w->outcome->state, NULL, e);
}

/* ---- a new one ---- */

static int protect(struct job_at_work *w, struct open_vault *vault, const char *source,
                   struct error *e)
{
    struct protect_result result = {.unrecorded = ERROR_INIT};
    struct hook_set hooks;

    const struct stamp stamp = {.trigger = catalog_trigger_name(w->run.trigger),
                                .policy = w->run.policy_name,
                                .slot_ns = w->run.slot_ns,
                                .retention = &w->policy->retention,
                                .zone = w->policy->zone};

    fill_hooks(w->policy, &hooks);
    struct pace *pace = pace_new(setup_config(w->setup)->runner.bandwidth, e);
    if (pace == NULL)
        return -1;
    const struct protect_request request = {.vault = vault,
                                            .source = source,
                                            .full = w->run.full,
                                            .policy_hooks = &hooks,
                                            .consistency = w->policy->consistency,
                                            .policy_name = w->run.policy_name,
                                            .stamp = &stamp,
                                            .pace = pace,
                                            .reporter = w->request->reporter,
                                            .context = w,
                                            .started = on_started,
                                            .recorded = on_recorded};
    int made = protect_run(w->setup, &request, &result, e);
    pace_free(pace);
    if (made != 0)
        return -1;
    seal_free(result.seal);
    describe(w, &result);
    tell_hook(w, source, &result.warning);
    w->outcome->state = state_of(&result.row);
    w->recorded = result.unrecorded.error_class == LAGAN_OK;
    if (w->recorded)
        return 0;
    /* The backup exists; the next look at the vault finds it. */
    *e = result.unrecorded;
    return -1;
}

static int find_or_make(struct job_at_work *w, struct open_vault *vault, const char *source,
                        struct error *e)
{
    struct made made = {.run = &w->run, .trigger = catalog_trigger_name(w->run.trigger)};
    int found = find_made(w, vault, &made, e);

    if (found != 0)
        return found < 0 ? -1 : take_over(w, &made, e);
    return protect(w, vault, source, e);
}

int job_backup(struct job_at_work *w, struct error *e)
{
    struct open_vault vault = {0};
    struct catalog_source *source = catalog_source_get(w->catalog, w->job.source, e);
    struct catalog_vault *row =
        source != NULL ? catalog_vault_get(w->catalog, w->job.vault, e) : NULL;
    int result = -1;

    if (row != NULL && setup_vault_open_row(w->setup, row, NULL, false, &vault, e) == 0)
        result = find_or_make(w, &vault, source->name, e);
    open_vault_close(&vault);
    catalog_source_free(source);
    return result;
}

int job_replicate(struct job_at_work *w, struct error *e)
{
    struct replica_counts counts = {0};
    const struct replica_request request = {
        .vault = w->vault->name,
        .source_region = w->vault->region,
        .region = w->policy->texts[POLICY_SETTING_REPLICATE_TO],
        .into = w->policy->texts[POLICY_SETTING_REPLICATE_INTO],
        .way = CATALOG_WAY_POLICY,
        .policy = w->run.policy_name};

    if (replica_ask(w->setup, &request, NULL, NULL, &counts, e) != 0)
        return -1;
    snprintf(w->outcome->words, sizeof(w->outcome->words), "%llu of %llu backups are to go",
             (unsigned long long)counts.going, (unsigned long long)counts.asked);
    return 0;
}
