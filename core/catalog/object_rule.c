/* SPDX-License-Identifier: Apache-2.0 */
/* object_rule.c - the rules that replicate objects, as rows; their passes and their gaps. */
#include "catalog/object_rule.h"

#include "base/clock.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define RULE_COLUMNS                                                                           \
    "id, name, source, destination, source_place, destination_place, state, reason,"           \
    " since_ns, off_ns, created_ns, changed_ns, revision, next_ns, started_ns, ended_ns,"      \
    " seen_ns, copied, copied_bytes, marked, run, task, pid, boot_id, process_start,"          \
    " error_class, error_code, error_text"

NAMES(state, CATALOG_RULE_STATES)

const char *catalog_rule_state_name(enum catalog_rule_state state)
{
    return state_name((int)state);
}

struct catalog_object_rule *catalog_object_rule_new(struct error *e)
{
    struct catalog_object_rule *rule = calloc(1, sizeof(*rule));

    if (rule == NULL)
        error_no_memory(e, "a rule");
    return rule;
}

void catalog_object_rule_free(struct catalog_object_rule *rule)
{
    if (rule == NULL)
        return;
    catalog_pairs_clear(&rule->settings);
    free(rule);
}

static int no_such(struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_RULE,
                     "the rule is not in the catalog any more");
}

/* ---- reading ---- */

static void read_process(struct query *q, struct catalog_object_rule *rule)
{
    struct process_mark mark;

    mark.pid = row_number(q);
    row_text(q, mark.boot_id, sizeof(mark.boot_id));
    mark.start_ticks = row_number(q);
    rule->running = mark.pid != 0 && process_is_alive(&mark);
}

static void read_columns(struct query *q, struct catalog_object_rule *rule)
{
    row_blob(q, rule->id, CATALOG_ID_SIZE);
    row_text(q, rule->name, sizeof(rule->name));
    row_blob(q, rule->from, CATALOG_ID_SIZE);
    row_blob(q, rule->to, CATALOG_ID_SIZE);
    row_text(q, rule->from_place, sizeof(rule->from_place));
    row_text(q, rule->to_place, sizeof(rule->to_place));
    rule->state = (enum catalog_rule_state)row_enum(q, state_count, state_name);
    row_text(q, rule->reason, sizeof(rule->reason));
    rule->since_ns = row_number(q);
    rule->off_ns = row_number(q);
    rule->created_ns = row_number(q);
    rule->changed_ns = row_number(q);
    rule->revision = (uint64_t)row_number(q);
    rule->next_ns = row_number(q);
    rule->started_ns = row_number(q);
    rule->ended_ns = row_number(q);
    rule->seen_ns = row_number(q);
    rule->copied = (uint64_t)row_number(q);
    rule->copied_bytes = (uint64_t)row_number(q);
    rule->marked = (uint64_t)row_number(q);
    rule->run = row_number(q);
    row_text(q, rule->task, sizeof(rule->task));
    read_process(q, rule);
    row_why(q, &rule->why);
}

static void *read_row(struct query *q, struct error *e)
{
    static const char settings[] =
        "SELECT name, value FROM object_rule_settings WHERE rule = ? ORDER BY position";
    struct catalog_object_rule *rule = catalog_object_rule_new(e);

    if (rule == NULL)
        return NULL;
    read_columns(q, rule);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, settings, rule->id, &rule->settings, e) == 0)
        return rule;
    catalog_object_rule_free(rule);
    return NULL;
}

static void release_row(void *row)
{
    catalog_object_rule_free(row);
}

static const struct finder finder = {
    .by_name = "SELECT " RULE_COLUMNS " FROM object_rules WHERE name = ?",
    .by_range = "SELECT " RULE_COLUMNS
                " FROM object_rules WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2",
    .read = read_row,
    .release = release_row,
    .one = "rule",
    .several = "rules",
    .absent = ERROR_NO_RULE};

struct catalog_object_rule *catalog_object_rule_find(struct catalog *c, const char *text,
                                                     struct error *e)
{
    return finder_find(c, &finder, text, e);
}

struct catalog_object_rule *
catalog_object_rule_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    return finder_get(c, &finder, id, e);
}

struct gathering {
    struct catalog_object_rule **rules;
    size_t count;
};

