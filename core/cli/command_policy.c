/* SPDX-License-Identifier: Apache-2.0 */
/* command_policy.c - policies and their runs: listed, shown. */
#include "cli/policy_record.h"

#include "base/clock.h"
#include "base/text.h"
#include "engine/policy_manage.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_RUNS = 20, SHOWN_RUNS = 5 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- list ---- */

int command_policy_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {
        {"name", "NAME", false},           {"kind", "KIND", false},
        {"enabled", "ENABLED", false},     {"vaults", "VAULTS", false},
        {"retention", "KEEPS", false},     {"next", "NEXT", false},
        {"last_state", "LAST RUN", false}, {"last", "OF", false}};
    struct catalog_policy **rows = NULL;
    size_t count = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_policy_all(session_catalog(s), &rows, &count, e) != 0)
        return -1;
    output_table(&s->output, columns, COUNT(columns));
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        result = record_policy(s, rows[i], e);
    output_table_end(&s->output, "no policies; `lagan policy create` makes one");
    catalog_policy_all_free(rows, count);
    return result;
}

/* ---- show ---- */

static int show_vault(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct session *s = context;
    struct output *o = &s->output;
    uint64_t sources = 0;
    if (policy_manage_sources(s->setup, vault->uuid, &sources, e) != 0)
        return -1;
    record_begin(o, "policy_vault");
    record_text(o, "name", vault->name);
    record_id(o, "id", vault->uuid);
    record_text(o, "region", vault->region);
    record_text(o, "state", catalog_vault_state_name(vault->state));
    record_number(o, "sources", sources);
    record_end(o);
    return 0;
}

static int show_vaults(struct session *s, const struct catalog_policy *row, struct error *e)
{
    static const struct column columns[] = {{"name", "VAULT", false},
                                            {"region", "REGION", false},
                                            {"state", "STATE", false},
                                            {"sources", "SOURCES", true}};
    output_line(&s->output, "%s", "");
    output_table(&s->output, columns, COUNT(columns));
    int result = policy_each_vault(s, row, show_vault, s, e);
    output_table_end(&s->output, "it holds for no vault; `lagan policy apply` lets it");
    return result;
}

/* The next slots, as the runner will see them. */
static void record_slots(struct output *o, const struct policy *policy, int64_t after_ns)
{
    for (int i = 0; i < SHOWN_RUNS; i++) {
        if (!schedule_next(policy->schedule, policy->zone, after_ns, &after_ns))
            return;
        record_begin(o, "next_run");
        record_time(o, "slot", after_ns);
        record_end(o);
    }
}

static void show_next(struct session *s, const struct catalog_policy *row)
{
    static const struct column columns[] = {{"slot", "NEXT RUNS", false}};
    struct policy *policy = NULL;
    struct error why = ERROR_INIT;
    int64_t now_ns = clock_wall_ns();
    output_line(&s->output, "%s", "");
    output_table(&s->output, columns, COUNT(columns));
    if (policy_row_parse(row, &policy, &why) == 0 && policy->schedule && row->enabled)
        record_slots(&s->output, policy, row->cursor_ns > now_ns ? row->cursor_ns : now_ns);
    bool by_hand = policy && !policy->schedule;
    output_table_end(&s->output, why.error_class ? why.text
                                 : !row->enabled
                                     ? "it is disabled; `lagan policy enable` ends that"
                                 : by_hand ? "it has no schedule and runs by hand"
                                           : "no runs to come");
    policy_free(policy);
}

static int list_run(void *context, const struct catalog_run *row, struct error *e)
{
    (void)e;
    record_run(context, row);
    return 0;
}

static const struct column run_columns[] = {
    {"id", "RUN", true},       {"policy", "POLICY", false}, {"slot", "OF", false},
    {"trigger", "WHY", false}, {"state", "STATE", false},   {"full", "FULL", false},
    {"slots", "SLOTS", true},  {"ended", "ENDED", false},   {"reason", "REASON", false}};

