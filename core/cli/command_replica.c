/* SPDX-License-Identifier: Apache-2.0 */
/* command_replica.c - replicas: asked for, and deleted. */
#include "cli/policy_record.h"

#include "base/text.h"
#include "driver/operation.h"
#include "mirror/replica.h"
#include "mirror/worker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lines that a request has made, for --wait. */
struct asked {
    struct session *session;
    char (*lines)[CATALOG_TASK_ID_SIZE];
    size_t count, room;
};

static int keep_line(struct asked *asked, const char *line, struct error *e)
{
    if (asked->count == asked->room) {
        size_t room = asked->room ? 2 * asked->room : 64;
        void *grown = reallocarray(asked->lines, room, sizeof(*asked->lines));
        if (!grown)
            return error_no_memory(e, "replicas");
        asked->lines = grown;
        asked->room = room;
    }
    snprintf(asked->lines[asked->count++], CATALOG_TASK_ID_SIZE, "%s", line);
    return 0;
}

static int show_plan(void *context, const struct replica_plan *plan, struct error *e)
{
    struct asked *asked = context;
    struct output *o = &asked->session->output;
    record_begin(o, "replica_plan");
    record_text(o, "backup", plan->backup->id);
    record_text(o, "source", plan->backup->source_name);
    record_time(o, "protected", plan->backup->start_ns);
    record_text(o, "from_vault", plan->source->name);
    record_text(o, "from_region", plan->source->region);
    record_text(o, "vault", plan->destination->name);
    record_text(o, "region", plan->destination->region);
    record_flag(o, "goes", plan->goes);
    record_text(o, "replica", plan->line);
    record_size(o, "bytes", plan->bytes);
    record_size(o, "bytes_estimate", plan->goes ? plan->bytes_estimate : 0);
    record_text(o, "code", plan->goes ? "" : error_code_name(plan->why.code));
    record_text(o, "why", plan->goes ? "" : plan->why.text);
    record_end(o);
    return plan->line[0] ? keep_line(asked, plan->line, e) : 0;
}

static void show_counts(struct session *s, const struct replica_counts *counts)
{
    bool dry = session_given(s, OPTION_DRY_RUN);
    struct output *o = &s->output;
    char bytes[TEXT_SIZE_SIZE], estimate[TEXT_SIZE_SIZE];
    text_format_size(counts->bytes, bytes);
    text_format_size(counts->bytes_estimate, estimate);
    output_note(o, "%llu of %llu backups %s, %s, of which about %s travel%s",
                (unsigned long long)counts->going, (unsigned long long)counts->asked,
                dry ? "would be replicated" : "are to be replicated", bytes, estimate,
                dry || counts->going == 0 || session_given(s, OPTION_WAIT)
                    ? ""
                    : "; `lagan run` does the work");
    if (!o->use_json)
        return;
    record_begin(o, "replica_counts");
    record_flag(o, "dry_run", dry);
    record_number(o, "asked", counts->asked);
    record_number(o, "going", counts->going);
    record_size(o, "bytes", counts->bytes);
    record_size(o, "bytes_estimate", counts->bytes_estimate);
    record_end(o);
}

/* ---- waiting ---- */

/* How many are still on their way, and how many of those that are over have failed. */
static int look(struct asked *asked, size_t *left, size_t *failed, struct error *e)
{
    *left = *failed = 0;
    for (size_t i = 0; i < asked->count; i++) {
        struct catalog_ledger line;
        if (catalog_ledger_find(session_catalog(asked->session), asked->lines[i], &line, e) !=
            0)
            return -1;
        *left += line.state == CATALOG_LEDGER_WAITING || line.state == CATALOG_LEDGER_RUNNING;
        *failed += line.state == CATALOG_LEDGER_FAIL || line.state == CATALOG_LEDGER_SKIP;
        if (line.state == CATALOG_LEDGER_FAIL || line.state == CATALOG_LEDGER_SKIP)
            report_line("lagan: the backup %s was not replicated: %s", line.backup,
                        line.why.text);
    }
    return 0;
}

static int pause_a_second(struct error *e)
{
    struct pollfd cancelled = {.fd = operation_cancel_fd(), .events = POLLIN};
    poll(&cancelled, 1, 1000);
    return operation_check(e);
}

/* Works the queue until what was asked for is over; a place that is away ends the waiting. */
static int wait_for(struct asked *asked, struct error *e)
{
    struct session *s = asked->session;
    struct work_request request = {.setup = s->setup};
    size_t left = asked->count, failed = 0;
    while (left > 0) {
        struct work_result result = {0};
        if (mirror_work(&request, &result, e) != 0 || look(asked, &left, &failed, e) != 0)
            return -1;
        if (left > 0 && result.away > 0)
            return error_set(e, LAGAN_OFFLINE, ERROR_TEMPORARY,
                             "the destination cannot be reached now: %zu of %zu replicas wait; "
                             "`lagan run` goes on with them",
                             left, asked->count);
        if (left > 0 && pause_a_second(e) != 0)
            return -1;
    }
    if (failed > 0)
        s->status = STATUS_FAILED;
    output_note(&s->output, "%zu of %zu replicas are there", asked->count - failed,
                asked->count);
    return 0;
}

/* ---- create ---- */

