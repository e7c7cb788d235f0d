/* SPDX-License-Identifier: Apache-2.0 */
/* task.c - work in progress and done. */
#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASK_COLUMNS                                                                           \
    "id, type, state, vault, source, backup, subject, entries_done, entries_total,"            \
    " bytes_done, bytes_total, problems, created_ns, started_ns, ended_ns, error_class,"       \
    " error_code, error_text, parent"

static const char *const type_names[] = {
#define X(symbol, name) name,
    CATALOG_TASK_TYPES(X)
#undef X
};
static const struct {
    const char *name;
    bool over;
} states[] = {
#define X(symbol, name, over) {name, over},
    CATALOG_TASK_STATES(X)
#undef X
};
enum {
    TYPES = sizeof(type_names) / sizeof(type_names[0]),
    STATES = sizeof(states) / sizeof(states[0])
};

static const char *type_name(int type)
{
    return type_names[type];
}

static const char *state_name(int state)
{
    return states[state].name;
}

static const char *code_name(int code)
{
    return error_code_name((uint32_t)code);
}

const char *catalog_task_type_name(enum catalog_task_type type)
{
    ASSERT((unsigned)type < TYPES);
    return type_names[type];
}

const char *catalog_task_state_name(enum catalog_task_state state)
{
    ASSERT((unsigned)state < STATES);
    return states[state].name;
}

int catalog_task_state_parse(const char *name)
{
    return name_lookup(name, STATES, state_name);
}

/* Writing */

static void bind_counters(struct query *q, const struct catalog_task *task)
{
    query_number(q, (int64_t)task->entries_done);
    query_number(q, (int64_t)task->entries_total);
    query_number(q, (int64_t)task->bytes_done);
    query_number(q, (int64_t)task->bytes_total);
    query_number(q, (int64_t)task->problems);
}

static void bind_row(struct query *q, const struct catalog_task *task)
{
    query_text(q, task->id);
    query_text(q, catalog_task_type_name(task->type));
    query_text(q, catalog_task_state_name(task->state));
    query_id(q, task->vault);
    query_id(q, task->source);
    query_text(q, task->backup);
    query_text(q, task->subject);
    bind_counters(q, task);
    query_number(q, task->created_ns);
    query_number(q, task->started_ns);
    query_number(q, task->ended_ns);
    query_number(q, task->error_class);
    query_text(q, error_code_name(task->error_code));
    query_text(q, task->error_text);
    query_text(q, task->parent);
}

static int insert_row(struct catalog *c, const struct catalog_task *task, struct error *e)
{
    static const char sql[] =
        "INSERT INTO tasks (" TASK_COLUMNS ", pid, boot_id, process_start)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct process_mark mark;
    struct query q;

    process_mark_self(&mark);
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_row(&q, task);
    query_number(&q, mark.pid);
    query_text(&q, mark.boot_id);
    query_number(&q, mark.start_ticks);
    return query_finish(&q, e);
}

int catalog_task_start(struct catalog *c, struct catalog_task *task, struct error *e)
{
    struct catalog_task row = *task;

    if (made_id("t-", row.id, e) != 0)
        return -1;
    row.state = CATALOG_TASK_STATE_RUNNING;
    row.created_ns = row.started_ns = clock_wall_ns();
    row.ended_ns = 0;
    if (catalog_begin(c, e) != 0 || write_end(c, insert_row(c, &row, e), e) != 0)
        return -1;
    *task = row;
    return 0;
}

static int update_counters(struct catalog *c, const struct catalog_task *task, struct error *e)
{
    static const char sql[] =
        "UPDATE tasks SET entries_done = ?, entries_total = ?, bytes_done = ?, bytes_total = ?,"
        " problems = ? WHERE id = ? AND ended_ns = 0";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_counters(&q, task);
    query_text(&q, task->id);
    return query_finish(&q, e);
}

int catalog_task_progress(struct catalog *c, const struct catalog_task *task, struct error *e)
{
    if (write_begin_light(c, e) != 0)
        return -1;
    return write_end_light(c, update_counters(c, task, e), e);
}

static int update_finished(struct catalog *c, const struct catalog_task *task, struct error *e)
{
    static const char sql[] =
        "UPDATE tasks SET entries_done = ?, entries_total = ?, bytes_done = ?, bytes_total = ?,"
        " problems = ?, state = ?, backup = ?, ended_ns = ?, error_class = ?, error_code = ?,"
        " error_text = ? WHERE id = ? AND ended_ns = 0";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    bind_counters(&q, task);
    query_text(&q, catalog_task_state_name(task->state));
    query_text(&q, task->backup);
    query_number(&q, task->ended_ns);
    query_number(&q, task->error_class);
    query_text(&q, error_code_name(task->error_code));
    query_text(&q, task->error_text);
    query_text(&q, task->id);
    if (query_finish(&q, e) != 0)
        return -1;
    if (query_changes(c) == 1)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT, "the task %s is not running",
                     task->id);
}

