/* SPDX-License-Identifier: Apache-2.0 */
/* command_task.c - what was done, and how it went. */
#include "cli/session.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>
#include <time.h>

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
    record_time(o, "created", row->created_ns);
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
        record_text(o, "class", error_class_name(row->error_class));
        record_text(o, "message", row->error_text);
    }
    record_end(o);
}

/* Which tasks are wanted. */
struct task_filter {
    struct session *session;
    uint64_t limit, shown;
    int64_t since_ns;
    int state, type;               /* -1 = any */
    const uint8_t *vault, *source; /* NULL = any */
    uint8_t vault_id[CATALOG_ID_SIZE], source_id[CATALOG_ID_SIZE];
};

static int list_task(void *context, const struct catalog_task *row, struct error *e)
{
    struct task_filter *f = context;
    (void)e;
    if (f->type >= 0 && (int)row->type != f->type)
        return 0;
    if (f->vault && memcmp(f->vault, row->vault, CATALOG_ID_SIZE) != 0)
        return 0;
    if (f->source && memcmp(f->source, row->source, CATALOG_ID_SIZE) != 0)
        return 0;
    record_task(&f->session->output, row);
    f->shown++;
    return f->limit > 0 && f->shown >= f->limit;
}

static const char *const type_names[] = {
#define X(symbol, name) name,
    CATALOG_TASK_TYPES(X)
#undef X
};
enum { TYPE_COUNT = sizeof(type_names) / sizeof(type_names[0]) };

static int parse_type(const char *text, int *type, struct error *e)
{
    struct buffer names CLEANUP_BUFFER = BUFFER_INIT;
    for (int i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(type_names[i], text) == 0) {
            *type = i;
            return 0;
        }
        buffer_append_format(&names, "%s%s", i ? ", " : "", type_names[i]);
    }
    buffer_append_u8(&names, 0);
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--type %s: it can be %s", text,
                     names.failed ? "one of those in the list" : (const char *)names.data);
}

static int parse_options(const struct session *s, struct task_filter *f, struct error *e)
{
    const char *limit = session_value(s, OPTION_LIMIT), *state = session_value(s, OPTION_STATE);
    const char *type = session_value(s, OPTION_TASK_TYPE);
    const char *since = session_value(s, OPTION_SINCE);
    if (limit && text_parse_u64(limit, &f->limit) != 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--limit %s is no number", limit);
    if ((type && parse_type(type, &f->type, e) != 0) ||
        (since && session_since(since, &f->since_ns, e) != 0))
        return -1;
    if (!state)
        return 0;
    f->state = catalog_task_state_parse(state);
    if (f->state < 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "--state %s: it can be waiting, running, success, partial, failed, "
                         "skipped, timeout or cancelled",
                         state);
    return 0;
}

/* --vault and --source, which the catalog must know. */
static int find_ids(const struct session *s, struct task_filter *f, struct error *e)
{
    const char *vault = session_value(s, OPTION_VAULT);
    const char *source = session_value(s, OPTION_SOURCE);
    if (vault) {
        struct catalog_vault *row =
            catalog_vault_find(session_catalog(s), session_value(s, OPTION_REGION), vault, e);
        if (!row)
            return -1;
        memcpy(f->vault_id, row->uuid, CATALOG_ID_SIZE);
        f->vault = f->vault_id;
        catalog_vault_free(row);
    }
    if (source) {
        struct catalog_source *row = catalog_source_find(session_catalog(s), source, e);
        if (!row)
            return -1;
        memcpy(f->source_id, row->id, CATALOG_ID_SIZE);
        f->source = f->source_id;
        catalog_source_free(row);
    }
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
    struct task_filter f = {.session = s, .limit = DEFAULT_LIMIT, .state = -1, .type = -1};
    if (parse_options(s, &f, e) != 0 || session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_task_reap(session_catalog(s), NULL, e) != 0 || find_ids(s, &f, e) != 0)
        return -1;
    output_table(&s->output, columns, sizeof(columns) / sizeof(columns[0]));
    int result =
        catalog_task_list(session_catalog(s), f.since_ns, f.state, 0, list_task, &f, e);
    output_table_end(&s->output, "no tasks");
    return result < 0 ? -1 : 0;
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
