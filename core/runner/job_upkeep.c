/* SPDX-License-Identifier: Apache-2.0 */
/* job_upkeep.c - what comes again for a vault. */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/discard.h"
#include "engine/drill.h"
#include "engine/expire.h"
#include "engine/notes.h"
#include "engine/policy_row.h"
#include "engine/prune.h"
#include "engine/tell.h"
#include "engine/verify_rotation.h"
#include "runner/job_private.h"

#include <stdio.h>
#include <string.h>

static const int64_t MINUTE_NS = INT64_C(60) * 1000000000;
static const int64_t HOUR_NS = INT64_C(3600) * 1000000000;
static const int64_t DAY_NS = INT64_C(86400) * 1000000000;
enum { TURNS = 30 /* of the rotation, at most a day apart */ };

static void on_started(void *context, const char *task)
{
    struct job_at_work *w = context;
    struct error why = ERROR_INIT;

    if (job_note_task(w, task, &why) != 0)
        log_write(LOG_WARNING, "runner", "%s", why.text);
}

/* ---- expire ---- */

static void describe_expiry(struct job_at_work *w, const struct expire_result *r)
{
    char bytes[TEXT_SIZE_SIZE];

    text_format_size(r->bytes_stored, bytes);
    if (r->braked)
        snprintf(w->outcome->words, sizeof(w->outcome->words), "braked: %.200s", r->reason);
    else
        snprintf(w->outcome->words, sizeof(w->outcome->words),
                 "%llu of %llu backups let go, %s%s", (unsigned long long)r->deleted,
                 (unsigned long long)r->backups, bytes,
                 r->clock.doubtful ? "; the clock is in doubt" : "");
}

/* What people deleted and did not bring back, and what the vault does not know yet. */
static int finish_upkeep(struct job_at_work *w, struct error *e)
{
    struct discard_round round;
    struct error why = ERROR_INIT;
    size_t length = strlen(w->outcome->words);

    if (notes_keep(w->setup, w->vault, NULL, &why) != 0)
        log_write(LOG_WARNING, "runner", "vault %s does not know its policies yet: %s",
                  w->vault->name, why.text);
    if (discard_due(w->setup, w->vault, NULL, &round, e) != 0)
        return -1;
    if (round.deleted > 0)
        snprintf(w->outcome->words + length, sizeof(w->outcome->words) - length,
                 "; %llu deleted ones gone for good", (unsigned long long)round.deleted);
    return 0;
}

int job_expire(struct job_at_work *w, struct error *e)
{
    const struct config_runner *runner = &setup_config(w->setup)->runner;
    const struct expire_request request = {.dry_run = false};
    struct expire_result result = {.backups = 0};
    int64_t now_ns = clock_wall_ns(), opens_ns = now_ns;

    w->again_ns = now_ns + runner->expire_ns;
    if (!expire_window_open(runner->expire_window, now_ns, &opens_ns)) {
        w->again_ns = opens_ns;
        snprintf(w->outcome->words, sizeof(w->outcome->words), "not before %s",
                 runner->expire_window);
        return 0;
    }
    if (expire_vault(w->setup, w->vault, &request, &result, e) != 0)
        return -1;
    describe_expiry(w, &result);
    if (finish_upkeep(w, e) != 0)
        return -1;
    if (!result.braked)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_BRAKE,
                     "vault %.100s: %.300s; `lagan policy release` says that it was meant",
                     w->vault->name, result.reason);
}

/* ---- verify ---- */

static int64_t turn_ns(int64_t within_ns)
{
    int64_t turn = within_ns / TURNS;

    return turn < HOUR_NS ? HOUR_NS : turn > DAY_NS ? DAY_NS : turn;
}

static int tell_damage(struct job_at_work *w, struct rotation_result *r, struct error *e)
{
    char subject[CATALOG_TEXT_SIZE];

    buffer_append_u8(&r->found, 0);
    if (buffer_check(&r->found, e) != 0)
        return -1;
    snprintf(subject, sizeof(subject),
             "vault %.100s: %llu objects damaged or missing, %llu brought back", w->vault->name,
             (unsigned long long)r->damaged, (unsigned long long)r->healed);
    return job_tell(w, TELL_VERIFY_DAMAGE, subject, (const char *)r->found.data, e);
}

static int judge_rotation(struct job_at_work *w, struct rotation_result *r, struct error *e)
{
    char part[TEXT_SIZE_SIZE], all[TEXT_SIZE_SIZE];

    text_format_size(r->bytes_read, part);
    text_format_size(r->bytes, all);
    snprintf(w->outcome->words, sizeof(w->outcome->words),
             "%llu of %llu objects read, %s of %s", (unsigned long long)r->objects_read,
             (unsigned long long)r->objects, part, all);
    if (r->damaged == 0)
        return 0;
    if (tell_damage(w, r, e) != 0)
        return -1;
    if (r->damaged == r->healed)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "vault %s: %llu objects damaged or missing; `lagan verify --vault '%s' "
                     "--depth objects` names them",
                     w->vault->name, (unsigned long long)(r->damaged - r->healed),
                     w->vault->name);
}