static int gather_row(struct query *q, void *context, struct error *e)
{
    struct gathering *all = context;
    struct catalog_object_rule **grown =
        realloc(all->rules, (all->count + 1) * sizeof(all->rules[0]));

    if (grown == NULL)
        return error_no_memory(e, "rules");
    all->rules = grown;
    grown[all->count] = read_row(q, e);
    if (grown[all->count] == NULL)
        return -1;
    all->count++;
    return 0;
}

void catalog_object_rule_all_free(struct catalog_object_rule **rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        catalog_object_rule_free(rules[i]);
    free(rules);
}

int catalog_object_rule_all(struct catalog *c, const uint8_t *from,
                            struct catalog_object_rule ***rules, size_t *count, struct error *e)
{
    static const char sql[] = "SELECT " RULE_COLUMNS " FROM object_rules"
                              " WHERE ?1 IS NULL OR source = ?1 ORDER BY name";
    struct gathering all = {0};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_id_or_null(&q, from);
        result = query_list(&q, gather_row, &all, e);
    }
    catalog_unlock(c);
    if (result != 0) {
        catalog_object_rule_all_free(all.rules, all.count);
        return -1;
    }
    *rules = all.rules;
    *count = all.count;
    return 0;
}

/* ---- writing ---- */

static int write_settings(struct catalog *c, const struct catalog_object_rule *rule,
                          struct error *e)
{
    static const char insert[] = "INSERT INTO object_rule_settings VALUES (?, ?, ?, ?)";

    if (query_run_for(c, "DELETE FROM object_rule_settings WHERE rule = ?", rule->id, e) != 0)
        return -1;
    return pairs_insert(c, insert, rule->id, &rule->settings, e);
}

static int explain_conflict(struct catalog *c, const struct catalog_object_rule *rule,
                            struct error *e)
{
    int status = query_status(c);

    if (query_is_taken(status))
        return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN, "there is a rule '%s' already",
                         rule->name);
    if (status == SQLITE_CONSTRAINT_FOREIGNKEY)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_SOURCE,
                         "a source of the rule '%s' is not registered", rule->name);
    return -1;
}

static int insert_row(struct catalog *c, const struct catalog_object_rule *rule,
                      struct error *e)
{
    static const char sql[] =
        "INSERT INTO object_rules (" RULE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, '', 0, '', 0, 0, 'failed', '')";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, rule->id, CATALOG_ID_SIZE);
    query_text(&q, rule->name);
    query_blob(&q, rule->from, CATALOG_ID_SIZE);
    query_blob(&q, rule->to, CATALOG_ID_SIZE);
    query_text(&q, rule->from_place);
    query_text(&q, rule->to_place);
    query_text(&q, catalog_rule_state_name(rule->state));
    query_text(&q, rule->reason);
    query_number(&q, rule->since_ns);
    query_number(&q, rule->off_ns);
    query_number(&q, rule->created_ns);
    query_number(&q, rule->changed_ns);
    query_number(&q, (int64_t)rule->revision);
    query_number(&q, rule->next_ns);
    return query_finish(&q, e) == 0 ? 0 : explain_conflict(c, rule, e);
}

int catalog_object_rule_insert(struct catalog *c, struct catalog_object_rule *rule,
                               struct error *e)
{
    if (name_check(NAME_RULE, rule->name, e) != 0)
        return -1;
    if (getrandom(rule->id, CATALOG_ID_SIZE, 0) != CATALOG_ID_SIZE)
        return error_errno(e, errno, "random bytes");
    rule->created_ns = rule->changed_ns = clock_wall_ns();
    if (rule->since_ns == 0)
        rule->since_ns = rule->created_ns;
    rule->revision = 1;
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = insert_row(c, rule, e);
    if (result == 0)
        result = write_settings(c, rule, e);
    return write_end(c, result, e);
}