static int check_arguments(struct session *s, struct error *e)
{
    if (!session_operand(s, 0) && !session_given(s, OPTION_VAULT))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "say what is to be replicated: a backup, all of a vault with "
                         "--vault, or what a policy picks with --policy");
    if (session_given(s, OPTION_WAIT) && session_given(s, OPTION_DRY_RUN))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--dry-run does nothing that --wait could wait for");
    return 0;
}

static int create(struct asked *asked, struct replica_counts *counts, struct error *e)
{
    struct session *s = asked->session;
    static const struct column columns[] = {
        {"backup", "BACKUP", false},       {"source", "OF", false},
        {"protected", "PROTECTED", false}, {"goes", "GOES", false},
        {"replica", "REPLICA", false},     {"bytes", "SIZE", true},
        {"bytes_estimate", "NEW", true},   {"why", "WHY NOT", false}};
    const struct replica_request request = {
        .backup = session_operand(s, 0),
        .vault = session_value(s, OPTION_VAULT),
        .source_region = session_value(s, OPTION_REGION),
        .region = session_value(s, OPTION_REPLICA_TO),
        .project = session_value(s, OPTION_PROJECT),
        .into = session_value(s, OPTION_INTO),
        .name = session_value(s, OPTION_REPLICA_NAME),
        .description = session_value(s, OPTION_DESCRIPTION),
        .way = session_operand(s, 0) ? CATALOG_WAY_MANUAL : CATALOG_WAY_VAULT,
        .again = session_given(s, OPTION_AGAIN),
        .dry_run = session_given(s, OPTION_DRY_RUN),
    };
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = replica_ask(s->setup, &request, show_plan, asked, counts, e);
    output_table_end(&s->output, result == 0 ? "the vault has no backups" : NULL);
    return result;
}

/* The policy says everything else. */
static int create_by_policy(struct session *s, struct error *e)
{
    static const enum option others[] = {
        OPTION_VAULT, OPTION_REGION,       OPTION_REPLICA_TO,  OPTION_INTO,   OPTION_PROJECT,
        OPTION_AGAIN, OPTION_REPLICA_NAME, OPTION_DESCRIPTION, OPTION_DRY_RUN};
    bool more = session_operand(s, 0) != NULL;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        more |= session_given(s, others[i]);
    if (more)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--policy says what goes and where to: only --wait stands beside it");
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    struct catalog_policy *row =
        catalog_policy_find(session_catalog(s), session_value(s, OPTION_POLICY), e);
    if (row && row->kind != CATALOG_POLICY_REPLICATION) {
        error_set(e, LAGAN_PRECONDITION, ERROR_POLICY_KIND,
                  "the policy %s makes backups, no replicas; `lagan policy run` runs it",
                  row->name);
        catalog_policy_free(row);
        row = NULL;
    }
    return policy_run_row(s, row, e);
}

int command_replica_create(struct session *s, struct error *e)
{
    struct asked asked = {.session = s};
    struct replica_counts counts;
    if (session_given(s, OPTION_POLICY))
        return create_by_policy(s, e);
    if (check_arguments(s, e) != 0 || session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    int result = create(&asked, &counts, e);
    if (result == 0) {
        show_counts(s, &counts);
        if (session_given(s, OPTION_WAIT) && asked.count > 0)
            result = wait_for(&asked, e);
    }
    free(asked.lines);
    return result;
}

/* ---- delete ---- */

static const char *id_of(const struct replica_found *found)
{
    return found->has_backup ? found->backup.id : found->line.id;
}

static int confirm(struct session *s, const struct replica_found *found, struct error *e)
{
    const char *text = session_value(s, OPTION_CONFIRM);
    if (session_given(s, OPTION_YES) ||
        (text && (strcmp(text, id_of(found)) == 0 ||
                  (found->has_line && strcmp(text, found->line.id) == 0))))
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_NOT_CONFIRMED,
                     "deleting the replica is not confirmed: add --confirm %s, or --yes",
                     id_of(found));
}

/* It is deleted where it is: whoever does so says where that is. */
static int check_region(struct session *s, struct error *e)
{
    const char *region = session_value(s, OPTION_REGION);
    const struct config_region *known = NULL;
    struct replica_found found;
    if (region)
        return setup_region(s->setup, region, &known, e);
    if (replica_find(s->setup, NULL, session_value(s, OPTION_VAULT), session_operand(s, 0),
                     &found, e) != 0)
        return -1;
    return error_set(
        e, LAGAN_INVALID, ERROR_WRONG_REGION,
        "a replica is deleted in the region that it is in: say with --region which "
        "one that is");
}

int command_replica_delete(struct session *s, struct error *e)
{
    const char *reason = session_value(s, OPTION_REASON);
    struct setup_key key = session_key(s);
    struct replica_found found;
    if (session_setup(s, NEED_CATALOG, e) != 0 || check_region(s, e) != 0 ||
        replica_find(s->setup, session_value(s, OPTION_REGION), session_value(s, OPTION_VAULT),
                     session_operand(s, 0), &found, e) != 0 ||
        confirm(s, &found, e) != 0 || replica_delete(s->setup, &found, &key, reason, e) != 0)
        return -1;
    if (s->output.use_json) {
        record_begin(&s->output, "deleted");
        record_text(&s->output, "id", id_of(&found));
        record_text(&s->output, "vault", found.vault);
        record_end(&s->output);
    }
    output_note(&s->output, "replica %s deleted from vault %s; its source is as it was",
                id_of(&found), found.vault);
    return 0;
}