static void end_task(struct catalog_task *task, enum catalog_task_state state,
                     const struct error *why)
{
    ASSERT((unsigned)state < STATES && states[state].over);
    task->state = state;
    task->ended_ns = clock_wall_ns();
    task->error_class = LAGAN_OK;
    task->error_code = ERROR_FAILED;
    task->error_text[0] = '\0';
    if (why == NULL || why->error_class == LAGAN_OK)
        return;
    task->error_class = why->error_class;
    task->error_code = why->code;
    memcpy(task->error_text, why->text, sizeof(task->error_text));
}

int catalog_task_finish(struct catalog *c, struct catalog_task *task,
                        enum catalog_task_state state, const struct error *why, struct error *e)
{
    struct catalog_task row = *task;

    end_task(&row, state, why);
    if (catalog_begin(c, e) != 0 || write_end(c, update_finished(c, &row, e), e) != 0)
        return -1;
    *task = row;
    return 0;
}

int catalog_backup_commit(struct catalog *c, const struct catalog_backup *backup,
                          struct catalog_task *task, struct error *e)
{
    bool partial = backup->state == CATALOG_BACKUP_PARTIAL;
    struct catalog_task row = *task;

    memcpy(row.backup, backup->id, sizeof(row.backup));
    end_task(&row, partial ? CATALOG_TASK_STATE_PARTIAL : CATALOG_TASK_STATE_SUCCESS, NULL);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_backup_upsert(c, backup, e);
    if (result == 0)
        result = update_finished(c, &row, e);
    if (write_end(c, result, e) != 0)
        return -1;
    *task = row;
    return 0;
}

/* Reaping */

struct running {
    char (*ids)[CATALOG_TASK_ID_SIZE]; /* of tasks whose process is gone */
    size_t count;
};

static int collect_dead(struct query *q, void *context, struct error *e)
{
    struct running *running = context;
    char id[CATALOG_TASK_ID_SIZE];
    struct process_mark mark;

    row_text(q, id, sizeof(id));
    mark.pid = row_number(q);
    row_text(q, mark.boot_id, sizeof(mark.boot_id));
    mark.start_ticks = row_number(q);
    if (query_row_check(q, e) != 0)
        return -1;
    if (process_is_alive(&mark))
        return 0;
    char(*grown)[CATALOG_TASK_ID_SIZE] =
        realloc(running->ids, (running->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "tasks");
    running->ids = grown;
    memcpy(running->ids[running->count++], id, sizeof(id));
    return 0;
}

static int mark_interrupted(struct catalog *c, const char *id, struct error *e)
{
    static const char sql[] =
        "UPDATE tasks SET state = 'failed', ended_ns = ?, error_class = ?, error_code = ?,"
        " error_text = 'interrupted: its process ended without finishing it' WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, clock_wall_ns());
    query_number(&q, LAGAN_CANCELLED);
    query_text(&q, error_code_name(ERROR_INTERRUPTED));
    query_text(&q, id);
    return query_finish(&q, e);
}

static int find_dead(struct catalog *c, struct running *dead, struct error *e)
{
    static const char sql[] =
        "SELECT id, pid, boot_id, process_start FROM tasks WHERE ended_ns = 0";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0)
        result = query_list(&q, collect_dead, dead, e);
    catalog_unlock(c);
    return result;
}

/* A task found dead stays dead, so that looking needs no transaction: most calls write nothing.
 */
int catalog_task_reap(struct catalog *c, uint64_t *count, struct error *e)
{
    struct running dead = {0};
    int result = find_dead(c, &dead, e);

    if (result == 0 && dead.count > 0) {
        result = catalog_begin(c, e);
        if (result == 0) {
            for (size_t i = 0; i < dead.count && result == 0; i++)
                result = mark_interrupted(c, dead.ids[i], e);
            result = write_end(c, result, e);
        }
    }
    if (result == 0 && count != NULL)
        *count = dead.count;
    free(dead.ids);
    return result;
}

/* Reading */

static int read_row(struct query *q, struct catalog_task *task, struct error *e)
{
    row_text(q, task->id, sizeof(task->id));
    task->type = (enum catalog_task_type)row_enum(q, TYPES, type_name);
    task->state = (enum catalog_task_state)row_enum(q, STATES, state_name);
    row_blob(q, task->vault, CATALOG_ID_SIZE);
    row_blob(q, task->source, CATALOG_ID_SIZE);
    row_text(q, task->backup, sizeof(task->backup));
    row_text(q, task->subject, sizeof(task->subject));
    task->entries_done = (uint64_t)row_number(q);
    task->entries_total = (uint64_t)row_number(q);
    task->bytes_done = (uint64_t)row_number(q);
    task->bytes_total = (uint64_t)row_number(q);
    task->problems = (uint64_t)row_number(q);
    task->created_ns = row_number(q);
    task->started_ns = row_number(q);
    task->ended_ns = row_number(q);
    task->error_class = (uint32_t)row_number(q);
    task->error_code = (uint32_t)row_enum(q, ERROR_CODE_COUNT, code_name);
    row_text(q, task->error_text, sizeof(task->error_text));
    row_text(q, task->parent, sizeof(task->parent));
    return query_row_check(q, e);
}

