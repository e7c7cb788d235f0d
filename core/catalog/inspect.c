/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c - the whole catalog looked at: is it sound. */
#include "catalog/audit.h"
#include "catalog/catalog_private.h"
#include "catalog/ledger.h"
#include "catalog/mirror.h"
#include "catalog/queue.h"
#include "catalog/run.h"
#include "catalog/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEM_LIMIT = 100 };

struct report {
    catalog_problem_function *problem;
    void *context;
    uint64_t count;
};

static void report(struct report *r, const char *text)
{
    r->count++;
    if (r->problem != NULL && r->count <= PROBLEM_LIMIT)
        r->problem(r->context, text);
}

static int report_integrity(struct query *q, void *context, struct error *e)
{
    char *text = row_text_copy(q);

    if (text == NULL)
        return error_no_memory(e, "the check");
    if (strcmp(text, "ok") != 0)
        report(context, text);
    free(text);
    return 0;
}

static int report_foreign_key(struct query *q, void *context, struct error *e)
{
    char *table = row_text_copy(q);
    char text[200];

    if (table == NULL)
        return error_no_memory(e, "the check");
    snprintf(text, sizeof(text), "a row of %.60s names something that is not there", table);
    free(table);
    report(context, text);
    return 0;
}

/* Reading every row tells values that no constraint excludes. */

#define SEE(name, type)                                                                        \
    static int see_##name(void *context, const struct type *row, struct error *e)              \
    {                                                                                          \
        (void)context, (void)row, (void)e;                                                     \
        return 0;                                                                              \
    }
SEE(region, catalog_region)
SEE(source, catalog_source)
SEE(vault, catalog_vault)
SEE(backup, catalog_backup)
SEE(slot, catalog_slot)
SEE(task, catalog_task)
SEE(mirror, catalog_mirror)
SEE(item_error, catalog_item_error)
SEE(line, catalog_ledger)
SEE(usage, catalog_usage)
SEE(policy, catalog_policy)
SEE(run, catalog_run)
SEE(job, catalog_job)

static int see_item(void *context, const struct catalog_item *item, struct error *e)
{
    struct catalog_lane lane;

    if (catalog_lane_get(context, item->lane, &lane, e) != 0)
        return -1;
    return catalog_item_errors(context, item->id, see_item_error, NULL, e);
}

static int see_tombstone(void *context, const uint8_t vault[CATALOG_ID_SIZE],
                         const char *seal_name, struct error *e)
{
    (void)context, (void)vault, (void)seal_name, (void)e;
    return 0;
}

static void read_all(struct catalog *c, struct report *r)
{
    uint64_t lines;
    struct error e[15];
    const int results[] = {
        catalog_region_list(c, see_region, NULL, &e[0]),
        catalog_source_list(c, see_source, NULL, &e[1]),
        catalog_vault_list(c, see_vault, NULL, &e[2]),
        catalog_backup_list(c, NULL, NULL, see_backup, NULL, &e[3]),
        catalog_task_list(c, 0, -1, 0, see_task, NULL, &e[4]),
        catalog_slot_list(c, NULL, see_slot, NULL, &e[5]),
        catalog_tombstone_list(c, NULL, see_tombstone, NULL, &e[6]),
        catalog_mirror_list(c, see_mirror, NULL, &e[7]),
        catalog_item_list(c, NULL, -1, see_item, c, &e[8]),
        catalog_ledger_list(c, NULL, NULL, NULL, see_line, NULL, &e[9]),
        catalog_usage_list(c, NULL, NULL, see_usage, NULL, &e[10]),
        catalog_policy_list(c, see_policy, NULL, &e[11]),
        catalog_run_list(c, NULL, -1, 0, see_run, NULL, &e[12]),
        catalog_job_list(c, -1, -1, see_job, NULL, &e[13]),
        catalog_audit_verify(c, &lines, &e[14]),
    };

    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        if (results[i] != 0)
            report(r, e[i].text);
}