static int update_row(struct catalog *c, const struct catalog_object_rule *rule, int64_t now_ns,
                      struct error *e)
{
    static const char sql[] =
        "UPDATE object_rules SET name = ?, source_place = ?, destination_place = ?, state = ?,"
        " reason = ?, since_ns = ?, off_ns = ?, next_ns = ?, changed_ns = ?,"
        " revision = revision + 1 WHERE id = ? AND revision = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, rule->name);
    query_text(&q, rule->from_place);
    query_text(&q, rule->to_place);
    query_text(&q, catalog_rule_state_name(rule->state));
    query_text(&q, rule->reason);
    query_number(&q, rule->since_ns);
    query_number(&q, rule->off_ns);
    query_number(&q, rule->next_ns);
    query_number(&q, now_ns);
    query_blob(&q, rule->id, CATALOG_ID_SIZE);
    query_number(&q, (int64_t)rule->revision);
    if (query_finish(&q, e) != 0)
        return explain_conflict(c, rule, e);
    if (query_changes(c) == 1)
        return 0;
    return error_set(e, LAGAN_CHANGED, ERROR_CONFLICT,
                     "somebody else has changed or deleted the rule %s meanwhile: look at it "
                     "again",
                     rule->name);
}

int catalog_object_rule_update(struct catalog *c, struct catalog_object_rule *rule,
                               struct error *e)
{
    int64_t now_ns = clock_wall_ns();

    if (name_check(NAME_RULE, rule->name, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    int result = update_row(c, rule, now_ns, e);
    if (result == 0)
        result = write_settings(c, rule, e);
    if (write_end(c, result, e) != 0)
        return -1;
    rule->changed_ns = now_ns;
    rule->revision++;
    return 0;
}

int catalog_object_rule_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                               struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_run_for(c, "DELETE FROM object_rules WHERE id = ?", id, e);
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    return write_end(c, result, e);
}

/* ---- passes ---- */

struct due {
    const uint8_t *after;
    int64_t now_ns;
    uint8_t id[CATALOG_ID_SIZE];
    bool found;
};

static int look_whether_due(struct query *q, void *context, struct error *e)
{
    struct due *due = context;
    uint8_t id[CATALOG_ID_SIZE];
    struct process_mark mark;

    row_blob(q, id, sizeof(id));
    mark.pid = row_number(q);
    row_text(q, mark.boot_id, sizeof(mark.boot_id));
    mark.start_ticks = row_number(q);
    if (query_row_check(q, e) != 0)
        return -1;
    if (due->found || (mark.pid != 0 && process_is_alive(&mark)))
        return 0;
    memcpy(due->id, id, sizeof(id));
    due->found = true;
    return 0;
}

int catalog_object_rule_due(struct catalog *c, int64_t now_ns, const uint8_t *after,
                            uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] =
        "SELECT id, pid, boot_id, process_start FROM object_rules WHERE state = 'enabled'"
        " AND (next_ns <= ?1 OR started_ns > ?1) AND (?2 IS NULL OR id > ?2) ORDER BY id";
    struct due due = {.found = false};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, now_ns);
        query_id_or_null(&q, after);
        result = query_list(&q, look_whether_due, &due, e);
    }
    catalog_unlock(c);
    if (result == 0 && due.found)
        memcpy(id, due.id, sizeof(due.id));
    return result == 0 ? due.found : -1;
}

/* A row of that rule as it is now. */
static int read_again(struct catalog *c, struct catalog_object_rule *rule, struct error *e)
{
    struct catalog_object_rule *now = catalog_object_rule_get(c, rule->id, e);

    if (now == NULL)
        return -1;
    catalog_pairs_clear(&rule->settings);
    *rule = *now;
    free(now);
    return 0;
}

static int take(struct catalog *c, const struct catalog_object_rule *rule, const char *task,
                struct error *e)
{
    static const char sql[] =
        "UPDATE object_rules SET run = run + 1, task = ?, started_ns = ?, ended_ns = 0,"
        " pid = ?, boot_id = ?, process_start = ? WHERE id = ?";
    struct process_mark self;
    struct query q;

    process_mark_self(&self);
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, task);
    query_number(&q, clock_wall_ns());
    query_number(&q, self.pid);
    query_text(&q, self.boot_id);
    query_number(&q, self.start_ticks);
    query_blob(&q, rule->id, CATALOG_ID_SIZE);
    return query_finish(&q, e);
}

int catalog_object_rule_begin(struct catalog *c, struct catalog_object_rule *rule,
                              const char *task, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = read_again(c, rule, e);
    if (result == 0 && rule->running)
        result = error_set(e, LAGAN_BUSY, ERROR_RULE_RUNNING,
                           "the rule %s is being worked on already%s%s", rule->name,
                           rule->task[0] != '\0' ? ", as task " : "", rule->task);
    if (result == 0)
        result = take(c, rule, task, e);
    if (result == 0)
        result = read_again(c, rule, e);
    return write_end(c, result, e);
}

