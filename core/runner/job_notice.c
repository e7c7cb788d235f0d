/* SPDX-License-Identifier: Apache-2.0 */
/* job_notice.c - what people are told at the end of a run: its jobs, and what became of them.
 */
#include "base/clock.h"
#include "base/text.h"
#include "engine/tell.h"
#include "runner/job_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The jobs of a run, counted, and in words. */
struct jobs_view {
    struct catalog *catalog;
    struct buffer text;
    uint64_t count, whole;
};

static const char *source_name(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                               char name[NAME_SIZE])
{
    struct error ignored = ERROR_INIT;
    struct catalog_source *row = catalog_source_get(c, id, &ignored);

    snprintf(name, NAME_SIZE, "%s", row != NULL ? row->name : "(removed)");
    catalog_source_free(row);
    return name;
}

static int add_job(void *context, const struct catalog_job *job, struct error *e)
{
    struct jobs_view *view = context;
    static const uint8_t none[CATALOG_ID_SIZE];
    char name[NAME_SIZE] = "";

    (void)e;
    view->count++;
    view->whole += job->state == CATALOG_RUN_SUCCESS;
    if (memcmp(job->source, none, sizeof(none)) != 0)
        source_name(view->catalog, job->source, name);
    buffer_append_format(&view->text, "%s%s%s: %s", catalog_job_operation_name(job->operation),
                         name[0] != '\0' ? " of " : "", name,
                         catalog_run_state_name(job->state));
    if (job->backup[0] != '\0')
        buffer_append_format(&view->text, ", backup %s", job->backup);
    if (job->why.error_class != LAGAN_OK)
        buffer_append_format(&view->text, ": %s", job->why.text);
    buffer_append_u8(&view->text, '\n');
    return 0;
}

/* What the state of a run is told as; -1 = nobody is told. */
static int event_of(enum catalog_run_state state)
{
    switch (state) {
    case CATALOG_RUN_SUCCESS:
        return TELL_BACKUP_DONE;
    case CATALOG_RUN_PARTIAL:
        return TELL_BACKUP_PARTIAL;
    case CATALOG_RUN_FAILED:
    case CATALOG_RUN_TIMEOUT:
        return TELL_BACKUP_FAILED;
    default:
        return -1;
    }
}

/* Whom the policy wants told; allocated, NULL = all. */
static char *ways_of(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE])
{
    struct error ignored = ERROR_INIT;
    struct catalog_policy *row = catalog_policy_get(c, policy, &ignored);
    const char *found = NULL;

    for (size_t i = 0; row != NULL && i < row->settings.count; i++)
        if (strcmp(row->settings.items[i].name, policy_setting_name(POLICY_SETTING_NOTIFY)) ==
            0)
            found = row->settings.items[i].value;
    char *ways = found != NULL ? strdup(found) : NULL;
    catalog_policy_free(row);
    return ways;
}

static int tell_over(struct setup *s, const struct catalog_run *run, struct error *e)
{
    struct jobs_view view = {.catalog = setup_catalog(s)};
    char subject[CATALOG_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
    int result = catalog_job_list(view.catalog, run->id, -1, add_job, &view, e);

    buffer_append_u8(&view.text, 0);
    if (result == 0 && buffer_check(&view.text, e) == 0) {
        char *ways = ways_of(view.catalog, run->policy);
        clock_format_local(run->slot_ns, when);
        snprintf(subject, sizeof(subject), "policy %s: run of %s: %s, %llu of %llu jobs whole",
                 run->policy_name, when, catalog_run_state_name(run->state),
                 (unsigned long long)view.whole, (unsigned long long)view.count);
        const struct tell_notice notice = {.event = (enum tell_event)event_of(run->state),
                                           .subject = subject,
                                           .body = (const char *)view.text.data,
                                           .ways = ways};
        result = tell(s, &notice, e);
        free(ways);
    } else {
        result = -1;
    }
    buffer_free(&view.text);
    return result;
}

int job_tell_run(struct setup *s, int64_t id, struct error *e)
{
    struct catalog_run run;

    if (catalog_run_get(setup_catalog(s), id, &run, e) != 0)
        return -1;
    if (!catalog_run_state_is_over(run.state) || event_of(run.state) < 0)
        return 0;
    return tell_over(s, &run, e);
}

int job_tell(struct job_at_work *w, int event, const char *subject, const char *body,
             struct error *e)
{
    struct error ignored = ERROR_INIT;
    struct catalog_policy *row =
        w->vault != NULL
            ? catalog_policy_of(w->catalog, w->vault->uuid, CATALOG_POLICY_BACKUP, &ignored)
            : NULL;
    char *ways = row != NULL ? ways_of(w->catalog, row->id) : NULL;
    const struct tell_notice notice = {
        .event = (enum tell_event)event, .subject = subject, .body = body, .ways = ways};
    int result = tell(w->setup, &notice, e);

    free(ways);
    catalog_policy_free(row);
    return result;
}