/* What is wrong when the number that a statement gives is not 0. */
static const struct {
    const char *sql;
    const char *text;
} invariants[] = {
    {"SELECT count(*) FROM mirrors m JOIN vaults v ON v.uuid = m.vault"
     " WHERE v.role <> 'mirror' OR m.vault = m.source",
     "a vault that mirrors another has not the role of a mirror, or mirrors itself"},
    {"SELECT count(*) FROM items WHERE lane NOT IN (SELECT vault FROM lanes)",
     "an item of the queue is in no lane"},
    {"SELECT count(*) FROM items WHERE operation <> 'replica'"
     " AND lane NOT IN (SELECT vault FROM mirrors)",
     "an item of the queue is for a mirror that is none"},
    {"SELECT count(*) FROM items WHERE operation = 'replica'"
     " AND subject NOT IN (SELECT id FROM ledger)",
     "an item of the queue is for a line that the ledger does not have"},
    {"SELECT count(*) FROM items WHERE state = 'running' AND (token < 1 OR attempts < 1)",
     "an item of the queue is at work, but nobody has claimed it"},
    {"SELECT count(*) FROM policy_vaults a JOIN policies p ON p.id = a.policy"
     " WHERE a.kind <> p.kind",
     "a policy holds for a vault as one of another kind"},
    {"SELECT count(*) FROM policy_vaults a JOIN vaults v ON v.uuid = a.vault"
     " WHERE v.role = 'mirror'",
     "a policy holds for a mirror"},
    {"SELECT count(*) FROM jobs WHERE run <> 0 AND run NOT IN (SELECT id FROM runs)",
     "a job is part of a run that is not there"},
    {"SELECT count(*) FROM runs WHERE state IN ('waiting', 'running')"
     " AND id NOT IN (SELECT run FROM jobs WHERE state IN ('waiting', 'running'))",
     "a run is open, but has nothing to do"},
    {"SELECT count(*) FROM jobs j JOIN runs r ON r.id = j.run"
     " WHERE j.state IN ('waiting', 'running') AND r.state NOT IN ('waiting', 'running')",
     "a run is over, but has something to do"},
    {"SELECT count(*) FROM runs WHERE (ended_ns = 0) <> (state IN ('waiting', 'running'))",
     "a run has an end and goes on, or has none and is over"},
    {"SELECT count(*) FROM jobs WHERE run = 0 AND state NOT IN ('waiting', 'running')",
     "upkeep has ended for good"},
    {"SELECT count(*) FROM jobs WHERE state = 'running' AND (token < 1 OR attempts < 1)",
     "a job is at work, but nobody has claimed it"},
    {"SELECT count(*) FROM jobs a JOIN jobs b ON a.source = b.source AND a.id < b.id"
     " WHERE a.source <> x'' AND a.state = 'running' AND b.state = 'running'",
     "two jobs work on one source at a time"},
};

static int check_invariants(struct catalog *c, struct report *r, struct error *e)
{
    for (size_t i = 0; i < sizeof(invariants) / sizeof(invariants[0]); i++) {
        int64_t count = 0;
        if (query_single_number(c, invariants[i].sql, &count, e) != 0)
            return -1;
        if (count > 0)
            report(r, invariants[i].text);
    }
    return 0;
}

int catalog_check(struct catalog *c, catalog_problem_function *problem, void *context,
                  uint64_t *problems, struct error *e)
{
    struct report r = {problem, context, 0};

    catalog_lock(c);
    int result = query_list_all(c, "PRAGMA integrity_check", report_integrity, &r, e);
    if (result == 0)
        result = query_list_all(c, "PRAGMA foreign_key_check", report_foreign_key, &r, e);
    if (result == 0)
        result = check_invariants(c, &r, e);
    if (result == 0)
        read_all(c, &r);
    catalog_unlock(c);
    if (result == 0)
        *problems = r.count;
    return result;
}
