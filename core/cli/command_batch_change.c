/* SPDX-License-Identifier: Apache-2.0 */
/* command_batch_change.c - batch jobs: made, confirmed, paused, resumed, cancelled. */
#include "cli/batch_record.h"
#include "cli/policy_record.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- create ---- */

static int create(struct session *s, const struct catalog_pairs *words, struct error *e)
{
    struct catalog *c = session_catalog(s);
    struct catalog_source *from = catalog_source_find(c, session_operand(s, 0), e);
    struct catalog_source *to = from ? catalog_source_find(c, session_operand(s, 1), e) : NULL;
    struct catalog_batch *job = NULL;
    bool again = false;
    int result = to ? batch_create(s->setup, from, to, words, &job, &again, e) : -1;
    catalog_source_free(from);
    catalog_source_free(to);
    if (result == 0)
        tell_batch(s, job,
                   again ? "was made before, with this token"
                         : "made; `lagan batch run` or a runner works on it");
    catalog_batch_free(job);
    return result;
}

int command_batch_create(struct session *s, struct error *e)
{
    struct catalog_pairs words = {NULL, 0};
    int result = session_setup(s, NEED_CATALOG, e);
    if (result == 0 && policy_words(s, 2, &words, e) != 0) {
        if (e->code == ERROR_POLICY_SETTING)
            e->code = ERROR_BATCH_SETTING;
        result = -1;
    }
    if (result == 0)
        result = create(s, &words, e);
    catalog_pairs_clear(&words);
    return result;
}

/* ---- changed ---- */

static int change(struct session *s,
                  int (*function)(struct setup *s, struct catalog_batch *job, struct error *e),
                  const char *words, struct error *e)
{
    struct catalog_batch *job = batch_operand(s, e);
    int result = job ? function(s->setup, job, e) : -1;
    if (result == 0)
        tell_batch(s, job, words);
    catalog_batch_free(job);
    return result;
}

int command_batch_confirm(struct session *s, struct error *e)
{
    return change(s, batch_confirm, "confirmed; `lagan batch run` or a runner works on it", e);
}

int command_batch_pause(struct session *s, struct error *e)
{
    return change(s, batch_pause, "pauses; `lagan batch resume` lets it go on", e);
}

/* What nobody works on ends here, with its report. */
static int end_cancelled(struct session *s, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    struct batch_outcome outcome = {false, NULL};
    int result = batch_work(s->setup, id, NULL, &outcome, e);
    if (result == 0)
        tell_batch(s, outcome.job,
                   outcome.job->state == CATALOG_BATCH_CANCELLED
                       ? "cancelled; what was copied stays"
                       : "is being cancelled; what was copied stays");
    catalog_batch_free(outcome.job);
    return result;
}

int command_batch_cancel(struct session *s, struct error *e)
{
    struct catalog_batch *job = batch_operand(s, e);
    int result = job ? batch_cancel(s->setup, job, e) : -1;
    if (result == 0)
        result = end_cancelled(s, job->id, e);
    catalog_batch_free(job);
    return result;
}

int command_batch_priority(struct session *s, struct error *e)
{
    const char *text = session_operand(s, 1);
    uint64_t priority;
    if (text_parse_u64(text, &priority) != 0 || priority > INT32_MAX)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "'%.40s' is no priority: it is a number from 0 to 2147483647", text);
    struct catalog_batch *job = batch_operand(s, e);
    int result = job ? batch_set_priority(s->setup, job, (int32_t)priority, e) : -1;
    if (result == 0)
        tell_batch(s, job, "has another priority");
    catalog_batch_free(job);
    return result;
}

int command_batch_resume(struct session *s, struct error *e)
{
    struct catalog_batch *job = batch_operand(s, e), *made = NULL;
    int result = job ? batch_resume(s->setup, job, &made, e) : -1;
    if (result == 0 && made)
        tell_batch(s, made,
                   "made for what failed or was not tried; `lagan batch run` or a "
                   "runner works on it");
    else if (result == 0)
        tell_batch(s, job, "may go on; `lagan batch run` or a runner works on it");
    catalog_batch_free(job);
    catalog_batch_free(made);
    return result;
}
