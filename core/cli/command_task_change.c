/* SPDX-License-Identifier: Apache-2.0 */
/* command_task_change.c - tasks are cancelled and cleared; what was given up is tried again. */
#include "cli/session.h"

#include "catalog/audit.h"
#include "catalog/queue.h"

#include <stdlib.h>
#include <string.h>

/* Runs `change` and its line of the audit log in one transaction. */
static int change_task(struct session *s, enum catalog_event event, const char *subject,
                       int (*change)(struct session *s, uint64_t *count, struct error *e),
                       uint64_t *count, struct error *e)
{
    struct catalog *c = session_catalog(s);
    if (catalog_begin(c, e) != 0)
        return -1;
    if (change(s, count, e) == 0 &&
        catalog_audit_add(c, event, subject, e, "%llu", (unsigned long long)*count) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* The items that were given up, for those of one task. */
struct dead_search {
    const char *task;
    int64_t item;
};

static int match_task(void *context, const struct catalog_item *item, struct error *e)
{
    struct dead_search *search = context;
    (void)e;
    if (strcmp(item->task, search->task) == 0)
        search->item = item->id;
    return 0;
}

static int retry(struct session *s, uint64_t *count, struct error *e)
{
    struct catalog *c = session_catalog(s);
    struct catalog_task task;
    struct dead_search search = {.task = task.id};
    if (!session_operand(s, 0))
        return catalog_item_replay(c, 0, NULL, count, e);
    if (catalog_task_find(c, session_operand(s, 0), &task, e) != 0 ||
        catalog_item_list(c, NULL, CATALOG_ITEM_DEAD, match_task, &search, e) != 0)
        return -1;
    if (search.item == 0)
        return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                         "nothing that task %s worked on was given up; `lagan task dead` shows "
                         "what was",
                         task.id);
    return catalog_item_replay(c, search.item, NULL, count, e);
}

int command_task_retry(struct session *s, struct error *e)
{
    const char *task = session_operand(s, 0);
    uint64_t count = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        change_task(s, CATALOG_EVENT_TASK_RETRY, task ? task : "all", retry, &count, e) != 0)
        return -1;
    if (count == 0)
        output_note(&s->output, "nothing was given up");
    else
        output_note(&s->output, "%llu items wait again; `lagan run` works on them",
                    (unsigned long long)count);
    return 0;
}

static int cancel(struct session *s, uint64_t *count, struct error *e)
{
    struct catalog *c = session_catalog(s);
    struct catalog_task task;
    if (catalog_task_find(c, session_operand(s, 0), &task, e) != 0)
        return -1;
    *count = 1;
    return catalog_task_cancel(c, task.id, e);
}

int command_task_cancel(struct session *s, struct error *e)
{
    uint64_t count = 0;
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        catalog_task_reap(session_catalog(s), NULL, e) != 0 ||
        change_task(s, CATALOG_EVENT_TASK_CANCEL, session_operand(s, 0), cancel, &count, e) !=
            0)
        return -1;
    output_note(&s->output, "the task ends when its process sees this");
    return 0;
}

static int parse_state(struct session *s, int *state, struct error *e)
{
    const char *text = session_value(s, OPTION_STATE);
    *state = text ? catalog_task_state_parse(text) : -1;
    if (!text || (*state >= 0 && *state != CATALOG_TASK_STATE_WAITING &&
                  *state != CATALOG_TASK_STATE_RUNNING))
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                     "--state %s: it can be success, partial, failed, skipped, timeout or "
                     "cancelled",
                     text);
}

static int clear(struct session *s, uint64_t *count, struct error *e)
{
    struct catalog *c = session_catalog(s);
    struct catalog_task task;
    const char *text = session_operand(s, 0);
    int state = -1;
    if (parse_state(s, &state, e) != 0 || (text && catalog_task_find(c, text, &task, e) != 0))
        return -1;
    if (catalog_task_clear(c, text ? task.id : NULL, 0, state, count, e) != 0)
        return -1;
    if (!text || *count > 0)
        return 0;
    const char *is = catalog_task_state_name(task.state);
    if (task.ended_ns == 0)
        return error_set(
            e, LAGAN_PRECONDITION, ERROR_CONFLICT,
            "the task %s is not over but %s; `lagan task cancel %s` asks it to end", task.id,
            is, task.id);
    return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT,
                     "the task %s is in state %s: leave out --state %s", task.id, is,
                     session_value(s, OPTION_STATE));
}

int command_task_clear(struct session *s, struct error *e)
{
    const char *task = session_operand(s, 0);
    uint64_t count = 0;
    if (!task && !session_given(s, OPTION_STATE))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "say which: a task, or --state for all in a state");
    if (session_setup(s, NEED_CATALOG, e) != 0 ||
        change_task(s, CATALOG_EVENT_TASK_CLEAR, task ? task : session_value(s, OPTION_STATE),
                    clear, &count, e) != 0)
        return -1;
    output_note(&s->output, "%llu tasks cleared", (unsigned long long)count);
    return 0;
}

/* What was given up, with all that was tried. */

struct dead {
    struct catalog_item *items;
    size_t count;
};

static int keep(void *context, const struct catalog_item *item, struct error *e)
{
    struct dead *dead = context;
    void *grown = reallocarray(dead->items, dead->count + 1, sizeof(*dead->items));
    if (!grown)
        return error_no_memory(e, "items");
    dead->items = grown;
    dead->items[dead->count++] = *item;
    return 0;
}

static int show_error(void *context, const struct catalog_item_error *error, struct error *e)
{
    struct output *o = context;
    (void)e;
    record_begin(o, "attempt");
    record_number(o, "attempt", error->attempt);
    record_time(o, "at", error->at_ns);
    record_text(o, "class", error_class_name(error->why.error_class));
    record_text(o, "code", error_code_name(error->why.code));
    record_text(o, "message", error->why.text);
    record_end(o);
    return 0;
}

static int show_dead(struct session *s, const struct catalog_item *item, struct error *e)
{
    struct output *o = &s->output;
    struct error gone = ERROR_INIT;
    struct catalog_vault *row = catalog_vault_get(session_catalog(s), item->lane, &gone);
    record_begin(o, "item");
    record_number(o, "item", (uint64_t)item->id);
    record_text(o, "vault", row ? row->name : "");
    record_text(o, "operation", catalog_operation_name(item->operation));
    record_text(o, "subject", item->subject);
    record_text(o, "task", item->task);
    record_time(o, "created", item->created_ns);
    record_number(o, "attempts", item->attempts);
    record_end(o);
    catalog_vault_free(row);
    return catalog_item_errors(session_catalog(s), item->id, show_error, o, e);
}

int command_task_dead(struct session *s, struct error *e)
{
    struct dead dead = {0};
    if (session_setup(s, NEED_CATALOG, e) != 0)
        return -1;
    int result = catalog_item_list(session_catalog(s), NULL, CATALOG_ITEM_DEAD, keep, &dead, e);
    for (size_t i = 0; i < dead.count && result == 0; i++)
        result = show_dead(s, &dead.items[i], e);
    if (result == 0 && dead.count == 0)
        output_note(&s->output, "nothing was given up");
    free(dead.items);
    return result;
}
