/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - see plan.h. */
#include "runner/plan.h"

#include "engine/vault_facts.h"
#include "policy/vault_rules.h"

#include <stdlib.h>
#include <string.h>

static struct catalog_job *add_job(struct plan *plan, struct error *e)
{
    struct catalog_job *grown = reallocarray(plan->jobs, plan->count + 1, sizeof(*grown));

    if (grown == NULL) {
        error_no_memory(e, "the jobs of a run");
        return NULL;
    }
    plan->jobs = grown;
    grown[plan->count] = (struct catalog_job){.state = CATALOG_RUN_WAITING};
    return &grown[plan->count++];
}

/* The vault that jobs are being made for. */
struct planning {
    struct plan *plan;
    struct catalog_job like; /* what all of its jobs have in common */
};

static int add_source(void *context, const struct catalog_source *source, struct error *e)
{
    struct planning *p = context;

    if (memcmp(source->vault, p->like.vault, CATALOG_ID_SIZE) != 0)
        return 0;
    struct catalog_job *job = add_job(p->plan, e);
    if (job == NULL)
        return -1;
    *job = p->like;
    memcpy(job->source, source->id, CATALOG_ID_SIZE);
    return 0;
}

/* A vault that takes no backups now is a reason, not a failure. */
static int judge_vault(struct setup *s, struct catalog_job *like, struct error *e)
{
    struct error why = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(setup_catalog(s), like->vault, e);

    if (row == NULL)
        return -1;
    if (vault_facts_ask(s, row, vault_may_take_backup, &why) != 0) {
        like->state = CATALOG_RUN_SKIPPED;
        like->why = why;
    }
    catalog_vault_free(row);
    return 0;
}

static int plan_vault(struct setup *s, enum catalog_policy_kind kind, struct planning *p,
                      struct error *e)
{
    if (kind == CATALOG_POLICY_BACKUP) {
        p->like.operation = CATALOG_JOB_BACKUP;
        return judge_vault(s, &p->like, e) == 0
                   ? catalog_source_list(setup_catalog(s), add_source, p, e)
                   : -1;
    }
    p->like.operation = CATALOG_JOB_REPLICATE;
    struct catalog_job *job = add_job(p->plan, e);
    if (job == NULL)
        return -1;
    *job = p->like;
    return 0;
}

int plan_jobs(struct setup *s, const struct catalog_policy *row, int64_t due_ns,
              int64_t until_ns, struct plan *plan, struct error *e)
{
    uint8_t(*vaults)[CATALOG_ID_SIZE] = NULL;
    size_t count = 0;
    int result = catalog_policy_vaults(setup_catalog(s), row->id, &vaults, &count, e);

    for (size_t i = 0; result == 0 && i < count; i++) {
        struct planning p = {
            .plan = plan,
            .like = {.state = CATALOG_RUN_WAITING, .due_ns = due_ns, .until_ns = until_ns}};
        memcpy(p.like.vault, vaults[i], CATALOG_ID_SIZE);
        result = plan_vault(s, row->kind, &p, e);
    }
    free(vaults);
    return result;
}

int plan_full(struct catalog *c, const struct catalog_policy *row, const struct policy *policy,
              int64_t now_ns, bool *full, struct error *e)
{
    uint64_t since = 0;
    int64_t last_ns = 0;

    *full = false;
    if (row->kind != CATALOG_POLICY_BACKUP)
        return 0;
    if (catalog_run_since_full(c, row->id, &since, &last_ns, e) != 0)
        return -1;
    *full = policy_full_due(policy, since, last_ns, now_ns);
    return 0;
}

void plan_clear(struct plan *plan)
{
    free(plan->jobs);
    *plan = (struct plan){0};
}
