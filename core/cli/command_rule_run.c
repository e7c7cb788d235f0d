/* SPDX-License-Identifier: Apache-2.0 */
/* command_rule_run.c - passes of replication rules by hand, and by the runner. */
#include "cli/rule_record.h"

#include "base/clock.h"
#include "base/text.h"
#include "driver/operation.h"
#include "runner/runner.h"

#include <stdlib.h>
#include <string.h>

/* A pass, one way or the other. */
struct pass {
    struct session *session;
    bool backfill;
    bool due; /* nobody asks: what did nothing says nothing */
    int64_t since_ns;
};

static void record_pass(struct output *o, const struct catalog_object_rule *row,
                        const struct rule_result *r, const struct rule_lag *lag)
{
    record_begin(o, "rule_pass");
    record_text(o, "rule", row->name);
    record_number(o, "listed", r->listed);
    record_number(o, "queued", r->queued);
    record_number(o, "copied", r->copied);
    record_size(o, "copied_bytes", r->copied_bytes);
    record_number(o, "by_store", r->by_store);
    record_number(o, "markers", r->marked);
    record_number(o, "found", r->found);
    record_number(o, "skipped", r->skipped);
    record_number(o, "again", r->again);
    record_number(o, "failed", r->failed);
    record_number(o, "pending", lag->figures.pending);
    record_size(o, "pending_bytes", lag->figures.pending_bytes);
    record_duration(o, "oldest_pending_age", lag->oldest_pending_age_ns);
    record_flag(o, "over_rpo", lag->over);
    if (r->cut)
        record_flag(o, "cut", true);
    record_end(o);
}

/* One line, as the runner's jobs have it. */
static void tell_pass(struct output *o, const struct catalog_object_rule *row,
                      const struct rule_result *r, const struct rule_lag *lag)
{
    char bytes[TEXT_SIZE_SIZE];
    text_format_size(r->copied_bytes, bytes);
    output_note(o,
                "rule %s: %llu objects copied, %s, %llu delete markers made, %llu failed, "
                "%llu wait",
                row->name, (unsigned long long)r->copied, bytes, (unsigned long long)r->marked,
                (unsigned long long)r->failed, (unsigned long long)lag->figures.pending);
}

static bool did_nothing(const struct rule_result *r)
{
    return r->queued + r->copied + r->marked + r->found + r->skipped + r->again + r->failed ==
           0;
}

static void judge(struct session *s, const struct rule_result *r, const struct rule_lag *lag)
{
    if (r->failed > 0 || r->again > 0)
        s->status = runner_worse(s->status, STATUS_PARTIAL);
    if (lag->over)
        s->status = runner_worse(s->status, STATUS_LAGGING);
}

static int run_pass(const struct pass *p, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    struct session *s = p->session;
    struct rule_result result;
    struct rule_lag lag;
    struct job_view view;
    job_view_begin(&view, s, "rule", "cannot copy");
    struct job_reporter reporter = job_view_reporter(&view);
    int done = p->backfill ? rule_backfill(s->setup, id, p->since_ns, &reporter, &result, e)
                           : rule_run(s->setup, id, &reporter, &result, e);
    job_view_end(&view);
    if (done != 0)
        return -1;
    struct catalog_object_rule *row = catalog_object_rule_get(session_catalog(s), id, e);
    done = row ? rule_lag(session_catalog(s), row, &lag, e) : -1;
    if (done == 0) {
        if (!p->due || (s->output.use_json && !did_nothing(&result)))
            record_pass(&s->output, row, &result, &lag);
        else if (!did_nothing(&result))
            tell_pass(&s->output, row, &result, &lag);
        judge(s, &result, &lag);
    }
    catalog_object_rule_free(row);
    return done;
}

/* One that fails does not hold the others up. */
static int run_all(const struct pass *p, struct error *e)
{
    struct session *s = p->session;
    struct catalog_object_rule **rows = NULL;
    size_t count = 0;
    if (catalog_object_rule_all(session_catalog(s), NULL, &rows, &count, e) != 0)
        return -1;
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        struct error why = ERROR_INIT;
        if (rows[i]->state == CATALOG_RULE_DISABLED ||
            (p->due && (rows[i]->state != CATALOG_RULE_ENABLED || rows[i]->running ||
                        rows[i]->next_ns > clock_wall_ns())))
            continue;
        result = operation_check(e);
        if (result == 0 && run_pass(p, rows[i]->id, &why) != 0) {
            report_error(s, &why);
            s->status = runner_worse(s->status, error_exit_status(&why));
        }
    }
    catalog_object_rule_all_free(rows, count);
    return result;
}

int command_rule_run(struct session *s, struct error *e)
{
    const struct pass pass = {.session = s, .due = session_given(s, OPTION_DUE)};
    bool all = session_given(s, OPTION_ALL);
    if (session_operand(s, 0) ? all : !all && !pass.due)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "say which rule is to run, or --all of them, or those that are --due");
    if (!session_operand(s, 0))
        return session_setup(s, NEED_CATALOG, e) == 0 ? run_all(&pass, e) : -1;
    struct catalog_object_rule *row = rule_operand(s, e);
    int result = row ? run_pass(&pass, row->id, e) : -1;
    catalog_object_rule_free(row);
    return result;
}

int command_rule_backfill(struct session *s, struct error *e)
{
    struct pass pass = {.session = s, .backfill = true};
    const char *since = session_value(s, OPTION_SINCE);
    if (since && session_since(since, &pass.since_ns, e) != 0)
        return -1;
    struct catalog_object_rule *row = rule_operand(s, e);
    int result = row ? run_pass(&pass, row->id, e) : -1;
    catalog_object_rule_free(row);
    return result;
}