static int explain_find(int found, const char *text, struct error *e)
{
    if (found == 0)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED,
                         "there is no task '%s'; `lagan task list` shows those there are",
                         text);
    if (found > 1)
        return error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                         "'%s' means several tasks: give more of the id", text);
    return found == 1 ? 0 : -1;
}

/* How many of at most two tasks lie in the range; the first into `*task`. */
static int find_range(struct catalog *c, const char *first, const char *last,
                      struct catalog_task *task, struct error *e)
{
    static const char sql[] = "SELECT " TASK_COLUMNS " FROM tasks"
                              " WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, first);
    query_text(&q, last);
    int found = query_step(&q, e);
    if (found > 0 && read_row(&q, task, e) != 0)
        found = -1;
    int more = found > 0 ? query_step(&q, e) : 0;
    query_end(&q);
    return more < 0 ? -1 : found + more;
}

int catalog_task_find(struct catalog *c, const char *text, struct catalog_task *task,
                      struct error *e)
{
    char first[CATALOG_TASK_ID_SIZE], last[CATALOG_TASK_ID_SIZE];
    struct catalog_task row;

    if (!made_id_range("t-", text, first, last))
        return explain_find(0, text, e);
    catalog_lock(c);
    int found = find_range(c, first, last, &row, e);
    catalog_unlock(c);
    if (found != 1)
        return explain_find(found, text, e);
    *task = row;
    return 0;
}

struct visit {
    int (*each)(void *context, const struct catalog_task *task, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_task row;

    if (read_row(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

static void bind_state(struct query *q, int state)
{
    ASSERT(state < (int)STATES);
    query_text(q, state >= 0 ? states[state].name : NULL);
}

int catalog_task_list(struct catalog *c, int64_t since_ns, int state, uint64_t limit,
                      int (*each)(void *context, const struct catalog_task *task,
                                  struct error *e),
                      void *context, struct error *e)
{
    static const char sql[] =
        "SELECT " TASK_COLUMNS " FROM tasks WHERE created_ns >= ?1"
        " AND (?2 IS NULL OR state = ?2) ORDER BY created_ns DESC, id LIMIT ?3";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, since_ns);
        bind_state(&q, state);
        query_number(&q, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

int catalog_task_clear(struct catalog *c, const char *id, int64_t before_ns, int state,
                       uint64_t *count, struct error *e)
{
    static const char sql[] =
        "DELETE FROM tasks WHERE ended_ns <> 0 AND (?1 IS NULL OR id = ?1)"
        " AND (?2 = 0 OR ended_ns < ?2) AND (?3 IS NULL OR state = ?3)";
    uint64_t removed = 0;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, id);
        query_number(&q, before_ns);
        bind_state(&q, state);
        result = query_finish(&q, e);
        removed = query_changes(c);
    }
    if (write_end(c, result, e) != 0)
        return -1;
    if (count != NULL)
        *count = removed;
    return 0;
}

/* Cancelling, and the parts of a task */

int catalog_task_cancel(struct catalog *c, const char *id, struct error *e)
{
    static const char sql[] = "UPDATE tasks SET cancel = 1 WHERE id = ? AND ended_ns = 0";
    struct catalog_task task;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_task_find(c, id, &task, e);
    if (result == 0 && task.ended_ns != 0)
        result =
            error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                      "the task %s is over: %s; `lagan task list --state running` shows those "
                      "that can be cancelled",
                      task.id, state_name((int)task.state));
    if (result == 0)
        result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, task.id);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_task_is_cancelled(struct catalog *c, const char *id, struct error *e)
{
    static const char sql[] =
        "SELECT count(*) FROM tasks t LEFT JOIN tasks p ON t.parent <> '' AND p.id = t.parent"
        " WHERE t.id = ? AND (t.cancel <> 0 OR p.cancel <> 0)";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, id);
        result = query_exists(&q, e);
    }
    catalog_unlock(c);
    return result;
}

static int count_part(struct query *q, void *context, struct error *e)
{
    struct catalog_task_parts *parts = context;
    int state = row_enum(q, STATES, state_name);

    parts->count[state] = (uint64_t)row_number(q);
    return query_row_check(q, e);
}

int catalog_task_parts(struct catalog *c, const char *id, struct catalog_task_parts *parts,
                       struct error *e)
{
    static const char sql[] = "SELECT state, count(*) FROM tasks"
                              " WHERE parent = ? AND parent <> '' GROUP BY state";
    struct catalog_task_parts found = {{0}};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, id);
        result = query_list(&q, count_part, &found, e);
    }
    catalog_unlock(c);
    if (result == 0)
        *parts = found;
    return result;
}
