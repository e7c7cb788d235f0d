/* SPDX-License-Identifier: Apache-2.0 */
/* command_backup.c - making backups. */
#include "cli/session.h"

#include "base/text.h"
#include "engine/binding.h"
#include "engine/protect.h"

#include <stdio.h>
#include <string.h>

/* Options that stand for parameters of the source, for this time: X(option, its parameter). */
#define PARAMETER_OPTIONS(X)                                                                   \
    X(ONE_FILE_SYSTEM, "one-file-system")                                                      \
    X(EXCLUDE_CACHES, "exclude-caches")                                                        \
    X(EXCLUDE_IF_PRESENT, "exclude-if-present")

/* What all backups of one command have in common. */
struct run {
    struct session *session;
    struct open_vault vault;
    struct catalog_pairs parameters;
    struct catalog_pairs rules;
    const char *base_name; /* of several; NULL = a made name for each */
    char made_name[NAME_SIZE];
};

static int collect_parameters(struct run *run, struct error *e)
{
    const struct arguments *a = &run->session->arguments;
    for (size_t i = 0; i < a->option_count; i++) {
        const char *name = NULL;
#define X(symbol, parameter)                                                                   \
    if (a->options[i].option == OPTION_##symbol)                                               \
        name = parameter;
        PARAMETER_OPTIONS(X)
#undef X
        const char *value = a->options[i].value ? a->options[i].value : "yes";
        if (name && catalog_pairs_add(&run->parameters, name, value, e) != 0)
            return -1;
    }
    return arguments_rules(a, &run->rules, e);
}

/* Opens the vault for the operand, unless the last one went to the same. */
static int open_vault_for(struct run *run, size_t index, struct error *e)
{
    struct session *s = run->session;
    struct setup_key key = session_key(s);
    struct catalog_vault *row =
        binding_choose(s->setup, session_operand(s, index), session_value(s, OPTION_REGION),
                       session_value(s, OPTION_VAULT), e);
    if (!row)
        return -1;
    if (run->vault.row && memcmp(run->vault.row->uuid, row->uuid, CATALOG_ID_SIZE) == 0) {
        catalog_vault_free(row);
        return 0;
    }
    open_vault_close(&run->vault);
    return setup_vault_open_row(s->setup, row, &key, false, &run->vault, e);
}

/* Several backups of one command share the start of their names. */
static int choose_base(struct run *run, struct error *e)
{
    if (run->base_name || run->session->arguments.operand_count < 2)
        return 0;
    if (catalog_backup_name(session_catalog(run->session), run->vault.row->uuid, false,
                            run->made_name, e) != 0)
        return -1;
    run->base_name = run->made_name;
    return 0;
}

static int prepare(struct run *run, struct error *e)
{
    struct session *s = run->session;
    run->base_name = session_value(s, OPTION_NAME);
    if (run->base_name && name_check(NAME_BACKUP, run->base_name, e) != 0)
        return -1;
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    return collect_parameters(run, e);
}

static void record_result(struct run *run, const struct protect_result *result)
{
    struct output *o = &run->session->output;
    const struct seal *seal = result->seal;
    const struct catalog_backup *row = &result->row;
    record_begin(o, "backup");
    record_text(o, "id", row->id);
    record_text(o, "name", row->name);
    record_text(o, "vault", run->vault.row->name);
    record_text(o, "source", row->source_name);
    record_text(o, "task", result->task);
    record_text(o, "state", catalog_backup_state_name(row->state));
    record_time(o, "created", row->created_ns);
    record_duration(o, "duration", row->end_ns - row->start_ns);
    record_number(o, "bytes", row->bytes);
    record_number(o, "problems", seal->problem_total);
    record_text(o, "consistency", policy_consistency_name(result->reached));
    record_text(o, "consistency_wanted", policy_consistency_name(result->wanted));
    record_text(o, "consistency_reason", result->less.text);
#define X(member, name) record_number(o, name, seal->counters.member);
    SEAL_COUNTERS(X)
#undef X
    record_end(o);
}

static void print_result(struct run *run, const struct protect_result *result)
{
    struct output *o = &run->session->output;
    const struct seal_counters *c = &result->seal->counters;
    const struct catalog_backup *row = &result->row;
    char bytes[TEXT_SIZE_SIZE], read[TEXT_SIZE_SIZE], stored[TEXT_SIZE_SIZE],
        took[TEXT_SIZE_SIZE];
    if (o->use_json) {
        record_result(run, result);
        return;
    }
    text_format_size(row->bytes, bytes);
    text_format_size(c->bytes_read, read);
    text_format_size(c->bytes_stored, stored);
    text_format_duration(row->end_ns - row->start_ns, took);
    output_note(o,
                "backup %s (%s) of %s: %llu entries, %s; %llu new, %llu changed; %s read, "
                "%s stored, in %s",
                row->id, row->name, row->source_name, (unsigned long long)row->entries, bytes,
                (unsigned long long)c->entries_new, (unsigned long long)c->entries_changed,
                read, stored, took);
    if (result->seal->problem_total > 0)
        output_note(o,
                    "%llu entries could not be backed up as they should; they are named above",
                    (unsigned long long)result->seal->problem_total);
}

/* Statuses of several backups: the first that is not 0 stays. */
static void note_status(struct session *s, int status)
{
    if (s->status == STATUS_DONE)
        s->status = status;
}

/* What is less than was wanted of a backup that stands. */
static void note_shortcomings(struct session *s, const struct protect_result *result)
{
    if (result->seal->problem_total > 0)
        note_status(s, STATUS_PARTIAL);
    if (result->less.error_class != LAGAN_OK) {
        report_line("lagan: warning: the backup %s is of consistency %s, not %s as wanted: %s",
                    result->row.id, policy_consistency_name(result->reached),
                    policy_consistency_name(result->wanted), result->less.text);
        note_status(s, STATUS_PARTIAL);
    }
    if (result->warning.error_class != LAGAN_OK)
        note_status(s, STATUS_PARTIAL);
}

static int back_up(struct run *run, size_t index, struct error *e)
{
    struct session *s = run->session;
    struct protect_result result;
    struct job_view view;
    char name[NAME_SIZE];
    if (open_vault_for(run, index, e) != 0 || choose_base(run, e) != 0)
        return -1;
    job_view_begin(&view, s, "backup", "cannot read");
    struct job_reporter reporter = job_view_reporter(&view);
    struct protect_request request = {
        .vault = &run->vault,
        .source = session_operand(s, index),
        .parameters = &run->parameters,
        .rules = &run->rules,
        .full = session_given(s, OPTION_FULL),
        .name = run->base_name,
        .description = session_value(s, OPTION_DESCRIPTION),
        .reporter = &reporter,
    };
    if (s->arguments.operand_count > 1) {
        name_number(run->base_name, (unsigned)index + 1, name);
        request.name = name;
    }
    int made = protect_run(s->setup, &request, &result, e);
    job_view_end(&view);
    if (made != 0)
        return -1;
    print_result(run, &result);
    note_shortcomings(s, &result);
    if (result.unrecorded.error_class != LAGAN_OK) {
        report_line("lagan: the backup is made, but the catalog does not know it: %s; `lagan "
                    "catalog rebuild` tells it",
                    result.unrecorded.text);
        note_status(s, STATUS_FAILED);
    }
    seal_free(result.seal);
    return 0;
}

/* A failure among several: said now, and the others go on. */
static void note_failure(struct session *s, const char *source, const struct error *e)
{
    report_error(s, e);
    note_status(s, error_exit_status(e));
    if (!s->output.use_json)
        return;
    record_begin(&s->output, "error");
    record_text(&s->output, "source", source);
    record_text(&s->output, "code", error_code_name(e->code));
    record_text(&s->output, "message", e->text);
    record_end(&s->output);
}

int command_backup_create(struct session *s, struct error *e)
{
    struct run run = {.session = s};
    size_t count = s->arguments.operand_count;
    int result = prepare(&run, e);
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = back_up(&run, i, e);
        if (result != 0 && count > 1 && e->code != ERROR_INTERRUPTED) {
            note_failure(s, session_operand(s, i), e);
            result = 0;
        }
    }
    open_vault_close(&run.vault);
    catalog_pairs_clear(&run.parameters);
    catalog_pairs_clear(&run.rules);
    return result;
}
