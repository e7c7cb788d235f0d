/* SPDX-License-Identifier: Apache-2.0 */
/* command_task.c - what was done, and how it went. */
#include "cli/session.h"

#include "base/clock.h"
#include "base/text.h"

enum { DEFAULT_LIMIT = 50 };

static int64_t duration_ns(const struct catalog_task *row)
{
    int64_t end = row->ended_ns ? row->ended_ns : clock_wall_ns();
    return row->started_ns && end > row->started_ns ? end - row->started_ns : 0;
}

/* How far it is, by bytes where they are known, else by entries; -1 when nobody knows. */
static int percent_of(const struct catalog_task *row)
{
    uint64_t total = row->bytes_total > 0 ? row->bytes_total : row->entries_total;
    uint64_t done = row->bytes_total > 0 ? row->bytes_done : row->entries_done;
    if (row->state == CATALOG_TASK_STATE_SUCCESS || row->state == CATALOG_TASK_STATE_PARTIAL)
        return 100;
    if (total == 0)
        return -1;
    return done >= total ? 99 : (int)((double)done * 100 / (double)total);
}

static void record_task(struct output *o, const struct catalog_task *row)
{
    record_begin(o, "task");
    record_text(o, "id", row->id);
    record_text(o, "kind", catalog_task_type_name(row->type));
    record_text(o, "state", catalog_task_state_name(row->state));
    record_text(o, "parent", row->parent);
    record_text(o, "subject", row->subject);
    record_id(o, "vault_id", row->vault);
    record_id(o, "source_id", row->source);
    record_text(o, "backup", row->backup);
    record_time(o, "started", row->started_ns);
    record_time(o, "ended", row->ended_ns);
    record_duration(o, "duration", duration_ns(row));
    record_number(o, "entries", row->entries_done);
    record_number(o, "entries_total", row->entries_total);
    record_size(o, "bytes", row->bytes_done);
    record_size(o, "bytes_total", row->bytes_total);
    if (percent_of(row) >= 0)
        record_number(o, "percent", (uint64_t)percent_of(row));
    record_number(o, "problems", row->problems);
    if (row->error_class != LAGAN_OK) {
        record_text(o, "code", error_code_name(row->error_code));
        record_text(o, "message", row->error_text);
    }
    record_end(o);
}

static int list_task(void *context, const struct catalog_task *row, struct error *e)
{
    struct session *s = context;
    (void)e;
    record_task(&s->output, row);
    return 0;
}

static int parse_options(const struct session *s, uint64_t *limit, int *state, struct error *e)
{
    const char *limit_text = session_value(s, OPTION_LIMIT);
    const char *state_text = session_value(s, OPTION_STATE);
    *limit = DEFAULT_LIMIT;
    *state = -1;
    if (limit_text && text_parse_u64(limit_text, limit) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--limit %s is no number", limit_text);
    if (!state_text)
        return 0;
    *state = catalog_task_state_parse(state_text);
    if (*state < 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--state %s: it can be waiting, running, success, partial, failed, "
                         "skipped, timeout or cancelled",
                         state_text);
    return 0;
}

int command_task_list(struct session *s, struct error *e)
{
    static const struct column columns[] = {{"id", "ID", false},
                                            {"kind", "KIND", false},
                                            {"state", "STATE", false},
                                            {"subject", "SUBJECT", false},
                                            {"started", "STARTED", false},
                                            {"duration", "TOOK", true},
                                            {"problems", "PROBLEMS", true},
                                            {"message", "WHY", false}};
    uint64_t limit = 0;
    int state = -1;
    if (parse_options(s, &limit, &state, e) != 0 || session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_task_reap(session_catalog(s), NULL, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result = catalog_task_list(session_catalog(s), 0, state, limit, list_task, s, e);
    output_table_end(&s->output, "no tasks");
    return result;
}

/* How many parts a task has in each state. */
static int show_parts(struct session *s, const char *id, struct error *e)
{
    struct catalog_task_parts parts;
    struct output *o = &s->output;
    uint64_t all = 0;
    if (catalog_task_parts(session_catalog(s), id, &parts, e) != 0)
        return -1;
    for (int i = 0; i <= CATALOG_TASK_STATE_CANCELLED; i++)
        all += parts.count[i];
    if (all == 0)
        return 0;
    record_begin(o, "task_parts");
    record_number(o, "parts", all);
    for (int i = 0; i <= CATALOG_TASK_STATE_CANCELLED; i++)
        if (parts.count[i] > 0)
            record_number(o, catalog_task_state_name((enum catalog_task_state)i),
                          parts.count[i]);
    record_end(o);
    return 0;
}

int command_task_show(struct session *s, struct error *e)
{
    struct catalog_task row;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_task_reap(session_catalog(s), NULL, e) != 0 ||
        catalog_task_find(session_catalog(s), session_operand(s, 0), &row, e) != 0)
        return -1;
    record_task(&s->output, &row);
    return show_parts(s, row.id, e);
}