int catalog_object_rule_goes_on(struct catalog *c, const struct catalog_object_rule *rule,
                                struct error *e)
{
    static const char sql[] =
        "SELECT count(*) FROM object_rules WHERE id = ? AND run = ? AND revision = ?";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, rule->id, CATALOG_ID_SIZE);
        query_number(&q, rule->run);
        query_number(&q, (int64_t)rule->revision);
        result = query_exists(&q, e);
    }
    catalog_unlock(c);
    return result;
}

/* One statement that binds a number, the rule's id and its run. */
static int write_for_run(struct catalog *c, const char *sql, int64_t number,
                         const struct catalog_object_rule *rule, struct error *e)
{
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, number);
        query_blob(&q, rule->id, CATALOG_ID_SIZE);
        query_number(&q, rule->run);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_object_rule_seen(struct catalog *c, const struct catalog_object_rule *rule,
                             int64_t seen_ns, struct error *e)
{
    static const char sql[] = "UPDATE object_rules SET seen_ns = ? WHERE id = ? AND run = ?";

    return write_for_run(c, sql, seen_ns, rule, e);
}

int catalog_object_rule_end(struct catalog *c, const struct catalog_object_rule *rule,
                            int64_t next_ns, const struct error *why, struct error *e)
{
    static const char sql[] =
        "UPDATE object_rules SET ended_ns = ?, next_ns = ?, pid = 0, error_class = ?,"
        " error_code = ?, error_text = ? WHERE id = ? AND run = ?";
    struct error none = ERROR_INIT;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, clock_wall_ns());
        query_number(&q, next_ns);
        query_why(&q, why != NULL ? why : &none);
        query_blob(&q, rule->id, CATALOG_ID_SIZE);
        query_number(&q, rule->run);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

int catalog_object_rule_invalidate(struct catalog *c, const struct catalog_object_rule *rule,
                                   const char *reason, struct error *e)
{
    static const char sql[] =
        "UPDATE object_rules SET state = 'invalid', reason = ?, off_ns = ?,"
        " revision = revision + 1 WHERE id = ? AND state = 'enabled'";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, reason);
        query_number(&q, clock_wall_ns());
        query_blob(&q, rule->id, CATALOG_ID_SIZE);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

/* ---- gaps ---- */

int catalog_object_gap_add(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                           const struct catalog_object_gap *gap, struct error *e)
{
    static const char sql[] = "INSERT OR REPLACE INTO object_gaps VALUES (?, ?, ?)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        query_number(&q, gap->from_ns);
        query_number(&q, gap->to_ns);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

struct gap_list {
    struct catalog_object_gap *gaps;
    size_t count;
};

static int gather_gap(struct query *q, void *context, struct error *e)
{
    struct gap_list *all = context;
    struct catalog_object_gap *grown =
        realloc(all->gaps, (all->count + 1) * sizeof(all->gaps[0]));

    if (grown == NULL)
        return error_no_memory(e, "the gaps of a rule");
    all->gaps = grown;
    grown[all->count].from_ns = row_number(q);
    grown[all->count].to_ns = row_number(q);
    all->count++;
    return query_row_check(q, e);
}

int catalog_object_gap_all(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                           struct catalog_object_gap **gaps, size_t *count, struct error *e)
{
    static const char sql[] =
        "SELECT from_ns, to_ns FROM object_gaps WHERE rule = ? ORDER BY from_ns";
    struct gap_list all = {0};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        result = query_list(&q, gather_gap, &all, e);
    }
    catalog_unlock(c);
    if (result != 0) {
        free(all.gaps);
        return -1;
    }
    *gaps = all.gaps;
    *count = all.count;
    return 0;
}

int catalog_object_gap_clear(struct catalog *c, const uint8_t rule[CATALOG_ID_SIZE],
                             int64_t from_ns, struct error *e)
{
    static const char sql[] = "DELETE FROM object_gaps WHERE rule = ? AND from_ns >= ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, rule, CATALOG_ID_SIZE);
        query_number(&q, from_ns);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}