int job_verify(struct job_at_work *w, struct error *e)
{
    int64_t within_ns = setup_config(w->setup)->runner.verify_ns;
    struct rotation_request request = {.within_ns = within_ns,
                                       .period_ns = turn_ns(within_ns),
                                       .now_ns = clock_wall_ns(),
                                       .reporter = w->request->reporter,
                                       .context = w,
                                       .started = on_started};
    struct rotation_result result;

    w->again_ns = request.now_ns + (within_ns > 0 ? request.period_ns : DAY_NS);
    if (within_ns <= 0)
        return 0; /* switched off since it was made known */
    int done = verify_rotation(w->setup, w->vault, &request, &result, e);
    if (done == 0)
        done = judge_rotation(w, &result, e);
    buffer_free(&result.found);
    return done;
}

/* ---- drill ---- */

/* What the policy of the vault says of drills now; it may have changed since. */
struct drill_wish {
    int64_t every_ns;
    unsigned percent;
    char policy[NAME_SIZE];
};

static int read_wish(struct job_at_work *w, struct drill_wish *wish, struct error *e)
{
    struct error why = ERROR_INIT;
    struct policy *policy = NULL;
    struct catalog_policy *row =
        catalog_policy_of(w->catalog, w->vault->uuid, CATALOG_POLICY_BACKUP, &why);

    *wish = (struct drill_wish){.every_ns = 0};
    if (row == NULL && why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (row == NULL)
        return 0;
    int result = policy_row_parse(row, &policy, e);
    if (result == 0) {
        wish->every_ns = policy->drill_ns;
        wish->percent = policy->drill_percent;
        memcpy(wish->policy, row->name, sizeof(wish->policy));
    }
    policy_free(policy);
    catalog_policy_free(row);
    return result;
}

static int judge_drill(struct job_at_work *w, const struct drill_result *result,
                       struct error *why, struct error *e)
{
    char subject[CATALOG_TEXT_SIZE];

    if (why->code == ERROR_NO_BACKUP) {
        w->outcome->state = CATALOG_RUN_SKIPPED;
        snprintf(w->outcome->words, sizeof(w->outcome->words), "there is no backup yet");
        return 0;
    }
    *e = *why;
    if (why->error_class == LAGAN_CANCELLED)
        return -1;
    snprintf(subject, sizeof(subject), "restore drill of vault %.80s, backup %s: %s",
             w->vault->name, result->row.backup,
             result->row.state[0] != '\0' ? result->row.state : "failed");
    if (job_tell(w, TELL_DRILL_DIFFERS, subject, why->text, why) != 0)
        log_write(LOG_WARNING, "runner", "%s", why->text);
    return -1;
}

int job_drill(struct job_at_work *w, struct error *e)
{
    struct drill_result result = {.backup_name = ""};
    struct error why = ERROR_INIT;
    struct drill_wish wish;

    if (read_wish(w, &wish, e) != 0)
        return -1;
    w->again_ns = clock_wall_ns() + (wish.every_ns > 0 ? wish.every_ns : DAY_NS);
    if (wish.every_ns <= 0)
        return 0; /* nobody wants it any more */
    const struct drill_request request = {
        .percent = wish.percent, .policy = wish.policy, .reporter = w->request->reporter};
    int done = drill_run(w->setup, w->vault, &request, &result, &why);
    memcpy(w->job.task, result.row.task, sizeof(w->job.task));
    if (done != 0)
        return judge_drill(w, &result, &why, e);
    snprintf(w->outcome->words, sizeof(w->outcome->words),
             "backup %s, %llu entries restored and compared", result.row.backup,
             (unsigned long long)result.row.entries);
    return 0;
}

/* ---- prune ---- */

/* What waits for sessions is looked at again soon; what a limit has cut goes on. */
static int64_t prune_again_ns(const struct config_runner *runner, enum prune_state state)
{
    if (state == PRUNE_WAITING)
        return HOUR_NS;
    if (state == PRUNE_UNFINISHED)
        return MINUTE_NS;
    return runner->prune_ns > 0 ? runner->prune_ns : DAY_NS;
}

int job_prune(struct job_at_work *w, struct error *e)
{
    const struct config_runner *runner = &setup_config(w->setup)->runner;
    struct prune_outcome outcome = {.state = PRUNE_CLEAN};
    const struct prune_job request = {
        .reporter = w->request->reporter, .context = w, .started = on_started};
    char words[PRUNE_WORDS_SIZE];

    w->again_ns = clock_wall_ns() + prune_again_ns(runner, PRUNE_CLEAN);
    if (runner->prune_ns <= 0)
        return 0; /* switched off since it was made known */
    if (prune_run_vault(w->setup, w->vault, &request, &outcome, e) != 0)
        return -1;
    w->again_ns = clock_wall_ns() + prune_again_ns(runner, outcome.state);
    prune_words(&outcome, false, words);
    snprintf(w->outcome->words, sizeof(w->outcome->words), "%s", words);
    return 0;
}