static int show_runs(struct session *s, const uint8_t *policy, int state, uint64_t limit,
                     struct error *e)
{
    output_table(&s->output, run_columns, COUNT(run_columns));
    int result =
        catalog_run_list(session_catalog(s), policy, state, limit, list_run, &s->output, e);
    output_table_end(&s->output, "no runs");
    return result;
}

int command_policy_show(struct session *s, struct error *e)
{
    struct catalog_policy *row = policy_operand(s, e);
    int result = row ? record_policy(s, row, e) : -1;
    if (result == 0)
        result = show_vaults(s, row, e);
    if (result == 0) {
        show_next(s, row);
        output_line(&s->output, "%s", "");
        result = show_runs(s, row->id, -1, SHOWN_RUNS, e);
    }
    catalog_policy_free(row);
    return result;
}

/* ---- runs ---- */

static int parse_state(const struct session *s, int *state, struct error *e)
{
    const char *text = session_value(s, OPTION_STATE);
    *state = text ? catalog_run_state_parse(text) : -1;
    if (!text || *state >= 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "--state %s: it can be waiting, running, success, partial, failed, "
                     "skipped, missed, timeout or cancelled",
                     text);
}

static int parse_limit(const struct session *s, uint64_t *limit, struct error *e)
{
    const char *text = session_value(s, OPTION_LIMIT);
    *limit = DEFAULT_RUNS;
    if (!text || text_parse_u64(text, limit) == 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--limit %s: it is a number; 0 = all",
                     text);
}

/* Jobs are looked up when their run is known: names come from other tables. */
struct job_list {
    struct catalog *catalog;
    struct catalog_job *rows;
    size_t count;
};

static int gather_job(void *context, const struct catalog_job *row, struct error *e)
{
    struct job_list *all = context;
    void *more = realloc(all->rows, (all->count + 1) * sizeof(*all->rows));
    if (!more)
        return error_no_memory(e, "jobs");
    all->rows = more;
    all->rows[all->count++] = *row;
    return 0;
}

static int gather_jobs(void *context, const struct catalog_run *run, struct error *e)
{
    struct job_list *all = context;
    return catalog_job_list(all->catalog, run->id, -1, gather_job, all, e);
}

static int show_jobs(struct session *s, const uint8_t *policy, int state, uint64_t limit,
                     struct error *e)
{
    static const struct column columns[] = {
        {"run", "RUN", true},        {"operation", "JOB", false}, {"source", "SOURCE", false},
        {"vault", "VAULT", false},   {"state", "STATE", false},   {"attempts", "TRIED", true},
        {"backup", "BACKUP", false}, {"reason", "REASON", false}};
    struct job_list all = {session_catalog(s), NULL, 0};
    int result = catalog_run_list(all.catalog, policy, state, limit, gather_jobs, &all, e);
    output_line(&s->output, "%s", "");
    output_table(&s->output, columns, COUNT(columns));
    for (size_t i = 0; i < all.count && result == 0; i++)
        result = record_job(s, &all.rows[i], e);
    output_table_end(&s->output, "no jobs");
    free(all.rows);
    return result;
}

/* Runs of deleted policies are there too, when no policy is named. */
int command_policy_runs(struct session *s, struct error *e)
{
    struct catalog_policy *row = NULL;
    uint64_t limit;
    int state;
    if (parse_state(s, &state, e) != 0 || parse_limit(s, &limit, e) != 0)
        return -1;
    if (!session_operand(s, 0))
        return session_setup(s, NEED_CATALOG, e) == 0 ? show_runs(s, NULL, state, limit, e)
                                                      : -1;
    row = policy_operand(s, e);
    int result = row ? show_runs(s, row->id, state, limit, e) : -1;
    if (result == 0)
        result = show_jobs(s, row->id, state, limit, e);
    catalog_policy_free(row);
    return result;
}
