/* SPDX-License-Identifier: Apache-2.0 */
/* run_fixture.c - policies, runs and jobs in catalogs, for tests. */
#include "run_fixture.h"
#include "catalog_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

struct catalog_policy *add_policy(struct catalog *c, const char *name,
                                  enum catalog_policy_kind kind)
{
    struct error e = ERROR_INIT;
    struct catalog_policy *policy = catalog_policy_new(&e);

    assert_non_null(policy);
    snprintf(policy->name, sizeof(policy->name), "%s", name);
    policy->kind = kind;
    policy->enabled = true;
    must(catalog_pairs_add(&policy->settings, "schedule", "daily 02:00", &e), &e);
    must(catalog_pairs_add(&policy->settings, "keep-count", "7", &e), &e);
    must(catalog_policy_insert(c, policy, &e), &e);
    return policy;
}

struct catalog_run make_run(const struct catalog_policy *policy, enum catalog_trigger trigger,
                            int64_t slot_ns)
{
    struct catalog_run run = {.trigger = trigger, .slot_ns = slot_ns, .slots = 1};

    memcpy(run.policy, policy->id, sizeof(run.policy));
    memcpy(run.policy_name, policy->name, sizeof(run.policy_name));
    return run;
}

struct catalog_job make_job(uint8_t vault, uint8_t source)
{
    struct catalog_job job = {.operation = CATALOG_JOB_BACKUP, .due_ns = 1};

    make_id(vault, job.vault);
    make_id(source, job.source);
    return job;
}

struct catalog_run add_run(struct catalog *c, const struct catalog_policy *policy,
                           int64_t slot_ns, size_t count)
{
    struct catalog_run run = make_run(policy, CATALOG_TRIGGER_SCHEDULE, slot_ns);
    struct catalog_job jobs[16];
    struct error e = ERROR_INIT;

    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++)
        jobs[i] = make_job(10, (uint8_t)(i + 1));
    int made = catalog_run_insert(c, &run, jobs, count, &e);
    must(made < 0 ? -1 : 0, &e);
    assert_int_equal(made, 1);
    assert_true(run.id > 0);
    return run;
}

struct text {
    char *text;
    size_t room;
};

static void append(struct text *out, const char *text)
{
    int size = snprintf(out->text, out->room, "%s", text);

    assert_true(size >= 0 && (size_t)size < out->room);
    out->text += size;
    out->room -= (size_t)size;
}

static int append_run(void *context, const struct catalog_run *run, struct error *e)
{
    char text[512];

    (void)e;
    snprintf(text, sizeof(text), "%lld:%s%s%s%s ", (long long)run->slot_ns,
             catalog_run_state_name(run->state), run->reason[0] != '\0' ? "(" : "", run->reason,
             run->reason[0] != '\0' ? ")" : "");
    append(context, text);
    return 0;
}

const char *runs_text(struct catalog *c, const struct catalog_policy *policy, char *text,
                      size_t room)
{
    struct text out = {text, room};
    struct error e = ERROR_INIT;

    text[0] = '\0';
    must(catalog_run_list(c, policy->id, -1, 0, append_run, &out, &e), &e);
    return text;
}

static int append_job(void *context, const struct catalog_job *job, struct error *e)
{
    char text[64];

    (void)e;
    snprintf(text, sizeof(text), "%s/%llu ", catalog_run_state_name(job->state),
             (unsigned long long)job->attempts);
    append(context, text);
    return 0;
}

const char *jobs_text(struct catalog *c, int64_t run, char *text, size_t room)
{
    struct text out = {text, room};
    struct error e = ERROR_INIT;

    text[0] = '\0';
    must(catalog_job_list(c, run, -1, append_job, &out, &e), &e);
    return text;
}

struct catalog_job claim_job(struct catalog *c, int64_t id)
{
    struct catalog_job job;
    struct error e = ERROR_INIT;
    int claimed = catalog_job_claim(c, id, &job, &e);

    must(claimed < 0 ? -1 : 0, &e);
    assert_int_equal(claimed, 1);
    assert_int_equal(job.id, id);
    assert_int_equal(job.state, CATALOG_RUN_RUNNING);
    return job;
}

struct nth {
    int number;
    int64_t id;
};

static int take_nth(void *context, const struct catalog_job *job, struct error *e)
{
    struct nth *nth = context;

    (void)e;
    if (nth->number-- == 0)
        nth->id = job->id;
    return 0;
}

int64_t job_of(const struct catalog_run *run, struct catalog *c, int number)
{
    struct nth nth = {number, 0};
    struct error e = ERROR_INIT;

    must(catalog_job_list(c, run->id, -1, take_nth, &nth, &e), &e);
    assert_true(nth.id > 0);
    return nth.id;
}

void end_job(struct catalog *c, int64_t id, enum catalog_run_state state, const char *why)
{
    struct catalog_job job = claim_job(c, id);
    struct error e = ERROR_INIT, reason = ERROR_INIT;

    if (why != NULL)
        error_set(&reason, LAGAN_IO, ERROR_FAILED, "%s", why);
    if (state == CATALOG_RUN_SUCCESS)
        snprintf(job.backup, sizeof(job.backup), "%016llx", (unsigned long long)id);
    must(catalog_job_end(c, &job, state, why != NULL ? &reason : NULL, 0, &e), &e);
    assert_int_equal(job.state, state);
}
